"""The emitted JavaScript, run by node: the same integers as Python's, the same widest network, fast enough."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest

import mbcost
from mbcost.explore.packing import data
from mbcost.separated.polynomial import Inseparable
from mbcost.separated.trace import trace
from mbcost.solve.family import Constraint
from mbcost.solve.solver import Solver
from mbcost.tables import models
from tests.explore.asking import ASK, Asked, cost_of, network, questions, run, script

STEPPED = [
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "mnasnet_b1",
    "mobilenet_v1_keras",
    "ssdlite_mobilenet_v2",
]


@pytest.mark.slow
def test_3000_points_of_every_shipped_table(tmp_path: Path) -> None:
    asked = questions(models(), 3000, seed=14)
    found = run(script(models(), ASK, tmp_path), [one.address for one in asked], tmp_path)
    wrong = [
        (one, said) for one, said in zip(asked, found, strict=True) if said != str(one.answer).replace("None", "null")
    ]
    assert not wrong, wrong[:5]
    assert sum(one.answer is not None for one in asked) > 2500


def test_300_points_of_three_tables(tmp_path: Path) -> None:
    names = ["mobilenet_v2", "mobilenet_v3_large", "shufflenet_v1"]
    asked = questions(names, 300, seed=1)
    found = run(script(names, ASK, tmp_path), [one.address for one in asked], tmp_path)
    assert found == [str(one.answer).replace("None", "null") for one in asked]


def test_numbers_past_2_to_the_53_are_exact(tmp_path: Path) -> None:
    asked = [
        Asked("mobilenet_v2", alpha, (side, side), "torch", standard, "mult_adds", None)
        for alpha in ("63.9", "17/3", "1.0000001") for side in (65_535, 4097, 225) for standard in (False, True)
    ]  # fmt: skip
    found = run(script(["mobilenet_v2"], ASK, tmp_path), [one.address for one in asked], tmp_path)
    assert found == [cost_of(one) for one in asked]
    assert max(map(int, found)) > 2**58
    assert min(map(int, found)) < 2**53


JOINT = """
format: 1
name: joint
input: {channels: 3, resolution: 32}
rounding: divisor:8
layers:
  - {op: conv, kernel_size: 3, stride: 2, out_channels: 16}
  - {op: separable, out_channels: 24, stride: 2}
  - {op: flatten}
  - {op: linear, expansion: 1/2}
  - {op: linear, out_channels: 10}
"""


def test_a_network_need_not_separate(tmp_path: Path) -> None:
    table = tmp_path / "joint.yaml"
    table.write_text(JOINT, encoding="utf-8")
    joint = mbcost.load(str(table))
    with pytest.raises(Inseparable):
        trace(joint.placed(), 3, joint.rounding)
    points = [(alpha, side) for alpha in ("0.3", "1", "17/3", "63.9") for side in (7, 32, 33, 225, 9001)]
    for quantity in ("mult_adds", "params", "peak_memory"):
        found = run(
            script([], ASK, tmp_path, data([("joint", joint)])),
            [f"#m=joint&a={alpha}&r={side}&q={quantity}" for alpha, side in points], tmp_path,
        )  # fmt: skip
        assert found == [str(joint.cost(alpha, resolution=side).total(quantity)) for alpha, side in points]


WIDEST = """
import { readFileSync } from "node:fs";
for (const [name, size, limits] of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const network = NETWORKS.find((one) => one.name === name);
  const side = network.side({ standard: false });
  const beyond = (count) => (alpha) => limits.some(([quantity, amount]) => {
    const total = count(reduced(...alpha), size, quantity, { convention: given.conventions.indexOf("torch"), standard: false, bits: 32, rule: 0 });
    return total === null || total > amount;
  });
  const step = widest(
    side.widths, side.rules, (alpha) => !beyond((...point) => network.total(...point))(alpha), beyond((...point) => network.leastTotal(...point)),
  );
  const text = ({ alpha, after }) => `${after ? "after " : ""}${fractionText(alpha)}`;
  console.log(step === null ? "none" : `${text(step.start)} to ${text(step.end)}`);
}
"""


def test_the_widest_network_is_the_solver_s(tmp_path: Path) -> None:
    chance = random.Random(7)
    asked = []
    for _ in range(60):
        model = chance.choice(STEPPED)
        share = Fraction(chance.randrange(5, 300), 100)
        side = chance.choice([96, 128, 160, 192, 224, 225])
        cost = network(model).cost(resolution=side)
        limits = [("mult_adds", int(cost.mult_adds * share)), ("params", int(cost.params * share * Fraction(5, 4)))]
        asked.append((model, (side, side), limits[: chance.choice([1, 2])]))
    expected = []
    for model, size, limits in asked:
        step = Solver(network(model)).largest(size, [Constraint(*limit) for limit in limits])
        expected.append("none" if step is None else f"{step.start} to {step.end}")
    assert run(script(STEPPED, WIDEST, tmp_path), asked, tmp_path) == expected
    assert len(set(expected)) > 30


SPEED = """
const side = NETWORKS[0].side({ standard: false });
let sum = 0;
const once = (alpha, size) => { const values = side.at(alpha, size); sum += Number(values[0]); };
const walk = () => { for (let i = 0; i < 2000; i += 1) once([50 + (i % 100), 100], [160 + (i % 64), 192]); };
const median = () => {
  const times = [];
  for (let round = 0; round < 15; round += 1) { const start = performance.now(); walk(); times.push((performance.now() - start) / 2); }
  return times.sort((a, b) => a - b)[2];
};
walk();
console.log(median());
for (let i = 1; i < 200; i += 1) once([50 + i, 10], [60000 + i, 65000]);
console.log(median());
if (!(sum > 0)) throw new Error("nothing was counted");
"""


def test_a_walk_of_v2_takes_at_most_50_microseconds(tmp_path: Path) -> None:
    for said in run(
        script(["mobilenet_v2"], SPEED, tmp_path), [], tmp_path
    ):  # before and after BigInts have gone through it
        assert float(said) < 50
