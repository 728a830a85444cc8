"""Fitting a table into the width of a terminal: which columns stay, how wide they are, where words break.

A number is never folded, cut or shortened. What gives way, in this order: headings break between words; texts wrap,
though not below a readable width; columns of the highest priority number are left out; texts wrap further and layer
names fold after `/`, `_` or a blank. What is still too wide stays too wide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Length = Callable[[str], int]

#: Blanks between two columns.
GAP = 2
#: A text column gets at least this before another column is left out for it.
READABLE_WIDTH = 24


class Block:
    """What the fitting has to know of a column: its kind, its priority and everything it prints."""

    __slots__ = ("cells", "heading", "kind", "priority")

    def __init__(self, kind: str, priority: int, heading: str, cells: Sequence[str]) -> None:
        self.kind = kind
        self.priority = priority
        self.heading = heading
        self.cells = cells


def fit(blocks: Sequence[Block], width: int | None, length: Length = len) -> tuple[list[int], list[int], list[int]]:
    """Fit columns into a terminal of `width` characters, or give them their natural widths (`width=None`).

    Returns the indices of the columns that are shown, their widths, and the indices of those left out.

    >>> blocks = [Block("name", 0, "layer", ["block_1/conv"]), Block("count", 1, "params", ["1,024"])]
    >>> fit(blocks, None)
    ([0, 1], [12, 6], [])
    >>> fit(blocks, 12)
    ([0], [12], [1])
    """
    natural = [max(1, length(block.heading), _widest(block.cells, length)) for block in blocks]
    shown = list(range(len(blocks)))
    if width is None or _line(natural) <= width:
        return shown, natural, []

    tight = [_tight(block, length) for block in blocks]
    dropped: list[int] = []
    while len(shown) > 1 and _line([tight[i] for i in shown]) > width:
        last = max(shown, key=lambda i: (blocks[i].priority, i))
        if blocks[last].priority == 0:
            break
        shown.remove(last)
        dropped.append(last)

    widths = {i: tight[i] for i in shown}
    if _line(list(widths.values())) > width:
        widths = {i: _tightest(blocks[i], length) for i in shown}
    _grow(widths, {i: natural[i] for i in shown}, blocks, width)
    return shown, [_used(blocks[i], widths[i], length) for i in shown], sorted(dropped)


def _line(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _widest(texts: Sequence[str], length: Length) -> int:
    return max([length(text) for text in texts], default=0)


def _tight(block: Block, length: Length) -> int:
    """The width at which only the heading breaks, and a text no further than reads well."""
    cells = _widest(block.cells, length)
    if block.kind == "text":
        cells = max(min(cells, READABLE_WIDTH), _longest_word(block.cells, length))
    return max(cells, _longest_word([block.heading], length))


def _tightest(block: Block, length: Length) -> int:
    """The width below which a number, a word, or one piece of a name would be cut."""
    if block.kind == "text":
        cells = _longest_word(block.cells, length)
    elif block.kind == "name":
        cells = max([_longest_piece(cell, length) for cell in block.cells], default=0)
    else:
        cells = _widest(block.cells, length)
    return max(cells, _longest_word([block.heading], length))


def _grow(widths: dict[int, int], natural: dict[int, int], blocks: Sequence[Block], width: int) -> None:
    """Hand the room that is left to the columns that can use it: names, then texts, then whole headings."""
    slack = width - _line(list(widths.values()))
    rank = {"name": 0, "text": 1}
    wanting = sorted(
        (i for i in widths if natural[i] > widths[i]),
        key=lambda i: (rank.get(blocks[i].kind, 2), natural[i] - widths[i]),
    )
    for position, i in enumerate(wanting):
        if slack <= 0:
            return
        want = natural[i] - widths[i]
        kind = blocks[i].kind
        if kind in rank:
            rivals = sum(blocks[j].kind == kind for j in wanting[position:])
            want = min(want, slack // rivals)
        elif want > slack:
            continue  # half a heading more would only add blanks
        widths[i] += want
        slack -= want


def _used(block: Block, width: int, length: Length) -> int:
    """What a column really takes of its width once its words or names are folded into it."""
    lines = fold_words(block.heading, width, length)
    for cell in block.cells:
        lines += fold_cell(block.kind, cell, width, length)
    return max(1, _widest(lines, length))


def words(text: str) -> list[str]:
    """The parts of a text between which a line may break; a percentage stays in one piece.

    >>> words("share of mult-adds: 94.86 %")
    ['share', 'of', 'mult-adds:', '94.86 %']
    """
    return [word.replace("\0", " ") for word in text.replace(" %", "\0%").split(" ") if word]


def pieces(name: str) -> list[str]:
    """The parts of a layer name between which it may fold.

    >>> pieces("block_1/depthwise"), pieces("(12 more)")
    (['block_', '1/', 'depthwise'], ['(12 ', 'more)'])
    """
    return name.replace("/", "/\0").replace("_", "_\0").replace(" ", " \0").rstrip("\0").split("\0")


def _longest_word(texts: Sequence[str], length: Length) -> int:
    return max([length(word) for text in texts for word in words(text)], default=0)


def _longest_piece(name: str, length: Length) -> int:
    first, *rest = pieces(name)
    return max([length(first), *[1 + length(piece) for piece in rest]])


def fold_words(text: str, width: int, length: Length = len, indent: str = "") -> list[str]:
    """A text in lines of at most `width`, broken between words only.

    >>> fold_words("the last depthwise keeps stride 1", 20, indent="  ")
    ['the last depthwise', '  keeps stride 1']
    """
    if length(text) <= width:
        return [text]
    return _filled(words(text), " ", width, length, indent)


def fold_name(name: str, width: int, length: Length = len) -> list[str]:
    """A layer name in lines of at most `width`, broken after `/`, `_` or a blank; a line that goes on is indented.

    >>> fold_name("inverted_residual_11/depthwise", 14)
    ['inverted_', ' residual_11/', ' depthwise']
    """
    if length(name) <= width:
        return [name]
    return _filled(pieces(name), "", width, length, " ")


def fold_cell(kind: str, cell: str, width: int, length: Length = len) -> list[str]:
    """A cell in lines of its column's width; only words and names may take several.

    >>> fold_cell("count", "568,740,352", 4)
    ['568,740,352']
    """
    if kind == "name":
        return fold_name(cell, width, length)
    if kind == "text":
        return fold_words(cell, width, length)
    return [cell]


def _filled(parts: list[str], glue: str, width: int, length: Length, indent: str) -> list[str]:
    """Lines as full as they go; a part that is longer than a line stays whole."""
    lines: list[str] = []
    line = ""
    for part in parts:
        longer = line + glue + part if line else (indent if lines else "") + part
        if line and length(longer) > width:
            lines.append(line.rstrip())
            longer = indent + part
        line = longer
    return [*lines, line]
