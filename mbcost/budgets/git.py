"""Layer tables as they were at a git revision, read with the user's own git and nothing else."""

from __future__ import annotations

import os
import posixpath

from mbcost.errors import MbcostError, nearest
from mbcost.network import Network
from mbcost.network.specs import TableSpec
from mbcost.tables import configs_folder, is_path, load
from mbcost.tables.nodes import read_text
from mbcost.tables.reader import read_table

__all__ = ["Repository", "is_revision_path", "load_at"]

DEEPER = "the clone is shallow: fetch the history, in GitHub Actions with `fetch-depth: 0` of actions/checkout"


class Repository:
    """A git repository, and tables read from its commits."""

    def __init__(self, folder: str) -> None:
        self.folder = folder or os.curdir
        self.root = self._toplevel()

    def _run(self, *args: str) -> tuple[int, bytes, str]:
        import subprocess

        # a hook's variables point git at a repository of its own choosing
        env = {
            key: value
            for key, value in os.environ.items()
            if key not in {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}
        }
        try:
            command = ["git", "-C", self.folder, *args]
            done = subprocess.run(command, capture_output=True, check=False, env={**env, "LC_ALL": "C"})  # noqa: S603
        except (FileNotFoundError, PermissionError):
            raise MbcostError(
                "git cannot be run", help="install git, or compare with a saved report: --base FILE.json"
            ) from None
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace").strip()

    def _toplevel(self) -> str:
        code, out, said = self._run("rev-parse", "--show-toplevel")
        if code == 0:
            return os.path.realpath(out.decode("utf-8", "surrogateescape").rstrip("\n"))
        cause = said.splitlines()[0].removeprefix("fatal: ") if said else ""
        if not cause or "not a git repository" in cause:
            cause = "run it in a repository, or compare with a saved report: --base FILE.json"
        where = "this folder" if self.folder == os.curdir else f"`{self.folder}`"
        raise MbcostError(f"{where} is not in a git repository", help=cause)

    @property
    def shallow(self) -> bool:
        """Whether the history is cut off."""
        return self._run("rev-parse", "--is-shallow-repository")[1].strip() == b"true"

    def commit(self, revision: str) -> str:
        """The commit a revision names."""
        named = bool(revision) and not revision.startswith("-")  # never an option of git's
        code, out, _ = (
            self._run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") if named else (1, b"", "")
        )
        if code == 0:
            return out.decode("ascii").strip()
        names = self._run("for-each-ref", "--format=%(refname:short)")[1].decode("utf-8", "replace").split()
        ends = [name for name in names if name.endswith(f"/{revision}")]
        close = " or ".join(f"`{name}`" for name in ends[:3]) or nearest(revision, [*names, "HEAD"])
        help = (
            f"did you mean {close}?"
            if close
            else "name a branch, a tag or a commit; `git branch -a` lists the branches"
        )
        raise MbcostError(
            f"`{''.join(c for c in revision[:60] if c.isprintable())}` is no revision of this repository",
            help=f"{help}; {DEEPER}" if self.shallow else help,
        )

    def merge_base(self, revision: str) -> str:
        """The commit at which this branch left the revision's."""
        commit = self.commit(revision)
        code, out, said = self._run("merge-base", commit, "HEAD")
        if code == 0:
            return out.decode("ascii").strip()
        if self.shallow:
            raise MbcostError(f"the merge base with `{revision}` is not in this clone", help=DEEPER)
        raise MbcostError(
            f"`{revision}` and HEAD have no common ancestor", help=said or "name a revision that this branch comes from"
        )

    def inside(self, path: str) -> str | None:
        """A file's path as git has it, None outside the repository."""
        real = os.path.join(os.path.realpath(os.path.dirname(path) or os.curdir), os.path.basename(path))
        relative = os.path.relpath(real, self.root)
        return None if relative.startswith(os.pardir) else relative.replace(os.sep, "/")

    def has(self, commit: str, path: str) -> bool:
        """Whether a commit has a file."""
        return bool(self._run("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", path)[1])

    def near(self, commit: str, path: str) -> str:
        """The tables of a commit with names nearest to a path."""
        files = (
            self._run("ls-tree", "-r", "-z", "--full-tree", "--name-only", commit)[1]
            .decode("utf-8", "replace")
            .split("\0")
        )
        return nearest(path, [file for file in files if file.endswith((".yaml", ".yml"))])

    def table(self, commit: str, path: str, depth: int = 0) -> TableSpec:
        """A layer table of a commit; the tables it is based on are those of the same commit."""
        label = f"{commit[:7]}:{path}"
        for _ in range(4):  # a link has the path it leads to as its text
            entry = self._run("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", path)[1]
            data = self._run("cat-file", "blob", f"{commit}:{path}")
            if data[0]:
                raise MbcostError(f"`{path}` is not in {commit[:7]}", help="name a file that this revision has")
            if not entry.startswith(b"120000"):
                break
            path = posixpath.normpath(
                posixpath.join(posixpath.dirname(path), data[1].decode("utf-8", "surrogateescape"))
            )

        def find(model: str, file: str, depth: int) -> TableSpec:
            return self._base(commit, model, path if file == label else file.partition(":")[2], depth)

        return read_table(read_text(data[1], label), label, find, depth)

    def _base(self, commit: str, model: str, path: str, depth: int) -> TableSpec:
        """The table that a table of a commit is based on."""
        if not is_path(model):
            own = self.inside(os.path.join(configs_folder(), "models", f"{model}.yaml"))
            return self.table(commit, own, depth) if own and self.has(commit, own) else load(model).table
        folder = posixpath.dirname(path)
        found = posixpath.normpath(posixpath.join(folder, model))
        if model.startswith("/") or found.startswith("..") or (folder and not found.startswith(f"{folder}/")):
            raise MbcostError(
                f"base `{model}` is not below the folder of the file that names it",
                help="move it there, or name a shipped model",
            )
        return self.table(commit, found, depth)


def is_revision_path(text: str) -> bool:
    """Whether a text is ``REV:path`` and no file's name."""
    revision, colon, path = text.partition(":")
    return bool(colon and revision and path) and not os.path.exists(text)


def load_at(text: str) -> Network:
    """The network of ``REV:path``: the path from the repository's root, or from here."""
    revision, _, path = text.partition(":")
    repository = Repository(os.curdir)
    commit = repository.commit(revision)
    here = repository.inside(path) or path
    asked = posixpath.normpath(path.replace(os.sep, "/"))
    tried = [here] if path.startswith(".") else [asked, here]
    for candidate in tried:
        if repository.has(commit, candidate) and not candidate.startswith(".."):
            return Network(repository.table(commit, candidate))
    close = repository.near(commit, asked)
    raise MbcostError(
        f"`{path}` is not in {revision} ({commit[:7]})",
        help=f"did you mean {close}?" if close else "name a file that this revision has",
    )
