"""What a table says it should cost: held by lint on the table as written, and by no table that is based on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbcost import load, loads
from mbcost.lint import inspect
from mbcost.network import variant_of
from mbcost.network.expected import held
from mbcost.tables import configs_folder, models

TABLE = """format: 1
name: tiny
input: {{channels: 3, resolution: 32}}
rounding: floor
layers:
  - {{op: conv, kernel_size: 3, out_channels: 16, norm: none, bias: false, repeat: 2}}
expect: [{}]
"""
# 3 * 3 * 3 * 16 + 3 * 3 * 16 * 16 weights, each used at 32 * 32 positions
WEIGHTS = 432 + 2304
RIGHT = f"{{mult_adds: {WEIGHTS * 1024}, params: {WEIGHTS}, source: by hand}}"


def facts(text: str, **asked: object) -> list[str]:
    found = inspect(loads(text), variant_of(**asked)).findings  # type: ignore[arg-type]
    return [finding.fact for finding in found if finding.code == "MB501"]


@pytest.mark.parametrize(
    "point",
    [
        RIGHT,
        "{alpha: 1/2, mult_adds: " + str((216 + 576) * 1024) + "}",
        "{resolution: 8x4, mult_adds: " + str(WEIGHTS * 32) + "}",
        "{depth: 1.2, params: " + str(WEIGHTS + 2304) + "}",
        "{convention: thop, params: " + str(WEIGHTS) + "}",
        f"{RIGHT}, {RIGHT}",
        "",
    ],
)
def test_a_table_that_costs_what_it_says_is_told_of_nothing_at_any_point(point: str) -> None:
    text = TABLE.format(point)
    assert facts(text) == facts(text, alpha="0.5", resolution=16, set={"conv_1.kernel_size": 5}) == []


@pytest.mark.parametrize(
    ("slip", "amounts"),
    [
        ("repeat: 2", {"repeat: 3": (WEIGHTS + 2304, (WEIGHTS + 2304) * 1024)}),
        ("kernel_size: 3", {"kernel_size: 5": (1200 + 6400, (1200 + 6400) * 1024)}),
        ("out_channels: 16", {"out_channels: 16, stride: 2": (WEIGHTS, WEIGHTS * 256)}),
    ],
)
def test_a_slip_is_told_with_both_amounts_their_point_and_source(
    slip: str, amounts: dict[str, tuple[int, int]]
) -> None:
    for wrong, (params, mult_adds) in amounts.items():
        text = TABLE.format(RIGHT).replace(slip, wrong)
        expected = []
        for name, stated, got in (("mult_adds", WEIGHTS * 1024, mult_adds), ("params", WEIGHTS, params)):
            if got != stated:
                expected.append(
                    f"the table expects {stated:,} {name} at alpha 1 and 32 x 32 (by hand), and its rows have {got:,}"
                )
        assert facts(text) == facts(text, alpha="0.5") == expected


def test_a_lower_bound_is_no_cost_that_was_expected() -> None:
    text = TABLE.format(RIGHT).replace("repeat: 2}", "repeat: 2}\n  - {op: activation, cost: unknown}")
    assert len(facts(text)) == 2
    assert "its rows have at least" in facts(text)[0]


def test_a_point_that_the_network_does_not_have_is_told_and_no_error() -> None:
    text = TABLE.format("{alpha: 0.01, mult_adds: 1}")
    (fact,) = facts(text)
    assert fact.startswith("`expect` cannot be held: ")


def test_it_is_not_inherited(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(TABLE.format("{mult_adds: 1}"), encoding="utf-8")
    heir = tmp_path / "heir.yaml"
    heir.write_text("format: 1\nbase: {model: base.yaml, set: {'conv_*.kernel_size': 5}}\n", encoding="utf-8")
    assert inspect(load(str(heir))).findings == ()
    assert [f.code for f in inspect(load(str(tmp_path / "base.yaml"))).findings] == ["MB501"]


@pytest.mark.parametrize("model", models())
def test_a_shipped_table_costs_what_its_source_counts_or_says_that_there_is_none(model: str) -> None:
    network = load(model)
    stated = held(network.table)
    assert not [one for one in stated if one.misses]
    if not stated:
        text = (Path(configs_folder()) / "models" / f"{model}.yaml").read_text(encoding="utf-8")
        assert "# No `expect`: " in text
    else:
        assert {one.quantity for one in stated} == {"mult_adds", "params"}
        assert all(one.expect.source for one in stated)
