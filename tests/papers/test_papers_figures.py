"""Published figures: their points, and the pictures drawn of them."""

from __future__ import annotations

import csv
import io
import json
import os
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
        "import sys\nfrom mbcost.papers import load\nfrom mbcost.papers.points import figure_of, points\nfrom mbcost.plot import draw\n"
        "paper = load('mobilenet_v1')\nfigure = figure_of(paper, '4')\n"
        "for kind in ('png', 'svg', 'pdf'):\n    open(f'{sys.argv[1]}.{kind}', 'wb').write(draw(figure, points(paper, figure), kind))\n"
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
    assert (said.code, said.out, said.err) == (0, "", "")
    assert os.listdir(tmp_path) == ["seven.svg"]
    assert "<svg" in (tmp_path / "seven.svg").read_text(encoding="utf-8")


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
