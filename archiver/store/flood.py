"""Table `flood`: until when the server told us to wait. Obeyed across restarts."""

from __future__ import annotations

import sqlite3

import aiosqlite


async def list_floods(conn: aiosqlite.Connection, account: str) -> dict[str, float]:
    """Method -> unix time until which it must not be called."""
    async with conn.execute("SELECT method, until FROM flood WHERE account = ?", (account,)) as cursor:
        return {str(method): float(until) async for method, until in cursor}


def set_flood(conn: sqlite3.Connection, *, account: str, method: str, until: float) -> None:
    """Keep the server's order; a later one replaces it."""
    conn.execute(
        "INSERT INTO flood (account, method, until) VALUES (?, ?, ?)"
        " ON CONFLICT (account, method) DO UPDATE SET until = excluded.until",
        (account, method, until),
    )
