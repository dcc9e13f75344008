"""Telethon's client as transport, keys and TL types: what it does by itself is cut out, nothing of it lives on unseen.

`connect` says who we are and asks for the servers' list of addresses, in one call; it asks for nobody's name and starts
no update engine, so that no updates.getDifference can go out. Nothing is called through Telethon's own methods, which
would repeat calls and move to other data centres by themselves.
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
_GOODBYE = 2.0
"""Seconds that hanging up may take."""
_TIMEOUT, _HASTE = 10, 5
"""Seconds for the network to connect; less where there are other addresses."""

CONNECTION_LOST = (AuthKeyNotFound, InvalidBufferError, InvalidChecksumError, EOFError, ConnectionError, OSError)
"""What Telethon raises for a line that broke; IncompleteReadError (a polite end within an answer) is an EOFError."""
_KNOWN = (Error, RPCError, KeyExchangeError, TypeNotFoundError, ProxyFailedError, *CONNECTION_LOST)
"""What has a meaning of its own; a TimeoutError is an OSError."""


class HungError(Exception):
    """No answer came within the time limit."""


class BrokenError(ConnectionError):
    """Telethon failed in a way that is none of the known ones: a refused message, bytes that make no sense.

    The text is the failure's type only: Telethon puts requests and answers into its own.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(type(cause).__name__)


class Client(TelegramClient):  # type: ignore[misc]  # Telethon is untyped
    """One line to the server: connected once, and thrown away when it is lost."""

    def __init__(
        self,
        session: FileSession | MemorySession,
        place: DcAddress,
        address: ServerAddress,
        hint: Hint | None,
        *,
        haste: bool = False,
        padded: bool = True,
    ) -> None:
        """`haste`: there are other ways, so that this one is not waited for long. `padded`: how a key is made."""
        session.set_dc(place.dc, place.host, place.port)
        super().__init__(
            session,
            address.api_id,
            address.api_hash,
            flood_sleep_threshold=0,
            request_retries=1,
            raise_last_call_error=True,
            receive_updates=hint is not None,
            use_ipv6=place.ipv6,
            device_model="telekeep",
            app_version=address.app_version,
            base_logger=_quiet_logger(),
            **_line_options(place, address),
        )
        self.place = place
        self.says_dc: int | None = None
        """Which data centre it is, as it says itself."""
        self.options: tuple[DcAddress, ...] = ()
        """Where all are, as it said when we connected."""
        self.clock_ahead: float | None = None
        """Seconds by which our clock was ahead of the server's when we connected."""
        self.made_key = self.session.auth_key is None
        self._sender = Sender(
            self.session.auth_key,
            dc=place.exchanged_dc,
            padded=padded,
            loggers=self._log,
            retries=1,
            delay=0,  # the waiting between tries is ours
            auto_reconnect=False,
            connect_timeout=_HASTE if haste else _TIMEOUT,
            auth_key_callback=self._auth_key_callback,
            updates_queue=UpdateQueue(hint),
        )
        state = self._sender._state  # noqa: SLF001
        state.decrypt_message_data = unpacking(state.decrypt_message_data)
        results = self._sender._handlers  # noqa: SLF001
        results[RpcResult.CONSTRUCTOR_ID] = guarded(results[RpcResult.CONSTRUCTOR_ID])
        self.answered = 0
        """Calls to which something came back, errors included."""
        self.hung = 0
        """Calls given up on. Telethon keeps each of them for as long as it lives."""

    @property
    def ended(self) -> asyncio.Future[None]:
        """Done when Telethon notices that the line is lost."""
        future: asyncio.Future[None] = self._sender._disconnected  # noqa: SLF001  # the public one is a new shield each
        return future

    @property
    def alive(self) -> bool:
        """Whether there is anybody to ask, as far as is known. While Telethon hangs up, what it is given is lost."""
        return bool(self.is_connected() and self._sender._transport_connected())  # noqa: SLF001

    async def within(self, seconds: float, asked: Awaitable[T]) -> T:
        """The answer, within a limit. Raises HungError, BrokenError, and what Telethon raises for a lost line."""
        answer, ended = asyncio.ensure_future(asked), self.ended
        try:
            await asyncio.wait((answer, ended), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if answer.cancelled():
                raise ConnectionError("the request was dropped")
            if answer.done():
                return answer.result()
            if ended.done():
                raise ended.exception() or ConnectionError("the line was lost")
        except _KNOWN:
            raise
        except Exception as exc:
            # When the line has ended of it, it was told to all who ask, and is not this question's.
            raise (ConnectionError(type(exc).__name__) if ended.done() else BrokenError(exc)) from exc
        finally:
            answer.cancel()
        raise HungError

    async def connect_within(self, seconds: float) -> None:
        """Connect, within a limit. Raises BrokenError and what Telethon raises.

        A future that Telethon cancelled means a lost line, not that we are to stop.
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

    async def hang_up(self) -> None:
        """Disconnect; whatever that does must neither last nor hide the reason."""
        leaving: Coroutine[Any, Any, None] = self._disconnect_coro()  # the public one only adds a shield
        try:
            await asyncio.wait_for(leaving, _GOODBYE)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # we are to stop; Telethon's own cancelled futures are no reason
        except Exception as exc:  # noqa: BLE001  # whatever it is, the line is given up
            log.debug("hanging up: %s", type(exc).__name__)
        if self.ended.done() and not self.ended.cancelled():
            self.ended.exception()  # a future nobody looks at would complain when collected

    async def connect(self) -> None:
        """Connect, making a key where there is none, and introduce ourselves."""
        self._loop = asyncio.get_running_loop()
        line = self._connection(
            self.place.host, self.place.port, self.place.dc, loggers=self._log, proxy=self._proxy, local_addr=None
        )
        await self._sender.connect(line)
        self.session.auth_key = self._sender.auth_key
        body = await self.greet(functions.help.GetConfigRequest())
        # The ids of the server's messages are its time, in 2^-32 seconds.
        self.clock_ahead = time.time() - self._sender._state._highest_remote_id / 2**32  # noqa: SLF001
        self.says_dc, self.options = read_config(body)
        self.session.save()
        self._keepalive_handle = self._loop.create_task(self._keepalive_loop())

    def greet(self, request: TLRequest) -> Awaitable[bytes]:
        """Ask this, and say who we are: what a line has to begin with."""
        self._init_request.query = request
        greeting = functions.InvokeWithoutUpdatesRequest(self._init_request) if self._no_updates else self._init_request
        return self.ask(functions.InvokeWithLayerRequest(LAYER, greeting), updates=True)

    def ask(self, request: TLRequest, *, updates: bool = False) -> Awaitable[bytes]:
        """Send it: once, and whatever is answered comes back unread. Raises Telethon's errors."""
        answer: Awaitable[bytes] = self._sender.send(Raw(request, updates=updates))
        return answer


def _line_options(place: DcAddress, address: ServerAddress) -> dict[str, Any]:
    if address.proxy is None:
        return {"connection": ObfuscatedTransport if place.tcpo_only else PlainTransport}
    return proxy_options(address.proxy)


def _quiet_logger() -> logging.Logger:
    """Telethon logs peers, phone numbers and whole answers: none of it may reach our logs."""
    quiet = logging.getLogger("archiver.telegram.telethon")
    quiet.setLevel(logging.CRITICAL + 1)
    return quiet
