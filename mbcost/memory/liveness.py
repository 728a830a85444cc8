"""What is alive at each step, and the amounts whose maximum is the peak.

A tensor lives from the step that makes it to the last that reads it; what nobody reads lives to the end. Flags of layers
that may be absent make an amount a polynomial, and the peak is a maximum of these: exact at every alpha and resolution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mbcost.dims import Dim
from mbcost.errors import MbcostError
from mbcost.memory.graph import INPUT, Graph

__all__ = ["Alive", "Moment", "amounts", "highest", "lives", "moments"]

MAX_ALIVE = 1_000_000
"""The most tensors that are listed, all steps taken together: a network of a thousand layers lists a few thousand."""


class Alive(NamedTuple):
    """That a tensor is alive from one time to another, both included, where the flag is 1."""

    tensor: int
    first: int
    last: int
    flag: Dim


class Moment(NamedTuple):
    """What is alive at one time: the name of its step, the numbers of the tensors, and the elements in place of another's."""

    name: str
    tensors: tuple[int, ...]
    shared: Dim
    total: Dim


def times(graph: Graph) -> list[int]:
    """The time of each step: its number, or that of its block where a block is one operation."""
    if not graph.rule.blocks:
        return list(range(len(graph.steps)))
    found: list[int] = []
    before = None
    for step in graph.steps:
        head, slash, _ = step.row.partition("/")
        block = head if slash else None
        last = found[-1] if found else -1
        found.append(last if block is not None and block == before else last + 1)
        before = block
    return found


def names(graph: Graph) -> list[str]:
    """The name of every time."""
    found: dict[int, str] = {}
    for time, step in zip(times(graph), graph.steps, strict=True):
        found[time] = step.name if time not in found else step.row.partition("/")[0]
    return list(found.values()) or [graph.tensors[INPUT].name]


def lives(graph: Graph) -> list[Alive]:
    """When each tensor is alive, kept with the graph.

    >>> import mbcost
    >>> from mbcost.memory.graph import graph
    >>> cost = mbcost.load("mobilenet_v2").cost()
    >>> found = graph(cost.placed.layers, cost.rows, (3, 224, 224))
    >>> lives(found)[1]
    Alive(tensor=1, first=0, last=1, flag=1)
    """
    asked = graph.rule.blocks, graph.rule.holds, graph.rule.input
    if asked not in graph.known:
        graph.known[asked] = _lives(graph)
    found: list[Alive] = graph.known[asked]
    return found


def _lives(graph: Graph) -> list[Alive]:
    both = graph.both
    at = times(graph)
    end = at[-1] if at else 0
    made = {step.makes: at[number] for number, step in enumerate(graph.steps)}
    reads: dict[int, dict[int, Dim]] = {}
    for number, step in enumerate(graph.steps):
        for read, flag in step.reads:
            _add(reads.setdefault(read, {}), at[number], flag, both)
    for held, time, flag in _held(graph, at) if graph.rule.holds else ():
        _add(reads[held], time, flag, both)
    found: list[Alive] = []
    for number, tensor in enumerate(graph.tensors):
        there = tensor.there
        if number == INPUT and graph.rule.input != "last_reader":
            if graph.rule.input == "end":
                found.append(Alive(INPUT, 0, end, 1))
            continue
        if number != INPUT and number not in made:
            continue
        first = made.get(number, 0)
        unread: Dim = 1
        for flag in reads.get(number, {}).values():
            unread = both(unread, 1 - flag)
        later: Dim = 0  # the flag of being read at some time from here on
        last = end
        for time in sorted(reads.get(number, {}), reverse=True):
            if time == first:
                break
            _live(found, number, time + 1, last, both(there, later + unread))
            flag = reads[number][time]
            later = later + flag - both(later, flag)
            last = time
        _live(found, number, first + 1, last, both(there, later + unread))
        _live(found, number, first, first, both(there, later + unread) if graph.rule.blocks and number else there)
    return found


def _add(reads: dict[int, Dim], time: int, flag: Dim, both: Callable[[Dim, Dim], Dim]) -> None:
    known = reads.get(time)
    reads[time] = flag if known is None else known + flag - both(known, flag)


def _live(found: list[Alive], tensor: int, first: int, last: int, flag: Dim) -> None:
    if first > last or (type(flag) is int and not flag):
        return
    later = found[-1] if found else None  # of one tensor the last times come first
    if later is not None and later.tensor == tensor and later.first == last + 1 and later.flag == flag:
        found[-1] = Alive(tensor, first, later.last, flag)
    else:
        found.append(Alive(tensor, first, last, flag))


def _held(graph: Graph, at: list[int]) -> list[tuple[int, int, Dim]]:
    """What a block keeps of its input until it returns: (tensor, time of its last step, flag)."""
    spans: dict[str, list[int]] = {}
    for number, step in enumerate(graph.steps):
        path = step.row
        while "/" in path:
            path = path.rpartition("/")[0]
            spans.setdefault(path, []).append(number)
    made = {step.makes: number for number, step in enumerate(graph.steps)}
    found = []
    for numbers in spans.values():
        for number in numbers:
            for tensor, flag in graph.steps[number].reads:
                if made.get(tensor, -1) < numbers[0]:
                    found.append((tensor, at[numbers[-1]], flag))
    return found


def totals(graph: Graph, alive: list[Alive], batch: int = 1) -> list[Dim]:
    """The elements alive at every time."""
    count = len(names(graph))
    changes: list[Dim] = [0] * (count + 1)
    for life in alive:
        size = graph.tensors[life.tensor].elements * life.flag * batch
        changes[life.first] = changes[life.first] + size
        changes[life.last + 1] = changes[life.last + 1] - size
    found: list[Dim] = []
    running: Dim = 0
    for change in changes[:count]:
        running = running + change
        found.append(running)
    return found


def shared(graph: Graph, alive: list[Alive]) -> dict[int, list[tuple[int, int, Dim]]]:
    """By time: the tensor that a step writes over, the one it writes there, and the flag of whether it does.

    A step in place writes over the first of its inputs that nothing reads later.
    """
    both = graph.both
    in_place = set(graph.rule.in_place)
    if not in_place:
        return {}
    after: dict[int, list[Alive]] = {}
    for life in alive:
        after.setdefault(life.tensor, []).append(life)
    found: dict[int, list[tuple[int, int, Dim]]] = {}
    for time, step in enumerate(graph.steps):
        if step.does not in in_place:
            continue
        free: Dim = graph.tensors[step.makes].there
        for tensor, flag in step.reads:
            ends: Dim = flag
            for life in after.get(tensor, ()):
                if life.first <= time + 1 <= life.last:
                    ends = both(ends, 1 - life.flag)
            ends = both(free, ends)
            if type(ends) is not int or ends:
                found.setdefault(time, []).append((tensor, step.makes, ends))
                free = free - ends
    return found


def amounts(graph: Graph, batch: int = 1) -> list[Dim]:
    """The amounts of which the peak is the maximum, one or two a time; of the largest-map plan, one a tensor."""
    if graph.rule.plan == "largest":
        return [tensor.elements * tensor.there * batch for tensor in graph.tensors[1:]] or [0]
    alive = lives(graph)
    found = totals(graph, alive, batch)
    for time, pairs in shared(graph, alive).items():
        total = found[time]
        over, under = total, total  # without the one written over, and without the one written
        for tensor, made, flag in pairs:
            over = over - graph.tensors[tensor].elements * flag * batch
            under = under - graph.tensors[made].elements * flag * batch
        found[time] = over
        found.append(under)
    return found


def moments(graph: Graph, batch: int = 1) -> list[Moment]:
    """What is alive at every time, of a network at one alpha and resolution.

    Raises
    ------
    MbcostError
        Where so many tensors live for so long that they could not be listed.

    >>> import mbcost
    >>> from mbcost.memory.graph import graph
    >>> cost = mbcost.load("mobilenet_v2").cost()
    >>> found = graph(cost.placed.layers, cost.rows, (3, 224, 224))
    >>> peak = max(moments(found), key=lambda moment: moment.total)
    >>> peak.name, peak.total, [found.tensors[number].name for number in peak.tensors]
    ('inverted_residual_2/depthwise', 1505280, ['inverted_residual_2/expand', 'inverted_residual_2/depthwise'])
    """
    alive = lives(graph)
    if sum([life.last - life.first + 1 for life in alive]) > MAX_ALIVE:
        raise MbcostError(
            f"more than {MAX_ALIVE:,} tensors would have to be listed, step by step",
            help="`mbcost table --columns peak_memory` counts the peak alone",
        )
    there: list[list[int]] = [[] for _ in names(graph)]
    for life in alive:
        for time in range(life.first, life.last + 1):
            there[time].append(life.tensor)
    return [
        Moment(name, tuple(sorted(tensors)), saved, total)
        for tensors, (name, saved, total) in zip(there, _sums(graph, alive, batch), strict=True)
    ]


def highest(graph: Graph, batch: int = 1) -> Moment:
    """The first of the moments at which the most is held, however many others there are."""
    alive = lives(graph)
    sums = _sums(graph, alive, batch)
    time = max(range(len(sums)), key=lambda time: sums[time][2])
    return Moment(
        sums[time][0], tuple(sorted([one.tensor for one in alive if one.first <= time <= one.last])), *sums[time][1:]
    )


def _sums(graph: Graph, alive: list[Alive], batch: int) -> list[tuple[str, Dim, Dim]]:
    """The name of every time, the elements in place of another's there, and all elements that are held."""
    over = shared(graph, alive)
    found = []
    for time, (name, total) in enumerate(zip(names(graph), totals(graph, alive, batch), strict=True)):
        pairs = over.get(time, ())
        saved = sum([min(graph.tensors[a].elements, graph.tensors[b].elements) * batch for a, b, _ in pairs])
        found.append((name, saved, total - saved))
    return found
