"""Rules that make a width a whole number, against a search among the multiples, and in every arithmetic alike."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import mbcost
from mbcost import loads
from mbcost.dims import Arithmetic, Rounding, parse_rounding
from mbcost.errors import MbcostError
from mbcost.solve.steps import START, BaseWidth, between, inside

RULES = ("floor", "ceil", "nearest", "nearest-even", "divisor", "floor+divisor")
rules = st.builds(Rounding, st.sampled_from(RULES), st.integers(1, 20), st.sampled_from([0, 0, 1, 8, 13]))


def searched(width: Fraction, rule: Rounding) -> int:
    """The multiple a rule takes, by trying them one after another."""
    if rule.rule == "floor+divisor":
        width = Fraction(max(n for n in range(int(width) + 1) if n <= width))
    multiples = range(0, int(width) + 3 * rule.divisor + 1, rule.divisor)
    if rule.rule == "floor":
        found = max(n for n in multiples if n <= width)
    elif rule.rule == "ceil":
        found = min(n for n in multiples if n >= width)
    elif rule.rule == "nearest-even":
        found = rule.divisor * round(width / rule.divisor)  # Python's own round, on an exact rational
    else:
        found = min(multiples, key=lambda n: (abs(n - width), -n))
        if rule.rule != "nearest":
            found = max(found, rule.divisor)
            found += rule.divisor if found < width * Fraction(9, 10) else 0
    return max(found, rule.least)


@given(st.fractions(min_value=Fraction(1, 1000), max_value=500, max_denominator=1000), rules)
@example(Fraction(5, 2), Rounding("nearest-even"))
@example(Fraction(7, 2), Rounding("nearest-even"))
@example(Fraction(12), Rounding("nearest", 8))
def test_every_rule_takes_the_multiple_a_search_finds(width: Fraction, rule: Rounding) -> None:
    assert Arithmetic(1, 1, None).round(width, 1, rule) == searched(width, rule)
    numerators = np.array([width.numerator, 3 * width.numerator])
    assert Arithmetic(1, 1, None).round(numerators, width.denominator, rule).tolist() == [
        searched(width, rule), searched(3 * width, rule),
    ]  # fmt: skip


@given(rules)
def test_a_rule_is_spelt_as_it_is_read(rule: Rounding) -> None:
    assert parse_rounding(str(rule)) == rule


@pytest.mark.parametrize(
    "text",
    [
        "floor:0",
        "ceil",
        "nearest:8,min:0",
        "divisor:8,max:9",
        "nearest:8, min:8",
        "even:8",
        "floor+ceil:8",
        "none,min:8",
    ],
)
def test_a_rule_that_is_none_names_those_there_are(text: str) -> None:
    with pytest.raises(MbcostError, match="unknown rounding") as told:
        parse_rounding(text)
    assert "nearest-even:8" in told.value.help


NET = """
format: 1
name: net
input: {{channels: 3, resolution: 32}}
rounding: "{rule}"
layers:
  - {{op: conv, kernel_size: 3, out_channels: 24, stride: 2}}
  - {{op: conv, kernel_size: 1, out_channels: 40, rounding: "{own}"}}
  - {{op: inverted_residual, expansion: 6, out_channels: 40, se: 1/4, se_rounding: "nearest-even:1,min:1"}}
  - {{op: conv, kernel_size: 1, expansion: 1/2, of: conv_2, rounding: "ceil:4"}}
  - {{op: linear, name: classifier, out_channels: 10, width: fixed, from: pool}}
""".replace("  - {{op: linear", "  - {{op: global_pool, name: pool}}\n  - {{op: linear")


@settings(max_examples=40, deadline=None)
@given(rules, rules, st.fractions(min_value=Fraction(1, 4), max_value=3, max_denominator=64))
@example(
    Rounding("nearest-even", 14), Rounding("floor", 2, 8), Fraction(1, 2)
)  # SymPy takes Max(8, 2 n) / 14 for whole
def test_numbers_grids_arrays_and_expressions_round_alike(rule: Rounding, own: Rounding, alpha: Fraction) -> None:
    network = loads(NET.format(rule=rule, own=own))
    try:
        cost = network.cost(alpha, resolution=32)
    except MbcostError:
        return  # a width of 0, which every way of counting refuses
    widths = [row.output[0] for row in cost.rows if row.kind in {"conv", "pointwise"}]
    assert widths[0] == searched(24 * alpha, rule)
    assert cost.rows[1].output[0] == searched(40 * alpha, own)
    last = next(row for row in cost.rows if row.name == "conv_3")
    assert last.output[0] == searched(Fraction(cost.rows[1].output[0], 2), Rounding("ceil", 4))
    assert network.grid([alpha], [32]).mult_adds == [(cost.mult_adds,)]
    assert (
        network.cost(
            np.array([float(alpha)]) if alpha.denominator in {1, 2, 4, 8, 16, 32, 64} else alpha, resolution=32
        ).mult_adds
        == cost.mult_adds
    )
    realised = network.formula().realised
    assert realised.at(realised.mult_adds, alpha, (32, 32)) == cost.mult_adds


@given(st.integers(1, 200), rules, st.fractions(min_value=0, max_value=2, max_denominator=500))
def test_no_width_changes_between_two_steps(value: int, rule: Rounding, alpha: Fraction) -> None:
    places = [START, *between([BaseWidth(value, False)], rule, Fraction(0), Fraction(3))]
    start = max(
        place for place in places if place.alpha < alpha or (place.alpha == alpha and not place.after) or place is START
    )
    end = next((place for place in places if place > start), None)
    if end is None or alpha == 0:
        return
    inner = inside(start, end)
    assert Arithmetic(*inner.as_integer_ratio(), rule).scale(value) == Arithmetic(
        *alpha.as_integer_ratio(), rule
    ).scale(value)


def test_a_share_needs_its_factor() -> None:
    table = "format: 1\ninput: {channels: 3, resolution: 8}\nlayers: [{op: conv, name: a, kernel_size: 1, out_channels: 8}, {op: conv, kernel_size: 1, out_channels: 8, of: a}]"
    with pytest.raises(MbcostError, match="`of` without `expansion`"):
        loads(table).cost()
    assert mbcost.load("mobilenet_v1").cost(rounding="nearest:8").mult_adds == 568740352
