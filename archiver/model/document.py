"""Convert a message record to the search engines' document. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from archiver.model.entities import find_host, list_links, read_marks
from archiver.model.further_texts import further_texts
from archiver.model.language import name_language
from archiver.model.record import Message
from search.document import Document


def to_document(
    message: Message,
    *,
    channel_username: str | None = None,
    channel_title: str | None = None,
    is_missing: bool = False,
) -> Document:
    """The searchable view of a message. The embedded engine gets no channel names: those change, ids do not."""
    lang = name_language(message.text) if message.lang is None else message.lang
    marks = read_marks(message.text, message.entities)
    media = message.media
    links = list_links(marks.links, [slot.url for slot in media], message.markup)
    fwd_channel_id, fwd_name = _origin(message.fwd_from) if message.fwd_from else (None, None)
    file = next((slot for slot in media if slot.file_name or slot.mime), None) if media else None
    return Document(
        channel_id=message.channel_id,
        message_id=message.message_id,
        channel_username=channel_username,
        channel_title=channel_title,
        is_missing=is_missing,
        date=int(message.date.timestamp()),
        edit_date=int(message.edit_date.timestamp()) if message.edit_date else None,
        text=message.text,
        extra=further_texts(message),
        author=_author(message),
        is_service=message.kind == "service",
        is_forwarded=message.fwd_from is not None,
        is_reply=message.reply_to is not None,
        is_edited=is_edited(message),
        is_pinned=message.pinned,
        media=tuple(dict.fromkeys([slot.kind for slot in media])) if media else (),
        mime=file.mime if file else None,
        file_name=file.file_name if file else None,
        hashtags=marks.hashtags,
        mentions=marks.mentions,
        domains=tuple(dict.fromkeys([host for host in map(find_host, links) if host])) if links else (),
        has_link=bool(links),
        grouped_id=message.grouped_id,
        fwd_channel_id=fwd_channel_id,
        fwd_name=fwd_name,
        views=message.views,
        forwards=message.forwards,
        lang=lang or None,
    )


def _origin(header: str) -> tuple[int | None, str | None]:
    """Bare id of the channel a message was forwarded from, and the origin's name."""
    fwd: dict[str, Any] = orjson.loads(header)
    peer = fwd.get("from_id") or {}
    channel_id = peer.get("id") if peer.get("type") == "channel" else None
    return channel_id, fwd.get("username") or fwd.get("name") or fwd.get("from_name")


def is_edited(message: Message) -> bool:
    """Whether apps show it as edited: reactions and previews move `edit_date` too, with `edit_hide` set."""
    return message.edit_date is not None and '"edit_hide":true' not in (message.extra or "")


def _author(message: Message) -> str | None:
    if message.post_author:
        return message.post_author
    if not message.sender:
        return None
    sender = orjson.loads(message.sender)
    return " ".join(part for part in (sender.get("name"), sender.get("username")) if part) or None
