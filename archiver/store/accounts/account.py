"""Table `account`, and the account each channel is pinned to (`channel.account`)."""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple, TypeAlias

from archiver.ids import ChannelId
from archiver.store.database import Reader

AccountState: TypeAlias = Literal["active", "dead"]


class KnownAccount(NamedTuple):
    """An account, as the archive knows it. Times are unix seconds."""

    account: str
    """Its label, never its phone number."""
    state: AccountState | None
    """None: never logged in here."""
    reason: str | None
    since: int | None
    channels: int
    """Mirrored channels pinned to it."""
    first_name: str | None = None
    """As its owner wrote it, so untrusted text. None, as for `phone_end`: not known."""
    phone_end: str | None = None
    """The last two digits of its phone number; the rest is not stored."""
    clock_ahead: float | None = None
    """Seconds our clock was ahead of the server's at its last connection."""
    clock_at: int | None = None
    """When that was measured, by the server's clock."""


class AccountLoad(NamedTuple):
    """How many channels an account has to mirror."""

    channels: int
    unreadable: int
    """Those that cannot be read at present."""


class UnreadableState(NamedTuple):
    """A channel that cannot be read at present. Times are unix seconds."""

    name: str
    state: str
    state_since: int | None
    retry_at: int | None
    """When to try again; None: not waiting to be retried."""


class ClockOffset(NamedTuple):
    """The clock offset measured at a connection."""

    ahead: float
    """Seconds our clock was ahead of the server's."""
    at: int
    """When, by the server's clock, unix seconds."""


def list_loads(conn: Reader, *, now: float) -> dict[str, AccountLoad]:
    """The load of every account with channels to mirror, by account."""
    query = (
        "SELECT account, count(*), total(state <> 'active' OR coalesce(retry_at, 0) > ?) FROM channel"
        " WHERE state <> 'removed'"
        " GROUP BY account"
    )
    cursor = conn.execute(query, (now,))
    return {name: AccountLoad(int(channels), int(unreadable)) for name, channels, unreadable in cursor}


def list_unreadable(conn: Reader, *, now: float) -> list[UnreadableState]:
    """The channels that cannot be read at present, by name."""
    query = """
        SELECT coalesce('@' || username, alias, channel_id), state, state_since,
               CASE WHEN retry_at > :now THEN retry_at END
        FROM channel WHERE state <> 'removed' AND (state <> 'active' OR coalesce(retry_at, 0) > :now)
        ORDER BY 1
    """
    cursor = conn.execute(query, {"now": now})
    return [UnreadableState(str(row[0]), *row[1:]) for row in cursor]


def list_accounts(conn: Reader) -> list[KnownAccount]:
    """Every account that ever logged in or died here, or has a channel pinned to it, by name."""
    query = """
        WITH pinned AS (SELECT account, count(*) AS channels FROM channel WHERE state <> 'removed' GROUP BY account)
        SELECT account, state, reason, since, coalesce(channels, 0), first_name, phone_end, clock_ahead,
               clock_at
        FROM (SELECT account FROM account UNION SELECT account FROM pinned)
        LEFT JOIN account USING (account) LEFT JOIN pinned USING (account)
        ORDER BY account
    """
    cursor = conn.execute(query)
    return [KnownAccount._make(row) for row in cursor]


def set_account_state(
    conn: sqlite3.Connection, account: str, state: AccountState, *, now: int, reason: str | None = None
) -> None:
    """Record whether the server accepts the account; `since` moves only with a change."""
    conn.execute(
        "INSERT INTO account (account, state, reason, since) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account) DO UPDATE SET state = excluded.state, reason = excluded.reason, since = excluded.since"
        " WHERE state <> excluded.state OR reason IS NOT excluded.reason",
        (account, state, reason, now),
    )


def set_identity(conn: sqlite3.Connection, account: str, first_name: str | None, phone_end: str | None) -> None:
    """Record whose account it is, just enough for its owner to recognise it; an account without a state is skipped."""
    conn.execute("UPDATE account SET first_name = ?, phone_end = ? WHERE account = ?", (first_name, phone_end, account))


def note_clock(conn: sqlite3.Connection, account: str, ahead: float, *, at: int) -> None:
    """Record how many seconds our clock is ahead of the server's. `at`: now, by our clock."""
    conn.execute(
        "INSERT INTO account (account, state, since, clock_ahead, clock_at) VALUES (?1, 'active', ?2, ?3, ?4)"
        " ON CONFLICT (account) DO UPDATE SET clock_ahead = ?3, clock_at = ?4 WHERE clock_ahead IS NOT ?3",
        (account, at, ahead, int(at - ahead)),
    )


def find_clock(conn: Reader) -> ClockOffset | None:
    """How far our clock was ahead of the server's at the last connection; None: no connection yet."""
    query = "SELECT clock_ahead, clock_at FROM account WHERE clock_ahead IS NOT NULL ORDER BY clock_at DESC LIMIT 1"
    row = conn.execute(query).fetchone()
    return ClockOffset._make(row) if row else None


def pin_channel(conn: sqlite3.Connection, channel_id: ChannelId, account: str) -> None:
    """Pin the channel to this account, and reset the back-off of the previous one."""
    conn.execute(
        "UPDATE channel SET account = ?1, failures = 0, retry_at = NULL, last_error = NULL"
        " WHERE channel_id = ?2 AND account <> ?1",
        (account, channel_id),
    )
