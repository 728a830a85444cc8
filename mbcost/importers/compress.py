"""Rows written once: what repeats below each other by ``repeat``, what repeats elsewhere as a block with parameters."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, NamedTuple

from mbcost.importers.nest import Home
from mbcost.importers.row import Row, readers
from mbcost.layers import KINDS

__all__ = ["Block", "Tables", "compressed"]

NUMERIC = {
    "out_channels": None, "kernel_size": None, "expansion": None, "se": None, "stride": (1, 1), "groups": 1, "multiplier": 1,
    "dilation": (1, 1), "padding": "same", "parts": None, "take": None, "factor": None, "params": None, "mult_adds": None,
    "mult_adds_per_output": None, "params_per_channel": None, "heads": None, "head_width": None, "value_width": None, "windows": 1,
    "position_biases": None, "kv_stride": None,
}  # fmt: skip
"""Fields that may become parameters of a block, with the value that a row without the field has."""

MOST_PARAMS = 8
WORDS = {"out_channels": "out", "kernel_size": "kernel", "expansion": "expansion", "mult_adds_per_output": "per_output"}
RESERVED = {"op", "name", "from", "repeat", "branches", "input", "output", "cost", "layers"}


class Block(NamedTuple):
    """A block of the table: its parameters, and its rows with ``$name`` where a parameter goes."""

    name: str
    params: tuple[str, ...]
    items: list[Row]


class Tables(NamedTuple):
    """The rows of a table, and its blocks."""

    items: list[Row]
    blocks: list[Block]


def compressed(items: list[Row], home: Home, *, flat: bool = False) -> Tables:
    """The rows with repeats and blocks; flat, as they are."""
    for row in _all(items):
        scopes = [scope for one in _all([row]) for scope in one.scopes]
        row.homes, row.inner = [home.own(scopes)], home.common(scopes)
    if flat:
        return Tables(items, [])
    finder = _Finder(home)
    items = finder.repeats(items)
    for _ in range(40):
        found = finder.block(items)
        if found is None:
            break
        items = finder.repeats(found)
    items = finder.groups(items)
    return Tables(items, finder.blocks)


def count(items: list[Row]) -> int:
    """Rows as written, those of branches with them."""
    return sum(1 + sum(count(branch) for branch in row.branches or []) for row in items)


class _Finder:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.scopes = home.scopes
        self.blocks: list[Block] = []
        self.names: set[str] = set()

    # -- repeats

    def repeats(self, items: list[Row], start: Row | None = None) -> list[Row]:
        """Equal rows below each other as one; only the first may have a stride."""
        for row in items:
            if row.branches is not None:
                row.branches = [self.repeats(branch, row.sources[0]) for branch in row.branches]
        read = readers(items)
        liked = {id(row.fields["like"]) for row in items if "like" in row.fields}
        found: list[Row] = []
        for row in items:
            above = found[-1] if found else None
            if (
                above is not None
                and id(above) not in liked
                and row.sources == [above]
                and len(read.get(id(above), [])) == 1
                and self._continues(above, row)
            ):
                strides = {key: value for key, value in above.fields.items() if key == "stride"}
                row.fields = _ordered(above.fields, {**row.fields, **strides})
                row.sources, row.read, row.repeat = above.sources, above.read, above.repeat + row.repeat
                row.inner = above.inner
                _add(row, above)
                found[-1] = row
                continue
            found.append(row)
        return found

    def _continues(self, above: Row, row: Row) -> bool:
        if row.op == "linear" or row.op in {"global_pool", "custom", "flatten", "activation", "norm"}:
            return False
        if row.branches is not None and above.fields != row.fields:
            return False
        return bool(row.fields.get("stride", (1, 1)) == (1, 1) and _key(above, stride=False) == _key(row, stride=False))

    # -- groups

    def groups(self, items: list[Row]) -> list[Row]:
        """Sequences of rows that follow each other again and again, as a group that repeats."""
        at = 0
        found: list[Row] = []
        keys = [_key(row) for row in items]
        plain = [row.fields.get("stride", (1, 1)) in {(1, 1), 1} for row in items]
        read = readers(items)
        flows = [i > 0 and row.sources == [items[i - 1]] for i, row in enumerate(items)]
        only = [len(read.get(id(row), [])) <= 1 for row in items]
        while at < len(items):
            best = (0, 0)
            for period in range(2, 9):
                copies = 1
                while (
                    keys[at : at + period] == keys[at + copies * period : at + (copies + 1) * period]
                    and len(keys[at + copies * period : at + (copies + 1) * period]) == period
                    and all(plain[at : at + period])
                    and all(flows[at + 1 : at + (copies + 1) * period])
                    and all(only[at : at + (copies + 1) * period - 1])
                ):
                    copies += 1
                end = at + copies * period
                if (
                    copies > 1
                    and end < len(items)
                    and read.get(id(items[end - 1]))
                    and not (flows[end] and only[end - 1])
                ):
                    copies -= 1  # what is read from afar has a name of its own
                if copies > 1 and (copies - 1) * period > best[0] * best[1]:
                    best = (copies - 1, period)
            if best[0]:
                copies, period = best[0] + 1, best[1]
                last = items[at + copies * period - 1]
                group = Row("group", items[at].sources, last.shape, items[at].read)
                group.branches = [items[at : at + period]]
                group.repeat = copies
                for row in items[at : at + copies * period]:
                    _add(group, row, homes=False)
                    group.homes += row.homes
                for reader in read.get(id(last), []):
                    reader.sources = [group if source is last else source for source in reader.sources]
                found.append(group)
                at += copies * period
            else:
                found.append(items[at])
                at += 1
        return found

    # -- blocks

    def block(self, items: list[Row]) -> list[Row] | None:
        """The rows with the block that saves most written once; None where none saves anything."""
        candidates: dict[Any, list[tuple[int, int]]] = {}
        read = readers(items)
        liked = {id(row.fields["like"]) for row in _all(items) if "like" in row.fields}
        for first, last in self._segments(items):
            segment = items[first : last + 1]
            if count(segment) < 2 or not _closed(segment, read) or any(id(row) in liked for row in _all(segment)):
                continue
            shape = tuple(_structure(row, alone=len(segment) == 1) for row in segment)
            candidates.setdefault(shape, []).append((first, last))
        best: tuple[int, list[tuple[int, int]]] = (2, [])
        for places in candidates.values():
            apart: list[tuple[int, int]] = []
            for place in sorted(places):
                if not apart or place[0] > apart[-1][1]:
                    apart.append(place)
            size = count(items[apart[0][0] : apart[0][1] + 1])
            saved = len(apart) * size - len(apart) - size
            if len(apart) > 1 and saved > best[0]:
                segments = [items[first : last + 1] for first, last in apart]
                if len(_parameters(segments)[0]) <= MOST_PARAMS:
                    best = (saved, apart)
        if not best[1]:
            return None
        return self._called(items, best[1])

    def _segments(self, items: list[Row]) -> list[tuple[int, int]]:
        """Runs of rows that a module call has to itself, and single rows with branches."""
        found = {(i, i) for i, row in enumerate(items) if row.branches}
        runs: dict[int, tuple[int, int, int]] = {}
        for i, row in enumerate(items):
            at = self.home.common([scope for scope in row.homes if scope >= 0])
            while at >= 0:
                first, _, rows = runs.get(at, (i, i, 0))
                runs[at] = (first, i, rows + 1)
                at = self.scopes[at].parent
        found |= {(first, last) for first, last, rows in runs.values() if last - first + 1 == rows < len(items)}
        return sorted(found)

    def _called(self, items: list[Row], places: list[tuple[int, int]]) -> list[Row]:
        segments = [items[first : last + 1] for first, last in places]
        params, values = _parameters(segments)
        body = segments[0]
        names = _put(body, params)
        block = Block(self._name(segments), tuple(names), [])
        self.blocks.append(block)
        found: list[Row] = []
        stand: dict[int, Row] = {}
        at = 0
        for number, (first, last) in enumerate(places):
            segment = segments[number]
            own = segment[-1]
            call = Row(block.name, segment[0].sources, own.shape, segment[0].read)
            call.fields = {name: values[number][param] for name, param in names.items()}
            call.inner = self._inner(segment)
            call.homes = [self.home.own([scope for row in segment for scope in row.homes if scope >= 0])]
            if len(segment) == 1:
                call.homes, call.repeat, own.repeat = own.homes, own.repeat, 1
            for row in segment:
                _add(call, row, homes=False)
            found += [*items[at:first], call]
            at = last + 1
            stand[id(own)] = call
        found += items[at:]
        for row in found:
            row.sources = [stand.get(id(source), source) for source in row.sources]
        block.items.extend(self.groups(self.repeats(body)))
        return found

    def _name(self, segments: list[list[Row]]) -> str:
        types = {self.scopes[scope].type for segment in segments if (scope := self._inner(segment)) > 0}
        word = types.pop() if len(types) == 1 else "block"
        word = re.sub(r"(?<=[a-z0-9])(?=[A-Z](?:[a-z]{2}|[A-Z]|$))|(?<=[A-Z])(?=[A-Z][a-z]{2})", "_", word).lower()
        word = re.sub(r"[^a-z0-9_]+", "_", word).strip("_")[:40] or "block"
        if not word[0].isalpha():
            word = f"block_{word}"
        if word in {"sequential", "module_list"} or word in KINDS:
            word = f"{word}_block" if word in KINDS else "block"
        name, number = word, 1
        while name in self.names or name in KINDS or name in RESERVED:
            number += 1
            name = f"{word}_{number}"
        self.names.add(name)
        return name

    def _inner(self, segment: list[Row]) -> int:
        """The innermost call that a block's rows run in; of rows that repeat, the first copy's."""
        return self.home.common([row.inner for row in segment if row.inner >= 0])


def _add(row: Row, other: Row, *, homes: bool = True) -> None:
    row.scopes = sorted({*row.scopes, *other.scopes})
    if homes:
        row.homes = [*other.homes, *row.homes]
    row.mult_adds = None if row.mult_adds is None or other.mult_adds is None else row.mult_adds + other.mult_adds
    row.params += other.params
    row.inexact |= other.inexact
    row.remark = row.remark or other.remark


def _ordered(like: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    return {key: fields[key] for key in [*like, *(key for key in fields if key not in like)]}


def _key(row: Row, *, stride: bool = True) -> Any:
    """What a row says; rows with the same key are written the same."""
    fields = tuple(
        (key, id(value) if isinstance(value, Row) else value)
        for key, value in sorted(row.fields.items())
        if stride or key != "stride"
    )
    return row.op, fields, row.repeat if stride else 0, tuple(tuple(map(_key, branch)) for branch in row.branches or [])


def _structure(row: Row, *, alone: bool = False) -> Any:
    """What rows must have in common to be calls of one block: all but the numbers in them. A row alone may repeat."""
    fields = tuple(
        (key, None if _scalar(value) else value)
        if key in NUMERIC
        else (key, id(value) if isinstance(value, Row) else value)
        for key, value in sorted(row.fields.items())
        if NUMERIC.get(key) is None or not _scalar(value)
    )
    return (
        row.op,
        fields,
        1 if alone else row.repeat,
        tuple(tuple(map(_structure, branch)) for branch in row.branches or []),
    )


def _scalar(value: Any) -> bool:
    """Whether a value is written as one scalar, as the value of a parameter is."""
    if isinstance(value, tuple):
        return len(set(value)) == 1
    return True


def _closed(segment: list[Row], read: dict[int, list[Row]]) -> bool:
    """Whether rows are a chain that is entered at its first row and left at its last."""
    if any("like" in row.fields for row in _all(segment)) or len(segment[0].sources) != 1:
        return False
    inside = {id(row) for row in segment}
    for above, below in pairwise(segment):
        if below.sources != [above] or any(id(reader) not in inside for reader in read.get(id(above), [])):
            return False
    return True


def _all(items: list[Row]) -> list[Row]:
    found: list[Row] = []
    for row in items:
        found.append(row)
        for branch in row.branches or []:
            found += _all(branch)
    return found


def _parameters(segments: list[list[Row]]) -> tuple[dict[tuple[Any, ...], list[tuple[int, str]]], list[dict[Any, Any]]]:
    """The numbers in which the calls of a block differ: where they stand, and what each call has there.

    Places that have the same numbers in every call are one parameter.
    """
    rows = [_all(segment) for segment in segments]
    params: dict[tuple[Any, ...], list[tuple[int, str]]] = {}
    values: list[dict[Any, Any]] = [{} for _ in segments]
    for number, _ in enumerate(rows[0]):
        keys = sorted({key for own in rows for key in own[number].fields if key in NUMERIC}, key=list(NUMERIC).index)
        for key in keys:
            vector = tuple(own[number].fields.get(key, NUMERIC[key]) for own in rows)
            if len(set(vector)) == 1:
                continue
            mark = (key in {"stride", "kernel_size", "dilation"} and key, *vector)
            params.setdefault(mark, []).append((number, key))
            for value, mine in zip(vector, values, strict=True):
                mine[mark] = value
    return params, values


def _put(body: list[Row], params: dict[tuple[Any, ...], list[tuple[int, str]]]) -> dict[str, Any]:
    """Write ``$name`` where a parameter goes; the name of each parameter to its mark."""
    rows = _all(body)
    names: dict[str, Any] = {}
    outs = [places for places in params.values() if any(key == "out_channels" for _, key in places)]
    for mark, places in params.items():
        word = WORDS.get(places[-1][1], places[-1][1])
        if word == "out" and places is not max(outs, key=lambda own: own[-1]):
            word = "inner"
        name, number = word, 1
        while name in names:
            number += 1
            name = f"{word}_{number}"
        names[name] = mark
        for place, key in places:
            rows[place].fields[key] = f"${name}"
    return names
