"""Amounts as people write them: read exactly, or refused with a way out."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mbcost
from mbcost.dims.amounts import Growth, parse_bytes, parse_count, parse_growth, parse_share, prefixed
from mbcost.errors import MbcostError
from mbcost.quantities import bytes_at

FACTORS = {"K": 10**3, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
SIZES = {"kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


@given(
    whole=st.integers(0, 99_999),
    places=st.integers(0, 4),
    unit=st.sampled_from(list(FACTORS)),
    blank=st.sampled_from(["", " "]),
)
def test_a_count_is_read_exactly(whole: int, places: int, unit: str, blank: str) -> None:
    digits = str(whole).zfill(places + 1)
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    value = Fraction(text) * FACTORS[unit]
    if value < 1:
        with pytest.raises(MbcostError):
            parse_count(f"{text}{blank}{unit}")
    else:
        assert parse_count(f"{text}{blank}{unit}") == int(value)


@given(st.integers(10_000, 10**19))
def test_a_bare_integer_is_an_exact_count(value: int) -> None:
    assert parse_count(value) == parse_count(str(value)) == parse_bytes(value) == value


@given(st.integers(1, 9_999))
def test_a_small_bare_integer_is_refused(value: int) -> None:
    with pytest.raises(MbcostError, match="below 10,000 and has no unit") as error:
        parse_count(value)
    meant = error.value.help
    assert f"did you mean `{value}M`?" in meant
    assert parse_count(meant.rsplit("`", 2)[1]) == value  # the way out that is named works


@given(whole=st.integers(1, 9_999), unit=st.sampled_from(list(SIZES)))
def test_bytes_mean_what_they_say(whole: int, unit: str) -> None:
    assert parse_bytes(f"{whole}{unit}") == whole * SIZES[unit]


@given(
    value=st.integers(1, 10**13),
    like=st.sampled_from(["1K", "2.5M", "3 G", "20000", "1KiB", "2 MiB", "7MB", "1kB"]),
    digits=st.integers(3, 8),
)
def test_a_rewritten_limit_reads_back_as_enough_and_not_much_more(value: int, like: str, digits: int) -> None:
    read = parse_bytes if "B" in like else parse_count
    text = prefixed(value, like, digits)
    if text.isdigit() and value < 10_000:
        return
    assert value <= read(text) <= value + value // 10 ** (digits - 1) + (0 if value > 10**4 else 11)
    assert (" " in text) == (" " in like)
    assert ("i" in text) == ("i" in like)


@pytest.mark.parametrize(
    ("text", "share"),
    [("20%", Fraction(1, 5)), ("0.5 %", Fraction(1, 200)), ("100%", Fraction(1)), (".5%", Fraction(1, 200))],
)
def test_a_share_has_its_sign(text: str, share: Fraction) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize(
    ("text", "growth", "allowed"),
    [
        ("+2%", Growth(Fraction(1, 50), True), 1_020_000),
        ("+0%", Growth(Fraction(0), True), 1_000_000),
        ("+0", Growth(Fraction(0), False), 1_000_000),
        ("+50k", Growth(Fraction(50_000), False), 1_050_000),
        ("+250%", Growth(Fraction(5, 2), True), 3_500_000),
        ("+12000", Growth(Fraction(12_000), False), 1_012_000),
    ],
)
def test_a_growth_has_its_sign(text: str, growth: Growth, allowed: int) -> None:
    assert parse_growth(text) == growth
    assert growth.allowed(1_000_000) == allowed


def test_growth_in_bytes_says_so() -> None:
    assert parse_growth("+4KiB", in_bytes=True) == Growth(Fraction(4096), False)
    with pytest.raises(MbcostError, match="does not say which bytes"):
        parse_growth("+4K", in_bytes=True)
    with pytest.raises(MbcostError, match="is in bytes, and this is a count"):
        parse_growth("+4KiB")


@given(st.text(max_size=30))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    for read in (parse_count, parse_bytes, parse_share, parse_growth):
        outcome: object
        try:
            outcome = read(text)
        except MbcostError as error:
            outcome = str(error)
        assert not isinstance(outcome, str) or ("\n  help: " in outcome and len(outcome) < 400)


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        2.5,
        float("nan"),
        [300],
        "9" * 5000,
        pytest.param(10**5000, id="huge"),
        "1/0M",
        "1e9",
        "٣M",
        "0x10K",
        "010M",
    ],
)
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(MbcostError):
        parse_count(value)


@pytest.mark.parametrize(
    ("model", "millions"), [("mobilenet_v1", "5.04"), ("mobilenet_v2", "6.68"), ("efficientnet_b0", "6.75")]
)
def test_total_activations_are_those_of_timms_tables(model: str, millions: str) -> None:
    """timm's benchmark tables list activations in millions, of convolutions and linear layers, as fvcore counts them."""
    assert f"{mbcost.load(model).cost().total('total_activations') / 10**6:.2f}" == millions


def test_memory_of_mobilenet_v1_by_hand() -> None:
    cost = mbcost.load("mobilenet_v1").cost()
    assert cost.total("largest_activation") == 64 * 112 * 112
    assert cost.total("largest_activation_bytes", 16) == 2 * 64 * 112 * 112
    assert [cost.total("model_bytes", bits) for bits in (32, 16, 8, 4, 1)] == [
        16_927_904,
        8_463_952,
        4_231_976,
        2_115_988,
        528_997,
    ]
    assert bytes_at(9, 1) == 2
    batch = mbcost.load("mobilenet_v1").cost(batch=3)
    assert batch.total("total_activations") == 3 * cost.total("total_activations")
    assert batch.total("model_bytes") == cost.total("model_bytes")


def test_activations_without_squeeze_and_excite_are_the_maps_themselves() -> None:
    cost = mbcost.load("mobilenet_v2").cost(alpha="0.75", resolution=192)
    assert cost.total("total_activations") == sum(row.output_elements for row in cost.rows if row.weights)


def test_every_unit_is_what_it_says() -> None:
    counts = {"K": 10**3, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
    sizes = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}  # fmt: skip
    for unit, factor in counts.items():
        assert parse_count(f"3{unit}") == parse_count(f"3 {unit}") == 3 * factor
        assert parse_growth(f"+3{unit}") == Growth(Fraction(3 * factor), False)
    for unit, factor in sizes.items():
        assert parse_bytes(f"3{unit}") == 3 * factor
    assert (parse_count("10000"), parse_bytes("10000"), parse_growth("+10000").amount) == (10_000, 10_000, 10_000)
    assert parse_growth("+0") == Growth(Fraction(0), False)
    assert (parse_share("100%"), parse_share(".5%"), parse_share("0%", zero=True)) == (1, Fraction(1, 200), 0)


@pytest.mark.parametrize(
    ("read", "value", "fact", "help"),
    [
        (parse_count, "9999", "`9999` is below 10,000 and has no unit", "did you mean `9999M`? Exactly 9999 is written `9.999K`"),
        (parse_count, "1.5", "`1.5` is below 10,000", "did you mean `1.5M`?"),
        (parse_bytes, "9999", "`9999` is below 10,000", "did you mean `9999KB` or `9999MB`? Bytes are `9999B`"),
        (parse_growth, "+9999", "`+9999` is below 10,000 and has no unit", "did you mean `+9999%` or `+9999k`?"),
        (parse_growth, "20", "`20` has no sign, and a growth needs one", "did you mean `+20%` or `+20k`?"),
        (parse_growth, "20M", "`20M` has no sign", "write `+20M`"),
        (parse_growth, "-3%", "`-3%` is negative", "write how much it may grow: `+3%`"),
        (parse_count, True, "a bool is not an amount", "write an amount"),
        (parse_count, 1.5, "a float is not an amount", "write an amount"),
        (parse_count, 10**20, "is not an amount", "write an amount"),
        (parse_count, "1,000,000", "`1,000,000` is not an amount", "write `1000000`"),
        (parse_count, "0.0001K", "`0.0001K` is less than 1", "check the unit"),
        (parse_count, "0", "a limit of `0` is zero", "write an amount"),
        (parse_count, "3m", "has the unknown unit `m`", "did you mean `3M`?"),
        (parse_count, "4MB", "is in bytes, and this is a count", "write an amount"),
        (parse_bytes, "4M", "does not say which bytes", "write `4MB` (1000-based) or `4MiB` (1024-based)"),
        (parse_share, "0.2", "`0.2` is not a share: it has no `%`", "write `20%`"),
        (parse_share, "20", "`20` is not a share", "write `20%`"),
        (parse_share, "1", "`1` is not a share", "write `1%`"),
        (parse_share, "0.2K", "`0.2K` is not a share", "write `0.2%`"),
        (parse_share, "0%", "a share of `0%`", "above 0% and at most 100%"),
        (parse_share, "100.1%", "a share of `100.1%`", "above 0% and at most 100%"),
        (parse_share, "+1%", "a share of `+1%`", "above 0% and at most 100%"),
    ],
)  # fmt: skip
def test_what_is_no_amount_says_what_is(read: Any, value: object, fact: str, help: str) -> None:
    with pytest.raises(mbcost.MbcostError) as caught:
        read(value)
    assert fact in caught.value.fact
    assert help in caught.value.help
    assert caught.value.help.count("Exactly") == ("Exactly" in help)


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [
        (999, "3K", "1K"), (1000, "3K", "1K"), (999_999, "3M", "1000K"), (1_000_001, "3M", "1.01M"), (10**12, "1T", "1T"), (5 * 10**8, "1.5G", "500M"),
        (1023, "4MiB", "1KiB"), (1024, "4MiB", "1KiB"), (1025, "4 MiB", "1.01 KiB"), (999, "4MB", "1kB"), (1001, "4MB", "1.01kB"), (1234567, "3.1MB", "1.24MB"),
        (5, "4B", "5B"), (123_456_789, "9", "123456789"), (2**30, "1GiB", "1GiB"), (2**30 - 1, "1GiB", "1024MiB"),
    ],
)  # fmt: skip
def test_a_limit_is_written_in_the_unit_of_the_old_one_or_a_smaller_one(value: int, like: str, text: str) -> None:
    assert prefixed(value, like) == text
