"""Random rows, shapes, alphas and roundings for the oracle, and the comparison itself."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from mbcost import loads
from tests.layers.oracle import Part, Question, Row, Shape, count

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
COMPARED = [field for field in Part._fields if field not in {"name", "output", "kind"}]


def text_of(rows: list[Row], shape: Shape, question: Question) -> str:
    """The table as YAML (JSON is flow-style YAML)."""
    table = {
        "format": 1,
        "name": "net",
        "input": {"channels": shape[0], "resolution": [shape[1], shape[2]]},
        "rounding": question.spelt(),
        "layers": rows,
    }
    return json.dumps(table)


def check(rows: list[Row], shape: Shape, question: Question) -> None:
    """The engine's rows are the oracle's, name by name and part by part."""
    cost = loads(text_of(rows, shape, question)).cost(alpha=question.alpha)
    expected = count(rows, shape, question)
    assert [row.name for row in cost.rows] == [part.name for part in expected]
    for row, part in zip(cost.rows, expected, strict=True):
        found = {field: getattr(row, field) for field in COMPARED}
        assert (row.output, found) == (part.output, {field: getattr(part, field) for field in COMPARED}), row.name
        assert row.mult_adds == part.weight_mults + part.map_mults  # convention torch: the papers' mult-adds
        assert row.params == part.weights + part.biases + part.norm_params + part.other_params  # what is trained
        on_map = (
            1 if row.kind == "squeeze_excite" else part.output[1] * part.output[2]
        )  # its convolutions see one position
        assert row.bias_adds == part.biases * on_map, row.name
        if part.kind and row.input[0] > 1:
            assert row.kind == part.kind, row.name
    assert cost.mult_adds == sum(part.weight_mults + part.map_mults for part in expected)
    assert cost.params == sum(part.weights + part.biases + part.norm_params + part.other_params for part in expected)
    assert cost.layers == sum(1 for part in expected if part.weights)


# ---- what the questions are made of

SIDES = st.integers(1, 8)
CHANNELS = st.integers(1, 6)
STRIDES = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)).map(list))
KERNELS = st.one_of(st.integers(1, 4), st.tuples(st.integers(1, 4), st.integers(1, 4)).map(list))
DILATIONS = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 2), st.integers(1, 2)).map(list))
PADDINGS = st.one_of(
    st.sampled_from(["same", "valid"]), st.integers(0, 3), st.lists(st.integers(0, 3), min_size=4, max_size=4)
)
NORMS = st.sampled_from(["none", "batch", "batch_no_scale", "layer", "group", "instance"])
ACTIVATIONS = st.sampled_from(["none", "relu", "relu6", "hard_swish", "sigmoid", "prelu"])
MODES = st.sampled_from(["scale", "grow", "fixed"])
RATIOS = st.sampled_from(["1", "2", "3", "6", "2.3", "184/80", "0.5", "3.67"])
ALPHAS = st.builds(Fraction, st.integers(1, 40), st.just(20))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """alpha and a rounding; without any rounding alpha stays whole, since loops cannot count parts of a channel."""
    rule = draw(st.sampled_from(["floor", "divisor", "both", "none"]))
    if rule == "none":
        return Question(Fraction(draw(st.integers(1, 3))))
    divisor = draw(st.integers(1, 4)) if rule != "floor" else 0
    return Question(draw(ALPHAS), rule != "divisor", divisor)


def optional(draw: st.DrawFn, row: Row, **fields: st.SearchStrategy[Any]) -> Row:
    """Give some of the fields, leave others to their defaults."""
    for name, values in fields.items():
        if draw(st.booleans()):
            row[name] = draw(values)
    return row


def fits(row: Row, shape: Shape, *, dilation: bool = True) -> bool:
    """Whether every window of the row has room on the map."""
    padding = row.get("padding", "same")
    if padding == "same":
        return True
    top, bottom, left, right = (
        (0,) * 4 if padding == "valid" else (padding,) * 4 if isinstance(padding, int) else padding
    )
    kernel, stretch = row.get("kernel_size", 3), row.get("dilation", 1) if dilation else 1
    (k_h, k_w), (d_h, d_w) = ((v, v) if isinstance(v, int) else v for v in (kernel, stretch))
    return shape[1] + top + bottom > (k_h - 1) * d_h and shape[2] + left + right > (k_w - 1) * d_w


def wide_enough(row: Row, question: Question, *names: str) -> bool:
    """Whether no width comes out as 0 under plain truncation."""
    least = min([row[name] for name in names if row.get(name) is not None], default=1)
    return bool(question.divisor or question.alpha * least >= 1 or not question.floor)


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    return draw(CHANNELS), draw(SIDES), draw(SIDES)


@st.composite
def bottlenecks(draw: st.DrawFn, op: str, question: Question) -> Row:
    """An inverted residual, fused or not, in all its spellings."""
    row: Row = {"op": op, "name": "b", "out_channels": draw(st.integers(1, 8))}
    if draw(st.booleans()):
        row["expanded"] = draw(st.integers(1, 14))
    else:
        row["expansion"] = draw(RATIOS if question.floor or question.divisor else st.sampled_from(["1", "2", "3"]))
    optional(
        draw, row, kernel_size=st.integers(1, 4), stride=STRIDES, norm=NORMS, activation=ACTIVATIONS, bias=st.booleans()
    )
    optional(draw, row, residual=st.booleans(), width=MODES, dilation=st.integers(1, 2))
    optional(draw, row, expand=st.sampled_from(["needed", "always"]), prelu_params=st.sampled_from(["channel", "one"]))
    if op == "inverted_residual":
        optional(
            draw,
            row,
            se=st.sampled_from(["none", "1/4", "0.5", "2/3", "2"]),
            se_of=st.sampled_from(["expanded", "input"]),
        )
        optional(draw, row, se_activation=ACTIVATIONS, se_gate=ACTIVATIONS)
        rounding = st.sampled_from(["floor", "divisor:1", "divisor:3", "floor+divisor:2"])
        if not (question.floor or question.divisor) or draw(st.booleans()):
            row["se_rounding"] = draw(rounding)
    if row.get("residual") is False or row.get("stride", 1) not in (1, [1, 1]):  # an add needs both maps the same
        optional(draw, row, padding=PADDINGS)
    return row
