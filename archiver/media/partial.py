"""Files that are not complete yet: `media/partial/NAME.data`, and in `NAME.parts` which parts of it are there.

Data are written by offset; then a record of the part is appended, with the beginning of its SHA-256. A file is
continued by reading each listed part again: what does not match its record (a power cut, a full disk, a torn write) is
fetched again, so that no part needs an fsync. Everything here blocks; call it from a thread.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol, Self

from archiver.media.blob_store import DATA, BlobStore
from archiver.media.part_map import PartMap
from archiver.model.file_location import PART, part_count
from archiver.model.media_file import FileKey

PARTS = ".parts"
"""End of the names of the lists of parts."""
SYNC_EVERY = 64
"""Parts after which the data are synced."""
STEP = 64 * PART
"""Bytes that are hashed in one go."""

_MAGIC = b"telekeep parts 1\n"
_HEADER = struct.Struct("<17sQI64s")
"""Format, size of the file, size of a part, key."""
_NAME = re.compile(r"((?:photo|document)_-?\d{1,20}(?:_thumb)?)\.(?:data|parts)")
_RECORD = struct.Struct("<I16s")
"""Number of the part, and the beginning of its SHA-256."""


def partial_name(key: FileKey) -> str:
    """The name of a partial file without its ending."""
    return key.replace("/", "_")


class Digest(Protocol):
    """A running hash."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""
        ...


@dataclass(slots=True)
class Partial:
    """A partial file that is open. Several threads may `write` parts; the rest is for one at a time."""

    parts: PartMap
    """Those that are there."""
    _data: int
    _list: int
    claims: dict[int, bytes] = field(default_factory=dict)
    """Parts that an earlier run listed, which are still to be confirmed, with the beginnings of their hashes."""
    _unsynced: int = 0

    @classmethod
    def open(cls, store: BlobStore, key: FileKey, size: int) -> Self:
        """Open or create it; parts of another size or another key do not count, others are in `claims`."""
        data = store.open_partial(partial_name(key) + DATA)
        try:
            listed = store.open_partial(partial_name(key) + PARTS, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        except BaseException:
            os.close(data)
            raise
        partial = cls(PartMap(size), data, listed)
        try:
            partial._load(key, size)
        except BaseException:
            partial.close()
            raise
        return partial

    def _load(self, key: FileKey, size: int) -> None:
        header = _HEADER.pack(_MAGIC, size, PART, key.encode()[:64])
        stored = _read_all(self._list)
        if stored[: len(header)] != header:
            _start_over(self._data, self._list, header)
            return
        if os.fstat(self._data).st_size > size:
            os.ftruncate(self._data, size)
        records = stored[len(header) :]
        whole = len(records) - len(records) % _RECORD.size
        if whole < len(records):  # torn: the next record must begin where the last whole one ends
            os.ftruncate(self._list, len(header) + whole)
        known = range(part_count(size))
        self.claims.update((number, begin) for number, begin in _RECORD.iter_unpack(records[:whole]) if number in known)

    def confirm(self, number: int) -> bytes | None:
        """Count a part of an earlier run, and return it, if it is what its record says."""
        offset, length = self.parts.bounds(number)
        data = os.pread(self._data, length, offset)
        if len(data) != length or sha256(data).digest()[:16] != self.claims.pop(number):
            return None
        self.note(number)
        return data

    def write(self, number: int, data: bytes) -> None:
        """Keep a part. Raises OSError (a full disk), then the part is not there."""
        offset, length = self.parts.bounds(number)
        if len(data) != length:
            raise ValueError("a part of another length")
        _write_at(self._data, data, offset)
        _append(self._list, _RECORD.pack(number, sha256(data).digest()[:16]))
        self._unsynced += 1
        if self._unsynced >= SYNC_EVERY:
            self._unsynced = 0
            os.fdatasync(self._data)  # otherwise the last one takes as long as all of the file

    def note(self, number: int) -> None:
        """Count a part that has been written."""
        self.parts = self.parts.having((number,))

    def drop(self, numbers: frozenset[int]) -> None:
        """Forget parts that are wrong: they are fetched again."""
        self.parts = PartMap(self.parts.size, self.parts.there - numbers)
        for number in numbers:
            _append(self._list, _RECORD.pack(number, bytes(16)))

    def expect_whole(self) -> None:
        """Raise ValueError unless every byte is covered, and no byte more."""
        if not self.parts.is_complete or os.fstat(self._data).st_size != self.parts.size:
            raise ValueError("bytes are missing")

    def add_to(self, digest: Digest, offset: int) -> None:
        """Add the next bytes to the digest of the whole: STEP of them, so that an end of the process need not wait."""
        for at in range(offset, min(offset + STEP, self.parts.size), PART):
            digest.update(os.pread(self._data, PART, at))

    def close(self) -> None:
        """Close it; what is there stays."""
        for handle in (self._data, self._list):
            with contextlib.suppress(OSError):
                os.close(handle)


def _read_all(handle: int) -> bytes:
    return os.pread(handle, os.fstat(handle).st_size, 0)


def _start_over(data: int, listed: int, header: bytes) -> None:
    os.ftruncate(data, 0)
    os.ftruncate(listed, 0)
    _append(listed, header)


def _append(handle: int, record: bytes) -> None:
    """Append all of it or nothing, as far as the disk allows: a torn record is cut off when it is read."""
    if os.write(handle, record) != len(record):
        raise OSError("the disk is full")


def _write_at(handle: int, data: bytes, offset: int) -> None:
    left = memoryview(data)
    while left:
        written = os.pwrite(handle, left, offset)
        left, offset = left[written:], offset + written


def list_partials(names: Iterable[str]) -> list[FileKey]:
    """The files with something in `media/partial/`, given the names there; other names are ignored."""
    found = (_NAME.fullmatch(name) for name in sorted(names))
    return list(dict.fromkeys(FileKey(one[1].replace("_", "/")) for one in found if one))


def drop_partial(store: BlobStore, key: FileKey) -> None:
    """Delete a partial file: its list first, so that data never count without it."""
    for ending in (PARTS, DATA):
        store.drop_partial(partial_name(key) + ending)


def read_list(store: BlobStore, key: FileKey) -> tuple[int | None, int]:
    """The size of a partial file, and the bytes that its list says are there; None: the list says nothing."""
    handle = store.open_partial(partial_name(key) + PARTS, os.O_RDONLY)
    try:
        stored = _read_all(handle)
    finally:
        os.close(handle)
    if len(stored) < _HEADER.size:
        return None, 0
    magic, size, _, _ = _HEADER.unpack_from(stored)
    if magic != _MAGIC:
        return None, 0
    records = stored[_HEADER.size :]
    listed = _RECORD.iter_unpack(records[: len(records) - len(records) % _RECORD.size])
    there = frozenset(number for number, _ in listed if number < part_count(size))
    return size, PartMap(size, there).held
