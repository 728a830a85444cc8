"""How large a network may be: what unrolling its rows would make is known before any of them is unrolled."""

from __future__ import annotations

from typing import NamedTuple

from mbcost.errors import MbcostError
from mbcost.network.specs import BlockSpec, GroupSpec, Item

__all__ = ["MAX_LAYERS", "MAX_VALUES", "MAX_WRITTEN", "Size", "check_written", "unrolled"]

MAX_LAYERS = 20_000
"""The most layers of a network: ten times as many as the largest ones have, and few enough to be counted at once."""
MAX_VALUES = 200_000
"""The most maps that its rows read and parameters that its blocks are given, all in all."""
MAX_WRITTEN = 2_000
"""The most layers of a network that is written down as formulas: in SymPy, along alpha, in a page."""
MAX_NESTED = 64
"""The most levels of blocks, groups and branches, one inside the other."""


def check_written(layers: int) -> None:
    """Raise the error of a network that has too many layers for formulas."""
    if layers > MAX_WRITTEN:
        raise MbcostError(
            f"a network of {layers:,} layers: formulas are made of at most {MAX_WRITTEN:,}",
            help="`mbcost sweep` counts it point by point",
        )


class Size(NamedTuple):
    """What some rows unroll to: at least so many layers; the maps read and parameters given; levels one inside the other."""

    layers: int
    values: int
    levels: int

    def refused(self) -> tuple[str, str]:
        """Why this is too much, and the way out."""
        if self.levels > MAX_NESTED:
            return (
                f"blocks, groups and branches are nested {self.levels:,} levels deep, more than {MAX_NESTED}",
                "call blocks one below the other, not one inside the other",
            )
        if self.layers > MAX_LAYERS:
            return f"more than {MAX_LAYERS:,} layers once repeats are unrolled", "lower the repeats"
        if self.values > MAX_VALUES:
            return (
                f"more than {MAX_VALUES:,} maps are read and parameters given once repeats are unrolled",
                "lower the repeats, or join fewer rows",
            )
        return "", ""


def unrolled(items: tuple[Item, ...], blocks: dict[str, BlockSpec], sizes: dict[str, Size]) -> Size:
    """The size of some rows, given those of the blocks they call. No number grows far beyond what is refused."""
    layers = values = levels = 0
    for item in items:
        if isinstance(item, GroupSpec):
            inner, own = [unrolled(item.items, blocks, sizes)], 0
        else:
            inner = [unrolled(branch, blocks, sizes) for branch in item.branches or ()]
            own = max(1, len(item.sources or ()), len(inner))
            if item.op in blocks:
                inner.append(sizes[item.op])
                own += len(blocks[item.op].params)
            else:
                layers += item.repeat
        layers += item.repeat * sum([part.layers for part in inner])
        values += item.repeat * (own + sum([part.values for part in inner]))
        levels = max(levels, *[part.levels + 1 for part in inner], 0)
        layers, values = min(layers, MAX_LAYERS + 1), min(values, MAX_VALUES + 1)
    return Size(layers, values, levels)
