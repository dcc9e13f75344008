"""Convert messages to Meilisearch documents: lines of UTF-8 JSON. Pure.

`text` and the other readable fields are as people wrote them. What Meilisearch's tokenizer would not read as telekeep
does (`folding`) and other spellings (`spellings`) are in two more: what it has to cut in `words_<version>_<norm>`, and
single words in `forms`, with the base forms of words. The rest is for filters and facets; absent values are omitted,
except the language, and so are states that are false. Ids that exceed the precision of JSON numbers are strings. Views
and forwards are not included, since each change would require a write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from search.document import Details, Document, Key
from search.meili.base_forms import base_forms
from search.meili.filters import FILE_KINDS, NO_FILE, NOT_DOWNLOADED
from search.meili.folding import folded_texts, folded_words
from search.meili.settings import FORMS, PRIMARY_KEY, WORDS
from search.meili.spellings import spellings, unspaced_spellings
from search.query.filters import NOT_MEDIA
from search.query.tags import domain_values, tag_value
from search.text.normalize import fold

SEPARATOR: Final = ";"
"""For the server, words on both sides are far apart."""
NO_DETAILS: Final = Details()
_ID = re.compile(r"c([0-9]{1,18})_([0-9]{1,18})")


def document_id(channel_id: int, message_id: int) -> str:
    """Return the primary key of a message."""
    return f"c{channel_id}_{message_id}"


def read_id(text: str) -> Key | None:
    """Parse a primary key; None if telekeep did not create it."""
    found = _ID.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def to_line(document: Document, details: Details = NO_DETAILS) -> bytes:
    """Encode a document as a line. The same message always gives the same bytes."""
    fields = _fields(document, details)
    try:
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        # A lone surrogate, which UTF-8 JSON cannot represent; the archive keeps the text as received.
        return orjson.dumps(_replace_surrogates(fields), option=orjson.OPT_APPEND_NEWLINE)


def _fields(document: Document, details: Details) -> dict[str, Any]:
    day = datetime.fromtimestamp(document.date, UTC)
    fields: dict[str, Any] = {
        PRIMARY_KEY: document_id(*document.key),
        "channel_id": document.channel_id,
        "message_id": document.message_id,
        "date": document.date,
        "day": f"{day:%Y-%m-%d}",
        "month": f"{day:%Y-%m}",
        "lang": document.lang,
        "text": document.text,
    }
    links = document.all_links()
    texts = list(document.texts())
    folded = list(map(fold, texts))
    more = {
        WORDS: [*folded_texts(texts), *unspaced_spellings(texts, folded)],
        FORMS: SEPARATOR.join(_forms(document, texts, folded)),
        "other_texts": _other_texts(document, details),
        "channel": document.channel_username,
        "channel_title": document.channel_title,
        "edit_date": document.edit_date,
        "is_edited": document.is_edited,
        "is_missing": document.is_missing,
        "is_service": document.is_service,
        "is_forwarded": document.is_forwarded,
        "is_reply": document.is_reply,
        "has": _has(document),
        "grouped_id": document.grouped_id,
        "hashtags": [tag_value("hashtag", tag) for tag in document.all_hashtags()],
        "mentions": [tag_value("mention", name) for name in document.all_mentions()],
        "domains": [name for host in document.hosts_of(links) for name in domain_values(host)],
        "urls": [tag_value("url", link) for link in links],
        "author": document.author,
        "from_id": None if document.sender_id is None else str(document.sender_id),
        "topic_id": document.topic_id,
        "sender": details.sender,
        "sender_id": details.sender_id,
        "post_author": details.post_author,
        "reply_to": details.reply_to,
        "fwd_channel_id": document.fwd_channel_id,
        "fwd_id": None if document.fwd_id is None else str(document.fwd_id),
        "fwd_message_id": details.fwd_message_id,
        "fwd_name": document.fwd_name,
        "copy_of": _copy_of(document, details),
    }
    fields.update((name, value) for name, value in more.items() if value)
    if document.media or document.file_name or document.mime or document.file_states:
        fields.update((name, value) for name, value in _media(document, details).items() if value)
    return fields


def _media(document: Document, details: Details) -> dict[str, Any]:
    return {
        "media": [kind for kind in document.media if kind not in NOT_MEDIA],
        "mime": tag_value("mime", document.mime) if document.mime else None,
        "ext": tag_value("ext", document.ext) if document.ext else None,
        "file_name": document.file_name,
        "file_status": _file_status(document),
        "sha256": document.file_hashes,
        "size": details.size,
        "width": details.width,
        "height": details.height,
        "duration": details.duration,
        "title": details.title,
        "performer": details.performer,
        "page_title": details.page_title,
        "page_site": details.page_site,
        "poll_question": details.poll_question,
    }


def _file_status(document: Document) -> Sequence[str]:
    """Return the states of its files. The usual one is not written: a file without a state is not downloaded."""
    is_usual = document.file_states == (NOT_DOWNLOADED,)
    if not FILE_KINDS.isdisjoint(document.media):
        return () if is_usual else document.file_states or (NO_FILE,)
    return document.file_states


def _other_texts(document: Document, details: Details) -> Sequence[str]:
    """Return the further texts that have no field of their own: buttons, quotes, answers of a poll ..."""
    named = {details.title, details.performer, details.page_title, details.poll_question}
    return [text for text in document.extra if text and text not in named]


def _forms(document: Document, texts: Sequence[str], folded: Sequence[str]) -> list[str]:
    lang = document.lang
    return [*folded_words(texts), *spellings(texts, folded, lang), *base_forms(folded, lang)]


def _has(document: Document) -> Sequence[str]:
    kinds = [kind for kind in document.media if kind in NOT_MEDIA]
    if "downloaded" in document.file_states:
        kinds.append("file")
    if document.has_link:
        kinds.append("link")
    if document.grouped_id is not None:
        kinds.append("album")
    return kinds


def _copy_of(document: Document, details: Details) -> str | None:
    """Return the id of the post that this one is a forward of."""
    if document.fwd_channel_id is None or details.fwd_message_id is None:
        return None
    return document_id(document.fwd_channel_id, details.fwd_message_id)


def _replace_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_replace_surrogates(name): _replace_surrogates(one) for name, one in value.items()}
        case list() | tuple():
            return [_replace_surrogates(one) for one in value]
        case _:
            return value
