"""``configs/README.md`` and ``mbcost help``: the reference, held against the code.

``pytest tests/cli/test_reference.py --rewrite-goldens`` makes the lists of the page anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import mbcost
from mbcost.budgets.reading import read_budgets_text
from mbcost.cli import COMMANDS
from mbcost.cli.help_ import pages, plain
from mbcost.conventions.reading import read_conventions
from mbcost.documents import configs_folder
from mbcost.layers import KINDS
from mbcost.layers.fields import REQUIRED
from mbcost.memory.reading import read_rules
from mbcost.papers import papers
from tests.cli import reference
from tests.cli.reference import EXAMPLES, MADE, filled
from tests.conftest import Said, refused

Say = Callable[..., Said]
PAGE = Path(configs_folder()) / "README.md"


def text() -> str:
    """The page as it is now: the first test may have written it anew."""
    return PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_program_says(say: Say, rewriting: bool) -> None:
    made = filled(text(), say)
    if rewriting:
        PAGE.write_text(made, encoding="utf-8")
        return
    assert made == text(), "run: pytest tests/cli/test_reference.py --rewrite-goldens"
    assert len(re.findall("<!-- made: ", text())) == len(MADE)


def test_a_changed_default_is_seen(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    conv = KINDS["conv"]
    fields = {**conv.fields, "stride": conv.fields["stride"]._replace(default=(2, 2))}
    monkeypatch.setitem(KINDS, "conv", conv._replace(fields=fields))
    for name in ("json", "api"):  # what takes long
        monkeypatch.setitem(reference.MADE, name, lambda _: [])
    assert "`stride` 2" in filled(text(), say)
    assert "`stride` 2" not in text()


def test_every_kind_and_every_form_of_json_is_there() -> None:
    assert EXAMPLES.keys() <= KINDS.keys()
    package = Path(mbcost.__file__).parent
    source = "".join(
        [
            path.read_text(encoding="utf-8")
            for path in [*package.glob("cli/*.py"), *package.glob("budgets/**/*.py"), package / "api.py"]
        ]
    )
    schemas = set(re.findall(r'"([a-z-]+/[0-9]+)"', source))
    assert {f"mbcost/{name}" for name in schemas} == set(re.findall(r"\*\*`(mbcost/[a-z-]+/[0-9]+)`\*\*", text()))


def test_a_page_fits_a_terminal(say: Say) -> None:
    assert max(map(len, text().split("\n"))) <= 80
    for topic in pages():
        said = say("help", topic)
        assert (said.code, said.err) == (0, "")
        assert max(map(len, said.out.split("\n"))) <= 80
        narrow = plain(pages()[topic], 50)
        prose = [line for line in narrow.split("\n") if not line.startswith("    ")]
        assert max(map(len, prose)) <= 60  # a long word of code stays whole
        assert len(narrow.split()) == len(said.out.split())


def test_help_lists_its_topics_and_has_each_in_markdown(say: Say) -> None:
    listed = say("help").out
    assert re.findall(r"^- `(.*?)`", listed, re.MULTILINE) == list(pages())
    assert max(map(len, listed.split("\n"))) <= 80
    whole = "\n".join([say("help", topic, "-f", "markdown").out for topic in pages()])
    assert whole == "## " + re.sub(r"<!--.*?-->\n", "", text()).partition("\n## ")[2]


@pytest.mark.parametrize(
    ("topic", "close"), [("exit_code", "exit-codes"), ("grammer", "grammar"), ("x", "the topics are grammar, ")]
)
def test_an_unknown_topic_names_the_nearest(topic: str, close: str, say: Say) -> None:
    refused(say("help", topic), f"there is no topic `{topic}`", close)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in pages()])
def test_help_of_a_command_is_what_its_own_option_says(command: str, say: Say) -> None:
    assert say("help", command).out.split() == say(command, "--help").out.split()


def test_the_reference_is_written_to_a_file(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "json.md"
    assert say("help", "json", "-f", "markdown", "-o", str(path)) == Said(0, "", "")
    assert path.read_text(encoding="utf-8").startswith("## JSON\n")


# ---- what stands between the lists

FENCED = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
HEAD = "format: 1\ninput: {channels: 16, resolution: 32}\nrounding: floor\n"


def test_the_examples_are_read(tmp_path: Path) -> None:
    whole, blocks, base, family = FENCED.findall(pages()["grammar"])
    assert mbcost.loads(whole).cost().rows[-1].name == "classifier"
    names = [row.name for row in mbcost.loads(HEAD + blocks).cost().rows]
    assert names[0] == "fire_1/squeeze"
    assert (
        mbcost.loads("format: 1\nblocks: {head: {layers: [{op: depthwise}]}}\n" + base).cost().rows[-1].name
        == "head_1/depthwise_1"
    )
    assert (
        "efficientnet_b3"
        in mbcost.loads(
            HEAD + "layers: [{op: separable, name: separable_13, out_channels: 8}]\n" + family
        ).table.scalings
    )
    (budgets,) = FENCED.findall(pages()["budgets"])
    assert len(read_budgets_text(budgets).budgets[0].limits) == 5
    for topic, read in (("conventions", read_conventions), ("memory", read_rules)):
        (rules,) = FENCED.findall(pages()[topic])
        path = tmp_path / f"{topic}.yaml"
        path.write_text(rules, encoding="utf-8")
        assert list(read(str(path), ())) == ["ours"]


def test_what_holds_unless_told_otherwise() -> None:
    """The kinds that the page names, and no others, have these defaults."""
    named = set(re.search(r"A convolution \(`(.*?)`\)", text(), re.DOTALL)[1].split())  # type: ignore[index]
    plain_ones = {
        op for op, kind in KINDS.items()
        if {"norm", "stride", "bias"} <= kind.fields.keys() and kind.fields["norm"].default == "batch" and kind.fields["activation"].default == "relu"
    }  # fmt: skip
    assert named == plain_ones
    for op in named:
        fields = KINDS[op].fields
        assert fields["stride"].default == (1, 1)
        assert "padding" not in fields or fields["padding"].default == "same"
        assert fields["bias"].default is None
        if "kernel_size" in fields:
            assert (fields["kernel_size"].default is REQUIRED) is (op in {"conv", "transposed"})
    linear = {name: field.default for name, field in KINDS["linear"].fields.items()}
    assert (linear["norm"], linear["activation"], linear["bias"]) == ("none", "none", True)


BLOCK = """blocks: {down: {params: {stride: 1}, layers: [{op: depthwise, stride: $stride}]}}
layers:
  - {op: down, stride: 2, repeat: 3}
  - {repeat: 2, layers: [{op: depthwise, stride: 2}, {op: depthwise}]}
"""


def test_copies_have_stride_1() -> None:
    assert [row.output[1] for row in mbcost.loads(HEAD + BLOCK).cost().rows] == [16, 16, 16, 8, 8, 8, 8]
    assert "also a parameter `stride` of the block" in " ".join(text().split())


def test_the_exit_codes_are_those(say: Say, tmp_path: Path) -> None:
    table = tmp_path / "net.yaml"
    table.write_text(HEAD + "layers: [{op: conv, kernel_size: 3, out_channels: 8, bias: true}]\n", encoding="utf-8")
    unknown = tmp_path / "unknown.yaml"
    unknown.write_text(HEAD + "layers: [{op: conv, kernel_size: 3, out_channel: 8}]\n", encoding="utf-8")
    codes = [
        (0, ["check", "mobilenet_v1", "--max-mult-adds", "600M"]), (1, ["check", "mobilenet_v1", "--max-mult-adds", "500M"]),
        (0, ["lint", str(table)]), (1, ["lint", str(table), "--strict"]), (2, ["lint", str(unknown)]), (2, ["table", str(unknown)]),
        (0, ["reproduce", papers()[0]]), (1, ["solve", "mobilenet_v1", "--max-mult-adds", "10K"]),
    ]  # fmt: skip
    for code, words in codes:
        assert say(*words).code == code, words
