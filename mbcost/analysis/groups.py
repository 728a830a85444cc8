"""Where the cost sits: rows of a network gathered by block or by kind, with their shares."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from mbcost.dims import Dim
from mbcost.layers import Row
from mbcost.quantities import BITS, AnyBits, Quantity

__all__ = ["Group", "block_of", "gather", "share"]


class Group(NamedTuple):
    """Rows that belong together."""

    name: str
    rows: tuple[Row, ...]

    @property
    def layers(self) -> int:
        """How many of them have weights."""
        return sum(1 for row in self.rows if row.weights)

    @property
    def exact(self) -> bool:
        """Whether the cost of each is known."""
        return all(row.exact for row in self.rows)

    def amount(self, quantity: Quantity, bits: AnyBits = BITS) -> Dim | None:
        """What they contribute to a quantity; None where only a whole network has it."""
        if len(self.rows) == 1 and quantity.quotient is None:  # one layer has what it counts, however layers are added
            return quantity.of(self.rows[0], bits)
        return quantity.total(self.rows, bits)


def share(part: Dim, whole: Dim) -> Fraction | None:
    """part / whole, exact; None of nothing.

    >>> share(3, 12)
    Fraction(1, 4)
    """
    return Fraction(part, whole) if whole else None


def block_of(row: Row) -> str:
    """The row of the table that a layer belongs to: what stands before the first ``/`` of its name."""
    return row.name.partition("/")[0]


def gather(rows: Iterable[Row], by: str) -> list[Group]:
    """Rows grouped by ``block`` or ``kind``, or each on its own by ``layer``, in the order they first appear.

    ``kind`` is Table 2 of the MobileNets paper.

    >>> import mbcost
    >>> from mbcost.quantities import QUANTITIES
    >>> for group in gather(mbcost.load("mobilenet_v1").cost().rows, "kind")[:3]:
    ...     print(group.name, group.layers, group.amount(QUANTITIES["mult_adds"]))
    conv 1 10838016
    depthwise 13 17385984
    pointwise 13 539492352
    """
    if by == "layer":
        return [Group(row.name, (row,)) for row in rows]
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.kind if by == "kind" else block_of(row), []).append(row)
    return [Group(name, tuple(members)) for name, members in found.items()]
