"""A table in plain ASCII, for a stream whose encoding takes no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbcost.report.table import Table

if TYPE_CHECKING:
    from mbcost.report.table import Where

_SPELLINGS = str.maketrans(
    {
        "α": "alpha",
        "ρ": "rho",
        "×": "x",
        "·": "*",
        "−": "-",
        "–": "-",
        "—": "-",
        "…": "...",
        "²": "^2",
        "³": "^3",
        "≤": "<=",
        "≥": ">=",
        "≈": "~",
        "→": "->",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "\u00a0": " ",
    }
)


def ascii_text(text: str) -> str:
    r"""A text in ASCII: symbols spelled out, what has no spelling as its code.

    >>> ascii_text("α² × 3 – straße")
    'alpha^2 x 3 - stra\\xdfe'
    """
    if text.isascii():
        return text
    return text.translate(_SPELLINGS).encode("ascii", "backslashreplace").decode("ascii")


def in_stream(text: str, where: Where) -> str:
    """A text as the stream it goes to takes it."""
    return ascii_text(text) if where.ascii else text


def in_ascii(table: Table) -> Table:
    """The table with every text in ASCII; the numbers are already.

    >>> in_ascii(Table("α", (), ())).title
    'alpha'
    """
    return Table(
        title=ascii_text(table.title),
        columns=tuple([column._replace(heading=ascii_text(column.heading)) for column in table.columns]),
        rows=tuple([_row(row) for row in table.rows]),
        total=None if table.total is None else _row(table.total),
        notes=tuple([ascii_text(note) for note in table.notes]),
        sections=table.sections,
        caption=ascii_text(table.caption),
    )


def _row(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple([ascii_text(cell) if isinstance(cell, str) else cell for cell in row])
