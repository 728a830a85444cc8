"""The reports of ``mbcost reproduce``: papers, verdicts table by table, cells, the points of a figure."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from mbcost.papers import VERDICTS, Judged, Paper, TableResult, load, papers, summary
from mbcost.papers.commands import MAPS, command_of
from mbcost.papers.points import PlotPoint
from mbcost.papers.specs import Figure
from mbcost.report import Field, Report, Rows, at
from mbcost.report.numbers import share, significant

__all__ = ["cell_keys", "list_report", "paper_report", "points_report", "title_of"]


def list_report() -> Report:
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


def title_of(source: Paper) -> str:
    """The paper in a few words: its title up to the colon, and its number."""
    short = source.title.partition(":")[0]
    return f"{short} (arXiv:{source.arxiv})" if source.arxiv else short


def paper_report(source: Paper, results: tuple[TableResult, ...], wanted: tuple[str, ...], *, cells: bool) -> Report:
    """The verdicts of a paper: cell by cell (those ``wanted``), or table by table for people; in JSON always every cell wanted."""
    listed = [(table, [r for r in table.cells if not wanted or r.verdict in wanted]) for table in results]
    keys = {
        "paper": source.name, "title": source.title, "arxiv": source.arxiv or None, "source": source.source,
        "convention": _conventions(results) or "torch",
        "as_expected": all(result.as_expected for table in results for result in table.cells),
        "tables": [{"id": t.table.id, "title": t.table.title, "cells": list(map(cell_keys, found))} for t, found in listed],
        "summary": summary(results),
    }  # fmt: skip
    table = _cells(source, results, listed) if cells else _summary(results)
    title = title_of(source)
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


def cell_keys(result: Judged) -> dict[str, Any]:
    """One cell as JSON has it: exact integers, other rationals as texts p/q."""
    return Rows(CELL, ()).object(result)


def points_report(source: Paper, figure: Figure, found: tuple[PlotPoint, ...]) -> Report:
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
    return Report("figure/1", f"{title_of(source)}, figure {figure.id}: {figure.title}", keys, notes)
