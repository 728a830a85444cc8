"""Where the mult-adds sit: rows gathered by block or by kind, with their shares."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from mbcost.dims import Dim
from mbcost.layers import Row

__all__ = ["Group", "block_of", "gather", "share"]


class Group(NamedTuple):
    """Rows that belong together: how many have weights, and their sums."""

    name: str
    layers: int
    mult_adds: Dim
    params: Dim
    rows: tuple[Row, ...]


def share(part: Dim, whole: Dim) -> Fraction | None:
    """part / whole, exact; None of nothing.

    >>> share(3, 12)
    Fraction(1, 4)
    """
    return Fraction(part, whole) if whole else None


def block_of(row: Row) -> str:
    """The row of the table that a layer belongs to: what stands before the first ``/`` of its name."""
    return row.name.partition("/")[0]


def gather(rows: tuple[Row, ...], by: str) -> list[Group]:
    """Rows grouped by ``block`` or ``kind``, in the order they first appear.

    ``kind`` is Table 2 of the MobileNets paper.

    >>> import mbcost
    >>> for group in gather(mbcost.load("mobilenet_v1").cost().rows, "kind")[:3]:
    ...     print(group.name, group.layers, group.mult_adds)
    conv 1 10838016
    depthwise 13 17385984
    pointwise 13 539492352
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.kind if by == "kind" else block_of(row), []).append(row)
    return [
        Group(
            name,
            sum(1 for r in members if r.weights),
            sum(r.mult_adds for r in members),
            sum(r.params for r in members),
            tuple(members),
        )
        for name, members in found.items()
    ]
