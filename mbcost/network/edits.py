"""The fields of a row: as a variant sets them, as written, by the table's defaults, or by the kind's."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from mbcost.errors import MbcostError, nearest
from mbcost.layers import KINDS
from mbcost.layers.fields import NOT_GIVEN, REQUIRED
from mbcost.layers.wording import likely, shown
from mbcost.network.specs import Cell, RowSpec, TableSpec

__all__ = ["NOT_GIVEN_RAW", "Edits", "dropped_by", "row_values", "substituted", "text_of", "unknown_field"]


MAX_GLOBS = 100
MAX_GLOB = 200


class Edits:
    """Overrides (`set`) and dropped rows (`without`) of one variant or base, and which of them found their row."""

    def __init__(self, set: dict[str, Any], without: tuple[str, ...]) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        for key, value in set.items():
            row, dot, field = key.rpartition(".")
            if not dot or not row or not field:
                raise MbcostError(
                    f"{shown(key)} does not name a field of a row",
                    help="write row.field=value, for example separable_13.stride=2",
                )
            self.rows.setdefault(row, {})[field] = value
        self.dropped = {name for name in without if not any(c in name for c in "*?[")}
        self.globs = [glob for glob in without if glob not in self.dropped]
        if len(self.globs) > MAX_GLOBS or any(len(glob) > MAX_GLOB for glob in self.globs):
            raise MbcostError(
                f"`without` has more than {MAX_GLOBS} globs, or one of more than {MAX_GLOB} characters",
                help="name the rows, or drop them by a shorter glob",
            )
        self.found: dict[str, bool] = dict.fromkeys([*self.rows, *without], False)

    def drops(self, name: str) -> bool:
        """Whether a row of this name is dropped."""
        dropped = name in self.dropped
        if dropped:
            self.found[name] = True
        for glob in self.globs:
            if fnmatchcase(name, glob):
                self.found[glob] = dropped = True
        return dropped

    def fields(self, name: str) -> dict[str, Any] | None:
        """The overrides of a row of this name."""
        fields = self.rows.get(name)
        if fields is not None:
            self.found[name] = True
        return fields

    def missed(self, outputs: Iterable[str], dropped: set[str], parts: set[str]) -> MbcostError | None:
        """The error of the first override or glob that found no row, with the nearest names."""
        for key, found in self.found.items():
            if found:
                continue
            if key in parts:
                owner = key.rpartition("/")[0].removesuffix("/se")
                return MbcostError(
                    f"`{key}` is a part of a row and has no fields of its own", help=f"set a field of the row `{owner}`"
                )
            known = [*outputs, *dropped] if key in self.rows else list(outputs)
            close = nearest(key, known) or " or ".join(f"`{name}`" for name in known if name == f"{key}_1")
            if key in self.rows:
                fact, hint = f"there is no row `{key}` to set", "`mbcost table` prints the names"
            else:
                fact = f"`without` {shown(key)} matches no row"
                hint = "`mbcost table` prints the names; * stands for any text"
            return MbcostError(fact, help=f"did you mean {close}?" if close else hint)
        return None


def dropped_by(name: str, edits: list[Edits]) -> bool:
    """Whether any edit drops a row; every one is asked, so that each glob is known to match."""
    return sum([edit.drops(name) for edit in edits]) > 0


NOT_GIVEN_RAW = (*NOT_GIVEN,)  # a tuple: a raw value may be a list, which has no hash


def row_values(spec: RowSpec, table: TableSpec, args: dict[str, Cell], changes: dict[str, Any]) -> dict[str, Any]:
    """The value of every field of a row: as set, as written, by the table's defaults, or by the kind's."""
    kind = KINDS[spec.op]
    values: dict[str, Any] = {name: field.default for name, field in kind.fields.items()}
    if table.coded is not None and "coded" in values:
        values["coded"] = table.coded
    written = {name: substituted(cell, args) for name, cell in spec.cells.items()}
    given = {name for name, cell in written.items() if cell.typed or cell.raw not in NOT_GIVEN_RAW} | {
        name for name, value in changes.items() if text_of(value) not in NOT_GIVEN_RAW
    }
    for scope in ("*", spec.op):
        for name, cell in table.defaults.get(scope, {}).items():
            if name in values and not _excluded(name, given):
                values[name] = cell.value
    unwritten = dict(values)
    for name, cell in written.items():
        if cell.typed:
            values[name] = cell.value
        elif cell.raw not in NOT_GIVEN_RAW:
            try:
                values[name] = kind.fields[name].type.read(cell.raw)
            except MbcostError as error:
                raise MbcostError(
                    f"`{name}`: {error.fact}", help=error.help, place=table.place(cell.line, cell.column)
                ) from None
    for name, value in changes.items():
        if name not in kind.fields:
            raise unknown_field(name, spec.op, list(kind.fields))
        raw = text_of(value)
        try:
            values[name] = unwritten[name] if raw in NOT_GIVEN_RAW else kind.fields[name].type.read(raw)
        except MbcostError as error:
            raise MbcostError(f"set `{name}`: {error.fact}", help=error.help) from None
    for name, value in values.items():
        if value is REQUIRED:
            raise MbcostError(f"`{spec.op}` needs `{name}`", help=f"{name}: {kind.fields[name].doc}")
    return values


def _excluded(name: str, given: set[str]) -> bool:
    """Whether a default gives way because the row gives the other of two fields that exclude each other."""
    pairs = {"expansion": {"expanded"}, "expanded": {"expansion"}}
    return bool(pairs.get(name, set()) & given)


def unknown_field(name: str, op: str, known: list[str]) -> MbcostError:
    """The error of a field that a kind or block does not have."""

    def help() -> str:
        close = likely(name, known)
        return f"did you mean {close}?" if close else f"its fields are {', '.join(known) or 'none'}"

    return MbcostError(f"`{op}` has no field `{name[:60]}`", help=help)


def substituted(cell: Cell, args: dict[str, Cell]) -> Cell:
    """A cell with `$p` replaced by the value given for parameter p."""
    raw = cell.raw
    if isinstance(raw, str):
        if raw.startswith("$") and raw[1:] in args:
            return args[raw[1:]]
    elif isinstance(raw, dict) and not cell.typed:
        return cell._replace(
            raw={
                key: args[x[1:]].raw if isinstance(x, str) and x[:1] == "$" and x[1:] in args else x
                for key, x in raw.items()
            }
        )
    elif isinstance(raw, list) and not cell.typed and any(isinstance(x, str) and x.startswith("$") for x in raw):
        return cell._replace(
            raw=[args[x[1:]].raw if isinstance(x, str) and x[1:] in args and x[0] == "$" else x for x in raw]
        )
    return cell


def text_of(value: Any) -> Any:
    """A Python value as the text a table would have."""
    if value is None:
        return "~"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return [text_of(x) for x in value]
    if isinstance(value, float):
        text = repr(value)
        return text.removesuffix(".0")
    return str(value)
