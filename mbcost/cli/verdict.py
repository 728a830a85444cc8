"""The JSON report of ``mbcost check``: every result, and every network costed, so that it can be a base later."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mbcost import __version__
from mbcost.budgets.base import blocks_of
from mbcost.cli.options import report_keys
from mbcost.cli.table import row_keys, total_keys
from mbcost.report.verdicts.words import loose, notes, verdict

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome, Part, Result
    from mbcost.budgets.update import Edit
    from mbcost.network import Cost
    from mbcost.quantities import Quantity

__all__ = ["document"]


def document(outcome: Outcome, changes: list[Edit] | None = None) -> dict[str, Any]:
    """The report as JSON has it."""
    conventions = sorted({str(file.convention) for file in outcome.files})
    keys: dict[str, Any] = {
        "schema": "mbcost/check/2",
        "version": __version__,
        "convention": conventions[0] if len(conventions) == 1 else conventions,
        "passed": outcome.passed,
        "verdict": verdict(outcome),
        "base": outcome.base or None,
        "counts": {
            status: sum(1 for r in outcome.results if r.status == status)
            for status in ("pass", "warn", "fail", "new", "unchecked")
        },
        "results": [_result(result) for result in outcome.results],
        "notes": notes(outcome),
        "notices": [loose(result) for result in outcome.notices],
        "models": _models(outcome),
    }
    if changes is not None:
        keys["updates"] = [
            {
                "file": edit.place.file,
                "line": edit.place.line,
                "column": edit.place.column,
                "before": edit.limit.text,
                "after": edit.text,
            }
            for edit in changes
        ]
    return keys


def _result(result: Result) -> dict[str, Any]:
    limit, variant = result.limit, result.cost.variant
    share = limit.kind.endswith("_share")
    keys: dict[str, Any] = {
        "model": result.model,
        "alpha": str(variant.alpha),
        "resolution": variant.resolution,
        "quantity": limit.quantity,
        "kind": limit.kind,
        "unit": "share" if share else "bytes" if limit.in_bytes else "count",
        "value": result.value,
        "limit": result.allowed,
        "limit_text": limit.text,
        "passed": result.status != "fail",
        "status": result.status,
        "over": result.over,
        "over_share": _decimal(result.over_share) if result.allowed is not None else None,
        "layers": [_part(part) for part in result.layers],
    }
    if limit.in_bytes:
        keys["bits"] = limit.measured.width(result.budget.bits)
    if limit.layers:
        keys["pattern"], keys["layer"] = limit.layers, result.layer
    if result.base is not None:
        keys["base"] = result.base
        if result.status in {"warn", "fail"}:
            keys["grew"] = [
                {key: getattr(part, key) for key in ("change", "name", "before", "value", "growth")}
                for part in result.grew
            ]
    if result.bound:
        keys["bound"] = True
    if result.base_bound:
        keys["base_bound"] = True
    keys["budget"] = {"file": result.file.path or None, "number": result.budget.number}
    if limit.place is not None:
        keys["budget"].update({"line": limit.place.line, "column": limit.place.column})
    if result.place is not None:
        keys["place"] = {"file": result.place.file, "line": result.place.line, "column": result.place.column}
    if result.budget.message:
        keys["message"] = result.budget.message
    keys["convention"] = str(variant.convention)
    keys["table_hash"] = result.cost.network.digest
    return keys


def _part(part: Part) -> dict[str, Any]:
    return {"name": part.name, "value": part.value, "share": _decimal(part.share) if part.share is not None else None}


def _decimal(value: Fraction) -> float:
    return value.numerator / value.denominator


def _dear(outcome: Outcome, cost: Cost) -> list[Quantity]:
    """The limited quantities that take so long that only those who ask for them pay for them."""
    asked = {
        result.limit.measured.base.name: result.limit.measured.base for result in outcome.results if result.cost is cost
    }
    return [quantity for quantity in asked.values() if quantity.dear]


def _models(outcome: Outcome) -> list[dict[str, Any]]:
    """Each network costed, once a point, with all its layers."""
    found: dict[int, dict[str, Any]] = {}
    for result in outcome.results:
        if id(result.cost) in found:
            continue
        keys = report_keys(result.cost, "table/2")
        del keys["schema"], keys["unit"], keys["version"]
        changed = result.point.changed
        found[id(result.cost)] = {
            **keys, "model": result.model, "name": result.cost.network.name, **({"changed": changed} if changed else {}),
            "bits": 32, "blocks": list(dict.fromkeys(blocks_of(result.cost.network))),
            "total": total_keys(result.cost, more=_dear(outcome, result.cost)), "layers": [row_keys(row) for row in result.cost.rows],
        }  # fmt: skip
    return list(found.values())
