"""Write a page of new messages of one channel by their columns: what `message.insert_messages` does with records."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from archiver.ids import ChannelId
from archiver.store.bulk import insert_many
from archiver.store.message import CONTENT_NAMES, Sighting

_MARKS = ", ".join("?" * (len(CONTENT_NAMES) + 2))
_INSERT = (
    f"INSERT INTO message (message_id, {', '.join(CONTENT_NAMES)}, lang,"
    " channel_id, origin, generation, first_seen, last_seen, seen_pts)"
)


def insert_contents(
    conn: sqlite3.Connection, channel_id: ChannelId, rows: Sequence[tuple[Any, ...]], sighting: Sighting
) -> None:
    """Store messages seen for the first time. `rows`: id, content in the order of CONTENT_NAMES, language."""
    head = (
        f"{_INSERT} VALUES ({_MARKS}, {int(channel_id)}, '{sighting.origin}', {int(sighting.generation)},"
        f" {int(sighting.now)}, {int(sighting.now)}, {'NULL' if sighting.pts is None else int(sighting.pts)})"
    )
    conn.executemany(head, rows)


def insert_beside(
    conn: sqlite3.Connection, channel_id: ChannelId, rows: Sequence[tuple[Any, ...]], sighting: Sighting
) -> None:
    """The same in few statements, which is quicker beside a busy thread (`bulk`)."""
    tail = (channel_id, sighting.origin, sighting.generation, sighting.now, sighting.now, sighting.pts)
    insert_many(conn, _INSERT, [(*row, *tail) for row in rows])
