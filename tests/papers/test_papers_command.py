"""``mbcost reproduce``: what it prints in every format, its exit codes, and the commands it gives to paste."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mbcost.papers import VERDICTS, load, papers, reproduce
from mbcost.papers.commands import commands
from tests.pace import within

Say = Callable[..., Any]


def test_without_a_paper_it_lists_them(say: Say) -> None:
    said = say("reproduce")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()[4:] if line][:-1] == papers()
    listed = json.loads(say("reproduce", "-f", "json").out)
    assert listed["schema"] == "mbcost/papers/1"
    assert [paper["name"] for paper in listed["papers"]] == papers()
    v1 = next(paper for paper in listed["papers"] if paper["name"] == "mobilenet_v1")
    assert (v1["tables"][:2], v1["figures"], v1["cells"]) == (["1", "2"], ["4", "5"], 237)


def test_the_summary_of_a_paper(say: Say) -> None:
    said = say("reproduce", "mobilenet_v1")
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[0] == "MobileNets (arXiv:1704.04861)"
    assert lines[2].split() == ["table", "title", "cells", *VERDICTS]
    total = next(line for line in lines if line.startswith("total"))
    assert [int(word) for word in total.split()[1:]] == [237, 128, 5, 8, 6, 6, 25, 59]
    assert (
        lines[-1]
        == "All 237 cells have their expected verdict. --table N or --only VERDICTS shows cells, with reasons."
    )


def test_one_table_cell_by_cell(say: Say) -> None:
    assert say("reproduce", "mobilenet_v1", "--table", "4").out == (
        "MobileNets (arXiv:1704.04861), table 4: Depthwise separable against full convolution\n"
        "\n"
        "row             column                 published       computed  prints as  verdict\n"
        "───────────────────────────────────────────────────────────────────────────────────────\n"
        "Conv MobileNet  ImageNet accuracy (%)       71.7              -          -  measured\n"
        "                Million mult-adds           4866  4,867,293,184       4867  variant (1)\n"
        "                Million parameters          29.3     29,281,120       29.3  match\n"
        "───────────────────────────────────────────────────────────────────────────────────────\n"
        "MobileNet       ImageNet accuracy (%)       70.6              -          -  measured\n"
        "                Million mult-adds            569    568,740,352        569  match\n"
        "                Million parameters           4.2      4,209,088        4.2  match\n"
        "\n"
        "(1) Counted without the classifier (4866.27), while the 569 in the row below has it in; with it the cell would be 4867.\n"
        "Counted: mult_adds, weights, of convolutions and linear layers, convention torch; rounded to nearest, a tie up, "
        "unless a verdict says cut off\n"
    )


def test_only_some_verdicts(say: Say) -> None:
    rows = list(
        csv.DictReader(io.StringIO(say("reproduce", "mobilenet_v1", "--only", "erratum,unexplained", "-f", "csv").out))
    )
    assert len(rows) == 12
    assert {row["verdict"] for row in rows} == {"erratum", "unexplained"}
    assert all(row["reason"] for row in rows)
    swapped = next(row for row in rows if row["table"] == "2")
    assert (swapped["row"], swapped["published"], swapped["computed"], swapped["printed"]) == (
        "Conv 3x3",
        "1.19%",
        "21168/1110821",
        "1.91%",
    )


def test_the_json_report(say: Say) -> None:
    report = json.loads(say("reproduce", "mobilenet_v1", "-f", "json").out)
    assert report["schema"] == "mbcost/reproduce/1"
    assert report["as_expected"] is True
    assert report["summary"] == dict(zip(VERDICTS, (128, 5, 8, 6, 6, 25, 59), strict=True))
    assert [table["id"] for table in report["tables"]] == [*[str(n) for n in range(1, 15)], "text"]
    assert sum(len(table["cells"]) for table in report["tables"]) == sum(report["summary"].values())
    for table in report["tables"]:
        assert set(table) == {"id", "title", "cells"}
        for cell in table["cells"]:
            assert {"row", "column", "published", "computed", "printed", "verdict", "reason"} <= set(cell)
            assert cell["verdict"] in VERDICTS
            assert cell["verdict"] == cell["expected"]
            assert (cell["computed"] is None) == (cell["verdict"] in {"undefined", "measured"})
    full = next(c for t in report["tables"] if t["id"] == "4" for c in t["cells"] if c["published"] == "4866")
    assert (full["computed"], full["printed"], full["verdict"], full["ids"]) == (
        4867293184,
        "4867",
        "variant",
        ["V1-03"],
    )
    share = next(c for t in report["tables"] if t["id"] == "2" for c in t["cells"] if c["published"] == "1.19%")
    assert share["computed"] == "21168/1110821"


def test_a_paper_that_is_not_reproduced_exits_with_1(say: Say, tmp_path: Path) -> None:
    wrong = tmp_path / "paper.yaml"
    wrong.write_text(
        load("mobilenet_v1").document.text.replace('["290", floored]', '["292", floored]'), encoding="utf-8"
    )
    said = say("reproduce", str(wrong))
    assert said.code == 1
    assert "7:1.0 MobileNet-160:mult_adds: unexplained, expected truncated: Cut off, not rounded," in said.out
    assert "1 of 237 cells differ from their expected verdict. --table N" in said.out
    assert json.loads(say("reproduce", str(wrong), "-f", "json").out)["as_expected"] is False
    assert say("reproduce", str(wrong), "--table", "7").code == 1
    assert say("reproduce", str(wrong), "--table", "6").code == 0


def test_the_markdown_report(say: Say) -> None:
    out = say("reproduce", "mobilenet_v1", "--table", "6", "-f", "markdown").out
    rows = [line for line in out.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 12
    assert len({line.count("|") for line in rows}) == 1
    assert "| 568,740,352 |" in out


def test_the_latex_report_has_the_structure_of_a_booktabs_table(say: Say) -> None:
    for name in papers():
        for format_args in (("--only", "erratum,unexplained,variant,truncated"), ()):
            out = say("reproduce", name, *format_args, "-f", "latex").out
            assert re.match(r"% needs \\usepackage\{booktabs\}\n(?:% .*\n)?\\begin\{table\*?\}\[tbp\]\n", out)
            assert out.isascii(), "pdflatex knows no other characters"
            assert out.count(r"\begin{") == out.count(r"\end{") == 2
            assert [out.count(rule) for rule in (r"\toprule", r"\bottomrule")] == [1, 1]
            columns = re.search(r"\\begin{tabular}{([lr]+)}", out)
            assert columns is not None
            body = out[out.index(r"\toprule") : out.index(r"\bottomrule")].splitlines()
            for line in body:
                if line.endswith(r"\\"):
                    assert len(re.findall(r"(?<!\\)&", line)) == len(columns[1]) - 1, line
            bare = re.sub(r"\\[%&#$_{}]|(?m:^% .*$)", "", out)
            assert not re.findall(r"[%#]", bare)
            assert "_" not in re.sub(r"\$[^$]*\$|\\label{[^}]*}", "", bare)
            assert bare.count("{") == bare.count("}")


def test_the_latex_caption_states_convention_and_rounding(say: Say) -> None:
    out = say("reproduce", "mobilenet_v1", "--table", "6", "-f", "latex").out
    caption = next(line for line in out.splitlines() if r"\caption" in line)
    assert caption.startswith(
        r"  \caption{MobileNets (arXiv:1704.04861), table 6: Width multiplier. Published and computed."
    )
    assert "convention torch; rounded to nearest" in caption
    assert r"\label{tab:mobilenets-arxiv-1704-04861-table-6-width-multiplier}" in out


def test_output_goes_to_a_file(say: Say, tmp_path: Path) -> None:
    said = say("reproduce", "mobilenet_v1", "--table", "4", "-f", "csv", "-o", str(tmp_path / "four.csv"))
    assert (said.code, said.out, said.err) == (0, "", "")
    text = (tmp_path / "four.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0] == "table,row,column,published,computed,printed,verdict,reason"
    assert "4,MobileNet,mult_adds,569,568740352,569,match," in text


def test_the_command_behind_a_cell(say: Say) -> None:
    said = say("reproduce", "mobilenet_v1", "--cell", "12:0.25 MobileNet-128:mult_adds")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith(
        "# published 15, computed 13: variant. Fits a network whose first convolution keeps 16 channels"
    )
    assert lines[1:] == [
        "# read: mult_adds",
        "mbcost table mobilenet_v1 -a 0.25 -r 128 --without classifier",
        "# as published, read: mult_adds",
        "mbcost table mobilenet_v1 -a 0.25 -r 128 --set conv_1.out_channels=16 --set conv_1.width=fixed --without classifier",
    ]
    report = json.loads(say("reproduce", "mobilenet_v1", "--cell", "12:0.25 MobileNet-128:mult_adds", "-f", "json").out)
    assert report["commands"] == [lines[2], lines[4]]
    assert report["read"] == ["mult_adds", "mult_adds"]
    assert (report["computed"], report["printed"]) == (13314048, "13")


def test_a_row_may_be_named_by_its_number(say: Say) -> None:
    assert say("reproduce", "mobilenet_v1", "--cell", "4:2:mult_adds").out == (
        "# published 569, computed 569: match\n# read: mult_adds\nmbcost table mobilenet_v1\n"
    )
    assert (
        say("reproduce", "mobilenet_v1", "--cell", "3:3:params").out.splitlines()[-1]
        == "mbcost conv 384 384 -k 3 --size 14"
    )
    assert (
        say("reproduce", "mobilenet_v1", "--cell", "6:1:top1").out
        == "# published 70.6: measured\n# nothing is computed for this cell\n"
    )


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v3", "tf_slim"])
def test_the_commands_give_the_computed_numbers(say: Say, name: str) -> None:
    """Every sixth command, pasted as it is, prints the very number of its cell among the totals."""
    tried = 0
    totals = {"mult_adds", "params", "weights"}
    narrowed = {"conv", "layer", "share", "per", "rows", "kind", "size"}
    cells = [r for table in reproduce(load(name)) for r in table.cells if isinstance(r.computed, int)]
    plain = [r for r in cells if r.cell.setting.get("quantity") in totals and not narrowed & set(r.cell.setting)]
    for result in plain[::6]:
        said = say(*shlex.split(commands(result.cell)[0][1])[1:])
        total = next(line for line in said.out.splitlines() if line.startswith("total"))
        assert f"{result.computed:,}" in total, result.cell
        tried += 1
    assert tried >= 5


@pytest.mark.parametrize(
    ("paper", "cell", "read", "command"),
    [
        ("mobilenet_v1", "4:MobileNet:params", "weights", "mbcost table mobilenet_v1 --convention paper"),
        ("mobilenet_v1", "9:Squeezenet:mult_adds", "flops, 2 digits at least", "mbcost table squeezenet_1_0 -r 227 --unit flops"),
        ("mobilenet_v1", "9:AlexNet:mult_adds", "mult_adds, 2 digits at least", "mbcost table alexnet_two_tower -r 227"),
        ("mobilenet_v1", "8:VGG 16:mult_adds", "mult_adds, kind conv, 3 digits at least", "mbcost table vgg16 --by kind"),
        ("libraries", "v2_params:Keras:params", "params", "mbcost table mobilenet_v2 --convention keras"),
        ("libraries", "omz:mobilenet-v1-1.0-224:billions", "flops", "mbcost table mobilenet_v1 --convention openvino --unit flops"),
        ("mobilenet_v3", "6:V3-Small:params", "weights + biases", "-f json"),
        ("mobilenet_v2", "text:1:value", "mult_adds", "mbcost table mobilenet_v2"),
    ],
)  # fmt: skip
def test_the_last_command_gives_the_published_number(say: Say, paper: str, cell: str, read: str, command: str) -> None:
    *_, what, line = say("reproduce", paper, "--cell", cell).out.splitlines()
    assert what.endswith(f"read: {read}")
    assert line.endswith(command)
    assert say(*shlex.split(line)[1:]).code == 0


def test_a_cell_held_against_another_one_names_it(say: Say) -> None:
    said = say("reproduce", "mobilenet_v1", "--cell", "text:6:value")
    assert said.out.splitlines()[1:] == ["# read: table 12, column params, row Baseline"]


@pytest.mark.parametrize("row", ["Convolution", "Depthwise Separable Conv", "α = 0.75", "ρ = 0.714"])
def test_the_commands_of_table_3_give_its_numbers(say: Say, row: str) -> None:
    cells = [r for r in reproduce(load("mobilenet_v1"), ["3"])[0].cells if r.cell.row == row]
    report = json.loads(say(*shlex.split(commands(cells[0].cell)[0][1])[1:], "-f", "json").out)
    form = report[cells[0].cell.setting["form"]]
    assert [form["mult_adds"], form["params"]] == [r.computed for r in cells]


def fresh(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_reproducing_a_paper_imports_neither_sympy_nor_numpy_nor_matplotlib() -> None:
    probe = "import sys; from mbcost.papers import load, reproduce; reproduce(load('mobilenet_v1'));{}print(*[m for m in ('sympy', 'numpy', 'matplotlib', 'click', 'rich') if m in sys.modules])"
    assert fresh(probe.format("")).split() == []
    assert fresh(probe.format("import sympy;")).split() == ["sympy"], "the probe would notice"


def test_the_whole_of_mobilenet_v1_takes_less_than_two_seconds() -> None:
    code = "from mbcost import cli; cli.COMMANDS['reproduce'] = 'reproduce'; raise SystemExit(cli.run(['reproduce', 'mobilenet_v1']))"
    before = time.perf_counter()
    assert "All 237 cells" in fresh(code)
    assert within(time.perf_counter() - before, 2)


def test_no_cell_of_a_verdict_is_said(say: Say) -> None:
    said = say("reproduce", "mobilenet_v1", "--table", "4", "--only", "erratum,unexplained")
    assert said.code == 0
    assert "No cell has the verdict erratum or unexplained." in said.out


def test_the_summary_as_csv_has_a_number_in_every_field(say: Say) -> None:
    rows = list(csv.DictReader(io.StringIO(say("reproduce", "mobilenet_v1", "-f", "csv").out)))
    assert all(row[verdict].isdigit() for row in rows for verdict in VERDICTS)


def test_the_report_says_what_it_counts_and_under_which_convention(say: Say, tmp_path: Path) -> None:
    assert "\nCounted: channels, map_bytes; rounded" in say("reproduce", "mobilenet_v2", "--table", "3").out
    other = tmp_path / "paper.yaml"
    other.write_text(
        load("mobilenet_v1").document.text.replace("- [MobileNet, ~,", "- [MobileNet, {convention: thop},"),
        encoding="utf-8",
    )
    assert "convention torch, thop; rounded" in say("reproduce", str(other), "--table", "4").out
    assert json.loads(say("reproduce", str(other), "--table", "4", "-f", "json").out)["convention"] == "torch, thop"
