"""Where the channels, rows and columns of a feature map are in a framework's tensor.

Frameworks move the axes of a map about: channels last, tokens, heads, groups for a shuffle. A :class:`View` follows them,
so that a permutation or a reshape costs no row of a table unless a row's shape really changes. Each dim of the tensor is a
list of factors, outermost first; a factor ``(axis, stride, size)`` runs over ``size`` steps of ``stride`` along one axis
of the map. NCHW is ``[[], [c], [h], [w]]``, tokens are ``[[], [h, w], [c]]``; a dim of size 1 has no factors.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple, TypeAlias

__all__ = ["Cut", "Factor", "View", "fresh", "full", "sizes"]

Factor: TypeAlias = tuple[str, int, int]
Dims: TypeAlias = tuple[tuple[Factor, ...], ...]
Shape: TypeAlias = tuple[int, int, int]


class Cut(NamedTuple):
    """A part taken of a factor: from ``start``, each ``step``-th, ``length`` in all."""

    axis: str
    stride: int
    size: int
    start: int
    step: int
    length: int


class View(NamedTuple):
    """A tensor as a view of the map that row number ``part`` puts out.

    ``pads`` are rows and columns added around it (negative: taken away) and ``cuts`` parts taken out, both not yet rows of
    their own: a convolution takes a padding over, a product of slices needs none.
    """

    part: int
    dims: Dims
    pads: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    cuts: tuple[Cut, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether it is the whole map, and no more."""
        return not self.cuts and self.pads == ((0, 0), (0, 0))

    def reshaped(self, shape: tuple[int, ...]) -> View | None:
        """The view under other dims; None where a factor would be cut in no whole pieces."""
        factors = [factor for dim in self.dims for factor in dim][::-1]
        dims: list[tuple[Factor, ...]] = []
        for side in shape:
            taken: list[Factor] = []
            left = side
            while left > 1:
                if not factors:
                    return None
                axis, stride, size = factors.pop()
                if left % size == 0:
                    taken.append((axis, stride, size))
                    left //= size
                elif size % left == 0:  # the outer part of a factor
                    taken.append((axis, stride * (size // left), left))
                    factors.append((axis, stride, size // left))
                    left = 1
                else:
                    return None
            dims.append(merged(taken))
        return None if factors else self._replace(dims=tuple(dims))

    def permuted(self, order: tuple[int, ...]) -> View:
        """The view with its dims in another order."""
        return self._replace(dims=tuple(self.dims[axis] for axis in order))


def merged(factors: list[Factor]) -> tuple[Factor, ...]:
    """Neighbouring factors that run on along one axis, as one."""
    found: list[Factor] = []
    for axis, stride, size in factors:
        if found and found[-1][0] == axis and found[-1][1] == stride * size:
            found[-1] = (axis, stride, size * found[-1][2])
        else:
            found.append((axis, stride, size))
    return tuple(found)


def full(axis: str, size: int) -> tuple[Factor, ...]:
    """A whole axis as the factors of a dim."""
    return ((axis, 1, size),) if size > 1 else ()


def sizes(dims: Dims) -> dict[str, int]:
    """The size of each axis that the dims run over."""
    return {axis: prod(size for dim in dims for a, _, size in dim if a == axis) for axis in "chw"}


def renumbered(dims: Dims) -> Dims:
    """The dims over the part of a map that is left of it: strides as if nothing else had been there."""
    strides: dict[Factor, int] = {}
    for axis in "chw":
        stride = 1
        for factor in sorted({f for dim in dims for f in dim if f[0] == axis}, key=lambda f: f[1]):
            strides[factor] = stride
            stride *= factor[2]
    return tuple(merged([(f[0], strides[f], f[2]) for f in dim]) for dim in dims)


def fresh(part: int, shape: tuple[int, ...], axis: int | None = None) -> tuple[View, Shape]:
    """The view and the map of a tensor that an operation makes: channels at ``axis``, batch first.

    Without an axis, a tensor is channels first if it has four dims or more; of three, the last are channels and a first dim
    above 1 (heads) is part of them.
    """
    n = len(shape)
    if n == 0:
        return View(part, ()), (1, 1, 1)
    if axis is None:
        axis = 1 if n >= 4 else n - 1
    channels = shape[axis]
    rest = [i for i in range(n) if i != axis]
    batch, sides = (rest[0], rest[1:]) if rest else (None, [])
    if n == 1:
        return View(part, (full("c", channels),)), (channels, 1, 1)
    heads = shape[batch] if batch is not None else 1
    # the last side is the columns, all before it are rows
    columns = shape[sides[-1]] if len(sides) > 1 else 1
    rows = prod(shape[i] for i in (sides[:-1] if len(sides) > 1 else sides))
    dims: list[tuple[Factor, ...]] = [()] * n
    dims[axis] = full("c", channels)
    if batch is not None:
        dims[batch] = (("c", channels, heads),) if heads > 1 else ()
    if len(sides) > 1:
        dims[sides[-1]] = full("w", columns)
    stride = 1
    for i in reversed(sides[:-1] if len(sides) > 1 else sides):
        dims[i] = (("h", stride, shape[i]),) if shape[i] > 1 else ()
        stride *= shape[i]
    return View(part, tuple(dims)), (channels * heads, rows, columns)
