"""Rules about feature maps: printed sizes against what the strides give, strides on 1 x 1 maps, odd maps."""

from __future__ import annotations

from collections.abc import Iterator

from mbcost.layers import Shape
from mbcost.layers.conv import Conv
from mbcost.layers.pool import Pool
from mbcost.lint.causes import Cause, Mismatch, causes, size
from mbcost.lint.findings import Finding
from mbcost.lint.rules import rule
from mbcost.lint.subject import Subject

__all__ = ["depthwise_channels", "odd_map", "printed_size", "stride_on_a_point"]


@rule(
    "MB101",
    "A printed size that the strides do not give.",
    "Papers have typing errors, and people implement them: MobileNetV1's Table 1 prints stride 2 in its last depthwise row, "
    "which would halve a 7 x 7 map that the next row prints as 7 x 7. A row may carry the printed `input` and `output`; they "
    "are compared at alpha 1 and the table's resolution, and the row that causes a difference is looked for: the one whose "
    "stride or width, changed alone, makes the sizes fit.",
    "- {op: separable, out_channels: 1024, stride: 2, input: 7x7x1024, output: 7x7x1024}      # 7 x 7 needs stride 1",
)
def printed_size(subject: Subject) -> Iterator[Finding]:
    """Sizes that papers print beside a row, against those of the rows above it."""
    for mismatch, cause in causes(subject):
        if not _is_depthwise(mismatch):
            yield _caused(subject, mismatch, cause) if cause else _plain(subject, "MB101", mismatch)


@rule(
    "MB202",
    "A depthwise convolution whose channels do not match.",
    "A depthwise convolution has one kernel a channel, so it puts out the channels that it reads. Where a paper prints "
    "others, or a conv has as many groups as one of its sides but not as both, the row or one above it is probably wrong. And "
    "`groups` never sees alpha: a conv that is depthwise at alpha 1 is none at another, `op: depthwise` always is.",
    "- {op: conv, kernel_size: 3, groups: 32, out_channels: 64}      # on 32 channels: two kernels a channel",
)
def depthwise_channels(subject: Subject) -> Iterator[Finding]:
    """Depthwise rows with other printed channels, and convs that are depthwise by their groups but not quite."""
    for mismatch, cause in causes(subject):
        if _is_depthwise(mismatch):
            yield _depthwise(subject, mismatch, cause)
    for number, layer, spec in subject.layers():
        if spec.op != "conv" or not isinstance(layer, Conv) or layer.groups < 3 or layer.kernel_size == (1, 1):
            continue
        output = subject.base.shapes[number + 1]
        source = subject.base.shapes[layer.sources[0]]
        if output is None or source is None:
            continue
        m, n = source[0], output[0]
        if m == n == layer.groups:
            if layer.width.mode != "fixed" and subject.variant.rounding is not None:
                fact = f"`{layer.name}` is depthwise at alpha 1 alone: `groups` (={layer.groups}) never sees alpha, its channels do"
                yield subject.finding("MB202", spec, layer.name, fact, "write `op: depthwise`", "groups")
        elif layer.groups in {m, n} and m % layer.groups == n % layer.groups == 0:
            fact = f"`{layer.name}` has {layer.groups} groups on {m} channels in and {n} out: not one kernel a channel"
            help = (
                f"`op: depthwise` keeps {m} channels; with `multiplier: {n // m}` it makes {n}"
                if n > m and not n % m
                else f"{m} in and {n} out cannot be depthwise: correct `groups` or a width"
            )
            yield subject.finding("MB202", spec, layer.name, fact, help, "groups")


def _is_depthwise(mismatch: Mismatch) -> bool:
    channels, height, width = mismatch.actual
    printed = mismatch.printed
    return (
        mismatch.row.spec.op == "depthwise"
        and (height, width) == (printed.height, printed.width)
        and channels != printed.channels
    )


def _caused(subject: Subject, mismatch: Mismatch, cause: Cause) -> Finding:
    """A difference with the one change that would make it fit."""
    row = cause.row
    rest = "every printed size" if not cause.left else "it"
    where = "its own" if row.name == mismatch.row.name else f"`{mismatch.row.name}`'s"
    line = "" if row.name == mismatch.row.name else f" (line {mismatch.place(subject).line})"
    fact = (
        f"`{row.name}`: {cause.field} {cause.written} gives {size(mismatch.actual)}, but {where} {mismatch.key} is printed as "
        f"{mismatch.printed}{line}; {cause.field} {cause.fits} fits {rest}"
    )
    help = (
        f"correct it to {cause.field}: {cause.fits}; if the paper prints {cause.written}, keep that as an erratum: "
        f"errata: [{{row: {row.name}, field: {cause.field}, printed: {cause.written}, why: ...}}]"
    )
    return subject.finding("MB101", row.spec, row.name, fact, help, cause.field)


def _plain(subject: Subject, code: str, mismatch: Mismatch) -> Finding:
    """A difference that no single stride or width explains."""
    name, key = mismatch.row.name, mismatch.key
    what = "the rows above give" if key == "input" else "it puts out"
    fact = f"`{name}`: its {key} is printed as {mismatch.printed}, but {what} {size(mismatch.actual)}"
    return subject.finding(
        code,
        mismatch.row.spec,
        name,
        fact,
        f"check the strides, paddings and widths up to `{name}`, or the printed size",
        key,
    )


def _depthwise(subject: Subject, mismatch: Mismatch, cause: Cause | None) -> Finding:
    name, printed = mismatch.row.name, mismatch.printed
    fact = f"`{name}` is depthwise and its {mismatch.key} is printed with {printed.channels} channels, but it reads {mismatch.actual[0]}"
    help = "a depthwise convolution puts out the channels that it reads: correct a width above it, or the printed size"
    if cause is not None:
        help = f"{cause.field} {cause.fits} in `{cause.row.name}` fits; a depthwise convolution puts out the channels that it reads"
    return subject.finding("MB202", mismatch.row.spec, name, fact, help, mismatch.key)


@rule(
    "MB102",
    "A stride on a 1 x 1 map.",
    "On a 1 x 1 map a stride does nothing: the row costs what it costs without. It mostly means that a stride above it is "
    "one too many, or that the resolution is too small for the network.",
    "- {op: separable, out_channels: 64, stride: 2}      # below a global_pool",
)
def stride_on_a_point(subject: Subject) -> Iterator[Finding]:
    """Rows with a stride whose map is 1 x 1 already."""
    for number, layer, spec in subject.layers():
        stride = getattr(layer, "stride", (1, 1))
        inputs = subject.inputs(number)
        if inputs and stride != (1, 1) and inputs[0][1:] == (1, 1):
            fact = f"`{layer.name}` has stride {_pair(stride)} on a map of 1 x 1"
            yield subject.finding("MB102", spec, layer.name, fact, "remove the stride here, or one above it", "stride")


@rule(
    "MB103",
    "A stride on an odd map, where paddings differ between frameworks.",
    "Where the stride does not divide the side D of a map, `same` gives ceil(D / s), as TensorFlow's SAME does. A padding that is "
    "fixed for the kernel, (K - 1) // 2 on each side as in PyTorch, gives the same for an odd kernel; for an even one, as "
    "the 2 x 2 of many pools, it gives floor(D / s). From there on two networks with the same table differ in every map, and in cost.",
    "- {op: max_pool, kernel_size: 2, stride: 2}      # on 75 x 75: 38 x 38 here, 37 x 37 there",
)
def odd_map(subject: Subject) -> Iterator[Finding]:
    """Rows with `padding: same` whose map a fixed padding would make another."""
    suspects = {id(cause.row.spec) for _, cause in causes(subject) if cause and cause.field == "stride"}
    for number, layer, spec in subject.layers():
        if id(spec) in suspects or not isinstance(layer, Conv | Pool) or layer.padding != "same":
            continue
        inputs = subject.inputs(number)
        if inputs is None or inputs[0][1:] == (1, 1):
            continue
        sides = list(zip(inputs[0][1:], layer.kernel_size, layer.stride, strict=True))
        same = [-(-side // stride) for side, _, stride in sides]
        fixed = [(side + 2 * ((kernel - 1) // 2) - kernel) // stride + 1 for side, kernel, stride in sides]
        if any(
            side > stride and one != other
            for (side, _, stride), one, other in zip(sides, same, fixed, strict=True)
            if side % stride
        ):
            fact = (
                f"`{layer.name}`: stride {_pair(layer.stride)} on a map of {_pair(inputs[0][1:], square=False)}: `same` gives "
                f"{_pair(same, square=False)}, a fixed padding {_pair(fixed, square=False)}"
            )
            help = "choose a resolution whose maps stay even, or write the `padding` of the implementation you mean"
            yield subject.finding("MB103", spec, layer.name, fact, help, "stride")


def _pair(sides: tuple[int, ...] | list[int] | Shape, *, square: bool = True) -> str:
    return str(sides[0]) if square and len(set(sides)) == 1 else " x ".join(map(str, sides))
