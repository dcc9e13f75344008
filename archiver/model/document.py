"""Convert a message record to the search engines' document. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from archiver.model.entities import list_links, read_entities
from archiver.model.further_links import further_links
from archiver.model.further_texts import further_texts
from archiver.model.imported import IMPORTED
from archiver.model.language import recall_language
from archiver.model.media_file import find_key, is_file
from archiver.model.record import Media, Message
from archiver.model.reply import is_reply, topic_of
from search.document import Document, FileMarks


def to_document(
    message: Message,
    *,
    channel_username: str | None = None,
    channel_title: str | None = None,
    is_missing: bool = False,
    lang: str | None = None,
) -> Document:
    """The searchable view of a message. The embedded engine gets no channel names: those change, ids do not.

    `lang`: the language of its text, if the message has none.
    """
    lang = message.lang if lang is None else lang
    lang = recall_language(message.text) if lang is None else lang
    marks = read_entities(message.text, message.entities)
    media = message.media
    links = _links(message, marks.links) if marks.links or media or _may_link(message) else ()
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
        is_service=message.kind == "service",
        is_forwarded=message.fwd_from is not None,
        is_reply=is_reply(message.reply_to),
        is_edited=is_edited(message),
        is_pinned=message.pinned,
        media=tuple(dict.fromkeys([slot.kind for slot in media])) if media else (),
        mime=file.mime if file else None,
        file_name=file.file_name if file else None,
        hashtags=marks.hashtags,
        mentions=marks.mentions,
        links=links,
        has_link=bool(links),
        grouped_id=message.grouped_id,
        topic_id=topic_of(message.reply_to),
        views=message.views,
        forwards=message.forwards,
        lang=lang or None,
        **(_files(media) if media else {}),
        **(author_fields(message.sender, message.post_author) if message.sender or message.post_author else {}),
        **(origin_fields(message.fwd_from) if message.fwd_from else {}),
    )


def earlier_document(message: Message) -> Document:
    """That of an earlier content; that of an import is no edit, since Telegram did not show it."""
    document = to_document(message)
    return replace(document, is_edited=False) if message.layer == IMPORTED and document.is_edited else document


def mark_files(media: Iterable[Media]) -> FileMarks:
    """What became of the files among these, and their hashes."""
    files = [slot for slot in media if is_file(slot.kind, slot.id)]
    states = dict.fromkeys([slot.status.replace(" ", "-") for slot in files])
    return FileMarks(tuple(states), tuple(dict.fromkeys([slot.sha256 for slot in files if slot.sha256])))


def _may_link(message: Message) -> bool:
    """Whether there may be links in what is stored with the text."""
    return message.markup is not None or message.extra is not None or message.action is not None


def _links(message: Message, marked: Sequence[str]) -> tuple[str, ...]:
    links = list_links(marked, [slot.url for slot in message.media], message.markup)
    return tuple(dict.fromkeys([*links, *further_links(message)]))


def _files(media: Sequence[Media]) -> dict[str, Any]:
    marks = mark_files(media)
    # Only the message's own file: those of previews and rich blocks change without an edit.
    own = media[0]
    key = find_key(own.kind, own.id) if own.slot == 0 else None
    return {"file_states": marks.states, "file_hashes": marks.hashes, "file_ids": () if key is None else (key,)}


def origin_fields(header: str) -> dict[str, Any]:
    """Ids and names of the channel or person that a message was forwarded from."""
    fwd: dict[str, Any] = orjson.loads(header)
    peer = fwd.get("from_id") or {}
    username, title = fwd.get("username"), fwd.get("name") or fwd.get("from_name")
    return {
        "fwd_channel_id" if peer.get("type") == "channel" else "fwd_user_id": peer.get("id"),
        "fwd_name": username or title,
        "fwd_title": title if username else None,
        "fwd_username": username,
    }


def is_edited(message: Message) -> bool:
    """Whether apps show it as edited: reactions and previews move `edit_date` too, with `edit_hide` set."""
    return message.edit_date is not None and not is_edit_hidden(message.extra)


def is_edit_hidden(extra: str | None) -> bool:
    """Whether this `extra` of a message says so."""
    return extra is not None and '"edit_hide":true' in extra


def author_fields(stored: str | None, post_author: str | None) -> dict[str, Any]:
    """The signature, and the stored sender's names and id."""
    sender: dict[str, Any] = orjson.loads(stored) if stored else {}
    name = sender.get("name")
    return {
        "author": post_author or name,
        "sender_name": name if post_author and name != post_author else None,
        "sender_username": sender.get("username"),
        "sender_id": sender.get("id"),
    }
