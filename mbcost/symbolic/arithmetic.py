"""Arithmetic on SymPy expressions, rounded and idealised, for the walk over a network."""

from __future__ import annotations

from math import gcd
from typing import Any

import sympy

from mbcost.dims import Arithmetic, Dim, Idealised, Rounding
from mbcost.errors import MbcostError

__all__ = ["Rounded", "Smooth", "alpha", "rho"]

MAX_NAMES = 200
"""The most symbols of a closed form: one for every width that is rounded, and for every side of a map."""

alpha = sympy.Symbol("alpha", positive=True)
rho = sympy.Symbol("rho", positive=True)


def expression(value: Dim) -> Any:
    """An int or an expression as an expression."""
    return sympy.Integer(0) + value


class Rounded(Arithmetic):
    """Rounded arithmetic on expressions: every rounding makes a symbol with a definition.

    Without a rounding rule no width varies, and alpha is 1.
    """

    def __init__(self, rounding: Rounding | None) -> None:
        super().__init__(sympy.Integer(1) if rounding is None else alpha, 1, rounding)
        self.definitions: dict[sympy.Symbol, sympy.Expr] = {}
        self._known: dict[Any, sympy.Symbol] = {}
        self._rounded: dict[tuple[Dim, int, Rounding | None], Dim] = {}
        self._divisor: dict[sympy.Symbol, int] = {}  # the symbol is a multiple of this
        self._lowest: dict[sympy.Symbol, int] = {}  # and not below this
        self._least: dict[sympy.Symbol, sympy.Expr] = {}  # the symbol is at least this
        self._halved: dict[sympy.Symbol, tuple[Dim, int]] = {}  # the symbol is ceil(x / n)

    def _named(self, letter: str, definition: sympy.Expr) -> sympy.Symbol:
        symbol = self._known.get(definition)
        if symbol is None:
            if len(self.definitions) >= MAX_NAMES:
                raise MbcostError(
                    f"the closed form has more than {MAX_NAMES} rounded widths and sizes",
                    help="`mbcost formula --form idealised` rounds nothing; `mbcost sweep` counts point by point",
                )
            count = sum(1 for known in self.definitions if known.name.startswith(letter)) + 1
            sign = {"positive": True} if letter == "c" else {"nonnegative": True}  # one window has 0 steps
            symbol = sympy.Symbol(f"{letter}{count}", integer=True, **sign)
            self._known[definition] = symbol
            self.definitions[symbol] = definition
        return symbol

    def round(self, numerator: Dim, denominator: int, rounding: Rounding | None) -> Dim:
        """A symbol for the rounded width; a whole multiple of a width already rounded needs none."""
        asked = numerator, denominator, rounding
        if asked not in self._rounded:
            self._rounded[asked] = self._round(*asked)
        return self._rounded[asked]

    def _round(self, numerator: Dim, denominator: int, rounding: Rounding | None) -> Dim:
        value = sympy.Rational(1, denominator) * numerator
        if value.is_Integer and rounding is None:
            return value
        if rounding is None:
            if denominator == 1 and value.is_integer:
                return value
            raise MbcostError(
                "a width that need not be whole, and the table names no rule to round it", help="give --rounding"
            )
        coefficient, rest = value.as_coeff_Mul()
        if (
            coefficient.is_Integer
            and rest in self.definitions
            and self._divisor.get(rest, 1) % rounding.divisor == 0
            and not rounding.least
        ):
            return value
        rule, divisor, _ = rounding
        if rule == "none":
            return value
        if value.is_Rational:
            return sympy.Integer(Arithmetic(1, 1, None).round(int(value.p), int(value.q), rounding))
        if not rounding.guarded:
            return self._noted(_multiple(value / divisor, rule), rounding, divisor if rule == "ceil" else 0)
        inner = sympy.floor(value) if rule == "floor+divisor" else value
        nearest = sympy.floor(inner / divisor + sympy.Rational(1, 2))
        # A multiple of alpha may be on either side of 1, which SymPy would take long to find out.
        steps = sympy.Max(1, nearest, evaluate=rest != alpha)
        # 9 v / (10 n) lies in (0, 2), above 1 just where more than 10 % is lost: its ceiling - 1 is the step up
        lifted = sympy.ceiling(9 * inner / (10 * divisor * steps)) - 1
        if rule == "floor+divisor":  # which may leave v = 0
            lifted = sympy.Max(0, lifted)
        symbol = self._noted(steps + lifted, rounding, divisor)
        self._least[symbol] = sympy.Rational(9, 10) * inner
        return symbol

    def _noted(self, multiple: sympy.Expr, rounding: Rounding, lowest: int) -> sympy.Symbol:
        """A symbol for a width that is so many divisors, or the least width."""
        _, divisor, least = rounding
        shared = gcd(divisor, least)  # taken out: SymPy 1.14 believes that Max(8, 2 n) / 14 is whole
        parts = sympy.Max(least // shared, divisor // shared * multiple) if least else divisor // shared * multiple
        symbol = self._named("c", shared * parts)
        self._divisor[symbol] = divisor if least % divisor == 0 else 1
        self._lowest[symbol] = max(lowest, least)
        return symbol

    def larger(self, a: Dim, b: Dim) -> Dim:
        """max(a, b)."""
        if self._lowest.get(a, 0) >= b:
            return a
        # A symbol says that it is positive, as a width must be; what is raised to b here may be 0.
        return self._named("c", sympy.Max(b, self.definitions[a])) if a in self.definitions else sympy.Max(a, b)

    def ceil_div(self, a: Dim, b: int) -> Dim:
        """A symbol for a / b rounded up; halving twice is dividing by four."""
        if b == 1:
            return a
        if a in self._halved:
            whole, by = self._halved[a]
            symbol = self._named("d", sympy.ceiling(whole / (by * b)))
            self._halved[symbol] = whole, by * b
            return symbol
        if expression(a).is_Integer:
            return sympy.Integer(-(-int(a) // b))
        symbol = self._named("d", sympy.ceiling(a / sympy.Integer(b)))
        self._halved[symbol] = a, b
        return symbol

    def floor_div(self, a: Dim, b: int) -> Dim:
        """A symbol for a / b rounded down."""
        if b == 1 or expression(a).is_Integer:
            return a if b == 1 else sympy.Integer(int(a) // b)
        # windows have a + something - kernel inside; named, so that the sum stays short
        return self._named("d", sympy.floor(a / sympy.Integer(b)))

    def nearest_int(self, numerator: Dim, denominator: int) -> Dim:
        """floor(x + 1/2)."""
        return self._named("d", sympy.floor(numerator / sympy.Integer(denominator) + sympy.Rational(1, 2)))

    def must_equal(self, a: Dim, b: Dim) -> bool:
        """False where two dims differ at every alpha and rho."""
        return a is b or sympy.expand(expression(a) - b).is_zero is not False

    def must_reach(self, a: Dim, least: Dim) -> bool:
        """False where a dim is below so much at every alpha and rho."""
        return sympy.expand(expression(a) - least).is_negative is not True

    def unequal(self, a: Dim, b: Dim) -> Dim:
        """0 or 1 where it is certain at every alpha, else an expression that is 0 or 1."""
        a, b = expression(a), expression(b)
        zero = sympy.expand(a - b).is_zero
        if zero is not None:
            return int(not zero)
        for first, second in ((a, b), (b, a)):
            least = self._least.get(first)
            if least is not None and sympy.expand(least - second).is_positive:
                return 1
        return sympy.Piecewise((1, sympy.Ne(a, b)), (0, True))

    def at_least(self, a: Dim, b: Dim) -> Dim:
        """1 where a >= b, as an expression."""
        return sympy.Piecewise((1, sympy.Ge(a, b)), (0, True))


def _multiple(x: sympy.Expr, rule: str) -> sympy.Expr:
    """Which multiple a rule takes of x divisors."""
    if rule == "floor":
        return sympy.floor(x)
    if rule == "ceil":
        return sympy.ceiling(x)
    if rule == "nearest":
        return sympy.floor(x + sympy.Rational(1, 2))
    quarter = sympy.Rational(1, 4)  # ties go to the even one: 1/2 to 0 + 0, 3/2 to 1 + 1, 5/2 to 1 + 1
    return sympy.floor(x / 2 + quarter) + sympy.ceiling(x / 2 - quarter)


class Smooth(Idealised):
    """Idealised arithmetic on expressions: nothing is rounded, and sides that differ by half a window are no error."""

    def must_equal(self, a: Dim, b: Dim) -> bool:
        """False where two dims are different whole numbers."""
        return not (expression(a).is_Integer and expression(b).is_Integer and a != b)

    def must_reach(self, a: Dim, least: Dim) -> bool:
        """False where a dim is a whole number below so much."""
        return not (expression(a).is_Integer and expression(least).is_Integer and a < least)

    def larger(self, a: Dim, b: Dim) -> Dim:
        """max(a, b)."""
        return sympy.Max(a, b)

    def unequal(self, a: Dim, b: Dim) -> Dim:
        """0 or 1 where it is certain at every alpha, else an expression."""
        difference = sympy.expand(expression(a) - b)
        if difference.is_zero is not None:
            return int(not difference.is_zero)
        return sympy.Piecewise((1, sympy.Ne(a, b)), (0, True))
