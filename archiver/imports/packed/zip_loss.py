"""Read a zip that lost bytes in its middle by its list of files, which counts them from where they were before.

Files before the loss are where the list says, those after it begin earlier, by as many bytes as are missing.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from io import BufferedIOBase
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self
from zipfile import BadZipFile, ZipFile, ZipInfo

from archiver.errors import UsageError
from archiver.imports.packed.room import expect_going, is_bomb
from archiver.imports.packed.zip_list import (
    BROKEN,
    CONTRADICTED,
    HEADER,
    UNSUPPORTED,
    Place,
    find_bytes,
    list_places,
    open_bytes,
)

_CHUNK: Final = 1 << 20


class _Bytes(NamedTuple):
    """Where the bytes of a member begin, and how many there are."""

    at: int
    size: int


class ZipWithLoss:
    """A zip whose list begins with an offset below zero, as `zipfile` counts: back from the list."""

    def __init__(self, path: Path, is_stopped: Callable[[], bool]) -> None:
        """Raises UsageError and BadZipFile if the list may be another zip's, and UnpackStopped."""
        self._path = path
        self._is_stopped = is_stopped
        self._found: dict[int, _Bytes] = {}
        with path.open("rb") as file, ZipFile(path) as packed:
            self.members = packed.infolist()
            places = list(list_places(self.members, packed.start_dir, is_stopped, may_lack=True))
            self.lost = -places[0].begin
            """How many bytes are missing."""
            before = after = 0
            while before < len(places) and self._take(file, places[before], self.lost):
                before += 1
            if not (before and _has_time_of(file, places[0].member)):
                raise UsageError(CONTRADICTED, hint="Copy it again.")
            while before + after < len(places) and self._take(file, places[-1 - after], 0):
                after += 1
        self._limit(places[before - 1], is_next_there=before + after == len(places))
        self.begin = places[before - 1].begin + self.lost
        """Where the last header before the loss is."""

    def _take(self, file: BinaryIO, place: Place, shift: int) -> bool:
        """Take a member if its header is there."""
        expect_going(self._is_stopped)
        if (begin := place.begin + shift) < 0 or (at := find_bytes(file, begin, place)) is None:
            return False
        self._found[place.begin] = _Bytes(at, place.member.compress_size)
        return True

    def _limit(self, last: Place, *, is_next_there: bool) -> None:
        """Take of the last member before the loss what precedes the next one.

        If that one's header is missing too, it is taken only if whole: the rest may be of a file that somebody posted.
        """
        at, size = self._found[last.begin]
        if is_next_there:
            self._found[last.begin] = _Bytes(at, max(min(size, last.bound - at), 0))
        elif is_bomb(last.member.file_size, size) or not self._is_sound(last.member):
            del self._found[last.begin]

    def _is_sound(self, member: ZipInfo) -> bool:
        try:
            with self.open(member) as file:
                while file.read(_CHUNK):
                    expect_going(self._is_stopped)
        except (*BROKEN, UNSUPPORTED):
            return False
        return True

    def is_whole(self, member: ZipInfo) -> bool:
        """Whether the header of a member says what the list says."""
        return member.header_offset in self._found

    def open(self, member: ZipInfo) -> BufferedIOBase:
        """Open a member; the last one before the loss may be cut off. Raises BadZipFile."""
        if not self.is_whole(member):
            raise BadZipFile
        there = copy(member)
        at, there.compress_size = self._found[member.header_offset]
        return open_bytes(self._path, at, there)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is held open."""


def _has_time_of(file: BinaryIO, first: ZipInfo) -> bool:
    """Whether the first header and the list agree on when the first file was written.

    Nothing else shows that the list belongs to this file once its offsets do not fit: somebody may have posted a zip
    that was exported with the chat, but cannot have known the time of the export.
    """
    file.seek(0)
    _, _, _, _, time, date, *_ = HEADER.unpack(file.read(HEADER.size))
    year, month, day, hour, minute, second = first.date_time
    return (time, date) == (hour << 11 | minute << 5 | second >> 1, (year - 1980) << 9 | month << 5 | day)
