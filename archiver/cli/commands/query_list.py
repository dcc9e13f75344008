"""`telekeep query list`: the saved queries."""

from __future__ import annotations

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, Shape, choose_shape, print_objects

EXIT_STATUS = {0: "done", 2: "wrong usage, or there is no archive"}


def command(context: CommandContext, *, json: JsonArrayOption = False, jsonl: JsonLinesOption = False) -> int:
    """List the saved queries by name.

    \b
    Examples:
      telekeep query list
      telekeep query list --json | jq -r '.[].name'

    In a pipe: name, query and time of saving, separated by tabs. With --json or --jsonl: name, query, saved_at.
    """
    return interrupted.run(run(context.obj, shape=choose_shape(json=json, jsonl=jsonl)))


async def run(invocation: Invocation, *, shape: Shape) -> int:
    """Print the queries. Returns the exit status."""
    from archiver.cli.view.moments import Moments, choose_zone
    from archiver.compose.read_archive import open_archive
    from archiver.model.iso_time import iso
    from archiver.store.search.saved_query import list_saved

    async with open_archive(invocation.checked_settings().archive.dir, remarks=output) as database:
        found = await database.read(list_saved)
    rows: list[dict[str, object]] = [
        {"name": one.name, "query": one.query, "saved_at": iso(one.saved_at)} for one in found
    ]
    if shape != "people":
        print_objects(rows, shape)
    elif not rows and output.is_terminal():
        output.note("no saved queries; `telekeep query save NAME QUERY` saves one.")
    elif output.is_terminal():
        moments = Moments(choose_zone(invocation.zone(None)))
        cells = ((one.name, one.query, moments.at(one.saved_at)) for one in found)
        output.table(("name", "query", "saved"), cells, wide=True)
    else:
        output.table(("name", "query", "saved"), (tuple(row.values()) for row in rows), wide=True)
    return 0
