"""The oracle for attention and for what moves channels and positions: every product of two elements is counted as it is made.

Written from "Attention Is All You Need" (arXiv:1706.03762, section 3.2) and the papers of the layers around it, not from
the engine: no formula of ``mbcost`` is used.
"""

from __future__ import annotations

from itertools import product

from tests.layers.oracle_convs import (
    Part,
    Question,
    Row,
    Shape,
    conv,
    depthwise,
    elements,
    normalised,
    pair,
    sides,
    slopes,
    width_of,
)

__all__ = ["ORACLES"]

PLAIN = {"kernel_size": 1, "norm": "none", "activation": "none", "width": "fixed"}


def heads_of(row: Row, channels: int) -> tuple[int, int, int]:
    """Heads, the width of a key and of a value, by dealing the channels out."""
    count, key = row.get("heads"), row.get("head_width")
    if count is None:
        count = len(range(0, channels, key))
        assert count * key == channels
    elif key is None:
        key = len(range(0, channels, count))
        assert count * key == channels
    return count, key, row.get("value_width") or key


def places(shape: Shape) -> list[tuple[int, int]]:
    return list(product(range(shape[1]), range(shape[2])))


def scored(row: Row, name: str, queries: Shape, keys: Shape, heads: int, key: int) -> Part:
    """Every head, every query, every key of its window, every channel of a head."""
    windows = row.get("windows", 1)
    here, there = places(queries), places(keys)
    assert len(here) % windows == len(there) % windows == 0
    mults = scores = 0
    for head in range(heads):
        for number, _ in enumerate(here):
            for other, _ in enumerate(there):
                if number % windows == other % windows:
                    scores += 1
                    for channel in range(key):
                        mults += 1
                        assert head * key + channel < queries[0]
    biases = heads * row.get("position_biases", 0)
    return Part(
        name, (scores // len(here), *queries[1:]), map_mults=mults, activated=scores, other_params=biases,
        adds=scores if biases else 0, kind="matmul",
    )  # fmt: skip


def mixed(row: Row, name: str, scores: Shape, values: Shape, heads: int, value: int) -> Part:
    """Every head, every position, every value it attends to, every channel of that value."""
    windows = row.get("windows", 1)
    here, there = places(scores), places(values)
    mults = 0
    for _ in range(heads):
        for number, _ in enumerate(here):
            for other, _ in enumerate(there):
                if number % windows == other % windows:
                    mults += sum(1 for _ in range(value))
    return Part(name, (heads * value, *scores[1:]), map_mults=mults, kind="matmul")


def matmul(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    first, second = shapes
    if row["product"] == "scores":
        heads, key, _ = heads_of(row, first[0])
        return scored(row, name, first, second, heads, key)
    heads = first[0] * row.get("windows", 1) // len(places(second))
    return mixed(row, name, first, second, heads, second[0] if row.get("multi_query") else second[0] // heads)


def attention(row: Row, name: str, shapes: list[Shape], question: Question) -> list[Part]:
    """Joint 1 x 1 to queries, keys and values; their products; 1 x 1 back."""
    shape = shapes[0]
    heads, key, value = heads_of(row, shape[0])
    bias = row.get("bias", False)
    qkv = conv({**PLAIN, "bias": bias, "out_channels": heads * (key + key + value)}, f"{name}/qkv", [shape], question)
    views = [
        Part(f"{name}/{part}", (heads * wide, *shape[1:]))
        for part, wide in (("query", key), ("key", key), ("value", value))
    ]
    scores = scored(row, f"{name}/scores", views[0].output, views[1].output, heads, key)
    values = mixed(row, f"{name}/values", scores.output, views[2].output, heads, value)
    out = width_of(row, "out_channels", question) if row.get("out_channels") else shape[0]
    last = {**PLAIN, "bias": row.get("out_bias", bias), "out_channels": out}
    return [qkv, *views, scores, values, conv(last, f"{name}/project", [values.output], question)]


def mobile_mqa(row: Row, name: str, shapes: list[Shape], question: Question) -> list[Part]:
    """One key and one value for all heads, on a map that a strided depthwise convolution may have made smaller."""
    shape = shapes[0]
    heads, key, value = heads_of(row, shape[0])
    plain = {**PLAIN, "bias": row.get("bias", False)}
    parts = [conv({**plain, "out_channels": heads * key}, f"{name}/query", [shape], question)]
    ends = []
    for which, wide in (("key", key), ("value", value)):
        source = shape
        if pair(row.get("kv_stride", 1)) != (1, 1):
            down = {
                "kernel_size": row.get("kernel_size", 3),
                "stride": row["kv_stride"],
                "norm": row.get("norm", "batch"),
            }
            down |= {"activation": "none", "bias": down["norm"] == "none"}
            parts.append(depthwise(down, f"{name}/{which}/down", [shape], question))
            source = parts[-1].output
        parts.append(conv({**plain, "out_channels": wide}, f"{name}/{which}/project", [source], question))
        ends.append(parts[-1].output)
    parts.append(scored(row, f"{name}/scores", parts[0].output, ends[0], heads, key))
    parts.append(mixed(row, f"{name}/values", parts[-1].output, ends[1], heads, value))
    out = width_of(row, "out_channels", question) if row.get("out_channels") else shape[0]
    last = {**PLAIN, "bias": row.get("out_bias", row.get("bias", False)), "out_channels": out}
    return [*parts, conv(last, f"{name}/project", [parts[-1].output], question)]


def scale(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    return Part(name, shapes[0], products=elements(shapes[0]), other_params=len(range(shapes[0][0])))


def tokens(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    """The positions in a line behind the extra tokens; each extra token, and each position if learned, has a value a channel."""
    line = [*range(row.get("extra", 0)), *places(shapes[0])]
    output = (shapes[0][0], 1, len(line))
    learned = row.get("positions", "none") == "learned"
    own = sum(1 for _ in product(range(output[0]), range(row.get("extra", 0))))
    return Part(
        name, output, other_params=own + (elements(output) if learned else 0), adds=elements(output) if learned else 0
    )


def transposed(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    """Every input element is spread over the taps of every output map of its group; the output reaches as far as they do."""
    (m, height, width), kernel, stride = shapes[0], pair(row["kernel_size"]), pair(row.get("stride", 1))
    dilation, extra, groups = pair(row.get("dilation", 1)), pair(row.get("output_padding", 0)), row.get("groups", 1)
    n = width_of(row, "out_channels", question)
    mults, touched = 0, set()
    for i, _, _ in product(range(m), range(height), range(width)):
        for o in range(n):
            if i * groups // m == o * groups // n:
                for tap in product(range(kernel[0]), range(kernel[1])):
                    mults += 1
                    touched.add((i, o, tap))
    output: list[int] = []
    padding = row.get("padding", "same")
    for axis, size in enumerate((height, width)):
        if padding == "same":
            output.append(len([None for _ in range(size) for _ in range(stride[axis])]))
            continue
        reach = 1 + max(p * stride[axis] + t * dilation[axis] for p in range(size) for t in range(kernel[axis]))
        output.append(reach + extra[axis] - sum(sides(padding)[2 * axis : 2 * axis + 2]))
    shape = (n, output[0], output[1])
    norm, bias = row.get("norm", "batch"), row.get("bias")
    return Part(
        name, shape, weight_mults=mults, weights=len(touched), biases=n if (norm == "none" if bias is None else bias) else 0,
        **normalised(norm, shape), activated=elements(shape) if row.get("activation", "relu") != "none" else 0,
        kind="transposed",
        other_params=slopes(row, n) if row.get("activation") == "prelu" else 0,
    )  # fmt: skip


def sliced(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    if row.get("positions") is not None:
        return Part(name, (shapes[0][0], 1, len(places(shapes[0])[: row["positions"]])))
    kept = list(range(shapes[0][0]))[: width_of(row, "out_channels", question)]
    return Part(name, (len(kept), *shapes[0][1:]))


def pixel_shuffle(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    """Each pixel of an output map comes from another channel, factor x factor of them."""
    (channels, height, width), r = shapes[0], row["factor"]
    maps = len({c // (r * r) for c in range(channels)})
    return Part(
        name,
        (maps, len([y for y in range(height) for _ in range(r)]), len([x for x in range(width) for _ in range(r)])),
    )


ORACLES = {
    "matmul": matmul,
    "attention": attention,
    "mobile_mqa": mobile_mqa,
    "scale": scale,
    "tokens": tokens,
    "transposed": transposed,
    "slice": sliced,
    "pixel_shuffle": pixel_shuffle,
}
