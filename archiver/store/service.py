"""Table `service`: the heartbeat of the one service that mirrors into this archive."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from archiver.store.database import Reader

_FRESH: Final = 180
"""Seconds after a heartbeat during which its service counts as running."""


class ServiceLife(NamedTuple):
    """The service's last report. Times are unix seconds."""

    pid: int
    version: str
    started_at: int
    beat_at: int
    """Renewed every few seconds while the service runs."""
    stopped_at: int | None
    """None: it is running, or ended without being able to record it, for example because it was killed."""
    failure: str | None
    """Why it ended, if by an error, without a full stop; None: it was told to stop, or is running."""
    detail: str
    """JSON: the current state of each account."""

    def is_held_by(self, holder: tuple[str, int] | None) -> bool:
        """Whether the process that reported still exists, working or hanging. `holder`: of the lock: command and id."""
        return self.stopped_at is None and holder == ("run", self.pid)

    def is_fresh(self, now: float) -> bool:
        """Whether its heartbeat is recent."""
        return now - self.beat_at < _FRESH


def find_service(conn: Reader) -> ServiceLife | None:
    """The running service, or the last one; None if there never was one."""
    query = "SELECT pid, version, started_at, beat_at, stopped_at, failure, detail FROM service"
    row = conn.execute(query).fetchone()
    return ServiceLife._make(row) if row else None


def begin_service(conn: sqlite3.Connection, *, pid: int, version: str, now: int) -> None:
    """Record that a service has started, replacing the row of an earlier one."""
    conn.execute(
        "INSERT INTO service (service_id, pid, version, started_at, beat_at, stopped_at, detail)"
        " VALUES (1, ?1, ?2, ?3, ?3, NULL, '{}')"
        " ON CONFLICT (service_id) DO UPDATE SET pid = ?1, version = ?2, started_at = ?3, beat_at = ?3,"
        " stopped_at = NULL, failure = NULL, detail = '{}'",
        (pid, version, now),
    )


def beat(conn: sqlite3.Connection, *, pid: int, now: int, detail: str) -> None:
    """Renew the heartbeat. `detail`: JSON, the current state of each account."""
    conn.execute("UPDATE service SET beat_at = ?, detail = ? WHERE pid = ?", (now, detail, pid))


def end_service(conn: sqlite3.Connection, *, pid: int, now: int, failure: str | None) -> None:
    """Record that the service has ended. `failure`: why, if nobody stopped it."""
    conn.execute("UPDATE service SET stopped_at = ?, failure = ? WHERE pid = ?", (now, failure, pid))
