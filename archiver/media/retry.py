"""Forget what became of files, so that they are fetched again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.media.slot_updates import update_all_slots
from archiver.model.media_file import FileKey, FileState, thumb_key
from archiver.store.database import Database, Reader, Writer
from archiver.store.media.file import find_files, forget_outcome
from archiver.store.media.file_queue import iter_slots

FAILED: Final[frozenset[FileState]] = frozenset({"failed"})
ANY: Final[frozenset[FileState]] = frozenset({"failed", "gone", "refused", "offloaded", "too big", "not wanted"})
"""What is forgotten of a message that was given by name."""
OFFLOADED: Final[frozenset[FileState]] = frozenset({"offloaded"})
_AT_ONCE: Final = 50
"""Files in one transaction: each may be shown by many messages."""


class Revived(NamedTuple):
    """A file that will be fetched again, and what had become of it."""

    key: FileKey
    status: FileState
    reason: str | None


async def revive(
    database: Database,
    channel_id: ChannelId,
    messages: Collection[MessageId] | None,
    *,
    now: int,
    states: Collection[FileState] | None = None,
) -> list[Revived]:
    """Forget the failures of a channel's files; if messages are given, any outcome of their files alone.

    `states`: forget these outcomes instead.
    """
    states = states or (FAILED if messages is None else ANY)
    keys = await database.read(_list_keys, channel_id, messages, states)
    found: list[Revived] = []
    for at in range(0, len(keys), _AT_ONCE):
        found += await database.write(_revive, keys[at : at + _AT_ONCE], now=now)
    await update_all_slots(database, now=now)
    return found


def _list_keys(
    conn: Reader, channel_id: ChannelId, messages: Collection[MessageId] | None, states: Collection[FileState]
) -> list[FileKey]:
    keys: dict[FileKey, None] = {}
    for thumbs in (False, True):
        for slot in iter_slots(conn, channel_id, message_ids=messages, states=states, thumbs=thumbs):
            keys[thumb_key(slot.key) if thumbs else slot.key] = None
    return list(keys)


def _revive(conn: Writer, keys: Collection[FileKey], *, now: int) -> list[Revived]:
    before = find_files(conn, keys)
    forget_outcome(conn, keys, now=now)
    return [Revived(key, file.status, file.reason) for key, file in before.items()]
