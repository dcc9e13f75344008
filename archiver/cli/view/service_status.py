"""The state of the service for `telekeep status`: its own report, and whether its process is running."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from archiver.cli.view.moments import Moments
from archiver.lock import Holder, find_holder
from archiver.model.account_status import AccountStatus, read_statuses
from archiver.model.iso_time import iso
from archiver.store.database import Database
from archiver.store.service import ServiceLife, find_service


class ServiceStatus(NamedTuple):
    """State of the service."""

    life: ServiceLife | None
    holder: Holder | None
    """The process that is mirroring now."""

    @property
    def is_there(self) -> bool:
        """Whether the process that reported last still exists, working or hanging."""
        return self.life is not None and self.life.is_held_by(self.holder)

    def is_running(self, now: float) -> bool:
        """Whether the process exists and its heartbeat is recent."""
        return self.is_there and self.life is not None and self.life.is_fresh(now)

    def describe(self, moments: Moments, *, has_channels: bool) -> str:
        """What mirrors now, if anything does; or that the service is stopped, has failed or hangs.

        `has_channels`: whether any channel is mirrored, so that there is something to start it for.
        """
        life, holder = self.life, self.holder
        if trouble := self.describe_trouble(moments):
            return trouble
        if life is not None and self.is_there:
            since = f"running since {moments.at(life.started_at)}"
            return f"service: {since} (process {life.pid}, telekeep {life.version})"
        if holder is not None and holder.command == "run":
            return f"service: starting or stopping (process {holder.pid})"
        if holder is not None:
            return f"service: not running; `telekeep {holder.command}` is at work (process {holder.pid})"
        if not has_channels:
            return "service: not running; no channel is mirrored"
        ended = life.stopped_at if life is not None else None
        return f"service: {f'stopped since {moments.at(ended)}' if ended else 'not running'} (`telekeep run` starts it)"

    def describe_trouble(self, moments: Moments) -> str:
        """Why a service that once ran does not mirror; empty if there was none, it does, or it was stopped."""
        life = self.life
        if (
            life is None
            or (life.stopped_at is not None and life.failure is None)
            or (self.holder is not None and self.holder.command == "run" and not self.is_there)
        ):
            return ""
        if not self.is_there:
            return f"service: {describe_end(life, moments)} (process {life.pid})"
        if not self.is_running(moments.now):
            return f"service: hanging, no heartbeat since {moments.at(life.beat_at)} (process {life.pid})"
        return ""

    def describe_accounts(self, moments: Moments) -> Iterator[str]:
        """A line for each account of the running service that is not mirroring."""
        for label, account in self.list_away(moments.now).items():
            since = f" since {moments.at(account.offline_since)}" if account.offline_since else ""
            trouble = f": {account.trouble.rstrip('.')}" if account.trouble else ""
            yield f"account {label}: {account.state}{since}{trouble}"

    def list_away(self, now: float) -> dict[str, AccountStatus]:
        """The accounts of the running service that are not mirroring."""
        if self.life is None or not self.is_running(now):
            return {}
        known = read_statuses(self.life.detail)
        return {label: account for label, account in known.items() if account.state != "mirroring"}

    def as_object(self, now: float) -> dict[str, Any]:
        """As JSON."""
        life = self.life
        return {
            "running": self.is_running(now),
            "pid": life.pid if life else None,
            "version": life.version if life else None,
            "started_at": iso(life.started_at) if life else None,
            "beat_at": iso(life.beat_at) if life else None,
            "stopped_at": iso(life.stopped_at) if life else None,
            "failure": life.failure if life else None,
            "accounts": [_account(*one) for one in read_statuses(life.detail).items()] if life else [],
            "detail": orjson.loads(life.detail) if life else None,
        }


def describe_end(life: ServiceLife, moments: Moments) -> str:
    """How a service ended that no longer runs, and when."""
    if life.stopped_at is None:
        return f"ended unexpectedly after {moments.at(life.beat_at)}"
    at = moments.at(life.stopped_at)
    return f"stopped on {at}" if life.failure is None else f"failed on {at}: {life.failure}"


def _account(name: str, status: AccountStatus) -> dict[str, Any]:
    """An account of the service, as JSON."""
    return {
        "account": name,
        "state": status.state,
        "offline_since": None if status.offline_since is None else iso(int(status.offline_since)),
        "trouble": status.trouble,
        "waiting_seconds": round(status.flood_wait),
        "clock_ahead": status.clock_ahead,
        "heard_at": None if status.heard_at is None else iso(int(status.heard_at)),
        "filling": status.filling,
        "due": status.due,
    }


async def read_service(database: Database) -> ServiceStatus:
    """Read the current state of the service."""
    holder = find_holder(database.path.parent)  # first: a stopping service reports before it releases the lock
    return ServiceStatus(await database.read(find_service), holder)
