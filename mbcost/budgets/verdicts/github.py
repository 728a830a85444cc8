"""Annotations: workflow commands that GitHub Actions shows on the lines of a pull request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mbcost.budgets.verdicts.words import explained, groups, loose, plural, unnamed
from mbcost.escape import workflow, workflow_property

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome, Result
    from mbcost.errors import Place

__all__ = ["annotation_lines", "command"]

MOST = 10  # GitHub shows ten of a kind a step


def annotation_lines(outcome: Outcome) -> str:
    """At most ten workflow commands: for each cause of failures, worst first, then of warnings, then notices; the rest in one line."""
    commands = [_annotation(group) for group in groups([*outcome.failures, *outcome.warnings])]
    level = "error" if outcome.gated else "notice"
    commands += [
        command(level, said, "no budget", place)
        for place, said in zip(outcome.unbudgeted, unnamed(outcome), strict=True)
    ]
    commands += [
        command("notice", said, "loose budget", result.limit.place)
        for result, said in zip(outcome.notices, loose(outcome), strict=True)
    ]
    shown, rest = commands[:MOST], len(commands) - MOST
    if rest > 0:
        shown.append(f"and {plural(rest, 'more annotation')} that GitHub would not show")
    return "".join([f"{line}\n" for line in shown])


def _annotation(results: list[Result]) -> str:
    failed = results[0].status == "fail"
    level, title = ("error", "over budget") if failed else ("warning", "over a warning limit")
    place = results[0].place
    if place is not None and _relative(place.file) is None:
        place = results[0].limit.place  # a table outside the repository has no line to show
    return command(level, explained(results), title, place)


def command(level: str, message: str, title: str, place: Place | None = None) -> str:
    """One workflow command, escaped as the runner reads it.

    >>> from mbcost.errors import Place
    >>> command("error", "8 % over", "mbcost: budget", Place("net.yaml", 14, 5))
    '::error file=net.yaml,line=14,col=5,title=mbcost%3A budget::8 %25 over'
    """
    properties = []
    if place is not None:
        properties = [
            f"file={workflow_property(_relative(place.file) or place.file)}",
            f"line={place.line}",
            f"col={place.column}",
        ]
    properties.append(f"title={workflow_property(title)}")
    return f"::{level} {','.join(properties)}::{workflow(message)}"


def _relative(file: str) -> str | None:
    """A file's path from the root of the workspace, as annotations want it; None outside it."""
    root = os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or os.curdir)
    path = os.path.relpath(os.path.realpath(file), root)
    return None if path.split(os.sep)[0] == os.pardir else path.replace(os.sep, "/")
