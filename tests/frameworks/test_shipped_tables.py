"""Every shipped table against the network that Keras, torchvision or timm really builds, to the unit.

Compared are the totals (mult-adds, trained params, weights, BN statistics) and, in any order, every convolution and
linear layer with its channels, its map, its mult-adds and its weights.

A spread of widths and resolutions runs by default; MBCOST_FRAMEWORK_POINTS=all runs their full product.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from counts import Count
from keras_twins import KERAS
from oracles import names, oracle
from test_members import OTHERS, REACHED

import mbcost
from mbcost.network import Cost

pytestmark = pytest.mark.frameworks

MODELS = Path(__file__).parents[2] / "configs" / "models"

ALPHAS = ("1", "0.35", "0.45", "0.5", "0.6", "0.75", "0.9", "1.15", "1.25", "1.3", "1.4", "2.0")
RESOLUTIONS = (224, 96, 128, 160, 192, 200, 225, 256, 300, 320)
# From here on timm scales the first convolution of V3, as slim does at every width
WIDE = ALPHAS[:1] + ALPHAS[4:]
# Keras' MobileNet floors where a strided depthwise meets an odd map: below 32 n no map is odd
EVEN = tuple(n for n in RESOLUTIONS if n % 32 == 0)
ODD_SIZES = (97, 131, 255)

ALL = ("mult_adds", "params", "weights", "norm_stats", "layers")
NO_GAMMA = ("mult_adds", "weights", "layers")


class Case(NamedTuple):
    """One table, the network it describes, and where the two are the same network."""

    table: str
    network: str
    alphas: tuple[str, ...] = ("1",)
    resolutions: tuple[int, ...] = RESOLUTIONS
    rounding: str | None = None
    compared: tuple[str, ...] = ALL


CASES = (
    Case("mobilenet_v1", "keras:MobileNet", ALPHAS, EVEN),
    Case("mobilenet_v1", "timm:mobilenetv1", ALPHAS, (*RESOLUTIONS, *ODD_SIZES), rounding="divisor:8"),
    Case("mobilenet_v1_keras", "keras:MobileNet", ALPHAS, (*RESOLUTIONS, *ODD_SIZES)),
    Case("mobilenet_v2", "keras:MobileNetV2", ALPHAS),
    Case("mobilenet_v2", "torchvision:mobilenet_v2", ALPHAS, (*RESOLUTIONS, *ODD_SIZES)),
    Case("mobilenet_v2", "timm:mobilenetv2", ALPHAS),
    Case("mobilenet_v3_large", "slim:mobilenetv3_large", ALPHAS),
    Case("mobilenet_v3_small", "slim:mobilenetv3_small", ALPHAS),
    Case("mobilenet_v3_large", "keras:MobileNetV3Large", ("0.6", "0.75", "0.9", "1")),
    Case("mobilenet_v3_small", "keras:MobileNetV3Small", ("0.75", "1")),
    Case("mobilenet_v3_large", "timm:mobilenetv3_large", WIDE),
    Case("mobilenet_v3_small", "timm:mobilenetv3_small", WIDE),
    Case("mobilenet_v3_large", "torchvision:mobilenet_v3_large"),
    Case("mobilenet_v3_small", "torchvision:mobilenet_v3_small"),
    Case("mobilenet_v3_large_keras", "keras:MobileNetV3Large", ALPHAS, (*RESOLUTIONS, *ODD_SIZES)),
    Case("mobilenet_v3_small_keras", "keras:MobileNetV3Small", ALPHAS, (*RESOLUTIONS, *ODD_SIZES)),
    Case("mobilenet_v3_large_timm", "timm:mobilenetv3_large", ALPHAS, (*RESOLUTIONS, *ODD_SIZES)),
    Case("mobilenet_v3_small_timm", "timm:mobilenetv3_small", ALPHAS, (*RESOLUTIONS, *ODD_SIZES)),
    Case("mobilenet_v3_large_torchvision", "torchvision:mobilenet_v3_large", ALPHAS, (*RESOLUTIONS, *ODD_SIZES)),
    Case("mobilenet_v3_small_torchvision", "torchvision:mobilenet_v3_small", ALPHAS, (*RESOLUTIONS, *ODD_SIZES)),
    Case("mobilenet_v3_large_minimalistic", "slim:mobilenetv3_large_minimal", ALPHAS),
    Case("mobilenet_v3_small_minimalistic", "slim:mobilenetv3_small_minimal", ALPHAS),
    Case("mobilenet_v3_large_minimalistic", "keras:MobileNetV3LargeMinimalistic", ("0.6", "0.75", "0.9", "1")),
    Case("mobilenet_v3_small_minimalistic", "keras:MobileNetV3SmallMinimalistic", ("0.75", "1")),
    Case("mobilenet_v3_large_minimalistic", "timm:mobilenetv3_large_minimal", WIDE),
    Case("mobilenet_v3_small_minimalistic", "timm:mobilenetv3_small_minimal", WIDE),
    Case("mobilenet_v4_conv_small", "timm:mobilenetv4_conv_small", ALPHAS, (*RESOLUTIONS, 384)),
    Case("mobilenet_v4_conv_medium", "timm:mobilenetv4_conv_medium", ALPHAS, (*RESOLUTIONS, 384)),
    Case("mobilenet_v4_conv_large", "timm:mobilenetv4_conv_large", ALPHAS, (*RESOLUTIONS, 384)),
    Case("mobilenet_edgetpu", "timm:mobilenet_edgetpu", ALPHAS),
    Case("mnasnet_a1", "timm:mnasnet_a1", ALPHAS),
    Case("mnasnet_b1", "timm:mnasnet_b1", ALPHAS),
    Case("mnasnet_b1", "torchvision:mnasnet", ALPHAS),
    Case("mnasnet_small", "timm:mnasnet_small", ALPHAS),
    Case("efficientnet_b0", "keras:EfficientNetB0"),
    Case("efficientnet_b0", "torchvision:efficientnet_b0", ALPHAS),
    Case("efficientnet_b0", "timm:efficientnet_b0", ALPHAS),
    Case("efficientnet_lite0", "timm:efficientnet_lite0", ALPHAS),
    Case("resnet18", "torchvision:resnet18", resolutions=(*RESOLUTIONS, *ODD_SIZES)),
    Case("resnet50", "torchvision:resnet50", resolutions=(*RESOLUTIONS, *ODD_SIZES)),
    Case("vgg16", "torchvision:vgg16", resolutions=(224, 96, 225, 300)),
    Case("vgg16", "keras:VGG16", resolutions=(224,)),
    Case("alexnet", "torchvision:alexnet", resolutions=(224, 96, 225, 227, 300)),
    Case("googlenet_torchvision", "torchvision:googlenet", resolutions=(*RESOLUTIONS, *ODD_SIZES)),
    Case("inception_v3", "torchvision:inception_v3", resolutions=(299, *RESOLUTIONS, *ODD_SIZES)),
    # Keras' Inception V3 has no gamma in its batch norms
    Case("inception_v3", "keras:InceptionV3", resolutions=(299, 192, 225), compared=NO_GAMMA),
    Case("squeezenet_1_0", "torchvision:squeezenet1_0", resolutions=(*RESOLUTIONS, *ODD_SIZES, 227)),
    Case("squeezenet_1_1", "torchvision:squeezenet1_1", resolutions=(*RESOLUTIONS, *ODD_SIZES, 227)),
    Case("shufflenet_v2_x0_5", "torchvision:shufflenet_v2_x0_5", resolutions=(*RESOLUTIONS, *ODD_SIZES)),
    Case("shufflenet_v2_x1_0", "torchvision:shufflenet_v2_x1_0", resolutions=(*RESOLUTIONS, *ODD_SIZES)),
    Case("shufflenet_v2_x1_5", "torchvision:shufflenet_v2_x1_5", resolutions=(*RESOLUTIONS, *ODD_SIZES)),
    Case("shufflenet_v2_x2_0", "torchvision:shufflenet_v2_x2_0", resolutions=(*RESOLUTIONS, *ODD_SIZES)),
    Case("lraspp_mobilenet_v3_large", "torchvision:lraspp_mobilenet_v3_large", resolutions=(520, 224, 333)),
    Case("ssdlite320_mobilenet_v3_large", "torchvision:ssdlite320_mobilenet_v3_large", resolutions=(320, 224, 333)),
    Case("densenet121", "keras:DenseNet121", resolutions=(224, 131)),
    Case("densenet169", "keras:DenseNet169", resolutions=(224, 131)),
    Case("nasnet_mobile", "keras:NASNetMobile", resolutions=(224, 192, 225, 300, 331)),
)

# Tables of networks that neither Keras nor torchvision nor timm builds.
# torchvision's own SSDlite is ssdlite_mobilenet_v3_large but for one row; its DeepLab has another head and other backbones.
NOBODY_BUILDS = frozenset(
    {
        "alexnet_two_tower", "deeplab_v3_mobilenet_v1", "deeplab_v3_mobilenet_v2", "deeplab_v3_mobilenet_v2_aspp",
        "googlenet", "shufflenet_v1", "shufflenet_v1_g1", "shufflenet_v1_g2", "shufflenet_v1_g4", "shufflenet_v1_g8",
        "ssd300_mobilenet_v1", "ssdlite_mobilenet_v1", "ssdlite_mobilenet_v2", "ssdlite_mobilenet_v3_large",
        "ssdlite_mobilenet_v3_small",
    }
)  # fmt: skip


def points(case: Case) -> list[tuple[str, int]]:
    """The widths and resolutions at which a case is tried.

    The spread gives every width the next resolution and tries those that are left at width 1; a network without
    widths is tried at every resolution.
    """
    if os.environ.get("MBCOST_FRAMEWORK_POINTS") == "all" or len(case.alphas) == 1:
        return [(alpha, resolution) for alpha in case.alphas for resolution in case.resolutions]
    sizes = case.resolutions
    chosen = [(alpha, sizes[i % len(sizes)]) for i, alpha in enumerate(case.alphas)]
    return [*chosen, *(("1", n) for n in sizes if all(n != taken for _, taken in chosen))]


def name_of(case: Case, alpha: str, resolution: int) -> str:
    return f"{case.table}={case.network}@{alpha}@{resolution}"


POINTS = [pytest.param(case, *point, id=name_of(case, *point)) for case in CASES for point in points(case)]


def ours(cost: Cost) -> dict[str, Any]:
    """A cost in the words in which a framework's count is compared."""
    rows = Counter(
        (row.input[0], row.output[0], row.kernel_size, row.mult_adds, row.weights) for row in cost.rows if row.weights
    )
    return {key: getattr(cost, key) for key in ALL[:-1]} | {"layers": rows}


def theirs(count: Count) -> dict[str, Any]:
    rows = Counter((x.in_channels, x.out_channels, x.kernel_size, x.mult_adds, x.weights) for x in count.layers)
    return {key: getattr(count, key) for key in ALL[:-1]} | {"layers": rows}


def differences(cost: Cost, count: Count, compared: tuple[str, ...] = ALL) -> dict[str, Any]:
    """What only one side has: totals as (ours, theirs), layers as (only ours, only theirs); empty for one network.

    Layers are compared by channels, kernel, mult-adds and weights; their maps follow, as mult-adds over weights.
    """
    mine, other = ours(cost), theirs(count)
    found = {key: (mine[key], other[key]) for key in compared if mine[key] != other[key]}
    if "layers" in found:
        left, right = found["layers"]
        found["layers"] = (sorted((left - right).elements()), sorted((right - left).elements()))
    return found


@pytest.mark.parametrize(("case", "alpha", "resolution"), POINTS)
def test_a_table_is_the_network_that_the_framework_builds(case: Case, alpha: str, resolution: int) -> None:
    cost = mbcost.load(case.table).cost(alpha=alpha, resolution=resolution, rounding=case.rounding)
    assert differences(cost, oracle(case.network, float(alpha), resolution), case.compared) == {}


@pytest.mark.parametrize("network", ["timm:mobilenetv1", "torchvision:mobilenet_v2", "keras:MobileNetV3Large"])
def test_a_map_that_is_not_square(network: str) -> None:
    (case, *_) = (case for case in CASES if case.network == network and "1" in case.alphas)
    cost = mbcost.load(case.table).cost(resolution="160x288", rounding=case.rounding)
    assert differences(cost, oracle(network, 1.0, (160, 288))) == {}


def test_every_shipped_table_has_a_second_opinion_or_is_known_to_have_none() -> None:
    shipped = {path.stem for path in MODELS.glob("*.yaml")}
    held = {mbcost.load(model).table.name for model in (*(model for model, _ in REACHED.values()), *OTHERS)}
    assert shipped - {case.table for case in CASES} - held - set(KERAS) - {"vit_tiny"} == NOBODY_BUILDS


def test_every_network_of_the_list_can_be_built_by_name() -> None:
    assert {case.network for case in CASES} <= set(names())


@pytest.mark.parametrize("change", [{"stem.stride": 1}, {"classifier.out_channels": 1001}])
def test_the_comparison_sees_a_table_that_is_not_the_network(change: dict[str, int]) -> None:
    network = mbcost.load("mobilenet_v1")
    first = network.cost().rows[0].name
    change = {key.replace("stem", first): value for key, value in change.items()}
    assert set(differences(network.cost(set=change), oracle("timm:mobilenetv1"))) >= {"mult_adds", "layers"}
