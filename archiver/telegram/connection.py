"""One connection to the server, for ever: every call paced, timed, retried, and a lost line replaced by a new client.

Telethon reconnects by itself, but re-sends what we have given up on, gives up after 35 s, and waits for ever for an
answer that never comes; so a client that fails is thrown away with all it had pending.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from telethon import TelegramClient
from telethon.errors import AuthKeyNotFound, InvalidBufferError, InvalidChecksumError, RPCError, TypeNotFoundError
from telethon.tl import TLRequest

from archiver.errors import Error, LoginNeeded, ServerFault, Unreachable, UnreadableObject
from archiver.pace import Pacer
from archiver.telegram.address import Address, proxy_options, trust_key
from archiver.telegram.answers import Unwrapped
from archiver.telegram.faults import LOGIN_AGAIN, flood_seconds, is_transient, translate
from archiver.telegram.session import FileSession

log = logging.getLogger(__name__)

_LOST_LINE = (
    AuthKeyNotFound,
    InvalidBufferError,
    InvalidChecksumError,
    EOFError,
    ConnectionError,
    TimeoutError,
    OSError,
)
"""What Telethon raises for a line that broke; IncompleteReadError (a polite end within an answer) is an EOFError."""
T = TypeVar("T")
_CONNECT = "connect"


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


class _Client(TelegramClient):  # type: ignore[misc]  # Telethon is untyped
    """Telethon's client without its update engine: no command may depend on the account's own messages."""

    async def _on_login(self, user: Any) -> Any:
        self._mb_entity_cache.set_self_user(user.id, user.bot, user.access_hash)
        self._authorized = True
        return user

    async def _update_loop(self) -> None:
        """Nothing to do: differences are asked for channel by channel."""


class Connection:
    """Sends requests; owns the client and the session. Not for use from several tasks at the same time."""

    def __init__(self, address: Address, session_path: Path, pacer: Pacer, *, patience: Patience = Patience()) -> None:
        self._address = address
        self._patience = patience
        self._session_path = session_path
        self._pacer = pacer
        self._client: TelegramClient | None = None
        self._was_connected = False
        self._mending = asyncio.Lock()
        if address.public_key:
            trust_key(address.public_key)

    async def client(self) -> TelegramClient:
        """The connected client, made anew where there is none. Raises Unreachable, LoginNeeded."""
        async with self._mending:
            if self._client is None or not self._client.is_connected():
                await self._drop()
                self._client = await self._connect()
                self._was_connected = True
            return self._client

    async def close(self) -> None:
        """Hang up; the session stays."""
        async with self._mending:
            await self._drop()

    async def call(self, request: TLRequest, *, method: str) -> bytes:
        """The answer's bytes. Raises FloodWait, LoginNeeded, Unreachable, ServerFault, ChannelError, UsageError."""

        async def ask(client: TelegramClient) -> bytes:
            body: bytes = await client._sender.send(Unwrapped(request))  # noqa: SLF001  # no retry, no memory of floods
            return body

        return await self.attempt(ask, method=method)

    async def attempt(
        self,
        ask: Callable[[TelegramClient], Awaitable[T]],
        *,
        method: str,
        raw_errors: tuple[type[Exception], ...] = (),
    ) -> T:
        """Run `ask` on a connected client, paced, timed, repeated as the failure allows.

        `raw_errors` are Telethon's errors that the caller within this package wants to see as they are.
        """
        patience = self._patience
        tries = 0
        while True:
            await self._pacer.turn(method)
            client = await self.client()
            try:
                return await _within(min(patience.call * (tries + 1), patience.call_most), ask(client))
            except _LOST_LINE as exc:
                failure = _lost(exc)
                if isinstance(failure, LoginNeeded):
                    raise failure from exc
                log.info("%s: the connection was lost (%s); connecting anew", method, type(exc).__name__)
                async with self._mending:
                    await self._drop()
            except raw_errors:
                raise
            except RPCError as exc:
                if seconds := flood_seconds(exc):
                    # The pacer ends this loop when the order is longer than its patience.
                    log.info("%s: flood wait of %d s", method, seconds)
                    await self._pacer.flooded(method, seconds)
                    continue
                failure = translate(exc)
                if not is_transient(exc):
                    raise failure from exc
                log.info("%s: %s", method, type(exc).__name__)
                failure = ServerFault(f"the server keeps failing ({type(exc).__name__}).", hint="Try again later.")
            if tries == len(patience.delays):
                raise failure
            await asyncio.sleep(patience.delays[tries])
            tries += 1

    async def forget_session(self) -> None:
        """Begin with a new key: the old one is dead."""
        await self.close()
        FileSession(self._session_path).delete()

    async def is_logged_in(self) -> bool:
        """Whether the server knows this session as logged in."""
        return bool(await self.attempt(lambda client: client.is_user_authorized(), method="getState"))

    async def _connect(self) -> TelegramClient:
        delays = self._patience.delays if self._was_connected else self._patience.first_delays
        tries = 0
        while True:
            await self._pacer.turn(_CONNECT)
            client = self._new_client()
            try:
                await _within(self._patience.connect, client.connect())
                return client
            except RPCError as exc:
                await _hang_up(client)
                if seconds := flood_seconds(exc):
                    await self._pacer.flooded(_CONNECT, seconds)
                    continue
                failure = translate(exc)
                if not is_transient(exc):
                    raise failure from exc
            except _LOST_LINE as exc:
                await _hang_up(client)
                failure = _lost(exc, host=self._address.host, port=self._address.port)
                if isinstance(failure, LoginNeeded):
                    raise failure from exc
            except TypeNotFoundError as exc:
                await _hang_up(client)
                # `from None`: the error's text holds the bytes that could not be read.
                raise UnreadableObject(exc.invalid_constructor_id) from None
            except BaseException:
                await _hang_up(client)
                raise
            if tries == len(delays):
                raise failure
            await asyncio.sleep(delays[tries])
            tries += 1

    def _new_client(self) -> TelegramClient:
        address = self._address
        session = FileSession(self._session_path)
        if address.host and address.port:
            session.set_dc(address.dc or 2, address.host, address.port)
        return _Client(
            session,
            address.api_id,
            address.api_hash,
            flood_sleep_threshold=0,
            request_retries=1,
            raise_last_call_error=True,
            retry_delay=0,  # the waiting between tries is ours
            connection_retries=1,
            auto_reconnect=False,
            receive_updates=False,
            timeout=10,
            device_model="telekeep",
            app_version=address.app_version,
            base_logger=_quiet_logger(),
            **proxy_options(address.proxy),
        )

    async def _drop(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await _hang_up(client)


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


async def _hang_up(client: TelegramClient) -> None:
    """Disconnect; whatever that does must neither last nor hide the reason."""
    leaving: Coroutine[Any, Any, None] = client._disconnect_coro()  # noqa: SLF001  # the public one only adds a shield
    try:
        await asyncio.wait_for(leaving, 5)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # we are to stop; Telethon's own cancelled futures are no reason
    except Exception as exc:  # noqa: BLE001  # whatever it is, the line is given up
        log.debug("hanging up: %s", type(exc).__name__)
    ended = client._sender._disconnected  # noqa: SLF001  # a future nobody else looks at would complain when collected
    if ended.done() and not ended.cancelled():
        ended.exception()


def _lost(exc: BaseException, *, host: str | None = None, port: int | None = None) -> Error:
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


def _quiet_logger() -> logging.Logger:
    """Telethon logs peers, phone numbers and whole answers: none of it may reach our logs."""
    quiet = logging.getLogger("archiver.telegram.telethon")
    quiet.setLevel(logging.CRITICAL + 1)
    return quiet
