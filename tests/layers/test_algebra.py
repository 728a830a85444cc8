"""The algebra of the count: closed forms at numbers are the integer walk, pairs obey the paper's ratio, sums add up.

The default run tries a sample of the points; the whole product (every alpha at every resolution) is marked slow.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import mbcost
from mbcost.dims import Arithmetic, Idealised, parse_rounding
from mbcost.network import Network
from mbcost.network.twin import pairs
from mbcost.network.walk import SUMMED, walk
from mbcost.symbolic import Formula
from mbcost.tables import models

V1 = ("mobilenet_v1", "mobilenet_v1_keras")
V3 = tuple(
    f"mobilenet_v3_{size}{flavour}"
    for size in ("large", "small")
    for flavour in ("", "_minimalistic", "_keras", "_timm", "_torchvision")
)
MOBILENETS = (*V1, "mobilenet_v2", *V3)
ALPHAS = ("0.35", "0.45", "0.6", "0.9", "1.15", "1.3", "1.4", "2.0", "0.25", "0.5", "0.75", "1")
RESOLUTIONS = (96, 128, 160, 192, 200, 224, 225, 256, 288, 300, 320)
PRODUCT = [(alpha, resolution) for alpha in ALPHAS[:8] for resolution in RESOLUTIONS]
SAMPLE = [
    ("0.35", 225), ("0.45", 200), ("0.6", 300), ("0.9", 96), ("1.15", 192), ("1.3", 225), ("1.4", 320), ("2.0", 200), ("0.75", 192), ("1", 224),
]  # fmt: skip


@cache
def net(model: str) -> Network:
    return mbcost.load(model)


@cache
def formula(model: str) -> Formula:
    return net(model).formula()


def agree(model: str, points: list[tuple[str, int]]) -> None:
    """The realised closed form at numbers is the walk with integers."""
    closed = formula(model).realised
    for alpha, resolution in points:
        cost = net(model).cost(alpha=alpha, resolution=resolution)
        found = [
            closed.at(side, Fraction(alpha), (resolution, resolution))
            for side in (closed.total.mult_adds, closed.total.params)
        ]
        assert found == [cost.mult_adds, cost.params], (alpha, resolution)


@pytest.mark.parametrize("model", MOBILENETS)
def test_the_closed_form_at_numbers_is_the_integer_walk(model: str) -> None:
    agree(model, SAMPLE)


@pytest.mark.slow
@pytest.mark.parametrize("model", MOBILENETS)
def test_the_closed_form_at_every_point_is_the_integer_walk(model: str) -> None:
    agree(model, PRODUCT)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small_keras", "mobilenet_v3_small_torchvision"]),
    st.fractions(min_value=Fraction(1, 5), max_value=4, max_denominator=200),
    st.integers(40, 700),
)
def test_the_closed_form_at_points_nobody_listed(model: str, alpha: Fraction, resolution: int) -> None:
    closed, cost = formula(model).realised, net(model).cost(alpha=alpha, resolution=resolution)
    assert closed.at(closed.total.mult_adds, alpha, (resolution, resolution)) == cost.mult_adds
    assert closed.at(closed.total.params, alpha, (resolution, resolution)) == cost.params


@pytest.mark.parametrize("model", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small"])
def test_every_layer_of_the_closed_form_is_its_row(model: str) -> None:
    closed = formula(model).realised
    for alpha, resolution in (("0.45", 225), ("1", 224)):
        rows = {
            row.name: (row.mult_adds, row.params) for row in net(model).cost(alpha=alpha, resolution=resolution).rows
        }
        for form in closed.rows:
            found = tuple(
                closed.at(side, Fraction(alpha), (resolution, resolution)) for side in (form.mult_adds, form.params)
            )
            assert found == rows.get(form.name, (0, 0)), form.name  # a layer absent at this alpha costs nothing
        assert {form.name for form in closed.rows} >= set(rows)


@pytest.mark.parametrize("kind", ["idealised", "realised"])
def test_kinds_and_layers_of_a_closed_form_add_up_to_its_total(kind: str) -> None:
    closed = getattr(formula("mobilenet_v1"), kind)
    for forms in (closed.rows, closed.by_kind()):
        for side in ("mult_adds", "params"):
            total = sum(getattr(form, side) for form in forms)
            assert sympy.expand(total - getattr(closed.total, side)) == 0


def test_the_formula_of_mobilenet_v1_is_the_papers() -> None:
    """The sum of section 3.2's costs over Table 1, in closed form."""
    alpha, rho = sympy.symbols("alpha rho", positive=True)
    paper = rho**2 * (539492352 * alpha**2 + 28224000 * alpha) + 1024000 * alpha
    assert sympy.expand(formula("mobilenet_v1").idealised.mult_adds - paper) == 0
    batch_norm, bias = 2 * 10944 * alpha, 1000
    assert (
        sympy.expand(
            formula("mobilenet_v1").idealised.params - (3139584 * alpha**2 + 1069504 * alpha + batch_norm + bias)
        )
        == 0
    )


@pytest.mark.parametrize("model", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large"])
@pytest.mark.parametrize(("alpha", "resolution"), [("0.45", 225), ("3/7", 101), ("1", 224), ("2.0", 64)])
def test_the_idealised_formula_is_the_walk_with_fractions(model: str, alpha: str, resolution: int) -> None:
    ideal = net(model).cost(alpha=alpha, resolution=resolution, ideal=True)
    closed = formula(model).idealised
    assert closed.at(closed.mult_adds, Fraction(alpha), (resolution, resolution)) == sympy.Rational(
        str(Fraction(ideal.mult_adds))
    )
    assert closed.at(closed.params, Fraction(alpha), (resolution, resolution)) == sympy.Rational(
        str(Fraction(ideal.params))
    )


def test_idealised_and_realised_meet_where_nothing_is_rounded() -> None:
    """Widths whole (alpha a multiple of 1/32 for V1), strides dividing (resolutions a multiple of 32)."""
    for alpha in ("1/32", "0.25", "0.5", "0.75", "1", "1.25", "2"):
        for resolution in (32, 96, 224, 320):
            cost, ideal = (
                net("mobilenet_v1").cost(alpha, resolution=resolution, ideal=ideal) for ideal in (False, True)
            )
            assert (cost.mult_adds, cost.params) == (ideal.mult_adds, ideal.params)
    for alpha in ("0.5", "1", "2"):  # MobileNetV2's widths are multiples of 8 there, but for 24 * 0.5
        cost, ideal = (net("mobilenet_v2").cost(alpha, resolution=224, ideal=ideal) for ideal in (False, True))
        assert (cost.mult_adds == ideal.mult_adds) == (alpha != "0.5")


def test_without_rounding_the_idealised_widths_are_walked() -> None:
    for alpha in ("0.3", "1/7"):
        cost = net("mobilenet_v1").cost(alpha, rounding="none")
        assert cost.mult_adds == net("mobilenet_v1").cost(alpha, ideal=True).mult_adds
    assert net("mobilenet_v1").cost("1/7", rounding="none").rows[0].output[0] == Fraction(32, 7)


# ---- the paper's ratio


@pytest.mark.parametrize("model", [*MOBILENETS, "mnasnet_b1", "efficientnet_b0", "shufflenet_v2_x1_0"])
@pytest.mark.parametrize("alpha", ["0.45", "1", "1.3"])
def test_a_pair_costs_one_nth_plus_one_over_the_kernel_of_the_standard_convolution(model: str, alpha: str) -> None:
    """MobileNets, section 3.1: 1/N + 1/D_K^2, for mult-adds and for weights, at any width and resolution."""
    rounding = None if net(model).rounding else "floor"
    if rounding and alpha == "0.45":
        return  # a split in two needs an even width
    placed = net(model).placed()
    separable = {row.name: row for row in net(model).cost(alpha, resolution=225, rounding=rounding).rows}
    standard = {row.name: row for row in net(model).standard().cost(alpha, resolution=225, rounding=rounding).rows}
    found = pairs(placed)
    assert found
    for pair in found:
        first, second = (separable[placed.layers[number].name] for number in pair)
        whole = standard[second.name]
        (k_h, k_w), n = whole.kernel_size, second.output[0]
        assert whole.kernel_size == first.kernel_size != (1, 1)
        assert whole.output == second.output
        assert first.name not in standard
        theory = Fraction(1, n) + Fraction(1, k_h * k_w)
        assert Fraction(first.mult_adds + second.mult_adds, whole.mult_adds) == theory
        assert Fraction(first.weights + second.weights, whole.weights) == theory
    rest = set(separable) - {placed.layers[number].name for pair in found for number in pair}
    assert all(separable[name].mult_adds == standard[name].mult_adds for name in rest)


# ---- cost never falls


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(MOBILENETS),
    st.tuples(st.integers(8, 160), st.integers(8, 160)),
    st.tuples(st.integers(33, 400), st.integers(33, 400)),
)
def test_cost_never_falls_as_alpha_or_rho_grow(model: str, alphas: tuple[int, int], sizes: tuple[int, int]) -> None:
    (low, high), (small, large) = sorted(alphas), sorted(sizes)
    least = net(model).cost(Fraction(low, 40), resolution=small)
    wider = net(model).cost(Fraction(high, 40), resolution=small)
    finer = net(model).cost(Fraction(low, 40), resolution=large)
    assert least.mult_adds <= wider.mult_adds
    assert least.params <= wider.params
    assert least.mult_adds <= finer.mult_adds
    assert least.params == finer.params  # resolution has no params


# ---- one formula for numbers, fractions, arrays and symbols


@pytest.mark.parametrize(
    "model",
    ["mobilenet_v1", "mobilenet_v1_keras", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large_torchvision"],
)
def test_arrays_of_alphas_and_resolutions_are_the_points_one_by_one(model: str) -> None:
    numerators = np.array([7, 9, 12, 15, 18, 20, 23, 26, 28, 40])  # over 20: 0.35 to 2
    sizes = np.array(RESOLUTIONS)
    network = net(model)
    alphas = Arithmetic(numerators, 20, network.rounding)
    swept = walk(network.placed(), alphas, (3, 225, 225))
    for number, numerator in enumerate(numerators.tolist()):
        cost = network.cost(Fraction(numerator, 20), resolution=225)
        rows = {row.name: row for row in cost.rows}
        for row in swept:
            for part in SUMMED:
                value = np.broadcast_to(getattr(row, part), numerators.shape)[number]
                assert value == (getattr(rows[row.name], part) if row.name in rows else 0), (row.name, part)
    swept = walk(network.placed(), Arithmetic(9, 20, network.rounding), (3, sizes, sizes))
    for number, size in enumerate(sizes.tolist()):
        cost = network.cost("0.45", resolution=size)
        assert np.broadcast_to(sum(row.mult_adds for row in swept), sizes.shape)[number] == cost.mult_adds


def test_a_whole_grid_in_one_walk() -> None:
    numerators, sizes = np.array([[7], [9], [20], [28]]), np.array([[96, 225, 300]])
    network = net("mobilenet_v2")
    total = sum(
        row.mult_adds for row in walk(network.placed(), Arithmetic(numerators, 20, network.rounding), (3, sizes, sizes))
    )
    assert total.shape == (4, 3)
    for i, numerator in enumerate((7, 9, 20, 28)):
        for j, size in enumerate((96, 225, 300)):
            assert total[i, j] == network.cost(Fraction(numerator, 20), resolution=size).mult_adds


def test_the_operations_that_depend_on_what_a_dim_is() -> None:
    rule = parse_rounding("divisor:8")
    whole, several = Arithmetic(7, 20, rule), Arithmetic(np.array([7, 20]), 20, rule)
    assert [whole.scale(96), whole.grow(1280), whole.ceil_div(225, 2)] == [32, 1280, 113]
    assert several.scale(96).tolist() == [32, 96]
    assert several.grow(1280).tolist() == [1280, 1280]
    assert several.ceil_div(np.array([225, 224]), 2).tolist() == [113, 112]
    ideal = Idealised(7, 20, None)
    assert [ideal.scale(96), ideal.ceil_div(225, 2), ideal.floor_div(7, 2)] == [
        Fraction(168, 5),
        Fraction(225, 2),
        Fraction(7, 2),
    ]
    assert type(ideal.scale(20)) is int


# ---- totals


@pytest.mark.parametrize("model", models())
@pytest.mark.parametrize("standard", [False, True])
def test_totals_are_the_sums_of_the_rows(model: str, standard: bool) -> None:
    cost = net(model).cost(standard=standard)
    for quantity in ("mult_adds", "params", "weights", "biases", "norm_params", "norm_stats"):
        total = 0
        for row in cost.rows:
            total += getattr(row, quantity)
        assert getattr(cost, quantity) == total
    assert cost.params == cost.weights + cost.biases + cost.norm_params + cost.total("other_params")
    assert cost.mult_adds == sum(row.weight_mults + row.map_mults for row in cost.rows)
    assert cost.layers == len([row for row in cost.rows if row.weights])


@pytest.mark.parametrize("model", models())
def test_every_shipped_count_is_in_exact_integers(model: str) -> None:
    cost = net(model).cost()
    for row in cost.rows:
        for part in SUMMED:
            value: Any = getattr(row, part)
            assert type(value) is int, (row.name, part)
            assert value >= 0, (row.name, part)


def test_a_batch_multiplies_mult_adds_and_leaves_params() -> None:
    one, many = net("mobilenet_v2").cost(), net("mobilenet_v2").cost(batch=7)
    assert (many.mult_adds, many.params) == (7 * one.mult_adds, one.params)
    assert all(
        b.mult_adds == 7 * a.mult_adds and b.output == a.output for a, b in zip(one.rows, many.rows, strict=True)
    )
