"""Stored contents whose files were moved to another disk by hand, or brought back; nothing is fetched or removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from archiver.errors import UsageError
from archiver.media.blob_store import BlobStore
from archiver.media.slots import update_all_slots
from archiver.model.media_file import BlobState
from archiver.store.database import Database, read
from archiver.store.file import Blob, change_blob_state
from archiver.store.stored_files import list_blobs

_AT_ONCE: Final = 500


async def find_moved(
    database: Database,
    store: BlobStore,
    *,
    returned: bool,
    progress: Callable[[int], None] = lambda _: None,
    damaged: Callable[[Blob], None] = lambda _: None,
) -> list[Blob]:
    """Contents that are called stored (or missing) but are not on disk; `returned`: those that are there again, whole.

    Raises UsageError if `media/` itself is not there. `progress` is called with the number of contents looked at,
    `damaged` with each that is there again, but not as it was.
    """
    if not store.root.is_dir():
        raise UsageError(f"{store.root} is not there.", hint="Is its disk mounted? Nothing was changed.")
    found: list[Blob] = []
    after = ""
    while blobs := await read(database.connection, list_blobs, after=after, limit=_AT_ONCE):
        look = _look_for_returned if returned else _look_for_absent
        for blob, intact in await asyncio.to_thread(look, store, blobs):
            if intact:
                found.append(blob)
            else:
                damaged(blob)
        after = blobs[-1].sha256
        progress(len(blobs))
    return found


def _look_for_returned(store: BlobStore, blobs: Iterable[Blob]) -> list[tuple[Blob, bool]]:
    """Those that are there again, each with whether it is intact."""
    away = [blob for blob in blobs if blob.state in ("offloaded", "missing")]
    sizes = [(blob, store.size(blob.sha256)) for blob in away]
    there = [(blob, size) for blob, size in sizes if size is not None]
    return [(blob, size == blob.size and bool(store.rehash(blob.sha256))) for blob, size in there]


def _look_for_absent(store: BlobStore, blobs: Iterable[Blob]) -> list[tuple[Blob, bool]]:
    here = (blob for blob in blobs if blob.state in ("present", "missing"))
    return [(blob, True) for blob in here if store.size(blob.sha256) is None]


async def mark(database: Database, blobs: Iterable[Blob], state: BlobState, *, now: int) -> None:
    """Record where these contents are now, for every message that shows them."""
    for blob in blobs:
        await database.write(change_blob_state, blob.sha256, blob.state, state, now=now)
    await update_all_slots(database, now=now)
