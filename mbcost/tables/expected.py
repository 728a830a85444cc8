"""What a table says it should cost: the key `expect`, read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mbcost.conventions import DEFAULT, find
from mbcost.dims import parse_alpha, parse_depth, parse_resolution
from mbcost.documents.nodes import Mapping, Node
from mbcost.errors import MbcostError
from mbcost.layers.fields import Raw, Whole
from mbcost.network.specs import Cell, Expect
from mbcost.tables.walker import Walker, raw_of

__all__ = ["AMOUNTS", "EXPECT", "ExpectReader"]

EXPECT = {
    "alpha": "width multiplier (default 1)",
    "depth": "depth multiplier (default 1)",
    "resolution": "of the input (default the table's own)",
    "convention": "the counting rule of the amounts (default torch)",
    "mult_adds": "mult-adds of the whole network",
    "params": "parameters of the whole network",
    "source": "who counts so: a paper, or a framework with its version",
}
"""The keys of an expectation."""

AMOUNTS = ("mult_adds", "params")
"""What an expectation may state."""
AMOUNT = Whole(0, 10**18)
EXAMPLE = 'write expect: [{alpha: 1, resolution: 224, mult_adds: 300774272, params: 3504872, source: "..."}]'


def _amount(raw: Raw) -> int:
    """An amount to the unit."""
    try:
        return AMOUNT.read(raw)
    except MbcostError as error:
        raise MbcostError(error.fact, help=error.help or "write every digit: 300774272") from None


def _convention(name: Raw) -> str:
    """A counting rule that ships; the file of them is read for any but the default."""
    if not isinstance(name, str) or ":" in name:
        raise MbcostError("`convention` is the name of a shipped rule", help="`mbcost conventions` lists them")
    return name if name == DEFAULT.name else find(name).name


POINT: dict[str, Callable[[Any], Any]] = {
    "alpha": parse_alpha,
    "depth": parse_depth,
    "resolution": parse_resolution,
    "convention": _convention,
}


class ExpectReader(Walker):
    """Reads expectations, a point each."""

    def expectations(self, node: Node | None) -> tuple[Expect, ...]:
        """What the network should cost, point by point."""
        found = self.mappings(node, "`expect` is a list of points", "an expectation", EXAMPLE)
        return tuple(map(self._expectation, found))

    def _expectation(self, node: Mapping) -> Expect:
        self.doc.known(node, EXPECT, "an expectation")
        amounts: dict[str, Cell] = {}
        point: dict[str, Any] = {}
        for key, value in node.items.items():
            raw = raw_of(value)
            if key in AMOUNTS:
                amounts[key] = Cell(raw, value.line, value.column, self.attempt(value, key, _amount, raw), True)
            elif key in POINT:
                point[key] = self.attempt(value, key, POINT[key], raw)
            elif key in EXPECT:
                point[key] = self.scalar(value, key)
        if not amounts:
            self.doc.problem(node, "an expectation without `mult_adds` or `params`", EXAMPLE)
        given = {key: value for key, value in point.items() if value is not None}
        return Expect(amounts, node.line, node.column, **given)
