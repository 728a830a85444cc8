"""What the page knows of a network: its recorded walk under every convention, its twin, its names and published points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from mbcost.conventions import DEFAULT, Convention
from mbcost.dims import NO_ROUNDING, Dim, Rounding, exact_text
from mbcost.errors import MbcostError
from mbcost.explore.formulas import names_of, symbolic, text
from mbcost.explore.javascript import Walk, literal
from mbcost.explore.published import published
from mbcost.layers import Row, Shape
from mbcost.network import Network, Variant
from mbcost.network.bounds import check_written
from mbcost.network.placed import Placed
from mbcost.network.twin import pairs
from mbcost.quantities import BASIC, QUANTITIES, Bits, Quantity
from mbcost.separated.polynomial import Inseparable, Monomial, Poly
from mbcost.separated.trace import Trace, trace

__all__ = ["Recorder", "counted", "graphs", "parts"]


def parts() -> list[Quantity]:
    """The quantities that rows have, and that every convention leaves as they are."""
    return [
        one
        for one in QUANTITIES.values()
        if one.name not in BASIC and not one.derived and one.separates and (one.of_row is not None or one.shared)
    ]


def graphs() -> list[Quantity]:
    """The quantities that only the whole network has, and whose amounts can be recorded."""
    return [one for one in QUANTITIES.values() if one.of_network is not None and one.separates and not one.shared]


def counted(quantity: Quantity) -> bool:
    """Whether the page has a quantity: it can be recorded, or is derived from one that can."""
    return quantity.base.name in BASIC or quantity.base in parts() or quantity.base in graphs()


UNIT = Bits(1)
"""One bit an element and a weight: what is counted in bits is so many times the bit width."""


class Recorder:
    """Writes networks as JavaScript objects that share their texts and the forms of their rows.

    A *form* of a row is a linear combination of the products of its dims, as the conventions are linear in what a row
    knows. Rows that differ in nothing but their dims (two depthwise layers of one network, or of two) share one *pattern*:
    their kind, kernel, stride, forms and formulas.
    """

    def __init__(self, conventions: Sequence[Convention], papers: Iterable[Any] = ()) -> None:
        self.conventions = conventions
        self.papers = list(papers)
        self._texts: dict[str, int] = {}
        self._patterns: dict[str, int] = {}

    @property
    def texts(self) -> list[int | str]:
        """The texts by their number, each as how much it begins with of the one before it, and the rest.

        >>> recorder = Recorder([])
        >>> [recorder.text(word) for word in ("block_1/expand", "block_1/project", "conv", "block_1/expand")]
        [0, 1, 2, 0]
        >>> recorder.texts
        [0, 'block_1/expand', 8, 'project', 0, 'conv']
        """
        found: list[int | str] = []
        before = ""
        for word in self._texts:
            shared = next(
                (n for n, pair in enumerate(zip(before, word, strict=False)) if len({*pair}) > 1),
                min(len(before), len(word)),
            )
            found += [
                len(word[:shared].encode("utf-16-le", "surrogatepass")) // 2,
                word[shared:],
            ]  # as JavaScript counts
            before = word
        return found

    @property
    def patterns(self) -> str:
        """The patterns, as a JavaScript array."""
        return "[\n" + ",\n".join(self._patterns) + "]"

    def text(self, word: str) -> int:
        """The number of a text."""
        return self._texts.setdefault(word, len(self._texts))

    def network(self, network: Network, word: str, variant: Variant, title: str = "") -> str:
        """A network as a JavaScript object; ``word`` names it on the command line, and its title on the page.

        Raises
        ------
        MbcostError
            If the walk cannot be recorded, with the reason.
        """
        asked = network.resolved(variant)
        rule = asked.rounding
        if rule == NO_ROUNDING:
            raise MbcostError(
                f"`{network.name}` cannot be explored under `rounding: none`: its channels are fractions, and the page counts in integers",
                help="give --rounding floor or divisor:8",
            )
        placed = network.placed(variant)
        check_written(len(placed.layers))
        sides = {"plain": self._side(network, placed, rule)}
        paired = pairs(placed)
        if paired:
            sides["twin"] = self._side(network, network.placed(variant._replace(standard=True)), rule)
        shipped = asked.as_written and rule == network.rounding
        points = published(network, self.papers) if shipped else ()
        facts = {
            "name": network.name,
            "title": title or network.name,
            "word": word,
            "hash": network.table_hash,
            "base": network.base_resolution,
            "rounding": None if rule is None else str(rule),
            "fixed": _fixed(network, rule),
            "pairs": [[self.text(placed.layers[n].name) for n in pair] for pair in paired],
            "points": [
                [exact_text(p.alpha), _pair(p.size), exact_text(p.top1), self.text(p.name), self.text(p.source)]
                for p in points
            ],
        }
        body = "".join([f",\n{side}:{code}" for side, code in sides.items()])
        return f"{{...{literal(facts)}{body}}}"

    def _side(self, network: Network, placed: Placed, rule: Rounding | None) -> str:
        """The walk of a network or of its twin: the function, and where in its result each row's numbers are."""
        try:
            found = trace(placed, network.table.channels, rule)
        except Inseparable as error:
            raise MbcostError(
                f"`{network.name}` cannot be explored: its walk cannot be recorded ({error})",
                help="`mbcost table` counts it point by point",
            ) from None
        walk = Walk(found, rule)
        counted = [self._counted(found, convention) for convention in self.conventions]
        having = [one.of_network(found, UNIT) if one.of_network else map(one.of, found.rows) for one in parts()]
        columns = list(zip(*having, strict=True))
        symbols = _symbols(found)
        shaped = [self._shaped(found, counted, columns[n], n) for n in range(len(found.rows))]
        firsts: dict[str, int] = {}
        for number, (key, _) in enumerate(shaped):
            firsts.setdefault(key, number)
        formulas = self._formulas([symbols[number][0] for number in firsts.values()])
        known = {
            key: self._pattern(found.rows[n], symbols[n][1], key, formulas[i])
            for i, (key, n) in enumerate(firsts.items())
        }
        maps: dict[tuple[int, ...], int] = {}

        def place(shape: Shape) -> int:
            return maps.setdefault(tuple([walk.number(dim) for dim in shape]), len(maps))

        rows = []
        before = (
            0,
            0,
            0,
        )  # the name, the output and the last number of the row before: what follows is told as a difference
        presence = [present for _, _, present, _, row in found.visits if row is not None]
        for row, present, (key, made) in zip(found.rows, presence, shaped, strict=True):
            name, input, output = self.text(row.name), place(row.input), place(row.output)
            numbers = [*map(walk.number, made), *([] if present == 1 else [walk.number(present)])]
            steps = [after - one for one, after in pairwise([before[2], *numbers])]
            rows.append([name - before[0], known[key], input - before[1], output - input, *steps])
            before = name, output, [before[2], *numbers][-1]
        measured = [[walk.number(dim) for dim in one.forms(found, UNIT)] for one in graphs()]
        code = walk.code()
        facts: dict[str, Any] = {
            "graphs": measured,
            "rows": rows,
            "maps": list(maps),
            "widths": [
                [atom.args[0], int(atom.op == "grow"), walk.rule(atom.args[1])]
                for atom in found.atoms
                if atom.op in {"scale", "grow"}
            ],
            "rules": walk.rules,
            "numbers": walk.constants(),
        }
        return f"{{...{literal(facts)},walk:{code}}}"

    def _counted(self, found: Trace, convention: Convention) -> tuple[Row, ...] | None:
        """The rows as a convention counts them; None where its words depend on alpha."""
        if convention.name == DEFAULT.name:
            return found.rows
        applied = convention.applied(found.rows)
        if found.recorder.ambiguous:
            deep = [row._replace(kind="depthwise") if row.kind == "conv" else row for row in found.rows]
            if [row[5:7] for row in convention.applied(deep)] != [row[5:7] for row in applied]:
                return None
        return applied

    def _shaped(
        self, found: Trace, counted: list[tuple[Row, ...] | None], column: tuple[Dim, ...], number: int
    ) -> tuple[str, list[Dim]]:
        """The forms of a row, and the products they combine."""
        row = found.rows[number]
        products: dict[Monomial | Poly, int] = {}
        forms: dict[tuple[int, ...], int] = {}

        def form(dim: Dim) -> str:
            terms: dict[Any, int] = dim.terms if type(dim) is Poly else {(): dim} if dim else {}
            if any(factor < 0 for factor in terms.values()):
                terms = {dim: 1}
            factors = [0] * len(products)
            for product, factor in terms.items():
                place = products.setdefault(product, len(products))
                factors += [0] * (place + 1 - len(factors))
                factors[place] = factor
            while factors and not factors[-1]:
                factors.pop()
            return chr(ord("A") + forms.setdefault(tuple(factors), len(forms)))

        letters = [
            "".join(["!" if rows is None else form(getattr(rows[number], quantity)) for rows in counted])
            for quantity in BASIC
        ]
        letters.append("".join(map(form, column)))
        groups = form(row.groups) if type(row.groups) is Poly else row.groups
        alike = row.input[0] == row.output[0]
        key = literal([
            row.kind, row.kernel_size, row.stride, row.pool, alike, row.exact, *letters, groups, [list(form) for form in forms],
        ])  # fmt: skip
        return key, [_as_dim(found, product) for product in products]

    def _formulas(self, rows: list[Row]) -> list[list[tuple[str, ...]]]:
        """The formulas of rows under every convention, in the order of the conventions."""
        counted = [rows if c.name == DEFAULT.name else c.applied(rows) for c in self.conventions]
        return [
            [tuple([text(getattr(applied[n], quantity)) for applied in counted]) for quantity in BASIC]
            for n in range(len(rows))
        ]

    def _pattern(self, row: Row, names: str, key: str, formulas: list[tuple[str, ...]]) -> int:
        """The number of a pattern."""
        from json import loads

        *_, mult_adds, params, parts, groups, forms = loads(key)
        known: dict[str, str] = {}
        for letters, texts in zip((mult_adds, params), formulas, strict=True):
            for letter, formula in zip(letters, texts, strict=True):
                known.setdefault(letter, formula)
        facts = {
            "kind": row.kind, "kernel": _pair(row.kernel_size), "stride": _pair(row.stride), "names": names,
            "exact": int(row.exact),
            "forms": forms, "formulas": [self.text(known.get(chr(ord("A") + n), "")) for n in range(1 + max([ord(letter) - ord("A") for letter in known], default=-1))],
            "mult_adds": self.text(mult_adds), "params": self.text(params), "parts": parts, "groups": groups,
        }  # fmt: skip
        return self._patterns.setdefault(literal(list(facts.values())), len(self._patterns))


def _as_dim(found: Trace, product: Monomial | Poly) -> Dim:
    """A product of atoms as a number of the walk; the empty one is 1."""
    if isinstance(product, Poly):
        return product
    return Poly(found.recorder, {product: 1}) if product else 1


def _fixed(network: Network, rule: Rounding | None) -> str:
    """Why alpha can only be 1; empty where it can be another."""
    if network.table.one_width:
        return "The table was imported at one width."
    return "The table names no rounding: its width is fixed." if rule is None else ""


def _pair(sides: Any) -> Any:
    """Two equal sides as one number, and nothing as 0."""
    return 0 if sides is None else sides[0] if sides[0] == sides[1] else sides


def _symbols(found: Trace) -> list[tuple[Row, str]]:
    """Each row in symbols, and what its channels are called."""
    return [
        (symbolic(layer, row, inputs), "".join(names_of(layer, row)))
        for layer, inputs, _, _, row in found.visits
        if row is not None
    ]
