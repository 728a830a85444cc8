"""A pull request's life, in a git repository made here: each step with its exact output and exit code."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mbcost import __version__
from mbcost.tables.reader import read_table
from tests.budgets.budgets_world import TABLE, Repository
from tests.conftest import Said

BUDGETS = """\
format: 1
convention: torch
budgets:
  - model: models/*.yaml
    at: {alpha: 1, resolution: 32}
    max: {mult_adds: 800K}
    vs_base: {mult_adds: +2%, params: +1%}
    message: Raise only with a benchmark link.
"""
WIDER = TABLE.replace("{op: separable, out_channels: 64}", "{op: separable, out_channels: 96}")


@pytest.fixture
def work(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose main branch has one network and its budgets, and a branch off it, checked out."""
    made = repository("work")
    made.write("models/net.yaml", TABLE)
    made.write("mbcost-budgets.yaml", BUDGETS)
    made.commit("base")
    made.git("switch", "--quiet", "--create", "change")
    monkeypatch.chdir(made.folder)
    return made


def digest(text: str) -> str:
    from mbcost.network import Network

    return Network(read_table(text, "x.yaml", lambda *_: pytest.fail("no base"))).table_hash


def footer(text: str, base: str, revision: str = "main") -> str:
    return (
        f"convention torch, mbcost {__version__}, table {digest(text)}, base {base[:7]} (merge base with {revision})\n"
    )


WITHIN = "within budget: 3 limits hold (1 budget, 1 model)\n"


def since(base: str) -> str:
    return f"since {base[:7]} (merge base with main): "


def test_nothing_changed(work: Repository, say: Callable[..., Said]) -> None:
    said = say("check", "--base", "main")
    base = work.git("rev-parse", "main")
    assert said == (0, f"{WITHIN}{since(base)}no change: 1 model costs what it did\n\n{footer(TABLE, base)}", "")
    said = say("diff", "main:models/net.yaml", "models/net.yaml")
    assert said == (
        0,
        (
            "unchanged: 727,680 mult-adds, 9,322 params in main:models/net.yaml and models/net.yaml "
            f"(alpha 1, resolution 32 x 32, convention torch, rounding divisor:8, mbcost {__version__}, tables {digest(TABLE)})\n"
        ),
        "",
    )


def test_a_layer_is_widened(work: Repository, say: Callable[..., Said]) -> None:
    base = work.git("rev-parse", "main")
    work.write("models/net.yaml", WIDER)
    work.commit("wider")
    said = say("check", "--base", "main")
    assert (said.code, said.err) == (1, "")
    # by hand: a pointwise of 64 x 64 x 8 x 8 becomes 64 x 96 x 8 x 8, the classifier 64 x 10 becomes 96 x 10
    line = WIDER.splitlines().index("  - {op: separable, out_channels: 96}") + 1
    assert (
        said.out
        == f"""\
over budget: 3 of 3 limits exceeded (1 budget, 1 model); worst: models/net.yaml, params 24.84 % over +1%
{since(base)}mult-adds +18.1 %, params +26.1 %, 1 of 1 model changed

FAIL  models/net.yaml, alpha 1, resolution 32
      params 11,754, grew by 2,432 (+26.09 %), limit +1%, over by 2,339 (24.84 %)
      mult-adds 859,072, grew by 131,392 (+18.06 %), limit +2%, over by 116,839 (15.74 %)
      mult-adds 859,072, limit 800K, over by 59,072 (7.38 %)
      most:  separable_3/pointwise 6,336 (53.91 %)
             separable_2/pointwise 2,176 (18.51 %)
             classifier              970  (8.25 %)
      grew:  ~ separable_3/pointwise 4,224 -> 6,336 (+2,112)
             ~ classifier              650 ->   970   (+320)
      line:  models/net.yaml:{line}:5
      limit: mbcost-budgets.yaml:7:39, mbcost-budgets.yaml:7:26, mbcost-budgets.yaml:6:22
      note:  Raise only with a benchmark link.

~     models/net.yaml
      alpha 1, resolution 32: mult-adds 727,680 -> 859,072 (+18.06 %), params 9,322 -> 11,754 (+26.09 %)
      layer: ~ separable_3/pointwise +131,072 +2,112 params  channels out 64->96
             ~ classifier                +320   +320 params  channels in 64->96

{footer(WIDER, base)}"""
    )
    assert say("check", "--base", "main", "--exit-zero") == (0, said.out, "")


def test_the_annotations_stand_on_the_line_of_the_layer_that_grew(
    work: Repository, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    work.write("models/net.yaml", WIDER)
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(work.folder))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    said = say("check", "--base", "main")
    assert said.code == 1
    lines = said.out.splitlines()
    commands = [line for line in lines if line.startswith("::")]
    assert lines[0].startswith("over budget: 3 of 3 limits exceeded")
    assert lines[-1:] == commands  # the table first, then one annotation, for there is one cause
    line = WIDER.splitlines().index("  - {op: separable, out_channels: 96}") + 1
    assert commands[0] == (
        f"::error file=models/net.yaml,line={line},col=5,title=over budget::"
        "models/net.yaml, alpha 1, resolution 32: params 11,754, grew by 2,432 (+26.09 %25), limit +1%25, over by 2,339 (24.84 %25)"
        "%0Amult-adds 859,072, grew by 131,392 (+18.06 %25), limit +2%25, over by 116,839 (15.74 %25)"
        "%0Amult-adds 859,072, limit 800K, over by 59,072 (7.38 %25)"
        "%0Amost: separable_3/pointwise 6,336 (53.91 %25), separable_2/pointwise 2,176 (18.51 %25), classifier 970 (8.25 %25)"
        "%0Agrew: ~ separable_3/pointwise 4,224 -> 6,336 (+2,112), ~ classifier 650 -> 970 (+320)"
        f"%0Aline: models/net.yaml:{line}:5"
        "%0Alimit: mbcost-budgets.yaml:7:39, mbcost-budgets.yaml:7:26, mbcost-budgets.yaml:6:22"
        "%0Anote: Raise only with a benchmark link."
    )
    written = summary.read_text(encoding="utf-8")
    assert written.startswith("# before\n<!-- mbcost check -->\n**over budget: 3 of 3 limits exceeded")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    document = say("check", "--base", "main", "-f", "json")
    assert document.out.startswith("{")
    assert document.err.splitlines() == commands  # JSON alone on stdout: the annotations go beside it


def test_a_model_is_added(work: Repository, say: Callable[..., Said]) -> None:
    base = work.git("rev-parse", "main")
    work.write("models/second.yaml", TABLE.replace("name: net", "name: second"))
    said = say("check", "--base", "main", "--show-passed")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0] == "within budget: 4 limits hold (1 budget, 2 models)"
    note = f"note: models/second.yaml is new: it has no base at {base[:7]} (merge base with main), so 2 relative limits not checked"
    assert note in said.out.splitlines()
    import json

    results = json.loads(say("check", "--base", "main", "-f", "json").out)["results"]
    assert [
        (r["quantity"], r["kind"], r["status"], r["passed"]) for r in results if r["model"] == "models/second.yaml"
    ] == [
        ("mult_adds", "max", "pass", True),
        ("mult_adds", "vs_base", "new", True),
        ("params", "vs_base", "new", True),
    ]


def test_a_layer_is_renamed(work: Repository, say: Callable[..., Said]) -> None:
    base = work.git("rev-parse", "main")
    renamed = TABLE.replace("name: stem", "name: first")
    work.write("models/net.yaml", renamed)
    said = say("check", "--base", "main")
    assert said == (0, f"{WITHIN}{since(base)}no change: 1 model costs what it did\n\n{footer(renamed, base)}", "")
    said = say("diff", "main:models/net.yaml", "models/net.yaml")
    assert said.code == 0
    changed = [line for line in said.out.splitlines() if line[:1] in {"+", "-", "~"}]
    assert len(changed) == 1
    assert " ".join(changed[0].split()) == "~ first was stem 110,592 110,592 0 0.00 % 464 464 0 0.00 %"


def test_a_table_is_broken(work: Repository, say: Callable[..., Said]) -> None:
    work.write("models/net.yaml", TABLE.replace("kernel_size: 3", "kernel: 3"))
    line = TABLE.splitlines()[5].replace("kernel_size: 3", "kernel: 3")
    assert say("check", "--base", "main") == (
        2,
        "",
        (
            "models/net.yaml:6:28: `conv` has no field `kernel`\n"
            f"  6 | {line}\n"
            "    |                            ^\n"
            "  help: did you mean `kernel_size`?\n"
        ),
    )


def test_the_base_is_broken(work: Repository, say: Callable[..., Said]) -> None:
    work.write("models/net.yaml", TABLE.replace("kernel_size: 3", "kernel: 3"))
    broken = work.commit("broken")
    work.write("models/net.yaml", TABLE)
    said = say("check", "--base", "change")
    assert (said.code, said.out) == (2, "")
    lines = said.err.splitlines()
    assert (
        lines[0]
        == f"{broken[:7]}:models/net.yaml:6:28: the base of `models/net.yaml` does not load: `conv` has no field `kernel`"
    )
    assert (
        lines[-1]
        == f"  help: the base is {broken[:7]} (merge base with change): mend the table there, or give another --base"
    )


def test_the_merge_base_counts_not_the_tip(work: Repository, say: Callable[..., Said]) -> None:
    """What main gained after the branch left it is not the branch's to answer for."""
    work.git("switch", "--quiet", "main")
    work.write("models/net.yaml", TABLE.replace("out_channels: 16", "out_channels: 8"))
    work.commit("main becomes smaller")
    work.git("switch", "--quiet", "change")
    assert say("check", "--base", "main").code == 0


def test_a_shallow_clone_says_what_to_fetch(
    work: Repository, say: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.write("models/net.yaml", WIDER)
    work.commit("wider")
    work.write("README", "more")
    work.commit("more")
    work.git("clone", "--quiet", "--depth=1", "--no-single-branch", work.folder.as_uri(), str(tmp_path / "shallow"))
    work.git("clone", "--quiet", "--depth=1", work.folder.as_uri(), str(tmp_path / "shallower"))
    monkeypatch.chdir(tmp_path / "shallow")
    assert say("check", "--base", "origin/main") == (
        2,
        "",
        (
            "error: the merge base with `origin/main` is not in this clone\n"
            "  help: the clone is shallow: fetch the history, in GitHub Actions with `fetch-depth: 0` of actions/checkout\n"
        ),
    )
    monkeypatch.chdir(tmp_path / "shallower")
    said = say("check", "--base", "origin/main")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: `origin/main` is no revision of this repository\n  help: ")
    assert "fetch-depth: 0" in said.err


def test_an_unknown_revision(work: Repository, say: Callable[..., Said]) -> None:
    assert say("check", "--base", "mian") == (
        2,
        "",
        "error: `mian` is no revision of this repository\n  help: did you mean `main`?\n",
    )
    for revision in ("--output=x", "-", "", "main:models"):
        said = say("check", f"--base={revision}")
        assert (said.code, said.out) == (2, "")
        assert "is no revision of this repository" in said.err
    assert not (work.folder / "x").exists()


def test_not_a_repository(say: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    Path("mbcost-budgets.yaml").write_text(BUDGETS.replace("models/*.yaml", "mobilenet_v1"), encoding="utf-8")
    assert say("check", "--base", "main") == (
        2,
        "",
        (
            "error: this folder is not in a git repository\n"
            "  help: run it in a repository, or compare with a saved report: --base FILE.json\n"
        ),
    )


def test_without_git(work: Repository, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(work.folder))
    assert say("check", "--base", "main") == (
        2,
        "",
        "error: git cannot be run\n  help: install git, or compare with a saved report: --base FILE.json\n",
    )


def test_a_hooks_environment_does_not_lead_astray(
    work: Repository, repository: Callable[..., Repository], say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository("other")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.folder / "index"))
    assert say("check", "--base", "main").code == 0


def test_from_a_folder_below(work: Repository, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """The budgets file is found above, its globs are relative to it, and the base is found all the same."""
    monkeypatch.chdir(work.folder / "models")
    said = say("check", "--base", "main", "--show-passed")
    assert said.code == 0
    assert (
        f"ok    {os.path.join('..', 'models', 'net.yaml')}, alpha 1, resolution 32\n      mult-adds 727,680" in said.out
    )
    assert say("diff", "main:./net.yaml", "net.yaml").out.startswith("unchanged: 727,680 mult-adds")
    assert say("diff", "main:models/net.yaml", "net.yaml").out.startswith("unchanged: 727,680 mult-adds")


def test_the_base_of_a_table_with_a_base_is_of_the_same_commit(work: Repository, say: Callable[..., Said]) -> None:
    """A detector on a backbone: both are read from the merge base, and the backbone's line is the one to show."""
    work.write("models/parts/backbone.yaml", TABLE)
    work.write("models/net.yaml", "format: 1\nbase: {model: parts/backbone.yaml, without: [classifier]}\n")
    work.commit("a backbone")
    work.write("models/parts/backbone.yaml", WIDER)
    said = say("check", "--base", "HEAD", "-f", "github")
    assert said.code == 1
    line = WIDER.splitlines().index("  - {op: separable, out_channels: 96}") + 1
    assert f"::error file=models/parts/backbone.yaml,line={line},col=5," in said.out
    work.write("models/net.yaml", "format: 1\nbase: {model: gone.yaml}\n")
    broken = work.commit("a base that is not there")
    work.write("models/net.yaml", TABLE)
    said = say("check", "--base", "HEAD")
    assert said.code == 2
    first = said.err.splitlines()[0]
    assert first == (
        f"{broken[:7]}:models/net.yaml:2:15: the base of `models/net.yaml` does not load: "
        f"`models/gone.yaml` is not in {broken[:7]}"
    )


def test_a_link_is_followed_to_its_table(work: Repository, say: Callable[..., Said]) -> None:
    (work.folder / "models" / "linked.yaml").symlink_to("net.yaml")
    work.commit("a link")
    assert say("check", "--base", "HEAD").code == 0


def test_a_saved_report_is_a_base(work: Repository, say: Callable[..., Said], tmp_path: Path) -> None:
    whole, table = tmp_path / "check.json", tmp_path / "table.json"
    assert say("check", "-f", "json", "-o", str(whole)).code == 0
    assert say("table", "models/net.yaml", "-f", "json", "-o", str(table)).code == 0
    shutil.rmtree(work.folder / ".git")  # no repository is needed
    work.write("models/net.yaml", WIDER)
    failures = {}
    for base in (whole, table):
        said = say("check", "--base", str(base))
        assert said.code == 1
        failures[base] = said.out.replace(str(base), "BASE")
    assert failures[whole] == failures[table]
    assert "grew:  ~ separable_3/pointwise 4,224 -> 6,336 (+2,112)\n" in failures[whole]
    assert failures[whole].splitlines()[0] == (
        "over budget: 3 of 3 limits exceeded (1 budget, 1 model); worst: models/net.yaml, params 24.84 % over +1%"
    )


def test_a_copy_of_a_saved_network_is_new_and_a_moved_one_is_not(
    work: Repository, say: Callable[..., Said], tmp_path: Path
) -> None:
    import json

    saved = str(tmp_path / "check.json")
    assert say("check", "-f", "json", "-o", saved).code == 0
    work.write("models/copy.yaml", WIDER)  # with the name of the network it was copied from
    said = say("check", "--base", saved, "-f", "json", "--exit-zero")
    results = json.loads(said.out)["results"]
    assert {(r["model"], r["status"]) for r in results if r["kind"] == "vs_base"} == {
        ("models/copy.yaml", "new"),
        ("models/net.yaml", "pass"),
    }
    assert not any("grew" in r for r in results)  # what grew is told of what fails alone
    (work.folder / "models/net.yaml").unlink()
    said = say("check", "--base", saved, "-f", "json")
    assert said.code == 1
    failed = [r for r in json.loads(said.out)["results"] if not r["passed"]]
    assert [r["grew"][0]["name"] for r in failed] == ["separable_3/pointwise"] * 3


def test_the_search_for_a_budgets_file_ends_at_the_repositorys_root(
    repository: Callable[..., Repository], say: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "format: 1\nbudgets: [{model: mobilenet_v1, max: {params: 5M}}]\n"
    (tmp_path / "mbcost-budgets.yaml").write_text(text, encoding="utf-8")
    inner = repository("inner")
    (inner.folder / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(inner.folder / "a" / "b")
    assert say("check").code == 2
    inner.write("mbcost-budgets.yaml", text)
    assert say("check").code == 0
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")  # in no repository, only this folder is looked in
    assert say("check").code == 2
    monkeypatch.chdir(tmp_path)
    assert say("check").code == 0
