"""A paper file as values: its tables as printed, and how each cell is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from mbcost.documents.nodes import Document

__all__ = [
    "PROVEN",
    "VERDICTS",
    "Column",
    "Figure",
    "Note",
    "Paper",
    "Point",
    "PublishedCell",
    "Setting",
    "Table",
    "Word",
]

VERDICTS = {
    "match": "the computed value prints as the published one",
    "truncated": "it does when its last digits are cut off instead of rounded",
    "variant": "it does under another setting, which the reason names",
    "erratum": "it does not, and the cause is known; the computed value is right",
    "unexplained": "it does not, and the cause is not known",
    "undefined": "there is no layer table of what the cell counts, as a rule because nothing public defines it",
    "measured": "accuracy or latency: carried, not computed",
}
"""What can be said of a published number, with its meaning."""

PROVEN = {"as": "variant", "wrong": "erratum"}
"""The settings of a note that show where a number comes from, and the verdict each proves when it does."""

Setting: TypeAlias = dict[str, Any]
"""How a number is computed: the fields of a variant, what is counted, and how it is printed."""


class Word(str):
    """A text of a paper file that knows where it stands, for errors found after reading."""

    __slots__ = ("column", "line")
    line: int
    column: int


class Note(NamedTuple):
    """What is said about a cell that is not a plain match: the verdict to expect, its reason, and what proves it.

    ``proofs`` are settings under which the published number comes out, each with the verdict it proves; ``slip`` is a
    misprint that can be checked on the digits; ``right`` is what should have been printed.
    """

    name: str
    expect: str
    ids: tuple[str, ...] = ()
    reason: str = ""
    evidence: tuple[str, ...] = ()
    proofs: tuple[tuple[str, Setting], ...] = ()
    slip: str = ""
    right: str = ""
    text: bool = False


class Column(NamedTuple):
    """One column of a published table: its name, its heading, and what it counts."""

    name: str
    title: str
    setting: Setting


class PublishedCell(NamedTuple):
    """One published cell: the text as printed, and the setting that computes it."""

    row: str
    column: str
    published: str
    setting: Setting
    note: Note | None
    line: int
    at: int


class Table(NamedTuple):
    """One published table; ``rows`` are the labels in their order."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[str, ...]
    cells: tuple[PublishedCell, ...]


class Point(NamedTuple):
    """One point of a published figure: its series, the setting that computes x, the published y and where y is from."""

    series: str
    setting: Setting
    y: str
    source: str
    line: int
    at: int


class Figure(NamedTuple):
    """One published figure: what its axes count, how points are joined and coloured, and its points."""

    id: str
    title: str
    x: Column
    y: Column
    join: str
    colour: str
    sources: dict[str, str]
    points: tuple[Point, ...]


class Paper(NamedTuple):
    """A paper file: what was published, cell by cell."""

    name: str
    title: str
    arxiv: str
    source: str
    quantities: dict[str, dict[str, int]]
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]
    document: Document
