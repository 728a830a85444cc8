"""Networks: a layer table that can be costed at any width multiplier alpha and resolution multiplier rho.

A :class:`Network` never changes; a variant (alpha, rho or resolution, overrides, ...) is given when its cost is asked for.
What else can be asked of one (grids, closed forms, limits, twins) is asked through :mod:`mbcost.api`.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mbcost.dims import MAX_DEPTH, MAX_RESOLUTION, Arithmetic, Idealised, Rounding, exact_text, scaled_resolution
from mbcost.errors import MbcostError
from mbcost.layers import Row, Shape
from mbcost.layers.base import Vanished
from mbcost.network.edits import Edits
from mbcost.network.layout import lay_out
from mbcost.network.placed import Notes, Placed
from mbcost.network.specs import Scaling, TableSpec
from mbcost.network.variant import PLAIN, Variant, variant_of
from mbcost.network.walk import PER_IMAGE, scaled, walk
from mbcost.quantities import BITS, AnyBits, measured

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self, Unpack

    from mbcost.network.variant import Words

__all__ = ["PLAIN", "Cost", "Network", "Variant", "titled", "variant_of"]


class Cost:
    """A costed network: its rows, and their sums.

    Attributes
    ----------
    rows : tuple of Row
        One costed row a layer, in the order of the table.
    mult_adds, params : int
        The totals under the convention: always the sums of the rows.
    weights, biases, norm_params, norm_stats : int
        The parts of the parameters; ``norm_stats`` (running mean and variance) are not trained.
    layers : int
        How many rows have weights, as papers count the layers of a network.
    exact : bool
        Whether the totals are exact; they are a lower bound where a row says ``cost: unknown``.

    Examples
    --------
    >>> import mbcost
    >>> cost = mbcost.load("mobilenet_v1").cost(alpha="0.75", resolution=192)
    >>> cost.mult_adds, cost.params, cost.layers
    (239273472, 2585560, 28)
    """

    __slots__ = ("graphs", "network", "placed", "rows", "variant")

    recorder = None
    """The arithmetic of a recorded walk; a cost has numbers."""

    def __init__(self, network: Network, variant: Variant, placed: Placed, rows: tuple[Row, ...]) -> None:
        self.network = network
        self.placed = placed
        self.variant = variant
        self.rows = rows
        self.graphs: dict[Any, Any] = {}  # its steps in memory by memory rule, once they were asked for

    def total(self, quantity: str, bits: AnyBits = BITS) -> int:
        """A quantity of the register (:mod:`mbcost.quantities`), or the sum of a numeric field of :class:`mbcost.layers.Row`."""
        return measured(quantity).total(self, bits)  # type: ignore[no-any-return]

    @property
    def start(self) -> Shape:
        """The shape of the network's input."""
        return self.network.table.channels, *self.variant.size

    @property
    def batch(self) -> int:
        """How many images a pass has."""
        return self.variant.batch

    @property
    def memory_rule(self) -> str:
        """The memory rule of the question."""
        return self.variant.memory_rule

    @property
    def mult_adds(self) -> int:
        """Mult-adds of the whole network."""
        return sum([row.mult_adds for row in self.rows])

    @property
    def params(self) -> int:
        """Parameters of the whole network."""
        return sum([row.params for row in self.rows])

    @property
    def weights(self) -> int:
        """Weights of convolutions and linear layers."""
        return self.total("weights")

    @property
    def biases(self) -> int:
        """Biases of convolutions and linear layers."""
        return self.total("biases")

    @property
    def norm_params(self) -> int:
        """Gamma and beta of the normalisations."""
        return self.total("norm_params")

    @property
    def norm_stats(self) -> int:
        """Running means and variances of the normalisations."""
        return self.total("norm_stats")

    @property
    def layers(self) -> int:
        """How many rows have weights."""
        return sum(1 for row in self.rows if type(row.weights) is not int or row.weights)

    @property
    def exact(self) -> bool:
        """Whether every row's cost is known."""
        return all(row.exact for row in self.rows)

    @property
    def status(self) -> str:
        """``exact``, or ``lower bound`` where a row says ``cost: unknown``."""
        return "exact" if self.exact else "lower bound"

    def __repr__(self) -> str:
        return f"<Cost of {self.network.name}: {self.mult_adds} mult-adds, {self.params} params>"


class Network:
    """A family of networks: a layer table with alpha and rho left open.

    Made by :func:`mbcost.tables.load`; :func:`mbcost.load` makes the one that answers everything. Immutable.
    """

    __slots__ = ("_placed", "own", "scaling", "separated", "table")

    def __init__(self, table: TableSpec, own: Variant = PLAIN, scaling: Scaling | None = None) -> None:
        self.table = table
        self.scaling = scaling
        self.own = own
        self._placed: dict[Any, Placed] = {}
        self.separated: dict[Any, Any] = {}  # costs as alpha x resolution, kept by mbcost.separated.forms

    @property
    def name(self) -> str:
        """The name of the table, or of its scaling."""
        return self.table.name if self.scaling is None else self.scaling.name

    @property
    def title(self) -> str:
        """What a paper calls it, else its name; no table takes it from the one that it is based on.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v2").title, mbcost.load("efficientnet_b3").title
        ('MobileNetV2', 'EfficientNet-B3')
        """
        return (self.table if self.scaling is None else self.scaling).title or self.name

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
    def table_hash(self) -> str:
        """A hash of the table's text, and of those it is based on: equal texts, equal digests."""
        return self.table.table_hash

    def cost(
        self, alpha: object = None, rho: object = None, resolution: object = None, *, ideal: bool = False,
        **variant: Unpack[Words],
    ) -> Cost:  # fmt: skip
        """Cost the network at one point, told in words: those of :func:`variant_of`."""
        return self.count(variant_of(alpha, rho, resolution, **variant), ideal=ideal)

    def count(self, variant: Variant = PLAIN, *, ideal: bool = False) -> Cost:
        """Cost the network as a variant asks.

        With ``ideal`` nothing is rounded and strides divide evenly: costs are Fractions where they are not whole.

        >>> from mbcost.tables import load
        >>> load("mobilenet_v1").count(variant_of("0.75", resolution=192)).mult_adds
        239273472
        """
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

    def depths(self, variant: Variant = PLAIN) -> tuple[Fraction, Fraction] | None:
        """The depth multipliers with the layers of a variant: all above the first, up to the second. None where no repeat is scaled.

        >>> import mbcost
        >>> mbcost.load("efficientnet_b0").depths()
        (Fraction(3, 4), Fraction(1, 1))
        """
        changed = self._changed(variant)
        notes = Notes()
        lay_out(self.table, Edits(changed.fields, changed.without), notes, changed.depth)
        scaled = [(total, math.ceil(changed.depth * total)) for total in notes.totals if total]
        if not scaled:
            return None
        low = max([Fraction(times - 1, total) for total, times in scaled])
        high = min([Fraction(MAX_DEPTH), *[Fraction(times, total) for total, times in scaled]])
        try:
            for depth in ((low + high) / 2, high):
                lay_out(self.table, Edits(changed.fields, changed.without), depth=depth)
        except MbcostError:  # a repeat is set within a stage, which another depth would spread
            return None
        return low, high

    def standard(self) -> Self:
        """The standard twin: a network with each depthwise + pointwise pair as the convolution it factorises.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").standard().cost().mult_adds
        4867293184
        """
        return type(self)(self.table, self.own._replace(standard=True), self.scaling)

    def having(
        self, *, set: Mapping[str, object] | None = None, without: Iterable[str] = (), classes: int | None = None
    ) -> Self:
        """The same family with fields of rows replaced and rows dropped.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").having(classes=120).cost().mult_adds
        567839232
        """
        changed = self._changed(variant_of(set=set, without=without, classes=classes))
        return type(self)(self.table, changed._replace(set=tuple(changed.fields.items()), classes=None), self.scaling)

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


def titled(networks: Iterable[Network]) -> dict[str, str]:
    """The titles of some networks by their names, without those that would not tell two of them apart.

    >>> import mbcost
    >>> titled([mbcost.load("vgg16"), mbcost.load("mobilenet_v1"), mbcost.load("mobilenet_v1")])
    {'vgg16': 'VGG-16', 'mobilenet_v1': 'MobileNetV1'}
    """
    found = dict.fromkeys((network.name, network.title) for network in networks)
    names, titles = zip(*found, strict=True) if found else ((), ())
    return {name: title for name, title in found if name != title and names.count(name) == titles.count(title) == 1}


def counted(rows: tuple[Row, ...], variant: Variant) -> tuple[Row, ...]:
    """Rows of one image as a variant counts them: under its batch and its convention."""
    if variant.batch != 1:
        rows = tuple(scaled(row, variant.batch, PER_IMAGE) for row in rows)
    return variant.convention.applied(rows)
