"""A table as LaTeX, for a paper: booktabs rules, numbers grouped, everything else escaped."""

from __future__ import annotations

import re
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

#: Characters of a row that fit into one of the two columns of an article.
COLUMN = 45


def latex(table: Table, label: str = "tab:mbcost", *, long: bool = False) -> str:
    r"""The table as a floating `table` with caption and label, over both columns of a page where it is wide.

    `long` makes it a `longtable`, which breaks across pages and wants a page of one column. The caption is the table's own
    (or its title), followed by the notes; versions and hashes are a comment.

    >>> from mbcost.report.table import Column, Table
    >>> columns = (Column("name", "layer", "name"), Column("params", "params", "count"))
    >>> print(latex(Table("V1 head", columns, (("fc_1", 1025000),), ("total", 1025000)), "tab:head"), end="")
    % needs \usepackage{booktabs}
    \begin{table}[tbp]
      \centering
      \caption{V1 head.}
      \label{tab:head}
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
    kept, said = _notes(table)
    said += (
        [f"{len(table.rows)} rows are more than a page: --long breaks the table"]
        if not long and len(table.rows) > PAGE
        else []
    )
    comments = [f"% {escape.line(comment)}" for comment in said]
    table = table._replace(notes=kept)
    if long:
        return _long(table, label, alignment, body, comments)
    wide = sum([_width(column.heading, cells) for column, cells in zip(table.columns, columns, strict=True)])
    float = "table*" if wide > COLUMN else "table"
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            *comments,
            rf"\begin{{{float}}}[tbp]",
            r"  \centering",
            rf"  \caption{{{caption(table)}}}",
            rf"  \label{{{_label(label)}}}",
            rf"  \begin{{tabular}}{{{alignment}}}",
            *["    " + line for line in (r"\toprule", *body, r"\bottomrule")],
            r"  \end{tabular}",
            rf"\end{{{float}}}",
            "",
        ]
    )


def _notes(table: Table) -> tuple[tuple[str, ...], list[str]]:
    """The notes for a caption, and the versions and hashes that stood in them."""
    parts = [provenance(note) for note in table.notes]
    return tuple([note for note, _ in parts if note]), [said for _, said in parts if said]


def _width(heading: str, cells: Sequence[str]) -> int:
    """Characters of a column as it is printed, with the space beside it."""
    return max([len(MARKUP.sub("", cell)) for cell in (heading, *cells)]) + 2


MARKUP = re.compile(r"[{}$\\]|times")


def _label(text: str) -> str:
    """A label: what LaTeX takes in one."""
    return "".join([c if c.isascii() and (c.isalnum() or c in ":-_./+") else "-" for c in text])


def _long(table: Table, label: str, alignment: str, body: list[str], comments: list[str]) -> str:
    """A table that breaks across pages, its heading on each: no float holds so many rows."""
    head = [r"\toprule", _heading(table), r"\midrule"]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs,longtable}",
            *comments,
            rf"\begin{{longtable}}{{{alignment}}}",
            rf"  \caption{{{caption(table)}}}\label{{{_label(label)}}}\\",
            *["  " + line for line in (*head, r"\endfirsthead", *head, r"\endhead", *body[2:], r"\bottomrule")],
            r"\end{longtable}",
            "",
        ]
    )


def _heading(table: Table) -> str:
    return _row([_math(column.heading) or escape.latex(column.heading) for column in table.columns])


def _math(heading: str) -> str:
    """A heading that is mathematics, set as such; nothing of one that is words."""
    return {"alpha": r"$\alpha$", "rho": r"$\rho$", "1/N + 1/D_K^2": "$1/N + 1/D_K^2$"}.get(heading, "")


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


HASHES = re.compile(r",? ?(mbcost \S+, )?(tables? [0-9a-f]{16}(?: and [0-9a-f]{16})?)")


def provenance(note: str) -> tuple[str, str]:
    """A note without the version and the hashes of tables in it, and these: no reader of a paper wants them in a caption.

    >>> provenance("convention torch, mbcost 0.1.0, table d424e2bf24d542b5")
    ('convention torch', 'mbcost 0.1.0, table d424e2bf24d542b5')
    >>> provenance("all of it")
    ('all of it', '')
    """
    found = HASHES.search(note)
    if found is None:
        return note, ""
    return note[: found.start()] + note[found.end() :], "".join(filter(None, found.groups()))
