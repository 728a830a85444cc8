"""Blocks of a layer table: named rows with parameters, that may call each other but not in a ring."""

from __future__ import annotations

from mbcost.documents.nodes import Mapping, Node, Scalar
from mbcost.layers import KINDS
from mbcost.layers.wording import shown
from mbcost.network.specs import BlockSpec, Cell, GroupSpec, Item
from mbcost.tables.rows import NAME, ROW_KEYS, RowReader
from mbcost.tables.walker import raw_of

__all__ = ["BlockReader"]

RESERVED = {*ROW_KEYS, "layers"}
"""What a call of a block may say itself, so that no parameter may be called so."""


class BlockReader(RowReader):
    """Reads the blocks, whose rows may name any of them."""

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
                self.known_keys(body, {"params": "", "inputs": "", "layers": ""}, f"block `{name}`")
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
