"""One `Table` value, many renderers; the only number formatting of the program.

What a command found out is a `Table`: columns that know their kind, rows of exact values, a total, notes. `render`
writes it for a terminal, a spreadsheet, a pull request or a paper. Importing this package imports no renderer.

>>> columns = (Column("name", "layer", "name"), Column("params", "params", "count"))
>>> print(render(Table("Classifier", columns, (("fc", 1025000),)), "csv"), end="")
name,params
fc,1025000
"""

from __future__ import annotations

from mbcost.report.table import Column, Table

__all__ = ["FORMATS", "Column", "Table", "render"]

#: The formats `render` writes. (JSON is no format of a table: its keys are a contract of each command.)
FORMATS = ("table", "csv", "markdown", "latex")


def render(
    table: Table,
    fmt: str,
    *,
    width: int | None = None,
    color: bool = False,
    ascii: bool = False,
) -> str:
    """The table in one of the `FORMATS`, as text that ends in a newline.

    `width` is the terminal's; without one (off a terminal) nothing is folded or left out. With `color`, headings and
    totals are bold; it never carries meaning. `ascii` writes everything in ASCII, for a stream that takes no more.
    Width and colour concern `table` only.

    >>> render(Table("", (), ()), "html")
    Traceback (most recent call last):
    ValueError: unknown format `html`; the formats are table, csv, markdown, latex
    """
    if ascii:
        from mbcost.report.ascii import in_ascii

        table = in_ascii(table)
    if fmt == "table":
        from mbcost.report.screen import screen

        return screen(table, width=width, color=color, ascii=ascii)
    if fmt == "csv":
        from mbcost.report.delimited import csv_text

        return csv_text(table)
    if fmt == "markdown":
        from mbcost.report.markdown import markdown

        return markdown(table)
    if fmt == "latex":
        from mbcost.report.latex import latex

        return latex(table)
    raise ValueError(f"unknown format `{fmt}`; the formats are {', '.join(FORMATS)}")
