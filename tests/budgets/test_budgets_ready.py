"""What is ready to use: the Action, the pre-commit hooks, the function for pytest, and this repository using them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import mbcost
from mbcost.cli import COMMANDS
from mbcost.errors import MbcostError
from mbcost.testing import assert_budget
from tests.budgets.budgets_world import TABLE, Repository
from tests.conftest import Said

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "check"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


class Runner:
    """Runs the steps of a composite Action as GitHub's runner does: bash, inputs as env, a workspace, a summary file."""

    def __init__(self, work: Repository, temp: Path) -> None:
        self.work = work
        self.summary = temp / "summary.md"
        self.summary.touch()
        temporary = temp / "runner"
        temporary.mkdir()
        self.env = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(temp),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(work.folder),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_ACTION_PATH": str(ACTION),
            "RUNNER_TEMP": str(temporary),
            # no network: what is needed to build and to run is there already
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "false",  # pip reads the negation: do not isolate
            "PIP_NO_DEPS": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
        }

    def run(self, base_ref: str = "", **inputs: str) -> subprocess.CompletedProcess[str]:
        """The last step's result; a step that fails ends the run."""
        action = read(ACTION / "action.yml")
        assert set(inputs) <= set(action["inputs"])
        values = {name: inputs.get(name, spec["default"]) for name, spec in action["inputs"].items()}
        values["python"] = sys.executable

        def filled(text: str) -> str:
            return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: values[match[1]], text)

        done = None
        for step in action["runs"]["steps"]:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"]  # an input is never part of a script
            folder = self.work.folder / filled(step.get("working-directory", "."))
            env = {
                **self.env,
                "GITHUB_BASE_REF": base_ref,
                **{key: filled(value) for key, value in step.get("env", {}).items()},
            }
            script = folder.parent / "step.sh"
            script.write_text(step["run"], encoding="utf-8")
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
            done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
            if done.returncode:
                break
        assert done is not None
        return done


@pytest.fixture
def runner(repository: Callable[..., Repository], tmp_path: Path) -> Runner:
    """A pull request checked out beside what `origin` has, with the Action's checkout at hand."""
    pytest.importorskip("hatchling", reason="installing without network needs the build backend")
    pytest.importorskip("pip")
    origin = repository("origin")
    origin.write("net.yaml", TABLE)
    origin.write(
        "mbcost-budgets.yaml",
        "format: 1\nbudgets: [{model: net.yaml, vs_base: {mult_adds: +2%}, max: {params: 20K}}]\n",
    )
    origin.commit("base")
    origin.git("clone", "--quiet", str(origin.folder), str(tmp_path / "clone" / "work"))
    work = Repository(tmp_path / "clone" / "work")
    work.git("switch", "--quiet", "--create", "change")
    return Runner(work, tmp_path)


@pytest.mark.slow
def test_the_actions_steps_run_as_github_runs_them(runner: Runner) -> None:
    passed = runner.run(base_ref="main")
    assert (passed.returncode, passed.stderr) == (0, "")
    assert passed.stdout.startswith("within budget: 2 limits hold (1 budget, 1 model)\n")
    assert runner.summary.read_text(encoding="utf-8").startswith("<!-- mbcost check -->\n**within budget")
    runner.summary.write_text("", encoding="utf-8")

    runner.work.write(
        "net.yaml", TABLE.replace("{op: separable, out_channels: 64}", "{op: separable, out_channels: 96}")
    )
    runner.work.commit("wider")
    failed = runner.run(base_ref="main")
    assert failed.returncode == 1
    assert failed.stdout.startswith("over budget: 1 of 2 limits exceeded")
    line = TABLE.splitlines().index("  - {op: separable, out_channels: 64}") + 1
    annotations = [text for text in failed.stdout.splitlines() if text.startswith("::")]
    assert [text.split(",title=")[0] for text in annotations] == [f"::error file=net.yaml,line={line},col=5"]
    assert runner.summary.read_text(encoding="utf-8").startswith("<!-- mbcost check -->\n**over budget: 1 of 2 limits")

    # the inputs: other budgets, no base, more options; and what is not a budget is 2
    assert runner.run(base_ref="main", base="none", args="--show-passed").returncode == 0
    assert runner.run(base="HEAD").returncode == 0
    assert runner.run(base_ref="main", args="--exit-zero --report junit=j.xml").returncode == 0
    assert (runner.work.folder / "j.xml").exists()
    missing = runner.run(budgets="nope.yaml")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "`nope.yaml` cannot be read" in missing.stderr
    runner.work.write("net.yaml", "layers: [")
    assert runner.run(base_ref="main").returncode == 2


def test_the_action_takes_inputs_as_environment_alone() -> None:
    action = read(ACTION / "action.yml")
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert "uses" not in step  # nothing else is fetched
        assert "${{" not in step["run"]
    text = (ACTION / "action.yml").read_text(encoding="utf-8")
    used = set(re.findall(r"inputs\.([\w-]+)", text))
    assert used == set(action["inputs"])
    assert all(spec["description"] for spec in action["inputs"].values())


def test_the_workflow_uses_the_action_with_the_whole_history() -> None:
    steps = read(ROOT / ".github" / "workflows" / "budgets.yml")["jobs"]["check"]["steps"]
    assert steps[0]["with"]["fetch-depth"] == 0
    assert steps[1]["uses"] == "./.github/actions/check"
    assert set(steps[1]["with"]) <= set(read(ACTION / "action.yml")["inputs"])
    assert (ROOT / steps[1]["with"]["budgets"]).is_file()


def test_the_hooks_run_commands_that_exist() -> None:
    hooks = read(ROOT / ".pre-commit-hooks.yaml")
    assert [hook["id"] for hook in hooks] == ["mbcost-lint", "mbcost-check"]
    for hook in hooks:
        program, command = hook["entry"].split()
        assert program == "mbcost"
        assert command in COMMANDS
        assert hook["language"] == "python"
        assert re.search(hook["files"], "models/net.yaml")
    assert hooks[1]["pass_filenames"] is False


def test_the_shipped_tables_are_within_their_own_budgets(
    say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    said = say("check", "configs/budgets.yaml")
    assert (said.code, said.err) == (0, "")
    shipped = len(list((ROOT / "configs" / "models").glob("*.yaml")))
    assert re.match(rf"within budget: \d+ limits hold \(6 budgets, {shipped} models\)\n", said.out)
    assert "notice: " not in said.out


def test_assert_budget_passes_and_fails_like_the_command(say: Callable[..., Said], tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(TABLE, encoding="utf-8")
    assert_budget(str(file), max_mult_adds=727_680, max_params="9.322K", bits=8, max_model_bytes="9322B")
    assert_budget("mobilenet_v1", alpha="0.75", resolution=192, max_mult_adds="240M")
    assert_budget(
        "mobilenet_v1",
        max_mult_adds=600_000_000,
        max_weights="5M",
        max_total_activations="6M",
        max_largest_activation="1M",
    )
    with pytest.raises(AssertionError) as error:
        assert_budget("mobilenet_v1", alpha=0.75, resolution=192, max_mult_adds="239M", convention="torch")
    printed = say("check", "mobilenet_v1", "-a", "0.75", "-r", "192", "--max-mult-adds", "239M").out
    assert f"{error.value}\n" == printed
    assert "mult-adds 239,273,472, limit 239M, over by 273,472 (0.11 %)" in printed
    with pytest.raises(AssertionError, match="588,962,304"):
        assert_budget("mobilenet_v1", max_mult_adds="570M", convention="thop")


@pytest.mark.parametrize(
    ("keywords", "fact"),
    [
        ({}, "asserts nothing"),
        ({"max_mult_adds": "240"}, "below 10,000"),
        ({"max_mult_adds": 2.5e8}, "a float is not an amount"),
        ({"max_params": "5M", "bits": 0}, "bits"),
        ({"max_params": "5M", "alpha": 0}, "alpha"),
        ({"max_params": "5M", "convention": "trch"}, "there is no convention"),
    ],
)
def test_assert_budget_refuses_a_wrong_question(keywords: dict[str, Any], fact: str) -> None:
    with pytest.raises(MbcostError, match=fact):
        assert_budget("mobilenet_v1", **keywords)


def test_assert_budget_needs_no_command_line() -> None:
    code = (
        "import sys; from mbcost.testing import assert_budget\n"
        "assert_budget('mobilenet_v1', max_mult_adds='600M')\n"
        "print(*[m for m in ('click', 'rich', 'sympy', 'json', 'subprocess') if m in sys.modules])"
    )
    path = os.pathsep.join([str(Path(mbcost.__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": path}
    )
    assert done.stdout.split() == []
