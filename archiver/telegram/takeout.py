"""An account's takeout session: histories are read within it, at a rate that the server grants only there.

https://core.telegram.org/api/takeout. It is optional: failures are reported, and reading continues without it. The id
is stored before it is used and removed when the end is confirmed, so that a session left open by a killed process is
used or ended by the next one. One that the server no longer knows is replaced once.
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
from archiver.ids import ChannelId
from archiver.pacing.scheduler import Priority
from archiver.telegram.connection import Connection

log = logging.getLogger(__name__)

AT_ONCE = 3
"""Maximum pages in flight: more gain nothing on one account."""
_OPEN_TIMEOUT = 60.0
"""Maximum seconds for opening one, after which reading continues without it."""
_LARGEST_FILE = 4 << 30
"""Bytes: what is fetched is decided file by file."""
_END_TIMEOUT = 3.0
"""Maximum seconds for ending one: Ctrl-C waits for it."""
_RETRY_AFTER = 3600.0
"""Seconds before another one is requested after a failure."""
_AGAIN = "Once it is confirmed, run `telekeep sync --takeout` again."


class TakeoutStore(Protocol):
    """Stores the takeout of the account."""

    async def load(self) -> tuple[int | None, float]:
        """The id that is open, as far as known, and the unix time before which another one must not be requested."""
        ...

    async def save(self, takeout_id: int | None) -> None:
        """Store the id that is open now, which ends any delay; None: none is open."""
        ...

    async def delay(self, until: float) -> None:
        """Store the unix time before which no takeout must be requested."""
        ...


class Takeout:
    """The takeout of one account. Several tasks may use it at the same time, except for `open` and `finish`."""

    def __init__(
        self, connection: Connection, memory: TakeoutStore, *, account: str, say: Callable[[str], None], clock: Clock
    ) -> None:
        """`say` is called with messages for the user."""
        self._connection = connection
        self._memory = memory
        self._account = account
        self._say = say
        self._clock = clock
        self.wants_files = False
        """Whether the next one is requested for files, too."""
        self._id: int | None = None
        self._replaced = False
        self._replacing = asyncio.Lock()
        self._shut: set[int] = set()
        """Channels that are refused within the takeout only."""
        self._not_before = 0.0

    @property
    def is_open(self) -> bool:
        """Whether histories are read within a takeout."""
        return self._id is not None

    @property
    def open_id(self) -> int | None:
        """The id of the takeout that is open."""
        return self._id

    @property
    def at_once(self) -> int:
        """Useful number of concurrent requests for pages of the history."""
        return AT_ONCE if self.is_open else 1

    async def open(self, *, by_hand: bool = False) -> bool:
        """Continue the takeout that is open, or open one. False: not possible now, which was reported.

        `by_hand`: a user requests it now, who may have confirmed it on a phone: try despite the delay. Raises errors
        that stop the account: LoginNeeded, Unreachable, UsageError.
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
        """End the takeout, if one is open, within a time limit; an unconfirmed end is left to the next run."""
        takeout_id, self._id = self._id, None
        if takeout_id is None:
            return
        try:
            async with asyncio.timeout(_END_TIMEOUT):
                await self._connection.call(
                    functions.account.FinishTakeoutSessionRequest(success=success or None),
                    method="finishTakeoutSession",
                    priority=Priority.LIVE,
                    takeout_id=takeout_id,
                    raw_errors=(TakeoutInvalidError,),
                )
        except TakeoutInvalidError:
            log.info("account %s: the takeout had already ended", self._account)
        except (Error, TimeoutError) as exc:
            log.info("account %s: the takeout could not be ended (%s)", self._account, type(exc).__name__)
            return
        await self._memory.save(None)

    async def call(
        self, request: TLRequest, *, method: str, priority: Priority, channel_id: ChannelId | None = None
    ) -> bytes:
        """Call within the takeout, or without it if that is impossible. Raises what `Connection.call` raises."""
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
                    raise  # not caused by the takeout
                answer = await self._connection.call(request, **how)
                self._leave_out(channel_id, exc)
                return answer
        return await self._connection.call(request, **how)

    def _leave_out(self, channel_id: ChannelId | None, why: Error) -> None:
        if channel_id is not None and channel_id not in self._shut:
            self._shut.add(channel_id)
            self._say(f"channel {channel_id} is refused within the takeout ({why.args[0]}); reading it without.")

    async def _replace(self, known: int) -> None:
        """Replace a takeout that the server does not know, once; after that, continue without one."""
        async with self._replacing:
            if self._id != known:
                return
            self._id = None
            await self._memory.save(None)
            if self._replaced:
                self._not_before = self._clock.now() + _RETRY_AFTER
                self._say("the takeout was ended by the server or another program; continuing without one.")
                return
            self._replaced = True
            log.info("account %s: the takeout has ended; requesting another one", self._account)
            await self._begin()

    async def _begin(self) -> None:
        if self._clock.now() < self._not_before:
            self._say(
                f"a takeout can start at {local_moment(self._not_before)}; until then histories are read without one."
                f" {_AGAIN}"
            )
            return
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT):
                answer = await self._connection.invoke(
                    functions.account.InitTakeoutSessionRequest(
                        message_channels=True,
                        message_megagroups=True,
                        files=self.wants_files or None,
                        file_max_size=_LARGEST_FILE if self.wants_files else None,
                    ),
                    method="initTakeoutSession",
                    raw_errors=(TakeoutInitDelayError,),
                )
            if not isinstance(answer, types.account.Takeout) or not answer.id:
                raise ServerFault("the server did not answer with a takeout.")
            await self._memory.save(answer.id)
            self._id, self._not_before = answer.id, 0.0
        except TakeoutInitDelayError as exc:
            await self._wait(max(int(exc.seconds), 1))
        except (LoginNeeded, Unreachable, UsageError):
            raise
        except (Error, TimeoutError) as exc:
            self._not_before = self._clock.now() + _RETRY_AFTER
            why = exc.args[0] if isinstance(exc, Error) else "it could not be opened within a minute."
            self._say(f"no takeout available: {why} Continuing without one.")

    async def _wait(self, seconds: int) -> None:
        """Report that the account's owner must confirm it on another device, or wait."""
        self._not_before = self._clock.now() + seconds + 1
        await self._memory.delay(self._not_before)
        self._say(
            "the server requires the takeout to be confirmed: on a phone or computer that is logged in to this account,"
            ' open the chat "Telegram" and allow the request to export data. Without a confirmation it can start at'
            f" {local_moment(self._not_before)} (in {in_words(seconds)}). Until then histories are read without one."
        )
        self._say(_AGAIN)
