"""How a table is set in a paper, as it is asked for on the command line."""

from __future__ import annotations

from typing import Any

from mbcost.errors import MbcostError
from mbcost.report import Report
from mbcost.report.paper import Setting

__all__ = ["setting_of"]

OF_LATEX = ("label", "long")


def setting_of(options: dict[str, Any], format: str, report: Report) -> Setting:
    """What an author asks for, where the format and the report have room for it."""
    first = next(iter(options)).rstrip("_")
    if format not in {"latex", "markdown"} or (format == "markdown" and any(name in options for name in OF_LATEX)):
        first = first if format != "markdown" else next(name for name in OF_LATEX if name in options)
        kind = "LaTeX" if first in OF_LATEX else "LaTeX and Markdown"
        raise MbcostError(f"--{first} is for {kind}, and this is `-f {format}`", help="add -f latex, or leave it out")
    if format == "latex" and "latex" in report.forms:
        raise MbcostError(f"--{first} sets a table, and this answer is none in LaTeX", help="leave it out")
    if "digits" in options and "in_" not in options:
        raise MbcostError("--digits rounds counts in millions, and --in is not given", help="add --in M")
    names: dict[str, str] = {}
    for text in options.get("name", ()):
        model, equals, name = text.partition("=")
        if not (model and equals and name):
            raise MbcostError(f"--name `{text[:60]}` is not MODEL=NAME", help="write --name mobilenet_v1=MobileNetV1")
        names[model] = name
    return Setting(
        options.get("label", ""), options.get("caption", ""), options.get("in_", ""), options.get("digits", 1), names,
        long=options.get("long", False),
    )  # fmt: skip
