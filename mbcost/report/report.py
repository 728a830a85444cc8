"""What a command found out, described once: fields that say how a value is called, what it is, and how to get it.

From a :class:`Report` come the tables for people, CSV, Markdown, LaTeX and JSON.

>>> from fractions import Fraction
>>> fields = (Field("name", "layer", "name"), Field("params", "params", "count"), Field("share", "share", "share"))
>>> rows = [{"name": "fc", "params": 1025000, "share": Fraction(1, 4)}]
>>> report = Report("example/1", "Classifier", {"rows": Rows(fields, rows)})
>>> table, = report.tables("csv")
>>> table.rows
(('fc', 1025000, Fraction(1, 4)),)
>>> report.document()["rows"]
[{'name': 'fc', 'params': 1025000, 'share': 0.25, 'share_exact': '1/4'}]
"""

# Annotations here are evaluated, not postponed: NamedTuple would have to compile each postponed one at import.

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mbcost import __version__
from mbcost.report.table import Column, Table

__all__ = ["Field", "Report", "Rows", "at", "value"]

AUDIENCES = {
    "all": frozenset({"people", "csv", "json"}), "columns": frozenset({"people", "csv"}), "people": frozenset({"people"}),
    "data": frozenset({"csv", "json"}), "csv": frozenset({"csv"}), "json": frozenset({"json"}),
}  # fmt: skip
PLAIN = frozenset({int, bool, str, type(None)})
EXACT = frozenset({"share", "ratio", "percent_change", "number"})  # kinds whose integers JSON has in another form


class Field(NamedTuple):
    """One thing to say of every row.

    Attributes
    ----------
    key : str
        Its name in CSV, and in JSON unless there is a ``path``.
    heading, kind, priority
        Its column (:class:`mbcost.report.table.Column`).
    get : function of a row
        Its value; by default the row's item or attribute of the name ``key``.
    to : str
        Who is told: ``all``, ``columns`` (people and CSV), ``people``, ``data`` (CSV and JSON), ``csv``, ``json``.
    path : tuple of str
        Where it stands in JSON, if not under ``key``: keys of objects within objects.
    optional : bool
        Whether its key is left out of JSON where there is nothing to say, instead of null.
    """

    key: str
    heading: str = ""
    kind: str = "text"
    priority: int = 0
    get: Callable[[Any], Any] | None = None
    to: str = "all"
    path: tuple[str, ...] = ()
    optional: bool = False

    def of(self, row: Any) -> Any:
        """The value of the field."""
        if self.get is not None:
            return self.get(row)
        return row.get(self.key) if isinstance(row, dict) else getattr(row, self.key)


def at(function: Callable[..., Any], *more: Any) -> Callable[[Any], Any]:
    """A function of a row, from one that takes more after it.

    >>> at(pow, 2)(3)
    9
    """
    return lambda row: function(row, *more)


class Rows(NamedTuple):
    """A table of a report: the same fields of many rows, and where it makes sense of their sum.

    ``more`` are rows, and ``total`` is one under a rule, of the table alone; ``sections`` are the rows before which a rule is
    drawn. What the report has in JSON in another form is not ``data``.
    """

    fields: Sequence[Field]
    rows: Iterable[Any]
    total: Any = None
    more: tuple[Any, ...] = ()
    sections: tuple[int, ...] = ()
    title: str = ""
    notes: tuple[str, ...] = ()
    data: bool = True

    def table(self, audience: str) -> Table:
        """As a table for people, or for CSV."""
        fields = [field for field in self.fields if audience in AUDIENCES[field.to]]
        columns = tuple([Column(field.key, field.heading, field.kind, field.priority) for field in fields])
        rows = tuple([tuple([field.of(row) for field in fields]) for row in (*self.rows, *self.more)])
        total = None if self.total is None else tuple([field.of(self.total) for field in fields])
        return Table(self.title, columns, rows, total, self.notes, self.sections)

    def object(self, row: Any) -> dict[str, Any]:
        """One row as JSON has it."""
        return next(self.objects([row]))

    def objects(self, rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
        """Rows as JSON has them."""
        told = [(field, *_place(field)) for field in self.fields if "json" in AUDIENCES[field.to]]
        for row in rows:
            found: dict[str, Any] = {}
            for field, outer, key in told:
                said = field.of(row)
                if said is None and field.optional:
                    continue
                at = found
                for name in outer:
                    at = at.setdefault(name, {})
                at[key] = value(said, field.kind)
                if field.kind == "share":
                    at[f"{key}_exact"] = None if said is None else str(said)
            yield found


def _place(field: Field) -> tuple[tuple[str, ...], str]:
    """Where a field stands in JSON: the keys of the objects around it, and its own."""
    path = field.path or (field.key,)
    return path[:-1], path[-1]


class Report(NamedTuple):
    """A command's whole answer.

    Attributes
    ----------
    schema : str
        Name and version of its JSON, as ``table/2``.
    title : str
        The line above its tables, or above the first one where they have titles of their own.
    keys : dict, or a function that makes it
        Its JSON in order, after schema and version; every :class:`Rows` in it is a table too. What takes long to make is a
        function, as all of them or one value of them, and is made when a format asks for it: one value by JSON alone.
    notes, caption
        What stands below the table, and the sentence LaTeX prints where it should differ from the title.
    forms : dict
        Formats in which the report has a form of its own: functions of where it goes to.
    """

    schema: str
    title: str
    keys: dict[str, Any] | Callable[[], dict[str, Any]]
    notes: tuple[str, ...] = ()
    caption: str = ""
    forms: Mapping[str, Callable[[Any], str]] = {}

    @property
    def contents(self) -> dict[str, Any]:
        """Its JSON, and its tables."""
        return self.keys() if callable(self.keys) else self.keys

    def tables(self, audience: str) -> list[Table]:
        """Its tables, for people or for CSV."""
        found = [rows.table(audience) for rows in self.contents.values() if isinstance(rows, Rows)]
        found += [table for table in self.contents.values() if isinstance(table, Table)]
        return [
            table._replace(
                title=table.title or self.title, notes=table.notes + self.notes, caption=table.caption or self.caption
            )
            for table in found
        ]

    def document(self) -> dict[str, Any]:
        """It as JSON has it."""
        found: dict[str, Any] = {"schema": f"mbcost/{self.schema}", "version": __version__}
        for key, said in self.contents.items():
            if isinstance(said, Rows):
                if said.data:
                    found[key] = list(said.objects(said.rows))
            elif isinstance(said, Table):
                columns = said.columns
                found[key] = [
                    {c.key: value(cell, c.kind) for c, cell in zip(columns, row, strict=True)} for row in said.rows
                ]
            else:
                found[key] = value(said() if callable(said) else said)
        return found


def value(said: Any, kind: str = "text") -> Any:
    """A value as JSON has it: integers as they are, counts that are none and alpha as texts p/q, shares and ratios as numbers.

    >>> from fractions import Fraction
    >>> value(Fraction(3, 4), "number"), value(Fraction(3, 4), "ratio"), value(Fraction(6, 1), "count"), value(None, "ratio")
    ('3/4', 0.75, 6, None)
    """
    if type(said) in PLAIN and kind not in EXACT:
        return said
    if isinstance(said, dict):
        return {key: one if type(one) in PLAIN else value(one) for key, one in said.items()}
    if isinstance(said, list | tuple):
        return [value(one, kind) for one in said]
    if kind in {"share", "ratio", "percent_change"}:
        return None if said is None else said.numerator / said.denominator
    if kind == "number" and said is not None:
        return str(said)
    if not hasattr(said, "denominator"):
        return said
    return said.numerator if said.denominator == 1 else str(said)
