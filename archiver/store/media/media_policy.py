"""Tables `media_policy` and `media_rate`: what channels want other than the settings say; how fast files arrived."""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.model.media_file import PolicyOverride
from archiver.store.database import Reader

_COLUMNS = "download, max_size, caps, quota, thumbnails, protected"
_NEW = 0.3
"""Largest share of a new rate in the one kept."""
_LONG = 60.0
"""Seconds after which a rate is worth that share: a single file says little."""


class MediaRate(NamedTuple):
    """How fast an account's files arrived lately."""

    at: int
    """Unix seconds."""
    files: float
    """A second."""
    bytes: float
    """A second."""


def find_override(conn: Reader, channel_id: ChannelId) -> PolicyOverride | None:
    """What a channel wants other than the settings say; None: nothing."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM media_policy WHERE channel_id = ?", (channel_id,)).fetchone()
    return None if row is None else _override(row)


def list_overrides(conn: Reader) -> dict[ChannelId, PolicyOverride]:
    """The overrides of all channels that have any."""
    rows = conn.execute(f"SELECT channel_id, {_COLUMNS} FROM media_policy")
    return {row[0]: _override(row[1:]) for row in rows}


def list_protected(conn: Reader) -> set[ChannelId]:
    """The channels that forbid saving and forwarding."""
    return {row[0] for row in conn.execute("SELECT channel_id FROM channel WHERE noforwards")}


def set_override(conn: sqlite3.Connection, channel_id: ChannelId, override: PolicyOverride, *, now: int) -> None:
    """Store what a channel wants; an override without any value removes it."""
    if override == PolicyOverride():
        conn.execute("DELETE FROM media_policy WHERE channel_id = ?", (channel_id,))
        return
    conn.execute(
        f"INSERT OR REPLACE INTO media_policy (channel_id, changed_at, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            channel_id,
            now,
            override.download,
            override.max_size,
            None if override.caps is None else orjson.dumps(dict(override.caps)).decode(),
            override.quota,
            override.thumbnails,
            override.protected,
        ),
    )


def note_rate(conn: sqlite3.Connection, account: str, *, files: int, size: int, seconds: float, now: int) -> None:
    """Record how fast an account's files arrived, smoothed over its earlier rates. `size`: bytes."""
    if seconds <= 0 or not files:
        return
    conn.execute(
        "INSERT INTO media_rate (account, at, files, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
        " at = ?2, files = files + ?5 * (?3 - files), bytes = bytes + ?5 * (?4 - bytes)",
        (account, now, files / seconds, size / seconds, _NEW * min(seconds / _LONG, 1.0)),
    )


def list_rates(conn: Reader) -> dict[str, MediaRate]:
    """The rates of all accounts that fetched files."""
    return {row[0]: MediaRate(*row[1:]) for row in conn.execute("SELECT account, at, files, bytes FROM media_rate")}


def _override(row: Any) -> PolicyOverride:
    download, max_size, caps, quota, thumbnails, protected = row
    return PolicyOverride(
        download=download,
        max_size=max_size,
        caps=None if caps is None else orjson.loads(caps),
        quota=quota,
        thumbnails=None if thumbnails is None else bool(thumbnails),
        protected=None if protected is None else bool(protected),
    )
