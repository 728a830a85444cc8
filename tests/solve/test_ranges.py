"""Grids as they are written: what they list, and the words of one that is none."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import mbcost
from mbcost.errors import MbcostError
from mbcost.solve import ranges
from mbcost.solve.ranges import alphas, asked, axes_of, resolutions, rhos


def message(call: Any, *arguments: Any) -> tuple[str, str]:
    """The message and the way out of an error."""
    with pytest.raises(MbcostError) as info:
        call(*arguments)
    return info.value.args[0], str(info.value.help)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/2", ["1/2"]),
        (" 0.5 , 0.25 ", ["1/2", "1/4"]),
        ("1:1:1", ["1"]),
        ("1:2:0.3", ["1", "13/10", "8/5", "19/10"]),
        ("1:1.9:0.3", ["1", "13/10", "8/5", "19/10"]),
        ("1/3:1:1/3,2", ["1/3", "2/3", "1", "2"]),
        ("1 : 1.5 : 0.5", ["1", "3/2"]),
        ("0.1:0.3:1/15", ["1/10", "1/6", "7/30", "3/10"]),
    ],
)
def test_a_grid_lists_its_values_in_order_and_exactly(text: str, expected: list[str]) -> None:
    assert [str(value) for value in alphas(text)] == expected


def test_resolutions_and_rhos() -> None:
    assert resolutions("224,96:100:2,64x48") == [(224, 224), (96, 96), (98, 98), (100, 100), (64, 48)]
    assert rhos("1/2,1:2:1", (64, 97)) == [(32, 49), (64, 97), (128, 194)]


@pytest.mark.parametrize(
    ("call", "text", "said", "way_out"),
    [
        (alphas, "1,,2", "the grid of alpha `1,,2` has an empty place", "write values, as 0.5,1, or 0.25:1.4:0.05"),
        (resolutions, "", "the grid of resolution `` has an empty place", "write 96:224:32"),
        (alphas, "\t\x1b" + "1" * 50 + ",", "the grid of alpha `??" + "1" * 38 + "` has an empty place", None),
        (alphas, "a\x07:" + "1" * 70, "the grid of alpha `a?:" + "1" * 57 + "` is not start:stop:step",
         "write 0.25:1.4:0.05: from, to and including, in steps of"),
        (alphas, "1:+Infinity:1", "the grid of alpha `1:+Infinity:1` does not end", "write 0.25:1.4:0.05"),
        (alphas, "nan:1:1", "the grid of alpha `nan:1:1` does not end", "write 0.25:1.4:0.05"),
        (alphas, "1:2: -1", "the grid of alpha `1:2: -1` has a step below 0", "write the smaller end first, as 0.25:1.4:0.05"),
        (alphas, "1:2:0", "the grid of alpha `1:2:0` has a step of 0", "write a step above 0, as 0.25:1.4:0.05"),
        (alphas, "2:1:0.5", "the grid of alpha `2:1:0.5` goes backwards: 1 is below 2", "write 1:2:0.5"),
        (resolutions, "1:2:1/2", "resolution grid `1:2:1/2` steps over 1.5, which is no whole number of pixels", "write 96:224:32"),
    ],
    ids=range(10),
)  # fmt: skip
def test_the_words_of_a_grid_that_is_none(call: Any, text: str, said: str, way_out: str | None) -> None:
    found = message(call, text)
    assert found[0] == said
    assert way_out in {None, found[1]}


def test_an_axis_has_at_most_so_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ranges.MAX_AXIS == 5_000_000
    monkeypatch.setattr(ranges, "MAX_AXIS", 4)
    assert len(alphas("1,2,3,4")) == len(alphas("1:4:1")) == len(alphas("1,2:4:1")) == len(resolutions("7,1:3:1")) == 4
    assert message(alphas, "1,2,3,4,5") == ("a grid of 5 values of alpha", "an axis has at most 4")
    too_many = "an axis has at most 4: take larger steps"
    assert message(alphas, "1:5:1") == ("the grid of alpha `1:5:1` has 5 values", too_many)
    assert message(alphas, "9,1:4:1") == ("the grid of alpha `1:4:1` has 4 values", too_many)
    assert message(resolutions, "9,1:4:1") == ("the grid of resolution `1:4:1` has 4 values", too_many)


def test_what_is_not_given_stays_open() -> None:
    network = mbcost.load("mobilenet_v1")
    assert asked(network, None, None, None) == (None, None) == axes_of(network, None, None, None)
    assert asked(network, "1", None, "32") == ([Fraction(1)], [(32, 32)])
    assert asked(network, None, "1/2", None) == (None, [(112, 112)])
    both = "rho and a resolution are both given"
    assert both in message(asked, network, None, "1", "224")[0]
    assert both in message(axes_of, network, None, 1, 224)[0]


def test_from_python_values_are_texts_single_ones_or_lists() -> None:
    network = mbcost.load("mobilenet_v1")
    half = Fraction(1, 2)
    for alpha in ("0.5,1", [0.5, 1], ["1/2", Fraction(1)]):
        assert axes_of(network, alpha, None, None) == ([half, Fraction(1)], None)
    assert axes_of(network, half, None, 96) == ([half], [(96, 96)])
    for rho in ("0.5", 0.5, [half]):
        assert axes_of(network, None, rho, None) == (None, [(112, 112)])
    assert axes_of(network, None, None, ["96x64", 32]) == (None, [(96, 64), (32, 32)])
