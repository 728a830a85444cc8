"""How single things in a graph are written: paddings, shared weights, what the table has no word for."""

from __future__ import annotations

import pytest

from mbcost.importers import neighbour
from tests.importers.graphs_of import Drawn, Each, table


def test_an_explicit_padding_and_same_differ_at_the_odd_size() -> None:
    """Padded by (0, 1) at both sizes it is explicit; by what the map needs (0, 1 at 8; 1, 1 at 9), it is `same`."""
    for pads, sides, written in (
        ([(0, 1), (0, 1)], (4, 4), "padding: [0, 1, 0, 1]"),
        ([(0, 1), (1, 1)], (4, 5), "stride: 2"),
    ):
        drawn = Drawn((3, 8, 8), (3, 9, 9))
        shapes = [(8, side, side) for side in sides]
        weight = drawn.weight(8, 3, 3, 3)
        drawn.node(
            "conv", [0], shapes, mult_adds=[27 * 8 * side * side for side in sides], kernel=[3, 3], stride=[2, 2], dilation=[1, 1], groups=1,
            axis=1, padding=Each([[list(pad)] * 2 for pad in pads]), weights={"weight": [{"of": [weight], "shape": [8, 3, 3, 3]}]},
        )  # fmt: skip
        found = table(drawn.graph())
        assert written in found.text
        assert ("padding" in found.text) == ("padding" in written)
        assert [found.network.cost(resolution=side).mult_adds for side in (8, 9)] == [216 * side**2 for side in sides]


def test_a_padding_of_its_own_goes_into_the_convolution() -> None:
    drawn = Drawn((3, 8, 8), (3, 9, 9))
    padded = drawn.node("pad", [0], [(3, 9, 9), (3, 10, 10)], padding=[[0, 0], [0, 0], [0, 1], [0, 1]])
    weight = drawn.weight(4, 3, 3, 3)
    drawn.node(
        "conv", [padded], [(4, 4, 4), (4, 4, 4)], mult_adds=27 * 4 * 16, kernel=[3, 3], stride=[2, 2], dilation=[1, 1], groups=1, axis=1,
        padding=[[0, 0], [0, 0]], weights={"weight": [{"of": [weight], "shape": [4, 3, 3, 3]}]},
    )  # fmt: skip
    assert "padding: [0, 1, 0, 1]" in table(drawn.graph()).text


def test_a_shared_weight_costs_twice_and_counts_once() -> None:
    drawn = Drawn((4, 8, 8), (4, 9, 9))
    weight = drawn.weight(4, 4, 3, 3)
    drawn.conv(drawn.conv(0, 4, weight=weight), 4, weight=weight)
    cost = table(drawn.graph()).network.cost(resolution=16)
    assert [(row.mult_adds, row.params) for row in cost.rows] == [(144 * 256, 144), (144 * 256, 0)]


def test_an_unknown_operation_is_a_lower_bound_that_keeps_what_is_known() -> None:
    drawn = Drawn((4, 8, 8), (4, 9, 9))
    x = drawn.conv(0, 8)
    drawn.node(
        "other",
        [x],
        [(8, 8, 8), (8, 9, 9)],
        mult_adds=None,
        weights={"other": [{"of": [drawn.weight(5)], "shape": [5]}]},
    )
    found = table(drawn.graph())
    assert not found.network.cost().exact
    assert found.network.cost().params == 288 + 5
    assert found.remarks[-1].startswith("nobody knows the cost of custom_1")


def test_a_product_that_is_no_attention_holds_at_its_own_size_and_says_so() -> None:
    drawn = Drawn((4, 8, 8), (4, 9, 9))
    tokens = drawn.node("reshape", [0], [(4, 64), (4, 81)])
    drawn.node("matmul", [tokens, tokens], [(4, 4), (4, 4)], mult_adds=[4 * 4 * 64, 4 * 4 * 81])
    found = table(drawn.graph())
    assert found.network.cost().mult_adds == 1024
    assert "at this size" in found.text
    assert any("at 9 x 9 the table has 1,024 mult-adds, the network 1,296" in remark for remark in found.remarks)


def test_weights_nobody_uses_are_counted() -> None:
    drawn = Drawn((3, 8, 8), (3, 9, 9))
    drawn.weight(100, 7)
    drawn.conv(0, 4)
    assert table(drawn.graph()).network.cost().params == 700 + 108


@pytest.mark.parametrize("swap", [False, True])
def test_a_swish_written_out_is_one_activation(swap: bool) -> None:
    drawn = Drawn((3, 8, 8), (3, 9, 9))
    x = drawn.conv(0, 4)
    shapes = [(4, 8, 8), (4, 9, 9)]
    gate = drawn.node("activation", [x], shapes, function="sigmoid")
    drawn.node("multiply", [gate, x] if swap else [x, gate], shapes, function="mul")
    assert "activation: silu" in table(drawn.graph()).text
    assert "multiply" not in table(drawn.graph()).text


def test_a_hard_swish_written_out_is_one_activation() -> None:
    drawn = Drawn((3, 8, 8), (3, 9, 9))
    x = drawn.conv(0, 4)
    shapes = [(4, 8, 8), (4, 9, 9)]
    shifted = drawn.node("activation", [x], shapes, function="add", number=3)
    bounded = drawn.node("activation", [shifted], shapes, function="relu6")
    product = drawn.node("multiply", [x, bounded], shapes, function="mul")
    drawn.node("activation", [product], shapes, function="div", number=6)
    assert "activation: hard_swish" in table(drawn.graph()).text


def test_a_shuffle_is_found_in_a_reshape_and_a_transposition() -> None:
    drawn = Drawn((6, 8, 8), (6, 9, 9))
    parts = drawn.node("reshape", [0], [(2, 3, 8, 8), (2, 3, 9, 9)])
    turned = drawn.node("permute", [parts], [(3, 2, 8, 8), (3, 2, 9, 9)], order=[0, 2, 1, 3, 4])
    whole = drawn.node("reshape", [turned], [(6, 8, 8), (6, 9, 9)])
    drawn.conv(whole, 6, groups=2)
    assert "{op: shuffle, groups: 2}" in table(drawn.graph()).text


def test_channels_last_costs_no_row() -> None:
    drawn = Drawn((6, 8, 8), (6, 9, 9))
    last = drawn.node("permute", [0], [(8, 8, 6), (9, 9, 6)], order=[0, 2, 3, 1])
    weight = drawn.weight(10, 6)
    use = {"weight": [{"of": [weight], "shape": [6, 10]}]}
    made = drawn.node("linear", [last], [(8, 8, 10), (9, 9, 10)], mult_adds=[60 * 64, 60 * 81], weights=use)
    first = drawn.node("permute", [made], [(10, 8, 8), (10, 9, 9)], order=[0, 3, 1, 2])
    drawn.conv(first, 4, kernel=1)
    assert [row.kind for row in table(drawn.graph()).network.cost().rows] == ["pointwise", "pointwise"]
    assert table(drawn.graph()).network.cost(resolution=16).mult_adds == 256 * 100


@pytest.mark.parametrize("side", [224, 225, 299, 300, 192, 160, 331, 96])
def test_a_neighbour_is_odd_where_the_size_is_even_at_every_halving(side: int) -> None:
    a, b = side, neighbour(side)
    for _ in range(4):
        assert (a + b) % 2 == 1
        a, b = -(-a // 2), -(-b // 2)


def test_names_from_a_model_are_data() -> None:
    drawn = Drawn((3, 8, 8), (3, 9, 9))
    drawn.conv(0, 4)
    document = drawn.document()
    for trace in document["traces"]:
        trace["scopes"] = [[-1, "a: [b}\n\x1b[31m# - {op: conv}", "{!!python/object}"]]
        trace["nodes"][0]["scope"] = 0
    document["versions"] = {"torch": "1.0\n- {op: linear}"}
    from mbcost.importers.graph import read_graph

    found = table(read_graph(document))
    assert "\x1b" not in found.text
    assert found.network.cost().layers == 1


def test_a_row_that_is_read_from_afar_ends_no_group() -> None:
    """Three pairs of rows; what the last one puts out is read by the row below and by a later one."""
    drawn = Drawn((4, 8, 8), (4, 9, 9))
    value = 0
    for _ in range(3):
        value = drawn.conv(drawn.conv(value, 4), 4, kernel=1)
    drawn.conv(drawn.conv(value, 6), 6)
    drawn.conv(value, 6, kernel=1)
    found = table(drawn.graph())
    assert found.network.cost(resolution=8).mult_adds == sum(node["mult_adds"] for node in drawn.traces[0]["nodes"])
    assert "repeat: 2, layers" in found.text
