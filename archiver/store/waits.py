"""Every wait that a server ordered: flood waits (`flood`, `flood_order`) and delays of a takeout. For people."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import aiosqlite

TAKEOUT = "takeout"
"""The name of a takeout's delay among the methods."""
_SINCE = 11
"""The schema that has all of these tables; who only reads may find an older one."""
_QUERY = """
    SELECT account, method, until, ordered FROM flood LEFT JOIN flood_order USING (account, method)
    UNION ALL SELECT account, 'takeout', not_before, NULL FROM takeout WHERE not_before IS NOT NULL
    ORDER BY account, method
"""
_OLD = "SELECT account, method, until, NULL FROM flood ORDER BY account, method"


class Wait(NamedTuple):
    """One of them. Times are unix seconds."""

    account: str
    method: str
    until: float
    ordered: float | None
    """Until when the server ordered it, where that is longer than it is obeyed."""


async def list_waits(conn: aiosqlite.Connection, *, now: float) -> list[Wait]:
    """Those that are not over, by account and method."""
    async with conn.execute("PRAGMA user_version") as cursor:
        [version] = await cursor.fetchone() or [0]
    async with conn.execute(_QUERY if version >= _SINCE else _OLD) as cursor:
        waits = [Wait._make(row) for row in await cursor.fetchall()]
    return [wait for wait in waits if wait.until > now]


def forget_wait(conn: sqlite3.Connection, wait: Wait) -> None:
    """Behave as if it had not been ordered."""
    if wait.method == TAKEOUT:
        conn.execute("UPDATE takeout SET not_before = NULL WHERE account = ?", (wait.account,))
        return
    for table in ("flood", "flood_order"):
        conn.execute(f"DELETE FROM {table} WHERE account = ? AND method = ?", (wait.account, wait.method))
