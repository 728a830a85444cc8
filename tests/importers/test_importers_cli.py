"""Code on the command line in the place of a model. The interpreter that traces is a stand-in that answers with a recorded graph."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from mbcost.cli import run
from mbcost.errors import MbcostError
from mbcost.tables.code import argument, input_shapes, is_code
from tests.importers.graphs_of import StandIn
from tests.importers.test_importers_graph import small

COSTS = 16 * 16 * 9 * (3 * 8 + 8 * 16)


@pytest.mark.parametrize(
    "command",
    [
        "table",
        "show",
        "memory",
        "compare",
        "sweep --alpha 1",
        "solve --max-params 5k --alpha 1",
        "formula",
        "roofline",
        "conventions",
    ],
)
def test_every_command_takes_code(command: str, stand_in: StandIn, capfd: pytest.CaptureFixture[str]) -> None:
    name, *more = command.split()
    code = run([name, "nets:build", *more, *stand_in.options])
    said = capfd.readouterr()
    assert (code, stand_in.ran.exists()) == (0, True), said.err
    assert "runs nets with" in said.err
    assert "build" in said.out


def test_code_costs_what_it_runs(stand_in: StandIn, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["table", "nets:build", "-f", "json", *stand_in.options]) == 0
    assert json.loads(capfd.readouterr().out)["total"]["mult_adds"] == COSTS
    assert run(["table", "nets:build", "--arg", "width=0.5", "-f", "json", *stand_in.options]) == 0
    assert json.loads(capfd.readouterr().out)["total"]["mult_adds"] == COSTS // 2
    assert run(["table", "nets:build@1/64", "-f", "json", *stand_in.options]) == 0
    assert json.loads(capfd.readouterr().out)["total"]["mult_adds"] == 4 * COSTS


def test_a_table_and_code_are_compared(stand_in: StandIn, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = str(tmp_path / "net.yaml")
    assert run(["import", "nets:build", "-o", table, *stand_in.options]) == 0
    assert run(["diff", table, "nets:build", *stand_in.options]) == 0
    assert capfd.readouterr().out.startswith("unchanged: ")
    assert run(["diff", table, "nets:build", "--arg", "width=0.5", *stand_in.options]) == 0
    assert "0 added, 0 removed, 2 changed" in capfd.readouterr().out


def test_what_was_imported_at_one_width_has_no_alpha(stand_in: StandIn, capfd: pytest.CaptureFixture[str]) -> None:
    for more in ([], ["--rounding", "floor"]):
        assert run(["table", "nets:build", "-a", "0.5", *more, *stand_in.options]) == 2
        assert "--vary" in capfd.readouterr().err


@pytest.mark.parametrize("option", ["--vary=alpha", "--arg=classes=10", "--input=3x32x32", "--python=python3", "--timeout=5", "--framework=torch"])  # fmt: skip
def test_an_option_for_code_without_code_is_an_error(option: str, capfd: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["table", "mobilenet_v1"],
        ["compare", "mobilenet_v1", "mobilenet_v2"],
        ["diff", "mobilenet_v1", "mobilenet_v2"],
    ):
        assert run([*words, option]) == 2
        assert f"{option.split('=', maxsplit=1)[0]} is for code, and no MODEL is code" in capfd.readouterr().err


TABLE = "format: 1\nbase: {model: 'nets:build'}\nlayers: []\n"
BUDGETS = "format: 1\nbudgets: [{model: 'nets:build', max: {params: 1M}}]\n"


@pytest.mark.parametrize(
    "command",
    [
        "check nets:build --max-params 1M",
        "lint nets:build",
        "check {budgets}",
        "table {base}",
        "lint {base}",
        "reproduce {paper}",
    ],
)
def test_code_is_run_from_no_file_and_by_no_check(
    command: str, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from mbcost.documents import configs_folder

    monkeypatch.setenv("VIRTUAL_ENV", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    paths = {name: str(tmp_path / f"{name}.yaml") for name in ("budgets", "base", "paper")}
    paper = (Path(configs_folder()) / "papers" / "mobilenet_v1.yaml").read_text(encoding="utf-8")
    for name, text in (("budgets", BUDGETS), ("base", TABLE), ("paper", paper.replace("mobilenet_v1", "nets:build"))):
        Path(paths[name]).write_text(text, encoding="utf-8")
    assert run(command.format(**paths).split()) == 2
    said = capfd.readouterr().err
    assert not stand_in.ran.exists()
    assert "is code, and code is not run here" in said
    assert "under `code:`" in said


def changed(**facts: object) -> str:
    return json.dumps(small() | facts)


HOSTILE = {
    "no JSON": ("hello\n", "no JSON"),
    "no end": (changed(), "ended with code 0"),
    "nothing": ("", "ended with code 0"),
    "no text": ("\udcff\udcfe\n", "no JSON"),
    "deep": ("[" * 100_000 + "\n", "no JSON"),
    "no graph": ("[1]\n", "is no graph"),
    "a count of no size": (changed().replace('"mult_adds": 160', '"mult_adds": Infinity') + "\n", "is no count"),
    "a count too large": (changed().replace('"mult_adds": 160', '"mult_adds": ' + "9" * 5000) + "\n", "no JSON"),
    "a count too low": (changed().replace('"mult_adds": 160', '"mult_adds": 1') + "\n", "the table would cost"),
    "an error of numbers": ('{"error": 7}\n', "is no graph"),
    "an error that draws": ('{"error": "a\\u001b[31m\\n::error::b\\ud800"}\n', "error: a?[31m?::error::b?\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_an_error(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    answer, words = HOSTILE[name]
    assert run(["import", "nets:build", *answering(tmp_path, answer)]) == 2
    said = capfd.readouterr()
    assert words in said.err
    assert (said.out, "Traceback" in said.err, "\x1b" in said.err) == ("", False, False)


def test_versions_and_arguments_are_data(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    versions = {"a\n- x: {": "\x1b[0m'", "b}  #": "# [red]"}
    options = answering(tmp_path, changed(versions=versions) + "\n")
    assert run(["import", "nets:build", "--arg", "a=~", "--arg", "b=[x: y, 1]", *options]) == 0
    said = capfd.readouterr().out
    assert "\x1b" not in said
    head = yaml.safe_load(said)["imported"]
    assert head["versions"] == {"a?- x: {": "?[0m'", "b}  #": "# [red]"}
    assert head["args"] == {"a": None, "b": ["x: y", 1]}


def answering(folder: Path, answer: str) -> list[str]:
    """Options for an interpreter that reads two requests and gives this answer."""
    (folder / "answer").write_text(answer, encoding="utf-8", errors="surrogateescape")
    python = folder / "python"
    python.write_text(f"#!/bin/sh\nread a\nread b\ncat '{folder}/answer'\n", encoding="utf-8")
    python.chmod(0o755)
    return ["--python", str(python), "--input", "4x8x8"]


@pytest.mark.parametrize("file", ["net.pt", "weights.PTH", "last.ckpt", "model.pkl"])
def test_no_pickle_is_read(file: str, stand_in: StandIn, capfd: pytest.CaptureFixture[str]) -> None:
    for command in ("import", "table"):
        assert run([command, file, *stand_in.options]) == 2
        said = capfd.readouterr().err
        assert "is a pickle" in said
        assert ".pt2" in said
    assert not stand_in.ran.exists()


def test_what_code_is() -> None:
    assert all(map(is_code, ("a.b:c", "a:b.c", "nets.py:build", "dir/nets.py:build", "net.pt2", "net.keras", "net.pt")))
    assert not any(
        map(
            is_code, ("mobilenet_v1", "net.yaml", "main:net.yaml", "a b:c", "a:b/c", "-", "", ":", "a:", ":b", "C:/net")
        )
    )


def test_values_are_read_as_they_look() -> None:
    assert [argument(text) for text in ("10", "0.5", "true", "~", "[1, 2]", "relu", "[]")] == [
        10,
        0.5,
        True,
        None,
        [1, 2],
        "relu",
        [],
    ]
    assert input_shapes("3x192x192,10") == [[3, 192, 192], [10]]
    for text in ("", "3x0x5", "x", "3x99999999x5", "1x1x1x1x1"):
        with pytest.raises(MbcostError, match="is not a shape"):
            input_shapes(text)


def test_a_terminal_is_told_how_far_an_import_is(stand_in: StandIn, capfd: pytest.CaptureFixture[str]) -> None:
    asked = ["import", "nets:build", "--vary", "width", *stand_in.options]
    master, slave = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "mbcost", *asked], stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    read = bytearray()
    with suppress(OSError):  # the other end is closed
        while data := os.read(master, 65_536):
            read += data
    os.close(master)
    table = process.communicate(timeout=60)[0]
    said = read.decode()
    first, _, rest = said.partition("\r\n")
    steps, note = rest.rsplit("\r", 2)[0].split("\r"), rest.rsplit("\r", 2)[1]
    assert first.startswith("runs nets with")
    assert steps[1].strip() == "width 1: 0 points traced"
    assert "width 0.375: 2 points traced" in [step.strip() for step in steps]
    assert steps[-1].strip() == ""  # gone again
    assert note == "note: at alpha 0.09375 the code builds no network: a layer has no channels"
    assert "\x1b" not in said
    assert run(asked) == 0
    piped = capfd.readouterr()
    assert piped.out.encode() == table
    assert "\r" not in piped.err
    assert piped.err.splitlines() == [first, note]
