"""Peak memory, flash, memory access and the others in the register: published figures, definitions, limits, errors."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

import mbcost
from mbcost.quantities import QUANTITIES, Bits
from mbcost.testing import assert_budget
from tests.conftest import Said, told

Say = Callable[..., Said]

V1, V2 = "mobilenet_v1", "mobilenet_v2"


@pytest.mark.parametrize(
    ("model", "alpha", "more", "kib"),
    [
        (V1, "0.25", {"classes": 5}, "214.69"), (V1, "0.5", {"classes": 5}, "812.61"), (V1, "0.25", {}, "467.33"), (V1, "0.5", {}, "1314"),
        (V1, "1", {}, "4157.09"), (V2, "0.35", {"classes": 5}, "406.86"), (V2, "0.35", {}, "1654.5"), (V2, "1", {}, "3458.97"),
        (V2, "1.4", {}, "6015.34"),
    ],
)  # fmt: skip
def test_weights_flash_of_the_model_zoo_of_st(model: str, alpha: str, more: dict[str, Any], kib: str) -> None:
    """stm32ai-modelzoo at 6f10965e, image_classification/mobilenetv1 and mobilenetv2."""
    flash = mbcost.load(model).cost(alpha, **more).total("flash")
    assert round(Fraction(flash, 1024), 2) == Fraction(kib)


def test_visual_wake_words_of_mlperf_tiny() -> None:
    """Its 221,794 params are the weights and biases with the running statistics, and a bias for every convolution."""
    cost = mbcost.load(V1).cost("0.25", resolution=96, classes=2)
    assert (cost.params, cost.norm_stats, cost.norm_stats // 2) == (213_586, 5_472, 2_736)
    assert cost.params + cost.norm_stats + cost.norm_stats // 2 == 221_794
    assert cost.mult_adds == 7_489_664


def test_memory_access_of_a_pointwise_convolution_is_that_of_shufflenet_v2() -> None:
    """Guideline 1: hw (c1 + c2) + c1 c2."""
    cost = mbcost.load(V1).cost()
    each = dict(zip([row.name for row in cost.rows], QUANTITIES["memory_access"].each(cost), strict=True))
    for row in cost.rows:
        if row.kind == "pointwise":
            c1, c2, hw = row.input[0], row.output[0], row.output[1] * row.output[2]
            assert each[row.name] == hw * (c1 + c2) + c1 * c2
    assert sum(each.values()) == cost.total("memory_access")


def test_memory_access_in_bytes_has_each_width() -> None:
    cost = mbcost.load(V2).cost()
    elements = cost.total("memory_access")
    assert cost.total("memory_access_bytes") == elements
    assert cost.total("memory_access_bytes", 32) == 4 * elements
    mixed = Bits(8, own_weights=4)
    assert cost.total("memory_access_bytes", mixed) == elements - cost.weights + cost.weights // 2


def test_im2col_is_the_largest_matrix_of_patches_and_pointwise_layers_need_none() -> None:
    cost = mbcost.load(V1).cost()
    each = dict(zip([row.name for row in cost.rows], QUANTITIES["im2col"].each(cost), strict=True))
    assert each["conv_1"] == 9 * 3 * 112 * 112
    assert not any(each[row.name] for row in cost.rows if row.kind == "pointwise")
    assert cost.total("im2col") == max(each.values()) == each["separable_1/depthwise"] == 9 * 32 * 112 * 112


def test_bit_operations() -> None:
    cost = mbcost.load(V1).cost()
    assert cost.total("bit_ops") == 64 * cost.mult_adds
    assert cost.total("bit_ops", Bits(8, own_weights=4)) == 32 * cost.mult_adds


def test_defaults_of_bit_widths() -> None:
    cost = mbcost.load(V1).cost()
    assert cost.total("model_bytes") == 4 * cost.params
    assert cost.total("weight_bytes") == cost.weights
    assert cost.total("weight_bytes", 32) == 4 * cost.weights
    assert cost.total("peak_memory_bytes") == cost.total("peak_memory")
    assert cost.total("model_bytes", Bits(own_weights=8)) == cost.params
    assert cost.total("largest_activation_bytes", Bits(32, own_activations=8)) == cost.total("largest_activation")


def test_check_answers_whether_it_fits(say: Say) -> None:
    at = {"resolution": 96}
    assert mbcost.load(V2).cost("0.5", **at).total("peak_memory") <= 262_144
    fits = say("check", V2, "-a", "0.5", "-r", "96", "--max-peak-memory", "256KiB")
    assert fits.code == 0
    said = say(
        "check", V2, "--max-peak-memory", "256KiB", "--max-arena", "256KiB", "--max-flash", "1MiB", "--bits", "8"
    )
    assert said.code == 1
    assert "1,505,280 bytes" in said.out
    assert "inverted_residual_2/expand" in said.out
    assert "arena" in said.out
    with pytest.raises(AssertionError, match="peak memory"):
        assert_budget(V2, max_peak_memory="256KiB")
    assert_budget(V2, max_peak_memory="1505280B", max_flash="4MiB", max_arena="1.5MiB")


def test_a_limit_in_elements_and_one_in_bytes(say: Say) -> None:
    assert say("check", V2, "--max-peak-memory", "1505280", "--bits", "32").code == 0
    assert say("check", V2, "--max-peak-memory", "1505280B", "--bits", "32").code == 1
    assert say("check", V2, "--max-peak-memory", "1505280B", "--bits", "32", "--activation-bits", "8").code == 0


def test_solve_within_memory(say: Say) -> None:
    found = told(
        say("solve", V2, "--max-peak-memory", "256KiB", "--max-mult-adds", "60M", "-r", "96,112,128,160", "-f", "json")
    )
    v2 = mbcost.load(V2)
    assert found["binding"] == "peak_memory_bytes"
    for best in found["solutions"]:
        side = best["resolution"][0]
        at, above = v2.cost(best["alpha"]["from"], resolution=side), v2.cost(best["alpha"]["below"], resolution=side)
        assert at.total("peak_memory") <= 262_144
        assert at.mult_adds <= 60_000_000
        assert above.total("peak_memory") > 262_144 or above.mult_adds > 60_000_000 or best["alpha"]["below_included"]
    none = say("solve", V2, "--max-peak-memory", "256KiB")  # at 224 no width is small enough
    assert none.code == 1
    by_size = told(say("solve", V2, "-a", "0.5", "--max-peak-memory", "256KiB", "-f", "json"))
    side = by_size["resolution"][0]
    assert (
        v2.cost("0.5", resolution=side).total("peak_memory")
        <= 262_144
        < v2.cost("0.5", resolution=side + 1).total("peak_memory")
    )


def test_solve_knows_no_arena(say: Say) -> None:
    said = say("solve", V2, "--max-arena", "256KiB")
    assert said.code == 2
    assert "--max-arena" in said.err


def test_a_peak_has_no_shares(say: Say, tmp_path: Any) -> None:
    file = tmp_path / "budgets.yaml"
    file.write_text(
        "format: 1\nbudgets:\n- {model: mobilenet_v2, layers: {'*': {max_share: {peak_memory: 20%}}}}\n",
        encoding="utf-8",
    )
    said = say("check", file)
    assert said.code == 2
    assert "the peak memory is no sum, so a layer has no share of it" in said.err


@pytest.mark.parametrize("word", ["memory", "peak_activation"])
def test_words_people_write_for_it_are_errors_that_name_it(say: Say, tmp_path: Any, word: str) -> None:
    file = tmp_path / "budgets.yaml"
    file.write_text(f"format: 1\nbudgets:\n- {{model: mobilenet_v2, max: {{{word}: 256KiB}}}}\n", encoding="utf-8")
    said = say("check", file)
    assert said.code == 2
    assert "did you mean `peak_memory`?" in said.err


@pytest.mark.parametrize("bits", ["0", "3", "1000", "-8"])
def test_bit_widths_that_are_none(say: Say, bits: str) -> None:
    said = say("check", V2, "--max-peak-memory", "256KiB", "--bits", bits)
    assert said.code == 2
    assert (
        said.err
        == f"error: bits (={bits}) is no bit width\n  help: use one of 1, 2, 4, 8, 16, 32, 64, 128: 8 for int8, 32 for float32\n"
    )


def test_a_budgets_file_with_bit_widths(say: Say, tmp_path: Any) -> None:
    file = tmp_path / "budgets.yaml"
    text = "format: 1\nbudgets:\n- {model: mobilenet_v2, bits: 32, activation_bits: 8, max: {peak_memory: 1505280B, model_bytes: 14019488B}}\n"
    file.write_text(text, encoding="utf-8")
    assert say("check", file).code == 0
    file.write_text(text.replace("activation_bits: 8", "activation_bits: 3"), encoding="utf-8")
    said = say("check", file)
    assert said.code == 2
    assert "`activation_bits` is one of 1, 2, 4, 8, 16, 32, 64, 128" in said.err
