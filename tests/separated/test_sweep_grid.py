"""The separated cost against the walk, point by point: on every shipped model and on random networks."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mbcost
from mbcost import loads
from mbcost.separated.grid import separate
from mbcost.tables import models
from tests.inline import says
from tests.separated.random_networks import ALPHAS, SIZES, networks

QUANTITIES = (
    "mult_adds",
    "params",
    "weights",
    "norm_stats",
    "adds",
    "products",
    "activated",
    "pool_inputs",
    "output_elements",
)


def counted(network: mbcost.Network, alpha: Any, size: Any, **variant: Any) -> Any:
    """The walk's totals at one point, or the message of its error."""
    try:
        cost = network.cost(alpha=alpha, resolution=size, **variant)
    except mbcost.MbcostError as error:
        return str(error)
    return [cost.total(quantity) for quantity in QUANTITIES]


def gridded(network: mbcost.Network, alpha: Any, size: Any, **variant: Any) -> Any:
    """The same from a grid of one point."""
    try:
        grid = network.grid([alpha], [size], **variant)
        return [grid.total(quantity)[0][0] for quantity in QUANTITIES]
    except mbcost.MbcostError as error:
        return str(error)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from(ALPHAS), st.sampled_from(SIZES), st.sampled_from((1, 3)))
def test_a_grid_agrees_with_the_walk_on_random_networks(
    network: mbcost.Network, alpha: str, size: Any, batch: int
) -> None:
    assert gridded(network, alpha, size, batch=batch) == counted(network, alpha, size, batch=batch)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_a_grid_of_arrays_agrees_with_the_walk_on_random_networks(network: mbcost.Network) -> None:
    alphas, sizes = [0.5, 1, 1.15], [31, 32, 64]
    wanted = [[counted(network, alpha, size) for size in sizes] for alpha in alphas]
    errors = [cell for row in wanted for cell in row if isinstance(cell, str)]
    if errors:
        with pytest.raises(mbcost.MbcostError) as caught:
            network.grid(np.array(alphas), np.array(sizes)).total("mult_adds")
        assert str(caught.value) in errors
    else:
        grid = network.grid(np.array(alphas), np.array(sizes))
        assert [[[int(grid.total(q)[i, j]) for q in QUANTITIES] for j in range(3)] for i in range(3)] == wanted


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from(("paper", "fvcore", "thop", "timm", "openvino", "torchinfo", "ptflops-pytorch")))
def test_a_grid_agrees_with_the_walk_under_every_convention(network: mbcost.Network, convention: str) -> None:
    for size in (32, 57):
        assert gridded(network, "0.75", size, convention=convention) == counted(
            network, "0.75", size, convention=convention
        )


@pytest.mark.parametrize("name", models())
def test_every_shipped_model_separates_and_agrees_with_the_walk(name: str) -> None:
    network = mbcost.load(name)
    assert separate(network) is not None
    alphas = ["1"] if network.rounding is None else ["0.25", "0.35", "1", "17/16", "1.4"]
    for alpha in alphas:
        for size in (96, 127, (200, 233), 224):
            assert gridded(network, alpha, size) == counted(network, alpha, size)


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small"])
def test_variants_separate_too(name: str) -> None:
    network = mbcost.load(name)
    for variant in (
        {"standard": True},
        {"rounding": "none"},
        {"classes": 10},
        {"without": ("classifier",)},
        {"batch": 7},
    ):
        for alpha in ("1/3", "1.3"):
            assert gridded(network, alpha, 160, **variant) == counted(network, alpha, 160, **variant)


def test_the_terms_of_v1_are_its_five_sizes_and_the_classifier() -> None:
    separated = separate(mbcost.load("mobilenet_v1"))
    assert separated is not None
    assert len(separated.forms("mult_adds")[0].sides) == 6
    assert separated.forms("params")[0].sides == [()]


def test_a_width_rounded_after_it_met_a_size_is_counted_point_by_point() -> None:
    table = """
        format: 1
        input: {channels: 3, resolution: 8}
        rounding: floor
        layers: [{op: conv, kernel_size: 3, out_channels: 8, stride: 2}, {op: flatten}, {op: linear, expansion: 1/3}]
    """
    network = loads(table)
    assert separate(network) is None
    grid = network.grid(["0.5", "1"], [7, 8, 9])
    assert grid.mult_adds == [
        tuple(network.cost(alpha=a, resolution=r).mult_adds for r in (7, 8, 9)) for a in ("0.5", "1")
    ]
    arrays = network.grid(np.array([0.5, 1]), np.array([7, 8, 9]))
    assert [tuple(row) for row in arrays.mult_adds.tolist()] == grid.mult_adds
    assert network.cost(alpha=np.array([0.5, 1]), resolution=np.array([9, 7])).params.tolist() == [
        grid.params[0][2],
        grid.params[1][0],
    ]


def test_a_map_that_shrinks_to_one_pixel_only_at_some_sizes() -> None:
    table = """
        format: 1
        input: {channels: 3, resolution: 224}
        rounding: floor
        layers:
          - {op: conv, kernel_size: 3, out_channels: 8, stride: 32}
          - {op: conv, kernel_size: 7, out_channels: 8, padding: valid}
          - {op: linear, out_channels: 10}
    """
    network = loads(table)
    assert network.grid([1], [200, 224]).mult_adds[0] == (
        network.cost(resolution=200).mult_adds,
        network.cost().mult_adds,
    )
    for resolutions in ([224, 256], np.array([224, 256])):
        with pytest.raises(mbcost.MbcostError, match="a linear layer on a map of 2 x 2"):
            _ = network.grid([1], resolutions).mult_adds
    with pytest.raises(mbcost.MbcostError, match="the map vanishes"):
        network.grid([1], [224, 64])


def test_a_residual_between_maps_of_different_size_is_the_walk_s_error() -> None:
    table = """
        format: 1
        input: {channels: 8, resolution: 32}
        rounding: floor
        layers: [{op: inverted_residual, out_channels: 8, expansion: 2, padding: valid}]
    """
    network = loads(table)
    for alphas in (["1"], np.array([1])):
        with pytest.raises(mbcost.MbcostError, match="a residual between maps of 8 x 32 x 32 and 8 x 30 x 30"):
            _ = network.grid(alphas, [32]).mult_adds
    for alphas in (["0.5"], np.array([0.5])):
        assert network.grid(alphas, [32]).params[0][0] == network.cost(alpha="0.5").params


def test_a_map_that_grows_without_end_is_the_walk_s_error() -> None:
    rows = "{op: depthwise, multiplier: 100}, " * 8
    network = loads(
        f"format: 1\ninput: {{channels: 3, resolution: 8}}\nrounding: floor\nlayers: [{{op: conv, kernel_size: 1, out_channels: 4}}, {rows[:-2]}]\n"
    )
    for alphas in (["1"], np.array([1])):
        with pytest.raises(mbcost.MbcostError, match="a map of more than"):
            _ = network.grid(alphas, [8]).mult_adds


def test_more_channels_than_a_map_can_have_below_a_flatten_are_the_walk_s_error() -> None:
    """Whether there are too many depends on alpha and the resolution both: such a family is counted point by point."""
    table = "{{format: 1, input: {{channels: 3, resolution: 64}}, rounding: floor, layers: [{{op: pointwise, out_channels: {}}}, {{op: flatten}}]}}"
    network = loads(table.format(1_000_000))
    fine, over = 31_622, 31_623  # 10^15 channels are a million maps of 31,622.8 pixels a side
    assert network.grid([1], [fine]).mult_adds == [(network.cost(resolution=fine).mult_adds,)]
    for ask in (
        lambda: network.cost(resolution=over),
        lambda: network.grid([1], [fine, over]).mult_adds,
        lambda: network.grid([1], np.array([fine, over])).mult_adds,
        lambda: network.cost(resolution=np.array([fine, over])).mult_adds,
    ):
        with says("a map of more than 1,000,000,000,000,000 channels", "flatten_1"):
            ask()
    assert separate(network) is None
    assert separate(loads(table.format(3_000))) is not None  # nowhere too many: alpha is at most 64, a side 65,536


@pytest.mark.parametrize("size", [(1, 1), (65_536, 65_536)])
def test_totals_beyond_64_bits_are_exact_in_lists(size: tuple[int, int]) -> None:
    network = mbcost.load("mobilenet_v1")
    found = network.grid([64], [size, 224], batch=1_000_000).mult_adds[0]
    assert found == tuple(network.cost(alpha=64, resolution=r, batch=1_000_000).mult_adds for r in (size, 224))


def test_idealised_rows_are_those_of_the_walk() -> None:
    for name in ("mobilenet_v1", "mobilenet_v3_large", "efficientnet_b0", "squeezenet_1_0"):
        network = mbcost.load(name)
        alphas = [Fraction(1)] if network.rounding is None else [Fraction(1, 3), Fraction(5, 4)]
        grid = network.grid(alphas, [100, 224])
        wanted = [tuple(network.cost(alpha=a, resolution=r, ideal=True).mult_adds for r in (100, 224)) for a in alphas]
        assert list(grid.ideal("mult_adds")) == wanted


def test_grids_iterate_over_their_points() -> None:
    grid = mbcost.load("mobilenet_v2").grid(["0.35", 1], ["96x128", 224])
    assert len(grid) == 4
    assert list(grid)[3] == (Fraction(1), (224, 224), 300_774_272, 3_504_872)
    assert [point[1] for point in grid] == [(96, 128), (224, 224)] * 2


@pytest.mark.parametrize(
    ("alphas", "resolutions", "message"),
    [
        ([], [224], "the grid has no points"),
        (["0.5"], [], "the grid has no points"),
        ("0.5", [224], "alphas must be a list, not str"),
        ([0.5], 224, "resolutions must be a list, not int"),
        ([0], [224], "alpha (=0) must be above 0"),
        (["x"], [224], "alpha `x` is not a number"),
        (np.array([0.1 + 0.2]), [224], "0.30000000000000004 has more than 12 digits"),
        (np.array([np.nan]), [224], "alpha `nan` is not a number"),
        (np.array([65.0]), [224], "alpha (=65) must be above 0 and at most 64"),
        (np.array([-1]), [224], "must be above 0"),
        (np.array([1j]), [224], "alpha must be an array of numbers"),
        (np.array([[1.0]]), [224], "one axis each"),
        (np.array([]), [224], "the grid has no points"),
        ([1], np.array([0]), "resolution 0 is not 1 to 65536 pixels"),
        ([1], np.array([1.5]), "resolutions must be an array of whole numbers"),
    ],
)
def test_bad_grids_are_errors(alphas: Any, resolutions: Any, message: str) -> None:
    with pytest.raises(mbcost.MbcostError) as caught:
        mbcost.load("mobilenet_v1").grid(alphas, resolutions)
    assert message in str(caught.value)


def test_a_network_without_a_rounding_rule_has_no_width_to_vary() -> None:
    network = mbcost.load("vgg16")
    for alphas in (["0.5"], np.array([1, 0.5])):
        with pytest.raises(mbcost.MbcostError, match="has no width to vary"):
            network.grid(alphas, [224])
    assert network.grid([1], [224, 230]).mult_adds[0][0] == network.cost().mult_adds


def test_square_grids_scale_as_they_should() -> None:
    """Without rounding and with even sizes, four times the positions are four times the mult-adds of the maps."""
    grid = mbcost.load("mobilenet_v1").grid(["1"], [224, 448], without=("classifier",))
    small, large = grid.mult_adds[0]
    assert isqrt(large // small) == 2
    assert large == 4 * small
