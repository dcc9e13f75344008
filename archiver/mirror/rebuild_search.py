"""Rebuild the search tables from the archive, after a change of their schema or of text folding.

One transaction: readers see the old tables until the new ones are complete, and a crash leaves the old ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archiver.ids import ChannelId
from archiver.model.document import to_document
from archiver.store.channels.channel import list_channel_ids
from archiver.store.database import Database, Writer
from archiver.store.faults import go_on
from archiver.store.media.annotation import read_annotation_texts
from archiver.store.messages.message import list_missing_ids, read_messages, read_messages_of
from archiver.store.search.index_revisions import index_revisions
from archiver.store.verify.search_rows import count_messages
from search.exact import writer
from search.exact.annotations import put_annotations
from search.exact.layout import is_current

PAGE = 500


async def prepare_search(database: Database) -> int | None:
    """Build the search tables if they are missing or outdated; return the number of messages, None if up to date."""
    if await is_current(database.connection):
        return None
    return await database.write(_rebuild)


async def rebuild_search(database: Database, progress: Callable[[int, int], None] | None = None) -> int:
    """Rebuild the search tables unconditionally; return the number of messages.

    `progress` is given the messages done, and all of them; it is called in the database's own thread.
    """
    return await database.write(_rebuild, progress)


def index_messages(conn: Writer, channel_id: ChannelId, message_ids: Sequence[int]) -> None:
    """Put messages that the archive has into its search tables, with their earlier contents."""
    page = read_messages_of(conn, channel_id, message_ids)
    writer.upsert(conn, [to_document(message) for message in page])
    index_revisions(conn, page)
    missing = set(message_ids).intersection(list_missing_ids(conn, channel_id))
    writer.mark_missing(conn, [(channel_id, message_id) for message_id in sorted(missing)])


def _rebuild(conn: Writer, progress: Callable[[int, int], None] | None = None) -> int:
    total = sum(count_messages(conn).values()) if progress else 0
    writer.clear(conn)
    writer.create(conn)
    count = 0
    for channel_id in list_channel_ids(conn):
        after = 0
        while page := read_messages(conn, channel_id, after=after, limit=PAGE):
            writer.upsert(conn, [to_document(message) for message in page])
            index_revisions(conn, page)
            after = go_on(after, page[-1].message_id)
            count += len(page)
            if progress:
                progress(count, total)
        writer.mark_missing(conn, [(channel_id, message_id) for message_id in list_missing_ids(conn, channel_id)])
    put_annotations(conn, read_annotation_texts(conn))
    return count
