"""The plan of TFLite Micro's greedy memory planner: where each tensor stands in one arena.

The largest tensor first, of equals the one made later; each at the lowest offset where it fits between those placed
already that are alive at the same time (tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc). A gap can be too
small for what comes later, so an arena can be larger than what is alive at once.
"""

from __future__ import annotations

from typing import NamedTuple

from mbcost.errors import MbcostError
from mbcost.memory.graph import Graph
from mbcost.memory.liveness import lives

__all__ = ["ALIGNMENT", "Buffer", "arena", "arena_of", "planned"]

ALIGNMENT = 16

MAX_PAIRS = 5_000_000
"""The most pairs of tensors alive at once that a plan looks at."""


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
    placed = _Placed(max([buffer.last for buffer in buffers], default=0) + 1)
    for number in sorted(range(len(buffers)), key=lambda n: (-sizes[n], -n)):
        buffer, offset = buffers[number], 0
        for other in sorted(placed.during(buffer.first, buffer.last), key=offsets.__getitem__):
            if offsets[other] - offset >= sizes[number]:
                break
            offset = max(offset, offsets[other] + sizes[other])
        offsets[number] = offset
        placed.add(number, buffer.first, buffer.last)
    return offsets


class _Placed:
    """What is placed already, by when it is alive: a segment tree, so that a long network has no long search.

    A node stands for a span of times; ``alive`` are the buffers alive through all of it, ``begun`` those that begin in it.
    """

    def __init__(self, times: int) -> None:
        self.leaves = 1 << (times - 1).bit_length()
        self.alive: list[list[int]] = [[] for _ in range(2 * self.leaves)]
        self.begun: list[list[int]] = [[] for _ in range(self.leaves)]
        self.left = MAX_PAIRS

    def add(self, number: int, first: int, last: int) -> None:
        """A buffer that is alive from one time to another, both included."""
        self.begun[first].append(number)
        low, high = first + self.leaves, last + self.leaves + 1
        while low < high:
            if low & 1:
                self.alive[low].append(number)
                low += 1
            if high & 1:
                high -= 1
                self.alive[high].append(number)
            low, high = low >> 1, high >> 1

    def during(self, first: int, last: int) -> list[int]:
        """The buffers alive at some time of these: those alive at the first one, and those that begin later."""
        found: list[int] = []
        node = first + self.leaves
        while node:
            found += self.alive[node]
            node >>= 1
        for time in range(first + 1, last + 1):
            found += self.begun[time]
        self.left -= len(found) + last - first
        if self.left < 0:
            raise MbcostError(
                f"{MAX_PAIRS:,} pairs of tensors are alive at once and more: no arena was planned for them",
                help="a network whose maps are read soon has few; lower the repeats, or drop the rows that nothing reads",
            )
        return found


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
