"""A sweep as a figure: mult-adds over alpha and resolution with a line at every budget, params over alpha below.

The cost is a step function of alpha, and so is what is drawn: each point of the grid has a cell of its own, a budget's line
follows the edges of the cells, and nothing is interpolated. The points of the grid that are within a budget and that no other
point within it exceeds in alpha and in resolution, its Pareto front, are marked in the budget's colour. A grid of one alpha or
of one resolution is drawn as lines.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, TypeAlias

from mbcost.errors import MbcostError
from mbcost.escape import figure
from mbcost.plot import COLOURS, MARKERS, MILLION, Form, picture
from mbcost.separated.grid import Grid
from mbcost.solve.members import Member, pareto

__all__ = ["draw"]

HEIGHT = 3.6
BUDGET_COLOURS = (COLOURS[1], COLOURS[0], COLOURS[2], COLOURS[3], COLOURS[5], COLOURS[4])
MOST_TICKS = 8

Axis: TypeAlias = dict[Any, int]
"""Sampled values in ascending order, each with its place in the grid."""


def draw(grid: Grid, name: str, budgets: list[int], form: Form) -> bytes:
    """The grid as the bytes of a `png`, `svg` or `pdf` file."""
    alphas, sides = _axes_of(grid)
    title = f"Mult-adds and params of {name}"

    def fill(canvas: Any) -> None:
        if len(alphas) == 1 or len(sides) == 1:
            _line(canvas, grid, alphas, sides, budgets, figure(name))
            return
        work, weights = canvas.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        _space(canvas, work, grid, alphas, sides)
        _budgets(canvas, work, grid, alphas, sides, budgets or _levels(grid))
        _params(weights, grid, alphas, figure(name))

    return picture(fill, HEIGHT, form, title, "the points")


def _axes_of(grid: Grid) -> tuple[Axis, Axis]:
    """The alphas and the sides in ascending order, each with its place in the grid."""
    if any(height != width for height, width in grid.resolutions):
        raise MbcostError("a figure of a sweep has square resolutions", help="write -r 96:224:32")
    alphas = dict(sorted((alpha, i) for i, alpha in enumerate(grid.alphas)))
    sides = dict(sorted((size[0], j) for j, size in enumerate(grid.resolutions)))
    if len(alphas) == len(sides) == 1:
        raise MbcostError(
            "a figure of one point has no line",
            help="give several alphas or resolutions: -a 0.25:1.4:0.05 -r 96:224:32",
        )
    return alphas, sides


def edges(values: list[float]) -> list[float]:
    """Where the cells of sampled values meet: half-way between two, and as far beyond the first and the last.

    >>> edges([0.5, 0.75, 1.0])
    [0.375, 0.625, 0.875, 1.125]
    """
    inner = [(low + high) / 2 for low, high in pairwise(values)]
    return [2 * values[0] - inner[0], *inner, 2 * values[-1] - inner[-1]]


def _levels(grid: Grid) -> list[int]:
    """Where nobody asks for budgets: 1, 2 or 5 times a power of ten, as many as lie within the costs and colours tell apart."""
    low, high = min(map(min, grid.mult_adds)), max(map(max, grid.mult_adds))
    found = [digit * 10**power for power in range(19) for digit in (1, 2, 5) if low < digit * 10**power < high]
    return found[-len(BUDGET_COLOURS) :]


def _ticks(axis: Any, values: Axis) -> None:
    """A tick at every sampled value, or at every so many of them."""
    shown = list(values)[:: -(-len(values) // MOST_TICKS)]
    axis.set_ticks([float(value) for value in shown], [f"{float(value):.4g}" for value in shown])


def _space(canvas: Any, axes: Any, grid: Grid, alphas: Axis, sides: Axis) -> None:
    """Mult-adds as shades of grey, on a logarithmic scale, from the least to the most; a cell for every point."""
    from matplotlib.colors import LogNorm

    costs = [[grid.mult_adds[i][j] / MILLION for i in alphas.values()] for j in sides.values()]
    low, high = min(map(min, costs)), max(map(max, costs))
    shades = axes.pcolormesh(
        edges(list(map(float, alphas))), edges(list(map(float, sides))), costs, cmap="Greys", norm=LogNorm(low, high), rasterized=True,
    )  # fmt: skip
    bar = canvas.colorbar(
        shades, ax=axes, label="mult-adds (M)", pad=0.02, fraction=0.06, format=lambda value, _: f"{value:g}"
    )
    bar.ax.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "25" else "")
    axes.set_ylabel("resolution (pixels)")
    _ticks(axes.yaxis, sides)


def _budgets(canvas: Any, axes: Any, grid: Grid, alphas: Axis, sides: Axis, budgets: list[int]) -> None:
    """A line along the cells where a budget ends, and the Pareto front of the points within it."""
    from matplotlib.collections import LineCollection

    handles = []
    for number, budget in enumerate(sorted(budgets)):
        colour = BUDGET_COLOURS[number % len(BUDGET_COLOURS)]
        within = [[grid.mult_adds[i][j] <= budget for j in sides.values()] for i in alphas.values()]
        steps = _steps(within, edges(list(map(float, alphas))), edges(list(map(float, sides))))
        for wide, drawn in ((2.2, "white"), (1.1, colour)):  # with a rim, to be seen on every grey
            axes.add_collection(LineCollection(steps, colors=[drawn], linewidths=wide, capstyle="projecting"))
        points = [
            Member(alpha, (side, side), {})
            for alpha, row in zip(alphas, within, strict=True) for side, fits in zip(sides, row, strict=True) if fits
        ]  # fmt: skip
        front = pareto(points)
        looks = {
            "color": colour, "marker": MARKERS[number % len(MARKERS)], "markersize": 3, "markerfacecolor": "white", "markeredgewidth": 0.8,
        }  # fmt: skip
        axes.plot(
            [float(point.alpha) for point in front],
            [point.size[0] for point in front],
            linestyle="none",
            zorder=3,
            **looks,
        )
        handles.append((axes.plot([], [], **looks)[0], f"at most {budget / MILLION:g} M"))
    if handles:
        canvas.legend(
            [handle for handle, _ in handles], [label for _, label in handles], loc="outside upper center", ncols=3, frameon=False,
            handletextpad=0.2, columnspacing=1,
        )  # fmt: skip


def _steps(within: list[list[bool]], xs: list[float], ys: list[float]) -> list[list[tuple[float, float]]]:
    """The edges between cells that are within a budget and cells that are not."""
    found = []
    for i, column in enumerate(within):
        for j, fits in enumerate(column):
            if i + 1 < len(within) and within[i + 1][j] is not fits:
                found.append([(xs[i + 1], ys[j]), (xs[i + 1], ys[j + 1])])
            if j + 1 < len(column) and column[j + 1] is not fits:
                found.append([(xs[i], ys[j + 1]), (xs[i + 1], ys[j + 1])])
    return found


def _params(axes: Any, grid: Grid, alphas: Axis, name: str) -> None:
    """Params over alpha: a step for every sampled width."""
    params = [grid.params[i][0] / MILLION for i in alphas.values()]
    axes.stairs(params, edges(list(map(float, alphas))), baseline=None, color="black")
    axes.set_ylabel("params (M)")
    axes.set_xlabel(f"width multiplier α of {name}")
    axes.set_ylim(0, 1.05 * max(params))
    _ticks(axes.xaxis, alphas)
    _plain(axes)


def _line(canvas: Any, grid: Grid, alphas: Axis, sides: Axis, budgets: list[int], name: str) -> None:
    """Mult-adds over the one axis that has several values, a mark at each; over alpha the params below."""
    over_alpha = len(alphas) > 1
    values, axis = (alphas, "width multiplier α") if over_alpha else (sides, "resolution (pixels)")
    costs = [grid.mult_adds[i][j] / MILLION for i in alphas.values() for j in sides.values()]
    at = list(map(float, values))
    first, *below = canvas.subplots(2, 1, sharex=True, height_ratios=(3, 1)) if over_alpha else [canvas.subplots()]
    first.stairs(costs, edges(at), baseline=None, color="black", linewidth=0.6)
    first.plot(at, costs, "o", color="black", markersize=2.5)
    for number, budget in enumerate(sorted(budgets)):
        colour = BUDGET_COLOURS[number % len(BUDGET_COLOURS)]
        first.axhline(budget / MILLION, color=colour, linestyle="--", label=f"at most {budget / MILLION:g} M")
    if budgets:
        first.legend(loc="upper left", frameon=False)
    first.set_ylabel("mult-adds (M)")
    first.set_ylim(bottom=0)
    _plain(first)
    where = f"at {next(iter(sides))} x {next(iter(sides))}" if over_alpha else f"at α = {float(next(iter(alphas))):g}"
    if below:
        _params(below[0], grid, alphas, f"{name}, {where}")
    else:
        first.set_xlabel(f"{axis} of {name}, {where}")
        _ticks(first.xaxis, sides)


def _plain(axes: Any) -> None:
    axes.grid(visible=True, linewidth=0.3, color="#D9D9D9")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
