"""Table `capture`: the append-only log of what was asked, when, and what came. The chain of custody."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

import aiosqlite

from archiver.store.account import note_clock

METHODS = frozenset({"history", "difference", "audit", "rich", "import"})
"""What an answer can be."""
_RECENT = 2_000
"""Answers that are looked through: the log is long, and has no index by time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One answer that was stored. `lo` and `hi` are the ids that it proves: held, or absent at `at`."""

    channel_id: int
    at: int
    method: str
    lo: int | None
    hi: int | None
    count: int
    generation: int
    version: str
    layer: int
    account: str
    clock_ahead: float | None = None
    """Seconds by which our clock was ahead of the server's when the connection was made."""


def append_capture(conn: sqlite3.Connection, capture: Capture) -> None:
    """Log one answer."""
    conn.execute(
        "INSERT INTO capture (channel_id, at, method, lo, hi, count, generation, version, layer, account,"
        " clock_ahead) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            capture.channel_id,
            capture.at,
            capture.method,
            capture.lo,
            capture.hi,
            capture.count,
            capture.generation,
            capture.version,
            capture.layer,
            capture.account,
            capture.clock_ahead,
        ),
    )
    if capture.clock_ahead is not None:
        note_clock(conn, capture.account, capture.clock_ahead, at=capture.at)


class Read(NamedTuple):
    """A page of history that was stored: when, with how many messages, proving how many ids."""

    at: int
    messages: int
    ids: int


async def list_read_since(conn: aiosqlite.Connection, since: float) -> list[Read]:
    """The pages of history that were stored since then, of the newest _RECENT answers at most, oldest first."""
    query = (
        "SELECT at, count, coalesce(hi - lo + 1, 0) FROM capture"
        " WHERE capture_id > (SELECT max(capture_id) FROM capture) - ? AND at >= ? AND method = 'history'"
        " ORDER BY capture_id"
    )
    async with conn.execute(query, (_RECENT, since)) as cursor:
        return [Read._make(row) async for row in cursor]
