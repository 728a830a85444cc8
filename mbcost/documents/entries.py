"""A file that is one list of named entries, as conventions, memory rules and devices are: its frame, and what every entry needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeVar

from mbcost.documents.nodes import Document, Mapping, Node, Scalar, Sequence, parse_document, read_bytes, read_text
from mbcost.errors import MbcostError
from mbcost.layers.wording import shown

__all__ = ["Entry", "Listing", "read_entries"]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*", re.ASCII)

T = TypeVar("T")


class Listing(NamedTuple):
    """What such a file is: how it is called, its one key, what an entry is called, the keys of one and those it needs, and one written out."""

    file: str
    key: str
    what: str
    keys: Collection[str]
    needs: tuple[str, ...] = ()
    example: str = "write - {name: mine, ...}"


class Entry:
    """One entry of a list: its fields are read one by one, every problem noted with its place."""

    def __init__(self, doc: Document, node: Mapping) -> None:
        self.doc = doc
        self.node = node
        self.good = True

    def problem(self, node: Node, fact: str, help: str = "") -> None:
        """Note a problem."""
        self.good = False
        self.doc.problem(node, fact, help)

    def given(self, key: str) -> Node | None:
        """The value of a key, None where nothing is given."""
        node = self.node.items.get(key)
        return None if isinstance(node, Scalar) and not node.given else node

    def scalar(self, node: Node, what: str, read: Callable[[str], Any]) -> Any:
        """A scalar, read by a field type; None where it cannot be."""
        if not isinstance(node, Scalar):
            self.problem(node, f"`{what}` is one value", "write it on one line")
            return None
        try:
            return read(node.text)
        except MbcostError as error:
            fact = error.fact if error.fact.startswith(what) else f"`{what}`: {error.fact}"
            self.problem(node, fact, error.help)
            return None

    def text(self, key: str) -> str:
        """A text, empty where none is given."""
        node = self.given(key)
        if node is not None and not isinstance(node, Scalar):
            self.problem(node, f"`{key}` is a text", "quote it if it has a colon or a comma")
        return node.text if isinstance(node, Scalar) else ""


def read_entries(
    path: str, taken: tuple[str, ...], listing: Listing, make: Callable[[Entry, str], T | None]
) -> dict[str, T]:
    """The entries of a file by name; ``taken`` are the names that others have.

    Raises
    ------
    Problems
        Everything that is wrong with the file, each with its place and the way out.
    """
    doc = parse_document(read_text(read_bytes(path), path), path)
    found: dict[str, T] = {}
    lines: dict[str, int] = {}
    for node in _listed(doc, listing):
        if not isinstance(node, Mapping):
            doc.problem(node, f"a {listing.what} is a mapping", listing.example)
            continue
        doc.known(node, listing.keys, f"a {listing.what}")
        missing = [key for key in ("name", *listing.needs) if key not in node.items]
        if missing:
            doc.problem(node, f"a {listing.what} needs `{missing[0]}`", listing.example)
            continue
        entry = Entry(doc, node)
        name = _name(entry, listing.what, taken, lines)
        one = make(entry, name)
        if one is not None:
            found[name] = one
    doc.finish()
    return found


def _listed(doc: Document, listing: Listing) -> list[Node]:
    """The entries of the file's one list."""
    root, key = doc.root, listing.key
    if not isinstance(root, Mapping):
        place = doc.place(1, 1) if root is None else doc.place(root.line, root.column)
        help = f"it begins with `format: 1`, then `{key}:` and a list"
        raise MbcostError(f"{listing.file} is a mapping of keys", help=help, place=place)
    doc.known(root, ("format", key), listing.file)
    version = root.items.get("format")
    if version is None:
        doc.problem(root, "`format` is missing", "write format: 1 at the top")
    elif not isinstance(version, Scalar) or version.text != "1":
        doc.problem(version, "`format` is not 1", "this program reads format 1")
    listed = root.items.get(key)
    if not isinstance(listed, Sequence) or not listed.items:
        doc.problem(listed or root, f"`{key}` is a list of at least one {listing.what}", listing.example)
        return []
    return listed.items


def _name(entry: Entry, what: str, taken: tuple[str, ...], lines: dict[str, int]) -> str:
    node = entry.node.items["name"]
    text = node.text if isinstance(node, Scalar) else "{...}"
    if not isinstance(node, Scalar) or not NAME.fullmatch(text):
        entry.problem(
            node, f"name {shown(text)} is not a name", "use letters, digits, _ . and -, beginning with a letter"
        )
    elif text in lines:
        fact = f"{what} `{text}` is given twice (first in line {lines[text]})"
        entry.problem(node, fact, "give one of them another name")
    elif text in taken:
        entry.problem(node, f"{what} `{text}` is given twice (it is a shipped one)", "give yours another name")
    lines.setdefault(text, node.line)
    return text
