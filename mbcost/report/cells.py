"""From the values of a table to the texts of its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbcost.report import numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mbcost.report.table import Column, Table

    Form = Callable[[Any], str]

#: How each kind of column is written for people.
READABLE: Mapping[str, Form] = {
    "text": str,
    "name": str,
    "count": numbers.count,
    "delta": numbers.delta,
    "share": numbers.share,
    "percent_change": numbers.percent_change,
    "ratio": numbers.ratio,
    "number": numbers.number,
    "shape": numbers.shape,
}

#: The kinds that read from the left; all others line up on the right.
LEFT = frozenset({"text", "name", "shape"})


def cell_texts(
    table: Table,
    forms: Mapping[str, Form] = READABLE,
    text: Callable[[str], str] = str,
) -> tuple[list[list[str]], list[str] | None]:
    """The table's cells as text: one list a column, from the first row to the last, and the total row.

    `text` is what every string goes through. What a row does not know is a dash; what has no total stays empty.

    >>> from mbcost.report.table import Column, Table
    >>> cell_texts(Table("t", (Column("n", "n", "count"),), ((1024,), (None,)), total=(1024,)))
    ([['1,024', '-']], ['1,024'])
    """
    writers = [cell_writer(column, forms, text) for column in table.columns]
    by_column = zip(*table.rows, strict=True) if table.rows else [()] * len(writers)
    columns = [
        ["-" if cell is None else write(cell) for cell in cells]
        for write, cells in zip(writers, by_column, strict=True)
    ]
    if table.total is None:
        return columns, None
    return columns, ["" if cell is None else write(cell) for write, cell in zip(writers, table.total, strict=True)]


def cell_writer(column: Column, forms: Mapping[str, Form], text: Callable[[str], str] = str) -> Form:
    """How one column writes its values; strings go through `text` whatever the column's kind.

    >>> from mbcost.report.table import Column
    >>> write = cell_writer(Column("alpha", "alpha", "number"), READABLE)
    >>> write(1), write("any")
    ('1', 'any')
    """
    form = form_of(column, forms)
    if form is str:
        return lambda value: text(str(value))
    return lambda value: text(value) if isinstance(value, str) else form(value)


def form_of(column: Column, forms: Mapping[str, Form]) -> Form:
    """How the values of a column are written.

    >>> from mbcost.report.table import Column
    >>> form_of(Column("flops", "FLOPs", "float"), READABLE)
    Traceback (most recent call last):
    ValueError: column `flops` has the unknown kind `float`; the kinds are text, name, count, delta, share, \
percent_change, ratio, number, shape
    """
    form = forms.get(column.kind)
    if form is None:
        kinds = ", ".join(forms)
        raise ValueError(f"column `{column.key}` has the unknown kind `{column.kind}`; the kinds are {kinds}")
    return form
