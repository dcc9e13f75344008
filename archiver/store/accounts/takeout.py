"""Table `takeout`: each account's open takeout session, and when it may request one."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from archiver.store.database import Reader

_UPSERT = "INSERT INTO takeout (account, {0}) VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET {0} = excluded.{0}"


class TakeoutState(NamedTuple):
    """An account's takeout session."""

    takeout_id: int | None
    """The open session; None: none is open."""
    not_before: float
    """Unix time before which not to request one; 0: at any time."""


def get_takeout(conn: Reader, account: str) -> TakeoutState:
    """The account's takeout session; one that was never requested may be requested at any time."""
    row = conn.execute("SELECT takeout_id, not_before FROM takeout WHERE account = ?", (account,)).fetchone()
    return TakeoutState(row[0] or None, row[1] or 0.0) if row else TakeoutState(None, 0.0)


def set_takeout(conn: sqlite3.Connection, account: str, takeout_id: int | None) -> None:
    """Record the open session, which ends any delay; None: no session is open."""
    conn.execute(_UPSERT.format("takeout_id"), (account, takeout_id))
    if takeout_id is not None:
        set_delay(conn, account, None)


def set_delay(conn: sqlite3.Connection, account: str, until: float | None) -> None:
    """Record the time before which not to request a takeout; None: no delay."""
    conn.execute(_UPSERT.format("not_before"), (account, until))
