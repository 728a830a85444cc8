"""What every reader of nodes needs: single words, typed values, each problem noted with its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mbcost.documents.nodes import Document, Mapping, Node, Scalar, Sequence
from mbcost.errors import MbcostError
from mbcost.layers.fields import Raw

__all__ = ["Walker", "plain", "raw_of"]


class Walker:
    """A reader of one document; what is wrong is noted in it, and reading goes on."""

    def __init__(self, document: Document) -> None:
        self.doc = document

    def scalar(self, node: Node | None, key: str) -> str | None:
        """The text of one word, None where it is not given."""
        if node is None:
            return None
        if not isinstance(node, Scalar):
            self.doc.problem(node, f"`{key}` is one word", "not a list or a mapping")
            return None
        return node.text if node.given else None

    def mappings(self, node: Node | None, fact: str, what: str, help: str, help_one: str = "") -> list[Mapping]:
        """The mappings of a list; ``fact`` is what such a list is, ``what`` an item of it."""
        if node is not None and not isinstance(node, Sequence):
            self.doc.problem(node, fact, help)
        found = []
        for child in node.items if isinstance(node, Sequence) else []:
            if isinstance(child, Mapping):
                found.append(child)
            else:
                self.doc.problem(child, f"{what} is a mapping", help_one or help)
        return found

    def attempt(self, node: Node, key: str, read: Callable[[Any], Any], raw: Raw) -> Any:
        """The value that ``read`` makes of a text; None, and a problem at the node, where it refuses."""
        try:
            return read(raw)
        except MbcostError as error:
            self.doc.problem(
                node,
                error.fact if error.fact.startswith((key, "unknown")) else f"`{key}`: {error.fact}",
                partial(getattr, error, "help"),
            )
            return None


def raw_of(node: Node) -> Raw:
    """The text of a scalar, or the texts of a list."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [raw_of(child) for child in node.items]
    return "{...}"


def plain(node: Node) -> Any:
    """A node as plain dicts, lists and texts."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(child) for child in node.items]
    return {key: plain(child) for key, child in node.items.items()}
