"""``mbcost import``: the layer table of what a framework builds."""

from __future__ import annotations

from typing import Any

import click

from mbcost.analysis.drift import drift
from mbcost.cli.code import TIMEOUT, How, code_options, traced
from mbcost.cli.options import FILE
from mbcost.cli.output import complain, write
from mbcost.errors import MbcostError
from mbcost.escape import line
from mbcost.network import Cost
from mbcost.report.drifted import told
from mbcost.tables.code import READ, is_code

__all__ = ["command"]


@click.command("import", short_help="The layer table of code: PyTorch, Keras, ONNX, TFLite.")
@click.argument("code", metavar="CODE", required=False)
@code_options
@click.option(
    "--check", "budgets", type=FILE, metavar="BUDGETS", help="Hold the tables of a budgets file against their `code:`."
)
@click.option("--flat", is_flag=True, help="Rows as they ran: no building blocks, repeats or blocks.")
@click.option("--strict", is_flag=True, help="Exit with 1 where the cost of a row is not known.")
@click.option("-o", "--output", type=FILE, help="Write to a file instead.")
def command(code: str | None, budgets: str | None, flat: bool, strict: bool, output: str | None, **how: Any) -> int:
    """Trace the network that CODE builds, and write its layer table. CODE is module:callable, file.py:callable, net.pt2, net.keras, net.onnx or net.tflite.

    The code runs, in the interpreter of the active virtual environment (else `python` on PATH; --python names another)
    and without data: no weights are loaded, nothing is computed. What the grammar has no word for becomes a `custom` row with
    the cost it has at this size, or says that its cost is not known.

    With --vary, the network is traced at several values of its width argument; base widths and the rounding rule are found and
    verified at further ones, and a width that follows no rule is an error.

    \b
    mbcost import torchvision.models:mobilenet_v2 --vary width_mult -o mobilenet_v2.yaml
    mbcost import nets.py:build --arg classes=10 --input 3x192x192 | mbcost table -
    mbcost import --check mbcost-budgets.yaml     whether tables still are what the code builds: exit 0, or 1
    """
    if budgets is not None:
        given = How(**how)
        if code is not None or flat or strict or output is not None or given.vary or given.args or given.input:
            raise MbcostError(
                "--check takes its code from the budgets file",
                help="leave all but --python, --timeout and --framework out",
            )
        return _check(budgets, given)
    if code is None:
        raise MbcostError("no code is named", help="write module:callable, or --check mbcost-budgets.yaml")
    if not is_code(code):
        raise MbcostError(
            f"`{code[:80]}` names no code",
            help="write module:callable, file.py:callable, or the path of a .pt2, .keras, .onnx or .tflite file; a layer table needs no import",
        )
    found = traced(code, How(**how), flat=flat)
    write(found.text, output)
    return 1 if strict and not found.network.count().exact else 0


def _check(path: str, how: How) -> int:
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
