"""Exact numbers as text. The only number formatting of the program.

Every function takes integers and exact fractions and works in integers throughout; where digits are left away the
last one is rounded half up (a tie away from zero). A float is refused: a count that went through one is not a count.
"""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from fractions import Fraction

    Exact = int | Fraction | Decimal

#: Decimal places up to which an exact number reads better as a decimal than as a fraction.
READABLE_PLACES = 6


def count(value: Exact) -> str:
    """An exact count, in groups of three digits; one of unrounded widths that is not whole, to two places.

    >>> from fractions import Fraction
    >>> count(568740352), count(Fraction(6422528, 3))
    ('568,740,352', '2,140,842.67')
    """
    if type(value) is int:
        return f"{value:,}"
    return fixed(value, 0 if fraction_of(value)[1] == 1 else 2, group=True)


def exact(value: Exact) -> str:
    """An exact number for programs to read: plain digits, a fraction where it is not whole.

    >>> from fractions import Fraction
    >>> exact(568740352), exact(Fraction(3, 4))
    ('568740352', '3/4')
    """
    numerator, denominator = fraction_of(value)
    return str(numerator) if denominator == 1 else f"{numerator}/{denominator}"


def delta(value: Exact) -> str:
    """A signed count: what a change adds or removes.

    >>> delta(1234), delta(-21888), delta(0)
    ('+1,234', '-21,888', '0')
    """
    numerator, denominator = fraction_of(value)
    if denominator != 1:
        return ("+" if numerator > 0 else "") + count(value)
    return f"{numerator:+,}" if numerator else "0"


def share(value: Exact, places: int = 2) -> str:
    """A fraction of 1 as a percentage.

    >>> from fractions import Fraction
    >>> share(Fraction(539492352, 568740352))
    '94.86 %'
    """
    numerator, denominator = fraction_of(value)
    return _point(_rounded(100 * numerator, denominator, places), places, group=True) + " %"


def percent_change(value: Exact, places: int = 2) -> str:
    """A signed fraction of 1 as a percentage; a change too small for its digits still shows its direction.

    >>> from fractions import Fraction
    >>> percent_change(Fraction(213, 10000)), percent_change(Fraction(-1, 10**9)), percent_change(0)
    ('+2.13 %', '-0.00 %', '0.00 %')
    """
    numerator, denominator = fraction_of(value)
    sign = "-" if numerator < 0 else "+" if numerator else ""
    return sign + _point(_rounded(100 * abs(numerator), denominator, places), places, group=True) + " %"


def ratio(value: Exact, digits: int = 4) -> str:
    """A ratio with its first significant digits; whole digits are never cut.

    1/N + 1/D_K^2 for N = 512 and D_K = 3, and the same the other way up:

    >>> from fractions import Fraction
    >>> ratio(Fraction(1, 512) + Fraction(1, 9)), ratio(Fraction(4608, 521)), ratio(1), ratio(123456)
    ('0.1131', '8.845', '1.000', '123,456')
    """
    return significant(value, digits, group=True)


def number(value: Exact) -> str:
    """An exact number for people, as a short decimal where it is one and as a fraction where it is not.

    >>> from fractions import Fraction
    >>> number(Fraction(3, 4)), number(Fraction(6, 7)), number(224), number(Fraction(737, 1024))
    ('0.75', '6/7', '224', '737/1024')
    """
    numerator, denominator = fraction_of(value)
    places = _decimal_places(denominator)
    if places is None or places > READABLE_PLACES:
        return f"{numerator}/{denominator}"
    return _point(_rounded(numerator, denominator, places), places)


def decimal(value: Exact, digits: int = 10) -> str:
    """The decimal of a fraction: exact where it ends, else with that many significant digits.

    >>> from fractions import Fraction
    >>> decimal(Fraction(737, 1024)), decimal(Fraction(521, 4608)), decimal(12)
    ('0.7197265625', '0.1130642361', '12')
    """
    numerator, denominator = fraction_of(value)
    places = _decimal_places(denominator)
    if places is None:
        return significant(value, digits)
    return _point(_rounded(numerator, denominator, places), places)


def significant(value: Exact, digits: int, *, group: bool = False) -> str:
    """A decimal with `digits` significant digits, or with all its whole digits where those are more.

    >>> from fractions import Fraction
    >>> significant(Fraction(99999, 100000), 4), significant(Fraction(1, 3000), 4), significant(0, 4)
    ('1.000', '0.0003333', '0.000')
    """
    numerator, denominator = fraction_of(value)
    places = max(0, digits - 1 - _magnitude(abs(numerator), denominator)) if numerator else digits - 1
    scaled = _rounded(numerator, denominator, places)
    if places and abs(scaled) >= 10**digits:
        # Rounding carried into a new digit: 0.99999 is 1.000.
        places -= 1
        scaled = _rounded(numerator, denominator, places)
    return _point(scaled, places, group=group)


def fixed(value: Exact, places: int, *, group: bool = False) -> str:
    """A decimal with a fixed number of places.

    >>> from fractions import Fraction
    >>> fixed(Fraction(5, 1000), 2), fixed(Fraction(-5, 1000), 2), fixed(Fraction(568740352, 10**6), 0)
    ('0.01', '-0.01', '569')
    """
    numerator, denominator = fraction_of(value)
    return _point(_rounded(numerator, denominator, places), places, group=group)


def shape(sizes: Sequence[Exact], times: str = "x") -> str:
    """A feature map as channels, height, width, or a kernel as height, width.

    >>> shape((32, 112, 112)), shape((3, 3))
    ('32x112x112', '3x3')
    """
    return times.join([str(size) if type(size) is int else number(size) for size in sizes])


def fraction_of(value: object) -> tuple[int, int]:
    """Numerator and denominator in lowest terms; a float is refused.

    >>> fraction_of(0.75)
    Traceback (most recent call last):
    TypeError: an exact number is an integer or a fraction, not the float 0.75
    """
    if type(value) is int:
        return value, 1
    if not isinstance(value, float):
        if hasattr(value, "as_integer_ratio"):
            numerator, denominator = value.as_integer_ratio()
            return numerator, denominator
        if hasattr(value, "__index__"):  # a NumPy integer
            return index(value), 1
    raise TypeError(f"an exact number is an integer or a fraction, not the {type(value).__name__} {value}")


def _rounded(numerator: int, denominator: int, places: int) -> int:
    """Round a fraction to units of 10**-places, a tie away from zero."""
    scaled: int = (2 * abs(numerator) * 10**places + denominator) // (2 * denominator)
    return -scaled if numerator < 0 else scaled


def _point(scaled: int, places: int, *, group: bool = False) -> str:
    """Set the decimal point into an integer counted in units of 10**-places."""
    whole, rest = divmod(abs(scaled), 10**places)
    sign = "-" if scaled < 0 else ""
    text = f"{whole:,}" if group else str(whole)
    return f"{sign}{text}.{rest:0{places}}" if places else sign + text


def _decimal_places(denominator: int) -> int | None:
    """How many places the decimal of a reduced fraction has, or None where it never ends."""
    twos = (denominator & -denominator).bit_length() - 1
    rest = denominator >> twos
    fives = 0
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    return max(twos, fives) if rest == 1 else None


def _magnitude(numerator: int, denominator: int) -> int:
    """The power of ten of a positive fraction's first digit: 0 for 1 to 9, -1 for 0.1 to 0.9."""
    power = len(str(numerator)) - len(str(denominator))
    if power >= 0:
        return power if numerator >= denominator * 10**power else power - 1
    return power if numerator * 10**-power >= denominator else power - 1
