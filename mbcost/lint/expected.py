"""The rule about what a table says it should cost."""

from __future__ import annotations

from collections.abc import Iterator

from mbcost.dims import exact_text
from mbcost.errors import MbcostError, Place
from mbcost.lint.findings import Finding
from mbcost.lint.rules import rule
from mbcost.lint.subject import Subject
from mbcost.network.expected import held

__all__ = ["missed_expectation"]


@rule(
    "MB501",
    "A cost that is not the one the table expects.",
    "A slip in a table (a repeat, an expansion, a stride) mostly gives another network that looks as right as the one meant. "
    "A table may state what it should cost, `expect`, from the paper or from the framework that builds the network; that is "
    "held on the table as written, whatever point is asked for.",
    "expect: [{alpha: 1, resolution: 224, mult_adds: 300774272, params: 3504872, source: torchvision}]",
)
def missed_expectation(subject: Subject) -> Iterator[Finding]:
    """Amounts under `expect` that the table as written does not have."""
    table = subject.table
    try:
        found = held(table) if table.expect and subject.placed.layers else []
    except MbcostError as error:
        yield Finding("MB501", error.place or Place(table.file, 1, 1), "", error.fact, error.help)
        return
    for one in found:
        if one.misses:
            variant = one.cost.variant
            height, width = variant.size
            rule = f", convention {one.expect.convention}" if one.expect.convention else ""
            depth = f", depth {exact_text(variant.depth)}" if variant.depth != 1 else ""
            least = "" if one.cost.exact else "at least "
            source = f" ({one.expect.source})" if one.expect.source else ""
            fact = (
                f"the table expects {one.stated.value:,} {one.quantity} at alpha {exact_text(variant.alpha)}{depth} and "
                f"{height} x {width}{rule}{source}, and its rows have {least}{one.value:,}"
            )
            help = "a repeat, an expansion, a width or a stride is not the one meant; `mbcost table` shows the rows to compare with the source"
            yield Finding("MB501", one.place, "", fact, help)
