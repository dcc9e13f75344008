"""What identifies the file or files of an import: name, size, SHA-256."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

import orjson

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.adopt import ExportedMedia, MediaFolder
from archiver.imports.detect import open_source
from archiver.imports.packed.unpack import Unpacked, list_packed
from archiver.imports.source import Chat, ChatSource, Flaw
from archiver.imports.stopping import ReadingStopped, expect_wanted, run_stoppably
from archiver.media.blob_store import hash_file
from archiver.store.imports.import_source import ImportFile
from archiver.store.is_archive import is_archive

_FINISHED: Final = "Import it once it is finished."
_TRIES: Final = 4


class FileMark(NamedTuple):
    """What changes if a file is written to or replaced."""

    device: int
    inode: int
    size: int
    written_ns: int
    changed_ns: int
    """When anything of it changed, also its name or mode; nothing but the clock can set it."""


class HashedFile(NamedTuple):
    """A file as a citation names it."""

    name: str
    sha256: str
    bytes: int


class HashedSource:
    """A source whose files were read once to hash them, and whether they are still the same."""

    def __init__(self, source: ChatSource, packed: Unpacked | None = None) -> None:
        """Blocks while it reads the files. `packed`: what they were unpacked from. Raises UsageError."""
        self.source = source
        self.media: ExportedMedia = MediaFolder(source.root) if packed is None else packed.media
        """Its media files."""
        self._packed = packed
        self._paths = tuple(source.parts if packed is None else packed.originals)
        self._marks, found = _hash_all(self._paths)
        self.bytes = sum(one.bytes for one in found)
        self.name = found[0].name
        self._hashes = [one.sha256 for one in found]
        joined = "\n".join(self._hashes).encode()
        self.sha256 = self._hashes[0] if len(found) == 1 else hashlib.sha256(joined).hexdigest()
        self.unpacked = [] if packed is None else _hash_all(source.parts)[1]
        """The unpacked files, if it was packed."""
        self.bytes_inside = sum(one.bytes for one in self.unpacked) or self.bytes
        listed = self.unpacked or (found if len(found) > 1 else [])
        self._parts = orjson.dumps([one._asdict() for one in listed]).decode()
        newest = source.newest
        self._newest = None if newest is None else int(newest.timestamp())

    @property
    def flaws(self) -> Sequence[Flaw]:
        """Damage found while unpacking."""
        return () if self._packed is None else (*self._packed.flaws, *self._packed.outside)

    def open_again(self, path: Path, zone: tzinfo | None) -> ChatSource:
        """Open the source again for an independent read. `path`: what was opened."""
        return open_source(path if self._packed is None else self._packed.inside, zone)

    def close(self) -> None:
        """Remove what was unpacked."""
        if self._packed is not None:
            self._packed.close()

    @property
    def marks(self) -> Sequence[FileMark]:
        """Those of its files, when they were hashed."""
        return self._marks

    def find_changed(self) -> str | None:
        """The name of a file that changed since it was hashed; None if none did."""
        places = range(len(self._marks))
        return next((_text(self._paths[place].name) for place in places if self._has_changed(place)), None)

    def _has_changed(self, place: int) -> bool:
        path, before = self._paths[place], self._marks[place]
        try:
            now = _mark(path.stat())
            if now == before:
                return False
            if now[:4] != before[:4]:
                return True
            # Perhaps only its mode, or another name for it.
            self._marks[place], sha256 = _hash(path)
        except (OSError, UsageError):
            return True
        return sha256 != self._hashes[place]

    def expect_unchanged(self) -> None:
        """Raise UsageError if a file changed since it was hashed."""
        if (name := self.find_changed()) is not None:
            raise UsageError(f"{name} changed while it was read.", hint=_FINISHED)

    def describe(self, chat: Chat, channel_id: ChannelId) -> ImportFile:
        """The import of one of its chats."""
        return ImportFile(
            channel_id=channel_id,
            format=self.source.format,
            file_name=self.name,
            sha256=self.sha256,
            bytes=self.bytes,
            parts=self._parts,
            newest=self._newest,
            title=chat.title,
            chat_type=chat.type,
            is_altered=getattr(self.source, "is_altered", False),
        )


def _text(name: str) -> str:
    """A file's name, which need not be a text on the disk."""
    return os.fsencode(name).decode("utf-8", "replace")


def _mark(found: os.stat_result) -> FileMark:
    return FileMark(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class _WantedFile:
    """A file that is read only while the work is wanted."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        expect_wanted()
        return self._file.read(size)


def _hash(path: Path) -> tuple[FileMark, str]:
    """The state and SHA-256 of a file. Raises UsageError if it cannot be read, or changes meanwhile."""
    try:
        with path.open("rb") as file:
            before = _mark(os.fstat(file.fileno()))
            sha256 = hash_file(cast("BinaryIO", _WantedFile(file)))
            if before != _mark(os.fstat(file.fileno())) or file.tell() != before.size:
                raise UsageError(f"{path} is being written to.", hint=_FINISHED)
            return before, sha256
    except FileNotFoundError as exc:
        raise UsageError(f"{path} does not exist.") from exc
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}.") from exc


def _hash_all(paths: Sequence[Path]) -> tuple[list[FileMark], list[HashedFile]]:
    hashed = [_hash(path) for path in paths]
    found = zip(paths, hashed, strict=True)
    return [mark for mark, _ in hashed], [HashedFile(_text(path.name), of, mark.size) for path, (mark, of) in found]


def open_hashed(path: Path, zone: tzinfo | None, is_stopped: Callable[[], bool] = lambda: False) -> HashedSource:
    """Open a source, which may be packed, and hash what was opened. Raises UsageError, and ReadingStopped."""
    packed = list_packed(path)
    return _open_packed(path, packed, zone, is_stopped) if packed else _open_settled(path, zone)


async def open_until_stopped(path: Path, zone: tzinfo | None) -> HashedSource:
    """`open_hashed` in a thread; if cancelled, unpacked files are removed. Raises UsageError."""
    stopped = threading.Event()
    opening = asyncio.ensure_future(
        asyncio.to_thread(run_stoppably, stopped, partial(open_hashed, path, zone, stopped.is_set))
    )
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        stopped.set()
        with suppress(ReadingStopped, UsageError):
            (await opening).close()
        raise


def _open_packed(
    path: Path, originals: Sequence[Path], zone: tzinfo | None, is_stopped: Callable[[], bool]
) -> HashedSource:
    before = [_mark(one.stat()) for one in originals]
    packed = Unpacked(path, is_stopped)
    with packed.closed_on_error():
        if is_archive(packed.inside):
            raise UsageError("it contains a telekeep archive.", hint="Unpack it and import that.")
        hashed = HashedSource(open_source(packed.inside, zone), packed)
        if list(hashed.marks) != before:
            raise UsageError(f"{path} is being written to.", hint=_FINISHED)
        return hashed


def _open_settled(path: Path, zone: tzinfo | None) -> HashedSource:
    before: Sequence[FileMark] = ()
    for _ in range(_TRIES):
        began = time.time_ns()
        hashed = HashedSource(open_source(path, zone))
        # What was looked at first is what was hashed if nothing changed since, or since the last try.
        if all(one.changed_ns < began for one in hashed.marks) or hashed.marks == before:
            return hashed
        before = hashed.marks
    raise UsageError(f"{path} is being written to.", hint=_FINISHED)
