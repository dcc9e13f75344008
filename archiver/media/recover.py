"""What a process that ended suddenly left below `media/partial/`: complete files are settled, orphans removed."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from archiver.errors import BlockedPath
from archiver.media.blob_store import DATA, BlobStore, hash_file
from archiver.media.handover import Handed, Handover
from archiver.media.outcome import describe_partial
from archiver.media.partial import PARTS, drop_partial, list_partials, partial_name, read_list
from archiver.media.slot_updates import update_all_slots
from archiver.model.media_file import FINAL_STATES, FileKey
from archiver.store.database import Database, Reader
from archiver.store.media.file import find_file, list_shown, settle_downloaded, settle_failed


async def recover(database: Database, store: BlobStore, handover: Handover, *, now: int) -> int:
    """Settle what is complete, remove what nobody needs; return the number of files settled.

    It takes as long as complete files are hashed: a few hundred at most, those of the process's last second.
    """
    settled = 0
    for handed in handover.read():
        file = await database.read(find_file, handed.key)
        # An offloaded one was asked for again: pruning and fetching exclude each other.
        if file.status != "downloaded" and await asyncio.to_thread(_is_whole, store, handed):
            await database.write(settle_downloaded, handed.key, sha256=handed.sha256, size=handed.size, now=now)
            settled += 1
    await update_all_slots(database, now=now)
    handover.clear()
    names = set(store.list_partial())
    for key in list_partials(names):
        # Data without a list of parts are those of a small file that was not whole yet.
        if partial_name(key) + PARTS not in names or await database.read(_is_orphan, key):
            drop_partial(store, key)
        elif (await database.read(find_file, key)).status == "not downloaded":
            reason = await asyncio.to_thread(_describe, store, key)
            await database.write(settle_failed, key, status="partial", reason=reason, now=now)
    return settled


def _describe(store: BlobStore, key: FileKey) -> str | None:
    """How much of a partial file is there, by its list."""
    size, held = read_list(store, key)
    return None if size is None else describe_partial(held, size)


def _is_whole(store: BlobStore, handed: Handed) -> bool:
    """Whether its bytes are stored; if they are still in `media/partial/`, they are stored now.

    A link in the way of one file holds up no other.
    """
    with suppress(BlockedPath):
        return _store_whole(store, handed)
    return False


def _store_whole(store: BlobStore, handed: Handed) -> bool:
    if store.rehash(handed.sha256):
        drop_partial(store, handed.key)
        return True
    name = partial_name(handed.key) + DATA
    try:
        with os.fdopen(store.open_partial(name, os.O_RDONLY), "rb") as file:
            if hash_file(file) != handed.sha256:
                return False
    except FileNotFoundError:
        return False
    store.adopt(name, sha256=handed.sha256, size=handed.size)
    drop_partial(store, handed.key)
    return True


def _is_orphan(conn: Reader, key: FileKey) -> bool:
    """Whether no message shows this file, or it is not to be fetched any more."""
    if find_file(conn, key).status in FINAL_STATES:
        return True
    return not list_shown(conn, key, limit=1)
