"""Convolutions and linear layers: where the mult-adds and the weights are."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from mbcost.dims import Arithmetic, Dim
from mbcost.errors import MbcostError
from mbcost.layers.base import (
    CODED_FIELD,
    COUNT,
    FLAG,
    GROUPS,
    NORM,
    PADDING,
    PAIR,
    RATIO,
    ROUNDING,
    WIDTH_MODE,
    Layer,
    Made,
    Row,
    Shape,
    Vanished,
    Width,
    activation_field,
    bounded,
    kind,
    norm_values,
    window,
)  # fmt: skip
from mbcost.layers.fields import REQUIRED, Field, Pair, RowName

__all__ = ["Conv", "Depthwise", "Linear", "divide"]


def divide(a: Dim, b: Dim, what: str, by: str) -> Dim:
    """a / b where it must be whole; an error names both values and the divisors that would work."""
    if type(a) is int and type(b) is int:
        if a % b:
            options = [str(d) for d in range(1, min(a, 64) + 1) if a % d == 0]
            raise MbcostError(
                f"`{what}` (={a}) must be divisible by `{by}` (={b})", help=f"set `{by}` to {_or(options)}"
            )
        return a // b
    if isinstance(a, int | Fraction):
        return Fraction(a) / b
    if hasattr(a, "dtype"):
        if (a % b).any():
            raise MbcostError(
                f"`{what}` must be divisible by `{by}` (={b}) at every point",
                help=f"choose alphas at which {what} is a multiple of {b}",
            )
        return a // b
    return a / b


def _or(options: list[str]) -> str:
    return options[0] if len(options) == 1 else ", ".join(options[:-1]) + " or " + options[-1]


class Conv(Layer):
    """Convolution: K_h x K_w kernels over M / groups channels each, N of them, at every output position.

    mult-adds = K_h * K_w * (M / groups) * N * H * W (MobileNets, section 3.1, with the output size for D_F; a stride or
    padding only changes H and W). weights = K_h * K_w * (M / groups) * N. A bias has N values, added once an output
    element; a batch norm 2 N trained values. Input (M, H', W'), output (N, H, W).
    """

    __slots__ = (
        "activation", "bias", "dilation", "group_width", "groups", "kernel_size", "norm", "padding", "stride", "width",
    )  # fmt: skip
    per_channel: ClassVar[bool] = False

    def __init__(self, values: dict[str, Any], width: Width | None = None, **changes: Any) -> None:
        get = values.get
        self.kernel_size = changes.get("kernel_size") or get("kernel_size") or (1, 1)
        self.stride = changes.get("stride") or get("stride") or (1, 1)
        self.padding = changes.get("padding", get("padding", "same"))
        self.dilation = changes.get("dilation") or get("dilation") or (1, 1)
        groups = get("groups") or 1
        self.group_width = groups["width"] if isinstance(groups, dict) else None
        self.groups = 0 if isinstance(groups, dict) else groups  # 0: as many as the width of one makes
        self.norm = changes.get("norm", get("norm", "batch"))
        self.activation = changes.get("activation", get("activation", "relu"))
        bias = changes.get("bias", get("bias"))
        self.bias = self.norm == "none" if bias is None else bias
        self.width = width or out_width(values)

    def channels(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """The number of output channels N."""
        return self.width.channels(arith, inputs)

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """(N, H, W): ``same`` gives ceil(D / s), else the number of window positions."""
        _, height, width = inputs[0]
        (k_h, k_w), (s_h, s_w), (d_h, d_w) = self.kernel_size, self.stride, self.dilation
        if self.padding == "same":
            return (
                self.channels(arith, inputs),
                height if s_h == 1 else arith.ceil_div(height, s_h),
                width if s_w == 1 else arith.ceil_div(width, s_w),
            )
        top, bottom, left, right = self.padding
        return (
            self.channels(arith, inputs),
            window(arith, height, k_h, s_h, top, bottom, d_h),
            window(arith, width, k_w, s_w, left, right, d_w),
        )

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The map, normalised and activated where it stands."""
        return (Made(output, activation=self.activation),)

    def grouping(self, channels: Dim) -> Dim:
        """The number of groups for so many input channels."""
        if self.group_width is None:
            return self.groups
        return divide(channels, self.group_width, "in_channels", "groups.width")

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """The formulas of the class docstring."""
        shape = inputs[0]
        m, height, width = shape
        n, out_height, out_width = output
        k_h, k_w = self.kernel_size
        groups = self.grouping(m)
        if self.per_channel:
            per_output: Dim = 1
            named = "depthwise"
        else:
            per_output = self.group_width or (m if groups == 1 else divide(m, groups, "in_channels", "groups"))
            if self.groups == 1:
                named = "pointwise" if k_h == k_w == 1 else "conv"
            else:
                if self.group_width is None or n != m:
                    divide(n, groups, "out_channels", "groups")
                named = "depthwise" if type(per_output) is int and per_output == 1 else "conv"
        weights = k_h * k_w * per_output * n
        positions = out_height * out_width
        elements = n * positions
        mults = weights * positions
        biases = n if self.bias else 0
        scale, shift, stats, normed = (
            (n, n, 2 * n, elements) if self.norm == "batch" else norm_values(self.norm, n, elements)
        )
        row = Row(
            self.name, self.op, named, shape, output, mults, weights + biases + scale + shift, self.kernel_size, self.stride,
            groups, mults, weights, biases, elements if biases is n else 0, scale, shift, stats, normed,
            self.activation, elements if self.activation != "none" else 0, "", 0, 0, 0, 0, m * height * width, elements, self.coded,
            filters=n, norm=self.norm,
        )  # fmt: skip
        return self.sloped(row) if self.activation == "prelu" else row


class Depthwise(Conv):
    """Depthwise convolution: one K x K kernel a channel (or `multiplier` of them), no sum over channels.

    mult-adds = K_h * K_w * M * multiplier * H * W (MobileNets, section 3.1, eq. 4). Input (M, H', W'), output
    (M * multiplier, H, W).
    """

    __slots__ = ("multiplier",)
    per_channel = True

    def __init__(self, values: dict[str, Any], **changes: Any) -> None:
        super().__init__(values, Width("fixed", 0), **changes)
        self.multiplier = values.get("multiplier") or 1

    def channels(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """M * multiplier: a depthwise convolution has no width of its own."""
        return inputs[0][0] if self.multiplier == 1 else bounded(inputs[0][0] * self.multiplier, "channels")

    def grouping(self, channels: Dim) -> Dim:
        """As many groups as input channels."""
        return channels


class Linear(Layer):
    """Linear (fully connected) layer: mult-adds = weights = M * N, a bias of N. Input (M, 1, 1), output (N, 1, 1)."""

    __slots__ = ("activation", "bias", "norm", "width")

    def __init__(self, values: dict[str, Any]) -> None:
        self.norm = values.get("norm") or "none"
        self.activation = values.get("activation") or "none"
        bias = values.get("bias")
        self.bias = True if bias is None else bias
        self.width = out_width(values)

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """(N, 1, 1); a map larger than 1 x 1 is an error."""
        _, height, width = inputs[0]
        if not (arith.must_equal(height, 1) and arith.must_equal(width, 1)):
            raise MbcostError(
                f"a linear layer on a map of {height} x {width}",
                help="put `- {op: flatten}` or `- {op: global_pool}` above it, or use a 1 x 1 conv",
            )
        return self.width.channels(arith, inputs), 1, 1

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The vector, activated where it stands."""
        return (Made(output, activation=self.activation),)

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """The formulas of the class docstring."""
        m = inputs[0][0]
        n = output[0]
        weights = m * n
        biases = n if self.bias else 0
        scale, shift, stats, normed = norm_values(self.norm, n, n)
        row = Row(
            self.name, self.op, "linear", inputs[0], output, weights, weights + biases + scale + shift, (1, 1), (1, 1), 1, weights, weights,
            biases, biases, scale, shift, stats, normed, self.activation, n if self.activation != "none" else 0,
            input_elements=m, output_elements=n, coded=self.coded, filters=n, norm=self.norm,
        )  # fmt: skip
        return self.sloped(row) if self.activation == "prelu" else row


class Transposed(Conv):
    """Transposed convolution: each of the M x H' x W' input elements is spread over K x K positions of N / groups maps.

    mult-adds = K_h * K_w * M * (N / groups) * H' * W', at the input's positions (a weight meets every input element once;
    what falls outside the output is counted too, as PyTorch's counter does). Input (M, H', W'), output (N, H, W) with
    H = (H' - 1) * s - P + K' + output_padding, K' = dilation * (K - 1) + 1 (arXiv:1603.07285, section 4); `same` is H' * s.
    """

    __slots__ = ("output_padding",)

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.output_padding = values["output_padding"]

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """(N, H, W) of the class docstring."""
        _, height, width = inputs[0]
        channels = self.channels(arith, inputs)
        if self.padding == "same":
            return channels, bounded(height * self.stride[0], "rows"), bounded(width * self.stride[1], "columns")
        top, bottom, left, right = self.padding
        return channels, self._side(arith, height, 0, top + bottom), self._side(arith, width, 1, left + right)

    def _side(self, arith: Arithmetic, size: Dim, axis: int, padding: int) -> Dim:
        extent = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
        side = size * self.stride[axis] + (extent + self.output_padding[axis] - self.stride[axis] - padding)
        if not arith.must_reach(side, 1):
            raise Vanished(
                f"a transposed window of {extent} under a padding of {padding} leaves nothing of a map of {size}"
            )
        return bounded(side, "rows" if axis == 0 else "columns")

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """A convolution's row, with its mult-adds at the input's positions."""
        row = super().cost(inputs, output)
        _, height, width = inputs[0]
        mults = row.weights * height * width
        return row._replace(kind="transposed", mult_adds=mults, weight_mults=mults)


def out_width(values: dict[str, Any]) -> Width:
    """The width a row asks for with `out_channels` (and `width`) or with `expansion`."""
    out, expansion, own = values.get("out_channels"), values.get("expansion"), values.get("rounding")
    if out is not None and expansion is not None:
        raise MbcostError("`out_channels` and `expansion` are both given", help="keep one of them")
    if out is not None:
        if values.get("of") is not None:
            raise MbcostError(
                "`of` without `expansion`", help="`of` names the row whose channels `expansion` multiplies"
            )
        return Width(values.get("width") or "scale", out, rounding=own)
    if expansion is not None:
        return Width("ratio", expansion, 0 if values.get("of") is None else 1, own)
    raise MbcostError(
        "`out_channels` is missing", help="give `out_channels`, or `expansion` for a multiple of the input's channels"
    )


OUT = Field("out_channels", COUNT, None, "number of output channels N, before alpha")
WIDTH = Field("width", WIDTH_MODE, "scale", "how alpha acts: scale, grow (only above 1) or fixed")
OF = Field("of", RowName(), None, "the earlier row whose channels `expansion` multiplies; default the row's input")
OWN_ROUNDING = Field("rounding", ROUNDING, None, "rule for the row's widths, instead of the table's")
EXPANSION = Field("expansion", RATIO, None, "output channels as a multiple of the actual input channels")
STRIDE = Field("stride", PAIR, (1, 1), "stride, one number or [height, width]")
PAD = Field("padding", PADDING, "same", "same, valid, a number, or [top, bottom, left, right]")
DILATION = Field("dilation", PAIR, (1, 1), "dilation, one number or [height, width]")
NORMED = Field("norm", NORM, "batch", "normalisation after the convolution, or none")
BIAS = Field("bias", FLAG, None, "a bias per output channel; by default where there is no norm")
KERNEL = Field("kernel_size", PAIR, REQUIRED, "kernel size D_K, one number or [height, width]")
OUTPUT_PADDING = Pair(0)
KERNEL3 = KERNEL._replace(default=(3, 3))
TAIL = (NORMED, activation_field("relu"), BIAS, CODED_FIELD)


def _sources(values: dict[str, Any]) -> tuple[int, ...]:
    """The row's input, and the row whose channels its width is a share of."""
    return (-1,) if values.get("of") is None else (-1, -2)


@kind(
    "conv", KERNEL, OUT, EXPANSION, OF, WIDTH, OWN_ROUNDING, STRIDE, PAD, DILATION,
    Field("groups", GROUPS, 1, "number of groups, never scaled by alpha; or {width: n}, groups of n channels"), *TAIL,
    doc="convolution, standard or grouped",
)  # fmt: skip
def _conv(values: dict[str, Any]) -> list[Any]:
    return [("", Conv(values), _sources(values))]


@kind(
    "transposed", KERNEL, OUT, EXPANSION, OF, WIDTH, OWN_ROUNDING, STRIDE._replace(doc="how many times larger the map becomes"), PAD, DILATION,
    Field("output_padding", OUTPUT_PADDING, (0, 0), "rows and columns added to the output, one number or [height, width]"),
    Field("groups", GROUPS, 1, "number of groups, never scaled by alpha; or {width: n}, groups of n channels"), *TAIL,
    doc="transposed convolution, to a larger map",
)  # fmt: skip
def _transposed(values: dict[str, Any]) -> list[Any]:
    if values["padding"] == "same" and values["output_padding"] != (0, 0):
        raise MbcostError(
            "`output_padding` under `padding: same`", help="`same` is stride times the input; give the padding itself"
        )
    return [("", Transposed(values), _sources(values))]


@kind(
    "depthwise", KERNEL3, Field("multiplier", COUNT, 1, "output channels per input channel; never scaled by alpha"),
    STRIDE, PAD, DILATION, *TAIL, doc="depthwise convolution",
)  # fmt: skip
def _depthwise(values: dict[str, Any]) -> list[Any]:
    return [("", Depthwise(values), (-1,))]


@kind("pointwise", OUT, EXPANSION, OF, WIDTH, OWN_ROUNDING, STRIDE, *TAIL, doc="1 x 1 convolution")
def _pointwise(values: dict[str, Any]) -> list[Any]:
    return [("", Conv(values), _sources(values))]


@kind(
    "linear", OUT, EXPANSION, OF, WIDTH, OWN_ROUNDING, NORMED._replace(default="none"), activation_field("none"),
    BIAS._replace(default=True, doc="a bias per output"), CODED_FIELD, doc="linear (fully connected) layer on a 1 x 1 map",
)  # fmt: skip
def _linear(values: dict[str, Any]) -> list[Any]:
    return [("", Linear(values), _sources(values))]
