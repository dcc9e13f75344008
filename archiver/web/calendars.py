"""Calendars with the number of messages of each day, in the zone of the reader."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from archiver.ids import ChannelId
from archiver.store.channels.extent import count_by_step
from archiver.store.database import Connection, read
from archiver.web.times import Times, next_month
from search.engine.facets import by_date, step_seconds

END: Final = 2**32
"""Times of the server have 32 bits."""


class CalendarDay(NamedTuple):
    """A day of a month's calendar."""

    day: date
    number: int
    inside: bool
    """Whether it belongs to the month."""


class Month(NamedTuple):
    """A month by weeks, which begin on Monday."""

    first: date
    weeks: Sequence[Sequence[CalendarDay]]
    total: int

    @property
    def before(self) -> date:
        """The first day of the month before."""
        return (self.first - timedelta(1)).replace(day=1)

    @property
    def after(self) -> date:
        """The first day of the next month."""
        return next_month(self.first)


async def read_days(
    conn: Connection, channel_id: ChannelId, times: Times, since: date | None, until: date | None
) -> Mapping[str, int]:
    """The number of held messages by day, of the days in [since, until)."""
    step = step_seconds(times.zone)
    steps = await read(
        conn,
        count_by_step,
        channel_id,
        since=1 if since is None else times.start_of(since),
        until=END if until is None else times.start_of(until),
        step=step,
    )
    return {one.value: one.count for one in by_date("day", steps, times.zone)}


async def read_month(conn: Connection, channel_id: ChannelId, times: Times, day: date) -> Month:
    """The month of this day."""
    first = day.replace(day=1)
    days = await read_days(conn, channel_id, times, first, next_month(first))
    weeks = [
        [CalendarDay(one, days.get(one.isoformat(), 0), one.month == first.month) for one in week]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    ]
    return Month(first, weeks, sum(days.values()))
