"""Messages of two archives as records, and what one of them lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from archiver.ids import ChannelId
from archiver.model.compare_import import CONTEXT, compare_import
from archiver.model.record import Message
from archiver.store.merging.foreign_page import AFTER_NAMES, ForeignMessage
from archiver.store.merging.merged_media import to_media
from archiver.store.messages.message_record import record_of
from archiver.store.verify.checked import UNREADABLE

_LANG: Final = AFTER_NAMES.index("lang")


def to_message(channel_id: ChannelId, one: ForeignMessage) -> Message:
    """The record of a message as an archive has it. Raises UNREADABLE for values that no archive has."""
    return record_of(channel_id, (one.message_id, one.after[_LANG], *one.content), to_media(one.media))


def list_filled(channel_id: ChannelId, stays: ForeignMessage, goes: ForeignMessage) -> Mapping[str, Any]:
    """The columns that the content that stays lacks, and that the other one has, if imports brought both.

    As if one archive had imported both: what never changes, unless they contradict each other.
    """
    if not (stays.is_imported and goes.is_imported) or stays.content == goes.content:
        return {}
    try:
        filled = compare_import(to_message(channel_id, goes), to_message(channel_id, stays)).filled
    except UNREADABLE:
        return {}
    return {name: filled[name] for name in CONTEXT if name in filled}
