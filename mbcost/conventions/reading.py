"""Conventions files: YAML text to counting conventions, every problem with its place."""

from __future__ import annotations

import re
from fractions import Fraction

from mbcost.conventions.rule import ONCE, OTHER_NORMS, PARAMS, PARTS, Convention, Term
from mbcost.documents.nodes import Document, Mapping, Node, Scalar, Sequence, parse_document, read_bytes, read_text
from mbcost.errors import MbcostError, nearest
from mbcost.layers import KINDS
from mbcost.layers.base import ACTIVATIONS
from mbcost.layers.wording import shown

__all__ = ["read_conventions"]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*", re.ASCII)
FACTOR = re.compile(r"-?(?:0|[1-9][0-9]{0,8})(?:/[1-9][0-9]{0,8})?", re.ASCII)
UNITS = ("mult_adds", "flops")
KEYS = {
    "name": "what --convention takes",
    "tool": "whose rule it is",
    "version": "of the tool, or of the page",
    "unit": "what one reported unit is: mult_adds or flops",
    "scale": "reported units a mult-add",
    "source": "where the rule was read",
    "note": "what surprises",
    "mult_adds": "factors by part",
    "params": "factors by part",
}
COMPOSITES = frozenset({"separable", "inverted_residual", "fused_inverted_residual"})
"""Kinds whose rows become layers of other kinds: no costed row is one, so a part narrowed to it would count nothing."""
FACETS = (
    frozenset(KINDS) - COMPOSITES,
    frozenset({"module", "function"}),
    frozenset({*ACTIVATIONS, "lrn"} - {"none"}),
    frozenset({"max", "avg", "global"}),
    frozenset({"batch", "affine", "plain"}),
    frozenset(OTHER_NORMS),
)
"""What a part may be narrowed by, one word of each: kinds of layers, codings, activations, pools, norms by vectors and by name."""
WORDS = frozenset().union(*FACETS)


def read_conventions(path: str, taken: tuple[str, ...]) -> dict[str, Convention]:
    """The conventions of a file by name; ``taken`` are the names that others have.

    Raises
    ------
    Problems
        Everything that is wrong with the file, each with its place and the way out.
    """
    document = parse_document(read_text(read_bytes(path), path), path)
    found = _Reader(document, taken).conventions()
    document.finish()
    return found


class _Reader:
    def __init__(self, document: Document, taken: tuple[str, ...]) -> None:
        self.doc = document
        self.taken = taken

    def conventions(self) -> dict[str, Convention]:
        """The whole file."""
        root = self.doc.root
        if not isinstance(root, Mapping):
            help = "it begins with `format: 1`, then `conventions:` and a list"
            place = self.doc.place(1, 1) if root is None else self.doc.place(root.line, root.column)
            raise MbcostError("a conventions file is a mapping of keys", help=help, place=place)
        self._known(root, ("format", "conventions"), "a conventions file")
        version = root.items.get("format")
        if version is None:
            self.doc.problem(root, "`format` is missing", "write format: 1 at the top")
        elif not isinstance(version, Scalar) or version.text != "1":
            self.doc.problem(version, "`format` is not 1", "this program reads format 1")
        listed = root.items.get("conventions")
        if not isinstance(listed, Sequence) or not listed.items:
            self.doc.problem(listed or root, "`conventions` is a list of at least one mapping", _EXAMPLE)
            return {}
        found: dict[str, Convention] = {}
        lines: dict[str, int] = {}
        for node in listed.items:
            convention = self._convention(node, lines)
            if convention is not None:
                found[convention.name] = convention
        return found

    def _convention(self, node: Node, lines: dict[str, int]) -> Convention | None:
        if not isinstance(node, Mapping):
            self.doc.problem(node, "a convention is a mapping", _EXAMPLE)
            return None
        self._known(node, tuple(KEYS), "a convention")
        missing = [key for key in ("name", "mult_adds", "params") if key not in node.items]
        if missing:
            self.doc.problem(node, f"a convention needs `{missing[0]}`", _EXAMPLE)
            return None
        name = self._name(node.items["name"], lines)
        unit = self._text(node, "unit") or UNITS[0]
        if unit not in UNITS:
            self.doc.problem(node.items["unit"], f"`unit`: {shown(unit)} is not one of mult_adds, flops")
        scale = self._scale(node, unit)
        return Convention(
            name, self._form(node, "mult_adds", scale), self._form(node, "params", 1), self._text(node, "tool"),
            self._text(node, "version"), unit, scale, self._text(node, "source"), self._text(node, "note"),
        )  # fmt: skip

    def _scale(self, node: Mapping, unit: str) -> int:
        """Reported units a mult-add: written out where the unit is the flop, 1 where it is the mult-add."""
        value = node.items.get("scale")
        help = "2 where a mult-add is two flops"
        if value is None:
            if unit == "flops":
                self.doc.problem(node.items["unit"], "`unit: flops` needs a `scale`", help)
            return 1
        scale = int(self._factor("scale", value, 1))
        if scale < 1:
            self.doc.problem(value, f"`scale` (={scale}) must be at least 1", help)
            return 1
        if scale != 1 and unit == UNITS[0]:
            self.doc.problem(value, f"`scale` (={scale}) needs `unit: flops`", "a mult-add is reported as one")
        return scale

    def _name(self, node: Node, lines: dict[str, int]) -> str:
        text = node.text if isinstance(node, Scalar) else "{...}"
        fact = help = ""
        if not isinstance(node, Scalar) or not NAME.fullmatch(text):
            fact, help = f"name {shown(text)} is not a name", "use letters, digits, _ . and -, beginning with a letter"
        elif text in lines:
            fact = f"convention `{text}` is given twice (first in line {lines[text]})"
            help = "give one of them another name"
        elif text in self.taken:
            fact, help = f"convention `{text}` is given twice (it is a shipped one)", "give yours another name"
        if fact:
            self.doc.problem(node, fact, help)
        lines.setdefault(text, node.line)
        return text

    def _form(self, node: Mapping, key: str, scale: int) -> tuple[Term, ...]:
        form = node.items[key]
        if not isinstance(form, Mapping):
            self.doc.problem(form, f"`{key}` is a mapping from part to factor", "write {weight_mults: 1, bias_adds: 1}")
            return ()
        terms = []
        for part, value in form.items.items():
            base, *words = part.split(".")
            if self._part(form.keys[part], key, base, words):
                terms.append(Term(base, tuple(words), self._factor(part, value, scale)))
        return tuple(terms)

    def _part(self, node: Node, key: str, base: str, words: list[str]) -> bool:
        """Whether a part is one, narrowed by words that are ones."""
        known = (*PARAMS, ONCE) if key == "params" else (*(part for part in PARTS if part not in PARAMS), ONCE)
        if base not in known:
            if base in PARTS:
                fact = f"`{base}` is {'work' if key == 'params' else 'no work'}, not counted in `{key}`"
                help = "gamma and beta once an image are `norm_vectors`" if base in PARAMS else ""
            else:
                fact, help = f"unknown part {shown(base)}", _did(base, known)
            self.doc.problem(node, fact, help or f"the parts of `{key}` are {', '.join(known)}")
            return False
        wrong = [word for word in words if word not in WORDS]
        if wrong:
            help = _did(wrong[0], tuple(sorted(WORDS)))
            help = help or "narrow by a kind, an activation, a pool, a norm, module or function"
            if wrong[0] in COMPOSITES:
                help = "its layers are counted by their own kinds: conv, depthwise, pointwise, squeeze_excite, add"
            self.doc.problem(node, f"`{base}` cannot be narrowed to {shown(wrong[0])}", help)
            return False
        for facet in FACETS:
            same = [word for word in words if word in facet and sum(word in other for other in FACETS) == 1]
            if len(same) > 1:
                fact = f"`{base}` cannot be narrowed to both `{same[0]}` and `{same[1]}`: no row is both"
                self.doc.problem(node, fact, f"give each a term: {base}.{same[0]}: 1, {base}.{same[1]}: 1")
                return False
        if base == ONCE and not words:
            self.doc.problem(node, "`once` needs a kind", "write once.linear")
            return False
        return True

    def _factor(self, part: str, node: Node, scale: int) -> int | Fraction:
        """A factor: whole, or a fraction that is whole in the unit reported, of which a mult-add has ``scale``."""
        text = node.text if isinstance(node, Scalar) else "{...}"
        whole, _, below = text.partition("/") if isinstance(node, Scalar) and FACTOR.fullmatch(text) else ("", "", "")
        if not whole:
            fact = f"`{part}`: factor {shown(text)} is not a whole number of at most 9 digits"
            self.doc.problem(node, fact, "a count stays exact: write 2, and put a unit into `scale`")
            return 1
        factor = Fraction(int(whole), int(below or 1))
        if scale % factor.denominator:
            fact = f"`{part}`: factor {shown(text)} is not whole in the unit reported, {scale} a mult-add"
            self.doc.problem(
                node, fact, "a fraction needs `unit: flops` and a `scale` that it divides, 1/2 a `scale` of 2"
            )
        return factor.numerator if factor.denominator == 1 else factor

    def _text(self, node: Mapping, key: str) -> str:
        value = node.items.get(key)
        if value is None or (isinstance(value, Scalar) and not value.given):
            return ""
        if not isinstance(value, Scalar):
            self.doc.problem(value, f"`{key}` is a text", "quote it if it has a colon or a comma")
            return ""
        return value.text

    def _known(self, node: Mapping, known: tuple[str, ...], what: str) -> None:
        for key in node.items:
            if key not in known:
                help = _did(key, known) or f"its keys are {', '.join(known)}"
                self.doc.problem(node.keys[key], f"{what} has no key {shown(key)}", help)


_EXAMPLE = "write - {name: mine, mult_adds: {weight_mults: 1, bias_adds: 1}, params: {weights: 1, biases: 1}}"


def _did(word: str, known: tuple[str, ...]) -> str:
    close = nearest(word, list(known))
    return f"did you mean {close}?" if close else ""
