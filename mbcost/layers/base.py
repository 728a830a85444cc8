"""What every layer kind is made of: a shape rule, a cost formula, and the parts a costed row knows."""

# Annotations here are evaluated: a NamedTuple would have to compile each postponed one, at every start of the program.

from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple, TypeAlias

from mbcost.dims import Arithmetic, Dim, Rounding, exact_text
from mbcost.errors import MbcostError
from mbcost.layers.fields import Choice, Field, Flag, Groups, Padding, Pair, Rational, RoundingRule, Squeeze, Whole

__all__ = [
    "ACTIVATIONS",
    "KINDS",
    "NORMS",
    "Kind",
    "Layer",
    "Made",
    "Row",
    "Shape",
    "Vanished",
    "Width",
    "alike",
    "borrowed",
    "kind",
    "lent",
    "window",
]

Shape: TypeAlias = tuple[Dim, Dim, Dim]
"""Channels, height and width of a feature map."""


MAX_DIM = 10**15
"""The most channels, or pixels a side, that a feature map may have."""


class Row(NamedTuple):
    """One costed layer: its shapes, its cost, and the parts every counting convention is a sum of.

    ``mult_adds`` and ``params`` follow the convention asked for; by default mult-adds are the multiplications by a weight
    (one with its addition each) and of two maps in attention, and params are those that are trained. Shapes are channels, height, width. A row whose
    cost is declared unknown is not ``exact``: its numbers are what is known of it, a lower bound. ``filters`` are the output
    channels of its weights, and ``shared_weights`` weights that it reads and another row has.
    """

    name: str
    op: str
    kind: str
    input: Shape
    output: Shape
    mult_adds: Dim = 0
    params: Dim = 0
    kernel_size: tuple[Dim, Dim] | None = None
    stride: tuple[int, int] | None = None
    groups: Dim | None = None
    weight_mults: Dim = 0
    weights: Dim = 0
    biases: Dim = 0
    bias_adds: Dim = 0
    norm_scale: Dim = 0
    norm_shift: Dim = 0
    norm_stats: Dim = 0
    norm_elements: Dim = 0
    activation: str = "none"
    activated: Dim = 0
    pool: str = ""
    pool_inputs: Dim = 0
    pool_outputs: Dim = 0
    products: Dim = 0
    adds: Dim = 0
    input_elements: Dim = 0
    output_elements: Dim = 0
    coded: str = "module"
    exact: bool = True
    map_mults: Dim = 0
    other_params: Dim = 0
    filters: Dim = 0
    norm: str = "none"
    shared_weights: Dim = 0

    @property
    def norm_params(self) -> Dim:
        """Trained parameters of the normalisation: gamma and beta."""
        return self.norm_scale + self.norm_shift

    @property
    def weighted_outputs(self) -> Dim:
        """Outputs of the convolution, the linear layer or the custom row; 0 of any other layer."""
        unweighted = self.groups is None and self.kind != "custom"
        if unweighted or (type(self.weight_mults) is int and self.weight_mults == 0):
            return 0
        # The second half of a squeeze-and-excite puts out the gated map; its convolution only one value a channel.
        return self.bias_adds if self.kind == "squeeze_excite" else self.output_elements


class Made(NamedTuple):
    """One step of a layer: the tensor it makes, and what it reads.

    ``reads`` are numbers of the layer's inputs, or -1 - i for what its step i made. ``part`` and ``does`` name a step that is
    not the whole layer; the activation after the step belongs to it. A step that ``folds`` is a layer that only changes
    values where they stand: as the only reader of its input it needs no tensor of its own.
    """

    shape: Shape
    reads: tuple[int, ...] = (0,)
    activation: str = "none"
    part: str = ""
    does: str = ""
    folds: bool = False


class Vanished(MbcostError):
    """A window is larger than the padded map it slides over."""


def bounded(value: Dim, what: str) -> Dim:
    """A dim that multiplies the one above it: rows that do so again and again end in an error, not in a thousand digits."""
    if type(value) is int and value > MAX_DIM:
        raise MbcostError(f"a map of more than {MAX_DIM:,} {what}", help="is a row repeated too often?")
    return value


class Width(NamedTuple):
    """How many channels a layer puts out, before alpha and rounding are known.

    ``mode`` is ``scale`` (alpha applies), ``grow`` (alpha above 1 applies), ``fixed``, or ``ratio`` (a multiple of the
    actual channels of input number ``of``). ``rounding`` replaces the table's rule for this width.
    """

    mode: str
    value: int | Fraction
    of: int = 0
    rounding: Rounding | None = None
    least: int = 0

    def channels(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """The actual width under the arithmetic of one walk."""
        mode, value, of, rounding, least = self
        if mode == "scale":
            channels = arith.scale(value, rounding)  # type: ignore[arg-type]
        elif mode == "fixed":
            return value
        elif mode == "grow":
            channels = arith.grow(value, rounding)  # type: ignore[arg-type]
        else:
            channels = arith.ratio(value, inputs[of][0], rounding or arith.rounding)  # type: ignore[arg-type]
            if least and arith.exact:
                channels = arith.larger(channels, least)
        if rounding is not None and rounding.rule == "none" and arith.exact:
            channels = self._whole(channels, arith)
        if type(channels) is int and not 0 < channels <= MAX_DIM:
            if channels > MAX_DIM:
                return bounded(channels, "channels")
            raise MbcostError(
                f"a width of 0 channels: {self}", help="choose a larger alpha, or a rounding with a divisor"
            )
        return channels

    def _whole(self, channels: Dim, arith: Arithmetic) -> Dim:
        """A width whose own rule is none: in a network whose widths are rounded it must come out whole."""
        if arith.rounding is not None and arith.rounding.rule == "none":
            return channels
        if hasattr(channels, "dtype"):
            whole = channels.astype("int64")
            if (whole == channels).all():
                return whole
        elif type(channels) is not Fraction:
            return channels
        field = "se_rounding" if self.least else "rounding"
        fact = exact_text(channels) if type(channels) is Fraction else "fractions of"
        raise MbcostError(
            f"a width of {fact} channels: `{field}: none` in a network whose widths are rounded",
            help=f"write `{field}: floor`, or ask for the idealised widths of the whole network with --rounding none",
        )

    def __str__(self) -> str:
        words = {"scale": "alpha x {}", "grow": "max(1, alpha) x {}", "fixed": "{}", "ratio": "{} x in_channels"}
        return words[self.mode].format(self.value)


class Layer:
    """One layer of a network, ready to be costed at any alpha and resolution.

    A subclass gives the two rules of its kind: :meth:`shape` from the shapes of its inputs, and :meth:`cost`. Both are
    plain products, quotients and sums, so they serve integers, fractions, arrays and symbols alike. What the kind demands
    of its inputs stands in :meth:`shape` and is asked of the arithmetic (``must_equal``, ``must_reach``), or is a quotient
    that must be whole (:func:`mbcost.layers.conv.divide`): a walk over recorded numbers then demands it at every point.
    """

    __slots__ = ("coded", "name", "op", "owner", "prelu", "sources")
    conditional: ClassVar[bool] = False

    name: str
    op: str
    coded: str
    prelu: str
    sources: tuple[int, ...]
    owner: str

    def shape(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """Channels, height and width of the output; by default those of the first input."""
        return inputs[0]

    def cost(self, inputs: list[Shape], output: Shape) -> Row:
        """The costed row."""
        channels, height, width = inputs[0]
        n, out_height, out_width = output
        return Row(
            self.name, self.op, self.op, inputs[0], output, coded=self.coded,
            input_elements=channels * height * width, output_elements=n * out_height * out_width,
        )  # fmt: skip

    def steps(self, inputs: list[Shape], output: Shape) -> tuple[Made, ...]:
        """What is made in memory, step by step; none where the output is the first input itself.

        A normalisation and an activation belong to the layer that makes the map. ``inputs`` are the shapes of the tensors read.
        """
        return (Made(output),)

    def sloped(self, row: Row) -> Row:
        """A row with the slopes of its PReLU (arXiv:1502.01852, section 2.1): one a channel, or one for the whole layer."""
        own = 1 if getattr(self, "prelu", "channel") == "one" else row.output[0]
        return row._replace(other_params=row.other_params + own, params=row.params + own)

    def copy(self) -> "Layer":
        """A layer with the same attributes, to be changed without changing this one."""
        twin: Layer = object.__new__(type(self))
        for cls in type(self).__mro__:
            for slot in getattr(cls, "__slots__", ()):
                if hasattr(self, slot):
                    setattr(twin, slot, getattr(self, slot))
        return twin

    def present(self, arith: Arithmetic, inputs: list[Shape]) -> Dim:
        """1 where the network has this layer; a conditional layer may be 0."""
        return 1

    def absent(self, arith: Arithmetic, inputs: list[Shape]) -> Shape:
        """What the layers below read where this one is absent: its first input."""
        return inputs[0]


def alike(layer: Layer, owner: Layer) -> bool:
    """Whether two layers can have the same weights, as far as their rows say: kind, kernel, groups, bias and norm."""
    words = ("kernel_size", "groups", "group_width", "multiplier", "bias", "norm")
    return type(layer) is type(owner) and all(
        getattr(layer, word, None) == getattr(owner, word, None) for word in words
    )


def borrowed(row: Row, layer: Layer, inputs: list[Shape], output: Shape, arith: Arithmetic) -> Row:
    """A costed row that has the weights of another one: what is trained counts there, and once.

    The shapes of the owner's input and output stand behind those that the layer itself reads.
    """
    first, last = inputs[-2], inputs[-1]
    if not (arith.must_equal(inputs[0][0], first[0]) and arith.must_equal(output[0], last[0])):
        raise MbcostError(
            f"`{layer.owner}` has weights from {first[0]} to {last[0]} channels, and this layer is from {inputs[0][0]} to {output[0]}",
            help="rows that share weights read and put out equal numbers of channels",
        )
    return lent(row)


def lent(row: Row) -> Row:
    """A row whose weights are another's: nothing that is trained counts here."""
    return row._replace(
        params=0, weights=0, biases=0, norm_scale=0, norm_shift=0, norm_stats=0, other_params=0, filters=0, shared_weights=row.weights,
    )  # fmt: skip


class Kind(NamedTuple):
    """A word for the `op` of a row: its fields, and how a row becomes layers.

    ``build(values)`` gives the layers as (part name or "", layer, sources); a source is the number of an earlier part
    of the same row from 0, or -1 - i for input i of the row.
    """

    op: str
    fields: dict[str, Field]
    build: Callable[[dict[str, Any]], list[Any]]
    inputs: str
    doc: str


KINDS: dict[str, Kind] = {}
"""Every op of the layer table, filled as the modules of this package register their kinds."""


Builder: TypeAlias = Callable[[dict[str, Any]], list[Any]]
"""Makes the layers of a row from the values of its fields."""


def kind(op: str, *fields: Field, inputs: str = "one", doc: str = "") -> Callable[[Builder], Builder]:
    """Register a kind: its word in the table, its fields, and the function that builds its layers."""

    def register(build: Builder) -> Builder:
        if op in KINDS:
            raise ValueError(f"the kind {op} is registered twice")
        named = {field.name: field for field in fields}
        if not ACTIVATES.isdisjoint(named):
            named["prelu_params"] = PRELU_PARAMS
        KINDS[op] = Kind(op, named, build, inputs, doc)
        return build

    return register


ACTIVATIONS = (
    "none", "relu", "relu6", "leaky_relu", "prelu", "elu", "gelu", "silu", "hard_swish", "hard_sigmoid", "sigmoid", "tanh", "softmax",
)  # fmt: skip
NORMS = ("none", "batch", "batch_no_scale", "layer", "group", "instance")

COUNT = Whole()
PAIR = Pair()
PADDING = Padding()
RATIO = Rational()
FLAG = Flag()
GROUPS = Groups()
ACTIVATION = Choice(*ACTIVATIONS)
NORM = Choice(*NORMS)
WIDTH_MODE = Choice("scale", "grow", "fixed")
CODED = Choice("module", "function")
ROUNDING = RoundingRule()
SQUEEZE = Squeeze()

CODED_FIELD = Field(
    "coded", CODED, "module", "how the implementation codes pooling and activation; some counters differ"
)


PRELU_PARAMS = Field(
    "prelu_params", Choice("channel", "one"), "channel", "slopes of a PReLU: one a channel, or one for the layer"
)
ACTIVATES = {"activation", "se_activation"}


def activation_field(default: str) -> Field:
    """The activation after the layer."""
    return Field("activation", ACTIVATION, default, "the activation after the layer, or none")


def norm_values(norm: str, channels: Dim, elements: Dim) -> tuple[Dim, Dim, Dim, Dim]:
    """norm_scale, norm_shift, norm_stats and norm_elements of a normalisation over so many channels.

    Batch norm has gamma and beta, trained, and a running mean and variance, not trained; layer and group norm have only
    gamma and beta, instance norm neither.

    >>> norm_values("batch", 32, 32 * 112 * 112)
    (32, 32, 64, 401408)
    """
    if norm == "none":
        return 0, 0, 0, 0
    scale = 0 if norm in {"batch_no_scale", "instance"} else channels
    shift = 0 if norm == "instance" else channels
    stats = 2 * channels if norm in {"batch", "batch_no_scale"} else 0
    return scale, shift, stats, elements


def window(arith: Arithmetic, size: Dim, kernel: int, stride: int, before: int, after: int, dilation: int = 1) -> Dim:
    """The number of positions of a window along one side: floor((D + P - K') / s) + 1, K' = dilation * (K - 1) + 1.

    >>> window(Arithmetic(1, 1, None), 227, 11, 4, 0, 0)
    55
    """
    extent = dilation * (kernel - 1) + 1
    positions = arith.floor_div(size + (before + after - extent), stride) + 1
    if not arith.must_reach(positions, 1):
        raise Vanished(
            f"a window of {extent} does not fit a map of {size} padded by {before + after}: the map vanishes"
        )
    return positions
