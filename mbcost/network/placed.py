"""A network laid out: its layers in order, and where each of them was written."""

from __future__ import annotations

from typing import NamedTuple

from mbcost.errors import MbcostError
from mbcost.layers import Layer
from mbcost.network.specs import RowSpec, TableSpec

__all__ = ["Laid", "Notes", "Placed"]


class Placed(NamedTuple):
    """The layers of a network, and for each the table and position of its row."""

    layers: tuple[Layer, ...]
    marks: tuple[tuple[TableSpec, RowSpec], ...]


class Laid(NamedTuple):
    """One row as it was laid out: its name, and the numbers of the feature maps it reads and makes."""

    table: TableSpec
    spec: RowSpec
    name: str
    inputs: tuple[int, ...]
    output: int


class Notes:
    """What laying out notes down for those who ask: every row, every problem instead of the first alone, what depth multiplies."""

    def __init__(self) -> None:
        self.rows: list[Laid] = []
        self.errors: list[MbcostError] = []
        self.totals: set[int] = set()
