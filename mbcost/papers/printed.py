"""Published numbers: reading one with its unit and its precision, and printing a computed value the same way."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from mbcost.errors import MbcostError

__all__ = ["ROUNDS", "UNITS", "Published", "is_number", "read"]

UNITS: dict[str, Fraction] = {
    "": Fraction(1),
    "%": Fraction(1, 100),
    "K": Fraction(10**3),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "B": Fraction(10**9),
    "G": Fraction(10**9),
    "kB": Fraction(10**3),
    "MB": Fraction(10**6),
    "KiB": Fraction(2**10),
    "MiB": Fraction(2**20),
    "ms": Fraction(1),
    "s": Fraction(1),
}
"""What a unit, behind a number or in a column's heading, multiplies it by."""

_PRINTED = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?( ?)(%|KiB|MiB|kB|MB|K|k|M|B|G|ms|s)?", re.ASCII)


class Published(NamedTuple):
    """A printed number: its value, the step of its last significant digit, and how it is written.

    >>> number = read("4.2M")
    >>> number.value, number.step
    (Fraction(4200000, 1), Fraction(100000, 1))
    >>> number.printed(Fraction(4209088)), number.printed(Fraction(3469760)), number.printed(Fraction(3469760), "floor")
    ('4.2M', '3.5M', '3.4M')
    """

    value: Fraction
    step: Fraction
    unit: Fraction
    places: int
    suffix: str

    def printed(self, value: Fraction, round: str = "nearest") -> str:
        """A value in the format of this number: its unit, its digits."""
        rounded = ROUNDS[round](value, self.step) / self.unit
        scaled = rounded * 10**self.places
        digits = f"{abs(scaled.numerator // scaled.denominator):0{self.places + 1}d}"
        sign = "-" if rounded < 0 else ""
        if self.places:
            digits = f"{digits[: -self.places]}.{digits[-self.places :]}"
        return f"{sign}{digits}{self.suffix}"

    def printed_by(self, value: Fraction) -> str:
        """How a value prints as this number: ``nearest``, ``floor``, or not at all (``""``).

        >>> read("290", "M").printed_by(Fraction(290675200)), read("569", "M").printed_by(Fraction(568740352))
        ('floor', 'nearest')
        """
        if nearest(value, self.step) == self.value:
            return "nearest"
        return "floor" if floored(value, self.step) == self.value else ""


def is_number(text: str) -> bool:
    """Whether a text is a number as papers print them: digits, perhaps a point, perhaps a unit."""
    return _PRINTED.fullmatch(text) is not None


def read(text: str, unit: str = "", digits: int | None = None) -> Published:
    """Read a published number.

    A unit printed behind the number goes before the column's ``unit``. All digits printed are significant, unless
    ``digits`` says how many are; zeros at the end of a whole number then are padding.

    >>> read("94.86%").value, read("1600", "K", digits=2).step
    (Fraction(4743, 5000), Fraction(100000, 1))
    """
    match = _PRINTED.fullmatch(text)
    if match is None:
        raise MbcostError(f"`{text[:40]}` is not a number", help="write it as it is printed: 569, 4.2, 94.86% or 300M")
    whole, decimals, space, suffix = match[1], match[2] or "", match[3], match[4] or ""
    factor = UNITS[suffix or unit]
    power = -len(decimals)
    if digits is not None and not decimals:
        kept = max(digits, len(whole.rstrip("0")))
        power = max(0, len(whole) - kept)
    value = Fraction(int(whole + decimals), 10 ** len(decimals)) * factor
    return Published(value, Fraction(10) ** power * factor, factor, len(decimals), space + suffix)


def nearest(value: Fraction, step: Fraction) -> Fraction:
    """The multiple of a step nearest to a value; a tie goes up.

    >>> nearest(Fraction(297, 2), Fraction(1))
    Fraction(149, 1)
    """
    return (2 * value + step) // (2 * step) * step


def floored(value: Fraction, step: Fraction) -> Fraction:
    """The largest multiple of a step that is not above a value."""
    return value // step * step


def raised(value: Fraction, step: Fraction) -> Fraction:
    """The smallest multiple of a step that is not below a value."""
    return -(-value // step) * step


ROUNDS = {"nearest": nearest, "floor": floored, "ceil": raised}
"""How a paper rounds what it prints."""
