"""Tables `revision`, `absence` and `counter`: the reading side, for a message's history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from archiver.ids import ChannelId, MessageId
from archiver.model.versions import Absence, Counters, StoredRevision
from archiver.store.database import Reader
from archiver.store.media.file_reading import fill_slots

Key: TypeAlias = tuple[int, int]
"""(channel_id, message_id)."""


def list_revisions(conn: Reader, wanted: Mapping[Key, tuple[int, int]]) -> dict[Key, list[StoredRevision]]:
    """The revisions of each message with a number within its [first, last], in the order observed."""
    query = (
        f"SELECT {', '.join(StoredRevision._fields)} FROM revision"
        " WHERE channel_id = ? AND message_id = ? AND revision BETWEEN ? AND ? ORDER BY revision"
    )
    found: dict[Key, list[StoredRevision]] = {}
    for key, numbers in wanted.items():
        cursor = conn.execute(query, (*key, *numbers))
        revisions = [StoredRevision._make(row) for row in cursor]
        filled = fill_slots(conn, [one.media for one in revisions])
        found[key] = [one._replace(media=media) for one, media in zip(revisions, filled, strict=True)]
    return found


def list_absences(conn: Reader, channel_id: ChannelId, message_id: MessageId) -> list[Absence]:
    """The message's absences, oldest first."""
    query = (
        f"SELECT {', '.join(Absence._fields)} FROM absence WHERE channel_id = ? AND message_id = ? ORDER BY noticed_at"
    )
    cursor = conn.execute(query, (channel_id, message_id))
    return [Absence._make(row) for row in cursor]


def list_counters(conn: Reader, channel_id: ChannelId, message_id: MessageId) -> list[Counters]:
    """The message's counters over time, oldest first; empty if they never changed."""
    query = f"SELECT {', '.join(Counters._fields)} FROM counter WHERE channel_id = ? AND message_id = ? ORDER BY at"
    cursor = conn.execute(query, (channel_id, message_id))
    return [Counters._make(row) for row in cursor]
