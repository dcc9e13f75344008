"""Stored contents whose files were moved to another disk by hand, or brought back; nothing is fetched or removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from archiver.errors import BlockedPath, UsageError
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
    blocked: Callable[[str], None] = lambda _: None,
) -> list[Blob]:
    """Contents that are called stored (or missing) but are not on disk; `returned`: those that are there again, whole.

    Raises UsageError if `media/` itself is not there. `progress` is called with the number of contents looked at,
    `damaged` with each that is there again, but not as it was, `blocked` with a line for each that has a link in its
    place: it concerns no other.
    """
    if not store.root.is_dir():
        raise UsageError(f"{store.root} is not there.", hint="Is its disk mounted? Nothing was changed.")
    found: list[Blob] = []
    after = ""
    while blobs := await read(database.connection, list_blobs, after=after, limit=_AT_ONCE):
        look = _look_for_returned if returned else _look_for_absent
        for blob, seen in await asyncio.to_thread(_look_at_all, look, store, blobs):
            if isinstance(seen, str):
                blocked(seen)
            elif seen:
                found.append(blob)
            elif seen is False:
                damaged(blob)
        after = blobs[-1].sha256
        progress(len(blobs))
    return found


_Look: TypeAlias = Callable[[BlobStore, Blob], bool | None]
"""Whether a content is what is looked for; False: it is damaged, None: it is not."""


def _look_at_all(look: _Look, store: BlobStore, blobs: Iterable[Blob]) -> list[tuple[Blob, bool | str | None]]:
    """Each content with what was seen, or with what is in its place."""
    seen: list[tuple[Blob, bool | str | None]] = []
    for blob in blobs:
        try:
            seen.append((blob, look(store, blob)))
        except BlockedPath as exc:
            seen.append((blob, str(exc)))
    return seen


def _look_for_returned(store: BlobStore, blob: Blob) -> bool | None:
    if blob.state not in ("offloaded", "missing") or (size := store.size(blob.sha256)) is None:
        return None
    return size == blob.size and bool(store.rehash(blob.sha256))


def _look_for_absent(store: BlobStore, blob: Blob) -> bool | None:
    return (blob.state in ("present", "missing") and store.size(blob.sha256) is None) or None


async def mark(database: Database, blobs: Iterable[Blob], state: BlobState, *, now: int) -> None:
    """Record where these contents are now, for every message that shows them."""
    for blob in blobs:
        await database.write(change_blob_state, blob.sha256, blob.state, state, now=now)
    await update_all_slots(database, now=now)
