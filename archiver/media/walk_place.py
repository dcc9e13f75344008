"""One channel in a walk over files: what of it is still to be looked at, and which of its files are wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, TypeAlias

from archiver.ids import ChannelId, MessageId
from archiver.media.policy import size_limit, wants_thumb, why_not
from archiver.model.media_file import FileKey, FileSlot, FileStatus, FileTask, MediaPolicy, is_thumb, thumb_key
from archiver.store.database import Reader
from archiver.store.media.file import find_files
from archiver.store.media.file_queue import EVERYTHING, WAITING, MessageSpan, iter_slots
from archiver.store.media.stored_files import iter_slots_of, list_due_retries, list_lost, list_retries

DUE_AT_ONCE: Final = 500
"""Files tried again that are handed out together."""
_DUE_SCANNED: Final = 5_000
"""Maximum number of due files that are looked at; some may no longer be wanted."""
AT_ONCE: Final = 1_000
"""Chosen messages that are looked at in one read."""
ChosenMessages: TypeAlias = Mapping[ChannelId, Collection[MessageId]] | None
"""Only files of these messages; None: of all."""


@dataclass(slots=True)
class QuotaLeft:
    """Bytes that the files of a channel may still take."""

    size: int
    promised: set[FileKey] = field(default_factory=set)
    """Files that are tried again, for which it was counted down."""
    refused: int = 0
    """Files left out because there was no room."""

    def take(self, key: FileKey, size: int) -> bool:
        """Count down; whether there was room."""
        if key in self.promised:
            return True
        if size > self.size:
            return False
        self.size -= size
        return True

    def promise(self, key: FileKey, size: int) -> bool:
        """Count down, only once for a file that the walk will reach again."""
        if has_room := self.take(key, size):
            self.promised.add(key)
        return has_room


@dataclass(slots=True, kw_only=True)
class WalkPlace:
    """How far one channel has been walked."""

    channel_id: ChannelId
    policy: MediaPolicy
    thumbs: bool = False
    """Whether it is walked for thumbnails."""
    span: MessageSpan = EVERYTHING
    quota: QuotaLeft | None = None
    messages: list[MessageId] | None = None
    """The messages chosen that are still to be walked, newest first; None: all."""

    def wants(self, slot: FileSlot) -> bool:
        """Whether the file of a slot is wanted; the channel's quota is counted down."""
        if self.thumbs:
            return wants_thumb(self.policy, slot)
        if why_not(self.policy, slot) not in (None, "quota"):
            return False
        if self.quota is None or slot.missing or self.quota.take(slot.key, slot.size or 0):
            return True
        self.quota.refused += 1
        return False

    def next_messages(self) -> list[MessageId] | None:
        """The chosen messages to look at next; None: all."""
        return None if self.messages is None else self.messages[:AT_ONCE]

    def go_on(self, below: MessageId | None) -> bool:
        """Go on below this message, None: after the messages just looked at; return whether there are more."""
        if below is not None:
            self.span = self.span._replace(below=below)
            return True
        if self.messages is None:
            return False
        del self.messages[:AT_ONCE]
        return bool(self.messages)

    def task(self, slot: FileSlot) -> FileTask:
        """The task to fetch the file of a slot, or its thumbnail."""
        return FileTask(
            key=thumb_key(slot.key) if self.thumbs else slot.key,
            channel_id=slot.channel_id,
            message_id=slot.message_id,
            slot=slot.slot,
            kind=slot.kind,
            mime="image/jpeg" if self.thumbs else slot.mime,
            size=None if self.thumbs else slot.size,
            dc_id=slot.dc_id,
            max_size=None if self.thumbs else size_limit(self.policy, slot.kind),
            attempts=slot.attempts,
            protected=self.policy.protected,
        )


def count_waiting(
    conn: Reader, policies: Mapping[ChannelId, MediaPolicy], messages: ChosenMessages
) -> tuple[int, int | None]:
    """Count the files that failed, are tried again later, and are wanted; and when the first of them is tried."""
    times = [at for key, at in list_retries(conn) if any(True for _ in _iter_wanting(conn, key, policies, messages))]
    return len(times), times[0] if times else None


def count_lost(conn: Reader, policies: Mapping[ChannelId, MediaPolicy], messages: ChosenMessages) -> int:
    """Count the wanted files that failed and are fetched again only when somebody asks: their copies are missing."""
    return sum(
        any(not slot.missing for slot in _iter_wanting(conn, key, policies, messages)) for key in list_lost(conn)
    )


def list_due(
    conn: Reader, policies: Mapping[ChannelId, MediaPolicy], messages: ChosenMessages, *, now: int
) -> list[FileTask]:
    """The first files to try again now, each through the newest message of these channels that wants it."""
    due = list_due_retries(conn, now=now, limit=_DUE_SCANNED)
    known = find_files(conn, due)
    found = (_find_task(conn, known[key], policies, messages) for key in due)
    return list(islice((task for task in found if task is not None), DUE_AT_ONCE))


def _find_task(
    conn: Reader, file: FileStatus, policies: Mapping[ChannelId, MediaPolicy], messages: ChosenMessages
) -> FileTask | None:
    for slot in _iter_wanting(conn, file.key, policies, messages):
        if not slot.missing:
            policy = policies[slot.channel_id]
            place = WalkPlace(channel_id=slot.channel_id, policy=policy, thumbs=is_thumb(file.key))
            return replace(place.task(slot), attempts=file.attempts)
    return None


def _iter_wanting(
    conn: Reader, key: FileKey, policies: Mapping[ChannelId, MediaPolicy], messages: ChosenMessages
) -> Iterator[FileSlot]:
    """Yield the slots of these channels that want a file, the newest first; those of deleted messages, too."""
    for slot in iter_slots_of(conn, key):
        policy = policies.get(slot.channel_id)
        if policy is None or (messages is not None and slot.message_id not in messages.get(slot.channel_id, ())):
            continue
        if wants_thumb(policy, slot) if is_thumb(key) else why_not(policy, slot) is None:
            yield slot


def is_unsettled(conn: Reader, place: WalkPlace) -> bool:
    """Whether a wanted file of this place is not settled yet, be it due or not."""
    ids = place.messages
    for chunk in [ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE)] if ids is not None else [None]:
        for slot in iter_slots(conn, place.channel_id, message_ids=chunk, states=WAITING):
            if not slot.missing and not slot.on_request and why_not(place.policy, slot) is None:
                return True
    return False
