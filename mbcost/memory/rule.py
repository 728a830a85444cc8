"""What a memory rule can say: which steps there are, what lives how long, and how it is laid in memory."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["INPUTS", "LIVENESS", "PLANS", "Rule"]

INPUTS = ("last_reader", "end", "none")
"""How long the network's input counts: until its last reader, to the end (the caller keeps it), or not at all."""

PLANS = ("alive", "largest", "greedy")
"""What the peak is: the most that is alive at once, the largest map a layer makes, or what a greedy planner allocates."""


class Rule(NamedTuple):
    """A named memory rule, as ``configs/memory.yaml`` explains it.

    ``steps`` are the activations that are steps of their own, with how many steps each is; ``scratch`` are triples of a kind
    of step, the bytes it needs beside its tensors for every element it makes, and those it needs once.
    """

    name: str
    plan: str = "alive"
    input: str = "last_reader"
    steps: tuple[tuple[str, int], ...] = ()
    in_place: tuple[str, ...] = ()
    blocks: bool = False
    holds: bool = False
    reshapes: bool = False
    scratch: tuple[tuple[str, int, int], ...] = ()
    tool: str = ""
    version: str = ""
    source: str = ""
    note: str = ""


LIVENESS = Rule("liveness")
"""The default rule; here as well as in ``configs/memory.yaml``, so that a query reads no file for it."""
