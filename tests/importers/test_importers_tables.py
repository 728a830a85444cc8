"""Recorded graphs of libraries' networks, raised to tables: their cost, and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import mbcost
from mbcost import loads
from mbcost.network.specs import GroupSpec, Item
from tests.conftest import Said
from tests.importers.graphs_of import NAMES, document, graph, table

TABLES = Path(__file__).parent / "tables"


@pytest.mark.parametrize("name", NAMES)
def test_a_table_costs_what_was_traced_at_every_size(name: str) -> None:
    """The third size takes no part in the raising."""
    found = graph(name)
    network = table(found, name).network
    assert len(found.traces) == 3
    assert network.cost().params == found.params
    for trace in found.traces:
        size = list(trace.values[trace.inputs[0]][2:])
        assert network.cost(resolution=size).mult_adds == sum(node.mult_adds or 0 for node in trace.nodes)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_written_as_before(name: str, rewriting: bool) -> None:
    text = table(graph(name), name).text
    path = TABLES / f"{name}.yaml"
    if rewriting:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_flat_table_costs_the_same(name: str) -> None:
    found = graph(name)
    flat, nested = table(found, name, flat=True), table(found, name)
    assert "repeat:" not in flat.text
    assert not flat.network.table.blocks
    for resolution in (224, 225, 160, 96):
        a, b = (one.network.cost(resolution=resolution) for one in (flat, nested))
        assert (a.mult_adds, a.params) == (b.mult_adds, b.params)


def rows(items: tuple[Item, ...]) -> int:
    """Rows as written."""
    return sum(
        rows(item.items) if isinstance(item, GroupSpec) else 1 + sum(map(rows, item.branches or ())) for item in items
    )


@pytest.mark.parametrize(
    ("name", "most"),
    [("mobilenet_v2", 11), ("mobilenet_v3_large", 14), ("efficientnet_b0", 11), ("resnet50", 21), ("densenet121", 19)],
)
def test_a_table_is_as_short_as_a_person_would_write_it(name: str, most: int) -> None:
    written = table(graph(name), name).network.table
    assert rows(written.items) + sum(rows(block.items) for block in written.blocks.values()) == most


@pytest.mark.parametrize(
    ("name", "shipped"),
    [
        ("alexnet", "alexnet"), ("efficientnet_b0", "efficientnet_b0"), ("googlenet", "googlenet_torchvision"),
        ("mobilenet_v2", "mobilenet_v2"), ("mobilenet_v3_large", "mobilenet_v3_large_torchvision"),
        ("mobilenet_v3_small", "mobilenet_v3_small_torchvision"), ("mobilenetv4_conv_small", "mobilenet_v4_conv_small"),
        ("resnet18", "resnet18"), ("resnet50", "resnet50"), ("shufflenet_v2_x1_0", "shufflenet_v2_x1_0"),
        ("squeezenet1_1", "squeezenet_1_1"),
    ],
)  # fmt: skip
def test_an_imported_table_costs_what_the_shipped_one_does(name: str, shipped: str) -> None:
    ours, theirs = table(graph(name), name).network, mbcost.load(shipped)
    unused = 6_379_984 if name == "googlenet" else 0  # the auxiliary classifiers, which no evaluation runs
    for resolution in (224, 225, 192, 161, 128):
        a, b = ours.cost(resolution=resolution), theirs.cost(resolution=resolution)
        assert (a.mult_adds, a.params - unused) == (b.mult_adds, b.params)


@pytest.mark.parametrize("name", NAMES)
def test_an_imported_table_has_no_findings(name: str, say: Callable[..., Said], tmp_path: Path) -> None:
    path = tmp_path / f"{name}.yaml"
    path.write_text(table(graph(name), name).text, encoding="utf-8")
    said = say("lint", str(path))
    assert said.code == 0
    assert said.out.splitlines()[-1].endswith(": no findings"), said.out


def test_the_same_graph_gives_the_same_bytes() -> None:
    assert len({table(graph("ghostnet_100")).text for _ in range(3)}) == 1


def test_provenance_says_what_was_traced_and_no_place_on_this_machine() -> None:
    written = table(graph("mobilenet_v2")).network.table.imported
    assert written == {
        "code": "library:net",
        "input": "3x224x224",
        "versions": {"torch": "2.13.0"},
        "traced": ["224x224", "225x225"],
    }


def test_a_table_imported_at_one_width_has_no_alpha() -> None:
    network = table(graph("mobilenet_v2")).network
    with pytest.raises(mbcost.MbcostError, match="was imported at one width") as caught:
        network.cost(alpha="0.75", rounding="divisor:8")
    assert "--vary" in caught.value.help
    assert network.cost(alpha=1).mult_adds == 300_774_272


def test_provenance_survives_the_expanded_table() -> None:
    from mbcost.tables.writer import expanded

    network = table(graph("mobilenet_v2")).network
    again = loads(expanded(network.table))
    assert again.table.imported == network.table.imported
    assert again.cost(resolution=225).mult_adds == network.cost(resolution=225).mult_adds


def test_there_are_recorded_graphs() -> None:
    assert len(NAMES) >= 15
    assert document(NAMES[0])["schema"] == "mbcost/graph/1"
