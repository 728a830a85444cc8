"""Networks with attention, and kinds beside convolutions: recorded or drawn, they are rows of the grammar's own kinds at every size."""

from __future__ import annotations

from typing import Any

import pytest

import mbcost
from tests.importers.graphs_of import Drawn, graph, table

VIT = {160: (598_093_824, 5_698_984), 192: (888_029_184, 5_707_432), 256: (1_706_557_440, 5_728_936),
       288: (2_259_922_944, 5_741_992), 320: (2_928_820_224, 5_756_584)}  # fmt: skip
"""ViT-Tiny as timm builds it for each size, by PyTorch's counter of FLOPs over 2."""

MOBILEVIT = {160: 143_240_448, 192: 210_041_600, 256: 407_364_096, 288: 546_467_072, 320: 705_043_200}
"""MobileViT-XXS as timm builds it, by the same counter: at odd maps it enlarges them to whole patches."""

KINDS = {
    "vit_tiny_patch16_224": {"attention", "tokens", "slice"}, "mobilevit_xxs": {"attention", "upsample"},
    "efficientformer_l1": {"attention", "scale"}, "mobilenetv4_hybrid_medium": {"mobile_mqa", "scale"}, "convnext_atto": {"scale"},
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_a_network_is_written_in_the_kinds_of_the_grammar(name: str) -> None:
    found = graph(name)
    made = table(found, name)
    assert "custom" not in made.text
    assert "unknown" not in made.text
    assert all(f"op: {kind}" in made.text or f"[{kind}," in made.text for kind in KINDS[name])
    cost = made.network.cost()
    assert (cost.mult_adds, cost.params) == (found.traces[0].mult_adds, found.params)
    assert cost.exact


@pytest.mark.parametrize("side", VIT)
def test_a_vision_transformer_costs_what_one_built_for_each_size_does(side: int) -> None:
    cost = table(graph("vit_tiny_patch16_224")).network.cost(resolution=side)
    assert (cost.mult_adds, cost.params) == VIT[side]


@pytest.mark.parametrize("side", MOBILEVIT)
def test_attention_in_patches_costs_what_the_framework_counts_at_each_size(side: int) -> None:
    cost = table(graph("mobilevit_xxs")).network.cost(resolution=side)
    assert (cost.mult_adds, cost.params) == (MOBILEVIT[side], 1_272_024)


@pytest.mark.parametrize("side", [160, 192, 224, 256, 320, 448])
def test_a_network_with_shared_keys_costs_what_the_shipped_table_does(side: int) -> None:
    ours = table(graph("mobilenetv4_hybrid_medium")).network.cost(resolution=side)
    theirs = mbcost.load("mobilenet_v4_hybrid_medium").cost(resolution=side)
    assert (ours.mult_adds, ours.params) == (theirs.mult_adds, theirs.params)


def test_the_positions_of_an_attention_have_the_learned_biases_of_its_size() -> None:
    text = table(graph("efficientformer_l1")).text
    assert "{op: attention, heads: 8, head_width: 32, value_width: 128, position_biases: 49, bias: true}" in text


def test_two_products_without_a_joint_projection_are_rows_of_their_own() -> None:
    """Queries, keys and values from three convolutions: four times 8 * 8 products of weights, and twice P * P * 8 of maps."""
    drawn = Drawn((8, 4, 4), (8, 5, 5))
    heads = [drawn.node("reshape", [drawn.conv(0, 8, kernel=1)], [(2, 4, 16), (2, 4, 25)]) for _ in range(3)]
    query, value = (drawn.node("permute", [heads[i]], [(2, 16, 4), (2, 25, 4)], order=[0, 1, 3, 2]) for i in (0, 2))
    costs = [8 * 16 * 16, 8 * 25 * 25]
    scores = drawn.node("matmul", [query, heads[1]], [(2, 16, 16), (2, 25, 25)], mult_adds=costs)
    soft = drawn.node("activation", [scores], [(2, 16, 16), (2, 25, 25)], function="softmax")
    mixed = drawn.node("matmul", [soft, value], [(2, 16, 4), (2, 25, 4)], mult_adds=costs)
    turned = drawn.node("permute", [mixed], [(2, 4, 16), (2, 4, 25)], order=[0, 1, 3, 2])
    drawn.conv(drawn.node("reshape", [turned], [(8, 4, 4), (8, 5, 5)]), 8, kernel=1)
    made = table(drawn.graph())
    assert "{op: matmul, product: scores, heads: 2, branches" in made.text
    for side in (4, 5, 9, 16):
        assert made.network.cost(resolution=side).mult_adds == 4 * 64 * side**2 + 2 * 8 * side**4


def test_the_first_channels_are_a_slice() -> None:
    drawn = Drawn((8, 4, 4), (8, 5, 5))
    drawn.conv(drawn.node("slice", [0], [(5, 4, 4), (5, 5, 5)], axis=1, start=0, step=1), 6)
    made = table(drawn.graph())
    assert "{op: slice, out_channels: 5, width: fixed}" in made.text
    assert made.network.cost(resolution=9).mult_adds == 9 * 5 * 6 * 81


@pytest.mark.parametrize(("more", "written"), [(0, ""), (1, "output_padding: 1, ")])
def test_a_transposed_convolution_enlarges_every_map(more: int, written: str) -> None:
    """Stride 2, kernel 3, padding 1 on both sides: 2 H - 1 rows, and those that are added; 27 * 5 mult-adds a position of the input."""
    drawn = Drawn((3, 8, 8), (3, 9, 9))
    weight = {"weight": [{"of": [drawn.weight(3, 5, 3, 3)], "shape": [3, 5, 3, 3]}]}
    sides = [(5, 15 + more, 15 + more), (5, 17 + more, 17 + more)]
    drawn.node(
        "conv", [0], sides, mult_adds=[135 * 64, 135 * 81], kernel=[3, 3], stride=[2, 2], dilation=[1, 1], groups=1, axis=1,
        padding=[[1, 1], [1, 1]], transposed=True, weights=weight,
    )  # fmt: skip
    made = table(drawn.graph())
    assert f"op: transposed, kernel_size: 3, out_channels: 5, stride: 2, padding: 1, {written}norm: none" in made.text
    cost = made.network.cost(resolution=20)
    assert (cost.mult_adds, cost.params, cost.rows[0].output) == (135 * 400, 135, (5, 39 + more, 39 + more))


@pytest.mark.parametrize(("slopes", "written"), [(6, "activation: prelu"), (1, "activation: prelu, prelu_params: one")])
def test_slopes_are_an_activation_with_params(slopes: int, written: str) -> None:
    drawn = Drawn((3, 8, 8), (3, 9, 9))
    weights: dict[str, Any] = {"other": [{"of": [drawn.weight(slopes)], "shape": [slopes, 1, 1]}]}
    drawn.node("activation", [drawn.conv(0, 6)], [(6, 8, 8), (6, 9, 9)], function="prelu", weights=weights)
    made = table(drawn.graph())
    assert written in made.text
    assert made.network.cost().params == 162 + slopes


def test_a_factor_a_channel_is_a_scale_and_one_a_position_is_not() -> None:
    for shape, kind in (([6, 1, 1], "scale"), ([6, 8], "custom")):
        drawn = Drawn((3, 8, 6))
        weights = {"other": [{"of": [drawn.weight(6)], "shape": [1, 1, 6] if kind == "custom" else shape}]}
        drawn.node("activation", [drawn.conv(0, 6)], [(6, 8, 6)], function="mul", weights=weights)
        made = table(drawn.graph())
        assert f"op: {kind}" in made.text
        assert made.network.cost().params == 162 + 6
