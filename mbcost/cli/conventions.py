"""``mbcost conventions``: one network under every counting rule, and the way from one total to another."""

from __future__ import annotations

from typing import Any

import click

from mbcost import __version__
from mbcost.analysis.conventions import (
    UNIT,
    Counted,
    Spread,
    Step,
    Tally,
    params_waterfall,
    side_by_side,
    spread,
    waterfall,
)
from mbcost.analysis.groups import share
from mbcost.cli.options import ModelName, Question, heading, output_options, report_keys, variant_options
from mbcost.cli.output import json_text, table_text
from mbcost.conventions import Convention, Term, available, find, qualified
from mbcost.errors import MbcostError
from mbcost.network import Cost
from mbcost.report import Column, Table, numbers

__all__ = ["command"]

UNITS = {"mult_adds": "mult-adds", "flops": "FLOPs"}


@click.command("conventions", short_help="One network under every counting rule.")
@click.argument("model", type=ModelName(), required=False)
@click.option("--explain", metavar="A", help="The way from the total under A ...")
@click.option("--as", "other", metavar="B", help="... to the total under B, part by part.")
@variant_options
@output_options
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
        question.emit(_rules(list(known.values()), question))
        return
    cost = question.cost(question.load(model))
    tally = Tally(cost.rows)
    if explain is not None and other is not None:
        pair = [find(qualified(name, file) if file else name) for name in (explain, other)]
        a, b = side_by_side(tally, pair)
        question.emit(_explained(cost, tally, a, b, question))
        return
    question.emit(_compared(cost, side_by_side(tally, known.values()), question))


def _compared(cost: Cost, counted: list[Counted], question: Question) -> str:
    mult_adds, params = spread([c.mult_adds for c in counted]), spread([c.params for c in counted])
    if question.format == "json":
        document = report_keys(cost, "conventions/1", question.unit)
        document["conventions"] = [_keys(c, question.unit) for c in counted]
        document["spread"] = {"mult_adds": _spread_keys(mult_adds), "params": _spread_keys(params)}
        return json_text(document)
    flops = question.unit == "flops"
    reference = cost.variant.convention.name
    columns = (
        Column("name", "convention"),
        Column("reported", "reported", "count"),
        Column("unit", "in"),
        Column("mult_adds", "mult-adds", "count"),
        *((Column("flops", "FLOPs (2 x mult-adds)", "count"),) if flops else ()),
        Column("difference", f"against {reference}", "percent_change", 1),
        Column("params", "params", "count"),
        Column("params_difference", f"against {reference}", "percent_change", 2),
        Column("tool", "tool", "text", 3),
        Column("version", "version", "text", 4),
    )
    rows = tuple(
        (
            c.convention.name,
            c.reported,
            UNITS[c.convention.unit],
            c.mult_adds,
            *((2 * c.mult_adds,) if flops else ()),
            share(c.mult_adds - cost.mult_adds, cost.mult_adds),
            c.params,
            share(c.params - cost.params, cost.params),
            c.convention.tool,
            c.convention.version,
        )
        for c in counted
    )
    notes = (f"mult-adds: {_apart(mult_adds)}", f"params: {_apart(params)}")
    title = heading(cost, question.unit)
    caption = f"{cost.network.name} under every counting convention"
    table = Table(title, columns, rows, notes=notes, caption=caption)
    return table_text(table, question.format, to_file=question.output is not None)


def _apart(found: Spread) -> str:
    least, most = numbers.count(found.least), numbers.count(found.most)
    wider = "" if found.share is None else f", {numbers.share(found.share)} more"
    return f"from {least} to {most}{wider}"


def _spread_keys(found: Spread) -> dict[str, Any]:
    percent = None if found.share is None else 100 * found.share.numerator / found.share.denominator
    return {"least": found.least, "most": found.most, "percent": percent}


def _keys(counted: Counted, unit: str) -> dict[str, Any]:
    """A convention and its totals as JSON has them."""
    rule = counted.convention
    return {
        "name": rule.name,
        "tool": rule.tool,
        "version": rule.version,
        "unit": rule.unit,
        "reported": counted.reported,
        "mult_adds": counted.mult_adds,
        **({"flops": 2 * counted.mult_adds} if unit == "flops" else {}),
        "params": counted.params,
    }


def _explained(cost: Cost, tally: Tally, a: Counted, b: Counted, question: Question) -> str:
    steps, params = waterfall(tally, a, b), params_waterfall(tally, a, b)
    if question.format == "json":
        document = report_keys(cost, "waterfall/1", question.unit)
        document["from"] = a.convention.name
        document["to"] = b.convention.name
        document["conventions"] = [_keys(a, question.unit), _keys(b, question.unit)]
        document["start"] = a.reported
        document["steps"] = [_step_keys(step, "mult_adds") for step in steps]
        document["total"] = b.reported
        document["params_steps"] = [_step_keys(step, "params") for step in params]
        document["params_total"] = b.params
        return json_text(document)
    columns = (
        Column("quantity", "quantity"),
        Column("part", "part"),
        Column("count", "count", "count"),
        Column("factor", "factor", "delta"),
        Column("change", "change", "delta"),
        Column("running", "total", "count"),
    )
    rows: list[tuple[object, ...]] = []
    sections = []
    ways = (("mult-adds", a.reported, steps, b.reported), ("params", a.params, params, b.params))
    for quantity, first, moves, last in ways:
        sections.append(len(rows))
        rows.append((quantity, _ends(a, quantity), None, None, None, first))
        rows += [(quantity, _said(step, a, b), *step[1:]) for step in moves]
        rows.append((quantity, _ends(b, quantity), None, None, last - first, last))
    table = Table(
        f"from {a.convention.name} to {b.convention.name}: {heading(cost, question.unit)}",
        columns,
        tuple(rows),
        notes=tuple(dict.fromkeys(f"{c.convention.name}: {c.convention.note}" for c in (a, b) if c.convention.note)),
        sections=tuple(sections[1:]),
        caption=f"{cost.network.name} from {a.convention.name} to {b.convention.name}",
    )
    return table_text(table, question.format, to_file=question.output is not None)


def _ends(counted: Counted, quantity: str) -> str:
    unit = UNITS[counted.convention.unit] if quantity == "mult-adds" else "params"
    return f"{counted.convention.name} ({unit})"


def _said(step: Step, a: Counted, b: Counted) -> str:
    if step.part != UNIT:
        return step.part
    rule, words = (a.convention, "to mult-adds") if step.factor < 0 else (b.convention, "from mult-adds")
    return f"unit: {words}, {rule.scale} {UNITS[rule.unit]} each"


def _step_keys(step: Step, quantity: str) -> dict[str, Any]:
    return {
        "part": step.part,
        "count": step.count,
        "factor": step.factor,
        quantity: step.change,
        "running": step.running,
    }


def _rules(conventions: list[Convention], question: Question) -> str:
    if question.format == "json":
        listed = []
        for rule in conventions:
            keys = rule._asdict()
            del keys["file"]
            keys |= {form: {str(t): t.factor for t in getattr(rule, form)} for form in ("mult_adds", "params")}
            listed.append(keys)
        return json_text({"schema": "mbcost/rules/1", "version": __version__, "conventions": listed})
    columns = (
        Column("name", "convention"),
        Column("unit", "reported in"),
        Column("tool", "tool"),
        Column("version", "version", "text", 1),
        Column("source", "read in", "text", 2),
    )
    rows = tuple((rule.name, UNITS[rule.unit], rule.tool, rule.version, rule.source) for rule in conventions)
    notes = tuple(
        f"{rule.name}: mult-adds = {_form(rule.mult_adds)}; params = {_form(rule.params)}. {rule.note}".rstrip()
        for rule in conventions
    )
    table = Table("counting conventions", columns, rows, notes=notes)
    return table_text(table, question.format, to_file=question.output is not None)


def _form(form: tuple[Term, ...]) -> str:
    terms = [f"{'' if term.factor == 1 else f'{term.factor} '}{term}" for term in form]
    return " + ".join(terms).replace("+ -", "- ")
