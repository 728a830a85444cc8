"""Nodes to a layer table: the schema of GRAMMAR, walked node by node, every problem noted with its place."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from mbcost.dims import parse_resolution, parse_rounding
from mbcost.errors import MbcostError, nearest
from mbcost.layers import KINDS
from mbcost.layers.fields import NOT_GIVEN, Raw, Whole, shown
from mbcost.network.layout import MAX_ROWS
from mbcost.network.specs import Base, BlockSpec, Cell, GroupSpec, Item, RowSpec, TableSpec
from mbcost.tables.nodes import Document, Mapping, Node, Scalar, Sequence, parse_document

__all__ = ["ROW_KEYS", "TABLE_KEYS", "read_table"]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:/[A-Za-z][A-Za-z0-9_]*)*", re.ASCII)
WHOLE = Whole(1, 10**12)
CHANNELS = Whole()
MAX_BASES = 4
CHECKED = ("input", "output", "cost")

TABLE_KEYS = {
    "format": "version of the grammar: 1",
    "name": "name of the network",
    "source": "where the table is from: paper, table",
    "implementation": "the code the table describes",
    "coded": "how that code has pooling and activations: module or function",
    "input": "{channels, resolution} of the image",
    "rounding": "rule for scaled widths: floor, divisor:8, floor+divisor:8 or none",
    "columns": "fields of the rows written as lists",
    "defaults": 'fields by op, "*" for every op that has them',
    "blocks": "named groups of rows with parameters",
    "base": "{model, without, set}: a table whose rows stand above these",
    "layers": "the rows",
    "errata": "what the printed table has otherwise",
}
ROW_KEYS = ("op", "name", "from", "repeat", "branches", "input", "output", "cost")

Loader = Callable[[str, str, int], TableSpec]
"""Finds the base table: (name or path, folder of the file that names it, depth)."""


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


class _Reader:
    def __init__(self, document: Document, find: Loader, depth: int) -> None:
        self.doc = document
        self.find = find
        self.depth = depth
        self.spec = TableSpec(document.file, document.text)
        self.columns: list[str] | None = None
        self.block_params: set[str] = set()

    # ---- the table itself

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
        self._known_keys(root, TABLE_KEYS, "a layer table")
        items = root.items
        self._format(root)
        spec = self.spec
        name = self._scalar(items.get("name"), "name")
        spec.name = name or os.path.splitext(os.path.basename(self.doc.file))[0]
        if name is not None and not NAME.fullmatch(name):
            self.doc.problem(
                items["name"], f"name {shown(name)} is not a word", "use letters, digits and _, beginning with a letter"
            )
        spec.source = _plain(items["source"]) if "source" in items else None
        spec.implementation = self._scalar(items.get("implementation"), "implementation") or ""
        coded = self._scalar(items.get("coded"), "coded")
        if coded is not None and coded not in {"module", "function"}:
            self.doc.problem(items["coded"], f"`coded`: {shown(coded)} is not one of module, function")
            coded = None
        spec.coded = coded
        if "base" in items:
            spec.base = self._base(items["base"])
        self._input(root)
        rounding = self._scalar(items.get("rounding"), "rounding")
        if rounding is not None:
            spec.rounding = self._try(items["rounding"], "rounding", parse_rounding, rounding)
        self._columns(items.get("columns"))
        self._blocks(items.get("blocks"))
        self._defaults(items.get("defaults"))
        layers = items.get("layers")
        if layers is None:
            if spec.base is None:
                self.doc.problem(root, "`layers` is missing", "give the rows of the table: layers: [...]")
        else:
            spec.items = self._items(layers, top=True, what="layers")
            if not spec.items and spec.base is None and not self.doc.problems:
                self.doc.problem(layers, "`layers` has no rows", "give at least one row")
        spec.errata = self._errata(items.get("errata"))
        if not self.doc.problems:
            self._count()

    def _format(self, root: Mapping) -> None:
        node = root.items.get("format")
        if node is None:
            self.doc.problem(root, "`format` is missing", "write `format: 1` on the first line")
        elif not isinstance(node, Scalar) or node.text != "1":
            self.doc.problem(node, f"format {shown(_raw(node))} is not known", "this version reads `format: 1`")

    def _input(self, root: Mapping) -> None:
        spec, node = self.spec, root.items.get("input")
        if node is None:
            if spec.base is None:
                self.doc.problem(root, "`input` is missing", "write input: {channels: 3, resolution: 224}")
            else:
                spec.channels, spec.resolution = spec.base.table.channels, spec.base.table.resolution
            return
        if not isinstance(node, Mapping):
            self.doc.problem(node, "`input` is a mapping", "write input: {channels: 3, resolution: 224}")
            return
        self._known_keys(node, {"channels": "", "resolution": ""}, "`input`")
        if "channels" in node.items:
            channels = self._try(node.items["channels"], "channels", CHANNELS.read, _raw(node.items["channels"]))
            spec.channels = channels or 3
        if "resolution" in node.items:
            resolution = self._try(
                node.items["resolution"], "resolution", parse_resolution, _raw(node.items["resolution"])
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
        columns = [str(_raw(x)) for x in node.items]
        known = {"op", "name", "from", "repeat", *CHECKED}.union(*(kind.fields for kind in KINDS.values()))
        for number, (name, item) in enumerate(zip(columns, node.items, strict=True)):
            if name in columns[:number]:
                self.doc.problem(item, f"column `{name}` is given twice", "keep one of them")
            elif name not in known and not NAME.fullmatch(name):
                self.doc.problem(
                    item, f"column {shown(name)} is no field", "a column is `op`, `name`, or a field of a kind"
                )
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
                    _did(op, list(KINDS)) or '"*" stands for every op',
                )
            elif not isinstance(fields, Mapping):
                self.doc.problem(fields, f"the defaults of `{op}` are a mapping of fields")
            else:
                self.spec.defaults[op] = self._default_fields(op, fields)

    def _default_fields(self, op: str, fields: Mapping) -> dict[str, Cell]:
        cells = {}
        for name, node in fields.items.items():
            owners = [KINDS[op]] if op != "*" else [kind for kind in KINDS.values() if name in kind.fields]
            if not owners or name not in owners[0].fields:
                known = (
                    list(KINDS[op].fields) if op != "*" else sorted({f for kind in KINDS.values() for f in kind.fields})
                )
                self.doc.problem(
                    fields.keys[name],
                    f"`{op}` has no field {shown(name)}",
                    _did(name, known) or f"its fields are {', '.join(known)}",
                )
                continue
            raw = _raw(node)
            if raw in (*NOT_GIVEN,) and isinstance(node, Scalar) and node.plain:
                continue
            value = self._try(node, name, owners[0].fields[name].type.read, raw)
            cells[name] = Cell(raw, node.line, node.column, value, True)
        return cells

    # ---- rows

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
                    f"the columns are {', '.join(self.columns)}; write ~ where one does not apply",
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
        self._known_keys(node, {"repeat": "", "layers": ""}, "a group")
        repeat = self._repeat(node.items.get("repeat"))
        layers = node.items["layers"]
        items = self._items(layers, top=False, what="layers")
        if isinstance(layers, Sequence) and not layers.items:
            self.doc.problem(node, "a group without rows", "give it rows, or remove it")
        if not items:
            return None
        return GroupSpec(repeat, items, node.line, node.column)

    def _row(self, node: Node, items: dict[str, Node], keys: dict[str, Any]) -> RowSpec | None:
        op = self._scalar(items.get("op"), "op")
        if op is None:
            if isinstance(items.get("op"), Scalar | None):  # else it was named as no word already
                self.doc.problem(node, "a row without `op`", f"the kinds are {', '.join(sorted(KINDS))}")
            return None
        block = self.spec.blocks.get(op)
        if op not in KINDS and block is None:
            known = [*KINDS, *self.spec.blocks]
            self.doc.problem(
                items["op"], f"unknown op {shown(op)}", _did(op, known) or f"the kinds are {', '.join(sorted(known))}"
            )
            return None
        row = RowSpec(op, node.line, node.column)
        row.repeat = self._repeat(items.get("repeat"))
        name = self._scalar(items.get("name"), "name")
        if name is not None:
            if not NAME.fullmatch(name) or name == "input":
                self.doc.problem(
                    items["name"],
                    f"name {shown(name)} is not a row name",
                    "use letters, digits and _, beginning with a letter; `input` is reserved",
                )
            row.name = name
        row.sources = self._from(items.get("from"))
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
                self._unknown(keys[key], op, key, list(fields))
            elif not blank:
                row.cells[key] = self._cell(value, op, key, block is None)
        if block is not None and row.branches is not None:
            self.doc.problem(items["branches"], f"block `{op}` takes no `branches`", "give it rows with `from`")
        return row

    def _checked(self, row: RowSpec, key: str, node: Node) -> None:
        """What a row says beside its fields: the sizes a paper prints, and that its cost is not known."""
        raw = _raw(node)
        if key != "cost":
            from mbcost.layers.printed import PRINTED  # few tables have them

            size = self._try(node, key, PRINTED.read, raw)
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
        raw = _raw(node)
        if isinstance(node, Mapping):
            self.doc.problem(node, f"`{key}` is a value, not a mapping")
            return Cell("~", node.line, node.column)
        if self._parameters(node, raw) or not builtin:
            return Cell(raw, node.line, node.column)
        value = self._try(node, key, KINDS[op].fields[key].type.read, raw)
        return Cell(raw, node.line, node.column, value, True)

    def _parameters(self, node: Node, raw: Raw) -> bool:
        """Whether a value is, or has in it, a parameter of the block it stands in."""
        texts = raw if isinstance(raw, list) else [raw]
        used = [x[1:] for x in texts if isinstance(x, str) and x.startswith("$")]
        for name in used:
            if name not in self.block_params:
                known = ", ".join(sorted(self.block_params))
                self.doc.problem(
                    node,
                    f"`${name[:60]}` is no parameter here",
                    f"the parameters are {known}" if known else "parameters exist inside a block",
                )
        return bool(used)

    def _unknown(self, node: Node, op: str, key: str, known: list[str]) -> None:
        traps = {"depth_multiplier": "alpha is given when the cost is asked for; depthwise outputs per channel are `multiplier`",
                 "filters": "it is `out_channels` here", "strides": "it is `stride` here", "kernel": "it is `kernel_size` here",
                 "channels": "it is `out_channels` here", "dilation_rate": "it is `dilation` here"}  # fmt: skip
        if op == "depthwise":
            traps["out_channels"] = "it puts out the channels that it reads, `multiplier` times as many"
        help = traps.get(key) or _did(key, [*known, *ROW_KEYS]) or f"its fields are {', '.join(known) or 'none'}"
        self.doc.problem(node, f"`{op}` has no field {shown(key)}", help)

    def _repeat(self, node: Node | None) -> int:
        if node is None or (isinstance(node, Scalar) and not node.given):
            return 1
        return self._try(node, "repeat", WHOLE.read, _raw(node)) or 1

    def _from(self, node: Node | None) -> tuple[str, ...] | None:
        if node is None or (isinstance(node, Scalar) and not node.given):
            return None
        raw = _raw(node)
        names = raw if isinstance(raw, list) else [raw]
        if not names or not all(isinstance(x, str) and PATH.fullmatch(x) for x in names):
            self.doc.problem(
                node,
                f"`from`: {shown(raw)} is not a row or a list of rows",
                "write from: name, from: [a, b], or a path such as block_1/conv_2",
            )
            return None
        return tuple(names)

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

    # ---- blocks, base, errata

    def _blocks(self, node: Node | None) -> None:
        if node is None:
            return
        if not isinstance(node, Mapping):
            self.doc.problem(
                node,
                "`blocks` is a mapping from name to block",
                "write blocks: {fire: {params: {s: ~}, layers: [...]}}",
            )
            return
        bodies: dict[str, Mapping] = {}
        for name, body in node.items.items():
            if name in KINDS:
                self.doc.problem(
                    node.keys[name],
                    f"a block may not be called `{name}`: that is a built-in kind",
                    "choose another name",
                )
            elif not NAME.fullmatch(name):
                self.doc.problem(
                    node.keys[name],
                    f"{shown(name)} is not a name for a block",
                    "use letters, digits and _, beginning with a letter",
                )
            elif not isinstance(body, Mapping):
                self.doc.problem(body, f"block `{name}` is a mapping", "write {params: {...}, layers: [...]}")
            else:
                self._known_keys(body, {"params": "", "inputs": "", "layers": ""}, f"block `{name}`")
                bodies[name] = body
                self.spec.blocks[name] = BlockSpec(
                    name, self._params(body.items.get("params"), name), self._inputs(body.items.get("inputs")), ()
                )
        for name, body in bodies.items():  # all names are known now: blocks may call each other
            block = self.spec.blocks[name]
            self.block_params = set(block.params)
            layers = body.items.get("layers")
            items: tuple[Item, ...] = ()
            if layers is None:
                self.doc.problem(body, f"block `{name}` has no `layers`", "give its rows")
            else:
                items = self._items(layers, top=False, what="layers")
                if not items and not self.doc.problems:
                    self.doc.problem(layers, f"block `{name}` has no rows", "give its rows")
            self.spec.blocks[name] = block._replace(items=items)
        self.block_params = set()
        self._no_ring(node)

    def _params(self, node: Node | None, block: str) -> dict[str, Cell | None]:
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            self.doc.problem(
                node,
                f"the params of block `{block}` are a mapping from name to default",
                "write {params: {out: ~, stride: 1}}; ~ = required",
            )
            return {}
        params: dict[str, Cell | None] = {}
        for name, value in node.items.items():
            if not NAME.fullmatch(name) or name in {
                "op",
                "name",
                "from",
                "repeat",
                "layers",
                "branches",
                "input",
                "output",
            }:
                self.doc.problem(node.keys[name], f"{shown(name)} cannot be a parameter", "use another word")
                continue
            given = not isinstance(value, Scalar) or value.given
            params[name] = Cell(_raw(value), value.line, value.column) if given else None
        return params

    def _inputs(self, node: Node | None) -> tuple[str, ...]:
        if node is None:
            return ()
        raw = _raw(node)
        if (
            not isinstance(raw, list)
            or not raw
            or not all(isinstance(x, str) and NAME.fullmatch(x) for x in raw)
            or len(set(raw)) < len(raw)
        ):
            self.doc.problem(node, "`inputs` is a list of different names", "write inputs: [x, prev]")
            return ()
        return tuple(raw)

    def _no_ring(self, node: Mapping) -> None:
        calls = {name: _calls(block.items, self.spec.blocks) for name, block in self.spec.blocks.items()}
        for name in calls:
            seen: list[str] = []
            todo = [name]
            while todo:
                for callee in calls.get(todo.pop(), ()):
                    if callee == name:
                        self.doc.problem(
                            node.keys[name],
                            f"block `{name}` calls itself{' through ' + ', '.join(seen) if seen else ''}",
                            "blocks may call blocks, not in a ring",
                        )
                        self.spec.blocks[name] = self.spec.blocks[name]._replace(items=())
                        return
                    if callee not in seen:
                        seen.append(callee)
                        todo.append(callee)

    def _base(self, node: Node) -> Base | None:
        if not isinstance(node, Mapping):
            self.doc.problem(node, "`base` is a mapping", "write base: {model: mobilenet_v1, without: [classifier]}")
            return None
        self._known_keys(node, {"model": "", "without": "", "set": ""}, "`base`")
        model = self._scalar(node.items.get("model"), "model")
        if model is None:
            self.doc.problem(node, "`base` needs `model`", "name a shipped model or a path below this file's folder")
            return None
        without = _raw(node.items["without"]) if "without" in node.items else []
        if not isinstance(without, list) or not all(isinstance(x, str) for x in without):
            self.doc.problem(
                node.items["without"], "`without` is a list of row names or globs", "write without: [classifier]"
            )
            without = []
        changes: dict[str, Any] = {}
        written = node.items.get("set")
        if isinstance(written, Mapping):
            changes = {key: _raw(value) for key, value in written.items.items()}
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
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            self.doc.problem(
                node, "`errata` is a list", 'write errata: [{row: separable_13, field: stride, printed: 2, why: "..."}]'
            )
            return ()
        found = []
        for child in node.items:
            if not isinstance(child, Mapping):
                self.doc.problem(
                    child, "an erratum is a mapping", 'write {row: separable_13, field: stride, printed: 2, why: "..."}'
                )
                continue
            self._known_keys(child, {"row": "", "field": "", "printed": "", "why": "", "source": ""}, "an erratum")
            missing = [key for key in ("row", "field", "printed", "why") if key not in child.items]
            if missing:
                self.doc.problem(child, f"an erratum needs `{missing[0]}`", "it has row, field, printed and why")
                continue
            found.append(_plain(child))
        return tuple(found)

    def _count(self) -> None:
        """The number of rows, before any of them is unrolled."""
        sizes: dict[str, int] = {}

        def size(items: tuple[Item, ...]) -> int:
            total = 0
            for item in items:
                if isinstance(item, GroupSpec):
                    total += item.repeat * size(item.items)
                    continue
                own = 1 + sum(size(branch) for branch in item.branches or ())
                block = self.spec.blocks.get(item.op)
                if block is not None:
                    if item.op not in sizes:
                        sizes[item.op] = size(block.items)
                    own += sizes[item.op]
                total += item.repeat * own
            return total

        rows = size(self.spec.items)
        if rows > MAX_ROWS:
            largest = max(self.spec.items, key=lambda item: item.repeat)
            raise MbcostError(
                f"{rows:,} rows once repeats are unrolled, more than {MAX_ROWS:,}", help="lower the repeats",
                place=self.doc.place(largest.line, largest.column),
            )  # fmt: skip

    # ---- small things

    def _known_keys(self, node: Mapping, known: dict[str, str], what: str) -> None:
        for key in node.items:
            if key not in known:
                self.doc.problem(
                    node.keys[key],
                    f"{what} has no key {shown(key)}",
                    _did(key, list(known)) or f"its keys are {', '.join(known)}",
                )

    def _scalar(self, node: Node | None, key: str) -> str | None:
        if node is None:
            return None
        if not isinstance(node, Scalar):
            self.doc.problem(node, f"`{key}` is one word", "not a list or a mapping")
            return None
        return node.text if node.given else None

    def _try(self, node: Node, key: str, read: Callable[[Any], Any], raw: Raw) -> Any:
        try:
            return read(raw)
        except MbcostError as error:
            self.doc.problem(
                node, error.fact if error.fact.startswith((key, "unknown")) else f"`{key}`: {error.fact}", error.help
            )
            return None


def _raw(node: Node) -> Raw:
    """The text of a scalar, or the texts of a list."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [_raw(child) for child in node.items]
    return "{...}"


def _plain(node: Node) -> Any:
    """A node as plain dicts, lists and texts."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [_plain(child) for child in node.items]
    return {key: _plain(child) for key, child in node.items.items()}


def _calls(items: tuple[Item, ...], blocks: dict[str, BlockSpec]) -> set[str]:
    """The blocks that some rows call."""
    found: set[str] = set()
    for item in items:
        if isinstance(item, GroupSpec):
            found |= _calls(item.items, blocks)
            continue
        if item.op in blocks:
            found.add(item.op)
        for branch in item.branches or ():
            found |= _calls(branch, blocks)
    return found


def _did(word: str, known: list[str]) -> str:
    close = nearest(word, known)
    return f"did you mean {close}?" if close else ""
