"""``mbcost formula``: the closed form in alpha and rho."""

from __future__ import annotations

import re
from typing import Any

import click

from mbcost.analysis.groups import share
from mbcost.cli.options import Choice, ModelName, Question, heading, output_options, report_keys, variant_options
from mbcost.cli.output import FORMATS, decimal, json_text, table_text
from mbcost.errors import MbcostError
from mbcost.network import Cost, Network
from mbcost.report import Column, Table

__all__ = ["command"]

FORM_FORMATS = (*FORMATS, "python")
WORDS = {"mult_adds": "mult-adds", "flops": "FLOPs", "params": "params"}


@click.command("formula", short_help="The closed form in alpha and rho.")
@click.argument("model", type=ModelName())
@click.option(
    "--by", type=Choice(["total", "kind", "layer"]), default="total", show_default=True, help="What has a formula."
)
@click.option(
    "--form",
    type=Choice(["both", "idealised", "realised"]),
    default="both",
    show_default=True,
    help="Which closed form.",
)
@click.option("--sensitivity", is_flag=True, help="Derivatives, elasticities, and shares by kind at -a and -r.")
@variant_options
@output_options
def command(model: str, by: str, form: str, sensitivity: bool, **options: Any) -> None:
    """The closed form of MODEL's cost in alpha and rho.

    Idealised is the paper's formula: nothing is rounded and strides divide evenly. Realised is what the network really
    does, with its rounding rule, strides and padding. -a and -r choose the point at which the gap between them is shown.

    \b
    mbcost formula mobilenet_v1
    mbcost formula mobilenet_v2 -a 0.35 -r 200      the gap there
    mbcost formula mobilenet_v1 --by kind -f latex
    mbcost formula mobilenet_v1 -f python > cost.py
    """
    from mbcost.symbolic import Formula

    question = Question(options)
    network = question.load(model)
    if sensitivity:
        question.emit(_sensitivity(network, question))
        return
    cost = question.cost(network)
    formula = Formula(network, cost.variant)
    forms: dict[str, Any] = {}
    if form in {"both", "idealised"}:
        forms["idealised"] = formula.idealised
    if form in {"both", "realised"}:
        forms["realised"] = formula.realised
    gap = _gap(network, cost, question.unit)
    writers = {"json": _json, "python": _python, "latex": _latex, "table": _text, "markdown": _tables, "csv": _tables}
    question.emit(writers[question.format](cost, forms, by, gap, question))


for _option in command.params:
    if _option.name == "format":
        _option.type = Choice(FORM_FORMATS)


def _gap(network: Network, cost: Cost, unit: str) -> dict[str, Any]:
    """Idealised and realised mult-adds and params at the point asked for, and how far they are apart.

    Nothing where there is no idealised network: without rounding its maps do not meet, or its groups do not divide.
    """
    try:
        ideal = network.count(cost.variant, ideal=True)
    except MbcostError:
        return {}
    both = zip(_quantities(ideal, unit).items(), _quantities(cost, unit).values(), strict=True)
    return {
        quantity: {"idealised": smooth, "realised": real, "gap": share(real - smooth, smooth)}
        for (quantity, smooth), real in both
    }


def _forms(closed: Any, by: str) -> tuple[Any, ...]:
    if by == "layer":
        return tuple(closed.rows)
    return tuple(closed.by_kind()) if by == "kind" else (closed.total,)


def _quantities(row: Any, unit: str) -> dict[str, Any]:
    """The expressions of one closed form by quantity."""
    flops = {"flops": 2 * row.mult_adds} if unit == "flops" else {}
    return {"mult_adds": row.mult_adds, **flops, "params": row.params}


def _title(cost: Cost, unit: str) -> str:
    leaving = ("alpha", "resolution") if cost.variant.rounding else ("resolution",)  # without a rule alpha is 1
    height, width = cost.network.base_resolution
    return f"{heading(cost, unit, leaving=leaving)}, rho 1 = {height} x {width}"


def _text(cost: Cost, forms: dict[str, Any], by: str, gap: dict[str, Any], question: Question) -> str:
    from mbcost.symbolic.writing import plain

    lines = [_title(cost, question.unit), ""]
    for form, closed in forms.items():
        lines.append(f"{form}:")
        for row in _forms(closed, by):
            indent = "  "
            if by != "total":
                lines.append(f"  {row.name}")
                indent = "    "
            quantities = _quantities(row, question.unit)
            lines += [f"{indent}{name:<9} = {plain(expression)}" for name, expression in quantities.items()]
        if closed.definitions:
            lines.append("  where")
            width = max(len(symbol.name) for symbol in closed.definitions)
            # widths, then sizes; each after those it is made of
            listed = sorted(closed.definitions.items(), key=lambda pair: pair[0].name[0])
            lines += [f"    {symbol.name:<{width}} = {plain(definition)}" for symbol, definition in listed]
        lines.append("")
    return "\n".join(lines) + "\n" + (_gap_text(cost, gap, question) if gap else "")


def _gap_text(cost: Cost, gap: dict[str, Any], question: Question) -> str:
    columns = (
        Column("quantity", "quantity"), Column("idealised", "idealised", "number"), Column("realised", "realised", "count"),
        Column("gap", "gap", "percent_change"),
    )  # fmt: skip
    rows = tuple((name, _short(value["idealised"]), value["realised"], value["gap"]) for name, value in gap.items())
    height, width = cost.variant.size
    from mbcost.dims import exact_text

    title = f"At alpha {exact_text(cost.variant.alpha)}, resolution {height} x {width}:"
    return table_text(Table(title, columns, rows), "table", to_file=question.output is not None)


def _short(value: Any) -> Any:
    """An exact idealised cost for the screen: whole, or to one decimal."""
    from mbcost.report.numbers import count

    if value.denominator == 1:
        return count(value.numerator)
    tenths = (20 * value.numerator + value.denominator) // (2 * value.denominator)
    return f"{count(tenths // 10)}.{tenths % 10}"


def _json(cost: Cost, forms: dict[str, Any], by: str, gap: dict[str, Any], question: Question) -> str:
    document = report_keys(cost, "formula/1", question.unit)
    symbols: set[str] = set()
    for name, closed in forms.items():
        document[name] = {key: str(value) for key, value in _quantities(closed, question.unit).items()}
        symbols |= {symbol.name for symbol in closed.mult_adds.free_symbols | closed.params.free_symbols}
        if by != "total":
            document[name][by + "s"] = [
                {"name": row.name}
                | {key: str(closed.expanded(value)) for key, value in _quantities(row, question.unit).items()}
                for row in _forms(closed, by)
            ]
    document["symbols"] = sorted(symbols)
    document["base_resolution"] = list(cost.network.base_resolution)
    document["gap"] = {
        name: {"idealised": str(value["idealised"]), "realised": value["realised"], "gap": decimal(value["gap"])}
        for name, value in gap.items()
    }
    return json_text(document)


def _python(cost: Cost, forms: dict[str, Any], by: str, gap: dict[str, Any], question: Question) -> str:
    from mbcost.symbolic.writing import PYTHON_HEAD, python_function

    text = ['"""' + f"Cost of {_title(cost, question.unit)}: exact for ints and Fractions." + '"""', PYTHON_HEAD]
    for form, closed in forms.items():
        for row in _forms(closed, by):
            prefix = form if by == "total" else f"{form}_{re.sub('[^A-Za-z0-9]', '_', row.name)}"
            text += [
                python_function(f"{prefix}_{quantity}", expression, closed.definitions)
                for quantity, expression in _quantities(row, question.unit).items()
            ]
    return "\n\n\n".join(text) + "\n"


def _latex(cost: Cost, forms: dict[str, Any], by: str, gap: dict[str, Any], question: Question) -> str:
    from mbcost.symbolic.writing import latex

    lines = [f"% {_title(cost, question.unit)}", "% needs \\usepackage{amsmath}"]
    for form, closed in forms.items():
        lines += [f"% {form}", "\\begin{align*}"]
        body = []
        for row in _forms(closed, by):
            label = "" if by == "total" else "_{\\text{" + row.name.replace("_", "\\_") + "}}"
            body += [
                f"  \\text{{{WORDS[name]}}}{label} &= {latex(expression)}"
                for name, expression in _quantities(row, question.unit).items()
            ]
        body += [f"  {latex(symbol)} &= {latex(definition)}" for symbol, definition in closed.definitions.items()]
        lines += [" \\\\\n".join(body), "\\end{align*}"]
    return "\n".join(lines) + "\n"


def _tables(cost: Cost, forms: dict[str, Any], by: str, gap: dict[str, Any], question: Question) -> str:
    from mbcost.symbolic.writing import plain

    listed = [Column(name, WORDS[name]) for name in _quantities(forms[next(iter(forms))].total, question.unit)]
    columns = (Column("form", "form"), Column("name", by, "name"), *listed)
    write = plain if question.format == "markdown" else str
    rows = [
        (name, row.name, *(write(closed.expanded(value)) for value in _quantities(row, question.unit).values()))
        for name, closed in forms.items()
        for row in _forms(closed, by)
    ]
    return table_text(Table(_title(cost, question.unit), columns, tuple(rows)), question.format, to_file=True)


def _sensitivity(network: Network, question: Question) -> str:
    import mbcost.cli.sensitivity as analysis

    cost = question.cost(network)
    found = analysis.sensitivity(network, cost.variant)
    if question.format == "json":
        return json_text({**report_keys(cost, "sensitivity/1", question.unit), **analysis.document(found)})
    if question.format == "python":
        raise MbcostError("a sensitivity has no Python form", help="use -f json")
    tables = analysis.tables(found, heading(cost, question.unit))
    return "\n".join(table_text(table, question.format, to_file=question.output is not None) for table in tables)
