"""How refused words are quoted in messages, what they may mean, and what is said about the traps of YAML 1.1."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mbcost.dims import MAX_NUMBER_TEXT
from mbcost.errors import nearest

__all__ = ["likely", "listed", "meant", "near", "number_hint", "shown"]

MOST_LISTED = 60

SYNONYMS = {
    # kinds
    "conv": "conv2d convolution convolution2d", "depthwise": "dw dwconv dw_conv depthwise_conv depthwise_conv2d depthwiseconv2d",
    "pointwise": "pw pwconv pw_conv conv1x1", "separable": "dsconv ds_conv sepconv sep_conv separable_conv separableconv2d depthwise_separable",
    "inverted_residual": "mbconv mb_conv ir ib uib inverted_bottleneck bottleneck linear_bottleneck invertedresidual",
    "fused_inverted_residual": "fused_mbconv fusedmbconv fused_ib fused_bottleneck er edge_residual",
    "linear": "dense fc fully_connected inner_product gemm innerproduct", "attention": "mhsa mha self_attention multi_head_attention multihead_attention",
    "mobile_mqa": "mqa multi_query_attention", "matmul": "bmm batch_matmul einsum dot",
    "squeeze_excite": "se se_block squeeze_and_excite squeeze_and_excitation squeeze_excitation senet",
    "max_pool": "maxpool maxpool2d max_pooling max_pool2d maxpooling2d", "avg_pool": "avgpool avgpool2d average_pool avg_pool2d averagepooling2d",
    "global_pool": "gap global_avg_pool global_average_pool global_avgpool adaptive_avg_pool adaptive_avg_pool2d globalaveragepooling2d",
    "norm": "bn ln gn batchnorm batch_norm batchnorm2d batch_normalization layernorm layer_norm groupnorm group_norm",
    "transposed": "deconv deconvolution conv_transpose conv_transpose2d conv2d_transpose transposed_conv convtranspose2d",
    "add": "sum eltwise plus residual shortcut", "multiply": "mul times", "concat": "cat concatenate route", "shuffle": "channel_shuffle",
    "upsample": "resize interpolate upsampling upsampling2d", "pixel_shuffle": "depth_to_space pixelshuffle", "scale": "layer_scale layerscale",
    "flatten": "reshape", "slice": "crop narrow", "tokens": "cls_token class_token patches", "lrn": "local_response_norm",
    # activations and norms
    "silu": "swish", "hard_swish": "hswish h_swish hs hardswish", "hard_sigmoid": "hsigmoid h_sigmoid hardsigmoid", "leaky_relu": "lrelu leaky leakyrelu",
    "relu": "re rectifier", "none": "identity linear", "batch": "bn batchnorm batch_norm", "layer": "ln layernorm layer_norm",
    "group": "gn groupnorm group_norm", "instance": "in instancenorm instance_norm",
    # fields
    "out_channels": "filters channels num_filters out c outputs output_channels units out_features", "stride": "strides s subsample",
    "kernel_size": "kernel k ksize filter_size kernel_shape", "dilation": "dilation_rate atrous_rate dilations", "padding": "pad pads",
    "activation": "act nl nonlinearity act_layer activation_fn", "expansion": "t expand_ratio expansion_ratio expansion_factor exp_ratio",
    "expanded": "exp_size expanded_channels mid_channels hidden_channels", "se": "se_ratio rd_ratio squeeze", "groups": "group cardinality num_groups",
    "repeat": "n repeats num_repeat times", "bias": "use_bias", "residual": "skip has_skip noskip shortcut", "heads": "num_heads", "head_width": "head_dim key_dim",
    "value_width": "value_dim", "multiplier": "channel_multiplier dw_multiplier",
}  # fmt: skip
"""What papers, Keras, PyTorch and timm call the kinds, activations, norms and fields of a layer table."""


def shown(raw: Any) -> str:
    """A raw value as it is quoted in messages."""
    if isinstance(raw, list):
        text = "[" + ", ".join(shown(x).strip("`") for x in raw[:6]) + (", …]" if len(raw) > 6 else "]")
    else:
        text = "".join(c if c.isprintable() else "?" for c in str(raw))
    return f"`{text[:60]}…`" if len(text) > 61 else f"`{text}`"


def likely(word: str, known: Sequence[str]) -> str:
    """The known words that another one may mean, quoted: what has it for a synonym, else what is spelt like it.

    >>> likely("swish", ["relu", "silu", "hard_swish"]), likely("MBConv", ["conv", "inverted_residual"])
    ('`silu`', '`inverted_residual`')
    """
    plain = word.lower().replace("-", "_")
    meant = [name for name, others in SYNONYMS.items() if name in known and plain in others.split()]
    return " or ".join(f"`{name}`" for name in meant) or nearest(word, known)


def listed(words: Iterable[str]) -> str:
    """Words in a message: all of them, or the first of very many."""
    words = list(words)
    more = len(words) - MOST_LISTED
    return ", ".join(words if more <= 0 else [*words[:MOST_LISTED], f"and {more:,} more"])


def meant(word: str, known: Iterable[str], otherwise: str = "", also: Iterable[str] = ()) -> str:
    """A hint that names the nearest of the known words and of some others, or else says something with the known ones for `{}`."""
    close = likely(word, [*known, *also])
    return f"did you mean {close}?" if close else otherwise.replace("{}", listed(known) or "none")


def near(raw: Any, words: tuple[str, ...]) -> str:
    """A hint that names the nearest words, or the empty string."""
    close = likely(raw, words) if isinstance(raw, str) else ""
    return f"did you mean {close}?" if close else ""


def number_hint(raw: Any) -> str:
    """Why a text that looks like a number is refused."""
    if not isinstance(raw, str):
        return ""
    if len(raw) > MAX_NUMBER_TEXT and raw.replace(".", "").isdigit():
        return f"a number has at most {MAX_NUMBER_TEXT} characters"
    if re.fullmatch(r"0[0-9]+", raw):
        return f"a leading zero means octal to some readers: write {raw.lstrip('0') or '0'}"
    if re.fullmatch(r"[0-9]+_[0-9_]+", raw):
        return f"write it without underscores: {raw.replace('_', '')}"
    if re.fullmatch(r"[0-9.]+[eE][+-]?[0-9]+", raw):
        return "write it out, without an exponent"
    return ""
