"""A budget's glob finds what Python's own finds, and never walks the whole disk."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbcost.budgets.globs import Search
from mbcost.errors import MbcostError
from tests.budgets.budgets_world import TABLE
from tests.conftest import Said, refused


def matches(folder: str, pattern: str) -> list[str]:
    return Search().matches(folder, pattern)


NAMES = ["a", "b", "ab", ".a", "a.yaml", "b.yaml", ".b.yaml", "[a]", "*"]
PARTS = ["a", "b", "*", "?", "**", "*.yaml", "a*", "[ab]", "[!a]", ".*", ".", "..", "", "[[]a]", "[", "[]", "**a", "ab"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), max_size=8),
    parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=5),
)
def test_a_glob_finds_what_pythons_own_finds(
    files: list[list[str]], parts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tree").joinpath(*"12345")  # `..` five times stays in what is made here
    folder.mkdir(parents=True)
    for file in files:
        path = folder.joinpath(*file)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        except OSError:  # a file where a folder should be
            continue
    pattern = "/".join(parts)
    if pattern.startswith("/"):
        return
    wanted = {
        os.path.normpath(path)
        for path in glob.glob(os.path.join(glob.escape(str(folder)), pattern), recursive=True)
        if os.path.isfile(path)
    }
    assert matches(str(folder), pattern) == sorted(wanted)


def test_links_are_followed_by_name_and_never_by_two_stars(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "net.yaml").touch()
    (tmp_path / "link").symlink_to("real")
    assert matches(str(tmp_path), "link/*.yaml") == [str(tmp_path / "link" / "net.yaml")]
    assert matches(str(tmp_path), "l*/*.yaml") == [str(tmp_path / "link" / "net.yaml")]
    assert matches(str(tmp_path), "**/*.yaml") == [str(tmp_path / "real" / "net.yaml")]
    for n in range(8):  # each leads back: Python's own glob takes every way through them
        (tmp_path / "real" / f"back{n}").symlink_to("..")
    assert matches(str(tmp_path), "**/*.yaml") == [str(tmp_path / "real" / "net.yaml")]


@pytest.mark.parametrize(
    "pattern", ["/**/*.yaml", "/*/*/*/*/*/*/*/*.yaml", "/**/**/**/x.yaml", "root/**/*.yaml", "root/*/*/*/*.yaml"]
)
def test_no_glob_walks_the_whole_disk(
    pattern: str, tmp_path: Path, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mbcost.budgets import globs

    monkeypatch.setattr(globs, "MAX_LOOKED", 2000)
    looked: list[str] = []
    entries = globs._entries
    monkeypatch.setattr(globs, "_entries", lambda folder: looked.append(folder) or entries(folder))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "root").symlink_to("/")
    text = f"format: 1\nbudgets: [{{model: {pattern}, max: {{params: 5M}}}}]\n"
    (tmp_path / "b.yaml").write_text(text, encoding="utf-8")
    said = say("check", "b.yaml")
    refused(said, "more than 2,000 files and folders to look at")
    assert len(looked) < 2100


def test_a_folder_with_signs_of_a_glob_in_its_name_is_only_itself(tmp_path: Path, say: Callable[..., Said]) -> None:
    for name in ("[ab]", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "net.yaml").write_text(TABLE, encoding="utf-8")
    (tmp_path / "[ab]" / "b.yaml").write_text(
        "format: 1\nbudgets: [{model: n*.yaml, max: {params: 5M}}]\n", encoding="utf-8"
    )
    assert "(1 budget, 1 model)" in say("check", str(tmp_path / "[ab]" / "b.yaml")).out


def test_all_globs_of_a_check_share_one_bound(
    tmp_path: Path, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbcost.budgets.globs.MAX_LOOKED", 100)
    monkeypatch.chdir(tmp_path)
    for n in range(40):
        (tmp_path / f"{n}.yaml").write_text(TABLE, encoding="utf-8")
    rows = "".join(f"- {{model: './[{n}]*.yaml', max: {{params: 5M}}}}\n" for n in range(1, 4))
    (tmp_path / "b.yml").write_text(f"format: 1\nbudgets:\n{rows}", encoding="utf-8")
    refused(say("check", "b.yml"), "b.yml:5:11: the glob `./[3]*.yaml` has more than 100 files and folders to look at")


@pytest.mark.parametrize(("most", "enough"), [(39, False), (40, True)])
def test_as_much_as_may_be_looked_at_is(
    most: int, enough: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbcost.budgets.globs.MAX_LOOKED", most)
    for n in range(40):
        (tmp_path / f"{n}.yaml").touch()
    if enough:
        assert len(Search().matches(str(tmp_path), "*.yaml")) == 40
    else:
        with pytest.raises(MbcostError, match="more than 39 files and folders to look at"):
            Search().matches(str(tmp_path), "*.yaml")


def test_every_folder_is_looked_into_once_for_each_part_of_a_glob(tmp_path: Path) -> None:
    """Else what is below several folders would be walked once for every way of dividing them among the stars."""
    deep = tmp_path
    for n in range(12):
        deep = deep / f"d{n}"
    deep.mkdir(parents=True)
    (deep / "x.yaml").touch()
    search = Search()
    assert search.matches(str(tmp_path), "**/*/**/*/**/*/**/*.yaml") == [str(deep / "x.yaml")]
    assert search.looked <= 13 * 8
