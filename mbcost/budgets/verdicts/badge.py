"""The tightest limit as a badge: an endpoint of shields.io, or a picture."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mbcost import escape
from mbcost.dims.amounts import Growth
from mbcost.report.numbers import count, delta, percent_change, share

if TYPE_CHECKING:
    from mbcost.budgets.specs import Limit, Outcome, Result

__all__ = ["badge", "badge_json", "badge_svg"]

COLOURS = {"pass": ("brightgreen", "#4c1"), "warn": ("yellow", "#dfb317"), "fail": ("red", "#e05d44"), "": ("lightgrey", "#9f9f9f")}  # fmt: skip
UNITS = (("G", 10**9), ("M", 10**6), ("K", 10**3))
BYTES = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_NARROW, _WIDE = frozenset(" .,:;!|'ijltfr()[]/"), frozenset("mwMW%")


def badge(outcome: Outcome) -> tuple[str, str, str]:
    """What it is about, what it says, and its status.

    >>> from mbcost.budgets.evaluate import check
    >>> from mbcost.budgets.reading import read_budgets_text
    >>> text = "{format: 1, budgets: [{model: mobilenet_v1, at: {alpha: 0.75, resolution: 192}, max: {mult_adds: 240M, params: 3M}}]}"
    >>> badge(check([read_budgets_text(text)]))
    ('mult-adds', '239M / 240M', 'pass')
    """
    known = [r for r in outcome.results if r.status in {"fail", "warn", "pass"} and r.allowed is not None]
    if not known:
        return "mbcost", "not checked", ""
    held = [r for r in known if r.limit.kind != "expect"] or known
    ranks = {"fail": 2, "warn": 1, "pass": 0}
    # What may grow so much over the base is always close to what it may be: it is told of where it fails, or nothing else is.
    own = [r for r in held if r.limit.kind != "vs_base" or r.status != "pass"] or held
    result = max(own, key=lambda r: (ranks[r.status], _use(r)))
    label = result.limit.heading + (f" of {result.layer}" if result.layer else "")
    return label, f"{_value(result)} / {result.limit.text}", "fail" if outcome.failures else result.status


def _use(result: Result) -> Fraction:
    """How much of its limit a result uses."""
    return Fraction(result.value) / result.allowed if result.allowed else Fraction(result.value)


def _value(result: Result) -> str:
    """The value to three digits: never rounded up to a limit that holds, nor down to one that does not."""
    limit, over = result.limit, result.status != "pass"
    least = "at least " * result.bound
    if limit.share:
        return least + share(result.value)
    if isinstance(limit.amount, Growth) and result.base is not None:
        grown = result.value - result.base
        relative = limit.amount.relative and result.base
        return least + (percent_change(Fraction(grown, result.base)) if relative else delta(grown))
    return least + _short(result.value, limit, up=over)


def _short(value: int, limit: Limit, *, up: bool) -> str:
    if type(value) is not int or limit.kind == "expect":
        return count(value)
    for unit, size in BYTES if limit.in_bytes else UNITS:
        if value >= size:
            places = next(p for p in (2, 1, 0) if value < size * 10 ** (3 - p) or p == 0)
            scaled = value * 10**places
            cut = -(-scaled // size) if up else scaled // size
            text = f"{cut // 10**places}.{cut % 10**places:0{places}}" if places else f"{cut:,}"
            return (text.rstrip("0").rstrip(".") if places else text) + unit
    return f"{value}B" if limit.in_bytes else str(value)


def badge_json(outcome: Outcome) -> str:
    """An endpoint badge of shields.io, in ASCII."""
    import json

    label, message, status = badge(outcome)
    keys = {
        "schemaVersion": 1,
        "label": escape.line(label),
        "message": escape.line(message),
        "color": COLOURS[status][0],
    }
    return escape.json(json.dumps(keys)) + "\n"


def badge_svg(outcome: Outcome) -> str:
    """The badge as a picture that needs no server; its text is text."""
    label, message, status = badge(outcome)
    wide = [_width(text) for text in (label, message)]
    label, message = escape.html(escape.xml(label)), escape.html(escape.xml(message))
    texts = [
        f'<text x="{middle}" y="14" textLength="{width - 10}">{text}</text>'
        for text, width, middle in ((label, wide[0], wide[0] / 2), (message, wide[1], wide[0] + wide[1] / 2))
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sum(wide)}" height="20" role="img" aria-label="{label}: {message}">\n'
        f"<title>{label}: {message}</title>\n"
        f'<rect width="{wide[0]}" height="20" fill="#555"/><rect x="{wide[0]}" width="{wide[1]}" height="20" fill="{COLOURS[status][1]}"/>\n'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{"".join(texts)}</g>\n'
        "</svg>\n"
    )


def _width(text: str) -> int:
    """About how wide a text is in the font of badges, in pixels, with a margin."""
    return 10 + sum(4 if c in _NARROW else 10 if c in _WIDE else 7 for c in escape.line(text))
