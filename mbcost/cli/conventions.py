"""``mbcost conventions``: one network under every counting rule, and the way from one total to another."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import click

from mbcost.analysis.conventions import (
    UNIT,
    Counted,
    Move,
    Spread,
    Tally,
    params_waterfall,
    side_by_side,
    spread,
    waterfall,
)
from mbcost.analysis.groups import share
from mbcost.cli.code import model_options
from mbcost.cli.options import CONVENTION, MODEL, Question, output_options, variant_options
from mbcost.conventions import Convention, Term, available, find, qualified
from mbcost.errors import MbcostError
from mbcost.network import Cost
from mbcost.quantities import measured
from mbcost.report import Field, Report, Rows, at, numbers
from mbcost.report.heads import head

__all__ = ["command"]

UNITS = {"mult_adds": "mult-adds", "flops": "FLOPs"}


@click.command("conventions", short_help="One network under every counting rule.")
@click.argument("model", type=MODEL, required=False)
@click.option("--explain", type=CONVENTION, metavar="A", help="The way from the total under A ...")
@click.option("--as", "other", type=CONVENTION, metavar="B", help="... to the total under B, part by part.")
@variant_options
@output_options
@model_options
def command(model: str | None, explain: str | None, other: str | None, **options: Any) -> None:
    """What MODEL costs under every counting rule. Without MODEL: the rules.

    \b
    mbcost conventions mobilenet_v1                              side by side
    mbcost conventions mobilenet_v1 --explain torch --as thop    why these two differ
    mbcost conventions                                           the rules, with their tools and versions
    """
    question = Question(options)
    file = question.rules
    known = available(file)
    if (explain is None) != (other is None):
        given, missing = ("--as", "--explain") if explain is None else ("--explain", "--as")
        raise MbcostError(f"{given} needs {missing}", help="write --explain torch --as thop")
    if model is None:
        if explain is not None:
            help = "write mbcost conventions mobilenet_v1 --explain torch --as thop"
            raise MbcostError("--explain needs a MODEL", help=help)
        question.emit(_rules(list(known.values())))
        return
    cost = question.cost(question.load(model))
    tally = Tally(cost.rows)
    if explain is not None and other is not None:
        pair = [find(qualified(name, file) if file else name) for name in (explain, other)]
        a, b = side_by_side(tally, pair)
        question.emit(_explained(cost, tally, a, b, question))
        return
    question.emit(_compared(cost, side_by_side(tally, known.values()), question))


def _compared(cost: Cost, counted: list[Counted], question: Question) -> Report:
    mult_adds, params = spread([c.mult_adds for c in counted]), spread([c.params for c in counted])
    reference = cost.variant.convention.name
    fields = [
        *_fields(question),
        Field("tool", "tool", "text", 3, lambda c: c.convention.tool, "columns"),
        Field("version", "version", "text", 4, lambda c: c.convention.version, "columns"),
    ]
    for name, amount, priority in (("params", cost.params, 2), ("mult_adds", cost.mult_adds, 1)):
        key = "difference" if name == "mult_adds" else "params_difference"
        get = at(_against, name, amount)
        last = "flops" if name == "mult_adds" and question.unit == "flops" else name
        after = next(i for i, field in enumerate(fields) if field.key == last)
        fields.insert(after + 1, Field(key, f"against {reference}", "percent_change", priority, get, "columns"))
    keys = {
        **head(cost, question.unit), "conventions": Rows(fields, counted),
        "spread": {"mult_adds": _spread_keys(mult_adds), "params": _spread_keys(params)},
    }  # fmt: skip
    notes = (f"mult-adds: {_apart(mult_adds)}", f"params: {_apart(params)}")
    caption = f"{cost.network.name} under every counting convention"
    return Report("conventions/1", question.heading(cost), keys, notes, caption)


def _against(counted: Counted, name: str, amount: Any) -> Any:
    """By how much a total differs from another, as a fraction of that."""
    return share(getattr(counted, name) - amount, amount)


def _apart(found: Spread) -> str:
    least, most = numbers.count(found.least), numbers.count(found.most)
    wider = "" if found.share is None else f", {numbers.share(found.share)} more"
    return f"from {least} to {most}{wider}"


def _spread_keys(found: Spread) -> dict[str, Any]:
    percent = None if found.share is None else 100 * found.share.numerator / found.share.denominator
    return {"least": found.least, "most": found.most, "percent": percent}


def _fields(question: Question) -> list[Field]:
    """A convention and its totals."""
    flops = measured("flops")
    return [
        Field("name", "convention", get=lambda c: c.convention.name),
        Field("tool", get=lambda c: c.convention.tool, to="json"),
        Field("version", get=lambda c: c.convention.version, to="json"),
        Field("unit", get=lambda c: c.convention.unit, to="json"),
        Field("reported", "reported", "count"),
        Field("unit", "in", get=lambda c: UNITS[c.convention.unit], to="columns"),
        Field("mult_adds", "mult-adds", "count"),
        *(
            [Field("flops", flops.heading, "count", get=lambda c: flops.amount(c.mult_adds))]
            if question.unit == "flops"
            else []
        ),
        Field("params", "params", "count"),
    ]


class _Move(NamedTuple):
    """One line of a waterfall: where it begins and ends, and each step between."""

    quantity: str
    part: str
    running: Any
    change: Any = None
    count: Any = None
    factor: Any = None


def _explained(cost: Cost, tally: Tally, a: Counted, b: Counted, question: Question) -> Report:
    steps, params = waterfall(tally, a, b), params_waterfall(tally, a, b)
    fields = [
        Field(key, "total" if key == "running" else key, kind, int(key == "quantity"))
        for key, kind in WATERFALL.items()
    ]
    moves: list[_Move] = []
    sections = []
    for quantity, first, way, last in (
        ("mult-adds", a.reported, steps, b.reported),
        ("params", a.params, params, b.params),
    ):
        sections.append(len(moves))
        moves.append(_Move(quantity, _ends(a, quantity), first))
        moves += [
            _Move(quantity, _said(step, a, b), step.running, step.change, step.count, step.factor) for step in way
        ]
        moves.append(_Move(quantity, _ends(b, quantity), last, last - first))
    both = Rows(_fields(question), (a, b))
    keys = {
        **head(cost, question.unit), "from": a.convention.name, "to": b.convention.name,
        "conventions": [both.object(counted) for counted in (a, b)], "start": a.reported,
        "steps": [_step_keys(step, "mult_adds") for step in steps], "total": b.reported,
        "params_steps": [_step_keys(step, "params") for step in params], "params_total": b.params,
        "table": Rows(fields, moves, sections=tuple(sections[1:]), data=False),
    }  # fmt: skip
    title = f"from {a.convention.name} to {b.convention.name}: {question.heading(cost)}"
    notes = tuple(dict.fromkeys(f"{c.convention.name}: {c.convention.note}" for c in (a, b) if c.convention.note))
    caption = f"{cost.network.name} from {a.convention.name} to {b.convention.name}"
    return Report("waterfall/1", title, keys, notes, caption)


WATERFALL = {
    "quantity": "text",
    "part": "text",
    "count": "count",
    "factor": "delta",
    "change": "delta",
    "running": "count",
}


def _ends(counted: Counted, quantity: str) -> str:
    unit = UNITS[counted.convention.unit] if quantity == "mult-adds" else "params"
    return f"{counted.convention.name} ({unit})"


def _said(step: Move, a: Counted, b: Counted) -> str:
    if step.part != UNIT:
        return step.part
    rule, words = (a.convention, "to mult-adds") if step.factor < 0 else (b.convention, "from mult-adds")
    return f"unit: {words}, {rule.scale} {UNITS[rule.unit]} each"


def _step_keys(step: Move, quantity: str) -> dict[str, Any]:
    keys = {"part": step.part, "count": step.count, "factor": step.factor, quantity: step.change}
    return {**keys, "running": step.running}


def _rules(conventions: list[Convention]) -> Report:
    fields = (
        Field("name", "convention"),
        Field("mult_adds", get=lambda rule: _factors(rule.mult_adds), to="json"),
        Field("params", get=lambda rule: _factors(rule.params), to="json"),
        Field("unit", "reported in", get=lambda rule: UNITS[rule.unit], to="columns"),
        Field("tool", "tool"),
        Field("version", "version", "text", 1),
        Field("unit", to="json"),
        Field("scale", to="json"),
        Field("source", "read in", "text", 2),
        Field("note", to="json"),
    )
    notes = tuple(
        f"{rule.name}: mult-adds = {_form(rule.mult_adds)}; params = {_form(rule.params)}. {rule.note}".rstrip()
        for rule in conventions
    )
    return Report("rules/1", "counting conventions", {"conventions": Rows(fields, conventions)}, notes)


def _factors(form: tuple[Term, ...]) -> dict[str, int | Fraction]:
    return {str(term): term.factor for term in form}


def _form(form: tuple[Term, ...]) -> str:
    terms = [f"{'' if term.factor == 1 else f'{term.factor} '}{term}" for term in form]
    return " + ".join(terms).replace("+ -", "- ")
