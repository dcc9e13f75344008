"""`telekeep query list`: the saved queries."""

from __future__ import annotations

from typing import Annotated

import typer

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation

EXIT_STATUS = {0: "done", 2: "wrong usage, or there is no archive"}


def command(
    context: typer.Context, *, json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False
) -> int:
    """List the saved queries by name.

    \b
    Examples:
      telekeep query list
      telekeep query list --json | jq -r '.[].name'

    In a pipe: name, query and time of saving, separated by tabs. With --json: name, query, saved_at.
    """
    return interrupted.run(run(context.obj, json=json))


async def run(invocation: Invocation, *, json: bool) -> int:
    """Print the queries. Returns the exit status."""
    from archiver.compose.read_archive import open_archive
    from archiver.model.row import iso
    from archiver.store.saved_query import list_saved

    async with open_archive(invocation.settings().archive.dir, remarks=output) as database:
        found = await database.read(list_saved)
    rows = [{"name": one.name, "query": one.query, "saved_at": iso(one.saved_at)} for one in found]
    if json:
        output.json_array(rows)
    else:
        output.table(("name", "query", "saved"), (tuple(row.values()) for row in rows), wide=True)
    return 0
