"""Stored contents whose files were moved to another disk by hand, or brought back; nothing is fetched or removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple, TypeAlias

from archiver.errors import BlockedPath, UsageError
from archiver.media.blob_store import BlobStore
from archiver.media.slot_updates import update_all_slots
from archiver.model.media_file import BlobState
from archiver.store.database import Database, read
from archiver.store.faults import go_on
from archiver.store.media.file import Blob, change_blob_state
from archiver.store.media.stored_files import list_blobs

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
        for one in await asyncio.to_thread(_look_at_all, look, store, blobs):
            match one.result:
                case "moved":
                    found.append(one.blob)
                case "damaged":
                    damaged(one.blob)
                case "blocked":
                    blocked(one.why)
        after = go_on(after, blobs[-1].sha256)
        progress(len(blobs))
    return found


class _Seen(NamedTuple):
    """A content, and what is in its place."""

    blob: Blob
    result: Literal["moved", "damaged", "blocked"] | None
    """None: it is where its state says."""
    why: str = ""
    """A line about what blocks it."""


_Look: TypeAlias = Callable[[BlobStore, Blob], Literal["moved", "damaged"] | None]


def _look_at_all(look: _Look, store: BlobStore, blobs: Iterable[Blob]) -> list[_Seen]:
    seen: list[_Seen] = []
    for blob in blobs:
        try:
            seen.append(_Seen(blob, look(store, blob)))
        except BlockedPath as exc:
            seen.append(_Seen(blob, "blocked", str(exc)))
    return seen


def _look_for_returned(store: BlobStore, blob: Blob) -> Literal["moved", "damaged"] | None:
    if blob.state not in ("offloaded", "missing") or (size := store.size(blob.sha256)) is None:
        return None
    return "moved" if size == blob.size and store.rehash(blob.sha256) else "damaged"


def _look_for_absent(store: BlobStore, blob: Blob) -> Literal["moved"] | None:
    return "moved" if blob.state in ("present", "missing") and store.size(blob.sha256) is None else None


async def mark(database: Database, blobs: Iterable[Blob], state: BlobState, *, now: int) -> None:
    """Record where these contents are now, for every message that shows them."""
    for blob in blobs:
        await database.write(change_blob_state, blob.sha256, blob.state, state, now=now)
    await update_all_slots(database, now=now)
