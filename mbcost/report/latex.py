"""A table as LaTeX, for a paper: booktabs rules, numbers grouped, everything else escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbcost import escape
from mbcost.report import numbers
from mbcost.report.cells import LEFT, READABLE, cell_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mbcost.report.cells import Form
    from mbcost.report.numbers import Exact
    from mbcost.report.table import Table

#: The most rows that still fit a float on one page.
PAGE = 45


def latex(table: Table) -> str:
    r"""The table as a floating `table` with caption and label, or as a `longtable` where a page would not hold it.

    The caption is the table's own (or its title), followed by the notes.

    >>> from mbcost.report.table import Column, Table
    >>> columns = (Column("name", "layer", "name"), Column("params", "params", "count"))
    >>> print(latex(Table("V1 head", columns, (("fc_1", 1025000),), ("total", 1025000))), end="")
    % needs \usepackage{booktabs}
    \begin{table}[tbp]
      \centering
      \caption{V1 head.}
      \label{tab:v1-head}
      \begin{tabular}{lr}
        \toprule
        layer & params \\
        \midrule
        fc\_1 & 1{,}025{,}000 \\
        \midrule
        total & 1{,}025{,}000 \\
        \bottomrule
      \end{tabular}
    \end{table}
    """
    columns, total = cell_texts(table, FORMS, escape.latex)
    sections = {row for row in table.sections if 0 < row < len(table.rows)}
    body = [_heading(table), r"\midrule"]
    for i, cells in enumerate(zip(*columns, strict=True)):
        if i in sections:
            body.append(r"\midrule")
        body.append(_row(cells))
    if total is not None:
        body += [r"\midrule", _row(total)]
    alignment = "".join(["l" if column.kind in LEFT else "r" for column in table.columns])
    if len(table.rows) > PAGE:
        return _long(table, alignment, body)
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{table}[tbp]",
            r"  \centering",
            rf"  \caption{{{caption(table)}}}",
            rf"  \label{{tab:{slug(table.title)}}}",
            rf"  \begin{{tabular}}{{{alignment}}}",
            *["    " + line for line in (r"\toprule", *body, r"\bottomrule")],
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _long(table: Table, alignment: str, body: list[str]) -> str:
    """A table that breaks across pages, its heading on each: no float holds so many rows."""
    head = [r"\toprule", _heading(table), r"\midrule"]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs,longtable}",
            rf"\begin{{longtable}}{{{alignment}}}",
            rf"  \caption{{{caption(table)}}}\label{{tab:{slug(table.title)}}}\\",
            *["  " + line for line in (*head, r"\endfirsthead", *head, r"\endhead", *body[2:], r"\bottomrule")],
            r"\end{longtable}",
            "",
        ]
    )


def _heading(table: Table) -> str:
    return _row([escape.latex(column.heading) for column in table.columns])


def grouped(text: str) -> str:
    r"""A formatted number: commas that never act as punctuation, a true minus, a thin space before the percent sign.

    >>> print(grouped("1,024,000"), grouped("-21,888"), grouped("+2.13 %"))
    1{,}024{,}000 $-21{,}888$ $+2.13$\,\%
    """
    digits, percent, _ = text.partition(" %")
    digits = digits.replace(",", "{,}")
    if digits.startswith(("+", "-")):
        digits = f"${digits}$"
    return digits + (r"\,\%" if percent else "")


def caption(table: Table) -> str:
    r"""Caption (or title) and notes as sentences.

    >>> from mbcost.report.table import Table
    >>> print(caption(Table("Cost of V1", (), (), notes=("Convention torch", "Batch 1."))))
    Cost of V1. Convention torch. Batch 1.
    """
    sentences = [escape.latex(text).strip() for text in (table.caption or table.title, *table.notes)]
    return " ".join([text if text.endswith((".", "?", "!")) else text + "." for text in sentences if text])


def slug(title: str) -> str:
    """A title as a label: lower-case words and digits with hyphens.

    >>> slug("MobileNetV1, alpha 0.75 / 192"), slug("")
    ('mobilenetv1-alpha-0-75-192', 'mbcost')
    """
    kept = [c.lower() if c.isascii() and c.isalnum() else " " for c in title]
    return "-".join("".join(kept).split()) or "mbcost"


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _number(form: Form) -> Form:
    return lambda value: grouped(form(value))


def _shape(sizes: Sequence[Exact]) -> str:
    return "$" + numbers.shape(sizes, r"{\times}") + "$"


FORMS: Mapping[str, Form] = {
    **{kind: form if form is str else _number(form) for kind, form in READABLE.items()},
    "shape": _shape,
}
