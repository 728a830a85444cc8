"""Arrays that broadcast: a cost at every point of them."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from mbcost.dims import MAX_RESOLUTION, Dim
from mbcost.errors import MbcostError
from mbcost.layers import Row
from mbcost.network import Cost, Network, Variant
from mbcost.quantities import BITS, AnyBits
from mbcost.separated.arrays.factors import Factors
from mbcost.separated.arrays.grid import ArrayGrid, amounts, exactly
from mbcost.separated.arrays.reading import Array, Rationals, distinct
from mbcost.separated.forms import Form
from mbcost.separated.polynomial import Poly

__all__ = ["ArrayCost"]

CACHED = 8  # an outer grid may be this many times larger than the points taken from it


class ArrayCost(Cost):
    """A network costed at every point of two broadcast arrays: totals, and the numbers of the rows, are int64 arrays.

    Attributes
    ----------
    shape : tuple of int
        The common shape of the arrays.

    Examples
    --------
    >>> import mbcost
    >>> mbcost.load("mobilenet_v1").cost(alpha=np.array([0.5, 0.75]), resolution=np.array([224, 192])).mult_adds
    array([149497088, 239273472])
    """

    __slots__ = ("_alpha_index", "_common", "_grid", "_size_index", "_totals", "shape")

    def __init__(
        self,
        network: Network,
        alphas: Rationals,
        heights: Array,
        widths: Array,
        variant: Variant,
        shape: tuple[int, ...] | None = None,
    ) -> None:
        self.network = network
        try:
            self._common = np.broadcast_shapes(alphas.numerators.shape, heights.shape)
        except ValueError:
            raise MbcostError(
                f"alphas of shape {alphas.numerators.shape} and resolutions of shape {heights.shape} do not broadcast",
                help="give alpha[:, None] and resolution[None, :] for every pair, or `grid`",
            ) from None
        self.shape = self._common if shape is None else shape
        if 0 in self.shape:
            raise MbcostError("the arrays have no points", help="give at least one alpha and one resolution")
        numerators, self._alpha_index = distinct(alphas.numerators)
        if heights is widths:
            sizes, self._size_index = distinct(heights)
            pairs = sizes, sizes
        else:
            keys, self._size_index = distinct(heights * (MAX_RESOLUTION + 1) + widths)
            pairs = np.divmod(keys, MAX_RESOLUTION + 1)
        self._grid = ArrayGrid(network, Rationals(numerators, alphas.denominator), *pairs, variant)
        first = Fraction(int(numerators[0]), alphas.denominator)
        size = self._grid.resolutions[0]
        self.variant = network.resolved(variant.at(first, size))
        self.placed = network.placed(self.variant)
        self._totals: dict[tuple[str, AnyBits], Array] = {}

    @property
    def rows(self) -> tuple[Row, ...]:  # type: ignore[override]
        """The costed rows: every number an array of the shape, or an integer that is the same at every point."""
        separated = self._grid.separated
        if separated is None or self._grid.evaluated is None:
            raise MbcostError(
                f"the cost of `{self.network.name}` does not separate into widths and sizes",
                help="ask for one point at a time",
            )
        return tuple(Row(*(self._everywhere(value) for value in row)) for row in separated.trace.rows)

    def _everywhere(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._everywhere(item) for item in value)
        return self._value(value) if type(value) is Poly else value

    def _value(self, poly: Poly) -> Dim:
        separated, at = self._grid.separated, self._grid.evaluated
        assert separated is not None  # noqa: S101  (asked for by `rows`, which has checked both)
        assert at is not None  # noqa: S101
        return self._spread(at.factors(Form(separated.trace.separated(poly))))

    @property
    def mult_adds(self) -> Array:  # type: ignore[override]
        """Mult-adds of the whole network."""
        return self.total("mult_adds")  # type: ignore[no-any-return]

    @property
    def params(self) -> Array:  # type: ignore[override]
        """Parameters of the whole network."""
        return self.total("params")  # type: ignore[no-any-return]

    @property
    def layers(self) -> int:
        """How many rows have weights at some point."""
        return sum(1 for row in self._forms() if not (type(row.weights) is int and row.weights == 0))

    @property
    def exact(self) -> bool:
        """Whether every row's cost is known."""
        return all(row.exact for row in self._forms())

    def _forms(self) -> tuple[Row, ...]:
        """The rows as polynomials, or as they are at the first point where the cost does not separate."""
        separated = self._grid.separated
        if separated is not None:
            return separated.trace.rows
        return self.network.count(self.variant).rows

    def total(self, quantity: str, bits: AnyBits = BITS) -> Any:
        """A quantity of the register, or the sum of a numeric field of the rows, at every point."""
        key = quantity, bits
        if key not in self._totals:
            self._grid.bits = bits
            if self._grid.separates(quantity):
                counts = (self._spread(factors) for factors in self._grid.all_factors(quantity))
                self._totals[key] = amounts(quantity, bits, counts)
            else:
                self._totals[key] = self._by_points(quantity)
        return self._totals[key]

    def _by_points(self, quantity: str) -> Array:
        """Every distinct pair on its own, where the cost does not separate."""
        alphas, sizes = np.broadcast_arrays(self._alpha_index, self._size_index)
        pairs = list(zip(alphas.ravel().tolist(), sizes.ravel().tolist(), strict=True))
        grid = self._grid
        known = {(i, j): grid.at(grid.alphas[i], grid.resolutions[j], quantity) for i, j in set(pairs)}
        return exactly([known[pair] for pair in pairs]).reshape(self.shape)

    def _spread(self, factors: Factors) -> Array:
        """The value of a form at every point, from its factors at the distinct alphas and resolutions."""
        count_a, count_r = factors.shape
        rows, columns = self._alpha_index, self._size_index
        if not factors.p:
            found: Array = np.zeros((), dtype=np.int64)
        elif _ordered(rows, count_a, 0) and _ordered(columns, count_r, 1):
            found = factors.product()
        elif factors.constant:
            found = factors.p[0][rows]
        elif count_a * count_r <= CACHED * prod(self._common):
            found = factors.product().ravel().take(rows * count_r + columns)
        else:
            found = np.zeros(self._common, dtype=np.int64)
            for x, y in zip(factors.p, factors.q, strict=True):
                found += x[rows] * y[columns]
        return np.broadcast_to(found, self._common).reshape(self.shape)


def _ordered(index: Array, count: int, axis: int) -> bool:
    """Whether a two-dimensional index runs through all its values in order along one axis."""
    if axis == 1 and index.ndim == 1:
        index = index[None, :]
    return index.ndim == 2 and index.shape[axis] == count == index.size and bool((np.diff(index.ravel()) == 1).all())
