"""The inverse question along the resolution: the largest input within limits at a fixed alpha."""

from __future__ import annotations

from fractions import Fraction

from mbcost.analysis.family import Family, Limit, worst
from mbcost.analysis.separated import Size
from mbcost.dims import MAX_RESOLUTION, Dim

__all__ = ["largest_size", "next_size"]

PATIENCE = 20_000  # resolutions looked at one by one before giving up on the one above


def largest_size(family: Family, alpha: Fraction, limits: list[Limit]) -> tuple[Size, Size, dict[str, Dim]] | None:
    """The largest resolution within every limit at a fixed alpha, and the smallest of the same cost."""
    top = [limit for limit in limits if not limit.least]
    heights = range(1, MAX_RESOLUTION + 1) if not top else range(_highest(family, alpha, top), 0, -1)
    for height in heights:
        size = family.size_of(height)
        values = family.at(alpha, size) if size is not None else None
        if size is not None and values is not None and not any(limit.broken(values) for limit in limits):
            smallest = size
            for lower in range(height - 1, 0, -1):
                other = family.size_of(lower)
                if other is None or family.at(alpha, other) != values:
                    break
                smallest = other
            return size, smallest, values
    return None


def next_size(
    family: Family, alpha: Fraction, size: Size, limits: list[Limit]
) -> tuple[Size, str, dict[str, Dim]] | None:
    """The next resolution up that breaks a limit, and the limit."""
    for height in range(size[0] + 1, min(MAX_RESOLUTION, size[0] + PATIENCE) + 1):
        above = family.size_of(height)
        values = family.at(alpha, above) if above is not None else None
        if above is None or values is None:
            continue
        broken = [limit for limit in limits if not limit.least and limit.broken(values)]
        if broken:
            return above, worst(broken, values).quantity, values
    return None


def _highest(family: Family, alpha: Fraction, limits: list[Limit]) -> int:
    """The height above which every network is beyond some limit."""
    low, high = 0, MAX_RESOLUTION
    while low < high:
        middle = (low + high + 1) // 2
        size = family.size_of(middle)
        over = middle > family.network.base_resolution[0] if size is None else family.over(alpha, size, limits)
        if over:
            high = middle - 1
        else:
            low = middle
    return low
