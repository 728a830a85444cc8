"""The whole answer to an inverse question: the best network of every set asked about, and what stands beside it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mbcost.analysis.family import Limit
from mbcost.analysis.separated import Size
from mbcost.analysis.solve import Solver, Step
from mbcost.analysis.solve_size import largest_size, next_size
from mbcost.analysis.standard import Accuracy, Point, axes, pareto, points
from mbcost.dims import parse_alpha
from mbcost.errors import MbcostError
from mbcost.network import Network

__all__ = ["Answer", "Solution", "typed"]

SMALL = 512  # the cheapest input a network can have is looked for below this height


class Solution:
    """One answer: a network, the step it stands on, and what is above it."""

    __slots__ = (
        "alpha", "below", "below_included", "binding", "ideal", "next", "size", "smallest", "start", "start_included", "values",
    )  # fmt: skip

    def __init__(self, alpha: Fraction, size: Size, values: dict[str, Any]) -> None:
        self.alpha = alpha
        self.size = size
        self.values = values
        self.start: Fraction = alpha
        self.start_included = True
        self.below: Fraction | None = None
        self.below_included = False
        self.smallest: Size | None = None
        self.next: dict[str, Any] | None = None
        self.binding: str | None = None
        self.ideal: Fraction | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        """What makes one answer larger than another: more mult-adds, then more params."""
        return self.values["mult_adds"], self.values["params"], self.alpha


class Answer:
    """All answers of a question, and what stands beside them.

    ``given`` and ``sizes`` are the alphas and the resolutions asked about; what is None is left open, and of two the
    resolution then is the table's own.

    Examples
    --------
    >>> import mbcost
    >>> v1 = mbcost.load("mobilenet_v1")
    >>> best = Answer(v1, Solver(v1), [Limit("mult_adds", 300_000_000)], None, None, []).solutions[0]
    >>> str(best.alpha), best.values["mult_adds"], best.next["value"]
    ('737/1024', 299816242, 300711737)
    """

    def __init__(
        self,
        network: Network,
        solver: Solver,
        limits: list[Limit],
        given: list[Fraction] | None,
        sizes: list[Size] | None,
        published: list[Accuracy],
    ) -> None:
        self.network, self.solver, self.limits = network, solver, limits
        self.by_alpha = given is None
        self.by_size = sizes is None and not self.by_alpha
        self.sizes = sizes if sizes is not None else [network.base_resolution]
        self.alphas = given
        found: list[Solution | None]
        if given is None:
            solver.check_width()
            found = [self._along_alpha(size) for size in self.sizes]
        elif sizes is None:
            found = [self._along_size(parse_alpha(alpha)) for alpha in given]
        else:
            found = [self._at(alpha, size) for alpha in given for size in sizes]
        upwards = any(not limit.least for limit in limits)
        self.solutions = sorted([one for one in found if one is not None], key=lambda one: one.order, reverse=upwards)
        axis = axes(network, published, rounded=solver.rule is not None)
        self.grid = pareto([point for point in points(*axis, solver.at) if self._within(point.values)])
        fitting = [
            (one, values)
            for one in published
            if (values := solver.at(one.alpha, one.size)) is not None and self._within(values)
        ]
        self.most_accurate = max(fitting, key=lambda pair: pair[0].top1, default=None)

    def _within(self, values: dict[str, Any]) -> bool:
        return not any(limit.broken(values) for limit in self.limits)

    def _along_alpha(self, size: Size) -> Solution | None:
        self.network.variant(1, None, size)
        step = self.solver.largest(size, self.limits)
        if step is None:
            return None
        found = Solution(typed(step), size, step.values)
        found.start, found.start_included, found.below = step.start.alpha, not step.start.after, step.end.alpha
        found.below_included = step.end.after
        above = self.solver.following(step, self.limits)
        if above is not None:
            found.binding = above.quantity
            found.next = {
                "alpha": str(typed(above.step)),
                "quantity": above.quantity,
                "value": above.step.values[above.quantity],
            }
        found.ideal = self.solver.ideal_alpha(size, self.limits)
        return found

    def _along_size(self, alpha: Fraction) -> Solution | None:
        self.network.variant(alpha, rounding=self.solver.variant.get("rounding"))
        best = largest_size(self.solver, alpha, self.limits)
        if best is None:
            return None
        size, smallest, values = best
        found = Solution(alpha, size, values)
        found.smallest = smallest
        above = next_size(self.solver, alpha, size, self.limits)
        if above is not None:
            found.binding = above[1]
            found.next = {"resolution": list(above[0]), "quantity": above[1], "value": above[2][above[1]]}
        found.ideal = self.solver.ideal_rho(alpha, self.limits)
        return found

    def _at(self, alpha: Fraction, size: Size) -> Solution | None:
        self.network.variant(alpha, None, size, rounding=self.solver.variant.get("rounding"))
        values = self.solver.at(alpha, size)
        return None if values is None or not self._within(values) else Solution(alpha, size, values)

    def cheapest(self) -> Point:
        """The smallest network asked about; shown where none is within the limits."""
        if self.by_alpha:
            steps = [step for size in self.sizes if (step := self.solver.cheapest(size)) is not None]
            found = [Point(typed(step), step.size, step.values) for step in steps]
        else:
            small = [size for height in range(1, SMALL) if (size := self.solver.size_of(height)) is not None]
            found = points(self.alphas or [], small if self.by_size else self.sizes, self.solver.at)
        if not found:  # in error everywhere: let it say why
            self.network.cost(alpha=(self.alphas or [Fraction(1)])[0], resolution=self.sizes[0], **self.solver.variant)
            raise MbcostError(
                f"`{self.network.name}` cannot be counted at any of these points", help="try another resolution"
            )
        return min(found, key=lambda point: (point.values["mult_adds"], point.values["params"]))

    def largest(self) -> Point | None:
        """Where the least amounts are out of reach: the largest network within the limits from above."""
        top = [limit for limit in self.limits if not limit.least]
        if not self.by_alpha or not top or len(top) == len(self.limits):
            return None
        steps = [step for size in self.sizes if (step := self.solver.largest(size, top)) is not None]
        found = [Point(typed(step), step.size, step.values) for step in steps]
        return max(found, key=lambda point: (point.values["mult_adds"], point.values["params"]), default=None)

    def channels(self, alpha: Fraction, size: Size) -> dict[str, int]:
        """The output channels of every row with weights."""
        cost = self.network.cost(alpha=alpha, resolution=size, **self.solver.variant)
        return {row.name: row.output[0] for row in cost.rows if row.weights}


def typed(step: Step) -> Fraction:
    """The alpha of a step to type: its lower end, or where that does not belong to it the shortest decimal inside."""
    if not step.start.after:
        return step.start.alpha
    unit = 10
    while True:
        candidate = Fraction(step.start.alpha * unit // 1 + 1, unit)
        if candidate < step.end.alpha:
            return candidate
        unit *= 10
