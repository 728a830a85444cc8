"""The separated cost on arrays: its factors in int64, and their exact product."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from mbcost.dims import NO_ROUNDING, Arithmetic, Dim, Rounding
from mbcost.errors import MbcostError
from mbcost.separated.arrays.reading import INT64_END, Array, Rationals
from mbcost.separated.forms import Form, NotWhole, Separated
from mbcost.separated.polynomial import ALPHA, SIZE

__all__ = ["Evaluated", "Factors", "bounded"]

FLOAT_LIMIT = 1 << 52
BLOCK = (
    1 << 18
)  # multiplications a product does at a time: small enough for the cache, and for BLAS to start no threads
MAGIC = np.int64(0x4330000000000000)  # the bits of the float64 2^52: those of 2^52 + n are these plus n


class Factors:
    """The factors of one quantity, ready to be multiplied: p_k at every alpha, q_k at every resolution.

    >>> three = Factors([np.array([1, 2])], [np.array([10, 20, 30])])
    >>> three.product()
    array([[10, 20, 30],
           [20, 40, 60]])
    """

    __slots__ = ("constant", "floats", "p", "q", "shape")

    def __init__(
        self, p: Sequence[Array], q: Sequence[Array], shape: tuple[int, int] | None = None, *, constant: bool = False
    ) -> None:
        self.shape = shape or (len(p[0]), len(q[0]))
        self.p = p
        self.q = q
        self.constant = constant  # over the resolutions
        pairs = zip(p, q, strict=True)
        largest = bounded([(int(np.abs(x).max(initial=0)), int(np.abs(y).max(initial=0))) for x, y in pairs])
        self.floats: tuple[Array, Array] | None = None
        if largest < FLOAT_LIMIT:
            left = np.ones((self.shape[0], len(p) + 1))
            right = np.empty((len(q) + 1, self.shape[1]))
            for k, (x, y) in enumerate(zip(p, q, strict=True)):
                left[:, k] = x
                right[k] = y
            right[-1] = FLOAT_LIMIT
            self.floats = left, right

    def product(self, out: Array | None = None) -> Array:
        """The sums of p_k * q_k, exact: one row an alpha, one column a resolution."""
        if self.constant and out is None:
            return np.broadcast_to(self.p[0][:, None], self.shape)
        if out is None:
            out = np.empty(self.shape, dtype=np.int64)
        if self.floats is None:
            out[...] = 0
            for x, y in zip(self.p, self.q, strict=True):
                out += np.multiply.outer(x, y)
            return out
        left, right = self.floats
        step = max(1, BLOCK // right.size)
        for start in range(0, self.shape[0], step):
            block = out[start : start + step]
            np.matmul(left[start : start + step], right, out=block.view(np.float64))
            np.subtract(block, MAGIC, out=block)
        return out


def bounded(pairs: list[tuple[int, int]]) -> int:
    """An upper bound of a sum of products; from 2^63 on an error."""
    largest = sum(x * y for x, y in pairs)
    if largest >= INT64_END:
        raise MbcostError(
            f"a total of this grid can reach {largest}, and an array holds whole numbers below 2^63",
            help="choose smaller alphas, resolutions or batches, or give lists: their integers have no bound",
        )
    return largest


class Evaluated:
    """A separated cost on arrays: the values of all widths at some alphas, and of all sides at some resolutions."""

    def __init__(self, separated: Separated, alphas: Rationals, heights: Array, widths: Array) -> None:
        self.separated = separated
        self.alphas = alphas
        self.count = len(alphas.numerators), len(heights)
        arith = Arithmetic(alphas.numerators, alphas.denominator, separated.rounding)
        self.valid = False
        try:
            largest = alphas.at(int(alphas.numerators.argmax()))
            corner = heights.max(initial=1), widths.max(initial=1)
            self._bounds = [*map(max, *(separated.bounds(domain, largest, corner, True) for domain in (ALPHA, SIZE)))]
            self.widths = separated.alpha.run(_Checked(arith))
            self.sides = separated.size.run(_Checked(Arithmetic(1, 1, separated.rounding)), heights, widths)
        except (NotWhole, MbcostError):
            return
        self.valid = bool(np.all(separated.alpha.holds(self.widths)) and np.all(separated.size.holds(self.sides)))

    def factors(self, form: Form) -> Factors:
        """The factors of one quantity."""
        for terms in [*form.widths, *([(monomial, 1)] for monomial in form.sides)]:
            self._fits(terms)
        p = [_filled(value, self.count[0]) for value in form.p(self.widths)]
        q = [_filled(value, self.count[1]) for value in form.q(self.sides)]
        return Factors(p, q, self.count, constant=form.sides == [()])

    def _fits(self, terms: list[tuple[tuple[int, ...], int]]) -> None:
        """Whether no product of a polynomial leaves int64, by the bounds of its atoms."""
        total = 0
        for monomial, factor in terms:
            product = abs(factor)
            for number in monomial:
                product *= self._bounds[number]
            total += product
        bounded([(total, 1)])


def _filled(value: Dim, count: int) -> Array:
    """A factor that does not vary as an array that does not."""
    return value if isinstance(value, np.ndarray) and value.ndim else np.full(count, int(value), dtype=np.int64)


class _Checked(Arithmetic):
    """Arithmetic on arrays whose roundings stay within int64; where one could not, it goes through Python's integers."""

    def __init__(self, arith: Arithmetic) -> None:
        super().__init__(arith.numerator, arith.denominator, arith.rounding)
        self._numerator_bound = (
            int(np.max(arith.numerator, initial=1)) if isinstance(arith.numerator, np.ndarray) else arith.numerator
        )

    def scale(self, width: int, rounding: Rounding | None = None) -> Dim:
        if self._numerator_bound * width >= INT64_END:
            return self._slowly(self.numerator, width, rounding or self.rounding)
        return super().scale(width, rounding)

    def grow(self, width: int, rounding: Rounding | None = None) -> Dim:
        if max(self._numerator_bound, self.denominator) * width >= INT64_END:
            return self._slowly(np.maximum(self.numerator, self.denominator), width, rounding or self.rounding)
        return super().grow(width, rounding)

    def ratio(self, factor: Fraction, width: Dim, rounding: Any) -> Dim:
        if int(np.max(width, initial=1)) * factor.numerator >= INT64_END:
            raise MbcostError("a width of this grid exceeds 2^63", help="choose smaller alphas")
        return super().ratio(factor, width, rounding)

    def round(self, numerator: Dim, denominator: int, rounding: Any) -> Dim:
        if not isinstance(numerator, np.ndarray):
            return super().round(numerator, denominator, rounding)
        divisor = rounding.divisor if rounding is not None else 0
        if 20 * (int(numerator.max(initial=1)) + 2 * (divisor + 1) * denominator) >= INT64_END:
            return self._slowly(numerator, 1, rounding, denominator)
        if rounding is None and (numerator % denominator).any():
            raise NotWhole
        if rounding == NO_ROUNDING:
            raise MbcostError(
                "rounding none gives widths that are fractions, and an array holds whole numbers",
                help="give lists instead of arrays, or another rounding",
            )
        return super().round(numerator, denominator, rounding)

    def _slowly(self, numerators: Array, width: int, rounding: Any, denominator: int | None = None) -> Array:
        plain = Arithmetic(1, 1, self.rounding)
        found = [plain.round(n * width, denominator or self.denominator, rounding) for n in numerators.tolist()]
        return np.array(found, dtype=np.int64)
