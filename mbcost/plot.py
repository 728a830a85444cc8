"""Figures for a paper: PNG, SVG and PDF, legible at column width, in colours everyone can tell apart.

The only module that imports matplotlib (the extra `plot`), by its object interface. The same matplotlib draws the same
bytes: no dates, a fixed salt for names, and the fonts that matplotlib itself ships.
"""

from __future__ import annotations

import os
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from mbcost.errors import MbcostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mbcost.papers.points import PlotPoint
    from mbcost.papers.specs import Figure

__all__ = ["draw", "save"]

COLUMN = (3.4, 2.75)
"""Width and height in inches: one column of a two-column paper."""

DOTS_PER_INCH = 300

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's colours, apart for every common kind of colour vision; markers say the same once more."""

MARKERS = ("o", "s", "^", "D", "v", "P")
OTHERS = ("x", "+", "1")
GREY = "#8C8C8C"

STYLE: Any = {
    "svg.hashsalt": "mbcost", "svg.fonttype": "path", "pdf.fonttype": 42, "path.simplify": False,
    "font.family": "DejaVu Sans", "font.size": 7, "axes.labelsize": 7.5, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5, "legend.fontsize": 6,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.4, "lines.linewidth": 0.8,
}  # fmt: skip

NO_DATES: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}

MILLION = 1_000_000

BESIDE = (
    (5, 0, "left", "center"), (-3, 4, "right", "bottom"), (0, 5, "center", "bottom"), (4, -4, "left", "top"),
    (0, -6, "center", "top"), (-6, 0, "right", "center"), (4, 5, "left", "bottom"), (-4, -5, "right", "top"),
)  # fmt: skip
"""Where a label may stand beside its point, the best first: offset in points, and how the text is aligned there."""


class Dot(NamedTuple):
    """A point ready to draw: x in millions, and the number of its source (0 is drawn filled)."""

    x: float
    y: float
    resolution: int
    source: int
    foreign: bool


def draw(figure: Figure, points: Sequence[PlotPoint], kind: str) -> bytes:
    """A published figure as the bytes of a `png`, `svg` or `pdf` file."""
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Canvas
    except ImportError:
        raise MbcostError(
            "figures need matplotlib, which is not installed",
            help="pip install 'mbcost[plot]', or ask for the points: -f csv",
        ) from None
    stream = BytesIO()
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=COLUMN, dpi=DOTS_PER_INCH, layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.add_subplot()
        _axes(axes, figure)
        labels = _series(axes, figure, points)
        _ticks(axes)
        canvas.canvas.draw()
        _place(axes, labels)
        canvas.savefig(stream, format=kind, dpi=DOTS_PER_INCH, metadata=NO_DATES[kind])
    return stream.getvalue()


def _axes(axes: Any, figure: Figure) -> None:
    axes.set_xscale("log")
    axes.set_xlabel(figure.x.title)
    axes.set_ylabel(figure.y.title)
    axes.grid(visible=True, which="major", linewidth=0.3, color="#D9D9D9")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _series(axes: Any, figure: Figure, points: Sequence[PlotPoint]) -> list[tuple[str, float, float]]:
    """Draw lines and markers; returns the labels that stand beside a line, with the point each belongs to."""
    sources = list(figure.sources.values())
    by_colour = figure.colour == "resolution"
    series: dict[str, list[Dot]] = {}
    for point in points:
        percent = 100 * point.y
        foreign = by_colour and point.model != points[0].model
        dot = Dot(
            point.x / MILLION,
            percent.numerator / percent.denominator,
            point.resolution,
            sources.index(point.source),
            foreign,
        )
        series.setdefault(point.series, []).append(dot)
    resolutions = sorted({dot.resolution for dots in series.values() for dot in dots}, reverse=True)
    labels: list[tuple[str, float, float]] = []
    handles: dict[str, Any] = {}
    others = 0
    for number, (name, dots) in enumerate(series.items()):
        foreign = dots[0].foreign
        if by_colour and not foreign:
            axes.plot([dot.x for dot in dots], [dot.y for dot in dots], color=GREY, zorder=1)
            top = max(dots, key=lambda dot: (dot.x, dot.y))
            labels.append((name, top.x, top.y))
            for dot in dots:
                rank = resolutions.index(dot.resolution)
                handle = _marker(axes, [dot], COLOURS[rank % len(COLOURS)], MARKERS[rank % len(MARKERS)])
                handles.setdefault(f"{dot.resolution} × {dot.resolution}", handle)
        elif not foreign:
            colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
            ordered = sorted(dots)
            axes.plot([dot.x for dot in ordered], [dot.y for dot in ordered], color=colour, zorder=1)
            handles[name] = _marker(axes, dots, colour, marker)
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
        [handle for handle, _ in entries], [name for _, name in entries], loc=_free_corner([dot for dots in series.values() for dot in dots]), frameon=True, framealpha=0.9, edgecolor="none",
        borderpad=0.3, handletextpad=0.4, labelspacing=0.3, handlelength=1.2,
    )  # fmt: skip
    return labels


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
                [dot.x for dot in chosen], [dot.y for dot in chosen], marker, color=colour, markersize=3.6, markeredgewidth=0.8,
                markerfacecolor="white" if open_ else colour, zorder=2,
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


def _place(axes: Any, labels: list[tuple[str, float, float]]) -> None:
    """Write each label where it covers the least: of markers, lines, the legend and the labels before it."""
    renderer = axes.figure.canvas.get_renderer()
    taken = [axes.get_legend().get_window_extent(renderer)]
    spots = [axes.transData.transform(point) for line in axes.get_lines() for point in _dense(line)]
    inside = axes.get_window_extent(renderer)
    for text, x, y in labels:
        best = None
        for dx, dy, across, up in BESIDE:
            note = axes.annotate(
                text, (x, y), xytext=(dx, dy), textcoords="offset points", ha=across, va=up, fontsize=6
            )
            box = note.get_window_extent(renderer)
            covered = sum(box.x0 - 4 < px < box.x1 + 4 and box.y0 - 4 < py < box.y1 + 4 for px, py in spots)
            covered += 50 * sum(box.overlaps(other) for other in taken)
            covered += 50 * (box.x1 > inside.x1 + 30 or box.x0 < inside.x0 or box.y0 < inside.y0)
            if best is None or covered < best[0]:
                if best is not None:
                    best[1].remove()
                best = (covered, note, box)
            else:
                note.remove()
        if best is not None:
            taken.append(best[2])


def _dense(line: Any) -> list[tuple[float, float]]:
    """The points of a line, and nine between each two of a drawn one."""
    xs, ys = [float(x) for x in line.get_xdata()], [float(y) for y in line.get_ydata()]
    points = list(zip(xs, ys, strict=True))
    if line.get_linestyle() == "None":
        return points * 3
    return [
        (x0 + (x1 - x0) * step / 10, y0 + (y1 - y0) * step / 10)
        for (x0, y0), (x1, y1) in pairwise(points)
        for step in range(11)
    ]


def save(data: bytes, path: str) -> None:
    """Replace a file by these bytes in one step: never half of it."""
    temporary = os.path.join(os.path.dirname(path) or os.curdir, f".{os.path.basename(path)}.{os.getpid()}")
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(None, "it is a directory")
        try:
            with open(temporary, "wb") as stream:
                stream.write(data)
            os.replace(temporary, path)
        finally:
            if os.path.lexists(temporary):
                os.unlink(temporary)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MbcostError(
            f"`{path[:200]}` cannot be written: {reason}", help="check the folder and its permissions"
        ) from None
