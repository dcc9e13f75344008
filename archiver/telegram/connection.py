"""Asking the server: every call has its turn and its time limit, and is repeated as its failure allows.

Many tasks may call at once. A call that meets silence while others are answered is its own trouble and fails alone;
when nothing is answered, the line is at fault, and is replaced under all of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from telethon.errors import AuthKeyUnregisteredError, RPCError, TypeNotFoundError
from telethon.tl import TLRequest, functions, types

from archiver.errors import ChannelError, Error, LoginNeeded, ServerFault, UnreadableObject
from archiver.schedule import Priority, Scheduler
from archiver.telegram.address import Address, trust_key
from archiver.telegram.answers import Raw, read_object
from archiver.telegram.client import LOST_LINE, BrokenError, Client, HungError
from archiver.telegram.faults import flood_seconds, is_of_line, is_transient, translate
from archiver.telegram.line import Line, unreachable
from archiver.telegram.patience import COMMAND, Patience
from archiver.telegram.pushes import Hint
from archiver.telegram.session import FileSession

log = logging.getLogger(__name__)

T = TypeVar("T")


Count = Callable[[str, str], None]
"""Told of each call: its method, and what came of it: answered, refused, flood, unreadable, hung or lost."""


def _uncounted(method: str, outcome: str) -> None:
    """Nobody counts."""


class Connection:
    """Sends requests; owns the line and the session. For any number of tasks at the same time.

    `hint` is told the channels that the server pushes something about; without it nothing is pushed.
    """

    def __init__(
        self,
        address: Address,
        session_path: Path,
        scheduler: Scheduler,
        *,
        patience: Patience = COMMAND,
        hint: Hint | None = None,
        count: Count = _uncounted,
    ) -> None:
        self.api_id, self.api_hash = address.api_id, address.api_hash
        self._patience = patience
        self._count = count
        self._session_path = session_path
        self._scheduler = scheduler
        self._pushed = hint is not None
        self._line = Line(address, session_path, scheduler, patience, hint)
        if address.public_key:
            trust_key(address.public_key)

    @property
    def connected(self) -> asyncio.Event:
        """Set while there is a line. It is the calls that mend a lost one."""
        return self._line.connected

    @property
    def offline_since(self) -> float | None:
        """Unix time since which a line has been wanted in vain; None while there is one, or nobody asked yet."""
        return self._line.offline_since

    @property
    def trouble(self) -> Error | None:
        """Why the last attempt to connect failed, while offline."""
        return self._line.trouble

    @property
    def flood_wait(self) -> float:
        """Seconds for which the server wants some method of this account not to be called; 0: for none."""
        return max(self._scheduler.flood_wait, 0.0)

    async def close(self) -> None:
        """Hang up; the session stays. The tasks that call have to have ended."""
        await self._line.close()

    async def forget_session(self) -> None:
        """Begin with a new key: the old one is dead."""
        await self.close()
        self._line.revive()
        FileSession(self._session_path).delete()

    async def is_logged_in(self) -> bool:
        """Whether the server knows this session as logged in, as far as it says. Raises LoginNeeded where it says why.

        Telethon's own question takes any error for a no: a flood wait would then look like a lost login. A server that
        refuses this question as such is asked another one; one that refuses both is believed to know us, and the first
        real call tells.
        """
        for method, request in (
            ("getState", functions.updates.GetStateRequest()),
            ("getUsers", functions.users.GetUsersRequest([types.InputUserSelf()])),
        ):
            try:
                return await self._is_answered(request, method)
            except (ServerFault, ChannelError) as exc:
                if not isinstance(exc.__cause__, RPCError):
                    raise  # it may pass
                log.info("%s is refused: %s", method, exc.args[0])
        return True

    async def _is_answered(self, request: TLRequest, method: str) -> bool:
        try:
            await self.call(request, method=method, priority=Priority.LIVE, raw_errors=(AuthKeyUnregisteredError,))
        except AuthKeyUnregisteredError:
            return False
        return True

    async def invoke(
        self,
        request: TLRequest,
        *,
        method: str,
        priority: Priority = Priority.LIVE,
        channel_id: int | None = None,
        raw_errors: tuple[type[Exception], ...] = (),
    ) -> Any:
        """The answer as a TL object. Raises what `call` raises, and the `raw_errors` of Telethon's as they are."""
        body = await self.call(request, method=method, priority=priority, channel_id=channel_id, raw_errors=raw_errors)
        return read_object(body)

    async def call(
        self,
        request: TLRequest,
        *,
        method: str,
        priority: Priority = Priority.BACKFILL,
        channel_id: int | None = None,
        raw_errors: tuple[type[Exception], ...] = (),
    ) -> bytes:
        """The answer's bytes. Raises FloodWait, LoginNeeded, Unreachable, ServerFault, ChannelError, UsageError."""
        raw = Raw(request, updates=self._pushed)

        def ask(client: Client) -> Awaitable[bytes]:
            answer: Awaitable[bytes] = client._sender.send(raw)  # noqa: SLF001  # no retry, no memory of floods
            return answer

        return await self.attempt(ask, method=method, priority=priority, channel_id=channel_id, raw_errors=raw_errors)

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
            await self._line.ready()
            async with self._scheduler.turn(method, priority, channel_id):
                client = self._line.client
                if client is None:
                    continue  # lost while waiting for the turn; from here to the sending nothing is awaited
                answered = client.answered
                try:
                    answer = await client.within(min(patience.call * (tries + 1), patience.call_most), ask(client))
                    self._note_answer(client)
                    self._count(method, "answered")
                    return answer
                except raw_errors:
                    raise
                except HungError:
                    self._count(method, "hung")
                    failure = await self._hung(client, method, own=client.answered > answered)
                except BrokenError as exc:  # by this call itself: never one of the free losses
                    self._count(method, "lost")
                    failure = await self._lost(client, method, exc)
                except LOST_LINE as exc:
                    self._count(method, "lost")
                    failure = await self._lost(client, method, exc)
                    if losses < patience.free_losses:
                        losses += 1
                        continue
                except TypeNotFoundError as exc:
                    self._count(method, "unreadable")
                    # `from None`: the error's text holds the bytes that could not be read.
                    raise UnreadableObject(exc.invalid_constructor_id) from None
                except RPCError as exc:
                    self._count(method, "refused" if flood_seconds(exc) is None else "flood")
                    if seconds := flood_seconds(exc):
                        # The scheduler ends this loop when the order is longer than its patience.
                        self._note_answer(client)
                        log.info("%s: flood wait of %d s", method, seconds)
                        await self._scheduler.flooded(method, seconds)
                        continue
                    failure = await self._refused(client, exc, method)
            if tries == len(patience.delays):
                raise failure
            await asyncio.sleep(patience.delays[tries])
            tries += 1

    def _note_answer(self, client: Client) -> None:
        client.answered += 1
        self._line.note_answer()

    async def _hung(self, client: Client, method: str, *, own: bool) -> Error:
        """No answer in time: the call's own fault when others were answered meanwhile, else the line's."""
        client.hung += 1
        log.info("%s: no answer; %s", method, "others are answered" if own else "connecting anew")
        if not own or client.hung >= self._patience.most_hung:
            await self._line.lose(client)
        if own or self._patience.forever:
            return ServerFault("the server does not answer this question.", hint="Try again later.")
        return unreachable(TimeoutError())

    async def _lost(self, client: Client, method: str, exc: BaseException) -> Error:
        """The line broke, by this call or another; raises when the session is what is wrong."""
        failure = unreachable(exc)
        if isinstance(failure, LoginNeeded):
            self._line.end(failure)
            raise failure from exc
        log.info("%s: the connection was lost (%s); connecting anew", method, type(exc.__cause__ or exc).__name__)
        await self._line.obey(exc)
        await self._line.lose(client)
        if self._patience.forever and not isinstance(exc, BrokenError):
            return ServerFault("the connection is lost whenever this is asked.", hint="Try again later.")
        return failure

    async def _refused(self, client: Client, exc: RPCError, method: str) -> Error:
        """A failure that may pass; raises what does not, with Telethon's error as its cause."""
        if is_of_line(exc):
            # It is no better than a lost one, and no sign of a good one; a new one introduces itself again.
            log.info("%s: %s; connecting anew", method, type(exc).__name__)
            await self._line.lose(client)
            return translate(exc)
        self._note_answer(client)
        if is_transient(exc):
            log.info("%s: %s", method, type(exc).__name__)
            return ServerFault(f"the server keeps failing ({type(exc).__name__}).", hint="Try again later.")
        failure = translate(exc)
        if isinstance(failure, LoginNeeded):
            self._line.end(failure)
        raise failure from exc
