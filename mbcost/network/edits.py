"""The fields of a row: as a variant sets them, as written, by the table's defaults, or by the kind's."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Any

from mbcost.errors import MbcostError, nearest
from mbcost.layers import KINDS
from mbcost.layers.fields import NOT_GIVEN, REQUIRED, Whole
from mbcost.layers.wording import likely, shown
from mbcost.network.specs import Cell, RowSpec, TableSpec

__all__ = ["NOT_GIVEN_RAW", "Edits", "dropped_by", "row_values", "substituted", "text_of", "unknown_field"]


MAX_GLOBS = 100
MAX_GLOB = 200


REPEAT = Whole(1, 10**12)


class Edits:
    """Overrides (`set`) and dropped rows (`without`) of one variant or base, and which of them found their row.

    A key of `set` is ROW.FIELD, a glob in the place of ROW for every row that has the field, ROW.repeat for how often the
    row or group is written there, or defaults.OP.FIELD for what rows of a kind have where they do not say otherwise.
    """

    def __init__(self, set: dict[str, Any], without: tuple[str, ...]) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.sets: list[tuple[str, str, str, Any]] = []
        self.repeats: dict[str, int] = {}
        self.grouped: dict[str, bool] = {}
        self.defaults: dict[str, dict[str, Cell]] = {}
        self.found: dict[str, bool] = {}
        self.keys: list[str] = []
        for key, value in set.items():
            row, dot, field = key.rpartition(".")
            if not dot or not row or not field:
                raise MbcostError(
                    f"{shown(key)} does not name a field of a row",
                    help="write row.field=value, for example separable_13.stride=2",
                )
            if row.startswith("defaults."):
                self._default(key, row.removeprefix("defaults."), field, text_of(value))
            elif field == "repeat":
                self._repeat(key, row, text_of(value))
            elif _is_glob(row):
                self.sets.append((key, row, field, value))
            else:
                self.rows.setdefault(row, {})[field] = value
                self.found[row] = False
                continue
            self.keys.append(key)
        self.found |= dict.fromkeys(self.keys, False)
        self.dropped = {name for name in without if not _is_glob(name)}
        self.globs = [glob for glob in without if glob not in self.dropped]
        globs = [*self.globs, *[glob for _, glob, _, _ in self.sets]]
        if len(globs) > MAX_GLOBS or any(len(glob) > MAX_GLOB for glob in globs):
            what = "`without` has" if not self.sets else "`set` and `without` have"
            raise MbcostError(
                f"{what} more than {MAX_GLOBS} globs, or one of more than {MAX_GLOB} characters",
                help="name the rows, or find them by a shorter glob",
            )
        self.found |= dict.fromkeys(without, False)

    def _default(self, key: str, op: str, field: str, raw: Any) -> None:
        """A field of the table's defaults, replaced; ``~`` takes it away."""
        owners = [*KINDS.values()] if op == "*" else [KINDS[op]] if op in KINDS else []
        if not owners:
            close = likely(op, [*KINDS])
            raise MbcostError(
                f"{shown(key)} is about the defaults of the unknown op {shown(op)}",
                help=f"did you mean {close}?"
                if close
                else "write defaults.conv.activation=relu6; * stands for every op",
            )
        having = [kind for kind in owners if field in kind.fields]
        if not having:
            raise unknown_field(field, op, sorted({name for kind in owners for name in kind.fields}))
        cell = Cell(raw, 0, 0)
        if raw not in NOT_GIVEN_RAW:
            try:
                cell = Cell(raw, 0, 0, having[0].fields[field].type.read(raw), True)
            except MbcostError as error:
                raise MbcostError(f"set `{key[:80]}`: {error.fact}", help=error.help) from None
        self.defaults.setdefault(op, {})[field] = cell

    def _repeat(self, key: str, row: str, raw: Any) -> None:
        """How often a row is written."""
        if _is_glob(row):
            raise MbcostError(
                f"{shown(key)} is about the repeat of many rows", help="name one row: separable_6.repeat=3"
            )
        try:
            self.repeats[row] = REPEAT.read(raw)
        except MbcostError as error:
            raise MbcostError(
                f"set `{key[:80]}`: {error.fact}", help=error.help or "a row that is not wanted is dropped by `without`"
            ) from None

    def drops(self, name: str) -> bool:
        """Whether a row of this name is dropped."""
        dropped = name in self.dropped
        if dropped:
            self.found[name] = True
        for glob in self.globs:
            if fnmatchcase(name, glob):
                self.found[glob] = dropped = True
        return dropped

    def fields(self, name: str, known: Collection[str]) -> dict[str, Any]:
        """The overrides of a row of this name and these fields: those of globs, then those of its name."""
        found: dict[str, Any] = {}
        for key, glob, field, value in self.sets:
            if field in known and fnmatchcase(name, glob):
                self.found[key] = True
                found[field] = value
        own = self.rows.get(name)
        if own is None:
            return found
        self.found[name] = True
        return found | own

    def repeat(self, names: Iterable[str], *, group: bool) -> int | None:
        """How often a row or group is written that has one of these names, if that is set."""
        for name in names:
            if name in self.repeats:
                if self.grouped.setdefault(name, group) != group:
                    raise MbcostError(
                        f"`{name}` is a row and a group of rows, and the repeat of one of them is set",
                        help="give the row another name: group_1, group_2, ... are the groups of a body",
                    )
                self.found[f"{name}.repeat"] = True
                return self.repeats[name]
        return None

    def takes_defaults(self, op: str, fields: Collection[str]) -> None:
        """Note that there is a row of this kind, which takes what is set in the defaults."""
        for scope in ("*", op):
            for field in self.defaults.get(scope, ()):
                if field in fields:
                    self.found[f"defaults.{scope}.{field}"] = True

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
            row, _, field = key.rpartition(".") if key in self.keys else ("", "", "")
            if row.startswith("defaults."):
                return MbcostError(
                    f"`set` {shown(key)}: no row takes this default", help="name a kind that the table has rows of"
                )
            if field and _is_glob(row):
                return MbcostError(
                    f"`set` {shown(key)} matches no row with a field {shown(field)}",
                    help="`mbcost table` prints the names, `mbcost show --expanded` the fields; * stands for any text",
                )
            if field:
                return MbcostError(
                    f"there is no row `{row}` whose repeat could be set",
                    help="name a row as it is written, or the first of its copies; the groups of a body are group_1, group_2, ...",
                )
            known = [*outputs, *dropped] if key in self.rows else list(outputs)
            close = nearest(key, known) or " or ".join(f"`{name}`" for name in known if name == f"{key}_1")
            if key in self.rows:
                fact, hint = f"there is no row `{key}` to set", "`mbcost table` prints the names"
                if key in dropped:
                    hint, close = "it is dropped by `without`", ""
                elif key.rpartition("/")[2].startswith("group_"):
                    hint = f"of a group the repeat alone can be set, `{key}.repeat`; its rows have fields"
                if f"{key}_1" in known:
                    hint = f"it is repeated: `{key}_1` is its first copy, `{key}_*` are all of them"
                    close = ""
            else:
                fact = f"`without` {shown(key)} matches no row"
                hint = "`mbcost table` prints the names; * stands for any text"
            return MbcostError(fact, help=f"did you mean {close}?" if close else hint)
        return None


def _is_glob(name: str) -> bool:
    return any(c in name for c in "*?[")


def dropped_by(name: str, edits: list[Edits]) -> bool:
    """Whether any edit drops a row; every one is asked, so that each glob is known to match."""
    return sum([edit.drops(name) for edit in edits]) > 0


NOT_GIVEN_RAW = (*NOT_GIVEN,)  # a tuple: a raw value may be a list, which has no hash


def row_values(
    spec: RowSpec, table: TableSpec, args: dict[str, Cell], changes: dict[str, Any], edits: Iterable[Edits] = ()
) -> dict[str, Any]:
    """The value of every field of a row: as set, as written, by the table's defaults as the edits have them, or by the kind's."""
    kind = KINDS[spec.op]
    values: dict[str, Any] = {name: field.default for name, field in kind.fields.items()}
    if table.coded is not None and "coded" in values:
        values["coded"] = table.coded
    written = {name: substituted(cell, args) for name, cell in spec.cells.items()}
    given = {name for name, cell in written.items() if cell.typed or cell.raw not in NOT_GIVEN_RAW} | {
        name for name, value in changes.items() if text_of(value) not in NOT_GIVEN_RAW
    }
    for scope in ("*", spec.op):
        defaults = table.defaults.get(scope, {})
        for edit in edits:
            if scope in edit.defaults:
                defaults = defaults | edit.defaults[scope]
        for name, cell in defaults.items():
            if cell.typed and name in values and not _excluded(name, given):
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
