"""``mbcost memory``: what a network holds in memory, step by step, and under every memory rule."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import click

from mbcost.analysis.groups import share
from mbcost.cli.code import model_options
from mbcost.cli.completion import completing, memory_rules
from mbcost.cli.figures import Drawing, drawing, figure_options
from mbcost.cli.options import MODEL, Question, bits_options, output_options, ridge_option, variant_options
from mbcost.errors import MbcostError
from mbcost.memory.compared import side_by_side, way
from mbcost.memory.liveness import Moment, moments
from mbcost.memory.measures import graph_of, peak
from mbcost.memory.rule import Rule
from mbcost.memory.rules import available, find
from mbcost.network import Cost
from mbcost.quantities import QUANTITIES, bytes_at
from mbcost.report import Field, Report, Rows, numbers
from mbcost.report.costed import peak_keys, quantities
from mbcost.report.heads import head, heading

__all__ = ["command"]

BAR = 24


@click.command("memory", short_help="Peak memory, step by step, under every rule.")
@click.argument("model", type=MODEL)
@click.option(
    "--explain",
    shell_complete=completing(memory_rules),
    metavar="A",
    help="The way from the peak under the memory rule A ...",
)
@click.option(
    "--as", "other", shell_complete=completing(memory_rules), metavar="B", help="... to the peak under B, part by part."
)
@click.option("--plot", "figure", metavar="FILE", help="Draw the steps: .png, .svg or .pdf (extra `plot`).")
@figure_options
@bits_options
@ridge_option
@variant_options
@output_options
@model_options
def command(
    model: str, explain: str | None, other: str | None, figure: str | None, figure_width: str | None, style: str | None, **options: Any
) -> None:  # fmt: skip
    """What MODEL holds in memory while it runs: what is alive at each step, and the peak under every memory rule.

    \b
    mbcost memory mobilenet_v2                                        the steps, and where the peak is
    mbcost memory mobilenet_v2 --explain paper-v2 --as torch-eager    why two figures differ
    mbcost memory net.yaml -a 0.5 -r 160 --memory-rule tflm
    mbcost memory mobilenet_v2 -a 0.5 --plot memory.pdf               what is alive, as a figure
    """
    file = options.get("memory_rules")
    question = Question(options)
    if (explain is None) != (other is None):
        given, missing = ("--as", "--explain") if explain is None else ("--explain", "--as")
        raise MbcostError(f"{given} needs {missing}", help="write --explain paper-v2 --as torch-eager")
    wanted = drawing(figure, figure_width, style)
    if figure is not None and explain is not None:
        raise MbcostError(
            "--plot draws the steps, and --explain asks for the way between two rules", help="leave one out"
        )
    cost = question.cost(question.load(model))
    if wanted is not None:
        _draw(cost, wanted, question)
        if question.format == "table" and question.output is None:
            return
    if explain is not None and other is not None:
        question.emit(_explained(cost, find(explain, file), find(other, file)))
    else:
        question.emit(_timeline(cost, file, question))


def _draw(cost: Cost, wanted: Drawing, question: Question) -> None:
    """The steps as a figure, in bytes at the bit width asked for."""
    from mbcost.plot.memory import timeline

    bits = QUANTITIES["peak_memory"].width(question.bits)
    graph = graph_of(cost)
    title = f"{heading(cost, titled=True)}, memory rule {graph.rule.name}, {bits} bits"
    steps = moments(graph, cost.batch)
    wanted.save(
        timeline(steps, lambda elements: bytes_at(elements, bits), title, wanted.form),
        f"Bytes alive at each step: {title}",
    )


def _timeline(cost: Cost, file: str | None, question: Question) -> Report:
    """What is alive at each step, the peak, and the peaks under every rule."""
    graph, top = graph_of(cost), peak(cost)
    steps = moments(graph, cost.batch)
    most = max([moment.total for moment in steps])
    drawn = question.format == "table" and question.output is None and sys.stdout.isatty()

    def marked(moment: Moment) -> str:
        """Where the peak is; with a small bar, where somebody looks."""
        bar = "#" * (BAR * moment.total // max(most, 1)) + " " if drawn else ""
        return bar + ("peak" if moment.total == most else "")

    def tensors(moment: Moment) -> list[str]:
        return [graph.tensors[number].name for number in moment.tensors]

    fields = (
        Field("step", "step", "name", get=lambda moment: moment.name, path=("name",)),
        Field("alive", "alive", "count", get=lambda moment: moment.total),
        Field("of_peak", "of the most", "share", 1, lambda moment: share(moment.total, most), "columns"),
        Field("peak", "", "text", 2, marked, "columns"),
        Field("tensors", "tensors alive", "text", 3, lambda moment: ", ".join(tensors(moment)), "columns"),
        Field("tensors", get=tensors, to="json"),
    )
    rules = side_by_side(cost, available(file).values())
    known = [one for one in QUANTITIES.values() if not one.timed or question.bits.ridge_point is not None]
    total = quantities({one.name: one.total(cost, question.bits) for one in known})
    at_point = {} if question.bits.ridge_point is None else {"ridge_point": str(question.bits.ridge_point)}
    total["peak_memory_bytes"] = cost.total("peak_memory_bytes", question.bits)
    keys = {
        **head(cost), "memory_rule": cost.memory_rule, "bits": {name: one.width(question.bits) for name, one in QUANTITIES.items() if one.sized},
        **at_point, "total": total,
        "peak": peak_keys(cost),
        "steps": Rows(fields, steps),
        "rules": [{"name": one.rule.name, "peak_memory": one.peak.elements, "step": one.peak.step} for one in rules],
    }  # fmt: skip
    bits, count = QUANTITIES["peak_memory"].width(question.bits), numbers.count
    listed = ", ".join([f"{name} {count(size)}" for name, size in top.tensors])
    under = ", ".join([f"{one.rule.name} {count(one.peak.elements)}" for one in rules])
    notes = (
        f"peak: {count(top.elements)} elements, {count(total['peak_memory_bytes'])} bytes at {bits} bits, at {top.step}: {listed}",
        f"under every memory rule: {under}",
        f"arena {count(total['arena'])} bytes, flash {count(total['flash'])} bytes (int8)",
    )
    rule = "" if "memory_rule" in cost.variant.words() else f", memory rule {graph.rule.name}"
    caption = f"Elements alive at each step of {cost.network.name}"
    return Report("memory/1", heading(cost) + rule, keys, notes, caption)


class _Move(NamedTuple):
    """One line of the way from one rule to another."""

    part: str
    value: str
    change: int | None
    running: int
    step: str


def _explained(cost: Cost, a: Rule, b: Rule) -> Report:
    start, end = peak(cost, a), peak(cost, b)
    moves = [_Move(step.part, step.value, step.change, step.peak.elements, step.peak.step) for step in way(cost, a, b)]
    fields = (
        Field("part", "part of the rule"),
        Field("value", "becomes"),
        Field("change", "change", "delta"),
        Field("running", "peak", "count"),
        Field("step", "at", "name", 1),
    )
    first = _Move(a.name, "", None, start.elements, start.step)
    last = _Move(b.name, "", end.elements - start.elements, end.elements, end.step)
    keys = {
        **head(cost), "from": a.name, "to": b.name, "start": start.elements, "steps": list(map(Rows(fields, ()).object, moves)),
        "total": end.elements, "table": Rows(fields, [first, *moves, last], data=False),
    }  # fmt: skip
    notes = tuple(f"{rule.name}: {rule.note}" for rule in (a, b) if rule.note)
    caption = f"Peak memory of {cost.network.name} from {a.name} to {b.name}"
    return Report("memory-waterfall/1", f"from {a.name} to {b.name}: {heading(cost)}", keys, notes, caption)
