"""What PyTorch holds while a network runs: the storages alive after each node of its fx graph, on fake tensors.

The graph is recorded from the network itself; mbcost has no part in it. Batch norm is folded and an activation writes where
its input stands, where nothing else reads that; padding belongs to the convolution it is for; a chunk is a copy.
"""

from __future__ import annotations

from math import prod
from operator import getitem
from typing import Any

import torch
from torch import fx, nn
from torch.fx.experimental.proxy_tensor import make_fx

VIEWS = {
    "view", "_unsafe_view", "reshape", "unsqueeze", "squeeze", "expand", "permute", "transpose", "t", "detach", "alias", "slice", "select",
    "constant_pad_nd", "dropout",
}  # fmt: skip
POINTWISE = {
    "native_batch_norm", "native_group_norm", "relu", "hardtanh", "hardswish", "hardsigmoid", "silu", "sigmoid", "tanh", "gelu", "elu",
    "leaky_relu", "_softmax", "_safe_softmax", "prelu", "_prelu_kernel", "clamp",
}  # fmt: skip
SCALED = {"mul", "add", "sub", "div"}
"""With one input that is no constant: what remains of a normalisation."""


def word(node: fx.Node) -> str:
    """The operator of a node, without namespace, overload and the mark of an operator in place."""
    name = str(node.target).split(".")[1] if "." in str(node.target) else str(node.target)
    return name.removesuffix("_") if not name.startswith("_") else name


class Live:
    """The graph of a network with what is alive at each node."""

    def __init__(self, network: nn.Module, image: torch.Tensor) -> None:
        with torch.no_grad():
            module = make_fx(network.eval(), tracing_mode="fake", _allow_non_fake_inputs=True)(image)
        self.nodes = list(module.graph.nodes)
        self.values: dict[fx.Node, fx.Node] = {}  # of each node with data, the node whose value it is
        self.reads: dict[fx.Node, list[fx.Node]] = {}  # of each node that makes a value, the values it reads
        for node in self.nodes:
            self._add(node)
        self.readers: dict[fx.Node, set[fx.Node]] = {}
        for node, values in self.reads.items():
            for value in values:
                self.readers.setdefault(value, set()).add(node)

    def _add(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            self.values[node] = node
            return
        inputs = [self.values[arg] for arg in node.all_input_nodes if arg in self.values]
        if node.op != "call_function" or not inputs:
            return
        name = word(node)
        if node.target is getitem:
            (source,) = inputs
            before = node.args[0]
            if isinstance(before, fx.Node) and word(before) == "split":
                self.values[node] = node
                self.reads[node] = [source]
            elif node.args[1] == 0:  # of a batch norm's three outputs the first is the map
                self.values[node] = source
        elif name in VIEWS or name == "split":
            self.values[node] = inputs[0]
        else:
            self.values[node] = node
            self.reads[node] = inputs

    def peak(self) -> int:
        """The most elements that are alive at once."""
        time = {node: number for number, node in enumerate(self.nodes)}
        storage: dict[fx.Node, fx.Node] = {}
        made: dict[fx.Node, int] = {}
        last: dict[fx.Node, int] = {}
        for node in self.nodes:
            if node.op == "placeholder":
                storage[node] = node
                made[node] = last[node] = 0
            elif node in self.reads:
                inputs = self.reads[node]
                name = word(node)
                only = len(inputs) == 1 and self.readers[inputs[0]] == {node}
                folds = name in POINTWISE or (name in SCALED and len(inputs) == 1)
                storage[node] = storage[inputs[0]] if folds and only else node
                made.setdefault(storage[node], time[node])
                for value in inputs:
                    last[storage[value]] = time[node]
                last.setdefault(storage[node], time[node])
                if node not in self.readers:
                    last[storage[node]] = len(self.nodes)
        sizes = {root: elements(root) for root in made}
        return max(
            sum(sizes[root] for root in made if made[root] <= now <= last[root])
            for now in sorted(set(made.values()) | {0})
        )


def elements(node: fx.Node) -> int:
    """How many elements a node puts out."""
    value: Any = node.meta["val"]
    return prod((value[0] if isinstance(value, tuple | list) else value).shape)


def peak(network: nn.Module, height: int, width: int, channels: int = 3) -> int:
    """The most elements that are alive at once while a network runs, on a device without memory."""
    return Live(network, torch.empty(1, channels, height, width, device="meta")).peak()
