"""What the options say of a figure: its kind, its width, its style; and where it goes, with a caption to begin from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mbcost.cli.completion import completing
from mbcost.cli.output import complain, write
from mbcost.cli.words import FILE
from mbcost.dims import rational
from mbcost.errors import MbcostError, Place, nearest
from mbcost.escape import line

if TYPE_CHECKING:
    from mbcost.plot import Form

__all__ = ["Drawing", "drawing", "figure_options"]

WIDTHS = {"column": "3.4", "text": "7"}
"""Inches of one column of a two-column paper, and of both with what is between them."""

SET = (
    "font.", "axes.", "xtick.", "ytick.", "legend.", "lines.", "grid.", "mathtext.", "text.color", "svg.fonttype", "pdf.fonttype",
)  # fmt: skip
"""What a style may set: how a figure looks. Neither what matplotlib runs (TeX) nor what it evaluates (cycles of properties)."""
NEVER = ("axes.prop_cycle",)


class Drawing(NamedTuple):
    """A figure that is asked for."""

    path: str
    form: Form

    def save(self, figure: bytes, caption: str) -> None:
        """Write it in one step; on standard error a caption to begin from."""
        write(figure, self.path)
        complain(f"caption: {line(caption)}")


def figure_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--figure-width`` and ``--style``."""
    for option in (
        click.option("--style", type=FILE, metavar="FILE", help="Of the figure: fonts, lines, ... as matplotlib's style files have them."),
        click.option("--figure-width", metavar="INCHES", shell_complete=completing(lambda _: WIDTHS), help="Of the figure: inches, column (3.4) or text (7).  [default: column]"),
    ):  # fmt: skip
        function = option(function)
    return function


def drawing(path: str | None, width: str | None, style: str | None, *, option: str = "--plot") -> Drawing | None:
    """The figure asked for, None where there is none."""
    if path is None:
        for name, given in (("--figure-width", width), ("--style", style)):
            if given is not None:
                raise MbcostError(f"{name} is for a figure, and none is drawn", help=f"add {option} FILE.pdf")
        return None
    kind = path.rpartition(".")[2].lower()
    if kind not in {"png", "svg", "pdf"}:
        raise MbcostError(f"--plot `{path[:200]}` names no kind of figure", help="end it in .png, .svg or .pdf")
    from mbcost.plot import COLUMN, Form

    return Drawing(
        path, Form(kind, COLUMN[0] if width is None else _inches(width), () if style is None else _style(style))
    )


def _inches(text: str) -> float:
    value = rational(WIDTHS.get(text, text), "--figure-width") if text in WIDTHS or text[:1].isdigit() else None
    if value is None or not 1 <= value <= 30:
        raise MbcostError(
            f"--figure-width `{text[:40]}` is not 1 to 30 inches", help="write a number of inches, column or text"
        )
    return float(value)


def _style(path: str) -> tuple[tuple[str, str], ...]:
    """The settings of a style file: a key, a colon and a value a line; what is behind a # is a remark."""
    from mbcost.documents.nodes import read_bytes, read_text

    found: dict[str, str] = {}
    for number, text in enumerate(read_text(read_bytes(path), path).splitlines(), 1):
        said = text.partition("#")[0].strip()
        if not said:
            continue
        key, colon, value = (part.strip() for part in said.partition(":"))
        place = Place(path, number, 1, text)
        if not colon:
            raise MbcostError(f"`{key[:60]}` has no value", help="write font.family: serif", place=place)
        if not key.startswith(SET) or key in NEVER:
            close = nearest(key, list(SET))
            raise MbcostError(
                f"a style does not set `{key[:60]}` here",
                help=f"did you mean {close}?" if close else f"it sets keys that begin with {', '.join(SET)}",
                place=place,
            )
        found[key] = value.strip("\"'")
    return tuple(found.items())
