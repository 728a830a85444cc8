"""``mbcost compare``: standard against separable convolution, or several networks side by side."""

from __future__ import annotations

from typing import Any

import click

from mbcost.analysis.compare import Comparison, Side, Versus, against_twin
from mbcost.analysis.groups import share
from mbcost.cli.options import (
    ModelName,
    Question,
    bound,
    counted,
    heading,
    output_options,
    report_keys,
    variant_options,
)
from mbcost.cli.output import decimal, json_text, table_text
from mbcost.errors import MbcostError
from mbcost.network import Cost
from mbcost.report import Column, Table

__all__ = ["command"]


@click.command("compare", short_help="Standard vs separable, or networks side by side.")
@click.argument("models", nargs=-1, required=True, type=ModelName(), metavar="MODEL...")
@variant_options
@output_options
def command(models: tuple[str, ...], **options: Any) -> None:
    """What depthwise separable convolution saves in one MODEL; or several MODELs side by side.

    Each depthwise + pointwise pair is set against the standard convolution it factorises, with the theory
    1/N + 1/D_K^2. A network without such pairs is compared the other way round: what it would cost if its K x K
    convolutions were separable.

    \b
    mbcost compare mobilenet_v1
    mbcost compare vgg16
    mbcost compare mobilenet_v1 mobilenet_v2 mobilenet_v3_large
    """
    question = Question(options)
    if len(models) > 1:
        costs = [question.cost(question.load(model)) for model in models]
        question.emit(_beside_text(costs, question))
        return
    if options.get("standard"):
        raise MbcostError("compare already sets the network against its standard twin", help="leave out --standard")
    cost, found = against_twin(question.load(models[0]), question.variant())
    if question.format == "json":
        question.emit(json_text(_document(cost, found, question.unit)))
        return
    question.emit(table_text(_table(cost, found, question.unit), question.format, to_file=question.output is not None))


def _side(side: Side, unit: str) -> dict[str, Any]:
    keys: dict[str, Any] = {"mult_adds": side.mult_adds, "params": side.params}
    if unit == "flops":
        keys["flops"] = 2 * side.mult_adds
    return keys


def _versus(line: Versus, unit: str) -> dict[str, Any]:
    return {
        "standard": _side(line.standard, unit),
        "separable": _side(line.separable, unit),
        "ratio": {"mult_adds": decimal(line.mult_adds_ratio), "params": decimal(line.params_ratio)},
    }


def _document(cost: Cost, found: Comparison, unit: str) -> dict[str, Any]:
    document = report_keys(cost, "compare/1", unit)
    document["imagined"] = found.imagined
    document["unpaired"] = list(found.unpaired)
    document["layers"] = [
        {"name": line.name, **_versus(line, unit), "theory": decimal(line.theory)} for line in found.lines
    ]
    document["total"] = _versus(found.total, unit)
    return document


def _table(cost: Cost, found: Comparison, unit: str) -> Table:
    flops = (
        (
            Column("standard_flops", "standard FLOPs", "count", 4),
            Column("separable_flops", "separable FLOPs", "count", 4),
        )
        if unit == "flops"
        else ()
    )
    columns = (
        Column("name", "layer", "name"),
        Column("standard_mult_adds", "standard mult-adds", "count"),
        Column("separable_mult_adds", "separable mult-adds", "count"),
        *flops,
        Column("ratio", "ratio", "ratio"),
        Column("theory", "1/N + 1/D_K^2", "ratio", 1),
        Column("standard_params", "standard params", "count", 4),
        Column("separable_params", "separable params", "count", 2),
        Column("params_ratio", "ratio", "ratio", 3),
    )

    def cells(line: Versus) -> tuple[Any, ...]:
        doubled = (2 * line.standard.mult_adds, 2 * line.separable.mult_adds) if unit == "flops" else ()
        return (
            line.name, line.standard.mult_adds, line.separable.mult_adds, *doubled, line.mult_adds_ratio, line.theory,
            line.standard.params, line.separable.params, line.params_ratio,
        )  # fmt: skip

    notes = []
    if found.imagined == "separable":
        notes.append(
            "This network has no depthwise + pointwise pair: the separable side is imagined, each K x K convolution split in two."
        )
    if found.unpaired:
        notes.append(
            f"Depthwise without a pointwise to complete it, the same on both sides: {', '.join(found.unpaired)}"
        )
    title = f"{heading(cost, unit)}: standard against separable"
    return Table(title, columns, tuple(cells(line) for line in found.lines), cells(found.total), tuple(notes))


def _beside_text(costs: list[Cost], question: Question) -> str:
    first = costs[0]
    if question.format == "json":
        models = []
        for cost in costs:
            keys = report_keys(cost, "compare/1", question.unit)
            del keys["schema"], keys["version"]
            totals: dict[str, Any] = {"mult_adds": cost.mult_adds, "params": cost.params, "layers": cost.layers}
            if question.unit == "flops":
                totals["flops"] = 2 * cost.mult_adds
            ratio = {
                "mult_adds": decimal(share(cost.mult_adds, first.mult_adds)),
                "params": decimal(share(cost.params, first.params)),
            }
            models.append({**keys, **totals, "ratio": ratio})
        from mbcost import __version__

        return json_text(
            {
                "schema": "mbcost/compare/1",
                "version": __version__,
                "convention": str(first.variant.convention),
                "models": models,
            }
        )
    columns = [
        Column("model", "model", "name"),
        Column("alpha", "alpha", "number", 3),
        Column("resolution", "resolution", "shape", 3),
        Column("rounding", "rounding", "text", 5),
        Column("layers", "layers", "count", 4),
        Column("mult_adds", "mult-adds", "count"),
        *([Column("flops", "FLOPs (2 x mult-adds)", "count")] if question.unit == "flops" else []),
        Column("mult_adds_ratio", f"of {first.network.name}", "ratio", 1),
        Column("params", "params", "count"),
        Column("params_ratio", f"of {first.network.name}", "ratio", 2),
    ]
    bounded = not all(cost.exact for cost in costs)
    columns += [Column("status", "status", "text")] if bounded else []
    rows = []
    for cost in costs:
        flops = (2 * cost.mult_adds,) if question.unit == "flops" else ()
        rows.append((
            cost.network.name, cost.variant.alpha, cost.variant.resolution, str(cost.variant.rounding or "not stated"), cost.layers, cost.mult_adds, *flops,
            share(cost.mult_adds, first.mult_adds), cost.params, share(cost.params, first.params),
            *((cost.status,) if bounded else ()),
        ))  # fmt: skip
    title = f"Side by side, {counted(first, question.unit)}"
    notes = tuple(f"{cost.network.name}: {bound(cost)}" for cost in costs if not cost.exact)
    return table_text(
        Table(title, tuple(columns), tuple(rows), None, notes), question.format, to_file=question.output is not None
    )
