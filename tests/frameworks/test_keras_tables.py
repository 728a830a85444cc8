"""Keras' applications, to the unit: those that have a test table, and those whose shipped table needs a word more.

A test table stands in `tests/tables`, written from Keras' definition of the network. A shipped table describes the
paper's network or another framework's; where Keras departs from it, the departure is written here, as overrides.
Compared are the totals (mult-adds, trained params, weights, BN statistics) and every layer with weights.
`test_shipped_tables` holds the shipped tables as they are against Keras; here we see that nothing is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import keras_oracles
import pytest
import test_shipped_tables as shipped
from oracles import oracle

import mbcost
from mbcost.network import Cost, Network
from mbcost.tables import models

pytestmark = pytest.mark.frameworks

TABLES = Path(__file__).parents[1] / "tables"

Size = int | tuple[int, int]
WIDE: Size = (160, 288)
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Case(NamedTuple):
    """A table, Keras' network, the points where they are compared, and what Keras does otherwise than the table."""

    table: str
    network: str
    points: tuple[tuple[str, Size], ...]
    rounding: str | None = None
    change: Mapping[str, Any] = NOTHING
    every: Mapping[str, str] = NOTHING
    without: tuple[str, ...] = ()


def sizes(*resolutions: Size) -> tuple[tuple[str, Size], ...]:
    """Points of a network that has no width multiplier."""
    return tuple(("1", size) for size in resolutions)


def widths(*alphas: str) -> tuple[tuple[str, Size], ...]:
    """Points of a network with a width multiplier, on even and odd maps in turn."""
    return tuple((alpha, (224, 131)[i % 2]) for i, alpha in enumerate(alphas))


# By table: Keras' network, and the params that `count_params` of the network that Keras ships prints
PRINTED = {
    "vgg19": ("keras:VGG19", 143_667_240),
    "densenet121": ("keras:DenseNet121", 8_062_504),
    "xception": ("keras:Xception", 22_910_480),
    "resnet50_keras": ("keras:ResNet50", 25_636_712),
    "resnet50v2": ("keras:ResNet50V2", 25_613_800),
}

TESTED = (
    # The first linear layer grows with the map: large ones take long to build
    Case("vgg19", "keras:VGG19", sizes(224, 97, 128, (96, 160))),
    Case("densenet121", "keras:DenseNet121", sizes(224, 131, 200, WIDE)),
    Case("xception", "keras:Xception", sizes(299, 131, 192, WIDE)),
    Case("resnet50_keras", "keras:ResNet50", sizes(224, 131, 200, WIDE)),
    Case("resnet50v2", "keras:ResNet50V2", sizes(224, 131, 200, WIDE)),
)

# Keras' V3 keeps its first 16 channels, takes its last convolution from the last block and lets the head grow
V3_WIDTHS = {"conv_1.width": "fixed", "conv_2.out_channels": "~", "conv_2.expansion": 6, "head.width": "grow"}
# Its ResNet-50 has the paper's strides
V1_STRIDES = {f"projection_{stage}/conv_{k}.stride": s for stage in (2, 3, 4) for k, s in ((1, 2), (2, 1))}
OFF = ("0.29", "0.372", "0.613", "1.07")

CHANGED = (
    Case("mobilenet_v1_keras", "keras:MobileNet", widths("0.25", *OFF)),
    Case("mobilenet_v2", "keras:MobileNetV2", widths("0.35", *OFF), rounding="floor+divisor:8"),
    Case("mobilenet_v3_large_keras", "keras:MobileNetV3Large", widths(*OFF)),
    Case("mobilenet_v3_small_keras", "keras:MobileNetV3Small", widths(*OFF)),
    Case(
        "mobilenet_v3_large_minimalistic",
        "keras:MobileNetV3LargeMinimalistic",
        widths("1", "1.25", *OFF),
        change=V3_WIDTHS,
    ),
    Case(
        "mobilenet_v3_small_minimalistic",
        "keras:MobileNetV3SmallMinimalistic",
        widths("1", "1.25", *OFF),
        change=V3_WIDTHS,
    ),
    # Keras flattens the map that torchvision pools to 7 x 7
    Case("vgg16", "keras:VGG16", sizes(224, 97, 128, (96, 160)), without=("global_pool_1",)),
    # No gamma; test_shipped_tables compares all but the params
    Case("inception_v3", "keras:InceptionV3", sizes(299, 131, 192, WIDE), every={"norm": "batch_no_scale"}),
    Case("resnet50", "keras:ResNet50", sizes(224, 131), change=V1_STRIDES, every={"bias": "true"}),
    Case("nasnet_mobile", "keras:NASNetMobile", sizes(131, WIDE)),
    Case("efficientnet_b0", "keras:EfficientNetB0", sizes(131, WIDE)),
    Case("efficientnet_v2_b0", "keras:EfficientNetV2B0", sizes(224, 131, WIDE)),
    *(Case(f"efficientnet_v2_{size}", f"keras:EfficientNetV2{size.upper()}", sizes(131, 160)) for size in "sml"),
    Case("convnext_tiny", "keras:ConvNeXtTiny", sizes(224, 131)),
    # Scalings of tables
    *(Case(f"efficientnet_b{n}", f"keras:EfficientNetB{n}", sizes(131, WIDE)) for n in range(1, 8)),
    *(Case(f"efficientnet_v2_b{n}", f"keras:EfficientNetV2B{n}", sizes(131, WIDE)) for n in range(1, 4)),
)
CASES = TESTED + CHANGED

# The widths that Keras has weights for
GRIDS = {
    "keras:MobileNet": {"0.25", "0.5", "0.75", "1"},
    "keras:MobileNetV2": {"0.35", "0.5", "0.75", "1", "1.3", "1.4"},
    "keras:MobileNetV3Large": {"0.75", "1"},
    "keras:MobileNetV3Small": {"0.75", "1"},
    "keras:MobileNetV3LargeMinimalistic": {"1"},
    "keras:MobileNetV3SmallMinimalistic": {"1"},
}


def read(table: str) -> Network:
    """A test table by its stem, or else a shipped one by its name."""
    path = TABLES / f"{table}.yaml"
    return mbcost.load(str(path) if table in PRINTED else table)


def text(size: Size) -> str:
    return f"{size}" if isinstance(size, int) else f"{size[0]}x{size[1]}"


def ours(case: Case, alpha: str, size: Size) -> Cost:
    """The table's cost, with Keras' departures written as overrides of its rows."""
    network = read(case.table)
    normed = [row.name for row in network.cost().rows if row.weights and row.norm_stats] if case.every else []
    every = {f"{name}.{field}": value for name in normed for field, value in case.every.items()}
    # A scaling has an alpha of its own; Keras has none for these networks
    asked = alpha if keras_oracles.NETWORKS[case.network][2] else None
    return network.cost(
        alpha=asked, resolution=text(size), rounding=case.rounding, set={**case.change, **every}, without=case.without
    )


POINTS = [
    pytest.param(case, alpha, size, id=f"{case.table}={case.network}@{alpha}@{text(size)}")
    for case in CASES
    for alpha, size in case.points
]


@pytest.mark.parametrize(("case", "alpha", "size"), POINTS)
def test_a_table_is_the_network_that_keras_builds(case: Case, alpha: str, size: Size) -> None:
    cost, count = ours(case, alpha, size), oracle(case.network, float(alpha), size)
    assert (cost.mult_adds, cost.params, cost.params + cost.norm_stats) == (
        count.mult_adds, count.params, count.params_with_stats,
    )  # fmt: skip
    assert shipped.differences(cost, count) == {}


@pytest.mark.parametrize("table", PRINTED)
def test_the_keras_convention_has_the_params_that_keras_prints(table: str) -> None:
    assert read(table).cost(convention="keras").params == PRINTED[table][1]


# 32 alpha a little above 8 k / 0.9, and a whole number between the two
@pytest.mark.parametrize(("alpha", "first"), [("0.28", 16), ("0.56", 24), ("0.84", 32), ("1.12", 40)])
def test_mobilenet_v2_truncates_in_its_blocks_and_not_in_its_first_convolution(alpha: str, first: int) -> None:
    network, count = mbcost.load("mobilenet_v2"), oracle("keras:MobileNetV2", float(alpha), 96)
    untold = network.cost(alpha=alpha, resolution=96, rounding="floor+divisor:8")
    told = network.cost(
        alpha=alpha,
        resolution=96,
        rounding="floor+divisor:8",
        set={"conv_1.out_channels": first, "conv_1.width": "fixed"},
    )
    assert untold.rows[0].output[0] == first - 8
    assert count.layers[0].out_channels == first
    assert shipped.differences(told, count) == {}


def test_without_its_overrides_a_changed_table_is_another_network() -> None:
    """The comparison sees each kind of override: a row's field, every row's field, a dropped row."""
    for table, alpha, size in (
        ("mobilenet_v3_large_minimalistic", "1.25", 131),
        ("inception_v3", "1", 299),
        ("vgg16", "1", 97),
        ("resnet50", "1", 224),
    ):
        (case,) = (case for case in CHANGED if case.table == table)
        bare = case._replace(change=NOTHING, every=NOTHING, without=())
        assert "params" in shipped.differences(ours(bare, alpha, size), oracle(case.network, float(alpha), size))


def compared() -> dict[str, set[str]]:
    """By Keras network: the widths at which it is compared in full, here and in test_shipped_tables."""
    found: dict[str, set[str]] = {}
    for case in CASES:
        found.setdefault(case.network, set()).update(alpha for alpha, _ in case.points)
    for other in shipped.CASES:
        if other.network.startswith("keras:") and other.compared == shipped.ALL:
            found.setdefault(other.network, set()).update(alpha for alpha, _ in shipped.points(other))
    return found


def plain(name: str) -> str:
    """An application's or a table's name without what only spelling adds; Keras' MobileNet is the first one."""
    return {"mobilenet": "mobilenetv1"}.get(word := name.lower().replace("_", ""), word)


def test_every_application_with_a_shipped_table_is_compared() -> None:
    tables = {plain(name) for table in models() for name in (table, *mbcost.load(table).table.scalings)}
    applications = {
        name
        for name, value in vars(keras_oracles.keras.applications).items()
        if callable(value) and plain(name) in tables
    }
    assert applications >= {
        "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small", "VGG16", "InceptionV3", "NASNetMobile",
        "ResNet50", "EfficientNetB0", "EfficientNetB7", "EfficientNetV2B3", "EfficientNetV2L",
    }  # fmt: skip
    assert {f"keras:{name}" for name in applications} <= compared().keys()
    assert keras_oracles.NETWORKS.keys() == compared().keys()


def test_every_table_that_names_keras_is_compared_with_it() -> None:
    held = {case.table for case in (*CASES, *shipped.CASES) if case.network.startswith("keras:")}
    of_keras = {path.stem for path in shipped.MODELS.glob("*.yaml") if "keras.applications" in path.read_text("utf-8")}
    tested = {path.stem for path in TABLES.glob("*.yaml") if "keras.applications" in path.read_text("utf-8")}
    assert of_keras
    assert of_keras <= held
    assert tested == PRINTED.keys() == {case.table for case in TESTED}


def test_every_network_with_a_width_is_compared_on_all_of_keras_grid_and_off_it() -> None:
    assert {name for name, (_, _, varies) in keras_oracles.NETWORKS.items() if varies} == GRIDS.keys()
    for network, grid in GRIDS.items():
        alphas = compared()[network]
        assert grid <= alphas, network
        assert len(alphas - grid) >= 4, network


def test_every_test_table_is_compared_at_its_own_resolution_at_another_and_at_an_odd_one() -> None:
    for case in TESTED:
        own = read(case.table).base_resolution[0]
        others = [size for _, size in case.points if size != own]
        assert ("1", own) in case.points
        assert len(others) >= 2
        assert any(isinstance(size, int) and size % 2 for size in others)
        assert case.network == PRINTED[case.table][0]
