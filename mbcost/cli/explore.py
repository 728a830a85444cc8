"""``mbcost explore``: one HTML file with sliders that answers exactly."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

import click

from mbcost.cli.code import load, model_options
from mbcost.cli.options import FILE, MODEL, WHOLE, given_limits, limit_options, settings
from mbcost.cli.output import complain, write
from mbcost.errors import MbcostError
from mbcost.escape import line
from mbcost.explore.packing import begun, page, placed, shipped
from mbcost.network import variant_of
from mbcost.quantities import bits_of

__all__ = ["OUTPUT", "command"]

OUTPUT = "mbcost-explorer.html"
MOST_DEPTHS = 24


@click.command("explore", short_help="Sliders for a paper: one HTML file that answers exactly.")
@click.argument("models", nargs=-1, required=True, type=MODEL)
@click.option("-o", "--output", type=FILE, default=OUTPUT, show_default=True, help="The file; - is stdout.")
@click.option("--open", "opened", is_flag=True, help="Open it in the browser.")
@limit_options("check", "max")
@click.option("--depth", metavar="D,...", help="Depth multipliers to choose from: 1,1.2,1.4; a family's own are there.")
@click.option("--rounding", metavar="RULE", help="Rule for widths: floor, divisor:8, floor+divisor:8.")
@click.option("--classes", type=WHOLE, metavar="N", help="Outputs of the classifier.")
@click.option("--set", multiple=True, metavar="ROW.FIELD=VALUE", help="Replace a field of a row.")
@click.option("--without", multiple=True, metavar="GLOB", help="Drop rows.")
@model_options
def command(
    models: tuple[str, ...], output: str, opened: bool, depth: str | None, bits: int | None, weight_bits: int | None, activation_bits: int | None, rounding: str | None, classes: int | None,
    set: tuple[str, ...], without: tuple[str, ...], **limits: Any,
) -> None:  # fmt: skip
    """A page with sliders for alpha, the resolution and the depth of MODELS, and the same integers as the command line.

    It is one file without a server or a network: it opens from disk, and stands beside a paper or in a mail.

    \b
    mbcost explore mobilenet_v1 mobilenet_v2
    mbcost explore mobilenet_v1@0.5/160                opens at this point
    mbcost explore net.yaml --max-mult-adds 300M -o net.html
    mbcost explore mobilenet_v2 -o - > v2.html
    """
    bits_of(bits)
    if weight_bits is not None or activation_bits is not None:
        raise MbcostError("the page has one bit width, for weights and activations alike", help="give --bits")
    budgets = begun((one, text, f"--max-{one.option}") for _, one, text in given_limits(limits, "check", "max"))
    if opened and output == "-":
        raise MbcostError("--open needs a file, and -o - writes to stdout", help="leave one of them out")
    variant = variant_of(rounding=rounding, classes=classes, set=settings(set), without=without)
    networks, points = placed(models, load)
    text = page(
        networks, shipped(), variant=variant, budgets=budgets, bits=bits or 0, points=points, depths=_depths(depth)
    )
    deliver(text, output, opened=opened)


def _depths(text: str | None) -> list[Fraction]:
    """The depth multipliers of ``--depth``: each is a layout of its own in the file."""
    from mbcost.dims import parse_depth

    words = [] if text is None else text.split(",")
    if len(words) > MOST_DEPTHS:
        raise MbcostError(
            f"--depth has {len(words)} values, and each makes the file larger", help=f"give at most {MOST_DEPTHS}"
        )
    return [parse_depth(word.strip()) for word in words]


def deliver(text: str, output: str, *, opened: bool = False) -> None:
    """Write the page in one step, say where, and open it where that is asked for."""
    write(text, output)
    if output == "-":
        return
    complain(line(f"wrote {output} ({len(text.encode()):,} bytes)"))
    if opened:
        import webbrowser
        from pathlib import Path

        if not webbrowser.open(Path(os.path.abspath(output)).as_uri()):
            raise MbcostError("no browser could be opened", help=f"open {output} in one yourself")
