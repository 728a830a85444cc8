"""The command line as people meet it: help, options, completion; and the Python API is the same chain."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import mbcost
from mbcost.cli import COMMANDS
from mbcost.tables import models
from tests.conftest import Said, told

Say = Callable[..., Said]
README = (Path(mbcost.__file__).parent.parent / "README.md").read_text(encoding="utf-8")
ROOT = Path(mbcost.__file__).parent.parent


# ---- help


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_a_real_example(command: str, say: Say) -> None:
    said = say(command, "--help")
    assert (said.code, said.err) == (0, "")
    assert re.search(rf"(?m)^ +mbcost {command}\b", said.out), said.out
    undocumented = re.findall(r"(?m)^  (?:-\w, )?--[\w-]+(?: [A-Z][A-Z.=_]*)?$", said.out)
    assert undocumented == [] or all(re.search(rf"{re.escape(line)}\n +\S", said.out) for line in undocumented)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_occurs_in_the_readme(command: str) -> None:
    assert re.search(rf"mbcost {command}\b", README)


def test_the_examples_of_the_help_run(say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those that need no file and no shell."""
    monkeypatch.chdir(tmp_path)
    ran = 0
    for command in COMMANDS:
        for line in re.findall(r"(?m)^ +mbcost ((?:\S+ ?)+)", say(command, "--help").out):
            words = shlex.split(line)
            if any(
                re.search(r"[<>|=$]|\.ya?ml|\.json|\.pdf|\.svg|\.png|\.\.\.|^-$|^origin|^HEAD|^main", word)
                for word in words
            ):
                continue
            if words[0] in {"check", "diff"}:
                continue  # they need a budgets file or a repository
            assert say(*words).code == 0, line
            ran += 1
    assert ran >= 8


def test_the_help_of_the_program(say: Say) -> None:
    for args in ([], ["--help"], ["-h"]):
        said = say(*args)
        text = said.out + said.err
        assert all(re.search(rf"(?m)^  {name} ", text) for name in COMMANDS), args
        assert "Exit codes: 0 done" in text


def test_version(say: Say) -> None:
    assert say("--version").out == f"mbcost {mbcost.__version__}\n"
    done = subprocess.run([sys.executable, "-m", "mbcost", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"mbcost {mbcost.__version__}\n"


# ---- options


def total(say: Say, *args: str) -> int:
    found = told(say("table", *args, "-f", "json"))["total"]["mult_adds"]
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["mobilenet_v1", "-a", "3/4", "-r", "192"], 239_273_472),
        (["mobilenet_v1", "--alpha", "0.75", "--rho", "6/7"], 239_273_472),
        (["mobilenet_v1", "--standard"], 4_867_293_184),
        (["mobilenet_v1", "--set", "separable_13.stride=2"], 533_833_216),
        (["mobilenet_v1", "--without", "separable_[789]", "--without", "separable_1[01]"], 307_323_392),
        (["mobilenet_v1", "--batch", "3"], 3 * 568_740_352),
        (["mobilenet_v1", "--classes", "120"], 568_740_352 - 880 * 1024),
        (["mobilenet_v1", "-r", "448x224"], 567_716_352 * 2 + 1_024_000),
        (["mobilenet_v2", "--rounding", "floor", "-a", "0.35"], None),
        (["mobilenet_v1", "--set", "conv_1.kernel_size=[1, 3]"], 568_740_352 - 6 * 3 * 32 * 112 * 112),
        (["mobilenet_v1", "--set", "separable_13.stride=2", "--standard", "-a", "0.5", "--batch", "2"], None),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, list) else None,
)  # fmt: skip
def test_the_shared_options(args: list[str], expected: int | None, say: Say) -> None:
    if expected is None:
        expected = (
            mbcost.load("mobilenet_v2").cost("0.35", rounding="floor").mult_adds
            if args[0] == "mobilenet_v2"
            else mbcost.load("mobilenet_v1")
            .cost("0.5", set={"separable_13.stride": "2"}, standard=True, batch=2)
            .mult_adds
        )
    assert total(say, *args) == expected


def test_conventions_by_name(say: Say) -> None:
    found = told(say("table", "mobilenet_v1", "--convention", "paper", "-f", "json"))
    assert (found["convention"], found["total"]["params"], found["total"]["mult_adds"]) == (
        "paper",
        4_209_088,
        568_740_352,
    )
    assert told(say("table", "mobilenet_v1", "--convention", "keras", "-f", "json"))["total"]["params"] == 4_253_864
    assert "convention paper" in say("table", "mobilenet_v1", "--convention", "paper").out


def test_sort_and_top(say: Say) -> None:
    found = told(say("table", "mobilenet_v1", "--sort", "params", "--top", "3", "-f", "json"))
    params = sorted((row.params for row in mbcost.load("mobilenet_v1").cost().rows), reverse=True)
    assert [layer["params"] for layer in found["layers"]] == params[:3]
    assert found["other"]["params"] == sum(params[3:])
    assert found["total"]["params"] == sum(params)


def test_the_heading_names_what_is_counted(say: Say) -> None:
    first = say("table", "mobilenet_v2", "-a", "0.35", "-r", "160x96", "--batch", "4", "--standard").out.splitlines()[0]
    for words in (
        "mobilenet_v2",
        "alpha 0.35",
        "resolution 160 x 96",
        "batch 4",
        "standard twin",
        "convention torch",
        "rounding divisor:8",
    ):
        assert words in first


# ---- completion


def completions(words: str, number: int) -> list[str]:
    env = os.environ | {"_MBCOST_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
    program = "from mbcost.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv[0] = 'mbcost'; {program}"],
        capture_output=True,
        text=True,
        check=False,
        env=env,
        cwd=ROOT,
    )
    assert done.stderr == ""
    return [line.split(",", 1)[1] for line in done.stdout.splitlines() if line]


def test_names_are_completed() -> None:
    assert completions("mbcost table mobilenet_v3_la", 2) == [
        model for model in models() if model.startswith("mobilenet_v3_la")
    ]
    assert set(completions("mbcost co", 1)) == {name for name in COMMANDS if name.startswith("co")}
    assert "--resolution" in completions("mbcost table mobilenet_v1 --res", 3)
    assert set(completions("mbcost table mobilenet_v1 --format ", 4)) >= {"json", "csv", "markdown"}
    assert completions("mbcost table mobilenet_v1 --convention torchi", 4) == ["torchinfo"]
    assert completions("mbcost table mobilenet_v1@0.", 2) == [
        f"mobilenet_v1@{alpha}" for alpha in ("0.75", "0.5", "0.35", "0.25")
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("table mobilenet_v1 --layer separable_7", ["separable_7", "separable_7/depthwise", "separable_7/pointwise"]),
        ("compare mobilenet_v1@0.5 --layer separable_13/p", ["separable_13/pointwise"]),
        ("conventions mobilenet_v1 --explain torchi", ["torchinfo"]),
        ("conventions mobilenet_v1 --as tho", ["thop"]),
        ("memory mobilenet_v1 --explain tfl", ["tflm"]),
        ("table mobilenet_v1 --columns params,peak", ["params,peak_memory"]),
        ("reproduce mobilenet_v1 --figure 4", ["4"]),
        ("reproduce mobilenet_v1 --table 1", ["1", "10", "11", "12", "13", "14"]),
        ("reproduce nothing --table 1", []),
        ("table nothing --layer c", []),
    ],
)
def test_values_are_completed_by_what_is_on_the_line(words: str, expected: list[str]) -> None:
    assert completions(f"mbcost {words}", len(words.split())) == expected


@pytest.mark.parametrize(
    "words", ["table m -o net", "table m --conventions net", "show m -o net", "schema -o net", "lint ./net"]
)
def test_files_are_left_to_the_shell(words: str) -> None:
    assert completions(f"mbcost {words}", len(words.split())) == [words.rsplit(maxsplit=1)[-1]]


def test_completion_is_documented() -> None:
    assert "_MBCOST_COMPLETE" in README


# ---- the Python API is the same chain


def test_the_api_and_the_command_line_cannot_disagree(say: Say) -> None:
    found = told(say("table", "mobilenet_v3_small", "-a", "0.35", "-r", "225", "-f", "json"))
    cost = mbcost.load("mobilenet_v3_small").cost(alpha=0.35, resolution=225)
    assert [(layer["name"], layer["mult_adds"], layer["params"]) for layer in found["layers"]] == [
        (row.name, row.mult_adds, row.params) for row in cost.rows
    ]
