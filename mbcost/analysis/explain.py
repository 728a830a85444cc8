"""One layer's formula with its numbers put in.

The layer's own cost formula is run on numbers that remember how they were made, so what is shown is what is computed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mbcost.dims import Dim
from mbcost.layers import Layer, Row
from mbcost.network import Cost

__all__ = ["Explanation", "explain"]


class Traced:
    """An exact number with the symbols and the digits of the product or sum that made it."""

    __slots__ = ("digits", "is_sum", "symbols", "value")

    def __init__(self, value: Any, symbols: str, digits: str | None = None, is_sum: bool = False) -> None:
        self.value = value
        self.symbols = symbols
        self.digits = str(value) if digits is None else digits
        self.is_sum = is_sum

    def _join(self, other: Any, sign: str, value: Any, reverse: bool) -> Traced:
        if not isinstance(other, Traced):
            other = Traced(other, str(other))
        first, second = (other, self) if reverse else (self, other)
        if sign == "+":
            return Traced(value, f"{first.symbols} + {second.symbols}", f"{first.digits} + {second.digits}", True)
        sides = [(f"({x.symbols})", f"({x.digits})") if x.is_sum else (x.symbols, x.digits) for x in (first, second)]
        if sign == "/":
            return Traced(value, f"({sides[0][0]} / {sides[1][0]})", f"({sides[0][1]} / {sides[1][1]})")
        return Traced(value, f"{sides[0][0]} * {sides[1][0]}", f"{sides[0][1]} * {sides[1][1]}")

    def __mul__(self, other: Any) -> Traced:
        amount = other.value if isinstance(other, Traced) else other
        if type(other) is int and other == 1:
            return self
        return self._join(other, "*", self.value * amount, False)

    def __rmul__(self, other: Any) -> Traced:
        return self if other == 1 else self._join(other, "*", other * self.value, True)

    def __add__(self, other: Any) -> Traced:
        if type(other) is int and other == 0:
            return self
        return self._join(other, "+", self.value + (other.value if isinstance(other, Traced) else other), False)

    def __radd__(self, other: Any) -> Traced:
        return self if other == 0 else self._join(other, "+", other + self.value, True)

    def __truediv__(self, other: Any) -> Traced:
        amount = other.value if isinstance(other, Traced) else other
        return self._join(other, "/", self.value // amount, False)


class Explanation(NamedTuple):
    """A quantity of one layer: in symbols, with its numbers, and its value."""

    quantity: str
    symbols: str
    digits: str
    value: Dim


def explain(cost: Cost, name: str) -> tuple[Row, list[Explanation]]:
    """The formulas of one layer of a costed network, in the symbols of the MobileNets paper.

    M and N are the input and output channels, D_K the kernel size, D_F the side of the output map (K_h, K_w, H, W where
    they are not square), G the groups, R the squeezed width.

    >>> import mbcost
    >>> row, lines = explain(mbcost.load("mobilenet_v1").cost(), "separable_1/pointwise")
    >>> print(lines[0].symbols, "=", lines[0].digits, "=", lines[0].value)
    M * N * D_F * D_F = 32 * 64 * 112 * 112 = 25690112
    """
    row = next(row for row in cost.rows if row.name == name)
    layer = next(layer for layer in cost.placed.layers if layer.name == name)
    return row, _explain(layer, row)


def _explain(layer: Layer, row: Row) -> list[Explanation]:
    m, in_height, in_width = row.input
    n, height, width = row.output
    square = height == width
    symbol_h, symbol_w = ("D_F", "D_F") if square else ("H", "W")
    squeezed = row.kind == "squeeze_excite"
    first = squeezed and row.pool != ""
    names = ("M", "R") if first else ("R", "M") if squeezed else ("M", "N")
    traced_m = Traced(m, names[0])
    traced_n = traced_m if n == m and row.kind == "depthwise" else Traced(n, names[1])
    output = (traced_n, Traced(height, symbol_h), Traced(width, symbol_w))
    inputs: list[Any] = [(traced_m, Traced(in_height, "H'"), Traced(in_width, "W'"))]
    if squeezed and not first:
        inputs.append(output)
    traced_layer: Any = layer.copy()
    if hasattr(layer, "kernel_size"):
        k_h, k_w = layer.kernel_size
        if (k_h, k_w) != (1, 1):
            kernel = ("D_K", "D_K") if k_h == k_w else ("K_h", "K_w")
            traced_layer.kernel_size = (Traced(k_h, kernel[0]), Traced(k_w, kernel[1]))
    if getattr(layer, "groups", 1) != 1:
        traced_layer.groups = Traced(traced_layer.groups, "G")
    traced = traced_layer.cost(inputs, output)
    found = []
    for quantity in ("mult_adds", "weights", "biases", "norm_params", "norm_stats", "adds", "products"):
        value: Any = getattr(traced, "weight_mults" if quantity == "mult_adds" else quantity)
        if isinstance(value, Traced):
            found.append(Explanation(quantity, value.symbols, value.digits, value.value))
    return found
