"""The truth about a world as JSON lines, to compare an export with, id by id."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from telethon.tl import types as tl

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.world import World

_KINDS = {
    tl.MessageMediaPhoto: "photo",
    tl.MessageMediaWebPage: "webpage",
    tl.MessageMediaPoll: "poll",
    tl.MessageMediaGeo: "geo",
    tl.MessageMediaGeoLive: "geo_live",
    tl.MessageMediaVenue: "venue",
    tl.MessageMediaContact: "contact",
    tl.MessageMediaDice: "dice",
    tl.MessageMediaGame: "game",
    tl.MessageMediaInvoice: "invoice",
    tl.MessageMediaStory: "story",
    tl.MessageMediaGiveaway: "giveaway",
    tl.MessageMediaGiveawayResults: "giveaway_results",
    tl.MessageMediaPaidMedia: "paid_media",
    tl.MessageMediaToDo: "todo",
    tl.MessageMediaVideoStream: "video_stream",
    tl.MessageMediaUnsupported: "unsupported",
}


def lines(world: World, channels: Collection[str] | None = None) -> Iterator[dict[str, Any]]:
    """One row for each message that exists, by channel and id, then one for each id that is gone; of these channels."""
    asked = (channel for channel in world.channels.values() if channels is None or channel.username in channels)
    for channel in asked:
        for message_id in channel.ids:
            yield row(channel, message_id)
        for message_id in sorted(channel.deleted):
            yield {"channel_id": channel.id, "channel": channel.username, "id": message_id, "deleted": True}


def write(world: World, path: Path, channels: Collection[str] | None = None) -> None:
    with path.open("w", encoding="utf-8") as out:
        for line in lines(world, channels):
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


def row(channel: Channel, message_id: int) -> dict[str, Any]:
    message = channel.posts[message_id].message
    action = message.action
    media = message.media
    return {
        "channel_id": channel.id,
        "channel": channel.username,
        "id": message.id,
        "kind": "service" if action is not None else "message",
        "date": _unix(message.date),
        "edit_date": _unix(message.edit_date),
        "text": message.message or "",
        "entities": [_entity(e) for e in message.entities or []],
        "action": type(action).__name__.removeprefix("MessageAction") if action is not None else None,
        "media": media_kind(media),
        "file": _file(media),
        "views": message.views,
        "forwards": message.forwards,
        "grouped_id": message.grouped_id,
        "reply_to": getattr(message.reply_to, "reply_to_msg_id", None),
        "fwd_from": _forward(message.fwd_from),
        "reactions": _reactions(message.reactions),
        "pinned": bool(message.pinned),
        "post_author": message.post_author,
    }


def media_kind(media: Any) -> str | None:
    """One word for what is attached, by the field list of telegram.md 4.1."""
    if media is None:
        return None
    if isinstance(media, tl.MessageMediaDocument):
        return _document_kind(media.document)
    return _KINDS[type(media)]


def _document_kind(document: tl.Document) -> str:
    has = {type(a): a for a in document.attributes}
    video, audio = has.get(tl.DocumentAttributeVideo), has.get(tl.DocumentAttributeAudio)
    order = (
        ("round", video is not None and video.round_message),
        ("voice", audio is not None and audio.voice),
        ("sticker", tl.DocumentAttributeSticker in has),
        ("gif", tl.DocumentAttributeAnimated in has),
        ("video", video is not None),
        ("audio", audio is not None),
    )
    return next((kind for kind, fits in order if fits), "document")


def _file(media: Any) -> dict[str, Any] | None:
    document, photo = getattr(media, "document", None), getattr(media, "photo", None)
    if isinstance(document, tl.Document):
        names = [a.file_name for a in document.attributes if isinstance(a, tl.DocumentAttributeFilename)]
        return {
            "id": str(document.id),
            "mime": document.mime_type,
            "size": document.size,
            "file_name": names[0] if names else None,
        }
    if isinstance(photo, tl.Photo):
        return {"id": str(photo.id), "mime": "image/jpeg", "size": photo.sizes[-1].sizes[-1], "file_name": None}
    return None


def _entity(entity: Any) -> dict[str, Any]:
    fields = {k: v for k, v in entity.to_dict().items() if k != "_" and v is not None}
    return {"type": type(entity).__name__.removeprefix("MessageEntity"), **fields}


def _forward(header: Any) -> dict[str, Any] | None:
    if header is None:
        return None
    return {
        "channel_id": getattr(header.from_id, "channel_id", None),
        "channel_post": header.channel_post,
        "from_name": header.from_name,
        "date": _unix(header.date),
    }


def _reactions(reactions: Any) -> dict[str, int]:
    if reactions is None:
        return {}
    return {getattr(r.reaction, "emoticon", type(r.reaction).__name__): r.count for r in reactions.results}


def _unix(date: datetime | None) -> int | None:
    return int(date.timestamp()) if date is not None else None
