"""Derivatives, elasticities and crossovers against finite differences of the idealised walk."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

import mbcost
from mbcost.analysis.sensitivity import sensitivity
from mbcost.network import variant_of
from mbcost.symbolic.along import AlongAlpha, coefficients, polynomial, text, value_at

MODELS = ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "efficientnet_b0", "shufflenet_v1", "squeezenet_1_0"]
STEP = Fraction(1, 10**6)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("alpha", [Fraction(1, 2), Fraction(1), Fraction(7, 5)])
def test_derivatives_are_those_of_the_idealised_walk(name: str, alpha: Fraction) -> None:
    network = mbcost.load(name)
    rounding = None if network.rounding is not None else "floor"
    found = {(p.quantity, p.variable): p for p in sensitivity(network, variant_of(alpha, rounding=rounding)).partials}
    for quantity in ("mult_adds", "params"):
        here, below = (
            network.cost(alpha=a, ideal=True, rounding=rounding).total(quantity) for a in (alpha, alpha - STEP)
        )
        partial = found[quantity, "alpha"]
        assert partial.value == here
        assert float(partial.derivative) == pytest.approx(float((here - below) / STEP), rel=1e-4)
        assert partial.elasticity == partial.derivative * alpha / here
        # a resolution ten times as fine as the pixel: the idealised sides are rationals
        assert found[quantity, "rho"].value == here
    work = found["mult_adds", "rho"]
    double = network.cost(alpha=alpha, resolution=448, ideal=True, rounding=rounding).mult_adds
    if "squeezenet" not in name:  # without padding sizes are not proportional
        assert work.elasticity is not None
        quadratic = work.elasticity / 2 * work.value  # all that depends on the resolution goes with its square
        assert work.value + 3 * quadratic == double
    assert found["params", "rho"].derivative == 0


def test_v1_s_elasticities_say_how_nearly_alpha_squared_it_is() -> None:
    found = sensitivity(mbcost.load("mobilenet_v1"))
    work = found.partials[0]
    assert work.derivative == 2 * 539_492_352 + 28_224_000 + 1_024_000
    assert work.elasticity == Fraction(work.derivative, 568_740_352)
    assert {kind: text(series, "x") for kind, series in found.kinds.items()} == {
        "conv": "10838016 x", "depthwise": "17385984 x", "pointwise": "539492352 x^2", "linear": "1024000 x",
    }  # fmt: skip


def test_depthwise_and_stem_outweigh_pointwise_below_an_exact_alpha() -> None:
    found = sensitivity(mbcost.load("mobilenet_v1"))
    crossovers = {crossover.smaller: crossover.alpha for crossover in found.crossovers}
    assert crossovers["conv", "depthwise"] == Fraction(28_224_000, 539_492_352)
    assert crossovers["depthwise",] == Fraction(17_385_984, 539_492_352)
    for alpha, larger in ((Fraction(5, 100), True), (Fraction(6, 100), False)):
        costs = {row.kind: 0 for row in mbcost.load("mobilenet_v1").cost().rows}
        for row in mbcost.load("mobilenet_v1").cost(alpha=alpha, ideal=True).rows:
            costs[row.kind] += row.mult_adds
        assert (costs["depthwise"] + costs["conv"] > costs["pointwise"]) is larger


@pytest.mark.parametrize("name", MODELS)
def test_shares_add_up_to_one(name: str) -> None:
    for _, shares in sensitivity(mbcost.load(name)).shares:
        assert sum(shares.values()) == 1


def test_conventions_count() -> None:
    network = mbcost.load("mobilenet_v1")
    found = sensitivity(network, variant_of(convention="fvcore"))
    assert found.partials[0].value == network.cost(convention="fvcore").mult_adds


def test_polynomials() -> None:
    line, along = polynomial([1, 2]), AlongAlpha(False)
    assert coefficients(line * line) == [1, 4, 4]
    assert coefficients(line - line) == []
    assert text(polynomial(0), "x") == "0"
    assert value_at(along.round(line * 3, 2, None), Fraction(1)) == Fraction(9, 2)
    with pytest.raises(mbcost.MbcostError, match="divided by one that varies"):
        along.round(line, line, None)


def test_the_command(say: Any) -> None:
    said = say("formula", "mobilenet_v1", "--sensitivity")
    assert said.code == 0
    for words in ("1.949", "conv + depthwise", "0.05232", "539492352 alpha^2"):
        assert words in said.out
    found = json.loads(say("formula", "mobilenet_v1", "--sensitivity", "-f", "json").out)
    assert found["partials"][0]["elasticity"] == pytest.approx(1.94857407)
    assert found["kinds"]["pointwise"] == ["0", "0", "539492352"]
    assert found["partials"][0]["derivative"] == 1_108_232_704
