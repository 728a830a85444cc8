"""Rows of a layer table: written as lists under columns or as mappings, alone, in groups and in branches."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial
from typing import Any

from mbcost.documents.nodes import Document, Mapping, Node, Scalar, Sequence
from mbcost.layers import KINDS
from mbcost.layers.fields import Groups, Raw, Whole
from mbcost.layers.wording import listed, meant, shown
from mbcost.network.specs import Cell, GroupSpec, Item, RowSpec, TableSpec
from mbcost.tables.walker import Walker, raw_of

__all__ = ["CHECKED", "NAME", "ROW_KEYS", "RowReader"]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:/[A-Za-z][A-Za-z0-9_]*)*", re.ASCII)
WHOLE = Whole(1, 10**12)
MAX_NAME = 200
MAX_LIST = 64
"""The most values of one field."""
CHECKED = ("input", "output", "cost")
ROW_KEYS = ("op", "name", "from", "weights_of", "repeat", "depth", "branches", "input", "output", "cost")


class RowReader(Walker):
    """Reads rows, for which the columns and the blocks of the table must be known."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.spec = TableSpec(document.file, document.text)
        self.columns: list[str] | None = None
        self.block_params: dict[str, Cell | None] = {}

    def _items(self, node: Node, *, top: bool, what: str) -> tuple[Item, ...]:
        if not isinstance(node, Sequence):
            self.doc.problem(node, f"`{what}` is a list of rows", "begin each row with `- `")
            return ()
        items: list[Item] = []
        for child in node.items:
            item = self._item(child, top=top)
            if item is not None:
                items.append(item)
        return tuple(items)

    def _item(self, node: Node, *, top: bool) -> Item | None:
        if isinstance(node, Sequence):
            if not top or self.columns is None:
                self.doc.problem(
                    node, "a row written as a list" + ("" if top else " inside a group, branch or block"),
                    "give `columns`, and write lists directly under `layers` only; else write {op: ..., ...}",
                )  # fmt: skip
                return None
            if len(node.items) != len(self.columns):
                self.doc.problem(
                    node, f"a row of {len(node.items)} values under {len(self.columns)} columns",
                    self._columns_here,
                )  # fmt: skip
                return None
            return self._row(
                node, dict(zip(self.columns, node.items, strict=True)), dict(zip(self.columns, node.items, strict=True))
            )
        if isinstance(node, Mapping):
            if "layers" in node.items:
                return self._group(node)
            return self._row(node, node.items, node.keys)
        self.doc.problem(node, f"{shown(node.text)} is not a row", "write {op: conv, ...}")
        return None

    def _group(self, node: Mapping) -> GroupSpec | None:
        self.doc.known(node, ("repeat", "depth", "layers"), "a group")
        repeat = self._repeat(node.items.get("repeat"))
        layers = node.items["layers"]
        items = self._items(layers, top=False, what="layers")
        if isinstance(layers, Sequence) and not layers.items:
            self.doc.problem(node, "a group without rows", "give it rows, or remove it")
        if not items:
            return None
        return GroupSpec(repeat, items, node.line, node.column, self._depth(node.items))

    def _row(self, node: Node, items: dict[str, Node], keys: dict[str, Any]) -> RowSpec | None:
        op = self.scalar(items.get("op"), "op")
        if op is None:
            if isinstance(items.get("op"), Scalar | None):  # else it was named as no word already
                self.doc.problem(node, "a row without `op`", f"the kinds are {', '.join(sorted(KINDS))}")
            return None
        block = self.spec.blocks.get(op)
        if op not in KINDS and block is None:
            self.doc.problem(
                items["op"],
                f"unknown op {shown(op)}",
                lambda: meant(op, sorted([*KINDS, *self.spec.blocks]), "the kinds are {}"),
            )
            return None
        row = RowSpec(op, node.line, node.column)
        row.repeat = self._repeat(items.get("repeat"))
        row.depth = self._depth(items)
        name = self.scalar(items.get("name"), "name")
        if name is not None:
            if not NAME.fullmatch(name) or name == "input":
                self.doc.problem(
                    items["name"],
                    f"name {shown(name)} is not a row name",
                    "use letters, digits and _, beginning with a letter; `input` is reserved",
                )
            elif len(name) > MAX_NAME:
                self.doc.problem(
                    items["name"], f"a name of {len(name):,} characters, more than {MAX_NAME}", "choose a shorter one"
                )
            row.name = name
        row.sources = self._from(items.get("from"))
        row.weights_of = self._weights_of(items.get("weights_of"))
        if "branches" in items:
            row.branches = self._branches(items["branches"], op)
        fields = KINDS[op].fields if block is None else block.params
        for key, value in items.items():
            if key in ROW_KEYS:
                if key in CHECKED and not (isinstance(value, Scalar) and not value.given):
                    self._checked(row, key, value)
                continue
            blank = isinstance(value, Scalar) and not value.given
            if key not in fields and not (blank and isinstance(node, Sequence)):
                self._unknown(keys[key], op, key, fields)
            elif not blank:
                row.cells[key] = self._cell(value, op, key, block is None)
        if block is not None and row.branches is not None:
            self.doc.problem(items["branches"], f"block `{op}` takes no `branches`", "give it rows with `from`")
        return row

    def _checked(self, row: RowSpec, key: str, node: Node) -> None:
        """What a row says beside its fields: the sizes a paper prints, and that its cost is not known."""
        raw = raw_of(node)
        if key != "cost":
            from mbcost.layers.printed import PRINTED  # few tables have them

            size = self.attempt(node, key, PRINTED.read, raw)
            if size is not None:
                row.declared[key] = Cell(raw, node.line, node.column, size, True)
        elif raw == "unknown":
            row.unknown = True
        else:
            self.doc.problem(
                node,
                f"`cost`: {shown(raw)} is not `unknown`",
                "leave it out where the kind has a formula; {op: custom, mult_adds: ..., params: ...} states a cost",
            )

    def _cell(self, node: Node, op: str, key: str, builtin: bool) -> Cell:
        if isinstance(node, Mapping):
            if not builtin or not isinstance(KINDS[op].fields[key].type, Groups):
                self.doc.problem(node, f"`{key}` is a value, not a mapping")
                return Cell("~", node.line, node.column)
            raw: Raw = {word: raw_of(value) for word, value in node.items.items()}
        elif isinstance(node, Sequence) and len(node.items) > MAX_LIST:
            self.doc.problem(node, f"`{key}` is a list of {len(node.items):,} values, more than {MAX_LIST}")
            return Cell("~", node.line, node.column)
        else:
            raw = raw_of(node)
        if self._parameters(node, raw) or not builtin:
            return Cell(raw, node.line, node.column)
        value = self.attempt(node, key, KINDS[op].fields[key].type.read, raw)
        return Cell(raw, node.line, node.column, value, True)

    def _parameters(self, node: Node, raw: Raw) -> bool:
        """Whether a value is, or has in it, a parameter of the block it stands in."""
        texts = raw if isinstance(raw, list) else [*raw.values()] if isinstance(raw, dict) else [raw]
        used = [x[1:] for x in texts if isinstance(x, str) and x.startswith("$")]
        for name in used:
            if name not in self.block_params:
                self.doc.problem(
                    node,
                    f"`${name[:60]}` is no parameter here",
                    self._parameters_here,
                )
        return bool(used)

    def _columns_here(self) -> str:
        return f"the columns are {listed(self.columns or ())}; write ~ where one does not apply"

    def _parameters_here(self) -> str:
        known = listed(self.block_params)
        return f"the parameters are {known}" if known else "parameters exist inside a block"

    def _unknown(self, node: Node, op: str, key: str, known: Collection[str]) -> None:
        traps = {
            "depth_multiplier": "alpha is given when the cost is asked for; depthwise outputs per channel are `multiplier`"
        }
        if op == "depthwise":
            traps["out_channels"] = "it puts out the channels that it reads, `multiplier` times as many"
        help = traps.get(key) or partial(meant, key, known, "its fields are {}", ROW_KEYS)
        self.doc.problem(node, f"`{op}` has no field {shown(key)}", help)

    def _repeat(self, node: Node | None) -> int:
        if node is None or (isinstance(node, Scalar) and not node.given):
            return 1
        return self.attempt(node, "repeat", WHOLE.read, raw_of(node)) or 1

    def _depth(self, items: dict[str, Node]) -> str | None:
        """What depth does to a row or group: its word, or ``scale`` where there is a repeat."""
        node, repeat = items.get("depth"), items.get("repeat")
        given = repeat is not None and not (isinstance(repeat, Scalar) and not repeat.given)
        if node is None or (isinstance(node, Scalar) and not node.given):
            return "scale" if given else None
        word = raw_of(node)
        if not isinstance(word, str) or not NAME.fullmatch(word):
            self.doc.problem(
                node, f"`depth`: {shown(word)} is not scale, fixed or the name of a stage",
                "write depth: fixed where depth leaves the repeat as it is; the depth itself is asked for with --depth",
            )  # fmt: skip
            return None
        return word

    def _from(self, node: Node | None) -> tuple[str, ...] | None:
        if node is None or (isinstance(node, Scalar) and not node.given):
            return None
        raw = raw_of(node)
        names = raw if isinstance(raw, list) else [raw]
        if not names or not all(isinstance(x, str) and PATH.fullmatch(x) for x in names):
            self.doc.problem(
                node,
                f"`from`: {shown(raw)} is not a row or a list of rows",
                "write from: name, from: [a, b], or a path such as block_1/conv_2",
            )
            return None
        return tuple(names)

    def _weights_of(self, node: Node | None) -> str | None:
        """The row whose weights a row uses."""
        if node is None or (isinstance(node, Scalar) and not node.given):
            return None
        raw = raw_of(node)
        if not isinstance(raw, str) or not PATH.fullmatch(raw):
            self.doc.problem(
                node, f"`weights_of`: {shown(raw)} is not a row",
                "write weights_of: name, the earlier row whose weights these are; or a path such as block_1/conv_2",
            )  # fmt: skip
            return None
        return raw

    def _branches(self, node: Node, op: str) -> tuple[tuple[Item, ...], ...] | None:
        if op in KINDS and KINDS[op].inputs != "several":
            self.doc.problem(node, f"`{op}` takes no `branches`", "add, concat and multiply do")
            return None
        if (
            not isinstance(node, Sequence)
            or len(node.items) < 2
            or not all(isinstance(x, Sequence) for x in node.items)
        ):
            self.doc.problem(node, "`branches` is a list of two or more lists of rows", "an empty list is the identity")
            return None
        return tuple(self._items(branch, top=False, what="branches") for branch in node.items)
