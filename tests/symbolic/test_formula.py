"""Closed forms under every rounding rule, at widths that vanish, and of networks whose width cannot vary."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy

import mbcost
from mbcost.symbolic import Formula
from tests.conftest import Said, told
from tests.inline import table

Say = Callable[..., Said]
ALPHAS = ("1/64", "1/10", "0.35", "3", "64")


def agree(formula: Formula, alpha: str, resolution: int, **variant: Any) -> None:
    """The realised closed form at a point is the count."""
    closed = formula.realised
    cost = formula.network.cost(alpha, resolution=resolution, **variant)
    found = [
        closed.at(side, Fraction(alpha), (resolution, resolution))
        for side in (closed.total.mult_adds, closed.total.params)
    ]
    assert found == [cost.mult_adds, cost.params], (formula.network.name, alpha, resolution)


def possible(network: mbcost.Network, alpha: str, rounding: str) -> bool:
    """Whether the rule leaves every layer a channel."""
    try:
        network.cost(alpha, rounding=rounding)
    except mbcost.MbcostError as error:
        return "a width of 0 channels" not in str(error)
    return True


@pytest.mark.parametrize("rounding", ["floor", "divisor:8", "floor+divisor:8", "floor+divisor:3", "none"])
@pytest.mark.parametrize("model", ["mobilenet_v1", "efficientnet_b0", "mobilenet_v3_small_torchvision"])
def test_every_rounding_rule_has_a_closed_form(model: str, rounding: str) -> None:
    """Also where truncation leaves nothing: a squeezed width is then 1, and a divisor rule starts at the divisor."""
    network = mbcost.load(model)
    alphas = [alpha for alpha in ALPHAS if possible(network, alpha, rounding)]
    assert len(alphas) >= 3
    for standard in (False, True):
        formula = network.formula(rounding=rounding, standard=standard)
        for alpha in alphas:
            agree(formula, alpha, 97, rounding=rounding, standard=standard)


def test_an_expansion_that_truncation_takes_back_is_left_out() -> None:
    """floor(9/8 * 3) is 3, so there is nothing to expand: the closed form may not be sure of the opposite."""
    network = table(
        "- {op: conv, kernel_size: 1, out_channels: 3}\n- {op: inverted_residual, expansion: 9/8, out_channels: 3}",
        head="rounding: floor+divisor:3",
    )
    assert "inverted_residual_1/expand" not in [row.name for row in network.cost().rows]
    for alpha in ("1", "2", "3", "8"):
        agree(network.formula(), alpha, 32)


@pytest.mark.parametrize(
    "model", ["vgg16", "resnet50", "squeezenet_1_0", "googlenet", "nasnet_mobile", "shufflenet_v2_x1_0"]
)
def test_a_network_without_a_width_to_vary_has_a_closed_form_in_rho(model: str, say: Say) -> None:
    network = mbcost.load(model)
    assert network.rounding is None
    formula = network.formula()
    for resolution in (97, 224, 225, 331):
        agree(formula, "1", resolution)
    found = told(say("formula", model, "-f", "json"))
    assert found["symbols"] == ["rho"]
    idealised = sympy.sympify(found["idealised"]["mult_adds"]).subs("rho", 1)
    assert idealised == network.cost(ideal=True).mult_adds
    title = say("formula", model).out.splitlines()[0]
    assert title.startswith(f"{model}, alpha 1, convention torch, no rounding rule")


def test_what_is_defined_below_a_formula_is_used_in_it() -> None:
    """The squeezed width max(1, floor(c / 4)) leaves no definition of floor(c / 4) behind."""
    closed = mbcost.load("mobilenet_v3_small").formula(rounding="floor").realised
    used = {symbol for form in closed.rows for symbol in (form.mult_adds + form.params).free_symbols}
    used |= {symbol for definition in closed.definitions.values() for symbol in definition.free_symbols}
    assert set(closed.definitions) <= used
    assert any(definition.has(sympy.Max) for definition in closed.definitions.values())


def test_flops_are_twice_the_mult_adds_in_every_form(say: Say) -> None:
    found = told(say("formula", "mobilenet_v1", "--unit", "flops", "-f", "json"))
    for form in ("idealised", "realised"):
        flops, mult_adds = (sympy.sympify(found[form][key]) for key in ("flops", "mult_adds"))
        assert sympy.expand(flops - 2 * mult_adds) == 0
    assert found["gap"]["flops"]["realised"] == 2 * found["gap"]["mult_adds"]["realised"]
    text = say("formula", "mobilenet_v1", "--unit", "flops").out
    assert "flops     = 2 rho^2 (539492352 alpha^2 + 28224000 alpha) + 2048000 alpha" in text


def test_a_network_that_only_rounding_makes_possible_has_a_closed_form(say: Say, tmp_path: Path) -> None:
    """12 channels are 16 once rounded, and meet the 16 of the other branch; unrounded they do not, so there is no gap."""
    gate = "[{op: global_pool}, {op: conv, kernel_size: 1, out_channels: 16, width: fixed}]"
    rows = f"- {{op: conv, kernel_size: 3, out_channels: 12}}\n- {{op: multiply, branches: [[], {gate}]}}"
    path = tmp_path / "net.yaml"
    path.write_text(table(rows, head="rounding: divisor:8").table.text, encoding="utf-8")
    found = told(say("formula", str(path), "-f", "json"))
    assert found["gap"] == {}
    realised = sympy.sympify(found["realised"]["mult_adds"]).subs({"alpha": 1, "rho": 1})
    assert realised == mbcost.load(str(path)).cost().mult_adds
    assert "realised:" in say("formula", str(path)).out


@pytest.mark.parametrize("model", ["mobilenet_v1", "mobilenet_v2"])
def test_a_long_formula_folds_at_its_signs(
    model: str, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mbcost.symbolic.writing import folded

    (line,) = [
        line for line in say("formula", model, "--form", "realised").out.splitlines() if line.startswith("  params ")
    ]
    text = line.partition(" = ")[2]
    lines = folded(text, 60)
    assert " ".join(lines) == text
    assert max(map(len, lines)) <= 60
    assert all(line[:2] in {"+ ", "- "} for line in lines[1:])
    latex = say("formula", model, "-f", "latex").out
    assert max(map(len, latex.splitlines())) < 250
    assert latex.count("{") == latex.count("}")


DEEP = ("efficientnet_b0", "efficientnet_lite0", "mixnet_m", "mobilenet_v3_rw", "mobilenet_v2_deep")


@pytest.mark.parametrize("model", DEEP)
def test_the_depths_of_a_form_are_those_with_its_layers(model: str) -> None:
    network = mbcost.load(model)

    def layers(depth: Fraction) -> list[str]:
        return [row.name for row in network.cost(depth=depth).rows]

    little = Fraction(1, 10**6)
    for depth in (Fraction(n, 11) for n in (5, 11, 13, 15, 20, 34)):
        found = network.formula(depth=depth).depths
        assert found is not None
        low, high = found
        assert low < depth <= high
        assert layers(high) == layers(depth) == layers(low + little)
        assert layers(high + little) != layers(depth)
        assert low == 0 or layers(low) != layers(depth)


def test_what_no_depth_changes_has_no_depths() -> None:
    assert mbcost.load("squeezenet_1_1").formula().depths is None
    staged = mbcost.loads(
        "format: 1\nname: net\ninput: {channels: 3, resolution: 8}\nrounding: floor\nlayers:\n"
        "  - {op: conv, kernel_size: 1, out_channels: 8, repeat: 2, depth: one, name: a}\n"
        "  - {op: conv, kernel_size: 1, out_channels: 8, repeat: 3, depth: one, name: b}\n"
    )
    assert staged.formula().depths == (Fraction(4, 5), Fraction(1))
    assert staged.formula(set={"a.repeat": 4}).depths is None  # at another depth that is an error
