"""The connections for files of one data centre: one, and a second one when much is in flight.

Telegram closes the 20th connection of an account or so, and more than two to a data centre gain nothing. They are not
those of the mirror, so that a new post never waits for a megabyte. They share the data centre's key: an account's
authorization is exported once, by the first of them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from archiver.errors import Error
from archiver.pacing.tasks import cancel_all
from archiver.telegram.connection import Connection
from archiver.telegram.timeouts import Timeouts

MOST = 2
"""Connections to one data centre."""
SECOND_FROM = 4 << 20
"""Bytes in flight on the first from which a second one is opened."""
OPEN_EVERY = 30.0
"""Seconds between two attempts to open another one."""
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
            timeouts, call=CALL, call_max=CALL_MOST, delays=DELAYS, free_losses=FREE_LOSSES, max_hung=64, forever=False
        )
        self._lines: list[_Line] = []
        self._opening: asyncio.Task[None] | None = None
        self._open_at = -math.inf
        """Loop time before which no other one is opened."""
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
        """The least busy connection, of those that are connected if any is."""
        if not self._lines:
            return self._open()
        connected = [line for line in self._lines if line.connection.connected.is_set()]
        least = min(connected or self._lines, key=lambda line: line.in_flight)
        if connected and least.in_flight >= SECOND_FROM:
            self._open_more()
        return least

    def _open(self) -> _Line:
        line = _Line(self._home.beside(self._dc, self._timeouts))
        self._lines.append(line)
        return line

    def _open_more(self) -> None:
        """Open or reopen another connection in the background, if one more is allowed."""
        if self._opening is not None and not self._opening.done():
            return
        idle = next((line for line in self._lines if not line.connection.connected.is_set()), None)
        if (idle or len(self._lines) < MOST) and asyncio.get_running_loop().time() >= self._open_at:
            self._open_at = asyncio.get_running_loop().time() + OPEN_EVERY
            line = idle or self._open()
            self._opening = asyncio.create_task(_connect(line.connection), name=f"files of data centre {self._dc}")

    async def close(self) -> None:
        """Disconnect."""
        if self._opening is not None:
            await cancel_all((self._opening,))
        for line in self._lines:
            await line.connection.close()
        self._lines.clear()


async def _connect(connection: Connection) -> None:
    """Connect an additional connection; its errors are left to the one that is needed."""
    with suppress(Error):
        await connection.ready()
