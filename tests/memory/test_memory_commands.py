"""``mbcost memory`` and ``mbcost roofline``: what they print, what they refuse."""

from __future__ import annotations

import csv
from collections.abc import Callable
from fractions import Fraction
from io import StringIO
from pathlib import Path
from statistics import correlation

import pytest

import mbcost
from mbcost import papers
from mbcost.documents import configs_folder
from mbcost.memory.compared import side_by_side, way
from mbcost.memory.measures import accesses, peak
from mbcost.memory.roofline import roofline
from mbcost.memory.rules import available
from mbcost.memory.rules import device as device_of
from mbcost.quantities import QUANTITIES
from mbcost.tables import models
from tests.conftest import Said, told

Say = Callable[..., Said]

V2 = "mobilenet_v2"


def test_the_timeline_marks_the_peak_and_names_what_is_alive(say: Say) -> None:
    said = say("memory", V2)
    assert said.code == 0
    (line,) = [line for line in said.out.splitlines() if " peak " in line and "100.00" in line]
    assert line.split()[:2] == ["inverted_residual_2/depthwise", "1,505,280"]
    assert "memory rule liveness" in said.out
    assert "torch-eager 1,856,512" in said.out
    assert "#" not in said.out  # bars are for a terminal


def test_the_document_of_memory(say: Say) -> None:
    found = told(say("memory", V2, "-f", "json"))
    assert found["memory_rule"] == "liveness"
    assert found["peak"]["step"] == "inverted_residual_2/depthwise"
    assert found["peak"]["elements"] == sum(tensor["elements"] for tensor in found["peak"]["tensors"]) == 1_505_280
    assert max(step["alive"] for step in found["steps"]) == found["total"]["peak_memory"]
    assert set(found["total"]) >= {name for name, one in QUANTITIES.items() if not one.timed}
    assert found["total"]["arena"] == 1_505_280
    assert {rule["name"]: rule["peak_memory"] for rule in found["rules"]} == {
        "liveness": 1_505_280, "tflm": 1_505_280, "torch-eager": 1_856_512, "paper-v2": 602_112, "depthwise-in-place": 1_404_928,
        "largest-map": 1_204_224,
    }  # fmt: skip


def test_another_rule_and_one_of_ones_own(say: Say, tmp_path: Path) -> None:
    found = told(say("memory", V2, "-a", "0.5", "-r", "160", "--memory-rule", "tflm", "-f", "json"))
    assert (found["memory_rule"], found["total"]["peak_memory"], found["peak"]["elements"]) == (
        "tflm",
        409_600,
        409_600,
    )
    file = tmp_path / "mine.yaml"
    file.write_text("format: 1\nrules:\n- {name: mine, input: end}\n", encoding="utf-8")
    found = told(say("memory", V2, "--memory-rule", "mine", "--memory-rules", file, "-f", "json"))
    assert found["total"]["peak_memory"] == 1_505_280 + 3 * 224 * 224
    assert found["rules"][-1]["name"] == "mine"
    budgets = tmp_path / "budgets.yaml"
    budgets.write_text(
        "format: 1\nbudgets:\n- {model: mobilenet_v2, memory_rule: 'mine.yaml:mine', max: {peak_memory: 1655808B}}\n",
        encoding="utf-8",
    )
    assert say("check", budgets).code == 0
    budgets.write_text(
        "format: 1\nbudgets:\n- {model: mobilenet_v2, memory_rule: mine, max: {peak_memory: 1MiB}}\n", encoding="utf-8"
    )
    said = say("check", budgets)
    assert said.code == 2
    assert "there is no memory rule `mine`" in said.err


@pytest.mark.parametrize("a", list(available()))
@pytest.mark.parametrize("b", list(available()))
def test_the_way_from_one_rule_to_another_adds_up(a: str, b: str) -> None:
    rules = available()
    for model in (V2, "mobilenet_v3_large"):
        cost = mbcost.load(model).cost()
        steps = way(cost, rules[a], rules[b])
        start, end = (one.peak.elements for one in side_by_side(cost, [rules[a], rules[b]]))
        assert start + sum(step.change for step in steps) == end
        assert bool(steps) is (a != b)


def test_explain_prints_the_way(say: Say) -> None:
    said = say("memory", V2, "--explain", "paper-v2", "--as", "torch-eager")
    assert [line.split()[0] for line in said.out.splitlines()[4:9]] == [
        "paper-v2",
        "input",
        "blocks",
        "holds",
        "torch-eager",
    ]
    found = told(say("memory", V2, "--explain", "paper-v2", "--as", "torch-eager", "-f", "json"))
    assert found["start"] + sum(step["change"] for step in found["steps"]) == found["total"] == 1_856_512


def test_check_names_the_step_and_the_tensors(say: Say) -> None:
    said = say("check", V2, "-a", "0.35", "-r", "160", "--max-peak-memory", "256KiB")
    lines = [line.split() for line in said.out.splitlines()]
    assert ["at:", "inverted_residual_2/depthwise"] in lines
    assert ["most:", "inverted_residual_2/expand", "307,200", "bytes"] in lines
    assert "256KiB, over by 121,856 bytes" in said.out


@pytest.mark.parametrize("name", models())
def test_the_modelled_time_is_between_its_bounds(name: str) -> None:
    cost = mbcost.load(name).cost()
    for point in (Fraction(0), Fraction(312, 10), Fraction(4338, 10)):
        found = roofline(cost, point)
        assert found.model_time >= found.bound >= found.mult_adds
        assert found.model_time >= point * found.bytes
        assert found.model_time <= found.mult_adds + point * found.bytes
    assert roofline(cost, Fraction(0)).model_time == cost.mult_adds
    assert found.bytes == cost.total("memory_access_bytes")
    assert sum(accesses(cost)) + cost.weights == cost.total("memory_access")


def test_the_correlations_of_the_devices_are_those_of_the_public_networks() -> None:
    """Against the milliseconds that MobileNetV4 prints in its Table 6, as the comment of the file says."""
    (table,) = [table for table in papers.load("mobilenet_v4").tables if table.id == "6"]
    printed: dict[str, dict[str, float]] = {}
    costs = {}
    for cell in table.cells:
        if "model" in cell.setting and cell.column in {"pixel6", "pixel8"}:
            asked = {word: cell.setting[word] for word in ("alpha", "set") if word in cell.setting}
            row = f"{cell.setting['model']} {asked}"
            costs[row] = mbcost.load(cell.setting["model"]).cost(**asked)
            printed.setdefault(row, {})[cell.column] = float(cell.published)
    assert {len(times) for times in printed.values()} == {2}
    said = " ".join(Path(configs_folder(), "devices.yaml").read_text(encoding="utf-8").replace("\n# ", " ").split())
    for rows, which in ((list(printed), "fourteen"), ([row for row in printed if "convnext" not in row], "without")):
        for column, name in (("pixel6", "pixel-6-cpu"), ("pixel8", "pixel-8-edgetpu")):
            times = [printed[row][column] for row in rows]
            device = device_of(name)
            modelled = [float(roofline(costs[row], device.ridge_point).model_time) for row in rows]
            works, sizes = ([float(getattr(costs[row], word)) for row in rows] for word in ("mult_adds", "params"))
            words = ", ".join([f"{correlation(values, times):.4f}" for values in (modelled, works, sizes)])
            assert f"{words} on the {device.title}" in said, which
    assert len(printed) == 14


def test_a_layer_is_bound_by_memory_below_the_ridge_point(say: Say) -> None:
    found = told(say("roofline", "mobilenet_v1", "--ridge-point", "31.2", "-f", "json"))
    for layer in found["layers"]:
        if layer["mult_adds"]:
            assert (layer["bound"] == "memory") is (Fraction(layer["intensity"]) < Fraction("31.2"))
    assert Fraction(found["total"]["model_time"]) == sum(Fraction(layer["time"]) for layer in found["layers"])
    by_kind = {layer["kind"]: layer["bound"] for layer in found["layers"]}
    assert by_kind["depthwise"] == "memory"


def test_several_models_have_a_time_each_on_every_device(say: Say) -> None:
    said = say("roofline", "mobilenet_v1", V2, "-f", "csv")
    rows = list(csv.DictReader(StringIO(said.out)))
    assert len(rows) == 2 * 4
    assert {row["device"] for row in rows} == {"Pixel 6 CPU", "Samsung S23 CPU", "Pixel 4 DSP", "Pixel 8 EdgeTPU"}


def test_seconds_only_where_peak_and_bandwidth_are_known(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text("format: 1\ndevices:\n- {name: mcu, peak: 100M, bandwidth: 50MB}\n", encoding="utf-8")
    found = told(say("roofline", "mobilenet_v1", "--device", "mcu", "--devices", file, "-f", "json"))
    total = found["total"]
    assert total["seconds"] == pytest.approx(float(Fraction(total["model_time"]) / 100_000_000))
    assert " ms by the model" in say("roofline", "mobilenet_v1", "--device", "mcu", "--devices", file).out
    assert "seconds" not in told(say("roofline", "mobilenet_v1", "--device", "pixel-6-cpu", "-f", "json"))["total"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["memory", V2, "--memory-rule", "livenes"],
            "there is no memory rule `livenes`\n  help: did you mean `liveness`?",
        ),
        (["memory", V2, "--explain", "tflm"], "--explain needs --as"),
        (["memory", V2, "--explain", "tflm", "--as", "nobody"], "there is no memory rule `nobody`"),
        (["memory", V2, "--memory-rules", "-"], "memory rules and devices are not read from standard input"),
        (["memory", V2, "--memory-rules", "nowhere.yaml"], "`nowhere.yaml` cannot be read"),
        (["memory", V2, "--bits", "3"], "bits (=3) is no bit width"),
        (["roofline", V2, "--device", "pixel"], "there is no device `pixel`\n  help: did you mean `pixel-6-cpu`"),
        (["roofline", V2, "--ridge-point", "nan"], "the ridge point `nan` is not a number"),
        (["roofline", V2, "--ridge-point", "-3"], "the ridge point `-3` is not 0 to 1,000,000 mult-adds a byte"),
        (["roofline", V2, "--ridge-point", "31.2", "--device", "s23-cpu"], "--device and --ridge-point are both given"),
        (
            ["solve", V2, "--max-peak-memory", "256KiB", "--memory-rule", "tflm"],
            "the plan of the memory rule `tflm` is no polynomial",
        ),
        (["check", V2, "--max-peak-memory", "-256KiB"], "a limit of `-256KiB` is negative"),
    ],
)
def test_wrong_questions(say: Say, args: list[str], message: str) -> None:
    said = say(*args)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_the_peak_of_a_batch_is_that_of_an_image_times_the_batch() -> None:
    network = mbcost.load(V2)
    for rule in available().values():
        one, four = (peak(network.cost(batch=batch), rule).elements for batch in (1, 4))
        assert four == 4 * one
