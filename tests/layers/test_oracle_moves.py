"""Pools, joins and layers that only move data, and rows with a cost of their own, against the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inline import cost
from tests.layers.oracle import Question, Row, Shape, starts
from tests.layers.oracle_questions import (
    ACTIVATIONS,
    CHANNELS,
    KERNELS,
    MODES,
    NORMS,
    PADDINGS,
    QUICK,
    SIDES,
    STRIDES,
    check,
    fits,
    optional,
    questions,
    shapes,
    wide_enough,
)

# ---- pools


@pytest.mark.parametrize("op", ["max_pool", "avg_pool"])
@settings(QUICK, max_examples=150)
@given(st.data())
def test_sliding_pools(op: str, data: st.DataObject) -> None:
    draw, shape = data.draw, data.draw(shapes())
    row = optional(
        draw,
        {"op": op, "name": "p", "kernel_size": draw(KERNELS), "stride": draw(STRIDES)},
        padding=PADDINGS,
        ceil=st.booleans(),
    )
    padding, kernel = row.get("padding", 0), row["kernel_size"]
    widest = max(padding) if isinstance(padding, list) else padding if isinstance(padding, int) else 0
    if row.get("ceil") and 2 * widest > (kernel if isinstance(kernel, int) else min(kernel)):
        return  # with ceil, PyTorch and Caffe allow a padding of half the window, and only there do they agree
    if fits(row, shape):
        check([row], shape, Question())


# Caffe's and PyTorch's own sizes: SqueezeNet 1.0 at 224 pools 109 -> 54 and GoogLeNet 112 -> 56 with ceil; without, 54 and 55.
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "ceil", "expected"),
    [(109, 3, 2, 0, True, 54), (112, 3, 2, 0, True, 56), (112, 3, 2, 0, False, 55), (28, 3, 2, 0, True, 14), (4, 1, 2, 1, True, 3),
     (5, 2, 3, 1, True, 2), (2, 1, 3, 0, True, 1)],
)  # fmt: skip
def test_the_windows_of_pools_that_are_known(
    size: int, kernel: int, stride: int, pad: int, ceil: bool, expected: int
) -> None:
    assert len(starts(size, kernel, stride, 1, pad, pad, ceil)) == expected
    check(
        [{"op": "max_pool", "name": "p", "kernel_size": kernel, "stride": stride, "padding": pad, "ceil": ceil}],
        (1, size, size),
        Question(),
    )


@QUICK
@given(shapes(), st.one_of(st.none(), SIDES, st.tuples(SIDES, SIDES).map(list)))
def test_global_pools(shape: Shape, size: Any) -> None:
    row: Row = {"op": "global_pool", "name": "g"}
    check([row if size is None else row | {"output_size": size}], shape, Question())


# ---- joins, and layers that only move data


@QUICK
@given(shapes(), st.integers(2, 4), ACTIVATIONS, st.sampled_from(["add", "multiply", "concat"]))
def test_joins(shape: Shape, inputs: int, activation: str, op: str) -> None:
    rows: list[Row] = [
        {"op": "depthwise", "name": f"d{i}", "from": "input", "kernel_size": 1 + i} for i in range(inputs)
    ]
    if op == "concat":
        rows += [{"op": "conv", "name": "wide", "from": "input", "kernel_size": 1, "out_channels": 7, "width": "fixed"}]
    names = [row["name"] for row in rows]
    check([*rows, {"op": op, "name": "join", "from": names, "activation": activation}], shape, Question())


@QUICK
@given(shapes(), st.booleans())
def test_multiply_of_a_map_with_one_value_a_channel(shape: Shape, map_first: bool) -> None:
    rows: list[Row] = [{"op": "global_pool", "name": "g"}]
    sources = ["input", "g"] if map_first else ["g", "input"]
    check([*rows, {"op": "multiply", "name": "m", "from": sources}], shape, Question())


@QUICK
@given(CHANNELS, st.integers(1, 5), SIDES, SIDES, st.data())
def test_splits_and_shuffles(channels: int, parts: int, height: int, width: int, data: st.DataObject) -> None:
    take = data.draw(st.integers(1, parts))
    shape = (channels * parts, height, width)
    check(
        [
            {"op": "shuffle", "name": "mix", "groups": parts},
            {"op": "split", "name": "half", "parts": parts, "take": take},
        ],
        shape,
        Question(),
    )


@QUICK
@given(shapes(), NORMS, ACTIVATIONS)
def test_norms_of_their_own(shape: Shape, norm: str, activation: str) -> None:
    check([{"op": "norm", "name": "n", "norm": norm, "activation": activation}], shape, Question())


@QUICK
@given(shapes(), ACTIVATIONS)
def test_functions_of_every_element(shape: Shape, activation: str) -> None:
    rows: list[Row] = [
        {"op": "activation", "name": "a", "activation": activation},
        {"op": "lrn", "name": "l"},
        {"op": "dropout", "name": "d"},
        {"op": "softmax", "name": "s"},
        {"op": "flatten", "name": "f"},
        {"op": "linear", "name": "fc", "out_channels": 5, "width": "fixed"},
    ]
    check(rows, shape, Question())


@QUICK
@given(
    shapes(), st.one_of(st.integers(1, 4), st.tuples(st.integers(1, 4), st.integers(1, 4)).map(list)), st.integers(1, 3)
)
def test_upsampling(shape: Shape, factor: Any, stride: int) -> None:
    rows: list[Row] = [
        {"op": "depthwise", "name": "d", "stride": stride},
        {"op": "upsample", "name": "u", "factor": factor},
        {"op": "upsample", "name": "back", "like": "d"},
    ]
    check(rows, shape, Question())


@QUICK
@given(st.data())
def test_costs_of_their_own(data: st.DataObject) -> None:
    draw, question, shape = data.draw, data.draw(questions()), data.draw(shapes())
    row: Row = {"op": "custom", "name": "own"}
    row[draw(st.sampled_from(["mult_adds", "mult_adds_per_output"]))] = draw(st.integers(0, 10**9))
    row[draw(st.sampled_from(["params", "params_per_output", "params_per_channel"]))] = draw(st.integers(0, 10**9))
    optional(draw, row, out_channels=st.integers(1, 9), width=MODES)
    optional(draw, row, **{draw(st.sampled_from(["stride", "output_size"])): STRIDES})
    if row.get("width") == "fixed" or wide_enough(row, question, "out_channels"):
        check([row], shape, question)


def test_what_goes_into_a_layer_is_all_of_its_inputs() -> None:
    """Elements, by hand, at 5 x 5: of maps of 4 channels, and of a gate of 4 values."""
    rows = cost(
        """- {op: conv, name: a, kernel_size: 1, out_channels: 4}
- {op: global_pool, name: gate}
- {op: multiply, name: gated, from: [a, gate]}
- {op: add, name: sum, from: [gated, a]}
- {op: concat, name: all, from: [sum, a, gated]}
- {op: depthwise, name: mixed}
- {op: max_pool, name: halved, kernel_size: 2, stride: 2, padding: valid}""",
        resolution=5,
    ).rows
    assert {row.name: (row.input_elements, row.output_elements) for row in rows} == {
        "a": (75, 100), "gate": (100, 4), "gated": (104, 100), "sum": (200, 100), "all": (300, 300), "mixed": (300, 300), "halved": (300, 48),
    }  # fmt: skip
