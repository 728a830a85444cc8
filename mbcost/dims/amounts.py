"""Amounts as people write them, read exactly: ``300M`` mult-adds, ``4MiB``, a share of ``20%``, a growth of ``+2%``.

Counts take the 1000-based prefixes K, M, G and T; bytes say what they are, 1000-based (KB, MB) or 1024-based (KiB, MiB).
A share needs its ``%`` and a growth its sign, so that 0.05, 5 and 5 % cannot be taken for one another.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from mbcost.errors import MbcostError

__all__ = ["Growth", "parse_bytes", "parse_count", "parse_growth", "parse_share", "prefixed"]

COUNT_UNITS = {"": 1, "K": 10**3, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BYTE_UNITS = {
    "": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
LEAST_BARE = 10_000
MAX_TEXT = 20

_AMOUNT = re.compile(r"([+-]?)((?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+) ?([A-Za-z]*|%)", re.ASCII)


class Growth(NamedTuple):
    """How much may be added: a share of what there was (``+2%``), or an amount (``+50k``)."""

    amount: Fraction
    relative: bool

    def allowed(self, base: int) -> int:
        """The largest whole number that has not grown by more than this.

        >>> parse_growth("+2%").allowed(568740352)
        580115159
        """
        return base + (int(self.amount * base) if self.relative else int(self.amount))


def parse_count(value: object, what: str = "a limit") -> int:
    """A count of mult-adds, params or elements: ``300M``, ``1.5G``, ``50k``, or an exact count of 10,000 or more.

    >>> parse_count("2.6M"), parse_count("1.5G"), parse_count(568740352)
    (2600000, 1500000000, 568740352)
    >>> parse_count("240", "mult_adds")
    Traceback (most recent call last):
    mbcost.errors.MbcostError: mult_adds: `240` is below 10,000 and has no unit
      help: did you mean `240M`? Exactly 240 is written `0.240K`
    """
    return _amount(value, what, COUNT_UNITS, "an amount such as 300M, 1.5G or 50k (1000-based), or an exact count")


def parse_bytes(value: object, what: str = "a limit") -> int:
    """An amount of memory in bytes: ``4MB`` is 4,000,000 and ``4MiB`` 4,194,304.

    >>> parse_bytes("4MB"), parse_bytes("4MiB"), parse_bytes("0.5 KiB")
    (4000000, 4194304, 512)
    """
    return _amount(
        value, what, BYTE_UNITS, "an amount such as 4MB (1000-based) or 4MiB (1024-based), or an exact count of bytes"
    )


def parse_share(value: object, what: str = "a share", *, zero: bool = False) -> Fraction:
    """A share of the whole, with its ``%``: above 0 %, or ``zero`` itself where that is a share, and at most 100 %.

    >>> parse_share("20%"), parse_share("12.5 %"), parse_share("0.0%", zero=True)
    (Fraction(1, 5), Fraction(1, 8), Fraction(0, 1))
    """
    sign, number, unit, text = _parts(value, what, "a share such as 20%")
    if unit != "%":
        raise MbcostError(f"{what}: `{text}` is not a share: it has no `%`", help=f"write `{_percent(number, unit)}`")
    if sign or not 0 <= number <= 100 or not (number or zero):
        least = "from 0% to" if zero else "above 0% and at most"
        raise MbcostError(f"{what}: a share of `{text}`", help=f"a share is {least} 100%")
    return number / 100


def parse_growth(value: object, what: str = "a growth", *, in_bytes: bool = False) -> Growth:
    """How much something may grow, with its sign: ``+2%`` of what it was, or ``+50k``. ``+0`` forbids any growth.

    >>> parse_growth("+2%"), parse_growth("+50k")
    (Growth(amount=Fraction(1, 50), relative=True), Growth(amount=Fraction(50000, 1), relative=False))
    """
    sign, number, unit, text = _parts(value, what, "a growth such as +2% or +50k")
    if sign == "-":
        raise MbcostError(f"{what}: `{text}` is negative", help=f"write how much it may grow: `+{text[1:]}`")
    bare = number and unit == "" and number < LEAST_BARE
    plain = text.lstrip("+")
    meant = f"did you mean `+{plain}%` or `+{plain}{'KB' if in_bytes else 'k'}`?"
    if not sign:
        fact = f"{what}: `{text}` has no sign, and a growth needs one"
        raise MbcostError(fact, help=meant if bare else f"write `+{text}`")
    if unit == "%":
        return Growth(number / 100, True)
    if bare:
        raise MbcostError(f"{what}: `{text}` is below 10,000 and has no unit", help=meant)
    if in_bytes:
        factor = _factor(BYTE_UNITS, unit, text, what, "a growth such as +2%, +50KB or +4KiB")
    else:
        factor = _factor(COUNT_UNITS, unit, text, what, "a growth such as +2%, +50k or +1M")
    return Growth(Fraction(_whole(number * factor, text, what)), False)


def prefixed(value: int, like: str, digits: int = 3) -> str:
    """A limit of at least ``value``, written as ``like`` is: its unit or a smaller one, rounded up to some digits.

    >>> prefixed(239273472, "300M"), prefixed(2585560, "3 M"), prefixed(4231976, "5000000"), prefixed(1100, "4MiB")
    ('240M', '2.59 M', '4231976', '1.08KiB')
    """
    match = _AMOUNT.fullmatch(like)
    unit = match[3] if match else ""
    if unit in {"", "B"}:
        return f"{value}{' ' if ' ' in like else ''}{unit}"
    units = {**BYTE_UNITS, **COUNT_UNITS}
    family = [known for known in units if known[1:] == unit[1:] and known.upper() != "B" and known != ""]
    while value < units[unit]:
        smaller = [known for known in family if units[known] < units[unit]]
        if not smaller:
            break
        unit = max(smaller, key=lambda known: units[known])
    factor = units[unit]
    places = max(0, digits - len(str(value // factor)))
    text = _decimal(-(-value * 10**places // factor), places)
    return f"{text}{' ' if ' ' in like else ''}{unit}"


def _decimal(scaled: int, places: int) -> str:
    whole, rest = divmod(scaled, 10**places)
    return f"{whole}.{rest:0{places}}".rstrip("0").rstrip(".") if places else str(whole)


def _amount(value: object, what: str, units: dict[str, int], wanted: str) -> int:
    sign, number, unit, text = _parts(value, what, wanted)
    if unit == "%":
        raise MbcostError(
            f"{what}: `{text}` is a share, not an amount",
            help=f"write {wanted}; shares go under max_share, growth under vs_base",
        )
    if sign == "+":
        raise MbcostError(
            f"{what}: `{text}` is a growth, not an amount", help="a growth over the base goes under vs_base"
        )
    if sign == "-" or not number:
        raise MbcostError(f"{what}: a limit of `{text}` is {'negative' if sign else 'zero'}", help=f"write {wanted}")
    factor = _factor(units, unit, text, what, wanted)
    if unit == "" and number < LEAST_BARE:
        if units is BYTE_UNITS:
            raise MbcostError(
                f"{what}: `{text}` is below 10,000 and has no unit",
                help=f"did you mean `{text}KB` or `{text}MB`? Bytes are `{text}B`",
            )
        exact = (
            f" Exactly {text} is written `{int(number) // 1000}.{int(number) % 1000:03}K`"
            if number.denominator == 1
            else ""
        )
        raise MbcostError(f"{what}: `{text}` is below 10,000 and has no unit", help=f"did you mean `{text}M`?{exact}")
    return _whole(number * factor, text, what)


def _parts(value: object, what: str, wanted: str) -> tuple[str, Fraction, str, str]:
    """Sign, number, unit and the text itself."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise MbcostError(f"{what}: a {type(value).__name__} is not an amount", help=f"write {wanted}")
    text = (
        value.strip() if isinstance(value, str) else str(value) if abs(value) < 10**MAX_TEXT else "9" * (MAX_TEXT + 1)
    )
    shown = "".join(c if c.isprintable() else "?" for c in text[:40])
    match = _AMOUNT.fullmatch(text) if len(text) <= MAX_TEXT else None
    if match is None:
        plain = text.replace(",", "").replace("_", "")
        hint = (
            f"write `{plain}`"
            if plain != text and len(text) <= MAX_TEXT and _AMOUNT.fullmatch(plain)
            else f"write {wanted}"
        )
        raise MbcostError(f"{what}: `{shown}` is not an amount", help=hint)
    return match[1], Fraction(match[2]), match[3], shown


def _factor(units: dict[str, int], unit: str, text: str, what: str, wanted: str) -> int:
    factor = units.get(unit)
    if factor is not None:
        return factor
    number = text[: len(text) - len(unit)]
    if units is BYTE_UNITS and unit.upper() in COUNT_UNITS:
        upper = unit.upper()
        raise MbcostError(
            f"{what}: `{text}` does not say which bytes",
            help=f"write `{number}{upper}B` (1000-based) or `{number}{upper}iB` (1024-based)",
        )
    near = next((known for known in units if known and known.upper() == unit.upper()), "")
    if units is COUNT_UNITS and unit in BYTE_UNITS:
        raise MbcostError(f"{what}: `{text}` is in bytes, and this is a count", help=f"write {wanted}")
    raise MbcostError(
        f"{what}: `{text}` has the unknown unit `{unit}`",
        help=f"did you mean `{number}{near}`?" if near else f"write {wanted}",
    )


def _whole(amount: Fraction, text: str, what: str) -> int:
    """The whole number that allows what the amount allows: the part below one is dropped."""
    if amount and int(amount) == 0:
        raise MbcostError(f"{what}: `{text}` is less than 1", help="nothing is that small: check the unit")
    return int(amount)


def _percent(number: Fraction, unit: str) -> str:
    """What a share without its sign may have meant: 0.2 and 20 are both 20%."""
    scaled = number * 100 if number < 1 and not unit else number
    places = max(0, len(str(scaled.denominator)))
    return f"{_decimal(int(scaled * 10**places), places)}%"
