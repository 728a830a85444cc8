"""Layer tables as they were at a git revision, read with the user's own git and nothing else.

A repository is not trusted: its configuration may name programs, and a pull request may hold files that look like one.
So git is asked for objects alone, may fetch nothing, and takes no repository that a checked-out folder pretends to be.
"""

from __future__ import annotations

import os
import posixpath
from typing import NamedTuple

from mbcost.documents.nodes import MAX_BYTES, read_text
from mbcost.errors import MbcostError, nearest
from mbcost.network import Network
from mbcost.network.specs import TableSpec
from mbcost.tables import configs_folder, is_path, load
from mbcost.tables.reader import read_table

__all__ = ["File", "Repository", "is_revision_path", "load_at"]

DEEPER = "the clone is shallow: fetch the history, in GitHub Actions with `fetch-depth: 0` of actions/checkout"
SAVED = "compare with a saved report: --base FILE.json"
SECONDS = 60
MAX_REVISION = 1000
MAX_WORDS = 600
MAX_LINKS = 8
KEPT = {
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
}  # they only say where to stop looking for a repository
GUARDS = {
    "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C",
}  # fmt: skip
CONFIG = {
    "safe.bareRepository": "explicit", "core.fsmonitor": "false", "core.hooksPath": os.devnull, "protocol.allow": "never",
}  # fmt: skip
LINK, SUBMODULE, FOLDER = "120000", "160000", "040000"


class File(NamedTuple):
    """A file of a commit; of a submodule, in the repository and at the commit that the one above it names."""

    repository: Repository
    commit: str
    path: str
    blob: str


class Repository:
    """A git repository, and tables read from its commits."""

    def __init__(self, folder: str) -> None:
        self.folder = folder or os.curdir
        self.root = self._toplevel()
        self._trees: dict[str, dict[str, tuple[str, str]]] = {}

    def _run(self, *args: str) -> tuple[int, bytes, str]:
        """Exit status, output and complaint of a git that reads this repository and nothing else."""
        import subprocess

        # Whatever the environment says of repositories, objects, paths and configuration is meant for another git: a hook's
        # GIT_DIR points at the repository of the hook, not at the one the budgets are in.
        env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key in KEPT}
        command = [_program(), "--no-pager", *[word for pair in CONFIG.items() for word in ("-c", "=".join(pair))]]
        try:
            done = subprocess.run(  # noqa: S603  (a fixed program; what a user gave stands behind --end-of-options)
                [*command, "-C", self.folder, *args],
                stdin=subprocess.DEVNULL, capture_output=True, check=False, env=env | GUARDS, timeout=SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise MbcostError(f"git {args[0]} does not answer within {SECONDS} seconds", help=SAVED) from None
        except OSError as error:
            raise MbcostError(f"git cannot be run: {error.strerror}", help=f"install git, or {SAVED}") from None
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace").strip()

    def _ask(self, *args: str) -> bytes:
        """What git says; whatever it cannot do is an error in its own words, and never taken for an answer."""
        code, out, said = self._run(*args)
        if code:
            raise self._failed(args[0], code, said)
        return out

    def _failed(self, command: str, code: int, said: str) -> MbcostError:
        words = _words(said) or f"exit status {code}"
        help = f"mend the repository, or {SAVED}"
        if self._run("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$")[0] == 0:
            help = (
                "the clone is partial, and nothing is fetched in a check: `git fetch --refetch --no-filter` completes it "
                f"(in GitHub Actions leave out `filter` of actions/checkout), or {SAVED}"
            )
        elif self.shallow:
            help = f"{DEEPER}, or {SAVED}"
        return MbcostError(f"git {command} cannot read the repository `{self.root}`: {words}", help=help)

    def _toplevel(self) -> str:
        code, out, said = self._run("rev-parse", "--absolute-git-dir", "--show-toplevel")
        where = "this folder" if self.folder == os.curdir else f"`{self.folder}`"
        if code == 0:
            git, _, root = out.decode("utf-8", "surrogateescape").rstrip("\n").partition("\n")
            git, root = os.path.realpath(git), os.path.realpath(root)
            if not _below(os.path.realpath(self.folder), git):
                return root
            said = "safe.bareRepository"  # a git before 2.38 does not know it
        if "safe.bareRepository" in said:
            raise MbcostError(
                f"{where} is in a bare repository, whose files could have git run programs",
                help="keep budgets files outside folders that hold HEAD, objects and refs",
            )
        if said and "not a git repository" not in said:
            raise MbcostError(
                f"{where} is in no repository that git reads: {_words(said)}", help=f"do what git says, or {SAVED}"
            )
        help = f"run it in a repository, or {SAVED}"
        if "GIT_DIR" in os.environ:
            help = f"GIT_DIR is not read: {help}"
        raise MbcostError(f"{where} is not in a git repository", help=help)

    @property
    def shallow(self) -> bool:
        """Whether the history is cut off."""
        return self._run("rev-parse", "--is-shallow-repository")[1].strip() == b"true"

    def commit(self, revision: str) -> str:
        """The commit a revision names."""
        if _sane(revision):
            code, out, said = self._run(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
            oid = out.decode("ascii", "replace").strip()
            if code == 0 and oid.isalnum():  # `^HEAD` gives what is not to be reached
                return oid
            if said:  # with --quiet git has words only for what it cannot read
                raise self._failed("rev-parse", code, said)
        names = self._ask("for-each-ref", "--format=%(refname:short)").decode("utf-8", "replace").split()
        if revision in names:
            raise self._failed("rev-parse", 1, f"`{revision}` names no commit that is there")
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
        if said:
            raise self._failed("merge-base", code, said)
        raise MbcostError(
            f"`{revision}` and HEAD have no common ancestor", help="name a revision that this branch comes from"
        )

    def inside(self, path: str) -> str | None:
        """A file's path as git has it, None outside the repository."""
        real = os.path.join(os.path.realpath(os.path.dirname(path) or os.curdir), os.path.basename(path))
        return os.path.relpath(real, self.root).replace(os.sep, "/") if _below(real, self.root) else None

    def find(self, commit: str, path: str) -> File | None:
        """A file of a commit, links followed; None only where a folder that git has read in full does not hold it.

        Folders are read one by one and names compared here: git's own search in a tree that it cannot read finds nothing.
        """
        asked = path
        for _ in range(MAX_LINKS):
            if _outside(path):
                raise MbcostError(
                    f"`{asked}` leads out of the repository in {commit[:7]}", help="make it a file of the repository"
                )
            folder, names = commit, path.split("/")
            for depth, name in enumerate(names, 1):
                entry = self._tree(folder).get(name)
                if entry is None:
                    return None
                mode, oid = entry
                here, rest = "/".join(names[:depth]), names[depth:]
                if mode == LINK:  # a link has the path it leads to as its text
                    path = posixpath.normpath(posixpath.join(posixpath.dirname(here), self._text(oid, here), *rest))
                    break
                if mode == SUBMODULE and rest:
                    return self._submodule(here).find(oid, "/".join(rest))
                if not rest and mode not in {SUBMODULE, FOLDER}:
                    return File(self, commit, here, oid)
                if not rest:
                    raise MbcostError(f"`{asked}` is a folder in {commit[:7]}", help="name a file")
                if mode != FOLDER:
                    return None
                folder = oid
        raise MbcostError(f"`{asked}` is a link to a link to a link in {commit[:7]}", help="make it a file")

    def _tree(self, oid: str) -> dict[str, tuple[str, str]]:
        """The mode and the object of every name in a folder."""
        if oid not in self._trees:
            lines = self._ask("ls-tree", "-z", "--full-tree", "--end-of-options", oid).split(b"\0")
            entries = {}
            for line in filter(None, lines):
                mode, _, rest = line.decode("utf-8", "surrogateescape").partition(" ")
                facts, _, name = rest.partition("\t")
                entries[name] = (mode, facts.rpartition(" ")[2])
            self._trees[oid] = entries
        return self._trees[oid]

    def _submodule(self, path: str) -> Repository:
        """The repository of a submodule, as it is checked out here."""
        folder = os.path.join(self.root, path)
        inner = Repository(folder) if os.path.isdir(folder) else self
        if inner.root == self.root:
            raise MbcostError(
                f"the submodule `{path}` is not checked out", help=f"git submodule update --init, or {SAVED}"
            )
        return inner

    def _text(self, oid: str, path: str) -> str:
        return self.blob(oid, path).decode("utf-8", "surrogateescape")

    def blob(self, oid: str, path: str) -> bytes:
        """The bytes of an object; as many as a table may have."""
        if int(self._ask("cat-file", "-s", oid)) > MAX_BYTES:
            raise MbcostError(f"`{path}` is larger than 64 MB", help="split the table, or use repeat and blocks")
        return self._ask("cat-file", "blob", oid)

    def has(self, commit: str, path: str) -> bool:
        """Whether a commit has a file."""
        return self.find(commit, path) is not None

    def files(self, commit: str) -> dict[str, str]:
        """The YAML files of a commit, each with its object."""
        found = {}
        for line in filter(
            None, self._ask("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).split(b"\0")
        ):
            facts, _, name = line.decode("utf-8", "surrogateescape").partition("\t")
            if name.endswith((".yaml", ".yml")) and not facts.startswith((LINK, SUBMODULE)):
                found[name] = facts.rpartition(" ")[2]
        return found

    def tracked(self, name: str) -> list[str]:
        """The files of a name that git tracks in the folder and below it."""
        found = self._ask("ls-files", "-z", "--", f":(glob)**/{name}").decode("utf-8", "surrogateescape").split("\0")
        return sorted({os.path.normpath(os.path.join(self.folder, path)) for path in found if path})

    @property
    def sparse(self) -> bool:
        """Whether files may be missing here that the branch has."""
        return self._run("config", "--type=bool", "--get", "core.sparseCheckout")[1].strip() == b"true"

    def table(self, commit: str, path: str, depth: int = 0) -> TableSpec:
        """A layer table of a commit; the tables it is based on are those of the same commit."""
        file = self.find(commit, path)
        if file is None:
            raise MbcostError(f"`{path}` is not in {commit[:7]}", help="name a file that this revision has")
        label = f"{file.commit[:7]}:{file.path}"

        def find(model: str, _: str, depth: int) -> TableSpec:
            return file.repository.base(file, model, depth)

        return read_table(read_text(file.repository.blob(file.blob, label), label), label, find, depth)

    def base(self, file: File, model: str, depth: int) -> TableSpec:
        """The table that a table of a commit is based on."""
        if not is_path(model):
            own = self.inside(os.path.join(configs_folder(), "models", f"{model}.yaml"))
            return self.table(file.commit, own, depth) if own and self.has(file.commit, own) else load(model).table
        folder = posixpath.dirname(file.path)
        found = posixpath.normpath(posixpath.join(folder, model))
        if model.startswith("/") or _outside(found) or (folder and not found.startswith(f"{folder}/")):
            raise MbcostError(
                f"base `{model}` is not below the folder of the file that names it",
                help="move it there, or name a shipped model",
            )
        return self.table(file.commit, found, depth)


def _program() -> str:
    """The git of the user's PATH: never one of the current folder, which may be a stranger's."""
    name = "git.exe" if os.name == "nt" else "git"
    for folder in os.get_exec_path():
        path = os.path.join(folder, name)
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise MbcostError("git cannot be run", help=f"install git, or {SAVED}")


def _words(said: str) -> str:
    """What git complains of, in one line."""
    return " ".join(said.replace("fatal: ", "").split())[:MAX_WORDS]


def _sane(revision: str) -> bool:
    """Whether a text can be handed to a program at all, and is no option of it."""
    try:
        os.fsencode(revision)
    except UnicodeEncodeError:
        return False
    return 0 < len(revision) <= MAX_REVISION and not revision.startswith("-") and "\0" not in revision


def _below(path: str, folder: str) -> bool:
    """Whether a path is a folder or below it."""
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def _outside(path: str) -> bool:
    """Whether a path of a repository leads out of it."""
    return path.startswith(("/", "../")) or path == ".."


def is_revision_path(text: str) -> bool:
    """Whether a text is ``REV:path`` of a layer table, and no file's name."""
    revision, _, path = text.partition(":")
    return bool(revision) and path.endswith((".yaml", ".yml")) and not os.path.exists(text)


def load_at(text: str) -> Network:
    """The network of ``REV:path``: the path from the repository's root, or from here."""
    revision, _, path = text.partition(":")
    repository = Repository(os.curdir)
    commit = repository.commit(revision)
    here = repository.inside(path) or path
    asked = posixpath.normpath(path.replace(os.sep, "/"))
    tried = [here] if path.startswith(".") else [asked, here]
    for candidate in tried:
        if not _outside(candidate) and repository.has(commit, candidate):
            return Network(repository.table(commit, candidate))
    close = nearest(asked, list(repository.files(commit)))
    raise MbcostError(
        f"`{path}` is not in {revision} ({commit[:7]})",
        help=f"did you mean {close}?" if close else "name a file that this revision has",
    )
