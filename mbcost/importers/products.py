"""Products of two maps as the layer table has them: queries with keys, and scores with values.

Which it is shows in the axes that are summed over: channels of both maps in scores, and in the mixture of the values the scores
of a position against the positions of the values. Heads are what is left of the channels, windows what both share of the positions.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from mbcost.importers.views import Dims, Factor, Shape, View, sizes

__all__ = ["Met", "met"]


class Met(NamedTuple):
    """A product: which of the two it is, its heads and windows, and the map that it makes, as a tensor's dims.

    ``swapped`` is whether the second tensor has the queries or the scores; ``terms`` are the products summed in an element.
    """

    product: str
    heads: int
    multi_query: bool
    windows: int
    shape: Shape
    dims: Dims
    terms: int
    swapped: bool = False


def met(a: View, a_map: Shape, b: View, b_map: Shape) -> Met | None:
    """The product of two tensors, [batch, rows, terms] and [batch, terms, columns], of whole maps; None where it is neither.

    >>> query = View(1, ((("c", 64, 3),), (("h", 1, 49),), (("c", 1, 64),)))
    >>> key = View(2, ((("c", 64, 3),), (("c", 1, 64),), (("h", 1, 49),)))
    >>> met(query, (192, 49, 1), key, (192, 49, 1))[:5]
    ('scores', 3, False, 1, (147, 49, 1))
    """
    if len(a.dims) != len(b.dims) or len(a.dims) < 2:
        return None
    found = _met(a.dims, a_map, b.dims, b_map)
    if found is None:
        found = _met(_turned(b.dims), b_map, _turned(a.dims), a_map)
        if found is not None:
            found = found._replace(dims=_turned(found.dims), swapped=True)
    return found


def _turned(dims: Dims) -> Dims:
    """A matrix with rows and columns exchanged."""
    return (*dims[:-2], dims[-1], dims[-2])


def _met(a: Dims, a_map: Shape, b: Dims, b_map: Shape) -> Met | None:
    for dims, shape in ((a, a_map), (b, b_map)):
        whole = sizes(dims)
        if (whole["c"], whole["h"] * whole["w"]) != (shape[0], shape[1] * shape[2]):
            return None
    *batch, rows, summed = a
    *others, terms, columns = b
    count = prod(size for _, _, size in summed)
    inside, own = _channels((*batch, rows)), _channels(tuple(others))
    heads, shared = prod(size for _, _, size in inside), prod(size for _, _, size in own)
    windows = _positions(tuple(batch))
    if _channels((summed,)) != list(summed) or shared not in {heads, 1} or windows != _positions(tuple(others)):
        return None
    there = b_map[1] * b_map[2] // windows
    if _channels((terms,)) == list(terms) and not _channels((columns,)):
        product, width = "scores", there
    elif not _channels((terms,)) and _channels((columns,)) == list(columns) and count == there:
        product, width = "values", b_map[0] // shared
    else:
        return None
    strides: dict[Factor, int] = {}
    stride = width
    for factor in sorted(inside, key=lambda factor: factor[1]):
        strides[factor] = stride
        stride *= factor[2]
    dims = tuple(tuple((f[0], strides.get(f, f[1]), f[2]) for f in dim) for dim in (*batch, rows))
    last = (("c", 1, width),) if width > 1 else ()
    return Met(product, heads, shared < heads, windows, (heads * width, *a_map[1:]), (*dims, last), count)


def _channels(dims: Dims) -> list[Factor]:
    return [factor for dim in dims for factor in dim if factor[0] == "c"]


def _positions(dims: Dims) -> int:
    return prod(size for dim in dims for axis, _, size in dim if axis != "c")
