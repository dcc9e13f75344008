"""Read a tar member by member; media files stay in it. What was compressed is unpacked before."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final

from archiver.errors import UsageError
from archiver.imports.adopt import NOT_REGULAR, NotAdopted, OpenedFile
from archiver.imports.packed.members import compose, find_media, is_litter
from archiver.imports.packed.tar_members import TarListing, TarMember, find_target, list_tar
from archiver.imports.source import Flaw

_CHUNK: Final = 1 << 20
_NAMED: Final = 3


def open_tar(
    file: BinaryIO, name: str, flaws: list[Flaw], is_stopped: Callable[[], bool] = lambda: False
) -> dict[str, TarMember]:
    """List the files of a tar by name; damage is added to `flaws` unless it is known that some is missing.

    `name`: of the file, for people. Raises UsageError, and UnpackStopped.
    """
    listing = list_tar(file, is_stopped)
    if not flaws:
        flaws.extend(_name_damage(listing, name))
    named = {compose(one): member for one, member in listing.members.items()}
    return {one: member for one, member in named.items() if not is_litter(one)}


def _name_damage(listing: TarListing, name: str) -> Iterator[Flaw]:
    if listing.damaged:
        places: Sequence[str] = [f"{at:,}" for at in listing.damaged[:_NAMED]]
        more = ", ..." if len(listing.damaged) > _NAMED else ""
        at = f"{name}, byte {', '.join(places)}{more}"
        yield Flaw(at, "the tar is damaged there: files in it may be missing")
    elif not listing.has_end:
        yield Flaw(name, "the tar ends too early: files in it may be missing")


def read_tarred(
    file: BinaryIO, name: str, members: Mapping[str, TarMember], flaws: list[Flaw]
) -> Generator[bytes, None, None]:
    """The available bytes of a member; missing ones are added to `flaws`. Raises UsageError."""
    member = find_target(members, members[name])
    if not member.is_file:
        raise UsageError(f"{name} in it is a link, or not a regular file.", hint="Do not trust its source.")
    read = 0
    while chunk := _read_at(file, member, read, _CHUNK):
        read += len(chunk)
        yield chunk
    if read < member.size and not flaws:
        flaws.append(Flaw(name, f"the tar ends in it: {read:,} of its {member.size:,} bytes are there"))


def _read_at(file: BinaryIO, member: TarMember, passed: int, size: int) -> bytes:
    file.seek(member.at + passed)
    return file.read(min(size, member.size - passed))


class TarredFiles:
    """The media files in a tar, below the directory of the export."""

    def __init__(self, file: BinaryIO, members: Mapping[str, TarMember], root: str) -> None:
        self._file = file
        self._members = members
        self._root = root

    @contextmanager
    def open(self, path: str, _archive: object) -> Iterator[OpenedFile]:
        """Open a media file. Raises NotAdopted, here or while it is read."""
        member = find_target(self._members, find_media(self._members, self._root, path))
        if not member.is_file:
            raise NotAdopted(NOT_REGULAR)
        read = 0

        def read_on(size: int) -> bytes:
            nonlocal read
            chunk = _read_at(self._file, member, read, size)
            read += len(chunk)
            if not chunk and read < member.size:
                raise NotAdopted("the tar ends in it")
            return chunk

        yield OpenedFile(member.size, read_on)
