"""Tables that no budget names, beside tables that one does: a network nobody holds to anything."""

from __future__ import annotations

import os
import re

from mbcost.budgets.specs import BudgetFile, Result
from mbcost.documents.nodes import read_bytes, read_text
from mbcost.errors import MbcostError, Place
from mbcost.network.specs import TableSpec
from mbcost.tables import load

__all__ = ["unbudgeted"]

TABLE = re.compile(r"^format:.*^(?:layers|base):|^(?:layers|base):.*^format:", re.MULTILINE | re.DOTALL)
BUDGETS = re.compile(r"^budgets:", re.MULTILINE)
MAX_FILES = 2_000


def unbudgeted(files: list[BudgetFile], results: list[Result], *, gated: bool = False) -> tuple[Place, ...]:
    """The tables in folders from which a budget names one, that none names and none of those is based on.

    One that does not load is an error at its place: nobody would learn of it otherwise. Of a folder the first 2,000 YAML files
    are looked at; where each table has to have a budget (``gated``) a folder of more is an error.
    """
    kept = {id(file) for file in files if file.path and file.path != "<stdin>"}
    own = {os.path.realpath(file.path) for file in files if file.path}
    named: set[str] = set()
    folders: dict[str, None] = {}
    for result in results:
        table: TableSpec | None = result.cost.network.table
        if id(result.file) in kept and os.path.isfile(result.model):
            folders[os.path.dirname(result.model)] = None
        while table is not None:
            named.add(os.path.realpath(table.file))
            table = table.base.table if table.base else None
    found = []
    for folder in folders:
        paths = _tables(folder)
        if gated and len(paths) > MAX_FILES:
            raise MbcostError(
                f"the folder `{folder or os.curdir}` has {len(paths):,} YAML files: which of more than {MAX_FILES:,} have no budget is not looked for",
                help="move some of them to a folder of their own, or leave out --unbudgeted",
            )
        for path in paths[:MAX_FILES]:
            if os.path.realpath(path) in named | own:
                continue
            text = read_text(read_bytes(path), path)
            if TABLE.search(text) and not BUDGETS.search(text):
                found.append(
                    load(path if os.path.dirname(path) else os.path.join(os.curdir, path))
                    .table.place(1, 1)
                    ._replace(file=path)
                )
    return tuple(found)


def _tables(folder: str) -> list[str]:
    """The YAML files of a folder, without hidden ones and links."""
    with os.scandir(folder or os.curdir) as entries:
        names = [
            entry.name
            for entry in entries
            if entry.name.endswith((".yaml", ".yml"))
            and not entry.name.startswith(".")
            and entry.is_file(follow_symlinks=False)
        ]
    return [os.path.join(folder, name) for name in sorted(names)]
