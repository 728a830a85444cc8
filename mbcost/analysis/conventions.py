"""One network under every counting convention, and the exact way from one convention's total to another's."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from mbcost.conventions import ONCE, PARTS, Convention, Term, words_of
from mbcost.dims import Dim, whole
from mbcost.layers import Row

__all__ = ["UNIT", "Counted", "Move", "Spread", "Tally", "params_waterfall", "side_by_side", "spread", "waterfall"]


class Tally:
    """The parts of a network, added up over the rows that no convention tells apart.

    >>> import mbcost
    >>> tally = Tally(mbcost.load("mobilenet_v1").cost().rows)
    >>> tally.amount(Term("norm_elements", (), 1)), tally.amount(Term("pool_inputs", ("global", "module"), 1))
    (5042688, 50176)
    """

    __slots__ = ("_rows", "_sums")

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            self._rows.setdefault(words_of(row), []).append(row)
        self._sums: dict[tuple[str, tuple[str, ...]], Dim] = {}

    def classes(self) -> list[tuple[str, ...]]:
        """The words of the rows, each combination once."""
        return list(self._rows)

    def sum(self, base: str, words: tuple[str, ...]) -> Dim:
        """One part over the rows that have exactly these words."""
        key = (base, words)
        if key not in self._sums:
            self._sums[key] = sum([PARTS[base](row) for row in self._rows[words]])
        return self._sums[key]

    def amount(self, term: Term) -> Dim:
        """One narrowed part over all rows; its factor is not applied."""
        fitting = [words for words in self._rows if all(word in words for word in term.words)]
        if term.base == ONCE:
            return int(bool(fitting))
        return sum([self.sum(term.base, words) for words in fitting])

    def total(self, form: tuple[Term, ...]) -> Dim:
        """A linear form over all rows."""
        return whole(sum([term.factor * self.amount(term) for term in form]))


class Counted(NamedTuple):
    """A network's totals under one convention."""

    convention: Convention
    mult_adds: Dim
    params: Dim

    @property
    def reported(self) -> Dim:
        """What the tool prints."""
        return whole(self.convention.scale * self.mult_adds)


def side_by_side(tally: Tally, conventions: Iterable[Convention]) -> list[Counted]:
    """The totals under each convention.

    >>> import mbcost
    >>> from mbcost.conventions import available
    >>> rows = mbcost.load("mobilenet_v1").cost().rows
    >>> [(c.convention.name, c.reported) for c in side_by_side(Tally(rows), available().values())][:2]
    [('paper', 568740352), ('torch', 1137480704)]
    """
    return [Counted(rule, tally.total(rule.mult_adds), tally.total(rule.params)) for rule in conventions]


class Spread(NamedTuple):
    """The least and the most of some totals, and how much more the most is, as a fraction of the least."""

    least: Dim
    most: Dim
    share: Fraction | None


def spread(totals: list[Dim]) -> Spread:
    """How far totals lie apart.

    >>> spread([568740352, 588962304]).share
    Fraction(39496, 1110821)
    """
    least, most = min(totals), max(totals)
    return Spread(least, most, Fraction(most - least, least) if least > 0 else None)


class Move(NamedTuple):
    """One step of a waterfall: ``count`` of a part at ``factor`` each, and the total after it.

    The step between mult-adds and the unit a tool reports in has the part ``unit``.
    """

    part: str
    count: Dim
    factor: int | Fraction
    change: Dim
    running: Dim


UNIT = "unit"


def params_waterfall(tally: Tally, a: Counted, b: Counted) -> list[Move]:
    """The way from the params under ``a`` to those under ``b``, part by part.

    >>> import mbcost
    >>> from mbcost.conventions import find
    >>> tally = Tally(mbcost.load("mobilenet_v1").cost().rows)
    >>> params_waterfall(tally, *side_by_side(tally, [find("keras"), find("torch")]))
    [Move(part='norm_stats', count=21888, factor=-1, change=-21888, running=4231976)]
    """
    return _steps(a.params, differences(tally, a.convention.params, b.convention.params))


def waterfall(tally: Tally, a: Counted, b: Counted) -> list[Move]:
    """The way from what ``a`` reports to what ``b`` reports, part by part; the changes add up to the difference.

    Where a tool reports flops, leaving or entering its unit is a step of its own.

    >>> import mbcost
    >>> from mbcost.conventions import find
    >>> tally = Tally(mbcost.load("mobilenet_v1").cost().rows)
    >>> for step in waterfall(tally, *side_by_side(tally, [find("torch"), find("fvcore")])):
    ...     print(f"{step.factor:+d} x {step.count} {step.part}: {step.running}")
    -1 x 568740352 unit: 568740352
    +2 x 5042688 norm_elements.batch: 578825728
    +1 x 50176 pool_inputs.global: 578875904
    """
    moves: list[tuple[str, Dim, int | Fraction]] = []
    if a.convention.scale != 1:
        moves.append((UNIT, a.mult_adds, 1 - a.convention.scale))
    moves += differences(tally, a.convention.mult_adds, b.convention.mult_adds)
    if b.convention.scale != 1:
        moves.append((UNIT, b.mult_adds, b.convention.scale - 1))
    return _steps(a.reported, moves)


def _steps(running: Dim, moves: list[tuple[str, Dim, int | Fraction]]) -> list[Move]:
    steps = []
    for part, count, factor in moves:
        change = whole(count * factor)
        running = whole(running + change)
        steps.append(Move(part, count, factor, change, running))
    return steps


def differences(tally: Tally, a: tuple[Term, ...], b: tuple[Term, ...]) -> list[tuple[str, Dim, int | Fraction]]:
    """What form ``b`` counts otherwise than form ``a``: (part, its amount, factor in b - factor in a), none of them 0.

    Rows of which both count a part alike are left out, however differently the two forms narrow it.
    """
    found: dict[tuple[str, int | Fraction], Dim] = {}
    for base in [*PARTS, ONCE]:
        terms = [(term, sign) for form, sign in ((a, -1), (b, 1)) for term in form if term.base == base]
        if base == ONCE:
            for term, sign in terms:
                key = (str(term), 0)
                found[key] = found.get(key, 0) + sign * term.factor * tally.amount(term)
            continue
        for words in tally.classes() if terms else ():
            fitting = [(term, sign) for term, sign in terms if all(word in words for word in term.words)]
            factor = whole(sum(sign * term.factor for term, sign in fitting))
            if factor:
                narrowed = {word for term, _ in fitting for word in term.words}
                key = (".".join([base, *(word for word in _ordered(words) if word in narrowed)]), factor)
                found[key] = found.get(key, 0) + tally.sum(base, words)
    return [
        (part, count, factor) if factor else (part, 1, count) for (part, factor), count in found.items() if count != 0
    ]


def _ordered(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words as parts are written: what it is before how it is coded."""
    kind, coded, *others = words
    return (*(word for word in others if word), kind, coded)
