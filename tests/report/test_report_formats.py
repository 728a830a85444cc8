"""A new output format is one function: every command knows it from then on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mbcost.report import FORMATS, register

DECLARED = """\
import sys
from mbcost.report import register
from mbcost.report.cells import cell_texts


def lists(report, where):
    lines = [f"= {report.title}"]
    for table in report.tables("people"):
        keys = [column.key for column in table.columns]
        for row in zip(*cell_texts(table)[0], strict=True):
            lines.append("; ".join(f"{key}: {cell}" for key, cell in zip(keys, row, strict=True)))
    return "\\n".join(lines) + "\\n"


register("lists", lists)
from mbcost.cli import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["table", "mobilenet_v1", "--by", "kind"], "name: conv; layers: 1; mult_adds: 10,838,016; share: 1.91 %;"),
        (["table", "mobilenet_v1", "--layer", "softmax_1"], "= softmax_1: softmax, 1000x1x1 -> 1000x1x1"),
        (["compare", "mobilenet_v1"], "name: separable_1; standard_mult_adds: 231,211,008;"),
        (["compare", "mobilenet_v1", "vgg16"], "model: vgg16; alpha: 1; resolution: 224x224;"),
        (["list"], "name: vgg16; resolution: 224x224;"),
        (["conv", "512", "512", "--size", "14"], "name: standard; mult_adds: 462,422,016; ratio: 1.000;"),
        (["formula", "mobilenet_v1"], "form: idealised; name: total; mult_adds: "),
        (["formula", "mobilenet_v1", "--sensitivity"], "quantity: mult_adds; variable: alpha; value: 568,740,352;"),
        (["sweep", "mobilenet_v1", "-a", "1", "-r", "224"], "alpha: 1; resolution: 224; mult_adds: 568,740,352;"),
        (["solve", "mobilenet_v1", "--max-mult-adds", "300M"], "point: best; alpha: 737/1024; below: 369/512;"),
        (["diff", "mobilenet_v1", "mobilenet_v2"], "change: -; name: separable_13/pointwise;"),
        (["conventions", "mobilenet_v1"], "name: paper; reported: 568,740,352; unit: mult-adds;"),
        (["conventions", "mobilenet_v1", "--explain", "torch", "--as", "thop"], "quantity: mult-adds; part: thop (mult-adds);"),
        (["reproduce", "mobilenet_v1", "--table", "4"], "row: Conv MobileNet; column: ImageNet accuracy (%);"),
        (["lint", "mobilenet_v1"], "= Findings"),
        (["check", "mobilenet_v1", "--max-params", "5M"], "status: pass; model: mobilenet_v1; at: alpha 1, resolution 224;"),
    ],
)  # fmt: skip
def test_every_command_knows_a_format_of_the_test(arguments: list[str], line: str) -> None:
    command = [sys.executable, "-c", DECLARED, *arguments, "-f", "lists"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert any(said.startswith(line) for said in done.stdout.splitlines()), done.stdout


def test_a_format_is_declared_once() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        register("csv", FORMATS["csv"])
