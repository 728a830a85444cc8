"""Tables as an author sets them: names, millions, captions and labels; and what LaTeX makes of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import mbcost
from mbcost.tables import models, scalings
from mbcost.tables.writer import expanded
from tests.conftest import Said

Say = Callable[..., Said]


def test_an_author_chooses_names_and_millions(say: Say) -> None:
    said = say(
        "compare", "mobilenet_v1", "mobilenet_v2@0.75", "-f", "latex", "--in", "M", "--digits", "2", "--name",
        "mobilenet_v1=MobileNetV1", "--name", "mobilenet_v2=$V_2$", "--caption", "Two & more", "--label", "tab:two",
    )  # fmt: skip
    assert said.code == 0
    assert "MobileNetV1 & 1 & " in said.out
    assert "568.74" in said.out
    assert r"\$V\_2\$" in said.out
    assert r"\caption{Two \& more. Counts in millions, rounded to 2 digits.}" in said.out
    assert r"\label{tab:two}" in said.out
    assert "mobilenet" not in said.out


def test_markdown_has_names_and_millions_too(say: Say) -> None:
    said = say(
        "table",
        "mobilenet_v1",
        "--by",
        "kind",
        "-f",
        "markdown",
        "--in",
        "K",
        "--digits",
        "0",
        "--name",
        "mobilenet_v1=V1",
    )
    assert said.out.startswith("**V1, alpha 1")
    assert "568,740" in said.out
    assert "rounded to whole ones" in said.out
    assert re.search(r"\| +28\*\* \|", said.out) or "**28**" in said.out  # layers are counted one by one


def test_tables_have_titles_for_papers_and_names_for_everyone_else(say: Say) -> None:
    asked = ("compare", "mobilenet_v1@0.5", "mobilenet_v2", "efficientnet_b3")
    for format in ("latex", "markdown"):
        said = say(*asked, "-f", format).out
        assert "MobileNetV1 " in said
        assert "of MobileNetV1" in said
        assert "EfficientNet-B3" in said
        assert "mobilenet_v" not in said
    assert "V1 " in say(*asked, "-f", "latex", "--name", "mobilenet_v1=V1").out
    for format in ("table", "csv", "json"):
        assert "MobileNetV" not in say(*asked, "-f", format).out
    assert "| mobilenet_v1 " in say("list", "-f", "markdown").out  # names to type


TITLED = """format: 1
{}
input: {{channels: 3, resolution: 32}}
layers: [{{op: conv, name: tiny, kernel_size: 3, out_channels: 8}}]
"""


def test_a_title_is_text_of_its_own_table_alone(say: Say, tmp_path: Path) -> None:
    one, other, on = (tmp_path / f"{name}.yaml" for name in ("tiny", "other", "on"))
    one.write_text(TITLED.format('title: "$x$ **&** {}"'), encoding="utf-8")
    other.write_text(TITLED.format('title: "$x$ **&** {}"'), encoding="utf-8")
    on.write_text("format: 1\nbase: {model: tiny.yaml}\n", encoding="utf-8")
    assert mbcost.load(str(one)).title == "$x$ **&** {}"
    assert mbcost.load(str(on)).title == "on"
    said = say("table", str(one), "-f", "latex").out
    assert r"\$x\$ {*}{*}\&{*}{*} \{\}" in said
    assert "\n    tiny & " in said  # the row, which has the name of the table
    assert r"**$x$ \*\*\&\*\* {}, alpha 1" in say("table", str(one), "-f", "markdown").out
    two = say("compare", str(one), str(other), "-f", "latex").out  # one title for two networks tells nobody which
    assert "tiny & " in two
    assert "other & " in two


def test_a_title_is_written_out_again() -> None:
    for name in ("shufflenet_v2_x0_5", "efficientnet_b3"):
        network = mbcost.load(name)
        table = mbcost.loads(expanded(network.table)).table
        assert table.title == network.table.title
        assert table.scalings == network.table.scalings


def test_every_shipped_network_has_a_title_of_its_own() -> None:
    names = [*models(), *scalings()]
    titles = {mbcost.load(name).title for name in names}
    assert len(titles) == len(names)
    assert not titles & {*names}


def test_a_label_does_not_change_with_the_variant(say: Say) -> None:
    labels = {
        re.search(r"label\{(.*?)\}", say("table", "mobilenet_v1", "-f", "latex", *more).out)[1]  # type: ignore[index]
        for more in ([], ["-a", "0.5"], ["--convention", "thop"], ["-r", "128"])
    }
    assert labels == {"tab:table-mobilenet-v1"}


def test_no_hash_stands_in_a_caption(say: Say) -> None:
    out = say("diff", "mobilenet_v1", "mobilenet_v1@0.5", "-f", "latex").out
    (caption,) = re.findall(r"\\caption\{(.*)\}", out)
    assert not re.search(r"[0-9a-f]{16}", caption)
    assert re.search(r"(?m)^% .*[0-9a-f]{16}$", out)


def test_a_table_breaks_over_pages_only_where_it_is_asked_to(say: Say) -> None:
    assert "longtable" not in say("table", "mobilenet_v2", "-f", "latex").out.replace("--long breaks", "")
    assert r"\begin{longtable}" in say("table", "mobilenet_v2", "-f", "latex", "--long").out


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (["table", "mobilenet_v1", "--label", "x"], "--label is for LaTeX"),
        (["table", "mobilenet_v1", "-f", "csv", "--in", "M"], "--in is for LaTeX and Markdown"),
        (["table", "mobilenet_v1", "-f", "markdown", "--long"], "--long is for LaTeX"),
        (["table", "mobilenet_v1", "-f", "latex", "--digits", "0"], "--in is not given"),
        (["table", "mobilenet_v1", "-f", "latex", "--name", "x"], "is not MODEL=NAME"),
        (["formula", "mobilenet_v1", "-f", "latex", "--label", "x"], "this answer is none in LaTeX"),
    ],
)
def test_a_setting_that_has_no_place(words: list[str], fact: str, say: Say) -> None:
    said = say(*words)
    assert (said.code, said.out) == (2, "")
    assert fact in said.err


COMMANDS = (
    ["table", "mobilenet_v1"], ["table", "mobilenet_v1", "--by", "kind", "--in", "M"], ["table", "mobilenet_v2", "--layer", "conv_1"],
    ["compare", "mobilenet_v1", "--by", "kind"], ["compare", "mobilenet_v1", "mobilenet_v2", "--name", "mobilenet_v2=V2 & 50 %"],
    ["conv", "512", "512", "--size", "14"], ["formula", "mobilenet_v2"], ["formula", "mobilenet_v1", "--sensitivity"], ["list", "v3"],
    ["solve", "mobilenet_v1", "--max-mult-adds", "300M", "-r", "224"], ["sweep", "mobilenet_v1", "-a", "0.5,1", "-r", "128,224"],
    ["diff", "mobilenet_v1", "mobilenet_v1@0.5"], ["conventions", "mobilenet_v1"], ["conventions", "mobilenet_v1", "--explain", "torch", "--as", "thop"],
    ["memory", "mobilenet_v1"], ["roofline", "mobilenet_v1"], ["reproduce", "mobilenet_v1", "--table", "4"],
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX is installed")
@pytest.mark.parametrize("columns", ["onecolumn", "twocolumn"])
def test_latex_compiles(columns: str, say: Say, tmp_path: Path) -> None:
    tables = [say(*words, "-f", "latex") for words in COMMANDS]
    assert {said.code for said in tables} == {0}
    body = "\n\n\\clearpage\n".join(said.out for said in tables)
    head = rf"\documentclass[{columns}]{{article}}\usepackage{{booktabs,longtable,amsmath}}\begin{{document}}"
    (tmp_path / "paper.tex").write_text(f"{head}\n{body}\n\\end{{document}}\n", encoding="utf-8")
    ran = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-2000:]
