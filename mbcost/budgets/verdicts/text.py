"""A verdict for a terminal and a log: a sentence, then a block for each model and point, with its layers in columns."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from mbcost.budgets.verdicts.words import details, facts, footer, joined, loose, notes, subject, verdict
from mbcost.escape import line

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome, Result
    from mbcost.budgets.verdicts.words import Cells

__all__ = ["verdict_text"]

INDENT = 6
LABEL = 7  # what follows the indent: the longest label, its colon and a blank
MOST = 200  # of a kind are told; -f json has all of them
_COLORS = {"FAIL": "1;31", "WARN": "1;33", "ok": "32"}


def verdict_text(outcome: Outcome, *, show_passed: bool = False, width: int | None = None, color: bool = False) -> str:
    """The verdict, then the failures, worst first, then warnings and notices; what passed on demand.

    ``width`` is the terminal's: lines that are longer fold between words. Off a terminal every line is whole.
    """
    lines = [*_folded(verdict(outcome), width), ""]
    for word, results in (("FAIL", outcome.failures), ("WARN", outcome.warnings)):
        for result in results[:MOST]:
            lines += [*_block(word, [result], width, color), ""]
        lines += _more(len(results) - MOST, "over a limit" if word == "FAIL" else "over a warning limit")
    if show_passed:
        for _, group in groupby([result for result in outcome.results if result.status == "pass"], subject):
            lines += [*_block("ok", list(group), width, color), ""]
    told = [f"note: {note}" for note in notes(outcome)]
    told += [f"notice: {notice}" for notice in loose(outcome)[:MOST]]
    told += _more(len(outcome.notices) - MOST, "loose limits")[:1]
    lines += [part for note in told for part in _folded(note, width)] + ([""] if told else [])
    return "\n".join([*lines, *_folded(footer(outcome), width)]) + "\n"


def _more(left_out: int, what: str) -> list[str]:
    """How many of a kind are not told, if any."""
    return [f"and {left_out:,} more {what}: -f json has all of them", ""] if left_out > 0 else []


def _block(word: str, results: list[Result], width: int | None, color: bool) -> list[str]:
    """Some results of one model at one point; below one over its limit the layers behind it."""
    first, *more = _folded(subject(results[0]), width, INDENT)
    mark = f"\x1b[{_COLORS[word]}m{word}\x1b[0m" if color else word
    lines = [mark + first[len(word) :], *more]
    for result in results:
        lines += _folded(facts(result), width, INDENT)
        for name, cells in details(result) if word != "ok" else []:
            body = [part for row in _columns(cells, width) for part in _folded(row, width, INDENT + LABEL)]
            body[0] = f"{' ' * INDENT}{name + ':':{LABEL}}{body[0].lstrip()}"
            lines += body
    return lines


def _columns(rows: list[Cells], width: int | None) -> list[str]:
    """Rows of cells under one another, names on the left and numbers on the right; as running text where that is too wide."""
    table = [row for row in rows if len(row) > 1]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    if width is not None and INDENT + LABEL + sum(widths) + len(widths) > width:
        return [joined(row) for row in rows]
    lines = []
    for row in rows:
        name, *numbers = row
        cells = [number.rjust(wide) for number, wide in zip(numbers, widths[1:], strict=False)]
        lines.append(joined((name.ljust(widths[0]) if numbers else name, *cells)).rstrip())
    return lines


def _folded(text: str, width: int | None, indent: int = 0) -> list[str]:
    """A line behind an indent, folded where the terminal is narrower."""
    pad, text = " " * indent, line(text)
    if width is None or indent + len(text) <= width:
        return [pad + text]
    from mbcost.report.fold import fold_words

    return [pad + line for line in fold_words(text, max(width - indent, 1), indent="  ")]
