"""Standard against depthwise separable convolution, layer by layer and in total."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from mbcost.analysis.groups import share
from mbcost.conventions import DEFAULT, Convention
from mbcost.dims import Arithmetic, Dim
from mbcost.errors import MbcostError
from mbcost.layers import Layer, Row, Shape
from mbcost.layers.base import Width
from mbcost.layers.conv import Conv, Depthwise
from mbcost.network import PLAIN, Cost, Network, Variant
from mbcost.network.twin import pairs, separable_twin, splits, unpaired

__all__ = ["BareConv", "Comparison", "Side", "Versus", "bare_conv", "compare", "theory"]


class Side(NamedTuple):
    """What one side of a comparison costs."""

    mult_adds: Dim
    params: Dim


class Versus(NamedTuple):
    """One line of a comparison: a standard convolution against the pair that factorises it.

    ``theory`` is 1/N + 1/D_K^2 (MobileNets, section 3.1); None on lines that are the same on both sides.
    """

    name: str
    standard: Side
    separable: Side
    theory: Fraction | None

    @property
    def mult_adds_ratio(self) -> Fraction | None:
        """Mult-adds of the separable side over those of the standard side."""
        return share(self.separable.mult_adds, self.standard.mult_adds)

    @property
    def params_ratio(self) -> Fraction | None:
        """Params of the separable side over those of the standard side."""
        return share(self.separable.params, self.standard.params)


class Comparison(NamedTuple):
    """A network against its twin.

    ``imagined`` says which side the network is not: ``standard`` for a network with separable pairs, ``separable`` for one
    without. ``unpaired`` names depthwise layers that no pointwise layer completes, which stay as they are.
    """

    lines: tuple[Versus, ...]
    total: Versus
    imagined: str
    unpaired: tuple[str, ...]


def theory(n: Dim, kernel_size: tuple[int, int]) -> Fraction:
    """1/N + 1/(K_h K_w): the ratio of separable to standard mult-adds (MobileNets, section 3.1).

    >>> theory(512, (3, 3))
    Fraction(521, 4608)
    """
    return 1 / Fraction(n) + Fraction(1, kernel_size[0] * kernel_size[1])


def compare(cost: Cost, twin: Cost) -> Comparison:
    """Set a costed network beside its twin, which the caller has costed at the same point.

    >>> import mbcost
    >>> network = mbcost.load("mobilenet_v1")
    >>> found = compare(network.cost(), network.cost(standard=True))
    >>> found.lines[1].name, found.lines[1].mult_adds_ratio == found.lines[1].theory
    ('separable_1', True)
    >>> found.total.standard.mult_adds, found.total.separable.mult_adds
    (4867293184, 568740352)
    """
    layers = cost.placed.layers
    found = pairs(cost.placed)
    rows = {row.name: row for row in cost.rows}
    twins = {row.name: row for row in twin.rows}
    partner = {layers[pair.depthwise].name: layers[pair.pointwise].name for pair in found}
    completed = set(partner.values())
    lines = []
    for row in cost.rows:
        if row.name in partner:
            point = rows[partner[row.name]]
            lines.append(
                Versus(
                    _pair_name(row.name, point.name),
                    Side(twins[point.name].mult_adds, twins[point.name].params),
                    Side(row.mult_adds + point.mult_adds, row.params + point.params),
                    theory(point.output[0], row.kernel_size or (1, 1)),
                )
            )
        elif row.name not in completed:
            lines.append(_same(row))
    return _summed(lines, "standard", tuple(unpaired(cost.placed)))


def compare_imagined(cost: Cost, twin_rows: tuple[Row, ...]) -> Comparison:
    """The other way round, for a network without pairs: its K x K convolutions against separable ones."""
    split = {layer.name for layer in cost.placed.layers if splits(layer)}
    twins = {row.name: row for row in twin_rows}
    lines = []
    for row in cost.rows:
        if row.name in split:
            first, second = twins[f"{row.name}/depthwise"], twins[f"{row.name}/pointwise"]
            separable = Side(first.mult_adds + second.mult_adds, first.params + second.params)
            lines.append(
                Versus(
                    row.name,
                    Side(row.mult_adds, row.params),
                    separable,
                    theory(row.output[0], row.kernel_size or (1, 1)),
                )
            )
        else:
            lines.append(_same(row))
    return _summed(lines, "separable", tuple(unpaired(cost.placed)))


def against_twin(network: Network, variant: Variant = PLAIN) -> tuple[Cost, Comparison]:
    """Cost a network and its twin at one point, and compare them: the whole of ``mbcost compare MODEL``."""
    cost = network.count(variant)
    if pairs(cost.placed):
        return cost, compare(cost, network.count(variant._replace(standard=True)))
    return cost, compare_imagined(cost, network.recost(cost, separable_twin(cost.placed)).rows)


def _same(row: Row) -> Versus:
    side = Side(row.mult_adds, row.params)
    return Versus(row.name, side, side, None)


def _summed(lines: list[Versus], imagined: str, loose: tuple[str, ...]) -> Comparison:
    standard = Side(sum(line.standard.mult_adds for line in lines), sum(line.standard.params for line in lines))
    separable = Side(sum(line.separable.mult_adds for line in lines), sum(line.separable.params for line in lines))
    return Comparison(tuple(lines), Versus("total", standard, separable, None), imagined, loose)


def _pair_name(depthwise: str, pointwise: str) -> str:
    owner, _, part = depthwise.rpartition("/")
    if owner and part == "depthwise" and pointwise.rpartition("/")[0] == owner:
        return owner
    return f"{depthwise}+{pointwise.rpartition('/')[2]}"


class BareConv(NamedTuple):
    """One convolution without bias or norm, both ways: MobileNets, Table 3."""

    input: Shape
    output: Shape
    standard: Side
    depthwise: Side
    pointwise: Side
    separable: Side
    ratio: Fraction
    params_ratio: Fraction
    theory: Fraction


def bare_conv(
    m: int,
    n: int,
    kernel_size: tuple[int, int],
    size: tuple[Dim, Dim],
    stride: tuple[int, int],
    arith: Arithmetic,
    convention: Convention = DEFAULT,
) -> BareConv:
    """A standard convolution of M to N channels on an input map, and the separable one in its place.

    Examples
    --------
    >>> from mbcost.dims import Arithmetic
    >>> found = bare_conv(512, 512, (3, 3), (14, 14), (1, 1), Arithmetic(1, 1, None))
    >>> found.standard, found.separable
    (Side(mult_adds=462422016, params=2359296), Side(mult_adds=52283392, params=266752))
    """
    bare = {"kernel_size": kernel_size, "stride": stride, "norm": "none", "activation": "none", "bias": False}
    width = Width("scale", n)
    start: Shape = (arith.scale(m), *size)
    if start[0] == 0:
        raise MbcostError(f"alpha leaves no input channel of {m}", help="choose a larger alpha")

    def costed(layer: Layer, shape: Shape) -> tuple[Side, Shape]:
        layer.name = layer.op = "conv"
        layer.coded = "module"
        output = layer.shape(arith, [shape])
        (row,) = convention.applied([layer.cost([shape], output)])
        return Side(row.mult_adds, row.params), output

    standard, output = costed(Conv(bare, width), start)
    depthwise, between = costed(Depthwise(bare), start)
    pointwise, _ = costed(Conv(bare, width, kernel_size=(1, 1), stride=(1, 1)), between)
    separable = Side(depthwise.mult_adds + pointwise.mult_adds, depthwise.params + pointwise.params)
    return BareConv(
        start,
        output,
        standard,
        depthwise,
        pointwise,
        separable,
        Fraction(separable.mult_adds) / standard.mult_adds,
        Fraction(separable.params) / standard.params,
        theory(output[0], kernel_size),
    )
