"""Which of a channel's ids are held, for completeness: holes, missing messages, proofs, counts. Reading only.

Holes are found from the primary key alone and streamed, so a channel of millions of messages costs no memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from typing import NamedTuple

import aiosqlite

from archiver.ids import ChannelId, MessageId
from archiver.model import coverage
from archiver.model.completeness import IdRun, Proof
from archiver.model.coverage import Interval
from archiver.store.database import Reader


class Extent(NamedTuple):
    """The messages within a range of dates, and the ids that could be within it."""

    kept: int
    first_id: int | None
    last_id: int | None
    first_date: int | None
    last_date: int | None
    lo: int
    """One above the nearest held message before the range; 1 if there is none."""
    hi: int
    """One below the nearest held message after the range; the channel's top id if there is none."""


class NewestMessage(NamedTuple):
    """The newest held message of a channel."""

    message_id: MessageId
    date: int
    """Unix seconds."""


async def list_holes(conn: aiosqlite.Connection, channel_id: ChannelId, lo: int, hi: int) -> AsyncIterator[Interval]:
    """Yield the runs of ids within [lo, hi] that are not held, ascending."""
    query = (
        "SELECT * FROM (SELECT lag(message_id, 1, ?) OVER (ORDER BY message_id) + 1 AS hole_lo,"
        " message_id - 1 AS hole_hi FROM message WHERE channel_id = ? AND message_id BETWEEN ? AND ?)"
        " WHERE hole_lo <= hole_hi ORDER BY hole_lo"
    )
    async with conn.execute(query, (lo - 1, channel_id, lo, hi)) as cursor:
        async for row in cursor:
            yield int(row[0]), int(row[1])
    query = "SELECT max(message_id) FROM message WHERE channel_id = ? AND message_id BETWEEN ? AND ?"
    async with conn.execute(query, (channel_id, lo, hi)) as cursor:
        newest = await cursor.fetchone()
    last = int(newest[0]) if newest and newest[0] is not None else lo - 1
    if last < hi:
        yield last + 1, hi


def list_missing(conn: Reader, channel_id: ChannelId, lo: int, hi: int) -> list[IdRun]:
    """The missing messages within [lo, hi], as runs of adjacent ids that went missing together."""
    query = (
        "SELECT message_id, missing_since, missing_how,"
        " CASE WHEN layer <> 0 OR missing_how = 'import' THEN last_seen END, layer = 0 FROM message"
        " WHERE channel_id = ? AND message_id BETWEEN ? AND ? AND missing_since IS NOT NULL ORDER BY message_id"
    )
    runs: list[IdRun] = []
    cursor = conn.execute(query, (channel_id, lo, hi))
    for message_id, noticed, how, last_seen, claimed in cursor:
        one = IdRun("missing", message_id, message_id, noticed, how, last_seen, bool(claimed))
        last = runs[-1] if runs else None
        if last and last.hi == message_id - 1 and replace(last, lo=message_id, hi=message_id) == one:
            runs[-1] = replace(last, hi=message_id)
        else:
            runs.append(one)
    return runs


def list_proofs(conn: Reader, channel_id: ChannelId, lo: int, hi: int) -> list[Proof]:
    """The answers that prove ids within [lo, hi], oldest first.

    Earlier generations count too: the server never reuses an id, so one that was absent stays absent.
    """
    query = "SELECT lo, hi, at, method FROM capture WHERE channel_id = ? AND hi >= ? AND lo <= ? ORDER BY capture_id"
    cursor = conn.execute(query, (channel_id, lo, hi))
    return [Proof(*row) for row in cursor]


def count_kept(conn: Reader, channel_id: ChannelId, lo: int = 1, hi: int = 2**31) -> int:
    """Count the held messages with an id within [lo, hi]."""
    return _number(
        conn,
        "SELECT count(*) FROM message WHERE channel_id = ? AND message_id BETWEEN ? AND ?",
        (channel_id, lo, hi),
    )


def count_claimed(conn: Reader, channel_id: ChannelId, lo: int = 1, hi: int = 2**31) -> int:
    """Of these, count those that only imports have: no answer of Telegram showed them."""
    if not _has_imports(conn, channel_id):
        return 0  # no row needs to be read
    return _number(
        conn,
        "SELECT count(*) FROM message WHERE channel_id = ? AND message_id BETWEEN ? AND ? AND layer = 0",
        (channel_id, lo, hi),
    )


def count_archived(conn: Reader, channel_ids: Collection[ChannelId]) -> int:
    """Count the held messages of these channels."""
    if len(channel_ids) == _number(conn, "SELECT count(*) FROM channel", ()):
        return _number(conn, "SELECT count(*) FROM message", ())  # a tenth of the time: SQLite looks at no row
    return sum(count_kept(conn, one) for one in channel_ids)


def count_claims(conn: Reader, channel_id: ChannelId, *, since: int | None, until: int | None) -> int:
    """Count the messages dated within [since, until) that only imports have, and that are not missing."""
    bounds = (-(2**63) if since is None else since, 2**63 - 1 if until is None else until)
    query = (
        "SELECT count(*) FROM message"
        " WHERE channel_id = ? AND layer = 0 AND missing_since IS NULL AND +date >= ? AND +date < ?"
    )
    return _number(conn, query, (channel_id, *bounds))


def count_dated(conn: Reader, channel_id: ChannelId, *, since: int | None, until: int | None) -> int:
    """Count the held messages dated within [since, until)."""
    bounds = (-(2**63) if since is None else since, 2**63 - 1 if until is None else until)
    return _number(
        conn, "SELECT count(*) FROM message WHERE channel_id = ? AND date >= ? AND date < ?", (channel_id, *bounds)
    )


def find_newest_date(conn: Reader, channel_id: ChannelId, *, since: int | None, until: int | None) -> int | None:
    """The date of the newest held message dated within [since, until)."""
    bounds = (-(2**63) if since is None else since, 2**63 - 1 if until is None else until)
    query = "SELECT max(date) FROM message WHERE channel_id = ? AND date >= ? AND date < ?"
    [newest] = conn.execute(query, (channel_id, *bounds)).fetchone()
    return None if newest is None else int(newest)


def count_newer(conn: Reader, channel_id: ChannelId, after: int, most: int) -> int:
    """Count the held messages with an id above this one, up to `most`."""
    query = "SELECT count(*) FROM (SELECT 1 FROM message WHERE channel_id = ? AND message_id > ? LIMIT ?)"
    return _number(conn, query, (channel_id, after, most))


def count_by_step(conn: Reader, channel_id: ChannelId, *, since: int, until: int, step: int) -> dict[int, int]:
    """Count the held messages dated within [since, until) by steps of this many seconds since 1970."""
    query = "SELECT date / ?, count(*) FROM message WHERE channel_id = ? AND date >= ? AND date < ? GROUP BY 1"
    return dict(conn.execute(query, (step, channel_id, since, until)))


def list_claims(conn: Reader, channel_id: ChannelId, lo: int, hi: int) -> list[Interval]:
    """The ids within [lo, hi] of messages that only imports have, and that are not missing, as runs of adjacent ids."""
    if not _has_imports(conn, channel_id):
        return []
    query = (
        "SELECT message_id FROM message WHERE channel_id = ? AND message_id BETWEEN ? AND ?"
        " AND layer = 0 AND missing_since IS NULL ORDER BY message_id"
    )
    return coverage.runs(int(row[0]) for row in conn.execute(query, (channel_id, lo, hi)))


def count_missing(conn: Reader, channel_id: ChannelId, hi: int = 2**31) -> int:
    """Count the held messages with an id up to `hi` that are missing from the channel."""
    return _number(
        conn,
        "SELECT count(*) FROM message WHERE channel_id = ? AND message_id <= ? AND missing_since IS NOT NULL",
        (channel_id, hi),
    )


def count_missing_claimed(conn: Reader, channel_id: ChannelId, hi: int = 2**31) -> int:
    """Of these, count those that only imports say were posted."""
    if not _has_imports(conn, channel_id):
        return 0
    return _number(
        conn,
        "SELECT count(*) FROM message WHERE channel_id = ? AND message_id <= ? AND missing_since IS NOT NULL"
        " AND layer = 0",
        (channel_id, hi),
    )


def find_highest(conn: Reader, channel_id: ChannelId) -> int | None:
    """The highest archived id."""
    row = conn.execute("SELECT max(message_id) FROM message WHERE channel_id = ?", (channel_id,)).fetchone()
    return None if row is None else row[0]


def find_newest(conn: Reader, channel_id: ChannelId, *, shown: bool) -> NewestMessage | None:
    """The newest held message; None without any. `shown`: of those that Telegram showed."""
    where = "AND layer <> 0 " if shown else ""
    query = f"SELECT message_id, date FROM message WHERE channel_id = ? {where}ORDER BY date DESC, message_id DESC"
    row = conn.execute(f"{query} LIMIT 1", (channel_id,)).fetchone()
    return NewestMessage._make(row) if row else None


def get_extent(
    conn: Reader, channel_id: ChannelId, *, since: int | None, until: int | None, top_id: int, beyond: bool
) -> Extent:
    """The messages dated within [since, until), and the ids that could be. `beyond`: above `top_id` as well."""
    highest = 2**31 if beyond else top_id
    query = (
        "SELECT count(*), min(message_id), max(message_id), min(date), max(date) FROM message"
        f" WHERE channel_id = ? AND date >= ? AND date < ? AND message_id <= {highest:d}"
    )
    bounds = (-(2**63) if since is None else since, 2**63 - 1 if until is None else until)
    row = conn.execute(query, (channel_id, *bounds)).fetchone()
    kept, first_id, last_id, first_date, last_date = row or (0, None, None, None, None)
    before = after = None
    if since is not None:
        where = (
            "message_id < ? ORDER BY message_id DESC" if first_id else "date < ? ORDER BY date DESC, message_id DESC"
        )
        before = _neighbour(conn, channel_id, highest, where, since if first_id is None else first_id)
    if until is not None:
        where = "message_id > ? ORDER BY message_id" if last_id else "date >= ? ORDER BY date, message_id"
        after = _neighbour(conn, channel_id, highest, where, until if last_id is None else last_id)
    lo, hi = before + 1 if before else 1, after - 1 if after else top_id
    return Extent(int(kept), first_id, last_id, first_date, last_date, lo, max(hi, last_id or 0))


def find_dates_around(
    conn: Reader, channel_id: ChannelId, lo: int, hi: int, *, limit: int
) -> tuple[list[int], list[int]]:
    """Dates of the nearest messages shown by Telegram below `lo` and above `hi`, nearest first; no stub's guess."""
    dates = []
    for where, message_id in (("< ? ORDER BY message_id DESC", lo), ("> ? ORDER BY message_id", hi)):
        query = "SELECT date FROM message WHERE channel_id = ? AND kind <> 'stub' AND layer <> 0 AND date > 0"
        cursor = conn.execute(f"{query} AND message_id {where} LIMIT ?", (channel_id, message_id, limit))
        dates.append([int(row[0]) for row in cursor])
    return dates[0], dates[1]


def _neighbour(conn: Reader, channel_id: ChannelId, highest: int, where: str, instant: int) -> int | None:
    query = f"SELECT message_id FROM message WHERE channel_id = ? AND message_id <= ? AND {where} LIMIT 1"
    row = conn.execute(query, (channel_id, highest, instant)).fetchone()
    return int(row[0]) if row else None


def _has_imports(conn: Reader, channel_id: ChannelId) -> bool:
    return _number(conn, "SELECT count(*) FROM import_source WHERE channel_id = ?", (channel_id,)) > 0


def _number(conn: Reader, query: str, parameters: tuple[int, ...]) -> int:
    row = conn.execute(query, parameters).fetchone()
    return int(row[0]) if row else 0
