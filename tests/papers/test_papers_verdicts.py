"""Every published cell has the verdict its paper file expects, and the verdicts come from the numbers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from mbcost.papers import Judged, Paper, computing, load, papers, reproduce, summary
from mbcost.papers.computing import Computer
from mbcost.papers.verdicts import judge

Find = Callable[..., Judged]
Edit = Callable[[str, str, str], Paper]

EVERY = papers()

COUNTS = {
    "efficientnet": (17, 0, 0, 0, 9, 0, 21),
    "libraries": (82, 0, 11, 4, 2, 0, 0),
    "memory": (14, 0, 1, 0, 2, 10, 2),
    "mnasnet": (39, 1, 28, 0, 3, 10, 85),
    "mobilenet_v1": (128, 5, 8, 6, 6, 25, 59),
    "mobilenet_v2": (106, 6, 8, 14, 14, 19, 25),
    "mobilenet_v3": (324, 15, 16, 5, 8, 39, 199),
    "mobilenet_v4": (563, 4, 0, 0, 7, 43, 87),
    "shufflenet_v1": (40, 0, 7, 0, 2, 4, 33),
    "shufflenet_v2": (12, 1, 9, 0, 6, 6, 31),
    "tf_slim": (222, 14, 27, 0, 4, 0, 236),
}

DISCREPANCIES = (
    [f"V1-{n:02}" for n in range(1, 22)]
    + [f"V2-{n:02}" for n in range(1, 13)]
    + [f"V3-{n:02}" for n in range(1, 12)]
    + [f"V4-{n:02}" for n in range(1, 5)]
    + [f"M-{n:02}" for n in range(1, 7)]
    + [f"MEM-{n:02}" for n in range(1, 6)]
)


@pytest.mark.parametrize("name", EVERY)
def test_every_cell_has_its_expected_verdict(name: str) -> None:
    wrong = [
        f"{table.table.id}:{r.cell.row}:{r.cell.column} {r.cell.published} {r.printed} is {r.verdict}, not {r.expected}"
        for table in reproduce(load(name))
        for r in table.cells
        if not r.as_expected
    ]
    assert wrong == []


def test_the_verdicts_of_every_paper_are_counted() -> None:
    assert {name: tuple(summary(reproduce(load(name))).values()) for name in EVERY} == COUNTS


def test_all_known_discrepancies_appear_with_a_reason() -> None:
    found = {
        id
        for name in EVERY
        for table in reproduce(load(name))
        for result in table.cells
        if result.cell.note is not None and result.reason
        for id in result.cell.note.ids
    }
    assert len(DISCREPANCIES) == 59
    assert sorted(found) == sorted(DISCREPANCIES)


@pytest.mark.parametrize("name", EVERY)
def test_whatever_is_no_plain_match_has_a_reason(name: str) -> None:
    for table in reproduce(load(name)):
        for result in table.cells:
            if result.verdict not in {"match", "measured"}:
                assert result.reason, f"{name} {table.table.id}:{result.cell.row}:{result.cell.column}"


@pytest.mark.parametrize(
    ("paper", "table", "row", "column", "published", "computed", "printed", "verdict"),
    [
        ("mobilenet_v1", "1", "18", "type", "Conv dw / s2", "Conv dw / s1", "Conv dw / s1", "erratum"),
        ("mobilenet_v1", "2", "Conv 3x3", "mult_adds", "1.19%", Fraction(10838016, 568740352), "1.91%", "erratum"),
        ("mobilenet_v1", "3", "ρ = 0.714", "mult_adds", "15.1", 15091200, "15.1", "match"),
        ("mobilenet_v1", "4", "Conv MobileNet", "mult_adds", "4866", 4867293184, "4867", "variant"),
        ("mobilenet_v1", "4", "MobileNet", "mult_adds", "569", 568740352, "569", "match"),
        ("mobilenet_v1", "7", "1.0 MobileNet-160", "mult_adds", "290", 290675200, "291", "truncated"),
        ("mobilenet_v1", "8", "VGG 16", "mult_adds", "15300", 15470264320, "15470", "variant"),
        ("mobilenet_v1", "8", "GoogleNet", "mult_adds", "1550", 1582671872, "1583", "unexplained"),
        ("mobilenet_v1", "9", "Squeezenet", "mult_adds", "1700", 832667936, "833", "erratum"),
        ("mobilenet_v1", "10", "1.0 MobileNet-224", "mult_adds", "569", 567839232, "568", "variant"),
        ("mobilenet_v1", "12", "0.25 MobileNet-224", "mult_adds", "45", 40774272, "41", "variant"),
        ("mobilenet_v1", "13", "SSD 300 MobileNet", "mult_adds", "1.2", 1237129408, "1.2", "match"),
        ("mnasnet", "readme", "1.0 at 224", "mult_adds_table", "315.2", 311579072, "311.6", "variant"),
        ("shufflenet_v2", "8", "ShuffleNet v2 2x", "mult_adds", "591", 583253464, "583", "variant"),
        ("mobilenet_v1", "13", "SSD 300 Inception V2", "mult_adds", "3.8", None, "", "undefined"),
        ("mobilenet_v2", "1", "2", "input", "h x w x tk", "h x w x tk", "h x w x tk", "match"),
        ("mobilenet_v2", "2", "11", "c", "k", "k", "k", "match"),
        ("mobilenet_v3", "2", "16", "out", "k", "k", "k", "match"),
        ("mobilenet_v2", "5", "SSD", "params", "14.8M", 14770368, "14.8M", "match"),
        ("mobilenet_v2", "7", "MNet V2*, OS 16", "params", "2.11M", 2113557, "2.11M", "match"),
        ("mobilenet_v3", "6", "V3 (C4 to C5 halved)", "params", "3.22", 3215311, "3.22", "match"),
        ("mobilenet_v1", "6", "1.0 MobileNet-224", "top1", "70.6", None, "", "measured"),
        ("mobilenet_v2", "4", "MobileNetV1", "mult_adds", "575M", 568740352, "569M", "unexplained"),
        ("mobilenet_v2", "3", "28x28", "shufflenet", "400", 480, "480", "erratum"),
        ("mobilenet_v3", "9", "small 224/0.75", "mult_adds", "44", 43399344, "43", "variant"),
        ("mobilenet_v4", "6", "MNv4-Conv-L", "params", "31", 32590864, "33", "unexplained"),
        ("tf_slim", "v1", "MobileNet_v1_0.75_224", "mult_adds", "317", 325400448, "325", "variant"),
        ("tf_slim", "v2", "mobilenet_v2_0.35_96", "mult_adds", "11", 11934128, "12", "truncated"),
        ("libraries", "omz", "mobilenet-v1-1.0-224", "billions", "1.148", 568740352, "0.569", "variant"),
    ],
)
def test_a_cell(
    cell: Find, paper: str, table: str, row: str, column: str, published: str, computed: Any, printed: str, verdict: str
) -> None:
    result = cell(paper, table, row, column)
    assert (result.cell.published, result.computed, result.printed, result.verdict) == (
        published,
        computed,
        printed,
        verdict,
    )


def bumped(text: str, by: int) -> str | None:
    """A published number with its last digit that is not a padding zero changed."""
    digits = [i for i, c in enumerate(text) if c.isdigit()]
    last = digits[-1]
    if "." not in text:
        last = next((i for i in reversed(digits) if text[i] != "0"), digits[-1])
    new = int(text[last]) + by
    return text[:last] + str(new) + text[last + 1 :] if 0 <= new <= 9 else None


@pytest.mark.parametrize("name", EVERY)
def test_changing_a_digit_changes_the_verdict(name: str) -> None:
    """Of every cell that is reproduced or explained, whichever way its last digit is changed."""
    paper = load(name)
    computer = Computer(paper)
    tried = 0
    for table in reproduce(paper):
        for result in table.cells:
            if result.verdict not in {"match", "truncated", "variant", "erratum"} or "words" in result.cell.setting:
                continue
            for by in (1, -1):
                text = bumped(result.cell.published, by)
                if text is None:
                    continue
                tried += 1
                changed = judge(result.cell._replace(published=text), computer)
                assert changed.verdict != result.verdict, (table.table.id, result.cell, text)
                assert not changed.as_expected, (table.table.id, result.cell, text)
    assert tried


@pytest.mark.parametrize(
    ("name", "old", "new", "where", "before", "after"),
    [
        ("mobilenet_v1", "[1.19%, swapped]", "[1.18%, swapped]", ("2", "Conv 3x3", "mult_adds"), "erratum", "unexplained"),
        ("mobilenet_v1", "[1.19%, swapped]", "[1.91%, swapped]", ("2", "Conv 3x3", "mult_adds"), "erratum", "match"),
        ("mobilenet_v1", '["4866", no_classifier]', '["4867", no_classifier]', ("4", "Conv MobileNet", "mult_adds"), "variant", "match"),
        ("mobilenet_v1", '["4866", no_classifier]', '["4865", no_classifier]', ("4", "Conv MobileNet", "mult_adds"), "variant", "unexplained"),
        ("mobilenet_v1", "[Conv dw / s2, stride_13]", "[Conv dw / s1, stride_13]", ("1", "18", "type"), "erratum", "match"),
        ("mobilenet_v1", '["1700", squeezenet_flops]', '["1800", squeezenet_flops]', ("9", "Squeezenet", "mult_adds"), "erratum", "unexplained"),
        ("mobilenet_v1", '["75", baseline_text]', '["7.5", baseline_text]', ("text", "Face attributes baseline parameters (million)", "value"), "unexplained", "match"),
        ("mobilenet_v2", '["19", nineteen]', '["17", nineteen]', ("text", "Residual bottleneck layers", "value"), "erratum", "match"),
        ("mobilenet_v2", "[575M, quoted_575]", "[569M, quoted_575]", ("4", "MobileNetV1", "mult_adds"), "unexplained", "match"),
        ("mobilenet_v3", '"576", ["yes", ticked]', '"576", ["-", ticked]', ("2", "13", "se"), "erratum", "match"),
        ("tf_slim", '["317", stem_24]', '["325", stem_24]', ("v1", "MobileNet_v1_0.75_224", "mult_adds"), "variant", "match"),
    ],
)  # fmt: skip
def test_an_edited_paper_has_another_verdict(
    cell: Find, edited: Edit, name: str, old: str, new: str, where: tuple[str, str, str], before: str, after: str
) -> None:
    assert cell(name, *where).verdict == before
    assert cell(name, *where).as_expected
    changed = cell(edited(name, old, new), *where)
    assert changed.verdict == after
    assert not changed.as_expected
    assert changed.reason.startswith(f"expected {before}")


@pytest.mark.parametrize(
    ("name", "model", "change", "least"),
    [
        ("mobilenet_v1", "mobilenet_v1", {"conv_1.out_channels": 40}, 30),
        ("mobilenet_v1", "mobilenet_v1", {"separable_13.stride": 2}, 10),
        ("mobilenet_v2", "mobilenet_v2", {"inverted_residual_2.out_channels": 32}, 5),
        ("mobilenet_v3", "mobilenet_v3_large", {"inverted_residual_13.kernel_size": 3}, 5),
        ("mobilenet_v4", "mobilenet_v4_conv_small", {"conv_2.out_channels": 1280}, 2),
        ("tf_slim", "mobilenet_v2", {"inverted_residual_16.out_channels": 200}, 40),
    ],
)
def test_changing_a_layer_table_changes_verdicts(
    monkeypatch: pytest.MonkeyPatch, name: str, model: str, change: dict[str, Any], least: int
) -> None:
    before = [r.verdict for table in reproduce(load(name)) for r in table.cells]
    real = computing.load
    monkeypatch.setattr(
        computing, "load", lambda wanted: real(wanted).having(set=change) if wanted == model else real(wanted)
    )
    after = [r for table in reproduce(load(name)) for r in table.cells]
    changed = [r for r, verdict in zip(after, before, strict=True) if r.verdict != verdict]
    assert len(changed) >= least
    assert any(not r.as_expected for r in changed)


def test_the_misprinted_stride_is_reproduced_when_the_table_has_it(cell: Find, edited: Edit) -> None:
    """Table 1's last row becomes a match, and Table 4's 569 stops being one, when the stride is taken as printed."""
    literal = edited("mobilenet_v1", "  at: {model: mobilenet_v1}\n  columns:\n    type:", "  at: {model: mobilenet_v1, set: {separable_13.stride: 2}}\n  columns:\n    type:")  # fmt: skip
    assert cell(literal, "1", "18", "type").verdict == "match"
    assert cell(literal, "1", "19", "input").verdict == "unexplained"


def test_a_cell_that_names_no_network_is_undefined_and_not_expected_to_be(cell: Find, edited: Edit) -> None:
    paper = edited("mobilenet_v1", "- [MobileNet, ~,", "- [MobileNet, {model: ~},")
    result = cell(paper, "4", "MobileNet", "mult_adds")
    assert (result.verdict, result.expected, result.computed) == ("undefined", "match", None)
