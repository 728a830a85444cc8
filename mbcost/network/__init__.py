"""Networks: a layer table that can be costed at any width multiplier alpha and resolution multiplier rho.

A :class:`Network` never changes; a variant (alpha, rho or resolution, overrides, ...) is given when its cost is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbcost.dims import (
    MAX_RESOLUTION,
    Arithmetic,
    Idealised,
    Rounding,
    exact_text,
    parse_alpha,
    parse_resolution,
    parse_rho,
    parse_rounding,
    scaled_resolution,
)  # fmt: skip
from mbcost.errors import MbcostError
from mbcost.layers import Row
from mbcost.layers.base import Vanished
from mbcost.network.cost import Cost, Variant
from mbcost.network.edits import Edits
from mbcost.network.layout import lay_out
from mbcost.network.placed import Placed
from mbcost.network.specs import TableSpec
from mbcost.network.walk import PER_IMAGE, scaled, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mbcost.analysis.grid import Grid
    from mbcost.symbolic import Formula

__all__ = ["Cost", "Network", "Variant"]

MAX_BATCH = 1_000_000


class Network:
    """A family of networks: a layer table with alpha and rho left open.

    Made by :func:`mbcost.load`. Immutable.
    """

    __slots__ = ("_placed", "edits", "is_standard", "separated", "table")

    def __init__(
        self,
        table: TableSpec,
        *,
        standard: bool = False,
        edits: tuple[tuple[tuple[str, Any], ...], tuple[str, ...]] = ((), ()),
    ) -> None:
        self.table = table
        self.is_standard = standard
        self.edits = edits
        self._placed: dict[Any, Placed] = {}
        self.separated: dict[Any, Any] = {}  # costs as alpha x resolution, kept by mbcost.analysis.grid

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def base_resolution(self) -> tuple[int, int]:
        """Height and width of the input at rho 1."""
        return self.table.resolution

    @property
    def rounding(self) -> Rounding | None:
        """The table's rule for scaled widths, None where it has none."""
        return self.table.rule()

    @property
    def digest(self) -> str:
        """A hash of the table's text, and of those it is based on: equal texts, equal digests."""
        return self.table.digest()

    def cost(
        self, alpha: object = 1, rho: object = None, resolution: object = None, *, batch: int = 1, rounding: str | None = None,
        convention: str = "torch", standard: bool = False, classes: int | None = None, set: dict[str, Any] | None = None,
        without: tuple[str, ...] | list[str] = (), ideal: bool = False,
    ) -> Cost:  # fmt: skip
        """Cost the network at one point.

        Parameters
        ----------
        alpha : int, str, float, Fraction or NumPy array
            Width multiplier, exact: a float is read as its shortest decimal. Arrays broadcast, and the totals are arrays.
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

            rest = {"batch": batch, "rounding": rounding, "convention": convention, "standard": standard, "classes": classes,
                    "set": set, "without": without}  # fmt: skip
            return cost_at(self, alpha, rho, resolution, rest, ideal)
        variant = self.variant(alpha, rho, resolution, batch, rounding, convention, standard)
        placed = self.placed(standard=variant.standard, classes=classes, set=set, without=tuple(without))
        if set or without or classes is not None or self.edits != ((), ()):
            changes, dropped = self._edited(classes, set, tuple(without))
            variant = variant._replace(changes=tuple(changes.items()), without=dropped)
        arith = (Idealised if ideal else Arithmetic)(
            variant.alpha.numerator, variant.alpha.denominator, variant.rounding
        )
        start = (self.table.channels, *variant.resolution)
        try:
            rows = walk(placed, arith, start)
        except Vanished as error:
            raise self._smallest(error, placed, arith) from None
        return Cost(self, variant, placed, self._counted(rows, variant))

    def recost(self, cost: Cost, placed: Placed) -> Cost:
        """Another layout of the same network at the point where ``cost`` was taken, under the same convention."""
        variant = cost.variant
        arith = Arithmetic(variant.alpha.numerator, variant.alpha.denominator, variant.rounding)
        rows = walk(placed, arith, (self.table.channels, *variant.resolution))
        return Cost(self, variant, placed, self._counted(rows, variant))

    def _counted(self, rows: tuple[Row, ...], variant: Variant) -> tuple[Row, ...]:
        """Rows under the batch and the convention of a variant."""
        if variant.batch != 1:
            rows = tuple(scaled(row, variant.batch, PER_IMAGE) for row in rows)
        if variant.convention != "torch":
            from mbcost.conventions import find

            rows = find(variant.convention).applied(rows)
        return rows

    def variant(
        self, alpha: object = 1, rho: object = None, resolution: object = None, batch: int = 1, rounding: str | None = None,
        convention: str = "torch", standard: bool = False,
    ) -> Variant:  # fmt: skip
        """Read and check the numbers of a question."""
        factor = parse_alpha(alpha)
        if rho is not None and resolution is not None:
            raise MbcostError(
                "rho and a resolution are both given",
                help="keep one: rho scales the table's resolution, the other replaces it",
            )
        multiplier = None if rho is None else parse_rho(rho)
        if resolution is not None:
            size = parse_resolution(resolution)
        else:
            size = self.base_resolution if multiplier is None else scaled_resolution(self.base_resolution, multiplier)
        if type(batch) is not int or not 1 <= batch <= MAX_BATCH:
            raise MbcostError(
                f"batch (={batch!r:.40}) must be a whole number from 1 to {MAX_BATCH:,}", help="1 counts one image"
            )
        if factor != 1 and self.table.one_width:
            raise MbcostError(
                f"`{self.name}` was imported at one width: which of its channels alpha {exact_text(factor)} scales is not known",
                help="import it with --vary and the builder's width argument, or keep alpha 1",
            )
        rule = self.rounding if rounding is None else parse_rounding(rounding)
        if rule is None and factor != 1:
            raise MbcostError(
                f"`{self.name}` has no width to vary: its table names no rounding, and alpha is {exact_text(factor)}",
                help="give --rounding floor, divisor:8, floor+divisor:8 or none (in Python: rounding=...), or keep alpha 1",
            )
        return Variant(factor, size, multiplier, batch, rule, convention, standard or self.is_standard)

    def placed(
        self,
        *,
        standard: bool = False,
        classes: int | None = None,
        set: dict[str, Any] | None = None,
        without: tuple[str, ...] = (),
    ) -> Placed:
        """The layers of a variant; laid out once and kept."""
        key: Any = (standard, classes, tuple(sorted((k, str(v)) for k, v in set.items())) if set else (), without)
        placed = self._placed.get(key)
        if placed is None:
            placed = lay_out(self.table, Edits(*self._edited(classes, set, without)))
            if not placed.layers:
                raise MbcostError(f"`{self.name}` has no rows left", help="drop fewer rows")
            if standard or self.is_standard:
                from mbcost.network.twin import standard_twin

                placed = standard_twin(placed)
            self._placed[key] = placed
        return placed

    def grid(self, alphas: Sequence[object], resolutions: Sequence[object] | None = None, **variant: Any) -> Grid:
        """Cost the network over an outer grid of alphas and resolutions, exact and fast; the other options are those of :meth:`cost`.

        Lists give lists of integers; NumPy arrays give int64 arrays.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").grid(["0.25", "0.5"], [128, 224]).mult_adds
        [(13570048, 41030272), (49160192, 149497088)]
        """
        from mbcost.analysis.grid import grid

        return grid(self, alphas, resolutions, **variant)

    def standard(self) -> Network:
        """The standard twin: a network with each depthwise + pointwise pair as the convolution it factorises.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").standard().cost().mult_adds
        4867293184
        """
        return Network(self.table, standard=True, edits=self.edits)

    def having(
        self,
        *,
        set: dict[str, Any] | None = None,
        without: tuple[str, ...] | list[str] = (),
        classes: int | None = None,
    ) -> Network:
        """The same family with fields of rows replaced and rows dropped.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").having(classes=120).cost().mult_adds
        567839232
        """
        changes, dropped = self._edited(classes, set, tuple(without))
        return Network(self.table, standard=self.is_standard, edits=(tuple(changes.items()), dropped))

    def _edited(
        self, classes: int | None, set: dict[str, Any] | None, without: tuple[str, ...]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The network's own overrides and dropped rows, and those of a variant on top."""
        changes = {**dict(self.edits[0]), **(set or {})}
        if classes is not None:
            if type(classes) is not int or classes < 1:
                raise MbcostError(
                    f"classes (={classes!r:.40}) must be a whole number of at least 1", help="1000 is ImageNet's"
                )
            changes["classifier.out_channels"] = classes
        return changes, (*self.edits[1], *without)

    def formula(self) -> Formula:
        """The closed form in alpha and rho, idealised and realised (imports SymPy).

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").formula().idealised.mult_adds
        1024000*alpha + rho**2*(539492352*alpha**2 + 28224000*alpha)
        """
        from mbcost.symbolic import Formula

        return Formula(self)

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
