"""The figures of a paper file: YAML nodes to :class:`~mbcost.papers.specs.Figure`."""

from __future__ import annotations

from mbcost.documents.nodes import Document, Node
from mbcost.papers.printed import is_number
from mbcost.papers.settings import SETTINGS, Reader, merged
from mbcost.papers.specs import Column, Figure, Point, Setting

__all__ = ["FigureReader"]

FIGURE_KEYS = ("id", "title", "like", "at", "x", "y", "join", "colour", "sources", "points")
JOINS = ("alpha", "resolution", "series")


class FigureReader(Reader):
    """Reads figures and their points; ``figures`` are those read so far."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.figures: dict[str, Figure] = {}

    def figure(self, node: Node) -> Figure:
        """One published figure, or one with the points of another."""
        fields = self.mapping(node, FIGURE_KEYS, "a figure")
        self.required(node, fields, "id", "title", *(() if "like" in fields else ("x", "y", "sources", "points")))
        common = self.setting(self.mapping(fields.get("at"), tuple(SETTINGS), "`at`"))
        like = self.figures.get(self.text(fields.get("like")))
        if "like" in fields and like is None:
            self.problem(
                fields["like"],
                f"there is no figure `{self.text(fields['like'])}` above",
                self.known(self.text(fields["like"]), list(self.figures)),
            )
        axes = [
            self._axis(fields.get(axis), before) if axis in fields or like is None else before
            for axis, before in (("x", like.x if like else None), ("y", like.y if like else None))
        ]
        sources = {key: self.text(value) for key, value in self.open_mapping(fields.get("sources")).items()} or (
            like.sources if like else {}
        )
        points = [self.point(item, common, sources) for item in self.sequence(fields.get("points"))]
        assert axes[0] is not None and axes[1] is not None  # noqa: S101, PT018  (_axis always gives a column)
        return Figure(
            self.text(fields.get("id")), self.text(fields.get("title")), axes[0], axes[1],
            self._choice(fields.get("join"), JOINS) or (like.join if like else "series"), self._choice(fields.get("colour"), JOINS) or (like.colour if like else ""),
            sources, tuple(points) or (like.points if like else ()),
        )  # fmt: skip

    def _axis(self, node: Node | None, _: Column | None) -> Column:
        fields = self.mapping(node, ("title", *SETTINGS), "an axis")
        return Column("", self.text(fields.pop("title", None)), self.setting(fields))

    def point(self, node: Node, common: Setting, sources: dict[str, str]) -> Point:
        """One point: series, settings, published y, where y is from."""
        items = self.sequence(node)
        if len(items) != 4:
            self.problem(
                node,
                f"a point of {len(items)} entries, and a point has 4",
                "they are series, settings, the published y, its source",
            )
            return Point("", {}, "0", "", node.line, node.column)
        y, source = self.text(items[2]), self.text(items[3])
        if not is_number(y):
            self.problem(
                items[2], f"the published number `{y[:40]}` is not a number", "write it as it is printed: 70.6"
            )
        if source not in sources:
            self.problem(items[3], f"unknown source `{source}`", self.known(source, list(sources)))
        own = (
            self.setting(self.mapping(items[1], tuple(SETTINGS), "the settings of a point"))
            if self.given(items[1])
            else {}
        )
        return Point(self.text(items[0]), merged(common, own), y, source, items[2].line, items[2].column)

    def _choice(self, node: Node | None, choices: tuple[str, ...]) -> str:
        text = self.text(node)
        if text and text not in choices and node is not None:
            self.problem(node, f"unknown choice `{text}`", self.known(text, choices))
        return text
