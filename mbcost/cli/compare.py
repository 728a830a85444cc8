"""``mbcost compare``: standard against separable convolution, or several networks side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from mbcost.analysis.compare import Comparison, Versus, against_twin, gathered
from mbcost.analysis.groups import share
from mbcost.cli.code import model_options
from mbcost.cli.completion import completing, layers
from mbcost.cli.options import MODEL, Choice, Question, columns_options, output_options, variant_options
from mbcost.dims import exact_text
from mbcost.errors import MbcostError, nearest
from mbcost.network import Cost
from mbcost.quantities import AnyBits, Quantity
from mbcost.report import Field, Report, Rows, at
from mbcost.report.costed import told
from mbcost.report.heads import bound, counted, head

__all__ = ["command"]

SIDES = ("standard", "separable")
PRIORITIES = {("standard", "mult_adds"): 0, ("separable", "mult_adds"): 0, ("separable", "params"): 2}


@click.command("compare", short_help="Standard vs separable, or networks side by side.")
@click.argument("models", nargs=-1, required=True, type=MODEL, metavar="MODEL...")
@click.option("--by", type=Choice(["layer", "block", "kind"]), default="layer", show_default=True, help="Gather rows.")
@click.option("--layer", metavar="NAME", shell_complete=completing(layers), help="One layer, or one block, alone.")
@columns_options
@variant_options
@output_options
@model_options
def command(models: tuple[str, ...], by: str, layer: str | None, **options: Any) -> None:
    """What depthwise separable convolution saves in one MODEL; or several MODELs side by side.

    Each depthwise + pointwise pair is set against the standard convolution it factorises, with the theory
    1/N + 1/D_K^2, or m/N + m/D_K^2 at m outputs a channel. A network without such pairs is compared the other way round: what it would cost if its K x K
    convolutions were separable.

    \b
    mbcost compare mobilenet_v1
    mbcost compare vgg16
    mbcost compare mobilenet_v1 mobilenet_v2 mobilenet_v3_large
    mbcost compare mobilenet_v1@0.5/160 mobilenet_v2@1/224       each at a point of its own
    mbcost compare mobilenet_v1 -a 1,0.75,0.5                    one at several alphas
    """
    question = Question(options)
    if layer is not None and by != "layer":
        raise MbcostError("--layer compares one layer", help="leave out --by")
    if len(models) > 1 or _several(options["alpha"]):
        if layer is not None or by != "layer":
            raise MbcostError(
                "several networks are compared by their totals", help="name one MODEL, or leave out --by and --layer"
            )
        question.emit(_beside(_costs(models, question), question))
        return
    if options.get("standard"):
        raise MbcostError("compare already sets the network against its standard twin", help="leave out --standard")
    cost, found = against_twin(question.load(models[0]), question.variant())
    lines = gathered(found, by) if layer is None else _named(found, layer)
    question.emit(_against(cost, found, lines, question, by))


def _named(found: Comparison, name: str) -> list[Versus]:
    """The line of a layer, or those of a block."""
    lines = [line for line in found.lines if line.name == name or line.name.startswith((f"{name}/", f"{name}+"))]
    if not lines:
        names = [line.name for line in found.lines]
        close = nearest(name, list(dict.fromkeys([*names, *[known.partition("/")[0] for known in names]])))
        raise MbcostError(
            f"there is no layer `{name[:60]}`",
            help=f"did you mean {close}?" if close else "`mbcost compare` prints the names",
        )
    return lines


def _several(alpha: str | None) -> bool:
    """Whether an alpha is a list or a range of them."""
    return alpha is not None and ("," in alpha or ":" in alpha)


def _costs(models: tuple[str, ...], question: Question) -> list[Cost]:
    """Every model at its own point, or at each of the alphas."""
    alpha = question.options["alpha"]
    if not _several(alpha):
        return [question.costed(model) for model in models]
    from mbcost.solve.ranges import alphas

    found = []
    for value in alphas(alpha):
        question.options["alpha"] = exact_text(value)
        found += [question.costed(model) for model in models]
    return found


def _against(cost: Cost, found: Comparison, lines: list[Versus], question: Question, by: str) -> Report:
    fields = [Field("name", by, "name")]
    for quantity, derived in question.told():
        for one in (quantity, *derived):
            fields += _sides(one, question)
        fields += _ratio(quantity, question, found)
    rows = Rows(fields, lines, found.total)
    total = rows.object(found.total)
    notes = []
    if found.imagined == "separable":
        notes.append(
            "This network has no depthwise + pointwise pair: the separable side is imagined, each K x K convolution split in two."
        )
    if found.unpaired:
        notes.append(
            f"Depthwise without a pointwise to complete it, the same on both sides: {', '.join(found.unpaired)}"
        )
    keys = {
        **head(cost, question.unit), **question.widths, "imagined": found.imagined, "unpaired": found.unpaired,
        **({} if by == "layer" else {"by": by}), "layers" if by == "layer" else "groups": rows,
        "total": {key: total[key] for key in total if key not in {"name", "theory"}},
    }  # fmt: skip
    title = f"{question.heading(cost)}: standard against separable"
    return Report("compare/1", title, keys, tuple(notes))


def _sides(quantity: Quantity, question: Question) -> list[Field]:
    """A quantity of both sides."""
    word = "FLOPs" if quantity.name == "flops" else quantity.heading
    return [
        field
        for i, side in enumerate(SIDES)
        for field in told(
            quantity, f"{side}_{quantity.name}", at(_side, i, quantity, question.bits), question.to(quantity),
            (side, *question.path(quantity)), f"{side} {word}", PRIORITIES.get((side, quantity.name), 4),
        )
    ]  # fmt: skip


def _side(line: Versus, i: int, quantity: Quantity, bits: AnyBits) -> Any:
    return line.amounts(quantity, bits)[i]


def _ratio(quantity: Quantity, question: Question, found: Comparison) -> list[Field]:
    """The ratio of the sides, and what theory says of the mult-adds."""
    key, priority = ("ratio", 0) if quantity.name == "mult_adds" else (f"{quantity.name}_ratio", 3)
    path = ("ratio", *question.path(quantity))
    to = question.to(quantity)
    fields = [Field(key, "ratio", "ratio", priority, lambda line: line.ratio(quantity, question.bits), to, path)]
    if quantity.name == "mult_adds":
        m = "1" if all(line.multiplier == 1 for line in found.lines) else "m"
        fields.append(Field("theory", f"{m}/N + {m}/D_K^2", "ratio", 1, to=to))
    return fields


def _share_of(cost: Cost, whole: Any, quantity: Quantity, bits: AnyBits) -> Any:
    return share(quantity.total(cost, bits), whole)


def _beside(costs: list[Cost], question: Question) -> Report:
    first = costs[0]

    def unlike(of: Callable[[Cost], object]) -> int:
        """The priority of what points have in common, or of what tells them apart."""
        return 0 if len(set(map(of, costs))) > 1 else 3

    fields = [
        Field("model", "model", "name", get=lambda cost: cost.network.name, to="columns"),
        Field(
            "alpha",
            "alpha",
            "number",
            unlike(lambda cost: cost.variant.alpha),
            lambda cost: cost.variant.alpha,
            "columns",
        ),
        Field(
            "resolution",
            "resolution",
            "shape",
            unlike(lambda cost: cost.variant.size),
            lambda cost: cost.variant.size,
            "columns",
        ),
        Field("rounding", "rounding", "text", 5, lambda cost: str(cost.variant.rounding or "no rule"), "columns"),
        Field("layers", "layers", "count", 4),
    ]
    for quantity, derived in question.told():
        for one in (quantity, *derived):
            fields += told(one, one.name, at(one.total, question.bits), question.to(one), question.path(one))
        whole, priority = quantity.total(first, question.bits), 1 if quantity.name == "mult_adds" else 2
        fields.append(Field(
            f"{quantity.name}_ratio", f"of {first.network.name}", "ratio", priority,
            at(_share_of, whole, quantity, question.bits), question.to(quantity), ("ratio", *question.path(quantity)),
        ))  # fmt: skip
    if not all(cost.exact for cost in costs):
        fields.append(Field("status", "status", to="columns"))
    rows = Rows(fields, costs, data=False)
    models = [{**head(cost, question.unit), **rows.object(cost)} for cost in costs]
    keys = {"convention": str(first.variant.convention), **question.widths, "models": models, "table": rows}
    notes = tuple(f"{cost.network.name}: {bound(cost)}" for cost in costs if not cost.exact)
    return Report("compare/1", f"Side by side, {counted(first, question.unit)}", keys, notes)
