"""One layer's formula with its numbers put in.

The layer's own cost formula is run on numbers that remember how they were made, so what is shown is what is computed.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, NamedTuple

from mbcost.analysis.groups import block_of
from mbcost.dims import Arithmetic, Dim, exact_text
from mbcost.errors import MbcostError, nearest
from mbcost.layers import Layer, Row, Shape
from mbcost.layers.base import lent
from mbcost.network import Cost
from mbcost.network.walk import PER_IMAGE, scaled, visits

__all__ = ["SYMBOLS", "Explanation", "Traced", "explain", "legend", "with_symbols"]

QUANTITIES = ("mult_adds", "params", "weights", "biases", "norm_params", "norm_stats", "adds", "products")
SYMBOLS = {
    "M": "input channels", "N": "output channels", "R": "squeezed channels", "D_K": "kernel size", "K_h": "kernel height",
    "K_w": "kernel width", "D_F": "side of the output map", "H": "height of the output map", "W": "width of the output map",
    "H'": "height of the input map", "W'": "width of the input map", "G": "groups", "B": "images a pass",
}  # fmt: skip


class Traced:
    """An exact number with the symbols and the digits of the product or sum that made it."""

    __slots__ = ("digits", "is_sum", "symbols", "value")

    def __init__(self, value: Any, symbols: str = "", digits: str = "", is_sum: bool = False) -> None:
        self.value = value
        self.digits = digits or exact_text(value)
        self.symbols = symbols or self.digits
        self.is_sum = is_sum

    def _join(self, other: Any, sign: str, value: Any, reverse: bool = False) -> Traced:
        first, second = self, other if isinstance(other, Traced) else Traced(other)
        if reverse:
            first, second = second, first
        sides = [
            (x.symbols, x.digits) if sign == "+" or not x.is_sum else (f"({x.symbols})", f"({x.digits})")
            for x in (first, second)
        ]
        symbols, digits = (f" {sign} ".join(texts) for texts in zip(*sides, strict=True))
        if sign == "/":
            symbols, digits = f"({symbols})", f"({digits})"
        return Traced(value, symbols, digits, sign == "+")

    def __mul__(self, other: Any) -> Any:
        amount = _value(other)
        if not isinstance(other, Traced) and amount in {0, 1}:
            return self if amount else 0
        return self._join(other, "*", self.value * amount)

    def __rmul__(self, other: Any) -> Any:
        return (self if other else 0) if other in {0, 1} else self._join(other, "*", other * self.value, True)

    def __add__(self, other: Any) -> Traced:
        return self._join(other, "+", self.value + _value(other)) if isinstance(other, Traced) or other else self

    def __radd__(self, other: Any) -> Traced:
        return self._join(other, "+", other + self.value, True) if other else self

    def __truediv__(self, other: Any) -> Any:
        amount = Fraction(self.value) / _value(other)
        value = amount.numerator if amount.denominator == 1 else amount
        if isinstance(other, Traced):
            if self.symbols == other.symbols:
                return value
            rest = self.symbols.removeprefix(f"{other.symbols} * ")
            if rest != self.symbols:
                return Traced(value, rest, self.digits.removeprefix(f"{other.digits} * "))
        return self._join(other, "/", value)


def _value(amount: Any) -> Any:
    return amount.value if isinstance(amount, Traced) else amount


class Explanation(NamedTuple):
    """A quantity of one layer: in symbols, with its numbers, and its value."""

    quantity: str
    symbols: str
    digits: str
    value: Dim


def explain(cost: Cost, name: str, *, flops: bool = False) -> tuple[Row, list[Explanation]]:
    """The formulas of one layer of a costed network, under its batch and convention, in the symbols of :data:`SYMBOLS`.

    >>> import mbcost
    >>> row, lines = explain(mbcost.load("mobilenet_v1").cost(), "separable_1/pointwise")
    >>> print(lines[0].symbols, "=", lines[0].digits, "=", lines[0].value)
    M * N * D_F * D_F = 32 * 64 * 112 * 112 = 25690112
    """
    row = next((row for row in cost.rows if row.name == name), None)
    if row is None:
        close = nearest(name, list(dict.fromkeys([*[row.name for row in cost.rows], *map(block_of, cost.rows)])))
        raise MbcostError(
            f"there is no layer `{name[:60]}`",
            help=f"did you mean {close}?" if close else "`mbcost table` prints the names",
        )
    traced = _traced(cost, row)
    values = {quantity: getattr(traced, quantity) for quantity in QUANTITIES}
    if flops:
        values = {"mult_adds": values["mult_adds"], "flops": 2 * values["mult_adds"], **values}
    found = []
    for quantity, value in values.items():
        if isinstance(value, Traced):
            found.append(Explanation(quantity, value.symbols, value.digits, value.value))
        elif value:
            found.append(Explanation(quantity, exact_text(value), exact_text(value), value))
    return row, found


def _traced(cost: Cost, row: Row) -> Row:
    """The row again, from the layer's own formula on traced numbers."""
    variant, start = cost.variant, (cost.network.table.channels, *cost.variant.size)
    arith = Arithmetic(variant.alpha.numerator, variant.alpha.denominator, variant.rounding)
    layer, inputs = next(
        (layer, inputs) for layer, inputs, *_ in visits(cost.placed, arith, start) if layer.name == row.name
    )
    traced = with_symbols(layer).cost(*_shapes(layer, row, inputs))
    traced = traced._replace(kind=row.kind, groups=row.groups)
    if getattr(layer, "owner", ""):
        traced = lent(traced)
    if cost.variant.batch != 1:
        traced = scaled(traced, Traced(cost.variant.batch, "B"), PER_IMAGE)
    beside = [traced if other is row else other for other in cost.rows]  # some parts count once in a network
    return cost.variant.convention.applied(beside)[cost.rows.index(row)]


def with_symbols(layer: Layer) -> Layer:
    """The layer with symbols for its kernel and groups."""
    traced: Any = layer.copy()
    k_h, k_w = getattr(layer, "kernel_size", (1, 1))
    if (k_h, k_w) != (1, 1):
        names = ("D_K", "D_K") if k_h == k_w else ("K_h", "K_w")
        traced.kernel_size = (Traced(k_h, names[0]), Traced(k_w, names[1]))
    if getattr(layer, "groups", 1) != 1:
        traced.groups = Traced(traced.groups, "G")
    return traced  # type: ignore[no-any-return]


def _shapes(layer: Layer, row: Row, inputs: list[Shape]) -> tuple[list[Any], Any]:
    """The shapes of a layer's inputs and output with symbols for their sides."""
    (m, in_height, in_width), (n, height, width) = inputs[0], row.output
    names = ("M", "N")
    if row.kind == "squeeze_excite":
        names = ("M", "R") if row.pool else ("R", "M")
    elif row.kind == "depthwise" or not hasattr(layer, "width"):
        names = ("M", "M") if n == m else names
    sides = ("D_F", "D_F") if height == width else ("H", "W")
    output = (Traced(n, names[1]), Traced(height, sides[0]), Traced(width, sides[1]))
    before = sides if (in_height, in_width) == (height, width) else ("H'", "W'")
    first = (Traced(m, names[0]), Traced(in_height, before[0]), Traced(in_width, before[1]))
    rest = [output if shape == row.output else tuple(map(Traced, shape)) for shape in inputs[1:]]
    return [first, *rest], output


def legend(lines: list[Explanation]) -> str:
    """What the symbols of some formulas mean.

    >>> legend([Explanation("weights", "M * N", "32 * 64", 2048)])
    'M input channels, N output channels'
    """
    used = set(re.findall(r"[A-Z](?:_[A-Zhw])?'?", " ".join(line.symbols for line in lines)))
    return ", ".join(f"{symbol} {words}" for symbol, words in SYMBOLS.items() if symbol in used)
