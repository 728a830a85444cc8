"""The polynomials of a recorded walk: ordinary algebra, and numbers again wherever nothing is left to know."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest

from mbcost.separated.polynomial import Inseparable, Poly, Recorder


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(None)


def value(poly: Any, values: dict[int, int]) -> int:
    """A polynomial at some values of its atoms, by its terms."""
    if isinstance(poly, int):
        return poly
    total = 0
    for monomial, factor in poly.terms.items():
        total += factor * prod(values[number] for number in monomial)
    return total


def test_what_cancels_is_the_number_0(recorder: Recorder) -> None:
    a, b = recorder.scale(8), recorder.scale(16)
    for nothing in (a - a, a * 0, a + b - b - a, (a + 1) - a - 1, a * b - b * a):
        assert type(nothing) is int
        assert nothing == 0
    for five in ((a + 5) - a, 5 + a - a, 5 - (a - a)):
        assert type(five) is int
        assert five == 5


def test_sums_and_products_are_those_of_algebra(recorder: Recorder) -> None:
    a, b = recorder.scale(8), recorder.scale(16)
    at = {a.single: 3, b.single: 7}
    for poly, expected in (((a + b) * (a - b), 9 - 49), (2 - a * b, -19), (-(a + 1) * 3, -12), ((a + 2) * (a + 2), 25)):
        assert value(poly, at) == expected
    assert (a + b) * (a - b) == a * a - b * b
    assert a * b == b * a
    assert a != b


def test_quotients_are_cancelled_or_checked_or_refused(recorder: Recorder) -> None:
    a, b = recorder.scale(8), recorder.scale(16)
    assert (a * b * 6) / (b * 2) == a * 3
    assert (a * a + a * b) / a == a + b
    assert (a * 4 + 8) / 4 == a + 2
    assert (a * 4) / 1 == a * 4
    whole = (a * 3 + 1) / 2  # known to be whole only where a is odd: an atom, that is checked when it is evaluated
    assert isinstance(whole, Poly)
    assert recorder.atoms[whole.single][:2] == ("exact", (recorder.seal(a * 3 + 1), 2))
    for a_sum in (a + b, a + 1):
        with pytest.raises(Inseparable):
            (a * b) / a_sum
    with pytest.raises(Inseparable):
        (a + 1) / b
    with pytest.raises(Inseparable):
        4 / a
