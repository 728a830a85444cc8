"""The graph of a traced network: the JSON that tracers write, read strictly.

It stands between whatever knows a framework (``tracer.py``, which runs in the user's interpreter, and the readers of
files) and :mod:`mbcost.importers.maps`, which knows the layer table. One document is one network, traced at one or more
input sizes::

    {"schema": "mbcost/graph/1", "framework": "torch", "versions": {"torch": "2.13.0"}, "name": "MobileNetV2",
     "device": "meta", "remarks": ["..."],
     "weights": [{"name": "features.0.0.weight", "shape": [32, 3, 3, 3], "trained": true}, ...],
     "traces": [{"values": [[1, 3, 224, 224], ...], "inputs": [0], "outputs": [152],
                 "scopes": [[-1, "", "MobileNetV2"], [0, "features", "Sequential"], ...],
                 "nodes": [{"op": "conv", "in": [0], "out": [1], "scope": 3, "call": "aten.convolution.default",
                            "mult_adds": 10838016, "weights": {"weight": [{"of": [0], "shape": [32, 3, 3, 3]}]},
                            "kernel": [3, 3], "stride": [2, 2], "padding": [[1, 1], [1, 1]], "groups": 1, "axis": 1},
                           ...]}]}

- ``weights``: every parameter (``trained``) and buffer of the network once, used or not. A weight that a node uses is
  named by its numbers (``of``: several where it is computed from several, as under weight norm) and by the shape it has
  there. What uses a number a second time shares it.
- ``values``: the shape of every tensor that depends on the input, batch (1) first. Layouts are the framework's own: a
  node names its channel ``axis``, and ``channels_last: true`` says that the inputs have theirs last.
- ``scopes``: every call of a module: number of the calling scope (-1 for none), path, class. Two calls of one module are
  two scopes.
- ``nodes``, in the order they ran. ``mult_adds`` is what the framework's own rule counts, 0 where the operation is free,
  null where nobody knows. Fields by ``op``, besides ``in``, ``out``, ``scope``, ``call`` and ``weights``:

  ========================  ==========================================================================================
  conv                      kernel, stride, padding ("same", or [[before, after], ...]), dilation, groups, axis; transposed
  linear                    (on the last axis)
  matmul                    (of two maps, or of a map and a weight that is no linear layer's)
  norm                      norm (batch, instance, group, layer), axis; for layer ``dims``, how many last axes
  activation                function: a word of the table, or the framework's own; ``number`` for a constant operand
  add, multiply             function (framework's word); two inputs, broadcast
  concat                    axis
  prepend                   axis, extra: so many learned tokens before all positions
  max_pool, avg_pool        kernel, stride, padding, dilation, ceil, axis
  adaptive_pool             function
  reduce                    function, dims (the axes reduced, kept with size 1 or dropped)
  reshape, permute          order (permute)
  slice                     axis, start, step
  pad                       padding, a pair for each axis
  upsample                  axis
  write                     [whole, part]: a part written into a whole, in place
  other                     anything else; ``data`` where shapes or branches depend on values
  ========================  ==========================================================================================

A trace that failed at its size is ``{"error": "..."}``; the first one never is. A document of a network that cannot be
had is ``{"error": fact, "kind": missing | builder | limit | kind, "place": "nets.py:12"}``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mbcost.errors import MbcostError

__all__ = ["Graph", "Node", "Scope", "Trace", "Use", "Weight", "read_graph"]

SCHEMA = "mbcost/graph/1"
MAX_NODES = 200_000
MAX_SIDE = 10**9
MAX_COST = 10**18
OPS = frozenset({
    "conv", "linear", "matmul", "norm", "activation", "add", "multiply", "concat", "max_pool", "avg_pool", "adaptive_pool", "reduce",
    "reshape", "permute", "slice", "pad", "prepend", "upsample", "write", "other",
})  # fmt: skip
REQUIRED = {
    "conv": ("kernel", "stride", "padding", "dilation", "groups", "axis"),
    "norm": ("norm",),
    "activation": ("function",),
    "concat": ("axis",),
    "prepend": ("axis", "extra"),
    "max_pool": ("kernel", "stride", "padding", "axis"),
    "avg_pool": ("kernel", "stride", "padding", "axis"),
    "reduce": ("function", "dims"),
    "permute": ("order",),
    "slice": ("axis", "start", "step"),
    "pad": ("padding",),
}
WORDS = ("norm", "function")
NUMBERS = ("groups", "axis", "dims", "start", "step", "extra")
LISTS = ("kernel", "stride", "dilation", "order", "dims")
FLAGS = ("transposed", "ceil", "data")
OUTPUTS = dict.fromkeys(OPS - {"other"}, 1)
INPUTS = {**dict.fromkeys(OPS - {"matmul", "add", "multiply", "concat", "write", "other"}, 1), "add": 2, "multiply": 2}


class Weight(NamedTuple):
    """A parameter or a buffer of the network."""

    name: str
    shape: tuple[int, ...]
    trained: bool

    @property
    def size(self) -> int:
        """The number of its values."""
        size = 1
        for side in self.shape:
            size *= side
        return size


class Use(NamedTuple):
    """What a node uses of the weights: which, and in which shape."""

    of: tuple[int, ...]
    shape: tuple[int, ...]


class Scope(NamedTuple):
    """One call of a module."""

    parent: int
    path: str
    type: str


class Node(NamedTuple):
    """One operation that ran."""

    op: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    scope: int
    call: str
    mult_adds: int | None
    weights: dict[str, tuple[Use, ...]]
    facts: dict[str, Any]


class Trace(NamedTuple):
    """One run at one input size."""

    values: tuple[tuple[int, ...], ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    scopes: tuple[Scope, ...]
    nodes: tuple[Node, ...]
    channels_last: bool = False

    def axis(self, value: int) -> int:
        """The channel axis of an input."""
        sides = len(self.values[value])
        return min(sides - 1, 0 if sides < 2 else sides - 1 if self.channels_last else 1)

    @property
    def size(self) -> tuple[int, ...]:
        """The sides of the first input, without its batch and channels."""
        first = self.inputs[0]
        return tuple(side for i, side in enumerate(self.values[first]) if i not in {0, self.axis(first)})

    @property
    def mult_adds(self) -> int:
        """The sum of what is known."""
        return sum(node.mult_adds or 0 for node in self.nodes)


class Graph(NamedTuple):
    """A network, traced at one or more input sizes; ``errors`` are those at which it does not run."""

    framework: str
    versions: dict[str, str]
    name: str
    device: str
    remarks: tuple[str, ...]
    weights: tuple[Weight, ...]
    traces: tuple[Trace, ...]
    errors: tuple[str, ...]

    @property
    def params(self) -> int:
        """Trained parameters, each once."""
        return sum(weight.size for weight in self.weights if weight.trained)


def read_graph(document: Any) -> Graph:
    """A graph from its parsed JSON; anything that is not as the format says is an error, and nothing is guessed.

    Raises
    ------
    MbcostError
        If the document is no graph, or says that the network cannot be had.
    """
    if not isinstance(document, dict):
        raise _hostile("it is not an object")
    if "error" in document:
        raise failure(document)
    if document.get("schema") != SCHEMA:
        raise _hostile(f"its schema is not {SCHEMA}")
    weights = tuple(_weight(item) for item in _list(document, "weights", MAX_NODES * 8))
    versions = document.get("versions")
    if not isinstance(versions, dict) or len(versions) > 20:
        raise _hostile("`versions` is no object")
    traces: list[Trace] = []
    errors: list[str] = []
    for item in _list(document, "traces", 1000):
        if isinstance(item, dict) and "error" in item and traces:
            errors.append(_text(item["error"]))
        else:
            traces.append(_trace(item, len(weights)))
    if not traces:
        raise _hostile("it has no trace")
    return Graph(
        _text(document.get("framework")), {_text(name): _text(value) for name, value in versions.items()}, _text(document.get("name")),
        _text(document.get("device")), tuple(_text(item) for item in _list(document, "remarks", 100)), weights, tuple(traces), tuple(errors),
    )  # fmt: skip


def failure(document: dict[str, Any]) -> MbcostError:
    """What a tracer says where it has no network."""
    fact, place = _text(document.get("error")), _text(document.get("place", ""))
    helps = {
        "missing": "--python names the interpreter that has it; the current folder is on its path",
        "limit": "--timeout and the limits keep a builder from running without end",
        "kind": "name a builder, module:callable, that returns a model",
        "input": "--input gives the shape of each input without the batch: 3x224x224, or 3x224x224,10",
    }
    help = helps.get(str(document.get("kind")), f"raised in {place}" if place else "")
    return MbcostError(fact, help=help)


def _trace(item: Any, weights: int) -> Trace:
    if not isinstance(item, dict):
        raise _hostile("a trace is no object")
    values = tuple(_sides(shape, "value", 16) for shape in _list(item, "values", MAX_NODES * 8))
    scopes = []
    for number, scope in enumerate(_list(item, "scopes", MAX_NODES * 4)):
        if not isinstance(scope, list) or len(scope) != 3 or type(scope[0]) is not int or not -1 <= scope[0] < number:
            raise _hostile(f"scope {number} is not [an earlier scope, path, class]")
        scopes.append(Scope(scope[0], _text(scope[1]), _text(scope[2])))
    inputs = _numbers(item.get("inputs"), len(values), "inputs")
    known = set(inputs)
    if not inputs or len(known) != len(inputs):
        raise _hostile("`inputs` names no value, or one twice")
    nodes = []
    for number, node in enumerate(_list(item, "nodes", MAX_NODES)):
        read = _node(node, number, len(values), len(scopes), weights)
        if not known.issuperset(read.inputs):
            raise _hostile(f"node {number} reads a value that no earlier node gives")
        if not known.isdisjoint(read.outputs) or len(set(read.outputs)) != len(read.outputs):
            raise _hostile(f"node {number} gives a value a second time")
        known.update(read.outputs)
        _check(read, values, number)
        nodes.append(read)
    outputs = _numbers(item.get("outputs"), len(values), "outputs")
    if not known.issuperset(outputs):
        raise _hostile("an output is no value")
    last = item.get("channels_last", False)
    if not isinstance(last, bool):
        raise _hostile("`channels_last` is not true or false")
    return Trace(values, inputs, outputs, tuple(scopes), tuple(nodes), last)


def _node(item: Any, number: int, values: int, scopes: int, weights: int) -> Node:
    where = f"node {number}"
    if not isinstance(item, dict) or not isinstance(item.get("op"), str) or item["op"] not in OPS:
        raise _hostile(f"{where} has no known `op`")
    op = item["op"]
    scope, cost = item.get("scope"), item.get("mult_adds")
    if type(scope) is not int or not -1 <= scope < scopes:
        raise _hostile(f"the scope of {where} is no scope")
    if cost is not None and (type(cost) is not int or not 0 <= cost <= MAX_COST):
        raise _hostile(f"`mult_adds` of {where} is no count")
    facts: dict[str, Any] = {}
    for key, value in item.items():
        if key in WORDS:
            facts[key] = _text(value)
        elif key in FLAGS:
            if not isinstance(value, bool):
                raise _hostile(f"`{key}` of {where} is not true or false")
            facts[key] = value
        elif key in LISTS and isinstance(value, list):
            facts[key] = _sides(value, f"`{key}` of {where}", 16)
        elif key in NUMBERS:
            if type(value) is not int or not 0 <= value <= MAX_SIDE:
                raise _hostile(f"`{key}` of {where} is no number")
            facts[key] = value
        elif key == "padding" and value == "same":
            facts[key] = value
        elif key == "padding":
            facts[key] = tuple(_pads(pair, where) for pair in _list(item, key, 16))
        elif key == "number":
            if type(value) not in {int, float}:
                raise _hostile(f"`number` of {where} is no number")
            facts[key] = value
        elif key not in {"op", "in", "out", "scope", "call", "mult_adds", "weights"}:
            raise _hostile(f"{where} has an unknown key")
    missing = [key for key in REQUIRED.get(op, ()) if key not in facts]
    if missing:
        raise _hostile(f"{where} ({op}) has no `{missing[0]}`")
    used = item.get("weights", {})
    if not isinstance(used, dict) or len(used) > 8:
        raise _hostile(f"`weights` of {where} is no object")
    uses = {_text(role): tuple(_use(one, where, weights) for one in _list(used, role, 64)) for role in used}
    inputs = _numbers(item.get("in"), values, f"`in` of {where}")
    outputs = _numbers(item.get("out"), values, f"`out` of {where}")
    if len(outputs) != OUTPUTS.get(op, len(outputs)) or len(inputs) != INPUTS.get(op, len(inputs)):
        raise _hostile(f"{where} ({op}) has {len(inputs)} inputs and {len(outputs)} outputs")
    return Node(op, inputs, outputs, scope, _text(item.get("call")), cost, uses, facts)


def _check(node: Node, values: tuple[tuple[int, ...], ...], number: int) -> None:
    """The facts of a node against the shapes around it, as far as what reads them relies on it."""
    facts = node.facts
    first = values[node.inputs[0]] if node.inputs else ()
    wrong = None
    if "axis" in facts and facts["axis"] >= len(first):
        wrong = "axis"
    elif isinstance(facts.get("dims"), tuple) and any(axis >= len(first) for axis in facts["dims"]):
        wrong = "dims"
    elif node.op == "permute" and sorted(facts["order"]) != list(range(len(first))):
        wrong = "order"
    elif node.op == "pad" and (facts["padding"] == "same" or len(facts["padding"]) != len(first)):
        wrong = "padding"
    elif node.op in {"conv", "max_pool", "avg_pool"}:
        sides = len(facts["kernel"])
        lengths = {
            len(facts[key]) for key in ("kernel", "stride", "padding", "dilation") if facts.get(key, "same") != "same"
        }
        if lengths != {sides} or not 1 <= sides <= 3 or 0 in facts["kernel"] or 0 in facts["stride"]:
            wrong = "kernel"
        elif node.op == "conv" and (facts["groups"] == 0 or 0 in facts["dilation"]):
            wrong = "groups"
    if wrong:
        raise _hostile(f"`{wrong}` of node {number} ({node.op}) does not fit its input")


def _weight(item: Any) -> Weight:
    if not isinstance(item, dict) or not isinstance(item.get("trained"), bool):
        raise _hostile("a weight has no name, shape and trained")
    weight = Weight(_text(item.get("name")), _sides(item.get("shape"), "a weight", 16), item["trained"])
    if weight.size > MAX_COST:
        raise _hostile("a weight is larger than any machine")
    return weight


def _use(item: Any, where: str, weights: int) -> Use:
    if not isinstance(item, dict):
        raise _hostile(f"a weight of {where} is no object")
    return Use(
        _numbers(item.get("of"), weights, f"a weight of {where}"), _sides(item.get("shape"), f"a weight of {where}", 16)
    )


def _list(item: dict[str, Any], key: str, most: int) -> list[Any]:
    found = item.get(key)
    if not isinstance(found, list) or len(found) > most:
        raise _hostile(f"`{_text(key)}` is no list, or too long")
    return found


def _numbers(found: Any, below: int, what: str) -> tuple[int, ...]:
    if not isinstance(found, list) or len(found) > 100_000 or not all(type(x) is int and 0 <= x < below for x in found):
        raise _hostile(f"{what} names what is not there")
    return tuple(found)


def _sides(found: Any, what: str, most: int) -> tuple[int, ...]:
    if (
        not isinstance(found, list)
        or len(found) > most
        or not all(type(x) is int and 0 <= x <= MAX_SIDE for x in found)
    ):
        raise _hostile(f"the numbers of {what} are none, or too many or too large")
    return tuple(found)


def _pads(pair: Any, where: str) -> tuple[int, int]:
    if not isinstance(pair, list) or len(pair) != 2 or not all(type(x) is int and abs(x) <= MAX_SIDE for x in pair):
        raise _hostile(f"`padding` of {where} is no list of pairs")
    return pair[0], pair[1]


def _text(value: Any) -> str:
    """A text of a model's: data, printable and not endless."""
    if not isinstance(value, str):
        raise _hostile("a name is no text")
    return "".join(c if c.isprintable() else "?" for c in value[:1000])


def _hostile(fact: str) -> MbcostError:
    return MbcostError(f"the tracer's answer is no graph: {fact}", help="--python names the interpreter that traces")
