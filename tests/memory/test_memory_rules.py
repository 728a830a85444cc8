"""Memory rules and devices as data: what is shipped, what a file of one's own can say, and what is refused, word by word."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import mbcost
from mbcost.memory import rules
from mbcost.memory.rule import LIVENESS, Rule
from tests.memory.test_memory_peaks import graph_of, peak


def test_the_default_rule_in_the_code_is_the_one_of_the_file() -> None:
    shipped = rules.available()["liveness"]
    assert shipped._replace(tool="", version="", source="", note="") == LIVENESS


def test_every_shipped_rule_says_where_it_is_from() -> None:
    assert list(rules.available()) == [
        "liveness",
        "tflm",
        "torch-eager",
        "paper-v2",
        "depthwise-in-place",
        "largest-map",
    ]
    assert all(rule.source for rule in rules.available().values())
    assert all(device.source for device in rules.devices().values())


def test_a_rule_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("format: 1\nrules:\n- {name: mine, in_place: [depthwise, add], input: none}\n", encoding="utf-8")
    mine = rules.find("mine", str(file))
    assert mine == Rule("mine", in_place=("depthwise", "add"), input="none")
    assert rules.find("liveness", str(file)).name == "liveness"
    v2 = mbcost.load("mobilenet_v2")
    steps = {step.name for step in graph_of(v2, mine).steps}
    assert "inverted_residual_3/add" in steps
    assert peak(v2, mine) == 1_404_928


def test_a_step_of_two_reads_the_map_twice(tmp_path: Path) -> None:
    network = mbcost.load("efficientnet_b0")
    twice = Rule("twice", steps=(("silu", 2),))
    found = graph_of(network, twice)
    number = next(n for n, step in enumerate(found.steps) if step.does == "silu")
    gate, product = found.steps[number : number + 2]
    assert [tensor for tensor, _ in product.reads] == [gate.reads[0][0], gate.makes]
    assert peak(network, twice) > peak(network)


def test_a_device_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("format: 1\ndevices:\n- {name: mcu, peak: 80M, bandwidth: 64MB}\n", encoding="utf-8")
    assert rules.device("mcu", str(file)).ridge_point == Fraction(5, 4)


BAD = [
    ("rules: [{name: a}]", "1:1: `format` is missing\n  help: write format: 1 at the top"),
    ("format: 2\nrules: [{name: a}]", "1:9: `format` is not 1\n  help: this program reads format 1"),
    ("format: 1\nrules: {}", "2:8: `rules` is a list of at least one memory rule\n  help: write - {name: mine, ...}"),
    ("format: 1\nrules: [{plan: alive}]", "2:9: a memory rule needs `name`\n  help: write - {name: mine, ...}"),
    (
        "format: 1\nrules: [{name: a}, {name: a}]",
        "2:27: memory rule `a` is given twice (first in line 2)\n  help: give one of them another name",
    ),
    (
        "format: 1\nrules: [{name: tflm}]",
        "2:16: memory rule `tflm` is given twice (it is a shipped one)\n  help: give yours another name",
    ),
    (
        "format: 1\nrules: [{name: a, plan: greedie}]",
        "2:25: `plan`: `greedie` is not one of alive, largest, greedy\n  help: did you mean `greedy`?",
    ),
    (
        "format: 1\nrules: [{name: a, in_place: [depthwize]}]",
        "2:30: `in_place`: no step does `depthwize`\n  help: did you mean `depthwise`?",
    ),
    ("format: 1\nrules: [{name: a, steps: {silu: 3}}]", "2:33: `steps silu`: `3` is not a whole number from 1 to 2"),
    ("format: 1\nrules: [{name: a, blocks: yes}]", "2:27: `blocks`: `yes` is not true or false\n  help: write true"),
    (
        "format: 1\nrules: [{name: a, blok: true}]",
        "2:19: a memory rule has no key `blok`\n  help: did you mean `blocks`?",
    ),
    (
        "format: 1\nrules: [{name: a, blocks: true, in_place: [add]}]",
        "2:43: `in_place` has no meaning beside this `blocks`\n  help: leave one of them out",
    ),
    (
        "format: 1\nrules: [{name: a, scratch: [[add, 1, 0]]}]",
        "2:28: `scratch` is only planned by `plan: greedy`\n  help: leave it out",
    ),
    (
        "format: 1\nrules: [{name: a, plan: greedy, scratch: [[add, 1]]}]",
        "2:43: `scratch` is a list of triples: what a step does, bytes for every element it makes, bytes once\n  help: write [[global_pool, 4, 0]]",
    ),
    ("- a", "1:1: a file of rules is a mapping of keys\n  help: it begins with `format: 1`, then `rules:` and a list"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=range(len(BAD)))
def test_a_wrong_file_of_rules(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(text + "\n", encoding="utf-8")
    with pytest.raises(mbcost.MbcostError) as caught:
        rules.find("a", str(file))
    said = "\n".join(
        line for line in str(caught.value).splitlines() if " | " not in line and not line.strip().startswith("|")
    )
    assert message in said.replace(f"{file}:", "")


BAD_DEVICES = [
    (
        "{name: d}",
        "a device has a ridge point\n  help: give ridge_point, or peak (mult-adds a second) and bandwidth (bytes a second)",
    ),
    ("{name: d, ridge_point: nan}", "`ridge_point`: `nan` is not a positive number such as 6, 2.3 or 184/80"),
    ("{name: d, ridge_point: -1}", "`ridge_point`: `-1` is not a positive number such as 6, 2.3 or 184/80"),
    ("{name: d, peak: 80M, bandwidth: 64M}", "bandwidth: `64M` does not say which bytes"),
    ("{name: d, peak: 80M, bandwidth: 64MB, ridge_point: 2}", "`ridge_point` is 2, and peak / bandwidth is 5/4"),
]


@pytest.mark.parametrize(("text", "message"), BAD_DEVICES, ids=range(len(BAD_DEVICES)))
def test_a_wrong_file_of_devices(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "d.yaml"
    file.write_text(f"format: 1\ndevices: [{text}]\n", encoding="utf-8")
    with pytest.raises(mbcost.MbcostError) as caught:
        rules.device("d", str(file))
    said = "\n".join(
        line for line in str(caught.value).splitlines() if " | " not in line and not line.strip().startswith("|")
    )
    assert message in said
    assert f"{file}:2:" in said
