"""Closed forms: the walk of a network with symbols for alpha and rho.

The layers' own formulas are run on SymPy expressions, so the closed form cannot differ from the count. While walking,
each rounded width and each map size is a symbol of its own, defined once; what is shown is a sum of short products, and
substituting the definitions gives one expression in alpha and rho.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import sympy

from mbcost.dims import Arithmetic, Dim, Idealised, Rounding
from mbcost.errors import MbcostError
from mbcost.layers import Row
from mbcost.network import Network
from mbcost.network.walk import walk

__all__ = ["Closed", "ClosedForm", "Formula", "alpha", "rho"]

alpha = sympy.Symbol("alpha", positive=True)
rho = sympy.Symbol("rho", positive=True)


class _Rounded(Arithmetic):
    """Rounded arithmetic on expressions: every rounding makes a symbol with a definition."""

    def __init__(self, rounding: Rounding | None) -> None:
        super().__init__(alpha, 1, rounding)
        self.definitions: dict[sympy.Symbol, sympy.Expr] = {}
        self._known: dict[Any, sympy.Symbol] = {}
        self._divisor: dict[sympy.Symbol, int] = {}  # the symbol is a multiple of this
        self._least: dict[sympy.Symbol, sympy.Expr] = {}  # the symbol is at least this
        self._halved: dict[sympy.Symbol, tuple[Dim, int]] = {}  # the symbol is ceil(x / n)

    def _named(self, letter: str, definition: sympy.Expr) -> sympy.Symbol:
        symbol = self._known.get(definition)
        if symbol is None:
            count = sum(1 for known in self.definitions if known.name.startswith(letter)) + 1
            symbol = sympy.Symbol(f"{letter}{count}", integer=True, positive=True)
            self._known[definition] = symbol
            self.definitions[symbol] = definition
        return symbol

    def round(self, numerator: Dim, denominator: int, rounding: Rounding | None) -> Dim:
        """A symbol for the rounded width; a whole multiple of a width already rounded needs none."""
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
            and (not rounding.divisor or self._divisor.get(rest, 1) % rounding.divisor == 0)
        ):
            return value
        floor, divisor = rounding
        if not divisor:
            if not floor:
                return value
            return self._named("c", sympy.floor(value))
        inner = sympy.floor(value) if floor else value
        if inner.is_Integer:
            return sympy.Integer(Arithmetic(1, 1, None).round(int(inner), 1, rounding))
        steps = sympy.Max(1, sympy.floor(inner / divisor + sympy.Rational(1, 2)))
        # 9 v / (10 n) lies in (0, 2), above 1 just where more than 10 % is lost: its ceiling - 1 is the step up
        lifted = sympy.ceiling(9 * inner / (10 * divisor * steps)) - 1
        symbol = self._named("c", divisor * (steps + lifted))
        self._divisor[symbol] = divisor
        self._least[symbol] = sympy.Rational(9, 10) * value
        return symbol

    def larger(self, a: Dim, b: Dim) -> Dim:
        """max(a, b)."""
        return a if self._divisor.get(a, 0) >= b else sympy.Max(a, b)

    def ceil_div(self, a: Dim, b: int) -> Dim:
        """A symbol for a / b rounded up; halving twice is dividing by four."""
        if b == 1:
            return a
        if a in self._halved:
            whole, by = self._halved[a]
            symbol = self._named("d", sympy.ceiling(whole / (by * b)))
            self._halved[symbol] = whole, by * b
            return symbol
        if sympy.sympify(a, strict=True).is_Integer:
            return sympy.Integer(-(-int(a) // b))
        symbol = self._named("d", sympy.ceiling(a / sympy.Integer(b)))
        self._halved[symbol] = a, b
        return symbol

    def floor_div(self, a: Dim, b: int) -> Dim:
        """A symbol for a / b rounded down."""
        if b == 1 or sympy.sympify(a, strict=True).is_Integer:
            return a if b == 1 else sympy.Integer(int(a) // b)
        # windows have a + something - kernel inside; named, so that the sum stays short
        return self._named("d", sympy.floor(a / sympy.Integer(b)))

    def nearest_int(self, numerator: Dim, denominator: int) -> Dim:
        """floor(x + 1/2)."""
        return self._named("d", sympy.floor(numerator / sympy.Integer(denominator) + sympy.Rational(1, 2)))

    def unequal(self, a: Dim, b: Dim) -> Dim:
        """0 or 1 where it is certain at every alpha, else an expression that is 0 or 1."""
        a, b = sympy.sympify(a, strict=True), sympy.sympify(b, strict=True)
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


class _Smooth(Idealised):
    """Idealised arithmetic on expressions: nothing is rounded."""

    def larger(self, a: Dim, b: Dim) -> Dim:
        """max(a, b)."""
        return sympy.Max(a, b)

    def unequal(self, a: Dim, b: Dim) -> Dim:
        """0 or 1 where it is certain at every alpha, else an expression."""
        difference = sympy.expand(sympy.sympify(a, strict=True) - b)
        if difference.is_zero is not None:
            return int(not difference.is_zero)
        return sympy.Piecewise((1, sympy.Ne(a, b)), (0, True))


class ClosedForm(NamedTuple):
    """Mult-adds and params of a layer, of a kind, or of the network, as SymPy expressions."""

    name: str
    mult_adds: Any
    params: Any


class Closed:
    """The closed form of a network: idealised (the paper's formula) or realised (what the network really does).

    ``rows`` has one :class:`ClosedForm` a layer; in the realised form they are written in the symbols of ``definitions``
    (c: a rounded width, d: a side of a map), which :meth:`expanded` replaces by alpha and rho.
    """

    def __init__(self, rows: tuple[Row, ...], definitions: dict[Any, Any], base: tuple[int, int]) -> None:
        self.costed = rows
        self.definitions = definitions
        self.base = base

    @cached_property
    def rows(self) -> tuple[ClosedForm, ...]:
        """One closed form a layer."""
        return tuple(ClosedForm(row.name, self._tidy(row.mult_adds), self._tidy(row.params)) for row in self.costed)

    def by_kind(self) -> tuple[ClosedForm, ...]:
        """One closed form a kind of layer."""
        found: dict[str, list[Row]] = {}
        for row in self.costed:
            found.setdefault(row.kind, []).append(row)
        return tuple(
            ClosedForm(
                name, self._tidy(sum(row.mult_adds for row in rows)), self._tidy(sum(row.params for row in rows))
            )
            for name, rows in found.items()
        )

    @cached_property
    def total(self) -> ClosedForm:
        """The closed form of the whole network."""
        return ClosedForm(
            "total",
            self._tidy(sum(row.mult_adds for row in self.costed)),
            self._tidy(sum(row.params for row in self.costed)),
        )

    @cached_property
    def mult_adds(self) -> Any:
        """Mult-adds of the network in alpha and rho alone."""
        return self.expanded(self.total.mult_adds)

    @cached_property
    def params(self) -> Any:
        """Params of the network in alpha and rho alone."""
        return self.expanded(self.total.params)

    def text(self, expression: Any) -> str:
        """An expression in alpha and rho alone, as text SymPy can read; much faster than :meth:`expanded`."""
        import re

        names: dict[str, str] = {}

        def put(match: re.Match[str]) -> str:
            return names.get(match[0], match[0])

        for symbol, definition in self.definitions.items():
            names[symbol.name] = f"({re.sub(r'[a-z]+[0-9]*', put, str(definition))})"
        return re.sub(r"[a-z]+[0-9]*", put, str(expression))

    def expanded(self, expression: Any) -> Any:
        """An expression with every definition put in: alpha and rho are all that is left."""
        for symbol, definition in reversed(self.definitions.items()):  # later ones are made of earlier ones
            expression = expression.xreplace({symbol: definition})
        return expression

    def at(self, expression: Any, alpha_value: Any, resolution: tuple[int, int]) -> Any:
        """The exact value of an expression at one alpha and one resolution (a multiple of the base's shape)."""
        values: dict[Any, Any] = {
            alpha: sympy.Rational(alpha_value.numerator, alpha_value.denominator),
            rho: sympy.Rational(resolution[0], self.base[0]),
        }
        for symbol, definition in self.definitions.items():
            values[symbol] = definition.subs(values)
        return sympy.sympify(expression, strict=True).subs(values)

    def _tidy(self, expression: Any) -> Any:
        expression = sympy.expand(expression)
        if self.definitions:
            return expression
        return sympy.collect(expression, rho**2)


class Formula:
    """The closed forms of a network, idealised and realised.

    Attributes
    ----------
    idealised : Closed
        The paper's formula: widths alpha * n and sizes rho * D, nothing rounded.
    realised : Closed
        What the network really does: widths under the rounding rule, sizes under strides and padding.

    Examples
    --------
    >>> import mbcost
    >>> formula = mbcost.load("mobilenet_v1").formula()
    >>> formula.idealised.mult_adds
    1024000*alpha + rho**2*(539492352*alpha**2 + 28224000*alpha)
    >>> formula.realised.mult_adds.subs({alpha: 1, rho: 1})
    568740352
    """

    def __init__(self, network: Network, **variant: Any) -> None:
        self.network = network
        self._variant = {key: value for key, value in variant.items() if key in {"rounding", "convention", "batch"}}
        self._layout = {
            key: value for key, value in variant.items() if key in {"standard", "classes", "set", "without"}
        }

    @cached_property
    def idealised(self) -> Closed:
        """Closed form without any rounding."""
        height, width = self.network.base_resolution
        return self._closed(_Smooth(alpha, 1, None), height * rho, width * rho, {})

    @cached_property
    def realised(self) -> Closed:
        """Closed form with the rounding rule, strides and padding."""
        checked = self.network.variant(**self._variant)
        if checked.rounding is None:
            raise MbcostError(
                f"`{self.network.name}` has no closed form in alpha: its table names no rounding",
                help="give --rounding floor, divisor:8, floor+divisor:8 or none",
            )
        arith = _Rounded(checked.rounding)
        height, width = (arith.nearest_int(side * rho, 1) for side in self.network.base_resolution)
        return self._closed(arith, height, width, arith.definitions)

    def _closed(self, arith: Arithmetic, height: Any, width: Any, definitions: dict[Any, Any]) -> Closed:
        layout = {**self._layout, "without": tuple(self._layout.get("without") or ())}
        placed = self.network.placed(**layout)
        rows = walk(placed, arith, (sympy.Integer(self.network.table.channels), height, width))
        batch = self._variant.get("batch", 1)
        if batch != 1:
            from mbcost.network.walk import PER_IMAGE, scaled

            rows = tuple(scaled(row, batch, PER_IMAGE) for row in rows)
        convention = self._variant.get("convention", "torch")
        if convention != "torch":
            from mbcost.conventions import find

            rows = find(convention).applied(rows)
        return Closed(self._kinds(rows), definitions, self.network.base_resolution)

    def _kinds(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """Kinds as the numeric count derives them, where the shapes of symbols do not tell."""
        try:
            known = {
                row.name: row.kind
                for row in self.network.cost(**{**self._layout, "rounding": self._variant.get("rounding")}).rows
            }
        except MbcostError:
            return rows
        return tuple(row._replace(kind=known.get(row.name, row.kind)) for row in rows)
