"""Tables `revision`, `absence`, `channel_revision` and `channel_state`: the change log, newest first. Reading only.

Each table has an index by time and SQLite merges them, so the newest few cost the same in an archive of any size.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Collection, Iterable
from typing import Literal, NamedTuple, TypeAlias

import aiosqlite
import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.imported import BY_IMPORT
from archiver.store.database import Reader

Source: TypeAlias = Literal["revision", "absence", "return", "channel", "count", "state"]
"""`channel`: the channel's description changed, perhaps its number of participants too; `count`: only that number."""


class Noticed(NamedTuple):
    """A change noticed at `at`, unix seconds. `message_id` is 0 for a change of the channel itself."""

    at: int
    channel_id: ChannelId
    message_id: MessageId
    source: Source
    number: int
    """The number of the message's or channel's revision; for a state, its rowid."""
    how: str | None
    """How an absence was noticed: update, history or audit."""
    last_seen: int | None
    """When the message was last seen before its absence, unix seconds."""


class Described(NamedTuple):
    """A channel's description at one time, from `channel_revision`; lists are JSON text."""

    username: str | None
    usernames: str
    title: str
    about: str | None
    restriction: str | None
    flags: str
    participants: int | None


class StateChange(NamedTuple):
    """A channel's move from one state to another."""

    before: str
    before_reason: str | None
    state: str
    reason: str | None


# Participant numbers change all the time; a query for the other changes must not read them all.
_OTHER_WORDS = """EXISTS (
    SELECT 1 FROM channel_revision AS earlier
    WHERE earlier.channel_id = this.channel_id AND earlier.revision = this.revision - 1 AND
        (earlier.username, earlier.usernames, earlier.title, earlier.about, earlier.restriction, earlier.flags)
        IS NOT (this.username, this.usernames, this.title, this.about, this.restriction, this.flags))"""
_CHANNEL = "SELECT observed_at, channel_id, 0, 'channel', revision, NULL, NULL FROM channel_revision AS this WHERE"
_SELECT: dict[Source, tuple[str, str]] = {
    # source: (SELECT of Noticed's columns, the time column)
    "revision": (
        "SELECT replaced_at, channel_id, message_id, 'revision', revision, NULL, NULL FROM revision WHERE true",
        "replaced_at",
    ),
    "absence": (
        "SELECT noticed_at, channel_id, message_id, 'absence', 0, how, last_seen FROM absence WHERE true",
        "noticed_at",
    ),
    "return": (
        "SELECT returned_at, channel_id, message_id, 'return', 0, how, last_seen FROM absence WHERE true",
        "returned_at",
    ),
    "channel": (f"{_CHANNEL} {_OTHER_WORDS}", "observed_at"),
    "count": (f"{_CHANNEL} NOT {_OTHER_WORDS}", "observed_at"),
    "state": ("SELECT at, channel_id, 0, 'state', rowid, NULL, NULL FROM channel_state WHERE true", "at"),
}


async def iter_noticed(
    conn: aiosqlite.Connection,
    sources: Collection[Source],
    *,
    since: int | None = None,
    until: int | None = None,
    channels: Collection[int] | None = None,
    chunk: int = 100,
) -> AsyncGenerator[list[Noticed], None]:
    """Yield the changes noticed in [since, until), newest first, in chunks. `channels` None: in all of them."""
    bounds: tuple[object, ...] = (-(2**63) if since is None else since, 2**63 - 1 if until is None else until)
    within = ""
    if channels is not None:
        # The plus makes SQLite use the index by time; the one by channel would read and sort the whole change log.
        within = " AND +channel_id IN (SELECT value FROM json_each(?))"
        bounds = (*bounds, orjson.dumps(sorted(channels)).decode())
    parts = [f"{select} AND {at} >= ? AND {at} < ?{within}" for select, at in (_SELECT[one] for one in sources)]
    query = " UNION ALL ".join(parts) + " ORDER BY 1 DESC, 2 DESC, 3 DESC, 5 DESC"
    async with conn.execute(query, bounds * len(parts)) as cursor:
        while rows := await cursor.fetchmany(chunk):
            yield [Noticed._make(row) for row in rows]


def list_described(conn: Reader, revisions: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Described]:
    """The descriptions with these (channel_id, revision) keys, and their predecessors."""
    wanted = [[channel_id, number - back] for channel_id, number in revisions for back in (0, 1)]
    query = (
        f"SELECT channel_id, revision, {', '.join(Described._fields)} FROM channel_revision"
        " WHERE (channel_id, revision) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
    )
    cursor = conn.execute(query, (orjson.dumps(wanted).decode(),))
    return {(row[0], row[1]): Described._make(row[2:]) for row in cursor}


def list_state_changes(conn: Reader, rows: Iterable[int]) -> dict[int, StateChange]:
    """The state changes in these rows of `channel_state`, by rowid; a channel starts as active."""
    query = """
        SELECT this.rowid, coalesce(earlier.state, 'active'), earlier.reason, this.state, this.reason
        FROM channel_state AS this LEFT JOIN channel_state AS earlier ON earlier.rowid =
            (SELECT rowid FROM channel_state AS one WHERE one.channel_id = this.channel_id
             AND (one.at, one.rowid) < (this.at, this.rowid) ORDER BY one.at DESC, one.rowid DESC LIMIT 1)
        WHERE this.rowid IN (SELECT value FROM json_each(?))
    """
    cursor = conn.execute(query, (orjson.dumps(list(rows)).decode(),))
    return {row[0]: StateChange._make(row[1:]) for row in cursor}


def list_unseen(conn: Reader) -> dict[int, float]:
    """When each imported channel was first read on Telegram; inf if never."""
    query = """
        SELECT channel_id,
            (SELECT min(at) FROM capture WHERE capture.channel_id = brought.channel_id AND method <> 'import')
        FROM (SELECT DISTINCT channel_id FROM channel_state WHERE reason = ?) AS brought
    """
    return {row[0]: math.inf if row[1] is None else row[1] for row in conn.execute(query, (BY_IMPORT,))}
