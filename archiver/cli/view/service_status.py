"""How the service is, as `telekeep status` tells it: what it said of itself, and whether its process is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from archiver.lock import Holder, find_holder
from archiver.model.account_status import read_statuses
from archiver.model.row import iso
from archiver.store.database import Database
from archiver.store.service import ServiceLife, find_service

_ALIVE = 180
"""Seconds after its last sign of life within which a service that is there counts as running."""


class ServiceStanding(NamedTuple):
    """What is known of the service."""

    life: ServiceLife | None
    holder: Holder | None
    """Who mirrors at this moment."""

    @property
    def is_there(self) -> bool:
        """Whether the process that spoke last is there, and mirrors or hangs."""
        life = self.life
        return life is not None and life.stopped_at is None and self.holder == ("run", life.pid)

    def is_running(self, now: float) -> bool:
        """Whether it is there and gives signs of life."""
        return self.is_there and self.life is not None and now - self.life.beat_at < _ALIVE

    def describe(self, now: float) -> Iterator[str]:
        """A line for the service, and one for each of its accounts that does not mirror."""
        life, holder = self.life, self.holder
        if holder is not None and holder.command == "run" and not self.is_there:
            yield f"service: is starting or ending (process {holder.pid})"
        elif life is None:
            return
        elif life.stopped_at is not None:
            yield f"service: stopped at {iso(life.stopped_at)}; `telekeep run` starts it"
        elif not self.is_there:
            yield f"service: was killed after {iso(life.beat_at)} (process {life.pid}); `telekeep run` starts it"
        elif not self.is_running(now):
            yield f"service: gave no sign since {iso(life.beat_at)}, it hangs (process {life.pid})"
        else:
            yield f"service: runs since {iso(life.started_at)} (process {life.pid}, telekeep {life.version})"
            for label, account in read_statuses(life.detail).items():
                if account.state != "mirroring":
                    since = f" since {iso(int(account.offline_since))}" if account.offline_since else ""
                    trouble = f": {account.trouble}" if account.trouble else ""
                    yield f"account {label}: {account.state}{since}{trouble}"

    def as_object(self, now: float) -> dict[str, Any]:
        """For JSON."""
        life = self.life
        return {
            "running": self.is_running(now),
            "pid": life.pid if life else None,
            "version": life.version if life else None,
            "started_at": iso(life.started_at) if life else None,
            "beat_at": iso(life.beat_at) if life else None,
            "stopped_at": iso(life.stopped_at) if life else None,
            "detail": orjson.loads(life.detail) if life else None,
        }


async def read_service(database: Database) -> ServiceStanding:
    """How the service is now."""
    holder = find_holder(database.path.parent)  # first: one that ends says so before it lets go
    return ServiceStanding(await find_service(database.connection), holder)
