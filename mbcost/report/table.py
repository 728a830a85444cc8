"""The one value every report is made of: columns, rows, a total, notes."""

# Annotations here are evaluated, not postponed: NamedTuple would have to compile each postponed one at import.

from typing import Any, NamedTuple


class Column(NamedTuple):
    """A column: its `key` in CSV and JSON, its `heading` for people, and what kind of value it holds.

    Kinds, with the values they take:

    ================  =======================================================================
    `text`            words, left-aligned; may wrap between words on a narrow terminal
    `name`            a layer's name, left-aligned; may fold after `/`, `_` or a blank on a narrow terminal
    `count`           an exact integer: mult-adds, params, layers
    `delta`           a signed integer: what was added or removed
    `share`           an exact fraction of 1, shown as a percentage
    `percent_change`  a signed fraction of 1, shown as a percentage
    `ratio`           an exact rational, shown with four significant digits
    `number`          an exact rational that stays exact: alpha, rho, a resolution
    `shape`           channels, height, width, or a kernel's height and width
    ================  =======================================================================

    Any kind also takes `None` (nothing to say) and a string (shown as it is). Columns of priority 0 are always
    shown; where a terminal is too narrow, those with the highest priority number are left out first.

    >>> Column("mult_adds", "mult-adds", "count").priority
    0
    """

    key: str
    heading: str
    kind: str = "text"
    priority: int = 0


class Table(NamedTuple):
    """What a command found out, before it has a format.

    `total` is one more row, under a rule; `sections` are the indices of the rows before which a rule is drawn;
    `caption` is the sentence LaTeX prints, where it should differ from the title.

    >>> Table("params", (Column("params", "params", "count"),), ((4231976,),)).notes
    ()
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]
    total: tuple[object, ...] | None = None
    notes: tuple[str, ...] = ()
    sections: tuple[int, ...] = ()
    caption: str = ""


class Where(NamedTuple):
    """Where a report goes to: the width of a terminal (None off one), whether it takes colour, and whether only ASCII.

    In LaTeX and Markdown ``setting`` says how its author wants the tables (:class:`mbcost.report.paper.Setting`).
    """

    width: int | None = None
    color: bool = False
    ascii: bool = False
    setting: Any = None
