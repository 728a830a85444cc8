"""A device, for the roofline: how many mult-adds it does for every byte that crosses its memory bus."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

__all__ = ["Device"]


class Device(NamedTuple):
    """A device by its ridge point, in mult-adds a byte; times in seconds need its peak and its bandwidth.

    >>> Device("mine", ridge_point=Fraction(40), peak=8 * 10**9, bandwidth=2 * 10**8).peak
    8000000000
    """

    name: str
    ridge_point: Fraction = Fraction(0)
    peak: int | None = None
    bandwidth: int | None = None
    title: str = ""
    source: str = ""
    note: str = ""
