"""Read a zip member by member, trusting none of their claims; media files stay in it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from pathlib import Path
from typing import Final, TypeAlias
from zipfile import BadZipFile, ZipInfo

from archiver.errors import UsageError
from archiver.imports.adopt import NOT_REGULAR, NotAdopted, OpenedFile
from archiver.imports.packed.members import find_media, is_encrypted, is_link, name_members
from archiver.imports.packed.room import is_bomb
from archiver.imports.packed.single import MAY_BE_WRONG, SMALL
from archiver.imports.packed.zip_list import BROKEN, UNSUPPORTED, BytesLost, ListedZip
from archiver.imports.packed.zip_loss import ZipWithLoss
from archiver.imports.packed.zip_salvage import SalvagedZip
from archiver.imports.source import Flaw

AnyZip: TypeAlias = ListedZip | ZipWithLoss | SalvagedZip
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
LISTED_WRONG: Final = (
    "the zip ends too early or is damaged: its list of files cannot be read, so its files up to there are imported,"
    " and files may be missing"
)
LOST: Final = "{:,} bytes of the zip are missing after there: its other files are imported, and files may be missing"
DAMAGED: Final = "it is damaged in the zip"
NO_END: Final = "where it ends is only in that list, so it and the files after it are left out"
_UNPACK: Final = "Unpack it with the program that made it, and import the directory."


def open_zip(
    path: Path, flaws: list[Flaw], is_stopped: Callable[[], bool] = lambda: False
) -> tuple[AnyZip, dict[str, ZipInfo]]:
    """Open a zip, and list its files by name; a damaged list is added to `flaws`. Raises UsageError, UnpackStopped."""
    packed: AnyZip
    try:
        try:
            packed = ListedZip(path, is_stopped)
        except BytesLost:
            packed = ZipWithLoss(path, is_stopped)
            flaws.append(Flaw(f"{path.name}, byte {packed.begin:,}", LOST.format(packed.lost)))
    except (*BROKEN, UNSUPPORTED):
        return _salvage(path, flaws, is_stopped)
    return packed, name_members(packed.members)


def _salvage(path: Path, flaws: list[Flaw], is_stopped: Callable[[], bool]) -> tuple[AnyZip, dict[str, ZipInfo]]:
    packed = SalvagedZip(path, is_stopped)
    if not packed.members:
        raise UsageError(
            f"{path} is a zip that ends too early or is damaged: nothing in it can be unpacked.", hint="Copy it again."
        )
    flaws.append(Flaw(f"{path.name}, byte {packed.end:,}", LISTED_WRONG))
    if packed.unknown is not None:
        flaws.append(Flaw(packed.unknown, NO_END))
    return packed, name_members(packed.members)


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
        with packed.open(unchecked) as file:
            while chunk := file.read1(SMALL):
                read, crc = read + len(chunk), zlib.crc32(chunk, crc)
                yield chunk
        if not packed.is_whole(member) or (read, crc) != (member.file_size, member.CRC):
            raise BadZipFile
    except UNSUPPORTED as exc:
        raise UsageError("it is packed with a method that telekeep does not support.", hint=_UNPACK) from exc
    except BROKEN:
        of = "" if member.file_size <= read else f" of its {member.file_size:,}"  # the size of one cut off may be lost
        flaws.append(Flaw(name, f"it is damaged in the zip: {read:,}{of} bytes were unpacked, {MAY_BE_WRONG}"))


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
        if not self._packed.is_whole(member):
            raise NotAdopted(DAMAGED)
        with ExitStack() as opened:
            with _explained():
                file = opened.enter_context(self._packed.open(member))
            yield OpenedFile(member.file_size, _explained()(file.read))


@contextmanager
def _explained() -> Iterator[None]:
    """Say why the file of a message cannot be unpacked. Raises NotAdopted; other errors are the disk's own."""
    try:
        yield
    except UNSUPPORTED as exc:
        raise NotAdopted("it is packed with a method that telekeep does not support") from exc
    except BROKEN as exc:
        if isinstance(exc, OSError) and exc.errno is not None:
            raise
        raise NotAdopted(DAMAGED) from exc
