"""Files of less than a megabyte that ask for as much work as they can: 2 seconds and 300 MB hold for every one of them.

The bounds are told in the errors; what stays within them is read, counted and linted in a time that grows with the file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from mbcost.errors import MOST_COMPARED, MbcostError, nearest
from tests.conftest import Said, refused
from tests.inline import cost, says, table
from tests.pace import within

Say = Callable[..., Said]
HEAD = "format: 1\nname: net\ninput: {channels: 3, resolution: 32}\nrounding: divisor:8\n"
BASED = "format: 1\nname: net\nbase: {model: mobilenet_v1, %s}\nlayers: []\n"
SECONDS, MEGABYTES = 2, 300
LOOSE = 3  # times the bound: another process beside this one may take half of what a core gives


# A process is born with the peak memory of the one that starts it: a small one starts it here, not the test run.
LAUNCHER = """
import json, os, subprocess, sys
started = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(started.pid, 0)
started.returncode = os.waitstatus_to_exitcode(status)
with open(sys.argv[1], "w") as file:
    json.dump([started.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss], file)
"""


class Done(NamedTuple):
    code: int
    out: str
    err: str
    seconds: float
    megabytes: float


def measured(text: str, *args: str, folder: Path) -> Done:
    """A run of the program on a table: its processor time and the most memory it had."""
    path, out, err = folder / "net.yaml", folder / "out", folder / "err"
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mbcost", *(str(path) if word == "FILE" else word for word in args)]
    with out.open("wb") as stdout, err.open("wb") as stderr:
        subprocess.run(
            [sys.executable, "-c", LAUNCHER, str(folder / "used"), *command], stdout=stdout, stderr=stderr, check=True
        )
    code, seconds, kilobytes = json.loads((folder / "used").read_text(encoding="utf-8"))
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in (out, err))
    return Done(code, *texts, seconds, kilobytes / 1024)


def rows(count: int, row: str) -> str:
    return HEAD + "layers:\n" + "".join(f"  - {{{row % i if '%' in row else row}}}\n" for i in range(count))


def chain(blocks: int, repeat: int = 1) -> str:
    """Blocks that each call the next."""
    calls = "".join(f"  b{i}: {{layers: [{{op: b{i + 1}, repeat: {repeat}}}]}}\n" for i in range(blocks))
    return f"{HEAD}blocks:\n{calls}  b{blocks}: {{layers: [{{op: depthwise}}]}}\nlayers: [{{op: b0}}]\n"


def listed(many: int, text: str) -> str:
    return ", ".join(text % i if "%" in text else text for i in range(many))


LARGE = {
    "unknown keys": (HEAD + "layers: [{op: depthwise}]\n" + "".join(f"k{i}: 1\n" for i in range(90_000)),
                     "90,000 problems: 200 are told, and 89,800 more are not"),
    "unknown fields": (HEAD + f"layers: [{{op: depthwise, {listed(70_000, 'k%d: 1')}}}]", "70,000 problems: 200 are told"),
    "unknown ops": (rows(30_000, "op: dephtwise%d"), "30,000 problems: 200 are told"),
    "unknown words": (rows(25_000, "op: conv, activation: rellu%d"), "25,000 problems: 200 are told"),
    "unknown columns": (HEAD + f"columns: [{listed(80_000, 'c%d')}]\nlayers: [{listed(20_000, '[1, 2]')}]", "problems: 200 are told"),
    "unknown parameters": (HEAD + f"blocks: {{b: {{params: {{{listed(25_000, 'p%d: 1')}}}, layers: [{listed(15_000, '{op: depthwise, stride: $q%d}')}]}}}}\nlayers: []",
                           "`$q0` is no parameter here"),
    "unknown defaults": (HEAD + f"defaults: {{'*': {{{listed(60_000, 'd%d: 1')}}}}}\nlayers: [{{op: depthwise}}]", "60,000 problems: 200 are told"),
    "no names": (rows(13_000, "op: depthwise, from: nowhere_%d"), "names no earlier row"),
    "brackets": (HEAD + "layers: [" + "[]," * 320_000 + "]", "more than 250,000 values in one file"),
    "numbers": (HEAD + "layers: [" + "1," * 450_000 + "]", "more than 250,000 values in one file"),
    "doubled keys": (HEAD + "layers: [{op: depthwise}]\n" + "a: 1\n" * 110_000, "problems: 200 are told"),
    "errata": (HEAD + "layers: [{op: depthwise}]\nerrata: [" + "{}, " * 200_000 + "]", "200,000 problems: 200 are told"),
    "blocks": (HEAD + f"blocks: {{{listed(28_000, 'b%d: {layers: [x]}')}}}\nlayers: [{{op: depthwise}}]", "problems: 200 are told"),
    "a ring": (HEAD + f"blocks: {{{', '.join(f'b{i}: {{layers: [{{op: b{(i + 1) % 20_000}}}]}}' for i in range(20_000))}}}\nlayers: [{{op: b0}}]",
               "block `b0` calls itself through b1, b2"),
    "a chain": (chain(20_000), "nested 20,001 levels deep, more than 64"),
    "a chain of repeats": (chain(40, 999_999_999_999), "more than 20,000 layers once repeats are unrolled"),
    "a chain of many digits": (chain(1_000, 999_999_999_999), "nested 1,001 levels deep"),
    "repeats": (HEAD + "layers: [{op: inverted_residual, out_channels: 16, expansion: 6, repeat: 1000000}]", "more than 20,000 layers once"),
    "parts": (HEAD + "layers: [{op: inverted_residual, out_channels: 16, expansion: 6, se: 1/4, repeat: 20000}]", "more than 20,000 layers\n"),
    "parameters": (HEAD + f"blocks: {{b: {{params: {{{listed(40_000, 'p%d: 1')}}}, layers: [{{op: depthwise}}]}}}}\nlayers: [{{op: b, repeat: 20000}}]",
                   "more than 200,000 maps are read and parameters given"),
    "branches": (HEAD + f"layers: [{{repeat: 19000, layers: [{{op: add, branches: [{listed(200_000, '[]')}]}}]}}]", "more than 200,000 maps are read"),
    "sources": (HEAD + f"layers: [{{op: depthwise, name: a}}, {{repeat: 9000, layers: [{{op: concat, from: [{listed(100_000, 'a')}]}}]}}]", "more than 200,000 maps"),
    "long names": (HEAD + f"layers: [{{op: depthwise, repeat: 19000, name: {'a' * 900_000}}}]", "a name of 900,000 characters, more than 200"),
    "long lists": (HEAD + f"layers: [{{op: conv, kernel_size: [{listed(200_000, '1')}], out_channels: 4}}]", "`kernel_size` is a list of 200,000 values, more than 64"),
    "dropped names": (BASED % f"without: [{listed(80_000, 'nope%d')}]", "`without` `nope0` matches no row"),
    "globs": (BASED % f"without: [{listed(80_000, 'nope%d*')}]", "`without` has more than 100 globs"),
    "a long glob": (BASED % f"without: ['{'*a' * 400_000}']", "or one of more than 200 characters"),
    "set rows": (BASED % f"set: {{{listed(40_000, 'nope%d.stride: 1')}}}", "there is no row `nope0` to set"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "case"),
    [("lint", case) for case in LARGE] + [("table", case) for case in ("unknown keys", "no names", "a chain", "globs")],
)
def test_a_large_file_is_refused_within_the_bounds(command: str, case: str, tmp_path: Path) -> None:
    text, words = LARGE[case]
    assert len(text) < 1_000_000
    done = measured(text, command, "FILE", folder=tmp_path)
    assert (done.code, done.out) == (2, ""), done
    assert words in done.err, done.err[-400:]
    assert within(done.seconds, SECONDS * LOOSE), done.seconds
    assert done.megabytes < MEGABYTES
    assert len(done.err) < 300_000


WITHIN = {
    "rows": rows(4_900, "op: inverted_residual, out_channels: 16, expansion: 6"),
    "layers": HEAD + "layers: [{op: inverted_residual, out_channels: 16, expansion: 6, repeat: 5000}]",
    "other layers": rows(19_000, "op: pointwise, out_channels: 8, name: r%d"),
    "nobody reads": rows(20_000, "op: depthwise, from: input"),
    "dense": HEAD + "layers:\n" + "".join(
        f"  - {{op: depthwise, name: r{i}}}\n  - {{op: add, from: [{','.join(f'r{j}' for j in range(max(0, i - 250), i + 1))},input]}}\n" for i in range(450)
    ),
    "groups": HEAD + "layers:\n  - {op: conv, kernel_size: 3, out_channels: 8}\n" + "  - {op: activation}\n" * 9_000 + "  - {op: activation, name: a}\n"
              + "  - {op: conv, kernel_size: 3, groups: 8, out_channels: 8, from: a}\n" * 9_000,
    "errata": HEAD + "layers: [{op: depthwise}]\nerrata: [" + "{row: a, field: b, printed: 1, why: c}, " * 20_000 + "]",
    "a deep chain": chain(62),
    "one large block": HEAD + f"blocks: {{b: {{params: {{{listed(40_000, 'p%d: 1')}}}, layers: [{{op: depthwise}}]}}}}\nlayers: [{{op: b}}]",
}  # fmt: skip


@pytest.mark.parametrize("case", WITHIN)
@pytest.mark.parametrize("command", ["table -f json", "table", "lint"])
def test_a_large_network_is_counted_within_the_bounds(case: str, command: str, tmp_path: Path) -> None:
    assert len(WITHIN[case]) < 1_000_000
    done = measured(WITHIN[case], *command.split(), "FILE", folder=tmp_path)
    assert (done.code, done.err) == (0, ""), done.err[:400]
    assert within(done.seconds, SECONDS * LOOSE), done.seconds
    assert done.megabytes < MEGABYTES


WIDE = HEAD.replace("divisor:8", "floor") + "layers: [" + ", ".join(
    f"{{op: pointwise, out_channels: {10**7 - 1001 * i}}}" for i in range(5)) + "]"  # fmt: skip
GROUPS = (
    HEAD.replace("divisor:8", "floor")
    + "layers: [{op: pointwise, out_channels: 9999991}, {op: conv, kernel_size: 1, groups: 9973, out_channels: 9973}]"
)
DIFFERENT = rows(400, "op: pointwise, out_channels: 1%d")
ASKED = {
    "five large unlike widths": (WIDE, "solve FILE --max-mult-adds 1G", 0, "best       247/4998999   494/9996997"),
    "hardly any alpha": (GROUPS, "solve FILE --max-mult-adds 1G", 2, "what lies beyond was not looked at"),
    "every resolution": (WIDE, "solve mobilenet_v1 --max-mult-adds 300M -r 1:65536:1", 2,
                         "65,536 resolutions: at most 40,000 points of this network are looked at"),
    "every alpha": (WIDE, "solve FILE --max-mult-adds 1G -r 32 -a 0.00001:1:0.00001", 2, "100,000 alphas: at most "),
    "a formula of widths": (DIFFERENT, "formula FILE", 2, "the closed form has more than 200 rounded widths and sizes"),
    "a formula of layers": (rows(2_001, "op: depthwise"), "formula FILE", 2, "a network of 2,001 layers: formulas are made of at most 2,000"),
    "a page of layers": (WITHIN["other layers"], "explore FILE -o -", 2, "a network of 19,000 layers: formulas are made of at most 2,000"),
    "a sensitivity of layers": (rows(2_001, "op: depthwise"), "formula FILE --sensitivity", 2, "a network of 2,001 layers"),
    "the memory of a chain": (WITHIN["other layers"], "memory FILE", 0, "r18999"),
    "all alive to the end": (WITHIN["nobody reads"], "memory FILE", 2, "more than 1,000,000 tensors would have to be listed"),
    "an arena of all": (WITHIN["nobody reads"], "table FILE --columns arena", 2, "5,000,000 pairs of tensors are alive at once"),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
def test_every_question_about_a_large_network_ends_within_the_bounds(case: str, tmp_path: Path) -> None:
    text, command, code, words = ASKED[case]
    assert len(text) < 1_000_000
    done = measured(text, *command.split(), folder=tmp_path)
    assert done.code == code, done.err
    assert words in (done.err if code else done.out)
    assert (done.out if code else done.err) == ""
    assert within(done.seconds, SECONDS * LOOSE), done.seconds
    assert done.megabytes < MEGABYTES


# ---- the bounds themselves


def test_a_network_has_at_most_20000_layers() -> None:
    assert len(cost("- {op: depthwise, repeat: 20000}", resolution=1).rows) == 20_000
    with says("more than 20,000 layers once repeats are unrolled", "lower the repeats"):
        table("- {op: depthwise, repeat: 20001}")
    assert len(cost("- {op: separable, out_channels: 3, repeat: 10000}", resolution=1).rows) == 20_000
    with says("more than 20,000 layers", "lower the repeats, or write fewer rows"):
        cost("- {op: separable, out_channels: 3, repeat: 10001}", resolution=1)


def test_blocks_groups_and_branches_are_nested_at_most_64_levels_deep() -> None:
    def nested(blocks: int, inner: str = "{op: depthwise}") -> str:
        calls = "".join(f"  b{i}: {{layers: [{{op: b{i + 1}}}]}}\n" for i in range(blocks - 1))
        return f"blocks:\n{calls}  b{blocks - 1}: {{layers: [{inner}]}}"

    assert len(cost("- {op: b0}", head=nested(64)).rows) == 1
    with says("blocks, groups and branches are nested 65 levels deep, more than 64"):
        table("- {op: b0}", head=nested(65))
    for inner in ("{repeat: 2, layers: [{op: depthwise}]}", "{op: add, branches: [[{op: depthwise}], []]}"):
        assert len(cost("- {op: b0}", head=nested(63, inner)).rows) == 2
        with says("nested 65 levels deep"):
            table("- {op: b0}", head=nested(64, inner))


def test_repeats_are_bounded_before_they_are_multiplied() -> None:
    """A product of a thousand digits is never made, nor printed: 62 blocks of 10^12 times the next are 10^744 layers."""
    with says("more than 20,000 layers once repeats are unrolled"):
        table("- {op: b0}", head=chain(60, 10**12).split("rounding: divisor:8\n")[1].split("layers: [{op: b0")[0])
    with says("more than 20,000 layers once repeats are unrolled"):
        table(
            "- {repeat: 999999999999, layers: [{repeat: 999999999999, layers: [{op: depthwise, repeat: 999999999999}]}]}"
        )


def test_maps_and_parameters_are_counted_with_their_repeats() -> None:
    many = ", ".join(["a"] * 60)
    rows = f"- {{op: depthwise, name: a}}\n- {{repeat: TIMES, layers: [{{op: depthwise, from: a}}, {{op: concat, from: [{many}]}}]}}"
    assert len(cost(rows.replace("TIMES", "3200"), resolution=1).rows) == 6401
    with says("more than 200,000 maps are read and parameters given once repeats are unrolled", "join fewer rows"):
        table(rows.replace("TIMES", "3300"))


def test_rows_that_are_dropped_are_counted_too() -> None:
    """So are those of the bases, and what a depth makes of them."""
    net = table("- {op: depthwise}\n- {repeat: 19999, layers: [{op: activation, name: a}]}")
    assert len(net.cost(without=["a_*"], depth=10, resolution=1).rows) == 1
    with says("more than 200,000 maps are read and parameters given at depth 11", "choose a smaller depth"):
        net.cost(without=["a_*"], depth=11, resolution=1)


def test_the_name_of_a_row_has_at_most_1000_characters_with_its_blocks() -> None:
    def named(length: int) -> str:
        inner = "".join(f"  b{i}: {{layers: [{{op: b{i + 1}, name: {'n' * 199}}}]}}\n" for i in range(4))
        return f"blocks:\n{inner}  b4: {{layers: [{{op: depthwise, name: {'m' * length}}}]}}"

    assert len(cost(f"- {{op: b0, name: {'k' * 99}}}", head=named(100)).rows[0].name) == 4 * 200 + 100 + 100
    with says("the name of a row has more than 1,000 characters: `kkk"):
        cost(f"- {{op: b0, name: {'k' * 99}}}", head=named(101))
    assert len(cost(f"- {{op: depthwise, name: {'n' * 200}}}").rows[0].name) == 200
    with says("a name of 201 characters, more than 200"):
        table(f"- {{op: depthwise, name: {'n' * 201}}}")


def test_all_problems_are_counted_and_200_are_told(tmp_path: Path, say: Say) -> None:
    path = tmp_path / "net.yaml"
    for many in (199, 200, 201, 2_000):
        path.write_text(
            HEAD + "layers: [{op: depthwise}]\n" + "".join(f"k{i}: 1\n" for i in range(many)), encoding="utf-8"
        )
        said = say("table", str(path))
        assert (said.code, len(re.findall("has no key", said.err))) == (2, min(many, 200))
        last = said.err.splitlines()[-1]
        assert last == (
            f"{many:,} problems" if many <= 200 else f"{many:,} problems: 200 are told, and {many - 200:,} more are not"
        )
        linted = say("lint", str(path))
        assert (linted.code, linted.err) == (2, said.err)


def test_lint_says_which_rows_it_did_not_look_at(tmp_path: Path, say: Say) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(rows(300, "op: depthwise, from: nowhere_%d"), encoding="utf-8")
    said = say("lint", str(path))
    refused(
        said._replace(err=said.err[-300:]),
        "200 rows are wrong: this one, and those below it were not looked at",
        "mend the rows above first",
    )
    assert f"net.yaml:{4 + 1 + 200}:5: 200 rows are wrong" in said.err


def test_all_findings_are_counted_and_200_are_told(tmp_path: Path, say: Say) -> None:
    path = tmp_path / "net.yaml"
    for many in (200, 203):
        path.write_text(rows(many, "op: dropout, name: conv_1_%d, output: 3x3x3"), encoding="utf-8")
        found = json.loads(say("lint", str(path), "-f", "json").out)
        assert (found["total"]["findings"], len(found["findings"])) == (many, many)
        said = say("lint", str(path))
        assert (said.code, said.err, len(re.findall("MB", said.out))) == (0, "", 200)
        last = [f"net: {many} findings"]
        assert said.out.splitlines()[-1:] == last
        assert ("and 3 more findings, which -f json has" in said.out) == (many > 200)


def test_a_name_among_very_many_is_still_found() -> None:
    names = [f"inverted_residual_{i}/expand" for i in range(500)] + [f"stage_{i}" for i in range(500)]
    assert "`stage_123`" in nearest("stge_123", [*names[:100], "stage_123"])
    assert "`inverted_residual_7/expand`" in nearest("inverted_residual_7/expnd", names)
    assert len(names) > MOST_COMPARED
    assert nearest("", names) == ""
    assert nearest("zzz", names) == ""


def test_help_is_looked_for_only_where_it_is_told() -> None:
    asked: list[int] = []

    def help() -> str:
        asked.append(1)
        return "turn around"

    error = MbcostError("a wall", help=help)
    assert asked == []
    assert (str(error), error.help, asked) == ("a wall\n  help: turn around", "turn around", [1])
    error.help = "climb"
    assert error.help == "climb"


def test_half_a_channel_is_linted(tmp_path: Path, say: Say) -> None:
    """Without rounding widths are fractions, in every message too."""
    path = tmp_path / "half.yaml"
    path.write_text(
        "format: 1\ninput: {channels: 3, resolution: 9}\nrounding: none\nlayers:\n"
        "  - {op: conv, kernel_size: 1, out_channels: 5}\n  - {op: separable, kernel_size: 3, out_channels: 1}\n"
        "  - {op: conv, kernel_size: 1, expansion: 3/2}\n  - {op: depthwise, kernel_size: 1, multiplier: 3}\n  - {op: pointwise, out_channels: 1}\n",
        encoding="utf-8",
    )
    for alpha in ("1", "1/2", "1/7"):
        said = say("lint", str(path), "-a", alpha)
        assert (said.code, said.err) == (0, "")
        assert "MB302" in said.out
    half = say(
        "lint", str(path), "-a", "1/2"
    ).out  # 2.5 channels in: (9 * 2.5 + 2.5 * 0.5) * 81, and 9 * 2.5 * 0.5 * 81
    assert "1923.75 mult-adds, where a standard 3 x 3 convolution from 5/2 to 1/2 channels needs 911.25" in half
