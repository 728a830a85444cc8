"""A table as comma-separated values: a header of keys, plain integers, one line a row.

Quoting is RFC 4180's; a line ends in a single newline like every other line the program prints. There is no total
row: a reader that adds up a column must get the column's sum. Shares, changes and ratios are decimals, exact where
the decimal ends and with ten significant digits where it does not. An exact number (alpha, rho) that is not whole is a
fraction, `3/4`, as in JSON: a rounded alpha would be another network. What is not known is an empty field. A control
character in a name is written out, so that a row is always one line, and a name that a spreadsheet would take for a
formula has a `'` before it.
"""

from __future__ import annotations

import csv
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from mbcost import escape
from mbcost.report import numbers
from mbcost.report.cells import cell_writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mbcost.report.cells import Form
    from mbcost.report.table import Column, Table

PLAIN: Mapping[str, Form] = {
    "text": str,
    "name": str,
    "count": numbers.exact,
    "delta": numbers.exact,
    "share": numbers.decimal,
    "percent_change": numbers.decimal,
    "ratio": numbers.decimal,
    "number": numbers.exact,
    "shape": numbers.shape,
}

# Values the csv module writes as they should be, and how many rows are looked at together to find that out.
_READY = {int, type(None)}
_BATCH = 4096


def csv_text(table: Table) -> str:
    """The table's rows under its columns' keys.

    >>> from fractions import Fraction
    >>> from mbcost.report.table import Column, Table
    >>> columns = (Column("alpha", "alpha", "number"), Column("share", "share", "share"))
    >>> print(csv_text(Table("", columns, ((Fraction(6, 7), Fraction(1, 3)), (1, Fraction(1, 8))))), end="")
    alpha,share
    6/7,0.3333333333
    1,0.125
    """
    stream = StringIO()
    write_csv(table.columns, table.rows, stream)
    return stream.getvalue()


def write_csv(columns: tuple[Column, ...], rows: Iterable[tuple[object, ...]], stream: TextIO) -> None:
    """Write header and rows as they come; the rows of a large sweep need never be there all at once.

    >>> import sys
    >>> from mbcost.report.table import Column
    >>> write_csv((Column("resolution", "resolution", "shape"),), (((r, r),) for r in (224, 192)), sys.stdout)
    resolution
    224x224
    192x192
    """
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([escape.csv(column.key) for column in columns])
    forms = [cell_writer(column, PLAIN, escape.csv) for column in columns]
    rows = iter(rows)
    while batch := list(islice(rows, _BATCH)):
        by_column = [
            cells if _ready(cells) else [None if cell is None else form(cell) for cell in cells]
            for form, cells in zip(forms, zip(*batch, strict=True), strict=True)
        ]
        writer.writerows(zip(*by_column, strict=True))


def field(text: str) -> str:
    """A text as a field of a line that is put together by hand.

    >>> print(field("conv_1"), field('=1,"2",3'))
    conv_1 "'=1,""2"",3"
    """
    text = escape.csv(text)
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if "," in text or '"' in text else text


def _ready(cells: tuple[object, ...]) -> bool:
    """Whether a column can go to the csv module as it is; a large sweep owes its speed to this."""
    kinds = set(map(type, cells))
    if kinds == {str}:
        return all(escape.csv(str(text)) == text for text in set(cells))
    return kinds <= _READY
