"""Memory as figures: what is alive at each step, the roofline of a network, and modelled times over ridge points.

The amounts are exact where they are made; they become floats where matplotlib draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mbcost.errors import MbcostError
from mbcost.escape import figure
from mbcost.plot import COLOURS, COLUMN, GREY, MARKERS, MILLION, Form, picture

if TYPE_CHECKING:
    from mbcost.memory.liveness import Moment
    from mbcost.memory.roofline import Roofline

__all__ = ["MOST_RIDGE_POINT", "layers", "model_times", "time_at", "timeline", "turns"]

MOST_RIDGE_POINT = 500
"""Up to where modelled times are drawn, as in MobileNetV4's comparison (arXiv:2404.10518, section 3)."""


def timeline(steps: Sequence[Moment], bytes_of: Callable[[int], int], title: str, form: Form) -> bytes:
    """Bytes alive at each step, as bars; those of the peak are marked."""

    def draw(axes: Any) -> None:
        held = [bytes_of(moment.total) for moment in steps]
        most = max(held)
        colours = [COLOURS[1] if amount == most else COLOURS[0] for amount in held]
        axes.bar(range(1, len(held) + 1), [amount / 1024 for amount in held], width=1.0, color=colours)
        axes.set_xlabel("step")
        axes.set_ylabel("alive (KiB)")
        first = held.index(most)
        axes.annotate(
            f"{most:,} bytes at {figure(steps[first].name)}", (first + 1, most / 1024), (0.98, 1.01), fontsize=6, ha="right",
            va="bottom", textcoords="axes fraction", arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": GREY},
        )  # fmt: skip
        axes.set_xlim(0.5, len(held) + 0.5)

    return _picture(draw, title, form)


def layers(found: Roofline, title: str, form: Form) -> bytes:
    """The roofline at a ridge point, with a point a layer: mult-adds a byte against the share of the peak it reaches."""
    points = [layer for layer in found.layers if layer.mult_adds and layer.bytes]
    if not points or not found.ridge_point:
        raise MbcostError("a roofline has a ridge point above 0", help="give --ridge-point 31.2, or a --device")

    def draw(axes: Any) -> None:
        ridge = float(found.ridge_point)
        at = [float(layer.intensity or 0) for layer in points]
        low, high = min([*at, ridge]) / 2, max([*at, ridge]) * 2
        axes.plot([low, ridge, high], [low / ridge, 1, 1], color="black", zorder=1)
        for number, group in enumerate(dict.fromkeys(layer.kind for layer in points)):
            own = [layer for layer in points if layer.kind == group]
            axes.plot(
                [float(layer.intensity or 0) for layer in own], [float(layer.mult_adds / layer.time) for layer in own],
                MARKERS[number % len(MARKERS)], color=COLOURS[number % len(COLOURS)], markersize=3, markerfacecolor="white",
                markeredgewidth=0.8, label=figure(group.replace("_", " ")), zorder=2,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel("mult-adds a byte")
        axes.set_ylabel("of the peak")
        axes.legend(loc="lower right", frameon=False)

    return _picture(draw, title, form)


def model_times(networks: Sequence[tuple[str, Roofline]], title: str, form: Form) -> bytes:
    """The modelled time of networks over ridge points from 0, where it is the mult-adds, to 500."""

    def draw(axes: Any) -> None:
        for number, (name, found) in enumerate(networks):
            points = turns(found)
            axes.plot(
                list(map(float, points)), [float(time_at(found, point)) / MILLION for point in points],
                color=COLOURS[number % len(COLOURS)], linestyle=("-", "--", ":")[number // len(COLOURS) % 3], label=figure(name),
            )  # fmt: skip
        axes.set_xlim(0, MOST_RIDGE_POINT)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("ridge point (mult-adds a byte)")
        axes.set_ylabel("modelled time (M mult-adds at the peak)")
        axes.legend(loc="upper left", frameon=False)

    return _picture(draw, title, form)


def turns(found: Roofline) -> list[Fraction]:
    """The ridge points at which a layer begins to wait for memory: between them the modelled time is a straight line.

    >>> import mbcost
    >>> from mbcost.memory.roofline import roofline
    >>> points = turns(roofline(mbcost.load("mobilenet_v1").cost(), Fraction(0)))
    >>> points[0], points[-1], len(points)
    (Fraction(0, 1), Fraction(500, 1), 22)
    """
    inner = {layer.intensity for layer in found.layers if layer.intensity and layer.intensity < MOST_RIDGE_POINT}
    return [Fraction(0), *sorted(inner), Fraction(MOST_RIDGE_POINT)]


def time_at(found: Roofline, ridge_point: Fraction) -> Fraction:
    """The modelled time at another ridge point.

    >>> import mbcost
    >>> from mbcost.memory.roofline import model_time, roofline
    >>> v2 = mbcost.load("mobilenet_v2").cost()
    >>> time_at(roofline(v2, Fraction(0)), Fraction(40)) == model_time(v2, Fraction(40))
    True
    """
    return sum([max(Fraction(layer.mult_adds), ridge_point * layer.bytes) for layer in found.layers], Fraction(0))


def _picture(draw: Callable[[Any], None], title: str, form: Form) -> bytes:
    """One pair of axes with a title."""

    def fill(canvas: Any) -> None:
        axes = canvas.subplots()
        draw(axes)
        axes.set_title(figure(title), fontsize=6, wrap=True, pad=12)
        axes.grid(visible=True, linewidth=0.3, color="#D9D9D9")
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)

    return picture(fill, COLUMN[1], form, title, "the amounts")
