"""The layer kinds of the grammar as PyTorch modules and functions, read from its text.

Nothing is imported from mbcost. Shapes come from PyTorch itself, on the meta device; the only arithmetic here is what
the grammar defines and PyTorch does not have: widths and their rounding, and the padding of `same`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import Any

import torch
from torch import nn
from torch.nn import functional

Row = dict[str, Any]
Table = dict[str, Any]
Scope = dict[str, torch.Tensor]


class Impossible(Exception):
    """The row cannot stand here: the grammar makes it an error, or leaves open what it means."""


def rounded(value: Fraction, rule: str | None) -> int:
    """A width under a rounding rule; without a rule only whole widths exist."""
    if rule == "floor":
        return floor(value)
    if rule is None:
        if value.denominator != 1:
            raise Impossible(f"{value} channels without a rounding rule")
        return int(value)
    if rule.startswith("floor+"):
        return rounded(Fraction(floor(value)), rule.removeprefix("floor+"))
    divisor = int(rule.removeprefix("divisor:"))
    nearest = max(divisor, floor((value + Fraction(divisor, 2)) / divisor) * divisor)
    return nearest if 10 * nearest >= 9 * value else nearest + divisor


def pair(value: int | list[int]) -> tuple[int, int]:
    """Height and width of a field that takes one number for both."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


class Shift(nn.Module):
    """Batch norm without a scale: PyTorch has none, so its statistics and a bias of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.bias = nn.Parameter(torch.empty(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x) + self.bias[:, None, None]


class Affine(nn.Module):
    """What layer and group norm hold: a scale and a shift per channel, no statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(channels))
        self.shift = nn.Parameter(torch.empty(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale[:, None, None] + self.shift[:, None, None]


class Layers(nn.Module):
    """One row at a time; modules come into being on the first run and are kept for the others."""

    def __init__(self, table: Table, alpha: Fraction, keep: bool = True) -> None:
        super().__init__()
        self.table = table
        self.alpha = alpha
        self.keep = keep
        self.made = nn.ModuleList()
        self.used = 0

    def module(self, make: Callable[[], nn.Module]) -> nn.Module:
        """The next module of the run."""
        with torch.device("meta"):
            if not self.keep:
                return make().eval()
            if self.used == len(self.made):
                self.made.append(make().eval())
        self.used += 1
        return self.made[self.used - 1]

    # --- fields --------------------------------------------------------------------------------------------

    def field(self, row: Row, key: str, otherwise: Any = None) -> Any:
        """A row's field; `~` is not given; else the defaults of its op, of all ops, of the grammar."""
        defaults = self.table.get("defaults") or {}
        for given in (row, defaults.get(row["op"]) or {}, defaults.get("*") or {}):
            if given.get(key) is not None:
                return given[key]
        return otherwise

    def width(self, row: Row, key: str, channels: int) -> int:
        """`out_channels` or `expanded` at this alpha, or `expansion` times the actual input."""
        rule = self.table.get("rounding")
        nominal = self.field(row, key)
        if nominal is None:
            value = rounded(Fraction(str(self.field(row, "expansion"))) * channels, rule)
        else:
            mode = self.field(row, "width", "scale")
            alpha = max(Fraction(1), self.alpha) if mode == "grow" else self.alpha
            value = nominal if mode == "fixed" else rounded(alpha * nominal, rule)
        if not 0 < value <= 4096:
            raise Impossible(f"{value} channels")
        return value

    # --- layers --------------------------------------------------------------------------------------------

    def padded(self, row: Row, x: torch.Tensor, window: tuple[int, int], steps: tuple[int, int]) -> torch.Tensor:
        """The map with its padding, for a window that already counts its dilation."""
        padding = self.field(row, "padding", "same")
        sides: list[int] = []
        for axis in (0, 1):
            size = x.shape[2 + axis]
            if padding == "same":
                total = max((ceil(Fraction(size, steps[axis])) - 1) * steps[axis] + window[axis] - size, 0)
                sides += [total // 2, total - total // 2]
            elif padding == "valid":
                sides += [0, 0]
            else:
                sides += [padding, padding] if isinstance(padding, int) else padding[2 * axis : 2 * axis + 2]
            if size + sum(sides[-2:]) < window[axis]:
                raise Impossible("the map vanishes")
        return functional.pad(x, (*sides[2:], *sides[:2]))

    def normed(self, kind: str, x: torch.Tensor) -> torch.Tensor:
        channels = x.shape[1]
        makers: dict[str, Callable[[], nn.Module]] = {
            "none": nn.Identity,
            "batch": lambda: nn.BatchNorm2d(channels),
            "batch_no_scale": lambda: Shift(channels),
            "layer": lambda: Affine(channels),
            "group": lambda: Affine(channels),
        }
        return self.module(makers[kind])(x)

    def conv(
        self,
        row: Row,
        x: torch.Tensor,
        out: int,
        kernel: Any = 1,
        groups: int = 1,
        windowed: bool = False,
        **given: Any,
    ) -> torch.Tensor:
        """A convolution with the row's norm and bias; `windowed` also with its stride, dilation and padding."""
        if x.shape[1] % groups or out % groups:
            raise Impossible("groups do not divide")
        norm = given.get("norm", self.field(row, "norm", "batch"))
        bias = given.get("bias", self.field(row, "bias", norm == "none"))
        size = pair(kernel)
        steps = pair(self.field(row, "stride", 1)) if windowed else (1, 1)
        spread = pair(self.field(row, "dilation", 1)) if windowed else (1, 1)
        if windowed:
            x = self.padded(row, x, ((size[0] - 1) * spread[0] + 1, (size[1] - 1) * spread[1] + 1), steps)
        channels = x.shape[1]
        x = self.module(lambda: nn.Conv2d(channels, out, size, steps, 0, spread, groups, bias))(x)
        return self.normed(norm, x)

    def do_conv(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        out = self.width(row, "out_channels", x.shape[1])
        return self.conv(row, x, out, self.field(row, "kernel_size"), self.field(row, "groups", 1), windowed=True)

    def do_pointwise(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        return self.conv(row, x, self.width(row, "out_channels", x.shape[1]), windowed=True)

    def do_depthwise(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        channels = x.shape[1]
        out = channels * self.field(row, "multiplier", 1)
        return self.conv(row, x, out, self.field(row, "kernel_size", 3), channels, windowed=True)

    def do_separable(self, row: Row, x: torch.Tensor, parts: Scope) -> torch.Tensor:
        parts["depthwise"] = self.do_depthwise(row, x, parts)
        out = self.width(row, "out_channels", x.shape[1])
        parts["pointwise"] = self.conv(row, parts["depthwise"], out)
        return parts["pointwise"]

    def do_inverted_residual(self, row: Row, x: torch.Tensor, parts: Scope) -> torch.Tensor:
        expanded = self.width(row, "expanded", x.shape[1])
        y = x
        if expanded != x.shape[1]:
            y = parts["expand"] = self.conv(row, y, expanded)
        y = parts["depthwise"] = self.conv(row, y, expanded, self.field(row, "kernel_size", 3), expanded, windowed=True)
        squeeze = self.field(row, "se", "none")
        if squeeze != "none":
            of = expanded if self.field(row, "se_of", "expanded") == "expanded" else x.shape[1]
            y = self.excite(row, y, Fraction(str(squeeze)) * of)
        return self.projected(row, x, y, parts)

    def do_fused_inverted_residual(self, row: Row, x: torch.Tensor, parts: Scope) -> torch.Tensor:
        expanded = self.width(row, "expanded", x.shape[1])
        kernel = self.field(row, "kernel_size", 3)
        if expanded == x.shape[1]:
            y = self.conv(row, x, self.width({**row, "expansion": None}, "out_channels", 0), kernel, windowed=True)
            return self.added(row, x, y)
        parts["conv"] = self.conv(row, x, expanded, kernel, windowed=True)
        return self.projected(row, x, parts["conv"], parts)

    def projected(self, row: Row, x: torch.Tensor, y: torch.Tensor, parts: Scope) -> torch.Tensor:
        parts["project"] = self.conv(row, y, self.width({**row, "expansion": None}, "out_channels", 0))
        return self.added(row, x, parts["project"])

    def added(self, row: Row, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        wanted = self.field(row, "residual", True) and pair(self.field(row, "stride", 1)) == (1, 1)
        if not wanted or x.shape[1] != y.shape[1]:
            return y
        if x.shape != y.shape:
            raise Impossible("the residual does not meet")
        return x + y

    def excite(self, row: Row, x: torch.Tensor, wanted: Fraction) -> torch.Tensor:
        rule = self.field(row, "se_rounding", self.table.get("rounding"))
        squeezed = rounded(wanted, rule)
        if rule == "floor":
            squeezed = max(1, squeezed)
        if squeezed < 1:
            raise Impossible("nothing left of squeeze-and-excite")
        y = self.conv(row, functional.adaptive_avg_pool2d(x, 1), squeezed, norm="none", bias=True)
        return x * self.conv(row, y, x.shape[1], norm="none", bias=True)

    def do_squeeze_excite(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        return self.excite(row, x, Fraction(str(self.field(row, "se", "1/4"))) * x.shape[1])

    def do_linear(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        if x.shape[2:] != (1, 1):
            raise Impossible("linear on a map")
        channels, out = x.shape[1], self.width(row, "out_channels", x.shape[1])
        bias = self.field(row, "bias", True)
        y = self.module(lambda: nn.Linear(channels, out, bias))(x.flatten(1))[:, :, None, None]
        return self.normed(self.field(row, "norm", "none"), y)

    def pool(self, row: Row, x: torch.Tensor, run: Callable[..., torch.Tensor]) -> torch.Tensor:
        window, steps = pair(self.field(row, "kernel_size")), pair(self.field(row, "stride", 1))
        padding, hang = self.field(row, "padding", "same"), self.field(row, "ceil", False)
        if not hang or isinstance(padding, str):
            return run(self.padded(row, x, window, steps), window, steps, 0, ceil_mode=hang and padding != "same")
        sides = (padding, padding) if isinstance(padding, int) else (padding[0], padding[2])
        if not isinstance(padding, int) and (padding[0], padding[2]) != (padding[1], padding[3]):
            raise Impossible("PyTorch has no ceil mode with uneven padding")
        if any(2 * sides[i] > window[i] or x.shape[2 + i] + 2 * sides[i] < window[i] for i in (0, 1)):
            raise Impossible("PyTorch pads at most half a window")
        return run(x, window, steps, sides, ceil_mode=True)

    def do_max_pool(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        return self.pool(row, x, functional.max_pool2d)

    def do_avg_pool(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        return self.pool(row, x, functional.avg_pool2d)

    def do_global_pool(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        return functional.adaptive_avg_pool2d(x, pair(self.field(row, "output_size", 1)))

    def do_norm(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        return self.normed(self.field(row, "norm", "batch"), x)

    def do_split(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        if x.shape[1] % row["parts"]:
            raise Impossible("parts do not divide")
        return x.chunk(row["parts"], 1)[row["take"] - 1]

    def do_shuffle(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        if x.shape[1] % row["groups"]:
            raise Impossible("groups do not divide")
        return functional.channel_shuffle(x, row["groups"])

    def do_flatten(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        return x.flatten(1)[:, :, None, None]

    def do_upsample(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        factors = pair(row["factor"]) if row.get("factor") is not None else (1, 1)
        return functional.interpolate(x, scale_factor=tuple(float(f) for f in factors))

    def same_shape(self, row: Row, x: torch.Tensor, _: Scope) -> torch.Tensor:
        """lrn, activation, dropout, softmax: neither weights nor another shape."""
        assert row["op"] in {"lrn", "activation", "dropout", "softmax"}, row["op"]
        return x
