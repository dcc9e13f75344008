"""`telekeep run`: mirroring for months without care.

Named workers in task groups, and one Event to stop them. An account that the server no longer accepts ends its own
workers only; the unforeseen death of any worker ends the service with that error, because a mirror that is half dead
looks alive. A stop lets pages that are under way be finished, for GRACE seconds at most.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Iterator, Mapping
from typing import Protocol

import orjson

from archiver.clock import Clock
from archiver.errors import Error, LoginNeeded, UsageError, say_whose
from archiver.mirror.add_channel import carry_out
from archiver.model.outage import Outages
from archiver.service.account_workers import Account, AccountWorkers, PollSettings
from archiver.service.backoff import ACCOUNT_ERRORS
from archiver.service.merge_segments import merge_when_idle
from archiver.service.monitoring.systemd import Systemd
from archiver.store.account import list_accounts, set_account_state
from archiver.store.database import Database
from archiver.store.service import beat, begin_service, end_service
from archiver.version import version

log = logging.getLogger(__name__)

GRACE = 3.0
"""Seconds that the workers have to finish what they are at."""
FAREWELL = 0.5
"""Seconds for the service's last word in the archive."""
BEAT = 10.0
"""Seconds between two signs of life, at most."""
LOOK = 1.0
"""Seconds between two looks at how the accounts are: a change is told at once."""
INTAKE = 1.0
"""Seconds between two looks for channels that somebody wants added."""
RETURN = 5.0
"""Seconds between two looks whether an account has logged in (again)."""
DEAF = 1800.0
"""Seconds without a word from the server, although there is a line, after which something hangs."""


class Roster(Protocol):
    """The accounts of the run: those at work, and those that are not."""

    @property
    def at_work(self) -> Mapping[str, Account]:
        """Accounts that can be used."""
        ...

    @property
    def absent(self) -> Mapping[str, Error]:
        """Why others cannot."""
        ...

    async def take(self, name: str) -> Account:
        """Put an account to work. Raises LoginNeeded, Busy, UsageError."""
        ...

    async def release(self, name: str, why: Error | None = None) -> None:
        """Let an account go; the tasks that use it have ended."""
        ...


class Indexer(Protocol):
    """Keeps the index as the archive is."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; trouble with the index's server is its own affair."""
        ...


class Service:
    """Mirrors every added channel with the accounts of the roster, until told to stop."""

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
        self._beaten = math.inf

    @property
    def beat_age(self) -> float:
        """Seconds since the last sign of life was written into the archive; negative: none was yet."""
        return self._clock.tick() - self._beaten

    def describe(self) -> dict[str, dict[str, object]]:
        """What each account is at."""
        return {name: self._describe(workers) for name, workers in self._workers.items()}

    def hint(self, channel_id: int) -> None:
        """The server pushed something about a channel."""
        for workers in self._workers.values():
            workers.live.hint(channel_id)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. Raises LoginNeeded when no account is left, and whatever a worker dies of."""
        work = asyncio.create_task(self._work(stop), name="service")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                self._manager.tell("STOPPING=1")
                log.info("stopping; pages that are under way are finished")
                await asyncio.wait({work}, timeout=GRACE)
        finally:
            stopping.cancel()
            if not work.done():
                work.cancel()
            await asyncio.wait({work})
            death = None if work.cancelled() else work.exception()
            await self._say_farewell(death)
        if death is not None:
            raise _first(death)

    async def _say_farewell(self, death: BaseException | None) -> None:
        """Write down that the service has ended, unless the archive keeps it from that."""
        pid, now = os.getpid(), int(self._clock.now())
        try:
            async with asyncio.timeout(FAREWELL):
                await self._database.write(end_service, pid=pid, now=now)
        except TimeoutError:
            log.warning("the stop is not written down: another program writes into the archive")
        except Exception:
            if death is None:
                raise
            # Most likely for the same reason, which is told in a moment.

    async def _work(self, stop: asyncio.Event) -> None:
        pid, now = os.getpid(), int(self._clock.now())
        await self._database.write(begin_service, pid=pid, version=version(), now=now)
        async with asyncio.TaskGroup() as group:
            for name in list(self._roster.at_work):
                group.create_task(self._mirror_with(name, stop), name=f"account {name}")
            group.create_task(self._take_in(stop), name="intake")
            if self._indexer is not None:
                group.create_task(self._indexer.run(stop), name="index")
            group.create_task(merge_when_idle(self._database, stop, self._clock, self._is_filling), name="tidy")
            group.create_task(self._beat(stop), name="beat")
            group.create_task(self._welcome_back(group, stop), name="accounts")

    async def _mirror_with(self, name: str, stop: asyncio.Event) -> None:
        account = self._roster.at_work[name]
        polling = self._poll_settings.get(name, PollSettings())
        self._workers[name] = workers = AccountWorkers(account, self._database, clock=self._clock, polling=polling)
        try:
            await workers.run(stop)
            return
        except (*ACCOUNT_ERRORS, BaseExceptionGroup) as exc:
            reasons = [leaf for leaf in _leaves(exc) if not isinstance(leaf, asyncio.CancelledError)]
            strange = [leaf for leaf in reasons if not isinstance(leaf, ACCOUNT_ERRORS)]
            if strange or not reasons:
                raise
            reason = reasons[0]
        finally:
            del self._workers[name]
        assert isinstance(reason, Error)
        await self._retire(name, reason)

    async def _retire(self, name: str, reason: Error) -> None:
        """An account is of no use any more: its channels wait, those of others go on. Never a login loop."""
        if isinstance(reason, LoginNeeded):
            why, now = str(reason.args[0]), int(self._clock.now())
            await self._database.write(set_account_state, name, "dead", now=now, reason=why)
        await self._roster.release(name, reason)
        if len(self._poll_settings) > 1:
            say_whose(reason, name)
        if not self._workers:
            raise reason
        log.error("%s The channels of other accounts go on.", reason)

    async def _welcome_back(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """Accounts that logged in meanwhile go to work."""
        while not await self._clock.wait(stop, RETURN):
            dead = {one.account for one in await list_accounts(self._database.connection) if one.state == "dead"}
            # What is wrong with settings stays wrong: they were read at the start.
            away = [name for name, why in self._roster.absent.items() if not isinstance(why, UsageError)]
            for name in [name for name in away if name not in dead]:
                try:
                    await self._roster.take(name)
                except Error as exc:
                    log.debug("account %s is still away: %s", name, exc)
                    continue
                log.warning("account %s is at work again", name)
                group.create_task(self._mirror_with(name, stop), name=f"account {name}")

    async def _take_in(self, stop: asyncio.Event) -> None:
        """Channels that other processes want added: only we may use the accounts meanwhile."""
        while not await self._clock.wait(stop, INTAKE):
            await carry_out(self._database, self._roster.at_work, now=self._clock.now)

    async def _beat(self, stop: asyncio.Event) -> None:
        """Signs of life: now and then, and as soon as an account's state is another one."""
        # The manager wants to hear us twice in its time; a third leaves room for a machine that is busy.
        interval = min(BEAT, (self._manager.watchdog_seconds or BEAT * 3) / 3)
        real = Clock()  # the manager does not know of any other
        outages = Outages()
        last_at, last_states = -math.inf, None
        while not stop.is_set():
            now, moment = self._clock.now(), time.monotonic()
            detail = self.describe()
            for line in outages.note(detail, now):
                log.warning("%s", line)
            states = {name: (account["state"], account["trouble"]) for name, account in detail.items()}
            if states != last_states or moment >= last_at + interval:
                last_at, last_states = moment, states
                text, pid = orjson.dumps(detail).decode(), os.getpid()
                await self._database.write(beat, pid=pid, now=int(now), detail=text)
                self._beaten = self._clock.tick()
                self._tell_manager(detail)
            await real.wait(stop, min(LOOK, last_at + interval - moment))

    def _is_filling(self) -> bool:
        return any(workers.backfill.left for workers in self._workers.values())

    def _describe(self, workers: AccountWorkers) -> dict[str, object]:
        line, heard = workers.account.connection, workers.live.heard_at
        silent = line.offline_since is None and workers.live.silence > DEAF
        begins = heard is None and line.trouble is None
        # Silence by order of the server is no hanging: to be started anew would not end it.
        quiet = ("waiting" if line.flood_wait else "silent") if silent else "mirroring"
        state = "starting" if begins else "offline" if line.offline_since else quiet
        return {
            "state": state,
            "offline_since": line.offline_since,
            "trouble": str(line.trouble.args[0]) if line.offline_since and line.trouble else None,
            "flood_wait": round(line.flood_wait, 1),
            "clock_ahead": None if line.clock_ahead is None else round(line.clock_ahead, 1),
            "heard_at": heard,
            "filling": workers.backfill.left,
            "due": workers.live.due,
        }

    def _tell_manager(self, detail: Mapping[str, Mapping[str, object]]) -> None:
        """`READY` when the first account mirrors; a sign of life unless something hangs."""
        states = {name: str(account["state"]) for name, account in detail.items()}
        told = ", ".join(f"{name}: {state}" for name, state in states.items()) or "no account"
        said = [f"STATUS={told}"]
        if "mirroring" in states.values() and not self._ready:
            self._ready = True
            said.append("READY=1")
        if "silent" not in states.values():
            said.append("WATCHDOG=1")
        self._manager.tell(*said)


def _leaves(exc: BaseException) -> Iterator[BaseException]:
    if isinstance(exc, BaseExceptionGroup):
        for inner in exc.exceptions:
            yield from _leaves(inner)
    else:
        yield exc


def _first(death: BaseException) -> BaseException:
    """The error that people are to read: the first one that is no consequence of another's."""
    leaves = list(_leaves(death))
    return next((leaf for leaf in leaves if not isinstance(leaf, asyncio.CancelledError)), leaves[0])
