"""The answer of ``mbcost check``: every result, and every network costed, so that it can be a base later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbcost.budgets.verdicts.words import amount, footer, loose, notes, point, unnamed, verdict
from mbcost.report import Field, Report, Rows, Where
from mbcost.report.ascii import in_stream
from mbcost.report.report import value

if TYPE_CHECKING:
    from mbcost.budgets.specs import Outcome, Part, Result
    from mbcost.budgets.update import Edit
    from mbcost.errors import Place
    from mbcost.quantities import Quantity

__all__ = ["BADGES", "FORMATS", "report"]

FORMATS = ("github", "junit")
"""The formats that a verdict alone has."""

BADGES = ("json", "svg")
"""The forms of a badge, by the end of its file's name."""

STATUSES = ("pass", "warn", "fail", "new", "unchecked")


def report(
    outcome: Outcome, *, show_passed: bool = False, changes: list[Edit] | None = None, ratchet: str = ""
) -> Report:
    """The verdict as a report; ``ratchet`` is what ``--update`` did, below the text."""

    def keys() -> dict[str, Any]:
        from mbcost.budgets.saved import saved_keys

        conventions = sorted({str(file.convention) for file in outcome.files})
        costed = {id(result.cost): result for result in reversed(outcome.results)}
        found: dict[str, Any] = {
            "convention": conventions[0] if len(conventions) == 1 else conventions,
            "passed": outcome.passed,
            "verdict": verdict(outcome),
            "base": outcome.base or None,
            **({"change": change.keys()} if (change := _change(outcome)) is not None else {}),
            "counts": {status: sum(1 for r in outcome.results if r.status == status) for status in STATUSES},
            "results": Rows(FIELDS, outcome.results),
            "notes": notes(outcome),
            "notices": [*unnamed(outcome), *loose(outcome)],
            "models": [saved_keys(result, _dear(outcome, result)) for result in reversed(costed.values())],
        }
        if changes is not None:
            found["updates"] = [
                {"file": e.place.file, "line": e.place.line, "column": e.place.column, "before": e.limit.text, "after": e.text} for e in changes
            ]  # fmt: skip
        return found

    def text(where: Where) -> str:
        from mbcost.budgets.verdicts.text import verdict_text

        said = verdict_text(outcome, show_passed=show_passed, width=where.width, color=where.color)
        return in_stream(said + ratchet, where)

    def markdown(where: Where) -> str:
        from mbcost.budgets.verdicts.markdown import verdict_markdown

        return in_stream(verdict_markdown(outcome, show_passed=show_passed), where)

    def github(where: Where) -> str:
        from mbcost.budgets.verdicts.github import annotation_lines

        return in_stream(f"{verdict(outcome)}\n{annotation_lines(outcome)}{footer(outcome)}\n", where)

    def junit(where: Where) -> str:
        from mbcost.budgets.verdicts.junit import junit

        return in_stream(junit(outcome), where)

    def badge_json(_: Where) -> str:
        from mbcost.budgets.verdicts.badge import badge_json

        return badge_json(outcome)

    def badge_svg(where: Where) -> str:
        from mbcost.budgets.verdicts.badge import badge_svg

        return in_stream(badge_svg(outcome), where)

    forms = {
        "table": text, "markdown": markdown, "github": github, "junit": junit, "badge.json": badge_json, "badge.svg": badge_svg,
    }  # fmt: skip
    return Report("check/2", verdict(outcome), keys, (*notes(outcome), footer(outcome)), forms=forms)


def _change(outcome: Outcome) -> Any:
    """What changed since the base."""
    if not outcome.base:
        return None
    from mbcost.budgets.verdicts.changed import changes_of

    return changes_of(outcome)


def _dear(outcome: Outcome, result: Result) -> list[Quantity]:
    """The limited quantities of a network that take so long that only those who ask for them pay for them."""
    limits = [other.limit for other in outcome.results if other.cost is result.cost]
    return [limit.measured.base for limit in limits if limit.measured.base.dear]


def _budget(result: Result) -> dict[str, Any]:
    keys = {"file": result.file.path or None, "number": result.budget.number}
    place = result.limit.place
    return keys if place is None else {**keys, "line": place.line, "column": place.column}


def _at(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else {"file": place.file, "line": place.line, "column": place.column}


def _grew(result: Result) -> list[dict[str, Any]] | None:
    """The layers that grew, where there is a base and a limit is exceeded."""
    if result.base is None or result.status not in {"warn", "fail"}:
        return None
    keys = ("change", "name", "before", "value", "growth")
    return [{key: getattr(part, key) for key in keys} for part in result.grew]


def _amount(result: Result, said: Any) -> Any:
    """A value or a limit in JSON: a share as a number."""
    return value(said, "share" if result.limit.share else "count")


def _exactly(name: str) -> Field:
    """A share of a result once more, exact."""
    return Field(
        f"{name}_exact", get=lambda r: str(getattr(r, name)) if r.limit.share and getattr(r, name) is not None else None, to="json",
        optional=True,
    )  # fmt: skip


def _alive(at: str, parts: tuple[Part, ...]) -> dict[str, Any] | None:
    """The step of a peak, and the tensors alive there."""
    return {"step": at, "tensors": [SHARES.object(part) for part in parts]} if at else None


SHARES = Rows((Field("name"), Field("value", kind="count"), Field("share", kind="share")), ())

FIELDS = (
    Field("status", "status", get=lambda r: r.status, to="columns"),
    Field("model", "model", "name"),
    Field("at", "at", get=point, to="columns"),
    Field("alpha", get=lambda r: str(r.cost.variant.alpha), to="json"),
    Field("resolution", get=lambda r: r.cost.variant.size, to="json"),
    Field("quantity", "quantity", get=lambda r: r.limit.quantity),
    Field("kind", "kind", get=lambda r: r.limit.kind),
    Field("unit", get=lambda r: "share" if r.limit.share else "bytes" if r.limit.in_bytes else "count", to="json"),
    Field("value", "value", get=lambda r: amount(r, r.value), to="people"),
    Field("value", kind="number", get=lambda r: r.value, to="csv"),
    Field("value", get=lambda r: _amount(r, r.value), to="json"),
    _exactly("value"),
    Field("limit", kind="number", get=lambda r: r.allowed, to="csv"),
    Field("limit", get=lambda r: _amount(r, r.allowed), to="json"),
    Field("limit_exact", get=lambda r: str(r.allowed) if r.limit.share else None, to="json", optional=True),
    Field("limit", "limit", get=lambda r: r.limit.text, to="people"),
    Field("limit_text", get=lambda r: r.limit.text, to="data"),
    Field("passed", get=lambda r: r.status != "fail", to="json"),
    Field("status", to="json"),
    Field("over", kind="number", get=lambda r: r.over, to="csv"),
    Field("over", get=lambda r: _amount(r, r.over), to="json"),
    _exactly("over"),
    Field("over_share", "over", "share", 1, lambda r: r.over_share if r.allowed is not None else None),
    Field("layers", get=lambda r: [SHARES.object(part) for part in r.layers], to="json"),
    Field(
        "bits",
        get=lambda r: r.limit.measured.width(r.budget.bits) if r.limit.in_bytes else None,
        to="json",
        optional=True,
    ),
    Field("pattern", get=lambda r: r.limit.layers or None, to="json", optional=True),
    Field("layer", "layer", "name", 2, lambda r: r.layer or None, optional=True),
    Field("base", to="json", optional=True),
    Field("grew", get=_grew, to="json", optional=True),
    Field("at", get=lambda r: r.at or None, to="json", optional=True),
    Field("was", get=lambda r: _alive(r.was_at, r.was), to="json", optional=True),
    Field("bound", get=lambda r: r.bound or None, to="json", optional=True),
    Field("base_bound", get=lambda r: r.base_bound or None, to="json", optional=True),
    Field("budget", get=_budget, to="json"),
    Field("place", get=lambda r: _at(r.place), to="json", optional=True),
    Field("message", get=lambda r: r.budget.message or None, to="json", optional=True),
    Field("convention", get=lambda r: str(r.cost.variant.convention), to="json"),
    Field("table_hash", get=lambda r: r.cost.network.table_hash, to="json"),
)
