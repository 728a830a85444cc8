"""``mbcost list``: the shipped models, with their cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from mbcost import __version__
from mbcost.cli.options import Question, counted, output_options, variant_options
from mbcost.cli.output import json_text, table_text
from mbcost.dims import exact_text
from mbcost.errors import MbcostError
from mbcost.network import Network
from mbcost.report import Column, Table

__all__ = ["command"]


@click.command("list", short_help="Shipped models, with their cost.")
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

    rows: list[dict[str, Any]] = []
    title = ""
    skipped: list[tuple[str, MbcostError]] = []
    for network in _families(models(), question):
        name = network.name
        try:
            cost = question.cost(network)
        except MbcostError as error:
            skipped.append((name, error))
            continue
        title = title or f"Shipped models, alpha {exact_text(cost.variant.alpha)}, {counted(cost, question.unit)}"
        rows.append({
            "name": name, "alpha": cost.variant.alpha, "resolution": list(cost.variant.size), "layers": cost.layers,
            "mult_adds": cost.mult_adds, **({"flops": 2 * cost.mult_adds} if question.unit == "flops" else {}),
            "params": cost.params, "source": _source(network.table.source),
        })  # fmt: skip
    if not rows:
        model, first = skipped[0]
        if all(error.fact == first.fact for _, error in skipped):
            raise first  # the question is wrong, and not for one model alone
        raise MbcostError("no shipped model has this variant", help=f"{model}: {first.fact}")
    left_out = [f"{name}: {error.fact}" for name, error in skipped]
    if question.format == "json":
        document = {
            "schema": "mbcost/list/1",
            "version": __version__,
            "convention": options["convention"],
            "unit": question.unit,
        }
        models_ = [{**row, "alpha": str(row["alpha"])} for row in rows]
        question.emit(json_text({**document, "models": models_, "skipped": left_out}))
        return
    flops = (Column("flops", "FLOPs (2 x mult-adds)", "count", 2),) if question.unit == "flops" else ()
    columns = (
        Column("name", "model", "name"), Column("resolution", "resolution", "shape", 2), Column("layers", "layers", "count", 3),
        Column("mult_adds", "mult-adds", "count"), *flops, Column("params", "params", "count"), Column("source", "source", "text", 4),
    )  # fmt: skip
    cells = tuple(tuple(tuple(row[c.key]) if c.key == "resolution" else row[c.key] for c in columns) for row in rows)
    notes = tuple(f"Left out: {line}" for line in left_out)
    question.emit(
        table_text(Table(title, columns, cells, None, notes), question.format, to_file=question.output is not None)
    )


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
