"""Every budgets file in tests/budgets/bad is refused with the message beside it, word for word, and exit code 2.

A case is a file: drop a ``.yaml`` into the folder, run ``pytest --rewrite-goldens``, and read the ``.txt`` it writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mbcost.budgets.verdicts.report import FORMATS as OWN
from mbcost.report import FORMATS
from mbcost.tables import configs_folder
from tests.conftest import Said

BAD = Path(__file__).parent / "bad"
CASES = sorted(path.stem for path in BAD.glob("*.yaml"))
WITHOUT_PLACE = {"relative_only"}


def test_there_are_cases() -> None:
    assert len(CASES) > 30


@pytest.mark.parametrize("case", CASES)
def test_a_bad_budgets_file_is_refused_in_these_words(
    case: str, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, rewriting: bool
) -> None:
    monkeypatch.chdir(BAD)
    said = say("check", f"{case}.yaml")
    file = BAD / f"{case}.txt"
    if rewriting:
        file.write_text(said.err, encoding="utf-8")
    assert (said.code, said.out) == (2, "")
    assert said.err == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_message_has_its_place_and_a_way_out(case: str) -> None:
    message = (BAD / f"{case}.txt").read_text(encoding="utf-8")
    assert "  help: " in message
    if case not in WITHOUT_PLACE:
        assert re.match(r"\S+\.ya?ml:\d+:\d+: ", message)
    for forbidden in ("Traceback", configs_folder(), str(BAD), "object at 0x"):
        assert forbidden not in message


@pytest.mark.parametrize(
    ("args", "fact", "help"),
    [
        (["googlenet"], "`googlenet` is a model, not a budgets file", "mbcost check googlenet --max-mult-adds 300M"),
        (["nope.yaml"], "`nope.yaml` cannot be read: No such file or directory", "check the path"),
        (["tables"], "`tables` is a directory", "name a file in it"),
        (["tables/net.yaml"], "this is a layer table, not a budgets file", "mbcost check tables/net.yaml --max-mult-adds 300M"),
        (["--max-mult-adds", "300M"], "no model is named", "mbcost check MODEL... --max-mult-adds 300M"),
        (["mobilenet_v1", "--max-mult-adds", "300"], "`300` is below 10,000 and has no unit", "did you mean `300M`?"),
        (["mobilenet_v1", "--max-params", "-3M"], "a limit of `-3M` is negative", "write an amount such as 300M"),
        (["mobilenet_v1", "--max-params", "3X"], "`3X` has the unknown unit `X`", "write an amount such as 300M"),
        (["no_model.yaml", "--max-params", "3M"], "this is a budgets file, not a layer table", "mbcost check FILE"),
        (["mobilenet_v*.yaml", "--max-params", "3M"], "the glob `mobilenet_v*.yaml` matches no file", "current folder"),
        (["good.yml", "--alpha", "0.5"], "--alpha goes with --max limits", "`at` has the points"),
        (["good.yml", "--convention", "thop"], "--convention goes with --max limits", "`convention` the counting rule"),
        (["good.yml", "--headroom", "3%"], "--headroom goes with --update", "add --update"),
        (["good.yml", "--update", "--headroom", "3"], "--headroom: `3` is not a share", "write `3%`"),
        (["mobilenet_v1", "--max-params", "5M", "--update"], "--update rewrites budgets files", "mbcost-budgets.yaml"),
        (["good.yml", "--report", "junit"], "`junit` is not FORMAT=FILE", "--report junit=build/mbcost.xml"),
        (["good.yml", "--report", "junt=x"], "--report `junt` is not known", "did you mean `junit`?"),
        (["good.yml", "-f", "xml"], "-f `xml` is not known", f"use one of {', '.join([*FORMATS, *OWN])}"),
        (["good.yml", "--base", "base.json"], "`base.json` cannot be read", "check the path"),
        (["mobilenet_v1", "--max-params", "5M", "--rho", "1", "-r", "192"], "rho and a resolution are both given", "keep one"),
    ],
)  # fmt: skip
def test_a_wrong_question(
    args: list[str], fact: str, help: str, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BAD)
    said = say("check", *args)
    assert (said.code, said.out) == (2, "")
    first, *rest = said.err.splitlines()
    assert fact in first
    assert help in rest[-1]


def test_without_a_budgets_file(say: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = say("check")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "error: there is no `mbcost-budgets.yaml` in this folder, nor above it up to the root of the repository\n"
        "  help: write one, name another file, or give models and limits: mbcost check MODEL --max-mult-adds 300M\n"
    )


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("{", "base.json:1:2: not valid JSON: Expecting property name"),
        ("[" * 100_000, "`base.json` is nested too deep for a report"),
        ("[1, 2]", "`base.json` is no report of mbcost"),
        ('{"schema": "mbcost/conv/1"}', "`base.json` is no report of mbcost"),
        ('{"schema": "mbcost/check/9"}', "is of another version: mbcost/check/9"),
        ('{"schema": "mbcost/table/1", "groups": []}', "has not every layer"),
        ('{"schema": "mbcost/check/1", "models": [3]}', "cannot be read: models[0] is 3, not a mapping"),
        ('{"schema": "mbcost/check/2", "models": []}', "has no models, so nothing can be compared with it"),
        ('{"schema": ["mbcost/check/2"], "models": []}', "`base.json` is no report of mbcost"),
        ('{"schema": "mbcost/check/2", "schema": "mbcost/check/2"}', "cannot be read: `schema` is given twice"),
        ('{"schema": "mbcost/check/2", "x": NaN}', "cannot be read: `NaN` is no number"),
        ('{"schema": "mbcost/check/2", "x": -Infinity}', "cannot be read: `-Infinity` is no number"),
        ('{"x": ' + "9" * 5000 + "}", "cannot be read: a number of 5,000 digits"),
    ],
)
def test_a_report_that_is_no_base(
    text: str, fact: str, say: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.json").write_text(text, encoding="utf-8")
    said = say("check", "mobilenet_v1", "--max-params", "5M", "--base", "base.json")
    assert (said.code, said.out) == (2, "")
    assert fact in said.err.splitlines()[0]
    assert said.err.splitlines()[-1].startswith("  help: ")
