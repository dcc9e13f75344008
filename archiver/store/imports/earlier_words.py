"""Words of earlier contents, to tell whether the archive has an export's content."""

from __future__ import annotations

import json
from collections.abc import Sequence

from archiver.ids import ChannelId, MessageId
from archiver.model.imported import IMPORTED, text_hash
from archiver.store.database import Reader


def list_earlier_words(conn: Reader, channel_id: ChannelId, message_ids: Sequence[int]) -> dict[MessageId, set[bytes]]:
    """The `text_hash` of each earlier content that Telegram showed, by message; imports prove nothing."""
    if not message_ids:
        return {}
    rows = conn.execute(
        "SELECT message_id, text, json_extract(extra, '$.rich_text') FROM revision WHERE channel_id = ? AND layer <> ?"
        " AND message_id IN (SELECT value FROM json_each(?))",
        (channel_id, IMPORTED, json.dumps(list(message_ids))),
    )
    found: dict[MessageId, set[bytes]] = {}
    for message_id, text, rich in rows:
        found.setdefault(message_id, set()).add(text_hash(text, "" if text else rich or ""))
    return found


def list_content_hashes(conn: Reader, channel_id: ChannelId, message_ids: Sequence[int]) -> dict[MessageId, set[bytes]]:
    """The content hash of each earlier content, by message."""
    rows = conn.execute(
        "SELECT message_id, content_hash FROM revision WHERE channel_id = ?"
        " AND message_id IN (SELECT value FROM json_each(?))",
        (channel_id, json.dumps(list(message_ids))),
    )
    found: dict[MessageId, set[bytes]] = {}
    for message_id, digest in rows:
        found.setdefault(message_id, set()).add(digest)
    return found
