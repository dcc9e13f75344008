"""Rows of the embedded engine's tables: how they are found by message, and stored. Used by the modules that write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence

from search.document import Key
from search.exact.changes import Row
from search.exact.skip_index import BlockSummary, cluster, find_channel_ranges, is_in_block
from search.flags import SUPERSEDED

_VALUES = 4096
"""Values per INSERT. FTS5 flushes its memory after each multi-row statement, so a page of an import is one, too."""
_ROW = ", ".join(f"d.{name}" for name in Row._fields)


def find_channels(conn: sqlite3.Connection, ids: set[int]) -> dict[int, int]:
    """Look up channel numbers: a row stores a number of one or two bytes instead of an id of six."""
    marks = ", ".join("?" * len(ids))
    select = f"SELECT channel_id, number FROM search_channel WHERE channel_id IN ({marks})"  # noqa: S608 marks only
    return {row[0]: row[1] for row in conn.execute(select, tuple(ids))}


def channel_numbers(conn: sqlite3.Connection, ids: set[int]) -> dict[int, int]:
    """Look up the numbers of channels; new channels get one."""
    found = find_channels(conn, ids)
    for channel_id in sorted(ids - found.keys()):
        added = conn.execute("INSERT INTO search_channel (channel_id) VALUES (?)", (channel_id,))
        assert added.lastrowid is not None
        found[channel_id] = added.lastrowid
    return found


def known_rows(conn: sqlite3.Connection, keys: Iterable[Key], numbers: Mapping[int, int]) -> dict[Key, Row]:
    """Find the rows of present contents, by channel ranges."""
    ids: dict[int, list[int]] = {}
    for channel_id, message_id in keys:
        ids.setdefault(channel_id, []).append(message_id)
    found = {}
    for channel_id, wanted in ids.items():
        for low, high in cluster(wanted):
            rows = conn.execute(
                f"""SELECT {_ROW} FROM search_channel_range AS r
                    CROSS JOIN search_document AS d ON {is_in_block("r.block")}
                    WHERE r.channel = ?1 AND r.low <= ?3 AND r.high >= ?2 AND d.channel = ?1
                    AND d.message_id BETWEEN ?2 AND ?3 AND d.flags & {SUPERSEDED} = 0
                    AND d.message_id IN (SELECT value FROM json_each(?4))""",  # noqa: S608 constants only
                (numbers[channel_id], low, high, json.dumps(wanted)),
            )
            found.update({(channel_id, row[2]): Row(*row) for row in rows})
    return found


def revision_rows(conn: sqlite3.Connection, present: Row) -> list[Row]:
    """List the rows of a message's revisions."""
    rows = conn.execute(
        f"""SELECT {_ROW} FROM search_revision AS r CROSS JOIN search_document AS d ON d.docid = r.docid
            WHERE r.channel = ? AND r.message_id = ?""",  # noqa: S608 constants only
        (present.channel, present.message_id),
    )
    return [Row(*row) for row in rows]


def forget_misdated(conn: sqlite3.Connection, present: Row, date: int) -> None:
    """Delete a message's revision rows with another date: it was corrected, and they are written again."""
    conn.execute(
        "DELETE FROM search_revision WHERE channel = ? AND message_id = ?"
        " AND (SELECT date FROM search_document AS d WHERE d.docid = search_revision.docid) IS NOT ?",
        (present.channel, present.message_id, date),
    )


def store(conn: sqlite3.Connection, rows: Collection[Row]) -> None:
    """Insert or replace rows."""
    insert(conn, "OR REPLACE INTO search_document", list(rows))


def insert(conn: sqlite3.Connection, into: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows, a page per statement: `executemany` would wait for the GIL once per row.

    A statement has room for a power of two, and `LIMIT` leaves out what is not filled: the connection keeps statements
    with their last values, and one for each number of rows took 25 MB.
    """
    width = len(rows[0]) if rows else 1
    size = _VALUES // width
    for at in range(0, len(rows), size):
        chunk = rows[at : at + size]
        room = 1 << (len(chunk) - 1).bit_length()
        values = [value for row in chunk for value in row] + [0] * (width * (room - len(chunk)))
        row = f"({', '.join('?' * width)})"
        statement = f"INSERT {into} SELECT * FROM (VALUES {', '.join([row] * room)}) LIMIT ?"  # noqa: S608 constants only
        conn.execute(statement, [*values, len(chunk)])


def extend_blocks(conn: sqlite3.Connection, summaries: Iterable[BlockSummary]) -> None:
    """Extend the summaries of blocks. They are never narrowed, so they never claim too little."""
    conn.executemany(
        """INSERT INTO search_block VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
            flags = flags | excluded.flags,
            views = max(views, excluded.views), forwards = max(forwards, excluded.forwards),
            low = min(low, excluded.low), high = max(high, excluded.high)""",
        list(summaries),
    )


def extend_ranges(conn: sqlite3.Connection, rows: Collection[Row]) -> None:
    """Extend the id ranges of channels in blocks."""
    conn.executemany(
        """INSERT INTO search_channel_range VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET low = min(low, excluded.low), high = max(high, excluded.high)""",
        find_channel_ranges(rows),
    )
