"""The search tables made anew from the archive, when this version folds or lays them out otherwise.

One transaction: readers see the old tables until the new ones are whole, and a crash leaves the old ones.
"""

from __future__ import annotations

from archiver.model.document import to_document
from archiver.store.channel import list_channel_ids
from archiver.store.database import Database, Writer
from archiver.store.message import list_missing_ids, read_messages
from archiver.store.revision import read_revisions
from search.exact import writer

PAGE = 500


async def prepare_search(database: Database) -> int | None:
    """Make the search tables where there are none or old ones; how many messages were written, None if no need."""
    if await writer.is_current(database.connection):
        return None
    return await database.write(_rebuild)


async def rebuild_search(database: Database) -> int:
    """Make the search tables again, whatever is in them; how many messages were written."""
    return await database.write(_rebuild)


def _rebuild(conn: Writer) -> int:
    writer.clear(conn)
    writer.create(conn)
    count = 0
    for channel_id in list_channel_ids(conn):
        after = 0
        while page := read_messages(conn, channel_id, after=after, limit=PAGE):
            writer.upsert(conn, [to_document(message) for message in page])
            writer.add_revisions(conn, [(to_document(one), number) for one, number in read_revisions(conn, page)])
            after = page[-1].message_id
            count += len(page)
        writer.mark_missing(conn, [(channel_id, message_id) for message_id in list_missing_ids(conn, channel_id)])
    return count
