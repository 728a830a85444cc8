"""Paper files that are wrong, and questions that are: each with its exact message and the exit code 2."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "broken"
FILES = sorted(path.stem for path in FOLDER.glob("*.yaml"))

Say = Callable[..., Any]


@pytest.mark.parametrize("name", FILES)
def test_a_broken_paper_file_says_where_and_what_to_do(
    name: str, say: Say, rewriting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER)
    said = say("reproduce", f"{name}.yaml")
    expected = FOLDER / f"{name}.txt"
    if rewriting:
        expected.write_text(said.err, encoding="utf-8")
    assert said.err == expected.read_text(encoding="utf-8")
    assert (said.code, said.out) == (2, "")
    assert f"{name}.yaml:" in said.err
    assert "Traceback" not in said.err


def test_every_message_belongs_to_a_file() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == FILES


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ("mobilnet_v1",),
            ("error: there is no paper `mobilnet_v1`\n  help: did you mean `mobilenet_v1` or `mobilenet_v4` or `mobilenet_v3`? there is "
            "efficientnet, libraries, memory, mnasnet, mobilenet_v1, mobilenet_v2, mobilenet_v3, mobilenet_v4, shufflenet_v1, shufflenet_v2, tf_slim; "
            "a path ends in .yaml\n"),
        ),
        (
            ("mobilenet_v1", "--table", "15"),
            "error: `mobilenet_v1` has no table `15`\n  help: its tables are 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, text\n",
        ),
        (("mobilenet_v1", "--figure", "6"), "error: `mobilenet_v1` has no figure `6`\n  help: its figures are 4, 5\n"),
        (("efficientnet", "--figure", "1"), "error: `efficientnet` has no figure `1`\n  help: it has no figures\n"),
        (
            ("mobilenet_v1", "--only", "errata"),
            "error: --only `errata` is not a verdict\n  help: did you mean `erratum`?\n",
        ),
        (
            ("mobilenet_v1", "--only", "erratum,wrong"),
            "error: --only `wrong` is not a verdict\n  help: the verdicts are match, truncated, variant, erratum, unexplained, undefined, measured\n",
        ),
        (
            ("mobilenet_v1", "--cell", "4"),
            'error: --cell `4` does not name a cell\n  help: write TABLE:ROW:COLUMN, for example "4:Conv MobileNet:mult_adds"\n',
        ),
        (
            ("mobilenet_v1", "--cell", "4:MobilNet:mult_adds"),
            "error: table 4 has no row `MobilNet`\n  help: did you mean `MobileNet` or `Conv MobileNet`?\n",
        ),
        (
            ("mobilenet_v1", "--cell", "4:MobileNet:multadds"),
            "error: table 4 has no column `multadds`\n  help: did you mean `mult_adds`?\n",
        ),
        (
            ("mobilenet_v1", "--cell", "1:1:times"),
            "error: table 1 prints nothing in row `1`, column `times`\n  help: --table N shows the cells there are\n",
        ),
        (
            ("mobilenet_v1", "--figure", "4", "--table", "4"),
            "error: --figure, --cell and --table or --only ask for different things\n  help: give one of them\n",
        ),
        (
            ("mobilenet_v1", "-o", "table.png"),
            "error: `table.png` is a picture, and only a figure is drawn\n  help: add --figure N\n",
        ),
        (
            ("mobilenet_v1", "--figure", "4", "-f", "csv", "-o", "figure.png"),
            "error: `figure.png` is a picture, and csv is asked for\n  help: leave -f out, or name a file without .png, .svg or .pdf\n",
        ),
        (("no/such.yaml",), "error: `no/such.yaml` cannot be read: No such file or directory\n  help: check the path and its permissions\n"),
    ],
)  # fmt: skip
def test_a_wrong_question(say: Say, args: tuple[str, ...], message: str) -> None:
    said = say("reproduce", *args)
    assert said.err == message
    assert (said.code, said.out) == (2, "")


def test_options_without_a_paper(say: Say) -> None:
    said = say("reproduce", "--table", "4")
    assert said.code == 2
    assert said.err.startswith("error: no paper is named\n  help: name one of efficientnet, ")


def test_a_picture_that_cannot_be_written_leaves_nothing(say: Say, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    said = say("reproduce", "mobilenet_v1", "--figure", "4", "-o", str(tmp_path / "missing" / "figure.png"))
    assert said.code == 2
    assert "cannot be written: No such file or directory" in said.err
    assert os.listdir(tmp_path) == []


def test_without_matplotlib_the_message_names_the_extra(
    say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    said = say("reproduce", "mobilenet_v1", "--figure", "4", "-o", str(tmp_path / "figure.pdf"))
    assert said.code == 2
    assert said.err == (
        "error: figures need matplotlib, which is not installed\n  help: pip install matplotlib, or ask for the points: -f csv\n"
    )
    assert os.listdir(tmp_path) == []
