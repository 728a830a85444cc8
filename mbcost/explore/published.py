"""What papers publish of a network: points with a top-1 accuracy, from their tables and from their figures."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from mbcost.dims import parse_alpha, parse_resolution, parse_rho, scaled_resolution
from mbcost.network import Network
from mbcost.papers import Paper
from mbcost.papers.settings import merged
from mbcost.papers.specs import Setting
from mbcost.solve.members import ACCURACY_KEYS, Accuracy, accuracies

__all__ = ["models_of", "published"]


def published(network: Network, papers: Iterable[Paper]) -> list[Accuracy]:
    """The published points of a network itself: those of tables, then those that only a figure has.

    >>> import mbcost
    >>> from mbcost.papers import load
    >>> points = published(mbcost.load("mobilenet_v1"), [load("mobilenet_v1")])
    >>> sorted(str(point.top1) for point in points if str(point.alpha) == "3/4")[0], len(points)
    ('309/5', 16)
    """
    papers = list(papers)
    found = {(point.alpha, point.size): point for point in accuracies(network, papers)}
    for paper in papers:
        for figure in paper.figures:
            if "accuracy" not in figure.y.title.lower():
                continue
            for point in figure.points:
                setting = merged(figure.x.setting, point.setting)
                if setting.get("model") == network.name and not set(setting) - ACCURACY_KEYS:
                    alpha, size = parse_alpha(setting.get("alpha", 1)), _size(network, setting)
                    name = f"figure {figure.id}, {point.series}"
                    source = f"{paper.title}, figure {figure.id}: {figure.sources[point.source]}"
                    found.setdefault((alpha, size), Accuracy(name, alpha, size, Fraction(point.y), source))
    return list(found.values())


def _size(network: Network, setting: Setting) -> tuple[int, int]:
    if "resolution" in setting:
        return parse_resolution(setting["resolution"])
    return scaled_resolution(network.base_resolution, parse_rho(setting.get("rho", 1)))


def models_of(paper: Paper) -> list[str]:
    """The networks of which a paper publishes an accuracy, or else all it names: its own first, as their names say.

    >>> from mbcost.papers import load
    >>> models_of(load("mobilenet_v3"))[:2]
    ['mobilenet_v3_large', 'mobilenet_v3_small']
    """
    settings: list[tuple[Setting, bool]] = []
    for table in paper.tables:
        settings += [(cell.setting, cell.column.startswith("top1")) for cell in table.cells]
    for figure in paper.figures:
        settings += [(merged(figure.x.setting, point.setting), True) for point in figure.points]
    named = dict.fromkeys(str(setting["model"]) for setting, _ in settings if "model" in setting)
    measured = dict.fromkeys(str(setting["model"]) for setting, accurate in settings if accurate and "model" in setting)
    return sorted(measured or named, key=lambda model: not model.startswith(paper.name))
