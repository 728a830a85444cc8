"""The limits of a budget: amounts, shares of layers, and growth over the base."""

from __future__ import annotations

from typing import Any

from mbcost.budgets.nodes import MAX_HINTS, Reader, shown
from mbcost.budgets.specs import Limit
from mbcost.dims.amounts import parse_count, parse_growth, parse_share
from mbcost.documents.nodes import Mapping, Node, Scalar
from mbcost.errors import MbcostError, nearest
from mbcost.quantities import QUANTITIES, limitable
from mbcost.quantities.register import meant

__all__ = ["LAYER_KEYS", "LimitReader"]

LAYER_KEYS = {
    "max": "limits on what one layer costs",
    "warn": "the same, as a warning",
    "max_share": "limits on a layer's share of the network",
    "warn_share": "the same, as a warning",
}


class LimitReader(Reader):
    """Reads `max`, `warn`, `layers` and `vs_base`."""

    def limits(self, node: Node | None, kind: str, layers: str) -> list[Limit]:
        """The limits of one kind, on the network or on the layers of a glob."""
        found: list[Limit] = []
        share = kind.endswith("_share")
        example = "{mult_adds: 20%}" if share else "{mult_adds: 300M}"
        for quantity, value in self._quantities(node, kind, example):
            what = f"{kind} {quantity}"
            if share and not QUANTITIES[quantity].shared:
                self.doc.problem(
                    node if node is not None else value,
                    f"the {QUANTITIES[quantity].heading} is no sum, so a layer has no share of it",
                    f"limit {QUANTITIES[quantity].instead or 'what adds up over the layers'}",
                )
                continue
            if layers and not QUANTITIES[quantity].of_layers:
                heading = QUANTITIES[quantity].heading
                self.doc.problem(
                    value, f"the {heading} is of the whole network, not of a layer", "limit it under `max`"
                )
                continue
            amount: Any
            try:
                amount, in_bytes = (
                    (parse_share(value.text, what), False) if share else QUANTITIES[quantity].read(value.text, what)
                )
            except MbcostError as error:
                self.doc.problem(value, error.fact, error.help)
                continue
            found.append(Limit(kind, quantity, amount, value.text, in_bytes, layers, 0, self.place(value)))
        return found

    def layers(self, node: Node | None) -> list[Limit]:
        """The limits on single layers, glob by glob."""
        found: list[Limit] = []
        for glob, value in self.mapping(node, "layers", '{"*/pointwise": {max_share: {mult_adds: 20%}}}'):
            if not isinstance(value, Mapping):
                self.doc.problem(
                    value,
                    f"the limits of `{glob[:60]}` are a mapping",
                    "write {max_share: {mult_adds: 20%}} or {max: {mult_adds: 40M}}",
                )
                continue
            self.doc.known(value, LAYER_KEYS, "an entry of `layers`")
            own: list[Limit] = []
            for kind in LAYER_KEYS:
                own += self.limits(value.items.get(kind), kind, glob)
            if not own and not value.items:
                self.doc.problem(value, f"`{glob[:60]}` has no limits", "give max, warn, max_share or warn_share")
            assert isinstance(node, Mapping)  # noqa: S101  (it has entries)
            found += [limit._replace(layers_place=self.place(node.keys[glob])) for limit in own]
        return found

    def vs_base(self, node: Node | None) -> list[Limit]:
        """The limits on growth over the base."""
        if node is None:
            return []
        below: dict[str, int] = {}
        if isinstance(node, Mapping) and "ignore_below" in node.items:
            below = self._ignored(node.items["ignore_below"])
        found = []
        for quantity, value in self._quantities(node, "vs_base", "{mult_adds: +2%, params: +50k}"):
            in_bytes = QUANTITIES[quantity].unit == "bytes"
            try:
                growth = parse_growth(value.text, f"vs_base {quantity}", in_bytes=in_bytes)
            except MbcostError as error:
                self.doc.problem(value, error.fact, error.help)
                continue
            ignored = below.get(quantity, below.get("", 0)) if growth.relative else 0
            found.append(Limit("vs_base", quantity, growth, value.text, in_bytes, "", ignored, self.place(value)))
        return found

    def _ignored(self, node: Node) -> dict[str, int]:
        """The growth that a relative limit lets pass: one amount for all quantities, or one for each."""
        pairs = (
            list(self._quantities(node, "ignore_below", "1M, or {mult_adds: 1M, params: 10k}"))
            if isinstance(node, Mapping)
            else [("", node)]
        )
        found = {}
        for quantity, value in pairs:
            try:
                text = value.text if isinstance(value, Scalar) else ""
                found[quantity] = (
                    parse_count(text, "ignore_below")
                    if not quantity
                    else QUANTITIES[quantity].read(text, "ignore_below")[0]
                )
            except MbcostError as error:
                self.doc.problem(value, error.fact, error.help)
        return found

    def _quantities(self, node: Node | None, what: str, example: str) -> list[tuple[str, Scalar]]:
        """The entries of a mapping from quantity to limit."""
        found = []
        known = limitable("check")
        for quantity, value in self.mapping(node, what, example):
            if quantity == "ignore_below" and what == "vs_base":
                continue
            assert isinstance(node, Mapping)  # noqa: S101  (it has entries)
            if quantity not in known:
                hints = len(self.doc.problems) < MAX_HINTS
                close = meant(quantity, known) or (nearest(quantity, list(known)) if hints else "")
                help = f"did you mean {close}?" if close else f"a limit is on {', '.join(known)}"
                if "flop" in quantity.lower():
                    help = "limit `mult_adds`: one mult-add is two FLOPs"
                fact = f"`{what}` has the unknown quantity `{shown(quantity)}`"
                if quantity in QUANTITIES and "flop" not in quantity:
                    fact, help = (
                        f"the {QUANTITIES[quantity].heading} takes no limit",
                        f"a limit is on {', '.join(known)}",
                    )
                self.doc.problem(node.keys[quantity], fact, help)
            elif not isinstance(value, Scalar) or not value.given:
                self.doc.problem(value, f"`{what} {quantity}` is not a limit", f"write {what}: {example}")
            else:
                found.append((quantity, value))
        return found

    def in_order(self, limits: list[Limit]) -> None:
        """A warning at or above the limit that fails, on the same layers, would never be seen."""
        tops = {(limit.kind, limit.quantity, limit.in_bytes, limit.layers): limit for limit in limits}
        for limit in limits:
            top = tops.get((limit.kind.replace("warn", "max"), limit.quantity, limit.in_bytes, limit.layers))
            if limit.warns and top is not None and limit.amount >= top.amount:
                assert limit.place is not None  # noqa: S101  (every limit of a file has one)
                self.doc.problems.append(MbcostError(
                    f"{limit.kind} {limit.quantity} (={limit.text}) is not below {top.kind} (={top.text})", help="a warning comes before the failure: lower it",
                    place=limit.place,
                ))  # fmt: skip
