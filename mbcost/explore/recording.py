"""What the page knows of a network: its recorded walk under every convention, its twin, its names and published points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from json import dumps, loads
from typing import Any

from mbcost.conventions import DEFAULT, ONCE, Convention
from mbcost.dims import NO_ROUNDING, Arithmetic, Dim, Rounding, exact_text
from mbcost.errors import MbcostError
from mbcost.explore.formulas import names_of, symbolic, text
from mbcost.explore.javascript import Walk
from mbcost.explore.memory import Memory
from mbcost.explore.published import published
from mbcost.layers import Row, Shape
from mbcost.memory.rule import Rule
from mbcost.network import PLAIN, Network, Variant
from mbcost.network.bounds import check_written
from mbcost.network.placed import Placed
from mbcost.network.twin import pairs
from mbcost.quantities import BASIC, QUANTITIES, Bits, Quantity
from mbcost.separated.polynomial import Inseparable, Monomial, Poly, Recorder
from mbcost.separated.trace import Trace, trace

__all__ = ["HELD", "Writer", "counted", "parts"]

HELD = QUANTITIES["peak_memory"]
"""The quantity that follows from what is alive at each step, under a memory rule."""


def parts() -> list[Quantity]:
    """The quantities that rows have, and that every convention leaves as they are."""
    return [
        one
        for one in QUANTITIES.values()
        if one.name not in BASIC and not one.derived and one.separates and (one.of_row is not None or one.shared)
    ]


def counted(quantity: Quantity) -> bool:
    """Whether the page has a quantity: it can be recorded, or is derived from one that can."""
    return quantity.base.name in BASIC or quantity.base in parts() or quantity.base is HELD


UNIT = Bits(1)
"""One bit an element and a weight: what is counted in bits is so many times the bit width."""


class Writer:
    """Writes networks as data that share their texts and the forms of their rows; ``walks`` are the functions beside it.

    A *form* of a row is a linear combination of the products of its dims, as the conventions are linear in what a row
    knows. Rows that differ in nothing but their dims (two depthwise layers of one network, or of two) share one *pattern*:
    their kind, kernel, stride, forms and formulas.
    """

    def __init__(
        self, conventions: Sequence[Convention], papers: Iterable[Any] = (), rules: Sequence[Rule] = ()
    ) -> None:
        self.conventions = conventions
        self.memory_rules = rules
        self.papers = list(papers)
        self.walks: list[str] = []
        self._texts: dict[str, int] = {}
        self._patterns: dict[str, int] = {}

    @property
    def texts(self) -> list[int | str]:
        """The texts by their number, each as how much it begins with of the one before it, and the rest.

        >>> writer = Writer([])
        >>> [writer.text(word) for word in ("block_1/expand", "block_1/project", "conv", "block_1/expand")]
        [0, 1, 2, 0]
        >>> writer.texts
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
    def patterns(self) -> list[Any]:
        """The patterns by their number."""
        return list(map(loads, self._patterns))

    def text(self, word: str) -> int:
        """The number of a text."""
        return self._texts.setdefault(word, len(self._texts))

    def network(
        self, network: Network, word: str, variant: Variant, title: str = "", point: Variant = PLAIN,
        depths: Iterable[Fraction] = (),
    ) -> dict[str, Any]:  # fmt: skip
        """A network as data; ``word`` names it on the command line, and its title on the page.

        ``point`` is where the page opens, and ``depths`` are depth multipliers beside those of its scalings.

        Raises
        ------
        MbcostError
            If the walk cannot be recorded, with the reason.
        """
        asked = network.resolved(variant)
        begun = network.resolved(
            variant._replace(alpha=point.alpha, depth=point.depth, given=point.given, resolution=point.resolution)
        )
        rule = asked.rounding
        if rule == NO_ROUNDING:
            raise MbcostError(
                f"`{network.name}` cannot be explored under `rounding: none`: its channels are fractions, and the page counts in integers",
                help="give --rounding floor or divisor:8",
            )
        scalings = list(network.table.scalings.values())
        family = [Fraction(1), *[one.depth for one in scalings]] if scalings else []
        offered = sorted({asked.depth, begun.depth, *depths, *family})
        shipped = asked._replace(depth=Fraction(1)).as_written and rule == network.rounding
        return {
            "name": network.name,
            "title": title or network.name,
            "word": word,
            "hash": network.table_hash,
            "table": "" if network.scaling is None else network.table.name,
            "base": network.base_resolution,
            "rounding": None if rule is None else str(rule),
            "fixed": _fixed(network, rule),
            "own": [exact_text(asked.alpha), exact_text(asked.depth)],
            "opening": [exact_text(begun.alpha), exact_text(begun.depth), _pair(begun.size)],
            "scalings": [
                [self.text(name), exact_text(alpha), exact_text(depth), _pair(size)]
                for name, alpha, depth, size in _members(network)
            ],
            "points": [
                [exact_text(p.alpha), _pair(p.size), exact_text(p.top1), self.text(p.name), self.text(p.source)]
                for p in (published(network, self.papers) if shipped else ())
            ],
            "layouts": [self._layout(network, variant, depth, rule) for depth in offered],
        }

    def _layout(self, network: Network, variant: Variant, depth: Fraction, rule: Rounding | None) -> dict[str, Any]:
        """The network at one depth, and its twin where it has pairs."""
        variant = variant._replace(depth=depth, given=(*variant.given, "depth"))
        placed = network.placed(variant)
        check_written(len(placed.layers))
        facts = {"depth": exact_text(depth), "plain": self._side(network, placed, rule)}
        paired = pairs(placed)
        if paired:
            facts["twin"] = self._side(network, network.placed(variant._replace(standard=True)), rule)
        return {**facts, "pairs": [[self.text(placed.layers[n].name) for n in pair] for pair in paired]}

    def _side(self, network: Network, placed: Placed, rule: Rounding | None) -> dict[str, Any]:
        """The walk of a network or of its twin: the number of the function, and where in its result each row's numbers are."""
        try:
            recorder = (_OneWidth if _fixed(network, rule) else Recorder)(rule, joint=True)
            found = trace(placed, network.table.channels, rule, recorder=recorder)
        except Inseparable as error:
            raise MbcostError(
                f"`{network.name}` cannot be explored: its walk cannot be recorded ({error})",
                help="`mbcost table` counts it point by point",
            ) from None
        walk = Walk(found, rule)
        alike: dict[Row, int] = {}  # rows that differ in nothing but their names are counted once
        of = [alike.setdefault(row._replace(name=""), len(alike)) for row in found.rows]
        counted = [self._counted(found, convention, list(alike), of) for convention in self.conventions]
        having = [one.of_network(found, UNIT) if one.of_network else map(one.of, found.rows) for one in parts()]
        columns = list(zip(*having, strict=True))
        forms: dict[tuple[Any, ...], tuple[str, list[Dim]]] = {}
        shaped = []
        for row, n, column, *amounts in zip(found.rows, of, columns, *counted, strict=True):
            same = n, column, *amounts
            if same not in forms:
                forms[same] = self._shaped(found, row, amounts, column)
            shaped.append(forms[same])
        firsts: dict[str, int] = {}
        for number, (key, _) in enumerate(shaped):
            firsts.setdefault(key, number)
        symbols = _symbols(found, firsts.values())
        formulas = self._formulas([row for row, _ in symbols])
        known = {
            key: self._pattern(found.rows[n], symbols[i][1], key, formulas[i])
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
        memory = Memory(found, walk.number, self.text).facts(self.memory_rules)
        self.walks.append(walk.code())
        return {
            "walk": len(self.walks) - 1,
            "rows": rows,
            "maps": list(maps),
            "widths": [
                [atom.args[0], int(atom.op == "grow"), walk.rule(atom.args[1])]
                for atom in found.atoms
                if atom.op in {"scale", "grow"}
            ],
            "rules": walk.rules,
            "numbers": walk.constants(),
            "memory": memory,
        }

    def _counted(
        self, found: Trace, convention: Convention, alike: list[Row], of: list[int]
    ) -> list[tuple[Dim, Dim] | None]:
        """Mult-adds and params of the rows as a convention counts them; None where its words depend on alpha.

        ``alike`` are the rows that differ in more than their names, and ``of`` which of them each row is.
        """
        once = any(term.base == ONCE for term in (*convention.mult_adds, *convention.params))  # in the first row alone
        rows = list(found.rows) if once else alike
        amounts = [(row.mult_adds, row.params) for row in convention.applied(rows)]
        if found.recorder.ambiguous and convention.name != DEFAULT.name:
            deep = [row._replace(kind="depthwise") if row.kind == "conv" else row for row in rows]
            if [(row.mult_adds, row.params) for row in convention.applied(deep)] != amounts:
                return [None] * len(found.rows)
        return [*amounts] if once else [amounts[n] for n in of]

    def _shaped(
        self, found: Trace, row: Row, counted: list[tuple[Dim, Dim] | None], column: tuple[Dim, ...]
    ) -> tuple[str, list[Dim]]:
        """The forms of a row, and the products they combine."""
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
            "".join(["!" if amounts is None else form(amounts[n]) for amounts in counted]) for n in range(len(BASIC))
        ]
        letters.append("".join(map(form, column)))
        groups = form(row.groups) if type(row.groups) is Poly else row.groups
        alike = row.input[0] == row.output[0]
        key = dumps([
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
        return self._patterns.setdefault(dumps(list(facts.values())), len(self._patterns))


class _OneWidth(Recorder):
    """The arithmetic of a network whose alpha can only be 1: its widths are integers."""

    scale = Arithmetic.scale
    grow = Arithmetic.grow

    def ratio(self, factor: Fraction, width: Dim, rounding: Rounding | None) -> Dim:
        """A width that follows from another."""
        return (Arithmetic if type(width) is int else Recorder).ratio(self, factor, width, rounding)


def _as_dim(found: Trace, product: Monomial | Poly) -> Dim:
    """A product of atoms as a number of the walk; the empty one is 1."""
    if isinstance(product, Poly):
        return product
    return Poly(found.recorder, {product: 1}) if product else 1


def _members(network: Network) -> list[tuple[str, Fraction, Fraction, Any]]:
    """The members of a family by their titles: the table as it is written, and its scalings."""
    table = network.table
    if not table.scalings:
        return []
    own = (table.title or table.name, Fraction(1), Fraction(1), table.resolution)
    scaled = [
        (one.title or one.name, one.alpha, one.depth, one.resolution or table.resolution)
        for one in table.scalings.values()
    ]
    return [own, *scaled]


def _fixed(network: Network, rule: Rounding | None) -> str:
    """Why alpha can only be 1; empty where it can be another."""
    if network.table.one_width:
        return "The table was imported at one width."
    return "The table names no rounding: its width is fixed." if rule is None else ""


def _pair(sides: Any) -> Any:
    """Two equal sides as one number, and nothing as 0."""
    return 0 if sides is None else sides[0] if sides[0] == sides[1] else sides


def _symbols(found: Trace, numbers: Iterable[int]) -> list[tuple[Row, str]]:
    """Some rows in symbols, and what their channels are called."""
    visited = [(layer, row, inputs) for layer, inputs, _, _, row in found.visits if row is not None]
    return [
        (symbolic(layer, row, inputs), "".join(names_of(layer, row)))
        for layer, row, inputs in [visited[n] for n in numbers]
    ]
