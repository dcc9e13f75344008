"""Periodically deletes finished tasks on the server, and retries messages it rejected.

The deletion is a task itself, whose number shows whether the server was restored from an older copy
(`Delivery.note_task`).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from archiver.index.delivery import FINAL, Delivery
from archiver.store.database import Database, Writer
from archiver.store.index.index_rejected import list_rejected
from archiver.store.index.outbox import enqueue
from search.errors import KeyRefused

if TYPE_CHECKING:
    from search.meili.node import Node

log = logging.getLogger(__name__)

CLEANUP_INTERVAL: Final = 3600.0
"""Seconds between two clean-ups, and the age from which finished tasks are deleted."""


async def clean_up(database: Database, node: Node, delivery: Delivery, *, now: float) -> None:
    """Retry rejected messages and delete finished tasks. Raises ServerError."""

    def act(conn: Writer) -> None:
        for channel_id, message_id, code in list_rejected(conn, node.name):
            if code not in FINAL:
                enqueue(conn, channel_id, [message_id], now=int(now))

    await database.write(act)
    try:
        task = await node.delete_task_records(datetime.fromtimestamp(now - CLEANUP_INTERVAL, UTC))
        await delivery.note_task(task.uid)
    except KeyRefused:
        log.info("the key may not delete finished tasks; the server deletes them itself at a million")


async def was_restored(node: Node, delivery: Delivery) -> bool:
    """Whether the index was last written to before our last task for it started: an older copy of the server."""
    our_write_at = delivery.written_at
    if our_write_at is None or (await node.updated_at() or our_write_at) >= our_write_at:
        return False
    delivery.written_at = None
    return True
