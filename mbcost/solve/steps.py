"""The steps of a cost along alpha: where exactly a rounding rule gives a width its next value.

Every width is round(alpha * n), so that the network only changes at certain rationals. Most rules change *at* such an
alpha; the divisor rule's guard against losing more than 10 % acts just *above* one. A place on the axis therefore is a
rational and whether it is the point itself or what lies immediately after it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from mbcost.dims import MAX_ALPHA, Rounding

__all__ = ["END", "START", "BaseWidth", "Edge", "between", "inside"]

DIVISIONS = 18
LOSSES = range(1, 5)  # multiples of the divisor at which the next one is nearer than a loss of 10 % allows


class Edge(NamedTuple):
    """Where a step begins: at an alpha, or immediately after it."""

    alpha: Fraction
    after: bool = False

    def __str__(self) -> str:
        return f"{'after ' if self.after else ''}{self.alpha}"


START, END = Edge(Fraction(0), True), Edge(Fraction(MAX_ALPHA), True)
"""Where alphas begin and end: 0 is none, the largest is one."""


class BaseWidth(NamedTuple):
    """A width of the table before alpha: scaled by it, or only enlarged, by the table's rule or by one of its own."""

    value: int
    grows: bool
    rounding: Rounding | None = None


def between(widths: list[BaseWidth], rule: Rounding, low: Fraction, high: Fraction) -> list[Edge]:
    """The places above ``low`` and up to ``high`` where some width may change, in ascending order.

    >>> [str(place) for place in between([BaseWidth(32, False)], Rounding("floor"), Fraction(1, 2), Fraction(9, 16))]
    ['17/32', '9/16']
    >>> [str(place) for place in between([BaseWidth(16, False)], Rounding("divisor", 8), Fraction(1, 4), Fraction(1))]
    ['after 5/9', '3/4']
    """
    found: set[Edge] = set()
    for value, grows, own in widths:
        for place in _places(value, own or rule, max(low, Fraction(1)) if grows else low, high):
            found.add(place)
    return sorted(found)


def _places(value: int, rule: Rounding, low: Fraction, high: Fraction) -> list[Edge]:
    divisor, floor = rule.divisor, rule.rule == "floor+divisor"
    if high <= low:
        return []
    # Widths alpha * n, in eighteenths of a channel: a half and 10/9 are whole then, and most are left out before a division.
    (low_n, low_d), (high_n, high_d) = ((end.numerator * value * DIVISIONS, end.denominator) for end in (low, high))
    unit = DIVISIONS * divisor
    first, last = low_n // (low_d * unit), high_n // (high_d * unit) + 2
    if rule.rule in {"floor", "ceil"}:
        found = [(k * unit, rule.rule == "ceil") for k in range(first, last)]
    else:  # from k - 1 to k times the divisor: half way between them, and a channel later where alpha * n is truncated first
        found = []
        for k in range(max(2 if rule.guarded else 1, first), last):
            half = unit * (2 * k - 1) // 2
            stays = rule.rule == "nearest-even" and k % 2 == 1  # the tie itself is still k - 1
            found.append((-(-half // DIVISIONS) * DIVISIONS if floor else half, stays))
    if rule.guarded:
        for k in LOSSES:
            limit = 10 * k * unit // 9
            found.append(((limit // DIVISIONS + 1) * DIVISIONS, False) if floor else (limit, True))
    return [
        Edge(Fraction(at, DIVISIONS * value), after)
        for at, after in found
        if (low_n < at * low_d and at * high_d <= high_n) or (after and at * low_d == low_n)
    ]


def inside(start: Edge, end: Edge) -> Fraction:
    """An alpha of the step from one place to the next: its lower end where that belongs to it."""
    return start.alpha if not start.after else (start.alpha + end.alpha) / 2
