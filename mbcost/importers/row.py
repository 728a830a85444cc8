"""A row of the table to be, as the raising passes it on from plain layers to what is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mbcost.importers.maps import Part
from mbcost.importers.views import Shape

__all__ = ["Row", "readers"]


class Row:
    """A row of the table to be: its fields as they will be written, and what it cost where it was traced.

    ``sources`` are the rows it reads; ``branches``, once rows are nested, the lists of rows that meet in it, which all
    begin at its one source. ``scopes`` are the calls of modules that its layers ran in, ``homes`` the largest calls that
    each copy of it has to itself, ``inner`` is the innermost call that its first copy runs in. ``at`` says where its widths are
    read at other alphas: of which weighted layer of the run, and whether into it (``in``) or out of it.
    """

    __slots__ = (
        "at", "branches", "fields", "homes", "inexact", "inner", "mult_adds", "op", "params", "parts", "read", "remark", "repeat", "scopes", "shape", "sources",
    )  # fmt: skip

    def __init__(
        self, op: str, sources: list[Row], shape: Shape, read: Shape, fields: dict[str, Any] | None = None
    ) -> None:
        self.op = op
        self.sources = sources
        self.branches: list[list[Row]] | None = None
        self.shape = shape
        self.read = read
        self.fields: dict[str, Any] = fields or {}
        self.scopes: list[int] = []
        self.mult_adds: int | None = 0
        self.params = 0
        self.remark = ""
        self.inexact = False
        self.repeat = 1
        self.homes: list[int] = []
        self.inner = -1
        self.parts: list[Part] = []
        self.at: dict[str, tuple[int, str]] = {}

    def __repr__(self) -> str:
        return f"Row({self.op} {self.fields} {self.shape}{f' {self.branches}' if self.branches else ''})"


def readers(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """The rows that read each row."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        for source in row.sources:
            found.setdefault(id(source), []).append(row)
    return found
