"""Networks: a layer table that can be costed at any width multiplier alpha and resolution multiplier rho.

A :class:`Network` never changes; a variant (alpha, rho or resolution, overrides, ...) is given when its cost is asked for.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mbcost.dims import MAX_RESOLUTION, Arithmetic, Idealised, Rounding, exact_text, scaled_resolution
from mbcost.errors import MbcostError
from mbcost.layers import Row
from mbcost.layers.base import Vanished
from mbcost.network.cost import Cost
from mbcost.network.edits import Edits
from mbcost.network.layout import lay_out
from mbcost.network.placed import Placed
from mbcost.network.specs import Scaling, TableSpec
from mbcost.network.variant import PLAIN, Variant, variant_of
from mbcost.network.walk import PER_IMAGE, scaled, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Unpack

    from mbcost.analysis.grid import Grid
    from mbcost.conventions import Convention
    from mbcost.network.variant import Words
    from mbcost.symbolic import Formula

__all__ = ["PLAIN", "Cost", "Network", "Variant", "variant_of"]


class Network:
    """A family of networks: a layer table with alpha and rho left open.

    Made by :func:`mbcost.load`. Immutable.
    """

    __slots__ = ("_placed", "own", "scaling", "separated", "table")

    def __init__(self, table: TableSpec, own: Variant = PLAIN, scaling: Scaling | None = None) -> None:
        self.table = table
        self.scaling = scaling
        self.own = own
        self._placed: dict[Any, Placed] = {}
        self.separated: dict[Any, Any] = {}  # costs as alpha x resolution, kept by mbcost.analysis.separated

    @property
    def name(self) -> str:
        """The name of the table, or of its scaling."""
        return self.table.name if self.scaling is None else self.scaling.name

    @property
    def base_resolution(self) -> tuple[int, int]:
        """Height and width of the input at rho 1."""
        scaled = None if self.scaling is None else self.scaling.resolution
        return self.table.resolution if scaled is None else scaled

    @property
    def rounding(self) -> Rounding | None:
        """The table's rule for scaled widths, None where it has none."""
        return self.table.rule()

    @property
    def blocks(self) -> tuple[str, ...]:
        """The names of the blocks of its table and of those that it is based on."""
        names: list[str] = []
        table: Any = self.table
        while table is not None:
            names += table.blocks
            table = table.base.table if table.base else None
        return tuple(names)

    @property
    def digest(self) -> str:
        """A hash of the table's text, and of those it is based on: equal texts, equal digests."""
        return self.table.digest()

    def cost(
        self, alpha: object = None, rho: object = None, resolution: object = None, *, depth: object = None, batch: int = 1,
        rounding: str | Rounding | None = None, convention: str | Convention = "torch", standard: bool = False,
        classes: int | None = None, set: Mapping[str, object] | None = None, without: Iterable[str] = (),
        memory_rule: str = "liveness", ideal: bool = False,
    ) -> Cost:  # fmt: skip
        """Cost the network at one point.

        Parameters
        ----------
        alpha : int, str, float, Fraction or NumPy array
            Width multiplier, exact: a float is read as its shortest decimal. Arrays broadcast, and the totals are arrays.
        depth : int, str, float or Fraction
            Depth multiplier, exact: a repeat is ceil(depth * repeat) copies, unless its row says otherwise.
        rho, resolution
            Resolution multiplier (each side becomes floor(rho * base + 1/2)), or the resolution itself: 192, ``"192x256"``.
        batch : int
            Images a pass; multiplies mult-adds, not params.
        rounding : str, optional
            Replaces the table's rule: ``floor``, ``divisor:8``, ``floor+divisor:8``, ``none``.
        convention : str
            The counting rule: what becomes a mult-add and a param (``mbcost conventions`` lists them).
        standard : bool
            The standard twin: each depthwise + pointwise pair as the convolution it factorises.
        classes, set, without
            Another number of classes, fields of rows replaced, rows dropped.
        memory_rule : str
            What is alive while the network runs (``configs/memory.yaml``), or ``FILE:NAME``.
        ideal : bool
            The idealised network: nothing is rounded, strides divide evenly; costs are Fractions where not whole.

        Examples
        --------
        >>> import mbcost
        >>> v1 = mbcost.load("mobilenet_v1")
        >>> v1.cost().mult_adds, v1.cost(standard=True).mult_adds
        (568740352, 4867293184)
        >>> v1.cost(set={"separable_13.stride": 2}).mult_adds     # Table 1 as it is printed
        533833216
        """
        if hasattr(alpha, "ndim") or hasattr(resolution, "ndim") or hasattr(rho, "ndim"):
            from mbcost.arrays import cost_at

            rest = variant_of(
                None, None, None, batch, rounding, convention, standard, classes, set, without, memory_rule, depth
            )
            return cost_at(self, alpha, rho, resolution, rest, ideal)
        asked = variant_of(
            alpha, rho, resolution, batch, rounding, convention, standard, classes, set, without, memory_rule, depth
        )
        return self.count(asked, ideal=ideal)

    def count(self, variant: Variant, *, ideal: bool = False) -> Cost:
        """Cost the network as a variant asks: :meth:`cost` for a question that has been read."""
        variant = self.resolved(variant)
        placed = self.placed(variant)
        arith = (Idealised if ideal else Arithmetic)(
            variant.alpha.numerator, variant.alpha.denominator, variant.rounding
        )
        try:
            rows = walk(placed, arith, (self.table.channels, *variant.size))
        except Vanished as error:
            raise self._smallest(error, placed, arith) from None
        return Cost(self, variant, placed, counted(rows, variant))

    def recost(self, cost: Cost, placed: Placed) -> Cost:
        """Another layout of the same network at the point where ``cost`` was taken, under the same convention."""
        variant = cost.variant
        arith = Arithmetic(variant.alpha.numerator, variant.alpha.denominator, variant.rounding)
        rows = walk(placed, arith, (self.table.channels, *variant.size))
        return Cost(self, variant, placed, counted(rows, variant))

    def resolved(self, variant: Variant) -> Variant:
        """A variant as this network takes it: with the resolution and the rounding in force, and the network's own changes."""
        variant = self._changed(variant)
        size, rho, base = variant.resolution, variant.rho, self.base_resolution
        if size is None:
            size = base if rho is None else scaled_resolution(base, rho)
        if rho is None and size[0] * base[1] == size[1] * base[0]:
            rho = Fraction(size[0], base[0])
        if variant.alpha != 1 and self.table.one_width:
            raise MbcostError(
                f"`{self.name}` was imported at one width: which of its channels alpha {exact_text(variant.alpha)} scales is not known",
                help="import it with --vary and the builder's width argument, or keep alpha 1",
            )
        rule = self.rounding if variant.rounding is None else variant.rounding
        if rule is None and variant.alpha != 1:
            raise MbcostError(
                f"`{self.name}` has no width to vary: its table names no rounding, and alpha is {exact_text(variant.alpha)}",
                help="give --rounding floor, divisor:8, floor+divisor:8 or none (in Python: rounding=...), or keep alpha 1",
            )
        return variant._replace(resolution=size, rho=rho, rounding=rule)

    def _changed(self, variant: Variant) -> Variant:
        """A variant on top of the network's own, and of the scaling that has its name."""
        own, scaling = self.own, self.scaling
        if scaling is not None:
            alpha, depth = ("alpha" in variant.given, "depth" in variant.given)
            variant = variant._replace(
                alpha=variant.alpha if alpha else scaling.alpha, depth=variant.depth if depth else scaling.depth
            )
        if own.as_written:
            return variant
        return variant._replace(
            standard=own.standard or variant.standard,
            set=tuple({**dict(own.set), **dict(variant.set)}.items()),
            without=(*own.without, *[glob for glob in variant.without if glob not in own.without]),
        )

    def placed(self, variant: Variant = PLAIN) -> Placed:
        """The layers of a variant; laid out once and kept."""
        changed = self._changed(variant)
        key = changed.standard, changed.classes, changed.set, changed.without, changed.depth
        placed = self._placed.get(key)
        if placed is None:
            placed = lay_out(self.table, Edits(changed.fields, changed.without), depth=changed.depth)
            if not placed.layers:
                raise MbcostError(f"`{self.name}` has no rows left", help="drop fewer rows")
            if changed.standard:
                from mbcost.network.twin import standard_twin

                placed = standard_twin(placed)
            self._placed[key] = placed
        return placed

    def grid(
        self, alphas: Sequence[object], resolutions: Sequence[object] | None = None, **variant: Unpack[Words]
    ) -> Grid:
        """Cost the network over an outer grid of alphas and resolutions, exact and fast; the other options are those of :meth:`cost`.

        Lists give lists of integers; NumPy arrays give int64 arrays.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").grid(["0.25", "0.5"], [128, 224]).mult_adds
        [(13570048, 41030272), (49160192, 149497088)]
        """
        from mbcost.analysis.grid import grid

        return grid(self, alphas, resolutions, variant_of(**variant))

    def standard(self) -> Network:
        """The standard twin: a network with each depthwise + pointwise pair as the convolution it factorises.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").standard().cost().mult_adds
        4867293184
        """
        return Network(self.table, self.own._replace(standard=True), self.scaling)

    def having(
        self, *, set: Mapping[str, object] | None = None, without: Iterable[str] = (), classes: int | None = None
    ) -> Network:
        """The same family with fields of rows replaced and rows dropped.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").having(classes=120).cost().mult_adds
        567839232
        """
        changed = self._changed(variant_of(set=set, without=without, classes=classes))
        return Network(self.table, changed._replace(set=tuple(changed.fields.items()), classes=None), self.scaling)

    def formula(self, **variant: Unpack[Words]) -> Formula:
        """The closed form in alpha and rho, idealised and realised (imports SymPy); the options are those of :meth:`cost`.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").formula().idealised.mult_adds
        1024000*alpha + rho**2*(539492352*alpha**2 + 28224000*alpha)
        """
        from mbcost.symbolic import Formula

        return Formula(self, variant_of(**variant))

    def _smallest(self, error: Vanished, placed: Placed, arith: Arithmetic) -> MbcostError:
        """Complete the error of a vanished map with the smallest resolution that works."""
        low, high = 1, MAX_RESOLUTION
        while low < high:
            middle = (low + high) // 2
            try:
                walk(placed, arith, (self.table.channels, middle, middle))
            except Vanished:
                low = middle + 1
            except MbcostError:
                return error
            else:
                high = middle
        error.help = f"the smallest resolution that works is {low}"
        return error

    def __repr__(self) -> str:
        return f"<Network {self.name}>"


def counted(rows: tuple[Row, ...], variant: Variant) -> tuple[Row, ...]:
    """Rows of one image as a variant counts them: under its batch and its convention."""
    if variant.batch != 1:
        rows = tuple(scaled(row, variant.batch, PER_IMAGE) for row in rows)
    return variant.convention.applied(rows)
