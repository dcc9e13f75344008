"""Table `capture`: the append-only log of what was asked, when, and what came. The chain of custody."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


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


def append_capture(conn: sqlite3.Connection, capture: Capture) -> None:
    """Log one answer."""
    conn.execute(
        "INSERT INTO capture (channel_id, at, method, lo, hi, count, generation, version, layer, account)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        ),
    )
