"""The quantities that come with the program. To add one, declare it here: no other file needs to know."""

from __future__ import annotations

from operator import attrgetter

from mbcost.dims import Dim
from mbcost.layers import Row
from mbcost.quantities.register import Quantity, register

__all__ = ["BASIC", "TOTALS"]

BASIC = ("mult_adds", "params")
"""What every report shows unless it is asked for other columns."""

TOTALS = (*BASIC, "weights", "biases", "norm_params", "norm_stats")
"""What every costed row and network carries in JSON under a key of its own; the others are under ``quantities``."""


def activations(row: Row) -> Dim:
    """Outputs of a layer with weights, before a squeeze-and-excite's product; 0 of any other layer.

    >>> import mbcost
    >>> sum(map(activations, mbcost.load("mobilenet_v1").cost().rows))       # timm prints 5.04 M
    5043688
    """
    return 0 if type(row.weights) is int and row.weights == 0 else row.weighted_outputs


for _quantity in (
    Quantity(
        "mult_adds", "mult-adds", "multiplications with an addition each (300M)", of_row=attrgetter("mult_adds"),
        also=("macs", "madds", "mult-adds", "multadds"),
    ),
    Quantity(
        "flops", "FLOPs (2 x mult-adds)", "two for every mult-add", derived="mult_adds", factor=2, limits=("solve",),
    ),
    Quantity("params", "params", "params (3M)", of_row=attrgetter("params"), also=("parameters",)),
    Quantity("weights", "weights", "weights of convolutions and linear layers", of_row=attrgetter("weights")),
    Quantity("biases", "biases", "their biases", of_row=attrgetter("biases"), limits=()),
    Quantity("norm_params", "norm params", "gamma and beta of normalisations", of_row=attrgetter("norm_params"), limits=()),
    Quantity(
        "norm_stats", "norm stats", "running means and variances, which are not trained", of_row=attrgetter("norm_stats"),
        limits=(),
    ),
    Quantity(
        "model_bytes", "model bytes", "bytes of the params at --bits (4MiB)", unit="bytes", derived="params",
        also=("size", "bytes"),
    ),
    Quantity(
        "largest_activation", "largest activation",
        "the largest feature map a layer puts out: elements, or bytes at --bits (256KiB)",
        unit="elements", of_row=attrgetter("output_elements"), adds="largest", of_shapes=True, instead="total_activations",
        also=("memory", "peak_activation"),
    ),
    Quantity(
        "total_activations", "total activations",
        "outputs of all convolutions and linear layers: elements, or bytes at --bits",
        unit="elements", of_row=activations, of_shapes=True, also=("activations",),
    ),
):  # fmt: skip
    register(_quantity)
