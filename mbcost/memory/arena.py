"""The plan of TFLite Micro's greedy memory planner: where each tensor stands in one arena.

The largest tensor first, of equals the one made later; each at the lowest offset where it fits between those placed
already that are alive at the same time (tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc). A gap can be too
small for what comes later, so an arena can be larger than what is alive at once.
"""

from __future__ import annotations

from typing import NamedTuple

from mbcost.memory.graph import Graph
from mbcost.memory.liveness import lives

__all__ = ["ALIGNMENT", "Buffer", "arena", "arena_of", "planned"]

ALIGNMENT = 16


class Buffer(NamedTuple):
    """A tensor to be placed: its bytes, and the first and last time it is alive."""

    size: int
    first: int
    last: int


def planned(buffers: list[Buffer]) -> list[int]:
    """The offset of every buffer; ``buffers`` are in the order in which they are made.

    >>> planned([Buffer(100, 0, 1), Buffer(300, 1, 2), Buffer(100, 2, 3)])
    [304, 0, 304]
    """
    sizes = [-(-buffer.size // ALIGNMENT) * ALIGNMENT for buffer in buffers]
    offsets = [0] * len(buffers)
    placed: list[int] = []  # by offset
    for number in sorted(range(len(buffers)), key=lambda n: (-sizes[n], -n)):
        _, first, last = buffers[number]
        offset = 0
        for other in placed:
            if buffers[other].first <= last and first <= buffers[other].last:
                if offsets[other] - offset >= sizes[number]:
                    break
                offset = max(offset, offsets[other] + sizes[other])
        offsets[number] = offset
        at = next((i for i, other in enumerate(placed) if offsets[other] > offset), len(placed))
        placed.insert(at, number)
    return offsets


def arena(buffers: list[Buffer]) -> int:
    """The bytes of the arena.

    >>> arena([Buffer(100, 0, 1), Buffer(300, 1, 2), Buffer(100, 2, 3)])
    416
    """
    ends = [
        offset + -(-buffer.size // ALIGNMENT) * ALIGNMENT
        for offset, buffer in zip(planned(buffers), buffers, strict=True)
    ]
    return max(ends, default=0)


def arena_of(graph: Graph, bits: int = 8, batch: int = 1) -> int:
    """The bytes of the arena that a network's tensors, and the scratch of its kernels, are planned into.

    >>> import mbcost
    >>> from mbcost.memory.graph import graph
    >>> from mbcost.memory.rules import find
    >>> cost = mbcost.load("mobilenet_v2").cost(alpha="0.5", resolution=160)
    >>> arena_of(graph(cost.placed.layers, cost.rows, (3, 160, 160), find("tflm")))
    409600
    """
    spans: dict[int, tuple[int, int]] = {}
    for life in lives(graph):
        first, last = spans.get(life.tensor, (life.first, life.last))
        spans[life.tensor] = min(first, life.first), max(last, life.last)
    buffers = [
        Buffer(-(-graph.tensors[number].elements * batch * bits // 8), *spans[number]) for number in sorted(spans)
    ]
    for time, step in enumerate(graph.steps):
        made = graph.tensors[step.makes].elements * batch
        buffers += [
            Buffer(per * made + once, time, time) for does, per, once in graph.rule.scratch if does == step.does
        ]
    return arena(buffers)
