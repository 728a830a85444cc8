"""Costed networks in the JSON of ``check``, and saved reports of ``check`` and ``table`` as the other side of a relative limit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from mbcost.budgets.models import Model
from mbcost.budgets.saved_json import amounts, exact, read_models
from mbcost.budgets.specs import Point, Result
from mbcost.dims import Dim
from mbcost.errors import MbcostError, Place
from mbcost.layers import Row
from mbcost.network import PLAIN, Cost
from mbcost.quantities import AnyBits, Quantity
from mbcost.report.costed import layer_keys, peak_keys, total_keys, widths
from mbcost.report.heads import head
from mbcost.tables import is_path

__all__ = ["ReportBase", "saved_keys"]


def saved_keys(result: Result, more: Iterable[Quantity] = ()) -> dict[str, Any]:
    """A costed network as a report carries it: what it was asked for, all its layers, every quantity of each.

    ``more`` are quantities that take long, and were limited.
    """
    cost, changed = result.cost, result.point.changed
    return {
        **head(cost, leaving=("unit",)), "model": result.model, "name": cost.network.name, **({"changed": changed} if changed else {}),
        "bits": widths(), "blocks": list(dict.fromkeys(cost.network.blocks)), "total": total_keys(cost, more=more),
        "peak": peak_keys(cost), "layers": layer_keys(cost),
    }  # fmt: skip


class ReportBase:
    """A saved report: ``mbcost check -f json`` or ``mbcost table MODEL -f json``."""

    def __init__(self, path: str) -> None:
        self.label = path
        self.models = read_models(path)

    def side(self, model: Model, point: Point, cost: Cost) -> SavedSide | None:
        """The saved network of the same file and at the same point; of the same name where its file is no longer there."""
        named = [m for m in self.models if m["model"] == model.name] or [
            m for m in self.models if m.get("name", m["model"]) == cost.network.name and not os.path.isfile(m["model"])
        ]
        if not named:
            return None
        here = [m for m in named if _same_point(m, cost, point)]
        found = next((m for m in here if m["convention"] == str(cost.variant.convention)), here[0] if here else None)
        if found is None:
            height, width = cost.variant.size
            raise MbcostError(
                f"`{self.label}` has `{model.name}`, but not at alpha {cost.variant.alpha}, resolution {height}x{width}",
                help="save the report again with this point: mbcost check -f json -o FILE.json",
            )
        if found["convention"] != str(cost.variant.convention):
            raise MbcostError(
                f"the two sides are counted under different conventions: `{found['convention']}` in {self.label}, `{cost.variant.convention}` here",
                help=f"save the base with --convention {cost.variant.convention}, or change `convention`",
                place=Place(self.label, 1, 1),
            )
        rule = found.get("memory_rule", PLAIN.memory_rule)
        moved = "name" in found and found["model"] != model.name  # a report of `mbcost table` has the name alone
        return SavedSide(found, self.label, found["model"] if moved else "", rule == cost.variant.memory_rule)

    def absent(self, model: Model) -> str:
        """Why a model has no side."""
        gone = [
            m["model"] for m in self.models if "name" in m and is_path(m["model"]) and not os.path.isfile(m["model"])
        ]
        more = f" (which has {', '.join(gone[:3])}: no such file is there now)" if gone else ""
        return f"is new: it has no base at {self.label}{more}"


def _same_point(model: dict[str, Any], cost: Cost, point: Point) -> bool:
    """Whether a saved model is the same member of its family."""
    variant = cost.variant
    rounding = None if variant.rounding is None else str(variant.rounding)
    return (
        model["alpha"] == str(variant.alpha) and model.get("depth", "1") == str(variant.depth) and model["resolution"] == list(variant.size)
        and model.get("batch", 1) == variant.batch and model.get("standard", False) == variant.standard
        and model.get("rounding", rounding) == rounding and (model.get("changed") or {}) == json.loads(json.dumps(point.changed))
    )  # fmt: skip


class SavedSide:
    """A saved network: its rows as far as layers are told apart by them, the amounts the report carries, and its old path.

    ``same_rule`` is whether its memory rule is the one of today: a peak under another one is no base.
    """

    def __init__(self, model: dict[str, Any], path: str, was: str, same_rule: bool) -> None:
        self.path = path
        self.same_rule = same_rule
        self._peak = model.get("peak")
        self.was = was
        self.blocks = tuple(model.get("blocks") or ())
        self.bound = model.get("status", "exact") != "exact"
        self.rows = tuple([_row(layer) for layer in model["layers"]])
        self._amounts = {row.name: amounts(layer) for row, layer in zip(self.rows, model["layers"], strict=True)}
        self._totals = amounts(model["total"])

    def total(self, quantity: Quantity, bits: AnyBits) -> Dim | None:
        """A quantity of the network; None where the report does not have it."""
        if quantity.base.ruled and not self.same_rule:
            raise MbcostError(
                f"the report `{self.path}` has the {quantity.base.heading} under another memory rule",
                help="save it again under this one: --memory-rule, or `memory_rule` of the budget",
            )
        return self._read(self._totals, quantity, bits)

    def each(self, quantity: Quantity, bits: AnyBits) -> dict[str, Dim]:
        """What each row contributes to it, by name, as far as the report has it."""
        found = {name: self._read(amounts, quantity, bits) for name, amounts in self._amounts.items()}
        return {name: amount for name, amount in found.items() if amount is not None}

    def peak(self, quantity: Quantity, bits: AnyBits) -> tuple[str, list[tuple[str, Dim]]]:
        """Where in the network the peak memory was, and the tensors alive there; the report has no others."""
        if quantity.base.name != "peak_memory" or self._peak is None:
            return "", []
        tensors = [(one["name"], quantity.amount(exact(one["elements"]), bits)) for one in self._peak["tensors"]]
        return self._peak["step"], tensors

    def _read(self, amounts: dict[str, Dim], quantity: Quantity, bits: AnyBits) -> Dim | None:
        name = quantity.base.name
        if name not in amounts or quantity.in_bits:  # what is in bits a report has in bytes
            return amounts.get(name)
        return quantity.amount(amounts[name], bits)


def _row(layer: dict[str, Any]) -> Row:
    """One saved layer: what tells it from others."""
    depth, rows, columns = map(exact, layer["input"])
    channels, height, width = map(exact, layer["output"])
    kernel, stride, groups = layer.get("kernel_size"), layer.get("stride"), layer.get("groups")
    return Row(
        layer["name"], layer["kind"], layer["kind"], (depth, rows, columns), (channels, height, width),
        exact(layer["mult_adds"]), exact(layer["params"]), None if kernel is None else (exact(kernel[0]), exact(kernel[1])),
        None if stride is None else (exact(stride[0]), exact(stride[1])), None if groups is None else exact(groups),
        weights=exact(layer["weights"]), exact=layer.get("status", "exact") == "exact",
    )  # fmt: skip
