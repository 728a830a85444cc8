"""The standard twin: every depthwise + pointwise pair replaced by the standard convolution it factorises."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mbcost.errors import MbcostError
from mbcost.layers import Layer
from mbcost.layers.composite import Excite, Reduce
from mbcost.layers.conv import Conv, Depthwise
from mbcost.layers.elementwise import Elementwise, Norm
from mbcost.layers.vacant import Vacant
from mbcost.network.placed import Placed

__all__ = ["Pair", "pairs", "separable_twin", "standard_twin", "unpaired"]


class Pair(NamedTuple):
    """The numbers of a depthwise layer and of the pointwise layer that completes it."""

    depthwise: int
    pointwise: int


def is_depthwise(placed: Placed, number: int) -> bool:
    """A layer with a spatial kernel, as many groups as input channels, and one output or more per input channel."""
    layer = placed.layers[number]
    if not isinstance(layer, Conv) or layer.kernel_size == (1, 1):
        return False
    if isinstance(layer, Depthwise):
        return True
    written = _written_channels(placed, layer.sources[0])
    return (
        layer.width.mode != "ratio"
        and layer.groups > 1
        and layer.groups == written
        and not layer.width.value % layer.groups
    )


def _written_channels(placed: Placed, source: int) -> object:
    """The channels of a feature map as its table writes them, before alpha; None where they are computed."""
    while source:
        layer = placed.layers[source - 1]
        if isinstance(layer, Conv) and not isinstance(layer, Depthwise):
            return layer.width.value if layer.width.mode != "ratio" else None
        if len(layer.sources) != 1 or getattr(layer, "multiplier", 1) != 1:
            return None
        source = layer.sources[0]
    return placed.marks[0][0].channels


def _is_pointwise(layer: Layer) -> bool:
    return (
        isinstance(layer, Conv) and not isinstance(layer, Depthwise) and layer.kernel_size == (1, 1) and layer.groups == 1
        and layer.stride == (1, 1) and layer.padding in {"same", (0, 0, 0, 0)}
    )  # fmt: skip


def pairs(placed: Placed, wanted: Callable[[Placed, int], bool] = is_depthwise) -> list[Pair]:
    """The depthwise + pointwise pairs of a network (GRAMMAR, the standard twin).

    A pair is a depthwise layer and the next 1 x 1, groups 1, stride 1 layer, with only normalisation, an activation or
    squeeze-and-excite between them, and nothing else reading the depthwise layer. ``wanted`` says which layers begin one.
    """
    readers: dict[int, list[int]] = {}
    for number, layer in enumerate(placed.layers):
        for source in set(layer.sources):
            readers.setdefault(source - 1, []).append(number)
    found = []
    for number in range(len(placed.layers)):
        if wanted(placed, number):
            partner = _partner(placed.layers, readers, number)
            if partner is not None:
                found.append(Pair(number, partner))
    return found


def _partner(layers: tuple[Layer, ...], readers: dict[int, list[int]], number: int) -> int | None:
    while True:
        following = readers.get(number, [])
        if len(following) == 1:
            reader = layers[following[0]]
            if _is_pointwise(reader):
                return following[0]
            if type(reader) is not Norm and not (type(reader) is Elementwise and reader.op == "activation"):
                return None
            number = following[0]
        elif (
            len(following) == 2
            and isinstance(layers[following[0]], Reduce)
            and isinstance(layers[following[1]], Excite)
        ):
            number = following[1]
        else:
            return None


def unpaired(placed: Placed) -> list[str]:
    """The names of the depthwise layers that no pointwise layer completes; the twin keeps them as they are."""
    taken = {pair.depthwise for pair in pairs(placed)}
    return [
        layer.name
        for number, layer in enumerate(placed.layers)
        if (isinstance(layer, Depthwise) or is_depthwise(placed, number)) and number not in taken
    ]


def standard_twin(placed: Placed) -> Placed:
    """The network with the standard convolution in the place of each pair.

    The depthwise layer goes; the pointwise layer takes its kernel, stride, dilation and padding. All else stays.
    """
    found = pairs(placed)
    _refuse_shared(placed, {number for pair in found for number in (pair.depthwise, pair.pointwise)})
    gone = {pair.depthwise: pair.pointwise for pair in found}
    windows = {pair.pointwise: pair.depthwise for pair in found}
    layers: list[Layer] = []
    marks = []
    numbers = [0]  # of each feature map in the twin
    for number, layer in enumerate(placed.layers):
        partner = gone.get(number)
        twin = layer.copy() if partner is None else Vacant(layer, partner, placed.layers[partner].sources[0])
        twin.sources = tuple(numbers[source] for source in layer.sources)
        window = placed.layers[windows[number]] if number in windows else None
        if isinstance(window, Conv) and isinstance(twin, Conv):
            twin.sources = tuple(numbers[source] for source in window.sources)
            twin.kernel_size, twin.stride = window.kernel_size, window.stride
            twin.padding, twin.dilation = window.padding, window.dilation
        layers.append(twin)
        marks.append(placed.marks[number])
        numbers.append(len(layers))
    return Placed(tuple(layers), tuple(marks))


def separable_twin(placed: Placed) -> Placed:
    """The other way round: each K x K convolution with groups 1 becomes a depthwise K x K and a pointwise one."""
    _refuse_shared(placed, {number for number, layer in enumerate(placed.layers) if splits(layer)})
    layers: list[Layer] = []
    marks = []
    numbers = [0]
    for number, layer in enumerate(placed.layers):
        twin = layer.copy()
        twin.sources = tuple(numbers[source] for source in layer.sources)
        if splits(layer) and isinstance(twin, Conv):
            fields = {"kernel_size": twin.kernel_size, "stride": twin.stride, "padding": twin.padding, "dilation": twin.dilation,
                      "norm": twin.norm, "activation": twin.activation, "bias": twin.bias}  # fmt: skip
            first = Depthwise(fields)
            first.name, first.op, first.coded, first.sources = (
                f"{layer.name}/depthwise",
                layer.op,
                layer.coded,
                twin.sources,
            )
            layers.append(first)
            marks.append(placed.marks[number])
            twin.name, twin.sources = f"{layer.name}/pointwise", (len(layers),)
            twin.kernel_size, twin.stride, twin.padding, twin.dilation = (1, 1), (1, 1), "same", (1, 1)
        layers.append(twin)
        marks.append(placed.marks[number])
        numbers.append(len(layers))
    return Placed(tuple(layers), tuple(marks))


def _refuse_shared(placed: Placed, changed: set[int]) -> None:
    """No layer that a twin changes shares its weights with another one."""
    names = {placed.layers[number].name for number in changed}
    for number, layer in enumerate(placed.layers):
        owner = getattr(layer, "owner", "")
        if owner and (number in changed or owner in names):
            raise MbcostError(
                f"`{layer.name}` has the weights of `{owner}`, and a twin of such rows is not defined",
                help="ask without the twin, or drop the rows that share: --without",
            )


def splits(layer: Layer) -> bool:
    """Whether a layer is a standard convolution that a separable one could replace."""
    return type(layer) is Conv and layer.kernel_size != (1, 1) and layer.groups == 1
