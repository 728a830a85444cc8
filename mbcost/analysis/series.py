"""Polynomials in one variable, and the idealised arithmetic that makes a cost one of them in alpha."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from mbcost.dims import Dim, Idealised, exact_text
from mbcost.errors import MbcostError

__all__ = ["AlongAlpha", "Series"]


class Series:
    """A polynomial in one variable with exact coefficients, lowest power first.

    >>> square = Series([0, 3]) * Series([0, 3]) + Series([0, 1])
    >>> square.at(Fraction(1, 3)), square.slope().at(Fraction(1, 3)), str(square)
    (Fraction(4, 3), Fraction(7, 1), '9 x^2 + x')
    """

    __slots__ = ("terms",)

    def __init__(self, terms: Iterable[Dim]) -> None:
        found = [Fraction(term) for term in terms]
        while found and not found[-1]:
            found.pop()
        self.terms = found

    @staticmethod
    def of(value: Dim) -> Series:
        """A polynomial, or a number as one."""
        return value if isinstance(value, Series) else Series([value])

    def __add__(self, other: Dim) -> Series:
        a, b = self.terms, Series.of(other).terms
        size = max(len(a), len(b))
        return Series(
            [
                x + y
                for x, y in zip(a + [Fraction(0)] * (size - len(a)), b + [Fraction(0)] * (size - len(b)), strict=True)
            ]
        )

    __radd__ = __add__

    def __mul__(self, other: Dim) -> Series:
        b = Series.of(other).terms
        found = [Fraction(0)] * (len(self.terms) + len(b))
        for i, x in enumerate(self.terms):
            for j, y in enumerate(b):
                found[i + j] += x * y
        return Series(found)

    __rmul__ = __mul__

    def __sub__(self, other: Dim) -> Series:
        return self + Series.of(other) * -1

    def __truediv__(self, other: Dim) -> Series:
        divisor = Series.of(other).terms
        if len(divisor) != 1:
            raise MbcostError(
                "a number of channels is divided by one that varies with alpha",
                help="ask for the cost at several alphas: mbcost sweep",
            )
        return self * (1 / divisor[0])

    def __eq__(self, other: object) -> bool:
        return self.terms == Series.of(other).terms

    def __hash__(self) -> int:
        return hash(tuple(self.terms))

    def at(self, x: Fraction) -> Fraction:
        """The value at a point."""
        total = Fraction(0)
        for term in reversed(self.terms):
            total = total * x + term
        return total

    def slope(self) -> Series:
        """The derivative."""
        return Series([power * term for power, term in enumerate(self.terms)][1:])

    def text(self, x: str) -> str:
        """Highest power first: ``9 x^2 + x``."""
        parts = []
        for power, term in reversed(list(enumerate(self.terms))):
            if term:
                name = "" if not power else x if power == 1 else f"{x}^{power}"
                parts.append(name if term == 1 and name else f"{exact_text(term)} {name}".strip())
        return " + ".join(parts) or "0"

    def __str__(self) -> str:
        return self.text("x")


class AlongAlpha(Idealised):
    """The idealised arithmetic with a polynomial for alpha; ``wide`` is whether alpha is above 1, where `grow` widths grow."""

    def __init__(self, wide: bool) -> None:
        super().__init__(1, 1, None)
        self.wide = wide

    def scale(self, width: int, rounding: Any = None) -> Dim:
        """alpha times the width."""
        return Series([0, width])

    def grow(self, width: int, rounding: Any = None) -> Dim:
        """The width, times alpha above 1."""
        return Series([0, width] if self.wide else [width])

    def ratio(self, factor: Fraction, width: Dim, rounding: Any) -> Dim:
        """The multiple, unrounded."""
        return Series.of(width) * factor

    def round(self, numerator: Dim, denominator: int, rounding: Any) -> Dim:
        """The quotient, unrounded."""
        return Series.of(numerator) / denominator

    def ceil_div(self, a: Dim, b: int) -> Dim:
        """The quotient, unrounded."""
        return Series.of(a) / b

    def floor_div(self, a: Dim, b: int) -> Dim:
        """The quotient, unrounded."""
        return Series.of(a) / b
