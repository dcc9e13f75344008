"""`telekeep index status`: how the index stands, in the archive and on the server."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archiver.cli import output
from archiver.cli.invocation import Invocation

if TYPE_CHECKING:
    from config.settings import Meilisearch

EXIT_STATUS = {0: "shown", 2: "wrong usage, no Meilisearch is set up, or there is no archive"}


def command(
    context: typer.Context, *, json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False
) -> int:
    """Show how the index stands: what waits, what is set aside, and what the server says.

    \b
    Examples:
      telekeep index status
      telekeep index status --json | jq .waiting

    `rebuild needed` means that another version of telekeep made the index: `telekeep index rebuild`.
    """
    return asyncio.run(run(context.obj, json=json))


async def run(invocation: Invocation, *, json: bool) -> int:
    """Show it; the result is the exit status. Raises UsageError."""
    from archiver.cli.index_standing import read_index  # noqa: PLC0415 - --help must not pay for it
    from archiver.cli.reading import open_archive  # noqa: PLC0415 - see above
    from archiver.errors import UsageError  # noqa: PLC0415 - see above
    from archiver.store.indexing import get_aside  # noqa: PLC0415 - see above

    settings, now = invocation.settings().meilisearch, time.time()
    async with open_archive(invocation) as database:
        index = await read_index(database, settings)
        if index is None:
            raise UsageError("no Meilisearch is set up.", hint="Set [meilisearch] url.")
        aside = await database.read(get_aside)
    server = await _ask(settings)
    found = {
        **index.as_object(now),
        **server,
        "aside": [{"channel_id": c, "message_id": m, "code": code} for c, m, code in aside],
    }
    if json:
        output.json(found)
        return 0
    rows = [(name, value) for name, value in found.items() if name != "aside" and value is not None]
    output.table(("what", "value"), [(name.replace("_", " "), _word(value)) for name, value in rows])
    for channel_id, message_id, code in aside:
        output.note(f"set aside: {channel_id}/{message_id} ({code})")
    return 0


async def _ask(settings: Meilisearch) -> dict[str, Any]:
    """What the server says; why it says nothing is said on stderr."""
    from archiver.cli.indexer import open_node  # noqa: PLC0415 - see run
    from search.errors import IndexMissing, ServerError  # noqa: PLC0415 - see run
    from search.meili.settings import is_stale  # noqa: PLC0415 - see run

    said: dict[str, Any] = {
        "server": None, "reached": False, "version": None, "documents": None, "tasks_waiting": None,
        "rebuild_needed": None,
    }  # fmt: skip
    async with open_node(settings) as node:
        said["server"] = node.host
        try:
            said["version"] = await node.version()
            said["reached"] = True
            present = await node.settings()
            said["rebuild_needed"] = present is not None and is_stale(present)
            said["tasks_waiting"] = await node.waiting()
            said["documents"] = (await node.stats()).documents
        except IndexMissing:
            said["documents"] = 0
        except ServerError as error:
            output.warn(str(error))
    return said


def _word(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
