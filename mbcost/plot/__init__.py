"""Figures for a paper: PNG, SVG and PDF, legible at column width, in colours everyone can tell apart.

The only module that imports matplotlib (the extra `plot`), by its object interface. The same matplotlib draws the same
bytes: no dates, a fixed salt for names, and the fonts that matplotlib itself ships unless a style names others.
"""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from mbcost.errors import MbcostError
from mbcost.escape import figure as drawn
from mbcost.escape import html, line
from mbcost.plot.labels import Label, darker, place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mbcost.papers.points import PlotPoint
    from mbcost.papers.specs import Figure

__all__ = ["Form", "draw", "picture"]

COLUMN = (3.4, 2.75)
"""Width and height in inches: one column of a two-column paper."""


class Form(NamedTuple):
    """What a figure is to be: its kind (`png`, `svg` or `pdf`), its width in inches, and a style of one's own.

    A wider figure is higher too, by the root of the ratio, so that one over the whole page stays a low one.
    """

    kind: str
    width: float = COLUMN[0]
    style: tuple[tuple[str, str], ...] = ()

    def size(self, height: float) -> tuple[float, float]:
        """Width and height of a figure that is so high at the width of a column.

        >>> Form("pdf", 6.8).size(2.0)
        (6.8, 2.8284271247461903)
        """
        return self.width, height * (self.width / COLUMN[0]) ** 0.5


DOTS_PER_INCH = 300

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's colours, apart for every common kind of colour vision; markers say the same once more."""

MARKERS = ("o", "s", "^", "D", "v", "P")
OTHERS = ("x", "+", "*")
GREY = "#8C8C8C"
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1, 1, 1)), (0, (8, 1.5, 2, 1.5)))
"""How lines that may merge are told apart: whole, dashed, dotted, ..."""

STYLE: Any = {
    "svg.hashsalt": "mbcost", "svg.fonttype": "none", "pdf.fonttype": 42, "text.parse_math": False, "path.simplify": False,
    "font.family": "DejaVu Sans", "font.size": 7, "axes.labelsize": 7.5, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5, "legend.fontsize": 6,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.4, "lines.linewidth": 0.8,
}  # fmt: skip

NO_DATES: dict[str, dict[str, str | None]] = {
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


def draw(figure: Figure, points: Sequence[PlotPoint], form: Form, title: str) -> bytes:
    """A published figure as the bytes of a `png`, `svg` or `pdf` file."""
    return picture(lambda canvas: _fill(canvas, figure, points), COLUMN[1], form, title, "the points")


def picture(fill: Callable[[Any], None], height: float, form: Form, title: str, instead: str) -> bytes:
    """A canvas, filled, as the bytes of a file; ``height`` is that at the width of a column, ``instead`` what `-f csv` has.

    The title is not drawn: it is what the file says of itself.

    Raises
    ------
    MbcostError
        If matplotlib is not installed, or does not take a value of the style.
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
        settings: Any = matplotlib.rcParams
        for key, value in form.style:
            try:
                settings[key] = value
            except (KeyError, ValueError) as error:
                raise MbcostError(
                    f"matplotlib does not take `{key}: {line(value)[:60]}`", help=str(error)[:200]
                ) from None
        canvas = Canvas(figsize=form.size(height), dpi=DOTS_PER_INCH, layout="constrained")
        FigureCanvasAgg(canvas)
        fill(canvas)
        about = NO_DATES[form.kind] | {"Title": line(title)}
        canvas.savefig(stream, format=form.kind, dpi=DOTS_PER_INCH, metadata=about)
    return _titled(stream.getvalue(), title) if form.kind == "svg" else stream.getvalue()


def _titled(svg: bytes, title: str) -> bytes:
    """An SVG whose first element is its title, where browsers and readers of screens look for it."""
    head, root, rest = svg.partition(b"<svg")
    attributes, end, body = rest.partition(b">")
    return head + root + attributes + end + f"\n <title>{html(title)}</title>".encode() + body


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
    models = list(dict.fromkeys(point.model for point in points))
    model_of = {point.series: models.index(point.model) for point in points}
    labels: list[Label] = []
    handles: dict[str, Any] = {}
    others = 0
    lines = 0
    for number, (name, dots) in enumerate(series.items()):
        foreign = dots[0].foreign
        if by_colour and not foreign:
            _joined(axes, dots, name, "#5C5C5C", DASHES[lines % len(DASHES)])
            lines += len(dots) > 1
            top = max(dots, key=lambda dot: (dot.x, dot.y))
            labels.append(Label(drawn(name), top.x, top.y, "black", name))
            for dot in dots:
                rank = resolutions.index(dot.resolution)
                handle = _marker(axes, [dot], COLOURS[rank % len(COLOURS)], MARKERS[rank % len(MARKERS)], name)
                handles.setdefault(f"{dot.resolution} × {dot.resolution}", handle)
        elif not foreign:
            colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
            _joined(axes, sorted(dots), name, colour, DASHES[model_of[name] % len(DASHES)])
            above = [dot for other in list(series.values())[number + 1 :] for dot in other]
            hidden = [dot for dot in dots if any(_near(dot, other) for other in above)]
            handles[name] = _marker(axes, [dot for dot in dots if dot not in hidden], colour, marker, name)
            _marker(axes, hidden, colour, marker, name, larger=2.4)
            labels += [Label(drawn(dot.label), dot.x, dot.y, darker(colour), name) for dot in dots if dot.label]
        else:
            (handle,) = axes.plot(
                [dot.x for dot in dots],
                [dot.y for dot in dots],
                OTHERS[others % len(OTHERS)],
                color="black",
                markersize=4,
                markeredgewidth=0.9,
                zorder=3,
                label=name,
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


def _joined(axes: Any, dots: Sequence[Dot], name: str, colour: str, dashes: Any) -> None:
    """A line through the points of a series, with a white rim so that it is seen where it crosses another."""
    xs, ys = [dot.x for dot in dots], [dot.y for dot in dots]
    axes.plot(xs, ys, color="white", linewidth=1.8, zorder=1, label=name)
    axes.plot(xs, ys, color=colour, linestyle=dashes, dash_capstyle="butt", zorder=1, label=name)


def _near(one: Dot, other: Dot) -> bool:
    """Whether two markers cover each other: within 4 % on the axis of costs and half a percent on the other."""
    return abs(one.x / other.x - 1) < 0.04 and abs(one.y - other.y) < 0.5


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


def _marker(axes: Any, dots: Sequence[Dot], colour: str, marker: str, name: str, larger: float = 0) -> Any:
    """The points of one colour: filled where the paper prints them, open where another source stands in.

    What others will cover is ``larger``, so that its rim is seen.
    """
    handle = None
    for open_ in (False, True):
        chosen = [dot for dot in dots if (dot.source > 0) is open_]
        if chosen:
            (drawn,) = axes.plot(
                [dot.x for dot in chosen], [dot.y for dot in chosen], marker, markersize=(3.6 if open_ else 4.6) + larger,
                markeredgewidth=0.8 if open_ else 0.4, markerfacecolor="white" if open_ else colour,
                markeredgecolor=colour if open_ else "white", zorder=1.5 if larger else 2, label=name,
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
