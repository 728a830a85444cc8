"""Figures for a paper: PNG, SVG and PDF, legible at column width, in colours everyone can tell apart.

The only module that imports matplotlib (the extra `plot`), by its object interface. The same matplotlib draws the same
bytes: no dates, a fixed salt for names, and the fonts that matplotlib itself ships.
"""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from mbcost.errors import MbcostError
from mbcost.escape import figure as drawn
from mbcost.plot.labels import Label, darker, place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mbcost.papers.points import PlotPoint
    from mbcost.papers.specs import Figure

__all__ = ["draw", "picture"]

COLUMN = (3.4, 2.75)
"""Width and height in inches: one column of a two-column paper."""

DOTS_PER_INCH = 300

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's colours, apart for every common kind of colour vision; markers say the same once more."""

MARKERS = ("o", "s", "^", "D", "v", "P")
OTHERS = ("x", "+", "*")
GREY = "#8C8C8C"

STYLE: Any = {
    "svg.hashsalt": "mbcost", "svg.fonttype": "path", "pdf.fonttype": 42, "text.parse_math": False, "path.simplify": False,
    "font.family": "DejaVu Sans", "font.size": 7, "axes.labelsize": 7.5, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5, "legend.fontsize": 6,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.4, "lines.linewidth": 0.8,
}  # fmt: skip

NO_DATES: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}

MILLION = 1_000_000


class Dot(NamedTuple):
    """A point ready to draw: x in millions, and the number of its source (0 is drawn filled)."""

    x: float
    y: float
    resolution: int
    source: int
    foreign: bool
    label: str


def draw(figure: Figure, points: Sequence[PlotPoint], kind: str) -> bytes:
    """A published figure as the bytes of a `png`, `svg` or `pdf` file."""
    return picture(lambda canvas: _fill(canvas, figure, points), COLUMN, kind, "the points")


def picture(fill: Callable[[Any], None], size: tuple[float, float], kind: str, instead: str) -> bytes:
    """A canvas of some inches, filled, as the bytes of a `png`, `svg` or `pdf` file; ``instead`` is what `-f csv` has of it.

    Raises
    ------
    MbcostError
        If matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Canvas
    except ImportError:
        raise MbcostError(
            "figures need matplotlib, which is not installed",
            help=f"pip install matplotlib, or ask for {instead}: -f csv",
        ) from None
    stream = BytesIO()
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
        FigureCanvasAgg(canvas)
        fill(canvas)
        canvas.savefig(stream, format=kind, dpi=DOTS_PER_INCH, metadata=NO_DATES[kind])
    return stream.getvalue()


def _fill(canvas: Any, figure: Figure, points: Sequence[PlotPoint]) -> None:
    axes = canvas.add_subplot()
    _axes(axes, figure)
    labels = _series(axes, figure, points)
    _ticks(axes)
    canvas.canvas.draw()
    canvas.set_layout_engine("none")  # from here on nothing moves, or the labels would stand beside other points
    place(axes, labels)


def _axes(axes: Any, figure: Figure) -> None:
    axes.set_xscale("log")
    axes.set_xlabel(drawn(figure.x.title))
    axes.set_ylabel(drawn(figure.y.title))
    axes.grid(visible=True, which="major", linewidth=0.3, color="#D9D9D9")
    axes.set_axisbelow(True)
    axes.margins(0.07)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _series(axes: Any, figure: Figure, points: Sequence[PlotPoint]) -> list[Label]:
    """Draw lines and markers; returns the labels that stand beside them."""
    sources = list(figure.sources.values())
    by_colour = figure.colour == "resolution"
    series: dict[str, list[Dot]] = {}
    names_of = {name: _told_apart([p for p in points if p.series == name]) for name in {p.series for p in points}}
    for point in points:
        percent = 100 * point.y
        foreign = by_colour and point.model != points[0].model
        dot = Dot(
            point.x / MILLION,
            percent.numerator / percent.denominator,
            point.resolution,
            sources.index(point.source),
            foreign,
            names_of[point.series](point),
        )
        series.setdefault(point.series, []).append(dot)
    resolutions = sorted({dot.resolution for dots in series.values() for dot in dots}, reverse=True)
    labels: list[Label] = []
    handles: dict[str, Any] = {}
    others = 0
    for number, (name, dots) in enumerate(series.items()):
        foreign = dots[0].foreign
        if by_colour and not foreign:
            axes.plot([dot.x for dot in dots], [dot.y for dot in dots], color=GREY, zorder=1)
            top = max(dots, key=lambda dot: (dot.x, dot.y))
            labels.append(Label(drawn(name), top.x, top.y, "black"))
            for dot in dots:
                rank = resolutions.index(dot.resolution)
                handle = _marker(axes, [dot], COLOURS[rank % len(COLOURS)], MARKERS[rank % len(MARKERS)])
                handles.setdefault(f"{dot.resolution} × {dot.resolution}", handle)
        elif not foreign:
            colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
            ordered = sorted(dots)
            axes.plot([dot.x for dot in ordered], [dot.y for dot in ordered], color=colour, zorder=1)
            handles[name] = _marker(axes, dots, colour, marker)
            labels += [Label(drawn(dot.label), dot.x, dot.y, darker(colour)) for dot in dots if dot.label]
        else:
            (handle,) = axes.plot(
                [dot.x for dot in dots],
                [dot.y for dot in dots],
                OTHERS[others % len(OTHERS)],
                color="black",
                markersize=4,
                markeredgewidth=0.9,
                zorder=3,
            )
            handles[name] = handle
            others += 1
    names = sorted(
        [name for name in handles if by_colour and name not in series], key=lambda name: -int(name.split()[0])
    )
    entries = [(handles[name], name) for name in [*names, *[name for name in handles if name in series]]]
    entries += _open_entry(axes, figure, series)
    axes.legend(
        [handle for handle, _ in entries], [drawn(name) for _, name in entries], loc=_free_corner([dot for dots in series.values() for dot in dots]), frameon=True, framealpha=0.9, edgecolor="none",
        borderpad=0.3, handletextpad=0.4, labelspacing=0.3, handlelength=1.2,
    )  # fmt: skip
    return labels


def _told_apart(points: Sequence[PlotPoint]) -> Callable[[PlotPoint], str]:
    """What tells the points of a series apart: their alpha, their resolution, or the end of the model's name."""
    if len({point.alpha for point in points}) > 1:
        return lambda point: f"{float(point.alpha):g}"
    if len({point.resolution for point in points}) > 1 and len({point.model for point in points}) == 1:
        return lambda point: str(point.resolution)
    shared = len(os.path.commonprefix([point.model for point in points]))  # noqa: RUF071  (of names, not of paths)
    return lambda point: point.model[shared:].replace("_", ".")


def _free_corner(dots: Sequence[Dot]) -> str:
    """The corner the points leave free: accuracies rise with the cost, errors fall."""
    cheapest, dearest = min(dots), max(dots)
    return "lower right" if dearest.y > cheapest.y else "upper right"


def _marker(axes: Any, dots: Sequence[Dot], colour: str, marker: str) -> Any:
    """The points of one colour: filled where the paper prints them, open where another source stands in."""
    handle = None
    for open_ in (False, True):
        chosen = [dot for dot in dots if (dot.source > 0) is open_]
        if chosen:
            (drawn,) = axes.plot(
                [dot.x for dot in chosen], [dot.y for dot in chosen], marker, markersize=3.6 if open_ else 4.6,
                markeredgewidth=0.8 if open_ else 0.4, markerfacecolor="white" if open_ else colour,
                markeredgecolor=colour if open_ else "white", zorder=2,
            )  # fmt: skip
            handle = handle or drawn
    return handle


def _open_entry(axes: Any, figure: Figure, series: dict[str, list[Dot]]) -> list[tuple[Any, str]]:
    """The legend's word on open markers, where there are any beside filled ones."""
    keys = list(figure.sources)
    found = sorted({dot.source for dots in series.values() for dot in dots if dot.source and not dot.foreign})
    if not found:
        return []
    (handle,) = axes.plot([], [], "o", color="black", markerfacecolor="white", markersize=3.6, markeredgewidth=0.8)
    return [(handle, f"open: {', '.join(keys[number] for number in found)}")]


def _ticks(axes: Any) -> None:
    """Ticks at 1, 2 and 5 times the powers of ten, more of them on a short axis, written out."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    low, high = axes.get_xlim()
    digits = (1, 2, 5) if high > 15 * low else (1, 1.5, 2, 3, 5, 7)
    major = [digit * 10.0**power for power in range(-2, 6) for digit in digits if low <= digit * 10.0**power <= high]
    minor = [
        digit * 10.0**power for power in range(-2, 6) for digit in range(1, 10) if low <= digit * 10.0**power <= high
    ]
    axes.xaxis.set_major_locator(FixedLocator(major))
    axes.xaxis.set_minor_locator(FixedLocator([tick for tick in minor if tick not in major]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
