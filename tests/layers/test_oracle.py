"""Every layer kind against the oracle that counts by loops, at random shapes, fields, alphas and roundings."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mbcost.dims import Arithmetic, Rounding
from mbcost.layers import KINDS
from tests.layers.oracle import ORACLES, Question, Row, rounded
from tests.layers.oracle_questions import (
    ACTIVATIONS,
    ALPHAS,
    DILATIONS,
    KERNELS,
    MODES,
    NORMS,
    PADDINGS,
    QUICK,
    STRIDES,
    bottlenecks,
    check,
    fits,
    optional,
    questions,
    shapes,
    wide_enough,
)


def test_every_kind_of_layer_has_an_oracle() -> None:
    assert set(ORACLES) == set(KINDS)


# ---- convolutions


@QUICK
@given(st.data())
def test_convolutions(data: st.DataObject) -> None:
    draw, question, shape = data.draw, data.draw(questions()), data.draw(shapes())
    groups = draw(st.sampled_from([g for g in range(1, shape[0] + 1) if shape[0] % g == 0]))
    row: Row = {"op": "conv", "name": "c", "kernel_size": draw(KERNELS), "out_channels": draw(st.integers(1, 12))}
    if groups > 1:
        row |= {"groups": groups, "out_channels": groups * draw(st.integers(1, 3)), "width": "fixed"}
    elif draw(st.booleans()) and (question.divisor or question.floor):
        del row["out_channels"]
        row["expansion"] = draw(st.sampled_from(["1", "2", "2.3", "3.67", "5/4"]))
    optional(
        draw, row, stride=STRIDES, padding=PADDINGS, dilation=DILATIONS, norm=NORMS, activation=ACTIVATIONS, bias=st.booleans(),
        **({} if groups > 1 else {"width": MODES}),
    )  # fmt: skip
    if fits(row, shape) and (row.get("width") == "fixed" or wide_enough(row, question, "out_channels")):
        check([row], shape, question)


@QUICK
@given(st.data())
def test_depthwise_with_a_multiplier(data: st.DataObject) -> None:
    draw, question, shape = data.draw, data.draw(questions()), data.draw(shapes())
    row = optional(
        draw, {"op": "depthwise", "name": "d"}, kernel_size=KERNELS, multiplier=st.integers(1, 3), stride=STRIDES, padding=PADDINGS,
        dilation=DILATIONS, norm=NORMS, activation=ACTIVATIONS, bias=st.booleans(),
    )  # fmt: skip
    if fits(row, shape):
        check([row], shape, question)


@QUICK
@given(st.data())
def test_pointwise_with_a_stride(data: st.DataObject) -> None:
    draw, question, shape = data.draw, data.draw(questions()), data.draw(shapes())
    row = optional(
        draw, {"op": "pointwise", "name": "p", "out_channels": draw(st.integers(1, 20))}, stride=STRIDES, width=MODES, norm=NORMS,
        activation=ACTIVATIONS, bias=st.booleans(),
    )  # fmt: skip
    if row.get("width") == "fixed" or wide_enough(row, question, "out_channels"):
        check([row], shape, question)


@QUICK
@given(st.data())
def test_separable(data: st.DataObject) -> None:
    draw, question, shape = data.draw, data.draw(questions()), data.draw(shapes())
    row = optional(
        draw, {"op": "separable", "name": "s", "out_channels": draw(st.integers(1, 12))}, kernel_size=KERNELS, width=MODES,
        stride=STRIDES, padding=PADDINGS, dilation=DILATIONS, multiplier=st.integers(1, 2), norm=NORMS, activation=ACTIVATIONS,
        bias=st.booleans(),
    )  # fmt: skip
    if fits(row, shape) and (row.get("width") == "fixed" or wide_enough(row, question, "out_channels")):
        check([row], shape, question)


@QUICK
@given(st.data())
def test_linear(data: st.DataObject) -> None:
    draw, question = data.draw, data.draw(questions())
    row = optional(
        draw, {"op": "linear", "name": "l", "out_channels": draw(st.integers(1, 30))}, width=MODES, norm=NORMS, activation=ACTIVATIONS,
        bias=st.booleans(),
    )  # fmt: skip
    if row.get("width") == "fixed" or wide_enough(row, question, "out_channels"):
        check([row], (draw(st.integers(1, 30)), 1, 1), question)


# ---- the MobileNets' building blocks


@pytest.mark.parametrize("op", ["inverted_residual", "fused_inverted_residual"])
@settings(QUICK, max_examples=120)
@given(st.data())
def test_inverted_residuals(op: str, data: st.DataObject) -> None:
    draw, question, shape = data.draw, data.draw(questions()), data.draw(shapes())
    row = draw(bottlenecks(op, question))
    floored = question.floor and not question.divisor
    widths = wide_enough(row, question, "out_channels", "expanded") or row.get("width") == "fixed"
    narrow = floored and "expansion" in row and Fraction(row["expansion"]) * shape[0] < 1
    if fits(row, shape) and widths and not narrow:
        check([row], shape, question)


@QUICK
@given(st.data())
def test_squeeze_and_excite(data: st.DataObject) -> None:
    draw, shape = data.draw, data.draw(shapes())
    question = Question(draw(ALPHAS), draw(st.booleans()), draw(st.integers(1, 8)))
    row = optional(
        draw, {"op": "squeeze_excite", "name": "s"}, se=st.sampled_from(["1/4", "0.25", "1/2", "1/16", "1", "3"]),
        se_activation=ACTIVATIONS, se_gate=ACTIVATIONS, se_rounding=st.sampled_from(["floor", "divisor:8", "floor+divisor:4"]),
    )  # fmt: skip
    check([row], shape, question)


# ---- whole chains, and widths


@settings(QUICK, max_examples=80)
@given(st.data())
def test_chains_of_rows(data: st.DataObject) -> None:
    """Widths under alpha travel from row to row; nothing is lost between them."""
    draw, shape = data.draw, (3, data.draw(st.integers(4, 9)), data.draw(st.integers(4, 9)))
    question = Question(draw(ALPHAS), draw(st.booleans()), draw(st.integers(1, 4)))
    rows: list[Row] = [
        {"op": "conv", "name": "stem", "kernel_size": 3, "out_channels": draw(st.integers(2, 8)), "stride": 2}
    ]
    for number in range(draw(st.integers(1, 3))):
        op = draw(st.sampled_from(["separable", "inverted_residual", "fused_inverted_residual"]))
        if op == "separable":
            row: Row = {"op": op, "out_channels": draw(st.integers(1, 9)), "stride": draw(st.integers(1, 2))}
        else:
            row = draw(bottlenecks(op, question))
            row.pop("padding", None)
        rows.append(row | {"name": f"row_{number}"})
    rows += [
        {"op": "global_pool", "name": "gap"},
        {"op": "linear", "name": "classifier", "out_channels": 10, "width": "fixed"},
    ]
    check(rows, shape, question)


@given(
    st.fractions(min_value=Fraction(1, 1000), max_value=500, max_denominator=1000), st.integers(1, 40), st.booleans()
)
@example(Fraction(112, 10), 8, False)  # 11.2 -> 16, since 8 would lose more than a tenth
@example(Fraction(12), 8, False)  # a tie goes up
@example(Fraction(10), 9, False)  # 9 loses a tenth exactly, and that is not more than a tenth
@example(Fraction(168, 10), 8, False)
def test_rounding_a_width(width: Fraction, divisor: int, floor: bool) -> None:
    arith = Arithmetic(1, 1, None)
    assert arith.round(width, 1, Rounding("floor+divisor" if floor else "divisor", divisor)) == rounded(
        width, floor, divisor
    )


# The examples beside the rule in TensorFlow's and torchvision's _make_divisible, at divisor 8.
@pytest.mark.parametrize(
    ("width", "expected"),
    [
        ("11.2", 16),
        ("12", 16),
        ("16.8", 16),
        ("22.4", 24),
        ("33.6", 32),
        ("44.8", 48),
        ("89.6", 88),
        ("7", 8),
        ("19.2", 24),
    ],
)
def test_the_divisor_rule_of_the_mobilenet_code(width: str, expected: int) -> None:
    assert rounded(Fraction(width), False, 8) == expected
    assert Arithmetic(1, 1, None).round(Fraction(width), 1, Rounding("divisor", 8)) == expected


def test_truncation_is_exact_where_floats_are_not() -> None:
    assert int(1.15 * 200) == 229  # what a float would make of it
    assert rounded(Fraction("1.15") * 200, True, 0) == 230
    assert Arithmetic(23, 20, Rounding("floor")).scale(200) == 230
