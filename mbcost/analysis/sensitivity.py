"""How a cost reacts to alpha and rho: derivatives, elasticities, shares by kind, and where one kind outweighs another.

The idealised cost is a polynomial in alpha and in rho, so all of this is exact. An elasticity is the exponent that the
cost has at a point: a cost that were alpha^2 would have 2 everywhere. What is linear in alpha (depthwise layers, the
first convolution, the classifier) pulls it down, the more the smaller alpha is.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import log2
from typing import NamedTuple

from mbcost.dims import MAX_ALPHA, Dim
from mbcost.errors import MbcostError
from mbcost.layers import Row
from mbcost.network import PLAIN, Network, Variant
from mbcost.network.bounds import check_written
from mbcost.separated.forms import Form, Separated, separate
from mbcost.symbolic.along import AlongAlpha, Polynomial, coefficients, polynomial, slope_at, value_at

__all__ = ["Crossover", "Partial", "Sensitivity", "sensitivity"]

SHARES_AT = tuple(Fraction(text) for text in ("1/16", "1/8", "1/4", "1/2", "3/4", "1", "7/5", "2"))
"""The alphas at which shares by kind are shown."""


class Partial(NamedTuple):
    """How one quantity reacts to alpha or to rho: its value, its derivative, its elasticity.

    ``realised`` is the exponent the realised cost has had on average since half of alpha or rho.
    """

    quantity: str
    variable: str
    value: Fraction
    derivative: Fraction
    elasticity: Fraction | None
    realised: float | None


class Crossover(NamedTuple):
    """The alpha below which the kinds on the left cost more mult-adds than those on the right."""

    smaller: tuple[str, ...]
    larger: tuple[str, ...]
    alpha: Fraction


class Sensitivity(NamedTuple):
    """All of it, at one point of one network."""

    model: str
    alpha: Fraction
    resolution: tuple[int, int]
    partials: tuple[Partial, ...]
    kinds: dict[str, Polynomial]
    shares: tuple[tuple[Fraction, dict[str, Fraction]], ...]
    crossovers: tuple[Crossover, ...]


class _Surface:
    """The idealised cost around a point: polynomials in alpha at its resolution, and in rho at its alpha."""

    def __init__(self, network: Network, separated: Separated, alpha: Fraction, resolution: tuple[int, int]) -> None:
        self.alpha = alpha
        base_height, base_width = network.base_resolution
        self.rho = Fraction(resolution[0], base_height)
        self.separated = separated
        self.sides = separated.size.run(AlongAlpha(False), *resolution)
        across = Fraction(resolution[1]) / self.rho
        self.sides_by_rho = separated.size.run(AlongAlpha(False), polynomial([0, base_height]), polynomial([0, across]))
        self.narrow = separated.alpha.run(AlongAlpha(False))
        self.wide = separated.alpha.run(AlongAlpha(True))
        self.base_width = base_width

    def along_alpha(self, form: Form, at: Fraction) -> Polynomial:
        """A quantity as a polynomial in alpha, valid around one alpha."""
        p = form.p(self.wide if at > 1 else self.narrow)
        return _sum(p, form.q(self.sides))

    def along_rho(self, form: Form) -> Polynomial:
        """A quantity as a polynomial in rho."""
        p = [value_at(polynomial(x), self.alpha) for x in form.p(self.wide if self.alpha > 1 else self.narrow)]
        return _sum(p, form.q(self.sides_by_rho))


def _sum(p: list[Dim], q: list[Dim]) -> Polynomial:
    total = polynomial(0)
    for x, y in zip(p, q, strict=True):
        total += polynomial(x) * polynomial(y)
    return total


def sensitivity(network: Network, variant: Variant = PLAIN) -> Sensitivity:
    """How the network's cost reacts to alpha and rho at one point.

    At alpha 1, where widths that alpha can only enlarge begin to grow, derivatives are those towards smaller alphas.

    >>> import mbcost
    >>> from mbcost.symbolic.along import text
    >>> found = sensitivity(mbcost.load("mobilenet_v1"))
    >>> text(found.kinds["pointwise"], "x"), text(found.kinds["depthwise"], "x")
    ('539492352 x^2', '17385984 x')
    >>> round(float(found.partials[0].elasticity), 4), round(float(found.partials[1].elasticity), 4)
    (1.9486, 1.9964)
    """
    variant = network.resolved(variant)
    check_written(len(network.placed(variant).layers))
    alpha, resolution = variant.alpha, variant.size
    separated = separate(network, variant)
    if separated is None:
        raise MbcostError(
            f"the cost of `{network.name}` is no polynomial in alpha and rho",
            help="ask for the cost at several points: mbcost sweep",
        )
    surface = _Surface(network, separated, alpha, resolution)
    partials = []
    for quantity in ("mult_adds", "params"):
        (form,) = separated.forms(quantity)
        for variable, series, at in (
            ("alpha", surface.along_alpha(form, alpha), alpha),
            ("rho", surface.along_rho(form), surface.rho),
        ):
            value, slope = value_at(series, at), slope_at(series, at)
            realised = _realised(network, quantity, variable, variant)
            partials.append(Partial(quantity, variable, value, slope, slope * at / value if value else None, realised))
    forms = _by_kind(separated)
    kinds = {kind: surface.along_alpha(form, alpha) for kind, form in forms.items()}
    shares = []
    for at in sorted({*SHARES_AT, alpha}):
        costs = {kind: value_at(surface.along_alpha(form, at), at) for kind, form in forms.items()}
        whole = sum(costs.values())
        shares.append((at, {kind: cost / whole for kind, cost in costs.items()} if whole else {}))
    return Sensitivity(
        network.name, alpha, resolution, tuple(partials), kinds, tuple(shares), tuple(_crossovers(surface, forms))
    )


def _by_kind(separated: Separated) -> dict[str, Form]:
    """The mult-adds of every kind that has some."""
    found: dict[str, list[Row]] = {}
    for row in separated.trace.rows:
        found.setdefault(row.kind, []).append(row)
    sums = {kind: sum([row.mult_adds for row in rows]) for kind, rows in found.items()}
    return {
        kind: Form(separated.trace.separated(total)) for kind, total in sums.items() if type(total) is not int or total
    }


def _realised(network: Network, quantity: str, variable: str, variant: Variant) -> float | None:
    """log2 of what doubling alpha, or the resolution, up to this point has multiplied the realised cost by."""
    alpha, size = variant.alpha, variant.size
    half = (
        (alpha / 2, size) if variable == "alpha" else (alpha, (max(1, (size[0] + 1) // 2), max(1, (size[1] + 1) // 2)))
    )
    try:
        here = network.count(variant).total(quantity)
        there = network.count(variant.at(*half)).total(quantity)
    except MbcostError:
        return None
    return log2(here / there) if here and there else None


def _crossovers(surface: _Surface, forms: dict[str, Form]) -> list[Crossover]:
    """Where depthwise layers and the first convolution, each and together, and all but pointwise outweigh the pointwise layers."""
    if "pointwise" not in forms:
        return []
    others = tuple(kind for kind in forms if kind != "pointwise")
    groups: list[tuple[str, ...]] = [(kind,) for kind in others]
    groups += [
        group
        for group in (("conv", "depthwise"), others)
        if len(group) > 1 and set(group) <= set(forms) and group not in groups
    ]
    found = []
    for group in dict.fromkeys(tuple(sorted(group)) for group in groups):
        alpha = _root(surface, [forms[kind] for kind in group], forms["pointwise"])
        if alpha is not None:
            found.append(Crossover(group, ("pointwise",), alpha))
    return found


def _root(surface: _Surface, smaller: list[Form], larger: Form) -> Fraction | None:
    """The largest alpha at which several forms stop outweighing another; exact where it is rational in one step."""

    def ahead(at: Fraction) -> Polynomial:
        total = surface.along_alpha(larger, at) * -1
        for form in smaller:
            total += surface.along_alpha(form, at)
        return total

    places = [Fraction(MAX_ALPHA) / 2**power for power in range(26, -1, -1)]
    for high, low in zip(reversed(places), reversed(places[:-1]), strict=False):
        if not (value_at(ahead(low), low) > 0 >= value_at(ahead(high), high)):
            continue
        series = ahead(high)
        terms = coefficients(series)
        while terms and not terms[0]:
            terms = terms[1:]
        if len(terms) == 2 and low < (root := -terms[0] / terms[1]) <= high:
            return root
        return _between(low, high, lambda at: value_at(ahead(at), at))
    return None


def _between(low: Fraction, high: Fraction, difference: Callable[[Fraction], Fraction]) -> Fraction:
    """The place in an interval where a difference changes its sign, to twelve decimals."""
    while high - low > Fraction(1, 10**13):
        middle = (low + high) / 2
        low, high = (middle, high) if difference(middle) > 0 else (low, middle)
    return Fraction(round(low * 10**12), 10**12)
