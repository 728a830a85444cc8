"""One network under every memory rule, and the way from one rule to another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from mbcost.dims import Dim
from mbcost.memory.measures import Peak, peak
from mbcost.memory.rule import Rule

__all__ = ["Change", "Under", "side_by_side", "way"]

WORDS = ("tool", "version", "source", "note", "name", "scratch")
"""What of a rule changes no amount, or only with its plan."""


class Under(NamedTuple):
    """A network's peak under one rule."""

    rule: Rule
    peak: Peak


class Change(NamedTuple):
    """One step of the way: the part of the rule that changes, what it becomes, and the peak with the rule so far."""

    part: str
    value: str
    peak: Peak
    change: Dim


def side_by_side(network: Any, rules: Iterable[Rule]) -> list[Under]:
    """The peak under each rule.

    >>> import mbcost
    >>> from mbcost.memory.rules import available
    >>> cost = mbcost.load("mobilenet_v2").cost()
    >>> [(one.rule.name, one.peak.elements) for one in side_by_side(cost, available().values())][2:4]
    [('torch-eager', 1856512), ('paper-v2', 602112)]
    """
    return [Under(rule, peak(network, rule)) for rule in rules]


def way(network: Any, a: Rule, b: Rule) -> list[Change]:
    """The way from one rule to another, one part at a time; the changes add up to the difference.

    >>> import mbcost
    >>> from mbcost.memory.rules import find
    >>> cost = mbcost.load("mobilenet_v2").cost()
    >>> [(step.part, step.value, step.peak.elements) for step in way(cost, find("paper-v2"), find("torch-eager"))]
    [('input', 'end', 752640), ('blocks', 'false', 1655808), ('holds', 'true', 1856512)]
    """
    found = []
    before = peak(network, a).elements
    rule = a
    for part in Rule._fields:
        value = getattr(b, part)
        if part in WORDS or getattr(rule, part) == value:
            continue
        changes: dict[str, Any] = {part: value, "scratch": b.scratch if part == "plan" else rule.scratch}
        rule = rule._replace(**changes)
        if rule.in_place and (rule.blocks or rule.plan != "alive"):
            continue  # these two cannot be together: what comes next takes one of them away
        now = peak(network, rule)
        found.append(Change(part, said(value), now, now.elements - before))
        before = now.elements
    return found


def said(value: Any) -> str:
    """A part of a rule as its file writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(one if isinstance(one, str) else f"{one[0]}: {one[1]}" for one in value) or "none"
    return str(value)
