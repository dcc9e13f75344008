"""Stored files, read again and compared with the SHA-256 by which they are named.

Those whose last check is the longest ago come first, so that a share per run covers all of them in turn. Results are
recorded while it runs: an interrupted check continues where it ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from archiver.errors import IntegrityError, NotFound, UsageError
from archiver.media.blob_store import BlobStore
from archiver.media.slot_updates import update_all_slots
from archiver.model.fault import Fault
from archiver.model.media_file import BlobState, blob_path
from archiver.store.database import Database
from archiver.store.media.blob_check import (
    BlobSum,
    DueBlob,
    list_due,
    list_showing,
    list_unknown,
    note_checked,
    sum_blobs,
)
from archiver.store.messages.rows import list_names

_CHUNK: Final = 1 << 20
_EVERY: Final = 2.0
"""Seconds between two records of what was checked."""
_MANY: Final = 10
"""Number of files that are unlikely to be all deleted by chance."""
_MOST_LISTED: Final = 1000
_MOST_EXTRA: Final = 500
"""Number of names on disk that are looked up at once."""


class StoredFault(NamedTuple):
    """A file that differs from what was stored."""

    sha256: str
    state: BlobState | None
    """None: it cannot be read, which says nothing about its bytes."""
    wrong: str


@dataclass(slots=True)
class StoredFiles:
    """The result of a check."""

    of: BlobSum
    """What should be stored."""
    recorded: bool = True
    """Whether the archive could record it, so that the next check takes another share."""
    files: int = 0
    """Files that were read or looked for."""
    read: int = 0
    """Files that were read to the end."""
    size: int = 0
    """Bytes that were read."""
    faults: list[StoredFault] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    """Hashes of files that no message has."""
    returned: list[str] = field(default_factory=list)
    """Hashes of files that are there, but count as moved away."""

    def count(self, state: BlobState | None) -> int:
        """The number of faulty files in a state."""
        return sum(one.state == state for one in self.faults)


async def check_stored(
    database: Database,
    *,
    share: float = 1.0,
    record: bool = True,
    progress: Callable[[StoredFiles, int, int], None] = lambda *_: None,
) -> StoredFiles:
    """Check stored files, a share of their bytes. `progress` is given the result so far, bytes read, bytes to read.

    Raises IntegrityError if all of them are gone: then it is their disk that is missing.
    """
    due = await database.read(list_due, share)
    done = StoredFiles(await database.read(sum_blobs), recorded=record)
    blobs = BlobStore(database.path.parent)
    if len(due) >= _MANY and await asyncio.to_thread(lambda: next(blobs.list_blobs(), None)) is None:
        raise IntegrityError(
            f"{blobs.root} has none of the {done.of.files:,} stored files. Nothing was recorded.",
            hint="Mount its disk, or restore it from a backup.",
        )
    run = _StoredCheck(database, blobs, done)
    try:
        await run.check(due, progress)
    finally:
        run.stop.set()
        await asyncio.shield(run.record())
    if record:
        await update_all_slots(database, now=int(time.time()))
    await run.list_extra()
    return done


async def describe(database: Database, fault: StoredFault) -> Fault:
    """The fault as `verify` prints it: the file, what is wrong, and a post that shows it."""
    shown = await database.read(list_showing, fault.sha256, 2)
    names: dict[int, str] = {one.channel_id: one.name for one in await database.read(list_names)}
    posts = [f"{names.get(channel_id, channel_id)}/{message_id}" for channel_id, message_id in shown]
    more = " and others" if len(posts) > 1 else ""
    by = f"; shown by {posts[0]}{more}" if posts else ""
    return Fault(blob_path(fault.sha256), fault.wrong + by)


class _StoredCheck:
    def __init__(self, database: Database, blobs: BlobStore, done: StoredFiles) -> None:
        self.stop = threading.Event()
        self._database = database
        self._blobs = blobs
        self._done = done
        self._checked: list[tuple[DueBlob, BlobState]] = []
        self._read = 0

    async def check(self, due: list[DueBlob], progress: Callable[[StoredFiles, int, int], None]) -> None:
        """Check the files one by one, which is the fastest for disks."""
        total, recorded_at = sum(one.size for one in due), time.monotonic()
        for blob in due:
            checking = asyncio.ensure_future(asyncio.to_thread(self._check, blob))
            while not checking.done():
                await asyncio.wait({checking}, timeout=0.2)
                progress(self._done, self._read, total)
            self._note(blob, checking.result())
            progress(self._done, self._read, total)
            if time.monotonic() - recorded_at > _EVERY:
                await self.record()
                recorded_at = time.monotonic()

    def _check(self, blob: DueBlob) -> StoredFault | None:
        """Read a file; in a thread."""
        try:
            with self._blobs.open(blob.sha256) as file:
                size = os.fstat(file.fileno()).st_size
                if size != blob.size:
                    return StoredFault(
                        blob.sha256, "damaged", f"is damaged: it has {size:,} bytes instead of {blob.size:,}"
                    )
                digest = hashlib.sha256()
                while not self.stop.is_set() and (chunk := file.read(_CHUNK)):
                    digest.update(chunk)
                    self._read += len(chunk)
        except NotFound:
            return StoredFault(blob.sha256, "missing", "is missing")
        except UsageError:
            return StoredFault(blob.sha256, "missing", "is missing: a link or another kind of file is in its place")
        except OSError as exc:
            return StoredFault(blob.sha256, None, f"cannot be read: {exc.strerror}")
        self._done.read += not self.stop.is_set()
        if digest.hexdigest() != blob.sha256:
            return StoredFault(blob.sha256, "damaged", "is damaged: it has a different SHA-256")
        return None

    def _note(self, blob: DueBlob, fault: StoredFault | None) -> None:
        self._done.files += 1
        self._done.size = self._read
        if fault is not None:
            self._done.faults.append(fault)
        state = "present" if fault is None else fault.state
        if state is not None:
            self._checked.append((blob, state))

    async def record(self) -> None:
        """Record what was checked."""
        checked, self._checked = self._checked, []
        if self._done.recorded and checked:
            await self._database.write(note_checked, checked, now=int(time.time()))

    async def list_extra(self) -> None:
        """List files in `media/` that should not be there; names are looked up later, when new ones are known."""
        names: Iterator[str] = self._blobs.list_blobs()
        extra, returned = self._done.extra, self._done.returned
        while len(extra) + len(returned) < _MOST_LISTED:
            page = await asyncio.to_thread(lambda: list(islice(names, _MOST_EXTRA)))
            if not page:
                return
            for sha256, was_stored in await self._database.read(list_unknown, page):
                (returned if was_stored else extra).append(sha256)
