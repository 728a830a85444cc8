"""One set of hostile names through every command and every format: each shows, and none of them says anything.

A name is put where a repository can put one: the file of a table, of budgets, of conventions, of a paper, and the texts in
them. What is printed is what a harmless name gives, with the name as its language writes it in that one's place.
"""

from __future__ import annotations

import ast
import csv
import glob
import io
import json
import re
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from mbcost import escape
from mbcost.cli import COMMANDS
from tests.conftest import Said

Say = Callable[..., Said]

NAMES = {
    "a workflow command": "::error file=x,line=1::pwned",
    "a formula": "=cmd('calc')!A0,\"x\"",
    "Python": 'q"""+str(__import__("pathlib").Path("pwned").touch())+"""\\',
    "lines and a terminal": "a\n::error::pwned\r\n::add-mask::x\x0b\x85\u2028::error::b\x1b[31m\x1b]0;t\x07\x7f\x9b\x08\u202ec\u2066d\ufeffe\udcfff\u200b",
    "markup": "_@octocat_ [red]*b*`c`<b>&amp;<!-- mbcost check -->]]><script>##[error]x ##vso[x]![i](j)~~s~~|\\input{x}$\\alpha$%&#^~{}^^M $(id) ''b: {c: [d, 'e\"",
}  # fmt: skip
PLAIN = "harmless"

TABLE = """\
format: 1
input: {channels: 3, resolution: 32}
rounding: floor
layers:
  - {op: conv, name: stem, kernel_size: 3, out_channels: 16, stride: 2}
  - {op: separable, out_channels: 32}
  - {op: global_pool}
  - {op: linear, name: classifier, out_channels: 10, width: fixed}
"""
TEXTS = ("table", "markdown", "csv", "json", "latex")


def printed(text: str) -> str:
    """A text, of which everything shows; and of whose lines a CI system takes none for a command."""
    for line in text.split("\n"):
        assert line.isprintable(), ascii(line)
        assert not line.lstrip().startswith("::"), line
        assert not re.search(r"##[A-Za-z]*\[", line), line
    return text


def loosely(text: str) -> str:
    """A text without what lines up its columns, and what depends on whether the name stands in a file or begins a line."""
    text = text.replace("\\\\", "\\").replace(r"\textbackslash{}", "\\")
    text = text.replace(r"\udcff", "").replace(r"\x3a:", "::").replace("&#8203;", "")
    return re.sub(r"(?:[ ─-]|\\[nr]|\\x0b|\\x85|\\u2028)+", " ", text)


def in_place(text: str, name: str, write: Callable[[str], str]) -> str:
    """What a text about the harmless name would be with the hostile one in its place."""
    return loosely(text.replace(PLAIN, write(name)))


def same_csv(text: str, plain: str, name: str) -> None:
    rows, known = (list(csv.reader(io.StringIO(part), strict=True)) for part in (printed(text), plain))
    assert [len(row) for row in rows] == [len(row) for row in known]
    for cell, wanted in zip([c for row in rows for c in row], [c for row in known for c in row], strict=True):
        assert loosely(cell.removeprefix("'")) == in_place(wanted, name, escape.line).removeprefix("'")
        assert not (cell[:1] in {*"=+-@"} and re.search("[A-Za-z]", cell)), cell


def same_json(text: str, plain: str, name: str) -> None:
    assert printed(text).isascii()

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {replaced(key): replaced(child) for key, child in value.items()}
        if isinstance(value, list):
            return [replaced(child) for child in value]
        return value.replace(PLAIN, name) if isinstance(value, str) else value

    if text.startswith("{\n"):
        found, known = json.loads(text), json.loads(plain)
        for key in ("verdict", "notes", "notices"):  # sentences, made to be printed
            sentences = [json.dumps(document.pop(key, None), ensure_ascii=False) for document in (found, known)]
            printed(sentences[0])
        texts = [json.dumps(document).replace("\\udcff", "") for document in (found, replaced(known))]
        assert texts[0] == texts[1]
    else:
        assert [json.loads(line) for line in text.splitlines()] == [
            replaced(json.loads(line)) for line in plain.splitlines()
        ]


def same_markdown(text: str, plain: str, name: str) -> None:
    """The same tokens, none of them made by the name, and the name as text."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found, known = (parser.parse(part) for part in (printed(text), plain))
    assert [token.type for token in found] == [token.type for token in known]
    for token, wanted in zip(found, known, strict=True):
        types = [[child.type for child in part.children or ()] for part in (token, wanted)]
        assert [t for t in types[0] if t not in {"text", "text_special"}] == [
            t for t in types[1] if t not in {"text", "text_special"}
        ]
        contents = ["".join(child.content for child in part.children or ()) for part in (token, wanted)]
        if token.type == "inline":
            assert loosely(contents[0].replace("@\u200b", "@")) == in_place(contents[1], name, escape.line)
        else:
            assert loosely(token.content) == in_place(wanted.content, name, escape.html)
    assert "@octocat" not in text


def same_python(text: str, plain: str, name: str) -> None:
    trees = [ast.parse(printed(part)) for part in (text, plain)]
    said = [ast.get_docstring(tree, clean=False) for tree in trees]
    assert loosely(str(said[0])) == in_place(str(said[1]), name, escape.line)
    assert ast.dump(ast.Module(trees[0].body[1:], [])) == ast.dump(ast.Module(trees[1].body[1:], []))


def same_xml(text: str, plain: str, name: str) -> None:
    trees = [list(ET.fromstring(part).iter()) for part in (printed(text), plain)]
    for found, known in zip(*trees, strict=True):
        assert found.tag == known.tag
        for (_, value), (_, wanted) in zip(found.items(), known.items(), strict=True):
            assert loosely(value) == in_place(wanted, name, escape.line)
        assert loosely(found.text or "") == in_place(known.text or "", name, escape.line)


def same_commands(text: str, plain: str, name: str) -> None:
    """GitHub's commands: as many as there should be, each with its three properties and one message."""
    lines, known = text.splitlines(), plain.splitlines()
    assert len(lines) == len(known)
    for line, wanted in zip(lines, known, strict=True):
        assert line.isprintable()
        begins = re.compile(r"::(error|warning|notice) (file=[^:,]*,line=\d+,col=\d+,)?title=[^:,]*::")
        assert bool(begins.match(line)) == bool(begins.match(wanted)) == wanted.startswith("::")
        assert begins.match(line) or not line.lstrip().startswith("::")


def same_text(write: Callable[[str], str]) -> Callable[[str, str, str], None]:
    return lambda text, plain, name: _same_text(text, plain, name, write)


def _same_text(text: str, plain: str, name: str, write: Callable[[str], str]) -> None:
    assert printed(text).count("\n") == plain.count("\n")
    text, plain = (re.sub(r"\\label\{tab:[a-z0-9-]+\}", "", part) for part in (text, plain))  # words and digits alone
    for line, wanted in zip(text.split("\n"), plain.split("\n"), strict=True):
        comment = write is escape.latex and wanted.startswith("%")
        assert loosely(line) == in_place(wanted, name, escape.line if comment else write)


SAME: dict[str, Callable[[str, str, str], None]] = {
    "table": same_text(escape.line), "latex": same_text(escape.latex), "csv": same_csv, "json": same_json, "jsonl": same_json,
    "markdown": same_markdown, "python": same_python, "junit": same_xml, "github": same_commands,
}  # fmt: skip

BUDGETS = """\
format: 1
convention: {convention}
budgets:
  - model: "*.yaml"
    at: {{alpha: 0.5, resolution: 32, without: [classifier]}}
    max: {{params: 0.1K, mult_adds: 900M}}
    warn: {{params: 0.09K}}
    layers: {{"*": {{max: {{params: 5M}}}}}}
    vs_base: {{params: +2%}}
    message: {message}
"""
CONVENTIONS = """\
format: 1
conventions:
  - {{name: mine, tool: {text}, version: {text}, source: {text}, note: {text}, unit: mult_adds, mult_adds: {{weight_mults: 1}}, params: {{weights: 1}}}}
"""
MEMORY = """\
format: 1
rules:
  - {{name: mine, plan: largest, tool: {text}, version: {text}, source: {text}, note: {text}}}
"""
DEVICES = """\
format: 1
devices:
  - {{name: mine, title: {text}, ridge_point: 31.2, source: {text}}}
"""
PAPER = """\
format: 1
name: mine
paper: {{title: {title}}}
source: {text}
columns:
  work: {{title: {text}, unit: M, quantity: mult_adds}}
  top1: {{title: {text}, unit: "%", quantity: measured}}
notes:
  odd: {{expect: unexplained, id: X-1, reason: {text}, evidence: [{text}]}}
tables:
- id: "1"
  title: {text}
  at: {{model: mobilenet_v1}}
  columns: [work, top1]
  rows:
  - [{text}, {{alpha: 1}}, ["570", odd], "70.6"]
figures:
- id: "1"
  title: {text}
  at: {{model: mobilenet_v1}}
  x: {{title: {text}, quantity: mult_adds, unit: M}}
  y: {{title: {text}, quantity: measured, unit: "%"}}
  join: alpha
  colour: resolution
  sources: {{paper: {text}, other: {text}}}
  points:
  - [{text}, {{alpha: 1, resolution: 224}}, "70.6", paper]
  - [{text}, {{alpha: 1, resolution: 192}}, "69.1", other]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Go into a folder in which everything is called, and says, one thing."""

    def make(name: str) -> None:
        here = tmp_path / str(len(list(tmp_path.iterdir())))
        here.mkdir()
        monkeypatch.chdir(here)
        clean = name.replace("\udcff", "")  # a file's name may have half a character, a text may not
        text = escape.yaml(clean)
        table = (
            TABLE
            + f"source: {{paper: {text}}}\nimplementation: {text}\nerrata: [{{row: stem, field: stride, printed: 1, why: {text}}}]\n"
        )
        Path(f"{name}.yaml").write_text(table, encoding="utf-8")
        for called in (name, clean):
            Path(f"{called}.conv").write_text(CONVENTIONS.format(text=text), encoding="utf-8")
        Path(f"{name}.memory").write_text(MEMORY.format(text=text), encoding="utf-8")
        Path(f"{name}.devices").write_text(DEVICES.format(text=text), encoding="utf-8")
        Path("ground").mkdir()
        paper = PAPER.format(text=text, title=escape.yaml(f"Mine: {clean}"))
        Path(f"ground/{name}").write_text(paper, encoding="utf-8")
        budgets = BUDGETS.format(message=text, convention=escape.yaml(f"{clean}.conv:mine"))
        Path(f"{name}.budgets").write_text(budgets, encoding="utf-8")

    return make


ASKED: dict[str, tuple[tuple[str, ...], Iterable[str]]] = {
    "table": (("table", "{}.yaml"), TEXTS),
    "table by kind": (("table", "{}.yaml", "--by", "kind", "--conventions", "{}.conv", "--convention", "mine"), TEXTS),
    "table of a layer": (("table", "{}.yaml", "--layer", "stem"), TEXTS),
    "compare": (("compare", "{}.yaml"), TEXTS),
    "compare several": (("compare", "{}.yaml", "mobilenet_v1"), TEXTS),
    "conv": (("conv", "8", "8", "--size", "7", "--conventions", "{}.conv", "--convention", "mine"), TEXTS),
    "conventions": (("conventions", "{}.yaml", "--conventions", "{}.conv"), TEXTS),
    "conventions alone": (("conventions", "--conventions", "{}.conv"), TEXTS),
    "conventions explained": (("conventions", "{}.yaml", "--conventions", "{}.conv", "--explain", "torch", "--as", "mine"), TEXTS),
    "formula": (("formula", "{}.yaml", "--by", "layer"), (*TEXTS, "python")),
    "formula of a convention": (("formula", "{}.yaml", "--conventions", "{}.conv", "--convention", "mine"), (*TEXTS, "python")),
    "sensitivity": (("formula", "{}.yaml", "--sensitivity"), TEXTS),
    "sweep": (("sweep", "{}.yaml", "-a", "0.5,1", "-r", "32,64"), (*TEXTS, "jsonl")),
    "sweep with a gap": (("sweep", "{}.yaml", "-a", "0.5,1", "-r", "32,64", "--gap"), (*TEXTS, "jsonl")),
    "solve": (("solve", "{}.yaml", "--max-params", "1K"), TEXTS),
    "diff": (("diff", "mobilenet_v1", "{}.yaml"), TEXTS),
    "diff of nothing": (("diff", "{}.yaml", "{}.yaml"), TEXTS),
    "lint": (("lint", "{}.yaml", "-a", "0.3"), TEXTS),
    "check": (("check", "{}.budgets", "--show-passed", "--exit-zero"), ("table", "markdown", "json", "junit", "github")),
    "check a model": (("check", "{glob}.yaml", "--max-params", "9M", "--conventions", "{}.conv", "--convention", "mine"), ("table", "markdown", "json", "junit", "github")),
    "reproduce": (("reproduce", "ground/{}"), TEXTS),
    "reproduce a table": (("reproduce", "ground/{}", "--table", "1"), TEXTS),
    "reproduce a cell": (("reproduce", "ground/{}", "--cell", "1:1:work"), ("table", "json")),
    "reproduce a figure": (("reproduce", "ground/{}", "--figure", "1"), TEXTS),
    "memory": (("memory", "{}.yaml", "--memory-rules", "{}.memory", "--memory-rule", "mine"), TEXTS),
    "memory explained": (("memory", "{}.yaml", "--memory-rules", "{}.memory", "--explain", "liveness", "--as", "mine"), TEXTS),
    "roofline": (("roofline", "{}.yaml", "--devices", "{}.devices", "--device", "mine"), TEXTS),
    "roofline of several": (("roofline", "{}.yaml", "mobilenet_v1", "--devices", "{}.devices"), TEXTS),
    "list": (("list", "--conventions", "{}.conv", "--convention", "mine"), ("table",)),
}  # fmt: skip
ELSEWHERE = {"show", "explore", "schema", "import", "help", "history"}
"""Commands tested below or with their own tests, one that prints nothing from outside, and one whose framework is tested with the others."""


HARMLESS: dict[tuple[str, str], str] = {}


def test_every_command_is_asked() -> None:
    assert {args[0] for args, _ in ASKED.values()} | ELSEWHERE == set(COMMANDS)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("asked", ASKED)
def test_a_hostile_name_is_a_name(asked: str, name: str, say: Say, folder: Callable[[str], None]) -> None:
    args, formats = ASKED[asked]

    def told(form: str, called: str) -> str:
        folder(called)
        said = say(*[arg.replace("{}", called).replace("{glob}", glob.escape(called)) for arg in args], "-f", form)
        assert said.code in {0, 1}, said
        assert said.err == ""
        assert not Path("pwned").exists()
        return re.sub(r"\b[0-9a-f]{16}\b", "0" * 16, said.out)  # the hash of a table has its texts in it

    for form in formats:
        if (asked, form) not in HARMLESS:
            HARMLESS[asked, form] = told(form, PLAIN)
        SAME[form](told(form, name), HARMLESS[asked, form], name)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_is_no_yaml(name: str, say: Say, folder: Callable[[str], None]) -> None:
    folder(name)
    shown = say("show", f"{name}.yaml", "--expanded")
    assert (shown.code, shown.err) == (0, "")
    printed(shown.out)
    Path("again.yaml").write_text(shown.out, encoding="utf-8")
    again = say("table", "again.yaml", "-f", "json")
    assert json.loads(again.out)["total"] == json.loads(say("table", f"{name}.yaml", "-f", "json").out)["total"]
    texts = [
        [line for line in text.splitlines() if "why: " in line or line[:1] in "si"]
        for text in (shown.out, say("show", "again.yaml", "--expanded").out)
    ]
    assert texts[0] == texts[1]
    assert len(texts[0]) == 4


class Tags(HTMLParser):
    """The tags of a page with their attributes, and what its scripts and its title say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.said += [data] if self.tags and self.tags[-1][0] in {"script", "title"} else []


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_is_no_page(name: str, say: Say, folder: Callable[[str], None]) -> None:
    pages = []
    for called in (PLAIN, name):
        folder(called)
        said = say("explore", f"{called}.yaml", "-o", "page.html")
        assert (said.code, said.out) == (0, "")
        printed(said.err)
        pages.append(Tags(printed(Path("page.html").read_text(encoding="utf-8"))))
    assert pages[0].tags == pages[1].tags
    assert len(pages[0].said) == len(pages[1].said)
    assert loosely(pages[1].said[0]) == in_place(pages[0].said[0], name, escape.line)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_is_drawn(name: str, say: Say, folder: Callable[[str], None]) -> None:
    pytest.importorskip("matplotlib")
    folder(name)
    sweep = ["sweep", f"{name}.yaml", "-a", "0.5,1", "-r", "32,64", "--plot"]
    figure = ["reproduce", f"ground/{name}", "--figure", "1", "-o"]
    for number, args in enumerate((sweep, figure)):
        for kind in ("svg", "png", "pdf") if name == NAMES["markup"] else ("svg",):
            said = say(*args, f"{number}.{kind}")
            assert (said.code, said.out) == (0, "")
            assert re.fullmatch("caption: .*\n", said.err)
        ET.fromstring(printed(Path(f"{number}.svg").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_in_an_error_is_one_line(name: str, say: Say, folder: Callable[[str], None]) -> None:
    """Whatever is wrong: every line is the program's, and a CI system takes none of them for a command."""
    wrong = [
        ["table", "{}"], ["table", "./{}"], ["table", "broken/{}.yaml"], ["lint", "broken/{}.yaml"], ["{}"], ["table", "mobilenet_v1", "-a", "{}"],
        ["table", "mobilenet_v1", "-f", "{}"], ["table", "mobilenet_v1", "--batch", "{}"], ["table", "mobilenet_v1", "--rounding", "{}"],
        ["table", "mobilenet_v1", "--layer", "{}"], ["table", "mobilenet_v1", "--set", "{}=1"], ["table", "mobilenet_v1", "--set", "conv_1.{}=1"],
        ["table", "mobilenet_v1", "--set", "conv_1.stride={}"], ["table", "mobilenet_v1", "--without", "x{}"], ["table", "mobilenet_v1", "--convention", "{}"],
        ["table", "mobilenet_v1", "--convention", "{}.conv:no"], ["table", "mobilenet_v1", "--conventions", "no/{}"], ["table", "mobilenet_v1", "--{}"],
        ["table", "mobilenet_v1", "-o", "no/{}"], ["sweep", "mobilenet_v1", "--plot", "{}.txt"], ["sweep", "mobilenet_v1", "--plot", "no/{}.svg"],
        ["solve", "mobilenet_v1", "--max-params", "{}"], ["conv", "{}", "8", "--size", "7"], ["lint", "--explain", "{}"], ["lint", "no/{}.yaml"],
        ["reproduce", "{}"], ["reproduce", "broken/{}.yaml"], ["reproduce", "mobilenet_v1", "--table", "{}"], ["reproduce", "mobilenet_v1", "--only", "{}"],
        ["reproduce", "mobilenet_v1", "--cell", "{}"], ["reproduce", "mobilenet_v1", "--cell", "4:{}:params"], ["reproduce", "mobilenet_v1", "--figure", "{}"],
        ["check", "no/{}.yaml"], ["check", "broken/{}.yaml"], ["check", "{}.budgets", "--base", "{}"], ["check", "mobilenet_v1", "--max-params", "{}"],
        ["check", "mobilenet_v1", "--max-params", "1M", "--report", "{}=x"], ["check", "mobilenet_v1", "--max-params", "1M", "--report", "json=no/{}"],
        ["check", "{glob}.yaml", "--max-params", "9M", "--base", "no/{}.json"], ["diff", "HEAD:{}.yaml", "mobilenet_v1"], ["diff", "{}:a.yaml", "mobilenet_v1"],
    ]  # fmt: skip
    folder(name)
    Path("broken").mkdir()
    Path(f"broken/{name}.yaml").write_text(
        f"format: {escape.yaml(name.replace(chr(0xDCFF), ''))}\n- x\n", encoding="utf-8"
    )
    for args in wrong:
        said = say(*[arg.replace("{}", name).replace("{glob}", glob.escape(name)) for arg in args])
        assert (said.code, said.out) == (2, ""), args
        for line in printed(said.err).splitlines():
            assert SAID.match(line), (args, line)


SAID = re.compile(r"error: |.*:\d+:\d+: |  help: |  +\d* \| |\d+ problems$|Usage: |Try 'mbcost |Error: |$")


def test_hostile_names_on_github(say: Say, folder: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Under Actions annotations follow the text, or go to standard error, and a summary is written: nothing else may look like a command."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary")
    begins = re.compile(r"::(error|warning|notice) (file=[^:,]*,line=\d+,col=\d+,)?title=[^:,]*::")
    for name in NAMES.values():
        for args in (
            (),
            ("-o", "x"),
            ("--update", "--allow-raise"),
            ("-f", "markdown"),
            ("-f", "json"),
            ("-f", "junit"),
        ):
            folder(name)
            said = say("check", f"{name}.budgets", *args, "--exit-zero")
            lines = [line for line in f"{said.out}\n{said.err}".splitlines() if not begins.match(line)]
            printed("\n".join(lines))
            assert len(re.findall("^::error ", f"{said.out}\n{said.err}", re.MULTILINE)) == 1
            printed(Path("summary").read_text(encoding="utf-8").removeprefix("<!-- mbcost check -->"))
