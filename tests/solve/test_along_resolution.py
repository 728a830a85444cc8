"""The largest input at a fixed alpha, the next one that breaks a limit, and the ideal rho, on maps square and not."""

from __future__ import annotations

from fractions import Fraction

import pytest

import mbcost
from mbcost.solve.family import Constraint
from mbcost.solve.solver import Solver, largest_size, next_size
from tests.inline import table

ONE = Fraction(1)
PIXEL = 27  # mult-adds of three channels, 3 x 3 each


def most(pixels: int) -> list[Constraint]:
    return [Constraint("mult_adds", PIXEL * pixels)]


def least(pixels: int) -> list[Constraint]:
    return [Constraint("mult_adds", PIXEL * pixels, True)]


def square(side: int) -> tuple[int, int]:
    return side, side


@pytest.mark.parametrize(
    ("limits", "here", "beyond"),
    [
        (most(100), 10, 11),
        (most(120), 10, 11),
        (least(100), 10, 9),
        (least(82), 10, 9),
        (most(3), 1, 2),
        (least(4), 2, 1),
    ],
    ids=str,
)
def test_the_next_input_is_the_first_that_breaks_a_limit(limits: list[Constraint], here: int, beyond: int) -> None:
    solver = Solver(table("- {op: depthwise}"))
    found = largest_size(solver, ONE, limits)
    assert found is not None
    assert found[0].size == found[1] == square(here)
    following = next_size(solver, ONE, square(here), limits)
    assert following is not None
    assert (following[0].size, following[0].values["mult_adds"], following[1]) == (
        square(beyond),
        PIXEL * beyond**2,
        "mult_adds",
    )


@pytest.mark.parametrize(("limits", "here"), [(most(65_536**2), 65_536), (least(1), 1)], ids=str)
def test_nothing_lies_beyond_the_ends(limits: list[Constraint], here: int) -> None:
    assert next_size(Solver(table("- {op: depthwise}")), ONE, square(here), limits) is None


def test_the_next_input_may_be_far_away() -> None:
    """One position of 27 mult-adds up to 20,000 pixels: as many inputs are looked at, and no more."""
    layers = "- {op: depthwise, stride: 20000}"
    solver = Solver(table(layers))
    limits = most(1)
    (size, _), smallest = largest_size(solver, ONE, limits) or pytest.fail("none found")
    assert (size, smallest) == (square(20_000), square(1))
    following = next_size(solver, ONE, size, limits)
    assert following is not None
    assert following[0] == (square(20_001), solver.at(ONE, square(20_001)))
    assert next_size(solver, ONE, square(1), limits) == following  # the last of twenty thousand
    assert next_size(Solver(table("- {op: depthwise, stride: 20001}")), ONE, square(1), limits) is None


# ---- maps that are not square


@pytest.mark.parametrize("rho", [Fraction(1, 4), Fraction(1, 2), ONE, Fraction(3, 2), Fraction(2)])
def test_the_ideal_rho_scales_both_sides(rho: Fraction) -> None:
    """27 mult-adds for each of 64 rho x 96 rho positions."""
    solver = Solver(table("- {op: depthwise}", resolution="[64, 96]"))
    assert solver.ideal_rho(ONE, most(int(64 * 96 * rho**2))) == rho


@pytest.mark.parametrize(
    ("limits", "size", "beyond"),
    [
        (most(64 * 96), (64, 96), (65, 98)),
        (most(64 * 96 - 1), (63, 95), (64, 96)),
        (most(2), (1, 2), (2, 3)),
        (most(1), None, None),
        (least(64 * 96 - 1), (64, 96), (63, 95)),
        (least(64 * 96 + 1), (65, 98), (64, 96)),
        (most(10**10), (43_690, 65_535), None),
        (least(3), (2, 3), (1, 2)),
    ],
    ids=str,
)
def test_inputs_keep_the_shape_of_the_table_s_own(
    limits: list[Constraint], size: tuple[int, int] | None, beyond: tuple[int, int] | None
) -> None:
    """Three columns for every two rows, a half up, and none where that makes more than 65,536 columns."""
    solver = Solver(table("- {op: depthwise}", resolution="[64, 96]"))
    found = largest_size(solver, ONE, limits)
    assert (found and (found[0].size, found[1])) == (size and (size, size))
    if size is not None:
        following = next_size(solver, ONE, size, limits)
        assert (following and following[0].size) == beyond


def test_inputs_begin_where_the_shorter_side_has_a_pixel() -> None:
    """One column for every 96 rows, a half up: from 48 rows on."""
    solver = Solver(table("- {op: depthwise}", resolution="[96, 1]"))
    for limits, height in ((least(1), 48), (most(48), 48), (most(50), 50), (least(49), 49)):
        found = largest_size(solver, ONE, limits)
        assert found is not None
        assert found[0].size == (height, 1)
    assert largest_size(solver, ONE, most(47)) is None


def test_the_ideal_rho_of_the_paper_s_network_is_a_root() -> None:
    """MobileNets, at alpha 1: everything but the classifier's 1,024,000 scales with the square of rho."""
    rho = Solver(mbcost.load("mobilenet_v1")).ideal_rho(ONE, [Constraint("mult_adds", 300_000_000)])
    assert rho is not None
    for end, within in ((rho, True), (rho + Fraction(1, 10**12), False)):
        assert (567_716_352 * end**2 + 1_024_000 <= 300_000_000) is within


def test_the_ideal_multipliers_round_nothing() -> None:
    """2.5 channels of 15.5 x 15.5 positions, three mult-adds each."""
    solver = Solver(table("- {op: conv, kernel_size: 1, out_channels: 5, stride: 2}", head="rounding: floor"))
    limits = [Constraint("mult_adds", 7208)]  # 3 x 2.5 x 31 x 31 = 7207.5, of a map of 62 x 62
    alpha, rho = solver.ideal_alpha((62, 62), limits), solver.ideal_rho(Fraction(1, 2), limits)
    assert alpha is not None
    assert rho is not None
    assert 0 <= Fraction(7208, 3 * 5 * 31 * 31) - alpha < Fraction(1, 10**12)
    assert 0 <= Fraction(7208, 3) / Fraction(5, 2) - (16 * rho) ** 2 < Fraction(1, 10**8)
    odd = solver.ideal_alpha((31, 31), [Constraint("mult_adds", 3604)])  # not of 16 x 16 positions
    assert odd is not None
    assert 0 <= Fraction(3604, 3 * 5) / Fraction(31, 2) ** 2 - odd < Fraction(1, 10**12)


@pytest.mark.parametrize("stride", [1, 2, 3, 4, 7])
def test_the_smallest_input_of_the_same_cost_is_one_stride_below(stride: int) -> None:
    """Five positions a side: of 4 strides and a pixel, up to 5 strides."""
    found = largest_size(Solver(table(f"- {{op: depthwise, stride: {stride}}}")), ONE, most(25))
    assert found is not None
    assert (found[0].size, found[1]) == (square(5 * stride), square(4 * stride + 1))
