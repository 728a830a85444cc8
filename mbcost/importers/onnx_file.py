"""ONNX files as graphs, read with the package ``onnx`` (extra ``onnx``): shapes by its own inference, external data never read.

What is known of a weight is its shape; the data that the file has is let go before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from math import prod
from typing import Any, cast

from mbcost.errors import MbcostError
from mbcost.importers.graph import SCHEMA
from mbcost.importers.onnx_shapes import Known, captured, dims_of, graphs
from mbcost.importers.tracer import einsum

__all__ = ["own_shapes", "read_onnx"]

MAX_BYTES = 1 << 29
MAX_NODES = 50_000
MANY = 5_000
"""With more nodes a file is read at its own size alone."""
DEPTH = 32
"""Functions that call each other, and graphs inside nodes, are followed so deep."""
SMALL = 4_096
"""Bytes of a constant that is kept: shapes, axes, the numbers of a clip."""

FUNCTIONS = {
    "Relu": "relu", "LeakyRelu": "leaky_relu", "Elu": "elu", "Gelu": "gelu", "Sigmoid": "sigmoid", "Tanh": "tanh", "HardSigmoid": "hard_sigmoid",
    "HardSwish": "hard_swish", "Softmax": "softmax", "LogSoftmax": "softmax", "PRelu": "prelu", "Swish": "silu", "Mish": "mish", "Softplus": "softplus",
}  # fmt: skip
SAME = {"Identity", "Dropout", "Cast", "CastLike", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"}
FRACTIONS = {1, 10, 11, 16}
"""The data types that a trained number has."""
FROM_FIRST = {"DequantizeLinear", "QuantizeLinear", "Cast", "CastLike", "Gather", "Clip"}
"""Operations whose result is made of their first input; the others say how."""
RECURRENT = {"RNN", "GRU", "LSTM"}
PRODUCTS = {"Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum", "Attention", *RECURRENT}
"""Operations that multiply, of which the mult-adds are known."""
RESHAPES = {"Reshape", "Flatten", "Squeeze", "Unsqueeze"}
REDUCTIONS = {
    "ReduceMean": "mean",
    "ReduceSum": "sum",
    "ReduceMax": "max",
    "ReduceMin": "min",
    "GlobalAveragePool": "mean",
    "GlobalMaxPool": "max",
}
NORMS = {
    "BatchNormalization": "batch",
    "InstanceNormalization": "instance",
    "GroupNormalization": "group",
    "LayerNormalization": "layer",
}
FREE = {
    "Shape", "Gather", "GatherElements", "GatherND", "Tile", "Expand", "Where", "Equal", "Less", "Greater", "ArgMax", "ArgMin", "TopK", "Sub", "Div", "Pow", "Sqrt",
    "Exp", "Log", "Neg", "Abs", "Erf", "Min", "Max", "Reciprocal", "Floor", "Ceil", "Round", "Clip", "DepthToSpace", "SpaceToDepth", "Sin", "Cos", "ReduceL2", "Range",
    "ConstantOfShape", "GridSample", "Not", "And", "Or", "Sign", "CumSum", "LRN", "ScatterND", "ScatterElements", "NonZero", "Mean", "Sum", "Split", "Slice",
}  # fmt: skip


def read_onnx(path: str, sizes: list[list[list[int]]]) -> dict[str, Any]:
    """The graph of a file, as a tracer would have written it, at some lists of input shapes.

    Raises
    ------
    MbcostError
        If the package is missing, or the file is no ONNX model.
    """
    onnx, model = _loaded(path)
    try:
        return _read(onnx, model, sizes)
    except MbcostError:
        raise
    except Exception as error:  # a broken file may break the package in any way
        raise MbcostError(f"{path[:200]} is broken: {type(error).__name__}", help="write it anew") from error


def own_shapes(path: str) -> list[list[int]]:
    """A file's own input shapes without the batch; a side that it leaves open is 224."""
    _, model = _loaded(path)
    return [_own(value) for value in _inputs(model)]


@lru_cache(maxsize=1)
def _loaded(path: str) -> tuple[Any, Any]:
    """The package, and a file's model without its numbers."""
    try:
        import onnx
    except ImportError:
        raise MbcostError("reading a .onnx file needs the package `onnx`", help="pip install 'mbcost[onnx]'") from None
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise MbcostError(
            f"{path[:200]} is larger than {MAX_BYTES:,} bytes",
            help="save it with external data: import reads none of it",
        )
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception as error:
        raise MbcostError(f"{path[:200]} is no ONNX model", help="write it anew") from error
    del data
    for tensor in (tensor for one in (model.graph, *model.functions) for tensor in _tensors(one)):
        if len(tensor.raw_data) > SMALL:
            tensor.ClearField("raw_data")
        if len(tensor.float_data) > SMALL:
            tensor.ClearField("float_data")
    if not 0 < _size(model) <= MAX_NODES:
        raise MbcostError(f"{path[:200]} has no graph, or one of more than {MAX_NODES:,} nodes", help="is it a model?")
    if model.functions:
        from onnx.inliner import inline_local_functions

        model = inline_local_functions(model)
    return onnx, model


def _size(model: Any) -> int:
    """The nodes of a model once its functions are inlined; more than any model has where they call each other in a ring."""
    functions = {(one.domain, one.name): one for one in model.functions}
    known: dict[Any, int] = {}

    def of(nodes: Any, depth: int) -> int:
        if depth > DEPTH:
            return MAX_NODES + 1
        count = 0
        for node in nodes:
            called = (node.domain, node.op_type)
            if called in functions and called not in known:
                known[called] = MAX_NODES + 1  # until it is known
                known[called] = of(functions[called].node, depth + 1)
            count += known.get(called, 1) + sum(of(graph.node, depth + 1) for graph in graphs(node))
        return count

    return of(model.graph.node, 0)


def _tensors(graph: Any) -> Iterator[Any]:
    """All constants of a graph, or of a function, and of the graphs inside it."""
    yield from getattr(graph, "initializer", ())
    for node in graph.node:
        if node.op_type == "Constant":
            yield from (attribute.t for attribute in node.attribute)
        for inner in graphs(node):
            yield from _tensors(inner)


def _read(onnx: Any, model: Any, sizes: list[list[list[int]]]) -> dict[str, Any]:
    weights = _Weights()
    known = Known(onnx, model)
    for tensor in model.graph.initializer:
        known.constant(tensor.name, tensor)
        weights.constant(tensor.name, tensor)
    for sparse in model.graph.sparse_initializer:
        known.types[sparse.values.name] = onnx.helper.make_tensor_type_proto(sparse.values.data_type, sparse.dims)
    traces: list[dict[str, Any]] = []
    for shapes in sizes if _size(model) <= MANY else sizes[:1]:
        try:
            traces.append(_Run(onnx, model, weights, known, shapes).trace())
        except Exception as error:
            if not traces:
                raise
            traces.append({"error": f"{type(error).__name__} at {'x'.join(map(str, shapes[0][1:]))}"})
    remarks = []
    if any("conv" in node["op"] and "bias" in node["weights"] for node in traces[0]["nodes"]):
        remarks = ["a batch norm folded into its convolution is a bias in the file: params differ by that"]
    batches = {dim.dim_value for value in _inputs(model) for dim in value.type.tensor_type.shape.dim[:1]} - {0, 1}
    if batches:
        said = " and ".join(map(str, sorted(batches)))
        remarks.append(f"the first axis of an input, {said} in the file, is taken for the batch: it is counted at 1")
    name = "".join(c if c.isprintable() else "?" for c in model.producer_name[:60])
    return {"schema": SCHEMA, "framework": "onnx", "versions": {"opset": str(known.opsets.get("", 0)), "producer": f"{name} {model.producer_version[:40]}".strip()},
            "name": "onnx", "device": "file", "remarks": remarks, "weights": weights.found, "traces": traces}  # fmt: skip


def _inputs(model: Any) -> list[Any]:
    constants = {tensor.name for tensor in model.graph.initializer}
    found = [value for value in model.graph.input if value.name not in constants]
    if not found:
        raise MbcostError("the file has no input", help="write it anew")
    return found


def _own(value: Any) -> list[int]:
    """An input's own shape without the batch; a side that it leaves open is 224, any other open axis 3."""
    dims = [max(dim.dim_value, 0) for dim in value.type.tensor_type.shape.dim]
    return [side or (3 if axis == 1 else 224) for axis, side in enumerate(dims) if axis] or [1]


class _Weights:
    """The constants of a file: what is known of them, and each that a layer uses once.

    Exporters merge rows of equal numbers, such as the biases of a network that was never trained: those are each layer's own.
    """

    def __init__(self) -> None:
        self.made_of: dict[str, tuple[tuple[str, ...], list[int]]] = {}  # a constant: the file's own that it is made of
        self.trained: dict[str, bool] = {}  # of the file's own: whether it has more than one fraction
        self.found: list[dict[str, Any]] = []
        self.numbers: dict[tuple[str, str], int] = {}
        self.place = ""  # the node that asks

    def constant(self, name: str, tensor: Any) -> None:
        """Note a constant of the file."""
        self.made_of.setdefault(name, ((name,), list(tensor.dims)))
        self.trained.setdefault(name, tensor.data_type in FRACTIONS and prod(tensor.dims) > 1)

    def derived(self, node: Any, known: Known) -> None:
        """Note what a node makes of constants alone: it is made of what they are made of."""
        given = [name for name in node.input if name in self.made_of]
        if node.op_type in FROM_FIRST:
            given = given[:1]
        if node.op_type == "DequantizeLinear":
            self.trained.update((base, True) for name in given for base in self.made_of[name][0])
        weighty = [name for name in given if self.weighty(name)] or given[:1]
        bases = tuple(dict.fromkeys(base for name in weighty for base in self.made_of[name][0]))
        for name in node.output:
            shape = known.shape(name)
            if bases and shape is not None:
                self.made_of.setdefault(name, (bases, shape))

    def weighty(self, name: str) -> bool:
        """Whether a constant is made of more than one fraction: of weights, and not of sizes or scales."""
        return name in self.made_of and any(self.trained[base] for base in self.made_of[name][0])

    def use(self, name: str, *, trained: bool = True) -> dict[str, Any] | None:
        """A use of a constant."""
        if name not in self.made_of:
            return None
        bases, shape = self.made_of[name]
        of = []
        for base in bases:
            dims = self.made_of[base][1]
            place = (base, self.place if len(dims) == 1 else "")
            if place not in self.numbers:
                self.found.append({"name": base[:200], "shape": dims, "trained": trained})
                self.numbers[place] = len(self.found) - 1
            of.append(self.numbers[place])
        return {"of": of, "shape": shape}


class _Run:
    """The file at one list of input shapes."""

    def __init__(self, onnx: Any, model: Any, weights: _Weights, known: Known, shapes: list[list[int]]) -> None:
        self.onnx, self.weights, self.model = onnx, weights, model
        values = _inputs(model)
        if len(values) != len(shapes):
            raise MbcostError(f"the file has {len(values)} inputs, and {len(shapes)} are given", help="give --input")
        given = {}
        for value, shape in zip(values, shapes, strict=True):
            sides = len(value.type.tensor_type.shape.dim)
            if max(sides, 2) != len(shape) + 1:
                raise MbcostError(
                    f"an input has {max(sides - 1, 0)} sides, and {len(shape)} are given", help="give --input"
                )
            given[value.name] = [1, *shape] if sides > 1 else shape[:sides]
        kinds = {value.name: value.type.tensor_type.elem_type for value in values}
        same = all(dims_of(value.type) == given[value.name] for value in values)
        self.known = known.at(given, kinds, declared=same)
        self.seen = {*given, *known.types}
        self.values: list[list[int]] = []
        self.ids: dict[str, int] = {}
        self.nodes: list[dict[str, Any]] = []

    def trace(self) -> dict[str, Any]:
        """The run."""
        graph = self.model.graph
        inputs = [self._value(value.name) for value in _inputs(self.model)]
        self._run(graph.node)
        outputs = [self.ids[value.name] for value in graph.output if value.name in self.ids]
        return {"values": self.values, "inputs": inputs, "outputs": outputs, "scopes": [], "nodes": self.nodes}

    def _run(self, nodes: Iterable[Any]) -> None:
        for whole in nodes:
            for node in stood_for(self.onnx, whole):
                for name in (*filter(None, node.input), *captured(node)):
                    if name not in self.seen:
                        raise MbcostError(
                            f"a {node.op_type[:60]} reads `{name[:60]}`, which nothing before it gives",
                            help="write the file anew",
                        )
                branch = self._branch(node)
                if branch is not None:
                    self._taken(node, branch)
                    continue
                self.known.learn(node)
                self._node(node)
                self.seen.update(node.output)

    def _branch(self, node: Any) -> Any:
        """The branch that an If takes, where its condition is known."""
        condition = self.known.values(node.input[0]) if node.op_type == "If" and node.input else []
        wanted = "then_branch" if condition and condition[0] else "else_branch"
        return next((a.g for a in node.attribute if condition and a.name == wanted), None)

    def _taken(self, node: Any, branch: Any) -> None:
        """Run a branch in the place of its If."""
        for tensor in branch.initializer:
            self.known.constant(tensor.name, tensor)
            self.weights.constant(tensor.name, tensor)
            self.seen.add(tensor.name)
        self._run(branch.node)
        self._run(
            [
                self.onnx.helper.make_node("Identity", [one.name], [name])
                for one, name in zip(branch.output, node.output, strict=True)
            ]
        )

    def _value(self, name: str, call: str = "input") -> int:
        shape = self.known.shape(name)
        if shape is None:
            raise MbcostError(
                f"the shape of `{name[:60]}`, of {call[:60]}, is not known", help="give --input, or simplify the file"
            )
        self.values.append(shape)
        self.ids[name] = len(self.values) - 1
        return self.ids[name]

    def record(self, op: str, inputs: list[int], output: str, call: str, **facts: Any) -> None:
        """One operation more."""
        node = {"op": op, "in": inputs, "out": [self._value(output, call)], "scope": -1, "call": call, "mult_adds": 0}
        node.update((key, fact) for key, fact in facts.items() if fact is not None or key == "mult_adds")
        self.nodes.append(node)

    def _node(self, node: Any) -> None:
        maps = [name for name in (*node.input, *captured(node)) if name in self.ids]
        if not maps:
            self._constant(node)
            return
        if node.op_type in {"Shape", "Size"}:
            return
        attributes = {a.name: self.onnx.helper.get_attribute_value(a) for a in node.attribute if a.name != "value"}
        values = [self.ids[name] for name in maps]
        self.weights.place = node.output[0]
        call, output = node.op_type, node.output[0]
        if node.domain not in {"", "ai.onnx"}:
            self._strange(node, values, None)
        elif call in PRODUCTS and call not in HANDLED:
            self._strange(node, values, self._cost(node))
        elif call in HANDLED:
            getattr(self, HANDLED[call])(node, attributes, values)
        elif call in SAME:
            self.ids[output] = values[0]
        elif call in FUNCTIONS:
            slopes = self.weights.use(node.input[1]) if call == "PRelu" else None
            self.record(
                "activation",
                values[:1],
                output,
                call,
                function=FUNCTIONS[call],
                weights={"weight": [slopes]} if slopes else None,
            )
        elif call in RESHAPES:
            self.record("reshape", values[:1], output, call)
        elif call in REDUCTIONS:
            self.record(
                "reduce",
                values[:1],
                output,
                call,
                function=REDUCTIONS[call],
                dims=self._axes(node, attributes, values[0]),
            )
        elif call in NORMS:
            self._normed(node, values)
        else:
            self._strange(node, values, 0 if call in FREE else None)

    def _constant(self, node: Any) -> None:
        """A node that reads no map: what it makes is a constant too; what it costs is owed all the same."""
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    self.weights.constant(node.output[0], attribute.t)
            return
        self.weights.derived(node, self.known)
        cost = self._cost(node) if node.op_type in PRODUCTS else 0
        if cost != 0:
            self.nodes.append(
                {"op": "other", "in": [], "out": [], "scope": -1, "call": node.op_type, "mult_adds": cost}
            )

    def _strange(self, node: Any, values: list[int], cost: int | None) -> None:
        """An operation that no layer is: the cost stands with the first of its outputs."""
        for number, name in enumerate(node.output):
            if name and (number == 0 or self.known.shape(name) is not None):
                self.record(
                    "other", values, name, node.op_type, mult_adds=0 if number else cost, weights=self._others(node)
                )

    def _cost(self, node: Any) -> int | None:
        """The mult-adds of a convolution or a product, by shapes alone; None where they are not known."""
        given = [self.known.shape(name) for name in node.input]
        made = self.known.shape(node.output[0])
        if made is None or None in given[:2] or len(given) < 2:
            return None
        a, b = cast("list[list[int]]", given[:2])
        if node.op_type == "ConvTranspose":
            return prod(b) * prod(a[2:])
        if node.op_type == "Conv":
            return prod(b) * prod(made[2:])
        if node.op_type == "Gemm":
            return prod(b) * prod(made[:-1])
        if node.op_type == "MatMul":
            return a[-1] * prod(made)
        own = {attribute.name: attribute for attribute in node.attribute}
        if node.op_type == "Einsum":
            return einsum(own["equation"].s.decode("ascii"), cast("list[list[int]]", given))[0]
        third = given[2] if len(given) > 2 else None
        if node.op_type == "Attention" and third is not None:
            return _attended(a, b, third, own)
        if node.op_type in RECURRENT and third is not None and not ("layout" in own and own["layout"].i):
            return a[0] * a[1] * (prod(b) + prod(third))  # at every step, for every one of the batch
        return None

    def _others(self, node: Any) -> dict[str, Any] | None:
        """Constants of more than one number that an operation uses."""
        uses = [
            use
            for name in (*node.input, *captured(node))
            if self.weights.weighty(name) and (use := self.weights.use(name))
        ]
        return {"other": uses[:64]} if uses else None

    def _axes(self, node: Any, attributes: dict[str, Any], value: int) -> list[int]:
        sides = len(self.values[value])
        if node.op_type.startswith("Global"):
            return list(range(2, sides))
        axes = attributes.get("axes") or (
            [int(one) for one in self.known.values(node.input[1])] if len(node.input) > 1 else None
        )
        return sorted({axis % sides for axis in axes}) if axes else list(range(sides))

    def _window(self, attributes: dict[str, Any], sides: int) -> dict[str, Any]:
        auto = attributes.get("auto_pad", b"NOTSET")
        pads = list(attributes.get("pads") or [0] * 2 * sides)
        padding: Any = [[pads[i], pads[i + sides]] for i in range(sides)]
        if auto in {b"SAME_UPPER", b"SAME_LOWER"}:
            padding = "same"
        return {
            "stride": list(attributes.get("strides") or [1] * sides), "padding": padding,
            "dilation": list(attributes.get("dilations") or [1] * sides), "axis": 1,
        }  # fmt: skip

    def _conv(self, node: Any, attributes: dict[str, Any], values: list[int], *, transposed: bool = False) -> None:
        weight = self.weights.use(node.input[1])
        if weight is None:
            self.record("other", values, node.output[0], node.op_type, mult_adds=None)
            return
        uses = {"weight": [weight]}
        bias = self.weights.use(node.input[2]) if len(node.input) > 2 else None
        if bias is not None:
            uses["bias"] = [bias]
        kernel = weight["shape"][2:]
        self.record(
            "conv", values[:1], node.output[0], node.op_type, mult_adds=self._cost(node), kernel=kernel, groups=attributes.get("group", 1), weights=uses,
            transposed=transposed or None, **self._window(attributes, len(kernel)),
        )  # fmt: skip

    def _convtranspose(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        self._conv(node, attributes, values, transposed=True)

    def _gemm(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        weight = self.weights.use(node.input[1])
        bias = self.weights.use(node.input[2]) if len(node.input) > 2 else None
        made = self.known.shape(node.output[0]) or [0]
        if weight is None or len(values) > 1 or attributes.get("transA") or (bias and prod(bias["shape"]) != made[-1]):
            self._strange(node, values, self._cost(node))
            return
        uses = {"weight": [weight], **({"bias": [bias]} if bias is not None else {})}
        self.record("linear", values, node.output[0], node.op_type, mult_adds=self._cost(node), weights=uses)

    def _matmul(self, node: Any, _attributes: dict[str, Any], values: list[int]) -> None:
        cost = self._cost(node)
        weight = self.weights.use(node.input[1]) if len(values) == 1 else None
        if weight is not None and len(weight["shape"]) == 2 and len(self.values[values[0]]) > 1:
            self.record("linear", values, node.output[0], node.op_type, mult_adds=cost, weights={"weight": [weight]})
        elif weight is not None or len(values) == 2:
            uses = {"other": [weight]} if weight else None
            self.record("matmul", values, node.output[0], node.op_type, mult_adds=cost, weights=uses)
        else:
            self._strange(node, values, cost)

    def _normed(self, node: Any, values: list[int]) -> None:
        kind = NORMS[node.op_type]
        above = self.nodes[-1] if self.nodes else {"op": "", "out": []}
        grouped = kind == "instance" and above["op"] == "reshape" and above["out"] == values  # by ones and zeros
        uses = [use for name in node.input[1:3] if (use := self.weights.use(name, trained=not grouped)) is not None]
        for name in node.input[3:]:
            self.weights.use(name, trained=False)
        last = len(self.values[values[0]]) - 1
        self.record(
            "norm", values[:1], node.output[0], node.op_type, norm=kind, axis=last if kind == "layer" else 1,
            dims=1 if kind == "layer" else None, weights={"weight": uses} if uses else None,
        )  # fmt: skip

    def _clip(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        bounds = [attributes.get("min"), attributes.get("max")]
        for place, name in enumerate(node.input[1:3]):
            found = self.known.values(name)
            bounds[place] = found[0] if found else bounds[place]
        self.record("activation", values[:1], node.output[0], "Clip", function="relu6" if bounds == [0, 6] else "clip")

    def _binary(self, node: Any, values: list[int], op: str, function: str) -> None:
        if len(values) == 2:
            self.record(op, values, node.output[0], node.op_type, function=function)
            return
        constant = next((name for name in node.input if name not in self.ids), "")
        if self.weights.weighty(constant):
            use = self.weights.use(constant, trained=function != "div")
            bias = self.nodes[-1] if self.nodes and self.nodes[-1]["out"] == values and op == "add" else None
            if bias is not None and bias["op"] == "linear" and "bias" not in bias["weights"]:
                bias["weights"]["bias"] = [use]
                self.ids[node.output[0]] = values[0]
                return
            self.record("other", values, node.output[0], node.op_type, weights={"other": [use]})
            return
        numbers = self.known.values(constant)
        self.record(
            "activation",
            values,
            node.output[0],
            node.op_type,
            function=function,
            number=numbers[0] if len(numbers) == 1 else None,
        )

    def _add(self, node: Any, _attributes: dict[str, Any], values: list[int]) -> None:
        self._binary(node, values, "add", "add")

    def _mul(self, node: Any, _attributes: dict[str, Any], values: list[int]) -> None:
        self._binary(node, values, "multiply", "mul")

    def _div(self, node: Any, _attributes: dict[str, Any], values: list[int]) -> None:
        if len(values) == 2:
            self.record("other", values, node.output[0], "Div")
        else:
            self._binary(node, values, "multiply", "div")

    def _concat(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        made = self.known.shape(node.output[0]) or [1]
        if len(values) < len(node.input):
            self.record("other", values, node.output[0], "Concat", weights=self._others(node))
        else:
            self.record("concat", values, node.output[0], "Concat", axis=attributes.get("axis", 0) % len(made))

    def _maxpool(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        kernel = list(attributes.get("kernel_shape") or [1])
        op = "max_pool" if node.op_type == "MaxPool" else "avg_pool"
        self.record(
            op,
            values,
            node.output[0],
            node.op_type,
            kernel=kernel,
            ceil=bool(attributes.get("ceil_mode", 0)),
            **self._window(attributes, len(kernel)),
        )

    def _transpose(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        sides = len(self.values[values[0]])
        self.record(
            "permute", values, node.output[0], "Transpose", order=list(attributes.get("perm") or range(sides))[:sides]
        )

    def _pad(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        sides = len(self.values[values[0]])
        read = [self.known.values(name) for name in node.input]
        pads = [int(one) for one in attributes.get("pads") or (read[1] if len(read) > 1 else [])]
        axes = [int(axis) % sides for axis in read[3]] if len(read) > 3 and node.input[3] else list(range(sides))
        if len(pads) != 2 * len(axes):
            self.record("other", values, node.output[0], "Pad")
            return
        padding = [[0, 0] for _ in range(sides)]
        for number, axis in enumerate(axes):
            padding[axis] = [pads[number], pads[number + len(axes)]]
        self.record("pad", values[:1], node.output[0], "Pad", padding=padding)

    def _resize(self, node: Any, _attributes: dict[str, Any], values: list[int]) -> None:
        self.record("upsample", values[:1], node.output[0], node.op_type, axis=1)

    def _split(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        axis = attributes.get("axis", 0) % len(self.values[values[0]])
        start = 0
        for name in node.output:
            self.record("slice", values[:1], name, "Split", axis=axis, start=start, step=1)
            start += self.values[self.ids[name]][axis]

    def _slice(self, node: Any, _attributes: dict[str, Any], values: list[int]) -> None:
        constants = [[int(one) for one in self.known.values(name)] for name in node.input[1:]]
        sides = self.values[values[0]]
        if len(constants) >= 3 and all(len(one) == 1 for one in constants):
            axis = constants[2][0] % len(sides)
            start, step = constants[0][0], constants[3][0] if len(constants) > 3 else 1
            if step > 0:
                start = min(max(start + sides[axis] if start < 0 else start, 0), sides[axis])
                self.record("slice", values[:1], node.output[0], "Slice", axis=axis, start=start, step=step)
                return
        self.record("other", values[:1], node.output[0], "Slice")


def _attended(q: list[int], k: list[int], v: list[int], own: dict[str, Any]) -> int | None:
    """Both products of an attention: of queries and keys, and of what comes of them with the values."""
    if len(q) == len(k) == len(v) == 4:
        batch, heads, queries, size = q
        return batch * heads * queries * k[2] * (size + v[3])
    if len(q) == len(k) == len(v) == 3 and {"q_num_heads", "kv_num_heads"} <= own.keys():
        batch, queries, size = q
        heads, shared = int(own["q_num_heads"].i), int(own["kv_num_heads"].i)
        return batch * queries * k[1] * (size + v[2] * heads // shared)
    return None


STANDS = {
    "QLinearConv": ("Conv", (0, 3, 8)), "ConvInteger": ("Conv", (0, 1)), "QLinearMatMul": ("MatMul", (0, 3)), "MatMulInteger": ("MatMul", (0, 1)),
    "DynamicQuantizeMatMul": ("MatMul", (0, 1)), "MatMulIntegerToFloat": ("MatMul", (0, 1)), "QGemm": ("Gemm", (0, 3, 6)), "QLinearAdd": ("Add", (0, 3)),
    "QLinearMul": ("Mul", (0, 3)), "QLinearSigmoid": ("Sigmoid", (0,)), "QLinearLeakyRelu": ("LeakyRelu", (0,)), "QLinearSoftmax": ("Softmax", (0,)),
    "QLinearAveragePool": ("AveragePool", (0,)), "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)), "FusedConv": ("Conv", (0, 1, 2)),
    "FusedGemm": ("Gemm", (0, 1, 2)), "Gelu": ("Gelu", (0,)), "FastGelu": ("Gelu", (0,)), "QuickGelu": ("Gelu", (0,)),
}  # fmt: skip
"""Operations of ONNX and of ONNX Runtime that are another one in other numbers, or with an activation: which, and its inputs."""


def stood_for(onnx: Any, node: Any) -> list[Any]:
    """The nodes that a node is in plain operations, mostly itself."""
    if node.op_type not in STANDS or node.domain not in {"", "ai.onnx", "com.microsoft"}:
        return [node]
    op, places = STANDS[node.op_type]
    own = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if own.get("channels_last"):
        return [node]
    plain = onnx.helper.make_node(op, [node.input[place] for place in places if place < len(node.input)], node.output)
    plain.attribute.extend(a for a in node.attribute if not a.name.startswith("activation"))
    found = [plain]
    if node.op_type == "FusedConv" and len(node.input) > 3:
        found.append(onnx.helper.make_node("Add", ["", node.input[3]], node.output))
    if own.get("activation"):
        found.append(onnx.helper.make_node(own["activation"].decode("ascii"), [""], node.output))
    for number, (before, after) in enumerate(pairwise(found)):
        before.output[0] = after.input[0] = f"{node.output[0]}/{number}"
    return found


HANDLED = {
    "Conv": "_conv", "ConvTranspose": "_convtranspose", "Gemm": "_gemm", "MatMul": "_matmul", "Clip": "_clip", "Add": "_add", "Mul": "_mul", "Div": "_div",
    "Concat": "_concat", "MaxPool": "_maxpool", "AveragePool": "_maxpool", "Transpose": "_transpose", "Pad": "_pad", "Resize": "_resize", "Upsample": "_resize",
    "Split": "_split", "Slice": "_slice",
}  # fmt: skip
"""The method of each operation that needs one."""
