"""``mbcost sweep``: costs over a grid of alphas and resolutions."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, TypeAlias

import click

from mbcost.analysis.grid import Grid
from mbcost.analysis.groups import share
from mbcost.analysis.ranges import asked
from mbcost.analysis.standard import axes
from mbcost.cli.options import Choice, ModelName, Question, heading, output_options, report_keys, variant_options
from mbcost.cli.output import FORMATS, decimal, json_text, table_text, write
from mbcost.cli.stream import opened, watched
from mbcost.dims.amounts import parse_count
from mbcost.errors import MbcostError
from mbcost.network import Network
from mbcost.report import Column, Table, numbers

__all__ = ["command"]

MAX_POINTS = 2_000_000
LONG = 200_000  # points from which on there is a progress bar
SWEEP_FORMATS = (*FORMATS, "jsonl")

Size: TypeAlias = tuple[int, int]
Rows: TypeAlias = Iterator[tuple[Fraction, list[tuple[Any, ...]]]]


@click.command("sweep", short_help="A grid over alpha and resolution.")
@click.argument("model", type=ModelName())
@click.option("--gap", is_flag=True, help="The idealised mult-adds too, and how far the realised are from them.")
@click.option("--plot", "figure", metavar="FILE", help="Draw the grid: .png, .svg or .pdf (extra `plot`).")
@click.option(
    "--budget",
    "budgets",
    multiple=True,
    metavar="N",
    help="A budget in mult-adds for --plot: a contour line. Repeatable.",
)
@click.option("--yes", is_flag=True, help=f"More than {MAX_POINTS:,} points.")
@variant_options
@output_options
def command(model: str, gap: bool, figure: str | None, budgets: tuple[str, ...], yes: bool, **options: Any) -> None:
    """MODEL's cost over a grid of width multipliers and resolutions, exact at every point.

    Values 0.25,0.5,1 or steps 0.25:1.4:0.05 (from, to and including, in steps of); both mix. Without -a and -r the grid
    of the MobileNets paper. CSV and JSON are written as they are counted; -f jsonl has one object a line.

    \b
    mbcost sweep mobilenet_v1
    mbcost sweep mobilenet_v2 -a 0.25:1.4:0.05 -r 96:224:32 -f csv
    mbcost sweep mobilenet_v2 -a 0.35:1.4:0.05 -r 96:224:16 --plot space.pdf --budget 150M --budget 300M
    """
    question = Question(options)
    limits = [parse_count(text, "--budget") for text in budgets]
    if limits and figure is None:
        raise MbcostError(
            "--budget draws a line into a figure, and there is none", help="add --plot FILE, or use `mbcost solve`"
        )
    kind = _kind(figure) if figure is not None else ""
    network = question.load(model)
    grid = _grid(network, question, yes)
    if figure is not None:
        from mbcost.plot_sweep import draw

        write(draw(grid, network.name, limits, kind), figure)
        if question.format == "table" and question.output is None:
            return
    _write(grid, question, gap)


for _option in command.params:
    if isinstance(_option, click.Option):
        if _option.name == "alpha":
            _option.default, _option.show_default, _option.help = (
                None,
                False,
                "Width multipliers: 0.25,0.5,1 or 0.25:1.4:0.05.",
            )
        elif _option.name == "rho":
            _option.help = "Resolution multipliers: 4/7:1:1/7."
        elif _option.name == "resolution":
            _option.help = "Resolutions: 96:224:32, or 192x256 (height x width)."
        elif _option.name == "format":
            _option.type = Choice(SWEEP_FORMATS)


def _kind(path: str) -> str:
    kind = path.rpartition(".")[2].lower()
    if kind not in {"png", "svg", "pdf"}:
        raise MbcostError(f"--plot `{path[:200]}` names no kind of figure", help="end it in .png, .svg or .pdf")
    return kind


def _grid(network: Network, question: Question, yes: bool) -> Grid:
    """The grid asked for, within the bound on its points."""
    given = asked(network, *question.axes())
    variant = question.variant()
    usual = axes(network, rounded=variant.rounding is not None)
    widths, sizes = given[0] or usual[0], given[1] or usual[1]
    count = len(widths) * len(sizes)
    if count > MAX_POINTS and not yes:
        raise MbcostError(
            f"a grid of {count:,} points, more than {MAX_POINTS:,}",
            help="add --yes to have them all, or take larger steps",
        )
    return Grid(network, widths, sizes, variant)


def _write(grid: Grid, question: Question, gap: bool) -> None:
    writers = {"csv": _csv, "json": _json, "jsonl": _json_lines}
    writer = writers.get(question.format)
    rows = _rows(grid, gap)
    if len(grid) > LONG:
        rows = watched(rows, len(grid.alphas), question.output)
    if writer is None:
        table = _table(grid, rows, question.unit, gap)
        question.emit(table_text(table, question.format, to_file=question.output is not None))
        return
    with opened(question.output) as stream:
        stream.writelines(writer(grid, rows, question.unit, gap))


def _rows(grid: Grid, gap: bool) -> Rows:
    """For one alpha after another: mult-adds and params at every resolution, and the idealised mult-adds."""
    rows = grid.rows("mult_adds", "params")
    if not gap:
        yield from zip(grid.alphas, rows, strict=True)
        return
    for alpha, row, ideal in zip(grid.alphas, rows, grid.ideal("mult_adds"), strict=True):
        yield alpha, [*row, ideal]


def _size(size: Size) -> str:
    return str(size[0]) if size[0] == size[1] else f"{size[0]}x{size[1]}"


def _csv(grid: Grid, rows: Rows, unit: str, gap: bool) -> Iterator[str]:
    """A header and one line a point."""
    flops = unit == "flops"
    keys = [
        "model",
        "alpha",
        "resolution",
        "mult_adds",
        *(["flops"] if flops else []),
        "params",
        *(["idealised", "gap"] if gap else []),
    ]
    yield ",".join(keys) + "\n"
    model = grid.network.name  # a word of the grammar: nothing to quote
    sizes = [_size(size) for size in grid.resolutions]
    for alpha, (mult_adds, params, *ideal) in rows:
        start = f"{model},{numbers.exact(alpha)},"
        if not flops and not ideal and type(mult_adds[0]) is int:
            yield "".join(
                [
                    f"{start}{size},{work},{weights}\n"
                    for size, work, weights in zip(sizes, mult_adds, params, strict=True)
                ]
            )
            continue
        lines = []
        for i, size in enumerate(sizes):
            cells = [mult_adds[i], *([2 * mult_adds[i]] if flops else []), params[i]]
            if ideal:
                cells += [numbers.decimal(ideal[0][i]), numbers.decimal(_gap(mult_adds[i], ideal[0][i]))]
            lines.append(f"{start}{size},{','.join(map(str, cells))}\n")
        yield "".join(lines)


def _gap(real: Any, ideal: Any) -> Fraction:
    return share(real - ideal, ideal) or Fraction(0)


def _json_rows(grid: Grid, rows: Rows, unit: str) -> Iterator[list[str]]:
    """One JSON object a point, an alpha at a time."""
    from json import dumps

    sizes = [f'"resolution": [{height}, {width}], ' for height, width in grid.resolutions]
    flops = unit == "flops"
    for alpha, (mult_adds, params, *ideal) in rows:
        start = f'{{"model": {dumps(grid.network.name)}, "alpha": "{alpha}", '
        lines = []
        for i, (size, work, weights) in enumerate(zip(sizes, mult_adds, params, strict=True)):
            extra = f', "flops": {_number(2 * work)}' if flops else ""
            if ideal:
                extra += f', "idealised": {_number(ideal[0][i])}, "gap": {dumps(decimal(_gap(work, ideal[0][i])))}'
            lines.append(f'{start}{size}"mult_adds": {_number(work)}, "params": {_number(weights)}{extra}}}')
        yield lines


def _number(value: Any) -> str:
    """An exact number: an integer where it is whole, else the text p/q."""
    return str(value) if getattr(value, "denominator", 1) == 1 else f'"{value}"'


def _json_lines(grid: Grid, rows: Rows, unit: str, gap: bool) -> Iterator[str]:
    for lines in _json_rows(grid, rows, unit):
        yield "\n".join(lines) + "\n"


def _json(grid: Grid, rows: Rows, unit: str, gap: bool) -> Iterator[str]:
    """One document: what was counted, then `points`, one a line."""
    document = report_keys(_first(grid), "sweep/1", unit)
    for key in ("alpha", "rho", "resolution"):
        del document[key]
    objects = _json_rows(grid, rows, unit)
    first = next(objects)
    yield json_text(document).removesuffix("\n}\n") + ',\n  "points": [\n    ' + ",\n    ".join(first)
    for lines in objects:
        yield ",\n    " + ",\n    ".join(lines)
    yield "\n  ]\n}\n"


def _first(grid: Grid) -> Any:
    return grid.network.count(grid.variant.at(grid.alphas[0], grid.resolutions[0]))


def _table(grid: Grid, counted: Rows, unit: str, gap: bool) -> Table:
    flops = unit == "flops"
    columns = [
        Column("alpha", "alpha", "number"),
        Column("resolution", "resolution"),
        Column("mult_adds", "mult-adds", "count"),
    ]
    columns += [Column("flops", "FLOPs (2 x mult-adds)", "count")] if flops else []
    columns.append(Column("params", "params", "count"))
    columns += [Column("idealised", "idealised", "text"), Column("gap", "gap", "percent_change")] if gap else []
    rows: list[tuple[Any, ...]] = []
    sections: list[int] = []
    for alpha, (mult_adds, params, *ideal) in counted:
        if rows and len(grid.resolutions) > 1:
            sections.append(len(rows))
        for i, size in enumerate(grid.resolutions):
            work = mult_adds[i]
            cells = [alpha, _size(size), work, *([2 * work] if flops else []), params[i]]
            if ideal:
                cells += [_rounded(ideal[0][i]), _gap(work, ideal[0][i])]
            rows.append(tuple(cells))
    return Table(
        heading(_first(grid), unit, leaving=("alpha", "resolution")),
        tuple(columns),
        tuple(rows),
        sections=tuple(sections),
        caption=f"Mult-adds and params of {grid.network.name}",
    )


def _rounded(value: Any) -> str:
    return numbers.fixed(value, 0 if getattr(value, "denominator", 1) == 1 else 1, group=True)
