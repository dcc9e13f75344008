"""`telekeep run`: mirrors for months unattended.

Named workers run in task groups, and one Event stops them. An account that the server no longer accepts ends only its
own workers; any other error of a worker ends the service, because a half-dead mirror looks alive. On a stop, pages
under way may finish within GRACE seconds.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Mapping
from typing import Protocol

from archiver.clock import Clock
from archiver.errors import Error, LoginNeeded, UsageError, name_account
from archiver.ids import ChannelId
from archiver.mirror.add_channel import carry_out
from archiver.model.account_status import AccountStatus, write_statuses
from archiver.model.outage import Outages
from archiver.service.account_workers import Account, AccountWorkers
from archiver.service.backoff import ACCOUNT_ERRORS
from archiver.service.failure import describe_failure, first_error, leaves
from archiver.service.merge_segments import merge_when_idle
from archiver.service.monitoring.systemd import Systemd
from archiver.service.worker_context import PollSettings
from archiver.store.accounts.account import list_accounts, set_account_state
from archiver.store.database import Database
from archiver.store.service import beat, begin_service, end_service
from archiver.version import version

log = logging.getLogger(__name__)

GRACE = 3.0
"""Seconds for the workers to finish on a stop."""
FAREWELL = 0.5
"""Seconds for recording the stop in the archive."""
BEAT = 10.0
"""Maximum seconds between two heartbeats."""
STATUS_INTERVAL = 1.0
"""Seconds between two checks of the accounts' status, so that changes are reported promptly."""
INTAKE = 1.0
"""Seconds between two checks for channels that other processes ask to add."""
RETURN = 5.0
"""Seconds between two checks for accounts that logged in (again)."""
HUNG_AFTER = 1800.0
"""Seconds without an answer, although connected, after which the account counts as hung."""


class Roster(Protocol):
    """The accounts of the run, active and absent."""

    @property
    def at_work(self) -> Mapping[str, Account]:
        """The accounts in use, by label."""
        ...

    @property
    def absent(self) -> Mapping[str, Error]:
        """Why the other accounts cannot be used."""
        ...

    async def take(self, name: str) -> Account:
        """Start to use an account. Raises LoginNeeded, Busy, UsageError."""
        ...

    async def release(self, name: str, why: Error | None = None) -> None:
        """Close an account whose tasks have ended."""
        ...


class Indexer(Protocol):
    """Keeps the index equal to the archive."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; handle errors of the index's server itself."""
        ...


class Service:
    """Mirrors every added channel with the accounts of the roster."""

    def __init__(
        self,
        database: Database,
        roster: Roster,
        *,
        poll_settings: Mapping[str, PollSettings],
        clock: Clock | None = None,
        manager: Systemd | None = None,
        indexer: Indexer | None = None,
    ) -> None:
        self._database = database
        self._indexer = indexer
        self._roster = roster
        self._poll_settings = poll_settings
        self._clock = clock or Clock()
        self._manager = manager or Systemd({})
        self._workers: dict[str, AccountWorkers] = {}
        self._ready = False
        self._heartbeat_at = math.inf

    @property
    def beat_age(self) -> float:
        """Seconds since the last heartbeat was written to the archive; negative: none was written yet."""
        return self._clock.tick() - self._heartbeat_at

    def describe(self) -> dict[str, AccountStatus]:
        """Current status of each account."""
        return {name: self._describe(workers) for name, workers in self._workers.items()}

    @property
    def is_backfilling(self) -> bool:
        """Whether some channel's history is still being read."""
        return any(workers.backfill.left for workers in self._workers.values())

    def hint(self, channel_id: ChannelId) -> None:
        """Look at a channel soon, because the server pushed an update about it."""
        for workers in self._workers.values():
            workers.live.hint(channel_id)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises LoginNeeded when no account is left, and any error that ends a worker."""
        work = asyncio.create_task(self._work(stop), name="service")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                self._manager.notify("STOPPING=1")
                log.info("stopping; finishing the pages in progress")
                await asyncio.wait({work}, timeout=GRACE)
        finally:
            stopping.cancel()
            if not work.done():
                work.cancel()
            await asyncio.wait({work})
            death = None if work.cancelled() else work.exception()
            await self._record_stop(death)
        if death is not None:
            raise first_error(death)

    async def _record_stop(self, death: BaseException | None) -> None:
        """Record in the archive that the service has ended, unless another program is writing."""
        pid, now = os.getpid(), int(self._clock.now())
        failure = describe_failure(death) if death is not None else None
        try:
            async with asyncio.timeout(FAREWELL):
                await self._database.write(end_service, pid=pid, now=now, failure=failure)
        except TimeoutError:
            log.warning("the stop is not recorded: another program is writing to the archive")
        except Exception:
            if death is None:
                raise
            # Most likely the same cause as `death`, which is raised next.

    async def _work(self, stop: asyncio.Event) -> None:
        pid, now = os.getpid(), int(self._clock.now())
        await self._database.write(begin_service, pid=pid, version=version(), now=now)
        async with asyncio.TaskGroup() as group:
            for name in list(self._roster.at_work):
                group.create_task(self._mirror_with(name, stop), name=f"account {name}")
            group.create_task(self._take_in(stop), name="intake")
            if self._indexer is not None:
                group.create_task(self._indexer.run(stop), name="index")
            group.create_task(
                merge_when_idle(self._database, stop, self._clock, lambda: self.is_backfilling), name="merge segments"
            )
            group.create_task(self._send_heartbeats(stop), name="heartbeat")
            group.create_task(self._restart_accounts(group, stop), name="accounts")

    async def _mirror_with(self, name: str, stop: asyncio.Event) -> None:
        account = self._roster.at_work[name]
        settings = self._poll_settings.get(name, PollSettings())
        self._workers[name] = workers = AccountWorkers(account, self._database, clock=self._clock, settings=settings)
        try:
            await workers.run(stop)
            return
        except (*ACCOUNT_ERRORS, BaseExceptionGroup) as exc:
            reasons = [leaf for leaf in leaves(exc) if not isinstance(leaf, asyncio.CancelledError)]
            unexpected = [leaf for leaf in reasons if not isinstance(leaf, ACCOUNT_ERRORS)]
            if unexpected or not reasons:
                raise
            reason = reasons[0]
        finally:
            del self._workers[name]
        assert isinstance(reason, Error)
        await self._retire(name, reason)

    async def _retire(self, name: str, reason: Error) -> None:
        """Stop using an account; its channels wait, those of other accounts continue. Never a login loop."""
        if isinstance(reason, LoginNeeded):
            why, now = str(reason.args[0]), int(self._clock.now())
            await self._database.write(set_account_state, name, "dead", now=now, reason=why)
        await self._roster.release(name, reason)
        if len(self._poll_settings) > 1:
            name_account(reason, name)
        if not self._workers:
            raise reason
        log.error("%s The channels of other accounts continue.", reason)

    async def _restart_accounts(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """Start accounts that have logged in meanwhile."""
        while not await self._clock.wait(stop, RETURN):
            dead = {one.account for one in await self._database.read(list_accounts) if one.state == "dead"}
            # Wrong settings stay wrong: they are read only at the start.
            absent = [name for name, why in self._roster.absent.items() if not isinstance(why, UsageError)]
            for name in [name for name in absent if name not in dead]:
                try:
                    await self._roster.take(name)
                except Error as exc:
                    log.debug("account %s is still unavailable: %s", name, exc)
                    continue
                log.warning("account %s is active again", name)
                group.create_task(self._mirror_with(name, stop), name=f"account {name}")

    async def _take_in(self, stop: asyncio.Event) -> None:
        """Add channels for other processes, which may not use the accounts while the service runs."""
        while not await self._clock.wait(stop, INTAKE):
            await carry_out(self._database, self._roster.at_work, now=self._clock.now)

    async def _send_heartbeats(self, stop: asyncio.Event) -> None:
        """Record heartbeats: every BEAT seconds, and as soon as an account's state changes."""
        # systemd recommends two pings per watchdog period; three leave room for a busy machine.
        interval = min(BEAT, (self._manager.watchdog_seconds or BEAT * 3) / 3)
        real = Clock()  # systemd measures real time
        outages = Outages()
        last_at, last_states = -math.inf, None
        while not stop.is_set():
            now, moment = self._clock.now(), time.monotonic()
            statuses = self.describe()
            for line in outages.note(statuses, now):
                log.warning("%s", line)
            states = {name: (status.state, status.trouble) for name, status in statuses.items()}
            if states != last_states or moment >= last_at + interval:
                last_at, last_states = moment, states
                await self._database.write(beat, pid=os.getpid(), now=int(now), detail=write_statuses(statuses))
                self._heartbeat_at = self._clock.tick()
                self._notify_manager(statuses)
            await real.wait(stop, min(STATUS_INTERVAL, last_at + interval - moment))

    def _describe(self, workers: AccountWorkers) -> AccountStatus:
        connection, heard_at = workers.account.connection, workers.live.heard_at
        trouble = str(connection.trouble.args[0]) if connection.offline_since and connection.trouble else None
        ahead = connection.clock_ahead
        return AccountStatus(
            state=_find_state(workers),
            offline_since=connection.offline_since,
            trouble=trouble,
            flood_wait=round(connection.flood_wait, 1),
            clock_ahead=None if ahead is None else round(ahead, 1),
            heard_at=heard_at,
            filling=workers.backfill.left,
            due=workers.live.due,
        )

    def _notify_manager(self, statuses: Mapping[str, AccountStatus]) -> None:
        """Notify `READY` when the first account mirrors, and ping the watchdog unless an account hangs."""
        states = {status.state for status in statuses.values()}
        summary = ", ".join(f"{name}: {status.state}" for name, status in statuses.items()) or "no account"
        notes = [f"STATUS={summary}"]
        if "mirroring" in states and not self._ready:
            self._ready = True
            notes.append("READY=1")
        if "silent" not in states:
            notes.append("WATCHDOG=1")
        self._manager.notify(*notes)


def _find_state(workers: AccountWorkers) -> str:
    connection, live = workers.account.connection, workers.live
    if live.heard_at is None and connection.trouble is None:
        return "starting"
    if connection.offline_since is not None:
        return "offline"
    if live.silence <= HUNG_AFTER:
        return "mirroring"
    # Silence ordered by the server is not a hang: a restart would not end it.
    return "waiting" if connection.flood_wait else "silent"
