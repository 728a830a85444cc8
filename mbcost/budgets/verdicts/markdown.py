"""A verdict for a pull request or a job summary: a sentence, a table, and what grew."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mbcost import escape
from mbcost.budgets.verdicts.words import (
    amount,
    details,
    excess,
    footer,
    groups,
    heading,
    joined,
    loose,
    notes,
    plural,
    point,
    told,
    unnamed,
    verdict,
)
from mbcost.report.markdown import bold, line_start
from mbcost.report.numbers import share

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome, Result
    from mbcost.budgets.verdicts.changed import Changed

__all__ = ["MARKER", "MAX_CHARACTERS", "Section", "capped", "verdict_markdown"]

MARKER = "<!-- mbcost check -->"
MAX_CHARACTERS = 60_000  # a comment on GitHub takes 65,536

_HEAD = ("| | model | at | quantity | value | limit | over |", "| :-- | :-- | :-- | :-- | --: | --: | --: |")
_WORDS = {"fail": "over", "warn": "warning", "pass": "within", "new": "new, no base", "unchecked": "not checked"}


class Section(NamedTuple):
    """A part of the report: what stands above it, its blocks, and what one of them is called when some are left out."""

    head: list[str]
    blocks: list[list[str]]
    what: str


def verdict_markdown(outcome: Outcome, *, show_passed: bool = False) -> str:
    """The verdict, and with a base what changed; never longer than a comment may be.

    Its first line is a marker, by which a workflow finds the comment it wrote before.
    """
    over = [*outcome.failures, *outcome.warnings]
    results = over + [r for r in outcome.results if r.status not in {"fail", "warn"}] if show_passed else over
    head = [MARKER, bold(escape.markdown(verdict(outcome)))]
    sections = []
    if results:
        sections.append(Section(["", *_HEAD], [[_row(result)] for result in results], "limit"))
    change = None
    if outcome.base:
        from mbcost.budgets.verdicts.changed import changes_of

        change = changes_of(outcome)
    if change is not None:
        headline = f"**{escape.markdown(change.headline)}** since {escape.markdown(outcome.base)}"
        columns = [escape.markdown(name) for _, name in change.columns]
        table = ["| model | at | " + " | ".join(columns) + " |", "| :-- | :-- |" + " --: |" * len(columns)]
        head += ["", headline]
        if change.changed:
            rows = [[_changed(one, change.columns)] for one in change.changed]
            sections.append(Section(["", *table], rows, "changed network"))
        if change.rest:
            sections.append(Section([], [["", escape.markdown(change.rest)]], "line"))
    sections.append(Section([], [["", *_explained(group)] for group in groups(over)], "explanation"))
    if change is not None:
        sections.append(Section([], [["", *_layers(one)] for one in change.changed if one.layers], "layer list"))
    noted = [f"- {line_start(escape.markdown(note))}" for note in [*notes(outcome), *unnamed(outcome), *loose(outcome)]]
    sections.append(Section([""], [[note] for note in noted], "note"))
    return capped(head, sections, ["", escape.markdown(footer(outcome)), ""])


def capped(head: list[str], sections: list[Section], end: list[str]) -> str:
    """The sections in order; what is too much for a comment is left out, from the end of each, and counted.

    >>> print(capped(["head"], [Section(["rows"], [["row"]], "row"), Section(["none"], [], "row")], ["end"]))
    head
    rows
    row
    end
    """
    room = MAX_CHARACTERS - 400 - sum(len(line) + 1 for line in [*head, *end])
    lines: list[str] = []
    left_out = []
    for section in sections:
        room -= sum(len(line) + 1 for line in section.head)
        for kept, block in enumerate(section.blocks):
            size = sum(len(line) + 1 for line in block)
            if size > room:
                left_out.append(plural(len(section.blocks) - kept, section.what))
                break
            room -= size
            lines += [*(section.head if kept == 0 else []), *block]
    more = ["", f"Left out here: {', '.join(left_out)}. `mbcost check` tells all of it."] if left_out else []
    return "\n".join([*head, *lines, *more, *end])


def _row(result: Result) -> str:
    limit = result.limit
    name = limit.heading + (f" of {result.layer}" if result.layer else "")
    over = f"{excess(result)} ({share(result.over_share)})" if result.over else ""
    text = "warning at " * limit.warns + limit.text + (" over the base" if limit.kind == "vs_base" else "")
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


def _explained(results: list[Result]) -> list[str]:
    """The layers behind the results of one cause, folded away."""
    result = results[0]
    limit = result.limit
    kind = "expected" if limit.kind == "expect" else "warning limit" if limit.warns else "limit"
    name = f"{heading(results)}: {limit.heading}, {kind} {limit.text}"
    name += f" and {len(results) - 1} more" if len(results) > 1 else ""
    lines = [f"<details><summary>{escape.html(name).replace('@', escape.MENTION)}</summary>", ""]
    lines += [f"- {escape.markdown(said)}" for said in told(results)]
    for label, rows in details(results):
        texts = [escape.markdown(joined(row)) for row in rows]
        lines += [f"- {label}: {texts[0]}"] if len(texts) == 1 else [f"- {label}:", *[f"  - {text}" for text in texts]]
    return [*lines, "", "</details>"]


def _changed(one: Changed, columns: list[tuple[str, str]]) -> str:
    amounts = {amount.name: amount.text("\u2192") for amount in one.amounts}
    cells = [one.compared.model, point(one.compared), *[amounts.get(name, "") for name, _ in columns]]
    return "| " + " | ".join(map(escape.markdown, cells)) + " |"


def _layers(one: Changed) -> list[str]:
    """The layers of a network that changed, folded away."""
    from mbcost.budgets.verdicts.changed import layer_cells

    name = f"{one.subject}: {plural(len(one.layers), 'layer')} changed"
    lines = [f"<details><summary>{escape.html(name).replace('@', escape.MENTION)}</summary>", ""]
    lines += ["| layer | mult-adds | params | what |", "| :-- | --: | --: | :-- |"]
    lines += ["| " + " | ".join(map(escape.markdown, layer_cells(change))) + " |" for change in one.most()]
    return [*lines, *(["", escape.markdown(one.left_out)] if one.left_out else []), "", "</details>"]
