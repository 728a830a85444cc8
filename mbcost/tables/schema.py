"""The JSON Schema of a layer table, made from the same fields the reader uses."""

from __future__ import annotations

from typing import Any

from mbcost.dims import ROUNDING_TEXT
from mbcost.layers import KINDS
from mbcost.layers.fields import REQUIRED
from mbcost.layers.printed import PRINTED
from mbcost.network.bounds import MAX_LAYERS
from mbcost.tables.expected import AMOUNTS, EXPECT
from mbcost.tables.reader import IGNORED, IMPORTED, TABLE_KEYS
from mbcost.tables.rows import MAX_NAME, ROW_KEYS

__all__ = ["table_schema"]

NAME = "^[A-Za-z][A-Za-z0-9_]*$"
TITLE = {"type": "string", "minLength": 1, "maxLength": MAX_NAME}
PARAMETER = {"type": "string", "pattern": r"^\$[A-Za-z][A-Za-z0-9_]*$"}


def table_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a layer table, for the completion and checks of editors.

    >>> sorted(table_schema()["properties"])[:3]
    ['base', 'blocks', 'coded']
    """
    rows = {"type": "array", "items": {"$ref": "#/$defs/row"}}
    properties: dict[str, Any] = {key: {"description": text} for key, text in TABLE_KEYS.items()}
    properties["format"] |= {"const": 1}
    properties["name"] |= {"type": "string", "pattern": NAME}
    properties["title"] |= TITLE
    properties["coded"] |= {"enum": ["module", "function"]}
    properties["input"] |= {
        "type": "object", "additionalProperties": False, "required": ["resolution"],
        "properties": {"channels": {"type": "integer", "minimum": 1}, "resolution": {"oneOf": [
            {"type": "integer", "minimum": 1, "maximum": 65536}, {"type": "string", "pattern": "^[0-9]+x[0-9]+$"},
            {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2}]}},
    }  # fmt: skip
    properties["imported"] |= {
        "type": "object", "additionalProperties": False, "required": ["code"],
        "properties": {key: {"description": text} for key, text in IMPORTED.items()},
    }  # fmt: skip
    properties["rounding"] |= {"type": "string", "pattern": f"^(none|{ROUNDING_TEXT})$"}
    properties["columns"] |= {
        "type": "array",
        "items": {"type": "string"},
        "uniqueItems": True,
        "contains": {"const": "op"},
    }
    properties["defaults"] |= {
        "type": "object", "additionalProperties": False,
        "properties": {op: {"type": "object", "additionalProperties": False, "properties": _fields(op)} for op in KINDS}
        | {"*": {"type": "object"}},
    }  # fmt: skip
    properties["blocks"] |= {
        "type": "object", "propertyNames": {"pattern": NAME, "not": {"enum": sorted(KINDS)}},
        "additionalProperties": {
            "type": "object", "additionalProperties": False, "required": ["layers"],
            "properties": {"params": {"type": "object"}, "inputs": {"type": "array", "items": {"type": "string"}}, "layers": rows},
        },
    }  # fmt: skip
    properties["base"] |= {
        "type": "object", "additionalProperties": False, "required": ["model"],
        "properties": {"model": {"type": "string"}, "without": {"type": "array", "items": {"type": "string"}}, "set": {"type": "object"}},
    }  # fmt: skip
    properties["layers"] |= {
        "type": "array",
        "items": {"if": {"type": "object"}, "then": {"$ref": "#/$defs/row"}, "else": {"type": "array"}},
    }
    properties["scalings"] |= {
        "type": "object", "propertyNames": {"pattern": NAME},
        "additionalProperties": {
            "type": "object", "additionalProperties": False, "minProperties": 1,
            "properties": {key: {"type": ["number", "integer", "string", "array"]} for key in ("alpha", "depth", "resolution")} | {"title": TITLE},
        },
    }  # fmt: skip
    properties["ignore"] |= {
        "type": "array",
        "items": {
            "type": "object", "additionalProperties": False, "required": ["code", "why"],
            "properties": {key: {"type": "string", "description": text} for key, text in IGNORED.items()},
        },
    }  # fmt: skip
    amount = {"type": "integer", "minimum": 0}
    properties["expect"] |= {
        "type": "array",
        "items": {
            "type": "object", "additionalProperties": False, "anyOf": [{"required": [key]} for key in AMOUNTS],
            "properties": {key: {"description": text, **(amount if key in AMOUNTS else {})} for key, text in EXPECT.items()},
        },
    }  # fmt: skip
    properties["errata"] |= {
        "type": "array",
        "items": {"type": "object", "required": ["row", "field", "printed", "why"]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mbcost layer table",
        "type": "object",
        "required": ["format"],
        "anyOf": [{"required": ["layers", "input"]}, {"required": ["base"]}],
        "if": {"required": ["blocks"]},
        "else": {"properties": {"layers": {"$ref": "#/$defs/of_kinds"}}, "allOf": [_op_first()]},
        "additionalProperties": False,
        "properties": properties,
        "$defs": {"row": _any_row(), "of_kinds": _of_kinds(),
                  "group": _group(rows), "call": _call(), **{op: _row(op) for op in KINDS}},
    }  # fmt: skip


def _of_kinds() -> dict[str, Any]:
    """Rows of a table that declares no blocks: each is of a kind there is, in groups and branches as well."""
    rows = {"$ref": "#/$defs/of_kinds"}
    return {
        "type": "array",
        "items": {
            "properties": {"op": {"enum": sorted(KINDS)}, "layers": rows, "branches": {"type": "array", "items": rows}}
        },
    }


def _op_first() -> dict[str, Any]:
    """The same of rows written as lists, where the first column is the kind."""
    return {
        "if": {"required": ["columns"], "properties": {"columns": {"prefixItems": [{"const": "op"}]}}},
        "then": {
            "properties": {
                "layers": {"items": {"if": {"type": "array"}, "then": {"prefixItems": [{"enum": sorted(KINDS)}]}}}
            }
        },
    }


def _any_row() -> dict[str, Any]:
    """A row of any kind: its `op` decides what else it may have, so that an editor points at the one wrong field."""
    by_kind = [
        {"if": {"required": ["op"], "properties": {"op": {"const": op}}}, "then": {"$ref": f"#/$defs/{op}"}}
        for op in KINDS
    ]
    call = {
        "if": {"required": ["op"], "properties": {"op": {"not": {"enum": sorted(KINDS)}}}},
        "then": {"$ref": "#/$defs/call"},
    }
    return {
        "type": "object",
        "if": {"required": ["layers"]},
        "then": {"$ref": "#/$defs/group"},
        "else": {"required": ["op"], "allOf": [*by_kind, call]},
    }


def _fields(op: str) -> dict[str, Any]:
    fields = {}
    for name, field in KINDS[op].fields.items():
        default = (
            "" if field.default is None or field.default is REQUIRED else f" (default {field.type.text(field.default)})"
        )
        fields[name] = {"description": field.doc + default, "anyOf": [field.type.schema(), PARAMETER, {"type": "null"}]}
    return fields


def _common() -> dict[str, Any]:
    name = {"type": "string"}
    text = {"op": "the kind of row", "name": "name of the row", "from": "the row or rows it reads", "weights_of": "the earlier row whose weights this one uses too: counted once in params, each time in mult-adds", "repeat": f"a chain of so many copies, of a network of at most {MAX_LAYERS:,} layers; in all but the first a stride is 1, also that of a block's parameter `stride`",
            "depth": "scale: ceil(depth * repeat) copies, as where there is a repeat; fixed: never scaled; a name: consecutive rows of one stage",
            "branches": "lists of rows that meet here", "input": "input size as printed, checked", "output": "output size as printed, checked",
            "cost": "unknown: every total is a lower bound"}  # fmt: skip
    common: dict[str, Any] = {key: {"description": text.get(key, key)} for key in ROW_KEYS}
    common["name"] |= {"pattern": NAME, **name}
    common["from"] |= {"oneOf": [name, {"type": "array", "items": name}]}
    common["weights_of"] |= name
    common["repeat"] |= {"type": "integer", "minimum": 1}
    common["depth"] |= {"type": ["string", "null"]}
    common["input"] |= PRINTED.schema()
    common["output"] |= PRINTED.schema()
    common["cost"] |= {"enum": ["unknown", None]}
    common["branches"] |= {"type": "array", "minItems": 2, "items": {"type": "array", "items": {"$ref": "#/$defs/row"}}}
    return common


def _row(op: str) -> dict[str, Any]:
    common = _common()
    common["op"] |= {"const": op}
    if KINDS[op].inputs != "several":
        del common["branches"]
    required = ["op"]  # any other field may come from `defaults`
    return {
        "type": "object",
        "description": KINDS[op].doc,
        "additionalProperties": False,
        "required": required,
        "properties": {**common, **_fields(op)},
    }


def _group(rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["layers"],
        "properties": {"repeat": {"type": "integer", "minimum": 1}, "depth": {"type": "string"}, "layers": rows},
    }


def _call() -> dict[str, Any]:
    common = _common()
    del common["branches"]
    common["op"] |= {"type": "string", "not": {"enum": sorted(KINDS)}}
    return {
        "type": "object",
        "description": "a call of a block, with its parameters",
        "required": ["op"],
        "properties": common,
    }
