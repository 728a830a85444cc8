"""Paper files: YAML nodes to a :class:`~mbcost.papers.specs.Paper`, every problem noted with its place."""

from __future__ import annotations

from typing import Any

from mbcost.documents.nodes import Document, Mapping, Node, Scalar, parse_document
from mbcost.network.walk import SUMMED
from mbcost.papers.printed import is_number
from mbcost.papers.settings import SETTINGS, Reader, merged
from mbcost.papers.specs import PROVEN, VERDICTS, Column, Figure, Note, Paper, Point, PublishedCell, Setting, Table

__all__ = ["read_paper"]

PAPER_KEYS = ("format", "name", "paper", "source", "quantities", "settings", "columns", "notes", "tables", "figures")
NOTE_KEYS = ("expect", "id", "reason", "evidence", "as", "wrong", "slip", "right", "text", "at")
FIGURE_KEYS = ("id", "title", "like", "at", "x", "y", "join", "colour", "sources", "points")
JOINS = ("alpha", "resolution", "series")
TABLE_KEYS = ("id", "title", "at", "columns", "rows")
SLIPS = ("swapped", "digit")


def read_paper(text: str, file: str) -> Paper:
    """Read the text of a paper file; raises every problem found in it at once, each with its place."""
    document = parse_document(text, file)
    if document.root is None:
        document.problem(
            Scalar("", True, 1, 1), "the file is empty", "a paper file has `format: 1`, `name`, `paper` and `tables`"
        )
        document.finish()
    reader = _PaperReader(document)
    paper = reader.paper()
    document.finish()
    return paper


class _PaperReader(Reader):
    """The schema of a paper file, walked node by node; ``figures`` are those read so far."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.figures: dict[str, Figure] = {}

    def paper(self) -> Paper:
        """The whole file."""
        root = self.mapping(self.document.root, PAPER_KEYS, "a paper file")
        if "format" not in root or self.text(root["format"]) != "1":
            self.problem(
                root.get("format", self.document.root), "the format of a paper file must be 1", "write `format: 1`"
            )
        self.required(self.document.root, root, "name", "paper", "source", "tables")
        head = self.mapping(root.get("paper"), ("title", "arxiv"), "`paper`")
        self.quantities = self._quantities(root.get("quantities"))
        self.presets = {
            name: self.setting(self.mapping(node, tuple(SETTINGS), f"`{name}`"))
            for name, node in self.open_mapping(root.get("settings")).items()
        }
        self.shared = self._columns(root.get("columns"), {})
        self.notes = {name: self.note(name, node) for name, node in self.open_mapping(root.get("notes")).items()}
        self.used: set[str] = set()
        self.missing: set[tuple[int, int]] = set()
        tables = [self.table(node) for node in self.sequence(root.get("tables"))]
        self._unique(
            [(table.id, node) for table, node in zip(tables, self.sequence(root.get("tables")), strict=True)], "table"
        )
        for node in self.sequence(root.get("figures")):
            figure = self.figure(node)
            if figure.id in self.figures:
                self.problem(node, f"figure `{figure.id}` is given twice", "keep one of them")
            self.figures[figure.id] = figure
        notes = root.get("notes")
        if isinstance(notes, Mapping):
            for name, key in notes.keys.items():
                if name not in self.used:
                    self.problem(key, f"no cell uses the note `{name}`", "remove it, or name it in a cell")
        return Paper(
            self.text(root.get("name")), self.text(head.get("title")), self.text(head.get("arxiv")), self.text(root.get("source")),
            self.quantities, tuple(tables), tuple(self.figures.values()), self.document,
        )  # fmt: skip

    def _quantities(self, node: Node | None) -> dict[str, dict[str, int]]:
        quantities = {}
        for name, parts in self.open_mapping(node).items():
            form = {}
            for part, factor in self.open_mapping(parts).items():
                if part not in SUMMED:
                    self.problem(factor, f"unknown part `{part}` of a row", self.known(part, SUMMED))
                form[part] = self.whole(factor, -(10**6))
            quantities[name] = form
        return quantities

    def _columns(self, node: Node | None, shared: dict[str, Column]) -> dict[str, Column]:
        columns: dict[str, Column] = {}
        if node is None or not self.given(node):
            return columns
        if not isinstance(node, Mapping):
            for item in self.sequence(node):
                name = self.text(item)
                if name not in shared:
                    self.problem(item, f"unknown column `{name}`", self.known(name, list(shared)))
                elif name in columns:
                    self.problem(item, f"column `{name}` is given twice", "keep one of them")
                else:
                    columns[name] = shared[name]
            return columns
        for name, value in node.items.items():
            if self.given(value):
                fields = self.mapping(value, ("title", *SETTINGS), "a column")
                columns[name] = Column(name, self.text(fields.pop("title", None)) or name, self.setting(fields))
            elif name in shared:
                columns[name] = shared[name]
            else:
                self.problem(node.keys[name], f"unknown column `{name}`", self.known(name, list(shared)))
        return columns

    def note(self, name: str, node: Node) -> Note:
        """A note: a verdict to expect, its reason and its proof."""
        fields = self.mapping(node, NOTE_KEYS, "a note")
        expect = self.text(fields.get("expect")) or "match"
        if expect not in VERDICTS:
            self.problem(fields.get("expect", node), f"unknown verdict `{expect}`", self.known(expect, list(VERDICTS)))
        reason = self.text(fields.get("reason"))
        if not reason:
            self.problem(node, "a note must give its `reason`", "say in a sentence why the number is as it is")
        proofs = []
        for key, verdict in PROVEN.items():
            if key in fields:
                proofs.append((verdict, self.setting(self.mapping(fields[key], tuple(SETTINGS), f"`{key}`"))))
        slip = self.text(fields.get("slip"))
        if slip and slip not in SLIPS:
            self.problem(fields["slip"], f"unknown slip `{slip}`", self.known(slip, SLIPS))
        if expect == "variant" and not any(verdict == "variant" for verdict, _ in proofs):
            self.problem(
                node,
                "a note that expects `variant` must say under which setting the number comes out",
                "give `as: {...}`; where there is none, the verdict is `unexplained`",
            )
        if expect == "erratum" and not (slip or any(verdict == "erratum" for verdict, _ in proofs)):
            self.problem(
                node,
                "a note that expects `erratum` must say what went wrong",
                "give `wrong: {...}`, the setting that was counted by mistake, or `slip: swapped` or `slip: digit`",
            )
        return Note(
            name, expect, self.texts(fields.get("id")), reason, self.texts(fields.get("evidence")), tuple(proofs), slip,
            self.text(fields.get("right")), self.flag(fields.get("text")),
        )  # fmt: skip

    def table(self, node: Node) -> Table:
        """One published table."""
        fields = self.mapping(node, TABLE_KEYS, "a table")
        self.required(node, fields, "id", "title", "columns", "rows")
        common = self.setting(self.mapping(fields.get("at"), tuple(SETTINGS), "`at`"))
        columns = tuple(self._columns(fields.get("columns"), self.shared).values())
        labels: list[str] = []
        cells: list[PublishedCell] = []
        for row in self.sequence(fields.get("rows")):
            items = self.sequence(row)
            if len(items) != 2 + len(columns):
                names = ", ".join(["label", "settings", *[column.name for column in columns]])
                self.problem(
                    row,
                    f"a row of {len(items)} entries, and this table has {2 + len(columns)}",
                    f"they are {names}; ~ where nothing is printed",
                )
                continue
            label = self.text(items[0])
            if label in labels:
                self.problem(items[0], f"row `{label}` is given twice", "labels tell the rows apart: add what differs")
            labels.append(label)
            own = (
                self.setting(self.mapping(items[1], tuple(SETTINGS), "the settings of a row"))
                if self.given(items[1])
                else {}
            )
            for column, item in zip(columns, items[2:], strict=True):
                if self.given(item):
                    cells.append(self.cell(label, column, item, merged(common, column.setting, own)))
        return Table(self.text(fields.get("id")), self.text(fields.get("title")), columns, tuple(labels), tuple(cells))

    def cell(self, row: str, column: Column, node: Node, setting: Setting) -> PublishedCell:
        """One cell: the printed text, or [text, note]."""
        named = setting.pop("note", None)
        note = (
            self._named(named)
            if named is not None and (setting.get("quantity") != "measured" or "note" in column.setting)
            else None
        )
        printed = node
        if not isinstance(node, Scalar):
            items = self.sequence(node)
            if len(items) != 2:
                self.problem(
                    node, "a cell is the printed text, or [text, note]", 'for example "569", or ["290", floored]'
                )
                items = [Scalar("0", False, node.line, node.column)] * 2
            printed = items[0]
            if isinstance(items[1], Mapping):
                inner = items[1].items.get("at")
                if inner is not None:
                    setting = merged(setting, self.setting(self.mapping(inner, tuple(SETTINGS), "`at`")))
                if inner is None or len(items[1].items) > 1:
                    note = self.note("", items[1])
            else:
                note = self._named(self.word(items[1]))
        text = self.text(printed)
        if isinstance(printed, Scalar) and printed.plain and text.replace(".", "", 1).isdigit():
            self.problem(
                printed, f"the published number {text} is not quoted", f'write "{text}": its digits are kept as printed'
            )
        words = "words" in setting or (note is not None and note.text)
        if not words and not is_number(text):
            self.problem(
                printed,
                f"the published number `{text[:40]}` is not a number",
                "write it as it is printed: 569, 4.2, 94.86% or 300M",
            )
        return PublishedCell(row, column.name, text, setting, note, printed.line, printed.column)

    def _named(self, name: Any) -> Note | None:
        if name in self.notes:
            self.used.add(name)
            return self.notes[name]
        if (name.line, name.column) not in self.missing:
            self.missing.add((name.line, name.column))
            self.problem(
                Scalar("", True, name.line, name.column),
                f"there is no note `{name}`",
                self.known(name, list(self.notes)),
            )
        return None

    def _unique(self, named: list[tuple[str, Node]], what: str) -> None:
        seen: set[str] = set()
        for name, node in named:
            if name in seen:
                self.problem(node, f"{what} `{name}` is given twice", "keep one of them")
            seen.add(name)

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
