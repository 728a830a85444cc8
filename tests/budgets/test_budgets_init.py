"""``check --init``: the first budgets file, written from what models cost today."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

import mbcost
from mbcost.budgets.first import _limit
from mbcost.budgets.reading import read_budgets
from mbcost.dims.amounts import parse_count
from tests.conftest import Said

Say = Callable[..., Said]
NET = """format: 1
input: {channels: 3, resolution: 32}
rounding: floor
layers:
  - {op: conv, name: stem, kernel_size: 3, out_channels: 16}
  - {op: global_pool}
  - {op: linear, name: classifier, out_channels: 10}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.yaml").write_text(NET)
    (tmp_path / "models" / "wide: net.yml").write_text("format: 1\nbase: {model: mobilenet_v1}\n")
    (tmp_path / "other.yaml").write_text("jobs: {layers: 1}\nformat: x\n")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "net.yaml").write_text(NET)
    return tmp_path


def test_the_tables_below_get_a_limit_each_and_hold_it(project: Path, say: Say) -> None:
    said = say("check", "--init")
    assert (said.code, said.out) == (0, "")
    assert said.err.startswith("wrote mbcost-budgets.yaml (2 budgets)")
    found = read_budgets("mbcost-budgets.yaml")
    assert [budget.model for budget in found.budgets] == ["models/net.yaml", "models/wide: net.yml"]
    for budget in found.budgets:
        cost = mbcost.load(budget.model).cost()
        assert [limit.quantity for limit in budget.limits] == ["mult_adds", "params"]
        for limit in budget.limits:
            assert Fraction(105, 100) <= Fraction(limit.amount, cost.total(limit.quantity)) < Fraction(107, 100)
    assert say("check").code == 0
    (project / "models" / "net.yaml").write_text(NET.replace("16", "18"))
    assert say("check").code == 1


def test_models_are_named_with_their_points(project: Path, say: Say) -> None:
    assert say("check", "--init", "mobilenet_v1@0.5/160", "models/net.yaml@/16", "-o", "sub.yaml").code == 0
    text = (project / "sub.yaml").read_text()
    assert "at: {alpha: 0.5, resolution: 160}" in text
    assert "at: {resolution: 16}" in text
    assert "# 76,524,800 mult-adds, 1,331,592 params" in text
    assert say("check", "sub.yaml").code == 0


def test_paths_are_those_of_the_budgets_file(project: Path, say: Say) -> None:
    (project / "ci").mkdir()
    assert say("check", "--init", "models/net.yaml", "-o", "ci/budgets.yaml").code == 0
    assert "model: ../models/net.yaml" in (project / "ci" / "budgets.yaml").read_text().replace('"', "")
    assert say("check", "ci/budgets.yaml").code == 0


def test_standard_output(project: Path, say: Say) -> None:
    said = say("check", "--init", "mobilenet_v2", "-o", "-")
    assert said.out.endswith("  - model: mobilenet_v2\n    max: {mult_adds: 316M, params: 3.69M}\n")
    assert not (project / "mbcost-budgets.yaml").exists()


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (["--update"], "--update asks for something else"),
        (["--max-params", "3M"], "asks for something else"),
        (["--batch", "2"], "--batch asks for something else"),
        (["nothing"], "there is no model `nothing`"),
        (["models/net.yaml@x"], ""),
        (["models/unknown.yaml"], "has rows whose cost is not known"),
        (["models/n*.yaml"], ""),
        (["models/[a].yaml"], "would be read as a glob"),
    ],
)
def test_what_cannot_be_written_writes_nothing(words: list[str], fact: str, project: Path, say: Say) -> None:
    (project / "models" / "[a].yaml").write_text(NET)
    (project / "models" / "unknown.yaml").write_text(NET + "  - {op: custom, name: x, cost: unknown}\n")
    said = say("check", "--init", *words)
    assert (said.code, said.out) == (2, "")
    assert fact in said.err
    assert "help: " in said.err
    assert not (project / "mbcost-budgets.yaml").exists()


def test_a_file_that_is_there_stays(project: Path, say: Say) -> None:
    (project / "mbcost-budgets.yaml").write_text("mine")
    said = say("check", "--init", "mobilenet_v1")
    assert said.code == 2
    assert "is there already" in said.err
    assert "-o" in said.err
    assert "--update" not in said.err  # it has no limits
    assert (project / "mbcost-budgets.yaml").read_text() == "mine"
    assert say("check", "--init", "mobilenet_v1", "-o", "ours.yaml").code == 0
    said = say("check", "--init", "mobilenet_v1", "-o", "ours.yaml")
    assert (said.code, "or tighten its limits: mbcost check --update ours.yaml" in said.err) == (2, True)


def test_a_folder_without_tables(tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = say("check", "--init")
    assert said.code == 2
    assert "there is no layer table below here" in said.err


@pytest.mark.parametrize(
    ("amount", "limit"),
    [(1, "0.01K"), (950, "1K"), (10**6, "1.05M"), (568_740_352, "598M"), (952_380_952, "1G"), (952_380_953, "1.01G"), (10**9, "1.05G")],
)  # fmt: skip
def test_a_first_limit_is_five_percent_above_and_rounded_up(amount: int, limit: str) -> None:
    """952,380,952 and 5 % is 999,999,999.6; one more is above 10^9."""
    assert _limit(amount) == limit
    assert parse_count(limit, "a limit") >= Fraction(105, 100) * amount
