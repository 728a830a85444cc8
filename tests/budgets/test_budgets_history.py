"""Badges of the tightest limit, and the history of runs: written line by line, read back strictly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import mbcost
from mbcost.budgets.evaluate import check
from mbcost.budgets.reading import read_budgets_text
from mbcost.budgets.saved_json import exact
from mbcost.budgets.specs import Limit
from mbcost.budgets.verdicts.badge import _short, badge_json, badge_svg
from mbcost.budgets.verdicts.badge import badge as badge_of
from tests.budgets.budgets_world import TABLE, Repository
from tests.conftest import Said

Say = Callable[..., Said]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(TABLE, encoding="utf-8")


def badge(say: Say, budgets: str) -> dict[str, str]:
    Path("b.yaml").write_text(f"format: 1\nbudgets: [{budgets}]\n", encoding="utf-8")
    said = say("check", "b.yaml", "--report", "badge=badge.json", "--report", "badge=badge.svg")
    assert said.err == ""
    found: dict[str, str] = json.loads(Path("badge.json").read_text(encoding="ascii"))
    root = ET.fromstring(Path("badge.svg").read_text(encoding="utf-8"))
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == f"{found['label']}: {found['message']}"
    return found


@pytest.mark.parametrize(
    ("budgets", "label", "message", "colour"),
    [
        ("{model: mobilenet_v1, at: {alpha: 0.75, resolution: 192}, max: {mult_adds: 240M, params: 3M}}", "mult-adds", "239M / 240M", "brightgreen"),
        ("{model: net.yaml, max: {params: 9.4K, mult_adds: 900K}}", "params", "9.32K / 9.4K", "brightgreen"),
        ("{model: net.yaml, warn: {mult_adds: 727K}, max: {params: 9.33K}}", "mult-adds", "728K / 727K", "yellow"),  # rounded up: it is over
        ("{model: net.yaml, warn: {mult_adds: 1.000K}, max: {params: 9.321K}}", "params", "9.33K / 9.321K", "red"),
        ("{model: net.yaml, max: {model_bytes: 1MiB}}", "model bytes", "36.4KiB / 1MiB", "brightgreen"),
        ('{model: net.yaml, layers: {"*/pointwise": {max_share: {mult_adds: 60%}}}}', "mult-adds of separable_3/pointwise", "36.02 % / 60%", "brightgreen"),
    ],
)  # fmt: skip
def test_a_badge_has_the_tightest_limit(budgets: str, label: str, message: str, colour: str, say: Say) -> None:
    assert badge(say, budgets) == {"schemaVersion": 1, "label": label, "message": message, "color": colour}


TINY = (
    "format: 1\nname: tiny\ninput: {channels: 3, resolution: 8}\nlayers: [{op: depthwise, norm: none, bias: false}]\n"
)


@pytest.mark.parametrize(
    ("model", "limits", "label", "message", "colour"),
    [
        ("tiny.yaml", "max: {params: 1.000K, mult_adds: 10M}", "params", "27 / 1.000K", "brightgreen"),
        ("tiny.yaml", "max: {params: 1M, mult_adds: 2K}", "mult-adds", "1.72K / 2K", "brightgreen"),  # 1,728
        ("tiny.yaml", "at: {resolution: 626}, max: {mult_adds: 20M}", "mult-adds", "10.5M / 20M", "brightgreen"),  # 10,580,652
        ("tiny.yaml", "max: {model_bytes: 107B}", "model bytes", "108B / 107B", "red"),
        ("tiny.yaml", "at: {batch: 1000000, resolution: 32768}, max: {mult_adds: 30000000G}", "mult-adds", "28,991,029G / 30000000G", "brightgreen"),
        ("tiny.yaml", "vs_base: {mult_adds: +2%}, max: {params: 1M}", "params", "27 / 1M", "brightgreen"),
        ("tiny.yaml", "vs_base: {mult_adds: +2%}", "mult-adds", "0.00 % / +2%", "brightgreen"),
        ("net.yaml", "vs_base: {mult_adds: +2%, params: +3.000K}, max: {params: 1M}", "mult-adds", "+18.06 % / +2%", "red"),
        ("net.yaml", "vs_base: {mult_adds: +90K, params: +90%}, max: {params: 1M}", "mult-adds", "+131,392 / +90K", "red"),
        ("wrong.yaml", "max: {params: 1M}", "params", "27 / 1M", "red"),
        ("part.yaml", "max: {params: 29.000K}", "params", "at least 27 / 29.000K", "red"),
    ],
)  # fmt: skip
def test_what_a_badge_says(model: str, limits: str, label: str, message: str, colour: str, say: Say) -> None:
    Path("tiny.yaml").write_text(TINY, encoding="utf-8")
    Path("wrong.yaml").write_text(TINY + "expect: [{params: 1028, source: a slip}]\n", encoding="utf-8")
    Path("part.yaml").write_text(
        TINY.replace("}]", "}, {op: custom, cost: unknown, out_channels: 1}]"), encoding="utf-8"
    )
    Path("b.yaml").write_text(f"format: 1\nbudgets: [{{model: {model}, {limits}}}]\n", encoding="utf-8")
    assert say("check", model, "--max-params", "1M", "--exit-zero", "-f", "json", "-o", "base.json").code == 0
    wider = TABLE.replace("{op: separable, out_channels: 64}", "{op: separable, out_channels: 96}")
    Path("net.yaml").write_text(wider, encoding="utf-8")
    base = ["--base", "base.json"] if "vs_base" in limits else []
    assert say("check", "b.yaml", *base, "--report", "badge=badge.json").code == (colour == "red")
    found = json.loads(Path("badge.json").read_text(encoding="ascii"))
    assert found == {"schemaVersion": 1, "label": label, "message": message, "color": colour}


def test_a_badge_of_expectations_alone(say: Say) -> None:
    """They are counted to the unit, so that what is off by a little does not look alike."""
    Path("wrong.yaml").write_text(TINY + "expect: [{mult_adds: 1729, source: a slip}]\n", encoding="utf-8")
    outcome = check([read_budgets_text("format: 1\nbudgets: [{model: wrong.yaml, max: {params: 1M}}]\n", "b.yaml")])
    alone = outcome._replace(results=tuple(r for r in outcome.results if r.limit.kind == "expect"))
    assert json.loads(badge_json(alone))["message"] == "1,728 / 1,729"


def test_a_badge_is_no_way_into_a_page() -> None:
    """No name of a layer can say so; if one could, it would be text."""
    text = "format: 1\nbudgets: [{model: net.yaml, layers: {stem: {max: {mult_adds: 100K}}}}]\n"
    outcome = check([read_budgets_text(text, "b.yaml")])
    hostile = outcome._replace(results=(outcome.results[0]._replace(layer="</svg><script>&\x1b"),))
    assert json.loads(badge_json(hostile))["label"] == "mult-adds of </svg><script>&\\x1b"
    drawn = badge_svg(hostile)
    assert "<script" not in drawn
    assert drawn.count("&lt;/svg&gt;&lt;script&gt;&amp;\\x1b") == 3
    ET.fromstring(drawn)


def test_a_badge_is_a_file_of_a_known_kind(say: Say) -> None:
    for wrong in ("badge=x.png", "badge=-", "badge=x"):
        said = say("check", "net.yaml", "--max-params", "1M", "--report", wrong)
        assert (said.code, said.out) == (2, "")
        assert "names no kind of badge" in said.err
    assert say("check", "net.yaml", "--max-params", "1M", "-f", "badge").code == 2


def run(say: Say, *more: str) -> Said:
    return say("check", "net.yaml", "--max-mult-adds", "800K", "--append", "runs.jsonl", *more)


def test_a_run_is_a_line_and_history_shows_the_runs(say: Say) -> None:
    assert run(say).code == 0
    Path("net.yaml").write_text(
        TABLE.replace("{op: separable, out_channels: 64}", "{op: separable, out_channels: 96}"), encoding="utf-8"
    )
    assert run(say).code == 1
    lines = Path("runs.jsonl").read_text(encoding="ascii").splitlines()
    assert [json.loads(line)["status"] for line in lines] == ["pass", "fail"]
    assert [json.loads(line)["models"][0]["mult_adds"] for line in lines] == [727_680, 859_072]
    said = say("history", "runs.jsonl")
    assert said.code == 0
    rows = [line for line in said.out.splitlines() if " net.yaml " in line]
    assert "727,680" in rows[0]
    assert "859,072  +18.06 %" in rows[1]  # 131,392 more
    document = json.loads(say("history", "runs.jsonl", "-f", "json").out)
    assert document["schema"] == "mbcost/history/1"
    assert [(e["run"], e["params"], round(e["mult_adds_change"] or 0, 6)) for e in document["entries"]] == [
        (1, 9_322, 0),
        (2, 11_754, 0.180563),
    ]
    assert len(say("history", "runs.jsonl", "-f", "csv").out.splitlines()) == 3
    for format in ("markdown", "latex"):
        assert "859" in say("history", "runs.jsonl", "-f", format).out


def test_a_question_that_is_wrong_is_no_run(say: Say) -> None:
    assert run(say, "--base", "nowhere.json").code == 2
    assert not Path("runs.jsonl").exists()


def test_the_commit_is_told_where_there_is_one(
    say: Say, repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = repository("work")
    work.write("net.yaml", TABLE)
    commit = work.commit("one")
    monkeypatch.chdir(work.folder)
    run(say)
    assert json.loads(Path("runs.jsonl").read_text())["commit"] == commit


def test_what_is_appended_to_follows_the_rules_of_o(say: Say, tmp_path: Path) -> None:
    Path("link").symlink_to("runs.jsonl")
    Path("runs.jsonl").write_text('{"cut off', encoding="ascii")  # a run that was killed
    said = say("check", "net.yaml", "--max-mult-adds", "800K", "--append", "link")
    assert (said.code, Path("link").is_symlink()) == (0, True)
    first, second = Path("runs.jsonl").read_text(encoding="ascii").splitlines()
    assert first == '{"cut off'
    assert json.loads(second)["status"] == "pass"
    for wrong in (".", "nowhere/x.jsonl", ""):
        said = say("check", "net.yaml", "--max-mult-adds", "800K", "--append", wrong)
        assert (said.code, said.out) == (2, "")
    os.mkfifo("pipe")
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(Path("pipe").read_text()))
    reader.start()
    assert say("check", "net.yaml", "--max-mult-adds", "800K", "--append", "pipe").code == 0
    reader.join(10)
    assert json.loads(heard[0])["status"] == "pass"


def test_runs_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    code = "from mbcost.cli.output import append\nfor n in range(200): append('x' * 3000 + chr(10), 'f')"
    env = {**os.environ, "PYTHONPATH": str(Path(mbcost.__file__).parents[1])}
    started = [subprocess.Popen([sys.executable, "-c", code], env=env) for _ in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    assert set(Path("f").read_text().split("\n")) == {"x" * 3000, ""}


GOOD = '{"schema": "mbcost/history/1", "time": "t", "commit": null, "status": "pass", "models": [{"model": "m", "at": "a", "convention": "torch", "mult_adds": 1, "params": "1/2"}]}'


@pytest.mark.parametrize(
    ("line", "place", "fact"),
    [
        ("{", ":3:2: ", "not valid JSON: "),
        ("[" * 100_000, ":3:1: ", "no run of `mbcost check`: it is nested too deep"),
        ("[]", ":3:1: ", "its schema is not mbcost/history/1"),
        (GOOD.replace("history/1", "history/2"), ":3:1: ", "its schema is not mbcost/history/1"),
        (GOOD.replace('"t"', "1"), ":3:1: ", "`time`"),
        (GOOD.replace('"pass"', '"good"'), ":3:1: ", "`status`"),
        (GOOD.replace(": 1,", ": true,"), ":3:1: ", "is no count"),
        (GOOD.replace(": 1,", ": 1.5,"), ":3:1: ", "is no count"),
        (GOOD.replace(": 1,", f": {'9' * 5000},"), ":3:1: ", "a number of 5,000 digits"),
        (GOOD.replace('"at": "a", ', ""), ":3:1: ", "a network without"),
        (GOOD.replace('"at"', '"model"'), ":3:1: ", "`model` is given twice"),
        ('{"schema": "mbcost/history/1", "time": "t", "commit": null, "status": "pass", "models": []}', ":3:1: ", "`models`"),
    ],
)  # fmt: skip
def test_a_bad_line_is_told_with_its_place(line: str, place: str, fact: str, say: Say) -> None:
    Path("h.jsonl").write_text(f"{GOOD}\n\n{line}\n{GOOD}\n", encoding="utf-8")
    said = say("history", "h.jsonl")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"h.jsonl{place}")
    assert fact in said.err
    assert "\n  help: " in said.err
    Path("h.jsonl").write_text(f"{GOOD}\n\n{GOOD}\n", encoding="utf-8")
    assert say("history", "h.jsonl").code == 0


def test_no_runs_is_an_error(say: Say) -> None:
    Path("h.jsonl").write_text("\n", encoding="utf-8")
    assert "has no runs" in say("history", "h.jsonl").err
    assert say("history", "gone.jsonl").code == 2


def test_the_history_is_drawn(say: Say) -> None:
    pytest.importorskip("matplotlib")
    Path("h.jsonl").write_text("\n".join([GOOD, GOOD.replace(": 1,", ": 2000000,")]), encoding="utf-8")
    assert say("history", "h.jsonl", "--plot", "h.svg") == (
        0,
        "",
        "caption: Mult-adds of the networks of h.jsonl, run after run\n",
    )
    assert Path("h.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert say("history", "h.jsonl", "--plot", "h.txt").code == 2


def test_names_in_a_history_are_text(say: Say) -> None:
    Path("h.jsonl").write_text(GOOD.replace('"m"', json.dumps("\n::error::x\x1b[2J|<b>")), encoding="utf-8")
    for format in ("table", "csv", "markdown", "latex", "json"):
        said = say("history", "h.jsonl", "-f", format)
        assert said.code == 0
        assert "\x1b" not in said.out
        assert "\n::error" not in said.out
        assert "<b>" not in said.out or format != "markdown"


@pytest.mark.parametrize(
    ("value", "in_bytes", "up", "text"),
    [
        (999, False, False, "999"), (1000, False, False, "1K"), (1001, False, False, "1K"), (1001, False, True, "1.01K"), (9_999, False, False, "9.99K"),
        (10_000, False, True, "10K"), (99_999, False, False, "99.9K"), (100_000, False, True, "100K"), (100_001, False, True, "101K"),
        (999_999, False, False, "999K"), (999_999, False, True, "1,000K"), (10**6, False, False, "1M"), (10**9, False, False, "1G"), (10**12, False, False, "1,000G"),
        (1023, True, True, "1023B"), (1024, True, True, "1KiB"), (1025, True, True, "1.01KiB"), (2**20, True, False, "1MiB"), (2**30, True, False, "1GiB"), (0, False, True, "0"),
    ],
)  # fmt: skip
def test_an_amount_on_a_badge_has_three_digits(value: int, in_bytes: bool, up: bool, text: str) -> None:
    assert _short(value, Limit("max", "params", 1, "1", in_bytes), up=up) == text


def test_a_badge_of_what_was_not_checked_says_so() -> None:
    text = "format: 1\nbudgets: [{model: net.yaml, vs_base: {params: +0}}]\n"
    assert badge_of(check([read_budgets_text(text, "b.yaml")])) == ("mbcost", "not checked", "")


@pytest.mark.parametrize(("said", "amount"), [(3, 3), ("6", 6), ("6/2", 3), ("6/4", Fraction(3, 2))])
def test_a_saved_count_that_is_whole_is_an_integer(said: int | str, amount: int | Fraction) -> None:
    assert (exact(said), type(exact(said))) == (amount, type(amount))
