"""Table `media`: the attachments of a channel, newest first, for a grid. Reading only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.model.row import StoredMedia
from archiver.store.database import Reader

_MEDIA = ", ".join(f"media.{name}" for name in StoredMedia._fields if name != "reason")

_STRIPPED: Final = b"\x2e\xbc\xb0\xe0"
"""How a tiny preview begins in a payload: the constructor of photoStrippedSize."""


class ListedMedia(NamedTuple):
    """An attachment and its message."""

    message_id: int
    slot: int
    date: int
    """Unix seconds."""
    missing_since: int | None
    is_claimed: bool
    """Whether only an import says that the message was posted."""
    is_spoiler: bool
    """Whether its author covered it or another attachment of its message."""
    media: StoredMedia


_IS_SPOILER: Final = (
    "EXISTS (SELECT 1 FROM media AS other WHERE other.channel_id = media.channel_id"
    " AND other.message_id = media.message_id AND json_extract(other.extra, '$.spoiler'))"
)


def list_media(
    conn: Reader, channel_id: ChannelId, *, before: int, kinds: Collection[str], limit: int
) -> list[ListedMedia]:
    """The attachments of these kinds of messages below this id, newest first: of whole messages, `limit` or more."""
    query = (
        f"SELECT media.message_id, slot, date, missing_since, layer = 0, {_IS_SPOILER}, {_MEDIA} FROM media"
        " JOIN message USING (channel_id, message_id)"
        " WHERE channel_id = ? AND media.message_id < ? AND media.kind IN (SELECT value FROM json_each(?))"
        " ORDER BY media.message_id DESC, slot LIMIT ?"
    )
    found: list[ListedMedia] = []
    for row in conn.execute(query, (channel_id, before, orjson.dumps(sorted(kinds)).decode(), limit + 64)):
        message_id, slot, date, missing_since, claimed, spoiler, *media = row
        one = ListedMedia(message_id, slot, date, missing_since, bool(claimed), bool(spoiler), StoredMedia(*media))
        if len(found) >= limit and found[-1].message_id != one.message_id:
            break
        found.append(one)
    return found


def list_previewed(conn: Reader, channel_id: ChannelId, ids: Iterable[int]) -> frozenset[int]:
    """Those of these messages that bring a tiny preview of a picture."""
    query = (
        "SELECT message_id FROM message WHERE channel_id = ? AND instr(raw, ?) > 0"
        " AND message_id IN (SELECT value FROM json_each(?))"
    )
    rows = conn.execute(query, (channel_id, _STRIPPED, orjson.dumps(list(ids)).decode()))
    return frozenset(row[0] for row in rows)
