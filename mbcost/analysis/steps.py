"""The steps of a cost along alpha: where exactly a rounding rule gives a width its next value.

Every width is round(alpha * n), so that the network only changes at certain rationals. Most rules change *at* such an
alpha; the divisor rule's guard against losing more than 10 % acts just *above* one. A place on the axis therefore is a
rational and whether it is the point itself or what lies immediately after it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from mbcost.dims import Rounding

__all__ = ["START", "Place", "Width", "between", "inside"]

LOSSES = range(1, 5)  # multiples of the divisor at which the next one is nearer than a loss of 10 % allows


class Place(NamedTuple):
    """Where a step begins: at an alpha, or immediately after it."""

    alpha: Fraction
    after: bool = False

    def __str__(self) -> str:
        return f"{'after ' if self.after else ''}{self.alpha}"


START = Place(Fraction(0), True)


class Width(NamedTuple):
    """A width of the table before alpha: scaled by it, or only enlarged."""

    value: int
    grows: bool


def between(widths: list[Width], rule: Rounding, low: Fraction, high: Fraction) -> list[Place]:
    """The places above ``low`` and up to ``high`` where some width may change, in ascending order.

    >>> [str(place) for place in between([Width(32, False)], Rounding(True, 0), Fraction(1, 2), Fraction(9, 16))]
    ['17/32', '9/16']
    >>> [str(place) for place in between([Width(16, False)], Rounding(False, 8), Fraction(1, 4), Fraction(1))]
    ['after 5/9', '3/4']
    """
    found: set[Place] = set()
    for value, grows in widths:
        for place in _places(value, rule, max(low, Fraction(1)) if grows else low, high):
            found.add(place)
    return sorted(found)


def _places(value: int, rule: Rounding, low: Fraction, high: Fraction) -> list[Place]:
    floor, divisor = rule
    if high <= low:
        return []
    if not divisor:
        return [Place(Fraction(k, value)) for k in range(low * value // 1 + 1, high * value // 1 + 1)]
    found = []
    # From k - 1 to k times the divisor: half way between them, and a channel later where alpha * n is truncated first.
    first = max(2, low * value // divisor)
    for k in range(first, high * value // divisor + 2):
        half = Fraction(divisor * (2 * k - 1), 2)
        found.append(Place((-(-half // 1) if floor else half) / Fraction(value)))
    for k in LOSSES:
        limit = Fraction(10 * k * divisor, 9)
        found.append(Place(Fraction(limit // 1 + 1, value)) if floor else Place(limit / value, True))
    return [place for place in found if low < place.alpha <= high or (place.after and place.alpha == low)]


def inside(start: Place, end: Place) -> Fraction:
    """An alpha of the step from one place to the next: its lower end where that belongs to it."""
    return start.alpha if not start.after else (start.alpha + end.alpha) / 2
