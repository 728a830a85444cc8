"""A report as JSON: one object, a list of rows with one row a line, exact integers."""

from __future__ import annotations

from json import dumps
from typing import Any

from mbcost import escape

__all__ = ["json_text"]


def json_text(document: dict[str, Any]) -> str:
    """The text of a document.

    >>> print(json_text({"schema": "mbcost/example/1", "layers": [{"params": 864}, {"params": 288}]}), end="")
    {
      "schema": "mbcost/example/1",
      "layers": [
        {"params": 864},
        {"params": 288}
      ]
    }
    """
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            body = ",\n    ".join(map(dumps, value))
            parts.append(f"  {dumps(key)}: [\n    {body}\n  ]")
        else:
            parts.append(f"  {dumps(key)}: {dumps(value)}")
    return escape.json("{\n" + ",\n".join(parts) + "\n}\n")
