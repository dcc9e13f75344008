"""The ids that were read of a chat so far, in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archiver.ids import ChannelId
from archiver.imports.source import ImportedMessage

_BITS = 6
"""Number of low id bits that share an entry: most channels have few gaps."""
_LOW = (1 << _BITS) - 1


class IdsRead:
    """The ids that were read so far."""

    def __init__(self) -> None:
        self._marked: dict[int, int] = {}

    def add(self, ids: Iterable[int]) -> int:
        """Add ids; return how many of them had been read before."""
        return sum(not self.is_new(number) for number in ids)

    def is_new(self, number: int) -> bool:
        """Add an id; return whether it was not read before."""
        place, mark = number >> _BITS, 1 << (number & _LOW)
        before = self._marked.get(place, 0)
        self._marked[place] = before | mark
        return not before & mark


class Repeats:
    """The ids that were read of each channel, and which of them came again."""

    def __init__(self) -> None:
        self._read: dict[ChannelId, IdsRead] = {}
        self.again: dict[ChannelId, set[int]] = {}

    @property
    def has_any(self) -> bool:
        """Whether any id came again."""
        return any(self.again.values())

    def list_first(self, channel_id: ChannelId, page: Sequence[ImportedMessage]) -> list[ImportedMessage]:
        """The messages of a page whose ids were not read before; the others are remembered."""
        read, again = self._read.setdefault(channel_id, IdsRead()), self.again.setdefault(channel_id, set())
        first = [one for one in page if read.is_new(one.message_id)]
        if len(first) < len(page):
            again.update({one.message_id for one in page}.difference(one.message_id for one in first))
        return first
