"""Random layer tables, over every kind and option of the grammar, as a Hypothesis strategy.

A table grows row by row. Each new row is tried out on PyTorch's meta device by `torch_tables`, which gives the shape
for the next one; a row that cannot stand where it is drawn is left out.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from fractions import Fraction
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from random_rows import ACTIVATIONS, Rows
from torch_layers import Impossible, Row, Scope, Table
from torch_tables import JOINS, TorchTable

ROUNDINGS = ("floor", "divisor:8", "divisor:4", "floor+divisor:8", None)
ALPHAS = ("1", "0.25", "0.35", "0.5", "0.6", "0.75", "0.9", "1.15", "1.3", "1.4", "2", "2/3", "17/16")
KINDS = (
    "conv", "conv", "conv", "depthwise", "depthwise", "pointwise", "separable", "inverted_residual",
    "inverted_residual", "fused_inverted_residual", "squeeze_excite", "linear", "max_pool", "avg_pool", "global_pool",
    "norm", "lrn", "activation", "add", "add", "concat", "concat", "multiply", "split", "shuffle", "flatten", "upsample",
    "dropout", "softmax", "group", "block", "block",
)  # fmt: skip
QUIET = ("depthwise", "pointwise", "norm", "activation", "squeeze_excite", "dropout", "lrn")
DEFAULTS: tuple[dict[str, Any], ...] = (
    {}, {}, {}, {}, {"conv": {"norm": "none"}}, {"*": {"norm": "none"}}, {"conv": {"stride": 2, "padding": 1}},
    {"depthwise": {"multiplier": 2}, "*": {"bias": True}},
    {"*": {"norm": "batch", "bias": False}, "linear": {"bias": True}}, {"*": {"stride": 2}, "conv": {"stride": 1}},
    {"inverted_residual": {"se": "1/4", "residual": False}, "separable": {"kernel_size": 5}},
)  # fmt: skip
PARAMETERS = ("stride", "out_channels", "kernel_size", "expansion", "activation", "norm", "se", "groups")
PARTS = {"expand", "depthwise", "pointwise", "conv", "project"}


class Drawn(NamedTuple):
    """A random network and the variant of it to be counted."""

    table: Table
    alpha: str
    rho: str | None
    resolution: tuple[int, int] | None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image."""
        if self.resolution is not None:
            return self.resolution
        base = self.table["input"]["resolution"]
        sides = base if isinstance(base, list) else [base, base]
        half_up = [int(Fraction(self.rho or "1") * side + Fraction(1, 2)) for side in sides]
        return half_up[0], half_up[1]


class Body:
    """One scope while it grows: what `from` may name, the map it ends on, and which ops have rows with names."""

    def __init__(self, scope: Scope, x: torch.Tensor) -> None:
        self.scope = scope
        self.counts: Counter[str] = Counter()
        self.x = x
        self.named: set[str] = set()

    def copy(self) -> Body:
        """A body to try branches in; what they define counts only when the whole row is run."""
        other = Body(dict(self.scope), self.x)
        other.counts, other.named = Counter(self.counts), self.named
        return other

    def names(self) -> dict[str, torch.Tensor]:
        """What `from` may name.

        Left out is what the grammar does not number beyond doubt: rows inside one another (joins in joins), and rows
        of an op that has rows with names too.
        """
        open_to_doubt = {*JOINS, *self.named}

        def certain(name: str) -> bool:
            first, _, rest = name.partition("/")
            inner = not rest or rest in PARTS or rest.removeprefix("n").isdigit()
            return inner and first.rpartition("_")[0] not in open_to_doubt

        return {name: x for name, x in self.scope.items() if certain(name)}


class Maker(Rows):
    """Draws rows and keeps the ones that can stand."""

    def __init__(self, draw: Any, table: Table, alpha: Fraction) -> None:
        super().__init__(draw)
        self.table = table
        self.torch = TorchTable(table, alpha, keep=False)
        self.named = 0
        self.arguments: dict[tuple[str, str], Any] = {}

    def grow(self, body: Body, rows: list[Row], kinds: Any, wanted: int, depth: int, free: bool = True) -> None:
        """Adds up to `wanted` rows to a list of rows of a body; `free` rows may have names, `from` and `repeat`."""
        for _ in range(wanted):
            before = body.copy()
            try:
                row = self.row(body, self.pick(kinds), depth)
                if free:
                    self.place(body, row)
                body.x = self.torch.row(row, body.x, body.scope, body.counts)
                rows.append(row)
            except Impossible:
                body.scope.clear()
                body.scope.update(before.scope)
                body.counts, body.x = before.counts, before.x

    def place(self, body: Body, row: Row) -> None:
        """Names, `from` and `repeat`."""
        op = row.get("op")
        block = self.table["blocks"].get(op)
        if op and self.once_in(4):
            self.named += 1
            row["name"] = f"n{self.named}"
            body.named.add(op)
        if op in JOINS or (block and "inputs" in block):
            return
        if op and block is None and self.once_in(6) and body.names():
            row["from"] = self.pick(list(body.names()))
        if self.once_in(6):
            row["repeat"] = self.whole(1, 3)

    def row(self, body: Body, kind: str, depth: int) -> Row:
        """A row of a kind, on the map where the body ends."""
        if kind in {*JOINS, "upsample", "group", "block"}:
            row: Row = getattr(self, f"new_{kind}")(body, depth)
            return row
        return self.simple(kind, body.x)

    def new_upsample(self, body: Body, _: int) -> Row:
        names = [name for name, x in body.names().items() if "/" not in name and x.shape[2] * x.shape[3] < 4000]
        if names and self.once_in(2):
            return {"op": "upsample", "like": self.pick(names)}
        return {"op": "upsample", "factor": self.size(1, 2)}

    # --- joins ---------------------------------------------------------------------------------------------

    def branch(self, body: Body, start: torch.Tensor, depth: int, end: Row, *more: Row) -> list[Row]:
        """Rows of a branch: a few that keep the size, then the ones that make it meet the others."""
        rows: list[Row] = []
        body.x = start
        self.grow(body, rows, QUIET if depth else (*QUIET, "add"), self.whole(0, 2), depth + 1, free=False)
        if body.x.shape[2:] != start.shape[2:]:
            rows, body.x = [], start
        for row in (end, *more):
            body.x = self.torch.row(row, body.x, body.scope, body.counts)
        return [*rows, end, *more]

    def fixed(self, op: str, channels: int, **fields: Any) -> Row:
        return {"op": op, "out_channels": channels, "width": "fixed", **fields}

    def joined(self, op: str, depth: int, inputs: list[str]) -> Row:
        """A join, one time in two of rows that are there already."""
        row: Row = {"op": op}
        self.maybe(row, "activation", ACTIVATIONS)
        if depth == 0 and inputs and self.once_in(2):
            row["from"] = [self.pick(inputs) for _ in range(self.whole(2, 3))]
        return row

    def new_add(self, body: Body, depth: int) -> Row:
        row = self.joined("add", depth, [name for name, x in body.names().items() if x.shape == body.x.shape])
        if "from" in row:
            return row
        start, trial = body.x, body.copy()
        if self.once_in(2):
            residual = self.branch(trial, start, depth, self.fixed("pointwise", start.shape[1]))
            return {**row, "branches": [[], residual]}
        channels, step = self.whole(1, 24), self.pick((1, 1, 2))
        ops = [self.pick(("conv", "separable")) for _ in range(2)]
        ends = [self.fixed(op, channels, kernel_size=self.pick((1, 3)), stride=step) for op in ops]
        return {**row, "branches": [self.branch(trial, start, depth, end) for end in ends]}

    def new_concat(self, body: Body, depth: int) -> Row:
        row = self.joined("concat", depth, [n for n, x in body.names().items() if x.shape[2:] == body.x.shape[2:]])
        if "from" in row:
            return row
        start, trial, step = body.x, body.copy(), self.pick((1, 1, 2))
        ends = [
            {"op": "max_pool", "kernel_size": 3, "stride": step},
            {"op": "avg_pool", "kernel_size": 2, "stride": step},
            {"op": "depthwise", "stride": step, "multiplier": self.pick((1, 2))},
        ]
        branches = []
        for _ in range(self.whole(2, 3)):
            conv = self.out({"op": "conv", "kernel_size": self.pick((1, 2, 3)), "stride": step})
            branches.append(self.branch(trial, start, depth, self.pick([*ends, conv])))
        return {**row, "branches": [*branches, []] if step == 1 and self.once_in(3) else branches}

    def new_multiply(self, body: Body, depth: int) -> Row:
        gate = self.fixed("conv", body.x.shape[1], kernel_size=1, activation="sigmoid", norm="none")
        gated = [[], self.branch(body.copy(), body.x, depth, {"op": "global_pool"}, gate)]
        return {**self.joined("multiply", depth, []), "branches": gated[:: self.pick((1, -1))]}

    # --- groups and blocks ---------------------------------------------------------------------------------

    def new_group(self, body: Body, depth: int) -> Row:
        if depth:
            raise Impossible("groups stand in bodies only")
        rows: list[Row] = []
        kinds = [kind for kind in KINDS if kind not in {"group", "block"}]
        self.grow(body.copy(), rows, kinds, self.whole(1, 3), 1, free=False)
        if not rows:
            raise Impossible("an empty group")
        return {"repeat": self.whole(1, 3), "layers": rows}

    def new_block(self, body: Body, depth: int) -> Row:
        """A call of a block that there is, or of a new one."""
        blocks = self.table["blocks"]
        if depth:
            raise Impossible("blocks are called from bodies only")
        if not blocks or (len(blocks) < 4 and self.once_in(2)):
            self.define(body, f"block{'abcd'[len(blocks)]}")
        name = self.pick(list(blocks))
        row: Row = {"op": name}
        for key, default in blocks[name]["params"].items():
            if default is None or self.once_in(2):
                row[key] = self.arguments[name, key]
        if "inputs" in blocks[name]:
            row["from"] = [self.pick(list(body.names())) for _ in blocks[name]["inputs"]]
        return row

    def define(self, body: Body, name: str) -> None:
        """A block grown on the map at hand, with some of its scalars turned into parameters."""
        two = self.once_in(4)
        inner = Body({"left": body.x, "right": body.x} if two else {"input": body.x}, body.x)
        rows: list[Row] = []
        self.grow(inner, rows, [kind for kind in KINDS if kind != "block"], self.whole(1, 3), 0)
        if two:
            rows.insert(0, {"op": "concat", "name": "both", "from": ["left", "right"]})
        if not rows:
            raise Impossible("an empty block")
        params: dict[str, Any] = {}
        for row in rows:
            for key in PARAMETERS:
                if not isinstance(row.get(key), list | None) and self.once_in(3):
                    parameter = key if key not in params else f"{key}{len(params)}"
                    self.arguments[name, parameter] = row[key]
                    params[parameter] = row[key] if self.once_in(2) else None
                    row[key] = f"${parameter}"
        self.table["blocks"][name] = {"params": params, "layers": rows} | ({"inputs": ["left", "right"]} if two else {})


@st.composite
def networks(draw: st.DrawFn) -> Drawn:
    """A table with up to a dozen rows, a width and a resolution."""
    rounding = draw(st.sampled_from(ROUNDINGS))
    alpha = "1" if rounding is None else draw(st.sampled_from(ALPHAS))
    side = st.integers(3, 56)
    base = draw(st.one_of(side, st.lists(side, min_size=2, max_size=2)))
    channels = draw(st.integers(1, 8))
    table: Table = {
        "format": 1, "name": "random", "input": {"channels": channels, "resolution": base}, "rounding": rounding,
        "defaults": draw(st.sampled_from(DEFAULTS)), "blocks": {}, "layers": [],
    }  # fmt: skip
    rho = draw(st.sampled_from((None, None, "6/7", "0.5", "3/2")))
    resolution = draw(st.one_of(st.none(), st.tuples(side, side))) if rho is None else None
    drawn = Drawn(table, alpha, rho, resolution)
    image = torch.empty(1, channels, *drawn.size, device="meta")
    with torch.no_grad():
        maker = Maker(draw, table, Fraction(alpha))
        maker.grow(Body({"input": image}, image), table["layers"], KINDS, draw(st.integers(2, 12)), 0)
    if not table["layers"] or draw(st.integers(0, 2)) == 0:
        end = [{"op": "global_pool"}, {"op": "linear", "name": "classifier", "out_channels": 10, "width": "fixed"}]
        table["layers"] += end
    return drawn._replace(table=deepcopy(table))
