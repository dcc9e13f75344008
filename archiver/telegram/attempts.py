"""One call: its turn, its time limit, and its repetition as its failure allows.

A call that meets silence while others are answered is its own trouble and fails alone; when nothing is answered, the
line is at fault, and is replaced under all of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from telethon.errors import AuthKeyUnregisteredError, RPCError, TypeNotFoundError

from archiver.errors import Error, FloodWait, LoginNeeded, ServerFault, UnreadableObject
from archiver.pacing.scheduler import Priority, Scheduler
from archiver.telegram.client import LOST_LINE, BrokenError, Client, HungError
from archiver.telegram.connection_errors import THROTTLED, transport_code, unreachable
from archiver.telegram.faults import MIGRATIONS, flood_seconds, is_of_line, is_transient, server_name, translate
from archiver.telegram.reconnecting import ReconnectingClient
from archiver.telegram.timeouts import Timeouts

log = logging.getLogger(__name__)

T = TypeVar("T")

Count = Callable[[str, str], None]
"""Told of each call: its method, and what came of it: answered, refused, flood, unreadable, hung or lost."""


def uncounted(method: str, outcome: str) -> None:
    """Nobody counts."""


class Owner(Protocol):
    """Whose calls these are."""

    async def ready(self) -> None:
        """Return when there is a line."""
        ...

    async def follow(self, client: Client, sent: Exception, been: set[int]) -> None:
        """Go where the server sends this call; raises what that does not mend."""
        ...

    async def close_guests(self) -> None:
        """Hang up everywhere but at home."""
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
    """The server sends the call to another data centre, or does not know us at this one."""

    client: Client
    said: Exception


@dataclass(frozen=True, slots=True)
class _Vain:
    """Nothing came of it that counts as a failure; `error` says what, when there is no end of it."""

    error: Error


_Outcome = _Answer[T] | _Failure | _Elsewhere | _Vain
_MOST_IN_VAIN = 50
"""So often one call is repeated that was told to wait, or whose line was lost before its turn: not for ever."""


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
        channel_id: int | None = None,
        raw_errors: tuple[type[Exception], ...] = (),
        takeout: bool = False,
    ) -> T:
        """Run `ask` on a connected client, in its turn, timed, repeated as the failure allows.

        `raw_errors` are Telethon's errors that the caller within this package wants to see as they are.
        """
        timeouts = self._timeouts
        tries = losses = vain = 0
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
                vain += 1
                if isinstance(outcome, _Vain) and vain >= _MOST_IN_VAIN:
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
        """One try, within its turn. Raises what further tries do not mend."""
        client = self._reconnecting.client
        if client is None:
            # Lost while waiting for the turn; from here to the sending nothing is awaited.
            return _Vain(unreachable(ConnectionError()))
        answered = client.answered
        try:
            answer = await client.within(limit, ask(client))
            self._note_answer(client)
            self._count(method, "answered")
            return _Answer(answer)
        except raw_errors:
            raise
        except HungError:
            self._count(method, "hung")
            return _Failure(await self._hung(client, method, own=client.answered > answered))
        except LOST_LINE as exc:
            self._count(method, "lost")
            # By a BrokenError it was this call itself.
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
            # The scheduler ends the tries when the order is longer than its timeouts.
            self._note_answer(client)
            log.info("%s: flood wait of %d s", method, seconds)
            await self._scheduler.flooded(method, seconds, takeout=takeout)
            return _Vain(FloodWait(seconds, method=method))
        if isinstance(exc, (*MIGRATIONS, AuthKeyUnregisteredError)):
            self._note_answer(client)
            return _Elsewhere(client, exc)
        return _Failure(await self.refuse(client, exc, method))

    def _note_answer(self, client: Client) -> None:
        client.answered += 1
        self._reconnecting.note_answer()

    async def _hung(self, client: Client, method: str, *, own: bool) -> Error:
        """No answer in time: the call's own fault when others were answered meanwhile, else the line's."""
        client.hung += 1
        log.info("%s: no answer; %s", method, "others are answered" if own else "connecting anew")
        if not own or client.hung >= self._timeouts.max_hung:
            await self._reconnecting.lose(client)
        if own or self._timeouts.forever:
            return ServerFault("the server does not answer this question.", hint="Try again later.")
        return unreachable(TimeoutError())

    async def _lost(self, client: Client, method: str, exc: BaseException) -> Error:
        """The line broke, by this call or another; raises when the session is what is wrong."""
        failure = await self._reconnecting.judge(client, exc)
        log.info("%s: the connection was lost (%s); connecting anew", method, type(exc.__cause__ or exc).__name__)
        if transport_code(exc) == THROTTLED:
            await self._owner.close_guests()  # one connection is enough then
        if self._timeouts.forever and not isinstance(exc, BrokenError):
            return ServerFault("the connection is lost whenever this is asked.", hint="Try again later.")
        return failure

    async def refuse(self, client: Client, exc: Exception, method: str = "") -> Error:
        """A failure that may pass; raises what does not, with Telethon's error as its cause."""
        if is_of_line(exc):
            # It is no better than a lost one, and no sign of a good one; a new one introduces itself again.
            log.info("%s: %s; connecting anew", method, type(exc).__name__)
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
