"""What reading any part of a budgets file needs: keys that are known, mappings, texts and whole numbers, with their places."""

from __future__ import annotations

from typing import Any

from mbcost.documents.nodes import Document, Mapping, Node, Scalar, Sequence
from mbcost.errors import Place
from mbcost.quantities import WIDTHS

__all__ = ["MAX_HINTS", "Reader", "raw", "shown"]

MAX_HINTS = 200  # after so many problems nothing is searched for what may have been meant


class Reader:
    """Reads nodes of one document, noting what is wrong and going on."""

    def __init__(self, document: Document) -> None:
        self.doc = document

    def place(self, node: Node) -> Place:
        """Where a node stands."""
        return self.doc.place(node.line, node.column)

    def mapping(self, node: Node | None, what: str, example: str) -> list[tuple[str, Node]]:
        """The entries of a mapping that may be left out, but not empty."""
        if node is None:
            return []
        if not isinstance(node, Mapping) or not node.items:
            empty = isinstance(node, Mapping)
            self.doc.problem(
                node, f"`{what}` is empty" if empty else f"`{what}` is a mapping", f"write {what}: {example}"
            )
            return []
        return list(node.items.items())

    def text(self, node: Node | None, key: str) -> str | None:
        """The text of a scalar, None where nothing is given."""
        if node is None or (isinstance(node, Scalar) and not node.given):
            return None
        if not isinstance(node, Scalar):
            self.doc.problem(node, f"`{key}` is one text", "not a list or a mapping")
            return None
        return node.text

    def whole(self, node: Node, key: str, low: int, high: int) -> int | None:
        """A whole number within bounds."""
        text = node.text if isinstance(node, Scalar) else ""
        if (
            not (text.isascii() and text.isdigit() and len(text) <= 9 and (text == "0" or text[0] != "0"))
            or not low <= int(text) <= high
        ):
            self.doc.problem(node, f"`{key}` is a whole number from {low} to {high:,}", f"write {key}: {low}")
            return None
        return int(text)

    def width(self, node: Node, key: str) -> int | None:
        """A bit width."""
        text = node.text if isinstance(node, Scalar) else ""
        if text in map(str, WIDTHS):
            return int(text)
        self.doc.problem(node, f"`{key}` is one of {', '.join(map(str, WIDTHS))}", f"write {key}: 8")
        return None


def raw(node: Node) -> Any:
    """A node as texts and lists of texts."""
    if isinstance(node, Scalar):
        return node.text
    return [raw(child) for child in node.items] if isinstance(node, Sequence) else "{...}"


def shown(text: str) -> str:
    """A word of the file as it may be echoed: printable, and not endless."""
    return "".join(c if c.isprintable() else "?" for c in text[:60])
