"""``mbcost sweep``: every format, every wrong question, files that appear whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import mbcost
from mbcost.separated.grid import Grid
from mbcost.solve.ranges import MAX_AXIS, alphas, resolutions, rhos


def test_csv_has_every_point(say: Any) -> None:
    said = say("sweep", "mobilenet_v2", "-a", "0.25:1.4:0.05", "-r", "96:224:32", "-f", "csv")
    assert (said.code, said.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert list(rows[0]) == ["model", "alpha", "resolution", "mult_adds", "params"]
    assert len(rows) == 24 * 5
    assert [row["alpha"] for row in rows[::5]][-1] == "7/5"
    network = mbcost.load("mobilenet_v2")
    for row in rows[::7]:
        cost = network.cost(alpha=row["alpha"], resolution=row["resolution"])
        assert (int(row["mult_adds"]), int(row["params"])) == (cost.mult_adds, cost.params)


def test_json_is_one_document_and_jsonl_one_object_a_line(say: Any) -> None:
    arguments = ["sweep", "mobilenet_v1", "-a", "1/3,0.5", "-r", "192x256,224"]
    found = json.loads(say(*arguments, "-f", "json").out)
    assert found["schema"] == "mbcost/sweep/1"
    assert found["convention"] == "torch"
    lines = [json.loads(line) for line in say(*arguments, "-f", "jsonl").out.splitlines()]
    assert lines == found["points"]
    assert lines[0] == {
        "model": "mobilenet_v1",
        "alpha": "1/3",
        "resolution": [192, 256],
        "mult_adds": lines[0]["mult_adds"],
        "params": lines[0]["params"],
    }
    assert lines[0]["mult_adds"] == mbcost.load("mobilenet_v1").cost(alpha="1/3", resolution="192x256").mult_adds


@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
def test_tables_for_people(say: Any, form: str) -> None:
    out = say("sweep", "mobilenet_v1", "-a", "0.5,1", "-r", "224", "-f", form).out.replace("{,}", ",")
    assert "568,740,352" in out
    assert "149,497,088" in out


def test_the_usual_grid_is_that_of_the_paper(say: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(say("sweep", "mobilenet_v1", "-f", "csv").out)))
    assert [row["alpha"] for row in rows[::4]] == ["1/4", "1/2", "3/4", "1"]
    assert [row["resolution"] for row in rows[:4]] == ["128", "160", "192", "224"]
    assert (
        say("sweep", "mobilenet_v1", "--rho", "4/7:1:1/7", "-f", "csv").out
        == say("sweep", "mobilenet_v1", "-f", "csv").out
    )
    fixed = list(csv.DictReader(io.StringIO(say("sweep", "vgg16", "-f", "csv").out)))
    assert {row["alpha"] for row in fixed} == {"1"}
    given = list(csv.DictReader(io.StringIO(say("sweep", "vgg16", "--rounding", "floor", "-f", "csv").out)))
    assert len(given) == 16


def test_variants_conventions_and_units(say: Any) -> None:
    arguments = ["sweep", "mobilenet_v1", "-a", "0.5", "-r", "160", "-f", "csv"]
    network = mbcost.load("mobilenet_v1")

    def row(*more: str) -> dict[str, str]:
        return next(csv.DictReader(io.StringIO(say(*arguments, *more).out)))

    assert int(row("--standard")["mult_adds"]) == network.cost(alpha="0.5", resolution=160, standard=True).mult_adds
    assert (
        int(row("--convention", "fvcore")["mult_adds"])
        == network.cost(alpha="0.5", resolution=160, convention="fvcore").mult_adds
    )
    assert (
        int(row("--set", "separable_13.stride=2", "--classes", "10")["params"])
        == network.cost(alpha="0.5", classes=10).params
    )
    flops = row("--unit", "flops")
    assert int(flops["flops"]) == 2 * int(flops["mult_adds"])


def test_the_gap_to_the_idealised_cost(say: Any) -> None:
    row = next(
        csv.DictReader(io.StringIO(say("sweep", "mobilenet_v1", "-a", "0.7", "-r", "200", "--gap", "-f", "csv").out))
    )
    network = mbcost.load("mobilenet_v1")
    ideal = network.cost(alpha="0.7", resolution=200, ideal=True).mult_adds
    assert Fraction(row["idealised"]) == ideal
    real = network.cost(alpha="0.7", resolution=200).mult_adds
    assert float(row["gap"]) == pytest.approx(float((real - ideal) / ideal))
    text = say("sweep", "mobilenet_v1", "-a", "0.7", "-r", "200", "--gap").out
    assert "idealised" in text
    assert " %" in text
    line = json.loads(say("sweep", "mobilenet_v1", "-a", "0.7", "-r", "200", "--gap", "-f", "jsonl").out)
    assert Fraction(line["idealised"]) == ideal


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-a", "0.5,"], "the grid of alpha `0.5,` has an empty place"),
        (["-a", ""], "has an empty place"),
        (["-a", "1:0.5:0.1"], "the grid of alpha `1:0.5:0.1` goes backwards: 0.5 is below 1"),
        (["-a", "0.5:1:0"], "has a step of 0"),
        (["-a", "0.5:1:-0.1"], "has a step below 0"),
        (["-a", "0.5:inf:0.1"], "does not end"),
        (["-a", "0.5:1"], "is not start:stop:step"),
        (["-a", "0.5:1:0.1:2"], "is not start:stop:step"),
        (["-a", "0:1:0.25"], "alpha (=0) must be above 0"),
        (["-a", "0.5:100:0.5"], "alpha (=100) must be above 0 and at most 64"),
        (["-a", "0.5:1:0.0000000001"], "has 5,000,000,001 values"),
        (["-a", "x"], "alpha `x` is not a number"),
        (["-r", "96:224"], "is not start:stop:step"),
        (["-r", "224:96:32"], "goes backwards"),
        (["-r", "1:2:0.5"], "steps over 1.5, which is no whole number of pixels"),
        (["-r", "0:224:32"], "is not a size in pixels"),
        (["-r", "65000:66000:500"], "is above 65536 pixels"),
        (["-r", "224", "--rho", "1"], "rho and a resolution are both given"),
        (["-a", "0.1:1:0.0001", "-r", "1:1000:1"], "a grid of 9,001,000 points, more than 2,000,000"),
        (["--budget", "300M"], "--budget draws a line into a figure"),
        (["--plot", "x.txt"], "names no kind of figure"),
        (["-a", "0.01"], "a width of 0 channels"),
    ],
)
def test_wrong_questions_exit_with_2(say: Any, arguments: list[str], message: str) -> None:
    said = say("sweep", "mobilenet_v1", *arguments)
    assert said.code == 2
    assert said.out == ""
    assert message in said.err
    assert "help:" in said.err


def test_a_network_whose_width_cannot_vary(say: Any) -> None:
    said = say("sweep", "vgg16", "-a", "0.5,1")
    assert said.code == 2
    assert "`vgg16` has no width to vary" in said.err


def test_more_points_than_the_bound_need_a_yes(say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbcost.cli.sweep.MAX_POINTS", 3)
    assert say("sweep", "mobilenet_v1", "-f", "csv").code == 2
    assert len(say("sweep", "mobilenet_v1", "-f", "csv", "--yes").out.splitlines()) == 17


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "table"])
def test_an_interrupted_sweep_leaves_no_file(
    say: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str
) -> None:
    plain = Grid.rows

    def interrupted(self: Grid, *quantities: str) -> Any:
        for count, row in enumerate(plain(self, *quantities)):
            if count == 2:
                raise KeyboardInterrupt
            yield row

    monkeypatch.setattr(Grid, "rows", interrupted)
    target = tmp_path / "out"
    assert say("sweep", "mobilenet_v1", "-f", form, "-o", str(target)).code == 130
    assert list(tmp_path.iterdir()) == []
    target.write_text("before", encoding="utf-8")
    assert say("sweep", "mobilenet_v1", "-f", form, "-o", str(target)).code == 130
    assert target.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_files_are_written_whole(say: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    assert say("sweep", "mobilenet_v1", "-f", "csv", "-o", str(target)) == (0, "", "")
    assert target.read_text(encoding="utf-8") == say("sweep", "mobilenet_v1", "-f", "csv").out
    assert list(tmp_path.iterdir()) == [target]
    for wrong in (str(tmp_path), str(tmp_path / "no" / "x.csv")):
        said = say("sweep", "mobilenet_v1", "-f", "csv", "-o", wrong)
        assert said.code == 2
        assert "cannot be written" in said.err
    assert say("sweep", "mobilenet_v1", "-f", "csv", "-o", "/dev/null").code == 0


def test_an_error_inside_a_sweep_leaves_no_file(say: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    assert say("sweep", "mobilenet_v1", "-a", "1,0.01", "-f", "csv", "-o", str(target)).code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's pipe")
@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_a_reader_that_has_enough_ends_a_sweep_quietly(form: str) -> None:
    command = [
        sys.executable,
        "-m",
        "mbcost",
        "sweep",
        "mobilenet_v1",
        "-a",
        "0.1:1:0.01",
        "-r",
        "1:1000:1",
        "-f",
        form,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_steps_are_exact_and_both_ends_included() -> None:
    assert len(alphas("0.1:2:0.05")) == 39
    assert alphas("0.1:2:0.05")[7] == Fraction(9, 20)
    assert alphas("0.25:1:0.5") == [Fraction(1, 4), Fraction(3, 4)]
    assert resolutions("224,96:128:32") == [(224, 224), (96, 96), (128, 128)]
    assert rhos("0.5,1", (224, 320)) == [(112, 160), (224, 320)]
    with pytest.raises(mbcost.MbcostError, match="an axis has at most"):
        alphas(",".join(["1"] * 10) + f",1:2:1/{MAX_AXIS}")


FIGURE = ["sweep", "mobilenet_v2", "-a", "0.35:1.4:0.15", "-r", "96:224:32"]


@pytest.mark.parametrize(("kind", "begin"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figures(say: Any, tmp_path: Path, kind: str, begin: bytes) -> None:
    pytest.importorskip("matplotlib")
    target = tmp_path / f"space.{kind}"
    said = say(*FIGURE, "--plot", str(target), "--budget", "100M", "--budget", "90G")
    assert (said.code, said.out) == (0, "")
    assert (
        said.err
        == "caption: Mult-adds and params of MobileNetV2, convention torch, rounding divisor:8; a step a network, nothing interpolated\n"
    )
    first = target.read_bytes()
    assert first.startswith(begin)
    say(*FIGURE, "--plot", str(target), "--budget", "100M", "--budget", "90G")
    assert target.read_bytes() == first
    if kind == "svg":
        say(*FIGURE, "--plot", str(target))
        assert target.read_bytes() != first


def test_cells_and_lines_are_steps_of_the_grid() -> None:
    """Between two points of the grid stands an edge where one is within the budget and the other not, and nowhere else."""
    pytest.importorskip("matplotlib")
    from mbcost.plot.sweep import _levels, _steps, edges

    assert edges([0.25, 0.5, 1.0]) == [0.125, 0.375, 0.75, 1.25]
    assert _steps([[True, False], [False, False]], [0, 1, 2], [10, 20, 30]) == [[(1, 10), (1, 20)], [(0, 20), (1, 20)]]
    grid = mbcost.load("mobilenet_v1").grid(["0.25", "0.5", "1"], [128, 224])
    assert _levels(grid) == [20_000_000, 50_000_000, 100_000_000, 200_000_000, 500_000_000]


def drawn_of(monkeypatch: pytest.MonkeyPatch, say: Any, tmp_path: Path, *words: str) -> Any:
    """The canvas of a sweep that is drawn."""
    from matplotlib.figure import Figure

    found: list[Any] = []

    def picture(fill: Any, *_: Any) -> bytes:
        found.append(Figure(layout="constrained"))
        fill(found[-1])
        return b""

    monkeypatch.setattr("mbcost.plot.sweep.picture", picture)
    assert say("sweep", "mobilenet_v2", *words, "--plot", str(tmp_path / "x.svg")).code == 0
    return found[0]


def test_the_shades_go_from_the_least_to_the_most_and_the_legend_names_the_lines(
    monkeypatch: pytest.MonkeyPatch, say: Any, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    canvas = drawn_of(monkeypatch, say, tmp_path, "-a", "0.35,0.5,1", "-r", "96,224", "--budget", "100M")
    shades = canvas.axes[0].collections[0]
    network = mbcost.load("mobilenet_v2")
    costs = [
        [network.cost(alpha, resolution=size).mult_adds / 10**6 for alpha in ("0.35", "0.5", "1")] for size in (96, 224)
    ]
    assert shades.get_array().tolist() == costs
    assert (shades.norm.vmin, shades.norm.vmax) == (min(map(min, costs)), max(map(max, costs)))
    assert list(canvas.axes[0].get_yticks()) == [96, 224]
    assert list(canvas.axes[1].get_xticks()) == [0.35, 0.5, 1]
    assert [text.get_text() for text in canvas.legends[0].get_texts()] == ["at most 100 M"]


@pytest.mark.parametrize(
    ("words", "label"),
    [(("-a", "0.35,0.5,1", "-r", "224"), "at 224 x 224"), (("-a", "0.5", "-r", "96,224"), "at α = 0.5")],
)
def test_a_grid_along_one_axis_is_a_line(
    words: tuple[str, ...], label: str, monkeypatch: pytest.MonkeyPatch, say: Any, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    canvas = drawn_of(monkeypatch, say, tmp_path, *words)
    (marks,) = canvas.axes[0].lines
    rows = list(csv.DictReader(io.StringIO(say("sweep", "mobilenet_v2", *words, "-f", "csv").out)))
    assert list(marks.get_ydata()) == [int(row["mult_adds"]) / 10**6 for row in rows]
    assert canvas.axes[-1].get_xlabel().endswith(label)


def test_a_figure_and_its_points(say: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    said = say(*FIGURE, "--plot", str(tmp_path / "space.png"), "-f", "csv")
    assert len(said.out.splitlines()) == 8 * 5 + 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-a", "1", "-r", "224"], "a figure of one point has no line"),
        (["-r", "192x256,224"], "a figure of a sweep has square resolutions"),
    ],
)
def test_figures_that_cannot_be_drawn(say: Any, tmp_path: Path, arguments: list[str], message: str) -> None:
    pytest.importorskip("matplotlib")
    said = say(*FIGURE, *arguments, "--plot", str(tmp_path / "x.png"))
    assert said.code == 2
    assert message in said.err
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_message_names_the_extra(
    say: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = say(*FIGURE, "--plot", str(tmp_path / "x.png"))
    assert said.code == 2
    assert "pip install matplotlib" in said.err


class _Screen(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("error", "output", "path", "shown"),
    [
        (True, False, None, True),  # redirected: > sweep.csv
        (True, True, "sweep.csv", True),
        (True, True, None, False),  # the results are on the screen already
        (True, True, "-", False),
        (False, False, None, False),
        (False, False, "sweep.csv", False),
    ],
)
def test_a_progress_bar_is_for_terminals_and_results_that_go_elsewhere(
    monkeypatch: pytest.MonkeyPatch, error: bool, output: bool, path: str | None, shown: bool
) -> None:
    from mbcost.cli.stream import watched

    screen = _Screen(error)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr("sys.stdout", _Screen(output))
    assert list(watched(iter("abc"), 3, path)) == ["a", "b", "c"]
    assert ("100%" in screen.getvalue()) == shown
    assert bool(screen.getvalue()) == shown


@pytest.mark.parametrize("form", ["csv", "markdown"])
def test_only_long_sweeps_are_watched(say: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str) -> None:
    seen = []

    def watched(chunks: Any, count: int, path: str | None) -> Any:
        seen.append((count, path))
        return chunks

    monkeypatch.setattr("mbcost.cli.sweep.watched", watched)
    asked = ["sweep", "mobilenet_v1", "-f", form, "-o", str(tmp_path / "x")]
    assert say(*asked).code == 0
    assert seen == []
    monkeypatch.setattr("mbcost.cli.sweep.LONG", 15)
    assert say(*asked).code == 0
    assert seen == [(4, str(tmp_path / "x"))]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.usefixtures("attentive")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_sweep_that_is_ended_leaves_no_file(tmp_path: Path, name: str) -> None:
    command = [
        sys.executable, "-m", "mbcost", "sweep", "mobilenet_v1", "-a", "0.1:2:0.0005", "-r", "1:1000:1", "--yes",
        "-f", "jsonl", "-o", str(tmp_path / "out"),
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.iterdir()):  # until it has begun to write
            assert process.poll() is None
        process.send_signal(getattr(signal, name))
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", ["csv", "json", "jsonl", "table", "markdown"])
def test_nothing_is_printed_of_a_grid_that_is_in_error_somewhere(format: str, say: Any, tmp_path: Any) -> None:
    inseparable = tmp_path / "net.yaml"
    inseparable.write_text(
        "format: 1\ninput: {channels: 3, resolution: 8}\nrounding: floor\nlayers:\n"
        "  - {op: conv, kernel_size: 3, out_channels: 8}\n  - {op: flatten}\n  - {op: linear, expansion: 1/2}\n",
        encoding="utf-8",
    )
    for model in ("mobilenet_v1", str(inseparable)):
        for option in ((), ("-o", str(tmp_path / "out"))):
            said = say("sweep", model, "-a", "0.5,1,0.0000001", "-r", "32,64", "-f", format, *option)
            assert (said.code, said.out) == (2, "")
            assert "a width of 0 channels" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]
