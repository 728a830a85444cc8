"""Rows that share weights against a PyTorch network that runs one module on several maps, as detectors run their heads."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from tests.inline import table

pytestmark = pytest.mark.frameworks

ROWS = """
- {op: conv, name: p3, kernel_size: 3, out_channels: 16, stride: 2}
- {op: conv, name: p4, kernel_size: 3, out_channels: 16, stride: 2}
- {op: conv, name: p5, kernel_size: 3, out_channels: 16, stride: 2, weights_of: p4}
- {op: head, name: head_3, from: p3}
- {op: head, name: head_4, from: p4, weights_of: head_3}
- {op: head, name: head_5, from: p5, weights_of: head_3}
"""
HEAD = """blocks:
  head: {layers: [
    {op: conv, kernel_size: 3, out_channels: 16, norm: none, repeat: 2},
    {op: depthwise}, {op: pointwise, out_channels: 36, norm: none, activation: none}]}"""


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.p3 = self.block(3, 16, stride=2)
        self.p4 = self.block(16, 16, stride=2)
        convs = [layer for _ in range(2) for layer in (nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())]
        self.head = nn.Sequential(*convs, self.block(16, 16, groups=16), nn.Conv2d(16, 36, 1))

    def block(self, m: int, n: int, **options: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(m, n, 3, padding=1, bias=False, **options), nn.BatchNorm2d(n), nn.ReLU())

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        p3 = self.p3(image)
        p4 = self.p4(p3)
        return [self.head(level) for level in (p3, p4, self.p4(p4))]


@pytest.mark.parametrize("size", [64, 97, 160])
def test_a_module_that_runs_again_has_its_params_once(size: int) -> None:
    with torch.device("meta"):
        net = Net().eval()
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(1, 3, size, size, device="meta"))
    cost = table(ROWS, head=HEAD, resolution=size).cost()
    assert 2 * cost.mult_adds == counter.get_total_flops()
    assert cost.params == sum(p.numel() for p in net.parameters())
    stats = sum(b.numel() for name, b in net.named_buffers() if name.endswith(("running_mean", "running_var")))
    assert cost.norm_stats == stats
