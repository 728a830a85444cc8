"""Outer grids of arrays."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from mbcost.dims import NO_ROUNDING, Dim
from mbcost.errors import MbcostError
from mbcost.network import Network, Variant
from mbcost.quantities import BITS, AnyBits, measured
from mbcost.separated.arrays.factors import Evaluated, Factors, bounded
from mbcost.separated.arrays.reading import Array, Rationals
from mbcost.separated.forms import separate
from mbcost.separated.grid import Grid

__all__ = ["ArrayGrid", "amounts"]


def amounts(quantity: str, bits: AnyBits, counts: Iterable[Array]) -> Array:
    """The largest of some counts, point by point, in the unit of the quantity that they are counts of."""
    known = measured(quantity)
    left = iter(counts)
    count = next(left)
    for other in left:  # one at a time: a peak is the largest of dozens
        count = np.maximum(count, other)
    if known.derived or known.in_bits:
        bounded([(int(count.max(initial=0)), max(known.width(bits), known.factor))])
    return known.amount(count, bits)  # type: ignore[no-any-return]


def exactly(counts: list[Any]) -> Array:
    """Counts as an array of int64; what is rational as one of objects, each a Fraction."""
    flat = [count for row in counts for count in (row if isinstance(row, list) else [row])]
    if any(isinstance(count, Fraction) for count in flat):
        return np.array(counts, dtype=object)
    bounded([(max(flat), 1)])
    return np.array(counts, dtype=np.int64)


TILE = 128
"""Alphas and resolutions that are looked at together: of most forms none is the largest anywhere among them."""


def _largest(forms: list[Factors]) -> Iterable[Array]:
    """The products of some forms; of several their largest, found once for all alphas that give the same network."""
    if len(forms) == 1:
        return [forms[0].product()]
    columns = np.stack([p for form in forms for p in form.p], axis=1)
    rows = np.ascontiguousarray(columns).view(np.dtype((np.void, columns.dtype.itemsize * columns.shape[1])))
    _, first, index = np.unique(rows.ravel(), return_index=True, return_inverse=True)
    first.sort()  # neighbours stay neighbours
    place = np.empty(len(first), dtype=np.intp)
    place[index.ravel()[first]] = np.arange(len(first))
    kept = [
        Factors([p[first] for p in form.p], form.q, (len(first), form.shape[1]), constant=form.constant)
        for form in forms
    ]
    return [_highest(kept)[place[index.ravel()]]]


def _highest(forms: list[Factors]) -> Array:
    """The largest of some forms at every point: those that can be, tile by tile.

    No factor is below 0, so over a tile a form is at least the sum of products of its least factors, and at most that of
    its largest; one whose most is not above another's least is nowhere the largest there.
    """
    count_a, count_r = forms[0].shape
    tiles = [np.arange(0, count, TILE) for count in (count_a, count_r)]
    ends = [
        [sum(np.multiply.outer(end.reduceat(p, tiles[0]), end.reduceat(q, tiles[1])) for p, q in zip(one.p, one.q, strict=True)) for one in forms]
        for end in (np.minimum, np.maximum)
    ]  # fmt: skip
    least, most = (np.stack([np.broadcast_to(end, (len(tiles[0]), len(tiles[1]))) for end in found]) for found in ends)
    wanted = most > least.max(axis=0)
    best = least.argmax(axis=0)
    np.put_along_axis(wanted, best[None], True, axis=0)
    if any((array < 0).any() for one in forms for array in (*one.p, *one.q)):
        wanted[...] = True
    found = np.empty((count_a, count_r), dtype=np.int64)
    for i, top in enumerate(tiles[0].tolist()):
        block = found[top : top + TILE]
        written = np.zeros(len(tiles[1]), dtype=bool)
        for one, tile in zip(forms, wanted[:, i], strict=True):
            for j in np.flatnonzero(tile).tolist():
                across = slice(j * TILE, (j + 1) * TILE)
                part = [p[top : top + TILE] for p in one.p], [q[across] for q in one.q]
                made = Factors(*part, block[:, across].shape, constant=one.constant).product()
                block[:, across] = np.maximum(block[:, across], made) if written[j] else made
                written[j] = True
    return found


class ArrayGrid(Grid):
    """Costs over an outer grid of arrays: the totals are int64 arrays, one row an alpha, one column a resolution.

    Examples
    --------
    >>> import mbcost
    >>> found = mbcost.load("mobilenet_v1").grid(np.array([0.5, 1]), np.array([128, 224]))
    >>> found.mult_adds
    array([[ 49160192, 149497088],
           [186400768, 568740352]])
    """

    def __init__(self, network: Network, alphas: Rationals, heights: Array, widths: Array, variant: Variant) -> None:
        self.network = network
        self.bits: AnyBits = BITS
        self.variant = variant
        self.multipliers, self.heights, self.widths = alphas, heights, widths
        for array in (alphas.numerators, heights):
            if array.ndim != 1:
                raise MbcostError(
                    f"the alphas and the resolutions of a grid have one axis each, not {array.ndim}",
                    help="`cost` broadcasts arrays",
                )
            if not array.size:
                raise MbcostError("the grid has no points", help="give at least one alpha and one resolution")
        self._check_rule()
        self.separated = separate(network, variant) if variant.convention.whole else None  # an array's numbers are
        self._arrays: dict[str, Array] = {}
        self._at: Evaluated | None = None
        if self.separated is not None:
            at = Evaluated(self.separated, alphas, heights, widths)
            if at.valid:
                self._at = at
            else:
                self._explain()

    def _explain(self) -> None:
        """Raise the first error of the grid, in the words of the walk."""
        assert self.separated is not None  # noqa: S101  (only asked where it separates)
        alpha = next((alpha for alpha in self.alphas if self.separated.at_alpha(alpha) is None), self.alphas[0])
        size = next((size for size in self.resolutions if self.separated.at_size(size) is None), self.resolutions[0])
        self._point(alpha, size, ())

    def _check_rule(self) -> None:
        """Whether the widths can vary as they are to vary, and stay whole."""
        numerators, denominator = self.multipliers
        rule = self.network.rounding if self.variant.rounding is None else self.variant.rounding
        if (numerators != denominator).any():
            alpha = self.multipliers.at(int((numerators != denominator).argmax()))
            self.network.resolved(self.variant.with_alpha(alpha))
        if rule == NO_ROUNDING:
            raise MbcostError(
                "rounding none gives widths that are fractions, and an array holds whole numbers",
                help="give lists instead of arrays, or another rounding",
            )

    def __len__(self) -> int:
        return len(self.multipliers.numerators) * len(self.heights)

    @property
    def alphas(self) -> tuple[Fraction, ...]:  # type: ignore[override]
        """The alphas, exact."""
        return tuple(Fraction(n, self.multipliers.denominator) for n in self.multipliers.numerators.tolist())

    @property
    def resolutions(self) -> tuple[tuple[int, int], ...]:  # type: ignore[override]
        """Height and width of every resolution."""
        return tuple(zip(self.heights.tolist(), self.widths.tolist(), strict=True))

    @property
    def mult_adds(self) -> Any:
        """Mult-adds of the whole network."""
        return self.total("mult_adds")

    @property
    def params(self) -> Any:
        """Parameters of the whole network."""
        return self.total("params")

    @property
    def evaluated(self) -> Evaluated | None:
        """The separated cost at the alphas and at the resolutions; None where it does not separate."""
        return self._at

    def factors(self, quantity: str) -> Factors:
        """The ready factors of a quantity that is a sum; only of a network whose cost separates."""
        return self.all_factors(quantity)[0]

    def all_factors(self, quantity: str) -> list[Factors]:
        """The factors of every form whose largest is the quantity."""
        if self._at is None or self.separated is None:
            raise MbcostError(
                f"the cost of `{self.network.name}` does not separate into widths and sizes", help="ask for the total"
            )
        return [self._at.factors(form) for form in self.separated.forms(measured(quantity).base.name, self.bits)]

    def separates(self, quantity: str) -> bool:
        """Whether a quantity is found from its factors, not point by point."""
        return self._at is not None and measured(quantity).base.separates

    def total(self, quantity: str) -> Any:
        """One quantity over the grid."""
        if quantity not in self._arrays:
            if self.separates(quantity):
                self._arrays[quantity] = amounts(quantity, self.bits, _largest(self.all_factors(quantity)))
            else:
                self._arrays[quantity] = self._by_points(quantity)
        return self._arrays[quantity]

    def _by_points(self, quantity: str) -> Array:
        """Point by point, where the cost does not separate."""
        rows = [[self.at(alpha, size, quantity) for size in self.resolutions] for alpha in self.alphas]
        return exactly(rows)

    def at(self, alpha: Fraction, size: tuple[int, int], quantity: str) -> Dim:
        """One point, counted on its own."""
        return self._point(alpha, size, (quantity,))[0]

    def rows(self, *quantities: str) -> Any:
        """For one alpha after another, each quantity at every resolution."""
        for row in zip(*(self.total(quantity) for quantity in quantities), strict=True):
            yield [tuple(values.tolist()) for values in row]
