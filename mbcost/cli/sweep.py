"""``mbcost sweep``: costs over a grid of alphas and resolutions."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from operator import itemgetter
from typing import Any, TypeAlias

import click

from mbcost import escape
from mbcost.analysis.groups import share
from mbcost.cli.code import model_options
from mbcost.cli.figures import drawing, figure_options
from mbcost.cli.options import MODEL, Choice, Question, columns_options, output_options, variant_options
from mbcost.cli.stream import opened, watched
from mbcost.dims.amounts import parse_count
from mbcost.errors import MbcostError
from mbcost.network import Network
from mbcost.quantities import Quantity
from mbcost.report import FORMATS, Field, Report, numbers, render
from mbcost.report import Rows as ReportRows
from mbcost.report.costed import told
from mbcost.report.delimited import field as delimited_field
from mbcost.report.heads import head
from mbcost.report.report import value
from mbcost.separated.grid import Grid
from mbcost.solve.members import axes
from mbcost.solve.ranges import asked

__all__ = ["command"]

MAX_POINTS = 2_000_000
LONG = 200_000  # points from which on there is a progress bar
SCHEMA = "sweep/1"

Size: TypeAlias = tuple[int, int]
Rows: TypeAlias = Iterator[tuple[Fraction, list[tuple[Any, ...]]]]


@click.command("sweep", short_help="A grid over alpha and resolution.")
@click.argument("model", type=MODEL)
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
@figure_options
@columns_options
@variant_options
@output_options
@model_options
def command(
    model: str, gap: bool, figure: str | None, figure_width: str | None, style: str | None, budgets: tuple[str, ...], yes: bool, **options: Any
) -> None:  # fmt: skip
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
    wanted = drawing(figure, figure_width, style)
    network = question.load(model)
    grid = _grid(network, question, yes)
    if wanted is not None:
        from mbcost.plot.sweep import draw

        rule = grid.variant.rounding or network.rounding
        counted = f"{network.title}, convention {grid.variant.convention}{f', rounding {rule}' if rule else ''}"
        wanted.save(
            draw(grid, network.title, limits, wanted.form),
            f"Mult-adds and params of {counted}; a step a network, nothing interpolated",
        )
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
            _option.type = Choice([*FORMATS, "jsonl"])


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
    grid = Grid(network, widths, sizes, variant)
    grid.bits = question.bits
    return grid


def _write(grid: Grid, question: Question, gap: bool) -> None:
    quantities = question.keyed()
    rows = _rows(grid, quantities, gap)
    if len(grid) > LONG:
        rows = watched(rows, len(grid.alphas), question.output)
    points = _Points(grid, question, quantities, gap)
    if question.output in {None, "-"} and question.format in {"csv", "json", "jsonl"}:
        if grid.separated is None or any(not quantity.base.separates for quantity in quantities):
            rows = iter(list(rows))
        else:
            grid.check()  # nothing is printed of a grid that is in error somewhere
    writer = {"csv": points.csv, "json": points.json, "jsonl": points.json_lines}.get(question.format)
    if writer is None:
        question.emit(points.report(rows))
        return
    with opened(question.output) as stream:
        stream.writelines(writer(rows))


def _rows(grid: Grid, quantities: list[Quantity], gap: bool) -> Rows:
    """For one alpha after another: the quantities at every resolution, then the idealised mult-adds and the gap to them."""
    names = [quantity.name for quantity in quantities]
    if not gap:
        yield from zip(grid.alphas, grid.rows(*names), strict=True)
        return
    for alpha, row, ideal in zip(grid.alphas, grid.rows(*names, "mult_adds"), grid.ideal("mult_adds"), strict=True):
        *columns, work = row
        yield alpha, [*columns, ideal, tuple(map(_gap, work, ideal))]


def _gap(real: Any, ideal: Any) -> Fraction:
    return share(real - ideal, ideal) or Fraction(0)


class _Points:
    """The points of a grid in the formats that are written as they are counted, and as a report for the others."""

    def __init__(self, grid: Grid, question: Question, quantities: list[Quantity], gap: bool) -> None:
        self.grid, self.question, self.quantities, self.gap = grid, question, quantities, gap
        self.sizes = [_size(size) for size in grid.resolutions]
        first = grid.network.count(grid.variant.at(grid.alphas[0], grid.resolutions[0]))
        self.heading = question.heading(first, "alpha", "resolution")
        self.head = head(first, question.unit, leaving=("alpha", "rho", "resolution")) | question.widths

    def csv(self, rows: Rows) -> Iterator[str]:
        """A header and one line a point."""
        shown = [i for i, quantity in enumerate(self.quantities) if quantity in self.question.shown]
        names = [self.quantities[i].name for i in shown] + ["idealised", "gap"] * self.gap
        yield ",".join(["model", "alpha", "resolution", *names]) + "\n"
        model = delimited_field(self.grid.network.name)
        for alpha, columns in rows:
            start = f"{model},{alpha},"
            texts = [map(numbers.decimal if self.quantities[i].kind == "ratio" else str, columns[i]) for i in shown] + [
                map(numbers.decimal, c) for c in columns[len(self.quantities) :]
            ]
            yield "".join([f"{start}{','.join(cells)}\n" for cells in zip(self.sizes, *texts, strict=True)])

    def _objects(self, rows: Rows) -> Iterator[list[str]]:
        """One JSON object a point, an alpha at a time."""
        from json import dumps

        usual = [f'"{q.name}": %s' for q in self.quantities if q.name in self.question.usual]
        others = [q for q in self.quantities if q.name not in self.question.usual]
        more = [key for q in others for key in [f'"{q.name}": %s', *[f'"{q.name}_number": %s'] * (q.kind == "ratio")]]
        keys = (
            usual + [f'"quantities": {{{", ".join(more)}}}'] * bool(more) + ['"idealised": %s', '"gap": %s'] * self.gap
        )
        order = sorted(range(len(self.quantities)), key=lambda i: self.quantities[i].name not in self.question.usual)
        sizes = [f"[{height}, {width}]" for height, width in self.grid.resolutions]
        model = escape.json(dumps(self.grid.network.name)).replace("%", "%%")
        for alpha, columns in rows:
            point = f'{{"model": {model}, "alpha": "{alpha}", "resolution": %s, {", ".join(keys)}}}'
            texts: list[Any] = []
            for i in order:
                if self.quantities[i].kind == "ratio":
                    texts += [
                        [f'"{amount}"' for amount in columns[i]],
                        [repr(value(one, "ratio")) for one in columns[i]],
                    ]
                else:
                    texts.append(map(_number, columns[i]))
            if self.gap:
                ideal, gaps = columns[len(self.quantities) :]
                texts += [map(_number, ideal), [repr(value(gap, "ratio")) for gap in gaps]]
            yield [point % cells for cells in zip(sizes, *texts, strict=True)]

    def json_lines(self, rows: Rows) -> Iterator[str]:
        """One object a line."""
        for lines in self._objects(rows):
            yield "\n".join(lines) + "\n"

    def json(self, rows: Rows) -> Iterator[str]:
        """One document: what was counted, then `points`, one a line."""
        objects = self._objects(rows)
        first = next(objects)
        document = render(Report(SCHEMA, "", self.head), "json")
        yield document.removesuffix("\n}\n") + ',\n  "points": [\n    ' + ",\n    ".join(first)
        for lines in objects:
            yield ",\n    " + ",\n    ".join(lines)
        yield "\n  ]\n}\n"

    def report(self, rows: Rows) -> Report:
        """The whole grid."""
        fields = [Field("alpha", "alpha", "number"), Field("resolution", "resolution")]
        for quantity in self.quantities:
            to = self.question.to(quantity)
            fields += told(quantity, quantity.name, itemgetter(quantity.name), to, self.question.path(quantity))
        if self.gap:
            ideal = Field("idealised", "idealised", get=lambda point: _rounded(point["idealised"]), to="columns")
            fields += [ideal, Field("idealised", to="json"), Field("gap", "gap", "percent_change")]
        names = [quantity.name for quantity in self.quantities]
        keys = ["alpha", "resolution", *names, *["idealised", "gap"] * self.gap]
        points = [
            dict(zip(keys, (alpha, size, *cells), strict=True))
            for alpha, columns in rows
            for size, *cells in zip(self.sizes, *columns, strict=True)
        ]
        step = len(self.sizes)
        sections = tuple(range(step, len(points), step)) if step > 1 else ()
        table = ReportRows(fields, points, sections=sections)
        caption = f"Mult-adds and params of {self.grid.network.name}"
        return Report(SCHEMA, self.heading, {**self.head, "points": table}, caption=caption)


def _number(amount: Any) -> str:
    """An exact number: an integer where it is whole, else the text p/q."""
    return str(amount) if getattr(amount, "denominator", 1) == 1 else f'"{amount}"'


def _size(size: Size) -> str:
    return str(size[0]) if size[0] == size[1] else f"{size[0]}x{size[1]}"


def _rounded(amount: Any) -> str:
    return numbers.fixed(amount, 0 if getattr(amount, "denominator", 1) == 1 else 1, group=True)
