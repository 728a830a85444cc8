"""A recorded walk as straight-line JavaScript: every operation of the arithmetic a call, every cost a sum of products."""

from __future__ import annotations

from collections import Counter

from mbcost.dims import Dim, Rounding
from mbcost.separated.polynomial import ALPHA, SIZE, Atom, Monomial, Poly
from mbcost.separated.trace import Trace

__all__ = ["Walk"]

SAFE = 2**53 - 1
"""The largest integer up to which a JavaScript Number is exact."""

CALLS = {"ceil_div": "ceilDiv", "floor_div": "floorDiv", "exact": "exact", "quotient": "quotient", "larger": "larger",
         "unequal": "unequal", "at_least": "atLeast"}  # fmt: skip
"""The operations of a recorder, and the methods of ``page/arithmetic.js`` that do them."""

FLAGS = ("unequal", "at_least")


class Walk:
    """The function ``(p, k, height, width) => [numbers]`` of one recorded walk.

    ``p`` is the arithmetic at an alpha, ``k`` the whole numbers of the formulas (as Numbers or BigInts, so that one text
    serves both). :meth:`number` says at which place of the result a dim stands.

    Examples
    --------
    >>> import mbcost
    >>> from mbcost.separated.trace import trace
    >>> v1 = mbcost.load("mobilenet_v1")
    >>> found = trace(v1.placed(), 3, v1.rounding)
    >>> walk = Walk(found, v1.rounding)
    >>> walk.number(found.rows[2].weights), walk.number(found.rows[2].mult_adds), walk.number(found.rows[2].weights)
    (0, 1, 0)
    >>> walk.code().splitlines()[-1]
    'return[b0,b0*a3*a4]}'
    """

    def __init__(self, found: Trace, rounding: Rounding | None) -> None:
        self.atoms: list[Atom] = found.atoms
        self.required = [*found.required[ALPHA], *found.required[SIZE]]
        self.rules: list[Rounding | None] = [rounding]
        self.numbers: dict[int, int] = {}
        self._places: dict[Dim, int] = {}

    def number(self, dim: Dim) -> int:
        """The place of a dim among the numbers of the walk; equal ones share it."""
        return self._places.setdefault(dim, len(self._places))

    def code(self) -> str:
        """The function's text."""
        atoms = ",\n".join([f"a{n}={self._atom(atom)}" for n, atom in enumerate(self.atoms)])
        counted = Counter(monomial for dim in self._places if type(dim) is Poly for monomial in dim.terms)
        for monomial in list(counted):
            widths, sides = self._split(monomial)
            if widths and sides:
                counted.update((widths, sides))
        names: dict[Monomial, str] = {}
        products: list[str] = []
        for monomial, uses in sorted(counted.items(), key=lambda item: (len(item[0]), item[0])):
            if uses > 1 and len(monomial) > 1:
                text = self._product(monomial, names)
                if "*" in text:
                    names[monomial] = f"b{len(names)}"
                    products.append(f"{names[monomial]}={text}")
        values = ",".join([self._value(dim, names) for dim in self._places])
        made = ["const " + ",\n".join(products)] if products else []
        lines = ["const " + atoms, *self._requirements(), *made]
        return "(p,k,height,width)=>{\n" + "\n".join(lines) + f"\nreturn[{values}]}}"

    def _k(self, value: int) -> str:
        return f"k[{self.numbers.setdefault(value, len(self.numbers))}]"

    def _split(self, monomial: Monomial) -> tuple[Monomial, Monomial]:
        """A product as the product of its widths and that of its sides."""
        sides = tuple([n for n in monomial if self.atoms[n].domain == SIZE])
        return tuple([n for n in monomial if self.atoms[n].domain != SIZE]), sides

    def _product(self, monomial: Monomial, names: dict[Monomial, str]) -> str:
        if monomial in names:
            return names[monomial]
        widths, sides = self._split(monomial)
        if widths and sides:
            return f"{self._product(widths, names)}*{self._product(sides, names)}"
        return "*".join([f"a{n}" for n in monomial])

    def _value(self, dim: Dim, names: dict[Monomial, str]) -> str:
        """A dim as an expression; what is taken away in it is a term of its own, with the most that it can be."""
        if type(dim) is not Poly:
            return self._k(dim)
        plus = {monomial: factor for monomial, factor in dim.terms.items() if factor > 0}
        minus = {monomial: -factor for monomial, factor in dim.terms.items() if factor < 0}
        if not minus:
            return self._sum(plus, names)
        bounded = all(self.atoms[n].op in FLAGS for monomial in minus for n in monomial)
        most = f",{self._k(sum(minus.values()))}" if bounded else ""
        return f"p.minus({self._sum(plus, names)},{self._sum(minus, names)}{most})"

    def _sum(self, terms: dict[Monomial, int], names: dict[Monomial, str]) -> str:
        texts = []
        for monomial, factor in terms.items():
            product = self._product(monomial, names)
            texts.append(product if factor == 1 and product else "*".join(filter(None, [self._k(factor), product])))
        return "+".join(texts) or self._k(0)

    def _atom(self, atom: Atom) -> str:
        op, args, _ = atom
        if op in {"height", "width"}:
            return op
        if op == "poly":
            return self._value(args[0], {})
        if op == "ratio":
            factor, of, rule = args
            return f"p.ratio({self._k(factor.numerator)},{self._k(factor.denominator)},{self._value(of, {})},{self.rule(rule)})"
        if op in {"scale", "grow"}:
            width, rule = args
            return f"p.{op}({self._k(width)}{'' if rule is None else f',{self.rule(rule)}'})"
        return f"p.{CALLS[op]}({','.join([self._value(arg, {}) for arg in args])})"

    def rule(self, rule: Rounding | None) -> int:
        """The number of a rule; None is that of the table."""
        if rule is None:
            return 0
        if rule not in self.rules:
            self.rules.append(rule)
        return self.rules.index(rule)

    def _requirements(self) -> list[str]:
        """What must hold, gathered by what it is; widths and sides have a word of their own, for the message."""
        found: dict[str, list[str]] = {"channels": [], "side": [], "equal": []}
        for what, *args in self.required:
            word = what if what != "possible" else "side" if args[0].domain == SIZE else "channels"
            found[word] += [self._value(arg, {}) for arg in args]
        return [f"p.{word}({','.join(args)})" for word, args in found.items() if args]

    def constants(self) -> list[int | str]:
        """The whole numbers ``k``; those that are no safe Numbers as texts."""
        return [value if abs(value) <= SAFE else str(value) for value in self.numbers]
