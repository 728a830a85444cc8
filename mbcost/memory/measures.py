"""What a costed network holds and moves, as the register of quantities asks for it (:mod:`mbcost.quantities`).

``network`` is anything costed that knows how its rows hang together: a :class:`mbcost.network.Cost` at one point, or a
recorded walk, whose numbers are polynomials.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mbcost.dims import Dim
from mbcost.errors import MbcostError
from mbcost.memory.arena import arena_of
from mbcost.memory.graph import Graph, graph
from mbcost.memory.liveness import amounts, highest
from mbcost.memory.rule import LIVENESS, Rule
from mbcost.memory.rules import find

__all__ = ["Peak", "accesses", "arena_bytes", "graph_of", "peak", "peak_amounts", "peak_tensors", "tflm_peak"]


class Peak(NamedTuple):
    """The most that is held at once: the elements, the step, and the tensors alive there, the largest first."""

    elements: Dim
    step: str
    tensors: tuple[tuple[str, Dim], ...]


def graph_of(network: Any, rule: Rule | None = None) -> Graph:
    """The graph of a costed network, under its own memory rule or another."""
    rule = find(network.memory_rule) if rule is None else rule
    if network.recorder is not None:
        return graph(network.placed.layers, network.rows, network.start, rule, network.recorder, network.presence)
    steps = rule.steps, rule.reshapes, rule.input == "end"  # all that a graph asks of its rule
    if steps not in network.graphs:
        network.graphs[steps] = graph(network.placed.layers, network.rows, network.start, rule)
    found: Graph = network.graphs[steps]
    return found._replace(rule=rule)


def peak_amounts(network: Any) -> list[Dim]:
    """The amounts of elements whose largest is the peak memory under the network's rule.

    >>> import mbcost
    >>> max(peak_amounts(mbcost.load("mobilenet_v2").cost()))
    1505280
    """
    found = graph_of(network)
    if found.rule.plan != "greedy":
        return (
            undominated(amounts(found, network.batch))
            if network.recorder is not None
            else amounts(found, network.batch)
        )
    if network.recorder is not None:
        raise MbcostError(
            f"the plan of the memory rule `{found.rule.name}` is no polynomial of widths and sizes",
            help="take another --memory-rule; `table`, `memory` and `check` know the `arena` of one network at a time",
        )
    return [arena_of(found, batch=network.batch)]


def undominated(found: list[Dim]) -> list[Dim]:
    """The amounts without those that others are at least as large as, term by term, wherever they are.

    >>> undominated([3, 5, 5])
    [5]
    """
    kept: list[Dim] = []
    for form in dict.fromkeys(found):
        if not any(_covers(other, form) for other in kept):
            kept = [other for other in kept if not _covers(form, other)]
            kept.append(form)
    return kept


def _covers(large: Dim, small: Dim) -> bool:
    """Whether one amount is at least another wherever widths and sizes are: no factor of the difference is below 0."""
    difference = large - small
    return difference >= 0 if type(difference) is int else all(factor >= 0 for factor in difference.terms.values())


def peak(network: Any, rule: Rule | None = None) -> Peak:
    """The peak of a network at one point, and what makes it.

    >>> import mbcost
    >>> found = peak(mbcost.load("mobilenet_v2").cost())
    >>> found.step, found.tensors[0]
    ('inverted_residual_2/depthwise', ('inverted_residual_2/expand', 1204224))
    """
    found = graph_of(network, rule)
    batch = network.batch
    if found.rule.plan == "largest":
        sizes = [(tensor.name, tensor.elements * batch) for tensor in found.tensors[1:]]
        name, elements = max(sizes, key=lambda pair: pair[1], default=("input", 0))
        return Peak(elements, name, ((name, elements),))
    most = highest(found, batch)
    tensors = [(found.tensors[number].name, found.tensors[number].elements * batch) for number in most.tensors]
    elements = arena_of(found, batch=batch) if found.rule.plan == "greedy" else most.total
    return Peak(elements, most.name, tuple(sorted(tensors, key=lambda pair: -pair[1])))


def peak_tensors(network: Any) -> list[tuple[str, Dim]]:
    """The tensors alive at the peak, the largest first."""
    return list(peak(network).tensors)


def arena_bytes(network: Any) -> list[Dim]:
    """The bytes of TFLite Micro's arena in int8, under its own rule whatever the network's is.

    >>> import mbcost
    >>> arena_bytes(mbcost.load("mobilenet_v2").cost(alpha="0.5", resolution=160))
    [409600]
    """
    return [arena_of(graph_of(network, find("tflm")), batch=network.batch)]


def tflm_peak(network: Any) -> Peak:
    """The arena, and where most of it is alive.

    >>> import mbcost
    >>> tflm_peak(mbcost.load("mobilenet_v2").cost(alpha="0.5", resolution=160)).step
    'inverted_residual_2/depthwise'
    """
    return peak(network, find("tflm"))


def accesses(network: Any) -> list[Dim]:
    """Elements of feature maps that each row's steps read and make, every input once; a row that makes nothing has none.

    >>> import mbcost
    >>> network = mbcost.load("mobilenet_v1").cost()
    >>> accesses(network)[:2] == [(3 * 224**2 + 32 * 112**2), 2 * 32 * 112**2]
    True
    """
    found = graph_of(network, LIVENESS)
    rows: dict[str, Dim] = {row.name: 0 for row in network.rows}
    for step in found.steps:
        made = found.tensors[step.makes]
        moved = made.elements * made.there
        for read, flag in step.reads:
            moved = moved + found.tensors[read].elements * flag
        rows[step.row] = rows[step.row] + moved * network.batch
    return list(rows.values())
