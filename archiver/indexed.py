"""From our record to a line of the index (Meilisearch): what it is found by, and what of it is shown there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from archiver.document import to_document
from archiver.record import Media, Message
from search.document import Details
from search.meili.document import to_line


def to_index_line(message: Message, *, username: str | None, title: str | None, missing: bool) -> bytes:
    """The message as the index gets it, with its line's end; `username` and `title` are the channel's.

    Texts, ids and states are those of `message`; `missing`: it is gone from its channel.
    """
    document = replace(to_document(message), channel_username=username, channel_title=title, is_missing=missing)
    return to_line(document, to_details(message))


def to_details(message: Message) -> Details:
    """What the index shows of a message besides what it can be asked for."""
    sender: dict[str, Any] = orjson.loads(message.sender) if message.sender else {}
    file = _first(message.media, {"mime", "size", "file_name"})
    audio = _first([one for one in message.media if one.kind in {"audio", "voice"}], {"title", "performer"})
    page = _first([one for one in message.media if one.kind == "webpage"], {"url", "title"})
    poll = _first([one for one in message.media if one.kind == "poll"], {"title"})
    return Details(
        size=file.size if file else None,
        width=file.width if file else None,
        height=file.height if file else None,
        duration=file.duration if file else None,
        title=audio.title if audio else None,
        performer=audio.performer if audio else None,
        page_title=page.title if page else None,
        page_site=_extra(page, "site_name"),
        poll_question=poll.title if poll else None,
        sender=sender.get("name") or sender.get("username"),
        sender_id=str(sender["id"]) if sender.get("id") is not None else None,
        post_author=message.post_author,
        fwd_message_id=_number(message.fwd_from, "channel_post"),
        reply_to=message.reply_to_msg_id,
    )


def _first(media: Sequence[Media], names: set[str]) -> Media | None:
    """The first attachment that has one of these."""
    return next((one for one in media if any(getattr(one, name) is not None for name in names)), None)


def _extra(media: Media | None, name: str) -> str | None:
    found = orjson.loads(media.extra).get(name) if media and media.extra else None
    return found if isinstance(found, str) else None


def _number(json: str | None, name: str) -> int | None:
    found = orjson.loads(json).get(name) if json else None
    return found if isinstance(found, int) else None
