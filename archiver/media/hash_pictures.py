"""Make the perceptual hashes of pictures that have none: of stored files, and of the previews inside messages."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from archiver.media.blob_store import BlobStore
from archiver.media.picture_process import PictureProcess, expect_picture_library
from archiver.media.picture_worker import SHOWS_NOTHING
from archiver.model.media_file import FileKey
from archiver.store.database import Database
from archiver.store.media.picture import (
    HashPage,
    PictureHash,
    Unhashed,
    UnhashedPreview,
    list_shown_by,
    list_unhashed,
    list_unhashed_previews,
    put_hashes,
)
from archiver.store.messages.rows import find_payload

_BATCH: Final = 50
"""Pictures recorded in one transaction."""
T = TypeVar("T")


@dataclass(slots=True)
class HashCounts:
    """What became of the pictures looked at."""

    hashed: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    """Those without a hash, by reason."""

    @property
    def seen(self) -> int:
        """All of them."""
        return self.hashed + self.unusable.total()


async def hash_pictures(
    database: Database,
    *,
    previews: bool = True,
    is_stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[HashCounts], None] = lambda _: None,
) -> HashCounts:
    """Hash every picture that has no hash yet; stop early, without loss, when `is_stopped` says so.

    `previews`: also pictures that are not stored, by the tiny preview in their message. Raises NoPictureLibrary.
    """
    expect_picture_library()
    async with PictureProcess() as process:
        run = _Run(database, process, is_stopped, progress)
        await run.work_off(lambda after: database.read(list_unhashed, after=after), run.hash_file)
        if previews:
            await run.work_off(lambda after: database.read(list_unhashed_previews, after=after), run.hash_preview)
    return run.counts


async def hash_stored(store: BlobStore, pictures: Iterable[Unhashed]) -> dict[FileKey, PictureHash]:
    """Hash some stored pictures and record nothing; those that cannot be decoded are left out."""
    found: dict[FileKey, PictureHash] = {}
    async with PictureProcess() as process:
        for one in pictures:
            value, reason = await process.ask({"path": str(store.path(one.sha256))})
            if value is not None or reason in SHOWS_NOTHING:
                found[one.key] = PictureHash(key=one.key, source="file", hash=value, reason=reason)
    return found


class _Run:
    """One walk over the pictures without a hash."""

    def __init__(
        self,
        database: Database,
        process: PictureProcess,
        is_stopped: Callable[[], bool],
        progress: Callable[[HashCounts], None],
    ) -> None:
        self.counts = HashCounts()
        self._database = database
        self._process = process
        self._is_stopped = is_stopped
        self._progress = progress
        self._blobs = BlobStore(database.path.parent)

    async def work_off(
        self,
        list_after: Callable[[str], Awaitable[HashPage[T]]],
        hash_one: Callable[[T], Awaitable[PictureHash | None]],
    ) -> None:
        """Hash page after page."""
        after: str | None = ""
        while after is not None and not self._is_stopped():
            page = await list_after(after)
            for at in range(0, len(page.items), _BATCH):
                await self._record(
                    [await hash_one(one) for one in page.items[at : at + _BATCH] if not self._is_stopped()]
                )
            after = page.after

    async def _record(self, made: Sequence[PictureHash | None]) -> None:
        found = [one for one in made if one is not None]
        await self._database.write(put_hashes, found, now=int(time.time()))
        for one in found:
            if one.hash is None:
                self.counts.unusable[one.reason or "unknown"] += 1
            else:
                self.counts.hashed += 1
        self._progress(self.counts)

    async def hash_file(self, one: Unhashed) -> PictureHash | None:
        """Hash a stored picture; None if it is no longer stored."""
        value, reason = await self._process.ask({"path": str(self._blobs.path(one.sha256))})
        if value is None and reason is None:
            return None
        made = PictureHash(key=one.key, source=one.source, hash=value, reason=reason)
        return made if value is not None or reason in SHOWS_NOTHING else await self._hash_otherwise(made)

    async def _hash_otherwise(self, failed: PictureHash) -> PictureHash:
        """Hash the preview of a picture that cannot be decoded, such as a HEIC."""
        shown = await self._database.read(list_shown_by, failed.key, limit=1)
        found = await self.hash_preview(UnhashedPreview(failed.key, shown[0][0], shown[0][1])) if shown else None
        return failed if found is None or found.hash is None else replace(found, reason=failed.reason)

    async def hash_preview(self, one: UnhashedPreview) -> PictureHash | None:
        """Hash the tiny preview of a picture."""
        payload = await self._database.read(find_payload, one.channel_id, one.message_id)
        if payload is None:
            return None
        raw = base64.b64encode(payload.raw).decode()
        value, reason = await self._process.ask({"raw": raw, "key": one.key})
        return PictureHash(key=one.key, source="preview", hash=value, reason=reason)
