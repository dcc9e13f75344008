"""The ids that were read of a chat so far, in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archiver.ids import ChannelId
from archiver.imports.source import ImportedMessage

_BITS = 14
"""Number of low id bits that share a block, with a bit for each id: exports of a query have ids far apart."""
_LOW = (1 << _BITS) - 1


class IdsRead:
    """The ids that were read so far."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def add(self, ids: Iterable[int]) -> int:
        """Add ids; return how many of them had been read before."""
        return sum(not self.is_new(number) for number in ids)

    def is_new(self, number: int) -> bool:
        """Add an id; return whether it was not read before."""
        block = self._blocks.get(number >> _BITS)
        if block is None:
            block = self._blocks[number >> _BITS] = bytearray(1 << _BITS - 3)
        at, mark = (number & _LOW) >> 3, 1 << (number & 7)
        if block[at] & mark:
            return False
        block[at] |= mark
        return True


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
