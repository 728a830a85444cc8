"""What stands beside an answer: decimals of alpha, published accuracies, the grid of the checkpoints, the next network."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

import mbcost
from mbcost.errors import MbcostError
from mbcost.network import variant_of
from mbcost.quantities import QUANTITIES
from mbcost.solve import answers, family
from mbcost.solve.answers import Answer, Solution, typed
from mbcost.solve.family import Constraint, limited, worst
from mbcost.solve.members import Accuracy, Member, accuracies, axes, pareto, points
from mbcost.solve.solver import Solver, Step
from mbcost.solve.steps import Edge
from tests.inline import table

ONE, HALF = Fraction(1), Fraction(1, 2)
MOST = [Constraint("mult_adds", 300_000_000)]


def accuracy(alpha: Any, side: int) -> Accuracy:
    return Accuracy("published", Fraction(alpha), (side, side), Fraction(70), "a table")


# ---- alpha as it is typed


@pytest.mark.parametrize(
    ("alpha", "end", "decimal"),
    [
        ("1/3", "1", "0.333333333334"),
        ("1/3", "0.333333333335", "0.333333333334"),
        ("1/3", "0.333333333334", "1/3"),
        ("4/3", "2", "1.33333333334"),
        ("37/3", "13", "12.3333333334"),
        ("3/4", "1", "0.75"),
    ],
)
def test_an_alpha_has_twelve_digits_where_they_give_the_same_network(alpha: str, end: str, decimal: str) -> None:
    """They are rounded up, since a step begins at its alpha, and must stay below its end."""
    step = Step(Edge(Fraction(alpha)), Edge(Fraction(end)), Fraction(alpha), (32, 32), {})
    assert Solution(Fraction(alpha), (32, 32), {}, step).decimal == Fraction(decimal)


@pytest.mark.parametrize(
    ("end", "below"), [(Edge(ONE), ONE), (Edge(Fraction(64)), Fraction(64)), (Edge(Fraction(64), True), None)], ids=str
)
def test_a_step_ends_where_the_next_begins_and_the_last_one_nowhere(end: Edge, below: Fraction | None) -> None:
    """From 63 on a step can end at 64, which is an alpha too; above it there is none."""
    step = Step(Edge(HALF), end, HALF, (32, 32), {})
    assert Solution(HALF, (32, 32), {}, step).below == below
    assert Solution(HALF, (32, 32), {}).below is None


def test_what_has_no_step_keeps_its_alpha() -> None:
    assert Solution(Fraction(1, 3), (32, 32), {}).decimal == Fraction(1, 3)


@pytest.mark.parametrize(
    ("start", "end", "alpha"),
    [
        (Edge(HALF), ONE, "1/2"),
        (Edge(HALF, True), ONE, "0.6"),
        (Edge(HALF, True), Fraction(6, 10), "0.51"),
        (Edge(Fraction(5, 9), True), Fraction(3, 4), "0.6"),
        (Edge(Fraction(5, 9), True), Fraction(56, 100), "0.556"),
    ],
    ids=str,
)
def test_a_step_is_typed_by_its_lower_end_or_the_shortest_decimal_inside(
    start: Edge, end: Fraction, alpha: str
) -> None:
    assert typed(Step(start, Edge(end), HALF, (32, 32), {})) == Fraction(alpha)


# ---- the grid and its front


def test_the_grid_is_that_of_the_published_networks() -> None:
    network = mbcost.load("mobilenet_v1")
    published = [accuracy("1/2", 96), accuracy("1.4", 224), accuracy("1/2", 224)]
    assert axes(network, published) == ([HALF, Fraction(7, 5)], [(96, 96), (224, 224)])
    assert axes(network)[0] == [Fraction(k, 4) for k in (1, 2, 3, 4)]
    fixed = mbcost.load("vgg16")
    assert (axes(fixed)[0], axes(fixed, rounded=True)[0]) == ([ONE], axes(network)[0])
    answer = Answer(network, Solver(network), MOST, None, None, published)
    assert [(point.alpha, point.size) for point in answer.grid] == [(HALF, (224, 224)), (Fraction(7, 5), (96, 96))]


def test_points_take_sizes_that_are_listed_once() -> None:
    found = points(
        [HALF, ONE],
        iter([(32, 32), (64, 64)]),
        lambda alpha, size: {"n": size[0]} if alpha == 1 or size[0] > 32 else None,
    )
    assert [(point.alpha, point.size, point.values["n"]) for point in found] == [
        (HALF, (64, 64), 64),
        (ONE, (32, 32), 32),
        (ONE, (64, 64), 64),
    ]


def test_the_front_is_what_no_other_exceeds_in_alpha_or_in_either_side() -> None:
    grid = [Member(Fraction(k), size, {}) for k, size in (
        (1, (32, 64)), (1, (64, 32)), (1, (32, 32)), (2, (32, 32)), (2, (32, 48)), (3, (32, 32)), (1, (32, 48)), (2, (31, 49)), (1, (48, 48)),
    )]  # fmt: skip
    assert [(int(one.alpha), one.size) for one in pareto(grid)] == [
        (1, (32, 64)), (1, (48, 48)), (1, (64, 32)), (2, (31, 49)), (2, (32, 48)), (3, (32, 32)),
    ]  # fmt: skip
    assert [(int(one.alpha), one.size) for one in pareto(grid, smallest=True)] == [(1, (32, 32)), (2, (31, 49))]


@pytest.mark.parametrize(("rounding", "alpha"), [(None, ONE), ("divisor:8", Fraction(1, 4))])
def test_the_grid_of_a_network_without_a_rounding_has_alpha_1_alone(rounding: str | None, alpha: Fraction) -> None:
    network = mbcost.load("vgg16")
    solver = Solver(network, variant_of(rounding=rounding))
    answer = Answer(network, solver, [Constraint("mult_adds", 1, True)], [ONE], [(128, 128)], [])
    assert [(point.alpha, point.size) for point in answer.grid] == [(alpha, (128, 128))]


# ---- published accuracies


def cell(row: str, column: str = "top1", published: str = "70.6", **setting: Any) -> SimpleNamespace:
    return SimpleNamespace(row=row, column=column, published=published, setting={"model": "mobilenet_v1", **setting})


def test_an_accuracy_is_of_the_alpha_and_the_resolution_that_its_cell_names() -> None:
    cells = [
        cell("as in the table"),
        cell("narrow", "top1_last", "63.7", alpha="1/2"),
        cell("small", published="67.2", rho="6/7"),
        cell("both", published="60.2", alpha=0.5, resolution=160),
        cell("again", published="1", resolution=224),
        cell("another quantity", "mult_adds", "569"),
        cell("another model", model="mobilenet_v2"),
        cell("another network", classes=10, alpha="3/4"),
        cell("narrow, 8-bit", alpha="1/4"),
    ]
    paper = SimpleNamespace(title="Paper", tables=[SimpleNamespace(title="Table 6", cells=cells)])
    source = "Paper, Table 6"
    assert accuracies(mbcost.load("mobilenet_v1"), [paper]) == [
        Accuracy("as in the table", ONE, (224, 224), Fraction("70.6"), source),
        Accuracy("narrow", HALF, (224, 224), Fraction("63.7"), source),
        Accuracy("small", ONE, (192, 192), Fraction("67.2"), source),
        Accuracy("both", HALF, (160, 160), Fraction("60.2"), source),
    ]


# ---- the next network


def test_the_next_network_is_the_first_that_breaks_a_limit_however_far() -> None:
    network = mbcost.load("mobilenet_v1")
    solver = Solver(network)
    here = solver.step_of(HALF, (224, 224))
    assert here is not None
    for limits in (MOST, [*MOST, Constraint("params", 10**9, True)], [Constraint("params", 10**9), *MOST]):
        above = solver.following(here, limits)
        assert above is not None
        assert (above.step.start, above.quantity) == (Edge(Fraction(738, 1024)), "mult_adds")
    wide = solver.step_of(ONE, (224, 224))
    assert wide is not None
    below = solver.following(wide, [Constraint("mult_adds", 300_000_000, True)])
    assert below is not None
    assert (below.step.start, below.quantity) == (Edge(Fraction(737, 1024)), "mult_adds")
    assert solver.following(here, [Constraint("mult_adds", 1, True)]) is None


# ---- where nothing fits


def test_the_cheapest_input_is_looked_for_below_512() -> None:
    assert answers.SMALL == 512
    limits = [Constraint("mult_adds", 1)]
    for side in (511, 512):
        network = table(f"- {{op: depthwise, kernel_size: {side}, padding: valid}}", resolution=600)
        answer = Answer(network, Solver(network), limits, [ONE], None, [])
        assert answer.solutions == []
        if side < answers.SMALL:
            assert answer.cheapest.size == (side, side)
            assert answer.cheapest.values["mult_adds"] == 3 * side**2
        else:
            with pytest.raises(MbcostError, match="cannot be counted at any of these points"):
                _ = answer.cheapest


def test_the_cheapest_is_the_smallest_of_what_was_asked_about() -> None:
    """27 mult-adds a pixel of a depthwise layer, at 1 x 1 or at the resolutions given; a pointwise one of 3 x 1 channels."""
    network = table("- {op: depthwise}")
    limits = [Constraint("mult_adds", 1)]
    open_size = Answer(network, Solver(network), limits, [ONE], None, [])
    assert (open_size.cheapest.size, open_size.cheapest.values["mult_adds"]) == ((1, 1), 27)
    given = Answer(network, Solver(network), limits, [ONE], [(9, 7), (5, 8), (64, 1)], [])
    assert (given.cheapest.size, given.cheapest.values["mult_adds"]) == ((5, 8), 27 * 40)
    wide = table("- {op: conv, kernel_size: 1, out_channels: 8}", head="rounding: ceil:1")
    along = Answer(wide, Solver(wide), limits, None, [(4, 4), (2, 3)], [])
    assert (along.cheapest.size, along.cheapest.values["mult_adds"]) == ((2, 3), 3 * 6)
    assert 0 < along.cheapest.alpha <= Fraction(1, 8)


def test_the_largest_within_the_maxima_is_shown_where_minima_are_out_of_reach() -> None:
    """3 mult-adds a pixel and channel: 100 allow 2 channels at 4 x 4 and at 3 x 4, 4 at 2 x 4."""
    network = table("- {op: conv, kernel_size: 1, out_channels: 8}", head="rounding: floor")
    solver = Solver(network)
    most, least = Constraint("mult_adds", 100), Constraint("params", 10**6, True)
    sizes = [(3, 4), (4, 4)]
    answer = Answer(network, solver, [most, least], None, sizes, [])
    assert answer.solutions == []
    largest = answer.largest()
    assert largest is not None
    assert (largest.size, largest.alpha, largest.values["mult_adds"]) == ((4, 4), Fraction(1, 4), 96)
    tie = Answer(network, solver, [most, least], None, [(4, 4), (2, 4)], []).largest()
    assert tie is not None
    assert (tie.size, tie.values["mult_adds"]) == ((2, 4), 96)  # as many mult-adds, and more params
    assert Answer(network, solver, [most], None, sizes, []).largest() is None
    assert Answer(network, solver, [least], None, sizes, []).largest() is None
    assert Answer(network, solver, [most, least], [ONE], sizes, []).largest() is None
    assert Answer(network, solver, [Constraint("mult_adds", 1), least], None, sizes, []).largest() is None


def test_an_alpha_that_a_network_cannot_have_is_an_error_beside_one_that_it_can() -> None:
    network = mbcost.load("vgg16")
    with pytest.raises(MbcostError, match="has no width to vary"):
        Answer(network, Solver(network), MOST, [ONE, HALF], None, [])


# ---- limits


def limits(*given: tuple[str, str, str]) -> list[Constraint]:
    return limited([(bound, QUANTITIES[name], amount, f"--{bound}-{name}") for bound, name, amount in given])


def test_limits_contradict_each_other_only_on_one_quantity_and_where_nothing_lies_between() -> None:
    assert len(limits(("min", "params", "2M"), ("max", "params", "2M"))) == 2
    assert len(limits(("min", "params", "2M"), ("max", "mult_adds", "1M"))) == 2
    assert len(limits(("min", "weights", "2M"), ("max", "params", "1M"))) == 2
    for low, high in ((("params", "2.000001M"), ("params", "2M")), (("mult_adds", "2M"), ("flops", "3.999999M"))):
        with pytest.raises(MbcostError, match="the limits contradict each other"):
            limits(("min", *low), ("max", *high))
    assert len(limits(("min", "mult_adds", "2M"), ("max", "flops", "4M"))) == 2


def test_the_worst_limit_is_off_by_the_largest_factor() -> None:
    values: dict[str, Any] = {"mult_adds": 300, "params": 50, "weights": 0}
    most = [Constraint("mult_adds", 100), Constraint("params", 20)]
    assert worst(most, values) == "mult_adds"  # 3 against 2.5
    assert worst([Constraint("mult_adds", 200), Constraint("params", 20)], values) == "params"
    assert worst([Constraint("mult_adds", 900, True), Constraint("params", 100, True)], values) == "mult_adds"
    assert worst([Constraint("mult_adds", 900, True), Constraint("params", 200, True)], values) == "params"
    assert worst([Constraint("weights", 5, True), Constraint("params", 200, True)], values) == "weights"
    assert worst([Constraint("weights", 3, True), Constraint("params", 200, True)], values) == "params"


# ---- how much is looked at


def test_a_question_about_more_points_than_can_be_looked_at_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    solver = Solver(table("- {op: conv, kernel_size: 1, out_channels: 8}", head="rounding: floor"))
    monkeypatch.setattr(family, "MAX_WORK", 10 * solver._one)
    for alphas, sizes in ((10, 1), (5, 2), (1, 10), (3, 3)):
        solver.check_many(alphas, sizes)
    for alphas, sizes, said in ((11, 1, "11 alphas"), (1, 11, "11 resolutions"), (4, 3, "4 alphas and 3 resolutions")):
        with pytest.raises(MbcostError, match=rf"^{said}: at most 10 points of this network are looked at"):
            solver.check_many(alphas, sizes)
    for _ in range(10):
        solver.at(ONE, (32, 32))
    with pytest.raises(
        MbcostError, match=r"came as far as alpha 0\.5 and resolution 32x16: what lies beyond was not looked"
    ):
        solver.at(HALF, (32, 16))


def test_the_work_of_a_point_grows_with_the_table_and_the_quantities() -> None:
    row = "- {op: conv, kernel_size: 1, out_channels: 8}\n"
    one, two = (Solver(table(row * n, head="rounding: floor"), quantities=["mult_adds"])._one for n in (1, 2))
    more = Solver(table(row, head="rounding: floor"), quantities=["mult_adds", "largest_activation"])._one
    assert family.FIXED < one < two < 2 * one
    assert one < more
