"""Counting conventions against what the tools print, against each other, and against tables that are wrong.

The numbers of tests/conventions/peers/printed.csv and of LAYERS were printed by the tools themselves; no code of ours was near.
"""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import mbcost
from mbcost import loads
from mbcost.analysis.conventions import UNIT, Tally, params_waterfall, side_by_side, spread, waterfall
from mbcost.conventions import DEFAULT, Convention, Term, available, find
from mbcost.errors import MbcostError
from mbcost.network.walk import SUMMED, scaled
from mbcost.tables import models
from tests.inline import table

NAMES = list(available())
PAGED = {"paper", "keras", "slim", "timm", "openvino", "openvino-analyzer", "toco"}
TOOLS = [name for name in NAMES if name not in PAGED]
NETWORKS = ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"]


def printed() -> list[dict[str, str]]:
    lines = (Path(__file__).parent / "peers" / "printed.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.mark.parametrize("point", printed(), ids=lambda p: f"{p['model']}-{p['alpha']}-{p['resolution']}")
def test_every_tool_prints_this(point: dict[str, str]) -> None:
    network = mbcost.load(point["model"])
    plain = network.cost(alpha=point["alpha"], resolution=point["resolution"])
    ours, params = {}, {}
    for counted in side_by_side(Tally(plain.rows), [find(name) for name in TOOLS]):
        ours[counted.convention.name] = counted.reported
        params[counted.convention.name] = counted.params
    assert ours == {name: int(point[name]) for name in TOOLS}
    trained = int(point["params"])
    assert params == dict.fromkeys(TOOLS, trained) | {"onnx-tool": int(point["onnx-tool params"])}


def test_the_grid_is_whole() -> None:
    """Five widths at four resolutions, and off that grid maps that are odd, small or not square."""
    points = {(p["model"], p["alpha"], p["resolution"]) for p in printed()}
    grid = {point for point in points if point[2] in {"128", "192", "200", "224"}}
    assert (len(grid), len(points), len(printed())) == (4 * 5 * 4, 4 * 5 * 4 + 13, 4 * 5 * 4 + 13)
    assert {"33", "97", "225", "299", "160x96"} <= {resolution for _, _, resolution in points - grid}


# A layer on a map of 8 x 6 x 10, after a 1 x 1 convolution from 3 channels without bias, norm or activation: what each
# tool adds for it. Measured one layer at a time, versions as in tests/conventions/peers/printed.csv; who is not named adds nothing.
COUNTERS = dict.fromkeys(TOOLS, 0)
EVERY = ("torch", "fvcore", "ptflops-aten", "ptflops-pytorch", "thop", "torchinfo", "torchprofile", "calflops",
         "deepspeed", "onnx-tool")  # fmt: skip
WITH_BIAS = ("ptflops-aten", "ptflops-pytorch", "torchinfo")


def weighted(mult_adds: int, bias_adds: int = 0) -> dict[str, int]:
    """What all tools agree on, and who adds the bias; onnx-tool has none to add where it is zero."""
    found = {name: mult_adds + (bias_adds if name in WITH_BIAS else 0) for name in EVERY}
    return found | {"torch": 2 * mult_adds}


LAYERS: dict[str, dict[str, int]] = {
    "{op: conv, kernel_size: 3, out_channels: 16, norm: none, activation: none}": weighted(69120, 960),
    "{op: conv, kernel_size: 3, out_channels: 16, groups: 4, norm: none, bias: false, activation: none}": weighted(17280),
    "{op: conv, kernel_size: 3, out_channels: 16, stride: 2, dilation: 2, padding: 2, norm: none, bias: false, activation: none}":
        weighted(17280),
    "{op: depthwise, norm: none, activation: none}": weighted(4320, 480),
    "{op: flatten}, {op: linear, out_channels: 7}": weighted(3360, 7),
    "{op: flatten}, {op: linear, out_channels: 7, bias: false}": weighted(3360),
    "{op: conv, kernel_size: 1, out_channels: 8, activation: none}": weighted(3840)
        | {"fvcore": 4800, "ptflops-pytorch": 4800, "thop": 5760, "torchinfo": 3856, "torchprofile": 4320},
    "{op: activation, activation: relu}, {op: norm}": {
        "fvcore": 960, "ptflops-pytorch": 1920, "thop": 1920, "torchinfo": 16, "torchprofile": 480, "onnx-tool": 15360},
    "{op: norm, norm: group}": {
        "fvcore": 2400, "ptflops-pytorch": 960, "torchinfo": 16, "torchprofile": 480, "onnx-tool": 4320},
    # two pixels a side, each weight at every place of the input; thop, torchinfo and torchprofile have the output's, onnx-tool twice
    "{op: transposed, kernel_size: 2, stride: 2, padding: valid, out_channels: 16, norm: none, bias: false, activation: none}":
        weighted(30720) | {"thop": 122880, "torchinfo": 122880, "torchprofile": 122880, "onnx-tool": 245760},
    "{op: transposed, kernel_size: 2, stride: 2, padding: valid, out_channels: 16, norm: none, activation: none}":
        weighted(30720, 3840) | {"thop": 122880, "torchinfo": 126720, "torchprofile": 122880, "onnx-tool": 245760},
    "{op: activation, activation: prelu}": {"ptflops-pytorch": 960, "thop": 480, "torchinfo": 8, "onnx-tool": 960},
    "{op: activation, activation: prelu, prelu_params: one}": {"ptflops-pytorch": 960, "thop": 480, "torchinfo": 1, "onnx-tool": 960},
    "{op: scale}": {"torchprofile": 480, "onnx-tool": 480},
    "{op: slice, out_channels: 4}": {},
    "{op: pixel_shuffle, factor: 2}": {},
    "{op: tokens, extra: 1}": {},
    "{op: tokens, extra: 1, positions: learned}": {"onnx-tool": 488},
    "{op: norm, norm: layer}": {
        "fvcore": 2400, "ptflops-pytorch": 480, "thop": 1920, "torchinfo": 16, "torchprofile": 480, "onnx-tool": 5100},
    # of a product of two maps written `a @ b`; deepspeed's and onnx-tool's sources, not run: softmax is 36 in the latter
    "{op: matmul, product: scores, heads: 2, from: [conv_1, conv_1]}": {
        "torch": 57600, "fvcore": 28800, "ptflops-aten": 28800, "torchprofile": 28800, "deepspeed": 28800, "onnx-tool": 28800 + 36 * 7200},
    "{op: activation, activation: relu}": {"ptflops-pytorch": 960, "onnx-tool": 480},
    "{op: activation, activation: relu, coded: function}": {"ptflops-pytorch": 480, "onnx-tool": 480},
    "{op: activation, activation: relu6}": {"ptflops-pytorch": 480, "onnx-tool": 960},
    "{op: activation, activation: relu6, coded: function}": {"ptflops-pytorch": 480, "onnx-tool": 960},
    "{op: activation, activation: hard_swish}": {"onnx-tool": 2400},
    "{op: activation, activation: hard_swish, coded: function}": {"onnx-tool": 2400},
    "{op: activation, activation: hard_sigmoid}": {"onnx-tool": 1920},
    "{op: activation, activation: sigmoid}": {"onnx-tool": 15360},
    "{op: activation, activation: silu}": {"ptflops-pytorch": 480, "onnx-tool": 15840},
    "{op: activation, activation: silu, coded: function}": {"ptflops-pytorch": 480, "onnx-tool": 15840},
    "{op: activation, activation: gelu}": {"ptflops-pytorch": 960, "onnx-tool": 16320},
    "{op: activation, activation: gelu, coded: function}": {"ptflops-pytorch": 480, "onnx-tool": 16320},
    "{op: activation, activation: tanh}": {"onnx-tool": 36480},
    "{op: activation, activation: leaky_relu}": {"ptflops-pytorch": 480, "torchprofile": 480, "onnx-tool": 960},
    "{op: activation, activation: leaky_relu, coded: function}": {"torchprofile": 480, "onnx-tool": 960},
    "{op: activation, activation: elu}": {"ptflops-pytorch": 960, "onnx-tool": 16800},
    "{op: activation, activation: elu, coded: function}": {"ptflops-pytorch": 480, "onnx-tool": 16800},
    "{op: max_pool, kernel_size: 3, stride: 2, padding: 1}": {"ptflops-pytorch": 960, "onnx-tool": 1080},
    "{op: max_pool, kernel_size: 3, stride: 2, padding: 1, coded: function}": {"ptflops-pytorch": 480, "onnx-tool": 1080},
    "{op: avg_pool, kernel_size: 3, stride: 2, padding: 1}": {
        "ptflops-pytorch": 960, "thop": 120, "torchprofile": 120, "onnx-tool": 1080},
    "{op: avg_pool, kernel_size: 3, stride: 2, padding: 1, coded: function}": {
        "ptflops-pytorch": 480, "torchprofile": 120, "onnx-tool": 1080},
    "{op: global_pool}": {"fvcore": 480, "ptflops-pytorch": 960, "thop": 488, "torchprofile": 8, "onnx-tool": 480},
    "{op: global_pool, coded: function}": {"fvcore": 480, "ptflops-pytorch": 480, "torchprofile": 8, "onnx-tool": 480},
    "{op: global_pool, output_size: [3, 5]}": {
        "fvcore": 480, "ptflops-pytorch": 960, "thop": 600, "torchprofile": 120, "onnx-tool": 480},
    "{op: add, branches: [[], []]}": {"onnx-tool": 480},
    "{op: multiply, branches: [[], []]}": {"torchprofile": 480, "onnx-tool": 480},
    "{op: upsample, factor: 2}": {"fvcore": 1920, "ptflops-pytorch": 3840, "thop": 1920},
    "{op: lrn}": {"ptflops-pytorch": 2160, "torchprofile": 1440, "onnx-tool": 21120},
    "{op: concat, branches: [[], []]}": {},
    "{op: split, parts: 2, take: 2}": {},
    "{op: shuffle, groups: 2}": {},
    "{op: dropout}": {},
    "{op: flatten}": {},
}  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS)
def test_every_tool_counts_this_layer_so(layer: str) -> None:
    stem = "{op: conv, kernel_size: 1, out_channels: 8, norm: none, bias: false, activation: none}"
    text = f"{{format: 1, input: {{channels: 3, resolution: [6, 10]}}, layers: [{stem}, {layer}]}}"
    tally = Tally(loads(text).cost().rows)
    counted = side_by_side(tally, [find(name) for name in TOOLS])
    added = {c.convention.name: c.reported - c.convention.scale * 3 * 8 * 60 for c in counted}
    assert added == COUNTERS | LAYERS[layer]


PARAMS = {  # what a layer adds to the params, where that is no tool's own business: measured as LAYERS were
    "{op: activation, activation: prelu}": dict.fromkeys(TOOLS, 8),
    "{op: scale}": dict.fromkeys(TOOLS, 8) | {"thop": 0},
    "{op: norm, norm: layer}": dict.fromkeys(TOOLS, 16),
    "{op: activation, activation: relu}, {op: norm}": dict.fromkeys(TOOLS, 16),
}


@pytest.mark.parametrize("layer", PARAMS)
def test_every_tool_has_these_params_of_it(layer: str) -> None:
    stem = "{op: conv, kernel_size: 1, out_channels: 8, norm: none, bias: false, activation: none}"
    text = f"{{format: 1, input: {{channels: 3, resolution: [6, 10]}}, layers: [{stem}, {layer}]}}"
    counted = side_by_side(Tally(loads(text).cost().rows), [find(name) for name in TOOLS])
    assert {c.convention.name: c.params - 24 for c in counted} == PARAMS[layer]


def test_stated_costs_count_and_unknown_ones_do_not(say: Callable[..., Any], tmp_path: Path) -> None:
    """A `custom` row is weights at work under every rule; a row of unknown cost counts nothing, and totals say so."""
    path = tmp_path / "net.yaml"
    rows = "[{op: custom, mult_adds: 1000, params: 30}, {op: conv, kernel_size: 3, out_channels: 5, cost: unknown}]"
    path.write_text(f"{{format: 1, input: {{channels: 3, resolution: 4}}, layers: {rows}}}\n", encoding="utf-8")
    document = json.loads(say("conventions", str(path), "-f", "json").out)
    assert document["status"] == "lower bound"
    assert {(c["mult_adds"], c["params"]) for c in document["conventions"]} == {(1000, 30)}
    assert "a lower bound: the cost of conv_1 is not known" in say("conventions", str(path)).out


def test_pages_and_papers() -> None:
    """What has no tool to run: printed pages. papers: arXiv:1704.04861, Tables 2 and 8."""
    v1, v2 = mbcost.load("mobilenet_v1"), mbcost.load("mobilenet_v2")
    assert v1.cost(convention="paper").params == 4_209_088
    # The four params of slim's MobileNetV1 page, 4.24, 2.59, 1.34 and 0.47 million.
    slim = [v1.cost(alpha=a, convention="slim", classes=1001).params for a in ("1", "0.75", "0.5", "0.25")]
    assert [(p + 5000) // 10_000 for p in slim] == [424, 259, 134, 47]
    # keras.applications, count_params: MobileNet and MobileNetV2.
    assert [n.cost(convention="keras").params for n in (v1, v2)] == [4_253_864, 3_538_984]
    # timm's benchmark tables print 0.58 and 0.31 GMACs.
    assert [(n.cost(convention="timm").mult_adds + 5_000_000) // 10_000_000 for n in (v1, v2)] == [58, 31]


# Open Model Zoo's pages (tag 2021.4): page, network, resolution, variant, GFlops, MParams. All but EfficientNet's take the
# means or scales of their images in: a ScaleShift, 2 an element of the image and 2 params a channel. Those of TensorFlow have 1001 classes.
PADDED = {"set": {"classifier.padding": 1}}  # SqueezeNet 1.0 as Caffe has it: conv10 is padded
PAGES = [
    ("alexnet", "alexnet_two_tower", 227, {}, "1.5", "60.965"),
    ("densenet-121", "densenet121", 224, {}, "5.724", "7.971"),
    ("densenet-169", "densenet169", 224, {}, "6.788", "14.139"),
    ("efficientnet-b0", "efficientnet_b0", 224, {}, "0.819", "5.268"),
    ("googlenet-v1", "googlenet", 224, {}, "3.266", "6.999"),
    ("googlenet-v1-tf", "googlenet_torchvision", 224, {"classes": 1001}, "3.016", "6.619"),
    ("googlenet-v3", "inception_v3", 299, {"classes": 1001}, "11.469", "23.819"),
    ("googlenet-v3-pytorch", "inception_v3", 299, {}, "11.469", "23.817"),
    ("mobilenet-v1-0.25-128", "mobilenet_v1", 128, {"alpha": 0.25, "classes": 1001}, "0.028", "0.468"),
    ("mobilenet-v1-0.50-160", "mobilenet_v1", 160, {"alpha": 0.5, "classes": 1001}, "0.156", "1.327"),
    ("mobilenet-v1-0.50-224", "mobilenet_v1", 224, {"alpha": 0.5, "classes": 1001}, "0.304", "1.327"),
    ("mobilenet-v1-1.0-224", "mobilenet_v1", 224, {}, "1.148", "4.221"),
    ("mobilenet-v1-1.0-224-tf", "mobilenet_v1", 224, {"classes": 1001}, "1.148", "4.222"),
    ("mobilenet-v2-1.0-224", "mobilenet_v2", 224, {"classes": 1001}, "0.615", "3.489"),
    ("mobilenet-v2-1.4-224", "mobilenet_v2", 224, {"alpha": 1.4, "classes": 1001}, "1.183", "6.087"),
    ("resnet-18-pytorch", "resnet18", 224, {}, "3.637", "11.68"),
    ("resnet-50-pytorch", "resnet50", 224, {}, "8.216", "25.53"),
    ("resnet-50-tf", "resnet50", 224, {"classes": 1001}, "8.2164", "25.53"),
    ("squeezenet1.0", "squeezenet_1_0", 227, PADDED, "1.737", "1.248"),
    ("squeezenet1.1", "squeezenet_1_1", 227, {}, "0.785", "1.236"),
    ("vgg16", "vgg16", 224, {}, "30.974", "138.358"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "model", "resolution", "variant", "flops", "params"), PAGES, ids=[p[0] for p in PAGES]
)
def test_open_model_zoo_prints_this(
    page: str, model: str, resolution: int, variant: dict[str, Any], flops: str, params: str
) -> None:
    cost = mbcost.load(model).cost(convention="openvino", resolution=resolution, **variant)
    classes = cost.rows[-1].output[0]
    softmax = 0 if any(row.activation == "softmax" for row in cost.rows) else 5 * classes
    channels = 0 if page == "efficientnet-b0" else 3
    counted = Fraction(2 * cost.mult_adds + softmax + 2 * channels * resolution**2, 10**9)
    for printed, amount in ((flops, counted), (params, Fraction(cost.params + 2 * channels, 10**6))):
        assert 2 * abs(amount - Fraction(printed)) <= Fraction(1, 10 ** len(printed.partition(".")[2])), page


# Flops and params that OpenVINO's model analyzer (d9fe351, on openvino 2026.4.1) prints for torchvision's networks, all their
# parameters at random; and how many means over the map they take, whose two axes are params to it.
ANALYZED = [
    ("mobilenet_v2", 224, 620_655_624, 3_487_818, 1),
    ("mobilenet_v2", 161, 383_029_632, 3_487_818, 1),
    ("mobilenet_v3_large_torchvision", 224, 449_283_296, 5_470_850, 9),
    ("mobilenet_v3_small_torchvision", 97, 33_669_976, 2_536_820, 10),
]


@pytest.mark.parametrize(("model", "resolution", "flops", "params", "means"), ANALYZED)
def test_the_model_analyzer_prints_this(model: str, resolution: int, flops: int, params: int, means: int) -> None:
    cost = mbcost.load(model).cost(convention="openvino-analyzer", resolution=resolution)
    assert (2 * cost.mult_adds, cost.params) == (flops, params - 2 * means)


def test_half_a_mult_add_stays_half(say: Callable[..., Any]) -> None:
    """A softmax over 1001 classes is 5005 flops: 2502 1/2 mult-adds, told as that everywhere; what is reported is whole."""
    network = mbcost.load("mobilenet_v1")
    cost = network.cost(convention="openvino", classes=1001)
    assert cost.rows[-1].mult_adds == Fraction(5005, 2)
    assert sum(row.mult_adds for row in cost.rows) == cost.mult_adds
    assert cost.mult_adds.denominator == 2
    args = "mobilenet_v1", "--convention", "openvino", "--classes", "1001"
    total = json.loads(say("table", *args, "-f", "json").out)["total"]
    assert (total["mult_adds"], total["quantities"]["flops"]) == (str(cost.mult_adds), 2 * cost.mult_adds)
    assert type(total["quantities"]["flops"]) is int
    alphas = ["0.5", "0.75", "1"]
    grid = network.grid(alphas, [128, 224], convention="openvino", classes=1001)
    single = [
        tuple(network.cost(alpha=a, resolution=r, convention="openvino", classes=1001).mult_adds for r in (128, 224))
        for a in alphas
    ]
    assert grid.mult_adds == single
    numpy = pytest.importorskip("numpy")
    many = network.grid(numpy.array([0.5, 0.75, 1]), numpy.array([128, 224]), convention="openvino", classes=1001)
    assert [tuple(row) for row in many.mult_adds.tolist()] == single
    limit = str(math.ceil(single[1][1]))
    solved = json.loads(say("solve", args[0], "-r", "224", "--max-mult-adds", limit, *args[1:], "-f", "json").out)
    assert Fraction(solved["mult_adds"]) >= single[1][1]
    found = say("conventions", *args[:1], "--classes", "1001", "-f", "json").out
    reported = next(c for c in json.loads(found)["conventions"] if c["name"] == "openvino")
    assert reported["reported"] == 2 * cost.mult_adds


def test_how_a_pool_is_coded_moves_two_tools() -> None:
    """torchvision's V2 pools with a function; with a module thop would see it, and ptflops see it twice."""
    v2 = mbcost.load("mobilenet_v2")
    moved = {}
    for name in NAMES:
        function = v2.cost(convention=name).mult_adds
        module = v2.cost(convention=name, set={"global_pool_1.coded": "module"}).mult_adds
        if module != function:
            moved[name] = module - function
    assert moved == {"ptflops-pytorch": 62_720, "thop": 62_720 + 1_280}


def test_the_taps_of_a_pool_are_its_whole_window() -> None:
    taps = Convention("taps", (Term("pool_taps", (), 1),), ())
    rows = (
        table("- {op: max_pool, kernel_size: [2, 5], stride: 1, padding: valid}", channels=7, resolution=16).cost().rows
    )
    assert taps.applied(rows)[0].mult_adds == 7 * 15 * 12 * 2 * 5


@pytest.mark.parametrize("model", NETWORKS)
def test_totals_are_sums_of_the_rows(model: str) -> None:
    network = mbcost.load(model)
    raw = network.cost(alpha="0.6", resolution=200)
    for counted in side_by_side(Tally(raw.rows), available().values()):
        cost = network.cost(alpha="0.6", resolution=200, convention=counted.convention.name)
        assert (cost.mult_adds, cost.params) == (counted.mult_adds, counted.params), counted.convention.name
        assert [row.name for row in cost.rows] == [row.name for row in raw.rows]


def test_the_default_is_the_rule_of_the_file() -> None:
    """torch is counted without reading the file; the file says the same."""
    raw = mbcost.load("mobilenet_v3_small").cost()
    assert find("torch").applied(raw.rows) == raw.rows


def test_a_batch_multiplies_work_and_not_params() -> None:
    network = mbcost.load("mobilenet_v3_small")
    for name in NAMES:
        one, three = network.cost(convention=name), network.cost(convention=name, batch=3)
        assert (three.mult_adds, three.params) == (3 * one.mult_adds, one.params), name


def test_the_idealised_network_is_counted_too() -> None:
    """Nothing rounded at an alpha and a resolution that divide evenly: the same numbers; elsewhere fractions."""
    network = mbcost.load("mobilenet_v1")
    for name in NAMES:
        ideal, real = network.cost(alpha="0.5", convention=name, ideal=True), network.cost(alpha="0.5", convention=name)
        assert (ideal.mult_adds, ideal.params) == (real.mult_adds, real.params), name
    assert network.cost(alpha="0.3", convention="thop", ideal=True).mult_adds.denominator > 1


@pytest.mark.parametrize("model", ["mobilenet_v2", "mobilenet_v3_small"])
def test_closed_forms_and_numbers_agree(model: str) -> None:
    """Where symbols leave open whether a residual is there, its row is scaled by 0 or 1 and not left out."""
    alpha, size = Fraction(7, 20), (192, 192)
    network = mbcost.load(model)
    for name in ("torchinfo", "ptflops-pytorch", "onnx-tool", "openvino"):
        form = network.formula(convention=name).realised
        cost = network.cost(alpha=alpha, resolution=size, convention=name)
        assert form.at(form.total.mult_adds, alpha, size) == cost.mult_adds, name
        assert form.at(form.total.params, alpha, size) == cost.params, name


def test_arrays_and_numbers_agree() -> None:
    """A row at many alphas at once: amounts may be 0 at some of them."""
    numpy = pytest.importorskip("numpy")
    row = mbcost.load("mobilenet_v1").cost().rows[0]
    gone = scaled(row, numpy.array([1, 0]), SUMMED)
    for name in NAMES:
        (one,), (both,) = find(name).applied([row]), find(name).applied([gone])
        assert both.mult_adds.tolist() == [one.mult_adds, 0], name
        assert both.params.tolist() == [one.params, 0], name


@pytest.mark.parametrize("model", NETWORKS)
def test_the_way_between_any_two_adds_up(model: str) -> None:
    tally = Tally(mbcost.load(model).cost(alpha="0.75", resolution=192).rows)
    for a, b in permutations(side_by_side(tally, available().values()), 2):
        pair = (a.convention.name, b.convention.name)
        for start, end, steps in (
            (a.reported, b.reported, waterfall(tally, a, b)),
            (a.params, b.params, params_waterfall(tally, a, b)),
        ):
            running = start
            for step in steps:
                assert step.count * step.factor == step.change != 0, pair
                running += step.change
                assert step.running == running, pair
            assert running == end, pair


def test_a_unit_of_two_is_a_step_of_its_own() -> None:
    tally = Tally(mbcost.load("mobilenet_v1").cost().rows)
    torch, openvino, fvcore = side_by_side(tally, [find("torch"), find("openvino"), find("fvcore")])
    way = waterfall(tally, torch, openvino)
    assert [step.part for step in way] == [UNIT, "activated.relu", "activated.softmax.softmax", "pool_taps", UNIT]
    assert [step.factor for step in way] == [-1, 1, Fraction(5, 2), Fraction(1, 2), 1]
    assert [step.part for step in waterfall(tally, fvcore, torch)] == [
        "norm_elements.batch",
        "pool_inputs.global",
        UNIT,
    ]
    assert [step.part for step in waterfall(tally, fvcore, fvcore)] == []


def test_what_two_rules_count_alike_is_no_step() -> None:
    """timm counts 2 any norm element and fvcore 2 a batch norm's: on a network with batch norm alone no difference."""
    tally = Tally(mbcost.load("mobilenet_v2").cost().rows)
    timm, fvcore = side_by_side(tally, [find("timm"), find("fvcore")])
    assert [(step.part, step.factor) for step in waterfall(tally, timm, fvcore)] == [("pool_inputs.global", 1)]


def test_spread_of_nothing() -> None:
    assert spread([0, 7]) == (0, 7, None)


# ---- the shipped file


def test_every_shipped_convention_says_whose_it_is() -> None:
    assert set(TOOLS) < set(NAMES)
    for rule in available().values():
        assert all((rule.tool, rule.version, rule.source, rule.note)), rule.name
        assert rule.scale == (2 if rule.unit == "flops" else 1), rule.name
        assert Term("weight_mults", (), 1) in rule.mult_adds
        assert rule.whole == (rule.name not in {"openvino", "openvino-analyzer", "toco"})
        assert Term("weights", (), 1) in rule.params


def test_the_default_is_what_the_file_says_of_it() -> None:
    """Layers follow it without any file being read; its name in the file has a tool and a unit beside."""
    shipped = find(DEFAULT.name)
    assert (shipped.mult_adds, shipped.params) == (DEFAULT.mult_adds, DEFAULT.params)
    rows = mbcost.load("mobilenet_v3_small").cost().rows
    assert shipped.applied(rows) == DEFAULT.applied(rows) == rows


def loaded_after(*args: str) -> bool:
    """Whether a fresh program has loaded the conventions after answering."""
    code = f"import sys; from mbcost.cli import run; run({list(args)!r}); print('mbcost.conventions.reading' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {"True": True, "False": False}[done.stdout.splitlines()[-1]]


def test_a_plain_question_reads_no_conventions() -> None:
    assert not loaded_after("table", "mobilenet_v1")


def test_another_convention_reads_them() -> None:
    """That the test above can fail."""
    assert loaded_after("table", "mobilenet_v1", "--convention", "thop")


# ---- the command line


def test_side_by_side_as_json(say: Callable[..., Any]) -> None:
    done = say("conventions", "mobilenet_v1", "-f", "json")
    document = json.loads(done.out)
    assert (done.code, done.err, document["schema"]) == (0, "", "mbcost/conventions/1")
    assert [c["name"] for c in document["conventions"]] == NAMES
    thop = next(c for c in document["conventions"] if c["name"] == "thop")
    assert thop == {
        "name": "thop", "tool": "thop.profile", "version": "0.1.1.post2209072238", "unit": "mult_adds",
        "reported": 588_962_304, "mult_adds": 588_962_304, "params": 4_231_976,
    }  # fmt: skip
    torch = next(c for c in document["conventions"] if c["name"] == "torch")
    assert (torch["unit"], torch["reported"], torch["mult_adds"]) == ("flops", 1_137_480_704, 568_740_352)
    assert document["spread"]["mult_adds"]["least"] == 568_740_352
    assert document["spread"]["mult_adds"]["most"] == 589_012_456
    assert round(document["spread"]["mult_adds"]["percent"], 2) == 3.56


def test_side_by_side_as_a_table(say: Callable[..., Any]) -> None:
    done = say("conventions", "mobilenet_v1", "--convention", "paper")
    assert done.code == 0
    assert "convention paper" in done.out.splitlines()[0]
    assert "against paper" in done.out
    assert "mult-adds: from 568,740,352 to 589,012,456, 3.56 % more" in done.out
    line = next(line for line in done.out.splitlines() if line.startswith("torch "))
    assert line.split()[1:4] == ["1,137,480,704", "FLOPs", "568,740,352"]


def test_flops_stand_beside(say: Callable[..., Any]) -> None:
    document = json.loads(say("conventions", "mobilenet_v1", "--unit", "flops", "-f", "json").out)
    assert all(c["flops"] == 2 * c["mult_adds"] for c in document["conventions"])
    assert "FLOPs (2 x mult-adds)" in say("conventions", "mobilenet_v1", "--unit", "flops").out


def test_the_way_as_json(say: Callable[..., Any]) -> None:
    document = json.loads(say("conventions", "mobilenet_v2", "--explain", "torch", "--as", "keras", "-f", "json").out)
    assert (document["from"], document["to"]) == ("torch", "keras")
    assert [c["reported"] for c in document["conventions"]] == [document["start"], document["total"]]
    assert (document["start"], document["total"]) == (601_548_544, 300_774_272)
    assert document["steps"] == [
        {"part": "unit", "count": 300_774_272, "factor": -1, "mult_adds": -300_774_272, "running": 300_774_272}
    ]
    assert document["params_steps"] == [
        {"part": "norm_stats", "count": 34_112, "factor": 1, "params": 34_112, "running": 3_538_984}
    ]
    assert document["params_total"] == 3_538_984


def test_the_way_as_a_table(say: Callable[..., Any]) -> None:
    out = say("conventions", "mobilenet_v1", "--explain", "openvino", "--as", "thop").out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "mult-adds unit: to mult-adds, 2 FLOPs each 573,810,628 -1 -573,810,628 573,810,628" in lines
    assert "mult-adds pool_taps 50,176 -0.50 -25,088 588,962,304" in lines
    assert "mult-adds thop (mult-adds) - - -558,658,952 588,962,304" in lines
    assert "openvino: 2 a mult-add, 2 a ReLU" in out


def test_the_rules_themselves(say: Callable[..., Any]) -> None:
    done = say("conventions")
    assert done.code == 0
    assert "fvcore: mult-adds = weight_mults + map_mults + 2 norm_elements.batch + 5 norm_elements.affine" in done.out
    document = json.loads(say("conventions", "-f", "json").out)
    assert document["version"] == mbcost.__version__
    aten = next(c for c in document["conventions"] if c["name"] == "ptflops-aten")
    assert aten["mult_adds"] == {"weight_mults": 1, "map_mults": 1, "bias_adds": 1}
    assert (aten["scale"], aten["source"]) == (1, "ptflops/aten_ops.py")


@pytest.mark.parametrize("format", ["csv", "markdown", "latex"])
def test_every_format(say: Callable[..., Any], format: str) -> None:
    for args in ((), ("mobilenet_v1",), ("mobilenet_v1", "--explain", "torch", "--as", "thop")):
        done = say("conventions", *args, "-f", format)
        assert (done.code, done.err) == (0, "")
        assert "torch" in done.out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("mobilenet_v1", "--convention", "torhc"), "error: there is no convention `torhc`\n  help: did you mean `torch` or `toco`? the conventions are "),
        (("mobilenet_v1", "--explain", "torch"), "error: --explain needs --as\n  help: write --explain torch --as thop\n"),
        (("mobilenet_v1", "--as", "torch"), "error: --as needs --explain\n  help: write --explain torch --as thop\n"),
        (("mobilenet_v1", "--explain", "torch", "--as", "tho"), "error: there is no convention `tho`\n  help: did you mean `thop`"),
        (("--explain", "torch", "--as", "thop"), "error: --explain needs a MODEL\n  help: write mbcost conventions mobilenet_v1"),
        (("mobilenet_v1", "--conventions", "no/such.yaml"), "error: `no/such.yaml` cannot be read: No such file or directory\n"),
        (("mobilenet_v1", "--conventions", "-"), "error: conventions are not read from standard input\n  help: name a file\n"),
        (("mobilenet_v1", "--convention", "no/such.yaml:mine"), "error: `no/such.yaml` cannot be read: "),
        (("mobilenet_v1", "--convention", ""), "error: there is no convention ``\n"),
    ],
)  # fmt: skip
def test_wrong_questions(say: Callable[..., Any], args: tuple[str, ...], message: str) -> None:
    done = say("conventions", *args)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(message)


# ---- conventions of the user's

MINE = """\
format: 1
conventions:
- name: mine
  tool: our profiler
  unit: flops
  scale: 2
  mult_adds: {weight_mults: 1, bias_adds: 1, adds.add: -1}
  params: {weights: 1, biases: 1}
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    return str(path)


def test_a_convention_of_the_users(mine: str, say: Callable[..., Any]) -> None:
    cost = mbcost.load("mobilenet_v2").cost(convention=f"{mine}:mine")
    assert (cost.mult_adds, cost.params) == (300_774_272 + 1000 - 216_384, 3_469_760 + 1000)
    assert str(cost.variant.convention) == f"{mine}:mine"
    document = json.loads(say("conventions", "mobilenet_v2", "--conventions", mine, "-f", "json").out)
    assert [c["name"] for c in document["conventions"]] == [*NAMES, "mine"]
    last = document["conventions"][-1]
    assert (last["tool"], last["version"], last["reported"]) == ("our profiler", "", 2 * cost.mult_adds)
    way = say("conventions", "mobilenet_v2", "--conventions", mine, "--explain", "mine", "--as", "torch", "-f", "json")
    assert json.loads(way.out)["total"] == 601_548_544
    table = say("table", "mobilenet_v2", "--convention", f"{mine}:mine", "-f", "json")
    assert json.loads(table.out)["total"]["mult_adds"] == cost.mult_adds


def test_a_changed_file_is_read_again(mine: str) -> None:
    network = mbcost.load("mobilenet_v1")
    assert network.cost(convention=f"{mine}:mine").mult_adds == 568_741_352
    Path(mine).write_text(MINE.replace("bias_adds: 1", "bias_adds: 10"), encoding="utf-8")
    assert network.cost(convention=f"{mine}:mine").mult_adds == 568_750_352


def test_a_name_that_is_nowhere(mine: str) -> None:
    with pytest.raises(MbcostError, match="there is no convention `mien`") as caught:
        find(f"{mine}:mien")
    assert "`mine`" in caught.value.help


BROKEN = {
    "": "1:1: a conventions file is a mapping of keys\n  help: it begins with `format: 1`, then `conventions:` and a list",
    "- 1\n": "1:1: a conventions file is a mapping of keys",
    "conventions: [{name: a, mult_adds: {weight_mults: 1}, params: {weights: 1}}]\n":
        "1:1: `format` is missing",
    "{format: 2, conventions: [{name: a, mult_adds: {weight_mults: 1}, params: {weights: 1}}]}\n":
        "1:10: `format` is not 1\n  1 | {format: 2, conventions: [{name: a, mult_adds: {weight_mults: 1}, params: {weights: 1}}]}\n    |          ^\n  help: this program reads format 1",
    "{format: 1, conventions: []}\n": "1:26: `conventions` is a list of at least one convention",
    "{format: 1, convention: 1}\n": "1:1: `conventions` is a list of at least one convention",
    "{format: 1, convention: 1, conventions: [{name: a, mult_adds: {}, params: {}}]}\n":
        "1:13: a conventions file has no key `convention`",
    "{format: 1, conventions: [thop]}\n": "1:27: a convention is a mapping",
    "{format: 1, conventions: [{name: a, params: {weights: 1}}]}\n": "1:27: a convention needs `mult_adds`",
    "{format: 1, conventions: [{name: a, mult_add: 1, mult_adds: {weight_mults: 1}, params: {}}]}\n":
        "1:37: a convention has no key `mult_add`",
    "{format: 1, conventions: [{name: 1a, mult_adds: {}, params: {}}]}\n": "1:34: name `1a` is not a name",
    "{format: 1, conventions: [{name: [], mult_adds: {}, params: {}}]}\n": "1:34: name `{...}` is not a name",
    "{format: 1, conventions: [{name: a, mult_adds: 1, params: {}}]}\n":
        "1:48: `mult_adds` is a mapping from part to factor",
    "{format: 1, conventions: [{name: a, unit: macs, mult_adds: {}, params: {}}]}\n":
        "1:43: `unit`: `macs` is not one of mult_adds, flops",
    "{format: 1, conventions: [{name: a, scale: 0, mult_adds: {}, params: {}}]}\n": "1:44: `scale` (=0) must be at least 1",
    "{format: 1, conventions: [{name: a, unit: flops, mult_adds: {}, params: {}}]}\n":
        "1:43: `unit: flops` needs a `scale`\n",
    "{format: 1, conventions: [{name: a, scale: 2, mult_adds: {}, params: {}}]}\n": "1:44: `scale` (=2) needs `unit: flops`\n",
    "{format: 1, conventions: [{name: a, tool: [x], mult_adds: {}, params: {}}]}\n": "1:43: `tool` is a text",
    "{format: 1, conventions: [{name: a, mult_adds: {&x weight_mults: 1}, params: {}}]}\n":
        "1:49: `&x` is an anchor, and anchors are not read",
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_broken_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MbcostError) as caught:
        available(str(path))
    assert str(caught.value).startswith(f"{path}:{BROKEN[text]}")


BAD_FORMS = {
    "mult_adds: {weigth_mults: 1}": "unknown part `weigth_mults`\n{line}  help: did you mean `weight_mults`",
    "mult_adds: {qqq: 1}": "unknown part `qqq`\n{line}  help: the parts of `mult_adds` are weight_mults, map_mults, bias_adds, ",
    "mult_adds: {activated.relu7: 1}": "`activated` cannot be narrowed to `relu7`\n{line}  help: did you mean `relu`",
    "mult_adds: {activated.qqq: 1}":
        "`activated` cannot be narrowed to `qqq`\n{line}  help: narrow by a kind, an activation, a pool, a norm, module or function",
    "mult_adds: {norm_scale: 1}":
        "`norm_scale` is no work, not counted in `mult_adds`\n{line}  help: gamma and beta once an image are `norm_vectors`",
    "params: {weight_mults: 1}": "`weight_mults` is work, not counted in `params`\n{line}  help: the parts of `params` are weights, ",
    "mult_adds: {weight_mults.separable: 1}":
        "`weight_mults` cannot be narrowed to `separable`\n{line}  help: its layers are counted by their own kinds: conv, depthwise, ",
    "mult_adds: {weight_mults.depthwise.pointwise: 1}":
        "`weight_mults` cannot be narrowed to both `depthwise` and `pointwise`: no row is both\n{line}"
        "  help: give each a term: weight_mults.depthwise: 1, weight_mults.pointwise: 1",
    "params: {weights.relu.batch.relu6: 1}": "`weights` cannot be narrowed to both `relu` and `relu6`: no row is both",
    "mult_adds: {once: 1}": "`once` needs a kind\n{line}  help: write once.linear",
    "mult_adds: {weight_mults: 1.5}":
        "`weight_mults`: factor `1.5` is not a whole number of at most 9 digits\n{line}  help: a count stays exact: write 2, and put a unit into `scale`",
    "mult_adds: {weight_mults: two}": "`weight_mults`: factor `two` is not a whole number of at most 9 digits",
    "mult_adds: {weight_mults: ~}": "`weight_mults`: factor `~` is not a whole number of at most 9 digits",
    "mult_adds: {pool_taps: 1/2}":
        "`pool_taps`: factor `1/2` is not whole in the unit reported, 1 a mult-add\n{line}"
        "  help: a fraction needs `unit: flops` and a `scale` that it divides, 1/2 a `scale` of 2",
    "params: {weights: 1/2}": "`weights`: factor `1/2` is not whole in the unit reported, 1 a mult-add",
    "mult_adds: {pool_taps: 1/0}": "`pool_taps`: factor `1/0` is not a whole number of at most 9 digits",
    "mult_adds: {weight_mults: 010}": "`weight_mults`: factor `010` is not a whole number of at most 9 digits",
    "mult_adds: {weight_mults: 1e3}": "`weight_mults`: factor `1e3` is not a whole number of at most 9 digits",
    "mult_adds: {weight_mults: [1]}": "`weight_mults`: factor `{...}` is not a whole number of at most 9 digits",
    "mult_adds: {weight_mults: 1, weight_mults: 2}": "`weight_mults` is given twice (first in line 4)",
}  # fmt: skip


@pytest.mark.parametrize("form", BAD_FORMS)
def test_broken_forms(tmp_path: Path, form: str) -> None:
    path = tmp_path / "broken.yaml"
    other = "params: {weights: 1}" if form.startswith("mult_adds") else "mult_adds: {weight_mults: 1}"
    path.write_text(f"format: 1\nconventions:\n- name: a\n  {form}\n  {other}\n", encoding="utf-8")
    with pytest.raises(MbcostError) as caught:
        available(str(path))
    message = str(caught.value)
    assert message.startswith(f"{path}:4:")
    column = int(message.split(":", 3)[2])
    line = f"  4 |   {form}\n    | {' ' * (column - 1)}^\n"
    assert BAD_FORMS[form].replace("{line}", line) in message


def test_a_part_may_be_narrowed_by_one_word_of_each_sort(tmp_path: Path) -> None:
    """Narrowed parts of a V2: 17 depthwise layers with ReLU6 coded as modules; softmax and lrn are two sorts at once."""
    path = tmp_path / "fine.yaml"
    form = "{weight_mults.depthwise.module.relu6.batch: 1, activated.softmax.softmax: 7, activated.lrn.lrn: 1}"
    path.write_text(f"format: 1\nconventions: [{{name: a, mult_adds: {form}, params: {{}}}}]\n", encoding="utf-8")
    cost = mbcost.load("mobilenet_v2").cost(convention=f"{path}:a")
    softmax = sum(row.activated for row in cost.rows if row.activation == "softmax")
    depthwise = sum(row.weight_mults for row in cost.rows if row.kind == "depthwise")
    assert depthwise > 0
    assert (cost.mult_adds, cost.params) == (depthwise + 7 * softmax, 0)


def test_every_kind_that_narrows_is_the_kind_of_a_row() -> None:
    """A word that no costed row has would count nothing, in silence."""
    from mbcost.conventions.reading import COMPOSITES, FACETS

    kinds = {row.kind for model in models() for row in mbcost.load(model).cost().rows}
    assert kinds <= FACETS[0]
    assert not kinds & COMPOSITES


def test_a_spread_from_below_nothing_has_no_share() -> None:
    assert spread([-5, 10]).share is None
    assert spread([0, 10]).share is None


def test_a_note_is_said_once(say: Callable[..., Any]) -> None:
    assert say("conventions", "mobilenet_v2", "--explain", "thop", "--as", "thop").out.count("thop: Knows modules") == 1


def test_a_doubled_name(tmp_path: Path, say: Callable[..., Any]) -> None:
    path = tmp_path / "twice.yaml"
    entry = "- {name: NAME, mult_adds: {weight_mults: 1}, params: {weights: 1}}\n"
    path.write_text(
        "format: 1\nconventions:\n" + entry.replace("NAME", "a") * 2 + entry.replace("NAME", "thop"), "utf-8"
    )
    done = say("conventions", "mobilenet_v1", "--conventions", str(path))
    assert (done.code, done.out) == (2, "")
    assert f"{path}:4:10: convention `a` is given twice (first in line 3)\n" in done.err
    assert "  help: give one of them another name\n" in done.err
    assert f"{path}:5:10: convention `thop` is given twice (it is a shipped one)\n" in done.err
    assert done.err.endswith("2 problems\n")


def test_a_convention_can_be_made_in_python() -> None:
    rule = Convention("mine", (Term("weight_mults", ("depthwise",), 3),), (Term("weights", (), 1),))
    rows = rule.applied(mbcost.load("mobilenet_v1").cost().rows)
    assert sum(row.mult_adds for row in rows) == 3 * 17_385_984
