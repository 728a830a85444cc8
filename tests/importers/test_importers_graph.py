"""The reader of graphs against what a tracer would never write."""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from typing import Any

import pytest

from mbcost.errors import MbcostError
from mbcost.importers.graph import read_graph
from tests.importers.graphs_of import Drawn, document, table


def small() -> dict[str, Any]:
    """A graph with something of everything."""
    drawn = Drawn((4, 8, 8), (4, 9, 9))
    a = drawn.conv(0, 8, stride=2)
    b = drawn.conv(a, 8, groups=8)
    shapes = [(8, 4, 4), (8, 5, 5)]
    gate = drawn.node("reduce", [b], [(8, 1, 1), (8, 1, 1)], function="mean", dims=[2, 3])
    product = drawn.node("multiply", [b, gate], shapes, function="mul")
    total = drawn.node("add", [product, a], shapes, function="add")
    halves = [drawn.node("slice", [total], [(4, 4, 4), (4, 5, 5)], axis=1, start=start, step=1) for start in (0, 4)]
    joined = drawn.node("concat", halves, shapes, axis=1)
    weight = drawn.weight(8)
    normed = drawn.node(
        "norm", [joined], shapes, norm="batch", axis=1,
        weights={"scale": [{"of": [weight], "shape": [8]}], "shift": [{"of": [drawn.weight(8)], "shape": [8]}]},
    )  # fmt: skip
    pooled = drawn.node(
        "max_pool", [normed], [(8, 2, 2), (8, 2, 2)], kernel=[2, 2], stride=[2, 2], padding=[[0, 0], [0, 0]], axis=1
    )
    flat = drawn.node("reshape", [pooled], [(32,), (32,)])
    use = {"weight": [{"of": [drawn.weight(5, 32)], "shape": [32, 5]}]}
    drawn.node("linear", [flat], [(5,), (5,)], mult_adds=160, weights=use)
    return drawn.document()


def test_the_small_graph_is_a_network() -> None:
    cost = table(read_graph(small())).network.cost()
    assert (cost.mult_adds, cost.params) == (36 * 8 * 16 + 72 * 16 + 160, 288 + 72 + 16 + 160)


WORSE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    3,
    10**30,
    2.5,
    "x",
    "conv",
    [],
    [0],
    [[1]],
    {},
    {"op": "conv"},
    [[0, 0], [1, 1]],
)


def mutated(found: Any, rng: random.Random) -> None:
    """One change at a random place."""
    at = found
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = rng.choice(keys)
        if isinstance(at[key], dict | list) and at[key] and rng.random() < 0.85:
            at = at[key]
            continue
        what = rng.randrange(4)
        if what == 0:
            del at[key]
        elif what == 1 and isinstance(at, list):
            at.append(json.loads(json.dumps(at[key])))
        else:
            at[key] = rng.choice(WORSE)
        return


@pytest.mark.parametrize("seed", range(400))
def test_a_changed_graph_is_an_error_or_a_network(seed: int) -> None:
    rng = random.Random(seed)
    found = small()
    for _ in range(rng.choice((1, 1, 2, 4))):
        mutated(found, rng)
    with suppress(MbcostError):  # any other exception is a fault
        assert table(read_graph(found)).network.cost().mult_adds >= 0


@pytest.mark.parametrize(
    "wrong", [None, [], "graph", 7, {}, {"schema": "mbcost/graph/2"}, {"schema": "mbcost/graph/1"}]
)
def test_what_is_no_graph_is_an_error(wrong: object) -> None:
    with pytest.raises(MbcostError, match="the tracer's answer is no graph"):
        read_graph(wrong)


def test_huge_counts_and_cycles_end_at_once() -> None:
    start = time.perf_counter()
    for change in ({"values": [[10**9] * 16] * 100_000}, {"scopes": [[0, "a", "b"]]}, {"inputs": [0] * 1000}):
        found = small()
        found["traces"][0].update(change)
        with pytest.raises(MbcostError):
            table(read_graph(found))
    found = small()
    found["traces"][0]["nodes"][0]["in"] = [found["traces"][0]["nodes"][3]["out"][0]]
    with pytest.raises(MbcostError, match="reads a value that no earlier node gives"):
        read_graph(found)
    assert time.perf_counter() - start < 20


def test_a_failure_says_what_the_code_said() -> None:
    with pytest.raises(MbcostError) as caught:
        read_graph({"error": "ValueError: no", "kind": "builder", "place": "nets.py:12"})
    assert str(caught.value) == "ValueError: no\n  help: raised in nets.py:12"


def test_a_large_graph_is_read_in_time() -> None:
    """LSTMs unroll into thousands of operations: reading and raising are near linear."""
    drawn = Drawn((4, 8, 8))
    x = 0
    for _ in range(3000):
        x = drawn.conv(x, 4)
    start = time.process_time()
    found = table(read_graph(drawn.document()))
    assert time.process_time() - start < 20
    assert found.network.cost().layers == 3000


def test_recorded_graphs_are_strictly_read() -> None:
    found = document("mobilenet_v2")
    found["traces"][0]["nodes"][5]["shade"] = "blue"
    with pytest.raises(MbcostError, match="node 5 has an unknown key"):
        read_graph(found)


def test_kernels_that_are_not_trained_are_not_called_shared() -> None:
    found = small()
    for weight in found["weights"]:
        weight["trained"] = False
    text = table(read_graph(found)).text
    assert "its weights are not trained" in text
    assert "shared" not in text
