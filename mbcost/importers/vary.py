"""A builder with a width argument to a table with alpha: traced at several alphas, its widths inferred and then verified.

A network is nested at a large alpha, where channels agree only if they always do. What rows say of their widths is searched for
(:mod:`widths`) and held against points that took no part in the search. Whatever the table cannot say is an error that names the row
and the alpha; only the noise of floating point in the user's code is told and passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from mbcost.dims import Rounding, exact_text
from mbcost.errors import MbcostError
from mbcost.importers.graph import Graph
from mbcost.importers.maps import Part, lower
from mbcost.importers.nest import everything
from mbcost.importers.row import Row
from mbcost.importers.rows import weighted
from mbcost.importers.widths import FIRST, RULES, Guess, Site, apart, noise
from mbcost.network import Network, variant_of

__all__ = ["LARGE", "Tracer", "Widths", "points"]

Shapes: TypeAlias = list[list[int]]
Tracer: TypeAlias = Callable[[Fraction, list[Shapes]], Graph]
"""Traces the network at an alpha and some input shapes."""

LARGE = tuple(map(Fraction, (32, 8, 4, 2)))
"""Alphas at which the network's structure is read: the first at which it can be built."""

ROUNDS = 8
PLAIN_OUT = ("scale", "grow", "ratio")
BLOCK_OUT = ("scale", "grow")
EXPANDED = ("ratio", "scale", "grow")
TAKES_RATIO = {"conv", "linear", "pointwise", "transposed"}
FRESH = ("0.35", "0.5", "0.75", "1.15", "1.4")


def points(inputs: Shapes) -> list[tuple[Fraction, Shapes]]:
    """Alphas and sizes at which a table is verified; no search ever sees them."""
    found = []
    for alpha, size in zip(FRESH, (6, 5, 7, 4, 8), strict=True):
        sides = inputs[0][1:]
        shapes = [
            [shape[0], *(max(side * size // 7, 1) + (size == 4) for side in shape[1:])] if shape[1:] == sides else shape
            for shape in inputs
        ]
        found.append((Fraction(alpha), shapes if len(inputs[0]) > 1 else inputs))
    return found


class Untraced(MbcostError):
    """The code builds no network at an alpha."""


class Run(NamedTuple):
    """The network at one alpha: its weighted layers in the order of the reference, None where one is absent."""

    parts: list[Part]
    aligned: list[Part | None]
    adds: set[int]
    graph: Graph

    def width(self, at: tuple[int, str]) -> int:
        """Channels into or out of a layer; an absent one leaves its map as it is."""
        number, side = at
        part = self.aligned[number]
        while part is None:
            number, side = number + 1, "in"
            part = self.aligned[number]
        return part.read[0] if side == "in" else part.shape[0]


class Widths:
    """The rows of a network as rules of alpha."""

    def __init__(self, trace: Tracer, inputs: Shapes, reference: Graph, items: list[Row], scopes: Any) -> None:
        self.trace, self.inputs = trace, inputs
        self.scopes = scopes
        self.rows = [row for row in everything(items) if row.at and row.op not in {"depthwise", "squeeze_excite"}]
        self.items = items
        self.reference = weighted(lower(reference, reference.traces[0]))
        self.runs: dict[Fraction, Run] = {}
        self.sites: dict[tuple[int, str], Site] = {}
        self.noise: dict[Fraction, str] = {}
        self.unbuilt: dict[Fraction, str] = {}
        for row in self.rows:
            if "expanded" in row.at and "expansion" in row.fields:
                self.sites[id(row), "expanded"] = Site(self.place(row), EXPANDED)
            self.sites[id(row), "out"] = Site(self.place(row), PLAIN_OUT if row.op in TAKES_RATIO else BLOCK_OUT)

    # -- runs

    def run(self, alpha: Fraction, shapes: Shapes | None = None) -> Run:
        """The network at an alpha, its layers put beside those of the reference."""
        try:
            graph = self.trace(alpha, [shapes or self.inputs])
        except MbcostError as error:
            raise Untraced(error.fact, help=error.help) from error
        parts = lower(graph, graph.traces[0])
        if any(min(part.read[0], part.shape[0]) < 1 for part in parts):
            raise Untraced("a layer has no channels")
        return Run(parts, self._aligned(weighted(parts), alpha), _added(parts), graph)

    def _aligned(self, own: list[Part], alpha: Fraction) -> list[Part | None]:
        found: list[Part | None] = []
        at = 0
        for number, part in enumerate(self.reference):
            here = own[at] if at < len(own) else None
            if here is not None and _sort(here) == _sort(part):
                found.append(here)
                at += 1
                continue
            below = self.reference[number + 1] if number + 1 < len(self.reference) else None
            if (
                here is None
                or below is None
                or _sort(part) != ("conv", (1, 1), (1, 1), (1, 1))
                or _sort(below) != _sort(here)
            ):
                raise self._structure(number, alpha, len(own))
            found.append(None)
        if at < len(own):
            raise self._structure(len(self.reference) - 1, alpha, len(own))
        return found

    def _structure(self, number: int, alpha: Fraction, count: int) -> MbcostError:
        part = self.reference[number]
        where = self.scopes[part.scope].path if part.scope >= 0 else f"layer {number + 1}"
        return MbcostError(
            f"at alpha {exact_text(alpha)} the network has other layers, {count} with weights and not {len(self.reference)}: "
            f"{where or 'layer 1'} is the first that differs",
            help="alpha changes widths, never the layers of a table; import it at one alpha, without --vary",
        )

    def place(self, row: Row) -> str:
        """The module of a row."""
        paths = [self.scopes[scope].path for scope in row.scopes if scope >= 0 and self.scopes[scope].path]
        return paths[0] if paths else row.op

    # -- search

    def search(self, alphas: Iterable[Fraction] = FIRST) -> tuple[Rounding | None, list[Fraction]]:
        """The table's rule, and the alphas it was found at; every site has its guesses then.

        Raises
        ------
        MbcostError
            If a width follows no rule that a row can state.
        """
        for alpha in alphas:
            self._see(alpha)
        if not self._varies():
            raise MbcostError(
                "no width of the network changes with the argument",
                help="--vary names the builder's width multiplier, which is 1 at its own size",
            )
        known: dict[object, list[Guess]] = {}
        for site in self.sites.values():
            if site.key not in known:
                site.search()
                known[site.key] = list(site.guesses or ())
            site.guesses = list(known[site.key])
            self._held(site)
        for _ in range(ROUNDS):
            rules = self._rules()
            further = apart(self.sites.values(), (*self.runs, *self.unbuilt), rules)
            if further is None:
                break
            left = self._left()
            self._see(further)
            if self._left() == left:  # what is left agrees wherever the network was looked at
                break
        rules = self._rules()
        order = sorted(rules, key=lambda rule: (rule.least, RULES.index(rule.rule), abs(rule.divisor - 8)))
        return (order[0] if order else None), sorted(self.runs)

    def _left(self) -> int:
        return sum(len(site.guesses or ()) for site in self.sites.values())

    def _varies(self) -> bool:
        return any(len(set(site.widths.values())) > 1 for site in self.sites.values())

    def _see(self, alpha: Fraction) -> None:
        try:
            self.runs[alpha] = run = self.run(alpha)
        except Untraced as error:
            if alpha >= 1:
                raise
            self.unbuilt[alpha] = f"at alpha {exact_text(alpha)} the code builds no network: {error.fact}"
            return
        for row in self.rows:
            for key in ("expanded", "out"):
                site = self.sites.get((id(row), key))
                if site is not None:
                    site.add(alpha, run.width(row.at[key]), run.width(row.at["in"]))
                    if site.guesses is not None:
                        self._held(site)

    def _held(self, site: Site) -> None:
        if not site.guesses:
            before, alpha, guess = site.broken()
            widths = site.widths
            said = f", where {_said(guess)} gives {guess.at(alpha, site.given[alpha])}" if guess else ""
            raise MbcostError(
                f"{site.place}: {widths[before]} channels at alpha {exact_text(before)} and {widths[alpha]} at {exact_text(alpha)}{said}: "
                "no rule of the table gives both",
                help="a width is fixed, alpha times a number, or a multiple of the input's, rounded by one rule; import it at one alpha, "
                "without --vary",
            )

    def _rules(self) -> set[Rounding]:
        """The rules under which most rows hold."""
        counts: Counter[Rounding] = Counter()
        for row in self.rows:
            sites = self._own(row)
            rules = [{guess.rule for guess in site.guesses or ()} for site in sites]
            if any(None in own and len(own) == 1 for own in rules):
                rules = [own for own in rules if own != {None}]
            if rules:
                counts.update(rule for rule in set.intersection(*rules) if rule is not None)
        most = max(counts.values(), default=0)
        return {rule for rule, count in counts.items() if count == most}

    def _own(self, row: Row) -> list[Site]:
        return [site for key in ("expanded", "out") if (site := self.sites.get((id(row), key))) is not None]

    # -- rows

    def write(self, rule: Rounding | None) -> None:
        """Say in every row what its widths are."""
        for row in self.rows:
            own = [] if rule is None else self._words(row, rule)
            if not own:
                rules = {
                    guess.rule for site in self._own(row) for guess in site.guesses or () if guess.rule is not None
                }
                order = sorted(rules, key=lambda one: (one.least, RULES.index(one.rule), one.divisor))
                chosen = next((one for one in order if self._words(row, one)), None)
                own = self._words(row, chosen or Rounding("floor"))
                if not own:
                    raise MbcostError(
                        f"{self.place(row)}: its expanded and its output width follow two rules, and a row has one",
                        help="import it at one alpha, without --vary",
                    )
                if chosen is not None and chosen != rule:
                    row.fields["rounding"] = str(chosen)
            self._say(row, own)
            self._groups(row)
            self._always(row)

    def _words(self, row: Row, rule: Rounding) -> list[Guess]:
        """One guess a site, all under one rule and in words that a row can combine; empty where there are none."""
        sites = self._own(row)
        choices = [site.under(rule) for site in sites]
        if len(sites) == 1:
            return choices[0][:1]
        for expanded in choices[0]:
            for out in choices[1]:
                if expanded.mode in {"ratio", out.mode}:
                    return [expanded, out]
        return []

    def _say(self, row: Row, guesses: list[Guess]) -> None:
        fields = row.fields
        *inner, out = guesses
        for guess in inner:
            del fields["expansion"]
            fields["expansion" if guess.mode == "ratio" else "expanded"] = guess.value
        fields.pop("out_channels", None)
        if out.mode == "ratio":
            fields["expansion"] = out.value
        else:
            fields["out_channels"] = out.value
            if out.mode != "scale":
                fields["width"] = out.mode
        for site, guess in zip(self._own(row), guesses, strict=True):
            if guess in site.noisy:
                self._noisy(site, guess, site.noisy[guess])

    def _noisy(self, site: Site, guess: Guess, alpha: Fraction) -> None:
        self.noise.setdefault(
            alpha,
            f"at alpha {exact_text(alpha)} the code's floating point gives {site.place} {site.widths[alpha]} channels; exactly it is "
            f"{guess.at(alpha, site.given[alpha])}, and the table has that",
        )

    def _groups(self, row: Row) -> None:
        """Groups that are as many as the width makes have one width."""
        if row.op != "conv" or "groups" not in row.fields:
            return
        number = row.at["out"][0]
        found = {
            (part.facts["groups"], part.read[0])
            for run in self.runs.values()
            if (part := run.aligned[number]) is not None
        }
        if len({groups for groups, _ in found}) > 1:
            widths = {Fraction(channels, groups) for groups, channels in found}
            if len(widths) > 1:
                raise MbcostError(
                    f"{self.place(row)}: neither the number of its groups nor their width is the same at every alpha",
                    help="import it at one alpha, without --vary",
                )
            row.fields["groups"] = f"{{width: {widths.pop()}}}"

    def _always(self, row: Row) -> None:
        """Whether a block expands, and whether it has a residual, where its widths happen to agree."""
        if row.op not in {"inverted_residual", "fused_inverted_residual"}:
            return
        for run in self.runs.values():
            equal = run.width(row.at["in"]) == run.width(row.at["expanded"])
            if equal and "expand" in row.at and run.aligned[row.at["expand"][0]] is not None:
                row.fields["expand"] = "always"
            joined = id(run.aligned[row.at["out"][0]]) in run.adds
            if run.width(row.at["in"]) == run.width(row.at["out"]) and "stride" not in row.fields and not joined:
                row.fields["residual"] = False

    def squeezes(self, row: Row) -> list[tuple[int, int, int]]:
        """Squeezed, expanded and input widths at every alpha."""
        keys = ("reduced", "expanded", "in")
        return [(*[run.width(row.at[key]) for key in keys],) for run in self.runs.values()]  # type: ignore[misc]

    # -- proof

    def proved(self, network: Network, fresh: list[tuple[Fraction, Shapes]]) -> list[str]:
        """Hold a table against the network at every point traced, and at fresh ones; what floating point did is told.

        Raises
        ------
        MbcostError
            If they differ anywhere otherwise.
        """
        said = [*self.noise.values(), *self.unbuilt.values()]
        everywhere: list[tuple[Fraction, Run]] = list(self.runs.items())
        for alpha, shapes in fresh:
            try:
                everywhere.append((alpha, self.run(alpha, shapes)))
            except Untraced as error:
                if alpha >= 1:
                    raise
                said.append(f"at alpha {exact_text(alpha)} the code builds no network: {error.fact}")
        for alpha, run in everywhere:
            fact = self.differs(network, alpha, run)
            if fact and not (excuse := self.excused(alpha, run)):
                raise MbcostError(
                    f"at alpha {exact_text(alpha)} the table would not be the network: {fact}",
                    help="import it at one alpha, without --vary",
                )
            if fact and excuse not in said:
                said.append(excuse)
        return said

    def differs(self, network: Network, alpha: Fraction, run: Run) -> str:
        """In what a table and the network differ at one point; empty where they do not."""
        size = run.graph.traces[0].size
        sides = [size[0], size[1] if len(size) > 1 else 1] if size else [1, 1]
        try:
            cost = network.count(variant_of(alpha, resolution=sides))
        except MbcostError as error:
            return f"the table does not hold there: {error.fact}"
        built = Counter(part.mult_adds for part in run.parts if part.mult_adds)
        rows = Counter(row.mult_adds for row in cost.rows if row.mult_adds)
        if built == rows and (cost.mult_adds, cost.params) == (run.graph.traces[0].mult_adds, run.graph.params):
            joins = (
                sum(part.op == "add" for part in run.parts),
                sum(row.op == "add" or row.name.endswith("/add") for row in cost.rows),
            )
            return "" if joins[0] == joins[1] else f"the network adds {joins[0]} times, the table {joins[1]} times"
        row = next((row for row in cost.rows if row.mult_adds and not built[row.mult_adds]), None)
        where = (
            f"{row.name} has {row.mult_adds:,} mult-adds in the table and no layer of the network has; " if row else ""
        )
        return f"{where}in all {cost.mult_adds:,} mult-adds and {cost.params:,} params against {run.graph.traces[0].mult_adds:,} and {run.graph.params:,}"

    def excused(self, alpha: Fraction, run: Run) -> str:
        """What the floating point of the code did at a point, where that explains all that differs."""
        said = ""
        for row in self.rows:
            for key in ("expanded", "out"):
                site = self.sites.get((id(row), key))
                if site is None:
                    continue
                width, given = run.width(row.at[key]), run.width(row.at["in"])
                guess = next((one for one in site.guesses or () if one.at(alpha, given) == width), None)
                near = next((one for one in site.guesses or () if noise(one, alpha, given, width)), None)
                if guess is None and near is not None and not said:
                    said = (
                        f"at alpha {exact_text(alpha)} the code's floating point gives {site.place} {width} channels; exactly it is "
                        f"{near.at(alpha, given)}, and the table has that"
                    )
        return said


def _sort(part: Part) -> tuple[Any, ...]:
    """What a layer is at any alpha."""
    if part.op == "linear":
        return ("linear",)
    return "conv", part.facts["kernel"], part.facts["stride"], part.facts["dilation"]


def _added(parts: list[Part]) -> set[int]:
    """The weighted layers, by identity, whose maps, normalised or activated, are added to others."""
    order = {id(part) for part in weighted(parts)}
    found = set()
    for part in parts:
        if part.op == "add":
            for source in part.sources:
                at = parts[source]
                while id(at) not in order and at.op in {"norm", "activation"}:
                    at = parts[at.sources[0]]
                if id(at) in order:
                    found.add(id(at))
    return found


def _said(guess: Guess) -> str:
    words = {"scale": "alpha x {}", "grow": "max(1, alpha) x {}", "fixed": "{}", "ratio": "{} x its input"}
    text = words[guess.mode].format(exact_text(Fraction(guess.value)))
    return text if guess.rule is None else f"{text} under {guess.rule}"
