"""What a pass over the files of an account has done, and why it may end early."""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.errors import Error
from archiver.ids import ChannelId
from archiver.model.media_file import FileState
from archiver.store.faults import FULL, find_fault


class DiskTrouble(Error):
    """Files cannot be stored now; mirroring continues."""


class NoRoom(DiskTrouble):
    """The disk is nearly full."""

    def __init__(self, free: int, least: int) -> None:
        super().__init__(
            f"only {_size(free)} are free on the archive's disk, and {_size(least)} must be kept free"
            " (media.min_free): no files are fetched.",
            hint="Free some space or lower media.min_free. Messages are still mirrored.",
        )


def explain_stop(exc: Exception) -> Exception:
    """The error that says what ended a pass: that the disk refused something, or the same."""
    hint = "Nothing is lost; fetching continues where it stopped."
    if isinstance(exc, OSError):
        return DiskTrouble(f"a file could not be stored: {exc.strerror or str(exc) or type(exc).__name__}.", hint=hint)
    return DiskTrouble(FULL.sentence, hint=hint) if find_fault(exc) is FULL else exc


def _size(octets: int) -> str:
    return f"{octets / 1e9:,.1f} GB" if octets >= 1e9 else f"{octets / 1e6:.1f} MB"


@dataclass(slots=True)
class FetchCounts:
    """What a pass has done so far."""

    files: int = 0
    size: int = 0
    """Bytes of the files that were stored."""
    received: int = 0
    """Bytes that arrived."""
    skipped: int = 0
    """Bytes that need not arrive any more: of parts kept by an earlier run, and of files that are not fetched."""
    not_fetched: dict[FileState, int] = field(default_factory=dict)
    """By what became of them."""
    no_room: int = 0
    """Files left out because the disk has no room for them."""
    channels: dict[ChannelId, Error] = field(default_factory=dict)
    """Channels that could not be read."""
    waiting: int = 0
    """Files that failed, in this pass or before, and are tried again later."""
    retry_at: int | None = None
    """When the first of them is, in unix seconds."""
    lost: int = 0
    """Wanted files whose stored copies are missing, which are fetched again only when somebody asks."""
    unrecorded: int = 0
    """Files whose bytes are stored, but could not be recorded in the archive; the next pass does."""
    blocked: set[str] = field(default_factory=set)
    """What is in the place of stored files, each in a sentence."""
    over_quota: int = 0
    """Files left out because their channel's quota is used up."""
    stopped: Error | None = None
    """What ended the pass before its end."""

    @property
    def failed(self) -> int:
        """Files that are tried again later."""
        return self.not_fetched.get("failed", 0)

    @property
    def passed(self) -> int:
        """Bytes of the whole work that are done with."""
        return self.received + self.skipped

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be tried again."""
        return not (self.failed or self.waiting or self.lost or self.no_room or self.channels or self.stopped)

    @property
    def is_anything(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.files or self.not_fetched or self.no_room)
