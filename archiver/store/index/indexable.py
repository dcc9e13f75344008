"""Tables `message`, `media`, `channel`: what the index stores of messages; payloads are not read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from archiver.ids import ChannelId
from archiver.model.ledger import Place
from archiver.model.record import Media, Message
from archiver.store.database import Reader

_NAMES = (
    "message_id", "kind", "date", "edit_date", "text", "entities", "sender", "post_author", "reply_to",
    "reply_to_msg_id", "fwd_from", "grouped_id", "action", "extra", "pinned", "markup", "lang", "restriction",
)  # fmt: skip
_MEDIA = tuple(field.name for field in fields(Media))
_MESSAGES = (
    f"SELECT {', '.join(_NAMES)}, missing_since FROM message WHERE channel_id = ?"
    " AND message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id"
)
_SLOTS = (
    f"SELECT message_id, {', '.join(_MEDIA)} FROM media WHERE channel_id = ?"
    " AND message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id, slot"
)


class Indexable(NamedTuple):
    """The current state of a message. Its record has neither payload nor hashes."""

    message: Message
    missing: bool
    channel_username: str | None
    channel_title: str

    @property
    def lang(self) -> str | None:
        """The guessed language; '' if unknown, None if not guessed yet."""
        return self.message.lang


def read_indexable(conn: Reader, places: Iterable[Place]) -> dict[tuple[int, int], Indexable]:
    """The messages at these places, by (channel_id, message_id); those not held are left out."""
    found: dict[tuple[int, int], Indexable] = {}
    for channel_id, group in groupby(places, key=itemgetter(1)):
        channel = conn.execute("SELECT username, title FROM channel WHERE channel_id = ?", (channel_id,)).fetchone()
        ids = json.dumps([place[2] for place in group])
        media: dict[int, list[Media]] = {}
        for message_id, *values in conn.execute(_SLOTS, (channel_id, ids)):
            media.setdefault(message_id, []).append(Media(**dict(zip(_MEDIA, values, strict=True))))
        for row in conn.execute(_MESSAGES, (channel_id, ids)):
            message = _record(channel_id, row, tuple(media.get(row[0], ())))
            username, title = channel or (None, "")
            found[channel_id, row[0]] = Indexable(message, row[-1] is not None, username, title)
    return found


def _record(channel_id: ChannelId, row: Any, media: tuple[Media, ...]) -> Message:
    # Columns by number: an intermediate dict costs as much time as SQLite.
    return Message(
        channel_id=channel_id,
        message_id=row[0],
        kind=row[1],
        date=datetime.fromtimestamp(row[2], UTC),
        edit_date=None if row[3] is None else datetime.fromtimestamp(row[3], UTC),
        text=row[4],
        entities=row[5],
        sender=row[6],
        post_author=row[7],
        reply_to=row[8],
        reply_to_msg_id=row[9],
        fwd_from=row[10],
        grouped_id=row[11],
        action=row[12],
        extra=row[13],
        pinned=bool(row[14]),
        markup=row[15],
        lang=row[16],
        restriction=row[17],
        media=media,
        content_hash=b"",
        raw=b"",
        layer=0,
        payload_sha256=b"",
    )
