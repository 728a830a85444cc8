"""Files of memory rules and of devices: YAML text to values, every problem with its place."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from mbcost.dims.amounts import parse_bytes, parse_count
from mbcost.documents.entries import Entry, Listing, read_entries
from mbcost.documents.nodes import Mapping, Node, Scalar, Sequence
from mbcost.errors import nearest
from mbcost.layers import KINDS
from mbcost.layers.base import ACTIVATIONS
from mbcost.layers.fields import Choice, Flag, Rational, Whole
from mbcost.layers.wording import shown
from mbcost.memory.device import Device
from mbcost.memory.rule import INPUTS, PLANS, Rule

__all__ = ["STEPS", "read_devices", "read_rules"]

COMPOSITES = frozenset(
    {"separable", "inverted_residual", "fused_inverted_residual", "squeeze_excite", "dropout", "flatten"}
)
STEPS = tuple(kind for kind in KINDS if kind not in COMPOSITES) + tuple(
    a for a in ACTIVATIONS if a not in {"none", *KINDS}
)
"""What a step can do: the kinds of layers that make a tensor, and the activations."""

T = TypeVar("T")
FLAG, COUNT, SCRATCH = Flag(), Whole(1, 2), Whole(0, 1_000_000)


def read_rules(path: str, taken: tuple[str, ...]) -> dict[str, Rule]:
    """The memory rules of a file by name; ``taken`` are the names that others have.

    Raises
    ------
    Problems
        Everything that is wrong with the file, each with its place and the way out.
    """
    return _read(path, taken, "rules", "memory rule", _RULE, _rule)


def read_devices(path: str, taken: tuple[str, ...]) -> dict[str, Device]:
    """The devices of a file by name; ``taken`` are the names that others have."""
    return _read(path, taken, "devices", "device", _DEVICE, _device)


Fields = dict[str, Callable[[Entry, Node], Any]]


def _read(
    path: str, taken: tuple[str, ...], key: str, what: str, fields: Fields, make: Callable[[Entry, dict[str, Any]], T]
) -> dict[str, T]:
    def one(entry: Entry, name: str) -> T | None:
        given = {field: entry.given(field) for field in fields}
        values = {field: fields[field](entry, node) for field, node in given.items() if node is not None}
        return make(entry, {"name": name, **values}) if entry.good else None

    return read_entries(path, taken, Listing(f"a file of {key}", key, what, ("name", *fields)), one)


def _choice(field: str, words: tuple[str, ...]) -> Callable[[Entry, Node], Any]:
    return lambda entry, node: entry.scalar(node, field, Choice(*words).read)


def _text(field: str) -> Callable[[Entry, Node], Any]:
    return lambda entry, node: entry.text(field)


def _flag(field: str) -> Callable[[Entry, Node], Any]:
    return lambda entry, node: entry.scalar(node, field, FLAG.read)


def _steps(entry: Entry, node: Node) -> Any:
    if not isinstance(node, Mapping):
        entry.problem(
            node, "`steps` is a mapping from activation to its number of steps", "write {hard_swish: 1, silu: 2}"
        )
        return ()
    found = []
    for word, value in node.items.items():
        _step_word(entry, node.keys[word], "steps", word, ACTIVATIONS[1:])
        found.append((word, entry.scalar(value, f"steps {word}", COUNT.read)))
    return tuple(found)


def _in_place(entry: Entry, node: Node) -> Any:
    if not isinstance(node, Sequence):
        entry.problem(node, "`in_place` is a list of what a step does", "write [depthwise, add]")
        return ()
    for item in node.items:
        _step_word(entry, item, "in_place", item.text if isinstance(item, Scalar) else "[...]", STEPS)
    return tuple(item.text for item in node.items if isinstance(item, Scalar))


def _scratch(entry: Entry, node: Node) -> Any:
    found = []
    for item in node.items if isinstance(node, Sequence) else [node]:
        if not isinstance(item, Sequence) or len(item.items) != 3:
            fact = "`scratch` is a list of triples: what a step does, bytes for every element it makes, bytes once"
            entry.problem(item, fact, "write [[global_pool, 4, 0]]")
            return ()
        word, per, once = item.items
        _step_word(entry, word, "scratch", word.text if isinstance(word, Scalar) else "[...]", STEPS)
        amounts = [entry.scalar(amount, "scratch", SCRATCH.read) for amount in (per, once)]
        found.append((word.text if isinstance(word, Scalar) else "", *amounts))
    return tuple(found)


def _step_word(entry: Entry, node: Node, field: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        close = nearest(word, list(known))
        help = f"did you mean {close}?" if close else f"it is one of {', '.join(known)}"
        entry.problem(node, f"`{field}`: no step does {shown(word)}", help)


def _rule(entry: Entry, values: dict[str, Any]) -> Rule:
    rule = Rule(**values)
    if rule.in_place and (rule.blocks or rule.plan != "alive"):
        other = "blocks" if rule.blocks else "plan"
        entry.problem(
            entry.node.items["in_place"], f"`in_place` has no meaning beside this `{other}`", "leave one of them out"
        )
    if rule.scratch and rule.plan != "greedy":
        entry.problem(entry.node.items["scratch"], "`scratch` is only planned by `plan: greedy`", "leave it out")
    return rule


def _device(entry: Entry, values: dict[str, Any]) -> Device:
    peak, bandwidth, ridge = (values.get(key) for key in ("peak", "bandwidth", "ridge_point"))
    own = Fraction(peak, bandwidth) if peak and bandwidth else None
    if own is None and ridge is None:
        help = "give ridge_point, or peak (mult-adds a second) and bandwidth (bytes a second)"
        entry.problem(entry.node, "a device has a ridge point", help)
    elif own is not None and ridge not in {None, own}:
        fact = f"`ridge_point` is {ridge}, and peak / bandwidth is {own}"
        entry.problem(entry.node.items["ridge_point"], fact, "leave the ridge point out")
    return Device(**{**values, "ridge_point": own if ridge is None else ridge})


_WORDS: Fields = {word: _text(word) for word in ("tool", "version", "source", "note")}
_RULE: Fields = {
    "plan": _choice("plan", PLANS),
    "input": _choice("input", INPUTS),
    "steps": _steps,
    "in_place": _in_place,
    "blocks": _flag("blocks"),
    "holds": _flag("holds"),
    "reshapes": _flag("reshapes"),
    "scratch": _scratch,
    **_WORDS,
}
_DEVICE: Fields = {
    "ridge_point": lambda entry, node: entry.scalar(node, "ridge_point", Rational().read),
    "peak": lambda entry, node: entry.scalar(node, "peak", lambda text: parse_count(text, "peak")),
    "bandwidth": lambda entry, node: entry.scalar(node, "bandwidth", lambda text: parse_bytes(text, "bandwidth")),
    "title": _text("title"),
    **{word: _text(word) for word in ("source", "note")},
}
