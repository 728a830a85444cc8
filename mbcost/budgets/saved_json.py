"""The JSON of a saved report, read as strictly as a table: a report is input, from wherever it comes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from mbcost.dims import Dim
from mbcost.documents.nodes import read_bytes, read_text
from mbcost.errors import Lines, MbcostError
from mbcost.quantities import QUANTITIES, TOTALS

__all__ = ["AGAIN", "RefusedJson", "amounts", "exact", "read_models", "saved_count", "saved_text", "strict_json"]

MAX_DIGITS = 200
BESIDE = "_number"  # ends the key of a number beside an exact text
VERSIONS = {"1", "2"}  # of the reports; the first carries mult-adds, params and their parts alone
AGAIN = "save it with `mbcost check -f json -o FILE.json`, or `mbcost table MODEL -f json -o FILE.json`"

_RATIONAL = re.compile(r"[0-9]+(/0*[1-9][0-9]*)?", re.ASCII)


class RefusedJson(ValueError):
    """Something JSON allows, or Python's reader of it, and a report does not."""


def read_models(path: str) -> list[dict[str, Any]]:
    """The costed models of a saved report, every field that is read of them checked; anything else is an error."""
    document = _parsed(read_text(read_bytes(path), path), path)
    schema = document.get("schema") if isinstance(document, dict) else None
    schema = schema if isinstance(schema, str) else ""
    command, _, version = schema.removeprefix("mbcost/").partition("/")
    whole = version in VERSIONS
    if whole and command == "check" and isinstance(document.get("models"), list):
        models = [(f"models[{number}]", model) for number, model in enumerate(document["models"])]
    elif whole and command == "table" and isinstance(document.get("layers"), list) and "other" not in document:
        models = [("the model", document)]
    elif schema.startswith(("mbcost/check/", "mbcost/table/")):
        fact = "has not every layer" if whole else f"is of another version: {schema[:40]}"
        raise MbcostError(
            f"the report `{path}` {fact}",
            help="save it without --by and --top" if whole else "save it again with this version",
        )
    else:
        raise MbcostError(f"`{path}` is no report of mbcost", help=AGAIN)
    if not models:
        raise MbcostError(f"the report `{path}` has no models, so nothing can be compared with it", help=AGAIN)
    try:
        for where, model in models:
            _model(model, where)
    except RefusedJson as error:
        raise MbcostError(f"the report `{path}` cannot be read: {error}", help=AGAIN) from None
    return [model for _, model in models]


def exact(value: int | str) -> Dim:
    """A count as reports have it: an integer, or the text p/q where widths are not rounded."""
    if isinstance(value, int):
        return value
    number = Fraction(value)
    return number.numerator if number.denominator == 1 else number


def amounts(keys: dict[str, Any]) -> dict[str, Dim]:
    """The quantities of a saved layer or network, whichever key they are under."""
    found = {name: keys[name] for name in TOTALS if name in keys}
    found |= keys.get("quantities", {})
    return {name: exact(value) for name, value in found.items() if not name.endswith(BESIDE)}


def _parsed(text: str, path: str) -> Any:
    try:
        return strict_json(text)
    except json.JSONDecodeError as error:
        place = Lines(path, text).place(error.lineno, error.colno)
        place = place._replace(text=place.text[: error.colno - 1].rstrip())  # the rest is not read: it may be anything
        raise MbcostError(f"not valid JSON: {error.msg}", help=AGAIN, place=place) from None
    except RefusedJson as error:
        raise MbcostError(f"the report `{path}` cannot be read: {error}", help=AGAIN) from None
    except RecursionError:
        raise MbcostError(f"`{path}` is nested too deep for a report", help=AGAIN) from None


def strict_json(text: str) -> Any:
    """A JSON text; what Python's reader takes and a report does not have is refused."""
    return json.loads(text, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_mapping)


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise RefusedJson(f"a number of {len(text):,} digits")
    return int(text)


def _constant(text: str) -> Any:
    raise RefusedJson(f"`{text}` is no number")


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        known: set[str] = set()
        doubled = next(key for key, _ in pairs if key in known or known.add(key))  # type: ignore[func-returns-value]
        raise RefusedJson(f"`{doubled[:60]}` is given twice")
    return found


def saved_text(value: Any) -> bool:
    """Whether a value is a text that can be printed again."""
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value))


def saved_count(value: Any) -> bool:
    """Whether a value is a count as reports have it: an integer, or the text p/q."""
    if isinstance(value, str):
        return len(value) <= MAX_DIGITS and _RATIONAL.fullmatch(value) is not None
    return type(value) is int and value >= 0


def _counts(many: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and len(value) == many and all(map(saved_count, value))


def _absent_or(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


def _quantities(value: Any) -> bool:
    return isinstance(value, dict) and all(saved_count(one) for name, one in value.items() if not name.endswith(BESIDE))


def _peak(value: Any) -> bool:
    if not isinstance(value, dict) or not saved_text(value.get("step")) or not isinstance(value.get("tensors"), list):
        return False
    return all(
        isinstance(one, dict) and saved_text(one.get("name")) and saved_count(one.get("elements"))
        for one in value["tensors"]
    )


Field = tuple[Callable[[Any], bool], str]

COUNT: Field = saved_count, "a count"
WORDS: Field = saved_text, "a text"
STATUS: Field = lambda value: value in ("exact", "lower bound"), "`exact` or `lower bound`"
PAIR: Field = _absent_or(_counts(2)), "two counts"
MAP: Field = _counts(3), "three counts: channels, height, width"
FLAG: Field = lambda value: isinstance(value, bool), "true or false"
OWN: Field = _quantities, "a mapping of counts"
MAPPING: Field = lambda value: isinstance(value, dict), "a mapping"
NAMES: Field = lambda value: isinstance(value, list) and all(map(saved_text, value)), "a list of texts"

PEAK: Field = _peak, "a step, and the tensors alive there"

SUMS: dict[str, Field] = {**dict.fromkeys(TOTALS, COUNT), "quantities": OWN, "status": STATUS}
LAYER: dict[str, Field] = {
    "name": WORDS, "kind": WORDS, "input": MAP, "output": MAP, "kernel_size": PAIR, "stride": PAIR,
    "groups": (_absent_or(saved_count), "a count"), **SUMS,
}  # fmt: skip
MODEL: dict[str, Field] = {
    "model": WORDS, "name": WORDS, "alpha": (lambda value: isinstance(value, str) and saved_count(value), "a text such as 3/4"),
    "resolution": (_counts(2), "height and width"), "batch": (lambda value: type(value) is int and value > 0, "a whole number from 1"),
    "convention": WORDS, "rounding": (_absent_or(saved_text), "a text"), "standard": FLAG, "status": STATUS, "changed": MAPPING, "blocks": NAMES,
    "memory_rule": WORDS, "peak": PEAK,
    "total": MAPPING, "layers": (lambda value: isinstance(value, list) and bool(value), "a list of layers"),
}  # fmt: skip
NEEDED_OF_LAYER = ("name", "kind", "input", "output", "mult_adds", "params", "weights")
NEEDED_OF_MODEL = ("model", "alpha", "resolution", "convention", "layers", "total")


def _model(model: Any, where: str) -> None:
    """Check one model: its own fields, those of its layers, and that its totals are the sums of them."""
    _fields(model, where, MODEL, NEEDED_OF_MODEL)
    _fields(model["total"], f"{where}.total", SUMS, ("mult_adds", "params"))
    names: set[str] = set()
    added: dict[str, Dim] = {}
    for number, layer in enumerate(model["layers"]):
        _fields(layer, f"{where}.layers[{number}]", LAYER, NEEDED_OF_LAYER)
        if layer["name"] in names:
            raise RefusedJson(f"two layers of {where} are called `{layer['name'][:60]}`")
        names.add(layer["name"])
        for name, amount in amounts(layer).items():
            added[name] = _together(name, added[name], amount) if name in added else amount
    for name, total in amounts(model["total"]).items():
        if name in added and _adds_up(name) and added[name] != total:
            raise RefusedJson(
                f"{where}.total: `{name}` is {_shown(total)}, but its layers come to {_shown(added[name])}"
            )
    inexact = any(layer.get("status", "exact") != "exact" for layer in model["layers"])
    if inexact and model.get("status", "exact") == "exact":
        raise RefusedJson(f"{where} is called exact, and has a layer whose cost is a lower bound")


def _adds_up(name: str) -> bool:
    """Whether a quantity of the whole follows from those of the layers: not where the graph counts, or bytes are rounded."""
    known = QUANTITIES.get(name)
    return known is not None and not known.derived and known.of_row is not None


def _together(name: str, one: Dim, other: Dim) -> Dim:
    known = QUANTITIES.get(name)
    return max(one, other) if known is not None and known.adds == "largest" else one + other


def _fields(keys: Any, where: str, known: dict[str, Field], needed: tuple[str, ...]) -> None:
    """Check the fields of a mapping that are read; others are left alone, as a later version may add some."""
    if not isinstance(keys, dict):
        raise RefusedJson(f"{where} is {_shown(keys)}, not a mapping")
    for name in needed:
        if name not in keys:
            raise RefusedJson(f"{where} has no `{name}`")
    for name, value in keys.items():
        holds, wanted = known.get(name, (None, ""))
        if holds is not None and not holds(value):
            raise RefusedJson(f"{where}: `{name}` is {_shown(value)}, not {wanted}")


def _shown(value: Any) -> str:
    """A value as a message may have it: short, and of what holds others only what it is."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "a mapping"
    text = f"`{value}`" if isinstance(value, str | Fraction) else json.dumps(value)
    return "".join(c if c.isprintable() else "?" for c in text[:60])
