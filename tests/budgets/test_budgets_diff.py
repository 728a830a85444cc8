"""`mbcost diff` and the matching behind it."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import mbcost
from mbcost import loads
from mbcost.analysis.diff import changes
from mbcost.cli.diff import command
from mbcost.report.numbers import percent_change
from tests.budgets.budgets_world import TABLE, Repository
from tests.conftest import Said

Say = Callable[..., Said]


def network(text: str) -> mbcost.Network:
    return loads(text, "net.yaml")


def marks(old: str, new: str, blocks: tuple[str, ...] = ()) -> list[str]:
    """What is told of a change from one table to another."""
    found = changes(network(old).cost().rows, network(new).cost().rows, blocks)
    return [f"{change.mark} {change.name}" for change in found if change.mark != "="]


def test_nothing_changed() -> None:
    assert marks(TABLE, TABLE) == []


def test_a_row_put_in_is_one_row_added_however_the_others_are_numbered() -> None:
    more = TABLE.replace(
        "  - {op: separable, out_channels: 64}\n", "  - {op: separable, out_channels: 64, repeat: 2}\n"
    )
    assert marks(TABLE, more) == ["+ separable_4/depthwise", "+ separable_4/pointwise"]
    assert marks(more, TABLE) == ["- separable_4/depthwise", "- separable_4/pointwise"]
    first = TABLE.replace(
        "  - {op: separable, out_channels: 32}\n",
        "  - {op: conv, kernel_size: 5, out_channels: 16}\n  - {op: separable, out_channels: 32}\n",
    )
    assert marks(TABLE, first) == ["+ conv_2"]


def test_a_widened_row_is_changed_and_so_are_those_that_read_it() -> None:
    wider = TABLE.replace("{op: separable, out_channels: 32}", "{op: separable, out_channels: 48}")
    assert marks(TABLE, wider) == ["~ separable_1/pointwise", "~ separable_2/depthwise", "~ separable_2/pointwise"]


def test_a_changed_field_without_a_cost_is_told() -> None:
    pooled = TABLE.replace("{op: global_pool}", "{op: max_pool, stride: 1, kernel_size: 2}\n  - {op: global_pool}")
    assert marks(pooled, pooled.replace("kernel_size: 2}", "kernel_size: 2, padding: valid}")) == []
    assert marks(pooled, pooled.replace("kernel_size: 2}", "kernel_size: 3}")) == ["~ max_pool_1"]


def test_given_names_come_first() -> None:
    """Two named rows that change places stay themselves."""
    a, b = (
        "  - {op: conv, name: a, kernel_size: 3, out_channels: 16}\n",
        "  - {op: conv, name: b, kernel_size: 5, out_channels: 16}\n",
    )
    one, other = (
        TABLE.replace("  - {op: global_pool}\n", f"{rows}  - {{op: global_pool}}\n") for rows in (a + b, b + a)
    )
    found = changes(network(one).cost().rows, network(other).cost().rows)
    assert {(c.old.name, c.new.name) for c in found if c.old and c.new and c.name in "ab"} == {("a", "a"), ("b", "b")}


def test_a_renamed_row_is_one_row_not_two() -> None:
    found = changes(network(TABLE).cost().rows, network(TABLE.replace("name: stem", "name: first")).cost().rows)
    renamed = [change for change in found if change.mark != "="]
    assert [(c.mark, c.renamed, c.old.name if c.old else "", c.name) for c in renamed] == [("~", True, "stem", "first")]


def test_rows_of_blocks_have_no_given_names() -> None:
    text = TABLE.replace(
        "layers:\n", "blocks: {unit: {layers: [{op: conv, name: a, kernel_size: 3, out_channels: 16}]}}\nlayers:\n", 1
    )
    one = text.replace("  - {op: global_pool}\n", "  - {op: unit}\n  - {op: global_pool}\n")
    two = text.replace(
        "  - {op: global_pool}\n",
        "  - {op: conv, kernel_size: 1, out_channels: 64}\n  - {op: unit}\n  - {op: global_pool}\n",
    )
    assert marks(one, two, ("unit",)) == ["+ conv_2"]


NETS = ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "squeezenet_1_1", "shufflenet_v2_x1_0")


@pytest.mark.parametrize("old", NETS)
@pytest.mark.parametrize("new", NETS)
def test_the_changes_add_up_to_the_difference(old: str, new: str) -> None:
    before, after = mbcost.load(old).cost(), mbcost.load(new).cost()
    found = changes(before.rows, after.rows)
    for quantity in ("mult_adds", "params", "weights"):
        assert sum(change.difference(quantity) for change in found) == after.total(quantity) - before.total(quantity)
    assert sorted(c.old.name for c in found if c.old) == sorted(row.name for row in before.rows)
    assert [c.new.name for c in found if c.new] == [row.name for row in after.rows]
    for change in found:
        both = change.old is not None and change.new is not None
        costs = [(row.kind, row.mult_adds, row.params) for row in (change.old, change.new) if row is not None]
        assert change.mark == ("+" if change.old is None else "-" if change.new is None else change.mark)
        assert both == (change.mark in {"=", "~"})
        assert change.mark != "=" or costs[0] == costs[1]
    assert ({change.mark for change in found} == {"="}) == (old == new)


def test_every_format_says_the_same(say: Say) -> None:
    document = json.loads(say("diff", "mobilenet_v1", "mobilenet_v2", "-a", "0.75", "-f", "json").out)
    before, after = (mbcost.load(name).cost(alpha="0.75") for name in ("mobilenet_v1", "mobilenet_v2"))
    assert document["schema"] == "mbcost/diff/2"
    assert (document["alpha"], document["convention"], document["version"]) == ("3/4", "torch", mbcost.__version__)
    assert document["old"]["table_hash"] == before.network.table_hash
    assert document["total"]["mult_adds"] == {
        "before": before.mult_adds,
        "after": after.mult_adds,
        "difference": after.mult_adds - before.mult_adds,
        "relative": (after.mult_adds - before.mult_adds) / before.mult_adds,
    }
    assert sum(layer["params"]["difference"] for layer in document["layers"]) == after.params - before.params
    assert {layer["change"] for layer in document["layers"]} == {"+", "-", "~"}
    counts = document["counts"]
    assert counts["added"] + counts["changed"] + counts["same"] == len(after.rows)
    assert counts["removed"] + counts["changed"] + counts["same"] == len(before.rows)
    rows = list(csv.DictReader(io.StringIO(say("diff", "mobilenet_v1", "mobilenet_v2", "-a", "0.75", "-f", "csv").out)))
    assert [(row["change"], row["name"]) for row in rows] == [
        (layer["change"], layer["name"]) for layer in document["layers"]
    ]
    for row, layer in zip(rows, document["layers"], strict=True):  # a fraction in both
        relative = layer["mult_adds"]["relative"]
        assert (
            row["mult_adds_relative"] == ""
            if relative is None
            else math.isclose(float(row["mult_adds_relative"]), relative)
        )
    assert sum(int(row["mult_adds_difference"]) for row in rows) == document["total"]["mult_adds"]["difference"]
    latex = say("diff", "mobilenet_v1", "mobilenet_v2", "-f", "latex").out
    assert latex.count("\\begin{tabular}") == 1
    markdown = say("diff", "mobilenet_v1", "mobilenet_v2", "-a", "0.75", "-f", "markdown").out
    assert markdown.startswith(
        "<!-- mbcost diff -->\n**mobilenet\\_v1"
        if "mobilenet\\_v1" in markdown
        else "<!-- mbcost diff -->\n**mobilenet_v1"
    )
    assert MarkdownIt("commonmark").enable("table").render(markdown).count("<tr>") == 1 + len(rows) + 1


def test_flops_are_a_column_of_their_own(say: Say) -> None:
    document = json.loads(say("diff", "mobilenet_v1", "mobilenet_v2", "--unit", "flops", "-f", "json").out)
    assert document["total"]["flops"]["difference"] == 2 * document["total"]["mult_adds"]["difference"]
    text = say("diff", "mobilenet_v1", "mobilenet_v2", "--unit", "flops").out
    assert "FLOPs change (2 x mult-adds)" in text
    total = next(line for line in text.splitlines() if line.split()[:1] == ["total"])
    assert f"{document['total']['flops']['difference']:+,}" in total


def test_what_changed_in_words(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(TABLE, encoding="utf-8")
    other = TABLE.replace("kernel_size: 3, out_channels: 16, stride: 2", "kernel_size: [3, 5], out_channels: 8")
    other = other.replace("  - {op: global_pool}\n", "  - {op: squeeze_excite, se: 1/4}\n  - {op: global_pool}\n")
    other = other.replace("rounding: divisor:8", "rounding: floor")
    Path("other.yaml").write_text(other, encoding="utf-8")
    said = say("diff", "net.yaml", "other.yaml").out
    lines = said.splitlines()
    # the title has the totals, whatever columns a terminal has room for
    before, after = (mbcost.load(f"./{name}.yaml").cost() for name in ("net", "other"))
    rate = percent_change(Fraction(after.mult_adds - before.mult_adds, before.mult_adds))
    assert lines[0].startswith(
        f"net.yaml -> other.yaml: mult-adds {before.mult_adds:,} -> {after.mult_adds:,} ({rate}), params "
    )
    words = {line[3:].split("  ")[0]: re.split("  +", line[3:])[1] for line in lines if line[:1] in {"+", "-", "~"}}
    assert words == {
        "stem": "kernel_size 3->3x5, stride 2->1, channels out 16->8, map 16x16->32x32",
        "separable_1/depthwise": "channels 16->8, map 16x16->32x32",
        "separable_1/pointwise": "channels in 16->8, map 16x16->32x32",
        "separable_2/depthwise": "map 8x8->16x16",
        "separable_2/pointwise": "map 8x8->16x16",
        "separable_3/depthwise": "map 8x8->16x16",
        "separable_3/pointwise": "map 8x8->16x16",
        "squeeze_excite_1/reduce": "squeeze_excite 64->16",
        "squeeze_excite_1/expand": "squeeze_excite 16->64",
    }
    assert "rounding divisor:8 and rounding floor" in lines[-1]


@pytest.mark.parametrize("names", [("mobilenet_v2", "mobilenet_v3_large"), ("mobilenet_v1", "mobilenet_v1_keras")])
def test_eighty_columns_have_room_for_what_changed(names: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbcost.cli.output.terminal", lambda: (80, False))
    said = CliRunner().invoke(command, names)
    assert said.exit_code == 0
    lines = said.output.splitlines()
    assert max(map(len, lines)) <= 80
    heading = next(line for line in lines if line.split()[:1] == ["layer"])
    assert heading.split()[1] == "what"
    assert heading.count("change") == 2


def test_unchanged_in_one_line(say: Say) -> None:
    for fmt, lines in (("table", 1), ("markdown", 2)):
        said = say("diff", "mobilenet_v1", "mobilenet_v1", "-f", fmt)
        assert (said.code, said.err) == (0, "")
        assert len(said.out.splitlines()) == lines
        assert "unchanged: 568,740,352 mult-adds, 4,231,976 params in mobilenet_v1 and mobilenet_v1" in said.out
    assert json.loads(say("diff", "mobilenet_v1", "mobilenet_v1", "-f", "json").out)["unchanged"] is True


def test_the_largest_changes_stay_in_a_comment(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"  - {{op: conv, kernel_size: 1, out_channels: {8 + n % 50}}}\n" for n in range(900))
    Path("long.yaml").write_text(
        TABLE.replace("  - {op: global_pool}\n", f"{rows}  - {{op: global_pool}}\n"), encoding="utf-8"
    )
    Path("net.yaml").write_text(TABLE, encoding="utf-8")
    text = say("diff", "net.yaml", "long.yaml", "-f", "markdown").out
    assert 40_000 < len(text) <= 60_000
    assert "smaller changes left out" in text
    everything = say("diff", "net.yaml", "long.yaml", "-f", "csv").out
    told = [int(row["mult_adds_difference"]) for row in csv.DictReader(io.StringIO(everything))]
    shown = [
        int(line.split("|")[6].replace(",", "").replace("+", "").strip())
        for line in text.splitlines()
        if line.startswith(("| + ", "| \\~"))
    ]
    assert len(shown) < len(told)
    assert min(shown) >= sorted(told, reverse=True)[len(shown)]


@pytest.mark.parametrize(
    ("args", "fact", "help"),
    [
        (["main:models/nut.yaml", "models/net.yaml"], "`models/nut.yaml` is not in main (", "did you mean `models/net.yaml`"),
        (["mian:models/net.yaml", "models/net.yaml"], "`mian` is no revision of this repository", "did you mean `main`?"),
        (["main:../net.yaml", "models/net.yaml"], "`../net.yaml` is not in main (", "did you mean `models/net.yaml`?"),
        (["mobilnet_v1", "models/net.yaml"], "there is no model `mobilnet_v1`", "did you mean `mobilenet_v1`"),
        (["mobilenet_v1", "mbcost-budgets.yaml"], "this is a budgets file, not a layer table", "mbcost check FILE"),
        (["mobilenet_v1", "mobilenet_v2", "--by", "parms"], "--by `parms` is not known", "did you mean `params` or `norm_params`?"),
        (["-", "-"], "both sides are standard input", "give one of them as a file"),
        (["mobilenet_v1", "mobilenet_v2", "-a", "0"], "alpha (=0) must be above 0", "usual values"),
    ],
)  # fmt: skip
def test_a_wrong_question(
    args: list[str],
    fact: str,
    help: str,
    say: Say,
    repository: Callable[..., Repository],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = repository()
    work.write("models/net.yaml", TABLE)
    work.write("mbcost-budgets.yaml", "format: 1\nbudgets: [{model: mobilenet_v1, max: {params: 5M}}]\n")
    work.commit("base")
    monkeypatch.chdir(work.folder)
    said = say("diff", *args)
    assert (said.code, said.out) == (2, "")
    assert fact in said.err
    assert help in said.err.splitlines()[-1]


def test_two_revisions(say: Say, repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> None:
    work = repository()
    work.write("net.yaml", TABLE)
    work.commit("base")
    work.write("net.yaml", TABLE.replace("out_channels: 16", "out_channels: 24"))
    work.commit("wider")
    work.write("net.yaml", "broken")
    monkeypatch.chdir(work.folder)
    said = say("diff", "HEAD~1:net.yaml", "HEAD:net.yaml")
    assert (said.code, said.err) == (0, "")
    # by hand: the stem 3 x 24 x 9 x 16 x 16 for 3 x 16 x 9 x 16 x 16; what reads it 24 for 16 channels wide
    lines = {line.split()[1]: line for line in said.out.splitlines() if line[:1] == "~"}
    assert list(lines) == ["stem", "separable_1/depthwise", "separable_1/pointwise"]
    assert "+55,296" in lines["stem"]
    assert "+18,432" in lines["separable_1/depthwise"]
    assert "+65,536" in lines["separable_1/pointwise"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.sampled_from(["conv", "separable", "inverted_residual", "max_pool"]), max_size=8),
    cut=st.integers(0, 8),
)
def test_a_row_taken_out_of_anywhere_is_all_that_is_told(rows: list[str], cut: int) -> None:
    fields = {"conv": "kernel_size: 3, out_channels: 16", "separable": "out_channels: 16", "max_pool": "kernel_size: 3, stride: 1",
              "inverted_residual": "expansion: 6, out_channels: 16"}  # fmt: skip
    lines = [f"  - {{op: {op}, {fields[op]}}}\n" for op in rows]
    stem = "  - {op: conv, name: stem, kernel_size: 3, out_channels: 16}\n"
    table = "format: 1\ninput: {channels: 3, resolution: 32}\nlayers:\n" + stem
    whole, less = table + "".join(lines), table + "".join(lines[:cut] + lines[cut + 1 :])
    gone = len(network(whole).cost().rows) - len(network(less).cost().rows)
    told = marks(whole, less)
    assert len(told) == gone
    assert all(mark.startswith("- ") for mark in told)


def test_a_cost_that_is_not_known_is_no_saving(say, tmp_path) -> None:
    known, unknown = tmp_path / "known.yaml", tmp_path / "unknown.yaml"
    known.write_text(TABLE, encoding="utf-8")
    unknown.write_text(
        TABLE.replace("{op: separable, out_channels: 32}", "{op: separable, out_channels: 32, cost: unknown}"),
        encoding="utf-8",
    )
    told = say("diff", str(known), str(unknown)).out
    assert "cost not known now" in told
    assert "-> at least " in told.splitlines()[0]
    assert "%" not in told.splitlines()[0]
