"""What would be fetched before anything is: files and bytes by channel and kind, what is left out, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from archiver.ids import ChannelId, MessageId
from archiver.media.policy import merge_policy, wants_thumb, why_not
from archiver.model.media_file import FILE_STATES, FileKey, FileSlot, MediaPolicy, thumb_key
from archiver.store.database import Connection, Reader, read
from archiver.store.file_queue import Span, iter_slots, measure_used
from archiver.store.media_policy import MediaRate, find_override

FETCH: Final = "fetch"
STORED: Final = "stored"
DELETED: Final = "message deleted"
ON_REQUEST: Final = "failed"
_CHUNK: Final = 5_000
"""Slots looked at in one read: the program can be interrupted in between."""
_ENDED: Final = frozenset({"gone", "self-destructing", "refused", "offloaded"})
THUMBNAIL: Final = "thumbnail"
"""Listed like a kind; their sizes are not known before."""


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

    def merge(self, other: FileTally) -> None:
        """Count the files of another tally."""
        self.files += other.files
        self.size += other.size
        self.unknown += other.unknown


@dataclass(slots=True)
class ChannelPlan:
    """The plan of one channel; a file of several channels counts for the first of them."""

    channel_id: ChannelId
    policy: MediaPolicy
    outcomes: dict[tuple[str, str], FileTally] = field(default_factory=dict)
    """By kind, and FETCH, STORED, or why it is left out."""

    def add(self, kind: str, outcome: str, size: int | None) -> None:
        """Count a file."""
        self.outcomes.setdefault((kind, outcome), FileTally()).add(size)

    def total(self, outcome: str) -> FileTally:
        """All files with this outcome."""
        found = FileTally()
        for (_, one), tally in self.outcomes.items():
            if one == outcome:
                found.merge(tally)
        return found

    def left_out(self) -> dict[str, FileTally]:
        """The files left out, by reason."""
        found: dict[str, FileTally] = {}
        for (_, outcome), tally in self.outcomes.items():
            if outcome not in (FETCH, STORED):
                found.setdefault(outcome, FileTally()).merge(tally)
        return found


@dataclass(slots=True)
class Planner:
    """Looks at the channels one after another."""

    settings: MediaPolicy
    adapt: Callable[[MediaPolicy], MediaPolicy] = lambda policy: policy
    """Makes the policy to plan for of a channel's own."""
    progress: Callable[[int], None] = lambda _: None
    """Called with the number of slots looked at since the last call."""
    messages: Mapping[ChannelId, Collection[MessageId]] | None = None
    """Only files of these; None: of all messages."""
    _seen: set[FileKey] = field(default_factory=set)
    """Files that several slots show."""

    async def plan(self, conn: Connection, channel_id: ChannelId) -> ChannelPlan:
        """The plan of a channel, for the channels before it done."""
        policy = self.adapt(merge_policy(self.settings, await read(conn, find_override, channel_id)))
        plan = ChannelPlan(channel_id, policy)
        left = None if policy.quota is None else policy.quota - await read(conn, measure_used, channel_id)
        only = None if self.messages is None else self.messages.get(channel_id, ())
        for thumbs in (False, True) if policy.thumbnails and policy.download != "none" else (False,):
            span = Span()
            while True:
                slots, below = await read(conn, _chunk, channel_id, span, only, thumbs=thumbs)
                for slot in slots:
                    left = self._count(plan, slot, left, thumb=thumbs)
                self.progress(len(slots))
                if below is None:
                    break
                span = Span(below=below)
        return plan

    def _count(self, plan: ChannelPlan, slot: FileSlot, left: int | None, *, thumb: bool) -> int | None:
        """Count a slot's file, unless it was; return what is left of the quota."""
        key = thumb_key(slot.key) if thumb else slot.key
        if slot.shared:
            if key in self._seen:
                return left
            self._seen.add(key)
        outcome = _thumb_outcome(plan.policy, slot) if thumb else _outcome(plan.policy, slot, left)
        if outcome is None:
            return left
        plan.add(THUMBNAIL if thumb else slot.kind, outcome, None if thumb else slot.size)
        return left - (slot.size or 0) if left is not None and outcome == FETCH and not thumb else left


def _outcome(policy: MediaPolicy, slot: FileSlot, left: int | None) -> str:
    if slot.status == "downloaded":
        return STORED
    if slot.status in _ENDED:
        return slot.status
    reason = why_not(policy, slot)
    if reason is not None and reason != "quota":
        return reason
    if slot.missing:
        return DELETED
    if slot.on_request:
        return ON_REQUEST
    return "quota" if left is not None and (slot.size or 0) > left else FETCH


def _thumb_outcome(policy: MediaPolicy, slot: FileSlot) -> str | None:
    """Of a thumbnail; None: it is not worth a line, such as that of a picture fetched whole."""
    if not wants_thumb(policy, slot) or slot.missing or slot.status in _ENDED:
        return None
    return STORED if slot.status == "downloaded" else FETCH


def _chunk(
    conn: Reader, channel_id: ChannelId, span: Span, only: Collection[MessageId] | None, *, thumbs: bool
) -> tuple[list[FileSlot], MessageId | None]:
    """Some slots, whole messages at a time, and where to go on; None: that was all."""
    slots: list[FileSlot] = []
    for slot in iter_slots(
        conn, channel_id, span=span, message_ids=only, states=FILE_STATES, thumbs=thumbs, shared=True
    ):
        if len(slots) >= _CHUNK and slot.message_id != slots[-1].message_id:
            return slots, slots[-1].message_id
        slots.append(slot)
    return slots, None


def estimate_seconds(tallies: Sequence[tuple[FileTally, MediaRate | None]]) -> float | None:
    """How long it takes at the observed rates; accounts fetch side by side. None: an account has no rate yet.

    `tallies`: what each account is to fetch, and its rate.
    """
    if any(rate is None and tally.files for tally, rate in tallies):
        return None
    return max((_seconds(tally, rate) for tally, rate in tallies if rate is not None), default=0.0)


def _seconds(tally: FileTally, rate: MediaRate) -> float:
    """Few large files take as long as their bytes, many small ones as long as their number."""
    by_files = tally.files / rate.files if rate.files else 0.0
    by_bytes = tally.size / rate.bytes if rate.bytes else 0.0
    return max(by_files, by_bytes)
