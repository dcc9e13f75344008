"""What identifies the file or files of an import: name, size, SHA-256."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.detect import open_source
from archiver.imports.source import Chat, Source
from archiver.media.blob_store import hash_file
from archiver.store.imported import ImportFile

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


class HashedSource:
    """A source whose files were read once to hash them, and whether they are still the same."""

    def __init__(self, source: Source) -> None:
        """Blocks for as long as reading the files takes. Raises UsageError."""
        self.source = source
        hashed = [_hash(path) for path in source.parts]
        self._marks = [mark for mark, _ in hashed]
        found = [(_text(path.name), mark.size, of) for path, (mark, of) in zip(source.parts, hashed, strict=True)]
        self.bytes = sum(size for _, size, _ in found)
        self.name = found[0][0]
        hashes = [sha256 for _, _, sha256 in found]
        self._hashes = hashes
        self.sha256 = hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()
        listed = [{"name": name, "sha256": sha256, "bytes": size} for name, size, sha256 in found]
        self._parts = orjson.dumps(listed if len(listed) > 1 else []).decode()
        newest = source.newest
        self._newest = None if newest is None else int(newest.timestamp())

    @property
    def marks(self) -> Sequence[FileMark]:
        """Those of its files, when they were hashed."""
        return self._marks

    def find_changed(self) -> str | None:
        """The name of a file that changed since it was hashed; None if none did."""
        places = range(len(self._marks))
        return next((_text(self.source.parts[place].name) for place in places if self._has_changed(place)), None)

    def _has_changed(self, place: int) -> bool:
        path, before = self.source.parts[place], self._marks[place]
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
        )


def _text(name: str) -> str:
    """A file's name, which need not be a text on the disk."""
    return os.fsencode(name).decode("utf-8", "replace")


def _mark(found: os.stat_result) -> FileMark:
    return FileMark(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _hash(path: Path) -> tuple[FileMark, str]:
    """The state and SHA-256 of a file, which did not change while it was read. Raises UsageError."""
    try:
        with path.open("rb") as file:
            before = _mark(os.fstat(file.fileno()))
            sha256 = hash_file(file)
            if before != _mark(os.fstat(file.fileno())) or file.tell() != before.size:
                raise UsageError(f"{path} is being written to.", hint=_FINISHED)
            return before, sha256
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}.") from exc


def open_hashed(path: Path, zone: tzinfo | None) -> HashedSource:
    """Open a source, and hash what was opened. Raises UsageError."""
    before: Sequence[FileMark] = ()
    for _ in range(_TRIES):
        began = time.time_ns()
        hashed = HashedSource(open_source(path, zone))
        # What was looked at first is what was hashed if nothing changed since, or since the last try.
        if all(one.changed_ns < began for one in hashed.marks) or hashed.marks == before:
            return hashed
        before = hashed.marks
    raise UsageError(f"{path} is being written to.", hint=_FINISHED)
