"""The other side of a relative limit: the same networks as they were at the merge base, or as a saved report has them."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any, NamedTuple

from mbcost.budgets.models import Model, Models
from mbcost.budgets.specs import BudgetFile, Point
from mbcost.dims import Dim
from mbcost.documents.nodes import read_bytes
from mbcost.errors import MbcostError, Problems
from mbcost.layers import Row
from mbcost.network import Cost, Network
from mbcost.quantities import AnyBits, Quantity

__all__ = ["GitBase", "Side", "open_base"]


MAX_GONE = 200  # of the tables that are gone so many are held against a new one
ALIKE = 0.5  # a table that shares half its lines with one that is gone is that one, renamed: git's own measure


class Side(NamedTuple):
    """What a network cost before: its rows, the names of its table's blocks, whether it is a lower bound, and its old path.

    ``was`` is empty where the path is the same.
    """

    cost: Cost
    was: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """The costed rows."""
        return self.cost.rows

    @property
    def blocks(self) -> tuple[str, ...]:
        """The names of the blocks of its table."""
        return self.cost.network.blocks

    @property
    def bound(self) -> bool:
        """Whether its cost is a lower bound."""
        return not self.cost.exact

    def total(self, quantity: Quantity, bits: AnyBits) -> Dim:
        """A quantity of the network."""
        return quantity.total(self.cost, bits)

    def each(self, quantity: Quantity, bits: AnyBits) -> dict[str, Dim]:
        """What each row contributes to it, by name; nothing where only the whole network has it."""
        return quantity.by_row(self.cost, bits)

    def peak(self, quantity: Quantity, bits: AnyBits) -> tuple[str, list[tuple[str, Dim]]]:
        """Where in the network it was so large, and what made it: of a peak, the tensors alive there."""
        where = quantity.base.where
        return ("", []) if where is None else (where(self.cost), quantity.parts(self.cost, bits))


class GitBase:
    """The merge base of HEAD and a revision; tables are read from git and costed anew, under the same convention."""

    def __init__(self, revision: str, folder: str, models: Models) -> None:
        from mbcost.budgets.git import Repository

        self.repository = Repository(folder)
        self.commit = self.repository.merge_base(revision)
        self.label = f"{self.commit[:7]} (merge base with {revision})"
        self.models = models
        self._tables: dict[str, tuple[Network, str] | None] = {}
        self._gone: dict[str, str] | None = None

    def side(self, model: Model, point: Point, cost: Cost) -> Side | None:
        """The network of the merge base, costed at the same point."""
        found = self._table(model)
        if found is None:
            return None
        network, was = found
        try:
            before = (
                cost
                if network is cost.network
                else network.count(point.variant._replace(convention=cost.variant.convention))
            )
        except MbcostError as error:
            raise self._unusable(error, model) from None
        return Side(before, was)

    def absent(self, model: Model) -> str:
        """Why a model has no side; one that cannot have any is an error."""
        if self.repository.inside(model.path) is None:
            raise MbcostError(
                f"`{model.name}` is outside the repository `{self.repository.root}`, so it has no base there",
                help="check it with the budgets of its own repository, or compare with a saved report: --base FILE.json",
            )
        left_out = len(self._gone or ()) - MAX_GONE
        looked = (
            f" (of {MAX_GONE + left_out:,} tables that are gone, {MAX_GONE} were looked at)" if left_out > 0 else ""
        )
        return f"is new: it has no base at {self.label}{looked}"

    def _table(self, model: Model) -> tuple[Network, str] | None:
        if model.path not in self._tables:
            try:
                self._tables[model.path] = self._read(model)
            except MbcostError as error:
                raise self._unusable(error, model) from None
        return self._tables[model.path]

    def _read(self, model: Model) -> tuple[Network, str] | None:
        """The table at the merge base, and its path there where that was another; None where there was none."""
        member = f"#{model.name}"
        scaled = model.shipped and model.path.endswith(member)
        path = self.repository.inside(model.path.removesuffix(member) if scaled else model.path)
        if path is not None and self.repository.has(self.commit, path):
            table = self.repository.table(self.commit, path)
            if not scaled:
                return Network(table), ""
            return (Network(table, scaling=table.scalings[model.name]), "") if model.name in table.scalings else None
        if model.shipped:  # a shipped table that is not of this repository does not change with it
            return self.models.network(model), ""
        was = self._renamed(model.path, path) if path is not None else ""
        return (Network(self.repository.table(self.commit, was)), was) if was else None

    def _renamed(self, file: str, path: str) -> str:
        """The path of the table that is gone and most alike, if any is alike enough."""
        if self._gone is None:
            kept = self.repository.files("HEAD") if self.repository.sparse else {}
            self._gone = {
                known: blob
                for known, blob in self.repository.files(self.commit).items()
                if known not in kept and not os.path.lexists(os.path.join(self.repository.root, known))
            }
        name = os.path.basename(path)
        nearby = sorted(self._gone, key=lambda known: (os.path.basename(known) != name, known))[:MAX_GONE]
        lines = Counter(read_bytes(file).splitlines())
        best, most = "", ALIKE
        for known in nearby:
            before = Counter(self.repository.blob(self._gone[known], known).splitlines())
            alike = 2 * (lines & before).total() / (lines.total() + before.total() or 1)
            if alike > most or (alike == most and not best):
                best, most = known, alike
        return best

    def _unusable(self, error: MbcostError, model: Model) -> MbcostError:
        problems = error.problems if isinstance(error, Problems) else (error,)
        if error.place is None:  # the table is not at hand
            return MbcostError(f"the base of `{model.name}` cannot be read: {error.fact}", help=error.help)
        return MbcostError(
            f"the base of `{model.name}` does not load: {'; '.join([problem.fact for problem in problems[:5]])}",
            help=f"the base is {self.label}: mend the table there, or give another --base", place=error.place,
        )  # fmt: skip


def open_base(text: str, files: list[BudgetFile], models: Models) -> Any:
    """``--base``: a saved report where it ends in .json, else a revision of the repository the budgets are in.

    Either has a ``label`` that says what it is, gives the ``side`` of a model at a point, None where the model has none, and
    says why one is ``absent``.
    """
    if text.endswith(".json"):
        from mbcost.budgets.saved import ReportBase

        return ReportBase(text)
    return GitBase(text, files[0].folder, models)
