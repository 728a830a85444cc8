"""The quantities that come with the program. To add one, declare it here: no other file needs to know."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from mbcost.dims import Dim
from mbcost.dims.bits import Bits
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


def flash(row: Row) -> Dim:
    """Bytes of the weights in int8, and a 32-bit bias for each of their output channels: what ST's model zoo calls Weights Flash.

    >>> import mbcost
    >>> sum(map(flash, mbcost.load("mobilenet_v1").cost("0.25", classes=5).rows))     # 214.69 KiB there
    219844
    """
    return row.weights + 4 * row.filters


def im2col(row: Row) -> Dim:
    """Elements of the matrix of patches K_h K_w M H W that a convolution becomes a matrix product with; a 1 x 1 needs none.

    >>> import mbcost
    >>> [im2col(row) for row in mbcost.load("mobilenet_v1").cost().rows[:3]]
    [338688, 3612672, 0]
    """
    if row.groups is None or row.kernel_size in {None, (1, 1)}:
        return 0
    assert row.kernel_size is not None  # noqa: S101  (said above)
    height, width = row.kernel_size
    if row.kind == "transposed":  # what its product makes, before the patches are added up
        return height * width * row.output[0] * _quotient(row.input_elements, row.input[0])
    return height * width * row.input[0] * _quotient(row.output_elements, row.output[0])


def _quotient(elements: Dim, channels: Dim) -> Dim:
    return elements // channels if type(elements) is int or hasattr(elements, "dtype") else elements / channels


def peak_memory(network: Any, _: Bits) -> list[Dim]:
    """The amounts whose largest is the peak: see :mod:`mbcost.memory`."""
    from mbcost.memory.measures import peak_amounts

    return peak_amounts(network)


def peak_tensors(network: Any) -> list[tuple[str, Dim]]:
    """The tensors alive at the peak."""
    from mbcost.memory.measures import peak_tensors

    return peak_tensors(network)


def peak_step(network: Any) -> str:
    """The step at which the peak is."""
    from mbcost.memory.measures import peak

    return peak(network).step


def arena_tensors(network: Any) -> list[tuple[str, Dim]]:
    """The tensors alive where most is, in bytes of int8; the plan leaves gaps between some."""
    from mbcost.memory.measures import tflm_peak

    return list(tflm_peak(network).tensors)


def arena_step(network: Any) -> str:
    """The step at which most is alive."""
    from mbcost.memory.measures import tflm_peak

    return tflm_peak(network).step


def arena(network: Any, _: Bits) -> list[Dim]:
    """The bytes of TFLite Micro's arena."""
    from mbcost.memory.measures import arena_bytes

    return arena_bytes(network)


def memory_access(network: Any, _: Bits) -> list[Dim]:
    """Elements each row reads and writes, and its weights."""
    from mbcost.memory.measures import accesses

    return [
        moved + row.weights + row.shared_weights for moved, row in zip(accesses(network), network.rows, strict=True)
    ]


def memory_access_bits(network: Any, bits: Bits) -> list[Dim]:
    """The same in bits, of feature maps and of weights each at their own."""
    from mbcost.memory.measures import accesses

    maps, weights = bits.activations(8), bits.weights(8)
    return [
        moved * maps + (row.weights + row.shared_weights) * weights
        for moved, row in zip(accesses(network), network.rows, strict=True)
    ]


def model_time(network: Any, bits: Bits) -> list[Dim]:
    """The modelled time of each row at a ridge point (:mod:`mbcost.memory.roofline`)."""
    return [layer.time for layer in _roofline(network, bits).layers]


def time_bound(network: Any, bits: Bits) -> list[Dim]:
    """The time that a network needs at least."""
    return [_roofline(network, bits).bound]


def _roofline(network: Any, bits: Bits) -> Any:
    from mbcost.memory.roofline import roofline
    from mbcost.quantities.register import QUANTITIES

    QUANTITIES["model_time"].needed(bits)
    assert bits.ridge_point is not None  # noqa: S101  (said above)
    return roofline(network, bits.ridge_point, bits)


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
        holds="weights", also=("size", "bytes"),
    ),
    Quantity(
        "largest_activation", "largest activation",
        "the largest feature map a layer puts out: elements, or bytes at --bits (256KiB)",
        unit="elements", of_row=attrgetter("output_elements"), adds="largest", of_shapes=True, instead="total_activations",
    ),
    Quantity(
        "total_activations", "total activations",
        "outputs of all convolutions and linear layers: elements, or bytes at --bits",
        unit="elements", of_row=activations, of_shapes=True, also=("activations",),
    ),
    Quantity(
        "peak_memory", "peak memory", "the most activations alive at once: elements, or bytes at --bits (256KiB)",
        unit="elements", of_network=peak_memory, made_of=peak_tensors, where=peak_step, adds="largest", bits=8, of_shapes=True,
        ruled=True, instead="memory_access", also=("memory", "peak_activation", "peak_activations", "ram", "working_set"),
    ),
    Quantity(
        "arena", "arena", "bytes TFLite Micro plans for activations in int8 (256KiB)", unit="bytes", of_network=arena,
        made_of=arena_tensors, where=arena_step, adds="largest", dear=True, separates=False, of_shapes=True, limits=("check",),
        also=("tensor_arena",),
    ),
    Quantity(
        "weight_bytes", "weight bytes", "bytes of the weights at --weight-bits or --bits (1MiB)", unit="bytes",
        derived="weights", bits=8, holds="weights",
    ),
    Quantity("flash", "flash", "bytes of weights in int8 and of 32-bit biases (1MiB)", unit="bytes", of_row=flash, also=("rom",)),
    Quantity(
        "memory_access", "memory access", "elements read and written, and weights: a count, or bytes at --bits",
        unit="elements", of_network=memory_access, bits=8, of_shapes=True, also=("mac_cost", "bandwidth", "traffic"),
    ),
    Quantity(
        "memory_access_bytes", "memory access in bytes", "the same in bytes", unit="bytes", of_network=memory_access_bits,
        bits=8, in_bits=True, of_shapes=True, limits=(),
    ),
    Quantity(
        "intensity", "mult-adds a byte", "mult-adds for every byte that is read or written (bits as of memory access)", unit="rational",
        quotient=("mult_adds", "memory_access_bytes"), adds="ratio", bits=8, dear=True, separates=False, limits=(),
        also=("arithmetic_intensity", "operational_intensity"),
    ),
    Quantity(
        "model_time", "modelled time", "sum over layers of max(mult-adds, RP x bytes), in mult-adds at the peak, at a ridge point RP",
        unit="rational", of_network=model_time, bits=8, timed=True, dear=True, separates=False, limits=(), also=("latency", "time"),
    ),
    Quantity(
        "time_bound", "bound on the time", "max(mult-adds, RP x (weights + input + output)), which no network can beat", unit="rational",
        of_network=time_bound, adds="largest", bits=8, timed=True, dear=True, separates=False, limits=(),
    ),
    Quantity(
        "im2col", "im2col", "the largest matrix of patches a convolution is a product with: elements, or bytes at --bits",
        unit="elements", of_row=im2col, adds="largest", bits=8, of_shapes=True, instead="memory_access",
    ),
    Quantity(
        "bit_ops", "bit operations", "mult-adds x bits of weights x bits of activations", derived="mult_adds", bits=8, holds="both",
        also=("bops", "bitops"),
    ),
):  # fmt: skip
    register(_quantity)
