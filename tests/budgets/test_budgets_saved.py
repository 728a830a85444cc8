"""A saved report is input: whatever is wrong with it is one message and exit 2, and what it says adds up."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from mbcost import load
from mbcost.budgets.evaluate import check
from mbcost.budgets.models import Model
from mbcost.budgets.reading import read_budgets
from mbcost.budgets.saved import ReportBase
from mbcost.budgets.specs import Point
from tests.budgets.budgets_world import TABLE
from tests.conftest import Said, refused

Say = Callable[..., Said]
ASK = ("check", "net.yaml", "--max-mult-adds", "9M")
GROWTH = "format: 1\nbudgets: [{model: net.yaml, vs_base: {mult_adds: +0, params: +0, largest_activation: +0, total_activations: +0}}]\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.yaml").write_text(TABLE, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(GROWTH, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def report(here: Path, say: Say) -> dict[str, Any]:
    assert say(*ASK, "-f", "json", "-o", "base.json").code == 0
    document = json.loads(Path("base.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def against(say: Say, document: object) -> Said:
    Path("base.json").write_text(json.dumps(document), encoding="utf-8")
    return say("check", "b.yaml", "--base", "base.json")


BAD: list[Any] = [
    [],
    {},
    [1],
    [1, 2, 3, 4],
    [[1], 2, 3],
    "x",
    "1/0",
    "-1",
    "٣",
    "1_0",
    "9" * 201,
    "\ud800",
    -1,
    1.5,
    True,
    None,
    [True, 1],
    [-1, 1, 1],
]
FINE = {  # what a report may well say, beside texts
    "kernel_size": [None], "stride": [None], "groups": [None], "rounding": [None], "standard": [True], "changed": [{}], "blocks": [[]],
    "quantities": [{}],
}  # fmt: skip
TEXTS = {"name", "kind", "model", "convention", "rounding"}


@pytest.mark.parametrize("key", ["model", "name", "alpha", "resolution", "batch", "convention", "rounding", "standard", "status", "changed", "blocks", "total", "layers"])  # fmt: skip
def test_a_field_of_a_model_that_is_not_what_it_should_be(key: str, report: dict[str, Any], say: Say) -> None:
    for bad in BAD:
        if bad in FINE.get(key, []) or (key in TEXTS and isinstance(bad, str) and bad != "\ud800"):
            continue
        wrong = deepcopy(report)
        wrong["models"][0][key] = bad
        said = against(say, wrong)
        refused(said, "the report `base.json` cannot be read: ")
        assert f"models[0]: `{key}` is " in said.err or f"models[0].{key}" in said.err


@pytest.mark.parametrize("key", ["name", "kind", "input", "output", "kernel_size", "stride", "groups", "mult_adds", "params", "weights", "biases", "norm_params", "norm_stats", "status", "quantities"])  # fmt: skip
def test_a_field_of_a_layer_that_is_not_what_it_should_be(key: str, report: dict[str, Any], say: Say) -> None:
    for bad in [*BAD, {"flops": []}, {"x": -1}]:
        if bad in FINE.get(key, []) or (key in TEXTS and isinstance(bad, str) and bad != "\ud800"):
            continue
        wrong = deepcopy(report)
        wrong["models"][0]["layers"][2][key] = bad
        refused(against(say, wrong), f"the report `base.json` cannot be read: models[0].layers[2]: `{key}` is ")


@pytest.mark.parametrize("key", ["model", "alpha", "resolution", "convention", "layers", "total"])
def test_a_model_without_a_field(key: str, report: dict[str, Any], say: Say) -> None:
    del report["models"][0][key]
    refused(against(say, report), f"models[0] has no `{key}`")


@pytest.mark.parametrize("key", ["name", "kind", "input", "output", "mult_adds", "params", "weights"])
def test_a_layer_without_a_field(key: str, report: dict[str, Any], say: Say) -> None:
    del report["models"][0]["layers"][1][key]
    refused(against(say, report), f"models[0].layers[1] has no `{key}`")


@pytest.mark.parametrize("digits", [201, 5000])
def test_numbers_of_many_digits(digits: int, report: dict[str, Any], say: Say) -> None:
    text = json.dumps(report).replace('"mult_adds": 110592', '"mult_adds": ' + "9" * digits)
    assert text != json.dumps(report)
    Path("base.json").write_text(text, encoding="utf-8")
    refused(say("check", "b.yaml", "--base", "base.json"), f"a number of {digits:,} digits")


@pytest.mark.parametrize("key", ["mult_adds", "params", "weights", "biases", "norm_params", "norm_stats"])
@pytest.mark.parametrize("by", [1, -1])
def test_totals_are_the_sums_of_the_layers(key: str, by: int, report: dict[str, Any], say: Say) -> None:
    """Else a report could allow any growth with one number."""
    assert against(say, report).code == 0
    total = report["models"][0]["total"][key]
    report["models"][0]["total"][key] = total + by
    refused(against(say, report), f"models[0].total: `{key}` is {total + by}, but its layers come to {total}")


@pytest.mark.parametrize("key", ["largest_activation", "total_activations"])
def test_so_are_the_quantities_beyond(key: str, report: dict[str, Any], say: Say) -> None:
    report["models"][0]["total"]["quantities"][key] += 1
    refused(against(say, report), f"models[0].total: `{key}` is ")


def test_layers_have_names_of_their_own(report: dict[str, Any], say: Say) -> None:
    report["models"][0]["layers"][1]["name"] = "stem"
    refused(against(say, report), "two layers of models[0] are called `stem`")


def test_a_lower_bound_is_called_one(report: dict[str, Any], say: Say) -> None:
    report["models"][0]["layers"][1]["status"] = "lower bound"
    refused(against(say, report), "models[0] is called exact, and has a layer whose cost is a lower bound")
    report["models"][0]["status"] = "lower bound"
    assert against(say, report).code == 0


def test_what_a_later_version_adds_is_left_alone(report: dict[str, Any], say: Say) -> None:
    report["models"][0] |= {"later": [1.5]}
    report["models"][0]["layers"][0] |= {"later": None}
    report["models"][0]["total"]["quantities"]["later"] = 7
    assert against(say, report).code == 0


def test_the_same_network_under_two_conventions(here: Path, say: Say) -> None:
    """Each side is held against its own, whichever stands first in the report."""
    for name in ("torch", "thop"):
        (here / f"{name}.yaml").write_text(
            GROWTH.replace("format: 1\n", f"format: 1\nconvention: {name}\n"), encoding="utf-8"
        )
    for order in (("torch.yaml", "thop.yaml"), ("thop.yaml", "torch.yaml")):
        assert say("check", *order, "--base", "base.json", "-f", "json").code == 2
        assert say(*ASK, "-f", "json", "-o", "first.json").code == 0
        saved = say(*ASK, "--convention", "thop", "-f", "json")
        both = json.loads(Path("first.json").read_text(encoding="utf-8"))
        both["models"] += json.loads(saved.out)["models"]
        if order[0] == "thop.yaml":
            both["models"].reverse()
        Path("both.json").write_text(json.dumps(both), encoding="utf-8")
        said = say("check", *order, "--base", "both.json")
        assert (said.code, said.err) == (0, "")
        assert said.out.startswith("within budget: 8 limits hold (2 budgets, 1 model)")


def test_a_new_network_beside_one_whose_file_is_gone(report: dict[str, Any], say: Say, here: Path) -> None:
    """It may be the old one, renamed and changed: nobody can tell from a report, so it is said."""
    (here / "net.yaml").rename(here / "other.yaml")
    (here / "other.yaml").write_text(TABLE.replace("name: net", "name: other"), encoding="utf-8")
    (here / "b.yaml").write_text(GROWTH.replace("net.yaml", "other.yaml"), encoding="utf-8")
    said = say("check", "b.yaml", "--base", "base.json")
    assert said.out.startswith("nothing held against the base: 4 limits not checked")
    assert (
        "other.yaml is new: it has no base at base.json (which has net.yaml: no such file is there now), so 4"
        in said.out
    )


def test_a_failure_points_to_the_line_that_can_be_mended(here: Path, say: Say) -> None:
    """The layer that grew most; else the layer of a limit on layers; else the limit, or without a file the largest layer."""
    limits = "max: {params: 1.0K}\n    layers: {'*/pointwise': {max: {params: 2.0K}}}\n    vs_base: {params: +0}"
    (here / "b.yaml").write_text(f"format: 1\nbudgets:\n  - model: net.yaml\n    {limits}\n", encoding="utf-8")
    assert say(*ASK, "-f", "json", "-o", "base.json").code == 0
    lines = TABLE.splitlines()
    most = lines.index("  - {op: separable, out_channels: 64}") + 1
    stem = next(number for number, line in enumerate(lines, 1) if "stem" in line)

    def places(files: list[str], base: str | None = None) -> dict[tuple[str, str], tuple[str, int]]:
        found = check([read_budgets(file) for file in files], base).failures
        return {(one.limit.kind, one.layer): (one.place.file, one.place.line) for one in found if one.place}

    layer = ("max", "separable_3/pointwise"), ("net.yaml", most)
    assert places(["b.yaml"]) == {("max", ""): ("b.yaml", 4), layer[0]: layer[1]}
    assert f"::error file=net.yaml,line={most}," in say("check", "net.yaml", "--max-params", "1.0K", "-f", "github").out
    (here / "net.yaml").write_text(
        TABLE.replace("name: stem, kernel_size: 3", "name: stem, kernel_size: 5"), encoding="utf-8"
    )
    grown = {("max", ""): ("net.yaml", stem), ("vs_base", ""): ("net.yaml", stem), layer[0]: layer[1]}
    assert places(["b.yaml"], "base.json") == grown


@pytest.mark.parametrize("key", ["batch", "depth", "standard", "rounding", "changed", "blocks", "name", "memory_rule", "peak", "status"])  # fmt: skip
def test_what_an_older_report_leaves_out_is_the_usual(key: str, report: dict[str, Any], say: Say) -> None:
    """It is the same network, and held against."""
    report["models"][0].pop(key, None)
    said = against(say, report)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("within budget: 4 limits hold")
    assert "no change: 1 model costs what it did" in said.out


def test_the_place_of_another_convention_is_the_start_of_the_report(report: dict[str, Any], say: Say) -> None:
    report["models"][0]["convention"] = "thop"
    refused(against(say, report), "base.json:1:1: the two sides are counted under different conventions: `thop`")


def test_what_is_still_there_is_not_told_of_as_gone(here: Path, say: Say) -> None:
    """Neither a file that is there, nor a shipped model, which is no file here."""
    assert say("check", "net.yaml", "mobilenet_v1", "--max-params", "9M", "-f", "json", "-o", "base.json").code == 0
    (here / "other.yaml").write_text(TABLE.replace("name: net", "name: other"), encoding="utf-8")
    (here / "b.yaml").write_text(GROWTH.replace("net.yaml", "other.yaml"), encoding="utf-8")
    assert "other.yaml is new: it has no base at base.json, so 4 " in say("check", "b.yaml", "--base", "base.json").out


def test_growth_that_is_ignored_is_that_of_relative_limits(report: dict[str, Any], say: Say, here: Path) -> None:
    """A wider last pointwise: 727,680 to 859,072 mult-adds."""
    Path("base.json").write_text(json.dumps(report), encoding="utf-8")
    (here / "net.yaml").write_text(
        TABLE.replace("{op: separable, out_channels: 64}", "{op: separable, out_channels: 96}"), encoding="utf-8"
    )
    for growth, ignored, code in (
        ("+1%", "131391", 1), ("+1%", "131392", 0), ("+1%", "{mult_adds: 131392}", 0), ("+1%", "{params: 9M}", 1), ("+131391", "9M", 1), ("+131392", "20000", 0),
    ):  # fmt: skip
        text = f"format: 1\nbudgets: [{{model: net.yaml, vs_base: {{mult_adds: {growth}, ignore_below: {ignored}}}}}]\n"
        (here / "b.yaml").write_text(text, encoding="utf-8")
        assert say("check", "b.yaml", "--base", "base.json").code == code, (growth, ignored)


@pytest.mark.parametrize(
    ("growth", "more", "code"),
    [("+0%", 0, 0), ("+0%", 1, 1), ("+0", 1, 1), ("+20000", 20_000, 0), ("+20000", 20_001, 1)],
)
def test_growth_is_held_to_the_unit(growth: str, more: int, code: int, here: Path, say: Say) -> None:
    text = (
        "format: 1\nname: net\ninput: {channels: 3, resolution: 8}\nlayers: [{op: custom, params: 0, mult_adds: %d}]\n"
    )
    (here / "net.yaml").write_text(text % 50_000, encoding="utf-8")
    assert say(*ASK, "-f", "json", "-o", "base.json").code == 0
    (here / "net.yaml").write_text(text % (50_000 + more), encoding="utf-8")
    (here / "b.yaml").write_text(
        f"format: 1\nbudgets: [{{model: net.yaml, vs_base: {{mult_adds: {growth}}}}}]\n", encoding="utf-8"
    )
    assert say("check", "b.yaml", "--base", "base.json").code == code


def test_the_key_that_is_given_twice_is_named(report: dict[str, Any], say: Say) -> None:
    text = json.dumps(report).replace('"weights": 432', '"weights": 432, "weights": 432', 1)
    assert text != json.dumps(report)
    Path("base.json").write_text(text, encoding="utf-8")
    refused(say("check", "b.yaml", "--base", "base.json"), "cannot be read: `weights` is given twice")


def test_a_cost_that_was_not_known_is_known_now(report: dict[str, Any], say: Say) -> None:
    """Layer by layer: what a layer costs is compared with whether that was all of it."""
    layer = report["models"][0]["layers"][0]
    layer["status"] = report["models"][0]["status"] = "lower bound"
    Path("base.json").write_text(json.dumps(report), encoding="utf-8")
    (side,) = [ReportBase("base.json").side(Model("net.yaml", "net.yaml", False), Point(), load("./net.yaml").cost())]
    assert side is not None
    assert [row.name for row in side.rows if not row.exact] == [layer["name"]]


@pytest.mark.parametrize("name", ["né.yaml", "网络.yaml"])
def test_a_name_in_any_alphabet_is_a_text(name: str, here: Path, say: Say) -> None:
    (here / name).write_text(TABLE, encoding="utf-8")
    (here / "b.yaml").write_text(GROWTH.replace("net.yaml", name), encoding="utf-8")
    assert say("check", name, "--max-params", "9M", "-f", "json", "-o", "base.json").code == 0
    assert say("check", "b.yaml", "--base", "base.json").code == 0


def test_of_a_long_text_sixty_characters_are_shown(report: dict[str, Any], say: Say) -> None:
    report["models"][0]["alpha"] = "1" * 10 + "x" * 70
    refused(against(say, report), f"`alpha` is `{'1' * 10}{'x' * 49}, not a text such as 3/4")


def test_of_what_is_no_json_nothing_behind_the_error_is_shown(here: Path, say: Say) -> None:
    """It may be any file."""
    Path("base.json").write_text('{"a": 1,\n  "fine": 2 SECRET: x}\n', encoding="utf-8")
    said = say("check", "b.yaml", "--base", "base.json")
    refused(said, "base.json:2:13: not valid JSON", '  2 |   "fine": 2\n')
    assert "SECRET" not in said.err
