"""What every reader of nodes needs: unknown keys, single words, typed values, each problem noted with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from mbcost.documents.nodes import Document, Mapping, Node, Scalar, Sequence
from mbcost.errors import MbcostError
from mbcost.layers.fields import Raw
from mbcost.layers.wording import likely, shown

__all__ = ["Walker", "listed", "meant", "plain", "raw_of"]


MOST_LISTED = 60


class Walker:
    """A reader of one document; what is wrong is noted in it, and reading goes on."""

    def __init__(self, document: Document) -> None:
        self.doc = document

    def known_keys(self, node: Mapping, known: dict[str, str], what: str) -> None:
        """Note every key that ``what`` does not have."""
        for key in node.items:
            if key not in known:
                self.doc.problem(
                    node.keys[key],
                    f"{what} has no key {shown(key)}",
                    partial(meant, key, known, "its keys are {}"),
                )

    def scalar(self, node: Node | None, key: str) -> str | None:
        """The text of one word, None where it is not given."""
        if node is None:
            return None
        if not isinstance(node, Scalar):
            self.doc.problem(node, f"`{key}` is one word", "not a list or a mapping")
            return None
        return node.text if node.given else None

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


def listed(words: Iterable[str]) -> str:
    """Words in a message: all of them, or the first of very many."""
    words = list(words)
    more = len(words) - MOST_LISTED
    return ", ".join(words if more <= 0 else [*words[:MOST_LISTED], f"and {more:,} more"])


def meant(word: str, known: Iterable[str], otherwise: str = "", also: Iterable[str] = ()) -> str:
    """A hint that names the nearest of the known words and of some others, or else says something with the known ones for `{}`."""
    close = likely(word, [*known, *also])
    return f"did you mean {close}?" if close else otherwise.replace("{}", listed(known) or "none")
