"""The networks of torchvision and timm, on the meta device, counted by PyTorch."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import torch
from counts import Count, Layer
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

BOX_OPERATOR = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@cache
def torchvision_models() -> ModuleType:
    """`torchvision.models`, also where torchvision's compiled operators do not fit this build of PyTorch.

    The wheel on the package index wants a CUDA build. Without its operators the import stops at the shape rule of
    two box operators that no classification network uses, so these two are declared here, without a body.
    """
    spec = importlib.util.find_spec("torchvision")
    assert spec is not None, "torchvision is not installed"
    folder = Path(str(spec.origin)).parent
    try:
        for library in sorted(folder.glob("_C*.so")):
            torch.ops.load_library(str(library))
    except OSError:
        pass
    if not hasattr(torch.ops.torchvision, "nms"):
        for operator in ("nms", "qnms"):
            torch.library.define(f"torchvision::{operator}", BOX_OPERATOR)
    import torchvision.models

    return torchvision.models


def count_torch(model: nn.Module, resolution: int | tuple[int, int], channels: int = 3) -> Count:
    """Counts a network on the meta device, twice, and insists that the two counts agree."""
    height, width = (resolution, resolution) if isinstance(resolution, int) else resolution
    layers: list[Layer] = []

    def seen(name: str, module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        weight = module.weight
        if isinstance(module, nn.Conv2d):
            size = (int(output.shape[2]), int(output.shape[3]))
            facts = (module.in_channels, module.out_channels, size, module.kernel_size, module.groups)
        else:
            facts = (module.in_features, module.out_features, (1, 1), (1, 1), 1)
        mult_adds = output.numel() // weight.shape[0] * weight.numel()
        layers.append(Layer(name, *facts, mult_adds=mult_adds, weights=weight.numel()))

    hooks = [
        module.register_forward_hook(partial(seen, name))
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.empty(1, channels, height, width, device="meta"))
    for hook in hooks:
        hook.remove()
    flops = counter.get_total_flops()
    mult_adds = sum(layer.mult_adds for layer in layers)
    assert flops == 2 * mult_adds, f"FlopCounterMode {flops} is not twice the hooks' {mult_adds}"
    params = sum(p.numel() for p in model.parameters())
    weights = sum(m.weight.numel() for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear))
    assert weights == sum(layer.weights for layer in layers), "a layer was not run, or ran twice"
    # num_batches_tracked is a counter of training steps, no statistic of the data
    stats = sum(b.numel() for name, b in model.named_buffers() if name.endswith(("running_mean", "running_var")))
    return Count(mult_adds, params, params + stats, weights, tuple(layers))


def _torchvision(name: str, **options: Any) -> nn.Module:
    return getattr(torchvision_models(), name)(weights=None, **options)


class Detector(nn.Module):
    """A detector of torchvision from the image to what its heads say of each map: what comes then are boxes, not layers."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = network.backbone, network.head

    def forward(self, image: torch.Tensor) -> Any:
        return self.head(list(self.backbone(image).values()))


def _torchvision_lraspp() -> nn.Module:
    build = torchvision_models().segmentation.lraspp_mobilenet_v3_large
    return build(weights=None, weights_backbone=None)


def _torchvision_ssdlite() -> nn.Module:
    build = torchvision_models().detection.ssdlite320_mobilenet_v3_large
    return Detector(build(weights=None, weights_backbone=None))


def _torchvision_mnasnet(alpha: float) -> nn.Module:
    return torchvision_models().mnasnet.MNASNet(alpha)


def _torchvision_v3(name: str, alpha: float) -> nn.Module:
    builders = torchvision_models().mobilenetv3
    setting, last_channel = builders._mobilenet_v3_conf(name, width_mult=alpha)
    return builders.MobileNetV3(setting, last_channel)


def _torchvision_efficientnet(alpha: float) -> nn.Module:
    builders = torchvision_models().efficientnet
    setting, last_channel = builders._efficientnet_conf("efficientnet_b0", width_mult=alpha, depth_mult=1.0)
    return builders.EfficientNet(setting, dropout=0.2, last_channel=last_channel)


def _timm(module: str, builder: str, name: str, alpha: float) -> nn.Module:
    torchvision_models()
    return getattr(importlib.import_module(f"timm.models.{module}"), builder)(name, alpha, pretrained=False)


@contextmanager
def _slim_rules() -> Iterator[None]:
    """timm's V3 builder with TF-slim's rules: the stem scaled at every width, 88/24 where timm writes 3.67."""
    torchvision_models()
    timm_v3 = importlib.import_module("timm.models.mobilenetv3")
    create, decode = timm_v3._create_mnv3, timm_v3.decode_arch_def

    def create_as_slim(*names: Any, **options: Any) -> nn.Module:
        return create(*names, **(options | {"fix_stem": False}))

    def decode_as_slim(stages: list[list[str]], **options: Any) -> Any:
        return decode([[row.replace("e3.67", f"e{88 / 24!r}") for row in stage] for stage in stages], **options)

    with (
        mock.patch.object(timm_v3, "_create_mnv3", create_as_slim),
        mock.patch.object(timm_v3, "decode_arch_def", decode_as_slim),
    ):
        yield


def _slim_v3(name: str, alpha: float) -> nn.Module:
    with _slim_rules():
        return _timm("mobilenetv3", "_gen_mobilenet_v3", name, alpha)


def _one_width(build: Callable[[], nn.Module], alpha: float) -> nn.Module:
    assert alpha == 1, "this network has no width multiplier"
    return build()


def _plain(name: str, **options: Any) -> Callable[[float], nn.Module]:
    return partial(_one_width, partial(_torchvision, name, **options))


NETWORKS: dict[str, Callable[[float], nn.Module]] = {
    "torchvision:mobilenet_v2": lambda alpha: _torchvision("mobilenet_v2", width_mult=alpha),
    "torchvision:mobilenet_v3_large": partial(_torchvision_v3, "mobilenet_v3_large"),
    "torchvision:mobilenet_v3_small": partial(_torchvision_v3, "mobilenet_v3_small"),
    "torchvision:mnasnet": _torchvision_mnasnet,
    "torchvision:efficientnet_b0": _torchvision_efficientnet,
    "torchvision:resnet18": _plain("resnet18"),
    "torchvision:resnet50": _plain("resnet50"),
    "torchvision:vgg16": _plain("vgg16"),
    "torchvision:alexnet": _plain("alexnet"),
    "torchvision:googlenet": _plain("googlenet", aux_logits=False, init_weights=False),
    "torchvision:inception_v3": _plain("inception_v3", aux_logits=False, init_weights=False),
    "torchvision:squeezenet1_0": _plain("squeezenet1_0"),
    "torchvision:squeezenet1_1": _plain("squeezenet1_1"),
    "torchvision:shufflenet_v2_x0_5": _plain("shufflenet_v2_x0_5"),
    "torchvision:shufflenet_v2_x1_0": _plain("shufflenet_v2_x1_0"),
    "torchvision:shufflenet_v2_x1_5": _plain("shufflenet_v2_x1_5"),
    "torchvision:shufflenet_v2_x2_0": _plain("shufflenet_v2_x2_0"),
    "torchvision:lraspp_mobilenet_v3_large": partial(_one_width, _torchvision_lraspp),
    "torchvision:ssdlite320_mobilenet_v3_large": partial(_one_width, _torchvision_ssdlite),
    "timm:mobilenetv1": partial(_timm, "efficientnet", "_gen_mobilenet_v1", "mobilenetv1_100"),
    "timm:mobilenetv2": partial(_timm, "efficientnet", "_gen_mobilenet_v2", "mobilenetv2_100"),
    "timm:mobilenetv3_large": partial(_timm, "mobilenetv3", "_gen_mobilenet_v3", "mobilenetv3_large_100"),
    "timm:mobilenetv3_small": partial(_timm, "mobilenetv3", "_gen_mobilenet_v3", "mobilenetv3_small_100"),
    "timm:mobilenetv3_large_minimal": partial(
        _timm, "mobilenetv3", "_gen_mobilenet_v3", "tf_mobilenetv3_large_minimal_100"
    ),
    "timm:mobilenetv3_small_minimal": partial(
        _timm, "mobilenetv3", "_gen_mobilenet_v3", "tf_mobilenetv3_small_minimal_100"
    ),
    "slim:mobilenetv3_large": partial(_slim_v3, "mobilenetv3_large_100"),
    "slim:mobilenetv3_small": partial(_slim_v3, "mobilenetv3_small_100"),
    "slim:mobilenetv3_large_minimal": partial(_slim_v3, "tf_mobilenetv3_large_minimal_100"),
    "slim:mobilenetv3_small_minimal": partial(_slim_v3, "tf_mobilenetv3_small_minimal_100"),
    "timm:mobilenetv4_conv_small": partial(_timm, "mobilenetv3", "_gen_mobilenet_v4", "mobilenetv4_conv_small"),
    "timm:mobilenetv4_conv_medium": partial(_timm, "mobilenetv3", "_gen_mobilenet_v4", "mobilenetv4_conv_medium"),
    "timm:mobilenetv4_conv_large": partial(_timm, "mobilenetv3", "_gen_mobilenet_v4", "mobilenetv4_conv_large"),
    "timm:mobilenet_edgetpu": partial(_timm, "efficientnet", "_gen_mobilenet_edgetpu", "mobilenet_edgetpu_100"),
    "timm:mnasnet_a1": partial(_timm, "efficientnet", "_gen_mnasnet_a1", "semnasnet_100"),
    "timm:mnasnet_b1": partial(_timm, "efficientnet", "_gen_mnasnet_b1", "mnasnet_100"),
    "timm:mnasnet_small": partial(_timm, "efficientnet", "_gen_mnasnet_small", "mnasnet_small"),
    "timm:efficientnet_b0": partial(_timm, "efficientnet", "_gen_efficientnet", "efficientnet_b0"),
    "timm:efficientnet_lite0": partial(_timm, "efficientnet", "_gen_efficientnet_lite", "efficientnet_lite0"),
}


@lru_cache(maxsize=4)
def network(name: str, alpha: float) -> nn.Module:
    with torch.device("meta"):
        return NETWORKS[name](alpha)
