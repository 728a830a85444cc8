"""Reading alpha, rho, resolution and roundings from their text, exactly: no float ever comes near a channel count."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from mbcost.errors import MbcostError, nearest

MAX_ALPHA = 64
MAX_DEPTH = 16
MAX_RESOLUTION = 65_536
MAX_NUMBER_TEXT = 20

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|(?:0|[1-9][0-9]*)/[1-9][0-9]*|\.[0-9]+", re.ASCII)
_RESOLUTION = re.compile(r"([1-9][0-9]*)(?:x([1-9][0-9]*))?", re.ASCII)


class Rounding(NamedTuple):
    """How a scaled width becomes a whole number of channels: a multiple of a divisor, found by one of a few rules, or nothing.

    ``floor``, ``ceil``, ``nearest`` (ties up) and ``nearest-even`` (ties to the even multiple, as Python's ``round``) say which
    multiple. ``divisor`` is that of the MobileNetV2 code: the nearest one, ties up, never below the divisor, one step up where
    more than 10 % would be lost; ``floor+divisor`` truncates to a whole number first. Below ``least`` no rule goes.

    >>> Rounding("floor"), str(Rounding("nearest", 8, 16))
    (Rounding(rule='floor', divisor=1, least=0), 'nearest:8,min:16')
    """

    rule: str
    divisor: int = 1
    least: int = 0

    @property
    def guarded(self) -> bool:
        """Whether it is a rule of the MobileNetV2 code, which never loses more than 10 %."""
        return self.rule in {"divisor", "floor+divisor"}

    def __str__(self) -> str:
        text = (
            self.rule
            if self == NO_ROUNDING or (self.rule == "floor" and self.divisor == 1)
            else f"{self.rule}:{self.divisor}"
        )
        return f"{text},min:{self.least}" if self.least else text


NO_ROUNDING = Rounding("none")
ROUNDINGS = "floor, divisor:8, floor+divisor:8, floor:8, ceil:8, nearest:8, nearest-even:8 or none"
"""How the rules are spelt; each but ``none`` may end in ``,min:16``."""

ROUNDING_TEXT = (
    r"(?:(floor)|(divisor|floor\+divisor|floor|ceil|nearest|nearest-even):([1-9][0-9]{0,5}))(?:,min:([1-9][0-9]{0,6}))?"
)
"""Every rule but ``none`` as a regular expression."""


def rational(value: object, what: str) -> Fraction:
    """Read an exact rational from its text (``0.75``, ``3/4``), an int, a Fraction, or a float by its shortest decimal.

    >>> rational("6/7", "rho"), rational(0.35, "alpha")
    (Fraction(6, 7), Fraction(7, 20))
    """
    if isinstance(value, Fraction):
        return value
    if type(value) is int and 0 <= value < 10**MAX_NUMBER_TEXT:
        return Fraction(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise MbcostError(f"{what} must be a number, not {type(value).__name__}", help=f"write {what} as 0.75 or 3/4")
    if isinstance(value, float):
        value = _shortest(value, what)
    text = str(value).strip() if isinstance(value, str) else _digits(value)
    if len(text) > MAX_NUMBER_TEXT:
        raise MbcostError(
            f"{what} is a number text of {len(text)} characters, more than {MAX_NUMBER_TEXT}",
            help=f"write {what} shorter, as 0.75 or 3/4",
        )
    if not _NUMBER.fullmatch(text):
        raise MbcostError(f"{what} {_quoted(text)} is not a number", help=f"write {what} as 0.75 or 3/4")
    return Fraction(text)


def _digits(value: int) -> str:
    return str(value) if abs(value) < 10**MAX_NUMBER_TEXT else "9" * (MAX_NUMBER_TEXT + 1)


def _quoted(text: str) -> str:
    return "`" + "".join(c if c.isprintable() else "?" for c in text) + "`"


def _shortest(value: float, what: str) -> str:
    """The shortest decimal of a float; a trail of binary noise is an error that names the value meant."""
    text = repr(float(value))
    digits = text.replace(".", "").replace("-", "").lstrip("0")
    if "e" not in text and text not in {"nan", "inf", "-inf"} and len(digits) > 12:
        meant = f"{value:.10g}"
        raise MbcostError(
            f"{what} {text} has more than 12 digits: the noise of a binary fraction",
            help=f'{meant} is probably meant: give it as the text "{meant}" or as a Fraction',
        )
    return text.removesuffix(".0")


def _multiplier(value: object, what: str, largest: int = MAX_ALPHA, usual: str = "0.25 to 2") -> Fraction:
    number = rational(value, what)
    if not 0 < number <= largest:
        raise MbcostError(
            f"{what} (={exact_text(number)}) must be above 0 and at most {largest}",
            help=f"{usual} are usual values of {what}",
        )
    return number


def parse_depth(value: object) -> Fraction:
    """The depth multiplier, an exact rational in (0, 16] (EfficientNet, arXiv:1905.11946, section 3.2).

    >>> parse_depth("1.2")
    Fraction(6, 5)
    """
    return _multiplier(value, "depth", MAX_DEPTH, "1.1 to 3.1")


def parse_alpha(value: object) -> Fraction:
    """The width multiplier alpha, an exact rational in (0, 64] (MobileNets, section 3.3).

    >>> parse_alpha("0.75"), parse_alpha(1.15)
    (Fraction(3, 4), Fraction(23, 20))
    """
    return _multiplier(value, "alpha")


def parse_rho(value: object) -> Fraction:
    """The resolution multiplier rho, an exact rational in (0, 64] (MobileNets, section 3.4)."""
    return _multiplier(value, "rho")


def parse_resolution(value: object) -> tuple[int, int]:
    """Height and width in pixels, from ``192``, ``"192x256"`` (height x width) or a pair.

    >>> parse_resolution("192"), parse_resolution("192x256"), parse_resolution([192, 256])
    ((192, 192), (192, 256), (192, 256))
    """
    if isinstance(value, list | tuple):
        if len(value) != 2:
            raise MbcostError(
                f"a resolution has one or two sides, not {len(value)}", help="write 224, 192x256 or [192, 256]"
            )
        (height, _), (width, _) = parse_resolution(value[0]), parse_resolution(value[1])
        return height, width
    text = _digits(value) if isinstance(value, int) and not isinstance(value, bool) else str(value).strip()
    match = _RESOLUTION.fullmatch(text) if len(text) <= 2 * MAX_NUMBER_TEXT else None
    if match is None:
        raise MbcostError(
            f"resolution {_quoted(text[:40])} is not a size in pixels", help="write 224, or 192x256 for height x width"
        )
    sides = int(match[1]), int(match[2] or match[1])
    if max(sides) > MAX_RESOLUTION:
        raise MbcostError(
            f"resolution {text} is above {MAX_RESOLUTION} pixels", help=f"a side is 1 to {MAX_RESOLUTION}"
        )
    return sides


def scaled_resolution(base: tuple[int, int], rho: Fraction) -> tuple[int, int]:
    """Each side under rho: floor(rho * base + 1/2).

    >>> scaled_resolution((224, 224), Fraction(6, 7))
    (192, 192)
    """
    height, width = ((2 * rho.numerator * side + rho.denominator) // (2 * rho.denominator) for side in base)
    if not (1 <= height <= MAX_RESOLUTION and 1 <= width <= MAX_RESOLUTION):
        raise MbcostError(
            f"rho (={exact_text(rho)}) makes the resolution {height}x{width}, and a side is 1 to {MAX_RESOLUTION} pixels",
            help="choose rho so that rho times the base resolution is in that range, or give the resolution itself",
        )
    return height, width


def parse_rounding(text: str) -> Rounding:
    """Read a rounding rule: ``floor``, ``divisor:8``, ``floor+divisor:8``, ``nearest:8,min:16``, ..., or ``none``.

    >>> parse_rounding("floor+divisor:8")
    Rounding(rule='floor+divisor', divisor=8, least=0)
    """
    if text == "none":
        return NO_ROUNDING
    match = re.fullmatch(ROUNDING_TEXT, text, re.ASCII)
    if not match:
        raise MbcostError(f"unknown rounding {_quoted(text[:40])}", help=lambda: _roundings(text))
    return Rounding(match[1] or match[2], int(match[3] or 1), int(match[4] or 0))


def _roundings(text: str) -> str:
    close = nearest(text, ROUNDINGS.replace(" or ", ", ").split(", "))
    return f"use {ROUNDINGS}{'; nearest: ' + close if close else ''}"


def exact_text(value: Fraction | int) -> str:
    """An exact rational as the text to type: a decimal where it is finite and short, else p/q.

    >>> exact_text(Fraction(3, 4)), exact_text(Fraction(6, 7)), exact_text(Fraction(2))
    ('0.75', '6/7', '2')
    """
    value = Fraction(value)
    for places in range(7):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = str(scaled.numerator).zfill(places + 1)
            return digits if not places else f"{digits[:-places]}.{digits[-places:]}"
    return f"{value.numerator}/{value.denominator}"
