"""Reads a history with a message that this version cannot read, which becomes a stub in its place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeAlias

from telethon.tl.alltlobjects import LAYER

from archiver.convert import convert_stub
from archiver.errors import ServerFault
from archiver.ids import ChannelId, MessageId
from archiver.model.record import HistoryPage
from archiver.telegram.answers import HistoryAnswer, message_prefix_id
from archiver.telegram.records import to_page

History: TypeAlias = Callable[[int, int, int], Awaitable[HistoryAnswer]]
"""Requests a page of the channel: offset_id, limit, add_offset."""
_SIGNATURE = 32
"""Leading bytes that identify an unreadable message."""


class Unreadable:
    """Reads the history of one channel around unreadable messages."""

    def __init__(self, channel_id: ChannelId, history: History) -> None:
        self._channel_id = channel_id
        self._history = history

    async def page(self, offset_id: int, answer: HistoryAnswer) -> HistoryPage:
        """A page with an unreadable message: the messages before it, or its stub if it comes first."""
        readable = len(answer.messages.read)
        if readable:
            # Requested again without the bad one, so that the names after the messages can be read, too.
            return to_page(self._channel_id, await self._history(offset_id, readable, 0))
        alone = await self._history(offset_id, 1, 0)
        if alone.messages.unreadable is None:
            return to_page(self._channel_id, alone)
        raw = alone.messages.unreadable.raw
        below, date = await self._first_readable_under(offset_id)
        message_id = message_prefix_id(raw)
        if message_id is None or not below < message_id < (offset_id or 1 << 31):
            message_id = await self._find_id(raw, (below + 1, (offset_id or (1 << 31) - 1) - 1))
        # Its own date cannot be read; that of the message before it is the best estimate.
        stub = convert_stub(raw, message_id=message_id, channel_id=self._channel_id, date=date, layer=LAYER)
        return HistoryPage(
            messages=(stub,), empty_ids=(), pts=alone.pts or 0, count=alone.count, exact=not alone.inexact
        )

    async def _first_readable_under(self, offset_id: int) -> tuple[int, datetime]:
        """Id and date of a message older than the first one below `offset_id`; 0 and 1970 if none is readable.

        Usually the next one; if several unreadable ones are adjacent, one a little further down.
        """
        for skipped in (1, 2, 4, 8, 16, 32, 64):
            answer = await self._history(offset_id, 1, skipped)
            if answer.messages.unreadable:
                if message_id := message_prefix_id(answer.messages.unreadable.raw):
                    return message_id, datetime.fromtimestamp(0, UTC)
                continue
            for item, _ in answer.messages.read:
                return item.id, item.date or datetime.fromtimestamp(0, UTC)
            break
        return 0, datetime.fromtimestamp(0, UTC)

    async def _find_id(self, raw: bytes, within: tuple[int, int]) -> MessageId:
        """The id of a message whose id cannot be read, found by its bytes.

        The range has no newer message, so the history below an offset begins with these bytes exactly if the offset is
        above the message's id. Usually it is the next id, so the range doubles from its lower end, then is halved.
        """

        async def begins_at(offset_id: int) -> bool:
            answer = await self._history(offset_id, 1, 0)
            unreadable = answer.messages.unreadable
            # The beginning contains the id in every layer so far; the end contains counters, names and random padding.
            return unreadable is not None and unreadable.raw[:_SIGNATURE] == raw[:_SIGNATURE]

        low, last = within
        high, step = low, 1
        while not await begins_at(high + 1):
            if high >= last:
                # It was changed or deleted meanwhile; a wrong id would be worse than another attempt later.
                raise ServerFault("the id of an unreadable message could not be determined.", hint="Try again.")
            low, high, step = high + 1, min(high + step, last), 2 * step
        while low < high:
            middle = (low + high) // 2
            if await begins_at(middle + 1):
                high = middle
            else:
                low = middle + 1
        return MessageId(low)
