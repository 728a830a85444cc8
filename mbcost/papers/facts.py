"""What an architecture table prints of one row: sizes, strides, widths, spelt as that paper spells them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mbcost.errors import MbcostError, nearest

if TYPE_CHECKING:
    from mbcost.layers import Row
    from mbcost.papers.specs import Setting

__all__ = ["said", "unit_rows", "units"]

_FIELD = re.compile(r"\{([a-z0-9_]+)\}")
_CONVS = frozenset({"conv", "pointwise", "depthwise"})


def units(rows: tuple[Row, ...]) -> dict[str, list[Row]]:
    """The costed rows by the row of the layer table they belong to: all parts of a block or composite together.

    >>> import mbcost
    >>> list(units(mbcost.load("mobilenet_v2").cost().rows))[:2]
    ['conv_1', 'inverted_residual_1']
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.name.partition("/")[0], []).append(row)
    return found


def unit_rows(rows: tuple[Row, ...], name: str) -> list[Row]:
    """The costed rows of one row of the layer table, or one part of it, by name."""
    chosen = [row for row in rows if row.name == name or row.name.startswith(f"{name}/")]
    if not chosen:
        close = nearest(name, list(dict.fromkeys([*units(rows), *[row.name for row in rows]])))
        raise MbcostError(
            f"there is no layer `{name}`", help=f"did you mean {close}?" if close else "`mbcost table` prints the names"
        )
    return chosen


def said(setting: Setting, rows: tuple[Row, ...]) -> str:
    """The text an architecture table has for one row, from the `words` of the setting.

    Which of the words is used is decided by the row: its kind (with `linear_` where it has no activation, `bare_`
    where it has no norm), then its name without the number, then `*`; a row of several parts is a `block`.

    >>> import mbcost
    >>> rows = mbcost.load("mobilenet_v1").cost().rows
    >>> said({"layer": "separable_13/depthwise", "words": {"depthwise": "Conv dw / s{s}"}}, rows)
    'Conv dw / s1'
    """
    words, spell = setting["words"], setting.get("spell", {})
    name = setting.get("layer")
    if name is None:
        raise MbcostError(
            "`words` are said of a layer, and none is named", help="give `layer: NAME` in the settings of the row"
        )
    chosen = unit_rows(rows, name)
    wanted = _kinds(name, chosen)
    template = next((words[kind] for kind in wanted if kind in words), None)
    if template is None:
        raise MbcostError(
            f"no words for `{name}`, which is a {wanted[-2]}", help=f"give one of {', '.join(wanted)} in `words`"
        )
    fields = _fields(name, chosen, rows)

    def field(match: re.Match[str]) -> str:
        if match[1] not in fields:
            raise MbcostError(f"unknown field `{{{match[1]}}}` in `words`", help=f"there is {', '.join(fields)}")
        text = fields[match[1]]
        return str(spell.get(text, text))

    return _FIELD.sub(field, template)


def _kinds(name: str, chosen: list[Row]) -> list[str]:
    """The keys under which the words of a row are looked up, the closest first."""
    op = _stem(name.rpartition("/")[2])
    if len(chosen) > 1:
        return [op, "block", "*"]
    row = chosen[0]
    kinds = []
    if row.kind in _CONVS and row.activation == "none":
        kinds.append(f"linear_{row.kind}")
    if row.kind in _CONVS and not row.norm_elements:
        kinds.append(f"bare_{row.kind}")
    return [*kinds, row.kind, op, "*"]


def _fields(name: str, chosen: list[Row], rows: tuple[Row, ...]) -> dict[str, str]:
    """Everything that can be said of a row, by the letters papers use for it."""
    first, last = chosen[0], chosen[-1]
    convs = [row for row in chosen if row.kind in _CONVS and "/se/" not in row.name]
    project = convs[-1] if convs else last
    points = [i for i, row in enumerate(convs) if row.kind == "pointwise"]
    depthwise = [(i, row) for i, row in enumerate(convs) if row.kind == "depthwise"]
    kernel = max(
        [max(row.kernel_size) for row in convs if row.kernel_size] or [first.input[1] if first.pool == "global" else 1]
    )
    before = [row for i, row in depthwise if points and i < points[0]]
    after = [row for i, row in depthwise if not points or i > points[0]]
    expanded = project.input[0]
    times = expanded / first.input[0] if expanded % first.input[0] else expanded // first.input[0]
    return {
        "op": _stem(name.rpartition("/")[2]),
        "c": str(first.input[0]),
        "h": str(first.input[1]),
        "w": str(first.input[2]),
        "n": str(last.output[0]),
        "h_out": str(last.output[1]),
        "w_out": str(last.output[2]),
        "k": str(kernel),
        "k1": str(max(before[-1].kernel_size or (0,))) if before else "-",
        "k2": str(max(after[0].kernel_size or (0,))) if after else "-",
        "s": str(max([max(row.stride) for row in chosen if row.stride] or [1])),
        "e": str(expanded),
        "t": str(times),
        "se": "se" if any("/se/" in row.name for row in chosen) else "-",
        "nl": next((row.activation for row in chosen if row.activation != "none"), "-")
        if first.kind != "linear"
        else "-",
        "repeat": str(_repeats(name, rows)),
    }


def _repeats(name: str, rows: tuple[Row, ...]) -> int:
    """How many rows of the table in a row, from this one on, put out the same map."""
    found = units(rows)
    names = list(found)
    start = name.partition("/")[0]
    output = found[start][-1].output
    count = 0
    for unit in names[names.index(start) :]:
        if found[unit][-1].output != output or _stem(unit) != _stem(start):
            break
        count += 1
    return count


def _stem(name: str) -> str:
    """A row's name without its number."""
    stem, _, number = name.rpartition("_")
    return stem if number.isdigit() else name
