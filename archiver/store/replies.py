"""The replies to a message: in its own channel, however much later they came, and in other archived channels."""

from __future__ import annotations

from typing import Final, NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.model.reply import find_answered, is_reply
from archiver.store.database import Reader

MOST: Final = 1000
"""Messages looked at; the first one of a forum's topic may be named by every message of it."""
NEAR: Final = 3000
"""Following ids that are looked at in an archive without the index, which no newer telekeep has opened for writing."""
_BEGINNING: Final = 200
"""Characters of a reply's text."""

_INDEXED: Final = (
    "SELECT channel_id, message_id, date, substr(text, 1, ?3), reply_to FROM message WHERE reply_to_msg_id IS NOT NULL"
    " AND coalesce(reply_to ->> '$.reply_to_peer_id.id', channel_id) = ?1 AND reply_to_msg_id = ?2"
    " ORDER BY message_id LIMIT ?4"
)
_NEAR: Final = (
    "SELECT channel_id, message_id, date, substr(text, 1, ?3), reply_to FROM message WHERE channel_id = ?1"
    f" AND message_id > ?2 AND message_id <= ?2 + {NEAR} AND reply_to_msg_id = ?2 ORDER BY message_id LIMIT ?4"
)


class Reply(NamedTuple):
    """One reply."""

    channel_id: ChannelId
    message_id: MessageId
    date: int
    """Unix seconds."""
    text: str
    """Its beginning."""


class FoundReplies(NamedTuple):
    """The archived replies to a message."""

    replies: list[Reply]
    """Earliest first."""
    whole: bool
    """Whether these are all; otherwise only so many messages were looked at."""
    near: bool
    """Whether only the next ids of the same channel were looked at: the index is not there."""


def find_replies(conn: Reader, channel_id: ChannelId, message_id: MessageId) -> FoundReplies:
    """Find them."""
    near = not _has_index(conn)
    rows = list(conn.execute(_NEAR if near else _INDEXED, (channel_id, message_id, _BEGINNING, MOST + 1)))
    replies = [
        Reply(*row[:4])
        for row in rows[:MOST]
        if is_reply(row[4]) and find_answered(row[4], row[0]) == (channel_id, message_id)
    ]
    return FoundReplies(sorted(replies, key=lambda one: (one.date, one[:2])), whole=len(rows) <= MOST, near=near)


def _has_index(conn: Reader) -> bool:
    return conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'message_reply'").fetchone() is not None
