"""Table `rich_part`: rich messages that the server shows in part, and the attempts to fetch them whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.store.database import Reader

if TYPE_CHECKING:
    from archiver.model.record import Message

FARTHEST = 2 * 86400
"""Seconds. An attempt planned further ahead was planned by a wrong clock: it is due."""

_SAME = "moment = excluded.moment AND part_hash = excluded.part_hash"
_PUT = f"""
    INSERT INTO rich_part (channel_id, message_id, moment, part_hash, payload_sha256, layer, raw,
                           noticed_at, completed_at, retry_at)
    VALUES (:channel_id, :message_id, :moment, :part_hash, :payload_sha256, :layer, :raw, :now, :completed_at, :now)
    ON CONFLICT (channel_id, message_id) DO UPDATE SET
        -- Another edit, or another beginning: earlier attempts and their results do not apply to it.
        noticed_at = CASE WHEN {_SAME} THEN noticed_at ELSE excluded.noticed_at END,
        completed_at = CASE WHEN {_SAME} THEN completed_at ELSE excluded.completed_at END,
        attempts = CASE WHEN {_SAME} THEN attempts ELSE 0 END,
        retry_at = CASE WHEN {_SAME} THEN retry_at ELSE excluded.retry_at END,
        refused = CASE WHEN {_SAME} THEN refused END,
        moment = excluded.moment, part_hash = excluded.part_hash, payload_sha256 = excluded.payload_sha256,
        layer = excluded.layer, raw = excluded.raw
"""
_OPEN = "completed_at IS NULL"
_DUE = f"""
    SELECT part.channel_id, part.message_id, part.attempts,
           CASE WHEN part.part_hash = message.content_hash THEN json_array_length(message.extra, '$.rich.blocks') END
    FROM rich_part AS part JOIN channel USING (channel_id) JOIN message USING (channel_id, message_id)
    WHERE part.{_OPEN} AND part.refused IS NULL AND (part.retry_at <= :now OR part.retry_at > :farthest)
      AND message.missing_since IS NULL AND channel.account = :account AND channel.state <> 'removed'
      AND (channel.retry_at IS NULL OR channel.retry_at <= :now)
      AND part.channel_id NOT IN (SELECT value FROM json_each(:resting))
      AND (:only IS NULL OR part.channel_id IN (SELECT value FROM json_each(:only)))
    ORDER BY part.attempts, part.message_id DESC LIMIT :limit
"""


class Due(NamedTuple):
    """A message to fetch whole."""

    channel_id: ChannelId
    message_id: MessageId
    attempts: int
    """Failed attempts so far."""
    blocks: int | None
    """Blocks held of this edit; None if the held content is the whole of an earlier edit."""


class RichPart(NamedTuple):
    """A message held in part. Times are unix seconds."""

    noticed_at: int
    attempts: int
    refused: str | None


class PartCount(NamedTuple):
    """The number of messages held in part."""

    partial: int
    refused: int = 0
    """How many of them the server refuses to give whole."""


def put_parts(conn: sqlite3.Connection, parts: Iterable[Message], *, now: int, completed_at: int | None = None) -> None:
    """Record messages shown in part. `completed_at`: for a part not yet known, since when its whole is held."""
    conn.executemany(
        _PUT,
        [
            {
                "channel_id": part.channel_id,
                "message_id": part.message_id,
                "moment": part.moment,
                "part_hash": part.content_hash,
                "payload_sha256": part.payload_sha256,
                "layer": part.layer,
                "raw": part.raw,
                "now": now,
                "completed_at": completed_at,
            }
            for part in parts
        ],
    )


def close_parts(conn: sqlite3.Connection, wholes: Sequence[Message], *, now: int) -> None:
    """Record that these messages are held whole. Parts of later edits stay open; those of earlier edits are deleted."""
    keys = [(whole.channel_id, whole.message_id, whole.moment) for whole in wholes]
    conn.executemany("DELETE FROM rich_part WHERE channel_id = ? AND message_id = ? AND moment < ?", keys)
    conn.executemany(
        f"UPDATE rich_part SET completed_at = ?, refused = NULL"
        f" WHERE channel_id = ? AND message_id = ? AND moment = ? AND {_OPEN}",
        [(now, *key) for key in keys],
    )


def reopen(conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int], *, now: int) -> None:
    """Messages are back after an absence: forget refusals and failed attempts from that time."""
    conn.executemany(
        "UPDATE rich_part SET refused = NULL, attempts = 0, retry_at = ?"
        f" WHERE channel_id = ? AND message_id = ? AND {_OPEN}",
        [(now, channel_id, message_id) for message_id in message_ids],
    )


def list_known_parts(
    conn: sqlite3.Connection, channel_id: ChannelId, lo: int, hi: int
) -> list[tuple[int, bytes, bytes, int | None]]:
    """The known parts of messages with an id within [lo, hi].

    Each as message id, content hash, SHA-256 of the payload, and the edit's moment unless its whole is held.
    """
    return conn.execute(
        f"SELECT message_id, part_hash, payload_sha256, CASE WHEN {_OPEN} THEN moment END FROM rich_part"
        " WHERE channel_id = ? AND message_id BETWEEN ? AND ?",
        (channel_id, lo, hi),
    ).fetchall()


def is_open(conn: sqlite3.Connection, channel_id: ChannelId, message_id: MessageId) -> bool:
    """Whether a message is held in part only."""
    query = f"SELECT 1 FROM rich_part WHERE channel_id = ? AND message_id = ? AND {_OPEN}"
    return conn.execute(query, (channel_id, message_id)).fetchone() is not None


def note_attempt(conn: sqlite3.Connection, channel_id: ChannelId, message_id: MessageId, *, retry_at: int) -> None:
    """Record a failed attempt, and when to make the next one."""
    conn.execute(
        f"UPDATE rich_part SET attempts = attempts + 1, retry_at = ?"
        f" WHERE channel_id = ? AND message_id = ? AND {_OPEN}",
        (retry_at, channel_id, message_id),
    )


def refuse(
    conn: sqlite3.Connection, channel_id: ChannelId, message_id: MessageId, *, reason: str, retry_at: int
) -> None:
    """Record that the server refuses the whole of this edit: do not ask again, except after `doubt_refusals`."""
    conn.execute(
        "UPDATE rich_part SET attempts = attempts + 1, refused = ?, retry_at = ?"
        f" WHERE channel_id = ? AND message_id = ? AND {_OPEN}",
        (reason, retry_at, channel_id, message_id),
    )


def doubt_refusals(conn: sqlite3.Connection, parts: Iterable[Message], *, now: int) -> None:
    """Forget refusals of these parts that are due again: they were just shown, so their messages exist after all."""
    conn.executemany(
        "UPDATE rich_part SET refused = NULL"
        f" WHERE channel_id = ? AND message_id = ? AND refused IS NOT NULL AND retry_at <= ? AND {_OPEN}",
        [(part.channel_id, part.message_id, now) for part in parts],
    )


def list_due(
    conn: Reader,
    account: str,
    *,
    now: int,
    limit: int,
    only: Collection[int] | None = None,
    resting: Collection[int] = (),
) -> list[Due]:
    """The account's messages to fetch whole now: fewest attempts first, then newest. `only`: of these channels."""
    parameters = {
        "account": account,
        "now": now,
        "farthest": now + FARTHEST,
        "limit": limit,
        "only": None if only is None else orjson.dumps(list(only)).decode(),
        "resting": orjson.dumps(list(resting)).decode(),
    }
    cursor = conn.execute(_DUE, parameters)
    return [Due(*row) for row in cursor]


def count_parts(conn: Reader, channel_id: ChannelId) -> PartCount:
    """Count the channel's messages held in part."""
    query = f"SELECT count(*), count(refused) FROM rich_part WHERE channel_id = ? AND {_OPEN}"
    row = conn.execute(query, (channel_id,)).fetchone()
    return PartCount(*row) if row else PartCount(0)


def count_parts_between(conn: Reader, channel_id: ChannelId, *, since: int | None, until: int | None) -> int:
    """Count the channel's messages dated within [since, until) that are held in part."""
    query = (
        # CROSS JOIN: by its dates, SQLite would read all messages of the channel to find the few parts.
        "SELECT count(*) FROM rich_part CROSS JOIN message USING (channel_id, message_id)"
        f" WHERE channel_id = ? AND {_OPEN} AND date >= ? AND date < ?"
    )
    bounds = (-(2**63) if since is None else since, 2**63 - 1 if until is None else until)
    row = conn.execute(query, (channel_id, *bounds)).fetchone()
    return int(row[0]) if row else 0


def find_part(conn: Reader, channel_id: ChannelId, message_id: MessageId) -> RichPart | None:
    """The state of a message held in part; None if it is whole."""
    query = f"SELECT noticed_at, attempts, refused FROM rich_part WHERE channel_id = ? AND message_id = ? AND {_OPEN}"
    row = conn.execute(query, (channel_id, message_id)).fetchone()
    return RichPart(*row) if row else None
