"""The first hour: what a student asks, each answered by one command of the README, at 80 columns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.test_cli_terminal import on_terminal, plain

README = re.sub(r"\s+", " ", (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8"))

QUESTIONS = [
    # question, command of the README, what its answer says
    (
        "Where do the mult-adds sit?",
        "table mobilenet_v1 --by kind --convention paper",
        ["pointwise", "539,492,352", "94.86 %"],
    ),
    ("What does alpha 0.5 save?", "diff mobilenet_v1@1 mobilenet_v1@0.5", ["-419,243,264", "separable_13/pointwise"]),
    ("Why is it not exactly alpha squared?", "formula mobilenet_v1 --sensitivity", ["1.949", "elasticity"]),
    ("What is layer 7?", "table mobilenet_v1 --layer separable_7", ["separable_7/depthwise", "52,283,392"]),
    (
        "V1 against V2 against V3?",
        "compare mobilenet_v1 mobilenet_v2 mobilenet_v3_large",
        ["568,740,352", "300,774,272", "216,589,760"],
    ),
    ("Is Table 2 right?", "reproduce mobilenet_v1 --table 2", ["erratum", "1.19%"]),
    ("V3-Small at 0.75?", "table mobilenet_v3_small -a 0.75", ["43,399,344", "2,041,872"]),
    ("My own little network?", "table net.yaml", ["classifier", "total"]),
]
NET = """format: 1
input: {channels: 1, resolution: 28}
rounding: divisor:8
layers:
  - {op: conv, kernel_size: 3, out_channels: 16, stride: 2}
  - {op: separable, out_channels: 32, stride: 2}
  - {op: global_pool}
  - {op: linear, name: classifier, out_channels: 10, width: fixed}
"""


@pytest.mark.parametrize(("question", "command", "answers"), QUESTIONS, ids=[question for question, _, _ in QUESTIONS])
def test_one_command_answers(question: str, command: str, answers: list[str], tmp_path: Path) -> None:
    assert f"mbcost {command}" in README, question
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    words = [str(tmp_path / word) if word == "net.yaml" else word for word in command.split()]
    said = plain(on_terminal(words, 80))
    assert max(map(len, said.splitlines())) <= 80
    for answer in answers:
        assert answer in said, said
