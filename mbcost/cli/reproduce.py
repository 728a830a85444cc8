"""``mbcost reproduce``: published tables and figures against what is computed, cell by cell."""

from __future__ import annotations

import os
from typing import Any

import click

from mbcost import escape
from mbcost.cli.completion import cells, completing, figures
from mbcost.cli.completion import tables as tables_of
from mbcost.cli.figures import Drawing, drawing, figure_options
from mbcost.cli.options import Word, emit, output_options
from mbcost.cli.reproduced import cell_keys, list_report, paper_report, points_report, title_of
from mbcost.errors import MbcostError, nearest
from mbcost.papers import VERDICTS, Paper, load, papers, reproduce
from mbcost.papers.commands import commands
from mbcost.report import FORMATS, Report

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
        emit(list_report(), format, output, setting)
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
    emit(paper_report(source, results, verdicts, cells=bool(tables or verdicts)), format, output, setting)
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
        **cell_keys(result),
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

        of = f"{title_of(source)}, figure {figure.id}"
        sources = "; ".join([said for said in figure.sources.values() if said in {point.source for point in found}])
        caption = f"{figure.title}, after {of}. Costs are computed, accuracies published: {sources}"
        wanted.save(draw(figure, found, wanted.form, f"{figure.title} ({of})"), caption)
        return
    emit(points_report(source, figure, found), format, output, setting)


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
