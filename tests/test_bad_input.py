"""Wrong questions and wrong files, through the command line: exit 2, one message, nothing on stdout, at once.

What is wrong inside a table is in tests/broken; these are options, and files that are no tables at all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import mbcost
from mbcost.cli import COMMANDS
from tests.conftest import Said, refused
from tests.inline import says
from tests.pace import within

Say = Callable[..., Said]
GOOD = "format: 1\ninput: {channels: 3, resolution: 32}\nlayers: [{op: depthwise}]\n"


def process(*args: str, stdin: bytes = b"", **kwargs: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "mbcost", *args], input=stdin, capture_output=True, check=False, timeout=60, **kwargs
    )  # type: ignore[call-overload, no-any-return]


# ---- which network


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("mobilnet_v1", ["there is no model `mobilnet_v1`", "did you mean `mobilenet_v1`"]),
        ("mobilenet", ["there is no model `mobilenet`", "did you mean"]),
        ("MobileNetV2", ["there is no model", "mobilenet_v2"]),
        ("resnet", ["there is no model `resnet`", "resnet50"]),
        ("zzz", ["there is no model `zzz`", "`mbcost list` names the shipped models"]),
        ("", ["there is no model ``"]),
        ("..", ["there is no model `..`"]),
        ("a\0b", ["there is no model `a?b`"]),
        ("x" * 5000, [f"there is no model `{'x' * 60}`"]),
        ("nothing/here.yaml", ["`nothing/here.yaml` cannot be read: No such file or directory"]),
        ("nothing_here.yml", ["cannot be read"]),
        ("../models/mobilenet_v1", ["cannot be read"]),
        ("~/net.yaml", ["cannot be read"]),
        ("https://example.org/net.yaml", ["cannot be read"]),
    ],
)
@pytest.mark.parametrize("command", ["table", "compare", "formula", "show"])
def test_models_that_are_not_there(command: str, model: str, words: list[str], say: Say) -> None:
    refused(say(command, model), *words)


def test_the_name_of_a_model_that_is_not_there_is_told_without_its_control_characters() -> None:
    with says(f"there is no model `?[31m{'y' * 55}`"):
        mbcost.load("\x1b[31m" + "y" * 70)


@pytest.mark.parametrize(
    "command", [name for name in COMMANDS if name in {"table", "compare", "formula", "show", "lint"}]
)
def test_files_that_are_no_tables(command: str, tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.yaml").mkdir()
    refused(say(command, "folder.yaml"), "`folder.yaml` is a directory")
    refused(say(command, "./"), "is a directory")
    for name, data, words in [
        ("empty.yaml", b"", "the file is empty"),
        ("spaces.yaml", b"  \n\n \n", "the file is empty"),
        ("null.yaml", b"~\n", "the file is empty"),
        ("binary.yaml", b"\x7fELF\x02\x01\x01\x00\x00\xff\xfe\x80", ".yaml:1:"),
        ("random.yaml", bytes(range(256)) * 40, "is not UTF-8 text"),
        ("zeros.yaml", b"\0" * 1000, "U+0000"),
        ("latin.yaml", "name: r\xe9seau\n".encode("latin-1"), "is not UTF-8 text"),
        ("utf16.yaml", GOOD.encode("utf-16"), "is not UTF-8 text"),
        ("control.yaml", b"name: a\x07b\n", "U+0007"),
        ("surrogate.yaml", b"name: \xed\xa0\x80\n", "is not UTF-8 text"),
        ("brackets.yaml", b"[" * 100_000, "nested more than 64 levels deep"),
        ("braces.yaml", b"{" * 100_000, "a key must be a word"),
        ("mappings.yaml", b"{a: " * 100_000, "nested more than 64 levels deep"),
        ("dashes.yaml", b"- " * 100_000, "nested more than 64 levels deep"),
        ("question_marks.yaml", b"? " * 100_000, "a key must be a word"),
        ("colons.yaml", b"a: " * 100_000, ".yaml:1:"),
        ("quote.yaml", b'"' + b"x" * 100_000, "not valid YAML"),
        ("json_list.json.yaml", b"[1, 2, 3]", "a layer table is a mapping"),
        ("laughs.yaml", b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "is an anchor"),
        ("python.yaml", b"!!python/object/new:os.system [exit 1]", "is a tag"),
        ("directive.yaml", b"%YAML 9.9\n---\nformat: 1\n", ".yaml:1:"),
        ("image.yaml", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not UTF-8 text"),
    ]:
        Path(name).write_bytes(data)
        begin = time.perf_counter()
        refused(say(command, name), words)
        assert within(time.perf_counter() - begin, 2), name


def test_a_file_without_permission(tmp_path: Path, say: Say) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")  # and no other user need exist here
    path = tmp_path / "net.yaml"
    path.write_text(GOOD, encoding="utf-8")
    path.chmod(0)
    refused(say("table", str(path)), "cannot be read: Permission denied")


def test_a_byte_order_mark_and_windows_lines_are_no_problem(tmp_path: Path, say: Say) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert say("table", str(path)).code == 0


# ---- the options

V1 = ("table", "mobilenet_v1")
ALPHAS = ["0", "0.0", "-1", "-0.5", "nan", "inf", "-inf", "1/0", "0/1", "1e30000000", "1e3", "abc", "", " ", "1,5", "0x1", "1_0", "65", "1/2/3",
          "1.2.3", "٣", "½", "1" * 25, "0." + "0" * 30 + "1", "9" * 100_000, "1/" + "9" * 30, "--5", "0.5x", "None", "true", "$(x)", "1;2"]  # fmt: skip


@pytest.mark.parametrize("alpha", ALPHAS, ids=[f"{alpha[:12]!r}" for alpha in ALPHAS])
@pytest.mark.parametrize("option", ["--alpha", "--rho"])
def test_multipliers(option: str, alpha: str, say: Say) -> None:
    begin = time.perf_counter()
    refused(say(*V1, f"{option}={alpha}"), option.lstrip("-"))
    assert within(time.perf_counter() - begin, 1)


@pytest.mark.parametrize(
    "resolution",
    [
        "0",
        "-224",
        "224.5",
        "nan",
        "abc",
        "",
        "224x",
        "x224",
        "224x224x3",
        "0x224",
        "70000",
        "1e5",
        "9" * 1000,
        "224 x 224",
        "[224, 224]",
        "010",
        "²",
    ],
)
def test_resolutions(resolution: str, say: Say) -> None:
    refused(say(*V1, f"--resolution={resolution}"), "resolution")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--rho", "6/7", "-r", "192"], ["rho and a resolution are both given", "keep one"]),
        (["--rounding", "round"], ["unknown rounding `round`", "use floor, divisor:8"]),
        (["--rounding", "divisor:"], ["unknown rounding"]),
        (["--rounding", "divisor:0"], ["unknown rounding"]),
        (["--rounding", "8"], ["unknown rounding `8`"]),
        (["--rounding", ""], ["unknown rounding ``"]),
        (["--rounding", "floor+"], ["unknown rounding"]),
        (["--rounding", "divisor:" + "9" * 1000], ["unknown rounding"]),
        (["--convention", "torhc"], ["torhc", "torch"]),
        (["--unit", "macs"], ["--unit `macs` is not known", "mult_adds"]),
        (["--format", "jsn"], ["`jsn` is not known", "did you mean `json`"]),
        (["--by", "layers"], ["--by `layers` is not known", "did you mean `layer`"]),
        (["--sort", "size"], ["--sort `size` is not known"]),
        (["--layer", "separable_99"], ["there is no layer `separable_99`", "separable_9"]),
        (["--layer", "nothing"], ["there is no layer `nothing`"]),
        (["--classes", "0"], ["classes (=0)"]),
        (["--classes", "-5"], ["classes (=-5)"]),
        (["--batch", "0"], ["batch (=0)"]),
        (["--batch", "1000001"], ["batch (=1000001)"]),
        (["--set", "conv_1.stride"], ["--set `conv_1.stride` has no `=`"]),
        (["--set", "stride=2"], ["`stride` does not name a field of a row"]),
        (["--set", "=2"], ["does not name a field"]),
        (["--set", "conv_1.=2"], ["does not name a field"]),
        (["--set", ".stride=2"], ["does not name a field"]),
        (["--set", "conv_9.stride=2"], ["there is no row `conv_9` to set", "did you mean `conv_1`"]),
        (["--set", "conv_1.strid=2"], ["`conv` has no field `strid`", "did you mean `stride`"]),
        (["--set", "conv_1.stride=two"], ["`two` is not a whole number"]),
        (["--set", "conv_1.op=linear"], ["`conv` has no field `op`"]),
        (["--set", "conv_1.kernel_size=[3"], ["--set:2:1: not valid YAML"]),
        (["--set", "conv_1.kernel_size=[3, [4]]"], ["is not a list"]),
        (["--set", "conv_1.kernel_size=[*a]"], ["is an alias"]),
        (["--set", "conv_1.stride=1", "--set", "conv_1.stride=2"], ["is given twice"]),
        (["--set", "separable_1/depthwise.stride=2"], ["is a part of a row", "separable_1"]),
        (["--set", "conv_1.padding=valid", "-r", "2"], ["the map vanishes", "the smallest resolution that works is 3"]),
        (["--without", "separable_99"], ["matches no row"]),
        (["--without", ""], ["matches no row"]),
        (["--without", "*"], ["no rows left"]),
        (["--without", "global_pool_1"], ["a linear layer on a map of 7 x 7"]),
        (["-a", "0.01"], ["a width of 0 channels"]),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_options(args: list[str], words: list[str], say: Say) -> None:
    refused(say(*V1, *args), *words, way_out="(=" not in words[0] and "is not a whole" not in words[0])


@pytest.mark.parametrize(
    "args",
    [
        ["--batch", "two"], ["--classes", "1.5"], ["--top", "0"], ["--top", "-1"], ["--nonsense"], ["-z"], ["mobilenet_v2"], ["--alpha"],
        ["--batch", "9" * 5000],
    ],
    ids=lambda value: value[0] + (value[1][:5] if len(value) > 1 else ""),
)  # fmt: skip
def test_what_click_refuses_is_refused_in_the_same_way(args: list[str], say: Say) -> None:
    refused(say(*V1, *args), way_out=False)


def test_commands_that_are_not_there(say: Say) -> None:
    refused(say("tabel", "mobilenet_v1"), "there is no command `tabel`", "did you mean `table`?")
    refused(say("x" * 9000), "there is no command", "the commands are")
    refused(say("--nonsense"), way_out=False)
    refused(say("table"), way_out=False)


@pytest.mark.parametrize(
    "args",
    [
        ["0", "512", "--size", "14"], ["512", "-1", "--size", "14"], ["a", "512", "--size", "14"], ["512", "512", "--size", "0"],
        ["512", "512", "--size", "big"], ["512", "512", "--size", "14", "-k", "0"], ["512", "512", "--size", "14", "--stride", "0"],
        ["512", "512", "--size", "14", "-k", "3x3x3"], ["512", "512", "--size", "14", "-a", "0"], ["512", "512", "--size", "14", "--rho", "nan"],
        ["99999999999", "512", "--size", "14"], ["512", "512", "--size", "14", "--rounding", "up"], ["512", "512"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_one_bare_convolution(args: list[str], say: Say) -> None:
    refused(say("conv", *args), way_out=False)


@pytest.mark.parametrize(
    "args",
    [
        ["compare"],
        ["compare", "mobilenet_v1", "mobilnet_v2"],
        ["compare", "mobilenet_v1", "--standard"],
        ["formula", "vgg16", "-a", "0.5"],
    ],
)
def test_other_commands(args: list[str], say: Say) -> None:
    refused(say(*args), way_out=False)


# ---- where results go


def test_results_that_cannot_be_written(tmp_path: Path, say: Say) -> None:
    (tmp_path / "folder").mkdir()
    refused(say(*V1, "-o", str(tmp_path / "folder")), "cannot be written: it is a directory")
    refused(say(*V1, "-o", str(tmp_path / "no" / "where.txt")), "cannot be written: No such file or directory")
    refused(say(*V1, "-o", str(tmp_path / ("x" * 300))), "cannot be written")
    refused(say(*V1, "-o", "a\0b"), "cannot be written")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_nothing_is_written_after_an_error(tmp_path: Path, say: Say) -> None:
    path = tmp_path / "out.json"
    path.write_text("before", encoding="utf-8")
    refused(say(*V1, "-a", "0", "-f", "json", "-o", str(path)), "alpha")
    assert path.read_text(encoding="utf-8") == "before"
    assert [found.name for found in tmp_path.iterdir()] == ["out.json"]


@pytest.mark.parametrize("number", ["1_000", "２", "٣", "1e3", "0x10", "8.0", "", " ", "--5", "1" * 5000])
def test_whole_numbers_are_written_in_digits(number: str, say: Say) -> None:
    for option in (("table", "mobilenet_v1", "--batch"), ("conv", "8", "8", "--size", "7", "--batch"), ("table", "mobilenet_v1", "--classes"),
                   ("table", "mobilenet_v1", "--top"), ("table", "mobilenet_v1", "--bits"), ("explore", "mobilenet_v1", "-o", "-", "--classes")):  # fmt: skip
        said = say(*option, number)
        assert (said.code, said.out) == (2, ""), option
        assert "Traceback" not in said.err
        assert len(said.err) < 1000
    assert say("table", "mobilenet_v1", "--batch", "08").code == 0
