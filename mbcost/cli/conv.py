"""``mbcost conv``: one bare convolution, standard and separable."""

from __future__ import annotations

from typing import Any

import click

from mbcost import __version__
from mbcost.analysis.compare import BareConv, Side, bare_conv
from mbcost.analysis.groups import share
from mbcost.cli.options import Choice, ConventionName, File, Question, output_options
from mbcost.cli.output import decimal, json_text, table_text
from mbcost.dims import (
    Arithmetic,
    exact_text,
    parse_alpha,
    parse_resolution,
    parse_rho,
    parse_rounding,
    scaled_resolution,
)
from mbcost.errors import MbcostError
from mbcost.layers.base import COUNT, PAIR
from mbcost.network import variant_of
from mbcost.report import Column, Table

__all__ = ["command"]

SIDES = ("standard", "depthwise", "pointwise", "separable")


@click.command("conv", short_help="One convolution: standard, depthwise, pointwise, separable.")
@click.argument("m")
@click.argument("n")
@click.option("-k", "--kernel-size", default="3", show_default=True, metavar="K", help="Kernel size D_K: 3, or 3x5.")
@click.option("--size", required=True, metavar="D_F", help="Input map: 14, or 14x20 (height x width).")
@click.option("--stride", default="1", show_default=True, metavar="S", help="Stride: 2, or 2x1.")
@click.option("-a", "--alpha", default="1", show_default=True, metavar="A", help="Width multiplier, on M and N.")
@click.option("--rho", default="1", show_default=True, metavar="RHO", help="Resolution multiplier, on D_F.")
@click.option(
    "--rounding", default="floor", show_default=True, metavar="RULE", help="Rule for widths: floor, divisor:8, none."
)
@click.option(
    "--batch", type=click.IntRange(1, 1_000_000), default=1, show_default=True, metavar="N", help="Images a pass."
)
@click.option("--convention", type=ConventionName(), default="torch", show_default=True, help="Counting rule.")
@click.option("--conventions", type=File(), help="Counting rules of your own, beside the shipped ones.")
@click.option(
    "--unit",
    type=Choice(["mult_adds", "flops"]),
    default="mult_adds",
    show_default=True,
    help="flops adds 2 x mult-adds.",
)
@output_options
def command(
    m: str,
    n: str,
    kernel_size: str,
    size: str,
    stride: str,
    alpha: str,
    rho: str,
    rounding: str,
    batch: int,
    **options: Any,
) -> None:
    """One convolution of M to N channels, without bias or norm: standard, and depthwise + pointwise in its place.

    \b
    mbcost conv 512 512 --size 14                         Table 3 of the MobileNets paper, rows 1 and 2
    mbcost conv 512 512 --size 14 -a 0.75                 row 3
    mbcost conv 512 512 --size 14 -a 0.75 --rho 5/7       row 4
    """
    question = Question(options)
    convention = variant_of(convention=question.options["convention"]).convention
    factor, multiplier = parse_alpha(alpha), parse_rho(rho)
    window = _field("--kernel-size", PAIR, _pair(kernel_size))
    step = _field("--stride", PAIR, _pair(stride))
    found = bare_conv(
        _field("M", COUNT, m),
        _field("N", COUNT, n),
        window,
        scaled_resolution(parse_resolution(size), multiplier),
        step,
        Arithmetic(factor.numerator, factor.denominator, parse_rounding(rounding)),
        convention,
    )
    if question.format == "json":
        facts = {"alpha": str(factor), "rho": str(multiplier), "kernel_size": window, "stride": step}
        facts |= {"convention": str(convention), "rounding": rounding, "batch": batch, "unit": question.unit}
        question.emit(json_text(_document(found, facts)))
        return
    words = [
        f"convolution {_size(found.input)} -> {_size(found.output)}",
        f"kernel {_size(window)}",
        f"stride {_size(step)}",
        f"alpha {exact_text(factor)}",
        *([f"rounding {rounding}"] if factor != 1 else []),
        *([f"batch {batch}"] if batch != 1 else []),
        f"convention {convention}",
        "no bias, no norm",
    ]
    title = ", ".join(words)
    question.emit(
        table_text(
            _table(title, found, window, batch, question.unit), question.format, to_file=question.output is not None
        )
    )


def _pair(text: str) -> Any:
    return text.split("x") if "x" in text else text


def _field(name: str, kind: Any, raw: Any) -> Any:
    try:
        return kind.read(raw)
    except MbcostError as error:
        raise MbcostError(f"{name}: {error.fact}", help=error.help) from None


def _document(found: BareConv, facts: dict[str, Any]) -> dict[str, Any]:
    def side(value: Side) -> dict[str, Any]:
        amount = facts["batch"] * value.mult_adds
        flops = {"flops": 2 * amount} if facts["unit"] == "flops" else {}
        return {"mult_adds": amount, **flops, "params": value.params}

    return {
        "schema": "mbcost/conv/1",
        "version": __version__,
        **facts,
        "input": found.input,
        "output": found.output,
        **{name: side(getattr(found, name)) for name in SIDES},
        "ratio": {"mult_adds": decimal(found.ratio), "params": decimal(found.params_ratio)},
        "theory": decimal(found.theory),
    }


def _table(title: str, found: BareConv, window: tuple[int, int], batch: int, unit: str) -> Table:
    columns = [
        Column("name", "convolution", "name"),
        Column("mult_adds", "mult-adds", "count"),
        *([Column("flops", "FLOPs (2 x mult-adds)", "count")] if unit == "flops" else []),
        Column("ratio", "of standard", "ratio"),
        Column("params", "params", "count"),
        Column("params_ratio", "of standard", "ratio", 1),
    ]
    whole = found.standard
    rows = []
    for name in SIDES:
        side: Side = getattr(found, name)
        amount = batch * side.mult_adds
        flops = (2 * amount,) if unit == "flops" else ()
        rows.append(
            (
                name,
                amount,
                *flops,
                share(side.mult_adds, whole.mult_adds),
                side.params,
                share(side.params, whole.params),
            )
        )
    area = "D_K^2" if window[0] == window[1] else "(K_h K_w)"
    note = f"Theory: 1/N + 1/{area} = {exact_text(found.theory)} of the standard mult-adds; separable = depthwise + pointwise."
    return Table(title, tuple(columns), tuple(rows), None, (note,), (3,))


def _size(shape: Any) -> str:
    return "x".join(map(exact_text, shape))
