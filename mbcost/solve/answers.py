"""The whole answer to an inverse question: the best network of every set asked about, and what stands beside it."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from mbcost.errors import MbcostError
from mbcost.network import Network
from mbcost.separated.forms import Size
from mbcost.solve.family import Constraint, bounds_below
from mbcost.solve.members import Accuracy, Member, axes, pareto, points
from mbcost.solve.solver import Solver, Step, largest_size, next_size
from mbcost.solve.steps import END, Edge

__all__ = ["Answer", "Solution"]

SMALL = 512  # the cheapest input a network can have is looked for below this height
DIGITS = 12  # of an alpha written as a decimal


class Solution(NamedTuple):
    """One answer: a network, the step of alphas or the inputs that give it, and the next network, which breaks a limit.

    ``binding`` is the quantity whose limit that is, ``ideal`` the alpha (or, where alpha is given, the rho) at which the
    idealised network would meet the limits.
    """

    alpha: Fraction
    size: Size
    values: dict[str, Any]
    step: Step | None = None
    smallest: Size | None = None
    next: Member | None = None
    binding: str | None = None
    ideal: Fraction | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        """What makes one answer larger than another: more mult-adds, then more params."""
        return self.values["mult_adds"], self.values["params"], self.alpha

    @property
    def below(self) -> Fraction | None:
        """The alpha at which the network of the next step begins; None where none does."""
        return None if self.step is None or self.step.end == END else self.step.end.alpha

    @property
    def decimal(self) -> Fraction:
        """The alpha as a decimal of at most twelve digits that gives the same network, where there is one."""
        unit = 10 ** (DIGITS - len(str(int(self.alpha)).lstrip("0")))
        above = Fraction(-(-self.alpha * unit // 1), unit)
        return above if self.step is not None and Edge(above) < self.step.end else self.alpha


class Answer:
    """All answers of a question, and what stands beside them.

    ``given`` and ``sizes`` are the alphas and the resolutions asked about; what is None is left open, and of two the
    resolution then is the table's own.

    Examples
    --------
    >>> import mbcost
    >>> v1 = mbcost.load("mobilenet_v1")
    >>> best = Answer(v1, Solver(v1), [Constraint("mult_adds", 300_000_000)], None, None, []).solutions[0]
    >>> str(best.alpha), best.values["mult_adds"], best.next.values["mult_adds"]
    ('737/1024', 299816242, 300711737)
    """

    def __init__(
        self,
        network: Network,
        solver: Solver,
        limits: list[Constraint],
        given: list[Fraction] | None,
        sizes: list[Size] | None,
        published: list[Accuracy],
    ) -> None:
        self.network, self.solver, self.limits = network, solver, limits
        self.by_alpha = given is None
        self.by_size = sizes is None and not self.by_alpha
        asked, inputs = given or [Fraction(1)], sizes or [network.base_resolution]
        if self.by_alpha:
            solver.check_width()
        solver.check_many(len(asked), len(inputs))
        for alpha in asked:
            network.resolved(solver.variant._replace(alpha=alpha))
        self.alphas = [alpha for alpha in asked if self.by_alpha or solver.separated.at_alpha(alpha) is not None]
        self.sizes = [size for size in inputs if self.by_size or solver.separated.at_size(size) is not None]
        if not self.alphas or not self.sizes:  # in error everywhere: let it say why
            network.count(solver.variant.at(asked[0], inputs[0]))
        found: list[Solution | None]
        if self.by_alpha:
            found = [self._along_alpha(size) for size in self.sizes]
        elif self.by_size:
            found = [self._along_size(alpha) for alpha in self.alphas]
        else:
            found = [self._at(alpha, size) for alpha in self.alphas for size in self.sizes]
        least = bounds_below(limits)
        self.solutions = sorted([one for one in found if one is not None], key=lambda one: one.order, reverse=not least)
        self.left_out: list[Any] = [
            value for value in (*asked, *inputs) if value not in self.alphas and value not in self.sizes
        ]
        axis = axes(network, published, rounded=solver.rule is not None)
        self.grid = pareto([point for point in points(*axis, solver.at) if self._within(point.values)], smallest=least)
        fitting = [
            (one, values)
            for one in (published if solver.as_shipped else ())
            if (values := solver.at(one.alpha, one.size)) is not None and self._within(values)
        ]
        self.most_accurate = max(fitting, key=lambda pair: pair[0].top1, default=None)

    def _within(self, values: dict[str, Any]) -> bool:
        return not any(limit.broken(values) for limit in self.limits)

    def _along_alpha(self, size: Size) -> Solution | None:
        step = self.solver.largest(size, self.limits)
        if step is None:
            return None
        found = Solution(typed(step), size, step.values, step, ideal=self.solver.ideal_alpha(size, self.limits))
        following = self.solver.following(step, self.limits)
        return found if following is None else found._replace(next=_point(following.step), binding=following.quantity)

    def _along_size(self, alpha: Fraction) -> Solution | None:
        best = largest_size(self.solver, alpha, self.limits)
        if best is None:
            return None
        (size, values), smallest = best
        ideal = self.solver.ideal_rho(alpha, self.limits)
        found = Solution(alpha, size, values, self.solver.step_of(alpha, size), smallest, ideal=ideal)
        following = next_size(self.solver, alpha, size, self.limits)
        return found if following is None else found._replace(next=Member(alpha, *following[0]), binding=following[1])

    def _at(self, alpha: Fraction, size: Size) -> Solution | None:
        values = self.solver.at(alpha, size)
        if values is None or not self._within(values):
            return None
        return Solution(alpha, size, values, self.solver.step_of(alpha, size))

    @cached_property
    def cheapest(self) -> Member:
        """The smallest network asked about; shown where none is within the limits."""
        if self.by_alpha:
            found = [_point(step) for size in self.sizes if (step := self.solver.cheapest(size)) is not None]
        else:
            small = [size for height in range(1, SMALL) if (size := self.solver.size_of(height)) is not None]
            found = points(self.alphas, small if self.by_size else self.sizes, self.solver.at)
        if not found:
            raise MbcostError(
                f"`{self.network.name}` cannot be counted at any of these points", help="try another resolution"
            )
        return min(found, key=lambda point: (point.values["mult_adds"], point.values["params"]))

    def largest(self) -> Member | None:
        """Where the least amounts are out of reach: the largest network within the limits from above."""
        top = [limit for limit in self.limits if not limit.least]
        if not self.by_alpha or len(top) in {0, len(self.limits)}:
            return None
        found = [_point(step) for size in self.sizes if (step := self.solver.largest(size, top)) is not None]
        return max(found, key=lambda point: (point.values["mult_adds"], point.values["params"]), default=None)

    def channels(self, alpha: Fraction, size: Size) -> dict[str, int]:
        """The output channels of every row with weights."""
        cost = self.network.count(self.solver.variant.at(alpha, size))
        return {row.name: row.output[0] for row in cost.rows if row.weights}


def _point(step: Step) -> Member:
    """A step as the point to type."""
    return Member(typed(step), step.size, step.values)


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
