"""``mbcost import --check``: whether tables still are what the code builds."""

from __future__ import annotations

import click

from mbcost.analysis.drift import drift
from mbcost.cli.code import TIMEOUT, How
from mbcost.cli.output import complain
from mbcost.errors import MbcostError
from mbcost.escape import line
from mbcost.network import Cost
from mbcost.report.drifted import told
from mbcost.tables.code import READ

__all__ = ["check"]


def check(path: str, how: How) -> int:
    """Run the code that a budgets file names, and hold its tables against it: 0 where they are the same, else 1."""
    from mbcost.budgets.models import Models
    from mbcost.budgets.reading import read_budgets
    from mbcost.importers import Source, at_resolutions, built, interpreter

    file = read_budgets(path)
    budgets = [budget for budget in file.budgets if budget.code is not None]
    if not budgets:
        raise MbcostError(
            f"no budget of {path[:80]} names its code", help='write code: {builder: "mypkg.nets:build"} beside a model'
        )
    models, python = Models(), interpreter(how.python)
    differ = False
    for budget in budgets:
        code = budget.code
        assert code is not None  # noqa: S101  (those without were left out)
        (model,) = models.find(file, budget)
        network = models.network(model, budget.place)
        points = [(alpha, shapes) for alpha in code.alphas for shapes in at_resolutions(code.inputs, code.resolutions)]
        if not code.builder.lower().endswith(READ):
            complain(line(f"runs {(code.builder.rpartition(':')[0] or code.builder)[:80]} with {python}"))
        source = Source(code.builder, code.args, code.inputs, python, how.timeout or TIMEOUT, how.framework, code.vary)
        pairs: list[tuple[Cost, Cost]] = []
        try:
            for (alpha, shapes), cost in zip(points, built(source, points), strict=True):
                sides = [*shapes[0][1:], 1, 1][:2]
                pairs.append((network.cost(alpha=alpha, resolution=sides), cost))
        except MbcostError as error:
            raise error.at(code.place) from None
        found = [(ours, drift(ours.rows, theirs.rows), theirs) for ours, theirs in pairs]
        text, same = told(model.name, code.builder, found)
        differ |= not same
        click.echo("\n".join(line(one) for one in text))
    return 1 if differ else 0
