"""Rows that share weights: counted once in params, each time in mult-adds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbcost import loads
from mbcost.analysis.explain import explain
from tests.inline import cost, says, table

HEADS = "blocks:\n  head: {layers: [{op: separable, out_channels: 8}, {op: norm}, {op: conv, kernel_size: 3, out_channels: 9, norm: none}]}"
LEVELS = "- {op: max_pool, name: p, kernel_size: 2, stride: 2}\n- {op: head, name: a, from: input}\n- {op: head, name: b, from: p%s}"
TRAINED = ("params", "weights", "biases", "norm_params", "norm_stats")


@settings(deadline=None, max_examples=40)
@given(
    m=st.integers(1, 9),
    k=st.sampled_from([1, 3, 5]),
    size=st.integers(2, 9),
    times=st.integers(2, 5),
    bias=st.booleans(),
)
def test_a_convolution_run_again_costs_its_mult_adds_again_and_no_weight(
    m: int, k: int, size: int, times: int, bias: bool
) -> None:
    """By hand: a kernel of K x K x M x M at every position of each map, its weights once."""
    row = f"op: conv, kernel_size: {k}, out_channels: {m}, norm: none, bias: {str(bias).lower()}"
    rows = f"- {{{row}, name: a}}\n- {{{row}, weights_of: a, repeat: {times - 1}}}"
    found = cost(rows, channels=m, resolution=size)
    weights = sum(1 for _ in range(m) for _ in range(m) for _ in range(k) for _ in range(k))
    assert (found.weights, found.params) == (weights, weights + m * bias)
    assert found.mult_adds == sum(weights for _ in range(times) for _ in range(size * size))
    assert found.total("memory_access") == times * (2 * m * size * size + weights)  # the weights are read each time
    assert found.total("weight_bytes") == weights


def test_blocks_share_row_by_row_at_every_alpha_and_resolution() -> None:
    shared = table(LEVELS % ", weights_of: a", head=f"rounding: floor\n{HEADS}", channels=16)
    apart = table(LEVELS % "", head=f"rounding: floor\n{HEADS}", channels=16)
    one = table("- {op: head}", head=f"rounding: floor\n{HEADS}", channels=16)
    for alpha in ("1", "0.5", "1.3"):
        for size in (32, 31):
            asked = {"alpha": alpha, "resolution": size}
            got, all_, single = (network.cost(**asked) for network in (shared, apart, one))  # type: ignore[arg-type]
            assert got.mult_adds == all_.mult_adds
            assert [got.total(name) for name in TRAINED] == [single.total(name) for name in TRAINED]
            for rule in ("thop", "keras", "onnx-tool", "openvino"):
                counted = [network.cost(convention=rule, **asked) for network in (shared, apart, one)]  # type: ignore[arg-type]
                assert counted[0].mult_adds == counted[1].mult_adds
                assert counted[0].params == counted[2].params
    found = shared.grid(alphas=["0.5", "1"], resolutions=[16, 32])
    costs = [shared.cost(alpha, resolution=size) for alpha in ("0.5", "1") for size in (16, 32)]
    assert [(work, params) for *_, work, params in found] == [(one.mult_adds, one.params) for one in costs]


def test_a_written_table_shares_as_the_read_one() -> None:
    from mbcost.tables.writer import expanded

    shared = table(LEVELS % ", weights_of: a", head=HEADS, channels=16)
    assert loads(expanded(shared.table)).cost().rows == shared.cost().rows


def test_a_layer_without_weights_of_its_own_says_so() -> None:
    found = table(LEVELS % ", weights_of: a", head=HEADS, channels=16).cost()
    (row, lines) = explain(found, "b/separable_1/pointwise")
    assert (row.params, row.shared_weights) == (0, 16 * 8)
    assert [line.quantity for line in lines] == ["mult_adds"]


def test_the_owner_may_share_itself_and_may_be_a_copy() -> None:
    rows = "- {op: conv, name: a, kernel_size: 3, out_channels: 16, repeat: 2}\n- {op: conv, kernel_size: 3, out_channels: 16, weights_of: %s}"
    one = cost("- {op: conv, kernel_size: 3, out_channels: 16}", channels=16).params
    for name in ("a", "a_1", "a_2"):
        assert cost(rows % name, channels=16).params == 2 * one
    chain = "- {op: conv, name: a, kernel_size: 3, out_channels: 16}\n- {op: conv, name: b, kernel_size: 3, out_channels: 16, weights_of: a}\n- {op: conv, kernel_size: 3, out_channels: 16, weights_of: b}"
    assert cost(chain, channels=16).params == one


def test_what_the_owner_loses_the_others_cannot_have() -> None:
    with says("`weights_of: a` names a row that is dropped"):
        table(LEVELS % ", weights_of: a", head=HEADS, channels=16).cost(without=["a"])


@pytest.mark.parametrize("twin", ["standard", "separable"])
def test_twins_of_shared_rows_are_refused(twin: str) -> None:
    op = "separable" if twin == "standard" else "conv"
    rows = f"- {{op: {op}, name: a, kernel_size: 3, out_channels: 16}}\n- {{op: {op}, kernel_size: 3, out_channels: 16, weights_of: a}}"
    network = table(rows, channels=16)
    with says("a twin of such rows is not defined"):
        network.compare()
