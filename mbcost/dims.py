"""Exact arithmetic on sizes and widths, and the reading of alpha, rho, resolution and roundings from text.

A *dim* is a channel count or the side of a feature map. The same formulas serve every kind of dim:

* ``int``: the realised network, exact;
* ``Fraction``: the paper's idealised widths and sizes, exact;
* an integer array: a whole sweep at once;
* a SymPy expression: the closed form.

Only three operations depend on the kind: rounding a width, dividing a size, and deciding whether two widths are equal.
:class:`Arithmetic` has them for integers and arrays, :class:`Idealised` without any rounding; ``mbcost.symbolic`` has
them for expressions.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from mbcost.errors import MbcostError, nearest

__all__ = [
    "MAX_ALPHA",
    "MAX_RESOLUTION",
    "Arithmetic",
    "Dim",
    "Idealised",
    "Rounding",
    "exact_text",
    "parse_alpha",
    "parse_resolution",
    "parse_rho",
    "parse_rounding",
    "rational",
    "scaled_resolution",
]

Dim: TypeAlias = Any
"""int, Fraction, integer array or SymPy expression."""

MAX_ALPHA = 64
MAX_RESOLUTION = 65_536
MAX_NUMBER_TEXT = 20

_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|(?:0|[1-9][0-9]*)/[1-9][0-9]*|\.[0-9]+", re.ASCII)
_RESOLUTION = re.compile(r"([1-9][0-9]*)(?:x([1-9][0-9]*))?", re.ASCII)


class Rounding(NamedTuple):
    """How a scaled width becomes a whole number of channels: truncation, a multiple of a divisor, or nothing.

    The divisor rule is that of the MobileNetV2 code: nearest multiple, ties up, never below the divisor, one step up
    where more than 10 % would be lost.
    """

    floor: bool
    divisor: int

    def __str__(self) -> str:
        names = (["floor"] if self.floor else []) + ([f"divisor:{self.divisor}"] if self.divisor else [])
        return "+".join(names) or "none"


NO_ROUNDING = Rounding(False, 0)


class Arithmetic:
    """The rounded arithmetic of one walk over a network, for integers and integer arrays.

    Parameters
    ----------
    numerator, denominator
        The width multiplier alpha as an exact rational. ``numerator`` may be an integer array.
    rounding : Rounding or None
        The table's rule for widths; None when the table states none, and then every width must come out whole.

    Examples
    --------
    >>> half = Arithmetic(1, 2, parse_rounding("divisor:8"))
    >>> half.scale(24), half.grow(1280), half.ceil_div(225, 2)
    (16, 1280, 113)
    >>> Arithmetic(23, 20, parse_rounding("floor")).scale(200)    # int(1.15 * 200) would be 229
    230
    """

    exact = True

    def __init__(self, numerator: Dim, denominator: int, rounding: Rounding | None) -> None:
        self.numerator = numerator
        self.denominator = denominator
        self.rounding = rounding

    def scale(self, width: int) -> Dim:
        """A width under alpha: round(alpha * n)."""
        return self.round(self.numerator * width, self.denominator, self.rounding)

    def grow(self, width: int) -> Dim:
        """A width that alpha can only enlarge: round(max(1, alpha) * n)."""
        return self.round(self.larger(self.numerator, self.denominator) * width, self.denominator, self.rounding)

    def ratio(self, factor: Fraction, width: Dim, rounding: Rounding | None) -> Dim:
        """A width that is a multiple of an actual width: round(t * in_channels)."""
        return self.round(width * factor.numerator, factor.denominator, rounding)

    def round(self, numerator: Dim, denominator: int, rounding: Rounding | None) -> Dim:
        """Apply a rounding rule to the rational numerator / denominator."""
        if type(numerator) is Fraction:  # an unrounded width above: idealised channels
            numerator, denominator = numerator.numerator, numerator.denominator * denominator
        if rounding is None:
            return self._whole(numerator, denominator)
        floor, divisor = rounding
        if floor:
            numerator, denominator = numerator // denominator, 1
        if not divisor:
            return numerator if floor else _reduced(numerator, denominator)
        near = (2 * numerator + divisor * denominator) // (2 * divisor * denominator) * divisor
        near = self.larger(near, divisor)
        return near + divisor * (10 * near * denominator < 9 * numerator)

    def _whole(self, numerator: Dim, denominator: int) -> Dim:
        if type(numerator) is int and numerator % denominator:
            raise MbcostError(
                f"a width of {exact_text(Fraction(numerator, denominator))} channels, and the table names no rule to round it",
                help="give `rounding` in the table or --rounding: floor, divisor:8, floor+divisor:8 or none",
            )
        return numerator // denominator

    def larger(self, a: Dim, b: Dim) -> Dim:
        """max(a, b), element by element."""
        return a + (b - a) * (a < b)

    def ceil_div(self, a: Dim, b: int) -> Dim:
        """a / b rounded up.

        >>> Arithmetic(1, 1, None).ceil_div(7, 2)
        4
        """
        return -(-a // b)

    def floor_div(self, a: Dim, b: int) -> Dim:
        """a / b rounded down."""
        return a // b

    def nearest_int(self, numerator: Dim, denominator: int) -> Dim:
        """numerator / denominator to the nearest integer, ties up: floor(x + 1/2)."""
        return (2 * numerator + denominator) // (2 * denominator)

    def unequal(self, a: Dim, b: Dim) -> Dim:
        """1 where two dims differ, 0 where they are equal."""
        return (a != b) * 1

    def at_least(self, a: Dim, b: Dim) -> Dim:
        """1 where a >= b, else 0."""
        return (a >= b) * 1


class Idealised(Arithmetic):
    """The paper's formulas: widths are not rounded and every stride divides evenly. Integers become Fractions.

    >>> Idealised(1, 2, None).scale(33), Idealised(1, 1, None).ceil_div(225, 2)
    (Fraction(33, 2), Fraction(225, 2))
    """

    exact = False

    def round(self, numerator: Dim, denominator: int, rounding: Rounding | None) -> Dim:
        """numerator / denominator, as it is."""
        return _reduced(numerator, denominator)

    def ceil_div(self, a: Dim, b: int) -> Dim:
        """a / b, as it is."""
        return _reduced(a, b)

    def floor_div(self, a: Dim, b: int) -> Dim:
        """a / b, as it is."""
        return _reduced(a, b)

    def nearest_int(self, numerator: Dim, denominator: int) -> Dim:
        """numerator / denominator, as it is."""
        return _reduced(numerator, denominator)

    def at_least(self, a: Dim, b: Dim) -> Dim:
        """No window is dropped in the idealised network."""
        return 0


def _reduced(numerator: Dim, denominator: int) -> Dim:
    """numerator / denominator as an int where it is whole, else as an exact fraction or expression."""
    if denominator == 1:
        return numerator
    if isinstance(numerator, int | Fraction):
        value = Fraction(numerator, denominator)
        return value.numerator if value.denominator == 1 else value
    return numerator / denominator


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


def _multiplier(value: object, what: str) -> Fraction:
    number = rational(value, what)
    if not 0 < number <= MAX_ALPHA:
        raise MbcostError(
            f"{what} (={exact_text(number)}) must be above 0 and at most {MAX_ALPHA}",
            help=f"0.25 to 2 are usual values of {what}",
        )
    return number


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
    """Read a rounding rule: ``floor``, ``divisor:8``, ``floor+divisor:8`` or ``none``.

    >>> parse_rounding("floor+divisor:8")
    Rounding(floor=True, divisor=8)
    """
    if text == "none":
        return NO_ROUNDING
    match = re.fullmatch(r"(floor)?(?:(\+)?divisor:([1-9][0-9]{0,5}))?", text, re.ASCII)
    if not match or not text or (match[2] is None) != (match[1] is None or match[3] is None):
        close = nearest(text, ["floor", "divisor:8", "floor+divisor:8", "none"])
        raise MbcostError(
            f"unknown rounding {_quoted(text[:40])}",
            help=f"use floor, divisor:8, floor+divisor:8 or none{'; nearest: ' + close if close else ''}",
        )
    return Rounding(match[1] is not None, int(match[3] or 0))


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
