"""A layer table written out: every row as a mapping, every field with its value, every default said."""

from __future__ import annotations

from typing import Any

from mbcost.dims import exact_text
from mbcost.errors import MbcostError
from mbcost.escape import yaml
from mbcost.layers import KINDS
from mbcost.layers.fields import REQUIRED
from mbcost.network.edits import row_values
from mbcost.network.specs import Cell, Expect, GroupSpec, Item, RowSpec, Scaling, TableSpec
from mbcost.tables.rows import NAME

__all__ = ["expanded"]


def expanded(table: TableSpec) -> str:
    """The table with all defaults written out, as YAML that reads back to the same network.

    Blocks and repeats stay, since names come from them; the parts of a composite are named in a comment.

    >>> import mbcost
    >>> text = expanded(mbcost.load("mobilenet_v2").table)
    >>> mbcost.loads(text).cost(alpha="0.35").mult_adds
    59285808
    """
    lines = ["format: 1"]
    if NAME.fullmatch(table.name):  # else it is the file's, and no name for a network
        lines.append(f"name: {table.name}")
    if table.title:
        lines.append(f"title: {_flow(table.title)}")
    if table.source is not None:
        lines.append(f"source: {_flow(table.source)}")
    if table.implementation:
        lines.append(f"implementation: {_flow(table.implementation)}")
    if table.imported is not None:
        lines.append(f"imported: {_flow(table.imported)}")
    height, width = table.resolution
    size = height if height == width else f"{height}x{width}"
    lines.append(f"input: {{channels: {table.channels}, resolution: {size}}}")
    if table.rounding is not None:
        lines.append(f"rounding: {table.rounding}")
    if table.base is not None:
        base = {"model": table.base.name, "without": list(table.base.without), "set": table.base.set}
        lines.append(f"base: {_flow({key: value for key, value in base.items() if value})}")
    if table.blocks:
        lines.append("blocks:")
        for block in table.blocks.values():
            params = {name: "~" if cell is None else _raw(cell) for name, cell in block.params.items()}
            inputs = f", inputs: [{', '.join(block.inputs)}]" if block.inputs else ""
            body = ", ".join(f"{name}: {value}" for name, value in params.items())
            lines.append(f"  {block.name}: {{params: {{{body}}}{inputs}, layers: [")
            lines += _items(block.items, table, "    ", flow=True)
            lines.append("  ]}")
    lines.append("layers:" if table.items else "layers: []")
    lines += _items(table.items, table, "  ", flow=False)
    if table.scalings:
        lines.append("scalings:")
        lines += [f"  {_scaling(scaling)}" for scaling in table.scalings.values()]
    if table.expect:
        lines.append("expect:")
        lines += [f"  - {_flow(_expectation(expect))}" for expect in table.expect]
    if table.ignored:
        lines.append("ignore:")
        kept = (
            {"code": one.code, **({"row": one.row} if one.row != "*" else {}), "why": one.why} for one in table.ignored
        )
        lines += [f"  - {_flow(one)}" for one in kept]
    if table.errata:
        lines.append("errata:")
        lines += [f"  - {_flow(erratum)}" for erratum in table.errata]
    return "\n".join(lines) + "\n"


def _scaling(scaling: Scaling) -> str:
    given = {"alpha": exact_text(scaling.alpha), "depth": exact_text(scaling.depth)}
    if scaling.resolution is not None:
        height, width = scaling.resolution
        given["resolution"] = str(height) if height == width else f"{height}x{width}"
    if scaling.title:
        given["title"] = _flow(scaling.title)
    return f"{scaling.name}: {{{', '.join(f'{key}: {value}' for key, value in given.items())}}}"


def _expectation(expect: Expect) -> dict[str, Any]:
    """An expectation as it is written, without what is the default."""
    found: dict[str, Any] = {
        key: exact_text(getattr(expect, key)) for key in ("alpha", "depth") if getattr(expect, key) != 1
    }
    if expect.resolution is not None:
        height, width = expect.resolution
        found["resolution"] = str(height) if height == width else f"{height}x{width}"
    found |= {"convention": expect.convention} if expect.convention else {}
    found |= {name: cell.raw for name, cell in expect.amounts.items()}
    return found | ({"source": expect.source} if expect.source else {})


def _items(items: tuple[Item, ...], table: TableSpec, indent: str, *, flow: bool) -> list[str]:
    dash, comma = ("", ",") if flow else ("- ", "")
    lines: list[str] = []
    for item in items:
        if isinstance(item, GroupSpec):
            depth = f"depth: {item.depth}, " if item.depth not in {None, "scale"} else ""
            lines.append(f"{indent}{dash}{{repeat: {item.repeat}, {depth}layers: [")
            lines += _items(item.items, table, indent + "    ", flow=True)
            lines.append(f"{indent}  ]}}{comma}")
            continue
        fields = ", ".join(_fields(item, table))
        parts = _parts(item, table)
        if item.branches is None:
            lines.append(f"{indent}{dash}{{{fields}}}{comma}" + (f"  # {parts}" if parts else ""))
            continue
        lines.append(f"{indent}{dash}{{{fields}, branches: [")
        for branch in item.branches:
            lines.append(f"{indent}    [")
            lines += _items(branch, table, indent + "      ", flow=True)
            lines.append(f"{indent}    ],")
        lines.append(f"{indent}  ]}}{comma}")
    return lines


def _fields(row: RowSpec, table: TableSpec) -> list[str]:
    found = [f"op: {row.op}"]
    if row.name is not None:
        found.append(f"name: {row.name}")
    if row.sources is not None:
        found.append(f"from: {row.sources[0] if len(row.sources) == 1 else '[' + ', '.join(row.sources) + ']'}")
    if row.weights_of is not None:
        found.append(f"weights_of: {row.weights_of}")
    if row.repeat != 1 or row.depth == "scale":
        found.append(f"repeat: {row.repeat}")
    if row.depth not in {None, "scale"}:
        found.append(f"depth: {row.depth}")
    checked = [f"{name}: {_raw(cell)}" for name, cell in row.declared.items()]
    checked += ["cost: unknown"] if row.unknown else []
    if row.op in table.blocks:
        return found + [f"{name}: {_raw(cell)}" for name, cell in row.cells.items()] + checked
    values = _values(row, table)
    for name, field in KINDS[row.op].fields.items():
        cell = row.cells.get(name)
        if cell is not None and not cell.typed:
            found.append(f"{name}: {_raw(cell)}")
        elif values.get(name) is not None or name == "se":
            found.append(f"{name}: {field.type.text(values[name])}")
    if (
        "bias" in values
        and values["bias"] is None
        and "norm" in values
        and (row.cells.get("norm") is None or row.cells["norm"].typed)
    ):
        found.append(f"bias: {'true' if values['norm'] == 'none' else 'false'}")
    return found + checked


def _values(row: RowSpec, table: TableSpec) -> dict[str, Any]:
    """The values of a row as far as they are known before its block is called."""
    known = RowSpec(row.op, row.line, row.column)
    known.cells = {name: cell for name, cell in row.cells.items() if cell.typed}
    given = {*known.cells, *table.defaults.get("*", {}), *table.defaults.get(row.op, {})}
    for name, field in KINDS[row.op].fields.items():
        if field.default is REQUIRED and name not in given:  # a parameter of the block
            known.cells[name] = Cell(None, row.line, row.column, None, True)
    return row_values(known, table, {}, {})


def _parts(row: RowSpec, table: TableSpec) -> str:
    """The parts of a composite, where its fields are all known."""
    if row.op in table.blocks or any(not cell.typed for cell in row.cells.values()):
        return ""
    try:
        parts = KINDS[row.op].build(row_values(row, table, {}, {}))
    except MbcostError:
        return ""
    return ", ".join(name for name, _, _ in parts if name)


def _raw(cell: Cell) -> str:
    return _flow(cell.raw)


def _flow(value: Any) -> str:
    """A plain value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(child) for child in value) + "]"
    return yaml(str(value))
