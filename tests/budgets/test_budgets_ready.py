"""What is ready to use: the Action, the pre-commit hooks, the function for pytest, and this repository using them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
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
    """Runs the steps of a composite Action as GitHub's runner does: bash, inputs as env, a workspace, a summary file.

    With MBCOST_ONLINE the first step installs what it names; without, a copy of what the tests use takes its place.
    """

    def __init__(self, work: Repository, temp: Path) -> None:
        self.work = work
        self.summary = temp / "summary.md"
        self.summary.touch()
        self.temporary = temp / "runner"
        self.temporary.mkdir()
        self.env = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(temp),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(work.folder),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_ACTION_PATH": str(ACTION),
            "RUNNER_TEMP": str(self.temporary),
            "PIP_ROOT_USER_ACTION": "ignore",
        }

    def steps(self) -> list[dict[str, Any]]:
        steps = read(ACTION / "action.yml")["runs"]["steps"]
        assert isinstance(steps, list)
        return steps

    def run(self, base_ref: str = "", **inputs: str) -> subprocess.CompletedProcess[str]:
        """The last step's result; a step that fails ends the run."""
        install, check = self.steps()
        if os.environ.get("MBCOST_ONLINE"):
            done = self.step(install, base_ref, **inputs)
            if done.returncode:
                return done
        else:
            for package in (click, yaml):
                source = Path(package.__file__).parent
                shutil.copytree(source, self.temporary / "mbcost" / source.name, dirs_exist_ok=True)
        return self.step(check, base_ref, **inputs)

    def step(self, step: dict[str, Any], base_ref: str = "", **inputs: str) -> subprocess.CompletedProcess[str]:
        known = read(ACTION / "action.yml")["inputs"]
        assert set(inputs) <= set(known)
        values = {name: inputs.get(name, spec["default"]) for name, spec in known.items()}
        values["python"] = sys.executable

        def filled(text: str) -> str:
            return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: values[match[1]], text)

        assert step["shell"] == "bash"
        assert "${{" not in step["run"]  # an input is never part of a script
        folder = self.work.folder / filled(step.get("working-directory", "."))
        env = {
            **self.env,
            "GITHUB_BASE_REF": base_ref,
            **{key: filled(value) for key, value in step.get("env", {}).items()},
        }
        script = self.temporary / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def runner(repository: Callable[..., Repository], tmp_path: Path) -> Runner:
    """A pull request checked out beside what `origin` has, with the Action's checkout at hand."""
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


def test_paths_and_options_with_blanks_go_through_the_action(runner: Runner) -> None:
    text = (runner.work.folder / "mbcost-budgets.yaml").read_text(encoding="utf-8")
    for name in ("my budgets.yaml", "--exit-zero.yaml", "*.yaml", "$(touch ran).yaml"):
        runner.work.write(name, text)
    said = runner.run(
        base="HEAD",
        budgets="my budgets.yaml\n--exit-zero.yaml\n\n  *.yaml\n$(touch ran).yaml\n",
        args="--report \"junit=my report.xml\" --report 'markdown=$(touch ran).md'",
    )
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("within budget: 8 limits hold (4 budgets, 1 model)\n")
    assert (runner.work.folder / "my report.xml").exists()
    assert (runner.work.folder / "$(touch ran).md").exists()
    assert not (runner.work.folder / "ran").exists()
    unclosed = runner.run(args="--report 'x")
    assert (unclosed.returncode, unclosed.stdout) == (2, "")
    assert (
        unclosed.stderr == "error: `args` cannot be split into words: No closing quotation\n  help: close every quote\n"
    )


SHADOWS = (
    "click", "yaml", "mbcost", "pip", "json", "fractions", "subprocess", "typing", "shlex", "conftest", "sitecustomize", "usercustomize",
    "runpy", "encodings",
)  # fmt: skip


@pytest.mark.parametrize("path", [None, ".", "", "work"])
def test_no_module_of_the_checked_repository_is_imported(path: str | None, runner: Runner, tmp_path: Path) -> None:
    """Each is named like something that one of the steps imports, as a file and as a package, and leaves a mark."""
    mark = tmp_path / "mark"
    if path is not None:
        runner.env["PYTHONPATH"] = str(runner.work.folder) if path == "work" else path
    code = f"open({str(mark)!r}, 'a').write(__name__ + ' ')\n"
    for name in SHADOWS:
        runner.work.write(f"{name}.py", code)
        runner.work.write(f"{name}/__init__.py", code)
    runner.env |= {"PIP_NO_INDEX": "1", "PYTHONSTARTUP": "conftest.py", "PYTHONINSPECT": "", "PYTHONHOME": ""}
    install, check = runner.steps()
    done = runner.step(install)
    assert "No matching distribution found" in done.stderr  # it is pip that ran, without an index
    assert not mark.exists(), mark.read_text(encoding="utf-8")
    for package in (click, yaml):
        source = Path(package.__file__).parent
        shutil.copytree(source, runner.temporary / "mbcost" / source.name)
    done = runner.step(check, base_ref="main")
    assert (done.returncode, done.stderr) == (0, "")
    assert not mark.exists(), mark.read_text(encoding="utf-8")


def test_the_shadows_would_be_imported_otherwise(runner: Runner, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    runner.work.write("click.py", f"open({str(mark)!r}, 'w').close()\n")
    subprocess.run([sys.executable, "-m", "mbcost"], cwd=runner.work.folder, capture_output=True, check=False)
    assert mark.exists()
    done = subprocess.run([sys.executable, str(ACTION / "check.py")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: Python is not isolated\n  help: start it with -I\n")


def test_the_action_installs_what_is_pinned_and_nothing_else(tmp_path: Path) -> None:
    text = (ACTION / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"(?m)^([a-z]+)==([\d.]+) \\$", text)
    assert [name for name, _ in pins] == ["click", "pyyaml"]
    entries = re.split(r"(?m)^(?=[a-z]+==)", text)[1:]
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", entry) for entry in entries)
    script = read(ACTION / "action.yml")["runs"]["steps"][0]["run"]
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:", " -I -m pip "):
        assert option in script
    # with these alone, and whatever the form, nothing else is asked for
    for package in (click, yaml):
        source = Path(package.__file__).parent
        shutil.copytree(source, tmp_path / "mbcost" / source.name)
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]; from mbcost.cli import run\n"
        "for form in ('table', 'json', 'markdown', 'github', 'junit'):\n"
        "    assert run(['check', 'mobilenet_v1', '--max-params', '4M', '-f', form]) == 1\n"
    )
    command = [sys.executable, "-I", "-S", "-c", code, str(ROOT), str(tmp_path / "mbcost")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_other_peoples_actions_are_named_by_commit() -> None:
    """A tag can be moved; what runs with the repository's rights is known by its hash."""
    for file in (ROOT / ".github").rglob("*.yml"):
        for used in re.findall(r"uses: *(\S+)", file.read_text(encoding="utf-8")):
            assert used.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used


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
        assert hook.get("pass_filenames", True) is False or hook["args"][-1] == "--"  # a file's name is no option
    assert hooks[1]["pass_filenames"] is False


def test_the_lint_hook_fails_on_a_finding(say: Callable[..., Said], tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    hook = read(ROOT / ".pre-commit-hooks.yaml")[0]
    command = [*hook["entry"].split()[1:], *hook["args"], str(file)]
    file.write_text(TABLE, encoding="utf-8")
    assert say(*command).code == 0
    file.write_text(TABLE.replace("name: stem,", "name: stem, bias: true,"), encoding="utf-8")
    assert say(*command).code == 1


@pytest.mark.parametrize(
    ("variables", "colored"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": ""}, False), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)  # fmt: skip
def test_a_log_takes_colour_where_it_is_asked_for(
    variables: dict[str, str], colored: bool, tmp_path: Path, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    asked = ["check", "mobilenet_v1", "--max-mult-adds", "1M"]
    assert ("\x1b[1;31mFAIL\x1b[0m" in say(*asked).out) is colored
    assert ("\x1b[" in say("table", "mobilenet_v1", "--by", "kind").out) is colored
    assert "\x1b[" not in say(*asked, "-f", "json").out
    assert say(*asked, "-o", str(tmp_path / "report.txt")).code == 1
    assert "\x1b[" not in (tmp_path / "report.txt").read_text(encoding="utf-8")


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
