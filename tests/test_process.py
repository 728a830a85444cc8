"""How a process begins, ends and writes: whatever its streams are, whenever it is interrupted, one exit code and no half a file."""

from __future__ import annotations

import io
import os
import pty
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mbcost
from tests.conftest import Said, refused

Say = Callable[..., Said]
ROOT = Path(mbcost.__file__).parent.parent
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
V1 = ("table", "mobilenet_v1", "--by", "kind")
WORDS = {
    "a result": V1,
    "a stream": ("sweep", "mobilenet_v1", "-f", "csv"),
    "a verdict": ("check", "mobilenet_v1", "--max-params", "5M"),
    "help": ("--help",),
    "a command's help": ("table", "--help"),
    "the version": ("--version",),
    "a table as it is": ("show", "mobilenet_v1"),
}


def shell(script: str, *args: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """What a shell's line with `mbcost` in it ends with: "$@" are the arguments."""
    line = f'mbcost() {{ "{sys.executable}" -m mbcost "$@"; }}\n{script}'
    done = subprocess.run(
        ["bash", "-c", line, "bash", *args], capture_output=True, text=True, env=ENVIRONMENT, cwd=cwd, check=False
    )
    return done.returncode, done.stdout, done.stderr


# ---- streams


@pytest.mark.parametrize("args", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("out", ["/dev/full", "&-"], ids=["full", "closed"])
def test_an_output_that_cannot_be_written_is_one_message_and_2(out: str, args: tuple[str, ...]) -> None:
    code, printed, said = shell(f'mbcost "$@" >{out}', *args)
    assert (code, printed) == (2, "")
    reason = "No space left on device" if out == "/dev/full" else "Bad file descriptor"
    assert said.startswith(f"error: standard output cannot be written: {reason}\n  help: ")
    assert said.count("\n") == 2


def test_an_error_that_cannot_be_written_is_still_2() -> None:
    for script in ('mbcost "$@" 2>/dev/full', 'mbcost "$@" 2>&-', 'mbcost "$@" >/dev/full 2>/dev/full'):
        assert shell(script, "table", "no_such_model") == (2, "", "")
    assert shell('mbcost "$@" >&- 2>/dev/full', *V1) == (2, "", "")
    assert shell('mbcost lint - 2>/dev/full <<< "format: 2"') == (2, "", "")


def test_an_input_that_is_closed_is_one_message_where_it_is_read(tmp_path: Path) -> None:
    for args in (("table", "-"), ("lint", "-"), ("check", "-"), ("diff", "-", "mobilenet_v1")):
        code, printed, said = shell('mbcost "$@" <&-', *args)
        assert (code, printed) == (2, "")
        assert "`-` cannot be read: Bad file descriptor" in said
        assert "Traceback" not in said
    assert shell('mbcost "$@" <&-', *V1) == shell('mbcost "$@"', *V1)


def test_a_file_is_written_whatever_became_of_the_streams(tmp_path: Path) -> None:
    """A closed stream's number is not given to the file, where what is printed would go into it."""
    expected = shell('mbcost "$@"', *V1)[1]
    for number, closed in enumerate(("<&-", ">&-", "2>&-", "<&- >&- 2>&-")):
        path = tmp_path / f"{number}.txt"
        assert shell(f'mbcost "$@" {closed}', *V1, "-o", str(path)) == (0, "", "")
        assert path.read_text(encoding="utf-8") == expected


@pytest.mark.parametrize("args", WORDS.values(), ids=WORDS)
def test_nobody_reads(args: tuple[str, ...]) -> None:
    """A pipe whose reader has gone ends quietly, with the exit code there would have been."""
    with subprocess.Popen(
        [sys.executable, "-m", "mbcost", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_gate_whose_report_nobody_reads_still_says_no() -> None:
    line = 'mbcost check mobilenet_v1 --max-params 1M | true; exit "${PIPESTATUS[0]}"'
    assert shell(f"set -o pipefail; {line}") == (1, "", "")


def test_the_current_folder_is_gone(tmp_path: Path) -> None:
    """What needs no folder is answered; everything else is one message."""
    gone = f'mkdir "{tmp_path}/gone"; cd "{tmp_path}/gone"; rmdir "{tmp_path}/gone"; mbcost "$@"'
    assert shell(gone, *V1) == shell('mbcost "$@"', *V1)
    for args in (("check",), ("check", "a.yaml"), ("table", "a.yaml"), ("lint", "./a.yaml"), (*V1, "-o", "a.txt"), (*V1, "--conventions", "a.yaml"),
                 ("diff", "HEAD:a.yaml", "mobilenet_v1"), ("reproduce", "./a.yaml"), ("check", "mobilenet_v1", "--max-params", "1M", "-f", "github"),
                 ("check", "mobilenet_v1", "--max-params", "1M", "--base", "HEAD")):  # fmt: skip
        code, printed, said = shell(gone, *args)
        assert (code, printed) == (2, ""), args
        assert "Traceback" not in said, args
        assert "\n  help: " in said, args


def test_a_character_the_output_does_not_know_is_no_traceback(tmp_path: Path) -> None:
    table = tmp_path / "straße_α.yaml"
    table.write_text(
        "format: 1  # é\ninput: {channels: 3, resolution: 32}\nlayers: [{op: depthwise}]\n", encoding="utf-8"
    )
    for args in (
        ("table",),
        ("formula",),
        ("show",),
        ("lint",),
        ("compare",),
        ("conventions",),
        ("sweep", "-f", "csv"),
    ):
        line = 'PYTHONUTF8=0 PYTHONIOENCODING=ascii mbcost "$@"'
        code, printed, said = shell(line, args[0], str(table), *args[1:])
        assert (code, said) == (0, ""), args
        assert printed.isascii(), args


def test_what_the_program_cannot_do_without_is_one_message_and_2(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ImportError('no click here')\n", encoding="utf-8")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from mbcost.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "error: mbcost cannot run: no click here\n")


def test_a_defect_of_the_program_is_not_a_check_that_said_no() -> None:
    program = "import mbcost.cli; mbcost.cli.run = lambda args: 1 // 0; from mbcost.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "ZeroDivisionError" in done.stderr


def test_the_process_ends_at_once_but_for_who_waits_for_its_end() -> None:
    """What was registered for the end is done, and a profiler gets its word; nobody else is waited for."""
    program = """
import atexit, sys
from mbcost.__main__ import main

atexit.register(print, "the end")
sys.setprofile(WHO)
sys.argv[1:] = ["--version"]
try:
    main()
finally:
    print("main is over")
"""
    for who, told in (
        ("None", ["the end"]),
        ("lambda *event: None", ["main is over", "the end"]),
    ):
        command = [sys.executable, "-c", program.replace("WHO", who)]
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=True)
        assert (done.stdout.splitlines()[1:], done.stderr) == (told, "")


# ---- files


def test_a_file_keeps_its_permissions_and_a_new_one_gets_the_usual(say: Say, tmp_path: Path) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("old", encoding="utf-8")
    old.chmod(0o640)
    before = os.umask(0o027)
    try:
        assert say(*V1, "-f", "csv", "-o", str(old)) == Said(0, "", "")
        assert say(*V1, "-f", "csv", "-o", str(new)) == Said(0, "", "")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (old, new)] == [0o640, 0o640]
    old.chmod(0o604)
    assert say(*V1, "-f", "csv", "-o", str(old)) == Said(0, "", "")
    assert stat.S_IMODE(old.stat().st_mode) == 0o604
    assert sorted(tmp_path.iterdir()) == [new, old]


def test_a_name_may_be_as_long_as_the_folder_takes(say: Say, tmp_path: Path) -> None:
    name = "a" * 251 + ".csv"
    assert say(*V1, "-f", "csv", "-o", str(tmp_path / name)) == Said(0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    refused(say(*V1, "-o", str(tmp_path / ("a" * 256))), "cannot be written: File name too long")


def test_what_lies_in_wait_under_the_temporary_name_is_not_written_through(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the name was guessed: a link there is not followed, and it is not removed either."""
    victim, trap = tmp_path / "victim", tmp_path / f".mbcost-{b'12345678'.hex()}"
    victim.write_text("precious", encoding="utf-8")
    trap.symlink_to(victim)
    monkeypatch.setattr(os, "urandom", lambda count: b"12345678"[:count])
    refused(say(*V1, "-o", str(tmp_path / "out.txt")), "cannot be written: File exists")
    assert victim.read_text(encoding="utf-8") == "precious"
    assert not (tmp_path / "out.txt").exists()
    assert trap.is_symlink()


def test_the_temporary_name_is_another_one_every_time(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: (seen.append(old), replace(old, new)))
    for _ in range(3):
        assert say(*V1, "-o", str(tmp_path / "out.txt")).code == 0
    assert len(set(seen)) == 3
    assert {os.path.dirname(name) for name in seen} == {os.path.realpath(tmp_path)}


def test_a_link_stays_and_what_it_leads_to_is_replaced(say: Say, tmp_path: Path) -> None:
    """One rule for -o, --report and --update."""
    (tmp_path / "real").mkdir()
    for name, args in {
        "old.csv": [*V1, "-f", "csv", "-o"],
        "new.csv": [*V1, "-f", "csv", "-o"],
        "report.json": ["check", "mobilenet_v1", "--max-params", "5M", "--report"],
        "budgets.yaml": ["check", "--update"],
    }.items():
        real, link = tmp_path / "real" / name, tmp_path / name
        if name != "new.csv":
            real.write_text("format: 1\nbudgets: [{model: mobilenet_v1, max: {params: 9M}}]\n", encoding="utf-8")
            real.chmod(0o600)
        link.symlink_to(Path("real") / name)
        assert say(*args, f"json={link}" if "--report" in args else str(link)).code == 0
        assert link.is_symlink()
        assert not real.is_symlink()
        assert real.read_text(encoding="utf-8").startswith(
            {"c": "name,", "n": "{", "l": "format: 1"}[name[-1] if name[-1] != "v" else "c"]
        )
        assert "9M" not in real.read_text(encoding="utf-8")
        if name != "new.csv":
            assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert len(list((tmp_path / "real").iterdir())) == 4
    (tmp_path / "loop").symlink_to("loop")
    refused(say(*V1, "-o", str(tmp_path / "loop")), "Too many levels of symbolic links")


def test_a_file_without_a_name_is_refused(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for args in (V1, ("show", "mobilenet_v1"), ("schema",), ("sweep", "mobilenet_v1", "-f", "csv"), ("reproduce", "mobilenet_v1"),
                 ("check", "mobilenet_v1", "--max-params", "5M"), ("conv", "8", "8", "--size", "7"), ("lint", "mobilenet_v1")):  # fmt: skip
        refused(say(*args, "-o", ""), "the name of the file to write is empty")
    refused(say(*V1, "-o", "folder/"), "`folder/` cannot be written: it is the name of a directory")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_is_written_and_not_replaced(tmp_path: Path) -> None:
    """A pipe, and standard output by its name: such names do not lead where they say."""
    expected = shell('mbcost "$@"', *V1)
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is, which a test had better not touch
    os.mkfifo(tmp_path / "pipe")
    assert shell('mbcost "$@" -o stdout', *V1, cwd=tmp_path) == expected
    assert shell('mbcost "$@" -o stdout > file; cat file', *V1, cwd=tmp_path) == expected
    assert shell('exec 3> file; rm file; mbcost "$@" -o stdout >&3; cat /proc/self/fd/3', *V1, cwd=tmp_path) == expected
    assert shell('cat pipe & mbcost "$@" -o pipe; wait', *V1, cwd=tmp_path) == expected
    assert (tmp_path / "stdout").is_symlink()
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe", "stdout"]


# ---- interrupts

AT_IMPORT = """
import os, signal, sys
from mbcost.__main__ import main

class Interrupts:
    left = int(sys.argv.pop(1))

    def find_spec(self, name, path=None, target=None):
        Interrupts.left -= 1
        if not Interrupts.left:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
main()
"""


@pytest.mark.usefixtures("attentive")
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 8, 11, 16, 23, 32, 45, 64, 90])
def test_an_interrupt_while_modules_are_loaded_is_quiet_and_130(number: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_IMPORT, str(number), *V1], capture_output=True, env=ENVIRONMENT, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_nothing_is_loaded_before_an_interrupt_is_expected() -> None:
    """Until `main` runs, an interrupt is Python's: a traceback. Nothing but the package itself may take time there."""
    program = "import sys; before = set(sys.modules); import mbcost.__main__; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert set(done.stdout.split()) <= {"__future__", "gc", "mbcost", "mbcost.__main__"}


def test_an_interrupt_that_is_ignored_stays_ignored() -> None:
    ignoring = AT_IMPORT.removesuffix("main()\n") + "signal.signal(signal.SIGINT, signal.SIG_IGN)\nmain()\n"
    done = subprocess.run(
        [sys.executable, "-c", ignoring, "30", *V1], capture_output=True, env=ENVIRONMENT, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout


@pytest.mark.usefixtures("attentive")
def test_an_interrupted_sweep_gives_the_terminal_its_cursor_back(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "mbcost", "sweep", "mobilenet_v1", "-a", "0.1:2:0.0005", "-r", "1:1000:1", "--yes",
               "-f", "jsonl", "-o", str(tmp_path / "out")]  # fmt: skip
    with subprocess.Popen(command, stdout=slave, stderr=slave, env=ENVIRONMENT | {"TERM": "xterm"}) as process:
        os.close(slave)
        shown = b""
        while b"\x1b[?25l" not in shown:
            shown += os.read(master, 4096)
        process.send_signal(signal.SIGINT)
        try:
            while data := os.read(master, 4096):
                shown += data
        except OSError:  # the other end is closed
            pass
    os.close(master)
    assert process.returncode == 130
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")
    assert b"Traceback" not in shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("attentive")
def test_an_interrupt_ends_the_code_that_is_imported_too(tmp_path: Path) -> None:
    """It runs in a session of its own, where no Ctrl-C reaches it."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 60\n', encoding="utf-8")
    python.chmod(0o755)
    command = [sys.executable, "-m", "mbcost", "import", "a.py:build", "--python", str(python)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, cwd=tmp_path
    ) as process:
        while not (pid := (tmp_path / "python.pid").read_text() if (tmp_path / "python.pid").exists() else ""):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    deadline = time.monotonic() + 20
    while Path(f"/proc/{int(pid)}/exe").exists():  # a zombie has none
        assert time.monotonic() < deadline


def test_an_interrupt_within_the_program_is_quiet(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    from mbcost.network import Network

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Network, "count", interrupted)
    assert say(*V1) == Said(130, "", "")


def test_a_test_without_a_file_number_can_still_be_hushed() -> None:
    from mbcost.cli.output import hush

    hush(io.StringIO())
