"""A network run with tensors that are really allocated and freed: the second opinion on what is alive.

It knows nothing of :mod:`mbcost.memory`: every tensor is a Python object, it is gone when the last variable that holds it
is, and the heap counts what is there.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import mbcost
from mbcost.layers.attention import Joint, Mixed, Product, Projected, Scale, Tokens
from mbcost.layers.composite import Excite, FusedProject, Reduce
from mbcost.layers.custom import Unknown
from mbcost.layers.elementwise import Add, Concat, Elementwise, Flatten, Multiply, Norm


class Heap:
    """Counts the elements that are there, and the most there ever were."""

    def __init__(self) -> None:
        self.now = self.most = 0


class Tensor:
    """Elements on the heap, for as long as somebody holds them."""

    def __init__(self, heap: Heap, shape: tuple[int, ...]) -> None:
        self.heap, self.shape = heap, shape
        self.size = shape[0] * shape[1] * shape[2]
        heap.now += self.size
        heap.most = max(heap.most, heap.now)

    def __del__(self) -> None:
        self.heap.now -= self.size


def data_sources(layer: Any) -> tuple[int, ...]:
    """The feature maps whose values a layer reads; of some it only needs the size."""
    if isinstance(layer, Unknown):
        layer = layer.inner
    if isinstance(layer, Product):
        return tuple(layer.sources[:2])
    if isinstance(layer, FusedProject | Reduce | Joint | Mixed | Projected) or layer.op == "upsample":
        return tuple(layer.sources[:1])
    return tuple(layer.sources)


def changes_in_place(layer: Any) -> bool:
    """Whether a row is only a normalisation, an activation, a softmax or a scale."""
    return type(layer) in {Norm, Scale} or (type(layer) is Elementwise and layer.op in {"activation", "softmax"})


def does_nothing(layer: Any) -> bool:
    """Whether a row makes no tensor at any time."""
    nothing = type(layer) is Elementwise and layer.activation == "none"
    view = isinstance(layer, Flatten | Joint) or (isinstance(layer, Tokens) and not layer.extra and not layer.learned)
    return nothing or view or (type(layer) is Norm and layer.norm == layer.activation == "none")


def peak(network: mbcost.Network, **variant: Any) -> int:
    """The most elements that are on the heap while the network runs."""
    cost = network.cost(**variant)
    layers = cost.placed.layers
    rows = {row.name: row for row in cost.rows}
    height, width = cost.variant.resolution

    # which feature map is the same as an earlier one, and who reads the values of what remains
    same: list[int] = [0]
    readers: Counter[int] = Counter()
    last: dict[int, int] = {}
    for number, layer in enumerate(layers):
        inner = layer.inner if isinstance(layer, Unknown) else layer
        if layer.name not in rows or does_nothing(inner):
            same.append(same[layer.sources[0]])
            continue
        same.append(number + 1)
        for source in {same[source] for source in data_sources(layer)}:
            readers[source] += 1
            last[source] = number

    heap = Heap()
    maps: dict[int, Tensor] = {0: Tensor(heap, (network.table.channels, height, width))}
    for number, layer in enumerate(layers):
        row = rows.get(layer.name)
        inner = layer.inner if isinstance(layer, Unknown) else layer
        if row is None or does_nothing(inner):
            continue
        sources = [same[source] for source in data_sources(layer)]
        if changes_in_place(inner) and readers[sources[0]] == 1:
            maps[number + 1] = maps[sources[0]]
        elif isinstance(inner, Reduce):
            pooled = Tensor(heap, (row.input[0], 1, 1))
            if last[sources[0]] == number:
                del maps[sources[0]]  # only the vector is read after it
            maps[number + 1] = Tensor(heap, row.output)
            del pooled
        elif isinstance(inner, Excite):
            vector, image = sources
            gate = Tensor(heap, (row.output[0], 1, 1))
            if last[vector] == number:
                del maps[vector]
            assert maps[image].size == row.output[0] * row.output[1] * row.output[2]
            maps[number + 1] = Tensor(heap, row.output)
            del gate
        else:
            if isinstance(inner, Add | Concat | Multiply):
                assert len(sources) > 1
            maps[number + 1] = Tensor(heap, row.output)
        for source in set(sources):
            if last[source] == number:
                maps.pop(source, None)
    return heap.most
