"""What the tests in this folder share: the rewriting flag, and a way to run the program in this process."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-goldens",
        action="store_true",
        help="write tests/golden and tests/broken anew from what the program says",
    )


class Said(NamedTuple):
    """What a run of the program ended with, and what it printed where."""

    code: int
    out: str
    err: str


@pytest.fixture
def rewriting(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite-goldens"))


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run ``mbcost`` with some arguments in this process, off a terminal."""
    from mbcost.cli import run

    for name in [name for name in os.environ if name == "NO_COLOR" or name.startswith(("GITHUB_", "MBCOST_"))]:
        monkeypatch.delenv(name)

    def program(*args: str) -> Said:
        capsys.readouterr()
        code = run([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return program


@pytest.fixture
def attentive() -> Iterator[None]:
    """Programs that a test starts take interrupts, even where this run is in the background, and ignores them itself."""
    names = [name for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)]
    ignored = [n for n in (getattr(signal, name) for name in names) if signal.getsignal(n) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


def told(said: Said) -> dict[str, Any]:
    """The JSON of a run, and nothing but JSON."""
    assert (said.code, said.err) == (0, ""), said.err
    document = json.loads(said.out, parse_float=Fraction)
    assert isinstance(document, dict)
    return document


def refused(said: Said, *words: str, way_out: bool = True) -> None:
    """The contract of every error: exit 2, the message on stderr, with its help, and nothing else."""
    assert (said.code, said.out) == (2, ""), said
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err
    assert not way_out or "\n  help: " in said.err, said.err
    assert len(said.err) < 4000
