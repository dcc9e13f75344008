"""Pages of the history that can be believed. https://core.telegram.org/api/offsets"""

from __future__ import annotations

import logging
from typing import NamedTuple

from archiver.errors import Implausible
from archiver.mirror.source import Source
from archiver.model.plausible import LAST_ID, LEAP, check_page, cut_page, far_gap, page_ids, starts_far_below
from archiver.model.record import HistoryPage, Message
from archiver.store.channel import Mirrored

PAGE = 100
"""Messages a page: the server's own limit."""
LOOKS = 3
"""How often a page is asked for that claims more than it can."""

log = logging.getLogger(__name__)


class BelowWindow(NamedTuple):
    """What lies right below a channel's window."""

    page: HistoryPage
    """The newest message there, alone."""
    is_older: bool
    """Whether it is older than the window, or there is none."""


class Pages:
    """Asks for pages; remembers where one of them ended early because of a gap that the next is to confirm."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen_below: dict[int, int] = {}
        """Offset -> the newest id below it, as the page above it showed; that page ends there, because it is far."""

    async def fetch(self, channel: Mirrored, access_hash: int, offset_id: int) -> HistoryPage:
        """A page that can be believed: what lies beyond a remarkable gap is left to the next one.

        Raises ServerFault when the server keeps answering what cannot be.
        """
        for look in range(1, LOOKS + 1):
            try:
                return await self._fetch(channel, access_hash, offset_id)
            except Implausible as fault:
                if look == LOOKS:
                    raise
                log.info("%s: %s It is asked again.", channel.name, fault.args[0])
        raise AssertionError("the loop returns or raises")

    async def _fetch(self, channel: Mirrored, access_hash: int, offset_id: int) -> HistoryPage:
        page = await self._ask(channel, access_hash, offset_id)
        ids = page_ids(page)
        if not ids:
            # It ends the history for good, so it counts only when it is given twice.
            if page_ids(await self._ask(channel, access_hash, offset_id)):
                raise _differing()
            return page
        if offset_id and starts_far_below(ids, offset_id) and self._seen_below.get(offset_id) != ids[0]:
            again = page_ids(await self._ask(channel, access_hash, offset_id))
            if again[:1] != ids[:1]:
                raise _differing()
        place = far_gap(ids)
        if not offset_id:
            await self._expect_top(channel, access_hash, ids[0], doubtful=place is not None)
        if place is None:
            return page
        self._seen_below[ids[place - 1]] = ids[place]
        return cut_page(page, ids[place - 1])

    async def find_older(self, channel: Mirrored, access_hash: int, window_start: int) -> int:
        """The newest id that the server counts as older than that moment (unix seconds); 0: there is none."""
        return next(iter(page_ids(await self._ask(channel, access_hash, 0, before=window_start))), 0)

    async def find_reach(self, channel: Mirrored, access_hash: int, window_start: int, *, lowest: int) -> int:
        """Down to which id messages are to be read, whose last hundred or more, down to `lowest`, all are too old.

        That is `lowest`, unless the server counts those below as newer, or shows one that is: at the first message
        that it says to be older, or in a page at one of the places below. Many old posts in a row may lie among younger
        ones.
        """
        older = await self._ask(channel, access_hash, 0, before=window_start)
        looks = [older, *[await self._ask(channel, access_hash, place) for place in places_below(lowest)]]
        newer = [message.message_id for page in looks for message in page.messages if _is_since(message, window_start)]
        return min(one for one in (*newer, *page_ids(older)[:1], lowest) if one <= lowest)

    async def read_below(self, channel: Mirrored, access_hash: int, message_id: int) -> BelowWindow:
        """What the server shows right below the channel's window, which ends above this id."""
        page = await self._ask(channel, access_hash, message_id + 1, limit=1)
        start = channel.window_start
        return BelowWindow(page, start is None or not any(_is_since(message, start) for message in page.messages))

    async def count_above(self, channel: Mirrored, access_hash: int, below: HistoryPage) -> int | None:
        """How many messages the server counts above those of a page; None where it does not say.

        Whether it counts places from 0 or from 1 shows at the newest message.
        """
        if not page_ids(below):
            return below.count if below.exact else None
        if below.place is None or not below.exact:
            return None
        first = await self._ask(channel, access_hash, LAST_ID + 1, limit=1)
        if first.place not in (0, 1) or first.pts != below.pts:
            return None
        return below.place - first.place

    async def _ask(
        self, channel: Mirrored, access_hash: int, offset_id: int, *, before: int | None = None, limit: int = PAGE
    ) -> HistoryPage:
        page = await self._source.get_history(
            channel.channel_id, access_hash, offset_id=offset_id, before=before, limit=limit
        )
        check_page(page, offset_id=offset_id, limit=limit)
        return page

    async def _expect_top(self, channel: Mirrored, access_hash: int, newest: int, *, doubtful: bool) -> None:
        """Raise Implausible when a new newest message, far above all that is known, is not there if asked for."""
        if newest <= channel.top_id or not (doubtful or (channel.top_id and newest - channel.top_id > LEAP)):
            return
        there, _ = await self._source.get_messages(channel.channel_id, access_hash, (newest,))
        if not there:
            raise Implausible("shows a newest message that does not exist")


def places_below(lowest: int) -> list[int]:
    """Where to look for what is younger: right below, then ever farther, each twice as far, and in the middle.

    So the rest of a window is found below a row of older messages, if it is as long as what is left of that.
    """
    steps = range(max(lowest // PAGE, 1).bit_length())
    places = {lowest, lowest // 2 + 1, *(lowest - (PAGE << step) for step in steps)}
    return sorted((place for place in places if 1 < place <= lowest), reverse=True)


def _is_since(message: Message, window_start: int) -> bool:
    """Whether it is within the window; nobody knows of a stub, whose date is a guess."""
    return message.kind != "stub" and message.date.timestamp() >= window_start


def _differing() -> Implausible:
    return Implausible("does not show the same messages twice")
