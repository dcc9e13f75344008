"""What became of the files, counted: for `telekeep media status`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from archiver.ids import ChannelId
from archiver.model.media_file import FILE_STATES, BlobState, FileKey, FileState
from archiver.store.database import Reader
from archiver.store.media.file_slot import FILE_SLOT


class ChannelCount(NamedTuple):
    """Files that a channel shows, in one state."""

    channel_id: ChannelId
    status: FileState
    files: int
    size: int
    """Bytes, as far as they are known."""


class FailureCount(NamedTuple):
    """Files that were not fetched for one reason."""

    status: FileState
    reason: str | None
    files: int
    retry_at: int | None
    """When the first of them is tried again, unix seconds; None: when somebody asks."""
    example: FileKey


class BlobCount(NamedTuple):
    """Stored contents in one state."""

    state: BlobState
    blobs: int
    size: int


def count_channel_states(conn: Reader, channels: Collection[ChannelId]) -> list[ChannelCount]:
    """The files that these channels show, by state; one that a channel shows several times counts once.

    Counted without a GROUP BY of all slots, which SQLite would sort in memory.
    """
    columns = ", ".join(
        f"count(*) FILTER (WHERE status = '{state}'), sum(size) FILTER (WHERE status = '{state}')"
        for state in FILE_STATES
    )
    query = f"SELECT {columns} FROM media WHERE channel_id = ? AND {FILE_SLOT}"
    counts: dict[tuple[ChannelId, FileState], tuple[int, int]] = {}
    for channel_id in channels:
        row = conn.execute(query, (channel_id,)).fetchone()
        for at, state in enumerate(FILE_STATES):
            counts[channel_id, state] = row[2 * at], row[2 * at + 1] or 0
    for channel_id, state, files, size in _iter_repeated(conn, frozenset(channels)):
        before = counts[channel_id, state]
        counts[channel_id, state] = before[0] - files, before[1] - size
    return [
        ChannelCount(channel_id, state, *counts[channel_id, state])
        for channel_id in sorted(channels)
        for state in sorted(FILE_STATES)
        if counts[channel_id, state][0]
    ]


def _iter_repeated(conn: Reader, channels: Collection[ChannelId]) -> Iterator[tuple[ChannelId, FileState, int, int]]:
    """Yield what counts too much where a channel shows a file again: channel, state, files and bytes."""
    repeated = conn.execute(
        f"SELECT id FROM media INDEXED BY media_file WHERE {FILE_SLOT}"
        " GROUP BY id HAVING count(*) > count(DISTINCT channel_id)"
    )
    query = (
        "SELECT channel_id, status, count(*) - 1, coalesce(sum(size) - max(size), 0) FROM media INDEXED BY media_file"
        f" WHERE {FILE_SLOT} AND id = ? GROUP BY channel_id, kind = 'photo', status HAVING count(*) > 1"
    )
    for place in repeated:
        yield from (row for row in conn.execute(query, place) if row[0] in channels)


def count_failures(conn: Reader) -> list[FailureCount]:
    """Why files were not fetched, the most frequent reason first."""
    rows = conn.execute(
        "SELECT status, reason, count(*), min(retry_at), min(file_key) FROM file"
        " WHERE status NOT IN ('downloaded', 'offloaded', 'not downloaded') GROUP BY status, reason"
        " ORDER BY count(*) DESC, status, reason"
    )
    return [FailureCount(*row) for row in rows]


def count_blobs(conn: Reader) -> list[BlobCount]:
    """The contents that were ever stored, by state."""
    rows = conn.execute("SELECT state, count(*), coalesce(sum(size), 0) FROM blob GROUP BY state ORDER BY state")
    return [BlobCount(*row) for row in rows]
