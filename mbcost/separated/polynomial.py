"""Numbers that remember how they were made: polynomials in the widths and sizes of a recorded walk.

A :class:`Recorder` is the arithmetic of such a walk: every rounding, quotient and comparison of a recorded number becomes
an *atom*, the same one for the same operation on the same numbers, and sums and products of atoms are a :class:`Poly`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from mbcost.dims import Arithmetic, Dim, Rounding

__all__ = ["ALPHA", "SIZE", "Atom", "Inseparable", "Monomial", "Poly", "Recorder", "Values"]

ALPHA, SIZE = 1, 2
"""What an atom depends on: the width multiplier, or the resolution."""

Monomial: TypeAlias = tuple[int, ...]
"""A product of atoms, by their numbers in ascending order."""

Values: TypeAlias = list[Any]
"""The values of all atoms of a trace; those not evaluated are None."""


class Inseparable(Exception):
    """The network's cost is not a sum of products of a function of alpha and a function of the resolution."""


class Atom(NamedTuple):
    """An operation of the walk's arithmetic on integers, polynomials and rules; ``domain`` is what it depends on."""

    op: str
    args: tuple[Any, ...]
    domain: int


class Poly:
    """A polynomial in the atoms of a recorder, with integer coefficients: a convention alone may make fractions of them.

    Immutable; equal if equal term by term.
    """

    __slots__ = ("_hash", "recorder", "terms")

    def __init__(self, recorder: Recorder, terms: dict[Monomial, Any]) -> None:
        self.recorder = recorder
        self.terms = terms
        self._hash: int | None = None

    def _made(self, terms: dict[Monomial, Any]) -> Dim:
        if not terms:
            return 0
        if len(terms) == 1 and () in terms:
            return terms[()]
        return Poly(self.recorder, terms)

    def __add__(self, other: Dim) -> Dim:
        if type(other) is int or type(other) is Fraction:
            if not other:
                return self
            other_terms = {(): other}
        else:
            other_terms = other.terms
        terms = dict(self.terms)
        for monomial, factor in other_terms.items():
            total = terms.get(monomial, 0) + factor
            if total:
                terms[monomial] = total
            else:
                del terms[monomial]
        return self._made(terms)

    __radd__ = __add__

    def __mul__(self, other: Dim) -> Dim:
        if type(other) is int or type(other) is Fraction:
            if other == 1:
                return self
            return Poly(self.recorder, {m: f * other for m, f in self.terms.items()}) if other else 0
        terms: dict[Monomial, Any] = {}
        for a, f in self.terms.items():
            for b, g in other.terms.items():
                product = tuple(sorted(a + b))
                total = terms.get(product, 0) + f * g
                if total:
                    terms[product] = total
                else:
                    del terms[product]
        return self._made(terms)

    __rmul__ = __mul__

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim) -> Dim:
        return self + other * -1

    def __rsub__(self, other: Dim) -> Dim:
        return self * -1 + other

    def __truediv__(self, other: Dim) -> Dim:
        """A quotient that must be whole: cancelled where it can be, else an atom that is checked."""
        divisor = {(): other} if type(other) is int else other.terms
        if len(divisor) == 1:
            ((monomial, factor),) = divisor.items()
            terms = {}
            for own, coefficient in self.terms.items():
                rest = _without(own, monomial)
                if rest is None or coefficient % factor:
                    break
                terms[rest] = coefficient // factor
            else:
                return self._made(terms)
        if type(other) is not int:
            opened = self.recorder.opened(self)
            if opened is not self:
                return opened / other
            if not self.recorder.joint:
                raise Inseparable("quotient")  # of two widths that share no factor
            return self.recorder.atom("quotient", self, other)
        return self.recorder.atom("exact", self, other)

    def __rtruediv__(self, other: Dim) -> Dim:
        raise Inseparable("quotient")

    def _undecided(self, other: Dim) -> Any:
        """No answer at all points at once, for a kind that asks the number and not the arithmetic: each point is then counted."""
        raise Inseparable("comparison")

    __lt__ = __le__ = __gt__ = __ge__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = _undecided

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Poly) and self.terms == other.terms

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    @property
    def domain(self) -> int:
        """What the polynomial depends on."""
        atoms = self.recorder.atoms
        found = 0
        for monomial in self.terms:
            for number in monomial:
                found |= atoms[number].domain
        return found

    @property
    def single(self) -> int | None:
        """The number of the atom that this polynomial is, None if it is more than an atom."""
        if len(self.terms) == 1:
            ((monomial, factor),) = self.terms.items()
            if factor == 1 and len(monomial) == 1:
                return monomial[0]
        return None


def _without(monomial: Monomial, divisor: Monomial) -> Monomial | None:
    """A product of atoms divided by another, None where it does not divide."""
    rest = list(monomial)
    for number in divisor:
        if number not in rest:
            return None
        rest.remove(number)
    return tuple(rest)


class Recorder(Arithmetic):
    """The arithmetic of a walk that records: every operation on a recorded number becomes an atom.

    ``requirements`` are what must hold at every point: ("equal", a, b), or ("possible", a): a is a number of channels or
    pixels that a map can have. ``ambiguous`` says that the kind of a grouped convolution depends on alpha, which a convention
    that tells kinds apart would see. ``mixed`` are the dims of maps that depend on both, as channels do below a flatten. In a ``joint`` record an operation may depend on alpha and the resolution both: it can be
    walked again, but does not separate.
    """

    records = True

    def __init__(self, rounding: Rounding | None, *, joint: bool = False) -> None:
        super().__init__(1, 1, rounding)
        self.joint = joint
        self.atoms: list[Atom] = []
        self.numbers: dict[tuple[Any, ...], Poly] = {}
        self.requirements: dict[tuple[Any, ...], None] = {}
        self.mixed: dict[Poly, None] = {}
        self.ambiguous = False
        self.present: Dim = 1

    def atom(self, op: str, *args: Any, domain: int = 0) -> Poly:
        """The atom of an operation: the same number for the same operation on the same numbers."""
        args = tuple([self.seal(arg) if type(arg) is Poly and op != "poly" else arg for arg in args])
        key = (op, *args)
        known = self.numbers.get(key)
        if known is None:
            for arg in args:
                if type(arg) is Poly:
                    domain |= arg.domain
            if domain == ALPHA | SIZE and not self.joint:
                raise Inseparable(op)
            known = self.numbers[key] = Poly(self, {(len(self.atoms),): 1})
            self.atoms.append(Atom(op, args, domain))
        return known

    def seal(self, value: Dim) -> Dim:
        """One atom for a sum of atoms, so that products of dims stay single products."""
        if type(value) is not Poly or value.single is not None or value.domain == ALPHA | SIZE:
            return value
        return self.atom("poly", value)

    def opened(self, value: Poly) -> Dim:
        """The sum of atoms that :meth:`seal` made one atom of; any other value as it is."""
        number = value.single
        return value if number is None or self.atoms[number].op != "poly" else self.atoms[number].args[0]

    def enter(self, present: Dim) -> Dim:
        """The flag as one atom; what is required until the next one holds only where it is 1."""
        self.present = self.seal(present)
        return self.present

    def noted(self, shape: tuple[Dim, Dim, Dim]) -> tuple[Dim, Dim, Dim]:
        """The sides as one atom each, so that products of them stay short; a map must be possible."""
        channels, height, width = [self.seal(dim) for dim in shape]
        for dim in (channels, height, width):
            if type(dim) is Poly:
                if dim.domain == ALPHA | SIZE and not self.joint:
                    self.mixed[dim] = None
                else:
                    self._possible(dim)
        return channels, height, width

    def must_equal(self, a: Dim, b: Dim) -> bool:
        """Note that two dims must be equal, unless that is known."""
        a, b = self.seal(a), self.seal(b)
        if a == b:
            return True
        if type(a) is int and type(b) is int:
            return False
        self.requirements["equal", self.seal(a * self.present), self.seal(b * self.present)] = None
        return True

    def must_reach(self, a: Dim, least: Dim) -> bool:
        """Note that a dim must be at least so much, unless that is known."""
        if type(a) is int and type(least) is int:
            return a >= least
        if least == 1 and self.present == 1:
            self._possible(a)
            return True
        return self.must_equal(self.at_least(a, least), 1)

    def same(self, a: Dim, b: Dim) -> bool:
        """Whether two dims are equal at every point; where that depends on the point, there is no one way to go."""
        if a != b and not (type(a) is int and type(b) is int):
            raise Inseparable("comparison")
        return bool(a == b)

    def _possible(self, dim: Dim) -> None:
        self.requirements["possible", self.seal(dim)] = None

    def scale(self, width: int, rounding: Rounding | None = None) -> Dim:
        """The atom of a scaled width."""
        return self._width(self.atom("scale", width, rounding, domain=ALPHA))

    def grow(self, width: int, rounding: Rounding | None = None) -> Dim:
        """The atom of a width that alpha only enlarges."""
        return self._width(self.atom("grow", width, rounding, domain=ALPHA))

    def ratio(self, factor: Fraction, width: Dim, rounding: Rounding | None) -> Dim:
        """A width that follows from another; the same width where the rule leaves it as it is."""
        if factor == 1 and self._follows(width, rounding):
            return width
        return self._width(self.atom("ratio", factor, width, rounding))

    def _width(self, width: Poly) -> Poly:
        self._possible(width)
        return width

    def _follows(self, width: Dim, rounding: Rounding | None) -> bool:
        """Whether a width is already a result of this rule, which then leaves it as it is."""
        number = width.single if type(width) is Poly else None
        if number is None:
            return False
        op, args, _ = self.atoms[number]
        rule = (args[1] or self.rounding) if op in {"scale", "grow"} else args[2] if op == "ratio" else None
        return rule is not None and rule == rounding

    def larger(self, a: Dim, b: Dim) -> Dim:
        """The larger of two; what a least width protects may be 0."""
        if type(a) is int and type(b) is int:
            return max(a, b)
        if type(b) is int and b > 0:  # at least b: the smaller one may be 0
            self.requirements.pop(("possible", a), None)
        return self.atom("larger", a, b)

    def ceil_div(self, a: Dim, b: int) -> Dim:
        """The atom of a quotient rounded up."""
        return self._quotient("ceil_div", a, b)

    def floor_div(self, a: Dim, b: int) -> Dim:
        """The atom of a quotient rounded down."""
        return self._quotient("floor_div", a, b)

    def _quotient(self, op: str, a: Dim, b: int) -> Dim:
        if b == 1:
            return a
        if type(a) is int and a % b == 0:
            return a // b
        return self.atom(op, a, b)

    def unequal(self, a: Dim, b: Dim) -> Dim:
        """0 or 1 where that is known of all points, else an atom."""
        if type(a) is int and type(b) is int:
            return int(a != b)
        if a == b:
            return 0
        number = a.single if type(a) is Poly else None
        if number is not None:
            op, args, _ = self.atoms[number]
            # a result equal to what was at least doubled would be a multiple of the divisor, and no rule moves a double of that;
            # only a least width that is no multiple itself could
            if (
                op == "ratio"
                and args[1] == b
                and args[0] >= 2
                and (args[2] is None or args[2].least % args[2].divisor == 0)
            ):
                return 1
        return self.atom("unequal", a, b)

    def at_least(self, a: Dim, b: Dim) -> Dim:
        """An atom that is 1 where a >= b, else 0."""
        if type(a) is int and type(b) is int:
            return int(a >= b)
        return self.atom("at_least", a, b)

    def both(self, a: Dim, b: Dim) -> Dim:
        """The product of two flags: an atom that is 0 or 1 is its own square."""
        product = a * b
        if type(product) is not Poly:
            return product
        terms: dict[Monomial, int] = {}
        for monomial, factor in product.terms.items():
            once = tuple(sorted(set(monomial)))
            total = terms.get(once, 0) + factor
            if total:
                terms[once] = total
            else:
                del terms[once]
        return 0 if not terms else terms[()] if terms.keys() == {()} else Poly(self, terms)

    def tell_kinds(self) -> None:
        """Raise where what counts a kind on its own has no one answer: whether a grouped convolution is depthwise depends on alpha."""
        if self.ambiguous:
            raise Inseparable("kinds")
