"""The arena: the plan of the planner, against a plain reading of what a plan must be, and against TFLite Micro itself."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mbcost
from mbcost import loads
from mbcost.memory.arena import ALIGNMENT, Buffer, arena, arena_of, planned
from mbcost.memory.rules import find
from tests.memory.test_memory_peaks import graph_of, peak

FOLDER = Path(__file__).parent / "tflite"
HEADS: dict[str, int] = json.loads((FOLDER / "heads.json").read_text(encoding="utf-8"))["arena_head"]
FILES = sorted(FOLDER.glob("*.tflite.gz"))
ROUNDINGS = {"mobilenet_v2": "floor+divisor:8"}  # Keras truncates before it rounds


POOLED = """
format: 1
input: {channels: 64, resolution: 8}
layers:
  - {op: global_pool}
  - {op: linear, name: classifier, out_channels: 10}
"""


def question(name: str) -> tuple[mbcost.Network, dict[str, Any]]:
    """The network and the variant of a file."""
    table, alpha, resolution = name.rsplit("_", 2)
    network = loads(POOLED) if table == "pooled" else mbcost.load(table)
    return network, {"alpha": alpha, "resolution": int(resolution), "classes": 10, "rounding": ROUNDINGS.get(table)}


@pytest.mark.parametrize("name", HEADS)
def test_the_arena_head_of_tflite_micro_byte_for_byte(name: str) -> None:
    network, variant = question(name)
    assert arena_of(graph_of(network, find("tflm"), **variant)) == HEADS[name]


def test_there_is_a_head_for_every_file() -> None:
    assert [file.name.removesuffix(".tflite.gz") for file in FILES] == sorted(HEADS)


@pytest.mark.frameworks
@pytest.mark.skipif(find_spec("tflite_micro") is None, reason="tflite-micro is not installed")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_interpreter_still_prints_these_heads(file: Path) -> None:
    from tests.memory.interpreter import head_of

    assert head_of(file) == HEADS[file.name.removesuffix(".tflite.gz")]


def test_fragmentation_is_real() -> None:
    v2, v1 = mbcost.load("mobilenet_v2"), mbcost.load("mobilenet_v1")
    half = {"alpha": "0.5", "resolution": 160}
    assert (peak(v2, **half), arena_of(graph_of(v2, find("tflm"), **half))) == (384_000, 409_600)
    assert (peak(v1, **half), arena_of(graph_of(v1, find("tflm"), **half))) == (307_200, 307_200)
    assert arena_of(graph_of(v2, find("tflm"))) == 1_505_280


BUFFERS = st.lists(
    st.tuples(st.integers(1, 200), st.integers(0, 12), st.integers(0, 5)).map(lambda b: Buffer(b[0], b[1], b[1] + b[2])),
    min_size=1, max_size=14,
)  # fmt: skip


@given(BUFFERS)
def test_no_two_buffers_that_live_at_once_overlap(buffers: list[Buffer]) -> None:
    offsets = planned(buffers)
    for i, a in enumerate(buffers):
        assert offsets[i] % ALIGNMENT == 0
        for j, b in enumerate(buffers):
            if i != j and a.first <= b.last and b.first <= a.last:
                assert offsets[i] + a.size <= offsets[j] or offsets[j] + b.size <= offsets[i]


@given(BUFFERS)
def test_every_buffer_stands_at_the_lowest_offset_free_when_its_turn_comes(buffers: list[Buffer]) -> None:
    """By byte maps: for each buffer in the planner's order, every byte taken at its times is marked."""
    offsets = planned(buffers)
    sizes = [(buffer.size + 15) // 16 for buffer in buffers]
    taken: list[set[int]] = [set() for _ in range(20)]
    for number in sorted(range(len(buffers)), key=lambda n: (sizes[n], n), reverse=True):
        buffer = buffers[number]
        there = set().union(*taken[buffer.first : buffer.last + 1])
        place = next(at for at in range(10_000) if not there & set(range(at, at + sizes[number])))
        assert offsets[number] == 16 * place
        for time in range(buffer.first, buffer.last + 1):
            taken[time] |= set(range(place, place + sizes[number]))
    assert arena(buffers) == 16 * max(max(bytes_, default=-1) + 1 for bytes_ in taken)
