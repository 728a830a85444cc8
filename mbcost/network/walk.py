"""The walk: one costed row after another, from the input to the last layer."""

from __future__ import annotations

from typing import Any

from mbcost.dims import Arithmetic, Dim
from mbcost.errors import MbcostError
from mbcost.layers import Layer, Row, Shape
from mbcost.network.collector import uncollected
from mbcost.network.placed import Placed

__all__ = ["PARTS", "PER_IMAGE", "scaled", "walk"]

PARTS = (
    "mult_adds", "params", "weight_mults", "weights", "biases", "bias_adds", "norm_scale", "norm_shift", "norm_stats", "norm_elements",
    "activated", "pool_inputs", "pool_outputs", "products", "adds", "input_elements", "output_elements", "map_mults", "other_params",
    "filters",
)  # fmt: skip
"""The quantities of a row that add up."""

PER_IMAGE = tuple(
    part
    for part in PARTS
    if part not in {"params", "weights", "biases", "norm_scale", "norm_shift", "norm_stats", "other_params", "filters"}
)
"""The quantities that a batch multiplies."""


@uncollected
def walk(placed: Placed, arith: Arithmetic, start: Shape) -> tuple[Row, ...]:
    """Cost every layer in turn; a layer that is absent at this alpha passes its first input on.

    Raises
    ------
    MbcostError
        With the place of the row that is wrong.
    """
    shapes: list[Shape] = [start]
    rows: list[Row] = []
    layer: Layer
    try:
        for layer in placed.layers:
            inputs = [shapes[source] for source in layer.sources]
            if layer.conditional:
                present = layer.present(arith, inputs)
                if type(present) is int and not present:
                    shapes.append(layer.absent(arith, inputs))
                    continue
                output = layer.shape(arith, inputs)
                row = layer.cost(inputs, output)
                rows.append(row if type(present) is int else scaled(row, present, PARTS))
            else:
                output = layer.shape(arith, inputs)
                rows.append(layer.cost(inputs, output))
            shapes.append(output)
    except MbcostError as error:
        table, spec = placed.marks[placed.layers.index(layer)]
        if error.place is None:
            error.fact = f"{error.fact} in layer `{layer.name}`"
        raise error.at(table.place(spec.line, spec.column)) from None
    return tuple(rows)


def scaled(row: Row, factor: Dim, parts: tuple[str, ...]) -> Row:
    """A row with some of its quantities multiplied: by its presence, or by a batch."""
    changes: dict[str, Any] = {part: getattr(row, part) * factor for part in parts}
    return row._replace(**changes)
