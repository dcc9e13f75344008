"""Messages of two archives as records, and what one of them lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from archiver.ids import ChannelId
from archiver.model.compare_import import CONTEXT, compare_import
from archiver.model.imported import IMPORTED
from archiver.model.record import Message
from archiver.store.merging.foreign_page import AFTER_NAMES, ForeignMessage
from archiver.store.merging.merged_media import to_media
from archiver.store.messages.message_record import record_of
from archiver.store.messages.revision import EARLIER_NAMES, earlier_of
from archiver.store.verify.checked import REVISION_NAMES, UNREADABLE

_LANG: Final = AFTER_NAMES.index("lang")
_KEPT_LAYER: Final = REVISION_NAMES.index("layer")
_EARLIER: Final = [REVISION_NAMES.index(name) for name in EARLIER_NAMES]


def to_message(channel_id: ChannelId, one: ForeignMessage) -> Message:
    """The record of a message as an archive has it. Raises UNREADABLE for values that no archive has."""
    return record_of(channel_id, (one.message_id, one.after[_LANG], *one.content), to_media(one.media))


def to_compared(channel_id: ChannelId, one: ForeignMessage) -> Message:
    """The same, with the SHA-256 of its stored files: another file may be as large."""
    return with_digests(to_message(channel_id, one), one)


def with_digests(message: Message, one: ForeignMessage) -> Message:
    """The message with the SHA-256 of the files that this archive has stored."""
    media = tuple(replace(slot, sha256=slot.sha256 or one.digests.get(slot.slot)) for slot in message.media)
    return replace(message, media=media) if media else message


def list_shown(record: Message, one: ForeignMessage) -> Iterator[Message]:
    """The contents of a message that Telegram showed. `record`: its present one."""
    if not one.is_imported:
        yield record
    for row in one.revisions:
        if row[_KEPT_LAYER] != IMPORTED:
            yield earlier_of(record, [row[place] for place in _EARLIER])


def list_filled(channel_id: ChannelId, stays: ForeignMessage, goes: ForeignMessage) -> Mapping[str, Any]:
    """What the content that stays lacks, and the other one has, if imports brought both.

    As if one archive had imported both: what never changes, and media beside the same words, unless they contradict
    each other.
    """
    if not (stays.is_imported and goes.is_imported):
        return {}
    if stays.content == goes.content and (stays.media or not goes.media):
        return {}
    try:
        filled = compare_import(to_message(channel_id, goes), to_message(channel_id, stays)).filled
    except UNREADABLE:
        return {}
    return {name: filled[name] for name in (*CONTEXT, "media") if name in filled}
