"""``mbcost conv``: one bare convolution, standard and separable."""

from __future__ import annotations

from typing import Any

import click

from mbcost.analysis.compare import bare_conv
from mbcost.analysis.groups import share
from mbcost.cli.options import Question, Whole, counting_options, output_options
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
from mbcost.layers import Row
from mbcost.layers.base import COUNT, PAIR
from mbcost.network import variant_of
from mbcost.quantities import BASIC, Quantity, measured
from mbcost.report import Field, Report, Rows, at
from mbcost.report.numbers import shape
from mbcost.report.report import value

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
@click.option("--batch", type=Whole(1, 1_000_000), default=1, show_default=True, metavar="N", help="Images a pass.")
@counting_options
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
        batch,
    )
    fields = [Field("name", "convolution", "name", get=lambda side: side[0], to="columns")]
    fields += [Field(one.name, one.heading, "count", get=at(_amount, one)) for one in question.keyed()]
    ratios = {name: measured(name) for name in BASIC}
    whole = {name: quantity.total((found.standard,)) for name, quantity in ratios.items()}
    for name, quantity in ratios.items():
        key, priority = ("ratio", 0) if name == "mult_adds" else ("params_ratio", 1)
        get = at(_ratio, quantity, whole[name])
        after = next(
            i for i, field in enumerate(fields) if field.key == (question.usual[-2] if name == "mult_adds" else name)
        )
        fields.insert(after + 1, Field(key, "of standard", "ratio", priority, get, "columns"))
    sides = list(found.sides.items())
    rows = Rows(fields, sides, sections=(3,), data=False)
    keys = {
        "alpha": str(factor), "rho": str(multiplier), "kernel_size": window, "stride": step, "convention": str(convention), "rounding": rounding,
        "batch": batch, "unit": question.unit, "input": found.input, "output": found.output,
        **{name: rows.object((name, side)) for name, side in sides},
        "ratio": {name: value(share(q.total(found.sides["separable"]), whole[name]), "ratio") for name, q in ratios.items()},
        "theory": value(found.theory, "ratio"), "table": rows,
    }  # fmt: skip
    words = [
        f"convolution {shape(found.input)} -> {shape(found.output)}",
        f"kernel {shape(window)}",
        f"stride {shape(step)}",
        f"alpha {exact_text(factor)}",
        *([f"rounding {rounding}"] if factor != 1 else []),
        *([f"batch {batch}"] if batch != 1 else []),
        f"convention {convention}",
        "no bias, no norm",
    ]
    area = "D_K^2" if window[0] == window[1] else "(K_h K_w)"
    note = f"Theory: 1/N + 1/{area} = {exact_text(found.theory)} of the standard mult-adds; separable = depthwise + pointwise."
    question.emit(Report("conv/1", ", ".join(words), keys, (note,)))


def _amount(side: tuple[str, tuple[Row, ...]], quantity: Quantity) -> Any:
    return quantity.total(side[1])


def _ratio(side: tuple[str, tuple[Row, ...]], quantity: Quantity, whole: Any) -> Any:
    return share(quantity.total(side[1]), whole)


def _pair(text: str) -> Any:
    return text.split("x") if "x" in text else text


def _field(name: str, kind: Any, raw: Any) -> Any:
    try:
        return kind.read(raw)
    except MbcostError as error:
        raise MbcostError(f"{name}: {error.fact}", help=error.help) from None
