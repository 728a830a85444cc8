"""Live models in place of tables: the Python API, and budgets in anyone's tests."""

from __future__ import annotations

import nets
import pytest
import torch
from torch import nn

import mbcost
from mbcost.testing import assert_budget, assert_same

pytestmark = pytest.mark.frameworks


def test_a_live_model_is_a_network() -> None:
    network = mbcost.from_module(nets.NeedsArguments(6), (3, 32, 32))
    assert network.cost().mult_adds == 30 * 30 * 27 * 6
    assert network.cost(resolution=64).mult_adds == 62 * 62 * 27 * 6
    assert network.name == "NeedsArguments"


def test_a_builder_takes_its_arguments_and_no_memory() -> None:
    network = mbcost.from_builder(nets.NeedsArguments, (3, 32, 32), channels=9_000_000)
    assert network.cost().params == 28 * 9_000_000


def test_a_budget_gates_real_code() -> None:
    model = nets.Shared().train()
    assert_budget(model, input=(3, 32, 32), max_mult_adds="500k")
    with pytest.raises(AssertionError, match="over budget: 1 of 1 limit exceeded") as caught:
        assert_budget(model, input=(3, 32, 32), max_mult_adds="100k")
    assert "Shared" in str(caught.value)
    assert model.training


def test_several_inputs() -> None:
    assert mbcost.from_module(nets.TwoInputs(), [(3, 32, 32), (5,)]).cost().mult_adds == 256 * 216 + 40 + 64


@pytest.mark.parametrize(
    ("model", "shape", "words"),
    [
        (object(), (3, 8, 8), "this is no PyTorch module and no Keras model, but object"),
        (nn.Conv2d(3, 4, 3), (3, 0, 8), "is not a shape"),
        (nn.Conv2d(3, 4, 3), (5, 8, 8), "the model does not run: RuntimeError"),
    ],
)
def test_what_cannot_be_traced_is_an_error(model: object, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(mbcost.MbcostError, match=words):
        mbcost.from_module(model, shape)


def test_a_model_on_the_cpu_stays_there() -> None:
    model = nets.Shared()
    before = [parameter.clone() for parameter in model.parameters()]
    mbcost.from_module(model, (3, 32, 32))
    for parameter, old in zip(model.parameters(), before, strict=True):
        assert parameter.device.type == "cpu"
        assert torch.equal(parameter, old)


def small(width: float = 1.0, classes: int = 4) -> nn.Module:
    channels = max(int(16 * width), 1)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
    return nn.Sequential(nn.Conv2d(3, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(), *head)


def test_a_table_is_held_against_a_builder_and_a_live_model() -> None:
    network = mbcost.from_builder(small, (3, 32, 32), vary="width")
    assert_same(network, small, (3, 32, 32), vary="width", alphas=["1", "0.5", "1.3"], resolutions=[32, 45])
    assert_same(network, small(), (3, 32, 32))
    with pytest.raises(
        AssertionError,
        match=r"at alpha 1, resolution 32x32: 1 layer; table -> code:\n.*\n  ~ classifier: channels out 4->5",
    ):
        assert_same(network, small, (3, 32, 32), classes=5)
    with pytest.raises(mbcost.MbcostError, match="alphas without `vary`"):
        assert_same(network, small, (3, 32, 32), alphas=[0.5])
    with pytest.raises(mbcost.MbcostError, match="takes no arguments"):
        assert_same(network, small(), (3, 32, 32), classes=5)
