"""Table `channel`, and its history."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import orjson

from archiver.ids import ChannelId, label_channel
from archiver.store.database import Reader
from archiver.store.index.index_home import mark_renamed

if TYPE_CHECKING:
    from archiver.model.record import Channel

ChannelState: TypeAlias = Literal["active", "inaccessible", "banned", "needs_newer_layer", "removed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """A channel, as the archive knows it. Times are unix seconds."""

    channel_id: ChannelId
    alias: str | None
    username: str | None
    title: str
    megagroup: bool
    added_at: int
    window_start: int | None
    """Where backfill ends; None: the whole history."""
    state: ChannelState
    state_reason: str | None
    generation: int
    """Raised when the server answers "too long": coverage of an older generation no longer counts."""
    pts: int | None
    """The archive has all events up to this one; None: nothing was read yet."""
    top_id: int
    floor_id: int | None
    """The highest id known to be older than the window."""
    server_count: int | None
    last_sync_at: int | None
    server_count_pts: int | None = None
    """The pts of the page that last gave that count."""
    account: str = "default"
    """The account that reads it."""
    failures: int = 0
    """Consecutive failures; 0 after a success."""
    retry_at: int | None = None
    """When to try again after a failure."""
    described_at: int | None = None
    """When its full description was last fetched."""
    accepted_count: int | None = None
    """By how many the server's count exceeded the held messages when all of them were last reviewed."""
    unexplained_count: int | None = None
    """The same when a sync last read all of them again; accepted if it comes out the same twice."""
    imported_only: bool = False
    """Whether it is known only from imports: its state is `removed` until it is added."""

    @property
    def name(self) -> str:
        """Its name in rows and citations: username, else alias, else the bare id."""
        return self.username or self.alias or str(self.channel_id)

    @property
    def label(self) -> str:
        """What people read: its name; the title and the id of a channel that has only these."""
        return label_channel(self.name, self.title)

    @property
    def shown_state(self) -> str:
        """The state as people see it."""
        return "imported" if self.imported_only else self.state

    @property
    def lowest_wanted(self) -> int:
        """The lowest id to mirror."""
        return (self.floor_id or 0) + 1

    def since_sync(self, now: float) -> float:
        """Seconds since it was last up to date; inf: never, or at a time in the future."""
        return now - self.last_sync_at if self.last_sync_at and self.last_sync_at <= now else math.inf


_COLUMNS = (
    "channel_id, alias, username, title, megagroup, added_at, window_start, state, state_reason, generation, pts, "
    "top_id, floor_id, server_count, server_count_pts, last_sync_at, account, failures, retry_at, described_at, "
    "accepted_count, unexplained_count, imported_only"
)


def _from_row(row: Any) -> Mirrored:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["megagroup"], values["imported_only"] = bool(values["megagroup"]), bool(values["imported_only"])
    return Mirrored(**values)


def list_channels(conn: Reader, *, removed: bool = False) -> list[Mirrored]:
    """All mirrored channels in the order they were added; `removed`: also those taken out by `telekeep remove`."""
    where = "" if removed else "WHERE state <> 'removed'"
    rows = conn.execute(f"SELECT {_COLUMNS} FROM channel {where} ORDER BY added_at, channel_id")
    return [_from_row(row) for row in rows]


def list_unread(conn: Reader, account: str, *, now: int) -> list[ChannelId]:
    """The account's channels not read yet in their current generation, except those waiting to be retried."""
    cursor = conn.execute(
        "SELECT channel_id FROM channel WHERE account = ? AND pts IS NULL AND state <> 'removed'"
        " AND (retry_at IS NULL OR retry_at <= ?) ORDER BY added_at, channel_id",
        (account, now),
    )
    return [ChannelId(row[0]) for row in cursor]


def find_oldest_sync(conn: Reader, *, now: int) -> int | None:
    """When the most outdated channel was last up to date, ignoring those waiting to be retried; None without any."""
    query = (
        "SELECT min(coalesce(last_sync_at, added_at)) FROM channel WHERE state <> 'removed'"
        " AND (retry_at IS NULL OR retry_at <= ?)"
    )
    [(oldest,)] = conn.execute(query, (now,)).fetchall()
    return oldest  # type: ignore[no-any-return]


def find_channel(conn: Reader, channel_id: ChannelId) -> Mirrored | None:
    """The channel with this id, removed ones included; None if unknown."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM channel WHERE channel_id = ?", (channel_id,))
    return next(map(_from_row, rows), None)


def upsert_channel(conn: sqlite3.Connection, channel: Channel, *, now: int) -> None:
    """Store a channel as observed; a changed description adds a row to `channel_revision`.

    `about` and the number of participants are only taken from a full description.
    """
    before = conn.execute(
        "SELECT username, usernames, title, restriction, flags, about, participants FROM channel WHERE channel_id = ?",
        (channel.channel_id,),
    ).fetchone()
    seen = _attributes(channel)
    if before is not None and not channel.described:
        seen = (*seen[:-2], *before[-2:])
    conn.execute(
        """
        INSERT INTO channel (channel_id, username, usernames, title, restriction, flags, about, participants,
                             megagroup, created, noforwards, described_at, added_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (channel_id) DO UPDATE SET
            username = excluded.username, usernames = excluded.usernames, title = excluded.title,
            restriction = excluded.restriction, flags = excluded.flags, about = excluded.about,
            participants = excluded.participants, megagroup = excluded.megagroup,
            created = coalesce(excluded.created, created), noforwards = excluded.noforwards,
            described_at = coalesce(excluded.described_at, described_at)
        """,
        (
            channel.channel_id,
            *seen,
            channel.megagroup,
            _seconds(channel.created),
            channel.noforwards,
            now if channel.described else None,
            now,
        ),
    )
    if before is not None and (before[0], before[2]) != (channel.username, channel.title):
        mark_renamed(conn, channel.channel_id)
    if before is None or tuple(before) != seen:
        conn.execute(
            "INSERT INTO channel_revision (channel_id, revision, observed_at, username, usernames, title, restriction,"
            " flags, about, participants)"
            " SELECT ?1, 1 + count(*), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM channel_revision WHERE channel_id = ?1",
            (channel.channel_id, now, *seen),
        )


def _attributes(channel: Channel) -> tuple[Any, ...]:
    return (
        channel.username,
        orjson.dumps(channel.usernames).decode(),
        channel.title,
        channel.restriction,
        orjson.dumps(channel.flags).decode(),
        channel.about,
        channel.participants,
    )


def _seconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment else None


def set_alias(conn: sqlite3.Connection, channel_id: ChannelId, alias: str | None) -> None:
    """Set the user's own name for the channel."""
    conn.execute("UPDATE channel SET alias = ? WHERE channel_id = ?", (alias, channel_id))


def set_window(conn: sqlite3.Connection, channel_id: ChannelId, window_start: int | None) -> None:
    """Move the end of the backfill; the floor has to be found again."""
    conn.execute(
        "UPDATE channel SET window_start = ?, floor_id = NULL WHERE channel_id = ? AND window_start IS NOT ?",
        (window_start, channel_id, window_start),
    )


def set_state(
    conn: sqlite3.Connection, channel_id: ChannelId, state: ChannelState, *, now: int, reason: str | None = None
) -> None:
    """Set the channel's state and log the change; the messages stay as they are."""
    moved = conn.execute(
        "UPDATE channel SET state = ?, state_reason = ?, state_since = ? WHERE channel_id = ?"
        " AND (state <> ? OR state_reason IS NOT ?)",
        (state, reason, now, channel_id, state, reason),
    )
    if moved.rowcount:
        conn.execute(
            "INSERT INTO channel_state (channel_id, at, state, reason) VALUES (?, ?, ?, ?)",
            (channel_id, now, state, reason),
        )


def mark_reached(conn: sqlite3.Connection, channel_id: ChannelId, *, now: int) -> None:
    """Record that the channel answered: clear its failures, and an inaccessible or banned state."""
    row = conn.execute("SELECT state, failures, retry_at FROM channel WHERE channel_id = ?", (channel_id,)).fetchone()
    if row and row[0] in ("inaccessible", "banned"):
        set_state(conn, channel_id, "active", now=now)
    if row and (row[1] or row[2]):
        conn.execute(
            "UPDATE channel SET failures = 0, retry_at = NULL, last_error = NULL WHERE channel_id = ?", (channel_id,)
        )


def start_back_off(conn: sqlite3.Connection, channel_id: ChannelId, *, retry_at: int, error: str) -> None:
    """Record a failure: do not ask for the channel before `retry_at`."""
    conn.execute(
        "UPDATE channel SET failures = failures + 1, retry_at = ?, last_error = ? WHERE channel_id = ?",
        (retry_at, error, channel_id),
    )


def end_back_off(conn: sqlite3.Connection, channel_id: ChannelId, *, now: int) -> None:
    """End the channel's back-off: it may be asked for again now."""
    conn.execute("UPDATE channel SET retry_at = min(retry_at, ?) WHERE channel_id = ?", (now, channel_id))


def set_progress(
    conn: sqlite3.Connection,
    channel_id: ChannelId,
    *,
    pts: int | None = None,
    top_id: int = 0,
    floor_id: int | None = None,
) -> None:
    """Advance the checkpoint; call it only in the transaction that stores the messages it accounts for."""
    conn.execute(
        "UPDATE channel SET pts = coalesce(?, pts), top_id = max(top_id, ?),"
        " floor_id = max(coalesce(floor_id, 0), coalesce(?, 0)) WHERE channel_id = ?",
        (pts, top_id, floor_id, channel_id),
    )


def set_synced(conn: sqlite3.Connection, channel_id: ChannelId, *, now: int) -> None:
    """Record that the channel was caught up to the present."""
    conn.execute("UPDATE channel SET last_sync_at = ? WHERE channel_id = ?", (now, channel_id))


def forget_floor(conn: sqlite3.Connection, channel_id: ChannelId) -> None:
    """Forget the floor: the window's lower end has to be found again."""
    conn.execute("UPDATE channel SET floor_id = NULL WHERE channel_id = ?", (channel_id,))


def start_generation(conn: sqlite3.Connection, channel_id: ChannelId) -> None:
    """Start a generation: coverage no longer counts and the history is read again; messages stay."""
    conn.execute(
        "UPDATE channel SET generation = generation + 1, pts = NULL, floor_id = NULL, server_count_pts = NULL"
        " WHERE channel_id = ?",
        (channel_id,),
    )


def find_by_alias(conn: Reader, alias: str) -> ChannelId | None:
    """The id of the channel with this alias; None if there is none."""
    rows = conn.execute("SELECT channel_id FROM channel WHERE alias = ? COLLATE NOCASE", (alias,))
    return next((ChannelId(row[0]) for row in rows), None)


def list_channel_ids(conn: Reader) -> list[ChannelId]:
    """The ids of all channels in the archive, removed ones included."""
    return [ChannelId(row[0]) for row in conn.execute("SELECT channel_id FROM channel ORDER BY channel_id")]
