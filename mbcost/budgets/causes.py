"""Where a change was made: the lines of a layer table that were edited since the base, and the one behind what grew."""

from __future__ import annotations

import re
from typing import Any

from mbcost.analysis.diff import common
from mbcost.budgets.specs import Part
from mbcost.errors import Place
from mbcost.network import Cost
from mbcost.network.specs import TableSpec

__all__ = ["cause"]

_COMMENT = re.compile(r"(^|\s)#.*$")


def cause(cost: Cost, before: Any, grew: tuple[Part, ...]) -> Place | None:
    """The edited line behind most of the growth; without a table of before, the line of the layer that grew most.

    A layer that grew is put down to the last edited row above it in the network, itself included: the rows below follow
    from the channels and the maps that it makes.
    """
    old = getattr(before, "cost", None)
    if old is None or not grew:
        return grew[0].place if grew else None
    edits = _edits(old.network.table, cost.network.table)
    if not edits:
        return grew[0].place
    starts: dict[str, dict[int, Place]] = {}
    for table, spec in cost.placed.marks:
        starts.setdefault(table.file, {})[spec.line] = table.place(spec.line, spec.column)
    rows: dict[tuple[str, int], Place] = {}  # the first edited line of each row
    for place in edits:
        known = starts.get(place.file, {})
        above = [line for line in known if line <= place.line]
        if above:
            rows.setdefault((place.file, max(above)), known.get(place.line, place))
    shares: dict[Place, int] = {}
    names = {layer.name for layer in cost.placed.layers}
    growth: dict[str, int] = {}
    for part in grew:  # a tensor that a part of a layer makes is put down to that layer
        name = part.name if part.name in names else part.name.rpartition("/")[0]
        growth[name] = growth.get(name, 0) + part.growth
    behind = edits[0]
    for layer, (table, spec) in zip(cost.placed.layers, cost.placed.marks, strict=True):
        behind = rows.get((table.file, spec.line), behind)
        if layer.name in growth:
            shares[behind] = shares.get(behind, 0) + growth[layer.name]
    return max(shares, key=lambda place: shares[place]) if shares else grew[0].place


def _edits(old: TableSpec, new: TableSpec) -> list[Place]:
    """The lines that are not in the old table, of the tables it is based on too; where lines are gone, the one after them."""
    found = []
    before: TableSpec | None = old
    after: TableSpec | None = new
    while before is not None and after is not None:
        left, right = _lines(before.text), _lines(after.text)
        a = b = 0
        for i, j in [*common([text for _, text in left], [text for _, text in right]), (len(left), len(right))]:
            told = right[b:j] or (right[j : j + 1] or right[-1:] if left[a:i] else [])
            found += [after.place(number, 1 + len(text) - len(text.lstrip())) for number, text in told]
            a, b = i + 1, j + 1
        before = before.base.table if before.base else None
        after = after.base.table if after.base else None
    return found


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines that say something, with their numbers and without comments."""
    lines = [(number, _COMMENT.sub("", line).rstrip()) for number, line in enumerate(text.splitlines(), 1)]
    return [(number, line) for number, line in lines if line]
