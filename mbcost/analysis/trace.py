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

from mbcost.analysis.polynomial import ALPHA, SIZE, Inseparable, Monomial, Poly, Recorder
from mbcost.dims import Dim, Rounding
from mbcost.errors import MbcostError
from mbcost.layers import Layer, Row, Shape
from mbcost.layers.composite import Residual
from mbcost.layers.conv import Conv, Linear
from mbcost.layers.custom import Unknown
from mbcost.layers.elementwise import Add, Concat, Multiply
from mbcost.network.placed import Placed
from mbcost.network.variant import PLAIN, Variant
from mbcost.network.walk import PARTS, scaled
from mbcost.quantities import BITS, AnyBits, measured

__all__ = ["Trace", "trace"]


class Trace:
    """A recorded walk: the atoms, the rows with polynomials for numbers, and what must hold at every point.

    ``presence`` has for each row what says whether the network has it: 1, or an atom that is 0 or 1.
    """

    __slots__ = ("atoms", "batch", "memory_rule", "placed", "presence", "recorder", "required", "rows", "start")

    def __init__(
        self, recorder: Recorder, rows: tuple[Row, ...], presence: tuple[Dim, ...], placed: Placed, start: Shape,
        variant: Variant = PLAIN,
    ) -> None:  # fmt: skip
        self.recorder = recorder
        self.atoms = recorder.atoms
        self.rows = rows
        self.presence = presence
        self.placed = placed
        self.start = start
        self.batch = variant.batch
        self.memory_rule = variant.memory_rule
        self.required: dict[int, list[tuple[Any, ...]]] = {ALPHA: [], SIZE: []}
        for requirement in recorder.requirements:
            domain = 0
            for arg in requirement[1:]:
                domain |= arg.domain if type(arg) is Poly else 0
            if domain == ALPHA | SIZE:
                raise Inseparable("requirement")
            self.required[domain or ALPHA].append(requirement)

    def forms(self, quantity: str, bits: AnyBits = BITS) -> list[Dim]:
        """The polynomials whose largest is a quantity of the whole network; of a sum there is one."""
        return measured(quantity).forms(self, bits)

    def separated(self, form: Dim) -> dict[Monomial, dict[Monomial, int]]:
        """A polynomial as {product of sides: {product of widths: coefficient}}."""
        found: dict[Monomial, dict[Monomial, int]] = {}
        if type(form) is int:
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


def trace(placed: Placed, channels: int, rounding: Rounding | None) -> Trace:
    """Walk a network with recorded numbers.

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
    recorder = Recorder(rounding)
    shapes: list[Shape] = [(channels, recorder.atom("height", domain=SIZE), recorder.atom("width", domain=SIZE))]
    rows: list[Row] = []
    presence: list[Dim] = []
    try:
        for layer in placed.layers:
            inputs = [shapes[source] for source in layer.sources]
            checked = layer.inner if isinstance(layer, Unknown) else layer
            present = recorder.seal(layer.present(recorder, inputs)) if layer.conditional else 1
            if type(present) is int and not present:
                n, height, width = checked.absent(recorder, inputs)
                shapes.append((recorder.seal(n), recorder.seal(height), recorder.seal(width)))
                continue
            _require(checked, recorder, inputs, present)
            n, height, width = layer.shape(recorder, inputs)
            output = recorder.seal(n), recorder.seal(height), recorder.seal(width)
            for dim in output:
                if type(dim) is Poly and dim.domain != ALPHA | SIZE:
                    recorder.require("possible", dim)
            row = layer.cost(inputs, output)
            rows.append(row if type(present) is int else scaled(row, present, PARTS))
            presence.append(present)
            shapes.append(output)
    except MbcostError as error:
        raise Inseparable(str(error)) from None
    return Trace(recorder, tuple(rows), tuple(presence), placed, shapes[0])


def _require(layer: Layer, recorder: Recorder, inputs: list[Shape], present: Dim) -> None:
    """What the layer's own checks would find on numbers."""
    first = inputs[0]
    if isinstance(layer, Multiply):
        maps = [shape[1:] for shape in inputs if shape[1:] != (1, 1)]
        if any(other != maps[0] for other in maps):
            raise Inseparable("product of maps")
        for shape in inputs[1:]:
            recorder.require("equal", first[0], shape[0])
    elif isinstance(layer, Residual):
        sides = list(zip(first[1:], inputs[1][1:], strict=True))
        if type(present) is not int and any(a != b for a, b in sides):
            raise Inseparable("residual")  # whether the maps must agree depends on the widths
        for a, b in sides:
            recorder.require("equal", a, b)
    elif isinstance(layer, Add | Concat):
        for shape in inputs[1:]:
            for a, b in list(zip(first, shape, strict=True))[isinstance(layer, Concat) :]:
                recorder.require("equal", a, b)
    elif isinstance(layer, Linear):
        recorder.require("equal", first[1], 1)
        recorder.require("equal", first[2], 1)
    elif isinstance(layer, Conv) and layer.groups != 1 and not layer.per_channel and type(first[0]) is not int:
        recorder.ambiguous = True
