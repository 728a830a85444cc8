"""The command: what is printed where, in every format, and with which exit code."""

import csv
import io
import json
from pathlib import Path

import pytest

from mbcost.lint import codes

AS_PRINTED = str(Path(__file__).parent / "tables" / "mobilenet_v1_as_printed.yaml")
NO_WIDTH = """error: `resnet50` has no width to vary: its table names no rounding, and alpha is 0.5
  help: give --rounding floor, divisor:8, floor+divisor:8 or none (in Python: rounding=...), or keep alpha 1
"""
BROKEN = """format: 1
input: {channels: 3, resolution: 32}
layers:
  - {op: convolution, kernel_size: 3, out_channels: 8}
  - {op: conv, kernel: 3, out_channels: 8}
  - {op: conv, kernel_size: 3, out_channels: no}
"""


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)
    return str(path)


def test_a_clean_table(say) -> None:
    assert say("lint", "mobilenet_v1", "--strict") == (0, "mobilenet_v1: no findings\n", "")


def test_a_point_on_a_table_is_where_it_is_looked_at(say) -> None:
    """The finding of a narrow network, of the one that is asked about there and of no other."""
    both = json.loads(say("lint", "mobilenet_v1@0.35", "mobilenet_v1", "-f", "json").out)
    assert {found["file"] for found in both["findings"]} == {"mobilenet_v1@0.35"}
    alone = json.loads(say("lint", "mobilenet_v1", "-a", "0.35", "-f", "json").out)
    assert [found["line"] for found in alone["findings"]] == [found["line"] for found in both["findings"]]
    assert alone["findings"]
    twice = say("lint", "mobilenet_v1@0.35", "-a", "0.5")
    assert (twice.code, twice.out) == (2, "")
    assert "both set the alpha" in twice.err


def test_findings_go_to_standard_output_and_strict_makes_them_count(say) -> None:
    done = say("lint", AS_PRINTED)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith(f"{AS_PRINTED}:30:20: MB101 `depthwise_13`: stride 2 gives 4 x 4 x 1024")
    assert lines[1:3] == ["  30 |   - [depthwise, 3, 2,    ~, 7x7x1024]", "     |                    ^"]
    assert lines[3].startswith("  help: correct it to stride: 1")
    assert lines[4:] == ["mobilenet_v1_as_printed: 1 finding"]
    assert say("lint", AS_PRINTED, "--strict").code == 1
    assert say("lint", AS_PRINTED, "--strict", "--ignore", "MB101").code == 0
    assert say("lint", AS_PRINTED, "--strict", "--set", "depthwise_13.stride=1").code == 0


def test_errors_go_to_standard_error_all_at_once(say, broken: str) -> None:
    done = say("lint", broken)
    assert (done.code, done.out) == (2, "")
    heads = [line for line in done.err.splitlines() if line.startswith(broken)]
    assert heads == [
        f"{broken}:4:10: unknown op `convolution`",
        f"{broken}:5:16: `conv` has no field `kernel`",
        f"{broken}:6:46: `out_channels`: `no` is not a whole number from 1 to 10,000,000",
    ]
    assert done.err.endswith("3 problems\n")


def test_several_tables_one_of_them_broken(say, broken: str) -> None:
    done = say("lint", "mobilenet_v2", broken, "mobilenet_v1")
    assert (done.code, done.out) == (2, "2 tables: no findings\n")
    assert done.err.count("broken.yaml:") == 3


def test_json_has_errors_and_findings(say, broken: str) -> None:
    done = say("lint", AS_PRINTED, broken, "-f", "json", "--strict")
    assert done.code == 2
    report = json.loads(done.out)
    assert report["schema"] == "mbcost/lint/1"
    assert report["total"] == {"files": 2, "errors": 3, "findings": 1}
    assert [error["line"] for error in report["errors"]] == [4, 5, 6]
    assert {error["severity"] for error in report["errors"]} == {"error"}
    (finding,) = report["findings"]
    assert (finding["code"], finding["row"], finding["line"], finding["severity"]) == (
        "MB101",
        "depthwise_13",
        30,
        "warning",
    )
    assert finding["message"].endswith("stride 1 fits every printed size")
    assert finding["reason"].startswith("Papers have typing errors")


def test_csv_is_one_line_a_finding(say) -> None:
    done = say("lint", "mobilenet_v1", "-a", "0.35", "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["code"] for row in rows] == ["MB301"] * len(rows)
    assert rows[0]["row"] == "conv_1"
    assert rows[0]["message"] == "`conv_1` has 11 channels at alpha 0.35, no multiple of 8"


@pytest.mark.parametrize("form", ["markdown", "latex"])
def test_documents(say, form: str) -> None:
    done = say("lint", AS_PRINTED, "-f", form)
    assert done.code == 0
    assert "MB101" in done.out


@pytest.mark.parametrize("code", [code.code for code in codes()])
def test_every_code_is_explained_with_a_reason_and_an_example(say, code: str) -> None:
    done = say("lint", "--explain", code.lower())
    assert (done.code, done.err) == (0, "")
    title, _, reason, _, *example = done.out.splitlines()
    assert title.startswith(f"{code} (")
    assert title.endswith(".")
    assert len(reason) > 80
    assert example
    assert json.loads(say("lint", "--explain", code, "-f", "json").out)["codes"][0]["code"] == code


def test_the_list_of_codes(say) -> None:
    listed = [code["code"] for code in json.loads(say("lint", "--codes", "-f", "json").out)["codes"]]
    assert listed == [code.code for code in codes()]
    assert listed == sorted(set(listed))
    assert "MB101  warning   A printed size that the strides do not give." in say("lint", "--codes").out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "error: no table is named\n  help: name one: mbcost lint net.yaml; a shipped model; or - for standard input\n"),
        (("--explain", "MB110"), "error: there is no code `MB110`\n  help: did you mean `MB103` or `MB102` or `MB101`? `mbcost lint --codes` lists them\n"),
        (("mobilenet_v1", "--ignore", "x"), "error: there is no code `x`\n  help: `mbcost lint --codes` lists them\n"),
        (("mobilenet_v1", "mobilenet_v2", "-a", "abc"), "error: alpha `abc` is not a number\n  help: write alpha as 0.75 or 3/4\n"),
        (("resnet50", "-a", "0.5"), NO_WIDTH),
        (("no_such_model",), "error: there is no model `no_such_model`\n  help: `mbcost list` names the shipped models; a path ends in .yaml\n"),
    ],
)  # fmt: skip
def test_wrong_questions(say, args, message) -> None:
    assert say("lint", *args) == (2, "", message)


def test_standard_input(say, monkeypatch) -> None:
    class Stdin:
        buffer = io.BytesIO(
            b"format: 1\nname: x\ninput: {resolution: 8}\nlayers: [{op: conv, kernel_size: 3, out_channels: 8, bias: true}]\n"
        )

    monkeypatch.setattr("sys.stdin", Stdin)
    done = say("lint", "-")
    assert done.code == 0
    assert done.out.startswith("<stdin>:4:60: MB203 `conv_1` has a bias, and norm: batch takes it away again\n")
