"""The grid every MobileNet table uses, its Pareto front, and the published point with the best accuracy within limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple

from mbcost.dims import Dim, parse_alpha, parse_resolution, parse_rho, scaled_resolution
from mbcost.network import Network

__all__ = ["ALPHAS", "RHOS", "Accuracy", "Member", "accuracies", "axes", "pareto", "points"]

ALPHAS = tuple(Fraction(n, 4) for n in (1, 2, 3, 4))
"""The width multipliers of the MobileNets paper (Table 6)."""

RHOS = tuple(Fraction(n, 7) for n in (4, 5, 6, 7))
"""Its resolution multipliers: 128, 160, 192 and 224 pixels (Table 7)."""

ACCURACY_COLUMNS = ("top1", "top1_last")
ACCURACY_KEYS = {"model", "alpha", "rho", "resolution", "quantity", "unit", "note"}

Size = tuple[int, int]


class Member(NamedTuple):
    """One member of a family with its costs by quantity."""

    alpha: Fraction
    size: Size
    values: dict[str, Dim]


class Accuracy(NamedTuple):
    """A published accuracy: top-1 in percent, of which network, and where it is printed."""

    name: str
    alpha: Fraction
    size: Size
    top1: Fraction
    source: str


def axes(
    network: Network, published: Iterable[Accuracy] = (), *, rounded: bool = False
) -> tuple[list[Fraction], list[Size]]:
    """The standard grid of a network: the alphas and resolutions its checkpoints have, or else those of the first paper.

    A network without a rule for its widths has only alpha 1, unless one is given (``rounded``).

    >>> import mbcost
    >>> alphas, sizes = axes(mbcost.load("mobilenet_v1"))
    >>> [str(alpha) for alpha in alphas], [height for height, _ in sizes]
    (['1/4', '1/2', '3/4', '1'], [128, 160, 192, 224])
    """
    found = list(published)
    if found:
        return sorted({point.alpha for point in found}), sorted({point.size for point in found})
    alphas = list(ALPHAS) if rounded or network.rounding is not None else [Fraction(1)]
    return alphas, [scaled_resolution(network.base_resolution, rho) for rho in RHOS]


def points(
    alphas: Iterable[Fraction], sizes: Iterable[Size], cost: Callable[[Fraction, Size], dict[str, Dim] | None]
) -> list[Member]:
    """The costs over a grid, without the points at which the network is in error."""
    sizes = list(sizes)
    found = []
    for alpha in alphas:
        for size in sizes:
            values = cost(alpha, size)
            if values is not None:
                found.append(Member(alpha, size, values))
    return found


def pareto(found: Iterable[Member], *, smallest: bool = False) -> list[Member]:
    """The points that no other exceeds in alpha or in resolution without falling behind in the other.

    The ``smallest`` ones are those that no other is below.

    >>> grid = [Member(Fraction(n, 4), (side, side), {}) for n, side in ((1, 224), (2, 192), (2, 160), (3, 96))]
    >>> [(str(point.alpha), point.size[0]) for point in pareto(grid)]
    [('1/4', 224), ('1/2', 192), ('3/4', 96)]
    """
    front: list[Member] = []
    sign = -1 if smallest else 1
    for point in sorted(
        found, key=lambda point: point[:2], reverse=not smallest
    ):  # what could exceed it comes before it
        height, width = point.size
        if not any(sign * (other.size[0] - height) >= 0 <= sign * (other.size[1] - width) for other in front):
            front.append(point)
    return front if smallest else front[::-1]


def accuracies(network: Network, papers: Iterable[Any]) -> list[Accuracy]:
    """The published top-1 accuracies of a model's own checkpoints, from the tables of paper files.

    Rows that describe another network (other settings than alpha and resolution) or 8-bit weights are left out; the
    first file that has a point is believed.
    """
    found: dict[tuple[Fraction, Size], Accuracy] = {}
    for paper in papers:
        for table in paper.tables:
            for cell in table.cells:
                setting = cell.setting
                if (
                    cell.column not in ACCURACY_COLUMNS
                    or setting.get("model") != network.name
                    or set(setting) - ACCURACY_KEYS
                    or "8-bit" in cell.row
                ):
                    continue
                alpha = parse_alpha(setting.get("alpha", 1))
                size = network.base_resolution
                if "resolution" in setting:
                    size = parse_resolution(setting["resolution"])
                elif "rho" in setting:
                    size = scaled_resolution(size, parse_rho(setting["rho"]))
                point = Accuracy(cell.row, alpha, size, Fraction(cell.published), f"{paper.title}, {table.title}")
                found.setdefault((alpha, size), point)
    return list(found.values())
