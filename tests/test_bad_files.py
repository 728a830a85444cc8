"""Files that are none, and links: nothing waits for a pipe, and no message shows a line of a file that a link leads to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Said, refused

Say = Callable[..., Said]
SECRET = "hunter2-of-the-environment"
GOOD = "format: 1\ninput: {channels: 3, resolution: 32}\nlayers: [{op: depthwise}]\n"
BUDGETS = "format: 1\nbudgets: [{model: MODEL, max: {params: 9M}}]\n"
CONVENTIONS = "format: 1\nconventions: [{name: mine, mult_adds: {weight_mults: 1}, params: {weights: 1}}]\n"

#: Every way in which a file gets into the program.
WAYS = {
    "table": ["table", "FILE"],
    "lint": ["lint", "FILE"],
    "budgets": ["check", "FILE"],
    "saved report": ["check", "good.yaml", "--base", "FILE", "--max-params", "9M"],
    "conventions": ["table", "good.yaml", "--conventions", "FILE", "--convention", "mine"],
    "paper": ["reproduce", "FILE"],
    "diff": ["diff", "good.yaml", "FILE"],
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "good.yaml").write_text(GOOD, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def named(way: str, stem: str) -> str:
    """The name of a file that is read that way."""
    return f"{stem}.json" if way == "saved report" else f"{stem}.yaml"


def arguments(way: str, file: str) -> list[str]:
    return [file if word == "FILE" else word for word in WAYS[way]]


@pytest.mark.parametrize("way", WAYS)
def test_a_pipe_or_a_device_is_refused_at_once(way: str, here: Path, say: Say) -> None:
    pipe, device = named(way, "pipe"), named(way, "device")
    os.mkfifo(pipe)
    Path(device).symlink_to("/dev/zero")
    for file in (pipe, device):
        begin = time.perf_counter()
        refused(say(*arguments(way, f"./{file}")), file, "is a pipe or a device, not a file", "a pipe is read as `-`")
        assert time.perf_counter() - begin < 2


def test_a_budget_whose_model_is_a_pipe(here: Path, say: Say) -> None:
    os.mkfifo("pipe.yaml")
    Path("b.yaml").write_text(BUDGETS.replace("MODEL", "pipe.yaml"), encoding="utf-8")
    refused(say("check", "b.yaml"), "is a pipe or a device")


def test_standard_input_may_be_a_pipe(here: Path) -> None:
    command = [sys.executable, "-m", "mbcost", "table", "-", "-f", "json"]
    done = subprocess.run(command, input=GOOD.encode(), capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout)["total"]["params"] == 3 * 9 + 2 * 3
    closed = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m mbcost table - <&-"], capture_output=True, check=False, timeout=60
    )
    assert (closed.returncode, closed.stdout) == (2, b"")
    assert b"Traceback" not in closed.stderr


@pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="no /proc here")
@pytest.mark.parametrize("way", WAYS)
def test_a_link_to_the_environment_shows_nothing_of_it(way: str, here: Path) -> None:
    link = named(way, "./link")
    Path(link).symlink_to("/proc/self/environ")
    command = [sys.executable, "-m", "mbcost", *arguments(way, link)]
    variables = {"AAA": SECRET, **os.environ, "ZZZ": SECRET}
    done = subprocess.run(command, env=variables, capture_output=True, check=False, timeout=60)
    assert done.returncode == 2, done
    assert link.encode() in done.stderr
    assert SECRET.encode() not in done.stdout + done.stderr
    assert b" | " not in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET}\n",
        f"[default]\nkey = {SECRET}\n",
        f"a: {SECRET}: b\n",
        f'"{SECRET}\n',
        f"- {SECRET}\n",
        f"{{{SECRET}: 1}}\n",
        f"a: {SECRET}\na: b\n",
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_link_out_of_the_folder_shows_no_line_of_the_file_behind_it(
    way: str, text: str, here: Path, say: Say
) -> None:
    outside = here.parent / "secret"
    outside.write_text(text, encoding="utf-8")
    Path("link.yaml").symlink_to(outside)
    said = say(*arguments(way, "link.yaml"))
    assert said.code == 2
    assert " | " not in said.err
    Path("own.yaml").write_text(text, encoding="utf-8")
    Path("near.yaml").symlink_to("own.yaml")  # a link that stays in the folder hides nothing
    assert say(*arguments(way, "near.yaml")).err == say(*arguments(way, "own.yaml")).err.replace(
        "own.yaml", "near.yaml"
    )


@pytest.mark.parametrize("link", ["file", "folder", "folder and back"])
def test_a_base_is_below_the_folder_with_all_links_followed(link: str, here: Path, say: Say) -> None:
    outside = here.parent / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "base.yaml").write_text(GOOD, encoding="utf-8")
    (here / "inner").mkdir()
    (here / "inner" / "base.yaml").write_text(GOOD, encoding="utf-8")
    if link == "file":
        Path("base.yaml").symlink_to(outside / "base.yaml")
        model = "./base.yaml"
    elif link == "folder":
        Path("models").symlink_to(outside)
        model = "models/base.yaml"
    else:  # models/.. is here by its text, and elsewhere for the system: base.yaml is a link out of here
        Path("models").symlink_to(here / "inner")
        Path("base.yaml").symlink_to(outside / "base.yaml")
        model = "models/../base.yaml"
    Path("net.yaml").write_text(f"format: 1\nbase: {{model: {model}}}\nlayers: []\n", encoding="utf-8")
    refused(say("table", "net.yaml"), f"base `{model}` is not below the folder of the file that names it")
    Path("near.yaml").symlink_to("inner/base.yaml")
    Path("net.yaml").write_text("format: 1\nbase: {model: near.yaml}\nlayers: []\n", encoding="utf-8")
    assert say("table", "net.yaml").code == 0


@pytest.mark.parametrize(
    "model", ["link.yaml", "*.yaml", "../outside.yaml", "/ABSOLUTE/outside.yaml", "models/outside.yaml"]
)
def test_a_budgets_file_of_a_repository_names_tables_of_it(model: str, here: Path, say: Say) -> None:
    (here.parent / "outside.yaml").write_text(GOOD, encoding="utf-8")
    Path(".git").mkdir()
    Path("link.yaml").symlink_to(here.parent / "outside.yaml")
    Path("models").symlink_to(here.parent)
    model = model.replace("/ABSOLUTE", str(here.parent))
    Path("b.yml").write_text(BUDGETS.replace("MODEL", f'"{model}"'), encoding="utf-8")
    refused(say("check", "b.yml"), f"`{model}` is outside the repository")
    Path("sub").mkdir()
    Path("sub/b.yml").write_text(BUDGETS.replace("MODEL", "../good.yaml"), encoding="utf-8")
    assert say("check", "sub/b.yml").code == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("format: 1\nkey: value\0secret\n", None),
        ("a: b: secret\n", "a: b"),
        ('a: "secret\nmore: secret\n', None),
        ("a: [*/secret*, secret]\n", "a: [*/secret*"),
        ("a: @secret\n", "a:"),
        ("a: [1, 2\nb: 3\n", "b: 3"),  # the tokens are whole, their order is not
    ],
)
def test_of_what_is_no_yaml_only_what_could_be_read_is_shown(
    text: str, shown: str | None, here: Path, say: Say
) -> None:
    Path("net.yaml").write_text(text, encoding="utf-8")
    said = say("table", "net.yaml")
    refused(said, "net.yaml:")
    lines = [line.split(" | ", 1)[1] for line in said.err.splitlines() if " | " in line]
    assert (lines[0] if lines else None) == shown
