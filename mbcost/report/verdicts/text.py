"""A verdict for a terminal and a log: plain lines, nothing to fold, nothing that needs colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbcost.report.verdicts.words import details, footer, grown, loose, notes, sentence, verdict

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome, Result

__all__ = ["failure_text", "verdict_text"]


def verdict_text(outcome: Outcome, *, show_passed: bool = False) -> str:
    """The verdict, then the failures, worst first, then warnings and notices; what passed on demand."""
    lines = [verdict(outcome), ""]
    for result in outcome.failures:
        lines += [*failure_text(result, "FAIL"), ""]
    for result in outcome.warnings:
        lines += [*failure_text(result, "WARN"), ""]
    if show_passed:
        passed = [f"ok    {sentence(result)}" for result in outcome.results if result.status == "pass"]
        lines += [*passed, ""] if passed else []
    told = [f"note: {note}" for note in notes(outcome)]
    told += [f"notice: {loose(result)}" for result in outcome.notices]
    lines += [*told, ""] if told else []
    lines.append(footer(outcome))
    return "\n".join(lines) + "\n"


def failure_text(result: Result, word: str) -> list[str]:
    """One result over its limit, and what stands below it; the layers that grew a line each."""
    lines = [f"{word}  {sentence(result)}"]
    for name, text in details(result):
        first, *rest = grown(result) if name == "grew" else [text]
        lines += [f"      {name + ':':6} {first}", *[f"             {line}" for line in rest]]
    return lines
