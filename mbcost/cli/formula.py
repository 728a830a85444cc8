"""``mbcost formula``: the closed form in alpha and rho."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import click

from mbcost import escape
from mbcost.analysis.groups import share
from mbcost.cli.code import model_options
from mbcost.cli.options import MODEL, Choice, Question, output_options, variant_options
from mbcost.dims import exact_text
from mbcost.errors import MbcostError
from mbcost.network import Cost, Network
from mbcost.report import FORMATS, Field, Report, Rows, Where, at
from mbcost.report.heads import head
from mbcost.report.numbers import fixed
from mbcost.report.report import value

__all__ = ["command"]

WORDS = {"mult_adds": "mult-adds", "flops": "FLOPs", "params": "params"}


@click.command("formula", short_help="The closed form in alpha and rho.")
@click.argument("model", type=MODEL)
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
@model_options
def command(model: str, by: str, form: str, sensitivity: bool, **options: Any) -> None:
    """The closed form of MODEL's cost in alpha and rho.

    Idealised is the paper's formula: nothing is rounded and strides divide evenly. Realised is what the network really
    does, with its rounding rule, strides and padding. -a and -r choose the point at which the gap between them is shown.
    A depth repeats stages a whole number of times: --depth gives the form at one, and says over which depths it holds.

    \b
    mbcost formula mobilenet_v1
    mbcost formula mobilenet_v2 -a 0.35 -r 200      the gap there
    mbcost formula mobilenet_v1 --by kind -f latex
    mbcost formula efficientnet_b0 --depth 1.2      above depth 1, up to 1.25
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
    question.emit(_Answer(cost, forms, by, _gap(network, cost, question.unit), question, formula.depths).report())


for _option in command.params:
    if _option.name == "format":
        _option.type = Choice([*FORMATS, "python"])


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


def _title(cost: Cost, question: Question) -> str:
    leaving = ("alpha", "resolution") if cost.variant.rounding else ("resolution",)  # without a rule alpha is 1
    height, width = cost.network.base_resolution
    return escape.line(f"{question.heading(cost, *leaving)}, rho 1 = {height} x {width}")


LATEX_WIDTH = 80
"""Characters of LaTeX that fit into one of the two columns of an article."""


class _Answer:
    """The closed forms asked for, and the gap between them at a point."""

    def __init__(
        self, cost: Cost, forms: dict[str, Any], by: str, gap: dict[str, Any], question: Question,
        depths: tuple[Fraction, Fraction] | None,
    ) -> None:  # fmt: skip
        self.cost, self.forms, self.by, self.gap, self.question = cost, forms, by, gap, question
        self.depths = None if depths is None else tuple(map(exact_text, depths))
        self.title = _title(cost, question)

    def report(self) -> Report:
        """The answer: in words, in Python and in LaTeX in forms of its own."""
        names = list(_quantities(self.forms[next(iter(self.forms))].total, self.question.unit))

        def fields(write: Callable[[Any], str]) -> list[Field]:
            def get(line: Any, name: str) -> str:
                return write(line[1].expanded(_quantities(line[2], self.question.unit)[name]))

            found = [
                Field("form", "form", get=lambda line: line[0]),
                Field("name", self.by, "name", get=lambda line: line[2].name),
            ]
            return [*found, *[Field(name, WORDS[name], get=at(get, name)) for name in names]]

        lines = [(name, closed, row) for name, closed in self.forms.items() for row in _forms(closed, self.by)]
        rows = Rows(fields(str), lines, data=False)
        own = {"table": self._text, "latex": self._latex, "python": self._python}
        report = Report("formula/1", self.title, {**self._keys(), "table": rows}, forms=own)

        def markdown(where: Where) -> str:
            from mbcost.symbolic.writing import plain

            return FORMATS["markdown"](report._replace(keys={"table": rows._replace(fields=fields(plain))}), where)

        return report._replace(forms={**own, "markdown": markdown})

    def _keys(self) -> dict[str, Any]:
        keys, unit = head(self.cost, self.question.unit), self.question.unit
        symbols: set[str] = set()
        for name, closed in self.forms.items():
            keys[name] = {key: str(expression) for key, expression in _quantities(closed, unit).items()}
            symbols |= {symbol.name for symbol in closed.mult_adds.free_symbols | closed.params.free_symbols}
            if self.by != "total":
                keys[name][f"{self.by}s"] = [
                    {
                        "name": row.name,
                        **{key: str(closed.expanded(one)) for key, one in _quantities(row, unit).items()},
                    }
                    for row in _forms(closed, self.by)
                ]
        keys["symbols"] = sorted(symbols)
        keys["base_resolution"] = self.cost.network.base_resolution
        keys["depths"] = self.depths and dict(zip(("above", "up_to"), self.depths, strict=True))
        keys["gap"] = {
            name: gap | {"idealised": str(gap["idealised"]), "gap": value(gap["gap"], "ratio")}
            for name, gap in self.gap.items()
        }
        return keys

    def _text(self, where: Where) -> str:
        from mbcost.symbolic.writing import folded, plain

        def told(start: str, expression: Any) -> list[str]:
            """A definition, on a terminal in lines of its width."""
            text = plain(expression)
            if where.width is None:
                return [start + text]
            parts = folded(text, max(20, where.width - len(start)))
            return [start + parts[0], *[" " * len(start) + part for part in parts[1:]]]

        lines = [self.title, ""]
        if self.depths is not None and ("depth" in self.cost.variant.given or self.cost.variant.depth != 1):
            low, high = self.depths
            lines += [
                f"These forms hold at every depth above {low} up to {high}: elsewhere a stage has other repeats.",
                "",
            ]
        for form, closed in self.forms.items():
            lines.append(f"{form}:")
            for row in _forms(closed, self.by):
                indent = "  "
                if self.by != "total":
                    lines.append(f"  {escape.line(row.name)}")
                    indent = "    "
                quantities = _quantities(row, self.question.unit)
                for name, expression in quantities.items():
                    lines += told(f"{indent}{name:<9} = ", expression)
            if closed.definitions:
                lines.append("  where")
                width = max(len(symbol.name) for symbol in closed.definitions)
                # widths, then sizes; each after those it is made of
                listed = sorted(closed.definitions.items(), key=lambda pair: pair[0].name[0])
                for symbol, definition in listed:
                    lines += told(f"    {symbol.name:<{width}} = ", definition)
            lines.append("")
        return "\n".join(lines) + "\n" + (self._gap_text(where) if self.gap else "")

    def _gap_text(self, where: Where) -> str:
        """The gap at the point, as a table."""
        fields = (
            Field("quantity", "quantity", get=lambda pair: pair[0]),
            Field("idealised", "idealised", "number", get=lambda pair: _short(pair[1]["idealised"])),
            Field("realised", "realised", "count", get=lambda pair: pair[1]["realised"]),
            Field("gap", "gap", "percent_change", get=lambda pair: pair[1]["gap"]),
        )
        height, width = self.cost.variant.size
        title = f"At alpha {exact_text(self.cost.variant.alpha)}, resolution {height} x {width}:"
        return FORMATS["table"](Report("", title, {"gap": Rows(fields, self.gap.items())}), where)

    def _python(self, where: Where) -> str:
        from mbcost.symbolic.writing import PYTHON_HEAD, function_names, python_function

        title = escape.python(f"Cost of {self.title}: exact for ints and Fractions.")
        text = [f'"""{title}"""', PYTHON_HEAD]
        for form, closed in self.forms.items():
            rows = _forms(closed, self.by)
            prefixes = [form] if self.by == "total" else function_names([f"{form}_{row.name}" for row in rows])
            for prefix, row in zip(prefixes, rows, strict=True):
                text += [
                    python_function(f"{prefix}_{quantity}", expression, closed.definitions)
                    for quantity, expression in _quantities(row, self.question.unit).items()
                ]
        return "\n\n\n".join(text) + "\n"

    def _latex(self, where: Where) -> str:
        from mbcost.symbolic.writing import folded, latex

        def told(expression: Any) -> str:
            return " \\\\\n    &\\quad ".join(folded(latex(expression), LATEX_WIDTH))

        lines = [f"% {self.title}", "% needs \\usepackage{amsmath}"]
        for form, closed in self.forms.items():
            lines += [f"% {form}", "\\begin{align*}"]
            body = []
            for row in _forms(closed, self.by):
                label = "" if self.by == "total" else f"_{{\\text{{{escape.latex(row.name)}}}}}"
                body += [
                    f"  \\text{{{WORDS[name]}}}{label} &= {told(expression)}"
                    for name, expression in _quantities(row, self.question.unit).items()
                ]
            body += [f"  {latex(symbol)} &= {told(definition)}" for symbol, definition in closed.definitions.items()]
            lines += [" \\\\\n".join(body), "\\end{align*}"]
        return "\n".join(lines) + "\n"


def _short(amount: Any) -> str:
    """An exact idealised cost for the screen: whole, or to one decimal."""
    return fixed(amount, 0 if amount.denominator == 1 else 1, group=True)


def _sensitivity(network: Network, question: Question) -> Report:
    import mbcost.cli.sensitivity as analysis

    cost = question.cost(network)
    found = analysis.sensitivity(network, cost.variant)
    if question.format == "python":
        raise MbcostError("a sensitivity has no Python form", help="use -f json")
    return analysis.report(found, head(cost, question.unit), question.heading(cost))
