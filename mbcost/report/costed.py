"""Costed networks in reports: rows and groups of rows with their quantities, and the keys of the sums.

What is written here is what a saved report is read back from: every quantity of every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mbcost.analysis.groups import Group, gather, share
from mbcost.network import Cost
from mbcost.quantities import BITS, QUANTITIES, TOTALS, AnyBits, Quantity, measured
from mbcost.report.report import Field, Rows, at, value

__all__ = ["amounts", "costed_rows", "layer_keys", "peak_keys", "quantities", "told", "total_keys", "widths"]

HEADINGS = {"layer": "layer", "block": "block", "kind": "kind"}
FACTS = (
    Field("kind", "kind", "text", 3),
    Field("input", "input", "shape", 4),
    Field("output", "output", "shape", 2),
    Field("kernel_size", "kernel", "shape", 5),
    Field("stride", to="json"),
    Field("groups", to="json"),
)


def costed_rows(
    cost: Cost, shown: Sequence[Quantity], *, by: str = "layer", groups: Iterable[Group] | None = None, rest: Group | None = None,
    unit: str = "mult_adds", bits: AnyBits = BITS,
) -> Rows:  # fmt: skip
    """The table of a costed network: its layers, blocks or kinds (all of them, or some and the ``rest`` as one), and their sum."""
    by_row: dict[str, dict[str, Any]] = {}
    whole = Group(f"total ({cost.layers} layers with weights)" if by == "layer" else "total", cost.rows)
    wholes: dict[str, Any] = {}

    def amount(group: Group, quantity: Quantity) -> Any:
        if group is not whole:
            if quantity.quotient is not None:
                above, below = (amount(group, measured(name)) for name in quantity.quotient)
                return share(above, below)
            if quantity.base.of_network is None:
                return group.amount(quantity, bits)
            if quantity.name not in by_row:
                by_row[quantity.name] = dict(
                    zip([row.name for row in cost.rows], quantity.each(cost, bits), strict=False)
                )
            each = by_row[quantity.name]  # nothing of what only a whole network has
            return sum([each[row.name] for row in group.rows]) if each else None
        if quantity.name not in wholes:
            wholes[quantity.name] = quantity.total(cost, bits)
        return wholes[quantity.name]

    flops = ("flops",) if unit == "flops" else ()
    if by == "layer":
        several = (whole, rest)
        facts = [fact._replace(get=at(_fact, fact.key, several)) for fact in FACTS]
        facts.insert(4, Field("stride", "stride", "shape", 6, at(_stride, several), "columns"))
        keyed = ("mult_adds", *flops, *TOTALS[1:])
    else:
        facts, keyed = [Field("layers", "layers", "count")], ("mult_adds", *flops, "params")
    fields = [Field("name", HEADINGS[by], "name"), *facts]
    fields += amounts(shown, keyed, amount, lambda quantity: amount(whole, quantity), shares_in_json=by != "layer")
    if not cost.exact:
        fields.append(
            Field("status", "status", get=lambda group: "exact" if group.exact else "lower bound", to="columns")
        )
        fields.append(
            Field("status", get=lambda group: None if group.exact else "lower bound", to="json", optional=True)
        )
    listed = gather(cost.rows, by) if groups is None else groups
    return Rows(fields, listed, whole, (rest,) if rest else ())


def _fact(group: Group, name: str, several: tuple[Group | None, ...]) -> Any:
    """A fact of the one row of a group; several rows have none."""
    return None if group in several else getattr(group.rows[0], name)


def _stride(group: Group, several: tuple[Group | None, ...]) -> Any:
    """A square stride as one number, as in a layer table."""
    stride = _fact(group, "stride", several)
    return str(stride[0]) if stride and stride[0] == stride[1] else stride


def amounts(
    shown: Sequence[Quantity],
    keyed: Sequence[str],
    amount: Callable[[Any, Quantity], Any],
    whole: Callable[[Quantity], Any] | None = None,
    *,
    shares_in_json: bool = False,
) -> list[Field]:
    """The fields of some quantities: columns of those ``shown``, keys of those ``keyed``, and all others under ``quantities``.

    ``amount(row, quantity)`` is what a row has of one; with ``whole``, the total, what is a sum has a share beside it.
    """
    names = [quantity.name for quantity in shown]
    fields = []
    for name in dict.fromkeys((*names, *keyed)):
        quantity = measured(name)
        to = ("all" if name in keyed else "columns") if name in names else "json"
        fields += told(quantity, name, at(amount, quantity), to)
        if whole is not None and quantity.shared and not quantity.derived and (name in names or shares_in_json):
            key, priority = ("share", 1) if name == "mult_adds" else (f"{name}_share", 7)
            get = at(_shared, amount, quantity, whole(quantity))
            fields.append(Field(key, "share", "share", priority, get, to if shares_in_json else "columns"))
    others = [one for name, one in QUANTITIES.items() if name not in keyed and (not one.dear or name in names)]
    fields.append(Field("quantities", get=at(_all, amount, others), to="json"))
    return fields


def told(
    quantity: Quantity, key: str, get: Callable[[Any], Any], to: str = "all", path: tuple[str, ...] = (), heading: str = "",
    priority: int = 0,
) -> list[Field]:  # fmt: skip
    """The fields of one quantity: one, or of what is rational an exact text in JSON and a number beside it."""
    said = heading or quantity.heading
    if quantity.unit != "rational":
        return [Field(key, said, quantity.kind, priority, get, to, path)]
    *outer, last = path or (key,)
    fields = [] if to == "json" else [Field(key, said, quantity.kind, priority, get, "columns")]
    if to in {"all", "json"}:
        fields += [
            Field(key, kind="number", get=get, to="json", path=path),
            Field(f"{key}_number", kind="ratio", get=get, to="json", path=(*outer, f"{last}_number")),
        ]
    return fields


def quantities(amounts: dict[str, Any]) -> dict[str, Any]:
    """Amounts by the names of their quantities as JSON has them, without those that there are not."""
    found: dict[str, Any] = {}
    for name, amount in amounts.items():
        if amount is not None and measured(name).unit == "rational":
            found |= {name: value(amount, "number"), f"{name}_number": value(amount, "ratio")}
        elif amount is not None:
            found[name] = amount
    return found


def _all(row: Any, amount: Callable[[Any, Quantity], Any], asked: Sequence[Quantity]) -> dict[str, Any]:
    """What a row has of some quantities, without those that only a whole network has."""
    return quantities({quantity.name: amount(row, quantity) for quantity in asked})


def _shared(row: Any, amount: Callable[[Any, Quantity], Any], quantity: Quantity, whole: Any) -> Any:
    """A row's share of a quantity."""
    part = amount(row, quantity)
    return None if part is None else share(part, whole)


def layer_keys(
    cost: Cost, names: Sequence[str] | None = None, unit: str = "mult_adds", bits: AnyBits = BITS
) -> list[dict[str, Any]]:
    """The rows of a costed network, or those of some names, as JSON has them."""
    rows = costed_rows(cost, (), unit=unit, bits=bits)
    return list(rows.objects([group for group in rows.rows if names is None or group.name in names]))


def total_keys(
    cost: Cost, unit: str = "mult_adds", bits: AnyBits = BITS, more: Iterable[Quantity] = ()
) -> dict[str, Any]:
    """The sums of a costed network as JSON has them; of what takes long those of ``more`` alone."""
    keyed = (*TOTALS, *(("flops",) if unit == "flops" else ()))
    keys: dict[str, Any] = {name: cost.total(name) for name in keyed}
    keys |= {"layers": cost.layers, "status": cost.status}
    shown = [one for name, one in QUANTITIES.items() if name not in keyed and (not one.dear or one in more)]
    keys["quantities"] = quantities({quantity.name: quantity.total(cost, bits) for quantity in shown})
    return keys


def peak_keys(cost: Cost) -> dict[str, Any]:
    """Where the peak of memory is, and the tensors alive there."""
    from mbcost.memory.measures import peak

    top = peak(cost)
    tensors = [{"name": name, "elements": size} for name, size in top.tensors]
    return {"step": top.step, "elements": top.elements, "tensors": tensors}


def widths(bits: AnyBits = BITS, quantities: Iterable[Quantity] | None = None) -> dict[str, Any]:
    """The bit widths of the quantities that depend on them; of weights and of activations where both count."""
    known = [one for one in QUANTITIES.values() if not one.dear] if quantities is None else quantities
    found = {one.name: one.widths(bits) for one in known if one.sized}
    return {name: width if len(width) > 1 else width[0] for name, width in found.items()}
