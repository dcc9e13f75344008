"""Table `channel_revision`: the names that channels had before."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.store.database import Reader


class NamesSeen(NamedTuple):
    """The names of a channel from a time on, until its next row. Times are unix seconds."""

    channel_id: ChannelId
    observed_at: int
    username: str | None
    usernames: tuple[str, ...]
    title: str


_RENAMED = """
    SELECT channel_id FROM channel_revision GROUP BY channel_id
    HAVING min(username) IS NOT max(username) OR count(username) NOT IN (0, count(*))
        OR min(usernames) <> max(usernames) OR min(title) <> max(title)
"""
"""The channels that had other names. One pass over a table that grows by a row a day and channel, mostly for counts."""


def list_names_seen(conn: Reader, channel_id: ChannelId | None = None) -> list[NamesSeen]:
    """The names over time, oldest first, a row per change: of this channel, or of all that ever had other names."""
    which = f"IN ({_RENAMED})" if channel_id is None else "= ?"
    query = f"""
        SELECT channel_id, observed_at, username, usernames, title FROM (
            SELECT *, lag(username) OVER this AS username_before, lag(usernames) OVER this AS usernames_before,
                lag(title) OVER this AS title_before
            FROM channel_revision WHERE channel_id {which}
            WINDOW this AS (PARTITION BY channel_id ORDER BY revision))
        WHERE title_before IS NULL OR (username, usernames, title)
            IS NOT (username_before, usernames_before, title_before)
        ORDER BY channel_id, revision
    """
    rows = conn.execute(query, () if channel_id is None else (channel_id,))
    return [NamesSeen(row[0], row[1], row[2], tuple(orjson.loads(row[3])), row[4]) for row in rows]


def list_once_named(conn: Reader, username: str) -> list[int]:
    """The ids of the channels that ever had this username."""
    query = (
        "SELECT DISTINCT channel_id FROM channel_revision WHERE username = ?1 COLLATE NOCASE"
        " OR instr(lower(usernames), ?2) ORDER BY channel_id"
    )
    return [int(row[0]) for row in conn.execute(query, (username, f'"{username.lower()}"'))]
