"""A table in GitHub's Markdown, for a README or the comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbcost import escape
from mbcost.report.cells import LEFT, cell_texts

if TYPE_CHECKING:
    from mbcost.report.table import Table

_AT_START = ("#", "+", "-", "=")


def markdown(table: Table) -> str:
    """The table with pipes: title and total bold, numbers to the right, the notes as a list.

    >>> from mbcost.report.table import Column, Table
    >>> columns = (Column("name", "layer", "name"), Column("params", "params", "count"))
    >>> table = Table("Classifier", columns, (("fc", 1025000),), ("total", 1025000), ("bias included",))
    >>> print(markdown(table), end="")
    **Classifier**
    <BLANKLINE>
    | layer     |        params |
    | :-------- | ------------: |
    | fc        |     1,025,000 |
    | **total** | **1,025,000** |
    <BLANKLINE>
    - bias included
    """
    columns, total = cell_texts(table, text=escape.markdown)
    for i, (column, cells) in enumerate(zip(table.columns, columns, strict=True)):
        cells.insert(0, escape.markdown(column.heading))
        if total is not None:
            cells.append(bold(total[i]))
    rights = [column.kind not in LEFT for column in table.columns]
    # Three dashes are the least that every reader of Markdown takes for a rule.
    widths = [max([4, *map(len, cells)]) for cells in columns]
    marks = [
        "-" * (width - 1) + ":" if right else ":" + "-" * (width - 1)
        for right, width in zip(rights, widths, strict=True)
    ]
    lines = []
    if columns:
        padded = [
            [cell.rjust(width) if right else cell.ljust(width) for cell in cells]
            for cells, right, width in zip(columns, rights, widths, strict=True)
        ]
        heading, *rows = zip(*padded, strict=True)
        lines = ["| " + " | ".join(row) + " |" for row in (heading, marks, *rows)]
    paragraphs = [
        [bold(escape.markdown(table.title))] if table.title else [],
        lines,
        [f"- {line_start(escape.markdown(note))}" for note in table.notes],
    ]
    return "\n\n".join(["\n".join(paragraph) for paragraph in paragraphs if paragraph]) + "\n"


def line_start(text: str) -> str:
    r"""A text that begins a line and must not open a heading or a list there.

    >>> line_start(" # of layers"), line_start("1. first"), line_start("2.13 % more")
    ('\\# of layers', '1\\. first', '2.13 % more')
    """
    text = text.strip()  # blanks in front would open it all the same
    if text.startswith(_AT_START):
        return "\\" + text
    digits = len(text) - len(text.lstrip("0123456789"))
    if digits and text[digits : digits + 2] in {". ", ") ", ".", ")"}:
        return text[:digits] + "\\" + text[digits:]
    return text


def bold(text: str) -> str:
    """A text in bold; nothing stays nothing.

    >>> bold("total"), bold("")
    ('**total**', '')
    """
    return f"**{text.strip()}**" if text.strip() else ""
