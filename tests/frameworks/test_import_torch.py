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
    "alexnet", "convnext_tiny", "densenet121", "densenet169", "efficientnet_b?", "efficientnet_v2_s", "googlenet", "inception_v3", "mnasnet*",
    "mobilenet*", "regnet_[xy]_400mf", "regnet_[xy]_800mf", "regnet_[xy]_1_6gf", "regnet_[xy]_3_2gf", "resnet18", "resnet34", "resnet50",
    "resnext50_32x4d", "shufflenet*", "squeezenet*", "vgg11", "vgg11_bn", "vgg16", "wide_resnet50_2",
)  # fmt: skip
TIMM = (
    "mobilenetv1*", "mobilenetv2*", "mobilenetv3*", "mobilenetv4_conv*", "mobilenet_edgetpu*", "tf_mobilenet*", "efficientnet_b[0-3]*",
    "efficientnet_lite*", "efficientnet_e[sml]*", "efficientnetv2_rw_t", "tf_efficientnet_b[0-2]", "tf_efficientnet_lite*", "tf_efficientnet_es",
    "tf_efficientnetv2_b*", "mnasnet*", "semnasnet*", "spnasnet*", "lcnet*", "tinynet*", "fbnet*", "hardcorenas*", "ghostnet_*", "ghostnetv2*",
    "mixnet_[sml]*", "tf_mixnet_[sml]", "mobileone*", "repvgg_a*", "repvgg_b0", "regnetx_00*", "regnety_00*", "resnet10t", "resnet14t",
    "resnet18", "resnet18d", "resnet26*", "resnet34", "resnet50", "resnet50d", "resnext26ts", "resnext50_32x4d", "seresnet18", "seresnet50",
    "densenet121", "dla34", "dla46*", "dla60x_c", "rexnet_100", "rexnet_130", "hgnetv2_b0", "hgnetv2_b1", "convnext_atto", "convnext_femto",
    "fasternet_t0", "edgenext_xx_small_no", "starnet_s*", "repghostnet_0*", "repghostnet_1*", "gernet_s", "ese_vovnet19b_dw", "selecsls42b",
    "cspdarknet53", "cspresnet50", "darknet53", "skresnet18", "xception41", "legacy_xception", "convmixer_768_32", "ecaresnet26t",
    "res2net50_26w_4s", "dpn48b", "hrnet_w18_small", "inception_v4", "vgg11", "tresnet_m_no", "nf_regnet_b0", "semobilevit_no", "cs3darknet_s",
    "repvit_m0_9", "resnest14d", "mobilenetv5_no", "vovnet39a",
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


def test_there_are_150() -> None:
    assert len(list(_names())) >= 150
