"""`telekeep index rebuild`: build a new index next to the old one, then swap them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view import figures
from archiver.cli.view.progress import Progress, ProgressOption, set_style

if TYPE_CHECKING:
    from archiver.index.node_worker import NodeWorker
    from archiver.store.database import Database, Reader
    from archiver.store.index.index_node import NodeStatus
    from config.settings import Settings
    from search.errors import ServerUnreachable
    from search.meili.node import Node

EXIT_STATUS = {
    0: "rebuilt and swapped in",
    2: "wrong usage, a server fails, or the index has documents of another archive",
    130: "interrupted; the next run, or the service, continues",
}
PATIENCE = 60.0
"""Seconds without a working server before giving up for now."""
_SAMPLE = 1_000
"""Documents to sample if they cannot be counted."""
_LOCK_EVERY = 2.0
"""Seconds between two checks whether the process that fills the index has ended."""
_RESTART = 10.0
"""Seconds given to an ended service to restart before this command takes over and locks it out."""


def command(
    context: CommandContext,
    *,
    force: Annotated[
        bool, Option("--force", help="Rebuild even if documents of another archive would be lost.")
    ] = False,
    progress: ProgressOption = "auto",
) -> int:
    """Rebuild the index from the archive, then swap it in.

    \b
    Examples:
      telekeep index rebuild

    Needed after an update that changes the layout of the index (`telekeep index status` says so). Searches use the old
    index until the new one is complete; new messages go to both. The server needs disk space for both. You can
    interrupt a rebuild at any time. If `telekeep run` is running, the service rebuilds and this command shows progress.
    """
    set_style(progress)
    return interrupted.run(run(context.obj.settings(), force=force))


async def run(settings: Settings, *, force: bool) -> int:
    """Request a rebuild, then do it or watch it until every node is done. Returns the exit status."""
    from archiver.compose.index import open_nodes, settle
    from archiver.compose.privacy import check_permissions
    from archiver.compose.write_archive import open_shared
    from archiver.store.database import expect_archive
    from archiver.store.index.index_node import ask_rebuild

    check_permissions(settings.archive.dir, close=False, remarks=output)
    expect_archive(settings.archive.dir)
    await settle(settings, remarks=output)
    async with open_nodes(settings.meilisearch) as nodes:
        async with open_shared(settings.archive.dir, command="index", remarks=output) as database:
            away = {} if force else await _find_away(nodes, database)
            if len(away) == len(nodes):
                raise away[nodes[0]]
            asked = [node for node in nodes if node not in away]
            names = [node.name for node in asked]
            await database.write(ask_rebuild, names, now=int(time.time()))
        with Progress("rebuild", unit="messages") as progress:
            done = await _follow(settings, names, progress)
        if not done:
            return 2
        documents = sum([(await node.stats()).documents for node in asked])
        output.note(f"index {settings.meilisearch.index}: rebuilt, {figures.count(documents, 'document')}.")
        for away_for in away.values():
            output.error(f"not rebuilt there: {away_for} Then run it again.")
    return 2 if away else 0


async def _find_away(nodes: Sequence[Node], database: Database) -> dict[Node, ServerUnreachable]:
    """The unreachable nodes with their errors. Raises UsageError if a rebuild would lose foreign documents."""
    from archiver.store.index.index_node import get_node_status
    from search.errors import ServerUnreachable

    away = {}
    for node in nodes:
        standing = await database.read(get_node_status, node.name)
        if standing.rebuild is not None:
            continue
        try:
            await _expect_own(node, database)
            await _expect_known_settings(node)
        except ServerUnreachable as error:
            away[node] = error
    return away


async def _expect_own(node: Node, database: Database) -> None:
    """Raise UsageError if the index has documents that this archive cannot restore."""
    from archiver.errors import UsageError
    from archiver.store.index.index_due import count_held
    from search.errors import IndexMissing, RequestRefused

    channel_ids = await database.read(count_held)
    try:
        total = await node.count()
        foreign = total - sum([await node.count(channel_id) for channel_id in channel_ids]) if total else 0
    except IndexMissing:
        return
    except RequestRefused:  # without a filter for channels it is of another version, or not ours
        foreign = sum(key is None or key[0] not in channel_ids for key in await node.sample_keys(_SAMPLE))
    if foreign > 0:
        raise UsageError(
            f"the index has {figures.count(foreign, 'document')} of channels that are not in this archive;"
            " a rebuild would lose them.",
            hint="Set [meilisearch] index to another name, or use --force.",
        )


async def _expect_known_settings(node: Node) -> None:
    """Raise UsageError if the owner of the index has set something that the new one cannot be given."""
    from archiver.errors import UsageError
    from search.meili.settings import hidden_embedders

    hidden = hidden_embedders(await node.settings() or {})
    if hidden:
        raise UsageError(
            f"the index has embedders whose keys the server does not reveal ({', '.join(hidden)});"
            " a rebuild would lose them.",
            hint="Use --force, and set them again afterwards.",
        )


async def _follow(settings: Settings, nodes: Sequence[str], progress: Progress) -> bool:
    """Rebuild, or watch the mirroring process do it; False if the server fails for too long."""
    from archiver.compose.write_archive import open_archive
    from archiver.errors import Busy
    from archiver.lock import find_holder
    from archiver.store.database import Database

    seen: float | None = None
    """When another process was last seen at work, by `time.monotonic`."""
    while True:
        if seen is not None and find_holder(settings.archive.dir):
            seen = time.monotonic()
        elif seen is None or time.monotonic() - seen > _RESTART:
            try:
                async with open_archive(settings.archive.dir, command="index", remarks=output) as database:
                    return await _do(settings, nodes, database, progress)
            except Busy as busy:
                if seen is None:
                    output.note(
                        f"`telekeep {busy.holder or 'run'}` is running and rebuilds it, even after Ctrl-C here."
                    )
                seen = time.monotonic()
        async with await Database.open_readonly(settings.archive.dir) as database:
            watched = await _watch(settings, nodes, database, progress)
            if watched is not None:
                return watched


async def _do(settings: Settings, nodes: Sequence[str], database: Database, progress: Progress) -> bool:
    from archiver.compose.index import open_indexer, work

    async with open_indexer(settings, database) as node_workers:
        assert node_workers is not None

        async def list_behind() -> list[NodeWorker]:
            building = await _show(settings, nodes, database, progress)
            return [one for one in node_workers.workers if one.name in building]

        behind = await work(node_workers, database, list_behind, lambda left: None, patience=PATIENCE)
        for one in behind:
            output.error(f"rebuild paused: {one.trouble or f'{one.name} is not ready.'} Run it again to continue.")
        return not behind


async def _watch(settings: Settings, nodes: Sequence[str], database: Database, progress: Progress) -> bool | None:
    """Watch for a while; None if the rebuild has neither finished nor failed."""
    from archiver.compose.index import pause_after

    until = time.monotonic() + _LOCK_EVERY
    while time.monotonic() < until:
        began = time.monotonic()
        building = await _show(settings, nodes, database, progress)
        if not building:
            return True
        late = [
            standing
            for standing in building.values()
            if standing.state not in {"following", "stale", "unused"} and time.time() - (standing.since or 0) > PATIENCE
        ]
        if len(late) == len(building):
            output.error(f"rebuild paused: {late[0].reason} `telekeep run` continues as soon as it can.")
            return False
        await asyncio.sleep(pause_after(time.monotonic() - began))
    return None


async def _show(
    settings: Settings, nodes: Sequence[str], database: Database, progress: Progress
) -> dict[str, NodeStatus]:
    """Show progress. Returns the nodes that are still being rebuilt."""
    from archiver.store.index.index_due import count_held
    from archiver.store.index.index_node import get_node_status
    from archiver.store.index.index_walk import count_walk

    next_index_name = f"{settings.meilisearch.index}_next"

    def act(conn: Reader) -> tuple[dict[str, NodeStatus], int, int]:
        standings = {name: get_node_status(conn, name) for name in nodes}
        building = {name: one for name, one in standings.items() if one.rebuild is not None}
        total = sum(count for name in nodes for count in count_held(conn, name).values())
        left = sum(
            sum(count_held(conn, name).values()) if one.rebuild == "wanted" else count_walk(conn, name, next_index_name)
            for name, one in building.items()
        )
        return building, total, left

    building, total, left = await database.read(act)
    step = next((one.rebuild for one in building.values()), "done")
    progress.advance(max(total - left, 0), total or None, label=f"rebuild ({step})")
    return building
