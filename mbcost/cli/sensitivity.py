"""How a cost reacts to alpha and rho, as a report: ``mbcost formula --sensitivity``."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mbcost.analysis.sensitivity import Sensitivity, sensitivity
from mbcost.report import Field, Report, Rows, at
from mbcost.symbolic.along import coefficients, text

__all__ = ["report", "sensitivity"]


def report(found: Sensitivity, head: dict[str, Any], heading: str) -> Report:
    """The partial derivatives, the shares by kind, and the crossovers, each as a table.

    In JSON exact rationals are texts p/q, elasticities and shares the nearest numbers.
    """
    point = f"{heading}, idealised"
    partials = (
        Field("quantity", "quantity"),
        Field("variable", "by"),
        Field("value", "value", "count", get=lambda p: _whole(p.value), to="columns"),
        Field("value", to="json"),
        Field("derivative", "derivative", "count", get=lambda p: _whole(p.derivative), to="columns"),
        Field("derivative", to="json"),
        Field("elasticity", "elasticity", "ratio"),
        Field("realised", "realised, from half to here", "ratio", 1, lambda p: _nearest(p.realised), "columns"),
        Field("realised_exponent", get=lambda p: p.realised, to="json"),
    )
    kinds = list(found.kinds)
    shares = [Field("alpha", "alpha", "number", get=lambda line: line[0])]
    shares += [Field(kind, kind, "share", get=at(_share_of, kind), optional=True) for kind in kinds]
    crossovers = (
        Field("smaller", "kinds", get=lambda c: " + ".join(c.smaller), to="columns"),
        Field("larger", "outweigh", get=lambda c: " + ".join(c.larger), to="columns"),
        Field("smaller", to="json"),
        Field("larger", to="json"),
        Field("alpha", "below alpha", "ratio"),
    )
    keys: dict[str, Any] = {
        **head,
        "partials": Rows(
            partials, found.partials, title=f"{point}: how the cost reacts",
            notes=("elasticity: the exponent the cost has here; alpha^2 would be 2",),
        ),
        "kinds": {kind: [str(term) for term in coefficients(series)] for kind, series in found.kinds.items()},
        "shares": Rows(
            shares, found.shares, title=f"{point}: share of the mult-adds by kind",
            notes=tuple(f"{kind}: {text(series, 'alpha')}" for kind, series in found.kinds.items()),
        ),
        "crossovers": Rows(crossovers, found.crossovers, title=f"{point}: which kinds outweigh the pointwise layers") if found.crossovers else [],
    }  # fmt: skip
    return Report("sensitivity/2", point, keys)


def _share_of(line: tuple[Fraction, dict[str, Fraction]], kind: str) -> Fraction | None:
    return line[1].get(kind)


def _whole(amount: Fraction) -> int:
    """A real value to the nearest whole number."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def _nearest(exponent: float | None) -> Fraction | None:
    return None if exponent is None else Fraction(str(round(exponent, 9)))
