"""What follows when the files of messages change without the messages: search rows, and documents of the index.

Search rows get new flags and hashes only: the texts of 10,000 messages need not be read because their pictures arrived.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import orjson

from archiver.ids import ChannelId, MessageId
from search.exact.schema import SCHEMA_VERSION
from search.text.normalize import NORM_VERSION

if TYPE_CHECKING:
    from search.document import FileMarks, Key

_SLOTS = (
    "SELECT message_id, slot, kind, id, sha256, status FROM media WHERE channel_id = ?"
    " AND message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id, slot"
)


def refresh_messages(conn: sqlite3.Connection, messages: Collection[tuple[ChannelId, MessageId]], *, now: int) -> None:
    """Tell the search tables what became of these messages' files, and enqueue them for the index, after the news."""
    from archiver.store.index.outbox import enqueue  # `status`, which counts files, does without these
    from search.exact import writer

    is_searchable = _has_search_tables(conn)
    for channel_id, group in groupby(sorted(messages), key=itemgetter(0)):
        ids = [message_id for _, message_id in group]
        if is_searchable:  # otherwise they are rebuilt as a whole by the next command that mirrors
            writer.set_files(conn, _marks(conn, channel_id, ids))
        enqueue(conn, channel_id, ids, now=now, later=True)


def _has_search_tables(conn: sqlite3.Connection) -> bool:
    """Whether the search tables have this version's layout; asked for each file that arrives."""
    try:
        rows = conn.execute("SELECT layout, norm FROM search_layout").fetchall()
    except sqlite3.OperationalError:
        return False  # there are none
    return rows == [(SCHEMA_VERSION, NORM_VERSION)]


def _marks(conn: sqlite3.Connection, channel_id: ChannelId, ids: list[MessageId]) -> dict[Key, FileMarks]:
    from archiver.model.document import mark_files
    from archiver.model.record import Media

    media: dict[MessageId, list[Media]] = {one: [] for one in ids}
    for message_id, slot, kind, id_, sha256, status in conn.execute(_SLOTS, (channel_id, orjson.dumps(ids).decode())):
        media[message_id].append(Media(slot=slot, kind=kind, id=id_, sha256=sha256, status=status))
    return {(channel_id, message_id): mark_files(slots) for message_id, slots in media.items()}
