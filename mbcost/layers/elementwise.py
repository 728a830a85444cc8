"""Layers without weights of their own kind: sums, products, activations, normalisation, and layers that only move data."""

from __future__ import annotations

from typing import Any

from mbcost.dims import Arithmetic, Dim
from mbcost.errors import MbcostError
from mbcost.layers.base import (
    ACTIVATION,
    CODED_FIELD,
    COUNT,
    NORM,
    PAIR,
    WIDTH_MODE,
    Layer,
    Made,
    Row,
    Shape,
    Width,
    activation_field,
    bounded,
    kind,
    norm_values,
)
from mbcost.layers.conv import divide
from mbcost.layers.fields import REQUIRED, Choice, Field, RowName

__all__ = ["Add", "Concat", "Elementwise", "Multiply", "Norm"]


def shape_text(shape: Shape) -> str:
    """A shape as messages print it: channels x height x width."""
    return " x ".join(str(side) for side in shape)


def alike(arith: Arithmetic, shapes: list[Shape], first: int) -> bool:
    """Whether a layer can go on that needs all shapes to agree from dimension number ``first`` on."""
    dims = shapes[0][first:]
    for shape in shapes[1:]:
        if shape[first:] != dims and not all(map(arith.must_equal, dims, shape[first:])):
            return False
    return True


class Elementwise(Layer):
    """A function of every element: an activation, softmax, local response normalisation. No mult-adds, no params."""

    __slots__ = ("activation",)

    def __init__(self, activation: str) -> None:
        self.activation = activation

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The values change where they stand, but for local response normalisation, which reads its neighbours; dropout does nothing."""
        if self.activation == "none":
            return ()
        return (Made(inputs[0], activation=self.activation, folds=self.activation != "lrn"),)

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """Activated elements: one each element of the output."""
        row = super().cost(inputs, output)
        row = row._replace(
            activation=self.activation, activated=row.output_elements if self.activation != "none" else 0
        )
        return self.sloped(row) if self.activation == "prelu" else row


class Norm(Elementwise):
    """Normalisation as a layer of its own: gamma and beta (and batch statistics) per channel."""

    __slots__ = ("norm",)

    def __init__(self, norm: str, activation: str) -> None:
        super().__init__(activation)
        self.norm = norm

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The values change where they stand."""
        if self.norm == self.activation == "none":
            return ()
        return (Made(inputs[0], activation=self.activation, folds=True),)

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """Normalised elements and their params."""
        row = super().cost(inputs, output)
        scale, shift, stats, normed = norm_values(self.norm, output[0], row.output_elements)
        return row._replace(
            norm=self.norm,
            norm_scale=scale,
            norm_shift=shift,
            norm_stats=stats,
            norm_elements=normed,
            params=row.params + scale + shift,
        )


class Joining(Elementwise):
    """A layer that makes one map of several."""

    __slots__ = ()

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The map of all inputs, activated where it stands."""
        return (Made(output, tuple(range(len(inputs))), self.activation),)


class Add(Joining):
    """Sum of equal shapes: (inputs - 1) additions an element."""

    __slots__ = ()

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The common shape."""
        if not alike(arith, inputs, 0):
            raise MbcostError(
                f"`add` of different shapes: {', '.join(map(shape_text, inputs))}",
                help="nothing is projected for you: make the branches meet with a 1 x 1 conv of the right width and stride",
            )
        return inputs[0]

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """Additions, and the activation if there is one."""
        row = super().cost(inputs, output)
        return row._replace(
            kind="add",  # of an inverted residual too
            adds=(len(inputs) - 1) * row.output_elements,
            input_elements=len(inputs) * row.input_elements,
        )


class Multiply(Joining):
    """Elementwise product of equal shapes, or of a map with one 1 x 1 value a channel."""

    __slots__ = ()

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The shape of the largest input; the others are equal to it or 1 x 1."""
        out = inputs[0]
        for shape in inputs[1:]:
            if type(out[1]) is int and out[1:] == (1, 1):
                out = shape
        for shape in inputs:
            fits = shape[1:] == (1, 1) or (arith.same(out[1], shape[1]) and arith.same(out[2], shape[2]))
            if not (fits and arith.must_equal(out[0], shape[0])):
                raise MbcostError(
                    f"`multiply` of different shapes: {', '.join(map(shape_text, inputs))}",
                    help="the inputs are equal, or one is 1 x 1 with as many channels",
                )
        return out

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """Products: one an element and further input."""
        row = super().cost(inputs, output)
        return row._replace(
            products=(len(inputs) - 1) * row.output_elements,
            input_elements=sum(c * h * w for c, h, w in inputs),
        )


class Concat(Joining):
    """Concatenation along the channels of maps of equal size; free."""

    __slots__ = ()

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The sum of the channels."""
        if not alike(arith, inputs, 1):
            raise MbcostError(
                f"`concat` of maps of different size: {', '.join(map(shape_text, inputs))}",
                help="give the branches the same stride and padding",
            )
        return bounded(sum(shape[0] for shape in inputs), "channels"), inputs[0][1], inputs[0][2]

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """No cost but an activation, if there is one."""
        row = super().cost(inputs, output)
        return row._replace(input_elements=row.output_elements)


class Split(Layer):
    """One of several parts of the channels, equal ones or, where they need not be, with the remainder in the first; free."""

    __slots__ = ("parts", "rest", "take")

    def __init__(self, parts: int, take: int, rest: str) -> None:
        self.parts = parts
        self.take = take
        self.rest = rest

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """M / parts channels; with the rest in the first part floor(M / parts), and M - (parts - 1) floor(M / parts) there."""
        channels, height, width = inputs[0]
        if self.rest == "none":
            return divide(channels, self.parts, "in_channels", "parts"), height, width
        part = arith.floor_div(channels, self.parts)
        if not arith.must_reach(part, 1):
            raise MbcostError(
                f"`in_channels` (={channels}) in {self.parts} `parts` leaves parts of 0 channels",
                help="split into fewer parts",
            )
        return channels - (self.parts - 1) * part if self.take == 1 else part, height, width


class Slice(Layer):
    """The first N channels, or the first positions, of a map; free (GhostNet, arXiv:1911.11907, cuts what it made too much of)."""

    __slots__ = ("positions", "width")

    def __init__(self, width: Width | None, positions: int | None) -> None:
        self.width = width
        self.positions = positions

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """(N, H, W), or (M, 1, positions)."""
        channels, height, width = inputs[0]
        if self.width is not None:
            wanted = self.width.channels(arith, inputs)
            _within(arith, wanted, channels, "channels")
            return wanted, height, width
        _within(arith, self.positions, height * width, "positions")
        return channels, 1, self.positions


def _within(arith: Arithmetic, wanted: Dim, there: Dim, what: str) -> None:
    if not arith.must_reach(there, wanted):
        raise MbcostError(f"a slice of {wanted} {what} from a map of {there}", help=f"take at most {there}")


class PixelShuffle(Layer):
    """Channels become positions: (M, H, W) to (M / r^2, r H, r W) (arXiv:1609.05158, section 3.2); free."""

    __slots__ = ("factor",)

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """(M / r^2, r H, r W)."""
        (channels, height, width), r = inputs[0], self.factor
        fewer = divide(channels, r * r, "in_channels", "factor^2")
        return fewer, bounded(height * r, "rows"), bounded(width * r, "columns")


class Shuffle(Layer):
    """Channel shuffle (ShuffleNet, section 3.1): channels change places between groups; free."""

    __slots__ = ("groups",)

    def __init__(self, groups: int) -> None:
        self.groups = groups

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The input's shape; the groups must divide the channels."""
        divide(inputs[0][0], self.groups, "in_channels", "groups")
        return inputs[0]


class Flatten(Layer):
    """All elements as channels of a 1 x 1 map; free."""

    __slots__ = ()

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The same values under another shape."""
        return ()

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """(M * H * W, 1, 1)."""
        channels, height, width = inputs[0]
        return bounded(channels * height * width, "channels"), 1, 1


class Upsample(Layer):
    """A larger map, by a factor, to a multiple or to the size of another row; no mult-adds are counted for the interpolation."""

    __slots__ = ("factor", "multiple")

    def __init__(self, factor: tuple[int, int] | None, multiple: tuple[int, int] | None) -> None:
        self.factor = factor
        self.multiple = multiple

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The map times the factor, its sides rounded up to multiples, or the size of the row named by `like`."""
        channels, height, width = inputs[0]
        if self.multiple is not None:
            down, across = self.multiple
            return channels, arith.ceil_div(height, down) * down, arith.ceil_div(width, across) * across
        if self.factor is None:
            return channels, inputs[1][1], inputs[1][2]
        return channels, bounded(height * self.factor[0], "rows"), bounded(width * self.factor[1], "columns")


JOINED = activation_field("none")


@kind(
    "activation",
    Field("activation", ACTIVATION, "relu", "the function"),
    CODED_FIELD,
    doc="an activation as a row of its own",
)
def _activation(values: dict[str, Any]) -> list[Any]:
    return [("", Elementwise(values["activation"]), (-1,))]


@kind("softmax", doc="softmax over the channels")
def _softmax(values: dict[str, Any]) -> list[Any]:
    return [("", Elementwise("softmax"), (-1,))]


@kind("lrn", doc="local response normalisation (AlexNet, GoogLeNet)")
def _lrn(values: dict[str, Any]) -> list[Any]:
    return [("", Elementwise("lrn"), (-1,))]


@kind("dropout", doc="dropout: nothing at inference")
def _dropout(values: dict[str, Any]) -> list[Any]:
    return [("", Elementwise("none"), (-1,))]


@kind(
    "norm",
    Field("norm", NORM, "batch", "which normalisation"),
    JOINED,
    CODED_FIELD,
    doc="normalisation as a row of its own",
)
def _norm(values: dict[str, Any]) -> list[Any]:
    return [("", Norm(values["norm"], values["activation"]), (-1,))]


@kind("add", JOINED, CODED_FIELD, inputs="several", doc="sum of inputs of equal shape")
def _add(values: dict[str, Any]) -> list[Any]:
    return [("", Add(values["activation"]), ())]


@kind(
    "multiply",
    JOINED,
    CODED_FIELD,
    inputs="several",
    doc="product of inputs of equal shape, or of a map with 1 x 1 values",
)
def _multiply(values: dict[str, Any]) -> list[Any]:
    return [("", Multiply(values["activation"]), ())]


@kind("concat", JOINED, CODED_FIELD, inputs="several", doc="concatenation along the channels")
def _concat(values: dict[str, Any]) -> list[Any]:
    return [("", Concat(values["activation"]), ())]


@kind(
    "split", Field("parts", COUNT, REQUIRED, "number of equal parts"), Field("take", COUNT, REQUIRED, "which part goes on, from 1"),
    Field("rest", Choice("none", "first"), "none", "first: parts need not be equal, the first takes what is left (MixNet)"),
    doc="one of equal parts of the channels",
)  # fmt: skip
def _split(values: dict[str, Any]) -> list[Any]:
    if values["take"] > values["parts"]:
        raise MbcostError(
            f"`take` (={values['take']}) must be at most `parts` (={values['parts']})", help="parts are numbered from 1"
        )
    return [("", Split(values["parts"], values["take"], values["rest"]), (-1,))]


@kind(
    "slice", Field("out_channels", COUNT, None, "how many channels go on, the first ones, before alpha"),
    Field("width", WIDTH_MODE, "scale", "how alpha acts on out_channels: scale, grow (only above 1) or fixed"),
    Field("positions", COUNT, None, "how many positions go on, the first ones: 1 is a class token"), doc="the first channels or positions",
)  # fmt: skip
def _slice(values: dict[str, Any]) -> list[Any]:
    out, positions = values["out_channels"], values["positions"]
    if (out is None) == (positions is None):
        raise MbcostError(
            "`slice` needs one of `out_channels` and `positions`",
            help="give how many channels, or how many positions, go on",
        )
    return [("", Slice(None if out is None else Width(values["width"], out), positions), (-1,))]


@kind(
    "pixel_shuffle",
    Field("factor", COUNT, REQUIRED, "how many times larger each side becomes"),
    doc="channels become positions",
)
def _pixel_shuffle(values: dict[str, Any]) -> list[Any]:
    return [("", PixelShuffle(values["factor"]), (-1,))]


@kind("shuffle", Field("groups", COUNT, REQUIRED, "number of groups"), doc="channel shuffle")
def _shuffle(values: dict[str, Any]) -> list[Any]:
    return [("", Shuffle(values["groups"]), (-1,))]


@kind("flatten", doc="all elements as channels of a 1 x 1 map")
def _flatten(values: dict[str, Any]) -> list[Any]:
    return [("", Flatten(), (-1,))]


@kind(
    "upsample", Field("factor", PAIR, None, "how many times larger, one number or [height, width]"),
    Field("like", RowName(), None, "the earlier row whose size is taken"),
    Field("multiple", PAIR, None, "sides are rounded up to multiples of this, one number or [height, width]"), doc="a larger map",
)  # fmt: skip
def _upsample(values: dict[str, Any]) -> list[Any]:
    if sum([values[field] is not None for field in ("factor", "like", "multiple")]) != 1:
        raise MbcostError(
            "`upsample` needs one of `factor`, `like` and `multiple`",
            help="give factor: 2, like: the name of an earlier row, or multiple: 2",
        )
    return [("", Upsample(values["factor"], values["multiple"]), (-1,) if values["like"] is None else (-1, -2))]
