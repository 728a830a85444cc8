"""``mbcost reproduce``: published tables and figures against what is computed, cell by cell."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any, NamedTuple

import click

from mbcost import escape
from mbcost.cli.completion import cells, completing, figures
from mbcost.cli.completion import tables as tables_of
from mbcost.cli.figures import Drawing, drawing, figure_options
from mbcost.cli.options import Word, emit, output_options
from mbcost.errors import MbcostError, nearest
from mbcost.papers import VERDICTS, Judged, Paper, TableResult, load, papers, reproduce, summary
from mbcost.papers.commands import MAPS, command_of, commands
from mbcost.papers.points import PlotPoint
from mbcost.papers.specs import Figure
from mbcost.report import FORMATS, Field, Report, Rows, at
from mbcost.report.numbers import share, significant

__all__ = ["command"]

PICTURES = ("png", "svg", "pdf")
OTHER_PICTURES = ("jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff", "eps", "ps")


@click.command("reproduce", short_help="Published tables and figures, cell by cell.")
@click.argument("paper", type=Word("PAPER", papers), required=False)
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="N",
    shell_complete=completing(tables_of),
    help="The cells of one table; may be given again.",
)
@click.option(
    "--figure",
    metavar="N",
    shell_complete=completing(figures),
    help="The points of one figure; with -o FILE.png, .svg or .pdf, the figure itself.",
)
@click.option("--only", metavar="VERDICTS", help="Cells with these verdicts only: erratum,unexplained.")
@click.option(
    "--cell",
    metavar="TABLE:ROW:COLUMN",
    shell_complete=completing(cells),
    help="The variant behind one cell, as a command to paste.",
)
@click.option("--explore", "explored", is_flag=True, help="Its networks and points with sliders, in one HTML file.")
@figure_options
@output_options
def command(
    paper: str | None,
    tables: tuple[str, ...],
    figure: str | None,
    figure_width: str | None,
    style: str | None,
    only: str | None,
    cell: str | None,
    explored: bool,
    format: str,
    output: str | None,
    **setting: Any,
) -> int:
    """How PAPER's published numbers compare with what its networks cost. Without PAPER: which papers there are.

    \b
    mbcost reproduce mobilenet_v1                          the verdicts, table by table
    mbcost reproduce mobilenet_v1 --table 4                one table, cell by cell
    mbcost reproduce mobilenet_v1 --only erratum,unexplained
    mbcost reproduce mobilenet_v1 --cell "4:Conv MobileNet:mult_adds"
    mbcost reproduce mobilenet_v1 --figure 4 -o figure4.pdf
    mbcost reproduce mobilenet_v1 --explore                mbcost-explorer.html

    Exit code 0 when every cell has the verdict its paper file expects, 1 when one has not.
    """
    asked = output if figure is not None and output is not None and _picture(output) in PICTURES else None
    wanted = drawing(asked, figure_width, style, option="--figure N -o")
    if paper is None:
        if tables or figure or only or cell or explored:
            raise MbcostError("no paper is named", help=f"name one of {', '.join(papers())}")
        emit(_list_report(), format, output, setting)
        return 0
    if sum(map(bool, (tables or only, figure, cell))) > 1:
        raise MbcostError("--figure, --cell and --table or --only ask for different things", help="give one of them")
    source = load(paper)
    if explored:
        if tables or only or figure or cell or format != "table":
            raise MbcostError("--explore makes a page of its own", help="leave the other options out")
        _explore(source, output)
        return 0
    if figure is not None:
        _figure(source, figure, wanted, format, output, setting)
        return 0
    if output is not None and _picture(output):
        raise MbcostError(f"`{output[:200]}` is a picture, and only a figure is drawn", help="add --figure N")
    verdicts = _wanted(only)
    if cell is not None:
        return _cell(source, cell, format, output, setting)
    known = [table.id for table in source.tables]
    for id in tables:
        _known(id, known, f"`{source.name}` has no table `{id[:40]}`", "its tables are")
    results = reproduce(source, tables or None)
    emit(_paper_report(source, results, verdicts, cells=bool(tables or verdicts)), format, output, setting)
    return 0 if all(result.as_expected for table in results for result in table.cells) else 1


def _wanted(only: str | None) -> tuple[str, ...]:
    words = tuple(dict.fromkeys([word.strip() for word in only.split(",")])) if only is not None else ()
    for word in words:
        _known(word, list(VERDICTS), f"--only `{word[:40]}` is not a verdict", "the verdicts are")
    return words


def _known(word: str, known: list[str], fact: str, there_is: str) -> None:
    if word not in known:
        close = nearest(word, known) if len(word) > 2 else ""
        raise MbcostError(fact, help=f"did you mean {close}?" if close else f"{there_is} {', '.join(known) or 'none'}")


def _cell(source: Paper, spec: str, format: str, output: str | None, setting: dict[str, Any]) -> int:
    """The commands behind one cell, named by table, row (or its number) and column."""
    id, _, rest = spec.partition(":")
    row, colon, column = rest.rpartition(":")
    if not colon:
        raise MbcostError(
            f"--cell `{spec[:60]}` does not name a cell",
            help='write TABLE:ROW:COLUMN, for example "4:Conv MobileNet:mult_adds"',
        )
    known = [table.id for table in source.tables]
    _known(id, known, f"`{source.name}` has no table `{id[:40]}`", "its tables are")
    table = source.tables[known.index(id)]
    labels = list(table.rows)
    if row not in labels and row in map(str, range(1, len(labels) + 1)):
        row = labels[int(row) - 1]
    _known(row, labels, f"table {id} has no row `{row[:60]}`", "its rows are")
    names = [name.name for name in table.columns]
    _known(column, names, f"table {id} has no column `{column[:40]}`", "its columns are")
    results = [r for r in reproduce(source, [id])[0].cells if (r.cell.row, r.cell.column) == (row, column)]
    if not results:
        raise MbcostError(
            f"table {id} prints nothing in row `{row}`, column `{column}`", help="--table N shows the cells there are"
        )
    result = results[0]
    found = commands(result.cell, source.quantities) if result.computed is not None else []
    said = f"published {result.cell.published}"
    if result.computed is not None:
        said += f", computed {result.printed}"
    text = [f"# {said}: {result.verdict}{'. ' + result.reason if result.reason else ''}"]
    for number, (read, line) in enumerate(found):
        text += [f"# {'as published, ' if number else ''}read: {read}", *([line] if line else [])]
    text += [] if found else ["# nothing is computed for this cell"]
    told = [(read, line) for read, line in found if line]
    keys = {
        "table": id,
        **_cell_keys(result),
        "commands": [line for _, line in told],
        "read": [read for read, _ in told],
    }
    own = dict.fromkeys(
        [name for name in FORMATS if name != "json"], lambda where: "\n".join(map(escape.line, text)) + "\n"
    )
    emit(Report("cell/1", said, keys, forms=own), format, output, setting)
    return 0 if result.as_expected else 1


def _picture(path: str) -> str:
    kind = os.path.splitext(path)[1].lstrip(".").lower()
    return kind if kind in (*PICTURES, *OTHER_PICTURES) else ""


def _figure(
    source: Paper, id: str, wanted: Drawing | None, format: str, output: str | None, setting: dict[str, Any]
) -> None:
    from mbcost.papers.points import figure_of, points

    figure = figure_of(source, id)
    found = points(source, figure)
    kind = _picture(output) if output is not None else ""
    if kind in OTHER_PICTURES:
        raise MbcostError(
            f"`{str(output)[:200]}` is a {kind} picture, and figures are drawn as {', '.join(PICTURES)}",
            help="name a .pdf or .svg for a paper, a .png for a page",
        )
    if kind and format != "table":
        raise MbcostError(
            f"`{str(output)[:200]}` is a picture, and {format} is asked for",
            help="leave -f out, or name a file without .png, .svg or .pdf",
        )
    if wanted is not None:
        from mbcost.plot import draw

        of = f"{_title_of(source)}, figure {figure.id}"
        sources = "; ".join([said for said in figure.sources.values() if said in {point.source for point in found}])
        caption = f"{figure.title}, after {of}. Costs are computed, accuracies published: {sources}"
        wanted.save(draw(figure, found, wanted.form, f"{figure.title} ({of})"), caption)
        return
    emit(_points_report(source, figure, found), format, output, setting)


def _explore(source: Paper, output: str | None) -> None:
    """The paper's networks with its own points."""
    from mbcost.cli.explore import OUTPUT, deliver
    from mbcost.explore.packing import page
    from mbcost.explore.published import models_of
    from mbcost.tables import load as load_model

    networks = [(model, load_model(model)) for model in models_of(source)]
    if not networks:
        raise MbcostError(f"`{source.name}` names no network", help="a page needs one")
    deliver(page(networks, [source], title=source.title), output or OUTPUT)


def _list_report() -> Report:
    """Every shipped paper, with its tables and figures."""
    fields = (
        Field("name", "paper", "name"),
        Field("title", to="json"),
        Field("arxiv", "arXiv", "text", 2, lambda paper: paper.arxiv or None),
        Field("tables", "tables", "count", get=lambda paper: len(paper.tables), to="columns"),
        Field("tables", get=lambda paper: [table.id for table in paper.tables], to="json"),
        Field(
            "cells", "cells", "count", get=lambda paper: sum(len(table.cells) for table in paper.tables), to="columns"
        ),
        Field("figures", "figures", get=lambda paper: ", ".join(f.id for f in paper.figures) or None, to="columns"),
        Field("title", "title", "text", 1, to="columns"),
        Field("figures", get=lambda paper: [figure.id for figure in paper.figures], to="json"),
        Field("cells", get=lambda paper: sum(len(table.cells) for table in paper.tables), to="json"),
    )
    rows = Rows(fields, [load(name) for name in papers()])
    notes = ("mbcost reproduce PAPER holds one against what is computed",)
    return Report("papers/1", "Published tables and figures", {"papers": rows}, notes)


def _title_of(source: Paper) -> str:
    """The paper in a few words: its title up to the colon, and its number."""
    short = source.title.partition(":")[0]
    return f"{short} (arXiv:{source.arxiv})" if source.arxiv else short


def _paper_report(source: Paper, results: tuple[TableResult, ...], wanted: tuple[str, ...], *, cells: bool) -> Report:
    """The verdicts of a paper: cell by cell (those ``wanted``), or table by table for people; in JSON always every cell wanted."""
    listed = [(table, [r for r in table.cells if not wanted or r.verdict in wanted]) for table in results]
    keys = {
        "paper": source.name, "title": source.title, "arxiv": source.arxiv or None, "source": source.source,
        "convention": _conventions(results) or "torch",
        "as_expected": all(result.as_expected for table in results for result in table.cells),
        "tables": [{"id": t.table.id, "title": t.table.title, "cells": list(map(_cell_keys, found))} for t, found in listed],
        "summary": summary(results),
    }  # fmt: skip
    table = _cells(source, results, listed) if cells else _summary(results)
    title = _title_of(source)
    if cells and len(results) == 1:
        title += f", table {results[0].table.id}: {results[0].table.title}"
    notes = table.notes
    if cells and not table.rows:
        notes = (f"No cell has the verdict {' or '.join(wanted)}.", *notes)
    caption = f"{title}. Published and computed" if cells else ""
    return Report("reproduce/1", title, {**keys, "table": table._replace(notes=notes)}, caption=caption)


def _summary(results: tuple[TableResult, ...]) -> Rows:
    """The verdicts of a paper, table by table; what differs from its expected verdict is named below."""
    counts = [(result.table.id, result.table.title, len(result.cells), summary([result])) for result in results]
    total = sum(len(table.cells) for table in results)
    fields = [
        Field("table", "table", get=lambda line: line[0]),
        Field("title", "title", "text", 9, lambda line: line[1]),
        Field("cells", "cells", "count", get=lambda line: line[2]),
    ]
    whole = ("total", None, total, summary(results))
    for verdict in VERDICTS:
        priority = 1 if verdict in {"undefined", "measured"} else 0
        get = at(_number, verdict)
        blank = at(_shown, verdict, whole)
        fields.append(Field(verdict, verdict, "count", priority, blank, "people"))
        fields.append(Field(verdict, verdict, "count", priority, get, "csv"))
    wrong = [(table.table.id, result) for table in results for result in table.cells if not result.as_expected]
    notes = [f"{table}:{r.cell.row}:{r.cell.column}: {r.verdict}, {r.reason}" for table, r in wrong]
    verdict = (
        f"{len(wrong)} of {total} cells differ from their expected verdict"
        if wrong
        else f"All {total} cells have their expected verdict"
    )
    notes.append(f"{verdict}. --table N or --only VERDICTS shows cells, with reasons.")
    return Rows(fields, counts, whole, notes=tuple(notes), data=False)


def _number(line: Any, verdict: str) -> int:
    return line[3][verdict]  # type: ignore[no-any-return]


def _shown(line: Any, verdict: str, whole: Any) -> int | None:
    """The number of cells with a verdict; none is said in the total alone."""
    return line[3][verdict] or (0 if line is whole else None)


class _Line(NamedTuple):
    """One cell with its table, and whether the line above says so already."""

    table: TableResult
    result: Judged
    again: bool
    note: str


def _cells(source: Paper, results: tuple[TableResult, ...], listed: list[tuple[TableResult, list[Judged]]]) -> Rows:
    """Cells one below the other, with reasons as numbered notes (in CSV as a column)."""
    lines: list[_Line] = []
    sections: list[int] = []
    reasons: dict[str, int] = {}
    before = None
    for table, found in listed:
        for result in found:
            at = (table.table.id, result.cell.row)
            sections += [len(lines)] if before not in {None, at} else []
            note = f" ({reasons.setdefault(result.reason, len(reasons) + 1)})" if result.reason else ""
            lines.append(_Line(table, result, at == before, note))
            before = at
    several = len(results) > 1
    fields = [
        *(
            [Field("table", "table", get=lambda line: "" if line.again else line.table.table.id, to="people")]
            if several
            else []
        ),
        Field("table", get=lambda line: line.table.table.id, to="csv"),
        Field("row", "row", get=lambda line: "" if line.again else line.result.cell.row, to="people"),
        Field("row", get=lambda line: line.result.cell.row, to="csv"),
        Field("column", "column", get=_title, to="people"),
        Field("column", get=lambda line: line.result.cell.column, to="csv"),
        Field("published", "published", "number", get=lambda line: line.result.cell.published),
        Field("computed", "computed", "count", 3, lambda line: _computed(line.result, whole=False), "people"),
        Field("computed", kind="count", get=lambda line: _computed(line.result, whole=True), to="csv"),
        Field("printed", "prints as", "number", get=lambda line: line.result.printed or None),
        Field("verdict", "verdict", get=lambda line: line.result.verdict + line.note, to="people"),
        Field("verdict", get=lambda line: line.result.verdict, to="csv"),
        Field("reason", get=lambda line: line.result.reason or None, to="csv"),
    ]
    notes = (*[f"({number}) {reason}" for reason, number in reasons.items()], _counted(results))
    return Rows(fields, lines, None, (), tuple(sections), notes=notes, data=False)


def _title(line: _Line) -> str:
    """The heading of the cell's column, as the paper has it."""
    return next(column.title for column in line.table.table.columns if column.name == line.result.cell.column)


def _computed(result: Judged, whole: bool) -> Any:
    """A count as it is; a share or a ratio as its exact fraction for programs, with a few more digits for people."""
    value = result.computed
    if not isinstance(value, Fraction):
        return value
    if whole:
        return str(value)
    return share(value, 4) if result.cell.setting.get("share") else significant(value, 6)


def _counted(results: tuple[TableResult, ...]) -> str:
    """What the columns count, under which convention, and how their numbers are rounded."""
    counted = {
        str(cell.setting.get("quantity", "mult_adds")): None
        for table in results for result in table.cells if result.computed is not None
        for cell in [result.cell] if not {"words", "blocks", "equals"} & cell.setting.keys()
    }  # fmt: skip
    what = f"Counted: {', '.join(counted)}" if counted else "Sizes and fields of the layer table"
    of = ", of convolutions and linear layers" if counted and set(counted) <= {"mult_adds", "weights"} else ""
    rule = f", convention {_conventions(results)}" if set(counted) - set(MAPS) else ""
    return f"{what}{of}{rule}; rounded to nearest, a tie up, unless a verdict says cut off"


def _conventions(results: tuple[TableResult, ...]) -> str:
    """The conventions under which cells are computed."""
    found = {
        str(r.cell.setting.get("convention", "torch")): None for t in results for r in t.cells if r.computed is not None
    }
    return ", ".join(found)


def _of_cell(result: Judged, name: str) -> Any:
    return getattr(result.cell, name)


def _of_note(result: Judged, name: str) -> Any:
    return getattr(result.cell.note, name) if result.cell.note else ()


CELL = (
    *[Field(name, get=at(_of_cell, name)) for name in ("row", "column", "published")],
    Field("computed", kind="count"),
    Field("printed", get=lambda r: r.printed or None),
    Field("verdict"),
    Field("expected"),
    Field("reason", get=lambda r: r.reason or None),
    *[Field(name, get=at(_of_note, name)) for name in ("ids", "evidence")],
)


def _cell_keys(result: Judged) -> dict[str, Any]:
    """One cell as JSON has it: exact integers, other rationals as texts p/q."""
    return Rows(CELL, ()).object(result)


def _points_report(source: Paper, figure: Figure, found: tuple[PlotPoint, ...]) -> Report:
    """The points of a figure, each with the source of its published value."""
    x = str(figure.x.setting.get("quantity", "mult_adds"))
    sources = {text: number for number, text in enumerate(dict.fromkeys(p.source for p in found), 1)}
    fields = (
        Field("series", "series"),
        Field("model", "model", "name", 2),
        Field("alpha", "alpha", "number"),
        Field("resolution", "resolution", "number", to="columns"),
        Field("resolution", to="json"),
        Field(x, x.replace("_", "-"), "count", get=lambda p: p.x),
        Field("published", figure.y.title, "number", get=lambda p: p.y_text),
        Field("source", "source", get=lambda p: f"({sources[p.source]})", to="people"),
        Field("source", to="data"),
        Field("command", get=lambda p: command_of(p.setting), to="data"),
    )
    keys = {
        "paper": source.name, "figure": figure.id, "title": figure.title, "x": {"quantity": x, "title": figure.x.title},
        "y": {"title": figure.y.title}, "points": Rows(fields, found),
    }  # fmt: skip
    notes = (*[f"({number}) {text}" for text, number in sources.items()], "-o FILE.pdf, .svg or .png draws it")
    return Report("figure/1", f"{_title_of(source)}, figure {figure.id}: {figure.title}", keys, notes)
