"""The labels of a figure, each beside its point where it covers the least."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Label", "darker", "place"]

Spot: TypeAlias = tuple[float, float]

NEAR = 8
BESIDE: tuple[tuple[int, int, str, str], ...] = (
    (5, 0, "left", "center"), (-3, 4, "right", "bottom"), (0, 5, "center", "bottom"), (4, -4, "left", "top"),
    (0, -6, "center", "top"), (-6, 0, "right", "center"), (4, 5, "left", "bottom"), (-4, -5, "right", "top"),
    (0, -13, "center", "top"), (0, 12, "center", "bottom"), (0, -20, "center", "top"), (0, 19, "center", "bottom"),
    *[(aside, up, "center", "bottom" if up > 0 else "top") for aside in (-4, 4, -9, 9) for up in (-13, 12, -20, 19)],
    *[(side * out, up * out * slope // 10, "left" if side > 0 else "right", "bottom" if up > 0 else "top")
      for out in (9, 14, 20) for slope in (7, 2, 12) for side in (-1, 1) for up in (1, -1)],
)  # fmt: skip
"""Where a label may stand beside its point, the best first: offset in points, and how the text is aligned there.

What is further off than `NEAR` has a line to its point.
"""


class Label(NamedTuple):
    """A text beside a point; artists that have the name of its series for their label are its own."""

    text: str
    x: float
    y: float
    colour: str
    series: str = ""


def darker(colour: str) -> str:
    """A colour in which small text can be read on white.

    >>> darker("#CC79A7")
    '#995A7D'
    """
    return "#" + "".join(f"{int(colour[i : i + 2], 16) * 3 // 4:02X}" for i in (1, 3, 5))


def place(axes: Any, labels: Sequence[Label]) -> None:
    """Write each label where it covers the least, of markers, lines, the legend and the labels before it, and is nearest to its own."""
    renderer = axes.figure.canvas.get_renderer()
    taken = [axes.get_legend().get_window_extent(renderer)]
    dot = axes.figure.dpi / 72  # a point of print
    lines = [(line.get_label(), _dense(line, dot)) for line in axes.get_lines()]
    spots = [spot for _, found in lines for spot in found]
    leaders: list[Spot] = []
    inside, page = axes.get_window_extent(renderer), axes.figure.bbox
    for text, x, y, colour, series in labels:
        others = [spot for name, found in lines if name != series for spot in found]
        point = axes.transData.transform((x, y))
        tried = []
        for number, (dx, dy, across, up) in enumerate(BESIDE):
            note = axes.annotate(
                text, (x, y), xytext=(dx, dy), textcoords="offset points", ha=across, va=up, fontsize=6, color=colour
            )
            box = note.get_window_extent(renderer)
            end = min(max(point[0], box.x0), box.x1), min(max(point[1], box.y0), box.y1)
            leader = _between(point, end, 20)[:-2] if max(abs(dx), abs(dy)) > NEAR else []
            out = box.x1 > page.x1 or box.y1 > page.y1 or box.x0 < inside.x0 or box.y0 < inside.y0
            hidden = sum(box.overlaps(other) or other.count_contains(leader) > 0 for other in taken)
            crossed = sum(_apart(box, spot) < 1.8 * dot for spot in spots + leaders)
            # Nearer to what another series has than to its own point, a label would be read as the other's.
            strange = not leader and any(_apart(box, spot) < _apart(box, point) + 1.5 * dot for spot in others)
            cut = any(abs(u - a) + abs(v - b) < 3 * dot for a, b in leader[5::5] for u, v in others)
            tried.append(
                (100 * (out + hidden) + 2 * crossed + 6 * strange + 4 * cut + number // 6, number, note, box, leader)
            )
            if tried[-1][0] <= (number + 1) // 6:  # none further on can be better
                break
        _, _, note, box, leader = min(tried)
        for other in tried:
            if other[2] is not note:
                other[2].remove()
        taken.append(box.padded(4))
        leaders += leader
        if leader:
            end = axes.transData.inverted().transform(leader[-1])
            axes.plot([x, end[0]], [y, end[1]], color=colour, linewidth=0.3, zorder=1.4, scalex=False, scaley=False)


def _apart(box: Any, spot: Spot) -> float:
    """How far a spot is from a box, in dots."""
    right, up = (
        max(low - at, at - high, 0) for low, at, high in ((box.x0, spot[0], box.x1), (box.y0, spot[1], box.y1))
    )
    return float((right**2 + up**2) ** 0.5)


def _dense(line: Any, dot: float) -> list[Spot]:
    """Where a line is on the canvas, in dots: its markers, or itself, point by point."""
    data = list(zip(line.get_xdata(), line.get_ydata(), strict=True))
    found = [(x, y) for x, y in line.get_transform().transform(data)] if data else []
    if line.get_linestyle() == "None":
        reach = line.get_markersize() / 2 * dot
        return [(x + dx, y + dy) for x, y in found for dx in (-reach, 0, reach) for dy in (-reach, 0, reach)]
    return [spot for start, end in pairwise(found) for spot in _between(start, end, 40)]


def _between(start: Spot, end: Spot, steps: int) -> list[Spot]:
    """The points of a straight line, its ends among them."""
    return [
        (start[0] + (end[0] - start[0]) * step / steps, start[1] + (end[1] - start[1]) * step / steps)
        for step in range(steps + 1)
    ]
