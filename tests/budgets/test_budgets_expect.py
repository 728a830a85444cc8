"""A table that states its cost is held against it by ``check``, whatever its limits are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Said

TABLE = """format: 1
input: {channels: 3, resolution: 32}
rounding: floor
layers: [{op: conv, kernel_size: 3, out_channels: 16, norm: none, bias: false}]
expect: [{mult_adds: 442368, params: WANTED}, {alpha: 0.5, params: 216}]
"""


@pytest.fixture(autouse=True)
def _tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, wanted in (("right", "432"), ("wrong", "433")):
        (tmp_path / f"{name}.yaml").write_text(TABLE.replace("WANTED", wanted), encoding="utf-8")
    (tmp_path / "silent.yaml").write_text(TABLE[: TABLE.index("expect")], encoding="utf-8")


def test_a_miss_fails_under_any_limit_at_any_point(say: Callable[..., Said]) -> None:
    asked = ["check", "wrong.yaml", "-a", "0.5", "--max-params", "1M"]
    said = say(*asked)
    assert said.code == 1
    assert said.out.startswith(
        "not as expected: 1 cost not what the table states (1 budget, 1 model); first: wrong.yaml, params 432, "
    )
    assert "params 432, the table expects 433, 1 less (0.23 %)\n      table: wrong.yaml:5:38" in said.out
    results = json.loads(say(*asked, "-f", "json").out)["results"]
    assert [
        (r["kind"], r["quantity"], r["alpha"], r["value"], r["limit"], r["status"], r["over"]) for r in results
    ] == [
        ("expect", "params", "1", 432, 433, "fail", 1),
        ("max", "params", "1/2", 216, 1_000_000, "pass", 0),
    ]
    assert say(*asked, "--exit-zero").code == 0


def test_what_holds_is_told_where_nothing_else_is_asked(say: Callable[..., Said]) -> None:
    said = say("check", "right.yaml")
    assert (said.code, said.out.splitlines()[0]) == (
        0,
        "as expected: 3 costs are what the table states (1 budget, 1 model)",
    )
    assert json.loads(say("check", "right.yaml", "--max-params", "1M", "-f", "json").out)["counts"]["pass"] == 1
    assert say("check", "wrong.yaml").code == 1
    assert say("check", "mobilenet_v2").code == 0


def test_a_budget_needs_no_limit_where_the_table_states_its_cost(tmp_path: Path, say: Callable[..., Said]) -> None:
    budgets = tmp_path / "b.yaml"
    budgets.write_text(
        'format: 1\nbudgets:\n  - {model: "*t.yaml"}\n  - {model: wrong.yaml}\n  - {model: wrong.yaml, max: {params: 100k}}\n',
        encoding="utf-8",
    )
    said = say("check", "b.yaml", "-f", "json")
    assert said.code == 1
    assert [r["status"] for r in json.loads(said.out)["results"] if r["model"] == "wrong.yaml"] == [
        "pass",
        "fail",
        "pass",
        "pass",
    ]
    budgets.write_text("format: 1\nbudgets:\n  - {model: silent.yaml}\n", encoding="utf-8")
    said = say("check", "b.yaml")
    assert (said.code, said.out) == (2, "")
    assert "b.yaml:3:13: a budget without limits" in said.err
    assert "state its cost, `expect`" in said.err


def test_a_model_that_states_nothing_needs_a_limit(say: Callable[..., Said]) -> None:
    said = say("check", "silent.yaml")
    assert (said.code, said.out) == (2, "")
    assert "this is a layer table, not a budgets file" in said.err


def test_update_leaves_an_expectation_alone(tmp_path: Path, say: Callable[..., Said]) -> None:
    budgets = tmp_path / "b.yaml"
    text = "format: 1\nbudgets:\n  - {model: wrong.yaml, max: {params: 100k}}\n"
    budgets.write_text(text, encoding="utf-8")
    table = (tmp_path / "wrong.yaml").read_text(encoding="utf-8")
    said = say("check", "b.yaml", "--update", "--allow-raise")
    assert said.code == 1
    assert said.out.endswith("not updated: what a table expects is corrected in the table\n")
    assert (budgets.read_text(encoding="utf-8"), (tmp_path / "wrong.yaml").read_text(encoding="utf-8")) == (text, table)
