"""What is alive: the figures that are published, a network that really allocates, and the recorded polynomials."""

from __future__ import annotations

from operator import mul
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mbcost
from mbcost import loads
from mbcost.memory.graph import Graph, graph
from mbcost.memory.liveness import amounts, lives, moments
from mbcost.memory.rule import LIVENESS, Rule
from mbcost.memory.rules import available
from mbcost.network import variant_of
from mbcost.separated.forms import Form, separate
from mbcost.separated.polynomial import SIZE, Inseparable
from mbcost.tables import models
from tests.memory import simulator
from tests.separated.random_networks import ALPHAS, SIZES, networks

POLYNOMIAL = [rule for rule in available().values() if rule.plan != "greedy"]


def graph_of(network: mbcost.Network, rule: Rule = LIVENESS, **variant: Any) -> Graph:
    """The graph of a network at one point."""
    cost = network.cost(**variant)
    return graph(cost.placed.layers, cost.rows, (network.table.channels, *cost.variant.size), rule)


def peak(network: mbcost.Network, rule: Rule = LIVENESS, **variant: Any) -> int:
    return max(amounts(graph_of(network, rule, **variant)))


@pytest.mark.parametrize(
    ("rule", "elements"),
    [
        ("liveness", 1_505_280), ("torch-eager", 1_856_512), ("paper-v2", 602_112), ("depthwise-in-place", 1_404_928),
        ("largest-map", 1_204_224),
    ],
)  # fmt: skip
def test_the_published_figures_of_mobilenet_v2(rule: str, elements: int) -> None:
    assert peak(mbcost.load("mobilenet_v2"), available()[rule]) == elements


@pytest.mark.parametrize(
    ("model", "elements"),
    [("mobilenet_v1", 1_204_224), ("mobilenet_v2", 1_505_280), ("mobilenet_v3_large", 1_003_520), ("efficientnet_lite0", 1_505_280)],
)  # fmt: skip
def test_the_figures_of_ml_memory_analyser(model: str, elements: int) -> None:
    assert peak(mbcost.load(model)) == elements


@pytest.mark.parametrize("alpha", ["0.1", "0.25", "0.5"])
def test_below_a_half_the_width_of_mobilenet_v2_saves_no_memory(alpha: str) -> None:
    assert peak(mbcost.load("mobilenet_v2"), alpha=alpha) == 752_640


def test_without_the_pooled_vector_the_figure_of_a_squeeze_and_excite_is_wrong() -> None:
    """On a map of 1 x 1 pool and map are equally large, and both are there."""
    network = loads("format: 1\ninput: {channels: 8, resolution: 1}\nlayers:\n  - {op: squeeze_excite, se: 1/4}\n")
    found = moments(graph_of(network))
    assert [(moment.name, moment.total) for moment in found] == [
        ("squeeze_excite_1/reduce/pool", 8 + 8), ("squeeze_excite_1/reduce/linear", 8 + 8 + 2),
        ("squeeze_excite_1/expand/linear", 8 + 2 + 8), ("squeeze_excite_1/expand/multiply", 8 + 8 + 8),
    ]  # fmt: skip


@pytest.mark.parametrize("name", models())
def test_the_shipped_models_in_a_simulator(name: str) -> None:
    network = mbcost.load(name)
    for variant in (
        {},
        {"resolution": 160},
        *([{"alpha": "0.35"}, {"alpha": "1.4", "resolution": 192}] if network.rounding else []),
    ):
        try:
            network.cost(**variant)
        except mbcost.MbcostError:
            continue
        assert peak(network, **variant) == simulator.peak(network, **variant)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from(ALPHAS), st.sampled_from(SIZES))
def test_random_networks_in_a_simulator(network: mbcost.Network, alpha: str, size: Any) -> None:
    try:
        network.cost(alpha=alpha, resolution=size)
    except mbcost.MbcostError:
        return
    assert peak(network, alpha=alpha, resolution=size) == simulator.peak(network, alpha=alpha, resolution=size)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(attention=True), st.sampled_from(ALPHAS), st.sampled_from(SIZES))
def test_random_networks_with_attention_in_a_simulator(network: mbcost.Network, alpha: str, size: Any) -> None:
    try:
        network.cost(alpha=alpha, resolution=size)
    except mbcost.MbcostError:
        return
    assert peak(network, alpha=alpha, resolution=size) == simulator.peak(network, alpha=alpha, resolution=size)


def recorded(network: mbcost.Network, rule: Rule, **variant: Any) -> tuple[Any, list[Form | int]] | None:
    """The polynomials whose maximum is the peak, and how they are evaluated."""
    asked = variant_of(**variant)
    separated = separate(network, asked)
    if separated is None:
        return None
    recorder = separated.trace.recorder
    start = (network.table.channels, recorder.atom("height", domain=SIZE), recorder.atom("width", domain=SIZE))
    placed = network.placed(asked)
    trace = separated.trace
    try:
        found = amounts(graph(placed.layers, trace.rows, start, rule, recorder, trace.presence))
    except Inseparable:
        return None
    return separated, [Form(separated.trace.separated(form)) for form in found]


def evaluated(found: tuple[Any, list[Any]], alpha: Any, size: Any) -> int:
    separated, forms = found
    values, sides = (
        separated.at_alpha(mbcost.dims.parse_alpha(alpha)),
        separated.at_size(mbcost.dims.parse_resolution(size)),
    )
    return max(sum(map(mul, form.p(values), form.q(sides))) for form in forms)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks() | networks(attention=True), st.sampled_from(POLYNOMIAL), st.sampled_from(SIZES))
def test_the_polynomials_at_numbers_are_the_peak(network: mbcost.Network, rule: Rule, size: Any) -> None:
    found = recorded(network, rule)
    if found is None:
        return
    for alpha in ALPHAS:
        try:
            network.cost(alpha=alpha, resolution=size)
        except mbcost.MbcostError:
            continue
        assert evaluated(found, alpha, size) == peak(network, rule, alpha=alpha, resolution=size), network.table.text


@pytest.mark.parametrize("rule", POLYNOMIAL, ids=lambda rule: rule.name)
@pytest.mark.parametrize("standard", [False, True], ids=["separable", "standard"])
@pytest.mark.parametrize(
    "name", ["mobilenet_v2", "mobilenet_v3_large", "efficientnet_b0", "ssdlite_mobilenet_v2", "shufflenet_v2_x1_0"]
)
def test_the_polynomials_of_shipped_models(name: str, standard: bool, rule: Rule) -> None:
    network = mbcost.load(name)
    found = recorded(network, rule, standard=standard)
    assert found is not None
    for alpha, size in ((1, 224), ("0.35", 160), ("0.1", 97), ("1.3", (96, 192))):
        if network.rounding is None and alpha != 1:
            continue
        try:
            network.cost(alpha=alpha, resolution=size, standard=standard)
        except mbcost.MbcostError:
            continue
        assert evaluated(found, alpha, size) == peak(network, rule, alpha=alpha, resolution=size, standard=standard)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from(ALPHAS))
def test_a_moment_is_the_sum_of_what_it_names(network: mbcost.Network, alpha: str) -> None:
    try:
        network.cost(alpha=alpha)
    except mbcost.MbcostError:
        return
    for rule in POLYNOMIAL:
        found = graph_of(network, rule, alpha=alpha)
        for moment in moments(found):
            assert moment.total == sum(found.tensors[number].elements for number in moment.tensors) - moment.shared
        if rule.plan == "alive":
            assert max(moment.total for moment in moments(found)) == max(amounts(found))


def test_a_squeeze_and_excite_on_a_view_pools_the_channels_of_the_view() -> None:
    network = loads(
        "format: 1\ninput: {channels: 4, resolution: 2}\nlayers:\n  - {op: flatten}\n  - {op: squeeze_excite, se: 1/4}\n"
    )
    found = [(moment.name, moment.total) for moment in moments(graph_of(network))]
    assert found[0] == ("squeeze_excite_1/reduce/pool", 16 + 16)  # 16 channels of one position, not 4 of four


def test_the_twin_of_a_squeeze_and_excite_gates_the_map_the_convolution_reads() -> None:
    network = loads(
        "format: 1\ninput: {channels: 8, resolution: 8}\nrounding: divisor:8\nlayers:\n"
        "  - {op: inverted_residual, expansion: 4, out_channels: 16, stride: 2, se: 1/4}\n"
    )
    found = graph_of(network, standard=True)
    assert [(step.name, [found.tensors[number].name for number, _ in step.reads]) for step in found.steps] == [
        ("inverted_residual_1/expand", ["input"]),
        ("inverted_residual_1/se/reduce/pool", ["inverted_residual_1/expand"]),
        ("inverted_residual_1/se/reduce/linear", ["inverted_residual_1/se/reduce/pool"]),
        ("inverted_residual_1/se/expand/linear", ["inverted_residual_1/se/reduce/linear"]),
        (
            "inverted_residual_1/se/expand/multiply",
            ["inverted_residual_1/se/expand/linear", "inverted_residual_1/expand"],
        ),
        ("inverted_residual_1/project", ["inverted_residual_1/se/expand/multiply"]),
    ]
    assert peak(network, standard=True) == 2 * 32 * 64 + 32  # the map, the gated map and the gate


def test_where_a_conditional_add_is_absent_its_tensor_lives_nowhere() -> None:
    """At alpha 0.5 the channels of both sides agree, at 1 they do not: 8 and 8, 8 and 16."""
    network = loads(
        "format: 1\ninput: {channels: 3, resolution: 16}\nrounding: divisor:8\nlayers:\n"
        "  - {op: conv, kernel_size: 1, out_channels: 8}\n  - {op: inverted_residual, expansion: 2, out_channels: 16}\n"
    )
    found = recorded(network, LIVENESS)
    assert found is not None
    for alpha in ("0.5", "1"):
        steps = [step.name for step in graph_of(network, alpha=alpha).steps]
        assert ("inverted_residual_2/add" in steps) is (alpha == "0.5") or ("inverted_residual_1/add" in steps) is (
            alpha == "0.5"
        )
        assert evaluated(found, alpha, 16) == simulator.peak(network, alpha=alpha, resolution=16)


def test_what_nobody_reads_lives_to_the_end() -> None:
    network = loads(
        "format: 1\ninput: {channels: 1, resolution: 8}\nlayers:\n"
        "  - {op: conv, kernel_size: 1, out_channels: 4, name: head, width: fixed}\n"
        "  - {op: conv, kernel_size: 1, out_channels: 2, from: input, width: fixed}\n  - {op: global_pool}\n"
    )
    assert [moment.total for moment in moments(graph_of(network))] == [64 * 5, 64 * 7, 64 * 6 + 2]
    assert {life.tensor for life in lives(graph_of(network)) if life.last == 2} == {1, 2, 3}
