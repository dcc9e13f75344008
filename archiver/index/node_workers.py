"""The index on all its nodes: an independent worker per node, and the placement of channels on nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from archiver.clock import Clock
from archiver.ids import ChannelId
from archiver.index.node_worker import NodeWorker
from archiver.model.placement import plan
from archiver.store.database import Database, Reader, Writer
from archiver.store.index.index_due import count_held
from archiver.store.index.index_home import adopt, dismiss, is_moving, list_placements, put_placements, use_index
from archiver.store.index.index_walk import is_walking
from archiver.store.index.outbox import assign_nodes, has_waiting, list_unassigned

PLACING_INTERVAL: Final = 0.5
"""Seconds between two checks for messages of channels that no node was chosen for."""
AT_ONCE: Final = 20_000
"""Maximum such messages per transaction, because the mirror waits for it."""


class NodeWorkers:
    """The workers of all configured nodes; a single node is not a special case."""

    def __init__(self, database: Database, reader: Database, workers: Sequence[NodeWorker], *, clock: Clock) -> None:
        self._database = database
        self._reader = reader
        self._clock = clock
        self.workers = workers
        self._names = [one.name for one in workers]

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Never raises server errors."""
        now = int(self._clock.now())
        await self._database.write(settle_nodes, self._names, index=self.workers[0].index, now=now)
        async with asyncio.TaskGroup() as group:
            for one in self.workers:
                group.create_task(one.run(stop), name=f"index on {one.name}")
            group.create_task(self._place_channels(stop), name="place channels")

    async def list_behind(self) -> list[NodeWorker]:
        """List the workers with anything left to index; all of them while any message has no node."""
        ready = {one.name for one in self.workers if one.is_ready}

        def act(conn: Reader) -> set[str]:
            if has_waiting(conn, ""):
                return set()
            return {one.name for one in self.workers if not _has_work(conn, one.name, one.index)}

        idle = ready & await self._reader.read(act)
        return [one for one in self.workers if one.name not in idle]

    async def is_done(self) -> bool:
        """Whether everything is indexed, as far as known."""
        return not await self.list_behind()

    async def _place_channels(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            channel_ids = await self._reader.read(list_unassigned, AT_ONCE)
            if channel_ids:
                now = int(self._clock.now())
                await self._database.write(self._place, channel_ids, now)
            else:
                await self._clock.wait(stop, PLACING_INTERVAL)

    def _place(self, conn: Writer, channel_ids: list[ChannelId], now: int) -> None:
        put_placements(conn, plan(channel_ids, list_placements(conn, channel_ids), self._names), now=now)
        assign_nodes(conn, AT_ONCE)


def settle_nodes(conn: Writer, nodes: Sequence[str], *, index: str, now: int) -> None:
    """Make these the nodes of the archive, with an index of this name, and place every channel on one."""
    adopt(conn, nodes)
    for node in nodes:
        use_index(conn, node, index)
    dismiss(conn, nodes)
    put_placements(conn, plan(count_held(conn), list_placements(conn), nodes), now=now)


def _has_work(conn: Reader, node: str, index: str) -> bool:
    return has_waiting(conn, node) or is_walking(conn, node, index) or is_moving(conn, node)
