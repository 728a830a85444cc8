"""A traced run as maps: plain layers, each of which reads maps and puts out one map, C x H x W, as the layer table has it.

A framework's operations either change where the elements of a map are (views), or they are layers. What no kind of the
table says becomes a ``custom`` part with the cost that the trace has, or one whose cost is unknown: nothing that ran is
left out. A part's ``mult_adds`` and ``params`` are the trace's own; the table that is written is held against them.
"""

from __future__ import annotations

from math import prod
from typing import Any

from mbcost.errors import MbcostError
from mbcost.importers.graph import Graph, Node, Trace, Use
from mbcost.importers.products import met
from mbcost.importers.views import Cut, Shape, View, fresh, full, merged, renumbered, sizes

__all__ = ["Part", "lower"]

NO_PADS = ((0, 0), (0, 0))
POOLED = {"mean", "sum", "amax", "amin", "max", "min", "var", "std", "norm", "linalg_vector_norm", "logsumexp"}
"""Reductions of a whole map to one value a channel."""


class Part:
    """One plain layer of a run: what it is, what it reads, the map it puts out, and what it costs there."""

    __slots__ = ("call", "facts", "mult_adds", "op", "params", "read", "remark", "scope", "shape", "sources")

    def __init__(self, op: str, sources: list[int], shape: Shape, read: Shape, **facts: Any) -> None:
        self.op = op
        self.sources = sources
        self.shape = shape
        self.read = read
        self.facts = facts
        self.mult_adds: int | None = 0
        self.params = 0
        self.scope = -1
        self.call = ""
        self.remark = ""

    def __repr__(self) -> str:
        return f"Part({self.op} {self.sources} {self.shape} {self.facts})"


def lower(graph: Graph, trace: Trace) -> list[Part]:
    """The layers of one run; part 0 is the input."""
    return _Lowering(graph, trace).parts()


class _Lowering:
    def __init__(self, graph: Graph, trace: Trace) -> None:
        self.graph, self.trace = graph, trace
        self.found: list[Part] = []
        self.views: dict[int, View] = {}
        self.wide: dict[int, View] = {}  # tensors that are one repeated along the first axis: that one
        self.counted = [not weight.trained for weight in graph.weights]
        self.node: Node | None = None
        self.owed: list[tuple[int | None, str]] = []  # costs of nodes that read no map

    def parts(self) -> list[Part]:
        """Lower every node, in the order in which they ran."""
        shapes = [self.trace.values[value] for value in self.trace.inputs]
        for number, (value, shape) in enumerate(zip(self.trace.inputs, shapes, strict=True)):
            view, size = fresh(number, shape, self.trace.axis(value))
            if number:
                self.found.append(Part("custom", [0], size, self.found[0].shape, free=True))
                self.found[-1].remark = f"input {number + 1}"
            else:
                self.found.append(Part("input", [], size, size))
            self.views[value] = view
        for node in self.trace.nodes:
            self.node = node
            self._lower(node)
        self.node = None
        last = max((self.views[value].part for value in self.trace.outputs), default=len(self.found) - 1)
        for value in self.trace.outputs:
            view = self.views[value]
            if view.part == last and not view.plain:
                last = self._settled(view).part
        for cost, call in self.owed:
            last = self._attached(last, cost, 0, call)
        unused = [weight for weight, counted in zip(self.graph.weights, self.counted, strict=True) if not counted]
        if unused:
            last = self._attached(last, 0, sum(weight.size for weight in unused), "")
            names = ", ".join(dict.fromkeys(weight.name.rpartition(".")[0] or weight.name for weight in unused))
            words = (
                "weights that no row above has"
                if self.graph.framework == "keras"
                else "weights that this run does not use"
            )
            self.found[last].remark = f"{words}: {names}"
        return self.found

    # -- parts

    def _new(
        self, op: str, sources: list[int], shape: Shape, mult_adds: int | None = 0, params: int = 0, **facts: Any
    ) -> int:
        part = Part(op, sources, shape, self.found[sources[0]].shape, **facts)
        part.mult_adds, part.params = mult_adds, params
        if self.node is not None:
            part.scope, part.call = self.node.scope, self.node.call
        self.found.append(part)
        return len(self.found) - 1

    def _attached(self, source: int, cost: int | None, params: int, call: str) -> int:
        """A layer that only adds a cost, and passes its map on."""
        number = self._new("custom", [source], self.found[source].shape, cost, params)
        self.found[number].call = call or self.found[number].call
        return number

    def _fresh(self, value: int, number: int, axis: int | None) -> View:
        """The view of a value that a part puts out, with its channels at an axis."""
        view, shape = fresh(number, self.trace.values[value], axis)
        self.views[value] = view
        if self.found[number].shape != shape:
            raise _Mismatch(f"{shape} against {self.found[number].shape}")
        return view

    def _shape(self, value: int, axis: int | None) -> Shape:
        return fresh(0, self.trace.values[value], axis)[1]

    # -- views made maps

    def _settled(self, view: View) -> View:
        """The view without cuts and paddings of its own: they become rows."""
        part, dims = view.part, view.dims
        if view.pads != NO_PADS:
            channels, height, width = self.found[part].shape
            (top, bottom), (left, right) = view.pads
            size = (channels, height + top + bottom, width + left + right)
            if view.pads == (NO_PADS[0], (0, right)) and height == 1 and right < 0:
                part = self._new("slice", [part], size, positions=size[2])
            elif min(top + bottom, left + right) >= 0:
                pads = view.pads if min(top, bottom, left, right) >= 0 else ((0, top + bottom), (0, left + right))
                part = self._new("max_pool", [part], size, kernel=(1, 1), stride=(1, 1), padding=pads, pad=True)
            else:
                part = self._new("custom", [part], size, free=True)
            sides = {"h": size[1], "w": size[2]}
            dims = tuple(tuple((a, s, sides.get(a, n)) for a, s, n in dim if sides.get(a, n) > 1) for dim in dims)
        if view.cuts:
            left_over = sizes(dims)
            channels, height, width = self.found[part].shape
            shape = left_over["c"], left_over["h"], left_over["w"]
            (cut, *more) = view.cuts
            if not more and cut.axis == "c" and shape[1:] == (height, width) and channels % shape[0] == 0:
                outer = cut.stride * cut.size == channels and cut.start % cut.length == 0 and cut.step == 1
                take = cut.start // cut.length + 1 if outer else 1
                part = self._new("split", [part], shape, parts=channels // shape[0], take=take)
            elif not more and cut == ("c", 1, channels, 0, 1, shape[0]) and shape[1:] == (height, width):
                part = self._new("slice", [part], shape, out_channels=shape[0])
            elif all(
                c.axis in "hw" and c.stride == 1 and c.start == 0 and c.length == -(-c.size // c.step)
                for c in view.cuts
            ):
                steps = {c.axis: c.step for c in view.cuts}
                stride = steps.get("h", 1), steps.get("w", 1)
                part = self._new("max_pool", [part], shape, kernel=(1, 1), stride=stride, padding=NO_PADS)
            else:
                part = self._new("custom", [part], shape, free=True)
            dims = renumbered(dims)
        return View(part, dims)

    def _map(self, value: int, axis: int) -> View:
        """The view of a value as a map with its channels at an axis, rows and columns after each other in the rest."""
        view = self.views[value]
        if view.cuts:
            view = self._settled(view)
        if self._canonical(view, axis):
            return view
        view = self._settled(view)
        if self._canonical(view, axis):
            return view
        channels, height, width = self.found[view.part].shape
        dim = view.dims[axis]
        rest = merged([factor for i, d in enumerate(view.dims) if i != axis for factor in d])
        straight = tuple(full("c", channels) if i == axis else d for i, d in enumerate(view.dims))
        if (
            self._canonical(view._replace(dims=straight), axis)
            and len(dim) == 2
            and dim[0][1] == 1
            and dim[1][1] == dim[0][2]
        ):
            part = self._new("shuffle", [view.part], (channels, height, width), groups=dim[1][2])
            view = View(part, straight)
            self.views[value] = view  # for all that read it
            return view
        if not rest and prod(size for _, _, size in dim) == channels * height * width:
            part = self._new("flatten", [view.part], (channels * height * width, 1, 1))
            self.views[value] = View(
                part, tuple(full("c", channels * height * width) if i == axis else () for i in range(len(view.dims)))
            )
            return self.views[value]
        return self._reread(view, value, axis)

    def _canonical(self, view: View, axis: int) -> bool:
        """Whether a tensor is its map: channels at the axis, rows and columns in dims of their own after the batch."""
        channels, height, width = self.found[view.part].shape
        batch, *sides = [dim for i, dim in enumerate(view.dims) if i != axis] or [()]
        wanted = {0: [], 1: [full("h", height)], 2: [full("h", height), full("w", width)]}.get(len(sides))
        lost = (height * width, width, 1)[min(len(sides), 2)]  # positions that have no dim of their own
        return (
            not view.cuts and batch == () and view.dims[axis] == full("c", channels) and sides == wanted and lost == 1
        )

    def _reread(self, view: View, value: int, axis: int | None) -> View:
        """The same elements as another map: a row without cost."""
        shape = self._shape(value, axis)
        number = self._new("custom", [view.part], shape, free=True)
        self.views[value] = fresh(number, self.trace.values[value], axis)[0]
        return self.views[value]

    def _points(self, value: int) -> View:
        """The view of a value whose last axis is the channels, and whose others are all positions in any order."""
        view = self._settled(self.views[value])
        channels, height, width = self.found[view.part].shape
        rest = [factor for dim in view.dims[:-1] for factor in dim]
        whole = prod(size for _, _, size in rest) == height * width and all(axis != "c" for axis, _, _ in rest)
        if view.dims and view.dims[-1] == full("c", channels) and whole:
            return view
        last = len(view.dims) - 1
        if not rest and prod(size for _, _, size in view.dims[-1]) == channels * height * width:
            return self._map(value, last)
        return self._reread(view, value, last)

    # -- weights

    def _fresh_params(self, uses: tuple[Use, ...]) -> int:
        """The params of weights that no node before has used."""
        total = 0
        for use in uses:
            for number in use.of:
                if not self.counted[number]:
                    self.counted[number] = True
                    total += self.graph.weights[number].size
        return total

    def _params(self, node: Node) -> int:
        return self._fresh_params(tuple(use for uses in node.weights.values() for use in uses))

    def _layer(self, node: Node, number: int, params: int, expected: int) -> int:
        """A part whose kind has a number of params: what the network has beyond it is a row of its own."""
        part = self.found[number]
        part.params = min(params, expected)
        if params >= expected:
            return self._attached(number, 0, params - expected, node.call) if params > expected else number
        # weights used before, or fewer than the kind has: its cost stands, the params are those that are new
        part.op, part.facts, part.params = "custom", {"even": True}, params
        own = [self.graph.weights[one] for use in node.weights.get("weight", ()) for one in use.of]
        if own:
            shared = any(weight.trained for weight in own)
            part.remark = f"its weights are {'shared with an earlier layer' if shared else 'not trained'}"
        return number

    # -- operations

    def _lower(self, node: Node) -> None:
        if not node.inputs:
            if node.mult_adds != 0:
                self.owed.append((node.mult_adds, node.call))
            return
        if not node.outputs:
            return
        handler = getattr(self, f"_{node.op}", self._other)
        before = len(self.found)
        try:
            handler(node)
        except _Mismatch:
            del self.found[before:]
            self._other(node)

    def _conv(self, node: Node) -> None:
        facts = node.facts
        axis = facts["axis"]
        value = node.outputs[0]
        if len(facts["kernel"]) > 2:
            self._other(node, axis)
            return
        view = self._map(node.inputs[0], axis)
        transposed = bool(facts.get("transposed"))
        if transposed and view.pads != NO_PADS:
            view = self._settled(view)
        shape = self._shape(value, axis)
        line = len(facts["kernel"]) == 1  # a convolution along one axis: its map is a column
        kernel, stride, dilation = (
            (*facts[key], 1) if line else facts[key] for key in ("kernel", "stride", "dilation")
        )
        padding: Any = facts["padding"]
        if padding != "same":
            own = (*padding, (0, 0)) if line else padding
            padding = tuple((a + c, b + d) for (a, b), (c, d) in zip(own, view.pads, strict=True))
            if any(side < 0 for pair in padding for side in pair):
                padding = tuple((0, a + b) for a, b in padding)
            if any(side < 0 for pair in padding for side in pair):
                view = self._settled(view)
                padding = own
        elif view.pads != NO_PADS:
            view = self._settled(view)
        groups = facts["groups"]
        biased = "bias" in node.weights
        channels = self.found[view.part].shape[0]
        if channels % groups:
            raise _Mismatch("groups")
        weights = prod(kernel) * (channels // groups) * shape[0]
        number = self._new(
            "conv", [view.part], shape, node.mult_adds, kernel=kernel, stride=stride, padding=padding, dilation=dilation,
            groups=groups, bias=biased, **({"transposed": True} if transposed else {}),
        )  # fmt: skip
        number = self._layer(node, number, self._params(node), weights + (shape[0] if biased else 0))
        self._fresh(value, number, axis)

    def _linear(self, node: Node) -> None:
        view = self._points(node.inputs[0])
        value = node.outputs[0]
        channels, height, width = self.found[view.part].shape
        out = self.trace.values[value][-1]
        biased = "bias" in node.weights
        if height == width == 1:
            number = self._new("linear", [view.part], (out, 1, 1), node.mult_adds, bias=biased)
        else:
            one = (1, 1)
            number = self._new(
                "conv", [view.part], (out, height, width), node.mult_adds, kernel=one, stride=one, padding=NO_PADS, dilation=one,
                groups=1, bias=biased,
            )  # fmt: skip
        number = self._layer(node, number, self._params(node), channels * out + (out if biased else 0))
        self.views[value] = View(number, (*view.dims[:-1], full("c", out)))

    def _norm(self, node: Node) -> None:
        kind = node.facts["norm"]
        value = node.outputs[0]
        axis = node.facts.get("axis", len(self.trace.values[value]) - 1)
        view = self.views[node.inputs[0]]
        view = self._settled(view) if not view.plain else view
        channels = self.found[view.part].shape[0]
        if view.dims[axis] != full("c", channels):
            view = self._map(node.inputs[0], axis)
            channels = self.found[view.part].shape[0]
        params = self._params(node)
        expected = {
            "batch": (2 * channels, channels),
            "layer": (2 * channels,),
            "group": (2 * channels,),
            "instance": (0,),
        }.get(kind, ())
        if params in expected and (kind != "layer" or node.facts.get("dims", 1) == 1):
            norm = "batch_no_scale" if params == channels and kind == "batch" else kind
            number = self._new("norm", [view.part], self.found[view.part].shape, 0, params, norm=norm)
        elif params or kind == "batch":
            number = self._new("custom", [view.part], self.found[view.part].shape, 0, params)
        else:
            number = self._new("custom", [view.part], self.found[view.part].shape, 0, 0, idle=True)
        self.views[value] = view._replace(part=number)

    def _activation(self, node: Node) -> None:
        view = self._settled(self.views[node.inputs[0]])
        shape = self.found[view.part].shape
        params, function = self._params(node), node.facts["function"]
        if function == "prelu" and params in {1, shape[0]}:
            number = self._new("activation", [view.part], shape, 0, params, function=function, number=None)
        elif function == "mul" and params == shape[0] and self._along(view, node.weights["other"]):
            number = self._new("scale", [view.part], shape, 0, params)
        elif function == "add" and params and shape[1] == 1 and self._tokens(view):
            number = self._new("tokens", [view.part], shape, 0, params, positions=True)
        elif params:
            number = self._new("custom", [view.part], shape, 0, params)
        else:
            number = self._new("activation", [view.part], shape, function=function, number=node.facts.get("number"))
        self.views[node.outputs[0]] = view._replace(part=number)

    def _along(self, view: View, uses: tuple[Use, ...]) -> bool:
        """Whether weights have one value a channel of a tensor, and no more."""
        axes = [axis for axis, dim in enumerate(view.dims) if dim == full("c", self.found[view.part].shape[0])]
        sides = [(len(view.dims) - len(use.shape) + i, side) for use in uses for i, side in enumerate(use.shape)]
        return all(side == 1 or axis in axes for axis, side in sides)

    def _prepend(self, node: Node) -> None:
        """Learned tokens put before all positions."""
        value, extra = node.outputs[0], node.facts["extra"]
        view = self._settled(self.views[node.inputs[0]])
        channels, height, width = self.found[view.part].shape
        params = self._params(node)
        if node.facts["axis"] != 1 or not self._tokens(view) or params != extra * channels:
            self._attached_to(node, params)
            return
        line = height * width + extra
        number = self._new("tokens", [view.part], (channels, 1, line), 0, params, extra=extra)
        self.views[value] = View(number, ((), full("w", line), full("c", channels)))

    def _reduce(self, node: Node) -> None:
        value = node.outputs[0]
        given = self.views[node.inputs[0]]
        if given.cuts:
            given = self._settled(given)
        gone = set(node.facts["dims"])
        taken = sizes(tuple(dim for i, dim in enumerate(given.dims) if i in gone))
        channels, height, width = self.found[given.part].shape
        padded = self._settled(given) if given.pads != NO_PADS else given
        kept = [dim for i, dim in enumerate(padded.dims) if i not in gone]
        if taken["c"] == 1 and taken["h"] == height and taken["w"] == width and node.facts["function"] in POOLED:
            number = self._new("global_pool", [padded.part], (channels, 1, 1), size=(1, 1))
            whole = len(self.trace.values[value]) == len(given.dims)
            dims = tuple(() if i in gone else dim for i, dim in enumerate(padded.dims)) if whole else tuple(kept)
            self.views[value] = View(number, dims)
            return
        self._other(node)

    def _adaptive_pool(self, node: Node) -> None:
        view = self._settled(self._map(node.inputs[0], 1))
        value = node.outputs[0]
        shape = self._shape(value, 1)
        number = self._new("global_pool", [view.part], shape, size=shape[1:])
        self._fresh(value, number, 1)

    def _pool(self, node: Node) -> None:
        facts = node.facts
        axis, value = facts["axis"], node.outputs[0]
        if len(facts["kernel"]) > 2 or any(side != 1 for side in facts.get("dilation", ())):
            self._other(node, axis)
            return
        line = len(facts["kernel"]) == 1
        view = self._map(node.inputs[0], axis)
        kernel, stride = ((*facts[key], 1) if line else facts[key] for key in ("kernel", "stride"))
        padding = facts["padding"]
        if padding != "same":
            own = (*padding, (0, 0)) if line else padding
            padding = tuple((a + c, b + d) for (a, b), (c, d) in zip(own, view.pads, strict=True))
            if any(side < 0 for pair in padding for side in pair):
                padding = tuple((0, a + b) for a, b in padding)
            if any(side < 0 for pair in padding for side in pair):
                view, padding = self._settled(view), own
        elif view.pads != NO_PADS:
            view = self._settled(view)
        number = self._new(
            node.op,
            [view.part],
            self._shape(value, axis),
            kernel=kernel,
            stride=stride,
            padding=padding,
            ceil=facts.get("ceil", False),
        )
        self._fresh(value, number, axis)

    _max_pool = _avg_pool = _pool

    def _reshape(self, node: Node) -> None:
        value = node.outputs[0]
        view = self.views[node.inputs[0]]
        shape = self.trace.values[value]
        if view.pads != NO_PADS:
            view = self._settled(view)
        found = view.reshaped(shape)
        if found is None and view.cuts:
            view = self._settled(view)
            found = view.reshaped(shape)
        copies, rest = divmod(prod(shape), max(prod(size for dim in view.dims for _, _, size in dim), 1))
        if found is None and copies > 1 and rest == 0 and shape[0] % copies == 0:
            one = view.reshaped((shape[0] // copies, *shape[1:]))
            if one is not None:
                self.wide[value] = one
        if found is None:
            view = self._settled(view)
            number = self._new("custom", [view.part], self._shape(value, None), free=True)
            found = fresh(number, shape, None)[0]
        self.views[value] = found

    def _permute(self, node: Node) -> None:
        self.views[node.outputs[0]] = self.views[node.inputs[0]].permuted(node.facts["order"])

    def _slice(self, node: Node) -> None:
        value = node.outputs[0]
        axis, start, step = node.facts["axis"], node.facts["start"], node.facts["step"]
        view = self.views[node.inputs[0]]
        if view.pads != NO_PADS and not (len(view.dims[axis]) == 1 and view.dims[axis][0][0] in "hw" and step == 1):
            view = self._settled(view)
        dim = view.dims[axis]
        length = self.trace.values[value][axis]
        if len(dim) > 1 and any(axis == "c" for axis, _, _ in dim):
            view = self._map(node.inputs[0], axis)
            dim = view.dims[axis]
        if len(dim) != 1 or length == 0:
            self._other(node)
            return
        (name, stride, size) = dim[0]
        height, width = self.found[view.part].shape[1:]
        whole = size == {"h": height, "w": width}.get(name) and stride == 1
        if whole and step == 1 and not any(cut.axis == name for cut in view.cuts):  # a crop: a padding below zero
            before = -start
            side = self.trace.values[node.inputs[0]][axis]
            after = start + length - side
            rows, columns = view.pads
            pads = (
                ((rows[0] + before, rows[1] + after), columns)
                if name == "h"
                else (rows, (columns[0] + before, columns[1] + after))
            )
            self.views[value] = view._replace(pads=pads)
            return
        if view.pads != NO_PADS:
            view = self._settled(view)
            (name, stride, size) = view.dims[axis][0]
        factor = ((name, stride * step, length),) if length > 1 else ()
        dims = tuple(factor if i == axis else dim for i, dim in enumerate(view.dims))
        cut = Cut(name, stride, size, start, step, length)
        self.views[value] = view._replace(dims=dims, cuts=(*view.cuts, cut))

    def _pad(self, node: Node) -> None:
        value = node.outputs[0]
        view = self.views[node.inputs[0]]
        if view.cuts:
            view = self._settled(view)
        padding = node.facts["padding"]
        height, width = self.found[view.part].shape[1:]
        pads = {"h": list(view.pads[0]), "w": list(view.pads[1])}
        for dim, (before, after) in zip(view.dims, padding, strict=True):
            if before == after == 0:
                continue
            if len(dim) != 1 or dim[0] not in {("h", 1, height), ("w", 1, width)}:
                self._other(node)
                return
            pads[dim[0][0]][0] += before
            pads[dim[0][0]][1] += after
        rows, columns = pads["h"], pads["w"]
        self.views[value] = view._replace(pads=((rows[0], rows[1]), (columns[0], columns[1])))

    def _concat(self, node: Node) -> None:
        value, axis = node.outputs[0], node.facts["axis"]
        if len(node.inputs) == 1:
            self.views[value] = self.views[node.inputs[0]]
            return
        views = [self._settled(self.views[v]) for v in node.inputs]
        first = views[0]
        others = [dim for i, dim in enumerate(first.dims) if i != axis]
        alike = all([d for i, d in enumerate(v.dims) if i != axis] == others for v in views)
        whole = all(v.dims[axis] == full("c", self.found[v.part].shape[0]) for v in views)
        sides = {self.found[v.part].shape[1:] for v in views}
        if not (alike and whole and len(sides) == 1):
            for v, view in zip(node.inputs, views, strict=True):
                self.views[v] = view
            views = [self._settled(self._map(v, axis)) for v in node.inputs]
            first = views[0]
            if len({self.found[v.part].shape[1:] for v in views}) != 1:
                raise _Mismatch("concat")
        channels = sum(self.found[v.part].shape[0] for v in views)
        shape = (channels, *self.found[first.part].shape[1:])
        number = self._new("concat", [v.part for v in views], shape)
        dims = tuple(full("c", channels) if i == axis else dim for i, dim in enumerate(first.dims))
        self.views[value] = View(number, dims)

    def _upsample(self, node: Node) -> None:
        value, axis = node.outputs[0], node.facts.get("axis", 1)
        view = self._settled(self._map(node.inputs[0], axis))
        number = self._new("upsample", [view.part], self._shape(value, axis))
        self._fresh(value, number, axis)

    def _binary(self, node: Node) -> None:
        """A sum or product of two maps, the smaller one broadcast."""
        value = node.outputs[0]
        a, b = (self._settled(self.views[v]) for v in node.inputs)
        shapes = [self.trace.values[v] for v in node.inputs]
        out = self.trace.values[value]
        if prod(shapes[0]) < prod(shapes[1]):
            a, b, shapes = b, a, shapes[::-1]
        if shapes[0] != out:  # both are broadcast
            self._other(node)
            return
        numbers = (
            node.inputs
            if prod(self.trace.values[node.inputs[0]]) >= prod(self.trace.values[node.inputs[1]])
            else node.inputs[::-1]
        )
        if len(out) > 2 and (a.dims != b.dims or self.found[a.part].shape != self.found[b.part].shape):
            axis = next((i for i in (1, len(out) - 1) if a.dims[i] == full("c", self.found[a.part].shape[0])), 1)
            if not self._canonical(a, axis) and not self._tokens(a):
                a = self._map(numbers[0], axis)
            if shapes[1] == out and not self._canonical(b, axis) and not self._tokens(b):
                b = self._map(numbers[1], axis)
        if shapes[1] != out and len(b.dims) == len(a.dims) > 2 and not _within(b.dims, a.dims):
            b = self._map(
                numbers[1],
                next((i for i in (1, len(out) - 1) if a.dims[i] == full("c", self.found[a.part].shape[0])), 1),
            )
        if len(b.dims) < len(a.dims):
            b = b._replace(dims=((),) * (len(a.dims) - len(b.dims)) + b.dims)
        big, small = self.found[a.part].shape, self.found[b.part].shape
        if a.dims == b.dims and big == small:
            number = self._new(node.op, [a.part, b.part], big, function=node.facts.get("function", node.op))
        elif _within(b.dims, a.dims) and all(y in {x, 1} for x, y in zip(big, small, strict=True)):
            part = b.part
            if small[0] != big[0]:  # one channel for all
                part = self._new("custom", [part], (big[0], *small[1:]), free=True)
            if small[1:] != big[1:] and (node.op != "multiply" or small[1:] != (1, 1)):
                part = self._new("upsample", [part], big)
            number = self._new(node.op, [a.part, part], big, function=node.facts.get("function", node.op))
        else:
            part = self._new("custom", [b.part], big, free=True)
            number = self._new(node.op, [a.part, part], big, function=node.facts.get("function", node.op))
        self.views[value] = View(number, a.dims)

    def _tokens(self, view: View) -> bool:
        """Whether a tensor is a list of positions with their channels last."""
        channels, height, width = self.found[view.part].shape
        return len(view.dims) == 3 and view.dims[1:] == (
            merged([*full("h", height), *full("w", width)]),
            full("c", channels),
        )

    _add = _multiply = _binary

    def _write(self, node: Node) -> None:
        """A part written into a whole: the whole's map, made of both."""
        *whole, part = (self._settled(self.views[v]) for v in node.inputs)
        value = node.outputs[0]
        sources = [*(view.part for view in whole), part.part]
        shape = self.found[whole[0].part].shape if whole else self._shape(value, None)
        number = self._new("custom", sources, shape, free=True)
        self.views[value] = View(number, whole[0].dims) if whole else fresh(number, self.trace.values[value], None)[0]

    def _matmul(self, node: Node) -> None:
        """A product of queries and keys, or of scores and values; what else there is has the cost of the trace."""
        found = None
        if len(node.inputs) == 2 and not node.weights:
            a, b = (self._settled(self.wide.get(value, self.views[value])) for value in node.inputs)
            found = met(a, self.found[a.part].shape, b, self.found[b.part].shape)
        if found is None or node.mult_adds != found.terms * prod(found.shape):
            self._other(node)
            return
        number = self._new(
            "matmul", [b.part, a.part] if found.swapped else [a.part, b.part], found.shape, node.mult_adds,
            product=found.product, heads=found.heads, multi_query=found.multi_query, windows=found.windows,
        )  # fmt: skip
        self.views[node.outputs[0]] = View(number, found.dims)

    def _other(self, node: Node, axis: int | None = None) -> None:
        """What no kind says: its cost as the trace has it."""
        self._attached_to(node, self._params(node), axis)

    def _attached_to(self, node: Node, params: int, axis: int | None = None) -> None:
        sources = list(dict.fromkeys(self._source(value) for value in node.inputs))
        cost = None if node.facts.get("data") else node.mult_adds
        for index, value in enumerate(node.outputs):
            shape = self._shape(value, axis)
            if min(shape) == 0:
                shape = tuple(max(side, 1) for side in shape)  # type: ignore[assignment]
            free = cost == 0 and params == 0
            number = self._new(
                "custom", sources, shape, cost if index == 0 else 0, params if index == 0 else 0, free=free
            )
            self.views[value] = fresh(number, self.trace.values[value], axis)[0]

    def _source(self, value: int) -> int:
        """The part that an operation reads which takes any view: cuts matter as little as order does."""
        return self.views[value].part


def _within(small: tuple[object, ...], big: tuple[object, ...]) -> bool:
    """Whether each dim of a tensor is that of a larger one, or has size 1."""
    return all(y in {x, ()} for x, y in zip(big, small, strict=True))


class _Mismatch(MbcostError):
    """A node whose shapes are not those of its kind; it becomes a custom part."""
