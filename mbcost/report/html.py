"""A table as HTML, for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbcost import escape
from mbcost.report.cells import LEFT, cell_texts

if TYPE_CHECKING:
    from mbcost.report.table import Table

__all__ = ["html"]


def html(table: Table) -> str:
    """A table with its title above it and its notes below it.

    >>> from mbcost.report.table import Column, Table
    >>> print(html(Table("net", (Column("n", "layer", "name"), Column("c", "params", "count")), (("<fc>", 1025000),))))
    <table><caption>net</caption>
    <thead><tr><th style="text-align:left">layer</th><th style="text-align:right">params</th></tr></thead>
    <tbody>
    <tr><td style="text-align:left">&lt;fc&gt;</td><td style="text-align:right">1,025,000</td></tr>
    </tbody></table>
    """
    sides = ["left" if column.kind in LEFT else "right" for column in table.columns]
    columns, total = cell_texts(table)

    def line(cells: list[str], tag: str) -> str:
        inner = [
            f'<{tag} style="text-align:{side}">{escape.html(cell)}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        ]
        return f"<tr>{''.join(inner)}</tr>"

    head = line([column.heading for column in table.columns], "th")
    body = "\n".join([line(list(cells), "td") for cells in zip(*columns, strict=True)])
    foot = "" if total is None else f"\n<tfoot>{line(total, 'th')}</tfoot>"
    notes = "".join([f"\n<p>{escape.html(note)}</p>" for note in table.notes])
    return f"<table><caption>{escape.html(table.title)}</caption>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>{foot}</table>{notes}"
