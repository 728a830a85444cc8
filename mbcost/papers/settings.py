"""Settings of a paper file: which fields there are, how each is read, and how they are merged."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from mbcost.documents.nodes import Document, Mapping, Node, Scalar, Sequence
from mbcost.errors import MbcostError, nearest
from mbcost.network import Variant, variant_of
from mbcost.network.walk import SUMMED
from mbcost.papers.printed import ROUNDS, UNITS
from mbcost.papers.specs import Setting, Word
from mbcost.tables import is_path, scalings, shipped

__all__ = ["COUNTED", "FORMS", "HELD", "SETTINGS", "Reader", "merged", "variant_in"]

COUNTED = (
    "measured",
    "mult_adds",
    "params",
    "weights",
    "biases",
    "norm_params",
    "norm_stats",
    "layers",
    "flops",
    "channels",
    "map_bytes",
)
"""What a cell can count, besides the parts of a row and the paper file's own `quantities`."""

HELD = (
    "peak_memory", "peak_memory_bytes", "arena", "flash", "weight_bytes", "memory_access", "memory_access_bytes",
)  # fmt: skip
"""What a cell can count of the whole network in memory."""

FORMS = ("standard", "depthwise", "pointwise", "separable")

SETTINGS = {
    **dict.fromkeys(("alpha", "depth", "rho", "resolution", "rounding", "convention", "memory_rule"), "text"),
    **dict.fromkeys(("batch", "classes", "size", "digits", "bits"), "whole"),
    **dict.fromkeys(("standard", "share", "reads"), "flag"),
    **dict.fromkeys(("without", "rows", "blocks"), "texts"),
    **dict.fromkeys(("set", "words", "spell"), "dict"),
    **dict.fromkeys(("layer", "kind", "note"), "word"),
    "quantity": "quantity", "model": "model", "conv": "conv", "form": "form", "per": "setting", "equals": "equals", "unit": "unit", "round": "round", "use": "word",
}  # fmt: skip
"""Every field of a setting, and how it is read."""

_INSTEAD = {"resolution": "rho", "rho": "resolution", "model": "conv", "conv": "model"}


def merged(*settings: Setting) -> Setting:
    """Settings one over the other; a later one wins, and `~` takes a field away.

    A resolution given replaces a rho from above, and the other way round.
    """
    result: Setting = {}
    for setting in settings:
        for key, value in setting.items():
            result.pop(_INSTEAD.get(key, ""), None)
            if value is None:
                result.pop(key, None)
            elif key == "words" and key in result:
                result[key] = {**result[key], **value}
            else:
                result[key] = value
    return result


def variant_in(setting: Setting) -> Variant:
    """The variant of a setting: the fields of GRAMMAR, section Variants."""
    return variant_of(**{field: setting[field] for field in Variant._fields if field in setting})


class Reader:
    """Reads nodes as texts, numbers, lists and settings, noting what is wrong and going on."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.quantities: dict[str, dict[str, int]] = {}
        self.presets: dict[str, Setting] = {}

    def problem(self, node: Any, fact: str, help: str = "") -> None:
        """Note a problem at a node."""
        self.document.problem(node, fact, help)

    def known(self, word: str, names: Iterable[str]) -> str:
        """What a misspelt word may have meant, or all there is."""
        names = list(names)
        close = nearest(word, names)
        if close:
            return f"did you mean {close}?"
        return f"there is {', '.join(f'`{name}`' for name in names)}" if names else "there is none yet: write it first"

    def given(self, node: Node | None) -> bool:
        """Whether a node says something."""
        return node is not None and (not isinstance(node, Scalar) or node.given)

    def text(self, node: Node | None) -> str:
        """The text of a scalar; empty where nothing is given."""
        if node is None or not self.given(node):
            return ""
        if not isinstance(node, Scalar):
            self.problem(node, "a text is wanted here, not a list or a mapping")
            return ""
        return node.text

    def word(self, node: Node) -> Word:
        """The text of a scalar, with its place."""
        word = Word(self.text(node))
        word.line, word.column = node.line, node.column
        return word

    def texts(self, node: Node | None) -> tuple[str, ...]:
        """A text, or a list of texts."""
        if isinstance(node, Sequence):
            return tuple([self.text(item) for item in node.items])
        return (self.text(node),) if self.given(node) else ()

    def whole(self, node: Node, low: int = 1) -> int:
        """A whole number."""
        text = self.text(node)
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 9) or int(text) < low:
            self.problem(node, f"`{text[:40]}` is not a whole number of at least {low}")
            return low
        return int(text)

    def flag(self, node: Node | None) -> bool:
        """True or false."""
        text = self.text(node)
        if node is not None and text not in {"true", "false"}:
            self.problem(node, f"`{text[:40]}` is not true or false")
        return text == "true"

    def sequence(self, node: Node | None) -> list[Node]:
        """The items of a list; none where nothing is given."""
        if isinstance(node, Sequence):
            return node.items
        if node is not None and self.given(node):
            self.problem(node, "a list is wanted here", "write it as [a, b] or with leading dashes")
        return []

    def open_mapping(self, node: Node | None) -> dict[str, Node]:
        """A mapping with any keys."""
        if isinstance(node, Mapping):
            return node.items
        if node is not None and self.given(node):
            self.problem(node, "a mapping is wanted here", "write it as {key: value}")
        return {}

    def mapping(self, node: Node | None, keys: tuple[str, ...], what: str) -> dict[str, Node]:
        """A mapping with known keys only."""
        items = self.open_mapping(node)
        for key in items:
            if key not in keys:
                assert isinstance(node, Mapping)  # noqa: S101  (it has items)
                self.problem(node.keys[key], f"unknown key `{key[:40]}` in {what}", self.known(key, keys))
        return {key: value for key, value in items.items() if key in keys}

    def required(self, node: Any, fields: dict[str, Node], *keys: str) -> None:
        """Note which of the keys a mapping needs are not there."""
        missing = [key for key in keys if key not in fields]
        if missing:
            self.problem(
                node,
                f"{', '.join(f'`{key}`' for key in missing)} must be given here",
                "the shipped paper files show how",
            )

    def setting(self, fields: dict[str, Node]) -> Setting:
        """The fields of a setting, each read as what it is, over the named settings it uses."""
        own = {
            key: getattr(self, f"_{SETTINGS[key]}")(node) if self.given(node) else None for key, node in fields.items()
        }
        name = own.pop("use", None)
        if name is None:
            return own
        if name not in self.presets:
            self.problem(fields["use"], f"there are no settings `{name}`", self.known(name, list(self.presets)))
        return merged(self.presets.get(name, {}), own)

    def _text(self, node: Node) -> str:
        return self.text(node)

    def _word(self, node: Node) -> Word:
        return self.word(node)

    def _whole(self, node: Node) -> int:
        return self.whole(node)

    def _flag(self, node: Node) -> bool:
        return self.flag(node)

    def _texts(self, node: Node) -> tuple[str, ...]:
        return self.texts(node)

    def _dict(self, node: Node) -> dict[str, str]:
        return {key: self.text(value) for key, value in self.open_mapping(node).items()}

    def _quantity(self, node: Node) -> str:
        return self._one_of(
            node, (*COUNTED, *HELD, *[part for part in SUMMED if part not in COUNTED], *self.quantities), "quantity"
        )

    def _model(self, node: Node) -> Word:
        """A shipped model or scaling, or a path from the paper file's own folder."""
        word = self.word(node)
        if word == "-":
            self.problem(node, "a paper file cannot read a model from standard input", "name a shipped model or a path")
        elif is_path(word):
            path = Word(os.path.join(os.path.dirname(self.document.file), word))
            path.line, path.column = word.line, word.column
            return path
        else:
            try:
                shipped(word)
            except MbcostError as error:
                if word not in scalings():
                    self.problem(node, error.fact, error.help)
        return word

    def _unit(self, node: Node) -> str:
        return self._one_of(node, tuple(UNITS), "unit")

    def _form(self, node: Node) -> str:
        return self._one_of(node, FORMS, "form of a convolution")

    def _round(self, node: Node) -> str:
        return self._one_of(node, tuple(ROUNDS), "rounding")

    def _one_of(self, node: Node, choices: tuple[str, ...], what: str) -> str:
        text = self.text(node)
        if text not in choices:
            self.problem(
                node, f"unknown {what} `{text[:40]}`", self.known(text, [choice for choice in choices if choice])
            )
        return text

    def _conv(self, node: Node) -> dict[str, int]:
        fields = self.mapping(node, ("in_channels", "out_channels", "kernel_size", "size"), "`conv`")
        for key in ("in_channels", "out_channels", "kernel_size", "size"):
            if key not in fields:
                self.problem(node, f"`conv` needs `{key}`")
        return {key: self.whole(value) for key, value in fields.items()}

    def _setting(self, node: Node) -> Setting:
        return self.setting(self.mapping(node, tuple(SETTINGS), "`per`"))

    def _equals(self, node: Node) -> dict[str, Any]:
        fields = self.mapping(node, ("table", "column", "row", "rows"), "`equals`")
        for key in ("table", "column"):
            if key not in fields:
                self.problem(node, f"`equals` needs `{key}`")
        rows = self.texts(fields.get("rows")) or self.texts(fields.get("row"))
        return {"table": self.text(fields.get("table")), "column": self.text(fields.get("column")), "rows": rows}
