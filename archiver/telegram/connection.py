"""An account's connection to the server: requests to its home data centre, and to others for files.

Many tasks may call at once. `attempts` retries calls, `reconnecting` keeps the client, `migration` follows the account
to another data centre.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from telethon.errors import AuthKeyUnregisteredError, FileMigrateError, RPCError
from telethon.tl import TLRequest, functions, types

from archiver.errors import ChannelError, Error, ServerFault
from archiver.ids import ChannelId
from archiver.pacing.scheduler import Priority, Scheduler
from archiver.telegram.answers import read_object
from archiver.telegram.attempts import Attempts, Count, uncounted
from archiver.telegram.client import Client
from archiver.telegram.connection_errors import not_admitted
from archiver.telegram.dialling import Dialler
from archiver.telegram.exported_authorization import ExportedAuthorization
from archiver.telegram.faults import MIGRATIONS
from archiver.telegram.migration import export, follow
from archiver.telegram.older_layers import read_older_layers
from archiver.telegram.pushes import Hint
from archiver.telegram.reconnecting import ReconnectingClient
from archiver.telegram.server_address import ServerAddress
from archiver.telegram.timeouts import COMMAND, Timeouts

log = logging.getLogger(__name__)

_MAX_REDIRECTS = 3
_SHUT = 60.0
"""Seconds for which no authorization is exported for a data centre that did not accept the last one."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Functions that a connection calls while it works."""

    hint: Hint | None = None
    """Called with the id of each channel that the server pushes something about; without it nothing is pushed."""
    count: Count = uncounted
    """Called once per request, to count it."""


class Connection:
    """Sends requests; owns the client and the session. Any number of tasks may use it at the same time."""

    def __init__(
        self,
        address: ServerAddress,
        session_path: Path,
        scheduler: Scheduler,
        *,
        timeouts: Timeouts = COMMAND,
        callbacks: Callbacks = Callbacks(),
        guest: int | None = None,
    ) -> None:
        """`guest`: a data centre other than the account's home, for `at_dc`."""
        hint, count = callbacks.hint, callbacks.count
        self.api_id, self.api_hash = address.api_id, address.api_hash
        self._scheduler = scheduler
        self._pushed = hint is not None
        self.pages_have_no_pts = False
        """Set by `paging`, which finds out."""
        dialler = Dialler(address, session_path, scheduler, timeouts, hint, guest=guest)
        self._reconnecting = ReconnectingClient(dialler, scheduler, timeouts)
        self._attempts = Attempts(self._reconnecting, scheduler, timeouts, count, self)
        self._home: Connection = self
        self._guests: dict[int, Connection] = {}
        self._shut_until = -math.inf

        def open_beside(dc: int | None, timeouts: Timeouts) -> Connection:
            quiet = replace(callbacks, hint=None)
            return Connection(address, session_path, scheduler, timeouts=timeouts, callbacks=quiet, guest=dc)

        self._timeouts = timeouts
        self._open_beside: Callable[[int | None, Timeouts], Connection] = open_beside
        address.trust_keys()
        read_older_layers()

    @property
    def connected(self) -> asyncio.Event:
        """Set while there is a connection. A lost one is replaced by the next call."""
        return self._reconnecting.connected

    @property
    def dc(self) -> int:
        """The current data centre; the account's home may move."""
        return self._reconnecting.dc

    @property
    def is_admitted(self) -> bool:
        """Whether connecting needs no exported authorization."""
        return self._home is self or self._reconnecting.is_admitted

    @property
    def offline_since(self) -> float | None:
        """Unix time since which a connection has been wanted in vain; None while connected or before the first call."""
        return self._reconnecting.offline_since

    @property
    def clock_ahead(self) -> float | None:
        """Seconds by which our clock was ahead of the server's at the last connection; None before the first."""
        return self._reconnecting.clock_ahead

    @property
    def trouble(self) -> Error | None:
        """Why the last attempt to connect failed, while offline."""
        return self._reconnecting.trouble

    @property
    def flood_wait(self) -> float:
        """Seconds until the last flood wait of this account is over; 0 without one."""
        return max(self._scheduler.flood_wait, 0.0)

    def flood_wait_of(self, method: str) -> float:
        """Seconds until the flood wait of this method is over; 0 without one."""
        return self._scheduler.flood_wait_of(method)

    async def close(self) -> None:
        """Disconnect; the session stays. The tasks that use the connection must have ended."""
        for guest in self._guests.values():
            await guest.close()
        await self._reconnecting.close()

    async def close_guests(self) -> None:
        """Disconnect from all data centres but the home, even from busy ones."""
        for guest in list(self._home._guests.values()):  # noqa: SLF001  # same class
            await guest._reconnecting.drop()  # noqa: SLF001  # same class

    async def forget_session(self) -> None:
        """Start over with a new key: the old one is no longer valid."""
        await self.close()
        self._reconnecting.forget_keys()

    def at_dc(self, dc: int) -> Connection:
        """The same account at another data centre, for files. It is logged in there once; the key is stored."""
        if dc == self._reconnecting.dc:
            return self
        if dc not in self._guests:
            self._guests[dc] = self._open_beside(dc, self._timeouts)
            self._guests[dc]._home = self  # noqa: SLF001  # same class
        return self._guests[dc]

    def beside(self, dc: int, timeouts: Timeouts) -> Connection:
        """Another connection to a data centre or the home, for files; void once the home moves. Close it."""
        other = self._open_beside(None if dc == self._reconnecting.dc else dc, timeouts)
        other._home = self._home  # noqa: SLF001  # same class
        other._reconnecting.borrow_session()  # noqa: SLF001  # same class
        return other

    async def is_logged_in(self) -> bool:
        """Whether the server treats this session as logged in. Raises LoginNeeded if the server gives a reason.

        Telethon's own check takes any error for a no: a flood wait would look like a lost login. If the server refuses
        the first method, a second one is tried; if it refuses both, we assume a login, and the first real call decides.
        """
        for method, request in (
            ("getState", functions.updates.GetStateRequest()),
            ("getUsers", functions.users.GetUsersRequest([types.InputUserSelf()])),
        ):
            try:
                return await self._is_answered(request, method)
            except (ServerFault, ChannelError) as exc:
                if not isinstance(exc.__cause__, RPCError):
                    raise  # temporary
                log.info("%s is refused: %s", method, exc.args[0])
        return True

    async def _is_answered(self, request: TLRequest, method: str) -> bool:
        try:
            await self.call(request, method=method, priority=Priority.LIVE, raw_errors=(AuthKeyUnregisteredError,))
        except AuthKeyUnregisteredError:
            return False
        return True

    async def invoke(
        self,
        request: TLRequest,
        *,
        method: str,
        priority: Priority = Priority.LIVE,
        channel_id: ChannelId | None = None,
        raw_errors: tuple[type[Exception], ...] = (),
    ) -> Any:
        """The answer as a TL object. Raises what `call` raises, and the `raw_errors` unchanged."""
        body = await self.call(request, method=method, priority=priority, channel_id=channel_id, raw_errors=raw_errors)
        return read_object(body)

    async def call(
        self,
        request: TLRequest,
        *,
        method: str,
        priority: Priority = Priority.BACKFILL,
        channel_id: ChannelId | None = None,
        raw_errors: tuple[type[Exception], ...] = (),
        dc: int | None = None,
        takeout_id: int | None = None,
    ) -> bytes:
        """The answer's bytes. Raises FloodWait, LoginNeeded, Unreachable, ServerFault, ChannelError, UsageError.

        `dc`: for files, the data centre to ask first; the server may redirect. `takeout_id`: the takeout session to
        use. `raw_errors`: Telethon's errors to raise unchanged.
        """
        if takeout_id is not None:
            request = functions.InvokeWithTakeoutRequest(takeout_id, request)
        how: dict[str, Any] = {"method": method, "priority": priority, "channel_id": channel_id}

        def ask(client: Client) -> Awaitable[bytes]:
            return client.ask(request, updates=self._pushed)

        def attempt(where: Connection, *more: type[Exception]) -> Awaitable[bytes]:
            errors = (*raw_errors, *more)
            return where._attempts.run(ask, **how, raw_errors=errors, takeout=takeout_id is not None)

        if dc is None:
            return await attempt(self)
        for _ in range(_MAX_REDIRECTS):
            try:
                return await attempt(self.at_dc(dc), FileMigrateError)
            except FileMigrateError as exc:
                dc = int(exc.new_dc)
        raise ServerFault("the data centres keep redirecting the request for this file.", hint="Try again later.")

    async def ready(self) -> None:
        """Return when connected. Raises the error that prevents it."""
        await self._reconnecting.ready(None if self._home is self else self._export)

    async def _export(self) -> ExportedAuthorization:
        if asyncio.get_running_loop().time() < self._shut_until:
            raise not_admitted(self._reconnecting.dc)
        return await export(self._home, self._reconnecting.dc)

    async def follow(self, client: Client, sent: Exception, been: set[int]) -> None:
        """Follow a redirection, or import the authorization again; raises other errors.

        `been`: data centres this call was already redirected to.
        """
        if isinstance(sent, MIGRATIONS):
            if self._home is self:
                await follow(self, self._reconnecting, client, sent, been)
                if gone := self._guests.pop(self._reconnecting.dc, None):
                    await gone._reconnecting.drop()  # noqa: SLF001  # same class; it is the home now
                return
            been.add(sent.new_dc)
            await self._home.is_logged_in()  # which follows the account itself
        if self._home is not self and client.unproven:  # what it imported does not hold
            await self._reconnecting.expel(client)
            self._shut_until = asyncio.get_running_loop().time() + _SHUT
            raise not_admitted(self._reconnecting.dc)
        if self._home is self or -1 in been:
            raise await self._attempts.refuse(client, sent)
        been.add(-1)
        await self._reconnecting.expel(client)
