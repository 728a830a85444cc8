"""The public API: what the commands can, Python can.

A :class:`Network` is what :func:`mbcost.load` gives; its methods are the commands. The rooms below know nothing of this one,
which owns what needs several of them: arrays and grids, closed forms, solving, comparing, notebooks.

>>> import mbcost
>>> v1 = mbcost.load("mobilenet_v1")
>>> v1.cost("0.75", resolution=192).mult_adds
239273472
>>> v1.solve(max_mult_adds="300M", resolution=224).alpha
Fraction(737, 1024)
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from mbcost import network as counting
from mbcost.errors import MbcostError
from mbcost.network import PLAIN, Variant, variant_of
from mbcost.quantities import BASIC, bits_of, find, limitable, measured, select
from mbcost.separated import grid as grids
from mbcost.solve import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Literal, Unpack

    from mbcost.analysis.compare import BareConv, Comparison
    from mbcost.analysis.conventions import Counted
    from mbcost.analysis.diff import Difference
    from mbcost.analysis.explain import Explanation
    from mbcost.analysis.sensitivity import Sensitivity
    from mbcost.budgets.history import Entry
    from mbcost.budgets.specs import Outcome
    from mbcost.conventions import Convention
    from mbcost.dims import Rounding
    from mbcost.importers.live import Shapes
    from mbcost.lint import Report
    from mbcost.memory.measures import Peak
    from mbcost.memory.roofline import Roofline
    from mbcost.network.variant import Words
    from mbcost.papers import TableResult
    from mbcost.separated.arrays import ArrayCost, ArrayGrid
    from mbcost.separated.arrays.reading import Array
    from mbcost.symbolic import Formula

__all__ = [
    "Cost", "Grid", "IdealCost", "Network", "Solution", "answering", "check", "compare", "conv", "diff", "explorer", "from_builder", "from_code",
    "from_module", "history", "load", "loads", "models", "reproduce", "schema",
]  # fmt: skip

Number: TypeAlias = int | str | float | Fraction
"""An exact number: 3, ``"0.75"``, ``"3/4"``, a Fraction, or a float, read as its shortest decimal."""

Size: TypeAlias = int | str | tuple[int, int] | list[int]
"""A resolution: 192, ``"192x256"`` or (192, 256), height before width."""


class Cost(counting.Cost):
    """A costed network: its rows, their sums, and how a notebook shows them.

    Examples
    --------
    >>> import mbcost
    >>> cost = mbcost.load("mobilenet_v1").cost(alpha="0.75", resolution=192)
    >>> cost
    <Cost of mobilenet_v1, alpha 0.75, resolution 192 x 192: 239,273,472 mult-adds, 2,585,560 params>
    >>> cost.as_dicts()[1]["name"], cost.as_dicts()[1]["mult_adds"]
    ('separable_1/depthwise', 1990656)
    """

    __slots__ = ()

    def as_dicts(self) -> list[dict[str, Any]]:
        """One dictionary a row, with the keys of ``mbcost table -f json``; every quantity a row has stands beside the others."""
        from mbcost.report.costed import layer_keys

        return [{**layer, **layer.pop("quantities", {})} for layer in layer_keys(self)]

    def to_pandas(self) -> Any:
        """The rows as a ``pandas.DataFrame``, one column a key of :meth:`as_dicts`.

        Raises
        ------
        MbcostError
            If pandas is not installed.
        """
        return _frame(self.as_dicts(), "cost.as_dicts() needs nothing else")

    def explain(self, layer: str) -> list[Explanation]:
        """The formulas of one layer, in symbols and with its numbers put in.

        >>> import mbcost
        >>> line = mbcost.load("mobilenet_v1").cost().explain("separable_1/pointwise")[0]
        >>> print(line.quantity, "=", line.symbols, "=", line.digits, "=", line.value)
        mult_adds = M * N * D_F * D_F = 32 * 64 * 112 * 112 = 25690112
        """
        from mbcost.analysis.explain import explain

        return explain(self, layer)[1]

    def __repr__(self) -> str:
        return f"<Cost of {self._where()}: {self.mult_adds:,} mult-adds, {self.params:,} params>"

    def _where(self) -> str:
        said = self.variant.words()
        return ", ".join([self.network.name, *[said[key] for key in ("alpha", "depth", "resolution") if key in said]])

    def _repr_html_(self) -> str:
        from mbcost.report import Report
        from mbcost.report.costed import costed_rows
        from mbcost.report.heads import heading
        from mbcost.report.html import html

        rows = costed_rows(self, select(None, BASIC))
        return "\n".join(map(html, Report("table/2", heading(self), {"layers": rows}).tables("people")))


class IdealCost(Cost):
    """The cost of an idealised network: nothing is rounded, so that amounts are Fractions where they are not whole."""

    __slots__ = ()

    @property
    def mult_adds(self) -> int | Fraction:  # type: ignore[override]
        """Mult-adds of the whole network."""
        return self.total("mult_adds")

    @property
    def params(self) -> int | Fraction:  # type: ignore[override]
        """Parameters of the whole network."""
        return self.total("params")

    def __repr__(self) -> str:
        return f"<Idealised cost of {self._where()}: {self.mult_adds} mult-adds, {self.params} params>"


class Grid(grids.Grid):
    """Costs over an outer grid of alphas and resolutions, and how a notebook shows them."""

    def as_dicts(self) -> list[dict[str, Any]]:
        """One dictionary a point: alpha, resolution, mult_adds, params."""
        return [
            {"alpha": alpha, "resolution": size, "mult_adds": work, "params": weights}
            for alpha, size, work, weights in self
        ]

    def to_pandas(self) -> Any:
        """The points as a ``pandas.DataFrame``, one column a key of :meth:`as_dicts`."""
        return _frame(self.as_dicts(), "grid.as_dicts() needs nothing else")

    def _repr_html_(self) -> str:
        from mbcost.report import Column, Table
        from mbcost.report.html import html

        columns = (
            Column("alpha", "alpha", "number"), Column("resolution", "resolution", "shape"),
            Column("mult_adds", "mult-adds", "count"), Column("params", "params", "count"),
        )  # fmt: skip
        return html(Table(f"{self.network.name}, {len(self)} points", columns, tuple(map(tuple, self))))


class Solution(answers.Solution):
    """The largest network within limits, and how a notebook shows it.

    ``alpha`` and ``size`` (height, width) are what to type, ``values`` its cost by quantity, ``step`` the alphas that give the
    same network, ``next`` the next network, which breaks the limit on the quantity ``binding``.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        from mbcost.dims import exact_text

        values = ", ".join([f"{value:,} {name}" for name, value in self.values.items()])
        return f"<Solution alpha {exact_text(self.alpha)}, resolution {self.size[0]} x {self.size[1]}: {values}>"

    def _repr_html_(self) -> str:
        from mbcost.report import Column, Table
        from mbcost.report.html import html

        points = [("best", self.alpha, self.size, self.values)]
        if self.next is not None:
            points.append(("next", self.next.alpha, self.next.size, self.next.values))
        columns = [
            Column("point", "point", "text"),
            Column("alpha", "alpha", "number"),
            Column("resolution", "resolution", "shape"),
        ]
        columns += [Column(name, measured(name).heading, "count") for name in self.values]
        rows = [(point, alpha, size, *[values[name] for name in self.values]) for point, alpha, size, values in points]
        return html(Table("the largest within the limits", tuple(columns), tuple(rows)))


class Network(counting.Network):
    """A family of networks: a layer table with alpha and rho left open. Made by :func:`mbcost.load`. Immutable.

    Every method takes the same words for which member is meant and how it is counted, those of :meth:`cost`.
    """

    __slots__ = ()

    @overload  # type: ignore[override]
    def cost(
        self, alpha: Array, rho: Number | Array | None = None, resolution: Size | Array | None = None, **variant: Unpack[Words]
    ) -> ArrayCost: ...  # fmt: skip
    @overload
    def cost(
        self, alpha: Number | None, rho: Array, resolution: None = None, **variant: Unpack[Words]
    ) -> ArrayCost: ...
    @overload
    def cost(
        self, alpha: Number | None = None, rho: None = None, *, resolution: Array, **variant: Unpack[Words]
    ) -> ArrayCost: ...
    @overload
    def cost(
        self, alpha: Number | None = None, rho: Number | None = None, resolution: Size | None = None, *, ideal: Literal[True],
        **variant: Unpack[Words],
    ) -> IdealCost: ...  # fmt: skip
    @overload
    def cost(
        self, alpha: Number | None = None, rho: Number | None = None, resolution: Size | None = None, *, ideal: Literal[False] = ...,
        **variant: Unpack[Words],
    ) -> Cost: ...  # fmt: skip
    def cost(
        self, alpha: Any = None, rho: Any = None, resolution: Any = None, *, depth: object = None, batch: int = 1,
        rounding: str | Rounding | None = None, convention: str | Convention = "torch", standard: bool = False,
        classes: int | None = None, set: Mapping[str, object] | None = None, without: Iterable[str] = (),
        memory_rule: str = "liveness", ideal: bool = False,
    ) -> Cost | IdealCost | ArrayCost:  # fmt: skip
        """Cost the network at one point.

        Parameters
        ----------
        alpha : int, str, float, Fraction or NumPy array
            Width multiplier, exact: a float is read as its shortest decimal. Arrays broadcast, and the totals are arrays.
        depth : int, str, float or Fraction
            Depth multiplier, exact: a repeat is ceil(depth * repeat) copies, unless its row says otherwise.
        rho, resolution
            Resolution multiplier (each side becomes floor(rho * base + 1/2)), or the resolution itself: 192, ``"192x256"``.
        batch : int
            Images a pass; multiplies mult-adds, not params.
        rounding : str, optional
            Replaces the table's rule: ``floor``, ``divisor:8``, ``floor+divisor:8``, ``none``.
        convention : str
            The counting rule: what becomes a mult-add and a param (``mbcost conventions`` lists them).
        standard : bool
            The standard twin: each depthwise + pointwise pair as the convolution it factorises.
        classes, set, without
            Another number of classes, fields of rows replaced, rows dropped.
        memory_rule : str
            What is alive while the network runs (``configs/memory.yaml``), or ``FILE:NAME``.
        ideal : bool
            The idealised network: nothing is rounded, strides divide evenly; costs are Fractions where not whole.

        Raises
        ------
        MbcostError
            If a word is wrong, or there is no such network: a map vanishes, groups do not divide, no rule rounds a width.

        Examples
        --------
        >>> import mbcost
        >>> v1 = mbcost.load("mobilenet_v1")
        >>> v1.cost().mult_adds, v1.cost(standard=True).mult_adds
        (568740352, 4867293184)
        >>> v1.cost(set={"separable_13.stride": 2}).mult_adds     # Table 1 as it is printed
        533833216
        """
        rest = batch, rounding, convention, standard, classes, set, without, memory_rule, depth
        if hasattr(alpha, "ndim") or hasattr(resolution, "ndim") or hasattr(rho, "ndim"):
            from mbcost.separated.arrays import cost_at

            found = cost_at(self, alpha, rho, resolution, variant_of(None, None, None, *rest), ideal)
            return found if hasattr(found, "shape") else _known(found, ideal)  # type: ignore[return-value]
        return self.count(variant_of(alpha, rho, resolution, *rest), ideal=ideal)

    def count(self, variant: Variant = PLAIN, *, ideal: bool = False) -> Cost:
        """Cost the network as a variant asks: :meth:`cost` for a question that has been read."""
        return _known(super().count(variant, ideal=ideal), ideal)

    @overload
    def grid(self, alphas: Array, resolutions: Any = None, **variant: Unpack[Words]) -> ArrayGrid: ...
    @overload
    def grid(self, alphas: Sequence[Number], resolutions: Array, **variant: Unpack[Words]) -> ArrayGrid: ...
    @overload
    def grid(
        self, alphas: Sequence[Number], resolutions: Sequence[Size] | None = None, **variant: Unpack[Words]
    ) -> Grid: ...
    def grid(self, alphas: Any, resolutions: Any = None, **variant: Unpack[Words]) -> Grid | ArrayGrid:
        """Cost the network over an outer grid of alphas and resolutions, exact and fast; the other options are those of :meth:`cost`.

        Lists give lists of integers; NumPy arrays give int64 arrays. Without resolutions there is one, the table's own.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").grid(["0.25", "0.5"], [128, 224]).mult_adds
        [(13570048, 41030272), (49160192, 149497088)]
        """
        from mbcost.dims import parse_alpha, parse_resolution

        if resolutions is None:
            resolutions = [self.base_resolution]
        for what, values in (("alphas", alphas), ("resolutions", resolutions)):
            if isinstance(values, str) or not hasattr(values, "__iter__"):
                raise MbcostError(
                    f"{what} must be a list, not {type(values).__name__}",
                    help=f"write {what}=[{'0.5, 1' if what == 'alphas' else '192, 224'}]",
                )
        asked = variant_of(**variant)
        if hasattr(alphas, "dtype") or hasattr(resolutions, "dtype"):
            from mbcost.separated.arrays import grid_of

            return grid_of(self, alphas, resolutions, asked)
        found = Grid(self, list(map(parse_alpha, alphas)), list(map(parse_resolution, resolutions)), asked)
        if not len(found):
            raise MbcostError("the grid has no points", help="give at least one alpha and one resolution")
        return found

    def formula(self, **variant: Unpack[Words]) -> Formula:
        """The closed form in alpha and rho, idealised and realised (imports SymPy); the options are those of :meth:`cost`.

        >>> import mbcost
        >>> mbcost.load("mobilenet_v1").formula().idealised.mult_adds
        1024000*alpha + rho**2*(539492352*alpha**2 + 28224000*alpha)
        """
        from mbcost.symbolic import Formula

        return Formula(self, variant_of(**variant))

    def sensitivity(self, **variant: Any) -> Sensitivity:
        """How the cost reacts to alpha and rho at one point: derivatives, elasticities, shares by kind; the options are those of :meth:`cost`.

        >>> import mbcost
        >>> round(float(mbcost.load("mobilenet_v1").sensitivity().partials[0].elasticity), 4)
        1.9486
        """
        from mbcost.analysis.sensitivity import sensitivity

        return sensitivity(self, variant_of(**variant))

    def solve(
        self, alpha: Any = None, rho: Any = None, resolution: Any = None, *, bits: int | None = None, weight_bits: int | None = None,
        activation_bits: int | None = None, **limits_and_variant: Any,
    ) -> Solution | None:  # fmt: skip
        """The largest network of the family within every limit, exactly; None where there is none.

        Parameters
        ----------
        alpha, rho, resolution
            What is fixed: one value, or a list of several. Without an alpha the resolution is fixed (the table's own if none
            is given) and alpha is found; with an alpha and no resolution, the resolution is.
        bits, weight_bits, activation_bits : int, optional
            The bit widths of limits in bytes.
        **limits_and_variant
            ``max_mult_adds="300M"``, ``min_params=...``, ... : limits on the quantities of ``mbcost solve``; the rest are
            the options of :meth:`cost`.

        Raises
        ------
        MbcostError
            If there is no limit, limits contradict each other, or a row's cost is not known, so that no total is.

        Examples
        --------
        >>> import mbcost
        >>> best = mbcost.load("mobilenet_v1").solve(max_mult_adds="300M", resolution=224)
        >>> best.alpha, best.values["mult_adds"], best.next.values["mult_adds"]
        (Fraction(737, 1024), 299816242, 300711737)
        >>> mbcost.load("mobilenet_v1").solve(max_params=10_000)
        """
        from mbcost.solve.family import limited
        from mbcost.solve.ranges import axes_of
        from mbcost.solve.solver import Solver

        given, variant = [], {}
        for word, value in limits_and_variant.items():
            bound, _, name = word.partition("_")
            if bound not in {"max", "min"}:
                variant[word] = value
            elif value is not None:
                given.append((bound, find(name, word, limitable("solve")), value, word))
        if not given:
            raise MbcostError("solve needs a limit", help='give max_mult_adds="300M" or another max_... or min_...')
        widths = bits_of(bits, weight_bits, activation_bits)
        limits = limited(given, widths)
        solver = Solver(self, variant_of(**variant), [*BASIC, *[limit.quantity for limit in limits]], widths)
        answer = answers.Answer(self, solver, limits, *axes_of(self, alpha, rho, resolution), [])
        if not answer.solutions:
            return None
        best = Solution(*answer.solutions[0])
        if not all(limit.least for limit in limits):
            cost = self.count(solver.variant.at(best.alpha, best.size))
            if not cost.exact:
                from mbcost.report.heads import bound as lower_bound

                raise MbcostError(
                    f"no network is known to be within the limits: every cost is {lower_bound(cost)}",
                    help="state the cost of these rows in the table",
                )
        return best

    def compare(self, **variant: Any) -> Comparison:
        """Standard against depthwise separable convolution, layer by layer; the options are those of :meth:`cost`.

        >>> import mbcost
        >>> found = mbcost.load("mobilenet_v1").compare()
        >>> found.total.standard.mult_adds, found.total.separable.mult_adds
        (4867293184, 568740352)
        """
        from mbcost.analysis.compare import against_twin

        return against_twin(self, variant_of(**variant))[1]

    def diff(self, other: counting.Network | str, **variant: Any) -> Difference:
        """What ``other`` adds to, removes from and changes in this network, layer by layer.

        ``other`` is a network, or a text as :func:`mbcost.diff` takes it. The options are those of :meth:`cost`.

        >>> import mbcost
        >>> v1 = mbcost.load("mobilenet_v1")
        >>> [(change.mark, change.name) for change in v1.diff(v1.having(without=["softmax_1"])).changed]
        [('-', 'softmax_1')]
        """
        return diff(self, other, **variant)

    def conventions(self, **variant: Any) -> list[Counted]:
        """The totals under every counting rule; the options are those of :meth:`cost`.

        >>> import mbcost
        >>> [(found.convention.name, found.reported) for found in mbcost.load("mobilenet_v1").conventions()][:2]
        [('paper', 568740352), ('torch', 1137480704)]
        """
        from mbcost.analysis.conventions import Tally, side_by_side
        from mbcost.conventions import available

        return side_by_side(Tally(self.count(variant_of(**variant)).rows), available().values())

    def lint(self, **variant: Any) -> Report:
        """What is probably not meant in the table, and what is wrong at this point; the options are those of :meth:`cost`.

        >>> import mbcost
        >>> [finding.code for finding in mbcost.load("mobilenet_v1").lint(alpha="0.35").findings][:2]
        ['MB301', 'MB301']
        """
        from mbcost.lint import inspect

        return inspect(self, variant_of(**variant))

    def memory(self, **variant: Any) -> Peak:
        """The most feature maps alive at once, the step where that is, and the tensors; the options are those of :meth:`cost`.

        >>> import mbcost
        >>> found = mbcost.load("mobilenet_v2").memory()
        >>> found.elements, found.step
        (1505280, 'inverted_residual_2/depthwise')
        """
        from mbcost.memory.measures import peak

        return peak(self.count(variant_of(**variant)))

    def roofline(
        self, ridge_point: Number | None = None, *, device: str | None = None, bits: int | None = None, weight_bits: int | None = None,
        activation_bits: int | None = None, **variant: Any,
    ) -> Roofline:  # fmt: skip
        """What waits for compute and what for memory, layer by layer, and the modelled time.

        A device is one by its name, or a ridge point in mult-adds a byte; the other options are those of :meth:`cost`.

        >>> import mbcost
        >>> found = mbcost.load("mobilenet_v2").roofline(device="pixel-6-cpu")
        >>> found.layers[0].bound, found.model_time >= found.bound
        ('memory', True)
        """
        from mbcost.dims.bits import ridge_point_of
        from mbcost.memory.roofline import roofline
        from mbcost.memory.rules import device as device_of

        if (ridge_point is None) == (device is None):
            raise MbcostError("a roofline is that of a device", help='give device="pixel-6-cpu", or ridge_point=31.2')
        point = ridge_point_of(str(ridge_point)) if device is None else device_of(device).ridge_point
        return roofline(self.count(variant_of(**variant)), point, bits_of(bits, weight_bits, activation_bits))

    def show(self, *, expanded: bool = False) -> str:
        """The layer table as YAML; ``expanded`` writes out every default, and the parts of composites.

        >>> import mbcost
        >>> v2 = mbcost.load("mobilenet_v2")
        >>> mbcost.loads(v2.show(expanded=True)).cost(alpha="0.35").mult_adds == v2.cost(alpha="0.35").mult_adds
        True
        """
        if expanded:
            from mbcost.tables.writer import expanded as written

            return written(self.table)
        return self.table.text

    def __repr__(self) -> str:
        height, width = self.base_resolution
        return f"<Network {self.name}: {height} x {width}, rounding {self.rounding or 'not stated'}>"

    def _repr_html_(self) -> str:
        try:
            return self.cost()._repr_html_()
        except MbcostError:  # it may be a network at other points
            from mbcost import escape

            return escape.html(repr(self))


def _known(found: counting.Cost, ideal: bool) -> Cost:
    """A cost with all that this room knows of one."""
    return (IdealCost if ideal else Cost)(found.network, found.variant, found.placed, found.rows)


def answering(found: counting.Network) -> Network:
    """A network that answers everything."""
    return Network(found.table, found.own, found.scaling)


def _frame(rows: list[dict[str, Any]], instead: str) -> Any:
    try:
        import pandas
    except ImportError:
        raise MbcostError("pandas is not installed", help=f"install pandas; {instead}") from None
    return pandas.DataFrame(rows)


def load(name_or_path: str) -> Network:
    """Load a network: a shipped model by its name, or a layer table by its path.

    Parameters
    ----------
    name_or_path : str
        ``"mobilenet_v1"``, ``"models/net.yaml"``, or ``"-"`` for standard input. What ends in ``.yaml`` or ``.yml`` or
        has a path separator is a path.

    Raises
    ------
    MbcostError
        If there is no such model or file, or the table is wrong: every problem, with its place and the way out.

    Examples
    --------
    >>> load("mobilenet_v2").cost().mult_adds
    300774272
    """
    from mbcost import tables

    return answering(tables.load(name_or_path))


def loads(text: str, file: str = "<text>") -> Network:
    """A network from the text of a layer table; ``file`` is what messages call it.

    Raises
    ------
    MbcostError
        If the table is wrong: every problem, with its place and the way out.

    Examples
    --------
    >>> loads('''
    ... format: 1
    ... input: {channels: 3, resolution: 224}
    ... layers: [{op: conv, kernel_size: 3, out_channels: 32, stride: 2, norm: none, bias: false}]
    ... ''').cost().mult_adds
    10838016
    """
    from mbcost.tables import read_network

    return answering(read_network(text, file))


def models() -> list[str]:
    """The names that :func:`load` takes: of the shipped tables, and of the members of their families that have names.

    >>> "mobilenet_v1" in models(), "efficientnet_b3" in models()
    (True, True)
    """
    from mbcost import tables

    return sorted({*tables.models(), *tables.scalings()})


def from_module(model: Any, input: Shapes = (3, 224, 224)) -> Network:
    """The network of a live PyTorch or Keras model, traced in this process.

    The model is left as it was: parameters, buffers, device, mode, hooks and random state.

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        The model, on any device.
    input : tuple of int, or list of tuples
        The shape of its input without the batch, channels first; several for several inputs.

    Raises
    ------
    MbcostError
        If it is no such model, or does not run at this input.
    """
    from mbcost.importers.live import import_model

    return answering(import_model(model, input).network)


def from_builder(
    build: Callable[..., Any], input: Shapes = (3, 224, 224), *, vary: str | None = None, **args: Any
) -> Network:
    """The network that a builder makes with some arguments: built without memory for its weights, then traced.

    ``vary`` names the builder's width argument, ``width_mult`` for one: the network is traced at several of its values, and
    has alpha, base widths and a rounding rule.

    Raises
    ------
    MbcostError
        If it makes no PyTorch or Keras model, or one that does not run at this input.
    """
    from mbcost.importers.live import import_builder

    return answering(import_builder(build, input, vary=vary, **args).network)


def from_code(
    code: str, input: Sequence[int] | None = None, *, vary: str | None = None, args: Mapping[str, object] | None = None,
    python: str | None = None, framework: str | None = None, timeout: float | None = None,
) -> Network:  # fmt: skip
    """The network of ``module:callable``, ``file.py:callable``, or a .pt2, .keras, .onnx or .tflite file, as ``mbcost import`` has it.

    Code runs in an interpreter of its own, which ``python`` names, with the arguments ``args``, ``timeout`` seconds at most;
    ONNX and TFLite files are read. ``input`` is the shape of its input without the batch, channels first.

    Raises
    ------
    MbcostError
        If the code cannot be had, raises or takes too long, or the file is broken.
    """
    from mbcost.importers import imported

    shapes = None if input is None else [list(input)]
    found = imported(code, dict(args or {}), shapes, python=python, timeout=timeout, framework=framework, vary=vary)
    return answering(found.network)


def _at(model: counting.Network | str, variant: dict[str, Any], *, revisions: bool = False) -> Cost:
    """The cost of a network, or of a model named with its point."""
    if isinstance(model, str):
        from mbcost.tables.points import at_point

        if revisions:
            from mbcost.budgets.git import is_revision_path, load_at

            if is_revision_path(model):
                return answering(load_at(model)).count(variant_of(**variant))
            name, variant = at_point(variant, model, "{}=")
            if is_revision_path(name):
                return answering(load_at(name)).count(variant_of(**variant))
        else:
            name, variant = at_point(variant, model, "{}=")
        return load(name).count(variant_of(**variant))
    return answering(model).count(variant_of(**variant))


def compare(*models: counting.Network | str, **variant: Any) -> tuple[Cost, ...]:
    """Several networks side by side, each at a point of its own.

    Parameters
    ----------
    *models : Network or str
        Networks, or names and paths as :func:`load` takes them, with a point where one is meant: ``"mobilenet_v1@0.5/160"``.
    **variant
        The options of :meth:`Network.cost`, for all of them.

    Raises
    ------
    MbcostError
        If there is no such model, or a point and an option set the same.

    Examples
    --------
    >>> [cost.mult_adds for cost in compare("mobilenet_v1@0.5/160", "mobilenet_v2")]
    [76524800, 300774272]
    """
    return tuple([_at(model, variant) for model in models])


def diff(old: counting.Network | str, new: counting.Network | str, **variant: Any) -> Difference:
    """What ``new`` adds to, removes from and changes in ``old``, layer by layer.

    Either is a network, or a text as :func:`compare` takes it, or ``"REV:path"`` of a layer table in git.

    Raises
    ------
    MbcostError
        If there is no such model, revision or file, or the question is wrong.

    Examples
    --------
    >>> diff("mobilenet_v1", "mobilenet_v1@0.5")
    <Difference mobilenet_v1 -> mobilenet_v1: 28 of 30 layers, -419243264 mult-adds>
    """
    from mbcost.analysis.diff import difference

    return difference(*[_at(model, variant, revisions=True) for model in (old, new)])


def check(*budgets: str, base: str | None = None, strict: bool = False) -> Outcome:
    """Hold budgets files against their networks; without one, ``mbcost-budgets.yaml`` here or above.

    Parameters
    ----------
    *budgets : str
        Paths of budgets files.
    base : str, optional
        What growth is measured from: a revision of the repository, or a saved report (``FILE.json``).
    strict : bool
        Whether going over a warning limit fails too.

    Returns
    -------
    Outcome
        ``passed``, and the results: ``failures``, ``warnings``.

    Raises
    ------
    MbcostError
        If a file is wrong, or names a model that is.
    """
    from mbcost.budgets.evaluate import check as held
    from mbcost.budgets.reading import find_file, read_budgets

    files = [read_budgets(path) for path in dict.fromkeys(budgets or (find_file(),))]
    return held(files, base, strict=strict)


def history(file: str) -> list[Entry]:
    """The runs that ``mbcost check --append FILE`` wrote: an entry a run and network, each with the one before.

    Raises
    ------
    MbcostError
        If there is no such file, or a line of it is no run.
    """
    from mbcost.budgets.history import read_history

    return read_history(file)


def conv(
    m: int, n: int, kernel_size: int | tuple[int, int] = 3, *, size: Size, stride: int | tuple[int, int] = 1, alpha: Number = 1,
    rho: Number = 1, rounding: str = "floor", batch: int = 1, convention: str | Convention = "torch",
) -> BareConv:  # fmt: skip
    """One convolution of M to N channels without bias or norm: standard, and depthwise + pointwise in its place.

    >>> found = conv(512, 512, size=14)
    >>> found.standard.mult_adds, sum(row.mult_adds for row in found.sides["separable"]), found.theory
    (462422016, 52283392, Fraction(521, 4608))
    """
    from mbcost.analysis.compare import bare_conv
    from mbcost.dims import Arithmetic, parse_alpha, parse_resolution, parse_rho, parse_rounding, scaled_resolution
    from mbcost.layers.base import COUNT, PAIR

    asked = variant_of(convention=convention, batch=batch)
    factor = parse_alpha(alpha)
    map_size = scaled_resolution(parse_resolution(size), parse_rho(rho))
    arith = Arithmetic(factor.numerator, factor.denominator, parse_rounding(rounding))
    channels = COUNT.read(str(m)), COUNT.read(str(n))
    window, step = (
        PAIR.read(str(side) if isinstance(side, int) else list(map(str, side))) for side in (kernel_size, stride)
    )
    return bare_conv(*channels, window, map_size, step, arith, asked.convention, batch)


def reproduce(paper: str, tables: Iterable[str] | None = None) -> tuple[TableResult, ...]:
    """The published tables of a shipped paper, or of a paper file, each cell with its verdict.

    >>> sum(cell.verdict == "match" for table in reproduce("mobilenet_v1", ["4"]) for cell in table.cells)
    3
    """
    from mbcost import papers

    return papers.reproduce(papers.load(paper), tables)


def explorer(
    *models: counting.Network | str, depths: Sequence[Number] = (), bits: int | None = None, **limits_and_variant: Any
) -> str:
    """One HTML file with sliders for some networks, as text: what ``mbcost explore`` writes.

    ``models`` are networks, or texts as :func:`compare` takes them: the page opens at their points. ``max_mult_adds="300M"``
    and other limits are those it begins with; the rest are the options of :meth:`Network.cost`.

    >>> explorer("mobilenet_v1@0.5/160").startswith("<!doctype html>")
    True
    """
    from mbcost.dims import parse_depth
    from mbcost.explore.packing import begun, page, placed, shipped

    known = limitable("check")
    limits = {word: limits_and_variant.pop(word) for word in list(limits_and_variant) if word.startswith("max_")}
    budgets = begun((find(word.removeprefix("max_"), word, known), value, word) for word, value in limits.items())
    networks, points = placed(models, load)
    return page(
        networks, shipped(), variant=variant_of(**limits_and_variant), budgets=budgets, bits=bits_of(bits).both or 0, points=points,
        depths=list(map(parse_depth, depths)),
    )  # fmt: skip


def schema(*, budgets: bool = False) -> dict[str, Any]:
    """The JSON Schema of layer tables, or of budgets files, for editors.

    >>> schema()["title"]
    'mbcost layer table'
    """
    if budgets:
        from mbcost.budgets.schema import schema as budgets_schema

        return budgets_schema()
    from mbcost.tables.schema import table_schema

    return table_schema()
