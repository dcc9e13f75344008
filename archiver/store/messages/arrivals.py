"""New, edited, deleted and returned messages in the order in which they came into the archive. Reading only.

Message rows are never deleted and have an implicit rowid, so rowids ascend in the order of the commits. The other
events have only the time at which they were noticed, which may be earlier than that of their commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from archiver.ids import ChannelId
from archiver.store.database import Reader
from archiver.store.faults import go_on

ArrivalEvent: TypeAlias = Literal["new", "edited", "deleted", "returned"]


class Arrival(NamedTuple):
    """One event of a message; equal only to itself."""

    at: int
    """When it was noticed, unix seconds."""
    rank: int
    """Order among the events of one second."""
    event: ArrivalEvent
    channel_id: ChannelId
    message_id: int
    number: int
    """The rowid of a new message, or the number of the revision that an edit replaced."""


_CAPTURED = "(import_id IS NULL AND origin <> 'import')"
_CHANGES = """
    SELECT replaced_at AS at, 1, 'edited', channel_id, message_id, revision FROM revision
    WHERE replaced_at >= :since AND layer <> 0
    UNION ALL
    SELECT noticed_at, 2, 'deleted', channel_id, message_id, 0 FROM absence WHERE noticed_at >= :since
    UNION ALL
    SELECT returned_at, 3, 'returned', channel_id, message_id, 0 FROM absence WHERE returned_at >= :since
    ORDER BY 1, 2, 4, 5, 6
"""


def find_last_row(conn: Reader) -> int:
    """The rowid of the message that came in last; 0 without any."""
    row = conn.execute("SELECT max(rowid) FROM message").fetchone()
    return row[0] or 0


def find_row_before(conn: Reader, since: int) -> int:
    """A rowid below those of messages first seen at `since` or later: the times mostly ascend with the rowids."""
    low, high = 0, find_last_row(conn)
    while low < high:
        middle = (low + high) // 2
        row = conn.execute(
            f"SELECT first_seen FROM message WHERE rowid > ? AND {_CAPTURED} ORDER BY rowid LIMIT 1", (middle,)
        ).fetchone()
        if row is not None and row[0] < since:
            low = middle + 1
        else:
            high = middle
    return low


class NewRows(NamedTuple):
    """The messages that came in after a rowid."""

    captured: list[Arrival]
    """Those that Telegram showed this archive; imported messages are left out."""
    last: int | None
    """The last rowid that was looked at; None if there were no rows."""
    is_full: bool
    """Whether there may be more."""


def list_new(conn: Reader, after: int, limit: int) -> NewRows:
    """The messages among the first `limit` that came in after this rowid."""
    query = (
        f"SELECT rowid, first_seen, channel_id, message_id, {_CAPTURED} FROM message WHERE rowid > ?"
        " ORDER BY rowid LIMIT ?"
    )
    rows = conn.execute(query, (after, limit)).fetchall()
    found = [
        Arrival(at, 0, "new", channel_id, message_id, row) for row, at, channel_id, message_id, ours in rows if ours
    ]
    return NewRows(found, go_on(after, rows[-1][0]) if rows else None, len(rows) == limit)


def count_read(conn: Reader, first: int, last: int) -> dict[ChannelId, int]:
    """How many of the messages with rowids in [first, last] were found by reading a history, by channel."""
    query = (
        f"SELECT channel_id, count(*) FROM message WHERE rowid BETWEEN ? AND ? AND origin <> 'update' AND {_CAPTURED}"
        " GROUP BY channel_id"
    )
    return {ChannelId(channel_id): count for channel_id, count in conn.execute(query, (first, last))}


def iter_changes_since(conn: Reader, since: int) -> Iterator[Arrival]:
    """Yield the other events noticed at `since` or later, by time."""
    for row in conn.execute(_CHANGES, {"since": since}):
        yield Arrival._make(row)


def read_data_version(conn: Reader) -> int:
    """A number that changes when another connection commits. https://www.sqlite.org/pragma.html#pragma_data_version"""
    version: int = conn.execute("PRAGMA data_version").fetchone()[0]
    return version
