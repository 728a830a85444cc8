"""What the tests of budgets share: no GitHub around them, and git repositories of their own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.budgets.budgets_world import Repository


@pytest.fixture(autouse=True)
def _no_github(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("GITHUB_"):
            monkeypatch.delenv(name)


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[str], Repository]:
    """Make a repository in a folder of the test's."""
    return lambda name="work": Repository(tmp_path / name)
