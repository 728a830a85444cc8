"""Tables of a few rows, written inline, and short ways to look at what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mbcost import loads
from mbcost.errors import MbcostError
from mbcost.network import Cost, Network

TABLES = Path(__file__).parent / "tables"


def table(layers: str, *, head: str = "", channels: int = 3, resolution: Any = 32) -> Network:
    """A network of some rows, written as YAML in one or several lines."""
    return loads(
        f"format: 1\nname: net\ninput: {{channels: {channels}, resolution: {resolution}}}\n{head}\nlayers:\n{layers}\n"
    )


def cost(layers: str, *, head: str = "", channels: int = 3, resolution: Any = 32, **variant: Any) -> Cost:
    return table(layers, head=head, channels=channels, resolution=resolution).cost(**variant)


def names(counted: Cost) -> list[str]:
    return [row.name for row in counted.rows]


def shapes(counted: Cost) -> dict[str, tuple[Any, ...]]:
    return {row.name: row.output for row in counted.rows}


@contextmanager
def says(*words: str) -> Iterator[None]:
    """An error whose message has all of these words."""
    with pytest.raises(MbcostError) as info:
        yield
    for word in words:
        assert word in str(info.value)
