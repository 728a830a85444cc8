"""A base that git cannot read is never taken for one that is not there, and no program of a repository's choosing runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mbcost.budgets.git import Repository as Repository_
from mbcost.budgets.git import _below
from mbcost.documents import configs_folder
from mbcost.tables import _scalings
from tests.budgets.budgets_world import TABLE, Repository
from tests.conftest import Said

WIDER = TABLE.replace("out_channels: 64", "out_channels: 512")
GROWTH = "format: 1\nbudgets: [{model: models/*.yaml, vs_base: {mult_adds: +2%}}]\n"

Make = Callable[..., Repository]
Say = Callable[..., Said]


@pytest.fixture
def work(repository: Make, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A branch on which a network became many times as large, and a budget on its growth alone."""
    made = repository("work")
    made.git("config", "uploadpack.allowFilter", "true")
    made.write("models/net.yaml", TABLE)
    made.write("mbcost-budgets.yaml", GROWTH)
    made.commit("base")
    made.git("switch", "--quiet", "--create", "change")
    made.write("models/net.yaml", WIDER)
    made.commit("wider")
    monkeypatch.chdir(made.folder)
    return made


def unreadable(said: Said) -> str:
    """A base that cannot be read: exit 2, git's words in the first line, a way out in the last; returns the whole message."""
    assert (said.code, said.out) == (2, ""), said
    assert "Traceback" not in said.err
    assert said.err.splitlines()[-1].startswith("  help: ")
    return said.err


@pytest.mark.parametrize("filter", ["tree:0", "blob:none"])
@pytest.mark.parametrize("remote", ["gone", "there"])
def test_a_partial_clone_is_no_clone_without_a_base(
    filter: str, remote: str, work: Repository, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    work.git("clone", "--quiet", f"--filter={filter}", work.folder.as_uri(), str(clone))
    if remote == "gone":
        shutil.rmtree(work.folder)
    before = sorted((clone / ".git" / "objects" / "pack").iterdir())
    monkeypatch.chdir(clone)
    message = unreadable(say("check", "--base", "origin/main"))
    assert message.startswith("error: the base of `models/net.yaml` cannot be read: git ")
    assert "could not fetch" in message
    assert "git fetch --refetch --no-filter" in message
    assert sorted((clone / ".git" / "objects" / "pack").iterdir()) == before  # nothing was fetched in secret
    assert "could not fetch" in unreadable(say("diff", "origin/main:models/net.yaml", "models/net.yaml"))


def test_the_way_out_of_a_partial_clone_leads_out(
    work: Repository, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    work.git("clone", "--quiet", "--filter=tree:0", work.folder.as_uri(), str(clone))
    monkeypatch.chdir(clone)
    unreadable(say("check", "--base", "origin/main"))
    Repository(clone).git("fetch", "--quiet", "--refetch", "--no-filter")
    assert say("check", "--base", "origin/main").code == 1


@pytest.mark.parametrize("kind", ["commit", "folder", "table"])
def test_an_object_that_is_lost_is_an_error(kind: str, work: Repository, say: Say) -> None:
    name = {"commit": "main^{tree}", "folder": "main:models", "table": "main:models/net.yaml"}[kind]
    oid = work.git("rev-parse", name)
    (work.folder / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    message = unreadable(say("check", "--base", "main"))
    assert message.startswith("error: the base of `models/net.yaml` cannot be read: git ")
    assert "mend the repository" in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GIT_GLOB_PATHSPECS", "1"), ("GIT_NOGLOB_PATHSPECS", "1"), ("GIT_LITERAL_PATHSPECS", "1"), ("GIT_ICASE_PATHSPECS", "1"),
        ("GIT_OBJECT_DIRECTORY", "/nowhere"), ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "/nowhere"), ("GIT_COMMON_DIR", "/nowhere"),
        ("GIT_NAMESPACE", "x"), ("GIT_CONFIG_PARAMETERS", "'core.bare=true'"), ("GIT_CONFIG_COUNT", "x"), ("GIT_CONFIG", "/nowhere"),
        ("GIT_CONFIG_GLOBAL", "/"), ("GIT_CONFIG_SYSTEM", "/"), ("GIT_EXEC_PATH", "/nowhere"), ("GIT_DIR", "/nowhere"), ("GIT_WORK_TREE", "/nowhere"),
        ("GIT_INDEX_FILE", "/nowhere"), ("GIT_REPLACE_REF_BASE", "refs/heads/"), ("GIT_SHALLOW_FILE", "/nowhere"), ("GIT_GRAFT_FILE", "/nowhere"),
        ("GIT_DEFAULT_HASH", "x"), ("GIT_TRACE", "1"), ("GIT_PREFIX", "models/"), ("GIT_PROTOCOL", "x"), ("GIT_FLUSH", "x"),
    ],
)  # fmt: skip
def test_the_environment_of_another_git_changes_nothing(
    name: str, value: str, work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = say("check", "--base", "main")
    assert whole.code == 1
    assert "over budget: 1 of 1 limit exceeded" in whole.out
    monkeypatch.setenv(name, value)
    assert say("check", "--base", "main") == whole


def test_a_repository_that_is_not_found_says_that_git_dir_is_not_read(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Repository
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(work.folder / ".git"))
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    (tmp_path / "plain" / "b.yaml").write_text(GROWTH.replace("models/*.yaml", "mobilenet_v1"), encoding="utf-8")
    assert "help: GIT_DIR is not read: run it in a repository" in unreadable(say("check", "b.yaml", "--base", "main"))


def test_replaced_objects_are_not_the_base(work: Repository, say: Say) -> None:
    """`git replace` shows other content under the same name: the gate reads what was committed."""
    old, new = (work.git("rev-parse", f"{revision}:models/net.yaml") for revision in ("main", "change"))
    work.git("replace", old, new)
    assert say("check", "--base", "main").code == 1


def test_where_nothing_is_held_nothing_is_within_budget(work: Repository, say: Say) -> None:
    base = work.git("rev-parse", "main")[:7]
    work.git("rm", "--quiet", "--cached", "models/net.yaml")
    shutil.rmtree(work.folder / "models")
    work.write("models/unlike.yaml", "format: 1\ninput: {channels: 3, resolution: 8}\nlayers: [{op: global_pool}]\n")
    for form, text in (("table", ""), ("markdown", "<!-- mbcost check -->\n**")):
        said = say("check", "--base", "main", "-f", form)
        assert said.code == 0
        assert said.out.startswith(f"{text}nothing held against the base: 1 limit not checked (1 budget, 1 model)")
        assert "within budget" not in said.out
    note = (
        f"models/unlike.yaml is new: it has no base at {base} (merge base with main), so 1 relative limit not checked"
    )
    assert note in say("check", "--base", "main").out
    document = json.loads(say("check", "--base", "main", "-f", "json").out)
    assert document["verdict"].startswith("nothing held")
    assert document["counts"]["new"] == 1


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("path", ["models/large.yaml", "models/deeper/net.yaml", "models/..net.yaml"])
def test_a_renamed_network_is_held_against_what_it_was(path: str, committed: bool, work: Repository, say: Say) -> None:
    base = work.git("rev-parse", "main")[:7]
    work.write(
        "mbcost-budgets.yaml", GROWTH.replace("models/*.yaml", "models/**/*.yaml").replace("+2%", "+2%, params: +2%")
    )
    if path == "models/..net.yaml":  # a glob sees no hidden file
        work.write("mbcost-budgets.yaml", GROWTH.replace("models/*.yaml", path).replace("+2%", "+2%, params: +2%"))
    (work.folder / path).parent.mkdir(exist_ok=True)
    (work.folder / "models/net.yaml").rename(work.folder / path)
    if committed:
        work.commit("renamed")
    said = say("check", "--base", "main")
    assert said.code == 1
    assert said.out.startswith("over budget: 2 of 2 limits exceeded")
    assert f"note: {path} was models/net.yaml at {base} (merge base with main): held against that\n" in said.out


def test_a_copy_is_new_and_so_is_what_has_nothing_of_what_is_gone(work: Repository, say: Say) -> None:
    work.write("models/copy.yaml", WIDER)
    results = json.loads(say("check", "--base", "main", "-f", "json").out)["results"]
    assert {r["model"]: r["status"] for r in results} == {"models/copy.yaml": "new", "models/net.yaml": "fail"}


def test_what_a_sparse_checkout_leaves_out_is_not_gone(work: Repository, say: Say) -> None:
    work.write("other/net.yaml", TABLE)
    work.commit("other")
    work.git("branch", "--force", "main", "change")
    work.git("sparse-checkout", "set", "models")
    assert not (work.folder / "other").exists()
    work.write("models/new.yaml", WIDER)
    results = json.loads(say("check", "--base", "main", "-f", "json").out)["results"]
    assert {r["model"]: r["status"] for r in results} == {"models/new.yaml": "new", "models/net.yaml": "pass"}


def test_of_very_many_tables_that_are_gone_it_says_how_many_were_looked_at(
    work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbcost.budgets.base.MAX_GONE", 3)
    for n in range(7):
        work.write(f"gone/{n}.yaml", f"a: {n}\n")
    work.write("gone/net.yaml", TABLE.replace("name: net", "name: other"))
    work.commit("more")
    work.git("branch", "--force", "main", "change")
    shutil.rmtree(work.folder / "gone")
    work.write("models/unlike.yaml", "format: 1\ninput: {channels: 3, resolution: 8}\nlayers: [{op: global_pool}]\n")
    work.write("models/deeper/net.yaml", WIDER.replace("name: net", "name: other"))
    work.write("mbcost-budgets.yaml", GROWTH.replace("models/*.yaml", "models/**/*.yaml"))
    said = say("check", "--base", "main")
    assert said.code == 1  # a table of the same file name is looked at first
    assert "note: models/deeper/net.yaml was gone/net.yaml at " in said.out
    assert "(of 8 tables that are gone, 3 were looked at), so 1 relative limit not checked" in said.out


def submodule(work: Repository, repository: Make) -> Repository:
    """The networks in a repository of their own, pinned by the one that has the budgets; the branch pins a larger one."""
    inner = repository("inner")
    inner.write("net.yaml", TABLE)
    inner.commit("base")
    work.git("submodule", "--quiet", "add", str(inner.folder), "models/sub")
    work.write("mbcost-budgets.yaml", GROWTH.replace("models/*.yaml", "models/sub/net.yaml"))
    work.commit("a submodule")
    work.git("branch", "--force", "main", "change")
    checkout = Repository(work.folder / "models" / "sub")
    checkout.write("net.yaml", WIDER)
    checkout.commit("wider")
    work.commit("pin what is wider")
    return checkout


def test_a_network_in_a_submodule_is_held_against_the_commit_pinned_before(
    work: Repository, repository: Make, say: Say
) -> None:
    checkout = submodule(work, repository)
    said = say("check", "--base", "main")
    assert said.code == 1
    assert said.out.startswith("over budget: 1 of 1 limit exceeded")
    assert say("check", "--base", "change").code == 0
    name = checkout.git("rev-parse", "HEAD^^{tree}")
    (work.folder / ".git" / "modules" / "models" / "sub" / "objects" / name[:2] / name[2:]).unlink()
    assert "cannot be read: git ls-tree" in unreadable(say("check", "--base", "main"))


def test_a_submodule_that_is_no_longer_there_is_an_error(work: Repository, repository: Make, say: Say) -> None:
    submodule(work, repository)
    work.git("rm", "--quiet", "-r", "--force", "models/sub")
    work.write("models/sub/net.yaml", WIDER)
    work.commit("the files themselves")
    assert "the submodule `models/sub` is not checked out" in unreadable(say("check", "--base", "main"))


def test_a_network_outside_the_repository_is_not_new(work: Repository, say: Say, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(TABLE, encoding="utf-8")
    work.write("mbcost-budgets.yaml", GROWTH.replace("models/*.yaml", "../outside.yaml"))
    assert "`../outside.yaml` is outside the repository" in unreadable(say("check", "--base", "main"))
    work.write(
        "mbcost-budgets.yaml",
        GROWTH.replace("models/*.yaml", "../outside.yaml").replace("vs_base: {mult_adds: +2%}", "max: {params: 9M}"),
    )
    assert "`../outside.yaml` is outside the repository" in unreadable(
        say("check")
    )  # whether a base is asked for or not


def test_the_repository_is_that_of_the_first_budgets_file(work: Repository, repository: Make, say: Say) -> None:
    """Not of the first that lies in a folder: a second file in a submodule would have its repository asked."""
    inner = repository("work/other")
    inner.write("mbcost-budgets.yaml", "format: 1\nbudgets: [{model: mobilenet_v1, max: {params: 9M}}]\n")
    inner.commit("base")
    said = say("check", "mbcost-budgets.yaml", "other/mbcost-budgets.yaml", "--base", "main")
    assert said.code == 1
    assert said.out.startswith("over budget: 1 of 2 limits exceeded")


def test_an_annotation_stands_in_a_file_whose_name_begins_with_dots(
    work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(work.folder))
    work.write("..net.yaml", WIDER)
    said = say("check", "./..net.yaml", "--max-mult-adds", "10K", "-f", "github")
    assert said.out.splitlines()[1].startswith("::error file=..net.yaml,line=")


def test_links_in_the_base(work: Repository, say: Say) -> None:
    """A folder that was a link is followed; a link out of the repository, and a ring of links, are errors."""
    work.write("real/net.yaml", TABLE)
    (work.folder / "models" / "net.yaml").unlink()
    (work.folder / "models").rmdir()
    (work.folder / "models").symlink_to("real")
    work.commit("a link")
    (work.folder / "models").unlink()
    work.write("models/net.yaml", WIDER)
    assert say("check", "--base", "change").code == 1
    for target, fact in (
        ("../../x.yaml", "leads out of the repository"),
        ("/x.yaml", "leads out"),
        ("net.yaml", "is a link to a link"),
    ):
        (work.folder / "models" / "net.yaml").unlink()
        (work.folder / "models" / "net.yaml").symlink_to(target)
        work.commit("a bad link")
        (work.folder / "models" / "net.yaml").unlink()
        work.write("models/net.yaml", WIDER)
        assert fact in unreadable(say("check", "--base", "change"))
    shutil.rmtree(work.folder / "models")
    work.write("models/net.yaml/net.yaml", TABLE)
    work.commit("a folder of that name")
    shutil.rmtree(work.folder / "models")
    work.write("models/net.yaml", WIDER)
    assert "`models/net.yaml` is a folder in" in unreadable(say("check", "--base", "change"))


@pytest.mark.parametrize(
    "revision", ["x" * 131_068, "x" * 1001, "a\nb", "a b", "HEAD:models", "^HEAD", "main..change", "x\x1b[31m"]
)
def test_a_revision_that_is_none(revision: str, work: Repository, say: Say) -> None:
    assert "is no revision of this repository" in unreadable(say("check", f"--base={revision}"))


@pytest.mark.parametrize("revision", ["a\0b", "\ud800"])
def test_a_revision_that_no_program_could_be_given(revision: str, work: Repository) -> None:
    from mbcost.budgets.git import Repository as Read
    from mbcost.errors import MbcostError

    with pytest.raises(MbcostError, match="is no revision of this repository"):
        Read(".").commit(revision)


def test_a_branch_without_a_commit_is_gits_own_word(work: Repository, say: Say) -> None:
    work.git("switch", "--quiet", "--orphan", "fresh")
    work.write("models/net.yaml", WIDER)
    work.write("mbcost-budgets.yaml", GROWTH)
    assert "git merge-base cannot read the repository" in unreadable(say("check", "--base", "main"))


def test_a_git_that_hangs_is_given_up(
    work: Repository, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "git", "exec sleep 30")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("mbcost.budgets.git.SECONDS", 0.2)
    assert "git rev-parse does not answer within 0.2 seconds" in unreadable(say("check", "--base", "main"))


def test_a_git_that_is_no_program_is_an_error(
    work: Repository, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_bytes(b"\0no program")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    message = unreadable(say("check", "--base", "main"))
    assert (
        message
        == "error: git cannot be run: Exec format error\n  help: install git, or compare with a saved report: --base FILE.json\n"
    )


def test_a_revision_may_have_a_name_of_one_letter(work: Repository, say: Say) -> None:
    work.git("branch", "x", "main")
    assert say("check", "--base", "x").code == 1


def test_a_git_that_lies_in_the_repository_is_not_run(
    work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PATH with `.` or an empty entry would find it."""
    whole = say("check", "--base", "main")
    mark = work.folder / "ran"
    program(work.folder / "git", f"touch {mark}")
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{os.environ['PATH']}")
    assert say("check", "--base", "main") == whole
    assert not mark.exists()


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def hostile(run: str) -> dict[str, list[tuple[str, str]]]:
    """Configurations of a repository that make git run a program: each alone, and by whom it would be run."""
    lazy = [
        ("core.repositoryformatversion", "1"), ("extensions.partialClone", "origin"), ("remote.origin.promisor", "true"),
        ("remote.origin.partialclonefilter", "blob:none"), ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
    ]  # fmt: skip
    ssh = [*lazy, ("remote.origin.url", "ssh://localhost/x")]
    return {
        "core.sshCommand": [*ssh, ("core.sshCommand", run)],
        "an ext remote": [*lazy, ("remote.origin.url", f"ext::{run}"), ("protocol.ext.allow", "always")],
        "uploadpack": [*lazy, ("remote.origin.url", "."), ("remote.origin.uploadpack", run), ("protocol.file.allow", "always")],
        "a proxy": [*lazy, ("remote.origin.url", "git://localhost/x"), ("core.gitProxy", run), ("protocol.allow", "always")],
        "credential.helper": [*lazy, ("remote.origin.url", "https://localhost/x"), ("credential.helper", f"!{run}"), ("core.askPass", run)],
        "remote.vcs": [*lazy, ("remote.origin.url", "x"), ("remote.origin.vcs", "ext"), ("protocol.ext.allow", "always")],
        "core.fsmonitor": [("core.fsmonitor", run)],
        "hooks": [*ssh, ("core.hooksPath", str(Path(run).parent)), ("core.sshCommand", run)],
        "diff.external": [("diff.external", run), ("core.attributesFile", "attributes")],
        "filters": [("filter.x.smudge", run), ("filter.x.clean", run), ("filter.x.process", run), ("filter.x.required", "true")],
        "textconv": [("diff.x.textconv", run), ("diff.x.command", run)],
        "a pager": [("core.pager", run), ("pager.ls-tree", run), ("pager.cat-file", run), ("pager.rev-parse", run)],
        "an editor and gpg": [("core.editor", run), ("gpg.program", run), ("log.showSignature", "true")],
        "an alias": [("alias.rev-parse", f"!{run}"), ("alias.ls-tree", f"!{run}"), ("alias.cat-file", f"!{run}")],
        "alternates": [*ssh, ("core.alternateRefsCommand", run), ("core.sshCommand", run)],
    }  # fmt: skip


@pytest.fixture
def marker(tmp_path: Path) -> tuple[str, Path]:
    """A program that leaves a mark where it runs, under the names of hooks too, and the mark."""
    mark = tmp_path / "mark"
    made = program(tmp_path / "hooks" / "evil", f"touch '{mark}'")
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman", "pre-auto-gc"):
        program(tmp_path / "hooks" / hook, f"touch '{mark}'")
    return str(made), mark


def lose(repository: Path, git: Repository, name: str) -> None:
    oid = git.git("rev-parse", name)
    (repository / "objects" / oid[:2] / oid[2:]).unlink()


@pytest.mark.parametrize("case", sorted(hostile("/x/run")))
def test_a_folder_that_looks_like_a_repository_runs_nothing(
    case: str, work: Repository, marker: tuple[str, Path], say: Say
) -> None:
    """A pull request whose files form a bare repository around the budgets file: HEAD, objects, refs, config."""
    run, mark = marker
    trap = work.folder / "vendor"
    shutil.copytree(work.folder / ".git", trap)
    (trap / "index").unlink()
    (trap / "attributes").write_text("*.yaml filter=x diff=x\n", encoding="utf-8")
    work.write("vendor/mbcost-budgets.yaml", GROWTH.replace("models/*.yaml", "../models/net.yaml"))
    for key, value in [*hostile(run)[case], ("core.bare", "true")]:
        work.git("config", "--file", str(trap / "config"), key, value)
    for lost in ("", "main:models/net.yaml", "main^{tree}"):
        if lost:
            lose(trap, work, lost)
        message = unreadable(say("check", "vendor/mbcost-budgets.yaml", "--base", "main"))
        assert "`vendor` is in a bare repository, whose files could have git run programs" in message
    for key, value in (("core.bare", "false"), ("core.worktree", "..")):  # or one that says it is none
        work.git("config", "--file", str(trap / "config"), key, value)
    message = unreadable(say("check", "vendor/mbcost-budgets.yaml", "--base", "main"))
    assert "is in a bare repository" in message
    assert not mark.exists()


@pytest.mark.parametrize("case", sorted(hostile("/x/run")))
def test_the_configuration_of_a_repository_runs_nothing(
    case: str, work: Repository, marker: tuple[str, Path], say: Say
) -> None:
    """The same in a repository as it should be, which somebody unpacked and now checks."""
    run, mark = marker
    (work.folder / ".gitattributes").write_text("*.yaml filter=x diff=x\n", encoding="utf-8")
    lost = [work.git("rev-parse", name) for name in ("main:models/net.yaml", "main^{tree}")]
    for key, value in hostile(run)[case]:
        work.git("config", "--file", ".git/config", key, value)
    for oid in ("", *lost):
        if oid:
            (work.folder / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
        assert say("check", "--base", "main").code == (2 if oid else 1)
        assert say("diff", "main:models/net.yaml", "models/net.yaml").code == (2 if oid else 0)
        assert say("diff", "main:models/nte.yaml", "models/net.yaml").code == 2
    assert not mark.exists()


def test_the_traps_are_traps(work: Repository, marker: tuple[str, Path]) -> None:
    """Without the guards git does run what a repository says: else the two tests above would prove nothing."""
    run, mark = marker
    lose(work.folder / ".git", work, "main:models/net.yaml")
    for key, value in hostile(run)["core.sshCommand"]:
        work.git("config", "--file", ".git/config", key, value)
    with pytest.raises(AssertionError):
        work.git("cat-file", "blob", "main:models/net.yaml")
    assert mark.exists()


def test_an_old_git_that_knows_no_bare_repositories_is_not_led_astray(
    work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 2.38 git takes any folder of that form; so the folder it found is looked at too."""
    from mbcost.budgets import git

    shutil.copytree(work.folder / ".git", work.folder / "vendor")
    for key, value in (("core.bare", "false"), ("core.worktree", "..")):
        work.git("config", "--file", "vendor/config", key, value)
    work.write("vendor/deep/mbcost-budgets.yaml", GROWTH.replace("models/*.yaml", "../../models/net.yaml"))
    monkeypatch.setattr(git, "CONFIG", {key: value for key, value in git.CONFIG.items() if not key.startswith("safe.")})
    assert "is in a bare repository" in unreadable(say("check", "vendor/deep/mbcost-budgets.yaml", "--base", "main"))


def test_a_worktree_of_a_bare_repository_is_one(
    work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Work trees that have their repository elsewhere, bare or not, name it in a `.git` file: that is no pretence."""
    work.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    Repository(tmp_path).git("-C", "bare", "worktree", "add", "--quiet", str(tmp_path / "tree"), "change")
    monkeypatch.chdir(tmp_path / "tree")
    assert say("check", "--base", "main").code == 1


def test_a_dubious_owner_is_gits_own_word(work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid():
        pytest.skip("only root can give a folder away")
    os.chown(work.folder, 12345, 12345)
    os.chown(work.folder / ".git", 12345, 12345)
    message = unreadable(say("check", "--base", "main"))
    assert "dubious ownership" in message
    assert "safe.directory" in message


MYSTERY = "  - {op: custom, name: mystery, cost: unknown}\n"
MENDED = MYSTERY.replace("op: custom", "op: conv").replace("cost: unknown", "kernel_size: 1, out_channels: 64")


def with_row(row: str) -> str:
    return TABLE.replace("  - {op: global_pool}\n", f"{row}  - {{op: global_pool}}\n")


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize(
    ("before", "after", "code", "said"),
    [
        # exact now: 727,680 + 64 x 64 x 8 x 8; how much of that was there before, nobody knows
        (MYSTERY, MENDED, 1, "mult-adds 989,824, grew by at most 262,144, limit +2%: a cost of the base is not known, so it cannot be known to be within"),
        (MYSTERY, "", 0, "mult-adds 727,680, grew by at most 0, limit +2%, 14,553 left (1.96 %)"),
        (MYSTERY, MYSTERY, 1, "mult-adds at least 727,680, was at least 727,680, limit +2%: the cost of mystery is not known, so it cannot be known to be within"),
        ("", MYSTERY, 1, "mult-adds at least 727,680, grew by at least 0, limit +2%: the cost of mystery is not known, so it cannot be known to be within"),
        (MENDED, MYSTERY, 1, "mult-adds at least 727,680, shrank by at most 262,144, limit +2%: the cost of mystery is not known"),
        (MYSTERY + MENDED.replace("mystery", "known"), "", 0, "mult-adds 727,680, shrank by at least 262,144, limit +2%"),
    ],
)  # fmt: skip
def test_what_is_not_known_of_the_base_is_not_said_of_the_network(
    before: str, after: str, code: int, said: str, saved: bool, work: Repository, say: Say
) -> None:
    work.write("models/net.yaml", with_row(before))
    work.commit("before")
    base = "HEAD"
    if saved:
        base = "base.json"
        assert say("check", "-f", "json", "-o", base, "--base", "HEAD", "--exit-zero").code == 0
    work.write("models/net.yaml", with_row(after))
    answer = say("check", "--base", base, "--show-passed")
    assert answer.code == code
    assert said in answer.out
    result = json.loads(say("check", "--base", base, "-f", "json").out)["results"][0]
    assert (result.get("bound", False), result.get("base_bound", False)) == (after == MYSTERY, MYSTERY in before)
    assert result["over"] == 0
    assert "FAIL" not in answer.out or "mult-adds not known to be within +2%" in answer.out.splitlines()[0]


@pytest.mark.parametrize(
    ("path", "folder", "below"),
    [("/a/b", "/a/b", True), ("/a/b/c", "/a/b", True), ("/a/bc", "/a/b", False), ("/a", "/a/b", False), ("/a", "/", True), ("/", "/", True)],
)  # fmt: skip
def test_a_folder_of_a_longer_name_is_not_below_another(path: str, folder: str, below: bool) -> None:
    assert _below(path, folder) is below


def test_a_table_that_shares_half_its_lines_with_one_that_is_gone_is_that_one(work: Repository, say: Say) -> None:
    """Ten lines each: of five in common it is the same, renamed; of four it is new."""
    rows = ["  - {op: conv, kernel_size: 3, out_channels: 16}"] * 6
    head = ["format: 1", "input: {channels: 3, resolution: 32}", "rounding: floor", "layers:"]
    work.write("models/old.yaml", "\n".join([*head, *rows]))
    work.commit("old")
    work.git("branch", "--force", "main", "change")
    (work.folder / "models" / "old.yaml").unlink()
    for kept, status in ((1, "fail"), (0, "new")):
        work.write("models/fresh.yaml", "\n".join([*head, *rows[:kept], *[rows[0].replace("16", "32")] * (6 - kept)]))
        results = json.loads(say("check", "--base", "main", "-f", "json").out)["results"]
        assert {r["model"]: r["status"] for r in results}["models/fresh.yaml"] == status


def test_at_most_three_branches_are_named_for_one_that_lacks_its_remote(work: Repository, say: Say) -> None:
    for remote in "abcde":
        work.git("update-ref", f"refs/remotes/{remote}/topic", "main")
    said = say("check", "--base", "topic")
    assert said.code == 2
    assert "help: did you mean `a/topic` or `b/topic` or `c/topic`?\n" in said.err


def test_a_budgets_file_stays_in_its_own_repository_wherever_it_is_called_from(
    work: Repository, repository: Make, say: Say
) -> None:
    """The current folder is the other repository, whose table the text, and a link, would reach."""
    other = repository("other")
    for n, (model, link) in enumerate(
        (("../work/models/net.yaml", None), ("link.yaml", work.folder / "models" / "net.yaml"))
    ):
        other.write("mbcost-budgets.yaml", f"format: 1\nbudgets: [{{model: {model}, max: {{params: 1G}}}}]\n")
        if link is not None:
            (other.folder / "link.yaml").symlink_to(link)
        said = say("check", str(other.folder / "mbcost-budgets.yaml"))
        assert (n, said.code, said.out) == (n, 2, "")
        assert f"`{model}` is outside the repository that the budgets file is in" in said.err
    other.write("net.yaml", TABLE)
    other.write("mbcost-budgets.yaml", "format: 1\nbudgets: [{model: net.yaml, max: {params: 1G}}]\n")
    assert say("check", str(other.folder / "mbcost-budgets.yaml")).code == 0


@pytest.mark.parametrize("gone", ["models/net.txt", "models/other.yml"])
def test_only_a_table_that_is_gone_can_be_what_a_new_one_was(gone: str, work: Repository, say: Say) -> None:
    """A text or a link of the same content is no table."""
    work.write(gone, WIDER)
    (work.folder / "models/link.yaml").symlink_to("net.yaml")
    work.commit("more")
    work.git("branch", "--force", "main", "change")
    for path in (gone, "models/link.yaml"):
        (work.folder / path).unlink()
    work.write("models/new.yaml", WIDER)
    results = json.loads(say("check", "--base", "main", "-f", "json").out)["results"]
    status = "new" if gone.endswith(".txt") else "pass"
    assert {r["model"]: r["status"] for r in results} == {"models/new.yaml": status, "models/net.yaml": "pass"}


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("models/net.yaml", "../other.yaml"), ("models/net.yaml", "models/../../other.yaml"),
        ("net.yaml", "../other.yaml"), ("net.yaml", "/other.yaml"),
    ],
)  # fmt: skip
def test_a_base_below_the_folder_is_asked_for_of_old_tables_too(
    path: str, base: str, work: Repository, say: Say
) -> None:
    work.write("mbcost-budgets.yaml", GROWTH.replace("models/*.yaml", path))
    work.write("other.yaml", TABLE)
    work.write(path, f"format: 1\nname: net\nbase: {{model: {base}}}\n")
    work.commit("based")
    work.git("branch", "--force", "main", "change")
    work.write(path, TABLE)
    message = unreadable(say("check", "--base", "main"))
    assert f"the base of `{path}` does not load: base `{base}` is not below the folder of the file" in message


def test_shipped_tables_of_the_repository_itself_have_a_base_there(
    work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repository of mbcost is one such: its tables change with it, their scalings too, and so does what is based on them."""
    shipped = Path(configs_folder()) / "models"
    for module in ("mbcost.tables", "mbcost.budgets.git"):
        monkeypatch.setattr(f"{module}.configs_folder", lambda: str(work.folder / "configs"))
    texts = {
        name: (shipped / f"{name}.yaml").read_text(encoding="utf-8").partition("expect:")[0]
        for name in ("mobilenet_v1", "efficientnet_b0")
    }
    for name, text in texts.items():
        work.write(f"configs/models/{name}.yaml", text)
    work.write("models/net.yaml", "format: 1\nbase: {model: mobilenet_v1}\n")
    rows = [
        f"{{model: {name}, vs_base: {{params: +0}}}}"
        for name in ("mobilenet_v1", "efficientnet_b1", "efficientnet_b9", "models/net.yaml")
    ]
    work.write("mbcost-budgets.yaml", f"format: 1\nbudgets: [{', '.join([rows[0], rows[1], rows[3]])}]\n")
    work.commit("shipped")
    work.git("branch", "--force", "main", "change")
    assert say("check", "--base", "main").code == 0
    work.write("mbcost-budgets.yaml", f"format: 1\nbudgets: [{', '.join(rows)}]\n")
    work.write("configs/models/mobilenet_v1.yaml", texts["mobilenet_v1"].replace("3, 2,   32", "3, 2,   40"))
    b0 = texts["efficientnet_b0"].replace("out_channels: 1280", "out_channels: 1288")
    work.write(
        "configs/models/efficientnet_b0.yaml",
        b0.replace(
            "  efficientnet_b1: ", "  efficientnet_b9: {alpha: 3, depth: 4, resolution: 300}\n  efficientnet_b1: "
        ),
    )
    _scalings.cache_clear()  # kept for a process: no files change under it
    said = say("check", "--base", "main", "-f", "json")
    assert said.err == ""
    results = json.loads(said.out)["results"]
    assert {r["model"]: r["status"] for r in results} == {
        "mobilenet_v1": "fail", "efficientnet_b1": "fail", "efficientnet_b9": "new", "models/net.yaml": "fail",
    }  # fmt: skip


def test_of_tables_that_are_gone_and_as_much_alike_the_first_is_taken(work: Repository, say: Say) -> None:
    for name in ("b", "a", "c"):
        work.write(f"models/{name}.yaml", TABLE)
    work.commit("three")
    work.git("branch", "--force", "main", "change")
    for name in ("b", "a", "c"):
        (work.folder / f"models/{name}.yaml").unlink()
    work.write("models/new.yaml", TABLE + "# renamed\n")
    assert "note: models/new.yaml was models/a.yaml at " in say("check", "--base", "main").out


def test_an_old_table_has_a_bound_too(work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    for most, code in ((len(TABLE), 1), (len(TABLE) - 1, 2)):
        monkeypatch.setattr("mbcost.budgets.git.MAX_BYTES", most)
        assert say("check", "--base", "main").code == code
    assert "is larger than 64 MB" in unreadable(say("check", "--base", "main"))


def test_git_sees_the_environment_but_for_its_own_variables(work: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where programs and settings of the user are, and where to stop looking; not which repository or configuration."""
    for name in ("GIT_DIR", "GIT_CONFIG_COUNT", "GIT_CEILING_DIRECTORIES", "MINE"):
        monkeypatch.setenv(name, "/nowhere")
    seen: list[dict[str, str]] = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: seen.append(more["env"]) or run(*args, **more))
    Repository_(str(work.folder))
    assert seen
    for env in seen:
        assert (env["MINE"], env["GIT_CEILING_DIRECTORIES"], env["PATH"]) == (
            "/nowhere",
            "/nowhere",
            os.environ["PATH"],
        )
        assert not {"GIT_DIR", "GIT_CONFIG_COUNT"} & {*env}


def test_a_branch_whose_commit_is_lost_is_gits_own_word(work: Repository, say: Say) -> None:
    lost = work.git("rev-parse", "main")
    file = work.folder / ".git" / "objects" / lost[:2] / lost[2:]
    file.chmod(0o600)
    file.write_bytes(b"no object")
    message = unreadable(say("check", "--base", "main"))
    assert message.startswith("error: git rev-parse cannot read the repository")
    assert "corrupt" in message
    file.unlink()
    message = unreadable(say("check", "--base", "main"))
    assert message.startswith("error: git rev-parse cannot read the repository")
    assert "`main` names no commit that is there\n" in message


def test_a_table_outside_the_workspace_is_told_of_at_its_limit(
    work: Repository, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.write(
        "budgets/b.yaml", "format: 1\nbudgets: [{model: ../models/net.yaml, layers: {'*': {max: {params: 1.0K}}}}]\n"
    )
    for workspace, place in ((".", "file=models/net.yaml,line=9,col=5"), ("budgets", "file=b.yaml,line=2,col=68")):
        monkeypatch.setenv("GITHUB_WORKSPACE", str(work.folder / workspace))
        assert f"::error {place},title=over budget::" in say("check", "budgets/b.yaml", "-f", "github").out
