"""The verdict of a check, for a terminal, a pull request, GitHub's annotations and JUnit readers. No renderer imports Rich."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome

__all__ = ["FORMATS", "render_verdict"]

FORMATS = ("table", "markdown", "github", "junit")


def render_verdict(
    outcome: Outcome, fmt: str, *, show_passed: bool = False, width: int | None = None, color: bool = False
) -> str:
    """What a check found, as text in one of the `FORMATS`; width and colour of a terminal concern `table` only."""
    if fmt == "table":
        from mbcost.report.verdicts.text import verdict_text

        return verdict_text(outcome, show_passed=show_passed, width=width, color=color)
    if fmt == "markdown":
        from mbcost.report.verdicts.markdown import verdict_markdown

        return verdict_markdown(outcome, show_passed=show_passed)
    if fmt == "github":
        from mbcost.report.verdicts.github import annotation_lines
        from mbcost.report.verdicts.words import footer, verdict

        return f"{verdict(outcome)}\n{annotation_lines(outcome)}{footer(outcome)}\n"
    if fmt == "junit":
        from mbcost.report.verdicts.junit import junit

        return junit(outcome)
    raise ValueError(f"unknown format `{fmt}`; the formats are {', '.join(FORMATS)}")
