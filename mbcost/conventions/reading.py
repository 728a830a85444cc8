"""Conventions files: YAML text to counting conventions, every problem with its place."""

from __future__ import annotations

import re
from fractions import Fraction

from mbcost.conventions.rule import ONCE, OTHER_NORMS, PARAMS, PARTS, Convention, Term
from mbcost.documents.entries import Entry, Listing, read_entries
from mbcost.documents.nodes import Mapping, Node, Scalar
from mbcost.errors import nearest
from mbcost.layers import KINDS
from mbcost.layers.base import ACTIVATIONS
from mbcost.layers.wording import shown

__all__ = ["read_conventions"]

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
    return read_entries(path, taken, CONVENTIONS, lambda entry, name: _Reader(entry).convention(name))


CONVENTIONS = Listing(
    "a conventions file", "conventions", "convention", tuple(KEYS), ("mult_adds", "params"),
    "write - {name: mine, mult_adds: {weight_mults: 1, bias_adds: 1}, params: {weights: 1, biases: 1}}",
)  # fmt: skip


class _Reader:
    def __init__(self, entry: Entry) -> None:
        self.doc = entry.doc
        self.entry = entry

    def convention(self, name: str) -> Convention:
        """The entry as a convention."""
        entry, node = self.entry, self.entry.node
        unit = entry.text("unit") or UNITS[0]
        if unit not in UNITS:
            self.doc.problem(node.items["unit"], f"`unit`: {shown(unit)} is not one of mult_adds, flops")
        scale = self._scale(node, unit)
        tool, version, source, note = map(entry.text, ("tool", "version", "source", "note"))
        form, params = self._form(node, "mult_adds", scale), self._form(node, "params", 1)
        return Convention(name, form, params, tool, version, unit, scale, source, note)

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


def _did(word: str, known: tuple[str, ...]) -> str:
    close = nearest(word, list(known))
    return f"did you mean {close}?" if close else ""
