"""Arithmetic on channel counts and sizes: rounded as a network does it, or idealised as a paper writes it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

from mbcost.dims.reading import ROUNDINGS, Rounding, exact_text
from mbcost.errors import MbcostError

Dim: TypeAlias = Any
"""int, Fraction, integer array or SymPy expression."""


class Arithmetic:
    """The rounded arithmetic of one walk over a network, for integers and integer arrays.

    Parameters
    ----------
    numerator, denominator
        The width multiplier alpha as an exact rational. ``numerator`` may be an integer array.
    rounding : Rounding or None
        The table's rule for widths; None when the table states none, and then every width must come out whole.

    Examples
    --------
    >>> from mbcost.dims import parse_rounding
    >>> half = Arithmetic(1, 2, parse_rounding("divisor:8"))
    >>> half.scale(24), half.grow(1280), half.ceil_div(225, 2)
    (16, 1280, 113)
    >>> Arithmetic(23, 20, parse_rounding("floor")).scale(200)    # int(1.15 * 200) would be 229
    230
    """

    exact = True
    records = False
    """Whether the numbers of a walk remember how they were made."""

    def __init__(self, numerator: Dim, denominator: int, rounding: Rounding | None) -> None:
        self.numerator = numerator
        self.denominator = denominator
        self.rounding = rounding

    def scale(self, width: int, rounding: Rounding | None = None) -> Dim:
        """A width under alpha: round(alpha * n), by the table's rule or by one of its own."""
        return self.round(self.numerator * width, self.denominator, rounding or self.rounding)

    def grow(self, width: int, rounding: Rounding | None = None) -> Dim:
        """A width that alpha can only enlarge: round(max(1, alpha) * n)."""
        larger = self.larger(self.numerator, self.denominator)
        return self.round(larger * width, self.denominator, rounding or self.rounding)

    def ratio(self, factor: Fraction, width: Dim, rounding: Rounding | None) -> Dim:
        """A width that is a multiple of an actual width: round(t * in_channels)."""
        return self.round(width * factor.numerator, factor.denominator, rounding)

    def round(self, numerator: Dim, denominator: int, rounding: Rounding | None) -> Dim:
        """Apply a rounding rule to the rational numerator / denominator."""
        if type(numerator) is Fraction:  # an unrounded width above: idealised channels
            numerator, denominator = numerator.numerator, numerator.denominator * denominator
        if rounding is None:
            return self._whole(numerator, denominator)
        rule, divisor, least = rounding
        if rule == "none":
            return _reduced(numerator, denominator)
        if rule == "floor+divisor":
            numerator, denominator = numerator // denominator, 1
        step = denominator * divisor
        if rule == "floor":
            width = numerator // step * divisor
        elif rule == "ceil":
            width = -(-numerator // step) * divisor
        elif rule == "nearest-even":
            low = numerator // step
            beyond = 2 * (numerator - low * step)
            width = (low + (beyond > step) * 1 + (beyond == step) * (low % 2)) * divisor
        else:
            width = (2 * numerator + step) // (2 * step) * divisor
            if rounding.guarded:
                width = self.larger(width, divisor)
                width = width + divisor * (10 * width * denominator < 9 * numerator)
        return self.larger(width, least) if least else width

    def _whole(self, numerator: Dim, denominator: int) -> Dim:
        if type(numerator) is int and numerator % denominator:
            raise MbcostError(
                f"a width of {exact_text(Fraction(numerator, denominator))} channels, and the table names no rule to round it",
                help=f"give `rounding` in the table or --rounding: {ROUNDINGS}",
            )
        return numerator // denominator

    def larger(self, a: Dim, b: Dim) -> Dim:
        """max(a, b), element by element."""
        return a + (b - a) * (a < b)

    def ceil_div(self, a: Dim, b: int) -> Dim:
        """a / b rounded up.

        >>> Arithmetic(1, 1, None).ceil_div(7, 2)
        4
        """
        return -(-a // b)

    def floor_div(self, a: Dim, b: int) -> Dim:
        """a / b rounded down."""
        return a // b

    def unequal(self, a: Dim, b: Dim) -> Dim:
        """1 where two dims differ, 0 where they are equal."""
        return (a != b) * 1

    def at_least(self, a: Dim, b: Dim) -> Dim:
        """1 where a >= b, else 0."""
        return (a >= b) * 1

    def both(self, a: Dim, b: Dim) -> Dim:
        """1 where two flags are 1, else 0."""
        return a * b

    def tell_kinds(self) -> None:
        """Make sure that the kind of every layer is known; on numbers it is."""

    # What a layer checks goes through these, so that a walk that records its numbers sees what a walk that counts checks.

    def must_equal(self, a: Dim, b: Dim) -> bool:
        """Whether a layer that needs two dims to be equal can go on; what cannot be decided here counts as equal.

        >>> one = Arithmetic(1, 1, None)
        >>> one.must_equal(64, 64), one.must_equal(64, 32)
        (True, False)
        """
        return not (type(a) is int and type(b) is int and a != b)

    def must_reach(self, a: Dim, least: Dim) -> bool:
        """Whether a layer that needs ``a`` to be at least so much can go on; what cannot be decided here counts as enough."""
        return not (type(a) is int and type(least) is int and a < least)

    def same(self, a: Dim, b: Dim) -> bool:
        """Whether two dims are equal, where a layer goes one way or the other: unlike a requirement, both are right."""
        return self.must_equal(a, b)

    def enter(self, present: Dim) -> Dim:
        """Take note of whether the layer that follows is present: 0, 1, or what says so; what it requires holds only then."""
        return present

    def noted(self, shape: tuple[Dim, Dim, Dim]) -> tuple[Dim, Dim, Dim]:
        """Take note of the shape of a map, which the layers that follow read."""
        return shape


class Idealised(Arithmetic):
    """The paper's formulas: widths are not rounded and every stride divides evenly. Integers become Fractions.

    >>> Idealised(1, 2, None).scale(33), Idealised(1, 1, None).ceil_div(225, 2)
    (Fraction(33, 2), Fraction(225, 2))
    """

    exact = False

    def round(self, numerator: Dim, denominator: int, rounding: Rounding | None) -> Dim:
        """numerator / denominator, as it is."""
        return _reduced(numerator, denominator)

    def ceil_div(self, a: Dim, b: int) -> Dim:
        """a / b, as it is."""
        return _reduced(a, b)

    def floor_div(self, a: Dim, b: int) -> Dim:
        """a / b, as it is."""
        return _reduced(a, b)

    def at_least(self, a: Dim, b: Dim) -> Dim:
        """No window is dropped in the idealised network."""
        return 0


def _reduced(numerator: Dim, denominator: int) -> Dim:
    """numerator / denominator as an int where it is whole, else as an exact fraction or expression."""
    if denominator == 1:
        return numerator
    if isinstance(numerator, int | Fraction):
        return whole(Fraction(numerator, denominator))
    return numerator / denominator


def whole(value: Dim) -> Dim:
    """A number as an int where it is one.

    >>> whole(Fraction(4, 2)), whole(Fraction(5, 2))
    (2, Fraction(5, 2))
    """
    return value.numerator if type(value) is Fraction and value.denominator == 1 else value
