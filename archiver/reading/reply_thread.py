"""What a message replies to, and what that replies to: the thread above it."""

from __future__ import annotations

from typing import Final

from archiver.model.reply import find_answered, is_reply
from archiver.model.row import StoredMessage
from archiver.store.database import Connection, read
from archiver.store.messages.rows import HeldMessage, get_messages

MOST: Final = 12
"""Messages of a thread that are read."""


async def read_thread(conn: Connection, message: StoredMessage) -> list[HeldMessage]:
    """The archived messages above this one, the first of them first; those far above are left out."""
    found: list[HeldMessage] = []
    seen = {(message.channel_id, message.message_id)}
    while (
        len(found) < MOST
        and is_reply(message.reply_to)
        and (key := find_answered(message.reply_to, message.channel_id)) is not None
    ):
        held = (await read(conn, get_messages, [key])).get(key)
        if held is None or key in seen:
            break
        seen.add(key)
        found.append(held)
        message = held[0]
    return found[::-1]
