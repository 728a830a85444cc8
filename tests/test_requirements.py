"""What a layer demands of its inputs is seen by every walk: cost, grid, arrays, closed form and the explorer agree on who is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mbcost
from mbcost.dims import Arithmetic
from mbcost.errors import MbcostError
from mbcost.explore.packing import data
from mbcost.layers import KINDS, Layer, Shape
from mbcost.layers.base import kind
from mbcost.layers.conv import divide
from mbcost.separated.forms import separate
from tests.explore.asking import ASK, run, script
from tests.inline import says, table

ALPHAS = ("0.25", "0.5", "1", "1.25", "2")
SIZES = ((8, 8), (24, 24), (32, 32), (32, 24), (33, 33))
HEAD = "rounding: divisor:8"


class Even(Layer):
    """A made-up kind: both inputs have the same channels, of one parity; the map is square and not above 28 rows."""

    __slots__ = ()

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        (channels, height, width), other = inputs[0], inputs[1]
        if not arith.must_equal(height, width):
            raise MbcostError(f"a map of {height} x {width} is not square")
        if not arith.must_equal(channels, other[0]):
            raise MbcostError(f"{channels} channels beside {other[0]}")
        if not arith.must_reach(28, height):
            raise MbcostError(f"a map of {height} rows")
        divide(channels, 16, "in_channels", "pairs")
        return inputs[0]


class Naive(Layer):
    """A made-up kind that compares the numbers itself."""

    __slots__ = ()

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        channels, height, _ = inputs[0]
        if height > 28 or channels % 16:
            raise MbcostError(f"{channels} channels on {height} rows")
        return inputs[0]


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    kind("even", inputs="several")(lambda values: [("", Even(), ())])
    kind("naive")(lambda values: [("", Naive(), (-1,))])
    yield
    del KINDS["even"], KINDS["naive"]


def even(first: str, second: str) -> mbcost.Network:
    rows = f"""
      - {{op: conv, name: a, kernel_size: 3, {first}}}
      - {{op: conv, name: b, kernel_size: 3, {second}, from: input}}
      - {{op: even, name: checked, from: [a, b]}}
      - {{op: global_pool}}
      - {{op: linear, out_channels: 10, width: fixed}}"""
    return table(rows, head=HEAD)


SCALED = ("out_channels: 32", "out_channels: 32")
ONE_FIXED = ("out_channels: 32", "out_channels: 32, width: fixed")

SHIPPED = {
    "slice": "- {op: conv, kernel_size: 3, out_channels: 32}\n- {op: slice, out_channels: 24, width: fixed}",
    "positions": "- {op: conv, kernel_size: 3, stride: 8, out_channels: 8}\n- {op: slice, positions: 16}",
    "parts": "- {op: conv, kernel_size: 3, out_channels: 16}\n- {op: split, parts: 12, take: 1, rest: first}",
    "keys": """
      - {op: conv, name: q, kernel_size: 1, out_channels: 32}
      - {op: conv, name: k, kernel_size: 1, out_channels: 32, width: fixed, from: input}
      - {op: matmul, product: scores, heads: 2, from: [q, k]}""",
    "scores": """
      - {op: conv, name: q, kernel_size: 1, out_channels: 32}
      - {op: matmul, name: s, product: scores, heads: 4, from: [q, q]}
      - {op: conv, name: v, kernel_size: 1, out_channels: 18, width: fixed, from: input}
      - {op: matmul, product: values, from: [s, v]}""",
    "multiply": """
      - {op: conv, name: a, kernel_size: 3, out_channels: 32, width: fixed}
      - {op: conv, name: b, kernel_size: 3, stride: 32, out_channels: 32, from: input}
      - {op: multiply, from: [a, b]}""",
}
"""Rows of shipped kinds whose demands are met at some points and not at others, or at none."""

NETWORKS = {
    "scaled": lambda: even(*SCALED),
    "one_fixed": lambda: even(*ONE_FIXED),
    "naive": lambda: table("- {op: conv, kernel_size: 3, out_channels: 32}\n- {op: naive}", head=HEAD),
    **{name: partial(table, rows, head=HEAD) for name, rows in SHIPPED.items()},
}


def answer(ask: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """The mult-adds at one point, or the message of the refusal."""
    try:
        return int(np.asarray(ask(*args, **options).mult_adds).ravel()[0])
    except MbcostError as error:
        return str(error)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_grid_refuses_what_a_count_refuses(name: str) -> None:
    network = NETWORKS[name]()
    found = {}
    for alpha in ALPHAS:
        for size in SIZES:
            counted = answer(network.cost, alpha, resolution=size)
            assert answer(network.grid, [alpha], [size]) == counted
            assert answer(network.cost, np.array([float(alpha)]), resolution=size) == counted
            found[alpha, size] = counted
    refused = [said for said in found.values() if type(said) is str]
    assert refused, "nothing is refused: the network shows nothing"
    if name != "scores":
        assert len(refused) < len(found), "nothing is counted: the network shows nothing"


def test_a_checked_kind_is_not_counted_point_by_point_for_its_check() -> None:
    """The demands are recorded, so the cost separates; a kind that compares numbers itself costs that."""
    assert separate(even(*SCALED)) is not None
    assert separate(NETWORKS["slice"]()) is not None
    assert separate(NETWORKS["naive"]()) is None


def test_a_closed_form_is_refused_where_no_point_is_possible() -> None:
    wrong = even("out_channels: 32, width: fixed", "out_channels: 48, width: fixed")
    for ask in (
        wrong.cost,
        lambda: wrong.grid(["0.5"], [24]).mult_adds,
        lambda: wrong.formula().realised,
        lambda: wrong.formula().idealised,
    ):
        with says("32 channels beside 48"):
            ask()  # type: ignore[operator]
    right = even(*SCALED).formula()
    assert right.realised.mult_adds.has(right.idealised.mult_adds.free_symbols.pop())


def test_the_explorer_refuses_what_a_count_refuses(tmp_path: Path) -> None:
    named = {name: NETWORKS[name]() for name in ("scaled", "one_fixed", "slice", "keys", "parts")}
    asked, expected = [], []
    for word, network in named.items():
        network.table.name = word
        for alpha in ALPHAS:
            for size in SIZES:
                asked.append(f"#m={word}&a={alpha}&r={size[0]}x{size[1]}&c=torch&q=mult_adds")
                said = answer(network.cost, alpha, resolution=size)
                expected.append("null" if type(said) is str else str(said))
    given = data(list(named.items()), ())
    assert run(script([], ASK, tmp_path, given), asked, tmp_path) == expected
    assert 5 < expected.count("null") < len(expected) - 5
