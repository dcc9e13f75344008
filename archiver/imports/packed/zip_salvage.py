"""Read a zip whose list of files is cut off or damaged: its members are found by their headers, all through it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipExtFile, ZipInfo

from archiver.imports.packed.room import is_bomb

MARK: Final = b"PK\x03\x04"
_NEXT: Final = (MARK, b"PK\x01\x02", b"PK\x07\x08", b"PK\x05\x06", b"PK\x06\x06")
"""What may follow the bytes of a member."""
_HEADER: Final = struct.Struct("<4s5H3L2H")
_METHODS: Final = (ZIP_STORED, ZIP_DEFLATED, ZIP_BZIP2, ZIP_LZMA)
_UTF8: Final = 0x800
_SIZES_FOLLOW: Final = 0x8
"""Flag for sizes that are behind the bytes, not before them."""
_LARGE: Final = 0xFFFF_FFFF
_CHUNK: Final = 1 << 20


class SalvagedZip:
    """A zip read without its list of files. `members`: those found; the last may be cut off."""

    def __init__(self, path: Path, most: int) -> None:
        """`most`: how many members to look for."""
        self._path = path
        self._places: dict[int, int] = {}
        self.members: list[ZipInfo] = []
        with path.open("rb") as file:
            for found in _list_members(file):
                self._places[found.member.header_offset] = found.at
                self.members.append(found.member)
                if len(self.members) >= most:
                    break

    def open(self, member: ZipInfo) -> ZipExtFile:
        """Open one of its members."""
        file = self._path.open("rb")
        file.seek(self._places[member.header_offset])
        return ZipExtFile(file, "r", member, None, True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is held open."""


class _Found(NamedTuple):
    member: ZipInfo
    at: int
    """Where its bytes begin."""


def _list_members(file: BinaryIO) -> Iterator[_Found]:
    """The members in the order of the file."""
    size, at = file.seek(0, 2), 0
    while (begin := _find(file, at)) is not None:
        found = _read(file, begin, size)
        if found is None:
            at = begin + len(MARK)
            continue
        yield found
        end = found.at + found.member.compress_size
        at = end if _is_followed(file, end, size) else found.at


def _find(file: BinaryIO, at: int) -> int | None:
    """The place of the next header."""
    file.seek(at)
    kept = b""
    while chunk := file.read(_CHUNK):
        data = kept + chunk
        if (place := data.find(MARK)) >= 0:
            return at - len(kept) + place
        at, kept = at + len(chunk), data[1 - len(MARK) :]
    return None


def _is_followed(file: BinaryIO, end: int, size: int) -> bool:
    """Whether a member ends there: else its size is damaged, or bytes in it were lost."""
    file.seek(end)
    return end >= size or file.read(4) in _NEXT


def _read(file: BinaryIO, begin: int, size: int) -> _Found | None:
    """The member whose header begins there; None if it is no header, or its size is not known."""
    file.seek(begin)
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size:
        return None
    _, _, flags, method, _, _, crc, packed, whole, name_size, extra_size = _HEADER.unpack(head)
    name, extra = file.read(name_size), file.read(extra_size)
    at = begin + _HEADER.size + name_size + extra_size
    if method not in _METHODS or not name or len(name) < name_size or at > size:
        return None
    if _LARGE in (packed, whole):
        packed, whole = _read_sizes(extra)
    if flags & _SIZES_FOLLOW and not packed:
        if method != ZIP_DEFLATED:
            return None
        packed, whole, crc = _measure(file, at)
    member = ZipInfo(name.decode("utf-8" if flags & _UTF8 else "cp437", "replace") or "?")
    member.flag_bits, member.compress_type, member.CRC, member.header_offset = flags, method, crc, begin
    member.compress_size, member.file_size = min(packed, size - at), whole
    return _Found(member, at)


def _read_sizes(extra: bytes) -> tuple[int, int]:
    """The sizes of a member of more than 4 GB, packed and whole; zero if they are not there."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1 and length >= 16 and len(extra) >= 20:
            whole, packed = struct.unpack_from("<QQ", extra, 4)
            return packed, whole
        extra = extra[4 + length :]
    return 0, 0


def _measure(file: BinaryIO, at: int) -> tuple[int, int, int]:
    """The sizes of deflated bytes, packed and whole, and their checksum, as far as they can be unpacked."""
    file.seek(at)
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    read = whole = crc = 0
    while not unpack.eof and (chunk := unpack.unconsumed_tail or file.read(_CHUNK)):
        read += 0 if unpack.unconsumed_tail else len(chunk)
        try:
            data = unpack.decompress(chunk, _CHUNK)
        except zlib.error:
            break
        whole, crc = whole + len(data), zlib.crc32(data, crc)
        if is_bomb(whole, read):
            break
    return read - len(unpack.unused_data), whole, crc
