"""How often the server said by its transport that something is wrong, and what it means by now.

-404 once may be a proxy's or a server's hiccup; -429 is waited for longer each time that it comes again.
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
"""Under this name the scheduler knows the making of connections."""
_FIRST_WAIT = 60
_LONGEST_WAIT = 3600
"""Seconds without a connection after the transport's -429; doubled each time that it comes again, up to an hour."""


class TransportErrors:
    """Of one data centre's connections, since the last answer."""

    def __init__(self, address: ServerAddress, route: Route, scheduler: Scheduler) -> None:
        self.key_is_borrowed = False
        """Whether the key was made at the account's old home, and may be good here or not."""
        self._address = address
        self._route = route
        self._scheduler = scheduler
        self._unknown = self._throttled = 0
        """Connections that the server ended with -404, and with -429."""

    @property
    def key_is_dead(self) -> bool:
        """Whether a second connection too said that the key is unknown."""
        return self._unknown > 1

    def note_answer(self) -> None:
        """All is well."""
        self._unknown = self._throttled = 0
        self.key_is_borrowed = False

    async def obey(self, exc: BaseException) -> None:
        """Keep the order to wait that met a connection in the making, or the transport's own, if this is one."""
        seconds = flood_seconds(exc)
        if transport_code(exc) == THROTTLED:
            seconds = min(_FIRST_WAIT << min(self._throttled, 10), _LONGEST_WAIT)
            self._throttled += 1
        if seconds is not None:
            await self._scheduler.flooded(CONNECT, seconds)

    def weigh(self, exc: BaseException, place: DcAddress, *, visiting: int | None) -> Error:
        """What a lost line means; `visiting`: the data centre, where it is not the account's home.

        There, a key that is unknown is made again.
        """
        code = transport_code(exc)
        if code == UNKNOWN_KEY and (visiting is not None or self.key_is_borrowed):
            self._route.drop_key(visiting)
            self.key_is_borrowed = False
            return Unreachable("the data centre does not know the key that was kept for it.", hint="Try again.")
        if code == UNKNOWN_KEY:
            self._unknown += 1
            return UnknownKey("the server does not know this session, as one connection says.", hint="Try again.")
        failure = unreachable(exc, self._address.way(place), proxied=self._address.proxy is not None)
        return FailsEverywhere(*failure.args, hint=failure.hint) if code == THROTTLED else failure
