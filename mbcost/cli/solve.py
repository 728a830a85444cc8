"""``mbcost solve``: the largest network of a family within limits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import click

from mbcost.analysis.answers import Answer, Solution
from mbcost.analysis.family import QUANTITIES, Limit
from mbcost.analysis.ranges import alphas, resolutions, rhos
from mbcost.analysis.solve import Solver
from mbcost.analysis.standard import Accuracy, Point, accuracies
from mbcost.cli.options import ModelName, Question, heading, output_options, report_keys, variant_options
from mbcost.cli.output import decimal, json_text, table_text
from mbcost.dims import MAX_ALPHA, exact_text
from mbcost.errors import MbcostError
from mbcost.network import Cost, Network
from mbcost.quantities import parse_count
from mbcost.report import Column, Table, numbers

__all__ = ["command"]

Size = tuple[int, int]


def _limit_options(function: Any) -> Any:
    """``--max-`` and ``--min-`` for every quantity that can be limited."""
    for bound, help in (("min", "At least so much."), ("max", "At most so much: 150M, 2M, 1.5G.")):
        for quantity in reversed(QUANTITIES):
            name = f"--{bound}-{quantity.replace('_', '-')}"
            function = click.option(
                name, f"{bound}_{quantity}", metavar="N", help=f"{quantity.replace('_', '-')}: {help}"
            )(function)
    return function


@click.command("solve", short_help="The largest alpha or resolution within limits.")
@click.argument("model", type=ModelName())
@_limit_options
@variant_options
@output_options
def command(model: str, **options: Any) -> int:
    """The largest network of MODEL's family within every limit, exactly.

    The cost is a step function of alpha: the whole step is reported, the channels it gives, and the next step, which
    would break a limit. -r fixes the resolution (the table's own if not given), -a fixes alpha and leaves the resolution
    open; both take sets, 128,160 or 96:224:32. Exit code 1: there is no such network.

    \b
    mbcost solve mobilenet_v1 --max-mult-adds 300M
    mbcost solve mobilenet_v2 --max-mult-adds 150M --max-params 2M -r 96:224:32
    mbcost solve mobilenet_v3_large -a 0.75 --max-mult-adds 100M
    """
    limits = _limits(options)
    question = Question(options)
    network = question.load(model)
    variant = question.variant()
    given, rho, size = variant.pop("alpha"), variant.pop("rho"), variant.pop("resolution")
    if rho is not None and size is not None:
        raise MbcostError(
            "rho and a resolution are both given",
            help="keep one: rho scales the table's resolution, the other replaces it",
        )
    sizes = rhos(rho, network.base_resolution) if rho is not None else resolutions(size) if size is not None else None
    widths = alphas(given) if given is not None else None
    answer = Answer(network, Solver(network, **variant), limits, widths, sizes, published(network))
    if question.format == "json":
        question.emit(json_text(_document(answer, question)))
    else:
        question.emit(table_text(_table(answer, question), question.format, to_file=question.output is not None))
    return 0 if answer.solutions else 1


for _option in command.params:
    if _option.name == "alpha" and isinstance(_option, click.Option):
        _option.default, _option.show_default, _option.help = None, False, "Fix alpha, or a set of them: 0.5,0.75."
    if _option.name in {"rho", "resolution"} and isinstance(_option, click.Option):
        _option.help = f"Fix the {'resolution, or a set of them: 128,160 or 96:224:32' if _option.name == 'resolution' else 'resolution multiplier'}."


def _limits(options: dict[str, Any]) -> list[Limit]:
    """The limits asked for; those that contradict each other are an error."""
    found = []
    for bound in ("max", "min"):
        for quantity in QUANTITIES:
            text = options.pop(f"{bound}_{quantity}")
            if text is not None:
                limit = Limit(quantity, 0, bound == "min")
                found.append(limit._replace(amount=parse_count(text, _name(limit))))
    if not found:
        raise MbcostError(
            "`mbcost solve` needs a limit",
            help="give --max-mult-adds 300M, --max-params 2M or another --max-... or --min-...",
        )
    for least in [limit for limit in found if limit.least]:
        for most in [limit for limit in found if not limit.least]:
            (quantity, per_least), (other, per_most) = QUANTITIES[least.quantity], QUANTITIES[most.quantity]
            if quantity == other and least.amount * per_most > most.amount * per_least:
                raise MbcostError(
                    f"the limits contradict each other: {_name(least)} (={least.amount}) is above {_name(most)} (={most.amount})",
                    help="raise the maximum or lower the minimum",
                )
    return found


def _name(limit: Limit) -> str:
    return f"--{'min' if limit.least else 'max'}-{limit.quantity.replace('_', '-')}"


def published(network: Network) -> list[Accuracy]:
    """The accuracies published for a shipped model: its checkpoint tables."""
    from mbcost.papers import load
    from mbcost.tables import models

    return accuracies(network, [load("tf_slim"), load("mobilenet_v3")]) if network.name in models() else []


def _document(answer: Answer, question: Question) -> dict[str, Any]:
    """The report as JSON has it: the best network's keys, then what stands beside it."""
    best = answer.solutions[0] if answer.solutions else None
    document = report_keys(_cost(answer), "solve", question.unit)
    document["limits"] = {_name(limit)[2:].replace("-", "_"): limit.amount for limit in answer.limits}
    document.update(_keys(answer, best) if best is not None else dict.fromkeys(EMPTY))
    if len(answer.solutions) > 1:
        document["solutions"] = [_keys(answer, one) for one in answer.solutions]
    document["standard_grid"] = [_point_keys(point, question.unit) for point in answer.grid]
    document["published"] = None
    if answer.most_accurate is not None:
        one, values = answer.most_accurate
        keys = _point_keys(Point(one.alpha, one.size, values), question.unit)
        document["published"] = {"name": one.name, **keys, "top1": decimal(one.top1), "source": one.source}
    if best is None:
        document["cheapest"] = _point_keys(answer.cheapest(), question.unit)
        largest = answer.largest()
        document["largest"] = None if largest is None else _point_keys(largest, question.unit)
    return document


EMPTY = ("alpha", "ideal_alpha", "resolution", "channels", "mult_adds", "params", "binding", "next")
"""The keys of a solution, null where there is none."""


def _cost(answer: Answer) -> Cost:
    """The best network, or the cheapest where none is within the limits."""
    at = answer.solutions[0] if answer.solutions else answer.cheapest()
    return answer.network.cost(alpha=at.alpha, resolution=at.size, **answer.solver.variant)


def _keys(answer: Answer, one: Solution) -> dict[str, Any]:
    below = None if one.below is None or one.below == MAX_ALPHA else str(one.below)
    alpha: dict[str, Any] = {"from": str(one.start), "below": below, "decimal": decimal(one.alpha)}
    if not one.start_included:  # the divisor rule's steps can begin just above a rational
        alpha |= {"from_included": False, "type": str(one.alpha)}
    if one.below_included and below is not None:
        alpha["below_included"] = True
    keys: dict[str, Any] = {
        "alpha": alpha, "ideal_alpha": decimal(one.ideal) if answer.by_alpha else None, "resolution": list(one.size),
        "channels": answer.channels(one.alpha, one.size), "mult_adds": one.values["mult_adds"], "params": one.values["params"],
        "binding": one.binding, "next": one.next,
    }  # fmt: skip
    if one.smallest is not None:
        keys["smallest_resolution"] = list(one.smallest)
        keys["ideal_rho"] = decimal(one.ideal)
    return keys


def _point_keys(point: Point, unit: str) -> dict[str, Any]:
    keys = {"alpha": str(point.alpha), "resolution": list(point.size)}
    costs = {"mult_adds": point.values["mult_adds"], "params": point.values["params"]}
    return {**keys, **costs, **({"flops": point.values["flops"]} if unit == "flops" else {})}


def _table(answer: Answer, question: Question) -> Table:
    """The answer, what is above it, and what stands beside it."""
    words = [
        word
        for word in heading(_cost(answer), question.unit).split(", ")
        if not word.startswith(("alpha ", "resolution "))
    ]
    words += [
        f"{limit.quantity} {'at least' if limit.least else 'at most'} {limit.amount:,}" for limit in answer.limits
    ]
    flops = question.unit == "flops"
    columns = (
        Column("point", "point"), Column("alpha", "alpha"), Column("resolution", "resolution"), Column("mult_adds", "mult-adds", "count"),
        *((Column("flops", "FLOPs (2 x mult-adds)", "count"),) if flops else ()),
        Column("params", "params", "count"), Column("remark", "remark", "text", 1),
    )  # fmt: skip
    lines: list[_Line] = []
    for number, one in enumerate(answer.solutions):
        lines += _lines(answer, one, "also within" if number else "best")
    if not answer.solutions:
        cheapest = answer.cheapest()
        lines.append(_Line("cheapest", cheapest.alpha, cheapest.size, cheapest.values))
        largest = answer.largest()
        if largest is not None:
            remark = "within what is at most, but not at least"
            lines.append(_Line("largest", largest.alpha, largest.size, largest.values, remark))
    beside = [_Line("standard grid", *point) for point in answer.grid]
    if answer.most_accurate is not None:
        accuracy, values = answer.most_accurate
        remark = f"top-1 {decimal(accuracy.top1)} %, {accuracy.name}"
        beside.append(_Line("published", accuracy.alpha, accuracy.size, values, remark))
    rows = tuple(line.cells(flops) for line in [*lines, *beside])
    return Table(", ".join(words), columns, rows, notes=tuple(_notes(answer)), sections=(len(lines),) if beside else ())


class _Line(NamedTuple):
    """One row of the answer."""

    point: str
    alpha: Fraction | str
    size: Size | str
    values: dict[str, Any] | None = None
    remark: str | None = None

    def cells(self, flops: bool) -> tuple[Any, ...]:
        """The row's cells; a point that is only named has no costs."""
        names = ("mult_adds", *(("flops",) if flops else ()), "params")
        costs = [None if self.values is None else self.values[name] for name in names]
        alpha = self.alpha if isinstance(self.alpha, str) else exact_text(self.alpha)
        size = self.size if isinstance(self.size, str) else _size(self.size)
        return self.point, alpha, size, *costs, self.remark


def _lines(answer: Answer, one: Solution, name: str) -> list[_Line]:
    """A solution, the next network up, and the idealised one."""
    found = [_Line(name, one.alpha, one.size, one.values, _step_text(one))]
    if one.next is not None:
        alpha = Fraction(one.next["alpha"]) if "alpha" in one.next else one.alpha
        size = tuple(one.next["resolution"]) if "resolution" in one.next else one.size
        found.append(_Line("next", alpha, size, None, f"{one.binding} {one.next['value']:,}: above the limit"))
    if one.ideal is not None:
        root = numbers.fixed(one.ideal, 10)
        line = _Line("idealised", one.alpha, one.size, None, "without rounding")
        found.append(line._replace(alpha=root) if answer.by_alpha else line._replace(size=f"rho {root}"))
    return found


def _step_text(one: Solution) -> str | None:
    """Which alphas, or which resolutions, give the same network."""
    if one.smallest is not None:
        return None if one.smallest == one.size else f"the same from {_size(one.smallest)} on"
    if one.below is None:
        return None
    first = f"alpha {'from' if one.start_included else 'above'} {exact_text(one.start)}"
    last = f" {'up to' if one.below_included else 'to below'} {exact_text(one.below)}"
    return first if one.below == MAX_ALPHA else first + last


def _notes(answer: Answer) -> list[str]:
    if not answer.solutions:
        return ["no network within the limits"]
    best = answer.solutions[0]
    notes = [] if best.binding is None else [f"binding: {best.binding}"]
    pairs = dict.fromkeys(
        zip([width.value for width in answer.solver.widths], answer.solver.widths_at(best.alpha), strict=True)
    )
    return [*notes, f"channels: {', '.join(f'{value} -> {actual}' for value, actual in pairs)}"] if pairs else notes


def _size(size: Size) -> str:
    return str(size[0]) if size[0] == size[1] else f"{size[0]}x{size[1]}"
