"""The layer kinds: one small class each, with its shape rule and its cost formula.

Importing this package registers every kind of the layer table in :data:`KINDS`.
"""

from __future__ import annotations

from mbcost.layers import attention, composite, conv, custom, elementwise, pool  # noqa: F401  (each registers its kinds)
from mbcost.layers.base import KINDS, Layer, Row, Shape

__all__ = ["KINDS", "Layer", "Row", "Shape"]
