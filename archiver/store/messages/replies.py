"""The replies to a message: in its own channel, however much later they came, and in other archived channels."""

from __future__ import annotations

from typing import Final, NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.model.reply import find_answered, is_reply
from archiver.store.database import Reader

MOST: Final = 1000
"""Maximum number of messages looked at: all messages of a forum's topic name its first one."""
_BEGINNING: Final = 200
"""Characters of a reply's text."""

_COLUMNS: Final = "SELECT channel_id, message_id, date, substr(text, 1, ?3), layer, reply_to FROM message"
_HERE: Final = f"{_COLUMNS} WHERE channel_id = ?1 AND reply_to_msg_id = ?2 ORDER BY message_id LIMIT ?4"
_ELSEWHERE: Final = (
    f"{_COLUMNS} WHERE reply_to_msg_id = ?2 AND instr(reply_to, '\"reply_to_peer_id\"') > 0 AND channel_id <> ?1"
    " ORDER BY message_id LIMIT ?4"
)


class ArchivedReply(NamedTuple):
    """One reply."""

    channel_id: ChannelId
    message_id: MessageId
    date: int
    """Unix seconds."""
    text: str
    """Its beginning."""
    layer: int
    """0: telekeep never saw it on Telegram."""


class FoundReplies(NamedTuple):
    """The archived replies to a message."""

    replies: list[ArchivedReply]
    """Earliest first."""
    whole: bool
    """Whether these are all; False: the limit of messages to look at was reached."""


def find_replies(conn: Reader, channel_id: ChannelId, message_id: MessageId) -> FoundReplies:
    """Find the archived replies to a message."""
    here, elsewhere = (
        conn.execute(query, (channel_id, message_id, _BEGINNING, MOST + 1)).fetchall() for query in (_HERE, _ELSEWHERE)
    )
    replies = [
        ArchivedReply(*row[:5])
        for row in (*here[:MOST], *elsewhere[:MOST])
        if is_reply(row[5]) and find_answered(row[5], row[0]) == (channel_id, message_id)
    ]
    return FoundReplies(
        sorted(replies, key=lambda one: (one.date, one[:2])), whole=max(len(here), len(elsewhere)) <= MOST
    )
