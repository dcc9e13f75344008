"""Table `flood`: until when the server told us to wait. Obeyed across restarts."""

from __future__ import annotations

import sqlite3

import aiosqlite


async def list_floods(conn: aiosqlite.Connection, account: str) -> dict[str, float]:
    """Method -> unix time until which it must not be called."""
    async with conn.execute("SELECT method, until FROM flood WHERE account = ?", (account,)) as cursor:
        return {str(method): float(until) async for method, until in cursor}


async def list_orders(conn: aiosqlite.Connection, account: str) -> dict[str, float]:
    """Method -> unix time until which the server ordered to wait, where that is longer than it is obeyed."""
    query = "SELECT method, ordered FROM flood WHERE account = ? AND ordered IS NOT NULL"
    async with conn.execute(query, (account,)) as cursor:
        return {str(method): float(ordered) async for method, ordered in cursor}


def set_flood(
    conn: sqlite3.Connection, *, account: str, method: str, until: float, ordered: float | None = None
) -> None:
    """Keep the server's order; a later one replaces it."""
    conn.execute(
        "INSERT INTO flood (account, method, until, ordered) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account, method) DO UPDATE SET until = excluded.until, ordered = excluded.ordered",
        (account, method, until, ordered),
    )


def forget_floods(conn: sqlite3.Connection, account: str, method: str | None) -> None:
    """Forget an account's order for a method, or all of its orders."""
    conn.execute(
        "DELETE FROM flood WHERE account = ?1 AND (?2 IS NULL OR method = ?2)",
        (account, method),
    )
