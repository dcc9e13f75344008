"""What goes wrong with files: parts that are short, hollow, of another place or file, or not what they were.

faults.add("upload.getFile", file_faults.short(1000), predicate=file_faults.of(file, part=3), times=1)

Importing this makes the actions known to specs: "upload.getFile:short(1000)x1;upload.getFile:flip()+3x1".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.doubles.telegram.download import Part
from tests.doubles.telegram.faults import ACTIONS, Action, lie
from tests.doubles.telegram.files import File

_MIB = 1 << 20


def of(file: File | None = None, *, part: int | None = None) -> Callable[[Any], bool]:
    """A predicate of requests: of this file, of its megabyte with this number."""

    def matches(request: Any) -> bool:
        location = getattr(request, "location", None)
        if location is None or (file is not None and location.id != file.id):
            return False
        return part is None or request.offset // _MIB == part

    return matches


def _changed(change: Callable[[Part], bytes]) -> Action:
    def twist(result: Any) -> Any:
        if isinstance(result, Part):
            result.bytes = change(result)
        return result

    return lie(twist)


def short(size: int = 4096) -> Action:
    """Only the first bytes of the part."""
    return _changed(lambda part: part.bytes[:size])


def hollow() -> Action:
    """No bytes at all, as after the end of a file."""
    return _changed(lambda _: b"")


def long(size: int = 4096) -> Action:
    """More bytes than were asked for."""
    return _changed(lambda part: part.bytes + b"\0" * size)


def flip(at: int = 100) -> Action:
    """One bit is another one."""
    return _changed(lambda part: part.bytes[:at] + bytes([part.bytes[at] ^ 1]) + part.bytes[at + 1 :])


def shift(size: int = _MIB) -> Action:
    """The bytes of another place in the same file: `size` further on, or from its beginning where there are none."""

    def other(part: Part) -> bytes:
        return part.file.read(part.letter, part.offset + size, part.limit) or part.file.read(part.letter, 0, part.limit)

    return _changed(other)


def swap() -> Action:
    """As many bytes of a file that is not this one."""

    def other(part: Part) -> bytes:
        stranger = File(part.file.id + 1, "application/x-other", {"": (0, 0, part.offset + part.limit)})
        return stranger.read("", part.offset, len(part.bytes))

    return _changed(other)


for _action in (short, hollow, long, flip, shift, swap):
    ACTIONS[_action.__name__] = _action
