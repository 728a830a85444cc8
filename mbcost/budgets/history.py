"""What checks found, run after run: a file of JSON lines, one a run, appended to and read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from mbcost import __version__
from mbcost.budgets.saved_json import RefusedJson, exact, saved_count, saved_text, strict_json
from mbcost.budgets.specs import Outcome
from mbcost.dims import Dim
from mbcost.documents.nodes import read_bytes, read_text
from mbcost.errors import Lines, MbcostError

__all__ = ["SCHEMA", "Entry", "history_line", "read_history"]

SCHEMA = "mbcost/history/1"
STATUSES = ("fail", "warn", "pass", "unchecked")
HELP = "mend or remove that line; `mbcost check --append FILE` writes one a run"


class Entry(NamedTuple):
    """One network at one point in one run, with the entry of the same network in the run before that has it."""

    run: int
    time: str
    commit: str
    status: str
    model: str
    at: str
    mult_adds: Dim
    params: Dim
    before: Entry | None = None


def history_line(outcome: Outcome, time: str, commit: str) -> str:
    """A run in one line of JSON: when, of which commit, how it went, and what every network costs."""
    from mbcost.budgets.verdicts.words import point, verdict
    from mbcost.report.report import value

    models: dict[Any, Any] = {}
    for result in outcome.results:
        cost = result.cost
        models.setdefault((result.model, point(result), str(cost.variant.convention)), {
            "model": result.model, "at": point(result), "convention": str(cost.variant.convention), "table_hash": cost.network.table_hash,
            "mult_adds": value(cost.mult_adds), "params": value(cost.params),
        })  # fmt: skip
    found = {result.status for result in outcome.results}
    status = next((status for status in STATUSES if status in found), "pass")
    keys = {
        "schema": SCHEMA, "version": __version__, "time": time, "commit": commit or None, "status": status,
        "verdict": verdict(outcome), "base": outcome.base or None, "models": list(models.values()),
    }  # fmt: skip
    return json.dumps(keys) + "\n"


def read_history(path: str) -> list[Entry]:
    """Every network of every run, in order; a line that is none of ours is an error at its place."""
    text = read_text(read_bytes(path), path)
    lines = Lines(path, text)
    found: list[Entry] = []
    last: dict[tuple[str, str, str], Entry] = {}
    run = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        run += 1
        try:
            for key, entry in _entries(strict_json(line), run):
                last[key] = entry._replace(before=last.get(key))
                found.append(last[key])
                last[key] = entry
        except json.JSONDecodeError as error:
            raise MbcostError(
                f"not valid JSON: {error.msg}", help=HELP, place=lines.place(number, error.colno)
            ) from None
        except (RefusedJson, RecursionError) as error:
            fact = str(error) if isinstance(error, RefusedJson) else "it is nested too deep"
            raise MbcostError(f"no run of `mbcost check`: {fact}", help=HELP, place=lines.place(number, 1)) from None
    if not found:
        raise MbcostError(f"`{path[:200]}` has no runs", help="write one: mbcost check --append FILE")
    return found


def _entries(run: Any, number: int) -> Iterator[tuple[tuple[str, str, str], Entry]]:
    if not isinstance(run, dict) or run.get("schema") != SCHEMA:
        raise RefusedJson(f"its schema is not {SCHEMA}")
    time, commit, status, models = (run.get(key) for key in ("time", "commit", "status", "models"))
    if (
        not isinstance(time, str)
        or not saved_text(time)
        or not (commit is None or saved_text(commit))
        or status not in STATUSES
    ):
        raise RefusedJson("`time`, `commit` or `status` is not as it writes them")
    if not isinstance(models, list) or not models:
        raise RefusedJson("`models` is no list of networks")
    for model in models:
        if not isinstance(model, dict) or not all(saved_text(model.get(key)) for key in ("model", "at", "convention")):
            raise RefusedJson("a network without `model`, `at` or `convention`")
        if not all(saved_count(model.get(key)) for key in ("mult_adds", "params")):
            raise RefusedJson("`mult_adds` or `params` is no count")
        amounts = [exact(model[key]) for key in ("mult_adds", "params")]
        yield (
            (model["model"], model["at"], model["convention"]),
            Entry(number, time, commit or "", status, model["model"], model["at"], amounts[0], amounts[1]),
        )
