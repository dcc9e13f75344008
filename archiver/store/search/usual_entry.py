"""Search entry of a usual message, straight from its columns, in a third of the time of a `Document`.

A message with anything not handled here gives None: `to_document` and `search.exact.terms.entry` handle everything,
and the results are the same (a test compares them).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from archiver.ids import ChannelId
from archiver.model.document import author_fields, origin_fields
from archiver.model.entities import may_matter, read_entities
from archiver.model.further_texts import texts_of_action
from archiver.model.media_file import FileKey, find_key
from archiver.model.record import Media
from search.document import Document
from search.exact.add_new import NewEntry, Origin
from search.exact.index_line import index_line
from search.exact.terms import channel_term, file_name_tags, fingerprint_of, link_tags, may_be_grouped, people_tags
from search.flags import HAS_BITS, MISSING, PINNED, STATE_BITS, lasting_bits
from search.query.tags import tag_term
from search.text.marks import each_hashtag, may_have_marks, written_hashtags, written_links, written_names
from search.text.numbers import grouped_numbers, grouped_term
from search.words.separable import may_be_german, may_be_split, split_verbs

_FORWARDED: Final = STATE_BITS["forwarded"]
_REPLY: Final = STATE_BITS["reply"]
_EDITED: Final = STATE_BITS["edited"]
_SERVICE: Final = STATE_BITS["service"]
_LINK: Final = HAS_BITS["link"]
_ALBUM: Final = HAS_BITS["album"]
_BREAK: Final = " :: "
_is_unusual: Final = re.compile('"(?:quote_text|forum_topic)"').search
"""Matches a reply header with quoted text or a topic."""


class _Attached(NamedTuple):
    """Search entry of a usual message's media."""

    kinds: tuple[str, ...] = ()
    mime: str | None = None
    file_name: str | None = None
    states: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    keys: tuple[FileKey, ...] = ()


class _Marks(NamedTuple):
    """The tags of hashtags, names and links."""

    names: list[str]
    links: list[str]
    has_link: bool
    """Whether Telegram marked one as a link."""


_NOTHING: Final = _Attached()
_NO_MARKS: Final = _Marks([], [], False)
_NO_TEXTS: Final[Sequence[str]] = ()
_NOWHERE: Final[tuple[Sequence[str], Origin | None]] = ((), None)


def usual_entry(
    channel_id: ChannelId, columns: tuple[Any, ...], media: Sequence[Media], *, is_missing: bool = False
) -> NewEntry | None:
    """The entry of a message; None if it is not usual.

    `columns`: its id, its content in the order of `store.message.CONTENT_NAMES`, and its language.
    """
    (
        message_id, kind, date, edit_date, text, entities, sender, author, _, reply, _, forward, group, views, forwards,
        _, _, action, _, markup, restriction, _, pinned, _, extra, _, _, _, _, lang,
    ) = columns  # fmt: skip
    if not (markup is restriction is extra is None) or (reply is not None and _is_unusual(reply)):
        return None
    attached = _read_attached(media) if media else _NOTHING
    further = _NO_TEXTS if action is None else _read_action(action)
    if attached is None or further is None:
        return None
    texts = [one for one in (text, *further, attached.file_name) if one]
    lines = list(map(index_line, texts))
    is_marked = may_have_marks(text) or (entities is not None and may_matter(entities) is not None)
    marks = _read_marks(text, entities) if is_marked else _NO_MARKS
    tags = [channel_term(channel_id), *marks.names]
    if may_be_german(lang or None) and any(map(may_be_split, texts, lines)):
        tags += [f":verb:{verb}" for verb in split_verbs(texts, lang or None)]
    tags += marks.links
    if attached.mime or attached.file_name:
        tags += _file_tags(attached)
    if sender is not None or author is not None:
        tags += _author_tags(sender, author)
    more, origin = _NOWHERE if forward is None else _origin_tags(forward)
    tags += more
    words = _BREAK.join(lines)
    data = words.encode()
    if len(data.translate(None, b"0123456789")) != len(data) and any(map(may_be_grouped, lines)):
        words = _BREAK.join([words, *_grouped(texts)])
        data = words.encode()
    head = " ".join(tags)
    fingerprint = fingerprint_of(b"%b %b" % (head.encode(), data), attached.keys)
    bits = (
        lasting_bits(lang, attached.kinds, attached.states)
        | _FORWARDED * (forward is not None)
        | _REPLY * (reply is not None)
        | _EDITED * (edit_date is not None)
        | _SERVICE * (kind == "service")
        | _LINK * marks.has_link
        | _ALBUM * (group is not None)
        | PINNED * bool(pinned)
        | MISSING * is_missing
    )
    return NewEntry(date, message_id, f"{head} {words}", fingerprint, bits, views, forwards, attached.hashes, origin)


def _grouped(texts: Sequence[str]) -> list[str]:
    """The terms of numbers whose digits are grouped."""
    return [grouped_term(one) for one in dict.fromkeys([number for text in texts for number in grouped_numbers(text)])]


@lru_cache(maxsize=1024)
def _read_action(action: str) -> Sequence[str] | None:
    """The texts of an action; None if it has links or formatting."""
    texts = tuple(dict.fromkeys([one for one in texts_of_action(action) if one]))
    return None if 'url"' in action or any(map(may_have_marks, texts)) else texts


def _file_tags(attached: _Attached) -> list[str]:
    tags = [tag_term("mime", attached.mime)] if attached.mime else []
    return tags + file_name_tags(attached.file_name) if attached.file_name else tags


def _read_marks(text: str, entities: str | None) -> _Marks:
    """Tags for what is marked in a text, or written as if it were."""
    hashtags, mentions, links = read_entities(text, entities)
    names = [tag_term("hashtag", tag) for tag in each_hashtag([*hashtags, *written_hashtags(text)])]
    names += [tag_term("mention", name) for name in dict.fromkeys([*mentions, *written_names(text)])]
    return _Marks(names, link_tags(dict.fromkeys([*links, *written_links(text)])), bool(links))


def _read_attached(media: Sequence[Media]) -> _Attached | None:
    """The entry of the media; None if there is more than one file without text."""
    one = media[0]
    if len(media) > 1 or one.slot or one.title or one.performer or one.search_text or one.url:
        return None
    if one.extra is not None and ('"solution"' in one.extra or 'url"' in one.extra):
        return None
    key = find_key(one.kind, one.id)
    if key is None:
        return _Attached((one.kind,), one.mime, one.file_name)
    hashes = (one.sha256,) if one.sha256 else ()
    return _Attached((one.kind,), one.mime, one.file_name, (one.status.replace(" ", "-"),), hashes, (key,))


@lru_cache(maxsize=4096)
def _author_tags(sender: str | None, author: str | None) -> Sequence[str]:
    """Tags for the author; cached, since few people write most messages."""
    return people_tags(Document(channel_id=0, message_id=0, date=0, **author_fields(sender, author)))


@lru_cache(maxsize=4096)
def _origin_tags(forward: str) -> tuple[Sequence[str], Origin | None]:
    found = Document(channel_id=0, message_id=0, date=0, **(origin_fields(forward) if forward else {}))
    return people_tags(found), (found.fwd_channel_id, found.fwd_name)
