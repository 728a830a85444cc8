"""The ratchet: limits rewritten in place to what is used plus some headroom, and never raised unless asked."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from mbcost.budgets.specs import BudgetFile, Limit, Outcome, Result
from mbcost.dims.amounts import LEAST_BARE, prefixed
from mbcost.errors import MbcostError, Place
from mbcost.quantities import QUANTITIES

__all__ = ["Edit", "count_text", "edits", "refused", "rewritten", "tightened"]

MAX_DIGITS = 15


class Edit(NamedTuple):
    """One limit's text, before and after."""

    limit: Limit
    place: Place
    text: str


def edits(outcome: Outcome, headroom: Fraction, *, allow_raise: bool = False) -> list[Edit]:
    """What to rewrite: each limit to the most that any of its models and points uses, plus the headroom.

    A warning gets half the headroom, so that it still comes first. A limit that would be raised is left alone, unless
    ``allow_raise``. Growth over the base (``vs_base``) is not touched, nor is a layer's share: it grows where another layer
    shrinks, so that a share cut close would fail whoever saves something.
    """
    used: dict[Place, tuple[Limit, Fraction]] = {}
    for result in outcome.results:
        limit = result.limit
        if limit.share or limit.kind in {"vs_base", "expect"} or limit.place is None or result.bound:
            continue
        most = Fraction(result.value)
        known = used.get(limit.place)
        used[limit.place] = (limit, max(most, known[1]) if known else most)
    blocked = {r.limit.place for r in outcome.results if r.bound}
    usable = {place: pair for place, pair in used.items() if place not in blocked and pair[1]}
    found: dict[Place, Edit] = {}
    for place, (limit, most) in sorted(
        usable.items(), key=lambda item: item[1][0].warns
    ):  # limits before their warnings
        top = _top(limit, place, used, found) if limit.warns else None
        target = most * (1 + (headroom / 2 if limit.warns else headroom))
        text = _text(limit, target if top is None or target < top else most, top)
        if text is None:
            if top is not None and Fraction(limit.amount) < top:
                continue
            raise MbcostError(
                f"there is no room for the warning on {limit.quantity} below its limit",
                help="give a larger --headroom, or remove the warning",
                place=place,
            )
        change = _amount(limit, text) - Fraction(limit.amount)
        if change < 0 or (change > 0 and most > Fraction(limit.amount) and allow_raise):
            found[place] = Edit(limit, place, text)
    return [found[place] for place in used if place in found]


def _top(
    limit: Limit, place: Place, used: dict[Place, tuple[Limit, Fraction]], found: dict[Place, Edit]
) -> Fraction | None:
    """The limit that fails, above a warning on the same quantity, as it will be written."""
    wanted = (limit.kind.replace("warn", "max"), limit.budget, limit.quantity, limit.layers, limit.in_bytes)
    for beside, (other, _) in used.items():
        if (
            beside.file == place.file
            and (other.kind, other.budget, other.quantity, other.layers, other.in_bytes) == wanted
        ):
            return _amount(other, found[beside].text) if beside in found else Fraction(other.amount)
    return None


def _text(limit: Limit, target: Fraction, below: Fraction | None) -> str | None:
    """A limit of at least the target, in the unit and the style of the old one; where asked, below another."""
    for digits in range(3, MAX_DIGITS):
        text = count_text(-int(-target // 1), limit.text, digits, in_bytes=limit.in_bytes)
        if below is None or _amount(limit, text) < below:
            return text
    return None


def count_text(value: int, like: str, digits: int = 3, *, in_bytes: bool = False) -> str:
    """A limit of at least ``value``, in the unit and the style of another one's text.

    >>> count_text(298616832, "300M"), count_text(1234, "3M"), count_text(1234, "4MiB", in_bytes=True)
    ('299M', '1.24K', '1.21KiB')
    """
    text = prefixed(value, like.strip(), digits)
    if text.isdigit() and value < LEAST_BARE:  # a bare count this small would be refused
        return f"{value}B" if in_bytes else f"{value // 1000}.{value % 1000:03}K"
    return text


def _amount(limit: Limit, text: str) -> Fraction:
    return Fraction(QUANTITIES[limit.quantity].read(text, "limit")[0])


def rewritten(file: BudgetFile, changes: list[Edit]) -> str:
    """The text of a budgets file with the limits' own text replaced, and every other character as it was."""
    lines = file.text.splitlines(keepends=True)
    for edit in sorted(changes, key=lambda e: (e.place.line, e.place.column), reverse=True):
        line, start = lines[edit.place.line - 1], edit.place.column - 1
        quote = line[start] if line[start] in "\"'" else ""
        old = f"{quote}{edit.limit.text}{quote}"
        if not line.startswith(old, start):
            raise MbcostError(
                f"the limit `{edit.limit.text}` is not written on one line",
                help="write it on one line",
                place=edit.place,
            )
        lines[edit.place.line - 1] = f"{line[:start]}{quote}{edit.text}{quote}{line[start + len(old) :]}"
    return "".join(lines)


def refused(outcome: Outcome, allow_raise: bool) -> list[Result]:
    """The failures that an update does not mend: growth over the base, shares, bounds, and without ``allow_raise`` every one."""
    return [
        r
        for r in outcome.failures
        if not allow_raise or r.limit.share or r.limit.kind in {"vs_base", "expect"} or r.bound
    ]


def tightened(outcome: Outcome, headroom: Fraction = Fraction(5, 100)) -> set[Place]:
    """The limits that an update of this outcome would tighten: none where it would refuse, or where nothing is to be written."""
    if refused(outcome, allow_raise=False):
        return set()
    try:
        changes = edits(outcome, headroom)
        for file in outcome.files:
            rewritten(file, [edit for edit in changes if edit.place.file == file.path])
    except MbcostError:
        return set()
    files = {file.path for file in outcome.files} - {"", "<stdin>"}
    return {edit.place for edit in changes if edit.place.file in files}
