"""Adopt the stored files of another archive: hashed while they are copied, never fetched again."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from archiver.errors import BlockedPath, Error
from archiver.ids import ChannelId
from archiver.imports.adopt import MediaFolder, NotAdopted, adopt_file
from archiver.imports.merging.captured_files import list_captured
from archiver.imports.source import AttachedFile
from archiver.media.blob_store import BlobStore
from archiver.model.media_file import blob_path
from archiver.store.database import Database
from archiver.store.media.annotation import list_missing, put_missing
from archiver.store.media.file import Blob, find_blob
from archiver.store.merging import foreign_files as files
from archiver.store.merging.foreign import ForeignArchive
from archiver.store.merging.foreign_files import ForeignFile, iter_files

T = TypeVar("T")

_MEDIA: Final = "media/"
_MOST_LISTED: Final = 20


@dataclass(slots=True)
class MergedFiles:
    """What became of the files."""

    adopted: int = 0
    """Files copied; one whose bytes were stored here before is not."""
    size: int = 0
    """Bytes of those."""
    texts: int = 0
    """Texts that programs made of files."""
    left_out: list[str] = field(default_factory=list)
    """Files that differ from what the other archive says, each with the reason; they stay to be fetched."""
    unlisted: int = 0


async def merge_files(
    database: Database,
    archive: ForeignArchive,
    *,
    channels: Collection[ChannelId] | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    clock: Callable[[], float] = time.time,
) -> MergedFiles:
    """Adopt what we lack. `channels`: only files of these; `progress` is given the bytes that were copied."""
    done = MergedFiles()
    blobs = BlobStore(database.path.parent)
    is_prepared = False
    looked: set[int] = set()  # hashes of the files that a dry run found; 64 bits each, since there may be a million
    found = iter_files(archive, channels)
    while (file := await asyncio.to_thread(archive.read, lambda _: _next(found))) is not None:
        is_wanted = await database.read(files.is_wanted, file)
        captured = await database.read(list_captured, archive, file, channels)
        if not (is_wanted or captured):
            continue
        blob = await database.read(find_blob, file.sha256)
        if blob is not None and blob.size != file.size:
            _leave_out(done, f"{file.name}: its SHA-256 is stored with a different size")
            continue
        if not (_is_present(blob) or hash(file.sha256) in looked):
            if not (is_prepared or dry_run):
                await asyncio.to_thread(blobs.prepare)
                is_prepared = True
            wrong = await asyncio.to_thread(_adopt, blobs, archive, file, dry_run=dry_run)
            if wrong is not None:
                _leave_out(done, f"{file.name}: {wrong}")
                continue
            if dry_run:
                looked.add(hash(file.sha256))
            progress(file.size)
            done.adopted += 1
            done.size += file.size
        if not dry_run:
            await database.write(files.take_file, file, captured, now=int(clock()))
    done.texts = await _take_texts(database, archive, looked, dry_run=dry_run)
    return done


def _next(found: Iterator[T]) -> T | None:
    return next(found, None)


def _is_present(blob: Blob | None) -> bool:
    return blob is not None and blob.state == "present"


async def _take_texts(database: Database, archive: ForeignArchive, looked: Collection[int], *, dry_run: bool) -> int:
    """Take over what programs made there of bytes that are stored here; return how many texts.

    `looked`: hashes of the bytes that the merge would store, in a dry run.
    """
    taken = 0
    found = files.iter_annotated(archive)
    while (made := await asyncio.to_thread(archive.read, lambda _: _next(found))) is not None:
        sha256 = made[0].sha256
        if hash(sha256) in looked or _is_present(await database.read(find_blob, sha256)):
            missing = await database.read(list_missing, made)
            if missing and not dry_run:
                await database.write(put_missing, missing)
            taken += len(missing)
    return taken


def _adopt(blobs: BlobStore, archive: ForeignArchive, file: ForeignFile, *, dry_run: bool) -> str | None:
    """Copy the bytes; return what is wrong with them. A dry run only checks that they are there, in the right size."""
    # The directory of the files may be a link to another disk, but nothing below it.
    path = blob_path(file.sha256).removeprefix(_MEDIA)
    attached = AttachedFile(slot=0, path=path, size=file.size, sha256=file.sha256)
    media = MediaFolder(archive.path.parent / _MEDIA)
    try:
        if dry_run:
            with media.open(path, blobs.root.parent) as opened:
                size = opened.size
        else:
            size = adopt_file(blobs, media, attached).size
    except NotAdopted as exc:
        return str(exc)
    except BlockedPath:
        raise
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Error(
                f"the disk of {blobs.root} is full; what was copied before is kept.",
                hint="Make room, and run the import again.",
            ) from exc
        return "it cannot be copied"
    return None if size == file.size else "its size differs from what the archive says"


def _leave_out(done: MergedFiles, wrong: str) -> None:
    if len(done.left_out) < _MOST_LISTED:
        done.left_out.append(wrong)
    else:
        done.unlisted += 1
