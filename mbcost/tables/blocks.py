"""Blocks of a layer table: named rows with parameters, that may call each other but not in a ring."""

from __future__ import annotations

from mbcost.documents.nodes import Mapping, Node, Scalar
from mbcost.layers import KINDS
from mbcost.layers.wording import listed, shown
from mbcost.network.specs import BlockSpec, Cell, GroupSpec, Item
from mbcost.tables.rows import MAX_NAME, NAME, ROW_KEYS, RowReader
from mbcost.tables.walker import raw_of

__all__ = ["BlockReader"]

RESERVED = {*ROW_KEYS, "layers"}
"""What a call of a block may say itself, so that no parameter may be called so."""


class BlockReader(RowReader):
    """Reads the blocks, whose rows may name any of them."""

    callees_first: tuple[str, ...] = ()

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
            elif not NAME.fullmatch(name) or len(name) > MAX_NAME:
                self.doc.problem(
                    node.keys[name],
                    f"{shown(name)} is not a name for a block",
                    f"use letters, digits and _, beginning with a letter, at most {MAX_NAME} of them",
                )
            elif not isinstance(body, Mapping):
                self.doc.problem(body, f"block `{name}` is a mapping", "write {params: {...}, layers: [...]}")
            else:
                self.doc.known(body, ("params", "inputs", "layers"), f"block `{name}`")
                bodies[name] = body
                self.spec.blocks[name] = BlockSpec(
                    name, self._params(body.items.get("params"), name), self._inputs(body.items.get("inputs")), ()
                )
        for name, body in bodies.items():  # all names are known now: blocks may call each other
            block = self.spec.blocks[name]
            self.block_params = block.params
            layers = body.items.get("layers")
            items: tuple[Item, ...] = ()
            if layers is None:
                self.doc.problem(body, f"block `{name}` has no `layers`", "give its rows")
            else:
                items = self._items(layers, top=False, what="layers")
                if not items and not self.doc.problems:
                    self.doc.problem(layers, f"block `{name}` has no rows", "give its rows")
            self.spec.blocks[name] = block._replace(items=items)
        self.block_params = {}
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
            if not NAME.fullmatch(name) or name in RESERVED:
                self.doc.problem(node.keys[name], f"{shown(name)} cannot be a parameter", "use another word")
                continue
            given = not isinstance(value, Scalar) or value.given
            params[name] = Cell(raw_of(value), value.line, value.column) if given else None
        return params

    def _inputs(self, node: Node | None) -> tuple[str, ...]:
        if node is None:
            return ()
        raw = raw_of(node)
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
        """Bring the blocks into an order in which each comes behind those that it calls; a ring of calls is a problem."""
        calls = {name: _calls(block.items, self.spec.blocks, {}) for name, block in self.spec.blocks.items()}
        ordered: dict[str, BlockSpec] = {}
        for first, called in calls.items():
            path = {} if first in ordered else {first: iter(called)}
            while path:
                name = next(reversed(path))
                callee = next(path[name], None)
                if callee is None:
                    ordered[name] = self.spec.blocks[name]
                    del path[name]
                elif callee in path:
                    through = [*path][[*path].index(callee) + 1 :]
                    self.doc.problem(
                        node.keys[callee],
                        f"block `{callee}` calls itself{' through ' + listed(through) if through else ''}",
                        "blocks may call blocks, not in a ring",
                    )
                    return
                elif callee not in ordered:
                    path[callee] = iter(calls[callee])
        self.callees_first = tuple(ordered)


def _calls(items: tuple[Item, ...], blocks: dict[str, BlockSpec], found: dict[str, None]) -> dict[str, None]:
    """The blocks that some rows call, in the order of their first calls."""
    for item in items:
        if isinstance(item, GroupSpec):
            _calls(item.items, blocks, found)
            continue
        if item.op in blocks:
            found[item.op] = None
        for branch in item.branches or ():
            _calls(branch, blocks, found)
    return found
