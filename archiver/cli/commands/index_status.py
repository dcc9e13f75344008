"""`telekeep index status`: the state of the index, in the archive and on the server."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape

if TYPE_CHECKING:
    from search.errors import ServerError
    from search.meili.node import Node

EXIT_STATUS = {0: "shown", 2: "wrong usage, no Meilisearch configured, or there is no archive"}


def command(context: CommandContext, *, json: JsonObjectOption = False, jsonl: JsonLinesOption = False) -> int:
    """Show the state of the index: messages waiting, messages that the server rejected, and servers.

    \b
    Examples:
      telekeep index status
      telekeep index status --json | jq .waiting

    `rebuild needed` means that another version of telekeep made the index: run `telekeep index rebuild`.
    --jsonl prints one line per server.
    """
    return interrupted.run(run(context.obj, shape=choose_shape(json=json, jsonl=jsonl)))


async def run(invocation: Invocation, *, shape: Shape) -> int:
    """Show the state. Returns the exit status. Raises UsageError."""
    from archiver.cli.view.index_status import CHECK_TIMEOUT, read_index, sum_up, with_counts
    from archiver.compose.index import open_nodes
    from archiver.compose.read_archive import open_archive
    from archiver.store.index.index_rejected import list_rejected

    settings, now = invocation.settings().meilisearch, time.time()
    async with (
        open_archive(invocation.settings().archive.dir, remarks=output) as database,
        open_nodes(settings, seconds=CHECK_TIMEOUT) as nodes,
    ):
        noted, found = await read_index(database, settings, by_day=True), []
        answers = await asyncio.gather(*map(_ask, nodes))
        for one, node, (said, error) in zip(noted, nodes, answers, strict=True):
            rejected = await database.read(list_rejected, node.name)
            listed = [{"channel_id": c, "message_id": m, "code": code} for c, m, code in rejected]
            seen = one.with_trouble(error) if error else await with_counts(one, node, said["documents"])
            found.append(seen.as_object(now) | {"aside": listed} | said)
    if shape == "jsonl":
        for part in found:
            output.jsonl(part)
        return 0
    if shape == "json":
        whole = sum_up(found)
        rejected = [one for part in found for one in part["aside"]]
        output.json(whole | {"reached": all(one["reached"] for one in found), "aside": rejected})
        return 0
    for part in found:
        rejected = part.pop("aside")
        if output.is_terminal():
            del part["set_aside"]  # the former name of `rejected`
        if len(found) == 1:
            del part["node"]
        rows = [(name, value) for name, value in part.items() if value is not None]
        output.table(("what", "value"), [(name.replace("_", " "), _word(value)) for name, value in rows])
        for bad in rejected:
            output.note(f"rejected: {bad['channel_id']}/{bad['message_id']} ({bad['code']})")
    return 0


async def _ask(node: Node) -> tuple[dict[str, Any], ServerError | None]:
    """Ask a server for its state. Returns the answer and the error, which is also printed."""
    from search.errors import IndexMissing, ServerError
    from search.meili.settings import differing_settings, is_stale

    said: dict[str, Any] = {
        "server": node.name, "reached": False, "version": None, "documents": None, "tasks_waiting": None,
        "rebuild_needed": None, "settings_changed": None,
    }  # fmt: skip
    try:
        said["version"] = await node.version()
        said["reached"] = True
        present = await node.settings()
        said["rebuild_needed"] = present is not None and is_stale(present)
        said["settings_changed"] = None if present is None or said["rebuild_needed"] else differing_settings(present)
        said["tasks_waiting"] = await node.count_unfinished_tasks()
        said["documents"] = (await node.stats()).documents
    except IndexMissing as error:
        said["documents"] = 0
        return said, error
    except ServerError as error:
        output.warn(str(error))
        return said, error
    return said, None


def _word(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
