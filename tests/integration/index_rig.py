"""An archive, the workers that index it, and a Meilisearch or several (the double, or a real one).

async with desk_of(meili, folder) as desk:
    await desk.post(1, 2, 3)
    await desk.until_equal()
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import meilisearch
import orjson

import archiver.store.messages.message as messages
from archiver.clock import Clock
from archiver.index.encode import encode
from archiver.index.node_worker import NodeWorker
from archiver.index.node_workers import NodeWorkers
from archiver.model.record import Message
from archiver.store.channels.channel import upsert_channel
from archiver.store.database import Database, Writer
from archiver.store.index.indexable import read_indexable
from archiver.store.index.outbox import enqueue
from archiver.store.messages.held import list_held
from archiver.store.messages.message import Sighting
from search.meili.node import Node
from tests.doubles.meilisearch.fixtures import Meili
from tests.sample import CHANNEL, OTHER, make_message
from tests.storing import insert_messages

LIMIT = 120.0
"""Real seconds after which something will never happen."""
SPEED = 10.0


class Desk:
    """What a test drives."""

    def __init__(self, meilis: list[Meili], database: Database, reader: Database, index: str) -> None:
        self.meilis = meilis
        self.meili = meilis[0]
        self.index = index
        self.database = database
        self.reader = reader
        self.clock = Clock(speed=SPEED)
        self._nodes: list[Node] = []
        self._task: asyncio.Task[None] | None = None

    # --- the worker

    async def start(self, *, key: str | None = None) -> NodeWorkers:
        """With the nodes of `meilis` as they are now."""
        self._nodes = [Node(one.url, key or one.master_key, index=self.index, seconds=5) for one in self.meilis]
        workers = [NodeWorker(self.database, self.reader, node, clock=self.clock) for node in self._nodes]
        self.node_workers = NodeWorkers(self.database, self.reader, workers, clock=self.clock)
        self.stopping = asyncio.Event()
        self._task = asyncio.create_task(self.node_workers.run(self.stopping))
        return self.node_workers

    async def stop(self) -> None:
        """In good order."""
        if self._task is not None:
            self.stopping.set()
            async with asyncio.timeout(60):
                await self._task
            await self._close()

    async def kill(self) -> None:
        """At once, wherever it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            await self._close()

    async def _close(self) -> None:
        self._task = None
        for node in self._nodes:
            await node.close()

    # --- the archive

    async def write(self, *seen: Message, later: bool = False) -> None:
        """Store messages as new or changed, with what follows in the outbox; `later`: as the history has them."""
        sighting = Sighting(now=int(self.clock.now()), origin="history" if later else "update", generation=1)

        def act(conn: Writer) -> None:
            for message in seen:
                held = list_held(conn, message.channel_id, message.message_id, message.message_id)
                (messages.update_messages if held else insert_messages)(conn, [message], sighting)
                enqueue(conn, message.channel_id, [message.message_id], now=sighting.now, later=later)

        await self.database.write(act)

    async def post(
        self, *ids: int, text: str = "the bridge is closed", channel_id: int = 1001, later: bool = False
    ) -> None:
        await self.write(*(make_message(one, f"{text} {one}", channel_id=channel_id) for one in ids), later=later)

    async def lose(self, *ids: int) -> None:
        """Messages are gone at their channel."""
        now = int(self.clock.now())

        def act(conn: Writer) -> None:
            messages.mark_missing(conn, 1001, ids, now=now, how="update")
            enqueue(conn, 1001, ids, now=now)

        await self.database.write(act)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        conn = sqlite3.connect(self.database.path)
        try:
            return conn.execute(sql, values).fetchall()
        finally:
            conn.close()

    @property
    def state(self) -> str:
        return str(self.query("SELECT coalesce(max(state), 'unused') FROM index_node")[0][0])

    @property
    def rejected(self) -> list[int]:
        return [row[0] for row in self.query("SELECT message_id FROM index_aside ORDER BY message_id")]

    # --- both

    def held(self) -> dict[str, Any]:
        """The documents that the index should have."""
        conn = sqlite3.connect(self.database.path)
        try:
            rows = conn.execute("SELECT 0, channel_id, message_id FROM message ORDER BY channel_id, message_id")
            found = read_indexable(conn, rows.fetchall())
        finally:
            conn.close()
        documents = [orjson.loads(encode(one)) for one in found.values()]
        return {one["id"]: one for one in documents}

    def indexed(self, index: str | None = None) -> dict[str, Any]:
        """The documents that it has."""
        return every_document(self.meili, index or self.index)

    async def until(self, true: Any, what: str = "it", limit: float = LIMIT) -> None:
        try:
            async with asyncio.timeout(limit):
                while not await asyncio.to_thread(true):
                    assert self._task is None or not self._task.done(), self._task.result()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            rows = self.query("SELECT channel_id, node, phase, serves FROM index_home")
            rows += self.query("SELECT node, state, reason, rebuild FROM index_node")
            waiting = self.query("SELECT count(*) FROM outbox")
            raise TimeoutError(f"{what} did not happen; {rows}, {waiting} in the outbox") from None

    def is_told(self) -> bool:
        """Whether the outbox is empty."""
        return self.query("SELECT count(*) FROM outbox") == [(0,)]

    async def until_equal(self) -> None:
        """Index == archive, and nothing waits."""
        await self.until(self.is_told, "an empty outbox")
        await self.until(lambda: self.indexed() == self.held(), "an index that is as the archive")


def every_document(meili: Meili, index: str) -> dict[str, Any]:
    """What an index has, by id; nothing where there is no such index."""
    client, found, offset = meili.client(), {}, 0
    try:
        while True:
            page = client.index(index).get_documents({"limit": 1000, "offset": offset})
            found |= {dict(one)["id"]: dict(one) for one in page.results}
            offset += len(page.results)  # not of `found`: one that is written meanwhile moves
            if not page.results:
                return found
    except meilisearch.errors.MeilisearchApiError as error:
        if error.code != "index_not_found":
            raise
        return {}


@asynccontextmanager
async def desk_of(meili: Meili, folder: Path, *, index: str | None = None) -> AsyncIterator[Desk]:
    """A desk with two channels and no messages; the node_workers is not started."""
    async with await Database.open(folder) as database, await Database.open_readonly(folder) as reader:

        def act(conn: Writer) -> None:
            for channel in (CHANNEL, OTHER):
                upsert_channel(conn, channel, now=1)

        await database.write(act)
        desk = Desk([meili], database, reader, index or meili.fresh())
        try:
            yield desk
        finally:
            await desk.kill()
