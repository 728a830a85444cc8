"""`mbcost check --update`: a ratchet that edits the limits' own text and nothing else."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbcost.budgets.evaluate import check
from mbcost.budgets.reading import read_budgets_text
from mbcost.budgets.update import count_text, tightened
from mbcost.quantities import QUANTITIES
from tests.budgets.budgets_world import TABLE
from tests.conftest import Said

Say = Callable[..., Said]

LOOSE = """\
# Ours: keep this comment
format: 1
budgets:
- max: {params:   20 K,   # the app's share
        mult_adds: '1.5M'}
  model:   net.yaml
  warn: {mult_adds: "1.4M"}   # ünïcode ✓ before the end
  at: [{alpha: 1}, {alpha: 0.5}]
  layers: {"*/pointwise": {max_share: {mult_adds: 99%}}}
  vs_base: {mult_adds: +2%}
- {model: net.yaml, max: {model_bytes: 1MiB, total_activations: 123456}}
"""


@pytest.fixture
def budgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(TABLE, encoding="utf-8")
    file = tmp_path / "mbcost-budgets.yaml"
    file.write_text(LOOSE, encoding="utf-8")
    return file


def test_limits_are_tightened_in_place(budgets: Path, say: Say) -> None:
    said = say("check", "--update")
    assert said.code == 0
    # 727,680 and 9,322 at alpha 1; a headroom of 5 %, half of it for the warning; rounded up to three digits
    expected = (
        LOOSE.replace("20 K", "9.79 K").replace("'1.5M'", "'765K'").replace('"1.4M"', '"746K"')
        .replace("1MiB", "38.3KiB").replace("123456", "32267")
    )  # fmt: skip
    shown = [line for line in said.out.splitlines() if " -> " in line]
    assert said.out.splitlines()[-6] == "updated 5 limits to what is used plus 5%:"
    assert shown[0] == "mbcost-budgets.yaml:4:19: max params 20 K -> 9.79 K"
    changed = [
        line
        for line in difflib.ndiff(LOOSE.splitlines(), budgets.read_text(encoding="utf-8").splitlines())
        if line[0] in "+-"
    ]
    assert budgets.read_text(encoding="utf-8") == expected, changed
    again = say("check", "--update")
    assert again.code == 0
    assert again.out.endswith("not updated: no limit is looser than asked\n")
    assert budgets.read_text(encoding="utf-8") == expected


def test_line_ends_and_marks_stay(budgets: Path, say: Say) -> None:
    budgets.write_bytes(b"\xef\xbb\xbf" + LOOSE.replace("\n", "\r\n").encode())
    assert say("check", "--update", "--headroom", "10%").code == 0
    data = budgets.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf# Ours")
    assert data.count(b"\r\n") == LOOSE.count("\n") == data.count(b"\n")


def test_a_link_stays_a_link(budgets: Path, say: Say) -> None:
    budgets.rename("real.yaml")
    budgets.symlink_to("real.yaml")
    assert say("check", "--update").code == 0
    assert budgets.is_symlink()
    assert "9.79 K" in Path("real.yaml").read_text(encoding="utf-8")


def test_it_refuses_to_raise(budgets: Path, say: Say) -> None:
    text = LOOSE.replace("'1.5M'", "700K").replace('"1.4M"', "600K")
    budgets.write_text(text, encoding="utf-8")
    said = say("check", "--update")
    assert said.code == 1
    assert said.out.splitlines()[0].startswith("over budget: 1 of ")
    assert said.out.endswith("not updated: a limit is exceeded, and is raised only with --allow-raise\n")
    assert budgets.read_text(encoding="utf-8") == text
    said = say("check", "--update", "--allow-raise")
    assert said.code == 0
    assert "max mult_adds 700K -> 765K" in said.out
    assert "warn mult_adds 600K -> 746K" in said.out
    assert say("check").code == 0


def test_growth_over_the_base_is_not_raised_away(budgets: Path, say: Say, tmp_path: Path) -> None:
    base = tmp_path / "base.json"
    assert say("check", "-f", "json", "-o", str(base)).code == 0
    Path("net.yaml").write_text(TABLE.replace("out_channels: 16", "out_channels: 24"), encoding="utf-8")
    said = say("check", "--base", str(base), "--update", "--allow-raise")
    assert said.code == 1
    assert said.out.endswith(
        "not updated: growth over the base, shares of layers, and what is not known are never raised\n"
    )
    assert budgets.read_text(encoding="utf-8") == LOOSE


def test_a_share_is_left_as_it_is_so_that_saving_elsewhere_does_not_fail(budgets: Path, say: Say) -> None:
    text = 'format: 1\nbudgets: [{model: net.yaml, max: {mult_adds: 900K}, layers: {"*/pointwise": {max_share: {mult_adds: 60%}}}}]\n'
    budgets.write_text(text, encoding="utf-8")
    assert say("check", "--update").code == 0
    assert budgets.read_text(encoding="utf-8") == text.replace("900K", "765K")
    # the stem shrinks, so the largest pointwise has a larger share: 393,216 of 671,232 where it had 54.04 % of 727,680
    Path("net.yaml").write_text(TABLE.replace("out_channels: 16", "out_channels: 8"), encoding="utf-8")
    assert say("check").code == 0
    budgets.write_text(text.replace("60%", "20%"), encoding="utf-8")
    said = say("check", "--update", "--allow-raise")
    assert (said.code, said.out.splitlines()[-1]) == (
        1, "not updated: growth over the base, shares of layers, and what is not known are never raised",
    )  # fmt: skip
    assert "20%" in budgets.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("max: {mult_adds: 9M}", "lower it, or run `mbcost check --update`"),
        (
            "max: {mult_adds: 9M}, layers: {stem: {max: {mult_adds: 10K}}}",
            "lower it",
        ),  # nothing is updated beside a failure
        ('max: {mult_adds: "9\n     M"}', "lower it"),  # a text over two lines cannot be replaced
    ],
)
def test_the_advice_to_update_is_given_where_it_works(text: str, advice: str, budgets: Path, say: Say) -> None:
    budgets.write_text(f"format: 1\nbudgets: [{{model: net.yaml, {text}}}]\n", encoding="utf-8")
    notices = [line for line in say("check").out.splitlines() if line.startswith("notice: ")]
    works = "--update" in "".join(notices)
    assert [notice.rpartition(": ")[2] for notice in notices] == [advice]
    before = budgets.read_text(encoding="utf-8")
    assert (say("check", "--update").code == 0) == works
    assert (budgets.read_text(encoding="utf-8") != before) == works


def test_the_advice_names_a_file_of_another_name_and_none_for_limits_without_one(budgets: Path, say: Say) -> None:
    budgets.rename("ci budgets.yaml")
    assert "run `mbcost check --update 'ci budgets.yaml'`" in say("check", "ci budgets.yaml").out
    said = say("check", "net.yaml", "--max-mult-adds", "9M").out
    assert "of the limit 9M: lower it\n" in said


@pytest.mark.parametrize("zero", ["0%", "0.0%", "0 %", ".0%", " 0.000 % "])
def test_no_headroom_is_a_headroom_however_it_is_written(zero: str, budgets: Path, say: Say) -> None:
    budgets.write_text("format: 1\nbudgets: [{model: net.yaml, max: {mult_adds: 800K}}]\n", encoding="utf-8")
    assert say("check", "--update", "--headroom", zero).code == 0
    assert "mult_adds: 728K}" in budgets.read_text(encoding="utf-8")


@pytest.mark.parametrize("wrong", ["-0%", "+0%", "0", "101%", "00%", "-1%", "0.0"])
def test_a_headroom_is_a_share(wrong: str, budgets: Path, say: Say) -> None:
    said = say("check", "--update", f"--headroom={wrong}")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: --headroom: ")


def test_no_headroom_leaves_no_room_for_a_warning(budgets: Path, say: Say) -> None:
    exact = LOOSE.replace("'1.5M'", "1500000")
    budgets.write_text(exact, encoding="utf-8")
    said = say("check", "--update", "--headroom", "0%")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(
        "mbcost-budgets.yaml:7:21: there is no room for the warning on mult_adds below its limit\n"
    )
    assert budgets.read_text(encoding="utf-8") == exact


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limit=st.integers(10_000, 2_000_000),
    unit=st.sampled_from(["", "K", "k", "M"]),
    room=st.integers(0, 60),
    raising=st.booleans(),
)
def test_what_is_written_holds_and_is_no_looser_than_asked(
    budgets: Path, say: Say, limit: int, unit: str, room: int, raising: bool
) -> None:
    used = 727_680
    factor = {"": 1, "K": 1000, "k": 1000, "M": 1_000_000}[unit]
    text = f"{limit // factor}.{limit % factor * 1000 // factor:03}{unit}" if unit else str(limit)
    if unit == "M" and limit < 1000:
        return
    source = f"format: 1\nbudgets: [{{model: net.yaml, max: {{mult_adds: {text}}}}}] # end\n"
    budgets.write_text(source, encoding="utf-8")
    before = say("check").code
    code = say("check", "--update", "--headroom", f"{room}%", *(["--allow-raise"] if raising else [])).code
    after = budgets.read_text(encoding="utf-8")
    assert after.startswith("format: 1\nbudgets: [{model: net.yaml, max: {mult_adds: ")
    assert after.endswith("}}] # end\n")
    if before == 1 and not raising:
        assert (code, after) == (1, source)
        return
    assert code == 0
    assert say("check").code == 0
    from mbcost.dims.amounts import parse_count

    written = parse_count(after.split("mult_adds: ")[1].split("}")[0])
    assert used <= written
    assert written <= max(used * (100 + room) / 100 * 1.01 + 1, 0) or written == parse_count(text)
    if before == 0:
        assert written <= parse_count(text)


@pytest.mark.parametrize(
    ("value", "in_bytes", "text"),
    [(9_999, False, "9.999K"), (9_050, False, "9.050K"), (7, False, "0.007K"), (10_000, False, "10000"), (9_999, True, "9999B"), (10_000, True, "10000")],
)  # fmt: skip
def test_a_bare_count_that_gets_small_gets_a_unit(value: int, in_bytes: bool, text: str) -> None:
    """A bare one below 10,000 would be refused when the file is read again."""
    assert count_text(value, "20000", in_bytes=in_bytes) == text
    assert QUANTITIES["model_bytes" if in_bytes else "params"].read(text, "limit") == (value, in_bytes)


def test_an_update_is_advised_where_five_percent_of_room_are_less(budgets: Path) -> None:
    """727,680 mult-adds and 5 % are 764,064: 765K is what an update would write."""
    for limit, tighter in (("765K", 0), ("766K", 1)):
        text = f"format: 1\nbudgets: [{{model: ./net.yaml, max: {{mult_adds: {limit}}}}}]\n"
        assert len(tightened(check([read_budgets_text(text, "b.yaml")]))) == tighter


def test_a_limit_that_is_used_to_the_unit_is_not_raised(budgets: Path, say: Say) -> None:
    for limit, written in (("727680", "727680"), ("727679", "764064")):
        text = "format: 1\nbudgets: [{model: net.yaml, max: {mult_adds: %s}}]\n"
        budgets.write_text(text % limit, encoding="utf-8")
        assert say("check", "--update", "--allow-raise").code == 0
        assert budgets.read_text(encoding="utf-8") == text % written


def test_a_warning_that_finds_no_room_and_is_below_its_limit_stays(budgets: Path, say: Say) -> None:
    text = "format: 1\nbudgets: [{model: net.yaml, max: {mult_adds: 727680}, warn: {mult_adds: 700K}}]\n"
    budgets.write_text(text, encoding="utf-8")
    said = say("check", "--update", "--headroom", "0%")
    assert (said.code, said.err) == (0, "")
    assert budgets.read_text(encoding="utf-8") == text


def test_a_limit_on_what_is_nothing_is_left_alone(budgets: Path, say: Say) -> None:
    """A network of pointwise layers needs no im2col buffer; a limit of 0 would be refused."""
    Path("flat.yaml").write_text(
        "format: 1\nname: flat\ninput: {channels: 3, resolution: 8}\nlayers: [{op: pointwise, out_channels: 8}]\n",
        encoding="utf-8",
    )
    text = "format: 1\nbudgets: [{model: flat.yaml, max: {im2col: 20000, params: 0.040K}}]\n"
    budgets.write_text(text, encoding="utf-8")
    assert say("check", "--update", "--headroom", "0%").code == 0
    assert budgets.read_text(encoding="utf-8") == text


def test_a_limit_beside_a_cost_that_is_not_known_is_left_alone(budgets: Path, say: Say) -> None:
    """One of the networks under it has one: nobody knows what it uses of the limit."""
    unknown = TABLE.replace("  - {op: global_pool}", "  - {op: custom, cost: unknown}\n  - {op: global_pool}")
    Path("open.yaml").write_text(unknown.replace("name: net", "name: open"), encoding="utf-8")
    text = "format: 1\nbudgets: [{model: './*e*.yaml', warn: {params: 1M}}]\n"
    Path("b.yml").write_text(text, encoding="utf-8")
    budgets.unlink()
    assert say("check", "b.yml", "--update").code == 0
    assert Path("b.yml").read_text(encoding="utf-8") == text
    Path("open.yaml").unlink()
    assert say("check", "b.yml", "--update").code == 0
    assert "params: 9.56K" in Path("b.yml").read_text(encoding="utf-8")


def test_what_an_update_writes_stands_in_its_report(budgets: Path, say: Say) -> None:
    budgets.write_text(
        "format: 1\nbudgets:\n- {model: net.yaml, max: {params: 20K, mult_adds: 765K}}\n", encoding="utf-8"
    )
    said = say("check", "--update", "-f", "json")
    assert json.loads(said.out)["updates"] == [
        {"file": "mbcost-budgets.yaml", "line": 3, "column": 35, "before": "20K", "after": "9.79K"}
    ]
    assert "updates" not in json.loads(say("check", "-f", "json").out)


def test_a_warning_whose_room_would_reach_its_limit_gets_none(budgets: Path, say: Say) -> None:
    """Half of 10 % above 100,000 are the 105,000 of the limit."""
    Path("net.yaml").write_text(
        "format: 1\nname: net\ninput: {channels: 3, resolution: 8}\nlayers: [{op: custom, params: 0, mult_adds: 100000}]\n",
        encoding="utf-8",
    )
    text = "format: 1\nbudgets: [{model: net.yaml, max: {mult_adds: 105000}, warn: {mult_adds: %d}}]\n"
    budgets.write_text(text % 104_999, encoding="utf-8")
    assert say("check", "--update", "--headroom", "10%").code == 0
    assert budgets.read_text(encoding="utf-8") == text % 100_000
