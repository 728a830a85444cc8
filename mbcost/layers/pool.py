"""Pooling: no mult-adds under the papers' rule; how many elements go in and out is kept for the counters that differ."""

from __future__ import annotations

from typing import Any

from mbcost.dims import Arithmetic, Dim
from mbcost.errors import MbcostError
from mbcost.layers.base import CODED_FIELD, FLAG, PADDING, PAIR, Layer, Row, Shape, Vanished, kind, window
from mbcost.layers.fields import REQUIRED, Field

__all__ = ["GlobalPool", "Pool"]


class Pool(Layer):
    """Maximum or average over a window. Input (M, H', W'), output (M, H, W).

    With `ceil` the last window may hang over the lower or right edge, as in Caffe, SqueezeNet and GoogLeNet; a window that
    would start outside the map and its leading padding is dropped, as Caffe and PyTorch do.
    """

    __slots__ = ("ceil", "kernel_size", "padding", "stride")

    def __init__(self, values: dict[str, Any]) -> None:
        self.kernel_size = values["kernel_size"]
        self.stride = values["stride"]
        self.padding = values["padding"]
        self.ceil = values["ceil"]

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The map under the window."""
        channels, height, width = inputs[0]
        if self.padding == "same":
            return channels, arith.ceil_div(height, self.stride[0]), arith.ceil_div(width, self.stride[1])
        top, bottom, left, right = self.padding
        side = self._ceil_side if self.ceil else window
        return (
            channels,
            side(arith, height, self.kernel_size[0], self.stride[0], top, bottom),
            side(arith, width, self.kernel_size[1], self.stride[1], left, right),
        )

    @staticmethod
    def _ceil_side(arith: Arithmetic, size: Dim, kernel: int, stride: int, before: int, after: int) -> Dim:
        """ceil((D + P - K) / s) + 1, less one where the last window starts at or beyond D + before."""
        positions = arith.ceil_div(size + (before + after - kernel), stride) + 1
        if after + stride > kernel:  # only then can a window start outside
            positions = positions - arith.at_least((positions - 1) * stride, size + before)
        if not arith.must_reach(positions, 1):
            raise Vanished(
                f"a window of {kernel} does not fit a map of {size} padded by {before + after}: the map vanishes"
            )
        return positions

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """Pooled inputs and outputs."""
        row = super().cost(inputs, output)
        return row._replace(
            kernel_size=self.kernel_size, stride=self.stride, pool=self.op.removesuffix("_pool"),
            pool_inputs=row.input_elements, pool_outputs=row.output_elements,
        )  # fmt: skip


class GlobalPool(Layer):
    """Average over the whole map, to 1 x 1 or `output_size`. Input (M, H, W), output (M, 1, 1)."""

    __slots__ = ("output_size",)

    def __init__(self, output_size: tuple[int, int]) -> None:
        self.output_size = output_size

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The channels on a map of the output size."""
        return inputs[0][0], self.output_size[0], self.output_size[1]

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """Pooled inputs and outputs."""
        row = super().cost(inputs, output)
        return row._replace(pool="global", pool_inputs=row.input_elements, pool_outputs=row.output_elements)


SLIDING = (
    Field("kernel_size", PAIR, REQUIRED, "window size, one number or [height, width]"),
    Field("stride", PAIR, None, "stride, one number or [height, width]; a window of more than one element says it"),
    Field("padding", PADDING, "same", "same, valid, a number, or [top, bottom, left, right]"),
    Field("ceil", FLAG, False, "whether the last window may hang over the edge"),
    CODED_FIELD,
)


def _pool(values: dict[str, Any]) -> list[Any]:
    """A pool whose stride is stated: of frameworks some take 1 where it is not, some the size of the window."""
    kernel = values["kernel_size"]
    if values["stride"] is None and kernel != (1, 1):
        size = str(kernel[0]) if kernel[0] == kernel[1] else f"[{kernel[0]}, {kernel[1]}]"
        raise MbcostError(
            "a pool without `stride`",
            help=f"write `stride: {size}` for windows side by side, as Keras and PyTorch have it unless told otherwise, or `stride: 1`",
        )
    return [("", Pool({**values, "stride": values["stride"] or (1, 1)}), (-1,))]


@kind("max_pool", *SLIDING, doc="maximum over a window")
def _max_pool(values: dict[str, Any]) -> list[Any]:
    return _pool(values)


@kind("avg_pool", *SLIDING, doc="average over a window")
def _avg_pool(values: dict[str, Any]) -> list[Any]:
    return _pool(values)


@kind(
    "global_pool",
    Field("output_size", PAIR, (1, 1), "size of the output map"),
    CODED_FIELD,
    doc="average over the whole map",
)
def _global_pool(values: dict[str, Any]) -> list[Any]:
    return [("", GlobalPool(values["output_size"]), (-1,))]
