"""``mbcost history``: what the runs of ``mbcost check --append`` found, run after run."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import click

from mbcost.budgets.history import Entry, read_history
from mbcost.cli.figures import drawing, figure_options
from mbcost.cli.options import FILE, SETTING, emit, output_options
from mbcost.report import Field, Report, Rows

__all__ = ["command"]


@click.command("history", short_help="What models cost, run after run of `check --append`.")
@click.argument("file", type=FILE)
@click.option("--plot", "figure", metavar="FILE", help="Draw it: .png, .svg or .pdf (extra `plot`).")
@figure_options
@output_options
def command(file: str, figure: str | None, figure_width: str | None, style: str | None, **options: Any) -> None:
    """The runs of FILE, to which `mbcost check --append FILE` adds one each time.

    \b
    mbcost check --append history.jsonl
    mbcost history history.jsonl                     a row a run and network, and how it changed
    mbcost history history.jsonl --plot cost.svg     the mult-adds of each network, run after run
    """
    wanted = drawing(figure, figure_width, style)
    entries = read_history(file)
    if wanted is not None:
        from mbcost.plot.history import draw

        wanted.save(draw(entries, wanted.form), f"Mult-adds of the networks of {file}, run after run")
        if options["format"] == "table" and options["output"] is None:
            return
    runs = entries[-1].run
    title = f"{runs:,} run{'s' * (runs > 1)} of mbcost check"
    report = Report("history/1", title, {"file": file, "runs": runs, "entries": Rows(FIELDS, entries)})
    emit(report, options["format"], options["output"], {name: options[name] for name in SETTING})


def _growth(entry: Entry, name: str) -> Fraction | None:
    """The growth since the run before that has the network."""
    before = getattr(entry.before, name, None)
    return Fraction(getattr(entry, name) - before, before) if before else None


FIELDS = (
    Field("run", "run", "count"),
    Field("time", "time", "name", 2),
    Field("commit", "commit", "name", 3, lambda entry: entry.commit[:10], "people", optional=True),
    Field("commit", to="data"),
    Field("status", "status", "text", 1),
    Field("model", "model", "name"),
    Field("at", "at"),
    Field("mult_adds", "mult-adds", "count"),
    Field("mult_adds_change", "change", "percent_change", 0, lambda entry: _growth(entry, "mult_adds")),
    Field("params", "params", "count"),
    Field("params_change", "change", "percent_change", 1, lambda entry: _growth(entry, "params")),
)
