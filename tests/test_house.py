"""What the pages about the house say, held against the house: every room has its line, every file named is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_imports import FLOORS, ONLY

ROOT = Path(__file__).parents[1]
PAGES = ("mbcost/README.md", ".github/CONTRIBUTING.md", "tests/README.md")
FOLDERS = ("", "mbcost", "tests")


def missing(page: str, text: str) -> list[str]:
    """The files and folders that a page names and that are not there; a * stands for any."""
    found = re.findall(r"`([\w./*-]+/[\w.*-]*|[\w*]+\.(?:py|md|yaml|csv))`|(tests/[\w/]+\.py)", text)
    named = {one or other for one, other in found if "NAME" not in one}
    places = [ROOT / page for page in ("", "mbcost", "tests")] + [(ROOT / page).parent]
    return sorted(name for name in named if not any(list(place.glob(name)) for place in places if place.is_dir()))


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    assert missing(page, (ROOT / page).read_text(encoding="utf-8")) == []


def test_a_file_that_is_not_there_is_noticed() -> None:
    assert missing("tests/README.md", "see `layers/oracle*.py`, `network/walks.py` and `nothing.py`") == [
        "network/walks.py",
        "nothing.py",
    ]


def test_every_room_has_its_line_from_the_roof_down() -> None:
    text = (ROOT / "mbcost/README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| (`[\w`, ]+`) \| .* \| ?(.*) \|$", text.split("## ")[0], flags=re.MULTILINE)
    rooms = [re.findall(r"\w+", names) for names, _ in lines]
    floors = {room: number for number, floor in enumerate(FLOORS) for room in floor}
    assert sorted([room for named in rooms for room in named]) == sorted(floors)
    numbers = [max(floors[room] for room in named) for named in rooms]
    assert numbers == sorted(numbers, reverse=True)
    for foreign, only in ONLY.items():
        (line,) = [
            foreigners for named, foreigners in zip(rooms, [said for _, said in lines], strict=True) if named[0] in only
        ]
        assert foreign in line


def test_what_the_pages_teach_is_so() -> None:
    """Names of functions and registers that the pages lean on."""
    from mbcost.cli import COMMANDS
    from mbcost.dims import Arithmetic
    from mbcost.layers.conv import divide
    from mbcost.network import counted
    from mbcost.report.formats import register

    assert callable(Arithmetic.must_equal)
    assert callable(Arithmetic.must_reach)
    assert all(map(callable, (divide, counted, register)))
    assert "table" in COMMANDS
