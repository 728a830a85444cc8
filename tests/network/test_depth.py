"""The depth multiplier, the members of a family that have names of their own, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mbcost
from mbcost import loads
from mbcost.errors import MbcostError
from mbcost.tables import models, scalings
from mbcost.tables.writer import expanded
from tests.conftest import Said, refused, told

Say = Callable[..., Said]
HEAD = "format: 1\nname: net\ninput: {channels: 3, resolution: 32}\nrounding: divisor:8\nlayers:\n"


def names(rows: str, depth: object) -> list[str]:
    return [row.name for row in loads(HEAD + rows).cost(depth=depth).rows]


@given(st.integers(1, 9), st.fractions(min_value=Fraction(1, 16), max_value=16, max_denominator=100))
def test_a_repeat_is_scaled_up_to_whole_copies(repeat: int, depth: Fraction) -> None:
    wanted = ceil(depth * repeat)
    assert len(names(f"  - {{op: pointwise, out_channels: 8, repeat: {repeat}}}\n", depth)) == wanted
    assert len(names(f"  - {{op: pointwise, out_channels: 8, repeat: {repeat}, depth: fixed}}\n", depth)) == repeat
    assert (
        len(names(f"  - {{repeat: {repeat}, layers: [{{op: pointwise, out_channels: 8}}, {{op: scale}}]}}\n", depth))
        == 2 * wanted
    )
    assert len(names("  - {op: pointwise, out_channels: 8}\n", depth)) == 1  # nothing is repeated: nothing is scaled


def dealt(repeats: list[int], depth: Fraction) -> list[int]:
    """timm's ``_scale_stage_depth``, word by word on exact numbers."""
    left, scaled, found = sum(repeats), ceil(sum(repeats) * depth), []
    for repeat in repeats[::-1]:
        found.append(max(1, round(Fraction(repeat, left) * scaled)))
        left -= repeat
        scaled -= found[-1]
    return found[::-1]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.fractions(min_value=1, max_value=4, max_denominator=20))
def test_a_stage_of_several_rows_is_scaled_as_one(repeats: list[int], depth: Fraction) -> None:
    rows = "".join(
        f"  - {{op: pointwise, name: r{n}, out_channels: 8, repeat: {r}, depth: stage_1}}\n"
        for n, r in enumerate(repeats)
    )
    found = names(rows + "  - {op: pointwise, name: last, out_channels: 8, repeat: 1, depth: stage_2}\n", depth)
    assert [sum(name.partition("_")[0] == f"r{n}" for name in found) for n in range(len(repeats))] == dealt(
        repeats, depth
    )
    assert sum(name.startswith("last") for name in found) == ceil(depth)


def test_named_rows_are_numbered_at_the_depth_asked_for() -> None:
    rows = "  - {op: pointwise, name: a, out_channels: 8, repeat: 1}\n"
    assert names(rows, 1) == ["a"]
    assert names(rows, 2) == ["a_1", "a_2"]
    network = loads(HEAD + rows)
    assert network.cost(depth=2, without=["a_2"]).layers == 1
    with pytest.raises(MbcostError, match="`without` `a_2` matches no row"):
        network.cost(without=["a_2"])


def test_a_scaling_is_its_table_at_a_point() -> None:
    named = mbcost.load("efficientnet_b3")
    b0 = mbcost.load("efficientnet_b0")
    assert named.cost().mult_adds == b0.cost("1.2", resolution=300, depth="1.4").mult_adds == 1827141392
    assert named.cost(1).variant.depth == Fraction(7, 5)  # what is asked for replaces the scaling's own, the rest stays
    assert named.cost(1, depth=1, resolution=224).mult_adds == b0.cost().mult_adds
    assert named.cost(rho="1/2").variant.resolution == (150, 150)
    assert named.grid([1], [224]).mult_adds == [(named.cost(1, resolution=224).mult_adds,)]
    assert named.standard().cost().mult_adds == b0.cost("1.2", resolution=300, depth="1.4", standard=True).mult_adds
    assert named.having(classes=10).cost().params < named.cost().params


def test_a_report_names_the_scaling_and_its_table(say: Say) -> None:
    found = told(say("table", "efficientnet_b3", "-f", "json"))
    assert [found[key] for key in ("model", "table", "alpha", "depth", "resolution")] == [
        "efficientnet_b3",
        "efficientnet_b0",
        "6/5",
        "7/5",
        [300, 300],
    ]
    heading = say("table", "efficientnet_b3", "--by", "kind").out.splitlines()[0]
    assert heading.startswith("efficientnet_b3, table efficientnet_b0, alpha 1.2, depth 1.4, resolution 300 x 300,")
    assert "depth" not in told(say("table", "efficientnet_b0", "-f", "json"))
    assert (
        told(say("solve", "efficientnet_b0", "--depth", "1.2", "--max-mult-adds", "1G", "-r", "224", "-f", "json"))[
            "depth"
        ]
        == "6/5"
    )


def test_a_scaling_of_a_table_of_ones_own(tmp_path: Path, say: Say) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        HEAD
        + "  - {op: pointwise, out_channels: 8, repeat: 2}\nscalings: {deep: {depth: 2, resolution: 64}, wide: {alpha: 2}}\n",
        encoding="utf-8",
    )
    assert told(say("table", f"{path}#deep", "-f", "json"))["total"]["layers"] == 4
    refused(say("table", f"{path}#dep"), "has no scaling `dep`", "did you mean `deep`?")
    assert loads(expanded(mbcost.load(f"{path}#deep").table)).table.scalings == mbcost.load(str(path)).table.scalings


def test_scalings_have_names_of_their_own() -> None:
    found = scalings()
    assert not set(found) & set(models())
    assert found == {name: model for model in models() for name in mbcost.load(model).table.scalings}


@pytest.mark.parametrize(
    ("args", "fact"),
    [
        (("--depth", "0"), "depth (=0) must be above 0 and at most 16"),
        (("--depth", "17"), "depth (=17) must be above 0 and at most 16"),
        (("--depth", "deep"), "depth `deep` is not a number"),
        (("--depth", "1e3"), "depth `1e3` is not a number"),
    ],
)
def test_a_depth_that_is_none(args: tuple[str, ...], fact: str, say: Say) -> None:
    refused(say("table", "efficientnet_b0", *args), fact)


def test_too_deep_a_table_ends_at_the_bound() -> None:
    network = loads(HEAD + "  - {repeat: 10000, layers: [{op: scale}]}\n")
    with pytest.raises(MbcostError, match="more than 20,000 layers at depth 16"):
        network.cost(depth=16)
