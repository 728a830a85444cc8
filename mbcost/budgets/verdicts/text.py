"""A verdict for a terminal and a log: a sentence, then a block for each model and point, with its layers in columns."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from mbcost.budgets.verdicts.words import (
    details,
    facts,
    footer,
    groups,
    heading,
    joined,
    loose,
    notes,
    plural,
    point,
    subject,
    told,
    unnamed,
    verdict,
)
from mbcost.escape import line

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome, Result
    from mbcost.budgets.verdicts.changed import Changed, Report
    from mbcost.budgets.verdicts.words import Cells

__all__ = ["verdict_text"]

INDENT = 6
MOST_CHANGED = 20
MOST_LAYERS = 8
LABEL = 7  # what follows the indent: the longest label, its colon and a blank
MOST = 200  # of a kind are told; -f json has all of them
_COLORS = {"FAIL": "1;31", "WARN": "1;33", "ok": "32"}


def verdict_text(outcome: Outcome, *, show_passed: bool = False, width: int | None = None, color: bool = False) -> str:
    """The verdict, then the failures, worst first, then warnings and notices; what passed on demand.

    ``width`` is the terminal's: lines that are longer fold between words. Off a terminal every line is whole.
    """
    lines = _folded(verdict(outcome), width)
    change = None
    if outcome.base:
        from mbcost.budgets.verdicts.changed import changes_of

        change = changes_of(outcome)
    if change is not None:
        lines += _folded(f"since {outcome.base}: {change.headline}", width)
    lines.append("")
    found = groups([*outcome.failures, *outcome.warnings])
    for group in found[:MOST]:
        lines += [*_block("FAIL" if group[0].status == "fail" else "WARN", group, width, color), ""]
    lines += _more(sum(map(len, found[MOST:])), "over a limit")
    if show_passed:
        for _, within in groupby([result for result in outcome.results if result.status == "pass"], subject):
            lines += [*_block("ok", list(within), width, color), ""]
    if change is not None:
        lines += _changes(change, width)
    noted = [f"note: {note}" for note in notes(outcome)]
    noted += [f"notice: {notice}" for notice in [*unnamed(outcome), *loose(outcome)][:MOST]]
    noted += _more(len(outcome.unbudgeted) + len(outcome.notices) - MOST, "notices")[:1]
    lines += [part for note in noted for part in _folded(note, width)] + ([""] if noted else [])
    return "\n".join([*lines, *_folded(footer(outcome), width)]) + "\n"


def _more(left_out: int, what: str) -> list[str]:
    """How many of a kind are not told, if any."""
    return [f"and {left_out:,} more {what}: -f json has all of them", ""] if left_out > 0 else []


def _block(word: str, results: list[Result], width: int | None, color: bool) -> list[str]:
    """Some results of one cause, or of one model at one point that holds; below those over a limit the layers behind it."""
    over = word != "ok"
    first, *more = _folded(heading(results) if over else subject(results[0]), width, INDENT)
    mark = f"\x1b[{_COLORS[word]}m{word}\x1b[0m" if color else word
    lines = [mark + first[len(word) :], *more]
    for said in told(results) if over else map(facts, results):
        lines += _folded(said, width, INDENT)
    for name, cells in details(results) if over else []:
        lines += _labelled(name, cells, width)
    return lines


def _labelled(name: str, cells: list[Cells], width: int | None) -> list[str]:
    """Lines of cells behind a label."""
    body = [part for row in _columns(cells, width) for part in _folded(row, width, INDENT + LABEL)]
    body[0] = f"{' ' * INDENT}{name + ':':{LABEL}}{body[0].lstrip()}"
    return body


def _changes(report: Report, width: int | None) -> list[str]:
    """The networks that cost something else than in the base: a line a point, and the layers at the first of them."""
    from mbcost.budgets.verdicts.changed import layer_cells

    lines: list[str] = []
    by_model: dict[str, list[Changed]] = {}
    for one in report.changed:
        by_model.setdefault(one.compared.model, []).append(one)
    for model, points in list(by_model.items())[:MOST_CHANGED]:
        first, *more = _folded(model, width, INDENT)
        lines += ["~" + first[1:], *more]
        for one in points[:MOST_CHANGED]:
            amounts = [a for n, a in enumerate(one.amounts) if n < 2 or a.before != a.after]
            told = ", ".join([f"{amount.heading} {amount.text()}" for amount in amounts])
            lines += _folded(f"{point(one.compared)}: {told}", width, INDENT)
        lines += [f"{' ' * INDENT}{text}" for text in _more(len(points) - MOST_CHANGED, "points")[:1]]
        largest = max(points, key=lambda one: len(one.layers))
        layers = list(map(layer_cells, largest.most(MOST_LAYERS)))
        wide = max([len(words) for *_, words in layers], default=0)
        cells: list[Cells] = [
            (name, adds, f"{params} params", f" {words:{wide}}") for name, adds, params, words in layers
        ]
        rest = len(largest.layers) - MOST_LAYERS
        cells += [(f"and {plural(rest, 'more layer')}: `mbcost diff` has all of them",)] if rest > 0 else []
        lines += _labelled("layer", cells, width) if cells else []
        lines.append("")
    lines += _more(len(by_model) - MOST_CHANGED, "models that changed")
    return lines + ([*_folded(report.rest, width), ""] if report.rest else [])


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
