"""``mbcost show``: the layer table itself."""

from __future__ import annotations

import click

from mbcost.cli.code import load, model_options
from mbcost.cli.options import FILE, MODEL
from mbcost.cli.output import write

__all__ = ["command"]


@click.command("show", short_help="The layer table itself, as YAML.")
@click.argument("model", type=MODEL)
@click.option("--expanded", is_flag=True, help="Every default and the parts of composites written out.")
@click.option("-o", "--output", type=FILE, help="Write to a file instead.")
@model_options
def command(model: str, expanded: bool, output: str | None) -> None:
    """The layer table of MODEL, as YAML; `mbcost table -` reads it back.

    \b
    mbcost show mobilenet_v1                    the shipped table, with its comments and errata
    mbcost show mobilenet_v1 > net.yaml         a copy to change
    mbcost show mobilenet_v2 --expanded | mbcost table - -a 0.35
    """
    table = load(model).table
    if expanded:
        from mbcost.tables.writer import expanded as written

        write(written(table), output)
        return
    write(table.text if table.text.endswith("\n") else table.text + "\n", output)
