"""Numbers as text, against exact decimal arithmetic of another make."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbcost.report import numbers

fractions = st.fractions(max_denominator=10**12) | st.builds(
    Fraction, st.integers(-(10**40), 10**40), st.integers(1, 10**30)
)


def quantized(value: Fraction, places: int) -> Decimal:
    with localcontext() as context:
        context.prec = 400
        quotient = Decimal(value.numerator) / Decimal(value.denominator)
        return quotient.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


@given(st.integers())
def test_a_count_keeps_every_digit(value: int) -> None:
    assert int(numbers.count(value).replace(",", "")) == value
    assert int(numbers.exact(value)) == value
    assert int(numbers.delta(value).replace(",", "")) == value
    assert numbers.delta(value).startswith("+") == (value > 0)


@given(fractions, st.integers(0, 12))
def test_fixed_places_are_rounded_half_up_exactly(value: Fraction, places: int) -> None:
    assert Decimal(numbers.fixed(value, places)) == quantized(value, places)
    assert Decimal(numbers.fixed(value, places, group=True).replace(",", "")) == quantized(value, places)


@given(fractions)
def test_a_share_and_a_change_are_the_same_percentage(value: Fraction) -> None:
    percent = quantized(100 * value, 2)
    share, change = numbers.share(value), numbers.percent_change(value)
    assert Decimal(share.removesuffix(" %").replace(",", "")) == percent
    assert Decimal(change.removesuffix(" %").replace(",", "")) == percent
    assert (change[0] in "+-") == (value != 0)


@given(fractions, st.integers(1, 12))
def test_significant_digits_are_the_first_ones(value: Fraction, digits: int) -> None:
    text = numbers.significant(value, digits)
    whole, _, rest = text.lstrip("-").partition(".")
    assert Decimal(text) == quantized(value, len(rest))
    if value:
        figures = (whole + rest).lstrip("0")
        assert len(figures) == digits or (len(figures) > digits and not rest)


@given(fractions)
def test_an_exact_number_reads_back_as_itself(value: Fraction) -> None:
    assert Fraction(numbers.number(value)) == value
    assert Fraction(numbers.exact(value)) == value


@given(fractions)
def test_a_decimal_is_exact_where_it_ends(value: Fraction) -> None:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    text = numbers.decimal(value)
    if rest == 1:
        assert Fraction(text) == value
    else:
        assert abs(Fraction(text) - value) <= abs(value) * Fraction(1, 10**9)
        assert text == numbers.significant(value, 10)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(113, 1000), "0.1130"),
        (Fraction(99995, 100000), "1.000"),
        (Fraction(99994, 100000), "0.9999"),
        (Fraction(1, 3 * 10**6), "0.0000003333"),
        (9, "9.000"),
        (Fraction(99999, 10), "10,000"),
        (0, "0.000"),
    ],
)
def test_ratios(value: Fraction, expected: str) -> None:
    assert numbers.ratio(value) == expected


@pytest.mark.parametrize("value", [0.5, float("nan"), "0.5", None, (1, 2)])
@pytest.mark.parametrize("write", [numbers.count, numbers.delta, numbers.share, numbers.ratio, numbers.number])
def test_only_exact_values_are_numbers(write, value) -> None:
    with pytest.raises(TypeError, match="an exact number is an integer or a fraction, not the"):
        write(value)


def test_a_count_of_unrounded_widths_need_not_be_whole() -> None:
    assert numbers.count(Fraction(6, 3)) == "2"
    assert numbers.count(Fraction(10**10, 3)) == "3,333,333,333.33"
    assert numbers.exact(Fraction(1, 3)) == "1/3"
    assert numbers.shape((Fraction(48, 5), 7, 7)) == "9.6x7x7"
    assert (numbers.delta(Fraction(1, 3)), numbers.delta(Fraction(-5000, 3))) == ("+0.33", "-1,666.67")


def test_integers_of_numpy_are_exact_too() -> None:
    numpy = pytest.importorskip("numpy")
    assert numbers.count(numpy.int64(568_740_352)) == "568,740,352"
    assert numbers.share(numpy.int64(1)) == "100.00 %"
    with pytest.raises(TypeError, match="not the float64"):
        numbers.ratio(numpy.float64(0.5))
