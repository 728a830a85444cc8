"""Exact arithmetic on sizes and widths, and the reading of alpha, rho, resolution and roundings from text.

A *dim* is a channel count or the side of a feature map. The same formulas serve every kind of dim:

* ``int``: the realised network, exact;
* ``Fraction``: the paper's idealised widths and sizes, exact;
* an integer array: a whole sweep at once;
* a SymPy expression: the closed form.

Only three operations depend on the kind: rounding a width, dividing a size, and deciding whether two widths are equal.
:class:`Arithmetic` has them for integers and arrays, :class:`Idealised` without any rounding; ``mbcost.symbolic`` has
them for expressions.
"""

from mbcost.dims.arithmetic import Arithmetic, Dim, Idealised, whole
from mbcost.dims.reading import (
    MAX_ALPHA,
    MAX_DEPTH,
    MAX_NUMBER_TEXT,
    MAX_RESOLUTION,
    NO_ROUNDING,
    ROUNDING_TEXT,
    ROUNDINGS,
    Rounding,
    exact_text,
    parse_alpha,
    parse_depth,
    parse_resolution,
    parse_rho,
    parse_rounding,
    rational,
    scaled_resolution,
)

__all__ = [
    "MAX_ALPHA",
    "MAX_DEPTH",
    "MAX_NUMBER_TEXT",
    "MAX_RESOLUTION",
    "NO_ROUNDING",
    "ROUNDINGS",
    "ROUNDING_TEXT",
    "Arithmetic",
    "Dim",
    "Idealised",
    "Rounding",
    "exact_text",
    "parse_alpha",
    "parse_depth",
    "parse_resolution",
    "parse_rho",
    "parse_rounding",
    "rational",
    "scaled_resolution",
    "whole",
]
