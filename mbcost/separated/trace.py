"""A network walked once with recorded sizes and widths: its cost as a polynomial that separates alpha from resolution.

The walk is the ordinary one, over the ordinary formulas; only its numbers remember how they were made. Every width is an
*atom* of alpha (``scale 512``, ``ratio 6 of ...``), every side of a map an atom of the resolution (``ceil_div ... by 2``),
and two sides made by the same operations are the same atom. A quantity of the network then is a sum of products
coefficient x widths x sides, so that

    total(alpha, resolution) = sum over a few k of p_k(alpha) * q_k(resolution)

with one k for every distinct size of a map: five for MobileNetV1, and one for what does not depend on the resolution.
What the walk would check on numbers (a sum of different shapes, a width of 0) is noted as a requirement, to be checked
at every point. A network that does not separate, because a width is rounded after it met a size, is :class:`Inseparable`.
"""

from __future__ import annotations

from typing import Any

from mbcost.conventions import DEFAULT
from mbcost.dims import Dim, Rounding
from mbcost.errors import MbcostError
from mbcost.layers import Row, Shape
from mbcost.network import PLAIN, Variant, counted
from mbcost.network.placed import Placed
from mbcost.network.walk import Visit, visits
from mbcost.quantities import BITS, AnyBits, measured
from mbcost.separated.polynomial import ALPHA, SIZE, Inseparable, Monomial, Poly, Recorder

__all__ = ["Trace", "trace"]


class Trace:
    """A recorded walk: the atoms, the rows with polynomials for numbers, and what must hold at every point."""

    __slots__ = ("atoms", "batch", "memory_rule", "placed", "recorder", "required", "rows", "start", "visits")

    def __init__(
        self, recorder: Recorder, visits: tuple[Visit, ...], placed: Placed, start: Shape, variant: Variant = PLAIN
    ) -> None:
        self.recorder = recorder
        self.atoms = recorder.atoms
        self.visits = visits
        if variant.convention != DEFAULT:
            recorder.tell_kinds()
        self.rows = counted(tuple([row for _, _, _, _, row in visits if row is not None]), variant)
        self.placed = placed
        self.start = start
        self.batch = variant.batch
        self.memory_rule = variant.memory_rule
        self.required: dict[int, list[tuple[Any, ...]]] = {ALPHA: [], SIZE: []}
        for requirement in recorder.requirements:
            domain = 0
            for arg in requirement[1:]:
                domain |= arg.domain if type(arg) is Poly else 0
            if domain == ALPHA | SIZE and not recorder.joint:
                raise Inseparable("requirement")
            self.required[SIZE if domain == SIZE else ALPHA].append(requirement)

    @property
    def presence(self) -> list[Dim]:
        """For every layer what says whether the network has it: 1, 0, or a sum of flags."""
        return [
            self.recorder.opened(present) if type(present) is Poly else present for _, _, present, _, _ in self.visits
        ]

    def forms(self, quantity: str, bits: AnyBits = BITS) -> list[Dim]:
        """The polynomials whose largest is a quantity of the whole network; of a sum there is one."""
        return measured(quantity).forms(self, bits)

    def separated(self, form: Dim) -> dict[Monomial, dict[Monomial, int]]:
        """A polynomial as {product of sides: {product of widths: coefficient}}."""
        found: dict[Monomial, dict[Monomial, int]] = {}
        if type(form) is not Poly:
            return {(): {(): form}} if form else {}
        for monomial, factor in form.terms.items():
            sides = tuple([n for n in monomial if self.atoms[n].domain == SIZE])
            widths = tuple([n for n in monomial if self.atoms[n].domain != SIZE])
            found.setdefault(sides, {})[widths] = factor
        return found

    def needed(self, numbers: set[int], domain: int) -> list[int]:
        """The atoms of one domain that some atoms are made of, in the order in which they can be evaluated."""
        wanted = set(numbers)
        for requirement in self.required[domain]:
            for arg in requirement[1:]:
                if type(arg) is Poly:
                    wanted.update(n for monomial in arg.terms for n in monomial)
        wanted.update(n for n, atom in enumerate(self.atoms) if atom.op == "exact" and atom.domain in {0, domain})
        for number in range(len(self.atoms) - 1, -1, -1):
            if number in wanted:
                for arg in self.atoms[number].args:
                    if type(arg) is Poly:
                        wanted.update(n for monomial in arg.terms for n in monomial)
        return sorted(n for n in wanted if self.atoms[n].domain in {0, domain})


def trace(
    placed: Placed, channels: int, rounding: Rounding | None, variant: Variant = PLAIN, recorder: Recorder | None = None
) -> Trace:
    """Walk a network with recorded numbers; its rows are counted as a variant asks.

    ``recorder`` is one that records otherwise: one for which the network need not separate.

    >>> import mbcost
    >>> v1 = mbcost.load("mobilenet_v1")
    >>> found = trace(v1.placed(), 3, v1.rounding)
    >>> len(found.separated(*found.forms("mult_adds")))      # five sizes of maps, and the classifier
    6

    Raises
    ------
    Inseparable
        If a width is rounded after it met a size, or if the network is in error at every point.
    """
    recorder = recorder or Recorder(rounding)
    start = channels, recorder.atom("height", domain=SIZE), recorder.atom("width", domain=SIZE)
    try:
        found = tuple(visits(placed, recorder, start))
    except MbcostError as error:
        raise Inseparable(str(error)) from None
    recorder.ambiguous = any(_ambiguous(row) for _, _, _, _, row in found if row is not None)
    return Trace(recorder, found, placed, start, variant)


def _ambiguous(row: Row) -> bool:
    """Whether a grouped convolution is depthwise at some alphas and not at others."""
    return row.kind == "conv" and row.groups != 1 and type(row.input[0]) is not int
