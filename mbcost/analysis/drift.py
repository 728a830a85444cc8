"""Whether a table still is what code builds: layers compared by shape and cost, whatever their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from mbcost.analysis.diff import Change, changes
from mbcost.layers import Row

__all__ = ["drift"]


def drift(table: Sequence[Row], built: Sequence[Row]) -> list[Change]:
    """The layers in which a table and a built network differ; none where they have the same in any order.

    Layers that cost nothing do not count, but for additions: a table may write a swish as one activation or as two layers.

    >>> import mbcost
    >>> v1 = mbcost.load("mobilenet_v1")
    >>> drift(v1.cost().rows, v1.cost().rows)
    []
    >>> [change.name for change in drift(v1.cost().rows, v1.having(set={"conv_1.kernel_size": 5}).cost().rows)]
    ['conv_1']
    """
    sides = [[row for row in rows if row.mult_adds or row.params or row.kind == "add"] for rows in (table, built)]
    keys = [Counter(map(_key, rows)) for rows in sides]
    if keys[0] == keys[1]:
        return []
    # names are the writer's own: numbers in their place leave the order and the shapes to match by
    old, new = ([row._replace(name=f"{row.op}_{number}") for number, row in enumerate(rows, 1)] for rows in sides)
    names = [
        {row.name: given.name for row, given in zip(plain, rows, strict=True)}
        for plain, rows in zip((old, new), sides, strict=True)
    ]
    found = []
    for change in changes(old, new):
        if change.old is not None and change.new is not None and _key(change.old) == _key(change.new):
            continue
        was = None if change.old is None else change.old._replace(name=names[0][change.old.name])
        now = None if change.new is None else change.new._replace(name=names[1][change.new.name])
        found.append(
            change._replace(mark=change.mark if was is None or now is None else "~", old=was, new=now, renamed=False)
        )
    return found


def _key(row: Row) -> Hashable:
    """What a layer is, as far as a cost has it."""
    if row.kind == "add" and not row.params:
        return "add", row.output
    kernel = row.kernel_size or (1, 1)
    return kernel, row.input[0], row.output[0], row.mult_adds, row.params, row.exact
