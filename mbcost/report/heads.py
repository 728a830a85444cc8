"""What stands above every table and at the head of every JSON report: what was counted, and how."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from mbcost.network import Cost
from mbcost.report.numbers import number

__all__ = ["bound", "counted", "head", "heading"]


def heading(
    cost: Cost, unit: str = "mult_adds", *, bits: Mapping[str, Any] | None = None, leaving: tuple[str, ...] = (),
    ridge_point: str | None = None, titled: bool = False,
) -> str:  # fmt: skip
    """The line above every table: what was counted, and how; ``leaving`` are the fields of the variant it does not say.

    ``bits`` are the widths of the quantities that depend on them, ``ridge_point`` that of modelled times. ``titled`` ones begin with what a paper calls the network.

    >>> import mbcost
    >>> heading(mbcost.load("mobilenet_v1").cost("0.75", resolution=192))
    'mobilenet_v1, alpha 0.75, resolution 192 x 192, convention torch, rounding floor'
    """
    said = [words for field, words in cost.variant.words().items() if field not in leaving]
    more = [
        *_unit(unit),
        *_widths(bits or {}),
        *([] if ridge_point is None else [f"ridge point {number(Fraction(ridge_point))}"]),
        *([] if cost.exact else [bound(cost)]),
    ]
    network = cost.network
    named = [network.title if titled else network.name]
    named += [] if titled or network.scaling is None else [f"table {network.table.name}"]
    return ", ".join([*named, *said, *more])


def counted(cost: Cost, unit: str) -> str:
    """How a variant was counted, in words that several networks can share."""
    said = cost.variant.words()
    return ", ".join([*[said[field] for field in ("batch", "standard", "convention") if field in said], *_unit(unit)])


def _widths(bits: Mapping[str, Any]) -> list[str]:
    """Bit widths: once where they are the same for all, else for each quantity."""
    said = {
        name: " x ".join(map(str, width)) if isinstance(width, tuple) else str(width) for name, width in bits.items()
    }
    if len(set(said.values())) == 1:
        return [f"{next(iter(said.values()))} bits an element"]
    return [f"{name} at {width} bits" for name, width in said.items()]


def _unit(unit: str) -> list[str]:
    return ["1 mult-add = 2 FLOPs"] if unit == "flops" else []


def bound(cost: Cost) -> str:
    """What makes a total a lower bound: the rows that say ``cost: unknown``."""
    names = [row.name for row in cost.rows if not row.exact]
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"a lower bound: the cost of {listed} is not known"


def head(cost: Cost, unit: str = "mult_adds", *, leaving: tuple[str, ...] = ()) -> dict[str, Any]:
    """The keys every JSON report begins with: what was counted, how, from which table."""
    keys = cost.variant.keys()
    table = {} if cost.network.scaling is None else {"table": cost.network.table.name}
    changed: dict[str, Any] = {key: keys.pop(key) for key in ("set", "without") if key in keys}
    found = {
        "model": cost.network.name,
        **table,
        "table_hash": cost.network.table_hash,
        **keys,
        "status": cost.status,
        "unit": unit,
        **changed,
    }
    return {key: said for key, said in found.items() if key not in leaving}
