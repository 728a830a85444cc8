"""What is known of an ONNX file's values at one list of input shapes, node by node: shapes by the package's own inference.

Sizes that are computed (the shape of a map, a quotient of it, a reshape to that) are computed by the package's reference
operators, as long as they are few numbers; whatever is larger has a type and a shape alone.
"""

from __future__ import annotations

from math import prod
from typing import Any

__all__ = ["Known", "captured", "dims_of"]

MOST = 64
"""Numbers of a constant that is computed here."""
COMPUTED = frozenset({
    "Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Clip", "Concat", "Constant", "ConstantOfShape", "Div", "Equal", "Expand", "Flatten", "Floor", "Gather", "Greater",
    "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Range", "ReduceMax", "ReduceMin", "ReduceProd",
    "ReduceSum", "Reshape", "Round", "Slice", "Sqrt", "Squeeze", "Sub", "Transpose", "Unsqueeze", "Where",
})  # fmt: skip
"""Operations of which the result is no larger than a few times what they read, or is looked at before it is made."""


class Known:
    """The types of values, and the numbers of small ones."""

    def __init__(self, onnx: Any, model: Any) -> None:
        self.onnx = onnx
        self.opsets = {("" if one.domain == "ai.onnx" else one.domain): one.version for one in model.opset_import}
        self.ir = model.ir_version
        self.types: dict[str, Any] = {}
        self.numbers: dict[str, Any] = {}
        self.declared = {value.name: value.type for value in (*model.graph.value_info, *model.graph.output)}

    def at(self, inputs: dict[str, list[int]], kinds: dict[str, int], *, declared: bool) -> Known:
        """The same constants, and inputs of some shapes; ``declared`` says whether what the file states of shapes holds."""
        found = Known.__new__(Known)
        found.onnx, found.opsets, found.ir = self.onnx, self.opsets, self.ir
        found.types, found.numbers = dict(self.types), dict(self.numbers)
        found.declared = self.declared if declared else {}
        for name, shape in inputs.items():
            found.types[name] = self.onnx.helper.make_tensor_type_proto(kinds[name], shape)
        return found

    def constant(self, name: str, tensor: Any) -> None:
        """Note a constant of the file."""
        self.types[name] = self.onnx.helper.make_tensor_type_proto(tensor.data_type, tensor.dims)
        if prod(tensor.dims) <= MOST and tensor.data_location != tensor.EXTERNAL:
            self.numbers[name] = self.onnx.numpy_helper.to_array(tensor)

    def shape(self, name: str) -> list[int] | None:
        """The shape of a value where all of it is known."""
        kind = self.types.get(name)
        return None if kind is None else dims_of(kind)

    def values(self, name: str) -> list[Any]:
        """The numbers of a small constant, in order; none where they are not known."""
        found = self.numbers.get(name)
        return [] if found is None else found.reshape(-1).tolist()

    def learn(self, node: Any) -> None:
        """Find out what a node makes."""
        made = [name for name in node.output if name]
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.name == "value":
                self.constant(node.output[0], attribute.t)
                return
        numbers = self._computed(node)
        if numbers is not None and made:
            self.numbers[made[0]] = numbers
            kind = self.onnx.helper.np_dtype_to_tensor_dtype(numbers.dtype)
            self.types[made[0]] = self.onnx.helper.make_tensor_type_proto(kind, numbers.shape)
            return
        self.types.update(self._inferred(node))
        for name in made:
            if self.shape(name) is None and name in self.declared:
                self.types[name] = self.declared[name]

    def _computed(self, node: Any) -> Any:
        """The numbers that a node makes of known ones; None where it does not, or where they are many."""
        first = self.shape(node.input[0]) if node.input else None
        if node.op_type == "Shape" and first is not None:
            within = {a.name: a.i for a in node.attribute}
            return self._array(first[within.get("start", 0) : within.get("end", len(first))])
        if node.op_type == "Size" and first is not None:
            return self._array(prod(first))
        if node.op_type not in COMPUTED or node.domain not in {"", "ai.onnx"}:
            return None
        given = {name: self.numbers.get(name) for name in node.input if name}
        if any(one is None for one in given.values()) or not self._few(node, given):
            return None
        from onnx.reference import ReferenceEvaluator

        helper = self.onnx.helper
        try:
            ends = [
                [helper.make_value_info(name, helper.make_tensor_type_proto(1, None)) for name in names]
                for names in (given, node.output)
            ]
            graph = helper.make_graph([node], "one", *ends)
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opsets.get("", 1))])
            found = ReferenceEvaluator(model).run(None, given)[0]
        except Exception:  # noqa: BLE001  (what it cannot compute has a shape, or none)
            return None
        return found if hasattr(found, "dtype") and found.size <= MOST and found.dtype.kind in "iufb" else None

    def _few(self, node: Any, given: dict[str, Any]) -> bool:
        """Whether a node that makes as many numbers as it is told makes few."""
        if node.op_type in {"ConstantOfShape", "Expand"}:
            last = given.get(node.input[-1])
            return last is not None and 0 <= prod(last.reshape(-1).tolist()) <= MOST
        if node.op_type == "Range":
            start, limit, delta = (given[name].reshape(-1).tolist()[0] for name in node.input)
            return bool(delta) and abs((limit - start) / delta) <= MOST
        return True

    def _array(self, numbers: list[int] | int) -> Any:
        dims, values = ([len(numbers)], numbers) if isinstance(numbers, list) else ([], [numbers])
        return self.onnx.numpy_helper.to_array(
            self.onnx.helper.make_tensor("", self.onnx.TensorProto.INT64, dims, values)
        )

    def _inferred(self, node: Any) -> dict[str, Any]:
        """The types of what a node makes; where it is not there for the data types of its inputs, as if these were fractions."""
        onnx, read = self.onnx, (*filter(None, node.input), *captured(node))
        types = {name: self.types[name] for name in read if name in self.types}
        data = {name: onnx.numpy_helper.from_array(self.numbers[name]) for name in read if name in self.numbers}
        opsets = [onnx.helper.make_opsetid(name, version) for name, version in self.opsets.items()]
        for kinds in (types, {name: self._fraction(kind) for name, kind in types.items()}):
            try:
                schema = self._schema(node)
                found: dict[str, Any] = onnx.shape_inference.infer_node_outputs(
                    schema, node, kinds, data, None, opsets, self.ir
                )
            except Exception:  # noqa: BLE001, S112  (an unknown operation, or one whose inputs are not known)
                continue
            return found
        return {}

    def _schema(self, node: Any) -> Any:
        """What the standard says of an operation: of the file's version, else of a later one that has it."""
        domain, defs = "" if node.domain == "ai.onnx" else node.domain, self.onnx.defs
        version = self.opsets.get(domain, 1)
        known = defs.has(node.op_type, version, domain)
        return defs.get_schema(node.op_type, version, domain) if known else defs.get_schema(node.op_type, domain)

    def _fraction(self, kind: Any) -> Any:
        found = type(kind)()
        found.CopyFrom(kind)
        found.tensor_type.elem_type = self.onnx.TensorProto.FLOAT
        return found


def captured(node: Any) -> list[str]:
    """The names that the graphs inside a node read of the graph around it."""
    found: dict[str, None] = {}
    for graph in graphs(node):
        own = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
        for inner in graph.node:
            for name in (*inner.input, *captured(inner)):
                if name and name not in own:
                    found[name] = None
            own.update(inner.output)
        found.update((value.name, None) for value in graph.output if value.name not in own)
    return list(found)


def graphs(node: Any) -> list[Any]:
    """The graphs inside a node."""
    return [graph for a in node.attribute for graph in ([a.g] if a.type == a.GRAPH else a.graphs)]


def dims_of(kind: Any) -> list[int] | None:
    """The shape of a type where all of it is known."""
    tensor = kind.tensor_type
    if not kind.HasField("tensor_type") or not tensor.HasField("shape") or len(tensor.shape.dim) > 8:
        return None
    dims = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim]
    return None if min(dims, default=0) < 0 else dims
