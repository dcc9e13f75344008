"""Tables `flood`, `flood_order` and `takeout`: all waits that a server ordered, for people."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from archiver.store.database import Reader

TAKEOUT = "takeout"
"""The pseudo-method under which a takeout's delay is kept."""
_SINCE = 11
"""The first schema version with all of these tables; readers may find an older one."""
_QUERY = """
    SELECT account, method, until, ordered FROM flood LEFT JOIN flood_order USING (account, method)
    UNION ALL SELECT account, 'takeout', not_before, NULL FROM takeout WHERE not_before IS NOT NULL
    ORDER BY account, method
"""
_OLD = "SELECT account, method, until, NULL FROM flood ORDER BY account, method"


class Wait(NamedTuple):
    """A wait that a server ordered. Times are unix seconds."""

    account: str
    method: str
    until: float
    ordered: float | None
    """Its full end, if it is not obeyed in full."""


def list_waits(conn: Reader, *, now: float) -> list[Wait]:
    """The waits that are not over, by account and method."""
    cursor = conn.execute("PRAGMA user_version")
    [version] = cursor.fetchone() or [0]
    cursor = conn.execute(_QUERY if version >= _SINCE else _OLD)
    waits = [Wait._make(row) for row in cursor]
    return [wait for wait in waits if wait.until > now]


def forget_wait(conn: sqlite3.Connection, wait: Wait) -> None:
    """Forget a wait, as if it had not been ordered."""
    if wait.method == TAKEOUT:
        conn.execute("UPDATE takeout SET not_before = NULL WHERE account = ?", (wait.account,))
        return
    for table in ("flood", "flood_order"):
        conn.execute(f"DELETE FROM {table} WHERE account = ? AND method = ?", (wait.account, wait.method))
