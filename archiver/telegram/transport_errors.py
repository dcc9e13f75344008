"""Counts transport errors since the last answer, and what they mean when repeated.

A single -404 may be a hiccup of a proxy or server; each further -429 doubles the wait.
"""

from __future__ import annotations

from archiver.errors import Error, Unreachable
from archiver.pacing.scheduler import Scheduler
from archiver.telegram.connection_errors import (
    THROTTLED,
    UNKNOWN_KEY,
    FailsEverywhere,
    UnknownKey,
    transport_code,
    unreachable,
)
from archiver.telegram.data_centres import DcAddress
from archiver.telegram.faults import flood_seconds
from archiver.telegram.route import Route
from archiver.telegram.server_address import ServerAddress

CONNECT = "connect"
"""The scheduler's method name for connecting."""
_FIRST_WAIT = 60
_LONGEST_WAIT = 3600
"""Seconds to wait before connecting again after -429; doubled each time, up to an hour."""


class TransportErrors:
    """Transport errors of the connections to one data centre, since the last answer."""

    def __init__(self, address: ServerAddress, route: Route, scheduler: Scheduler) -> None:
        self.key_is_borrowed = False
        """Whether the key was made at the account's old home, so that it may not be valid here."""
        self._address = address
        self._route = route
        self._scheduler = scheduler
        self._unknown = self._throttled = 0
        """Connections ended by the server with -404, and with -429."""

    @property
    def key_is_dead(self) -> bool:
        """Whether the server called the key unknown on two connections in a row."""
        return self._unknown > 1

    def note_answer(self) -> None:
        """Record that the connection works."""
        self._unknown = self._throttled = 0
        self.key_is_borrowed = False

    async def obey(self, exc: BaseException) -> None:
        """Pass a flood wait or -429 on to the scheduler, if this is one."""
        seconds = flood_seconds(exc)
        if transport_code(exc) == THROTTLED:
            seconds = min(_FIRST_WAIT << min(self._throttled, 10), _LONGEST_WAIT)
            self._throttled += 1
        if seconds is not None:
            await self._scheduler.flooded(CONNECT, seconds)

    def weigh(self, exc: BaseException, dc_address: DcAddress, *, visiting: int | None) -> Error:
        """Error for a lost connection; `visiting`: the data centre, if it is not the account's home.

        There, an unknown key is dropped and made again.
        """
        code = transport_code(exc)
        if code == UNKNOWN_KEY and (visiting is not None or self.key_is_borrowed):
            self._route.drop_key(visiting)
            self.key_is_borrowed = False
            return Unreachable("the data centre does not know the stored key.", hint="Try again.")
        if code == UNKNOWN_KEY:
            self._unknown += 1
            return UnknownKey("the server says that it does not know this session.", hint="Try again.")
        failure = unreachable(exc, self._address.describe(dc_address), proxied=self._address.proxy is not None)
        return FailsEverywhere(*failure.args, hint=failure.hint) if code == THROTTLED else failure
