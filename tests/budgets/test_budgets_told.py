"""What a check tells of one rich change, word by word, on every width and in every form that people read.

``pytest --rewrite-goldens`` writes tests/budgets/told anew; the numbers in it are held elsewhere, here it is the words, their
order, how many of a kind are told, and where they fold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mbcost import __version__
from mbcost.budgets.evaluate import check
from mbcost.budgets.reading import expecting, read_budgets
from mbcost.budgets.specs import Outcome
from mbcost.budgets.unbudgeted import unbudgeted
from mbcost.budgets.verdicts.badge import badge_json, badge_svg
from mbcost.budgets.verdicts.github import annotation_lines
from mbcost.budgets.verdicts.junit import junit
from mbcost.budgets.verdicts.markdown import verdict_markdown
from mbcost.budgets.verdicts.report import report
from mbcost.budgets.verdicts.text import verdict_text
from mbcost.report import render
from tests.budgets.budgets_world import TABLE, Repository
from tests.conftest import Said

TOLD = Path(__file__).parent / "told"
MYSTERY = "  - {op: custom, name: mystery, cost: unknown}\n"
POOL = "  - {op: global_pool}\n"


def of(name: str, *rows: str, table: str = TABLE) -> str:
    """The small table under a name of its own, with rows before its pooling."""
    return table.replace("name: net", f"name: {name}").replace(POOL, "".join(rows) + POOL)


def deep(*widths: int) -> str:
    return of("deep", *[f"  - {{op: pointwise, out_channels: {width}}}\n" for width in widths])


WIDER = TABLE.replace("{op: separable, out_channels: 64}", "{op: separable, out_channels: 96}")
BRANCH = (
    "  - {op: separable, name: fork, out_channels: 64}\n  - {op: pointwise, name: side, out_channels: 64, from: fork}\n"
    "  - {op: add, from: [fork, side]}\n"
)
STATED = "expect: [{alpha: 1, resolution: 32, mult_adds: 727681, params: 9322, source: x}, {alpha: 1/2, resolution: 32, params: 1, source: y}]\n"

BEFORE = {
    "deep.yaml": deep(*[32] * 12), "small.yaml": of("small", table=WIDER), "same.yaml": of("same"), "also.yaml": of("also"),
    "old.yaml": of("old", "  - {op: pointwise, out_channels: 24}\n"), "murky.yaml": of("murky", MYSTERY), "clear.yaml": of("clear"),
    "fork.yaml": of("fork", BRANCH), "named.yaml": of("named"),
}  # fmt: skip
AFTER = {
    "deep.yaml": deep(*[40] * 12), "small.yaml": of("small"), "same.yaml": of("same"), "also.yaml": of("also") + "# as it was\n",
    "moved.yaml": of("old", "  - {op: pointwise, out_channels: 32}\n"), "new.yaml": of("new", table=WIDER),
    "murky.yaml": of("murky", MYSTERY, "  - {op: pointwise, out_channels: 80}\n"), "clear.yaml": of("clear", MYSTERY),
    "fork.yaml": of("fork", BRANCH.replace("64", "96")), "named.yaml": of("named").replace("name: stem", "name: first"),
    "other/[left] out.yaml": of("left"), "other/held.yaml": of("held"),
}  # fmt: skip

RICH = """\
format: 1
budgets:
  - {model: models/*.yaml, vs_base: {mult_adds: +2%, model_bytes: +0}}
  - model: models/[dfm][eou][re]*.yaml
    at:
      - {alpha: 1}
      - {alpha: 0.5, resolution: 24x48, batch: 2}
    max: {mult_adds: 800K, params: 20.0K, peak_memory: 20kB, model_bytes: 100.0kB}
    warn: {params: 9.0K, largest_activation: 12.0K, peak_memory: 12kB}
    layers:
      "*/pointwise": {max_share: {mult_adds: 30%, params: 40%}, warn: {mult_adds: 200K}}
      "stem": {max: {mult_adds: 1G}}
    vs_base: {mult_adds: +2%, params: +0.1K, peak_memory: +0, total_activations: +1%, ignore_below: {mult_adds: 1.0K}}
    bits: 8
    message: |
      Ask *the* team,
      before   you raise it.
  - model: models/[dn]e*.yaml
    at: {classes: 5, rounding: floor, set: {separable_1.stride: 2, separable_2.kernel_size: [3, 5]}, without: [separable_3], standard: true}
    max: {mult_adds: 100K, params: 1M}
    warn: {mult_adds: 90K}
  - model: mobilenet_v1
    at: [{alpha: 0.25, rho: 4/7}, {alpha: 1}]
    max: {mult_adds: 2G, params: 4.0M, total_activations: 4MB}
  - model: efficientnet_b0
    at: {depth: 1.1}
    max: {params: 4M}
  - {model: other/held.yaml, max: {mult_adds: 1M}}
"""
FEW = """\
format: 1
budgets:
  - model: models/murky.yaml
    max: {mult_adds: 800K}
    warn: {total_activations: 10.0K}
    layers: {"*/pointwise": {max_share: {mult_adds: 20%}, warn: {params: 1.0K}}}
    vs_base: {params: +50%}
    message: Ask.
  - {model: models/fork.yaml, max: {peak_memory: 15kB, params: 30.0K}, vs_base: {peak_memory: +0, mult_adds: +100%}, bits: 8}
  - {model: models/clear.yaml, warn: {params: 9.0K}, vs_base: {params: +0}}
  - {model: models/same.yaml, vs_base: {params: +0}}
"""
QUIET = """\
format: 1
convention: thop
budgets:
  - {model: models/same.yaml, vs_base: {mult_adds: +0}, max: {mult_adds: 2M}}
  - {model: "models/[an]*.yaml", max: {params: 100K}}
"""
MANY = "format: 1\nbudgets:\n" + "".join(f"""\
  - {{model: models/small.yaml, at: {{alpha: {n}/16}}, max: {{mult_adds: 11.0K}}, warn: {{mult_adds: 10.9K}}, vs_base: {{params: +0}}}}
""" for n in range(16, 40))  # fmt: skip


@pytest.fixture
def work(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = repository("work")
    for name, text in BEFORE.items():
        made.write(f"models/{name}", text)
    made.commit("base")
    made.git("switch", "--quiet", "--create", "change")
    (made.folder / "models/old.yaml").unlink()
    for name, text in AFTER.items():
        made.write(name if "/" in name else f"models/{name}", text)
    made.write("rich.yaml", RICH)
    made.write("few.yaml", FEW)
    made.write("quiet.yaml", QUIET)
    made.write("many.yaml", MANY)
    made.write("stated.yaml", TABLE + STATED)
    monkeypatch.chdir(made.folder)
    return made


def outcome(files: list[str], base: str | None, *, strict: bool = False, gated: bool = False) -> Outcome:
    read = [read_budgets(file) for file in files]
    found = check(read, base, strict=strict)
    return found._replace(unbudgeted=unbudgeted(read, list(found.results)), gated=gated)


def as_json(found: Outcome) -> str:
    document = json.loads(render(report(found), "json"))
    assert [m["model"] for m in document.pop("models")] == [
        r.model for r in {id(r.cost): r for r in found.results}.values()
    ]
    assert document.pop("version") == __version__
    return json.dumps(document, indent=1) + "\n"


FORMS: dict[str, Callable[[Outcome], str]] = {
    "txt": verdict_text,
    "passed.txt": lambda o: verdict_text(o, show_passed=True, width=100),
    "80.txt": lambda o: verdict_text(o, width=80),
    "48.txt": lambda o: verdict_text(o, width=48, color=True),
    "md": verdict_markdown,
    "passed.md": lambda o: verdict_markdown(o, show_passed=True),
    "github": annotation_lines,
    "xml": junit,
    "csv": lambda o: render(report(o), "csv"),
    "json": as_json,
    "badge": lambda o: badge_json(o) + badge_svg(o),
}
FOLDED = ["txt", "80.txt", "48.txt"]
CASES: dict[str, tuple[Callable[[], Outcome], list[str]]] = {
    "rich": (lambda: outcome(["rich.yaml"], "main"), [*FOLDED, "md", "csv"]),
    "few": (lambda: outcome(["few.yaml"], "main"), ["json", "xml", "passed.md"]),
    "few_without_base": (lambda: outcome(["few.yaml"], None), ["json", "csv", "txt", "xml"]),
    "rich_without_base": (lambda: outcome(["rich.yaml"], None), ["passed.txt", "github"]),
    "rich_strict": (lambda: outcome(["rich.yaml"], "main", strict=True, gated=True), ["github", "badge"]),
    "quiet": (lambda: outcome(["quiet.yaml"], "main"), [*FORMS]),
    "quiet_gated": (lambda: outcome(["quiet.yaml"], None, gated=True), [*FORMS]),
    "many": (lambda: outcome(["many.yaml"], "main"), [*FOLDED, "md", "badge"]),
    "stated": (lambda: check([expecting(("./stated.yaml", "mobilenet_v1"))]), [*FORMS]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_rich_change_is_told_in_these_words(
    case: str, work: Repository, rewriting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("words", "junit"):
        monkeypatch.setattr(f"mbcost.budgets.verdicts.{module}.__version__", "1.2.3")
    make, forms = CASES[case]
    found = make()
    for form in forms:
        file = TOLD / f"{case}.{form}"
        text = FORMS[form](found)
        if rewriting:
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(("form", "width"), [("passed.txt", 100), ("80.txt", 80), ("48.txt", 48)])
def test_no_line_is_wider_than_the_terminal(form: str, width: int) -> None:
    """But for a word that is wider by itself."""
    files = list(TOLD.glob(f"*.{form}"))
    assert len(files) > 2
    for file in files:
        for line in re.sub("\x1b.*?m", "", file.read_text(encoding="utf-8")).splitlines():
            assert len(line) <= width or len(line.split()) == 1, line


@pytest.mark.parametrize("case", [case for case, (_, forms) in CASES.items() if {*FOLDED} <= {*forms}])
def test_every_width_says_the_same(case: str) -> None:
    """Folding and columns move blanks alone."""
    told = [(TOLD / f"{case}.{form}").read_text(encoding="utf-8") for form in FOLDED]
    assert len({re.sub(r"\s+|\x1b.*?m", "", text) for text in told}) == 1
    assert len(set(told)) == 3


def test_the_schema_is_this_one(say: Callable[..., Said], rewriting: bool) -> None:
    """What it means is held elsewhere, against the reader."""
    file, said = TOLD / "schema.json", say("schema", "--budgets")
    assert (said.code, said.err) == (0, "")
    if rewriting:
        file.write_text(said.out, encoding="utf-8")
    assert said.out == file.read_text(encoding="utf-8")
