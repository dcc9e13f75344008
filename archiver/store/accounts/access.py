"""Table `access`: the access hashes that accounts need to request channels. Each is valid for one account only."""

from __future__ import annotations

import sqlite3

from archiver.ids import AccessHash, ChannelId
from archiver.store.database import Reader


def set_access(
    conn: sqlite3.Connection, *, account: str, channel_id: ChannelId, access_hash: AccessHash, now: int
) -> None:
    """Store an account's access hash for a channel."""
    conn.execute(
        "INSERT INTO access (account, channel_id, access_hash, resolved_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account, channel_id) DO UPDATE SET access_hash = excluded.access_hash,"
        " resolved_at = excluded.resolved_at WHERE access_hash <> excluded.access_hash",
        (account, channel_id, access_hash, now),
    )


def find_access(conn: Reader, *, account: str, channel_id: ChannelId) -> AccessHash | None:
    """The account's access hash for a channel; None if the account never resolved it."""
    row = conn.execute(
        "SELECT access_hash FROM access WHERE account = ? AND channel_id = ?", (account, channel_id)
    ).fetchone()
    return AccessHash(int(row[0])) if row else None


def list_access(conn: Reader, account: str) -> dict[int, AccessHash]:
    """The account's access hashes, by channel id."""
    rows = conn.execute("SELECT channel_id, access_hash FROM access WHERE account = ?", (account,))
    return {int(row[0]): AccessHash(int(row[1])) for row in rows}
