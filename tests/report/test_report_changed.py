"""What changed in a layer, in words: its fields, its shapes, or what its cost is made of."""

from __future__ import annotations

import pytest

from mbcost.analysis.diff import difference
from mbcost.report.changed import what
from tests.inline import cost

CHANGED = {
    ("{op: conv, kernel_size: 3, out_channels: 8}", "{op: conv, kernel_size: 5, out_channels: 8}"): "kernel_size 3->5",
    ("{op: conv, kernel_size: 3, out_channels: 8}", "{op: conv, kernel_size: 3, out_channels: 9}"): "channels out 8->9",
    ("{op: conv, kernel_size: 3, out_channels: 8}", "{op: conv, kernel_size: 3, out_channels: 8, bias: true}"): "bias",
    ("{op: conv, kernel_size: 3, out_channels: 8}", "{op: conv, kernel_size: 3, out_channels: 8, norm: none, bias: true}"): "bias, norm",
    ("{op: conv, kernel_size: 3, out_channels: 8}", "{op: conv, kernel_size: 3, out_channels: 8, norm: none, bias: false}"): "norm",
    ("{op: custom, params: 2, mult_adds: 5}", "{op: custom, params: 2, mult_adds: 6}"): "the cost it states",
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CHANGED)
def test_what_changed_in_a_layer(before: str, after: str) -> None:
    (change,) = difference(cost(f"- {before}"), cost(f"- {after}")).changes
    assert what(change) == CHANGED[before, after]
