"""Graphs for these tests: those recorded from libraries, and small ones written by hand."""

from __future__ import annotations

import gzip
import json
import sys
from math import prod
from pathlib import Path
from typing import Any

from mbcost.importers import Imported, Source, raised
from mbcost.importers.graph import Graph, read_graph

GRAPHS = Path(__file__).parent / "graphs"
NAMES = sorted(path.name.removesuffix(".json.gz") for path in GRAPHS.glob("*.json.gz"))


def document(name: str) -> dict[str, Any]:
    """A recorded graph, as the tracer wrote it."""
    (path,) = GRAPHS.glob(f"**/{name}.json.gz")
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return found


def graph(name: str) -> Graph:
    """A recorded graph, read."""
    return read_graph(document(name))


def table(found: Graph, name: str = "net", *, flat: bool = False) -> Imported:
    """The table of a graph."""
    shape = found.traces[0].values[found.traces[0].inputs[0]][1:]
    return raised(found, Source(f"library:{name}", {}, [list(shape)]), flat=flat)


class Drawn:
    """A graph written by hand, node by node, at several input sizes at once."""

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        self.weights: list[dict[str, Any]] = []
        self.traces = [
            {"values": [[1, *shape]], "inputs": [0], "outputs": [], "scopes": [], "nodes": []} for shape in shapes
        ]

    def weight(self, *shape: int, trained: bool = True) -> int:
        """A new weight's number."""
        self.weights.append({"name": f"w{len(self.weights)}", "shape": list(shape), "trained": trained})
        return len(self.weights) - 1

    def node(self, op: str, inputs: list[int], shapes: list[tuple[int, ...]] | None, **facts: Any) -> int:
        """A node in every trace; ``shapes`` has the output of each (None for none)."""
        cost = facts.pop("mult_adds", 0)
        costs = cost if isinstance(cost, list) else [cost] * len(self.traces)
        value = -1
        for number, trace in enumerate(self.traces):
            value = len(trace["values"])
            outputs = [] if shapes is None else [value]
            if shapes is not None:
                trace["values"].append([1, *shapes[number]])
                trace["outputs"] = outputs
            own = {key: fact[number] if isinstance(fact, Each) else fact for key, fact in facts.items()}
            trace["nodes"].append(
                {"op": op, "in": inputs, "out": outputs, "scope": -1, "call": op, "mult_adds": costs[number], **own}
            )
        return value

    def conv(
        self, x: int, out: int, *, kernel: int = 3, stride: int = 1, groups: int = 1, weight: int | None = None
    ) -> int:
        """A convolution without bias, padded by half its kernel."""
        pad = kernel // 2
        shapes, costs = [], []
        for trace in self.traces:
            _, channels, *sides = trace["values"][x]
            made = tuple((side + 2 * pad - kernel) // stride + 1 for side in sides)
            shapes.append((out, *made))
            costs.append(kernel * kernel * channels // groups * out * prod(made))
        of = self.weight(out, channels // groups, kernel, kernel) if weight is None else weight
        use = {"weight": [{"of": [of], "shape": [out, channels // groups, kernel, kernel]}]}
        return self.node(
            "conv", [x], shapes, mult_adds=costs, kernel=[kernel] * 2, stride=[stride] * 2, padding=[[pad, pad]] * 2, dilation=[1, 1],
            groups=groups, axis=1, weights=use,
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """The JSON."""
        return {"schema": "mbcost/graph/1", "framework": "torch", "versions": {"torch": "2.13.0"}, "name": "Net", "device": "meta",
                "remarks": [], "weights": self.weights, "traces": self.traces}  # fmt: skip

    def graph(self) -> Graph:
        """The graph, read."""
        return read_graph(self.document())


STAND_IN = """#!{python}
import json, pathlib, sys
sys.path.insert(0, {root!r})
pathlib.Path({ran!r}).write_text("ran")
from tests.importers.graphs_of import Drawn
for number, line in enumerate(sys.stdin):
    if number:
        request = json.loads(line)
        drawn = Drawn(*[tuple(shapes[0]) for shapes in request["inputs"]])
        drawn.conv(drawn.conv(0, int(8 * request["args"].get("width", 1)), stride=2), 16)
        print(json.dumps(drawn.document()), flush=True)
"""


class StandIn:
    """An interpreter that traces one small network, whatever the code: two convolutions, the first ``width`` times 8 channels."""

    def __init__(self, folder: Path) -> None:
        self.ran = folder / "ran"
        self.path = folder / "python"
        root = str(Path(__file__).parents[2])
        self.path.write_text(STAND_IN.format(python=sys.executable, root=root, ran=str(self.ran)), encoding="utf-8")
        self.path.chmod(0o755)

    @property
    def options(self) -> list[str]:
        """The options that trace with it."""
        return ["--python", str(self.path), "--input", "3x32x32"]


class Each(list[Any]):
    """A fact that differs from trace to trace."""
