"""The first budgets file of a project: today's numbers, with room."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from fractions import Fraction

from mbcost import escape
from mbcost.budgets.globs import Search
from mbcost.budgets.update import count_text
from mbcost.dims import exact_text
from mbcost.documents.nodes import read_bytes, read_text
from mbcost.errors import MbcostError
from mbcost.network import Cost
from mbcost.report import numbers

__all__ = ["first_file", "tables_below"]

QUANTITIES = ("mult_adds", "params")
ROOM = Fraction(5, 100)
TABLE = re.compile(r"^format:.*^(?:layers|base):", re.MULTILINE | re.DOTALL)
MAX_TABLES = 200

HEAD = """\
# What these networks may cost, held by `mbcost check`. Every limit is what the network needed when this file was written,
# plus 5 %. Tighten them with `mbcost check --update`; raise one by hand, and say why. `vs_base: {mult_adds: +2%}` beside
# `max` holds growth against the branch that a pull request goes to (`mbcost check --base origin/main`).
format: 1
budgets:
"""


def tables_below(folder: str) -> list[str]:
    """The layer tables below a folder: YAML files with ``format`` and ``layers`` or ``base`` at the top, hidden ones left out."""
    found = []
    search = Search()
    for path in [path for end in ("yaml", "yml") for path in search.matches(folder, f"**/*.{end}")]:
        text = read_text(read_bytes(path), path)
        if TABLE.search(text) and not re.search(r"^budgets:", text, re.MULTILINE):
            found.append(path)
        if len(found) > MAX_TABLES:
            raise MbcostError(
                f"there are more than {MAX_TABLES} layer tables below here", help="name those that are to be held"
            )
    return found


def first_file(models: Sequence[tuple[str, Cost]], folder: str) -> str:
    """The text of a budgets file: a budget for each model at its point, with room of 5 % above what it costs today.

    Models that are files are named relative to the folder the budgets file will stand in.

    >>> import mbcost
    >>> print(first_file([("mobilenet_v1", mbcost.load("mobilenet_v1").cost("0.5", resolution=160))], "."))
    # What these networks may cost, held by `mbcost check`. ...
    format: 1
    budgets:
      # 76,524,800 mult-adds, 1,331,592 params
      - model: mobilenet_v1
        at: {alpha: 0.5, resolution: 160}
        max: {mult_adds: 80.4M, params: 1.4M}
    <BLANKLINE>
    """
    return HEAD + "".join([_budget(model, cost, folder) for model, cost in models])


def _budget(model: str, cost: Cost, folder: str) -> str:
    if not cost.exact:
        raise MbcostError(
            f"`{model[:80]}` has rows whose cost is not known: no limit can be written",
            help="give these rows a cost, or leave the model out",
        )
    name = model
    if os.path.exists(model):
        name = os.path.relpath(model, folder or os.curdir).replace(os.sep, "/")
        if any(c in name for c in "*?["):
            raise MbcostError(f"`{name[:80]}` would be read as a glob", help="give the table a plain name")
    asked = cost.variant
    base = cost.network.base_resolution
    at = [f"alpha: {exact_text(asked.alpha)}"] if "alpha" in asked.given else []
    height, width = asked.size
    at += [f"resolution: {height if height == width else f'[{height}, {width}]'}"] if asked.size != base else []
    lines = [
        f"  # {_told(cost)}",
        f"  - model: {escape.yaml(name)}",
        *([f"    at: {{{', '.join(at)}}}"] if at else []),
        f"    max: {{{', '.join([f'{q}: {_limit(cost.total(q))}' for q in QUANTITIES])}}}",
    ]
    return "\n".join(lines) + "\n"


def _told(cost: Cost) -> str:
    return f"{numbers.count(cost.mult_adds)} mult-adds, {numbers.count(cost.params)} params"


def _limit(amount: int) -> str:
    """A limit with room, in a unit that is read easily."""
    value = -int(-amount * (1 + ROOM) // 1)
    return count_text(value, "1G" if value >= 10**9 else "1M")
