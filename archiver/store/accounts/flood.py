"""Tables `flood`, `flood_order`: the server's flood waits. Obeyed across restarts, for a week at most."""

from __future__ import annotations

import sqlite3

from archiver.store.database import Reader


def list_floods(conn: Reader, account: str) -> dict[str, float]:
    """When each method may be called again, unix time by method."""
    cursor = conn.execute("SELECT method, until FROM flood WHERE account = ?", (account,))
    return {str(method): float(until) for method, until in cursor}


def list_orders(conn: Reader, account: str) -> dict[str, float]:
    """The full end of each wait that is obeyed only in part, unix time by method."""
    cursor = conn.execute("SELECT method, ordered FROM flood_order WHERE account = ?", (account,))
    return {str(method): float(ordered) for method, ordered in cursor}


def set_flood(
    conn: sqlite3.Connection, *, account: str, method: str, until: float, ordered: float | None = None
) -> None:
    """Record a flood wait, replacing an earlier one. `ordered`: its full end, if it is not obeyed in full."""
    conn.execute(
        "INSERT INTO flood (account, method, until) VALUES (?, ?, ?)"
        " ON CONFLICT (account, method) DO UPDATE SET until = excluded.until",
        (account, method, until),
    )
    conn.execute("DELETE FROM flood_order WHERE account = ? AND method = ?", (account, method))
    if ordered is not None:
        conn.execute("INSERT INTO flood_order (account, method, ordered) VALUES (?, ?, ?)", (account, method, ordered))
