"""The networks that budgets name: found, loaded once, and costed once a point."""

from __future__ import annotations

import os
from typing import NamedTuple

from mbcost.budgets.globs import Search
from mbcost.budgets.specs import Budget, BudgetFile, Point
from mbcost.conventions import Convention
from mbcost.dims import Dim
from mbcost.errors import MbcostError, Place, nearest, stays
from mbcost.network import Cost, Network, Variant
from mbcost.quantities import AnyBits, Quantity
from mbcost.tables import is_path, load, models, scalings, shipped

__all__ = ["Model", "Models", "place_of"]


class Model(NamedTuple):
    """A model a budget names: what it is called in reports, and where its table is, `#NAME` behind it where it is a scaling."""

    name: str
    path: str
    shipped: bool


class Models:
    """Finds, loads and costs models, each once; ``given`` are networks at hand, by the names that budgets have for them."""

    def __init__(self, given: dict[str, Network] | None = None) -> None:
        self._given = given or {}
        self._search = Search()
        self._found: dict[tuple[str, str, str], list[Model]] = {}
        self._networks: dict[str, Network] = dict(self._given)
        self._costs: dict[tuple[str, Variant], Cost] = {}
        self._measured: dict[tuple[int, str, AnyBits], Dim] = {}

    def find(self, file: BudgetFile, budget: Budget) -> list[Model]:
        """The models of a budget; none is an error at its place."""
        if budget.model in self._given:
            return [Model(budget.model, budget.model, False)]
        key = (file.folder, budget.model, file.path)
        if key not in self._found:
            try:
                self._found[key] = _find(file, budget.model, self._search)
            except MbcostError as error:
                raise error.at(budget.place) from None
        return self._found[key]

    def network(self, model: Model, place: Place | None = None) -> Network:
        """The network of a model."""
        network = self._networks.get(model.path)
        if network is None:
            try:
                network = self._networks[model.path] = load(model.path)
            except MbcostError as error:
                raise error.at(place) from None
        return network

    def cost(self, model: Model, point: Point, convention: Convention, place: Place | None = None) -> Cost:
        """The cost of a model at a point."""
        variant = point.variant._replace(convention=convention)
        key = (model.path, variant)
        cost = self._costs.get(key)
        if cost is None:
            network = self.network(model, place)
            try:
                cost = self._costs[key] = network.count(variant)
            except MbcostError as error:
                if error.place is None:
                    error.fact = f"{error.fact} (in `{model.name}`)"
                raise error.at(point.place or place) from None
        return cost

    def measure(self, cost: Cost, quantity: Quantity, bits: AnyBits) -> Dim:
        """A quantity of a cost, measured once."""
        key = (id(cost), quantity.name, bits)
        value = self._measured.get(key)
        if value is None:
            value = self._measured[key] = quantity.total(cost, bits)
        return value


def place_of(cost: Cost, name: str) -> Place | None:
    """The line of the layer table that a layer comes from."""
    for layer, (table, spec) in zip(cost.placed.layers, cost.placed.marks, strict=True):
        if layer.name == name:
            return table.place(spec.line, spec.column)
    return None


def _find(file: BudgetFile, text: str, search: Search) -> list[Model]:
    if not any(c in text for c in "*?["):
        if not is_path(text):
            owner = None if text in models() else scalings().get(text)
            return [Model(text, shipped(text) if owner is None else f"{shipped(owner)}#{text}", True)]
        path = os.path.normpath(os.path.join(file.folder, text))
        if not os.path.exists(path):
            close = _near(path, text)
            relative = f" (relative to {file.path})" if file.path else ""
            raise MbcostError(
                f"`{text}` matches no file{relative}",
                help=f"did you mean {close}?" if close else "name a layer table, a shipped model or a glob",
            )
        _stay(file, text, path)
        return [Model(path, path if is_path(path) else os.path.join(os.curdir, path), False)]
    if not is_path(text):
        from fnmatch import fnmatchcase

        names = [name for name in models() if fnmatchcase(name, text)]
        if not names:
            raise MbcostError(
                f"the glob `{text}` matches no shipped model",
                help="`mbcost list` names them; a glob over files has a / or ends in .yaml",
            )
        return [Model(name, shipped(name), True) for name in names]
    own = os.path.realpath(file.path) if file.path else ""
    paths = [path for path in search.matches(file.folder, text) if os.path.realpath(path) != own]
    if not paths:
        where = file.folder or "the current folder"
        raise MbcostError(f"the glob `{text}` matches no file", help=f"it is relative to {where}; ** crosses folders")
    for path in paths:
        _stay(file, text, path)
    return [Model(path, path if is_path(path) else os.path.join(os.curdir, path), False) for path in paths]


def _stay(file: BudgetFile, text: str, path: str) -> None:
    """A budgets file in a repository names tables of that repository: neither its text nor a link leads out of it."""
    folder = os.path.realpath(file.folder or os.curdir)
    while file.path and not os.path.lexists(os.path.join(folder, ".git")):
        if os.path.dirname(folder) == folder:
            return
        folder = os.path.dirname(folder)
    if file.path and not stays(path, folder):
        raise MbcostError(f"`{text}` is outside the repository that the budgets file is in", help="name a table of it")


def _near(path: str, text: str) -> str:
    """The tables in a path's folder with names nearest to it, written as it is."""
    try:
        names = os.listdir(os.path.dirname(path) or os.curdir)
    except OSError:
        return ""
    known = [os.path.join(os.path.dirname(text), name) for name in names if name.endswith((".yaml", ".yml"))]
    return nearest(text, known)
