"""The points of a published figure: x computed, y as published, each with the source of its y."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from mbcost.errors import MbcostError, nearest
from mbcost.papers import printed
from mbcost.papers.computing import Computer
from mbcost.papers.settings import merged
from mbcost.papers.specs import Figure, Paper, Setting

__all__ = ["PlotPoint", "figure_of", "points"]


class PlotPoint(NamedTuple):
    """One point: the network it stands for, its exact x, its published y, and where that y was published."""

    series: str
    model: str
    alpha: Fraction
    resolution: int
    x: int
    y: Fraction
    y_text: str
    source: str
    setting: Setting


def figure_of(paper: Paper, id: str) -> Figure:
    """A figure of a paper by its number; an unknown one is an error that lists what exists."""
    known = [figure.id for figure in paper.figures]
    if id not in known:
        raise MbcostError(f"`{paper.name}` has no figure `{id[:40]}`", help=_there_is(id, known, "figures"))
    return paper.figures[known.index(id)]


def points(paper: Paper, figure: Figure) -> tuple[PlotPoint, ...]:
    """The points of a figure, in the order of the paper file.

    >>> from mbcost.papers import load
    >>> paper = load("mobilenet_v1")
    >>> p = points(paper, figure_of(paper, "4"))[5]
    >>> p.series, p.resolution, p.x, p.y_text, p.source.split()[0]
    ('α = 0.75', 192, 239273472, '67.4', "TF-slim's")
    """
    computer = Computer(paper)
    found = []
    for point in figure.points:
        setting = merged(figure.x.setting, point.setting)
        try:
            value = computer.value(setting)
            variant = computer.cost(setting).variant
        except MbcostError as error:
            raise error.at(paper.document.place(point.line, point.at)) from None
        y = printed.read(point.y, figure.y.setting.get("unit", ""))
        found.append(
            PlotPoint(
                point.series, str(setting.get("model", "")), variant.alpha, variant.size[0], int(value), y.value, point.y,
                figure.sources[point.source], setting,
            )
        )  # fmt: skip
    return tuple(found)


def _there_is(word: str, known: list[str], what: str) -> str:
    close = nearest(word, known)
    if close:
        return f"did you mean {close}?"
    return f"its {what} are {', '.join(known)}" if known else f"it has no {what}"
