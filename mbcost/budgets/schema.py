"""The JSON Schema of budgets files, for editors (``mbcost schema --budgets``)."""

from __future__ import annotations

from typing import Any

from mbcost.budgets.code import CODE_KEYS
from mbcost.budgets.limits import LAYER_KEYS
from mbcost.budgets.points import POINT_KEYS
from mbcost.budgets.reading import BUDGET_KEYS, FILE_KEYS
from mbcost.quantities import BIT_KEYS, WIDTHS, limitable

__all__ = ["schema"]

CODE_TYPES: dict[str, Any] = {
    "args": {"type": "object"},
    "alphas": {"type": ["array", "number", "string"], "minItems": 1},
    "resolutions": {"type": ["array", "integer", "string"], "minItems": 1},
}
NUMBER = r"([0-9]+(\.[0-9]+)?|\.[0-9]+)"


def schema() -> dict[str, Any]:
    """The schema: keys, their types, and how amounts are written. What a text means is checked by ``mbcost check``.

    >>> sorted(schema()["$defs"]["budget"]["properties"])
    ['activation_bits', 'at', 'bits', 'code', 'layers', 'max', 'memory_rule', 'message', 'model', 'vs_base', 'warn', 'weight_bits']
    """
    count: dict[str, Any] = {
        "oneOf": [{"type": "integer", "minimum": 10_000}, {"type": "string", "pattern": f"^{NUMBER} ?[KkMGT]$"}]
    }
    size: dict[str, Any] = {
        "oneOf": [
            {"type": "integer", "minimum": 10_000},
            {"type": "string", "pattern": f"^{NUMBER} ?([kKMGT]?B|[KMGT]iB)$"},
        ]
    }
    share = {"type": "string", "pattern": f"^{NUMBER} ?%$"}
    quantities = limitable("check")
    of_unit = {"count": count, "elements": {"oneOf": [*count["oneOf"], size["oneOf"][1]]}, "bytes": size}
    limits = {name: of_unit[quantity.unit] for name, quantity in quantities.items()}
    growth = {
        "oneOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": rf"^\+{NUMBER} ?(%|[KkMGT]|[kKMGT]?B|[KMGT]iB)?$"},
        ]
    }
    amounts = _closed(limits)
    shares = _closed({name: share for name, quantity in quantities.items() if quantity.shared})
    vs_base = _closed(
        {**dict.fromkeys(quantities, growth), "ignore_below": {"oneOf": [*count["oneOf"], _closed(limits)]}}
    )
    layers = {
        key: {**({"$ref": "#/$defs/shares"} if "share" in key else {"$ref": "#/$defs/limits"}), "description": doc}
        for key, doc in LAYER_KEYS.items()
    }
    budget: dict[str, Any] = {
        "model": {"type": "string"},
        "code": {
            "type": "object",
            "oneOf": [{"required": ["builder"]}, {"required": ["file"]}],
            "additionalProperties": False,
            "properties": {
                key: {**CODE_TYPES.get(key, {"type": "string"}), "description": doc} for key, doc in CODE_KEYS.items()
            },
        },
        "at": {
            "oneOf": [{"$ref": "#/$defs/point"}, {"type": "array", "items": {"$ref": "#/$defs/point"}, "minItems": 1}]
        },
        **{key: {"enum": list(WIDTHS)} for key in BIT_KEYS},
        "memory_rule": {"type": "string"},
        "max": {"$ref": "#/$defs/limits"},
        "warn": {"$ref": "#/$defs/limits"},
        "layers": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "object", "properties": layers, "additionalProperties": False},
        },
        "vs_base": vs_base,
        "message": {"type": "string"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mbcost budgets",
        "type": "object",
        "properties": {
            "format": {"const": 1, "description": FILE_KEYS["format"]},
            "convention": {"type": "string", "description": FILE_KEYS["convention"]},
            "budgets": {
                "type": "array",
                "items": {"$ref": "#/$defs/budget"},
                "minItems": 1,
                "description": FILE_KEYS["budgets"],
            },
        },
        "required": ["format", "budgets"],
        "additionalProperties": False,
        "$defs": {
            "budget": {
                "type": "object",
                "properties": {key: {**value, "description": BUDGET_KEYS[key]} for key, value in budget.items()},
                "required": ["model"],
                "anyOf": [{"required": [key]} for key in ("max", "warn", "layers", "vs_base")],
                "additionalProperties": False,
            },
            "limits": amounts,
            "shares": shares,
            "point": _point(),
        },
    }


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}


def _point() -> dict[str, Any]:
    number = {
        "oneOf": [
            {"type": "number", "exclusiveMinimum": 0, "maximum": 64},
            {"type": "string", "pattern": "^[0-9.]+(/[0-9]+)?$"},
        ]
    }
    whole = {"type": "integer", "minimum": 1}
    types: dict[str, Any] = {
        "alpha": number,
        "depth": number,
        "rho": number,
        "resolution": {
            "oneOf": [
                whole,
                {"type": "string", "pattern": "^[0-9]+(x[0-9]+)?$"},
                {"type": "array", "items": whole, "minItems": 2, "maxItems": 2},
            ]
        },
        "batch": whole,
        "rounding": {"type": "string"},
        "standard": {"type": "boolean"},
        "classes": whole,
        "set": {"type": "object", "minProperties": 1},
        "without": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    }
    return {
        "type": "object",
        "properties": {key: {**types[key], "description": doc} for key, doc in POINT_KEYS.items()},
        "additionalProperties": False,
    }
