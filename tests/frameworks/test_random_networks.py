"""Random layer tables, built as PyTorch modules and counted by PyTorch: equal to the unit.

MBCOST_RANDOM_NETWORKS sets how many are tried (200 by default). The same ones are tried in every run, until
MBCOST_RANDOM_SEED asks for others.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from math import floor
from pathlib import Path

import pytest
import torch
import torch_layers
from counts import Count
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from random_tables import Drawn, networks
from table_text import yaml_of
from test_shipped_tables import differences
from torch_layers import Row
from torch_oracles import count_torch
from torch_tables import TorchTable

import mbcost
from mbcost.network import Cost

pytestmark = pytest.mark.frameworks

EXAMPLES = int(os.environ.get("MBCOST_RANDOM_NETWORKS", "200"))
SEED = os.environ.get("MBCOST_RANDOM_SEED")
QUIET = settings(
    max_examples=EXAMPLES,
    derandomize=SEED is None,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

KINDS = {
    "conv", "depthwise", "pointwise", "separable", "inverted_residual", "fused_inverted_residual", "squeeze_excite",
    "linear", "max_pool", "avg_pool", "global_pool", "norm", "lrn", "activation", "add", "concat", "multiply", "split",
    "shuffle", "flatten", "upsample", "dropout", "softmax", "group", "block",
}  # fmt: skip
FIELDS = {
    "kernel_size", "out_channels", "expansion", "expanded", "width", "stride", "padding", "dilation", "groups",
    "multiplier", "bias", "norm", "activation", "se", "se_of", "se_rounding", "residual", "ceil", "output_size",
    "parts", "take", "factor", "like", "branches", "from", "name", "repeat",
}  # fmt: skip


def count(drawn: Drawn) -> Count:
    """PyTorch's count of a random network."""
    network = TorchTable(drawn.table, Fraction(drawn.alpha))
    channels = drawn.table["input"]["channels"]
    with torch.no_grad():
        network(torch.empty(1, channels, *drawn.size, device="meta"))
    return count_torch(network, drawn.size, channels)


def cost(drawn: Drawn, text: str, folder: Path) -> Cost:
    """mbcost's count of the same table, read from a file."""
    path = folder / "random.yaml"
    path.write_text(text, encoding="utf-8")
    return mbcost.load(str(path)).cost(alpha=drawn.alpha, rho=drawn.rho, resolution=drawn.resolution)


def all_rows(rows: list[Row]) -> Iterator[Row]:
    """Every row as written, in branches and groups too."""
    for row in rows:
        yield row
        yield from all_rows(row.get("layers", []))
        for branch in row.get("branches", []):
            yield from all_rows(branch)


def test_a_wrong_rule_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_layers, "ceil", floor)  # of the map over the stride, under `same`

    @settings(QUIET, max_examples=100, phases=(Phase.generate,))
    @given(networks())
    def one(drawn: Drawn) -> None:
        assert differences(cost(drawn, yaml_of(drawn.table), tmp_path), count(drawn)) == {}

    with pytest.raises(AssertionError, match="mult_adds"):
        one()


def test_random_networks_are_what_pytorch_counts(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()

    @QUIET
    @given(networks())
    def one(drawn: Drawn) -> None:
        text = yaml_of(drawn.table, columns=len(drawn.table["layers"]) % 2 == 0)
        note(f"alpha {drawn.alpha}, rho {drawn.rho}, resolution {drawn.resolution}\n{text}")
        bodies = [drawn.table["layers"], *(block["layers"] for block in drawn.table["blocks"].values())]
        for row in (row for rows in bodies for row in all_rows(rows)):
            op = row.get("op", "group")
            seen.update([*row, "block" if op in drawn.table["blocks"] else op])
        assert differences(cost(drawn, text, tmp_path), count(drawn)) == {}

    (one if SEED is None else seed(int(SEED))(one))()
    assert seen.keys() >= KINDS | FIELDS or EXAMPLES < 100, f"never tried: {sorted((KINDS | FIELDS) - seen.keys())}"
