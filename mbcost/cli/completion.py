"""What the shell completes options with that depend on the rest of the line: layers, tables of a paper, quantities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import click

__all__ = ["cells", "completing", "devices", "figures", "layers", "memory_rules", "quantities", "tables"]

Names = Callable[[click.Context], Iterable[str]]


def completing(names: Names) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """A completion by names that begin so; what cannot be read completes nothing, as a shell has no place for an error."""

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        found: list[str] = []
        with suppress(Exception):
            before, comma, last = incomplete.rpartition(",")
            found = [before + comma + name for name in names(ctx) if name.startswith(last)]
        return found

    return complete


def _named(ctx: click.Context) -> str:
    """The model or the paper on the line: while an option still wants its value, Click has given it to no parameter."""
    return next(word for word in ctx.args if not word.startswith("-"))


def layers(ctx: click.Context) -> Sequence[str]:
    """The blocks and layers of the model on the line."""
    from mbcost.analysis.groups import block_of
    from mbcost.tables import load
    from mbcost.tables.points import split_point

    rows = load(split_point(_named(ctx))[0]).cost().rows
    return list(dict.fromkeys([*map(block_of, rows), *[row.name for row in rows]]))


def quantities(_ctx: click.Context) -> Iterable[str]:
    """Every quantity."""
    from mbcost.quantities import QUANTITIES

    return QUANTITIES


def memory_rules(_ctx: click.Context) -> Iterable[str]:
    """The memory rules that are shipped."""
    from mbcost.memory.rules import available

    return available()


def devices(_ctx: click.Context) -> Iterable[str]:
    """The devices that are shipped."""
    from mbcost.memory import rules

    return rules.devices()


def tables(ctx: click.Context) -> Iterable[str]:
    """The tables of the paper on the line."""
    from mbcost.papers import load

    return [table.id for table in load(_named(ctx)).tables]


def figures(ctx: click.Context) -> Iterable[str]:
    """The figures of the paper on the line."""
    from mbcost.papers import load

    return [figure.id for figure in load(_named(ctx)).figures]


def cells(ctx: click.Context) -> Iterable[str]:
    """The cells of the paper on the line, as ``--cell`` takes them."""
    from mbcost.papers import load

    found = load(_named(ctx))
    return [f"{table.id}:{cell.row}:{cell.column}" for table in found.tables for cell in table.cells]
