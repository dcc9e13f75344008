"""Close connections of clients that send too slowly or read nothing, and those beyond a maximum number.

Without limits, a few hundred idle connections keep everybody else out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

MOST: Final = 512
"""Maximum number of connections; a new one then replaces the one that has waited longest, first of all those without an
answer yet."""
ASKING: Final = 10.0
"""Seconds within which a request must have arrived, from its first byte, or of a new connection."""
IDLE: Final = 75
"""Seconds for which a connection stays open between two requests: people read a page for that long."""
ENDED: Final = 2.0
"""Seconds that an answer may still take once its client sends no more: it may wait for it, or may have left."""
READING: Final = 60.0
"""Seconds within which a client must have read some of what waits for it."""


class LimitedConnection(H11Protocol):
    """One connection of a client."""

    late: asyncio.TimerHandle | None = None
    """Closes it unless a request arrives."""
    since: float = 0.0
    """When it began to wait for one."""
    is_answered = False
    """Whether it had an answer."""
    _is_idle = False
    """Whether it waits for the first byte of its next request."""
    _unread: asyncio.TimerHandle | None = None
    _ended: asyncio.TimerHandle | None = None
    """Closes it although a request is being answered: its client sends no more."""
    headers_of_errors: Mapping[str, str] = {}
    """Headers of the answer to a malformed request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > MOST:
            known = cast("set[LimitedConnection]", self.connections)
            waiting = (one for one in known if one.late is not None)
            longest = min(waiting, key=lambda one: (one.is_answered, one.since))
            known.discard(longest)  # connection_lost comes later
            longest.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Receive a part of a request."""
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self.is_answered = True
        super().on_response_complete()
        if self._ended is not None and not self._is_answering():
            self.transport.close()
        self._wait()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep it open for the answer to a client that sends no more."""
        if self._is_answering():
            self._ended = self.loop.call_later(ENDED, self.transport.abort)
        return self._ended is not None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        self._stop("late")
        self._stop("_unread")
        self._stop("_ended")

    def pause_writing(self) -> None:
        """Wait until the client reads."""
        super().pause_writing()
        self._unread = self.loop.call_later(READING, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        self._stop("_unread")

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request."""
        more = "".join(f"{name}: {value}\r\n" for name, value in self.headers_of_errors.items())
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n{more}Connection: close\r\n\r\n"
        self.transport.write(f"{head}{msg}\n".encode())
        self.transport.close()

    def _wait(self) -> None:
        """Limit the time until a request has arrived, except while one is being answered."""
        if self._is_answering():
            self._stop("late")
            return
        idle = self.is_answered and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
        if self.late is None or (self._is_idle and not idle):
            self._stop("late")
            self.since, self._is_idle = self.loop.time(), idle
            self.late = self.loop.call_later(IDLE + 1 if idle else ASKING, self.transport.abort)

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _stop(self, name: str) -> None:
        timer = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)
