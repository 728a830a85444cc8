"""Closed forms: the walk of a network with symbols for alpha and rho.

The layers' own formulas are run on SymPy expressions, so the closed form cannot differ from the count. While walking,
each rounded width and each map size is a symbol of its own, defined once; what is shown is a sum of short products, and
substituting the definitions gives one expression in alpha and rho.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import sympy

from mbcost.dims import Arithmetic
from mbcost.errors import MbcostError
from mbcost.layers import Row
from mbcost.network import PLAIN, Network, Variant, counted
from mbcost.network.bounds import check_written
from mbcost.network.walk import walk
from mbcost.symbolic.arithmetic import Rounded, Smooth, alpha, rho
from mbcost.symbolic.writing import latex, needed, plain

__all__ = ["Closed", "ClosedForm", "Formula", "alpha", "rho"]


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

    def expanded(self, expression: Any) -> Any:
        """An expression with every definition put in: alpha and rho are all that is left."""
        return expression.xreplace(self._spelt)

    @cached_property
    def _spelt(self) -> dict[Any, Any]:
        """Every definition in alpha and rho alone: later ones are made of earlier ones."""
        found: dict[Any, Any] = {}
        for symbol, definition in self.definitions.items():
            found[symbol] = definition.xreplace(found)
        return found

    def at(self, expression: Any, alpha_value: Any, resolution: tuple[int, int]) -> Any:
        """The exact value of an expression at one alpha and one resolution (a multiple of the base's shape)."""
        values: dict[Any, Any] = {
            alpha: sympy.Rational(alpha_value.numerator, alpha_value.denominator),
            rho: sympy.Rational(resolution[0], self.base[0]),
        }
        for symbol, definition in self.definitions.items():
            values[symbol] = definition.subs(values)
        return (sympy.Integer(0) + expression).subs(values)

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

    def __init__(self, network: Network, variant: Variant = PLAIN) -> None:
        self.network = network
        self.variant = network.resolved(variant.with_alpha(Fraction(1))._replace(rho=None, resolution=None))

    def __repr__(self) -> str:
        return f"<Formula of {self.network.name}: mult-adds = {plain(self.idealised.mult_adds)}>"

    def _repr_latex_(self) -> str:
        lines = [
            rf"\text{{{words}}} &= {latex(expression)}"
            for words, expression in (("mult-adds", self.idealised.mult_adds), ("params", self.idealised.params))
        ]
        return "$$\\begin{aligned}" + r" \\ ".join(lines) + "\\end{aligned}$$"

    @property
    def depths(self) -> tuple[Fraction, Fraction] | None:
        """The depth multipliers of these forms: above the first, up to the second, where a stage has one copy more.

        None where no depth, or only the one asked for, has them.
        """
        return self.network.depths(self.variant)

    @cached_property
    def idealised(self) -> Closed:
        """Closed form without any rounding."""
        height, width = self.network.base_resolution
        factor = sympy.Integer(1) if self.variant.rounding is None else alpha  # then no width varies
        return self._closed(Smooth(factor, 1, None), height * rho, width * rho, {})

    @cached_property
    def realised(self) -> Closed:
        """Closed form with the rounding rule, strides and padding."""
        arith = Rounded(self.variant.rounding)
        height, width = (arith.nearest_int(side * rho, 1) for side in self.network.base_resolution)
        return self._closed(arith, height, width, arith.definitions)

    def _closed(self, arith: Arithmetic, height: Any, width: Any, definitions: dict[Any, Any]) -> Closed:
        placed = self.network.placed(self.variant)
        check_written(len(placed.layers))
        rows = walk(placed, arith, (sympy.Integer(self.network.table.channels), height, width))
        rows = counted(rows, self.variant)
        used = needed(definitions, *(side for row in rows for side in (row.mult_adds, row.params)))
        return Closed(self._kinds(rows), used, self.network.base_resolution)

    def _kinds(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """Kinds as the numeric count derives them, where the shapes of symbols do not tell."""
        try:
            known = {row.name: row.kind for row in self.network.count(self.variant).rows}
        except MbcostError:
            return rows
        return tuple(row._replace(kind=known.get(row.name, row.kind)) for row in rows)
