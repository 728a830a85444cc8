"""A separated cost, ready to be evaluated: p_k at any alpha, q_k at any resolution, checked as the walk would check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from mbcost.dims import MAX_ALPHA, MAX_RESOLUTION, Arithmetic, Dim, Idealised
from mbcost.errors import MbcostError
from mbcost.layers.base import MAX_DIM
from mbcost.network import PLAIN, Network, Variant
from mbcost.quantities import BITS, AnyBits
from mbcost.separated.polynomial import ALPHA, SIZE, Inseparable, Monomial, Poly, Values
from mbcost.separated.trace import Trace, trace

__all__ = ["Form", "NotWhole", "Program", "Separated", "Size", "separate", "summed"]

Size: TypeAlias = tuple[int, int]


class Program:
    """The atoms of one domain in the order of evaluation, and what must hold of them."""

    __slots__ = ("required", "size", "steps")

    def __init__(self, found: Trace, numbers: set[int], domain: int) -> None:
        self.size = len(found.atoms)
        self.steps = [(n, _step(found, n)) for n in found.needed(numbers, domain)]
        self.required = [(what, *map(_operand, args)) for what, *args in found.required[domain]]

    def run(self, arith: Arithmetic, height: Dim = 0, width: Dim = 0) -> Values:
        """The values of all atoms of the domain at one point, or at many: arrays serve as well as integers."""
        values: Values = [None] * self.size
        start = (arith, height, width)
        for number, step in self.steps:
            values[number] = step(values, start)
        return values

    def holds(self, values: Values) -> Dim:
        """Whether the network is without error there; of arrays, where."""
        good: Dim = True
        for what, first, *rest in self.required:
            value = first(values)
            good = good & ((value >= 1) & (value <= MAX_DIM) if what == "possible" else value == rest[0](values))
        return good


Start: TypeAlias = tuple[Arithmetic, Dim, Dim]
Step: TypeAlias = Callable[[Values, Start], Dim]


def _operand(arg: Any) -> Callable[[Values], Dim]:
    """How an argument of an atom is read: a number as it is, an atom by its value."""
    if type(arg) is not Poly:
        return lambda values: arg
    number = arg.single
    if number is not None:
        return lambda values: values[number]
    terms = list(arg.terms.items())
    return lambda values: summed(terms, values)


def summed(terms: Sequence[tuple[Monomial, int]], values: Values) -> Dim:
    """The value of a polynomial: the sum of coefficient times product of atoms."""
    total: Dim = 0
    for monomial, factor in terms:
        product: Dim = factor
        for number in monomial:
            product = product * values[number]
        total = total + product
    return total


def _step(found: Trace, number: int) -> Step:
    """How one atom is evaluated: by the arithmetic of the point, from the atoms before it."""
    op, args, _ = found.atoms[number]
    if op == "height":
        return lambda values, start: start[1]
    if op == "width":
        return lambda values, start: start[2]
    if op in {"scale", "grow"}:
        width, own = args
        if op == "scale":
            return lambda values, start: start[0].scale(width, own)
        return lambda values, start: start[0].grow(width, own)
    if op == "ratio":
        factor, of, rounding = args
        read = _operand(of)
        return lambda values, start: start[0].ratio(factor, read(values), rounding)
    reads = [_operand(arg) for arg in args]
    first, second = reads[0], reads[-1]
    if op == "poly":
        return lambda values, start: first(values)
    if op == "exact":
        return lambda values, start: _exact(first(values), args[1], start[0])
    if op == "larger":  # a least width, which the idealised network has not
        return lambda values, start: start[0].larger(first(values), second(values)) if start[0].exact else first(values)
    return lambda values, start: getattr(start[0], op)(first(values), second(values))


class NotWhole(Exception):
    """A quotient that must be whole is not."""


def _exact(a: Dim, b: int, arith: Arithmetic) -> Dim:
    if not arith.exact or isinstance(a, Fraction):
        return (Fraction(a) if isinstance(a, int) else a) / b
    rest = a % b
    if rest if type(rest) is int else rest.any():
        raise NotWhole
    return a // b


class Form:
    """One quantity, separated: the products of sides q_k, and for each its polynomial p_k in the widths."""

    __slots__ = ("sides", "widths")

    def __init__(self, separated: dict[Monomial, dict[Monomial, int]]) -> None:
        self.sides: list[Monomial] = list(separated)
        self.widths: list[list[tuple[Monomial, int]]] = [list(terms.items()) for terms in separated.values()]

    def p(self, values: Values) -> list[Dim]:
        """p_k for every k, from the values of the widths."""
        return [summed(terms, values) for terms in self.widths]

    def q(self, values: Values) -> list[Dim]:
        """q_k for every k, from the values of the sides."""
        return [summed(((monomial, 1),), values) for monomial in self.sides]


class Separated:
    """A network's cost as p_k(alpha) * q_k(resolution), ready to be evaluated anywhere.

    Examples
    --------
    >>> import mbcost
    >>> from operator import mul
    >>> v1 = separate(mbcost.load("mobilenet_v1"))
    >>> (form,) = v1.forms("mult_adds")
    >>> p = form.p(v1.at_alpha(Fraction(3, 4)))
    >>> q = form.q(v1.at_size((192, 192)))
    >>> sum(map(mul, p, q))
    239273472
    """

    __slots__ = ("_forms", "_free", "alpha", "rounding", "size", "trace")

    def __init__(self, found: Trace) -> None:
        self.trace = found
        self.rounding = found.recorder.rounding
        everything = set(range(len(found.atoms)))
        self.alpha = Program(found, everything, ALPHA)
        self.size = Program(found, everything, SIZE)
        self._free = [(atom.op == "scale", atom.args[0]) for atom in found.atoms if atom.op in {"scale", "grow"}]
        self._forms: dict[tuple[str, AnyBits], list[Form]] = {}

    def forms(self, quantity: str, bits: AnyBits = BITS) -> list[Form]:
        """The forms whose largest is a quantity of the whole network; of a sum there is one."""
        key = quantity, bits
        if key not in self._forms:
            self._forms[key] = [Form(self.trace.separated(form)) for form in self.trace.forms(quantity, bits)]
        return self._forms[key]

    def widths(self, alpha: Fraction) -> list[Dim] | None:
        """The widths that alpha scales: all others follow from them. None where one of them is in error."""
        arith = Arithmetic(alpha.numerator, alpha.denominator, self.rounding)
        try:
            return [arith.scale(width) if scaled else arith.grow(width) for scaled, width in self._free]
        except MbcostError:
            return None

    def at_alpha(self, alpha: Fraction, *, ideal: bool = False) -> Values | None:
        """The values of the widths; None where the network is in error at this alpha."""
        arith = (Idealised if ideal else Arithmetic)(alpha.numerator, alpha.denominator, self.rounding)
        try:
            values = self.alpha.run(arith)
        except (NotWhole, MbcostError):
            return None
        return values if ideal or self.alpha.holds(values) else None

    def at_size(self, size: tuple[Dim, Dim], *, ideal: bool = False) -> Values | None:
        """The values of the sides of all maps; None where the network is in error at this resolution."""
        try:
            values = self.size.run((Idealised if ideal else Arithmetic)(1, 1, self.rounding), *size)
        except NotWhole:
            return None
        return values if ideal or self.size.holds(values) else None

    def bounds(self, domain: int, alpha: Fraction, size: Size, upper: bool) -> Values:
        """A bound of every atom of a domain that only grows along its axis: flags are 0 or 1, quotients need not be whole."""
        atoms = self.trace.atoms
        values: Values = [0] * len(atoms)
        program = self.alpha if domain == ALPHA else self.size
        start = Arithmetic(alpha.numerator, alpha.denominator, self.rounding), int(size[0]), int(size[1])
        for number, step in program.steps:
            op, args, _ = atoms[number]
            if op in FLAGS:
                values[number] = int(upper)
            elif op == "poly":
                values[number] = self._bound(args[0], values, upper)
            elif op == "exact":
                values[number] = self._bound(args[0], values, upper) // args[1]
            else:
                values[number] = step(values, start)
        return values

    def _bound(self, form: Poly, values: Values, upper: bool) -> Dim:
        """A bound of a sum: from below, what is taken away must be flags, or nothing is known of it but that it is no less than 0."""
        terms = list(form.terms.items())
        taken = [monomial for monomial, factor in terms if factor < 0]
        if not upper and any(self.trace.atoms[number].op not in FLAGS for monomial in taken for number in monomial):
            return 0
        total = summed([(monomial, factor) for monomial, factor in terms if factor > 0], values)
        return max(total if upper else total + sum([factor for _, factor in terms if factor < 0]), 0)

    def most_of_a_dim(self) -> Dim:
        """The largest dim of a map that depends on alpha and the resolution both, no less than at any point there is."""
        if not self.trace.recorder.mixed:
            return 0
        corner = Fraction(MAX_ALPHA), (MAX_RESOLUTION, MAX_RESOLUTION)
        values = [*map(max, *(self.bounds(domain, *corner, True) for domain in (ALPHA, SIZE)))]
        return max(self._bound(dim, values, True) for dim in self.trace.recorder.mixed)


FLAGS = ("unequal", "at_least")


def separate(network: Network, variant: Variant = PLAIN) -> Separated | None:
    """Separate the cost of a variant; None where it does not separate. Kept with the network."""
    asked = network.resolved(variant._replace(alpha=Fraction(1)))
    placed = network.placed(asked)
    key = id(placed), asked.rounding, asked.batch, asked.convention, asked.memory_rule
    if key not in network.separated:
        try:
            known = Separated(trace(placed, network.table.channels, asked.rounding, asked))
            network.separated[key] = known if known.most_of_a_dim() <= MAX_DIM else None  # each point is then counted
        except Inseparable:
            network.separated[key] = None
    found: Separated | None = network.separated[key]
    return found
