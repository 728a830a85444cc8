"""Peak memory against PyTorch: every shipped table with a twin there, and random networks, to the element."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from live_tensors import Live, peak
from random_tables import Drawn, networks
from table_text import yaml_of
from test_shipped_tables import CASES, Case
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.utils._python_dispatch import TorchDispatchMode
from torch_layers import Row, Scope
from torch_oracles import network
from torch_tables import TorchTable

import mbcost
from mbcost.memory.graph import graph
from mbcost.memory.liveness import amounts
from mbcost.memory.rules import find

pytestmark = pytest.mark.frameworks

EXAMPLES = 500
SEED = os.environ.get("MBCOST_RANDOM_SEED")
POINTS = 3
TWINS = [case for case in CASES if not case.network.startswith("keras:")]


def ours(found: mbcost.Network, **variant: Any) -> int:
    cost = found.cost(**variant)
    return max(amounts(graph(cost.placed.layers, cost.rows, (found.table.channels, *cost.variant.resolution))))


@pytest.mark.parametrize("case", TWINS, ids=lambda case: f"{case.table}={case.network}")
def test_the_shipped_tables_at_random_points(case: Case) -> None:
    random = Random(f"{case.table} {case.network} {SEED}")
    for _ in range(POINTS):
        alpha, resolution = random.choice(case.alphas), random.choice(case.resolutions)
        expected = peak(network(case.network, float(alpha)), resolution, resolution)
        found = ours(mbcost.load(case.table), alpha=alpha, resolution=resolution, rounding=case.rounding)
        assert found == expected, (alpha, resolution)


@torch.library.custom_op("mbcost_tests::joined", mutates_args=())
def joined(inputs: Sequence[torch.Tensor]) -> torch.Tensor:
    """One map of several, at once: PyTorch's own operators take two at a time."""
    raise NotImplementedError


@joined.register_fake
def _(inputs: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.empty_like(max(inputs, key=lambda x: x.numel()))


class Whole(TorchTable):
    """A layer table with every row that makes a tensor doing so in one operator."""

    def join(self, row: Row, inputs: list[torch.Tensor]) -> torch.Tensor:
        if row["op"] == "concat":
            return super().join(row, inputs)
        return joined(inputs)

    def do_upsample(self, row: Row, x: torch.Tensor, scope: Scope) -> torch.Tensor:
        return (
            x if row.get("like") is not None else super().do_upsample(row, x, scope)
        )  # it is made where `like` is known

    def do_split(self, row: Row, x: torch.Tensor, scope: Scope) -> torch.Tensor:
        part = x.shape[1] // row["parts"]  # one part alone, where PyTorch's chunk cuts all of them at once
        return joined([x.narrow(1, part * (row["take"] - 1), part)])

    def same_shape(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        activation = self.field(row, "activation", "relu") if row["op"] == "activation" else "none"
        if row["op"] == "lrn":
            return joined([x])
        if row["op"] == "softmax" or activation != "none":
            return torch.relu(x)
        return x


def test_random_networks(tmp_path: Path) -> None:
    @settings(
        max_examples=EXAMPLES, derandomize=SEED is None, database=None, deadline=None, phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )  # fmt: skip
    @given(networks())
    def one(drawn: Drawn) -> None:
        text = yaml_of(drawn.table)
        note(f"alpha {drawn.alpha}, rho {drawn.rho}, resolution {drawn.resolution}\n{text}")
        path = tmp_path / "random.yaml"
        path.write_text(text, encoding="utf-8")
        found = ours(mbcost.load(str(path)), alpha=drawn.alpha, rho=drawn.rho, resolution=drawn.resolution)
        image = torch.empty(1, drawn.table["input"]["channels"], *drawn.size, device="meta")
        table = Whole(drawn.table, Fraction(drawn.alpha))
        with torch.no_grad():
            table(image)  # its modules come into being
        assert found == Live(table, image).peak()

    (one if SEED is None else seed(int(SEED))(one))()


class Held(TorchDispatchMode):
    """The elements of all storages that are alive after each operator of a network that really runs, on a device without memory."""

    def __init__(self, model: torch.nn.Module, image: torch.Tensor) -> None:
        super().__init__()
        self.most = 0
        self.weights = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
        self.alive: dict[int, tuple[StorageWeakRef, int]] = {}
        self.note(image)

    def note(self, value: Any) -> None:
        for tensor in value if isinstance(value, tuple | list) else [value]:
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata in self.weights:  # a view of them
                    continue
                self.alive[storage._cdata] = StorageWeakRef(storage), storage.nbytes() // tensor.element_size()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        self.note(found)
        self.alive = {key: (ref, size) for key, (ref, size) in self.alive.items() if not ref.expired()}
        self.most = max(self.most, sum(size for _, size in self.alive.values()))
        return found


@pytest.mark.parametrize(
    ("table", "alpha", "resolution"),
    [("mobilenet_v2", "1", 224), ("mobilenet_v2", "0.5", 160), ("mobilenet_v2", "1.4", 97)],
)
def test_eager_mode_holds_what_the_rule_says(table: str, alpha: str, resolution: int) -> None:
    """Batch norm folded; a module's arguments are alive until it returns, and the caller keeps the image."""
    eager = copy.deepcopy(network(f"torchvision:{table}", float(alpha))).eval()
    for module in eager.modules():
        if isinstance(module, torch.nn.Sequential):
            for number in range(len(module) - 1):
                if isinstance(module[number], torch.nn.Conv2d) and isinstance(module[number + 1], torch.nn.BatchNorm2d):
                    module[number] = fuse_conv_bn_eval(module[number], module[number + 1])
                    module[number + 1] = torch.nn.Identity()
    image = torch.empty(1, 3, resolution, resolution, device="meta")
    with torch.no_grad(), Held(eager, image) as held:
        eager(image)
    cost = mbcost.load(table).cost(alpha=alpha, resolution=resolution)
    assert held.most == max(
        amounts(graph(cost.placed.layers, cost.rows, (3, resolution, resolution), find("torch-eager")))
    )
