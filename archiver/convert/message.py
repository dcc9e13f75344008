"""A message as the server sent it, to a record.

Pure: no clock, no I/O. One bad part must not cost the message, nor one bad message its channel: each part is converted
under `_Attempt`, which notes the name of a part that failed in `extra`; the raw bytes keep what it held.

Only plain attributes of Telethon's message are read; its properties search, cache and rebuild.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from operator import attrgetter
from typing import Any, TypeVar

from telethon.tl import types

from archiver.convert.canonical import embed, present, snake_name, to_json
from archiver.convert.channel import convert_restriction
from archiver.convert.content import content_hash
from archiver.convert.files import add_photo
from archiver.convert.markup import convert_markup
from archiver.convert.media import add_media
from archiver.convert.peers import Peers, forward_header, known_peer
from archiver.convert.plain import plain, plain_fields
from archiver.convert.rich import add_rich_files, rich_text, rich_tree
from archiver.convert.slots import Slots
from archiver.convert.text import convert_entities, entity_list
from archiver.record import Message

T = TypeVar("T")

EPOCH = datetime.fromtimestamp(0, UTC)

_RARE = (
    "legacy",
    "from_scheduled",
    "offline",
    "edit_hide",
    "invert_media",
    "video_processing_pending",
    "paid_suggested_post_stars",
    "paid_suggested_post_ton",
    "from_boosts_applied",
    "from_rank",
    "saved_peer_id",
    "via_business_bot_id",
    "guestchat_via_from",
    "ttl_period",
    "quick_reply_shortcut_id",
    "effect",
    "factcheck",
    "report_delivery_until_date",
    "paid_message_stars",
    "suggested_post",
    "schedule_repeat_period",
    "summary_from_language",
    "reactions_are_possible",
)
"""Kept in `extra` where set. Not `post`, which every message of a broadcast channel has, and not what concerns our own
account (`out`, `mentioned`, `media_unread`)."""

_rare_values = attrgetter(*_RARE)


class _Attempt:
    """Converts one part after another, and remembers those that failed."""

    __slots__ = ("failed",)

    def __init__(self) -> None:
        self.failed: list[str] = []

    def __call__(self, part: str, convert: Callable[..., T], *args: Any) -> T | None:
        try:
            return convert(*args)
        except Exception:  # noqa: BLE001 - whatever a malformed object does, the message is kept
            self.failed.append(part)
            return None


def is_empty(obj: Any) -> bool:
    """Whether the server says that there is no such message (any more)."""
    return isinstance(obj, types.MessageEmpty)


def convert_message(obj: Any, raw: bytes, *, channel_id: int, peers: Peers, layer: int) -> Message:
    """The record of a post or a service message; `raw` are its bytes as sent. Never raises."""
    attempt = _Attempt()
    service = obj.action is not None
    text = obj.message or ""
    entities = attempt("entities", convert_entities, obj.entities) if obj.entities else None
    markup = attempt("markup", convert_markup, obj.reply_markup) if obj.reply_markup is not None else None
    action = attempt("action", _action, obj.action) if service else None
    slots = Slots()
    if obj.media is not None:
        attempt("media", add_media, obj.media, slots)
    if service:
        attempt("action", _action_photo, obj.action, slots)
    extra: dict[str, object] = {}
    rich = None
    if obj.rich_message is not None:
        rich = attempt("rich_message", _rich, obj.rich_message, slots, extra)
    if any(_rare_values(obj)):
        attempt("extra", _rare, obj, extra)
    payload_sha256 = sha256(raw).digest()
    content = attempt("text", content_hash, text, entities, slots.identities, markup, rich, action)
    if content is None:
        # SQLite takes no lone surrogates; the wire does not carry them either.
        text = text.encode("utf-8", "replace").decode()
    reply_to = obj.reply_to
    sender = attempt("sender", peers.sender, obj.from_id) if obj.from_id is not None else None
    reply = attempt("reply_to", _reply, reply_to, peers) if reply_to is not None else None
    fwd_from = attempt("fwd_from", _forward, obj.fwd_from, peers) if obj.fwd_from is not None else None
    reactions = attempt("reactions", _reactions, obj.reactions) if obj.reactions is not None else None
    restriction = None
    if obj.restriction_reason:
        restriction = attempt("restriction", convert_restriction, obj.restriction_reason)
    return Message(
        channel_id=channel_id,
        message_id=obj.id,
        kind="service" if service else "message",
        date=obj.date or EPOCH,
        edit_date=None if obj.edit_date == EPOCH else obj.edit_date,
        text=text,
        entities=entities,
        sender=sender,
        post_author=obj.post_author,
        via_bot_id=obj.via_bot_id,
        reply_to=reply,
        reply_to_msg_id=getattr(reply_to, "reply_to_msg_id", None),
        fwd_from=fwd_from,
        grouped_id=None if obj.grouped_id is None else str(obj.grouped_id),
        views=obj.views,
        forwards=obj.forwards,
        replies=getattr(obj.replies, "replies", None),
        reactions=reactions,
        action=action,
        media=slots.media,
        markup=markup,
        restriction=restriction,
        noforwards=bool(obj.noforwards),
        pinned=bool(obj.pinned),
        silent=bool(obj.silent),
        extra=_extra(extra, attempt) if extra or attempt.failed else None,
        content_hash=content or payload_sha256,
        raw=raw,
        layer=layer,
        payload_sha256=payload_sha256,
    )


def convert_stub(raw: bytes, *, message_id: int, channel_id: int, date: datetime | None, layer: int) -> Message:
    """What is known of an object that this version cannot read; a newer one can, from `raw`."""
    constructor = f"{int.from_bytes(raw[:4], 'little'):08x}"
    return Message(
        channel_id=channel_id,
        message_id=message_id,
        kind="stub",
        date=date or EPOCH,
        extra=to_json({"constructor": constructor}),
        # Where an unreadable object ends is unknown, so that its bytes differ at every look: they are no content.
        content_hash=content_hash("stub", constructor),
        raw=raw,
        layer=layer,
        payload_sha256=sha256(raw).digest(),
    )


def _extra(extra: dict[str, object], attempt: _Attempt) -> str:
    if attempt.failed:
        extra["convert_error"] = ",".join(dict.fromkeys(attempt.failed))
    return attempt("extra", to_json, extra) or to_json({"convert_error": "extra"})


def _action(action: Any) -> str:
    return to_json({"type": snake_name(type(action).__name__, "MessageAction"), **plain_fields(action)})


def _action_photo(action: Any, slots: Slots) -> None:
    photo = getattr(action, "photo", None)
    if photo is not None:
        add_photo(photo, slots, None)


def _rich(rich: Any, slots: Slots, extra: dict[str, object]) -> str:
    extra["rich_text"] = rich_text(rich)
    tree = to_json(rich_tree(rich))
    extra["rich"] = embed(tree)
    add_rich_files(rich, slots)
    return tree


def _rare(obj: Any, extra: dict[str, object]) -> None:
    for name, value in zip(_RARE, _rare_values(obj), strict=True):
        if value:
            # An effect is named by a 64-bit id.
            extra[name] = str(value) if name == "effect" else plain(value)


def _reply(header: Any, peers: Peers) -> str:
    if type(header) is types.MessageReplyStoryHeader:
        return to_json({"story_id": header.story_id, "peer": known_peer(header.peer)})
    return to_json(
        present(
            reply_to_msg_id=header.reply_to_msg_id,
            reply_to_top_id=header.reply_to_top_id,
            reply_to_peer_id=known_peer(header.reply_to_peer_id),
            forum_topic=header.forum_topic,
            reply_to_scheduled=header.reply_to_scheduled,
            reply_to_ephemeral=header.reply_to_ephemeral,
            quote=header.quote,
            quote_text=header.quote_text,
            quote_entities=entity_list(header.quote_entities) if header.quote_entities else None,
            quote_offset=header.quote_offset,
            todo_item_id=header.todo_item_id,
            poll_option=plain(header.poll_option),
            reply_from=None if header.reply_from is None else forward_header(header.reply_from, peers),
            reply_media=plain(header.reply_media),
        )
    )


def _forward(header: Any, peers: Peers) -> str:
    return to_json(forward_header(header, peers))


def _reactions(reactions: Any) -> str | None:
    counts = [{**_reaction(result.reaction), "count": result.count} for result in reactions.results]
    # The server's order is that of the last vote; ours says nothing but the counts.
    counts.sort(key=lambda c: (-int(c["count"]), str(c["reaction"]), str(c.get("custom_emoji_id"))))
    return to_json(counts) if counts else None


def _reaction(reaction: Any) -> dict[str, Any]:
    if type(reaction) is types.ReactionEmoji:
        return {"reaction": reaction.emoticon}
    if type(reaction) is types.ReactionCustomEmoji:
        return {"reaction": None, "custom_emoji_id": str(reaction.document_id)}
    return {"reaction": snake_name(type(reaction).__name__, "Reaction")}
