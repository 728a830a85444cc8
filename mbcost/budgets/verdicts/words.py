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
    from mbcost.budgets.specs import Compared, Outcome, Part, Result

__all__ = [
    "amount", "details", "excess", "explained", "facts", "footer", "groups", "heading", "joined", "loose", "notes", "plural", "point", "sentence", "subject", "told", "unnamed", "verdict",
]  # fmt: skip

Cells = tuple[str, ...]

MOST_GREW = 5
MOST_TABLES = 5
MOST_TOLD = 12
MOST_PLACES = 5
MOST_BEHIND = 3


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
    if outcome.gated and outcome.unbudgeted:
        warned += f"; {plural(len(outcome.unbudgeted), 'table')} without a budget"
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
        holding = len(held) - len(warnings)
        limits = "1 limit holds" if holding == 1 else f"{holding:,} limits hold"
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


def point(result: Result | Compared) -> str:
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


def subject(result: Result | Compared) -> str:
    """Which model, at which point."""
    return f"{line(result.model)}, {point(result)}"


def amount(result: Result, value: Any) -> str:
    """An amount of the result's unit: a count, bytes, or a share."""
    if isinstance(value, Fraction) and result.limit.share:
        return share(value)
    return f"{count(value)} bytes" if result.limit.in_bytes else count(value)


def facts(result: Result) -> str:
    """Quantity, value and limit, and by how much it is over or within; of a result that was held against its limit."""
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


def groups(results: list[Result]) -> list[list[Result]]:
    """Results over their limits by what is behind them, worst first.

    With a base that is the line that was edited; without one nobody knows, and the results of one model stand together, as do
    the expectations of one table.
    """
    found: dict[Any, list[Result]] = {}
    for result in results:
        place, stated = result.place, result.limit.kind == "expect"
        known = place is not None and bool(result.grew or stated)
        key = (
            (place.file, 0 if stated else place.line) if known and place is not None else (result.model, result.status)
        )
        found.setdefault(key, []).append(result)
    return list(found.values())


def heading(results: list[Result]) -> str:
    """What a group of results is about: one model at its point, or several."""
    subjects = list(dict.fromkeys(map(subject, results)))
    models = list(dict.fromkeys([line(result.model) for result in results]))
    if len(subjects) == 1:
        return subjects[0]
    return f"{models[0]}, {len(subjects)} points" if len(models) == 1 else f"{plural(len(models), 'model')}"


def told(results: list[Result]) -> list[str]:
    """What a group says of each limit: with the point, and the model, where there are several."""
    models = len({result.model for result in results})
    points = len(set(map(subject, results)))
    mixed = any(result.status == "fail" for result in results)
    told = []
    for result in results[:MOST_TOLD]:
        where = subject(result) if models > 1 else point(result) if points > 1 else ""
        mark = "warning: " if mixed and result.status == "warn" else ""
        told.append(f"{mark}{where}: {facts(result)}" if where else f"{mark}{facts(result)}")
    rest = len(results) - MOST_TOLD
    return [*told, f"and {plural(rest, 'more limit')}: -f json has all of them"] if rest > 0 else told


def details(results: list[Result]) -> list[tuple[str, list[Cells]]]:
    """What stands below a group, in lines of cells: the layers behind its worst result, then places and messages.

    A peak is told of with what is alive there; and where no cause is known, each quantity with what makes it.
    """
    result = results[0]
    behind: dict[str, Result] = {}
    for one in results:
        behind.setdefault(one.limit.quantity if one.at or not one.grew else "", one)
    found: list[tuple[str, list[Cells]]] = []
    for one in list(behind.values())[:MOST_BEHIND]:
        made_by = _behind(one)  # nothing stands behind an expectation
        found += [("for", [(one.limit.heading,)])] if len(behind) > 1 and made_by else []
        found += made_by
    if result.grew and result.place is not None:
        found.append(("line", [(line(str(result.place)),)]))
    places = {str(r.limit.place): None for r in results if r.limit.place is not None}
    if places:
        shown = list(map(line, places))
        more = [f"and {len(shown) - MOST_PLACES} more"] if len(shown) > MOST_PLACES else []
        label = "table" if result.limit.kind == "expect" else "limit"
        found.append((label, [(", ".join([*shown[:MOST_PLACES], *more]),)]))
    messages = {" ".join(r.budget.message.split()): None for r in results if r.budget.message}
    found += [("note", [(line(message),)]) for message in messages]
    return found


def _behind(result: Result) -> list[tuple[str, list[Cells]]]:
    """The largest layers of a result, and those that grew; of a peak what is alive there, and was."""
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
    return found


def explained(results: list[Result]) -> str:
    """A group and its details as plain text, a line for each of them."""
    first, *more = told(results)
    lines = [f"{name}: {', '.join(map(joined, lines))}" for name, lines in details(results)]
    return "\n".join([f"{heading(results)}: {first}", *more, *lines])


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


def unnamed(outcome: Outcome) -> list[str]:
    """A notice for each table that no budget names."""
    return [f"{line(place.file)} is beside tables with a budget, and has none" for place in outcome.unbudgeted]


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
