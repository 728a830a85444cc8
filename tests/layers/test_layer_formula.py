"""`mbcost table --layer`: the formula that is shown, with its numbers, is the value in the table, for every layer."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

import mbcost
from mbcost.analysis.explain import explain
from tests.conftest import Said, told
from tests.inline import cost

Say = Callable[..., Said]
QUANTITIES = ("mult_adds", "params", "weights", "biases", "norm_params", "norm_stats", "adds", "products")
VARIANTS: tuple[dict[str, Any], ...] = (
    {}, {"batch": 3}, {"convention": "thop"}, {"convention": "keras", "batch": 2}, {"convention": "calflops"}, {"resolution": "320x352"},
    {"standard": True}, {"rounding": "none", "alpha": "0.35"},
)  # fmt: skip


def computed(digits: str) -> Fraction:
    """What the numbers of a formula come to, read anew."""
    assert re.fullmatch(r"[0-9./*+() ]+", digits), digits
    value = eval(re.sub(r"\d+(?:\.\d+)?", lambda number: f"Fraction('{number[0]}')", digits), {"Fraction": Fraction})
    return Fraction(value)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize(
    "model", ["mobilenet_v3_small", "googlenet", "alexnet_two_tower", "shufflenet_v1", "deeplab_v3_mobilenet_v1"]
)
def test_the_numbers_of_every_layer_come_to_its_cost(model: str, variant: dict[str, Any]) -> None:
    network = mbcost.load(model)
    if model == "alexnet_two_tower":  # its two towers do not divide other widths
        variant = {key: value for key, value in variant.items() if key != "alpha"}
    if network.rounding is None and "alpha" in variant:
        variant = variant | {"rounding": "floor"}
    counted = network.cost(**variant)
    for row in counted.rows:
        lines = explain(counted, row.name)[1]
        for line in lines:
            assert computed(line.digits) == line.value == getattr(row, line.quantity), (row.name, line)
        assert [line.quantity for line in lines] == [name for name in QUANTITIES if getattr(row, name)]


def formula(layers: str, name: str, quantity: str, **variant: Any) -> str:
    """The formula of one quantity of one layer."""
    lines = explain(cost(layers, channels=4, resolution=8, **variant), name)[1]
    return next(f"{line.symbols} = {line.digits}" for line in lines if line.quantity == quantity)


def test_formulas_are_written_in_the_symbols_of_the_paper() -> None:
    grouped = "- {op: conv, kernel_size: [1, 3], out_channels: 6, groups: 2, stride: 2, norm: none}"
    assert (
        formula(grouped, "conv_1", "mult_adds") == "K_h * K_w * (M / G) * N * D_F * D_F = 1 * 3 * (4 / 2) * 6 * 4 * 4"
    )
    assert formula(grouped, "conv_1", "params") == "K_h * K_w * (M / G) * N + N = 1 * 3 * (4 / 2) * 6 + 6"
    added = "- {op: add, branches: [[], [], []]}"
    assert formula(added, "add_1", "adds") == "2 * M * D_F * D_F = 2 * 4 * 8 * 8"
    stated = "- {op: custom, mult_adds: 1000, params_per_channel: 3}"
    assert formula(stated, "custom_1", "mult_adds") == "1000 = 1000"
    assert formula(stated, "custom_1", "params") == "3 * N = 3 * 4"


def test_a_layer_in_another_unit_and_under_another_rule(say: Say) -> None:
    args = ("table", "mobilenet_v1", "--layer", "separable_1/depthwise", "--convention", "thop", "--unit", "flops")
    found = told(say(*args, "--batch", "4", "-f", "json"))
    lines = {line["quantity"]: line for line in found["formulas"]}
    assert lines["mult_adds"]["symbols"] == "D_K * D_K * M * D_F * D_F * B + 4 * M * D_F * D_F * B"
    assert lines["flops"]["symbols"] == f"2 * ({lines['mult_adds']['symbols']})"
    assert lines["flops"]["value"] == found["layer"]["flops"] == 2 * found["layer"]["mult_adds"]
    assert "M input channels, D_K kernel size, D_F side of the output map\n" in say(*args).out


def test_a_layer_without_cost_says_so(say: Say) -> None:
    assert (
        "no mult-adds and no params under this convention" in say("table", "mobilenet_v1", "--layer", "softmax_1").out
    )


def test_one_layer_is_neither_gathered_nor_sorted(say: Say) -> None:
    for more in (("--by", "kind"), ("--sort", "name"), ("--top", "3")):
        said = say("table", "mobilenet_v1", "--layer", "conv_1", *more)
        assert (said.code, said.out) == (2, "")
        assert "leave out --by, --sort and --top" in said.err
