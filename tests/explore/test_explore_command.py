"""``mbcost explore``: the file it writes, how large it is, and what it refuses."""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import decompress

import pytest

from mbcost.explore.packing import MODULES, module
from mbcost.tables import models
from tests.conftest import Said, refused

Say = Callable[..., Said]


def facts(text: str) -> Any:
    """What a page knows of its networks."""
    packed = re.search(r'await unpacked\("([^"]*)"\)', text)
    assert packed is not None
    return json.loads(decompress(b64decode(packed[1]), wbits=-15))


def test_one_file_that_asks_for_nothing(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    said = say("explore", "mobilenet_v2", "-o", str(path))
    assert (said.code, said.out) == (0, "")
    text = path.read_text(encoding="utf-8")
    assert said.err == f"wrote {path} ({len(text.encode()):,} bytes)\n"
    assert "{{" not in text.replace("}${{", "")
    assert not re.search(r"(?:src|href)=(?![\"'](?:#|data:,))", text)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    script = re.search(r'<script type="module">(.*)</script>', text, re.DOTALL)
    style = re.search(r"<style>(.*)</style>", text, re.DOTALL)
    assert policy and script and style  # noqa: PT018
    for part in (script[1], style[1]):
        assert b64encode(sha256(part.encode()).digest()).decode() in policy[1]


def test_to_stdout_it_is_the_same_every_time(say: Say, tmp_path: Path) -> None:
    first, second = (say("explore", "mobilenet_v1", "-o", "-") for _ in range(2))
    assert (first.code, first.err) == (0, "")
    assert first.out == second.out
    say("explore", "mobilenet_v1", "-o", str(tmp_path / "x.html"))
    assert (tmp_path / "x.html").read_text(encoding="utf-8") == first.out


def test_it_is_small(say: Say) -> None:
    assert len(say("explore", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "-o", "-").out.encode()) <= 120_000


@pytest.mark.slow
def test_all_shipped_tables_in_one_page(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "all.html"
    assert say("explore", *models(), "-o", str(path)).code == 0
    assert path.stat().st_size <= 2_500_000


def test_without_o_it_writes_beside_and_replaces_in_one_step(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mbcost-explorer.html").write_text("old", encoding="utf-8")
    assert say("explore", "mobilenet_v1").code == 0
    assert Path("mbcost-explorer.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert os.listdir() == ["mbcost-explorer.html"]
    Path("mbcost-explorer.html").write_text("old", encoding="utf-8")
    refused(say("explore", "mobilenet_v1", "no_such_model"), "there is no model `no_such_model`")
    assert Path("mbcost-explorer.html").read_text(encoding="utf-8") == "old"


def test_open_starts_the_browser(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) is None)
    path = tmp_path / "a b.html"
    assert say("explore", "mobilenet_v1", "--open", "-o", str(path)).code == 0
    assert opened == [path.as_uri()]
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    assert "no browser could be opened" in say("explore", "mobilenet_v1", "--open", "-o", str(path)).err
    refused(say("explore", "mobilenet_v1", "--open", "-o", "-"), "--open needs a file")


def test_a_paper_brings_its_networks_and_its_points(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "paper.html"
    assert say("reproduce", "mobilenet_v1", "--explore", "-o", str(path)).code == 0
    text = path.read_text(encoding="utf-8")
    assert {"mobilenet_v1", "googlenet"} <= {one["name"] for one in facts(text)["networks"]}
    assert "<title>MobileNets: Efficient" in text
    refused(say("reproduce", "mobilenet_v1", "--explore", "--table", "4"), "--explore makes a page of its own")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mobilenet_v1", "--max-mult-adds", "300"], "below 10,000 and has no unit"),
        (["mobilenet_v1", "--max-params", "-4M"], "negative"),
        (["mobilenet_v1", "--max-model-bytes", "4M"], "does not say which bytes"),
        (["mobilenet_v1@0.5", "mobilenet_v1@0.25"], "is given at two points"),
        (["mobilenet_v1@0"], "alpha"),
        (["alexnet@0.5"], "no width to vary"),
        (["mobilenet_v1", "--depth", "deep"], "depth"),
        (["mobilenet_v1", "--depth", ",".join(["1"] * 99)], "--depth has 99 values"),
        (["mobilenet_v1", "--rounding", "none"], "cannot be explored under `rounding: none`"),
        (["mobilenet_v1", "--rounding", "flor"], "unknown rounding"),
        (["mobilenet_v1", "--without", "nothing"], "nothing"),
        (["mobilenet_v1", "-o", "/no/such/folder/x.html"], "cannot be written"),
        (["mobilenet_v1", "-o", "/"], "cannot be written"),
        ([], "MODELS"),
    ],
)
def test_what_makes_no_sense_is_refused(
    say: Say, arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(say("explore", *arguments), words, way_out=bool(arguments))
    assert os.listdir() == []


def test_two_tables_of_one_name_are_told_apart(say: Say, tmp_path: Path) -> None:
    table = "format: 1\nname: net\ninput: {channels: 3, resolution: 32}\nlayers: [{op: conv, kernel_size: 3, out_channels: 8}]\n"
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(table, encoding="utf-8")
    refused(
        say("explore", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), "-o", "-"), "two networks are called `net`"
    )


def test_no_module_has_a_name_of_another(say: Say) -> None:
    """They are put into one scope."""
    found: dict[str, str] = {}
    for name in MODULES:
        if name == "given":
            continue
        for word in re.findall(
            r"^(?:export )?(?:async )?(?:function\*?|class|const|let) (\w+)", module(name), re.MULTILINE
        ):
            assert word not in found, f"{word} is in {found[word]} and in {name}"
            found[word] = name
