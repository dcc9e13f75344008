"""A usual message of a source as the columns of its row; its record is made only on demand."""

from __future__ import annotations

from typing import Any

from archiver.ids import ChannelId, MessageId
from archiver.imports.source import ImportedMessage
from archiver.model.record import Media, Message
from archiver.store.messages.message_record import record_of


class QuickMessage(ImportedMessage):
    """A message without files and without what another telekeep knew about it."""

    __slots__ = ("channel_id", "columns", "made", "media", "message_id")

    files = ()
    seen = None
    earlier = ()
    texts = ()
    part = None

    def __init__(self, channel_id: ChannelId, columns: tuple[Any, ...], media: tuple[Media, ...]) -> None:
        """`columns`: the id, and the content in the order of `store.message.CONTENT_NAMES`."""
        self.channel_id = channel_id
        self.message_id = MessageId(columns[0])  # type: ignore[misc] # a property takes 2 us a message
        self.columns = columns
        self.media = media
        self.made: Message | None = None

    @property
    def message(self) -> Message:
        """Its record, without the language."""
        if self.made is None:
            number, *content = self.columns
            self.made = record_of(self.channel_id, (number, None, *content), self.media)
        return self.made

    @property
    def raw(self) -> bytes:
        """Its piece of the source."""
        found: bytes = self.columns[-1]
        return found


def whole(one: ImportedMessage) -> ImportedMessage:
    """The message in the form whose parts can be replaced."""
    return ImportedMessage(message=one.message) if isinstance(one, QuickMessage) else one
