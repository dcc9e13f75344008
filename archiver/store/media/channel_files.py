"""Tables `media` and `file`: how many files of a channel are stored, failed, or wait to be fetched. For `status`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.model.media_file import FileState
from archiver.store.database import Reader
from archiver.store.media.file_slot import FILE_SLOT, file_slot

MOST_WAITING: Final = 100_000
"""Maximum number of waiting files that are counted."""
_KNOWN: Final = f"""
    SELECT count(DISTINCT CASE status WHEN 'downloaded' THEN (kind = 'photo') || '/' || id END),
           count(DISTINCT CASE status WHEN 'failed' THEN (kind = 'photo') || '/' || id END)
    FROM media WHERE channel_id = ? AND status IN ('downloaded', 'failed') AND {FILE_SLOT}
"""
_WAITING: Final = f"""
    SELECT count(*) FROM (
        SELECT DISTINCT media.kind = 'photo', media.id
        FROM media JOIN message USING (channel_id, message_id) JOIN channel USING (channel_id)
        WHERE media.channel_id = :channel_id AND {file_slot("media")}
          AND media.status IN (SELECT value FROM json_each(:states))
          AND coalesce(media.size, 0) <= :limits ->> media.kind AND message.missing_since IS NULL
          AND (:protected OR NOT (message.noforwards OR channel.noforwards))
          AND coalesce(media.extra, '') NOT LIKE '%"ttl_seconds"%'
        LIMIT {MOST_WAITING + 1})
"""


class KnownFiles(NamedTuple):
    """The known files of a channel."""

    downloaded: int
    failed: int
    """They are tried again."""


def count_known(conn: Reader, channel_id: ChannelId) -> KnownFiles:
    """Stored and failed files that the channel shows; each counts once."""
    return KnownFiles(*conn.execute(_KNOWN, (channel_id,)).fetchone())


def count_stored(conn: Reader) -> int:
    """Number of stored files over all channels; identical files count each time, but are one file on disk."""
    channels = [ChannelId(row[0]) for row in conn.execute("SELECT channel_id FROM channel")]
    return sum(count_known(conn, one).downloaded for one in channels)


def count_waiting(
    conn: Reader,
    channel_id: ChannelId,
    limits: Mapping[str, int],
    *,
    protected: bool,
    states: Collection[FileState] = ("not downloaded", "partial"),
) -> int:
    """Files of visible messages that wait, or are in these states, up to MOST_WAITING + 1.

    `limits`: the largest size by kind, of the kinds that are wanted; `protected`: also of channels that forbid saving.
    """
    if not limits:
        return 0
    values = {
        "channel_id": channel_id,
        "limits": orjson.dumps(dict(limits)).decode(),
        "protected": protected,
        "states": orjson.dumps(list(states)).decode(),
    }
    (count,) = conn.execute(_WAITING, values).fetchone()
    return int(count)
