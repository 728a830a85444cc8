"""ONNX files as graphs, read with the package ``onnx`` (extra ``onnx``): shapes by its own inference, external data never read.

What is known of a weight is its shape; the data that the file has is let go before any shape is inferred.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

from mbcost.errors import MbcostError
from mbcost.importers.graph import SCHEMA

__all__ = ["own_shapes", "read_onnx"]

MAX_BYTES = 1 << 29
MAX_NODES = 50_000
ROUNDS = 6
MOST = 64
"""Numbers of a constant that is computed here."""
SMALL = 4_096
"""Bytes of a constant that is kept: shapes, axes, the numbers of a clip."""

FUNCTIONS = {
    "Relu": "relu", "LeakyRelu": "leaky_relu", "Elu": "elu", "Gelu": "gelu", "Sigmoid": "sigmoid", "Tanh": "tanh", "HardSigmoid": "hard_sigmoid",
    "HardSwish": "hard_swish", "Softmax": "softmax", "LogSoftmax": "softmax", "PRelu": "prelu", "Swish": "silu", "Mish": "mish", "Softplus": "softplus",
}  # fmt: skip
SAME = {"Identity", "Dropout", "Cast", "QuantizeLinear", "DequantizeLinear"}
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
    "ConstantOfShape", "Not", "And", "Or", "Sign", "CumSum", "LRN", "ScatterND", "ScatterElements", "NonZero", "Mean", "Sum", "Split", "Slice",
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
        return _read(onnx, model, path, sizes)
    except MbcostError:
        raise
    except Exception as error:  # a broken file may break the package in any way
        raise MbcostError(f"{path[:200]} is broken: {type(error).__name__}", help="write it anew") from error


def own_shapes(path: str) -> list[list[int]]:
    """A file's own input shapes without the batch; a side that it leaves open is 224."""
    onnx, model = _loaded(path)
    return _own(model, _Weights(onnx, model))


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
    if not model.graph.node or len(model.graph.node) > MAX_NODES:
        raise MbcostError(f"{path[:200]} has no graph, or one of more than {MAX_NODES:,} nodes", help="is it a model?")
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) > SMALL or tensor.external_data:
            tensor.ClearField("raw_data")
            tensor.ClearField("external_data")
            tensor.ClearField("data_location")
        if len(tensor.float_data) > SMALL:
            tensor.ClearField("float_data")
    return onnx, model


def _read(onnx: Any, model: Any, path: str, sizes: list[list[list[int]]]) -> dict[str, Any]:
    weights = _Weights(onnx, model)
    traces: list[dict[str, Any]] = []
    for shapes in sizes:
        try:
            traces.append(_Run(onnx, model, weights, shapes).trace())
        except Exception as error:
            if not traces:
                raise
            traces.append({"error": f"{type(error).__name__} at {'x'.join(map(str, shapes[0][1:]))}"})
    normed = any(node.op_type in NORMS for node in model.graph.node)
    convolved = any(node.op_type == "Conv" for node in model.graph.node)
    remarks = []
    if convolved and not normed:
        remarks = [
            "no batch norm is in the file: folded into convolutions, they have left biases, and params differ by that"
        ]
    version = next((one.version for one in model.opset_import if one.domain in {"", "ai.onnx"}), 0)
    name = "".join(c if c.isprintable() else "?" for c in model.producer_name[:60])
    return {"schema": SCHEMA, "framework": "onnx", "versions": {"opset": str(version), "producer": f"{name} {model.producer_version[:40]}".strip()},
            "name": "onnx", "device": "file", "remarks": remarks, "weights": weights.found, "traces": traces}  # fmt: skip


def _inputs(model: Any, weights: _Weights) -> list[Any]:
    return [value for value in model.graph.input if value.name not in weights.tensors]


def _own(model: Any, weights: _Weights) -> list[list[int]]:
    """The file's own input shapes without the batch; a side that it leaves open is 224, any other open axis 3."""
    shapes = []
    for value in _inputs(model, weights):
        dims = [
            dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else 0
            for dim in value.type.tensor_type.shape.dim
        ]
        shapes.append([side or (3 if axis == 1 else 224) for axis, side in enumerate(dims) if axis] or [1])
    if not shapes:
        raise MbcostError("the file has no input", help="write it anew")
    return shapes


def _dims(value: Any) -> list[int] | None:
    """The shape of a value where all of it is known."""
    kind = value.type.tensor_type
    if not kind.HasField("shape") or len(kind.shape.dim) > 8:
        return None
    dims = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in kind.shape.dim]
    return None if min(dims, default=0) < 0 else dims


def _folded(onnx: Any, model: Any, weights: _Weights) -> int:
    """Compute sizes that come from known shapes, and let them be constants; how many there were."""
    graph = model.graph
    shapes = {value.name: dims for value in (*graph.value_info, *graph.input) if (dims := _dims(value)) is not None}
    known = {tensor.name: tensor for tensor in graph.initializer}
    arrays: dict[str, Any] = {}
    kept, count = [], 0
    for node in graph.node:
        for name in node.input:
            tensor = known.get(name)
            if tensor is not None and name not in arrays and tensor.data_type in {6, 7} and prod(tensor.dims) <= MOST:
                arrays[name] = onnx.numpy_helper.to_array(tensor)
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Constant" and "value" in attributes and prod(attributes["value"].dims) <= MOST:
            found = onnx.numpy_helper.to_array(attributes["value"])
            found = found if found.dtype.kind == "i" else None
        elif node.op_type == "Shape" and node.input[0] in shapes:
            found = onnx.numpy_helper.to_array(
                onnx.helper.make_tensor("x", 7, [len(shapes[node.input[0]])], shapes[node.input[0]])
            )
            found = found[attributes.get("start", 0) : attributes.get("end", len(found))]
        elif node.op_type == "Concat" and all(name in arrays for name in node.input):
            numbers = [int(one) for name in node.input for one in arrays[name].reshape(-1)]
            found = onnx.numpy_helper.to_array(onnx.helper.make_tensor("x", 7, [len(numbers)], numbers))
        elif node.op_type in FOLDS and node.input and all(name in arrays for name in node.input if name):
            found = FOLDS[node.op_type](attributes, *[arrays[name] for name in node.input if name])
        else:
            found = None
        if found is None or found.size > MOST or node.op_type == "Constant":
            kept.append(node)
            if found is not None:
                arrays[node.output[0]] = found
            continue
        arrays[node.output[0]] = found
        tensor = onnx.numpy_helper.from_array(found, node.output[0])
        graph.initializer.append(tensor)
        weights.tensors.setdefault(tensor.name, tensor)
        count += 1
    if count:
        nodes = [type(node).FromString(node.SerializeToString()) for node in kept]
        del graph.node[:]
        graph.node.extend(nodes)
    return count


FOLDS: dict[str, Any] = {
    "Gather": lambda attributes, data, indices: data.take(indices, attributes.get("axis", 0)),
    "Add": lambda _, a, b: a + b,
    "Sub": lambda _, a, b: a - b,
    "Mul": lambda _, a, b: a * b,
    "Div": lambda _, a, b: a // b if b.all() else None,
    "Cast": lambda attributes, data: data if attributes.get("to") in {6, 7} else None,
    "Identity": lambda _, data: data,
    "Unsqueeze": lambda attributes, data, *axes: data.reshape(1) if data.ndim == 0 else None,
    "Squeeze": lambda attributes, data, *axes: data.reshape(()) if data.size == 1 else None,
    "Slice": lambda _, data, starts, ends, *more: data[int(starts[0]) : int(ends[0])] if data.ndim == starts.size == 1 and (len(more) < 2 or more[1][0] == 1) else None,
}  # fmt: skip
"""Operations on sizes, on whole numbers alone."""


class _Weights:
    """The constants of a file: what is known of them, and each that a layer uses once.

    Exporters merge rows of equal numbers, such as the biases of a network that was never trained: those are each layer's own.
    """

    def __init__(self, onnx: Any, model: Any) -> None:
        self.onnx = onnx
        self.tensors = {tensor.name: tensor for tensor in model.graph.initializer}
        self.found: list[dict[str, Any]] = []
        self.numbers: dict[tuple[str, str], int] = {}
        self.place = ""  # the node that asks

    def use(self, name: str, *, trained: bool = True) -> dict[str, Any] | None:
        """A use of a constant."""
        tensor = self.tensors.get(name)
        if tensor is None:
            return None
        place = (name, self.place if len(tensor.dims) == 1 else "")
        if place not in self.numbers:
            self.found.append({"name": name[:200], "shape": list(tensor.dims), "trained": trained})
            self.numbers[place] = len(self.found) - 1
        return {"of": [self.numbers[place]], "shape": list(tensor.dims)}

    def values(self, name: str) -> list[Any]:
        """The numbers of a small constant."""
        tensor = self.tensors.get(name)
        if tensor is None or prod(tensor.dims) > SMALL // 4:
            return []
        return [float(one) for one in self.onnx.numpy_helper.to_array(tensor).reshape(-1).tolist()]


class _Run:
    """The file at one list of input shapes."""

    def __init__(self, onnx: Any, model: Any, weights: _Weights, shapes: list[list[int]]) -> None:
        self.onnx, self.weights = onnx, weights
        own = onnx.ModelProto()
        own.CopyFrom(model)
        del own.graph.value_info[:]
        for value, shape in zip(_inputs(own, weights), shapes, strict=True):
            dims = value.type.tensor_type.shape.dim
            if len(dims) != len(shape) + 1:
                raise MbcostError(
                    f"an input has {max(len(dims) - 1, 0)} sides, and {len(shape)} are given", help="give --input"
                )
            for dim, side in zip(dims, [1, *shape], strict=True):
                dim.ClearField("dim_param")
                dim.dim_value = side
        for value in own.graph.output:
            value.type.tensor_type.ClearField("shape")
        self.model = own
        for _ in range(ROUNDS):  # sizes that are computed from shapes, and shapes from them
            self.model = onnx.shape_inference.infer_shapes(self.model, data_prop=True)
            if not _folded(onnx, self.model, weights):
                break
        graph = self.model.graph
        self.shapes = {value.name: _dims(value) for value in (*graph.value_info, *graph.input, *graph.output)}
        self.values: list[list[int]] = []
        self.ids: dict[str, int] = {}
        self.nodes: list[dict[str, Any]] = []

    def trace(self) -> dict[str, Any]:
        """The run."""
        graph = self.model.graph
        inputs = [self._value(value.name) for value in _inputs(self.model, self.weights)]
        for node in graph.node:
            self._node(node)
        outputs = [self.ids[value.name] for value in graph.output if value.name in self.ids]
        return {"values": self.values, "inputs": inputs, "outputs": outputs, "scopes": [], "nodes": self.nodes}

    def _value(self, name: str) -> int:
        shape = self.shapes.get(name)
        if shape is None:
            raise MbcostError(f"the shape of `{name[:60]}` is not known", help="give --input, or simplify the file")
        self.values.append(shape)
        self.ids[name] = len(self.values) - 1
        return self.ids[name]

    def record(self, op: str, inputs: list[int], output: str, call: str, **facts: Any) -> None:
        """One operation more."""
        node = {"op": op, "in": inputs, "out": [self._value(output)], "scope": -1, "call": call, "mult_adds": 0}
        node.update((key, fact) for key, fact in facts.items() if fact is not None or key == "mult_adds")
        self.nodes.append(node)

    def _node(self, node: Any) -> None:
        maps = [name for name in node.input if name in self.ids]
        if not maps:
            if node.op_type == "Identity" and node.input[0] in self.weights.tensors:  # equal numbers, merged
                self.weights.tensors.setdefault(node.output[0], self.weights.tensors[node.input[0]])
            if node.op_type == "Constant":
                for attribute in node.attribute:
                    if attribute.name == "value":
                        attribute.t.name = node.output[0]
                        self.weights.tensors.setdefault(node.output[0], attribute.t)
            return
        if node.op_type in {"Shape", "Size"}:
            return
        attributes = {a.name: self.onnx.helper.get_attribute_value(a) for a in node.attribute if a.name != "value"}
        values = [self.ids[name] for name in maps]
        self.weights.place = node.output[0]
        call, output = node.op_type, node.output[0]
        if call in HANDLED and node.domain in {"", "ai.onnx"}:
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
            for number, name in enumerate(node.output):
                if name and (number == 0 or self.shapes.get(name) is not None):
                    self.record(
                        "other",
                        values,
                        name,
                        call,
                        mult_adds=0 if call in FREE or number else None,
                        weights=self._others(node),
                    )

    def _others(self, node: Any) -> dict[str, Any] | None:
        """Constants of more than one number that an operation uses."""
        uses = [
            use
            for name in node.input
            if name in self.weights.tensors and self._float(name) and (use := self.weights.use(name))
        ]
        return {"other": uses} if uses else None

    def _float(self, name: str) -> bool:
        tensor = self.weights.tensors[name]
        return tensor.data_type in {1, 10, 11, 16} and prod(tensor.dims) > 1

    def _axes(self, node: Any, attributes: dict[str, Any], value: int) -> list[int]:
        sides = len(self.values[value])
        if node.op_type.startswith("Global"):
            return list(range(2, sides))
        axes = attributes.get("axes") or (
            [int(one) for one in self.weights.values(node.input[1])] if len(node.input) > 1 else None
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
        places = self.values[values[0]] if transposed else self.shapes[node.output[0]]
        cost = prod(weight["shape"]) * prod((places or [1, 1])[2:])
        self.record(
            "conv", values[:1], node.output[0], node.op_type, mult_adds=cost, kernel=kernel, groups=attributes.get("group", 1), weights=uses,
            transposed=transposed or None, **self._window(attributes, len(kernel)),
        )  # fmt: skip

    def _convtranspose(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        self._conv(node, attributes, values, transposed=True)

    def _gemm(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        weight = self.weights.use(node.input[1])
        if weight is None or len(values) > 1:
            self._matmul(node, attributes, values)
            return
        uses = {"weight": [weight]}
        bias = self.weights.use(node.input[2]) if len(node.input) > 2 else None
        if bias is not None:
            uses["bias"] = [bias]
        self.record(
            "linear",
            values,
            node.output[0],
            node.op_type,
            mult_adds=prod(weight["shape"]) * prod(self.values[values[0]][:-1]),
            weights=uses,
        )

    def _matmul(self, node: Any, _attributes: dict[str, Any], values: list[int]) -> None:
        made = self.shapes.get(node.output[0])
        if made is None:
            self._value(node.output[0])
        inner = self.values[values[0]][-1]
        weight = self.weights.use(node.input[1]) if len(values) == 1 else None
        cost = inner * prod(made or [0])
        if weight is not None and len(weight["shape"]) == 2 and node.input[0] in self.ids:
            self.record("linear", values, node.output[0], node.op_type, mult_adds=cost, weights={"weight": [weight]})
        elif weight is not None or len(values) == 2:
            self.record(
                "matmul",
                values,
                node.output[0],
                node.op_type,
                mult_adds=cost,
                weights={"other": [weight]} if weight else None,
            )
        else:
            self.record("other", values, node.output[0], node.op_type, mult_adds=cost, weights=self._others(node))

    def _normed(self, node: Any, values: list[int]) -> None:
        kind = NORMS[node.op_type]
        uses = [use for name in node.input[1:3] if (use := self.weights.use(name)) is not None]
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
            found = self.weights.values(name)
            bounds[place] = found[0] if found else bounds[place]
        self.record("activation", values[:1], node.output[0], "Clip", function="relu6" if bounds == [0, 6] else "clip")

    def _binary(self, node: Any, values: list[int], op: str, function: str) -> None:
        if len(values) == 2:
            self.record(op, values, node.output[0], node.op_type, function=function)
            return
        constant = next((name for name in node.input if name not in self.ids), "")
        if constant in self.weights.tensors and self._float(constant):
            use = self.weights.use(constant)
            bias = self.nodes[-1] if self.nodes and self.nodes[-1]["out"] == values and op == "add" else None
            if bias is not None and bias["op"] == "linear" and "bias" not in bias["weights"]:
                bias["weights"]["bias"] = [use]
                self.ids[node.output[0]] = values[0]
                return
            self.record("other", values, node.output[0], node.op_type, weights={"other": [use]})
            return
        numbers = self.weights.values(constant)
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
        made = self.shapes.get(node.output[0]) or [1]
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
        pads = [
            int(one)
            for one in (attributes.get("pads") or (self.weights.values(node.input[1]) if len(node.input) > 1 else []))
        ]
        if len(pads) != 2 * sides:
            self.record("other", values, node.output[0], "Pad")
            return
        self.record("pad", values, node.output[0], "Pad", padding=[[pads[i], pads[i + sides]] for i in range(sides)])

    def _resize(self, node: Any, _attributes: dict[str, Any], values: list[int]) -> None:
        self.record("upsample", values[:1], node.output[0], node.op_type, axis=1)

    def _split(self, node: Any, attributes: dict[str, Any], values: list[int]) -> None:
        axis = attributes.get("axis", 0) % len(self.values[values[0]])
        start = 0
        for name in node.output:
            self.record("slice", values[:1], name, "Split", axis=axis, start=start, step=1)
            start += self.values[self.ids[name]][axis]

    def _slice(self, node: Any, _attributes: dict[str, Any], values: list[int]) -> None:
        constants = [[int(one) for one in self.weights.values(name)] for name in node.input[1:]]
        sides = self.values[values[0]]
        if len(constants) >= 3 and all(len(one) == 1 for one in constants):
            axis = constants[2][0] % len(sides)
            start, step = constants[0][0], constants[3][0] if len(constants) > 3 else 1
            if step > 0:
                start = min(max(start + sides[axis] if start < 0 else start, 0), sides[axis])
                self.record("slice", values[:1], node.output[0], "Slice", axis=axis, start=start, step=step)
                return
        self.record("other", values[:1], node.output[0], "Slice")


HANDLED = {
    "Conv": "_conv", "ConvTranspose": "_convtranspose", "Gemm": "_gemm", "MatMul": "_matmul", "Clip": "_clip", "Add": "_add", "Mul": "_mul", "Div": "_div",
    "Concat": "_concat", "MaxPool": "_maxpool", "AveragePool": "_maxpool", "Transpose": "_transpose", "Pad": "_pad", "Resize": "_resize", "Upsample": "_resize",
    "Split": "_split", "Slice": "_slice",
}  # fmt: skip
"""The method of each operation that needs one."""
