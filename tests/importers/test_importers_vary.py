"""Widths of drawn builders: each rule is found and holds at alphas that were not traced; what is no rule is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest

from mbcost.errors import MbcostError
from mbcost.importers import Imported, Source, varied
from mbcost.importers.graph import Graph, read_graph
from tests.importers.graphs_of import Drawn

WIDTHS = (16, 24, 40, 40, 96)


def drawn(width: Callable[[int, float], int], depth: Callable[[float], int] = lambda _: 5) -> Imported:
    """The table of a chain of convolutions, each as wide as a builder makes it at an alpha."""
    return varied(lambda alpha, asked: graph(width, float(alpha), asked, depth(float(alpha))), source())


def source() -> Source:
    return Source("nets:build", {}, [[3, 32, 32]], vary="alpha")


def graph(width: Callable[[int, float], int], alpha: float, asked: list[list[list[int]]], depth: int = 5) -> Graph:
    net = Drawn(*[tuple(shapes[0]) for shapes in asked])  # type: ignore[arg-type]
    x = 0
    for number in range(depth):
        x = net.conv(x, width(WIDTHS[number % 5], alpha), stride=2 if number < 2 else 1)
    return read_graph(net.document())


def kernel_mults(width: Callable[[int, float], int], alpha: float, side: int) -> int:
    """Mult-adds by hand."""
    total, channels = 0, 3
    for number, n in enumerate(WIDTHS):
        side = -(-side // 2) if number < 2 else side
        out = width(n, alpha)
        total, channels = total + 9 * channels * out * side * side, out
    return total


def divisible(n: int, alpha: float, divisor: int = 8) -> int:
    """The MobileNetV2 code's rule."""
    value = n * alpha
    new = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return new + divisor if new < 0.9 * value else new


RULES: dict[str, tuple[Callable[[int, float], int], str]] = {
    "divisor 8": (divisible, "rounding: divisor:8\n"),
    "divisor 16": (lambda n, a: divisible(n, a, 16), "rounding: divisor:16\n"),
    "floor": (lambda n, a: max(int(n * a), 1), "rounding: floor"),
    "ceil 4": (lambda n, a: math.ceil(n * a / 4) * 4, "rounding: ceil:4\n"),
    "nearest 8 and a minimum": (lambda n, a: max(int(n * a + 4) // 8 * 8, 16), "rounding: nearest:8,min:16\n"),
    "half to even": (lambda n, a: max(round(n * a / 8) * 8, 8), "rounding: nearest-even:8"),
    "truncated first": (lambda n, a: divisible(1, int(n * a)), "rounding: floor+divisor:8\n"),
    "only grows": (lambda n, a: divisible(n, max(a, 1) if n == 96 else a), "out_channels: 96, width: grow"),
    "the last one kept": (lambda n, a: 96 if n == 96 else divisible(n, a), "out_channels: 96, width: fixed"),
    "twice a rounded width": (lambda n, a: 2 * divisible(n // 2, a), "rounding: divisor:16\n"),
    "a rule for one row": (lambda n, a: divisible(n, a, 24 if n == 96 else 8), "out_channels: 96, rounding: divisor:24"),
    "divisor 1": (lambda n, a: divisible(n, a, 1), "rounding: divisor:1\n"),
    "the first row by another rule": (lambda n, a: math.ceil(n * a / 8) * 8 if n == 16 else divisible(n, a), "out_channels: 16, rounding: ceil:8, stride: 2"),
    "a row between by another rule": (lambda n, a: max(int(n * a + 4) // 8 * 8, 8) if n == 96 else divisible(n, a), 'out_channels: 96, rounding: nearest:8'),
    "a minimum for one row": (lambda n, a: max(divisible(n, a), 32) if n == 96 else divisible(n, a), 'out_channels: 96, rounding: "divisor:8,min:32"'),
    "a minimum that only small alphas reach": (lambda n, a: max(int(n * a), 2), 'out_channels: 16, rounding: "floor,min:2"'),
    "some rows": (lambda n, a: divisible(n, a) if n > 30 else n, "out_channels: 24, width: fixed"),
    "two divisors": (lambda n, a: divisible(n, a, 16 if n > 30 else 8), "divisor:16"),
    "a ratio of the row above": (lambda n, a: divisible(40, a) * 3 // 16 if n == 96 else divisible(n, a), "expansion: 0.1875, rounding: floor"),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_found_and_holds_where_nobody_looked(name: str) -> None:
    width, written = RULES[name]
    found = drawn(width)
    assert written in found.text
    for alpha, side in (("0.3", 32), ("0.65", 33), ("0.9", 64), ("1.1", 47), ("1.3", 32), ("2.2", 40)):
        cost = found.network.cost(alpha=alpha, resolution=side).mult_adds
        assert (alpha, cost) == (alpha, kernel_mults(width, float(alpha), side))
    assert all("the code's floating point gives" in said for said in found.remarks)


REFUSED: dict[str, tuple[Callable[[int, float], int], str]] = {
    "the root of alpha": (lambda n, a: int(n * math.sqrt(a)), "16 channels at alpha 1 and 13 at 0.703125, where alpha x 16 under floor gives 11"),
    "a rule that switches": (lambda n, a: int(n * a) if a >= 0.5 else divisible(n, a), "24 channels at alpha 1 and 16 at 0.375, where alpha x 24 under"),
    "a square": (lambda n, a: max(int(n * a * a), 1), "no rule of the table gives all its widths"),
    "nothing": (lambda n, _: n, "no width of the network changes"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_rule_is_refused_with_row_and_alpha(name: str) -> None:
    width, said = REFUSED[name]
    with pytest.raises(MbcostError) as caught:
        drawn(width)
    assert said in str(caught.value)


def test_what_a_width_may_be_as_well_is_said_where_the_code_builds_nothing_to_tell() -> None:
    def width(n: int, alpha: float) -> int:
        if alpha > 1:
            raise MbcostError("alpha must be at most 1")
        return n if n == 96 else divisible(n, alpha)

    found = drawn(width)
    said = "conv: fixed 96 and grow 96 agree at all traced points; they first differ at alpha 25/24"
    assert said in found.remarks
    assert f'undecided: ["{said}"' in found.text
    assert "  range: [0.0625, 1]\n" in found.text
    assert "at alpha 1.05 the code builds no network: alpha must be at most 1" in found.remarks
    for alpha in ("0.3", "0.65", "0.9", "1"):
        cost = found.network.cost(alpha=alpha, resolution=32).mult_adds
        assert (alpha, cost) == (alpha, kernel_mults(width, float(alpha), 32))


def test_a_builder_of_one_alpha_is_refused_in_its_own_words() -> None:
    def width(n: int, alpha: float) -> int:
        if alpha not in {0.5, 1}:
            raise MbcostError("alpha must be 0.5 or 1")
        return divisible(n, alpha)

    with pytest.raises(MbcostError, match=r"at alpha 0\.375 the code builds no network: alpha must be 0\.5 or 1"):
        drawn(width)


def test_the_error_of_floating_point_in_one_row_excuses_no_other() -> None:
    """int(100 * 1.15) is 114 for 115; 96 channels are 104 there as well, and that is no noise."""
    with pytest.raises(MbcostError, match=r"at alpha 1\.15 the table would not be the network"):
        drawn(lambda n, a: max(int((100 if n == 40 else n) * a), 1) if n != 96 or not 1.1 < a < 1.2 else 104)


def chain(build: Callable[[Drawn, float], None]) -> Imported:
    """The table of layers that a function draws at an alpha."""

    def trace(alpha: Fraction, asked: list[list[list[int]]]) -> Graph:
        net = Drawn(*[tuple(shapes[0]) for shapes in asked])  # type: ignore[arg-type]
        build(net, float(alpha))
        return read_graph(net.document())

    return varied(trace, source())


def relu(net: Drawn, x: int) -> int:
    shapes = [tuple(trace["values"][x][1:]) for trace in net.traces]
    return net.node("activation", [x], shapes, function="relu")


def test_a_block_whose_widths_follow_two_rules_is_rows() -> None:
    """An expanded width that stays as it is, and an output that alpha scales: no row says both."""

    def build(net: Drawn, alpha: float) -> None:
        x = net.conv(0, divisible(16, alpha), stride=2)
        x = net.conv(relu(net, net.conv(x, 96)), divisible(24, alpha), kernel=1)
        net.conv(relu(net, net.conv(x, 192)), divisible(40, alpha), kernel=1)

    found = chain(build)
    assert "fused" not in found.text
    assert found.text.count("fixed") == 2
    widths = [row.output[0] for row in found.network.cost(alpha="0.55").rows if row.op == "conv"]
    assert widths == [8, 96, 16, 192, 24]


def test_a_residual_that_the_code_never_has_is_none_where_channels_agree() -> None:
    def build(net: Drawn, alpha: float) -> None:
        x = net.conv(0, divisible(24, alpha), stride=2)
        for out in (32, 32):
            read = net.traces[0]["values"][x][1]
            y = relu(net, net.conv(x, 6 * read, kernel=1))
            y = relu(net, net.conv(y, 6 * read, groups=6 * read))
            y = net.conv(y, divisible(out, alpha), kernel=1)
            if x != 1:  # the second one alone
                y = net.node("add", [x, y], [tuple(trace["values"][y][1:]) for trace in net.traces])
            x = y

    found = chain(build)
    assert found.text.count("residual: false") == 1
    small = [row.output[0] for row in found.network.cost(alpha="0.25").rows]
    assert small[0] == small[-1] == 8


def test_a_kernel_that_alpha_decides_is_refused_by_what_it_is() -> None:
    def build(net: Drawn, alpha: float) -> None:
        net.conv(net.conv(0, int(16 * alpha)), int(24 * alpha), kernel=3 if alpha < 2 else 5)

    with pytest.raises(MbcostError, match="layer 2 is a 3 x 3 convolution of stride 1 and not a 5 x 5 convolution"):
        chain(build)


def test_groups_that_follow_no_rule_are_refused_with_their_alphas() -> None:
    def build(net: Drawn, alpha: float) -> None:
        channels = divisible(64, alpha)
        net.conv(net.conv(0, channels), channels, groups=math.gcd(channels, 32))

    with pytest.raises(MbcostError, match=r"64 channels in 32 groups at alpha 1 and 48 in 16 at 0\.703125: neither"):
        chain(build)


def test_a_depth_that_alpha_decides_is_refused() -> None:
    with pytest.raises(MbcostError, match="at alpha 1 the network has other layers, 4 with weights and not 128"):
        drawn(divisible, lambda alpha: max(int(4 * alpha), 1))


def test_a_depth_that_changes_only_where_it_is_verified_is_refused() -> None:
    with pytest.raises(MbcostError, match=r"at alpha 0\.35 the network has other layers"):
        drawn(divisible, lambda alpha: 4 if 0.3 < alpha < 0.37 else 5)


def test_a_width_that_changes_only_where_it_is_verified_is_refused() -> None:
    with pytest.raises(MbcostError, match=r"at alpha 1\.4 the table would not be the network: conv_1 has"):
        drawn(lambda n, alpha: divisible(n, alpha) + (8 if 1.35 < alpha < 1.43 else 0))


def test_the_error_of_floating_point_is_told_and_not_fitted() -> None:
    """int(40 * 1.15) is 46 and int(100 * 1.15) is 114: exactly it is 115."""
    found = drawn(lambda n, alpha: max(int((100 if n == 40 else n) * alpha), 1))
    assert "rounding: floor" in found.text
    told, sought = found.remarks
    assert (
        told
        == "at alpha 1.15 the code's floating point gives conv 114 channels; exactly it is 115, and the table has that"
    )
    assert sought.startswith("at alpha 1.13 the code's floating point gives conv ")
    assert found.network.cost(alpha="1.15").rows[2].output[0] == 115


def test_the_points_are_written_down() -> None:
    text = drawn(divisible).text
    assert "  vary: alpha\n" in text
    assert "0.09375, " in text
    assert "  verified: [0.25@32x32, 0.35@27x27, 0.5@22x22, 0.6@13x13, 0.75@32x32, " in text
    assert Fraction("0.35") not in {Fraction(one) for one in text.split("traced: [")[1].split("]")[0].split(", ")}


def test_importing_twice_gives_the_same_bytes() -> None:
    assert drawn(divisible).text == drawn(divisible).text


def test_an_alpha_too_small_for_the_code_is_told() -> None:
    found = drawn(lambda n, alpha: int(n * alpha / 4) * 4)  # no channels at all below a quarter of 16
    assert "rounding: floor:4" in found.text
    assert found.remarks == ("at alpha 0.09375 the code builds no network: a layer has no channels",)


@pytest.mark.parametrize("place", [0.2, 0.4, 0.55, 0.8, 1.1, 1.3, 1.7, 2.6])
def test_a_rule_that_switches_is_refused_wherever_it_does(place: float) -> None:
    """Multiples of 8 below and of 16 above: most of the widths agree at most alphas."""
    with pytest.raises(MbcostError):
        drawn(lambda n, a: divisible(n, a, 8 if a < place else 16))
