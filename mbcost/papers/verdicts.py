"""Published against computed: the verdict on every cell, derived from the numbers."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from mbcost.errors import MbcostError
from mbcost.papers import printed
from mbcost.papers.computing import Computer
from mbcost.papers.settings import merged
from mbcost.papers.specs import VERDICTS, Note, Paper, PublishedCell, Setting

if TYPE_CHECKING:
    from mbcost.papers.specs import Table

__all__ = ["Judged", "TableResult", "reproduce", "summary"]


class Judged(NamedTuple):
    """One cell, held against what is computed.

    ``computed`` is exact: an int, a Fraction, a text for cells of words, or None where nothing can be computed.
    ``printed`` is the computed value in the format of the published one. ``expected`` is the paper file's verdict.
    """

    cell: PublishedCell
    computed: int | Fraction | str | None
    printed: str
    verdict: str
    expected: str
    reason: str

    @property
    def as_expected(self) -> bool:
        """Whether the numbers give the verdict that the paper file expects."""
        return self.verdict == self.expected


class TableResult(NamedTuple):
    """One published table and the results of its cells."""

    table: Table
    cells: tuple[Judged, ...]


def reproduce(paper: Paper, tables: Iterable[str] | None = None) -> tuple[TableResult, ...]:
    """Compute the cells of a paper, of some of its tables or of all.

    >>> from mbcost.papers import load
    >>> results = reproduce(load("mobilenet_v1"), ["2"])[0].cells
    >>> [(r.cell.published, r.printed, r.verdict) for r in results if r.verdict != "match"]
    [('1.19%', '1.91%', 'erratum')]
    """
    computer = Computer(paper)
    wanted = None if tables is None else set(tables)
    return tuple(
        [
            TableResult(table, tuple([judge(cell, computer) for cell in table.cells]))
            for table in paper.tables
            if wanted is None or table.id in wanted
        ]
    )


def summary(tables: Iterable[TableResult]) -> dict[str, int]:
    """How many cells have each verdict."""
    counts = dict.fromkeys(VERDICTS, 0)
    for table in tables:
        for result in table.cells:
            counts[result.verdict] += 1
    return counts


def judge(cell: PublishedCell, computer: Computer) -> Judged:
    """The verdict on one cell.

    match, truncated, variant and erratum follow from the numbers; a mismatch without a proof is unexplained; what names no
    network is undefined; what is measured is carried.
    """
    note = cell.note
    setting = cell.setting
    expected = note.expect if note is not None else "measured" if setting.get("quantity") == "measured" else "match"
    if setting.get("quantity") == "measured":
        return _result(cell, None, "", "measured", expected)
    if expected == "undefined" or not computer.computable(setting):
        return _result(cell, None, "", "undefined", expected)
    try:
        value = computer.value(setting)
        shown = _printed(cell, setting, value)
        verdict = _plain(cell, setting, value)
        if verdict != "match":  # what comes out exactly under a stated setting was not cut off
            verdict = _proven(cell, note, setting, shown, computer) or verdict or "unexplained"
    except MbcostError as error:
        error.fact = f"{error.fact} (row `{cell.row}`, column `{cell.column}`)"
        raise error.at(computer.paper.document.place(cell.line, cell.at)) from None
    if isinstance(value, Fraction) and value.denominator == 1:
        return _result(cell, value.numerator, shown, verdict, expected)
    return _result(cell, value, shown, verdict, expected)


def _result(
    cell: PublishedCell, computed: int | Fraction | str | None, shown: str, verdict: str, expected: str
) -> Judged:
    reason = cell.note.reason if cell.note is not None else ""
    if verdict != expected:
        reason = f"expected {expected}: {reason}" if reason else f"expected {expected}"
    return Judged(cell, computed, shown, verdict, expected, reason)


def _read(cell: PublishedCell, setting: Setting) -> printed.Published:
    return printed.read(cell.published, setting.get("unit", ""), setting.get("digits"))


def _printed(cell: PublishedCell, setting: Setting, value: Fraction | str) -> str:
    """The computed value in the published format."""
    if isinstance(value, str):
        return value
    return _read(cell, setting).printed(value, setting.get("round", "nearest"))


def _plain(cell: PublishedCell, setting: Setting, value: Fraction | str) -> str:
    """match, truncated or nothing."""
    if isinstance(value, str):
        return "match" if value == cell.published else ""
    number = _read(cell, setting)
    if "round" in setting:
        return "match" if printed.ROUNDS[setting["round"]](value, number.step) == number.value else ""
    return {"nearest": "match", "floor": "truncated", "": ""}[number.printed_by(value)]


def _proven(cell: PublishedCell, note: Note | None, setting: Setting, shown: str, computer: Computer) -> str:
    """variant or erratum, where the note proves one: the published number comes out under its setting."""
    if note is None or (note.right and note.right != shown):
        return ""
    for verdict, other in note.proofs:
        changed = merged(setting, other)
        if _plain(cell, changed, computer.value(changed)) == "match":
            return verdict
    return "erratum" if note.slip and _slipped(note.slip, cell.published, shown) else ""


def _slipped(slip: str, published: str, shown: str) -> bool:
    """Whether a misprint of this kind turns the right text into the published one.

    >>> _slipped("swapped", "1.19%", "1.91%"), _slipped("digit", "529", "569"), _slipped("digit", "528", "569")
    (True, True, False)
    """
    if slip == "swapped":
        return sorted(published) == sorted(shown)
    return len(published) == len(shown) and sum(a != b for a, b in zip(published, shown, strict=True)) == 1
