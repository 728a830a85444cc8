"""Peak memory against PyTorch: every shipped table with a twin there, and random networks, to the element."""

from __future__ import annotations

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
from torch_layers import Row, Scope
from torch_oracles import network
from torch_tables import TorchTable

import mbcost
from mbcost.memory.graph import graph
from mbcost.memory.liveness import amounts

pytestmark = pytest.mark.frameworks

EXAMPLES = 500
SEED = os.environ.get("MBCOST_RANDOM_SEED")
POINTS = 3
TWINS = [case for case in CASES if not case.network.startswith("keras:")]


def ours(found: mbcost.Network, **variant: Any) -> int:
    cost = found.cost(**variant)
    return max(amounts(graph(cost.placed, cost.rows, (found.table.channels, *cost.variant.resolution))))


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
        super().join(row, inputs)  # what it refuses
        return joined(inputs)

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
