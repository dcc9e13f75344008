"""Write new messages of one channel from columns: few statements for many rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from archiver.ids import ChannelId, MessageId
from archiver.model.record import Media
from archiver.store.bulk import insert_many, insert_sparse
from archiver.store.messages.message import CONTENT_NAMES, MEDIA_NAMES, Sighting, row_of_slot

_MEDIA: Final = ("message_id", *MEDIA_NAMES)
_TIMES: Final = ("first_seen", "last_seen")
_NAMES: Final = ("message_id", *CONTENT_NAMES, "lang")
_INSERT = (
    f"INSERT INTO message (message_id, {', '.join(CONTENT_NAMES)}, lang,"
    " channel_id, origin, generation, first_seen, last_seen, seen_pts)"
)


def insert_contents(
    conn: sqlite3.Connection,
    channel_id: ChannelId,
    rows: Sequence[tuple[Any, ...]],
    sighting: Sighting,
    seen: Sequence[tuple[int, int]] = (),
) -> None:
    """Store messages seen for the first time. `rows`: id, content in the order of CONTENT_NAMES, language.

    `seen`: when each was seen first and last, if that is not known of all alike.
    """
    same = {
        "channel_id": str(int(channel_id)),
        "origin": f"'{sighting.origin}'",
        "generation": str(int(sighting.generation)),
        "seen_pts": "NULL" if sighting.pts is None else str(int(sighting.pts)),
    }
    if seen:
        timed = [(*row, *times) for row, times in zip(rows, seen, strict=True)]
        insert_sparse(conn, "INTO message", (*_NAMES, *_TIMES), timed, tuple(same.items()))
    else:
        same |= dict.fromkeys(_TIMES, str(int(sighting.now)))
        insert_sparse(conn, "INTO message", _NAMES, rows, tuple(same.items()))


def insert_slots(conn: sqlite3.Connection, channel_id: ChannelId, slots: Iterable[tuple[MessageId, Media]]) -> None:
    """Store media of messages that were just inserted."""
    rows = [row_of_slot(number, slot) for number, slot in slots]
    insert_sparse(conn, "OR REPLACE INTO media", _MEDIA, rows, (("channel_id", str(int(channel_id))),))


def insert_beside(
    conn: sqlite3.Connection, channel_id: ChannelId, rows: Sequence[tuple[Any, ...]], sighting: Sighting
) -> None:
    """Insert in few statements, which is quicker beside a busy thread (`bulk`)."""
    tail = (channel_id, sighting.origin, sighting.generation, sighting.now, sighting.now, sighting.pts)
    insert_many(conn, _INSERT, [(*row, *tail) for row in rows])
