"""The status pages of the running service: /health, /live and /metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol

import orjson

from archiver.clock import Clock
from archiver.model.account_status import AccountStatus
from archiver.model.clock_offset import describe_offset
from archiver.service.monitoring.health import ChannelCounts, UnreadableChannel, find_troubles, judge
from archiver.service.monitoring.http_server import Page, Reply
from archiver.service.monitoring.metrics import KIND, Metrics
from archiver.store.accounts.account import list_loads, list_unreadable
from archiver.store.channels.channel import find_oldest_sync
from archiver.store.database import Database
from archiver.store.index.outbox import Waiting, measure_all
from archiver.version import version

FRESH = 15.0
"""Seconds for which the size of the outbox is cached: counting may be slow."""


class WatchedService(Protocol):
    """What the pages need of the service."""

    @property
    def beat_age(self) -> float:
        """Seconds since its last heartbeat."""
        ...

    def describe(self) -> dict[str, AccountStatus]:
        """Current status of each account."""
        ...


class StatusPages:
    """Renders the pages. `indexed`: whether there is a Meilisearch index, and so an outbox to measure."""

    def __init__(self, service: WatchedService, database: Database, metrics: Metrics, *, indexed: bool) -> None:
        self._service = service
        self._database = database
        self._metrics = metrics
        self._indexed = indexed
        self._clock = Clock()
        self._measured: tuple[float, Waiting] | None = None

    @property
    def pages(self) -> Mapping[str, Page]:
        """The pages by path."""
        return {"/health": self.health, "/live": self.live, "/metrics": self.metrics}

    async def health(self) -> Reply:
        """200 while every channel is mirrored, else 503; JSON with the reasons."""
        accounts, counts = self._service.describe(), await self._counts()
        unread = await self._unread()
        verdict = judge(accounts, counts, unread, beat_age=self._service.beat_age)
        answer = {
            "healthy": verdict.exit_status == 0,
            "state": verdict.state,
            "troubles": [*verdict.troubles, *verdict.partly],
            "warnings": _list_clock_warnings(accounts),
            "channels": [one._asdict() for one in unread],
            "version": version(),
            "accounts": {
                name: {**asdict(account), **counts.get(name, ChannelCounts(0, 0))._asdict()}
                for name, account in accounts.items()
            },
        }
        return Reply(503 if verdict.exit_status else 200, "application/json", orjson.dumps(answer) + b"\n")

    async def live(self) -> Reply:
        """200 while the service works, regardless of the state of its channels: for supervisors that restart it."""
        troubles = find_troubles(self._service.describe(), await self._counts(), beat_age=self._service.beat_age)
        answer = {"live": not troubles, "troubles": troubles}
        return Reply(503 if troubles else 200, "application/json", orjson.dumps(answer) + b"\n")

    async def metrics(self) -> Reply:
        """The metrics, in the Prometheus text format."""
        accounts, counts, now = self._service.describe(), await self._counts(), self._clock.now()
        self._metrics.set_accounts(accounts, counts)
        verdict = judge(accounts, counts, await self._unread(), beat_age=self._service.beat_age)
        oldest = await self._database.read(find_oldest_sync, now=int(now))
        self._metrics.set_health(healthy=verdict.exit_status == 0, lag=0 if oldest is None else max(now - oldest, 0))
        if self._indexed:
            self._metrics.set_outbox(await self._measure(), now)
        return Reply(200, KIND, self._metrics.render())

    async def _counts(self) -> dict[str, ChannelCounts]:
        found = await self._database.read(list_loads, now=self._clock.now())
        return {name: ChannelCounts(*count) for name, count in found.items()}

    async def _unread(self) -> list[UnreadableChannel]:
        return [UnreadableChannel(*one) for one in await self._database.read(list_unreadable, now=self._clock.now())]

    async def _measure(self) -> Waiting:
        now = self._clock.tick()
        if self._measured is None or now - self._measured[0] > FRESH:
            self._measured = now, await self._database.read(measure_all)
        return self._measured[1]


def _list_clock_warnings(accounts: Mapping[str, AccountStatus]) -> list[str]:
    warnings = {describe_offset(account.clock_ahead) for account in accounts.values()}
    return sorted(warning for warning in warnings if warning)
