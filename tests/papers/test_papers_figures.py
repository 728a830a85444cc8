"""Published figures: their points, and the pictures drawn of them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mbcost.papers import load, papers
from mbcost.papers.points import figure_of, points
from mbcost.papers.specs import Figure, Paper

Say = Callable[..., Any]
FIGURES = [(name, figure.id) for name in papers() for figure in load(name).figures]


def test_the_sixteen_points_of_v1_figure_4(say: Say) -> None:
    rows = list(csv.DictReader(io.StringIO(say("reproduce", "mobilenet_v1", "--figure", "4", "-f", "csv").out)))
    assert [(row["alpha"], row["resolution"]) for row in rows] == [
        (alpha, size) for alpha in ("1", "3/4", "1/2", "1/4") for size in ("224", "192", "160", "128")
    ]
    assert rows[0]["mult_adds"] == "568740352"
    assert rows[5]["mult_adds"] == "239273472"
    assert sum(row["source"].startswith("printed in Tables") for row in rows) == 8
    assert sum(row["source"].startswith("TF-slim's first release") for row in rows) == 8


def test_figure_5_has_the_same_points_against_params(say: Say) -> None:
    four = json.loads(say("reproduce", "mobilenet_v1", "--figure", "4", "-f", "json").out)
    five = json.loads(say("reproduce", "mobilenet_v1", "--figure", "5", "-f", "json").out)
    assert [point["published"] for point in four["points"]] == [point["published"] for point in five["points"]]
    assert {point["weights"] for point in five["points"]} == {4209088, 2568144, 1319648, 463600}
    assert (four["x"]["quantity"], five["x"]["quantity"]) == ("mult_adds", "weights")


def test_the_points_of_v2_figure_5_agree_with_the_checkpoint_table() -> None:
    paper = load("mobilenet_v2")
    found = {
        (str(p.alpha), p.resolution): (p.x, p.y_text)
        for p in points(paper, figure_of(paper, "5"))
        if p.model == "mobilenet_v2"
    }
    assert len(found) == 21
    assert found["7/20", 96] == (11934128, "45.5")
    assert found["7/5", 224] == (582195824, "75.0")


def test_every_figure_has_points_with_sources(say: Say) -> None:
    for name, id in FIGURES:
        report = json.loads(say("reproduce", name, "--figure", id, "-f", "json").out)
        assert len(report["points"]) >= 6
        assert all(point["source"] for point in report["points"])
        said = say("reproduce", name, "--figure", id)
        assert said.code == 0
        assert f"figure {id}: " in said.out


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """V1 Figure 4 in all three formats, drawn by two fresh interpreters with different hash seeds."""
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("figures")
    code = (
        "import sys\nfrom mbcost.papers import load\nfrom mbcost.papers.points import figure_of, points\nfrom mbcost.plot import Form, draw\n"
        "paper = load('mobilenet_v1')\nfigure = figure_of(paper, '4')\n"
        "for kind in ('png', 'svg', 'pdf'):\n    open(f'{sys.argv[1]}.{kind}', 'wb').write(draw(figure, points(paper, figure), Form(kind), 'Four'))\n"
    )
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", code, str(folder / seed)], check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        )
    return folder


@pytest.mark.parametrize(("kind", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_figure_is_the_same_to_the_byte(drawn: Path, kind: str, magic: bytes) -> None:
    first, second = (drawn / f"{seed}.{kind}" for seed in ("1", "2"))
    data = first.read_bytes()
    assert data == second.read_bytes()
    assert data.startswith(magic)
    assert len(data) > 5000
    assert b"CreationDate" not in data
    assert b"dc:date" not in data


def test_a_figure_is_one_column_wide(drawn: Path) -> None:
    data = (drawn / "1.png").read_bytes()
    assert (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")) == (1020, 825)


def canvas_of(paper: Paper, figure: Figure) -> Any:
    """A figure drawn in memory; its texts can be asked."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    from mbcost import plot

    canvas = Canvas(figsize=plot.COLUMN, dpi=plot.DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(canvas)
    plot._fill(canvas, figure, points(paper, figure))
    return canvas


@pytest.mark.parametrize(("name", "id"), FIGURES)
def test_labels_do_not_overlap(name: str, id: str) -> None:
    """Neither each other, nor the legend, nor the edge of the picture."""
    matplotlib = pytest.importorskip("matplotlib")
    from mbcost import plot

    paper = load(name)
    figure = figure_of(paper, id)
    with matplotlib.rc_context(plot.STYLE):
        canvas = canvas_of(paper, figure)
        axes = canvas.axes[0]
        renderer = canvas.canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in axes.texts] + [
            axes.get_legend().get_window_extent(renderer)
        ]
        ticks = [text.get_window_extent(renderer) for text in axes.get_xticklabels() if text.get_text()]
    assert axes.texts
    for boxes_of_a_kind in (boxes, ticks):
        for i, box in enumerate(boxes_of_a_kind):
            assert not any(box.overlaps(other) for other in boxes_of_a_kind[i + 1 :])
    width, height = canvas.bbox.width, canvas.bbox.height
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height for box in boxes)
    assert len(ticks) >= 3


def test_a_picture_by_the_command(say: Say, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    said = say("reproduce", "mobilenet_v3", "--figure", "7", "-o", str(tmp_path / "seven.svg"))
    assert (said.code, said.out) == (0, "")
    assert said.err.startswith(
        "caption: Accuracy against mult-adds, by multiplier and by resolution, after Searching for MobileNetV3 (arXiv:"
    )
    assert said.err.count("\n") == 1
    assert os.listdir(tmp_path) == ["seven.svg"]
    assert "<svg" in (tmp_path / "seven.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("id", "name", "series"), [("4", "mobilenet_v1", "α = 0.5"), ("5", "mobilenet_v2", "α = 0.75")]
)
def test_a_label_without_a_line_is_nearest_to_its_own_point(id: str, name: str, series: str) -> None:
    """It has a line to its point, or nothing of another series is nearer to it."""
    matplotlib = pytest.importorskip("matplotlib")
    from mbcost import plot
    from mbcost.plot.labels import _apart, _dense

    paper = load(name)
    with matplotlib.rc_context(plot.STYLE):
        canvas = canvas_of(paper, figure_of(paper, id))
        axes, dot = canvas.axes[0], canvas.dpi / 72
        box = next(text for text in axes.texts if text.get_text() == series).get_window_extent()
        own = [spot for line in axes.lines if line.get_label() == series for spot in _dense(line, dot)]
        others = [
            spot
            for line in axes.lines
            if line.get_label() != series and not line.get_label().startswith("_")
            for spot in _dense(line, dot)
        ]
        leaders = [spot for line in axes.lines if line.get_linewidth() == 0.3 for spot in _dense(line, dot)]
    near = [min(_apart(box, spot) for spot in spots) for spots in (own, others, leaders)]
    assert near[0] < near[1] or near[2] < 3 * dot


def test_a_mark_below_another_shows_its_rim() -> None:
    """V3-Large at 128 and V3-Small at 256 are one place; the line of V3-Small is dashed."""
    matplotlib = pytest.importorskip("matplotlib")
    from mbcost import plot

    paper = load("mobilenet_v3")
    with matplotlib.rc_context(plot.STYLE):
        axes = canvas_of(paper, figure_of(paper, "7")).axes[0]
    marks = [line for line in axes.lines if line.get_marker() == "s" and len(line.get_xdata()) < 6]
    assert [line.get_markersize() for line in marks if 73 < line.get_xdata()[0] < 74] == [7.0]
    dashed = {
        line.get_label(): line.is_dashed()
        for line in axes.lines
        if line.get_linestyle() != "None"
        and line.get_color() not in {"white", "black"}
        and not line.get_label().startswith("_")
    }
    assert [name.startswith("V3-Small") for name in dashed] == list(dashed.values())


STYLE = "# a paper in serifs\nfont.family: serif  # its own\naxes.labelsize: 9\n"


def test_an_svg_has_its_texts_as_text_its_title_first_and_the_font_of_the_style(say: Say, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    style, target = tmp_path / "paper.mplstyle", tmp_path / "four.svg"
    style.write_text(STYLE, encoding="utf-8")
    words = ["reproduce", "mobilenet_v1", "--figure", "4", "-o", str(target)]
    assert say(*words).code == 0
    plain = target.read_text(encoding="utf-8")
    assert re.search(
        r"<svg[^>]*>\s*<title>Accuracy against mult-adds \(MobileNets \(arXiv:1704.04861\), figure 4\)</title>", plain
    )
    assert ">α = 0.75</text>" in plain
    assert "DejaVu Sans" in plain
    assert say(*words, "--style", str(style), "--figure-width", "text").code == 0
    styled = target.read_text(encoding="utf-8")
    assert "serif" in styled
    assert 'width="504pt"' in styled  # 7 inches


@pytest.mark.parametrize(
    ("style", "fact"),
    [
        ("text.usetex: True", "a style does not set `text.usetex` here"), ("axes.prop_cycle: cycler('color', ['r'])", "a style does not set `axes.prop_cycle`"),
        ("font.family", "`font.family` has no value"), ("font.sise: 7", "matplotlib does not take `font.sise: 7`"), ("font.size: large-ish", "matplotlib does not take"),
    ],
)  # fmt: skip
def test_a_style_sets_how_a_figure_looks_and_nothing_else(style: str, fact: str, say: Say, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "paper.mplstyle"
    path.write_text(style + "\n", encoding="utf-8")
    said = say("reproduce", "mobilenet_v1", "--figure", "4", "-o", str(tmp_path / "four.pdf"), "--style", str(path))
    assert (said.code, said.out) == (2, "")
    assert fact in said.err
    assert not (tmp_path / "four.pdf").exists()


@pytest.mark.parametrize("width", ["0.5", "wide", "31", "-3", ""])
def test_a_width_is_inches_column_or_text(width: str, say: Say, tmp_path: Path) -> None:
    said = say("reproduce", "mobilenet_v1", "--figure", "4", "-o", str(tmp_path / "four.pdf"), "--figure-width", width)
    assert (said.code, said.out) == (2, "")
    assert "is not 1 to 30 inches" in said.err
    alone = say("reproduce", "mobilenet_v1", "--figure", "4", "--figure-width", "5")
    assert (alone.code, alone.out) == (2, "")
    assert "--figure-width is for a figure, and none is drawn" in alone.err


def test_a_picture_of_another_kind_is_refused(say: Say, tmp_path: Path) -> None:
    said = say("reproduce", "mobilenet_v1", "--figure", "4", "-o", str(tmp_path / "four.jpg"))
    assert said.code == 2
    assert said.err == (
        f"error: `{tmp_path}/four.jpg` is a jpg picture, and figures are drawn as png, svg, pdf\n"
        "  help: name a .pdf or .svg for a paper, a .png for a page\n"
    )
    assert os.listdir(tmp_path) == []


def test_v2_figure_5_compares_with_shufflenet(say: Say) -> None:
    rows = list(csv.DictReader(io.StringIO(say("reproduce", "mobilenet_v2", "--figure", "5", "-f", "csv").out)))
    shuffle = [(row["alpha"], row["mult_adds"], row["published"]) for row in rows if row["series"] == "ShuffleNet"]
    command = next(row["command"] for row in rows if row["alpha"] == "3/2")
    assert command.endswith("-a 1.5 --set conv_1.width=fixed --set down_1/conv_2.out_channels=224")
    assert f"{int(shuffle[0][1]):,}" in say(*shlex.split(command)[1:]).out
    assert [(alpha, int(count) // 10**6, error) for alpha, count, error in shuffle] == [
        ("3/2", 292, "71.5"),
        ("2", 524, "73.7"),
    ]


def test_points_that_differ_in_one_thing_are_labelled_with_it() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    from mbcost import plot

    def labels(name: str, id: str) -> list[str]:
        paper = load(name)
        figure = figure_of(paper, id)
        with matplotlib.rc_context(plot.STYLE):
            return sorted(text.get_text() for text in canvas_of(paper, figure).axes[0].texts)

    sizes = ["128", "160", "192", "224", "256", "96"]
    widths = ["0.35", "0.5", "0.75", "1", "1.25"]
    assert labels("mobilenet_v3", "7") == sorted(2 * (widths + sizes))
    assert labels("mobilenet_v4", "6") == ["0.5", "1", "1.5", "2", "large", "medium", "small"]
    assert labels("mobilenet_v1", "4") == ["α = 0.25", "α = 0.5", "α = 0.75", "α = 1"]
