"""Where a rounding rule lets a width change, against trying every alpha."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbcost.dims import Arithmetic, parse_rounding
from mbcost.solve.steps import BaseWidth, Edge, between, inside

RULES = (
    *(
        "floor",
        "floor:8",
        "ceil:8",
        "ceil:1",
        "nearest:8",
        "nearest:3",
        "nearest:1",
        "nearest-even:8",
        "nearest-even:3",
    ),
    *(
        "divisor:8",
        "divisor:3",
        "divisor:1",
        "floor+divisor:8",
        "floor+divisor:5",
        "nearest:8,min:16",
        "divisor:8,min:20",
    ),
)
FINE = [Fraction(k, 720) for k in range(1, 2200)]


def rounded(width: BaseWidth, rule: str, alpha: Fraction) -> int:
    arith = Arithmetic(alpha.numerator, alpha.denominator, parse_rounding(rule))
    value = arith.grow(width.value) if width.grows else arith.scale(width.value)
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "width",
    [BaseWidth(7, False), BaseWidth(16, False), BaseWidth(24, False), BaseWidth(96, False), BaseWidth(40, True)],
)
def test_a_width_is_constant_between_two_places(rule: str, width: BaseWidth) -> None:
    places = between([width], parse_rounding(rule), Fraction(0), Fraction(4))
    for alpha in FINE:
        place = Edge(alpha)
        index = bisect_right(places, place)
        if index and (start := places[index - 1]).alpha < alpha:
            following = places[index] if index < len(places) else Edge(Fraction(4))
            assert rounded(width, rule, alpha) == rounded(width, rule, inside(start, min(following, place)))


@pytest.mark.parametrize("rule", RULES)
def test_every_change_of_a_width_is_a_place(rule: str) -> None:
    width = BaseWidth(24, False)
    places = between([width], parse_rounding(rule), Fraction(0), Fraction(4))
    changes = 0
    for before, after in pairwise(FINE):
        if rounded(width, rule, before) != rounded(width, rule, after):
            changes += 1
            assert bisect_right(places, Edge(before)) < bisect_right(places, Edge(after))
    assert changes > 5


@given(
    st.sampled_from(RULES), st.integers(1, 300), st.fractions(Fraction(1, 50), 3, max_denominator=400), st.booleans()
)
def test_nothing_changes_strictly_inside_a_step(rule: str, value: int, alpha: Fraction, grows: bool) -> None:
    width = BaseWidth(value, grows)
    places = between([width], parse_rounding(rule), alpha, alpha + 1)
    end = places[0] if places else Edge(alpha + 1)
    if end > Edge(alpha, True):
        assert rounded(width, rule, alpha) == rounded(width, rule, inside(Edge(alpha, True), end))


def test_the_guard_against_losing_a_tenth_acts_just_above_a_rational() -> None:
    """8 is nearest to 80/9 = 8.89 and loses exactly a tenth; a hair more, and the rule takes 16."""
    width, rule = BaseWidth(16, False), "divisor:8"
    edge = Fraction(80, 9) / 16
    assert Edge(edge, True) in between([width], parse_rounding(rule), Fraction(0), Fraction(1))
    assert rounded(width, rule, edge) == 8
    assert rounded(width, rule, edge + Fraction(1, 10**9)) == 16


def test_a_width_that_only_grows_has_no_place_below_1() -> None:
    """ceil:8 of 16 channels changes just above 1; up to 3/4 there is nothing, and from there on that place alone."""
    grows, rule = [BaseWidth(16, True)], parse_rounding("ceil:8")
    assert between(grows, rule, Fraction(1, 2), Fraction(3, 4)) == []
    assert between(grows, rule, Fraction(1, 2), Fraction(5, 4)) == [Edge(Fraction(1), True)]
    assert between([BaseWidth(16, False)], rule, Fraction(1, 2), Fraction(3, 4)) == [Edge(Fraction(1, 2), True)]
