"""The grammar of layer tables, section Variants: classes, set, without, the standard twin, on tables of a few rows.

Numbers are those of the grammar's rules. What is refused, and in which words, is in tests/broken.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import mbcost
from mbcost.analysis.compare import against_twin
from mbcost.errors import MbcostError
from mbcost.network.twin import pairs, unpaired
from tests.inline import cost, names, says, table

# ---- the variant


V1 = mbcost.load("mobilenet_v1")


def test_classes_set_the_classifier() -> None:
    for model in ("mobilenet_v1", "mobilenet_v1_keras"):  # one has a linear classifier, the other a convolution
        rows = mbcost.load(model).cost(classes=10).rows
        assert next(row.output[0] for row in rows if row.name == "classifier") == 10
    with says("there is no row `classifier`"):
        cost("- {op: depthwise}", classes=10)
    with pytest.raises(MbcostError, match="there is no row `classifier`") as caught:
        mbcost.load("ssdlite_mobilenet_v2").cost(classes=91)
    assert caught.value.help == "it is dropped by `without`"


def test_set_acts_after_repeat() -> None:
    rows = "- {op: depthwise, repeat: 3}\n- {op: pointwise, name: p, out_channels: 4, repeat: 2}"
    found = cost(rows, set={"depthwise_2.stride": 2, "p_2.out_channels": 7})
    assert [row.stride[0] for row in found.rows] == [1, 2, 1, 1, 1]
    assert found.rows[-1].output[0] == 7
    with says("there is no row `p`"):
        cost(rows, set={"p.out_channels": 7})


def test_set_reaches_rows_inside_blocks_and_parameters_of_calls() -> None:
    head = "blocks:\n  unit: {params: {out: ~}, layers: [{op: pointwise, out_channels: $out}, {op: depthwise}]}"
    rows = "- {op: unit, out: 4}\n- {op: unit, name: two, out: 5}"
    assert cost(rows, head=head, set={"unit_1.out": 9}).rows[0].output[0] == 9
    assert cost(rows, head=head, set={"two/depthwise_1.kernel_size": 5}).rows[3].kernel_size == (5, 5)


def test_a_glob_sets_every_row_that_has_the_field() -> None:
    rows = "- {op: depthwise, repeat: 2}\n- {op: max_pool, kernel_size: 2, stride: 1}\n- {op: conv, kernel_size: 1, out_channels: 4}"
    kernels = [row.kernel_size[0] for row in cost(rows, set={"*.kernel_size": 5, "depthwise_2.kernel_size": 7}).rows]
    assert kernels == [5, 7, 5, 5]  # a name beats a glob
    assert [
        row.kernel_size[0] for row in cost(rows, set={"depthwise_?.kernel_size": 5, "*_1.kernel_size": 1}).rows
    ] == [1, 5, 1, 1]
    head = "blocks:\n  unit: {params: {k: 3}, layers: [{op: depthwise, kernel_size: $k, repeat: 2}]}"
    assert [row.kernel_size[0] for row in cost("- {op: unit, repeat: 2}", head=head, set={"unit_*.k": 5}).rows] == [
        5
    ] * 4
    assert [
        row.kernel_size[0]
        for row in cost("- {op: unit, repeat: 2}", head=head, set={"*/depthwise_2.kernel_size": 1}).rows
    ] == [3, 1, 3, 1]
    for key, word in (
        ("con_*.stride", "con_*"),
        ("depthwise_*.out_channels", "`out_channels`"),
        ("*.strid", "`strid`"),
    ):
        with says("`set`", "matches no row with a field", word):
            cost(rows, set={key: 2})
    with says("more than 100 globs"):
        cost(rows, set={f"{'?' * n}*.stride": 1 for n in range(1, 102)})
    by_hand = {f"separable_{n}.kernel_size": 5 for n in range(1, 14)}
    assert V1.cost(set={"separable_*.kernel_size": 5}).mult_adds == V1.cost(set=by_hand).mult_adds


def test_set_on_repeat_writes_a_row_more_or_less_often() -> None:
    rows = "- {op: depthwise, stride: 2, repeat: 2}\n- {op: pointwise, name: p, out_channels: 4}\n- {op: depthwise}"
    assert names(cost(rows, set={"depthwise_1.repeat": 3})) == [
        "depthwise_1",
        "depthwise_2",
        "depthwise_3",
        "p",
        "depthwise_4",
    ]
    assert names(cost(rows, set={"depthwise_1.repeat": 1, "p.repeat": 2})) == [
        "depthwise_1",
        "p_1",
        "p_2",
        "depthwise_2",
    ]
    more = cost(rows, set={"depthwise_1.repeat": 3, "depthwise_3.kernel_size": 5})
    assert [(row.kernel_size[0], row.stride[0]) for row in more.rows] == [(3, 2), (3, 1), (5, 1), (1, 1), (3, 1)]
    assert len(cost(rows, set={"depthwise_1.repeat": 3}, depth="1.5").rows) == 5 + 2
    assert names(cost("- {op: dropout, name: p, repeat: 2}", set={"p_1.repeat": 1})) == ["p"]
    head = "blocks:\n  unit: {layers: [{op: depthwise, repeat: 2}]}"
    assert names(cost("- {op: unit, repeat: 2}", head=head, set={"unit_2/depthwise_1.repeat": 1})) == [
        "unit_1/depthwise_1", "unit_1/depthwise_2", "unit_2/depthwise_1",
    ]  # fmt: skip
    for key, value, word in (
        ("depthwise_2.repeat", 3, "there is no row `depthwise_2` whose repeat could be set"),
        ("depthwise_1.repeat", 0, "`0` is not a whole number"),
        ("depthwise_*.repeat", 2, "the repeat of many rows"),
        ("depthwise_1.repeat", 10**9, "more than"),
    ):
        with says(word):
            cost(rows, set={key: value})
    staged = "- {op: depthwise, repeat: 2, depth: a}\n- {op: depthwise, kernel_size: 5, depth: a}"
    assert len(cost(staged, set={"depthwise_1.repeat": 3}).rows) == 4
    with says("spreads it over its stage `a`"):
        cost(staged, set={"depthwise_1.repeat": 3}, depth="1.5")


GROUPED = """\
- {repeat: 2, layers: [{op: depthwise, name: d}, {repeat: 2, layers: [{op: pointwise, out_channels: 4}]}]}
- {op: unit, name: u}
- {repeat: 3, depth: fixed, layers: [{op: pointwise, out_channels: 4, name: q}]}"""


def test_set_reaches_the_repeat_of_a_group() -> None:
    """The groups of a body are counted as its rows are, a nested one once in each copy of the group around it."""
    head = "blocks:\n  unit: {layers: [{repeat: 2, layers: [{op: depthwise}]}]}"

    def laid(**variant: Any) -> str:
        return " ".join(names(cost(GROUPED, head=head, **variant)))

    unit, last = "u/depthwise_1 u/depthwise_2", "q_1 q_2 q_3"
    assert laid() == f"d_1 pointwise_1 pointwise_2 d_2 pointwise_3 pointwise_4 {unit} {last}"
    assert laid(set={"group_1.repeat": 1}) == f"d pointwise_1 pointwise_2 {unit} {last}"
    assert laid(set={"group_2.repeat": 1}) == f"d_1 pointwise_1 d_2 pointwise_2 pointwise_3 {unit} {last}"
    assert laid(set={"group_3.repeat": 1}) == f"d_1 pointwise_1 pointwise_2 d_2 pointwise_3 {unit} {last}"
    assert laid(set={"group_4.repeat": 1}).endswith(f"{unit} q")
    assert laid(set={"u/group_1.repeat": 1}).endswith(f"pointwise_4 u/depthwise_1 {last}")
    deep = laid(set={"group_1.repeat": 1, "group_4.repeat": 2}, depth=2)
    assert deep.split()[:6] == ["d_1", "pointwise_1", "pointwise_2", "pointwise_3", "pointwise_4", "d_2"]
    assert deep.endswith("pointwise_8 u/depthwise_1 u/depthwise_2 u/depthwise_3 u/depthwise_4 q_1 q_2")
    by_hand = GROUPED.replace("- {repeat: 3", "- {repeat: 5")
    assert cost(GROUPED, head=head, set={"group_4.repeat": 5}).rows == cost(by_hand, head=head).rows
    for key, value, word in (
        ("group_5.repeat", 2, "there is no row `group_5` whose repeat could be set"),
        ("group_1.repeat", 0, "`0` is not a whole number"),
        ("group_1.repeat", 10**12, "more than"),
        ("group_1.stride", 1, "there is no row `group_1` to set"),
    ):
        with says(word):
            cost(GROUPED, head=head, set={key: value})
    for rows in (
        "- {op: pointwise, out_channels: 4, name: group_1}\n- {repeat: 2, layers: [{op: depthwise}]}",
        "- {repeat: 2, layers: [{op: depthwise}]}\n- {op: pointwise, out_channels: 4, name: group_1}",
    ):
        with says("`group_1` is a row and a group of rows"):
            cost(rows, set={"group_1.repeat": 3})


def test_set_on_defaults_is_what_rows_have_that_do_not_say_otherwise() -> None:
    rows = "- {op: conv, kernel_size: 3, out_channels: 4}\n- {op: conv, kernel_size: 3, out_channels: 4, norm: layer}\n- {op: depthwise}"
    head = "defaults: {depthwise: {norm: none}}"
    assert [row.norm_params for row in cost(rows, head=head).rows] == [8, 8, 0]
    assert [row.norm_params for row in cost(rows, head=head, set={"defaults.conv.norm": "none"}).rows] == [0, 8, 0]
    assert [row.norm_params for row in cost(rows, head=head, set={"defaults.depthwise.norm": None}).rows] == [8, 8, 8]
    assert [row.norm_params for row in cost(rows, set={"defaults.*.norm": "none", "conv_1.norm": "batch"}).rows] == [
        8,
        8,
        0,
    ]
    for key, value, word in (
        ("defaults.convv.norm", "none", "the unknown op `convv`"),
        ("defaults.conv.nrm", "none", "`conv` has no field `nrm`"),
        ("defaults.*.nrm", "none", "`*` has no field `nrm`"),
        ("defaults.conv.norm", "bach", "`bach`"),
        ("defaults.linear.norm", "none", "no row takes this default"),
    ):
        with says(word):
            cost(rows, set={key: value})


def test_a_base_is_changed_by_globs_repeats_and_defaults_too(tmp_path: Path) -> None:
    changes = {"separable_*.kernel_size": 5, "separable_7.repeat": 3, "defaults.*.activation": "relu6"}
    heir = tmp_path / "heir.yaml"
    said = ", ".join(f'"{key}": {value}' for key, value in changes.items())
    heir.write_text(f"format: 1\nbase: {{model: mobilenet_v1, set: {{{said}}}}}\n", encoding="utf-8")
    got, want = mbcost.load(str(heir)).cost(), V1.cost(set=changes)
    assert (got.rows, want.mult_adds != V1.cost().mult_adds) == (want.rows, True)
    assert len(got.rows) == len(V1.cost().rows) - 2 * 2
    assert {row.activation for row in got.rows if row.kind == "depthwise"} == {"relu6"}


def test_set_on_a_composite_and_not_on_its_parts() -> None:
    assert V1.cost(set={"separable_1.kernel_size": 5}).rows[1].kernel_size == (5, 5)
    with says("separable_1/depthwise", "part"):
        V1.cost(set={"separable_1/depthwise.kernel_size": 5})


def test_set_reads_values_as_the_table_would() -> None:
    for value in ("[1, 3]", [1, 3], ["1", "3"], (1, 3)):
        if isinstance(value, str):
            continue  # a list as text is the command line's affair
        assert V1.cost(set={"conv_1.kernel_size": value}).rows[0].kernel_size == (1, 3)
    for value in (False, "false"):
        assert V1.cost(set={"classifier.bias": value}).biases == 0
    assert V1.cost(set={"conv_1.norm": "none"}).rows[0].norm_params == 0
    assert mbcost.load("mobilenet_v2").cost(set={"inverted_residual_2.expansion": 4.5}).rows[3].output[0] == 72
    with says("`linear` has no field `bais`", "did you mean `bias`?"):
        V1.cost(set={"classifier.bais": False})
    with says("its fields are", "kernel_size"):
        V1.cost(set={"separable_1.zzz": 1})
    with says("`yes` is not true or false"):
        V1.cost(set={"classifier.bias": "yes"})


def test_set_to_not_given_falls_back_to_the_tables_defaults() -> None:
    net = table("- {op: depthwise, activation: none}", head="defaults: {depthwise: {activation: relu6}}")
    assert net.cost(set={"depthwise_1.activation": None}).rows[0].activation == "relu6"
    assert net.cost(set={"depthwise_1.activation": "~"}).rows[0].activation == "relu6"


def test_without_closes_the_chain() -> None:
    rows = "- {op: pointwise, out_channels: 4}\n- {op: pointwise, name: b, out_channels: 5}\n- {op: depthwise}\n- {op: depthwise, from: b}"
    with says("`from: b` names a row that is dropped"):
        cost(rows, without=["b"])
    assert [row.input[0] for row in cost(rows, without=["pointwise_1"]).rows] == [3, 5, 5]


def test_globs_cross_slashes_and_must_match() -> None:
    assert names(V1.cost(without=["*/depthwise"])) == [
        name for name in names(V1.cost()) if not name.endswith("/depthwise")
    ]
    assert names(V1.cost(without=["separable_*", "s*x_1"])) == ["conv_1", "global_pool_1", "classifier"]
    with says("`without` `separable_99` matches no row"):
        V1.cost(without=["separable_99"])


def test_dropping_a_branching_row_drops_its_branches() -> None:
    rows = "- {op: pointwise, out_channels: 4}\n- {op: concat, name: wide, branches: [[{op: depthwise, name: in_branch}], []]}\n- {op: depthwise, name: last}"
    assert names(cost(rows, without=["wide"])) == ["pointwise_1", "last"]
    assert cost(rows, without=["wide"]).rows[-1].input[0] == 4


def test_nothing_left_is_an_error() -> None:
    with says("has no rows left"):
        V1.cost(without=["*"])


# ---- the standard twin


def test_the_twin_of_a_pair() -> None:
    rows = "- {op: depthwise, kernel_size: 5, stride: 2, padding: [1, 2, 1, 2], dilation: 2}\n- {op: pointwise, out_channels: 7, activation: none, norm: none}"
    found = cost(rows, standard=True)
    (row,) = found.rows
    assert (row.name, row.kind, row.kernel_size, row.stride, row.activation) == (
        "pointwise_1",
        "conv",
        (5, 5),
        (2, 2),
        "none",
    )
    assert row.output == cost(rows).rows[-1].output
    assert (row.weights, row.biases) == (25 * 3 * 7, 7)


@pytest.mark.parametrize(
    ("rows", "paired"),
    [
        ("- {op: depthwise}\n- {op: pointwise, out_channels: 4}", True),
        (
            "- {op: depthwise, norm: none, activation: none}\n- {op: norm}\n- {op: activation}\n- {op: pointwise, out_channels: 4}",
            True,
        ),
        ("- {op: depthwise}\n- {op: squeeze_excite, se_rounding: floor}\n- {op: pointwise, out_channels: 4}", True),
        ("- {op: depthwise, kernel_size: 1}\n- {op: pointwise, out_channels: 4}", False),
        ("- {op: depthwise}\n- {op: pointwise, out_channels: 4, stride: 2}", False),
        ("- {op: depthwise}\n- {op: conv, kernel_size: 1, out_channels: 3, groups: 3}", False),
        ("- {op: depthwise}\n- {op: conv, kernel_size: 3, out_channels: 4}", False),
        ("- {op: depthwise}\n- {op: max_pool, kernel_size: 3, stride: 1}\n- {op: pointwise, out_channels: 4}", False),
        ("- {op: depthwise, name: d}\n- {op: pointwise, out_channels: 3}\n- {op: add, from: [d, pointwise_1]}", False),
        ("- {op: depthwise}", False),
        ("- {op: depthwise}\n- {op: shuffle, groups: 3}\n- {op: pointwise, out_channels: 4}", False),
        ("- {op: depthwise}\n- {op: dropout}\n- {op: pointwise, out_channels: 4}", False),
        ("- {op: depthwise}\n- {op: pointwise, out_channels: 4, stride: [1, 2]}", False),
        ("- {op: depthwise}\n- {op: conv, kernel_size: 1, out_channels: 4, padding: 1}", False),
        ("- {op: depthwise}\n- {op: conv, kernel_size: 1, out_channels: 4, padding: [0, 0, 0, 1]}", False),
        ("- {op: depthwise}\n- {op: conv, kernel_size: 1, out_channels: 4, padding: valid}", True),
        ("- {op: depthwise}\n- {op: conv, kernel_size: 1, out_channels: 4, padding: 0}", True),
        ("- {op: depthwise}\n- {op: conv, kernel_size: [1, 3], out_channels: 4}", False),
        ("- {op: depthwise, kernel_size: [1, 3]}\n- {op: pointwise, out_channels: 4}", True),
        ("- {op: depthwise, multiplier: 2}\n- {op: pointwise, out_channels: 4}", True),
    ],
)
def test_what_is_a_pair(rows: str, paired: bool) -> None:
    net = table(rows)
    assert len(pairs(net.placed())) == paired
    assert len(unpaired(net.placed())) == (not paired)
    if not paired:  # other depthwise rows stay
        assert net.standard().cost().rows == net.cost().rows


def test_squeeze_and_excite_stays_in_the_twin_at_unchanged_cost() -> None:
    net = mbcost.load("mobilenet_v3_large")
    for counted in (net.cost(), net.standard().cost()):
        assert sum(row.mult_adds for row in counted.rows if row.kind == "squeeze_excite") == 216_589_760 - 215_082_560


def test_a_pair_with_a_multiplier_has_the_twin_of_its_inputs_and_outputs() -> None:
    """V1 with two depthwise outputs a channel: the twin is V1's own, and each pair costs m/N + m/D_K^2 of its half of it."""
    doubled = V1.having(set={f"separable_{n}.multiplier": 2 for n in range(1, 14)})
    assert len(pairs(doubled.placed())) == 13
    assert doubled.cost(standard=True).mult_adds == V1.cost(standard=True).mult_adds
    cost, found = against_twin(doubled)
    lines = [line for line in found.lines if line.theory is not None]
    assert (len(lines), found.imagined, found.total.separable) == (13, "standard", cost)
    for line in lines:
        (whole,), (first, second) = line.standard, line.separable
        assert line.theory == Fraction(first.mult_adds + second.mult_adds, whole.mult_adds)
        assert line.theory == 2 * (Fraction(1, second.output[0]) + Fraction(1, 9))


def test_the_twin_comes_after_set_and_without() -> None:
    net = table("- {op: depthwise}\n- {op: max_pool, kernel_size: 3, stride: 1}\n- {op: pointwise, out_channels: 4}")
    assert net.cost(standard=True).mult_adds == net.cost().mult_adds
    assert names(net.cost(standard=True, without=["max_pool_1"])) == ["pointwise_1"]
    found = net.cost(standard=True, without=["max_pool_1"], set={"depthwise_1.kernel_size": 5})
    assert found.weights == 25 * 3 * 4


def test_a_variant_changes_nothing_in_the_network() -> None:
    before = V1.cost().rows
    V1.cost("0.5", resolution=128, set={"conv_1.stride": 1}, without=["softmax_1"], classes=10, standard=True)
    assert V1.cost().rows == before
    assert V1.having(set={"conv_1.stride": 1}).cost().mult_adds != V1.cost().mult_adds


def test_a_convolution_with_as_many_groups_as_channels_is_half_of_a_pair() -> None:
    body = "- {op: conv, kernel_size: 3, out_channels: 6, groups: 6, stride: 2}\n- {op: pointwise, out_channels: 10}"
    net = table(body, channels=6)
    assert len(pairs(net.placed())) == 1
    assert net.cost(standard=True).mult_adds == 9 * 6 * 10 * 16 * 16
    grouped = table(
        "- {op: conv, kernel_size: 3, out_channels: 12, groups: 6}\n- {op: pointwise, out_channels: 10}", channels=6
    )
    assert len(pairs(grouped.placed())) == 1  # two outputs a channel
    assert grouped.cost(standard=True).mult_adds == 9 * 6 * 10 * 32 * 32
    fewer = table(
        "- {op: conv, kernel_size: 3, out_channels: 3, groups: 3}\n- {op: pointwise, out_channels: 10}", channels=6
    )
    assert pairs(fewer.placed()) == []
    one = table(
        "- {op: conv, kernel_size: 3, out_channels: 1, groups: 1}\n- {op: pointwise, out_channels: 10}", channels=1
    )
    assert pairs(one.placed()) == []  # a standard convolution, of one channel


@pytest.mark.parametrize(
    ("between", "paired"),
    [
        ("", True),
        ("- {op: activation, activation: relu}", True),
        ("- {op: max_pool, kernel_size: 2, stride: 2}", True),
        ("- {op: depthwise, name: d}", True),
        ("- {op: depthwise, name: d, multiplier: 2}", False),  # of its twelve channels six groups are pairs
        ("- {op: conv, kernel_size: 1, out_channels: 6, name: a}\n- {op: add, from: [a, input]}", False),  # of two maps
        ("- {op: conv, kernel_size: 1, out_channels: 3, name: a}\n- {op: concat, from: [a, a]}", False),
    ],
)
def test_groups_are_counted_against_the_channels_that_are_written_further_up(between: str, paired: bool) -> None:
    rows = f"{between}\n- {{op: conv, kernel_size: 3, out_channels: 12, groups: 6, name: grouped}}\n- {{op: pointwise, out_channels: 10}}"
    net = table(rows, channels=6)
    assert ("grouped" in {net.placed().layers[pair.depthwise].name for pair in pairs(net.placed())}) is paired


def test_a_depthwise_row_of_1_x_1_is_no_pointwise_half() -> None:
    net = table("- {op: depthwise, kernel_size: 3}\n- {op: depthwise, kernel_size: 1}")
    assert pairs(net.placed()) == []


def test_squeeze_and_excite_costs_in_the_twin_what_it_costs_in_the_network() -> None:
    net = mbcost.load("mobilenet_v3_large")
    here, twin = net.cost(resolution=225), net.cost(resolution=225, standard=True)
    for part in ("pool_inputs", "products", "biases"):
        assert here.total(part) == twin.total(part), part
    assert [row for row in here.rows if "/se/" in row.name] == [row for row in twin.rows if "/se/" in row.name]
