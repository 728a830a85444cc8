"""The question as a value: read from words, written in words, and the same question again."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mbcost
from mbcost.cli.options import Question, variant_options
from mbcost.conventions import DEFAULT
from mbcost.network import PLAIN, Variant, variant_of
from tests.inline import says


def typed(options: list[str]) -> Variant:
    """The variant that the command line reads from some options."""
    found: list[Variant] = []

    @click.command()
    @variant_options
    def command(**options: Any) -> None:
        found.append(Question(options).variant())

    command.main(options, standalone_mode=False)
    return found[0]


fractions = st.fractions(min_value=Fraction(1, 99), max_value=60, max_denominator=99)
texts = st.sampled_from(["1", "true", "same", "1/4"])
variants = st.builds(
    variant_of,
    alpha=fractions,
    resolution=st.none() | st.tuples(st.integers(1, 65_536), st.integers(1, 65_536)),
    batch=st.integers(1, 1_000_000),
    rounding=st.sampled_from([None, "floor", "divisor:8", "floor+divisor:16", "none"]),
    convention=st.sampled_from(["torch", "thop", "keras"]),
    standard=st.booleans(),
    classes=st.none() | st.integers(1, 9999),
    set=st.none()
    | st.dictionaries(st.sampled_from(["conv_1.stride", "a/b.padding"]), texts | st.lists(texts, min_size=1)),
    without=st.lists(st.sampled_from(["softmax_1", "*/se*"]), unique=True),
)


@given(variants)
def test_the_options_of_a_variant_ask_for_it_again(variant: Variant) -> None:
    assert typed(variant.options()) == variant


def test_rho_is_an_option_of_its_own() -> None:
    variant = variant_of("3/4", rho="6/7")
    assert variant.options() == ["-a", "0.75", "--rho", "6/7"]
    assert typed(variant.options()) == variant


def test_a_variant_is_a_value() -> None:
    one, other = (variant_of("0.5", set={"conv_1.kernel_size": kernel}) for kernel in ([3, 5], ("3", "5")))
    assert one == other
    assert len({one, other, PLAIN, Variant()}) == 2
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(AttributeError):
        one.alpha = Fraction(1)  # type: ignore[misc]


def test_a_question_that_is_answered_is_the_same_question() -> None:
    """What a costed network says it was asked gives the same network, also on top of the network's own changes."""
    v1 = mbcost.load("mobilenet_v1")
    for network in (v1, v1.standard(), v1.having(classes=10, without=["softmax_1"], set={"conv_1.stride": 1})):
        cost = network.cost("0.6", rho="5/7", batch=3, convention="thop", without=["softmax_1"])
        again = network.count(cost.variant)
        assert (again.variant, again.rows) == (cost.variant, cost.rows)
        assert cost.variant.size == (160, 160)
        assert cost.variant.rounding == v1.rounding


def test_a_rule_is_a_value_and_not_a_name() -> None:
    assert variant_of().convention is DEFAULT
    assert variant_of(convention="thop").convention.tool == "thop.profile"
    assert variant_of(convention=variant_of(convention="thop").convention) == variant_of(convention="thop")
    with says("there is no convention `thopp`", "did you mean `thop`?"):
        variant_of(convention="thopp")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "alpha 1, convention torch, no rounding rule"),
        (
            {"alpha": "0.75", "resolution": "192x256", "batch": 2, "standard": True, "rounding": "floor"},
            "alpha 0.75, resolution 192 x 256, batch 2, standard twin, convention torch, rounding floor",
        ),
        (
            {"set": {"conv_1.stride": 1, "conv_1.kernel_size": [3, 5]}, "without": ["a", "b"], "classes": 10},
            "alpha 1, conv_1.stride = 1, conv_1.kernel_size = [3, 5], classifier.out_channels = 10, without a, without b, convention torch, no rounding rule",
        ),
    ],
)
def test_words(words: dict[str, Any], said: str) -> None:
    assert ", ".join(variant_of(**words).words().values()) == said


def test_an_alpha_of_one_that_was_asked_for_is_asked_for_again() -> None:
    """A table's scaling may have an alpha of its own, which alpha 1 replaces."""
    assert typed(variant_of(alpha=1, depth="1").options()) == variant_of(alpha=1, depth="1")
