"""How refused values are quoted in messages, and what is said about the traps of YAML 1.1."""

from __future__ import annotations

import re
from typing import Any

from mbcost.dims import MAX_NUMBER_TEXT
from mbcost.errors import nearest

__all__ = ["near", "number_hint", "shown"]


def shown(raw: Any) -> str:
    """A raw value as it is quoted in messages."""
    if isinstance(raw, list):
        text = "[" + ", ".join(shown(x).strip("`") for x in raw[:6]) + (", …]" if len(raw) > 6 else "]")
    else:
        text = "".join(c if c.isprintable() else "?" for c in str(raw))
    return f"`{text[:60]}…`" if len(text) > 61 else f"`{text}`"


def near(raw: Any, words: tuple[str, ...]) -> str:
    """A hint that names the nearest words, or the empty string."""
    close = nearest(str(raw), words) if isinstance(raw, str) else ""
    return f"did you mean {close}?" if close else ""


def number_hint(raw: Any) -> str:
    """Why a text that looks like a number is refused."""
    if not isinstance(raw, str):
        return ""
    if len(raw) > MAX_NUMBER_TEXT and raw.replace(".", "").isdigit():
        return f"a number has at most {MAX_NUMBER_TEXT} characters"
    if re.fullmatch(r"0[0-9]+", raw):
        return f"a leading zero means octal to some readers: write {raw.lstrip('0') or '0'}"
    if re.fullmatch(r"[0-9]+_[0-9_]+", raw):
        return f"write it without underscores: {raw.replace('_', '')}"
    if re.fullmatch(r"[0-9.]+[eE][+-]?[0-9]+", raw):
        return "write it out, without an exponent"
    return ""
