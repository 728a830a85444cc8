"""What the tests in this folder share: the rewriting flag, and a way to run the program in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-goldens", action="store_true", help="write tests/golden and tests/broken anew from what the program says"
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

    monkeypatch.delenv("NO_COLOR", raising=False)

    def program(*args: str) -> Said:
        capsys.readouterr()
        code = run([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return program
