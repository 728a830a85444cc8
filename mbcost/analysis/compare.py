"""Standard against depthwise separable convolution, layer by layer and in total."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from mbcost.analysis.groups import block_of, share
from mbcost.conventions import DEFAULT, Convention
from mbcost.dims import Arithmetic, Dim
from mbcost.errors import MbcostError
from mbcost.layers import Layer, Row, Shape
from mbcost.layers.base import Width
from mbcost.layers.conv import Conv, Depthwise
from mbcost.network import PLAIN, Cost, Network, Variant, counted
from mbcost.network.twin import pairs, separable_twin, splits, unpaired
from mbcost.quantities import BITS, AnyBits, Quantity

__all__ = ["BareConv", "Comparison", "Versus", "against_twin", "bare_conv", "compare", "gathered", "theory"]


class Versus(NamedTuple):
    """One line of a comparison: a standard convolution against the pair that factorises it, each as costed rows.

    The sides of the total are the costed networks themselves.

    ``theory`` is m/N + m/D_K^2 (:func:`theory`) for the ``multiplier`` m; None on lines that are the same on both sides.
    """

    name: str
    standard: tuple[Row, ...] | Cost
    separable: tuple[Row, ...] | Cost
    theory: Fraction | None = None
    multiplier: Dim = 1

    def amounts(self, quantity: Quantity, bits: AnyBits = BITS) -> tuple[Dim, Dim]:
        """A quantity of the standard and of the separable side."""
        return quantity.total(self.standard, bits), quantity.total(self.separable, bits)

    def ratio(self, quantity: Quantity, bits: AnyBits = BITS) -> Fraction | None:
        """The quantity of the separable side over that of the standard side."""
        standard, separable = self.amounts(quantity, bits)
        return None if standard is None else share(separable, standard)


class Comparison(NamedTuple):
    """A network against its twin.

    ``imagined`` says which side the network is not: ``standard`` for a network with separable pairs, ``separable`` for one
    without. ``unpaired`` names depthwise layers that no pointwise layer completes, which stay as they are.
    """

    lines: tuple[Versus, ...]
    total: Versus
    imagined: str
    unpaired: tuple[str, ...]


def gathered(found: Comparison, by: str) -> list[Versus]:
    """Lines of a comparison by ``block`` or by ``kind``, or each on its own by ``layer``, in the order they first appear.

    >>> import mbcost
    >>> _, found = against_twin(mbcost.load("mobilenet_v1"))
    >>> [line.name for line in gathered(found, "kind")]
    ['conv', 'depthwise + pointwise', 'global_pool', 'linear', 'softmax']
    """
    if by == "layer":
        return list(found.lines)
    groups: dict[str, list[Versus]] = {}
    for line in found.lines:
        own = _rows(line.separable if found.imagined == "standard" else line.standard)
        key = block_of(own[0]) if by == "block" else " + ".join([row.kind for row in own])
        groups.setdefault(key, []).append(line)
    return [
        Versus(
            name, _joined([one.standard for one in group]), _joined([one.separable for one in group]), _shared(group)
        )
        for name, group in groups.items()
    ]


def _rows(side: tuple[Row, ...] | Cost) -> tuple[Row, ...]:
    return side if isinstance(side, tuple) else side.rows


def _joined(sides: Iterable[tuple[Row, ...] | Cost]) -> tuple[Row, ...]:
    return tuple([row for side in sides for row in _rows(side)])


def _shared(group: list[Versus]) -> Fraction | None:
    """What theory says of all of them, where that is one number."""
    return group[0].theory if len({line.theory for line in group}) == 1 else None


def theory(n: Dim, kernel_size: tuple[int, int], multiplier: Dim = 1) -> Fraction:
    """m/N + m/(K_h K_w): the ratio of separable to standard mult-adds (MobileNets, section 3.1, for a multiplier m of 1).

    A depthwise convolution with m outputs a channel costs K_h K_w M m a position, the pointwise one behind it M m N, and the
    standard one from M to N channels K_h K_w M N.

    >>> theory(512, (3, 3)), theory(512, (3, 3), 2)
    (Fraction(521, 4608), Fraction(521, 2304))
    """
    return Fraction(multiplier) * (1 / Fraction(n) + Fraction(1, kernel_size[0] * kernel_size[1]))


def compare(cost: Cost, twin: Cost) -> Comparison:
    """Set a costed network beside its twin, which the caller has costed at the same point.

    >>> import mbcost
    >>> from mbcost.quantities import QUANTITIES
    >>> network, mult_adds = mbcost.load("mobilenet_v1"), QUANTITIES["mult_adds"]
    >>> found = compare(network.cost(), network.cost(standard=True))
    >>> found.lines[1].name, found.lines[1].ratio(mult_adds) == found.lines[1].theory
    ('separable_1', True)
    >>> found.total.amounts(mult_adds)
    (4867293184, 568740352)
    """
    layers = cost.placed.layers
    rows = {row.name: row for row in cost.rows}
    twins = {row.name: row for row in twin.rows}
    partner = {layers[pair.depthwise].name: layers[pair.pointwise].name for pair in pairs(cost.placed)}
    completed = set(partner.values())
    lines = []
    for row in cost.rows:
        if row.name in partner:
            point = rows[partner[row.name]]
            multiplier = Fraction(row.output[0]) / row.input[0]
            ratio = theory(point.output[0], row.kernel_size or (1, 1), multiplier)
            name = _pair_name(row.name, point.name)
            lines.append(Versus(name, (twins[point.name],), (row, point), ratio, multiplier))
        elif row.name not in completed:
            lines.append(Versus(row.name, (row,), (row,)))
    return Comparison(tuple(lines), Versus("total", twin, cost), "standard", tuple(unpaired(cost.placed)))


def compare_imagined(cost: Cost, twin: Cost) -> Comparison:
    """The other way round, for a network without pairs: its K x K convolutions against separable ones."""
    split = {layer.name for layer in cost.placed.layers if splits(layer)}
    twins = {row.name: row for row in twin.rows}
    lines = []
    for row in cost.rows:
        if row.name in split:
            pair = twins[f"{row.name}/depthwise"], twins[f"{row.name}/pointwise"]
            lines.append(Versus(row.name, (row,), pair, theory(row.output[0], row.kernel_size or (1, 1))))
        else:
            lines.append(Versus(row.name, (row,), (row,)))
    return Comparison(tuple(lines), Versus("total", cost, twin), "separable", tuple(unpaired(cost.placed)))


def against_twin(network: Network, variant: Variant = PLAIN) -> tuple[Cost, Comparison]:
    """Cost a network and its twin at one point, and compare them: the whole of ``mbcost compare MODEL``."""
    cost = network.count(variant)
    if pairs(cost.placed):
        return cost, compare(cost, network.count(variant._replace(standard=True)))
    return cost, compare_imagined(cost, network.recost(cost, separable_twin(cost.placed)))


def _pair_name(depthwise: str, pointwise: str) -> str:
    owner, _, part = depthwise.rpartition("/")
    if owner and part == "depthwise" and pointwise.rpartition("/")[0] == owner:
        return owner
    return f"{depthwise}+{pointwise.rpartition('/')[2]}"


class BareConv(NamedTuple):
    """One convolution without bias or norm, both ways: MobileNets, Table 3. The sides are costed rows."""

    input: Shape
    output: Shape
    standard: Row
    depthwise: Row
    pointwise: Row
    theory: Fraction

    @property
    def sides(self) -> dict[str, tuple[Row, ...]]:
        """The rows of every side by its name; separable = depthwise + pointwise."""
        parts = {"standard": (self.standard,), "depthwise": (self.depthwise,), "pointwise": (self.pointwise,)}
        return {**parts, "separable": (self.depthwise, self.pointwise)}


def bare_conv(
    m: int,
    n: int,
    kernel_size: tuple[int, int],
    size: tuple[Dim, Dim],
    stride: tuple[int, int],
    arith: Arithmetic,
    convention: Convention = DEFAULT,
    batch: int = 1,
) -> BareConv:
    """A standard convolution of M to N channels on an input map, and the separable one in its place.

    Examples
    --------
    >>> from mbcost.dims import Arithmetic
    >>> found = bare_conv(512, 512, (3, 3), (14, 14), (1, 1), Arithmetic(1, 1, None))
    >>> found.standard.mult_adds, sum(row.mult_adds for row in found.sides["separable"])
    (462422016, 52283392)
    """
    asked = PLAIN._replace(batch=batch, convention=convention)
    bare = {"kernel_size": kernel_size, "stride": stride, "norm": "none", "activation": "none", "bias": False}
    width = Width("scale", n)
    start: Shape = (arith.scale(m), *size)
    if start[0] == 0:
        raise MbcostError(f"alpha leaves no input channel of {m}", help="choose a larger alpha")

    def costed(layer: Layer, shape: Shape) -> Row:
        layer.name = layer.op = "conv"
        layer.coded = "module"
        (row,) = counted((layer.cost([shape], layer.shape(arith, [shape])),), asked)
        return row

    standard, depthwise = costed(Conv(bare, width), start), costed(Depthwise(bare), start)
    pointwise = costed(Conv(bare, width, kernel_size=(1, 1), stride=(1, 1)), depthwise.output)
    output = standard.output
    return BareConv(start, output, standard, depthwise, pointwise, theory(output[0], kernel_size))
