"""Widths of a network at several alphas, as rules of the layer table: exact search over integers, never a fit.

What a row may say of a width is a :class:`Guess`: fixed, alpha x n, max(1, alpha) x n, or t times the input's channels, each
under a rounding rule. All guesses that give the width at every traced alpha are kept. Where one is chosen, :func:`rivals` are
the others that differ from it anywhere, each with the alpha nearest to 1 at which it does; the network is traced there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from heapq import merge
from itertools import chain, pairwise, takewhile
from math import ceil, gcd
from typing import NamedTuple, TypeAlias

from mbcost.dims import Arithmetic, Rounding

__all__ = ["FIRST", "HIGH", "LOW", "Given", "Guess", "Rival", "Site", "noise", "plainness", "rivals"]

FIRST = tuple(Fraction(n, 64) for n in (64, 24, 45, 93, 6))
"""Alphas to begin with: a float times a width is exact there."""

LOW, HIGH = Fraction(1, 16), Fraction(4)
"""The range of alpha in which guesses are told apart."""

RULES = ("divisor", "floor", "nearest", "ceil", "nearest-even", "floor+divisor")
MOST_DIVISOR = 512
MOST_STEPS = 6000
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

    def floating(self, alpha: Fraction, given: int) -> int:
        """The width as code computes it, in floating point.

        >>> Guess("scale", 200, Rounding("divisor", 8)).floating(Fraction(23, 10), 3)
        456
        """
        if self.rule is None:
            return int(self.value)
        scaled = 1 if self.mode == "ratio" else float(alpha) if self.mode == "scale" else max(1.0, float(alpha))
        product = Fraction(float(self.value) * given if self.mode == "ratio" else int(self.value) * scaled)
        return int(ARITHMETIC.round(product.numerator, product.denominator, self.rule))

    def steps(self, *, up: bool) -> Iterator[Fraction]:
        """The alphas, outward from 1, between which the width stays as it is; none where it does not follow alpha itself."""
        if self.rule is None or self.mode == "ratio" or (self.mode == "grow" and not up):
            return
        n, divisor = int(self.value), self.rule.divisor
        whole = self.rule.rule == "floor+divisor"
        half = 0 if self.rule.rule in {"floor", "ceil"} else Fraction(divisor, 2)
        k = n // divisor + (-1 if up else 1)
        while up or k >= 0:
            found = [k * divisor + half]
            if self.rule.guarded and k < 5:  # where more than 10 % would be lost
                found.append(Fraction(10 * k * divisor, 9))
            for step in sorted((ceil(one) if whole else one for one in found), reverse=not up):
                if step > n if up else 0 < step < n:
                    yield Fraction(step) / n
            k += 1 if up else -1


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
        """What the network has at one alpha more; guesses that do not give it are dropped, and new ones sought if none is left."""
        self.widths[alpha], self.given[alpha] = width, given
        if self.guesses is not None:
            self._keep([guess for guess in self.guesses if self._holds(guess, alpha)])
            if not self.guesses:
                self.search()

    @property
    def key(self) -> object:
        """What the guesses depend on."""
        return self.modes, tuple(self.widths.items()), tuple(self.given.items())

    def search(self) -> None:
        """Find all guesses that hold at every alpha so far."""
        self.noisy.clear()
        found = dict.fromkeys(self._candidates())
        self._keep([guess for guess in found if all(self._holds(guess, a) for a in self.widths)])

    def _keep(self, found: list[Guess]) -> None:
        """Of some guesses those that need no noise, if there are any."""
        self.guesses = [guess for guess in found if guess not in self.noisy] or found

    def _holds(self, guess: Guess, alpha: Fraction) -> bool:
        width, given = self.widths[alpha], self.given[alpha]
        if guess.at(alpha, given) == width:
            return True
        noisy = self.noisy.get(guess, alpha)
        if guess.mode == "ratio" and noisy == alpha and guess.floating(alpha, given) == width:
            self.noisy[guess] = alpha  # 200 * 2.3 is 459.99... in floating point; what happens often is no accident
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
                for t in self._ratios():
                    off = abs(t * given - width)
                    yield from (Guess(mode, t, rule) for rule in rules if off <= rule.divisor)

    def _ratios(self) -> list[Fraction]:
        """Quotients that may stand behind the widths: what they are exactly, and short ones near it."""
        exact = {Fraction(self.widths[a], self.given[a]) for a in self.widths}
        largest = max(self.given, key=lambda a: self.given[a])
        about = Fraction(self.widths[largest], self.given[largest])
        near = {one.limit_denominator(most) for one in exact for most in (1, 2, 4, 6, 10, 16, 24, 64)}
        near |= {Fraction(round(about * ten) + more, ten) for ten in (10, 20, 100) for more in (-1, 0, 1)}
        return sorted((t for t in exact | near if 0 < t <= 10_000), key=lambda t: (t.denominator, t))

    def broken(self) -> tuple[Fraction, Fraction, Guess | None]:
        """Where no guess holds: alpha 1 or the one nearest to it, the first alpha that breaks the plainest guess, and that guess."""
        first, *order = sorted(self.widths, key=lambda a: (abs(a - 1), a))
        left = [guess for guess in dict.fromkeys(self._candidates(first)) if self._holds(guess, first)]
        left = [guess for guess in left if guess.value == self.widths[first]] or left
        left.sort(
            key=lambda guess: (plainness(guess.rule), guess.mode == "ratio") if guess.rule else ((0, 0, 0), False)
        )
        plainest = left[0] if left else None
        breaks = (alpha for alpha in order if plainest is None or not self._holds(plainest, alpha))
        return first, next(breaks, order[-1]), plainest

    def under(self, rule: Rounding) -> list[Guess]:
        """The guesses that hold under one rule, the preferred mode first."""
        own = [guess for guess in self.guesses or () if guess.rule in {None, rule}]
        return sorted(
            own,
            key=lambda guess: (guess.mode != "fixed", self.modes.index(guess.mode) if guess.mode in self.modes else 0),
        )


def plainness(rule: Rounding) -> tuple[int, int, int]:
    """An order of rules, the usual ones first.

    >>> min([Rounding("floor"), Rounding("divisor", 1), Rounding("floor", 1, 16)], key=plainness)
    Rounding(rule='floor', divisor=1, least=0)
    """
    return rule.least + (rule.divisor == 1 and rule.guarded), RULES.index(rule.rule), abs(rule.divisor - 8)


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
                    if (rule, divisor) != ("floor+divisor", 1):
                        yield Rounding(rule, divisor, least)


class Given(NamedTuple):
    """The channels that a row reads, at any alpha, and the guesses that they follow."""

    at: Callable[[Fraction], int]
    leaves: tuple[Guess, ...]


class Rival(NamedTuple):
    """A guess that differs from the chosen one: from which alpha on, and an alpha beyond it at which floating point is exact."""

    guess: Guess
    first: Fraction
    alpha: Fraction


Range: TypeAlias = tuple[Fraction, Fraction]


def rivals(chosen: Guess, guesses: Iterable[Guess], given: Given | None, within: Range = (LOW, HIGH)) -> list[Rival]:
    """The guesses that differ from a chosen one between two alphas, each with the alpha nearest to 1 at which it does.

    Where two differ at single alphas alone at which floating point is not exact, nobody can tell them apart.

    >>> fixed, grow = Guess("fixed", 1280, None), Guess("grow", 1280, Rounding("divisor", 8))
    >>> print(*rivals(fixed, [grow], None)[0][1:])
    321/320 129/128
    """
    own = [guess for guess in guesses if guess != chosen]
    found = []
    if given is not None:
        points: dict[int, tuple[Fraction, Fraction]] = {}
        if chosen.mode == "ratio" or any(guess.mode == "ratio" for guess in own):
            for first, alpha in _points(given.leaves, within):
                points.setdefault(given.at(alpha), (first, alpha))
        alike: dict[tuple[int | Fraction, ...], Guess] = {}
        common = gcd(*points)
        for guess in [chosen, *own]:
            if guess.mode != "ratio" or guess.rule is None:
                continue
            exactly = (
                Fraction(guess.value) * common / guess.rule.divisor
            ).denominator == 1  # no rule has anything to round
            if exactly and guess.rule.least <= guess.value * min(points):
                alike.setdefault((guess.value,), guess)
            else:
                alike.setdefault(tuple(guess.at(LOW, channels) for channels in points), guess)
        own = [guess for guess in own if guess.mode != "ratio"] + [one for one in alike.values() if one != chosen]
        if chosen.mode == "ratio":
            for guess in own:
                at = next(
                    (at for at in points if guess.mode == "ratio" and guess.at(LOW, at) != chosen.at(LOW, at)), None
                )
                if at is not None:
                    found.append(Rival(guess, *points[at]))
            own = [guess for guess in own if guess.mode != "ratio"]
    for guess in own:
        mixed = "ratio" in {guess.mode, chosen.mode}
        if mixed and given is None:
            continue
        leaves = [chosen, guess, *(given.leaves if mixed and given is not None else ())]
        for first, alpha in _points(leaves, within, _period(chosen, guess)):
            channels = given.at(alpha) if mixed and given is not None else 0
            if chosen.at(alpha, channels) != guess.at(alpha, channels):
                found.append(Rival(guess, first, alpha))
                break
    return found


def _period(one: Guess, other: Guess) -> Fraction | None:
    """After how much of alpha two guesses repeat how they differ; None where they do not, or where single alphas matter."""
    if (
        one.rule is None
        or other.rule is None
        or "ratio" in {one.mode, other.mode}
        or "nearest-even" in {one.rule.rule, other.rule.rule}
    ):
        return None
    same = (one.value, one.rule.divisor) == (other.value, other.rule.divisor)
    return Fraction(one.rule.divisor) / Fraction(one.value) if same else None


def _points(
    leaves: Iterable[Guess], within: Range, period: Fraction | None = None
) -> Iterator[tuple[Fraction, Fraction]]:
    """Between two alphas, one of each stretch on which guesses stay as they are, outward from 1; with where it begins.

    With a ``period``, three of them beside 1 are enough, and those nearest to 0, where least widths are.
    """
    guesses = list(dict.fromkeys(leaves))
    for end in reversed(within):
        up = end > 1
        steps: Iterator[Fraction] = merge(*(guess.steps(up=up) for guess in guesses), reverse=not up)
        inside: Iterator[Fraction] = takewhile(lambda at, up=up, end=end: at < end if up else at > end, steps)  # type: ignore[misc]
        if period is not None and up:
            inside = takewhile(lambda at: at < 1 + 3 * period, inside)
        elif period is not None:
            inside = (at for at in inside if at > 1 - 3 * period or at < 8 * period)
        for _, (near, far) in zip(range(MOST_STEPS), pairwise(chain([Fraction(1)], inside, [end])), strict=False):
            if near.denominator & (near.denominator - 1) == 0 and 1 < near.denominator <= 4096:
                yield near, near
            alpha = _between(min(near, far), max(near, far))
            if alpha is not None:
                yield near, alpha
        yield end, end


def _between(low: Fraction, high: Fraction) -> Fraction | None:
    """The alpha of fewest binary digits between two."""
    for digits in range(16):
        over = (low.numerator << digits) // low.denominator + 1
        if over * high.denominator < high.numerator << digits:
            return Fraction(over, 1 << digits)
    return None
