"""A verdict for a pull request or a job summary: a sentence, a table, and what grew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbcost import escape
from mbcost.budgets.verdicts.words import (
    amount,
    details,
    excess,
    footer,
    joined,
    loose,
    notes,
    plural,
    point,
    subject,
    verdict,
)
from mbcost.report.markdown import bold, line_start
from mbcost.report.numbers import share

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome, Result

__all__ = ["MARKER", "MAX_CHARACTERS", "capped", "verdict_markdown"]

MARKER = "<!-- mbcost check -->"
MAX_CHARACTERS = 60_000  # a comment on GitHub takes 65,536

_WORDS = {"fail": "over", "warn": "warning", "pass": "within", "new": "new, no base", "unchecked": "not checked"}


def verdict_markdown(outcome: Outcome, *, show_passed: bool = False) -> str:
    """The verdict with a marker, by which a bot finds the comment it wrote before; never longer than a comment may be."""
    results = [*outcome.failures, *outcome.warnings]
    if show_passed:
        results += [result for result in outcome.results if result.status not in {"fail", "warn"}]
    head = [MARKER, bold(escape.markdown(verdict(outcome))), ""]
    blocks: list[list[str]] = []
    if results:
        head += ["| | model | at | quantity | value | limit | over |", "| :-- | :-- | :-- | :-- | --: | --: | --: |"]
        blocks += [[_row(result)] for result in results]
    tail = [f"- {line_start(escape.markdown(note))}" for note in [*notes(outcome), *loose(outcome)]]
    explained = [block for result in results for block in [_explained(result)] if block]
    return capped(head, blocks, explained, tail, ["", escape.markdown(footer(outcome)), ""])


def capped(head: list[str], rows: list[list[str]], details: list[list[str]], tail: list[str], end: list[str]) -> str:
    """The parts in order; details, notes and then rows give way, from the end, to stay within the size of a comment.

    >>> capped(["head"], [["row"]], [], [], ["end"])
    'head\\nrow\\nend'
    """
    room = MAX_CHARACTERS - 200 - sum(len(line) + 1 for line in [*head, *end])
    kept: list[list[str]] = []
    left_out = 0
    for part in (rows, [["", *block] for block in details], [["", *tail]] if tail else []):
        lines: list[str] = []
        for block in part:
            size = sum(len(line) + 1 for line in block)
            if left_out or size > room:
                left_out += 1
            else:
                room -= size
                lines += block
        kept.append(lines)
    more = (
        ["", f"{plural(left_out, 'more entry').replace('entrys', 'entries')} left out: run `mbcost` for all of it"]
        if left_out
        else []
    )
    return "\n".join([*head, *[line for lines in kept for line in lines], *more, *end])


def _row(result: Result) -> str:
    limit = result.limit
    name = limit.heading + (f" of {result.layer}" if result.layer else "")
    over = f"{excess(result)} ({share(result.over_share)})" if result.over else ""
    text = limit.text + (" over the base" if limit.kind == "vs_base" else "")
    value = ("at least " if result.bound else "") + amount(result, result.value)
    if limit.kind == "vs_base" and result.base is not None:
        value += f" (was {'at least ' * result.base_bound}{amount(result, result.base)})"
    cells = [
        bold(_WORDS[result.status]),
        escape.markdown(result.model),
        escape.markdown(point(result)),
        escape.markdown(name),
        value,
        escape.markdown(text),
        over,
    ]
    return "| " + " | ".join(cells) + " |"


def _explained(result: Result) -> list[str]:
    """The layers behind one result over its limit, folded away."""
    if result.status not in {"fail", "warn"}:
        return []
    limit = result.limit
    name = f"{subject(result)}: {limit.heading}, {'expected' if limit.kind == 'expect' else 'limit'} {limit.text}"
    lines = [f"<details><summary>{escape.html(name).replace('@', escape.MENTION)}</summary>", ""]
    for label, rows in details(result):
        texts = [escape.markdown(joined(row)) for row in rows]
        lines += [f"- {label}: {texts[0]}"] if len(texts) == 1 else [f"- {label}:", *[f"  - {text}" for text in texts]]
    return [*lines, "", "</details>"]
