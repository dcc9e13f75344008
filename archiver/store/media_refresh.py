"""What follows when the files of messages change without the messages: search rows, and documents of the index.

The one place where both are made from the archive's rows again, within the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from itertools import groupby
from operator import itemgetter

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.document import to_document
from archiver.store.message import read_messages
from archiver.store.outbox import enqueue
from search.document import Document
from search.exact import writer


def refresh_messages(conn: sqlite3.Connection, messages: Collection[tuple[ChannelId, MessageId]], *, now: int) -> None:
    """Write the search rows of these messages anew, and enqueue them for the index, after the news."""
    for channel_id, group in groupby(sorted(messages), key=itemgetter(0)):
        ids = [message_id for _, message_id in group]
        writer.upsert(conn, _documents(conn, channel_id, ids))
        enqueue(conn, channel_id, ids, now=now, later=True)


def _documents(conn: sqlite3.Connection, channel_id: ChannelId, ids: Sequence[MessageId]) -> list[Document]:
    rows = conn.execute(
        "SELECT message_id FROM message WHERE channel_id = ? AND missing_since IS NOT NULL"
        " AND message_id IN (SELECT value FROM json_each(?))",
        (channel_id, orjson.dumps(ids).decode()),
    )
    missing = {row[0] for row in rows}
    held = [one for message_id in ids for one in read_messages(conn, channel_id, after=message_id - 1, limit=1)]
    return [to_document(message, is_missing=message.message_id in missing) for message in held]
