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
from test_members import OTHERS, REACHED, built
from test_shipped_tables import CASES, Case
from torch import nn
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


def members() -> list[tuple[str, str, str | None]]:
    """Of every table that is compared above with no library: the first member, how it is called, and its alpha.

    MixNet is not among them: timm cuts the map of a grouped 1 x 1 convolution, convolves the parts and joins them, where
    the table has one row with `groups`, of the same cost.
    """
    known = {case.table for case in TWINS}
    found = []
    for member, (model, alpha) in [*REACHED.items(), *[(library, (table, None)) for table, library in OTHERS.items()]]:
        table = mbcost.load(model).table.name
        if table not in known and not table.startswith("mixnet"):
            known.add(table)
            found.append((member, model, alpha))
    return found


@pytest.mark.parametrize(("member", "model", "alpha"), members())
def test_the_other_tables(member: str, model: str, alpha: str | None) -> None:
    with torch.device("meta"):
        network = built(member)
    asked = {} if alpha is None else {"alpha": alpha}
    assert ours(mbcost.load(model), resolution=224, **asked) == peak(network, 224, 224)


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


class Attention(nn.Module):
    """Self-attention of joint queries, keys and values, or of MobileNetV4 with one key and value for all heads; nothing is copied."""

    def __init__(self, channels: int, heads: int, width: int, stride: int = 0) -> None:
        super().__init__()
        self.heads, self.width, self.stride = heads, width, stride
        joint = 3 if not stride else 1
        self.queries = nn.Conv2d(channels, joint * heads * width, 1)
        if stride:
            self.down = nn.ModuleList(
                [nn.Conv2d(channels, channels, 3, stride, 1, groups=channels) for _ in range(2 * (stride > 1))]
            )
            self.shared = nn.ModuleList([nn.Conv2d(channels, width, 1) for _ in range(2)])
        self.project = nn.Conv2d(heads * width, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, across = x.shape[2:]
        heads, width = self.heads, self.width
        if not self.stride:
            joint = self.queries(x).view(1, 3, heads, width, -1)
            query, key, value = (joint.select(1, number) for number in range(3))
        else:
            query = self.queries(x).view(1, heads, width, -1)
            maps = []
            for number in range(2):
                map_ = self.down[number](x) if self.stride > 1 else x
                maps.append(self.shared[number](map_).view(1, 1, width, -1))
                del map_
            key, value = (map_.expand(1, heads, -1, -1) for map_ in maps)
        scores = torch.softmax(looked_up(query, key), -1)
        return self.project(mixed(scores, value).view(1, heads * width, height, across))


@torch.library.custom_op("mbcost_tests::looked_up", mutates_args=())
def looked_up(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """Every query against every key, in one operator: PyTorch's own copies what is spread over heads."""
    raise NotImplementedError


@looked_up.register_fake
def _(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    return query.new_empty(*(query.transpose(2, 3) @ key).shape)


@torch.library.custom_op("mbcost_tests::mixed", mutates_args=())
def mixed(scores: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The values mixed by the scores."""
    raise NotImplementedError


@mixed.register_fake
def _(scores: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    return scores.new_empty(*(value @ scores.transpose(2, 3)).shape)


class Scaled(nn.Module):
    """A learned factor a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.empty(channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.factors


class Residual(nn.Module):
    """What is added to its input."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x)


def attentive(random: Random) -> tuple[str, nn.Module, int]:
    """A random network with attention: its table, the module of PyTorch that it describes, and the resolution."""
    channels, side = random.choice((8, 16, 24)), random.choice((4, 7, 8, 12, 15))
    rows = [f"{{op: conv, kernel_size: 3, out_channels: {channels}, norm: none, activation: none}}"]
    layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, 1, 1)]
    for _ in range(random.randint(1, 4)):
        heads, width = random.choice((1, 2, 4)), random.choice((4, 8, 32))
        stride = random.choice((0, 0, 1, 2))
        own = f"heads: {heads}, head_width: {width}"
        row = f"{{op: mobile_mqa, {own}, kv_stride: {stride}, norm: none}}" if stride else f"{{op: attention, {own}}}"
        layer = Attention(channels, heads, width, stride)
        part = random.choice(("attention", "residual", "scaled", "mlp", "gelu", "norm", "softmax"))
        norm = "{op: norm, norm: layer}"
        if part == "attention":
            found = [(row, layer)]
        elif part == "residual":
            found = [(f"{{op: add, branches: [[{norm}, {row}], []]}}", Residual(nn.GroupNorm(1, channels), layer))]
        elif part == "scaled":
            scaled = Residual(nn.GroupNorm(1, channels), layer, Scaled(channels))
            found = [(f"{{op: add, branches: [[{norm}, {row}, {{op: scale}}], []]}}", scaled)]
        elif part == "mlp":
            wide = f"{{op: conv, kernel_size: 1, out_channels: {4 * channels}, norm: none, activation: gelu}}"
            back = f"{{op: conv, kernel_size: 1, out_channels: {channels}, norm: none, activation: none}}"
            mlp = [nn.Conv2d(channels, 4 * channels, 1), nn.GELU(), nn.Conv2d(4 * channels, channels, 1)]
            found = [
                (f"{{op: add, branches: [[{norm}, {wide}, {back}], []]}}", Residual(nn.GroupNorm(1, channels), *mlp))
            ]
        else:
            words: dict[str, tuple[str, nn.Module]] = {
                "gelu": ("{op: activation, activation: gelu}", nn.GELU()), "norm": (norm, nn.GroupNorm(1, channels)),
                "softmax": ("{op: softmax}", nn.Softmax(1)),
            }  # fmt: skip
            found = [words[part]]
        rows += [text for text, _ in found]
        layers += [module for _, module in found]
    lines = "\n".join(f"  - {row}" for row in rows)
    return f"format: 1\ninput: {{channels: 3, resolution: {side}}}\nlayers:\n{lines}\n", nn.Sequential(*layers), side


@pytest.mark.parametrize("number", range(60))
def test_random_networks_with_attention(number: int) -> None:
    text, module, side = attentive(Random(f"{number} {SEED}"))
    assert ours(mbcost.loads(text)) == peak(module.to("meta"), side, side), text


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
