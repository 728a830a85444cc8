"""The grammar of layer tables, rules 9 to 13: branches, residuals, squeeze-and-excite, defaults, sizes, on tables of a few rows.

Numbers are those of the grammar's rules. What is refused, and in which words, is in tests/broken.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.inline import cost, names, says, shapes

# ---- 9 branches


def test_an_empty_branch_is_the_identity() -> None:
    found = cost("- {op: add, branches: [[], [{op: depthwise}, {op: depthwise}]], activation: relu}")
    assert found.rows[-1].adds == found.rows[-1].activated == 3 * 32 * 32


def test_branches_nest() -> None:
    found = cost(
        "- {op: concat, branches: [[{op: add, branches: [[], [{op: depthwise}]]}], [{op: concat, branches: [[], []]}]]}"
    )
    assert shapes(found)["concat_2"] == (9, 32, 32)
    assert names(found) == ["depthwise_1", "add_1", "concat_1", "concat_2"]


def test_multiply_takes_one_value_a_channel_against_a_map() -> None:
    found = cost("- {op: multiply, branches: [[], [{op: global_pool}, {op: pointwise, out_channels: 3}]]}")
    assert found.rows[-1].output == (3, 32, 32)
    assert found.rows[-1].products == 3 * 32 * 32


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            "{op: add, branches: [[], [{op: pointwise, out_channels: 4}]]}",
            "`add` of different shapes: 3 x 32 x 32, 4 x 32 x 32",
        ),
        (
            "{op: concat, branches: [[], [{op: depthwise, stride: 2}]]}",
            "`concat` of maps of different size: 3 x 32 x 32, 3 x 16 x 16",
        ),
        ("{op: multiply, branches: [[], [{op: depthwise, stride: 2}]]}", "`multiply` of different shapes"),
        (
            "{op: multiply, branches: [[], [{op: global_pool}, {op: pointwise, out_channels: 4}]]}",
            "`multiply` of different shapes",
        ),
    ],
)
def test_branches_must_meet_by_themselves(row: str, words: str) -> None:
    with says(words, "in layer"):
        cost(f"- {row}")


# ---- 10 residuals


@pytest.mark.parametrize(
    ("fields", "added"),
    [("out_channels: 8", True), ("out_channels: 8, stride: 2", False), ("out_channels: 8, stride: [1, 2]", False), ("out_channels: 9", False),
     ("out_channels: 8, residual: false", False), ("out_channels: 8, residual: true, stride: 2", False), ("out_channels: 16, width: fixed", False)],
)  # fmt: skip
@pytest.mark.parametrize("op", ["inverted_residual", "fused_inverted_residual"])
def test_a_residual_is_added_where_stride_and_channels_allow(op: str, fields: str, added: bool) -> None:
    found = cost(f"- {{op: {op}, expansion: 6, {fields}}}", channels=8)
    assert (f"{op}_1/add" in names(found)) == added


def test_residuals_and_expansions_follow_the_actual_channels() -> None:
    rows = "- {op: inverted_residual, expanded: 16, out_channels: 24}\n- {op: inverted_residual, expanded: 72, out_channels: 28}"
    head = "rounding: divisor:8"
    assert "inverted_residual_2/add" in names(cost(rows, head=head, channels=16, alpha="0.3"))  # both come out as 8
    assert "inverted_residual_2/add" not in names(cost(rows, head=head, channels=16))
    assert "inverted_residual_1/expand" not in names(cost(rows, head=head, channels=16))
    assert "inverted_residual_1/expand" in names(cost(rows, head=head, channels=16, alpha="2"))


def test_the_fused_kind_is_one_convolution_where_nothing_expands() -> None:
    found = cost("- {op: fused_inverted_residual, expansion: 1, out_channels: 8, stride: 2}")
    assert [(row.name, row.kernel_size, row.stride, row.output) for row in found.rows] == [
        ("fused_inverted_residual_1/conv", (3, 3), (2, 2), (8, 16, 16))
    ]


# ---- 11 squeeze-and-excite


def test_squeeze_and_excite_of_the_expanded_width_or_of_the_input() -> None:
    row = "- {op: inverted_residual, expansion: 6, out_channels: 16, se: 1/4%s}"
    for more, squeezed in (
        ("", 24),
        (", se_of: expanded", 24),
        (", se_of: input", 8),
        (", se_of: input, se_rounding: floor", 4),
    ):
        found = cost(row % more, head="rounding: divisor:8", channels=16)
        (reduce,) = (row for row in found.rows if row.name.endswith("se/reduce"))
        assert (reduce.output, reduce.weights, reduce.biases, reduce.norm_params) == (
            (squeezed, 1, 1),
            96 * squeezed,
            squeezed,
            0,
        )
        assert reduce.input == (96, 32, 32)  # after the depthwise


def test_a_squeezed_width_is_at_least_one() -> None:
    found = cost("- {op: squeeze_excite, se: 1/4, se_rounding: floor}")
    assert shapes(found)["squeeze_excite_1/reduce"] == (1, 1, 1)


# ---- 12 defaults


@pytest.mark.parametrize(
    ("row", "expected"),
    [  # norm params, biases, activation
        ("{op: conv, kernel_size: 1, out_channels: 4}", (8, 0, "relu")),
        ("{op: conv, kernel_size: 1, out_channels: 4, norm: none}", (0, 4, "relu")),
        ("{op: conv, kernel_size: 1, out_channels: 4, bias: true}", (8, 4, "relu")),
        ("{op: conv, kernel_size: 1, out_channels: 4, norm: layer}", (8, 0, "relu")),
        ("{op: depthwise}", (6, 0, "relu")),
        ("{op: linear, out_channels: 4}", (0, 4, "none")),
        ("{op: linear, out_channels: 4, bias: false}", (0, 0, "none")),
        ("{op: linear, out_channels: 4, norm: batch}", (8, 4, "none")),
    ],
)
def test_what_a_row_has_when_it_says_nothing(row: str, expected: tuple[int, int, str]) -> None:
    found = cost(f"- {row}", resolution=1).rows[0]
    assert (found.norm_params, found.biases, found.activation) == expected


def test_a_projection_has_no_activation() -> None:
    found = cost("- {op: inverted_residual, expansion: 2, out_channels: 3, activation: relu6}")
    assert [row.activation for row in found.rows] == ["relu6", "relu6", "none", "none"]


def test_a_row_beats_its_op_beats_every_op() -> None:
    head = 'defaults:\n  "*": {activation: relu6, norm: none}\n  conv: {activation: hard_swish, stride: 2}\n  depthwise: {norm: batch}'
    found = cost(
        "- {op: conv, kernel_size: 1, out_channels: 4}\n- {op: conv, kernel_size: 1, out_channels: 4, activation: none, stride: 1}\n"
        "- {op: depthwise}\n- {op: pointwise, out_channels: 4}\n- {op: pointwise, out_channels: 4, activation: ~}",
        head=head,
    )
    assert [row.activation for row in found.rows] == ["hard_swish", "none", "relu6", "relu6", "relu6"]
    assert [row.stride for row in found.rows][:2] == [(2, 2), (1, 1)]
    assert [bool(row.norm_params) for row in found.rows] == [False, False, True, False, False]


def test_a_default_expansion_gives_way_to_an_expanded_width() -> None:
    head = "defaults:\n  inverted_residual: {expansion: 6, kernel_size: 5}"
    found = cost(
        "- {op: inverted_residual, out_channels: 4}\n- {op: inverted_residual, out_channels: 4, expanded: 10}",
        head=head,
    )
    assert [shapes(found)[f"inverted_residual_{i}/expand"][0] for i in (1, 2)] == [18, 10]
    assert found.rows[1].kernel_size == (5, 5)


@pytest.mark.parametrize("op", ["conv", "max_pool", "avg_pool"])
def test_convolutions_and_pools_need_a_kernel_size(op: str) -> None:
    with says(f"`{op}` needs `kernel_size`"):
        cost(f"- {{op: {op}{', out_channels: 4' if op == 'conv' else ''}}}")


# ---- 13 sizes


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("", (33, 20)), ("stride: 2", (17, 10)), ("stride: [1, 2]", (33, 10)), ("padding: valid", (31, 18)), ("padding: valid, stride: 2", (16, 9)),
        ("padding: 1", (33, 20)), ("padding: [0, 1, 0, 1], stride: 2", (16, 10)), ("padding: [1, 0, 2, 0]", (32, 20)),
        ("padding: valid, dilation: 2", (29, 16)), ("padding: valid, dilation: [1, 3]", (31, 14)), ("padding: valid, kernel_size: [1, 5]", (33, 16)),
        ("stride: 40", (1, 1)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("op", ["conv", "depthwise", "separable", "inverted_residual", "fused_inverted_residual"])
def test_sizes(op: str, fields: str, expected: tuple[int, int]) -> None:
    kernel = "" if "kernel_size" in fields else "kernel_size: 3"
    width = "" if op == "depthwise" else "out_channels: 5" + (", expansion: 2" if "residual" in op else "")
    given = ", ".join(part for part in (f"op: {op}", kernel, width, fields) if part)
    assert cost(f"- {{{given}}}", resolution="[33, 20]").rows[-1].output[1:] == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("stride: 1", 14),
        ("stride: 2", 7),
        ("stride: 2, padding: valid", 6),
        ("stride: 2, padding: valid, ceil: true", 7),
        ("stride: 3, padding: 1", 5),
    ],
)
def test_sizes_of_pools(fields: str, expected: int) -> None:
    given = ", ".join(part for part in ("op: max_pool, kernel_size: 3", fields) if part)
    assert cost(f"- {{{given}}}", resolution=14).rows[0].output == (3, expected, expected)


def test_global_pools_and_upsampling() -> None:
    found = cost(
        "- {op: depthwise, name: small, stride: 4}\n- {op: upsample, factor: 2}\n- {op: upsample, factor: [1, 3]}\n"
        "- {op: upsample, like: small}\n- {op: global_pool, output_size: [2, 3]}\n- {op: global_pool}"
    )
    assert [row.output[1:] for row in found.rows] == [(8, 8), (16, 16), (16, 48), (8, 8), (2, 3), (1, 1)]


def test_a_linear_layer_wants_one_position() -> None:
    with says("a linear layer on a map of 32 x 32", "flatten", "global_pool"):
        cost("- {op: linear, out_channels: 10}")
    assert cost("- {op: flatten}\n- {op: linear, out_channels: 10}").rows[-1].weights == 3 * 32 * 32 * 10


def test_a_map_that_vanishes_names_the_smallest_resolution_that_works() -> None:
    rows = "- {op: conv, kernel_size: 7, out_channels: 4, padding: valid, stride: 2}\n- {op: max_pool, kernel_size: 3, padding: valid, stride: 2}"
    with says("the map vanishes", "in layer `max_pool_1`", "the smallest resolution that works is 11"):
        cost(rows, resolution=10)
    assert cost(rows, resolution=11).rows[-1].output == (4, 1, 1)


def test_idealised_sizes_have_no_floor() -> None:
    found = cost(
        "- {op: conv, kernel_size: 4, out_channels: 2, padding: [0, 1, 0, 0], stride: 2}\n- {op: depthwise, stride: 2}",
        resolution=33,
        ideal=True,
    )
    assert found.rows[0].output == (2, 16, Fraction(31, 2))  # (D - K + P) / s + 1
    assert found.rows[1].output == (2, 8, Fraction(31, 4))
