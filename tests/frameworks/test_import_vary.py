"""Builders with a width argument: the imported table against PyTorch's own counter at points that took no part in the import."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torch_oracles import torchvision_models

import mbcost
from mbcost.cli import run
from mbcost.errors import MbcostError
from mbcost.importers.live import import_builder

pytestmark = pytest.mark.frameworks

torchvision_models()


def mobilenet_v2(width: float) -> nn.Module:
    return torchvision_models().mobilenet_v2(width_mult=width)


def _v3(arch: str, width: float, **options: Any) -> nn.Module:
    from torchvision.models import mobilenetv3

    return mobilenetv3.MobileNetV3(*mobilenetv3._mobilenet_v3_conf(arch, width_mult=width, **options))


def v3_large(width: float) -> nn.Module:
    return _v3("mobilenet_v3_large", width)


def v3_small_reduced(width: float) -> nn.Module:
    return _v3("mobilenet_v3_small", width, reduced_tail=True)


def mnasnet(width: float) -> nn.Module:
    return torchvision_models().MNASNet(width)


def efficientnet_b0(width: float) -> nn.Module:
    from torchvision.models import efficientnet

    setting, last = efficientnet._efficientnet_conf("efficientnet_b0", width_mult=width, depth_mult=1.0)
    return efficientnet.EfficientNet(setting, 0.2, last_channel=last)


def fbnetc(width: float) -> nn.Module:
    from timm.models import efficientnet

    return efficientnet._gen_fbnetc("fbnetc_100", width)


def lcnet(width: float) -> nn.Module:
    from timm.models import mobilenetv3

    return mobilenetv3._gen_lcnet("lcnet_100", width)


BUILDERS: dict[Callable[[float], nn.Module], int] = {
    mobilenet_v2: 11, v3_large: 17, v3_small_reduced: 13, mnasnet: 11, efficientnet_b0: 11, fbnetc: 18, lcnet: 15,
}  # fmt: skip
"""Builders, and the rows of their tables."""


@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
def test_a_builder_is_its_table_at_every_alpha(build: Callable[[float], nn.Module]) -> None:
    found = import_builder(build, vary="width")
    assert found.text.split("layers:\n", 1)[1].count("\n  - ") + 1 == BUILDERS[build]
    assert found.remarks == ()
    draw = random.Random(build.__name__)
    for _ in range(6):
        alpha, side = Fraction(draw.randrange(10, 240), 100), draw.randrange(64, 300)
        with torch.device("meta"):
            model = build(float(alpha)).eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(torch.empty(1, 3, side, side, device="meta"))
        cost = found.network.cost(alpha=alpha, resolution=side)
        params = sum(parameter.numel() for parameter in model.parameters())
        assert (alpha, side, cost.mult_adds, cost.params) == (alpha, side, counter.get_total_flops() // 2, params)


def test_the_command_writes_the_same_table(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "torchvision.models:mobilenet_v2", "--vary", "width_mult", "--python", sys.executable]) == 0
    written = capfd.readouterr().out
    assert "rounding: divisor:8\n" in written
    network = mbcost.from_builder(torchvision_models().mobilenet_v2, vary="width_mult")
    assert (
        network.cost(alpha="0.75", resolution=192).mult_adds
        == mbcost.load("mobilenet_v2").cost(alpha="0.75", resolution=192).mult_adds
    )


def test_an_argument_that_the_builder_does_not_have() -> None:
    with pytest.raises((MbcostError, TypeError), match="unexpected keyword argument"):
        import_builder(torchvision_models().mobilenet_v2, vary="alpha")
