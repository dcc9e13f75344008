"""Telethon's client as transport, keys and TL types: its update engine is cut out, and nothing of it lives on unseen.

What `receive_updates` changes in Telethon 1.45: requests are no longer wrapped in invokeWithoutUpdates, and that is
all. What would ask for differences by itself is `_on_login` (at every connect and login) and `_update_loop`; both are
replaced here, so the message box stays empty and no updates.getDifference can go out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from telethon import TelegramClient
from telethon.errors import AuthKeyNotFound, InvalidBufferError, InvalidChecksumError, RPCError, TypeNotFoundError
from telethon.tl.core import RpcResult

from archiver.errors import Error
from archiver.telegram.address import Address, proxy_options
from archiver.telegram.proxy import ProxyFailedError
from archiver.telegram.pushes import Hint, Sink
from archiver.telegram.session import FileSession
from archiver.telegram.unpacking import guarded, unpacking

log = logging.getLogger(__name__)

T = TypeVar("T")
_GOODBYE = 2.0
"""Seconds that hanging up may take."""


LOST_LINE = (AuthKeyNotFound, InvalidBufferError, InvalidChecksumError, EOFError, ConnectionError, OSError)
"""What Telethon raises for a line that broke; IncompleteReadError (a polite end within an answer) is an EOFError."""
_KNOWN = (Error, RPCError, TypeNotFoundError, ProxyFailedError, *LOST_LINE)
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

    def __init__(self, session: FileSession, address: Address, hint: Hint | None) -> None:
        if address.host and address.port:
            session.set_dc(address.dc or 2, address.host, address.port)
        super().__init__(
            session,
            address.api_id,
            address.api_hash,
            flood_sleep_threshold=0,
            request_retries=1,
            raise_last_call_error=True,
            retry_delay=0,  # the waiting between tries is ours
            connection_retries=1,
            auto_reconnect=False,
            receive_updates=hint is not None,
            timeout=10,
            device_model="telekeep",
            app_version=address.app_version,
            base_logger=_quiet_logger(),
            **proxy_options(address.proxy),
        )
        self._updates_queue = self._sender._updates_queue = Sink(hint)  # noqa: SLF001
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

    async def get_me(self, input_peer: bool = False) -> None:
        """Nobody: who the account is, is not needed, and a name of a newer layer would make connecting fail."""

    async def _on_login(self, user: Any) -> Any:
        self._mb_entity_cache.set_self_user(user.id, user.bot, user.access_hash)
        self._authorized = True
        return user

    async def _update_loop(self) -> None:
        """Nothing to do: differences are asked for channel by channel."""


def _quiet_logger() -> logging.Logger:
    """Telethon logs peers, phone numbers and whole answers: none of it may reach our logs."""
    quiet = logging.getLogger("archiver.telegram.telethon")
    quiet.setLevel(logging.CRITICAL + 1)
    return quiet
