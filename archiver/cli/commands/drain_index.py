"""The end of `sync` and `index verify`: bring the index up to date, showing progress and the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archiver.cli import output
from archiver.cli.view import figures
from archiver.cli.view.progress import Progress
from archiver.compose.index import open_indexer, work
from archiver.store.database import Database
from archiver.store.index.index_node import get_node_status
from archiver.store.index.index_walk import count_walk
from archiver.store.index.outbox import measure_all

if TYPE_CHECKING:
    from archiver.index.node_worker import NodeWorker
    from config.settings import Settings


async def drain(settings: Settings, database: Database) -> None:
    """Bring the index up to date. A failing server is reported, but is not an error."""
    async with open_indexer(settings, database) as node_workers:
        if node_workers is None:
            return
        first = (await database.read(measure_all)).messages
        again = await _count_again(database, node_workers.workers)
        with Progress("index", unit="messages") as progress:
            behind = await work(
                node_workers,
                database,
                node_workers.list_behind,
                lambda left: progress.advance(max(first - left, 0), first or None),
            )
    left = (await database.read(measure_all)).messages
    if not behind:
        sent = f"{max(first - left, 0) + again:,} sent" + (f", {again:,} of them again" if again else "")
        output.note(f"index: up to date ({sent}).")
        return
    left += await _count_again(database, behind)
    wait = f"{figures.count(left, 'message')} {'waits' if left == 1 else 'wait'}; the next run sends them"
    output.note(f"index: {wait if left else 'nothing waits'}. {await _describe(database, behind)}")


async def _count_again(database: Database, behind: Sequence[NodeWorker]) -> int:
    """Number of messages that these nodes lost and that are sent again."""
    return await database.read(lambda conn: sum(count_walk(conn, one.name, one.index) for one in behind))


async def _describe(database: Database, behind: Sequence[NodeWorker]) -> str:
    """State of the nodes that are not up to date."""
    states = []
    for one in behind:
        standing = await database.read(get_node_status, one.name)
        why = f": {standing.reason}" if standing.reason and standing.reason != one.warned_of else "."
        states.append(f"{one.name} is {standing.state}{why}")
    return " ".join(states)
