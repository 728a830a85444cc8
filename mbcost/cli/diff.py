"""``mbcost diff``: what changed between two networks, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import click

from mbcost import escape
from mbcost.analysis.diff import Change, difference, relative
from mbcost.cli.code import load, model_options
from mbcost.cli.options import (
    MODEL,
    Choice,
    Question,
    columns_options,
    output_options,
    row_quantities,
    variant_options,
)
from mbcost.dims import exact_text
from mbcost.errors import MbcostError
from mbcost.network import PLAIN, Cost
from mbcost.quantities import BITS, TOTALS, AnyBits, Quantity, measured
from mbcost.report import FORMATS, Field, Report, Rows, Where
from mbcost.report.ascii import in_stream
from mbcost.report.changed import what
from mbcost.report.costed import told
from mbcost.report.heads import head
from mbcost.report.numbers import count, percent_change, ratio
from mbcost.tables.code import is_code

__all__ = ["command"]

MARKER = "<!-- mbcost diff -->"
MAX_CHARACTERS = 60_000  # a comment on GitHub takes 65,536


@click.command("diff", short_help="What changed, layer by layer.")
@click.argument("old", type=MODEL)
@click.argument("new", type=MODEL)
@click.option(
    "--by",
    type=Choice(["order", "mult_adds", "params", *row_quantities()]),
    default="order",
    show_default=True,
    help="Order of the layers.",
)
@columns_options
@variant_options
@output_options
@model_options
def command(old: str, new: str, by: str, **options: Any) -> None:
    """What NEW adds to, removes from and changes in OLD. Each is a shipped name, a layer table, or REV:path in git.

    \b
    mbcost diff mobilenet_v1 mobilenet_v2                     two networks
    mbcost diff main:models/net.yaml models/net.yaml          since main
    mbcost diff HEAD~3:models/net.yaml HEAD:models/net.yaml   two revisions
    mbcost diff mobilenet_v1@1 mobilenet_v1@0.5               what a smaller alpha saves

    + added, - removed, ~ changed. Layers are matched by the names given in the tables, the rest by kind and fields.
    """
    if old == new == "-":
        raise MbcostError("both sides are standard input, which can be read once", help="give one of them as a file")
    question = Question(options)
    before, after = [_cost(text, question) for text in (old, new)]
    found = _Found((old, new), before, after, question)
    if by != "order":
        found.changed.sort(key=lambda change: -abs(change.difference(by)))
    question.emit(found.report())


def _cost(text: str, question: Question) -> Cost:
    from mbcost.budgets.git import is_revision_path, load_at

    name, variant = question.at(text)
    if is_revision_path(text) and not is_code(name):
        return question.cost(load_at(text))
    return (load_at if is_revision_path(name) and not is_code(name) else load)(name).count(variant)


class _Found:
    """What changed, and how it is told."""

    def __init__(self, names: tuple[str, str], before: Cost, after: Cost, question: Question) -> None:
        self.names, self.before, self.after, self.question = names, before, after, question
        found = difference(before, after)
        self.all, self.changed = found.changes, found.changed
        self._by_row: dict[str, list[dict[str, Any]]] = {}

    def amounts(self, change: Any, quantity: Quantity) -> tuple[Any, Any]:
        """A quantity of both sides of a change; None of a layer where only the whole network has it."""
        bits = self.question.bits
        if isinstance(change, _Total) or quantity.base.of_row is not None:
            found: tuple[Any, Any] = change.amounts(quantity, bits)
            return found
        if quantity.name not in self._by_row:
            self._by_row[quantity.name] = [quantity.by_row(cost, bits) for cost in (self.before, self.after)]
        none = 0 if quantity.shared else None
        before, after = (
            none if row is None else known.get(row.name)
            for row, known in zip((change.old, change.new), self._by_row[quantity.name], strict=True)
        )
        return before, after

    def report(self) -> Report:
        """The whole answer; as a comment on GitHub not larger than one may be."""
        report = self._report(self.changed)
        forms = {"markdown": self._comment}
        if not self.changed:
            lines = _unchanged(self.names, self.before, self.after, self.question)
            forms = {
                "table": lambda where: in_stream("\n".join(map(escape.line, lines)), where) + "\n",
                "markdown": lambda where: (
                    in_stream(
                        "\n\n".join([f"{MARKER}\n{escape.markdown(lines[0])}", *map(escape.markdown, lines[1:])]), where
                    )
                    + "\n"
                ),
            }
        return report._replace(forms=forms)

    def _comment(self, where: Where) -> str:
        """The largest changes, as many as fit into a comment."""
        rows = len(self.changed)
        text = FORMATS["markdown"](self._report(self.changed), where)
        while len(MARKER) + 1 + len(text) > MAX_CHARACTERS and rows > 1:
            rows = min(rows - 1, rows * MAX_CHARACTERS // (len(MARKER) + 1 + len(text)))
            kept = {
                id(change)
                for change in sorted(self.changed, key=lambda change: -abs(change.difference("mult_adds")))[:rows]
            }
            text = FORMATS["markdown"](self._report([change for change in self.changed if id(change) in kept]), where)
        return f"{MARKER}\n{text}"

    def _report(self, shown: list[Change]) -> Report:
        before, after, question = self.before, self.after, self.question
        fields = [
            Field("change", "", get=lambda change: change.mark),
            Field("name", "layer", "name"),
            Field(
                "fields",
                "what",
                "text",
                get=lambda change: None if isinstance(change, _Total) else what(change),
                to="columns",
            ),
            Field("kind", get=lambda change: (change.new or change.old).kind, to="json"),
            Field(
                "was",
                get=lambda change: change.old.name if change.renamed and change.old else None,
                to="json",
                optional=True,
            ),
            Field("fields", get=lambda change: {name: [old, new] for name, old, new in change.fields}, to="json"),
        ]
        for quantity in question.keyed():
            fields += _amounts(quantity, question, self.amounts)
        total = _Total(before, after)
        rows = Rows(fields, shown, total)
        counts = {mark: sum(1 for change in self.changed if change.mark == mark) for mark in "+-~"}
        said = [_moved(quantity, before, after, question) for quantity in question.shown if not quantity.derived]
        left_out = len(self.changed) - len(shown)
        notes = [f"{counts['+']} added, {counts['-']} removed, {counts['~']} changed"]
        notes += [f"{left_out} smaller changes left out: run `mbcost diff` for all of them"] if left_out else []
        notes += [f"{_how(before, after)}{', 1 mult-add = 2 FLOPs' if question.unit == 'flops' else ''}"]
        keys = (
            head(after, question.unit, leaving=("model", "table_hash", "rho", "rounding", "status")) | question.widths
        )
        for side, name, cost in zip(("old", "new"), self.names, (before, after), strict=True):
            network = cost.network
            keys[side] = {
                "model": name,
                "name": network.name,
                "table_hash": network.table_hash,
                "status": cost.status,
                "layers": cost.layers,
                "alpha": str(cost.variant.alpha),
                "resolution": cost.variant.size,
            }
        keys["unchanged"] = not self.changed
        keys["counts"] = {word: sum(1 for change in self.all if change.mark == mark) for word, mark in _WORDS.items()}
        keys["layers"] = rows
        every = Rows(
            [
                field
                for name in dict.fromkeys((*TOTALS, *[q.name for q in question.keyed()]))
                for field in _amounts(measured(name), question, self.amounts)
            ],
            (),
        )
        keys["total"] = every.object(total)
        return Report("diff/2", f"{self.names[0]} -> {self.names[1]}: {', '.join(said)}", keys, tuple(notes))


class _Total(NamedTuple):
    """Both networks as a whole, as one more change."""

    before: Cost
    after: Cost
    mark: str = ""
    name: str = "total"

    def amounts(self, quantity: Quantity, bits: AnyBits = BITS) -> tuple[Any, Any]:
        """A quantity of both."""
        return quantity.total(self.before, bits), quantity.total(self.after, bits)


Sides: TypeAlias = Callable[[Any, Quantity], tuple[Any, Any]]
"""A function of a change and a quantity: what there was of it, and what there is."""

_WORDS = {"added": "+", "removed": "-", "changed": "~", "same": "="}


def _amounts(quantity: Quantity, question: Question, amounts: Sides) -> list[Field]:
    """A quantity on both sides, by how much it differs, and that as a fraction of what there was."""
    name = quantity.name
    path = (name,) if name in (*question.usual, *TOTALS) else ("quantities", name)
    shown = quantity in question.shown

    def field(key: str, heading: str, kind: str, priority: int, get: Callable[[Any, Any], Any], to: str) -> list[Field]:
        def of(change: Any) -> Any:
            before, after = amounts(change, quantity)
            return None if before is None or after is None else get(before, after)

        to = to if shown else "json"
        if kind == "count":
            return told(quantity, f"{name}_{key}", of, to, (*path, key), heading, priority)
        return [Field(f"{name}_{key}", heading, kind, priority, of, to, (*path, key))]

    word = quantity.heading
    if quantity.derived:
        change = "FLOPs change (2 x mult-adds)" if name == "flops" else f"{word} change"
        return [
            *field("before", "", "count", 0, lambda old, new: old, "json"),
            *field("after", "", "count", 0, lambda old, new: new, "json"),
            *field("difference", change, "delta", 0, lambda old, new: new - old, "all"),
            *field("relative", "", "percent_change", 0, relative, "json"),
        ]
    return [
        *field("before", f"{word} before", "count", 4, lambda old, new: old, "all"),
        *field("after", f"{word} after", "count", 3, lambda old, new: new, "all"),
        *field("difference", f"{word} change", "delta", 0, lambda old, new: new - old, "all"),
        *field("relative", f"{word} %", "percent_change", 1 if name == "mult_adds" else 2, relative, "all"),
    ]


def _unchanged(names: tuple[str, str], before: Cost, after: Cost, question: Question) -> list[str]:
    costs = f"{count(after.mult_adds)} mult-adds, {count(after.params)} params"
    said = f"unchanged: {costs} in {names[0]} and {names[1]} ({_how(before, after)})"
    return [said, *_same(names, before, after, question)]


def _same(names: tuple[str, str], before: Cost, after: Cost, question: Question) -> list[str]:
    """What made both sides alike, where that is the question and not the tables."""
    if before.variant != after.variant or question.variant() == PLAIN:
        return []
    if before.network.table_hash == after.network.table_hash:
        name = names[0].rpartition("@")[0] or names[0]
        return [
            f"both sides are one table at one point; options hold for both, and mbcost diff {name}@1 {name}@0.5/160 gives each its own"
        ]
    asked = [text for field, text in after.variant.words().items() if field in {"set", "without"}]
    return [f"the options hold for both sides: {', '.join(asked)}"] if asked else []


def _how(before: Cost, after: Cost) -> str:
    """How both sides were counted; where they differ in it, both."""
    from mbcost import __version__

    def sides(of: Callable[[Cost], object]) -> str:
        return " and ".join(dict.fromkeys([str(of(before)), str(of(after))]))

    words = after.variant.words()
    words["alpha"] = f"alpha {sides(lambda cost: exact_text(cost.variant.alpha))}"
    words["resolution"] = f"resolution {sides(_resolution)}"
    words["rounding"] = sides(lambda cost: cost.variant.words()["rounding"])
    said = [text for field, text in words.items() if field not in {"set", "without"}]
    said += [] if before.exact and after.exact else ["a lower bound"]
    return ", ".join([*said, f"mbcost {__version__}", f"tables {sides(lambda cost: cost.network.table_hash)}"])


def _resolution(cost: Cost) -> str:
    return "{} x {}".format(*cost.variant.size)


def _moved(quantity: Quantity, old: Cost, new: Cost, question: Question) -> str:
    """A total on both sides, and by how much it moved where both are known."""
    said = ratio if quantity.kind == "ratio" else count
    word, before, after = quantity.heading, quantity.total(old, question.bits), quantity.total(new, question.bits)
    if not (old.exact and new.exact):
        least = ["" if cost.exact else "at least " for cost in (old, new)]
        return f"{word} {least[0]}{said(before)} -> {least[1]}{said(after)}"
    if before == after:
        return f"{word} {said(after)} (unchanged)"
    rate = relative(before, after)
    return f"{word} {said(before)} -> {said(after)}" + ("" if rate is None else f" ({percent_change(rate)})")
