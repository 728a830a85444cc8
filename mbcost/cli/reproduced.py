"""The reports of ``mbcost reproduce``: papers, verdicts table by table, cells, the points of a figure."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mbcost import __version__
from mbcost.papers import VERDICTS, Paper, Result, TableResult, load, papers, summary
from mbcost.papers.commands import MAPS, command_of
from mbcost.papers.points import PlotPoint
from mbcost.papers.specs import Figure
from mbcost.report import Column, Table

__all__ = ["cell_keys", "cells_table", "document_of", "list_report", "points_report", "summary_table"]


def list_report(format: str) -> Table | dict[str, Any]:
    """Every shipped paper, with its tables and figures."""
    sources = [load(name) for name in papers()]
    if format == "json":
        rows = [
            {"name": p.name, "title": p.title, "arxiv": p.arxiv or None, "tables": [t.id for t in p.tables], "figures": [f.id for f in p.figures],
             "cells": sum(len(t.cells) for t in p.tables)}
            for p in sources
        ]  # fmt: skip
        return {"schema": "mbcost/papers/1", "version": __version__, "papers": rows}
    columns = (
        Column("name", "paper", "name"), Column("arxiv", "arXiv", "text", 2), Column("tables", "tables", "count"), Column("cells", "cells", "count"),
        Column("figures", "figures", "text"), Column("title", "title", "text", 1),
    )  # fmt: skip
    lines = tuple(
        (
            p.name,
            p.arxiv or None,
            len(p.tables),
            sum(len(t.cells) for t in p.tables),
            ", ".join(f.id for f in p.figures) or None,
            p.title,
        )
        for p in sources
    )
    return Table(
        "Published tables and figures",
        columns,
        lines,
        notes=("mbcost reproduce PAPER holds one against what is computed",),
    )


def summary_table(source: Paper, results: tuple[TableResult, ...], format: str) -> Table:
    """The verdicts of a paper, table by table; what differs from its expected verdict is named below."""
    columns = (
        Column("table", "table", "text"), Column("title", "title", "text", 9), Column("cells", "cells", "count"),
        *[Column(verdict, verdict, "count", 1 if verdict in {"undefined", "measured"} else 0) for verdict in VERDICTS],
    )  # fmt: skip
    lines = []
    for result in results:
        counts = summary([result])
        lines.append(
            (
                result.table.id,
                result.table.title,
                len(result.cells),
                *[count if count or format == "csv" else None for count in counts.values()],
            )
        )
    wrong = [(table.table.id, result) for table in results for result in table.cells if not result.as_expected]
    total = sum(len(table.cells) for table in results)
    notes = [f"{table}:{r.cell.row}:{r.cell.column}: {r.verdict}, {r.reason}" for table, r in wrong]
    verdict = (
        f"{len(wrong)} of {total} cells differ from their expected verdict"
        if wrong
        else f"All {total} cells have their expected verdict"
    )
    notes.append(f"{verdict}. --table N or --only VERDICTS shows cells, with reasons.")
    return Table(
        title_of(source), columns, tuple(lines), ("total", None, total, *summary(results).values()), tuple(notes)
    )


def title_of(source: Paper) -> str:
    """The paper in a few words: its title up to the colon, and its number."""
    short = source.title.partition(":")[0]
    return f"{short} (arXiv:{source.arxiv})" if source.arxiv else short


def cells_table(source: Paper, results: tuple[TableResult, ...], wanted: tuple[str, ...], format: str) -> Table:
    """Cells one below the other, with reasons as numbered notes (in CSV as a column)."""
    several = len(results) > 1
    whole = format == "csv"
    columns = [Column("table", "table", "text")] if several or whole else []
    columns += [
        Column("row", "row", "text"), Column("column", "column", "text"), Column("published", "published", "number"),
        Column("computed", "computed", "count", 3), Column("printed", "prints as", "number"), Column("verdict", "verdict", "text"),
    ]  # fmt: skip
    columns += [Column("reason", "reason", "text")] if whole else []
    lines: list[tuple[Any, ...]] = []
    sections: list[int] = []
    reasons: dict[str, int] = {}
    before = None
    for table in results:
        headings = {column.name: column.title for column in table.table.columns}
        for result in table.cells:
            if wanted and result.verdict not in wanted:
                continue
            cell = result.cell
            sections += [len(lines)] if before not in {None, (table.table.id, cell.row)} else []
            again = (table.table.id, cell.row) == before and not whole
            before = (table.table.id, cell.row)
            head = (table.table.id,) if several or whole else ()
            shown = () if not whole else (result.reason or None,)
            verdict = result.verdict
            if result.reason and not whole:
                verdict += f" ({reasons.setdefault(result.reason, len(reasons) + 1)})"
            lines.append(
                (*(("",) * len(head) if again else head), "" if again else cell.row, cell.column if whole else headings[cell.column], cell.published,
                 _computed(result, whole), result.printed or None, verdict, *shown)
            )  # fmt: skip
    title = (
        title_of(source) if several else f"{title_of(source)}, table {results[0].table.id}: {results[0].table.title}"
    )
    notes = [f"({number}) {reason}" for reason, number in reasons.items()]
    notes += [] if lines else [f"No cell has the verdict {' or '.join(wanted)}."]
    return Table(
        title,
        tuple(columns),
        tuple(lines),
        None,
        (*notes, _counted(results)),
        tuple(sections),
        f"{title}. Published and computed",
    )


def _computed(result: Result, whole: bool) -> Any:
    """A count as it is; a share or a ratio as its exact fraction for programs, with a few more digits for people."""
    value = result.computed
    if not isinstance(value, Fraction):
        return value
    if whole:
        return str(value)
    from mbcost.report.numbers import share, significant

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


def document_of(source: Paper, results: tuple[TableResult, ...], wanted: tuple[str, ...]) -> dict[str, Any]:
    """The JSON report of a paper: `tables[]` with their `cells[]`, and the `summary`."""
    return {
        "schema": "mbcost/reproduce/1",
        "version": __version__,
        "paper": source.name,
        "title": source.title,
        "arxiv": source.arxiv or None,
        "source": source.source,
        "convention": _conventions(results) or "torch",
        "as_expected": all(result.as_expected for table in results for result in table.cells),
        "tables": [
            {
                "id": table.table.id,
                "title": table.table.title,
                "cells": [cell_keys(r) for r in table.cells if not wanted or r.verdict in wanted],
            }
            for table in results
        ],
        "summary": summary(results),
    }


def cell_keys(result: Result) -> dict[str, Any]:
    """One cell as JSON has it: exact integers, other rationals as texts p/q."""
    cell = result.cell
    return {
        "row": cell.row, "column": cell.column, "published": cell.published, "computed": result.computed, "printed": result.printed or None,
        "verdict": result.verdict, "expected": result.expected, "reason": result.reason or None,
        "ids": list(cell.note.ids) if cell.note else [], "evidence": list(cell.note.evidence) if cell.note else [],
    }  # fmt: skip


def points_report(source: Paper, figure: Figure, found: tuple[PlotPoint, ...], format: str) -> Table | dict[str, Any]:
    """The points of a figure, each with the source of its published value."""
    x = str(figure.x.setting.get("quantity", "mult_adds"))
    if format == "json":
        rows = [
            {"series": p.series, "model": p.model, "alpha": str(p.alpha), "resolution": p.resolution, x: p.x, "published": p.y_text, "source": p.source, "command": command_of(p.setting)}
            for p in found
        ]  # fmt: skip
        head = {
            "schema": "mbcost/figure/1",
            "version": __version__,
            "paper": source.name,
            "figure": figure.id,
            "title": figure.title,
        }
        return {**head, "x": {"quantity": x, "title": figure.x.title}, "y": {"title": figure.y.title}, "points": rows}
    columns = (
        Column("series", "series", "text"), Column("model", "model", "name", 2), Column("alpha", "alpha", "number"),
        Column("resolution", "resolution", "number"), Column(x, x.replace("_", "-"), "count"), Column("published", figure.y.title, "number"),
        Column("source", "source", "text"), *([Column("command", "command", "text")] if format == "csv" else []),
    )  # fmt: skip
    sources = {text: number for number, text in enumerate(dict.fromkeys(p.source for p in found), 1)}
    whole = format == "csv"
    lines = tuple(
        (
            p.series,
            p.model,
            p.alpha,
            p.resolution,
            p.x,
            p.y_text,
            *((p.source, command_of(p.setting)) if whole else (f"({sources[p.source]})",)),
        )
        for p in found
    )
    notes = tuple(f"({number}) {text}" for text, number in sources.items())
    title = f"{title_of(source)}, figure {figure.id}: {figure.title}"
    return Table(title, columns, lines, notes=(*notes, "-o FILE.pdf, .svg or .png draws it"))
