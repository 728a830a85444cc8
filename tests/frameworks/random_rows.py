"""Single rows of random layer tables: every kind with every option that the grammar gives it."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch_layers import Row

RATIOS = (1, 2, 3, 4, 6, "3/2", "2.3", "184/80", "0.5", "7/3")
ACTIVATIONS = ("none", "relu", "relu6", "hard_swish", "silu", "sigmoid", "gelu")
NORMS = ("none", "batch", "batch", "batch_no_scale", "layer", "group")


class Rows:
    """Draws a row of a kind for the map at hand."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def pick(self, values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def once_in(self, times: int) -> bool:
        return self.pick(range(times)) == 0

    def maybe(self, row: Row, key: str, values: Any, often: int = 4) -> None:
        """Gives a row a field about once in `often` times."""
        if self.once_in(often):
            row[key] = self.pick(values)

    def whole(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def simple(self, kind: str, x: torch.Tensor) -> Row:
        """A row without rows in it; kinds without fields of their own need no method."""
        draw_kind = getattr(self, f"a_{kind}", None)
        return {"op": kind} if draw_kind is None else draw_kind(x)

    def out(self, row: Row, ratio: bool = True) -> Row:
        if ratio and self.once_in(6):
            row["expansion"] = self.pick(RATIOS)
            return row
        row["out_channels"] = self.whole(1, 48)
        self.maybe(row, "width", ("scale", "grow", "fixed", None))
        return row

    def tail(self, row: Row) -> Row:
        self.maybe(row, "norm", (*NORMS, None), 3)
        self.maybe(row, "bias", (True, False, None), 3)
        self.maybe(row, "activation", (*ACTIVATIONS, None))
        return row

    def size(self, low: int, high: int) -> Any:
        one = st.integers(low, high)
        return self.draw(st.one_of(one, one, st.lists(one, min_size=2, max_size=2)))

    def padding(self) -> Any:
        return self.draw(
            st.one_of(
                st.sampled_from(["same", "valid", None]),
                st.integers(0, 3),
                st.lists(st.integers(0, 3), min_size=4, max_size=4),
            )
        )

    def sliding(self, row: Row, dilated: bool = True) -> Row:
        if self.once_in(3):
            row["stride"] = self.size(1, 3)
        if self.once_in(2):
            row["padding"] = self.padding()
        if dilated and self.once_in(5):
            row["dilation"] = self.size(1, 3)
        return row

    def a_conv(self, x: torch.Tensor) -> Row:
        row = self.tail(self.sliding(self.out({"op": "conv", "kernel_size": self.size(1, 5)})))
        channels = x.shape[1]
        groups = self.pick([g for g in range(1, channels + 1) if channels % g == 0]) if self.once_in(3) else 1
        if groups > 1:
            row["groups"] = groups
            if self.once_in(2) and "out_channels" in row:
                row |= {"out_channels": groups * self.whole(1, 4), "width": "fixed"}
        return row

    def a_pointwise(self, _: torch.Tensor) -> Row:
        row = self.tail(self.out({"op": "pointwise"}))
        self.maybe(row, "stride", (1, 2))
        return row

    def a_depthwise(self, _: torch.Tensor) -> Row:
        row = self.tail(self.sliding({"op": "depthwise"}))
        self.maybe(row, "multiplier", (1, 2, 3))
        if self.once_in(2):
            row["kernel_size"] = self.size(1, 5)
        return row

    def a_separable(self, x: torch.Tensor) -> Row:
        row = self.a_depthwise(x)
        return self.out({**row, "op": "separable"}, ratio=False)

    def expanding(self, op: str) -> Row:
        row = self.tail(self.out({"op": op}, ratio=False))
        if self.once_in(4):
            row["expanded"] = self.whole(1, 96)
        else:
            row["expansion"] = self.pick(RATIOS)
        if self.once_in(2):
            row["kernel_size"] = self.size(1, 5)
        self.maybe(row, "residual", (True, False), 3)
        self.maybe(row, "stride", (1, 2, [1, 2]), 2)
        if row.get("residual") is False and self.once_in(2):
            self.sliding(row)
        return row

    def a_inverted_residual(self, x: torch.Tensor) -> Row:
        row = self.expanding("inverted_residual")
        if self.once_in(2):
            row["se"] = self.pick(("1/4", "0.25", "1/2", "1/3", 1, "none", None))
            self.maybe(row, "se_of", ("expanded", "input"), 2)
            self.maybe(row, "se_rounding", ("floor", "divisor:4", "divisor:8"), 2)
        if self.once_in(3):
            row |= {"out_channels": x.shape[1], "width": "fixed", "stride": 1}
        return row

    def a_fused_inverted_residual(self, _: torch.Tensor) -> Row:
        return self.expanding("fused_inverted_residual")

    def a_squeeze_excite(self, _: torch.Tensor) -> Row:
        row: Row = {"op": "squeeze_excite"}
        self.maybe(row, "se", ("1/4", "1/2", "0.3", 1), 2)
        self.maybe(row, "se_rounding", ("floor", "divisor:4", "divisor:8"), 2)
        return row

    def a_linear(self, _: torch.Tensor) -> Row:
        row = self.out({"op": "linear"})
        self.maybe(row, "bias", (True, False))
        self.maybe(row, "norm", ("none", "batch"))
        self.maybe(row, "activation", ACTIVATIONS)
        return row

    def pool(self, op: str) -> Row:
        row = self.sliding({"op": op, "kernel_size": self.size(1, 4)}, dilated=False)
        self.maybe(row, "ceil", (True, True, False), 2)
        row.setdefault("stride", 1)  # a sliding pool states it
        return row

    def a_max_pool(self, _: torch.Tensor) -> Row:
        return self.pool("max_pool")

    def a_avg_pool(self, _: torch.Tensor) -> Row:
        return self.pool("avg_pool")

    def a_global_pool(self, x: torch.Tensor) -> Row:
        row: Row = {"op": "global_pool"}
        if self.once_in(4):
            row["output_size"] = self.size(1, min(3, *x.shape[2:]))
        return row

    def a_norm(self, _: torch.Tensor) -> Row:
        row: Row = {"op": "norm"}
        self.maybe(row, "norm", NORMS, 2)
        self.maybe(row, "activation", ACTIVATIONS)
        return row

    def a_activation(self, _: torch.Tensor) -> Row:
        return {"op": "activation", "activation": self.pick(ACTIVATIONS)}

    def a_split(self, x: torch.Tensor) -> Row:
        parts = self.pick([n for n in range(1, 5) if x.shape[1] % n == 0])
        return {"op": "split", "parts": parts, "take": self.whole(1, parts)}

    def a_shuffle(self, x: torch.Tensor) -> Row:
        return {"op": "shuffle", "groups": self.pick([n for n in range(1, 9) if x.shape[1] % n == 0])}
