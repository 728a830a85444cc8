"""``mbcost diff``: what changed between two networks, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from mbcost.analysis.diff import Change, changes, percent
from mbcost.budgets.base import blocks_of
from mbcost.cli.options import Choice, ModelName, Question, output_options, variant_options
from mbcost.cli.output import json_text, table_text
from mbcost.errors import MbcostError
from mbcost.layers import Row
from mbcost.network import Cost, Network
from mbcost.quantities import TOTALS
from mbcost.report import Column, Table
from mbcost.report.cells import visible
from mbcost.report.numbers import count, number, percent_change, shape

__all__ = ["command"]

MARKER = "<!-- mbcost diff -->"


@click.command("diff", short_help="What changed, layer by layer.")
@click.argument("old", type=ModelName())
@click.argument("new", type=ModelName())
@click.option(
    "--by",
    type=Choice(["order", "mult_adds", "params"]),
    default="order",
    show_default=True,
    help="Order of the layers.",
)
@variant_options
@output_options
def command(old: str, new: str, by: str, **options: Any) -> None:
    """What NEW adds to, removes from and changes in OLD. Each is a shipped name, a layer table, or REV:path in git.

    \b
    mbcost diff mobilenet_v1 mobilenet_v2                     two networks
    mbcost diff main:models/net.yaml models/net.yaml          since main
    mbcost diff HEAD~3:models/net.yaml HEAD:models/net.yaml   two revisions

    + added, - removed, ~ changed. Layers are matched by the names given in the tables, the rest by kind and fields.
    """
    if old == new == "-":
        raise MbcostError("both sides are standard input, which can be read once", help="give one of them as a file")
    question = Question(options)
    costs = [question.cost(_network(text, question)) for text in (old, new)]
    names = (old, new)
    before, after = costs
    found = changes(before.rows, after.rows, (*blocks_of(before.network), *blocks_of(after.network)))
    told = [change for change in found if change.mark != "="]
    if by != "order":
        told.sort(key=lambda change: -abs(change.difference(by)))
    if question.format == "json":
        question.emit(json_text(_document(names, before, after, found, told, question.unit)))
        return
    question.emit(_text(names, before, after, told, question))


def _network(text: str, question: Question) -> Network:
    from mbcost.budgets.git import is_revision_path, load_at

    return load_at(text) if is_revision_path(text) else question.load(text)


def _text(names: tuple[str, str], before: Cost, after: Cost, told: list[Change], question: Question) -> str:
    marker = f"{MARKER}\n" if question.format == "markdown" else ""
    if not told and question.format in {"table", "markdown"}:
        from mbcost.cli.check import printable_here

        return f"{marker}{printable_here(_unchanged(names, before, after), question.output)}\n"
    to_file = question.output is not None
    text = marker + table_text(_table(names, before, after, told, question.unit), question.format, to_file=to_file)
    if marker:
        text = _capped(
            text,
            lambda kept: (
                marker
                + table_text(_table(names, before, after, told, question.unit, kept), "markdown", to_file=to_file)
            ),
            len(told),
        )
    return text


def _capped(text: str, shorter: Any, rows: int) -> str:
    """The comment with as many layers as fit into one: the largest changes."""
    from mbcost.report.verdicts.markdown import MAX_CHARACTERS

    while len(text) > MAX_CHARACTERS and rows > 1:
        rows = min(rows - 1, rows * MAX_CHARACTERS // len(text))
        text = shorter(rows)
    return text


def _unchanged(names: tuple[str, str], before: Cost, after: Cost) -> str:
    old, new = (visible(name) for name in names)
    return f"unchanged: {count(after.mult_adds)} mult-adds, {count(after.params)} params in {old} and {new} ({_how(before, after)})"


def _how(before: Cost, after: Cost) -> str:
    """How both sides were counted; where they differ in it, both."""
    from mbcost import __version__

    def sides(of: Callable[[Cost], object]) -> str:
        return " and ".join(dict.fromkeys([str(of(before)), str(of(after))]))

    words = after.variant.words()
    words["resolution"] = f"resolution {sides(_resolution)}"
    words["rounding"] = f"rounding {sides(lambda cost: cost.variant.rounding or 'not stated')}"
    said = [text for field, text in words.items() if field not in {"set", "without"}]
    said += [] if before.exact and after.exact else ["a lower bound"]
    return ", ".join([*said, f"mbcost {__version__}", f"tables {sides(lambda cost: cost.network.digest)}"])


def _resolution(cost: Cost) -> str:
    return "{} x {}".format(*cost.variant.size)


def _table(
    names: tuple[str, str], before: Cost, after: Cost, told: list[Change], unit: str, most: int | None = None
) -> Table:
    left_out = [] if most is None else sorted(told, key=lambda change: -abs(change.difference("mult_adds")))[most:]
    dropped = {id(change) for change in left_out}
    shown = [change for change in told if id(change) not in dropped]
    flops = unit == "flops"
    columns = (
        Column("change", ""),
        Column("name", "layer", "name"),
        Column("fields", "what", "text"),
        Column("mult_adds_before", "mult-adds before", "count", 4),
        Column("mult_adds_after", "mult-adds after", "count", 3),
        Column("mult_adds_difference", "mult-adds change", "delta"),
        Column("mult_adds_relative", "mult-adds %", "percent_change", 1),
        *([Column("flops_difference", "FLOPs change (2 x mult-adds)", "delta")] if flops else []),
        Column("params_before", "params before", "count", 4),
        Column("params_after", "params after", "count", 3),
        Column("params_difference", "params change", "delta"),
        Column("params_relative", "params %", "percent_change", 2),
    )

    def line(head: tuple[Any, ...], amounts: Callable[[str], tuple[Any, Any]]) -> tuple[Any, ...]:
        cells = [(b, a, a - b, percent(b, a)) for b, a in map(amounts, ("mult_adds", "params"))]
        return (*head, *cells[0], *((2 * cells[0][2],) if flops else ()), *cells[1])

    def of(change: Change) -> Callable[[str], tuple[Any, Any]]:
        return lambda quantity: (change.before(quantity), change.after(quantity))

    lines = [line((change.mark, change.name, _what(change)), of(change)) for change in shown]
    total = line(("", "total", None), lambda quantity: (getattr(before, quantity), getattr(after, quantity)))
    counts = {mark: sum(1 for change in told if change.mark == mark) for mark in "+-~"}
    said = f"{_moved('mult-adds', before, after)}, {_moved('params', before, after)}"
    notes = [f"{counts['+']} added, {counts['-']} removed, {counts['~']} changed"]
    notes += [f"{len(left_out)} smaller changes left out: run `mbcost diff` for all of them"] if left_out else []
    notes += [f"{_how(before, after)}{', 1 mult-add = 2 FLOPs' if flops else ''}"]
    return Table(f"{names[0]} -> {names[1]}: {said}", columns, tuple(lines), total, tuple(notes))


def _moved(word: str, old: Cost, new: Cost) -> str:
    """A total on both sides, and by how much it moved where both are known."""
    before, after = (getattr(cost, word.replace("-", "_")) for cost in (old, new))
    if not (old.exact and new.exact):
        least = ["" if cost.exact else "at least " for cost in (old, new)]
        return f"{word} {least[0]}{count(before)} -> {least[1]}{count(after)}"
    if before == after:
        return f"{word} {count(after)} (unchanged)"
    rate = percent(before, after)
    return f"{word} {count(before)} -> {count(after)}" + ("" if rate is None else f" ({percent_change(rate)})")


def _what(change: Change) -> str:
    """The fields that differ, in words."""
    old, new = change.old, change.new
    if old is None or new is None:
        return _described(new or old)
    words = [f"was {old.name}"] if change.renamed else []
    words += [f"cost {'not ' * (not new.exact)}known now"] if old.exact != new.exact else []
    words += [f"kind {old.kind}->{new.kind}"] if old.kind != new.kind else []
    words += [
        f"{field} {_shown(before)}->{_shown(after)}"
        for field, before, after in change.fields
        if field in {"kernel_size", "stride"} or (field == "groups" and not old.kind == new.kind == "depthwise")
    ]
    sides = [(row.input[0], row.output[0]) for row in (old, new)]
    moved = [
        f"{_shown(before)}->{_shown(after)}" if before != after else "" for before, after in zip(*sides, strict=True)
    ]
    if all(inner == outer for inner, outer in sides):  # a depthwise, a pool, an add: what comes in goes out
        words += [f"channels {moved[0]}"] if moved[0] else []
    elif any(moved):
        told = [f"{way} {channels}" for way, channels in zip(("in", "out"), moved, strict=True) if channels]
        words += [f"channels {', '.join(told)}"]
    maps = [(row.output[1:] if old.output[1:] != new.output[1:] else row.input[1:]) for row in (old, new)]
    words += [f"map {shape(maps[0])}->{shape(maps[1])}"] if maps[0] != maps[1] else []
    return ", ".join(words or ["norm or bias"])


def _described(row: Row | None) -> str:
    """A layer that one side does not have: its kind, its kernel, its channels."""
    if row is None:
        return ""
    kernel = f" {shape(row.kernel_size)}," if row.kernel_size and row.kernel_size != (1, 1) else ""
    return f"{row.kind}{kernel} {_shown(row.input[0])}->{_shown(row.output[0])}"


def _shown(value: Any) -> str:
    """A field's value: a square kernel or stride as one number, as in a layer table."""
    if isinstance(value, tuple):
        return number(value[0]) if len(set(value)) == 1 else shape(value)
    return "none" if value is None else number(value)


def _document(
    names: tuple[str, str], before: Cost, after: Cost, found: list[Change], told: list[Change], unit: str
) -> dict[str, Any]:
    from mbcost.cli.options import report_keys

    keys = report_keys(after, "diff/1", unit)
    for key in ("model", "table_hash", "rho", "rounding", "status"):
        del keys[key]
    sides = [
        {
            "model": name,
            "name": cost.network.name,
            "table_hash": cost.network.digest,
            "status": cost.status,
            "layers": cost.layers,
        }
        for name, cost in zip(names, (before, after), strict=True)
    ]
    keys["old"], keys["new"] = sides
    keys["unchanged"] = not told
    keys["counts"] = {word: sum(1 for change in found if change.mark == mark) for word, mark in _WORDS.items()}
    keys["layers"] = [_layer(change, unit) for change in told]
    total = {name: _amounts(before.total(name), after.total(name)) for name in TOTALS}
    if unit == "flops":
        total["flops"] = _amounts(2 * before.mult_adds, 2 * after.mult_adds)
    keys["total"] = total
    return keys


_WORDS = {"added": "+", "removed": "-", "changed": "~", "same": "="}


def _layer(change: Change, unit: str) -> dict[str, Any]:
    row = change.new or change.old
    keys: dict[str, Any] = {"change": change.mark, "name": change.name, "kind": row.kind if row else ""}
    if change.renamed and change.old:
        keys["was"] = change.old.name
    keys["fields"] = {name: [old, new] for name, old, new in change.fields}
    for quantity in ("mult_adds", "params"):
        keys[quantity] = _amounts(change.before(quantity), change.after(quantity))
    if unit == "flops":
        keys["flops"] = _amounts(2 * change.before("mult_adds"), 2 * change.after("mult_adds"))
    return keys


def _amounts(before: Any, after: Any) -> dict[str, Any]:
    rate = percent(before, after)
    return {
        "before": before,
        "after": after,
        "difference": after - before,
        "percent": None if rate is None else 100 * rate.numerator / rate.denominator,
    }
