"""What ``mbcost`` prints off a terminal, character by character; and the sums of its columns, added up again.

``pytest --rewrite-goldens`` writes tests/golden anew. The additions below read the files, so a golden whose columns do
not add up to its total cannot be frozen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import mbcost
from tests.conftest import Said

GOLDEN = Path(__file__).parent / "golden"

TABLES = {
    "mobilenet_v1": ["table", "mobilenet_v1"],
    "mobilenet_v1_075_192": ["table", "mobilenet_v1", "-a", "0.75", "-r", "192"],
    "mobilenet_v1_standard": ["table", "mobilenet_v1", "--standard"],
    "mobilenet_v1_flops": ["table", "mobilenet_v1", "--unit", "flops"],
    "mobilenet_v2_035_225": ["table", "mobilenet_v2", "-a", "0.35", "-r", "225"],
    "mobilenet_v3_large": ["table", "mobilenet_v3_large"],
    "mobilenet_v3_small_keras_130_200x300": ["table", "mobilenet_v3_small_keras", "-a", "1.3", "-r", "200x300"],
    "shufflenet_v2_x1_0": ["table", "shufflenet_v2_x1_0"],
    "mobilenet_v1_by_kind": ["table", "mobilenet_v1", "--by", "kind"],
    "mobilenet_v2_by_block": ["table", "mobilenet_v2", "--by", "block"],
    "mobilenet_v2_top_5": ["table", "mobilenet_v2", "--sort", "mult_adds", "--top", "5"],
}
COMPARISONS = {
    "compare_mobilenet_v1": ["compare", "mobilenet_v1"],
    "compare_mobilenet_v2_140": ["compare", "mobilenet_v2", "-a", "1.4"],
    "compare_vgg16": ["compare", "vgg16"],
    "compare_shufflenet_v1": ["compare", "shufflenet_v1"],
}
OTHERS = {
    "compare_several": ["compare", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large"],
    "conv_table_3": ["conv", "512", "512", "--size", "14"],
    "conv_table_3_row_4": ["conv", "512", "512", "--size", "14", "-a", "0.75", "--rho", "5/7"],
    "layer": ["table", "mobilenet_v2", "--layer", "inverted_residual_3/depthwise"],
    "formula_mobilenet_v1": ["formula", "mobilenet_v1"],
    "formula_mobilenet_v1_by_kind": ["formula", "mobilenet_v1", "--by", "kind"],
}
CASES = TABLES | COMPARISONS | OTHERS


def golden(case: str) -> str:
    return (GOLDEN / f"{case}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_goldens(case: str, say: Callable[..., Said], rewriting: bool) -> None:
    said = say(*CASES[case])
    assert (said.code, said.err) == (0, "")
    if rewriting:
        (GOLDEN / f"{case}.txt").write_text(said.out, encoding="utf-8")
    assert said.out == golden(case)


def test_no_golden_is_forgotten() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)


def whole(text: str) -> int:
    assert re.fullmatch(r"\d{1,3}(,\d{3})*", text), text  # whole numbers, never 51,3...
    return int(text.replace(",", ""))


def columns(text: str) -> tuple[list[list[str]], list[str]]:
    """The cells of the rows of a printed table, and those of its total row."""
    head, rows, total = re.split(r"(?m)^─+\n", text)
    cells = [re.split(r"\s{2,}", line.rstrip().replace(" %", "%")) for line in rows.splitlines()]
    last = total.splitlines()[0]
    assert head.strip()
    return cells, re.split(r"\s{2,}", last.rstrip().replace(" %", "%"))


@pytest.mark.parametrize("case", TABLES)
def test_the_columns_of_a_table_add_up_to_the_total_that_is_printed(case: str) -> None:
    rows, total = columns(golden(case))
    by_end = range(-4, 0) if "flops" not in case else range(-5, 0)
    for place in by_end:  # mult-adds, share, (FLOPs,) params, share
        if "%" in total[place]:
            shares = [float(row[place].rstrip("%")) for row in rows]
            assert abs(sum(shares) - 100) < 0.005 * len(rows) + 0.001
            assert total[place] == "100.00%"
        else:
            assert sum(whole(row[place]) for row in rows) == whole(total[place])
    if "flops" in case:
        assert whole(total[-3]) == 2 * whole(total[-5])


@pytest.mark.parametrize("case", COMPARISONS)
def test_the_columns_of_a_comparison_add_up(case: str) -> None:
    rows, total = columns(golden(case))
    for side in (1, 2):  # standard and separable mult-adds
        assert sum(whole(row[side]) for row in rows) == whole(total[side])
    for side in (-3, -2):  # standard and separable params
        assert sum(whole(row[side]) for row in rows) == whole(total[side])
    assert f"{whole(total[2]) / whole(total[1]):.4g}" == f"{float(total[3]):.4g}"


def test_the_totals_of_the_goldens_are_the_facts() -> None:
    """Tables 1 and 4 of the MobileNets paper; Table 9 of MobileNetV3; slim for the rest."""
    printed = {case: whole(columns(golden(case))[1][-4]) for case in TABLES if "flops" not in case}
    assert printed["mobilenet_v1"] == printed["mobilenet_v1_by_kind"] == 568_740_352
    assert printed["mobilenet_v1_075_192"] == 239_273_472
    assert printed["mobilenet_v1_standard"] == 4_867_293_184
    assert printed["mobilenet_v2_by_block"] == printed["mobilenet_v2_top_5"] == 300_774_272
    assert printed["mobilenet_v3_large"] == 216_589_760
    assert printed["mobilenet_v2_035_225"] == mbcost.load("mobilenet_v2").cost("0.35", resolution=225).mult_adds


def test_table_3_of_the_mobilenets_paper() -> None:
    """462 million, 52.3 million; the last row at 5/7: 15.1 million."""
    assert all(number in golden("conv_table_3") for number in ("462,422,016", "52,283,392", "2,359,296", "266,752"))
    assert "15,091,200" in golden("conv_table_3_row_4")
    assert "150,912" in golden("conv_table_3_row_4")
