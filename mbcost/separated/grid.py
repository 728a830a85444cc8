"""Costs over a grid of width multipliers and resolutions, exact, at the price of a few products a point.

The cost of a network separates (:mod:`mbcost.separated.trace`): total = sum of p_k(alpha) * q_k(resolution) over the few
distinct sizes of its maps. The p_k are evaluated once an alpha, the q_k once a resolution. For one alpha the whole row of
the grid is then a handful of products of long integers: the q_k of all resolutions stand side by side, 64 bits each, in
one integer, so that a product with p_k is all products with it. Where the cost does not separate, every point is counted
on its own, with the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from operator import mul
from struct import pack, unpack

from mbcost.dims import Dim, whole
from mbcost.network import PLAIN, Network, Variant
from mbcost.quantities import BITS, AnyBits, Quantity, measured
from mbcost.separated.forms import Form, Separated, Size, separate
from mbcost.separated.polynomial import Values

__all__ = ["Grid"]

SLOT = 64


class Grid:
    """Costs over an outer grid of alphas and resolutions.

    Attributes
    ----------
    alphas : tuple of Fraction
    resolutions : tuple of (height, width)
    mult_adds, params
        One row an alpha, one column a resolution: lists of tuples of exact integers.
    bits : int or Bits
        The bit width of quantities in bytes.

    Examples
    --------
    >>> import mbcost
    >>> found = mbcost.load("mobilenet_v1").grid(["0.5", "0.75", 1], [160, 192, 224])
    >>> found.mult_adds[1]
    (166396800, 239273472, 325400448)
    >>> next(iter(found))
    (Fraction(1, 2), (160, 160), 76524800, 1331592)
    """

    def __init__(
        self, network: Network, alphas: Sequence[Fraction], resolutions: Sequence[Size], variant: Variant = PLAIN
    ) -> None:
        self.network = network
        self.bits: AnyBits = BITS
        self.alphas = tuple(alphas)
        self.resolutions = tuple(resolutions)
        self.variant = variant
        varied = next((alpha for alpha in self.alphas if alpha != 1), None)
        if varied is not None:
            network.resolved(variant.with_alpha(varied))  # whether the width can vary at all
        self.separated = separate(network, variant)
        self._sides = self._at_sizes() if self.separated is not None else None
        self._totals: dict[str, list[tuple[Dim, ...]]] = {}

    def _at_sizes(self) -> list[Values] | None:
        """The sides at every resolution; the first resolution in error raises it."""
        assert self.separated is not None  # noqa: S101  (only asked where it separates)
        found = []
        for size in self.resolutions:
            values = self.separated.at_size(size)
            if values is None:
                self._point(self.alphas[0], size, ())
                return None
            found.append(values)
        return found

    def _point(self, alpha: Fraction, size: Size, quantities: Sequence[str]) -> list[Dim]:
        """One point, counted on its own; an error in its own words."""
        cost = self.network.count(self.variant.at(alpha, size))
        return [cost.total(quantity, self.bits) for quantity in quantities]

    @property
    def mult_adds(self) -> list[tuple[int, ...]]:
        """Mult-adds of the whole network, one row an alpha."""
        return self.total("mult_adds")

    @property
    def params(self) -> list[tuple[int, ...]]:
        """Parameters of the whole network, one row an alpha."""
        return self.total("params")

    def total(self, quantity: str) -> list[tuple[Dim, ...]]:
        """One quantity over the grid, as :meth:`mbcost.network.Cost.total` has it at one point."""
        if quantity not in self._totals:
            self._totals[quantity] = [row for (row,) in self.rows(quantity)]
        return self._totals[quantity]

    def __iter__(self) -> Iterator[tuple[Fraction, Size, Dim, Dim]]:
        for alpha, (mult_adds, params) in zip(self.alphas, self.rows("mult_adds", "params"), strict=True):
            for size, work, weights in zip(self.resolutions, mult_adds, params, strict=True):
                yield alpha, size, work, weights

    def __repr__(self) -> str:
        alphas, sizes = len(self.alphas), len(self.resolutions)
        return f"<Grid of {self.network.name}: {alphas} alpha{'s' * (alphas != 1)} x {sizes} resolution{'s' * (sizes != 1)}>"

    def __len__(self) -> int:
        return len(self.alphas) * len(self.resolutions)

    def rows(self, *quantities: str) -> Iterator[list[tuple[Dim, ...]]]:
        """For one alpha after another, each quantity at every resolution; nothing is kept."""
        asked = [measured(quantity) for quantity in quantities]
        if self.separated is None or self._sides is None or not all(quantity.base.separates for quantity in asked):
            for alpha in self.alphas:
                yield self._counted(alpha, quantities)
            return
        columns = [_Column(quantity, self.bits, self.separated, self._sides) for quantity in asked]
        before: list[Dim] | None = None
        row: list[tuple[Dim, ...]] = []
        for alpha in self.alphas:
            widths = self.separated.widths(alpha)
            if widths is None or widths != before:  # on a fine grid most alphas give the network of the one before
                values = self.separated.at_alpha(alpha)
                if values is None:
                    row, before = self._counted(alpha, quantities), None
                else:
                    row, before = [column.row(values) for column in columns], widths
            yield row

    def check(self) -> None:
        """Raise the error of the first alpha that has one, before any row is asked for."""
        before: list[Dim] | None = None
        if self.separated is None:
            return
        for alpha in self.alphas:
            widths = self.separated.widths(alpha)
            if widths is None or widths != before:
                if self.separated.at_alpha(alpha) is None:
                    self._counted(alpha, ())
                before = widths

    def _counted(self, alpha: Fraction, quantities: Sequence[str]) -> list[tuple[Dim, ...]]:
        points = [self._point(alpha, size, quantities) for size in self.resolutions]
        return list(zip(*points, strict=True)) or [() for _ in quantities]

    def ideal(self, quantity: str) -> Iterator[tuple[Dim, ...]]:
        """The idealised amount of a sum, row by row: nothing rounded, strides dividing evenly; Fractions where not whole."""
        sides = (
            [] if self.separated is None else [self.separated.at_size(size, ideal=True) for size in self.resolutions]
        )
        form = None if self.separated is None else self.separated.forms(quantity)[0]
        q = [] if form is None else [form.q(values) for values in sides if values is not None]
        for alpha in self.alphas:
            values = None if self.separated is None else self.separated.at_alpha(alpha, ideal=True)
            if form is None or values is None:
                costs = [self.network.count(self.variant.at(alpha, size), ideal=True) for size in self.resolutions]
                yield tuple(cost.total(quantity) for cost in costs)
            else:
                p = form.p(values)
                yield tuple(whole(sum(map(mul, p, column))) for column in q)


class _Column:
    """One quantity at all resolutions: the largest of its forms, in the quantity's own unit."""

    __slots__ = ("amount", "forms", "plain", "products")

    def __init__(self, quantity: Quantity, bits: AnyBits, separated: Separated, sides: list[Values]) -> None:
        self.forms = separated.forms(quantity.base.name, bits)
        self.products = [_Products(form, [form.q(values) for values in sides]) for form in self.forms]
        self.plain = len(self.forms) == 1 and not quantity.derived and not quantity.in_bits
        self.amount = lambda count: quantity.amount(count, bits)

    def row(self, values: Values) -> tuple[Dim, ...]:
        """Its amounts where the widths have these values."""
        rows = [product.row(form.p(values)) for form, product in zip(self.forms, self.products, strict=True)]
        return rows[0] if self.plain else tuple(map(self.amount, map(max, *rows) if len(rows) > 1 else rows[0]))


class _Products:
    """sum of p_k * q_k for all resolutions at once: each q_k is one long integer with a resolution in every 64 bits."""

    __slots__ = ("columns", "constant", "format", "largest", "packed", "width")

    def __init__(self, form: Form, columns: list[list[Dim]]) -> None:
        self.columns = columns
        self.width = len(columns)
        self.constant = form.sides in ([()], [])
        self.format = f"<{self.width}Q"
        by_side = list(zip(*columns, strict=True)) if columns else []
        self.largest = [max(q) for q in by_side]
        self.packed = (
            [int.from_bytes(pack(self.format, *q), "little") for q in by_side]
            if all(type(q) is int for column in columns for q in column) and all(q < 1 << SLOT for q in self.largest)
            else None
        )

    def row(self, p: list[Dim]) -> tuple[Dim, ...]:
        """The sums at all resolutions."""
        if self.constant:
            return tuple(p or [0]) * self.width
        if self.packed is not None and all(type(x) is int for x in p) and sum(map(mul, p, self.largest)) < 1 << SLOT:
            return unpack(self.format, sum(map(mul, p, self.packed)).to_bytes(self.width * SLOT // 8, "little"))
        return tuple([whole(sum(map(mul, p, column))) for column in self.columns])
