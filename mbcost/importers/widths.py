"""Widths of a network at several alphas, as rules of the layer table: exact search over integers, never a fit.

What a row may say of a width is a :class:`Guess`: fixed, alpha x n, max(1, alpha) x n, or t times the input's channels, each
under a rounding rule. All guesses that give the width at every traced alpha are kept; where several are left, they name the alpha at
which they differ, and the network is traced there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import gcd
from typing import NamedTuple

from mbcost.dims import Arithmetic, Rounding

__all__ = ["FIRST", "Guess", "Site", "apart"]

FIRST = tuple(Fraction(n, 64) for n in (64, 24, 45, 93, 6))
"""Alphas to begin with: a float times a width is exact there."""

GRID = (
    *(Fraction(n, 4096) for n in range(205, 8192, 74)),
    *(Fraction(n, 32) for n in range(2, 64)),
    *(Fraction(n, 4096) for n in range(41, 205, 10)),
)
"""Alphas at which guesses may be told apart: off all breakpoints, on ties, and where least widths begin."""

RULES = ("divisor", "floor", "nearest", "ceil", "nearest-even", "floor+divisor")
MOST_DIVISOR = 512
ARITHMETIC = Arithmetic(1, 1, None)
NOISE = Fraction(1, 1 << 44)
"""Relative error that floating point may have in a product."""


class Guess(NamedTuple):
    """What a row may say of a width; ``rule`` is None where no rounding has a part in it."""

    mode: str
    value: int | Fraction
    rule: Rounding | None

    def at(self, alpha: Fraction, given: int, noise: Fraction = Fraction(0)) -> int:
        """The width at an alpha and so many input channels.

        >>> Guess("scale", 32, Rounding("divisor", 8)).at(Fraction(3, 4), 3)
        24
        """
        mode, value, rule = self
        if mode == "fixed":
            return int(value)
        over, under = value.numerator, value.denominator
        if mode == "ratio":
            over *= given
        elif mode == "scale" or alpha > 1:
            over, under = over * alpha.numerator, under * alpha.denominator
        if noise:
            over, under = over * (noise.denominator + noise.numerator), under * noise.denominator
        return int(ARITHMETIC.round(over, under, rule))


class Site:
    """One width of a row: its channels and its input's at every traced alpha, and the guesses that are left.

    ``modes`` are those that the row has words for, the first preferred.
    """

    __slots__ = ("given", "guesses", "modes", "noisy", "place", "widths")

    def __init__(self, place: str, modes: tuple[str, ...]) -> None:
        self.place = place
        self.modes = modes
        self.widths: dict[Fraction, int] = {}
        self.given: dict[Fraction, int] = {}
        self.guesses: list[Guess] | None = None
        self.noisy: dict[Guess, Fraction] = {}

    def add(self, alpha: Fraction, width: int, given: int) -> None:
        """What the network has at one alpha more; guesses that do not give it are dropped."""
        self.widths[alpha], self.given[alpha] = width, given
        if self.guesses is not None:
            self.guesses = [guess for guess in self.guesses if self._holds(guess, alpha)]

    @property
    def key(self) -> object:
        """What the guesses depend on."""
        return self.modes, tuple(self.widths.items()), tuple(self.given.items())

    def search(self) -> None:
        """Find all guesses that hold at every alpha so far."""
        self.guesses = [
            guess for guess in dict.fromkeys(self._candidates()) if all(self._holds(guess, a) for a in self.widths)
        ]

    def _holds(self, guess: Guess, alpha: Fraction) -> bool:
        width, given = self.widths[alpha], self.given[alpha]
        if guess.at(alpha, given) == width:
            return True
        if guess.mode == "ratio" and noise(guess, alpha, given, width):  # 200 * 2.3 is 459.99... in floating point
            self.noisy.setdefault(guess, alpha)
            return True
        return False

    def _candidates(self, at: Fraction | None = None) -> Iterator[Guess]:
        largest = at or max(self.widths)
        width, given = self.widths[largest], self.given[largest]
        if len(set(self.widths.values())) == 1:
            yield Guess("fixed", width, None)
        rules = list(_rules(self.widths.values()))
        for mode in self.modes:
            if mode in {"scale", "grow"}:
                for rule in rules:
                    low, high = (width - rule.divisor) / largest, (width + rule.divisor) / largest
                    for n in range(max(int(low), 1), int(high) + 2):
                        yield Guess(mode, n, rule)
            elif mode == "ratio":
                exact = {Fraction(self.widths[a], self.given[a]) for a in self.widths}
                near = {one.limit_denominator(most) for one in exact for most in (1, 2, 4, 6, 10, 16, 24, 64)}
                for t in sorted(exact | near, key=lambda t: (t.denominator, t)):
                    off = abs(t * given - width)
                    if 0 < t <= 10_000:
                        yield from (Guess(mode, t, rule) for rule in rules if off <= rule.divisor)

    def broken(self) -> tuple[Fraction, Fraction, Guess | None]:
        """Where no guess holds: alpha 1 or the one nearest to it, the first alpha that breaks the last guess, and that guess."""
        first, *order = sorted(self.widths, key=lambda a: (abs(a - 1), a))
        left = [guess for guess in dict.fromkeys(self._candidates(first)) if self._holds(guess, first)]
        left.sort(
            key=lambda guess: (
                guess.value != self.widths[first],
                guess.rule is not None and guess.rule.least,
                guess.mode == "ratio",
            )
        )
        for alpha in order:
            further = [guess for guess in left if self._holds(guess, alpha)]
            if not further:
                return first, alpha, left[0] if left else None
            left = further
        return first, order[-1], left[0]

    def under(self, rule: Rounding) -> list[Guess]:
        """The guesses that hold under one rule, the preferred mode first."""
        own = [guess for guess in self.guesses or () if guess.rule in {None, rule}]
        return sorted(
            own,
            key=lambda guess: (guess.mode != "fixed", self.modes.index(guess.mode) if guess.mode in self.modes else 0),
        )


def noise(guess: Guess, alpha: Fraction, given: int, width: int) -> bool:
    """Whether a width is what a guess gives but for the error of floating point.

    >>> noise(Guess("ratio", Fraction(23, 10), Rounding("divisor", 8)), Fraction(1), 200, 456)
    True
    """
    return guess.mode != "fixed" and any(guess.at(alpha, given, error) == width for error in (NOISE, -NOISE))


def _rules(widths: Iterable[int]) -> Iterator[Rounding]:
    """Rules under which all of some widths can come out."""
    values = sorted(set(widths))
    for least in dict.fromkeys((0, values[0])):
        above = [value for value in values if value > least]
        common = gcd(*above)
        for divisor in range(min(common, MOST_DIVISOR), 0, -1):
            if common % divisor == 0:
                for rule in RULES:
                    if divisor > 1 or not rule.endswith("divisor"):
                        yield Rounding(rule, divisor, least)


def apart(sites: Iterable[Site], known: Iterable[Fraction], rules: set[Rounding]) -> Fraction | None:
    """The alpha at which what is left of the guesses differs most; None where they agree wherever one may look."""
    best: tuple[int, Fraction | None] = (0, None)
    seen = set(known)
    pairs: dict[object, tuple[Site, list[Guess]]] = {}
    made: dict[object, Guess] = {}
    for site in sites:
        left = site.guesses or []
        own = [guess for guess in left if guess.rule is None or guess.rule in rules] or left
        plain = next((guess for guess in own if guess.mode != "ratio"), None)
        if plain is not None:
            made.setdefault(tuple(site.widths.items()), plain)
        if len(own) > 1:
            pairs.setdefault((tuple(site.widths.values()), tuple(site.given.values())), (site, own[:40]))
    for alpha in GRID:
        if alpha in seen:
            continue
        count = 0
        for site, own in pairs.values():
            above = made.get(tuple(site.given.items()))
            given = _supposed(site.given, alpha) if above is None else above.at(alpha, 0)
            widths = {guess.at(alpha, given) for guess in own}
            if 0 in widths:  # no network has such a width: there is nothing to look at
                count = 0
                break
            count += len(widths) - 1
        if count > best[0]:
            best = count, alpha
    return best[1]


def _supposed(given: dict[Fraction, int], alpha: Fraction) -> int:
    """About how many input channels there are at an alpha that was not traced."""
    largest = max(given)
    least = min(given.values())
    return least if given[largest] == least else max(int(given[largest] * alpha / largest) // 8 * 8, 8)
