"""Layers whose cost the table states itself, and layers whose cost nobody knows.

A count is exact, or it says that it is a lower bound; it is never too small in silence. So a kind that mbcost does not
have is an error, unless the table gives its cost (`op: custom`) or declares that it is not known (`cost: unknown`).
"""

from __future__ import annotations

from typing import Any

from mbcost.dims import Arithmetic, Dim
from mbcost.errors import MbcostError
from mbcost.layers.base import PAIR, WIDTH_MODE, Layer, Made, Row, Shape, Width, kind
from mbcost.layers.fields import Field, Whole

__all__ = ["Custom", "Unknown"]

MULT_ADDS = ("mult_adds", "mult_adds_per_output")
PARAMS = ("params", "params_per_output", "params_per_channel")
AMOUNT = Whole(0, 10**18)


class Custom(Layer):
    """A layer with the cost its row states: whole numbers, or factors an output element or an output channel.

    mult-adds = mult_adds, or mult_adds_per_output * N * H * W; params likewise. All mult-adds count as multiplications
    by a weight and all params as weights. Input (M, H', W'), output (N, H, W): N is `out_channels`, or M without it; the
    map is ceil(D / s), or `output_size`.
    """

    __slots__ = ("amounts", "output_size", "stride", "width")

    def __init__(self, values: dict[str, Any]) -> None:
        out = values["out_channels"]
        self.width = None if out is None else Width(values["width"], out)
        self.stride = values["stride"]
        self.output_size = values["output_size"]
        self.amounts = {name: values[name] for name in (*MULT_ADDS, *PARAMS) if values[name] is not None}
        for names in (MULT_ADDS, PARAMS):
            given = [name for name in names if name in self.amounts]
            if len(given) > 1:
                raise MbcostError(f"`{given[0]}` and `{given[1]}` are both given", help="keep one of them")

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """(N, H, W)."""
        channels, height, width = inputs[0]
        if self.width is not None:
            channels = self.width.channels(arith, inputs)
        if self.output_size is not None:
            return channels, self.output_size[0], self.output_size[1]
        return channels, arith.ceil_div(height, self.stride[0]), arith.ceil_div(width, self.stride[1])

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """What the row states; a cost left out is an error, never zero."""
        for names in (MULT_ADDS, PARAMS):
            if not self.amounts.keys() & set(names):
                raise MbcostError(
                    f"`custom` states no {names[0]}",
                    help=f"give {_listed(names)} (0 if it has none), or `cost: unknown` where nobody knows",
                )
        return self.stated(inputs, output)

    def stated(self, inputs: list[Shape], output: Shape) -> Row:
        """The costed row with what is stated, and nothing for what is not."""
        row = super().cost(inputs, output)
        mults = self._amount(MULT_ADDS, output)
        weights = self._amount(PARAMS, output)
        return row._replace(
            mult_adds=mults,
            weight_mults=mults,
            params=weights,
            weights=weights,
            stride=self.stride,
            filters=output[0] if any(self.amounts.get(name) for name in PARAMS) else 0,
        )

    def _amount(self, names: tuple[str, ...], output: Shape) -> Dim:
        channels, height, width = output
        for name in names:
            amount = self.amounts.get(name)
            if amount is not None:
                if name.endswith("_output"):
                    return amount * channels * height * width
                return amount * channels if name.endswith("_channel") else amount
        return 0


class Unknown(Layer):
    """A layer with `cost: unknown`: it has its kind's shape, and every total that it is part of is a lower bound.

    What a `custom` row states beside is known of it and counts; any other kind counts nothing.
    """

    __slots__ = ("inner",)
    conditional = True

    def __init__(self, inner: Layer) -> None:
        self.inner = inner
        self.name, self.op, self.coded, self.sources = inner.name, inner.op, inner.coded, inner.sources

    def present(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """As the layer itself."""
        return self.inner.present(arith, inputs)

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """As the layer itself."""
        return self.inner.shape(arith, inputs)

    def absent(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """As the layer itself."""
        return self.inner.absent(arith, inputs)

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """As the layer itself: its shapes are known."""
        return self.inner.steps(inputs, output)

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """The row with its shapes, and what is known of its cost."""
        if isinstance(self.inner, Custom):
            row = self.inner.stated(inputs, output)
        else:
            whole = self.inner.cost(inputs, output)
            row = Row(
                self.name, self.op, whole.kind, whole.input, whole.output,
                kernel_size=whole.kernel_size, stride=whole.stride, groups=whole.groups, coded=whole.coded,
                input_elements=whole.input_elements, output_elements=whole.output_elements,
            )  # fmt: skip
        return row._replace(name=self.name, exact=False)


def _listed(names: tuple[str, ...]) -> str:
    return " or ".join([", ".join(f"`{name}`" for name in names[:-1]), f"`{names[-1]}`"])


@kind(
    "custom",
    Field("out_channels", Whole(), None, "number of output channels N, before alpha; default those of the input"),
    Field("width", WIDTH_MODE, "scale", "how alpha acts on out_channels: scale, grow (only above 1) or fixed"),
    Field("stride", PAIR, (1, 1), "stride, one number or [height, width]: the map is ceil(D / s)"),
    Field("output_size", PAIR, None, "size of the output map, instead of a stride"),
    Field("mult_adds", AMOUNT, None, "mult-adds an image, at every alpha and resolution"),
    Field("mult_adds_per_output", AMOUNT, None, "mult-adds an output element, N * H * W of them"),
    Field("params", AMOUNT, None, "params, at every alpha"),
    Field("params_per_output", AMOUNT, None, "params an output element, N * H * W of them"),
    Field("params_per_channel", AMOUNT, None, "params an output channel"),
    doc="a layer with a cost of its own: whole numbers, or factors an output element",
)
def _custom(values: dict[str, Any]) -> list[Any]:
    return [("", Custom(values), (-1,))]
