"""The formula of every row in symbols, as ``mbcost table --layer`` prints it: the page puts the numbers in."""

from __future__ import annotations

import re
from typing import Any

from mbcost.analysis.explain import SYMBOLS, Traced, with_symbols
from mbcost.dims import Dim
from mbcost.layers import Layer, Row, Shape

__all__ = ["names_of", "symbolic"]

_SYMBOL = re.compile(r"[A-Z](?:_[A-Zhw])?'?")
_KNOWN = re.compile(r"(?:[A-Z](?:_[A-Zhw])?'?|[0-9]+|[-+*/() ])*")


def symbolic(layer: Layer, row: Row, inputs: list[Shape]) -> Row:
    """The row again, from the layer's own formula on symbols.

    >>> import mbcost
    >>> from mbcost.separated.trace import trace
    >>> placed = mbcost.load("mobilenet_v1").placed()
    >>> row = mbcost.load("mobilenet_v1").cost().rows[2]
    >>> symbolic(placed.layers[2], row, [row.input]).mult_adds.symbols
    'M * N * H * W'
    """
    (m, in_height, in_width), (n, height, width) = inputs[0], row.output
    first, second = names_of(layer, row)
    before = [name if a == b else f"{name}'" for name, a, b in (("H", in_height, height), ("W", in_width, width))]
    output = (_named(n, second), _named(height, "H"), _named(width, "W"))
    head = (_named(m, first), _named(in_height, before[0]), _named(in_width, before[1]))
    rest = [output if shape == row.output else tuple([_named(dim, "?") for dim in shape]) for shape in inputs[1:]]
    return with_symbols(layer).cost([head, *rest], output)._replace(kind=row.kind, groups=row.groups)


def names_of(layer: Layer, row: Row) -> tuple[str, str]:
    """What the channels of the input and of the output are called."""
    if row.kind == "squeeze_excite":
        return ("M", "R") if row.pool else ("R", "M")
    if row.kind == "depthwise" or not hasattr(layer, "width"):
        return ("M", "M") if row.output[0] == row.input[0] else ("M", "N")
    return "M", "N"


def _named(dim: Dim, name: str) -> Any:
    """A dim that is known by its name alone; of its value only 0 and 1 would matter."""
    return dim if type(dim) is int and dim in {0, 1} else Traced(2, name, name)


def text(amount: Any) -> str:
    """A traced number in symbols; empty where it has a symbol the page cannot know."""
    if not isinstance(amount, Traced):
        return str(amount)
    known = _KNOWN.fullmatch(amount.symbols) and all(symbol in SYMBOLS for symbol in _SYMBOL.findall(amount.symbols))
    return amount.symbols if known else ""
