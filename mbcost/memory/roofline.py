"""The roofline: whether a layer is bound by compute or by memory, and how long a network takes on a model of a device.

A device is its ridge point RP: the mult-adds it does while one byte crosses its memory bus. A layer of W mult-adds that
moves B bytes takes max(W, RP * B), in units of one mult-add at the peak (MobileNetV4, arXiv:2404.10518, equation 1). The sum
over layers is a model, which caches and fused layers beat; what no network can beat is max(W, RP * B) of the whole, where B
is its weights, its input and its output, each moved once.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from mbcost.dims.bits import BITS, Bits
from mbcost.memory.graph import INPUT
from mbcost.memory.measures import accesses, graph_of
from mbcost.memory.rule import LIVENESS

__all__ = ["Layer", "Roofline", "model_time", "roofline"]

DEFAULT = 8


class Layer(NamedTuple):
    """One layer on the roofline."""

    name: str
    kind: str
    mult_adds: int
    bytes: Fraction
    time: Fraction

    @property
    def intensity(self) -> Fraction | None:
        """Mult-adds a byte; None of a layer that moves nothing."""
        return self.mult_adds / self.bytes if self.bytes else None

    @property
    def bound(self) -> str:
        """What it waits for: ``compute``, ``memory``, or nothing at all."""
        return "-" if not self.time else "compute" if self.time == self.mult_adds else "memory"


class Roofline(NamedTuple):
    """A network at one ridge point: its layers, the modelled time, and the bound no network can beat."""

    ridge_point: Fraction
    layers: tuple[Layer, ...]
    model_time: Fraction
    bound: Fraction

    @property
    def mult_adds(self) -> int:
        """Mult-adds of the whole network."""
        return sum([layer.mult_adds for layer in self.layers])

    @property
    def bytes(self) -> Fraction:
        """Bytes moved, layer by layer."""
        return sum([layer.bytes for layer in self.layers], Fraction(0))


def roofline(cost: Any, ridge_point: Fraction, bits: Bits = BITS) -> Roofline:
    """A costed network on a device of that ridge point.

    >>> import mbcost
    >>> found = roofline(mbcost.load("mobilenet_v1").cost(), Fraction(40))
    >>> found.layers[1].bound, found.layers[-3].bound, found.model_time >= found.bound >= found.mult_adds
    ('memory', 'memory', True)
    >>> roofline(mbcost.load("mobilenet_v1").cost(), Fraction(0)).model_time         # at 0 it is the mult-adds
    Fraction(568740352, 1)
    """
    maps, weights = bits.activations(DEFAULT), bits.weights(DEFAULT)
    layers = []
    for row, moved in zip(cost.rows, accesses(cost), strict=True):
        crossing = Fraction(moved * maps + (row.weights + row.shared_weights) * weights, 8)
        layers.append(
            Layer(row.name, row.kind, row.mult_adds, crossing, max(Fraction(row.mult_adds), ridge_point * crossing))
        )
    total = sum([layer.time for layer in layers], Fraction(0))
    least = Fraction(_ends(cost) * maps + cost.weights * weights, 8)
    work = sum([layer.mult_adds for layer in layers])
    return Roofline(ridge_point, tuple(layers), total, max(Fraction(work), ridge_point * least))


def model_time(cost: Any, ridge_point: Fraction, bits: Bits = BITS) -> Fraction:
    """The modelled time of a network, in units of one mult-add at the peak."""
    return roofline(cost, ridge_point, bits).model_time


def _ends(cost: Any) -> int:
    """Elements of the network's input and of its outputs, which nothing reads."""
    found = graph_of(cost, LIVENESS)
    read = {tensor for step in found.steps for tensor, _ in step.reads}
    ends = [step.makes for step in found.steps if step.makes not in read]
    return int(cost.batch * sum([found.tensors[number].elements for number in {INPUT, *ends}]))
