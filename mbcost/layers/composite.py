"""The building blocks of the MobileNets: separable, inverted residual, fused inverted residual, squeeze-and-excite.

A composite row becomes a few plain layers with fixed part names. Which of them a network has can depend on alpha (an
expansion that would not widen its input is left out); such a layer is conditional, and its presence is a number, 0 or 1,
so that a symbolic or an array alpha is decided point by point and never by guess.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mbcost.dims import Arithmetic, Dim, Rounding
from mbcost.errors import MbcostError
from mbcost.layers.base import (
    ACTIVATION,
    CODED_FIELD,
    COUNT,
    FLAG,
    ROUNDING,
    SQUEEZE,
    Layer,
    Made,
    Row,
    Shape,
    Width,
    activation_field,
    kind,
)  # fmt: skip
from mbcost.layers.conv import (
    BIAS,
    DILATION,
    EXPANSION,
    KERNEL3,
    NORMED,
    OUT,
    OWN_ROUNDING,
    PAD,
    STRIDE,
    WIDTH,
    Conv,
    Depthwise,
    out_width,
)
from mbcost.layers.elementwise import Add, alike, shape_text
from mbcost.layers.fields import Choice, Field

__all__ = ["Excite", "Expand", "FusedConv", "FusedProject", "Reduce", "Residual"]


class Expand(Conv):
    """The 1 x 1 expansion of an inverted residual; absent where it would not change the number of channels."""

    __slots__ = ()
    conditional = True

    def present(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """0 where the expanded width equals the input's (MobileNetV2 code: no expansion convolution then)."""
        return arith.unequal(self.channels(arith, inputs), inputs[0][0])


class Residual(Add):
    """The add of a residual; absent where input and output channels differ (GRAMMAR 10)."""

    __slots__ = ()
    conditional = True

    def present(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """1 where the channels of both sides agree."""
        return 1 - arith.unequal(inputs[0][0], inputs[1][0])

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The common shape; a padding that shrinks the map leaves nothing to add the input to."""
        if not alike(arith, inputs, 1):
            raise MbcostError(
                f"a residual between maps of {shape_text(inputs[1])} and {shape_text(inputs[0])}",
                help="use `padding: same`, or `residual: false`",
            )
        return inputs[0]


class FusedConv(Conv):
    """The K x K convolution of a fused inverted residual: to the expanded width, or where nothing expands to the output."""

    __slots__ = ("final",)

    def __init__(self, values: dict[str, Any], expanded: Width) -> None:
        super().__init__(values, expanded)
        self.final = out_width(values | {"expansion": None})

    def channels(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """The expanded width, or the output width where the expanded one equals the input's."""
        expanded = self.width.channels(arith, inputs)
        grows = arith.unequal(expanded, inputs[0][0])
        final = self.final.channels(arith, inputs)
        return final + grows * (expanded - final)


class FusedProject(Conv):
    """The 1 x 1 projection of a fused inverted residual; absent where nothing expands. Inputs: expanded map, block input."""

    __slots__ = ("expanded",)
    conditional = True

    def __init__(self, values: dict[str, Any], expanded: Width, final: Width) -> None:
        super().__init__(
            values, final, kernel_size=(1, 1), stride=(1, 1), padding="same", dilation=(1, 1), activation="none"
        )
        self.expanded = expanded

    def present(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """1 where the block expands."""
        return arith.unequal(self.expanded.channels(arith, inputs[1:]), inputs[1][0])


class Reduce(Layer):
    """First half of squeeze-and-excite: global average, then a biased 1 x 1 convolution to the squeezed width R.

    mult-adds = M * R (on one position), params = M * R + R. Input (M, H, W), output (R, 1, 1).
    """

    __slots__ = ("activation", "width")

    def __init__(self, width: Width, activation: str) -> None:
        self.width = width
        self.activation = activation

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """(R, 1, 1)."""
        return self.width.channels(arith, inputs), 1, 1

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The pooled vector, then the squeezed one."""
        pooled = Made((inputs[0][0], 1, 1), part="pool", does="global_pool")
        return pooled, Made(output, (-1,), self.activation, "linear", "linear")

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """The pooled map and the first convolution."""
        m, height, width = inputs[0]
        r = output[0]
        weights = m * r
        elements = m * height * width
        row = Row(
            self.name, self.op, "squeeze_excite", inputs[0], output, weights, weights + r, (1, 1), (1, 1), 1, weights, weights, r, r,
            activation=self.activation, activated=r if self.activation != "none" else 0,
            pool="global", pool_inputs=elements, pool_outputs=m, input_elements=elements, output_elements=r, coded=self.coded,
            filters=r,
        )  # fmt: skip
        return self.sloped(row) if self.activation == "prelu" else row


class Excite(Layer):
    """Second half of squeeze-and-excite: a biased 1 x 1 convolution back, a gate, and the product with the map.

    mult-adds = R * M, params = R * M + M, products = M * H * W. Inputs (R, 1, 1) and (M, H, W), output (M, H, W).
    """

    __slots__ = ("activation",)

    def __init__(self, activation: str) -> None:
        self.activation = activation

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The gated map has the map's shape."""
        return inputs[1]

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The gate, then the gated map."""
        gate = Made((inputs[1][0], 1, 1), (0,), self.activation, "linear", "linear")
        return gate, Made(inputs[1], (-1, 1), part="multiply", does="multiply")

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """The second convolution, the gate and the products."""
        r = inputs[0][0]
        m, height, width = output
        weights = r * m
        elements = m * height * width
        return Row(
            self.name, self.op, "squeeze_excite", inputs[0], output, weights, weights + m, (1, 1), (1, 1), 1, weights, weights, m, m,
            activation=self.activation, activated=m if self.activation != "none" else 0, products=elements,
            input_elements=r + elements, output_elements=elements, coded=self.coded, filters=m,
        )  # fmt: skip


def squeezed(ratio: Fraction, of: int, rounding: Rounding | None) -> Width:
    """The squeezed width; a rule that only truncates keeps at least one channel (EfficientNet, MnasNet)."""
    return Width("ratio", ratio, of, rounding, least=1)


def expanded_width(values: dict[str, Any]) -> Width:
    """The expanded width of an inverted residual."""
    t, n = values.get("expansion"), values.get("expanded")
    if (t is None) == (n is None):
        given = "both given" if t is not None else "both missing"
        raise MbcostError(
            f"`expansion` and `expanded` are {given}",
            help="give one: `expansion` times the input, or `expanded` channels before alpha",
        )
    own = values.get("rounding")
    if n is not None:
        return Width(values.get("width") or "scale", n, rounding=own)
    return Width("ratio", values["expansion"], rounding=own)


SE_FIELDS = (
    Field("se_rounding", ROUNDING, None, "rounding of the squeezed width; default the table's"),
    Field("se_activation", ACTIVATION, "relu", "activation between the two convolutions of squeeze-and-excite"),
    Field("se_gate", ACTIVATION, "hard_sigmoid", "gate of squeeze-and-excite"),
)
EXPANDED = Field("expanded", COUNT, None, "expanded channels before alpha, instead of `expansion`")
RESIDUAL = Field(
    "residual", FLAG, True, "false leaves the residual out; else it is there where stride is 1 and the channels agree"
)
TIMES = EXPANSION._replace(doc="expanded width as a multiple of the actual input channels")
ACTIVE = activation_field("relu")
EXPAND = Field(
    "expand", Choice("needed", "always"), "needed",
    "always: the expansion is a convolution also where it widens nothing (FBNet, EdgeTPU, MobileNetV2's first code)",
)  # fmt: skip


@kind(
    "separable", KERNEL3, OUT, WIDTH, OWN_ROUNDING, STRIDE, PAD, DILATION,
    Field("multiplier", COUNT, 1, "depthwise outputs per input channel; never scaled by alpha"), NORMED, ACTIVE, BIAS, CODED_FIELD,
    doc="depthwise separable convolution: depthwise K x K, then pointwise",
)  # fmt: skip
def _separable(values: dict[str, Any]) -> list[Any]:
    pointwise = Conv(values, kernel_size=(1, 1), stride=(1, 1), padding="same", dilation=(1, 1))
    return [("depthwise", Depthwise(values), (-1,)), ("pointwise", pointwise, (0,))]


@kind(
    "inverted_residual", KERNEL3, TIMES, EXPANDED, EXPAND, OUT, WIDTH, OWN_ROUNDING, STRIDE, PAD, DILATION, NORMED, ACTIVE, BIAS,
    Field("se", SQUEEZE, None, "squeeze ratio of squeeze-and-excite, or none"),
    Field("se_of", Choice("expanded", "input"), "expanded", "what the squeeze ratio multiplies"), *SE_FIELDS, RESIDUAL, CODED_FIELD,
    doc="inverted residual (MobileNetV2): expand 1 x 1, depthwise K x K, squeeze-and-excite, project 1 x 1, add",
)  # fmt: skip
def _inverted_residual(values: dict[str, Any]) -> list[Any]:
    plain = {"kernel_size": (1, 1), "stride": (1, 1), "padding": "same", "dilation": (1, 1)}
    out = out_width(values | {"expansion": None})
    parts: list[Any] = [
        ("expand", (Conv if values["expand"] == "always" else Expand)(values, expanded_width(values), **plain), (-1,)),
        ("depthwise", Depthwise(values), (0,)),
    ]
    if values["se"] is not None:
        of = 0 if values["se_of"] == "expanded" else 1
        parts.append(
            ("se/reduce", Reduce(squeezed(values["se"], of, values["se_rounding"]), values["se_activation"]), (1, -1))
        )
        parts.append(("se/expand", Excite(values["se_gate"]), (2, 1)))
    parts.append(("project", Conv(values, out, activation="none", **plain), (len(parts) - 1,)))
    return _with_residual(values, parts)


@kind(
    "fused_inverted_residual", KERNEL3, TIMES, EXPANDED, EXPAND, OUT, WIDTH, OWN_ROUNDING, STRIDE, PAD, DILATION, NORMED, ACTIVE, BIAS, RESIDUAL, CODED_FIELD,
    doc="fused inverted residual (EfficientNetV2, EdgeTPU): K x K to the expanded width, project 1 x 1, add",
)  # fmt: skip
def _fused_inverted_residual(values: dict[str, Any]) -> list[Any]:
    expanded = expanded_width(values)
    final = out_width(values | {"expansion": None})
    parts: list[Any] = [
        ("conv", FusedConv(values, expanded), (-1,)),
        ("project", FusedProject(values, expanded, final), (0, -1)),
    ]
    if values["expand"] == "always":
        plain = {"kernel_size": (1, 1), "stride": (1, 1), "padding": "same", "dilation": (1, 1)}
        parts = [
            ("conv", Conv(values, expanded), (-1,)),
            ("project", Conv(values, final, activation="none", **plain), (0,)),
        ]
    return _with_residual(values, parts)


def _with_residual(values: dict[str, Any], parts: list[Any]) -> list[Any]:
    if values["residual"] and values["stride"] == (1, 1):
        parts.append(("add", Residual("none"), (len(parts) - 1, -1)))
    return parts


@kind(
    "squeeze_excite", Field("se", SQUEEZE, Fraction(1, 4), "squeeze ratio, of the input's channels"), *SE_FIELDS, CODED_FIELD,
    doc="squeeze-and-excite as a row of its own",
)  # fmt: skip
def _squeeze_excite(values: dict[str, Any]) -> list[Any]:
    if values["se"] is None:
        raise MbcostError("`se: none` on a squeeze_excite row", help="leave the row out instead")
    reduce = Reduce(squeezed(values["se"], 0, values["se_rounding"]), values["se_activation"])
    return [("reduce", reduce, (-1,)), ("expand", Excite(values["se_gate"]), (0, -1))]
