"""Prepare the rows of new messages before the transaction: many in one go take less time than a few at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import archiver.store.messages.message as messages
from archiver.ids import ChannelId, MessageId
from archiver.imports.quick_message import QuickMessage
from archiver.imports.source import ImportedMessage
from archiver.model.document import to_document
from archiver.model.language import name_language
from archiver.model.record import Media, Message
from archiver.store.database import Reader
from archiver.store.media.file import has_files
from archiver.store.search.usual_entry import usual_entry
from search.exact.add_new import NewEntry, new_entry


class ReadyMessage(NamedTuple):
    """A new message, ready to be written."""

    columns: tuple[Any, ...]
    """The id, the content in the order of CONTENT_NAMES, and the language."""
    media: Sequence[Media]
    entry: NewEntry
    """Its search entry as if it were not missing."""


Ready: TypeAlias = Mapping[MessageId, ReadyMessage]


def make_ready(conn: Reader, channel_id: ChannelId, page: Sequence[ImportedMessage]) -> Ready:
    """Prepare the new messages of a page, except those with files that the archive may have."""
    held = set(messages.list_known(conn, channel_id, [one.message_id for one in page]))
    keyed = has_files(conn)
    new = [one for one in page if one.message_id not in held and not one.files and not (keyed and has_ids(one))]
    languages = [name_language(_text_of(one)) for one in new]  # in one go: the model stays in the processor's cache
    return {one.message_id: _ready(channel_id, one, lang) for one, lang in zip(new, languages, strict=True)}


def ready_of(record: Message) -> ReadyMessage:
    """Prepare one message, with what is known about its files."""
    return _ready(record.channel_id, ImportedMessage(message=record), name_language(record.text))


def _ready(channel_id: ChannelId, one: ImportedMessage, lang: str) -> ReadyMessage:
    columns, media = _columns_of(one, lang), _media_of(one)
    entry = usual_entry(channel_id, columns, media)
    return ReadyMessage(columns, media, entry or new_entry(to_document(one.message, lang=lang)))


def has_ids(one: ImportedMessage) -> bool:
    """Whether it has files that the archive may know."""
    return any(slot.id is not None for slot in _media_of(one))


def _media_of(one: ImportedMessage) -> Sequence[Media]:
    return one.media if isinstance(one, QuickMessage) else one.message.media


def _text_of(one: ImportedMessage) -> str:
    return str(one.columns[messages.TEXT]) if isinstance(one, QuickMessage) else one.message.text


def _columns_of(one: ImportedMessage, lang: str) -> tuple[Any, ...]:
    if isinstance(one, QuickMessage):
        return (*one.columns, lang)
    return (one.message_id, *messages.content_of(one.message), lang)
