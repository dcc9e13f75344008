"""Messages as records put into an archive's tables, without search entries or outbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import groupby

from archiver.model.record import Message
from archiver.store.messages.message import Sighting, content_of, language_of, put_media
from archiver.store.messages.new_messages import insert_beside


def insert_messages(conn: sqlite3.Connection, messages: Sequence[Message], sighting: Sighting) -> None:
    """Store messages seen for the first time, of any channels."""
    for channel_id, some in groupby(messages, key=lambda one: one.channel_id):
        insert_beside(conn, channel_id, [_row(one) for one in some], sighting)
    put_media(conn, messages)


def _row(message: Message) -> tuple[object, ...]:
    return (message.message_id, *content_of(message), language_of(message))
