"""Numbers that others published, printed or built, against the shipped tables. The source of each stands beside it.

Weights are those of convolutions, squeeze-and-excite and linear layers, without biases; params are the trained ones,
as ``sum(p.numel() for p in model.parameters())`` counts them. 1000 classes throughout.
"""

from __future__ import annotations

import pytest

import mbcost
from mbcost.network.twin import pairs, unpaired

# ---- MobileNetV2, arXiv:1801.04381

# The table of slim's nets/mobilenet/README.md: alpha, resolution, millions of mult-adds (floored) and of weights as
# printed, and the exact counts.
V2 = [
    ("1.4", 224, 582, "6.06", 582_195_824, 6_059_840),
    ("1.3", 224, 509, "5.34", 509_374_560, 5_341_536),
    ("1.0", 224, 300, "3.47", 300_774_272, 3_469_760),
    ("1.0", 192, 221, "3.47", 221_316_608, 3_469_760),
    ("1.0", 160, 154, "3.47", 154_083_200, 3_469_760),
    ("1.0", 128, 99, "3.47", 99_074_048, 3_469_760),
    ("1.0", 96, 56, "3.47", 56_289_152, 3_469_760),
    ("0.75", 224, 209, "2.61", 209_069_792, 2_608_784),
    ("0.75", 192, 153, "2.61", 153_941_888, 2_608_784),
    ("0.75", 160, 107, "2.61", 107_295_200, 2_608_784),
    ("0.75", 128, 69, "2.61", 69_129_728, 2_608_784),
    ("0.75", 96, 39, "2.61", 39_445_472, 2_608_784),
    ("0.5", 224, 97, "1.95", 97_131_840, 1_949_136),
    ("0.5", 192, 71, "1.95", 71_701_760, 1_949_136),
    ("0.5", 160, 50, "1.95", 50_184_000, 1_949_136),
    ("0.5", 128, 32, "1.95", 32_578_560, 1_949_136),
    ("0.5", 96, 18, "1.95", 18_885_440, 1_949_136),
    ("0.35", 224, 59, "1.66", 59_285_808, 1_662_048),
    ("0.35", 192, 43, "1.66", 43_896_512, 1_662_048),
    ("0.35", 160, 30, "1.66", 30_874_800, 1_662_048),
    ("0.35", 128, 20, "1.66", 20_220_672, 1_662_048),
    ("0.35", 96, 11, "1.66", 11_934_128, 1_662_048),
]


@pytest.mark.parametrize(("alpha", "resolution", "millions", "million_params", "mult_adds", "weights"), V2)
def test_the_22_published_rows_of_mobilenet_v2(
    alpha: str, resolution: int, millions: int, million_params: str, mult_adds: int, weights: int
) -> None:
    cost = mbcost.load("mobilenet_v2").cost(alpha=alpha, resolution=resolution)
    assert (cost.mult_adds, cost.weights) == (mult_adds, weights)
    assert cost.mult_adds // 10**6 == millions
    assert f"{cost.weights / 10**6:.2f}" == million_params


def test_there_are_22_published_rows() -> None:
    assert len(V2) == len(set(V2)) == 22


# Channels of the first convolution, of the seven groups of bottlenecks and of the last convolution, in slim's code.
V2_CHANNELS = [
    ("0.35", 16, [8, 8, 16, 24, 32, 56, 112], 1280),
    ("0.5", 16, [8, 16, 16, 32, 48, 80, 160], 1280),
    ("0.75", 24, [16, 24, 24, 48, 72, 120, 240], 1280),
    ("1.0", 32, [16, 24, 32, 64, 96, 160, 320], 1280),
    ("1.3", 40, [24, 32, 40, 80, 128, 208, 416], 1664),
    ("1.4", 48, [24, 32, 48, 88, 136, 224, 448], 1792),
]


@pytest.mark.parametrize(("alpha", "stem", "blocks", "last"), V2_CHANNELS)
def test_the_channels_of_mobilenet_v2(alpha: str, stem: int, blocks: list[int], last: int) -> None:
    rows = mbcost.load("mobilenet_v2").cost(alpha=alpha).rows
    by_name = {row.name: row.output[0] for row in rows}
    assert by_name["conv_1"] == stem
    firsts = (1, 2, 4, 7, 11, 14, 17)  # the first bottleneck of each group: n is 1, 2, 3, 4, 3, 3, 1 in Table 2
    assert [by_name[f"inverted_residual_{first}/project"] for first in firsts] == blocks
    assert by_name["conv_2"] == last


def test_mobilenet_v2_has_17_bottlenecks_and_expands_nothing_in_the_first() -> None:
    """Table 2 sums to 17 (the text says 19). With an expansion in the first, 313,619,328 (tensorflow/models issue 4516)."""
    v2 = mbcost.load("mobilenet_v2")
    rows = v2.cost().rows
    assert sum(row.name.endswith("/project") for row in rows) == 17
    assert sum(row.name.endswith("/expand") for row in rows) == 16
    assert v2.cost().params == 3_504_872  # torchvision's mobilenet_v2
    expansion = 112 * 112 * 32 * 32  # a 1 x 1 convolution from 32 to 32 channels
    assert v2.cost().mult_adds + expansion == 313_619_328


# ---- MobileNetV3, arXiv:1905.02244

# mult-adds and trained params at 224 of the four networks that are called MobileNetV3 off width 1: slim with its head
# kept (the plain tables), keras.applications, torchvision, timm.
FLAVOURS = [
    ("mobilenet_v3_large", "0.35", 39_472_336, 2_131_832),
    ("mobilenet_v3_large_keras", "0.35", 43_887_824, 2_132_216),
    ("mobilenet_v3_large_torchvision", "0.35", 35_278_408, 997_064),
    ("mobilenet_v3_large_timm", "0.35", 43_887_824, 2_132_216),
    ("mobilenet_v3_large", "0.5", 69_247_600, 2_689_520),
    ("mobilenet_v3_large_keras", "0.5", 73_663_088, 2_689_904),
    ("mobilenet_v3_large_torchvision", "0.5", 64_962_192, 1_734_576),
    ("mobilenet_v3_large_timm", "0.5", 73_663_088, 2_689_904),
    ("mobilenet_v3_large", "0.75", 154_560_624, 3_993_528),
    ("mobilenet_v3_large_keras", "0.75", 154_560_624, 3_993_528),
    ("mobilenet_v3_large_torchvision", "0.75", 140_033_816, 3_377_576),
    ("mobilenet_v3_large_timm", "0.75", 154_560_624, 3_993_528),
    ("mobilenet_v3_large", "1.0", 216_589_760, 5_483_032),
    ("mobilenet_v3_large_keras", "1.0", 216_589_760, 5_483_032),
    ("mobilenet_v3_large_torchvision", "1.0", 216_589_760, 5_483_032),
    ("mobilenet_v3_large_timm", "1.0", 216_589_760, 5_483_032),
    ("mobilenet_v3_large", "1.25", 355_221_920, 7_551_976),
    ("mobilenet_v3_large_keras", "1.25", 349_904_800, 8_255_784),
    ("mobilenet_v3_large_torchvision", "1.25", 343_461_000, 8_164_744),
    ("mobilenet_v3_large_timm", "1.25", 355_221_920, 7_551_976),
    ("mobilenet_v3_small", "0.35", 12_815_840, 1_358_288),
    ("mobilenet_v3_small_keras", "0.35", 15_931_232, 1_350_344),
    ("mobilenet_v3_small_torchvision", "0.35", 11_238_936, 558_744),
    ("mobilenet_v3_small_timm", "0.35", 15_951_968, 1_358_808),
    ("mobilenet_v3_small", "0.5", 21_052_560, 1_592_704),
    ("mobilenet_v3_small_keras", "0.5", 24_188_688, 1_593_224),
    ("mobilenet_v3_small_torchvision", "0.5", 18_970_736, 917_264),
    ("mobilenet_v3_small_timm", "0.5", 24_188_688, 1_593_224),
    ("mobilenet_v3_small", "0.75", 43_399_344, 2_041_872),
    ("mobilenet_v3_small_keras", "0.75", 43_399_344, 2_041_872),
    ("mobilenet_v3_small_torchvision", "0.75", 39_115_576, 1_653_920),
    ("mobilenet_v3_small_timm", "0.75", 43_399_344, 2_041_872),
    ("mobilenet_v3_small", "1.0", 56_510_400, 2_542_856),
    ("mobilenet_v3_small_keras", "1.0", 56_510_400, 2_542_856),
    ("mobilenet_v3_small_torchvision", "1.0", 56_510_400, 2_542_856),
    ("mobilenet_v3_small_timm", "1.0", 56_510_400, 2_542_856),
    ("mobilenet_v3_small", "1.25", 90_800_864, 3_205_384),
    ("mobilenet_v3_small_keras", "1.25", 87_703_648, 3_645_312),
    ("mobilenet_v3_small_torchvision", "1.25", 88_155_944, 3_644_912),
    ("mobilenet_v3_small_timm", "1.25", 90_800_864, 3_205_384),
]


@pytest.mark.parametrize(("model", "alpha", "mult_adds", "params"), FLAVOURS)
def test_mobilenet_v3_and_its_flavours(model: str, alpha: str, mult_adds: int, params: int) -> None:
    cost = mbcost.load(model).cost(alpha=alpha)
    assert (cost.mult_adds, cost.params) == (mult_adds, params)


# Table 9 and slim's README: Large 217 (5.4), Large minimalistic 209 (3.9), Small 56 (2.5), Small minimalistic (2.0).
@pytest.mark.parametrize(
    ("model", "mult_adds", "weights"),
    [
        ("mobilenet_v3_large", 216_589_760, 5_451_272),
        ("mobilenet_v3_small", 56_510_400, 2_525_832),
        ("mobilenet_v3_large_minimalistic", 209_136_704, 3_897_608),
        ("mobilenet_v3_small_minimalistic", 52_288_448, 2_030_600),
    ],
)
def test_mobilenet_v3_at_full_width(model: str, mult_adds: int, weights: int) -> None:
    cost = mbcost.load(model).cost()
    assert (cost.mult_adds, cost.weights) == (mult_adds, weights)


def test_squeeze_and_excite_costs_little_in_mobilenet_v3() -> None:
    """Without it Large has 215,082,560 mult-adds and Small 56,051,648: the rows' own numbers must make the difference."""
    for model, without in (("mobilenet_v3_large", 215_082_560), ("mobilenet_v3_small", 56_051_648)):
        rows = mbcost.load(model).cost().rows
        assert sum(row.mult_adds for row in rows if row.kind != "squeeze_excite") == without


# ---- pairs of depthwise and pointwise layers


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("mobilenet_v1", 13),  # Table 1: 13 separable layers
        ("mobilenet_v1_keras", 13),
        ("mobilenet_v2", 17),  # Table 2: 17 bottlenecks; a pair is the depthwise and the projection
        ("mobilenet_v3_large", 15),  # Table 1: 15 bottlenecks, some with squeeze-and-excite between
        ("mobilenet_v3_small", 11),
        ("mobilenet_v3_large_minimalistic", 15),
        ("mobilenet_v3_small_minimalistic", 11),
        (
            "shufflenet_v2_x1_0",
            19,
        ),  # 13 + 3 units, the 3 that halve the map have two pairs (arXiv:1807.11164, Figure 3)
        ("shufflenet_v1", 0),  # the 1 x 1 convolutions are grouped (arXiv:1707.01083, Figure 2)
        ("vgg16", 0),
    ],
)
def test_how_many_pairs_a_network_has(model: str, found: int) -> None:
    placed = mbcost.load(model).placed()
    assert len(pairs(placed)) == found
    depthwise = sum(row.kind == "depthwise" for row in mbcost.load(model).cost().rows)
    assert len(unpaired(placed)) == depthwise - found


def test_the_depthwise_layers_of_shufflenet_v1_are_unpaired() -> None:
    """16 units, one depthwise layer each, before a grouped 1 x 1 convolution."""
    net = mbcost.load("shufflenet_v1")
    assert len(unpaired(net.placed())) == 16
    assert net.standard().cost().mult_adds == net.cost().mult_adds
