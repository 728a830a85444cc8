"""A table for a terminal, drawn by Rich. The only module of the program that imports it.

Rich measures, wraps, parses and pads every cell it is given, which for a table of thirty rows costs more than counting
the network. Here the widths are known beforehand and a cell is plain text, so each section of the table is handed over
as one block of finished lines; Rich draws the rules and knows how a terminal is told about bold.
"""

from __future__ import annotations

from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.table import Table as RichTable

from mbcost import escape
from mbcost.report.cells import LEFT, cell_texts
from mbcost.report.fold import GAP, Block, fit, fold_cell, fold_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import ConsoleOptions

    from mbcost.report.table import Table

# Lines of a Rich box: top, head, under the head, rows, between sections, over the foot, foot, bottom.
_RULES = "    \n    \n ── \n    \n ── \n ── \n    \n    \n"


class Lines:
    """Finished lines; Rich prints them as they are."""

    __slots__ = ("lines",)

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """The lines, in Rich's protocol, one at a time: it copies the rest of a text at every end of a line."""
        for line in self.lines:
            yield Segment(line + "\n")


def screen(table: Table, *, width: int | None = None, color: bool = False, ascii: bool = False) -> str:
    """The table as lines of text, at most `width` long where the numbers allow it.

    >>> from mbcost.report.table import Column, Table
    >>> columns = (Column("name", "layer", "name"), Column("mult_adds", "mult-adds", "count"))
    >>> print(screen(Table("Two layers", columns, (("conv", 10838016), ("fc", 1024000)), total=("total", 11862016))))
    Two layers
    <BLANKLINE>
    layer   mult-adds
    ─────────────────
    conv   10,838,016
    fc      1,024,000
    ─────────────────
    total  11,862,016
    <BLANKLINE>
    """
    bodies, total = cell_texts(table, text=escape.line)
    blocks = [
        Block(column.kind, column.priority, escape.line(column.heading), body if total is None else [*body, total[i]])
        for i, (column, body) in enumerate(zip(table.columns, bodies, strict=True))
    ]
    shown, widths, dropped = fit(blocks, width, _length)

    parts: list[str] = []
    if table.title:
        parts += [*_folded(escape.line(table.title), width), ""]
    if shown:
        parts.append(_drawn([blocks[i] for i in shown], widths, table, color=color, ascii_rules=ascii))
    notes = [escape.line(note) for note in table.notes]
    if dropped:
        left_out = ", ".join([blocks[i].heading for i in dropped])
        notes.append(f"columns left out at this width: {left_out}; widen the terminal or use -f csv")
    if notes:
        parts += ["", *[line for note in notes for line in _folded(note, width, indent="  ")]]
    return "\n".join(parts) + "\n"


def _length(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _folded(text: str, width: int | None, indent: str = "") -> list[str]:
    return [text] if width is None else fold_words(text, width, _length, indent)


def _drawn(blocks: list[Block], widths: list[int], table: Table, *, color: bool, ascii_rules: bool) -> str:
    """The lines of the table proper, without title and notes."""
    headings = [fold_words(block.heading, width, _length) for block, width in zip(blocks, widths, strict=True)]
    tallest = max(map(len, headings))
    columns = []
    for block, width, heading in zip(blocks, widths, headings, strict=True):
        cells = [fold_cell(block.kind, cell, width, _length) for cell in block.cells]
        folded = [[""] * (tallest - len(heading)) + heading, *cells]
        columns.append([_aligned(lines, width, block.kind) for lines in folded])
    head, *rows = [_side_by_side(cells, widths) for cells in zip(*columns, strict=True)]
    footing = rows.pop() if table.total is not None else ""
    drawn = RichTable(
        box=Box(_RULES.replace("─", "-") if ascii_rules else _RULES, ascii=ascii_rules),
        show_edge=False,
        padding=0,
        show_footer=table.total is not None,
        footer_style="bold",
    )
    width = sum(widths) + GAP * (len(widths) - 1)
    drawn.add_column(Lines([head]), Lines([footing]), width=width)
    edges = sorted({0, len(rows), *[row for row in table.sections if 0 < row < len(rows)]})
    for start, end in pairwise(edges):
        drawn.add_row(Lines(rows[start:end]), end_section=True)
    return _printed(drawn, width, color=color)


def _printed(drawn: RichTable, width: int, *, color: bool) -> str:
    """What Rich prints on a terminal that is exactly as wide as the table."""
    stream = StringIO()
    console = Console(
        file=stream,
        width=width,
        height=25,
        color_system="standard" if color else None,
        no_color=not color,
        force_terminal=color,
        force_jupyter=False,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    if color:
        console.print(drawn)
        text = stream.getvalue()
    else:
        text = "".join([segment.text for segment in console.render(drawn)])
    return "\n".join([line.rstrip() for line in text.splitlines()])


def _aligned(lines: list[str], width: int, kind: str) -> list[str]:
    """Lines filled up to a width: numbers stand at its right end."""
    if kind in LEFT:
        return [line + " " * (width - _length(line)) for line in lines]
    return [" " * (width - _length(line)) + line for line in lines]


def _side_by_side(cells: Sequence[list[str]], widths: list[int]) -> str:
    """The lines of a row, as many as its tallest cell has."""
    return "\n".join(
        [
            (" " * GAP).join(
                [lines[i] if i < len(lines) else " " * width for lines, width in zip(cells, widths, strict=True)]
            )
            for i in range(max(map(len, cells)))
        ]
    )
