"""What a network holds in memory: its model in bytes, and its activations.

"Memory" means many things, so each has a name here: the bytes of the params at a bit width, the largest feature map a
layer puts out, and the sum of the maps that convolutions and linear layers put out.
"""

from __future__ import annotations

from collections.abc import Iterable

from mbcost.dims import Dim
from mbcost.layers import Row

__all__ = ["activations", "bytes_at", "largest_activation", "model_bytes", "total_activations"]


def bytes_at(elements: Dim, bits: int) -> Dim:
    """Bytes of so many elements of some bits each, rounded up.

    >>> bytes_at(4231976, 32), bytes_at(3, 4)
    (16927904, 2)
    """
    return -(-elements * bits // 8)


def model_bytes(rows: Iterable[Row], bits: int = 32) -> Dim:
    """Bytes of the params of the convention at a bit width, as a file without any header would have them.

    >>> import mbcost
    >>> model_bytes(mbcost.load("mobilenet_v1").cost().rows, bits=8)
    4231976
    """
    return bytes_at(sum(row.params for row in rows), bits)


def largest_activation(rows: Iterable[Row]) -> Dim:
    """Elements of the largest feature map that a layer puts out (the image itself is no activation).

    >>> import mbcost
    >>> largest_activation(mbcost.load("mobilenet_v1").cost().rows)      # 64 x 112 x 112
    802816
    """
    return max((row.output_elements for row in rows), default=0)


def activations(row: Row) -> Dim:
    """Outputs of a convolution or linear layer, 0 for any other layer: positions of the window times output channels."""
    return row.weight_mults // row.weights * row.output[0] if row.weights else 0


def total_activations(rows: Iterable[Row]) -> Dim:
    """Outputs of all convolutions and linear layers: the activations of "Designing Network Design Spaces" and of timm's tables.

    >>> import mbcost
    >>> total_activations(mbcost.load("mobilenet_v1").cost().rows)       # timm prints 5.04 M
    5043688
    """
    return sum(activations(row) for row in rows)
