"""``mbcost memory``: what a network holds in memory, step by step, and under every memory rule."""

from __future__ import annotations

import sys
from typing import Any

import click

from mbcost.analysis.groups import share
from mbcost.cli.options import (
    ModelName,
    Question,
    bits_options,
    heading,
    output_options,
    report_keys,
    variant_options,
)
from mbcost.cli.output import json_text, table_text
from mbcost.errors import MbcostError
from mbcost.memory.compared import side_by_side, way
from mbcost.memory.liveness import moments
from mbcost.memory.measures import graph_of, peak
from mbcost.memory.rules import available, find
from mbcost.network import Cost
from mbcost.quantities import QUANTITIES
from mbcost.report import Column, Table, numbers

__all__ = ["command"]

BAR = 24


@click.command("memory", short_help="Peak memory, step by step, under every rule.")
@click.argument("model", type=ModelName())
@click.option("--explain", metavar="A", help="The way from the peak under the memory rule A ...")
@click.option("--as", "other", metavar="B", help="... to the peak under B, part by part.")
@bits_options
@variant_options
@output_options
def command(model: str, explain: str | None, other: str | None, **options: Any) -> None:
    """What MODEL holds in memory while it runs: what is alive at each step, and the peak under every memory rule.

    \b
    mbcost memory mobilenet_v2                                        the steps, and where the peak is
    mbcost memory mobilenet_v2 --explain paper-v2 --as torch-eager    why two figures differ
    mbcost memory net.yaml -a 0.5 -r 160 --memory-rule tflm
    """
    file = options.get("memory_rules")
    question = Question(options)
    if (explain is None) != (other is None):
        given, missing = ("--as", "--explain") if explain is None else ("--explain", "--as")
        raise MbcostError(f"{given} needs {missing}", help="write --explain paper-v2 --as torch-eager")
    cost = question.cost(question.load(model))
    if explain is not None and other is not None:
        question.emit(_explained(cost, explain, other, file, question))
    elif question.format == "json":
        question.emit(json_text(_document(cost, file, question)))
    else:
        question.emit(_timeline(cost, file, question))


def _timeline(cost: Cost, file: str | None, question: Question) -> str:
    graph = graph_of(cost)
    found = moments(graph, cost.batch)
    most = max([moment.total for moment in found])
    drawn = question.format == "table" and question.output is None and sys.stdout.isatty()

    def bar(total: int) -> str:
        """A small bar, where somebody looks."""
        return "#" * (BAR * total // max(most, 1)) + " " if drawn else ""

    columns = (
        Column("step", "step", "name"),
        Column("alive", "alive", "count"),
        Column("of_peak", "of the most", "share", 1),
        Column("peak", "", "text", 2),
        Column("tensors", "tensors alive", "text", 3),
    )
    rows = tuple(
        (
            moment.name,
            moment.total,
            share(moment.total, most),
            bar(moment.total) + ("peak" if moment.total == most else ""),
            ", ".join([graph.tensors[number].name for number in moment.tensors]),
        )
        for moment in found
    )
    top = peak(cost)
    bits = QUANTITIES["peak_memory"].width(question.bits)
    count = numbers.count
    in_bytes = count(cost.total("peak_memory_bytes", question.bits))
    tensors = ", ".join([f"{name} {count(size)}" for name, size in top.tensors])
    under = [f"{one.rule.name} {count(one.peak.elements)}" for one in side_by_side(cost, available(file).values())]
    notes = [
        f"peak: {count(top.elements)} elements, {in_bytes} bytes at {bits} bits, at {top.step}: {tensors}",
        f"under every memory rule: {', '.join(under)}",
        f"arena {count(cost.total('arena'))} bytes, flash {count(cost.total('flash'))} bytes (int8)",
    ]
    rule = "" if "memory_rule" in cost.variant.words() else f", memory rule {graph.rule.name}"
    caption = f"Elements alive at each step of {cost.network.name}"
    table = Table(heading(cost) + rule, columns, rows, notes=tuple(notes), caption=caption)
    return table_text(table, question.format, to_file=question.output is not None)


def _document(cost: Cost, file: str | None, question: Question) -> dict[str, Any]:
    document = report_keys(cost, "memory/1")
    graph = graph_of(cost)
    top = peak(cost)
    document["memory_rule"] = cost.memory_rule
    document["bits"] = {name: one.width(question.bits) for name, one in QUANTITIES.items() if one.sized}
    document["total"] = {name: one.total(cost, question.bits) for name, one in QUANTITIES.items()}
    document["total"]["peak_memory_bytes"] = cost.total("peak_memory_bytes", question.bits)
    document["peak"] = {
        "step": top.step,
        "elements": top.elements,
        "tensors": [{"name": name, "elements": size} for name, size in top.tensors],
    }
    document["steps"] = [
        {
            "name": moment.name,
            "alive": moment.total,
            "tensors": [graph.tensors[number].name for number in moment.tensors],
        }
        for moment in moments(graph, cost.batch)
    ]
    document["rules"] = [
        {"name": one.rule.name, "peak_memory": one.peak.elements, "step": one.peak.step}
        for one in side_by_side(cost, available(file).values())
    ]
    return document


def _explained(cost: Cost, explain: str, other: str, file: str | None, question: Question) -> str:
    a, b = find(explain, file), find(other, file)
    start, steps, end = peak(cost, a), way(cost, a, b), peak(cost, b)
    if question.format == "json":
        document = report_keys(cost, "memory-waterfall/1")
        document["from"], document["to"] = a.name, b.name
        document["start"] = start.elements
        document["steps"] = [
            {"part": step.part, "value": step.value, "change": step.change, "running": step.peak.elements, "step": step.peak.step}
            for step in steps
        ]  # fmt: skip
        document["total"] = end.elements
        return json_text(document)
    columns = (
        Column("part", "part of the rule"),
        Column("value", "becomes"),
        Column("change", "change", "delta"),
        Column("running", "peak", "count"),
        Column("step", "at", "name", 1),
    )
    rows: list[tuple[object, ...]] = [(a.name, "", None, start.elements, start.step)]
    rows += [(step.part, step.value, step.change, step.peak.elements, step.peak.step) for step in steps]
    rows.append((b.name, "", end.elements - start.elements, end.elements, end.step))
    table = Table(
        f"from {a.name} to {b.name}: {heading(cost)}", columns, tuple(rows),
        notes=tuple(f"{rule.name}: {rule.note}" for rule in (a, b) if rule.note),
        caption=f"Peak memory of {cost.network.name} from {a.name} to {b.name}",
    )  # fmt: skip
    return table_text(table, question.format, to_file=question.output is not None)
