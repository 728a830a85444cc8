"""Documents: YAML text to nodes with places, and where the documents are that are shipped with the package."""

from __future__ import annotations

import os

__all__ = ["configs_folder"]


def configs_folder() -> str:
    """The folder of the shipped documents: inside an installed package, or beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "configs")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "configs")
