"""How a table is set in a paper: names that are shown, millions, caption and label (of LaTeX and Markdown alone)."""

# Annotations here are evaluated, not postponed: NamedTuple would have to compile each postponed one at import.

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from mbcost.quantities import QUANTITIES
from mbcost.report import numbers
from mbcost.report.table import Column, Table

__all__ = ["UNITS", "Setting", "set_table"]

UNITS = {"K": (10**3, "thousands"), "M": (10**6, "millions"), "G": (10**9, "billions")}


class Setting(NamedTuple):
    """What an author asks of a table.

    Attributes
    ----------
    label, caption : str
        Instead of those of the report.
    unit : str
        ``K``, ``M`` or ``G``: counts of quantities as so many thousands, millions or billions, rounded.
    digits : int
        Digits behind the point of such a count.
    names : dict
        What models are called.
    titles : dict
        What models are called by their tables: above, and in columns of models.
    long : bool
        Whether LaTeX breaks the table across pages.
    """

    label: str = ""
    caption: str = ""
    unit: str = ""
    digits: int = 1
    names: Mapping[str, str] = {}
    titles: Mapping[str, str] = {}
    long: bool = False


def set_table(table: Table, setting: Setting) -> Table:
    """A table as its author wants it; what is rounded is said below it.

    >>> columns = (Column("model", "model", "name"), Column("mult_adds", "mult-adds", "count"))
    >>> table = Table("", columns, (("mobilenet_v1", 568740352),))
    >>> found = set_table(table, Setting(unit="M", names={"mobilenet_v1": "MobileNetV1"}))
    >>> found.columns[1].heading, found.rows, found.notes
    ('mult-adds (M)', (('MobileNetV1', '568.7'),), ('Counts in millions, rounded to 1 digit',))
    """
    of_rows, named = _Naming(setting.names), _Naming({**setting.titles, **setting.names})
    scaled = [bool(setting.unit) and _counts(column) for column in table.columns]
    columns = [
        column._replace(heading=named(column.heading) + (f" ({setting.unit})" if scale else ""))
        for column, scale in zip(table.columns, scaled, strict=True)
    ]

    def row(cells: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(
            [
                _cell(cell, scale, named if column.key == "model" else of_rows, setting)
                for cell, scale, column in zip(cells, scaled, table.columns, strict=True)
            ]
        )

    notes = tuple(map(named, table.notes))
    if any(scaled):
        _, word = UNITS[setting.unit]
        digits = f"{setting.digits} digit{'' if setting.digits == 1 else 's'}" if setting.digits else "whole ones"
        notes += (f"Counts in {word}, rounded to {digits}",)
    return table._replace(
        title=named(table.title),
        columns=tuple(columns),
        rows=tuple(map(row, table.rows)),
        total=None if table.total is None else row(table.total),
        notes=notes,
        caption=setting.caption or named(table.caption),
    )


def _counts(column: Column) -> bool:
    """Whether a column counts a quantity: mult-adds, bytes; and not layers."""
    return column.kind in {"count", "delta"} and any(name in column.key for name in QUANTITIES)


def _cell(cell: object, scale: bool, named: "_Naming", setting: Setting) -> object:
    if isinstance(cell, str):
        return named(cell)
    if not scale or cell is None:
        return cell
    assert isinstance(cell, int | Fraction)  # noqa: S101  (what is counted)
    factor, _ = UNITS[setting.unit]
    return numbers.fixed(Fraction(cell, factor), setting.digits, group=True)


class _Naming:
    """Models by the names that are shown, wherever they stand as a word."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        words = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        self.pattern = re.compile(rf"(?<![\w/.-])(?:{words})(?![\w/-])") if names else None

    def __call__(self, text: str) -> str:
        return text if self.pattern is None else self.pattern.sub(lambda found: self.names[found[0]], text)
