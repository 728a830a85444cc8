"""``mbcost table``: mult-adds and params, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from mbcost.analysis.groups import gather, share
from mbcost.cli.options import Choice, ModelName, Question, heading, output_options, report_keys, variant_options
from mbcost.cli.output import decimal, json_text, table_text
from mbcost.dims import exact_text
from mbcost.errors import MbcostError, nearest
from mbcost.layers import Row
from mbcost.network import Cost
from mbcost.quantities import BITS, QUANTITIES, TOTALS, AnyBits, Quantity
from mbcost.report import Column, Table

__all__ = ["command"]


@click.command("table", short_help="Mult-adds and params, layer by layer.")
@click.argument("model", type=ModelName())
@click.option("--by", type=Choice(["layer", "block", "kind"]), default="layer", show_default=True, help="Gather rows.")
@click.option(
    "--sort",
    type=Choice(["order", "mult_adds", "params", "name"]),
    default="order",
    show_default=True,
    help="Order of the rows.",
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="The first N rows; the rest become one.")
@click.option("--layer", metavar="NAME", help="The formula of one layer, with its numbers put in.")
@variant_options
@output_options
def command(model: str, by: str, sort: str, top: int | None, layer: str | None, **options: Any) -> None:
    """What MODEL costs, layer by layer. MODEL is a shipped name, a layer table, or - for standard input.

    \b
    mbcost table mobilenet_v1 -a 0.75 -r 192         layer by layer
    mbcost table mobilenet_v1 --by kind              Table 2 of the paper
    mbcost table net.yaml --sort mult_adds --top 5   the five most expensive layers
    mbcost table mobilenet_v2 --layer inverted_residual_3/depthwise
    """
    question = Question(options)
    if layer is not None and (by, sort, top) != ("layer", "order", None):
        raise MbcostError("--layer prints one layer", help="leave out --by, --sort and --top")
    cost = question.cost(question.load(model))
    if layer is not None:
        question.emit(_explained(cost, layer, question))
        return
    rows = _entries(cost, by, sort)
    if question.format == "json":
        question.emit(json_text(_document(cost, by, rows, top, question.unit)))
        return
    table = _table(cost, by, rows, top, question.unit)
    question.emit(table_text(table, question.format, to_file=question.output is not None))


def _entries(cost: Cost, by: str, sort: str) -> list[Any]:
    entries: list[Any] = list(cost.rows) if by == "layer" else list(gather(cost.rows, by))
    if sort == "name":
        entries.sort(key=lambda entry: entry.name)
    elif sort != "order":
        entries.sort(key=lambda entry: -getattr(entry, sort))
    return entries


def _split(entries: list[Any], top: int | None) -> tuple[list[Any], list[Any]]:
    return (entries, []) if top is None else (entries[:top], entries[top:])


def _document(cost: Cost, by: str, entries: list[Any], top: int | None, unit: str) -> dict[str, Any]:
    document = report_keys(cost, "table/2", unit) | {"bits": 32}
    shown, rest = _split(entries, top)
    if by == "layer":
        document["layers"] = [row_keys(row, unit) for row in shown]
    else:
        total, params = cost.mult_adds, cost.params
        document["by"] = by
        document["groups"] = [
            {
                "name": group.name,
                "layers": group.layers,
                "mult_adds": group.mult_adds,
                **({"flops": 2 * group.mult_adds} if unit == "flops" else {}),
                "params": group.params,
                **({} if _exact(group) else {"status": _status(False)}),
                "share": decimal(share(group.mult_adds, total)),
                "params_share": decimal(share(group.params, params)),
            }
            for group in shown
        ]
    if rest:
        document["other"] = {
            "rows": len(rest),
            "mult_adds": sum(e.mult_adds for e in rest),
            "params": sum(e.params for e in rest),
        }
        if unit == "flops":
            document["other"]["flops"] = 2 * document["other"]["mult_adds"]
    document["total"] = total_keys(cost, unit)
    return document


def beyond() -> dict[str, Quantity]:
    """The quantities that have no key of their own in JSON; what is dear is there where it is asked for."""
    return {name: quantity for name, quantity in QUANTITIES.items() if name not in TOTALS and not quantity.dear}


def row_keys(row: Row, unit: str = "mult_adds", bits: AnyBits = BITS) -> dict[str, Any]:
    """A costed row as JSON has it."""
    keys: dict[str, Any] = {
        "name": row.name, "kind": row.kind, "input": row.input, "output": row.output, "kernel_size": row.kernel_size,
        "stride": row.stride, "groups": row.groups, "mult_adds": row.mult_adds,
    }  # fmt: skip
    if unit == "flops":
        keys["flops"] = 2 * row.mult_adds
    keys["params"] = row.params
    keys["weights"] = row.weights
    keys["biases"] = row.biases
    keys["norm_params"] = row.norm_params
    keys["norm_stats"] = row.norm_stats
    if not row.exact:
        keys["status"] = "lower bound"
    keys["quantities"] = {
        name: quantity.of(row, bits) for name, quantity in beyond().items() if quantity.base.of_row is not None
    }
    return keys


def total_keys(
    cost: Cost, unit: str = "mult_adds", bits: AnyBits = BITS, more: Iterable[Quantity] = ()
) -> dict[str, Any]:
    """The sums of a costed network as JSON has them."""
    keys: dict[str, Any] = {name: cost.total(name) for name in TOTALS}
    if unit == "flops":
        keys["flops"] = 2 * keys["mult_adds"]
    keys["layers"] = cost.layers
    keys["status"] = cost.status
    shown = beyond() | {quantity.name: quantity for quantity in more}
    keys["quantities"] = {name: quantity.total(cost, bits) for name, quantity in shown.items()}
    return keys


def _table(cost: Cost, by: str, entries: list[Any], top: int | None, unit: str) -> Table:
    shown, rest = _split(entries, top)
    mult_adds, params = cost.mult_adds, cost.params
    columns = [Column("name", {"layer": "layer", "block": "block", "kind": "kind"}[by], "name")]
    if by == "layer":
        columns += [
            Column("kind", "kind", "text", 3),
            Column("input", "input", "shape", 4),
            Column("output", "output", "shape", 2),
            Column("kernel_size", "kernel", "shape", 5),
            Column("stride", "stride", "shape", 6),
        ]
    else:
        columns.append(Column("layers", "layers", "count"))
    columns.append(Column("mult_adds", "mult-adds", "count"))
    columns.append(Column("share", "share", "share", 1))
    if unit == "flops":
        columns.append(Column("flops", "FLOPs (2 x mult-adds)", "count"))
    columns.append(Column("params", "params", "count"))
    columns.append(Column("params_share", "share", "share", 7))
    bounded = not cost.exact
    if bounded:
        columns.append(Column("status", "status", "text"))

    def line(label: str, facts: tuple[Any, ...], amount: Any, size: Any, exact: bool = True) -> tuple[Any, ...]:
        flops = (2 * amount,) if unit == "flops" else ()
        status = (_status(exact),) if bounded else ()
        return (label, *facts, amount, share(amount, mult_adds), *flops, size, share(size, params), *status)

    lines = [line(entry.name, _facts(entry, by), entry.mult_adds, entry.params, _exact(entry)) for entry in shown]
    if rest:
        empty: tuple[Any, ...] = (None,) * 5 if by == "layer" else (sum(e.layers for e in rest),)
        lines.append(
            line(
                f"({len(rest)} more)",
                empty,
                sum(e.mult_adds for e in rest),
                sum(e.params for e in rest),
                all(_exact(e) for e in rest),
            )
        )
    totals: tuple[Any, ...] = (None,) * 5 if by == "layer" else (cost.layers,)
    return Table(
        heading(cost, unit), tuple(columns), tuple(lines), line(f"total ({cost.layers} layers with weights)" if by == "layer" else "total", totals, mult_adds, params, cost.exact),
        caption=f"Mult-adds and params of {cost.network.name}",
    )  # fmt: skip


def _exact(entry: Any) -> bool:
    """Whether a row, or every row of a group, is exact."""
    return all(row.exact for row in getattr(entry, "rows", (entry,)))


def _status(exact: bool) -> str:
    return "exact" if exact else "lower bound"


def _facts(entry: Any, by: str) -> tuple[Any, ...]:
    if by != "layer":
        return (entry.layers,)
    stride = entry.stride
    return (
        entry.kind,
        entry.input,
        entry.output,
        entry.kernel_size,
        str(stride[0]) if stride and stride[0] == stride[1] else stride,
    )


def _explained(cost: Cost, name: str, question: Question) -> str:
    from mbcost.analysis.explain import explain, legend

    names = [row.name for row in cost.rows]
    if name not in names:
        inside = [known for known in names if known.startswith(f"{name}/")]
        close = " or ".join(f"`{known}`" for known in inside[:6]) or nearest(name, names)
        raise MbcostError(
            f"there is no layer `{name[:60]}`",
            help=f"did you mean {close}?" if close else "`mbcost table` prints the names",
        )
    row, lines = explain(cost, name, flops=question.unit == "flops")
    if question.format == "json":
        document = report_keys(cost, "layer/1", question.unit)
        document["layer"] = row_keys(row, question.unit)
        document["formulas"] = [line._asdict() for line in lines]
        return json_text(document)
    columns = (
        Column("quantity", "quantity"),
        Column("formula", "formula"),
        Column("numbers", "with its numbers"),
        Column("value", "value", "count"),
    )
    table = Table(
        f"{row.name}: {row.kind}, {_size(row.input)} -> {_size(row.output)}, of {heading(cost, question.unit)}",
        columns,
        tuple((line.quantity, line.symbols, line.digits, line.value) for line in lines),
        notes=tuple(filter(None, (legend(lines),))) if lines else ("no mult-adds and no params under this convention",),
    )
    return table_text(table, question.format, to_file=question.output is not None)


def _size(shape: Any) -> str:
    return "x".join(map(exact_text, shape))
