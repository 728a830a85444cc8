"""The other side of a relative limit: the same networks as they were at the merge base, or as a saved report has them."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from mbcost.budgets.models import Model, Models
from mbcost.budgets.specs import BudgetFile, Point
from mbcost.dims import Dim
from mbcost.errors import MbcostError, Problems
from mbcost.layers import Row
from mbcost.network import Cost, Network
from mbcost.quantities import Quantity

__all__ = ["GitBase", "Side", "blocks_of", "open_base"]


class Side(NamedTuple):
    """What a network cost before: its rows, the names of its table's blocks, and whether it is a lower bound."""

    cost: Cost

    @property
    def rows(self) -> tuple[Row, ...]:
        """The costed rows."""
        return self.cost.rows

    @property
    def blocks(self) -> tuple[str, ...]:
        """The names of the blocks of its table."""
        return blocks_of(self.cost.network)

    @property
    def bound(self) -> bool:
        """Whether its cost is a lower bound."""
        return not self.cost.exact

    def total(self, quantity: Quantity, bits: int) -> Dim:
        """A quantity of the network."""
        return quantity.total(self.cost, bits)

    def of(self, quantity: Quantity, row: Row, bits: int) -> Dim:
        """What one of the rows contributes to it."""
        return quantity.of(row, bits)


class GitBase:
    """The merge base of HEAD and a revision; tables are read from git and costed anew, under the same convention."""

    def __init__(self, revision: str, folder: str, models: Models) -> None:
        from mbcost.budgets.git import Repository

        self.repository = Repository(folder)
        self.commit = self.repository.merge_base(revision)
        self.label = f"{self.commit[:7]} (merge base with {revision})"
        self.models = models
        self._networks: dict[str, Network | None] = {}

    def side(self, model: Model, point: Point, cost: Cost) -> Side | None:
        """The network of the merge base, costed at the same point."""
        network = self._network(model)
        if network is None:
            return None
        try:
            before = (
                cost if network is cost.network else network.cost(**point.variant, convention=cost.variant.convention)
            )
        except MbcostError as error:
            raise self._unusable(error, model) from None
        return Side(before)

    def _network(self, model: Model) -> Network | None:
        if model.path not in self._networks:
            path = self.repository.inside(model.path)
            if path is not None and self.repository.has(self.commit, path):
                try:
                    network = Network(self.repository.table(self.commit, path))
                except MbcostError as error:
                    raise self._unusable(error, model) from None
                self._networks[model.path] = network
            else:  # a shipped table that is not of this repository does not change with it
                self._networks[model.path] = self.models.network(model) if model.shipped else None
        return self._networks[model.path]

    def _unusable(self, error: MbcostError, model: Model) -> MbcostError:
        problems = error.problems if isinstance(error, Problems) else (error,)
        return MbcostError(
            f"the base of `{model.name}` does not load: {'; '.join([problem.fact for problem in problems[:5]])}",
            help=f"the base is {self.label}: mend the table there, or give another --base", place=error.place,
        )  # fmt: skip


def open_base(text: str, files: list[BudgetFile], models: Models) -> Any:
    """``--base``: a saved report where it ends in .json, else a revision of the repository the budgets are in.

    Either has a ``label`` that says what it is, and gives the ``side`` of a model at a point: None where the model is new.
    """
    if text.endswith(".json"):
        from mbcost.budgets.saved import ReportBase

        return ReportBase(text)
    folder = next((file.folder for file in files if file.folder), os.curdir)
    return GitBase(text, folder, models)


def blocks_of(network: Network) -> tuple[str, ...]:
    """The names of the blocks of a table and of those it is based on."""
    names: list[str] = []
    table: Any = network.table
    while table is not None:
        names += table.blocks
        table = table.base.table if table.base else None
    return tuple(names)
