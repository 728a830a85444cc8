"""The other side of a relative limit: the same networks as they were at the merge base, or as a saved report has them."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from mbcost.budgets.models import Model, Models
from mbcost.budgets.specs import BudgetFile, Point
from mbcost.errors import MbcostError, Place, Problems
from mbcost.layers import Row
from mbcost.network import Cost, Network

__all__ = ["Base", "GitBase", "ReportBase", "Side", "open_base", "read_report"]

SCHEMAS = ("mbcost/check/", "mbcost/table/")


class Side(NamedTuple):
    """What a network cost before: its rows, and the names of its table's blocks."""

    rows: tuple[Row, ...]
    blocks: tuple[str, ...] = ()
    bound: bool = False
    convention: str = "torch"
    digest: str = ""
    name: str = ""


class Base:
    """Something to compare with; ``label`` says what in a report."""

    label = ""

    def side(self, model: Model, point: Point, cost: Cost) -> Side | None:
        """What a model cost before at a point; None where it is new."""
        raise MbcostError("there is no base to compare with", help="give --base REV or --base FILE.json")


class GitBase(Base):
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
        return side_of(before)

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


class ReportBase(Base):
    """A saved report: ``mbcost check -f json`` or ``mbcost table MODEL -f json``."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.label = path
        self.models = read_report(path)

    def side(self, model: Model, point: Point, cost: Cost) -> Side | None:
        """The saved network of the same name and at the same point."""
        from mbcost.budgets.saved import same_point

        named = [m for m in self.models if m.get("model") == model.name] or [
            m for m in self.models if m.get("name", m.get("model")) == cost.network.name
        ]
        if not named:
            return None
        found = next((m for m in named if same_point(m, cost, point)), None)
        if found is None:
            height, width = cost.variant.resolution
            raise MbcostError(
                f"`{self.path}` has `{model.name}`, but not at alpha {cost.variant.alpha}, resolution {height}x{width}",
                help="save the report again with this point: mbcost check -f json -o FILE.json",
            )
        if found.get("convention") != cost.variant.convention:
            raise MbcostError(
                f"the two sides are counted under different conventions: `{found.get('convention')}` in {self.path}, `{cost.variant.convention}` here",
                help=f"save the base with --convention {cost.variant.convention}, or change `convention`",
                place=Place(self.path, 1, 1),
            )
        from mbcost.budgets.saved import side_of_report

        return side_of_report(found, self.path)


def open_base(text: str, files: list[BudgetFile], models: Models) -> Base:
    """``--base``: a saved report where it ends in .json, else a revision of the repository the budgets are in."""
    if text.endswith(".json"):
        return ReportBase(text)
    folder = next((file.folder for file in files if file.folder), os.curdir)
    return GitBase(text, folder, models)


def side_of(cost: Cost) -> Side:
    """A cost as one side of a comparison."""
    return Side(
        cost.rows,
        blocks_of(cost.network),
        not cost.exact,
        cost.variant.convention,
        cost.network.digest,
        cost.network.name,
    )


def blocks_of(network: Network) -> tuple[str, ...]:
    """The names of the blocks of a table and of those it is based on."""
    names: list[str] = []
    table: Any = network.table
    while table is not None:
        names += table.blocks
        table = table.base.table if table.base else None
    return tuple(names)


def read_report(path: str) -> list[dict[str, Any]]:
    """The costed models of a saved report."""
    from mbcost.budgets.saved import models_of_report

    return models_of_report(path)
