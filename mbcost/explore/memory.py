"""What is alive at each step under every memory rule, as data: the page only adds up the elements of what lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mbcost.dims import Dim
from mbcost.memory.graph import Graph
from mbcost.memory.liveness import Alive, lives, names, shared
from mbcost.memory.measures import graph_of
from mbcost.memory.rule import Rule
from mbcost.separated.polynomial import Inseparable
from mbcost.separated.trace import Trace

__all__ = ["Memory", "recordable"]


def recordable(rules: Iterable[Rule]) -> list[Rule]:
    """The rules whose peak is a largest sum of tensors; what a planner allocates is none.

    >>> from mbcost.memory.rules import available
    >>> [rule.name for rule in recordable(available().values())]
    ['liveness', 'torch-eager', 'paper-v2', 'depthwise-in-place', 'largest-map']
    """
    return [rule for rule in rules if rule.plan != "greedy"]


class Memory:
    """The tensors of a recorded walk, and when each lives under each of some rules.

    ``number`` gives a dim its place among the numbers of the walk, and ``text`` a text its number.
    """

    def __init__(self, found: Trace, number: Callable[[Dim], int], text: Callable[[str], int]) -> None:
        self.found = found
        self.number = number
        self.text = text
        self.tensors: dict[tuple[int, int], int] = {}
        self.known: dict[str, int] = {}

    def facts(self, rules: Iterable[Rule]) -> dict[str, Any]:
        """The tensors as steps from one to the next of (name, place of its elements), and each rule's lives.

        Of rules that are equal the later ones are the number of the first; a rule that cannot be told apart at every alpha
        is null.
        """
        told: list[Any] = []
        for number, rule in enumerate(rules):
            try:
                one = self._rule(graph_of(self.found, rule))
            except Inseparable:
                told.append(None)
                continue
            first = self.known.setdefault(repr(one), number)
            told.append(one if first == number else first)
        flat: list[int] = []
        before = (0, 0)
        for tensor in self.tensors:
            flat += [tensor[0] - before[0], tensor[1] - before[1]]
            before = tensor
        return {"tensors": flat, "rules": told}

    def _rule(self, graph: Graph) -> list[Any]:
        """Lives, names of steps where they are not those of what is made there, and what is written in place."""
        if graph.rule.plan == "largest":
            alive = [Alive(n, n - 1, n - 1, graph.tensors[n].there) for n in range(1, len(graph.tensors))]
            alive = [life for life in alive if life.flag != 0]
        else:
            alive = sorted(lives(graph), key=lambda life: (life.tensor, life.first))
        written: list[Any] = []
        tensor, first = -1, -1
        made: dict[int, str] = {}
        seen: set[int] = set()
        for life in alive:
            one = graph.tensors[life.tensor]
            own = self.number(one.elements * one.there)
            number = self.tensors.setdefault((self.text(one.name), own), len(self.tensors))
            place = self.number(one.elements * life.flag)
            step = [number - tensor, life.first - first, life.last - life.first, *([] if place == own else [place])]
            written.append(step[2] if step[:2] == [1, 1] and len(step) == 3 else step)
            tensor, first = number, life.first
            if life.tensor not in seen:
                seen.add(life.tensor)
                made[life.first] = one.name
        if graph.rule.plan == "largest":
            return [written]
        called = names(graph)
        told = (
            0 if called == [made.get(time, "") for time in range(len(called))] else [self.text(name) for name in called]
        )
        over = [self._over(graph, alive, time, pairs) for time, pairs in shared(graph, alive).items()]
        return [written, told, over] if over else [written, told] if told else [written]

    def _over(self, graph: Graph, alive: list[Alive], time: int, pairs: list[tuple[int, int, Dim]]) -> list[Any]:
        """A step in place: its time, the tensors less what is written over, and the one made less what is written there.

        Either may be the larger.
        """
        flags = {life.tensor: life.flag for life in alive if life.first <= time <= life.last}

        def left(tensor: int, flag: Dim) -> list[int]:
            one = graph.tensors[tensor]
            rest = flags[tensor] - flag
            number = self.tensors[self.text(one.name), self.number(one.elements * one.there)]
            return [number] if type(rest) is int and not rest else [number, self.number(one.elements * rest)]

        total: Dim = 0
        for _, _, flag in pairs:
            total = total + flag
        return [time, [left(tensor, flag) for tensor, _, flag in pairs], left(pairs[0][1], total)]
