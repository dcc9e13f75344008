"""Table `rich_part`: rich messages that the server shows in part, and how far asking for the whole has come."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import aiosqlite
import orjson

from archiver.model.record import Message

FARTHEST = 2 * 86400
"""Seconds: a next attempt further ahead than this was planned by a wrong clock, and is due."""

_SAME = "moment = excluded.moment AND part_hash = excluded.part_hash"
_PUT = f"""
    INSERT INTO rich_part (channel_id, message_id, moment, part_hash, payload_sha256, layer, raw,
                           noticed_at, completed_at, retry_at)
    VALUES (:channel_id, :message_id, :moment, :part_hash, :payload_sha256, :layer, :raw, :now, :completed_at, :now)
    ON CONFLICT (channel_id, message_id) DO UPDATE SET
        -- Of another edit, or another beginning: what was tried and found out until now says nothing about it.
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
    """A message whose whole is to be asked for."""

    channel_id: int
    message_id: int
    attempts: int
    """In vain, so far."""
    blocks: int | None
    """How many blocks of it are held; None where that is the whole of an earlier edit."""


class Part(NamedTuple):
    """How a message that is held in part stands. Times are unix seconds."""

    noticed_at: int
    attempts: int
    refused: str | None


class PartCount(NamedTuple):
    """Messages of a channel that are held in part."""

    partial: int
    refused: int = 0
    """Of them, those whose whole the server will not give."""


def put_parts(conn: sqlite3.Connection, parts: Iterable[Message], *, now: int, completed_at: int | None = None) -> None:
    """Note messages that were shown in part. `completed_at`: since when the whole is held, for a part not yet known."""
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
    """The whole of these messages is held; a part of a later edit stays open, one of an earlier edit is forgotten."""
    keys = [(whole.channel_id, whole.message_id, whole.moment) for whole in wholes]
    conn.executemany("DELETE FROM rich_part WHERE channel_id = ? AND message_id = ? AND moment < ?", keys)
    conn.executemany(
        f"UPDATE rich_part SET completed_at = ?, refused = NULL"
        f" WHERE channel_id = ? AND message_id = ? AND moment = ? AND {_OPEN}",
        [(now, *key) for key in keys],
    )


def reopen(conn: sqlite3.Connection, channel_id: int, message_ids: Iterable[int], *, now: int) -> None:
    """Messages that were gone are back: what the server refused while they were not there counts no more."""
    conn.executemany(
        "UPDATE rich_part SET refused = NULL, attempts = 0, retry_at = ?"
        f" WHERE channel_id = ? AND message_id = ? AND {_OPEN}",
        [(now, channel_id, message_id) for message_id in message_ids],
    )


def list_known_parts(
    conn: sqlite3.Connection, channel_id: int, lo: int, hi: int
) -> list[tuple[int, bytes, bytes, int | None]]:
    """The parts that are known of messages with an id within [lo, hi].

    Each as id, content hash, SHA-256 of the payload, and the moment of the edit if its whole is not held.
    """
    return conn.execute(
        f"SELECT message_id, part_hash, payload_sha256, CASE WHEN {_OPEN} THEN moment END FROM rich_part"
        " WHERE channel_id = ? AND message_id BETWEEN ? AND ?",
        (channel_id, lo, hi),
    ).fetchall()


def is_open(conn: sqlite3.Connection, channel_id: int, message_id: int) -> bool:
    """Whether the whole of a message is not held."""
    query = f"SELECT 1 FROM rich_part WHERE channel_id = ? AND message_id = ? AND {_OPEN}"
    return conn.execute(query, (channel_id, message_id)).fetchone() is not None


def note_attempt(conn: sqlite3.Connection, channel_id: int, message_id: int, *, retry_at: int) -> None:
    """The whole was asked for in vain; when to ask again."""
    conn.execute(
        f"UPDATE rich_part SET attempts = attempts + 1, retry_at = ?"
        f" WHERE channel_id = ? AND message_id = ? AND {_OPEN}",
        (retry_at, channel_id, message_id),
    )


def refuse(conn: sqlite3.Connection, channel_id: int, message_id: int, *, reason: str, retry_at: int) -> None:
    """The server will not give the whole of this edit: it is asked for no more, unless `doubt_refusals`."""
    conn.execute(
        "UPDATE rich_part SET attempts = attempts + 1, refused = ?, retry_at = ?"
        f" WHERE channel_id = ? AND message_id = ? AND {_OPEN}",
        (reason, retry_at, channel_id, message_id),
    )


def doubt_refusals(conn: sqlite3.Connection, parts: Iterable[Message], *, now: int) -> None:
    """These parts were shown: their messages are there, whatever was answered before, as of a channel that was lost."""
    conn.executemany(
        "UPDATE rich_part SET refused = NULL"
        f" WHERE channel_id = ? AND message_id = ? AND refused IS NOT NULL AND retry_at <= ? AND {_OPEN}",
        [(part.channel_id, part.message_id, now) for part in parts],
    )


async def list_due(
    conn: aiosqlite.Connection,
    account: str,
    *,
    now: int,
    limit: int,
    only: Collection[int] | None = None,
    resting: Collection[int] = (),
) -> list[Due]:
    """The account's messages whose whole is to be asked for now, newest first. `only`: of these channels."""
    parameters = {
        "account": account,
        "now": now,
        "farthest": now + FARTHEST,
        "limit": limit,
        "only": None if only is None else orjson.dumps(list(only)).decode(),
        "resting": orjson.dumps(list(resting)).decode(),
    }
    async with conn.execute(_DUE, parameters) as cursor:
        return [Due(*row) for row in await cursor.fetchall()]


async def count_parts(conn: aiosqlite.Connection, channel_id: int) -> PartCount:
    """How many messages of a channel are held in part."""
    query = f"SELECT count(*), count(refused) FROM rich_part WHERE channel_id = ? AND {_OPEN}"
    async with conn.execute(query, (channel_id,)) as cursor:
        row = await cursor.fetchone()
    return PartCount(*row) if row else PartCount(0)


async def count_parts_between(
    conn: aiosqlite.Connection, channel_id: int, *, since: int | None, until: int | None
) -> int:
    """How many messages of a channel with a date in [since, until) are held in part."""
    query = (
        "SELECT count(*) FROM rich_part JOIN message USING (channel_id, message_id)"
        f" WHERE channel_id = ? AND {_OPEN} AND date >= ? AND date < ?"
    )
    bounds = (-(2**63) if since is None else since, 2**63 - 1 if until is None else until)
    async with conn.execute(query, (channel_id, *bounds)) as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def find_part(conn: aiosqlite.Connection, channel_id: int, message_id: int) -> Part | None:
    """How a message stands that is held in part; None when it is whole."""
    query = f"SELECT noticed_at, attempts, refused FROM rich_part WHERE channel_id = ? AND message_id = ? AND {_OPEN}"
    async with conn.execute(query, (channel_id, message_id)) as cursor:
        row = await cursor.fetchone()
    return Part(*row) if row else None
