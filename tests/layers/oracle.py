"""A second opinion on every layer kind: loops over windows, taps and channels that count, and nothing else.

Written from the table grammar and from the papers, not from the engine: no formula of ``mbcost`` is used. Convolutions
are counted in ``tests/layers/oracle_convs.py``; here are the building blocks made of them, and the layers without weights.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product

from tests.layers import oracle_attention
from tests.layers.oracle_convs import (
    Part,
    Question,
    Row,
    Shape,
    conv,
    depthwise,
    elements,
    linear,
    normalised,
    pair,
    positions,
    rounded,
    slopes,
    starts,
    width_of,
)

__all__ = ["ORACLES", "Part", "Question", "Row", "Shape", "count", "rounded", "starts"]

ONE = {"kernel_size": 1, "stride": 1, "padding": "same", "dilation": 1, "groups": 1}


def squeeze(row: Row, name: str, base: int, shape: Shape, question: Question) -> list[Part]:
    """Squeeze-and-excite on a map: pool, two biased 1 x 1 convolutions, a gate, one product an element."""
    m = shape[0]
    ratio = Fraction(str(row["se"]))
    if row.get("se_rounding") is None:
        r = rounded(ratio * base, question.floor, question.divisor)
    else:
        r = rounded(ratio * base, "floor" in row["se_rounding"], int(row["se_rounding"].partition("divisor:")[2] or 0))
    r = max(1, r)
    reduce = sum(1 for _ in product(range(m), range(r)))
    expand = sum(1 for _ in product(range(r), range(m)))
    return [
        Part(
            f"{name}/reduce", (r, 1, 1), reduce, reduce, r, pool_inputs=elements(shape), pool_outputs=m,
            activated=r if row.get("se_activation", "relu") != "none" else 0, kind="squeeze_excite",
            other_params=slopes(row, r) if row.get("se_activation") == "prelu" else 0,
        ),
        Part(
            f"{name}/expand", shape, expand, expand, m, products=elements(shape),
            activated=m if row.get("se_gate", "hard_sigmoid") != "none" else 0, kind="squeeze_excite",
        ),
    ]  # fmt: skip


def expanded_width(row: Row, m: int, question: Question) -> int:
    if row.get("expanded") is not None:
        return width_of(row, "expanded", question)
    return rounded(Fraction(str(row["expansion"])) * m, question.floor, question.divisor)


def with_residual(row: Row, name: str, parts: list[Part], shape: Shape) -> list[Part]:
    """An add where stride is 1 and the channels agree, unless told otherwise."""
    out = parts[-1].output
    if pair(row.get("stride", 1)) == (1, 1) and out[0] == shape[0] and row.get("residual", True):
        parts.append(Part(f"{name}/add", out, adds=elements(out)))
    return parts


def separable(row: Row, name: str, shapes: list[Shape], question: Question) -> list[Part]:
    first = depthwise(row, f"{name}/depthwise", shapes, question)
    return [first, conv({**row, **ONE}, f"{name}/pointwise", [first.output], question)]


def inverted_residual(row: Row, name: str, shapes: list[Shape], question: Question) -> list[Part]:
    """Expand, depthwise, squeeze-and-excite, project without activation, add."""
    shape = shapes[0]
    expanded = expanded_width(row, shape[0], question)
    parts = []
    if expanded != shape[0] or row.get("expand") == "always":  # else nothing is put where nothing expands
        parts.append(conv({**row, **ONE}, f"{name}/expand", [shape], question, n=expanded))
        shape = parts[-1].output
    parts.append(depthwise({**row, "multiplier": 1}, f"{name}/depthwise", [shape], question))
    if row.get("se", "none") != "none":
        base = expanded if row.get("se_of", "expanded") == "expanded" else shapes[0][0]
        parts += squeeze(row, f"{name}/se", base, parts[-1].output, question)
    final = width_of(row, "out_channels", question)
    parts.append(conv({**row, **ONE}, f"{name}/project", [parts[-1].output], question, activation="none", n=final))
    return with_residual(row, name, parts, shapes[0])


def fused_inverted_residual(row: Row, name: str, shapes: list[Shape], question: Question) -> list[Part]:
    """A K x K convolution to the expanded width and a projection; one convolution where nothing expands."""
    row = {"kernel_size": 3, **row}
    expanded, final = expanded_width(row, shapes[0][0], question), width_of(row, "out_channels", question)
    grows = expanded != shapes[0][0] or row.get("expand") == "always"
    parts = [conv(row, f"{name}/conv", shapes, question, n=expanded if grows else final)]
    if grows:
        parts.append(conv({**row, **ONE}, f"{name}/project", [parts[0].output], question, activation="none", n=final))
    return with_residual(row, name, parts, shapes[0])


def pool(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    padding = row.get("padding", "same")
    down, across = positions(row, shapes[0][1:], ceil=row.get("ceil", False) and padding != "same")
    output = (shapes[0][0], len(down), len(across))
    return Part(name, output, pool_inputs=elements(shapes[0]), pool_outputs=elements(output))


def global_pool(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    output = (shapes[0][0], *pair(row.get("output_size", 1)))
    return Part(name, output, pool_inputs=elements(shapes[0]), pool_outputs=elements(output))


def unchanged(activation: str | None) -> Callable[..., Part]:
    """A function of every element: None reads the row's `activation`."""

    def counted(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
        word = row.get("activation", "relu") if activation is None else activation
        own = slopes(row, shapes[0][0]) if word == "prelu" else 0
        return Part(name, shapes[0], activated=elements(shapes[0]) if word != "none" else 0, other_params=own)

    return counted


def norm(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    activated = elements(shapes[0]) if row.get("activation", "none") != "none" else 0
    own = slopes(row, shapes[0][0]) if row.get("activation") == "prelu" else 0
    return Part(
        name, shapes[0], **normalised(row.get("norm", "batch"), shapes[0]), activated=activated, other_params=own
    )


def joined(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    """add, concat, multiply: element by element."""
    op = row["op"]
    if op == "concat":
        output = (sum(1 for shape in shapes for _ in range(shape[0])), *shapes[0][1:])
    else:
        output = max(shapes, key=elements)
    steps = sum(1 for _ in shapes[1:] for _ in product(*map(range, output)))
    activated = elements(output) if row.get("activation", "none") != "none" else 0
    own = slopes(row, output[0]) if row.get("activation") == "prelu" else 0
    return Part(
        name,
        output,
        activated=activated,
        other_params=own,
        adds=steps * (op == "add"),
        products=steps * (op == "multiply"),
    )


def split(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    channels = list(range(shapes[0][0]))
    if row.get("rest") == "first":
        later = [channels.pop() for _ in range(len(channels) // row["parts"] * (row["parts"] - 1))]
        kept = channels if row["take"] == 1 else later[: len(later) // (row["parts"] - 1)]
        return Part(name, (len(kept), *shapes[0][1:]))
    taken = [c for c in channels if c * row["parts"] // len(channels) == row["take"] - 1]
    return Part(name, (len(taken), *shapes[0][1:]))


def flatten(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    return Part(name, (elements(shapes[0]), 1, 1))


def upsample(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    """By a factor, each pixel becomes a block; or to the size of the second shape (`like`)."""
    c, h, w = shapes[0]
    if row.get("like") is not None:
        return Part(name, (c, *shapes[1][1:]))
    if row.get("multiple") is not None:
        down, across = pair(row["multiple"])
        return Part(
            name,
            (
                c,
                next(s for s in range(h, h + down) if s % down == 0),
                next(s for s in range(w, w + across) if s % across == 0),
            ),
        )
    tall, wide = pair(row["factor"])
    return Part(
        name,
        (c, len([None for _ in range(h) for _ in range(tall)]), len([None for _ in range(w) for _ in range(wide)])),
    )


def custom(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    """A cost the row states itself: in all, or so much an output element or an output channel."""
    c, h, w = shapes[0]
    c = width_of(row, "out_channels", question) if row.get("out_channels") is not None else c
    (s_h, s_w), size = pair(row.get("stride", 1)), row.get("output_size")
    output = (c, *pair(size)) if size is not None else (c, len(range(0, h, s_h)), len(range(0, w, s_w)))
    counted = {"mult_adds": row.get("mult_adds", 0), "params": row.get("params", 0)}
    for _ in product(*map(range, output)):
        counted["mult_adds"] += row.get("mult_adds_per_output", 0)
        counted["params"] += row.get("params_per_output", 0)
    for _ in range(c):
        counted["params"] += row.get("params_per_channel", 0)
    return Part(name, output, counted["mult_adds"], counted["params"])


ORACLES: dict[str, Callable[[Row, str, list[Shape], Question], Part | list[Part]]] = {
    "conv": conv,
    "custom": custom,
    "depthwise": depthwise,
    "pointwise": lambda row, name, shapes, q: conv({**row, "kernel_size": 1}, name, shapes, q),
    "separable": separable,
    "inverted_residual": inverted_residual,
    "fused_inverted_residual": fused_inverted_residual,
    "squeeze_excite": lambda row, name, shapes, q: squeeze({"se": "1/4", **row}, name, shapes[0][0], shapes[0], q),
    "linear": linear,
    "max_pool": pool,
    "avg_pool": pool,
    "global_pool": global_pool,
    "norm": norm,
    "lrn": unchanged("lrn"),
    "activation": unchanged(None),
    "add": joined,
    "concat": joined,
    "multiply": joined,
    "split": split,
    "shuffle": unchanged("none"),
    "flatten": flatten,
    "upsample": upsample,
    "dropout": unchanged("none"),
    "softmax": unchanged("softmax"),
    **oracle_attention.ORACLES,
}
"""How each word of the grammar's list of kinds is counted."""


def count(rows: list[Row], shape: Shape, question: Question) -> list[Part]:
    """Count a table of named rows: each reads the row above, or what `from` names."""
    outputs: dict[str, Shape] = {"input": shape}
    last = "input"
    counted: list[Part] = []
    for row in rows:
        sources = row.get("from", last)
        shapes = [outputs[source] for source in (sources if isinstance(sources, list) else [sources])]
        if row.get("like") is not None:
            shapes.append(outputs[row["like"]])
        made = ORACLES[row["op"]](row, row["name"], shapes, question)
        parts = made if isinstance(made, list) else [made]
        counted += parts
        last = row["name"]
        outputs[last] = parts[-1].output
        outputs |= {part.name: part.output for part in parts}
    return counted
