"""The rooms of the design, held against the code: imports point one way, and a query imports little.

The rules are read from the syntax trees, so an import inside a function counts as well; those that point up or pull in
something heavy are listed one by one, with the reason.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import mbcost

PACKAGE = Path(mbcost.__file__).parent


class Edge(NamedTuple):
    """One import: who imports what, and how."""

    module: str
    target: str
    how: str  # "top", "lazy" (inside a function) or "typing" (under TYPE_CHECKING)


FLOORS: tuple[tuple[str, ...], ...] = (
    ("escape", "process"),
    ("errors",),
    ("dims",),
    ("layers",),
    ("documents",),
    ("memory",),
    ("quantities",),
    ("conventions",),
    ("network",),
    ("tables",),
    ("separated", "lint", "symbolic"),
    ("solve",),
    ("analysis",),
    ("report",),
    ("budgets", "papers", "importers"),
    ("plot", "explore"),
    ("api",),
    ("testing", "cli"),
)
"""From the ground up: a room imports the floors below it, and itself; inside functions and for types too."""

ONLY = {
    "yaml": {"documents"},
    "rich": {"report"},
    "sympy": {"symbolic"},
    "click": {"cli"},
    "matplotlib": {"plot"},
    "numpy": {"separated"},
    "torch": {"importers"},
    "pandas": {"api"},
}
"""The only rooms that may import what is heavy or foreign."""

BORROWED: dict[tuple[str, str], str] = {}

NEVER_AT_TOP = {
    "sympy",
    "numpy",
    "matplotlib",
    "rich",
    "importlib.metadata",
    "dataclasses",
    "inspect",
    "subprocess",
    "json",
    "csv",
    "difflib",
}
"""What costs start-up time: no module of the query path imports it outside a function."""

QUERY = "import mbcost; mbcost.load('mobilenet_v1').cost('0.75').mult_adds"


def edges_of(module: str, source: str) -> list[Edge]:
    """Every import of a module."""
    found: list[Edge] = []

    def visit(node: ast.AST, how: str) -> None:
        for child in ast.iter_child_nodes(node):
            now = how
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                now = "lazy"
            elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
                now = "typing"
            if isinstance(child, ast.Import):
                found.extend(Edge(module, alias.name, how) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert not child.level, f"{module}: a relative import"
                target = child.module or ""
                named = [f"{target}.{alias.name}" for alias in child.names]  # a name may be a module
                found.extend(Edge(module, name if name in modules() else target, how) for name in named)
            elif isinstance(child, ast.Call) and ast.unparse(child.func) in {
                "__import__",
                "import_module",
                "importlib.import_module",
            }:
                argument = child.args[0] if child.args else None
                found.append(
                    Edge(
                        module, argument.value if isinstance(argument, ast.Constant) else f"?{ast.unparse(child)}", how
                    )
                )
            visit(child, now)

    visit(ast.parse(source), "top")
    return found


def edges() -> list[Edge]:
    """Every import of the package."""
    return [edge for module, file in modules().items() for edge in edges_of(module, file.read_text(encoding="utf-8"))]


@cache
def modules() -> dict[str, Path]:
    """Every module of the package, and its file."""
    return {
        ".".join(("mbcost", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): file
        for file in sorted(PACKAGE.rglob("*.py"))
    }


def circles(found: list[Edge]) -> list[list[str]]:
    """The modules of the package that import each other, in a ring or a knot of rings, wherever they do it.

    Importing a module runs the packages above it; what counts here is who names whom.
    """
    reached: dict[str, set[str]] = {}
    for module, target, _ in found:
        if room(module) and room(target) and module != target:
            reached.setdefault(module, set()).add(target)
    grew = True
    while grew:  # until whoever is reached by way of others is known too
        grew = False
        for module, known in reached.items():
            more = set().union(*[reached.get(target, set()) for target in known]) - known
            reached[module] = known | more
            grew = grew or bool(more)
    knots = {
        module: tuple(sorted(other for other in known if module in reached.get(other, ())))
        for module, known in reached.items()
    }
    return [list(knot) for knot in sorted({knot for module, knot in knots.items() if module in knot})]


def room(module: str) -> str:
    """The room a module of the package is in; the package itself and its ``__main__`` are no rooms."""
    parts = module.split(".")
    return parts[1] if parts[0] == "mbcost" and len(parts) > 1 and parts[1] != "__main__" else ""


def floor(name: str) -> int:
    """The number of a room's floor; a room without one is above all others, so that whoever imports it is named."""
    return next((number for number, rooms in enumerate(FLOORS) if name in rooms), len(FLOORS))


@cache
def query_path() -> set[str]:
    """The modules of the package that a numeric query loads, asked of a fresh interpreter."""
    program = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); {QUERY}; print(*[m for m in sys.modules if m.startswith('mbcost')])"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


def wrong(found: list[Edge]) -> list[str]:
    """What breaks the rules."""
    problems = []
    for module, target, how in found:
        here, there = room(module), room(target)
        if here and there and here != there and floor(there) >= floor(here):
            problems.append(f"{module} imports {target}: {there} is not below {here}")
        foreign = target.split(".")[0]
        if here and here not in ONLY.get(foreign, {here}) and ((module, foreign) not in BORROWED or how == "top"):
            problems.append(f"{module} imports {foreign}: only {', '.join(ONLY[foreign])} may")
        if how == "top" and module in query_path() and (target in NEVER_AT_TOP or foreign in NEVER_AT_TOP):
            problems.append(f"{module} imports {target} when it is loaded")
    return problems


def test_imports_point_one_way() -> None:
    assert wrong(edges()) == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Inside a room as well, inside functions, and for types alone."""
    assert circles(edges()) == []


def test_a_circle_is_found() -> None:
    more = edges_of("mbcost.dims", "def f():\n    from mbcost.layers.conv import divide")
    (knot,) = circles([*edges(), *more])
    assert {"mbcost.dims", "mbcost.layers.conv", "mbcost.layers.base"} <= set(knot)
    typed = edges_of("mbcost.report.cells", "if TYPE_CHECKING:\n    from mbcost.report.latex import latex")
    assert circles([*edges(), *typed]) == [["mbcost.report.cells", "mbcost.report.latex"]]


def test_every_room_has_a_floor() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms - {"__init__", "__main__"} == {name for rooms in FLOORS for name in rooms}


def test_every_exception_is_still_needed() -> None:
    assert set(BORROWED) <= {(edge.module, edge.target.split(".")[0]) for edge in edges()}


def test_only_the_command_line_chooses_modules_by_name() -> None:
    """`import_module` with a computed name hides an import from these rules."""
    computed = {edge.module for edge in edges() if edge.target.startswith("?")}
    assert computed <= {
        "mbcost.cli",
        "mbcost.network.specs",
        "mbcost.importers.tracer",
    }  # a command; C's SHA-256; user code


@pytest.mark.parametrize(
    ("module", "source", "words"),
    [
        ("mbcost.dims", "from mbcost.layers import Row", "layers is not below dims"),
        ("mbcost.layers.conv", "def f():\n    import mbcost.network.walk", "network is not below layers"),
        ("mbcost.network.walk", "from mbcost import cli", "cli is not below network"),
        ("mbcost.network", "def f():\n    import mbcost.symbolic", "symbolic is not below network"),
        ("mbcost.network.walk", "if TYPE_CHECKING:\n    from mbcost.api import Network", "api is not below network"),
        ("mbcost.analysis.groups", "if True:\n    import rich.table", "only report may"),
        ("mbcost.report.cells", "import click", "only cli may"),
        ("mbcost.cli.table", "def f():\n    from sympy import latex", "only symbolic may"),
        ("mbcost.layers.base", "from dataclasses import dataclass", "when it is loaded"),
        ("mbcost.conventions", "import mbcost.symbolic", "symbolic is not below conventions"),
    ],
)
def test_the_check_itself_can_fail(module: str, source: str, words: str) -> None:
    problems = wrong(edges_of(module, source))
    assert len(problems) == 1
    assert words in problems[0]


# ---- lightness, in fresh interpreters

HEAVY = (
    "sympy", "mpmath", "numpy", "matplotlib", "rich", "pygments", "click", "dataclasses", "inspect", "importlib.metadata", "json", "csv", "decimal",
    "subprocess", "asyncio", "unittest", "difflib", "hashlib", "tempfile", "shutil", "logging", "random", "pathlib",
)  # fmt: skip


def loaded(code: str) -> set[str]:
    """Which of the heavy modules a fresh interpreter has after running some code."""
    # -S: an environment's .pth files may import whatever they like
    program = f"import sys; sys.path[:] = {[str(PACKAGE.parent), *sys.path]!r}\n{code}\nprint(*[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


BARE = loaded("import yaml, fractions")


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert loaded("import mbcost") == set()


def test_a_numeric_query_imports_no_more_than_yaml_does() -> None:
    code = "import mbcost; c = mbcost.load('mobilenet_v3_small').cost('0.35', resolution=225); assert c.mult_adds and c.params"
    assert loaded(code) <= BARE
    more = "import mbcost; n = mbcost.load('mobilenet_v1'); n.standard().cost(rho='6/7', set={'conv_1.stride': 1}, without=['softmax_1'], classes=10)"
    assert loaded(more) <= BARE


CLICK = loaded("import click, yaml, fractions") | {
    "difflib"
}  # click itself looks for near misses of every short option


@pytest.mark.parametrize(
    "args", [["table", "mobilenet_v1", "-f", "json"], ["compare", "mobilenet_v2", "-f", "json"], ["list", "-f", "json"]]
)
def test_a_json_query_imports_click_and_json_and_nothing_else_heavy(args: list[str]) -> None:
    found = loaded(f"from mbcost.cli import run; assert run({args!r}) == 0")
    assert found <= CLICK | {"json"}
    assert not found & {"sympy", "rich", "numpy", "matplotlib"}


def test_a_table_on_a_screen_imports_rich_and_no_sympy() -> None:
    found = loaded("from mbcost.cli import run; assert run(['table', 'mobilenet_v1']) == 0")
    assert "rich" in found
    assert not found & {"sympy", "numpy", "matplotlib", "importlib.metadata"}


def test_the_probe_would_notice() -> None:
    """A closed form does need SymPy: were the probe blind, it would not see that."""
    assert "sympy" in loaded("import mbcost; mbcost.load('mobilenet_v1').formula().idealised")
    assert {"dataclasses", "inspect"} <= loaded("import dataclasses")
    assert "click" in CLICK
