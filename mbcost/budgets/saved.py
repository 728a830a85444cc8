"""Saved JSON reports of ``check`` and ``table`` as the other side of a relative limit."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from typing import Any

from mbcost.budgets.models import Model
from mbcost.budgets.specs import Point
from mbcost.dims import Dim
from mbcost.errors import MbcostError, Place
from mbcost.layers import Row
from mbcost.network import Cost
from mbcost.quantities import TOTALS, Quantity
from mbcost.tables.nodes import read_bytes, read_text

__all__ = ["ReportBase"]

MAX_TEXT = 200
VERSIONS = {"1", "2"}  # of the reports; the first carries mult-adds, params and their parts alone
AGAIN = "save it with `mbcost check -f json -o FILE.json`, or `mbcost table MODEL -f json -o FILE.json`"


class ReportBase:
    """A saved report: ``mbcost check -f json`` or ``mbcost table MODEL -f json``."""

    def __init__(self, path: str) -> None:
        self.label = path
        self.models = _models(path)

    def side(self, model: Model, point: Point, cost: Cost) -> SavedSide | None:
        """The saved network of the same file and at the same point; of the same name where its file is no longer there."""
        named = [m for m in self.models if m.get("model") == model.name] or [
            m
            for m in self.models
            if m.get("name", m.get("model")) == cost.network.name and not os.path.isfile(str(m.get("model")))
        ]
        if not named:
            return None
        found = next((m for m in named if _same_point(m, cost, point)), None)
        if found is None:
            height, width = cost.variant.resolution
            raise MbcostError(
                f"`{self.label}` has `{model.name}`, but not at alpha {cost.variant.alpha}, resolution {height}x{width}",
                help="save the report again with this point: mbcost check -f json -o FILE.json",
            )
        if found.get("convention") != cost.variant.convention:
            raise MbcostError(
                f"the two sides are counted under different conventions: `{found.get('convention')}` in {self.label}, `{cost.variant.convention}` here",
                help=f"save the base with --convention {cost.variant.convention}, or change `convention`",
                place=Place(self.label, 1, 1),
            )
        moved = "name" in found and found.get("model") != model.name  # a report of `mbcost table` has the name alone
        return SavedSide(found, self.label, str(found.get("model")) if moved else "")

    def absent(self, model: Model) -> str:
        """Why a model has no side."""
        return f"is new: it has no base at {self.label}"


def _models(path: str) -> list[dict[str, Any]]:
    """The costed models of a saved report; anything else is an error that says what it is."""
    text = read_text(read_bytes(path), path)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        lines = text.splitlines()
        place = Place(path, error.lineno, error.colno, lines[error.lineno - 1] if error.lineno <= len(lines) else "")
        raise MbcostError(f"not valid JSON: {error.msg}", help=AGAIN, place=place) from None
    except RecursionError:
        raise MbcostError(f"`{path}` is nested too deep for a report", help=AGAIN) from None
    schema = str(document.get("schema", "")) if isinstance(document, dict) else ""
    command, _, version = schema.removeprefix("mbcost/").partition("/")
    whole = version in VERSIONS
    if whole and command == "check" and isinstance(document.get("models"), list):
        models = document["models"]
    elif whole and command == "table" and isinstance(document.get("layers"), list) and "other" not in document:
        models = [document]
    elif schema.startswith(("mbcost/check/", "mbcost/table/")):
        fact = "has not every layer" if whole else f"is of another version: {schema[:40]}"
        raise MbcostError(
            f"the report `{path}` {fact}",
            help="save it without --by and --top" if whole else "save it again with this version",
        )
    else:
        raise MbcostError(f"`{path}` is no report of mbcost", help=AGAIN)
    if not all(isinstance(m, dict) and isinstance(m.get("layers"), list) for m in models):
        raise MbcostError(f"the report `{path}` has models without layers", help=AGAIN)
    return list(models)


def _same_point(model: dict[str, Any], cost: Cost, point: Point) -> bool:
    """Whether a saved model is the same member of its family."""
    variant = cost.variant
    rounding = None if variant.rounding is None else str(variant.rounding)
    changed = {key: point.variant[key] for key in ("set", "without", "classes") if point.variant.get(key)}
    return (
        model.get("alpha") == str(variant.alpha) and model.get("resolution") == list(variant.resolution)
        and model.get("batch", 1) == variant.batch and model.get("standard", False) == variant.standard
        and model.get("rounding", rounding) == rounding and (model.get("changed") or {}) == json.loads(json.dumps(changed))
    )  # fmt: skip


class SavedSide:
    """A saved network: its rows as far as layers are told apart by them, the amounts the report carries, and its old path."""

    def __init__(self, model: dict[str, Any], path: str, was: str) -> None:
        self.path = path
        self.was = was
        self.blocks = tuple(model.get("blocks") or ())
        self.bound = model.get("status", "exact") != "exact"
        try:
            self.rows = tuple([_row(layer) for layer in model["layers"]])
            self._amounts = {row.name: _amounts(layer) for row, layer in zip(self.rows, model["layers"], strict=True)}
            self._totals = _amounts(model["total"]) if "total" in model else {}
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            raise MbcostError(f"the layers of `{path}` cannot be read", help=AGAIN) from None

    def total(self, quantity: Quantity, bits: int) -> Dim:
        """A quantity of the network."""
        return self._read(self._totals, quantity, bits)

    def of(self, quantity: Quantity, row: Row, bits: int) -> Dim:
        """What one of the rows contributes to it."""
        return self._read(self._amounts[row.name], quantity, bits)

    def _read(self, amounts: dict[str, Dim], quantity: Quantity, bits: int) -> Dim:
        name = quantity.base.name
        if name not in amounts:
            raise MbcostError(f"the report `{self.path}` does not have `{name}`", help=AGAIN)
        return quantity.amount(amounts[name], bits)


def _amounts(keys: dict[str, Any]) -> dict[str, Dim]:
    """The quantities of a saved layer or network, whichever key they are under."""
    found = {name: keys[name] for name in TOTALS if name in keys}
    return {name: _exact(value) for name, value in (found | keys.get("quantities", {})).items()}


def _row(layer: dict[str, Any]) -> Row:
    """One saved layer: what tells it from others."""
    depth, rows, columns = map(_exact, layer["input"])
    channels, height, width = map(_exact, layer["output"])
    kernel, stride = layer.get("kernel_size"), layer.get("stride")
    return Row(
        str(layer["name"]), str(layer["kind"]), str(layer["kind"]), (depth, rows, columns), (channels, height, width),
        _exact(layer["mult_adds"]), _exact(layer["params"]), None if kernel is None else (_exact(kernel[0]), _exact(kernel[1])),
        None if stride is None else (_exact(stride[0]), _exact(stride[1])), layer.get("groups"), weights=_exact(layer["weights"]),
    )  # fmt: skip


def _exact(value: object) -> Any:
    """A count as reports have it: an integer, or the text p/q where widths are not rounded."""
    if isinstance(value, str) and len(value) <= MAX_TEXT and value.replace("/", "", 1).isdecimal():
        exact = Fraction(value)
        return exact.numerator if exact.denominator == 1 else exact
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value
