"""Read a zip whose list of files is cut off or damaged: member by member from its beginning, up to what is not whole.

Nothing behind damage is believed, and no header is searched for: it might be in a zip that somebody posted. A member
counts as whole only if its own header, or what follows its bytes, gives their size and checksum.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipInfo

from archiver.imports.packed.members import is_encrypted, name_of
from archiver.imports.packed.room import expect_going, is_bomb
from archiver.imports.packed.zip_list import HEADER, LARGE, MARK, MOST, SIZES_FOLLOW, UTF8, open_bytes, too_many

_LIST: Final = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x08")
"""What follows the last member."""
_CHUNK: Final = 1 << 15
_DESCRIPTOR: Final = b"PK\x07\x08"
_SIZES: Final = (struct.Struct("<LLL"), struct.Struct("<LQQ"))
_LONGEST: Final = 24
"""Maximum length of a descriptor."""


class _Bytes(NamedTuple):
    """What was found where a member's bytes begin."""

    packed: int
    whole: int
    crc: int
    is_ended: bool
    """Whether they end there by themselves."""
    is_damaged: bool = False


class _Extent(NamedTuple):
    """How far a member reaches."""

    packed: int
    """The bytes that can be read; empty if it is damaged."""
    whole: int
    end: int | None
    """Where the next one begins; None: this one is not whole."""


class _Found(NamedTuple):
    member: ZipInfo
    at: int
    """Where its bytes begin."""


class SalvagedZip:
    """A zip read without its list of files. `members`: those found, each name once; the last may be cut off."""

    def __init__(self, path: Path, is_stopped: Callable[[], bool]) -> None:
        """Raises UsageError if it has too many files, and UnpackStopped."""
        self._path = path
        self._places: dict[int, int] = {}
        self._broken: set[int] = set()
        self.members: list[ZipInfo] = []
        self.end = 0
        """Where it could no longer be read."""
        self.unknown: str | None = None
        """The member whose end cannot be told without the list."""
        named: set[str] = set()
        with path.open("rb") as file:
            for found in self._walk(file, is_stopped):
                if (name := name_of(found.member)) not in named:
                    named.add(name)
                    self._places[found.member.header_offset] = found.at
                    self.members.append(found.member)
                if len(named) > MOST:
                    raise too_many(path, len(named))

    def _walk(self, file: BinaryIO, is_stopped: Callable[[], bool]) -> Iterator[_Found]:
        size = file.seek(0, 2)
        while (found := _read_header(file, self.end)) is not None:
            expect_going(is_stopped)
            if not _has_known_end(found.member):
                self.unknown = name_of(found.member)
                return
            extent = _measure(file, found, size, is_stopped)
            found.member.compress_size, found.member.file_size = extent.packed, extent.whole
            if extent.end is None:
                self._broken.add(found.member.header_offset)
                yield found
                return
            self.end = extent.end
            yield found

    def is_whole(self, member: ZipInfo) -> bool:
        """Whether all of a member is there, and as it was packed."""
        return member.header_offset not in self._broken

    def open(self, member: ZipInfo) -> BufferedIOBase:
        """Open a member; the last one may be cut off. Raises BadZipFile."""
        if not (member.compress_size or self.is_whole(member)):
            raise BadZipFile
        return open_bytes(self._path, self._places[member.header_offset], member)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is held open."""


def _read_header(file: BinaryIO, begin: int) -> _Found | None:
    """The member whose header begins there; None if it is no header."""
    file.seek(begin)
    head = file.read(HEADER.size)
    if len(head) < HEADER.size or not head.startswith(MARK):
        return None
    _, _, flags, method, _, _, crc, packed, whole, name_size, extra_size = HEADER.unpack(head)
    name, extra = file.read(name_size), file.read(extra_size)
    if len(name) < name_size or len(extra) < extra_size:
        return None
    if LARGE in (packed, whole):
        packed, whole = _read_sizes(extra)
    member = ZipInfo(name.decode("utf-8" if flags & UTF8 else "cp437", "replace") or "?")
    member.flag_bits, member.compress_type, member.CRC, member.header_offset = flags, method, crc, begin
    member.compress_size, member.file_size = packed, whole
    return _Found(member, begin + HEADER.size + name_size + extra_size)


def _read_sizes(extra: bytes) -> tuple[int, int]:
    """The sizes of a member of more than 4 GB, packed and whole; zero if they are not there."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1 and length >= 16 and len(extra) >= 20:
            whole, packed = struct.unpack_from("<QQ", extra, 4)
            return packed, whole
        extra = extra[4 + length :]
    return 0, 0


def _has_known_end(member: ZipInfo) -> bool:
    """Whether the zip says, apart from its list, where a member ends.

    The bytes of one that is stored may contain all that could mark its end, unless its header has its size.
    """
    if is_encrypted(member) or member.compress_type == ZIP_DEFLATED:
        return True
    is_sized = (
        not member.flag_bits & SIZES_FOLLOW
        or member.compress_size == member.file_size > 0
        or member.filename.endswith("/")
    )
    return member.compress_type == ZIP_STORED and is_sized


def _measure(file: BinaryIO, found: _Found, size: int, is_stopped: Callable[[], bool]) -> _Extent:
    """How far a member reaches in a file of this size."""
    member, at = found
    damaged = _Extent(0, member.file_size, None)
    if is_encrypted(member):
        return damaged
    follows = bool(member.flag_bits & SIZES_FOLLOW)
    is_stored = member.compress_type == ZIP_STORED
    there = size - at if follows and not is_stored else min(member.compress_size, size - at)
    read = (_read_stored if is_stored else _inflate)(file, at, there, is_stopped)
    if read.is_damaged:
        return damaged
    if read.is_ended and (end := _find_end(file, found, read)) is not None:
        return _Extent(read.packed, read.whole, end)
    is_cut = at + read.packed + _LONGEST > size if follows else at + member.compress_size > size
    if is_stored and member.compress_size != member.file_size:
        is_cut = False  # its size is damaged
    if not is_cut or _has_mark(file, at, at + read.packed, is_stopped):
        return damaged
    return _Extent(read.packed, read.whole if follows else member.file_size, None)


def _find_end(file: BinaryIO, found: _Found, read: _Bytes) -> int | None:
    """Where a member ends whose bytes are as its header says, or as what follows them says."""
    member, at = found
    end = at + read.packed
    if not member.flag_bits & SIZES_FOLLOW:
        said = (member.compress_size, member.file_size, member.CRC)
        return end if said == (read.packed, read.whole, read.crc) else None
    file.seek(end)
    data = file.read(_LONGEST)
    for mark in (_DESCRIPTOR, b""):
        for sizes in _SIZES:
            after = len(mark) + sizes.size
            if not data.startswith(mark) or len(data) < after:
                continue
            if sizes.unpack_from(data, len(mark)) == (read.crc, read.packed, read.whole):
                member.CRC = read.crc
                return end + after
    return end if member.filename.endswith("/") and not read.packed else None  # some write no sizes after a directory


def _read_stored(file: BinaryIO, at: int, size: int, is_stopped: Callable[[], bool]) -> _Bytes:
    file.seek(at)
    read = crc = 0
    while chunk := file.read(min(_CHUNK, size - read)):
        expect_going(is_stopped)
        read, crc = read + len(chunk), zlib.crc32(chunk, crc)
    return _Bytes(read, read, crc, read == size)


def _inflate(file: BinaryIO, at: int, size: int, is_stopped: Callable[[], bool]) -> _Bytes:
    """Unpack deflated bytes to their end, or as far as there are any."""
    file.seek(at)
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    read = whole = crc = 0
    while not unpack.eof and (chunk := file.read(min(_CHUNK, size - read))):
        expect_going(is_stopped)
        read += len(chunk)
        try:
            data = unpack.decompress(chunk)
        except zlib.error:
            return _Bytes(read, whole, crc, is_ended=False, is_damaged=True)
        whole, crc = whole + len(data), zlib.crc32(data, crc)
        if is_bomb(whole, read):
            return _Bytes(read, whole, crc, is_ended=False, is_damaged=True)
    return _Bytes(read - len(unpack.unused_data), whole, crc, unpack.eof)


def _has_mark(file: BinaryIO, at: int, end: int, is_stopped: Callable[[], bool]) -> bool:
    """Whether more files or a list follow: then bytes were lost or altered, not cut off."""
    file.seek(at)
    kept = b""
    while at < end and (chunk := file.read(min(_CHUNK, end - at))):
        expect_going(is_stopped)
        data = kept + chunk
        if any(mark in data for mark in (MARK, _DESCRIPTOR, *_LIST)):
            return True
        at, kept = at + len(chunk), data[1 - len(MARK) :]
    return False
