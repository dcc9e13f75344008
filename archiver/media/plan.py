"""What would be fetched before anything is: files and bytes by channel and kind, what is left out, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from archiver.ids import ChannelId, MessageId
from archiver.media.plan_tally import FETCH, STORED, THUMBNAIL, FileTally, PlanTally
from archiver.media.policy import THUMB_KINDS, merge_policy
from archiver.model.media_file import FILE_STATES, FileKey, FileSlot, MediaPolicy, file_key, thumb_key
from archiver.store.database import Connection, Reader, read
from archiver.store.media.file_queue import iter_slots, measure_used
from archiver.store.media.file_scan import ChannelMarks, ScannedSlot, list_shared, read_marks, scan_slots
from archiver.store.media.media_policy import MediaRate, find_override

__all__ = ["FETCH", "STORED", "THUMBNAIL", "FileTally"]
_CHUNK: Final = 5_000
"""Slots or messages looked at in one read: the program can be interrupted in between."""


@dataclass(slots=True)
class ChannelPlan:
    """The plan of one channel; a file of several channels counts for the first of them."""

    channel_id: ChannelId
    policy: MediaPolicy
    outcomes: dict[tuple[str, str], FileTally] = field(default_factory=dict)
    """By kind, and FETCH, STORED, or why it is left out."""

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
    _shared: set[str] | None = None
    """The ids of such files; None: not looked up yet."""

    async def plan(self, conn: Connection, channel_id: ChannelId) -> ChannelPlan:
        """The plan of a channel, for the channels before it done."""
        policy = self.adapt(merge_policy(self.settings, await read(conn, find_override, channel_id)))
        left = None if policy.quota is None else policy.quota - await read(conn, measure_used, channel_id)
        tally = PlanTally(policy, left)
        if self.messages is None:
            await self._scan(conn, channel_id, tally)
        else:
            chosen = sorted(self.messages.get(channel_id, ()), reverse=True)
            for at in range(0, len(chosen), _CHUNK):
                await self._look_up(conn, channel_id, chosen[at : at + _CHUNK], tally)
                self.progress(len(chosen[at : at + _CHUNK]))
        return ChannelPlan(channel_id, policy, tally.outcomes)

    async def _scan(self, conn: Connection, channel_id: ChannelId, tally: PlanTally) -> None:
        """Count all files of a channel."""
        if self._shared is None:
            self._shared = await read(conn, list_shared)
        marks, below, thumbs = await read(conn, read_marks, channel_id), None, _has_thumbs(tally.policy)
        while True:
            rows, below = await read(conn, scan_slots, channel_id, below=below, limit=_CHUNK, thumbs=thumbs)
            for row in rows:
                if not row.is_special:
                    self._add_scanned(row, marks, tally, thumbs=thumbs)
            if special := {row.message_id for row in rows if row.is_special}:
                places = {(row.message_id, row.slot) for row in rows if row.is_special}
                await self._look_up(conn, channel_id, special, tally, places)
            self.progress(len(rows))
            if below is None:
                return

    def _add_scanned(self, row: ScannedSlot, marks: ChannelMarks, tally: PlanTally, *, thumbs: bool) -> None:
        is_shared = self._shared is not None and row.id in self._shared
        if not (is_shared and self._saw(file_key(row.kind, row.id))):
            tally.add_scanned(row, marks)
        if thumbs and row.kind in THUMB_KINDS and not (is_shared and self._saw(thumb_key(file_key(row.kind, row.id)))):
            tally.add_scanned_thumb(row, marks)

    def _saw(self, key: FileKey) -> bool:
        """Note a file that several slots show; whether it was counted before."""
        if key in self._seen:
            return True
        self._seen.add(key)
        return False

    async def _look_up(
        self,
        conn: Connection,
        channel_id: ChannelId,
        messages: Collection[MessageId],
        tally: PlanTally,
        places: Collection[tuple[MessageId, int]] | None = None,
    ) -> None:
        """Count files of these messages with all that is known of them; `places`: only those of these slots."""
        for thumbs in (False, True) if _has_thumbs(tally.policy) else (False,):
            for slot in await read(conn, _list_slots, channel_id, messages, thumbs=thumbs):
                if places is not None and (slot.message_id, slot.slot) not in places:
                    continue
                if slot.shared and self._saw(thumb_key(slot.key) if thumbs else slot.key):
                    continue
                (tally.add_thumb if thumbs else tally.add)(slot)


def _has_thumbs(policy: MediaPolicy) -> bool:
    return policy.thumbnails and policy.download != "none"


def _list_slots(
    conn: Reader, channel_id: ChannelId, messages: Collection[MessageId], *, thumbs: bool
) -> list[FileSlot]:
    return list(iter_slots(conn, channel_id, message_ids=messages, states=FILE_STATES, thumbs=thumbs, shared=True))


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
