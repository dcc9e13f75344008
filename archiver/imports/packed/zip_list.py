"""Read a zip by the list of files at its end, once it is sure that the list is that of the whole file.

A zip that was cut may end in the list of a zip that somebody posted, which `zipfile` would take for the zip's own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from archiver.errors import UsageError
from archiver.imports.packed.room import expect_going

MARK: Final = b"PK\x03\x04"
HEADER: Final = struct.Struct("<4s5H3L2H")
UTF8: Final = 0x800
SIZES_FOLLOW: Final = 0x8
"""Flag for sizes that are behind the bytes, not before them."""
LARGE: Final = 0xFFFF_FFFF
MOST: Final = 200_000
"""Maximum number of members, whose list is read into memory."""
_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_LOCATOR: Final = b"PK\x06\x07"
_LOCATOR_SIZE: Final = 20
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_END_64_MARK: Final = b"PK\x06\x06"
_LISTED: Final = 46
"""Least bytes of a member in the list."""
_BETWEEN: Final = 0xFFFF + 24
"""Most bytes of a member besides its name and content."""
_CONTRADICTED: Final = "it is damaged: its first file is not the one that its list of files begins with."
_UNPACK: Final = "Unpack it with the program that made it, and import the directory."


class ListedZip:
    """A zip read by its list of files."""

    def __init__(self, path: Path, is_stopped: Callable[[], bool]) -> None:
        """Raises UsageError for too many files or a damaged first one, and what `zipfile` raises for a damaged list."""
        with path.open("rb") as file:
            _expect_few(path, file)
            self._packed = ZipFile(path)
            try:
                self.members = self._packed.infolist()
                self._damaged = frozenset(_find_damaged(file, self.members, self._packed.start_dir, is_stopped))
            except BaseException:
                self._packed.close()
                raise

    def is_whole(self, member: ZipInfo) -> bool:
        """Whether the header of a member says what the list says."""
        return member.header_offset not in self._damaged

    def open(self, member: ZipInfo) -> BufferedIOBase:
        """Open one of its members. Raises BadZipFile."""
        if not self.is_whole(member):
            raise BadZipFile
        return cast("BufferedIOBase", self._packed.open(member))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self._packed.close()


def too_many(path: Path, count: int) -> UsageError:
    """That a zip has more files than are read."""
    return UsageError(f"{path} has {count:,} files, more than telekeep reads from a zip.", hint=_UNPACK)


class _End(NamedTuple):
    members: int
    octets: int
    """Size of the list."""


def _expect_few(path: Path, file: BinaryIO) -> None:
    """Raise UsageError if it has too many files, and BadZipFile if no list ends the file."""
    size = file.seek(0, 2)
    found = _read_end(file, size)
    if found.octets > size or found.members * _LISTED > found.octets:
        raise BadZipFile
    if (count := max(found.members, found.octets // 512)) > MOST:
        raise too_many(path, count)


def _read_end(file: BinaryIO, size: int) -> _End:
    """What the record says that ends the file: the one that `zipfile` takes. Raises BadZipFile."""
    begin = max(size - _END.size - 0xFFFF, 0)
    file.seek(begin)
    tail = file.read()
    last = tail[-_END.size :]
    is_last = last.startswith(_END_MARK) and last.endswith(b"\0\0")
    at = len(tail) - _END.size if is_last else tail.rfind(_END_MARK)
    if at < 0 or at + _END.size > len(tail):
        raise BadZipFile
    _, _, _, _, count, octets, _, comment = _END.unpack_from(tail, at)
    if begin + at + _END.size + comment != size:
        raise BadZipFile
    return _read_end_64(file, begin + at) or _End(count, octets)


def _read_end_64(file: BinaryIO, at: int) -> _End | None:
    """The same of a large zip, whose record is before the other one."""
    if (begin := at - _LOCATOR_SIZE - _END_64.size) < 0:
        return None
    file.seek(begin)
    data = file.read(_END_64.size + len(_LOCATOR))
    if not data.startswith(_END_64_MARK) or not data.endswith(_LOCATOR):
        return None
    _, _, _, _, _, _, _, count, octets, _ = _END_64.unpack_from(data)
    return _End(count, octets)


def _find_damaged(file: BinaryIO, members: list[ZipInfo], end: int, is_stopped: Callable[[], bool]) -> Iterator[int]:
    """Offsets of members whose headers are damaged. Raises BadZipFile if they do not fill the file up to `end`."""
    places = sorted(members, key=lambda one: one.header_offset)
    bounds = [*(one.header_offset for one in places), end]
    if bounds[0] != 0:  # bytes were lost in the middle, or the list is that of a posted zip
        raise UsageError(_CONTRADICTED, hint="Copy it again.")
    for member, (begin, bound) in zip(places, pairwise(bounds), strict=True):
        expect_going(is_stopped)
        rest = bound - begin - HEADER.size - len(_name_in(member)) - member.compress_size
        if not 0 <= rest <= _BETWEEN:
            raise BadZipFile
        file.seek(begin)
        head = file.read(HEADER.size)
        if len(head) < HEADER.size:
            raise BadZipFile
        if not _says_so(head, file.read(len(_name_in(member))), member, rest):
            if begin == 0:
                raise UsageError(_CONTRADICTED, hint="Copy it again.")  # nothing else ties the list to this file
            yield begin


def _says_so(head: bytes, name: bytes, member: ZipInfo, rest: int) -> bool:
    """Whether the header of a member says what the list says. `rest`: bytes for what is not name or content."""
    mark, _, flags, _, _, _, _, packed, _, name_size, extra_size = HEADER.unpack(head)
    if mark != MARK or name != _name_in(member) or name_size != len(name) or extra_size > rest:
        return False
    return bool(flags & SIZES_FOLLOW) or packed in (member.compress_size, LARGE)


def _name_in(member: ZipInfo) -> bytes:
    """The bytes of its name in the zip."""
    return member.orig_filename.encode("utf-8" if member.flag_bits & UTF8 else "cp437")
