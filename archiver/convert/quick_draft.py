"""Posts as they mostly are, read from their bytes in one pass: a third of the time of Telethon's objects.

Most messages are text, entities, counters and perhaps one file. What is not read here gives None: Telethon and
`archiver.convert.message` read everything, and what the two read is the same (a test compares them). Objects within the
message that are not read here are Telethon's. The names of people and channels come after all messages of an answer, so
a draft is finished when they are known.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from archiver.convert import quick_parts as parts
from archiver.convert.content import content_hash
from archiver.convert.context import convert_forward, convert_reply
from archiver.convert.markup import convert_markup
from archiver.convert.message import convert_message
from archiver.convert.peers import Peers, bare_peer
from archiver.convert.quick_reader import QuickReader
from archiver.convert.quick_string import read_string
from archiver.ids import ChannelId, MessageId
from archiver.model.language import name_language
from archiver.model.record import Media, Message


class PostDraft(NamedTuple):
    """A post without the names of who sent it, and of whom it was forwarded from."""

    id: int
    channel_id: int
    end: int
    """Where it ends in the bytes that it was read from."""
    unix: int
    text: str
    media: tuple[Media, ...]
    markup: str | None
    entities: str | None
    after: tuple[Any, ...]
    """What follows in the bytes: see `quick_parts.read_after`."""
    flags: int
    digest: bytes
    peers: tuple[Any, Any, Any]
    """Telethon's objects: the sender, the origin of a forward, the reply header."""

    @property
    def date(self) -> datetime:
        """When it was posted."""
        return datetime.fromtimestamp(self.unix, UTC)

    @property
    def is_protected(self) -> bool:
        """Whether the channel forbids to save it."""
        return bool(self.flags & parts.NO_FORWARDS)

    @property
    def is_pinned(self) -> bool:
        """Whether it was pinned when it was shown."""
        return bool(self.flags & parts.PINNED)

    @property
    def is_silent(self) -> bool:
        """Whether it was posted without a notification."""
        return bool(self.flags & parts.SILENT)

    @property
    def extra(self) -> str | None:
        """Its rarer flags as JSON."""
        return parts.rare_flags(self.flags & parts.IN_EXTRA)


def draft_post(raw: bytes, at: int = 0) -> PostDraft | None:
    """The post that begins at `at`; None if it has anything that is not read here."""
    try:
        return _draft(raw, at)
    except Exception:  # noqa: BLE001 - garbled bytes may fail in any way
        return None


def named(draft: PostDraft, peers: Peers) -> tuple[str | None, str | None, int | None, str | None]:
    """The sender, the reply header, the message that is answered, and the origin, with their names."""
    sender, forward, reply = draft.peers
    return (
        None if sender is None else peers.sender(sender),
        None if reply is None else convert_reply(reply, peers),
        None if reply is None else getattr(reply, "reply_to_msg_id", None),
        None if forward is None else convert_forward(forward, peers),
    )


def convert_shown(
    item: Any, raw: bytes, *, channel_id: ChannelId, peers: Peers, layer: int, lang: str | None = None
) -> Message:
    """The record of a draft, or of an object of Telethon's; `raw`: its bytes. Never raises.

    `lang`: its language, if already known.
    """
    if isinstance(item, PostDraft):
        try:
            return _finish(item, raw, channel_id=channel_id, peers=peers, layer=layer, lang=lang)
        except Exception:  # noqa: BLE001 - whatever is malformed, the message is kept
            item = QuickReader(raw).tgread_object()
    return convert_message(item, raw, channel_id=channel_id, peers=peers, layer=layer, lang=lang)


def _finish(
    draft: PostDraft, raw: bytes, *, channel_id: ChannelId, peers: Peers, layer: int, lang: str | None
) -> Message:
    sender, reply_to, answered, forward = named(draft, peers)
    views, forwards, replies, edited, author, group, reactions, _ = draft.after
    return Message(
        channel_id=channel_id,
        message_id=MessageId(draft.id),
        kind="message",
        date=draft.date,
        edit_date=datetime.fromtimestamp(edited, UTC) if edited else None,
        text=draft.text,
        entities=draft.entities,
        sender=sender,
        post_author=author,
        reply_to=reply_to,
        reply_to_msg_id=answered,
        fwd_from=forward,
        grouped_id=group,
        views=views,
        forwards=forwards,
        replies=replies,
        reactions=reactions,
        media=draft.media,
        markup=draft.markup,
        noforwards=draft.is_protected,
        pinned=draft.is_pinned,
        silent=draft.is_silent,
        extra=draft.extra,
        lang=name_language(draft.text) if lang is None else lang,
        content_hash=draft.digest,
        raw=raw,
        layer=layer,
        payload_sha256=sha256(raw).digest(),
    )


def _draft(raw: bytes, start: int) -> PostDraft | None:
    constructor, flags, flags2, message_id = parts.read_head(raw, start)
    if constructor != parts.MESSAGE or flags2 or flags & ~parts.KNOWN or start % 4:
        return None
    at = start + 16
    sender = forward = reply = None
    if flags & parts.FROM:
        sender, at = parts.read_object(raw, at)
        number = bare_peer(sender)["id"]
        if not isinstance(number, int) or not 0 < number <= parts.MOST:
            return None  # Telethon changes it
    peer, channel_id = parts.read_peer(raw, at)
    if peer != parts.CHANNEL or not 0 < channel_id <= parts.MOST:
        return None
    at += 12
    if flags & parts.FORWARD:
        forward, at = parts.read_object(raw, at)
    if flags & parts.REPLY:
        reply, at = parts.read_object(raw, at)
    (date,) = parts.read_int(raw, at)
    text, at = read_string(raw, at + 4)
    media: tuple[Media, ...] = ()
    identities: list[object] = []
    if flags & parts.MEDIA:
        media, identities, at = parts.read_media(raw, at)
    markup = entities = None
    if flags & parts.MARKUP:
        found, at = parts.read_object(raw, at)
        markup = convert_markup(found)
    if flags & parts.ENTITIES:
        entities, at = parts.read_entities(raw, at)
    after = parts.read_after(raw, at, flags)
    if after[-1] > len(raw) or (flags & parts.REACTED and after[-2] is None):
        return None  # cut short, or with reactions that may be unknown
    return PostDraft(
        id=message_id,
        channel_id=channel_id,
        end=after[-1],
        unix=date,
        text=text,
        media=media,
        markup=markup,
        entities=entities,
        after=after,
        flags=flags,
        digest=content_hash(text, entities, identities, markup, None, None),
        peers=(sender, forward, reply),
    )
