"""The page in a real Chromium: what it shows is what Python counts, however it is asked."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import shlex
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import mbcost
from mbcost.explore.packing import page
from mbcost.memory.liveness import moments
from mbcost.memory.measures import graph_of
from mbcost.memory.rules import find
from mbcost.quantities import QUANTITIES
from mbcost.solve.family import Constraint
from mbcost.solve.solver import Solver
from tests.conftest import Said
from tests.explore.asking import Asked, all_papers, cost_of, network, questions
from tests.explore.conftest import Opened
from tests.pace import within

pytestmark = pytest.mark.browser

MODELS = ["mobilenet_v2", "mobilenet_v1", "mobilenet_v3_large"]
Open = Callable[..., Opened]

ANSWERS = """(questions) => questions.map(({ hash, quantity }) => {
  history.replaceState(null, "", hash);
  dispatchEvent(new Event("hashchange"));
  return document.getElementById(`total-${quantity}`).dataset.exact;
})"""


@pytest.fixture(scope="session")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three networks."""
    path = tmp_path_factory.mktemp("explore") / "explorer.html"
    path.write_text(page([(model, network(model)) for model in MODELS], all_papers()), encoding="utf-8")
    return path


def test_300_questions_by_address_have_python_s_answers(opened: Open, explorer: Path) -> None:
    asked = questions(MODELS, 300, seed=2)
    found = opened(explorer).page.evaluate(ANSWERS, [{"hash": one.address, "quantity": one.quantity} for one in asked])
    assert found == [one.answer or "" for one in asked]


def test_numbers_past_2_to_the_53(opened: Open, explorer: Path) -> None:
    asked = Asked("mobilenet_v2", "63.9", (65_535, 65_535), "torch", True, "mult_adds", None)
    assert opened(explorer, asked.address).exact() == cost_of(asked) == "424412591136181248"


def test_60_questions_typed_chosen_and_dragged(opened: Open, explorer: Path) -> None:
    chance = random.Random(3)
    here = opened(explorer)
    shown = here.page
    for number in range(60):
        model = chance.choice(MODELS)
        shown.select_option("#model", str(MODELS.index(model)))
        rule = chance.choice(["torch", "paper", "thop", "keras", "onnx-tool"])
        shown.select_option("#convention", label=rule)
        quantity = chance.choice(["mult_adds", "params", "weights"])
        shown.select_option("#quantity", quantity)
        standard = chance.random() < 0.4
        shown.click(f"#standard-field label:has(input[value='{int(standard)}'])")
        if number % 2:
            shown.fill("#alpha-text", chance.choice(["3/4", "1.15", "0.35", "6/7", "2.5", "737/1024"]))
            shown.fill("#resolution-text", chance.choice(["192", "225", "192x256", "97"]))
        else:
            for slider in ("#alpha", "#resolution"):
                box = shown.locator(slider).bounding_box()
                middle = box["y"] + box["height"] / 2
                shown.mouse.move(box["x"] + box["width"] / 2, middle)
                shown.mouse.down()
                shown.mouse.move(box["x"] + box["width"] * chance.uniform(0.2, 0.95), middle, steps=3)
                shown.mouse.up()
        said = here.exact(quantity)
        alpha, size = shown.input_value("#alpha-text"), shown.input_value("#resolution-text")
        height, _, width = size.partition("x")
        asked = Asked(model, alpha, (int(height), int(width or height)), rule, standard, quantity, None)
        assert said == cost_of(asked), asked
        words = shlex.split(here.text("#command"))
        assert words[:3] == ["mbcost", "table", model]


def test_an_address_brings_the_same_page(opened: Open, explorer: Path) -> None:
    here = opened(
        explorer, "#m=mobilenet_v1,mobilenet_v2&a=6/7&r=160x224&c=thop&s=1&q=params&by=kind&max_mult_adds=300M"
    )
    here.page.click("#alpha-shortcuts button:has-text('0.75')")
    first = here.exact("params")
    here.page.wait_for_timeout(300)
    hash = here.page.evaluate("location.hash")
    assert "a=0.75" in hash
    assert "max_mult_adds=300M" in hash
    again = opened(explorer, hash)
    assert again.exact("params") == first
    for selector in ("#title", "#subtitle", "#command", "#rows", "#solution"):
        assert again.text(selector) == here.text(selector)
    assert again.page.is_hidden("#message")


@pytest.mark.parametrize(
    "hash", ["#nonsense", "#m=mobilenet_v9", "#a=0", "#a=65", "#r=0", "#r=x", "#c=%", "#q=__proto__", "#constructor=1", "#max_mult_adds=-1", "#a=1&a=2", "#by=%3Cb%3E"]
)  # fmt: skip
def test_nonsense_in_the_address_is_left_out_with_a_word(opened: Open, explorer: Path, hash: str) -> None:
    here = opened(explorer, hash)
    assert here.exact() == str(network(MODELS[0]).cost().mult_adds)
    assert hash[1:].rsplit("&", maxsplit=1)[-1][:20] in here.text("#message")


def test_a_point_without_a_network_says_so(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "alexnet.html"
    path.write_text(page([("alexnet", network("alexnet"))]), encoding="utf-8")
    here = opened(path, "#r=20")
    assert here.exact() == ""
    assert "vanishes" in here.text("#message")
    here.page.fill("#resolution-text", "227")
    assert here.exact() == str(network("alexnet").cost(resolution=227).mult_adds)
    assert here.page.is_hidden("#message")
    assert here.page.is_disabled("#alpha")
    assert "no rounding" in here.text("#alpha-hint")


def test_what_is_typed_wrong_is_said_and_changes_nothing(opened: Open, explorer: Path) -> None:
    here = opened(explorer)
    before = here.exact()
    for field, text, hint, words in (
        ("#alpha-text", "wide", "#alpha-hint", "0.75 or 3/4"),
        ("#alpha-text", "1/0", "#alpha-hint", "0.75 or 3/4"),
        ("#resolution-text", "0", "#resolution-hint", "192x256"),
        ("#budget-mult_adds", "300", "#budget-hint", "300M"),
        ("#budget-params", "4Mi", "#budget-hint", "no unit Mi"),
    ):
        here.page.fill(field, text)
        assert words in here.text(hint)
        assert here.page.get_attribute(field, "aria-invalid") == "true"
        assert here.exact() == before


def test_the_keyboard_is_enough(opened: Open, explorer: Path) -> None:
    here = opened(explorer)
    keys = here.page.keyboard

    def tab_to(selector: str) -> None:
        for _ in range(60):
            keys.press("Tab")
            if here.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"the Tab key does not come to {selector}")

    tab_to("#alpha")
    for _ in range(25):
        keys.press("ArrowLeft")
    assert here.exact() == str(network("mobilenet_v2").cost("0.75").mult_adds)
    tab_to("#resolution")
    keys.press("ArrowRight")
    assert here.exact() == str(network("mobilenet_v2").cost("0.75", resolution=225).mult_adds)
    tab_to("input[name=standard]")
    keys.press("ArrowRight")
    assert here.exact() == str(network("mobilenet_v2").cost("0.75", resolution=225, standard=True).mult_adds)
    tab_to(".bar")
    first = here.text("#detail")
    keys.press("ArrowRight")
    assert here.text("#detail") != first
    keys.press("End")
    assert "classifier" in here.text("#detail")


def test_every_control_and_chart_has_a_name_and_every_chart_a_table(opened: Open, explorer: Path) -> None:
    here = opened(explorer)
    nameless = here.page.evaluate("""() => [...document.querySelectorAll("input, select, button, svg[role], [role=img]")].filter((one) =>
        !one.getAttribute("aria-label") && !one.labels?.length && !one.textContent.trim()).map((one) => one.outerHTML.slice(0, 90))""")
    assert nameless == []
    for chart in ("alpha-curve", "resolution-curve", "accuracy"):
        here.page.click(f"#{chart}-table summary")
        here.page.wait_for_selector(f"#{chart}-table table tbody tr")
    assert f"{network('mobilenet_v1').cost('0.5').mult_adds:,}" in here.text("#alpha-curve-table")
    assert here.page.locator("#rows tbody tr").count() == len(network("mobilenet_v2").cost().rows) + 1
    assert here.page.evaluate("document.documentElement.lang") == "en"


def test_the_rows_the_formulas_and_the_comparison_are_python_s(opened: Open, explorer: Path) -> None:
    here = opened(explorer, "#m=mobilenet_v2&a=0.5&r=160&c=thop")
    cost = network("mobilenet_v2").cost("0.5", resolution=160, convention="thop")
    rows = here.page.eval_on_selector_all(
        "#rows tbody tr", "rows => rows.map((row) => [...row.children].map((cell) => cell.textContent))"
    )
    assert [(row[0], row[4], row[6]) for row in rows[:-1]] == [
        (row.name, f"{row.mult_adds:,}", f"{row.params:,}") for row in cost.rows
    ]
    bars = here.page.locator(".bar")
    formulas = 0
    for number in range(bars.count()):
        bars.nth(number).focus()
        for line in here.page.eval_on_selector_all(".formula", "lines => lines.map((line) => line.textContent)"):
            sides = line.split(" = ")
            if len(sides) == 3:
                assert re.fullmatch(r"[0-9 ×+()/-]+", sides[1])
                assert eval(sides[1].replace("×", "*").replace("/", "//")) == int(sides[2].replace(",", ""))
                formulas += 1
    assert formulas > 60
    from mbcost.analysis.compare import compare

    twin = network("mobilenet_v2").cost("0.5", resolution=160, convention="thop", standard=True)
    lines = here.page.eval_on_selector_all(
        "#comparison tbody tr", "rows => rows.map((row) => [...row.children].map((cell) => cell.textContent))"
    )
    expected = [line for line in compare(cost, twin).lines if line.theory is not None]
    amounts = [(versus.name, *versus.amounts(QUANTITIES["mult_adds"])) for versus in expected]
    assert [tuple(line[n].replace(",", "") for n in (0, 2, 3)) for line in lines[:-1]] == [
        tuple(map(str, one)) for one in amounts
    ]
    for line, versus in zip(lines, expected, strict=False):
        assert abs(Fraction(line[5]) - versus.theory) < Fraction(1, 10_000)


def test_budgets_and_the_widest_network_within_them(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "budgets.html"
    path.write_text(
        page([("mobilenet_v1", network("mobilenet_v1"))], all_papers(), budgets={"mult_adds": "300M"}), encoding="utf-8"
    )
    here = opened(path)
    assert "over 300M by 89.58 %" in here.text("#figures")
    step = Solver(network("mobilenet_v1")).largest((224, 224), [Constraint("mult_adds", 300_000_000)])
    assert here.page.get_attribute("#solution .figure-value", "data-exact") == str(step.start) == "737/1024"
    here.page.click("#solution button")
    assert here.exact() == str(step.values["mult_adds"]) == "299816242"
    assert "within 300M" in here.text("#figures")
    assert here.page.locator(".budget").count() == 3
    here.page.fill("#budget-mult_adds", "1K")
    here.exact()
    assert "no width" in here.text("#solution") or "α" in here.text("#solution")


def test_what_is_copied_is_what_the_command_prints(opened: Open, explorer: Path, say: Callable[..., Said]) -> None:
    here = opened(explorer, "#m=mobilenet_v2&a=3/4&r=192&c=thop&s=1")

    def copied(what: str) -> str:
        here.page.click(f"[data-copy={what}]")
        here.page.wait_for_selector("#copied:not(:empty)")
        here.page.evaluate("document.getElementById('copied').textContent = ''")
        return str(here.page.evaluate("navigator.clipboard.readText()"))

    words = shlex.split(copied("command"))[1:]
    assert words == ["table", "mobilenet_v2", "-a", "0.75", "-r", "192", "--convention", "thop", "--standard"]
    printed = json.loads(say(*words, "-f", "json").out)
    ours = json.loads(copied("json"))
    assert len(ours["layers"]) == len(printed["layers"])
    printed["layers"] = [{key: row[key] for key in ours["layers"][0]} for row in printed["layers"]]
    assert {key: printed[key] for key in ours} == ours
    rows = list(csv.DictReader(io.StringIO(copied("csv"))))
    theirs = list(csv.DictReader(io.StringIO(say(*words, "-f", "csv").out)))
    assert [{key: row[key] for key in rows[0]} for row in theirs if row["kind"]] == rows
    assert f"| {printed['total']['mult_adds']:,} | 100.00 % |" in copied("markdown")
    link = copied("link")
    assert link.startswith(explorer.as_uri() + "#m=mobilenet_v2")


@pytest.mark.parametrize(
    "hash",
    [
        "#m=mobilenet_v2&a=3/4&r=192&c=thop&s=1&q=params",
        "#m=mobilenet_v2&a=0.5&r=160x224&q=peak_memory&memory=paper-v2&bits=16&by=block",
        "#m=mobilenet_v3_large&q=peak_memory&memory=torch-eager",
        "#m=mobilenet_v1&a=737/1024&q=flops&c=keras&by=kind",
        "#m=mobilenet_v1&q=memory_access_bytes&bits=4&s=1",
        "#m=mobilenet_v2&a=1.4&q=bit_ops&bits=4",
    ],
)  # fmt: skip
def test_the_command_prints_what_the_page_shows(
    opened: Open, explorer: Path, say: Callable[..., Said], hash: str
) -> None:
    here = opened(explorer, hash)
    words = shlex.split(here.text("#command"))
    total = json.loads(say(*words[1:], "-f", "json").out)["total"]
    printed = {**total, **total.get("quantities", {})}
    shown = {
        box.get_attribute("id"): box.get_attribute("data-exact") for box in here.page.locator("[id^=total-]").all()
    }
    assert len(shown) >= 2
    for name, value in shown.items():
        assert str(printed[str(name).removeprefix("total-")]) == value, (name, words)


@pytest.mark.parametrize("rule", ["liveness", "torch-eager", "paper-v2", "depthwise-in-place"])
def test_the_steps_hold_what_python_says(opened: Open, explorer: Path, rule: str) -> None:
    here = opened(explorer, f"#m=mobilenet_v3_large&a=0.5&r=160&q=peak_memory&memory={rule}")
    cost = network("mobilenet_v3_large").cost("0.5", resolution=160)
    graph = graph_of(cost, find(rule))
    rows = here.page.eval_on_selector_all(
        "#rows tbody tr", "rows => rows.map((row) => [...row.children].map((cell) => cell.textContent))"
    )
    found = moments(graph)
    assert [(row[0], row[2]) for row in rows[:-1]] == [(one.name, f"{one.total:,}") for one in found]
    for row, one in zip(rows, found, strict=False):
        alive = {f"{graph.tensors[n].name} {graph.tensors[n].elements:,}" for n in one.tensors}
        assert set(row[4].split(" + ")) == alive
    assert rows[-1][2] == f"{max(one.total for one in found):,}" == here.text("#total-peak_memory")
    assert here.page.locator(".bar").count() == len(found)


def test_depth_is_chosen_and_a_family_has_its_members(opened: Open, tmp_path: Path, say: Callable[..., Said]) -> None:
    path = tmp_path / "family.html"
    assert say("explore", "mobilenet_v2_deep", "-o", str(path)).code == 0
    here = opened(path)
    assert here.page.is_visible("#depth")
    here.page.click("#members button >> nth=2")
    assert here.exact() == str(mbcost.load("mobilenet_v2_120d").cost().mult_adds)
    assert here.text("#depth-text") == "1.4"
    assert "--depth 1.4" in here.text("#command")
    here.page.focus("#depth")
    here.page.keyboard.press("ArrowLeft")
    assert here.exact() == str(network("mobilenet_v2_deep").cost("1.2", depth="1.2").mult_adds)
    here.page.wait_for_timeout(300)
    assert "&d=1.2" in here.page.evaluate("location.hash")
    here.page.click("#members button >> nth=0")  # the table itself
    assert here.exact() == str(network("mobilenet_v2_deep").cost().mult_adds)
    assert not opened(path, "#d=1.3").page.is_hidden("#message")


def test_it_opens_at_the_point_on_the_model(opened: Open, tmp_path: Path, say: Callable[..., Said]) -> None:
    path = tmp_path / "point.html"
    assert say("explore", "mobilenet_v1@0.5/160", "mobilenet_v2_110d", "-o", str(path)).code == 0
    here = opened(path)
    assert here.exact() == str(network("mobilenet_v1").cost("0.5", resolution=160).mult_adds)
    here.page.select_option("#model", "1")  # a member of a family is at its own alpha and depth
    assert here.exact() == str(mbcost.load("mobilenet_v2_110d").cost().mult_adds)
    assert here.text("#command") == "mbcost table mobilenet_v2_110d"


def test_light_and_dark_are_both_readable(opened: Open, explorer: Path) -> None:
    seen = []
    for scheme in ("light", "dark"):
        here = opened(explorer, scheme=scheme)
        worst = here.page.evaluate("""() => {
          const light = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
          const behind = (one) => { for (let box = one; box; box = box.parentElement) { const colour = getComputedStyle(box).backgroundColor; if (!/, 0\\)$/.test(colour) && colour !== "transparent") return colour; } return "rgb(255, 255, 255)"; };
          const texts = [...document.querySelectorAll("h1, h2, p, label, legend, .figure-value, .figure-note span, th, td, .legend, summary, .marks button")].filter((one) => one.offsetParent && one.textContent.trim());
          const ticks = [...document.querySelectorAll("svg text")];
          return Math.min(...texts.map((one) => ratio(getComputedStyle(one).color, behind(one))), ...ticks.map((one) => ratio(getComputedStyle(one).fill, behind(one.closest("section")))));
        }""")
        assert worst >= 4.5, (scheme, worst)
        seen.append(here.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert seen[0] != seen[1]


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_it_fits_the_window(opened: Open, explorer: Path, width: int) -> None:
    here = opened(explorer, "#by=kind", width=width)
    assert here.page.evaluate("document.documentElement.scrollWidth") == width


def test_it_prints_on_one_page(opened: Open, explorer: Path) -> None:
    here = opened(explorer)
    made = here.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", made)) == 1


def test_a_move_of_the_slider_is_drawn_within_a_frame(opened: Open, explorer: Path) -> None:
    here = opened(explorer, "#m=mobilenet_v2")
    metrics = here.page.context.new_cdp_session(here.page)
    metrics.send(
        "Performance.enable", {"timeDomain": "threadTicks"}
    )  # processor time: other programs run beside the test

    def spent() -> float:
        return next(
            float(one["value"])
            for one in metrics.send("Performance.getMetrics")["metrics"]
            if one["name"] == "TaskDuration"
        )

    def moved(first: int, count: int) -> float:
        before = spent()
        here.page.evaluate(MOVES, [first, count])
        return 1000 * (spent() - before) / count

    moved(20, 40)
    assert within(min(moved(20 + 10 * batch, 10) for batch in range(6)), 16)  # the least disturbed of six


MOVES = """async ([first, count]) => {
  const slider = document.getElementById("alpha");
  for (let i = 0; i < count; i += 1) {
    slider.value = String((first + i) / 50);
    slider.dispatchEvent(new Event("input"));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  }
}"""


HOSTILE = """<img src=x onerror=alert(1)>"'&`${alert(1)} <!--<script>"""


def test_names_and_titles_are_text_and_never_markup(opened: Open, tmp_path: Path) -> None:
    table = tmp_path / f"{HOSTILE}.yaml"
    table.write_text(
        "format: 1\ninput: {channels: 3, resolution: 32}\nrounding: floor\nlayers:\n"
        "  - {op: conv, kernel_size: 3, out_channels: 8}\n  - {op: separable, out_channels: 16}\n",
        encoding="utf-8",
    )
    path = tmp_path / "page.html"
    evil = "</script></title><script>alert(1)</script>"
    made = page([(str(table), mbcost.load(str(table)))], title=evil)
    path.write_text(made, encoding="utf-8")
    alerts: list[Any] = []
    here = opened(path)
    here.page.on("dialog", lambda dialog: alerts.append(dialog.dismiss()))
    here.exact()
    assert here.text("#title") == HOSTILE
    assert here.page.locator("img").count() == 0
    assert here.page.locator("script").count() == 1
    assert shlex.split(here.text("#command")) == ["mbcost", "table", str(table)]
    assert here.page.title() == f"{HOSTILE} · mbcost explorer"
    here.page.wait_for_timeout(300)
    hash = here.page.evaluate("location.hash")
    assert opened(path, hash).text("#title") == HOSTILE
    assert alerts == []


def test_the_policy_lets_nothing_else_in(opened: Open, explorer: Path) -> None:
    here = opened(explorer)
    policy = here.page.get_attribute("meta[http-equiv=Content-Security-Policy]", "content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    ran = here.page.evaluate("""async () => {
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.body.append(script);
      const fetched = await fetch("https://example.org/").then(() => true, () => false);
      return [Boolean(window.ran), fetched];
    }""")
    assert ran == [False, False]
    assert any("Content Security Policy" in line for line in here.said)
    here.said.clear()
