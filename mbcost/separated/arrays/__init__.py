"""NumPy arrays of alphas and resolutions: exact costs of a whole sweep at once. Imported only when an array is given.

Alphas become integer numerators over one denominator, everything after is int64. Where a total is known to stay below
2^52 the products of the separated cost (:mod:`mbcost.separated.grid`) go through the float64 matrix product, which is exact
there: every partial sum is a whole number below 2^53. Above that they are int64; at 2^63 there is an error, never a wrong
number.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from mbcost.dims import MAX_RESOLUTION, scaled_resolution
from mbcost.errors import MbcostError
from mbcost.network import Cost, Network, Variant, variant_of
from mbcost.separated.arrays.grid import ArrayGrid
from mbcost.separated.arrays.points import ArrayCost
from mbcost.separated.arrays.reading import INT64_END, Array, outer, rationals, sides

__all__ = ["ArrayCost", "ArrayGrid", "cost_at", "grid_of"]


def grid_of(network: Network, alphas: Any, resolutions: Any, variant: Variant) -> ArrayGrid:
    """An outer grid of which at least one side is an array."""
    return ArrayGrid(network, rationals(alphas), *sides(resolutions), variant)


def cost_at(network: Network, alpha: Any, rho: Any, resolution: Any, variant: Variant, ideal: bool) -> Cost:
    """The cost at every point of arrays that broadcast; NumPy's scalars are plain numbers."""
    if alpha is None:  # the table's own, or its scaling's
        alpha = network.resolved(variant).alpha
    scalars = [_plain(value) for value in (alpha, rho, resolution)]
    if not any(isinstance(value, np.ndarray) for value in scalars):
        point = variant_of(*scalars)
        return network.count(
            variant.with_alpha(point.alpha)._replace(rho=point.rho, resolution=point.resolution), ideal=ideal
        )
    if ideal:
        raise MbcostError(
            "idealised costs are fractions, and an array holds whole numbers", help="ask for one point at a time"
        )
    if rho is not None and resolution is not None:
        variant_of(1, 1, 1)  # the error of both, in its own words
    alpha, rho, resolution = scalars
    shape = None
    size = resolution if rho is None else rho
    if isinstance(alpha, np.ndarray) and isinstance(size, np.ndarray) and (laid := outer(alpha, size)) is not None:
        shape = alpha.shape
        alpha, size = laid
    base_height, base_width = network.base_resolution
    if rho is not None:
        numerators, denominator = rationals(_array(size), "rho")
        if 2 * int(numerators.max(initial=1)) * max(base_height, base_width) + denominator >= INT64_END:
            numerators = numerators.astype(object)
        heights, widths = (
            (2 * numerators * side + denominator) // (2 * denominator) for side in (base_height, base_width)
        )
        wrong = (np.minimum(heights, widths) < 1) | (np.maximum(heights, widths) > MAX_RESOLUTION)
        if wrong.any():
            scaled_resolution(
                (base_height, base_width), Fraction(int(numerators.flat[int(wrong.argmax())]), denominator)
            )
        heights, widths = heights.astype(np.int64), widths.astype(np.int64)
    elif resolution is None:
        heights, widths = np.array(base_height), np.array(base_width)
    elif isinstance(size, np.ndarray):
        heights, widths = sides(size)
    else:
        heights, widths = (side.reshape(()) for side in sides([size]))
    return ArrayCost(network, rationals(_array(alpha)), heights, widths, variant, shape)


def _plain(value: Any) -> Any:
    """A NumPy scalar, or an array without axes, as the plain number it is; of a float its shortest decimal."""
    if not hasattr(value, "ndim"):
        return value
    if value.ndim:
        return np.asarray(value)
    item = value.item()
    return float(str(value)) if isinstance(item, float) else item


def _array(value: Any) -> Array:
    """A plain number as an array without axes; text and fractions stay exact."""
    return value if isinstance(value, np.ndarray) else np.array(value, dtype=object)
