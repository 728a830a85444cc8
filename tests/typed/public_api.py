"""What a type checker sees of the public API: read by ``mypy --strict`` together with the package, never run.

A comment that silences an error is an error itself where there is none to silence, so what must be refused stands here too.
"""

from __future__ import annotations

from fractions import Fraction
from typing import assert_type

import mbcost
from mbcost.separated.arrays import ArrayCost, ArrayGrid
from mbcost.separated.arrays.reading import Array


def numbers(network: mbcost.Network) -> None:
    cost = network.cost("0.75", resolution=192)
    assert_type(cost, mbcost.Cost)
    assert_type(cost.mult_adds, int)
    assert_type(cost.params, int)
    assert_type(cost.total("peak_memory"), int)
    cost.mult_adds.foo  # type: ignore[attr-defined]  # noqa: B018
    cost.mult_add  # type: ignore[attr-defined]  # noqa: B018
    network.cost(alfa=1)  # type: ignore[call-overload]
    network.cost(batch="two")  # type: ignore[call-overload]
    assert_type(mbcost.load("mobilenet_v1"), mbcost.Network)
    assert_type(mbcost.loads("format: 1"), mbcost.Network)
    assert_type(network.standard().having(classes=10), mbcost.Network)


def fractions(network: mbcost.Network) -> None:
    assert_type(network.cost(ideal=True).mult_adds, int | Fraction)
    found = network.solve(max_mult_adds="300M")
    assert_type(found, mbcost.Solution | None)
    if found is not None:
        assert_type(found.alpha, Fraction)


def arrays(network: mbcost.Network, many: Array) -> None:
    assert_type(network.cost(many), ArrayCost)
    assert_type(network.cost(resolution=many), ArrayCost)
    assert_type(network.cost(many).mult_adds, Array)
    assert_type(network.grid(many, [192]), ArrayGrid)
    assert_type(network.grid(["0.5"], [192]), mbcost.Grid)
    assert_type(network.grid(["0.5"]).mult_adds, list[tuple[int, ...]])


def answers(network: mbcost.Network) -> None:
    assert_type(network.formula(convention="thop"), mbcost.Formula)
    assert_type(mbcost.compare(network, "mobilenet_v1@0.5"), tuple[mbcost.Cost, ...])
    assert_type(mbcost.diff(network, network), mbcost.Difference)
    assert_type(mbcost.check("mbcost-budgets.yaml").passed, bool)
