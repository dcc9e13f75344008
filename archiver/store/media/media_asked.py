"""Table `media_asked`: files that other processes asked of the running service, regardless of the policies."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.store.database import Reader

ALL_MESSAGES: Final = 0
"""Stands for all messages where a message id is expected."""


class AskedFiles(NamedTuple):
    """Files of one channel that were asked for with one limit."""

    channel_id: ChannelId
    max_size: int | None
    messages: Collection[MessageId] | None
    """None: of all messages."""
    asked_at: int
    """When the last of them was asked for, unix seconds."""

    def list_ids(self) -> list[int]:
        """The message ids as stored."""
        return [ALL_MESSAGES] if self.messages is None else list(self.messages)


def ask_files(conn: sqlite3.Connection, asked: AskedFiles) -> None:
    """Ask for files."""
    conn.executemany(
        "INSERT OR REPLACE INTO media_asked (channel_id, message_id, max_size, asked_at) VALUES (?, ?, ?, ?)",
        [(asked.channel_id, one, asked.max_size, asked.asked_at) for one in asked.list_ids()],
    )


def list_asked(conn: Reader, channel_id: ChannelId) -> list[AskedFiles]:
    """What is asked of a channel."""
    rows = conn.execute(
        "SELECT max_size, message_id, asked_at FROM media_asked WHERE channel_id = ? ORDER BY max_size, message_id",
        (channel_id,),
    ).fetchall()
    found = []
    for max_size, group in groupby(rows, key=itemgetter(0)):
        asked = [(MessageId(row[1]), int(row[2])) for row in group]
        ids = [one for one, _ in asked]
        found.append(AskedFiles(channel_id, max_size, None if ALL_MESSAGES in ids else ids, max(at for _, at in asked)))
    return found


def count_asked(conn: Reader) -> tuple[int, int]:
    """The number of requests, and the time of the last one: it tells whether there is a new one."""
    row = conn.execute("SELECT count(*), coalesce(max(asked_at), 0) FROM media_asked").fetchone()
    return int(row[0]), int(row[1])


def settle_asked(conn: sqlite3.Connection, asked: AskedFiles) -> None:
    """These files are stored, or cannot be had; what was asked since stays."""
    conn.execute(
        "DELETE FROM media_asked WHERE channel_id = ? AND max_size IS ? AND asked_at <= ?",
        (asked.channel_id, asked.max_size, asked.asked_at),
    )
