"""A layer table as read: plain data, before repeats are unrolled and names are given.

The table reader builds these; ``mbcost.network.layout`` turns them into layers.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from mbcost.dims import Rounding
from mbcost.errors import Place
from mbcost.layers.fields import Raw

__all__ = ["Base", "BlockSpec", "Cell", "GroupSpec", "Item", "RowSpec", "TableSpec"]


class Cell(NamedTuple):
    """One written value: its text, where it stands, and its typed value once its field is known."""

    raw: Raw
    line: int
    column: int
    value: Any = None
    typed: bool = False


class RowSpec:
    """One row as written: a layer kind, or a call of a block."""

    __slots__ = (
        "branches",
        "cells",
        "column",
        "declared",
        "like",
        "line",
        "name",
        "op",
        "repeat",
        "sources",
        "unknown",
    )

    def __init__(self, op: str, line: int, column: int) -> None:
        self.op = op
        self.line = line
        self.column = column
        self.name: str | None = None
        self.sources: tuple[str, ...] | None = None
        self.repeat = 1
        self.cells: dict[str, Cell] = {}
        self.branches: tuple[tuple[Item, ...], ...] | None = None
        self.declared: dict[str, Cell] = {}
        self.unknown = False


class GroupSpec(NamedTuple):
    """Rows that repeat together."""

    repeat: int
    items: tuple[Item, ...]
    line: int
    column: int


Item: TypeAlias = RowSpec | GroupSpec


class BlockSpec(NamedTuple):
    """A block: parameters with their defaults (None where required), named inputs, and rows."""

    name: str
    params: dict[str, Cell | None]
    inputs: tuple[str, ...]
    items: tuple[Item, ...]


class Base(NamedTuple):
    """The table whose rows stand above this table's own, and what is changed in them."""

    name: str
    table: TableSpec
    set: dict[str, Any]
    without: tuple[str, ...]
    line: int
    column: int


class TableSpec:
    """A whole layer table as read from a file."""

    __slots__ = (
        "base", "blocks", "channels", "coded", "defaults", "errata", "file", "implementation", "imported", "items", "lines", "name", "resolution",
        "rounding", "source", "text",
    )  # fmt: skip

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.lines: list[str] | None = None
        self.name = ""
        self.source: Any = None
        self.implementation: str = ""
        self.imported: dict[str, Any] | None = None
        self.channels = 3
        self.resolution: tuple[int, int] = (224, 224)
        self.rounding: Rounding | None = None
        self.coded: str | None = None
        self.defaults: dict[str, dict[str, Cell]] = {}
        self.blocks: dict[str, BlockSpec] = {}
        self.base: Base | None = None
        self.items: tuple[Item, ...] = ()
        self.errata: tuple[Any, ...] = ()

    @property
    def one_width(self) -> bool:
        """Whether the table, or one it is based on, was imported without a width to vary."""
        own = self.imported is not None and "vary" not in self.imported
        return own or (self.base is not None and self.base.table.one_width)

    def place(self, line: int, column: int) -> Place:
        """A place in this file, with the text of its line."""
        if self.lines is None:
            self.lines = self.text.splitlines()
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Place(self.file, line, column, text)

    def rule(self) -> Rounding | None:
        """The rounding rule in force: the table's own, else that of its base."""
        return self.rounding if self.rounding is not None or self.base is None else self.base.table.rule()

    def digest(self) -> str:
        """A hash of this table's text and of those it is based on."""
        digest = _sha256()()
        table: TableSpec | None = self
        while table is not None:
            digest.update(table.text.encode("utf-8", "surrogatepass"))
            table = table.base.table if table.base else None
        return str(digest.hexdigest()[:16])


def _sha256() -> Any:
    """The SHA-256 of the standard library, without the two milliseconds that loading OpenSSL would add to every report."""
    from importlib import import_module

    for name in ("_sha2", "_sha256"):  # Python 3.12 and later; 3.11
        try:
            return import_module(name).sha256
        except (ImportError, AttributeError):
            continue
    return import_module("hashlib").sha256
