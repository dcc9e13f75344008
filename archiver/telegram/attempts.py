"""One call: its turn, its time limit and its retries.

A call that gets no answer while others do fails alone; when no call is answered, the connection is at fault, and is
replaced for all of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from telethon.errors import AuthKeyUnregisteredError, RPCError, TypeNotFoundError

from archiver.errors import Error, FloodWait, LoginNeeded, ServerFault, UnreadableObject
from archiver.ids import ChannelId
from archiver.pacing.scheduler import Priority, Scheduler
from archiver.telegram.client import CONNECTION_LOST, BrokenError, Client, HungError
from archiver.telegram.connection_errors import THROTTLED, transport_code, unreachable
from archiver.telegram.faults import (
    MIGRATIONS,
    concerns_connection,
    flood_seconds,
    is_transient,
    server_name,
    translate,
)
from archiver.telegram.reconnecting import ReconnectingClient
from archiver.telegram.timeouts import Timeouts

log = logging.getLogger(__name__)

T = TypeVar("T")

Count = Callable[[str, str], None]
"""Called with the method and outcome of each call: answered, refused, flood, unreadable, hung or lost."""


def uncounted(method: str, outcome: str) -> None:
    """Count nothing."""


class Owner(Protocol):
    """What calls need of their connection."""

    async def ready(self) -> None:
        """Return when connected."""
        ...

    async def follow(self, client: Client, sent: Exception, been: set[int]) -> None:
        """Follow a redirection; raises other errors."""
        ...

    async def close_guests(self) -> None:
        """Disconnect from all data centres but the home."""
        ...


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Failure:
    error: Error
    by_others: bool = False
    """Whether other calls may have caused it."""


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """The server redirects the call to another data centre, or does not know the account at this one."""

    client: Client
    said: Exception


@dataclass(frozen=True, slots=True)
class _Retry:
    """No result, but no failure either; `error` is raised if that happens too often."""

    error: Error


_Outcome = _Answer[T] | _Failure | _Elsewhere | _Retry
_MAX_RETRIES = 50
"""Maximum repetitions of a call after flood waits, or connections lost before its turn."""


class Attempts:
    """Calls of one account at one data centre."""

    def __init__(
        self, reconnecting: ReconnectingClient, scheduler: Scheduler, timeouts: Timeouts, count: Count, owner: Owner
    ) -> None:
        self._reconnecting = reconnecting
        self._scheduler = scheduler
        self._timeouts = timeouts
        self._count = count
        self._owner = owner

    async def run(
        self,
        ask: Callable[[Client], Awaitable[T]],
        *,
        method: str,
        priority: Priority = Priority.BACKFILL,
        channel_id: ChannelId | None = None,
        raw_errors: tuple[type[Exception], ...] = (),
        takeout: bool = False,
    ) -> T:
        """Run `ask` on a connected client, in its turn, with a time limit and retries.

        `raw_errors`: Telethon's errors that the caller within this package handles itself.
        """
        timeouts = self._timeouts
        tries = losses = retries = 0
        been: set[int] = set()
        while True:
            await self._owner.ready()
            async with self._scheduler.turn(method, priority, channel_id, takeout=takeout):
                limit = min(timeouts.call * (tries + 1), timeouts.call_max)
                outcome = await self._once(ask, method, limit, raw_errors, takeout)
            if isinstance(outcome, _Answer):
                return outcome.value
            if isinstance(outcome, _Elsewhere):
                await self._owner.follow(outcome.client, outcome.said, been)
            if not isinstance(outcome, _Failure):
                retries += 1
                if isinstance(outcome, _Retry) and retries >= _MAX_RETRIES:
                    raise outcome.error
                continue
            if outcome.by_others and losses < timeouts.free_losses:
                losses += 1
                continue
            if tries == len(timeouts.delays):
                raise outcome.error
            await asyncio.sleep(timeouts.delays[tries])
            tries += 1

    async def _once(
        self,
        ask: Callable[[Client], Awaitable[T]],
        method: str,
        limit: float,
        raw_errors: tuple[type[Exception], ...],
        takeout: bool,
    ) -> _Outcome[T]:
        """One attempt, within its turn. Raises errors that retries would not fix."""
        client = self._reconnecting.client
        if client is None:
            # Lost while waiting for the turn; from here on, nothing is awaited before sending.
            return _Retry(unreachable(ConnectionError()))
        answered = client.answered
        try:
            answer = await client.within(limit, ask(client))
            self._note_answer(client)
            self._count(method, "answered")
            client.unproven = False
            return _Answer(answer)
        except raw_errors:
            raise
        except HungError:
            self._count(method, "hung")
            return _Failure(await self._hung(client, method, own=client.answered > answered))
        except CONNECTION_LOST as exc:
            self._count(method, "lost")
            # A BrokenError is caused by this call itself.
            return _Failure(await self._lost(client, method, exc), by_others=not isinstance(exc, BrokenError))
        except TypeNotFoundError as exc:
            self._count(method, "unreadable")
            # `from None`: the error's text holds the bytes that could not be read.
            raise UnreadableObject(exc.invalid_constructor_id) from None
        except RPCError as exc:
            return await self._said_no(client, exc, method, takeout)

    async def _said_no(self, client: Client, exc: RPCError, method: str, takeout: bool) -> _Outcome[T]:
        seconds = flood_seconds(exc)
        self._count(method, "refused" if seconds is None else "flood")
        if seconds:
            # The scheduler raises FloodWait if the wait is longer than its `max_wait`.
            self._note_answer(client)
            log.info("%s: flood wait of %d s", method, seconds)
            await self._scheduler.flooded(method, seconds, takeout=takeout)
            return _Retry(FloodWait(seconds, method=method))
        if isinstance(exc, (*MIGRATIONS, AuthKeyUnregisteredError)):
            self._note_answer(client)
            return _Elsewhere(client, exc)
        return _Failure(await self.refuse(client, exc, method))

    def _note_answer(self, client: Client) -> None:
        client.answered += 1
        self._reconnecting.note_answer()

    async def _hung(self, client: Client, method: str, *, own: bool) -> Error:
        """No answer in time: the call's own fault if others were answered meanwhile, else the connection's."""
        client.hung += 1
        log.info("%s: no answer; %s", method, "others are answered" if own else "reconnecting")
        if not own or client.hung >= self._timeouts.max_hung:
            await self._reconnecting.lose(client)
        if own or self._timeouts.forever:
            return ServerFault("the server does not answer this request.", hint="Try again later.")
        return unreachable(TimeoutError())

    async def _lost(self, client: Client, method: str, exc: BaseException) -> Error:
        """The connection was lost, by this call or another. Raises LoginNeeded if the session is at fault."""
        failure = await self._reconnecting.judge(client, exc)
        log.info("%s: connection lost (%s); reconnecting", method, type(exc.__cause__ or exc).__name__)
        if transport_code(exc) == THROTTLED:
            await self._owner.close_guests()  # one connection is enough then
        if self._timeouts.forever and not isinstance(exc, BrokenError):
            return ServerFault("the connection is lost whenever this request is sent.", hint="Try again later.")
        return failure

    async def refuse(self, client: Client, exc: Exception, method: str = "") -> Error:
        """A temporary failure as our error; raises permanent ones, with Telethon's error as the cause."""
        if concerns_connection(exc):
            # As bad as a lost connection; a new one introduces itself again.
            log.info("%s: %s; reconnecting", method, type(exc).__name__)
            await self._reconnecting.lose(client)
            return translate(exc)
        self._note_answer(client)
        if is_transient(exc):
            log.info("%s: %s", method, type(exc).__name__)
            return ServerFault(f"the server keeps failing ({server_name(exc)}).", hint="Try again later.")
        failure = translate(exc)
        if isinstance(failure, LoginNeeded):
            self._reconnecting.end(failure)
        raise failure from exc
