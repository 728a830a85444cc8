"""``mbcost conv``: one bare convolution, standard and separable."""

from __future__ import annotations

from typing import Any

import click

from mbcost import __version__
from mbcost.analysis.compare import BareConv, Side, bare_conv
from mbcost.analysis.groups import share
from mbcost.cli.options import Choice, Question, output_options
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
from mbcost.report import Column, Table

__all__ = ["command"]


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
    factor = parse_alpha(alpha)
    map_size = scaled_resolution(parse_resolution(size), parse_rho(rho))
    found = bare_conv(
        _field("M", COUNT, m), _field("N", COUNT, n), _field("--kernel-size", PAIR, _pair(kernel_size)), map_size,
        _field("--stride", PAIR, _pair(stride)), Arithmetic(factor.numerator, factor.denominator, parse_rounding(rounding)),
    )  # fmt: skip
    facts: dict[str, Any] = {"alpha": str(factor), "rho": str(parse_rho(rho)), "kernel_size": _field("--kernel-size", PAIR, _pair(kernel_size)),
             "stride": _field("--stride", PAIR, _pair(stride)), "rounding": rounding, "batch": batch}  # fmt: skip
    if question.format == "json":
        question.emit(json_text(_document(found, facts, question.unit)))
        return
    (k_h, k_w), (s_h, s_w) = facts["kernel_size"], facts["stride"]
    title = (
        f"convolution {_size(found.input)} -> {_size(found.output)}, kernel {k_h} x {k_w}, stride {s_h if s_h == s_w else f'{s_h} x {s_w}'}, "
        f"alpha {exact_text(factor)}{f', batch {batch}' if batch != 1 else ''}, no bias, no norm"
    )
    question.emit(
        table_text(_table(title, found, batch, question.unit), question.format, to_file=question.output is not None)
    )


def _pair(text: str) -> Any:
    return text.split("x") if "x" in text else text


def _field(name: str, kind: Any, raw: Any) -> Any:
    try:
        return kind.read(raw)
    except MbcostError as error:
        raise MbcostError(f"{name}: {error.fact}", help=error.help) from None


def _document(found: BareConv, facts: dict[str, Any], unit: str) -> dict[str, Any]:
    def side(value: Side) -> dict[str, Any]:
        amount = facts["batch"] * value.mult_adds
        return {"mult_adds": amount, **({"flops": 2 * amount} if unit == "flops" else {}), "params": value.params}

    return {
        "schema": "mbcost/conv/1", "version": __version__, "convention": "torch", "unit": unit, **facts,
        "input": found.input, "output": found.output,
        "standard": side(found.standard), "depthwise": side(found.depthwise), "pointwise": side(found.pointwise),
        "separable": side(found.separable),
        "ratio": {"mult_adds": decimal(found.ratio), "params": decimal(found.params_ratio)}, "theory": decimal(found.theory),
    }  # fmt: skip


def _table(title: str, found: BareConv, batch: int, unit: str) -> Table:
    columns = [
        Column("name", "convolution", "name"),
        Column("mult_adds", "mult-adds", "count"),
        *([Column("flops", "FLOPs (2 x mult-adds)", "count")] if unit == "flops" else []),
        Column("ratio", "of standard", "ratio"),
        Column("params", "params", "count"),
        Column("params_ratio", "of standard", "ratio"),
    ]
    whole = found.standard
    rows = []
    for name in ("standard", "depthwise", "pointwise", "separable"):
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
    note = f"Theory: 1/N + 1/D_K^2 = {exact_text(found.theory)} of the standard mult-adds; separable = depthwise + pointwise."
    return Table(title, tuple(columns), tuple(rows), None, (note,), (3,))


def _size(shape: Any) -> str:
    return "x".join(str(side) for side in shape)
