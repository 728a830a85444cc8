"""The walk: one costed row after another, from the input to the last layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from mbcost.dims import Arithmetic, Dim
from mbcost.errors import MbcostError
from mbcost.layers import Layer, Row, Shape
from mbcost.layers.base import borrowed
from mbcost.network.collector import uncollected
from mbcost.network.placed import Placed

__all__ = ["PER_IMAGE", "SUMMED", "Visit", "scaled", "visits", "walk"]

SUMMED = (
    "mult_adds", "params", "weight_mults", "weights", "biases", "bias_adds", "norm_scale", "norm_shift", "norm_stats", "norm_elements",
    "activated", "pool_inputs", "pool_outputs", "products", "adds", "input_elements", "output_elements", "map_mults", "other_params",
    "filters", "shared_weights",
)  # fmt: skip
"""The quantities of a row that add up."""

TRAINED = {
    "params",
    "weights",
    "biases",
    "norm_scale",
    "norm_shift",
    "norm_stats",
    "other_params",
    "filters",
    "shared_weights",
}

PER_IMAGE = tuple([part for part in SUMMED if part not in TRAINED])
"""The quantities that a batch multiplies."""


Visit: TypeAlias = tuple[Layer, list[Shape], Dim, Shape, Row | None]
"""One layer visited: the layer, the shapes it reads, its presence, the shape it makes, and its costed row.

Its presence is 1 or 0, or in a walk over recorded numbers what is 0 or 1; the row is None where it is 0.
"""

Mend: TypeAlias = Callable[[int, Layer, list[Any], Any, MbcostError | None], Any]
"""What the layers below read of layer number n: from its inputs, its output and its error, each None where it is not known."""


def visits(placed: Placed, arith: Arithmetic, start: Any, mend: Mend | None = None) -> Iterator[Visit]:
    """Visit every layer in turn; one that is absent at this alpha passes its first input on.

    With ``mend`` an error does not end the walk, and a shape may be None: not known.

    Raises
    ------
    MbcostError
        With the place of the row that is wrong.
    """
    shapes = [start]
    noted = arith.noted if arith.records else None
    for number, layer in enumerate(placed.layers):
        inputs = [shapes[source] for source in layer.sources]
        present: Dim = 1
        output: Any = None
        row: Row | None = None
        problem = None
        try:
            if mend is not None and None in inputs:
                pass  # what it reads is not known
            elif not layer.conditional:
                output = layer.shape(arith, inputs)
                if noted:
                    output = noted(output)
                row = layer.cost(inputs, output)
                if getattr(layer, "owner", ""):
                    row = borrowed(row, layer, inputs, output, arith)
            else:
                present = arith.enter(layer.present(arith, inputs))
                absent = type(present) is int and not present
                output = arith.noted((layer.absent if absent else layer.shape)(arith, inputs))
                if not absent:
                    row = layer.cost(inputs, output)
                    if getattr(layer, "owner", ""):
                        row = borrowed(row, layer, inputs, output, arith)
                    row = row if type(present) is int else scaled(row, present, SUMMED)
                arith.enter(1)
        except MbcostError as error:
            table, spec = placed.marks[number]
            if error.place is None:
                error.fact = f"{error.fact} in layer `{layer.name}`"
            problem = error.at(table.place(spec.line, spec.column))
            if mend is None:
                raise problem from None
        if mend is not None:
            output = mend(number, layer, inputs, output, problem)
        shapes.append(output)
        yield layer, inputs, present, output, row


@uncollected
def walk(placed: Placed, arith: Arithmetic, start: Shape) -> tuple[Row, ...]:
    """The costed row of every layer that the network has; errors are those of :func:`visits`."""
    return tuple([row for _, _, _, _, row in visits(placed, arith, start) if row is not None])


def scaled(row: Row, factor: Dim, parts: tuple[str, ...]) -> Row:
    """A row with some of its quantities multiplied: by its presence, or by a batch."""
    changes: dict[str, Any] = {part: getattr(row, part) * factor for part in parts}
    return row._replace(**changes)
