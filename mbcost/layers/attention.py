"""Attention: products of two maps, the layers around them, and what turns a map into tokens and back.

A sequence of tokens is a map like any other: C channels on H x W positions. Queries at P positions meet keys at P'
positions in P * P' dot products a head, and the scores mix the values in as many: the only cost of a network that grows
with the square of its positions ("Attention Is All You Need", arXiv:1706.03762, section 3.2). Neither product has a
weight; both are counted as ``map_mults``, which is what ``torch.utils.flop_counter`` counts for them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mbcost.dims import Arithmetic, Dim
from mbcost.errors import MbcostError
from mbcost.layers.base import (
    COUNT,
    FLAG,
    NORM,
    PAIR,
    Layer,
    Made,
    Row,
    Shape,
    Width,
    bounded,
    kind,
)
from mbcost.layers.conv import KERNEL3, OUT, WIDTH, Conv, Depthwise, divide
from mbcost.layers.fields import REQUIRED, Choice, Field, Whole

__all__ = ["Heads", "Scale", "Scores", "Tokens", "Values"]


class Heads(NamedTuple):
    """How many heads an attention has, and how wide one is; what is None follows from the channels C.

    ``number`` heads of C / number channels, or C / ``width`` heads of ``width`` channels, or both fixed. ``value`` is the width
    of a head's values where it is not that of its keys (EfficientFormer: four times as wide).
    """

    number: int | None
    width: int | None
    value: int | None = None

    def of(self, channels: Dim) -> tuple[Dim, Dim, Dim]:
        """Heads, and the width of a head's keys and of its values.

        >>> Heads(None, 32).of(128), Heads(4, None).of(128), Heads(8, 32, 128).of(448)
        ((4, 32, 32), (4, 32, 32), (8, 32, 128))
        """
        count, width = self.number, self.width
        if count is None:
            count = divide(channels, width, "in_channels", "head_width")
        elif width is None:
            width = divide(channels, count, "in_channels", "heads")
        return count, width, self.value or width


class Projected(Conv):
    """A biased or unbiased 1 x 1 convolution to the queries, keys and values of all heads, or to some of them."""

    __slots__ = ("heads", "which")

    def __init__(self, heads: Heads, which: str, bias: bool) -> None:
        super().__init__({"norm": "none", "activation": "none", "bias": bias}, Width("fixed", 0))
        self.heads = heads
        self.which = which

    def channels(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """heads * (2 * key + value) of a joint projection, heads * key of queries, one key or value of shared ones."""
        count, key, value = self.heads.of(inputs[-1][0])
        widths = {"qkv": count * (2 * key + value), "query": count * key, "key": key, "value": value}
        return bounded(widths[self.which], "channels")


class Mixed(Conv):
    """The 1 x 1 convolution at the end of an attention: back to its input's channels, or to a width of its own."""

    __slots__ = ("own",)

    def __init__(self, width: Width | None, bias: bool) -> None:
        super().__init__({"norm": "none", "activation": "none", "bias": bias}, width or Width("fixed", 0))
        self.own = width is not None

    def channels(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """N, or the channels of the attention's input."""
        return self.width.channels(arith, inputs) if self.own else inputs[1][0]


class Product(Layer):
    """A product of two maps: its multiplications are of one map's elements by the other's."""

    __slots__ = ()

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The product of both maps; scores go through softmax where they stand."""
        return (Made(output, (0, 1), "softmax" if isinstance(self, Scores) else "none"),)

    def product(self, inputs: list[Shape], output: Shape, mults: Dim) -> Row:
        """The row of so many multiplications of two maps."""
        row = super().cost(inputs, output)
        return row._replace(
            kind="matmul", mult_adds=mults, map_mults=mults, input_elements=sum(c * h * w for c, h, w in inputs)
        )


class Scores(Product):
    """Every query against every key: mult-adds = heads * key * P * P' / windows, then softmax over the keys.

    Inputs: queries (heads * key, H, W) and keys (heads * key, H', W'), or (key, H', W') where all heads share them
    (``multi_query``, arXiv:1911.02150; MobileNetV4, section 4). Output (heads * P' / windows, H, W): the scores of a position
    stand where its channels stood. With ``windows`` the positions are in so many equal groups, and each attends to its own
    (MobileViT's patches, arXiv:2110.02178, section 3.1).
    """

    __slots__ = ("biases", "heads", "multi_query", "windows")

    def __init__(self, heads: Heads, multi_query: bool = False, windows: int = 1, biases: int = 0) -> None:
        self.heads = heads
        self.multi_query = multi_query
        self.windows = windows
        self.biases = biases

    def _parts(self, inputs: list[Shape]) -> tuple[Dim, Dim, Shape]:
        """Heads, the width of a head's keys, and the shape of the keys."""
        count, key, _ = self.heads.of(inputs[-1][0] if len(inputs) == 3 else inputs[0][0])
        return count, key, inputs[1]

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """(heads * P' / windows, H, W)."""
        queries, keys = inputs[0], inputs[1]
        count, key, _ = self._parts(inputs)
        wanted = key if self.multi_query else count * key
        if not arith.must_equal(keys[0], wanted):
            raise MbcostError(
                f"keys of {keys[0]} channels under queries of {queries[0]} in {count} heads",
                help="give both the width heads * head_width, or set `multi_query: true` where all heads share one key",
            )
        there = divide(keys[1] * keys[2], self.windows, "positions", "windows")
        return bounded(count * there, "scores a position"), queries[1], queries[2]

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """The products, and as many scores through softmax; a table of position biases is learned where there is one."""
        count, key, _ = self._parts(inputs)
        channels, height, width = output
        scores = channels * height * width
        row = self.product(inputs[:2], output, key * scores)
        row = row._replace(activation="softmax", activated=scores)
        if self.biases:
            row = row._replace(other_params=count * self.biases, params=count * self.biases, adds=scores)
        return row


class Values(Product):
    """The scores' mixture of the values: mult-adds = P * P' * heads * value / windows.

    Inputs: scores (heads * P' / windows, H, W) and values (heads * value, H', W'), or (value, H', W') shared by all heads.
    Output (heads * value, H, W).
    """

    __slots__ = ("heads", "multi_query", "windows")

    def __init__(self, multi_query: bool = False, windows: int = 1, heads: Heads | None = None) -> None:
        self.multi_query = multi_query
        self.windows = windows
        self.heads = heads

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """The values' channels, a head each where they are shared, at the positions of the scores."""
        (scores, height, width), values = inputs[0], inputs[1]
        there = divide(values[1] * values[2], self.windows, "positions", "windows")
        if self.heads is not None:  # those of the attention, from the channels that it reads
            count = self.heads.of(inputs[2][0])[0]
        else:
            count = divide(scores, there, "scores a position", "positions of the values")
        if self.multi_query:
            return bounded(count * values[0], "channels"), height, width
        divide(values[0], count, "channels of the values", "heads")
        return values[0], height, width

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """The products."""
        values = inputs[1]
        channels, height, width = output
        there = divide(values[1] * values[2], self.windows, "positions", "windows")
        return self.product(inputs[:2], output, channels * height * width * there)


class Joint(Layer):
    """Queries, keys or values out of a joint projection: a part of its channels; free."""

    __slots__ = ("heads", "which")

    def __init__(self, heads: Heads, which: str) -> None:
        self.heads = heads
        self.which = which

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """heads * key, or heads * value, channels."""
        count, key, value = self.heads.of(inputs[1][0])
        return count * (value if self.which == "value" else key), inputs[0][1], inputs[0][2]

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """A view of the joint projection, which stays alive as a whole."""
        return ()

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """Nothing: the channels are there already."""
        return super().cost(inputs[:1], output)._replace(kind="slice")


class Scale(Layer):
    """One learned factor a channel (layer scale: CaiT, arXiv:2103.17239, section 2): params = M, products = M * H * W."""

    __slots__ = ()

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The values change where they stand."""
        return (Made(inputs[0], folds=True),)

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """The factors and the products."""
        row = super().cost(inputs, output)
        return row._replace(other_params=output[0], params=output[0], products=row.output_elements)


class Tokens(Layer):
    """All positions in one line, with `extra` learned tokens in front and, if asked for, a learned value for each position.

    Input (C, H, W), output (C, 1, H * W + extra); params = C * extra for the tokens and C * (H * W + extra) for the
    positions ("An Image is Worth 16x16 Words", arXiv:2010.11929, section 3.1).
    """

    __slots__ = ("extra", "learned")

    def __init__(self, extra: int, learned: bool) -> None:
        self.extra = extra
        self.learned = learned

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """(C, 1, H * W + extra)."""
        channels, height, width = inputs[0]
        return channels, 1, bounded(height * width + self.extra, "positions")

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """The same values under another shape, unless tokens or positions come in."""
        return (Made(output),) if self.extra or self.learned else ()

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """The tokens' and the positions' params; one addition an element for the latter."""
        row = super().cost(inputs, output)
        own = output[0] * self.extra + (row.output_elements if self.learned else 0)
        return row._replace(other_params=own, params=own, adds=row.output_elements if self.learned else 0)


def heads_of(values: dict[str, Any]) -> Heads:
    """The heads a row asks for: `heads`, `head_width`, or both."""
    count, width = values["heads"], values["head_width"]
    if count is None and width is None:
        raise MbcostError(
            "`heads` and `head_width` are both missing",
            help="give one: so many heads, each a share of the channels, or heads of so many channels; or both",
        )
    return Heads(count, width, values.get("value_width"))


HEADS = (
    Field("heads", COUNT, None, "number of heads; never scaled by alpha"),
    Field("head_width", COUNT, None, "channels of a head's keys; default in_channels / heads"),
)
VALUE_WIDTH = Field("value_width", COUNT, None, "channels of a head's values; default those of its keys")
BIASED = Field("bias", FLAG, False, "a bias in the 1 x 1 convolutions before the products")
MIXED = Field("out_bias", FLAG, None, "a bias in the 1 x 1 convolution after them; default as `bias`")
WINDOWS = Field(
    "windows", COUNT, 1, "equal groups of positions, each attending to itself alone (MobileViT: the patch's area)"
)
MULTI_QUERY = Field("multi_query", FLAG, False, "whether all heads share one key or one value")
NO_OUT = OUT._replace(doc="channels of the output, before alpha; default those of the input")


def _own_width(values: dict[str, Any]) -> Width | None:
    out = values["out_channels"]
    return None if out is None else Width(values["width"], out)


@kind(
    "matmul", Field("product", Choice("scores", "values"), REQUIRED, "scores: queries and keys; values: scores and values"),
    *HEADS, MULTI_QUERY, WINDOWS, inputs="several", doc="product of two maps: queries and keys, or scores and values",
)  # fmt: skip
def _matmul(values: dict[str, Any]) -> list[Any]:
    if values["product"] == "values":
        for field in ("heads", "head_width"):
            if values[field] is not None:
                raise MbcostError(
                    f"`{field}` on a product of scores and values", help="its heads are those of the scores"
                )
        return [("", Values(values["multi_query"], values["windows"]), ())]
    return [("", Scores(heads_of(values), values["multi_query"], values["windows"]), ())]


@kind(
    "attention", *HEADS, VALUE_WIDTH, NO_OUT, WIDTH, BIASED, MIXED, WINDOWS,
    Field("position_biases", Whole(0), 0, "learned biases a head, one for every relative position (EfficientFormer: 49)"),
    doc="self-attention: qkv 1 x 1, scores, values, project 1 x 1; norm and residual are rows of their own",
)  # fmt: skip
def _attention(values: dict[str, Any]) -> list[Any]:
    heads = heads_of(values)
    out_bias = values["bias"] if values["out_bias"] is None else values["out_bias"]
    return [
        ("qkv", Projected(heads, "qkv", values["bias"]), (-1,)),
        ("query", Joint(heads, "query"), (0, -1)),
        ("key", Joint(heads, "key"), (0, -1)),
        ("value", Joint(heads, "value"), (0, -1)),
        ("scores", Scores(heads, False, values["windows"], values["position_biases"]), (1, 2, -1)),
        ("values", Values(False, values["windows"], heads), (4, 3, -1)),
        ("project", Mixed(_own_width(values), out_bias), (5, -1)),
    ]


@kind(
    "mobile_mqa", KERNEL3._replace(doc="kernel of the depthwise convolution that shrinks keys and values"), *HEADS, VALUE_WIDTH,
    Field("kv_stride", PAIR, (1, 1), "stride of keys and values; above 1 a depthwise convolution each"), NO_OUT, WIDTH, BIASED, MIXED,
    Field("norm", NORM, "batch", "normalisation after those depthwise convolutions"),
    doc="multi-query attention of MobileNetV4: one key and one value for all heads, on a smaller map",
)  # fmt: skip
def _mobile_mqa(values: dict[str, Any]) -> list[Any]:
    heads = heads_of(values)
    out_bias = values["bias"] if values["out_bias"] is None else values["out_bias"]
    parts: list[Any] = [("query", Projected(heads, "query", values["bias"]), (-1,))]
    ends = []
    for which in ("key", "value"):
        source = -1
        if values["kv_stride"] != (1, 1):
            down = {"kernel_size": values["kernel_size"], "stride": values["kv_stride"], "norm": values["norm"]}
            parts.append((f"{which}/down", Depthwise(down, activation="none", bias=values["norm"] == "none"), (-1,)))
            source = len(parts) - 1
        parts.append((f"{which}/project", Projected(heads, which, values["bias"]), (source, -1)))
        ends.append(len(parts) - 1)
    parts.append(("scores", Scores(heads, True), (0, ends[0], -1)))
    parts.append(("values", Values(True, heads=heads), (len(parts) - 1, ends[1], -1)))
    parts.append(("project", Mixed(_own_width(values), out_bias), (len(parts) - 1, -1)))
    return parts


@kind("scale", doc="one learned factor a channel: layer scale")
def _scale(values: dict[str, Any]) -> list[Any]:
    return [("", Scale(), (-1,))]


@kind(
    "tokens", Field("extra", Whole(0), 0, "learned tokens in front: 1 is a class token"),
    Field("positions", Choice("none", "learned"), "none", "learned: a value an element for each position"),
    doc="all positions in one line, as the tokens of a transformer",
)  # fmt: skip
def _tokens(values: dict[str, Any]) -> list[Any]:
    return [("", Tokens(values["extra"], values["positions"] == "learned"), (-1,))]
