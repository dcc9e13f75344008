"""An account's takeout session: histories are read within it, at a rate that the server grants only there.

https://core.telegram.org/api/takeout. It is never needed: what goes wrong with it is said, and reading goes on without.
The id is remembered before it is used and forgotten when the end is confirmed, so that one which a killed process left
open is used or ended by the next. One that the server no longer knows is replaced once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from telethon.errors import RPCError, TakeoutInitDelayError, TakeoutInvalidError
from telethon.tl import TLRequest, functions, types

from archiver.clock import Clock
from archiver.duration import in_words, local_moment
from archiver.errors import ChannelError, Error, LoginNeeded, ServerFault, Unreachable, UsageError
from archiver.pacing.scheduler import Priority
from archiver.telegram.connection import Connection

log = logging.getLogger(__name__)

AT_ONCE = 3
"""Pages that may be on their way: more gain nothing on one account."""
_OPENING = 60.0
"""Seconds that opening one may take: it must not keep the reading from going on without."""
_ENDING = 3.0
"""Seconds that ending one may take: Ctrl-C waits for it."""
_LATER = 3600.0
"""Seconds until one is asked for again that could not be had."""
_AGAIN = "Once it is allowed there, run `telekeep sync --takeout` again."


class TakeoutStore(Protocol):
    """Where the takeout of the account is remembered."""

    async def load(self) -> tuple[int | None, float]:
        """The id that is open as far as is known, and the unix time before which no other one is to be asked for."""
        ...

    async def save(self, takeout_id: int | None) -> None:
        """An id that is open now, after which no delay holds; None: none is."""
        ...

    async def delay(self, until: float) -> None:
        """None is to be asked for before this unix time."""
        ...


class Takeout:
    """The takeout of one account, while there is one. For several tasks at a time, but for `open` and `finish`."""

    def __init__(
        self, connection: Connection, memory: TakeoutStore, *, account: str, say: Callable[[str], None], clock: Clock
    ) -> None:
        """`say` hears what people should know."""
        self._connection = connection
        self._memory = memory
        self._account = account
        self._say = say
        self._clock = clock
        self._id: int | None = None
        self._replaced = False
        self._replacing = asyncio.Lock()
        self._shut: set[int] = set()
        """Channels that are refused within a takeout only."""
        self._not_before = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the history is read within a takeout."""
        return self._id is not None

    @property
    def at_once(self) -> int:
        """Pages of the history that may be asked for at the same time to some use."""
        return AT_ONCE if self.is_open else 1

    async def open(self, *, by_hand: bool = False) -> bool:
        """Go on within the takeout that is open, or open one. False: it cannot be had now, which was said.

        `by_hand`: a person asks for it now, who may have allowed it on a phone: the wait is no reason not to try.
        Raises what stops the account: LoginNeeded, Unreachable, UsageError.
        """
        if self.is_open or self._clock.now() < self._not_before:
            return self.is_open
        self._replaced = False
        self._id, self._not_before = await self._memory.load()
        if by_hand:
            self._not_before = 0.0
        if self._id is None:
            await self._begin()
        return self.is_open

    async def settle(self) -> None:
        """End the takeout that an earlier run left open, if there is one."""
        if not self.is_open:
            self._id, _ = await self._memory.load()
            await self.finish(success=False)

    async def finish(self, *, success: bool) -> None:
        """End the takeout, if one is open, within a limit; one whose end is not confirmed is left to the next run."""
        takeout_id, self._id = self._id, None
        if takeout_id is None:
            return
        try:
            async with asyncio.timeout(_ENDING):
                await self._connection.call(
                    functions.account.FinishTakeoutSessionRequest(success=success or None),
                    method="finishTakeoutSession",
                    priority=Priority.LIVE,
                    takeout_id=takeout_id,
                    raw_errors=(TakeoutInvalidError,),
                )
        except TakeoutInvalidError:
            log.info("account %s: the takeout was over already", self._account)
        except (Error, TimeoutError) as exc:
            log.info("account %s: the takeout could not be ended (%s)", self._account, type(exc).__name__)
            return
        await self._memory.save(None)

    async def call(
        self, request: TLRequest, *, method: str, priority: Priority, channel_id: int | None = None
    ) -> bytes:
        """Ask within the takeout, or without where that cannot be. Raises what `Connection.call` raises."""
        how: dict[str, Any] = {"method": method, "priority": priority, "channel_id": channel_id}
        while (takeout_id := self._id) is not None and channel_id not in self._shut:
            try:
                return await self._connection.call(
                    request, takeout_id=takeout_id, raw_errors=(TakeoutInvalidError,), **how
                )
            except TakeoutInvalidError:
                await self._replace(takeout_id)
            except (ChannelError, ServerFault) as exc:
                if not isinstance(exc.__cause__, RPCError):
                    raise  # nothing that a takeout has to do with
                answer = await self._connection.call(request, **how)
                self._leave_out(channel_id, exc)
                return answer
        return await self._connection.call(request, **how)

    def _leave_out(self, channel_id: int | None, why: Error) -> None:
        if channel_id is not None and channel_id not in self._shut:
            self._shut.add(channel_id)
            self._say(f"channel {channel_id} is refused within the takeout ({why.args[0]}); it is read without.")

    async def _replace(self, known: int) -> None:
        """The server does not know this takeout: open another one, once; then there is none."""
        async with self._replacing:
            if self._id != known:
                return
            self._id = None
            await self._memory.save(None)
            if self._replaced:
                self._not_before = self._clock.now() + _LATER
                self._say("the takeout was ended by the server or another program; reading goes on without one.")
                return
            self._replaced = True
            log.info("account %s: the takeout is over; another one is asked for", self._account)
            await self._begin()

    async def _begin(self) -> None:
        if self._clock.now() < self._not_before:
            self._say(
                f"a takeout may begin at {local_moment(self._not_before)}; until then histories are read without one."
                f" {_AGAIN}"
            )
            return
        try:
            async with asyncio.timeout(_OPENING):
                answer = await self._connection.invoke(
                    functions.account.InitTakeoutSessionRequest(message_channels=True, message_megagroups=True),
                    method="initTakeoutSession",
                    raw_errors=(TakeoutInitDelayError,),
                )
            if not isinstance(answer, types.account.Takeout) or not answer.id:
                raise ServerFault("the server answered with something else than a takeout.")
            await self._memory.save(answer.id)
            self._id, self._not_before = answer.id, 0.0
        except TakeoutInitDelayError as exc:
            await self._wait(max(int(exc.seconds), 1))
        except (LoginNeeded, Unreachable, UsageError):
            raise
        except (Error, TimeoutError) as exc:
            self._not_before = self._clock.now() + _LATER
            why = exc.args[0] if isinstance(exc, Error) else "it could not be opened within a minute."
            self._say(f"no takeout can be had: {why} Reading goes on without one.")

    async def _wait(self, seconds: int) -> None:
        """The account's owner has to allow it on another device, or to wait."""
        self._not_before = self._clock.now() + seconds + 1
        await self._memory.delay(self._not_before)
        self._say(
            "the server wants the takeout to be confirmed: on a phone or computer that is logged in to this account,"
            ' open the chat "Telegram" and allow the request to export data. Without that it works from'
            f" {local_moment(self._not_before)} on (in {in_words(seconds)}). Until then histories are read without one."
        )
        self._say(_AGAIN)
