"""A layer table as the text of a file."""

from __future__ import annotations

from typing import Any

from torch_layers import Table

STAR = '"*"'
WORDS = {"None": "~", "True": "true", "False": "false"}


def text(value: Any) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{STAR if key == '*' else key}: {text(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    return WORDS.get(str(value), str(value))


def yaml_of(table: Table, columns: bool = True) -> str:
    """The table as a file: one row a line, and as many rows as possible in columns."""
    plain = [row for row in table["layers"] if not {"branches", "layers"} & set(row)]
    heads = sorted({key for row in plain for key in row}, key=lambda key: (key != "op", key)) if columns else []
    lines = [f"format: {table['format']}", f"name: {table['name']}", f"input: {text(table['input'])}"]
    lines += [f"{key}: {text(table[key])}" for key in ("rounding", "defaults", "blocks") if table[key]]
    if heads:
        lines.append(f"columns: {text(heads)}")
    lines.append("layers:")
    for row in table["layers"]:
        flat = columns and row in plain and "op" in row
        lines.append(f"  - {text([row.get(key) for key in heads] if flat else row)}")
    return "\n".join(lines) + "\n"
