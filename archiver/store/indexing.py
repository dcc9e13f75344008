"""Tables `indexing`, `index_task`, `index_walk`, `index_aside`: how far the index follows, across restarts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

import aiosqlite

from archiver.ledger import Batch, Place, Stretch

State: TypeAlias = Literal["unused", "following", "unreachable", "busy", "full", "refused", "stale", "failing"]
"""unused: nothing was ever sent; following: all is well; else what keeps it from going on."""
Rebuild: TypeAlias = Literal["wanted", "walking", "swapping", "dropping"]
"""How far a rebuild is: begin it, fill the new index, exchange the two, delete the old one."""


class Standing(NamedTuple):
    """How the index is. Times are unix seconds."""

    state: State
    reason: str | None
    since: int | None
    success_at: int | None
    rebuild: Rebuild | None
    mark: str | None
    asked_at: int | None


_STANDING = "SELECT state, reason, since, success_at, rebuild, mark, asked_at FROM indexing"


async def find_standing(conn: aiosqlite.Connection) -> Standing:
    """How the index is."""
    async with conn.execute(_STANDING) as cursor:
        row = await cursor.fetchone()
    assert row is not None
    return Standing._make(row)


def get_standing(conn: sqlite3.Connection) -> Standing:
    """How the index is, within a transaction."""
    return Standing._make(conn.execute(_STANDING).fetchone())


def set_state(conn: sqlite3.Connection, state: State, *, now: int, reason: str | None = None) -> None:
    """Note how the index is; `since` moves with the state only."""
    conn.execute(
        "UPDATE indexing SET since = CASE WHEN state = ?1 THEN since ELSE ?2 END, state = ?1, reason = ?3",
        (state, now, reason),
    )


def note_success(conn: sqlite3.Connection, *, now: int) -> None:
    """The index took something, or lacks nothing."""
    set_state(conn, "following", now=now)
    conn.execute("UPDATE indexing SET success_at = ?", (now,))


def set_rebuild(conn: sqlite3.Connection, rebuild: Rebuild | None, *, mark: str | None = None) -> None:
    """Note how far a rebuild is, None when it is done. The new index's mark stays unless there is another one."""
    conn.execute("UPDATE indexing SET rebuild = ?, mark = coalesce(?, mark)", (rebuild, mark))


def ask_rebuild(conn: sqlite3.Connection, *, now: int) -> None:
    """Ask whoever fills the index to build it anew; one that is under way goes on."""
    conn.execute("UPDATE indexing SET rebuild = 'wanted', asked_at = ? WHERE rebuild IS NULL", (now,))


# --- tasks of the server


def put_tasks(conn: sqlite3.Connection, batch: Batch) -> None:
    """Note the tasks of a batch."""
    bounds = (*batch.stretch.after, *batch.stretch.upto)
    conn.executemany(
        "INSERT INTO index_task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(batch.name, index, uid, batch.stretch.walk_of, *bounds) for index, uid in batch.tasks.items()],
    )


def drop_tasks(conn: sqlite3.Connection, batch: str) -> None:
    """The tasks of a batch are done, or lost."""
    conn.execute("DELETE FROM index_task WHERE batch = ?", (batch,))


def list_batches(conn: sqlite3.Connection) -> list[Batch]:
    """What was under way when the last process ended."""
    found: dict[str, Batch] = {}
    for name, index, uid, walk_of, *bounds in conn.execute("SELECT * FROM index_task ORDER BY task_uid"):
        stretch = Stretch((bounds[0], bounds[1], bounds[2]), (bounds[3], bounds[4], bounds[5]), walk_of=walk_of)
        found.setdefault(name, Batch(name, stretch, count=0)).tasks[index] = uid
    return list(found.values())


# --- walks


def start_walk(conn: sqlite3.Connection, index: str, channel_ids: Iterable[int]) -> None:
    """Send all of these channels to an index."""
    conn.executemany(
        "INSERT INTO index_walk (index_name, channel_id) VALUES (?, ?)"
        " ON CONFLICT (index_name, channel_id) DO UPDATE SET after_id = 0",
        [(index, channel_id) for channel_id in channel_ids],
    )


def end_walks(conn: sqlite3.Connection, index: str) -> None:
    """Send an index nothing again."""
    conn.execute("DELETE FROM index_task WHERE walk_of = ?", (index,))
    conn.execute("DELETE FROM index_walk WHERE index_name = ?", (index,))


def advance_walk(conn: sqlite3.Connection, index: str, done: Place) -> None:
    """A walk is done up to a place."""
    _, channel_id, message_id = done
    conn.execute("DELETE FROM index_walk WHERE index_name = ? AND channel_id < ?", (index, channel_id))
    conn.execute(
        "UPDATE index_walk SET after_id = max(after_id, ?) WHERE index_name = ? AND channel_id = ?",
        (message_id, index, channel_id),
    )


def is_walking(conn: sqlite3.Connection, index: str) -> bool:
    """Whether something is to be sent to an index again."""
    return conn.execute("SELECT 1 FROM index_walk WHERE index_name = ?", (index,)).fetchone() is not None


def list_walk_places(conn: sqlite3.Connection, index: str, after: Place, upto: Place, limit: int) -> list[Place]:
    """The first places of a walk within (after, upto]."""
    low, high = (after[1], after[2]), (upto[1], upto[2]) if upto[0] == 0 else (2**62, 0)
    walks: Sequence[tuple[int, int]] = conn.execute(
        "SELECT channel_id, after_id FROM index_walk WHERE index_name = ? AND channel_id BETWEEN ? AND ?"
        " ORDER BY channel_id",
        (index, low[0], high[0]),
    ).fetchall()
    places: list[Place] = []
    for channel_id, after_id in walks:
        first = max(after_id, low[1] if channel_id == low[0] else 0)
        last = high[1] if channel_id == high[0] else 2**62
        rows = conn.execute(
            "SELECT message_id FROM message WHERE channel_id = ? AND message_id > ? AND message_id <= ?"
            " ORDER BY message_id LIMIT ?",
            (channel_id, first, last, limit - len(places)),
        )
        places += [(0, channel_id, row[0]) for row in rows]
        if len(places) >= limit:
            break
    return places


def count_walk(conn: sqlite3.Connection, index: str) -> int:
    """How many messages are still to be sent to an index again."""
    (count,) = conn.execute(
        "SELECT count(*) FROM index_walk AS walk JOIN message USING (channel_id)"
        " WHERE index_name = ? AND message_id > after_id",
        (index,),
    ).fetchone()
    return int(count)


async def count_lag(conn: aiosqlite.Connection, index: str) -> int:
    """How many messages an index does not have, or not as they are now, as far as is known."""
    async with conn.execute(
        "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM index_aside)"
        " + (SELECT count(*) FROM index_walk AS walk JOIN message USING (channel_id)"
        " WHERE index_name = ? AND message_id > after_id)",
        (index,),
    ) as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


# --- set aside


def set_aside(conn: sqlite3.Connection, channel_id: int, message_id: int, *, code: str, now: int) -> None:
    """The server does not take this message."""
    conn.execute("INSERT OR REPLACE INTO index_aside VALUES (?, ?, ?, ?)", (channel_id, message_id, now, code))


def take_back(conn: sqlite3.Connection, after: Place, upto: Place) -> None:
    """What a walk brought within (after, upto] is not set aside any more."""
    conn.execute(
        "DELETE FROM index_aside WHERE (channel_id, message_id) > (?, ?) AND (channel_id, message_id) <= (?, ?)",
        (*after[1:], *upto[1:]),
    )


def count_aside(conn: sqlite3.Connection) -> dict[int, int]:
    """How many messages of each channel are set aside."""
    return dict(conn.execute("SELECT channel_id, count(*) FROM index_aside GROUP BY channel_id").fetchall())


def get_aside(conn: sqlite3.Connection) -> list[tuple[int, int, str]]:
    """(channel_id, message_id, code) of what is set aside."""
    rows = conn.execute("SELECT channel_id, message_id, code FROM index_aside ORDER BY channel_id, message_id")
    return [(row[0], row[1], row[2]) for row in rows]


def list_aside_ids(conn: sqlite3.Connection, channel_id: int, first: int, last: int) -> list[int]:
    """The message ids of a channel within [first, last] that are set aside."""
    rows = conn.execute(
        "SELECT message_id FROM index_aside WHERE channel_id = ? AND message_id BETWEEN ? AND ?",
        (channel_id, first, last),
    )
    return [row[0] for row in rows]


def take_all_back(conn: sqlite3.Connection) -> list[tuple[int, int]]:
    """Nothing is set aside any more; (channel_id, message_id) of what was."""
    rows = conn.execute("DELETE FROM index_aside RETURNING channel_id, message_id").fetchall()
    return [(row[0], row[1]) for row in rows]


def count_held(conn: sqlite3.Connection) -> dict[int, int]:
    """How many messages are held of each channel, missing ones included."""
    rows = conn.execute(
        "SELECT channel_id, (SELECT count(*) FROM message WHERE message.channel_id = channel.channel_id) FROM channel"
    )
    return dict(rows.fetchall())


def find_top(conn: sqlite3.Connection, channel_id: int) -> int:
    """The highest id that is held of a channel, 0 for none."""
    (top,) = conn.execute("SELECT max(message_id) FROM message WHERE channel_id = ?", (channel_id,)).fetchone()
    return int(top or 0)


def list_ids(conn: sqlite3.Connection, channel_id: int, first: int, last: int) -> list[int]:
    """The message ids of a channel within [first, last], ascending."""
    rows = conn.execute(
        "SELECT message_id FROM message WHERE channel_id = ? AND message_id BETWEEN ? AND ? ORDER BY message_id",
        (channel_id, first, last),
    )
    return [row[0] for row in rows]
