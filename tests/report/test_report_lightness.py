"""What importing and using the package pulls in, looked at in fresh interpreters."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mbcost.report

PACKAGE = Path(mbcost.report.__file__).parent
HEAVY = ("rich", "csv", "json", "decimal", "dataclasses", "inspect")


def loaded_by(code: str) -> set[str]:
    """Which of the heavy modules a fresh interpreter has after running some code."""
    probe = f"import sys\n{code}\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    # -S: an environment's .pth files may import whatever they like
    path = [str(PACKAGE.parents[1]), *sys.path]
    program = f"import sys; sys.path[:] = {path!r}\n{probe}"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_describing_a_table_imports_nothing_heavy() -> None:
    code = "from mbcost.report import FORMATS, Column, Table, render; Table('', (Column('n', 'n', 'count'),), ((1,),))"
    assert loaded_by(code) == set()


@pytest.mark.parametrize(("fmt", "allowed"), [("markdown", set()), ("latex", set()), ("csv", {"csv"})])
def test_only_the_screen_needs_rich(fmt: str, allowed: set[str]) -> None:
    code = f"from mbcost.report import *; render(Table('', (Column('n', 'n', 'count'),), ((1,),)), {fmt!r})"
    assert loaded_by(code) <= allowed


def test_the_probe_would_notice() -> None:
    code = "from mbcost.report import *; render(Table('', (Column('n', 'n', 'count'),), ((1,),)), 'table')"
    assert "rich" in loaded_by(code)


def test_drawing_a_table_imports_no_more_of_rich_than_its_table_and_console() -> None:
    program = (
        f"import sys; sys.path[:] = {[str(PACKAGE.parents[1]), *sys.path]!r}\n"
        "import rich.table, rich.console, csv\n"
        "before = set(sys.modules)\n"
        "from mbcost.report import *\n"
        "render(Table('t', (Column('n', 'n', 'count'),), ((1,),), (1,), ('n',)), 'table', width=80, color=True)\n"
        "print(*sorted(m for m in set(sys.modules) - before if not m.startswith('mbcost')))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_one_module_imports_rich() -> None:
    importers = set()
    for file in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "rich" for name in names):
                importers.add(file.name)
    assert importers == {"screen.py"}
