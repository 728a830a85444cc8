"""The steps of a network in memory: which tensors there are, which step makes them, and which steps read them.

Steps run in the order of the table. Whether a layer is there can depend on alpha, so every tensor and every read has a
flag, 1 or 0; in a recorded walk a flag is a polynomial, and everything below is sums and products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import mul
from typing import Any, NamedTuple

from mbcost.dims import Arithmetic, Dim
from mbcost.layers import Layer, Row, Shape
from mbcost.layers.base import Made
from mbcost.layers.vacant import Vacant
from mbcost.memory.rule import LIVENESS, Rule

__all__ = ["INPUT", "Graph", "Step", "Tensor", "graph"]

INPUT = 0
"""The number of the network's input among the tensors."""


class Tensor(NamedTuple):
    """A map or a vector in memory: how many elements it has, and the flag of whether it is there."""

    name: str
    shape: Shape
    elements: Dim
    there: Dim = 1


class Step(NamedTuple):
    """One step of a row: the tensor it makes, and those it reads, each with the flag of whether it does."""

    name: str
    does: str
    row: str
    reads: tuple[tuple[int, Dim], ...]
    makes: int


class Graph(NamedTuple):
    """The tensors of a network, the input first, and the steps that make them; ``both`` is 1 where two flags are.

    ``known`` has what :mod:`mbcost.memory.liveness` has found out about the steps, under whatever rule.
    """

    tensors: tuple[Tensor, ...]
    steps: tuple[Step, ...]
    rule: Rule
    both: Callable[[Dim, Dim], Dim]
    known: dict[Any, Any]


Alternatives = list[tuple[int, Dim]]
"""The tensors that a feature map can be, each with its flag; no two flags are 1 at once."""


def graph(
    layers: tuple[Layer, ...],
    rows: tuple[Row, ...],
    start: Shape,
    rule: Rule = LIVENESS,
    recorder: Arithmetic | None = None,
    presence: Sequence[Dim] | None = None,
) -> Graph:
    """The steps of a costed network under a memory rule.

    ``rows`` are the costed rows of its ``layers`` and ``start`` the shape of its input; of a recorded walk, ``recorder`` is its arithmetic,
    and ``presence`` the flag of every layer.

    >>> import mbcost
    >>> cost = mbcost.load("mobilenet_v1").cost()
    >>> found = graph(cost.placed.layers, cost.rows, (3, 224, 224))
    >>> len(found.steps), found.steps[1].name, found.tensors[2].shape
    (29, 'separable_1/depthwise', (32, 112, 112))
    """
    if recorder is not None and rule.in_place:
        recorder.tell_kinds()
    builder = _Builder(start, rule, mul if recorder is None else recorder.both)
    for number, present, row in _visits(layers, rows, presence):
        builder.layer(layers[number], number, present, row)
    return builder.graph()


def _visits(
    layers: tuple[Layer, ...], rows: tuple[Row, ...], presence: Sequence[Dim] | None
) -> Iterator[tuple[int, Dim, Row | None]]:
    """Every layer with the flag of its presence and its row, None where it is absent."""
    left = iter(rows)
    row = next(left, None)
    for number, layer in enumerate(layers):
        if row is None or row.name != layer.name:
            yield number, 0, None
        else:
            yield number, 1 if presence is None else presence[number], row
            row = next(left, None)


class _Raw(NamedTuple):
    """A step before it is known whether it folds into the tensor it reads."""

    name: str
    does: str
    row: str
    present: Dim
    shape: Shape
    reads: tuple[tuple[int, Dim], ...]
    folds: bool


class _Builder:
    def __init__(self, start: Shape, rule: Rule, both: Callable[[Dim, Dim], Dim]) -> None:
        self.rule = rule
        self.both = both
        self.start = start
        self.raws: list[_Raw] = []
        self.maps: list[Alternatives] = [[(INPUT, 1)]]
        self.shapes: list[Shape] = [start]
        self.own = dict(rule.steps)
        self.rerouted: dict[int, int] = {}
        self.readers: dict[int, Alternatives] = {}  # of each raw tensor, the steps that read it

    def layer(self, layer: Layer, number: int, present: Dim, row: Row | None) -> None:
        """Add the steps of one layer."""
        if isinstance(layer, Vacant):
            self.rerouted[layer.pointwise] = layer.through
        sources = (self.rerouted[number],) if number in self.rerouted else layer.sources
        inputs = [self.shapes[source] for source in sources]
        if row is None:
            self.maps.append(self.maps[sources[0]])
            self.shapes.append(inputs[0])
            return
        made = layer.steps(inputs, row.output)
        if not made and self.rule.reshapes and layer.op == "flatten":
            made = (Made(row.output),)
        if not made:  # another view of the same elements, or of some of them
            self.maps.append(self.maps[sources[0]])
            self.shapes.append(row.output)
            return
        nodes: list[int] = []
        for one in made:
            reads: list[tuple[int, Dim]] = []
            for read in one.reads:
                reads += self.maps[sources[read]] if read >= 0 else [(nodes[-1 - read], 1)]
            name = f"{row.name}/{one.part}" if one.part else row.name
            nodes.append(self._step(name, one, one.does or row.kind, row.name, present, reads))
        shape = made[-1].shape
        self.shapes.append(shape)
        absent = 1 - present
        other = [] if type(absent) is int and not absent else self.maps[sources[0]]
        self.maps.append([(nodes[-1], present), *((node, self.both(absent, flag)) for node, flag in other)])

    def _step(self, name: str, made: Made, does: str, row: str, present: Dim, reads: Alternatives) -> int:
        """Add one step, and the steps of its activation where these are its own; the number of the last tensor."""
        own = self.own.get(made.activation, 0)
        if own and does in {"activation", "softmax"}:  # the row is nothing else
            return self._acted(name, made, row, present, reads, own)
        node = self._raw(name, does, row, present, made.shape, reads, made.folds)
        return self._acted(f"{name}/{made.activation}", made, row, present, [(node, 1)], own) if own else node

    def _acted(self, name: str, made: Made, row: str, present: Dim, reads: Alternatives, count: int) -> int:
        """An activation of one step, or of two: a gate from the map, and the product of both."""
        node = self._raw(name, made.activation, row, present, made.shape, reads, False)
        if count == 2:
            return self._raw(f"{name}/multiply", "multiply", row, present, made.shape, [*reads, (node, 1)], False)
        return node

    def _raw(self, name: str, does: str, row: str, present: Dim, shape: Shape, reads: Alternatives, folds: bool) -> int:
        both = self.both
        distinct: dict[int, Dim] = {}
        for node, flag in reads:
            read = both(present, flag)
            if type(read) is int and not read:
                continue
            known = distinct.get(node)
            distinct[node] = read if known is None else known + read - both(known, read)
        self.raws.append(_Raw(name, does, row, present, shape, tuple(distinct.items()), folds))
        for node, flag in distinct.items():
            self.readers.setdefault(node, []).append((len(self.raws), flag))
        return len(self.raws)

    def graph(self) -> Graph:
        """The tensors and steps, those that fold left out."""
        both = self.both
        final: list[Alternatives] = [[(INPUT, 1)]]  # of each raw tensor, what it is once some have folded
        tensors = [Tensor("input", self.start, _product(self.start))]
        there: list[Dim] = []
        for number, raw in enumerate(self.raws, 1):
            folded = self._folded(number, raw) if raw.folds else []
            left: Dim = 1
            others: Alternatives = []
            for node, flag in folded:
                left = left - flag
                others += [(under, both(flag, own)) for under, own in final[node]]
            final.append([(number, left), *others] if type(left) is not int or left else others)
            there.append(both(raw.present, left))
            tensors.append(Tensor(raw.name, raw.shape, _product(raw.shape), there[-1]))
        steps = []
        for number, raw in enumerate(self.raws, 1):
            if type(there[number - 1]) is int and not there[number - 1]:
                continue
            reads: dict[int, Dim] = {}
            for node, flag in raw.reads:
                for under, own in final[node]:
                    read = both(both(flag, own), there[number - 1])
                    known = reads.get(under)
                    reads[under] = read if known is None else known + read - both(known, read)
            steps.append(Step(raw.name, raw.does, raw.row, tuple(reads.items()), number))
        return Graph(tuple(tensors), tuple(steps), self.rule, self.both, {})

    def _folded(self, number: int, raw: _Raw) -> Alternatives:
        """The tensors that a step changes where they stand, with flags: those that nothing else reads."""
        both = self.both
        found = []
        for node, flag in raw.reads:
            if node == INPUT and self.rule.input == "end":
                continue
            alone = flag
            for reader, other in self.readers[node]:
                if reader != number:
                    alone = both(alone, 1 - other)
            if type(alone) is not int or alone:
                found.append((node, alone))
        return found


def _product(shape: Shape) -> Dim:
    channels, height, width = shape
    return channels * height * width
