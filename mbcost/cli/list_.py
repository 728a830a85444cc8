"""``mbcost list``: the shipped models, with their cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from mbcost.cli.options import (
    Question,
    columns_option,
    given_limits,
    limit_options,
    output_options,
    variant_options,
)
from mbcost.dims import exact_text
from mbcost.errors import MbcostError, nearest
from mbcost.network import Cost, Network
from mbcost.network.specs import TableSpec
from mbcost.report import Field, Report, Rows, at
from mbcost.report.costed import told
from mbcost.report.heads import counted
from mbcost.tables import models, scalings

__all__ = ["command"]

SHORT = 17  # the longest names and amounts leave so much of 80 columns


@click.command("list", short_help="Shipped models, with their cost.")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@limit_options("check", "max")
@columns_option
@variant_options
@output_options
def command(words: tuple[str, ...], **options: Any) -> None:
    """The shipped models with their cost, each at its own resolution and alpha 1 unless you say otherwise.

    With WORDs, those with one of them in their name; with limits, those within them.

    \b
    mbcost list
    mbcost list v3 --max-mult-adds 100M
    mbcost list -a 0.5 -r 160        a model whose width cannot vary says so
    mbcost list -f csv
    """
    limits = given_limits(options, "check", "max")
    question = Question(options)
    within = [(one, *one.read(text, f"--max-{one.option}")) for _, one, text in limits]
    costs: list[Cost] = []
    skipped: list[tuple[str, MbcostError]] = []
    for network in _families(words, question):
        try:
            costs.append(question.cost(network))
        except MbcostError as error:
            skipped.append((network.name, error))
    if not costs:
        model, first = skipped[0]
        if all(error.fact == first.fact for _, error in skipped):
            raise first  # the question is wrong, and not for one model alone
        raise MbcostError("no shipped model has this variant", help=f"{model}: {first.fact}")
    for quantity, amount, in_bytes in within:
        held = quantity.as_bytes() if in_bytes else quantity
        costs = [cost for cost in costs if held.total(cost, question.bits) <= amount]
    if not costs:
        raise MbcostError("no shipped model is within the limits", help="raise them, or `mbcost list` without them")
    left_out = [f"{name}: {error.fact}" for name, error in skipped]
    fields = [
        Field("name", "model", "name", get=lambda cost: cost.network.name),
        Field("alpha", kind="number", get=lambda cost: cost.variant.alpha, to="json"),
        Field("resolution", "resolution", "shape", 2, lambda cost: cost.variant.size),
        Field("layers", "layers", "count", 3),
    ]
    for quantity in question.keyed():
        get = at(quantity.total, question.bits)
        priority = 2 if quantity.name == "flops" else 0
        fields += told(quantity, quantity.name, get, question.to(quantity), question.path(quantity), priority=priority)
    fields.append(Field("source", "source", "text", 1, lambda cost: _short(cost.network.table), "people"))
    fields.append(Field("source", "source", "text", get=lambda cost: _source(cost.network.table.source), to="data"))
    first_cost = costs[0]
    keys = {
        "convention": str(costs[0].variant.convention), "unit": question.unit, **question.widths, "models": Rows(fields, costs),
        "skipped": left_out,
    }  # fmt: skip
    title = f"Shipped models, alpha {exact_text(first_cost.variant.alpha)}, {counted(first_cost, question.unit)}"
    question.networks.clear()  # the names are for typing
    question.emit(Report("list/1", title, keys, tuple(f"Left out: {line}" for line in left_out)))


def _families(words: tuple[str, ...], question: Question) -> Iterator[Network]:
    """Every shipped table, and below it the members of its family that have names of their own; those with a word in their name."""
    families = {model: [model] for model in models()}
    for name, model in scalings().items():
        families[model].append(name)
    asked = [word.lower().replace("-", "_") for word in words]
    found = False
    for names in families.values():
        for name in names:
            if not asked or any(word in name for word in asked):
                found = True
                yield question.load(name)
    if not found:
        close = nearest(words[0], [name for names in families.values() for name in names])
        raise MbcostError(
            f"no shipped model has `{' '.join(words)[:60]}` in its name",
            help=f"did you mean {close}?" if close else "`mbcost list` prints all of them",
        )


def _short(table: TableSpec) -> str:
    """Where a table comes from, in few characters: the code it describes, or else the paper."""
    words = (table.implementation or _source(table.source)).split()
    return words[0].rstrip(",")[:SHORT] if words else ""


def _source(source: Any) -> str:
    """The source of a table in a few words."""
    if not isinstance(source, dict):
        return str(source or "")
    words = [str(source.get("paper") or source.get("implementation") or next(iter(source.values()), ""))]
    words += [f"Table {source['table']}"] if "table" in source else []
    return ", ".join(words)
