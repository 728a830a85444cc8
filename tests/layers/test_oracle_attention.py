"""Attention, transposed convolution, shares of groups, slices and the rest, against the oracle that counts by loops."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbcost.errors import MbcostError
from tests.layers.oracle import Question, Row
from tests.layers.oracle_questions import (
    ACTIVATIONS,
    DILATIONS,
    KERNELS,
    NORMS,
    QUICK,
    STRIDES,
    check,
    optional,
    questions,
    shapes,
)

SMALL = st.integers(1, 4)


@QUICK
@given(st.data())
def test_attention(data: st.DataObject) -> None:
    draw, heads, width = data.draw, data.draw(SMALL), data.draw(SMALL)
    row: Row = {"op": "attention", "name": "a"}
    given_heads = draw(st.sampled_from(["heads", "head_width", "both"]))
    row |= {"heads": heads} if given_heads != "head_width" else {}
    row |= {"head_width": width} if given_heads != "heads" else {}
    optional(draw, row, value_width=SMALL, out_channels=st.integers(1, 9), bias=st.booleans(), out_bias=st.booleans())
    optional(draw, row, position_biases=st.integers(0, 9))
    sides = draw(SMALL), draw(SMALL)
    if draw(st.booleans()):
        row["windows"] = draw(st.sampled_from([w for w in range(1, 17) if sides[0] * sides[1] % w == 0]))
    channels = heads * width if given_heads != "both" else draw(st.integers(1, 9))
    check([row], (channels, *sides), Question())


@QUICK
@given(st.data())
def test_multi_query_attention(data: st.DataObject) -> None:
    draw, heads, width = data.draw, data.draw(SMALL), data.draw(SMALL)
    row: Row = {"op": "mobile_mqa", "name": "a", "heads": heads, "head_width": width}
    optional(draw, row, value_width=SMALL, out_channels=st.integers(1, 9), bias=st.booleans(), out_bias=st.booleans())
    optional(draw, row, kv_stride=st.integers(1, 3), kernel_size=st.integers(1, 4), norm=NORMS)
    check([row], (draw(st.integers(1, 9)), draw(st.integers(1, 5)), draw(st.integers(1, 5))), Question())


@QUICK
@given(st.data())
def test_products_of_two_maps(data: st.DataObject) -> None:
    draw, heads, key, value, shared = (
        data.draw,
        data.draw(SMALL),
        data.draw(SMALL),
        data.draw(SMALL),
        data.draw(st.booleans()),
    )
    stride = draw(st.integers(1, 2))
    plain = {"op": "pointwise", "norm": "none", "bias": False, "width": "fixed", "activation": "none", "from": "input"}
    times = 1 if shared else heads
    rows: list[Row] = [
        {**plain, "name": "q", "out_channels": heads * key},
        {**plain, "name": "k", "out_channels": times * key, "stride": stride},
        {**plain, "name": "v", "out_channels": times * value, "stride": stride},
        {"op": "matmul", "name": "s", "product": "scores", "from": ["q", "k"], "heads": heads, "multi_query": shared},
        {"op": "matmul", "name": "o", "product": "values", "from": ["s", "v"], "multi_query": shared},
    ]
    check(rows, (3, draw(SMALL), draw(SMALL)), Question())


@QUICK
@given(st.data())
def test_tokens_scales_slices_and_shuffled_pixels(data: st.DataObject) -> None:
    draw, question, shape = data.draw, data.draw(questions()), data.draw(shapes())
    r = draw(st.integers(1, 3))
    check([{"op": "pixel_shuffle", "name": "p", "factor": r}], (shape[0] * r * r, *shape[1:]), question)
    rows = [
        {"op": "scale", "name": "scale"},
        optional(
            draw,
            {"op": "tokens", "name": "tokens"},
            extra=st.integers(0, 2),
            positions=st.sampled_from(["none", "learned"]),
        ),
        {"op": "slice", "name": "slice", "positions": 1},
        {"op": "slice", "name": "cut", "out_channels": draw(st.integers(1, shape[0])), "width": "fixed"},
    ]
    check(rows, shape, question)


@QUICK
@given(st.data())
def test_transposed_convolutions(data: st.DataObject) -> None:
    draw, shape = data.draw, data.draw(shapes())
    groups = draw(st.sampled_from([g for g in range(1, shape[0] + 1) if shape[0] % g == 0]))
    row: Row = {
        "op": "transposed",
        "name": "t",
        "kernel_size": draw(KERNELS),
        "out_channels": groups * draw(SMALL),
        "groups": groups,
    }
    optional(draw, row, stride=STRIDES, dilation=DILATIONS, norm=NORMS, activation=ACTIVATIONS, bias=st.booleans())
    if draw(st.booleans()):
        row |= {"padding": draw(st.sampled_from([0, "valid", [0, 1, 0, 1], [1, 0, 0, 0]]))}
        optional(draw, row, output_padding=st.integers(0, 2))
        kernel, stretch = row["kernel_size"], row.get("dilation", 1)
        extents = [
            (
                (stretch if isinstance(stretch, int) else stretch[i])
                * ((kernel if isinstance(kernel, int) else kernel[i]) - 1)
            )
            for i in (0, 1)
        ]
        if min(extents) < 1:
            row["padding"] = 0
    check([row], shape, Question())


@QUICK
@given(st.data())
def test_groups_of_a_width_and_unequal_parts(data: st.DataObject) -> None:
    draw, shape, width, groups = data.draw, data.draw(shapes()), data.draw(SMALL), data.draw(SMALL)
    channels = width * groups
    row: Row = {
        "op": "conv",
        "name": "c",
        "kernel_size": 3,
        "groups": {"width": width},
        "out_channels": channels * draw(SMALL),
    }
    check([row | {"width": "fixed"}], (channels, *shape[1:]), Question())
    parts = draw(st.integers(1, 4))
    take = draw(st.integers(1, parts))
    check(
        [{"op": "split", "name": "s", "parts": parts, "take": take, "rest": "first"}],
        (parts + shape[0], *shape[1:]),
        Question(),
    )
    check([{"op": "upsample", "name": "u", "multiple": draw(st.integers(1, 5))}], shape, Question(Fraction(1, 2), True))


@pytest.mark.parametrize(
    ("row", "fact"),
    [
        ({"op": "attention", "heads": 3}, "`in_channels` (=8) must be divisible by `heads` (=3)"),
        ({"op": "attention", "head_width": 3}, "`in_channels` (=8) must be divisible by `head_width` (=3)"),
        ({"op": "attention"}, "`heads` and `head_width` are both missing"),
        ({"op": "attention", "heads": 2, "windows": 5}, "`positions` (=16) must be divisible by `windows` (=5)"),
        ({"op": "slice", "out_channels": 9, "width": "fixed"}, "a slice of 9 channels from a map of 8"),
        ({"op": "slice", "positions": 17}, "a slice of 17 positions from a map of 16"),
        ({"op": "slice"}, "`slice` needs one of `out_channels` and `positions`"),
        ({"op": "pixel_shuffle", "factor": 3}, "`in_channels` (=8) must be divisible by `factor^2` (=9)"),
        (
            {"op": "split", "parts": 9, "take": 1, "rest": "first"},
            "`in_channels` (=8) in 9 `parts` leaves parts of 0 channels",
        ),
        (
            {"op": "conv", "kernel_size": 3, "out_channels": 8, "groups": {"width": 3}},
            "`in_channels` (=8) must be divisible by `groups.width` (=3)",
        ),
        (
            {"op": "conv", "kernel_size": 3, "out_channels": 8, "groups": {"wide": 3}},
            "or {width: n} for groups of n channels",
        ),
        ({"op": "transposed", "kernel_size": 1, "out_channels": 8, "padding": 2}, "leaves nothing of a map of 4"),
        (
            {"op": "transposed", "kernel_size": 2, "out_channels": 8, "output_padding": 1},
            "`output_padding` under `padding: same`",
        ),
        ({"op": "upsample", "factor": 2, "multiple": 2}, "`upsample` needs one of `factor`, `like` and `multiple`"),
    ],
)
def test_what_cannot_be_is_told(row: Row, fact: str) -> None:
    with pytest.raises(MbcostError, match=re.escape(fact)) as told:
        check([{**row, "name": "r"}], (8, 4, 4), Question())
    assert told.value.help
