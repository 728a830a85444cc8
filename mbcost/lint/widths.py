"""Rules about widths and cost: odd channel counts, separable blocks that do not pay, costs that do not scale."""

from __future__ import annotations

from collections.abc import Iterator

from mbcost.dims import exact_text
from mbcost.layers.conv import Conv, Depthwise
from mbcost.layers.custom import Custom, Unknown
from mbcost.lint.findings import Finding
from mbcost.lint.rules import rule
from mbcost.lint.subject import Subject
from mbcost.network.placed import Placed
from mbcost.network.twin import pairs

__all__ = ["dear_separable", "factors_elsewhere", "fixed_cost", "not_by_eight"]

LANES = 8


@rule(
    "MB301",
    "Channels that are not divisible by 8 after alpha.",
    "Vector units and accelerators work on 8 channels or more at a time and pad what is left over, so 44 channels take the "
    "time of 48. The MobileNetV2 and V3 code rounds every width to a multiple of 8 for that reason (`divisor:8`); `floor` "
    "does not. Looked at are the widths that alpha scales, at the alpha asked for; at alpha 1 a table that states its paper has "
    "the paper's own.",
    "mbcost lint mobilenet_v1 --alpha 0.35      # conv_1 has floor(0.35 * 32) = 11 channels",
)
def not_by_eight(subject: Subject) -> Iterator[Finding]:
    """Scaled widths that are no multiple of 8."""
    if subject.variant.rounding is None or (subject.variant.alpha == 1 and subject.states_paper):
        return  # widths that alpha does not touch, or that a paper prints
    alpha = exact_text(subject.variant.alpha)
    for number, layer, spec in subject.layers():
        output = subject.here.shapes[number + 1]
        if (
            output is None
            or subject.here.rows[number] is None
            or not isinstance(layer, Conv)
            or isinstance(layer, Depthwise)
        ):
            continue
        if layer.width.mode == "fixed" or layer.width.value == 0 or output[0] % LANES == 0:
            continue
        fact = (
            f"`{layer.name}` has {output[0]} channel{'s' * (output[0] != 1)} at alpha {alpha}, no multiple of {LANES}"
        )
        help = f"round with divisor:{LANES}, or choose an alpha at which it has {_near(output[0])}"
        if alpha == "1":
            help = f"{_near(output[0])} channels fill vector units; `width: fixed` marks a width that is not meant to scale"
        yield subject.finding("MB301", spec, layer.name, fact, help, "out_channels")


def _near(channels: int) -> str:
    low = channels // LANES * LANES
    return f"{low} or {low + LANES}" if low else str(LANES)


@rule(
    "MB302",
    "A separable block that costs at least what the standard convolution would.",
    "A depthwise separable convolution costs 1/N + 1/D_K^2 of the standard one (MobileNets, section 3.1). With one or two "
    "outputs, a 1 x 1 kernel or a large `multiplier` that is 1 or more: the standard convolution is cheaper and mixes more.",
    "- {op: separable, kernel_size: 3, out_channels: 1}",
)
def dear_separable(subject: Subject) -> Iterator[Finding]:
    """Depthwise + pointwise pairs against the convolution they factorise."""
    for first, second in pairs(subject.placed, _begins):
        table, spec = subject.placed.marks[first]
        depthwise, pointwise = subject.here.rows[first], subject.here.rows[second]
        layer = subject.placed.layers[first]
        if table is not subject.table or depthwise is None or pointwise is None or not isinstance(layer, Depthwise):
            continue
        (k_h, k_w), m, (n, height, width) = layer.kernel_size, depthwise.input[0], pointwise.output
        if m == 1 and layer.multiplier == 1:
            continue  # on one channel a depthwise convolution is a standard one
        standard = k_h * k_w * m * n * height * width
        separable = depthwise.weight_mults + pointwise.weight_mults
        if separable >= standard:
            name = layer.name.removesuffix("/depthwise")
            block = f"`{name}`" if name != layer.name else f"`{layer.name}` with `{pointwise.name}`"
            costs = [f"{cost:,}" if isinstance(cost, int) else exact_text(cost) for cost in (separable, standard)]
            fact = f"{block}: {costs[0]} mult-adds, where a standard {k_h} x {k_w} convolution from {m} to {n} channels needs {costs[1]}"
            yield subject.finding(
                "MB302", spec, name, fact, "write it as a `conv`, or correct its kernel, multiplier or outputs"
            )


def _begins(placed: Placed, number: int) -> bool:
    return isinstance(placed.layers[number], Depthwise)


@rule(
    "MB303",
    "A stated cost that follows neither alpha nor the resolution.",
    "A `custom` row with `mult_adds` or `params` has that cost at every alpha and every resolution, while the rows around it "
    "scale. Factors an output element (`mult_adds_per_output`) or an output channel (`params_per_channel`) scale with them.",
    "- {op: custom, mult_adds: 1806336, params: 288}      # at rho 1/2 still 1,806,336",
)
def fixed_cost(subject: Subject) -> Iterator[Finding]:
    """Custom rows with a fixed cost, where the variant or the table scales."""
    variant, table = subject.variant, subject.table
    for number, layer, spec in subject.layers():
        inner = layer.inner if isinstance(layer, Unknown) else layer
        inputs = subject.inputs(number)
        if not isinstance(inner, Custom) or not inputs:
            continue
        fixed = [name for name in ("mult_adds", "params") if inner.amounts.get(name)]
        if fixed and (variant.alpha != 1 or variant.resolution != table.resolution):
            height, width = variant.size
            fact = f"`{layer.name}`: its {' and '.join(fixed)} are those of the table, at alpha {exact_text(variant.alpha)} and {height} x {width} too"
            help = "give factors that scale: mult_adds_per_output, params_per_output or params_per_channel"
            yield subject.finding("MB303", spec, layer.name, fact, help, fixed[0])


@rule(
    "MB304",
    "Factors an output element at another resolution than the table's.",
    "A `custom` row with `mult_adds_per_output` scales as a convolution does, with the positions of the map. A layer whose "
    "cost does not (attention, with the square of the positions; a linear layer on a flattened map) is exact at the "
    "resolution where the factor was taken, and off at every other without a word.",
    "- {op: custom, mult_adds_per_output: 1152, params: 589824}      # attention at 256 x 256: 12.5 % off at 384 x 384",
)
def factors_elsewhere(subject: Subject) -> Iterator[Finding]:
    """Custom rows with factors an output element, away from the resolution of their table."""
    variant, table = subject.variant, subject.table
    for layer, (owner, spec) in zip(subject.placed.layers, subject.placed.marks, strict=True):
        inner = layer.inner if isinstance(layer, Unknown) else layer
        if not isinstance(inner, Custom) or variant.size == owner.resolution:
            continue
        factors = [name for name in ("mult_adds_per_output", "params_per_output") if inner.amounts.get(name)]
        if factors:
            (base_height, base_width), (height, width) = owner.resolution, variant.size
            fact = f"`{layer.name}`: its {' and '.join(factors)} were stated at {base_height} x {base_width}, and are taken at {height} x {width} too"
            help = "write the layer as rows of its own (`attention`, `matmul`, `linear`); where the factors do hold, say so: ignore: [{code: MB304, row: ..., why: ...}]"
            if owner is table or table.base is None:
                yield subject.finding("MB304", spec, layer.name, fact, help, factors[0])
            else:  # of a base that is at another resolution there
                yield Finding("MB304", table.place(table.base.line, table.base.column), layer.name, fact, help)
