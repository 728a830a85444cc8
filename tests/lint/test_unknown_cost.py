"""Costs that the table states, costs that nobody knows, and totals that say which they are."""

import json
from pathlib import Path

import pytest

import mbcost
from mbcost import loads
from mbcost.errors import MbcostError
from tests.inline import cost, names

HEAD = "format: 1\nname: t\ninput: {channels: 8, resolution: 16}\nrounding: floor\nlayers:\n"


def rows(text: str):
    return loads(HEAD + text)


def test_a_custom_row_costs_what_it_states() -> None:
    (row,) = rows("- {op: custom, out_channels: 16, stride: 2, mult_adds: 1000, params: 30}").cost().rows
    assert (row.output, row.mult_adds, row.weight_mults, row.params, row.weights, row.exact) == (
        (16, 8, 8),
        1000,
        1000,
        30,
        30,
        True,
    )


def test_factors_follow_alpha_and_the_resolution() -> None:
    network = rows("- {op: custom, out_channels: 16, mult_adds_per_output: 9, params_per_channel: 10}")
    cost = network.cost()
    assert (cost.mult_adds, cost.params) == (9 * 16 * 16 * 16, 160)
    cost = network.cost(alpha="0.5", resolution=32, batch=3)
    assert (cost.mult_adds, cost.params) == (3 * 9 * 8 * 32 * 32, 80)
    (row,) = rows("- {op: custom, output_size: [2, 3], mult_adds: 0, params_per_output: 4}").cost().rows
    assert (row.output, row.mult_adds, row.params) == ((8, 2, 3), 0, 4 * 8 * 2 * 3)


@pytest.mark.parametrize(
    ("row", "fact", "help"),
    [
        ("{op: custom}", "`custom` states no mult_adds", "give `mult_adds` or `mult_adds_per_output` (0 if it has none), or `cost: unknown` where nobody knows"),
        ("{op: custom, mult_adds: 0}", "`custom` states no params", "give `params`, `params_per_output` or `params_per_channel` (0 if it has none), or `cost: unknown` where nobody knows"),
        ("{op: custom, mult_adds: 1, mult_adds_per_output: 1, params: 0}", "`mult_adds` and `mult_adds_per_output` are both given", "keep one of them"),
    ],
)  # fmt: skip
def test_a_cost_left_out_is_an_error_and_never_zero(row: str, fact: str, help: str) -> None:
    with pytest.raises(MbcostError) as caught:
        rows(f"- {row}").cost()
    assert caught.value.fact.startswith(fact)
    assert caught.value.help == help


@pytest.mark.parametrize("value", ["1.5", "-1", "2*3", "nan", "1e3", "9" * 30])
def test_nothing_is_evaluated(value: str) -> None:
    with pytest.raises(MbcostError, match="is not a whole number from 0"):
        rows(f"- {{op: custom, mult_adds: {value}, params: 0}}")


def test_an_unknown_cost_makes_every_total_a_lower_bound() -> None:
    known = rows("- {op: separable, out_channels: 16}").cost()
    cost = rows(
        "- {op: separable, out_channels: 16}\n- {op: conv, name: odd, kernel_size: 3, out_channels: 16, stride: 2, cost: unknown}\n- {op: global_pool}"
    ).cost()
    assert (cost.mult_adds, cost.params, cost.status) == (known.mult_adds, known.params, "lower bound")
    assert [row.name for row in cost.rows if not row.exact] == ["odd"]
    assert cost.rows[2].output == (16, 8, 8)  # its shape is that of its kind
    assert (known.exact, known.status) == (True, "exact")


def test_what_a_custom_row_states_beside_is_known() -> None:
    cost = rows("- {op: custom, params: 12, cost: unknown}").cost()
    assert (cost.mult_adds, cost.params, cost.exact) == (0, 12, False)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("- {op: inverted_residual, expansion: 6, out_channels: 8, se: 1/4, cost: unknown}", 6),
        ("- {op: separable, out_channels: 8, repeat: 3, cost: unknown}", 6),
        ("- {repeat: 2, layers: [{op: depthwise, cost: unknown}, {op: pointwise, out_channels: 8}]}", 2),
        ("- {op: b, cost: unknown}\nblocks: {b: {layers: [{op: c}, {op: pointwise, out_channels: 8}]}, c: {layers: [{op: depthwise}]}}", 2),
        ("- {op: b}\n- {op: b}\nblocks: {b: {layers: [{op: depthwise, cost: unknown}, {op: pointwise, out_channels: 8}]}}", 2),
    ],
)  # fmt: skip
def test_it_holds_for_every_part_copy_and_call(text: str, unknown: int) -> None:
    cost = rows(text).cost()
    assert sum(1 for row in cost.rows if not row.exact) == unknown
    assert all(row.mult_adds == row.params == 0 for row in cost.rows if not row.exact)


def test_columns_may_have_it() -> None:
    network = loads(
        HEAD.replace("layers:", "columns: [op, cost]\nlayers:") + "- [depthwise, unknown]\n- [depthwise, ~]"
    )
    assert [row.exact for row in network.cost().rows] == [False, True]


def test_a_pair_with_an_unknown_half_is_no_pair() -> None:
    network = rows(
        "- {op: depthwise, cost: unknown}\n- {op: pointwise, out_channels: 16}\n- {op: separable, out_channels: 16}"
    )
    standard = network.cost(standard=True)
    assert [row.name for row in standard.rows] == ["depthwise_1", "pointwise_1", "separable_1/pointwise"]
    assert standard.status == "lower bound"


def test_wrong_rows_are_wrong_though_their_cost_is_unknown() -> None:
    with pytest.raises(MbcostError, match="must be divisible"):
        rows("- {op: conv, kernel_size: 3, out_channels: 8, groups: 3, cost: unknown}").cost()


def test_the_command_says_it_everywhere(say, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        HEAD
        + "- {op: separable, out_channels: 16}\n- {op: conv, name: odd, kernel_size: 3, out_channels: 16, cost: unknown}\n"
    )
    told = "a lower bound: the cost of odd is not known"
    done = say("table", str(path))
    assert done.out.splitlines()[0].endswith(told)
    assert done.out.splitlines()[-1].rstrip().endswith("lower bound")
    report = json.loads(say("table", str(path), "-f", "json").out)
    assert (report["status"], report["total"]["status"]) == ("lower bound", "lower bound")
    assert [layer.get("status") for layer in report["layers"]] == [None, None, "lower bound"]
    assert told in say("compare", str(path)).out
    side_by_side = say("compare", str(path), "mobilenet_v1").out
    assert f"t: {told}" in side_by_side
    assert [line.split()[-1] for line in side_by_side.splitlines()[4:6]] == ["bound", "exact"]
    exact = json.loads(say("table", "mobilenet_v1", "-f", "json").out)
    assert (exact["status"], exact["total"]["status"]) == ("exact", "exact")
    assert "status" not in say("table", "mobilenet_v1", "-f", "csv").out


def test_show_expanded_keeps_what_rows_say_beside_their_fields(say, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        HEAD
        + "- {op: conv, kernel_size: 3, out_channels: 8, input: 16x16x8, cost: unknown}\n- {op: custom, mult_adds: 5, params: 6}\n"
    )
    again = tmp_path / "again.yaml"
    again.write_text(say("show", "--expanded", str(path)).out)
    first, second = mbcost.load(str(path)).cost(), mbcost.load(str(again)).cost()
    assert (first.rows, first.status) == (second.rows, "lower bound")
    assert "input: 16x16x8, cost: unknown" in again.read_text()


@pytest.mark.parametrize(
    ("alpha", "parts"), [("1", ["depthwise", "project"]), ("0.5", ["expand", "depthwise", "project"])]
)
def test_a_layer_that_is_absent_at_some_alphas_is_so_with_an_unknown_cost(alpha: str, parts: list[str]) -> None:
    """Expanded to the 3 channels that come in there is no expansion; to 1 of 3 there is."""
    row = "- {op: inverted_residual, out_channels: 8, expanded: 3, kernel_size: 3%s}"
    for unknown in ("", ", cost: unknown"):
        counted = cost(row % unknown, head="rounding: floor", alpha=alpha)
        assert names(counted) == [f"inverted_residual_1/{part}" for part in parts]
        assert counted.exact is not bool(unknown)
