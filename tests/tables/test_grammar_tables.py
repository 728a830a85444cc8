"""The grammar of layer tables, rules 15 to 18, its fragments and its reading, on tables of a few rows.

Numbers are those of the grammar's rules. What is refused, and in which words, is in tests/broken.
"""

from __future__ import annotations

import pytest

import mbcost
from mbcost import loads
from mbcost.layers import KINDS
from tests.inline import TABLES, cost, names, says

# ---- 15 base


def test_the_rows_of_a_base_stand_above() -> None:
    found = mbcost.load(str(TABLES / "on_a_base.yaml")).cost()
    assert names(found) == ["conv_1", "separable_1/depthwise", "separable_1/pointwise", "conv_2", "head"]
    assert [row.activation for row in found.rows] == [
        "relu6",
        "relu6",
        "relu6",
        "none",
        "none",
    ]  # each under its own defaults
    assert found.rows[1].stride == (1, 1)  # set by the table that names the base
    assert found.rows[-1].input == (16, 32, 32)  # from: separable_1, a row of the base


def test_own_input_and_rounding_win_over_the_base() -> None:
    net = mbcost.load(str(TABLES / "on_a_base_with_its_own_input.yaml"))
    assert net.base_resolution == (96, 64)
    assert str(net.rounding) == "divisor:8"
    assert net.cost(alpha="0.5").rows[0].output == (8, 48, 32)
    inherits = mbcost.load(str(TABLES / "on_a_base.yaml"))
    assert (inherits.base_resolution, str(inherits.rounding)) == ((64, 64), "floor")


def test_a_base_may_have_a_base() -> None:
    found = mbcost.load(str(TABLES / "on_a_base_on_a_base.yaml")).cost()
    assert names(found) == ["conv_1", "separable_1/depthwise", "separable_1/pointwise", "conv_2", "conv_4"]


def test_a_shipped_model_as_a_base() -> None:
    net = loads(
        "format: 1\nbase: {model: mobilenet_v1, without: [classifier, softmax_1, global_pool_1]}\nlayers: [{op: depthwise}]"
    )
    assert net.cost().mult_adds == 567_716_352 + 9 * 1024 * 49


def test_set_and_without_reach_rows_of_the_base() -> None:
    net = mbcost.load(str(TABLES / "on_a_base.yaml"))
    assert net.cost(set={"conv_1.out_channels": 10}).rows[0].output[0] == 10
    assert "conv_1" not in names(net.cost(without=["conv_1"]))


# ---- 16 errata, 18 coded


def test_the_printed_table_is_computable_from_its_errata() -> None:
    for model, printed in (("mobilenet_v1", 533_833_216),):
        net = mbcost.load(model)
        changes = {f"{e['row']}.{e['field']}": e["printed"] for e in net.table.errata}
        assert changes
        assert net.cost(set=changes).mult_adds == printed


def test_coded_says_how_the_code_has_it() -> None:
    rows = "- {op: global_pool}\n- {op: activation, coded: %s}"
    assert [row.coded for row in cost(rows % "~").rows] == ["module", "module"]
    assert [row.coded for row in cost(rows % "module", head="coded: function").rows] == ["function", "module"]
    assert [row.coded for row in cost(rows % "~", head="defaults: {global_pool: {coded: function}}").rows] == [
        "function",
        "module",
    ]


# ---- 17 kinds


def test_the_kinds_of_the_grammar_are_there() -> None:
    listed = (
        "conv depthwise pointwise separable inverted_residual fused_inverted_residual squeeze_excite linear max_pool avg_pool "
        "global_pool norm lrn activation add concat multiply split shuffle flatten upsample dropout softmax"
    )
    assert set(listed.split()) <= set(KINDS)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("{op: conv, kernel_size: 1, out_channels: 4}", "pointwise"),
        ("{op: conv, kernel_size: 1, out_channels: 4, stride: 2}", "pointwise"),
        ("{op: conv, kernel_size: [1, 3], out_channels: 4}", "conv"),
        ("{op: conv, kernel_size: 3, out_channels: 8, groups: 4}", "depthwise"),
        ("{op: conv, kernel_size: 3, out_channels: 4, groups: 2}", "conv"),
        ("{op: conv, kernel_size: 1, out_channels: 4, groups: 2}", "conv"),
        ("{op: depthwise, multiplier: 2}", "depthwise"),
        ("{op: pointwise, out_channels: 4}", "pointwise"),
    ],
)
def test_kinds_are_derived_from_shapes(row: str, kind: str) -> None:
    assert cost(f"- {row}", channels=4).rows[0].kind == kind


def test_groups_must_divide() -> None:
    with says("`in_channels` (=6) must be divisible by `groups` (=4)", "set `groups` to 1, 2, 3 or 6"):
        cost("- {op: conv, kernel_size: 1, out_channels: 8, groups: 4}", channels=6)
    with says("`out_channels` (=9) must be divisible by `groups` (=2)"):
        cost("- {op: conv, kernel_size: 1, out_channels: 9, groups: 2}", channels=6)


# ---- the fragments of the grammar


def test_an_inception_block() -> None:
    """Inception 3a of GoogLeNet (arXiv:1409.4842, Table 1): 159K weights, 128 million mult-adds at 28 x 28."""
    found = mbcost.load(str(TABLES / "inception_3a.yaml")).cost()
    assert found.rows[-1].output == (256, 28, 28)
    assert found.weights == 192 * 64 + 192 * 96 + 9 * 96 * 128 + 192 * 16 + 25 * 16 * 32 + 192 * 32 == 163_328
    assert found.mult_adds == 163_328 * 28 * 28


def test_a_shuffle_unit() -> None:
    found = mbcost.load(str(TABLES / "shuffle_unit.yaml")).cost()
    assert found.rows[-1].output == (116, 28, 28)
    assert found.weights == 2 * 58 * 58 + 9 * 58


# ---- reading


def test_plain_words_are_not_guessed() -> None:
    """YAML 1.1 would make numbers, booleans and dates of these; the field alone decides."""
    found = cost(
        "- {op: conv, kernel_size: 3, out_channels: 4, name: no}\n- {op: depthwise, name: Off}\n- {op: depthwise, from: no, name: y}"
    )
    assert names(found) == ["no", "Off", "y"]
    assert (
        mbcost.loads(
            'format: "1"\ninput: {channels: "3", resolution: "32"}\nlayers: [{op: "conv", "kernel_size": "3", out_channels: "4"}]'
        )
        .cost()
        .layers
        == 1
    )


def test_json_is_read_as_the_yaml_it_is() -> None:
    found = loads(
        '{"format": 1, "input": {"channels": 3, "resolution": [8, 4]}, "layers": [{"op": "depthwise", "bias": true, "stride": [2, 1]}]}'
    )
    assert found.cost().rows[0].output == (3, 4, 4)


def test_the_name_of_a_table_without_one_is_that_of_its_file() -> None:
    assert mbcost.load(str(TABLES / "on_a_base.yaml")).name == "on_a_base"


def test_the_add_of_a_residual_is_an_add() -> None:
    found = cost("- {op: inverted_residual, expansion: 2, out_channels: 3}\n- {op: add, from: [input, input]}")
    assert [row.kind for row in found.rows if row.adds] == ["add", "add"]
