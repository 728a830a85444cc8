"""Mutants of the package: small wrong changes, one at a time, and the tests that ought to notice each.

A survivor is a change that no test notices: a missing test, or a change that changes nothing (an equivalent one, which only
reading can tell). On demand, not part of the test run::

    python tests/mutants.py layers dims/reading.py              every mutant of a package and of a module
    python tests/mutants.py solve/solver.py --sample 40         forty of them, chosen by --seed

A mutant flips a comparison, drops a statement, changes a constant, swaps an operator, or turns a condition or an `and`
around; texts, annotations and docstrings are left alone. Everything happens in a copy of the repository in a temporary
folder. First the tests run once to record which functions each of them calls (kept in --record FILE, if that is given, for
the next time; tests that start processes of their own call nothing that could be seen, and one that fails without a mutant is
left out). Then, for each mutant, the tests that call its function run, those that call the fewest functions first, until one
fails or --seconds are over, in a child of this process, which has imported what tests need beside the package. Of a function
that very many tests call some hundreds run, and where none of them notices, the files of all; at last the module's own
examples.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
COPIED = (
    "mbcost",
    "configs",
    "tests",
    "README.md",
    "pyproject.toml",
    ".ci",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".pre-commit-hooks.yaml",
)
UNSEEN = ("tests/fuzz", "tests/frameworks", "tests/explore", "tests/conventions/peers", "tests/benchmarks", "tests/test_bounds.py", "tests/test_readme.py",
          "tests/test_bad_processes.py", "tests/test_process.py")  # fmt: skip
WARM = ("pytest", "hypothesis", "click", "jsonschema", "rich.console", "rich.table", "sympy", "yaml")
NO_TESTS = 5  # the exit code of a run that found none
MOST, FIRST = 400, 25  # tests of one mutant, and how many of them run before the others
FLIPPED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
           ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}  # fmt: skip
SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult}
DROPPED = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Return)


class Mutant(NamedTuple):
    """A change of a module: the file, its number there, the function that it is in, the line, and what it is."""

    file: str
    number: int
    function: str
    line: int
    what: str

    def text(self, root: Path) -> str:
        """The text of the module with the change."""
        tree = ast.parse((root / self.file).read_text(encoding="utf-8"))
        return ast.unparse(ast.fix_missing_locations(_Change(self.number).visit(tree))) + "\n"


def mutants(file: Path, root: Path = ROOT) -> list[Mutant]:
    """Every mutant of a module."""
    changes = _Change(-1)
    changes.visit(ast.parse(file.read_text(encoding="utf-8")))
    path = str(file.relative_to(root))
    return [Mutant(path, number, *found) for number, found in enumerate(changes.found)]


class _Change(ast.NodeTransformer):
    """Finds the changes of a module in the order of its text, and makes the one of a number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.found: list[tuple[str, int, str]] = []
        self.path: list[str] = []

    @property
    def made(self) -> bool:
        """Whether the change is made."""
        return 0 <= self.number < len(self.found)

    def mine(self, node: ast.AST, what: str) -> bool:
        """Whether it is the turn of this change."""
        self.found.append((".".join(self.path), getattr(node, "lineno", 0), what))
        return self.made

    def visit(self, node: ast.AST) -> Any:
        if self.made:
            return node
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            return self._named(node)
        if isinstance(node, ast.AnnAssign):
            if node.value is not None:
                node.value = self.visit(node.value)
            return node
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return node  # a docstring
        if self.path and isinstance(node, DROPPED) and self.mine(node, f"dropped `{ast.unparse(node)[:60]}`"):
            return ast.copy_location(ast.Pass(), node)
        return self._expression(node) if isinstance(node, ast.expr | ast.If | ast.While) else self.generic_visit(node)

    def _named(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        self.path.append(node.name)
        node.body = [self.visit(one) for one in node.body]
        if isinstance(node, ast.FunctionDef):
            node.args.defaults = [self.visit(one) for one in node.args.defaults]
        self.path.pop()
        return node

    def _expression(self, node: ast.AST) -> Any:
        before = ast.unparse(node).splitlines()[0][:60]
        if isinstance(node, ast.Compare) and type(node.ops[0]) in FLIPPED and self.mine(node, f"flipped `{before}`"):
            node.ops[0] = FLIPPED[type(node.ops[0])]()
        elif isinstance(node, ast.BinOp) and type(node.op) in SWAPPED and self.mine(node, f"swapped `{before}`"):
            node.op = SWAPPED[type(node.op)]()
        elif isinstance(node, ast.BoolOp) and self.mine(node, f"and <-> or `{before}`"):
            node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        elif isinstance(node, ast.If | ast.While | ast.IfExp) and self.mine(node, f"negated `{before}`"):
            node.test = ast.UnaryOp(ast.Not(), node.test)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and self.mine(node, f"no not `{before}`"):
            return node.operand
        elif (
            isinstance(node, ast.Constant) and type(node.value) in {int, bool} and self.mine(node, f"changed {before}")
        ):
            node.value = not node.value if isinstance(node.value, bool) else node.value + 1
        if self.made or isinstance(node, ast.JoinedStr):
            return node
        return self.generic_visit(node)


# ---- which tests call what: this module is a plugin of the run that records it


def pytest_configure(config: Any) -> None:
    """Record the calls of each test, in the process that the script starts for it."""
    if "MBCOST_MUTANTS_RECORD" in os.environ:
        config.pluginmanager.register(_Recorder(os.environ["MBCOST_MUTANTS_RECORD"]))


class _Recorder:
    def __init__(self, path: str) -> None:
        self.path = path
        self.calls: dict[str, set[str]] = {}
        self.failed: set[str] = set()
        self.inside = str(Path.cwd() / "mbcost") + os.sep

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        called = self.calls.setdefault(nodeid, set())
        skip = len(str(Path.cwd())) + 1

        def trace(frame: FrameType, event: str, _arg: object) -> None:
            code = frame.f_code
            if event == "call" and code.co_filename.startswith(self.inside):
                called.add(f"{code.co_filename[skip:]}::{code.co_qualname.replace('.<locals>', '')}")

        sys.setprofile(trace)

    def pytest_runtest_logfinish(self) -> None:
        sys.setprofile(None)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        found = {test: sorted(calls) for test, calls in self.calls.items() if test not in self.failed}
        Path(self.path).write_text(json.dumps(found))


OPTIONS = ("-q", "-p", "no:cacheprovider")


def program(work: Path, *args: str, **environment: str) -> str:
    """What a test run of its own prints in the copy."""
    command = [sys.executable, "-m", "pytest", *OPTIONS, *args]
    environment = {**os.environ, "PYTHONPATH": str(work), **environment}
    return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False).stdout


def collected(work: Path, tests: list[str]) -> set[str]:
    """The tests that there are; byte code is made on the way, of everything but the mutants."""
    return set(program(work, "--collect-only", *tests, PYTHONDONTWRITEBYTECODE="").splitlines())


def child(work: Path, *args: str, seconds: float) -> int | None:
    """The exit code of a test run in the copy, in a child of this process and its group; None where the time was over."""
    number = os.fork()
    if number == 0:
        code = 1
        try:
            os.setsid()
            os.chdir(work)
            sys.path[:] = [str(work), *[path for path in sys.path if path != str(ROOT)]]
            sys.dont_write_bytecode = True
            os.environ.update(PYTHONPATH=str(work), HYPOTHESIS_STORAGE_DIRECTORY=str(work / ".hypothesis"), PYTHONDONTWRITEBYTECODE="1")  # fmt: skip
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
                code = int(
                    sys.modules["pytest"].main([*OPTIONS, "-W", "ignore::pytest.PytestAssertRewriteWarning", *args])
                )
        finally:
            os._exit(code)
    end, done, status = time.monotonic() + seconds, 0, 0
    while not done and time.monotonic() < end:
        time.sleep(0.02)
        done, status = os.waitpid(number, os.WNOHANG)
    with suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)  # with whatever the tests started
    if not done:
        os.waitpid(number, 0)
    return os.waitstatus_to_exitcode(status) if done else None


def covering(mutant: Mutant, calls: dict[str, list[str]]) -> list[str]:
    """The tests that call a mutant's function; of what runs at import, those that call anything of its module."""
    begins = f"{mutant.file}::{mutant.function}"
    tests = [
        test for test, called in calls.items() if any(one == begins or one.startswith(f"{begins}.") for one in called)
    ]
    if not tests:
        tests = [test for test, called in calls.items() if any(one.startswith(f"{mutant.file}::") for one in called)]
    tests.sort(key=lambda test: len(calls[test]))
    return tests


def runs(tests: list[str]) -> list[list[str]]:
    """The tests in the order that they are run in: those that notice soonest, and of very many the files of all at last."""
    half = MOST // 2
    some = tests[:half] + tests[half :: max(1, len(tests) // half)]
    files = sorted({test.partition("::")[0] for test in tests}) if len(tests) > MOST else []
    return [one for one in (some[:FIRST], some[FIRST:], files) if one]  # to collect many takes longer than to run a few


def main() -> None:
    """Make the mutants of some rooms, run their tests, and print the survivors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="+", help="packages or modules below mbcost/: layers, dims/reading.py")
    parser.add_argument("--sample", type=int, default=0, help="how many mutants of each room (all of them)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60, help="the most for the tests of one mutant (60)")
    parser.add_argument("--tests", nargs="+", default=["tests"], help="the tests that may notice (all of them)")
    parser.add_argument("--record", type=Path, help="a file that keeps which tests call what")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in COPIED:
            here = ROOT / name
            if here.is_dir():
                shutil.copytree(here, work / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif here.exists():
                shutil.copy(here, work / name)
        record = args.record or work / "calls.json"
        if not record.exists():
            ignored = [f"--ignore={path}" for path in UNSEEN]
            program(work, "-p", "tests.mutants", *args.tests, *ignored, MBCOST_MUTANTS_RECORD=str(record.resolve()))
        there = collected(work, args.tests)  # a test that is no longer there would seem to notice everything
        calls = {test: called for test, called in json.loads(record.read_text()).items() if test in there}
        for name in WARM:
            importlib.import_module(name)
        for room in args.rooms:
            _room(work, room, calls, args)


def _room(work: Path, room: str, calls: dict[str, list[str]], args: argparse.Namespace) -> None:
    path = work / "mbcost" / room
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    tried = made = [one for file in files for one in mutants(file, work)]
    total = len(made)
    if args.sample:
        tried = sorted(Random(args.seed).sample(made, min(args.sample, total)), key=lambda one: (one.file, one.line))
    survivors, slow, uncovered, begin = 0, 0, 0, time.monotonic()
    for mutant in tried:
        tests = covering(mutant, calls)
        target = work / mutant.file
        original, known = target.read_text(encoding="utf-8"), target.stat()
        target.write_text(mutant.text(work), encoding="utf-8")
        code: int | None = 0
        for some in (*runs(tests), [mutant.file]):  # at last the examples in its docstrings
            if code in {0, NO_TESTS}:
                code = child(work, "-x", *some, seconds=args.seconds)
        code = 0 if code == NO_TESTS else code
        target.write_text(original, encoding="utf-8")
        os.utime(target, ns=(known.st_atime_ns, known.st_mtime_ns))  # as its byte code has it
        uncovered += not tests
        slow += code is None
        survivors += code == 0
        if code in {0, None}:
            said = "no test calls it" if not tests else "time over" if code is None else f"{len(tests)} tests"
            print(f"{mutant.file}:{mutant.line}: {mutant.what}  [{mutant.function}; {said}]", flush=True)
    print(f"{room}: {total} mutants, {len(tried)} tried, {len(tried) - survivors - slow} died, {survivors} survived ({uncovered} that no test calls), "
          f"{slow} ran out of time; {time.monotonic() - begin:.0f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
