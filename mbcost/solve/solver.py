"""The inverse question: the largest network within limits, exactly.

At a fixed resolution the cost is a step function of alpha (:mod:`mbcost.solve.steps`). Wherever it can only grow, the
last step within the limits is found by bisection over exact rationals. Where it cannot be known to grow (a layer that is
absent at some alphas, channels that a number of groups must divide), a lower bound of the cost that only grows says
above which alpha nothing can be within the limits, and the steps below it are counted one by one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from mbcost.dims import MAX_ALPHA, MAX_RESOLUTION, NO_ROUNDING, Dim
from mbcost.separated.forms import Size
from mbcost.solve.family import Constraint, Family, bounds_below, worst
from mbcost.solve.steps import END, START, Edge, between, inside

__all__ = ["Next", "Sized", "Solver", "Step", "largest_size", "next_size"]

FEW = 64  # places at which bisection over alpha gives way to bisection over the places themselves


class Step(NamedTuple):
    """A step of the cost: all alphas from ``start`` up to ``end`` give the same network. ``alpha`` is one of them."""

    start: Edge
    end: Edge
    alpha: Fraction
    size: Size
    values: dict[str, Dim]


class Next(NamedTuple):
    """The next step that breaks a limit, and which."""

    step: Step
    quantity: str


class Solver(Family):
    """Steps of one network's cost along alpha.

    Examples
    --------
    >>> import mbcost
    >>> solver = Solver(mbcost.load("mobilenet_v1"))
    >>> best = solver.largest((224, 224), [Constraint("mult_adds", 300_000_000)])
    >>> str(best.start), str(best.end), best.values["mult_adds"]
    ('737/1024', '369/512', 299816242)
    """

    def step_at(self, start: Edge, end: Edge, size: Size) -> Step | None:
        """The costs of a step; None where the network is in error."""
        alpha = inside(start, end)
        values = self.at(alpha, size)
        return None if values is None else Step(start, end, alpha, size, values)

    def largest(self, size: Size, limits: list[Constraint]) -> Step | None:
        """The last step along alpha that is within every limit; None if there is none.

        Without a limit from above it is the first step that reaches every least amount.
        """
        least = self._turn(lambda alpha: self.reaches(alpha, size, limits))
        last = self._turn(lambda alpha: self.over(alpha, size, limits))
        for step in self.upward(size, least) if bounds_below(limits) else self.downward(size, last):
            if step.end <= least:
                return None
            if not any(limit.broken(step.values) for limit in limits):
                return self._whole(step)
        return None

    def following(self, step: Step, limits: list[Constraint]) -> Next | None:
        """The next network up that breaks a limit, and the limit it breaks most; None where nothing above breaks one.

        Without a limit from above it is the next network down.
        """
        least = bounds_below(limits)
        further = self.downward(step.size, step.start) if least else self.upward(step.size, step.end)
        for other in further:
            broken = [limit for limit in limits if limit.least == least and limit.broken(other.values)]
            if broken:
                return Next(self._whole(other), worst(broken, other.values))
        return None

    def step_of(self, alpha: Fraction, size: Size) -> Step | None:
        """The step an alpha stands on; None where widths do not vary in steps."""
        if not self.widths or self.rule is None or self.rule == NO_ROUNDING:
            return None
        found = next(self.upward(size, Edge(alpha)), None)
        return None if found is None else self._whole(found)

    def cheapest(self, size: Size) -> Step | None:
        """The first step of all: the smallest network of the family at a resolution."""
        found = next(self.upward(size, START), None)
        return None if found is None else self._whole(found)

    def downward(self, size: Size, end: Edge) -> Iterator[Step]:
        """The steps below a place, from the highest to the lowest, without those in error."""
        while end > START:
            reach = self._reach
            while True:
                low = max(Fraction(0), end.alpha - reach)
                starts = [place for place in between(self.widths, self.stepped, low, end.alpha) if place < end]
                if starts or not low:
                    break
                reach *= 2
            if not low:
                starts.insert(0, START)
            for start in reversed(starts):
                step = self.step_at(start, end, size)
                if step is not None:
                    yield step
                end = start

    def upward(self, size: Size, start: Edge) -> Iterator[Step]:
        """The steps from a place on, from the lowest to the highest, without those in error."""
        while start < END:
            reach = self._reach
            while True:
                high = min(Fraction(MAX_ALPHA), start.alpha + reach)
                ends = [place for place in between(self.widths, self.stepped, start.alpha, high) if place > start]
                if ends or high == MAX_ALPHA:
                    break
                reach *= 2
            if high == MAX_ALPHA and END not in ends:
                ends.append(END)
            for end in ends:
                step = self.step_at(start, end, size)
                if step is not None:
                    yield step
                start = end

    @cached_property
    def _reach(self) -> Fraction:
        """How much of the axis is looked at together: few places lie in it, however large the widths are."""
        return Fraction(FEW + len(self.widths), sum(width.value for width in self.widths))

    def _whole(self, step: Step) -> Step:
        """A step with its neighbours that have the same widths: several widths have places, and not all change there."""
        values = self.widths_at(step.alpha)
        start, end = step.start, step.end
        for below in self.downward(step.size, start):
            if below.end != start or self.widths_at(below.alpha) != values:
                break
            start = below.start
        for above in self.upward(step.size, end):
            if above.start != end or self.widths_at(above.alpha) != values:
                break
            end = above.end
        return step._replace(start=start, end=end, alpha=inside(start, end))

    def _turn(self, holds: Callable[[Fraction], bool]) -> Edge:
        """The place where a property of steps begins that never ends again."""
        low, high = Fraction(0), Fraction(MAX_ALPHA)
        first = Fraction(1, 4 * max([width.value for width in self.widths]))  # before any rule's first place
        if holds(first):
            return START
        while high - low > self._reach:
            middle = (low + high) / 2
            low, high = (low, middle) if holds(middle) else (middle, high)
        start = Edge(low, True)
        inner = [place for place in between(self.widths, self.stepped, low, high) if place > start]
        places = [start, *inner, Edge(high, True)]  # from one to the next is one step
        return places[bisect_left(range(len(places) - 1), True, key=lambda i: holds(inside(places[i], places[i + 1])))]


# ---- along the resolution, at a fixed alpha

PATIENCE = 20_000  # resolutions looked at one by one before giving up on the one above


class Sized(NamedTuple):
    """An input that a network of the family can have, and its costs."""

    size: Size
    values: dict[str, Dim]


def largest_size(family: Family, alpha: Fraction, limits: list[Constraint]) -> tuple[Sized, Size] | None:
    """The largest input within every limit at a fixed alpha, and the smallest of the same cost.

    Without a limit from above it is the first input that reaches every least amount.
    """
    first = _turn(family, lambda size: family.reaches(alpha, size, limits))
    last = _turn(family, lambda size: family.over(alpha, size, limits)) - 1
    heights = range(first, last + 1) if bounds_below(limits) else range(last, first - 1, -1)
    for found in _inputs(family, alpha, heights):
        if not any(limit.broken(found.values) for limit in limits):
            smallest = found.size
            for lower in _inputs(family, alpha, range(found.size[0] - 1, 0, -1)):
                if lower.values != found.values:
                    break
                smallest = lower.size
            return found, smallest
    return None


def next_size(family: Family, alpha: Fraction, size: Size, limits: list[Constraint]) -> tuple[Sized, str] | None:
    """The next input up that breaks a limit, and which; the next one down where all limits are least amounts."""
    least = bounds_below(limits)
    heights = range(size[0] - 1, 0, -1) if least else range(size[0] + 1, MAX_RESOLUTION + 1)
    for other in islice(_inputs(family, alpha, heights), PATIENCE):
        broken = [limit for limit in limits if limit.least == least and limit.broken(other.values)]
        if broken:
            return other, worst(broken, other.values)
    return None


def _inputs(family: Family, alpha: Fraction, heights: Iterable[int]) -> Iterator[Sized]:
    """The inputs of some heights, without those at which the network is in error."""
    for height in heights:
        size = family.size_of(height)
        values = None if size is None else family.at(alpha, size)
        if size is not None and values is not None:
            yield Sized(size, values)


def _turn(family: Family, holds: Callable[[Size], bool]) -> int:
    """The height from which on a property holds that never ends again; above all heights where it never holds."""
    low, high = 1, MAX_RESOLUTION + 1
    while low < high:
        middle = (low + high) // 2
        size = family.size_of(middle)
        if middle > family.network.base_resolution[0] if size is None else holds(size):
            high = middle
        else:
            low = middle + 1
    return low
