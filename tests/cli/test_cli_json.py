"""The JSON of every command: the keys are a contract that scripts and CI hold on to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sympy

import mbcost
from mbcost.tables import models
from tests.conftest import Said, told

Say = Callable[..., Said]
README = (Path(mbcost.__file__).parent.parent / "README.md").read_text(encoding="utf-8")
ROOT = Path(mbcost.__file__).parent.parent


# ---- JSON

REPORT = ["schema", "version", "model", "table_hash", "alpha", "rho", "resolution", "convention", "rounding", "unit"]
LAYER = [
    "name",
    "kind",
    "input",
    "output",
    "kernel_size",
    "stride",
    "groups",
    "mult_adds",
    "params",
    "weights",
    "biases",
    "norm_params",
    "norm_stats",
    "quantities",
]

QUANTITIES = {
    "flops": 3981312, "model_bytes": 1056, "largest_activation": 221184, "total_activations": 221184, "weight_bytes": 216,
    "flash": 216 + 4 * 24, "memory_access": 2 * 221184 + 216, "memory_access_bytes": 2 * 221184 + 216, "im2col": 1990656,
    "bit_ops": 64 * 1990656,
}  # fmt: skip


def test_the_json_of_a_table_is_the_contract(say: Say) -> None:
    """Word for word the example of the contract: mobilenet_v1 at 0.75 and 192."""
    found = told(say("table", "mobilenet_v1", "-a", "0.75", "-r", "192", "-f", "json"))
    assert {key: found[key] for key in REPORT if key not in {"version", "table_hash"}} == {
        "schema": "mbcost/table/2", "model": "mobilenet_v1", "alpha": "3/4", "rho": "6/7", "resolution": [192, 192], "convention": "torch",
        "rounding": "floor", "unit": "mult_adds",
    }  # fmt: skip
    assert found["version"] == mbcost.__version__
    assert re.fullmatch(r"[0-9a-f]{16,64}", found["table_hash"])
    by_name = {layer["name"]: layer for layer in found["layers"]}
    layer = by_name["separable_1/depthwise"]
    layer["quantities"] = {name: layer["quantities"][name] for name in QUANTITIES}  # others may be declared
    assert layer == {
        "name": "separable_1/depthwise", "kind": "depthwise", "input": [24, 96, 96], "output": [24, 96, 96], "kernel_size": [3, 3],
        "stride": [1, 1], "groups": 24, "mult_adds": 1990656, "params": 264, "weights": 216, "biases": 0, "norm_params": 48, "norm_stats": 48,
        "quantities": QUANTITIES,
    }  # fmt: skip
    assert list(by_name["conv_1"]) == LAYER
    assert len(found["layers"]) == 30  # every row
    total = found["total"]
    assert (total["mult_adds"], total["params"], total["layers"]) == (239_273_472, 2_585_560, 28)
    for key in ("mult_adds", "params", "weights", "biases", "norm_params", "norm_stats"):
        assert total[key] == sum(layer[key] for layer in found["layers"])
    assert total["params"] == total["weights"] + total["biases"] + total["norm_params"]


def test_numbers_in_json_are_exact_integers(say: Say) -> None:
    """Beyond 2^53 too, where a float would lose the unit."""
    found = told(say("table", "mobilenet_v1", "-a", "64", "--batch", "1000000", "-f", "json"))
    cost = mbcost.load("mobilenet_v1").cost(64, batch=1_000_000)
    assert found["total"]["mult_adds"] == cost.mult_adds > 2**53
    assert all(type(layer[key]) is int for layer in found["layers"] for key in ("mult_adds", "params", "weights"))


@pytest.mark.parametrize("by", ["kind", "block"])
def test_groups_in_json(by: str, say: Say) -> None:
    found = told(say("table", "mobilenet_v2", "--by", by, "-f", "json"))
    assert all({"name", "layers", "mult_adds", "params", "share"} <= set(group) for group in found["groups"])
    assert sum(group["mult_adds"] for group in found["groups"]) == found["total"]["mult_adds"] == 300_774_272
    assert sum(group["layers"] for group in found["groups"]) == found["total"]["layers"] == 53
    assert abs(sum(group["share"] for group in found["groups"]) - 1) < Fraction(1, 10**12)


def test_flops_are_added_and_mult_adds_keep_their_meaning(say: Say) -> None:
    plain = told(say("table", "mobilenet_v1", "-f", "json"))
    found = told(say("table", "mobilenet_v1", "--unit", "flops", "-f", "json"))
    assert found["unit"] == "flops"
    assert found["total"]["flops"] == 2 * found["total"]["mult_adds"] == 2 * plain["total"]["mult_adds"]
    assert all(layer["flops"] == 2 * layer["mult_adds"] for layer in found["layers"])
    assert "flops" not in plain["total"]
    said = say("table", "mobilenet_v1", "--unit", "flops").out
    assert "FLOPs (2 x mult-adds)" in said
    assert "mult-adds" in said


def test_every_row_has_every_key(say: Say) -> None:
    rows = told(say("table", "mobilenet_v1", "-f", "json"))["layers"]
    assert all(set(row) == set(rows[0]) for row in rows)
    assert (rows[-1]["name"], rows[-1]["kernel_size"], rows[-1]["stride"], rows[-1]["groups"]) == (
        "softmax_1",
        None,
        None,
        None,
    )


def test_the_rows_left_out_by_top_are_summed_in_the_unit_asked_for(say: Say) -> None:
    found = told(say("table", "mobilenet_v1", "--top", "3", "--unit", "flops", "-f", "json"))
    for key in ("mult_adds", "flops", "params"):
        assert sum(layer[key] for layer in found["layers"]) + found["other"][key] == found["total"][key]
    assert len(found["layers"]) + found["other"]["rows"] == 30


def test_a_hash_names_the_table(say: Say, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(say("show", "mobilenet_v1").out, encoding="utf-8")
    hashes = [
        told(say("table", model, "-f", "json"))["table_hash"]
        for model in ("mobilenet_v1", str(tmp_path / "net.yaml"), "mobilenet_v2")
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_json_of_compare(say: Say) -> None:
    found = told(say("compare", "mobilenet_v1", "-a", "0.5", "-f", "json"))
    assert set(REPORT) <= set(found)
    total = found["total"]
    for layer in found["layers"]:
        assert {"name", "standard", "separable", "ratio", "theory"} <= set(layer)
        for side in ("standard", "separable", "ratio"):
            assert {"mult_adds", "params"} <= set(layer[side])
    for side in ("standard", "separable"):
        for key in ("mult_adds", "params"):
            assert total[side][key] == sum(layer[side][key] for layer in found["layers"])
    assert total["separable"]["mult_adds"] == 149_497_088
    assert float(total["ratio"]["mult_adds"]) == total["separable"]["mult_adds"] / total["standard"]["mult_adds"]
    pairs = [layer for layer in found["layers"] if layer["theory"] is not None]
    assert len(pairs) == 13
    for layer in pairs:
        assert abs(layer["theory"] - layer["ratio"]["mult_adds"]) < Fraction(1, 10**14)


def test_compare_of_a_network_without_separable_layers_asks_the_other_way_round(say: Say) -> None:
    found = told(say("compare", "vgg16", "-f", "json"))
    cost = mbcost.load("vgg16").cost()
    assert (found["total"]["standard"]["mult_adds"], found["total"]["standard"]["params"]) == (
        cost.mult_adds,
        cost.params,
    )
    split = [layer for layer in found["layers"] if layer["theory"] is not None]
    assert len(split) == 13  # the 3 x 3 convolutions of VGG-16
    for layer in split:
        assert abs(layer["ratio"]["mult_adds"] - layer["theory"]) < Fraction(1, 10**14)
    same = [layer for layer in found["layers"] if layer["theory"] is None]
    assert all(layer["standard"] == layer["separable"] for layer in same)


def test_several_networks_side_by_side(say: Say) -> None:
    found = told(say("compare", "mobilenet_v1", "mobilenet_v2", "-a", "0.5", "-f", "json"))
    assert [model["mult_adds"] for model in found["models"]] == [149_497_088, 97_131_840]


def test_the_json_of_conv(say: Say) -> None:
    """Table 3 of the MobileNets paper, row by row."""
    found = told(say("conv", "512", "512", "--size", "14", "-f", "json"))
    assert {key: found[key]["mult_adds"] for key in ("standard", "depthwise", "pointwise", "separable")} == {
        "standard": 462_422_016, "depthwise": 903_168, "pointwise": 51_380_224, "separable": 52_283_392,
    }  # fmt: skip
    assert (found["standard"]["params"], found["separable"]["params"]) == (2_359_296, 266_752)
    assert float(found["theory"]) == float(found["ratio"]["mult_adds"]) == 1 / 512 + 1 / 9
    narrow = told(say("conv", "512", "512", "--size", "14", "-a", "0.75", "-f", "json"))["separable"]
    assert (narrow["mult_adds"], narrow["params"]) == (29_578_752, 150_912)
    small = told(say("conv", "512", "512", "--size", "14", "-a", "0.75", "--rho", "5/7", "-f", "json"))["separable"]
    assert small["mult_adds"] == 15_091_200
    strided = told(say("conv", "8", "16", "--size", "15x10", "-k", "5", "--stride", "2", "-f", "json"))
    assert strided["standard"]["mult_adds"] == 25 * 8 * 16 * 8 * 5


@pytest.mark.parametrize(
    ("model", "alpha", "resolution"),
    [("mobilenet_v1", "0.45", 225), ("mobilenet_v2", "1.3", 200), ("mobilenet_v3_small", "0.75", 96)],
)
def test_the_json_of_formula_is_read_by_sympy(model: str, alpha: str, resolution: int, say: Say) -> None:
    found = told(say("formula", model, "-f", "json"))
    assert found["symbols"] == ["alpha", "rho"]
    base = found["base_resolution"][0]
    values = {"alpha": sympy.Rational(alpha), "rho": sympy.Rational(resolution, base)}
    names = {name: sympy.Symbol(name, positive=True) for name in found["symbols"]}
    for kind, ideal in (("idealised", True), ("realised", False)):
        cost = mbcost.load(model).cost(alpha, resolution=resolution, ideal=ideal)
        for key in ("mult_adds", "params"):
            read = sympy.parse_expr(found[kind][key], local_dict=names)
            assert {symbol.name for symbol in read.free_symbols} <= set(found["symbols"])
            exact = read.subs({names[name]: value for name, value in values.items()})
            assert exact == sympy.Rational(str(Fraction(getattr(cost, key)))), (kind, key)


def test_the_formula_of_mobilenet_v1_is_the_one_of_the_issue(say: Say) -> None:
    assert "rho^2 (539492352 alpha^2 + 28224000 alpha) + 1024000 alpha" in say("formula", "mobilenet_v1").out
    names = {"alpha": sympy.Symbol("alpha"), "rho": sympy.Symbol("rho")}
    found = sympy.parse_expr(
        told(say("formula", "mobilenet_v1", "-f", "json"))["idealised"]["mult_adds"], local_dict=names
    )
    expected = sympy.parse_expr("rho**2*(539492352*alpha**2 + 28224000*alpha) + 1024000*alpha", local_dict=names)
    assert sympy.expand(found - expected) == 0


@pytest.mark.parametrize("model", ["mobilenet_v1", "mobilenet_v3_small"])
def test_the_formula_as_python_computes_the_count(model: str, say: Say) -> None:
    said = say("formula", model, "-f", "python")
    assert said.code == 0
    space: dict[str, Any] = {}
    program = compile(said.out, "formula", "exec")
    exec(program, space)
    functions = {name: value for name, value in space.items() if callable(value) and "mult_adds" in name}
    assert functions
    realised = next(value for name, value in functions.items() if "realised" in name)
    cost = mbcost.load(model).cost("0.45", resolution=200)
    assert realised(Fraction(9, 20), Fraction(200, 224)) == cost.mult_adds


def test_the_formula_as_latex(say: Say) -> None:
    said = say("formula", "mobilenet_v1", "-f", "latex").out
    assert "\\begin{align" in said
    assert "539492352" in said
    assert "\\alpha" in said


def test_the_json_of_list(say: Say) -> None:
    found = told(say("list", "-f", "json"))
    every = [name for model in models() for name in (model, *mbcost.load(model).table.scalings)]
    assert [model["name"] for model in found["models"]] == every
    for model in found["models"]:
        assert {"name", "mult_adds", "params", "resolution"} <= set(model)
        cost = mbcost.load(model["name"]).cost()
        assert (model["mult_adds"], model["params"], tuple(model["resolution"])) == (
            cost.mult_adds,
            cost.params,
            cost.variant.resolution,
        )


@pytest.mark.parametrize(
    ("option", "value", "fact"),
    [
        ("--convention", "thopp", "there is no convention `thopp`\n  help: did you mean `thop`"),
        ("-r", "3000000", "resolution 3000000 is above 65536 pixels\n  help: a side is 1 to 65536"),
        ("-a", "0", "alpha (=0) must be above 0"),
        ("--rounding", "round", "unknown rounding `round`"),
        ("--set", "foo.bar=1", "there is no row `foo` to set"),
    ],
)
def test_a_wrong_question_about_every_model_is_one_error(option: str, value: str, fact: str, say: Say) -> None:
    said = say("list", option, value)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {fact}")


def test_lists_say_how_they_were_counted(say: Say) -> None:
    words = ("batch 4", "standard twin", "convention torch", "1 mult-add = 2 FLOPs")
    options = ("--batch", "4", "--standard", "--unit", "flops")
    for said in (say("list", *options), say("compare", "mobilenet_v1", "mobilenet_v2", *options)):
        assert all(word in said.out.splitlines()[0] for word in words)
    assert "divisor:8" in say("compare", "mobilenet_v1", "mobilenet_v2").out


def test_the_theory_of_a_window_that_is_not_square(say: Say) -> None:
    said = say("conv", "33", "64", "--size", "15", "-k", "3x5", "-a", "0.5", "--rounding", "none").out
    assert said.startswith("convolution 16.5x15x15 -> 32x15x15, kernel 3x5, stride 1x1, alpha 0.5, rounding none")
    assert "Theory: 1/N + 1/(K_h K_w) = 47/480" in said


def test_one_layer_with_its_numbers_put_in(say: Say) -> None:
    said = say("table", "mobilenet_v1", "--layer", "separable_1/pointwise").out
    assert "M * N * D_F * D_F" in said
    assert "32 * 64 * 112 * 112" in said
    assert "25,690,112" in said
    for row in mbcost.load("mobilenet_v3_large").cost().rows:
        said_row = say("table", "mobilenet_v3_large", "--layer", row.name, "-f", "json")
        found = told(said_row)
        values = {line["quantity"]: line["value"] for line in found["formulas"]}
        assert values.get("mult_adds", 0) == row.mult_adds == found["layer"]["mult_adds"]


def test_a_report_says_what_was_changed_in_the_table(say: Say) -> None:
    args = ("table", "mobilenet_v1", "--classes", "10", "--set", "separable_13.stride=2", "--without", "softmax_1")
    document = told(say(*args, "-f", "json"))
    assert document["set"] == {"separable_13.stride": "2", "classifier.out_channels": 10}
    assert document["without"] == ["softmax_1"]
    assert "separable_13.stride = 2, classifier.out_channels = 10, without softmax_1" in say(*args).out.splitlines()[0]
    assert "set" not in told(say("table", "mobilenet_v1", "-f", "json"))


def test_the_schema_points_at_the_one_wrong_field(say: Say) -> None:
    table = {
        "format": 1,
        "input": {"resolution": 32},
        "layers": [{"op": "conv", "kernel_sise": 3, "out_channels": 8}, {"kernel_size": 3}],
    }
    schema = json.loads(say("schema").out)
    told = [
        (list(error.absolute_path), error.message)
        for error in jsonschema.Draft202012Validator(schema).iter_errors(table)
    ]
    assert told == [
        (["layers", 0], "Additional properties are not allowed ('kernel_sise' was unexpected)"),
        (["layers", 1], "'op' is a required property"),
    ]
