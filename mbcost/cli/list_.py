"""``mbcost list``: the shipped models, with their cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from mbcost.cli.options import Question, columns_options, output_options, variant_options
from mbcost.dims import exact_text
from mbcost.errors import MbcostError
from mbcost.network import Cost, Network
from mbcost.report import Field, Report, Rows, at
from mbcost.report.heads import counted

__all__ = ["command"]


@click.command("list", short_help="Shipped models, with their cost.")
@columns_options
@variant_options
@output_options
def command(**options: Any) -> None:
    """The shipped models with their cost, each at its own resolution and alpha 1 unless you say otherwise.

    \b
    mbcost list
    mbcost list -a 0.5 -r 160        a model whose width cannot vary says so
    mbcost list -f csv
    """
    question = Question(options)
    from mbcost.tables import models

    costs: list[Cost] = []
    skipped: list[tuple[str, MbcostError]] = []
    for network in _families(models(), question):
        try:
            costs.append(question.cost(network))
        except MbcostError as error:
            skipped.append((network.name, error))
    if not costs:
        model, first = skipped[0]
        if all(error.fact == first.fact for _, error in skipped):
            raise first  # the question is wrong, and not for one model alone
        raise MbcostError("no shipped model has this variant", help=f"{model}: {first.fact}")
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
        fields.append(
            Field(
                quantity.name, quantity.heading, "count", priority, get, question.to(quantity), question.path(quantity)
            )
        )
    fields.append(Field("source", "source", "text", 4, lambda cost: _source(cost.network.table.source)))
    first_cost = costs[0]
    keys = {
        "convention": str(costs[0].variant.convention), "unit": question.unit, **question.widths, "models": Rows(fields, costs),
        "skipped": left_out,
    }  # fmt: skip
    title = f"Shipped models, alpha {exact_text(first_cost.variant.alpha)}, {counted(first_cost, question.unit)}"
    question.emit(Report("list/1", title, keys, tuple(f"Left out: {line}" for line in left_out)))


def _families(names: list[str], question: Question) -> Iterator[Network]:
    """Every shipped table, and below it the members of its family that have names of their own."""
    for name in names:
        network = question.load(name)
        yield network
        for scaling in network.table.scalings.values():
            yield Network(network.table, scaling=scaling)


def _source(source: Any) -> str:
    """The source of a table in a few words."""
    if not isinstance(source, dict):
        return str(source or "")
    words = [str(source.get("paper") or source.get("implementation") or next(iter(source.values()), ""))]
    words += [f"Table {source['table']}"] if "table" in source else []
    return ", ".join(words)
