"""Write messages that are new to the archive: their rows and search entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archiver.ids import ChannelId
from archiver.model.document import to_document
from archiver.model.record import Message
from archiver.store.database import Writer
from archiver.store.messages.message import Sighting, content_of, language_of, put_media
from archiver.store.messages.new_messages import insert_beside
from archiver.store.search.usual_entry import usual_entry
from search.exact.add_new import NewEntry, add_new, new_entry


def insert_new(conn: Writer, channel_id: ChannelId, new: Sequence[Message], sighting: Sighting) -> None:
    """Store messages of one channel seen for the first time, without comparing: most pages are entirely new."""
    columns = [(message.message_id, *content_of(message), language_of(message)) for message in new]
    insert_beside(conn, channel_id, columns, sighting)
    put_media(conn, new)
    add_new(conn, channel_id, map(_entry, new, columns))


def _entry(message: Message, columns: tuple[Any, ...]) -> NewEntry:
    found = usual_entry(message.channel_id, columns, message.media)
    return new_entry(to_document(message, lang=columns[-1])) if found is None else found
