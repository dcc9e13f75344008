"""Write a page of new messages of one channel by their columns: what `message.insert_messages` does with records."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from archiver.ids import ChannelId
from archiver.store.message import CONTENT_NAMES, Sighting

_MARKS = ", ".join("?" * (len(CONTENT_NAMES) + 2))


def insert_contents(
    conn: sqlite3.Connection, channel_id: ChannelId, rows: Sequence[tuple[Any, ...]], sighting: Sighting
) -> None:
    """Store messages seen for the first time. `rows`: id, content in the order of CONTENT_NAMES, language."""
    head = (
        f"INSERT INTO message (message_id, {', '.join(CONTENT_NAMES)}, lang,"
        " channel_id, origin, generation, first_seen, last_seen, seen_pts)"
        f" VALUES ({_MARKS}, {int(channel_id)}, '{sighting.origin}', {int(sighting.generation)},"
        f" {int(sighting.now)}, {int(sighting.now)}, {'NULL' if sighting.pts is None else int(sighting.pts)})"
    )
    conn.executemany(head, rows)
