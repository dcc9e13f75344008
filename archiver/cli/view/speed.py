"""The speed at which histories are being fetched now, by any process, from the capture log."""

from __future__ import annotations

from typing import Any, NamedTuple

from archiver.cli.view import figures
from archiver.store.channels.capture import list_read_since
from archiver.store.database import Connection, read

_SPAN = 60
"""Seconds over which the speed is averaged."""
_QUIET = 30
"""Seconds after the last page during which fetching counts as under way."""


class Speed(NamedTuple):
    """Speed of all histories together."""

    messages_per_second: float
    ids_per_second: float

    def seconds_left(self, ids: int) -> float | None:
        """Seconds needed for that number of ids; None if unknown."""
        return ids / self.ids_per_second if self.ids_per_second > 0 else None

    def describe(self, ids: int) -> str:
        """The speed and the time left, as a line."""
        left = figures.about(self.seconds_left(ids))
        parts = [figures.rate(self.messages_per_second, "messages"), f"{figures.count(ids, 'id')} left"]
        return f"reading histories: {', '.join([*parts, *([f'{left} at this rate'] if left else [])])}"

    def as_object(self, ids: int) -> dict[str, Any]:
        """As JSON."""
        seconds = self.seconds_left(ids)
        return {
            "messages_per_second": round(self.messages_per_second, 1),
            "ids_left": ids,
            "seconds_left": None if seconds is None else round(seconds),
        }


async def read_speed(conn: Connection, now: float) -> Speed | None:
    """The current speed; None if no history is being fetched."""
    pages = await read(conn, list_read_since, now - _SPAN)
    if not pages or now - pages[-1].at > _QUIET:
        return None
    span = max(now - pages[0].at, 1.0)
    return Speed(sum(one.messages for one in pages) / span, sum(one.ids for one in pages) / span)
