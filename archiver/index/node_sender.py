"""Decides what is sent to a node next: batches to repeat, the outbox, or a walk through the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archiver.clock import Clock
from archiver.index.batch_size import MIN_GATHERING, MUCH, gathering_seconds
from archiver.index.delivery import Delivery
from archiver.index.rebuild import next_index
from archiver.model.ledger import HISTORY, NEWS, Lane
from archiver.store.database import Database
from archiver.store.index.index_node import NodeStatus
from archiver.store.index.index_walk import end_walks, is_walking
from archiver.store.index.outbox import peek

if TYPE_CHECKING:
    from search.meili.node import Node

MOST_UNDER_WAY: Final = 2
"""Maximum large tasks under way: one runs while the next is sent."""


class NodeSender:
    """What one node is sent."""

    def __init__(self, database: Database, reader: Database, node: Node, delivery: Delivery, clock: Clock) -> None:
        self._database, self._reader, self._node = database, reader, node
        self._delivery, self._ledger, self._clock = delivery, delivery.ledger, clock

    async def send(self, status: NodeStatus, *, is_stale: bool) -> bool:
        """Send what may be sent now; return whether anything was."""
        ledger, index = self._ledger, self._node.index
        live = [] if is_stale else [index]
        indexes = [*live, next_index(index)] if status.rebuild == "walking" else live
        if len(ledger.under_way) < MOST_UNDER_WAY and (again := ledger.take_again()):
            return await self._delivery.send(again, [again.walk_of] if again.walk_of else indexes)
        lanes = [NEWS] if status.rebuild == "wanted" else [NEWS, HISTORY]
        if status.rebuild == "walking":
            ledger.pass_over(HISTORY, (status.covered + 1, 0, 0))
        for lane in lanes if indexes else ():
            if await self._is_due(lane):
                return await self._delivery.send(ledger.take(lane), indexes)
        return len(ledger.under_way) < MOST_UNDER_WAY and await self._walk(indexes)

    async def _walk(self, indexes: list[str]) -> bool:
        """Send the next batch of the first walk that has one; end those that have none."""
        for index in indexes:
            if await self._reader.read(is_walking, self._node.name, index):
                if await self._delivery.send(self._ledger.take(Lane(index)), [index]):
                    return True
                if self._ledger.is_walked(index):
                    self._ledger.forget(index)
                    await self._database.write(end_walks, self._node.name, index)
        return False

    async def _is_due(self, lane: Lane) -> bool:
        """Whether a lane of the outbox holds many messages, or has gathered them for long enough."""
        after, ours = self._ledger.claimed(lane), self._ledger.count_under_way(lane)
        waiting = await self._reader.read(peek, self._node.name, after, lane.end, MUCH)
        if not waiting.messages or waiting.since is None:
            return False
        if waiting.messages >= MUCH:
            return ours < MOST_UNDER_WAY
        # A task queued after others waits long enough anyway.
        is_queued = len(self._ledger.under_way) > ours
        gathered = MIN_GATHERING if is_queued else gathering_seconds(self._delivery.duration)
        return ours == 0 and self._clock.now() - waiting.since >= gathered
