"""`code` of a budget: the builder or the file that the table is of, and where it is held against it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from mbcost.budgets.nodes import Reader, raw
from mbcost.budgets.specs import Code
from mbcost.dims import parse_alpha, parse_resolution
from mbcost.documents.nodes import Mapping, Node, Scalar, Sequence
from mbcost.errors import MbcostError
from mbcost.tables.code import PICKLES, argument, input_shapes, is_code

__all__ = ["CODE_KEYS", "CodeReader"]

MAX_POINTS = 1_000
CODE_KEYS = {
    "builder": "module:callable or file.py:callable, found from the current folder",
    "file": "a framework's file, relative to this one",
    "vary": "the builder's width argument",
    "args": "its other arguments",
    "input": "the shape of its input: 3x224x224",
    "alphas": "where the table is held against it: width multipliers",
    "resolutions": "and resolutions; by default the input's own",
}


class CodeReader(Reader):
    """Reads `code`."""

    def code(self, node: Node | None, model: str) -> Code | None:
        """The code of a budget; None where there is none, or where it is wrong."""
        if node is None or (isinstance(node, Scalar) and not node.given):
            return None
        doc, place = self.doc, self.place(node)
        if not isinstance(node, Mapping):
            doc.problem(node, "`code` is a mapping", 'write code: {builder: "mypkg.nets:build", vary: alpha}')
            return None
        self.doc.known(node, CODE_KEYS, "`code`")
        items = node.items
        if any(c in model for c in "*?["):
            doc.problem(node, "`code` beside a glob: it is the code of one table", "name the table")
        builder, file = self.text(items.get("builder"), "builder"), self.text(items.get("file"), "file")
        if (builder is None) == (file is None):
            doc.problem(node, "`code` needs one of `builder` and `file`", 'write builder: "mypkg.nets:build"')
            return None
        code = builder if builder is not None else os.path.normpath(os.path.join(os.path.dirname(doc.file), file or ""))
        if not is_code(code) or code.lower().endswith(PICKLES) or (builder is not None and ":" not in code):
            what, help = (
                ("builder", "write module:callable or file.py:callable")
                if builder
                else ("file", "it is a .pt2, .keras, .onnx or .tflite file")
            )
            doc.problem(items[what], f"`{what}` names no code", help)
        vary = self.text(items.get("vary"), "vary")
        if vary is not None and (not vary.isidentifier() or file is not None):
            doc.problem(items["vary"], "`vary` is the name of an argument of a builder", "write vary: width_mult")
        args = {key: self._argument(value) for key, value in self.mapping(items.get("args"), "args", "{classes: 10}")}
        alphas = self._several(items.get("alphas"), "alphas", parse_alpha)
        if vary is None and any(alpha != 1 for alpha in alphas):
            doc.problem(
                items["alphas"],
                "`alphas` without `vary`: the code has one width",
                "give vary, the builder's width argument",
            )
        resolutions = self._several(items.get("resolutions"), "resolutions", parse_resolution)
        if max(len(alphas), 1) * max(len(resolutions), 1) > MAX_POINTS:
            doc.problem(node, f"more than {MAX_POINTS:,} points", "give fewer alphas or resolutions")
        shapes = self._shapes(items.get("input"))
        return Code(code, args, shapes, vary, tuple(alphas or [parse_alpha(1)]), tuple(resolutions), place)

    def _argument(self, node: Node) -> Any:
        if isinstance(node, Scalar):
            return argument(node.text) if node.given else None
        if isinstance(node, Sequence):
            return [self._argument(item) for item in node.items]
        self.doc.problem(node, "an argument is a number, a text, true, false, or a list", "write classes: 10")
        return None

    def _several(self, node: Node | None, key: str, read: Callable[[Any], Any]) -> list[Any]:
        """The values of a list, or of one alone."""
        if node is None or (isinstance(node, Scalar) and not node.given):
            return []
        found = []
        for item in node.items if isinstance(node, Sequence) else [node]:
            try:
                found.append(read(raw(item)))
            except MbcostError as error:
                self.doc.problem(item, error.fact, error.help)
        if not found and isinstance(node, Sequence) and not node.items:
            self.doc.problem(node, f"`{key}` is an empty list", "leave it out")
        return list(dict.fromkeys(found))

    def _shapes(self, node: Node | None) -> list[list[int]]:
        text, shapes = self.text(node, "input"), [[3, 224, 224]]
        if node is not None and text is not None:
            try:
                shapes = input_shapes(text)
            except MbcostError as error:
                self.doc.problem(node, error.fact.replace("--input", "input"), error.help)
        return shapes
