"""The composition root of commands that fill the index: settings, archive, servers, workers.

Only the process that holds the archive's lock fills the index.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from archiver.compose.remarks import Remarks
from archiver.compose.write_archive import open_archive
from archiver.errors import Busy, NotConfigured
from archiver.store.database import Database
from archiver.store.index.index_node import get_node_status
from archiver.store.index.outbox import measure_all
from search.errors import KeyRefused, RequestRefused, WrongVersion

if TYPE_CHECKING:
    from archiver.index.node_worker import NodeWorker
    from archiver.index.node_workers import NodeWorkers
    from config.settings import MeilisearchSettings, Settings
    from search.meili.node import Node

N = TypeVar("N", bound="Node")

PATIENCE = 10.0
"""Seconds without a working server before `sync` leaves the rest to the next run."""
_EVERY = 0.2
_LONGEST = 3.0


def pause_after(seconds: float) -> float:
    """Seconds to pause after a check that took `seconds`, so that checks take at most a twentieth of the time."""
    return min(_LONGEST, max(_EVERY, 20 * seconds))


@asynccontextmanager
async def open_nodes(settings: MeilisearchSettings, *, seconds: float | None = None) -> AsyncIterator[list[Node]]:
    """Open the servers with the write key; `seconds`: limit of a call. Raises UsageError if none is configured."""
    expect_addresses(settings)
    from search.meili.node import SECONDS, Node

    limit = seconds or SECONDS
    key = settings.api_key.get_secret_value() if settings.api_key else None
    async with closing([Node(url, key, index=settings.index, seconds=limit) for url in settings.addresses]) as nodes:
        yield nodes


@asynccontextmanager
async def closing(nodes: Sequence[N]) -> AsyncIterator[list[N]]:
    """Close these servers' connections at the end."""
    async with AsyncExitStack() as stack:
        for node in nodes:
            stack.push_async_callback(node.close)
        yield list(nodes)


def expect_addresses(settings: MeilisearchSettings) -> None:
    """Raise UsageError if no server is configured."""
    if not settings.addresses:
        raise NotConfigured(
            "Meilisearch is not configured, so there is no index.",
            hint="Set url under [meilisearch] (docs/meilisearch.md). Searching works without it.",
        )


@asynccontextmanager
async def open_indexer(settings: Settings, database: Database) -> AsyncIterator[NodeWorkers | None]:
    """Open what fills the index; None if Meilisearch is not configured. The caller holds the archive's lock."""
    if not settings.meilisearch.addresses:
        yield None
        return
    from archiver.clock import Clock
    from archiver.index.node_worker import NodeWorker
    from archiver.index.node_workers import NodeWorkers

    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(await Database.open_readonly(settings.archive.dir))
        nodes = await stack.enter_async_context(open_nodes(settings.meilisearch))
        clock = Clock()
        yield NodeWorkers(
            database, reader, [NodeWorker(database, reader, node, clock=clock) for node in nodes], clock=clock
        )


async def settle(settings: Settings, *, remarks: Remarks) -> None:
    """Record the configured nodes in the archive, unless a process that fills the index has already done so."""
    if not settings.meilisearch.addresses:
        return
    from archiver.index.node_workers import settle_nodes
    from search.meili.routing import node_name

    names, now = [node_name(url) for url in settings.meilisearch.addresses], int(time.time())
    with suppress(Busy):
        async with open_archive(settings.archive.dir, command="index", remarks=remarks) as database:
            await database.write(settle_nodes, names, index=settings.meilisearch.index, now=now)


async def work(
    node_workers: NodeWorkers,
    database: Database,
    list_behind: Callable[[], Awaitable[Sequence[NodeWorker]]],
    report: Callable[[int], None],
    *,
    patience: float = PATIENCE,
) -> Sequence[NodeWorker]:
    """Run the workers until all nodes are up to date; return those whose servers failed for too long."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    worker = asyncio.create_task(node_workers.run(stop), name="index")
    good_at = dict.fromkeys((one.name for one in node_workers.workers), loop.time())
    try:
        while not worker.done():
            began = loop.time()
            behind = await list_behind()
            report((await database.read(measure_all)).messages)
            now = loop.time()
            good_at |= {one.name: now for one in behind if one.trouble is None}
            late = {name for name, at in good_at.items() if now - at > patience}
            if all([one.name in late or await _is_hopeless(one, database) for one in behind]):
                return behind
            await asyncio.sleep(pause_after(now - began))
        worker.result()
        return node_workers.workers
    finally:
        stop.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.wait({worker})
        worker.cancel()
        await asyncio.wait({worker})


async def _is_hopeless(indexer: NodeWorker, database: Database) -> bool:
    """Whether waiting cannot fix the error."""
    if indexer.stale and (await database.read(get_node_status, indexer.name)).rebuild is None:
        return True
    return isinstance(indexer.trouble, KeyRefused | WrongVersion | RequestRefused)
