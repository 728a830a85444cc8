"""What the tests of the published tables share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mbcost.papers import Judged, Paper, load, read_paper, reproduce


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command, wherever the command line's own list stands."""
    from mbcost import cli

    monkeypatch.setitem(cli.COMMANDS, "reproduce", "reproduce")


@pytest.fixture
def cell() -> Callable[..., Judged]:
    """The result of one cell, by paper (a name or a Paper), table, row and column."""

    def find(paper: str | Paper, table: str, row: str, column: str) -> Judged:
        source = load(paper) if isinstance(paper, str) else paper
        return next(r for r in reproduce(source, [table])[0].cells if (r.cell.row, r.cell.column) == (row, column))

    return find


@pytest.fixture
def edited() -> Callable[[str, str, str], Paper]:
    """A shipped paper with one text in it replaced."""

    def edit(name: str, old: str, new: str) -> Paper:
        text = load(name).document.text
        assert text.count(old) >= 1, f"{old!r} is not in the file of {name}"
        return read_paper(text.replace(old, new, 1), f"{name}.yaml")

    return edit
