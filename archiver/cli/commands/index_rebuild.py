"""`telekeep index rebuild`: the index made anew beside the old one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli import interrupted, output

if TYPE_CHECKING:
    from archiver.cli.view.index_progress import IndexProgress
    from archiver.index.node_worker import NodeWorker
    from archiver.store.database import Database, Reader
    from archiver.store.indexing import NodeStatus
    from config.settings import Settings
    from search.errors import ServerUnreachable
    from search.meili.node import Node

EXIT_STATUS = {
    0: "built anew, and in its place",
    2: "wrong usage, a server does not work, or the index has documents of another archive",
    130: "interrupted; the next run, of this or of the service, goes on",
}
PATIENCE = 60.0
"""Seconds without a working server after which it gives up for now."""
_SAMPLE = 1_000
"""Documents that are looked at where they cannot be counted."""
_LOCK_EVERY = 2.0
"""Seconds between two looks whether whoever fills the index is gone."""
_RESTART = 10.0
"""Seconds for a service that ended to begin again, before its work is done here and it could not."""


def command(
    context: typer.Context,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also when documents of another archive would be lost by it.")
    ] = False,
) -> int:
    """Build the index anew from the archive, then exchange the two.

    \b
    Examples:
      telekeep index rebuild

    Needed after an update that lays the index out in another way (`telekeep index status` says so). Searching goes on
    with the old index until the new one has everything; new messages go to both. It needs room for two. It may be
    interrupted at any moment. When `telekeep run` is at work the service does it, and this shows how far it is.
    """
    return interrupted.run(run(context.obj.settings(), force=force))


async def run(settings: Settings, *, force: bool) -> int:
    """Ask for it, do it or watch it, until it is done on every node. Returns the exit status."""
    from archiver.cli.view.index_progress import IndexProgress
    from archiver.compose.index import open_nodes, settle
    from archiver.compose.privacy import look_at_permissions
    from archiver.compose.write_archive import open_beside
    from archiver.store.database import expect_archive
    from archiver.store.indexing import ask_rebuild

    look_at_permissions(settings.archive.dir, close=False, remarks=output)
    expect_archive(settings.archive.dir)
    await settle(settings, remarks=output)
    async with open_nodes(settings.meilisearch) as nodes:
        async with open_beside(settings.archive.dir, command="index", remarks=output) as database:
            away = {} if force else await _find_away(nodes, database)
            if len(away) == len(nodes):
                raise away[nodes[0]]
            asked = [node for node in nodes if node not in away]
            names = [node.name for node in asked]
            await database.write(ask_rebuild, names, now=int(time.time()))
        with IndexProgress("rebuild") as progress:
            done = await _follow(settings, names, progress)
        if not done:
            return 2
        documents = sum([(await node.stats()).documents for node in asked])
        output.note(f"index {settings.meilisearch.index}: built anew, {documents:,} documents.")
        for away_for in away.values():
            output.error(f"not built anew there: {away_for} Then run it again.")
    return 2 if away else 0


async def _find_away(nodes: Sequence[Node], database: Database) -> dict[Node, ServerUnreachable]:
    """The nodes that do not answer, and why. Raises UsageError for one that a rebuild would take something from."""
    from archiver.store.indexing import get_node_status
    from search.errors import ServerUnreachable

    away = {}
    for node in nodes:
        standing = await database.read(get_node_status, node.name)
        if standing.rebuild is not None:
            continue
        try:
            await _expect_own(node, database)
        except ServerUnreachable as error:
            away[node] = error
    return away


async def _expect_own(node: Node, database: Database) -> None:
    """Raise UsageError when the index has documents that this archive cannot bring back."""
    from archiver.errors import UsageError
    from archiver.store.indexing import count_held
    from search.errors import IndexMissing, RequestRefused

    channel_ids = await database.read(count_held)
    try:
        total = await node.count()
        foreign = total - sum([await node.count(channel_id) for channel_id in channel_ids]) if total else 0
    except IndexMissing:
        return
    except RequestRefused:  # one that cannot be asked by channel is of another version, or somebody else's
        foreign = sum(key is None or key[0] not in channel_ids for key in await node.list_some(_SAMPLE))
    if foreign > 0:
        raise UsageError(
            f"the index has {foreign:,} documents of channels that are not in this archive; a rebuild would lose them.",
            hint="Set [meilisearch] index to a name of its own, or give --force.",
        )


async def _follow(settings: Settings, nodes: Sequence[str], progress: IndexProgress) -> bool:
    """Do it, or watch whoever mirrors do it; False when the server does not work for too long."""
    from archiver.compose.write_archive import open_archive
    from archiver.errors import Busy
    from archiver.lock import find_holder
    from archiver.store.database import Database

    seen: float | None = None
    """When somebody else was last at work, by `time.monotonic`."""
    while True:
        if seen is not None and find_holder(settings.archive.dir):
            seen = time.monotonic()
        elif seen is None or time.monotonic() - seen > _RESTART:
            try:
                async with open_archive(settings.archive.dir, command="index", remarks=output) as database:
                    return await _do(settings, nodes, database, progress)
            except Busy as busy:
                if seen is None:
                    output.note(f"`telekeep {busy.holder or 'run'}` is at work and does it; Ctrl-C leaves it at it.")
                seen = time.monotonic()
        async with await Database.open_readonly(settings.archive.dir) as database:
            watched = await _watch(settings, nodes, database, progress)
            if watched is not None:
                return watched


async def _do(settings: Settings, nodes: Sequence[str], database: Database, progress: IndexProgress) -> bool:
    from archiver.compose.index import open_indexer, work

    async with open_indexer(settings, database) as node_workers:
        assert node_workers is not None

        async def list_behind() -> list[NodeWorker]:
            building = await _show(settings, nodes, database, progress)
            return [one for one in node_workers.workers if one.name in building]

        behind = await work(node_workers, database, list_behind, lambda left: None, patience=PATIENCE)
        for one in behind:
            output.error(f"the rebuild waits: {one.trouble or f'{one.name} is not ready.'} Run it again to go on.")
        return not behind


async def _watch(settings: Settings, nodes: Sequence[str], database: Database, progress: IndexProgress) -> bool | None:
    """For a while; None when it is not decided yet."""
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
            output.error(f"the rebuild waits: {late[0].reason} `telekeep run` goes on with it as soon as it can.")
            return False
        await asyncio.sleep(pause_after(time.monotonic() - began))
    return None


async def _show(
    settings: Settings, nodes: Sequence[str], database: Database, progress: IndexProgress
) -> dict[str, NodeStatus]:
    """Tell how far it is; the nodes that are still built anew."""
    from archiver.store.indexing import count_held, count_walk, get_node_status

    beside = f"{settings.meilisearch.index}_next"

    def act(conn: Reader) -> tuple[dict[str, NodeStatus], int, int]:
        standings = {name: get_node_status(conn, name) for name in nodes}
        building = {name: one for name, one in standings.items() if one.rebuild is not None}
        total = sum(count for name in nodes for count in count_held(conn, name).values())
        left = sum(
            sum(count_held(conn, name).values()) if one.rebuild == "wanted" else count_walk(conn, name, beside)
            for name, one in building.items()
        )
        return building, total, left

    building, total, left = await database.read(act)
    step = next((one.rebuild for one in building.values()), "done")
    progress.advance(total, left, f"rebuild ({step})")
    return building
