"""Costs as polynomials in alpha or in rho, with exact coefficients: the idealised arithmetic with a variable for one of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

from sympy.polys.domains import QQ
from sympy.polys.rings import PolyElement, ring

from mbcost.dims import Dim, Idealised, exact_text
from mbcost.errors import MbcostError

__all__ = ["AlongAlpha", "Polynomial", "coefficients", "polynomial", "slope_at", "text", "value_at"]

Polynomial: TypeAlias = Any
"""An element of SymPy's ring of polynomials in one variable over the rationals."""

RING, X = ring("x", QQ)


def polynomial(value: Dim | list[Dim]) -> Polynomial:
    """A polynomial by its coefficients, lowest power first; a number as one; a polynomial as it is.

    >>> text(polynomial([0, 3]) * polynomial([0, 3]) + polynomial([0, 1]), "x")
    '9 x^2 + x'
    """
    if isinstance(value, PolyElement):
        return value
    terms = value if isinstance(value, list) else [value]
    return RING.from_dict({(power,): QQ(term.numerator, term.denominator) for power, term in enumerate(terms) if term})


def coefficients(series: Polynomial) -> list[Fraction]:
    """The coefficients, lowest power first; none of zero."""
    return [_fraction(series.coeff(X**power)) for power in range(series.degree() + 1)] if series else []


def value_at(series: Polynomial, x: Fraction) -> Fraction:
    """The value at a point.

    >>> value_at(polynomial([0, 1, 9]), Fraction(1, 3))
    Fraction(4, 3)
    """
    return _fraction(series.evaluate(X, QQ(x.numerator, x.denominator)))


def slope_at(series: Polynomial, x: Fraction) -> Fraction:
    """The derivative at a point.

    >>> slope_at(polynomial([0, 1, 9]), Fraction(1, 3))
    Fraction(7, 1)
    """
    return value_at(series.diff(X), x)


def text(series: Polynomial, x: str) -> str:
    """Highest power first: ``9 x^2 + x``."""
    parts = []
    for (power,), term in series.terms():
        name = "" if not power else x if power == 1 else f"{x}^{power}"
        parts.append(name if term == 1 and name else f"{exact_text(_fraction(term))} {name}".strip())
    return " + ".join(parts) or "0"


def _fraction(number: Any) -> Fraction:
    return Fraction(int(number.numerator), int(number.denominator))


class AlongAlpha(Idealised):
    """The idealised arithmetic with a polynomial for alpha; ``wide`` is whether alpha is above 1, where `grow` widths grow."""

    def __init__(self, wide: bool) -> None:
        super().__init__(1, 1, None)
        self.wide = wide

    def scale(self, width: int, rounding: Any = None) -> Dim:
        """alpha times the width."""
        return polynomial([0, width])

    def grow(self, width: int, rounding: Any = None) -> Dim:
        """The width, times alpha above 1."""
        return polynomial([0, width] if self.wide else width)

    def ratio(self, factor: Fraction, width: Dim, rounding: Any) -> Dim:
        """The multiple, unrounded."""
        return polynomial(width) * polynomial(factor)

    def round(self, numerator: Dim, denominator: Dim, rounding: Any) -> Dim:
        """The quotient, unrounded.

        Raises
        ------
        MbcostError
            If the divisor varies with alpha: the quotient is no polynomial.
        """
        divisor = polynomial(denominator)
        if not divisor.is_ground:
            raise MbcostError(
                "a number of channels is divided by one that varies with alpha",
                help="ask for the cost at several alphas: mbcost sweep",
            )
        return polynomial(numerator).quo_ground(divisor.LC)

    def ceil_div(self, a: Dim, b: int) -> Dim:
        """The quotient, unrounded."""
        return self.round(a, b, None)

    def floor_div(self, a: Dim, b: int) -> Dim:
        """The quotient, unrounded."""
        return self.round(a, b, None)
