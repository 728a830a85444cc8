"""YAML text to nodes with places, strictly and without building anything: every scalar stays the text it is.

Reading goes by parse events, bounded before any structure is built: depth, size, no anchors, aliases, merge keys or tags,
one document. What a scalar means is decided by the field it is written for, so YAML 1.1's guesses never happen.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import yaml
from yaml.scanner import ScannerError

from mbcost.errors import Help, Lines, MbcostError, Place, Problems
from mbcost.layers.fields import NOT_GIVEN
from mbcost.layers.wording import meant, shown

__all__ = ["Document", "Mapping", "Node", "Scalar", "Sequence", "parse_document", "read_bytes", "read_text"]

MAX_DEPTH = 64
MAX_BYTES = 64 * 1024 * 1024
MAX_NODES = 250_000
MOST_PROBLEMS = 200
"""The most problems of one file that are told; more are only counted."""

TOO_DEEP = "exceeded maximum nesting depth"
"""How libyaml says that a text is nested deeper than it reads."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar:
    """A scalar: its text and its place; ``plain`` when it is written without quotes."""

    __slots__ = ("column", "line", "plain", "text")

    def __init__(self, text: str, plain: bool, line: int, column: int) -> None:
        self.text = text
        self.plain = plain
        self.line = line
        self.column = column

    @property
    def given(self) -> bool:
        """Whether it says something: not ``~``, ``null`` or nothing at all."""
        return not (self.plain and self.text in NOT_GIVEN)


class Sequence:
    """A list of nodes."""

    __slots__ = ("column", "items", "line")

    def __init__(self, line: int, column: int) -> None:
        self.items: list[Node] = []
        self.line = line
        self.column = column


class Mapping:
    """A mapping; keys are texts, each once, in the order of the file."""

    __slots__ = ("column", "items", "keys", "line")

    def __init__(self, line: int, column: int) -> None:
        self.items: dict[str, Node] = {}
        self.keys: dict[str, Scalar] = {}
        self.line = line
        self.column = column


Node: TypeAlias = Scalar | Sequence | Mapping


class Document:
    """A parsed file: its root node, and the problems found in it so far.

    Reading goes on after a problem, so that all of them are shown at once; :meth:`finish` raises them.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.root: Node | None = None
        self.problems: list[MbcostError] = []
        self.untold = 0
        self._lines = Lines(file, text)

    def place(self, line: int, column: int) -> Place:
        """A place in this file, with the text of its line."""
        return self._lines.place(line, column)

    def error(self, node: Node, fact: str, help: Help = "") -> MbcostError:
        """An error at a node."""
        return MbcostError(fact, help=help, place=self.place(node.line, node.column))

    def problem(self, node: Node, fact: str, help: Help = "") -> None:
        """Note a problem and go on."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(self.error(node, fact, help if isinstance(help, str) else help()))
        else:
            self.untold += 1

    def known(self, node: Mapping, keys: Collection[str], what: str) -> None:
        """Note every key that ``what`` does not have."""
        for key in node.items:
            if key not in keys:
                self.problem(
                    node.keys[key],
                    f"{what} has no key {shown(key)}",
                    partial(meant, key, keys, "its keys are {}"),
                )

    def finish(self) -> None:
        """Raise all problems, in the order of the file, if there are any."""
        if self.problems:
            self.problems.sort(key=lambda p: (p.place.line, p.place.column) if p.place else (0, 0))
            raise Problems(self.problems, self.untold)


def read_bytes(path: str) -> bytes:
    """The bytes of a regular file, or of standard input for ``-``; at most 64 MB."""
    import os
    import stat
    import sys

    try:
        if path == "-":
            if sys.stdin is None:
                raise MbcostError("standard input is closed", help="pipe a table into it, or name a file")
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(path, "rb", opener=_at_once) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise MbcostError(
                        f"`{path}` is a pipe or a device, not a file", help="name a file; a pipe is read as `-`"
                    )
                data = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise MbcostError(f"`{path}` is a directory", help="name a file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MbcostError(f"`{path}` cannot be read: {reason}", help="check the path and its permissions") from None
    if len(data) > MAX_BYTES:
        raise MbcostError(f"`{path}` is larger than 64 MB", help="split the table, or use repeat and blocks")
    return data


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for the other end of a pipe."""
    import os

    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_text(data: bytes, file: str) -> str:
    """UTF-8 bytes as text; anything else is an error with its line."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise MbcostError(
            f"byte 0x{data[error.start]:02x} is not UTF-8 text",
            help="save the file as UTF-8",
            place=Place(file, line, column),
        ) from None


def parse_document(text: str, file: str) -> Document:
    """Parse one YAML document into nodes.

    Raises
    ------
    MbcostError
        At once for what makes the rest unreadable (syntax, depth, aliases, tags); doubled keys are noted as problems.
    """
    try:
        return _parsed(text, Document(file, text))
    except yaml.YAMLError as error:
        document = Document(file, text)
        if getattr(error, "problem", None) != TOO_DEEP:
            raise _syntax(document, error) from None
        place = error.problem_mark  # type: ignore[attr-defined]
    # Newer versions of libyaml have a bound of their own, 1,000 levels, and meet it while they look ahead on the line for
    # the colon of a key, with the events before it not yet given out. Up to there the text reads under ours.
    with suppress(yaml.YAMLError):
        _parsed(text[: place.index], document)
    raise _too_deep(document, Sequence(place.line + 1, place.column + 1))


def _parsed(text: str, document: Document) -> Document:
    stack: list[Sequence | Mapping] = []
    keys: list[Scalar | None] = []  # the pending key of each open mapping
    nodes = 0
    documents = 0
    event: Any
    for event in yaml.parse(text, Loader=_Loader):
        kind = type(event)
        if kind is yaml.ScalarEvent:
            mark = event.start_mark
            if event.anchor is not None or event.tag is not None:
                raise _unwanted(document, event)
            node: Node = Scalar(event.value, not event.style, mark.line + 1, mark.column + 1)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            mark = event.start_mark
            if event.anchor is not None or event.tag is not None:
                raise _unwanted(document, event)
            node = (Mapping if kind is yaml.MappingStartEvent else Sequence)(mark.line + 1, mark.column + 1)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            stack.pop()
            keys.pop()
            continue
        elif kind is yaml.AliasEvent:
            raise _unwanted(document, event)
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                mark = event.start_mark
                raise MbcostError(
                    "a second document in one file", help="one table a file: remove the `---`",
                    place=document.place(mark.line + 1, mark.column + 1),
                )  # fmt: skip
            continue
        else:
            continue
        nodes += 1
        if nodes > MAX_NODES:
            raise document.error(node, f"more than {MAX_NODES:,} values in one file", "use repeat and blocks")
        _attach(document, stack, keys, node)
        if not isinstance(node, Scalar):
            if len(stack) >= MAX_DEPTH:
                raise _too_deep(document, node)
            stack.append(node)
            keys.append(None)
    return document


def _too_deep(document: Document, node: Node) -> MbcostError:
    return document.error(node, f"nested more than {MAX_DEPTH} levels deep", "no table needs that: check the brackets")


def _attach(document: Document, stack: list[Sequence | Mapping], keys: list[Scalar | None], node: Node) -> None:
    if not stack:
        document.root = node
        return
    parent = stack[-1]
    if type(parent) is Sequence:
        parent.items.append(node)
        return
    assert type(parent) is Mapping  # noqa: S101  (a stack holds nothing else)
    key = keys[-1]
    if key is None:
        if type(node) is not Scalar:
            raise document.error(node, "a key must be a word", "quote it if it begins with a special character")
        if node.text == "<<" and node.plain:
            raise document.error(node, "merge keys are not read", "write the fields out, or use `defaults`")
        keys[-1] = node
        return
    keys[-1] = None
    if key.text in parent.items:
        first = parent.keys[key.text]
        document.problem(key, f"`{key.text[:60]}` is given twice (first in line {first.line})", "keep one of them")
        return
    parent.keys[key.text] = key
    parent.items[key.text] = node


def _unwanted(document: Document, event: Any) -> MbcostError:
    mark = event.start_mark
    place = document.place(mark.line + 1, mark.column + 1)
    if type(event) is yaml.AliasEvent:
        name = event.anchor
        return MbcostError(
            f"`*{name}` is an alias, and aliases are not read",
            help=f'a text that begins with * is quoted: "*{name}"',
            place=place,
        )
    if event.anchor is not None:
        return MbcostError(
            f"`&{event.anchor}` is an anchor, and anchors are not read",
            help="write the value out",
            place=place,
        )
    return MbcostError(
        f"`{event.tag}` is a tag, and tags are not read",
        help="remove it: the field decides what a value means",
        place=place,
    )


def _syntax(document: Document, error: yaml.YAMLError) -> MbcostError:
    """What is wrong with text that is no YAML; of its line only what could be read is shown."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:  # a character YAML does not allow
        position = getattr(error, "position", 0) or 0
        character = getattr(error, "character", None)
        before = document.text[:position]
        column = len(before) - (before.rfind("\n") + 1) + 1
        place = Place(document.file, before.count("\n") + 1, column)
        code = character if isinstance(character, int) else ord(str(character)[:1] or "\0")
        return MbcostError(f"character U+{code:04X} is not allowed in YAML", help="is this a text file?", place=place)
    context = str(getattr(error, "context", None) or "")
    text = str(getattr(error, "problem", None) or "it cannot be parsed")
    if "scanning an alias" in context:
        return _unquoted(document, error)
    place = document.place(mark.line + 1, mark.column + 1)
    if isinstance(error, ScannerError):  # from here on the text is no tokens
        begin = getattr(error, "context_mark", None)
        end = (
            mark.column if begin is None or "simple key" in context else begin.column if begin.line == mark.line else 0
        )
        place = place._replace(text=place.text[:end].rstrip())
    hints = {
        "tab": "indent with spaces",
        "could not find expected ':'": "is a colon missing, or a bracket not closed?",
    }
    hint = next((value for word, value in hints.items() if word in f"{context} {text}"), "")
    if "\t" in document.place(place.line, 1).text[: place.column]:
        hint = hints["tab"]
    return MbcostError(
        f"not valid YAML: {text}", help=hint or "check the indentation, the brackets and the quotes here", place=place
    )


def _unquoted(document: Document, error: Any) -> MbcostError:
    """A glob such as */pointwise that is not quoted is an alias to YAML, and no valid one."""
    mark = error.context_mark
    place = document.place(mark.line + 1, mark.column + 1)
    word = re.match(r"\*[^\s:,\]}]*", place.text[mark.column :])
    return MbcostError(
        "not valid YAML: a text that begins with * is an alias to YAML",
        help=f'quote it: "{word[0][:60]}"' if word else "quote it",
        place=place._replace(text=place.text[: mark.column + len(word[0])] if word else ""),
    )
