"""Limits held against networks: one result for each budget, model, point and limit."""

from __future__ import annotations

from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any

from mbcost.budgets.models import Model, Models, place_of
from mbcost.budgets.specs import Budget, BudgetFile, Compared, Limit, Outcome, Part, Point, Result
from mbcost.errors import MbcostError, Place, nearest
from mbcost.layers import Row
from mbcost.network import Cost, Network
from mbcost.quantities import AnyBits, Quantity, measured

__all__ = ["check"]

TOP = 3
ALIVE = 10  # of the tensors alive at a peak, which are more than three where branches meet
MAX_WORK = 500_000
EACH = 50  # what holding a limit costs beside looking at layers, in layers
LOOSE = 2  # a limit of more than this many times the value is far too loose


def check(
    files: list[BudgetFile],
    base: str | None = None,
    *,
    strict: bool = False,
    networks: dict[str, Network] | None = None,
) -> Outcome:
    """Hold every limit of some budget files against its networks.

    Parameters
    ----------
    files : list of BudgetFile
        The budgets, as read.
    base : str, optional
        What to compare with: a revision of the repository, or the path of a saved report.
    strict : bool
        Whether going over a warning limit fails too.
    networks : dict of str to Network, optional
        Networks at hand, by the names that the budgets have for them.

    Examples
    --------
    >>> from mbcost.budgets.reading import read_budgets_text
    >>> budgets = read_budgets_text('''
    ... format: 1
    ... budgets: [{model: mobilenet_v1, at: {alpha: 0.75, resolution: 192}, max: {mult_adds: 230M}}]
    ... ''')
    >>> outcome = check([budgets])
    >>> outcome.passed, outcome.failures[0].over, outcome.failures[0].layers[0].name
    (False, 9273472, 'separable_3/pointwise')
    """
    return _Checker(files, base, strict, networks).outcome()


class _Checker:
    def __init__(
        self, files: list[BudgetFile], base: str | None, strict: bool, networks: dict[str, Network] | None
    ) -> None:
        self.files = files
        self.strict = strict
        self.models = Models(networks)
        self.base: Any = None
        if base is not None:
            from mbcost.budgets.base import open_base

            self.base = open_base(base, files, self.models)
        self.work = 0
        self.absent: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        self.compared: dict[int, Compared] = {}
        self._missed: set[tuple[str, Place]] = set()
        self._sides: dict[Any, Any] = {}
        self._grown: dict[Any, Any] = {}

    def outcome(self) -> Outcome:
        results: list[Result] = []
        for file in self.files:
            for budget in file.budgets:
                results += self._budget(file, budget)
        notices = tuple([r for r in _largest(results) if r.status == "pass" and r.value * LOOSE < r.allowed])
        return Outcome(
            tuple(results), tuple(self.files), self.base.label if self.base else "", notices,
            tuple(self.absent.items()), tuple(self.renamed.items()), tuple(self.compared.values()),
        )  # fmt: skip

    def _budget(self, file: BudgetFile, budget: Budget) -> list[Result]:
        results: list[Result] = []
        unmatched = {limit.layers: limit for limit in budget.limits if limit.layers}
        names: list[str] = []
        expecting = False
        for model in self.models.find(file, budget):
            stated = self._expected(file, budget, model)
            expecting = expecting or bool(self.models.network(model).table.expect)
            results += [result for result in stated if result.status == "fail" or not budget.limits]
            for point in budget.points:
                cost = self.models.cost(model, point, file.convention, budget.place)
                before = self._side(budget, model, point, cost)
                if self.base is not None:
                    self._compare(budget, model, point, cost, before)
                for limit in budget.limits:
                    self._work(budget, len(cost.rows))
                    result = self._judge(file, budget, model, point, cost, before, limit)
                    if result is not None:
                        unmatched.pop(limit.layers, None)
                        results.append(result)
                if unmatched:
                    names += [row.name for row in cost.rows]
        if not budget.limits and not expecting:
            raise MbcostError(
                "a budget without limits",
                help=f"give `max`, `warn`, `layers` or `vs_base`; or let the table of `{budget.model[:60]}` state its cost, `expect`",
                place=budget.place,
            )
        for glob, limit in unmatched.items():
            raise MbcostError(
                f"the layer pattern `{glob[:60]}` matches no layer of `{budget.model}`",
                help=_meant(glob, names),
                place=limit.layers_place,
            )
        return results

    def _expected(self, file: BudgetFile, budget: Budget, model: Model) -> list[Result]:
        """What the table of a model states that it costs, an amount each: those that it has only where nothing else is asked of it."""
        table = self.models.network(model, budget.place).table
        if not table.expect:
            return []
        from mbcost.network.expected import asked, held

        results = []
        for one in held(table):
            self._work(budget, len(one.cost.rows))
            if one.misses:
                if (model.path, one.place) in self._missed:
                    continue  # told under another budget
                self._missed.add((model.path, one.place))
            limit = Limit(
                "expect", one.quantity, one.stated.value, f"{one.stated.value:,}", place=one.place, budget=budget.number
            )
            status, place = ("fail", one.place) if one.misses else ("pass", None)
            results.append(Result(
                file, budget, limit, model.name, Point(asked(one.expect), one.place), one.cost, status, one.value,
                one.stated.value, "", (), bound=not one.cost.exact, place=place,
            ))  # fmt: skip
        return results

    def _work(self, budget: Budget, layers: int) -> None:
        """Count what is looked at: models times points times limits are more than a file of theirs is long."""
        self.work += EACH + layers
        if self.work > MAX_WORK:
            raise MbcostError(
                f"the limits of this budget and of those after it are not checked: models x points x limits come to more than {MAX_WORK:,} layers",
                help="name fewer models or points, or split the file and check its parts one by one",
                place=budget.place,
            )

    def _side(self, budget: Budget, model: Model, point: Point, cost: Cost) -> Any:
        """What the model cost before at this point; None without a base, or where the base does not have the model."""
        if self.base is None:
            return None
        if id(cost) not in self._sides:  # the costs are kept, so that their ids stay their own
            self._sides[id(cost)] = self.base.side(model, point, cost)
        side = self._sides[id(cost)]
        if side is not None and side.was:
            self.renamed[model.name] = side.was
        elif side is None and any(limit.kind == "vs_base" for limit in budget.limits):
            self.absent[model.name] = self.base.absent(model)
        return side

    def _compare(self, budget: Budget, model: Model, point: Point, cost: Cost, before: Any) -> None:
        """Note what a network is to be told of beside its base: what is counted, and what has a limit."""
        known = self.compared.get(id(cost))
        found = (
            known.quantities if known else tuple([(measured(name), budget.bits) for name in ("mult_adds", "params")])
        )
        names = {quantity.name for quantity, _ in found}
        for limit in budget.limits:
            if not limit.layers and limit.measured.name not in names:
                names.add(limit.measured.name)
                found += ((limit.measured, budget.bits),)
        self.compared[id(cost)] = Compared(model.name, point, cost, before, found)

    def _judge(
        self, file: BudgetFile, budget: Budget, model: Model, point: Point, cost: Cost, before: Any, limit: Limit
    ) -> Result | None:
        quantity, bits = limit.measured, budget.bits
        rows: tuple[Row, ...] = cost.rows
        layer, base, allowed = "", None, limit.amount
        if limit.layers:
            rows = tuple([row for row in rows if fnmatchcase(row.name, limit.layers)])
            if not rows:
                return None
            each = quantity.by_row(cost, bits)
            layer = max([row.name for row in rows], key=each.__getitem__)
            value: Any = each[layer]
            if limit.share:
                value = Fraction(value, self.models.measure(cost, quantity, bits) or 1)
        else:
            value = self.models.measure(cost, quantity, bits)
        estimated = not quantity.base.of_shapes
        bound = estimated and not all(row.exact for row in rows)
        base_bound = False
        grew: tuple[Part, ...] = ()
        status = ""
        if before is not None and not limit.layers:
            try:
                base = before.total(quantity, bits)
            except MbcostError as error:
                raise error.at(limit.place) from None
        if limit.kind == "vs_base":
            if base is None and before is not None:
                raise MbcostError(
                    f"the base `{self.base.label}` does not have `{quantity.base.name}`",
                    help="save it again with this version: mbcost check -f json -o FILE.json", place=limit.place,
                )  # fmt: skip
            if base is None:
                status, allowed = ("new" if self.base else "unchecked"), None
            else:
                allowed = max(limit.amount.allowed(base), base + limit.ignore_below)
                base_bound = before.bound and estimated  # what it allows is then the least that it may allow
        if not status:
            over = value > allowed or bound
            status = ("warn" if limit.warns and not self.strict else "fail") if over else "pass"
        if before is not None and status in {"warn", "fail"}:
            grew = self._grew(cost, before, quantity, bits)
            if limit.layers:
                grew = tuple([part for part in grew if fnmatchcase(part.name, limit.layers)])
        layers = _top(cost, rows, quantity, bits, self.models.measure(cost, quantity, bits))
        at, was_at = "", ""
        was: tuple[Part, ...] = ()
        if status in {"warn", "fail"} and not limit.layers and quantity.base.where is not None:
            at = quantity.base.where(cost)
            if before is not None:
                was_at, tensors = before.peak(quantity, bits)
                was = tuple([Part(name, amount, None) for name, amount in tensors[:ALIVE]])
                grew = _alive(cost, quantity.parts(cost, bits), dict(tensors))
        place = _place(cost, before, layer, layers, grew, limit) if status in {"warn", "fail"} else None
        return Result(
            file, budget, limit, model.name, point, cost, status, value, allowed, layer, layers, base, grew, bound, place,
            base_bound, at, was_at, was,
        )  # fmt: skip

    def _grew(self, cost: Cost, before: Any, quantity: Quantity, bits: AnyBits) -> tuple[Part, ...]:
        """The layers that contribute more than in the base, most first."""
        if id(cost) not in self._grown:
            from mbcost.analysis.diff import changes

            self._grown[id(cost)] = changes(before.rows, cost.rows, (*before.blocks, *cost.network.blocks))
        found = []
        was, now = before.each(quantity, bits), quantity.by_row(cost, bits)
        for change in self._grown[id(cost)]:
            if change.new is not None:
                old = was.get(change.old.name) if change.old else 0
                new = now.get(change.new.name)
                if old is not None and new is not None and new > old:
                    found.append(Part(change.name, new, None, old, "+" if change.old is None else "~"))
        found.sort(key=lambda part: -part.growth)
        return tuple([part._replace(place=place_of(cost, part.name)) for part in found])


def _alive(cost: Cost, now: list[tuple[str, Any]], was: dict[str, Any]) -> tuple[Part, ...]:
    """The tensors alive at the peak that were not so at that of the base, or were smaller there; nothing where that is not known."""
    found = [
        Part(name, amount, None, was.get(name, 0), "~" if name in was else "+", _made_by(cost, name))
        for name, amount in now
        if was and amount > was.get(name, 0)
    ]
    return tuple(sorted(found, key=lambda part: -part.growth))


def _made_by(cost: Cost, tensor: str) -> Place | None:
    """The line of the layer that makes a tensor: the layer of its name, or the one that it is a part of."""
    return place_of(cost, tensor) or place_of(cost, tensor.rpartition("/")[0])


def _place(
    cost: Cost, before: Any, layer: str, layers: tuple[Part, ...], grew: tuple[Part, ...], limit: Limit
) -> Place | None:
    """The line to point at: the one that was edited, of the layer limited, or of the limit itself."""
    if grew:
        from mbcost.budgets.causes import cause

        return cause(cost, before, grew) or limit.place
    if layer or limit.place is None:
        return place_of(cost, layer or (layers[0].name if layers else "")) or limit.place
    return limit.place


def _meant(glob: str, names: list[str]) -> str:
    """What a pattern without a match may have meant: by its last part, which is mostly the name of one."""
    head, slash, last = glob.rpartition("/")
    close = nearest(last, sorted({name.rpartition("/")[2] for name in names})) if slash else nearest(glob, names)
    if not close:
        return "`mbcost table` prints the names; * stands for any text"
    return (
        "did you mean " + " or ".join([f"`{head}{slash}{word}`" for word in close.replace("`", "").split(" or ")]) + "?"
    )


def _largest(results: list[Result]) -> list[Result]:
    """For each limit on whole networks the result that uses most of it."""
    most: dict[Any, Result] = {}
    for result in results:
        limit = result.limit
        if limit.kind == "max" and not limit.layers:
            key = (result.file.path, result.budget.number, limit.quantity)
            if key not in most or result.value > most[key].value:
                most[key] = result
    return list(most.values())


def _top(cost: Cost, rows: tuple[Row, ...], quantity: Quantity, bits: AnyBits, total: Any) -> tuple[Part, ...]:
    """What contributes most: layers, or what a quantity of the whole network is made of; a share where it is a sum."""
    names = {row.name for row in rows}
    most = TOP if quantity.base.made_of is None else ALIVE
    parts = [part for part in quantity.parts(cost, bits) if len(rows) == len(cost.rows) or part[0] in names][:most]
    shared = quantity.shared and total
    return tuple([Part(name, value, Fraction(value, total) if shared else None) for name, value in parts if value])
