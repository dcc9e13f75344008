"""Read a zip by the list of files at its end, once it is sure that the list is that of the whole file.

A zip that was cut may end in the list of a zip that somebody posted, which `zipfile` would take for the zip's own.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BufferedIOBase
from itertools import pairwise
from lzma import LZMAError
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self, cast
from zipfile import BadZipFile, ZipExtFile, ZipFile, ZipInfo

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
CONTRADICTED: Final = "it is damaged: its first file is not the one that its list of files begins with."
BROKEN: Final = (BadZipFile, EOFError, zlib.error, LZMAError, OSError, ValueError, struct.error, IndexError)
UNSUPPORTED: Final = RuntimeError
"""What `zipfile` raises for a missing password and for an unknown compression method."""
_UNPACK: Final = "Unpack it with the program that made it, and import the directory."


class Place(NamedTuple):
    """A member in the list: where it begins and where the next one does, by the list."""

    member: ZipInfo
    begin: int
    bound: int

    @property
    def name(self) -> bytes:
        """The bytes of its name in the zip."""
        return self.member.orig_filename.encode("utf-8" if self.member.flag_bits & UTF8 else "cp437")

    @property
    def rest(self) -> int:
        """Bytes for what is not name or content."""
        return self.bound - self.begin - HEADER.size - len(self.name) - self.member.compress_size


class BytesLost(Exception):
    """The offsets in the list begin below zero: bytes are missing before it."""


class ListedZip:
    """A zip read by its list of files."""

    def __init__(self, path: Path, is_stopped: Callable[[], bool]) -> None:
        """Raises BytesLost, UsageError (too many files, a damaged first one), and those of `zipfile` for its list."""
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
    """Offsets of members whose headers are damaged. Raises BytesLost, UsageError, and BadZipFile."""
    for place in list_places(members, end, is_stopped):
        if find_bytes(file, place.begin, place) is None:
            if place.begin == 0:
                raise UsageError(CONTRADICTED, hint="Copy it again.")  # nothing else ties the list to this file
            yield place.begin


def list_places(
    members: list[ZipInfo], end: int, is_stopped: Callable[[], bool], *, may_lack: bool = False
) -> Iterator[Place]:
    """The members in the order of the file. `may_lack`: offsets may begin below zero.

    Raises BytesLost if they do, and BadZipFile if the members do not fill the file up to `end`.
    """
    places = sorted(members, key=lambda one: one.header_offset)
    bounds = [*(one.header_offset for one in places), end]
    if bounds[0] < 0 and not may_lack:
        raise BytesLost
    if bounds[0] > 0:  # the file gained bytes, or the list is that of a posted zip
        raise BadZipFile
    for member, (begin, bound) in zip(places, pairwise(bounds), strict=True):
        expect_going(is_stopped)
        place = Place(member, begin, bound)
        if not 0 <= place.rest <= _BETWEEN:
            raise BadZipFile
        yield place


def find_bytes(file: BinaryIO, begin: int, place: Place) -> int | None:
    """Where the bytes of a member begin; None if the header that begins there does not say what the list says."""
    listed, packed = place.name, place.member.compress_size
    file.seek(begin)
    head, name = file.read(HEADER.size), file.read(len(listed))
    if len(head) < HEADER.size or not head.startswith(MARK) or name != listed:
        return None
    _, _, flags, _, _, _, _, said, _, name_size, extra_size = HEADER.unpack(head)
    is_sized = flags & SIZES_FOLLOW or said in (packed, LARGE)
    if name_size != len(name) or extra_size > place.rest or not is_sized:
        return None
    return begin + HEADER.size + len(name) + int(extra_size)


def open_bytes(path: Path, at: int, member: ZipInfo) -> BufferedIOBase:
    """Open a member whose bytes begin there. Raises RuntimeError for a method that is not supported."""
    with ExitStack() as opened:
        file = opened.enter_context(path.open("rb"))
        file.seek(at)
        found = ZipExtFile(file, "r", member, None, True)
        opened.pop_all()
    return found
