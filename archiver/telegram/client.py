"""Telethon's client, reduced to transport, keys and TL types; everything it does on its own is cut out.

`connect` introduces the app and fetches the list of addresses in one call. It does not ask for the account's user and
starts no update engine, so no updates.getDifference is ever sent. Requests never go through Telethon's own methods,
which would retry and switch data centres on their own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from telethon import TelegramClient
from telethon.errors import AuthKeyNotFound, InvalidBufferError, InvalidChecksumError, RPCError, TypeNotFoundError
from telethon.sessions import MemorySession
from telethon.tl import TLRequest, functions
from telethon.tl.alltlobjects import LAYER
from telethon.tl.core import RpcResult

from archiver.errors import Error
from archiver.telegram.answers import Raw
from archiver.telegram.data_centres import DcAddress, read_config
from archiver.telegram.key_exchange import KeyExchangeError, Sender
from archiver.telegram.packets import ObfuscatedTransport, PlainTransport
from archiver.telegram.proxy import ProxyFailedError
from archiver.telegram.pushes import Hint, UpdateQueue
from archiver.telegram.server_address import ServerAddress, proxy_options
from archiver.telegram.session import FileSession
from archiver.telegram.unpacking import guarded, unpacking

log = logging.getLogger(__name__)

T = TypeVar("T")
_DISCONNECT_TIMEOUT = 2.0
"""Maximum seconds for disconnecting."""
_TIMEOUT, _SHORT_TIMEOUT = 10, 5
"""Seconds for the TCP connection; fewer if there are other addresses to try."""

CONNECTION_LOST = (AuthKeyNotFound, InvalidBufferError, InvalidChecksumError, EOFError, ConnectionError, OSError)
"""What Telethon raises for a lost connection; IncompleteReadError (closed within an answer) is an EOFError."""
_KNOWN = (Error, RPCError, KeyExchangeError, TypeNotFoundError, ProxyFailedError, *CONNECTION_LOST)
"""Errors with a known meaning; a TimeoutError is an OSError."""


class HungError(Exception):
    """No answer within the time limit."""


class BrokenError(ConnectionError):
    """Telethon failed in an unknown way: a refused message, bytes that make no sense.

    The text is only the type of the cause: Telethon's own texts contain requests and answers.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(type(cause).__name__)


class Client(TelegramClient):  # type: ignore[misc]  # Telethon is untyped
    """One connection to the server: connected once, and discarded when it is lost."""

    def __init__(
        self,
        session: FileSession | MemorySession,
        dc_address: DcAddress,
        address: ServerAddress,
        hint: Hint | None,
        *,
        hasty: bool = False,
        padded: bool = True,
    ) -> None:
        """`hasty`: use a short timeout, since there are other addresses. `padded`: make keys with RSA_PAD."""
        session.set_dc(dc_address.dc, dc_address.host, dc_address.port)
        super().__init__(
            session,
            address.api_id,
            address.api_hash,
            flood_sleep_threshold=0,
            request_retries=1,
            raise_last_call_error=True,
            receive_updates=hint is not None,
            use_ipv6=dc_address.ipv6,
            device_model="telekeep",
            app_version=address.app_version,
            base_logger=_quiet_logger(),
            **_transport_options(dc_address, address),
        )
        self.dc_address = dc_address
        self.says_dc: int | None = None
        """The server's own data centre, as it reported when we connected."""
        self.options: tuple[DcAddress, ...] = ()
        """Addresses of all data centres, as the server reported when we connected."""
        self.clock_ahead: float | None = None
        """Seconds by which our clock was ahead of the server's when we connected."""
        self.made_key = self.session.auth_key is None
        self._sender = Sender(
            self.session.auth_key,
            dc=dc_address.exchanged_dc,
            padded=padded,
            loggers=self._log,
            retries=1,
            delay=0,  # we wait between attempts ourselves
            auto_reconnect=False,
            connect_timeout=_SHORT_TIMEOUT if hasty else _TIMEOUT,
            auth_key_callback=self._auth_key_callback,
            updates_queue=UpdateQueue(hint),
        )
        state = self._sender._state  # noqa: SLF001
        if isinstance(session, FileSession) and not self.made_key:
            state.salt = session.salt
        state.decrypt_message_data = unpacking(state.decrypt_message_data)
        results = self._sender._handlers  # noqa: SLF001
        results[RpcResult.CONSTRUCTOR_ID] = guarded(results[RpcResult.CONSTRUCTOR_ID])
        self.unproven = False
        """Whether it has imported an authorization, and no answer has shown yet that it holds."""
        self.answered = 0
        """Number of answered calls, errors included."""
        self.hung = 0
        """Number of abandoned calls. Telethon keeps each of them for as long as it lives."""

    @property
    def ended(self) -> asyncio.Future[None]:
        """Done when Telethon notices that the connection is lost."""
        future: asyncio.Future[None] = self._sender._disconnected  # noqa: SLF001  # the public one is a new shield each
        return future

    @property
    def alive(self) -> bool:
        """Whether it is connected, as far as known. While Telethon disconnects, new requests would be lost."""
        return bool(self.is_connected() and self._sender._transport_connected())  # noqa: SLF001

    async def within(self, seconds: float, asked: Awaitable[T]) -> T:
        """The answer, within a time limit. Raises HungError, BrokenError, and CONNECTION_LOST errors."""
        answer, ended = asyncio.ensure_future(asked), self.ended
        try:
            await asyncio.wait((answer, ended), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if answer.cancelled():
                raise ConnectionError("the request was dropped")
            if answer.done():
                return answer.result()
            if ended.done():
                raise ended.exception() or ConnectionError("the connection was lost")
        except _KNOWN:
            raise
        except Exception as exc:
            # If it ended the connection, all pending calls got it: it is not this call's own failure.
            raise (ConnectionError(type(exc).__name__) if ended.done() else BrokenError(exc)) from exc
        finally:
            answer.cancel()
        raise HungError

    async def connect_within(self, seconds: float) -> None:
        """Connect, within a time limit. Raises BrokenError and Telethon's errors.

        A future cancelled by Telethon means a lost connection, not that this task was cancelled.
        """
        try:
            async with asyncio.timeout(seconds):
                await self.connect()
        except _KNOWN:
            raise
        except Exception as exc:
            raise BrokenError(exc) from exc
        except asyncio.CancelledError as exc:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise ConnectionError("the request was dropped") from exc

    async def disconnect_quietly(self) -> None:
        """Disconnect, quickly, and without hiding the error that led here."""
        leaving: Coroutine[Any, Any, None] = self._disconnect_coro()  # the public one only adds a shield
        try:
            await asyncio.wait_for(leaving, _DISCONNECT_TIMEOUT)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # this task was cancelled, not just one of Telethon's futures
        except Exception as exc:  # noqa: BLE001  # whatever it is, the connection is given up
            log.debug("disconnecting: %s", type(exc).__name__)
        if self.ended.done() and not self.ended.cancelled():
            self.ended.exception()  # or asyncio would log an exception that was never retrieved

    async def connect(self) -> None:
        """Connect, make a key if there is none, and introduce the app."""
        self._loop = asyncio.get_running_loop()
        transport = self._connection(
            self.dc_address.host,
            self.dc_address.port,
            self.dc_address.dc,
            loggers=self._log,
            proxy=self._proxy,
            local_addr=None,
        )
        await self._sender.connect(transport)
        self.session.auth_key = self._sender.auth_key
        body = await self.greet(functions.help.GetConfigRequest())
        state = self._sender._state  # noqa: SLF001
        # The ids of the server's messages are its time, in 2^-32 seconds.
        self.clock_ahead = time.time() - state._highest_remote_id / 2**32  # noqa: SLF001
        self.session.salt = state.salt
        self.says_dc, self.options = read_config(body)
        self.session.save()
        self._keepalive_handle = self._loop.create_task(self._keepalive_loop())

    def greet(self, request: TLRequest) -> Awaitable[bytes]:
        """Send this as the first request of a connection, wrapped in the introduction of the app."""
        self._init_request.query = request
        greeting = functions.InvokeWithoutUpdatesRequest(self._init_request) if self._no_updates else self._init_request
        return self.ask(functions.InvokeWithLayerRequest(LAYER, greeting), updates=True)

    def ask(self, request: TLRequest, *, updates: bool = False) -> Awaitable[bytes]:
        """Send the request once; return the answer's bytes. Raises Telethon's errors."""
        answer: Awaitable[bytes] = self._sender.send(Raw(request, updates=updates))
        return answer


def _transport_options(dc_address: DcAddress, address: ServerAddress) -> dict[str, Any]:
    if address.proxy is None:
        return {"connection": ObfuscatedTransport if dc_address.tcpo_only else PlainTransport}
    return proxy_options(address.proxy)


def _quiet_logger() -> logging.Logger:
    """A silent logger: Telethon logs peers, phone numbers and whole answers, which must not reach our logs."""
    quiet = logging.getLogger("archiver.telegram.telethon")
    quiet.setLevel(logging.CRITICAL + 1)
    return quiet
