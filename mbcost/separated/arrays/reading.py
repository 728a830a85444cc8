"""Arrays of alphas and resolutions, read exactly."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from mbcost.dims import MAX_ALPHA, MAX_RESOLUTION, parse_alpha, parse_resolution, parse_rho
from mbcost.errors import MbcostError

__all__ = ["INT64_END", "Array", "Rationals", "distinct", "outer", "rationals", "sides"]

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

PLACES = 12
INT64_END = 1 << 63


class Rationals(NamedTuple):
    """Exact rationals: integer numerators over one denominator."""

    numerators: Array
    denominator: int

    def at(self, index: int) -> Fraction:
        """One of them."""
        return Fraction(int(self.numerators.flat[index]), self.denominator)


def rationals(values: Any, what: str = "alpha") -> Rationals:
    """Read an array of multipliers exactly: a float is its shortest decimal, as everywhere.

    >>> rationals(np.array([0.35, 1.15, 2]))
    Rationals(numerators=array([ 35, 115, 200]), denominator=100)
    """
    parse = parse_alpha if what == "alpha" else parse_rho
    array = np.asarray(values) if hasattr(values, "dtype") else np.array(list(values), dtype=object)
    if array.dtype.kind in "iu":
        found = Rationals(array.astype(np.int64, copy=False), 1)
    elif array.dtype.kind == "f":
        found = _decimals(array, parse)
    elif array.dtype.kind in "OUS":
        exact = [parse(value.item() if hasattr(value, "item") else value) for value in array.ravel().tolist()]
        denominator = lcm(*(value.denominator for value in exact)) if exact else 1
        if denominator >= INT64_END // MAX_ALPHA:
            raise MbcostError(
                f"the common denominator of these values of {what} is above 2^57",
                help="give fewer of them at a time, or a list",
            )
        numerators = [value.numerator * (denominator // value.denominator) for value in exact]
        found = Rationals(np.array(numerators, dtype=np.int64).reshape(array.shape), denominator)
    else:
        raise MbcostError(
            f"{what} must be an array of numbers, not of {array.dtype}",
            help="use floats, integers, or texts such as 3/4",
        )
    for end in (found.numerators.min(initial=1), found.numerators.max(initial=1)):
        if not 1 <= end <= MAX_ALPHA * found.denominator:
            parse(Fraction(int(end), found.denominator))
    return found


def _decimals(array: Array, parse: Any) -> Rationals:
    """Floats as decimals of as few places as serve them all; each must be the float nearest to its decimal."""
    if array.dtype != np.float64:  # of few digits: a decimal of more places could be nearest to the same float
        found, index = np.unique(array, return_inverse=True)
        return _decimals(np.array([float(str(value)) for value in found])[index].reshape(array.shape), parse)
    sample = array.ravel()[:: max(1, array.size // 1000)]
    for places in range(PLACES + 1):
        if _as_decimals(sample, places) is not None and (decimals := _as_decimals(array, places)) is not None:
            return decimals
    exact = [parse(float(str(value))) for value in array.ravel()]  # the first that cannot be read raises its error
    return rationals(np.array(exact, dtype=object).reshape(array.shape))


def _as_decimals(array: Array, places: int) -> Rationals | None:
    """The numerators over 10^places, None where one of the floats is not such a decimal."""
    power = 10**places
    with np.errstate(all="ignore"):
        numerators = array * power
        np.rint(numerators, out=numerators)
        if not (numerators / power == array).all() or not np.abs(numerators).max(initial=0) < 10**PLACES:
            return None
    return Rationals(numerators.astype(np.int64), power)


def sides(values: Any) -> tuple[Array, Array]:
    """Heights and widths of an array of resolutions: sides of squares, or texts such as 192x256."""
    array = np.asarray(values) if hasattr(values, "dtype") else None
    if array is None or array.dtype.kind in "OUS":
        pairs = [parse_resolution(value) for value in (values if array is None else array.ravel().tolist())]
        both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        shape = (len(pairs),) if array is None else array.shape
        return both[:, 0].reshape(shape), both[:, 1].reshape(shape)
    if array.dtype.kind not in "iu":
        raise MbcostError(
            f"resolutions must be an array of whole numbers, not of {array.dtype}",
            help="use integers, or rho for a multiplier",
        )
    wrong = [end for end in (array.min(initial=1), array.max(initial=1)) if not 1 <= end <= MAX_RESOLUTION]
    if wrong:
        raise MbcostError(
            f"resolution {wrong[0]} is not 1 to {MAX_RESOLUTION} pixels",
            help="a side is a whole number",
        )
    square = array.astype(np.int64, copy=False)
    return square, square


def outer(first: Array, second: Array) -> tuple[Array, Array] | None:
    """The column and the row whose pairs two arrays of one shape hold, as ``meshgrid`` and ``repeat`` with ``tile`` lay them.

    >>> laid = outer(*np.meshgrid([1, 2], [5, 6, 7]))
    >>> laid[0].tolist(), laid[1].tolist()
    ([[1, 2]], [[5], [6], [7]])
    """
    if first.shape != second.shape or first.size < 2 or first.dtype.kind not in "iuf" or second.dtype.kind not in "iuf":
        return None
    found = _laid(first.ravel(), second.ravel())
    if found is None:
        found = _laid(second.ravel(), first.ravel())
        return None if found is None else found[::-1]
    return found


def _laid(slow: Array, fast: Array) -> tuple[Array, Array] | None:
    """The column and the row of a grid whose column varies slowly; None where the arrays are no such grid."""
    if slow[0] != slow[1]:
        return None
    run = int((slow != slow[0]).argmax()) or slow.size
    if slow.size % run:
        return None
    columns, rows = slow.reshape(-1, run), fast.reshape(-1, run)
    if (columns == columns[:, :1]).all() and (rows == rows[0]).all():
        return columns[:, :1], rows[:1]
    return None


def distinct(values: Array) -> tuple[Array, Array]:
    """The distinct values in ascending order, and for every element the index of its own.

    >>> distinct(np.array([[5, 3], [3, 5]]))
    (array([3, 5]), array([[1, 0],
           [0, 1]]))
    """
    low, high = int(values.min()), int(values.max())
    if high - low > 4 * values.size + 65_536:
        found, index = np.unique(values, return_inverse=True)
        return found, index.reshape(values.shape)
    offset = values - low
    there = np.zeros(high - low + 1, dtype=bool)
    there[offset] = True
    return np.flatnonzero(there) + low, (np.cumsum(there) - 1)[offset]
