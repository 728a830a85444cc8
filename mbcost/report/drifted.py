"""What is said of a table that is not, or still is, what its code builds."""

from __future__ import annotations

from mbcost.analysis.diff import Change
from mbcost.dims import exact_text
from mbcost.network import Cost
from mbcost.report.changed import what
from mbcost.report.numbers import count

__all__ = ["told"]

MOST_LAYERS = 12
MOST_POINTS = 3


def told(model: str, code: str, found: list[tuple[Cost, list[Change], Cost]]) -> tuple[list[str], bool]:
    """The lines for a table at some points, and whether it is the same at all of them."""
    other = [one for one in found if one[1]]
    if not other:
        return [f"same: {model} is what {code} builds, at {count(len(found))} point{'s' * (len(found) > 1)}"], True
    lines = []
    for cost, changes, built in other[:MOST_POINTS]:
        variant = cost.variant
        size = "x".join(map(str, variant.size))
        where = f"alpha {exact_text(variant.alpha)}, resolution {size}"
        layers = f"{count(len(changes))} layer{'s' * (len(changes) > 1)}"
        lines.append(f"differs: {model} is not what {code} builds, at {where}: {layers}; table -> code:")
        lines.append(
            f"  mult-adds {count(cost.mult_adds)} -> {count(built.mult_adds)}, params {count(cost.params)} -> {count(built.params)}"
        )
        lines += [f"  {change.mark} {change.name}: {what(change)}" for change in changes[:MOST_LAYERS]]
        if len(changes) > MOST_LAYERS:
            lines.append(f"  ... and {count(len(changes) - MOST_LAYERS)} more layers")
    if len(other) > MOST_POINTS:
        lines.append(f"and at {count(len(other) - MOST_POINTS)} of {count(len(found))} points more")
    return lines, False
