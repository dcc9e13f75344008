"""Table `review`: the progress of a channel's reviews, and the input to their plan."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.model.review_plan import ReviewProgress, ReviewState
from archiver.store.database import Reader

_REVIEW_STATES = """
    SELECT c.channel_id, c.added_at, c.described_at, c.accepted_count,
           (SELECT max(hi) FROM coverage v WHERE v.channel_id = c.channel_id AND v.generation = c.generation),
           (SELECT min(message_id) FROM message m
            WHERE m.channel_id = c.channel_id AND m.message_id > coalesce(c.floor_id, 0)),
           CASE WHEN {comparable} THEN c.server_count_at END {oldest}
    FROM channel c
    WHERE c.account = :account AND c.state <> 'removed' AND c.pts IS NOT NULL AND coalesce(c.retry_at, 0) <= :now
      AND (:only IS NULL OR c.channel_id = :only)
"""
_OLDEST = """
           , (SELECT json_array(message_id, date) FROM message m
              WHERE m.channel_id = c.channel_id AND m.date BETWEEN :now - {age} AND :now AND m.missing_since IS NULL
                AND m.layer <> 0
              ORDER BY m.date, m.message_id LIMIT 1)
"""
# The server's count is for exactly the held state, and all ids it counts were read.
_COMPARABLE = """
    c.server_count_pts = c.pts AND EXISTS (
        SELECT 1 FROM coverage v
        WHERE v.channel_id = c.channel_id AND v.generation = c.generation AND v.lo = 1 AND v.hi >= c.top_id
    )
"""
_PROGRESS = """
    SELECT r.channel_id, r.tier, r.reviewed_at, r.started_at, r.next_id, r.lowest_id
    FROM channel c JOIN review r USING (channel_id)
    WHERE c.account = :account AND (:only IS NULL OR c.channel_id = :only)
"""
# Messages that only imports have are not counted: those above the top id, and the present ones below.
_CLAIMS = """
    iif(EXISTS (SELECT 1 FROM import_source s WHERE s.channel_id = c.channel_id),
        (SELECT count(*) FROM message m WHERE m.channel_id = c.channel_id AND m.message_id BETWEEN {lo} AND c.top_id
         AND m.layer = 0 AND m.missing_since IS NULL), 0)
"""
_SURPLUS = f"""
    SELECT c.server_count - (SELECT count(*) FROM message m WHERE m.channel_id = c.channel_id
                             AND m.message_id <= c.top_id)
         + (SELECT count(*) FROM message m WHERE m.channel_id = c.channel_id AND m.message_id <= c.top_id
            AND m.missing_since IS NOT NULL)
         + {_CLAIMS.format(lo=1)}
    FROM channel c WHERE c.channel_id = ? AND {_COMPARABLE}
"""
_WINDOW_SURPLUS = f"""
    SELECT :counted - (SELECT count(*) FROM message m WHERE m.channel_id = c.channel_id
                       AND m.message_id BETWEEN c.floor_id + 1 AND c.top_id AND m.missing_since IS NULL)
         + {_CLAIMS.format(lo="c.floor_id + 1")}
    FROM channel c WHERE c.channel_id = :channel_id AND c.floor_id = :floor_id AND c.pts = :pts AND EXISTS (
        SELECT 1 FROM coverage v WHERE v.channel_id = c.channel_id AND v.generation = c.generation
        AND v.lo <= c.floor_id + 1 AND v.hi >= c.top_id
    )
"""

_JITTER = 60
"""Seconds a time may be in the future: clocks are adjusted all the time."""


def list_review_states(
    conn: Reader, *, account: str, now: float, ages: Mapping[str, float], only: int | None = None
) -> list[ReviewState]:
    """The account's channels with their reviews, except those removed, waiting to be retried, or never read.

    `ages`: by tier, the maximum age of a message in seconds; `only`: this channel only. A time in the future was
    written by a clock that has since been set back: it counts as never.
    """
    parameters = {"account": account, "now": int(now), "only": only}
    progress: dict[int, dict[str, ReviewProgress]] = {}
    cursor = conn.execute(_PROGRESS, parameters)
    for channel_id, tier, reviewed_at, started_at, next_id, lowest_id in cursor:
        progress.setdefault(channel_id, {})[tier] = ReviewProgress(
            reviewed_at=_past(reviewed_at, now),
            started_at=None if started_at is None else min(started_at, int(now)),
            next_id=next_id or 0,
            lowest_id=lowest_id or 0,
        )
    oldest = "".join(_OLDEST.format(age=int(age)) for age in ages.values())
    query = _REVIEW_STATES.format(comparable=_COMPARABLE, oldest=oldest)
    cursor = conn.execute(query, parameters)
    return [_review_state(row, tuple(ages), progress.get(row[0], {}), now) for row in cursor]


def _past(moment: int | None, now: float) -> int | None:
    return None if moment is None or moment > now + _JITTER else moment


def _review_state(row: Any, tiers: Sequence[str], progress: Mapping[str, ReviewProgress], now: float) -> ReviewState:
    channel_id, added_at, described_at, accepted_count, top, lowest, counted_at, *oldest = row
    return ReviewState(
        channel_id=channel_id,
        added_at=_past(added_at, now) or 0,
        described_at=_past(described_at, now),
        accepted_count=accepted_count,
        top=top or 0,
        lowest=lowest,
        counted_at=counted_at,
        oldest={tier: tuple(orjson.loads(text)) for tier, text in zip(tiers, oldest, strict=True) if text},
        progress=progress,
    )


def save_progress(conn: sqlite3.Connection, channel_id: ChannelId, progress: Mapping[str, ReviewProgress]) -> None:
    """Store the progress of these tiers."""
    conn.executemany(
        "INSERT INTO review (channel_id, tier, reviewed_at, started_at, next_id, lowest_id) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (channel_id, tier) DO UPDATE SET reviewed_at = excluded.reviewed_at,"
        " started_at = excluded.started_at, next_id = excluded.next_id, lowest_id = excluded.lowest_id",
        [
            (channel_id, tier, known.reviewed_at, known.started_at, known.next_id, known.lowest_id)
            for tier, known in progress.items()
        ],
    )


class WindowCount(NamedTuple):
    """The server's count of messages within a channel's window."""

    counted: int
    floor_id: int
    """The count is of ids above this one."""
    pts: int
    """The channel's pts at the time of the count."""


def find_surplus(conn: Reader, channel_id: ChannelId, window: WindowCount | None = None) -> int | None:
    """By how many the server's count exceeds the present messages that it showed; None if not comparable."""
    if window is None:
        row = conn.execute(_SURPLUS, (channel_id,)).fetchone()
    else:
        row = conn.execute(_WINDOW_SURPLUS, {"channel_id": channel_id, **window._asdict()}).fetchone()
    return int(row[0]) if row else None
