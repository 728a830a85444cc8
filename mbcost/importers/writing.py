"""The table as text: as a person would write it, and the same bytes for the same network."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import Any

from mbcost.dims import exact_text
from mbcost.escape import yaml_quoted
from mbcost.importers.compress import RESERVED, Block, Tables
from mbcost.importers.graph import Scope
from mbcost.importers.row import Row
from mbcost.layers import KINDS

__all__ = ["table_text", "word"]

ORDER = (
    "cost", "product", "heads", "head_width", "value_width", "multi_query", "windows", "kernel_size", "kv_stride", "expansion", "expanded", "expand", "out_channels", "width", "rounding", "groups", "multiplier", "se", "stride", "padding", "dilation", "ceil", "output_size",
    "output_padding", "factor", "like", "multiple", "parts", "take", "extra", "positions", "position_biases", "mult_adds", "mult_adds_per_output", "params", "params_per_channel", "norm", "activation", "prelu_params", "bias", "out_bias",
    "se_of", "se_rounding", "se_activation", "se_gate", "residual",
)  # fmt: skip
SHARED = ("norm", "activation", "se_of", "se_rounding", "se_activation", "se_gate")
"""Fields that a table says once for all rows of a kind, under `defaults`."""

ATTENTION = ("attention", "mobile_mqa")
"""Kinds without a bias by default, whatever follows them."""

WIDTH = 118


def word(text: str) -> str:
    """A text as a name of the grammar."""
    found = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")[:80]
    return found if found and found[0].isalpha() else f"network_{found}".rstrip("_")


def table_text(
    tables: Tables, scopes: tuple[Scope, ...], head: list[str], channels: int, size: tuple[int, int], rounding: str = ""
) -> str:
    """The YAML of a table: ``head`` is what stands above its input."""
    return _Writer(tables, scopes).text(head, channels, size, rounding)


class _Writer:
    def __init__(self, tables: Tables, scopes: tuple[Scope, ...]) -> None:
        self.tables, self.scopes = tables, scopes
        self.names: dict[int, str] = {}
        self.used: set[str] = set()
        self.defaults = self._defaults()

    def text(self, head: list[str], channels: int, size: tuple[int, int], rounding: str) -> str:
        """The whole file."""
        items = self.tables.items
        self._name(items)
        lines = [
            *head,
            f"input: {{channels: {channels}, resolution: {size[0] if size[0] == size[1] else f'{size[0]}x{size[1]}'}}}",
        ]
        if rounding:
            lines.append(f"rounding: {rounding}")
        if self.defaults:
            lines.append("defaults:")
            lines += [f"  {op}: {_flow(fields)}" for op, fields in self.defaults.items()]
        if self.tables.blocks:
            lines.append("blocks:")
            for block in self.tables.blocks:
                lines += self._block(block)
        columns = self._columns(items)
        if columns:
            lines.append(f"columns: [{', '.join(columns)}]")
        lines.append("layers:")
        lines += self._rows(items, columns)
        return "\n".join(lines) + "\n"

    # -- fields

    def _defaults(self) -> dict[str, dict[str, str]]:
        """Values that most rows of a kind have and that are not the grammar's own."""
        seen: dict[str, dict[str, dict[str, int]]] = {}
        for row in self._everything():
            if row.op in KINDS:
                for key in SHARED:
                    if key in row.fields and key in KINDS[row.op].fields:
                        counts = seen.setdefault(row.op, {}).setdefault(key, {})
                        counts[row.fields[key]] = counts.get(row.fields[key], 0) + 1
        found: dict[str, dict[str, str]] = {}
        for op in KINDS:
            for key, counts in seen.get(op, {}).items():
                value, times = max(counts.items(), key=lambda item: (item[1], item[0]))
                rows = sum(counts.values())
                if value != self._own(op, key) and (times > 1 and 2 * times > rows):
                    found.setdefault(op, {})[key] = value
        return found

    def _everything(self) -> list[Row]:
        todo = [*self.tables.items, *(row for block in self.tables.blocks for row in block.items)]
        found = []
        while todo:
            row = todo.pop()
            found.append(row)
            todo += [inner for branch in row.branches or [] for inner in branch]
        return found

    @staticmethod
    def _own(op: str, key: str) -> Any:
        """The grammar's own default."""
        default = KINDS[op].fields[key].default
        if key == "se_of":
            return "expanded"
        return "" if default is None else default

    def _fields(self, row: Row) -> dict[str, str]:
        """The fields that have to be written, as text."""
        if row.op not in KINDS:
            return {key: _value(value) for key, value in row.fields.items()}
        found: dict[str, str] = {}
        mine = self.defaults.get(row.op, {})
        fields = dict(row.fields)
        if "out_channels" in fields and row.op == "custom":
            fields.setdefault("width", "fixed")
        for key in ORDER:
            if key not in fields:
                continue
            value = fields[key]
            if key == "bias":
                if value != (row.op == "linear" or (row.op not in ATTENTION and fields["norm"] == "none")):
                    found[key] = _value(value)
                continue
            if key in SHARED:
                if value != mine.get(key, self._own(row.op, key)):
                    found[key] = _value(value)
                continue
            if key == "like":
                found[key] = self.names[id(value)]
                continue
            found[key] = _value(value)
        return found

    # -- names

    def _name(self, items: list[Row]) -> None:
        """Names for the rows that others read from afar, and for the classifier."""
        last = next((row for row in reversed(items) if row.op == "linear" or _is_classifier(row)), None)
        if last is not None and last.repeat == 1:
            self.names[id(last)] = "classifier"
            self.used.add("classifier")
        for row in items:
            if "like" in row.fields:
                self._named(row.fields["like"])
        for i, row in enumerate(items):
            above = items[i - 1] if i else None
            flows = len(row.sources) == 1 and (
                row.sources[0] is above or (above is None and row.sources[0].op == "input")
            )
            if not flows:
                for source in row.sources:
                    self._named(source)
        for above, row in pairwise(items):  # two equal rows that are meant
            if (
                id(row) not in self.names
                and row.op == above.op
                and row.repeat == above.repeat == 1
                and row.branches is None
                and row.fields == above.fields
            ):
                self._named(row)

    def _named(self, row: Row) -> str:
        known = self.names.get(id(row))
        if known is not None:
            return known
        if row.op == "input":
            self.names[id(row)] = "input"
            return "input"
        scope = row.homes[-1] if row.homes else -1
        path = word(self.scopes[scope].path) if scope >= 0 and self.scopes[scope].path else row.op
        if re.fullmatch(r".*_[0-9]+", path) and path.rpartition("_")[0] in {
            *KINDS,
            *(block.name for block in self.tables.blocks),
        }:
            path += "_out"
        if path in RESERVED or path in KINDS:
            path += "_out"
        name, number = path, 1
        while name in self.used:
            number += 1
            name = f"{path}_{chr(96 + number) if number < 27 else number}"
        self.used.add(name)
        self.names[id(row)] = name
        return name

    # -- rows

    def _columns(self, items: list[Row]) -> list[str]:
        """Fields that enough rows of the table have, to stand in columns."""
        plain = [row for row in items if row.op in KINDS and row.branches is None]
        calls = [row for row in items if row.op not in KINDS and row.op != "group"]
        rows = calls if len(calls) > len(plain) else plain
        counts: dict[str, int] = {}
        for row in rows:
            for key in self._written(row, items):
                counts[key] = counts.get(key, 0) + 1
        fields = [key for key in counts if counts[key] > 1 and key not in {"op", "name", "from", "cost"}]
        if len(rows) < 5 or not fields or len(fields) > 9:
            return []
        fields.sort(key=lambda key: ORDER.index(key) if key in ORDER else len(ORDER))
        fields = [key for key in fields if key != "repeat"] + [key for key in fields if key == "repeat"]
        return ["op", *fields]

    def _written(self, row: Row, items: list[Row] | None) -> dict[str, str]:
        """Everything that is written of a row, in order, without its branches."""
        found = {"op": row.op}
        if id(row) in self.names and row.op != "input":
            found["name"] = self.names[id(row)]
        if items is not None:
            index = next(i for i, one in enumerate(items) if one is row)
            above = items[index - 1] if index else None
            flows = len(row.sources) == 1 and (
                row.sources[0] is above or (above is None and row.sources[0].op == "input")
            )
            if not flows and row.branches is None and row.sources:
                names = [self._named(source) for source in row.sources]
                found["from"] = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
            elif not flows and row.branches is not None:
                found["from"] = self._named(row.sources[0])
        found.update(self._fields(row))
        if row.repeat > 1:
            found["repeat"] = str(row.repeat)
        return found

    def _rows(self, items: list[Row], columns: list[str]) -> list[str]:
        """The rows directly under `layers`, each with the modules it comes from."""
        written = [self._written(row, items) for row in items]
        fits = [
            bool(columns) and row.branches is None and set(fields) <= set(columns) and len(fields) > 1
            for row, fields in zip(items, written, strict=True)
        ]
        cells = [
            [fields.get(column, "~") for column in columns] if fit else None
            for fields, fit in zip(written, fits, strict=True)
        ]
        widths = [max((len(row[i]) for row in cells if row), default=0) for i in range(len(columns))]
        lines: list[str] = []
        for row, fields, cell in zip(items, written, cells, strict=True):
            comment = self._comment(row)
            if cell is not None:
                first, *rest = (
                    f"{text + ',':<{width + 1}}" if i == 0 else f"{text:>{width}}"
                    for i, (text, width) in enumerate(zip(cell, widths, strict=True))
                )
                lines.append(f"  - [{first} {', '.join(rest)}]{comment}")
            else:
                lines += self._mapping(row, fields, "  ", "- ", comment)
        return lines

    def _mapping(
        self, row: Row, fields: dict[str, str], indent: str, dash: str, comment: str, end: str = ""
    ) -> list[str]:
        if row.op == "group" and row.branches is not None:
            lines = [f"{indent}{dash}{{repeat: {row.repeat}, layers: [{comment}"]
            lines += self._list(row.branches[0], indent + "    ")
            return [*lines[:-1], f"{lines[-1]}]}}{end}"]
        body = ", ".join(f"{key}: {value}" for key, value in fields.items())
        if row.branches is None:
            return [f"{indent}{dash}{{{body}}}{end}{comment}"]
        lines = [f"{indent}{dash}{{{body}, branches: [{comment}"]
        for branch in row.branches:
            inner = self._list(branch, indent + "     ")
            if inner:
                inner[0] = f"{indent}    [" + inner[0].lstrip()
                inner[-1] += "],"
                lines += inner
            else:
                lines.append(f"{indent}    [],")
        lines[-1] = lines[-1][:-1] + f"]}}{end}"
        return lines

    def _list(self, items: list[Row], indent: str) -> list[str]:
        """Rows in flow style, without comments: a comment would swallow the bracket that closes them."""
        lines: list[str] = []
        for i, row in enumerate(items):
            fields = self._written(row, None)
            lines += self._mapping(row, fields, indent, "", "", "" if i == len(items) - 1 else ",")
        return lines

    def _block(self, block: Block) -> list[str]:
        params = ", ".join(f"{name}: ~" for name in block.params)
        lines = (
            [f"  {block.name}: {{params: {{{params}}}, layers: ["] if block.params else [f"  {block.name}: {{layers: ["]
        )
        lines += self._list(block.items, "    ")
        lines[-1] += "]}"
        return lines

    def _comment(self, row: Row) -> str:
        """The modules a row comes from, and what is to be said of it."""
        paths = [self.scopes[scope].path for scope in row.homes if scope >= 0]
        paths = paths if any(paths) else [self.scopes[scope].path for scope in row.scopes[:1] + row.scopes[-1:]]
        said = _range(list(dict.fromkeys(path for path in paths if path)))
        parts = [part for part in (said, row.remark) if part]
        if row.inexact:
            parts.append("at this size")
        text = ": ".join(parts[:2]) + (f", {parts[2]}" if len(parts) > 2 else "")
        return f"      # {_printable(text)[:200]}" if text else ""


def _range(paths: list[str]) -> str:
    """Module paths as one text: the first, and the last where there are several."""
    if len(paths) < 2:
        return "".join(paths)
    first, last = paths[0].split("."), paths[-1].split(".")
    if first[:-1] == last[:-1]:
        return f"{paths[0]} to {last[-1]}"
    return f"{paths[0]} to {paths[-1]}"


def _is_classifier(row: Row) -> bool:
    return (
        row.op == "conv"
        and row.shape[1:] == (1, 1)
        and row.fields.get("norm") == "none"
        and row.fields.get("activation") in {"none", "softmax"}
        and row.fields.get("bias") is True
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Fraction):
        return exact_text(value)
    if isinstance(value, tuple):
        if len(value) == 4 and set(value) == {0}:
            return "valid"
        return str(value[0]) if len(set(value)) == 1 else f"[{', '.join(map(str, value))}]"
    text = str(value)
    return yaml_quoted(text) if "," in text and not text.startswith("{") else text  # a rule with a least width


def _flow(fields: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in fields.items()) + "}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def quoted(text: str) -> str:
    """A text as a YAML scalar: plain where that is safe."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.:/+-]*[A-Za-z0-9_]|[A-Za-z]", text)
    return (
        text
        if plain and text.lower() not in {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
        else yaml_quoted(text)
    )
