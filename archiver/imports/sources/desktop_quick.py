"""Convert usual messages of Telegram Desktop's JSON straight to row columns, in a third of the time of a record.

A message with anything not handled here gives None: `desktop_entry` handles everything, and their results are
the same (a test compares them).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from archiver.ids import ChannelId
from archiver.imports.json_input.mend_json import dump_trimmed
from archiver.imports.quick_message import QuickMessage
from archiver.imports.sources.desktop_after import read_reactions
from archiver.imports.sources.desktop_attached import read_attached
from archiver.imports.sources.desktop_entry import read_origin, read_reply, read_sender, read_service
from archiver.imports.sources.desktop_fields import FIRST_EDIT, LocalDates, words
from archiver.imports.sources.desktop_words import entities_json, read_words
from archiver.model.imported import HIGHEST_ID, IMPORTED, LAST_SECOND, text_hash
from archiver.model.record import Media

_ALWAYS: Final = frozenset({"id", "type", "date", "date_unixtime", "from", "from_id", "text", "text_entities"})
_FILE: Final = frozenset(
    {"file", "file_name", "file_size", "mime_type", "duration_seconds", "media_type", "title", "performer"}
)
_FURTHER: Final = frozenset(
    {
        *("edited", "edited_unixtime", "author", "reply_to_message_id", "reply_to_peer_id"),
        *("forwarded_from", "forwarded_from_id", "reactions"),
    }
)
_PHOTO: Final = frozenset({"photo", "photo_file_size", "width", "height"})
_KNOWN: Final = _ALWAYS | _FURTHER | _PHOTO | _FILE
_EVENT: Final = frozenset(
    {
        *("id", "type", "date", "date_unixtime", "actor", "actor_id", "text", "text_entities", "action"),
        *("message_id", "title"),
    }
)
"""What pins and renames have."""
_NO_WORDS: Final = text_hash("")


def read_quick(entry: Mapping[str, Any], channel_id: ChannelId, dates: LocalDates) -> QuickMessage | None:
    """The object as a post, a pin or a rename; None if it may be anything else."""
    try:
        if entry["type"] == "service":
            return _read_event(entry, channel_id, dates)
        return _read(entry, channel_id, dates)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None


def _read(entry: Mapping[str, Any], channel_id: ChannelId, dates: LocalDates) -> QuickMessage | None:
    number, text, marked = entry["id"], entry["text"], entry.get("text_entities")
    is_short = entry.keys() <= _ALWAYS
    if entry.get("from_id") is None and "from" in entry:
        return None
    if not is_short and not entry.keys() <= _KNOWN:
        return None
    if not (entry["type"] == "message" and type(number) is int and 0 < number <= HIGHEST_ID):
        return None
    date = _unix(entry["date_unixtime"])
    edited = author = reply = replied = forward = reactions = entities = None
    media: tuple[Media, ...] = ()
    if not text or type(text) is not str or not _is_plain(marked):
        said = read_words(text or "", marked)
        text, entities = said.text, entities_json(said)
    if not is_short:
        attached = read_attached(entry)
        if attached.files:
            return None
        media = attached.media
        if ("edited" in entry or "edited_unixtime" in entry) and (
            edited := _unix(entry["edited_unixtime"])
        ) < FIRST_EDIT:
            return None
        author, forward = words(entry.get("author")), read_origin(entry)
        found = read_reply(entry)
        reply, replied = found.get("reply_to"), found.get("reply_to_msg_id")
        reactions = read_reactions(entry.get("reactions"))
    raw = dump_trimmed(entry)
    columns = (
        number, "message", date, edited, text, entities, read_sender(entry, channel_id), author, None,
        reply, replied, forward, None, None, None, None, reactions, None, media[0].kind if media else None, None, None,
        0, 0, 0, None, sha256(b"text\0" + text.strip().encode()).digest(), sha256(raw).digest(), IMPORTED,
        raw,
    )  # fmt: skip
    dates.note_exact(date)
    return QuickMessage(channel_id, columns, media)


def _read_event(entry: Mapping[str, Any], channel_id: ChannelId, dates: LocalDates) -> QuickMessage | None:
    number, text = entry["id"], entry["text"]
    if not (entry.keys() <= _EVENT and type(number) is int and 0 < number <= HIGHEST_ID):
        return None
    if text != "" or entry.get("text_entities") or ("actor" in entry and entry.get("actor_id") is None):
        return None
    date, found, raw = _unix(entry["date_unixtime"]), read_service(entry, channel_id), dump_trimmed(entry)
    columns = (
        number, "service", date, None, "", None, found["sender"], None, None,
        found["reply_to"], found["reply_to_msg_id"], None, None, None, None, None, None, found["action"], None, None,
        None, 0, 0, 0, None, _NO_WORDS, sha256(raw).digest(), IMPORTED,
        raw,
    )  # fmt: skip
    dates.note_exact(date)
    return QuickMessage(channel_id, columns, ())


def _unix(value: str, first: int = 0) -> int:
    """Unix seconds as Desktop writes them. Raises ValueError for anything else."""
    seconds = int(value) if value.isdecimal() and value.isascii() else -1
    if not first <= seconds <= LAST_SECOND:
        raise ValueError
    return seconds


def _is_plain(entities: Any) -> bool:
    """Whether a text has no formatting."""
    if type(entities) is list and len(entities) == 1:
        return bool(entities[0]["type"] == "plain")
    return not entities or (type(entities) is list and {one["type"] for one in entities} == {"plain"})
