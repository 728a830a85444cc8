"""The grammar of layer tables, rules 3 to 5 and 14: widths, rounding, repeat, rho, on tables of a few rows.

Numbers are those of the grammar's rules. What is refused, and in which words, is in tests/broken.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.inline import cost, says, shapes, table

# ---- 3 widths, 4 rounding


def test_only_out_channels_and_expanded_see_alpha() -> None:
    found = cost(
        "- {op: conv, kernel_size: 3, out_channels: 16}\n- {op: conv, kernel_size: 3, out_channels: 16, groups: 4}\n"
        "- {op: depthwise, multiplier: 3}\n- {op: inverted_residual, expanded: 40, out_channels: 8, se: 1/4}",
        head="rounding: floor", alpha="0.5",
    )  # fmt: skip
    by_name = shapes(found)
    assert [by_name[name][0] for name in ("conv_1", "conv_2", "depthwise_1")] == [8, 8, 24]
    assert found.rows[1].groups == 4
    assert [by_name[f"inverted_residual_1/{part}"][0] for part in ("expand", "se/reduce", "project")] == [20, 5, 4]


@pytest.mark.parametrize(
    ("mode", "alpha", "expected"),
    [
        ("scale", "0.3", 16), ("scale", "1", 56), ("scale", "1.3", 64), ("~", "0.3", 16), ("grow", "0.3", 56), ("grow", "1", 56),
        ("grow", "1.3", 64), ("fixed", "0.3", 50), ("fixed", "1", 50), ("fixed", "1.3", 50),
    ],
)  # fmt: skip
def test_the_three_ways_of_a_width(mode: str, alpha: str, expected: int) -> None:
    """At divisor 8 the rule acts at alpha 1 too: 52 is a tie between 48 and 56, and goes up. A fixed width stays 50."""
    width = 52 if mode != "fixed" else 50
    found = cost(f"- {{op: pointwise, out_channels: {width}, width: {mode}}}", head="rounding: divisor:8", alpha=alpha)
    assert found.rows[0].output[0] == expected


@pytest.mark.parametrize(
    ("rule", "width", "alpha", "expected"),
    [
        ("floor", 33, "0.5", 16), ("floor", 33, "1", 33), ("divisor:8", 33, "1", 32), ("divisor:8", 32, "0.35", 16),
        ("divisor:8", 2, "1", 8), ("divisor:8", 12, "1", 16), ("divisor:10", 33, "1", 30), ("floor+divisor:8", 32, "0.372", 16),
        ("divisor:8", 54, "0.372", 24), ("floor+divisor:8", 54, "0.372", 24), ("divisor:8", 53, "0.3775", 24), ("none", 33, "0.5", Fraction(33, 2)),
        ("none", 32, "0.5", 16),
    ],
)  # fmt: skip
def test_rounding_is_spelt_like_the_flag(rule: str, width: int, alpha: str, expected: Any) -> None:
    rows = f"- {{op: pointwise, out_channels: {width}}}"
    assert cost(rows, head=f"rounding: {rule}", alpha=alpha).rows[0].output[0] == expected
    assert cost(rows, alpha=alpha, rounding=rule).rows[0].output[0] == expected  # the flag replaces the table's rule
    assert cost(rows, head="rounding: divisor:64", alpha=alpha, rounding=rule).rows[0].output[0] == expected


def test_truncating_first_makes_a_difference_at_odd_alphas() -> None:
    """Keras truncates before it rounds: 8.928 is 8 there, and 16 with slim, where 8 would lose more than a tenth."""
    rows = "- {op: pointwise, out_channels: 160}"
    assert cost(rows, head="rounding: divisor:8", alpha="0.375").rows[0].output[0] == 64  # 60 is a tie
    assert cost(rows, head="rounding: divisor:8", alpha="0.3749").rows[0].output[0] == 56  # 59.984
    rows = "- {op: pointwise, out_channels: 162}"
    assert cost(rows, head="rounding: divisor:8", alpha="0.3705").rows[0].output[0] == 64  # 60.021
    rows = "- {op: pointwise, out_channels: 24}"
    assert (
        cost(rows, head="rounding: divisor:8", alpha="0.372").rows[0].output[0] == 16
    )  # 8.928: 8 loses more than a tenth
    assert cost(rows, head="rounding: floor+divisor:8", alpha="0.372").rows[0].output[0] == 8  # 8 of 8


def test_expansion_is_a_multiple_of_the_actual_input() -> None:
    head = "rounding: divisor:8"
    rows = (
        "- {op: pointwise, out_channels: 80, width: fixed}\n- {op: inverted_residual, expansion: %s, out_channels: 80}"
    )
    for written in ("2.3", "184/80", "23/10"):
        assert shapes(cost(rows % written, head=head))["inverted_residual_1/expand"][0] == 184
    found = cost(
        "- {op: pointwise, out_channels: 80}\n- {op: inverted_residual, expansion: 2.3, out_channels: 80}",
        head=head,
        alpha="0.5",
    )
    assert shapes(found)["inverted_residual_1/expand"][0] == 96  # 2.3 * 40 = 92, to 96
    assert cost("- {op: conv, kernel_size: 1, expansion: 6}", head="rounding: floor").rows[0].output[0] == 18


def test_a_table_without_rounding_has_no_width_to_vary() -> None:
    net = table("- {op: pointwise, out_channels: 10}")
    assert net.cost().rows[0].output[0] == 10
    with says("names no rounding, and alpha is 0.5", "--rounding"):
        net.cost(alpha="0.5")
    assert net.cost(alpha="0.5", rounding="floor").rows[0].output[0] == 5
    with says("a width of 7.5 channels", "--rounding"):
        cost("- {op: conv, kernel_size: 1, expansion: 2.5}")


def test_without_rounding_whole_ratios_need_no_rule() -> None:
    assert (
        cost("- {op: pointwise, out_channels: 4}\n- {op: conv, kernel_size: 1, expansion: 2.5}").rows[1].output[0] == 10
    )


def test_a_width_of_zero_is_an_error() -> None:
    with says("a width of 0 channels", "separable_1"):
        cost("- {op: separable, out_channels: 8}", head="rounding: floor", alpha="0.1")


def test_a_map_has_at_most_10_to_the_15_channels() -> None:
    rows = (
        "- {op: conv, kernel_size: 1, out_channels: 10000000}\n"
        + "- {op: conv, kernel_size: 1, expansion: 10000}\n" * 2
    )
    assert cost(rows, resolution=1).rows[-1].output[0] == 10**15
    with says("a map of more than 1,000,000,000,000,000 channels", "conv_4", "is a row repeated too often?"):
        cost(rows + "- {op: conv, kernel_size: 1, expansion: 1.1}", resolution=1)


def test_alpha_is_exact_in_all_its_spellings() -> None:
    net = table("- {op: pointwise, out_channels: 200}", head="rounding: floor")
    for alpha in ("1.15", "23/20", 1.15, Fraction(23, 20)):
        assert net.cost(alpha=alpha).rows[0].output[0] == 230
    assert net.cost(alpha=2).rows[0].output[0] == 400
    with says("more than 12 digits", "0.45"):
        net.cost(alpha=0.44999999999999996)


# ---- 5 repeat


def test_stride_belongs_to_the_first_copy() -> None:
    found = cost("- {op: depthwise, stride: 2, repeat: 3}")
    assert [row.stride for row in found.rows] == [(2, 2), (1, 1), (1, 1)]
    found = cost(
        "- {repeat: 2, layers: [{op: depthwise, stride: 2, repeat: 2}, {op: max_pool, kernel_size: 3, stride: 2}]}"
    )
    assert [row.stride[0] for row in found.rows] == [2, 1, 2, 1, 1, 1]


def test_stride_belongs_to_the_first_copy_of_a_block_too() -> None:
    head = "blocks:\n  unit: {params: {stride: 1, s: 1}, layers: [{op: depthwise, stride: $stride}, {op: depthwise, stride: $s}]}"
    found = cost("- {op: unit, stride: 2, s: 2, repeat: 2}", head=head, resolution=64)
    assert [row.stride[0] for row in found.rows] == [2, 2, 1, 2]  # only a parameter called stride


def test_from_belongs_to_the_first_copy() -> None:
    found = cost(
        "- {op: pointwise, name: a, out_channels: 4}\n- {op: pointwise, out_channels: 9}\n- {op: depthwise, from: a, multiplier: 2, repeat: 2}"
    )
    assert [row.input[0] for row in found.rows[-2:]] == [4, 8]


def test_the_number_of_rows_is_known_before_any_is_made() -> None:
    with says("more than 20,000 layers once repeats are unrolled"):
        table("- {op: depthwise, repeat: 1000000000000}")
    head = (
        "blocks:\n"
        + "\n".join(f"  b{i}: {{layers: [{{op: b{i + 1}, repeat: 900}}]}}" for i in range(9))
        + "\n  b9: {layers: [{op: depthwise}]}"
    )
    with says("more than 20,000 layers"):
        table("- {op: b0}", head=head)


# ---- 14 rho


@pytest.mark.parametrize(
    ("base", "rho", "expected"),
    [(224, "6/7", 192), (225, "0.5", 113), (7, "0.5", 4), (5, "0.5", 3), (224, "1.25", 280)],
)
def test_rho_rounds_each_side_to_the_nearest(base: int, rho: str, expected: int) -> None:
    """floor(rho * base + 1/2): halves go up."""
    assert cost("- {op: depthwise}", resolution=base, rho=rho).rows[0].output[1:] == (expected, expected)


@pytest.mark.parametrize("base", ["[2, 32768]", "[32768, 2]"])
def test_rho_leaves_every_side_between_1_and_65536_pixels(base: str) -> None:
    net = table("- {op: depthwise}", resolution=base)
    assert sorted(net.cost(rho=2).rows[0].output[1:]) == [4, 65_536]
    assert sorted(net.cost(rho="1/4").rows[0].output[1:]) == [1, 8_192]
    with says("rho (=32769/16384) makes the resolution", "65538", "a side is 1 to 65536 pixels"):
        net.cost(rho="65538/32768")
    with says("rho (=0.2) makes the resolution", "a side is 1 to 65536 pixels"):
        net.cost(rho="1/5")


def test_a_resolution_replaces_the_base() -> None:
    net = table("- {op: depthwise}", resolution="[96, 64]")
    assert net.cost().rows[0].output[1:] == (96, 64)
    assert net.cost(rho="0.5").rows[0].output[1:] == (48, 32)
    for written in (128, "128", "128x128", [128, 128]):
        assert net.cost(resolution=written).rows[0].output[1:] == (128, 128)
    assert net.cost(resolution="100x50").rows[0].output[1:] == (100, 50)
    assert table("- {op: depthwise}", resolution="96x64").cost().rows[0].output[1:] == (96, 64)
