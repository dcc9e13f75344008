"""Table `blob` for `telekeep verify --media`: which stored bytes to read again next, and what was found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import orjson

from archiver.model.media_file import BlobState
from archiver.store.database import Reader
from archiver.store.media.file import change_blob_state, list_files_of, list_shown


class BlobSum(NamedTuple):
    """Files that should be stored."""

    files: int
    size: int
    """Their bytes."""
    oldest: int | None
    """When the one that was not checked for the longest time was checked or stored, unix seconds."""


NO_BLOBS: Final = BlobSum(0, 0, None)


class DueBlob(NamedTuple):
    """Stored bytes to be checked."""

    sha256: str
    size: int
    state: BlobState


_KEPT = "state <> 'offloaded'"


def sum_blobs(conn: Reader) -> BlobSum:
    """All files that should be stored; those moved away or pruned are not."""
    query = f"SELECT count(*), total(size), min(coalesce(verified_at, stored_at)) FROM blob WHERE {_KEPT}"
    files, size, oldest = conn.execute(query).fetchone()
    return BlobSum(files, int(size), oldest)


def list_due(conn: Reader, share: float) -> list[DueBlob]:
    """The files to check in a run that is to read this share of all bytes: those not checked for the longest time."""
    limit = sum_blobs(conn).size * share
    rows = conn.execute(
        f"SELECT sha256, size, state FROM blob WHERE {_KEPT}"
        # Of those checked or stored in the same second, those that were only stored come first.
        " ORDER BY coalesce(verified_at, stored_at), coalesce(verified_at > stored_at, 0), sha256"
    )
    due: list[DueBlob] = []
    taken = 0
    for row in rows:
        if share < 1 and 0 < limit <= taken:
            break
        due.append(DueBlob._make(row))
        taken += row[1]
    return due


def note_checked(conn: sqlite3.Connection, found: Iterable[tuple[DueBlob, BlobState]], *, now: int) -> None:
    """Record when files were checked, and what of them has changed.

    The time is after that of storing, so that the next run takes others even if it begins within the same second.
    """
    found = list(found)
    for blob, state in found:
        if state != blob.state:
            change_blob_state(conn, blob.sha256, blob.state, state, now=now)
    conn.executemany(
        "UPDATE blob SET verified_at = max(?1, stored_at + 1) WHERE sha256 = ?2",
        [(now, blob.sha256) for blob, _ in found],
    )


def list_unknown(conn: Reader, hashes: Sequence[str]) -> list[tuple[str, bool]]:
    """The hashes whose bytes should not be stored, each with whether they once were, and count as moved away."""
    rows = conn.execute(
        "SELECT value, state IS NOT NULL FROM json_each(?) LEFT JOIN blob ON sha256 = value"
        " WHERE state IS NULL OR state = 'offloaded' ORDER BY value",
        (orjson.dumps(list(hashes)).decode(),),
    )
    return [(row[0], bool(row[1])) for row in rows]


def list_showing(conn: Reader, sha256: str, limit: int) -> list[tuple[int, int]]:
    """Up to `limit` messages, (channel_id, message_id), that show this file now."""
    shown: dict[tuple[int, int], None] = {}
    for file in list_files_of(conn, sha256):
        for one in list_shown(conn, file.key, limit=limit):
            shown[one.channel_id, one.message_id] = None
    return list(shown)[:limit]
