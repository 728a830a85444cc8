"""TFLite files as graphs, read with the generated reader of the package ``tflite`` (extra ``tflite``); no weights are read.

Shapes are TFLite's own: maps as N x H x W x C, kernels as [N, K_h, K_w, C]. A converter folds batch norms into the convolutions
before them, so a file has biases where the network had norms.
"""

from __future__ import annotations

from math import prod
from typing import Any

from mbcost.errors import MbcostError
from mbcost.importers.graph import SCHEMA

__all__ = ["read_tflite"]

MAX_BYTES = 1 << 29
MAX_OPERATORS = 50_000
MAX_TENSORS = 200_000

ACTIVATIONS = {1: "relu", 2: "relu6", 3: "relu6", 4: "tanh", 5: "sign_bit"}
FUNCTIONS = {
    "RELU": "relu", "RELU6": "relu6", "RELU_N1_TO_1": "relu6", "LOGISTIC": "sigmoid", "TANH": "tanh", "HARD_SWISH": "hard_swish", "ELU": "elu",
    "LEAKY_RELU": "leaky_relu", "SOFTMAX": "softmax", "LOG_SOFTMAX": "softmax", "GELU": "gelu", "PRELU": "prelu",
}  # fmt: skip
SAME = {"QUANTIZE", "DEQUANTIZE", "CAST"}
RESHAPES = {"RESHAPE", "SQUEEZE", "EXPAND_DIMS"}
REDUCTIONS = {"MEAN": "mean", "SUM": "sum", "REDUCE_MAX": "max", "REDUCE_MIN": "min"}
FREE = {"TRANSPOSE", "STRIDED_SLICE", "SLICE", "GATHER", "PACK", "UNPACK", "TILE", "SPLIT", "SPLIT_V", "SHAPE", "ARG_MAX", "ARG_MIN", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH",
        "MIRROR_PAD", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "SQUARE", "SQRT", "RSQRT", "EXP", "NEG", "ABS", "POW", "FLOOR", "ROUND", "GREATER", "LESS", "SELECT",
        "SELECT_V2", "TOPK_V2", "CUMSUM", "FILL", "RANGE", "BROADCAST_TO", "REVERSE_V2", "DIV", "SUB"}  # fmt: skip


def read_tflite(path: str) -> dict[str, Any]:
    """The graph of a file, as a tracer would have written it.

    Raises
    ------
    MbcostError
        If the package is missing, or the file is no TFLite model.
    """
    try:
        import tflite
    except ImportError:
        raise MbcostError(
            "reading a .tflite file needs the package `tflite`", help="pip install 'mbcost[tflite]'"
        ) from None
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise MbcostError(f"{path[:200]} is larger than {MAX_BYTES:,} bytes", help="import a smaller file")
    if data[4:8] != b"TFL3":
        raise MbcostError(f"{path[:200]} is no TFLite model", help="it has `TFL3` at its fifth byte")
    try:
        return _Reader(tflite, data).document()
    except MbcostError:
        raise
    except Exception as error:  # a broken file may break the generated reader in any way
        raise MbcostError(f"{path[:200]} is broken: {type(error).__name__}", help="write it anew") from error


SHARED = "constants with equal numbers are stored once in the file: each layer's are counted"


class _Reader:
    def __init__(self, tflite: Any, data: bytes) -> None:
        self.tflite = tflite
        self.model = tflite.Model.GetRootAs(data, 0)
        if self.model.SubgraphsLength() < 1:
            raise MbcostError("the file has no graph", help="write it anew")
        self.graph = self.model.Subgraphs(0)
        if self.graph.OperatorsLength() > MAX_OPERATORS or self.graph.TensorsLength() > MAX_TENSORS:
            raise MbcostError(f"the file has more than {MAX_OPERATORS:,} operators", help="is it broken?")
        self.codes = {number: word for word, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
        self.weights: list[dict[str, Any]] = []
        self.constants: dict[int, int] = {}  # a tensor without a producer to its weight
        self.values: list[list[int]] = []
        self.ids: dict[int, int] = {}
        self.nodes: list[dict[str, Any]] = []
        self.shapes: dict[int, list[int]] = {}
        self.pending: set[int] = set()  # what operators that have not run yet put out
        self.remarks = [
            "batch norms are folded into convolutions, whose biases are counted in their place: params differ by that"
        ]

    def document(self) -> dict[str, Any]:
        """The whole graph."""
        inputs = [self._value(self._fixed(tensor)) for tensor in self._inputs()]
        operators = [self.graph.Operators(number) for number in range(self.graph.OperatorsLength())]
        for operator in operators:
            self.pending.update(int(operator.Outputs(i)) for i in range(min(operator.OutputsLength(), 1_000)))
        for operator in operators:
            self._operator(operator)
        outputs = [
            self.ids[t]
            for t in (int(self.graph.Outputs(i)) for i in range(min(self.graph.OutputsLength(), 64)))
            if t in self.ids
        ]
        trace = {
            "values": self.values,
            "inputs": inputs,
            "outputs": outputs,
            "channels_last": True,
            "scopes": [],
            "nodes": self.nodes,
        }
        return {"schema": SCHEMA, "framework": "tflite", "versions": {"tflite": str(self.model.Version())}, "name": "tflite", "device": "file",
                "remarks": self.remarks, "weights": self.weights, "traces": [trace]}  # fmt: skip

    # -- tensors

    def _shape(self, tensor: int) -> list[int]:
        if tensor not in self.shapes:
            found = self.graph.Tensors(tensor)
            if found.ShapeLength() > 8:
                raise MbcostError("a tensor has more than 8 axes", help="is the file broken?")
            shape = [max(int(found.Shape(i)), 1) for i in range(found.ShapeLength())]
            if shape and shape[0] != 1 and tensor in self._inputs():
                shape[0] = 1
            self.shapes[tensor] = shape
        return self.shapes[tensor]

    def _inputs(self) -> list[int]:
        return [int(self.graph.Inputs(i)) for i in range(min(self.graph.InputsLength(), 64))]

    def _fixed(self, tensor: int) -> int:
        """An input of the graph, whose sides the file must say: what it leaves open is written as 1."""
        found = self.graph.Tensors(tensor)
        if any(found.ShapeSignature(i) < 0 for i in range(1, found.ShapeSignatureLength())):
            raise MbcostError("the file leaves sides of its input open", help="convert it at a fixed size")
        return tensor

    def _value(self, tensor: int) -> int:
        """A new value of the graph."""
        self.values.append(self._shape(tensor))
        self.ids[tensor] = len(self.values) - 1
        return self.ids[tensor]

    def _use(self, tensor: int) -> dict[str, Any]:
        """A weight's use. The converter stores equal numbers once, whosever they are: each operator's count as its own."""
        if tensor in self.constants and SHARED not in self.remarks:
            self.remarks.append(SHARED)
        name = self.graph.Tensors(tensor).Name() or b""
        self.weights.append(
            {"name": name[:200].decode("utf-8", "replace"), "shape": self._shape(tensor), "trained": True}
        )
        self.constants[tensor] = len(self.weights) - 1
        return {"of": [self.constants[tensor]], "shape": self._shape(tensor)}

    def _numbers(self, tensor: int) -> list[int]:
        """The values of a small constant of whole numbers."""
        import struct

        found = self.graph.Tensors(tensor)
        buffer = self.model.Buffers(found.Buffer())
        size = min(buffer.DataLength(), 256)
        data = bytes(buffer.Data(i) for i in range(size))
        letter, width = ("q", 8) if found.Type() == self.tflite.TensorType.INT64 else ("i", 4)
        return [int(one) for one in struct.unpack(f"<{size // width}{letter}", data[: size // width * width])]

    # -- operators

    def _node(self, op: str, inputs: list[int], output: int, call: str, **facts: Any) -> int:
        value = self._value(output)
        node = {"op": op, "in": inputs, "out": [value], "scope": -1, "call": call, "mult_adds": 0}
        node.update((key, fact) for key, fact in facts.items() if fact is not None or key == "mult_adds")
        self.nodes.append(node)
        return value

    def _activated(self, activation: int, output: int, call: str) -> None:
        word = ACTIVATIONS.get(activation)
        if word is not None:
            before = self.ids[output]
            self._node("activation", [before], output, call, function=word)

    def _options(self, operator: Any, kind: str) -> Any:
        found = getattr(self.tflite, kind)()
        table = operator.BuiltinOptions()
        if table is None:
            raise MbcostError(f"an operator has no {kind}", help="is the file broken?")
        found.Init(table.Bytes, table.Pos)
        return found

    def _operator(self, operator: Any) -> None:
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        call = self.codes.get(number, f"operator {number}")
        given = [int(operator.Inputs(i)) for i in range(min(operator.InputsLength(), 1_000))]
        made = [int(operator.Outputs(i)) for i in range(min(operator.OutputsLength(), 1_000))]
        if not self.pending.isdisjoint(given):
            raise MbcostError(f"a {call} reads what no operator before it gives", help="is the file broken?")
        self.pending.difference_update(made)
        maps = [tensor for tensor in given if tensor in self.ids]
        if not maps or not made:
            return
        values = [self.ids[tensor] for tensor in maps]
        if call in HANDLED:
            getattr(self, HANDLED[call])(operator, call, given, made, values)
        elif call in SAME:
            self.ids[made[0]] = values[0]
        elif call in FUNCTIONS:
            slopes = [self._use(t) for t in given[1:] if t >= 0] if call == "PRELU" else []
            self._node(
                "activation",
                values[:1],
                made[0],
                call,
                function=FUNCTIONS[call],
                weights={"weight": slopes} if slopes else None,
            )
        elif call in RESHAPES:
            self._node("reshape", values[:1], made[0], call)
        elif call in REDUCTIONS:
            self._node(
                "reduce",
                values[:1],
                made[0],
                call,
                function=REDUCTIONS[call],
                dims=self._axes(given[1], self._shape(maps[0])),
            )
        else:
            for i, output in enumerate(made):
                self._node("other", values, output, call, mult_adds=0 if call in FREE or i else None)

    def _axes(self, tensor: int, shape: list[int]) -> list[int]:
        return sorted({axis % len(shape) for axis in self._numbers(tensor)})

    def _window(
        self, options: Any, shape: list[int], made: list[int], kernel: list[int], dilation: list[int]
    ) -> dict[str, Any]:
        """Kernel, stride and the padding that the map has under SAME or VALID."""
        stride = [max(options.StrideH(), 1), max(options.StrideW(), 1)]
        padding: Any = "same" if options.Padding() == self.tflite.Padding.SAME else [[0, 0], [0, 0]]
        return {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation, "axis": 3}

    def _conv(self, operator: Any, call: str, given: list[int], made: list[int], values: list[int], kind: str) -> None:
        options = self._options(operator, kind)
        weight, channels = self._shape(given[1]), self._shape(given[0])[3]
        out = self._shape(made[0])
        depthwise = kind == "DepthwiseConv2DOptions"
        kernel = weight[1:3]
        groups = channels if depthwise else max(channels // max(weight[3], 1), 1)
        uses = {"weight": [self._use(given[1])]}
        if len(given) > 2 and given[2] >= 0:
            uses["bias"] = [self._use(given[2])]
        dilation = [max(options.DilationHFactor(), 1), max(options.DilationWFactor(), 1)]
        cost = prod(kernel) * (channels // groups) * prod(out)
        facts = self._window(options, self._shape(given[0]), out, kernel, dilation)
        self._node("conv", values[:1], made[0], call, mult_adds=cost, groups=groups, weights=uses, **facts)
        self._activated(options.FusedActivationFunction(), made[0], call)

    def _conv_2d(self, operator: Any, call: str, given: list[int], made: list[int], values: list[int]) -> None:
        self._conv(operator, call, given, made, values, "Conv2DOptions")

    def _depthwise_conv_2d(
        self, operator: Any, call: str, given: list[int], made: list[int], values: list[int]
    ) -> None:
        self._conv(operator, call, given, made, values, "DepthwiseConv2DOptions")

    def _fully_connected(self, operator: Any, call: str, given: list[int], made: list[int], values: list[int]) -> None:
        options = self._options(operator, "FullyConnectedOptions")
        weight = self._shape(given[1])
        uses = {"weight": [self._use(given[1])]}
        if len(given) > 2 and given[2] >= 0:
            uses["bias"] = [self._use(given[2])]
        value = values[0]
        if len(self.values[value]) != len(self._shape(made[0])):  # it flattens what it reads
            self.values.append([1, prod(self.values[value])])
            self.nodes.append(
                {
                    "op": "reshape",
                    "in": [value],
                    "out": [len(self.values) - 1],
                    "scope": -1,
                    "call": call,
                    "mult_adds": 0,
                }
            )
            value = len(self.values) - 1
        self._node("linear", [value], made[0], call, mult_adds=prod(self._shape(made[0])) * weight[-1], weights=uses)
        self._activated(options.FusedActivationFunction(), made[0], call)

    def _pool(self, operator: Any, call: str, given: list[int], made: list[int], values: list[int], op: str) -> None:
        options = self._options(operator, "Pool2DOptions")
        kernel = [max(options.FilterHeight(), 1), max(options.FilterWidth(), 1)]
        facts = self._window(options, self._shape(given[0]), self._shape(made[0]), kernel, [1, 1])
        self._node(op, values[:1], made[0], call, **facts)
        self._activated(options.FusedActivationFunction(), made[0], call)

    def _average_pool_2d(self, operator: Any, call: str, given: list[int], made: list[int], values: list[int]) -> None:
        self._pool(operator, call, given, made, values, "avg_pool")

    def _max_pool_2d(self, operator: Any, call: str, given: list[int], made: list[int], values: list[int]) -> None:
        self._pool(operator, call, given, made, values, "max_pool")

    def _joined(
        self, operator: Any, call: str, given: list[int], made: list[int], values: list[int], kind: str, op: str
    ) -> None:
        if len(values) == 2:
            self._node(op, values, made[0], call, function=op)
        else:  # a constant beside the map
            (constant,) = [t for t in given if t not in self.ids] or [-1]
            if constant >= 0 and prod(self._shape(constant)) > 1:
                self._node("other", values, made[0], call, weights={"other": [self._use(constant)]})
            else:
                number = 0.0 if constant < 0 else self._scalar(constant)
                self._node("activation", values, made[0], call, function="add" if op == "add" else "mul", number=number)
        self._activated(self._options(operator, kind).FusedActivationFunction(), made[0], call)

    def _scalar(self, tensor: int) -> float:
        """The value of a constant of one element, as far as an idiom (x + 3) needs it."""
        import struct

        found = self.graph.Tensors(tensor)
        buffer = self.model.Buffers(found.Buffer())
        if found.Type() == self.tflite.TensorType.FLOAT32 and buffer.DataLength() >= 4:
            return float(struct.unpack("<f", bytes(buffer.Data(i) for i in range(4)))[0])
        quantized = found.Quantization()
        if (
            found.Type() == self.tflite.TensorType.INT8
            and quantized is not None
            and quantized.ScaleLength()
            and buffer.DataLength()
        ):
            zero = quantized.ZeroPoint(0) if quantized.ZeroPointLength() else 0
            value = buffer.Data(0)
            return float(quantized.Scale(0) * ((value - 256 if value > 127 else value) - zero))
        return 0.0

    def _add(self, operator: Any, call: str, given: list[int], made: list[int], values: list[int]) -> None:
        self._joined(operator, call, given, made, values, "AddOptions", "add")

    def _mul(self, operator: Any, call: str, given: list[int], made: list[int], values: list[int]) -> None:
        self._joined(operator, call, given, made, values, "MulOptions", "multiply")

    def _concatenation(self, operator: Any, call: str, given: list[int], made: list[int], values: list[int]) -> None:
        options = self._options(operator, "ConcatenationOptions")
        sides = len(self._shape(made[0]))
        self._node("concat", values, made[0], call, axis=options.Axis() % max(sides, 1))
        self._activated(options.FusedActivationFunction(), made[0], call)

    def _pad(self, operator: Any, call: str, given: list[int], made: list[int], values: list[int]) -> None:
        numbers = self._numbers(given[1])
        pairs = [numbers[i : i + 2] for i in range(0, len(numbers), 2)]
        if len(pairs) != len(self._shape(given[0])):
            raise MbcostError("a padding has not a pair for every axis", help="is the file broken?")
        self._node("pad", values[:1], made[0], call, padding=pairs)

    def _resize_nearest_neighbor(
        self, operator: Any, call: str, given: list[int], made: list[int], values: list[int]
    ) -> None:
        self._node("upsample", values[:1], made[0], call, axis=3)


HANDLED = {
    "CONV_2D": "_conv_2d", "DEPTHWISE_CONV_2D": "_depthwise_conv_2d", "FULLY_CONNECTED": "_fully_connected", "AVERAGE_POOL_2D": "_average_pool_2d",
    "MAX_POOL_2D": "_max_pool_2d", "ADD": "_add", "MUL": "_mul", "CONCATENATION": "_concatenation", "PAD": "_pad", "PADV2": "_pad",
    "RESIZE_NEAREST_NEIGHBOR": "_resize_nearest_neighbor", "RESIZE_BILINEAR": "_resize_nearest_neighbor",
}  # fmt: skip
"""The method of each operator that needs one."""
