"""Read a zip member by member, trusting none of their claims; media files stay in it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from io import BufferedIOBase
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from archiver.errors import UsageError
from archiver.imports.adopt import NOT_REGULAR, NotAdopted, OpenedFile
from archiver.imports.packed.members import find_media, is_encrypted, is_link, name_members
from archiver.imports.packed.room import is_bomb
from archiver.imports.packed.single import MAY_BE_WRONG, SMALL
from archiver.imports.packed.zip_salvage import MARK, SalvagedZip
from archiver.imports.source import Flaw

AnyZip: TypeAlias = ZipFile | SalvagedZip
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MOST: Final = 200_000
"""Maximum number of members, whose list is read into memory."""
_END: Final = b"PK\x05\x06"
_END_64: Final = b"PK\x06\x06"
_TAIL: Final = 1 << 17
_BROKEN: Final = (BadZipFile, EOFError, zlib.error, LZMAError, OSError, ValueError, struct.error, IndexError)
LISTED_WRONG: Final = (
    "the zip ends too early or is damaged: its list of files cannot be read, so what was found by looking through it is"
    " imported, and files may be missing"
)
_UNKNOWN: Final = RuntimeError
"""From zipfile: NotImplementedError, which is one, for a method it does not know, itself for a password it lacks."""
_UNPACK: Final = "Unpack it with the program that made it, and import the directory."


def open_zip(path: Path, flaws: list[Flaw]) -> tuple[AnyZip, dict[str, ZipInfo]]:
    """Open a zip, and list its files by name; a damaged list is added to `flaws`. Raises UsageError."""
    try:
        if (count := _count_members(path)) > _MOST:
            raise UsageError(f"{path} has {count:,} files, more than telekeep reads from a zip.", hint=_UNPACK)
        packed = ZipFile(path)
    except (*_BROKEN, _UNKNOWN):
        return _salvage(path, flaws)
    if not _is_listed_right(path, packed):
        packed.close()
        return _salvage(path, flaws)
    return packed, name_members(packed.infolist())


def _is_listed_right(path: Path, packed: ZipFile) -> bool:
    """Whether its files are where its list says."""
    with path.open("rb") as file:
        return all(_has_header(file, member.header_offset) for member in packed.infolist())


def _has_header(file: BinaryIO, at: int) -> bool:
    return at >= 0 and file.seek(at) == at and file.read(len(MARK)) == MARK  # below zero: bytes before it are lost


def _salvage(path: Path, flaws: list[Flaw]) -> tuple[AnyZip, dict[str, ZipInfo]]:
    packed = SalvagedZip(path, _MOST)
    if not packed.members:
        raise UsageError(
            f"{path} is a zip that ends too early or is damaged: nothing in it can be unpacked.", hint="Copy it again."
        )
    flaws.append(Flaw(path.name, LISTED_WRONG))
    return packed, name_members(packed.members)


def _count_members(path: Path) -> int:
    """The number of members that its end record claims; each takes at least 46 bytes in its list."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _TAIL, 0))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0:
        return 0
    count, octets = struct.unpack_from("<HI", tail, at + 10)
    if (at_64 := tail.rfind(_END_64)) >= 0:
        count, octets = struct.unpack_from("<QQ", tail, at_64 + 32)
    return max(int(count), int(octets) // 512)


def unpack_member(packed: AnyZip, name: str, member: ZipInfo, flaws: list[Flaw]) -> Generator[bytes, None, None]:
    """The bytes of a member, as far as they can be read; damage is added to `flaws`. Raises UsageError."""
    if is_encrypted(member):
        raise UsageError("it is protected by a password.", hint="Unpack it and import the directory.")
    if is_link(member):
        raise UsageError(f"{name} in it is a link, not a file.", hint="Do not trust its source.")
    read = crc = 0
    unchecked = copy(member)
    del unchecked.CRC  # else the last bytes would be withheld
    try:
        with cast("BufferedIOBase", packed.open(unchecked)) as file:
            while chunk := file.read1(SMALL):
                read, crc = read + len(chunk), zlib.crc32(chunk, crc)
                yield chunk
        if (read, crc) != (member.file_size, member.CRC):
            raise BadZipFile
    except _UNKNOWN as exc:
        raise UsageError("it is packed with a method that telekeep does not support.", hint=_UNPACK) from exc
    except _BROKEN:
        what = f"it is damaged in the zip: {read:,} of its {member.file_size:,} bytes were unpacked, {MAY_BE_WRONG}"
        flaws.append(Flaw(name, what))


class ZippedFiles:
    """The media files in a zip, below the directory of the export."""

    def __init__(self, packed: AnyZip, members: dict[str, ZipInfo], root: str) -> None:
        self._packed = packed
        self._members = members
        self._root = root

    @contextmanager
    def open(self, path: str, archive: Path) -> Iterator[OpenedFile]:
        """Open a media file. Raises NotAdopted, here or while it is read."""
        member = find_media(self._members, self._root, path)
        if is_link(member):
            raise NotAdopted(NOT_REGULAR)
        if is_encrypted(member):
            raise NotAdopted("it is protected by a password")
        if is_bomb(member.file_size, member.compress_size):
            raise NotAdopted("it unpacks to far more than its size, which no picture or video does")
        with ExitStack() as opened:
            with _explained():
                file = opened.enter_context(cast("BufferedIOBase", self._packed.open(member)))
            yield OpenedFile(member.file_size, _explained()(file.read))


@contextmanager
def _explained() -> Iterator[None]:
    """Say why the file of a message cannot be unpacked. Raises NotAdopted; other errors are the disk's own."""
    try:
        yield
    except _UNKNOWN as exc:
        raise NotAdopted("it is packed with a method that telekeep does not support") from exc
    except _BROKEN as exc:
        if isinstance(exc, OSError) and exc.errno is not None:
            raise
        raise NotAdopted("it is damaged in the zip") from exc
