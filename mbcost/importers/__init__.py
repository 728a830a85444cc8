"""Code to a layer table: a framework's network is traced, its graph read, and raised to rows as a person writes them.

The way: :mod:`tracer` (in the user's interpreter, started by :mod:`worker`) -> JSON -> :mod:`graph` -> :mod:`maps`
(layers that read maps) -> :mod:`rows` (fields that hold at every traced size) -> :mod:`nest` (branches and building
blocks) -> :mod:`compress` (repeats and blocks) -> :mod:`writing`. What comes out is costed and held against the trace.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from mbcost.dims import exact_text
from mbcost.errors import MbcostError
from mbcost.escape import yaml_quoted
from mbcost.importers.compress import compressed
from mbcost.importers.graph import Graph, Trace, read_graph
from mbcost.importers.nest import Home, nested, squeezed
from mbcost.importers.rows import plain_rows
from mbcost.importers.vary import LARGE, Tracer, Widths, points
from mbcost.importers.views import Shape
from mbcost.importers.views import fresh as fresh_view
from mbcost.importers.widths import FIRST
from mbcost.importers.worker import TIMEOUT, Worker, interpreter
from mbcost.importers.writing import quoted, table_text, word
from mbcost.network import Cost, Network, variant_of
from mbcost.tables import read_network
from mbcost.tables.code import INPUT, PICKLES, READ, input_shapes

__all__ = [
    "Imported",
    "Source",
    "at_resolutions",
    "built",
    "cost_of",
    "import_code",
    "imported",
    "interpreter",
    "neighbour",
    "raised",
    "varied",
]


Told: TypeAlias = Callable[[str], None]
"""Is told something."""


class Source(NamedTuple):
    """What is imported, and how: the code, its arguments, its input shapes, and the argument that is its width."""

    code: str
    args: dict[str, Any]
    inputs: list[list[int]]
    python: str | None = None
    timeout: float = TIMEOUT
    framework: str | None = None
    vary: str | None = None


class Imported(NamedTuple):
    """An imported table: its text, the network it reads as, and what is to be said about it."""

    text: str
    network: Network
    graph: Graph
    remarks: tuple[str, ...]


def imported(
    code: str, args: dict[str, Any], inputs: list[list[int]] | None = None, *, python: str | None = None, timeout: float | None = None,
    framework: str | None = None, vary: str | None = None, flat: bool = False, say: Told | None = None, step: Told | None = None,
) -> Imported:  # fmt: skip
    """The table of ``module:callable``, which is run, or of a file; ``say`` is told of what is run, and with what, ``step`` of how far it is.

    Raises
    ------
    MbcostError
        If it cannot be had, or what is asked for does not go with it.
    """
    if code.lower().endswith(PICKLES):
        raise MbcostError(
            f"{code[:80]} is a pickle, and unpickling runs whatever it says: it is not read",
            help="name the builder, module:callable, or save the model by torch.export as .pt2",
        )
    if code.lower().endswith(READ):
        if args or any(given is not None for given in (python, timeout, framework, vary)):
            raise MbcostError(f"{code[:80]} is read, not run", help="of the options for code it takes --input alone")
        return import_file(code, inputs, flat=flat)
    source = Source(code, args, inputs or input_shapes(INPUT), interpreter(python), timeout or TIMEOUT, framework, vary)
    if say is not None:
        say(f"runs {(code.rpartition(':')[0] or code)[:80]} with {source.python}")
    return import_code(source, flat=flat, step=step)


def import_file(path: str, inputs: list[list[int]] | None = None, *, flat: bool = False) -> Imported:
    """The table of an ONNX or TFLite file, at its own input shapes or, of ONNX, at those given.

    Raises
    ------
    MbcostError
        If a package is missing, or the file is broken.
    """
    if path.lower().endswith(".tflite"):
        from mbcost.importers.tflite_file import read_tflite

        if inputs is not None:
            raise MbcostError("a .tflite file has its input's shape", help="leave --input out")
        graph = read_graph(read_tflite(path))
    else:
        from mbcost.importers.onnx_file import own_shapes, read_onnx

        inputs = inputs or own_shapes(path)
        graph = read_graph(read_onnx(path, _sizes(inputs)))
    trace = graph.traces[0]
    shapes = []
    for value in trace.inputs:
        sides, axis = list(trace.values[value]), trace.axis(value)
        shapes.append(
            [sides[axis], *(side for i, side in enumerate(sides) if i not in {0, axis})] if axis > 0 else sides or [1]
        )
    return raised(graph, Source(path, {}, shapes), flat=flat)


def import_code(source: Source, *, flat: bool = False, step: Told | None = None) -> Imported:
    """Trace a network in the user's interpreter, and raise it to a table; ``step`` is told of how far it is.

    Raises
    ------
    MbcostError
        If the code cannot be had, raises, or takes too long.
    """
    sizes = _sizes(source.inputs)
    with Worker(
        source.code, python=interpreter(source.python), framework=source.framework, timeout=source.timeout
    ) as worker:
        if source.vary is not None:
            name, count = source.vary, 0

            def trace(alpha: Fraction, shapes: list[list[list[int]]]) -> Graph:
                nonlocal count
                if step is not None:
                    step(f"{name} {exact_text(alpha)}: {count} points traced")
                count += 1
                return read_graph(worker.ask({**source.args, name: float(alpha)}, shapes))

            return varied(trace, source, flat=flat)
        if step is not None:
            step("builds and traces the network")
        graph = read_graph(worker.ask(source.args, sizes))
        if len(sizes) > 1 and len(graph.traces) == 1:  # a network of windows: it runs at multiples of its stride alone
            further = [_resized(source.inputs, lambda side, more=more: side + more) for more in (32, 64, 128)]
            graph = read_graph(worker.ask(source.args, [source.inputs, *further]))
    return raised(graph, source, flat=flat)


def built(source: Source, points: list[tuple[Fraction, list[list[int]]]]) -> Iterator[Cost]:
    """What code builds at some alphas and input shapes, costed at each; a file is read."""
    if source.code.lower().endswith(READ):
        for _, shapes in points:
            own = source.code.lower().endswith(".tflite")
            yield import_file(source.code, None if own else shapes).network.cost(resolution=[*shapes[0][1:], 1, 1][:2])
        return
    with Worker(
        source.code, python=interpreter(source.python), framework=source.framework, timeout=source.timeout
    ) as worker:
        for alpha, shapes in points:
            args = source.args if source.vary is None else {**source.args, source.vary: float(alpha)}
            yield cost_of(read_graph(worker.ask(args, [shapes])), source._replace(inputs=shapes))


def cost_of(graph: Graph, source: Source) -> Cost:
    """What a network costs where it was traced."""
    return raised(graph, source).network.cost()


def at_resolutions(inputs: list[list[int]], resolutions: tuple[tuple[int, int], ...]) -> list[list[list[int]]]:
    """Input shapes with the map of the first input at each of some sizes; themselves where there are none."""
    if not resolutions:
        return [inputs]
    sides = inputs[0][1:]
    return [[[shape[0], *size] if shape[1:] == sides else shape for shape in inputs] for size in resolutions]


def _sizes(inputs: list[list[int]]) -> list[list[list[int]]]:
    """The sizes a network is traced at: the one asked for, an odd or even neighbour, and one for the proof."""
    if len(inputs[0]) < 2:
        return [inputs]
    third = _resized(inputs, lambda side: max(side * 6 // 7, 1))
    return [inputs, _resized(inputs, neighbour), *([third] if third != inputs else [])]


def neighbour(side: int) -> int:
    """The side nearest to another of which every halving is odd where the other's is even.

    A padding that a layer computes from its map (TensorFlow's SAME) and a fixed one give the same map at an even side or at
    an odd one, never at both; so between two such sizes they are told apart in every layer.

    >>> neighbour(224), neighbour(300)
    (225, 277)
    """
    halvings = [side]
    while halvings[-1] > 7 and len(halvings) < 6:
        halvings.append(-(-halvings[-1] // 2))
    found = []
    for last in (halvings[-1] - 1, halvings[-1] + 1):
        at = max(last, 1)
        for other in halvings[-2::-1]:
            at = 2 * at - (other % 2 == 0)
        found.append(at)
    return min(found, key=lambda one: (abs(one - side), one))


def _resized(inputs: list[list[int]], change: Any) -> list[list[int]]:
    """Input shapes with every side of the first input's map changed, and those of inputs with the same map."""
    sides = inputs[0][1:]
    return [[shape[0], *map(change, shape[1:])] if shape[1:] == sides else shape for shape in inputs]


def raised(graph: Graph, source: Source, *, flat: bool = False) -> Imported:
    """The table of a graph, held against it.

    Raises
    ------
    MbcostError
        If the table does not cost what the network does at the size asked for.
    """
    asked, *others = graph.traces
    alike = [
        trace for trace in others if len(trace.nodes) == len(asked.nodes)
    ]  # a network of windows may resize its map
    fitted = graph._replace(traces=(asked, *(alike or others)[:1]))
    for plain in (flat, True):
        rows, traces, remarks = plain_rows(fitted)
        if len(rows) == 1:
            raise MbcostError(
                f"{source.code} runs nothing that a table has a row for", help="name a network with layers of its own"
            )
        channels, height, width = rows[0].shape
        home = Home(rows, traces[0].scopes)
        items = rows[1:] if plain else nested(rows, home)
        squeezed(items)
        tables = compressed(items, home, flat=plain)
        head = _head(graph, source, traces)
        text = table_text(tables, traces[0].scopes, head, channels, (height, width))
        network = read_network(text, f"<{source.code}>")
        first = network.count()
        if (first.mult_adds, first.params) == (graph.traces[0].mult_adds, graph.params):
            break
    else:
        raise MbcostError(
            f"the table would cost {first.mult_adds:,} mult-adds and {first.params:,} params, the network "
            f"{graph.traces[0].mult_adds:,} and {graph.params:,}",
            help="this is a fault of mbcost: please report the network",
        )
    remarks = [*graph.remarks, *remarks, *_held(network, graph, traces)]
    return Imported(text, network, graph, tuple(remarks))


def varied(trace: Tracer, source: Source, *, flat: bool = False) -> Imported:
    """The table of a builder at every value of its width argument, verified at points that its widths were not found at.

    Raises
    ------
    MbcostError
        If the network changes with alpha in a way that no table says: the row, and the alpha.
    """
    inputs = source.inputs
    known: dict[tuple[Fraction, str], Graph] = {}

    def once(alpha: Fraction, shapes: list[list[list[int]]]) -> Graph:
        key = alpha, str(shapes[0])  # a graph of further sizes serves as well
        if key not in known:
            known[key] = trace(alpha, shapes)
        return known[key]

    one = once(Fraction(1), _sizes(inputs)[:2])
    reference = one
    for alpha in LARGE:
        try:
            reference = once(alpha, _sizes(inputs)[:2])
        except MbcostError:
            continue
        break
    apart: frozenset[int] = frozenset()
    for last in (False, False, True):
        rows, traces, remarks = plain_rows(reference)
        home = Home(rows, traces[0].scopes, apart)
        items = rows[1:] if flat else nested(rows, home)
        widths = Widths(once, inputs, reference, items, traces[0].scopes)
        rule, alphas = widths.search((*FIRST, alpha))
        unsaid = widths.write()
        rounding = str(rule or "floor")
        left = [] if unsaid else squeezed(items, widths.squeezes, rounding)
        if not unsaid and not left:
            break
        more = apart | {number for row in [*unsaid, *left] for number, _ in row.at.values()}
        if last or flat or more == apart:
            place = widths.place([*unsaid, *left][0])
            raise MbcostError(
                f"{place}: its squeezed widths are no ratio of the expanded width or of the input under any rule"
                if left
                else f"{place}: its expanded and its output width follow two rules, and a row has one",
                help="import it at one alpha, without --vary",
            )
        apart = more  # these layers are rows of their own
    tables = compressed(items, home, flat=flat)
    fresh = widths.fresh([*points(inputs), *widths.rough(inputs)])
    head = _head(one, source, [])
    head += [f"  vary: {quoted(source.vary or '')}", f"  traced: [{', '.join(map(exact_text, alphas))}]"]
    checked = [f"{exact_text(alpha)}@{'x'.join(map(str, shapes[0][1:]))}" for alpha, shapes, _ in fresh]
    head.append(f"  verified: [{', '.join(checked)}]")
    head.append(f"  range: [{', '.join(map(exact_text, widths.range))}]")
    if widths.undecided:
        head.append(f"  undecided: [{', '.join(map(yaml_quoted, widths.undecided))}]")
    channels, *size = _map_of(one)
    text = table_text(tables, traces[0].scopes, head, channels, (size[0], size[1]), rounding)
    network = read_network(text, f"<{source.code}>")
    said = widths.proved(network, fresh)
    return Imported(text, network, one, (*one.remarks, *remarks, *widths.undecided, *said))


def _map_of(graph: Graph) -> Shape:
    """Channels, height and width of the first input."""
    trace = graph.traces[0]
    value = trace.inputs[0]
    return fresh_view(0, trace.values[value], trace.axis(value))[1]


def _head(graph: Graph, source: Source, traces: list[Trace]) -> list[str]:
    """What stands above the rows: the name, and where the table is from."""
    code = source.code
    if os.path.isabs(code):
        code = os.path.basename(code)
    name = word(
        code.rpartition(":")[2].rpartition(".")[2] if ":" in code else os.path.splitext(os.path.basename(code))[0]
    )
    lines = ["format: 1", f"name: {name}", "imported:", f"  code: {quoted(code)}"]
    if source.args:
        args = ", ".join(f"{key}: {_plain(value)}" for key, value in source.args.items())
        lines.append(f"  args: {{{args}}}")
    lines.append(f"  input: {quoted(','.join('x'.join(map(str, shape)) for shape in source.inputs))}")
    lines.append(
        f"  versions: {{{', '.join(f'{quoted(key)}: {quoted(value)}' for key, value in graph.versions.items())}}}"
    )
    sizes = ["x".join(map(str, trace.size)) for trace in traces]
    if sizes and all(sizes):
        lines.append(f"  traced: [{', '.join(sizes)}]")
    return lines


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "~"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_plain, value))}]"
    return quoted(str(value)) if isinstance(value, str) else str(value)


def _held(network: Network, graph: Graph, fitted: list[Trace]) -> list[str]:
    """What the table costs at every traced size against the trace; and what in it is not known."""
    said = []
    if not network.count().exact:
        rows = [row.name for row in network.count().rows if not row.exact]
        shown = ", ".join(rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
        said.append(f"nobody knows the cost of {shown}: every total is a lower bound")
    for trace in graph.traces[1:]:
        size = trace.size
        sides = (size[0], size[1] if len(size) > 1 else 1)
        try:
            cost = network.count(variant_of(resolution=list(sides))).mult_adds
        except MbcostError as error:
            said.append(f"at {sides[0]} x {sides[1]} the network runs, and the table does not: {error.fact}")
            continue
        if cost != trace.mult_adds:
            said.append(
                f"at {sides[0]} x {sides[1]} the table has {cost:,} mult-adds, the network {trace.mult_adds:,}: it holds at its own size"
            )
    if graph.errors:
        said.append(f"the network does not run at every size: {graph.errors[0]}")
    if len(graph.traces) == 1 and graph.traces[0].size:
        said.append("traced at one size: whether a padding is `same` is not known")
    return said
