"""The sentences of a verdict: shared by every format, so that no two of them say different things."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mbcost import __version__
from mbcost.budgets.specs import DEFAULT_FILE
from mbcost.dims import exact_text
from mbcost.escape import line
from mbcost.report.numbers import count, percent_change, share

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome, Part, Result

__all__ = [
    "amount", "details", "excess", "explained", "facts", "footer", "joined", "loose", "notes", "plural", "point", "sentence", "subject", "verdict",
]  # fmt: skip

Cells = tuple[str, ...]

MOST_GREW = 5
MOST_TABLES = 5


def plural(number: int, word: str) -> str:
    """A number with its word.

    >>> plural(1, "budget"), plural(2, "budget")
    ('1 budget', '2 budgets')
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def verdict(outcome: Outcome) -> str:
    """The one sentence that says how it went."""
    held = [r for r in outcome.results if r.status in {"pass", "warn", "fail"} and r.limit.kind != "expect"]
    stated = [r for r in outcome.results if r.limit.kind == "expect"]
    missed = [r for r in outcome.failures if r.limit.kind == "expect"]
    failures, warnings = [r for r in outcome.failures if r.limit.kind != "expect"], outcome.warnings
    budgets = len({(r.file.path, r.budget.number) for r in outcome.results})
    models = len({r.model for r in outcome.results})
    scope = f"{plural(budgets, 'budget')}, {plural(models, 'model')}"
    warned = f"; {plural(len(warnings), 'warning')}" if warnings else ""
    off = f"; {plural(len(missed), 'cost')} not as the table expects" if missed else ""
    if missed and not failures:
        first = missed[0]
        return (
            f"not as expected: {plural(len(missed), 'cost')} not what the table states ({scope}){warned}; "
            f"first: {line(first.model)}, {facts(first)}"
        )
    if stated and not held:
        return f"as expected: {plural(len(stated), 'cost')} {'is' if len(stated) == 1 else 'are'} what the table states ({scope})"
    if outcome.base and not held:
        return f"nothing held against the base: {plural(len(outcome.results), 'limit')} not checked ({scope})"
    if not failures:
        limits = "1 limit holds" if len(held) == 1 else f"{len(held):,} limits hold"
        return f"within budget: {limits} ({scope}){warned}"
    worst = failures[0]
    how = (
        f"{share(worst.over_share)} over {worst.limit.text}"
        if worst.over
        else f"not known to be within {worst.limit.text}"
    )
    on = f"{line(worst.layer)} " if worst.layer else ""
    return (
        f"over budget: {len(failures):,} of {plural(len(held), 'limit')} exceeded ({scope}){warned}{off}; "
        f"worst: {line(worst.model)}, {on}{worst.limit.heading} {how}"
    )


def point(result: Result) -> str:
    """The point of the family: alpha, resolution, and whatever else was asked for."""
    variant, asked = result.cost.variant, result.point.variant
    height, width = variant.size
    words = [f"alpha {exact_text(variant.alpha)}", f"resolution {height if height == width else f'{height}x{width}'}"]
    words += [f"depth {exact_text(variant.depth)}"] if variant.depth != 1 else []
    words += [f"batch {variant.batch}"] if variant.batch != 1 else []
    words += ["standard twin"] if variant.standard else []
    words += [f"rounding {variant.rounding}"] if variant.rounding != result.cost.network.rounding else []
    words += [f"classes {asked.classes}"] if asked.classes else []
    words += [f"set {name}={_listed(value)}" for name, value in asked.set]
    words += [f"without {glob}" for glob in asked.without]
    return line(", ".join(words))


def _listed(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)


def subject(result: Result) -> str:
    """Which model, at which point."""
    return f"{line(result.model)}, {point(result)}"


def amount(result: Result, value: Any) -> str:
    """An amount of the result's unit: a count, bytes, or a share."""
    if isinstance(value, Fraction) and result.limit.share:
        return share(value)
    return f"{count(value)} bytes" if result.limit.in_bytes else count(value)


def facts(result: Result) -> str:
    """Quantity, value and limit, and by how much it is over or within."""
    limit, value = result.limit, result.value
    least = "at least " if result.bound else ""
    name = limit.heading + (
        f" at {limit.measured.width(result.budget.bits)} bits" if limit.in_bytes and limit.measured.sized else ""
    )
    words = f"{line(result.layer)} {name}" if result.layer else name
    words += f" {least}{amount(result, value)}"
    kind = "warning limit" if limit.warns else "limit"
    if limit.kind == "expect":
        rule = str(result.cost.variant.convention)
        words += f", the table expects {limit.text}" + (f" under {rule}" if rule != "torch" else "")
        if result.over:
            return f"{words}, {amount(result, result.over)} {'more' if value > result.allowed else 'less'} ({share(result.over_share)})"
        return f"{words}, and not every row's cost is known" if result.bound else words
    if limit.kind == "vs_base":
        if result.base is None:
            return f"{words}, {kind} {limit.text} over the base"
        grown = value - result.base
        rate = f" ({percent_change(Fraction(grown, result.base))})" if result.base else ""
        if result.bound and result.base_bound:
            words += f", was at least {amount(result, result.base)}"
        elif result.bound or result.base_bound:
            most = result.base_bound == (grown >= 0)
            words += f", {'grew' if grown >= 0 else 'shrank'} by at {'most' if most else 'least'} {amount(result, abs(grown))}"
        else:
            words += f", {'grew by' if grown > 0 else 'shrank by' if grown else 'unchanged from'} {amount(result, abs(grown) or value)}{rate if grown else ''}"
        words += f", {kind} {limit.text}"
    else:
        words += f", {kind} {limit.text}"
    words += f" for {line(limit.layers)}" if limit.layers else ""
    if result.over:
        rate = f" ({share(result.over_share)})" if result.allowed else ""
        return f"{words}, over by {excess(result)}{rate}"
    if result.bound or (result.base_bound and value > result.allowed):
        unknown = [line(row.name) for row in result.cost.rows if not row.exact]
        which = (
            f"the cost of {', '.join(unknown[:3])}{f' and {len(unknown) - 3} more' if len(unknown) > 3 else ''}"
            if unknown
            else "a cost of the base"
        )
        return f"{words}: {which} is not known, so it cannot be known to be within"
    left = result.allowed - value
    return (
        f"{words}, {amount(result, left)} left ({share(Fraction(left) / result.allowed)})" if result.allowed else words
    )


def excess(result: Result) -> str:
    """The excess; of a share in percentage points."""
    if result.limit.share:
        return share(result.over).replace(" %", " points")
    return amount(result, result.over)


def sentence(result: Result) -> str:
    """The whole result as one sentence."""
    return f"{subject(result)}: {facts(result)}"


def details(result: Result) -> list[tuple[str, list[Cells]]]:
    """What stands below a result over its limit, in lines of cells: the largest layers, those that grew, the limit's place, its message."""
    found: list[tuple[str, list[Cells]]] = []
    if result.at:
        before = "" if not result.was_at else "as before" if result.was_at == result.at else f"was at {result.was_at}"
        found.append(("at", [(line(f"{result.at}, {before}" if before else result.at),)]))
    if result.layers:
        found.append(("most", [_contribution(result, part) for part in result.layers]))
    if result.was:
        found.append(("was", [_contribution(result, part) for part in result.was]))
    if result.grew or (result.base is not None and not result.at):
        found.append(("grew", _grown(result)))
    if result.limit.place is not None:
        found.append(("table" if result.limit.kind == "expect" else "limit", [(line(str(result.limit.place)),)]))
    if result.budget.message:
        found.append(("note", [(line(" ".join(result.budget.message.split())),)]))
    return found


def explained(result: Result) -> str:
    """A result and its details as plain text, a line for each of them."""
    return "\n".join(
        [sentence(result), *[f"{name}: {', '.join(map(joined, lines))}" for name, lines in details(result)]]
    )


def joined(cells: Cells) -> str:
    """The cells of a line as running text."""
    return " ".join([cell for cell in cells if cell])


def _grown(result: Result) -> list[Cells]:
    """The layers that grew over the base, most first, each with what it was and is."""
    if not result.grew:
        return [(f"no layer (the base: {amount(result, result.base)})",)]
    rest = len(result.grew) - MOST_GREW
    more: list[Cells] = [(f"and {plural(rest, 'more layer')}",)] if rest > 0 else []
    return [*[_growth(result, part) for part in result.grew[:MOST_GREW]], *more]


def _contribution(result: Result, part: Part) -> Cells:
    rate = f"({share(part.share)})" if part.share is not None else ""
    return line(part.name), _plain(result, part.value), rate


def _growth(result: Result, part: Part) -> Cells:
    before, arrow = (_plain(result, part.before), "->") if part.change == "~" else ("", "")
    return f"{part.change} {line(part.name)}", before, arrow, _plain(result, part.value), f"(+{count(part.growth)})"


def _plain(result: Result, value: Any) -> str:
    return f"{count(value)} bytes" if result.limit.in_bytes else count(value)


def notes(outcome: Outcome) -> list[str]:
    """What was not held against anything, and why."""
    found = []
    unchecked = sum(1 for r in outcome.results if r.status == "unchecked")
    if unchecked:
        found.append(
            f"{plural(unchecked, 'relative limit')} (vs_base) not checked: give --base REV or --base FILE.json"
        )
    new: dict[str, int] = {}
    for result in outcome.results:
        if result.status == "new":
            new[result.model] = new.get(result.model, 0) + 1
    why = dict(outcome.absent)
    for model, number in new.items():
        found.append(f"{line(model)} {line(why[model])}, so {plural(number, 'relative limit')} not checked")
    for model, was in outcome.renamed:
        found.append(f"{line(model)} was {line(was)} at {line(outcome.base)}: held against that")
    return found


def loose(outcome: Outcome) -> list[str]:
    """A notice for each limit that is far too loose; --update is told of where it would tighten it."""
    if not outcome.notices:
        return []
    from mbcost.budgets.update import tightened

    mended = tightened(outcome)
    return [_loose(result, result.limit.place in mended) for result in outcome.notices]


def _loose(result: Result, mended: bool) -> str:
    place = f" ({line(str(result.limit.place))})" if result.limit.place else ""
    used = share(Fraction(result.value) / result.allowed)
    way = "lower it"
    if mended:
        from shlex import quote

        path = result.file.path
        way += f", or run `mbcost check --update{'' if path == DEFAULT_FILE else f' {quote(line(path))}'}`"
    return f"{subject(result)}: {result.limit.heading} at {used} of the limit {result.limit.text}{place}: {way}"


def footer(outcome: Outcome) -> str:
    """Under which convention, by which version, from which tables."""
    conventions = sorted({str(file.convention) for file in outcome.files})
    digests = {result.cost.network.table_hash: result.model for result in outcome.results}
    if len(digests) == 1:
        tables = f"table {next(iter(digests))}"
    elif len(digests) <= MOST_TABLES:
        tables = "tables " + ", ".join([f"{digest} of {line(model)}" for digest, model in digests.items()])
    else:
        from hashlib import sha256

        together = sha256(" ".join(sorted(digests)).encode("ascii")).hexdigest()[:16]
        tables = f"{len(digests)} tables, together {together}"
    base = f", base {line(outcome.base)}" if outcome.base else ""
    return f"convention {line(', '.join(conventions))}, mbcost {__version__}, {tables}{base}"
