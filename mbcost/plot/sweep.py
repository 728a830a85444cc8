"""A sweep as a figure: mult-adds over alpha and resolution with a line at every budget, params over alpha below.

The points of the grid that are within a budget and that no other point within it exceeds in alpha and in resolution, its
Pareto front, are marked in the budget's colour.
"""

from __future__ import annotations

from typing import Any

from mbcost.errors import MbcostError
from mbcost.escape import figure
from mbcost.plot import COLOURS, COLUMN, MARKERS, MILLION, picture
from mbcost.separated.grid import Grid
from mbcost.solve.members import Member, pareto

__all__ = ["draw"]

HEIGHT = 3.4
BUDGET_COLOURS = (COLOURS[1], COLOURS[0], COLOURS[2], COLOURS[3], COLOURS[5], COLOURS[4])


def draw(grid: Grid, name: str, budgets: list[int], kind: str) -> bytes:
    """The grid as the bytes of a `png`, `svg` or `pdf` file."""
    alphas, sides = _axes_of(grid)

    def fill(canvas: Any) -> None:
        work, weights = canvas.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        costs = [[grid.mult_adds[i][j] / MILLION for i in alphas.values()] for j in sides.values()]
        _space(canvas, work, list(map(float, alphas)), list(sides), costs)
        _budgets(work, grid, alphas, sides, costs, budgets)
        weights.plot(list(map(float, alphas)), [grid.params[i][0] / MILLION for i in alphas.values()], color="black")
        weights.set_ylabel("params (M)")
        weights.set_xlabel(f"width multiplier α of {figure(name)}")
        weights.set_ylim(bottom=0)
        weights.grid(visible=True, linewidth=0.3, color="#D9D9D9")
        for side in ("top", "right"):
            weights.spines[side].set_visible(False)

    return picture(fill, (COLUMN[0], HEIGHT), kind, "the points")


def _axes_of(grid: Grid) -> tuple[dict[Any, int], dict[int, int]]:
    """The alphas and the sides in ascending order, each with its place in the grid."""
    if any(height != width for height, width in grid.resolutions):
        raise MbcostError("a figure of a sweep has square resolutions", help="write -r 96:224:32")
    alphas = dict(sorted((alpha, i) for i, alpha in enumerate(grid.alphas)))
    sides = dict(sorted((size[0], j) for j, size in enumerate(grid.resolutions)))
    if len(alphas) < 2 or len(sides) < 2:
        raise MbcostError(
            f"a figure of {len(alphas)} x {len(sides)} points has no area",
            help="give at least two alphas and two resolutions: -a 0.25:1.4:0.05 -r 96:224:32",
        )
    return alphas, sides


def _space(canvas: Any, axes: Any, alphas: list[float], sides: list[int], costs: list[list[float]]) -> None:
    """Mult-adds as shades of grey, on a logarithmic scale."""
    from matplotlib.colors import LogNorm

    low, high = min(map(min, costs)), max(map(max, costs))
    shades = axes.pcolormesh(
        alphas, sides, costs, shading="nearest", cmap="Greys", norm=LogNorm(low / 2, high * 16), rasterized=True
    )
    bar = canvas.colorbar(
        shades, ax=axes, label="mult-adds (M)", pad=0.02, fraction=0.06, format=lambda value, _: f"{value:g}"
    )
    bar.ax.set_ylim(low, high)
    bar.ax.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "25" else "")
    axes.set_ylabel("resolution (pixels)")
    axes.set_xlim(alphas[0], alphas[-1])
    axes.set_ylim(sides[0], sides[-1])


def _budgets(
    axes: Any, grid: Grid, alphas: dict[Any, int], sides: dict[int, int], costs: list[list[float]], budgets: list[int]
) -> None:
    """A line where a budget is met, and the Pareto front of the points below it."""
    low, high = min(map(min, costs)), max(map(max, costs))
    handles = []
    for number, budget in enumerate(sorted(budgets)):
        colour = BUDGET_COLOURS[number % len(BUDGET_COLOURS)]
        if low < budget / MILLION < high:
            axes.contour(
                list(map(float, alphas)), list(sides), costs, levels=[budget / MILLION], colors=[colour], linewidths=1
            )
        within = [
            Member(alpha, (side, side), {})
            for alpha, i in alphas.items()
            for side, j in sides.items()
            if grid.mult_adds[i][j] <= budget
        ]  # fmt: skip
        front = pareto(within)
        (handle,) = axes.plot(
            [float(point.alpha) for point in front], [point.size[0] for point in front], MARKERS[number % len(MARKERS)],
            color=colour, markersize=3, markerfacecolor="white", markeredgewidth=0.8, clip_on=False, zorder=3,
        )  # fmt: skip
        handles.append((handle, f"at most {budget / MILLION:g} M"))
    if handles:
        axes.legend(
            [handle for handle, _ in handles], [label for _, label in handles], loc="lower left", framealpha=0.9, edgecolor="none",
            borderpad=0.3, handletextpad=0.4, labelspacing=0.3,
        )  # fmt: skip
    else:
        lines = axes.contour(list(map(float, alphas)), list(sides), costs, colors=["black"], linewidths=0.6)
        axes.clabel(lines, fontsize=5)
