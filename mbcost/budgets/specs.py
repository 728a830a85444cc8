"""Budgets as read, and results as found: plain data.

A budget says of some models, at some points of their families, how large some quantities may be.
"""

# Annotations here are evaluated, not postponed: NamedTuple would have to compile each postponed one at import.

from fractions import Fraction
from typing import Any, NamedTuple

from mbcost.conventions import Convention
from mbcost.errors import Place
from mbcost.network import PLAIN, Cost, Variant
from mbcost.quantities import BITS, QUANTITIES, Bits, Quantity

__all__ = ["DEFAULT_FILE", "Budget", "BudgetFile", "Compared", "Limit", "Outcome", "Part", "Point", "Result"]

DEFAULT_FILE = "mbcost-budgets.yaml"


class Point(NamedTuple):
    """One member of a network's family, and where it is written."""

    variant: Variant = PLAIN
    place: Place | None = None

    @property
    def changed(self) -> dict[str, Any]:
        """What the point changes in the layers, as reports have it."""
        asked = self.variant
        found = {"set": dict(asked.set), "without": asked.without, "classes": asked.classes}
        return {key: value for key, value in found.items() if value}


class Limit(NamedTuple):
    """One limit: on a quantity of the network, on the share or amount of single layers, or on growth over the base.

    ``kind`` is ``max``, ``warn``, ``max_share``, ``warn_share``, ``vs_base``, or ``expect`` for an amount that the table
    itself states and that its network has to have to the unit; ``amount`` a count, a share, or a
    :class:`mbcost.dims.amounts.Growth`; ``layers`` the glob of the layers it is on, empty for the network; ``budget`` the
    number of the budget it is in.
    """

    kind: str
    quantity: str
    amount: Any
    text: str
    in_bytes: bool = False
    layers: str = ""
    ignore_below: int = 0
    place: Place | None = None
    layers_place: Place | None = None
    budget: int = 0

    @property
    def heading(self) -> str:
        """The quantity in words."""
        return QUANTITIES[self.quantity].heading

    @property
    def measured(self) -> Quantity:
        """What is held against it: bytes where it is in bytes, and for a share the counts themselves."""
        quantity = QUANTITIES[self.quantity]
        return quantity.base if self.share else quantity.as_bytes() if self.in_bytes else quantity

    @property
    def share(self) -> bool:
        """Whether it is on a layer's share of the network."""
        return self.kind.endswith("_share")

    @property
    def warns(self) -> bool:
        """Whether going over it is a warning only."""
        return self.kind.startswith("warn")


class Code(NamedTuple):
    """The code that a table is of, as a budget names it; nothing but `mbcost import --check` runs it."""

    builder: str
    args: dict[str, Any]
    inputs: list[list[int]]
    vary: str | None = None
    alphas: tuple[Fraction, ...] = (Fraction(1),)
    resolutions: tuple[tuple[int, int], ...] = ()
    place: Place | None = None


class Budget(NamedTuple):
    """One entry of a budgets file: which models, at which points, within which limits."""

    number: int
    model: str
    points: tuple[Point, ...]
    limits: tuple[Limit, ...]
    bits: Bits = BITS
    message: str = ""
    place: Place | None = None
    code: Code | None = None


class BudgetFile(NamedTuple):
    """A budgets file; its models are looked for relative to ``folder``. ``path`` is empty for limits of the command line."""

    path: str
    folder: str
    convention: Convention
    budgets: tuple[Budget, ...]
    text: str = ""


class Part(NamedTuple):
    """What one layer contributes to a quantity; with a base, what it contributed there, and how it changed (+ or ~)."""

    name: str
    value: int
    share: Fraction | None
    before: int = 0
    change: str = ""
    place: Place | None = None

    @property
    def growth(self) -> int:
        """How much it grew over the base."""
        return self.value - self.before


class Result(NamedTuple):
    """One limit held against one network at one point.

    ``status`` is ``pass``, ``warn`` (over a warning limit), ``fail``, ``new`` (the model has no base) or ``unchecked``
    (no base was given). ``allowed`` is the limit as an exact number of the same unit as ``value``: for growth, what the
    base allows. ``grew`` are the layers that grew over the base, most first. ``bound`` says that the value is a lower bound,
    ``base_bound`` that the base is one: then the limit may be higher than ``allowed``, and nobody knows by how much. Of a peak,
    ``at`` is the step where it is, ``layers`` the tensors alive there; ``was_at`` and ``was`` are those of the base.
    """

    file: BudgetFile
    budget: Budget
    limit: Limit
    model: str
    point: Point
    cost: Cost
    status: str
    value: Any
    allowed: Any
    layer: str
    layers: tuple[Part, ...]
    base: int | None = None
    grew: tuple[Part, ...] = ()
    bound: bool = False
    place: Place | None = None
    base_bound: bool = False
    at: str = ""
    was_at: str = ""
    was: tuple[Part, ...] = ()

    @property
    def over(self) -> Any:
        """By how much the value is over the limit, or off an expectation; 0 within it, and where the limit is not known."""
        if self.limit.kind == "expect":
            return abs(self.value - self.allowed)
        return max(0, self.value - self.allowed) if self.allowed is not None and not self.base_bound else 0

    @property
    def over_share(self) -> Fraction:
        """``over`` as a share of the limit."""
        return Fraction(self.over) / self.allowed if self.allowed else Fraction(self.over)


class Compared(NamedTuple):
    """One network at one point, and what it cost in the base (None where it is new there).

    ``quantities`` are mult-adds, params and what else has a limit, each with its bit widths.
    """

    model: str
    point: Point
    cost: Cost
    before: Any
    quantities: tuple[tuple[Quantity, Any], ...]


class Outcome(NamedTuple):
    """Everything one check found.

    ``compared`` has every network at every point beside the base, where there is one. ``unbudgeted`` are tables beside those of a budget
    that none names; where it is ``gated`` they fail. ``absent`` has the models that the base does not have, each with why; ``renamed`` those that it has under another path.
    """

    results: tuple[Result, ...]
    files: tuple[BudgetFile, ...]
    base: str = ""
    notices: tuple[Result, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    compared: tuple[Compared, ...] = ()
    unbudgeted: tuple[Place, ...] = ()
    gated: bool = False

    @property
    def failures(self) -> list[Result]:
        """The results over a limit, worst first."""
        return sorted((r for r in self.results if r.status == "fail"), key=lambda r: -r.over_share)

    @property
    def warnings(self) -> list[Result]:
        """The results over a warning limit, worst first."""
        return sorted((r for r in self.results if r.status == "warn"), key=lambda r: -r.over_share)

    def __repr__(self) -> str:
        over, warned = len(self.failures), len(self.warnings)
        said = f"{over} of {len(self.results)} over" if over else f"{len(self.results)} within"
        return f"<Outcome: {said}{f', {warned} warned of' if warned else ''}>"

    @property
    def passed(self) -> bool:
        """Whether no limit is exceeded, and no table is without one where that is asked for."""
        return all(r.status != "fail" for r in self.results) and not (self.gated and self.unbudgeted)
