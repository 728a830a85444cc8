"""``mbcost schema``: JSON Schema for editors."""

from __future__ import annotations

import click

from mbcost.cli.options import FILE
from mbcost.cli.output import write

__all__ = ["command"]


@click.command("schema", short_help="JSON Schema of the layer table, for editors.")
@click.option("--budgets", is_flag=True, help="The schema of budgets files instead.")
@click.option("-o", "--output", type=FILE, help="Write to a file instead.")
def command(budgets: bool, output: str | None) -> None:
    """JSON Schema of the layer table (or of budgets files), for the completion and checks of an editor.

    \b
    mbcost schema -o mbcost.schema.json
    then, on the first line of a table:  # yaml-language-server: $schema=mbcost.schema.json
    """
    from json import dumps

    if budgets:
        from mbcost.budgets.schema import schema

        document = schema()
    else:
        from mbcost.tables.schema import table_schema

        document = table_schema()
    write(dumps(document, indent=2) + "\n", output)
