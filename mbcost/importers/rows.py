"""Plain layers to plain rows: fields that hold at every traced size, norms and activations with the layer they follow."""

from __future__ import annotations

from math import isqrt, prod
from typing import Any

from mbcost.importers.attend import attended
from mbcost.importers.graph import Graph, Scope, Trace
from mbcost.importers.maps import Part, lower
from mbcost.importers.row import Row, readers
from mbcost.layers.base import ACTIVATIONS

__all__ = ["plain_rows", "weighted"]

ARITHMETIC = {"add", "sub", "rsub", "mul", "div", "neg", "round", "floor", "abs", "pow", "clone"}
"""Functions of one map and numbers: scalings and shifts of an input, which no table writes down."""


MANY = 5
"""So many rows of a module that the table has no kind for make it one row."""


class _Several:
    """The same layer in every trace."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self.first = parts[0]

    def constant(self, key: str) -> Any:
        """The value of a fact where it is the same in all traces, else None."""
        values = [part.facts.get(key) for part in self.parts]
        return values[0] if all(value == values[0] for value in values) else None


def plain_rows(graph: Graph) -> tuple[list[Row], list[Trace], list[str]]:
    """The rows of a network, one a layer, the traces they hold for, and what is to be said of them."""
    remarks: list[str] = []
    lowered = [lower(graph, trace) for trace in graph.traces]
    order = {id(part): i for i, part in enumerate(weighted(lowered[0]))}
    alike = [parts for parts in lowered if _signature(parts) == _signature(lowered[0])]
    traces = [
        trace for trace, parts in zip(graph.traces, lowered, strict=True) if _signature(parts) == _signature(lowered[0])
    ]
    if len(alike) < len(lowered):
        sides = [" x ".join(map(str, trace.size)) for trace in graph.traces if trace not in traces]
        remarks.append(f"at {', '.join(sides)} the network runs other layers: the table is that of the first size")
    rows: list[Row] = []
    for number, parts in enumerate(zip(*alike, strict=True)):
        several = _Several(list(parts))
        row = _row(several, rows, alike, number)
        row.parts = list(parts)
        own = order.get(id(parts[0]))
        row.at = {} if own is None else {"in": (own, "in"), "out": (own, "out")}
        row.scopes = [parts[0].scope] if parts[0].scope >= 0 else []
        row.mult_adds, row.params = parts[0].mult_adds, parts[0].params
        row.remark = row.remark or parts[0].remark
        rows.append(row)
    _idioms(rows)
    rows = attended(_without_idle(rows, remarks))
    rows = _collapsed(rows, traces[0].scopes)
    rows = _several_read(rows)
    return _fused(rows), traces, remarks


def weighted(parts: list[Part]) -> list[Part]:
    """The layers with weights of their own, in the order in which they ran."""
    return [part for part in parts if part.op in {"conv", "linear"}]


def _signature(parts: list[Part]) -> list[tuple[str, tuple[int, ...]]]:
    return [(part.op, tuple(part.sources)) for part in parts]


# ------------------------------------------------------------------------------------------------------------- fields


def _row(several: _Several, rows: list[Row], alike: list[list[Part]], number: int) -> Row:
    part = several.first
    row = Row(part.op, [rows[source] for source in part.sources], part.shape, part.read)
    build = {
        "conv": _conv,
        "max_pool": _pool,
        "avg_pool": _pool,
        "global_pool": _global,
        "upsample": _upsample,
        "custom": _custom,
    }
    make = build.get(part.op)
    if part.op == "upsample":
        _upsample(row, several, rows, alike, number)
    elif make is not None:
        make(row, several)  # type: ignore[operator]
    elif part.op == "linear":
        row.fields = {"out_channels": part.shape[0], "norm": "none", "activation": "none", "bias": part.facts["bias"]}
    elif part.op == "norm":
        row.fields = {"norm": part.facts["norm"], "activation": "none"}
    elif part.op == "activation":
        row.fields = {"function": part.facts["function"], "number": part.facts["number"]}
        if part.facts["function"] == "prelu" and part.params != part.shape[0]:
            row.fields["prelu_params"] = "one"
    elif part.op in {"add", "multiply", "concat"}:
        row.fields = {"activation": "none"}
    elif part.op in {"split", "shuffle", "slice", "scale", "matmul"}:
        row.fields = {
            key: fact for key, fact in part.facts.items() if not ((key == "windows" and fact == 1) or fact is False)
        }
        if row.fields.get("product") == "values":
            del row.fields["heads"]
        row.inexact = "windows" in row.fields and len(several.parts) == 1  # so many windows, or windows of that size?
        if row.op == "slice" and "out_channels" in row.fields:
            row.fields["width"] = "fixed"
        if any(p.facts != part.facts for p in several.parts):
            _custom(row, several)
    elif part.op == "tokens":
        row.fields = {"extra": part.facts["extra"]} if "extra" in part.facts else {}
        if "positions" in part.facts:
            row.fields["positions"] = "learned"
            if any(p.params != prod(p.shape) for p in several.parts):  # they are made to fit the map
                _custom(row, several)
    return row


def _conv(row: Row, several: _Several) -> None:
    part = several.first
    facts = part.facts
    padding = _padding(several)
    more = _output_padding(several) if facts.get("transposed") else (0, 0)
    if None in {padding, more} or any(
        several.constant(key) is None for key in ("kernel", "stride", "dilation", "groups")
    ):
        _custom(row, several)
        return
    m, n = part.read[0], part.shape[0]
    fields: dict[str, Any] = {"kernel_size": facts["kernel"]}
    if facts.get("transposed"):
        row.op = "transposed"
        if more != (0, 0):
            fields["output_padding"] = more
    if facts["groups"] == m > 1 and n % m == 0 and row.op == "conv":
        row.op = "depthwise"
        if n != m:
            fields["multiplier"] = n // m
    else:
        fields["out_channels"] = n
        if facts["groups"] != 1:
            fields["groups"] = facts["groups"]
    if facts["stride"] != (1, 1):
        fields["stride"] = facts["stride"]
    if padding != "same":
        fields["padding"] = padding
    if facts["dilation"] != (1, 1):
        fields["dilation"] = facts["dilation"]
    row.fields = {**fields, "norm": "none", "activation": "none", "bias": facts["bias"]}


def _output_padding(several: _Several) -> tuple[int, int] | None:
    """Rows and columns that a transposed convolution adds to its output; None where traces differ in them."""
    found = set()
    for part in several.parts:
        facts = part.facts
        if facts["padding"] == "same":
            found.add((0, 0))
            continue
        extents = (d * (k - 1) + 1 for d, k in zip(facts["dilation"], facts["kernel"], strict=True))
        sides = zip(part.read[1:], part.shape[1:], facts["stride"], facts["padding"], extents, strict=True)
        found.add(
            tuple(made + sum(pads) - (given - 1) * stride - extent for given, made, stride, pads, extent in sides)
        )
    (more, *others) = found
    return None if others or min(more) < 0 else (more[0], more[1])


def _padding(several: _Several) -> Any:
    """The padding that gives the maps of every trace: ``same``, four sides, or None."""
    fixed = several.constant("padding")
    if several.first.facts.get("transposed"):
        wanted = all(
            made == given * stride
            for part in several.parts
            for given, made, stride in zip(part.read[1:], part.shape[1:], part.facts["stride"], strict=True)
        )
        if fixed == "same" or fixed is None:
            return "same" if wanted else None
        return tuple(side for pair in fixed for side in pair)
    same = True
    for part in several.parts:
        facts = part.facts
        dilation = facts.get("dilation", (1, 1))
        for side in (0, 1):
            given, made, stride = part.read[1 + side], part.shape[1 + side], facts["stride"][side]
            same = same and made == -(-given // stride)
            if fixed not in {None, "same"}:
                same = same and sum(fixed[side]) == dilation[side] * (facts["kernel"][side] - 1)
    if same:
        return "same"
    if fixed is None or fixed == "same":
        return None
    return tuple(side for pair in fixed for side in pair)


def _pool(row: Row, several: _Several) -> None:
    part = several.first
    facts = part.facts
    whole = all(
        p.facts["kernel"] == p.read[1:] and p.shape[1:] == (1, 1) and p.facts["padding"] == ((0, 0), (0, 0))
        for p in several.parts
    )
    if whole and several.constant("kernel") is None:
        row.op, row.fields = "global_pool", {}
        return
    padding = _padding(several)
    if padding is None or any(several.constant(key) is None for key in ("kernel", "stride")):
        _custom(row, several)
        return
    if facts.get("ceil") and padding == "same" and sum(map(sum, facts["padding"])) != sum(facts["kernel"]) - 2:
        padding = tuple(side for pair in facts["padding"] for side in pair)
    row.fields = {"kernel_size": facts["kernel"]}
    if facts["kernel"] != (1, 1) or facts["stride"] != (1, 1):  # a window of several elements states its stride
        row.fields["stride"] = facts["stride"]
    if padding != "same":
        row.fields["padding"] = padding
        if facts.get("ceil"):
            row.fields["ceil"] = True
    if facts.get("pad"):
        row.remark = "a padding of its own"


def _global(row: Row, several: _Several) -> None:
    size = several.constant("size")
    if size is None:
        _custom(row, several)
    elif size != (1, 1):
        row.fields = {"output_size": size}


def _upsample(row: Row, several: _Several, rows: list[Row], alike: list[list[Part]], number: int) -> None:
    part = several.first
    factors = {(p.shape[1] / p.read[1], p.shape[2] / p.read[2]) for p in several.parts}
    if len(factors) == 1 and all(side.is_integer() for side in next(iter(factors))):
        height, width = next(iter(factors))
        row.fields = {"factor": (int(height), int(width))}
        return
    multiple = _windowed(alike[0], number)
    if multiple and all(
        p.shape[1:] == tuple(-(-side // multiple) * multiple for side in p.read[1:]) for p in several.parts
    ):
        row.fields = {"multiple": multiple}
        return
    for earlier in range(number - 1, -1, -1):
        if all(parts[earlier].shape[1:] == p.shape[1:] for parts, p in zip(alike, several.parts, strict=True)) and (
            len(alike) > 1 or part.read[1] != part.shape[1]
        ):
            row.fields = {"like": rows[earlier]}
            return
    _custom(row, several)


def _windowed(parts: list[Part], number: int) -> int:
    """The side of the square patches of the attention that comes next below a part; 0 for none."""
    windows = next((part.facts["windows"] for part in parts[number:] if part.op == "matmul"), 1)
    return isqrt(windows) if windows > 1 and isqrt(windows) ** 2 == windows else 0


def _custom(row: Row, several: _Several) -> None:
    """A row with a stated cost: factors where they give the cost of every trace, else whole numbers."""
    row.op = "custom"
    parts = several.parts
    first = several.first
    fields: dict[str, Any] = {}
    if any(part.shape[0] != part.read[0] for part in parts):
        fields["out_channels"] = first.shape[0]
        row.inexact |= any(part.shape[0] != first.shape[0] for part in parts)
    strides = [_stride([(part.read[side], part.shape[side]) for part in parts]) for side in (1, 2)]
    if None not in strides:
        if strides != [1, 1]:
            fields["stride"] = tuple(strides)
    else:
        fields["output_size"] = first.shape[1:]
        row.inexact |= any(part.shape[1:] != first.shape[1:] for part in parts) or len(parts) == 1
    if any(part.mult_adds is None for part in parts):
        fields = {"cost": "unknown", **fields}
    costs = [part.facts.get("known", 0) if part.mult_adds is None else part.mult_adds for part in parts]
    outputs = [prod(part.shape) for part in parts]
    factor, rest = divmod(costs[0], outputs[0])
    even = len(parts) > 1 or first.facts.get("even")  # the same at every position
    if costs[0] == 0 and not any(costs):
        fields["mult_adds"] = 0
    elif rest == 0 and even and all(cost == factor * output for cost, output in zip(costs, outputs, strict=True)):
        fields["mult_adds_per_output"] = factor
    else:
        fields["mult_adds"] = costs[0]
        row.inexact |= len(parts) == 1 or any(cost != costs[0] for cost in costs)
    if first.params and first.params % first.shape[0] == 0 and len({part.shape[0] for part in parts}) == 1:
        fields["params_per_channel"] = first.params // first.shape[0]
    else:
        fields["params"] = first.params
    row.fields = fields


def _merged(row: Row, group: list[Row], source: Row) -> None:
    """Make a row stand for a group of rows, itself among them, that come from one source."""
    for number, part in enumerate(row.parts):
        whole = Part("custom", [], part.shape, source.parts[number].shape)
        costs = [one.parts[number].mult_adds for one in group]
        whole.mult_adds = None if None in costs else sum(cost or 0 for cost in costs)
        whole.params = sum(one.parts[number].params for one in group)
        whole.facts = {"known": sum(cost or 0 for cost in costs)}
        row.parts[number] = whole
    row.sources, row.read = [source], source.shape
    row.mult_adds, row.params = row.parts[0].mult_adds, row.parts[0].params
    row.scopes = sorted({scope for one in group for scope in one.scopes})
    row.inexact = False
    _custom(row, _Several(row.parts))


def _stride(sides: list[tuple[int, int]]) -> int | None:
    """The stride that makes each given side the other."""
    given, made = sides[0]
    for stride in {1, max(given // max(made, 1), 1), -(-given // max(made, 1))}:
        if all(-(-a // stride) == b for a, b in sides):
            return stride
    return None


# ------------------------------------------------------------------------------------------------------------- idioms


def _function(row: Row) -> tuple[str, float | None]:
    return (row.fields["function"], row.fields["number"]) if row.op == "activation" else ("", None)


def _idioms(rows: list[Row]) -> None:
    """Activations written out in simpler functions: hard sigmoid, hard swish and swish."""
    for row in rows:
        name, number = _function(row)
        if (
            name in {"div", "mul"}
            and number is not None
            and abs(number * 6 - 1 if name == "mul" else number - 6) < 1e-3
        ):
            inner = row.sources[0]
            if inner.op == "activation" and _function(inner)[0] == "relu6" and _shifted(inner.sources[0]):
                row.fields["function"], row.sources = "hard_sigmoid", inner.sources[0].sources
            elif inner.op == "multiply" and len(inner.sources) == 2:
                x, gate = inner.sources
                x, gate = (gate, x) if _function(x)[0] == "relu6" else (x, gate)
                if _function(gate)[0] == "relu6" and _shifted(gate.sources[0]) and gate.sources[0].sources[0] is x:
                    row.fields["function"], row.sources = "hard_swish", [x]
        elif row.op == "multiply" and len(row.sources) == 2:
            for x, gate in (row.sources, row.sources[::-1]):
                word = {"sigmoid": "silu", "hard_sigmoid": "hard_swish"}.get(_function(gate)[0])
                if word and gate.sources[0] is x:
                    row.op, row.sources = "activation", [x]
                    row.fields = {"function": word, "number": None}
                    break


def _shifted(row: Row) -> bool:
    return _function(row) in {("add", 3), ("add", 3.0)}


def _without_idle(rows: list[Row], remarks: list[str]) -> list[Row]:
    """The rows that the network's outputs come from or that cost something; what no table writes down is passed through."""
    stand: dict[int, Row] = {}
    kept = []
    unknown: dict[str, int] = {}
    for row in rows:
        row.sources = [stand.get(id(source), source) for source in row.sources]
        if "like" in row.fields:
            row.fields["like"] = stand.get(id(row.fields["like"]), row.fields["like"])
        name = _function(row)[0]
        if row.op == "activation" and name not in ACTIVATIONS:
            stand[id(row)] = row.sources[0]
            if name not in ARITHMETIC:
                unknown[name] = unknown.get(name, 0) + 1
        else:
            if row.op == "activation":
                row.fields = {
                    "activation": name,
                    **{key: row.fields[key] for key in ("prelu_params",) if key in row.fields},
                }
            kept.append(row)
    if unknown:
        words = ", ".join(f"{name} ({count})" for name, count in sorted(unknown.items()))
        remarks.append(
            f"functions of one map that the table has no word for are left out: {words}; they have no mult-adds and no params"
        )
    return _live(kept)


def _live(rows: list[Row]) -> list[Row]:
    """Rows whose last reader went with an idiom go too; what has a cost stays, read or not."""
    while True:
        read = readers(rows)
        idle = {
            id(row) for row in rows[1:-1]
            if not read.get(id(row)) and row.mult_adds == 0 and row.params == 0 and row.op in {"activation", "split", "slice", "custom", "multiply", "add"}
        }  # fmt: skip
        if not idle:
            return rows
        rows = [row for row in rows if id(row) not in idle]


def _collapsed(rows: list[Row], scopes: tuple[Scope, ...]) -> list[Row]:
    """Modules that are mostly what the table has no word for, windows of attention for one, as one row each."""
    chains: dict[int, tuple[int, ...]] = {-1: ()}

    def chain(scope: int) -> tuple[int, ...]:
        if scope not in chains:
            chains[scope] = (*chain(scopes[scope].parent), scope)
        return chains[scope]

    strange: dict[int, int] = {}
    for row in rows:
        if row.op == "custom" and row.scopes:
            for scope in chain(row.scopes[0]):
                strange[scope] = strange.get(scope, 0) + 1
    gone: set[int] = set()
    inside: dict[int, list[Row]] = {}
    for row in rows:
        for scope in chain(row.scopes[0]) if row.scopes else ():
            if strange.get(scope, 0) >= MANY:
                inside.setdefault(scope, []).append(row)
    read = readers(rows)
    for scope in sorted(inside, key=lambda scope: -len(chain(scope))):
        group = inside.get(scope, [])
        own = set(map(id, group))
        if (
            not group
            or own & gone
            or all(row.mult_adds == 0 for row in group if row.op == "custom")
            or not scopes[scope].path
        ):
            continue
        sources = {id(source): source for row in group for source in row.sources if id(source) not in own}
        left = [row for row in group if any(id(reader) not in own for reader in read.get(id(row), []))] or group[-1:]
        weighty = sum(row.op in {"conv", "depthwise", "linear"} for row in group)
        if len(sources) == len(left) == 1 and 3 * weighty <= len(group):
            (source,) = sources.values()
            _merged(left[0], group, source)
            gone.update(id(row) for row in group if row is not left[0])
            for outer in chain(scope)[:-1]:
                strange[outer] -= sum(row.op == "custom" for row in group)
                if strange[outer] < MANY:
                    inside.pop(outer, None)
    return [row for row in rows if id(row) not in gone]


def _several_read(rows: list[Row]) -> list[Row]:
    """A custom row reads one row: several are joined first, or taken into it where nothing else reads them."""
    found: list[Row] = []
    gone: set[int] = set()
    read = readers(rows)
    for row in rows:
        if row.op == "custom" and len(row.sources) > 1:
            taken = _absorbed(row, read, found) if row.mult_adds != 0 else []
            if taken:
                gone.update(map(id, taken))
            else:
                row.sources = [_joined(row, found)]
        found.append(row)
    return [row for row in found if id(row) not in gone]


def _absorbed(row: Row, read: dict[int, list[Row]], above: list[Row]) -> list[Row]:
    """The rows between a custom row and the one row that all of them come from; empty where there is none."""
    order = {id(one): number for number, one in enumerate(above)}
    group = [row]
    while True:
        inside = set(map(id, group))
        sources = {id(source): source for one in group for source in one.sources if id(source) not in inside}
        if len(sources) == 1:
            break
        last = max(sources.values(), key=lambda source: order[id(source)])
        if last.op == "input" or not last.parts or any(id(reader) not in inside for reader in read.get(id(last), [])):
            return []
        group.append(last)
    (source,) = sources.values()
    _merged(row, group, source)
    return group[1:]


def _joined(row: Row, found: list[Row]) -> Row:
    """One row that several are read through."""
    first = row.sources[0]
    parts = [first]
    for source in row.sources[1:]:
        if source.shape[1:] != first.shape[1:]:
            adapted = Row("custom", [source], (source.shape[0], *first.shape[1:]), source.shape)
            adapted.fields = {"output_size": first.shape[1:], "mult_adds": 0, "params": 0}
            adapted.inexact, adapted.scopes = True, row.scopes
            adapted.parts = [
                Part("custom", [], (own.shape[0], *like.shape[1:]), own.shape)
                for own, like in zip(source.parts, first.parts, strict=True)
            ]
            found.append(adapted)
            source = adapted  # noqa: PLW2901
        parts.append(source)
    channels = sum(part.shape[0] for part in parts)
    join = Row("concat", parts, (channels, *first.shape[1:]), first.shape, {"activation": "none"})
    join.scopes = row.scopes
    join.parts = [
        Part("concat", [], (sum(one.shape[0] for one in several), *several[0].shape[1:]), several[0].shape)
        for several in zip(*(part.parts for part in parts), strict=True)
    ]
    found.append(join)
    row.read = join.shape
    if row.shape[0] != channels:
        row.fields = {"out_channels": row.shape[0], **row.fields}
    return join


# -------------------------------------------------------------------------------------------------------------- fusing


def _fused(rows: list[Row]) -> list[Row]:
    """Norms and activations as fields of the row that they follow alone."""
    read = readers(rows)
    stand: dict[int, Row] = {}
    kept: list[Row] = []
    liked = {id(row.fields["like"]) for row in rows if "like" in row.fields}  # they are read for their size
    for row in rows:
        row.sources = [stand.get(id(source), source) for source in row.sources]
        above = row.sources[0] if row.sources else None
        alone = above is not None and len(read.get(id(above), [])) == 1 and id(above) not in liked
        if alone and above is not None and row.op == "norm" and _takes_norm(above):
            above.fields["norm"] = row.fields["norm"]
        elif alone and above is not None and row.op == "activation" and above.fields.get("activation") == "none":
            above.fields.update(row.fields)
        else:
            kept.append(row)
            continue
        above.params += row.params
        above.scopes = sorted({*above.scopes, *row.scopes})
        stand[id(row)] = above
        read[id(above)] = read.get(id(row), [])
    for row in kept:
        if "like" in row.fields:
            row.fields["like"] = stand.get(id(row.fields["like"]), row.fields["like"])
    return kept


def _takes_norm(row: Row) -> bool:
    return (
        row.op in {"conv", "depthwise", "linear", "transposed"}
        and row.fields["norm"] == row.fields["activation"] == "none"
    )
