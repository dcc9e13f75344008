"""The connection supervisor: gives out the connected client, or makes a new one.

Telethon's own reconnecting re-sends what we have given up on, gives up after 35 s, and waits forever for an answer
that never comes. So a failed client is discarded with everything it had pending, and a new one is made.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from archiver.errors import Error, LoginNeeded, UsageError
from archiver.pacing.scheduler import Scheduler
from archiver.telegram.client import Client
from archiver.telegram.connection_errors import unreachable
from archiver.telegram.dialling import Dialler
from archiver.telegram.exported_authorization import ExportedAuthorization
from archiver.telegram.timeouts import Timeouts

log = logging.getLogger(__name__)

Export = Callable[[], Awaitable[ExportedAuthorization]]


class ReconnectingClient:
    """The one client of an account at one data centre, shared by any number of tasks.

    `timeouts.forever`: whether it never gives up.
    """

    def __init__(self, dialler: Dialler, scheduler: Scheduler, timeouts: Timeouts) -> None:
        self.connected = asyncio.Event()
        """Set while there is a connection."""
        self.offline_since: float | None = None
        """Unix time since which a connection has been wanted in vain."""
        self.trouble: Error | None = None
        """Why the last attempt failed, while offline."""
        self.clock_ahead: float | None = None
        """Seconds by which our clock was ahead of the server's at the last connection."""
        self._scheduler = scheduler
        self._timeouts = timeouts
        self._client: Client | None = None
        self._dead: LoginNeeded | None = None
        self._was_connected = False
        self._failures = 0
        """Lost connections and failed attempts since the last answer."""
        self._connecting = asyncio.Lock()
        self.moving = asyncio.Lock()
        """Held by the task that moves the account's home."""
        self._dialler = dialler
        self.route = dialler.route

    def borrow_session(self) -> None:
        """Never write the session of the home: another client does."""
        self._dialler.borrows_session = True

    @property
    def dc(self) -> int:
        """The data centre it connects to."""
        return self._dialler.dc

    @property
    def is_admitted(self) -> bool:
        """Whether the account is logged in there."""
        return self._dialler.is_admitted

    @property
    def client(self) -> Client | None:
        """The client, if it is connected now."""
        return self._client if self._client is not None and self._client.alive else None

    def holds(self, client: Client) -> bool:
        """Whether this is still the current client."""
        return self._client is client

    async def ready(self, export: Export | None = None) -> None:
        """Return when there is a client. Raises LoginNeeded, UsageError, and Unreachable unless it never gives up.

        `export` gets the authorization for a data centre where the account is not logged in.
        """
        if self.client:
            return
        async with self._connecting:  # one task connects, the others wait for it
            if self.client:
                return
            if self._client is not None:
                await self.lose(self._client)
            if self._dead is not None:
                raise LoginNeeded(*self._dead.args, hint=self._dead.hint)
            if export and not self._dialler.is_admitted:
                self._dialler.exported = await export()
            self.offline_since = self.offline_since or self._scheduler.clock.now()
            self._client = await (self._connect_for_ever() if self._timeouts.forever else self._connect())
            self.clock_ahead = self._client.clock_ahead
            self._client.ended.add_done_callback(lambda _: self._note_loss())
            self._was_connected = True
            self.offline_since = self.trouble = None
            self.connected.set()
            self._note_loss()

    async def lose(self, client: Client) -> None:
        """Discard this client, unless it has been replaced already."""
        if self._client is not client:
            return
        self._client = None
        self._failures += 1
        self._note_loss()
        await client.disconnect_quietly()

    async def close(self) -> None:
        """Disconnect; the session stays. The tasks that use the client must have ended."""
        async with self._connecting:
            client, self._client = self._client, None
            self.connected.clear()
            if client is not None:
                await client.disconnect_quietly()

    async def move(self, client: Client, dc: int, exported: ExportedAuthorization | None, *, with_key: bool) -> None:
        """Move the account's home as the server ordered this client, unless the client has been replaced already.

        `with_key`: without an exported authorization, try the old key there.
        """
        async with self._connecting:
            if self._client is not client:
                return
            self._dialler.move(dc, exported, with_key=with_key)
            await self.lose(client)
            self._failures = 0

    async def expel(self, client: Client) -> None:
        """Import the authorization again: the data centre has forgotten it."""
        if self._client is client:
            self._dialler.expel()
            await self.lose(client)

    def forget_keys(self) -> None:
        """Start over with new keys at the same home; the connection must be closed."""
        self._dead = None
        self.route.forget_keys()

    async def judge(self, client: Client, exc: BaseException) -> Error:
        """Discard the client and explain why its connection was lost. Raises LoginNeeded if the session is at fault.

        Of all the calls that see the same connection lost, only the first counts.
        """
        if self._client is not client:
            return unreachable(ConnectionError())
        await self.lose(client)
        try:
            failure = self._dialler.judge(exc, client.dc_address)
        except LoginNeeded as dead:
            self.end(dead)
            raise
        await self._dialler.transport_errors.obey(exc)
        return failure

    async def drop(self) -> None:
        """Disconnect; pending calls connect again."""
        if self._client is not None:
            await self.lose(self._client)

    def note_answer(self) -> None:
        """Record that the connection works."""
        self._failures = 0
        self._dialler.transport_errors.note_answer()

    def end(self, failure: LoginNeeded) -> None:
        """Record that the account is logged out: a service must not connect again."""
        if self._timeouts.forever:
            self._dead = failure

    def _note_loss(self) -> None:
        if self.connected.is_set() and not self.client:
            self.connected.clear()
            self.offline_since = self._scheduler.clock.now()

    async def _connect(self) -> Client:
        delays = self._timeouts.delays if self._was_connected else self._timeouts.first_delays
        for delay in delays:
            made = await self._dialler.dial()
            if isinstance(made, Client):
                return made
            await asyncio.sleep(delay)
        made = await self._dialler.dial()
        if isinstance(made, Client):
            return made
        raise made

    async def _connect_for_ever(self) -> Client:
        first, most = self._timeouts.backoff
        while True:
            if self._failures > 1:
                delay = min(first * 2 ** min(self._failures - 2, 30), most)
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, not a secret
            try:
                made = await self._dialler.dial()
            except LoginNeeded as exc:
                self.end(exc)
                raise
            except UsageError:
                raise
            except Error as exc:
                made = exc
            if isinstance(made, Client):
                return made
            self._failures += 1
            self.trouble = made
            log.info("connecting failed %d times in a row: %s", self._failures, made.args[0])
