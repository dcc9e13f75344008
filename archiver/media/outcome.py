"""What an error means for a file: whether it is tried again, and when. Pure."""

from __future__ import annotations

from typing import NamedTuple

from archiver.errors import ChannelError, Error, FileRefused
from archiver.media.part_reader import TooLarge
from archiver.model.file_location import FileLocation
from archiver.model.media_file import FileState, FileTask
from archiver.pacing.attempt_delay import attempt_delay

_GONE = frozenset({"FILE_ID_INVALID", "FILE_NOT_FOUND", "DOCUMENT_INVALID", "PHOTO_INVALID", "MEDIA_EMPTY"})
"""Reasons of the server that mean that it no longer has the file."""
_REFUSED = frozenset({"LOCATION_INVALID", "LOCATION_NOT_AVAILABLE", "MEDIA_INVALID", "PREMIUM_ACCOUNT_REQUIRED"})
"""Reasons that stay: asked with a new reference, the server would say the same again."""
SELF_DESTRUCTING = "it destroys itself after it was seen; such files are never kept"
NO_LONGER_SHOWN = "no message shows it any more"
ONLY_SHUT = "only channels that were removed or forbid saving still show it"
MORE_SHOW_IT = "several messages no longer show it; others are looked at later."
NO_THUMBNAIL = "it has no small thumbnail"
REFERENCE_REFUSED = "the server refuses a reference that it has just given."


class Outcome(NamedTuple):
    """What becomes of a file that was not fetched."""

    status: FileState
    reason: str
    retry_in: float | None = None
    """Seconds until it is tried again; None: not by itself."""
    size: int | None = None
    """Its bytes at least, if it has more than its message announces."""


def describe_partial(held: int, size: int) -> str:
    """How much of a file is there."""
    return f"{held:,} of {size:,} bytes are there"


def judge(error: Error, attempts: int) -> Outcome:
    """What a file becomes after this error; `attempts`: failed ones before."""
    reason = str(error.args[0])
    if isinstance(error, FileRefused) and error.name in _GONE:
        return Outcome("gone", reason)
    if isinstance(error, FileRefused) and error.name in _REFUSED:
        return Outcome("refused", reason)
    if isinstance(error, TooLarge):
        return Outcome("too big", reason, size=error.size)
    if isinstance(error, ChannelError):
        return Outcome("failed", f"its channel cannot be read: {reason}", attempt_delay(attempts))
    return Outcome("failed", reason, attempt_delay(attempts))


def is_withheld(task: FileTask, location: FileLocation) -> bool:
    """Whether its message or channel forbids saving by now, and that counts."""
    return location.protected and not task.protected


def refuse(task: FileTask, location: FileLocation) -> Outcome | None:
    """Why a file that its message shows is not fetched."""
    if location.ttl:
        return Outcome("self-destructing", SELF_DESTRUCTING)
    if is_withheld(task, location):
        return Outcome("not wanted", ONLY_SHUT)
    if task.max_size is not None and location.size is not None and location.size > task.max_size:
        return Outcome("too big", f"it has {location.size:,} bytes; at most {task.max_size:,} are wanted")
    return None
