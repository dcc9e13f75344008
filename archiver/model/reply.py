"""What a message replies to, from its reply header. Pure.

In a forum every message has a header that names its topic; only one that also has a target is a reply.
https://core.telegram.org/constructor/messageReplyHeader
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from archiver.ids import ChannelId, MessageId

_TARGETS: Final = ("reply_to_peer_id", "reply_from", "quote", "quote_text", "story_id", "todo_item_id", "poll_option")
"""Fields of a reply to something else than a message of this channel."""


def is_reply(header: str | None) -> bool:
    """Whether the header (JSON) is of a reply; not if it only names the forum topic."""
    if header is None or '"forum_topic":true' not in header:
        return header is not None
    fields: dict[str, Any] = orjson.loads(header)
    target, topic = fields.get("reply_to_msg_id"), fields.get("reply_to_top_id")
    return (topic is not None and target != topic) or any(fields.get(name) for name in _TARGETS)


def topic_of(header: str | None) -> int | None:
    """The id of the forum topic that the header (JSON) names."""
    if header is None or '"forum_topic":true' not in header:
        return None
    fields: dict[str, Any] = orjson.loads(header)
    topic = fields.get("reply_to_top_id") or fields.get("reply_to_msg_id")
    return topic if isinstance(topic, int) else None


def find_answered(header: str | None, channel_id: ChannelId) -> tuple[ChannelId, MessageId] | None:
    """Key of the channel message that a message of this channel with this header (JSON) replies to."""
    fields = orjson.loads(header) if header else None
    if not isinstance(fields, dict):
        return None
    peer = fields.get("reply_to_peer_id") or {"type": "channel", "id": channel_id}
    own: Any = peer.get("id")
    number: Any = fields.get("reply_to_msg_id")
    if peer.get("type") != "channel" or not (_is_id(own) and _is_id(number)):
        return None
    return ChannelId(own), MessageId(number)


def _is_id(value: object) -> bool:
    """Whether this can be the id of something archived: SQLite has no larger numbers."""
    return type(value) is int and 0 < value < 2**63
