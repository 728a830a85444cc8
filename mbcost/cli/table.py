"""``mbcost table``: mult-adds and params, layer by layer."""

from __future__ import annotations

from typing import Any

import click

from mbcost.analysis.groups import Group, gather
from mbcost.cli.code import model_options
from mbcost.cli.completion import completing, layers
from mbcost.cli.options import (
    MODEL,
    Choice,
    Question,
    Whole,
    columns_options,
    output_options,
    row_quantities,
    variant_options,
)
from mbcost.errors import MbcostError
from mbcost.network import Cost
from mbcost.quantities import measured
from mbcost.report import Field, Report, Rows
from mbcost.report.costed import costed_rows, layer_keys, peak_keys, total_keys, widths
from mbcost.report.heads import head
from mbcost.report.numbers import shape

__all__ = ["command"]


@click.command("table", short_help="Mult-adds and params, layer by layer.")
@click.argument("model", type=MODEL)
@click.option("--by", type=Choice(["layer", "block", "kind"]), default="layer", show_default=True, help="Gather rows.")
@click.option(
    "--sort",
    type=Choice(["order", "mult_adds", "params", "name", *row_quantities()]),
    default="order",
    show_default=True,
    help="Order of the rows.",
)
@click.option("--top", type=Whole(min=1), metavar="N", help="The first N rows; the rest become one.")
@click.option(
    "--layer",
    metavar="NAME",
    shell_complete=completing(layers),
    help="One layer: its formula with the numbers put in. Of a block: its layers.",
)
@columns_options
@variant_options
@output_options
@model_options
def command(model: str, by: str, sort: str, top: int | None, layer: str | None, **options: Any) -> None:
    """What MODEL costs, layer by layer. MODEL is a shipped name, a layer table, or - for standard input.

    \b
    mbcost table mobilenet_v1 -a 0.75 -r 192         layer by layer
    mbcost table mobilenet_v1 --by kind              Table 2 of the paper
    mbcost table net.yaml --sort mult_adds --top 5   the five most expensive layers
    mbcost table mobilenet_v2 --layer inverted_residual_3            the layers of a block
    mbcost table mobilenet_v2 --layer inverted_residual_3/depthwise  a layer's formula
    """
    question = Question(options)
    if layer is not None and (by, sort, top) != ("layer", "order", None):
        raise MbcostError("--layer prints one layer", help="leave out --by, --sort and --top")
    cost = question.cost(question.load(model))
    question.emit(_table(cost, by, sort, top, question) if layer is None else _explained(cost, layer, question))


def _table(cost: Cost, by: str, sort: str, top: int | None, question: Question) -> Report:
    unit, bits, shown = question.unit, question.bits, question.shown
    groups = gather(cost.rows, by)
    if sort == "name":
        groups.sort(key=lambda group: group.name)
    elif sort != "order":
        quantity = measured(sort)
        groups.sort(key=lambda group: -(group.amount(quantity, bits) or 0))
    kept, left = groups[:top], groups[top:] if top is not None else []
    rest = Group(f"({len(left)} more)", tuple([row for group in left for row in group.rows])) if left else None
    rows = costed_rows(cost, shown, by=by, groups=kept, rest=rest, unit=unit, bits=bits)
    keys: dict[str, Any] = {
        **head(cost, unit),
        "bits": widths(bits),
        **_measured(question),
        **({} if by == "layer" else {"by": by}),
    }
    keys["layers" if by == "layer" else "groups"] = rows
    if rest is not None:
        totals = ("mult_adds", "params", *(("flops",) if unit == "flops" else ()))
        keys["other"] = {"rows": len(left), **{name: rest.amount(measured(name)) for name in totals}}
    keys["total"] = lambda: total_keys(cost, unit, bits, shown)
    keys["peak"] = lambda: peak_keys(cost)
    return Report("table/2", question.heading(cost), keys, caption=f"Mult-adds and params of {cost.network.name}")


def _measured(question: Question) -> dict[str, Any]:
    """What else the columns were measured with: the widths of those that only who asks for them pays for, a ridge point."""
    keys = question.widths
    return {**keys, "bits": widths(question.bits) | keys["bits"]} if "bits" in keys else keys


def _explained(cost: Cost, name: str, question: Question) -> Report:
    from mbcost.analysis.explain import explain, legend

    inside = tuple([row for row in cost.rows if row.name.startswith(f"{name}/")])
    if inside and all(row.name != name for row in cost.rows):
        return _block(cost, Group(name, inside), question)
    row, lines = explain(cost, name, flops=question.unit == "flops")
    fields = (
        Field("quantity", "quantity"),
        Field("formula", "formula", get=lambda line: line.symbols, path=("symbols",)),
        Field("numbers", "with its numbers", get=lambda line: line.digits, path=("digits",)),
        Field("value", "value", "count"),
    )
    title = f"{row.name}: {row.kind}, {shape(row.input)} -> {shape(row.output)}, of {question.heading(cost)}"
    notes = (legend(lines),) if lines else ("no mult-adds and no params under this convention",)
    (layer,) = layer_keys(cost, [name], question.unit, question.bits)
    keys = {**head(cost, question.unit), "layer": layer, "formulas": Rows(fields, lines)}
    return Report("layer/2", title, keys, tuple(filter(None, notes)))


def _block(cost: Cost, block: Group, question: Question) -> Report:
    """The layers of one block, and their sum."""
    parts = [Group(row.name, (row,)) for row in block.rows]
    rows = costed_rows(cost, question.shown, groups=parts, rest=block, unit=question.unit, bits=question.bits)
    rows = Rows(rows.fields, parts, block)
    keys = {
        **head(cost, question.unit),
        "bits": widths(question.bits),
        **_measured(question),
        "block": block.name,
        "layers": rows,
        "total": rows.object(block),
    }
    notes = ("shares are of the whole network; the formula of a layer: --layer " + block.rows[0].name,)
    return Report("block/1", f"{block.name} of {question.heading(cost)}", keys, notes)
