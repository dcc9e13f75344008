"""How fast histories are being read now, by whatever process does so: taken from the log of what was stored."""

from __future__ import annotations

from typing import Any, NamedTuple

from archiver.pacing.throughput import time_left
from archiver.store.capture import list_read_since
from archiver.store.database import Connection

_SPAN = 60
"""Seconds over which the speed is taken."""
_QUIET = 30
"""Seconds after the last page for which reading still counts as going on."""


class Speed(NamedTuple):
    """Of all histories together."""

    messages_per_second: float
    ids_per_second: float

    def seconds_left(self, ids: int) -> float | None:
        """Time for that number of ids; None if unknown."""
        return ids / self.ids_per_second if self.ids_per_second > 0 else None

    def describe(self, ids: int) -> str:
        """For people: the speed and what is left."""
        parts = [f"{self.messages_per_second:,.0f} messages/s", f"{ids:,} ids left", time_left(self.seconds_left(ids))]
        return f"reading histories: {', '.join(filter(None, parts))}"

    def as_object(self, ids: int) -> dict[str, Any]:
        """For JSON."""
        seconds = self.seconds_left(ids)
        return {
            "messages_per_second": round(self.messages_per_second, 1),
            "ids_left": ids,
            "seconds_left": None if seconds is None else round(seconds),
        }


async def read_speed(conn: Connection, now: float) -> Speed | None:
    """The present speed; None when no history is being read."""
    read = await list_read_since(conn, now - _SPAN)
    if not read or now - read[-1].at > _QUIET:
        return None
    span = max(now - read[0].at, 1.0)
    return Speed(sum(one.messages for one in read) / span, sum(one.ids for one in read) / span)
