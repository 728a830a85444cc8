"""Figures of memory: what is drawn is what the commands print."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import mbcost
from mbcost.memory.roofline import model_time
from mbcost.plot import Form
from tests.conftest import Said

Say = Callable[..., Said]
pytest.importorskip("matplotlib")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The axes of every figure that is drawn."""
    from matplotlib.figure import Figure

    found: list[Any] = []

    def picture(draw: Callable[[Any], None], title: str, form: Form) -> bytes:
        axes = Figure().subplots()
        draw(axes)
        found.append(axes)
        return f"{title} as {form.kind}".encode()

    monkeypatch.setattr("mbcost.plot.memory._picture", picture)
    return found


@pytest.mark.parametrize("bits", ["8", "32"])
def test_the_bars_of_a_timeline_are_its_steps(bits: str, drawn: list[Any], say: Say, tmp_path: Path) -> None:
    words = ["memory", "mobilenet_v2", "-a", "0.5", "-r", "160", "--bits", bits]
    said = say(*words, "--plot", str(tmp_path / "m.svg"), "-f", "json")
    assert said.code == 0
    found = json.loads(said.out)
    bars = [bar.get_height() * 1024 for bar in drawn[0].patches]
    assert bars == [step["alive"] * int(bits) // 8 for step in found["steps"]]
    assert max(bars) == found["total"]["peak_memory_bytes"]
    (text,) = drawn[0].texts
    assert text.get_text() == f"{found['total']['peak_memory_bytes']:,} bytes at {found['peak']['step']}"
    assert "alpha 0.5, resolution 160 x 160" in (tmp_path / "m.svg").read_text()


def test_the_points_of_a_roofline_are_its_layers(drawn: list[Any], say: Say, tmp_path: Path) -> None:
    said = say("roofline", "mobilenet_v2", "--ridge-point", "31.2", "--plot", str(tmp_path / "r.pdf"), "-f", "json")
    layers = [layer for layer in json.loads(said.out)["layers"] if layer["mult_adds"]]
    roof, *kinds = drawn[0].lines
    points = {(x, y) for line in kinds for x, y in zip(*line.get_data(), strict=True)}
    expected = {
        (float(Fraction(layer["intensity"])), float(layer["mult_adds"] / Fraction(layer["time"]))) for layer in layers
    }
    assert points == expected
    assert list(roof.get_ydata())[1:] == [1, 1]
    assert roof.get_xdata()[1] == 31.2


def test_modelled_times_are_those_of_every_ridge_point(drawn: list[Any], say: Say, tmp_path: Path) -> None:
    names = ["mobilenet_v1", "mobilenet_v2"]
    assert say("roofline", *names, "--plot", str(tmp_path / "t.png")).out == ""
    for name, line in zip(names, drawn[0].lines, strict=True):
        cost = mbcost.load(name).cost()
        xs, ys = (list(data) for data in line.get_data())
        assert ys[0] * 10**6 == pytest.approx(cost.mult_adds)
        for ridge_point in (7, 31, 100, 433):
            after = next(i for i, x in enumerate(xs) if x >= ridge_point)
            part = (ridge_point - xs[after - 1]) / (xs[after] - xs[after - 1])
            between = ys[after - 1] + part * (ys[after] - ys[after - 1])
            assert between * 10**6 == pytest.approx(float(model_time(cost, Fraction(ridge_point))))


@pytest.mark.parametrize(("kind", "begin"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
@pytest.mark.parametrize(
    "words",
    [
        ["memory", "mobilenet_v1"],
        ["roofline", "mobilenet_v1", "--device", "pixel-6-cpu"],
        ["roofline", "mobilenet_v1", "mobilenet_v2"],
    ],
)
def test_figures(words: list[str], kind: str, begin: bytes, say: Say, tmp_path: Path) -> None:
    target = tmp_path / f"figure.{kind}"
    said = say(*words, "--plot", str(target))
    assert (said.code, said.out) == (0, "")
    assert said.err.startswith("caption: ")
    assert "MobileNetV1" in said.err
    first = target.read_bytes()
    assert first.startswith(begin)
    say(*words, "--plot", str(target))
    assert target.read_bytes() == first


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (["memory", "mobilenet_v1", "--plot", "x.txt"], "names no kind of figure"),
        (["roofline", "mobilenet_v1", "--plot", "x"], "names no kind of figure"),
        (
            ["memory", "mobilenet_v1", "--explain", "tflm", "--as", "liveness", "--plot", "x.png"],
            "--plot draws the steps",
        ),
        (["roofline", "mobilenet_v1", "--ridge-point", "0", "--plot", "x.png"], "a roofline has a ridge point above 0"),
    ],
)
def test_what_cannot_be_drawn(
    words: list[str], fact: str, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = say(*words)
    assert (said.code, said.out) == (2, "")
    assert fact in said.err
    assert list(tmp_path.iterdir()) == []
