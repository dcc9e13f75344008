"""What became of the files, counted: for `telekeep media status`."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from archiver.ids import ChannelId
from archiver.model.media_file import BlobState, FileKey, FileState
from archiver.store.database import Reader
from archiver.store.file_slot import FILE_SLOT


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
    """The files that these channels show, by state; one that a channel shows several times counts once."""
    query = (
        "SELECT ?1, status, count(*), coalesce(sum(size), 0) FROM"
        " (SELECT status, kind = 'photo' AS photo, id, max(size) AS size FROM media"
        f"  WHERE channel_id = ?1 AND {FILE_SLOT} GROUP BY photo, id, status)"
        " GROUP BY status ORDER BY status"
    )
    # One by one: SQLite sorts the files of a whole query in memory.
    return [ChannelCount(*row) for channel_id in sorted(channels) for row in conn.execute(query, (channel_id,))]


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
