"""What changed between two costed networks, layer by layer.

Layers whose names are given in the table are matched by name. The rest, whose names are numbers that shift when a row is
put in, are matched by the longest common subsequence of kind and fields; what is left between two matches is paired by
kind, so that a layer that was widened is one changed layer, not one removed and one added.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from fractions import Fraction
from math import isqrt
from typing import Any, NamedTuple

from mbcost.analysis.groups import block_of
from mbcost.dims import Dim
from mbcost.layers import KINDS, Row
from mbcost.network import Cost
from mbcost.quantities import BITS, AnyBits, Quantity, measured

__all__ = ["Change", "Difference", "changes", "common", "difference", "relative"]


class Change(NamedTuple):
    """One layer on both sides: ``+`` added, ``-`` removed, ``~`` changed or renamed, ``=`` the same.

    ``fields`` are those that differ: name, before, after.
    """

    mark: str
    old: Row | None
    new: Row | None
    fields: tuple[tuple[str, Any, Any], ...] = ()
    renamed: bool = False

    @property
    def name(self) -> str:
        """The layer's name, on the new side where it has one."""
        row = self.new or self.old
        return row.name if row else ""

    def amounts(self, quantity: Quantity, bits: AnyBits = BITS) -> tuple[Dim, Dim]:
        """A quantity on both sides, 0 where the layer is not there; None of a quantity that only whole networks have."""
        before, after = (None if row is None else quantity.of(row, bits) for row in (self.old, self.new))
        none = 0 if quantity.base.of_row is not None else None
        return none if before is None else before, none if after is None else after

    def difference(self, quantity: str) -> Dim:
        """What the change adds to a quantity."""
        before, after = self.amounts(measured(quantity))
        return after - before


class Difference(NamedTuple):
    """What changed from one costed network to another: every layer of both sides, in the order of the new one."""

    before: Cost
    after: Cost
    changes: tuple[Change, ...]

    @property
    def changed(self) -> list[Change]:
        """Those that changed: all but those marked ``=``."""
        return [change for change in self.changes if change.mark != "="]

    def total(self, quantity: str) -> int:
        """By how much a quantity of the whole network grew.

        >>> import mbcost
        >>> mbcost.diff("mobilenet_v1", "mobilenet_v1@0.5").total("params")
        -2900384
        """
        known = measured(quantity)
        return int(known.total(self.after) - known.total(self.before))

    def __repr__(self) -> str:
        names = f"{self.before.network.name} -> {self.after.network.name}"
        return f"<Difference {names}: {len(self.changed)} of {len(self.changes)} layers, {self.total('mult_adds'):+d} mult-adds>"


def difference(before: Cost, after: Cost) -> Difference:
    """What changed between two costed networks."""
    same = before.network.table_hash == after.network.table_hash
    blocks = (*before.network.blocks, *after.network.blocks)
    return Difference(before, after, tuple(changes(before.rows, after.rows, blocks, same=same)))


def relative(before: Dim, after: Dim) -> Fraction | None:
    """The growth as a fraction of what there was; None from nothing.

    >>> relative(200, 250)
    Fraction(1, 4)
    """
    return Fraction(after - before, before) if before else None


def changes(
    old: Sequence[Row], new: Sequence[Row], blocks: Collection[str] = (), *, same: bool = False
) -> list[Change]:
    """Every layer of both sides, matched, in the order of the new side; a removed one stands where it was.

    ``blocks`` are the names of the tables' blocks: a row called after its block and a number has no given name. Of the ``same``
    table at two points every name says which row is meant.

    >>> import mbcost
    >>> v1 = mbcost.load("mobilenet_v1")
    >>> wider = v1.having(set={"separable_5.out_channels": 384})
    >>> for change in changes(v1.cost().rows, wider.cost().rows):
    ...     if change.mark != "=":
    ...         print(change.mark, change.name, change.difference("mult_adds"))
    ~ separable_5/pointwise 25690112
    ~ separable_6/depthwise 225792
    ~ separable_6/pointwise 12845056
    """
    if same:
        numbers = {row.name: number for number, row in enumerate(old)}
        partner = {number: numbers[row.name] for number, row in enumerate(new) if row.name in numbers}
    else:
        partner = _matched(old, new, blocks)
    taken = set(partner.values())
    found: list[Change] = []
    done = 0  # the old rows before this one have been told
    for number, row in enumerate(new):
        match = partner.get(number)
        if match is None:
            found.append(Change("+", None, row))
            continue
        while done < match:
            if done not in taken:
                found.append(Change("-", old[done], None))
            done += 1
        done = max(done, match + 1)
        found.append(_pair(old[match], row, blocks))
    found += [Change("-", old[i], None) for i in range(done, len(old)) if i not in taken]
    return found


def _pair(old: Row, new: Row, blocks: Collection[str]) -> Change:
    """A matched layer: changed if its cost or its own fields are other ones."""
    fields = tuple(
        [
            (f, getattr(old, f), getattr(new, f))
            for f in ("kind", "kernel_size", "stride", "groups", "input", "output")
            if getattr(old, f) != getattr(new, f)
        ]
    )
    renamed = old.name != new.name and (_given(old.name, blocks) or _given(new.name, blocks))
    depthwise = old.kind == new.kind == "depthwise"  # its groups are its channels
    own = any(f in {"kind", "kernel_size", "stride"} or (f == "groups" and not depthwise) for f, _, _ in fields)
    costs = old.mult_adds != new.mult_adds or old.params != new.params
    return Change("~" if own or costs or renamed else "=", old, new, fields, renamed)


def _matched(old: Sequence[Row], new: Sequence[Row], blocks: Collection[str]) -> dict[int, int]:
    """The number of the old row for each new row that has one."""
    named = {row.name: number for number, row in enumerate(old) if _given(row.name, blocks)}
    partner = {number: named[row.name] for number, row in enumerate(new) if row.name in named}
    gone = set(partner.values())
    left = [number for number in range(len(old)) if number not in gone]
    right = [number for number in range(len(new)) if number not in partner]
    # whole rows of the table first, so that a new one is not told as halves of two others
    for gap_left, gap_right in _gaps(
        partner,
        _grouped(old, left),
        _grouped(new, right),
        lambda rows, group: tuple([_key(rows[n]) for n in group]),
        old,
        new,
    ):
        flat = [[n] for group in gap_left for n in group], [[n] for group in gap_right for n in group]
        for rest_left, rest_right in _gaps(partner, *flat, lambda rows, group: _key(rows[group[0]]), old, new):
            for _ in _gaps(partner, rest_left, rest_right, lambda rows, group: _loose(rows[group[0]]), old, new):
                pass
    return partner


Groups = list[list[int]]


def _gaps(
    partner: dict[int, int],
    left: Groups,
    right: Groups,
    key: Callable[[Sequence[Row], list[int]], Hashable],
    old: Sequence[Row],
    new: Sequence[Row],
) -> Iterator[tuple[Groups, Groups]]:
    """Match what two sequences of groups have in common, and give what lies between two matches on either side."""
    a = b = 0
    for i, j in [
        *common([key(old, group) for group in left], [key(new, group) for group in right]),
        (len(left), len(right)),
    ]:
        if i < len(left) and j < len(right):
            partner.update(zip(right[j], left[i], strict=True))
        if left[a:i] and right[b:j]:
            yield left[a:i], right[b:j]
        a, b = i + 1, j + 1


def _grouped(rows: Sequence[Row], numbers: list[int]) -> Groups:
    """The parts of one row of the table together."""
    groups: Groups = []
    owner = None
    for number in numbers:
        if block_of(rows[number]) != owner or not groups:
            groups.append([])
        owner = block_of(rows[number])
        groups[-1].append(number)
    return groups


def _given(name: str, blocks: Collection[str]) -> bool:
    """Whether a name was given in the table: none of its parts is an op or a block with a number."""
    for part in name.split("/"):
        op, line, number = part.rpartition("_")
        if line and number.isdigit() and (op in KINDS or op in blocks):
            return False
    return True


def _key(row: Row) -> Hashable:
    """Kind and fields, without what follows from the rows above: the channels of a depthwise, the size of the map."""
    own = bool(row.weights) and row.kind != "depthwise"
    return _loose(row), row.kernel_size, row.stride, (row.groups, row.output[0]) if own else None


def _loose(row: Row) -> Hashable:
    """Kind, and which part of a composite it is."""
    part = row.name.rpartition("/")[2]
    return row.kind, part if part != row.name and not part[-1:].isdigit() else ""


def common(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The longest common subsequence, as pairs of positions.

    >>> common("conv", "cnv")
    [(0, 0), (2, 1), (3, 2)]
    """
    start = 0
    while start < len(a) and start < len(b) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    pairs = [(i, i) for i in range(start)]
    pairs += [(start + i, start + j) for i, j in _middle(a[start : len(a) - end], b[start : len(b) - end])]
    return pairs + [(len(a) - end + i, len(b) - end + i) for i in range(end)]


def _middle(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The longest common subsequence of two that neither begin nor end alike.

    With s(i, j) for its length in a[i:] and b[j:], one whole number for each j has a one where s(i, j) = s(i + 1, j), the last i
    first; from that of j + 1 it comes by one addition and a few bitwise operations (Hyyro, "Bit-parallel LCS-length computation
    revisited", 2004). Of these numbers one in so many is kept, and those between are made again where the way leads.
    """
    if not a or not b:
        return []
    places: dict[Hashable, int] = {}
    for place, item in enumerate(reversed(a)):
        places[item] = places.get(item, 0) | 1 << place
    every, full = isqrt(len(b)) + 1, (1 << len(a)) - 1

    def downward(start: int, stop: int, ones: int) -> Iterator[tuple[int, int]]:
        for j in range(start - 1, stop - 1, -1):
            met = ones & places.get(b[j], 0)
            ones = (ones + met | ones - met) & full
            yield j, ones

    kept = {j: ones for j, ones in downward(len(b), 0, full) if j % every == 0}
    near: dict[int, int] = {}
    pairs = []
    i = j = 0
    while i < len(a) and j < len(b):
        if j not in near:
            near = dict(downward(min(j + every, len(b)), j, kept.get(j + every, full)))
        if a[i] == b[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif near[j] >> (len(a) - 1 - i) & 1:
            i += 1
        else:
            j += 1
    return pairs
