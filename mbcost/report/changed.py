"""What changed in a layer, in words."""

from __future__ import annotations

from typing import Any

from mbcost.analysis.diff import Change
from mbcost.layers import Row
from mbcost.report.numbers import number, shape

__all__ = ["what"]

# What else a layer's cost is made of, in words, where no field and no shape of it differ.
MADE_OF = {
    "weights": ("weights", "weight_mults"),
    "bias": ("biases", "bias_adds"),
    "norm": ("norm_scale", "norm_shift", "norm_stats", "norm_elements"),
    "products of maps": ("map_mults",),
    "other params": ("other_params",),
}


def what(change: Change) -> str:
    """The fields that differ, in words."""
    old, new = change.old, change.new
    if old is None or new is None:
        return _described(new or old)
    words = [f"was {old.name}"] if change.renamed else []
    words += [f"cost {'not ' * (not new.exact)}known now"] if old.exact != new.exact else []
    words += [f"kind {old.kind}->{new.kind}"] if old.kind != new.kind else []
    words += [
        f"{field} {_shown(before)}->{_shown(after)}"
        for field, before, after in change.fields
        if field in {"kernel_size", "stride"} or (field == "groups" and not old.kind == new.kind == "depthwise")
    ]
    sides = [(row.input[0], row.output[0]) for row in (old, new)]
    moved = [
        f"{_shown(before)}->{_shown(after)}" if before != after else "" for before, after in zip(*sides, strict=True)
    ]
    if all(inner == outer for inner, outer in sides):  # a depthwise, a pool, an add: what comes in goes out
        words += [f"channels {moved[0]}"] if moved[0] else []
    elif any(moved):
        told = [f"{way} {channels}" for way, channels in zip(("in", "out"), moved, strict=True) if channels]
        words += [f"channels {', '.join(told)}"]
    maps = [(row.output[1:] if old.output[1:] != new.output[1:] else row.input[1:]) for row in (old, new)]
    words += [f"map {shape(maps[0])}->{shape(maps[1])}"] if maps[0] != maps[1] else []
    return ", ".join(words or _parts(old, new))


def _parts(old: Row, new: Row) -> list[str]:
    """The parts of the cost that differ; a saved report of an early version does not have them."""
    if old.kind == new.kind == "custom":
        return ["the cost it states"]
    differ = [
        word for word, parts in MADE_OF.items() if any(getattr(old, part) != getattr(new, part) for part in parts)
    ]
    return differ or ["norm or bias"]


def _described(row: Row | None) -> str:
    """A layer that one side does not have: its kind, its kernel, its channels."""
    if row is None:
        return ""
    kernel = f" {shape(row.kernel_size)}," if row.kernel_size and row.kernel_size != (1, 1) else ""
    return f"{row.kind}{kernel} {_shown(row.input[0])}->{_shown(row.output[0])}"


def _shown(value: Any) -> str:
    """A field's value: a square kernel or stride as one number, as in a layer table."""
    if isinstance(value, tuple):
        return number(value[0]) if len(set(value)) == 1 else shape(value)
    return "none" if value is None else number(value)
