"""Numbers that others published, printed or built, against the shipped tables. The source of each stands beside it.

Weights are those of convolutions, squeeze-and-excite and linear layers, without biases; params are the trained ones,
as ``sum(p.numel() for p in model.parameters())`` counts them. 1000 classes throughout.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

import mbcost

# ---- MobileNetV1, arXiv:1704.04861


def test_mobilenet_v1_at_full_width_and_resolution() -> None:
    """Table 4: 569 million mult-adds, 4.2 million parameters; 4,253,864 is what Keras prints for the same network."""
    cost = mbcost.load("mobilenet_v1").cost()
    assert cost.mult_adds == 568_740_352
    assert cost.weights == 4_209_088
    assert cost.params == 4_231_976
    assert cost.params + cost.norm_stats == 4_253_864
    assert cost.layers == 28  # section 3.2: "MobileNet has 28 layers"


def test_mobilenet_v1_at_three_quarters_and_192() -> None:
    """Not printed in the paper; slim's own rule gives it (239 million with a 24 channel first convolution)."""
    assert mbcost.load("mobilenet_v1").cost(alpha="0.75", resolution=192).mult_adds == 239_273_472
    assert mbcost.load("mobilenet_v1").cost(alpha="0.75", rho="6/7").mult_adds == 239_273_472


def test_the_standard_twin_of_mobilenet_v1() -> None:
    """Table 4, "Conv MobileNet": 4866 million (that is without the classifier) and 29.3 million parameters."""
    twin = mbcost.load("mobilenet_v1").standard().cost()
    assert twin.mult_adds == 4_867_293_184
    assert twin.mult_adds - 1_024_000 == 4_866_269_184  # what is printed
    assert twin.weights == 29_281_120
    assert twin.layers == 15
    assert mbcost.load("mobilenet_v1").cost(standard=True).mult_adds == twin.mult_adds


def test_table_1_as_it_is_printed() -> None:
    """The last depthwise row is printed with stride 2 (tensorflow/models issue 1997); the erratum says so."""
    v1 = mbcost.load("mobilenet_v1")
    assert v1.cost(set={"separable_13.stride": 2}).mult_adds == 533_833_216
    (erratum,) = v1.table.errata
    assert (erratum["row"], erratum["field"], erratum["printed"]) == ("separable_13", "stride", "2")


# Table 2: share of mult-adds, share of weights. The paper prints 1.19 for the full convolution, digits swapped.
@pytest.mark.parametrize(
    ("kind", "mult_adds", "weights", "share", "weight_share"),
    [
        ("pointwise", 539_492_352, 3_139_584, "94.86", "74.59"),
        ("depthwise", 17_385_984, 44_640, "3.06", "1.06"),
        ("conv", 10_838_016, 864, "1.91", "0.02"),
        ("linear", 1_024_000, 1_024_000, "0.18", "24.33"),
    ],
)
def test_where_the_mult_adds_of_mobilenet_v1_sit(
    kind: str, mult_adds: int, weights: int, share: str, weight_share: str
) -> None:
    cost = mbcost.load("mobilenet_v1").cost()
    rows = [row for row in cost.rows if row.kind == kind]
    assert sum(row.mult_adds for row in rows) == mult_adds
    assert sum(row.weights for row in rows) == weights
    assert f"{100 * mult_adds / cost.mult_adds:.2f}" == share
    assert f"{100 * weights / cost.weights:.2f}" == weight_share


def test_the_shallow_network_of_table_5() -> None:
    """Without the five 14 x 14 x 512 layers: 307 million mult-adds, 2.9 million parameters."""
    cost = mbcost.load("mobilenet_v1").cost(without=["separable_[789]", "separable_1[01]"])
    assert (cost.mult_adds, cost.weights) == (307_323_392, 2_875_328)


# Figures 4 and 5: the sixteen members of the family.
FAMILY = [
    ("1", 224, 568_740_352, 4_209_088),
    ("1", 192, 418_121_728, 4_209_088),
    ("1", 160, 290_675_200, 4_209_088),
    ("1", 128, 186_400_768, 4_209_088),
    ("0.75", 224, 325_400_448, 2_568_144),
    ("0.75", 192, 239_273_472, 2_568_144),
    ("0.75", 160, 166_396_800, 2_568_144),
    ("0.75", 128, 106_770_432, 2_568_144),
    ("0.5", 224, 149_497_088, 1_319_648),
    ("0.5", 192, 109_970_432, 1_319_648),
    ("0.5", 160, 76_524_800, 1_319_648),
    ("0.5", 128, 49_160_192, 1_319_648),
    ("0.25", 224, 41_030_272, 463_600),
    ("0.25", 192, 30_212_608, 463_600),
    ("0.25", 160, 21_059_200, 463_600),
    ("0.25", 128, 13_570_048, 463_600),
]


@pytest.mark.parametrize(("alpha", "resolution", "mult_adds", "weights"), FAMILY)
def test_the_sixteen_members_of_figures_4_and_5(alpha: str, resolution: int, mult_adds: int, weights: int) -> None:
    cost = mbcost.load("mobilenet_v1").cost(alpha=alpha, resolution=resolution)
    assert (cost.mult_adds, cost.weights) == (mult_adds, weights)
    a, rho = Fraction(alpha), Fraction(resolution, 224)
    assert rho**2 * (539_492_352 * a**2 + 28_224_000 * a) + 1_024_000 * a == mult_adds
    assert 3_139_584 * a**2 + 1_069_504 * a == weights


# The docstring of slim's mobilenet_v1.py prints two networks layer by layer: params (weights), mult-adds, output.
SLIM_V1_224 = [
    ("Conv2d_0", 864, 10_838_016, "112x112x32"),
    ("Conv2d_1_depthwise", 288, 3_612_672, "112x112x32"),
    ("Conv2d_1_pointwise", 2_048, 25_690_112, "112x112x64"),
    ("Conv2d_2_depthwise", 576, 1_806_336, "56x56x64"),
    ("Conv2d_2_pointwise", 8_192, 25_690_112, "56x56x128"),
    ("Conv2d_3_depthwise", 1_152, 3_612_672, "56x56x128"),
    ("Conv2d_3_pointwise", 16_384, 51_380_224, "56x56x128"),
    ("Conv2d_4_depthwise", 1_152, 903_168, "28x28x128"),
    ("Conv2d_4_pointwise", 32_768, 25_690_112, "28x28x256"),
    ("Conv2d_5_depthwise", 2_304, 1_806_336, "28x28x256"),
    ("Conv2d_5_pointwise", 65_536, 51_380_224, "28x28x256"),
    ("Conv2d_6_depthwise", 2_304, 451_584, "14x14x256"),
    ("Conv2d_6_pointwise", 131_072, 25_690_112, "14x14x512"),
    ("Conv2d_7_depthwise", 4_608, 903_168, "14x14x512"),
    ("Conv2d_7_pointwise", 262_144, 51_380_224, "14x14x512"),
    ("Conv2d_8_depthwise", 4_608, 903_168, "14x14x512"),
    ("Conv2d_8_pointwise", 262_144, 51_380_224, "14x14x512"),
    ("Conv2d_9_depthwise", 4_608, 903_168, "14x14x512"),
    ("Conv2d_9_pointwise", 262_144, 51_380_224, "14x14x512"),
    ("Conv2d_10_depthwise", 4_608, 903_168, "14x14x512"),
    ("Conv2d_10_pointwise", 262_144, 51_380_224, "14x14x512"),
    ("Conv2d_11_depthwise", 4_608, 903_168, "14x14x512"),
    ("Conv2d_11_pointwise", 262_144, 51_380_224, "14x14x512"),
    ("Conv2d_12_depthwise", 4_608, 225_792, "7x7x512"),
    ("Conv2d_12_pointwise", 524_288, 25_690_112, "7x7x1024"),
    ("Conv2d_13_depthwise", 9_216, 451_584, "7x7x1024"),
    ("Conv2d_13_pointwise", 1_048_576, 51_380_224, "7x7x1024"),
]
SLIM_V1_075_128 = [
    ("Conv2d_0", 648, 2_654_208, "64x64x24"),
    ("Conv2d_1_depthwise", 216, 884_736, "64x64x24"),
    ("Conv2d_1_pointwise", 1_152, 4_718_592, "64x64x48"),
    ("Conv2d_2_depthwise", 432, 442_368, "32x32x48"),
    ("Conv2d_2_pointwise", 4_608, 4_718_592, "32x32x96"),
    ("Conv2d_3_depthwise", 864, 884_736, "32x32x96"),
    ("Conv2d_3_pointwise", 9_216, 9_437_184, "32x32x96"),
    ("Conv2d_4_depthwise", 864, 221_184, "16x16x96"),
    ("Conv2d_4_pointwise", 18_432, 4_718_592, "16x16x192"),
    ("Conv2d_5_depthwise", 1_728, 442_368, "16x16x192"),
    ("Conv2d_5_pointwise", 36_864, 9_437_184, "16x16x192"),
    ("Conv2d_6_depthwise", 1_728, 110_592, "8x8x192"),
    ("Conv2d_6_pointwise", 73_728, 4_718_592, "8x8x384"),
    ("Conv2d_7_depthwise", 3_456, 221_184, "8x8x384"),
    ("Conv2d_7_pointwise", 147_456, 9_437_184, "8x8x384"),
    ("Conv2d_8_depthwise", 3_456, 221_184, "8x8x384"),
    ("Conv2d_8_pointwise", 147_456, 9_437_184, "8x8x384"),
    ("Conv2d_9_depthwise", 3_456, 221_184, "8x8x384"),
    ("Conv2d_9_pointwise", 147_456, 9_437_184, "8x8x384"),
    ("Conv2d_10_depthwise", 3_456, 221_184, "8x8x384"),
    ("Conv2d_10_pointwise", 147_456, 9_437_184, "8x8x384"),
    ("Conv2d_11_depthwise", 3_456, 221_184, "8x8x384"),
    ("Conv2d_11_pointwise", 147_456, 9_437_184, "8x8x384"),
    ("Conv2d_12_depthwise", 3_456, 55_296, "4x4x384"),
    ("Conv2d_12_pointwise", 294_912, 4_718_592, "4x4x768"),
    ("Conv2d_13_depthwise", 6_912, 110_592, "4x4x768"),
    ("Conv2d_13_pointwise", 589_824, 9_437_184, "4x4x768"),
]


@pytest.mark.parametrize(
    ("alpha", "resolution", "printed", "params", "mult_adds"),
    [("1", 224, SLIM_V1_224, 3_185_088, 567_716_352), ("0.75", 128, SLIM_V1_075_128, 1_800_144, 106_002_432)],
)
def test_mobilenet_v1_layer_by_layer_as_slim_prints_it(
    alpha: str, resolution: int, printed: list[tuple[str, int, int, str]], params: int, mult_adds: int
) -> None:
    cost = mbcost.load("mobilenet_v1").cost(
        alpha=alpha, resolution=resolution, without=["global_pool_1", "classifier", "softmax_1"]
    )
    found = [
        (row.weights, row.mult_adds, "x".join(str(side) for side in (*row.output[1:], row.output[0])))
        for row in cost.rows
    ]
    assert found == [(weights, counted, output) for _, weights, counted, output in printed]
    assert (cost.weights, cost.mult_adds) == (params, mult_adds)


def test_keras_floors_odd_maps() -> None:
    """Keras pads strided depthwise maps by (0, 1): 300 becomes 150, 75, 37, not 38."""
    sizes = {}
    for name in ("mobilenet_v1", "mobilenet_v1_keras"):
        rows = mbcost.load(name).cost(resolution=300).rows
        sizes[name] = [row.output[1] for row in rows if row.kind == "depthwise" and row.stride == (2, 2)]
    assert sizes == {"mobilenet_v1": [75, 38, 19, 10], "mobilenet_v1_keras": [75, 37, 18, 9]}
