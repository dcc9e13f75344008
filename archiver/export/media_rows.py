"""`export --media`: copy or link the stored files of the exported messages, and say in the rows where they are.

Each content is there once, under the name of the first message that shows it. Every byte is read, also of what is only
linked: the manifest's hashes are those of the files as they are, and a file that is lost or damaged in the archive is
listed as such and left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final, Literal, NamedTuple, Protocol, TypeAlias

import orjson

from archiver.errors import BlockedPath, NotFound, UsageError
from archiver.export.manifest import MediaFile, MediaPart
from archiver.export.media_names import name_file
from archiver.export.target import NO_LINKS
from archiver.export.temporary import CREATE
from archiver.media.blob_store import BlobStore
from archiver.model.media_file import is_file
from archiver.model.row import Row

MediaMode: TypeAlias = Literal["copy", "link"]
_CHUNK: Final = 1 << 20
_NO_LINKS_HERE: Final = "this file system allows no hard links to them"
_WHY_NOT: Final = {
    errno.EXDEV: "hard links are possible only on the disk that has the archive's files",
    errno.EMLINK: "a file has as many hard links as it can have",
}
_MISSING: Final = "the stored copy is missing"
_BLOCKED: Final = "a link or something else is in the place of the stored copy"
_DAMAGED: Final = "the stored copy is damaged"


class MediaTarget(Protocol):
    """Where files go: the directory beside a data file, or one within a folder."""

    prefix: str
    """Its path below the export."""

    def open_directory(self, name: str) -> int:
        """Open a directory within it, which is made first."""
        ...

    def add(self, file: MediaFile) -> None:
        """List a file that was written."""
        ...

    def unwritable(self, exc: OSError) -> UsageError:
        """The error for people."""
        ...


class LostFile(NamedTuple):
    """A file that the archive should have, but is missing or damaged."""

    path: str
    """Below the archive's directory."""
    shown_by: str
    """`channel/4711`."""


class MediaRows:
    """Writes the files of rows, and rewrites the rows to say where they are."""

    def __init__(self, blobs: BlobStore, target: MediaTarget, mode: MediaMode, note: Callable[[str], None]) -> None:
        """`note` is called once if files cannot be linked."""
        self._blobs = blobs
        self._target = target
        self._mode = mode
        self._note = note
        self._files: list[MediaFile] = []
        self._places: dict[str, str | None] = {}
        """Paths below the export by hash; None: it could not be read."""
        self._reasons: dict[str, str] = {}
        self._lost: list[LostFile] = []
        self._not_stored: Counter[str] = Counter()
        self._linked = True
        self._stop = threading.Event()

    @property
    def part(self) -> MediaPart:
        """What the manifest says about files."""
        return MediaPart(
            mode=self._mode if self._linked else "copy",
            directory=self._target.prefix,
            files=self._files,
            not_stored=dict(sorted(self._not_stored.items())),
        )

    @property
    def lost(self) -> tuple[LostFile, ...]:
        """Files that the archive should have, but are missing or damaged."""
        return tuple(self._lost)

    async def sync(self) -> None:
        """Sync all files to disk; called at the end, when most of them already are."""
        await asyncio.to_thread(self._sync)

    def _sync(self) -> None:
        for file in self._files:
            if self._stop.is_set():
                return
            folder, _, name = file.path.removeprefix(f"{self._target.prefix}/").partition("/")
            directory = self._target.open_directory(folder)
            try:
                handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
            except OSError as exc:
                raise self._target.unwritable(exc) from exc
            finally:
                os.close(directory)

    async def place(self, row: Row) -> Row:
        """Write the files of a row; return the row with their paths below the export."""
        if row["media"] == "[]":
            return row
        slots: list[dict[str, Any]] = orjson.loads(row["media"])
        for at, slot in enumerate(slots):
            if is_file(slot["kind"], slot["id"]):
                await self._place_slot(row, at, slot)
        return {**row, "media": orjson.dumps(slots).decode()}

    async def _place_slot(self, row: Row, at: int, slot: dict[str, Any]) -> None:
        sha256 = slot["sha256"]
        if slot["path"] is not None:
            if sha256 not in self._places:
                await self._transfer(row, at, slot)
            slot["path"] = self._places[sha256]
            if slot["path"] is None:
                slot.update(status="failed", reason=self._reasons[sha256])
        if slot["path"] is None:
            self._not_stored[slot["status"]] += 1

    async def _transfer(self, row: Row, at: int, slot: Mapping[str, Any]) -> None:
        sha256 = slot["sha256"]
        name = name_file(row["channel_id"], row["message_id"], at, sha256=sha256, kind=slot["kind"], mime=slot["mime"])
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, sha256, name))
        try:
            lost = await asyncio.shield(writing)
        except asyncio.CancelledError:
            self._stop.set()
            with contextlib.suppress(Exception):
                await writing
            raise
        self._places[sha256] = None if lost else f"{self._target.prefix}/{name}"
        if lost:
            self._reasons[sha256] = lost
            self._lost.append(LostFile(slot["path"], f"{row['channel']}/{row['message_id']}"))

    def _write(self, sha256: str, name: str) -> str | None:
        """Write one file, in a thread; return why it could not be read, if so."""
        folder, _, last = name.partition("/")
        directory = self._target.open_directory(folder)
        try:
            with self._blobs.open(sha256) as source:
                size = self._link(source, sha256, directory, last) if self._mode == "link" and self._linked else None
                if size is None:
                    size = self._copy(source, sha256, directory, last)
        except NotFound:
            return _MISSING
        except BlockedPath:
            return _BLOCKED
        except OSError as exc:
            raise self._target.unwritable(exc) from exc
        finally:
            os.close(directory)
        if size < 0:
            return _DAMAGED
        file = MediaFile(path=f"{self._target.prefix}/{name}", bytes=size, sha256=sha256)
        self._files.append(file)
        self._target.add(file)
        return None

    def _copy(self, source: BinaryIO, sha256: str, directory: int, name: str) -> int:
        """Copy the file; return its size, or -1 if it is damaged."""
        source.seek(0)
        with os.fdopen(os.open(name, CREATE, 0o666, dir_fd=directory), "wb") as copy:
            size = self._read(source, sha256, copy)
        if size < 0:
            os.unlink(name, dir_fd=directory)
        return size

    def _link(self, source: BinaryIO, sha256: str, directory: int, name: str) -> int | None:
        """Link the file; return its size, -1 if it is damaged, or None if it has to be copied."""
        try:
            os.link(self._blobs.path(sha256), name, dst_dir_fd=directory, follow_symlinks=False)
        except OSError as exc:
            if exc.errno not in NO_LINKS:
                raise
            self._linked = False
            self._note(f"files are copied instead of linked: {_WHY_NOT.get(exc.errno, _NO_LINKS_HERE)}.")
            return None
        made = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if not os.path.samestat(made, os.fstat(source.fileno())):  # another file came in its place
            os.unlink(name, dir_fd=directory)
            return None
        size = self._read(source, sha256)
        if size < 0:
            os.unlink(name, dir_fd=directory)
        return size

    def _read(self, source: BinaryIO, sha256: str, copy: BinaryIO | None = None) -> int:
        """Read the file, and copy it if asked to; return its size, or -1 if its hash is another."""
        digest, size = hashlib.sha256(), 0
        while not self._stop.is_set() and (chunk := source.read(_CHUNK)):
            digest.update(chunk)
            size += len(chunk)
            if copy is not None:
                copy.write(chunk)
        return size if digest.hexdigest() == sha256 else -1
