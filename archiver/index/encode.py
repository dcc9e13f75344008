"""Encodes a message for the index: its document, details to show, and whether it is missing. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from archiver.model.document import to_document
from archiver.model.record import Media, Message
from archiver.store.index.indexable import Indexable
from search.document import Details
from search.meili.document import to_line


def encode(one: Indexable) -> bytes:
    """Encode a message as a line of JSON. Raises ValueError, TypeError or KeyError for a malformed record."""
    document = to_document(
        one.message,
        channel_username=one.channel_username,
        channel_title=one.channel_title,
        is_missing=one.missing,
    )
    return to_line(document, to_details(one.message))


def to_details(message: Message) -> Details:
    """Return the display fields that the index stores with a message's document."""
    values: dict[str, Any] = {"post_author": message.post_author, "reply_to": message.reply_to_msg_id}
    if message.sender:
        sender = orjson.loads(message.sender)
        values["sender"] = sender.get("name") or sender.get("username")
        values["sender_id"] = str(sender["id"]) if sender.get("id") is not None else None
    if message.fwd_from:
        values["fwd_message_id"] = orjson.loads(message.fwd_from).get("channel_post")
    if message.media:
        values |= _describe_media(message.media)
    return Details(**values)


def _describe_media(media: tuple[Media, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    file = next((slot for slot in media if slot.size is not None or slot.mime), None)
    if file is not None:
        values |= {"size": file.size, "width": file.width, "height": file.height, "duration": file.duration}
    for slot in media:
        match slot.kind:
            case "audio":
                values |= {"title": slot.title, "performer": slot.performer}
            case "webpage":
                site = orjson.loads(slot.extra).get("site_name") if slot.extra else None
                values |= {"page_title": slot.title, "page_site": site}
            case "poll":
                values["poll_question"] = slot.title
    return values
