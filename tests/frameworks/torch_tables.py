"""A layer table run by PyTorch: the grammar's flow of rows, names, repeats, branches and blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional
from torch_layers import Impossible, Layers, Row, Scope

JOINS = ("add", "concat", "multiply")
LARGEST = 4_000_000


class TorchTable(Layers):
    """The network of a layer table at a width."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.used = 0
        return self.body(self.table["layers"], {"input": image})

    def body(self, rows: list[Row], scope: Scope, counts: Counter[str] | None = None) -> torch.Tensor:
        return self.chain(rows, scope["input"], scope, Counter() if counts is None else counts)

    def chain(
        self, rows: list[Row], x: torch.Tensor, scope: Scope, counts: Counter[str], copy: str = ""
    ) -> torch.Tensor:
        for row in rows:
            x = self.row(row, x, scope, counts, copy)
        return x

    def row(self, row: Row, x: torch.Tensor, scope: Scope, counts: Counter[str], copy: str = "") -> torch.Tensor:
        times = row.get("repeat") or 1
        for i in range(times):
            suffix = f"{copy}_{i + 1}" if times > 1 else copy
            if "op" not in row:
                layers = row["layers"] if i == 0 else [self.again(inner) for inner in row["layers"]]
                x = self.chain(layers, x, scope, counts, suffix)
            else:
                x = self.one(row if i == 0 else self.again(row), x, scope, counts, suffix)
        return x

    def again(self, row: Row) -> Row:
        """A row in the second and later copies of a repeat: read from above, at stride 1 whatever its defaults say."""
        after = {key: value for key, value in row.items() if key != "from"}
        block = self.table["blocks"].get(row.get("op"))
        if block is None or "stride" in block["params"]:
            after["stride"] = 1
        return after

    def one(self, row: Row, x: torch.Tensor, scope: Scope, counts: Counter[str], suffix: str) -> torch.Tensor:
        op = row["op"]
        origin = row.get("from")
        if isinstance(origin, str):
            x = scope[origin]
        many = [scope[name] for name in origin] if isinstance(origin, list) else None
        parts: Scope = {}
        if op in self.table["blocks"]:
            out = self.call(row, [x] if many is None else many, parts)
        elif op in JOINS:
            if many is None:
                many = [self.chain(branch, x, scope, counts) for branch in row["branches"]]
            out = self.join(row, many)
        else:
            method: Callable[..., torch.Tensor] = getattr(self, f"do_{op}", self.same_shape)
            out = method(row, x, parts)
            if "like" in row:
                out = functional.interpolate(x, size=tuple(scope[row["like"]].shape[2:]))
        if out.numel() > LARGEST:
            raise Impossible("too large for a test")
        counts[op] += 1
        name = f"{row['name']}{suffix}" if row.get("name") else f"{op}_{counts[op]}"
        scope[name] = out
        scope.update({f"{name}/{part}": value for part, value in parts.items()})
        return out

    def call(self, row: Row, inputs: list[torch.Tensor], parts: Scope) -> torch.Tensor:
        """A block: its own scope, its parameters put in for `$p`."""
        block = self.table["blocks"][row["op"]]
        values = {key: default if row.get(key) is None else row[key] for key, default in block["params"].items()}

        def put(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: put(inner) for key, inner in value.items()}
            if isinstance(value, list):
                return [put(inner) for inner in value]
            return values[value[1:]] if isinstance(value, str) and value.startswith("$") else value

        scope: Scope = dict(zip(block.get("inputs") or ["input"], inputs, strict=True))
        names = set(scope)
        out = self.chain(put(block["layers"]), inputs[0], scope, Counter())
        parts.update({name: value for name, value in scope.items() if name not in names})
        return out

    def join(self, row: Row, inputs: list[torch.Tensor]) -> torch.Tensor:
        shapes = [tuple(x.shape[1:]) for x in inputs]
        if row["op"] == "concat":
            if len({shape[1:] for shape in shapes}) > 1:
                raise Impossible("maps differ")
            return torch.cat(inputs, 1)
        if row["op"] == "add":
            if len(set(shapes)) > 1:
                raise Impossible("shapes differ")
            return torch.stack(inputs).sum(0)
        whole = max(shapes, key=lambda shape: shape[1] * shape[2])
        if any(shape not in {whole, (whole[0], 1, 1)} for shape in shapes):
            raise Impossible("neither equal nor 1 x 1")
        product = inputs[0]
        for x in inputs[1:]:
            product = product * x
        return product
