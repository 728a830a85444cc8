"""A layer table as read: plain data, before repeats are unrolled and names are given.

The table reader builds these; ``mbcost.network.layout`` turns them into layers.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

from mbcost.dims import Rounding
from mbcost.errors import Lines, Place
from mbcost.layers.fields import Raw

__all__ = [
    "Base",
    "BlockSpec",
    "Cell",
    "Expect",
    "GroupSpec",
    "Ignored",
    "Item",
    "RowSpec",
    "Scaling",
    "TableSpec",
    "copies",
    "totals",
]


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
        "depth",
        "like",
        "line",
        "name",
        "op",
        "repeat",
        "sources",
        "unknown",
        "weights_of",
    )

    def __init__(self, op: str, line: int, column: int) -> None:
        self.op = op
        self.line = line
        self.column = column
        self.name: str | None = None
        self.sources: tuple[str, ...] | None = None
        self.repeat = 1
        self.depth: str | None = None
        self.cells: dict[str, Cell] = {}
        self.branches: tuple[tuple[Item, ...], ...] | None = None
        self.declared: dict[str, Cell] = {}
        self.unknown = False
        self.weights_of: str | None = None


class GroupSpec(NamedTuple):
    """Rows that repeat together."""

    repeat: int
    items: tuple[Item, ...]
    line: int
    column: int
    depth: str | None = None


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


class Scaling(NamedTuple):
    """A member of a table's family that has a name of its own: EfficientNet-B3 is B0 at alpha 1.2, depth 1.4 and 300 pixels."""

    name: str
    alpha: Fraction = Fraction(1)
    depth: Fraction = Fraction(1)
    resolution: tuple[int, int] | None = None
    title: str = ""


class Ignored(NamedTuple):
    """Findings of lint that a table declares to be meant: a code, the rows by a glob, and why."""

    code: str
    row: str
    why: str
    line: int
    column: int


class Expect(NamedTuple):
    """What a table says it should cost at a point of its family: amounts by quantity, and where they are from.

    Without a resolution the table's own is meant, without a convention ``torch``.
    """

    amounts: dict[str, Cell]
    line: int
    column: int
    alpha: Fraction = Fraction(1)
    depth: Fraction = Fraction(1)
    resolution: tuple[int, int] | None = None
    convention: str = ""
    source: str = ""


class TableSpec:
    """A whole layer table as read from a file."""

    __slots__ = (
        "base", "blocks", "channels", "coded", "defaults", "errata", "expect", "file", "ignored", "implementation", "imported", "items", "lines", "name", "resolution",
        "rounding", "scalings", "source", "text", "title",
    )  # fmt: skip

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.lines = Lines(file, text)
        self.name = ""
        self.title = ""
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
        self.scalings: dict[str, Scaling] = {}
        self.expect: tuple[Expect, ...] = ()
        self.ignored: tuple[Ignored, ...] = ()

    @property
    def one_width(self) -> bool:
        """Whether the table, or one it is based on, was imported without a width to vary."""
        own = self.imported is not None and "vary" not in self.imported
        return own or (self.base is not None and self.base.table.one_width)

    def place(self, line: int, column: int) -> Place:
        """A place in this file, with the text of its line."""
        return self.lines.place(line, column)

    def rule(self) -> Rounding | None:
        """The rounding rule in force: the table's own, else that of its base."""
        return self.rounding if self.rounding is not None or self.base is None else self.base.table.rule()

    @property
    def table_hash(self) -> str:
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


def copies(items: tuple[Item, ...], depth: Fraction) -> list[int]:
    """How often each row or group of a body stands in the network at a depth multiplier.

    A repeat is scaled to ceil(depth * repeat), unless it says ``fixed`` or nothing is repeated. Consecutive rows of one named
    depth are one stage: ceil(depth * sum of repeats) copies, spread from the last row backwards in proportion, each row at
    least once (as timm's EfficientNet builder does).

    >>> stage = [RowSpec("conv", 1, 1) for _ in range(2)]
    >>> for row, repeat in zip(stage, (1, 3)):
    ...     row.repeat, row.depth = repeat, "stage_2"
    >>> copies(tuple(stage), Fraction(6, 5))
    [1, 4]
    """
    if depth == 1:
        return [item.repeat for item in items]
    found: list[int] = []
    for word, run in groupby(items, key=lambda item: item.depth):
        stage = [item.repeat for item in run]
        if word is None or word == "fixed":
            found += stage
        elif word == "scale":
            found += [_up(depth * repeat) for repeat in stage]
        else:
            left, scaled, spread = sum(stage), _up(depth * sum(stage)), []
            for repeat in reversed(stage):
                spread.append(max(1, round(Fraction(repeat * scaled, left))))
                left, scaled = left - repeat, scaled - spread[-1]
            found += reversed(spread)
    return found


def totals(items: tuple[Item, ...]) -> list[int]:
    """What a depth multiplies at each row or group of a body: its repeat, the repeats of its stage, or 0, nothing."""
    found: list[int] = []
    for word, run in groupby(items, key=lambda item: item.depth):
        stage = [item.repeat for item in run]
        if word is None or word == "fixed":
            found += [0] * len(stage)
        else:
            found += stage if word == "scale" else [sum(stage)] * len(stage)
    return found


def _up(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)
