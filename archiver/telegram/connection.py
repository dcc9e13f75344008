"""One connection to the server, for ever: every call has its turn and its time limit, and a lost line is replaced.

Telethon reconnects by itself, but re-sends what we have given up on, gives up after 35 s, and waits for ever for an
answer that never comes; so a client that fails is thrown away with all it had pending. Many tasks may call at once: one
of them connects while the others wait for it, and a call that is answered with silence while others are answered is
its own trouble, not the line's.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from telethon.errors import AuthKeyNotFound, InvalidBufferError, InvalidChecksumError, RPCError, TypeNotFoundError
from telethon.tl import TLRequest

from archiver.errors import Error, LoginNeeded, ServerFault, Unreachable, UnreadableObject, UsageError
from archiver.schedule import Priority, Scheduler
from archiver.telegram.address import Address, trust_key
from archiver.telegram.answers import Raw
from archiver.telegram.client import Client, Hint, HungError, Line, hang_up
from archiver.telegram.faults import LOGIN_AGAIN, flood_seconds, is_transient, translate
from archiver.telegram.session import FileSession

log = logging.getLogger(__name__)

_LOST_LINE = (
    AuthKeyNotFound,
    InvalidBufferError,
    InvalidChecksumError,
    EOFError,
    ConnectionError,
    OSError,
)
"""What Telethon raises for a line that broke; IncompleteReadError (a polite end within an answer) is an EOFError."""
T = TypeVar("T")
_CONNECT = "connect"
_MOST_HUNG = 20
"""Calls that may hang on one client before it is replaced."""
_TRANSPORT_FLOOD = 60
"""Seconds without a connection after the transport's -429."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long anything is waited for, in seconds."""

    delays: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
    """Before each further try; with the time limits a dead line is given up after about five minutes."""
    first_delays: tuple[float, ...] = (0.5, 1.5)
    """Before each try of a command's first connection: a wrong address should be said soon."""
    connect: float = 20.0
    call: float = 10.0
    """For the first try of a call; each further try may take as much longer, up to `call_most`. Asking again is free
    of harm, so a lost answer should not be waited for long."""
    call_most: float = 60.0
    forever: bool = False
    """Whether a lost line is mended for ever, with back-off, instead of given up: what the service needs."""
    back_off: tuple[float, float] = (0.5, 60.0)
    """Of mending for ever: the first delay, which doubles each time, and the longest; both jittered."""
    free_losses: int = 0
    """So many lost lines under a call are not counted as its tries: other calls may have broken them."""


SERVICE = Patience(delays=(0.5, 2.0), call=10.0, call_most=15.0, forever=True, free_losses=8)
"""One channel's trouble is set aside soon, the line is mended for ever."""


class Connection:
    """Sends requests; owns the client and the session. For any number of tasks at the same time.

    `hint` is told the channels that the server pushes something about; without it nothing is pushed.
    """

    def __init__(
        self,
        address: Address,
        session_path: Path,
        scheduler: Scheduler,
        *,
        patience: Patience = Patience(),
        hint: Hint | None = None,
    ) -> None:
        self.connected = asyncio.Event()
        """Set while there is a line. It is the calls that mend a lost one."""
        self.offline_since: float | None = None
        """Unix time since which there has been no line although one is wanted."""
        self.trouble: Error | None = None
        """Why the last attempt to connect failed, while offline."""
        self._address = address
        self._patience = patience
        self._hint = hint
        self._session_path = session_path
        self._scheduler = scheduler
        self._line: Line | None = None
        self._was_connected = False
        self._dead: Error | None = None
        self._failures = 0
        """Lines lost and not made since the last answer."""
        self._mending = asyncio.Lock()
        if address.public_key:
            trust_key(address.public_key)

    async def close(self) -> None:
        """Hang up; the session stays. The tasks that call have to have ended."""
        async with self._mending:
            line, self._line = self._line, None
            self.connected.clear()
            if line is not None:
                await line.hang_up()

    async def call(
        self,
        request: TLRequest,
        *,
        method: str,
        priority: Priority = Priority.BACKFILL,
        channel_id: int | None = None,
    ) -> bytes:
        """The answer's bytes. Raises FloodWait, LoginNeeded, Unreachable, ServerFault, ChannelError, UsageError."""
        raw = Raw(request, updates=self._hint is not None)

        def ask(client: Client) -> Awaitable[bytes]:
            answer: Awaitable[bytes] = client._sender.send(raw)  # noqa: SLF001  # no retry, no memory of floods
            return answer

        return await self.attempt(ask, method=method, priority=priority, channel_id=channel_id)

    async def attempt(
        self,
        ask: Callable[[Client], Awaitable[T]],
        *,
        method: str,
        priority: Priority = Priority.BACKFILL,
        channel_id: int | None = None,
        raw_errors: tuple[type[Exception], ...] = (),
    ) -> T:
        """Run `ask` on a connected client, in its turn, timed, repeated as the failure allows.

        `raw_errors` are Telethon's errors that the caller within this package wants to see as they are.
        """
        patience = self._patience
        tries = losses = 0
        while True:
            await self._connected()
            async with self._scheduler.turn(method, priority, channel_id):
                line = self._line
                if line is None or not line.alive:
                    continue  # lost while waiting; nothing is awaited from here to the sending
                answered = line.answered
                try:
                    answer = await line.within(min(patience.call * (tries + 1), patience.call_most), ask(line.client))
                    self._note_answer(line)
                    return answer
                except HungError:
                    failure = await self._hung(line, method, own=line.answered > answered)
                except _LOST_LINE as exc:
                    failure = await self._lost(line, method, exc)
                    if losses < patience.free_losses:
                        losses += 1
                        continue
                except raw_errors:
                    raise
                except RPCError as exc:
                    self._note_answer(line)
                    if seconds := flood_seconds(exc):
                        # The scheduler ends this loop when the order is longer than its patience.
                        log.info("%s: flood wait of %d s", method, seconds)
                        await self._scheduler.flooded(method, seconds)
                        continue
                    failure = self._refused(exc, method)
            if tries == len(patience.delays):
                raise failure
            await asyncio.sleep(patience.delays[tries])
            tries += 1

    async def forget_session(self) -> None:
        """Begin with a new key: the old one is dead."""
        await self.close()
        self._dead = None
        FileSession(self._session_path).delete()

    async def is_logged_in(self) -> bool:
        """Whether the server knows this session as logged in."""
        return bool(await self.attempt(lambda client: client.is_user_authorized(), method="getState"))

    def _note_answer(self, line: Line) -> None:
        line.answered += 1
        self._failures = 0

    async def _hung(self, line: Line, method: str, *, own: bool) -> Error:
        """A call was not answered in time. Its own fault when others were; else the line is dead."""
        line.hung += 1
        log.info("%s: no answer; %s", method, "others are answered" if own else "connecting anew")
        if not own or line.hung >= _MOST_HUNG:
            await self._lose(line)
        if own or self._patience.forever:
            return ServerFault("the server does not answer this question.", hint="Try again later.")
        return unreachable(TimeoutError())

    async def _lost(self, line: Line, method: str, exc: BaseException) -> Error:
        failure = unreachable(exc)
        if isinstance(failure, LoginNeeded):
            raise self._ended(failure) from exc
        log.info("%s: the connection was lost (%s); connecting anew", method, type(exc).__name__)
        await self._lose(line)
        await self._obey_transport(exc)
        if self._patience.forever:
            return ServerFault("the connection is lost whenever this is asked.", hint="Try again later.")
        return failure

    def _refused(self, exc: RPCError, method: str) -> Error:
        """A failure that may pass; raises what does not."""
        if not is_transient(exc):
            raise self._ended(translate(exc)) from exc
        log.info("%s: %s", method, type(exc).__name__)
        return ServerFault(f"the server keeps failing ({type(exc).__name__}).", hint="Try again later.")

    def _ended(self, failure: Error) -> Error:
        """Remember for a service that the account is dead: nobody is to knock again."""
        if isinstance(failure, LoginNeeded) and self._patience.forever:
            self._dead = failure
        return failure

    async def _lose(self, line: Line) -> None:
        """Throw a line away, unless that was done already: never a newer one."""
        if self._line is not line:
            return
        self._line = None
        self._failures += 1
        self.offline_since = self._scheduler.clock.now()
        self.connected.clear()
        await line.hang_up()

    async def _connected(self) -> None:
        """Return when there is a line. Raises Unreachable, LoginNeeded, UsageError."""
        if self._line is not None and self._line.alive:
            return
        async with self._mending:
            if self._line is not None:
                if self._line.alive:
                    return
                await self._lose(self._line)
            if self._dead is not None:
                raise type(self._dead)(*self._dead.args, hint=self._dead.hint)
            self.offline_since = self.offline_since or self._scheduler.clock.now()
            client = await (self._connect_for_ever() if self._patience.forever else self._connect())
            self._line = Line(client)
            self._was_connected = True
            self.offline_since = self.trouble = None
            self.connected.set()

    async def _connect(self) -> Client:
        delays = self._patience.delays if self._was_connected else self._patience.first_delays
        for delay in (*delays, None):
            made = await self._try_connect()
            if isinstance(made, Client):
                return made
            if delay is None:
                break
            await asyncio.sleep(delay)
        raise made

    async def _connect_for_ever(self) -> Client:
        first, most = self._patience.back_off
        while True:
            if self._failures > 1:
                delay = min(first * 2 ** min(self._failures - 2, 30), most)
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311  # to spread, not to hide
            try:
                made = await self._try_connect()
            except (LoginNeeded, UsageError) as exc:
                raise self._ended(exc) from exc
            except Error as exc:
                made = exc
            if isinstance(made, Client):
                return made
            self._failures += 1
            self.trouble = made
            log.info("connecting failed %d times: %s", self._failures, made)

    async def _try_connect(self) -> Client | Error:
        """A connected client, or why there is none yet. Raises what another try would not mend."""
        while True:
            async with self._scheduler.turn(_CONNECT, Priority.LIVE):
                client = Client(FileSession(self._session_path), self._address, self._hint)
                try:
                    await _within(self._patience.connect, client.connect())
                    return client
                except RPCError as exc:
                    await hang_up(client)
                    if seconds := flood_seconds(exc):
                        await self._scheduler.flooded(_CONNECT, seconds)
                        continue
                    if not is_transient(exc):
                        raise translate(exc) from exc
                    return translate(exc)
                except _LOST_LINE as exc:
                    await hang_up(client)
                    failure = unreachable(exc, host=self._address.host, port=self._address.port)
                    if isinstance(failure, LoginNeeded):
                        raise failure from exc
                    await self._obey_transport(exc)
                    return failure
                except TypeNotFoundError as exc:
                    await hang_up(client)
                    # `from None`: the error's text holds the bytes that could not be read.
                    raise UnreadableObject(exc.invalid_constructor_id) from None
                except BaseException:
                    await hang_up(client)
                    raise

    async def _obey_transport(self, exc: BaseException) -> None:
        if isinstance(exc, InvalidBufferError) and exc.code == 429:
            await self._scheduler.flooded(_CONNECT, _TRANSPORT_FLOOD)


async def _within(seconds: float, waiting: Awaitable[T]) -> T:
    """Await with a limit. A future that Telethon cancelled means a lost line, not that we are to stop."""
    try:
        async with asyncio.timeout(seconds):
            return await waiting
    except asyncio.CancelledError as exc:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ConnectionError("the request was dropped") from exc


def unreachable(exc: BaseException, *, host: str | None = None, port: int | None = None) -> Error:
    """What a lost line means."""
    if isinstance(exc, AuthKeyNotFound) or (isinstance(exc, InvalidBufferError) and exc.code == 404):
        return LoginNeeded("the server does not know this session.", hint=LOGIN_AGAIN)
    if isinstance(exc, ConnectionError) and "auth_key generation failed" in str(exc):
        return Unreachable(
            "the server and this client could not agree on a key.",
            hint="Check that telegram.server.public_key is the key of the server at telegram.server.host.",
        )
    where = f"the server at {host}:{port}" if host else "the server"
    return Unreachable(
        f"{where} cannot be reached or does not answer ({type(exc).__name__}).",
        hint="Check the network, telegram.proxy and telegram.server; nothing is lost, run the command again.",
    )
