"""The computed side: what a setting counts, exactly."""

from __future__ import annotations

from fnmatch import fnmatchcase
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mbcost.dims import parse_alpha, parse_rho, scaled_resolution
from mbcost.errors import MbcostError, Place, nearest
from mbcost.papers import printed
from mbcost.papers.facts import said, unit_rows, units
from mbcost.papers.settings import HELD, merged, variant_in
from mbcost.papers.specs import Paper, Setting, Word
from mbcost.tables import load, read_network

if TYPE_CHECKING:
    from mbcost.layers import Row
    from mbcost.network import Cost, Network

__all__ = ["Computer", "bare_convolution"]

PAPER_BITS = 16
"""Bits an activation, in V2 Table 3."""


class Computer:
    """Computes the cells of one paper; every network is read once and every variant costed once."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self._networks: dict[str, Network] = {}
        self._costs: dict[Any, Cost] = {}

    def computable(self, setting: Setting) -> bool:
        """Whether a setting says what is to be computed."""
        return any(key in setting for key in ("model", "conv", "equals"))

    def value(self, setting: Setting) -> Fraction | str:
        """What a setting counts: an exact number, or the text an architecture table has for a layer."""
        if "equals" in setting:
            return self._published(setting)
        if "words" in setting:
            rows = self.cost(setting).rows
            self._layer(setting, rows)
            return said(setting, rows)
        value = self._count(setting)
        if "per" in setting:
            own = {key: setting[key] for key in ("quantity",) if key in setting}
            value = _ratio(value, self._count(merged(own, setting["per"])))
        return value

    def cost(self, setting: Setting) -> Cost:
        """The costed network of a setting."""
        variant, conv = variant_in(setting), setting.get("conv")
        key = repr((setting.get("model"), variant, conv, setting.get("form")))
        if key not in self._costs:
            if conv is not None:
                self._costs[key] = bare_convolution(
                    conv, setting.get("form", "standard"), variant.alpha, 1 if variant.rho is None else variant.rho
                ).count()
            else:
                model = setting.get("model")
                if model is None:
                    raise MbcostError("no network is named", help="give `model: NAME`")
                if model not in self._networks:
                    self._networks[model] = self._load(model)
                self._costs[key] = self._networks[model].count(variant)
        return self._costs[key]

    def _load(self, model: str) -> Network:
        try:
            return load(model)
        except MbcostError as error:
            raise error.at(self.place(model)) from None

    def place(self, word: str) -> Place | None:
        """Where a word of the paper file stands."""
        return self.paper.document.place(word.line, word.column) if isinstance(word, Word) else None

    def _count(self, setting: Setting) -> Fraction:
        cost = self.cost(setting)
        if "blocks" in setting:
            return Fraction(
                sum(1 for name in units(cost.rows) if any(fnmatchcase(name, glob) for glob in setting["blocks"]))
            )
        quantity = setting.get("quantity", "mult_adds")
        if quantity in HELD:
            return Fraction(cost.total(quantity, setting.get("bits", 8)))
        rows = self._chosen(setting, cost.rows)
        if quantity in {"channels", "map_bytes"}:
            return Fraction(_largest_map(rows, cost.rows, setting, quantity))
        total = self._sum(rows, quantity)
        return (
            _ratio(Fraction(total), Fraction(self._sum(cost.rows, quantity)))
            if setting.get("share")
            else Fraction(total)
        )

    def _chosen(self, setting: Setting, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """The rows a setting counts: one layer, those of a kind, those whose names match, or all."""
        rows = self._layer(setting, rows)
        kind = setting.get("kind")
        if kind is not None:
            kinds = {row.kind for row in rows}
            rows = tuple([row for row in rows if row.kind == kind])
            if not rows:
                close = nearest(kind, sorted(kinds))
                help = (
                    f"did you mean {close}?"
                    if close
                    else f"there is {', '.join(f'`{name}`' for name in sorted(kinds))}"
                )
                raise MbcostError(f"no layer is of the kind `{kind}`", help=help, place=self.place(kind))
        for globs in (setting["rows"],) if "rows" in setting else ():
            names = [row.name for row in rows]
            rows = tuple([row for row in rows if any(fnmatchcase(row.name, glob) for glob in globs)])
            if not rows:
                close = nearest(globs[0], names) if globs else ""
                raise MbcostError(
                    f"no layer matches {', '.join(f'`{glob}`' for glob in globs)}",
                    help=f"did you mean {close}?" if close else "`mbcost table` prints the names",
                )
        return rows

    def _layer(self, setting: Setting, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """The rows of the layer a setting names, or all where it names none."""
        if "layer" not in setting:
            return rows
        try:
            return tuple(unit_rows(rows, setting["layer"]))
        except MbcostError as error:
            raise error.at(self.place(setting["layer"])) from None

    def _sum(self, rows: tuple[Row, ...], quantity: str) -> int:
        if quantity == "measured":
            raise MbcostError("what is measured cannot be computed", help="give the `quantity` that is counted")
        form = self.paper.quantities.get(quantity)
        if form is None:
            form = {"mult_adds": 2} if quantity == "flops" else {quantity: 1}
        if quantity == "layers":
            return sum(1 for row in rows if row.weights)
        return sum([factor * getattr(row, part) for part, factor in form.items() for row in rows])

    def _published(self, setting: Setting) -> Fraction:
        """The largest of the published numbers that a cell is held against."""
        equals = setting["equals"]
        found = [
            printed.read(cell.published, cell.setting.get("unit", "")).value
            for table in self.paper.tables if table.id == equals["table"]
            for cell in table.cells if cell.column == equals["column"] and (not equals["rows"] or cell.row in equals["rows"])
        ]  # fmt: skip
        if not found:
            raise MbcostError(
                f"`equals` names no cell: table {equals['table']}, column {equals['column']}, {', '.join(equals['rows'])}",
                help="name a table, a column and rows of this file",
            )
        return max(found)


def _ratio(part: Fraction, whole: Fraction) -> Fraction:
    if not whole:
        raise MbcostError("a share of nothing: the whole is 0", help="choose rows or a `quantity` that are counted")
    return part / whole


def _largest_map(rows: tuple[Row, ...], every: tuple[Row, ...], setting: Setting, quantity: str) -> int:
    """Channels or bytes of the largest feature map, among all or those of one size (V2 Table 3).

    With `reads`, the map has this size and the channels are those put out by the rows of the table that read it.
    """
    size = setting.get("size")
    heads = {name: parts[0].input[1:] for name, parts in units(every).items()} if setting.get("reads") else {}
    found: list[int] = []
    for row in rows:
        height, width = heads.get(row.name.partition("/")[0], row.output[1:])
        if size is None or (height, width) == (size, size):
            found.append(row.output[0] * (1 if quantity == "channels" else height * width * PAPER_BITS // 8))
    if not found:
        raise MbcostError(f"no map of {size} x {size}", help="the sizes are those `mbcost table` prints")
    return max(found)


def bare_convolution(conv: dict[str, int], form: str, alpha: object = 1, rho: object = 1) -> Network:
    """One convolution, or its separable form, without bias and norm, as a network of its own (V1 Table 3).

    >>> bare_convolution({"in_channels": 512, "out_channels": 512, "kernel_size": 3, "size": 14}, "separable").cost().mult_adds
    52283392
    """
    factor = parse_alpha(alpha)
    size, _ = scaled_resolution((conv["size"], conv["size"]), parse_rho(rho))
    m, n = (width * factor.numerator // factor.denominator for width in (conv["in_channels"], conv["out_channels"]))
    k = conv["kernel_size"]
    plain = "norm: none, activation: none, bias: false"
    layers = {
        "standard": [f"{{op: conv, kernel_size: {k}, out_channels: {n}, {plain}}}"],
        "depthwise": [f"{{op: depthwise, kernel_size: {k}, {plain}}}"],
        "pointwise": [f"{{op: conv, kernel_size: 1, out_channels: {n}, {plain}}}"],
    }
    layers["separable"] = layers["depthwise"] + layers["pointwise"]
    return read_network(
        f"format: 1\nname: conv\ninput: {{channels: {m}, resolution: {size}}}\nlayers: [{', '.join(layers[form])}]\n",
        "<conv>",
    )
