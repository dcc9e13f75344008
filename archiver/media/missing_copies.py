"""Finds stored copies that are not there, of messages that somebody asked for by name."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from archiver.errors import UsageError
from archiver.ids import ChannelId, MessageId
from archiver.media.blob_store import BlobStore
from archiver.model.media_file import BlobState, FileState
from archiver.store.database import Database, Reader
from archiver.store.media.file import find_blob, find_files, set_blob_state
from archiver.store.media.file_queue import iter_slots

_STORED: frozenset[FileState] = frozenset({"downloaded"})


async def note_missing(
    database: Database, store: BlobStore, channel_id: ChannelId, messages: Collection[MessageId], *, now: int
) -> int:
    """Note the copies that are missing or have another size than they should, so that they are fetched again.

    Returns how many. The bytes are not read.
    """
    found = 0
    for sha256, size in (await database.read(_list_stored, channel_id, messages)).items():
        state = await asyncio.to_thread(_look, store, sha256, size)
        if state != "present":
            await database.write(set_blob_state, sha256, state, now=now)
            found += 1
    return found


def _list_stored(conn: Reader, channel_id: ChannelId, messages: Collection[MessageId]) -> dict[str, int]:
    """The stored contents that the messages show, with their sizes."""
    keys = {slot.key for slot in iter_slots(conn, channel_id, message_ids=messages, states=_STORED)}
    hashes = {file.sha256 for file in find_files(conn, keys).values() if file.sha256 is not None}
    blobs = [blob for blob in (find_blob(conn, one) for one in hashes) if blob is not None]
    return {blob.sha256: blob.size for blob in blobs}


def _look(store: BlobStore, sha256: str, size: int) -> BlobState:
    try:
        there = store.size(sha256)
    except UsageError:  # a link is in its place
        return "damaged"
    if there is None:
        return "missing"
    return "present" if there == size else "damaged"
