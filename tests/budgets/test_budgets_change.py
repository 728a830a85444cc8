"""What a change does is told with every base: a headline, a row a network, its layers; and one edited line is one message."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

import mbcost
from mbcost.budgets.base import Side
from mbcost.budgets.causes import cause
from mbcost.budgets.evaluate import _alive, _made_by, check
from mbcost.budgets.reading import read_budgets
from mbcost.budgets.specs import Part
from mbcost.budgets.verdicts.changed import Amount, changes_of
from mbcost.errors import Place
from tests.budgets.budgets_world import TABLE, Repository
from tests.conftest import Said

Say = Callable[..., Said]
ROOT = Path(__file__).parents[2]
WIDER = TABLE.replace("{op: separable, out_channels: 32}", "{op: separable, out_channels: 40}")
BUDGETS = """\
format: 1
budgets:
  - {model: "models/*.yaml", at: [{alpha: 1}, {alpha: 0.5}], max: {mult_adds: 9M, peak_memory: 1MB}}
"""


@pytest.fixture
def work(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with three networks on main, and a branch off it, checked out."""
    made = repository("work")
    for name in ("a", "b", "c"):
        made.write(f"models/{name}.yaml", TABLE.replace("name: net", f"name: {name}"))
    made.write("mbcost-budgets.yaml", BUDGETS)
    made.commit("base")
    made.git("switch", "--quiet", "--create", "change")
    monkeypatch.chdir(made.folder)
    return made


def headline(said: Said) -> str:
    return said.out.splitlines()[1].partition("(merge base with main): ")[2]


def test_what_passes_is_told_of_too(work: Repository, say: Say) -> None:
    work.write("models/b.yaml", WIDER)
    said = say("check", "--base", "main")
    assert (said.code, headline(said)) == (
        0,
        "mult-adds +9.6 % to +16.1 %, params +8.0 % to +14.1 %, 1 of 3 models changed",
    )
    # by hand, at alpha 1: 16x16x8 more outputs of a 1x1 over 16, then 8 more channels 3x3 at 8x8, then 8 x 64 at 8x8
    grown = 256 * 8 * 16 + 64 * 9 * 8 + 64 * 8 * 64
    told = f"alpha 1, resolution 32: mult-adds 727,680 -> {727_680 + grown:,} "
    assert told in said.out
    assert "\nunchanged: models/a.yaml, models/c.yaml\n" in said.out


def test_nothing_is_told_without_a_base(work: Repository, say: Say) -> None:
    said = say("check")
    assert "since " not in said.out
    assert "change" not in json.loads(say("check", "-f", "json").out)


def test_a_comment_or_another_name_is_no_change(work: Repository, say: Say) -> None:
    work.write("models/b.yaml", "# a comment\n" + TABLE.replace("name: stem", "name: first"))
    assert headline(say("check", "--base", "main")) == "no change: 3 models cost what they did"


def test_new_models_are_counted_apart(work: Repository, say: Say) -> None:
    work.write("models/b.yaml", WIDER)
    work.write("models/d.yaml", "format: 1\nbase: {model: mobilenet_v2}\n")
    work.write("mbcost-budgets.yaml", BUDGETS.replace("9M", "900M").replace("1MB", "90MB"))
    assert headline(say("check", "--base", "main")).endswith(", 1 of 4 models changed, 1 new")
    work.write("models/b.yaml", TABLE.replace("name: net", "name: b"))
    assert headline(say("check", "--base", "main")) == "no change: 3 models cost what they did, 1 new"
    for name in ("b", "c"):
        (work.folder / f"models/{name}.yaml").unlink()
    assert headline(say("check", "--base", "main")) == "no change: 1 model costs what it did, 1 new"
    (work.folder / "models/a.yaml").unlink()
    assert headline(say("check", "--base", "main")) == "1 new model, nothing to compare"


def test_a_layer_that_costs_nothing_is_a_change(work: Repository, say: Say) -> None:
    branch = "  - {op: add, branches: [[{op: separable, out_channels: 64}], []]}\n"
    plain = "  - {op: separable, out_channels: 64}\n"
    work.write("models/b.yaml", TABLE.replace(plain, branch))
    document = json.loads(say("check", "--base", "main", "-f", "json").out)["change"]
    assert [one["model"] for one in document["changed"]] == ["models/b.yaml", "models/b.yaml"]
    assert document["unchanged"] == ["models/a.yaml", "models/c.yaml"]
    first = document["changed"][0]
    assert first["mult_adds"]["before"] == first["mult_adds"]["after"] == 727_680
    assert "mult-adds unchanged, params unchanged, 1 of 3 models changed" in document["headline"]


def test_the_comment_has_rows_and_folds_its_layers(work: Repository, say: Say) -> None:
    work.write("models/b.yaml", WIDER)
    text = say("check", "--base", "main", "-f", "markdown").out
    lines = text.splitlines()
    assert lines[0] == "<!-- mbcost check -->"
    assert lines[3].startswith("**mult-adds +9.6 % to +16.1 %, ")
    rows = [line for line in lines if line.startswith("| models/b.yaml | alpha ")]
    assert len(rows) == 2
    assert "| 727,680 → 797,824 (+9.64 %) | 9,322 → 10,066 (+7.98 %) |" in rows[0]
    assert "unchanged: models/a.yaml, models/c.yaml" in lines
    folded = re.findall(r"<details><summary>(.*?)</summary>", text)
    assert folded == [f"models/b.yaml, alpha {alpha}, resolution 32: 3 layers changed" for alpha in ("1", "0.5")]
    assert "| \\~ separable\\_1/pointwise | " in text or "| \\~ separable_1/pointwise | " in text


def test_the_comment_says_what_it_leaves_out(work: Repository, say: Say) -> None:
    points = ", ".join(f"{{alpha: {n}/500}}" for n in range(300, 700))
    work.write("mbcost-budgets.yaml", BUDGETS.replace("{alpha: 1}, {alpha: 0.5}", points).replace("*", "b"))
    work.write("models/b.yaml", WIDER)
    text = say("check", "--base", "main", "-f", "markdown").out
    assert 50_000 < len(text) < 65_536
    shown = text.count("<details>")
    assert text.count("</details>") == shown
    rows = text.count("\n| models/b.yaml |")
    assert f"Left out here: {rows - shown} layer lists" in text
    assert f"\n      and {rows - 20} more points: -f json has all of them\n" in say("check", "--base", "main").out
    assert 0 < shown < rows, (shown, rows)


def test_of_very_many_layers_those_that_changed_most_are_told(work: Repository, say: Say) -> None:
    """A hundred and twenty layers gain 1 to 120 mult-adds an output, in an order of their own: the least twenty are left out."""
    gains = [7 * n % 121 for n in range(1, 121)]

    def table(grown: bool) -> str:
        rows = [
            f"  - {{op: custom, name: c{gain}, mult_adds_per_output: {200 + gain * grown}, params: 0}}"
            for gain in gains
        ]
        return "\n".join(["format: 1", "name: net", "input: {channels: 3, resolution: 8}", "layers:", *rows, ""])

    work.git("switch", "--quiet", "main")
    work.write("models/b.yaml", table(grown=False))
    work.write("mbcost-budgets.yaml", BUDGETS.replace("{alpha: 1}, {alpha: 0.5}", "{alpha: 1}").replace("*", "b"))
    work.commit("many")
    work.git("switch", "--quiet", "--force-create", "change")
    work.write("models/b.yaml", table(grown=True))
    out = say("check", "--base", "main", "-f", "markdown").out.replace("\\", "")
    assert [int(gain) for gain in re.findall(r"~ c(\d+) ", out)] == [gain for gain in gains if gain > 20]
    assert "and 20 more layers: `mbcost diff` has all of them" in out
    out = say("check", "--base", "main").out
    assert [int(gain) for gain in re.findall(r"~ c(\d+) ", out)] == [gain for gain in gains if gain > 112]
    assert "the cost it states" in out
    assert re.search(r"^ +and 112 more layers: `mbcost diff` has all of them$", out, re.MULTILINE)
    assert re.search(
        r"mult-adds 4,608,000 -> 6,001,920 \(\+30.25 %\), params 0$", out, re.MULTILINE
    )  # not the peak, which is as it was


def test_one_edited_line_is_one_message_on_that_line(work: Repository, say: Say) -> None:
    """Seven limits at two points are over, and the layer that grew most is not the one that was edited."""
    strict = "vs_base: {mult_adds: +0, params: +0}, max: {mult_adds: 100K, params: 1.000K}, warn: {mult_adds: 90K}"
    work.write("mbcost-budgets.yaml", BUDGETS.replace("max: {mult_adds: 9M, peak_memory: 1MB}", strict))
    narrow = TABLE.replace(
        "kernel_size: 3, out_channels: 16, stride: 2}", "kernel_size: 3,\n     out_channels: 8, stride: 2}"
    )
    work.git("switch", "--quiet", "main")
    for name in ("a", "c"):
        (work.folder / "models" / f"{name}.yaml").unlink()
    work.write("models/b.yaml", narrow)
    work.commit("narrow")
    work.git("switch", "--quiet", "--force-create", "change")
    work.write("models/b.yaml", narrow.replace("out_channels: 8", "out_channels: 24"))
    said = say("check", "--base", "main")
    assert said.code == 1
    assert re.findall(r"^(?:FAIL|WARN) .*", said.out, re.MULTILINE) == ["FAIL  models/b.yaml, 2 points"]
    assert said.out.count("      warning: ") == 2
    assert "\n      grew:  ~ separable_1/pointwise " in said.out  # the layer below grew most
    commands = [line for line in say("check", "--base", "main", "-f", "github").out.splitlines() if line[:2] == "::"]
    assert len(commands) == 1
    assert commands[0].startswith(
        "::error file=models/b.yaml,line=7,col=6,title=over budget::models/b.yaml, 2 points: "
    )
    places = {
        r["place"]["line"]
        for r in json.loads(say("check", "--base", "main", "-f", "json").out)["results"]
        if r["status"] == "fail"
    }
    assert places == {7}


def test_a_peak_that_is_over_names_its_tensors_here_and_in_the_base(work: Repository, say: Say) -> None:
    """The peak is where the first pair widens, 16x16x16 in and 16x16x32 out; with 40 channels the one writes more."""
    work.write(
        "mbcost-budgets.yaml", BUDGETS.replace("peak_memory: 1MB", "peak_memory: 2KiB").replace(", {alpha: 0.5}", "")
    )
    work.write("models/b.yaml", WIDER)
    results = json.loads(say("check", "--base", "main", "-f", "json").out)["results"]
    peaks = {one["model"]: one for one in results if one["quantity"] == "peak_memory"}
    wider, same = peaks["models/b.yaml"], peaks["models/a.yaml"]
    assert (wider["value"], wider["base"]) == (256 * (16 + 40), 256 * (16 + 32))
    assert wider["was"]["step"] == same["was"]["step"] == same["at"] == "separable_1/pointwise"
    assert [(part["name"], part["value"]) for part in wider["was"]["tensors"]] == [
        ("separable_1/pointwise", 256 * 32),
        ("separable_1/depthwise", 256 * 16),
    ]
    assert [(part["change"], part["name"], part["before"], part["value"]) for part in wider["grew"]] == [
        ("~", "separable_1/pointwise", 256 * 32, 256 * 40)
    ]
    assert same["grew"] == []
    text = say("check", "--base", "main").out
    assert "as before" in text


def test_a_tensor_of_one_element_can_be_new_at_a_peak() -> None:
    cost = mbcost.loads(TABLE).cost()
    now = [("stem", 1), ("separable_1/depthwise", 5), ("fc", 7)]
    found = _alive(cost, now, {"separable_1/depthwise": 4, "fc": 7})
    assert [(part.name, part.value, part.before, part.change) for part in found] == [
        ("stem", 1, 0, "+"),
        ("separable_1/depthwise", 5, 4, "~"),
    ]
    assert [part.place and part.place.line for part in found] == [6, 7]
    assert _made_by(cost, "stem/relu") == _made_by(cost, "stem") == found[0].place
    assert _alive(cost, now, {}) == ()  # nobody knows what was alive there


def test_a_growth_is_a_share_of_what_there_was() -> None:
    assert Amount("params", "params", 4, 5, False).rate == Fraction(1, 4)
    assert Amount("params", "params", 0, 5, False).rate is None
    assert Amount("params", "params", 4, 5, True).rate is None  # at least 5, of at least 4
    assert Amount("params", "params", 0, 5, False).text() == "0 -> 5"
    assert Amount("params", "params", 4, 5, True).text() == "at least 4 -> at least 5"


def test_a_shipped_table_does_not_change_with_a_repository_that_does_not_have_it(work: Repository, say: Say) -> None:
    growth = "vs_base: {mult_adds: +0, params: +0}"
    work.write(
        "mbcost-budgets.yaml",
        f"format: 1\nbudgets: [{{model: mobilenet_v1, {growth}}}, {{model: efficientnet_b3, {growth}}}]\n",
    )
    said = say("check", "--base", "main")
    assert said.code == 0
    assert said.out.startswith("within budget: 4 limits hold (2 budgets, 2 models)\n")
    results = json.loads(say("check", "--base", "main", "-f", "json").out)["results"]
    assert {(one["value"] - one["base"], one["status"]) for one in results} == {(0, "pass")}


def test_of_a_cost_that_is_not_known_the_maps_still_are(work: Repository, say: Say) -> None:
    """What a row of unknown cost does to mult-adds is a lower bound; its output, and so the peak, is exact."""
    mystery = "  - {op: custom, name: mystery, cost: unknown}\n  - {op: global_pool}"
    work.git("switch", "--quiet", "main")
    work.write("models/b.yaml", TABLE.replace("  - {op: global_pool}", mystery))
    work.commit("unknown")
    work.git("switch", "--quiet", "--force-create", "change")
    work.write("models/b.yaml", WIDER.replace("  - {op: global_pool}", mystery))
    change = json.loads(say("check", "--base", "main", "-f", "json").out)["change"]
    text = say("check", "--base", "main").out
    assert "mult-adds at least 727,680 -> at least " in text
    assert f"peak memory in bytes {256 * 48:,} -> {256 * 56:,} (+16.67 %)" in text
    assert [one["model"] for one in change["changed"]] == ["models/b.yaml", "models/b.yaml"]


def test_two_edited_lines_are_two_messages(work: Repository, say: Say) -> None:
    work.write(
        "mbcost-budgets.yaml",
        BUDGETS.replace(
            "max: {mult_adds: 9M, peak_memory: 1MB}",
            'layers: {stem: {max: {mult_adds: 10K}}, "separable_3/*": {max: {mult_adds: 10K}}}',
        ),
    )
    both = TABLE.replace("out_channels: 16", "out_channels: 24").replace(
        "{op: separable, out_channels: 64}", "{op: separable, out_channels: 96}"
    )
    work.write("models/b.yaml", both)
    for name in ("a", "c"):
        (work.folder / "models" / f"{name}.yaml").unlink()
    said = say("check", "--base", "main", "-f", "github")
    assert [line.partition(",title")[0] for line in said.out.splitlines() if line[:2] == "::"] == [
        "::error file=models/b.yaml,line=9,col=5", "::error file=models/b.yaml,line=6,col=5",
    ]  # fmt: skip


def test_a_table_that_becomes_one_based_on_another_points_at_its_edited_line(work: Repository, say: Say) -> None:
    """Before, or after, there is no table further down to compare."""
    strict = BUDGETS.replace("max: {mult_adds: 9M, peak_memory: 1MB}", "vs_base: {mult_adds: +0}")
    work.write("mbcost-budgets.yaml", strict.replace("[{alpha: 1}, {alpha: 0.5}]", "{alpha: 1}"))
    based = "format: 1\nname: b\nbase: {model: ./a.yaml, set: {separable_1.out_channels: %s}}\n"
    work.write("models/b.yaml", based % 40)
    results = json.loads(say("check", "--base", "main", "-f", "json").out)["results"]
    (failed,) = [one for one in results if one["status"] == "fail"]
    assert (failed["model"], failed["place"]["file"], failed["place"]["line"]) == ("models/b.yaml", "models/b.yaml", 3)
    work.commit("based")
    work.git("branch", "--force", "main", "change")
    work.write("models/b.yaml", WIDER.replace("out_channels: 40", "out_channels: 48"))
    results = json.loads(say("check", "--base", "main", "-f", "json").out)["results"]
    (failed,) = [one for one in results if one["status"] == "fail"]
    assert failed["place"]["file"] == "models/b.yaml"


def test_the_layers_of_a_limit_on_some_are_those(work: Repository, say: Say) -> None:
    work.write(
        "mbcost-budgets.yaml",
        'format: 1\nbudgets: [{model: models/a.yaml, layers: {"separable_3/*": {max: {mult_adds: 10K}}}, max: {mult_adds: 1K}}]\n',
    )
    whole, some = json.loads(say("check", "-f", "json").out)["results"]
    assert some["pattern"] == "separable_3/*"
    assert [part["name"] for part in some["layers"]] == ["separable_3/pointwise", "separable_3/depthwise"]
    assert [part["name"] for part in whole["layers"]][:2] == ["separable_3/pointwise", "separable_1/pointwise"]


def test_a_row_that_is_gone_is_shown_where_it_was(work: Repository, say: Say) -> None:
    """Without its stride the map stays large: nothing is left to point at but the row after it."""
    work.write(
        "mbcost-budgets.yaml",
        BUDGETS.replace("max: {mult_adds: 9M, peak_memory: 1MB}", "vs_base: {mult_adds: +0}").replace("*", "b"),
    )
    work.write(
        "models/b.yaml",
        TABLE.replace("name: net", "name: b").replace("  - {op: separable, out_channels: 64, stride: 2}\n", ""),
    )
    said = say("check", "--base", "main", "-f", "github")
    assert "::error file=models/b.yaml,line=8,col=5," in said.out


def test_warning_limits_look_like_warnings_in_every_format(work: Repository, say: Say) -> None:
    asked = ["check", "warn.yaml"]
    work.write(
        "warn.yaml", "format: 1\nbudgets: [{model: models/a.yaml, warn: {mult_adds: 100K}, max: {params: 1M}}]\n"
    )
    text = say(*asked).out
    assert text.startswith("within budget: 1 limit holds (1 budget, 1 model); 1 warning\n\nWARN  models/a.yaml, ")
    assert "warning limit 100K" in text
    markdown = say(*asked, "-f", "markdown").out
    assert (
        "| **warning** | models/a.yaml | alpha 1, resolution 32 | mult-adds | 727,680 | warning at 100K | " in markdown
    )
    assert "mult-adds, warning limit 100K</summary>" in markdown
    github = say(*asked, "-f", "github").out
    assert "\n::warning file=warn.yaml,line=2,col=52,title=over a warning limit::" in github
    assert "::error" not in github
    junit = say(*asked, "-f", "junit").out
    assert "<failure" not in junit
    assert "warning: models/a.yaml, alpha 1, resolution 32: mult-adds 727,680, warning limit 100K" in junit
    assert {(r["kind"], r["status"]) for r in json.loads(say(*asked, "-f", "json").out)["results"]} == {
        ("warn", "warn"),
        ("max", "pass"),
    }


WORKFLOW = re.search(
    r"```yaml\n(on: pull_request\n.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize("known", ["", "77"])
def test_the_workflow_of_the_readme_posts_one_comment_and_updates_it(known: str, tmp_path: Path) -> None:
    assert WORKFLOW is not None
    workflow = yaml.safe_load(WORKFLOW.group(1))
    steps = workflow["jobs"]["budgets"]["steps"]
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert steps[0]["with"]["fetch-depth"] == 0
    assert "markdown=${{ runner.temp }}/mbcost.md" in steps[1]["with"]["args"]
    assert "fork" in steps[2]["if"]
    program = tmp_path / "gh"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{tmp_path}/asked"\ncase "$*" in *--paginate*) [ -z "{known}" ] || echo "{known}";; esac\n'
    )
    program.chmod(0o755)
    env = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_REPOSITORY": "o/r",
        "RUNNER_TEMP": "/t",
        "PR": "5",
    }
    subprocess.run(["bash", "-eo", "pipefail", "-c", steps[2]["run"]], env=env, check=True)
    listed, posted = (tmp_path / "asked").read_text().splitlines()
    assert listed == (
        'api --paginate repos/o/r/issues/5/comments --jq .[] | select(.user.login == "github-actions[bot]" and '
        '(.body | startswith("<!-- mbcost check -->"))) | .id'
    )
    there = f"-X PATCH repos/o/r/issues/comments/{known}" if known else "repos/o/r/issues/5/comments"
    assert posted == f"api {there} -F body=@/t/mbcost.md"


@pytest.mark.parametrize(("growth", "line"), [(9, 6), (10, 6), (11, 7)])
def test_the_line_behind_most_of_the_growth_to_the_unit(growth: int, line: int) -> None:
    """Two copies that grow by 5 each against one row below; of as much the line above."""
    text = (
        "format: 1\nname: net\ninput: {channels: 3, resolution: 8}\nrounding: floor\nlayers:\n"
        "  - {op: custom, name: a, repeat: 2, params: 0, mult_adds: %d}\n  - {op: custom, name: b, params: 0, mult_adds: %d}\n"
    )
    before, after = (mbcost.loads(text % pair).cost() for pair in ((100, 100), (105, 100 + growth)))
    grew = tuple([Part(row.name, row.mult_adds, None, 100, "~") for row in after.rows])
    place = cause(after, Side(before), grew)
    assert place is not None
    assert place.line == line


def test_growth_of_what_no_layer_makes_has_the_place_of_what_grew_most() -> None:
    """The input of the network is alive at a peak, and no row of the table makes it."""
    before, after = (mbcost.loads(text).cost() for text in (TABLE, WIDER))
    grew = Part("input", 20, None, 10, "~", Place("net.yaml", 3, 1))
    assert cause(after, Side(before), (grew,)) == grew.place


def test_the_first_line_of_a_table_may_be_the_edited_one() -> None:
    """In flow style it holds all of it."""
    text = "{format: 1, name: net, input: {channels: 3, resolution: 8}, layers: [{op: custom, params: 0, mult_adds: %d}]}\n"
    before, after = (mbcost.loads(text % amount).cost() for amount in (5, 6))
    place = cause(after, Side(before), (Part("custom_1", 6, None, 5, "~", Place("elsewhere.yaml", 9, 9)),))
    assert place is not None
    assert (place.file, place.line) == (after.network.table.file, 1)


def test_what_a_part_of_a_layer_makes_is_put_down_to_that_layer() -> None:
    text = (
        "format: 1\nname: net\ninput: {channels: 3, resolution: 8}\nlayers:\n"
        + "  - {op: custom, name: %s, params: 0, mult_adds: %d}\n" * 2
    )
    before, after = (mbcost.loads(text % ("a", amount, "b", amount)).cost() for amount in (5, 6))
    place = cause(after, Side(before), (Part("b/inner", 9, None, 5, "~"),))
    assert place is not None
    assert place.line == 6


def test_growth_without_an_edited_line_has_the_place_of_what_grew_most() -> None:
    """The same table under something else: another rule, another resolution."""
    cost = mbcost.loads(TABLE).cost()
    assert cause(cost, Side(cost), (Part("stem", 2, None, 1, "~", Place("net.yaml", 6, 5)),)) == Place("net.yaml", 6, 5)


@pytest.mark.parametrize(("most", "rest"), [(4, ""), (3, ""), (2, "and 1 more layer: `mbcost diff` has all of them")])
def test_as_many_layers_as_changed_are_none_too_many(
    most: int, rest: str, work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wider row, and the two that read it."""
    monkeypatch.setattr("mbcost.budgets.verdicts.changed.MOST_LAYERS", most)
    monkeypatch.setattr("mbcost.budgets.verdicts.text.MOST_LAYERS", most)
    work.write("models/b.yaml", WIDER)
    changed = changes_of(check([read_budgets("mbcost-budgets.yaml")], "main"))
    assert changed is not None
    one = changed.changed[0]
    assert (len(one.layers), one.left_out) == (3, rest)
    assert say("check", "--base", "main").out.count("more layer") == bool(rest)
