"""From a table to its layers: repeats unrolled, blocks called, rows named, overrides applied, sources resolved.

A layer's ``sources`` are numbers of feature maps: 0 is the network's input, i + 1 the output of layer i.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from fractions import Fraction
from itertools import islice
from typing import Any, NamedTuple

from mbcost.dims import exact_text
from mbcost.errors import MbcostError, nearest
from mbcost.layers import KINDS, Layer
from mbcost.layers.attention import Scale
from mbcost.layers.base import Kind, alike
from mbcost.layers.composite import Excite, Reduce
from mbcost.layers.conv import Conv, Linear
from mbcost.layers.custom import Custom, Unknown
from mbcost.layers.elementwise import Norm
from mbcost.network.bounds import MAX_LAYERS, MAX_VALUES
from mbcost.network.collector import uncollected
from mbcost.network.edits import NOT_GIVEN_RAW, Edits, dropped_by, row_values, substituted, text_of, unknown_field
from mbcost.network.placed import Laid, Notes, Placed
from mbcost.network.specs import Cell, GroupSpec, Item, RowSpec, TableSpec, copies, totals

__all__ = ["lay_out"]

UNSCALED = Fraction(1)
HAVING = (Conv, Linear, Norm, Scale, Reduce, Excite, Custom)
"""Layers that have weights to share."""
MAX_NAME = 1000
"""The most characters of a row's whole name, with those of the blocks around it."""
MOST_ERRORS = 200
"""The most errors that are noted before laying out gives up."""
MOST_SEARCHES = 20
"""The most of them for which the row that may be meant is searched for."""


class _Beyond(MbcostError):
    """Laying out ends here."""


class _Scope:
    """One body being laid out: the network itself or one call of a block."""

    __slots__ = ("aliases", "args", "counts", "groups", "inputs", "names", "prefix", "unknown")

    def __init__(self, prefix: str, inputs: dict[str, int], args: dict[str, Cell], unknown: bool = False) -> None:
        self.prefix = prefix
        self.inputs = inputs
        self.args = args
        self.unknown = unknown
        self.counts: dict[str, int] = {}
        self.groups = 0
        self.aliases: dict[str, str] = {}
        self.names: dict[str, int] = {}


class _Placing(NamedTuple):
    """A row about to be laid out: what it reads, its whole name, and what the variant changes in it."""

    spec: RowSpec
    table: TableSpec
    scope: _Scope
    edits: list[Edits]
    inputs: list[int]
    name: str
    changes: dict[str, Any]


@uncollected
def lay_out(table: TableSpec, edits: Edits, notes: Notes | None = None, depth: Fraction = UNSCALED) -> Placed:
    """The layers of a table under some edits; every problem is an error with its place, or goes to the notes."""
    layout = _Layout(notes, depth)
    layout.body(table, _Scope("", {"input": 0}, {}), [edits])
    layout.check(edits, None)
    return Placed(tuple(layout.layers), tuple(layout.marks))


class _Layout:
    def __init__(self, notes: Notes | None, depth: Fraction) -> None:
        self.depth = depth
        self.notes = notes
        self.read = 0
        self.layers: list[Layer] = []
        self.marks: list[tuple[TableSpec, RowSpec]] = []
        self.outputs: dict[str, int] = {}
        self.dropped: set[str] = set()
        self.freed: set[str] = set()
        self.parts: set[str] = set()
        self.values: dict[int, tuple[Kind, dict[str, Any]]] = {}
        self.later: dict[tuple[int, bool], tuple[RowSpec, RowSpec]] = {}

    def body(self, table: TableSpec, scope: _Scope, edits: list[Edits]) -> int:
        """The rows of a table below those of its base; the number of the last feature map."""
        last = 0
        if table.base is not None:
            place = table.place(table.base.line, table.base.column)
            try:
                inner = Edits(table.base.set, table.base.without)
            except MbcostError as error:
                raise error.at(place) from None
            last = self.body(table.base.table, scope, [inner, *edits])
            self.check(inner, place)
            self.freed = set(self.dropped)  # a row the base loses leaves its name to the rows below
        return self.items(table.items, table, scope, edits, last, 1)

    def check(self, edits: Edits, place: Any) -> None:
        """Every override and every glob must have found a row."""
        missed = edits.missed(self.outputs, self.dropped, self.parts)
        if missed is not None:
            raise missed.at(place)

    def items(
        self, items: tuple[Item, ...], table: TableSpec, scope: _Scope, edits: list[Edits], last: int, above: int
    ) -> int:
        """Lay out rows one below the other; ``last`` is the feature map above the first, ``above`` how often the body is repeated."""
        for item, repeat in self._repeated(items, scope, edits):
            if isinstance(item, GroupSpec):
                for copy in range(repeat):
                    last = self.items(self._copy(item.items, copy, table), table, scope, edits, last, above * repeat)
            else:
                for copy in range(repeat):
                    spec = item if copy == 0 else self._later(item, table, chained=True)
                    last = self.row(spec, table, scope, edits, last, above * repeat)
        return last

    def _repeated(self, items: tuple[Item, ...], scope: _Scope, edits: list[Edits]) -> Iterator[tuple[Item, int]]:
        """Each row or group with how often it stands there: as written or as set, at the depth asked for."""
        setting = [edit for edit in edits if edit.repeats]
        noted = [] if self.notes is None else totals(items)
        for number, (item, written_times) in enumerate(zip(items, copies(items, self.depth), strict=True)):
            repeat = written_times
            group = isinstance(item, GroupSpec)
            scope.groups += group
            if setting:
                if isinstance(item, GroupSpec):
                    names = [f"group_{scope.groups}"]
                elif item.name:
                    names = [item.name, f"{item.name}_1"]
                else:
                    names = [f"{item.op}_{scope.counts.get(item.op, 0) + 1}"]
                name = scope.prefix + names[0]
                for edit in setting:
                    times = edit.repeat([scope.prefix + one for one in names], group=group)
                    if times is not None:
                        if self.depth != 1 and item.depth not in {None, "scale", "fixed"}:
                            raise MbcostError(
                                f"the repeat of `{name}` is set, and depth {exact_text(self.depth)} spreads it over its stage `{item.depth}`",
                                help="set it at depth 1",
                            )
                        repeat = times if item.depth == "fixed" else math.ceil(self.depth * times)
                        if noted:
                            noted[number] = 0 if item.depth == "fixed" else times
            if self.notes is not None:
                self.notes.totals.add(noted[number])
            yield item, repeat

    def _copy(self, items: tuple[Item, ...], copy: int, table: TableSpec) -> tuple[Item, ...]:
        """The rows of one copy of a group: in all but the first, strides are 1 and the chain comes from the copy before."""
        if copy == 0:
            return items
        return tuple(
            self._later(item, table, chained=i == 0)
            if isinstance(item, RowSpec)
            else item._replace(items=self._copy(item.items, copy, table))
            for i, item in enumerate(items)
        )

    def _later(self, spec: RowSpec, table: TableSpec, *, chained: bool) -> RowSpec:
        """The second and later copies of a repeated row: stride 1, reading the copy before."""
        known = self.later.get((id(spec), chained))
        if known is not None:
            return known[1]
        copy = RowSpec(spec.op, spec.line, spec.column)
        copy.name, copy.repeat, copy.branches, copy.depth = spec.name, spec.repeat, spec.branches, spec.depth
        copy.sources = None if chained else spec.sources
        copy.cells = dict(spec.cells)
        copy.unknown, copy.weights_of = spec.unknown, spec.weights_of
        block = table.blocks.get(spec.op)
        if block is not None and "stride" in block.params:
            copy.cells["stride"] = Cell("1", spec.line, spec.column)
        elif block is None and "stride" in KINDS[spec.op].fields:
            copy.cells["stride"] = Cell("1", spec.line, spec.column, (1, 1), True)
        self.later[id(spec), chained] = spec, copy  # the spec is kept, so that its id stays its own
        return copy

    def row(self, spec: RowSpec, table: TableSpec, scope: _Scope, edits: list[Edits], last: int, times: int) -> int:
        """Lay out one row, and return the number of its output."""
        try:
            return self._row(spec, table, scope, edits, last, times)
        except MbcostError as error:
            place = table.place(spec.line, spec.column)
            error.at(place)
            if self.notes is None or isinstance(error, _Beyond):
                raise error from None
            if len(self.notes.errors) >= MOST_ERRORS - 1:
                fact = f"{MOST_ERRORS} rows are wrong: this one, and those below it were not looked at"
                raise _Beyond(fact, help="mend the rows above first", place=place) from None
            self.notes.errors.append(error)
            if spec.name is not None:  # those who read the row are not wrong too
                self.outputs.setdefault(scope.prefix + spec.name, last)
            return last

    def _row(self, spec: RowSpec, table: TableSpec, scope: _Scope, edits: list[Edits], last: int, times: int) -> int:
        self._spend(spec, table)
        first_layer, first_name = len(self.layers), len(self.outputs)
        first_row = 0 if self.notes is None else len(self.notes.rows)
        ends: list[int] = []
        if spec.branches is not None:
            source = self._source(spec.sources[0], scope) if spec.sources else last
            ends = [self.items(branch, table, scope, edits, source, times) for branch in spec.branches]
        written = self._name(spec, scope, times)
        name = scope.prefix + written
        if len(name) > MAX_NAME:
            raise MbcostError(
                f"the name of a row has more than {MAX_NAME:,} characters: `{name[:40]}...`",
                help="choose shorter names",
            )
        if name in self.outputs or (name in self.dropped and name not in self.freed):
            raise MbcostError(f"two rows are called `{written}`", help="give one of them another name")
        if dropped_by(name, edits):
            if len(self.layers) > first_layer:  # the rows of its branches go with it
                del self.layers[first_layer:], self.marks[first_layer:]
                if self.notes is not None:
                    del self.notes.rows[first_row:]
                gone = list(islice(reversed(self.outputs), len(self.outputs) - first_name))
                self.dropped.update(gone)
                for known in gone:
                    del self.outputs[known]
            self.dropped.add(name)
            return last
        changes: dict[str, Any] = {}
        if table.blocks.get(spec.op) is not None:
            fields: Collection[str] = table.blocks[spec.op].params
        else:
            fields = KINDS[spec.op].fields
        for edit in edits:
            changes.update(edit.fields(name, fields))
        inputs = ends or ([self._source(source, scope) for source in spec.sources] if spec.sources else [last])
        row = _Placing(spec, table, scope, edits, inputs, name, changes)
        own = len(self.layers)
        out = self._call(row) if spec.op in table.blocks else self._layers(row)
        if spec.weights_of is not None:
            self._share(spec.weights_of, scope, own)
        self.outputs[name] = out
        if self.notes is not None:
            self.notes.rows.append(Laid(table, spec, name, tuple(inputs), out))
        return out

    def _spend(self, spec: RowSpec, table: TableSpec) -> None:
        """Count what a row reads and is given: a depth multiplies it, and what is dropped costs as much."""
        self.read += max(1, len(spec.sources or ()), len(spec.branches or ()))
        if spec.op in table.blocks:
            self.read += len(table.blocks[spec.op].params)
        if self.read > MAX_VALUES:
            raise self._beyond(f"more than {MAX_VALUES:,} maps are read and parameters given")

    def _beyond(self, fact: str) -> _Beyond:
        if self.depth != 1:
            return _Beyond(f"{fact} at depth {exact_text(self.depth)}", help="choose a smaller depth")
        return _Beyond(fact, help="lower the repeats, or write fewer rows")

    def _name(self, spec: RowSpec, scope: _Scope, times: int) -> str:
        """The row's own name, numbered where it repeats; else its op with the number of that op in its body."""
        count = scope.counts.get(spec.op, 0) + 1  # named rows count as well
        scope.counts[spec.op] = count
        written = spec.name
        if written is None:
            return f"{spec.op}_{count}"
        if times == 1:
            return written
        count = scope.names.get(written, 0) + 1
        scope.names[written] = count
        scope.aliases[written] = f"{written}_{count}"
        return f"{written}_{count}"

    def _source(self, written: str, scope: _Scope, key: str = "from") -> int:
        if written in scope.inputs:
            return scope.inputs[written]
        name = scope.prefix + written
        if name not in self.outputs and scope.aliases:
            head, slash, rest = written.partition("/")
            name = scope.prefix + scope.aliases.get(head, head) + slash + rest
        number = self.outputs.get(name)
        if number is not None:
            return number
        if name in self.dropped:
            raise MbcostError(
                f"`{key}: {written}` names a row that is dropped",
                help="drop this row as well, or keep the one it reads",
            )
        close = ""
        if self.notes is None or len(self.notes.errors) < MOST_SEARCHES:
            known = [n.removeprefix(scope.prefix) for n in self.outputs if n.startswith(scope.prefix)]
            close = nearest(written, known)
        raise MbcostError(
            f"`{key}: {written}` names no earlier row of this body",
            help=f"did you mean {close}?" if close else "a row reads the rows above it in its own body, or `input`",
        )

    def _call(self, row: _Placing) -> int:
        spec, table, scope, edits, inputs, name, changes = row
        block = table.blocks[spec.op]
        expected = block.inputs or ("input",)
        if len(inputs) != len(expected):
            raise MbcostError(
                f"block `{block.name}` has {len(expected)} input{'s' * (len(expected) > 1)} and is given {len(inputs)}",
                help=f"write from: [{', '.join(expected)}] with the rows to read",
            )
        args: dict[str, Cell] = {}
        for param, default in block.params.items():
            cell = spec.cells.get(param)
            if cell is not None:
                cell = substituted(cell, scope.args)
            if param in changes:
                cell = Cell(text_of(changes.pop(param)), spec.line, spec.column)
            if cell is None or cell.raw in NOT_GIVEN_RAW:
                cell = default
            if cell is None:
                raise MbcostError(
                    f"block `{block.name}` needs `{param}`", help=f"its parameters are {', '.join(block.params)}"
                )
            args[param] = cell
        if changes:
            raise unknown_field(next(iter(changes)), spec.op, list(block.params))
        named = {"input": inputs[0], **dict(zip(expected, inputs, strict=True))}
        inner = _Scope(name + "/", named, args, scope.unknown or spec.unknown)
        return self.items(block.items, table, inner, edits, inputs[0], 1)

    def _share(self, written: str, scope: _Scope, first: int) -> None:
        """Give the layers of a row the weights of those of an earlier one, each those of its like."""
        self._source(written, scope, "weights_of")
        head, slash, rest = written.partition("/")
        owner = scope.prefix + scope.aliases.get(head, head) + slash + rest
        having = [number for number in range(first) if f"{self.layers[number].name}/".startswith(f"{owner}/")]
        layers = self.layers[first:]
        if not layers or len(having) != len(layers):
            raise MbcostError(
                f"`weights_of: {written}` has {len(having)} layers, and this row {len(layers)}",
                help="rows that share weights are written alike",
            )
        shared = False
        for number, layer in zip(having, layers, strict=True):
            if not isinstance(layer, HAVING) and getattr(layer, "activation", "") != "prelu":
                continue  # it has none
            like = self.layers[number]
            if not alike(layer, like):
                raise MbcostError(
                    f"`{like.name}` has other weights than `{layer.name}` needs",
                    help="rows that share weights agree in kind, kernel_size, groups, bias and norm",
                )
            shared = True
            layer.owner = like.owner or like.name
            layer.sources = (*layer.sources, like.sources[0], number + 1)
        if not shared:
            raise MbcostError(f"`weights_of: {written}`: that row has no weights", help="leave it out")

    def _layers(self, row: _Placing) -> int:
        spec, table, scope, edits, inputs, name, changes = row
        # a row of a repeat that nothing changes has the values of its first copy
        cached = self.values.get(id(spec)) if not changes and not scope.args else None
        if cached is None:
            kind = KINDS[spec.op]
            for edit in edits:
                if edit.defaults:
                    edit.takes_defaults(spec.op, kind.fields)
            cached = kind, row_values(spec, table, scope.args, changes, edits)
            if not changes and not scope.args:
                self.values[id(spec)] = cached
        kind, values = cached
        several = kind.inputs == "several"
        if several and len(inputs) < 2:
            raise MbcostError(f"`{spec.op}` needs two inputs or more", help="give `branches`, or from: [a, b]")
        if not several and len(inputs) != 1:
            raise MbcostError(
                f"`{spec.op}` reads one row and is given {len(inputs)}",
                help="join them with add, concat or multiply first",
            )
        for key in ("like", "of"):  # a row whose map, or whose channels, this one is measured by
            if values.get(key) is not None:
                inputs = [*inputs, self._source(values[key], scope, key)]
        parts = kind.build(values)
        first = len(self.layers)
        numbers: list[int] = []
        for part, layer, wanted in parts:
            sources = tuple(inputs) if several else tuple(numbers[s] if s >= 0 else inputs[-1 - s] for s in wanted)
            full = f"{name}/{part}" if part else name
            if part:
                self.parts.add(full)
                if dropped_by(full, edits):
                    self.dropped.add(full)
                    numbers.append(sources[1] if isinstance(layer, Excite) else sources[0])
                    continue
                if isinstance(layer, Excite) and not isinstance(self.layers[-1], Reduce):
                    raise MbcostError(
                        f"`{full}` is left without its first half",
                        help=f"drop both: {name}/*se* or {name}/reduce and {name}/expand",
                    )
            layer.name = full
            layer.op = spec.op
            layer.coded = values.get("coded", "module")
            layer.prelu = values.get("prelu_params", "channel")
            layer.sources = sources
            layer.owner = ""
            self.layers.append(layer)
            self.marks.append((table, spec))
            if len(self.layers) > MAX_LAYERS:
                raise self._beyond(f"more than {MAX_LAYERS:,} layers")
            numbers.append(len(self.layers))
            if part:
                self.outputs[full] = len(self.layers)
        if spec.unknown or scope.unknown:
            self.layers[first:] = [Unknown(layer) for layer in self.layers[first:]]
        return numbers[-1]
