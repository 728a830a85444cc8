"""Rules about rows and their neighbours: what comes in the wrong order, twice, or for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from mbcost.layers import Layer
from mbcost.layers.composite import Residual
from mbcost.layers.conv import Conv, Depthwise, Linear
from mbcost.layers.custom import Custom, Unknown
from mbcost.layers.elementwise import Elementwise, Flatten, Norm
from mbcost.layers.pool import GlobalPool, Pool
from mbcost.lint.findings import Finding
from mbcost.lint.rules import rule
from mbcost.lint.subject import Subject
from mbcost.network.specs import GroupSpec, Item, RowSpec, TableSpec

__all__ = ["biased_norm", "classifier_before_pool", "doubled_layer", "doubled_row", "norm_by_default"]

CENTRED = {"batch", "batch_no_scale", "instance"}
IDLE = {"dropout", "softmax", "activation", "flatten"}


@rule(
    "MB201",
    "A classifier before the pooling.",
    "A classifier in front of a global average pool is run at every position of the map, H * W times as often as behind it. "
    "Without an activation between, the two may change places and give the same scores; papers pool first. (With a "
    "relu between it is another network: NiN and SqueezeNet mean it so, and a table that states its paper may have it.)",
    "- {op: conv, name: classifier, kernel_size: 1, out_channels: 1000, norm: none, activation: none}\n"
    "- {op: global_pool}",
)
def classifier_before_pool(subject: Subject) -> Iterator[Finding]:
    """The last weights of a network on a map that is pooled to 1 x 1 only afterwards."""
    readers = subject.readers()
    last = max((number for number, layer, _ in subject.layers() if isinstance(layer, Conv | Linear)), default=-1)
    for number, layer, spec in subject.layers():
        named = layer.name.rpartition("/")[2] == "classifier"
        if not (
            isinstance(layer, Linear)
            or (isinstance(layer, Conv) and layer.kernel_size == (1, 1) and (named or number == last))
        ):
            continue
        if subject.states_paper and isinstance(layer, Conv) and layer.norm == "none" and layer.activation != "none":
            continue  # the relu between makes it another network, as a paper may well mean it
        inputs = subject.inputs(number)
        pool = _pool_after(subject, readers, number)
        if inputs is None or inputs[0][1:] == (1, 1) or pool is None:
            continue
        _, height, width = inputs[0]
        fact = f"`{layer.name}` classifies a map of {height} x {width}, and `{pool.name}` pools it afterwards"
        help = f"put the pool above it: {height * width} times fewer mult-adds in `{layer.name}`"
        yield subject.finding("MB201", spec, layer.name, fact, help)


def _pool_after(subject: Subject, readers: dict[int, list[int]], number: int) -> Layer | None:
    """The pool to 1 x 1 that reads a layer, with nothing but activations and the like between."""
    layers = subject.placed.layers
    for _ in range(len(layers)):
        following = readers.get(number + 1, [])
        if len(following) != 1:
            return None
        number = following[0]
        layer = layers[number]
        output = subject.here.shapes[number + 1]
        if isinstance(layer, GlobalPool) or (isinstance(layer, Pool) and output is not None and output[1:] == (1, 1)):
            return layer
        if layer.op not in IDLE:
            return None
    return None


@rule(
    "MB203",
    "A bias under a batch norm.",
    "Batch norm subtracts each channel's mean, and a constant bias with it: the bias costs params and additions and changes "
    "nothing. Beta does its work.",
    "- {op: conv, kernel_size: 3, out_channels: 32, bias: true}      # norm: batch is the default",
)
def biased_norm(subject: Subject) -> Iterator[Finding]:
    """Convolutions and linear layers with a bias whose norm takes the mean away."""
    readers = subject.readers()
    for number, layer, spec in subject.layers():
        if not isinstance(layer, Conv | Linear) or not layer.bias:
            continue
        following = [subject.placed.layers[reader] for reader in readers.get(number + 1, [])]
        if layer.norm in CENTRED:
            norm = f"norm: {layer.norm}"
        elif layer.norm == layer.activation == "none" and len(following) == 1 and _centres(following[0]):
            norm = f"`{following[0].name}` below it"
        else:
            continue
        yield subject.finding(
            "MB203",
            spec,
            layer.name,
            f"`{layer.name}` has a bias, and {norm} takes it away again",
            "write `bias: false`",
            "bias",
        )


def _centres(layer: Layer) -> bool:
    return isinstance(layer, Norm) and layer.norm in CENTRED


@rule(
    "MB204",
    "A layer that does again what the one above it did.",
    "A conv has batch norm and relu by default (GRAMMAR 12); a row of its own for them is a second one. The second relu, "
    "softmax, dropout or global pool does nothing; the second batch norm costs its params twice.",
    "- {op: conv, kernel_size: 3, out_channels: 32}\n- {op: norm}      # the conv is normalised already",
)
def doubled_layer(subject: Subject) -> Iterator[Finding]:
    """Norms, activations, pools and dropouts that directly follow their like."""
    for _, layer, spec in subject.layers():
        if len(layer.sources) != 1 or not layer.sources[0]:
            continue
        above = subject.placed.layers[layer.sources[0] - 1]
        what = _again(layer, above)
        if what:
            fact = f"`{layer.name}`: {what} again, directly below `{above.name}`"
            help = f"remove the row, or switch it off in `{above.name}`: `norm: none`, `activation: none`"
            if above.op == layer.op:
                help = "remove one of the two rows"
            yield subject.finding("MB204", spec, layer.name, fact, help)


def _again(layer: Layer, above: Layer) -> str:
    """What a layer repeats of the layer above it, or nothing."""
    if isinstance(layer, Norm):
        norm = getattr(above, "norm", "none")
        after = getattr(above, "activation", "none")
        return f"norm {layer.norm}" if layer.norm == norm != "none" and after == "none" else ""
    if layer.op == "global_pool" and isinstance(above, GlobalPool):
        return "global_pool"
    if layer.op in {"dropout", "flatten", "lrn"} and above.op == layer.op:
        return layer.op
    if (
        type(layer) is Elementwise
        and layer.activation not in {"none", "lrn"}
        and layer.activation == getattr(above, "activation", "none")
    ):
        return layer.activation
    return ""


@rule(
    "MB205",
    "The same row twice, one below the other.",
    "Two equal rows without names are a row pasted twice as often as they are meant. Meant repetitions have a word, "
    "`repeat: 2`, except with a stride, which is 1 in the second copy: two rows with one are meant. A table that states its paper (`source`) and has no `repeat` anywhere may print equal rows as the paper "
    "does.",
    "- {op: separable, out_channels: 128}\n- {op: separable, out_channels: 128}",
)
def doubled_row(subject: Subject) -> Iterator[Finding]:
    """Unnamed rows that say the same as the row directly above them."""
    table = subject.table
    bodies = [table.items, *[block.items for block in table.blocks.values()]]
    if subject.states_paper and not any(_repeats(body) for body in bodies):
        return
    for body in bodies:
        for above, row in _neighbours(body):
            if _says(above) == _says(row) and _says(row) is not None and _keeps_its_stride(row, table):
                what = f"{row.op} row" if row.line != above.line else f"{row.op}"
                fact = f"this {what} says the same as the one above it (line {above.line})"
                yield subject.finding(
                    "MB205", row, "", fact, f"remove it, or write `repeat: {above.repeat + row.repeat}` in one row"
                )


def _keeps_its_stride(row: RowSpec, table: TableSpec) -> bool:
    """Whether a second copy under `repeat` is the same row: its stride is 1 already."""
    block = table.blocks.get(row.op)
    stride = row.cells.get("stride") or (block.params.get("stride") if block else None)
    if stride is None and block is None:
        stride = table.defaults.get(row.op, {}).get("stride") or table.defaults.get("*", {}).get("stride")
    return stride is None or stride.raw in ("1", ["1", "1"])


def _repeats(items: tuple[Item, ...]) -> bool:
    return any(item.repeat > 1 or (isinstance(item, GroupSpec) and _repeats(item.items)) for item in items)


def _neighbours(items: tuple[Item, ...]) -> Iterator[tuple[RowSpec, RowSpec]]:
    """Rows and the row directly above them, in every body, branch and group."""
    above: RowSpec | None = None
    for item in items:
        if isinstance(item, GroupSpec):
            yield from _neighbours(item.items)
            above = None
            continue
        if above is not None:
            yield above, item
        for branch in item.branches or ():
            yield from _neighbours(branch)
        above = item


TWICE = frozenset({"linear", "activation", "norm", "lrn", "dropout", "flatten", "global_pool", "softmax"})
"""Kinds that MB205 leaves out: AlexNet and VGG have equal linear rows, with another input each; MB204 has the others."""


def _says(row: RowSpec) -> object:
    """What a row says, without its place; None where it has a name, sources or branches of its own."""
    if row.op in TWICE or row.name is not None or row.sources is not None or row.branches is not None or not row.cells:
        return None
    return row.op, {name: str(cell.raw) for name, cell in row.cells.items()}, row.unknown


def is_output(layer: Layer) -> bool:
    """Whether a layer that nobody reads looks like an output: a head of a detector, scores."""
    if isinstance(layer, Custom) or (isinstance(layer, Unknown) and isinstance(layer.inner, Custom)):
        return True  # what it is only the table knows
    if isinstance(layer, Conv | Linear) and not isinstance(layer, Depthwise):
        return layer.norm == "none" and layer.activation in {"none", "sigmoid", "softmax"}
    return (
        isinstance(layer, Elementwise)
        and not isinstance(layer, Norm | Residual)
        and layer.activation in {"sigmoid", "softmax"}
    )


@rule(
    "MB206",
    "A batch norm that nobody wrote.",
    "Every convolution of a table has a batch norm and a relu unless it says otherwise, as those of mobile networks do. A table "
    "of plain convolutions, sliding pools and linear layers after a `flatten`, as an introduction to a framework has it, mostly means "
    "convolutions with a bias and without a norm. Silent where anything says `norm`, or the table states its paper or code.",
    "- {op: conv, kernel_size: 3, out_channels: 32}\n- {op: max_pool, kernel_size: 2, stride: 2}\n- {op: flatten}\n"
    "- {op: linear, out_channels: 10}",
)
def norm_by_default(subject: Subject) -> Iterator[Finding]:
    """Convolutions with a batch norm by default in a network that looks like one without."""
    table = subject.table
    kinds = {type(layer) for layer in subject.placed.layers}
    if not {Flatten, Linear, Pool} <= kinds or kinds & {Depthwise, Residual, Norm} or subject.states_paper:
        return
    normed = [(layer, spec) for _, layer, spec in subject.layers() if isinstance(layer, Conv) and layer.norm == "batch"]
    written = [*table.defaults.values(), *[spec.cells for _, spec in normed]]
    if normed and not any("norm" in cells for cells in written):
        layer, spec = normed[0]
        fact = f"`{layer.name}` has a batch norm that nothing in this table says"
        help = "write `defaults: {conv: {norm: none, bias: true}}` for plain convolutions, or `norm: batch` where it is meant"
        yield subject.finding("MB206", spec, layer.name, fact, help)
