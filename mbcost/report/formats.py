"""The formats of reports: a name and a function each. Every command knows them all.

A format is a function of a report and of where it goes to. Those of this room are imported when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from mbcost.report.report import Report
from mbcost.report.table import Table, Where

if TYPE_CHECKING:
    from mbcost.report.paper import Setting

__all__ = ["FORMATS", "Format", "register", "render"]


Format: TypeAlias = Callable[[Report, Where], str]

FORMATS: dict[str, Format] = {}
"""Every format by its name, in the order in which help texts list them."""


def register(name: str, format: Format) -> None:
    """Make a format known to every command.

    >>> register("json", lambda report, where: "")
    Traceback (most recent call last):
    ValueError: the format json is registered twice
    """
    if name in FORMATS:
        raise ValueError(f"the format {name} is registered twice")
    FORMATS[name] = format


def render(
    what: Report | Table, fmt: str, *, width: int | None = None, color: bool = False, ascii: bool = False,
    setting: Setting | None = None,
) -> str:  # fmt: skip
    """A report, or one table, in one of the formats (or in a form of the report's own), as text that ends in a newline.

    `width` is the terminal's; without one (off a terminal) nothing is folded or left out. With `color`, headings and totals
    are bold; it never carries meaning. `ascii` writes everything in ASCII, for a stream that takes no more. Width and colour
    concern `table` only. A `setting` is an author's wishes for tables in LaTeX and Markdown.

    >>> render(Table("", (), ()), "html")
    Traceback (most recent call last):
    ValueError: unknown format `html`; the formats are table, json, csv, markdown, latex
    """
    report = Report("table/0", "", {"table": what}) if isinstance(what, Table) else what
    where = Where(width, color, ascii, setting)
    format = report.forms.get(fmt)
    if format is not None:
        return format(where)
    if fmt not in FORMATS:
        raise ValueError(f"unknown format `{fmt}`; the formats are {', '.join([*FORMATS, *report.forms])}")
    return FORMATS[fmt](report, where)


def tables(report: Report, where: Where, audience: str = "people") -> list[Table]:
    """The tables of a report, in ASCII where it goes to a stream that takes no more."""
    found = report.tables(audience)
    if where.setting is not None:
        from mbcost.report.paper import set_table

        found = [set_table(table, where.setting) for table in found]
    if where.ascii:
        from mbcost.report.ascii import in_ascii

        return [in_ascii(table) for table in found]
    return found


def _screen(report: Report, where: Where) -> str:
    from mbcost.report.screen import screen

    return "\n".join(
        [screen(table, width=where.width, color=where.color, ascii=where.ascii) for table in tables(report, where)]
    )


def _json(report: Report, where: Where) -> str:
    from mbcost.report.document import json_text

    return json_text(report.document())


def _csv(report: Report, where: Where) -> str:
    from mbcost.report.delimited import csv_text

    return "\n".join(map(csv_text, tables(report, where, "csv")))


def _markdown(report: Report, where: Where) -> str:
    from mbcost.report.markdown import markdown

    return "\n".join(map(markdown, tables(report, where)))


def _latex(report: Report, where: Where) -> str:
    from mbcost.report.latex import latex, slug

    setting = where.setting
    long, label = (False, "") if setting is None else (setting.long, setting.label)
    models = _models(report)
    if not label and models:
        label = "tab:" + slug(" ".join([report.schema.partition("/")[0], *models]))
    texts = []
    for n, table in enumerate(tables(report, where)):
        own = f"{label}-{n + 1}" if label and n else label
        texts.append(latex(table, own or f"tab:{slug(table.title)}", long=long))
    return "\n".join(texts)


def _models(report: Report) -> list[str]:
    """The models a report is about: what its label says, and does not change with a variant."""
    found = report.contents
    listed = [found.get("model"), *[one.get("model") for one in found.get("models", ()) if isinstance(one, dict)]]
    sides = [found[side].get("model") for side in ("old", "new") if isinstance(found.get(side), dict)]
    return [str(model) for model in [*listed, *sides] if model][:4]


for _name, _format in {"table": _screen, "json": _json, "csv": _csv, "markdown": _markdown, "latex": _latex}.items():
    register(_name, _format)
