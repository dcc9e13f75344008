"""Channels known only from imports (`channel.imported_only`), and their @names, which Telegram never confirmed."""

from __future__ import annotations

import sqlite3

import orjson

from archiver.ids import ChannelId
from archiver.store.channels.channel import Mirrored
from archiver.store.database import Reader
from archiver.store.index.index_home import mark_renamed


def is_unaccounted(channel: Mirrored) -> bool:
    """Whether it is unknown what a channel lacks: exports do not say, other archives do."""
    return channel.imported_only and channel.pts is None


def is_compared(channel: Mirrored) -> bool:
    """Whether Telegram showed some of it: messages that only imports have are then told apart from those it showed."""
    return channel.pts is not None or (channel.top_id > 0 and not channel.imported_only)


def name_origin(channel: Mirrored) -> str | None:
    """`import` if Telegram never confirmed the @name; None if there is no @name."""
    if channel.username is None:
        return None
    return "import" if is_unaccounted(channel) else "telegram"


def is_imported_only(conn: Reader, channel_id: ChannelId) -> bool:
    """Whether a channel is known only from imports."""
    row = conn.execute("SELECT imported_only FROM channel WHERE channel_id = ?", (channel_id,)).fetchone()
    return row is not None and bool(row[0])


def set_imported_only(conn: sqlite3.Connection, channel_id: ChannelId, *, only: bool) -> None:
    """Record whether a channel is known only from imports."""
    conn.execute(
        "UPDATE channel SET imported_only = ? WHERE channel_id = ? AND imported_only <> ?", (only, channel_id, only)
    )


def set_given_name(conn: sqlite3.Connection, channel_id: ChannelId, username: str) -> None:
    """Set the @name of a channel that Telegram never showed. This is not a rename, even if it had another one."""
    names = (username, orjson.dumps([username]).decode(), channel_id)
    conn.execute("UPDATE channel SET username = ?, usernames = ? WHERE channel_id = ?", names)
    conn.execute("UPDATE channel_revision SET username = ?, usernames = ? WHERE channel_id = ?", names)
    mark_renamed(conn, channel_id)
