"""Slots of messages that show files not stored yet, newest first: what may be fetched next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, NamedTuple

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.media_file import FileSlot, FileState
from archiver.store.database import Reader
from archiver.store.faults import go_down
from archiver.store.media.file_slot import file_slot, key_of

WAITING: Final[frozenset[FileState]] = frozenset({"not downloaded", "partial", "failed", "too big", "not wanted"})
"""States of a file that may be fetched: the last two are decided again by the policy of today."""
FAR: Final = 2 * 86_400
"""Seconds: no retry is that far off, unless the clock was wrong when it was noted."""
_SCANNED: Final = 5_000
"""Maximum number of slots looked at in one call: some 50 ms, since others wait for the connection."""


_SLOTS: Final = f"""
    SELECT media.message_id, media.slot, media.kind, media.id, coalesce(file.mime, media.mime),
           CASE WHEN :thumb = '' THEN coalesce(file.size, media.size) ELSE media.size END,
           media.extra, message.noforwards OR channel.noforwards,
           message.missing_since IS NOT NULL, coalesce(file.status, 'not downloaded'), coalesce(file.attempts, 0),
           file.status IS 'failed' AND file.retry_at IS NULL,
           :shared AND EXISTS (
               SELECT 1 FROM media AS other INDEXED BY media_file
               WHERE other.id = media.id AND {file_slot("other")}
                 AND (other.channel_id, other.message_id, other.slot)
                     <> (media.channel_id, media.message_id, media.slot))
    FROM media JOIN message USING (channel_id, message_id) JOIN channel USING (channel_id)
    LEFT JOIN file ON file_key = {key_of("media")} || :thumb
    WHERE media.channel_id = :channel_id AND media.message_id < :below AND media.message_id > :above
      AND {file_slot("media")}
      AND coalesce(file.status, 'not downloaded') IN (SELECT value FROM json_each(:states))
      AND (file.status IS NOT 'failed' OR :now IS NULL OR file.retry_at <= :now OR file.retry_at > :now + {FAR})
      AND (:only IS NULL OR media.message_id IN (SELECT value FROM json_each(:only)))
    ORDER BY media.message_id DESC, media.slot
"""
_CHANNELS: Final = """
    SELECT channel_id FROM channel
    WHERE account = :account AND state NOT IN ('removed', 'banned', 'inaccessible')
      AND (:only IS NULL OR channel_id IN (SELECT value FROM json_each(:only)))
    ORDER BY (SELECT max(date) FROM message WHERE message.channel_id = channel.channel_id) DESC, channel_id
"""


class NextFiles(NamedTuple):
    """Some of a channel's files that are wanted."""

    slots: list[FileSlot]
    """One slot for each file, newest first."""
    below: MessageId | None
    """Where to continue; None: that was all of the channel."""


class MessageSpan(NamedTuple):
    """The messages of a channel to look at, both ends exclusive; None: no limit."""

    above: MessageId | None = None
    below: MessageId | None = None


EVERYTHING: Final = MessageSpan()


class MediaExtent(NamedTuple):
    """The oldest and the newest message of a channel that have media."""

    oldest: MessageId
    newest: MessageId


def find_extent(conn: Reader, channel_id: ChannelId) -> MediaExtent | None:
    """The extent of a channel's media; None if it has none."""
    query = "SELECT message_id FROM media WHERE channel_id = ? ORDER BY message_id {} LIMIT 1"
    ends = [conn.execute(query.format(order), (channel_id,)).fetchone() for order in ("ASC", "DESC")]
    return None if None in ends else MediaExtent(*(row[0] for row in ends))


def measure_used(conn: Reader, channel_id: ChannelId) -> int:
    """Bytes of the stored files that a channel shows."""
    row = conn.execute(
        "SELECT coalesce(sum(size), 0) FROM blob WHERE state = 'present' AND sha256 IN"
        " (SELECT sha256 FROM media WHERE channel_id = ? AND status = 'downloaded')",
        (channel_id,),
    ).fetchone()
    return int(row[0])


def list_media_channels(
    conn: Reader, *, account: str, channels: Collection[ChannelId] | None = None
) -> list[ChannelId]:
    """The account's channels whose files can be fetched, those with the newest posts first."""
    only = None if channels is None else orjson.dumps(sorted(channels)).decode()
    return [row[0] for row in conn.execute(_CHANNELS, {"account": account, "only": only})]


def next_files(
    conn: Reader,
    channel_id: ChannelId,
    *,
    now: int | None,
    limit: int,
    wanted: Callable[[FileSlot], bool],
    span: MessageSpan = EVERYTHING,
    message_ids: Collection[MessageId] | None = None,
    states: Collection[FileState] = WAITING,
    thumbs: bool = False,
) -> NextFiles:
    """Up to about `limit` files of a channel that are `wanted`, each by its newest slot; whole messages at a time.

    `now`: leave out those that failed and are not due yet; None: all of them. `thumbs`: the states asked for are those
    of the slots' thumbnails.
    """
    slots: dict[str, FileSlot] = {}
    scanned, last = 0, None
    for slot in iter_slots(conn, channel_id, now=now, span=span, message_ids=message_ids, states=states, thumbs=thumbs):
        if last is not None and slot.message_id != last and (len(slots) >= limit or scanned >= _SCANNED):
            go_down(span.below, last)
            return NextFiles(list(slots.values()), last)
        scanned, last = scanned + 1, slot.message_id
        if slot.key not in slots and not slot.missing and wanted(slot):
            slots[slot.key] = slot
    return NextFiles(list(slots.values()), None)


def iter_slots(
    conn: Reader,
    channel_id: ChannelId,
    *,
    now: int | None = None,
    span: MessageSpan = EVERYTHING,
    message_ids: Collection[MessageId] | None = None,
    states: Collection[FileState] = WAITING,
    thumbs: bool = False,
    shared: bool = False,
) -> Iterator[FileSlot]:
    """Yield the channel's slots that show files in these states, newest first; see `next_files`.

    `shared`: also look up whether other slots show the same file.
    """
    rows = conn.execute(
        _SLOTS,
        {
            "channel_id": channel_id,
            "below": 2**62 if span.below is None else span.below,
            "above": -(2**62) if span.above is None else span.above,
            "thumb": "/thumb" if thumbs else "",
            "shared": shared,
            "now": now,
            "states": orjson.dumps(sorted(states)).decode(),
            "only": None if message_ids is None else orjson.dumps(sorted(message_ids)).decode(),
        },
    )
    return (make_slot(channel_id, row) for row in rows)


def make_slot(channel_id: ChannelId, row: Any) -> FileSlot:
    """A slot of the columns that are selected here."""
    message_id, slot, kind, id_, mime, size, extra, protected, missing, status, attempts, on_request, shared = row
    facts = orjson.loads(extra) if extra else {}
    return FileSlot(
        channel_id=channel_id,
        message_id=message_id,
        slot=slot,
        kind=kind,
        id=id_,
        mime=mime,
        size=size,
        dc_id=facts.get("dc_id"),
        self_destructing=bool(facts.get("ttl_seconds")),
        protected=bool(protected),
        missing=bool(missing),
        status=status,
        attempts=attempts,
        on_request=bool(on_request),
        shared=bool(shared),
    )
