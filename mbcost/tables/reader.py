"""Nodes to a layer table: the schema of GRAMMAR, walked node by node, every problem noted with its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from mbcost.dims import ROUNDINGS, parse_alpha, parse_depth, parse_resolution, parse_rounding
from mbcost.documents.nodes import Document, Mapping, Node, Scalar, Sequence, parse_document
from mbcost.errors import MbcostError
from mbcost.layers import KINDS
from mbcost.layers.fields import NOT_GIVEN, Whole
from mbcost.layers.wording import meant, shown
from mbcost.network.bounds import Size, unrolled
from mbcost.network.collector import uncollected
from mbcost.network.specs import Base, Cell, Ignored, Scaling, TableSpec
from mbcost.tables.blocks import BlockReader
from mbcost.tables.expected import ExpectReader
from mbcost.tables.rows import CHECKED, MAX_NAME, NAME
from mbcost.tables.walker import plain, raw_of

__all__ = ["IGNORED", "IMPORTED", "TABLE_KEYS", "read_table"]

CHANNELS = Whole()
MAX_BASES = 4

TABLE_KEYS = {
    "format": "version of the grammar: 1",
    "name": "name of the network",
    "title": "what a paper calls it: in figures, LaTeX and Markdown",
    "source": "where the table is from: paper, table",
    "implementation": "the code the table describes",
    "imported": "what `mbcost import` traced: code, arguments, versions, sizes",
    "coded": "how that code has pooling and activations: module or function",
    "input": "{channels, resolution} of the image",
    "rounding": f"rule for scaled widths: {ROUNDINGS}",
    "columns": "fields of the rows written as lists",
    "defaults": 'fields by op, "*" for every op that has them',
    "blocks": "named groups of rows with parameters",
    "base": "{model, without, set}: a table whose rows stand above these",
    "layers": "the rows",
    "errata": "what the printed table has otherwise",
    "ignore": "findings of lint that are meant, each with a reason: [{code: MB404, row: head_*, why}]",
    "expect": "what the network should cost, point by point: [{alpha, depth, resolution, convention, mult_adds, params, source}]",
    "scalings": "{name: {alpha, depth, resolution, title}}: members of the family that have a name of their own",
}

IMPORTED = {
    "code": "module:callable, file.py:callable or a file",
    "args": "the builder's arguments",
    "input": "shapes of the inputs, 3x224x224",
    "versions": "of the framework and the package",
    "vary": "the builder's width argument; without it the table has one width",
    "traced": "sizes, or values of the width argument, at which the network was run",
    "verified": "points, alpha@size, that took no part in finding the widths and were held against the code",
    "range": "values of the width argument between which whatever else the rows might have said was ruled out",
    "undecided": "what the rows might have said as well, where the code builds no network to tell",
}
"""The keys of `imported`."""

IGNORED = {
    "code": "code of the finding, MB404",
    "row": "name or glob of the rows it is about (default all)",
    "why": "the reason, for who reads the table",
}
"""The keys of what is ignored."""

Loader = Callable[[str, str, int], TableSpec]
"""Finds the base table: (name or path, folder of the file that names it, depth)."""


@uncollected
def read_table(text: str, file: str, find: Loader, depth: int = 0) -> TableSpec:
    """Read one layer table; ``find`` loads the table it is based on, if any.

    Raises
    ------
    Problems
        Everything that is wrong with the text, each with its place and the way out.
    """
    document = parse_document(text, file)
    reader = _Reader(document, find, depth)
    reader.table()
    document.finish()
    return reader.spec


class _Reader(BlockReader, ExpectReader):
    def __init__(self, document: Document, find: Loader, depth: int) -> None:
        super().__init__(document)
        self.find = find
        self.depth = depth

    def table(self) -> None:
        """The top level of the file."""
        root = self.doc.root
        if root is None or (isinstance(root, Scalar) and not root.given):
            raise MbcostError(
                "the file is empty", help="a layer table begins with `format: 1`", place=self.doc.place(1, 1)
            )
        if not isinstance(root, Mapping):
            raise self.doc.error(
                root,
                "a layer table is a mapping of keys",
                "it begins with `format: 1`; `mbcost show mobilenet_v1` prints one",
            )
        if "budgets" in root.items and "layers" not in root.items:
            raise self.doc.error(
                root.keys["budgets"], "this is a budgets file, not a layer table", "check it with `mbcost check FILE`"
            )
        self.doc.known(root, TABLE_KEYS, "a layer table")
        items = root.items
        self._format(root)
        spec = self.spec
        name = self.scalar(items.get("name"), "name")
        spec.name = name or os.path.splitext(os.path.basename(self.doc.file))[0]
        if name is not None and not NAME.fullmatch(name):
            self.doc.problem(
                items["name"], f"name {shown(name)} is not a word", "use letters, digits and _, beginning with a letter"
            )
        spec.title = self._title(items.get("title"))
        spec.source = plain(items["source"]) if "source" in items else None
        spec.imported = self._imported(items.get("imported"))
        spec.implementation = self.scalar(items.get("implementation"), "implementation") or ""
        coded = self.scalar(items.get("coded"), "coded")
        if coded is not None and coded not in {"module", "function"}:
            self.doc.problem(items["coded"], f"`coded`: {shown(coded)} is not one of module, function")
            coded = None
        spec.coded = coded
        if "base" in items:
            spec.base = self._base(items["base"])
        self._input(root)
        rounding = self.scalar(items.get("rounding"), "rounding")
        if rounding is not None:
            spec.rounding = self.attempt(items["rounding"], "rounding", parse_rounding, rounding)
        self._columns(items.get("columns"))
        self._blocks(items.get("blocks"))
        self._defaults(items.get("defaults"))
        layers = items.get("layers")
        if layers is None:
            if "base" not in items:  # one that cannot be read is one problem, not three
                self.doc.problem(root, "`layers` is missing", "give the rows of the table: layers: [...]")
        else:
            spec.items = self._items(layers, top=True, what="layers")
            if not spec.items and spec.base is None and not self.doc.problems:
                self.doc.problem(layers, "`layers` has no rows", "give at least one row")
        spec.errata = self._errata(items.get("errata"))
        spec.scalings = self._scalings(items.get("scalings"))
        spec.ignored = self._ignored(items.get("ignore"))
        spec.expect = self.expectations(items.get("expect"))
        if not self.doc.problems:
            self._count()

    def _title(self, node: Node | None) -> str:
        """A name for people: any text that fits on a line."""
        if node is None or (isinstance(node, Scalar) and not node.given):
            return ""
        if not isinstance(node, Scalar):
            self.doc.problem(node, "`title` is a text", "write title: MobileNetV2")
            return ""
        if len(node.text) > MAX_NAME:
            self.doc.problem(
                node, f"a title of {len(node.text):,} characters, more than {MAX_NAME}", "choose a shorter one"
            )
        elif not node.text.isprintable() or not node.text.strip():
            self.doc.problem(node, f"title {shown(node.text)} is not a line of text", "write title: MobileNetV2")
        return node.text

    def _imported(self, node: Node | None) -> dict[str, Any] | None:
        if node is None:
            return None
        if not isinstance(node, Mapping):
            self.doc.problem(
                node, "`imported` is a mapping", "`mbcost import` writes it: code, input, versions, traced"
            )
            return None
        self.doc.known(node, IMPORTED, "`imported`")
        if "code" not in node.items:
            self.doc.problem(node, "`imported` needs `code`", "it names the builder or the file that was traced")
        return {key: plain(value) for key, value in node.items.items()}

    def _format(self, root: Mapping) -> None:
        node = root.items.get("format")
        if node is None:
            self.doc.problem(root, "`format` is missing", "write `format: 1` on the first line")
        elif not isinstance(node, Scalar) or node.text != "1":
            self.doc.problem(node, f"format {shown(raw_of(node))} is not known", "this version reads `format: 1`")

    def _input(self, root: Mapping) -> None:
        spec, node = self.spec, root.items.get("input")
        if node is None:
            if "base" not in root.items:
                self.doc.problem(root, "`input` is missing", "write input: {channels: 3, resolution: 224}")
            elif spec.base is not None:
                spec.channels, spec.resolution = spec.base.table.channels, spec.base.table.resolution
            return
        if not isinstance(node, Mapping):
            self.doc.problem(node, "`input` is a mapping", "write input: {channels: 3, resolution: 224}")
            return
        self.doc.known(node, ("channels", "resolution"), "`input`")
        if "channels" in node.items:
            channels = self.attempt(node.items["channels"], "channels", CHANNELS.read, raw_of(node.items["channels"]))
            spec.channels = channels or 3
        if "resolution" in node.items:
            resolution = self.attempt(
                node.items["resolution"], "resolution", parse_resolution, raw_of(node.items["resolution"])
            )
            spec.resolution = resolution or (224, 224)
        else:
            self.doc.problem(node, "`input` needs `resolution`", "write input: {channels: 3, resolution: 224}")

    def _columns(self, node: Node | None) -> None:
        if node is None:
            return
        if not isinstance(node, Sequence) or not all(isinstance(x, Scalar) for x in node.items):
            self.doc.problem(
                node, "`columns` is a list of fields", "write columns: [op, kernel_size, out_channels, stride]"
            )
            return
        columns = [str(raw_of(x)) for x in node.items]
        known = {"op", "name", "from", "weights_of", "repeat", *CHECKED}.union(
            *(kind.fields for kind in KINDS.values())
        )
        seen: set[str] = set()
        for name, item in zip(columns, node.items, strict=True):
            if name in seen:
                self.doc.problem(item, f"column `{name}` is given twice", "keep one of them")
            elif name not in known and not NAME.fullmatch(name):
                self.doc.problem(
                    item, f"column {shown(name)} is no field", "a column is `op`, `name`, or a field of a kind"
                )
            seen.add(name)
        if "op" not in columns:
            self.doc.problem(node, "`columns` has no `op`", "one column says what the row is")
        self.columns = columns

    def _defaults(self, node: Node | None) -> None:
        if node is None:
            return
        if not isinstance(node, Mapping):
            self.doc.problem(
                node, "`defaults` is a mapping from op to fields", "write defaults: {conv: {activation: relu6}}"
            )
            return
        for op, fields in node.items.items():
            if op != "*" and op not in KINDS:
                self.doc.problem(
                    node.keys[op],
                    f"`defaults` for the unknown op {shown(op)}",
                    partial(meant, op, KINDS, '"*" stands for every op'),
                )
            elif not isinstance(fields, Mapping):
                self.doc.problem(fields, f"the defaults of `{op}` are a mapping of fields")
            else:
                self.spec.defaults[op] = self._default_fields(op, fields)

    def _default_fields(self, op: str, fields: Mapping) -> dict[str, Cell]:
        cells = {}
        every = KINDS[op].fields if op != "*" else sorted({f for kind in KINDS.values() for f in kind.fields})
        for name, node in fields.items.items():
            owners = [KINDS[op]] if op != "*" else [kind for kind in KINDS.values() if name in kind.fields]
            if not owners or name not in owners[0].fields:
                self.doc.problem(
                    fields.keys[name],
                    f"`{op}` has no field {shown(name)}",
                    partial(meant, name, every, "its fields are {}"),
                )
                continue
            raw = raw_of(node)
            if raw in (*NOT_GIVEN,) and isinstance(node, Scalar) and node.plain:
                continue
            value = self.attempt(node, name, owners[0].fields[name].type.read, raw)
            cells[name] = Cell(raw, node.line, node.column, value, True)
        return cells

    def _base(self, node: Node) -> Base | None:
        if not isinstance(node, Mapping):
            self.doc.problem(node, "`base` is a mapping", "write base: {model: mobilenet_v1, without: [classifier]}")
            return None
        self.doc.known(node, ("model", "without", "set"), "`base`")
        model = self.scalar(node.items.get("model"), "model")
        if model is None:
            self.doc.problem(node, "`base` needs `model`", "name a shipped model or a path below this file's folder")
            return None
        without = raw_of(node.items["without"]) if "without" in node.items else []
        if not isinstance(without, list) or not all(isinstance(x, str) for x in without):
            self.doc.problem(
                node.items["without"], "`without` is a list of row names or globs", "write without: [classifier]"
            )
            without = []
        changes: dict[str, Any] = {}
        written = node.items.get("set")
        if isinstance(written, Mapping):
            changes = {key: raw_of(value) for key, value in written.items.items()}
        elif written is not None:
            self.doc.problem(written, "`set` is a mapping from row.field to value", "write set: {conv_1.stride: 1}")
        if self.depth >= MAX_BASES:
            self.doc.problem(
                node, f"bases are more than {MAX_BASES} deep, or in a ring", "a base may have a base, four times"
            )
            return None
        try:
            table = self.find(model, self.doc.file, self.depth + 1)
        except MbcostError as error:
            if error.place is None:
                error.at(self.doc.place(node.items["model"].line, node.items["model"].column))
            self.doc.problems.append(error)
            return None
        return Base(model, table, changes, tuple(without), node.line, node.column)

    def _errata(self, node: Node | None) -> tuple[Any, ...]:
        example = '{row: separable_13, field: stride, printed: 2, why: "..."}'
        found = []
        for child in self.mappings(
            node, "`errata` is a list", "an erratum", f"write errata: [{example}]", f"write {example}"
        ):
            self.doc.known(child, ("row", "field", "printed", "why", "source"), "an erratum")
            missing = [key for key in ("row", "field", "printed", "why") if key not in child.items]
            if missing:
                self.doc.problem(child, f"an erratum needs `{missing[0]}`", "it has row, field, printed and why")
                continue
            found.append(plain(child))
        return tuple(found)

    def _ignored(self, node: Node | None) -> tuple[Ignored, ...]:
        example = 'write ignore: [{code: MB404, row: "head_*", why: "..."}]'
        found = []
        for child in self.mappings(node, "`ignore` is a list of findings", "what is ignored", example):
            self.doc.known(child, IGNORED, "what is ignored")
            code, row, why = (self.scalar(child.items.get(key), key) for key in IGNORED)
            if code is None or not why:
                missing = "code" if code is None else "why"
                self.doc.problem(child, f"what is ignored needs `{missing}`", example)
                continue
            found.append(Ignored(code, row or "*", why, child.line, child.column))
        return tuple(found)

    def _scalings(self, node: Node | None) -> dict[str, Scaling]:
        if node is None:
            return {}
        example = "write scalings: {efficientnet_b3: {alpha: 1.2, depth: 1.4, resolution: 300}}"
        if not isinstance(node, Mapping):
            self.doc.problem(node, "`scalings` is a mapping from name to member", example)
            return {}
        found = {}
        reads = {"alpha": parse_alpha, "depth": parse_depth, "resolution": parse_resolution}
        for name, member in node.items.items():
            if not NAME.fullmatch(name) or name == self.spec.name:
                self.doc.problem(
                    node.keys[name],
                    f"{shown(name)} cannot be the name of a scaling",
                    "use a name of its own: letters, digits and _",
                )
            elif not isinstance(member, Mapping) or not member.items:
                self.doc.problem(member, f"scaling `{name}` is a mapping", example)
            else:
                self.doc.known(member, (*reads, "title"), "a scaling")
                read = {
                    key: self.attempt(value, key, reads[key], raw_of(value))
                    for key, value in member.items.items()
                    if key in reads
                }
                title = self._title(member.items.get("title"))
                found[name] = Scaling(
                    name, **{key: value for key, value in read.items() if value is not None}, title=title
                )
        return found

    def _count(self) -> None:
        """What unrolling the rows would make, before any of them is unrolled."""
        sizes: dict[str, Size] = {}
        for name in self.callees_first:
            sizes[name] = unrolled(self.spec.blocks[name].items, self.spec.blocks, sizes)
        size = unrolled(self.spec.items, self.spec.blocks, sizes)
        fact, help = size.refused()
        if fact:
            largest = max(self.spec.items, key=lambda item: item.repeat)
            raise MbcostError(fact, help=help, place=self.doc.place(largest.line, largest.column))
