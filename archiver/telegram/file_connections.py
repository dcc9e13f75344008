"""The connections for files of one data centre: one, and a second one when much is in flight.

Telegram closes the 20th connection of an account or so, and more than two to a data centre gain nothing. They are not
those of the mirror, so that a new post never waits behind a megabyte. They share the data centre's key: an account's
authorization is exported once, by the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from archiver.telegram.connection import Connection
from archiver.telegram.timeouts import Timeouts

MOST = 2
"""Connections to one data centre."""
SECOND_FROM = 4 << 20
"""Bytes in flight on the first from which a second one is opened."""
CALL, CALL_MOST = 15.0, 60.0
"""Seconds for a part at the first attempt, and at most."""
DELAYS = (0.5, 2.0)
"""Seconds before each retry of a part; a longer trouble is left to the file's own retries."""
FREE_LOSSES = 8
"""Lost connections under a part that do not count: other parts may have caused them."""


@dataclass(eq=False, slots=True)
class _Line:
    connection: Connection
    in_flight: int = 0


class FileConnections:
    """The connections for files of one account to one data centre."""

    def __init__(self, home: Connection, dc: int, timeouts: Timeouts) -> None:
        self._home = home
        self._dc = dc
        self._timeouts = replace(
            timeouts, call=CALL, call_max=CALL_MOST, delays=DELAYS, free_losses=FREE_LOSSES, max_hung=64
        )
        self._lines: list[_Line] = []
        self.is_home = home.dc == dc
        """Whether it was the account's home when this was made."""

    @contextmanager
    def line(self, size: int) -> Iterator[Connection]:
        """The connection for a call whose answer has about this many bytes."""
        line = self._pick()
        line.in_flight += size
        try:
            yield line.connection
        finally:
            line.in_flight -= size

    def _pick(self) -> _Line:
        least = min(self._lines, key=lambda line: line.in_flight, default=None)
        if least is None or (least.in_flight >= SECOND_FROM and self._may_open()):
            least = _Line(self._home.beside(self._dc, self._timeouts))
            self._lines.append(least)
        return least

    def _may_open(self) -> bool:
        """Whether another connection may be opened: the first one has logged in there."""
        return len(self._lines) < MOST and all(line.connection.connected.is_set() for line in self._lines)

    async def close(self) -> None:
        """Disconnect."""
        for line in self._lines:
            await line.connection.close()
        self._lines.clear()
