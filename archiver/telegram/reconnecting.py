"""The supervisor of an account's line: whoever needs a client gets the one that is there, or waits for the next one.

Telethon reconnects by itself, but re-sends what we have given up on, gives up after 35 s, and waits for ever for an
answer that never comes; so a client that fails is thrown away with all it had pending, and a new one is made.
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
    """The one client of an account in one data centre, for any number of tasks.

    `timeouts.forever` says whether it is given up at all.
    """

    def __init__(self, dialler: Dialler, scheduler: Scheduler, timeouts: Timeouts) -> None:
        self.connected = asyncio.Event()
        """Set while there is a line."""
        self.offline_since: float | None = None
        """Unix time since which a line has been wanted in vain."""
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
        """Lines lost and not made since the last answer."""
        self._mending = asyncio.Lock()
        self.moving = asyncio.Lock()
        """Held by whoever moves the account's home."""
        self._dialler = dialler
        self.route = dialler.route

    @property
    def dc(self) -> int:
        """The data centre that it leads to."""
        return self._dialler.dc

    @property
    def client(self) -> Client | None:
        """The client, if there is one to ask at this moment."""
        return self._client if self._client is not None and self._client.alive else None

    def holds(self, client: Client) -> bool:
        """Whether it is still this one."""
        return self._client is client

    async def ready(self, export: Export | None = None) -> None:
        """Return when there is a client. Raises LoginNeeded, UsageError; Unreachable unless it is tried for ever.

        `ticket` gives what lets us in, where that has to be.
        """
        if self.client:
            return
        async with self._mending:  # one connects, the others wait for it
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
        """Throw this client away, unless that was done already: never a newer one."""
        if self._client is not client:
            return
        self._client = None
        self._failures += 1
        self._note_loss()
        await client.hang_up()

    async def close(self) -> None:
        """Hang up; the session stays. The tasks that use the line have to have ended."""
        async with self._mending:
            client, self._client = self._client, None
            self.connected.clear()
            if client is not None:
                await client.hang_up()

    async def move(self, client: Client, dc: int, exported: ExportedAuthorization | None, *, with_key: bool) -> None:
        """The account is at home elsewhere, as this client was told; nothing is done when that is known already.

        `with_key`: without a ticket, the old key may be good there.
        """
        async with self._mending:
            if self._client is not client:
                return
            self._dialler.move(dc, exported, with_key=with_key)
            await self.lose(client)
            self._failures = 0

    async def expel(self, client: Client) -> None:
        """A data centre has forgotten that it let us in."""
        if self._client is client:
            self._dialler.expel()
            await self.lose(client)

    def forget_keys(self) -> None:
        """Begin with new keys, at the same home; the line has to be closed."""
        self._dead = None
        self.route.forget_keys()

    async def judge(self, client: Client, exc: BaseException) -> Error:
        """What it means that this client's line broke; raises LoginNeeded when it is the session that is at fault.

        Of all the calls that see the same line break, the first counts.
        """
        if self._client is not client:
            return unreachable(ConnectionError())
        await self.lose(client)
        try:
            failure = self._dialler.judge(exc, client.place)
        except LoginNeeded as dead:
            self.end(dead)
            raise
        await self._dialler.doubts.obey(exc)
        return failure

    async def drop(self) -> None:
        """Hang up; whoever is asking connects again."""
        if self._client is not None:
            await self.lose(self._client)

    def note_answer(self) -> None:
        """The line is good."""
        self._failures = 0
        self._dialler.doubts.note_answer()

    def end(self, failure: LoginNeeded) -> None:
        """The account is dead: a service must not knock again."""
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
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311  # to spread, not to hide
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
