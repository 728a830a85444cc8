"""The inverse question along the resolution: the largest input within limits at a fixed alpha."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

from mbcost.analysis.family import Family, Limit, bounds_below, worst
from mbcost.analysis.separated import Size
from mbcost.dims import MAX_RESOLUTION, Dim

__all__ = ["Sized", "largest_size", "next_size"]

PATIENCE = 20_000  # resolutions looked at one by one before giving up on the one above


class Sized(NamedTuple):
    """An input that a network of the family can have, and its costs."""

    size: Size
    values: dict[str, Dim]


def largest_size(family: Family, alpha: Fraction, limits: list[Limit]) -> tuple[Sized, Size] | None:
    """The largest input within every limit at a fixed alpha, and the smallest of the same cost.

    Without a limit from above it is the first input that reaches every least amount.
    """
    first = _turn(family, lambda size: family.reaches(alpha, size, limits))
    last = _turn(family, lambda size: family.over(alpha, size, limits)) - 1
    heights = range(first, last + 1) if bounds_below(limits) else range(last, first - 1, -1)
    for found in _inputs(family, alpha, heights):
        if not any(limit.broken(found.values) for limit in limits):
            smallest = found.size
            for lower in _inputs(family, alpha, range(found.size[0] - 1, 0, -1)):
                if lower.values != found.values:
                    break
                smallest = lower.size
            return found, smallest
    return None


def next_size(family: Family, alpha: Fraction, size: Size, limits: list[Limit]) -> tuple[Sized, str] | None:
    """The next input up that breaks a limit, and which; the next one down where all limits are least amounts."""
    least = bounds_below(limits)
    heights = range(size[0] - 1, 0, -1) if least else range(size[0] + 1, MAX_RESOLUTION + 1)
    for other in islice(_inputs(family, alpha, heights), PATIENCE):
        broken = [limit for limit in limits if limit.least == least and limit.broken(other.values)]
        if broken:
            return other, worst(broken, other.values)
    return None


def _inputs(family: Family, alpha: Fraction, heights: Iterable[int]) -> Iterator[Sized]:
    """The inputs of some heights, without those at which the network is in error."""
    for height in heights:
        size = family.size_of(height)
        values = None if size is None else family.at(alpha, size)
        if size is not None and values is not None:
            yield Sized(size, values)


def _turn(family: Family, holds: Callable[[Size], bool]) -> int:
    """The height from which on a property holds that never ends again; above all heights where it never holds."""
    low, high = 1, MAX_RESOLUTION + 1
    while low < high:
        middle = (low + high) // 2
        size = family.size_of(middle)
        if middle > family.network.base_resolution[0] if size is None else holds(size):
            high = middle
        else:
            low = middle + 1
    return low
