"""The columns of a post, for `telekeep verify`, which derives every message again."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final, NamedTuple

from archiver.convert.peers import Peers
from archiver.convert.quick_draft import draft_post, named
from archiver.ids import ChannelId
from archiver.model.record import Media

COLUMNS: Final = (
    "kind", "date", "edit_date", "text", "entities", "sender", "post_author", "via_bot_id", "reply_to",
    "reply_to_msg_id", "fwd_from", "grouped_id", "views", "forwards", "replies", "reactions", "action", "media_kind",
    "markup", "restriction", "noforwards", "pinned", "silent", "extra", "content_hash", "payload_sha256",
)  # fmt: skip


class QuickPost(NamedTuple):
    """A post's content."""

    message_id: int
    columns: tuple[Any, ...]
    """In the order of COLUMNS: times are unix seconds."""
    media: tuple[Media, ...]


def read_post(raw: bytes, channel_id: ChannelId, peers: Peers) -> QuickPost | None:
    """The post of this channel in these bytes; None if it has anything that is not read here."""
    draft = draft_post(raw)
    if draft is None or draft.end != len(raw) or draft.channel_id != channel_id:
        return None
    try:
        sender, reply, answered, forward = named(draft, peers)
    except Exception:  # noqa: BLE001 - garbled bytes may fail in any way
        return None
    views, forwards, replies, edited, author, group, reactions, _ = draft.after
    media = draft.media
    columns = (
        "message", draft.unix, edited or None, draft.text, draft.entities, sender, author, None, reply, answered,
        forward, group, views, forwards, replies, reactions, None, media[0].kind if media else None, draft.markup, None,
        draft.is_protected, draft.is_pinned, draft.is_silent, draft.extra, draft.digest, sha256(raw).digest(),
    )  # fmt: skip
    return QuickPost(draft.id, columns, media)
