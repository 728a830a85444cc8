"""Terminals, pipes and files: whole numbers at every width, colour only where it is wanted, files whole or not at all."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

import mbcost
from tests.conftest import Said

Say = Callable[..., Said]
README = (Path(mbcost.__file__).parent.parent / "README.md").read_text(encoding="utf-8")
ROOT = Path(mbcost.__file__).parent.parent


# ---- terminals, pipes and files


def on_terminal(args: list[str], columns: int, **environment: str) -> str:
    """What the program writes on a terminal of some width."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    env = {
        key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR"}
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "mbcost", *args], stdout=slave, stderr=slave, stdin=subprocess.DEVNULL,
        env=env | {"TERM": "xterm-256color", "PYTHONUTF8": "1", **environment}, cwd=ROOT,
    )  # fmt: skip
    os.close(slave)
    chunks = []
    while select.select([master], [], [], 30)[0]:
        try:
            data = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        chunks.append(data)
    os.close(master)
    assert process.wait(timeout=30) == 0
    return b"".join(chunks).decode("utf-8").replace("\r\n", "\n")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize(
    "args", [["table", "mobilenet_v2"], ["compare", "mobilenet_v1"], ["list"]], ids=lambda args: args[0]
)
def test_on_a_terminal_lines_fit_and_numbers_are_whole(args: list[str], columns: int) -> None:
    text = plain(on_terminal(args, columns))
    assert max(map(len, text.splitlines())) <= columns
    assert "…" not in text
    assert "..." not in text
    if args == ["table", "mobilenet_v2"]:
        for row in mbcost.load("mobilenet_v2").cost().rows:
            assert f" {row.mult_adds:,} " in text
            assert re.search(rf"(?<![\d,]){row.params:,}(?![\d,])", text)
        assert "300,774,272" in text


@pytest.mark.parametrize("columns", [20, 40, 60])
def test_even_a_narrow_terminal_shortens_no_number(columns: int) -> None:
    text = plain(on_terminal(["table", "mobilenet_v1", "-a", "0.25"], columns))
    assert "…" not in text
    for row in mbcost.load("mobilenet_v1").cost("0.25").rows:
        assert re.search(rf"(?<![\d,]){row.mult_adds:,}(?![\d,])", text)


def test_off_a_terminal_a_table_has_its_natural_width(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    wide = say("table", "mobilenet_v2").out
    assert max(map(len, wide.splitlines())) > 100
    done = subprocess.run(
        [sys.executable, "-m", "mbcost", "table", "mobilenet_v2"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    assert done.stdout.decode("utf-8") == wide


def test_colour_is_for_terminals_and_no_color_is_honoured() -> None:
    coloured = on_terminal(["table", "mobilenet_v1", "--by", "kind"], 120)
    bare = on_terminal(["table", "mobilenet_v1", "--by", "kind"], 120, NO_COLOR="1")
    assert "\x1b[" in coloured
    assert "\x1b" not in bare
    assert plain(coloured) == bare  # colour carries no meaning alone
    assert "\x1b" not in on_terminal(["table", "mobilenet_v1", "--by", "kind"], 120, TERM="dumb")


def test_a_terminal_that_takes_only_ascii() -> None:
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "mbcost", "table", "mobilenet_v1"], capture_output=True, check=False, cwd=ROOT, env=env
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b"568,740,352" in done.stdout


def test_results_on_stdout_and_nothing_on_stderr(say: Say) -> None:
    for args in (
        ["table", "mobilenet_v1"],
        ["list"],
        ["show", "mobilenet_v1"],
        ["schema"],
        ["formula", "mobilenet_v1"],
        ["compare", "vgg16"],
    ):
        said = say(*args)
        assert said.code == 0
        assert said.err == ""
        assert said.out


def test_a_file_is_replaced_whole(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("before", encoding="utf-8")
    said = say("table", "mobilenet_v1", "-f", "json", "-o", str(path))
    assert said == Said(0, "", "")
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(say("table", "mobilenet_v1", "-f", "json").out)
    assert [found.name for found in tmp_path.iterdir()] == ["out.json"]


def test_a_write_that_fails_leaves_the_old_file(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    said = say("table", "mobilenet_v1", "-o", str(path))
    assert said.code == 2
    assert "cannot be written: No space left on device" in said.err
    assert path.read_text(encoding="utf-8") == "before"
    assert [found.name for found in tmp_path.iterdir()] == ["out.txt"]


def test_a_file_written_is_the_text_that_is_printed(say: Say, tmp_path: Path) -> None:
    for format in ("table", "csv", "markdown", "latex", "json"):
        path = tmp_path / format
        say("table", "mobilenet_v2", "-f", format, "-o", str(path))
        assert path.read_text(encoding="utf-8") == say("table", "mobilenet_v2", "-f", format).out


def test_a_dash_is_standard_input_and_standard_output(say: Say) -> None:
    text = say("show", "mobilenet_v1").out.encode()
    done = subprocess.run(
        [sys.executable, "-m", "mbcost", "table", "-", "-f", "json", "-o", "-"],
        input=text,
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert json.loads(done.stdout)["total"]["mult_adds"] == 568_740_352


def test_a_broken_pipe_ends_quietly() -> None:
    args = [sys.executable, "-m", "mbcost", "table", "nasnet_mobile", "-f", "csv"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # nobody reads
        assert process.stderr.read() == b""
    assert process.returncode in {0, -signal.SIGPIPE}


def test_an_interrupt_is_130(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    from mbcost.network import Network

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Network, "count", interrupted)
    said = say("table", "mobilenet_v1")
    assert (said.code, said.out) == (130, "")
    assert "Traceback" not in said.err


def test_struct_of_a_terminal_size_is_what_the_test_asks_for() -> None:
    """The harness above: a terminal it makes is as wide as it says."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 123))
    import fcntl

    rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(slave, termios.TIOCGWINSZ, b"\0" * 8))
    os.close(master)
    os.close(slave)
    assert (rows, columns) == (24, 123)
