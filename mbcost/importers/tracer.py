"""The tracer: builds a network and records what it runs, as a JSON graph (see :mod:`mbcost.importers.graph`).

This file stands alone. ``mbcost import`` runs it with the interpreter that has the user's framework, which need not have
mbcost; so it imports nothing of mbcost, and keeps to Python 3.9.

A process answers one JSON request a line with one JSON line, until its input ends. The first request names the code::

    {"code": "torchvision.models:mobilenet_v2", "framework": null, "limits": {"nodes": 200000, "bytes": 67108864}}

and each further one asks for a network and its traces, one a list of input shapes without the batch::

    {"args": {"width_mult": 0.75}, "inputs": [[[3, 224, 224]], [[3, 225, 225]]]}

A PyTorch model is built and run on the meta device: shapes without data. What it runs is recorded below autograd, as it
is dispatched, so control flow, functions and nested calls need no understanding; hooks on modules give each operation the
module that called it. A Keras model is called on symbolic inputs, and its graph of layers read; subclassed models and layers
of the user's own are called on symbols too.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import traceback
from contextlib import ExitStack, contextmanager
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SCHEMA = "mbcost/graph/1"
FILES = {".pt2", ".keras", ".h5"}
NODES = 200_000
BYTES = 1 << 26


class Refused(Exception):
    """The network cannot be had: the fact, and what kind of fact it is."""

    def __init__(self, kind: str, fact: str) -> None:
        super().__init__(fact)
        self.kind = kind


# ---------------------------------------------------------------------------------------------------------- PyTorch


FREE = {
    "alias", "all", "amax", "amin", "any", "arange", "argmax", "argmin", "argsort", "as_strided", "bernoulli", "bitwise_and", "channel_shuffle",
    "clone", "col2im", "contiguous", "copy", "copy_", "cumsum", "cumprod", "detach", "diag_embed", "diagonal", "empty", "empty_like", "expand",
    "eye", "fill", "fill_", "flip", "full", "full_like", "gather", "grid_sampler_2d", "im2col", "index", "index_add", "index_copy",
    "index_put", "index_put_", "index_select", "lift_fresh", "linspace", "linalg_vector_norm", "logsumexp", "masked_fill", "masked_scatter",
    "max", "mean", "median", "min", "new_empty", "new_full", "new_ones", "new_zeros", "norm", "one_hot", "ones", "ones_like", "pixel_shuffle",
    "pixel_unshuffle", "prod", "rand", "rand_like", "randn", "randn_like", "randint", "reflection_pad1d", "reflection_pad2d", "repeat",
    "repeat_interleave", "replication_pad1d", "replication_pad2d", "roll", "scatter", "scatter_add", "scalar_tensor", "select_scatter",
    "slice_scatter", "sort", "stack", "std", "sum", "topk", "tril", "triu", "unfold", "var", "var_mean", "std_mean", "zero_", "zeros",
    "zeros_like", "embedding", "where", "_to_copy", "_reshape_alias", "native_dropout", "dropout", "set_", "resize_", "_softmax",
    "_log_softmax", "_safe_softmax", "_prelu_kernel", "glu", "cdist", "_pdist_forward", "new_empty_strided", "empty_strided", "squeeze_",
    "unsqueeze_", "rot90", "cummax", "cummin", "bucketize", "searchsorted", "tril_indices", "triu_indices", "_adaptive_avg_pool2d",
    "_adaptive_avg_pool3d", "adaptive_max_pool2d", "adaptive_max_pool3d", "fft_rfft2", "view_as_real", "view_as_complex", "normal_",
    "uniform_", "bernoulli_", "exponential_", "_assert_async", "sym_size", "_local_scalar_dense", "is_same_size", "stft", "aminmax",
    "_fused_rms_norm", "native_layer_norm", "native_group_norm", "native_batch_norm", "renorm", "rrelu_with_noise", "polar", "complex",
    "segment_reduce", "isin", "bincount", "histc", "equal", "_assert_scalar", "_assert_tensor_metadata",
    "native_channel_shuffle", "constant_pad_nd", "cat",
}  # fmt: skip
"""Operators that multiply no two tensors' elements and add: they move, compare, reduce or fill. What is neither here nor
pointwise nor a view nor known to PyTorch's own counter has a cost that nobody knows."""

ACTIVATIONS = {
    "relu": "relu", "relu6": "relu6", "leaky_relu": "leaky_relu", "elu": "elu", "gelu": "gelu", "silu": "silu",
    "hardswish": "hard_swish", "hardsigmoid": "hard_sigmoid", "sigmoid": "sigmoid", "tanh": "tanh", "_softmax": "softmax",
    "_safe_softmax": "softmax", "_prelu_kernel": "prelu",
}  # fmt: skip
BATCH_NORMS = {
    "native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "cudnn_batch_norm",
    "miopen_batch_norm", "batch_norm_with_update", "_batch_norm_with_update", "_batch_norm_no_update",
}  # fmt: skip
CONVOLUTIONS = {
    "convolution", "_convolution", "cudnn_convolution", "mkldnn_convolution", "convolution_overrideable",
    "_slow_conv2d_forward",
}  # fmt: skip
SAME = {
    "alias", "clone", "detach", "lift_fresh", "_to_copy", "contiguous", "native_dropout", "dropout", "to", "_conj", "view_as",
}  # fmt: skip
RESHAPES = {
    "view", "_unsafe_view", "reshape", "_reshape_alias", "squeeze", "unsqueeze", "flatten", "unflatten", "squeeze_", "unsqueeze_",
}  # fmt: skip
POOLS = {"max_pool2d_with_indices": "max_pool", "max_pool2d": "max_pool", "max_pool3d_with_indices": "max_pool",
         "avg_pool1d": "avg_pool", "avg_pool2d": "avg_pool", "avg_pool3d": "avg_pool"}  # fmt: skip
REDUCTIONS = {"mean", "sum", "amax", "amin", "var", "std", "linalg_vector_norm", "norm", "max", "min", "logsumexp"}
BOX_OPERATOR = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


class Recorded:
    """One run of a network: values with their shapes, the scopes of modules, and nodes in the order they ran."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.values: list[list[int]] = []
        self.scopes: list[list[Any]] = []
        self.nodes: list[dict[str, Any]] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.last = False  # whether the inputs have their channels last

    def value(self, shape: Any) -> int:
        """The number of a new value."""
        self.values.append([int(side) for side in shape])
        return len(self.values) - 1

    def node(self, op: str, inputs: list[int], outputs: list[int], scope: int, call: str, **facts: Any) -> None:
        """One operation more."""
        if len(self.nodes) >= self.limit:
            raise Refused("limit", f"the network runs more than {self.limit:,} operations")
        node = {"op": op, "in": inputs, "out": outputs, "scope": scope, "call": call[:200], "mult_adds": 0}
        node.update((key, value) for key, value in facts.items() if value is not None or key == "mult_adds")
        self.nodes.append(node)

    def document(self) -> dict[str, Any]:
        """What JSON has of it."""
        return {"values": self.values, "inputs": self.inputs, "channels_last": self.last, "outputs": self.outputs, "scopes": self.scopes, "nodes": self.nodes}  # fmt: skip


class Call:
    """One dispatched operation: what was called, with what, and what came out."""

    def __init__(
        self, func: Any, name: str, args: Any, kwargs: Any, maps: list[Any], results: list[Any], out: Any
    ) -> None:
        self.func, self.name, self.args, self.kwargs = func, name, args, kwargs
        self.maps, self.results, self.out = maps, results, out

    @property
    def first(self) -> Any:
        """The first operand."""
        return self.args[0] if self.args else None

    def argument(self, place: int, name: str, default: Any) -> Any:
        """An operand by its place or its name."""
        return self.args[place] if len(self.args) > place else self.kwargs.get(name, default)


class TorchRun:
    """Records one run of a PyTorch model."""

    def __init__(self, torch: Any, weights: dict[int, int], paths: dict[int, str], limit: int) -> None:
        from torch.utils.flop_counter import flop_registry

        self.torch = torch
        self.flops = flop_registry
        self.weights = weights
        self.paths = paths
        self.run = Recorded(limit)
        self.ids: dict[int, int] = {}  # a tensor that depends on the input, to its value
        self.origins: dict[int, tuple[int, ...]] = {}  # a tensor that does not, to the weights it is made of
        self.viewed: dict[int, Any] = {}
        self.kept: list[Any] = []  # so that no id is used twice
        self.stack: list[int] = []
        self.modules: list[int] = []

    # -- modules

    def enter(self, module: Any, _inputs: Any) -> None:
        """A module is called."""
        path = self.paths.get(id(module))
        parent = self.stack[-1] if self.stack else -1
        if path is None:
            path = self.run.scopes[parent][1] if parent >= 0 else ""
        self.run.scopes.append([parent, path[:300], type(module).__name__[:100]])
        self.stack.append(len(self.run.scopes) - 1)
        self.modules.append(id(module))

    def leave(self, module: Any, _inputs: Any, _output: Any) -> None:
        """A module has returned, or one that it called has raised and was caught."""
        while self.modules:
            self.stack.pop()
            if self.modules.pop() == id(module):
                return

    # -- tensors

    def tensors(self, tree: Any) -> list[Any]:
        """All tensors in arguments or results, in order; also in dataclasses and objects of other libraries."""
        found, todo = [], [tree]
        seen = set()
        while todo:
            item = todo.pop()
            if isinstance(item, self.torch.Tensor):
                found.append(item)
            elif isinstance(item, dict):
                todo.extend(reversed(list(item.values())))
            elif isinstance(item, (list, tuple, set, frozenset)):
                todo.extend(reversed(list(item)))
            elif hasattr(item, "__dataclass_fields__") and id(item) not in seen:
                seen.add(id(item))
                todo.extend(reversed([getattr(item, name, None) for name in item.__dataclass_fields__]))
        return found

    def origin(self, tensor: Any) -> tuple[int, ...]:
        """The weights that a tensor which does not depend on the input is made of."""
        number = self.weights.get(id(tensor))
        if number is not None:
            return (number,)
        return self.origins.get(id(tensor), ())

    def new(self, tensor: Any) -> int:
        """A tensor that depends on the input, seen for the first time or changed in place."""
        number = self.run.value(tensor.shape)
        self.ids[id(tensor)] = number
        self.kept.append(tensor)
        return number

    def made_of(self, tensor: Any) -> dict[str, Any] | None:
        """A constant operand as nodes have it; None where no weight is in it."""
        if not isinstance(tensor, self.torch.Tensor) or id(tensor) in self.ids:
            return None
        origin = self.origin(tensor)
        return {"of": list(origin), "shape": [int(side) for side in tensor.shape]} if origin else None

    # -- operations

    def record(self, func: Any, args: Any, kwargs: Any, out: Any) -> None:
        """One dispatched operation."""
        given = self.tensors((args, kwargs))
        results = self.tensors(out)
        maps = [tensor for tensor in given if id(tensor) in self.ids]
        name = func._schema.name.split("::")[-1]
        mutated = func._schema.is_mutable and bool(given) and any(result is given[0] for result in results)
        if mutated and name.endswith("_") and not name.endswith("__"):
            name = name[:-1]
        call = Call(func, name, args, kwargs, maps, results, out)
        if not maps:
            self._constant(call, given)
            return
        if not results:
            if self.torch.Tag.data_dependent_output in func.tags:
                self._node("other", call, maps, [], mult_adds=0, data=True)
            return
        if func.is_view or name in RESHAPES:
            for result in results:
                self.viewed[id(result)] = given[0]
                self.kept.append(result)
        self._known(call)
        if mutated:
            self._through(given[0])

    def _through(self, tensor: Any) -> None:
        """What is changed in place through a view is changed in what it views."""
        scope = self.stack[-1] if self.stack else -1
        while id(tensor) in self.viewed:
            whole = self.viewed[id(tensor)]
            part = self.ids[id(tensor)]
            before = [self.ids[id(whole)]] if id(whole) in self.ids else []
            if whole is tensor:
                return
            self.run.node("write", [*before, part], [self.new(whole)], scope, "written through a view")
            tensor = whole

    def _constant(self, call: Call, given: list[Any]) -> None:
        """An operation on weights and constants alone: its results are made of all their weights."""
        origin = tuple(sorted({number for tensor in given for number in self.origin(tensor)}))
        for result in call.results:
            if id(result) not in self.weights:
                self.origins[id(result)] = origin
                self.kept.append(result)
        cost = self._counted(call)
        if cost or (cost is None and origin and not str(call.func).startswith("aten.")):
            scope = self.stack[-1] if self.stack else -1
            self.run.node("other", [], [], scope, str(call.func), mult_adds=cost)

    def _counted(self, call: Call) -> int | None:
        """Mult-adds by PyTorch's own counter; 0 where the operation is free; None where nobody knows."""
        func = call.func
        formula = self.flops.get(func._overloadpacket)
        if formula is not None:
            return int(formula(*call.args, **call.kwargs, out_val=call.out)) // 2
        space, name = func._schema.name.split("::")
        bare = name.rstrip("_")
        free = (
            self._pointwise(func)
            or func.is_view
            or bare in FREE
            or name in FREE
            or bare in RESHAPES
            or bare in POOLS
            or bare in BATCH_NORMS
            or bare.startswith(("upsample_", "_upsample_"))
            or getattr(self.torch.Tag, "reduction", None) in func.tags
        )
        return 0 if space in {"aten", "prims"} and free else None

    def _node(self, op: str, call: Call, maps: list[Any], results: list[Any], **facts: Any) -> None:
        inputs = [self.ids[id(tensor)] for tensor in maps]
        outputs = [self.new(result) for result in results]
        self.run.node(op, inputs, outputs, self.stack[-1] if self.stack else -1, str(call.func), **facts)

    def _same(self, source: Any, result: Any) -> None:
        """A result that is its source, for all that a count needs."""
        self.ids[id(result)] = self.ids[id(source)]
        self.kept.append(result)

    def _known(self, call: Call) -> None:
        """An operation by its name; what has none here is recorded with its cost, or as one that nobody knows."""
        first, result, name = call.first, call.results[0], call.name
        handler = HANDLERS.get(name, "")
        if not handler and name.startswith(("upsample_", "_upsample_")):
            handler = "_upsampled"
        on_map = isinstance(first, self.torch.Tensor) and id(first) in self.ids
        if handler and (on_map or handler in ANYWHERE):
            getattr(self, handler)(call)
        elif self._pointwise(call.func) and len(call.maps) == 1 and call.maps[0].shape == result.shape:
            weights = [self.made_of(x) for x in self.tensors((call.args, call.kwargs))]
            self._node("activation", call, call.maps, [result], function=name, weights=_others(weights))
        else:
            self._unknown(call)

    def _unknown(self, call: Call) -> None:
        weights = [self.made_of(x) for x in self.tensors((call.args, call.kwargs))]
        dynamic = self.torch.Tag.dynamic_output_shape in call.func.tags
        results = [x for x in call.results if id(x) not in self.ids or x is call.first]
        self._node("other", call, call.maps, results, mult_adds=self._counted(call), weights=_others(weights), data=dynamic or None)  # fmt: skip

    # -- one method a family of operators

    def _batch_normed(self, call: Call) -> None:
        roles = ("scale", "shift", "mean", "variance")
        weights = {role: self.made_of(x) for role, x in zip(roles, call.args[1:5])}  # noqa: B905  (Python 3.9)
        kind = "batch" if call.args[3] is not None else "instance"
        self._node("norm", call, [call.first], call.results[:1], norm=kind, axis=1, weights=_given(weights))

    def _layer_normed(self, call: Call) -> None:
        weights = {"scale": self.made_of(call.args[2]), "shift": self.made_of(call.args[3])}
        self._node("norm", call, [call.first], call.results[:1], norm="layer", dims=len(call.args[1]), weights=_given(weights))  # fmt: skip

    def _group_normed(self, call: Call) -> None:
        weights = {"scale": self.made_of(call.args[1]), "shift": self.made_of(call.args[2])}
        self._node("norm", call, [call.first], call.results[:1], norm="group", axis=1, weights=_given(weights))

    def _passed(self, call: Call) -> None:
        """What leaves a tensor as it is; one that is broadcast stays the small one that it is made of."""
        broadcast = call.name.startswith("expand") and call.first.dim() == call.results[0].dim()
        if call.first.shape == call.results[0].shape or broadcast:
            self._same(call.first, call.results[0])
        else:
            self._unknown(call)

    def _copied(self, call: Call) -> None:
        """One tensor written over another: from now on it is that one."""
        source, result = call.args[1], call.results[0]
        if id(source) in self.ids and source.shape == result.shape:
            self._same(source, result)
        else:
            self._unknown(call)

    def _activated(self, call: Call) -> None:
        weights = {"other": self.made_of(call.args[1])} if call.name == "_prelu_kernel" else {}
        self._node("activation", call, [call.first], call.results, function=ACTIVATIONS[call.name], weights=_given(weights))  # fmt: skip

    def _clamped(self, call: Call) -> None:
        low = call.argument(1, "min_val" if call.name == "hardtanh" else "min", -1 if call.name == "hardtanh" else None)
        high = call.argument(2, "max_val" if call.name == "hardtanh" else "max", 1 if call.name == "hardtanh" else None)
        word = {(0, 6): "relu6", (0, None): "relu"}.get((low, high), call.name)
        self._node("activation", call, [call.first], call.results, function=word)

    def _reshaped(self, call: Call) -> None:
        self._node("reshape", call, [call.first], call.results)

    def _permuted(self, call: Call) -> None:
        self._node("permute", call, [call.first], call.results, order=self._order(call.name, call.first, call.args))

    def _padded(self, call: Call) -> None:
        given = [int(side) for side in call.args[1]]
        pairs = [[given[i], given[i + 1]] for i in range(0, len(given), 2)][::-1]
        self._node("pad", call, [call.first], call.results, padding=[[0, 0]] * (call.first.dim() - len(pairs)) + pairs)

    def _upsampled(self, call: Call) -> None:
        self._node("upsample", call, [call.first], call.results, axis=1)

    def _adapted(self, call: Call) -> None:
        word = "max" if "max" in call.name else "mean"
        self._node("adaptive_pool", call, [call.first], call.results[:1], function=word)

    def _rearranged(self, call: Call) -> None:
        self._same(call.first, call.results[0])  # elements change places; which is where does not cost

    def _cut(self, call: Call) -> None:
        """A range along one axis."""
        axis, start, step = call.argument(1, "dim", 0), call.argument(2, "start", 0), call.argument(4, "step", 1)
        self._sliced(call, call.results[0], axis or 0, start or 0, 1 if call.name == "narrow" else step)

    def _split(self, call: Call) -> None:
        axis = call.argument(2, "dim", 0) % call.first.dim()
        start = 0
        for part in call.results:
            self._sliced(call, part, axis, start, 1)
            start += int(part.shape[axis])

    def _chosen(self, call: Call) -> None:
        self._selected(call, call.results[0], call.args[1], call.args[2])

    def _unbound(self, call: Call) -> None:
        for index, part in enumerate(call.results):
            self._selected(call, part, call.argument(1, "dim", 0), index)

    def _pointwise(self, func: Any) -> bool:
        return self.torch.Tag.pointwise in func.tags

    def _convolution(self, call: Call) -> None:
        x, weight, bias, stride, padding, dilation, transposed, _, groups = call.args[:9]
        cost = self._counted(call)
        if id(weight) in self.ids:  # the kernels are computed from the input
            self._node("other", call, call.maps, call.results[:1], mult_adds=cost)
            return
        sides = len(weight.shape) - 2
        pads = list(padding) * (sides if len(padding) == 1 else 1)
        weights = {"weight": self.made_of(weight), "bias": self.made_of(bias)}
        self._node(
            "conv", call, [x], call.results[:1], mult_adds=cost, kernel=[int(k) for k in weight.shape[2:]], stride=_sides(stride, sides),
            padding=[[int(p), int(p)] for p in pads], dilation=_sides(dilation, sides), groups=int(groups),
            transposed=bool(transposed) or None, axis=1, weights=_given(weights),
        )  # fmt: skip

    def _product(self, call: Call) -> None:
        """A product of matrices: a linear layer where the second is a weight."""
        name, args = call.name, call.args
        biased = name in {"addmm", "baddbmm", "addmv", "addbmm"}
        a, b = args[1:3] if biased else args[:2]
        bias = args[0] if biased else None
        cost = self._counted(call)
        if cost is None and name in {"mv", "addmv", "dot"}:  # PyTorch's counter leaves out products with a vector
            cost = int(a.numel())
        if name in {"mm", "addmm"} and id(a) in self.ids and id(b) not in self.ids and id(bias) not in self.ids:
            weights = _given({"weight": self.made_of(b), "bias": self.made_of(bias)})
            self._node("linear", call, [a], call.results, mult_adds=cost, weights=weights)
            return
        weights = _others([self.made_of(x) for x in (a, b, bias)])
        self._node("matmul", call, call.maps, call.results[:1], mult_adds=cost, weights=weights)

    def _order(self, name: str, x: Any, args: Any) -> list[int]:
        n = len(x.shape)
        order = list(range(n))
        if name == "permute":
            return [int(axis) % n for axis in args[1]]
        if name in {"t", "numpy_T"}:
            return order[::-1]
        a, b = (int(axis) % n for axis in args[1:3])
        if name in {"movedim", "moveaxis"}:
            order.insert(b, order.pop(a))
        else:
            order[a], order[b] = order[b], order[a]
        return order

    def _joined(self, call: Call) -> None:
        result = call.results[0]
        parts = [x for x in call.args[0] if x.numel() or x.dim() == result.dim()]
        axis = int(call.argument(1, "dim", 0)) % max(result.dim(), 1)
        learned = [self.made_of(part) for part in parts[:-1]]
        if all(id(part) in self.ids for part in parts):
            self._node("concat", call, parts, [result], axis=axis)
        elif learned and all(learned) and id(parts[-1]) in self.ids:
            extra = int(result.shape[axis]) - int(parts[-1].shape[axis])
            self._node("prepend", call, parts[-1:], [result], axis=axis, extra=extra, weights=_others(learned))
        else:
            self._unknown(call)

    def _sliced(self, call: Call, result: Any, axis: int, start: int, step: int) -> None:
        x = call.first
        axis %= x.dim()
        size = int(x.shape[axis])
        if step == 1 and int(result.shape[axis]) == size:
            self._same(x, result)
            return
        start = max(start + size, 0) if start < 0 else min(start, size)
        self._node("slice", call, [x], [result], axis=axis, start=start, step=step)

    def _selected(self, call: Call, result: Any, axis: int, index: int) -> None:
        x = call.first
        axis %= x.dim()
        index %= int(x.shape[axis])
        number = self.run.value([1 if i == axis else side for i, side in enumerate(x.shape)])
        scope, word = self.stack[-1] if self.stack else -1, str(call.func)
        self.run.node("slice", [self.ids[id(x)]], [number], scope, word, axis=axis, start=index, step=1)
        self.run.node("reshape", [number], [self.new(result)], scope, word)

    def _pooled(self, call: Call) -> None:
        op = POOLS[call.name]
        kernel = [int(k) for k in call.args[1]]
        sides = len(kernel)
        stride = _sides(call.argument(2, "stride", None) or kernel, sides)
        pads = _sides(call.argument(3, "padding", 0), sides)
        dilation = call.argument(4, "dilation", 1) if op == "max_pool" else 1
        ceil = bool(call.argument(5 if op == "max_pool" else 4, "ceil_mode", False))
        self._node(
            op, call, [call.first], call.results[:1], kernel=kernel, stride=stride, padding=[[p, p] for p in pads], ceil=ceil or None,
            dilation=_sides(dilation, sides), axis=1,
        )  # fmt: skip

    def _reduced(self, call: Call) -> None:
        """A reduction over some axes, or all of them."""
        if len(call.maps) != 1:
            self._unknown(call)
            return
        n = call.first.dim()
        norm = call.name in {"linalg_vector_norm", "norm"}
        dims: Any = call.argument(2 if norm else 1, "dim", None)
        if dims is None or isinstance(dims, bool):
            dims = range(n)
        dims = sorted(int(axis) % n for axis in ([dims] if isinstance(dims, int) else dims)) or list(range(n))
        self._node("reduce", call, [call.first], call.results[:1], function=call.name, dims=dims)

    def _binary(self, call: Call) -> None:
        name, maps, result = call.name, call.maps, call.results[0]
        weights = _others([self.made_of(x) for x in call.args if isinstance(x, self.torch.Tensor)])
        if len(maps) == 1 and maps[0].shape == result.shape:
            number = next((x for x in call.args[:2] if isinstance(x, (int, float)) and not isinstance(x, bool)), None)
            if number is not None and not abs(number) < 1e9:
                number = None
            self._node("activation", call, maps, [result], function=name, weights=weights, number=number)
        elif len(maps) == 2 and not weights:
            self._node("multiply" if name in {"mul", "div"} else "add", call, maps, [result], function=name)
        else:
            self._unknown(call)


HANDLERS = {
    **dict.fromkeys(CONVOLUTIONS, "_convolution"),
    **dict.fromkeys(("mm", "addmm", "bmm", "baddbmm", "_scaled_mm", "addmv", "mv", "dot", "addbmm"), "_product"),
    **dict.fromkeys(BATCH_NORMS, "_batch_normed"),
    "native_layer_norm": "_layer_normed", "native_group_norm": "_group_normed",
    **dict.fromkeys((*SAME, "expand", "expand_as"), "_passed"),
    **dict.fromkeys(ACTIVATIONS, "_activated"),
    **dict.fromkeys(("hardtanh", "clamp", "clamp_min"), "_clamped"),
    **dict.fromkeys(RESHAPES, "_reshaped"),
    **dict.fromkeys(("permute", "transpose", "t", "swapaxes", "movedim", "numpy_T", "moveaxis"), "_permuted"),
    "cat": "_joined", "slice": "_cut", "narrow": "_cut", "select": "_chosen", "unbind": "_unbound",
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "tensor_split", "unsafe_split", "unsafe_chunk"), "_split"),
    **dict.fromkeys(POOLS, "_pooled"),
    **dict.fromkeys(
        ("_adaptive_avg_pool2d", "adaptive_max_pool2d", "_adaptive_avg_pool3d", "adaptive_max_pool3d"), "_adapted"
    ),
    **dict.fromkeys(REDUCTIONS, "_reduced"),
    **dict.fromkeys(
        ("constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "replication_pad1d", "replication_pad2d"), "_padded"
    ),
    **dict.fromkeys(
        ("add", "sub", "rsub", "mul", "div", "maximum", "minimum", "pow", "remainder", "floor_divide", "lerp"), "_binary"
    ),
    "copy": "_copied", "roll": "_rearranged", "flip": "_rearranged",
}  # fmt: skip
"""The method for each operator; all but products, sums and joins need their first operand to depend on the input."""

ANYWHERE = {"_product", "_joined", "_binary", "_copied"}


def _given(weights: dict[str, Any]) -> dict[str, Any] | None:
    return {role: [weight] for role, weight in weights.items() if weight is not None} or None


def _others(weights: list[Any]) -> dict[str, Any] | None:
    found = [weight for weight in weights if weight is not None]
    return {"other": found} if found else None


def _sides(value: Any, sides: int) -> list[int]:
    numbers = [value] if isinstance(value, int) else [int(x) for x in value]
    return numbers * sides if len(numbers) == 1 else numbers


def _recording(torch: Any, run: TorchRun) -> Any:
    """The modes under which a model runs: what it dispatches is recorded, and no device but its own is asked for."""
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode

    class Recorder(TorchDispatchMode):  # type: ignore[misc,unused-ignore]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if torch.is_inference_mode_enabled():  # what autograd would have taken apart arrives whole
                with self:
                    parts = func.decompose(*args, **(kwargs or {}))
                if parts is not NotImplemented:
                    return parts
            out = _normed(torch, func, args)
            if out is None:
                out = func(*args, **(kwargs or {}))
            run.record(func, args, kwargs or {}, out)
            return out

    return Recorder, TorchFunctionMode


def _normed(torch: Any, func: Any, args: Any) -> Any:
    """What an evaluated batch norm gives without data, which PyTorch takes apart at length; None for all else."""
    if (
        func is not torch.ops.aten.native_batch_norm.default
        or len(args) < 6
        or args[5]
        or str(args[0].device) != "meta"
    ):
        return None
    return torch.empty_like(args[0]), args[0].new_empty(0), args[0].new_empty(0)


@contextmanager
def _same_randomness() -> Iterator[None]:
    """Random states, put back."""
    import random

    numpy: Any = sys.modules.get("numpy")
    torch: Any = sys.modules.get("torch")
    states = random.getstate(), torch.get_rng_state() if torch else None, numpy.random.get_state() if numpy else None
    try:
        yield
    finally:
        random.setstate(states[0])
        if torch:
            torch.set_rng_state(states[1])
        if numpy:
            numpy.random.set_state(states[2])


@contextmanager
def _undisturbed(torch: Any) -> Iterator[None]:
    """What a run changes outside a model, put back: random state, the fast attention path, compilation, gradients."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    with ExitStack() as stack:
        stack.enter_context(_same_randomness())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.no_grad())
        if hasattr(torch.compiler, "set_stance"):
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)


def _no_other_device(torch: Any, device: str, mode: Any) -> Any:
    """A model that asks for an accelerator gets the device it is traced on."""

    def elsewhere(value: Any) -> bool:
        return isinstance(value, (str, torch.device)) and str(value).split(":")[0] not in {"cpu", "meta"} and (
            isinstance(value, torch.device) or str(value).split(":")[0] in {"cuda", "mps", "xpu", "npu", "hpu", "tpu"}
        )  # fmt: skip

    class Here(mode):  # type: ignore[misc,unused-ignore]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = dict(kwargs or {})
            if func in {torch.Tensor.cuda, getattr(torch.Tensor, "xpu", None)}:
                return args[0]
            if any(elsewhere(x) for x in args):
                args = tuple(device if elsewhere(x) else x for x in args)
            if elsewhere(kwargs.get("device")):
                kwargs["device"] = device
            return func(*args, **kwargs)

    return Here()


def trace_torch(
    torch: Any, model: Any, shapes: list[list[int]], device: str, weights: dict[int, int], limit: int
) -> Recorded:
    """Run a model once and record it."""
    paths: dict[int, str] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        paths.setdefault(id(module), path)
    run = TorchRun(torch, weights, paths, limit)
    kinds = {tensor.dtype for tensor in model.parameters() if tensor.dtype.is_floating_point}
    kind = kinds.pop() if len(kinds) == 1 else None  # a model of halves takes halves
    inputs = [torch.zeros(1, *shape, device=device, dtype=kind) for shape in shapes]
    run.run.inputs = [run.new(x) for x in inputs]
    hooks = torch.nn.modules.module
    recorder, function_mode = _recording(torch, run)
    handles = [
        hooks.register_module_forward_pre_hook(run.enter),
        hooks.register_module_forward_hook(run.leave, always_call=True),
    ]
    try:
        with _no_other_device(torch, device, function_mode), recorder():
            out = model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    outputs = [run.ids[id(x)] for x in run.tensors(out) if id(x) in run.ids]
    run.run.outputs = list(dict.fromkeys(outputs))
    return run.run


class TorchModel:
    """A PyTorch model to be traced, on the meta device where it lets us.

    The model is left as it was: it runs on stand-ins for its parameters and buffers, in evaluation mode, and its mode is
    put back.
    """

    def __init__(self, torch: Any, model: Any, limit: int) -> None:
        self.torch, self.model, self.limit = torch, model, limit
        self.device = "meta"
        self.remarks: list[str] = []

    def traces(self, asked: list[list[list[int]]]) -> dict[str, Any]:
        """The weights, and one trace for each list of input shapes."""
        torch, model = self.torch, self.model
        modes = {module: module.training for module in model.modules()}
        with _undisturbed(torch):
            try:
                with contextlib.suppress(NotImplementedError):  # an exported program stays in its mode
                    model.eval()
                self._initialise(asked[0])
                found: list[Any] = [self._trace(shapes) for shapes in asked[:1]]
                for shapes in asked[1:]:
                    try:
                        found.append(self._trace(shapes))
                    except Exception as error:  # noqa: BLE001  (the model's own code: it may raise anything)
                        found.append(str(error) if isinstance(error, NeedsData) else _last_line(error))
            finally:
                for module, mode in modes.items():
                    module.training = mode
        return {
            "name": type(model).__name__, "device": self.device, "remarks": self.remarks, "weights": self.table(),
            "traces": [trace.document() if isinstance(trace, Recorded) else {"error": trace} for trace in found],
        }  # fmt: skip

    def table(self) -> list[dict[str, Any]]:
        """Every parameter and buffer once, however many names it has."""
        found: dict[int, dict[str, Any]] = {}
        for trained, tensors in ((True, self.model.named_parameters()), (False, self.model.named_buffers())):
            for name, tensor in tensors:
                found.setdefault(
                    id(tensor), {"name": name[:300], "shape": [int(side) for side in tensor.shape], "trained": trained}
                )
        return list(found.values())

    def _initialise(self, shapes: list[list[int]]) -> None:
        """A lazy module has its weights after its first run."""
        uninitialised = getattr(self.torch.nn.parameter, "UninitializedTensorMixin", ())
        if any(isinstance(p, uninitialised) for p in [*self.model.parameters(), *self.model.buffers()]):
            device = next((str(p.device) for p in self.model.parameters()), "cpu")
            self.model(*[self.torch.zeros(1, *shape, device=device) for shape in shapes])

    def _trace(self, shapes: list[list[int]]) -> Recorded:
        if self.device == "meta":
            try:
                return self._on_meta(shapes)
            except Refused:
                raise
            except Exception as error:  # noqa: BLE001  (whatever the model's code raises)
                reason = _last_line(error)
            own = {str(tensor.device) for tensor in [*self.model.parameters(), *self.model.buffers()]}
            if "meta" in own:
                raise NeedsData(reason)
            self.device = next(iter(own), "cpu")
            self.remarks.append(f"run on zeros, since it refuses tensors without data ({reason})")
        weights = {id(t): number for number, t in enumerate(self._tensors().values())}
        with self._kept_buffers():
            return trace_torch(self.torch, self.model, shapes, self.device, weights, self.limit)

    def _tensors(self) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for tensor in [*self.model.parameters(), *self.model.buffers()]:
            found.setdefault(id(tensor), tensor)
        return found

    @contextmanager
    def _kept_buffers(self) -> Iterator[None]:
        """A run with data may write to buffers; they get their values back."""
        kept = [(buffer, buffer.clone()) for buffer in self.model.buffers() if str(buffer.device) != "meta"]
        try:
            yield
        finally:
            for buffer, value in kept:
                buffer.copy_(value)

    def _on_meta(self, shapes: list[list[int]]) -> Recorded:
        torch, model = self.torch, self.model
        own = self._tensors()
        if all(str(tensor.device) == "meta" for tensor in own.values()):
            weights = {id(tensor): number for number, tensor in enumerate(own.values())}
            return trace_torch(torch, model, shapes, "meta", weights, self.limit)
        twins = {key: tensor.detach().to("meta") for key, tensor in own.items()}
        for key, tensor in own.items():
            if isinstance(tensor, torch.nn.Parameter):
                twins[key] = torch.nn.Parameter(twins[key], requires_grad=tensor.requires_grad)
        weights = {id(twins[key]): number for number, key in enumerate(own)}
        with _swapped(model, twins):
            return trace_torch(torch, model, shapes, "meta", weights, self.limit)


class NeedsData(Exception):
    """A model built on the meta device that does not run there."""


@contextmanager
def _swapped(model: Any, twins: dict[int, Any]) -> Iterator[None]:
    """Every parameter and buffer of a model replaced by its twin, and put back."""
    swapped = []
    try:
        for module in model.modules():
            for table in (module._parameters, module._buffers):
                for name, tensor in table.items():
                    if id(tensor) in twins:
                        swapped.append((table, name, tensor))
                        table[name] = twins[id(tensor)]
        yield
    finally:
        for table, name, tensor in swapped:
            table[name] = tensor


# ------------------------------------------------------------------------------------------------------------- Keras


KERAS_FREE = {
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout", "GaussianNoise",
    "ActivityRegularization", "Identity", "Rescaling", "Normalization", "Masking", "StopGradient", "Cast", "Copy", "InputLayer", "ConvertToTensor",
}  # fmt: skip
"""Layers and operations that pass a map on: what they do to its values no table writes down."""

KERAS_MOVES = {
    "Arange", "Argmax", "ArgMax", "Argmin", "Argsort", "BroadcastTo", "CenterCrop", "CropImages", "Embedding", "Equal", "Flip", "Full", "GetItem", "Greater",
    "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalNot", "LogicalOr", "Min", "Moments", "NotEqual", "OneHot", "Ones", "OnesLike", "Pad", "Prod",
    "Repeat", "RepeatVector", "Resize", "Resizing", "Roll", "Slice", "Sort", "Split", "Stack", "Std", "Take", "TakeAlongAxis", "Tile", "TopK", "Tril", "Triu",
    "Unstack", "Var", "Where", "Zeros", "ZerosLike", "Diagonal", "Swapaxes", "Moveaxis", "Average", "Hstack", "Vstack", "DepthToSpace", "SpaceToDepth", "SliceUpdate",
    "Amax", "Amin", "Norm", "Logsumexp", "Any", "All", "Append", "AdaptiveMaxPool", "AdaptiveAveragePool", "MaxPool", "AveragePool",
    "MaxPooling3D", "AveragePooling3D", "GlobalMaxPooling3D", "GlobalAveragePooling3D", "ZeroPadding3D", "Cropping3D", "UpSampling1D", "UpSampling3D",
}  # fmt: skip
"""Operations without a product of maps."""

KERAS_POINTWISE = {
    "abs", "absolute", "arctan", "batchnorm", "ceil", "celu", "clip", "cos", "cosh", "cumsum", "erf", "exp", "expm1", "floor", "floordivide", "fmod", "glu",
    "hardshrink", "hardtanh", "layernorm", "log", "log10", "log1p", "log2", "logsigmoid", "logsoftmax", "mod", "nantonum", "negative", "normalize", "power",
    "reciprocal", "rmsnorm", "round", "rsqrt", "saturatecast", "selu", "sign", "sin", "sinh", "softplus", "softshrink", "softsign", "sparsemax", "sqrt",
    "square", "squareplus", "tan", "tanhshrink", "threshold", "trunc",
}  # fmt: skip
"""Functions of one map, element by element or after their sums; no products of maps are in them."""

KERAS_ACTIVATIONS = {
    "relu": "relu", "relu6": "relu6", "silu": "silu", "swish": "silu", "hard_silu": "hard_swish", "hard_swish": "hard_swish",
    "hard_sigmoid": "hard_sigmoid", "sigmoid": "sigmoid", "tanh": "tanh", "softmax": "softmax", "gelu": "gelu", "elu": "elu",
    "leaky_relu": "leaky_relu", "hardsilu": "hard_swish", "hardsigmoid": "hard_sigmoid", "leakyrelu": "leaky_relu", "hardswish": "hard_swish",
}  # fmt: skip


class KerasModel:
    """A Keras model to be traced: its graph of layers, on symbolic tensors alone."""

    def __init__(self, keras: Any, model: Any, limit: int) -> None:
        self.keras, self.model, self.limit = keras, model, limit
        self.numbers: dict[int, int] = {}
        self.weights: list[dict[str, Any]] = []
        self.kept: list[Any] = []
        self.trained: set[int] = set()
        self.kernels: set[int] = set()

    def traces(self, asked: list[list[list[int]]]) -> dict[str, Any]:
        """The weights, and one trace for each list of input shapes."""
        found: list[dict[str, Any]] = []
        with _same_randomness(), self._same_nodes():
            for shapes in asked:
                try:
                    found.append(self._trace(shapes).document())
                except Exception as error:
                    if not found:
                        raise self._refused(shapes, error) from error
                    found.append({"error": _last_line(error)})
        own = {id(variable) for variable in self.model.weights}
        for layer in self.model._flatten_layers(include_self=True):
            self.owned(layer)
        for variable in self.model.weights:
            self.number(variable)
        for number, variable in enumerate(self.kept):
            self.weights[number]["trained"] = id(variable) in self.trained or number in self.kernels
        strange = [w["name"] for w, x in zip(self.weights, self.kept) if id(x) not in own]  # noqa: B905
        remarks = (
            [f"weights that run and that the model itself does not list: {', '.join(strange)[:300]}"] if strange else []
        )
        name = type(self.model).__name__
        return {"name": name, "device": "none", "remarks": remarks, "weights": self.weights, "traces": found}

    def _refused(self, shapes: list[list[int]], error: Exception) -> Exception:
        """The error of a model that was given another input than it was made for; else the error itself."""
        made = [
            ["?" if side is None else side for side in x.shape[1:]] for x in getattr(self.model, "inputs", None) or ()
        ]
        given = [_sides_of(self.keras, shape) for shape in shapes]
        fits = [len(one) for one in made] == [len(one) for one in given]
        flat = [side for one in made for side in one], [side for one in given for side in one]
        fits = fits and all(x in {"?", y} for x, y in zip(*flat))  # noqa: B905  (Python 3.9)
        if not made or fits or isinstance(error, Refused):
            return error
        last = self.keras.config.image_data_format() == "channels_last"
        takes = [[a[-1], *a[:-1]] if last else a for a in made]
        words = [",".join("x".join(map(str, shape)) for shape in one) for one in (takes, shapes)]
        return Refused("input", f"it takes {words[0]}, not {words[1]}: {_last_line(error)}")

    @contextmanager
    def _same_nodes(self) -> Iterator[None]:
        """Layers and operations keep every call on symbols; they forget ours."""
        layers = self.model._flatten_layers(include_self=True)
        operations = [*layers, *(one for layer in layers for one in getattr(layer, "operations", ()))]
        lists = [nodes for one in operations for nodes in (one._inbound_nodes, one._outbound_nodes)]
        lengths = [len(nodes) for nodes in lists]
        try:
            yield
        finally:
            for nodes, length in zip(lists, lengths):  # noqa: B905  (Python 3.9)
                del nodes[length:]

    def owned(self, layer: Any) -> list[Any]:
        """The variables that are a layer's own and no inner layer's; those that are trained are noted, frozen or not."""
        self.trained.update(map(id, layer._trainable_variables))
        return [*layer._trainable_variables, *layer._non_trainable_variables]

    def number(self, variable: Any) -> int:
        """The number of a variable; whether it is trained is known when all layers have run."""
        number = self.numbers.get(id(variable))
        if number is None:
            number = self.numbers[id(variable)] = len(self.weights)
            self.weights.append({"name": str(variable.path)[:300], "shape": [int(side) for side in variable.shape], "trained": False})  # fmt: skip
            self.kept.append(variable)
        return number

    def _trace(self, shapes: list[list[int]]) -> Recorded:
        keras = self.keras
        inputs = [keras.Input(batch_shape=(1, *_sides_of(keras, shape))) for shape in shapes]
        outputs = self.model.call(inputs if len(inputs) > 1 else inputs[0], **_evaluated(self.model))
        symbols = _symbols(keras, outputs)
        if not symbols:
            raise Refused("kind", f"what {type(self.model).__name__} gives does not depend on its input")
        return KerasRun(self, inputs, symbols).recorded()


def trace_keras(keras: Any, model: Any, asked: list[list[list[int]]], limit: int, build: Any = None) -> dict[str, Any]:
    """The weights of a Keras model, and one trace for each list of input shapes.

    ``build`` makes it anew for an input shape: a network that is told its size computes its paddings from it.
    """
    if build is None or any(len(shapes) != 1 or len(shapes[0]) != 3 for shapes in asked):
        return KerasModel(keras, model, limit).traces(asked)
    whole: dict[str, Any] = {}
    for shapes in asked:
        try:
            if tuple(model.inputs[0].shape[1:]) != tuple(_sides_of(keras, shapes[0])):
                model = build(shapes)
            found = KerasModel(keras, model, limit).traces([shapes])
        except Exception as error:
            if not whole:
                raise
            whole["traces"].append({"error": _last_line(error)})
            continue
        if not whole:
            whole = found
        elif [(w["shape"], w["trained"]) for w in found["weights"]] == [
            (w["shape"], w["trained"]) for w in whole["weights"]
        ]:
            whole["traces"] += found["traces"]
        else:
            whole["traces"].append({"error": f"at {'x'.join(map(str, shapes[0][1:]))} it has other weights"})
    return whole


def sized(keras: Any, build: Any, args: dict[str, Any], shapes: list[list[int]]) -> dict[str, Any]:
    """What tells a Keras builder its input's size, where it has a parameter for it that is not given."""
    fits = sizable(build, args) and len(shapes) == 1 and len(shapes[0]) == 3
    return {"input_shape": tuple(_sides_of(keras, shapes[0]))} if fits else {}


def sizable(build: Any, args: dict[str, Any]) -> bool:
    """Whether a Keras builder can be told its input's size."""
    return "input_shape" not in args and accepts(build, "input_shape")


def _sides_of(keras: Any, shape: list[int]) -> list[int]:
    """A shape in Keras's order of axes."""
    last = keras.config.image_data_format() == "channels_last" and len(shape) > 1
    return [*shape[1:], shape[0]] if last else shape


def accepts(build: Any, name: str, default: Any = None) -> bool:
    """Whether a builder has a parameter by a name and with a default."""
    from inspect import signature

    try:
        found = signature(build).parameters.get(name)
    except (TypeError, ValueError):
        return False
    return found is not None and found.default == default


def _evaluated(layer: Any) -> dict[str, bool]:
    """The argument by which a layer is told that it is not trained, where it has one."""
    from inspect import signature

    return {"training": False} if "training" in signature(layer.call).parameters else {}


def _symbols(keras: Any, outputs: Any) -> list[Any]:
    """The symbolic tensors in what a layer gives."""
    return [x for x in keras.tree.flatten(outputs) if isinstance(x, keras.KerasTensor)]


class KerasRun:
    """Records one graph of symbolic tensors."""

    def __init__(self, model: KerasModel, inputs: list[Any], outputs: list[Any]) -> None:
        self.model, self.keras = model, model.keras
        self.run = Recorded(model.limit)
        self.ids: dict[int, int] = {}
        self.kept: list[Any] = []
        self.loose: list[Any] = []
        self.sizes: dict[int, list[int]] = {}  # of tensors whose whole shape Keras does not say
        self.run.scopes.append([-1, "", type(model.model).__name__[:100]])
        self.run.inputs = [self.new(x) for x in inputs]
        self.run.last = self.keras.config.image_data_format() == "channels_last"
        self.inputs, self.outputs = inputs, outputs

    def recorded(self) -> Recorded:
        """The whole graph."""
        self.graph(self.keras.Function(self.inputs, self.outputs), 0)
        found = [self.ids[id(x)] for x in self.outputs]
        self.run.outputs = list(dict.fromkeys(found))
        return self.run

    def new(self, tensor: Any) -> int:
        """The number of a symbolic tensor's value."""
        number = self.ids[id(tensor)] = self.run.value(self.sizes.get(id(tensor), tensor.shape))
        self.kept.append(tensor)
        return number

    def shape(self, tensor: Any) -> list[Any]:
        """The shape of a tensor, with None only where Keras does not know it and neither do we."""
        if id(tensor) in self.ids:
            return list(self.run.values[self.ids[id(tensor)]])
        return list(self.sizes.get(id(tensor), tensor.shape))

    def made_of(self, operand: Any, own: list[Any]) -> dict[str, Any]:
        """A constant operand as nodes have it.

        One that was computed from variables does not tell of which: of the one of its size among its layer's ``own``, else of
        all of these.
        """
        shape = [int(side) for side in operand.shape]
        if isinstance(operand, self.keras.Variable):
            return {"of": [self.model.number(operand)], "shape": shape}
        alike = [variable for variable in own if _size(variable.shape) == _size(shape)]
        return {"of": [self.model.number(variable) for variable in alike[:1] or own], "shape": shape}

    def graph(self, function: Any, scope: int) -> None:
        """The operations between some inputs and outputs, in the order in which they can run."""
        by_depth = function._nodes_by_depth
        for depth in sorted(by_depth, reverse=True):
            for node in by_depth[depth]:
                if not node.is_input:
                    self.operation(node, scope)

    def operation(self, node: Any, parent: int) -> None:
        """One layer or operation."""
        operation = node.operation
        self.run.scopes.append([parent, str(operation.name)[:300], type(operation).__name__[:100]])
        call = KerasCall(self, operation, node, len(self.run.scopes) - 1)
        word = type(operation).__name__
        own = type(operation).__module__.split(".")[0] != "keras"
        known = call.sized()
        alike = len(call.inputs) == 1 and self.shape(call.inputs[0]) == self.shape(call.outputs[0])
        if not own and (word in KERAS_FREE or (alike and call.layer and word.startswith("Random"))):
            self.ids[id(call.outputs[0])] = self.ids[id(call.inputs[0])]
            return
        method = None if own else KERAS_HANDLERS.get(word)
        if not known:
            call.unknown(None)
        elif method is not None:
            getattr(call, method)()
        elif not own and word in KERAS_MOVES:
            call.unknown(0)
        elif call.layer:
            if not self.inlined(call):
                call.unknown(None)
        else:
            function = KERAS_ACTIVATIONS.get(word.lower(), word.lower())
            if alike and not own and (function in KERAS_POINTWISE or function in KERAS_ACTIVATIONS.values()):
                call.activation(function)
            else:
                call.unknown(None)
        for output in call.outputs:
            if id(output) not in self.ids:
                self.new(output)

    def inlined(self, call: KerasCall) -> bool:
        """A model in the model, or a layer of other layers: what it calls, in its place."""
        try:
            inputs = [self.keras.Input(batch_shape=tuple(self.shape(x)), dtype=x.dtype) for x in call.inputs]
            stand = {id(x): y for x, y in zip(call.inputs, inputs)}  # noqa: B905  (Python 3.9)
            arguments = call.node.arguments
            args, kwargs = self.keras.tree.map_structure(
                lambda x: stand.get(id(x), x), (list(arguments.args), dict(arguments.kwargs))
            )
            kwargs.pop("training", None)
            outputs = _symbols(self.keras, call.operation.call(*args, **kwargs, **_evaluated(call.operation)))
            function = self.keras.Function(inputs, outputs)
        except Exception:  # noqa: BLE001  (a layer that does not run on symbols is one whose cost is not known)
            return False
        before, outer = len(self.run.nodes), self.loose
        for x, y in zip(call.inputs, inputs):  # noqa: B905
            self.ids[id(y)] = self.ids[id(x)]
            self.kept.append(y)
        flat = self.keras.tree.flatten
        nodes = [node for level in function._nodes_by_depth.values() for node in level if not node.is_input]
        direct = {id(x) for node in nodes for x in flat((node.arguments.args, node.arguments.kwargs))}
        self.loose = [x for x in self.model.owned(call.operation) if id(x) not in direct]
        try:
            self.graph(function, call.scope)
        except (KeyError, ValueError):  # outputs that no symbol leads to
            del self.run.nodes[before:]
            return False
        finally:
            self.loose = outer
        for x, y in zip(outputs, call.outputs):  # noqa: B905
            self.ids[id(y)] = self.ids[id(x)]
        return True


class KerasCall:
    """One call of a layer or an operation, and how each kind is recorded."""

    def __init__(self, run: KerasRun, operation: Any, node: Any, scope: int) -> None:
        self.run, self.operation, self.node, self.scope = run, operation, node, scope
        self.layer = hasattr(operation, "weights")
        self.inputs = list(node.arguments.keras_tensors)
        self.outputs = list(node.outputs)
        given = run.keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
        self.operands = [x for x in given if hasattr(x, "shape") and hasattr(x, "dtype")]
        self.constants = [x for x in self.operands if not isinstance(x, run.keras.KerasTensor)]
        self.own = run.model.owned(operation) if self.layer else []

    def use(self, **roles: Any) -> dict[str, Any] | None:
        """Weights by their roles."""
        given = {id(operand) for operand in roles.values()}
        own = [variable for variable in self.own if id(variable) not in given] if self.layer else self.run.loose
        uses = {role: self.run.made_of(operand, own) for role, operand in roles.items() if operand is not None}
        if (
            self.layer and "weight" in uses
        ):  # a kernel of integers is a layer's weight too, though Keras does not train it
            self.run.model.kernels.update(uses["weight"]["of"])
        return {role: [use] for role, use in uses.items() if use["of"]} or None

    def others(self, operands: list[Any]) -> dict[str, Any] | None:
        """Weights without a role of their own."""
        uses = [self.run.made_of(operand, self.run.loose) for operand in operands]
        return _others([use if use["of"] else None for use in uses])

    def symbolic(self, operand: Any) -> bool:
        """Whether an operand depends on the network's input."""
        return isinstance(operand, self.run.keras.KerasTensor)

    def argument(self, place: int, name: str) -> Any:
        """An argument of an operation by its place or its name."""
        given = self.node.arguments
        return given.args[place] if len(given.args) > place else given.kwargs.get(name)

    def record(self, op: str, inputs: list[int], output: int, **facts: Any) -> None:
        """A node of this call."""
        self.run.run.node(op, inputs, [output], self.scope, f"keras.{type(self.operation).__name__}", **facts)

    def ended(self, value: int) -> None:
        """The value that the call puts out, after the activation of a layer that has one."""
        name = getattr(getattr(self.operation, "activation", None), "__name__", "linear")
        if name != "linear":
            made = self.run.run.value(self.run.run.values[value])
            self.record("activation", [value], made, function=KERAS_ACTIVATIONS.get(name, name))
            value = made
        self.run.ids[id(self.outputs[0])] = value

    def shape(self, tensor: Any) -> list[int]:
        """The shape of a tensor."""
        return [int(side) for side in self.run.shape(tensor)]

    def sized(self) -> bool:
        """Find the shapes of the outputs; whether all of them are known."""
        if all(None not in x.shape for x in self.outputs):
            return True
        given = {id(x): self.run.keras.KerasTensor(tuple(self.run.shape(x)), dtype=x.dtype) for x in self.inputs}
        args, kwargs = self.node.arguments.convert(lambda x: given.get(id(x), x))
        try:
            spec = self.run.keras.tree.flatten(self.operation.compute_output_spec(*args, **kwargs))
            shapes = [list(x.shape) for x in spec]
            if hasattr(self.operation, "equation"):
                shapes = [
                    einsum(self.operation.equation, [self.shape(self.inputs[0]), self.shape(self.operation.kernel)])[1]
                ]
        except Exception:  # noqa: BLE001  (a layer of the user's own may raise anything)
            shapes = [list(x.shape) for x in self.outputs]
        known = all(None not in shape for shape in shapes)
        for x, shape in zip(self.outputs, shapes):  # noqa: B905  (Python 3.9)
            self.run.sizes[id(x)] = [1 if side is None else int(side) for side in shape]
        return known

    def axis(self) -> int:
        """The channel axis of the layer's input."""
        word = self.operation.data_format or self.run.keras.config.image_data_format()
        return len(self.inputs[0].shape) - 1 if word == "channels_last" else 1

    def first(self) -> int:
        """The value of the first input."""
        return self.run.ids[id(self.inputs[0])]

    def unknown(self, cost: int | None) -> None:
        """An operation that is recorded with what it costs, or as one that nobody knows."""
        inputs = [self.run.ids[id(x)] for x in self.inputs]
        outputs = [self.run.new(x) for x in self.outputs]
        weights = self.others(self.operation.weights if self.layer else self.constants)
        name = f"keras.{type(self.operation).__name__}"
        self.run.run.node("other", inputs, outputs, self.scope, name, mult_adds=cost, weights=weights)

    def activation(self, word: str) -> None:
        """A function of every element."""
        weights = self.others(self.constants)
        self.record("activation", [self.first()], self.run.new(self.outputs[0]), function=word, weights=weights)

    def conv(self) -> None:
        """Convolutions of all ranks, depthwise ones, transposed ones."""
        layer = self.operation
        axis, out = self.axis(), self.shape(self.outputs[0])
        kernel = layer.kernel if self.layer else self.argument(1, "kernel")
        given = self.shape(self.inputs[0])
        transposed = "Transpose" in type(layer).__name__
        positions = _size(side for i, side in enumerate(given if transposed else out) if i not in {0, axis})
        cost = _size(kernel.shape) * positions
        if self.symbolic(kernel):
            self.unknown(cost)
            return
        size = [int(side) for side in kernel.shape[:-2]]
        groups = (
            1
            if transposed
            else given[axis]
            if "Depthwise" in type(layer).__name__
            else given[axis] // int(kernel.shape[-2])
        )
        value = self.run.run.value(out)
        self.record(
            "conv", [self.first()], value, mult_adds=cost, kernel=size, stride=_sides(layer.strides, len(size)), padding=self._padding(size),
            dilation=_sides(layer.dilation_rate, len(size)), groups=groups, axis=axis, transposed=transposed or None,
            weights=self.use(weight=kernel, bias=getattr(layer, "bias", None)),
        )  # fmt: skip
        self.ended(value)

    def _padding(self, size: list[int]) -> Any:
        word = self.operation.padding
        if word == "causal":
            return [[(size[0] - 1) * _sides(self.operation.dilation_rate, 1)[0], 0]]
        return "same" if word == "same" else [[0, 0]] * len(size)

    def separable(self) -> None:
        """A depthwise convolution and a pointwise one."""
        layer, axis = self.operation, self.axis()
        given, out = self.shape(self.inputs[0]), self.shape(self.outputs[0])
        names = "depthwise_kernel", "pointwise_kernel"
        first, second = (getattr(layer, x) if self.layer else self.argument(i, x) for i, x in enumerate(names, 1))
        positions = _size(side for i, side in enumerate(out) if i not in {0, axis})
        costs = [positions * _size(kernel.shape) for kernel in (first, second)]
        if self.symbolic(first) or self.symbolic(second):
            self.unknown(sum(costs))
            return
        size = [int(side) for side in first.shape[:-2]]
        between = self.run.run.value([_size(first.shape[-2:]) if i == axis else side for i, side in enumerate(out)])
        weights = self.use(first=first, second=second, bias=getattr(layer, "bias", None)) or {}
        one = [1] * len(size)
        self.record(
            "conv", [self.first()], between, mult_adds=costs[0], kernel=size, stride=_sides(layer.strides, len(size)), padding=self._padding(size),
            dilation=_sides(layer.dilation_rate, len(size)), groups=given[axis], axis=axis, weights=_roles(weights, weight="first"),
        )  # fmt: skip
        value = self.run.run.value(out)
        self.record(
            "conv", [between], value, mult_adds=costs[1], kernel=one, stride=one, padding=[[0, 0]] * len(size), dilation=one, groups=1,
            axis=axis, weights=_roles(weights, weight="second", bias="bias"),
        )  # fmt: skip
        self.ended(value)

    def dense(self) -> None:
        """A linear layer on the last axis."""
        layer = self.operation
        given, out = self.shape(self.inputs[0]), self.shape(self.outputs[0])
        cost = out[-1] * _size(given)
        value = self.run.run.value(out)
        self.record(
            "linear", [self.first()], value, mult_adds=cost, weights=self.use(weight=layer.kernel, bias=layer.bias)
        )
        self.ended(value)

    def normalised(self) -> None:
        """Batch, group and layer normalisation."""
        layer, word = self.operation, type(self.operation).__name__
        axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
        n = len(self.inputs[0].shape)
        roles = {"scale": getattr(layer, "gamma", None), "shift": getattr(layer, "beta", None)}
        facts: dict[str, Any] = {"norm": word.removesuffix("Normalization").lower(), "axis": int(axes[0]) % n}
        if word == "BatchNormalization":
            roles |= {"mean": layer.moving_mean, "variance": layer.moving_variance}
        elif word == "LayerNormalization":
            facts = {
                "norm": "layer",
                "dims": len(axes) if [int(a) % n for a in axes] == list(range(n - len(axes), n)) else n,
            }
        self.record("norm", [self.first()], self.run.new(self.outputs[0]), weights=self.use(**roles), **facts)

    def activated(self) -> None:
        """Activations as layers."""
        layer, word = self.operation, type(self.operation).__name__
        name = getattr(getattr(layer, "activation", None), "__name__", word.lower())
        if word == "ReLU":
            name = "relu6" if layer.max_value == 6 else "leaky_relu" if layer.negative_slope else "relu"
        if name == "linear":
            self.run.ids[id(self.outputs[0])] = self.first()
        else:
            self.activation(KERAS_ACTIVATIONS.get(name, name))

    def prelu(self) -> None:
        """A function with weights."""
        self.record(
            "activation",
            [self.first()],
            self.run.new(self.outputs[0]),
            function="prelu",
            weights=self.use(other=self.operation.alpha),
        )

    def joined(self) -> None:
        """Sums and products: of maps two by two, or of one map and a number."""
        word = type(self.operation).__name__.lower()
        op = "multiply" if word in {"multiply", "divide", "truedivide"} else "add"
        if len(self.inputs) == 1:
            numbers = [
                x
                for x in self.run.keras.tree.flatten((self.node.arguments.args, self.node.arguments.kwargs))
                if isinstance(x, (int, float))
            ]
            number = float(numbers[0]) if numbers and not isinstance(numbers[0], bool) else None
            function = {"add": "add", "multiply": "mul", "divide": "div", "truedivide": "div"}.get(word, "sub")
            if self.shape(self.inputs[0]) != self.shape(self.outputs[0]):  # it is broadcast over a constant
                self.unknown(0)
                return
            self.record(
                "activation", [self.first()], self.run.new(self.outputs[0]), function=function, number=number, weights=self.others(self.constants)
            )  # fmt: skip
            return
        value = self.first()
        for x in self.inputs[1:-1]:
            made = self.run.run.value(self.run.run.values[value])
            self.record(op, [value, self.run.ids[id(x)]], made, function=word)
            value = made
        self.record(op, [value, self.run.ids[id(self.inputs[-1])]], self.run.new(self.outputs[0]), function=word)

    def concatenated(self) -> None:
        """Maps one after the other."""
        axis = int(self.operation.axis) % len(self.outputs[0].shape)
        if self.constants:
            if len(self.inputs) > 1 or not self.symbolic(self.operands[-1]):
                self.unknown(0)
                return
            extra = self.shape(self.outputs[0])[axis] - self.shape(self.inputs[0])[axis]
            self.record("prepend", [self.first()], self.run.new(self.outputs[0]), axis=axis, extra=extra, weights=self.others(self.constants))  # fmt: skip
            return
        self.record("concat", [self.run.ids[id(x)] for x in self.inputs], self.run.new(self.outputs[0]), axis=axis)

    def pooled(self) -> None:
        """Maximum or average over a window."""
        layer = self.operation
        size = list(layer.pool_size)
        op = "max_pool" if "Max" in type(layer).__name__ else "avg_pool"
        padding = "same" if layer.padding == "same" else [[0, 0]] * len(size)
        self.record(op, [self.first()], self.run.new(self.outputs[0]), kernel=size, stride=list(layer.strides), padding=padding, axis=self.axis())  # fmt: skip

    def globally_pooled(self) -> None:
        """The whole map to one value a channel."""
        axis = self.axis()
        dims = [i for i in range(1, len(self.inputs[0].shape)) if i != axis]
        function = "amax" if "Max" in type(self.operation).__name__ else "mean"
        self.record("reduce", [self.first()], self.run.new(self.outputs[0]), function=function, dims=dims)

    def reduced(self) -> None:
        """A reduction over some axes."""
        n = len(self.inputs[0].shape)
        axes = self.operation.axis
        dims = range(n) if axes is None else [axes] if isinstance(axes, int) else axes
        function = type(self.operation).__name__.lower()
        self.record(
            "reduce",
            [self.first()],
            self.run.new(self.outputs[0]),
            function=function,
            dims=sorted(int(a) % n for a in dims),
        )

    def padded(self) -> None:
        """Zeros around a map, or its rim taken away."""
        layer, axis, n = self.operation, self.axis(), len(self.inputs[0].shape)
        cut = "Cropping" in type(layer).__name__
        given = layer.cropping if cut else layer.padding
        pairs = [list(pair) if isinstance(pair, (tuple, list)) else [int(pair), int(pair)] for pair in given]
        if n == 3:
            pairs = [[int(x) for x in given]]
        sides = iter([-a, -b] if cut else [a, b] for a, b in pairs)
        padding = [[0, 0] if i in {0, axis} else next(sides) for i in range(n)]
        self.record("pad", [self.first()], self.run.new(self.outputs[0]), padding=padding)

    def enlarged(self) -> None:
        """A larger map."""
        self.record("upsample", [self.first()], self.run.new(self.outputs[0]), axis=self.axis())

    def reshaped(self) -> None:
        """The same elements under other axes."""
        self.record("reshape", [self.first()], self.run.new(self.outputs[0]))

    def permuted(self) -> None:
        """Axes in another order."""
        n = len(self.inputs[0].shape)
        dims = getattr(self.operation, "dims", None)
        axes = getattr(self.operation, "axes", None)
        order = (
            [0, *dims] if dims is not None else [int(a) % n for a in axes] if axes is not None else list(range(n))[::-1]
        )
        self.record("permute", [self.first()], self.run.new(self.outputs[0]), order=[int(a) for a in order])

    def product(self) -> None:
        """A product of two tensors: by letters, as matrices, or along named axes."""
        layer, word = self.operation, type(self.operation).__name__
        letters = getattr(layer, "subscripts", None) or getattr(layer, "equation", None)
        kernel = getattr(layer, "kernel", None)
        operands = self.operands if kernel is None else [self.inputs[0], kernel]
        shapes = [self.shape(x) for x in operands]
        out = self.shape(self.outputs[0])
        if letters is not None:
            cost = einsum(letters, shapes)[0]
        elif len(shapes) != 2 or not all(shapes):
            cost = None
        elif word == "Tensordot" or (word == "Dot" and self.layer):
            axes: Any = layer.axes
            if word == "Tensordot" and isinstance(axes, int):
                axes = range(-axes, 0)
            elif not isinstance(axes, int):
                axes = axes[0]
            cost = _size(out) * _size(shapes[0][i] for i in ([axes] if isinstance(axes, int) else axes))
        else:
            cost = _size(out) * shapes[0][-1]
        bias = getattr(layer, "bias", None)
        if kernel is not None and letters is not None and self._linear(letters, shapes, out, bias):
            return
        if cost is None:
            self.unknown(None)
            return
        inputs = [self.run.ids[id(x)] for x in operands if self.symbolic(x)]
        value = self.run.run.value(out)
        if (
            kernel is None
            and len(inputs) == 1
            and self.symbolic(operands[0])
            and len(shapes[1]) == 2
            and word in {"Matmul", "Dot"}
        ):
            self.record("linear", inputs, value, mult_adds=cost, weights=self.use(weight=operands[1]))
        else:
            weights = self.others(self.constants) if kernel is None else self.use(weight=kernel, bias=bias)
            uses = [use for found in (weights or {}).values() for use in found]
            self.record("matmul", inputs, value, mult_adds=cost, weights={"other": uses} if uses else None)
        self.ended(value)

    def _linear(self, letters: str, shapes: list[list[int]], out: list[int], bias: Any) -> bool:
        """A product by letters of a layer's kernel, recorded as a linear layer between two reshapes where it is one."""
        (left, right), made = (
            letters.replace(" ", "").replace("...", "").split("->")[0].split(","),
            letters.split("->")[1].strip().replace("...", ""),
        )
        new = "".join(letter for letter in right if letter not in left)
        common = right[: len(right) - len(new)]
        if right != common + new or not left.endswith(common) or made != left[: len(left) - len(common)] + new:
            return False
        inner, outer = _size(shapes[1][: len(common)]), _size(shapes[1][len(common) :])
        if not common or not new or (bias is not None and _size(bias.shape) != outer):
            return False
        lead = shapes[0][: len(shapes[0]) - len(common)]
        value = self.first()
        if len(common) > 1:
            flat = self.run.run.value([*lead, inner])
            self.record("reshape", [value], flat)
            value = flat
        made_here = self.run.run.value([*lead, outer])
        weights = self.use(weight=self.operation.kernel, bias=bias)
        self.record("linear", [value], made_here, mult_adds=_size(lead) * inner * outer, weights=weights)
        value = made_here
        if len(new) > 1:
            value = self.run.run.value(out)
            self.record("reshape", [made_here], value)
        self.ended(value)
        return True

    def attended(self) -> None:
        """Queries, keys and values with their heads in the last axis but one: two products and a softmax."""
        query, key, values = (self.shape(x) for x in self.inputs[:3])
        (_, length, heads, width), positions, out = query, key[1], values[3]
        scores = heads * length * positions
        if len(self.inputs) != 3 or self.constants or key[2] != heads:
            self.unknown(scores * (width + out))
            return
        run = self.run.run
        q, k, v, s, p, o = (
            run.value(shape)
            for shape in (
                [1, heads, length, width], [1, heads, width, positions], [1, heads, positions, out], [1, heads, length, positions],
                [1, heads, length, positions], [1, heads, length, out],
            )
        )  # fmt: skip
        a, b, c = (self.run.ids[id(x)] for x in self.inputs)
        self.record("permute", [a], q, order=[0, 2, 1, 3])
        self.record("permute", [b], k, order=[0, 2, 3, 1])
        self.record("matmul", [q, k], s, mult_adds=scores * width)
        self.record("activation", [s], p, function="softmax")
        self.record("permute", [c], v, order=[0, 2, 1, 3])
        self.record("matmul", [p, v], o, mult_adds=scores * out)
        self.record("permute", [o], self.run.new(self.outputs[0]), order=[0, 2, 1, 3])


def _size(sides: Any) -> int:
    size = 1
    for side in sides:
        size *= int(side)
    return size


def _roles(weights: dict[str, Any], **roles: str) -> dict[str, Any] | None:
    return {role: weights[name] for role, name in roles.items() if name in weights} or None


def einsum(letters: str, shapes: list[list[int]]) -> tuple[int | None, list[int]]:
    """The multiplications of a product of two tensors, one for each value of each letter, and the shape it puts out."""
    given, _, made = letters.replace(" ", "").partition("->")
    found: dict[str, int] = {}
    for word, shape in zip(given.split(","), shapes):  # noqa: B905  (Python 3.9)
        rest = list(shape)
        if "..." in word:
            before, after = word.split("...")
            middle = len(shape) - len(before) - len(after)
            found.update({f"...{i}": max(found.get(f"...{i}", 1), shape[len(before) + i]) for i in range(middle)})
            rest = shape[: len(before)] + shape[len(before) + middle :]
            word = before + after  # noqa: PLW2901
        for letter, side in zip(word, rest):  # noqa: B905
            found[letter] = max(found.get(letter, 1), side)
    before, dots, after = made.partition("...")
    out = [*before, *(key for key in found if dots and key.startswith("...")), *after]
    return _size(found.values()) if given.count(",") == len(shapes) - 1 == 1 else None, [found[key] for key in out]


KERAS_HANDLERS = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), "conv"),
    **dict.fromkeys(("Conv", "DepthwiseConv", "ConvTranspose"), "conv"),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D", "SeparableConv"), "separable"),
    **dict.fromkeys(("EinsumDense", "Einsum", "Matmul", "Dot", "Tensordot"), "product"), "Dense": "dense", "DotProductAttention": "attended",
    **dict.fromkeys(("BatchNormalization", "LayerNormalization", "GroupNormalization"), "normalised"),
    **dict.fromkeys(("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"), "activated"), "PReLU": "prelu",
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Divide", "TrueDivide"), "joined"),
    "Concatenate": "concatenated",
    **dict.fromkeys(("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"), "pooled"),
    **dict.fromkeys(
        ("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"), "globally_pooled"
    ),
    **dict.fromkeys(("Mean", "Sum", "Max"), "reduced"),
    **dict.fromkeys(("ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D"), "padded"),
    **dict.fromkeys(("UpSampling2D",), "enlarged"),
    **dict.fromkeys(("Reshape", "Flatten", "ExpandDims", "Squeeze", "Ravel"), "reshaped"),
    **dict.fromkeys(("Permute", "Transpose"), "permuted"),
}  # fmt: skip
"""How each layer and operation of Keras is recorded."""


# ------------------------------------------------------------------------------------------------- finding the code


def _last_line(error: BaseException) -> str:
    text = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:500]


def with_operators(action: Any, *given: Any, **named: Any) -> Any:
    """What an action gives; again with torchvision's operators declared where its own do not fit this build of PyTorch.

    No network's cost is in them.
    """
    try:
        return action(*given, **named)
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
        import torch

        for operator in ("nms", "qnms"):
            if not hasattr(torch.ops.torchvision, operator):
                torch.library.define(f"torchvision::{operator}", BOX_OPERATOR)
        for loaded in [loaded for loaded in sys.modules if loaded.split(".")[0] == "torchvision"]:
            del sys.modules[loaded]
        return action(*given, **named)


def load_module(name: str) -> Any:
    """The module that a user names: by its import path, or a file."""
    if not name.endswith(".py"):
        return importlib.import_module(name)
    from importlib.util import module_from_spec, spec_from_file_location

    if not os.path.isfile(name):
        raise Refused("missing", f"there is no file {name}")
    stem = os.path.splitext(os.path.basename(name))[0]
    sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
    spec = spec_from_file_location(stem, name)
    if spec is None or spec.loader is None:
        raise Refused("missing", f"{name} is no Python file")
    module = module_from_spec(spec)
    sys.modules[stem] = module
    spec.loader.exec_module(module)
    return module


def find(code: str) -> Any:
    """What ``module:name`` names; the name may have dots."""
    where, _, path = code.rpartition(":")
    try:
        found = with_operators(load_module, where)
    except ModuleNotFoundError as error:
        missing = error.name or where
        raise Refused("missing", f"no module named {missing} in {sys.executable}") from None
    for word in path.split("."):
        if not hasattr(found, word):
            public = [name for name in vars(found) if not name.startswith("_")] if hasattr(found, "__dict__") else []
            from difflib import get_close_matches

            close = get_close_matches(word, public, 3)
            raise Refused(
                "missing", f"{where} has no `{path}`" + (f"; did you mean {' or '.join(close)}?" if close else "")
            )
        found = getattr(found, word)
    return found


class Session:
    """The code that a process was started for, and the networks it builds."""

    def __init__(self, code: str, framework: str | None, limits: dict[str, int]) -> None:
        self.code, self.framework = code, framework
        self.nodes = int(limits.get("nodes", NODES))
        self.target: Any = None
        self.keras = False  # whether it has built a Keras model

    def answer(self, args: dict[str, Any], asked: list[list[list[int]]]) -> dict[str, Any]:
        """Build the network with some arguments and trace it."""
        if self.target is None:
            _choose_backend()
            self.target = self._file() if os.path.splitext(self.code)[1] in FILES else find(self.code)
        reason = ""
        torch: Any = sys.modules.get("torch")
        keras: Any = sys.modules.get("keras")
        for device in ("meta", "cpu"):
            try:
                model = self._made(device, args, torch, keras, asked[0])
            except Refused:
                raise
            except Exception as error:
                reason = _last_line(error)
                if torch is not None and device == "meta" and not _exhausted(error):
                    continue
                raise
            if self._is(model, keras, "keras"):
                self.keras = model is not self.target
                anew = self.keras and sizable(self.target, args)
                build = partial(self._made, device, args, torch, keras) if anew else None
                traced = trace_keras(keras, model, asked, self.nodes, build)
                names = ["keras", "torch" if keras.config.backend() == "torch" else str(keras.config.backend())]
                return {"schema": SCHEMA, "framework": "keras", "versions": self._versions(*names), **traced}
            if not self._is(model, torch, "torch"):
                raise Refused(
                    "kind", f"{self.code} gives no PyTorch module and no Keras model, but {type(model).__name__}"
                )
            run = TorchModel(torch, model, self.nodes)
            try:
                found = run.traces(asked)
            except NeedsData as error:
                reason = str(error)
                continue
            if device == "cpu" and run.device == "cpu":
                found["remarks"] = [f"run on zeros on the CPU, since it refuses tensors without data ({reason})"]
            return {"schema": SCHEMA, "framework": "torch", "versions": self._versions("torch"), **found}
        raise Refused("builder", reason)

    def _is(self, model: Any, framework: Any, name: str) -> bool:
        """Whether a model is one of a framework's; a Keras model on PyTorch is a module too, and is read as Keras's."""
        if framework is None or self.framework not in {None, name}:
            return False
        return isinstance(model, framework.nn.Module if name == "torch" else framework.Model)

    def _file(self) -> Any:
        name = "torch" if self.code.endswith(".pt2") else "keras"
        if not os.path.isfile(self.code):
            raise Refused("missing", f"there is no file {self.code}")
        try:
            framework = importlib.import_module(name)
        except ModuleNotFoundError:
            raise Refused("missing", f"no module named {name} in {sys.executable}") from None
        if name == "torch":
            return framework.export.load(self.code).module()
        return framework.models.load_model(self.code, compile=False, safe_mode=True)

    def _versions(self, *names: str) -> dict[str, str]:
        from importlib.metadata import PackageNotFoundError, version

        found = {}
        for name in dict.fromkeys([*names, self.code.split(":")[0].split(".")[0]]):
            try:
                found[name] = version(name)
            except (PackageNotFoundError, ValueError):
                continue
        return found

    def _made(self, device: str, args: dict[str, Any], torch: Any, keras: Any, shapes: list[list[int]]) -> Any:
        """The network, built on a device; one of Keras is told its size."""
        if accepts(self.target, "weights", "imagenet"):  # none are downloaded: their values have no part in a cost
            args = {"weights": None, **args}
        if keras is not None:
            keras.utils.clear_session()  # it numbers layers on and on
            if self.keras or str(getattr(self.target, "__module__", "")).split(".")[0] == "keras":
                args = {**sized(keras, self.target, args, shapes), **args}
        with ExitStack() as stack:
            if torch is not None:
                stack.enter_context(torch.device(device))
            if keras is not None and keras.config.backend() == "torch":
                stack.enter_context(keras.device(device))
            return self._build(args, torch, keras)

    def _build(self, args: dict[str, Any], torch: Any, keras: Any) -> Any:
        target = self.target
        if self._is(target, torch, "torch") or self._is(target, keras, "keras"):
            if args:
                raise Refused("builder", f"{self.code} is a model already: it takes no arguments")
            return target
        if not callable(target):
            raise Refused("builder", f"{self.code} is neither callable nor a model, but {type(target).__name__}")
        return with_operators(target, **args)


def _choose_backend() -> None:
    """Keras asks for TensorFlow unless it is told otherwise (and writes that down); without it, a backend that is there serves as well."""
    from importlib.util import find_spec

    if "KERAS_BACKEND" in os.environ:
        return
    try:
        folder = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
        with open(os.path.join(folder, "keras.json"), encoding="utf-8") as file:
            chosen = str(json.load(file)["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        chosen = "tensorflow"
    for backend in dict.fromkeys((chosen, "tensorflow", "torch", "jax")):
        if find_spec(backend) is not None:
            os.environ["KERAS_BACKEND"] = backend
            return


def _exhausted(error: BaseException) -> bool:
    """Whether there is no more memory."""
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)


def _failed(error: BaseException, code: str) -> dict[str, Any]:
    if isinstance(error, Refused):
        return {"error": str(error)[:1000], "kind": error.kind}
    if _exhausted(error):
        return {"error": f"{code} needs more memory than this machine has", "kind": "limit"}
    here = os.path.abspath(__file__)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.abspath(frame.filename) != here]
    frames = [frame for frame in frames if "importlib" not in frame.filename]
    # the deepest frame outside the libraries is the user's own line
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    place = f"{os.path.basename(own[-1].filename)}:{own[-1].lineno}" if own else ""
    return {"error": _last_line(error), "kind": "builder", "place": place}


def _limit_memory() -> None:
    """No more than three quarters of this machine's memory, where the system lets a process limit itself."""
    try:
        import resource

        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (whole if hard < 0 else min(whole, hard), hard))
    except (ImportError, OSError, ValueError):
        pass


def serve() -> None:
    """Answer requests until the input ends; whatever the code prints goes to standard error."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.path[0] = os.getcwd()  # the current folder, not this file's
    _limit_memory()
    session = None
    limit = BYTES
    for line in requests:
        request = json.loads(line)
        try:
            if session is None:
                limit = int(request["limits"].get("bytes", BYTES))
                session = Session(request["code"], request.get("framework"), request["limits"])
                continue
            document = session.answer(request["args"], request["inputs"])
            text = json.dumps(document, separators=(",", ":"))
            if len(text) > limit:
                raise Refused("limit", f"the graph takes more than {limit:,} bytes")  # noqa: TRY301
        except (Exception, SystemExit) as error:  # noqa: BLE001  (the user's code may raise anything; it is reported)
            text = json.dumps(_failed(error, request.get("code") or (session.code if session else "")))
        answers.write(text + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
