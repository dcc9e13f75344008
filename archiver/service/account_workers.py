"""The workers of one account (live, backfill, audit, completion), and how they handle a channel that fails."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
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
from archiver.service.worker_context import PollSettings, WorkerContext
from archiver.store.channels.channel import Mirrored, find_channel
from archiver.store.database import Database

log = logging.getLogger(__name__)


class ConnectionStatus(Protocol):
    """The state of an account's connection."""

    @property
    def offline_since(self) -> float | None:
        """Unix time at which a wanted connection was lost; None while connected."""
        ...

    @property
    def trouble(self) -> Error | None:
        """Why there is no connection."""
        ...

    @property
    def flood_wait(self) -> float:
        """Seconds left of the longest flood wait; 0: none."""
        ...

    @property
    def clock_ahead(self) -> float | None:
        """Seconds by which this machine's clock was ahead of the server's at the last connection."""
        ...

    async def is_logged_in(self) -> bool:
        """Whether the server accepts the session as logged in."""
        ...


class Account(Protocol):
    """One account's connection to the server and to the archive."""

    @property
    def name(self) -> str:
        """Its label."""
        ...

    @property
    def connection(self) -> ConnectionStatus:
        """Its connection."""
        ...

    @property
    def source(self) -> Source:
        """Where it reads."""
        ...

    @property
    def ingest(self) -> Ingest:
        """Where it writes."""
        ...

    @property
    def mirror(self) -> Mirror:
        """Brings one channel up to date."""
        ...

    @property
    def takeout(self) -> TakeoutSession:
        """Where it reads histories if a takeout is wanted."""
        ...

    @property
    def media(self) -> FileWorker | None:
        """Fetches its files."""
        ...


class FileWorker(Protocol):
    """Fetches the files of an account."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        ...


class AccountWorkers:
    """All workers of one account."""

    def __init__(self, account: Account, database: Database, *, clock: Clock, settings: PollSettings) -> None:
        self.account = account
        self._database = database
        self._clock = clock
        self._interval = settings.poll_interval
        mirror = account.mirror
        context = WorkerContext(
            account=account.name,
            source=account.source,
            database=database,
            ingest=account.ingest,
            clock=clock,
            on_failure=self.handle_failure,
        )
        self.live = LiveWorker(context, mirror, settings)
        self.backfill = BackfillWorker(context, mirror, takeout=account.takeout if settings.takeout else None)
        self.audit = AuditWorker(
            replace(context, on_failure=self._handle_audit_failure), settings, access=mirror.access
        )
        self.completer = Completer(
            account.source,
            database,
            account.ingest,
            AccountChannels(account.name, mirror.access, self._handle_audit_failure),
            clock=clock,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises what stops the account, alone or in an ExceptionGroup."""
        name = self.account.name
        await self._wait_for_login(stop)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.live.run(stop), name=f"live {name}")
            group.create_task(self.backfill.run(stop), name=f"backfill {name}")
            group.create_task(self._run_audits(stop), name=f"audit {name}")
            group.create_task(self.completer.run(stop), name=f"complete {name}")
            group.create_task(self._keep_connected(stop), name=f"connection {name}")
            if self.account.media is not None:
                group.create_task(self.account.media.run(stop), name=f"files {name}")

    async def _wait_for_login(self, stop: asyncio.Event) -> None:
        """Ask until the server says whether the session is logged in, retrying after any other error."""
        failures = 0
        while not stop.is_set():
            try:
                if await self.account.connection.is_logged_in():
                    return
                raise LoginNeeded("the session is logged out.", hint="Run `telekeep login`.")
            except ACCOUNT_ERRORS:
                raise
            except Error as exc:
                log.warning("account %s: no answer yet: %s", self.account.name, exc.args[0])
                await self._clock.wait(stop, retry_delay(exc, failures))
                failures += 1

    async def _keep_connected(self, stop: asyncio.Event) -> None:
        """Reconnect when no worker has anything to ask; otherwise the next request does so."""
        while not await self._clock.wait(stop, self._interval):
            if self.account.connection.offline_since is not None:
                await self._wait_for_login(stop)

    async def handle_failure(self, channel: Mirrored, error: Error) -> None:
        """Back off from a channel that cannot be read now; the others continue."""
        current = await self._database.read(find_channel, channel.channel_id) or channel
        seconds = retry_delay(error, current.failures)
        await self.account.ingest.back_off(
            channel.channel_id, seconds=seconds, error=str(error.args[0]), state=channel_state_after(error)
        )
        # Only the first of several failures in a row is news.
        level = logging.WARNING if current.failures == 0 else logging.INFO
        log.log(level, "channel %s: retrying in %.0f s: %s", current.name, seconds, error.args[0])

    async def _handle_audit_failure(self, channel: Mirrored, error: Error) -> None:
        """Back off, unless only the access hash is stale: then let the live worker look the channel up."""
        if isinstance(error, StaleAccess):
            self.live.hint(channel.channel_id)
        else:
            await self.handle_failure(channel, error)

    async def _run_audits(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._clock.wait(stop, await self.audit.step(stop.is_set))
