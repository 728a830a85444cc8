"""Tables that no budget names, and every budgets file of a repository."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.budgets.budgets_world import TABLE, Repository
from tests.conftest import Said, refused

Say = Callable[..., Said]
BUDGETS = "format: 1\nbudgets: [{model: models/a.yaml, max: {mult_adds: 900K}}]\n"


@pytest.fixture
def work(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = repository("work")
    made.write("models/a.yaml", TABLE)
    made.write("mbcost-budgets.yaml", BUDGETS)
    monkeypatch.chdir(made.folder)
    return made


def test_a_table_that_no_budget_names_gets_a_notice(work: Repository, say: Say) -> None:
    assert "notice" not in say("check").out
    work.write("models/b.yaml", TABLE)
    work.write("models/ci.yml", "jobs:\n  layers: 1\nformat: x\n")  # no table: `layers` is not at the top
    work.write("models/.hidden.yaml", TABLE)
    work.write("elsewhere/c.yaml", TABLE)
    said = say("check")
    assert said.code == 0
    assert [line for line in said.out.splitlines() if "notice" in line] == [
        "notice: models/b.yaml is beside tables with a budget, and has none"
    ]
    assert say("check", "-f", "markdown").out.count("models/b.yaml") == 1
    assert "\n::notice file=models/b.yaml,line=1,col=1,title=no budget::" in say("check", "-f", "github").out
    assert len(json.loads(say("check", "-f", "json").out)["notices"]) == 1


def test_it_fails_where_that_is_asked_for(work: Repository, say: Say) -> None:
    assert say("check", "--unbudgeted", "error").code == 0
    work.write("models/b.yaml", TABLE)
    said = say("check", "--unbudgeted", "error", "-f", "github")
    assert said.code == 1
    assert said.out.startswith(
        "within budget: 1 limit holds (1 budget, 1 model); 1 table without a budget\n::error file=models/b.yaml"
    )
    assert json.loads(say("check", "--unbudgeted", "error", "-f", "json").out)["passed"] is False
    assert say("check", "--unbudgeted", "error", "--exit-zero").code == 0


def test_one_that_is_broken_is_an_error(work: Repository, say: Say) -> None:
    work.write("models/b.yaml", TABLE.replace("kernel_size", "kernel"))
    said = say("check")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("models/b.yaml:6:28: `conv` has no field `kernel`\n")


def test_what_a_budgeted_table_is_based_on_needs_none(work: Repository, say: Say) -> None:
    work.write("models/b.yaml", TABLE)
    work.write("models/a.yaml", "format: 1\nbase: {model: b.yaml}\n")
    assert "notice" not in say("check").out
    assert "notice" not in say("check", "models/b.yaml", "--max-mult-adds", "900K").out  # nor is there a budgets file


def test_all_takes_every_budgets_file_that_git_tracks(
    work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("apps/one", "apps/two words"):
        work.write(f"{folder}/models/a.yaml", TABLE)
        work.write(f"{folder}/mbcost-budgets.yaml", BUDGETS.replace("900K", "700K"))
    work.commit("three")
    work.write("vendor/mbcost-budgets.yaml", "broken: [")  # nobody added it
    said = say("check", "--all")
    assert (said.code, said.err) == (1, "")
    assert said.out.startswith("over budget: 2 of 3 limits exceeded (3 budgets, 3 models); ")
    assert "limit: apps/two words/mbcost-budgets.yaml:2:" in said.out
    monkeypatch.chdir(work.folder / "apps" / "one")
    assert say("check", "--all").out.startswith("over budget: 1 of 1 limit exceeded (1 budget, 1 model); ")
    assert say("check", "--all", "--base", "HEAD").code == 1
    assert say("check", "--all", "x.yaml").code == 2
    assert say("check", "--all", "--max-params", "1M").code == 2


def test_all_finds_something_or_says_so(
    work: Repository, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = say("check", "--all")
    assert (said.code, said.err) == (
        2,
        "error: git tracks no `mbcost-budgets.yaml` here or below\n  help: write one, and `git add` it\n",
    )
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    assert "is not in a git repository" in say("check", "--all").err


def test_so_many_files_of_a_folder_are_looked_at(work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each table has to have a budget, a folder of more is an error: what is not looked at has not passed."""
    monkeypatch.setattr("mbcost.budgets.unbudgeted.MAX_FILES", 3)
    for name in ("b", "c"):
        work.write(f"models/{name}.yaml", TABLE)
    gated = "check", "--unbudgeted", "error"
    assert (say("check").out.count("notice: "), say(*gated).code) == (2, 1)
    work.write("models/d.yaml", TABLE)
    assert say("check").out.count("notice: ") == 2
    refused(say(*gated), "the folder `models` has 4 YAML files: which of more than 3 have no budget is not looked for")


def test_of_many_notices_it_says_how_many_are_left_out(
    work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loose limit and two tables without one."""
    monkeypatch.setattr("mbcost.budgets.verdicts.text.MOST", 1)
    work.write("mbcost-budgets.yaml", BUDGETS.replace("900K", "900M"))
    for name in ("b", "c"):
        work.write(f"models/{name}.yaml", TABLE)
    lines = say("check").out.splitlines()
    assert [line for line in lines if "notice" in line] == [
        "notice: models/b.yaml is beside tables with a budget, and has none", "and 2 more notices: -f json has all of them",
    ]  # fmt: skip
