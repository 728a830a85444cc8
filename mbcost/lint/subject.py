"""What the rules look at: a table, its rows as they were laid out, and the shapes and costs they have.

Unlike a count, this goes on after a problem: a row that is wrong is noted, and what can still be said of the others is.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from mbcost.dims import Arithmetic
from mbcost.errors import MbcostError, Place
from mbcost.layers import Layer, Row, Shape
from mbcost.layers.base import MAX_DIM, Vanished
from mbcost.layers.conv import Linear
from mbcost.layers.elementwise import Add, Concat, Multiply
from mbcost.layers.printed import Printed
from mbcost.lint.findings import Finding
from mbcost.network import Network, Variant
from mbcost.network.edits import Edits
from mbcost.network.layout import lay_out
from mbcost.network.placed import Laid, Notes, Placed
from mbcost.network.specs import RowSpec
from mbcost.network.walk import visits

__all__ = ["Followed", "Subject", "follow"]


LAYER = re.compile(r" in layer `[^`]*`$")
"""How an error ends that the walk says the layer of."""


class Followed(NamedTuple):
    """A network followed from its input: the shape of every feature map, and the costed row of every layer.

    A shape is None where an error above leaves it open, a row where the layer is absent or could not be costed.
    """

    shapes: list[Shape | None]
    rows: list[Row | None]
    errors: list[MbcostError]


def follow(placed: Placed, arith: Arithmetic, start: Shape, given: dict[int, Printed] | None = None) -> Followed:
    """Cost every layer that can be costed; ``given`` replaces the sizes of some feature maps."""
    given = given or {}
    errors: list[MbcostError] = []

    def mend(
        number: int, layer: Layer, inputs: list[Shape], output: Shape | None, error: MbcostError | None
    ) -> Shape | None:
        if error is not None:
            errors.append(error)
            output = output or _likely(layer, arith, inputs)
        return _sized(output, given.get(number + 1))

    first = _sized(start, given.get(0))
    found = Followed([first], [], errors)
    for _, _, _, output, row in visits(placed, arith, first, mend):
        found.shapes.append(output)
        found.rows.append(row)
    return found


def _sized(shape: Shape | None, size: Printed | None) -> Shape | None:
    """A shape, or the printed size that is taken in its place."""
    if size is None:
        return shape
    return size.channels or (shape[0] if shape else 1), size.height, size.width


def _likely(layer: Layer, arith: Arithmetic, inputs: list[Shape]) -> Shape | None:
    """The output a wrong row is meant to have, where that is plain."""
    try:
        if isinstance(layer, Linear):
            return layer.width.channels(arith, inputs), 1, 1
    except MbcostError:
        return None
    if isinstance(layer, Add | Multiply):
        return inputs[0]
    if isinstance(layer, Concat):
        channels = sum(shape[0] for shape in inputs)
        return (channels, inputs[0][1], inputs[0][2]) if channels <= MAX_DIM else None
    return None


class Subject:
    """A table under a variant, laid out and followed as far as it goes.

    Attributes
    ----------
    table, network, variant
        What is looked at, and at which alpha and resolution.
    rows : list of Laid
        The rows as they were laid out, those of a base included; :meth:`own` leaves these out.
    placed : Placed
        The layers.
    base : Followed
        At alpha 1 and the table's own resolution, where papers print sizes.
    here : Followed
        At the variant asked for.
    """

    def __init__(self, network: Network, variant: Variant) -> None:
        self.network = network
        self.table = network.table
        self.variant = variant
        self.errors: list[MbcostError] = []
        self.causes: list[Any] | None = None  # found once, by mbcost.lint.causes
        self.spent = 0  # layers laid out while looking for them
        notes = Notes()
        try:
            self.placed = lay_out(self.table, Edits(variant.fields, variant.without), notes)
        except MbcostError as error:
            notes.errors.append(error)
            self.placed = Placed((), ())
        self.rows = notes.rows
        self.errors += notes.errors
        if not self.placed.layers and not self.errors:
            self.errors.append(MbcostError(f"`{network.name}` has no rows left", help="drop fewer rows"))
        if variant.standard and self.placed.layers:
            from mbcost.network.twin import standard_twin

            self.placed, self.rows = standard_twin(self.placed), []
        if notes.errors:  # rows are missing: what the others read is not what is meant
            self.placed, self.rows = Placed((), ()), []
        self.base = self.followed(self.placed)
        alpha = variant.alpha
        arith = Arithmetic(alpha.numerator, alpha.denominator, variant.rounding)
        self.here = follow(self.placed, arith, (self.table.channels, *variant.size))
        self.errors += self.here.errors

    def followed(self, placed: Placed, given: dict[int, Printed] | None = None) -> Followed:
        """A layout followed at alpha 1 and the table's own resolution; ``given`` replaces the size of some feature maps."""
        arith = Arithmetic(1, 1, self.variant.rounding)
        return follow(placed, arith, (self.table.channels, *self.table.resolution), given)

    def changed(self, changes: dict[str, Any]) -> tuple[Placed, list[Laid]]:
        """The layers and rows with some fields replaced; none where that is no network."""
        notes = Notes()
        try:
            placed = lay_out(self.table, Edits({**self.variant.fields, **changes}, self.variant.without), notes)
        except MbcostError:
            return Placed((), ()), []
        return (Placed((), ()), []) if notes.errors else (placed, notes.rows)

    @property
    def states_paper(self) -> bool:
        """Whether the table says which paper or which code it is from: its widths and its equal rows are then theirs."""
        return self.table.imported is not None or (isinstance(self.table.source, dict) and "paper" in self.table.source)

    def own(self) -> list[Laid]:
        """The rows of this table, without those of its base."""
        return [row for row in self.rows if row.table is self.table]

    def layers(self) -> list[tuple[int, Layer, RowSpec]]:
        """Number, layer and row of every layer of this table, without those of its base."""
        return [
            (number, layer, spec)
            for number, (layer, (table, spec)) in enumerate(zip(self.placed.layers, self.placed.marks, strict=True))
            if table is self.table
        ]

    def inputs(self, number: int) -> list[Shape] | None:
        """The shapes a layer reads at the variant asked for, None where one is open."""
        known = [self.here.shapes[source] for source in self.placed.layers[number].sources]
        inputs = [shape for shape in known if shape is not None]
        return inputs if len(inputs) == len(known) else None

    def readers(self) -> dict[int, list[int]]:
        """For each feature map the numbers of the layers that read it."""
        found: dict[int, list[int]] = {}
        for number, layer in enumerate(self.placed.layers):
            for source in set(layer.sources):
                found.setdefault(source, []).append(number)
        return found

    def place(self, spec: RowSpec, field: str = "") -> Place:
        """Where a row stands, or one of its fields where it is written."""
        cell = spec.cells.get(field) or spec.declared.get(field)
        return self.table.place(spec.line, spec.column) if cell is None else self.table.place(cell.line, cell.column)

    def finding(self, code: str, spec: RowSpec, row: str, fact: str, help: str, field: str = "") -> Finding:
        """A finding at a row or at one of its fields."""
        return Finding(code, self.place(spec, field), row, fact, help)

    def completed(self) -> list[MbcostError]:
        """The errors, each once; of a map that vanishes with the smallest resolution that works."""
        found: dict[tuple[Place | None, str], MbcostError] = {}
        copies: dict[tuple[Place | None, str], int] = {}
        for error in self.errors:
            key = error.place, LAYER.sub("", error.fact)  # the copies of a row are wrong alike
            found.setdefault(key, error)
            copies[key] = copies.get(key, -1) + (key not in copies or key[1] != error.fact)
        if any(isinstance(error, Vanished) for error in found.values()):
            try:
                self.network.count(self.variant)
            except MbcostError as error:
                found = {key: error if other.fact == error.fact else other for key, other in found.items()}
        return [_told_once(error, copies[key]) for key, error in found.items()]


def _told_once(error: MbcostError, more: int) -> MbcostError:
    """An error with the number of rows of its line for which it holds beside this one."""
    if not more:
        return error
    fact = f"{error.fact} (and in {more} more row{'s' * (more > 1)} of this line)"
    return MbcostError(fact, help=error.help, place=error.place)
