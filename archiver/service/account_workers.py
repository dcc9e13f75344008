"""The workers of one account: live, filler, auditor, completer, and what becomes of a channel that fails under them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol

from archiver.clock import Clock
from archiver.errors import Error, LoginNeeded, StaleAccess
from archiver.mirror.channel_mirror import Mirror
from archiver.mirror.complete_rich import AccountChannels, Completer
from archiver.mirror.ingest import Ingest
from archiver.mirror.source import Source
from archiver.service.audit_worker import AuditWorker
from archiver.service.backfill_worker import BackfillWorker, TakeoutSession
from archiver.service.backoff import ACCOUNT_ERRORS, channel_state_after, retry_delay
from archiver.service.live_worker import LiveWorker
from archiver.store.channel import Mirrored, find_channel
from archiver.store.database import Database

log = logging.getLogger(__name__)


class ConnectionStatus(Protocol):
    """An account's connection, as far as its state is of interest."""

    @property
    def offline_since(self) -> float | None:
        """Unix time since which there has been no line although one is wanted."""
        ...

    @property
    def trouble(self) -> Error | None:
        """Why there is none."""
        ...

    @property
    def flood_wait(self) -> float:
        """Seconds for which the server wants some method not to be called; 0: for none."""
        ...

    @property
    def clock_ahead(self) -> float | None:
        """Seconds by which our clock was ahead of the server's at the last connection."""
        ...

    async def is_logged_in(self) -> bool:
        """Whether the server knows the session as logged in."""
        ...


class Account(Protocol):
    """One account's way to the server and into the archive."""

    @property
    def name(self) -> str:
        """Its label."""
        ...

    @property
    def connection(self) -> ConnectionStatus:
        """Its line."""
        ...

    @property
    def source(self) -> Source:
        """Where it asks."""
        ...

    @property
    def ingest(self) -> Ingest:
        """Where it writes."""
        ...

    @property
    def mirror(self) -> Mirror:
        """How it brings a channel to the present."""
        ...

    @property
    def takeout(self) -> TakeoutSession:
        """Where it reads histories, if it is to do so within a takeout."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings:
    """How often the service looks, in seconds, and how much an account may ask, in requests a second."""

    poll_interval: float = 30.0
    audit_interval: float = 24 * 3600.0
    requests_per_second: float = 1.0
    takeout: bool = False
    """Whether histories are read within a takeout."""


class AccountWorkers:
    """All that is done with one account."""

    def __init__(self, account: Account, database: Database, *, clock: Clock, polling: PollSettings) -> None:
        self.account = account
        self._database = database
        self._clock = clock
        self._interval = polling.poll_interval
        name = account.name
        self.live = LiveWorker(
            account.source,
            database,
            account.ingest,
            account.mirror,
            account=name,
            clock=clock,
            interval=polling.poll_interval,
            requests_per_second=polling.requests_per_second,
            fail=self.fail,
        )
        takeout = account.takeout if polling.takeout else None
        self.backfill = BackfillWorker(
            database, account.mirror, account=name, clock=clock, fail=self.fail, takeout=takeout
        )
        self.audit = AuditWorker(
            account.source,
            database,
            account.ingest,
            account=name,
            clock=clock,
            access=account.mirror.access,
            fail=self._fail_audit,
            interval=polling.audit_interval,
            requests_per_second=polling.requests_per_second,
        )

        self.completer = Completer(
            account.source,
            database,
            account.ingest,
            AccountChannels(name, account.mirror.access, self._fail_audit),
            clock=clock,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. Raises what stops the account, alone or in an ExceptionGroup."""
        name = self.account.name
        await self._expect_login(stop)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.live.run(stop), name=f"live {name}")
            group.create_task(self.backfill.run(stop), name=f"fill {name}")
            group.create_task(self._audit(stop), name=f"audit {name}")
            group.create_task(self.completer.run(stop), name=f"complete {name}")
            group.create_task(self._keep_line(stop), name=f"line {name}")

    async def _expect_login(self, stop: asyncio.Event) -> None:
        """Ask until the server says whether the session is logged in; any other trouble may pass."""
        failures = 0
        while not stop.is_set():
            try:
                if await self.account.connection.is_logged_in():
                    return
                raise LoginNeeded("the session is logged out.", hint="Run `telekeep login`.")
            except ACCOUNT_ERRORS:
                raise
            except Error as exc:
                log.warning("account %s gets no answer yet: %s", self.account.name, exc.args[0])
                await self._clock.wait(stop, retry_delay(exc, failures))
                failures += 1

    async def _keep_line(self, stop: asyncio.Event) -> None:
        """A lost line is mended by whoever calls; while there is nothing to be asked, by this."""
        while not await self._clock.wait(stop, self._interval):
            if self.account.connection.offline_since is not None:
                await self._expect_login(stop)

    async def fail(self, channel: Mirrored, error: Error) -> None:
        """Set a channel aside that cannot be read now; the others go on."""
        known = await find_channel(self._database.connection, channel.channel_id) or channel
        seconds = retry_delay(error, known.failures)
        await self.account.ingest.set_aside(
            channel.channel_id, seconds=seconds, error=str(error.args[0]), state=channel_state_after(error)
        )
        # A failure that comes again is no news.
        level = logging.WARNING if known.failures == 0 else logging.INFO
        log.log(level, "channel %s is set aside for %.0f s: %s", known.name, seconds, error.args[0])

    async def _fail_audit(self, channel: Mirrored, error: Error) -> None:
        """Set a channel aside, unless it is only to be looked up again: live does so, or finds out what is wrong."""
        if isinstance(error, StaleAccess):
            self.live.hint(channel.channel_id)
        else:
            await self.fail(channel, error)

    async def _audit(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._clock.wait(stop, await self.audit.step(stop.is_set))
