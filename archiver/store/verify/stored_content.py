"""Stored messages as `telekeep verify` compares them with the word index: as rows; few become records."""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

from archiver.ids import ChannelId
from archiver.model.document import to_document
from archiver.model.record import Media, Message
from archiver.store.messages.message import CONTENT_NAMES, MEDIA_NAMES, TEXT
from archiver.store.messages.message_record import record_of
from archiver.store.search.usual_entry import usual_entry
from search.exact.add_new import NewEntry, new_entry

_CONTENT = ", ".join("x''" if name == "raw" else name for name in CONTENT_NAMES)
"""What is searched is not in the payload itself."""


class StoredContent(NamedTuple):
    """A message's columns and media."""

    channel_id: ChannelId
    columns: tuple[Any, ...]
    """Its id, its content in the order of CONTENT_NAMES, and its language; "" if it has none."""
    media: list[Media]

    @property
    def text(self) -> str:
        """Its text."""
        text: str = self.columns[TEXT]
        return text

    def record(self) -> Message:
        """The record of the message."""
        message_id, *content, lang = self.columns
        return record_of(self.channel_id, (message_id, lang, *content), tuple(self.media))

    def entry(self) -> NewEntry:
        """What the search tables should have of it."""
        found = usual_entry(self.channel_id, self.columns, self.media)
        return new_entry(to_document(self.record())) if found is None else found


def read_contents(conn: sqlite3.Connection, channel_id: ChannelId, low: int, high: int) -> dict[int, StoredContent]:
    """The channel's messages with an id within [low, high], ascending."""
    within = (channel_id, low, high)
    rows = conn.execute(
        f"SELECT message_id, {_CONTENT}, coalesce(lang, '') FROM message"
        " WHERE channel_id = ? AND message_id BETWEEN ? AND ? ORDER BY message_id",
        within,
    )
    found = {row[0]: StoredContent(channel_id, row, []) for row in rows}
    slots = conn.execute(
        f"SELECT message_id, {', '.join(MEDIA_NAMES)} FROM media"
        " WHERE channel_id = ? AND message_id BETWEEN ? AND ? ORDER BY message_id, slot",
        within,
    )
    for message_id, *values in slots:
        if message_id in found:
            found[message_id].media.append(Media(**dict(zip(MEDIA_NAMES, values, strict=True))))
    return found
