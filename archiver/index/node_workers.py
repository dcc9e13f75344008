"""The index on all its nodes: a worker for each, which waits for no other, and a home for each channel (`homes`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from archiver.clock import Clock
from archiver.index.node_worker import NodeWorker
from archiver.model.placement import plan
from archiver.store.database import Database, Reader, Writer
from archiver.store.home import adopt, dismiss, is_moving, list_homes, put_homes
from archiver.store.indexing import count_held, is_walking
from archiver.store.outbox import assign_nodes, has_waiting, list_unassigned

EVERY: Final = 0.5
"""Seconds between two looks for messages that no node was chosen for."""
AT_ONCE: Final = 20_000
"""Such messages that one transaction takes: the mirror waits for it."""


class NodeWorkers:
    """All nodes of the settings; one is no special case."""

    def __init__(self, database: Database, reader: Database, workers: Sequence[NodeWorker], *, clock: Clock) -> None:
        self._database = database
        self._reader = reader
        self._clock = clock
        self.workers = workers
        self._names = [one.name for one in workers]

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. What a server does is never raised."""
        now = int(self._clock.now())
        await self._database.write(settle_nodes, self._names, now=now)
        async with asyncio.TaskGroup() as group:
            for one in self.workers:
                group.create_task(one.run(stop), name=f"index on {one.name}")
            group.create_task(self._take_in(stop), name="index homes")

    async def list_behind(self) -> list[NodeWorker]:
        """Those that have not everything, as far as is known; all of them while there are messages without a node."""
        ready = {one.name for one in self.workers if one.is_ready}

        def act(conn: Reader) -> set[str]:
            if has_waiting(conn, ""):
                return set()
            return {one.name for one in self.workers if not _has_work(conn, one.name, one.index)}

        idle = ready & await self._reader.read(act)
        return [one for one in self.workers if one.name not in idle]

    async def is_done(self) -> bool:
        """Whether the index has everything, as far as is known."""
        return not await self.list_behind()

    async def _take_in(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            channel_ids = await self._reader.read(list_unassigned, AT_ONCE)
            if channel_ids:
                now = int(self._clock.now())
                await self._database.write(self._house, channel_ids, now)
            else:
                await self._clock.wait(stop, EVERY)

    def _house(self, conn: Writer, channel_ids: list[int], now: int) -> None:
        put_homes(conn, plan(channel_ids, list_homes(conn, channel_ids), self._names), now=now)
        assign_nodes(conn, AT_ONCE)


def settle_nodes(conn: Writer, nodes: Sequence[str], *, now: int) -> None:
    """These are the nodes from now on: who is to have what."""
    adopt(conn, nodes)
    dismiss(conn, nodes)
    put_homes(conn, plan(count_held(conn), list_homes(conn), nodes), now=now)


def _has_work(conn: Reader, node: str, index: str) -> bool:
    return has_waiting(conn, node) or is_walking(conn, node, index) or is_moving(conn, node)
