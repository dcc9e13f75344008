"""The end of `sync` and `index verify`: the index brought up to the archive, with progress and the outcome said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archiver.cli import output
from archiver.cli.view.index_progress import IndexProgress
from archiver.compose.index import open_indexer, work
from archiver.store.database import Database
from archiver.store.indexing import count_walk, find_node_status
from archiver.store.outbox import count_outbox

if TYPE_CHECKING:
    from archiver.index.node_worker import NodeWorker
    from config.settings import Settings


async def drain(settings: Settings, database: Database) -> None:
    """Bring the index up to the archive. A server that does not work is told of, and is no failure."""
    async with open_indexer(settings, database) as node_workers:
        if node_workers is None:
            return
        first = await count_outbox(database.connection)
        again = await _count_again(database, node_workers.workers)
        with IndexProgress("index") as progress:
            behind = await work(
                node_workers, database, node_workers.list_behind, lambda left: progress.advance(first, left)
            )
    left = await count_outbox(database.connection)
    if not behind:
        sent = f"{max(first - left, 0) + again:,} sent" + (f", {again:,} of them again" if again else "")
        output.note(f"index: up to date ({sent}).")
        return
    left += await _count_again(database, behind)
    output.note(f"index: {left:,} messages wait; the next run sends them. {await _complain(database, behind)}")


async def _count_again(database: Database, behind: Sequence[NodeWorker]) -> int:
    """Messages that these nodes lost, and that are sent again."""
    return await database.read(lambda conn: sum(count_walk(conn, one.name, one.index) for one in behind))


async def _complain(database: Database, behind: Sequence[NodeWorker]) -> str:
    """How the nodes are that have not everything."""
    told = []
    for one in behind:
        standing = await find_node_status(database.connection, one.name)
        why = f": {standing.reason}" if standing.reason else "."
        told.append(f"{one.name} is {standing.state}{why}")
    return " ".join(told)
