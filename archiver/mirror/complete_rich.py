"""Complete rich messages held in part, one after another, at low priority.

A message that fails is retried with growing delays; it holds up neither its channel nor any other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from archiver.clock import Clock
from archiver.errors import (
    ChannelError,
    Error,
    FloodWait,
    MessageRefused,
    ServerFault,
    Unreachable,
    UnreadableObject,
)
from archiver.ids import AccessHash, ChannelId
from archiver.mirror.ingest import Ingest, Outdated, Removed
from archiver.mirror.source import Source
from archiver.model.rich_whole import is_shorter
from archiver.pacing.attempt_delay import attempt_delay
from archiver.pacing.scheduler import Priority
from archiver.store.channels.channel import Mirrored, find_channel
from archiver.store.database import Database
from archiver.store.messages.rich import Due, list_due, note_attempt, refuse

log = logging.getLogger(__name__)

BATCH = 20
"""Messages per query for due messages."""
QUERY_INTERVAL = 5.0
"""Seconds until the next query when nothing was due."""
REST = 60.0
"""Seconds for which a failing channel is left alone."""


async def _ignore_failure(_channel: Mirrored, _error: Error) -> None:
    pass


@dataclass(frozen=True, slots=True)
class AccountChannels:
    """How to access the channels of one account, and how to report their failures."""

    account: str
    """The account's label."""
    access: Callable[[Mirrored], Awaitable[AccessHash]]
    """Return the account's access hash of a channel, or raise StaleAccess."""
    fail: Callable[[Mirrored, Error], Awaitable[None]] = _ignore_failure
    """Called with an error that concerns a whole channel."""


class Completer:
    """Completes the messages of one account's channels."""

    def __init__(
        self, source: Source, database: Database, ingest: Ingest, channels: AccountChannels, *, clock: Clock
    ) -> None:
        self._source = source.at(Priority.AUDIT)
        self._database = database
        self._ingest = ingest
        self._channels = channels
        self._clock = clock
        self._resting: dict[ChannelId, float] = {}
        """Channels not to be asked, each with the tick at which its pause ends."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises errors that stop the account."""
        while not stop.is_set():
            try:
                pause = 0.0 if await self.step(stop.is_set) else QUERY_INTERVAL
            except FloodWait as exc:
                pause = float(exc.seconds)
            except Unreachable:
                pause = REST
            await self._clock.wait(stop, pause)

    async def step(self, stop: Callable[[], bool] = lambda: False, *, only: Collection[ChannelId] | None = None) -> int:
        """Fetch a batch of due messages, `only` of these channels; return its size. Each is then done, or due later.

        Raises FloodWait, Unreachable, and errors that stop the account.
        """
        tick = self._clock.tick()
        self._resting = {channel_id: until for channel_id, until in self._resting.items() if until > tick}
        due = await self._database.read(
            list_due,
            self._channels.account,
            now=int(self._clock.now()),
            limit=BATCH,
            only=only,
            resting=self._resting,
        )
        for one in due:
            if stop():
                break
            if one.channel_id not in self._resting:
                await self._complete(one)
        return len(due)

    async def _complete(self, due: Due) -> None:
        channel = await self._database.read(find_channel, due.channel_id)
        if channel is None:
            return  # cannot happen: each message has a channel
        try:
            await self._ask(channel, due)
        except MessageRefused as exc:
            reason = str(exc.args[0])
            log.info("%s/%d: the server refuses the complete message (%s)", channel.name, due.message_id, reason)
            retry_at = self._retry_at(due)
            await self._database.write(refuse, due.channel_id, due.message_id, reason=reason, retry_at=retry_at)
        except (Outdated, ServerFault, UnreadableObject) as exc:
            log.info("%s/%d: not completed, retrying later (%s)", channel.name, due.message_id, type(exc).__name__)
            retry_at = self._retry_at(due)
            await self._database.write(note_attempt, due.channel_id, due.message_id, retry_at=retry_at)
        except ChannelError as exc:
            self._resting[channel.channel_id] = self._clock.tick() + REST
            if not isinstance(exc, Removed):
                await self._channels.fail(channel, exc)

    async def _ask(self, channel: Mirrored, due: Due) -> None:
        access_hash = await self._channels.access(channel)
        whole = await self._source.get_rich_message(channel.channel_id, access_hash, due.message_id)
        if is_shorter(whole, due.blocks):
            raise ServerFault("the server's complete message is shorter than its part.", hint="Try again later.")
        await self._ingest.store_whole(channel, whole, retry_at=self._retry_at(due))

    def _retry_at(self, due: Due) -> int:
        return int(self._clock.now() + attempt_delay(due.attempts))
