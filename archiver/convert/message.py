"""Converts a message to a record.

Pure: no clock, no I/O. A bad part must not lose the message, nor a bad message its channel: each part is converted by
an `_Attempt`, which records the names of failed parts in `extra`; the raw bytes keep their content.

Only plain attributes of Telethon's message are read; its properties search, cache and rebuild.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from operator import attrgetter
from typing import Any, TypeVar

from telethon.tl import types

from archiver.convert.action import action_name, add_action_photo, convert_action
from archiver.convert.canonical import embed, to_json
from archiver.convert.channel import convert_restriction
from archiver.convert.content import content_hash
from archiver.convert.context import convert_forward, convert_reactions, convert_reply
from archiver.convert.markup import convert_markup
from archiver.convert.media import add_media, add_unread
from archiver.convert.peers import Peers
from archiver.convert.plain import plain
from archiver.convert.rich import add_rich_files, rich_text, rich_tree
from archiver.convert.slots import Slots
from archiver.convert.text import convert_entities
from archiver.ids import ChannelId, MessageId
from archiver.model.language import name_language
from archiver.model.record import Message

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
"""Fields kept in `extra` if set. Not `post`, which every message of a broadcast channel has, nor fields about our own
account (`out`, `mentioned`, `media_unread`)."""

_rare_values = attrgetter(*_RARE)


class _Attempt:
    """Converts one part after another, and records those that failed."""

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
    """Whether the server says that the message does not exist, or no longer does."""
    return type(obj) is types.MessageEmpty


def convert_message(
    obj: Any, raw: bytes, *, channel_id: ChannelId, peers: Peers, layer: int, lang: str | None = None
) -> Message:
    """The record of a post or a service message; `raw`: its bytes as received. Never raises.

    `lang`: its language, if already known.
    """
    attempt = _Attempt()
    payload_sha256 = sha256(raw).digest()
    extra: dict[str, object] = {}
    content = _content(obj, attempt, extra)
    context = _context(obj, peers, attempt)
    if any(_rare_values(obj)):
        attempt("extra", _rare, obj, extra)
    if obj.via_bot_id is not None:
        attempt("via_bot", _add_bot, obj.via_bot_id, peers, extra)
    return Message(
        **content,
        **context,
        channel_id=channel_id,
        message_id=obj.id,
        date=obj.date or EPOCH,
        edit_date=None if obj.edit_date == EPOCH else obj.edit_date,
        post_author=obj.post_author,
        via_bot_id=obj.via_bot_id,
        grouped_id=None if obj.grouped_id is None else str(obj.grouped_id),
        views=obj.views,
        forwards=obj.forwards,
        noforwards=bool(obj.noforwards),
        pinned=bool(obj.pinned),
        silent=bool(obj.silent),
        extra=_extra(extra, attempt) if extra or attempt.failed else None,
        lang=name_language(content["text"]) if lang is None else lang,
        partial=bool(getattr(obj.rich_message, "part", False)),
        raw=raw,
        layer=layer,
        payload_sha256=payload_sha256,
    )


def _content(obj: Any, attempt: _Attempt, extra: dict[str, object]) -> dict[str, Any]:
    """The fields covered by the content hash, and the hash."""
    text = obj.message or ""
    entities = attempt("entities", convert_entities, obj.entities) if obj.entities else None
    markup = attempt("markup", convert_markup, obj.reply_markup) if obj.reply_markup is not None else None
    slots = Slots()
    if obj.media is not None:
        attempt("media", add_media, obj.media, slots)
        if attempt.failed:
            attempt("media", add_unread, obj.media, slots)
    action = rich = None
    if obj.action is not None:
        action = attempt("action", convert_action, obj.action) or to_json({"type": action_name(obj.action)})
        attempt("action", add_action_photo, obj.action, slots)
    if obj.rich_message is not None:
        rich = attempt("rich_message", _rich, obj.rich_message, slots, extra)
    digest = attempt("text", content_hash, text, entities, slots.identities, markup, rich, action)
    unmarked = None
    if digest is not None and slots.spoilers:
        marked = [*slots.identities, ["spoilers", slots.spoilers]]
        unmarked, digest = digest, content_hash(text, entities, marked, markup, rich, action)
    if digest is None:
        # Lone surrogates: not representable in JSON, in SQLite or on the wire.
        text = text.encode("utf-8", "replace").decode()
        digest = content_hash(text)
    return {
        "kind": "message" if action is None else "service",
        "text": text,
        "entities": entities,
        "markup": markup,
        "action": action,
        "media": slots.media,
        "content_hash": digest,
        "unmarked_hash": unmarked,
    }


def _context(obj: Any, peers: Peers, attempt: _Attempt) -> dict[str, Any]:
    """The sender, the origin, the message it replies to, and the reactions."""
    context: dict[str, Any] = {}
    if obj.from_id is not None:
        context["sender"] = attempt("sender", peers.sender, obj.from_id)
    if obj.reply_to is not None:
        context["reply_to"] = attempt("reply_to", convert_reply, obj.reply_to, peers)
        context["reply_to_msg_id"] = getattr(obj.reply_to, "reply_to_msg_id", None)
    if obj.fwd_from is not None:
        context["fwd_from"] = attempt("fwd_from", convert_forward, obj.fwd_from, peers)
    if obj.replies is not None:
        context["replies"] = getattr(obj.replies, "replies", None)
    if obj.reactions is not None:
        context["reactions"] = attempt("reactions", convert_reactions, obj.reactions)
        context["reactions_unknown"] = bool(obj.reactions.min and not obj.reactions.results)
    if obj.restriction_reason:
        context["restriction"] = attempt("restriction", convert_restriction, obj.restriction_reason)
    return context


def convert_stub(
    raw: bytes, *, message_id: MessageId, channel_id: ChannelId, date: datetime | None, layer: int
) -> Message:
    """A stub for an object that this version cannot read; a newer version can, from `raw`."""
    constructor = f"{int.from_bytes(raw[:4], 'little'):08x}"
    return Message(
        channel_id=channel_id,
        message_id=message_id,
        kind="stub",
        date=date or EPOCH,
        extra=to_json({"constructor": constructor}),
        # The end of an unreadable object is unknown, so its bytes differ each time: they do not count as content.
        content_hash=content_hash("stub", constructor),
        raw=raw,
        layer=layer,
        payload_sha256=sha256(raw).digest(),
    )


def _extra(extra: dict[str, object], attempt: _Attempt) -> str:
    if attempt.failed:
        extra["convert_error"] = ",".join(dict.fromkeys(attempt.failed))
    return attempt("extra", to_json, extra) or to_json({"convert_error": "extra"})


def _rich(rich: Any, slots: Slots, extra: dict[str, object]) -> str:
    words = rich_text(rich)
    if words:
        extra["rich_text"] = words
    tree = to_json(rich_tree(rich))
    extra["rich"] = embed(tree)
    add_rich_files(rich, slots)
    return tree


def _rare(obj: Any, extra: dict[str, object]) -> None:
    for name, value in zip(_RARE, _rare_values(obj), strict=True):
        if value:
            # An effect is a 64-bit id.
            extra[name] = str(value) if name == "effect" else plain(value)


def _add_bot(bot_id: int, peers: Peers, extra: dict[str, object]) -> None:
    bot = peers.describe(types.PeerUser(bot_id))
    if bot["name"] or bot["username"]:
        extra["via_bot"] = bot
