"""Budget files: YAML text to a :class:`mbcost.budgets.BudgetFile`, every problem noted with its place."""

from __future__ import annotations

import os

from mbcost.budgets.code import CodeReader
from mbcost.budgets.limits import LimitReader
from mbcost.budgets.points import PointReader
from mbcost.budgets.specs import DEFAULT_FILE, Budget, BudgetFile, Limit, Point
from mbcost.conventions import DEFAULT, Convention
from mbcost.documents.nodes import Mapping, Node, Scalar, Sequence, parse_document, read_bytes, read_text
from mbcost.errors import MbcostError
from mbcost.network import variant_of
from mbcost.quantities import BIT_KEYS, Bits

__all__ = ["BUDGET_KEYS", "FILE_KEYS", "expecting", "find_file", "read_budgets", "read_budgets_text"]

FILE_KEYS = {
    "format": "version of the grammar: 1",
    "convention": "the counting rule the limits are written in (default torch); FILE:NAME for one of your own",
    "budgets": "the budgets",
}
BUDGET_KEYS = {
    "model": "a shipped name, a path or a glob, relative to this file",
    "code": "the code that the model is the table of: {builder or file, vary, args, input, alphas, resolutions}; only `mbcost import --check` runs it",
    "at": "the point of the family, or a list of points: alpha, rho or resolution, ...",
    "bits": "the bit width of weights and activations in bytes (default 32 for model_bytes and activations, 8 for memory)",
    "weight_bits": "the bit width of weights, instead",
    "activation_bits": "the bit width of activations, instead",
    "memory_rule": "what is alive in memory: liveness, tflm, torch-eager, paper-v2, depthwise-in-place, largest-map",
    "max": "limits: going over one fails",
    "warn": "limits: going over one warns",
    "layers": "limits on every layer that a glob matches",
    "vs_base": "how much each quantity may grow over the base: +2%, +50k",
    "message": "what to tell whoever goes over",
}


def find_file() -> str:
    """The budgets file of this folder, or in a repository the nearest one above it, up to the repository's root."""
    folders = [os.curdir]
    here = os.path.abspath(os.curdir)
    while not os.path.exists(os.path.join(here, ".git")):
        if os.path.dirname(here) == here:  # no repository: this folder alone
            folders = folders[:1]
            break
        here = os.path.dirname(here)
        folders.append(os.path.join(folders[-1], os.pardir))
    for folder in folders:
        path = os.path.normpath(os.path.join(folder, DEFAULT_FILE))
        if os.path.isfile(path):
            return path
    raise MbcostError(
        f"there is no `{DEFAULT_FILE}` in this folder, nor above it up to the root of the repository",
        help="write one, name another file, or give models and limits: mbcost check MODEL --max-mult-adds 300M",
    )


def read_budgets(path: str) -> BudgetFile:
    """Read a budgets file; every problem in it at once, each with its place and the way out."""
    from mbcost.tables import is_path, models

    if not is_path(path) and not os.path.exists(path) and path in models():
        raise MbcostError(
            f"`{path}` is a model, not a budgets file",
            help=f"give its limits: mbcost check {path} --max-mult-adds 300M",
        )
    shown = "<stdin>" if path == "-" else path
    return read_budgets_text(read_text(read_bytes(path), shown), shown)


def expecting(models: tuple[str, ...]) -> BudgetFile:
    """Models in the place of a budgets file: held against what their tables state that they cost."""
    return BudgetFile("", "", DEFAULT, tuple([Budget(n, name, (Point(),), ()) for n, name in enumerate(models, 1)]))


def read_budgets_text(text: str, file: str = "<text>") -> BudgetFile:
    """Read the text of a budgets file.

    >>> read_budgets_text('''
    ... format: 1
    ... budgets: [{model: mobilenet_v1, max: {mult_adds: 600M}}]
    ... ''').budgets[0].limits[0].amount
    600000000
    """
    document = parse_document(text, file)
    reader = _Reader(document)
    found = reader.file()
    document.finish()
    return found


class _Reader(LimitReader, PointReader, CodeReader):
    """The schema of a budgets file, walked node by node."""

    def file(self) -> BudgetFile:
        """The top level of the file."""
        doc, root = self.doc, self.doc.root
        if root is None or (isinstance(root, Scalar) and not root.given):
            raise MbcostError(
                "the file is empty", help="a budgets file has `format: 1` and `budgets`", place=doc.place(1, 1)
            )
        if not isinstance(root, Mapping):
            raise doc.error(
                root, "a budgets file is a mapping of keys", "it begins with `format: 1`, and has `budgets`"
            )
        if "layers" in root.items and "budgets" not in root.items:
            raise doc.error(
                root.keys["layers"], "this is a layer table, not a budgets file",
                f"name it as `model` in a budgets file, or give its limits: mbcost check {doc.file} --max-mult-adds 300M",
            )  # fmt: skip
        self.doc.known(root, FILE_KEYS, "a budgets file")
        version = root.items.get("format")
        if version is None:
            doc.problem(root, "`format` is missing", "write `format: 1` on the first line")
        elif not isinstance(version, Scalar) or version.text != "1":
            doc.problem(version, "this format is not known", "this version reads `format: 1`")
        convention = self._convention(root.items.get("convention"))
        budgets = []
        node = root.items.get("budgets")
        if node is None:
            doc.problem(root, "`budgets` is missing", "write budgets: [{model: net.yaml, max: {mult_adds: 300M}}]")
        elif not isinstance(node, Sequence):
            doc.problem(node, "`budgets` is a list", "begin each budget with `- model: `")
        elif not node.items:
            doc.problem(
                node,
                "`budgets` is empty: there is nothing to check",
                "write budgets: [{model: net.yaml, max: {mult_adds: 300M}}]",
            )
        else:
            budgets = [self._budget(number, item) for number, item in enumerate(node.items, 1)]
        folder = os.path.dirname(doc.file) if doc.file != "<stdin>" else ""
        return BudgetFile(doc.file, folder, convention, tuple([b for b in budgets if b is not None]), doc.text)

    def _convention(self, node: Node | None) -> Convention:
        name = self.text(node, "convention") or "torch"
        file, colon, short = name.rpartition(":")
        if colon:  # FILE:NAME, a counting rule of the user's own
            name = f"{os.path.normpath(os.path.join(os.path.dirname(self.doc.file), file))}:{short}"
        try:
            return variant_of(convention=name).convention
        except MbcostError as error:
            assert node is not None  # noqa: S101  (a missing node is torch)
            self.doc.problem(node, error.fact, error.help)
            return DEFAULT

    def _under(self, node: Node | None, points: list[Point]) -> list[Point]:
        """The points under the memory rule of a budget."""
        name = self.text(node, "memory_rule")
        if node is None or not name:
            return points
        from mbcost.memory.rules import find

        file, colon, short = name.rpartition(":")
        if colon:  # FILE:NAME, a rule of the user's own
            name = f"{os.path.normpath(os.path.join(os.path.dirname(self.doc.file), file))}:{short}"
        try:
            find(name)
        except MbcostError as error:
            self.doc.problem(node, error.fact, error.help)
        return [point._replace(variant=point.variant._replace(memory_rule=name)) for point in points]

    def _budget(self, number: int, node: Node) -> Budget | None:
        doc = self.doc
        if not isinstance(node, Mapping):
            doc.problem(node, "a budget is a mapping", "write {model: net.yaml, max: {mult_adds: 300M}}")
            return None
        self.doc.known(node, BUDGET_KEYS, "a budget")
        items = node.items
        model = self.text(items.get("model"), "model")
        if not model:
            doc.problem(items.get("model", node), "a budget needs `model`", "name a shipped model, a path or a glob")
        elif model == "-":
            doc.problem(
                items["model"], "a model of a budget cannot be standard input", "name a shipped model, a path or a glob"
            )
        limits: list[Limit] = []
        for kind in ("max", "warn"):
            limits += self.limits(items.get(kind), kind, "")
        limits += self.layers(items.get("layers"))
        limits += self.vs_base(items.get("vs_base"))
        self.in_order(limits)
        both, weights, activations = (self.width(items[key], key) if key in items else None for key in BIT_KEYS)
        bits = Bits(both, weights, activations)
        message = self.text(items.get("message"), "message") or ""
        place = self.place(items.get("model", node))
        return Budget(
            number,
            model or "",
            tuple(self._under(items.get("memory_rule"), self.points(items.get("at")))),
            tuple([limit._replace(budget=number) for limit in limits]),
            bits,
            message,
            place,
            self.code(items.get("code"), model or ""),
        )
