"""The files and bytes of a channel's plan, and what a slot adds to them. Pure.

What becomes of a file depends on few things; of its size, only on whether it is within the limit. So each case is
decided once, and then only counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, cast

from archiver.ids import ChannelId
from archiver.media.policy import size_limit, wants_thumb, why_not
from archiver.model.media_file import FileSlot, FileState, MediaPolicy
from archiver.store.media.file_scan import ChannelMarks, ScannedSlot

FETCH: Final = "fetch"
STORED: Final = "stored"
DELETED: Final = "message deleted"
ON_REQUEST: Final = "failed"
THUMBNAIL: Final = "thumbnail"
"""Listed like a kind; their sizes are not known before."""
_ENDED: Final = frozenset({"gone", "self-destructing", "refused", "offloaded"})


@dataclass(slots=True)
class FileTally:
    """A number of files and their bytes."""

    files: int = 0
    size: int = 0
    unknown: int = 0
    """Files whose size is not known."""

    def add(self, size: int | None) -> None:
        """Count a file."""
        self.files += 1
        self.size += size or 0
        self.unknown += size is None

    @property
    def known_size(self) -> int | None:
        """Their bytes, as far as sizes are known; None: none is."""
        return None if self.unknown == self.files > 0 else self.size

    def merge(self, other: FileTally) -> None:
        """Count the files of another tally."""
        self.files += other.files
        self.size += other.size
        self.unknown += other.unknown


@dataclass(slots=True)
class PlanTally:
    """The files of one channel, counted."""

    policy: MediaPolicy
    left: int | None = None
    """Bytes that its files may still take; None: no limit."""
    outcomes: dict[tuple[str, str], FileTally] = field(default_factory=dict)
    """By kind, and FETCH, STORED, or why it is left out."""
    _limits: dict[str, int] = field(default_factory=dict)
    _cases: dict[tuple[object, ...], tuple[FileTally | None, bool]] = field(default_factory=dict)
    """The tally of each case, and whether its files are to be fetched."""

    def add(self, slot: FileSlot) -> None:
        """Count the file of a slot."""
        self._count(slot.kind, slot.size, find_outcome(self.policy, slot))

    def add_thumb(self, slot: FileSlot) -> None:
        """Count its thumbnail, whose state the slot has."""
        if outcome := find_thumb_outcome(self.policy, slot):
            self._of(THUMBNAIL, outcome).add(None)

    def add_scanned(self, row: ScannedSlot, marks: ChannelMarks) -> None:
        """Count the file of a slot about which nothing is special."""
        tally, is_fetch = self._case(row, row.status, marks, is_thumb=False)
        if is_fetch and self.left is not None:
            self._count(row.kind, row.size, FETCH)
        elif tally is not None:
            tally.add(row.size)

    def add_scanned_thumb(self, row: ScannedSlot, marks: ChannelMarks) -> None:
        """Count its thumbnail."""
        tally, _ = self._case(row, row.thumb_status or "not downloaded", marks, is_thumb=True)
        if tally is not None:
            tally.add(None)

    def _of(self, kind: str, outcome: str) -> FileTally:
        return self.outcomes.setdefault((kind, outcome), FileTally())

    def _count(self, kind: str, size: int | None, outcome: str) -> None:
        if outcome == FETCH and self.left is not None:
            if (size or 0) > self.left:
                outcome = "quota"
            else:
                self.left -= size or 0
        self._of(kind, outcome).add(size)

    def _case(
        self, row: ScannedSlot, status: str, marks: ChannelMarks, *, is_thumb: bool
    ) -> tuple[FileTally | None, bool]:
        message_id, kind, size = row.message_id, row.kind, row.size or 0
        limit = self._limits.get(kind)
        if limit is None:
            limit = self._limits[kind] = size_limit(self.policy, kind)
        missing, protected = message_id in marks.missing, marks.protected is None or message_id in marks.protected
        case = (is_thumb, kind, status, size > limit, missing, protected)
        found = self._cases.get(case)
        if found is None:
            found = self._cases[case] = self._decide(_example(row, status, missing, protected), is_thumb)
        return found

    def _decide(self, slot: FileSlot, is_thumb: bool) -> tuple[FileTally | None, bool]:
        outcome = find_thumb_outcome(self.policy, slot) if is_thumb else find_outcome(self.policy, slot)
        if outcome is None or (outcome == FETCH and not is_thumb and self.left is not None):
            return None, outcome is not None
        return self._of(THUMBNAIL if is_thumb else slot.kind, outcome), outcome == FETCH


def _example(row: ScannedSlot, status: str, missing: bool, protected: bool) -> FileSlot:
    return FileSlot(
        channel_id=ChannelId(0),
        message_id=row.message_id,
        slot=row.slot,
        kind=row.kind,
        id=row.id,
        size=row.size,
        protected=protected,
        missing=missing,
        status=cast("FileState", status),
    )


def find_outcome(policy: MediaPolicy, slot: FileSlot) -> str:
    """What becomes of the file of a slot, its channel's quota apart."""
    if slot.status == "downloaded":
        return STORED
    if slot.status in _ENDED:
        return slot.status
    reason = why_not(policy, slot)
    if reason is not None and reason != "quota":
        return reason
    if slot.missing:
        return DELETED
    return ON_REQUEST if slot.on_request else FETCH


def find_thumb_outcome(policy: MediaPolicy, slot: FileSlot) -> str | None:
    """Of a thumbnail; None: it is not worth a line, such as that of a picture fetched whole."""
    if not wants_thumb(policy, slot) or slot.missing or slot.status in _ENDED:
        return None
    return STORED if slot.status == "downloaded" else FETCH
