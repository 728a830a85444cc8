"""How a cost reacts to alpha and rho, as tables and as JSON: ``mbcost formula --sensitivity``."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mbcost.analysis.sensitivity import Sensitivity, sensitivity
from mbcost.cli.output import decimal
from mbcost.report import Column, Table

__all__ = ["document", "sensitivity", "tables"]


def tables(found: Sensitivity, heading: str) -> list[Table]:
    """The partial derivatives, the shares by kind, and the crossovers, each as a table."""
    point = f"{heading}, idealised"
    columns = (
        Column("quantity", "quantity"), Column("variable", "by"), Column("value", "value", "count"), Column("derivative", "derivative", "count"),
        Column("elasticity", "elasticity", "ratio"), Column("realised", "realised, since half", "ratio", 1),
    )  # fmt: skip
    rows = tuple(
        (
            p.quantity,
            p.variable,
            _whole(p.value),
            _whole(p.derivative),
            p.elasticity,
            None if p.realised is None else Fraction(str(round(p.realised, 9))),
        )
        for p in found.partials
    )
    first = Table(
        f"{point}: how the cost reacts",
        columns,
        rows,
        notes=("elasticity: the exponent the cost has here; alpha^2 would be 2",),
    )
    kinds = list(found.kinds)
    share_columns = (Column("alpha", "alpha", "number"), *(Column(kind, kind, "share") for kind in kinds))
    share_rows = tuple((alpha, *(shares.get(kind) for kind in kinds)) for alpha, shares in found.shares)
    forms = tuple(f"{kind}: {series.text('alpha')}" for kind, series in found.kinds.items())
    result = [first, Table(f"{point}: share of the mult-adds by kind", share_columns, share_rows, notes=forms)]
    if found.crossovers:
        cross_columns = (
            Column("smaller", "kinds"),
            Column("larger", "outweigh"),
            Column("alpha", "below alpha", "ratio"),
        )
        cross_rows = tuple((" + ".join(c.smaller), " + ".join(c.larger), c.alpha) for c in found.crossovers)
        result.append(Table(f"{point}: which kinds outweigh the pointwise layers", cross_columns, cross_rows))
    return result


def _whole(value: Fraction) -> int:
    """A real value to the nearest whole number."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def document(found: Sensitivity) -> dict[str, Any]:
    """The same as JSON keys: exact rationals as texts p/q, elasticities and shares as the nearest numbers."""
    return {
        "partials": [
            {
                "quantity": p.quantity, "variable": p.variable, "value": p.value, "derivative": p.derivative,
                "elasticity": decimal(p.elasticity), "realised_exponent": p.realised,
            }
            for p in found.partials
        ],
        "kinds": {kind: [str(term) for term in series.terms] for kind, series in found.kinds.items()},
        "shares": [{"alpha": str(alpha), **{kind: decimal(share) for kind, share in shares.items()}} for alpha, shares in found.shares],
        "crossovers": [{"smaller": list(c.smaller), "larger": list(c.larger), "alpha": decimal(c.alpha)} for c in found.crossovers],
    }  # fmt: skip
