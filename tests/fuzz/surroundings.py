"""What surrounds a process: its environment, its descriptors and limits, and signals at any moment.

Of every case in strange surroundings: exit 0 with what there is in ordinary ones, the 1 of a check that says no, or 2 with one
message; never a traceback, and of a file the old one or the new one. Of every signal: a file is the old one or the new one,
nothing is left beside it (but where the process was killed, which can tidy nothing), and Ctrl-C is quiet and 130.
"""

from __future__ import annotations

import os
import pty
import resource
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

BUDGETS = b"format: 1\nbudgets:\n  - model: mobilenet_v1\n    max: {params: 9M}   # kept\n"
TABLE = b"format: 1\nname: net\ninput: {channels: 3, resolution: 32}\nrounding: floor\nlayers: [{op: conv, kernel_size: 3, out_channels: 8}]\n"
NETS = b"import torch\n\n\ndef build():\n    return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU())\n"
FILES = {"mbcost-budgets.yaml": BUDGETS, "net.yaml": TABLE, "nets.py": NETS}
PROGRAM = [sys.executable, "-m", "mbcost"]
OLD = b"the old file\n"

COMMANDS = [
    ("list",), ("schema",), ("show", "net.yaml"), ("table", "mobilenet_v1"), ("table", "net.yaml", "-f", "json"), ("compare", "mobilenet_v1"),
    ("conv", "8", "8", "--size", "7"), ("formula", "net.yaml"), ("sweep", "net.yaml", "-a", "0.5,1", "-f", "csv"), ("conventions",),
    ("solve", "net.yaml", "--max-params", "500"), ("check",), ("check", "mobilenet_v1", "--max-params", "1M"), ("lint", "net.yaml"), ("memory", "net.yaml"),
    ("diff", "net.yaml", "mobilenet_v1"), ("reproduce", "mobilenet_v1", "--table", "6"), ("roofline", "net.yaml"), ("table", "no_such_model"),
]  # fmt: skip
WRITING = {
    "table": ("table", "mobilenet_v2", "-o", "out"), "sweep": ("sweep", "mobilenet_v2", "-a", "0.25:1:0.05", "-r", "96:224:32", "-f", "csv", "-o", "out"),
    "formula": ("formula", "mobilenet_v1", "-f", "python", "-o", "out"), "explore": ("explore", "mobilenet_v1", "-o", "out"),
    "report": ("check", "--report", "json=out"), "update": ("check", "--update"), "reproduce": ("reproduce", "mobilenet_v1", "-f", "csv", "-o", "out"),
    "plot": ("sweep", "mobilenet_v1", "-a", "0.5,1", "-r", "128,224", "--plot", "out.svg"), "show": ("show", "mobilenet_v2", "-o", "out"),
    "memory": ("memory", "mobilenet_v2", "-f", "csv", "-o", "out"), "solve": ("solve", "mobilenet_v1", "--max-params", "2M", "-o", "out"),
    "import": ("import", "nets.py:build", "--input", "3x32x32", "-o", "out"),
}  # fmt: skip
"""Commands that write a file; ``import`` where there is a framework to import from."""
SLOW = {"plot", "import"}
if find_spec("torch") is None:
    del WRITING["import"]
ENVIRONMENT: dict[str, list[str]] = {
    "LANG": ["", "C", "POSIX", "xx_YY", "de_DE.ISO-8859-1", "\udcff\udcfe", "tr_TR.UTF-8"], "LC_ALL": ["", "C", "C.UTF-8", "no such"],
    "COLUMNS": ["", "0", "-1", "1", "7", "abc", "9" * 30, "١٢"], "LINES": ["0", "x"], "TERM": ["", "dumb", "xterm", "\x1b[31m", "linux-nothing"],
    "NO_COLOR": ["", "1"], "FORCE_COLOR": ["1"], "PYTHONUTF8": ["0", "1"], "PYTHONIOENCODING": ["ascii", "utf-16", "latin-1:strict"], "HOME": ["", "/no"],
    "TMPDIR": ["/no/such"], "GITHUB_ACTIONS": ["true"], "GITHUB_STEP_SUMMARY": ["/no/such/file", ""], "PATH": [""], "GIT_DIR": ["/no"],
    "TZ": ["nowhere"], "PYTHONWARNINGS": ["error"], "PYTHONSAFEPATH": ["1"], "PYTHONDONTWRITEBYTECODE": ["1"],
}  # fmt: skip
LIMITS = {
    "FSIZE": [0, 1, 100, 4096], "AS": [48 << 20, 64 << 20, 80 << 20, 100 << 20, 128 << 20, 160 << 20, 200 << 20], "NOFILE": [3, 4, 5, 6, 8, 16],
    "STACK": [128 << 10, 1 << 20], "CORE": [0],
}  # fmt: skip


class Failure(NamedTuple):
    """A process that did what none may do, and how it was started."""

    what: str
    started: Any


class Surroundings(NamedTuple):
    """A command with a file to write or none, and what is strange about its process."""

    args: tuple[str, ...]
    environment: dict[str, str]
    closed: tuple[int, ...]
    limits: dict[str, int]
    stdout: str


def surroundings(seed: int, number: int) -> Surroundings:
    """The case of a seed and a number."""
    random = Random(f"surroundings/{seed}/{number}")
    args = random.choice(COMMANDS)
    if args[0] not in {"check", "list"} and random.random() < 0.4:
        args = (*args, "-o", "out")
    names = random.sample(sorted(ENVIRONMENT), random.choice([0, 1, 2, 4]))
    limits = random.sample(sorted(LIMITS), random.choice([0, 0, 1, 1, 2]))
    return Surroundings(
        args,
        {name: random.choice(ENVIRONMENT[name]) for name in names},
        tuple(sorted(random.sample([0, 1, 2], random.choice([0, 0, 0, 1, 2])))),
        {name: random.choice(LIMITS[name]) for name in limits},
        random.choice(["pipe", "pipe", "terminal", "/dev/full", "file"]),
    )


def _start(command: list[str], case: Surroundings, folder: str) -> tuple[int, bytes, bytes]:
    """Exit code, standard output and standard error of a process in its surroundings."""

    def prepare() -> None:
        for name, limit in case.limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))
        for number in case.closed:
            os.close(number)

    outside = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GIT_", "PYTEST"))}
    there = {
        **outside,
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path if "fuzz" not in path),
        **case.environment,
    }
    master, slave = pty.openpty() if case.stdout == "terminal" else (-1, -1)
    printed = Path(folder, "printed")
    out: Any = subprocess.PIPE
    if case.stdout != "pipe":
        out = slave if case.stdout == "terminal" else open(printed if case.stdout == "file" else case.stdout, "wb")  # noqa: SIM115  (closed as soon as the process has it)
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.PIPE,
        env=there,
        cwd=folder,
        preexec_fn=prepare,  # noqa: PLW1509  (there are no threads)
    ) as process:
        if out is not subprocess.PIPE:
            os.close(slave) if case.stdout == "terminal" else out.close()
        shown = b""
        while case.stdout == "terminal":
            try:
                data = os.read(master, 1 << 16)
            except OSError:  # the other end is closed
                data = b""
            if not data:
                os.close(master)
                break
            shown += data
        said, errors = process.communicate(timeout=120)
    return process.returncode, said or shown or (printed.read_bytes() if printed.exists() else b""), errors


def _ordinary(args: tuple[str, ...], folder: str) -> tuple[int, bytes, bytes]:
    return _start([*PROGRAM, *args], Surroundings(args, {}, (), {}, "pipe"), folder)


def _filled(folder: str, *, old: bool) -> None:
    for name, data in FILES.items():
        Path(folder, name).write_bytes(data)
    for name in ("out", "out.svg"):
        Path(folder, name).unlink(missing_ok=True)
        if old:
            Path(folder, name).write_bytes(OLD)


def strange(processes: int, seed: int, start: int = 0) -> list[Failure]:
    """Run commands in strange surroundings; what none of them may do."""
    return [failure for number in range(start, start + processes) for failure in _strange(surroundings(seed, number))]


def _strange(case: Surroundings) -> list[Failure]:
    with TemporaryDirectory() as folder:
        _filled(folder, old=True)
        expected, usual, _ = _ordinary(case.args, folder)
        new = Path(folder, "out").read_bytes()
        _filled(folder, old=True)
        code, printed, errors = _start([*PROGRAM, *case.args], case, folder)
        written = Path(folder, "out").read_bytes()
        left = [name for name in os.listdir(folder) if name.startswith(".mbcost-")]
        if code not in {0, 1, 2} or (code == 1 and expected != 1) or b"Traceback" in errors:
            plain, _, broken = _start([sys.executable, "-c", "import site, runpy, re, enum, typing"], case, folder)
            if plain and (b"Traceback" not in errors or b"mbcost" not in errors or b"MemoryError" in broken):
                return []  # so little that Python itself does not start
            return [Failure(f"exit {code}: {errors[-700:].decode('utf-8', 'replace')}", case)]
        wrong = ""
        if code == expected != 2:
            plain_surroundings = case.stdout in {"pipe", "file"} and 1 not in case.closed and not case.environment
            if "-o" in case.args and written != new and not case.environment:
                wrong = "another file than usual"
            elif "-o" not in case.args and plain_surroundings and printed != usual:
                wrong = "another output than usual"
        elif code == 2 and "-o" in case.args and written != OLD:
            wrong = "exit 2, and the old file is gone"
        elif code == 2 and not errors.strip() and 2 not in case.closed:
            wrong = "exit 2 without a word"
        elif code == 0 != expected:
            wrong = f"exit 0 where it is {expected}"
        if left:
            wrong = f"{left} is left"
        return [Failure(f"{wrong}: {errors[-300:].decode('utf-8', 'replace')}", case)] if wrong else []


def interrupted(processes: int, seed: int, start: int = 0) -> list[Failure]:
    """Send signals to commands that write, at any moment; what none of them may do."""
    return [failure for number in range(start, start + processes) for failure in _interrupted(seed, number)]


def _interrupted(seed: int, number: int, moments: int = 3) -> list[Failure]:
    random = Random(f"interrupted/{seed}/{number}")
    names = sorted(set(WRITING) - SLOW) if number % 8 else sorted(WRITING)
    name = random.choice(names)
    command = [*PROGRAM, *WRITING[name]]
    target = {"plot": "out.svg", "update": "mbcost-budgets.yaml"}.get(name, "out")
    failures = []
    with TemporaryDirectory() as folder:
        _filled(folder, old=True)
        old = Path(folder, target).read_bytes()
        begin = time.monotonic()
        code, usually, told = _ordinary(WRITING[name], folder)
        usual = time.monotonic() - begin
        new = Path(folder, target).read_bytes()
        if code or new == old:
            return [Failure(f"exit {code}, nothing new: {told[-300:].decode()}", WRITING[name])]
        for _ in range(moments):
            which = random.choice([signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
            wait = usual * random.choice([random.random(), random.uniform(0.7, 1.1)])
            there = random.random() < 0.7
            _filled(folder, old=there or name == "update")
            with subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=_heard(),
                preexec_fn=_hears,  # noqa: PLW1509  (there are no threads)
            ) as process:
                time.sleep(wait)
                process.send_signal(which)
                printed, errors = process.communicate(timeout=120)
            path = Path(folder, target)
            found = path.read_bytes() if path.exists() else None
            case = f"{name}, {which.name} after {wait:.3f} s"
            pieces = [name for name in os.listdir(folder) if name not in {*FILES, "out", "out.svg", "__pycache__"}]
            # Before the program began: Python's own end.
            early = process.returncode == -which or (b"KeyboardInterrupt" in errors and b"mbcost" not in errors)
            if found not in {(old if there or name == "update" else None), new}:
                failures.append(Failure(f"a piece of a file: {(found or b'')[:80]!r}", case))
            elif which != signal.SIGKILL and pieces:
                failures.append(Failure(f"left: {pieces}", case))
            elif process.returncode not in {0, 130} and not early:
                failures.append(Failure(f"exit {process.returncode}: {errors[-500:].decode()}", case))
            elif process.returncode == 130 and not (usually.startswith(printed) and told.startswith(errors)):
                failures.append(Failure(f"not quiet: {printed + errors!r}", case))
            elif process.returncode == 0 and found != new:
                failures.append(Failure("exit 0 without the file", case))
            for piece in pieces:
                Path(folder, piece).unlink()
    return failures


def _heard() -> dict[str, str]:
    outside = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GIT_", "PYTEST"))}
    return {**outside, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path if "fuzz" not in path)}


def _hears() -> None:
    """A run in the background ignores Ctrl-C, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    seed, first, many = (int(word) for word in sys.argv[1:4])
    for failure in [*strange(many, seed, first), *interrupted(many, seed, first)]:
        print(failure.what, failure.started, sep="\n    ", flush=True)
