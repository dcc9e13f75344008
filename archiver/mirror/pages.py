"""Fetch plausible pages of the history. https://core.telegram.org/api/offsets"""

from __future__ import annotations

import logging
from typing import NamedTuple

from archiver.errors import Implausible
from archiver.ids import AccessHash
from archiver.mirror.source import Source
from archiver.model.plausible import LAST_ID, LEAP, check_page, cut_page, find_far_gap, page_ids, starts_far_below
from archiver.model.record import HistoryPage, Message
from archiver.store.channels.channel import Mirrored

PAGE = 100
"""Messages per page: the server's limit."""
MAX_TRIES = 3
"""How often to request a page whose content is implausible."""

log = logging.getLogger(__name__)


class BelowWindow(NamedTuple):
    """What the server shows right below a channel's window."""

    page: HistoryPage
    """Only the newest message there."""
    is_older: bool
    """Whether it is older than the window, or does not exist."""


class Pages:
    """Fetches pages; remembers where one was cut at a wide gap, for the next page to confirm it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen_below: dict[int, int] = {}
        """Offset -> the newest id below it according to the page above, which was cut there because of the gap."""

    async def fetch(self, channel: Mirrored, access_hash: AccessHash, offset_id: int) -> HistoryPage:
        """Fetch a plausible page, cut at the first remarkably wide gap; the next page continues from there.

        Raises ServerFault if the server's answers stay implausible.
        """
        for attempt in range(1, MAX_TRIES + 1):
            try:
                return await self._fetch(channel, access_hash, offset_id)
            except Implausible as fault:
                if attempt == MAX_TRIES:
                    raise
                log.info("%s: %s Requesting it again.", channel.name, fault.args[0])
        raise AssertionError("the loop returns or raises")

    async def _fetch(self, channel: Mirrored, access_hash: AccessHash, offset_id: int) -> HistoryPage:
        page = await self._ask(channel, access_hash, offset_id)
        ids = page_ids(page)
        if not ids:
            # An empty page ends the history for good, so it has to come twice.
            if page_ids(await self._ask(channel, access_hash, offset_id)):
                raise _differing()
            return page
        if offset_id and starts_far_below(ids, offset_id) and self._seen_below.get(offset_id) != ids[0]:
            again = page_ids(await self._ask(channel, access_hash, offset_id))
            if again[:1] != ids[:1]:
                raise _differing()
        place = find_far_gap(ids)
        if not offset_id:
            await self._expect_top(channel, access_hash, ids[0], doubtful=place is not None)
        if place is None:
            return page
        self._seen_below[ids[place - 1]] = ids[place]
        return cut_page(page, ids[place - 1])

    async def find_older(self, channel: Mirrored, access_hash: AccessHash, window_start: int) -> int:
        """The newest id that the server considers older than this time (unix seconds); 0 if there is none."""
        return next(iter(page_ids(await self._ask(channel, access_hash, 0, before=window_start))), 0)

    async def find_reach(self, channel: Mirrored, access_hash: AccessHash, window_start: int, *, lowest: int) -> int:
        """The lowest id to read, after a hundred or more messages down to `lowest` that are older than the window.

        That is `lowest`, unless there are newer messages below: according to the server, in the page where it says the
        older ones start, or in one of the pages sampled below. A long run of old posts may have newer ones below it.
        """
        older = await self._ask(channel, access_hash, 0, before=window_start)
        looks = [older, *[await self._ask(channel, access_hash, place) for place in places_below(lowest)]]
        newer = [message.message_id for page in looks for message in page.messages if _is_since(message, window_start)]
        return min(one for one in (*newer, *page_ids(older)[:1], lowest) if one <= lowest)

    async def read_below(self, channel: Mirrored, access_hash: AccessHash, message_id: int) -> BelowWindow:
        """Read right below the channel's window, which ends above this id."""
        page = await self._ask(channel, access_hash, message_id + 1, limit=1)
        start = channel.window_start
        return BelowWindow(page, start is None or not any(_is_since(message, start) for message in page.messages))

    async def count_above(self, channel: Mirrored, access_hash: AccessHash, below: HistoryPage) -> int | None:
        """How many messages the server counts above those of a page; None if it does not say.

        The newest message shows whether the server numbers places from 0 or from 1.
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
        self,
        channel: Mirrored,
        access_hash: AccessHash,
        offset_id: int,
        *,
        before: int | None = None,
        limit: int = PAGE,
    ) -> HistoryPage:
        page = await self._source.get_history(
            channel.channel_id, access_hash, offset_id=offset_id, before=before, limit=limit
        )
        check_page(page, offset_id=offset_id, limit=limit)
        return page

    async def _expect_top(self, channel: Mirrored, access_hash: AccessHash, newest: int, *, doubtful: bool) -> None:
        """Confirm a new top message far above every known one by requesting it. Raises Implausible if it is missing."""
        if newest <= channel.top_id or not (doubtful or (channel.top_id and newest - channel.top_id > LEAP)):
            return
        there, _ = await self._source.get_messages(channel.channel_id, access_hash, (newest,))
        if not there:
            raise Implausible("shows a newest message that does not exist")


def places_below(lowest: int) -> list[int]:
    """Offsets to sample for newer messages: right below, then at doubling distances, and in the middle.

    This finds the rest of a window below a run of older messages, if it is as long as the rest of that run.
    """
    steps = range(max(lowest // PAGE, 1).bit_length())
    places = {lowest, lowest // 2 + 1, *(lowest - (PAGE << step) for step in steps)}
    return sorted((place for place in places if 1 < place <= lowest), reverse=True)


def _is_since(message: Message, window_start: int) -> bool:
    """Whether a message is within the window; False for a stub, whose date is a guess."""
    return message.kind != "stub" and message.date.timestamp() >= window_start


def _differing() -> Implausible:
    return Implausible("does not show the same messages twice")
