"""Bounds of a cost that can only grow along alpha or along the resolution, whatever the network does in between."""

from __future__ import annotations

from fractions import Fraction

from mbcost.dims import Arithmetic, Dim
from mbcost.separated.forms import Separated, Size
from mbcost.separated.polynomial import ALPHA, Monomial, Poly, Values

__all__ = ["bounds"]

FLAGS = ("unequal", "at_least")


def bounds(separated: Separated, domain: int, alpha: Fraction, size: Size, upper: bool) -> Values:
    """A bound of every atom of a domain that only grows along its axis: flags are 0 or 1, quotients need not be whole."""
    atoms = separated.trace.atoms
    values: Values = [0] * len(atoms)
    program = separated.alpha if domain == ALPHA else separated.size
    start = Arithmetic(alpha.numerator, alpha.denominator, separated.rounding), int(size[0]), int(size[1])
    for number, step in program.steps:
        op, args, _ = atoms[number]
        if op in FLAGS:
            values[number] = int(upper)
        elif op == "poly":
            values[number] = _bound_of(separated, args[0], values, upper)
        elif op == "exact":
            values[number] = _bound_of(separated, args[0], values, upper) // args[1]
        else:
            values[number] = step(values, start)
    return values


def _bound_of(separated: Separated, form: Poly, values: Values, upper: bool) -> Dim:
    """A bound of a sum: from below, what is taken away must be flags, or nothing is known of it but that it is no less than 0."""
    atoms = separated.trace.atoms
    total: Dim = 0
    for monomial, factor in form.terms.items():
        if factor > 0:
            total += _times(monomial, factor, values)
        elif not upper:
            if any(atoms[number].op not in FLAGS for number in monomial):
                return 0
            total += factor
    return max(total, 0)


def _times(monomial: Monomial, factor: int, values: Values) -> Dim:
    product: Dim = factor
    for number in monomial:
        product = product * values[number]
    return product
