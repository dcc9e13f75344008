"""Members of a tar, read header by header: its claims are bounded, and after damage no header is searched for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from tarfile import (
    AREGTYPE,
    CONTTYPE,
    GNUTYPE_LONGLINK,
    GNUTYPE_LONGNAME,
    GNUTYPE_SPARSE,
    LNKTYPE,
    REGTYPE,
    HeaderError,
    TarInfo,
)
from typing import BinaryIO, Final, NamedTuple

from archiver.errors import UsageError
from archiver.imports.packed.members import compose
from archiver.imports.packed.room import expect_going

BLOCK: Final = 512
_MAGIC: Final = b"ustar"
_MAGIC_AT: Final = 257
_SIZE_AT: Final = slice(124, 136)
_OCTAL: Final = re.compile(rb"[0-7]+")
_FILES: Final = (REGTYPE, AREGTYPE, CONTTYPE)
_EXTENDED: Final = b"x"
_GLOBAL: Final = b"g"
_BESIDE: Final = (GNUTYPE_LONGNAME, GNUTYPE_LONGLINK, _EXTENDED, _GLOBAL)
"""Headers about the member after them."""
_LARGEST: Final = 1 << 20
"""Maximum size of the metadata of a member, such as a long name."""
_SEARCHED: Final = 1 << 20
_MOST: Final = 200_000
"""Maximum number of members, as in a zip."""
_MOST_LINKS: Final = 40
"""Maximum number of hard links to hard links, as the system has for symbolic ones."""
_RECORD: Final = 20 * BLOCK
"""What the size of a tar is a multiple of."""
_END: Final = 2
"""Empty blocks that end a tar; other tars may follow."""


class TarMember(NamedTuple):
    """A member of a tar."""

    at: int
    """Where its bytes begin."""
    size: int
    is_file: bool
    """Whether it is a regular file: no link, directory, device or sparse file."""
    target: str | None = None
    """The member that a hard link is another name of."""

    def size_within(self, size: int) -> int:
        """How many of its bytes are in a tar of this size."""
        return max(min(self.size, size - self.at), 0)


@dataclass(slots=True)
class TarListing:
    """What is in a tar."""

    members: dict[str, TarMember] = field(default_factory=dict)
    """By name; of a name that repeats, the last one."""
    damaged: list[int] = field(default_factory=list)
    """Places in it at which a header was expected and is damaged."""
    has_end: bool = False
    """Whether it ends as tars do: more members may have followed otherwise."""


def is_tar(head: bytes) -> bool:
    """Whether a file with this head is a tar: its first header has a right checksum, or its mark."""
    return _read_header(head[:BLOCK]) is not None or head[_MAGIC_AT:].startswith(_MAGIC)


def list_tar(file: BinaryIO, is_stopped: Callable[[], bool] = lambda: False) -> TarListing:
    """List the members of a tar. Raises UsageError if there are too many, and UnpackStopped."""
    walk = _Walk(file, is_stopped)
    while (block := walk.take()) is not None:
        expect_going(is_stopped)
        walk.pass_block(block)
    return walk.listing


def find_target(members: Mapping[str, TarMember], member: TarMember) -> TarMember:
    """The regular file that a hard link is another name of; other members are returned as they are."""
    found: TarMember | None = member
    for _ in range(_MOST_LINKS):
        if found is None or found.target is None:
            break
        found = members.get(found.target)
    return found if found is not None and found.is_file else member


def _read_header(block: bytes) -> TarInfo | None:
    try:
        found = TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (HeaderError, ValueError):
        return None
    return found if found.size >= 0 else None


class _Walk:
    """The place in a tar, and what was read before it."""

    def __init__(self, file: BinaryIO, is_stopped: Callable[[], bool]) -> None:
        self._is_stopped = is_stopped
        self.listing = TarListing()
        self._file = file
        self._size = file.seek(0, 2)
        self._at = 0
        self._empty = 0
        """Empty blocks in a row."""
        self._about: dict[str, str] = {}
        """What headers say about the next member."""

    def take(self) -> bytes | None:
        """The next block; None if there is none."""
        self._file.seek(self._at)
        block = self._file.read(BLOCK)
        self._at += len(block)
        return block if len(block) == BLOCK else None

    def pass_block(self, block: bytes) -> None:
        """Read a header, or go on to the next one if this is not a header."""
        if not block.strip(b"\0"):
            self._empty += 1
            self.listing.has_end |= self._empty >= _END
            return
        header = _read_header(block)
        if not self._is_joined() or header is None or (header.type in _BESIDE and header.size > _LARGEST):
            self._pass_damage(block)
            return
        self._empty, self.listing.has_end = 0, False
        if header.type in _BESIDE:
            self._take_about(header)
        else:
            self._take_member(header, block)
        self._at = min(self._at, self._size)

    def _is_joined(self) -> bool:
        """Whether a header may be there: after empty blocks only that of another tar, or else they were a header."""
        return not self._empty or (self._empty >= _END and not (self._at - BLOCK) % _RECORD)

    def _pass_damage(self, block: bytes) -> None:
        """Go to the next header if it is where the damaged one says, else to the end.

        Any other may be in a tar that somebody posted. What follows the end of a tar is no damage, unless it has files.
        """
        begin = self._at - BLOCK
        found = self._find_header(begin if self._empty else self._at)
        if self._empty < _END or found is not None:
            self.listing.damaged.append(begin)
        size = _claimed_size(block)
        is_said = not self._empty and size is not None and found == self._at + _padded(size)
        self._about = {}
        self._at = found if is_said and found is not None else self._size

    def _find_header(self, at: int) -> int | None:
        """The place of the next header."""
        while at < self._size:
            expect_going(self._is_stopped)
            self._file.seek(at)
            part = self._file.read(_SEARCHED)
            place = part.find(_MAGIC, _MAGIC_AT)
            while place >= 0:
                begin = place - _MAGIC_AT
                if not begin % BLOCK and _read_header(part[begin : begin + BLOCK]) is not None:
                    return at + begin
                place = part.find(_MAGIC, place + 1)
            at += len(part)
        return None

    def _take_about(self, header: TarInfo) -> None:
        data = self._file.read(header.size)
        self._at += _padded(header.size)
        if header.type == _EXTENDED:
            self._about |= _read_records(data)
        elif header.type in (GNUTYPE_LONGNAME, GNUTYPE_LONGLINK):
            key = "path" if header.type == GNUTYPE_LONGNAME else "linkpath"
            self._about[key] = data.rstrip(b"\0").decode("utf-8", "surrogateescape")

    def _take_member(self, header: TarInfo, block: bytes) -> None:
        about, self._about = self._about, {}
        is_sparse = header.type == GNUTYPE_SPARSE or any(key.startswith("GNU.sparse.") for key in about)
        if header.type == GNUTYPE_SPARSE:
            self._pass_maps(is_more=bool(block[482]))
        written = about.get("size", "")
        size = int(written) if written.isascii() and written.isdigit() and len(written) < 19 else header.size
        if size > self._size - self._at and 0 < header.size != size:
            self.listing.damaged.append(self._at - BLOCK)  # records have no checksum, the header has one
            size = header.size
        is_file = header.type in _FILES and not is_sparse
        target = compose(_plain_name(about.get("linkpath", header.linkname))) if header.type == LNKTYPE else None
        name = _plain_name(about.get("GNU.sparse.name") or about.get("path", header.name))
        if name and not header.isdir():
            self.listing.members[name] = TarMember(self._at, size, is_file, target)
            if len(self.listing.members) > _MOST:
                raise UsageError(
                    f"it has more than {_MOST:,} files, more than telekeep reads from a tar.",
                    hint="Unpack it and import the directory.",
                )
        if header.type in _FILES or header.type == GNUTYPE_SPARSE:
            self._at += _padded(size)

    def _pass_maps(self, *, is_more: bool) -> None:
        """Pass the blocks that say where the holes of a sparse file are."""
        while is_more and (block := self.take()) is not None:
            is_more = bool(block[504])


def _read_records(data: bytes) -> dict[str, str]:
    """The records of a pax header: `25 path=ChatExport/a.jpg`, each with its length."""
    found: dict[str, str] = {}
    while data:
        length, _, _ = data.partition(b" ")
        size = int(length) if length.isdigit() and len(length) < 8 else 0
        key, mark, value = data[len(length) + 1 : size].removesuffix(b"\n").partition(b"=")
        if size <= len(length) or not mark:
            break
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        data = data[size:]
    return found


def _claimed_size(block: bytes) -> int | None:
    """The size that a damaged header claims for its file."""
    field = block[_SIZE_AT].strip(b" \0")
    return int(field, 8) if _OCTAL.fullmatch(field) else None


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _plain_name(name: str) -> str:
    """A name without the `./` that tar begins names with."""
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return name
