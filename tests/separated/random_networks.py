"""Random layer tables as Hypothesis strategies: some cannot be counted at some alphas or sizes, and that is wanted."""

from __future__ import annotations

from hypothesis import strategies as st

import mbcost
from mbcost import loads

ROUNDINGS = ("floor", "divisor:8", "divisor:4", "floor+divisor:8", "divisor:3")
ALPHAS = ("1", "0.25", "0.35", "0.5", "2/3", "0.75", "0.9", "1.15", "17/16", "1.4", "2")
SIZES = (1, 7, 16, 31, 32, 57, 64, (33, 48), (64, 20))
RATIOS = ("1", "1.1", "3/2", "2", "2.3", "6", "1/2")
WIDTHS = st.sampled_from((1, 3, 8, 12, 16, 20, 24, 32, 48))
PADS = st.sampled_from(("same", "same", "valid", "1", "[0, 1, 0, 1]"))


@st.composite
def rows(draw: st.DrawFn) -> str:
    """One row: most kinds, with the fields that decide about shapes."""
    width = (
        f"out_channels: {draw(WIDTHS)}, width: {draw(st.sampled_from(('scale', 'scale', 'scale', 'grow', 'fixed')))}"
    )
    moving = f"kernel_size: {draw(st.sampled_from((1, 3, 5)))}, stride: {draw(st.sampled_from((1, 1, 2, 3)))}, padding: {draw(PADS)}"
    ratio = draw(st.sampled_from(RATIOS))
    inner = draw(st.sampled_from((f"expansion: {ratio}", f"expanded: {draw(WIDTHS)}", "expansion: 6", "expansion: 1")))
    se = draw(
        st.sampled_from(
            (
                "se: none",
                "se: none",
                "se: 1/4",
                "se: 1/4, se_of: input, se_rounding: floor",
                "se: 0.3, se_rounding: divisor:4",
            )
        )
    )
    unit = f"{width}, {inner}, {moving}, residual: {draw(st.sampled_from(('true', 'true', 'false')))}"
    return draw(
        st.sampled_from(
            (
                f"{{op: conv, {width}, {moving}, norm: {draw(st.sampled_from(('batch', 'none', 'layer')))}}}",
                f"{{op: conv, {width}, {moving}, groups: {draw(st.sampled_from((2, 3, 4)))}}}",
                f"{{op: conv, kernel_size: 1, expansion: {ratio}}}",
                f"{{op: depthwise, {moving}, multiplier: {draw(st.sampled_from((1, 1, 2)))}}}",
                f"{{op: separable, {width}, {moving}}}",
                f"{{op: inverted_residual, {unit}, {se}}}",
                f"{{op: fused_inverted_residual, {unit}}}",
                "{op: squeeze_excite}",
                f"{{op: max_pool, {moving}, ceil: {draw(st.sampled_from(('true', 'false')))}}}",
                "{op: avg_pool, kernel_size: 3, stride: 2, padding: 1, ceil: true}",
                "{op: shuffle, groups: 2}",
                "{op: split, parts: 2, take: 1}",
                "{op: upsample, factor: 2}",
                "{op: norm}",
                f"{{op: add, branches: [[], [{{op: conv, {width}, {moving}}}]]}}",
                f"{{op: concat, branches: [[{{op: conv, {width}, {moving}}}], [{{op: max_pool, {moving}}}], []]}}",
                "{op: multiply, branches: [[], [{op: global_pool}, {op: conv, kernel_size: 1, expansion: 1}]]}",
            )
        )
    )


@st.composite
def attentive_rows(draw: st.DrawFn) -> str:
    """One row of an attention, its products by themselves, or what stands around them."""
    heads = draw(st.sampled_from(("heads: 1", "heads: 2", "head_width: 4", "heads: 2, head_width: 4")))
    own = draw(st.sampled_from(("", f", out_channels: {draw(WIDTHS)}")))
    attention = draw(
        st.sampled_from(
            (
                f"{{op: attention, {heads}{own}, bias: true}}",
                f"{{op: attention, {heads}, windows: 4}}",
                f"{{op: attention, {heads}, value_width: 8, position_biases: 9}}",
                f"{{op: mobile_mqa, {heads}{own}}}",
                f"{{op: mobile_mqa, {heads}, kv_stride: 2, value_width: 8}}",
            )
        )
    )
    norm = f"{{op: norm, norm: {draw(st.sampled_from(('layer', 'batch')))}}}"
    conv = "{op: conv, kernel_size: 1, expansion: 1, bias: true, norm: none}"
    shared = "{op: conv, kernel_size: 1, out_channels: 8, width: fixed}"
    return draw(
        st.sampled_from(
            (
                attention,
                f"{{op: add, branches: [[], [{norm}, {attention}, {{op: scale}}]]}}",
                f"{{op: add, branches: [[{norm}, {attention}], [], [{{op: activation, activation: gelu}}]]}}",
                f"{{op: matmul, product: scores, heads: 1, branches: [[], [{conv}]]}}",
                f"{{op: matmul, product: scores, head_width: 8, multi_query: true, branches: [[], [{shared}]]}}",
                f"{{op: matmul, product: values, branches: [[{{op: matmul, product: scores, heads: 1, branches: [[], [{conv}]]}}], []]}}",
                norm, "{op: scale}", "{op: softmax}", "{op: activation, activation: gelu}", "{op: tokens}",
                "{op: tokens, extra: 1, positions: learned}", "{op: squeeze_excite}",
            )
        )
    )  # fmt: skip


@st.composite
def networks(draw: st.DrawFn, *, attention: bool = False) -> mbcost.Network:
    """A table of up to eight rows, with or without a head; with attention, on channels that heads divide."""
    body = draw(st.lists(rows() if not attention else attentive_rows(), min_size=1, max_size=8))
    if attention:
        body.insert(
            0,
            f"{{op: conv, kernel_size: 3, stride: {draw(st.sampled_from((1, 2, 4)))}, out_channels: 16, width: fixed}}",
        )
    head = draw(
        st.sampled_from(
            (
                [], ["{op: linear, out_channels: 10, width: fixed}"],
                ["{op: global_pool}", "{op: linear, out_channels: 10, width: fixed}"],
                ["{op: flatten}", "{op: linear, out_channels: 64}", "{op: linear, out_channels: 10, width: fixed}"],
                ["{op: global_pool, output_size: 2}", "{op: flatten}", "{op: linear, expansion: 1/2}"],
                ["{op: flatten}", "{op: linear, expansion: 1/2}"],
            )
        )
    )  # fmt: skip
    lines = "\n".join(f"  - {row}" for row in [*body, *head])
    return loads(
        f"format: 1\ninput: {{channels: 3, resolution: 32}}\nrounding: {draw(st.sampled_from(ROUNDINGS))}\nlayers:\n{lines}\n"
    )
