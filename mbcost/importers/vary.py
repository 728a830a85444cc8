"""A builder with a width argument to a table with alpha: traced at several alphas, its widths inferred and then verified.

A network is nested at a large alpha, where channels agree only if they always do. What rows say of their widths is searched for
(:mod:`widths`): wherever another thing that they may say differs, the network is traced, until nothing is left that does. The table is
then held against points that took no part in the search. Whatever it cannot say is an error that names the row and the alpha; only
the noise of floating point in the user's code is told and passed over.
"""

from __future__ import annotations

import re
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
from mbcost.importers.widths import FIRST, HIGH, LOW, Given, Guess, Rival, Site, noise, plainness, rivals
from mbcost.network import Network, variant_of

__all__ = ["LARGE", "Tracer", "Widths", "points"]

Shapes: TypeAlias = list[list[int]]
Tracer: TypeAlias = Callable[[Fraction, list[Shapes]], Graph]
"""Traces the network at an alpha and some input shapes."""

LARGE = tuple(map(Fraction, (32, 8, 4, 2, 1)))
"""Alphas at which the network's structure is read: the first at which it can be built."""

ROUNDS = 24
POOL = 40
"""Alphas that are compared for how much they would tell apart."""

PLAIN_OUT = ("scale", "grow", "ratio")
BLOCK_OUT = ("scale", "grow")
EXPANDED = ("ratio", "scale", "grow")
TAKES_RATIO = {"conv", "linear", "pointwise", "transposed"}
FRESH = {
    "0.25": 7,
    "0.35": 6,
    "0.5": 5,
    "0.6": 3,
    "0.75": 7,
    "0.9": 9,
    "1.05": 8,
    "1.15": 4,
    "1.25": 6,
    "1.4": 8,
    "1.9": 5,
    "3.3": 6,
}
"""Alphas at which a table is verified, each at so many sevenths of the size; no search ever sees them."""


def points(inputs: Shapes) -> list[tuple[Fraction, Shapes]]:
    """Alphas and sizes at which a table is verified."""
    found = []
    for alpha, size in FRESH.items():
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
    adds: set[frozenset[int]]
    graph: Graph

    def width(self, at: tuple[int, str]) -> int:
        """Channels into or out of a layer; an absent one leaves its map as it is."""
        number, side = at
        part = self.aligned[number]
        while part is None:
            number, side = number + 1, "in"
            part = self.aligned[number]
        return part.read[0] if side == "in" else part.shape[0]

    def joined(self, above: tuple[int, str], number: int) -> bool:
        """Whether what a layer puts out is added to what is read where a row begins."""
        first = self.aligned[above[0]] or next(part for part in self.aligned[above[0] :] if part is not None)
        made = self.aligned[number]
        return made is not None and frozenset({id(_maker(self.parts, first.sources[0])), id(made)}) in self.adds


class Widths:
    """The rows of a network as rules of alpha."""

    def __init__(self, trace: Tracer, inputs: Shapes, reference: Graph, items: list[Row], scopes: Any) -> None:
        self.trace, self.inputs = trace, inputs
        self.scopes = scopes
        self.rows = [row for row in everything(items) if row.at and row.op not in {"depthwise", "squeeze_excite"}]
        self.parts = lower(reference, reference.traces[0])
        self.reference = weighted(self.parts)
        places = {id(part): at for at, part in enumerate(self.parts)}
        self.order = [places[id(part)] for part in self.reference]
        self.numbers = {id(part): number for number, part in enumerate(self.reference)}
        self.makers: dict[int, tuple[Row, str]] = {}
        self.reads: dict[tuple[int, str], list[tuple[int, Fraction]] | None] = {}
        self.compared: dict[object, list[Rival]] = {}
        self.runs: dict[Fraction, Run] = {}
        self.sites: dict[tuple[int, str], Site] = {}
        self.noise: dict[Fraction, str] = {}
        self.unbuilt: dict[Fraction, str] = {}
        for row in self.rows:
            if "expanded" in row.at and "expansion" in row.fields:
                self.sites[id(row), "expanded"] = Site(self.place(row), EXPANDED)
                if "expand" in row.at:
                    self.makers[row.at["expand"][0]] = (row, "expanded")
            self.sites[id(row), "out"] = Site(self.place(row), PLAIN_OUT if row.op in TAKES_RATIO else BLOCK_OUT)
            self.makers[row.at["out"][0]] = (row, "out")

    # -- runs

    def run(self, alpha: Fraction, shapes: Shapes | None = None) -> Run:
        """The network at an alpha, its layers put beside those of the reference."""
        try:
            graph = self.trace(alpha, [shapes or self.inputs])
        except MbcostError as error:
            raise Untraced(error.fact, help=error.help) from error
        parts = lower(graph, graph.traces[0])
        if any(0 in shape for shape in graph.traces[0].values):
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
                raise self._structure(number, alpha, own, here)
            found.append(None)
        if at < len(own):
            raise self._structure(len(self.reference) - 1, alpha, own, None)
        return found

    def _structure(self, number: int, alpha: Fraction, own: list[Part], here: Part | None) -> MbcostError:
        part = self.reference[number]
        where = (self.scopes[part.scope].path if part.scope >= 0 else "") or f"layer {number + 1}"
        if here is not None and len(own) == len(self.reference):
            fact = f"{where} is {_words(here)} and not {_words(part)}"
        else:
            fact = f"{len(own)} with weights and not {len(self.reference)}: {where} is the first that differs"
        return MbcostError(
            f"at alpha {exact_text(alpha)} the network has other layers, {fact}",
            help="alpha changes widths, never the layers of a table; import it at one alpha, without --vary",
        )

    def place(self, row: Row) -> str:
        """The module of a row."""
        paths = [self.scopes[scope].path for scope in row.scopes if scope >= 0 and self.scopes[scope].path]
        return paths[0] if paths else row.op

    # -- search

    def search(self, alphas: Iterable[Fraction] = FIRST) -> tuple[Rounding | None, list[Fraction]]:
        """The table's rule, and the alphas it was found at; every row has what it says of its widths then.

        Raises
        ------
        MbcostError
            If a width follows no rule that a row can state.
        """
        for alpha in alphas:
            self._see(alpha)
        if not self._varies():
            if self.unbuilt:
                raise MbcostError(
                    next(iter(self.unbuilt.values())), help="its widths are found from what it builds at several alphas"
                )
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
        self._choose()
        for _ in range(ROUNDS):
            further = self._further()
            if further is None:
                break
            self._see(further)
            self._choose()
        self._left_open()
        return self.rule, sorted(self.runs)

    def _varies(self) -> bool:
        return any(len(set(site.widths.values())) > 1 for site in self.sites.values())

    def _see(self, alpha: Fraction) -> None:
        try:
            self.runs[alpha] = run = self.run(alpha)
        except Untraced as error:
            if alpha == 1:
                raise
            self.unbuilt[alpha] = _unbuilt(alpha, error)
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
                "no rule of the table gives all its widths",
                help="a width is fixed, alpha times a number, or a multiple of the input's, rounded by one rule; import it at one alpha, "
                "without --vary",
            )

    def _choose(self) -> None:
        """Of what is left, the rule that most rows hold under, and what each row says of its widths."""
        counts: Counter[Rounding] = Counter()
        for row in self.rows:
            rules = [{guess.rule for guess in site.guesses or ()} for site in self._own(row)]
            if any(None in own and len(own) == 1 for own in rules):
                rules = [own for own in rules if own != {None}]
            if rules:
                counts.update(rule for rule in set.intersection(*rules) if rule is not None)
        most = max(counts.values(), default=0)
        self.rule = min((rule for rule, count in counts.items() if count == most), key=plainness, default=None)
        self.chosen: dict[tuple[int, str], Guess] = {}
        self.of_its_own: dict[int, Rounding] = {}
        for row in self.rows:
            own = [] if self.rule is None else self._words(row, self.rule)
            if not own:
                rules = [{guess.rule for guess in site.guesses or ()} for site in self._own(row)]
                for rule in sorted({one for own in rules for one in own if one is not None}, key=plainness):
                    own = self._words(row, rule)
                    if own:
                        self.of_its_own[id(row)] = rule
                        break
                own = own or self._words(row, Rounding("floor"))
            for key, guess in zip(self._keys(row), own, strict=False):
                self.chosen[id(row), key] = guess

    def _keys(self, row: Row) -> list[str]:
        return [key for key in ("expanded", "out") if (id(row), key) in self.sites]

    def _own(self, row: Row) -> list[Site]:
        return [self.sites[id(row), key] for key in self._keys(row)]

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

    # -- what is left, told apart

    def _rivals(self, within: tuple[Fraction, Fraction]) -> list[tuple[Row, Site, Guess, Rival, Given | None]]:
        """What rows might say as well, and that differs somewhere; of rows alike, of one."""
        found = []
        seen = set()
        for row in self.rows:
            for key in self._keys(row):
                site, chosen = self.sites[id(row), key], self.chosen.get((id(row), key))
                if chosen is None or len(site.guesses or ()) < 2:
                    continue
                given = self._given(row)
                mark = (site.key, chosen, tuple(site.guesses or ()), given and given.leaves, within)
                if mark in seen:
                    continue
                seen.add(mark)
                if mark not in self.compared:
                    self.compared[mark] = rivals(chosen, site.guesses or (), given, within)
                found += [(row, site, chosen, rival, given) for rival in self.compared[mark]]
        return found

    def _within(self) -> tuple[Fraction, Fraction]:
        """The alphas between which the network can be traced, as far as is known."""
        low = min(self.runs) if any(a < 1 for a in self.unbuilt) else LOW
        high = max(self.runs) if any(1 < a <= HIGH for a in self.unbuilt) else HIGH
        return max(low, LOW), min(high, HIGH)

    def _further(self) -> Fraction | None:
        """The alpha at which most of what is left would be told apart; None where nothing is."""
        found = self._rivals(self._within())
        times = Counter(
            rival.alpha for *_, rival, _ in found if rival.alpha not in self.runs and rival.alpha not in self.unbuilt
        )
        best: tuple[int, Fraction | None] = (0, None)
        for alpha, _ in times.most_common(POOL):
            count = 0
            for _, _, chosen, rival, given in found:
                channels = given.at(alpha) if given is not None else 0
                count += chosen.at(alpha, channels) != rival.guess.at(alpha, channels)
            if count > best[0]:
                best = count, alpha
        return best[1]

    def _given(self, row: Row) -> Given | None:
        """The channels that a row reads at any alpha: what the layers above it put out, of which some stand side by side."""
        number, side = row.at["in"]
        part = self.reference[number]
        if (number, side) not in self.reads:
            terms = self._terms(part.sources[0] if side == "in" else self.order[number])
            self.reads[number, side] = terms
        terms = self.reads[number, side]
        if terms is None:
            return None
        leaves: list[Guess] = []
        more = Fraction(0)
        made: list[tuple[Fraction, Guess, Given | None]] = []
        for at, factor in terms:
            if at < 0:
                more += factor
                continue
            owner, key = self.makers[at]
            guess = self.chosen.get((id(owner), key))
            above = self._given(owner) if guess is not None and guess.mode == "ratio" else None
            if guess is None or (guess.mode == "ratio" and above is None):
                return None
            leaves += above.leaves if above is not None else (guess,)
            made.append((factor, guess, above))

        def width(alpha: Fraction) -> int:
            own = (times * guess.at(alpha, above.at(alpha) if above else 0) for times, guess, above in made)
            return int(sum(own, more))

        for alpha, run in self.runs.items():
            if width(alpha) != run.width(row.at["in"]):
                return None
        return Given(width, tuple(dict.fromkeys(leaves)))

    def _terms(self, at: int) -> list[tuple[int, Fraction]] | None:
        """The channels of a part of the reference: a sum of so many times what weighted layers put out, -1 for a number."""
        factor = Fraction(1)
        while True:
            part = self.parts[at]
            number = self.numbers.get(id(part))
            if number in self.makers:
                return [(number, factor)]
            if not part.sources:
                return [(-1, part.shape[0] * factor)]
            if part.op == "concat":
                found: list[tuple[int, Fraction]] = []
                for source in part.sources:
                    terms = self._terms(source)
                    if terms is None:
                        return None
                    found += [(one, own * factor) for one, own in terms]
                return found
            above = next((one for one in part.sources if self.parts[one].shape[0] == part.shape[0]), part.sources[0])
            factor *= Fraction(part.shape[0], self.parts[above].shape[0])
            at = above

    def _left_open(self) -> None:
        """Tell what was not told apart, since the network cannot be traced where it differs."""
        self.range = self._within()
        told: dict[str, tuple[tuple[bool, Fraction], str]] = {}
        for row, _, chosen, rival, given in self._rivals((LOW, HIGH)):
            place, first, rule = self.place(row), rival.first, rival.guess.rule
            if rival.alpha < self.range[0] or rule not in {None, chosen.rule or self.rule}:
                continue  # there is no network, or a rule of its own for one row
            channels = given.at(first) if given is not None else 0
            there = chosen.at(first, channels) != rival.guess.at(first, channels)
            text = (
                f"{place}: {_said(chosen, short=True)} and {_said(rival.guess, short=True)} agree at all traced points; they first "
                f"differ {'at' if there else 'above' if rival.alpha > 1 else 'below'} alpha {exact_text(first)}"
            )
            rank = rival.guess.value != chosen.value, abs(first - 1)
            if place not in told or rank < told[place][0]:
                told[place] = rank, text
        self.undecided = [text for _, text in told.values()]

    # -- rows

    def write(self) -> list[Row]:
        """Say in every row what its widths are; rows that have no words for theirs are returned."""
        unsaid = []
        for row in self.rows:
            own = [self.chosen[id(row), key] for key in self._keys(row) if (id(row), key) in self.chosen]
            if len(own) < len(self._keys(row)):
                unsaid.append(row)
                continue
            if id(row) in self.of_its_own:
                row.fields["rounding"] = str(self.of_its_own[id(row)])
            self._say(row, own)
            self._groups(row)
            self._always(row)
        return unsaid

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
                told: list[tuple[Fraction, int, int]] = []
                for alpha in sorted(self.runs, key=lambda a: abs(a - 1)):
                    part = self.runs[alpha].aligned[number]
                    if part is not None and (not told or part.facts["groups"] != told[0][1]):
                        told.append((alpha, part.facts["groups"], part.read[0]))
                (one, groups, channels), (other, *others) = told[:2]
                raise MbcostError(
                    f"{self.place(row)}: {channels} channels in {groups} groups at alpha {exact_text(one)} and {others[1]} in {others[0]} at "
                    f"{exact_text(other)}: neither the number of its groups nor their width is the same at every alpha",
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
            joined = run.joined(row.at["in"], row.at["out"][0])
            if run.width(row.at["in"]) == run.width(row.at["out"]) and "stride" not in row.fields and not joined:
                row.fields["residual"] = False

    def squeezes(self, row: Row) -> list[tuple[int, int, int]]:
        """Squeezed, expanded and input widths at every alpha."""
        keys = ("reduced", "expanded", "in")
        return [(*[run.width(row.at[key]) for key in keys],) for run in self.runs.values()]  # type: ignore[misc]

    # -- proof

    def rough(self, inputs: Shapes) -> list[tuple[Fraction, Shapes]]:
        """A point at which floating point is likely to give other widths than exact arithmetic: the decimal alpha nearest to 1."""
        own: dict[object, tuple[Guess, Given | None]] = {}
        for row in self.rows:
            given = self._given(row)
            for key in self._keys(row):
                guess = self.chosen[id(row), key]
                if guess.mode != "ratio" or given is not None:
                    own.setdefault((guess, given and given.leaves), (guess, given))
        low, high = self.range
        for hundredths in sorted(range(25, 251), key=lambda number: abs(number - 100)):
            alpha = Fraction(hundredths, 100)
            if not low <= alpha <= high or exact_text(alpha) in FRESH:
                continue
            for guess, given in own.values():
                channels = given.at(alpha) if given is not None else 0
                if guess.floating(alpha, channels) != guess.at(alpha, channels):
                    return [(alpha, inputs)]
        return []

    def fresh(self, asked: list[tuple[Fraction, Shapes]]) -> list[tuple[Fraction, Shapes, Run]]:
        """The network at points that took no part in the search, as far as the code builds it there."""
        found = []
        for alpha, shapes in asked:
            try:
                found.append((alpha, shapes, self.run(alpha, shapes)))
            except Untraced as error:
                self.unbuilt[alpha] = _unbuilt(alpha, error)
        if not found:
            raise MbcostError(
                next(iter(self.unbuilt.values())), help="a table with alpha is verified where it was not found"
            )
        return found

    def proved(self, network: Network, fresh: list[tuple[Fraction, Shapes, Run]]) -> list[str]:
        """Hold a table against the network at every point traced, and at fresh ones; what floating point did is told.

        Raises
        ------
        MbcostError
            If they differ anywhere otherwise.
        """
        below, above = [a for a in self.unbuilt if a < 1], [a for a in self.unbuilt if a > 1]
        said = [*self.noise.values(), *(self.unbuilt[a] for a in [*sorted(below)[-1:], *sorted(above)[:1]])]
        for alpha, run in [*self.runs.items(), *((alpha, run) for alpha, _, run in fresh)]:
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
            return f"the table does not hold there: {error.fact}{self._named(error.fact, run)}"
        built = Counter(part.mult_adds for part in run.parts if part.mult_adds)
        rows = Counter(row.mult_adds for row in cost.rows if row.mult_adds)
        if built == rows and (cost.mult_adds, cost.params) == (run.graph.traces[0].mult_adds, run.graph.params):
            joins = (
                sum(part.op == "add" for part in run.parts),
                sum(row.op == "add" or row.name.endswith("/add") for row in cost.rows),
            )
            if joins[0] == joins[1]:
                return ""
            first = self.runs[Fraction(1)]
            odd = next((own for own in self.rows if self._adds(own, run) != self._adds(own, first)), None)
            place = (
                f"{self.place(odd)} {'is' if self._adds(odd, run) else 'is not'} added to its input, unlike at alpha 1; "
                if odd
                else ""
            )
            return f"{place}the network adds {joins[0]} times, the table {joins[1]} times"
        where = ""
        made = [part for part in run.parts if part.mult_adds]
        costly = [row for row in cost.rows if row.mult_adds]
        for part, row in zip(made, costly, strict=False):
            if part.mult_adds != row.mult_adds:
                name = self._path(part, run) or row.name
                where = f"{name} has {row.mult_adds:,} mult-adds in the table and {part.mult_adds:,} in the network; "
                break
        return (
            f"{where}in all {cost.mult_adds:,} mult-adds and {cost.params:,} params against {run.graph.traces[0].mult_adds:,} and "
            f"{run.graph.params:,}"
        )

    def _named(self, fact: str, run: Run) -> str:
        """The module of the row that an error names by its kind and number, where it is one of the table's own."""
        found = re.search(r"`([a-z_]+)_([0-9]+)`", fact)
        parts = [part for part in run.parts if found and part.op == found[1]]
        path = self._path(parts[int(found[2]) - 1], run) if found and int(found[2]) <= len(parts) else ""
        return f" ({path})" if path else ""

    def _path(self, part: Part, run: Run) -> str:
        """The module that a layer of a run ran in."""
        return run.graph.traces[0].scopes[part.scope].path if part.scope >= 0 else ""

    def _adds(self, row: Row, run: Run) -> bool:
        return run.joined(row.at["in"], row.at["out"][0])

    def excused(self, alpha: Fraction, run: Run) -> str:
        """What the floating point of the code did at a point, where that explains all that differs."""
        said = ""
        for row in self.rows:
            for key in self._keys(row):
                site, guess = self.sites[id(row), key], self.chosen[id(row), key]
                width, given = run.width(row.at[key]), run.width(row.at["in"])
                exactly = guess.at(alpha, given)
                if exactly == width:
                    continue
                if not noise(guess, alpha, given, width):
                    return ""
                said = said or (
                    f"at alpha {exact_text(alpha)} the code's floating point gives {site.place} {width} channels; exactly it is "
                    f"{exactly}, and the table has that"
                )
        return said


def _unbuilt(alpha: Fraction, error: MbcostError) -> str:
    return f"at alpha {exact_text(alpha)} the code builds no network: {error.fact}"


def _sort(part: Part) -> tuple[Any, ...]:
    """What a layer is at any alpha."""
    if part.op == "linear":
        return ("linear",)
    return "conv", part.facts["kernel"], part.facts["stride"], part.facts["dilation"]


def _words(part: Part) -> str:
    if part.op == "linear":
        return "a linear layer"
    (height, width), stride = part.facts["kernel"], part.facts["stride"]
    return f"a {height} x {width} convolution of stride {stride[0] if len(set(stride)) == 1 else list(stride)}"


def _added(parts: list[Part]) -> set[frozenset[int]]:
    """The parts, by identity, whose maps, normalised or activated, are added to each other."""
    return {frozenset(id(_maker(parts, source)) for source in part.sources) for part in parts if part.op == "add"}


def _maker(parts: list[Part], at: int) -> Part:
    """The part that a map comes from, before it was normalised and activated."""
    while parts[at].op in {"norm", "activation"}:
        at = parts[at].sources[0]
    return parts[at]


def _said(guess: Guess, *, short: bool = False) -> str:
    """A guess in words; short, as a row of the table has it."""
    number = exact_text(Fraction(guess.value))
    if short:
        return {"scale": "{}", "grow": "grow {}", "fixed": "fixed {}", "ratio": "expansion {}"}[guess.mode].format(
            number
        )
    words = {"scale": "alpha x {}", "grow": "max(1, alpha) x {}", "fixed": "{}", "ratio": "{} x its input"}
    text = words[guess.mode].format(number)
    return text if guess.rule is None else f"{text} under {guess.rule}"
