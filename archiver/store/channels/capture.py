"""Table `capture`: the append-only log of requests and their answers, the chain of custody."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.store.accounts.account import note_clock
from archiver.store.database import Reader

METHODS = frozenset({"history", "difference", "audit", "rich", "import"})
"""How an answer can have been obtained."""
WAYS = {"history": "history", "audit": "audit", "difference": "update"}
"""How a message is noticed to be missing, by the method of the answer."""
_RECENT = 2_000
"""Newest answers to scan: the log is long and has no index by time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One stored answer. It proves the ids in [lo, hi]: each is held, or was absent at `at`."""

    channel_id: ChannelId
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
    """Seconds our clock was ahead of the server's when the connection was made."""


def append_capture(conn: sqlite3.Connection, capture: Capture) -> None:
    """Append one answer to the log."""
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


def list_first_reads(conn: Reader) -> dict[ChannelId, int]:
    """When each channel was first read on Telegram, by this telekeep or another. Looks at the whole log."""
    query = "SELECT channel_id, min(at) FROM capture WHERE method <> 'import' GROUP BY channel_id"
    return {row[0]: row[1] for row in conn.execute(query)}


class StoredPage(NamedTuple):
    """A stored page of history: when, how many messages, how many ids it proves."""

    at: int
    messages: int
    ids: int


def list_read_since(conn: Reader, since: float) -> list[StoredPage]:
    """The pages of history stored since `since`, oldest first; looks at the newest _RECENT answers only."""
    query = (
        "SELECT at, count, coalesce(hi - lo + 1, 0) FROM capture"
        " WHERE capture_id > (SELECT max(capture_id) FROM capture) - ? AND at >= ? AND method = 'history'"
        " AND source_id IS NULL"
        " ORDER BY capture_id"
    )
    cursor = conn.execute(query, (_RECENT, since))
    return [StoredPage._make(row) for row in cursor]


def find_absence_proofs(
    conn: Reader, channel_id: ChannelId, generation: int, message_ids: Iterable[int]
) -> list[tuple[MessageId, int, str]]:
    """When and by which method answers that account for these ids last showed no such messages."""
    found = []
    for message_id in message_ids:
        row = conn.execute(
            "SELECT at, method FROM capture WHERE channel_id = ? AND generation = ? AND hi >= ? AND lo <= ?"
            " ORDER BY at DESC LIMIT 1",
            (channel_id, generation, message_id, message_id),
        ).fetchone()
        if row is not None:
            found.append((MessageId(message_id), row[0], row[1]))
    return found
