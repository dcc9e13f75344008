"""Now and then the server is let forget tasks that succeeded, and what was set aside is tried again.

To forget is a task of the server too, whose number shows whether it was put back from an older copy
(`Delivery.note_task`).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from archiver.index.delivery import FINAL, Delivery
from archiver.store.database import Database, Writer
from archiver.store.indexing import list_aside
from archiver.store.outbox import enqueue
from search.errors import KeyRefused

if TYPE_CHECKING:
    from search.meili.node import Node

log = logging.getLogger(__name__)

PRUNE: Final = 3600.0
"""Seconds after which the server may forget tasks that succeeded."""


async def prune(database: Database, node: Node, delivery: Delivery, *, now: float) -> None:
    """Do it. Raises ServerError."""

    def act(conn: Writer) -> None:
        for channel_id, message_id, code in list_aside(conn, node.name):
            if code not in FINAL:
                enqueue(conn, channel_id, [message_id], now=int(now))

    await database.write(act)
    try:
        task = await node.prune(datetime.fromtimestamp(now - PRUNE, UTC))
        await delivery.note_task(task.uid)
    except KeyRefused:
        log.info("the key may not delete finished tasks; the server does so itself when there are a million")


async def went_back(node: Node, delivery: Delivery) -> bool:
    """Whether the index was last written to before our last task for it was begun."""
    ours = delivery.written_at
    if ours is None or (await node.written_at() or ours) >= ours:
        return False
    delivery.written_at = None
    return True
