"""`mbcost check`: what holds, what fails, what each format says, and what is written where."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import mbcost
from mbcost import __version__
from mbcost.budgets.evaluate import check
from mbcost.budgets.reading import read_budgets, read_budgets_text
from mbcost.budgets.specs import Part
from mbcost.budgets.verdicts.markdown import Section, capped
from mbcost.budgets.verdicts.text import verdict_text
from mbcost.budgets.verdicts.words import _grown
from mbcost.errors import MbcostError
from mbcost.quantities import QUANTITIES, limitable
from tests.budgets.budgets_world import TABLE
from tests.conftest import Said, refused

Say = Callable[..., Said]

BUDGETS = """\
format: 1
convention: torch
budgets:
  - model: net.yaml
    at: [{alpha: 1}, {alpha: 1/2, resolution: 64x32}]
    max: {mult_adds: 700K, params: 9.4K}
    warn: {params: 9.3K}
  - model: mobilenet_v1
    at: {alpha: 0.75, resolution: 192}
    bits: 8
    max: {mult_adds: 240M, model_bytes: 4MiB, largest_activation: 500KB}
    layers: {"*/pointwise": {max_share: {mult_adds: 5%}, warn: {params: 500K}}}
    message: "Ask <the> *team*, 100 % of | it."
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(TABLE, encoding="utf-8")
    Path("mbcost-budgets.yaml").write_text(BUDGETS, encoding="utf-8")
    return tmp_path


def results(say: Say, *args: str) -> list[dict[str, object]]:
    return list(json.loads(say("check", *args, "-f", "json").out)["results"])


def test_every_result_agrees_with_the_network(here: Path, say: Say) -> None:
    document = json.loads(say("check", "-f", "json").out)
    assert document["schema"] == "mbcost/check/2"
    assert (document["version"], document["convention"], document["passed"]) == (__version__, "torch", False)
    costs = {
        ("net.yaml", "1"): mbcost.load("./net.yaml").cost(),
        ("net.yaml", "1/2"): mbcost.load("./net.yaml").cost(alpha="1/2", resolution="64x32"),
        ("mobilenet_v1", "3/4"): mbcost.load("mobilenet_v1").cost(alpha="0.75", resolution=192),
    }
    assert len(document["results"]) == 2 * 3 + 5
    for result in document["results"]:
        cost = costs[result["model"], result["alpha"]]
        assert result["resolution"] == list(cost.variant.resolution)
        assert result["table_hash"] == cost.network.table_hash
        largest = max(row.output_elements for row in cost.rows)
        share = max(Fraction(row.mult_adds, cost.mult_adds) for row in cost.rows if row.name.endswith("/pointwise"))
        pointwise = max(row.params for row in cost.rows if row.name.endswith("/pointwise"))
        expected = {
            "max mult_adds": cost.mult_adds, "max params": cost.params, "warn params": cost.params, "max model_bytes": cost.params,
            "max largest_activation": largest, "max_share mult_adds": str(share), "warn params */pointwise": pointwise,
        }  # fmt: skip
        name = " ".join(
            [
                result["kind"],
                result["quantity"],
                *([result["pattern"]] if result["kind"] == "warn" and "pattern" in result else []),
            ]
        )
        assert result.get("value_exact", result["value"]) == expected[name]
        value, limit, over = (Fraction(result.get(f"{key}_exact", result[key])) for key in ("value", "limit", "over"))
        assert over == max(0, value - limit)
        assert Fraction(result["over_share_exact"]) == over / limit
        assert result["passed"] == (result["kind"].startswith("warn") or not Fraction(result["over"]))
        values = [layer["value"] for layer in result["layers"]]
        assert values == sorted(values, reverse=True)
        assert 1 <= len(values) <= 3
        assert {layer["name"] for layer in result["layers"]} <= {row.name for row in cost.rows}
    assert document["passed"] == all(result["passed"] for result in document["results"])


def test_the_text_says_what_failed_and_by_how_much(here: Path, say: Say) -> None:
    said = say("check")
    assert (said.code, said.err) == (1, "")
    lines = said.out.splitlines()
    assert lines[0] == (
        "over budget: 2 of 11 limits exceeded (2 budgets, 2 models); 2 warnings; "
        "worst: mobilenet_v1, separable_3/pointwise mult-adds 77.48 % over 5%"
    )
    for block in (
        """
FAIL  net.yaml, alpha 1, resolution 32
      mult-adds 727,680, limit 700K, over by 27,680 (3.95 %)
      most:  """,
        """
FAIL  mobilenet_v1, alpha 0.75, resolution 192
      separable_3/pointwise mult-adds 8.87 %, limit 5% for */pointwise, over by 3.87 points (77.48 %)
      most:  separable_3/pointwise 21,233,664 (8.87 %)
             separable_5/pointwise 21,233,664 (8.87 %)
             separable_7/pointwise 21,233,664 (8.87 %)
      limit: """,
        """
WARN  net.yaml, alpha 1, resolution 32
      params 9,322, warning limit 9.3K, over by 22 (0.24 %)
""",
    ):
        assert block in said.out
    assert not any(line.startswith("ok ") for line in lines)
    shown = say("check", "--show-passed").out
    assert shown.count(" left (") == 7
    assert "\nok    net.yaml, alpha 0.5, resolution 64x32\n      " in shown
    digests = [mbcost.load(name).table_hash for name in ("./net.yaml", "mobilenet_v1")]
    tables = f"tables {digests[0]} of net.yaml, {digests[1]} of mobilenet_v1"
    assert lines[-1] == f"convention torch, mbcost {__version__}, {tables}"


@pytest.mark.parametrize("width", [50, 80])
def test_a_terminal_folds_between_words_alone(width: int, here: Path) -> None:
    outcome = check([read_budgets("mbcost-budgets.yaml")])
    text, folded = verdict_text(outcome), verdict_text(outcome, width=width)
    assert max(map(len, folded.splitlines())) <= width < max(map(len, text.splitlines()))
    assert text.split() == folded.split()
    coloured = verdict_text(outcome, color=True)
    assert "\x1b[1;31mFAIL\x1b[0m  " in coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == text  # colour carries nothing alone


def test_a_warning_that_fails_is_a_failure_everywhere(here: Path, say: Say) -> None:
    Path("b.yaml").write_text(
        "format: 1\nbudgets: [{model: net.yaml, warn: {mult_adds: 700K}, max: {params: 9.4K}}]\n", encoding="utf-8"
    )
    lenient = json.loads(say("check", "b.yaml", "-f", "json").out)
    assert (lenient["passed"], lenient["counts"]["warn"], lenient["counts"]["fail"]) == (True, 1, 0)
    strict = say("check", "b.yaml", "--fail-on", "warn", "-f", "json")
    document = json.loads(strict.out)
    assert (strict.code, document["passed"], document["counts"]["warn"], document["counts"]["fail"]) == (1, False, 0, 1)
    said = say("check", "b.yaml", "--fail-on", "warn").out
    assert said.startswith("over budget: 1 of 2 limits exceeded")
    assert "warning limit 700K, over by 27,680" in said
    junit = ET.fromstring(say("check", "b.yaml", "--fail-on", "warn", "-f", "junit").out)
    assert junit.get("failures") == "1"


def test_a_budgets_file_named_twice_is_checked_once(here: Path, say: Say) -> None:
    assert say("check", "mbcost-budgets.yaml", "mbcost-budgets.yaml") == say("check")


@pytest.mark.parametrize(
    ("limit", "args", "code"),
    [
        ("max: {mult_adds: 800K}", [], 0),
        ("max: {mult_adds: 727680}", [], 0),
        ("max: {mult_adds: 727679}", [], 1),
        ("max: {mult_adds: 700K}", ["--exit-zero"], 0),
        ("warn: {mult_adds: 700K}", [], 0),
        ("warn: {mult_adds: 700K}", ["--fail-on", "warn"], 1),
        ("warn: {mult_adds: 700K}", ["--fail-on", "warn", "--exit-zero"], 0),
        ("max: {total_activations: 30730}", [], 0),
        ("max: {total_activations: 30729}", [], 1),
        ("max: {largest_activation: 8192B}, bits: 8", [], 0),
        ("max: {largest_activation: 8191B}, bits: 8", [], 1),
        ("max: {model_bytes: 18644B}, bits: 16", [], 0),
        ("max: {model_bytes: 18643B}, bits: 16", [], 1),
        ('layers: {"separable_*": {max: {params: 4224}}}'.replace("4224", "4.224K"), [], 0),
        ('layers: {"separable_*": {max: {params: 4.223K}}}', [], 1),
        ('layers: {"*": {max_share: {mult_adds: 36.1%}}}', [], 0),
        ('layers: {"*": {max_share: {mult_adds: 36%}}}', [], 1),
    ],
)
def test_a_limit_is_held_to_the_unit(limit: str, args: list[str], code: int, here: Path, say: Say) -> None:
    Path("mbcost-budgets.yaml").write_text(f"format: 1\nbudgets:\n  - {{model: net.yaml, {limit}}}\n", encoding="utf-8")
    assert say("check", *args).code == code


def test_limits_of_the_command_line_are_those_of_a_file(here: Path, say: Say) -> None:
    text = "format: 1\nbudgets:\n  - {model: net.yaml, at: {alpha: 0.5}, bits: 8, max: {mult_adds: 100K, params: 20K, model_bytes: 4KiB}}\n"
    Path("one.yaml").write_text(text, encoding="utf-8")
    by_file = results(say, "one.yaml")
    asked = results(
        say,
        "net.yaml",
        "-a",
        "0.5",
        "--bits",
        "8",
        "--max-mult-adds",
        "100K",
        "--max-params",
        "20K",
        "--max-model-bytes",
        "4KiB",
    )
    for one, other in zip(by_file, asked, strict=True):
        for key in ("budget", "place"):
            one.pop(key, None)
            other.pop(key, None)
    assert by_file == asked
    assert say("check", "net.yaml", "mobilenet_v1", "--max-mult-adds", "600M").code == 0
    assert say("check", "net.yaml", "mobilenet_v1", "--max-mult-adds", "500M").code == 1
    counted = results(say, "mobilenet_v1", "--max-mult-adds", "600M", "--convention", "thop")
    assert (counted[0]["convention"], counted[0]["value"]) == ("thop", 588_962_304)


def test_the_convention_of_the_file_is_the_one_counted_under(here: Path, say: Say) -> None:
    Path("b.yaml").write_text(
        "format: 1\nconvention: thop\nbudgets: [{model: mobilenet_v1, max: {mult_adds: 570M}}]\n", encoding="utf-8"
    )
    said = say("check", "b.yaml")
    assert said.code == 1
    assert "mult-adds 588,962,304, limit 570M" in said.out
    assert said.out.splitlines()[-1].startswith("convention thop, ")


def test_a_convention_of_ones_own(here: Path, say: Say) -> None:
    rules = "format: 1\nconventions: [{name: biased, tool: ours, version: 1, unit: mult_adds, source: here, mult_adds: {weight_mults: 1, bias_adds: 1}, params: {weights: 1}}]\n"
    Path("sub").mkdir()
    Path("sub/rules.yaml").write_text(rules, encoding="utf-8")
    Path("sub/b.yaml").write_text(
        "format: 1\nconvention: rules.yaml:biased\nbudgets: [{model: ../net.yaml, max: {params: 20K, mult_adds: 900K}}]\n",
        encoding="utf-8",
    )
    cost = mbcost.load("./net.yaml").cost()
    found = results(say, "sub/b.yaml")
    assert [r["value"] for r in found] == [cost.weights, cost.mult_adds + 10]
    assert found[0]["convention"] == "sub/rules.yaml:biased"
    asked = results(say, "net.yaml", "--conventions", "sub/rules.yaml", "--convention", "biased", "--max-params", "20K")
    assert asked[0]["value"] == cost.weights
    said = say("check", "sub/b.yaml", "--conventions", "sub/rules.yaml")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: --conventions goes with --max limits, not with budgets files\n")


def test_a_bound_can_fail_a_limit_and_never_hold_one(here: Path, say: Say) -> None:
    unknown = TABLE.replace(
        "  - {op: global_pool}\n", "  - {op: custom, name: mystery, cost: unknown}\n  - {op: global_pool}\n"
    )
    Path("net.yaml").write_text(unknown, encoding="utf-8")
    assert not mbcost.load("./net.yaml").cost().exact
    over, within = (
        results(say, "net.yaml", "--max-mult-adds", "700K")[0],
        results(say, "net.yaml", "--max-mult-adds", "900M")[0],
    )
    assert (over["passed"], over["bound"], over["over"]) == (False, True, 27_680)
    assert (within["passed"], within["bound"], within["over"]) == (False, True, 0)
    said = say("check", "net.yaml", "--max-mult-adds", "900M")
    assert said.code == 1
    assert said.out.splitlines()[0].endswith("worst: net.yaml, mult-adds not known to be within 900M")
    assert (
        "mult-adds at least 727,680, limit 900M: the cost of mystery is not known, so it cannot be known to be within"
        in said.out
    )
    assert say("check", "net.yaml", "--max-largest-activation", "900M").code == 0  # shapes are known all the same


def test_unrounded_widths_are_held_exactly(here: Path, say: Say) -> None:
    cost = mbcost.load("mobilenet_v1").cost(alpha="0.31", rounding="none")
    assert cost.mult_adds == Fraction(38_070_059_392, 625)
    asked = ["mobilenet_v1", "-a", "0.31", "--rounding", "none", "--max-mult-adds"]
    assert say("check", *asked, "60912096").code == 0
    said = say("check", *asked, "60912095")
    assert said.code == 1
    assert "mult-adds 60,912,095.03, limit 60912095, over by 0.03 (0.00 %)" in said.out
    for fmt in ("json", "markdown", "github", "junit"):
        assert say("check", *asked, "50M", "-f", fmt).code == 1
    say("check", *asked, "70M", "-f", "json", "-o", "base.json")
    again = json.loads(say("check", *asked, "60M", "--base", "base.json", "-f", "json").out)
    assert (again["results"][0]["base"], again["results"][0]["grew"]) == ("38070059392/625", [])
    for fmt in ("table", "json", "csv", "markdown"):
        assert say("diff", "mobilenet_v1", "mobilenet_v2", "-a", "0.31", "--rounding", "none", "-f", fmt).code == 0


def test_one_glob_many_models(here: Path, say: Say) -> None:
    for name in ("a", "b"):
        Path(f"sub/{name}").mkdir(parents=True)
        Path(f"sub/{name}/x.yaml").write_text(TABLE, encoding="utf-8")
    Path("b.yaml").write_text(
        'format: 1\nbudgets: [{model: "sub/**/*.yaml", max: {mult_adds: 800K}}]\n', encoding="utf-8"
    )
    assert [r["model"] for r in results(say, "b.yaml")] == ["sub/a/x.yaml", "sub/b/x.yaml"]
    Path("b.yaml").write_text('format: 1\nbudgets: [{model: "*.yaml", max: {mult_adds: 800K}}]\n', encoding="utf-8")
    Path("mbcost-budgets.yaml").unlink()
    assert [r["model"] for r in results(say, "b.yaml")] == ["net.yaml"]  # the budgets file itself is no model
    Path("b.yaml").write_text(
        'format: 1\nbudgets: [{model: "mobilenet_v1*", max: {mult_adds: 600M}}]\n', encoding="utf-8"
    )
    assert [r["model"] for r in results(say, "b.yaml")] == ["mobilenet_v1", "mobilenet_v1_keras"]


def test_a_pattern_must_match_in_one_of_the_models(here: Path, say: Say) -> None:
    text = 'format: 1\nbudgets: [{model: "{}", layers: {"*/pointwise": {max_share: {mult_adds: 90%}}}}]\n'
    Path("b.yaml").write_text(text.replace("{}", "[am]*xnet").replace("xnet", ""), encoding="utf-8")
    found = {r["model"] for r in results(say, "b.yaml")}
    assert "mobilenet_v1" in found
    assert "alexnet" not in found
    Path("b.yaml").write_text(text.replace("{}", "alexnet"), encoding="utf-8")
    assert say("check", "b.yaml").code == 2


def test_whatever_words_get_into_junit_it_stays_xml(here: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbcost.budgets.verdicts.junit.footer", lambda _outcome: "a\x1b[31m\x00b\ud800 <&]]>")
    monkeypatch.setattr("mbcost.budgets.verdicts.junit.verdict", lambda _outcome: "a\x00\nb")
    root = ET.fromstring(say("check", "-f", "junit").out)
    assert "<&]]>" in str(root.findtext("testsuite/system-out"))
    values = [one.get("value") for one in root.iter("property") if one.get("name") == "verdict"]
    assert all("\n" not in str(value) for value in values)
    assert values


def test_json_names_the_budget_of_a_limit_by_its_file_and_line_and_of_the_command_line_by_its_number(
    here: Path, say: Say
) -> None:
    own = json.loads(say("check", "-f", "json").out)["results"][0]["budget"]
    assert own == {"file": "mbcost-budgets.yaml", "number": 1, "line": own["line"], "column": own["column"]}
    assert own["line"] > 1
    typed = json.loads(say("check", "mobilenet_v1", "net.yaml", "--max-mult-adds", "600M", "-f", "json").out)["results"]
    assert [result["budget"] for result in typed] == [{"file": None, "number": 1}, {"file": None, "number": 2}]


def test_junit_has_one_case_for_each_budget_and_point(here: Path, say: Say) -> None:
    root = ET.fromstring(say("check", "-f", "junit").out)
    assert root.tag == "testsuites"
    suite = root.find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert [(case.get("classname"), case.get("name")) for case in cases] == [
        ("net.yaml", "mbcost-budgets.yaml budget 1, alpha 1, resolution 32"),
        ("net.yaml", "mbcost-budgets.yaml budget 1, alpha 0.5, resolution 64x32"),
        ("mobilenet_v1", "mbcost-budgets.yaml budget 2, alpha 0.75, resolution 192"),
    ]
    assert [(case.get("file"), case.get("line")) for case in cases] == [("mbcost-budgets.yaml", n) for n in "448"]
    failures = [case.findall("failure") for case in cases]
    assert [len(found) for found in failures] == [1, 0, 1]
    assert failures[0][0].get("message") == "mult-adds 727,680, limit 700K, over by 27,680 (3.95 %)"
    for name, count in (("tests", 3), ("failures", 2), ("errors", 0), ("skipped", 0)):
        assert root.get(name) == suite.get(name) == str(count)
    properties = {p.get("name"): p.get("value") for p in cases[2].iter("property")}
    assert properties["max mult_adds"] == "239273472"
    assert properties["max mult_adds limit"] == "240000000"
    assert properties["table_hash"] == mbcost.load("mobilenet_v1").table_hash
    shared = {p.get("name"): p.get("value") for p in suite.findall("properties/property")}
    assert (shared["convention"], shared["version"]) == ("torch", __version__)


def test_junit_survives_what_xml_cannot_say(here: Path, say: Say) -> None:
    text = 'format: 1\nbudgets: [{model: net.yaml, max: {mult_adds: 1K}, message: "a\\u0001 <b> & \\u263a"}]\n'
    Path("b.yaml").write_text(text, encoding="utf-8")
    root = ET.fromstring(say("check", "b.yaml", "-f", "junit").out)
    failure = root.find(".//failure")
    assert failure is not None
    assert "note: a\\x01 <b> & \u263a" in (failure.text or "")


def test_markdown_renders_as_it_should(here: Path, say: Say) -> None:
    text = say("check", "-f", "markdown").out
    assert text.startswith("<!-- mbcost check -->\n**over budget: 2 of 11 limits exceeded")
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<table>") == 1
    assert html.count("<tr>") == 1 + 2 + 2
    assert html.count("<details>") == html.count("</details>") == 4
    assert "Ask &lt;the&gt; *team*, 100 % of | it." in html  # the message is text, not markup
    assert '<td style="text-align:right">3.87 points (77.48 %)</td>' in html
    summaries = re.findall("<summary>(.*?)</summary>", html)
    assert "net.yaml, alpha 1, resolution 32: mult-adds, limit 700K" in summaries
    assert len(set(summaries)) == len(summaries)
    assert "for */pointwise" not in html.split("</table>")[0]
    within = say("check", "mobilenet_v1", "--max-mult-adds", "600M", "-f", "markdown").out
    assert within.splitlines()[:2] == ["<!-- mbcost check -->", "**within budget: 1 limit holds (1 budget, 1 model)**"]
    assert mbcost.load("mobilenet_v1").table_hash in within


def test_markdown_never_outgrows_a_comment(here: Path, say: Say) -> None:
    for n in range(300):
        Path(f"net_{n}.yaml").write_text(TABLE, encoding="utf-8")
    rows = "".join(
        f"  - {{model: net_{n}.yaml, max: {{mult_adds: {10_000 + n}}}, message: {'x' * 90}}}\n" for n in range(300)
    )
    Path("b.yaml").write_text(f"format: 1\nbudgets:\n{rows}", encoding="utf-8")
    text = say("check", "b.yaml", "-f", "markdown").out
    assert 50_000 < len(text) <= 60_000
    html = MarkdownIt("commonmark").enable("table").render(text)
    shown = html.count("<details>")
    assert 0 < shown == html.count("</details>")
    assert f"Left out here: {300 - shown} explanations. `mbcost check` tells all of it." in text
    assert html.count("<tr>") == 301  # the table is what stays longest
    Path("b.yaml").write_text(f"format: 1\nbudgets:\n{rows * 3}", encoding="utf-8")
    text = say("check", "b.yaml", "-f", "markdown").out
    assert 50_000 < len(text) <= 60_000
    rows_shown = text.count("\n| **over** |")
    assert f"Left out here: {900 - rows_shown} limits, 300 explanations. " in text


def test_at_most_ten_annotations_worst_first(here: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("net.yaml").unlink()  # no budget names it, which would be told
    for n in range(14):
        Path(f"net_{n}.yaml").write_text(TABLE, encoding="utf-8")
    rows = "".join(f"  - {{model: net_{n}.yaml, max: {{mult_adds: {700_000 - 1000 * n}}}}}\n" for n in range(14))
    Path("b.yaml").write_text(f"format: 1\nbudgets:\n{rows}", encoding="utf-8")
    lines = say("check", "b.yaml", "-f", "github").out.splitlines()
    assert lines[0].startswith("over budget: 14 of 14")
    assert [line.split("limit ")[1].split(",")[0] for line in lines[1:11]] == [
        str(687_000 + 1000 * n) for n in range(10)
    ]
    assert all(line.startswith("::error file=b.yaml,line=") for line in lines[1:11])
    digests = {mbcost.load(f"./net_{n}.yaml").table_hash for n in range(14)}
    assert len(digests) == 1
    assert lines[11:] == [
        "and 4 more annotations that GitHub would not show",
        f"convention torch, mbcost {__version__}, table {digests.pop()}",
    ]


@pytest.mark.parametrize(("number", "rest"), [(10, []), (11, ["and 1 more annotation that GitHub would not show"])])
def test_ten_annotations_are_none_too_many(number: int, rest: list[str], here: Path, say: Say) -> None:
    for n in range(number):
        Path(f"net_{n}.yaml").write_text(TABLE, encoding="utf-8")
    rows = "".join(f"  - {{model: net_{n}.yaml, max: {{mult_adds: 10K}}}}\n" for n in range(number))
    Path("b.yaml").write_text(
        f"format: 1\nbudgets:\n{rows}  - {{model: net.yaml, max: {{params: 9.4K}}}}\n", encoding="utf-8"
    )
    lines = say("check", "b.yaml", "-f", "github").out.splitlines()
    assert (len([line for line in lines if line.startswith("::error")]), lines[11:-1]) == (10, rest)


def test_an_annotation_cannot_be_forged(here: Path, say: Say) -> None:
    Path("a,b:c").mkdir()
    Path("a,b:c/net.yaml").write_text(TABLE, encoding="utf-8")
    text = 'format: 1\nbudgets: [{model: "a,b:c/net.yaml", layers: {"*": {max: {mult_adds: 100K}}}, message: "50%\\n::error::forged\\r"}]\n'
    Path("b.yaml").write_text(text, encoding="utf-8")
    lines = say("check", "b.yaml", "-f", "github").out.splitlines()
    assert [line[:2] for line in lines] == ["ov", "::", "co"]
    assert lines[1].startswith("::error file=a%2Cb%3Ac/net.yaml,line=")
    assert lines[1].endswith("%0Anote: 50%25 ::error::forged")


def test_several_reports_at_once(here: Path, say: Say) -> None:
    said = say(
        "check",
        "--report",
        "junit=j.xml",
        "--report",
        "markdown=m.md",
        "--report",
        "json=r.json",
        "--report",
        "github=g",
        "-o",
        "t",
    )
    assert said == (1, "", "")
    assert ET.parse("j.xml").getroot().get("tests") == "3"
    assert Path("t").read_text(encoding="utf-8") == say("check").out
    assert Path("m.md").read_text(encoding="utf-8") == say("check", "-f", "markdown").out
    assert Path("r.json").read_text(encoding="utf-8") == say("check", "-f", "json").out
    assert Path("g").read_text(encoding="utf-8") == say("check", "-f", "github").out


def test_a_report_that_cannot_be_written_leaves_nothing_behind(here: Path, say: Say) -> None:
    Path("folder").mkdir()
    before = sorted(p.name for p in here.iterdir())
    said = say("check", "--report", "junit=folder")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: `folder` cannot be written: it is a directory\n  help: ")
    said = say("check", "--update", "--allow-raise", "--report", "junit=nowhere/x.xml")
    assert (said.code, said.out) == (2, "")
    said = say("check", "--update", "--allow-raise", "-o", "nowhere/x.txt")
    assert (said.code, said.out) == (2, "")
    assert sorted(p.name for p in here.iterdir()) == before
    assert Path("mbcost-budgets.yaml").read_text(encoding="utf-8") == BUDGETS  # nor is anything updated


def test_the_summary_that_cannot_be_written_is_an_error(here: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here))
    said = say("check")
    assert (said.code, said.out) == (2, "")
    assert "the job summary" in said.err
    assert say("check", "--update", "--allow-raise").code == 2
    assert Path("mbcost-budgets.yaml").read_text(encoding="utf-8") == BUDGETS  # nor is anything updated


def test_loose_limits_are_noticed_where_no_model_needs_them(here: Path, say: Say) -> None:
    text = (
        "format: 1\nbudgets:\n  - {model: net.yaml, at: [{alpha: 1}, {alpha: 2}], max: {mult_adds: 3M, params: 1M}}\n"
    )
    Path("b.yaml").write_text(text, encoding="utf-8")
    notices = [line for line in say("check", "b.yaml").out.splitlines() if line.startswith("notice: ")]
    assert notices == [
        "notice: net.yaml, alpha 2, resolution 32: params at 3.19 % of the limit 1M (b.yaml:3:82): lower it, or run `mbcost check --update b.yaml`"
    ]


def test_the_schema_agrees_with_the_reader(here: Path) -> None:
    import yaml

    from mbcost.budgets.schema import schema

    validator = jsonschema.Draft202012Validator(schema())
    jsonschema.Draft202012Validator.check_schema(schema())
    validator.validate(yaml.safe_load(BUDGETS))
    relative = {"mult_adds": "+2%", "params": "+50k", "ignore_below": "1M"}
    validator.validate({"format": 1, "budgets": [{"model": "x", "vs_base": relative, "bits": 8}]})
    for wrong in (
        {"max": {"mult_adds": 240}}, {"max": {"macs": "240M"}}, {"max": {"mult_adds": "20%"}}, {"vs_base": {"params": "2%"}}, {"max": {}}, {"at": []},
        {"layers": {}}, {"layers": {"*/x": {"max_share": {"mult_adds": 20}}}}, {"massage": "x"}, {"max": {"model_bytes": "4M"}}, {"bits": 12},
        {"code": {}}, {"code": {"builder": "a:b", "file": "a.onnx"}}, {"code": {"builder": "a:b", "alphas": []}}, {"code": {"builder": "a:b", "pace": 1}},
    ):  # fmt: skip
        budget = {"model": "x", "max": {"mult_adds": "1M"}, **wrong}
        assert not validator.is_valid({"format": 1, "budgets": [budget]}), wrong
        with pytest.raises(MbcostError):
            read_budgets_text(json.dumps({"format": 1, "budgets": [budget]}))
    assert not validator.is_valid({"format": 1, "budgets": [{"model": "x"}]})
    assert not validator.is_valid({"format": 1, "budgets": []})
    known = {"model": "x", "max": {"params": "1M"}}
    assert validator.is_valid({"format": 1, "budgets": [known]})
    assert not validator.is_valid({"format": 1, "budgets": [known], "models": []})


def test_a_stream_that_takes_ascii_alone_gets_ascii(here: Path) -> None:
    text = 'format: 1\nbudgets: [{model: nét.yaml, max: {mult_adds: 700K}, message: "größer → teurer"}]\n'
    Path("b.yaml").write_text(text, encoding="utf-8")
    Path("net.yaml").rename("nét.yaml")
    env = {
        **os.environ,
        "PYTHONIOENCODING": "ascii",
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(Path(mbcost.__file__).parents[1]),
    }
    for args in (
        ["check", "b.yaml"],
        ["check", "b.yaml", "-f", "github"],
        ["check", "b.yaml", "-f", "junit"],
        ["diff", "nét.yaml", "nét.yaml"],
    ):
        done = subprocess.run([sys.executable, "-m", "mbcost", *args], env=env, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (args[0] == "check", b"")
        assert done.stdout.isascii()
        assert b"n\\xe9t.yaml" in done.stdout


def test_budgets_from_standard_input(here: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(mbcost.__file__).parents[1])}
    command = [sys.executable, "-m", "mbcost", "check", "-"]
    done = subprocess.run(command, env=env, input=BUDGETS.encode(), capture_output=True, check=False)
    assert done.returncode == 1
    assert b"limit: <stdin>:6:22" in done.stdout
    done = subprocess.run([*command, "--update"], env=env, input=BUDGETS.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.tuples(st.integers(0, len(BUDGETS)), st.integers(0, 12)), max_size=3),
    put=st.lists(st.tuples(st.integers(0, len(BUDGETS)), st.sampled_from([*"{}[]:,-+%*&!|>\"'~#\n\t 0.", "-5M", "1e999", "no", "9" * 30, "budgets"])), max_size=3),
)  # fmt: skip
def test_a_mangled_budgets_file_is_checked_or_refused(
    here: Path, say: Say, cuts: list[tuple[int, int]], put: list[tuple[int, str]]
) -> None:
    text = BUDGETS
    for at, size in cuts:
        text = text[:at] + text[at + size :]
    for at, piece in put:
        text = text[:at] + piece + text[at:]
    Path("b.yaml").write_text(text, encoding="utf-8")
    said = say("check", "b.yaml")
    assert said.code in {0, 1, 2}
    assert (said.code == 2) == bool(said.err) == (not said.out)
    assert "  help: " in said.err or said.code != 2


def test_what_a_check_looks_at_is_bounded_and_what_was_not_is_said(
    here: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbcost.budgets.evaluate.MAX_WORK", 1000)
    rows = "".join(f"- {{model: net.yaml, max: {{params: 9M, mult_adds: {n}M}}}}\n" for n in range(1, 10))
    Path("many.yaml").write_text(f"format: 1\nbudgets:\n{rows}", encoding="utf-8")
    assert len(mbcost.load("./net.yaml").cost().rows) == 9  # so a limit is 59 of 1,000, and the 17th does not fit
    said = say("check", "many.yaml")
    refused(said, "many.yaml:11:11: the limits of this budget and of those after it are not checked: models x points x limits come to more than 1,000 layers")  # fmt: skip
    monkeypatch.setattr("mbcost.budgets.evaluate.MAX_WORK", 59 * 18)
    assert say("check", "many.yaml").code == 0
    monkeypatch.setattr("mbcost.budgets.evaluate.MAX_WORK", 59 * 18 - 1)
    assert say("check", "many.yaml").code == 2
    Path("many.yaml").write_text(f"format: 1\nbudgets:\n{rows[: rows.rindex('-')]}", encoding="utf-8")
    assert say("check", "many.yaml").code == 0


def test_a_file_has_so_many_points_and_no_more(here: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbcost.budgets.points.MAX_POINTS", 6)
    row = "- {model: net.yaml, at: [{alpha: 1}, {alpha: 2}, {alpha: 3}], max: {params: 9M}}\n"
    Path("many.yaml").write_text(f"format: 1\nbudgets:\n{row * 2}", encoding="utf-8")
    assert say("check", "many.yaml").code == 0
    Path("many.yaml").write_text(f"format: 1\nbudgets:\n{row * 3}", encoding="utf-8")
    refused(say("check", "many.yaml"), "many.yaml:5:25: more than 6 points in one file")


def test_of_very_many_failures_the_worst_are_told(here: Path, say: Say) -> None:
    for n in range(100, 403):
        Path(f"net_{n}.yaml").write_text(TABLE, encoding="utf-8")
    rows = "".join(f"- {{model: net_{n}.yaml, max: {{mult_adds: {n}K}}}}\n" for n in range(100, 403))
    Path("many.yaml").write_text(f"format: 1\nbudgets:\n{rows}", encoding="utf-8")
    said = say("check", "many.yaml")
    assert said.code == 1
    assert said.out.startswith("over budget: 303 of 303 limits exceeded")
    assert said.out.count("\nFAIL  ") == 200
    assert "limit 299K" in said.out
    assert "limit 300K" not in said.out
    assert "\nand 103 more over a limit: -f json has all of them\n" in said.out
    assert len(results(say, "many.yaml")) == 303


def test_a_member_of_a_shipped_family_has_budgets_by_its_name(say: Say, here: Path) -> None:
    Path("mbcost-budgets.yaml").write_text(
        "format: 1\nbudgets:\n  - {model: efficientnet_b1, max: {params: 8M}}\n", encoding="utf-8"
    )
    (found,) = results(say)
    own = mbcost.load("efficientnet_b0").cost(depth="1.1", resolution=240)
    assert (found["model"], found["value"], found["passed"]) == ("efficientnet_b1", own.params, True)
    assert say("check", "efficientnet_b1", "--max-params", "7M").code == 1


def test_a_warning_is_held_against_the_limit_on_the_same_layers_alone(here: Path, say: Say) -> None:
    """One glob's warning may be above another's limit, or above the network's."""
    row = "- {model: net.yaml, max: {params: 20.0K}, layers: {stem: {max: {params: 1.0K}}, '*/pointwise': {warn: {params: %s}}}}\n"
    for warning in ("2.0K", "30.0K"):
        Path("b.yaml").write_text(f"format: 1\nbudgets:\n{row % warning}", encoding="utf-8")
        assert say("check", "b.yaml").code == 0
    Path("b.yaml").write_text(
        "format: 1\nbudgets: [{model: net.yaml, layers: {'*': {max: {params: 1.0K}, warn: {params: 2.0K}}}}]\n",
        encoding="utf-8",
    )
    said = say("check", "b.yaml")
    refused(said, "warn params (=2.0K) is not below max (=1.0K)")
    assert said.err.count("is not below") == 1


def test_a_check_is_not_gated_unless_that_is_asked_for(here: Path) -> None:
    assert check([read_budgets("mbcost-budgets.yaml")]).gated is False


@pytest.mark.parametrize("key", ["batch", "classes"])
def test_a_whole_number_of_a_point_has_its_bounds(key: str, here: Path) -> None:
    for value, fine in (("1", True), ("1000000", True), ("0", False), ("1000001", False), ("01", False), ("1.0", False), ("1_0", False)):  # fmt: skip
        text = f"format: 1\nbudgets: [{{model: net.yaml, at: {{{key}: {value}}}, max: {{params: 9M}}}}]\n"
        if fine:
            assert getattr(read_budgets_text(text).budgets[0].points[0].variant, key) == int(value)
        else:
            with pytest.raises(MbcostError, match=f"`{key}` is a whole number from 1 to 1,000,000"):
                read_budgets_text(text)


@pytest.mark.parametrize("room", range(20, 60))
def test_a_comment_takes_what_there_is_room_for(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of three letters and an end; 400 characters are kept for what is left out."""
    monkeypatch.setattr("mbcost.budgets.verdicts.markdown.MAX_CHARACTERS", room + 400)
    sections = [
        Section(["abc", "abc"], [["one"], ["two", "too"], ["thr"]], "row"),
        Section([], [["fou"], ["fiv"]], "note"),
    ]
    said = capped(["top"], sections, ["end"]).splitlines()
    left = room - 8  # `top` and `end`
    kept = ["top"]
    lost = []
    for head, blocks, what in sections:
        left -= 4 * len(head)
        fitting = [n for n in range(len(blocks) + 1) if sum(4 * len(block) for block in blocks[:n]) <= left]
        number = max(fitting, default=0)
        left -= sum(4 * len(block) for block in blocks[:number])
        kept += [*(head if number else []), *[line for block in blocks[:number] for line in block]]
        lost += [f"{len(blocks) - number} {what}{'s' * (len(blocks) - number > 1)}"] if number < len(blocks) else []
    more = ["", f"Left out here: {', '.join(lost)}. `mbcost check` tells all of it."] if lost else []
    assert said == [*kept, *more, "end"]


@pytest.mark.parametrize("number", [1, 4, 5, 6, 7])
def test_of_what_grew_five_layers_are_told_and_how_many_more(number: int, here: Path) -> None:
    (result,) = check([read_budgets_text("format: 1\nbudgets: [{model: ./net.yaml, max: {params: 1M}}]\n")]).results
    grew = tuple([Part(f"r{n}", 9 - n, None, 0, "+") for n in range(number)])
    cells = _grown(result._replace(grew=grew, base=1))
    assert [name for name, *_ in cells[:5]] == [f"+ r{n}" for n in range(min(number, 5))]
    assert cells[5:] == [("and 1 more layer",)] * (number == 6) + [("and 2 more layers",)] * (number == 7)


def test_a_memory_rule_of_ones_own_is_beside_the_budgets_file(here: Path, say: Say) -> None:
    Path("sub").mkdir()
    Path("sub/rules.yaml").write_text("format: 1\nrules:\n- {name: mine, input: end}\n", encoding="utf-8")
    rows = "".join(
        f"- {{model: ../net.yaml, memory_rule: {rule}, max: {{peak_memory: 1MB}}}}\n"
        for rule in ("'rules.yaml:mine'", "torch-eager", "liveness")
    )
    Path("sub/b.yaml").write_text(f"format: 1\nbudgets:\n{rows}", encoding="utf-8")
    peaks = [
        mbcost.load("./net.yaml").cost(memory_rule=rule).total("peak_memory_bytes")
        for rule in ("sub/rules.yaml:mine", "torch-eager", "liveness")
    ]
    found = results(say, "sub/b.yaml")
    assert [r["value"] for r in found] == peaks
    assert len(set(peaks)) == 3


def test_a_notice_is_of_a_loose_limit_on_the_network_that_fails(here: Path, say: Say) -> None:
    """A warning, a layer and a growth may be as far below theirs as they like."""
    own = "warn: {params: 1G}, layers: {'*': {max: {params: 1G}}}, vs_base: {params: +900%}"
    for more, notices in (("", 0), (", max: {mult_adds: 1G}", 1)):
        Path("b.yaml").write_text(f"format: 1\nbudgets: [{{model: net.yaml, {own}{more}}}]\n", encoding="utf-8")
        assert say("check", "b.yaml").out.count("notice: net.yaml, ") == notices


@pytest.mark.parametrize("bits", ["", ", bits: 8", ", weight_bits: 4, activation_bits: 16"])
def test_a_width_is_told_of_what_has_one(bits: str, here: Path, say: Say) -> None:
    """Of bytes whose width is asked for: not of elements, nor of bytes of a fixed kind."""
    names = [name for name, quantity in limitable("check").items() if quantity.of_shapes or quantity.unit == "bytes"]
    assert len(names) > 5
    for name in names:
        for unit in ("KB", "K"):
            Path("b.yaml").write_text(
                f"format: 1\nbudgets: [{{model: net.yaml{bits}, max: {{{name}: 0.001{unit}}}}}]\n", encoding="utf-8"
            )
            said = say("check", "b.yaml")
            if said.code == 2:
                assert unit == "K", said.err
                continue
            quantity = QUANTITIES[name].as_bytes() if unit == "KB" else QUANTITIES[name]
            assert (" bits " in said.out.splitlines()[3]) == (unit == "KB" and quantity.sized), said.out
