"""The speed of this machine at this moment, for bounds of processor time that are stated in seconds of another one."""

from __future__ import annotations

from time import process_time

__all__ = ["pace", "within"]

REFERENCE = 0.055
"""The seconds of the work below on the machine that bounds are stated for."""


def pace() -> float:
    """How many times slower than that machine this one is now; 1 where it is as fast or faster."""
    begin = process_time()
    for _ in range(10):
        known = {str(n): [n] for n in range(16_000)}
        assert sum(len(key) + value[0] for key, value in sorted(known.items())) == 128_060_890
    return max(1, (process_time() - begin) / REFERENCE)


def within(seconds: float, bound: float) -> bool:
    """Whether a bound is held, at this machine's pace where it is not held as it stands."""
    return seconds < bound or seconds < bound * pace()
