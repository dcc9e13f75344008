"""The supervisor of an account's line: whoever needs a client gets the one that is there, or waits for the next one.

Telethon reconnects by itself, but re-sends what we have given up on, gives up after 35 s, and waits for ever for an
answer that never comes; so a client that fails is thrown away with all it had pending, and a new one is made.
"""

from __future__ import annotations

import asyncio
import logging
import random
from pathlib import Path

from telethon.errors import AuthKeyNotFound, InvalidBufferError, RPCError, TypeNotFoundError

from archiver.errors import Error, LoginNeeded, ServerFault, Unreachable, UnreadableObject, UsageError
from archiver.schedule import Priority, Scheduler
from archiver.telegram.address import Address
from archiver.telegram.client import LOST_LINE, BrokenError, Client
from archiver.telegram.faults import LOGIN_AGAIN, flood_seconds, is_of_line, is_transient, translate
from archiver.telegram.patience import Patience
from archiver.telegram.proxy import ProxyFailedError
from archiver.telegram.pushes import Hint
from archiver.telegram.session import FileSession
from config.accounts import proxy_place

log = logging.getLogger(__name__)

_CONNECT = "connect"
"""Under this name the scheduler knows the making of connections."""
_TRANSPORT_FLOOD = 60
"""Seconds without a connection after the transport's -429."""


class Line:
    """The one client of an account, for any number of tasks; `patience.forever` says whether it is given up at all."""

    def __init__(
        self, address: Address, session_path: Path, scheduler: Scheduler, patience: Patience, hint: Hint | None
    ) -> None:
        self.connected = asyncio.Event()
        """Set while there is a line."""
        self.offline_since: float | None = None
        """Unix time since which a line has been wanted in vain."""
        self.trouble: Error | None = None
        """Why the last attempt failed, while offline."""
        self._address = address
        self._session_path = session_path
        self._scheduler = scheduler
        self._patience = patience
        self._hint = hint
        self._client: Client | None = None
        self._dead: LoginNeeded | None = None
        self._was_connected = False
        self._failures = 0
        """Lines lost and not made since the last answer."""
        self._mending = asyncio.Lock()

    @property
    def client(self) -> Client | None:
        """The client, if there is one to ask at this moment."""
        return self._client if self._client is not None and self._client.alive else None

    async def ready(self) -> None:
        """Return when there is a client. Raises LoginNeeded, UsageError; Unreachable unless it is tried for ever."""
        if self.client:
            return
        async with self._mending:  # one connects, the others wait for it
            if self.client:
                return
            if self._client is not None:
                await self.lose(self._client)
            if self._dead is not None:
                raise LoginNeeded(*self._dead.args, hint=self._dead.hint)
            self.offline_since = self.offline_since or self._scheduler.clock.now()
            self._client = await (self._connect_for_ever() if self._patience.forever else self._connect())
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

    def note_answer(self) -> None:
        """The line is good."""
        self._failures = 0

    def end(self, failure: LoginNeeded) -> None:
        """The account is dead: a service must not knock again."""
        if self._patience.forever:
            self._dead = failure

    def revive(self) -> None:
        """There will be a new session."""
        self._dead = None

    async def obey(self, exc: BaseException) -> None:
        """Keep the transport's own flood wait, if this is one."""
        if isinstance(exc, InvalidBufferError) and exc.code == 429:
            await self._scheduler.flooded(_CONNECT, _TRANSPORT_FLOOD)

    def _note_loss(self) -> None:
        if self.connected.is_set() and not self.client:
            self.connected.clear()
            self.offline_since = self._scheduler.clock.now()

    async def _connect(self) -> Client:
        delays = self._patience.delays if self._was_connected else self._patience.first_delays
        for delay in delays:
            made = await self._try()
            if isinstance(made, Client):
                return made
            await asyncio.sleep(delay)
        made = await self._try()
        if isinstance(made, Client):
            return made
        raise made

    async def _connect_for_ever(self) -> Client:
        first, most = self._patience.back_off
        while True:
            if self._failures > 1:
                delay = min(first * 2 ** min(self._failures - 2, 30), most)
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311  # to spread, not to hide
            try:
                made = await self._try()
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
            log.info("connecting failed %d times in a row: %s", self._failures, made)

    async def _try(self) -> Client | Error:
        """A connected client, or why there is none yet. Raises what another try would not mend."""
        while True:
            async with self._scheduler.turn(_CONNECT, Priority.LIVE):
                client = Client(FileSession(self._session_path), self._address, self._hint)
                made = False
                try:
                    await client.connect_within(self._patience.connect)
                    made = True
                    return client
                except (RPCError, TypeNotFoundError, ProxyFailedError, *LOST_LINE) as exc:
                    seconds = flood_seconds(exc)
                    if seconds is None:
                        return await self._failed(exc)
                    await self._scheduler.flooded(_CONNECT, seconds)
                finally:
                    if not made:
                        await client.hang_up()

    async def _failed(self, exc: Exception) -> Error:
        """Why there is no line, if another try may mend it; raises it otherwise."""
        if isinstance(exc, RPCError):
            if is_transient(exc) or is_of_line(exc):
                return translate(exc)
            raise translate(exc) from exc
        if isinstance(exc, ProxyFailedError):
            return Unreachable(
                f"the proxy at {proxy_place(self._address.proxy or '')} {exc}.",
                hint="Check that it runs, and the setting proxy; nothing is ever sent around it.",
            )
        if isinstance(exc, LOST_LINE):
            failure = unreachable(exc, self._address)
            if isinstance(failure, LoginNeeded):
                raise failure from exc
            await self.obey(exc)
            return failure
        if isinstance(exc, TypeNotFoundError):
            # `from None`: the error's text holds the bytes that could not be read.
            raise UnreadableObject(exc.invalid_constructor_id) from None
        raise exc


def unreachable(exc: BaseException, address: Address | None = None) -> Error:
    """What a lost line means."""
    if isinstance(exc, BrokenError):
        return ServerFault(f"the server and this client do not understand each other ({exc}).", hint="Try again later.")
    if isinstance(exc, AuthKeyNotFound) or (isinstance(exc, InvalidBufferError) and exc.code == 404):
        return LoginNeeded("the server does not know this session.", hint=LOGIN_AGAIN)
    if isinstance(exc, ConnectionError) and "auth_key generation failed" in str(exc):
        return Unreachable(
            "the server and this client could not agree on a key.",
            hint="Check that telegram.server.public_key is the key of the server at telegram.server.host.",
        )
    return Unreachable(
        f"{address.way if address else 'the server'} cannot be reached or does not answer ({type(exc).__name__}).",
        hint="Check the network, telegram.proxy and telegram.server; nothing is lost, run the command again.",
    )
