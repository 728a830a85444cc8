"""What a change does to every network that is checked: told with a base, whether limits hold or not."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mbcost.analysis.diff import Change, changes
from mbcost.budgets.verdicts.words import plural, subject
from mbcost.escape import line
from mbcost.report.changed import what
from mbcost.report.numbers import count, delta, percent_change

if TYPE_CHECKING:
    from mbcost.budgets.specs import Compared, Outcome

__all__ = ["MOST_LAYERS", "Amount", "Changed", "Report", "changes_of", "layer_cells"]

MOST_LAYERS = 100  # of a network are told, those that changed the cost most
MOST_NAMES = 20


class Amount:
    """A quantity on both sides; ``bound`` where either is a lower bound."""

    def __init__(self, name: str, heading: str, before: Any, after: Any, bound: bool) -> None:
        self.name, self.heading, self.before, self.after, self.bound = name, heading, before, after, bound

    @property
    def rate(self) -> Fraction | None:
        """The growth as a share of what there was; None where nobody knows it."""
        return Fraction(self.after - self.before, self.before) if self.before and not self.bound else None

    def text(self, arrow: str = "->") -> str:
        """Before and after, and by how much."""
        least = "at least " * self.bound
        if self.before == self.after:
            return f"{least}{count(self.after)}"
        rate = f" ({percent_change(self.rate)})" if self.rate is not None else ""
        return f"{least}{count(self.before)} {arrow} {least}{count(self.after)}{rate}"


class Changed:
    """A network at a point that costs something else than before: its amounts, and its layers."""

    def __init__(self, compared: Compared, amounts: list[Amount], layers: list[Change]) -> None:
        self.compared, self.amounts, self.layers = compared, amounts, layers
        self.subject = subject(compared)

    def most(self, many: int = MOST_LAYERS) -> list[Change]:
        """The layers that changed, in the order of the network; of more than so many those that change the mult-adds most."""
        if len(self.layers) <= many:
            return self.layers
        largest = sorted(range(len(self.layers)), key=lambda n: -abs(self.layers[n].difference("mult_adds")))
        return [self.layers[n] for n in sorted(largest[:many])]

    @property
    def left_out(self) -> str:
        """How many layers are not told."""
        rest = len(self.layers) - MOST_LAYERS
        return f"and {plural(rest, 'more layer')}: `mbcost diff` has all of them" if rest > 0 else ""


class Report:
    """What changed since the base: networks that cost something else, new ones, and those that cost what they did."""

    def __init__(self, outcome: Outcome) -> None:
        self.base = outcome.base
        self.all = outcome.compared
        found = [_changed(one) for one in self.all if one.before is not None]
        self.changed = [one for one in found if one is not None]
        self.new = list(dict.fromkeys([one.model for one in self.all if one.before is None]))
        told = {one.compared.model for one in self.changed} | set(self.new)
        self.unchanged = list(dict.fromkeys([one.model for one in self.all if one.model not in told]))

    @cached_property
    def columns(self) -> list[tuple[str, str]]:
        """The quantities to tell of: mult-adds, params, and what else has a limit and changed."""
        found = {amount.name: amount.heading for one in self.changed for amount in one.amounts[:2]}
        for one in self.changed:
            found |= {amount.name: amount.heading for amount in one.amounts[2:] if amount.before != amount.after}
        return list(found.items())

    @property
    def headline(self) -> str:
        """How mult-adds and params changed, from the least to the most of the networks that did, and how many did."""
        models = len({one.model for one in self.all})
        changed = len({one.compared.model for one in self.changed})
        new = f", {len(self.new)} new" if self.new else ""
        if not self.changed:
            kept = models - len(self.new)
            said = (
                f"{plural(kept, 'model')} {'costs' if kept == 1 else 'cost'} what {'it' if kept == 1 else 'they'} did"
            )
            return f"no change: {said}{new}" if kept else f"{plural(len(self.new), 'new model')}, nothing to compare"
        words = [_range([one.amounts[n] for one in self.changed]) for n in (0, 1)]
        return f"{', '.join(words)}, {changed} of {plural(models, 'model')} changed{new}"

    @property
    def rest(self) -> str:
        """The models that cost what they did, in one line."""
        if not self.unchanged or not self.changed:
            return ""
        more = len(self.unchanged) - MOST_NAMES
        return f"unchanged: {', '.join(map(line, self.unchanged[:MOST_NAMES]))}" + (f" and {more} more" * (more > 0))

    def keys(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "headline": self.headline,
            "changed": [
                {
                    "model": one.compared.model, "alpha": str(one.compared.cost.variant.alpha), "resolution": one.compared.cost.variant.size,
                    **{a.name: {"before": a.before, "after": a.after, **({"bound": True} if a.bound else {})} for a in one.amounts},
                    "layers": [
                        {"change": c.mark, "name": c.name, "mult_adds": _sides(c, "mult_adds"), "params": _sides(c, "params"), "what": what(c)}
                        for c in one.layers
                    ],
                }
                for one in self.changed
            ],
            "new": self.new, "unchanged": self.unchanged,
        }  # fmt: skip


def changes_of(outcome: Outcome) -> Report | None:
    """What changed since the base; None without one."""
    return Report(outcome) if outcome.base and outcome.compared else None


def layer_cells(change: Change) -> tuple[str, str, str, str]:
    """A layer that changed: its mark and name, by how much it grew, and what it is that differs."""
    differences = [change.difference(name) for name in ("mult_adds", "params")]
    return (f"{change.mark} {line(change.name)}", *map(delta, differences), line(what(change)))  # type: ignore[return-value]


def _changed(one: Compared) -> Changed | None:
    before, cost = one.before, one.cost
    if before.rows is cost.rows:
        return None
    amounts = []
    for quantity, bits in one.quantities:
        was = before.total(quantity, bits)
        if was is None:  # a saved report that does not have it
            continue
        bound = not quantity.base.of_shapes and (before.bound or not cost.exact)
        amounts.append(Amount(quantity.name, quantity.heading, was, quantity.total(cost, bits), bound))
    told = [] if before.rows == cost.rows else changes(before.rows, cost.rows, (*before.blocks, *cost.network.blocks))
    layers = [change for change in told if _differs(change)]
    if not layers and all(amount.before == amount.after for amount in amounts):
        return None
    return Changed(one, amounts, layers)


def _differs(change: Change) -> bool:
    """Whether a layer is another one, and has not another name alone."""
    if change.mark == "=":
        return False
    return change.mark != "~" or not change.renamed or bool(change.fields) or _sides(change, "mult_adds", "params")


def _sides(change: Change, *names: str) -> Any:
    """What a layer costs before and after; of several quantities, whether any differs."""
    pairs = [[0 if row is None else getattr(row, name) for row in (change.old, change.new)] for name in names]
    return pairs[0] if len(names) == 1 else any(old != new for old, new in pairs)


def _range(amounts: list[Amount]) -> str:
    """The growth of a quantity in one or more networks."""
    heading = amounts[0].heading
    if all(amount.before == amount.after for amount in amounts):
        return f"{heading} unchanged"
    rates = [amount.rate for amount in amounts]
    if None in rates:
        return f"{heading} changed"
    known = sorted([rate for rate in rates if rate is not None])
    least, most = (percent_change(rate, 1) for rate in (known[0], known[-1]))
    return f"{heading} {least}" if least == most else f"{heading} {least} to {most}"
