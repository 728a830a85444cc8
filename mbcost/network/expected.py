"""What a layer table says it should cost, held against what it does: its `expect`."""

from __future__ import annotations

from typing import NamedTuple

from mbcost.errors import MbcostError, Place
from mbcost.network import Cost, Network
from mbcost.network.specs import Cell, Expect, TableSpec
from mbcost.network.variant import Variant, variant_of

__all__ = ["Held", "asked", "held"]


class Held(NamedTuple):
    """One amount of an expectation: the quantity, what the table states, and the cost of the network at that point."""

    expect: Expect
    quantity: str
    stated: Cell
    cost: Cost
    place: Place

    @property
    def value(self) -> int:
        """What the network costs."""
        return self.cost.total(self.quantity)

    @property
    def misses(self) -> bool:
        """Whether the network costs another amount, or one that is known to be a lower bound alone."""
        return not self.cost.exact or self.value != self.stated.value


def asked(expect: Expect) -> Variant:
    """The question of an expectation: its point, and the convention it counts under."""
    return variant_of(
        expect.alpha, resolution=expect.resolution, depth=expect.depth, convention=expect.convention or "torch"
    )


def held(table: TableSpec) -> list[Held]:
    """Every amount that a table states, held against the table as written: whatever is asked of it otherwise.

    Raises
    ------
    MbcostError
        If the network has no such point, at the place of the expectation.

    Examples
    --------
    >>> import mbcost
    >>> [(one.quantity, one.value, one.misses) for one in held(mbcost.load("mobilenet_v2").table)][:2]
    [('mult_adds', 300774272, False), ('params', 3504872, False)]
    """
    network = Network(table)
    found = []
    for expect in table.expect:
        place = table.place(expect.line, expect.column)
        try:
            cost = network.count(asked(expect))
        except MbcostError as error:
            raise MbcostError(f"`expect` cannot be held: {error.fact}", help=error.help, place=place) from None
        for quantity, cell in expect.amounts.items():
            found.append(Held(expect, quantity, cell, cost, table.place(cell.line, cell.column)))
    return found
