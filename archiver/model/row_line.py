"""Rows as lines of JSON, straight from what is stored: what `to_json` makes of `build_row`, at half the cost. Pure.

Most rows lack the same keys, and many were seen at the same time: such parts are encoded once and reused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

import orjson

from archiver.ids import MessageId
from archiver.model.entities import read_entities
from archiver.model.iso_time import iso
from archiver.model.json_text import escape
from archiver.model.particulars import PARTICULAR_KEYS, name_bot, read_extra
from archiver.model.row import (
    ChannelName,
    HeldItem,
    StoredMedia,
    StoredMessage,
    build_row,
    links_json,
    list_json,
    media_json,
    permalink,
    to_json,
)

_SHORT = 200
"""Maximum length of `extra` and buttons that are cached for other rows."""
_LAST = ("action", *PARTICULAR_KEYS, "annotations")


def to_lines(items: Iterable[HeldItem]) -> bytes:
    """The rows of these messages as JSON Lines."""
    made = []
    for channel, message, media in items:
        try:
            made.append(_line(channel, message, media))
        except (orjson.JSONEncodeError, UnicodeEncodeError):  # a text that UTF-8 cannot encode
            made.append(_plainly(channel, message, media))
    return escape(b"\n".join([*made, b""]))


def _plainly(channel: ChannelName, message: StoredMessage, media: Sequence[StoredMedia]) -> bytes:
    return to_json(build_row(channel, message, media))


def _line(channel: ChannelName, message: StoredMessage, media: Sequence[StoredMedia]) -> bytes:
    (
        _, message_id, kind, date, edit_date, text, entities, sender, post_author, reply_to, fwd_from, grouped_id,
        views, forwards, replies, reactions, action, _, markup, extra, origin, first_seen, last_seen, missing_since,
        revisions, payload_sha256, _, via_bot_id, restriction, noforwards, pinned, silent, annotations,
    ) = message  # fmt: skip
    if kind == "stub":
        return _plainly(channel, message, media)
    begin, place = _begin(channel)
    edited = "null" if edit_date is None else _date(edit_date)
    first = f'{begin}{message_id}{place}{message_id}","date":{_date(date)},"edit_date":{edited},"text":'
    if sender is post_author is reply_to is fwd_from is grouped_id is None:
        context = _NO_CONTEXT
    else:
        context = _context(sender, post_author, reply_to, fwd_from, grouped_id)
    marked = _MARKED
    if media or entities or markup:
        marks = read_entities(text, entities)
        shown = media_json(media) if media else "[]"
        marked = f'"media":{shown},"hashtags":{list_json(marks.hashtags)},"links":{links_json(marks, media, markup)}'
    rare = (via_bot_id, restriction, noforwards, pinned, silent, markup, extra)
    if action is annotations is None and len(extra or "") + len(markup or "") <= _SHORT:
        last = _shared_last(rare)
    else:
        last = _last(rare, action, annotations)
    second = (
        f',"entities":{entities or "[]"},"kind":{_SERVICE if kind == "service" else _MESSAGE},{context},'
        f'"views":{_NULL if views is None else views},"forwards":{_NULL if forwards is None else forwards},'
        f'"replies":{_NULL if replies is None else replies},"reactions":{reactions or "[]"},{marked},'
        f'{_seen(origin, first_seen, last_seen, missing_since, revisions)}"{payload_sha256.hex()}",{last}'
    )
    return b"%b%b%b" % (first.encode(), orjson.dumps(text), second.encode())


_NULL, _SERVICE, _MESSAGE = "null", '"service"', '"message"'
_NO_CONTEXT = '"sender":null,"post_author":null,"reply_to":null,"fwd_from":null,"grouped_id":null'
_MARKED = '"media":[],"hashtags":[],"links":[]'


@lru_cache(maxsize=4096)
def _begin(channel: ChannelName) -> tuple[str, str]:
    """What comes before the id of a message, and before its second occurrence."""
    place = permalink(channel, MessageId(0))[:-1]
    begin = f'{{"channel_id":{channel.channel_id},"channel":{_quoted(channel.name)},"message_id":'
    return begin, f',"permalink":{_quoted(place)[:-1]}'


def _date(seconds: int) -> str:
    date = iso(seconds)
    return _NULL if date is None else f'"{date}"'


def _quoted(text: str | None) -> str:
    return orjson.dumps(text).decode()


def _context(
    sender: str | None, post_author: str | None, reply_to: str | None, fwd_from: str | None, grouped_id: str | None
) -> str:
    return (
        f'"sender":{sender or _NULL},"post_author":{_quoted(post_author)},"reply_to":{reply_to or _NULL},'
        f'"fwd_from":{fwd_from or _NULL},"grouped_id":{_quoted(grouped_id)}'
    )


@lru_cache(maxsize=4096)
def _seen(origin: str, first_seen: int, last_seen: int, missing_since: int | None, revisions: int) -> str:
    missing = _NULL if missing_since is None else _date(missing_since)
    return (
        f'"origin":{_quoted(origin)},"first_seen":{_date(first_seen)},"last_seen":{_date(last_seen)},'
        f'"missing_since":{missing},"revisions":{revisions},"payload_sha256":'
    )


_Rare: TypeAlias = tuple[int | None, str | None, int, int, int, str | None, str | None]


def _last(rare: _Rare, action: str | None = None, annotations: str | None = None) -> str:
    via_bot_id, restriction, noforwards, pinned, silent, markup, extra = rare
    particular = read_extra(extra)
    nested = {
        "action": action, "restriction": restriction, "markup": markup, "annotations": annotations,
        "via_bot": name_bot(particular["via_bot"], via_bot_id),
        **{name: particular[name] for name in ("fact_check", "paid", "rich", "extra")},
    }  # fmt: skip
    values: dict[str, object] = {
        name: None if value is None else orjson.Fragment(value) for name, value in nested.items()
    }
    values |= {"noforwards": bool(noforwards), "pinned": bool(pinned), "silent": bool(silent)}
    values |= {name: particular[name] for name in ("edit_hidden", "effect", "boosts")}
    return orjson.dumps({name: values[name] for name in _LAST})[1:].decode()


_shared_last = lru_cache(maxsize=4096)(_last)
