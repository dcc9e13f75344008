"""One message as search, show and export output it: the row schema of docs/rows.md. Pure.

A *row* has every key of KEYS, in that order. Nested values stay canonical JSON text, as stored in the archive: JSON
writers embed them unchanged (`to_json`), CSV writers put them in a cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import orjson

from archiver.ids import ChannelId, MessageId, label_channel
from archiver.model.entities import TextEntities, list_links, read_entities
from archiver.model.iso_time import iso, shared_iso
from archiver.model.json_text import dump
from archiver.model.media_file import FILE_KINDS
from archiver.model.particulars import PARTICULAR_KEYS, name_bot, read_extra

SCHEMA_VERSION = 1

KEYS = (
    "channel_id",
    "channel",
    "message_id",
    "permalink",
    "date",
    "edit_date",
    "text",
    "entities",
    "kind",
    "sender",
    "post_author",
    "reply_to",
    "fwd_from",
    "grouped_id",
    "views",
    "forwards",
    "replies",
    "reactions",
    "media",
    "hashtags",
    "links",
    "origin",
    "first_seen",
    "last_seen",
    "missing_since",
    "revisions",
    "payload_sha256",
    "action",
    *PARTICULAR_KEYS,
    "annotations",
)
NESTED = (
    *("entities", "sender", "reply_to", "fwd_from", "reactions", "media", "hashtags", "links", "action"),
    *("restriction", "via_bot", "markup", "fact_check", "paid", "rich", "extra", "annotations"),
)
"""Keys whose values are JSON text in a row, and objects or lists in its JSON."""
FLAGS = ("noforwards", "pinned", "silent", "edit_hidden")
"""Keys whose values are true or false."""

MEDIA_KEYS = (
    "kind",
    "id",
    "mime",
    "size",
    "width",
    "height",
    "duration",
    "file_name",
    "title",
    "performer",
    "url",
    "path",
    "sha256",
    "status",
    "extra",
    "reason",
)

Row: TypeAlias = dict[str, Any]
_EMPTY = orjson.Fragment("[]")


class ChannelName(NamedTuple):
    """The current names of a channel."""

    channel_id: ChannelId
    username: str | None
    alias: str | None
    title: str
    usernames: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The username, else the alias, else the bare id: used in citations, and accepted by commands."""
        return self.username or self.alias or str(self.channel_id)

    @property
    def label(self) -> str:
        """What people read: its name; the title and the id of a channel that has only these."""
        return label_channel(self.name, self.title)


class StoredMessage(NamedTuple):
    """The columns of a message that make up a row; nested values as JSON text, times as unix seconds."""

    channel_id: ChannelId
    message_id: MessageId
    kind: str
    date: int
    edit_date: int | None
    text: str
    entities: str | None
    sender: str | None
    post_author: str | None
    reply_to: str | None
    fwd_from: str | None
    grouped_id: str | None
    views: int | None
    forwards: int | None
    replies: int | None
    reactions: str | None
    action: str | None
    media_kind: str | None
    markup: str | None
    extra: str | None
    origin: str
    first_seen: int
    last_seen: int
    missing_since: int | None
    revisions: int
    payload_sha256: bytes
    layer: int
    via_bot_id: int | None = None
    restriction: str | None = None
    noforwards: int = 0
    pinned: int = 0
    silent: int = 0
    annotations: str | None = None
    """Of its files, as JSON: not a column of `message`."""


class StoredMedia(NamedTuple):
    """One attachment as stored."""

    kind: str
    id: str | None
    mime: str | None
    size: int | None
    width: int | None
    height: int | None
    duration: float | None
    file_name: str | None
    title: str | None
    performer: str | None
    url: str | None
    path: str | None
    sha256: str | None
    status: str
    extra: str | None
    reason: str | None = None
    """Why the file is not stored, if known."""


HeldItem: TypeAlias = tuple[ChannelName, StoredMessage, Sequence[StoredMedia]]
"""What makes up a row."""


def build_row(channel: ChannelName, message: StoredMessage, media: Sequence[StoredMedia] = ()) -> Row:
    """The row of a message."""
    marks = read_entities(message.text, message.entities)
    stub = message.kind == "stub"
    particular = read_extra(None if stub else message.extra)
    return {
        "channel_id": message.channel_id,
        "channel": channel.name,
        "message_id": message.message_id,
        "permalink": permalink(channel, message.message_id),
        "date": iso(message.date),
        "edit_date": iso(message.edit_date),
        "text": message.text,
        "entities": message.entities or "[]",
        "kind": "service" if message.kind == "service" else "message",
        "sender": message.sender,
        "post_author": message.post_author,
        "reply_to": message.reply_to,
        "fwd_from": message.fwd_from,
        "grouped_id": message.grouped_id,
        "views": message.views,
        "forwards": message.forwards,
        "replies": message.replies,
        "reactions": message.reactions or "[]",
        "media": media_json(media) if media else "[]",
        "hashtags": list_json(marks.hashtags),
        "links": links_json(marks, media, message.markup),
        "origin": message.origin,
        "first_seen": shared_iso(message.first_seen),
        "last_seen": shared_iso(message.last_seen),
        "missing_since": shared_iso(message.missing_since),
        "revisions": message.revisions,
        "payload_sha256": message.payload_sha256.hex(),
        "action": _stub_action(message) if stub else message.action,
        "restriction": message.restriction,
        "noforwards": bool(message.noforwards),
        "pinned": bool(message.pinned),
        "silent": bool(message.silent),
        "edit_hidden": particular["edit_hidden"],
        "via_bot": name_bot(particular["via_bot"], message.via_bot_id),
        "markup": message.markup,
        "fact_check": particular["fact_check"],
        "effect": particular["effect"],
        "boosts": particular["boosts"],
        "paid": particular["paid"],
        "rich": particular["rich"],
        "extra": particular["extra"],
        "annotations": message.annotations,
    }


def to_json(row: Row) -> bytes:
    """The row as one line of JSON, without the newline."""
    return dump(to_object(row))


def to_object(row: Row) -> dict[str, Any]:
    """The row with its nested values as JSON fragments, ready to encode."""
    thing = row.copy()
    for key in NESTED:
        value = row[key]
        if value is not None:
            thing[key] = _EMPTY if value == "[]" else orjson.Fragment(value)
    if "versions" in row:  # of exports with earlier contents
        thing["versions"] = orjson.Fragment(row["versions"])
    return thing


def media_json(media: Sequence[StoredMedia]) -> str:
    """The attachments as a JSON list of objects with MEDIA_KEYS."""
    return orjson.dumps([_media_object(one) for one in media]).decode()


def _media_object(one: StoredMedia) -> dict[str, Any]:
    found: dict[str, Any] = dict(zip(MEDIA_KEYS, one, strict=True))
    if one.extra is not None:
        found["extra"] = orjson.Fragment(one.extra)
        is_waiting = one.reason is None and one.status == "not downloaded" and one.kind in FILE_KINDS
        if is_waiting and '"not_exported"' in one.extra:
            found["reason"] = f"not in the export: {orjson.loads(one.extra).get('not_exported')}"
        elif is_waiting and one.id is None and '"not_imported"' in one.extra:
            found["reason"] = f"not imported: {orjson.loads(one.extra).get('not_imported')}"
    return found


def permalink(channel: ChannelName, message_id: MessageId) -> str:
    """The public URL of a message, or the members-only one if the channel has no username."""
    place = channel.username or f"c/{channel.channel_id}"
    return f"https://t.me/{place}/{message_id}"


def _stub_action(message: StoredMessage) -> str:
    """The action of an unreadable object, so that it does not look like an empty post."""
    return orjson.dumps(
        {"type": "unreadable", "layer": message.layer, **(orjson.loads(message.extra) if message.extra else {})}
    ).decode()


def links_json(marks: TextEntities, media: Sequence[StoredMedia], markup: str | None) -> str:
    """The links of a message as a JSON list."""
    urls = [one.url for one in media if one.url] if media else ()
    if not urls and not marks.links and markup is None:
        return "[]"
    return list_json(list_links(marks.links, urls, markup))


def list_json(words: Sequence[str]) -> str:
    """The words as a JSON list."""
    return orjson.dumps(words).decode() if words else "[]"
