"""What is said of a table that is not, or still is, what its code builds."""

from __future__ import annotations

from mbcost.analysis.diff import Change
from mbcost.dims import exact_text
from mbcost.network import Cost
from mbcost.report.changed import what
from mbcost.report.numbers import count

__all__ = ["told"]

MOST_LAYERS = 12
MOST_GROUPS = 3
MOST_POINTS = 3


def told(model: str, code: str, found: list[tuple[Cost, list[Change], Cost]]) -> tuple[list[str], bool]:
    """The lines for a table at some points, and whether it is the same at all of them."""
    other = [one for one in found if one[1]]
    if not other:
        return [f"same: {model} is what {code} builds, at {count(len(found))} point{'s' * (len(found) > 1)}"], True
    groups: dict[tuple[str, ...], list[tuple[Cost, Cost]]] = {}  # what differs alike is told once
    for cost, changes, built in other:
        said = [f"  {change.mark} {change.name}: {what(change)}" for change in changes]
        groups.setdefault(tuple(said), []).append((cost, built))
    lines = []
    for layers, points in list(groups.items())[:MOST_GROUPS]:
        (cost, built), *more = points
        number = f"{count(len(layers))} layer{'s' * (len(layers) > 1)}"
        lines.append(f"differs: {model} is not what {code} builds, at {_where(cost)}: {number}; table -> code:")
        lines.append(
            f"  mult-adds {count(cost.mult_adds)} -> {count(built.mult_adds)}, params {count(cost.params)} -> {count(built.params)}"
        )
        lines += layers[:MOST_LAYERS]
        if len(layers) > MOST_LAYERS:
            lines.append(f"  ... and {count(len(layers) - MOST_LAYERS)} more layers")
        shown = [f"at {_where(cost)}" for cost, _ in more[:MOST_POINTS]]
        if len(more) > MOST_POINTS:
            shown.append(f"at {count(len(more) - MOST_POINTS)} points more")
        if shown:
            lines.append(f"  the same layers {'; '.join(shown)}")
    left = sum(map(len, list(groups.values())[MOST_GROUPS:]))
    if left:
        lines.append(f"and at {count(left)} of {count(len(found))} points more")
    return lines, False


def _where(cost: Cost) -> str:
    variant = cost.variant
    return f"alpha {exact_text(variant.alpha)}, resolution {'x'.join(map(str, variant.size))}"
