"""Putting the index's parts together for the commands that fill it: settings, archive, server, worker.

Whoever holds the archive's lock is the only one that fills the index.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from archiver.cli import output
from archiver.errors import UsageError
from archiver.store.database import Database
from archiver.store.indexing import Standing, find_standing
from archiver.store.outbox import count_outbox
from search.errors import KeyRefused, Refused, WrongVersion

if TYPE_CHECKING:
    from archiver.indexing import Indexer
    from config.settings import Meilisearch, Settings
    from search.meili.node import Node

PATIENCE = 10.0
"""Seconds without a working server after which `sync` leaves the rest to the next run."""
_EVERY = 0.2


@asynccontextmanager
async def open_node(settings: Meilisearch) -> AsyncIterator[Node]:
    """The server of the settings, with the key that may write. Raises UsageError when none is set up."""
    if not settings.url:
        raise UsageError("no Meilisearch is set up.", hint="Set [meilisearch] url.")
    from search.meili.node import Node  # noqa: PLC0415 - the SDK costs 200 ms, which only an index is worth

    key = settings.api_key.get_secret_value() if settings.api_key else None
    node = Node(settings.url, key, index=settings.index)
    try:
        yield node
    finally:
        await node.close()


@asynccontextmanager
async def open_indexer(settings: Settings, database: Database) -> AsyncIterator[Indexer | None]:
    """The worker that fills the index; None when no Meilisearch is set up. The archive's lock is held."""
    if not settings.meilisearch.url:
        yield None
        return
    from archiver.indexing import Indexer  # noqa: PLC0415 - see open_node

    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(await Database.open_readonly(settings.archive.dir))
        node = await stack.enter_async_context(open_node(settings.meilisearch))
        yield Indexer(database, reader, node)


async def drain(settings: Settings, database: Database) -> None:
    """Bring the index up to the archive. A server that does not work is told of, and is no failure."""
    async with open_indexer(settings, database) as indexer:
        if indexer is None:
            return
        first = await count_outbox(database.connection)

        from archiver.cli.index_progress import IndexProgress  # noqa: PLC0415 - only where there is an index

        with IndexProgress("index") as progress:
            done = await work(indexer, database, indexer.is_done, lambda left: progress.advance(first, left))
    left = await count_outbox(database.connection)
    standing = await find_standing(database.connection)
    if done:
        output.note(f"index: up to date ({first - left:,} sent).")
    else:
        why = f": {standing.reason}" if standing.reason else "."
        output.note(f"index: {left:,} messages wait; the next run sends them. It is {standing.state}{why}")


async def work(
    indexer: Indexer,
    database: Database,
    is_done: Callable[[], Awaitable[bool]],
    tell: Callable[[int], None],
    *,
    patience: float = PATIENCE,
) -> bool:
    """Let the worker work until something is done; False when the server did not let it for too long."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    worker = asyncio.create_task(indexer.run(stop), name="index")
    good_at = loop.time()
    try:
        while not worker.done():
            if await is_done():
                return True
            tell(await count_outbox(database.connection))
            if _is_hopeless(indexer, await find_standing(database.connection)):
                return False
            if indexer.trouble is None:
                good_at = loop.time()
            elif loop.time() - good_at > patience:
                return False
            await asyncio.sleep(_EVERY)
        worker.result()
        return False
    finally:
        stop.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.wait({worker})
        worker.cancel()
        await asyncio.wait({worker})


def _is_hopeless(indexer: Indexer, standing: Standing) -> bool:
    """Whether waiting does not end the trouble."""
    if indexer.stale and standing.rebuild is None:
        return True
    return isinstance(indexer.trouble, KeyRefused | WrongVersion | Refused)
