"""Why a printed size does not come out: the one row whose stride or width, changed alone, makes it fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from mbcost.errors import Place
from mbcost.layers import KINDS, Shape
from mbcost.layers.conv import Conv
from mbcost.layers.custom import Custom
from mbcost.layers.pool import Pool
from mbcost.layers.printed import Printed
from mbcost.lint.subject import Followed, Subject
from mbcost.network.placed import Laid, Placed

__all__ = ["Cause", "Mismatch", "causes", "size"]

MOST_FINDINGS = 100
MOST_LAYERS = 40_000  # laid out while looking for causes: so many are a second
MOST_PARTS = 8
REACH = 12


class Mismatch(NamedTuple):
    """A printed size and the size there is."""

    row: Laid
    key: str
    number: int
    printed: Printed
    actual: Shape

    def place(self, subject: Subject) -> Place:
        """Where the size is printed."""
        return subject.place(self.row.spec, self.key)


class Cause(NamedTuple):
    """A field of a row, what is written there, what would fit, and how many printed sizes would still not."""

    row: Laid
    field: str
    written: str
    fits: str
    left: int


def size(shape: Shape) -> str:
    """A shape as papers print it: height x width x channels."""
    channels, height, width = shape
    return f"{height} x {width} x {channels}"


class State(NamedTuple):
    """The network with some fields mended and some sizes taken from print."""

    placed: Placed
    rows: list[Laid]
    followed: Followed


Given: TypeAlias = dict[tuple[str, str], Printed]
"""Printed sizes that are taken as they are, by row and key."""


def causes(subject: Subject) -> list[tuple[Mismatch, Cause | None]]:
    """Every printed size that does not come out, with its cause where a single change explains it.

    Sizes that follow from one that is found already are not found again: from there on the cause counts as mended, or
    the printed size as given.
    """
    if subject.causes is None:
        printed = any(row.spec.declared for row in subject.own())
        subject.causes = list(_causes(subject)) if printed else []
    return subject.causes


def _causes(subject: Subject) -> Iterator[tuple[Mismatch, Cause | None]]:
    erring = {(str(erratum["row"]), str(erratum["field"])) for erratum in subject.table.errata}
    mended: dict[str, Any] = {}
    given: Given = {}
    for _ in range(MOST_FINDINGS):
        state = _state(subject, mended, given)
        wrong = _mismatches(state) if state else []
        if state is None or not wrong:
            return
        first = wrong[0]
        cause = _cause(subject, first, state, mended, given)
        if cause is not None:
            mended[f"{cause.row.name}.{cause.field}"] = cause.fits
        else:
            given[first.row.name, first.key] = first.printed
        if (first.row.name, first.key) not in erring:
            yield first, cause
        if subject.spent > MOST_LAYERS:
            return  # a table as large as this has enough findings by now


def _state(subject: Subject, mended: dict[str, Any], given: Given) -> State | None:
    """The network under some changes; None where they make none."""
    placed, rows = subject.changed(mended) if mended else (subject.placed, subject.rows)
    rows = [row for row in rows if row.table is subject.table]
    if not placed.layers:
        return None
    subject.spent += len(placed.layers)
    sizes = {}
    for row in rows if given else ():
        for key in row.spec.declared:
            size = given.get((row.name, key))
            if size is not None:
                sizes[_number(row, key)] = size
    return State(placed, rows, subject.followed(placed, sizes))


def _number(row: Laid, key: str) -> int:
    """The feature map that a printed size is about."""
    return row.inputs[0] if key == "input" else row.output


def _mismatches(state: State) -> list[Mismatch]:
    """Printed sizes that differ from those of the rows, in the order of the rows."""
    found = []
    for row in state.rows:
        for key, cell in row.spec.declared.items():
            if key == "input" and (row.spec.branches is not None or len(row.inputs) != 1):
                continue  # several maps come in, and one is printed
            shape = state.followed.shapes[_number(row, key)]
            if shape is not None and cell.value.differs(*shape):
                found.append(Mismatch(row, key, _number(row, key), cell.value, shape))
    return sorted(found, key=lambda mismatch: mismatch.number)


def _cause(subject: Subject, first: Mismatch, state: State, mended: dict[str, Any], given: Given) -> Cause | None:
    """The nearest row above whose stride or width, changed alone, leaves the fewest printed sizes wrong."""
    before = len(_mismatches(state)) + len(state.followed.errors)
    best: Cause | None = None
    for row, field, written, fits in _candidates(first, state):
        if subject.spent > MOST_LAYERS:
            return best
        tried = _state(subject, {**mended, f"{row.name}.{field}": fits}, given)
        if tried is None:
            continue
        wrong = _mismatches(tried)
        left = len(wrong) + len(tried.followed.errors)
        gone = (first.row.name, first.key) not in {(other.row.name, other.key) for other in wrong}
        if gone and left < before and (best is None or left < best.left):
            best = Cause(row, field, written, fits, left)
    return best


def _candidates(first: Mismatch, state: State) -> Iterator[tuple[Laid, str, str, str]]:
    """Rows from the difference upwards, until a printed size agrees, each with a field and a value to try."""
    made = {row.output: row for row in state.rows if row.spec.op in KINDS}
    shapes = state.followed.shapes
    number = first.number
    _, height, width = first.actual
    sides = (height, width) != (first.printed.height, first.printed.width)
    for step in range(REACH):
        row = made.get(number)
        if row is None or (step and _agrees(row, "output", shapes[number])):
            return
        stride = _stride(state.placed, row) if sides else None
        if stride is not None and stride[0] == stride[1]:
            for other in ("1", "2"):
                if other != str(stride[0]):
                    yield row, "stride", str(stride[0]), other
        out = row.spec.cells.get("out_channels")
        if not sides and first.printed.channels and out is not None:
            yield row, "out_channels", str(out.raw), str(first.printed.channels)
            return  # the channels come from here
        if not row.inputs or _agrees(row, "input", shapes[row.inputs[0]]):
            return
        number = row.inputs[0]


def _agrees(row: Laid, key: str, shape: Shape | None) -> bool:
    cell = row.spec.declared.get(key)
    return cell is not None and shape is not None and not cell.value.differs(*shape)


def _stride(placed: Placed, row: Laid) -> tuple[int, int] | None:
    """The stride of a row as its layers have it, whether written, by default or by a parameter."""
    if "stride" not in KINDS[row.spec.op].fields:
        return None
    first = max(0, row.output - MOST_PARTS)
    parts = [layer for layer in placed.layers[first : row.output] if f"{layer.name}/".startswith(f"{row.name}/")]
    return max((layer.stride for layer in parts if isinstance(layer, Conv | Pool | Custom)), default=None)
