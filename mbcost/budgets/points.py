"""The points of a budget: which members of a network's family it is on (GRAMMAR, section Variants)."""

from __future__ import annotations

from typing import Any

from mbcost.budgets.nodes import Reader, raw
from mbcost.budgets.specs import Point
from mbcost.dims import ROUNDINGS, parse_alpha, parse_depth, parse_resolution, parse_rho, parse_rounding
from mbcost.documents.nodes import Mapping, Node, Scalar, Sequence
from mbcost.errors import MbcostError
from mbcost.network import variant_of
from mbcost.network.variant import BOTH_SIZES

__all__ = ["POINT_KEYS", "PointReader"]

MAX_POINTS = 10_000
POINT_KEYS = {
    "alpha": "width multiplier, exact: 0.75, 3/4",
    "depth": "depth multiplier, exact: 1.2",
    "rho": "resolution multiplier: 6/7",
    "resolution": "resolution in pixels: 192, 192x256 or [192, 256]",
    "batch": "images a pass",
    "rounding": f"rule for widths: {ROUNDINGS}",
    "standard": "the standard twin",
    "classes": "outputs of the classifier",
    "set": "{row.field: value}: fields of rows replaced",
    "without": "globs of rows dropped",
}


class PointReader(Reader):
    """Reads `at`."""

    number_of_points = 0

    def points(self, node: Node | None) -> list[Point]:
        """The points; alpha 1 at the table's resolution where none is given."""
        if node is None or (isinstance(node, Scalar) and not node.given):
            return [Point()]
        if isinstance(node, Sequence):
            if not node.items:
                self.doc.problem(
                    node, "`at` is an empty list of points", "leave it out for alpha 1 and the table's resolution"
                )
            self.number_of_points += len(node.items)
            if self.number_of_points > MAX_POINTS:
                raise self.doc.error(node, f"more than {MAX_POINTS:,} points in one file", "split the file")
            return [self._point(item) for item in node.items]
        return [self._point(node)]

    def _point(self, node: Node) -> Point:
        if not isinstance(node, Mapping):
            self.doc.problem(
                node, "a point is a mapping", "write at: {alpha: 0.75, resolution: 192}, or a list of them"
            )
            return Point()
        self.doc.known(node, POINT_KEYS, "a point")
        both = "rho" in node.items and "resolution" in node.items
        if both:
            self.doc.problem(node.keys["rho"], *BOTH_SIZES)
        words: dict[str, Any] = {}
        for key, value in node.items.items():
            if (
                key in POINT_KEYS
                and not (both and key == "rho")
                and not (isinstance(value, Scalar) and not value.given)
            ):
                read = self._field(key, value)
                if read is not None:
                    words[key] = read
        return Point(variant_of(**words), self.place(node))

    def _field(self, key: str, node: Node) -> Any:
        if key in {"batch", "classes"}:
            return self.whole(node, key, 1, 10**6)
        if key == "set":
            return {name: raw(value) for name, value in self.mapping(node, "set", "{separable_13.stride: 2}")} or None
        if key == "without":
            globs = raw(node)
            if isinstance(globs, list) and globs and all(isinstance(glob, str) for glob in globs):
                return tuple(globs)
            self.doc.problem(node, "`without` is a list of row names or globs", "write without: [classifier]")
            return None
        text = raw(node)
        if key == "standard":
            if text not in {"true", "false"}:
                self.doc.problem(node, "`standard` is true or false", "write standard: true for the standard twin")
            return text == "true"
        if isinstance(text, list) and key != "resolution":
            self.doc.problem(node, f"{key} is one value, not a list", "for several points write at: [{...}, {...}]")
            return None
        try:
            return READS[key](text)
        except MbcostError as error:
            self.doc.problem(node, error.fact, error.help)
            return None


READS: dict[str, Any] = {
    "alpha": parse_alpha,
    "depth": parse_depth,
    "rho": parse_rho,
    "resolution": parse_resolution,
    "rounding": parse_rounding,
}
