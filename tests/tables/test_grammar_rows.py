"""The grammar of layer tables, rules 1, 2 and 6 to 8: flow, names, blocks, columns, on tables of a few rows.

Numbers are those of the grammar's rules. What is refused, and in which words, is in tests/broken.
"""

from __future__ import annotations

import pytest

from tests.inline import cost, names, says, shapes

# ---- 1 flow


def test_a_row_reads_the_row_above() -> None:
    found = cost("- {op: conv, kernel_size: 3, out_channels: 8}\n- {op: depthwise}\n- {op: pointwise, out_channels: 4}")
    assert [row.input[0] for row in found.rows] == [3, 8, 8]
    assert shapes(found)["pointwise_1"] == (4, 32, 32)


def test_the_first_row_of_a_branch_reads_what_the_branching_row_reads() -> None:
    found = cost(
        "- {op: pointwise, out_channels: 6}\n"
        "- {op: concat, branches: [[{op: depthwise}], [{op: pointwise, out_channels: 4}, {op: depthwise}], []]}"
    )
    assert [row.input[0] for row in found.rows] == [3, 6, 6, 4, 6]
    assert shapes(found)["concat_1"] == (16, 32, 32)


def test_a_branching_row_may_say_where_its_branches_begin() -> None:
    found = cost(
        "- {op: pointwise, name: a, out_channels: 6}\n- {op: pointwise, name: b, out_channels: 9}\n"
        "- {op: concat, from: a, branches: [[{op: depthwise}], []]}"
    )
    assert shapes(found)["concat_1"] == (12, 32, 32)


def test_from_replaces_the_row_above() -> None:
    found = cost(
        "- {op: pointwise, name: a, out_channels: 6}\n- {op: pointwise, out_channels: 9}\n- {op: depthwise, from: a}\n- {op: depthwise, from: input}"
    )
    assert [row.input[0] for row in found.rows] == [3, 3 * 2, 6, 3]


def test_from_gives_several_inputs() -> None:
    found = cost(
        "- {op: pointwise, name: a, out_channels: 6}\n- {op: pointwise, name: b, out_channels: 6}\n- {op: add, from: [a, b]}"
    )
    assert found.rows[-1].adds == 6 * 32 * 32


def test_the_rows_of_a_branch_belong_to_the_body_around_them() -> None:
    found = cost(
        "- {op: concat, branches: [[{op: pointwise, name: left, out_channels: 4}], [{op: depthwise}]]}\n"
        "- {op: depthwise, from: left}\n- {op: depthwise}"
    )
    assert names(found) == ["left", "depthwise_1", "concat_1", "depthwise_2", "depthwise_3"]
    assert found.rows[3].input == (4, 32, 32)


def test_from_goes_down_into_a_finished_block_or_composite() -> None:
    head = "blocks:\n  unit: {layers: [{op: pointwise, name: up, out_channels: 7}, {op: pointwise, out_channels: 2}]}"
    found = cost(
        "- {op: unit, name: u}\n- {op: inverted_residual, expansion: 6, out_channels: 4}\n"
        "- {op: depthwise, from: u/up}\n- {op: depthwise, from: inverted_residual_1/expand}",
        head=head + "\nrounding: floor",
    )
    assert [row.input[0] for row in found.rows[-2:]] == [7, 12]


def test_from_never_goes_up() -> None:
    head = "blocks:\n  unit: {layers: [{op: depthwise, from: stem}]}"
    with says("`from: stem` names no earlier row of this body"):
        cost("- {op: pointwise, name: stem, out_channels: 4}\n- {op: unit}", head=head)


def test_a_row_nobody_reads_is_an_output_and_counted() -> None:
    found = cost(
        "- {op: pointwise, name: a, out_channels: 4}\n- {op: pointwise, name: head_1, from: a, out_channels: 5}\n- {op: pointwise, name: head_2, from: a, out_channels: 6}"
    )
    assert found.mult_adds == 32 * 32 * (3 * 4 + 4 * 5 + 4 * 6)


# ---- 2 names


def test_rows_without_a_name_count_their_op_from_one_with_repeats_unrolled() -> None:
    found = cost(
        "- {op: depthwise}\n- {op: pointwise, out_channels: 4, repeat: 3}\n- {op: pointwise, name: own, out_channels: 4}\n"
        "- {op: pointwise, out_channels: 4}\n- {op: depthwise}"
    )
    assert names(found) == [
        "depthwise_1",
        "pointwise_1",
        "pointwise_2",
        "pointwise_3",
        "own",
        "pointwise_5",  # the named row counts too: giving a name renumbers nothing
        "depthwise_2",
    ]


def test_a_named_row_that_repeats_is_numbered() -> None:
    assert names(cost("- {op: depthwise, name: a, repeat: 3}")) == ["a_1", "a_2", "a_3"]
    assert names(cost("- {op: depthwise, name: a, repeat: 1}")) == ["a"]
    assert names(cost("- {repeat: 2, layers: [{op: depthwise, name: a}, {op: depthwise}]}")) == [
        "a_1",
        "depthwise_2",
        "a_2",
        "depthwise_4",
    ]
    assert names(cost("- {repeat: 2, layers: [{op: depthwise, name: a, repeat: 2}]}")) == ["a_1", "a_2", "a_3", "a_4"]


def test_in_a_group_from_means_the_copy_of_the_same_turn() -> None:
    found = cost(
        "- {repeat: 2, layers: [{op: pointwise, name: a, expansion: 2}, {op: pointwise, expansion: 2}, {op: depthwise, from: a}]}",
        head="rounding: floor",
    )
    assert {row.name: row.input[0] for row in found.rows if row.op == "depthwise"} == {
        "depthwise_1": 6,
        "depthwise_2": 12,
    }


def test_rows_of_a_block_are_named_by_path() -> None:
    head = (
        "blocks:\n  inner: {layers: [{op: depthwise}, {op: depthwise, name: last}]}\n"
        "  outer: {layers: [{op: inner, name: one}, {op: inner}, {op: separable, out_channels: 4}]}"
    )
    found = cost("- {op: outer, repeat: 2}\n- {op: outer, name: top}", head=head)
    body = [
        "one/depthwise_1",
        "one/last",
        "inner_2/depthwise_1",
        "inner_2/last",
        "separable_1/depthwise",
        "separable_1/pointwise",
    ]
    assert names(found) == [f"{call}/{row}" for call in ("outer_1", "outer_2", "top") for row in body]


# The parts of composites are a contract: budgets, `--set` and `diff` name them.
@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ("{op: separable, out_channels: 4}", ["depthwise", "pointwise"]),
        (
            "{op: inverted_residual, expansion: 6, out_channels: 3, se: 1/4}",
            ["expand", "depthwise", "se/reduce", "se/expand", "project", "add"],
        ),
        ("{op: inverted_residual, expansion: 1, out_channels: 4}", ["depthwise", "project"]),
        ("{op: fused_inverted_residual, expansion: 4, out_channels: 3}", ["conv", "project", "add"]),
        ("{op: fused_inverted_residual, expansion: 1, out_channels: 4}", ["conv"]),
        ("{op: squeeze_excite}", ["reduce", "expand"]),
    ],
)
def test_parts_of_composites_are_fixed(row: str, parts: list[str]) -> None:
    assert names(cost(f"- {row}", head="rounding: floor+divisor:1")) == [
        f"{row[5:].partition(',')[0].rstrip('}')}_1/{part}" for part in parts
    ]


def test_names_are_given_before_rows_are_dropped() -> None:
    rows = "- {op: pointwise, out_channels: 4}\n- {op: pointwise, out_channels: 5}\n- {op: pointwise, out_channels: 6}"
    assert names(cost(rows, without=["pointwise_2"])) == ["pointwise_1", "pointwise_3"]


# ---- 6 blocks


def test_parameters_of_a_block() -> None:
    head = (
        "blocks:\n  unit: {params: {out: ~, k: 3, act: relu, pad: same}, layers: ["
        "{op: conv, kernel_size: $k, out_channels: $out, activation: $act, padding: $pad}]}"
    )
    found = cost(
        "- {op: unit, out: 4}\n- {op: unit, out: 5, k: [1, 3], act: none, pad: valid}\n- {op: unit, out: 6, k: ~}",
        head=head,
    )
    assert [row.output for row in found.rows] == [(4, 32, 32), (5, 32, 30), (6, 32, 30)]
    assert [row.kernel_size for row in found.rows] == [(3, 3), (1, 3), (3, 3)]
    assert found.rows[1].activation == "none"


def test_a_parameter_handed_on_to_an_inner_block() -> None:
    head = (
        "blocks:\n  inner: {params: {out: ~, stride: 1}, layers: [{op: conv, kernel_size: 3, out_channels: $out, stride: $stride}]}\n"
        "  outer: {params: {wide: ~, stride: 2}, layers: [{op: inner, out: $wide, stride: $stride}]}"
    )
    assert shapes(cost("- {op: outer, wide: 7}", head=head)) == {"outer_1/inner_1/conv_1": (7, 16, 16)}


def test_the_inputs_of_a_block_have_names() -> None:
    head = (
        "blocks:\n  cell: {inputs: [x, prev], layers: [{op: depthwise, from: prev}, {op: add, from: [x, depthwise_1]}]}"
    )
    found = cost("- {op: depthwise, name: a}\n- {op: depthwise, name: b}\n- {op: cell, from: [b, a]}", head=head)
    assert found.rows[-1].name == "cell_1/add_1"
    head = (
        "blocks:\n  cell: {inputs: [x, prev], layers: [{op: depthwise}, {op: pointwise, from: prev, out_channels: 2}]}"
    )
    found = cost(
        "- {op: pointwise, name: a, out_channels: 4}\n- {op: pointwise, name: b, out_channels: 5}\n- {op: cell, from: [b, a]}",
        head=head,
    )
    assert [row.input[0] for row in found.rows[-2:]] == [5, 4]  # the first row reads the first input


def test_the_output_of_a_block_is_its_last_row() -> None:
    head = (
        "blocks:\n  unit: {layers: [{op: pointwise, out_channels: 9}, {op: pointwise, from: input, out_channels: 2}]}"
    )
    assert cost("- {op: unit}\n- {op: depthwise}", head=head).rows[-1].input[0] == 2


def test_a_block_may_call_one_that_is_written_below_it() -> None:
    head = "blocks:\n  first: {layers: [{op: second}]}\n  second: {layers: [{op: depthwise}]}"
    assert names(cost("- {op: first}", head=head)) == ["first_1/second_1/depthwise_1"]


# ---- 7 not given, 8 columns


def test_a_tilde_means_not_given_everywhere() -> None:
    found = cost(
        "- {op: conv, name: ~, from: ~, repeat: ~, kernel_size: 3, out_channels: 4, stride: ~, norm: ~, activation: ~, bias: ~, padding: ~}"
    )
    plain = cost("- {op: conv, kernel_size: 3, out_channels: 4}")
    assert found.rows == plain.rows


def test_off_is_said() -> None:
    found = cost(
        "- {op: conv, kernel_size: 3, out_channels: 3, norm: none, activation: none, bias: false}\n- {op: inverted_residual, expansion: 2, out_channels: 3, se: none, residual: false}"
    )
    assert (found.rows[0].params, found.rows[0].activation) == (81, "none")
    assert names(found)[1:] == [f"inverted_residual_1/{part}" for part in ("expand", "depthwise", "project")]


def test_columns_give_rows_as_lists() -> None:
    found = cost(
        "- [conv, 3, 8, ~, 2]\n- [separable, ~, 16, ~, ~]\n- [depthwise, 5, ~, ~, 2]\n- {op: global_pool}",
        head="columns: [op, kernel_size, out_channels, name, stride]",
    )
    assert shapes(found) == {
        "conv_1": (8, 16, 16), "separable_1/depthwise": (8, 16, 16), "separable_1/pointwise": (16, 16, 16),
        "depthwise_1": (16, 8, 8), "global_pool_1": (16, 1, 1),
    }  # fmt: skip


def test_columns_may_be_parameters_of_blocks() -> None:
    head = (
        "columns: [op, out, repeat]\nblocks:\n  unit: {params: {out: ~}, layers: [{op: pointwise, out_channels: $out}]}"
    )
    assert cost("- [unit, 5, 2]\n- [depthwise, ~, ~]", head=head).rows[-1].input[0] == 5
