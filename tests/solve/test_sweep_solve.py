"""The inverse question against brute force over every alpha of a fine grid, and against the walk at the ends of its steps."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mbcost
from mbcost.solve.family import Constraint
from mbcost.solve.solver import Solver, Step, largest_size
from mbcost.solve.steps import START, Edge
from tests.inline import table
from tests.separated.random_networks import networks

SMALL_STEP = Fraction(1, 10**9)


def within(
    network: mbcost.Network, alpha: Fraction, size: Any, limits: list[Constraint], **variant: Any
) -> bool | None:
    """Whether the network at one alpha is within the limits; None where it is in error."""
    try:
        cost = network.cost(alpha=alpha, resolution=size, **variant)
    except mbcost.MbcostError:
        return None
    values = {"mult_adds": cost.mult_adds, "flops": 2 * cost.mult_adds, "params": cost.params, "weights": cost.weights}
    return not any(limit.broken(values) for limit in limits)


def brute(network: mbcost.Network, alphas: list[Fraction], size: Any, limits: list[Constraint]) -> Fraction | None:
    """The largest alpha of a list within the limits."""
    return max((alpha for alpha in alphas if within(network, alpha, size, limits)), default=None)


def check(
    network: mbcost.Network, step: Step | None, alphas: list[Fraction], size: Any, limits: list[Constraint]
) -> None:
    """A step is within the limits, no alpha of the list above it is, and its ends are its ends."""
    best = brute(network, alphas, size, limits)
    if step is None:
        assert best is None
        return
    assert within(network, step.alpha, size, limits)
    assert best is None or Edge(best) < step.end
    cost = network.cost(alpha=step.alpha, resolution=size)
    assert cost.mult_adds == step.values["mult_adds"]
    assert cost.params == step.values["params"]
    last = (
        step.end.alpha if step.end.after else step.end.alpha - min(SMALL_STEP, (step.end.alpha - step.start.alpha) / 2)
    )
    if step.start.alpha < 64:
        assert network.cost(alpha=last, resolution=size).rows == cost.rows


@pytest.mark.parametrize(
    "name", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "shufflenet_v1"]
)
@pytest.mark.parametrize("size", [(224, 224), (127, 160)])
def test_the_best_step_is_what_trying_every_alpha_finds(name: str, size: tuple[int, int]) -> None:
    network = mbcost.load(name)
    solver = Solver(network)
    alphas = [Fraction(k, 256) for k in range(4, 400, 3)]
    for limits in (
        [Constraint("mult_adds", 100_000_000)], [Constraint("params", 2_000_000)], [Constraint("mult_adds", 150_000_000), Constraint("params", 2_500_000)],
        [Constraint("mult_adds", 60_000_000), Constraint("params", 1_000_000, True)], [Constraint("flops", 77_777_777), Constraint("weights", 900_000)],
    ):  # fmt: skip
        check(network, solver.largest(size, limits), alphas, size, limits)


def test_v1_under_300_million_begins_at_737_1024() -> None:
    network = mbcost.load("mobilenet_v1")
    limits = [Constraint("mult_adds", 300_000_000)]
    best = Solver(network).largest((224, 224), limits)
    assert best is not None
    assert (best.start, best.end) == (Edge(Fraction(737, 1024)), Edge(Fraction(738, 1024)))
    assert best.values["mult_adds"] == 299_816_242
    assert brute(network, [Fraction(k, 1024) for k in range(700, 780)], 224, limits) == Fraction(737, 1024)
    above = Solver(network).following(best, limits)
    assert above is not None
    assert above.quantity == "mult_adds"
    assert above.step.values["mult_adds"] == network.cost(alpha="738/1024").mult_adds == 300_711_737


@settings(max_examples=90, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    networks(), st.integers(4, 22), st.sampled_from(("mult_adds", "params")), st.sampled_from(("max", "min", "both"))
)
def test_random_networks_are_solved_as_by_brute_force(
    network: mbcost.Network, power: int, quantity: str, asked: str
) -> None:
    """Whatever groups, conditional layers and residuals they have, and whether or not their cost always grows."""
    most, least = Constraint(quantity, 2**power), Constraint(quantity, 3 * 2 ** (power - 2), True)
    limits = {"max": [most], "min": [least], "both": [most, least]}[asked]
    try:
        solver = Solver(network)
    except mbcost.MbcostError as error:
        assert "does not separate" in str(error)  # noqa: PT017
        return
    alphas = [Fraction(k, 24) for k in range(1, 49)]
    if not solver.widths:
        return
    step = solver.largest((32, 32), limits)
    fitting = [alpha for alpha in alphas if within(network, alpha, 32, limits)]
    if step is None:
        assert not fitting
        return
    assert within(network, step.alpha, 32, limits)
    if asked == "min":  # the smallest that is large enough
        assert not fitting or step.start <= Edge(fitting[0])
    else:
        assert not fitting or Edge(fitting[-1]) < step.end


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "vgg16", "squeezenet_1_0", "googlenet"])
def test_the_largest_resolution_is_what_trying_every_one_finds(name: str) -> None:
    network = mbcost.load(name)
    for limits in (
        [Constraint("mult_adds", 120_000_000)],
        [Constraint("mult_adds", 10**9)],
        [Constraint("mult_adds", 10**9), Constraint("mult_adds", 9 * 10**8, True)],
        [Constraint("mult_adds", 10**9), Constraint("params", 10**9, True)],
    ):
        tried = [r for r in range(1, 640) if within(network, Fraction(1), r, limits)]
        assert not tried or tried[-1] < 600  # or the range would have to be wider
        found = largest_size(Solver(network), Fraction(1), limits)
        if found is None:
            assert tried == []
            continue
        largest, smallest = found
        assert largest.size == (tried[-1], tried[-1])
        costs = {r: network.cost(resolution=r).mult_adds for r in tried}
        assert largest.values["mult_adds"] == costs[tried[-1]]
        assert smallest[0] == min(r for r in tried if costs[r] == costs[tried[-1]])


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ([Constraint("mult_adds", 10**18)], 65_536),
        ([Constraint("mult_adds", 27)], 1),
        ([Constraint("mult_adds", 26)], None),
        ([Constraint("mult_adds", 27 * 65_536**2, True)], 65_536),
        ([Constraint("mult_adds", 27 * 65_536**2 + 1, True)], None),
        ([Constraint("mult_adds", 28, True)], 2),
    ],
    ids=str,
)
def test_resolutions_go_from_1_to_65536(limits: list[Constraint], expected: int | None) -> None:
    """Three channels, 3 x 3 each: 27 mult-adds a pixel."""
    found = largest_size(Solver(table("- {op: depthwise}")), Fraction(1), limits)
    assert (found and found[0].size[0]) == expected


def test_a_step_is_whole_on_both_sides_where_a_place_changes_no_width() -> None:
    """divisor:8 on 16 channels: 40 from just above 20/9, since 32 would lose more than a tenth, though half way is 9/4; 48 from 11/4."""
    network = table("- {op: conv, kernel_size: 1, out_channels: 16}", head="rounding: divisor:8")
    solver = Solver(network)
    whole = (Edge(Fraction(20, 9), True), Edge(Fraction(11, 4)))
    from_above = solver.largest((32, 32), [Constraint("weights", 40 * 3)])
    from_below = solver.largest((32, 32), [Constraint("weights", 40 * 3, True)])
    for step in (
        from_above,
        from_below,
        solver.step_of(Fraction(9, 4), (32, 32)),
        solver.step_of(Fraction(5, 2), (32, 32)),
    ):
        assert step is not None
        assert ((step.start, step.end), step.values["weights"]) == (whole, 120)
    for alpha, width in (("20/9", 32), ("2223/1000", 40), ("2749/1000", 40), ("11/4", 48)):
        assert network.cost(alpha=alpha).weights == 3 * width


@pytest.mark.parametrize("rule", ["floor", "nearest:1", "nearest-even:1", "divisor:1", "floor+divisor:1"])
@pytest.mark.parametrize("channels", [1, 2, 4, 5])
def test_the_first_steps_of_very_many_channels_are_found(rule: str, channels: int) -> None:
    """Ten million channels: three mult-adds each at one position, and so many channels begin near alpha = channels / 10^7."""
    width = 10_000_000
    solver = Solver(table(f"- {{op: conv, kernel_size: 1, out_channels: {width}}}", head=f"rounding: {rule}"))
    for least in (False, True):
        step = solver.largest((1, 1), [Constraint("weights", 3 * channels, least)])
        assert step is not None
        assert step.values["weights"] == 3 * channels
        assert Fraction(channels - 1, width) <= step.start.alpha <= Fraction(channels, width)
    assert solver.largest((1, 1), [Constraint("weights", 2)]) is None


def test_the_last_step_is_alpha_64_itself() -> None:
    """floor of one channel: a step for every whole alpha, and 64, where alphas end, is one of its own."""
    solver = Solver(table("- {op: conv, kernel_size: 1, out_channels: 1}", head="rounding: floor"))
    steps = list(solver.upward((32, 32), Edge(Fraction(62))))
    end = Edge(Fraction(64), True)
    assert [(str(step.start), str(step.end), step.values["weights"]) for step in steps] == [
        ("62", "63", 3 * 62),
        ("63", "64", 3 * 63),
        ("64", "after 64", 3 * 64),
    ]
    assert list(solver.downward((32, 32), end))[:3] == steps[::-1]
    for weights, start in ((3 * 64, "64"), (3 * 64 + 5, "64"), (3 * 64 - 1, "63")):
        step = solver.largest((32, 32), [Constraint("weights", weights)])
        assert step is not None
        assert str(step.start) == start
    assert solver.largest((32, 32), [Constraint("weights", 3 * 64 + 1, True)]) is None
    reached = solver.largest((32, 32), [Constraint("weights", 3 * 64, True)])
    assert reached is not None
    assert reached.start == Edge(Fraction(64))
    assert solver.step_of(Fraction(64), (32, 32)) == reached == steps[-1]
    assert solver.following(reached, [Constraint("weights", 3 * 63)]) is None


def test_steps_wider_than_what_is_looked_at_together_are_whole() -> None:
    """ceil:256 on 8 channels: 256 to alpha 32, above it 512, to 64; eight times a sixth of that lies between two places."""
    solver = Solver(table("- {op: conv, kernel_size: 1, out_channels: 8}", head="rounding: ceil:256"))
    assert solver._reach < 16
    steps = list(solver.upward((32, 32), START))
    assert [(step.start, step.end, step.values["weights"]) for step in steps] == [
        (START, Edge(Fraction(32), True), 3 * 256),
        (Edge(Fraction(32), True), Edge(Fraction(64), True), 3 * 512),
    ]
    assert list(solver.downward((32, 32), Edge(Fraction(64), True))) == steps[::-1]


def test_a_step_of_the_divisor_rule_can_begin_just_above_a_rational() -> None:
    network = mbcost.load("mobilenet_v2")
    solver = Solver(network)
    steps = []
    place = Edge(Fraction(1, 2))
    for step in solver.upward((224, 224), place):
        if step.start.after:
            steps.append(step)
        if step.start.alpha > 1:
            break
    assert steps
    for step in steps:
        here = network.cost(alpha=step.start.alpha).mult_adds
        just_above = network.cost(alpha=(step.start.alpha + step.end.alpha) / 2).mult_adds
        assert step.values["mult_adds"] == just_above >= here


def test_without_a_limit_from_above_the_smallest_network_that_is_large_enough() -> None:
    network = mbcost.load("mobilenet_v1")
    best = Solver(network).largest((224, 224), [Constraint("mult_adds", 300_000_000, True)])
    assert best is not None
    assert best.start == Edge(Fraction(738, 1024))


def test_a_cost_that_falls_on_the_way_up_is_reached_where_it_first_is() -> None:
    """Expanded to as many channels as come in, 8, a block has no expansion: at alpha 1 it costs less than just below."""
    network = table(
        "- {op: conv, kernel_size: 1, out_channels: 8, width: fixed}\n"
        "- {op: inverted_residual, out_channels: 8, expanded: 8, residual: false, kernel_size: 3}",
        head="rounding: floor",
    )
    alphas = [Fraction(k, 8) for k in range(1, 17)]
    weights = [network.cost(alpha=alpha).weights for alpha in alphas]
    assert weights == [3 * 8 + (9 + width + 8 * (width != 8)) * width for width in range(1, 17)]
    solver = Solver(network)
    for amount in range(20, 550, 7):
        for limits in ([Constraint("weights", amount)], [Constraint("weights", amount, True)]):
            step = solver.largest((32, 32), limits)
            fitting = [
                alpha for alpha, cost in zip(alphas, weights, strict=True) if not limits[0].broken({"weights": cost})
            ]
            wanted = (min if limits[0].least else max)(fitting, default=None)
            if wanted is None:
                assert step is None
            elif wanted < 2:  # above it are more
                assert step is not None
                assert step.start == Edge(wanted)


def test_the_ideal_alpha_is_the_root_of_the_paper_s_formula() -> None:
    """MobileNets, with rho 1: 539492352 a^2 + 28224000 a + 1024000 a = 300 million."""
    root = Solver(mbcost.load("mobilenet_v1")).ideal_alpha((224, 224), [Constraint("mult_adds", 300_000_000)])
    assert root is not None
    assert 539_492_352 * root**2 + 29_248_000 * root <= 300_000_000
    above = root + Fraction(1, 10**12)
    assert 539_492_352 * above**2 + 29_248_000 * above > 300_000_000


# --- the command ------------------------------------------------------------------------------------------------


def test_solve_as_json(say: Any) -> None:
    said = say("solve", "mobilenet_v1", "--max-mult-adds", "300M", "-f", "json")
    assert (said.code, said.err) == (0, "")
    found = json.loads(said.out)
    assert found["schema"] == "mbcost/solve/1"
    assert found["alpha"] == {"from": "737/1024", "below": "369/512", "decimal": 0.7197265625}
    assert found["ideal_alpha"] == pytest.approx(0.719092141783)
    assert found["resolution"] == [224, 224]
    assert found["channels"]["conv_1"] == 23
    assert found["channels"]["separable_13/pointwise"] == 737
    assert (found["mult_adds"], found["params"], found["binding"]) == (299_816_242, 2_410_208, "mult_adds")
    assert found["next"] == {"alpha": "369/512", "quantity": "mult_adds", "value": 300_711_737}
    assert [(point["alpha"], point["resolution"][0]) for point in found["standard_grid"]] == [
        ("1/2", 224),
        ("3/4", 192),
        ("1", 160),
    ]
    assert (found["published"]["top1"], found["published"]["name"]) == (68.0, "MobileNet_v1_1.0_160")


def test_two_limits_name_the_binding_one(say: Any) -> None:
    found = json.loads(say("solve", "mobilenet_v2", "--max-mult-adds", "150M", "--max-params", "2M", "-f", "json").out)
    assert (found["binding"], found["next"]["quantity"]) == ("params", "params")
    assert found["params"] <= 2_000_000 < found["next"]["value"]
    alone = json.loads(say("solve", "mobilenet_v2", "--max-mult-adds", "50M", "--max-params", "2M", "-f", "json").out)
    assert alone["binding"] == "mult_adds"


def test_a_set_of_resolutions_has_a_solution_each(say: Any) -> None:
    found = json.loads(say("solve", "mobilenet_v1", "--max-mult-adds", "150M", "-r", "128:224:32", "-f", "json").out)
    assert sorted(one["resolution"][0] for one in found["solutions"]) == [128, 160, 192, 224]
    assert found["mult_adds"] == max(one["mult_adds"] for one in found["solutions"])
    network = mbcost.load("mobilenet_v1")
    for one in found["solutions"]:
        assert (
            network.cost(alpha=one["alpha"]["from"], resolution=one["resolution"]).mult_adds
            == one["mult_adds"]
            <= 150_000_000
        )
        assert (
            network.cost(alpha=one["alpha"]["below"], resolution=one["resolution"]).mult_adds
            == one["next"]["value"]
            > 150_000_000
        )


def test_a_fixed_alpha_leaves_the_resolution_open(say: Any) -> None:
    found = json.loads(say("solve", "mobilenet_v3_large", "-a", "0.75", "--max-mult-adds", "100M", "-f", "json").out)
    assert (found["resolution"], found["smallest_resolution"]) == ([176, 176], [175, 175])
    assert found["next"] == {"resolution": [177, 177], "quantity": "mult_adds", "value": 108_473_872}


def test_alphas_and_resolutions_both_given_are_only_looked_through(say: Any) -> None:
    found = json.loads(
        say("solve", "mobilenet_v1", "-a", "0.5,0.75", "-r", "160,224", "--max-mult-adds", "170M", "-f", "json").out
    )
    assert (found["alpha"]["from"], found["resolution"], found["mult_adds"]) == ("3/4", [160, 160], 166_396_800)
    assert len(found["solutions"]) == 2 + 1


def test_no_solution_is_an_answer(say: Any) -> None:
    said = say("solve", "mobilenet_v1", "--max-mult-adds", "1M")
    assert said.code == 1
    assert "no network within the limits" in said.out
    assert "1,440,848" in said.out
    found = json.loads(say("solve", "mobilenet_v1", "--max-mult-adds", "1M", "-f", "json").out)
    assert found["alpha"] is None
    assert found["cheapest"]["alpha"] == "1/32"
    both = say("solve", "mobilenet_v1", "--max-mult-adds", "300M", "--min-params", "3M")
    assert both.code == 1
    assert "299,816,242" in both.out  # the largest within 300M has too few params


def test_solve_as_a_table_and_csv(say: Any) -> None:
    text = say("solve", "mobilenet_v1", "--max-mult-adds", "300M").out
    for words in (
        "best           737/1024      369/512     224         299,816,242  2,410,208  -",
        "next           369/512       -           224         300,711,737  2,417,751  mult_adds: above the limit",
        "299,816,242",
        "0.7190921418",
        "top-1 68.0 %",
        "binding: mult_adds",
        "1024 -> 737",
    ):
        assert words in text
    lines = say("solve", "mobilenet_v1", "--max-mult-adds", "300M", "-f", "csv").out.splitlines()
    assert lines[0] == "point,alpha,below,resolution,mult_adds,params,remark"
    assert lines[1].startswith("best,737/1024,369/512,224,299816242,2410208,")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "`mbcost solve` needs a limit"),
        (["--max-mult-adds", "300"], "`300` is below 10,000 and has no unit"),
        (["--max-mult-adds", "x"], "--max-mult-adds: `x` is not an amount"),
        (
            ["--max-mult-adds", "1M", "--min-mult-adds", "2M"],
            "the limits contradict each other: --min-mult-adds (=2000000) is above --max-mult-adds (=1000000)",
        ),
        (["--max-flops", "3M", "--min-mult-adds", "2M"], "the limits contradict each other"),
        (["--max-params", "1M", "-r", "224:96:32"], "goes backwards: 96 is below 224"),
        (["--max-params", "1M", "-r", "96:224:0"], "has a step of 0"),
        (["--max-params", "1M", "-a", "0"], "alpha (=0) must be above 0"),
        (["--max-params", "1M", "--rho", "1", "-r", "9"], "rho and a resolution are both given"),
        (["--max-params", "1M", "--rounding", "none"], "without rounding the cost has no steps"),
        (["--max-params", "1M", "-r", "0"], "is not a size in pixels"),
    ],
)
def test_wrong_questions_exit_with_2(say: Any, arguments: list[str], message: str) -> None:
    said = say("solve", "mobilenet_v1", *arguments)
    assert said.code == 2
    assert said.out == ""
    assert message in said.err
    assert "help:" in said.err


def test_a_network_whose_width_cannot_vary(say: Any) -> None:
    said = say("solve", "vgg16", "--max-mult-adds", "5G")
    assert said.code == 2
    assert "`vgg16` has no width to vary" in said.err
    assert say("solve", "vgg16", "--max-mult-adds", "5G", "-a", "1").code == 0


def test_a_table_whose_widths_are_all_fixed(say: Any, tmp_path: Any) -> None:
    table = tmp_path / "net.yaml"
    table.write_text(
        "format: 1\nname: net\ninput: {channels: 3, resolution: 8}\nrounding: floor\nlayers: [{op: conv, kernel_size: 3, out_channels: 8, width: fixed}]\n"
    )
    said = say("solve", str(table), "--max-mult-adds", "5G")
    assert said.code == 2
    assert "all its widths are fixed" in said.err


# --- what a script relies on ------------------------------------------------------------------------------------


def solved(say: Any, *arguments: str) -> dict[str, Any]:
    """The answer as JSON."""
    found: dict[str, Any] = json.loads(say("solve", *arguments, "-f", "json").out)
    return found


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        ("mobilenet_v2", "56M"),  # begins just above 5/18
        ("mobilenet_v2", "190M"),  # ends with 20/27
        ("mobilenet_v1", "300M"),
        ("mobilenet_v3_large", "123456789"),
        ("mnasnet_a1", "77M"),  # widths of 24, 40, 112: ends that are no decimals
    ],
)
def test_every_alpha_from_its_lower_end_to_below_its_upper_end_gives_the_best_network(
    say: Any, model: str, limit: str
) -> None:
    found = solved(say, model, "--max-mult-adds", limit)
    network = mbcost.load(model)
    first, below = Fraction(found["alpha"]["from"]), Fraction(found["alpha"]["below"])
    for alpha in (first, (first + below) / 2, below - Fraction(1, 10**12), found["alpha"]["decimal"]):
        cost = network.cost(alpha=alpha)
        assert (cost.mult_adds, cost.params) == (found["mult_adds"], found["params"])
    at_end = network.cost(alpha=below).mult_adds
    assert (at_end == found["mult_adds"]) == found["alpha"].get("below_included", False)
    assert network.cost(alpha=found["next"]["alpha"]).mult_adds == found["next"]["value"]


def test_a_step_that_begins_just_above_a_rational_says_so_and_names_an_alpha_to_type(say: Any) -> None:
    found = solved(say, "mobilenet_v2", "--max-mult-adds", "56M")
    assert found["alpha"] == {"from": "7/25", "below": "23/80", "decimal": 0.28, "above": "5/18"}
    assert "from just above 5/18" in say("solve", "mobilenet_v2", "--max-mult-adds", "56M").out
    assert "5/18 too" in say("solve", "mobilenet_v2", "--max-mult-adds", "44M").out


def test_a_decimal_of_an_end_that_has_none_is_rounded_into_the_step(say: Any, tmp_path: Any) -> None:
    table = tmp_path / "thirds.yaml"
    table.write_text(
        "format: 1\ninput: {channels: 3, resolution: 8}\nrounding: floor\nlayers: [{op: conv, kernel_size: 1, out_channels: 30000}]\n"
    )
    found = solved(say, str(table), "--max-weights", "30000")
    assert found["alpha"] == {"from": "1/3", "below": "10001/30000", "decimal": 0.333333333334}


@pytest.mark.parametrize(
    "change",
    [
        ["--standard"],
        ["--set", "separable_13.stride=2"],
        ["--rounding", "divisor:16"],
        ["--classes", "10"],
        ["--without", "softmax_1"],
    ],
)
def test_an_accuracy_is_that_of_the_published_network_alone(say: Any, change: list[str]) -> None:
    whole = ["mobilenet_v1", "--max-mult-adds", "3G"]
    assert solved(say, *whole)["published"]["top1"] == 70.9
    assert solved(say, *whole, "--rounding", "floor", "--batch", "2", "--convention", "fvcore")["published"]
    changed = solved(say, *whole, *change)
    assert changed["published"] is None
    assert changed["standard_grid"]


def test_a_file_with_the_name_of_a_shipped_model_has_no_published_accuracy(say: Any, tmp_path: Any) -> None:
    table = tmp_path / "mobilenet_v1.yaml"
    table.write_text(say("show", "mobilenet_v1").out)
    assert solved(say, str(table), "--max-mult-adds", "300M")["published"] is None


def test_without_a_limit_from_above_the_next_network_is_the_one_below(say: Any) -> None:
    found = solved(say, "mobilenet_v1", "--min-mult-adds", "300M")
    assert (found["alpha"]["from"], found["binding"]) == ("369/512", "mult_adds")
    assert found["next"] == {"alpha": "737/1024", "quantity": "mult_adds", "value": 299_816_242}
    assert [(point["alpha"], point["resolution"][0]) for point in found["standard_grid"]] == [("3/4", 224), ("1", 192)]
    fixed = solved(say, "mobilenet_v1", "--min-mult-adds", "300M", "-a", "0.7")
    assert (fixed["resolution"], fixed["next"]["resolution"]) == ([225, 225], [224, 224])


def test_a_family_ends_where_no_limit_does(say: Any) -> None:
    assert "no limit binds: alpha ends at 64" in say("solve", "mobilenet_v1", "--max-mult-adds", "9000T").out
    fixed = say("solve", "mobilenet_v1", "--max-params", "2M", "-a", "0.5").out
    assert "no limit binds: resolutions end at 65,536 pixels" in fixed
    assert "no limit binds: there is no smaller network" in say("solve", "mobilenet_v1", "--min-params", "20k").out


def test_a_fixed_alpha_says_up_to_where_it_makes_no_difference(say: Any) -> None:
    assert solved(say, "mobilenet_v1", "-a", "0.7", "-r", "224", "--max-mult-adds", "300M")["alpha"] == {
        "from": "7/10",
        "below": "717/1024",
        "decimal": 0.7,
    }
    assert solved(say, "vgg16", "-a", "1", "--max-mult-adds", "1G")["alpha"]["below"] is None


def test_resolutions_at_which_there_is_no_network(say: Any) -> None:
    alone = say("solve", "alexnet", "--rounding", "floor", "--max-mult-adds", "100M", "-r", "10")
    assert alone.code == 2
    assert "the map vanishes" in alone.err
    both = say("solve", "alexnet", "--rounding", "floor", "--max-mult-adds", "100M", "-r", "10,70")
    assert both.code == 0
    assert "left out, in error there: resolution 10" in both.out
    alphas = say("solve", "shufflenet_v1", "--max-mult-adds", "100M", "-a", "0.51,0.5")
    assert "left out, in error there: alpha 0.51" in alphas.out


def test_the_whole_step_is_shown_on_eighty_columns(say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbcost.cli.output.terminal", lambda: (80, False))
    text = say("solve", "mobilenet_v1", "--max-mult-adds", "300M").out
    assert "best           737/1024      369/512     224         299,816,242  2,410,208" in text


def test_flops_are_added_beside_mult_adds(say: Any) -> None:
    found = solved(say, "mobilenet_v1", "--max-flops", "600M", "--unit", "flops", "-r", "192,224")
    for one in (found, *found["solutions"], *found["standard_grid"], found["published"]):
        assert one["flops"] == 2 * one["mult_adds"] <= 600_000_000


def test_a_lower_bound_passes_no_maximum(say, tmp_path) -> None:
    path = tmp_path / "unknown.yaml"
    path.write_text(
        "format: 1\ninput: {channels: 3, resolution: 32}\nrounding: floor\nlayers:\n"
        "  - {op: conv, kernel_size: 3, out_channels: 16}\n  - {op: pointwise, out_channels: 8, cost: unknown}\n",
        encoding="utf-8",
    )
    said = say("solve", str(path), "--max-mult-adds", "1M")
    assert said.code == 1
    assert "no network is known to be within the limits" in said.out
    least = say("solve", str(path), "--min-mult-adds", "1M", "-f", "json")
    assert (least.code, json.loads(least.out)["known_within"]) == (0, True)
