"""Tables held against their code: the same, or which layers differ; and what a `code` of a budget may say."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import mbcost
from mbcost.analysis.drift import drift
from mbcost.budgets.reading import read_budgets_text
from mbcost.cli import run
from mbcost.errors import MbcostError
from tests.importers.graphs_of import StandIn

BUDGETS = """\
format: 1
budgets:
  - model: net.yaml
    code: {builder: "nets:build", vary: width, input: 3x32x32, alphas: [1, 0.5], resolutions: [32, 47]}
    max: {params: 1M}
"""


class Folder:
    """A table of the stand-in's network at every width, a budgets file, and what import says of them."""

    def __init__(self, path: Path, stand_in: StandIn, capfd: pytest.CaptureFixture[str]) -> None:
        self.path, self.stand_in, self.capfd = path, stand_in, capfd
        assert run(["import", "nets:build", "--vary", "width", "-o", str(path / "net.yaml"), *stand_in.options]) == 0
        self.budgets(BUDGETS)
        stand_in.ran.unlink()

    def budgets(self, text: str) -> None:
        (self.path / "mbcost-budgets.yaml").write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        table = self.path / "net.yaml"
        text = table.read_text(encoding="utf-8")
        assert old in text
        table.write_text(text.replace(old, new), encoding="utf-8")

    def check(self) -> tuple[int, str, str]:
        self.capfd.readouterr()
        code = run(["import", "--check", str(self.path / "mbcost-budgets.yaml"), "--python", str(self.stand_in.path)])
        said = self.capfd.readouterr()
        return code, said.out, said.err


@pytest.fixture
def folder(tmp_path: Path, stand_in: StandIn, capfd: pytest.CaptureFixture[str]) -> Folder:
    return Folder(tmp_path, stand_in, capfd)


def test_a_table_that_its_code_still_builds(folder: Folder) -> None:
    code, out, _ = folder.check()
    assert (code, out.endswith("net.yaml is what nets:build builds, at 4 points\n")) == (0, True)


def test_names_are_no_difference(folder: Folder) -> None:
    folder.edit("{op: conv, ", "{op: conv, name: stem, ") if "name:" not in (
        folder.path / "net.yaml"
    ).read_text() else None
    assert folder.check()[0] == 0


def test_layers_that_differ_are_told_with_how(folder: Folder) -> None:
    folder.edit("out_channels: 8", "out_channels: 10")
    code, out, _ = folder.check()
    assert code == 1
    assert "net.yaml is not what nets:build builds, at alpha 1, resolution 32x32: 2 layers; table -> code:" in out
    assert "  ~ conv_1: channels out 10->8\n  ~ conv_2: channels in 10->8\n" in out
    assert "at alpha 0.5" in out


def test_layers_that_differ_alike_are_told_once(folder: Folder) -> None:
    folder.edit("out_channels: 16", "out_channels: 20")
    code, out, _ = folder.check()
    assert code == 1
    assert out.count("table -> code:") == out.count("conv_2: channels out 20->16") == 1
    assert out.endswith(
        "  the same layers at alpha 1, resolution 47x47; at alpha 0.5, resolution 32x32; at alpha 0.5, resolution 47x47\n"
    )


def test_a_difference_at_one_alpha_is_found(folder: Folder) -> None:
    folder.edit("out_channels: 8", "out_channels: 8, width: fixed")
    code, out, _ = folder.check()
    assert code == 1
    assert "alpha 1," not in out
    assert "at alpha 0.5, resolution 32x32: 2 layers" in out


def test_check_runs_no_code(folder: Folder) -> None:
    assert run(["check", str(folder.path / "mbcost-budgets.yaml")]) == 0
    assert not folder.stand_in.ran.exists()


def test_code_that_does_not_run_is_an_error_with_its_place(folder: Folder) -> None:
    folder.stand_in.path.write_text("#!/bin/sh\necho no such thing >&2; exit 3\n", encoding="utf-8")
    code, out, err = folder.check()
    assert (code, out) == (2, "")
    assert "mbcost-budgets.yaml:4:11: tracing nets:build ended with code 3: no such thing" in err


def test_a_file_without_code_has_nothing_to_check(folder: Folder) -> None:
    folder.budgets("format: 1\nbudgets: [{model: net.yaml, max: {params: 1M}}]\n")
    assert folder.check()[0] == 2
    assert not folder.stand_in.ran.exists()


@pytest.mark.parametrize("more", [["nets:build"], ["--flat"], ["--vary", "width"], ["--arg", "a=1"], ["-o", "x.yaml"]])
def test_check_takes_its_code_from_the_file_alone(more: list[str], folder: Folder) -> None:
    assert run(["import", "--check", str(folder.path / "mbcost-budgets.yaml"), *more]) == 2
    assert "--check takes its code from the budgets file" in folder.capfd.readouterr().err


WRONG = {
    "{builder: 'a:b', file: net.pt2}": "needs one of `builder` and `file`",
    "{vary: alpha}": "needs one of `builder` and `file`",
    "{builder: net.pt2}": "`builder` names no code",
    "{builder: 'a b:c'}": "`builder` names no code",
    "{file: net.pt}": "`file` names no code",
    "{builder: 'a:b', alphas: [1, 0.5]}": "`alphas` without `vary`",
    "{builder: 'a:b', vary: 2x}": "`vary` is the name of an argument",
    "{builder: 'a:b', vary: w, alphas: [0]}": "alpha",
    "{builder: 'a:b', resolutions: []}": "`resolutions` is an empty list",
    "{builder: 'a:b', input: 3y3}": "is not a shape",
    "{builder: 'a:b', arg: {}}": "did you mean `args`?",
    "{builder: 'a:b', args: {x: {y: 1}}}": "an argument is a number",
    "nets:build": "`code` is a mapping",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_code_that_is_wrong_is_told_with_its_place(text: str) -> None:
    with pytest.raises(MbcostError) as caught:
        read_budgets_text(f"format: 1\nbudgets: [{{model: net.yaml, code: {text}, max: {{params: 1M}}}}]\n", "b.yaml")
    assert WRONG[text] in str(caught.value)
    assert "b.yaml:2:" in str(caught.value)


RIGHT: dict[str, tuple[object, ...]] = {
    "{builder: 'a:b'}": ("a:b", {}, [[3, 224, 224]], None, (1,), ()),
    "{builder: 'a:b', vary: w, alphas: 0.5, resolutions: 96}": ("a:b", {}, [[3, 224, 224]], "w", (Fraction(1, 2),), ((96, 96),)),
    "{builder: 'a:b', vary: ~, alphas: ~, input: ~}": ("a:b", {}, [[3, 224, 224]], None, (1,), ()),
    "{builder: 'a:b', args: {a: 1, b: 'x', c: [true, ~]}, input: '4x9x7,16'}": ("a:b", {"a": 1, "b": "x", "c": [True, None]}, [[4, 9, 7], [16]], None, (1,), ()),
    "{file: nets/a.onnx}": ("nets/a.onnx", {}, [[3, 224, 224]], None, (1,), ()),
}  # fmt: skip


@pytest.mark.parametrize("text", RIGHT)
def test_what_a_code_says(text: str) -> None:
    file = read_budgets_text(f"format: 1\nbudgets: [{{model: net.yaml, code: {text}, max: {{params: 1M}}}}]\n")
    code = file.budgets[0].code
    assert code is not None
    assert tuple(code)[:-1] == RIGHT[text]


@pytest.mark.parametrize(
    ("alphas", "sizes", "refused"), [(25, 40, False), (1000, 1, False), (1, 1001, True), (26, 39, True)]
)
def test_a_code_is_held_at_a_thousand_points(alphas: int, sizes: int, refused: bool) -> None:
    widths, sides = [f"1/{n}" for n in range(1, alphas + 1)], list(range(1, sizes + 1))
    code = f"{{builder: 'a:b', vary: w, alphas: [{', '.join(widths)}], resolutions: {sides}}}"
    text = f"format: 1\nbudgets: [{{model: net.yaml, code: {code}, max: {{params: 1M}}}}]\n"
    if refused:
        with pytest.raises(MbcostError, match="more than 1,000 points"):
            read_budgets_text(text)
    else:
        found = read_budgets_text(text).budgets[0].code
        assert found is not None
        assert (len(found.alphas), len(found.resolutions)) == (alphas, sizes)


def test_code_beside_a_glob_is_no_code_of_one_table() -> None:
    with pytest.raises(MbcostError, match="`code` beside a glob"):
        read_budgets_text("format: 1\nbudgets: [{model: '*.yaml', code: {builder: 'a:b'}, max: {params: 1M}}]\n")


def test_the_order_of_branches_is_no_difference_and_a_missing_sum_is() -> None:
    v2 = mbcost.load("mobilenet_v2")
    rows = v2.cost().rows
    assert drift(rows, rows[::-1]) == []
    without = v2.having(set={"inverted_residual_3.residual": "false"}).cost().rows
    assert [(change.mark, change.name) for change in drift(rows, without)] == [("-", "inverted_residual_3/add")]
