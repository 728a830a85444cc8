"""Random questions to the explorer, and what Python answers them."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

import mbcost
from mbcost.conventions import available
from mbcost.dims import exact_text
from mbcost.errors import MbcostError
from mbcost.explore.memory import recordable
from mbcost.explore.packing import MODULES, data, module
from mbcost.explore.recording import counted
from mbcost.memory.rules import available as memory_rules
from mbcost.network import Network
from mbcost.network.twin import pairs
from mbcost.papers import load, papers
from mbcost.quantities import BASIC, QUANTITIES

ALPHAS = [
    "0.05",
    "0.1",
    "0.25",
    "0.35",
    "0.5",
    "0.75",
    "1",
    "1.3",
    "1.4",
    "2",
    "3",
    "1/3",
    "2/3",
    "6/7",
    "737/1024",
    "0.3333",
    "1.15",
    "63.99",
]
SIDES = [
    1,
    2,
    7,
    31,
    32,
    33,
    64,
    95,
    96,
    127,
    128,
    160,
    192,
    193,
    224,
    225,
    229,
    256,
    299,
    300,
    320,
    331,
    384,
    512,
    513,
    1024,
]


class Asked(NamedTuple):
    """A question, and Python's answer: an integer as text, or None where there is no such network."""

    model: str
    alpha: str
    size: tuple[int, int]
    convention: str
    standard: bool
    quantity: str
    answer: str | None
    rule: str = "liveness"
    bits: int = 0
    depth: str = ""

    @property
    def address(self) -> str:
        """The question as the page keeps it in its address."""
        height, width = self.size
        standard = "&s=1" if self.standard else ""
        bits = f"&bits={self.bits}" if self.bits else ""
        depth = f"&d={self.depth}" if self.depth else ""
        return (
            f"#m={quote(self.model)}&a={self.alpha}&r={height}x{width}&c={self.convention}{standard}&q={self.quantity}"
            f"&memory={self.rule}{bits}{depth}"
        )


@cache
def network(model: str) -> Network:
    return mbcost.load(model)


@cache
def regrouped(model: str) -> bool:
    """Whether a grouped convolution may be depthwise at another alpha: the page then does not tell what a step does."""
    return any(row.kind == "conv" and row.groups != 1 for row in network(model).cost().rows)


@cache
def all_papers() -> tuple[Any, ...]:
    return tuple([load(paper) for paper in papers()])


def cost_of(question: Asked) -> str | None:
    """What Python answers."""
    try:
        cost = network(question.model).cost(
            question.alpha, resolution=question.size, convention=question.convention, standard=question.standard,
            memory_rule=question.rule, depth=question.depth or None,
        )  # fmt: skip
    except MbcostError:
        return None
    return str(cost.total(question.quantity, question.bits or None))


def questions(models: Sequence[str], count: int, seed: int) -> list[Asked]:
    """Random questions, each with Python's answer; those without an answer are few."""
    chance = random.Random(seed)
    found: list[Asked] = []
    nothing = 0
    while len(found) < count:
        model = chance.choice(models)
        here = network(model)
        alpha = chance.choice([*ALPHAS, f"{chance.randrange(1, 400)}/{chance.randrange(7, 300)}"])
        if here.rounding is None:
            alpha = "1"
        sides = [*SIDES, chance.randrange(1, 700), *here.base_resolution]
        height = chance.choice(sides)
        size = (height, height if chance.random() < 0.7 else chance.choice(sides))
        standard = chance.random() < 0.4
        if standard and not pairs(here.placed()):
            continue
        rule = chance.choice([name for name, rule in available().items() if rule.whole])
        quantity = chance.choice([*BASIC * 4, *[name for name, one in QUANTITIES.items() if counted(one)]])
        memory = "liveness"
        if quantity == "peak_memory":
            told = [rule for rule in recordable(memory_rules().values()) if not (rule.in_place and regrouped(model))]
            memory = chance.choice([rule.name for rule in told])
        bits = chance.choice([0, 0, 4, 8, 16, 32])
        scalings = list(here.table.scalings.values())
        depth = exact_text(chance.choice(scalings[:4]).depth) if scalings and chance.random() < 0.5 else ""
        asked = Asked(model, alpha, size, rule, standard, quantity, None, memory, bits, depth)
        asked = asked._replace(answer=cost_of(asked))
        nothing += asked.answer is None
        if asked.answer is not None or nothing < count // 8:
            found.append(asked)
    return found


ASK = """
import { readFileSync } from "node:fs";
for (const hash of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const { question, ignored } = readAddress(hash);
  if (ignored.length) throw new Error(ignored.join());
  const total = question.network.total(question.alpha, question.size, question.quantity, question);
  console.log(total === null ? "null" : String(total));
}
"""


def node() -> str:
    """The JavaScript runtime; where there is none, the browser's tests must do."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("there is no node here")
    return found


def script(models: Sequence[str], code: str, tmp_path: Path, given: str = "") -> Path:
    """The page's modules that need no document, with some code behind them, as one module for node."""
    given = given or data([(model, network(model)) for model in models], all_papers())
    parts = [given if name == "given" else module(name) for name in MODULES[: MODULES.index("question") + 1]]
    text = "\n".join([part for part in parts if part])
    kept = "\n".join([line for line in text.split("\n") if not line.startswith("import ")]).replace("\nexport ", "\n")
    path = tmp_path / "asked.mjs"
    path.write_text(kept + code, encoding="utf-8")
    return path


def run(path: Path, argument: Any, tmp_path: Path) -> list[str]:
    """What a module prints, line by line."""
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps(argument), encoding="utf-8")
    result = subprocess.run([node(), str(path), str(asked)], capture_output=True, text=True, timeout=120, check=False)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr[-2000:]
    return result.stdout.splitlines()
