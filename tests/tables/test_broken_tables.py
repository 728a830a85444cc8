"""Every table in tests/broken is refused with the message beside it, word for word.

A case is a file: drop a ``.yaml`` into the folder, run ``pytest --rewrite-goldens``, and read the ``.txt`` it writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mbcost.layers import KINDS
from mbcost.tables import configs_folder
from tests.conftest import Said

BROKEN = Path(__file__).parents[1] / "broken"
CASES = sorted(path.stem for path in BROKEN.glob("*.yaml"))


def written(case: str) -> str:
    path = BROKEN / f"{case}.txt"
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize("case", CASES)
def test_a_broken_table_is_refused_in_these_words(
    case: str, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, rewriting: bool
) -> None:
    monkeypatch.chdir(BROKEN)
    said = say("table", f"{case}.yaml")
    message = said.err.replace(configs_folder(), "configs")  # where they are is the machine's affair
    if rewriting:
        (BROKEN / f"{case}.txt").write_text(message, encoding="utf-8")
    assert (said.code, said.out) == (2, "")
    assert message == written(case)


@pytest.mark.parametrize("case", CASES)
def test_a_message_has_its_place_its_fact_and_no_trace_of_the_machine(case: str) -> None:
    message = written(case)
    first, *rest = message.splitlines()
    place = re.match(r"(\S+\.yaml):(\d+):(\d+): ", first)
    assert place, first
    assert not re.search(r"Traceback|site-packages|<mbcost|object at 0x|None\b", message)
    assert str(BROKEN.parent) not in message
    assert all(len(line) < 400 for line in rest)


@pytest.mark.parametrize("case", CASES)
def test_the_caret_stands_under_what_is_wrong(case: str) -> None:
    """Where a line of the file is shown, it is that line, and the caret is in its column."""
    lines = written(case).splitlines()
    for number, line in enumerate(lines):
        place = re.match(r"(\S+\.yaml):(\d+):(\d+): ", line)
        if not place or number + 2 >= len(lines) or " | " not in lines[number + 1]:
            continue
        file = (
            BROKEN / place[1] if "/models/" not in place[1] else Path(place[1].replace("configs", configs_folder(), 1))
        )
        source = file.read_text(encoding="utf-8").splitlines()[int(place[2]) - 1]
        shown = lines[number + 1].split(" | ", 1)[1]
        caret = lines[number + 2].split(" | ", 1)[1].index("^")
        if len(source) <= 100:
            whole = "".join(c if c.isprintable() else " " for c in source)
            assert shown == whole or (": not valid YAML: " in line and whole.startswith(shown))
            assert caret == int(place[3]) - 1
        else:  # a window of a long line
            assert shown.lstrip("…") in source
            assert shown[caret:] == source[int(place[3]) - 1 :][: len(shown) - caret]


@pytest.mark.parametrize("case", CASES)
def test_all_problems_of_a_table_are_counted(case: str) -> None:
    message = written(case)
    places = len(re.findall(r"^\S+\.yaml:\d+:\d+: ", message, re.MULTILINE))
    assert (f"\n{places} problems\n" in message) == (places > 1)


@pytest.mark.parametrize("case", CASES)
def test_a_message_says_the_way_out_or_what_is_wanted(case: str) -> None:
    for problem in re.split(r"(?m)^(?=\S+\.yaml:\d+:\d+: )", written(case))[1:]:
        wanted = re.search(
            r"is not (an? |one of |true or false|none, or|same, valid)|, not a mapping|are a mapping of", problem
        )
        assert "\n  help: " in problem or wanted, problem


def test_every_kind_can_be_read_without_a_problem(tmp_path: Path, say: Callable[..., Said]) -> None:
    """The folder above is of no use if good tables were refused as well."""
    needs = {"conv": "kernel_size: 3, out_channels: 4", "pointwise": "out_channels: 4", "linear": "out_channels: 4", "separable": "out_channels: 4",
             "inverted_residual": "expansion: 2, out_channels: 4", "fused_inverted_residual": "expansion: 2, out_channels: 4",
             "max_pool": "kernel_size: 3, stride: 1", "avg_pool": "kernel_size: 3, stride: 1", "split": "parts: 2, take: 1", "shuffle": "groups: 2",
             "upsample": "factor: 2", "squeeze_excite": "se_rounding: floor", "transposed": "kernel_size: 3, out_channels: 4", "attention": "heads: 2",
             "mobile_mqa": "heads: 2", "matmul": "product: scores, heads: 2", "slice": "positions: 1", "pixel_shuffle": "factor: 2", "custom": "mult_adds: 1, params: 1"}  # fmt: skip
    for op, kind in KINDS.items():
        fields = ", ".join(
            part
            for part in (f"op: {op}", needs.get(op, ""), "from: [input, input]" if kind.inputs == "several" else "")
            if part
        )
        path = tmp_path / "net.yaml"
        path.write_text(f"format: 1\ninput: {{channels: 4, resolution: 1}}\nlayers: [{{{fields}}}]\n", encoding="utf-8")
        assert say("table", str(path)).code == 0, op
