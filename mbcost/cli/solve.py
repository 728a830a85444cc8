"""``mbcost solve``: the largest network of a family within limits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import click

from mbcost.cli.code import model_options
from mbcost.cli.options import (
    MODEL,
    Question,
    bits_given,
    columns_option,
    given_limits,
    limit_options,
    output_options,
    variant_options,
)
from mbcost.dims import MAX_ALPHA, MAX_RESOLUTION, exact_text
from mbcost.errors import MbcostError
from mbcost.network import Cost, Network
from mbcost.report import Field, Report, Rows, at, numbers
from mbcost.report.heads import bound as lower_bound
from mbcost.report.heads import head
from mbcost.report.report import value
from mbcost.solve.answers import Answer, Solution
from mbcost.solve.family import Constraint, bounds_below, limited
from mbcost.solve.members import Accuracy, Member, accuracies
from mbcost.solve.ranges import asked
from mbcost.solve.solver import Solver

__all__ = ["command"]

Size = tuple[int, int]


@click.command("solve", short_help="The largest alpha or resolution within limits.")
@click.argument("model", type=MODEL)
@limit_options("solve", "max", "min")
@columns_option
@variant_options
@output_options
@model_options
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
    axes = asked(network, *question.axes())
    shown = [quantity.name for quantity in question.shown]
    solver = Solver(network, question.variant(), [*shown, *[limit.quantity for limit in limits]], question.bits)
    answer = Answer(network, solver, limits, *axes, published(question.model, network))
    question.emit(_report(answer, question))
    return 1 if not answer.solutions or _unsure(answer) else 0


def _unsure(answer: Answer) -> str:
    """Why nothing is known to be within a maximum: totals that are lower bounds can fail one, never pass it."""
    cost = _cost(answer)
    return "" if cost.exact or all(limit.least for limit in answer.limits) else lower_bound(cost)


for _option in command.params:
    if _option.name == "alpha" and isinstance(_option, click.Option):
        _option.default, _option.show_default, _option.help = None, False, "Fix alpha, or a set of them: 0.5,0.75."
    if _option.name in {"rho", "resolution"} and isinstance(_option, click.Option):
        _option.help = f"Fix the {'resolution, or a set of them: 128,160 or 96:224:32' if _option.name == 'resolution' else 'resolution multiplier'}."


def _limits(options: dict[str, Any]) -> list[Constraint]:
    """The limits asked for; those that contradict each other are an error."""
    given = given_limits(options, "solve", "max", "min")
    if not given:
        raise MbcostError(
            "`mbcost solve` needs a limit",
            help="give --max-mult-adds 300M, --max-params 2M or another --max-... or --min-...",
        )
    words = [(bound, quantity, text, f"--{bound}-{quantity.option}") for bound, quantity, text in given]
    return limited(words, bits_given(options))


def _name(limit: Constraint) -> str:
    return f"--{'min' if limit.least else 'max'}-{limit.quantity.replace('_', '-')}"


def published(model: str, network: Network) -> list[Accuracy]:
    """The accuracies published for a shipped model: its checkpoint tables. A file of the same name is another model."""
    from mbcost.papers import load
    from mbcost.tables import models

    return accuracies(network, [load("tf_slim"), load("mobilenet_v3")]) if model in models() else []


def _report(answer: Answer, question: Question) -> Report:
    """The best network, what is above it, and what stands beside it."""
    best = answer.solutions[0] if answer.solutions else None
    cost, unit = _cost(answer), question.unit
    keys = head(cost, unit) | question.widths
    keys["limits"] = {_name(limit)[2:].replace("-", "_"): limit.amount for limit in answer.limits}
    keys |= _keys(answer, best, question) if best is not None else dict.fromkeys(EMPTY)
    if len(answer.solutions) > 1:
        keys["solutions"] = [_keys(answer, one, question) for one in answer.solutions]
    keys["standard_grid"] = [_point_keys(point, question) for point in answer.grid]
    keys["known_within"] = bool(answer.solutions) and not _unsure(answer)
    keys["published"] = None
    if answer.most_accurate is not None:
        one, values = answer.most_accurate
        point = _point_keys(Member(one.alpha, one.size, values), question)
        keys["published"] = {"name": one.name, **point, "top1": value(one.top1, "ratio"), "source": one.source}
    if best is None:
        keys["cheapest"] = _point_keys(answer.cheapest, question)
        largest = answer.largest()
        keys["largest"] = None if largest is None else _point_keys(largest, question)
    keys["table"] = _table(answer, question)
    words = [f"{limit.quantity} {'at least' if limit.least else 'at most'} {limit.amount:,}" for limit in answer.limits]
    title = ", ".join([question.heading(cost, "alpha", "resolution"), *words])
    return Report("solve/1", title, keys, tuple(_notes(answer)))


EMPTY = ("alpha", "ideal_alpha", "resolution", "channels", "mult_adds", "params", "binding", "next")
"""The keys of a solution, null where there is none."""


def _cost(answer: Answer) -> Cost:
    """The best network, or the cheapest where none is within the limits."""
    at = answer.solutions[0] if answer.solutions else answer.cheapest
    return answer.network.count(answer.solver.variant.at(at.alpha, at.size))


def _keys(answer: Answer, one: Solution, question: Question) -> dict[str, Any]:
    below = None if one.below is None else str(one.below)
    alpha: dict[str, Any] = {"from": str(one.alpha), "below": below, "decimal": value(one.decimal, "ratio")}
    if one.step is not None:  # the divisor rule's steps can begin just above a rational, and end with one
        alpha |= {"above": str(one.step.start.alpha)} if one.step.start.after else {}
        alpha |= {"below_included": True} if below and one.step.end.after else {}
    following = None
    if one.next is not None and one.binding is not None:
        where = {"alpha": str(one.next.alpha)} if answer.by_alpha else {"resolution": list(one.next.size)}
        following = {**where, "quantity": one.binding, "value": one.next.values[one.binding]}
    keys: dict[str, Any] = {
        "alpha": alpha, "ideal_alpha": value(one.ideal, "ratio") if answer.by_alpha else None, "resolution": list(one.size),
        "channels": answer.channels(one.alpha, one.size), **_costs(one.values, question),
        "binding": one.binding, "next": following,
    }  # fmt: skip
    if one.smallest is not None:
        keys["smallest_resolution"] = list(one.smallest)
        keys["ideal_rho"] = value(one.ideal, "ratio")
    return keys


def _point_keys(point: Member, question: Question) -> dict[str, Any]:
    return {"alpha": str(point.alpha), "resolution": list(point.size), **_costs(point.values, question)}


def _costs(values: dict[str, Any], question: Question) -> dict[str, Any]:
    """The costs every report has, and under `quantities` those that are limited besides."""
    keyed = {name: values[name] for name in question.usual}
    more = {name: amount for name, amount in values.items() if name not in question.usual}
    return {**keyed, **({"quantities": more} if more else {})}


def _table(answer: Answer, question: Question) -> Rows:
    """The answer, what is above it, and what stands beside it."""
    fields = [
        Field("point", "point"),
        Field("alpha", "alpha", get=lambda line: _text(line.alpha), to="people"),
        Field("below", "same below", get=lambda line: _text(line.below), to="people"),
        Field("alpha", kind="number", to="csv"),
        Field("below", kind="number", to="csv"),
        Field("resolution", "resolution"),
    ]
    fields += [Field(one.name, one.heading, one.kind, get=at(_Line.cost, one.name)) for one in question.shown]
    fields.append(Field("remark", "remark", "text", 1))
    lines: list[_Line] = []
    for number, one in enumerate(answer.solutions):
        best, other = ("largest not ruled out", "not ruled out") if _unsure(answer) else ("best", "also within")
        lines += _lines(answer, one, other if number else best)
    if not answer.solutions:
        cheapest = answer.cheapest
        lines.append(_line("cheapest", cheapest.alpha, cheapest.size, cheapest.values))
        largest = answer.largest()
        if largest is not None:
            lines.append(_line("largest", *largest, "within what is at most, but not at least"))
    beside = [_line("standard grid", *point) for point in answer.grid]
    if answer.most_accurate is not None:
        accuracy, values = answer.most_accurate
        said = f"top-1 {value(accuracy.top1, 'ratio')} %, {accuracy.name}"
        beside.append(_line("published", accuracy.alpha, accuracy.size, values, said))
    return Rows(fields, lines + beside, sections=(len(lines),) if beside else (), data=False)


class _Line(NamedTuple):
    """One row of the answer; a point that is only named has no costs."""

    point: str
    alpha: Fraction | str
    resolution: str
    values: dict[str, Any] | None = None
    remark: str | None = None
    below: Fraction | None = None

    def cost(self, name: str) -> Any:
        """A cost of the point."""
        return None if self.values is None else self.values[name]


def _text(alpha: Fraction | str | None) -> str | None:
    return exact_text(alpha) if isinstance(alpha, Fraction) else alpha


def _line(point: str, alpha: Fraction, size: Size, values: dict[str, Any] | None, remark: str | None = None) -> _Line:
    return _Line(point, alpha, _size(size), values, remark)


def _lines(answer: Answer, one: Solution, name: str) -> list[_Line]:
    """A solution, the next network, which breaks a limit, and the idealised one."""
    best = _line(name, one.alpha, one.size, one.values, _remark(one))
    found = [best._replace(below=one.below)]
    if one.next is not None:
        side = "below" if bounds_below(answer.limits) else "above"
        found.append(_line("next", *one.next, f"{one.binding}: {side} the limit"))
    if one.ideal is not None:
        root = numbers.fixed(one.ideal, 10)
        line = _line("idealised", one.alpha, one.size, None, "without rounding")
        found.append(line._replace(alpha=root) if answer.by_alpha else line._replace(resolution=f"rho {root}"))
    return found


def _remark(one: Solution) -> str | None:
    """Which other alphas, or which resolutions, give the same network."""
    words = []
    if one.smallest not in {None, one.size}:
        words.append(f"the same from {_size(one.smallest)} on")
    if one.step is not None and one.step.start.after:
        words.append(f"from just above {exact_text(one.step.start.alpha)}")
    if one.below is not None and one.step is not None and one.step.end.after:
        words.append(f"{exact_text(one.below)} too")
    return ", ".join(words) or None


def _notes(answer: Answer) -> list[str]:
    notes = []
    if answer.left_out:
        words = [
            f"alpha {exact_text(at)}" if isinstance(at, Fraction) else f"resolution {_size(at)}"
            for at in answer.left_out
        ]
        notes.append(f"left out, in error there: {', '.join(words)}")
    if not answer.solutions:
        return [*notes, "no network within the limits"]
    if unsure := _unsure(answer):
        return [*notes, f"no network is known to be within the limits: every cost is {unsure}"]
    best = answer.solutions[0]
    if best.binding is not None:
        notes.append(f"binding: {best.binding}")
    elif answer.by_alpha or answer.by_size:
        notes.append(f"no limit binds: {_end(answer)}")
    pairs = dict.fromkeys(
        zip([width.value for width in answer.solver.widths], answer.solver.widths_at(best.alpha), strict=True)
    )
    if pairs:
        notes.append(f"channels: {', '.join(f'{value} -> {actual}' for value, actual in pairs)}")
    return notes


def _end(answer: Answer) -> str:
    """What ends a family where no limit does."""
    if bounds_below(answer.limits):
        return "there is no smaller network"
    return f"alpha ends at {MAX_ALPHA}" if answer.by_alpha else f"resolutions end at {MAX_RESOLUTION:,} pixels"


def _size(size: Size) -> str:
    return str(size[0]) if size[0] == size[1] else f"{size[0]}x{size[1]}"
