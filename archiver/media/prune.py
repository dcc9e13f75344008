"""Which stored files no policy wants any more, and what lies below `media/` without being known; removing both.

A content stays as long as one slot that shows it is wanted, and so does one that only earlier contents of messages
show: an edited picture is the only witness of what was there before. What no policy brought stays, too: files that
somebody asked for by name, or imported; and what could not be fetched again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from archiver.errors import BlockedPath
from archiver.ids import ChannelId, MessageId
from archiver.media.blob_store import BlobStore
from archiver.media.policy import wants_thumb, why_not
from archiver.media.slot_updates import update_all_slots
from archiver.model.media_file import FileKey, FileSlot, FileState, MediaPolicy, is_thumb
from archiver.store.database import Connection, Database, Reader, read
from archiver.store.faults import go_on
from archiver.store.media.blob_check import list_unknown
from archiver.store.media.file import Blob, list_files_of, set_blob_state
from archiver.store.media.file_queue import iter_slots
from archiver.store.media.media_chosen import came_with_import, is_chosen
from archiver.store.media.stored_files import find_earlier, iter_slots_of, list_blobs

_STORED: Final[frozenset[FileState]] = frozenset({"downloaded"})
_NAMES_AT_ONCE: Final = 5_000
"""Names on disk that are looked up in one read."""
_AT_ONCE: Final = 200
"""Contents looked at in one read."""


class PruneItem(NamedTuple):
    """A stored content that is not wanted."""

    sha256: str
    size: int
    reason: str
    """Why the newest slot that shows it does not want it."""
    channel_id: ChannelId
    message_id: MessageId
    """Of that slot."""
    again: bool = True
    """Whether it could be fetched again."""


@dataclass(slots=True)
class PrunePlan:
    """What would be removed."""

    items: list[PruneItem] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    """Hashes of contents on disk that the archive does not know as stored, and whose bytes have that hash."""
    kept: int = 0
    """Contents that stay because they are wanted."""
    blocked: set[str] = field(default_factory=set)
    """A line for each content that stays because a link is in its place."""
    of_earlier: int = 0
    """Contents that stay although only earlier contents of messages show them."""
    of_chosen: int = 0
    """Contents that stay because somebody asked for them by name, or imported them."""
    of_lost: int = 0
    """Contents that stay because they could not be fetched again."""

    @property
    def size(self) -> int:
        """Bytes of `items`."""
        return sum(item.size for item in self.items)


@dataclass(slots=True)
class Pruner:
    """Decides with the policies of today."""

    policies: Mapping[ChannelId, MediaPolicy]
    """Of all channels."""
    progress: Callable[[int], None] = lambda _: None
    """Called with the number of contents looked at since the last call."""
    unreachable: Collection[ChannelId] = ()
    """Channels from which nothing can be fetched."""
    even_chosen: bool = False
    """Whether files that somebody asked for or imported are removed, too."""
    even_lost: bool = False
    """Whether files that cannot be fetched again are removed, too."""
    _over: dict[ChannelId, set[FileKey]] = field(default_factory=dict)
    """Files beyond the quota of their channel, the oldest of it."""

    _keys: dict[str, set[FileKey]] = field(default_factory=dict)
    """The files of contents that are not wanted."""

    async def plan(self, conn: Connection, store: BlobStore) -> PrunePlan:
        """What would be removed; changes nothing."""
        for channel_id, policy in self.policies.items():
            if policy.quota is not None:
                self._over[channel_id] = await read(conn, _beyond_quota, channel_id, policy)
        plan = PrunePlan()
        after = ""
        while blobs := await read(conn, list_blobs, after=after, limit=_AT_ONCE):
            await read(conn, self._look, blobs, plan)
            after = go_on(after, blobs[-1].sha256)
            self.progress(len(blobs))
        if plan.items:
            self._spare(plan, await read(conn, find_earlier))
        plan.items = [item for item in plan.items if not await _is_blocked(store, item, plan)]
        plan.orphans = await find_orphans(conn, store)
        return plan

    def _spare(self, plan: PrunePlan, earlier: Collection[FileKey]) -> None:
        """Leave what earlier contents show, too: another message that shows it may be unwanted, they are not."""
        items = [item for item in plan.items if self._keys[item.sha256].isdisjoint(earlier)]
        plan.of_earlier += len(plan.items) - len(items)
        plan.items = items

    def _look(self, conn: Reader, blobs: Iterable[Blob], plan: PrunePlan) -> None:
        for blob in blobs:
            if blob.state == "present":
                self._decide(conn, blob, plan)

    def _decide(self, conn: Reader, blob: Blob, plan: PrunePlan) -> None:
        keys = [file.key for file in list_files_of(conn, blob.sha256)]
        first: PruneItem | None = None
        chosen, again = not keys, False  # the files of exports have no keys
        for key, slot in ((one, slot) for one in keys for slot in iter_slots_of(conn, one)):
            reason = self._why_not(key, slot)
            if reason is None:
                plan.kept += 1
                return
            first = first or PruneItem(blob.sha256, blob.size, reason, slot.channel_id, slot.message_id)
            chosen = chosen or (not self.even_chosen and _is_chosen(conn, blob, key, slot))
            again = again or not (slot.missing or slot.channel_id in self.unreachable)
        if chosen:
            plan.of_chosen += 1
        elif first is None:
            plan.of_earlier += 1
        elif not (again or self.even_lost):
            plan.of_lost += 1
        else:
            plan.items.append(first._replace(again=again))
            self._keys[blob.sha256] = set(keys)

    def _why_not(self, key: FileKey, slot: FileSlot) -> str | None:
        """Why a slot does not want the file that it shows, or its thumbnail; None: it does."""
        policy = self.policies.get(slot.channel_id)
        if policy is None:
            return None
        if is_thumb(key):
            whole = why_not(policy, slot)
            return None if wants_thumb(policy, slot) or (whole is None and policy.thumbnails) else whole or "not wanted"
        # Without what is used already: the quota is looked at for the channel as a whole.
        reason = why_not(replace(policy, quota=None), slot)
        return "quota" if reason is None and key in self._over.get(slot.channel_id, ()) else reason


def _is_chosen(conn: Reader, blob: Blob, key: FileKey, slot: FileSlot) -> bool:
    """Whether no policy brought it: somebody asked for it by name, or imported it."""
    return (not is_thumb(key) and is_chosen(conn, slot)) or came_with_import(conn, slot, blob.stored_at)


async def carry_out(database: Database, store: BlobStore, plan: PrunePlan, *, now: int) -> None:
    """Remove what was planned. A content counts as offloaded before its bytes are removed: a crash leaves an orphan."""
    for item in list(plan.items):
        if await _is_blocked(store, item, plan):
            plan.items.remove(item)  # since it was planned
            continue
        await database.write(set_blob_state, item.sha256, "offloaded", now=now)
        await asyncio.to_thread(store.delete, item.sha256)
    await update_all_slots(database, now=now)
    for sha256 in plan.orphans:
        await asyncio.to_thread(store.delete, sha256)


async def _is_blocked(store: BlobStore, item: PruneItem, plan: PrunePlan) -> bool:
    """Note whether a link is in the place of a content: somebody put it there, and it is not ours to remove."""
    try:
        await asyncio.to_thread(store.size, item.sha256)
    except BlockedPath as exc:
        plan.blocked.add(str(exc))
        return True
    return False


async def find_orphans(conn: Connection, store: BlobStore) -> list[str]:
    """Contents on disk that the archive does not know as stored. What is not what its name says is not ours: it stays.

    An offloaded content that was brought back is not known as stored either, until `telekeep media offload --returned`.
    """
    there = await asyncio.to_thread(lambda: list(store.list_blobs()))
    unknown: list[str] = []
    for at in range(0, len(there), _NAMES_AT_ONCE):
        found = await read(conn, list_unknown, there[at : at + _NAMES_AT_ONCE])
        unknown += [sha256 for sha256, _ in found]
    return [sha256 for sha256 in unknown if await asyncio.to_thread(store.rehash, sha256) is True]


def _beyond_quota(conn: Reader, channel_id: ChannelId, policy: MediaPolicy) -> set[FileKey]:
    """The files of a channel that no longer fit into its quota: the newest fit first."""
    fitting: set[FileKey] = set()
    beyond: set[FileKey] = set()
    left, unlimited = policy.quota or 0, replace(policy, quota=None)
    for slot in iter_slots(conn, channel_id, states=_STORED):
        if slot.key in fitting or slot.key in beyond or why_not(unlimited, slot) is not None:
            continue
        left -= slot.size or 0
        (fitting if left >= 0 else beyond).add(slot.key)
    return beyond
