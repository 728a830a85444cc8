"""One declaration, and every command knows the quantity."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import mbcost
from mbcost.memory.roofline import roofline
from mbcost.quantities import QUANTITIES, Bits, Quantity, bits_of, register
from mbcost.testing import assert_budget
from tests.conftest import Said, told

Say = Callable[..., Said]

ODD = """\
format: 1
name: odd
input: {channels: 3, resolution: 32}
layers:
  - {op: conv, kernel_size: 3, out_channels: 8}
  - {op: custom, name: odd, mult_adds_per_output: 20, params_per_channel: 3}
"""


def test_a_saved_report_checked_unchanged_has_not_grown(say: Say, tmp_path: Path) -> None:
    """Of a custom row nothing follows from the shapes: the report carries what was counted."""
    table, budgets = tmp_path / "odd.yaml", tmp_path / "budgets.yaml"
    table.write_text(ODD, encoding="utf-8")
    limits = ", ".join(f"{name}: +0" for name, one in QUANTITIES.items() if "check" in one.limits and not one.dear)
    budgets.write_text(f"format: 1\nbudgets: [{{model: odd.yaml, vs_base: {{{limits}}}}}]\n", encoding="utf-8")
    for save in (["check", str(table), "--max-params", "1M"], ["table", str(table)]):
        saved = tmp_path / f"{save[0]}.json"
        assert say(*save, "-f", "json", "-o", str(saved)).code == 0
        said = say("check", str(budgets), "--base", str(saved), "--show-passed")
        assert said.code == 0, said.out
        assert "unchanged from 16,384" in said.out  # 8 x 32 x 32, of the convolution and of the custom row


NET = """\
format: 1
name: net
input: {channels: 3, resolution: 32}
layers:
  - {op: conv, kernel_size: 3, out_channels: 8}
  - {op: inverted_residual, expansion: 4, out_channels: 8}
"""
GROWN = NET.replace("expansion: 4", "expansion: 6")


@pytest.mark.parametrize("command", ["check", "table"])
def test_a_peak_that_grew_names_the_step_and_the_tensors_alive_there_before_and_now(
    say: Say, tmp_path: Path, command: str
) -> None:
    table, budgets, saved = (tmp_path / name for name in ("net.yaml", "budgets.yaml", "base.json"))
    table.write_text(NET, encoding="utf-8")
    budgets.write_text(
        "format: 1\nbudgets: [{model: net.yaml, max: {params: 1M}, vs_base: {peak_memory: +0, memory_access: +0}}]\n",
        encoding="utf-8",
    )
    assert say(command, str(table if command == "table" else budgets), "-f", "json", "-o", str(saved)).code == 0
    table.write_text(GROWN, encoding="utf-8")
    said = say("check", str(budgets), "--base", str(saved))
    assert said.code == 1
    assert said.out.count("FAIL") == 1  # there is one cause
    peak, access = said.out.partition("for:   memory access")[::2]
    assert (
        """\
      at:    inverted_residual_1/depthwise, as before
      most:  inverted_residual_1/expand    49,152
             inverted_residual_1/depthwise 49,152
             conv_1                         8,192
      was:   inverted_residual_1/expand    32,768
             inverted_residual_1/depthwise 32,768
             conv_1                         8,192
      grew:  ~ inverted_residual_1/expand    32,768 -> 49,152 (+16,384)
             ~ inverted_residual_1/depthwise 32,768 -> 49,152 (+16,384)
"""
        in peak
    )
    assert "grew:  ~ inverted_residual_1/depthwise 65,824 -> 98,736 (+32,912)" in access  # a sum has its layers
    (found,) = [
        result
        for result in json.loads(say("check", str(budgets), "--base", str(saved), "-f", "json").out)["results"]
        if result["quantity"] == "peak_memory"
    ]
    assert found["at"] == found["was"]["step"] == "inverted_residual_1/depthwise"
    assert sum(tensor["value"] for tensor in found["was"]["tensors"]) == found["base"] == 73_728
    assert found["place"] == {"file": str(table), "line": 6, "column": 5}


def test_a_peak_elsewhere_says_where_it_was(say: Say, tmp_path: Path) -> None:
    table, budgets, saved = (tmp_path / name for name in ("net.yaml", "budgets.yaml", "base.json"))
    table.write_text(NET, encoding="utf-8")
    budgets.write_text(
        "format: 1\nbudgets: [{model: net.yaml, max: {arena: 1MiB}, vs_base: {peak_memory: +0, arena: +0}}]\n",
        encoding="utf-8",
    )
    say("check", str(budgets), "-f", "json", "-o", str(saved))
    table.write_text(NET + "  - {op: conv, kernel_size: 1, out_channels: 96}\n", encoding="utf-8")
    said = say("check", str(budgets), "--base", str(saved))
    assert "at:    conv_2, was at inverted_residual_1/depthwise" in said.out
    assert "grew:  + conv_2                  98,304 (+98,304)" in said.out
    assert said.out.count("at:    conv_2\n") == 1  # a report has no tensors of an arena


def test_a_peak_saved_under_another_memory_rule_is_no_base(say: Say, tmp_path: Path) -> None:
    table, budgets, saved = (tmp_path / name for name in ("net.yaml", "budgets.yaml", "base.json"))
    table.write_text(NET, encoding="utf-8")
    assert say("table", str(table), "--memory-rule", "torch-eager", "-f", "json", "-o", str(saved)).code == 0
    text = "format: 1\nbudgets: [{model: net.yaml, vs_base: {%s: +0}}]\n"
    budgets.write_text(text % "peak_memory", encoding="utf-8")
    said = say("check", str(budgets), "--base", str(saved))
    assert said.code == 2
    assert f"{budgets}:2:" in said.err
    assert "has the peak memory under another memory rule\n" in said.err
    budgets.write_text(text % "params", encoding="utf-8")
    assert say("check", str(budgets), "--base", str(saved)).code == 0


def test_a_peak_in_a_saved_report_that_is_none_is_refused(say: Say, tmp_path: Path) -> None:
    table, saved = tmp_path / "net.yaml", tmp_path / "base.json"
    table.write_text(NET, encoding="utf-8")
    document = told(say("table", str(table), "-f", "json"))
    for wrong in ([], {"step": 3, "tensors": []}, {"step": "a", "tensors": [{"name": "a", "elements": -1}]}):
        saved.write_text(json.dumps({**document, "peak": wrong}), encoding="utf-8")
        said = say("check", str(table), "--max-params", "1M", "--base", str(saved))
        assert said.code == 2
        assert "`peak` is " in said.err


def test_the_memory_access_of_a_layer_has_a_share_and_limits(say: Say, tmp_path: Path) -> None:
    table, budgets = tmp_path / "net.yaml", tmp_path / "budgets.yaml"
    table.write_text(NET, encoding="utf-8")
    text = 'format: 1\nbudgets: [{model: net.yaml, layers: {"*/depthwise": {%s}}}]\n'
    budgets.write_text(text % "max_share: {memory_access: 36%}, max: {memory_access: 65824}", encoding="utf-8")
    said = say("check", str(budgets), "--show-passed")
    assert (said.code, "memory access 65,824, limit 65824" in said.out) == (0, True)
    budgets.write_text(text % "max: {peak_memory: 1}", encoding="utf-8")
    said = say("check", str(budgets))
    assert said.code == 2
    assert "the peak memory is of the whole network, not of a layer" in said.err


def test_a_saved_report_without_a_quantity_says_so(say: Say, tmp_path: Path) -> None:
    """The first version of the reports carried mult-adds, params and their parts."""
    saved, budgets = tmp_path / "base.json", tmp_path / "budgets.yaml"
    document = told(say("table", "mobilenet_v1", "-f", "json"))
    document["schema"] = "mbcost/table/1"
    for keys in (*document["layers"], document["total"]):
        del keys["quantities"]
    saved.write_text(json.dumps(document), encoding="utf-8")
    text = "format: 1\nbudgets: [{model: mobilenet_v1, vs_base: {%s: +0}}]\n"
    budgets.write_text(text % "model_bytes", encoding="utf-8")
    assert say("check", str(budgets), "--base", str(saved)).code == 0
    budgets.write_text(text % "total_activations", encoding="utf-8")
    said = say("check", str(budgets), "--base", str(saved))
    assert said.code == 2
    assert "does not have `total_activations`" in said.err


POINT = bits_of(ridge_point="31.2")


@pytest.mark.parametrize("name", [*QUANTITIES, "largest_activation_bytes"])
@pytest.mark.parametrize("model", ["mobilenet_v2", "mobilenet_v3_small", "googlenet"])
def test_every_quantity_is_the_same_by_the_walk_on_a_grid_and_on_arrays(name: str, model: str) -> None:
    network = mbcost.load(model)
    alphas = ["0.5", "1"] if network.rounding is not None else ["1"]
    walked = [tuple(network.cost(alpha, resolution=size).total(name, POINT) for size in (192, 224)) for alpha in alphas]
    values = np.array([float(alpha) for alpha in alphas])
    grid, arrays = network.grid(alphas, [192, 224]), network.grid(values, np.array([192, 224]))
    grid.bits = arrays.bits = POINT
    assert grid.total(name) == walked
    assert arrays.total(name).tolist() == [list(row) for row in walked]
    points = network.cost(values[:, None], resolution=np.array([192, 224]))
    assert points.total(name, POINT).tolist() == [*map(list, walked)]


def test_intensity_is_mult_adds_over_bytes_of_layers_of_kinds_and_of_the_network() -> None:
    cost = mbcost.load("mobilenet_v2").cost()
    intensity, access = QUANTITIES["intensity"], QUANTITIES["memory_access_bytes"]
    moved = access.by_row(cost, 16)
    assert intensity.by_row(cost, 16) == {row.name: Fraction(row.mult_adds, moved[row.name]) for row in cost.rows}
    assert intensity.total(cost, 16) == Fraction(cost.mult_adds, sum(moved.values()))


def test_the_modelled_time_is_that_of_the_roofline() -> None:
    cost = mbcost.load("mobilenet_v2").cost()
    found = roofline(cost, Fraction("31.2"), Bits(16))
    bits = bits_of(16, ridge_point="31.2")
    assert cost.total("model_time", bits) == found.model_time
    assert cost.total("time_bound", bits) == found.bound
    assert cost.total("model_time", bits_of(ridge_point=0)) == cost.mult_adds
    each = QUANTITIES["model_time"].by_row(cost, bits)
    assert each == {layer.name: layer.time for layer in found.layers}
    with pytest.raises(mbcost.MbcostError, match="and none is given"):
        cost.total("model_time")


RATIONAL = "intensity,model_time,time_bound"


@pytest.mark.parametrize(
    "command",
    [
        ["table", "mobilenet_v1"], ["table", "mobilenet_v1", "--by", "kind"], ["compare", "mobilenet_v1"],
        ["compare", "mobilenet_v1", "mobilenet_v2"], ["sweep", "mobilenet_v1", "-a", "1", "-r", "224"],
        ["diff", "mobilenet_v2", "mobilenet_v1"], ["list", "mobilenet_v1"], ["memory", "mobilenet_v1"],
    ],
)  # fmt: skip
def test_what_is_rational_is_an_exact_text_beside_a_number_and_a_decimal_for_people(
    command: list[str], say: Say
) -> None:
    cost = mbcost.load("mobilenet_v1").cost()
    asked = [*command, "--ridge-point", "31.2", *(["--columns", RATIONAL] if command[0] != "memory" else [])]
    document = told(say(*asked, "-f", "json"))
    assert document["ridge_point"] == "156/5"
    for name in RATIONAL.split(","):
        exact = cost.total(name, POINT)
        numbers = [value for value in _under(f"{name}_number", document) if value is not None]
        found = _under(name, document)
        if command[0] == "diff":  # on both sides, beside one another
            assert {"after": str(exact)} in found
            numbers = [both["after_number"] for both in _both(name, document)]
        else:
            assert str(exact) in found
        assert Fraction(repr(exact.numerator / exact.denominator)) in numbers
    if command[0] != "memory":
        said = say(*asked)
        assert said.code == 0
        assert "39.36" in said.out
        assert "ridge point 31.2" in said.out or command[0] in {"compare", "diff", "list"}
        lines = say(*asked, "-f", "csv").out.splitlines()
        assert "intensity" in lines[0]
        assert ",39.36" in lines[1] or command[0] in {"table", "diff"} or len(command) == 2  # these have no total


def _both(name: str, document: object) -> list[dict[str, float]]:
    """Every difference of a quantity, however deep."""
    if isinstance(document, list):
        return [found for item in document for found in _both(name, item)]
    if not isinstance(document, dict):
        return []
    own = [document[name]] if isinstance(document.get(name), dict) else []
    return own + [found for value in document.values() for found in _both(name, value)]


def test_a_report_with_what_is_rational_is_a_base(say: Say, tmp_path: Path) -> None:
    saved = tmp_path / "base.json"
    columns = ["--columns", RATIONAL, "--ridge-point", "30"]
    assert say("table", "mobilenet_v1", *columns, "-f", "json", "-o", str(saved)).code == 0
    said = say("check", "mobilenet_v1", "--max-params", "5M", "--base", str(saved))
    assert (said.code, said.err) == (0, "")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["table", "mobilenet_v1", "--columns", "model_time"], "error: the modelled time is that of a device with some ridge point, and none is given\n  help: give --ridge-point 31.2"),
        (["table", "mobilenet_v1", "--columns", "model_time", "--ridge-point", "nan"], "the ridge point `nan` is not a number"),
        (["table", "mobilenet_v1", "--columns", "model_time", "--ridge-point", "-1"], "the ridge point `-1` is not 0 to 1,000,000 mult-adds a byte"),
        (["table", "mobilenet_v1", "--columns", "latency"], "there is no quantity `latency`\n  help: did you mean `model_time`"),
        (["solve", "mobilenet_v1", "--max-params", "4M", "--columns", "intensity"], "the mult-adds a byte is no polynomial of widths and sizes"),
        (["solve", "mobilenet_v1", "--max-params", "4M", "--columns", "arena"], "the arena is no polynomial of widths and sizes"),
        (["solve", "mobilenet_v1", "--max-arena", "4MiB"], "an arena is the plan of a greedy planner and no polynomial"),
        (["check", "mobilenet_v1", "--max-intensity", "4"], "takes no limit: `sweep --columns` has it over a grid"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_why(command: list[str], message: str, say: Say) -> None:
    said = say(*command)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_a_budget_on_what_takes_no_limit_says_so(say: Say, tmp_path: Path) -> None:
    budgets = tmp_path / "budgets.yaml"
    budgets.write_text("format: 1\nbudgets: [{model: mobilenet_v1, max: {intensity: 30}}]\n", encoding="utf-8")
    said = say("check", str(budgets))
    assert said.code == 2
    assert "the mult-adds a byte takes no limit\n" in said.err


@pytest.mark.parametrize(
    ("limit", "amount", "read"),
    [
        ("--max-model-bytes", "4MiB", lambda cost: 4 * cost.params <= 4 * 2**20),
        ("--max-largest-activation", "400K", lambda cost: max(row.output_elements for row in cost.rows) <= 400_000),
        ("--max-largest-activation", "1MB", lambda cost: 4 * max(r.output_elements for r in cost.rows) <= 1_000_000),
        ("--max-total-activations", "3M", lambda cost: sum(row.weighted_outputs for row in cost.rows) <= 3_000_000),
    ],
)
def test_solve_takes_limits_on_what_is_in_memory(
    limit: str, amount: str, read: Callable[[mbcost.Cost], bool], say: Say
) -> None:
    """The largest alpha within the limit: the network is within it, the next one is not."""
    found = told(say("solve", "mobilenet_v1", limit, amount, "-f", "json"))
    network = mbcost.load("mobilenet_v1")
    assert read(network.cost(found["alpha"]["from"]))
    assert not read(network.cost(found["next"]["alpha"]))


def test_bits_say_how_large_an_element_is(say: Say) -> None:
    wide, narrow = (
        told(say("solve", "mobilenet_v1", "--max-model-bytes", "1MB", "--bits", bits, "-f", "json"))
        for bits in ("32", "8")
    )
    assert wide["params"] <= 250_000 < wide["next"]["value"] / 4 + 1
    assert 250_000 < narrow["params"] <= 1_000_000


@pytest.mark.parametrize(
    ("limits", "fact"),
    [
        (["--max-model-bytes", "1MB", "--min-params", "1M"], "(=1000000) is above --max-model-bytes (=1000000)"),
        (["--max-flops", "300M", "--min-mult-adds", "151M"], "(=151000000) is above --max-flops (=300000000)"),
    ],
)
def test_limits_on_one_quantity_in_two_units_contradict_each_other(limits: list[str], fact: str, say: Say) -> None:
    said = say("solve", "mobilenet_v1", *limits)
    assert said.code == 2
    assert fact in said.err


def test_assert_budget_knows_every_limit() -> None:
    assert_budget("mobilenet_v1", max_model_bytes="4.1MiB", max_largest_activation="800KiB", bits=8)
    with pytest.raises(AssertionError, match=r"largest activation 0\.35 % over 800K"):
        assert_budget("mobilenet_v1", max_largest_activation="800K")
    with pytest.raises(
        mbcost.MbcostError, match="max_paramss: there is no quantity `paramss`\n  help: did you mean `params`"
    ):
        assert_budget("mobilenet_v1", max_paramss="3M")


def test_a_quantity_is_declared_once_and_in_one_way() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        register(QUANTITIES["params"])
    with pytest.raises(ValueError, match="counted in one way"):
        register(Quantity("nothing", "nothing", "nothing"))
    assert "nothing" not in QUANTITIES


# ---- a quantity that only this test knows

DECLARED = """\
import sys
from mbcost.quantities import Quantity, register

register(Quantity("taps", "kernel taps", "taps of kernels", of_row=lambda row: 3 * row.weights + row.biases))
register(Quantity(
    "pair", "largest pair", "the largest map with the one it is made of", unit="elements", of_row=lambda row: row.input_elements + row.output_elements,
    adds="largest",
))
register(Quantity(
    "depth", "depth", "the longest way through the network, in layers",
    of_network=lambda network, bits: [len(network.placed.layers)], adds="largest", separates=False,
    made_of=lambda network: [(network.placed.layers[-1].name, len(network.placed.layers))],
))
from mbcost.cli import run
sys.exit(run(sys.argv[1:]))
"""


def ask(*arguments: str) -> tuple[int, str, str]:
    """Run a command in a fresh interpreter that has declared the quantities first."""
    command = [sys.executable, "-c", DECLARED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


COST = mbcost.load("mobilenet_v1").cost()
PAIR = max(row.input_elements + row.output_elements for row in COST.rows)
TAPS = sum(3 * row.weights + row.biases for row in COST.rows)


def test_a_quantity_of_the_test_is_limited_by_check() -> None:
    code, out, _ = ask(
        "check", "mobilenet_v1", "--max-taps", "10M", "--max-pair", "2MiB", "--bits", "16", "--max-depth", "0.029K"
    )
    assert code == 1
    assert f"kernel taps {TAPS:,}, limit 10M" in out
    assert f"largest pair at 16 bits {2 * PAIR:,} bytes, limit 2MiB" in out
    assert "depth 30, limit 0.029K" in out
    assert "softmax_1 30" in out  # what it is made of
    assert "--max-pair" in ask("check", "--help")[1]


def test_a_quantity_of_the_test_is_in_json() -> None:
    document = json.loads(ask("table", "mobilenet_v1", "-f", "json")[1])
    total = document["total"]["quantities"]
    assert (total["taps"], total["pair"], total["depth"]) == (TAPS, PAIR, 30)
    assert document["layers"][1]["quantities"]["pair"] == 2 * 32 * 112 * 112


def test_a_quantity_of_the_test_is_solved_for() -> None:
    code, out, err = ask("solve", "mobilenet_v1", "--max-pair", "1M", "-f", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    network = mbcost.load("mobilenet_v1")

    def pair(alpha: str) -> int:
        return max(row.input_elements + row.output_elements for row in network.cost(alpha).rows)

    assert pair(found["alpha"]["from"]) <= 1_000_000 < pair(found["next"]["alpha"])
    code, _, err = ask("solve", "mobilenet_v1", "--max-depth", "20")  # no polynomial: no such option
    assert code == 2
    assert "--max-depth" in err


def test_a_quantity_of_the_test_is_in_the_schema_of_budgets() -> None:
    schema = json.loads(ask("schema", "--budgets")[1])
    assert {"taps", "pair", "depth"} <= set(schema["$defs"]["limits"]["properties"])
    assert "taps" in schema["$defs"]["shares"]["properties"]
    assert not {"pair", "depth"} & set(schema["$defs"]["shares"]["properties"])  # no sums


@pytest.mark.parametrize(
    "arguments",
    [
        ["table", "mobilenet_v1"],
        ["table", "mobilenet_v1", "--by", "kind", "--sort", "taps"],
        ["compare", "mobilenet_v1"],
        ["compare", "mobilenet_v1", "mobilenet_v2"],
        ["sweep", "mobilenet_v1", "-a", "0.5,1", "-r", "224"],
        ["diff", "mobilenet_v2", "mobilenet_v1"],
        ["solve", "mobilenet_v1", "-a", "1", "--max-params", "5M"],
        ["list"],
    ],
)
def test_a_quantity_of_the_test_is_a_column_of_every_command(arguments: list[str]) -> None:
    code, text, err = ask(*arguments, "--columns", "taps,pair,params")
    assert (code, err) == (0, "")
    assert f"{TAPS:,}" in text
    assert f"{PAIR:,}" in text
    assert "568,740,352" not in text  # mult-adds were not asked for
    _, text, _ = ask(*arguments, "--columns", "taps,pair,params", "-f", "csv")
    assert "taps" in text.splitlines()[0]
    assert "mult_adds" not in text.splitlines()[0]
    document = json.loads(ask(*arguments, "--columns", "taps,pair,params", "-f", "json")[1])
    assert any(value in (TAPS, {"after": TAPS}) for value in _under("taps", document))


def _under(key: str, document: object) -> list[object]:
    """Every value under a key, however deep; of both sides of a difference the new one."""
    if isinstance(document, list):
        return [found for item in document for found in _under(key, item)]
    if not isinstance(document, dict):
        return []
    own = [document[key]] if key in document else []
    own = [{"after": value["after"]} if isinstance(value, dict) and "after" in value else value for value in own]
    return own + [found for value in document.values() for found in _under(key, value)]


def test_a_quantity_of_the_whole_network_has_no_layers_and_a_total() -> None:
    text = ask("table", "mobilenet_v1", "--columns", "params,depth", "--by", "kind")[1]
    lines = [line.split() for line in text.splitlines()]
    assert next(line for line in lines if line[:1] == ["pointwise"])[-1] == "-"
    assert next(line for line in lines if line[:1] == ["total"])[-1] == "30"
    assert "quantities" in json.loads(ask("table", "mobilenet_v1", "-f", "json")[1])["layers"][0]


def test_columns_in_bytes_say_their_bits(say: Say) -> None:
    said = say("table", "mobilenet_v1", "--columns", "model_bytes,largest_activation_bytes", "--bits", "8").out
    assert ", 8 bits an element" in said.splitlines()[0]
    assert "4,231,976" in said
    assert "802,816" in said
    wrong = say("table", "mobilenet_v1", "--columns", "param")
    assert (wrong.code, wrong.out) == (2, "")
    assert "--columns: there is no quantity `param`\n  help: did you mean `params`" in wrong.err
