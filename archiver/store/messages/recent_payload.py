"""Payloads of messages first seen a short while ago: what expires in them, such as file references, is still good."""

from __future__ import annotations

from collections.abc import Iterable

from archiver.ids import ChannelId, MessageId
from archiver.store.database import Reader


def list_recent_payloads(
    conn: Reader, places: Iterable[tuple[ChannelId, MessageId]], *, since: int
) -> dict[tuple[ChannelId, MessageId], bytes]:
    """The bytes of those of these messages that were first seen from `since` on and are not known to be missing.

    Seen again, a message keeps the bytes of its content's first sight: `last_seen` says nothing of their age.
    """
    found = {}
    for place in places:
        row = conn.execute(
            "SELECT raw FROM message WHERE channel_id = ? AND message_id = ? AND first_seen >= ?"
            " AND missing_since IS NULL",
            (*place, since),
        ).fetchone()
        if row is not None:
            found[place] = row[0]
    return found
