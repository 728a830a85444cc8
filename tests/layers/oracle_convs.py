"""Widths, windows and convolutions of the oracle, counted by loops over positions, taps and channels.

Written from the table grammar and from the papers, not from the engine: no formula of ``mbcost`` is used. A weight is
counted when it is first touched, a mult-add each time one is. Sizes are found by sliding a window over the padded map,
widths by looking for the nearest multiple.

Papers: convolution and depthwise separable convolution, MobileNets (arXiv:1704.04861) section 3.1; inverted residual,
MobileNetV2 (arXiv:1801.04381) Table 1; squeeze-and-excite, arXiv:1709.01507 section 3, placed as in MobileNetV3
(arXiv:1905.02244) Figure 4; grouped convolution and channel shuffle, ShuffleNet (arXiv:1707.01083) section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

Shape = tuple[int, int, int]
Row = dict[str, Any]


class Part(NamedTuple):
    """One counted layer. The names of the fields are those of the costed rows they are compared with."""

    name: str
    output: Shape
    weight_mults: int = 0
    weights: int = 0
    biases: int = 0
    norm_params: int = 0
    norm_stats: int = 0
    norm_elements: int = 0
    activated: int = 0
    pool_inputs: int = 0
    pool_outputs: int = 0
    products: int = 0
    adds: int = 0
    map_mults: int = 0
    other_params: int = 0
    kind: str = ""


class Question(NamedTuple):
    """alpha, and the rule that rounds widths: (truncate first?, divisor or 0)."""

    alpha: Fraction = Fraction(1)
    floor: bool = False
    divisor: int = 0

    def spelt(self) -> str:
        """As the table spells the rule."""
        words = ["floor"] * self.floor + [f"divisor:{self.divisor}"] * bool(self.divisor)
        return "+".join(words) or "none"


def rounded(width: Fraction, floor: bool, divisor: int) -> int:
    """A width under a rule, by search: the rule of the MobileNetV2 code, said in words in GRAMMAR 3 and 4."""
    if floor:
        whole = 0
        while whole + 1 <= width:
            whole += 1
        width = Fraction(whole)
    if not divisor:
        assert width.denominator == 1, f"the oracle counts whole channels only, not {width}"
        return int(width)
    multiples = range(divisor, int(width) + 3 * divisor, divisor)  # never below the divisor
    near = min(multiples, key=lambda multiple: (abs(multiple - width), -multiple))  # ties up
    lost = (width - near) / width if width else Fraction(0)
    return near + divisor if lost > Fraction(1, 10) else near


def width_of(row: Row, name: str, question: Question) -> int:
    """`out_channels` or `expanded` of a row, under its width mode."""
    written, mode = row[name], row.get("width", "scale")
    if mode == "fixed":
        return int(written)
    factor = question.alpha if mode == "scale" else max(Fraction(1), question.alpha)
    return rounded(factor * written, question.floor, question.divisor)


def out_width(row: Row, channels: int, question: Question) -> int:
    """The output width of a convolution or linear layer: `out_channels`, or `expansion` times the input."""
    if row.get("out_channels") is not None:
        return width_of(row, "out_channels", question)
    return rounded(Fraction(str(row["expansion"])) * channels, question.floor, question.divisor)


def pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def sides(padding: Any) -> tuple[int, int, int, int]:
    if padding == "valid":
        return 0, 0, 0, 0
    return (padding,) * 4 if isinstance(padding, int) else tuple(padding)


def starts(
    size: int, kernel: int, stride: int, dilation: int, before: int | None, after: int | None, ceil: bool = False
) -> list[int]:
    """Where a window stands along one side, found by sliding it; ``before`` None is `same`: one window a stride."""
    if before is None or after is None:
        return list(range(0, size, stride))
    padded = before + size + after
    found: list[int] = []
    start = 0
    while start + (kernel - 1) * dilation < padded:  # the last tap is still inside
        found.append(start)
        start += stride
    if ceil:
        covered = found[-1] + kernel if found else 0
        # one more window hangs over the edge where pixels were left out, unless it would start beyond the map
        if covered < padded and start < before + size:
            found.append(start)
    return found


def positions(row: Row, size: tuple[int, int], ceil: bool = False) -> tuple[list[int], list[int]]:
    """The windows of a row down and across the map."""
    (k_h, k_w), (s_h, s_w) = pair(row["kernel_size"]), pair(row.get("stride", 1))
    d_h, d_w = pair(row.get("dilation", 1))
    padding = row.get("padding", "same")
    top, bottom, left, right = (None,) * 4 if padding == "same" else sides(padding)
    return (
        starts(size[0], k_h, s_h, d_h, top, bottom, ceil),
        starts(size[1], k_w, s_w, d_w, left, right, ceil),
    )


def normalised(norm: str, output: Shape) -> dict[str, int]:
    """Gamma and beta are trained, running mean and variance are not; layer and group norm keep no statistics."""
    learned = {"none": "", "batch": "gb", "batch_no_scale": "b", "layer": "gb", "group": "gb", "instance": ""}[norm]
    kept = "mv" if norm.startswith("batch") else ""
    return {
        "norm_params": sum(1 for _ in product(range(output[0]), learned)),
        "norm_stats": sum(1 for _ in product(range(output[0]), kept)),
        "norm_elements": elements(output) if norm != "none" else 0,
    }


def slopes(row: Row, channels: int) -> int:
    """A PReLU learns a slope a channel, or one in all."""
    return len({c if row.get("prelu_params", "channel") == "channel" else None for c in range(channels)})


def elements(shape: Shape) -> int:
    return sum(1 for _ in product(*map(range, shape)))


def convolved(
    row: Row,
    name: str,
    shape: Shape,
    n: int,
    inputs_of: Callable[[int], Iterable[int]],
    kind: str,
    *,
    norm: str,
    activation: str,
) -> Part:
    """A convolution by loops: every output position, output channel, tap and input channel that the output channel sees."""
    kernel = pair(row["kernel_size"])
    down, across = positions(row, shape[1:])
    touched: set[tuple[int, int, int, int]] = set()
    mult_adds = 0
    for o in range(n):
        seen = list(inputs_of(o))
        taps = [(o, i, y, x) for i in seen for y in range(kernel[0]) for x in range(kernel[1])]
        for _, _ in product(down, across):
            for tap in taps:
                mult_adds += 1
                touched.add(tap)
    output = (n, len(down), len(across))
    bias = row.get("bias")
    return Part(
        name,
        output,
        other_params=slopes(row, n) if activation == "prelu" else 0,
        weight_mults=mult_adds,
        weights=len(touched),
        biases=n if (norm == "none" if bias is None else bias) else 0,
        **normalised(norm, output),
        activated=elements(output) if activation != "none" else 0,
        kind=kind,
    )


def conv(
    row: Row, name: str, shapes: list[Shape], question: Question, *, activation: str | None = None, n: int | None = None
) -> Part:
    """Standard or grouped convolution: an output channel sees the inputs of its own group."""
    m, groups = shapes[0][0], row.get("groups", 1)
    if isinstance(groups, dict):
        groups = len(range(0, m, groups["width"]))
    n = out_width(row, m, question) if n is None else n
    assert m % groups == 0 == n % groups
    members = [range(g * m // groups, (g + 1) * m // groups) for g in range(groups)]
    kind = (
        "pointwise"
        if pair(row["kernel_size"]) == (1, 1) and groups == 1
        else "depthwise"
        if groups == m and groups > 1
        else "conv"
    )
    activation = row.get("activation", "relu") if activation is None else activation
    return convolved(
        row,
        name,
        shapes[0],
        n,
        lambda o: members[o * groups // n],
        kind,
        norm=row.get("norm", "batch"),
        activation=activation,
    )


def depthwise(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    """Depthwise: output channel o sees input channel o / multiplier alone."""
    row = {"kernel_size": 3, **row}
    times = row.get("multiplier", 1)
    return convolved(
        row, name, shapes[0], shapes[0][0] * times, lambda o: [o // times], "depthwise",
        norm=row.get("norm", "batch"), activation=row.get("activation", "relu"),
    )  # fmt: skip


def linear(row: Row, name: str, shapes: list[Shape], question: Question) -> Part:
    """Every output from every input; a bias unless told otherwise, no norm, no activation."""
    defaults = {"bias": True, "norm": "none", "activation": "none"}
    made = conv({**defaults, **row, "kernel_size": 1}, name, shapes, question)
    return made._replace(kind="linear")
