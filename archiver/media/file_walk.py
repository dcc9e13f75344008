"""The files to fetch next: the channels of an account in turn, the newest messages of each first.

A walk passes every channel once. Restarted, it first takes the messages that are new at either end of a history, then
continues where it was; it does so by itself every half minute. Every hour, and after a change of a policy, it begins
again at the newest message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from archiver.ids import ChannelId, MessageId
from archiver.media.policy import asked_policy, merge_policy
from archiver.media.walk_place import QuotaLeft, WalkPlace, count_lost, count_waiting, is_unsettled, list_due
from archiver.model.media_file import FileKey, FileState, FileTask, MediaPolicy, PolicyOverride, is_thumb
from archiver.store.database import Database
from archiver.store.media.file import find_files
from archiver.store.media.file_queue import (
    WAITING,
    MediaExtent,
    MessageSpan,
    find_extent,
    list_media_channels,
    measure_used,
    next_files,
)
from archiver.store.media.media_asked import count_asked, list_asked, settle_asked
from archiver.store.media.media_policy import list_overrides

RENEW_EVERY: Final = 30.0
"""Seconds after which a walk looks for new messages before it continues."""
LEAST_SHARE: Final = 25
"""Fewest files taken from a channel in its turn, if it has them: one call reads their messages again, and Telegram
allows one such call in ten seconds."""
FULL_EVERY: Final = 3600.0
"""Seconds between two walks over all messages."""
_REMEMBERED: Final = 1_000
"""Files handed out before it is looked up which of them are settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSelection:
    """Which files are walked."""

    channels: Collection[ChannelId] | None = None
    """None: all of the account."""
    messages: Mapping[ChannelId, Collection[MessageId]] | None = None
    """Only those of these messages; None: of all."""
    states: Collection[FileState] = WAITING
    adapt: Callable[[MediaPolicy], MediaPolicy] | None = None
    """Makes what is wanted now of a channel's policy; None: the policy itself."""
    even_early: bool = False
    """Whether to fetch files that failed and are not due yet."""

    @property
    def is_policy(self) -> bool:
        """Whether it is what the policies want, and what was asked of the service."""
        return self.messages is None and self.adapt is None


@dataclass(slots=True)
class FileWalk:
    """Hands out the files that are wanted, each once a walk."""

    database: Database
    account: str
    settings: MediaPolicy
    selection: FileSelection = field(default_factory=FileSelection)
    _places: deque[WalkPlace] = field(default_factory=deque)
    _begun: bool = False
    _begun_at: float = 0.0
    _full_at: float | None = None
    _walked: dict[ChannelId, MediaExtent] = field(default_factory=dict)
    """The messages of each channel when it was last walked."""
    _quotas: dict[ChannelId, QuotaLeft] = field(default_factory=dict)
    _overrides: Mapping[ChannelId, PolicyOverride] = field(default_factory=dict)
    """What channels wanted when that was last looked at."""
    _asked: tuple[int, int] = (0, 0)
    """What was asked of the service when that was last looked at."""
    _handed: dict[FileKey, FileTask] = field(default_factory=dict)
    """Files handed out that may not be settled yet."""
    _again: deque[FileTask] = field(default_factory=deque)
    """Files to hand out again: fetching them was cut short."""

    async def take(self, limit: int, *, now: float, skip: Collection[FileKey] = ()) -> list[FileTask]:
        """Some files to fetch, small ones first; about `limit`, none at the end of the walk.

        `skip`: files under way.
        """
        if not self._begun or not 0 <= now - self._begun_at < RENEW_EVERY:
            await self._begin(now, skip)
        tasks: dict[FileKey, FileTask] = {}
        while self._again and len(tasks) < limit:
            task = self._again.popleft()
            tasks |= {} if task.key in skip else {task.key: task}
        share = max(limit // max(len(self._places), 1), min(LEAST_SHARE, limit // 4), 1)
        while self._places and len(tasks) < limit:
            for task in await self._take_from(self._places.popleft(), share, now):
                if task.key not in skip:
                    tasks.setdefault(task.key, task)
        self._handed |= tasks
        if len(self._handed) > _REMEMBERED:
            self._handed = await self._list_unsettled()
        return sorted(tasks.values(), key=lambda task: task.size or 0)

    def restart(self, *, full: bool = False) -> None:
        """Look for new messages before the walk continues; `full`: from the newest message of each channel on."""
        self._begun = False
        if full:
            self._full_at = None

    def cut_short(self) -> None:
        """Hand out again what was not settled, once the walk continues: something ended the fetching."""
        self._begun = False
        self._again.extend(self._handed.values())
        self._handed.clear()

    async def count_waiting(self) -> tuple[int, int | None]:
        """The wanted files that failed and are tried again later, and when the first of them is, in unix seconds."""
        policies = await self._policies(await self.database.read(list_overrides))
        return await self.database.read(count_waiting, policies, self.selection.messages)

    async def count_lost(self) -> int:
        """The wanted files whose stored copies are missing, which are fetched again only when somebody asks."""
        policies = await self._policies(await self.database.read(list_overrides))
        return await self.database.read(count_lost, policies, self.selection.messages)

    def count_over_quota(self) -> int:
        """The files of this walk that were left out for their channels' quotas."""
        return sum(quota.refused for quota in self._quotas.values())

    async def _policies(self, overrides: Mapping[ChannelId, PolicyOverride]) -> dict[ChannelId, MediaPolicy]:
        """What is wanted of each channel."""
        chosen = self.selection.channels if self.selection.messages is None else set(self.selection.messages)
        ids = await self.database.read(list_media_channels, account=self.account, channels=chosen)
        return {one: self._policy(overrides.get(one)) for one in ids}

    async def _list_unsettled(self) -> dict[FileKey, FileTask]:
        known = await self.database.read(find_files, self._handed)
        return {
            key: task
            for key, task in self._handed.items()
            if key not in known or known[key].status in ("not downloaded", "partial")
        }

    async def _begin(self, now: float, under_way: Collection[FileKey]) -> None:
        """Put what is new, and what is due again, before what is left of the walk."""
        overrides = await self.database.read(list_overrides)
        is_full = self._full_at is None or not 0 <= now - self._full_at < FULL_EVERY or overrides != self._overrides
        self._overrides = overrides
        if is_full:
            self._full_at = now
            for kept in (self._walked, self._quotas, self._places):
                kept.clear()
        kept_in_mind = [(key, task) for key, task in self._handed.items() if key in under_way][-_REMEMBERED:]
        self._handed = {task.key: task for task in self._again}
        self._again = deque((await self._list_unsettled()).values())
        self._handed = dict(kept_in_mind)
        asked = await self.database.read(count_asked)
        is_asked = self.selection.is_policy and ((asked[0] > 0 and is_full) or asked != self._asked)
        self._asked = asked
        policies = await self._policies(overrides)
        new: list[WalkPlace] = []
        for task in await self.database.read(list_due, policies, self.selection.messages, now=int(now)):
            if is_thumb(task.key) or await self._has_room(task, policies[task.channel_id]):
                self._again.append(task)
        for channel_id, policy in policies.items():
            if is_asked:
                new += await self._list_asked(channel_id, policy)
            if policy.download != "none":
                new += await self._list_new(channel_id, policy)
        self._places = deque([*sorted(new, key=lambda place: place.thumbs), *self._places])
        self._begun, self._begun_at = True, now

    def _policy(self, override: PolicyOverride | None) -> MediaPolicy:
        policy = merge_policy(self.settings, override)
        return policy if self.selection.adapt is None else self.selection.adapt(policy)

    async def _list_new(self, channel_id: ChannelId, policy: MediaPolicy) -> list[WalkPlace]:
        """The messages of a channel that no walk has passed yet, for files and for thumbnails."""
        extent, before = await self.database.read(find_extent, channel_id), self._walked.get(channel_id)
        if extent is None:
            return []
        self._walked[channel_id] = extent
        spans = [MessageSpan()] if before is None else []
        if before is not None and extent.newest > before.newest:
            spans.append(MessageSpan(above=before.newest))
        if before is not None and extent.oldest < before.oldest:
            spans.append(MessageSpan(below=before.oldest))
        messages = self.selection.messages
        return [
            WalkPlace(
                channel_id=channel_id,
                policy=policy,
                thumbs=thumbs,
                span=span,
                quota=await self._quota(channel_id, policy),
                messages=None if messages is None else sorted(messages[channel_id], reverse=True),
            )
            for span in spans
            for thumbs in ((False, True) if policy.thumbnails else (False,))
        ]

    async def _quota(self, channel_id: ChannelId, policy: MediaPolicy) -> QuotaLeft | None:
        if policy.quota is None:
            return None
        if channel_id not in self._quotas:
            self._quotas[channel_id] = QuotaLeft(policy.quota - await self.database.read(measure_used, channel_id))
        return self._quotas[channel_id]

    async def _has_room(self, task: FileTask, policy: MediaPolicy) -> bool:
        """Whether a file that is tried again fits into its channel's quota."""
        quota = await self._quota(task.channel_id, policy)
        return quota is None or quota.promise(task.key, task.size or 0)

    async def _list_asked(self, channel_id: ChannelId, policy: MediaPolicy) -> list[WalkPlace]:
        """What is asked of a channel and can still be had; the rest is forgotten."""
        found = []
        for asked in await self.database.read(list_asked, channel_id):
            wanted = asked_policy(policy, max_size=asked.max_size)
            messages = None if asked.messages is None else sorted(asked.messages, reverse=True)
            quota = await self._quota(channel_id, policy)
            place = WalkPlace(channel_id=channel_id, policy=wanted, quota=quota, messages=messages)
            if await self.database.read(is_unsettled, place):
                found.append(place)
            else:
                await self.database.write(settle_asked, asked)
        return found

    async def _take_from(self, place: WalkPlace, limit: int, now: float) -> list[FileTask]:
        """Some of a channel's files; the channel goes to the end of the line, unless that was all of it."""
        found = await self.database.read(
            next_files,
            place.channel_id,
            now=None if self.selection.even_early else int(now),
            limit=limit,
            wanted=place.wants,
            span=place.span,
            message_ids=place.next_messages(),
            states=self.selection.states,
            thumbs=place.thumbs,
        )
        if place.go_on(found.below):
            self._places.append(place)
        return [place.task(slot) for slot in found.slots]
