"""The options every command shares, and the question they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import click

from mbcost.cli.completion import completing, memory_rules, quantities
from mbcost.cli.output import write, written
from mbcost.cli.words import CONVENTION, FILE, MODEL, WHOLE, Choice, Whole, Word
from mbcost.errors import MbcostError
from mbcost.network import Cost, Network, Variant, titled, variant_of
from mbcost.quantities import BASIC, QUANTITIES, Bits, Quantity, bits_of, limitable, select
from mbcost.report import FORMATS, Report
from mbcost.report.costed import widths
from mbcost.report.heads import heading

__all__ = [
    "CONVENTION",
    "FILE",
    "MODEL",
    "WHOLE",
    "Choice",
    "Given",
    "Question",
    "Whole",
    "Word",
    "columns_option",
    "columns_options",
    "counting_options",
    "emit",
    "given_limits",
    "limit_options",
    "output_options",
    "ridge_option",
    "row_quantities",
    "variant_options",
]


class Question:
    """What was asked: the variant options and the output options, as given."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.model = ""
        self.networks: list[Network] = []
        self.format: str = options.pop("format", "table")
        self.output: str | None = options.pop("output", None)
        self.setting = {name: options.pop(name, None) for name in SETTING}
        self.unit: str = options.pop("unit", "mult_adds")
        self.columns: str | None = options.pop("columns", None)
        self.bits = bits_given(options)
        for name in (*BIT_OPTIONS, "ridge_point"):
            options.pop(name, None)
        self.rules: str | None = options.pop("conventions", None)
        if self.rules is not None:
            from mbcost.conventions import qualified

            options["convention"] = qualified(options["convention"], self.rules)
        memory_rules = options.pop("memory_rules", None)
        if memory_rules is not None or options.get("memory_rule", "liveness") != "liveness":
            from mbcost.memory.rules import qualified as qualified_memory

            options["memory_rule"] = qualified_memory(options["memory_rule"], memory_rules)

    def variant(self) -> Variant:
        """The variant asked for."""
        return _variant(self.options)

    def axes(self) -> tuple[str | None, str | None, str | None]:
        """The texts of alpha, rho and resolution, where each may be a set; the variant has them no more."""
        alpha, rho, resolution = (self.options.pop(name) for name in ("alpha", "rho", "resolution"))
        return alpha, rho, resolution

    @cached_property
    def usual(self) -> tuple[str, ...]:
        """What every report has keys for: mult-adds and params, and FLOPs under ``--unit flops``."""
        return ("mult_adds", "flops", "params") if self.unit == "flops" else BASIC

    @cached_property
    def shown(self) -> list[Quantity]:
        """The quantities to show: the usual ones, or those asked for with ``--columns``."""
        found = select(self.columns, self.usual)
        for quantity in found:
            quantity.needed(self.bits)
        return found

    def told(self) -> list[tuple[Quantity, list[Quantity]]]:
        """Those shown and those with keys of their own, each with what is derived from it and stands beside it."""
        found = {quantity.name: quantity for quantity in (*self.shown, *select(None, self.usual))}
        beside: dict[str, list[Quantity]] = {name: [] for name, one in found.items() if one.derived not in found}
        for quantity in found.values():
            if quantity.derived in beside:
                beside[quantity.derived].append(quantity)
        return [(found[name], derived) for name, derived in beside.items()]

    def keyed(self) -> list[Quantity]:
        """The same, one after another."""
        return [one for quantity, derived in self.told() for one in (quantity, *derived)]

    def to(self, quantity: Quantity) -> str:
        """Who is told of a quantity: everyone of those shown, JSON of the others."""
        return "all" if quantity in self.shown else "json"

    def path(self, quantity: Quantity) -> tuple[str, ...]:
        """Where it stands in JSON: under its own key, or under ``quantities``."""
        return (quantity.name,) if quantity.name in self.usual else ("quantities", quantity.name)

    @property
    def widths(self) -> dict[str, Any]:
        """The bit widths of what is shown, and the ridge point, where something depends on them."""
        found = widths(self.bits, self.shown)
        keys: dict[str, Any] = {"bits": found} if found else {}
        if self.bits.ridge_point is not None and any(one.timed for one in self.shown):
            keys["ridge_point"] = str(self.bits.ridge_point)
        return keys

    def heading(self, cost: Cost, *leaving: str) -> str:
        """The line above a table."""
        return heading(cost, self.unit, leaving=leaving, **self.widths)

    def cost(self, network: Network) -> Cost:
        """The network's cost at the point asked for."""
        return network.count(self.variant())

    def load(self, model: str) -> Network:
        """Load the one model that is asked about, by name or path; a point on it becomes part of the question."""
        from mbcost.cli.code import load

        self.model, self.options = _at_point(self.options, model)
        self.networks.append(load(self.model))
        return self.networks[-1]

    def at(self, model: str) -> tuple[str, Variant]:
        """One of several models: its name without the point on it, and the variant asked for there."""
        name, options = _at_point(self.options, model)
        return name, _variant(options)

    def costed(self, model: str) -> Cost:
        """The cost of one of several models, each at its own point."""
        from mbcost.cli.code import load

        name, variant = self.at(model)
        self.networks.append(load(name))
        return self.networks[-1].count(variant)

    def emit(self, report: Report) -> None:
        """Print the result in the format asked for, or write it to ``-o FILE``."""
        emit(report, self.format, self.output, self.setting, self.networks)


def emit(
    report: Report, format: str, output: str | None, setting: dict[str, Any], networks: Sequence[Network] = ()
) -> None:
    """Print a report, or write it to a file; ``setting`` are the options that say how a table is set in a paper.

    There the networks have their titles.
    """
    asked = {name: said for name, said in setting.items() if said is not None and said is not False and said != ()}
    found = None
    if asked:
        from mbcost.cli.setting import setting_of

        found = setting_of(asked, format, report)
    titles = titled(networks) if format in {"latex", "markdown"} else {}
    if titles:
        from mbcost.report.paper import Setting

        found = (found or Setting())._replace(titles=titles)
    write(written(report, format, to_file=output is not None, setting=found), output)


def _at_point(options: dict[str, Any], text: str) -> tuple[str, dict[str, Any]]:
    """A model's name without the point on it, and the options with what the point sets."""
    if "@" not in text:
        return text, options
    from mbcost.tables.points import at_point

    return at_point(options, text)


def _variant(options: dict[str, Any]) -> Variant:
    return variant_of(**{**options, "set": settings(options["set"])})


def variant_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The shared options: which member of the family, and how it is counted."""
    for option in reversed(_VARIANT):
        function = option(function)
    return function


def counting_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Of these, how it is counted."""
    for option in reversed(_COUNTING):
        function = option(function)
    return function


def output_options(function: Callable[..., Any], *more: str) -> Callable[..., Any]:
    """Format and file of the result; ``more`` are formats that the command alone knows."""
    for option in reversed(_output(*more)):
        function = option(function)
    return function


def _output(*more: str) -> list[Any]:
    formats = Choice([*FORMATS, *more])
    return [
        click.option("-f", "--format", type=formats, default="table", show_default=True, help="Form of the result."),
        click.option("-o", "--output", type=FILE, help="Write to a file instead."),
        click.option("--caption", metavar="TEXT", help="LaTeX, Markdown: another caption."),
        click.option("--label", metavar="TEXT", help="LaTeX: another label."),
        click.option("--name", multiple=True, metavar="MODEL=NAME", help="LaTeX, Markdown: what a model is called."),
        click.option(
            "--in", "in_", type=Choice(["K", "M", "G"]), help="LaTeX, Markdown: counts in thousands, millions, ..."
        ),
        click.option(
            "--digits", type=click.IntRange(0, 6), metavar="N", help="LaTeX, Markdown: digits of such a count."
        ),
        click.option("--long", is_flag=True, help="LaTeX: a longtable, over several pages."),
    ]


SETTING = ("caption", "label", "name", "in_", "digits", "long")
"""The options that say how a table is set in a paper."""


def columns_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which quantities are shown, and the ridge point of those that are times."""
    names = ", ".join(QUANTITIES)
    function = ridge_option(function)
    return click.option(
        "--columns",
        metavar="NAMES",
        shell_complete=completing(quantities),
        help=f"Quantities to show, with commas between: {names}.",
    )(function)


def ridge_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The ridge point of a device."""
    help = "Mult-adds a byte of a device, for the column model_time: 31.2."
    return click.option("--ridge-point", metavar="RP", help=help)(function)


def columns_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which quantities are shown, and the bit width of those in bytes."""
    return columns_option(bits_options(function))


def row_quantities() -> list[str]:
    """The quantities beyond mult-adds and params that rows can be put in order by."""
    return [name for name, one in QUANTITIES.items() if name not in BASIC and one.base.of_row is not None]


_COUNTING = [
    click.option("--convention", type=CONVENTION, default="torch", show_default=True, help="Counting rule."),
    click.option("--conventions", type=FILE, help="Counting rules of your own, beside the shipped ones."),
    click.option(
        "--unit",
        type=Choice(["mult_adds", "flops"]),
        default="mult_adds",
        show_default=True,
        help="flops adds 2 x mult-adds.",
    ),
]
_VARIANT = [
    click.option("-a", "--alpha", show_default="1", metavar="A", help="Width multiplier: 0.75, 3/4."),
    click.option("--depth", show_default="1", metavar="D", help="Depth multiplier: 1.2."),
    click.option("--rho", metavar="RHO", help="Resolution multiplier: 6/7."),
    click.option("-r", "--resolution", metavar="PIXELS", help="Resolution: 192, or 192x256 (height x width)."),
    click.option("--batch", type=WHOLE, default=1, show_default=True, metavar="N", help="Images a pass."),
    *_COUNTING,
    click.option("--rounding", metavar="RULE", help="Rule for widths: floor, divisor:8, nearest:8, none, ..."),
    click.option("--standard", is_flag=True, help="The standard twin: pairs as the convolutions they factorise."),
    click.option("--classes", type=WHOLE, metavar="N", help="Outputs of the classifier."),
    click.option(
        "--set",
        multiple=True,
        metavar="ROW.FIELD=VALUE",
        help="Replace a field of a row, of every row by a glob, or of the defaults.",
    ),
    click.option("--without", multiple=True, metavar="GLOB", help="Drop rows."),
    click.option(
        "--memory-rule",
        default="liveness",
        show_default=True,
        metavar="NAME",
        shell_complete=completing(memory_rules),
        help="What is alive in memory.",
    ),
    click.option("--memory-rules", type=FILE, help="Memory rules of your own, beside the shipped ones."),
]


Given: TypeAlias = tuple[str, Quantity, str]
"""A limit of the command line: ``max`` or ``min``, the quantity, and the amount as it is written."""

_WORDS = {"max": "At most so much", "min": "At least so much"}


def limit_options(command: str, *bounds: str) -> Callable[..., Any]:
    """``--max-...`` and ``--min-...`` for every quantity that the command takes limits on, and bit widths."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        function = bits_options(function)
        for bound in reversed(bounds):
            for quantity in reversed(limitable(command).values()):
                function = click.option(
                    f"--{bound}-{quantity.option}", metavar="BYTES" if quantity.unit == "bytes" else "N",
                    help=f"{_WORDS[bound]}: {quantity.description}.",
                )(function)  # fmt: skip
        return function

    return add


def given_limits(options: dict[str, Any], command: str, *bounds: str) -> list[Given]:
    """The limits that were asked for, taken out of the options."""
    texts = [
        (bound, one, options.pop(f"{bound}_{one.name}")) for bound in bounds for one in limitable(command).values()
    ]
    return [given for given in texts if given[2] is not None]


BIT_OPTIONS = {
    "bits": "Bit width of weights and activations, of what is in bytes: 8 for int8, 32 for float32.",
    "weight_bits": "Bit width of weights, instead.",
    "activation_bits": "Bit width of activations, instead.",
}


def bits_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--bits``, ``--weight-bits`` and ``--activation-bits``."""
    for name, help in reversed(BIT_OPTIONS.items()):
        function = click.option(f"--{name.replace('_', '-')}", type=WHOLE, metavar="N", help=help)(function)
    return function


def bits_given(options: dict[str, Any]) -> Bits:
    """The bit widths, and the ridge point, among some options."""
    return bits_of(*[options.get(name) for name in (*BIT_OPTIONS, "ridge_point")])


def settings(pairs: tuple[str, ...]) -> dict[str, Any] | None:
    """``ROW.FIELD=VALUE`` texts as the overrides of a variant; a value in brackets is a list."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise MbcostError(f"--set `{pair[:60]}` has no `=`", help="write --set separable_13.stride=2")
        if key in found:
            raise MbcostError(f"--set `{key[:60]}` is given twice", help="keep one of them")
        found[key] = _listed(value) if value.startswith("[") else value
    return found or None


def _listed(value: str) -> Any:
    from mbcost.documents.nodes import Scalar, Sequence, parse_document

    root = parse_document(value, "--set").root
    if not isinstance(root, Sequence) or not all(isinstance(item, Scalar) for item in root.items):
        raise MbcostError(f"--set value `{value[:60]}` is not a list", help="write [1, 2]")
    return [item.text for item in root.items if isinstance(item, Scalar)]
