"""A layer that another one does the work of: what the standard twin has in the place of a depthwise layer."""

from __future__ import annotations

from mbcost.dims import Arithmetic, Dim
from mbcost.layers.base import Layer, Made, Shape

__all__ = ["Vacant"]


class Vacant(Layer):
    """The place of a depthwise layer in the standard twin: no layer, but what stood behind it still sees its map.

    So the squeeze-and-excite between a pair costs in the twin what it costs in the network. In memory it stands before the
    convolution that takes the pair's place: layer number ``pointwise`` reads feature map ``through``, what the pair's
    second half read.
    """

    __slots__ = ("pointwise", "through", "window")
    conditional = True

    def __init__(self, window: Layer, pointwise: int, through: int) -> None:
        self.window, self.pointwise, self.through = window, pointwise, through
        self.name, self.op, self.coded = window.name, window.op, window.coded

    def present(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """Never."""
        return 0

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """Nothing."""
        return ()

    def absent(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The map the depthwise layer would put out."""
        return self.window.shape(arith, inputs)
