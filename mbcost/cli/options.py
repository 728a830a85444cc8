"""The options every command shares, and the question they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from mbcost import __version__
from mbcost.cli.output import FORMATS, write
from mbcost.errors import MbcostError, nearest
from mbcost.network import Cost, Network, Variant, variant_of
from mbcost.quantities import BASIC, Bits, Quantity, bits_of, limitable, select

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = [
    "Choice",
    "ConventionName",
    "File",
    "Given",
    "ModelName",
    "Question",
    "bound",
    "counted",
    "given_limits",
    "heading",
    "limit_options",
    "output_options",
    "report_keys",
    "variant_options",
]


class ModelName(click.ParamType[str]):
    """A shipped model, a path, or ``-``; completes shipped names and files."""

    name = "MODEL"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Shipped names that begin so, and files."""
        from click.shell_completion import CompletionItem

        from mbcost.tables import models

        found = [CompletionItem(model) for model in models() if model.startswith(incomplete)]
        return [*found, CompletionItem(incomplete, type="file")] if "/" in incomplete or not found else found


class File(click.ParamType[str]):
    """A file to be read or written; completes files."""

    name = "FILE"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Left to the shell."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


class ConventionName(click.ParamType[str]):
    """A counting rule; completes those that are shipped."""

    name = "NAME"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so."""
        from click.shell_completion import CompletionItem

        from mbcost.conventions import available

        return [CompletionItem(name) for name in available() if name.startswith(incomplete)]


class Choice(click.Choice[str]):
    """A choice whose error names the nearest word."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word, or an error with the words there are."""
        if isinstance(value, str) and value not in self.choices:
            close = nearest(value, list(self.choices))
            words = ", ".join(self.choices)
            option = param.opts[0] if param else "option"
            raise MbcostError(
                f"{option} `{value[:60]}` is not known",
                help=f"did you mean {close}?" if close else f"use one of {words}",
            )
        return super().convert(value, param, ctx)


class Question:
    """What was asked: the variant options and the output options, as given."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.format: str = options.pop("format", "table")
        self.output: str | None = options.pop("output", None)
        self.unit: str = options.pop("unit", "mult_adds")
        self.columns: str | None = options.pop("columns", None)
        self.bits = bits_given(options)
        for name in BIT_OPTIONS:
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
        words: dict[str, Any] = dict(self.options)
        words["set"] = settings(words["set"])
        return variant_of(**words)

    def quantities(self) -> list[Quantity]:
        """The quantities to show: those asked for with ``--columns``, or mult-adds and params, and FLOPs under ``--unit flops``."""
        usual = ("mult_adds", "flops", "params") if self.unit == "flops" else BASIC
        return select(self.columns, usual)

    def axes(self) -> tuple[str | None, str | None, str | None]:
        """The texts of alpha, rho and resolution, where each may be a set; the variant has them no more."""
        alpha, rho, resolution = (self.options.pop(name) for name in ("alpha", "rho", "resolution"))
        return alpha, rho, resolution

    def cost(self, network: Network) -> Cost:
        """The network's cost at the point asked for."""
        return network.count(self.variant())

    def load(self, model: str) -> Network:
        """Load a model by name or path."""
        from mbcost.tables import load

        return load(model)

    def emit(self, text: str) -> None:
        """Print the result, or write it to ``-o FILE``."""
        write(text, self.output)


def variant_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The shared options: which member of the family, and how it is counted."""
    for option in reversed(_VARIANT):
        function = option(function)
    return function


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Format and file of the result."""
    for option in reversed(_OUTPUT):
        function = option(function)
    return function


_VARIANT = [
    click.option("-a", "--alpha", show_default="1", metavar="A", help="Width multiplier: 0.75, 3/4."),
    click.option("--depth", show_default="1", metavar="D", help="Depth multiplier: 1.2."),
    click.option("--rho", metavar="RHO", help="Resolution multiplier: 6/7."),
    click.option("-r", "--resolution", metavar="PIXELS", help="Resolution: 192, or 192x256 (height x width)."),
    click.option("--batch", type=int, default=1, show_default=True, metavar="N", help="Images a pass."),
    click.option("--convention", type=ConventionName(), default="torch", show_default=True, help="Counting rule."),
    click.option("--conventions", type=File(), help="Counting rules of your own, beside the shipped ones."),
    click.option(
        "--unit",
        type=Choice(["mult_adds", "flops"]),
        default="mult_adds",
        show_default=True,
        help="flops adds 2 x mult-adds.",
    ),
    click.option("--rounding", metavar="RULE", help="Rule for widths: floor, divisor:8, nearest:8, none, ..."),
    click.option("--standard", is_flag=True, help="The standard twin: pairs as the convolutions they factorise."),
    click.option("--classes", type=int, metavar="N", help="Outputs of the classifier."),
    click.option("--set", multiple=True, metavar="ROW.FIELD=VALUE", help="Replace a field of a row."),
    click.option("--without", multiple=True, metavar="GLOB", help="Drop rows."),
    click.option(
        "--memory-rule", default="liveness", show_default=True, metavar="NAME", help="What is alive in memory."
    ),
    click.option("--memory-rules", type=File(), help="Memory rules of your own, beside the shipped ones."),
]
_OUTPUT = [
    click.option(
        "-f", "--format", type=Choice(FORMATS), default="table", show_default=True, help="Form of the result."
    ),
    click.option("-o", "--output", type=File(), help="Write to a file instead."),
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
        function = click.option(f"--{name.replace('_', '-')}", type=int, metavar="N", help=help)(function)
    return function


def bits_given(options: dict[str, Any]) -> Bits:
    """The bit widths among some options."""
    return bits_of(*[options.get(name) for name in BIT_OPTIONS])


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


def heading(cost: Cost, unit: str = "mult_adds", *, leaving: tuple[str, ...] = ()) -> str:
    """The line above every table: what was counted, and how; ``leaving`` are the fields of the variant it does not say."""
    said = [words for field, words in cost.variant.words().items() if field not in leaving]
    named = (
        [cost.network.name] if cost.network.scaling is None else [cost.network.name, f"table {cost.network.table.name}"]
    )
    return ", ".join([*named, *said, *_unit(unit), *([] if cost.exact else [bound(cost)])])


def counted(cost: Cost, unit: str) -> str:
    """How a variant was counted, in words that several networks can share."""
    said = cost.variant.words()
    return ", ".join([*[said[field] for field in ("batch", "standard", "convention") if field in said], *_unit(unit)])


def _unit(unit: str) -> list[str]:
    return ["1 mult-add = 2 FLOPs"] if unit == "flops" else []


def bound(cost: Cost) -> str:
    """What makes a total a lower bound: the rows that say ``cost: unknown``."""
    names = [row.name for row in cost.rows if not row.exact]
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"a lower bound: the cost of {listed} is not known"


def report_keys(cost: Cost, schema: str, unit: str = "mult_adds") -> dict[str, Any]:
    """The keys every JSON report begins with: what was counted, how, by which version, from which table."""
    keys = cost.variant.keys()
    changed: dict[str, Any] = {key: keys.pop(key) for key in ("set", "without") if key in keys}
    table = {} if cost.network.scaling is None else {"table": cost.network.table.name}
    return {
        "schema": f"mbcost/{schema}", "version": __version__, "model": cost.network.name, **table, "table_hash": cost.network.digest,
        **keys, "status": cost.status, "unit": unit, **changed,
    }  # fmt: skip
