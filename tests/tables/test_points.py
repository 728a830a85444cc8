"""Points on models (``net.yaml@0.5/160``), and the parts of a comparison and of a table that are asked for by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import mbcost
from tests.conftest import Said

Say = Callable[..., Said]
V1 = "mobilenet_v1"


def amounts(said: Said) -> list[tuple[str, str, int]]:
    return [(one["model"], one["alpha"], one["mult_adds"]) for one in json.loads(said.out)["models"]]


def test_unlike_points_stand_in_one_table(say: Say) -> None:
    said = say("compare", "mobilenet_v1@0.5/160", "mobilenet_v2@/96", "mobilenet_v3_small", "-f", "json")
    assert amounts(said) == [
        (V1, "1/2", mbcost.load(V1).cost("0.5", resolution=160).mult_adds),
        ("mobilenet_v2", "1", mbcost.load("mobilenet_v2").cost(resolution=96).mult_adds),
        ("mobilenet_v3_small", "1", mbcost.load("mobilenet_v3_small").cost().mult_adds),
    ]


def test_one_network_at_several_alphas(say: Say) -> None:
    said = say("compare", V1, "-a", "1,3/4", "-r", "160", "-f", "json")
    assert amounts(said) == [
        (V1, alpha, mbcost.load(V1).cost(alpha, resolution=160).mult_adds) for alpha in ("1", "3/4")
    ]


def test_a_range_of_alphas_is_a_set_of_them(say: Say) -> None:
    stepped, listed = (say("compare", V1, "-a", alphas, "-f", "json") for alphas in ("0.5:1:0.25", "0.5,0.75,1"))
    assert (stepped.code, stepped.out) == (0, listed.out)


@pytest.mark.parametrize(
    ("point", "options"),
    [("@0.5", ["-a", "0.5"]), ("@/160", ["-r", "160"]), ("@.75/128x160", ["-a", "0.75", "-r", "128x160"])],
)
@pytest.mark.parametrize(
    "command",
    [
        ["table"],
        ["compare"],
        ["memory"],
        ["roofline"],
        ["formula"],
        ["conventions"],
        ["solve", "--max-mult-adds", "1G"],
    ],
)
def test_a_point_says_what_its_options_say(command: list[str], point: str, options: list[str], say: Say) -> None:
    if command[0] == "solve" and "128x160" in point:
        command = [*command, "--max-params", "9M"]
    pointed, asked = say(command[0], V1 + point, *command[1:]), say(command[0], V1, *command[1:], *options)
    assert (pointed.code, pointed.out) == (asked.code, asked.out)
    assert pointed.code == 0


def test_a_scaling_has_points_too(say: Say) -> None:
    document = json.loads(say("table", "efficientnet_b3@/224", "-f", "json").out)
    assert (document["alpha"], document["depth"], document["resolution"]) == ("6/5", "7/5", [224, 224])


def test_each_model_of_a_check_has_its_own_point(say: Say) -> None:
    assert say("check", "mobilenet_v1@0.5", "mobilenet_v2", "--max-mult-adds", "310M").code == 0
    assert say("check", "mobilenet_v1", "mobilenet_v2", "--max-mult-adds", "310M").code == 1


def test_a_file_of_that_very_name_comes_first(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "format: 1\ninput: {channels: 3, resolution: 32}\nlayers: [{op: conv, kernel_size: 1, out_channels: 10}]\n"
    (tmp_path / "net.yaml@0.5").mkdir()
    (tmp_path / "net.yaml@0.5" / "x.yaml").write_text(text)
    (tmp_path / "net@0.5.yaml").write_text(text)
    assert json.loads(say("table", "net.yaml@0.5/x.yaml", "-f", "json").out)["alpha"] == "1"
    assert json.loads(say("table", "net@0.5.yaml", "-f", "json").out)["alpha"] == "1"
    assert json.loads(say("table", "net@0.5.yaml@/64", "-f", "json").out)["resolution"] == [64, 64]


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (["table", "mobilenet_v1@0.5", "-a", "1"], "`mobilenet_v1@0.5` and --alpha both set the alpha"),
        (["table", "mobilenet_v1@/160", "--rho", "6/7"], "`mobilenet_v1@/160` and --rho both set the resolution"),
        (["compare", V1, "mobilenet_v2@0.5", "-a", "1"], "`mobilenet_v2@0.5` and --alpha both set the alpha"),
        (["compare", "mobilenet_v2@0.5", "-a", "1,0.5"], "`mobilenet_v2@0.5` and --alpha both set the alpha"),
        (["table", "mobilenet_v1@1@0.5"], "`mobilenet_v1@1@0.5` has two values of alpha"),
        (["table", "mobilenet_v1@1/"], "`mobilenet_v1@1/` ends in no point"),
        (["table", "mobilenet_v1@0.5.5"], "alpha"),
        (["table", "mobilenet_v1@1/16x16x16"], "resolution"),
        (["show", "mobilenet_v1@1"], "which only the command line's question takes"),
        (["compare", V1, "--layer", "separable_99"], "there is no layer `separable_99`"),
        (["compare", V1, "--layer", "conv_1", "--by", "kind"], "--layer compares one layer"),
        (["compare", V1, "mobilenet_v2", "--by", "kind"], "several networks are compared by their totals"),
        (["list", "mobilenet_v9"], "no shipped model has `mobilenet_v9` in its name"),
        (["list", "--max-params", "1K"], "no shipped model is within the limits"),
        (["table", V1, "--width", "0.5"], "there is no option `--width`"),
        (["summary", V1], "did you mean table?"),
    ],
)
def test_a_wrong_question(words: list[str], fact: str, say: Say) -> None:
    said = say(*words)
    assert (said.code, said.out) == (2, "")
    assert fact in said.err
    assert "help: " in said.err


def test_a_point_is_no_name_outside_the_command_line() -> None:
    with pytest.raises(mbcost.MbcostError, match="at a point") as caught:
        mbcost.load("mobilenet_v1@0.5/160")
    assert "`at: {alpha: 0.5, resolution: 160}`" in str(caught.value)


def test_what_alpha_saves_is_told_layer_by_layer(say: Say) -> None:
    found = json.loads(say("diff", "mobilenet_v1@1", "mobilenet_v1@0.5", "-f", "json").out)
    assert (found["old"]["alpha"], found["new"]["alpha"]) == ("1", "1/2")
    assert (found["counts"]["added"], found["counts"]["removed"]) == (0, 0)
    cost, half = mbcost.load(V1).cost(), mbcost.load(V1).cost("0.5")
    assert {one["name"]: one["mult_adds"]["after"] for one in found["layers"]} == {
        row.name: row.mult_adds for row in half.rows if row.weights
    }
    assert found["total"]["mult_adds"]["difference"] == half.mult_adds - cost.mult_adds


def test_options_that_make_both_sides_alike_are_told(say: Say) -> None:
    said = say("diff", V1, V1, "-a", "0.5")
    assert "both sides are one table at one point" in said.out
    assert "both sides" not in say("diff", V1, "mobilenet_v1_keras").out


def test_a_block_is_its_layers_and_their_sum(say: Say) -> None:
    found = json.loads(say("table", V1, "--layer", "separable_7", "-f", "json").out)
    rows = [row for row in mbcost.load(V1).cost().rows if row.name.startswith("separable_7/")]
    assert [layer["name"] for layer in found["layers"]] == [row.name for row in rows]
    assert found["total"]["mult_adds"] == sum(row.mult_adds for row in rows) == 52_283_392
    assert found["total"]["params"] == sum(row.params for row in rows)


@pytest.mark.parametrize("model", [V1, "mobilenet_v2", "vgg16"])
@pytest.mark.parametrize("by", ["block", "kind"])
def test_gathered_lines_add_up_to_those_of_the_layers(model: str, by: str, say: Say) -> None:
    whole = json.loads(say("compare", model, "-f", "json").out)
    found = json.loads(say("compare", model, "--by", by, "-f", "json").out)
    assert len(found["groups"]) <= len(whole["layers"])
    for side in ("standard", "separable"):
        for name in ("mult_adds", "params"):
            parts = sum(one[side][name] for one in found["groups"])
            assert parts == sum(one[side][name] for one in whole["layers"]) == found["total"][side][name]


def test_one_layer_or_block_of_a_comparison(say: Say) -> None:
    (pair,) = json.loads(say("compare", V1, "--layer", "separable_7", "-f", "json").out)["layers"]
    assert (pair["standard"]["mult_adds"], pair["separable"]["mult_adds"]) == (462_422_016, 52_283_392)
    lines = json.loads(say("compare", "mobilenet_v2", "--layer", "inverted_residual_3", "-f", "json").out)["layers"]
    assert [line["name"].rpartition("/")[2] for line in lines] == ["expand", "inverted_residual_3", "add"]


def test_a_list_of_some(say: Say) -> None:
    found = json.loads(say("list", "V3-small", "--max-mult-adds", "53M", "-f", "json").out)["models"]
    assert [one["name"] for one in found] == ["mobilenet_v3_small_minimalistic"]
    scaled = json.loads(say("list", "efficientnet_b3", "-f", "json").out)["models"]
    assert [one["name"] for one in scaled] == ["efficientnet_b3"]
