"""A family of networks along alpha and the resolution, its costs at any point, and limits on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cached_property
from operator import mul
from typing import Any, NamedTuple

from mbcost.dims import MAX_ALPHA, NO_ROUNDING, Arithmetic, Dim, exact_text, scaled_resolution, whole
from mbcost.errors import MbcostError
from mbcost.network import PLAIN, Network, Variant
from mbcost.quantities import BASIC, BITS, AnyBits, Quantity, limitable, measured
from mbcost.separated.forms import Separated, Size, separate
from mbcost.separated.polynomial import ALPHA, SIZE, Values
from mbcost.solve.steps import BaseWidth

__all__ = ["Constraint", "Family", "bounds_below", "limited", "worst"]

MAX_WORK = 4_000_000
"""The most work of one question, in widths, sizes and sums that are evaluated: it takes some seconds."""
FIXED = 40  # of a point, in the same unit

KEPT = 4096  # alphas, and resolutions, whose widths and sizes are remembered
DIGITS = 12  # decimals of an idealised root


class Constraint(NamedTuple):
    """At most, or at least, so much of a quantity."""

    quantity: str
    amount: int
    least: bool = False

    def broken(self, values: dict[str, Dim]) -> bool:
        """Whether these costs are beyond the limit."""
        value = values[self.quantity]
        return bool(value < self.amount) if self.least else bool(value > self.amount)


def limited(given: Iterable[tuple[str, Quantity, object, str]], bits: AnyBits = BITS) -> list[Constraint]:
    """Limits from their words: ``max`` or ``min``, the quantity, the amount, and what it was given as, for messages.

    Raises
    ------
    MbcostError
        If an amount is none, or two limits contradict each other.
    """
    found: dict[str, Constraint] = {}
    for bound, quantity, text, said in given:
        amount, in_bytes = quantity.read(text, said)
        found[said] = Constraint(quantity.as_bytes().name if in_bytes else quantity.name, amount, bound == "min")
    for low, least in [pair for pair in found.items() if pair[1].least]:
        for high, most in [pair for pair in found.items() if not pair[1].least]:
            quantity, other = measured(least.quantity), measured(most.quantity)
            if quantity.base == other.base and quantity.amount(other.within(most.amount, bits), bits) < least.amount:
                raise MbcostError(
                    f"the limits contradict each other: {low} (={least.amount}) is above {high} (={most.amount})",
                    help="raise the maximum or lower the minimum",
                )
    return list(found.values())


def bounds_below(limits: list[Constraint]) -> bool:
    """Whether all limits are least amounts: then the smallest network is asked for."""
    return all(limit.least for limit in limits)


def worst(broken: list[Constraint], values: dict[str, Dim]) -> str:
    """The quantity that of some broken limits is off its own by the largest factor."""

    def factor(limit: Constraint) -> Fraction:
        value = values[limit.quantity]
        return Fraction(limit.amount, max(value, 1)) if limit.least else Fraction(value, limit.amount)

    return max(broken, key=factor).quantity


class Family:
    """All networks of a table under one variant: what alpha or the resolution changes is left open.

    Costs are told by the names of ``quantities``; bytes are at ``bits`` an element.

    Attributes
    ----------
    widths : list of BaseWidth
        The widths that alpha scales; all others follow from them.
    rule : Rounding or None
        How they are rounded.
    """

    def __init__(
        self, network: Network, variant: Variant = PLAIN, quantities: Iterable[str] | None = None, bits: AnyBits = BITS
    ) -> None:
        self.network = network
        known = limitable("solve")
        asked = [name for name, one in known.items() if one.base.of_row] if quantities is None else quantities
        self.quantities = [measured(name) for name in dict.fromkeys((*BASIC, *asked))]
        for quantity in self.quantities:
            if not quantity.base.separates:
                raise MbcostError(
                    f"the {quantity.heading} is no polynomial of widths and sizes, nor the largest of some",
                    help=f"nothing is solved for it; `mbcost table --columns {quantity.name}` has it at one point, `sweep` at many",
                )
        self.bits = bits
        self.variant = variant
        self.rule = network.rounding if variant.rounding is None else variant.rounding
        self.stepped = self.rule or NO_ROUNDING  # without a rule the width does not vary, as check_width says
        separated = separate(network, variant)
        if separated is None:
            raise MbcostError(
                f"the cost of `{network.name}` does not separate into widths and sizes",
                help="a width that follows from a flattened map cannot be solved for; `mbcost sweep` counts it point by point",
            )
        self.separated: Separated = separated
        atoms = separated.trace.atoms
        free = [atom for atom in atoms if atom.op in {"scale", "grow"}]
        self.widths = [BaseWidth(atom.args[0], atom.op == "grow", atom.args[1]) for atom in free]
        self._known: dict[Fraction, Values | None] = {}
        self._sides: dict[Size, Values | None] = {}
        self._bounds: dict[tuple[int, Any, bool], Values] = {}
        self._work = 0

    @property
    def as_shipped(self) -> bool:
        """Whether this is the network of the table itself, however it is counted: what is published of it holds."""
        return self.variant.as_written and self.network.own.as_written and self.rule == self.network.rounding

    def check_width(self) -> None:
        """Raise the error of a network whose width cannot vary in steps."""
        if self.rule is None:
            self.network.resolved(self.variant.with_alpha(Fraction(1, 2)))
        if not self.widths:
            raise MbcostError(
                f"`{self.network.name}` has no width to vary: all its widths are fixed",
                help="give -a 1 and solve for the resolution",
            )
        if self.rule == NO_ROUNDING:
            raise MbcostError(
                "without rounding the cost has no steps",
                help="use --rounding floor or divisor:8; the ideal alpha needs no rounding",
            )

    def at(self, alpha: Fraction, size: Size) -> dict[str, Dim] | None:
        """The cost at one point; None where the network is in error."""
        self._look(alpha, size)
        if alpha not in self._known:
            if len(self._known) > KEPT:
                self._known.clear()
            self._known[alpha] = self.separated.at_alpha(alpha)
        if size not in self._sides:
            if len(self._sides) > KEPT:
                self._sides.clear()
            self._sides[size] = self.separated.at_size(size)
        values, sides = self._known[alpha], self._sides[size]
        if values is None or sides is None:
            return None
        return self._totals(values, sides)

    def _totals(self, values: Values, sides: Values, *, names: set[str] | None = None) -> dict[str, Dim]:
        found = {}
        for quantity in self.quantities:
            if names is not None and quantity.name not in names:
                continue
            amounts = [
                whole(sum(map(mul, form.p(values), form.q(sides))))
                for form in self.separated.forms(quantity.base.name, self.bits)
            ]
            found[quantity.name] = quantity.amount(max(amounts), self.bits)
        return found

    def widths_at(self, alpha: Fraction) -> list[Dim]:
        """What the widths become at an alpha."""
        arith = Arithmetic(alpha.numerator, alpha.denominator, self.rule)
        return [(arith.grow if width.grows else arith.scale)(width.value, width.rounding) for width in self.widths]

    def size_of(self, height: int) -> Size | None:
        """The input of this height in the shape of the table's own input; None where it has no such shape."""
        base = self.network.base_resolution
        if base[0] == base[1]:
            return height, height
        try:
            return scaled_resolution(base, Fraction(height, base[0]))
        except MbcostError:
            return None

    def bound(self, alpha: Fraction, size: Size, upper: bool, limits: list[Constraint]) -> dict[str, Dim]:
        """Limited costs that are certainly not below, or not above, those of the point, and only grow along both axes."""
        self._look(alpha, size)
        widths = self._bound(ALPHA, alpha, alpha, size, upper)
        sides = self._bound(SIZE, size, alpha, size, upper)
        return self._totals(widths, sides, names={limit.quantity for limit in limits})

    def _bound(self, domain: int, point: Fraction | Size, alpha: Fraction, size: Size, upper: bool) -> Values:
        """The bound of one domain, which is the same wherever the other one is."""
        key = domain, point, upper
        if key not in self._bounds:
            if len(self._bounds) > KEPT:
                self._bounds.clear()
            self._bounds[key] = self.separated.bounds(domain, alpha, size, upper)
        return self._bounds[key]

    def over(self, alpha: Fraction, size: Size, limits: list[Constraint]) -> bool:
        """Whether a cost is certainly above a limit."""
        most = [limit for limit in limits if not limit.least]
        bound = self.bound(alpha, size, False, most)
        return any(limit.broken(bound) for limit in most)

    def reaches(self, alpha: Fraction, size: Size, limits: list[Constraint]) -> bool:
        """Whether the costs can be as large as every least amount."""
        least = [limit for limit in limits if limit.least]
        bound = self.bound(alpha, size, True, least)
        return not any(limit.broken(bound) for limit in least)

    @cached_property
    def _one(self) -> int:
        """The work of one point."""
        forms = [form for one in self.quantities for form in self.separated.forms(one.base.name, self.bits)]
        return (
            FIXED
            + len(self.separated.trace.atoms)
            + sum([len(form.sides) + sum(map(len, form.widths)) for form in forms])
        )

    def check_many(self, alphas: int, sizes: int) -> None:
        """Raise the error of a question about more points than can be looked at, before any of them is."""
        if alphas * sizes * self._one > MAX_WORK:
            counts = [f"{count:,} {what}" for count, what in ((alphas, "alphas"), (sizes, "resolutions")) if count > 1]
            raise MbcostError(
                f"{' and '.join(counts) or 'a point'}: at most {MAX_WORK // self._one:,} points of this network are looked at",
                help="ask about fewer alphas or resolutions, in larger steps",
            )

    def _look(self, alpha: Fraction, size: Size) -> None:
        """Count the work of one more point; a search that goes on for too long ends here."""
        self._work += self._one
        if self._work > MAX_WORK:
            raise MbcostError(
                f"the search came as far as alpha {exact_text(alpha)} and resolution {size[0]}x{size[1]}: what lies beyond was not looked at",
                help="ask about fewer alphas or resolutions, or give -a or -r",
            )

    def ideal_alpha(self, size: Size, limits: list[Constraint]) -> Fraction | None:
        """The alpha at which the idealised cost meets the first limit: the real root, cut off after twelve decimals.

        >>> import mbcost
        >>> family = Family(mbcost.load("mobilenet_v1"))
        >>> float(family.ideal_alpha((224, 224), [Constraint("mult_adds", 300_000_000)]))
        0.719092141783
        """
        sides = self.separated.at_size(size, ideal=True)

        def at(alpha: Fraction) -> tuple[Values | None, Values | None]:
            self._look(alpha, size)
            return self.separated.at_alpha(alpha, ideal=True), sides

        return self._root(limits, at)

    def ideal_rho(self, alpha: Fraction, limits: list[Constraint]) -> Fraction | None:
        """The resolution multiplier at which the idealised cost meets the first limit."""
        values = self.separated.at_alpha(alpha, ideal=True)
        height, width = self.network.base_resolution

        def at(rho: Fraction) -> tuple[Values | None, Values | None]:
            self._look(alpha, (height, width))
            return values, self.separated.at_size((rho * height, rho * width), ideal=True)

        return self._root(limits, at)

    def _root(
        self, limits: list[Constraint], at: Callable[[Fraction], tuple[Values | None, Values | None]]
    ) -> Fraction | None:
        """The last multiplier at which the idealised cost is within the limits; None where no multiplier is beyond them."""
        top = [limit for limit in limits if not limit.least] or limits
        unit = 10**DIGITS

        def beyond(count: int) -> bool:
            values, sides = at(Fraction(count, unit))
            if values is None or sides is None:
                return True
            costs = self._totals(values, sides)
            return any(costs[limit.quantity] > limit.amount for limit in top)

        low, high = 0, MAX_ALPHA * unit
        if not beyond(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if beyond(middle) else (middle, high)
        return Fraction(low, unit)
