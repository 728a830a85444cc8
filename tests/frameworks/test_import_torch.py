"""Tables imported from torchvision and timm, held against PyTorch's own counter at sizes that the import did not see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torch_oracles import torchvision_models

from mbcost.importers import Imported, Source, neighbour, raised, tracer
from mbcost.importers.graph import read_graph

pytestmark = pytest.mark.frameworks

TORCHVISION = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b[01]", "googlenet", "inception_v3", "mnasnet*", "mobilenet*", "regnet_[xy]_400mf",
    "resnet18", "resnet50", "resnext50_32x4d", "shufflenet*", "squeezenet*", "vgg11", "vgg16",
)  # fmt: skip
TIMM = (
    "mobilenetv1_100", "mobilenetv2_*", "mobilenetv3*", "mobilenetv4_conv_[sml]*", "mobilenet_edgetpu_100", "efficientnet_b0", "efficientnet_lite0",
    "mnasnet_*", "semnasnet_*", "spnasnet*", "lcnet_0*", "tinynet_[ae]", "fbnetc*", "ghostnet_100", "ghostnetv2_100", "mixnet_s", "mobileone_s0",
    "repvgg_a0", "regnetx_002", "regnety_002", "resnet10t", "resnet18", "resnet50", "densenet121", "rexnet_100", "dla34", "ecaresnet26t",
    "efficientnet_b1_pruned", "efficientnet_b2", "efficientnet_e[sm]", "efficientnet_es_pruned", "efficientnet_lite[12]", "tf_efficientnet_b0", "tf_efficientnet_lite[01]",
    "tf_efficientnetv2_b[01]", "tf_mobilenetv3_*", "tf_mixnet_s", "mixnet_m", "mobilenetv1_1*", "lcnet_1*", "tinynet_[bcd]", "fbnetv3_b", "hardcorenas_*",
    "ghostnet_050", "ghostnet_130", "mobileone_s[1234]", "repvgg_a[12]", "repvgg_b0", "regnetx_004_tv", "regnetz_005", "resnet14t", "resnet26",
    "resnet26[dt]", "resnet34", "resnet50d", "resnet18d", "seresnet50", "seresnet18", "resnext50_32x4d", "wide_resnet50_2", "selecsls42", "selecsls60",
    "hrnet_w18_small", "dla46*_c", "dla60", "res2net50_26w_4s", "rexnet_1[35]0", "rexnetr_100", "efficientnet_b1", "regnetx_00[468]", "regnety_00[468]",
)  # fmt: skip
OTHERS = (96, 160, 193, 256, 299)
"""Sizes that take no part in the import, which traces 224 and 225 (or the network's own size and its neighbour)."""
EVEN = (96, 160, 192, 256, 288)
"""For networks that do not run at every size (two ways through them meet at maps of different size)."""


def _names() -> Iterator[tuple[str, str]]:
    torchvision_models()
    import timm
    from torchvision.models import list_models

    models = torchvision_models()
    for name in list_models(module=models):
        if any(fnmatch(name, pattern) for pattern in TORCHVISION):
            yield "torchvision", name
    for name in timm.list_models():
        if any(fnmatch(name, pattern) for pattern in TIMM):
            yield "timm", name


def build(library: str, name: str) -> nn.Module:
    """A network as its library builds it, without weights: on the meta device, unless its builder looks at values."""

    def make() -> nn.Module:
        if library == "torchvision":
            options = {"init_weights": False} if name in {"googlenet", "inception_v3"} else {}
            return torchvision_models().get_model(name, weights=None, **options)
        import timm

        return timm.create_model(name, pretrained=False)

    try:
        with torch.device("meta"):
            return make()
    except NotImplementedError:
        return make().to("meta")


def imported(model: nn.Module, size: int, name: str) -> Imported:
    """The table of a model traced at a size and its neighbour."""
    shapes = [[[3, size, size]], [[3, neighbour(size), neighbour(size)]], [[3, size + 32, size + 32]]]
    document = {
        "schema": tracer.SCHEMA,
        "framework": "torch",
        "versions": {},
        **tracer.TorchModel(torch, model, 200_000).traces(shapes),
    }
    source = Source(f"library:{name}", {}, shapes[0])
    return raised(read_graph(json.loads(json.dumps(document))), source)


def counted(model: nn.Module, size: int) -> int:
    """Mult-adds by PyTorch's own counter, on the meta device and without its fast path for attention."""
    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.empty(1, 3, size, size, device="meta"))
    return counter.get_total_flops() // 2


SMALL = ("inception", "alexnet")
"""Networks whose maps vanish at 96."""


def attempted(model: nn.Module, size: int) -> int | None:
    """Mult-adds where the network runs at a size."""
    try:
        return counted(model, size)
    except RuntimeError:
        return None


@pytest.mark.parametrize(("library", "name"), [pytest.param(*pair, id=":".join(pair)) for pair in _names()])
def test_an_imported_table_costs_what_the_network_does(library: str, name: str) -> None:
    model = build(library, name)
    size = 299 if name == "inception_v3" else 224
    if library == "timm":
        config: Any = model.pretrained_cfg
        size = config["input_size"][1]
    table = imported(model, size, name.replace("-", "_"))
    cost = table.network.cost()
    assert cost.exact
    assert cost.params == sum(parameter.numel() for parameter in model.parameters())
    assert cost.mult_adds == counted(model, size)
    others = [2 * size // 3 // 2 * 2 + other for other in (0, 2, 4)] if name.startswith(SMALL) else []
    runs = [(other, found) for other in (*others, *OTHERS, *EVEN) if (found := attempted(model, other)) is not None]
    assert len(runs) >= 5
    for other, found in runs[:5]:
        assert (other, table.network.cost(resolution=other).mult_adds) == (other, found)


def test_no_pattern_of_the_lists_has_lost_its_networks() -> None:
    names = list(_names())
    for library, patterns in (("torchvision", TORCHVISION), ("timm", TIMM)):
        for pattern in patterns:
            assert any(fnmatch(name, pattern) for of, name in names if of == library), pattern
    assert len(names) >= 150
