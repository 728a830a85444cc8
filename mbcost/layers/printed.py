"""The size of a feature map as papers print it, beside a row: its `input` or `output`."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from mbcost.layers.fields import FieldType, Raw, Whole

__all__ = ["PRINTED", "Printed"]

_SIDE = Whole(1, 65_536)
_CHANNELS = Whole(1, 10_000_000)
_NUMBER = r"([1-9][0-9]{0,7})"
_TIMES = r" ?[x×] ?"
_SQUARE = re.compile(rf"{_NUMBER}(?:\^2|²)(?:{_TIMES}{_NUMBER})?")
_SIDES = re.compile(rf"{_NUMBER}{_TIMES}{_NUMBER}(?:{_TIMES}{_NUMBER})?")


class Printed(NamedTuple):
    """A printed size: height, width, and the channels where they are printed."""

    height: int
    width: int
    channels: int | None

    def __str__(self) -> str:
        sides = f"{self.height} x {self.width}"
        return sides if self.channels is None else f"{sides} x {self.channels}"

    def differs(self, channels: int, height: int, width: int) -> bool:
        """Whether a feature map is not what is printed.

        >>> Printed(7, 7, 1024).differs(1024, 4, 4), Printed(7, 7, None).differs(1024, 7, 7)
        (True, False)
        """
        return (height, width) != (self.height, self.width) or self.channels not in {None, channels}


class PrintedSize(FieldType):
    """``7x7x1024`` (height x width x channels), ``7^2 x 1024``, ``7x7``, or ``[channels, height, width]``.

    >>> print(PRINTED.read("224x224x3"), PRINTED.read("112^2 x 16"), PRINTED.read(["1024", "1", "1"]), sep=", ")
    224 x 224 x 3, 112 x 112 x 16, 1 x 1 x 1024
    """

    wanted = "a size such as 224x224x3, 112^2 x 16, 7x7 or [3, 224, 224]"

    def read(self, raw: Raw) -> Printed:
        """Height, width and channels."""
        if isinstance(raw, list):
            if len(raw) != 3:
                raise self._wrong(raw, "a list is [channels, height, width]")
            channels, height, width = _CHANNELS.read(raw[0]), _SIDE.read(raw[1]), _SIDE.read(raw[2])
            return Printed(height, width, channels)
        text = raw.strip() if isinstance(raw, str) and len(raw) < 40 else ""
        square = _SQUARE.fullmatch(text)
        if square:
            return self._within(raw, square[1], square[1], square[2])
        sides = _SIDES.fullmatch(text)
        if sides:
            return self._within(raw, sides[1], sides[2], sides[3])
        if isinstance(raw, str) and raw.startswith("$"):
            raise self._wrong(raw, "a printed size is written out: it takes no parameter")
        raise self._wrong(raw, "write height x width x channels, as papers do")

    def _within(self, raw: Raw, height: str, width: str, channels: str | None) -> Printed:
        size = Printed(int(height), int(width), None if channels is None else int(channels))
        if max(size.height, size.width) > _SIDE.high or (size.channels or 1) > _CHANNELS.high:
            raise self._wrong(raw, f"a side is at most {_SIDE.high:,}, channels are at most {_CHANNELS.high:,}")
        return size

    def schema(self) -> dict[str, Any]:
        """A text, or three integers."""
        sides = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 3, "maxItems": 3}
        pattern = r"^ *[0-9]+(\^2|²| ?[x×] ?[0-9]+)( ?[x×] ?[0-9]+)? *$"
        return {"oneOf": [{"type": "string", "pattern": pattern}, sides, {"type": "null"}]}

    def text(self, value: Printed) -> str:
        """The text that reads back."""
        return str(value).replace(" ", "")


PRINTED = PrintedSize()
