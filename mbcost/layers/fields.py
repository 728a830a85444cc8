"""The fields a row of a layer table can have: their types, how their text is read, and their JSON Schema.

Every value arrives as the text of a scalar or as a list of such texts, from YAML, from ``--set`` or from Python alike;
nothing is guessed from how it looks, the field's type alone decides what the text means.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from mbcost.dims import MAX_NUMBER_TEXT, ROUNDING_TEXT, Rounding, exact_text, parse_rounding, rational
from mbcost.errors import Help, MbcostError
from mbcost.layers.wording import near, number_hint, shown

__all__ = ["NOT_GIVEN", "REQUIRED", "Choice", "Field", "FieldType", "Raw", "Whole"]

Raw: TypeAlias = Any
"""The text of a scalar, or a list of them (possibly nested)."""

NOT_GIVEN = frozenset({"~", "null", ""})
"""The plain scalars that mean "not given" in a layer table."""

_WHOLE = re.compile(r"0|[1-9][0-9]*", re.ASCII)


class _Required:
    """The default of a field that a row must give."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()


class FieldType:
    """How one kind of value is read from its text, and described in a JSON Schema."""

    wanted = "a value"

    def read(self, raw: Raw) -> Any:
        """The typed value of a scalar's text or of a list; raises MbcostError with the fact."""
        raise MbcostError(f"{shown(raw)} is not {self.wanted}")

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what may be written."""
        return {}

    def text(self, value: Any) -> str:
        """The text that reads back as the value."""
        return str(value)

    def _wrong(self, raw: Raw, help: Help = "") -> MbcostError:
        return MbcostError(f"{shown(raw)} is not {self.wanted}", help=help)


class Whole(FieldType):
    """A whole number within bounds."""

    def __init__(self, low: int = 1, high: int = 10_000_000) -> None:
        self.low = low
        self.high = high
        self.wanted = f"a whole number from {low} to {high:,}"

    def read(self, raw: Raw) -> int:
        """The integer; leading zeros, signs, underscores and exponents are refused, since YAML readers differ on them."""
        if not isinstance(raw, str) or not _WHOLE.fullmatch(raw) or len(raw) > MAX_NUMBER_TEXT:
            raise self._wrong(raw, number_hint(raw))
        value = int(raw)
        if not self.low <= value <= self.high:
            raise self._wrong(raw)
        return value

    def schema(self) -> dict[str, Any]:
        """An integer within the bounds."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


class Pair(FieldType):
    """A whole number for both directions, or ``[height, width]``."""

    def __init__(self, low: int = 1, high: int = 65_536) -> None:
        self.one = Whole(low, high)
        self.wanted = f"{self.one.wanted}, or [height, width]"

    def read(self, raw: Raw) -> tuple[int, int]:
        """Height and width."""
        if isinstance(raw, list):
            if len(raw) != 2:
                raise self._wrong(raw)
            return self.one.read(raw[0]), self.one.read(raw[1])
        try:
            value = self.one.read(raw)
        except MbcostError as error:
            raise self._wrong(raw, error.help) from None
        return value, value

    def schema(self) -> dict[str, Any]:
        """One integer, or two."""
        return {
            "oneOf": [self.one.schema(), {"type": "array", "items": self.one.schema(), "minItems": 2, "maxItems": 2}]
        }

    def text(self, value: tuple[int, int]) -> str:
        """One number where both are equal."""
        return str(value[0]) if value[0] == value[1] else f"[{value[0]}, {value[1]}]"


class Padding(FieldType):
    """``same`` (ceil(D / s)), ``valid`` (none), one number, or ``[top, bottom, left, right]``."""

    wanted = "same, valid, a whole number, or [top, bottom, left, right]"
    side = Whole(0, 65_536)

    def read(self, raw: Raw) -> str | tuple[int, int, int, int]:
        """The word ``same``, or the four sides."""
        if raw == "same":
            return "same"
        if raw == "valid":
            return 0, 0, 0, 0
        if isinstance(raw, list):
            if len(raw) != 4:
                raise self._wrong(raw)
            top, bottom, left, right = (self.side.read(x) for x in raw)
            return top, bottom, left, right
        try:
            side = self.side.read(raw)
        except MbcostError as error:
            raise self._wrong(raw, error.help or partial(near, raw, ("same", "valid"))) from None
        return side, side, side, side

    def schema(self) -> dict[str, Any]:
        """A word, a number, or four numbers."""
        return {
            "oneOf": [
                {"enum": ["same", "valid"]},
                self.side.schema(),
                {"type": "array", "items": self.side.schema(), "minItems": 4, "maxItems": 4},
            ]
        }

    def text(self, value: str | tuple[int, int, int, int]) -> str:
        """The shortest form that reads back."""
        if isinstance(value, str):
            return value
        if value == (0, 0, 0, 0):
            return "valid"
        return str(value[0]) if len(set(value)) == 1 else f"[{', '.join(map(str, value))}]"


class Rational(FieldType):
    """An exact rational from its text: ``6``, ``2.3``, ``184/80``."""

    wanted = "a positive number such as 6, 2.3 or 184/80"

    def read(self, raw: Raw) -> Fraction:
        """The exact value; a float never comes into it."""
        if not isinstance(raw, str):
            raise self._wrong(raw)
        try:
            value = rational(raw, "it")
        except MbcostError:
            raise self._wrong(raw, number_hint(raw)) from None
        if not 0 < value <= 10_000:
            raise self._wrong(raw, "it is above 0 and at most 10000")
        return value

    def schema(self) -> dict[str, Any]:
        """A number, or the text of a fraction."""
        return {
            "oneOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": "^[0-9.]+(/[0-9]+)?$"}]
        }

    def text(self, value: Fraction) -> str:
        """A decimal where it is short, else p/q."""
        return exact_text(value)


class Squeeze(Rational):
    """The squeeze ratio of squeeze-and-excite, or ``none``."""

    wanted = "none, or a ratio such as 1/4 or 0.25"

    def read(self, raw: Raw) -> Fraction | None:  # type: ignore[override]
        """The exact ratio, None for ``none``."""
        return None if raw == "none" else super().read(raw)

    def schema(self) -> dict[str, Any]:
        """``none`` beside the ratio."""
        return {"oneOf": [{"const": "none"}, *super().schema()["oneOf"]]}

    def text(self, value: Fraction | None) -> str:
        """``none`` or the ratio."""
        return "none" if value is None else exact_text(value)


class Groups(FieldType):
    """A number of groups, or ``{width: n}``: as many groups as make each n channels wide (RegNet, arXiv:2003.13678)."""

    one = Whole()
    wanted = f"{one.wanted}, or {{width: n}} for groups of n channels"

    def read(self, raw: Raw) -> int | dict[str, int]:
        """The number, or the width by its word."""
        if isinstance(raw, dict):
            if set(raw) != {"width"}:
                raise self._wrong("{...}", "its one key is `width`")
            return {"width": self.one.read(raw["width"])}
        try:
            return self.one.read(raw)
        except MbcostError as error:
            raise self._wrong(raw, error.help) from None

    def schema(self) -> dict[str, Any]:
        """A number, or a mapping with a width."""
        width = {
            "type": "object",
            "properties": {"width": self.one.schema()},
            "required": ["width"],
            "additionalProperties": False,
        }
        return {"oneOf": [self.one.schema(), width]}

    def text(self, value: int | dict[str, int]) -> str:
        """The number, or the mapping."""
        return f"{{width: {value['width']}}}" if isinstance(value, dict) else str(value)


class Choice(FieldType):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.wanted = "one of " + ", ".join(words)

    def read(self, raw: Raw) -> str:
        """The word; a near miss is named."""
        if raw not in self.words:
            hint: Help = (
                "write none to switch it off"
                if raw in ("no", "off", "false", "False") and "none" in self.words
                else partial(near, raw, self.words)
            )
            raise self._wrong(raw, hint)
        return str(raw)

    def schema(self) -> dict[str, Any]:
        """An enumeration."""
        return {"enum": list(self.words)}


class Flag(FieldType):
    """``true`` or ``false``; YAML 1.1's other words for them are refused."""

    wanted = "true or false"

    def read(self, raw: Raw) -> bool:
        """The truth value."""
        if raw not in ("true", "false"):  # a tuple: a list may come here, and has no hash
            word = str(raw).lower()
            hint = (
                "write true"
                if word in {"yes", "on", "y", "true"}
                else "write false"
                if word in {"no", "off", "n", "false"}
                else ""
            )
            raise self._wrong(raw, hint)
        return bool(raw == "true")

    def schema(self) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}

    def text(self, value: bool) -> str:
        """The YAML word."""
        return "true" if value else "false"


class RoundingRule(FieldType):
    """A rounding rule, spelt like the flag ``--rounding``."""

    wanted = "a rounding rule"

    def read(self, raw: Raw) -> Rounding:
        """The parsed rule."""
        if not isinstance(raw, str):
            raise self._wrong(raw)
        return parse_rounding(raw)

    def schema(self) -> dict[str, Any]:
        """The spellings."""
        return {"type": "string", "pattern": f"^(none|{ROUNDING_TEXT})$"}


class RowName(FieldType):
    """The name of an earlier row."""

    wanted = "the name of an earlier row"

    def read(self, raw: Raw) -> str:
        """The name; whether such a row exists is known when rows are laid out."""
        if not isinstance(raw, str) or not raw:
            raise self._wrong(raw, "one row, by its name")
        return raw

    def schema(self) -> dict[str, Any]:
        """A string."""
        return {"type": "string"}


class Field(NamedTuple):
    """A field of a row: its name, type, default and meaning."""

    name: str
    type: FieldType
    default: Any
    doc: str
