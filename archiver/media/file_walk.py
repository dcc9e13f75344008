"""The files to fetch next: the channels of an account by turns, the newest messages of each first.

One walk passes every channel once. A walk begun again looks at new messages only, and every hour at all of them:
histories grow at their old end, messages are edited, policies change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from archiver.ids import ChannelId, MessageId
from archiver.media.policy import asked_policy, merge_policy, size_limit, wants_thumb, why_not
from archiver.model.media_file import FileKey, FileSlot, FileState, FileTask, MediaPolicy, thumb_key
from archiver.store.database import Database, Reader
from archiver.store.file_queue import (
    WAITING,
    Span,
    find_newest,
    iter_slots,
    list_media_channels,
    measure_used,
    next_files,
)
from archiver.store.media_asked import count_asked, list_asked, settle_asked
from archiver.store.media_policy import find_override

AT_ONCE: Final = 1_000
"""Chosen messages that are looked at in one read."""
FULL_EVERY: Final = 3600.0
"""Seconds between two walks over all messages."""


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
class _Place:
    """How far one channel has been walked."""

    channel_id: ChannelId
    thumbs: bool
    span: Span
    policy: MediaPolicy
    left: int | None = None
    """Bytes left of the channel's quota; None: no quota."""
    messages: list[MessageId] | None = None
    """The messages chosen that are still to be walked, newest first; None: all."""

    def go_on(self, below: MessageId | None) -> bool:
        """Go on below this message, None: behind the messages just looked at; whether there are more."""
        if below is not None:
            self.span = self.span._replace(below=below)
            return True
        if self.messages is None:
            return False
        del self.messages[:AT_ONCE]
        return bool(self.messages)


@dataclass(slots=True)
class FileWalk:
    """Hands out the files that are wanted, each once a walk."""

    database: Database
    account: str
    settings: MediaPolicy
    selection: FileSelection = field(default_factory=FileSelection)
    _places: deque[_Place] | None = None
    _walked: dict[ChannelId, MessageId | None] = field(default_factory=dict)
    """The newest message of each channel when it was last walked."""
    _full_at: float | None = None
    _asked: tuple[int, int] = (0, 0)
    """What was asked of the service when that was last looked at."""

    async def take(self, limit: int, *, now: float, skip: Collection[FileKey] = ()) -> list[FileTask]:
        """Some files to fetch, small ones first; about `limit`, none at the end of the walk.

        `skip`: files under way.
        """
        if self._places is None:
            self._places = await self._start(now)
        tasks: dict[FileKey, FileTask] = {}
        share = max(1, limit // max(len(self._places), 1))
        while self._places and len(tasks) < limit:
            place = self._places.popleft()
            for task in await self._take_from(place, share, now):
                if task.key not in skip:
                    tasks.setdefault(task.key, task)
        return sorted(tasks.values(), key=lambda task: task.size or 0)

    def restart(self, *, full: bool = False) -> None:
        """Begin another walk: over new messages, or over all of them."""
        self._places = None
        if full:
            self._full_at = None

    async def _start(self, now: float) -> deque[_Place]:
        is_full = self._full_at is None or not 0 <= now - self._full_at < FULL_EVERY
        if is_full:
            self._full_at = now
            self._walked.clear()
        asked = await self.database.read(count_asked)
        is_asked = self.selection.is_policy and ((asked[0] > 0 and is_full) or asked != self._asked)
        self._asked = asked
        chosen = self.selection.channels if self.selection.messages is None else set(self.selection.messages)
        places: deque[_Place] = deque()
        thumbs: list[_Place] = []
        for channel_id in await self.database.read(list_media_channels, account=self.account, channels=chosen):
            policy = await self._policy_of(channel_id)
            if is_asked:
                places.extend(await self._list_asked(channel_id, policy))
            if policy.download == "none":
                continue
            span = Span(above=self._walked.get(channel_id))
            self._walked[channel_id] = await self.database.read(find_newest, channel_id)
            used = 0 if policy.quota is None else await self.database.read(measure_used, channel_id)
            left = None if policy.quota is None else policy.quota - used
            places.append(_Place(channel_id, False, span, policy, left, self._chosen(channel_id)))
            if policy.thumbnails:
                thumbs.append(_Place(channel_id, True, span, policy, left, self._chosen(channel_id)))
        places.extend(thumbs)
        return places

    async def _list_asked(self, channel_id: ChannelId, policy: MediaPolicy) -> list[_Place]:
        """What is asked of a channel and can still be had; the rest is forgotten."""
        found = []
        for asked in await self.database.read(list_asked, channel_id):
            wanted = asked_policy(policy, max_size=asked.max_size)
            messages = None if asked.messages is None else sorted(asked.messages, reverse=True)
            place = _Place(channel_id, False, Span(), wanted, None, messages)
            if await self.database.read(_is_left, place):
                found.append(place)
            else:
                await self.database.write(settle_asked, asked)
        return found

    def _chosen(self, channel_id: ChannelId) -> list[MessageId] | None:
        messages = self.selection.messages
        return None if messages is None else sorted(messages[channel_id], reverse=True)

    async def _policy_of(self, channel_id: ChannelId) -> MediaPolicy:
        policy = merge_policy(self.settings, await self.database.read(find_override, channel_id))
        return policy if self.selection.adapt is None else self.selection.adapt(policy)

    async def _take_from(self, place: _Place, limit: int, now: float) -> list[FileTask]:
        """Some of a channel's files; the channel goes to the end of the line, unless that was all of it."""
        found = await self.database.read(
            next_files,
            place.channel_id,
            now=None if self.selection.even_early else int(now),
            limit=limit,
            wanted=_Wanted(place),
            span=place.span,
            message_ids=None if place.messages is None else place.messages[:AT_ONCE],
            states=self.selection.states,
            thumbs=place.thumbs,
        )
        if place.go_on(found.below) and self._places is not None:
            self._places.append(place)
        return [_task(slot, place) for slot in found.slots]


def _is_left(conn: Reader, place: _Place) -> bool:
    """Whether a file of this place is not settled yet, be it due or not."""
    ids = place.messages
    for chunk in [ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE)] if ids is not None else [None]:
        for slot in iter_slots(conn, place.channel_id, message_ids=chunk, states=WAITING):
            if not slot.missing and not slot.on_request and why_not(place.policy, slot) is None:
                return True
    return False


@dataclass(slots=True)
class _Wanted:
    """Decides for the slots of one channel, and counts its quota down."""

    place: _Place

    def __call__(self, slot: FileSlot) -> bool:
        place = self.place
        if place.thumbs:
            return wants_thumb(place.policy, slot)
        if why_not(place.policy, slot) not in (None, "quota"):
            return False
        size = slot.size or 0
        if place.left is not None:
            if size > place.left:
                return False
            place.left -= size
        return True


def _task(slot: FileSlot, place: _Place) -> FileTask:
    return FileTask(
        key=thumb_key(slot.key) if place.thumbs else slot.key,
        channel_id=slot.channel_id,
        message_id=slot.message_id,
        slot=slot.slot,
        kind=slot.kind,
        mime="image/jpeg" if place.thumbs else slot.mime,
        size=None if place.thumbs else slot.size,
        dc_id=slot.dc_id,
        max_size=None if place.thumbs else size_limit(place.policy, slot.kind),
        attempts=slot.attempts,
    )
